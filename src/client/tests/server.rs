//! A hand-written HTTP server that can misbehave in every way, and a resolver that answers
//! what a test wants.

use std::io::{self, Read, Write};
use std::net::{IpAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::client::{Caps, Client, Resolve, Settings};
use crate::config::Cidr;

/// Self-signed, for `peer.example`.
pub(super) const CERTIFICATE: &[u8] =
    include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/certs/peer.pem"));
const KEY: &[u8] = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/certs/peer.key"));

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

impl Seen {
    pub(super) fn path(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or("")
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (n, value) = line.split_once(": ")?;
            n.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

/// What it saw; its threads end with the test process.
pub(super) struct Server {
    pub(super) port: u16,
    pub(super) connections: Arc<AtomicUsize>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

/// Answers one request; true keeps the connection.
type Answer = dyn Fn(&Seen, &mut dyn Write) -> io::Result<bool> + Send + Sync;

impl Server {
    pub(super) fn http(
        answer: impl Fn(&Seen, &mut dyn Write) -> io::Result<bool> + Send + Sync + 'static,
    ) -> Self {
        Self::start("127.0.0.1:0", None, Arc::new(answer))
    }

    pub(super) fn at(
        address: &str,
        answer: impl Fn(&Seen, &mut dyn Write) -> io::Result<bool> + Send + Sync + 'static,
    ) -> Self {
        Self::start(address, None, Arc::new(answer))
    }

    pub(super) fn https(
        answer: impl Fn(&Seen, &mut dyn Write) -> io::Result<bool> + Send + Sync + 'static,
    ) -> Self {
        let chain = vec![CertificateDer::from_pem_slice(CERTIFICATE).expect("certificate")];
        let key = PrivateKeyDer::from_pem_slice(KEY).expect("key");
        let ring = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(ring)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("chain");
        Self::start("127.0.0.1:0", Some(Arc::new(config)), Arc::new(answer))
    }

    fn start(address: &str, tls: Option<Arc<ServerConfig>>, answer: Arc<Answer>) -> Self {
        let listener = TcpListener::bind(address).expect("bind");
        let port = listener.local_addr().expect("address").port();
        let (connections, seen) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::default()));
        let server = Self { port, connections: connections.clone(), seen: seen.clone() };
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                connections.fetch_add(1, Ordering::SeqCst);
                let (seen, answer, tls) = (seen.clone(), answer.clone(), tls.clone());
                std::thread::spawn(move || match tls {
                    None => talk(stream, &seen, &*answer),
                    Some(config) => {
                        let connection = ServerConnection::new(config).expect("tls");
                        talk(StreamOwned::new(connection, stream), &seen, &*answer)
                    }
                });
            }
        });
        server
    }

    pub(super) fn url(&self, host: &str, path: &str) -> String {
        format!("http://{host}:{}{path}", self.port)
    }

    pub(super) fn secure(&self, host: &str, path: &str) -> String {
        format!("https://{host}:{}{path}", self.port)
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("lock").clone()
    }

    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

fn talk(mut stream: impl Read + Write, seen: &Mutex<Vec<Seen>>, answer: &Answer) {
    while let Ok(request) = read_request(&mut stream) {
        seen.lock().expect("lock").push(request.clone());
        if !matches!(answer(&request, &mut stream), Ok(true)) {
            break;
        }
    }
}

fn read_request(stream: &mut impl Read) -> io::Result<Seen> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let mut request = Seen { head, body: Vec::new() };
    let length = request.header("content-length").and_then(|l| l.parse().ok()).unwrap_or(0);
    request.body.resize(length, 0);
    stream.read_exact(&mut request.body)?;
    Ok(request)
}

/// An answer with a length, leaving the connection open.
pub(super) fn reply(
    out: &mut dyn Write,
    status: &str,
    headers: &str,
    body: &[u8],
) -> io::Result<bool> {
    write!(out, "HTTP/1.1 {status}\r\ncontent-length: {}\r\n{headers}\r\n", body.len())?;
    out.write_all(body)?;
    out.flush()?;
    Ok(true)
}

/// A redirect.
pub(super) fn redirect(out: &mut dyn Write, to: &str) -> io::Result<bool> {
    reply(out, "302 Found", &format!("location: {to}\r\n"), b"")
}

/// Of host and number of the query.
type Find = dyn Fn(&str, usize) -> Vec<IpAddr> + Send + Sync;

/// Answers by a function, and counts.
pub(super) struct Names {
    pub(super) queries: AtomicUsize,
    answer: Box<Find>,
}

impl Names {
    pub(super) fn new(
        answer: impl Fn(&str, usize) -> Vec<IpAddr> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self { queries: AtomicUsize::new(0), answer: Box::new(answer) })
    }

    /// Every name is 127.0.0.1.
    pub(super) fn loopback() -> Arc<Self> {
        Self::new(|_, _| vec![ip("127.0.0.1")])
    }

    pub(super) fn queries(&self) -> usize {
        self.queries.load(Ordering::SeqCst)
    }
}

impl Resolve for Names {
    fn resolve(&self, host: &str, _: Instant) -> io::Result<Vec<IpAddr>> {
        let nth = self.queries.fetch_add(1, Ordering::SeqCst);
        Ok((self.answer)(host, nth))
    }
}

pub(super) fn ip(text: &str) -> IpAddr {
    text.parse().expect(text)
}

/// Settings for servers on 127.0.0.1.
pub(super) fn settings(names: Arc<dyn Resolve>) -> Settings {
    Settings {
        allowed_private: vec!["127.0.0.1".parse::<Cidr>().expect("range")],
        allow_http: true,
        resolver: names,
        ..Settings::new("Dassie/0.1 (+https://dassie.example/)")
    }
}

/// A client with these settings and the real caps.
pub(super) fn client() -> Client {
    Client::new(settings(Names::loopback())).expect("client")
}

/// The same with short caps.
pub(super) fn hasty(caps: Caps) -> Client {
    Client::with_caps(settings(Names::loopback()), caps).expect("client")
}

/// A listener that accepts nothing by itself.
pub(super) fn silent() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
    let port = listener.local_addr().expect("address").port();
    (listener, port)
}

/// Waits for one connection and reads its first byte.
pub(super) fn first_byte(listener: &TcpListener) -> TcpStream {
    let (mut stream, _) = listener.accept().expect("accept");
    stream.read_exact(&mut [0]).expect("a byte");
    stream
}
