//! A server on the web that knows nothing of the fediverse: it serves what a test puts there, and
//! remembers what it was asked.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use dassie::config::Config;

type Pages = Mutex<HashMap<String, (u16, String, Vec<u8>)>>;

/// One request: method, path, headers in lower case, body.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    pub path: String,
    pub headers: String,
    pub body: String,
}

#[derive(Default)]
struct Shared {
    pages: Pages,
    asked: Mutex<Vec<Asked>>,
}

/// Lets an instance ask websites: `localhost` has an address of either family.
pub fn with_websites(config: &mut Config) {
    config.network.allowed_private_ranges.push("::1/128".parse().unwrap());
}

/// A website on a loopback port.
pub struct Website {
    pub host: String,
    shared: Arc<Shared>,
}

impl Website {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        // addresses in numbers are no links in a text
        let host = format!("localhost:{}", listener.local_addr().unwrap().port());
        let shared = Arc::new(Shared::default());
        let site = Self { host, shared: Arc::clone(&shared) };
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || serve(stream, &shared));
            }
        });
        site
    }

    pub fn at(&self, path: &str) -> String {
        format!("http://{}{path}", self.host)
    }

    /// Serves a page in UTF-8; answers its address.
    pub fn page(&self, path: &str, html: &str) -> String {
        self.serve(path, 200, "text/html; charset=utf-8", html.as_bytes())
    }

    /// Serves anything.
    pub fn serve(&self, path: &str, status: u16, kind: &str, body: &[u8]) -> String {
        let page = (status, kind.to_owned(), body.to_owned());
        self.shared.pages.lock().unwrap().insert(path.to_owned(), page);
        self.at(path)
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().unwrap().clone()
    }

    /// How often a path was asked for.
    pub fn times(&self, path: &str) -> usize {
        self.asked().iter().filter(|asked| asked.path == path).count()
    }
}

fn serve(mut stream: TcpStream, shared: &Shared) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let mut parts = line.split(' ');
        let method = parts.next().unwrap_or_default().to_owned();
        let path = parts.next().unwrap_or_default().to_owned();
        let (mut headers, mut length) = (String::new(), 0);
        loop {
            let mut header = String::new();
            if reader.read_line(&mut header).unwrap_or(0) == 0 || header == "\r\n" {
                break;
            }
            let lower = header.to_ascii_lowercase();
            if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
            headers.push_str(&lower);
        }
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let body = String::from_utf8_lossy(&body).into_owned();
        shared.asked.lock().unwrap().push(Asked { method, path: path.clone(), headers, body });
        let bare = path.split('?').next().unwrap_or_default();
        let pages = shared.pages.lock().unwrap();
        let missing = (404, "text/plain".to_owned(), Vec::new());
        let (status, kind, body) =
            pages.get(&path).or_else(|| pages.get(bare)).unwrap_or(&missing).clone();
        drop(pages);
        let head = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        if stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body)).is_err() {
            return;
        }
    }
}
