//! Where the server listens, and what it says to those who come without TLS where it has any.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use actix_web::HttpResponse;
use actix_web::dev::ServiceRequest;
use actix_web::http::{Method, StatusCode, header};

use crate::app::App;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::tls::Tls;

/// Where an authority looks whether the name is ours (RFC 8555 section 8.3).
const CHALLENGES: &str = "/.well-known/acme-challenge/";

/// The listening sockets.
pub struct Doors {
    /// For everything: https where TLS ends here, else http.
    pub(super) main: TcpListener,
    /// What leads to https.
    pub(super) plain: Option<TcpListener>,
}

impl From<TcpListener> for Doors {
    fn from(main: TcpListener) -> Self {
        Self { main, plain: None }
    }
}

impl Doors {
    /// TLS at `main`, and what leads there.
    pub fn new(main: TcpListener, plain: Option<TcpListener>) -> Self {
        Self { main, plain }
    }

    /// Listens where the settings say.
    ///
    /// # Errors
    /// A sentence that names the setting and what to do.
    pub fn open(config: &Config) -> Result<Self> {
        if !config.tls.is_on() {
            return bind("server.listen", config.server.listen).map(Self::from);
        }
        let main = bind("tls.listen", config.tls.listen)?;
        let plain = config.tls.http_listen.map(|address| bind("tls.http_listen", address));
        Ok(Self { main, plain: plain.transpose()? })
    }
}

fn bind(setting: &str, address: SocketAddr) -> Result<TcpListener> {
    let bound = match TcpListener::bind(address) {
        // a machine without IPv6, where [::] means every address all the same
        Err(e) if e.raw_os_error() == Some(libc::EAFNOSUPPORT) && address.ip().is_unspecified() => {
            TcpListener::bind((Ipv4Addr::UNSPECIFIED, address.port()))
        }
        bound => bound,
    };
    bound.map_err(|e| {
        let hint = match e.kind() {
            io::ErrorKind::AddrInUse => {
                format!("another program uses this port. Stop it, or set {setting} to another.")
            }
            io::ErrorKind::PermissionDenied => format!(
                "this user may not use this port. Give the program the right to \
                 (AmbientCapabilities=CAP_NET_BIND_SERVICE in its systemd unit), or set {setting} \
                 to one above 1023."
            ),
            io::ErrorKind::AddrNotAvailable => {
                format!("this machine does not have this address. Correct {setting}.")
            }
            _ => format!("{e}."),
        };
        Error::internal(format!("cannot listen on {address}: {hint}"))
    })
}

/// The answers that TLS of our own brings along: to an authority the proof that it looks for, by
/// https too since a proxy may lead it there, and to all else without TLS where this is with it.
/// Nothing else without: tokens do not belong there.
pub(super) fn answer(
    app: &App,
    tls: &Tls,
    request: &ServiceRequest,
    is_encrypted: bool,
) -> Option<HttpResponse> {
    if let Some(token) = request.path().strip_prefix(CHALLENGES) {
        return Some(match tls.shown.find_answer(token) {
            Some(text) => HttpResponse::Ok().content_type("application/octet-stream").body(text),
            None => HttpResponse::NotFound().finish(),
        });
    }
    if is_encrypted {
        return None;
    }
    let is_reading = matches!(*request.method(), Method::GET | Method::HEAD);
    let status =
        if is_reading { StatusCode::MOVED_PERMANENTLY } else { StatusCode::PERMANENT_REDIRECT };
    let path = request.uri().path_and_query().map(|path| path.as_str());
    // "OPTIONS *" is about no path
    let path = path.filter(|path| path.starts_with('/')).unwrap_or("/");
    let address = format!("{}{path}", app.site.base);
    Some(HttpResponse::build(status).insert_header((header::LOCATION, address)).finish())
}
