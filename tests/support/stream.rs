//! A WebSocket and a reader of server-sent events: just what streaming clients do.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long a message may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long nothing has to come until it is believed that nothing comes.
const QUIET: Duration = Duration::from_millis(400);

/// An answer's head: the status, and each header by its name in small letters.
pub struct Head {
    pub status: u16,
    pub headers: Vec<(String, String)>,
}

impl Head {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

fn ask(host: &str, path: &str, headers: &[(&str, &str)]) -> (Head, BufReader<TcpStream>) {
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n");
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let status = line.split(' ').nth(1).unwrap().parse().unwrap();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.push((name.to_lowercase(), value.to_owned()));
    }
    (Head { status, headers }, reader)
}

/// An open WebSocket.
pub struct Socket {
    reader: BufReader<TcpStream>,
    pub head: Head,
}

impl Socket {
    /// Opens one; `query` begins with `?` or is empty. `Err`: the answer was no upgrade.
    pub fn open(host: &str, query: &str, headers: &[(&str, &str)]) -> Result<Self, u16> {
        let mut all = vec![
            ("Connection", "Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        all.extend_from_slice(headers);
        let (head, reader) = ask(host, &format!("/api/v1/streaming{query}"), &all);
        if head.status != 101 {
            return Err(head.status);
        }
        assert_eq!(head.header("sec-websocket-accept"), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
        Ok(Self { reader, head })
    }

    fn send(&mut self, opcode: u8, payload: &[u8]) {
        let mut frame = vec![0x80 | opcode];
        match payload.len() {
            length @ 0..126 => frame.push(0x80 | length as u8),
            length @ 126..0x1_0000 => {
                frame.push(0x80 | 126);
                frame.extend_from_slice(&(length as u16).to_be_bytes());
            }
            length => {
                frame.push(0x80 | 127);
                frame.extend_from_slice(&(length as u64).to_be_bytes());
            }
        }
        // a mask of zeros leaves the payload as it is
        frame.extend_from_slice(&[0; 4]);
        frame.extend_from_slice(payload);
        self.reader.get_mut().write_all(&frame).unwrap();
    }

    pub fn text(&mut self, text: &str) {
        self.send(1, text.as_bytes());
    }

    /// A frame, `(opcode, payload)`; `None` when nothing came in time or the connection ended.
    fn frame(&mut self, time: Duration) -> Option<(u8, Vec<u8>)> {
        self.reader.get_ref().set_read_timeout(Some(time)).unwrap();
        let mut start = [0; 2];
        self.reader.read_exact(&mut start).ok()?;
        self.reader.get_ref().set_read_timeout(Some(PATIENCE)).unwrap();
        let length = match start[1] {
            126 => {
                let mut length = [0; 2];
                self.reader.read_exact(&mut length).ok()?;
                usize::from(u16::from_be_bytes(length))
            }
            127 => {
                let mut length = [0; 8];
                self.reader.read_exact(&mut length).ok()?;
                u64::from_be_bytes(length) as usize
            }
            length => usize::from(length),
        };
        let mut payload = vec![0; length];
        self.reader.read_exact(&mut payload).ok()?;
        Some((start[0] & 0x0f, payload))
    }

    fn message(&mut self, time: Duration) -> Option<Value> {
        loop {
            match self.frame(time)? {
                (1, payload) => return Some(serde_json::from_slice(&payload).unwrap()),
                (8, _) => return None,
                _ => {}
            }
        }
    }

    /// The next message.
    #[track_caller]
    pub fn next(&mut self) -> Value {
        self.message(PATIENCE).expect("a message")
    }

    /// The next message as `stream event`, with the payload, JSON where it is.
    #[track_caller]
    pub fn event(&mut self) -> (String, Value) {
        let message = self.next();
        let streams: Vec<&str> =
            message["stream"].as_array().unwrap().iter().map(|s| s.as_str().unwrap()).collect();
        let payload = message["payload"].as_str().map_or(Value::Null, |text| {
            if text.starts_with('{') { serde_json::from_str(text).unwrap() } else { json!(text) }
        });
        (format!("{} {}", streams.join("/"), message["event"].as_str().unwrap()), payload)
    }

    /// Nothing comes.
    #[track_caller]
    pub fn is_quiet(&mut self) {
        let came = self.message(QUIET);
        assert!(came.is_none(), "{came:?}");
    }

    /// Sends a message of the client and waits until it was read; answers what came meanwhile.
    #[track_caller]
    pub fn says(&mut self, message: Value) -> Vec<Value> {
        self.text(&message.to_string());
        self.send(9, b"read?");
        let mut came = Vec::new();
        loop {
            match self.frame(PATIENCE).expect("an answer to a ping") {
                (10, _) => return came,
                (1, payload) => came.push(serde_json::from_slice(&payload).unwrap()),
                _ => {}
            }
        }
    }

    /// Waits for the end and answers how long it took.
    #[track_caller]
    pub fn ends(&mut self) -> Duration {
        let since = Instant::now();
        while self.message(PATIENCE).is_some() {}
        since.elapsed()
    }
}

/// An open stream of server-sent events.
pub struct Events {
    reader: BufReader<TcpStream>,
    pub head: Head,
}

impl Events {
    pub fn open(host: &str, path: &str, token: &str) -> Self {
        let bearer = format!("Bearer {token}");
        let accept = ("Accept-Encoding", "gzip");
        let (head, reader) = ask(host, path, &[("Authorization", &bearer), accept]);
        Self { reader, head }
    }

    /// The next event with its data; `None` at the end.
    pub fn next(&mut self) -> Option<(String, String)> {
        let mut event = String::new();
        loop {
            let mut line = String::new();
            // chunk sizes stand between the lines and are passed over with the comments
            if self.reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if let Some(name) = line.strip_prefix("event: ") {
                event = name.trim_end().to_owned();
            } else if let Some(data) = line.strip_prefix("data: ") {
                return Some((event, data.trim_end().to_owned()));
            }
        }
    }
}
