//! An object storage of one bucket, `files`: quick, and as broken as a test wants it. It does not
//! judge signatures (tests/clients/s3 has one that does), but sees that every request has one and
//! that bodies are what they are signed to be.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use dassie::config::{Config, Secret, Uploads};

/// What it does instead of its work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mood {
    #[default]
    Fine,
    /// Refuses everything with this status and code.
    Refuses(u16, &'static str),
    /// Hangs up in the middle of what it is sent.
    CutsPuts,
    /// Sends so many bytes of an object and hangs up.
    CutsGets(usize),
    /// Sends more than it said, without an end.
    Endless,
    /// Does not say how much it sends.
    Unmeasured,
    /// Tells another size than the object has.
    Shrinks,
}

#[derive(Clone)]
struct Object {
    headers: BTreeMap<String, String>,
    bytes: Vec<u8>,
}

#[derive(Default)]
struct Shared {
    objects: Mutex<BTreeMap<String, Object>>,
    /// The methods of all requests.
    told: Mutex<Vec<String>>,
    mood: Mutex<Mood>,
}

/// The storage on a loopback port.
pub struct ObjectStore {
    pub base: String,
    shared: Arc<Shared>,
}

thread_local! {
    /// Where this test's storage is: what configures an instance can hold nothing of its own.
    static BASE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Names this test's storage in the settings; uploads stay on the disk.
pub fn with_bucket(config: &mut Config) {
    config.s3.endpoint = Some(BASE.with_borrow(Clone::clone));
    config.s3.bucket = "files".into();
    config.s3.access_key = "key".into();
    config.s3.secret_key = Secret::from("secret".to_owned());
    config.s3.prefix = "my files/ü/".into();
}

/// The same, and uploads go there.
pub fn with_uploads(config: &mut Config) {
    with_bucket(config);
    config.storage.uploads = Uploads::S3;
}

impl ObjectStore {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        BASE.with_borrow_mut(|at| at.clone_from(&base));
        let shared = Arc::new(Shared::default());
        let store = Self { base, shared: Arc::clone(&shared) };
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || serve(stream, &shared));
            }
        });
        store
    }

    pub fn mood(&self, mood: Mood) {
        *self.shared.mood.lock().unwrap() = mood;
    }

    /// The paths of all objects.
    pub fn paths(&self) -> Vec<String> {
        self.shared.objects.lock().unwrap().keys().cloned().collect()
    }

    /// A header that an object was stored with.
    pub fn stored(&self, path: &str, header: &str) -> String {
        self.shared.objects.lock().unwrap()[path].headers.get(header).cloned().unwrap_or_default()
    }

    /// An object is lost.
    pub fn lose(&self, path: &str) {
        self.shared.objects.lock().unwrap().remove(path);
    }

    /// An object becomes this.
    pub fn change(&self, path: &str, bytes: &[u8]) {
        self.shared.objects.lock().unwrap().get_mut(path).unwrap().bytes = bytes.to_vec();
    }

    /// How many requests of a method came.
    pub fn count(&self, method: &str) -> usize {
        self.shared.told.lock().unwrap().iter().filter(|told| *told == method).count()
    }
}

fn serve(mut stream: TcpStream, shared: &Shared) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let mut parts = line.split(' ').map(str::to_owned);
        let (method, path) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let mut headers = BTreeMap::new();
        loop {
            let mut header = String::new();
            if reader.read_line(&mut header).unwrap_or(0) == 0 || header == "\r\n" {
                break;
            }
            if let Some((name, value)) = header.split_once(':') {
                headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
            }
        }
        shared.told.lock().unwrap().push(method.clone());
        let mood = *shared.mood.lock().unwrap();
        let length: usize = headers.get("content-length").map_or(0, |n| n.parse().unwrap());
        if mood == Mood::CutsPuts && method == "PUT" {
            let _ = reader.read_exact(&mut vec![0; length / 2]);
            return;
        }
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let answer = answer(shared, mood, &method, &path, headers, body);
        let gone = stream.write_all(&answer).is_err();
        if mood == Mood::Endless && method == "GET" {
            while stream.write_all(&[b'x'; 4096]).is_ok() {}
        }
        if gone || mood != Mood::Fine {
            return;
        }
    }
}

fn answer(
    shared: &Shared,
    mood: Mood,
    method: &str,
    path: &str,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
) -> Vec<u8> {
    let refuse = |status: u16, code: &str| {
        let text = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code></Error>");
        let text = if method == "HEAD" { String::new() } else { text };
        format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n{text}", text.len()).into_bytes()
    };
    if let Mood::Refuses(status, code) = mood {
        return refuse(status, code);
    }
    let signed = headers.get("authorization").is_some_and(|a| a.starts_with("AWS4-HMAC-SHA256 "))
        || path.contains("X-Amz-Signature=");
    if !signed {
        return refuse(403, "AccessDenied");
    }
    let path = path.split('?').next().unwrap_or_default().to_owned();
    let mut objects = shared.objects.lock().unwrap();
    match method {
        "PUT" => {
            let hash = dassie::crypto::hex(&dassie::crypto::sha256(&body));
            if headers.get("x-amz-content-sha256") != Some(&hash) {
                return refuse(400, "XAmzContentSHA256Mismatch");
            }
            objects.insert(path, Object { headers, bytes: body });
            b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec()
        }
        "DELETE" => {
            objects.remove(&path);
            b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()
        }
        _ if path == "/files/" => b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n<>".to_vec(),
        _ => {
            let Some(object) = objects.get(&path) else { return refuse(404, "NoSuchKey") };
            let all = &object.bytes;
            let range = headers.get("range").map(|range| parse(range, all.len()));
            let (head, part) = match range {
                None => ("200 OK".to_owned(), &all[..]),
                Some(None) => return refuse(416, "InvalidRange"),
                Some(Some((from, to))) => (
                    format!("206 P\r\ncontent-range: bytes {from}-{to}/{}", all.len()),
                    &all[from..=to],
                ),
            };
            let size = if mood == Mood::Shrinks { part.len() - 1 } else { part.len() };
            let length = format!("content-length: {size}\r\n");
            let length = if mood == Mood::Unmeasured { String::new() } else { length };
            let mut answer = format!("HTTP/1.1 {head}\r\n{length}\r\n").into_bytes();
            let sent = if let Mood::CutsGets(most) = mood { most.min(part.len()) } else { size };
            if method == "GET" {
                answer.extend_from_slice(&part[..sent]);
            }
            answer
        }
    }
}

fn parse(range: &str, size: usize) -> Option<(usize, usize)> {
    let (from, to) = range.strip_prefix("bytes=").unwrap().split_once('-').unwrap();
    let (from, to) = match (from.parse::<usize>(), to.parse::<usize>()) {
        (Ok(from), Ok(to)) => (from, to.min(size - 1)),
        (Ok(from), Err(_)) => (from, size - 1),
        (_, last) => (size - last.unwrap().min(size), size - 1),
    };
    (from < size).then_some((from, to))
}
