//! A mail server: takes letters on a port of this machine, in the clear, with TLS from the beginning or
//! by STARTTLS, and keeps what it was given.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// How the connection is kept private.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    Open,
    Tls,
    Starttls,
}

/// A letter that was taken.
#[derive(Clone, Debug)]
pub struct Taken {
    pub from: String,
    pub to: Vec<String>,
    pub headers: Vec<(String, String)>,
    pub text: String,
    /// Said after TLS had begun.
    pub is_private: bool,
    /// Who signed in, as `name password`.
    pub login: Option<String>,
}

impl Taken {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The path of the only link in it.
    #[track_caller]
    pub fn link(&self, base: &str) -> String {
        let (_, rest) = self.text.split_once(base).unwrap_or_else(|| panic!("{}", self.text));
        rest.split_whitespace().next().unwrap().to_owned()
    }
}

#[derive(Default)]
struct State {
    taken: Vec<Taken>,
    /// Answers to RCPT that come before it takes one, the last first.
    refusals: Vec<&'static str>,
    offers_tls: bool,
    password: Option<&'static str>,
}

pub struct SmtpServer {
    pub port: u16,
    state: Arc<Mutex<State>>,
    /// The root of its certificate, PEM.
    pub root: String,
}

impl SmtpServer {
    pub fn start(guard: Guard) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State {
            offers_tls: guard == Guard::Starttls,
            ..State::default()
        }));
        let (root, tls) = certificate();
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { return };
                let (shared, tls) = (Arc::clone(&shared), Arc::clone(&tls));
                std::thread::spawn(move || {
                    let _ = serve(stream, guard, &tls, &shared);
                });
            }
        });
        Self { port, state, root }
    }

    /// What was taken so far.
    pub fn taken(&self) -> Vec<Taken> {
        self.state.lock().unwrap().taken.clone()
    }

    /// Answers the next letters so, one each.
    pub fn refuse(&self, answers: &[&'static str]) {
        self.state.lock().unwrap().refusals = answers.iter().rev().copied().collect();
    }

    /// Somebody in between takes the offer of TLS away.
    pub fn hide_tls(&self) {
        self.state.lock().unwrap().offers_tls = false;
    }

    /// Only who knows this password is let in.
    pub fn demand(&self, password: &'static str) {
        self.state.lock().unwrap().password = Some(password);
    }
}

/// A certificate for 127.0.0.1 of a root of its own.
fn certificate() -> (String, Arc<ServerConfig>) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let root = params.self_signed(&key).unwrap().pem();
    let issuer = Issuer::new(params, key);
    let own = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let leaf: CertificateDer<'static> = params.signed_by(&own, &issuer).unwrap().der().clone();
    let key = PrivateKeyDer::try_from(own.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf], key)
        .unwrap();
    (root, Arc::new(config))
}

trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

fn serve(
    stream: TcpStream,
    guard: Guard,
    tls: &Arc<ServerConfig>,
    state: &Mutex<State>,
) -> std::io::Result<()> {
    let wrap = |stream: TcpStream| {
        let connection = ServerConnection::new(Arc::clone(tls)).unwrap();
        StreamOwned::new(connection, stream)
    };
    if guard == Guard::Tls {
        return talk(
            &mut BufReader::new(Box::new(wrap(stream)) as Box<dyn Stream>),
            true,
            state,
            true,
        )
        .map(|_| ());
    }
    let plain = stream.try_clone()?;
    let mut reader = BufReader::new(Box::new(plain) as Box<dyn Stream>);
    if talk(&mut reader, false, state, true)? {
        let mut reader = BufReader::new(Box::new(wrap(stream)) as Box<dyn Stream>);
        talk(&mut reader, true, state, false)?;
    }
    Ok(())
}

/// Until the end, or (true) until TLS begins.
fn talk(
    stream: &mut BufReader<Box<dyn Stream>>,
    is_private: bool,
    state: &Mutex<State>,
    greets: bool,
) -> std::io::Result<bool> {
    fn say(stream: &mut BufReader<Box<dyn Stream>>, line: &str) -> std::io::Result<()> {
        stream.get_mut().write_all(format!("{line}\r\n").as_bytes())?;
        stream.get_mut().flush()
    }
    if greets {
        say(stream, "220 mail.example ESMTP")?;
    }
    let (mut from, mut to, mut login) = (String::new(), Vec::new(), None);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 {
            return Ok(false);
        }
        let line = line.trim_end();
        let word = line.split([' ', ':']).next().unwrap().to_uppercase();
        let address = || line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
        let demanded = state.lock().unwrap().password;
        match word.as_str() {
            "EHLO" => {
                say(stream, "250-mail.example")?;
                if state.lock().unwrap().offers_tls && !is_private {
                    say(stream, "250-STARTTLS")?;
                }
                say(stream, "250 AUTH PLAIN LOGIN")?;
            }
            "STARTTLS" => {
                say(stream, "220 go on")?;
                return Ok(true);
            }
            "AUTH" => {
                let given = STANDARD.decode(line.rsplit(' ').next().unwrap()).unwrap_or_default();
                let given = String::from_utf8_lossy(&given).trim_matches('\0').replace('\0', " ");
                let right =
                    demanded.is_none_or(|password| given.ends_with(&format!(" {password}")));
                login = Some(given);
                say(stream, if right { "235 welcome" } else { "535 wrong password" })?;
            }
            "MAIL" if demanded.is_some() && login.is_none() => say(stream, "530 sign in first")?,
            "MAIL" => {
                (from, to) = (address(), Vec::new());
                say(stream, "250 ok")?;
            }
            "RCPT" => match state.lock().unwrap().refusals.pop() {
                Some(answer) => say(stream, answer)?,
                None => {
                    to.push(address());
                    say(stream, "250 ok")?;
                }
            },
            "DATA" => {
                say(stream, "354 go on")?;
                let mut lines = Vec::new();
                loop {
                    let mut line = String::new();
                    stream.read_line(&mut line)?;
                    match line.trim_end_matches(['\r', '\n']) {
                        "." => break,
                        line => lines.push(line.strip_prefix('.').unwrap_or(line).to_owned()),
                    }
                }
                let taken = read(&lines, &from, &to, is_private, login.clone());
                state.lock().unwrap().taken.push(taken);
                say(stream, "250 taken")?;
            }
            "QUIT" => {
                say(stream, "221 bye")?;
                return Ok(false);
            }
            _ => say(stream, "250 ok")?,
        }
    }
}

fn read(
    lines: &[String],
    from: &str,
    to: &[String],
    is_private: bool,
    login: Option<String>,
) -> Taken {
    let end = lines.iter().position(String::is_empty).unwrap_or(lines.len());
    let mut headers: Vec<(String, String)> = Vec::new();
    for line in &lines[..end] {
        match (line.starts_with([' ', '\t']), headers.last_mut()) {
            (true, Some((_, value))) => value.push_str(line.trim_start()),
            _ => {
                let (name, value) = line.split_once(": ").unwrap();
                headers.push((name.to_owned(), value.to_owned()));
            }
        }
    }
    let body = lines[(end + 1).min(lines.len())..].join("\n");
    let coding = headers.iter().find(|(n, _)| n.eq_ignore_ascii_case("content-transfer-encoding"));
    let text = match coding.map(|(_, value)| value.as_str()) {
        Some("quoted-printable") => unquote(&body),
        Some("base64") => {
            let bytes = STANDARD.decode(body.replace('\n', "")).unwrap();
            String::from_utf8(bytes).unwrap()
        }
        _ => body,
    };
    let to = to.to_vec();
    Taken { from: from.to_owned(), to, headers, text, is_private, login }
}

/// Quoted-printable (RFC 2045 section 6.7).
fn unquote(body: &str) -> String {
    let body = body.replace("=\n", "");
    let mut bytes = Vec::new();
    let mut rest = body.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        match (first, more) {
            (b'=', [a, b, more @ ..]) => {
                let hex = String::from_utf8_lossy(&[*a, *b]).into_owned();
                bytes.push(u8::from_str_radix(&hex, 16).unwrap());
                rest = more;
            }
            _ => {
                bytes.push(*first);
                rest = more;
            }
        }
    }
    String::from_utf8(bytes).unwrap()
}
