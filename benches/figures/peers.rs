//! Other servers, all over TLS with certificates of their own: one listener on every loopback
//! address, where the address says how a server behaves. Some take every delivery, some are slow,
//! some accept connections and say nothing; all that live have actors with one key.

use std::collections::hash_map::DefaultHasher;
use std::collections::{HashMap, HashSet};
use std::fs;
use std::hash::{Hash as _, Hasher as _};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use dassie::signature::key::{self, PrivateKey};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};

use crate::Res;

/// The port of all other servers; each has a loopback address of its own.
pub const PORT: u16 = 18_991;
/// The file that the program is told to trust.
pub const CA_FILE: &str = "ca.pem";
/// How many servers follow with several accounts, how many are dead, and how many keep their
/// connections (as many fit into the pool of the program).
pub const LIVE: u8 = 100;
pub const DEAD: u8 = 100;
pub const KEPT: u8 = 8;
/// How long a slow server thinks.
const SLOW: Duration = Duration::from_secs(10);
/// A round trip to a far one; two of them before it can be asked something.
const FAR: Duration = Duration::from_millis(100);
/// Threads that serve connections; each is for one connection while it is open.
const STACK: usize = 256 * 1024;

/// A server that takes deliveries and closes its connections (1 to [`LIVE`]).
pub fn live(number: u8) -> String {
    format!("127.0.2.{number}:{PORT}")
}

/// A server that never answers.
pub fn dead(number: u8) -> String {
    format!("127.0.3.{number}:{PORT}")
}

/// A server that keeps connections (1 to [`KEPT`]).
pub fn kept(number: u8) -> String {
    format!("127.0.4.{number}:{PORT}")
}

/// A server that answers after ten seconds.
pub fn slow(number: u8) -> String {
    format!("127.0.5.{number}:{PORT}")
}

/// A server 100 ms away (1 to 20).
pub fn far(number: u8) -> String {
    format!("127.0.6.{number}:{PORT}")
}

/// One of many usual servers (0 to 4,999).
pub fn usual(number: usize) -> String {
    format!("127.{}.{}.1:{PORT}", 10 + number / 250, number % 250)
}

enum Way {
    /// Closes each connection after its answer: as if each were to a new server.
    Closing,
    Keeping,
    Slow,
    /// Each round trip takes its time.
    Far,
    Dead,
}

fn way(address: Ipv4Addr) -> Way {
    match address.octets() {
        [127, 0, 2, _] => Way::Closing,
        [127, 0, 3, _] => Way::Dead,
        [127, 0, 5, _] => Way::Slow,
        [127, 0, 6, _] => Way::Far,
        _ => Way::Keeping,
    }
}

/// All other servers, and what they were asked and told.
#[derive(Clone)]
pub struct Peers(Arc<State>);

struct State {
    /// Of the authority, PEM.
    certificate: String,
    issuer: Issuer<'static, KeyPair>,
    /// The one key of all actors, and its public half as PEM.
    key: PrivateKey,
    public_key: String,
    configs: Mutex<HashMap<Ipv4Addr, Arc<ServerConfig>>>,
    taken: AtomicUsize,
    connections: AtomicUsize,
    told: Mutex<Told>,
    silent: Mutex<Vec<TcpStream>>,
}

#[derive(Default)]
struct Told {
    /// What each server was sent, as hashes, and which servers were sent something when last.
    known: HashSet<u64>,
    last: HashMap<Ipv4Addr, Instant>,
    /// How often each address was read.
    read: HashMap<String, usize>,
}

impl Peers {
    /// Starts listening. Threads end with the process.
    pub fn start() -> Res<Self> {
        let pair = key::generate()?;
        let mut authority = CertificateParams::new(Vec::new())?;
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority_key = KeyPair::generate()?;
        let certificate = authority.self_signed(&authority_key)?.pem();
        let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, PORT))
            .map_err(|error| format!("cannot listen on port {PORT}: {error}"))?;
        let peers = Self(Arc::new(State {
            certificate,
            issuer: Issuer::new(authority, authority_key),
            key: PrivateKey::from_pkcs8(&pair.pkcs8)?,
            public_key: pair.public_pem,
            configs: Mutex::default(),
            taken: AtomicUsize::new(0),
            connections: AtomicUsize::new(0),
            told: Mutex::default(),
            silent: Mutex::default(),
        }));
        let this = peers.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let this = this.clone();
                let started =
                    thread::Builder::new().stack_size(STACK).spawn(move || this.serve(stream));
                if let Err(error) = started {
                    println!("  (a peer has no thread: {error})");
                }
            }
        });
        Ok(peers)
    }

    /// Writes the certificate authority into the folder of a program that shall trust it.
    pub fn write_authority(&self, folder: &Path) -> Res<()> {
        Ok(fs::write(folder.join(CA_FILE), &self.0.certificate)?)
    }

    /// What all actors here sign with.
    pub fn key(&self) -> &PrivateKey {
        &self.0.key
    }

    pub fn taken(&self) -> usize {
        self.0.taken.load(Ordering::SeqCst)
    }

    /// How much of it was new to the server that took it.
    pub fn distinct(&self) -> usize {
        self.told(|told| told.known.len())
    }

    pub fn connections(&self) -> usize {
        self.0.connections.load(Ordering::SeqCst)
    }

    /// How many servers were sent something since then, and when the last of them was.
    pub fn reached(&self, since: Instant, which: impl Fn(Ipv4Addr) -> bool) -> (usize, Instant) {
        self.told(|told| {
            let times: Vec<Instant> = told
                .last
                .iter()
                .filter(|(address, time)| which(**address) && **time >= since)
                .map(|(_, time)| *time)
                .collect();
            (times.len(), times.iter().copied().max().unwrap_or(since))
        })
    }

    /// How many addresses that contain `part` were read, how often in all, and the most that one
    /// of them was.
    pub fn reads(&self, part: &str) -> (usize, usize, usize) {
        self.told(|told| {
            let counts: Vec<usize> = told
                .read
                .iter()
                .filter(|(path, _)| path.contains(part))
                .map(|(_, count)| *count)
                .collect();
            (counts.len(), counts.iter().sum(), counts.iter().copied().max().unwrap_or(0))
        })
    }

    fn told<T>(&self, f: impl FnOnce(&mut Told) -> T) -> T {
        f(&mut self.0.told.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn serve(&self, stream: TcpStream) -> Option<()> {
        let IpAddr::V4(address) = stream.local_addr().ok()?.ip() else { return None };
        let way = way(address);
        if matches!(way, Way::Dead) {
            self.0.silent.lock().ok()?.push(stream);
            return None;
        }
        self.0.connections.fetch_add(1, Ordering::SeqCst);
        stream.set_nodelay(true).ok()?;
        if matches!(way, Way::Far) {
            thread::sleep(FAR * 2);
        }
        let connection = ServerConnection::new(self.config(address)?).ok()?;
        let mut reader = BufReader::new(StreamOwned::new(connection, stream));
        while let Some(request) = read(&mut reader) {
            if matches!(way, Way::Slow) {
                thread::sleep(SLOW);
            }
            if matches!(way, Way::Far) {
                thread::sleep(FAR);
            }
            let (kind, body) = match crate::media::file(&request.path) {
                Some(file) => ("image/jpeg", file),
                None => {
                    let (kind, text) = self.answer(address, request);
                    (kind, text.into_bytes())
                }
            };
            let status = if kind.is_empty() { "202 Accepted" } else { "200 OK" };
            let close = if matches!(way, Way::Closing) { "connection: close\r\n" } else { "" };
            let head = format!(
                "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n{close}\r\n",
                body.len()
            );
            let stream = reader.get_mut();
            stream.write_all(head.as_bytes()).ok()?;
            stream.write_all(&body).ok()?;
            stream.flush().ok()?;
            if !close.is_empty() {
                stream.conn.send_close_notify();
                return stream.flush().ok();
            }
        }
        Some(())
    }

    /// What a server says: its content type and body; without a type it took something.
    fn answer(&self, address: Ipv4Addr, request: Request) -> (&'static str, String) {
        if request.method == "POST" {
            let mut hasher = DefaultHasher::new();
            (address, request.body).hash(&mut hasher);
            self.told(|told| {
                told.known.insert(hasher.finish());
                told.last.insert(address, Instant::now());
            });
            self.0.taken.fetch_add(1, Ordering::SeqCst);
            return ("", String::new());
        }
        let base = format!("https://{address}:{PORT}");
        self.told(|told| *told.read.entry(format!("{base}{}", request.path)).or_default() += 1);
        let document = match request.path.strip_prefix("/users/") {
            Some(name) => Some(self.actor(&base, name, "Person")),
            None if request.path == "/actor" => Some(self.actor(&base, "actor", "Application")),
            None if request.path.starts_with("/notes/") => {
                Some(crate::relays::note(&format!("{address}:{PORT}"), &request.path))
            }
            None => None,
        };
        if let Some(document) = document {
            return ("application/activity+json", document.to_string());
        }
        let name = request.path.rsplit("acct%3A").next().and_then(|rest| rest.split('%').next());
        let name = name.unwrap_or_default();
        let answer = json!({
            "subject": format!("acct:{name}@{address}:{PORT}"),
            "links": [{"rel": "self", "type": "application/activity+json",
                       "href": format!("{base}/users/{name}")}],
        });
        ("application/jrd+json", answer.to_string())
    }

    fn actor(&self, base: &str, name: &str, kind: &str) -> Value {
        let is_person = kind == "Person";
        let id = if is_person { format!("{base}/users/{name}") } else { format!("{base}/{name}") };
        json!({
            "@context": ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"],
            "id": id, "type": kind, "preferredUsername": name, "name": format!("The {name}"),
            "summary": "<p>One of many.</p>", "url": format!("{base}/@{name}"),
            "inbox": if is_person { format!("{id}/inbox") } else { format!("{base}/inbox") }, "outbox": format!("{id}/outbox"),
            "followers": format!("{id}/followers"), "following": format!("{id}/following"),
            "endpoints": {"sharedInbox": format!("{base}/inbox")},
            "publicKey": {"id": format!("{id}#main-key"), "owner": id,
                          "publicKeyPem": self.0.public_key},
        })
    }

    /// The settings of one server, with a certificate for its address.
    fn config(&self, address: Ipv4Addr) -> Option<Arc<ServerConfig>> {
        let mut configs = self.0.configs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(config) = configs.get(&address) {
            return Some(config.clone());
        }
        let key = KeyPair::generate().ok()?;
        let certificate = CertificateParams::new(vec![address.to_string()])
            .and_then(|params| params.signed_by(&key, &self.0.issuer))
            .ok()?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config =
            ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .ok()?
                .with_no_client_auth()
                .with_single_cert(vec![certificate.der().clone()], key)
                .ok()?;
        let config = Arc::new(config);
        configs.insert(address, config.clone());
        Some(config)
    }
}

struct Request {
    method: String,
    path: String,
    body: Vec<u8>,
}

fn read(reader: &mut impl BufRead) -> Option<Request> {
    let mut lines = Vec::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        lines.push(line);
    }
    let mut body = Vec::new();
    reader.take(length).read_to_end(&mut body).ok()?;
    let mut words = lines.first()?.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    Some(Request { method, path, body })
}
