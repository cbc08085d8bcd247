//! A server of files whose every answer a test writes itself: slow ones, cut ones, lies.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

type Script = Arc<dyn Fn(&str, &mut TcpStream) + Send + Sync>;

#[derive(Default)]
struct Shared {
    scripts: Mutex<HashMap<String, Script>>,
    asked: Mutex<Vec<String>>,
}

/// On a loopback port. Each connection gets one answer.
pub struct FileHost {
    pub host: String,
    shared: Arc<Shared>,
}

impl FileHost {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let shared = Arc::new(Shared::default());
        let files = Self { host, shared: Arc::clone(&shared) };
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || serve(stream, &shared));
            }
        });
        files
    }

    pub fn at(&self, path: &str) -> String {
        format!("http://{}{path}", self.host)
    }

    /// Whoever asks for this path gets what the script writes; it is told the headers of the
    /// request. Answers the address.
    pub fn script(
        &self,
        path: &str,
        script: impl Fn(&str, &mut TcpStream) + Send + Sync + 'static,
    ) -> String {
        self.shared.scripts.lock().unwrap().insert(path.to_owned(), Arc::new(script));
        self.at(path)
    }

    /// A file under a path.
    pub fn file(&self, path: &str, kind: &str, body: &[u8]) -> String {
        let (kind, body) = (kind.to_owned(), body.to_owned());
        self.script(path, move |_, out| {
            let _ = out.write_all(head(200, &kind, Some(body.len())).as_bytes());
            let _ = out.write_all(&body);
        })
    }

    /// A status without a body.
    pub fn status(&self, path: &str, status: u16) -> String {
        self.script(path, move |_, out| {
            let _ = out.write_all(head(status, "text/plain", Some(0)).as_bytes());
        })
    }

    /// How often a path was asked for.
    pub fn times(&self, path: &str) -> usize {
        self.shared.asked.lock().unwrap().iter().filter(|asked| *asked == path).count()
    }
}

/// The first of an answer.
pub fn head(status: u16, kind: &str, length: Option<usize>) -> String {
    let length = length.map(|length| format!("content-length: {length}\r\n")).unwrap_or_default();
    format!("HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\n{length}connection: close\r\n\r\n")
}

fn serve(mut stream: TcpStream, shared: &Shared) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut line = String::new();
    if reader.read_line(&mut line).unwrap_or(0) == 0 {
        return;
    }
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut headers = String::new();
    loop {
        let mut header = String::new();
        if reader.read_line(&mut header).unwrap_or(0) == 0 || header == "\r\n" {
            break;
        }
        headers.push_str(&header.to_ascii_lowercase());
    }
    shared.asked.lock().unwrap().push(path.clone());
    let script = shared.scripts.lock().unwrap().get(&path).cloned();
    match script {
        Some(script) => script(&headers, &mut stream),
        None => {
            let _ = stream.write_all(head(404, "text/plain", Some(0)).as_bytes());
        }
    }
}
