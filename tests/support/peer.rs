//! Another server, as odd as a test wants it: it signs with the key of the vectors, serves
//! documents, and remembers what it is sent.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use base64::Engine;
use dassie::signature::{self, key::PrivateKey};
use serde_json::{Value, json};

use super::{Answer, Request};

/// How the peer's inboxes answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerAnswer {
    Status(u16),
    /// 429, with so many seconds to wait.
    Busy(u64),
    /// 202, with a body larger than anybody reads.
    Talkative,
    /// Takes the connection and says nothing.
    Hang,
}

/// A peer on a loopback port.
pub struct Peer {
    pub host: String,
    shared: Arc<Shared>,
    key: PrivateKey,
}

struct Shared {
    documents: Mutex<HashMap<String, Value>>,
    received: Mutex<Vec<Value>>,
    asked: Mutex<Vec<String>>,
    answer: Mutex<PeerAnswer>,
    hanging: Mutex<Vec<TcpStream>>,
    heard: Mutex<Vec<Heard>>,
    refuse: Mutex<Option<Refuse>>,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Heard {
    pub method: String,
    pub path: String,
    /// Names in small letters.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Heard {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// Whether its signature is of RFC 9421.
    pub fn is_modern(&self) -> bool {
        self.header("signature-input").is_some()
    }
}

/// The status that a request is refused with.
type Refuse = Box<dyn Fn(&Heard) -> Option<u16> + Send>;

impl Peer {
    /// Starts with the actors of `names`, all with the key of the vectors.
    pub fn start(names: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let shared = Arc::new(Shared {
            documents: Mutex::default(),
            received: Mutex::default(),
            asked: Mutex::default(),
            answer: Mutex::new(PeerAnswer::Status(202)),
            hanging: Mutex::default(),
            heard: Mutex::default(),
            refuse: Mutex::default(),
        });
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/http");
        let der = std::fs::read_to_string(format!("{folder}/test-rsa-1.pk8-der.base64")).unwrap();
        let der: String = der.split_whitespace().collect();
        let der = base64::engine::general_purpose::STANDARD.decode(der).unwrap();
        let pem = std::fs::read_to_string(format!("{folder}/test-rsa-1.public.pem")).unwrap();
        let peer = Self {
            host: host.clone(),
            shared: Arc::clone(&shared),
            key: PrivateKey::from_pkcs8(&der).unwrap(),
        };
        for name in names {
            let uri = peer.uri(name);
            peer.serve(
                &format!("/users/{name}"),
                json!({
                    "@context": ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"],
                    "id": uri, "type": "Person", "preferredUsername": name, "name": name,
                    "inbox": format!("{uri}/inbox"), "outbox": format!("{uri}/outbox"),
                    "followers": format!("{uri}/followers"), "following": format!("{uri}/following"),
                    "url": format!("http://{host}/@{name}"),
                    "endpoints": {"sharedInbox": format!("http://{host}/inbox")},
                    "publicKey": {"id": format!("{uri}#main-key"), "owner": uri, "publicKeyPem": pem},
                }),
            );
        }
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                let host = host.clone();
                std::thread::spawn(move || serve(stream, &shared, &host));
            }
        });
        peer
    }

    pub fn uri(&self, name: &str) -> String {
        format!("http://{}/users/{name}", self.host)
    }

    /// An address on this peer.
    pub fn at(&self, path: &str) -> String {
        format!("http://{}{path}", self.host)
    }

    /// Serves a document under a path; a number is a status without a body.
    pub fn serve(&self, path: &str, document: Value) {
        self.shared.documents.lock().unwrap().insert(path.to_owned(), document);
    }

    /// Takes requests for a path from now on and does not answer, until something is served there.
    pub fn hold(&self, path: &str) {
        self.serve(path, Value::Null);
    }

    /// The document under a path.
    pub fn document(&self, path: &str) -> Value {
        self.shared.documents.lock().unwrap()[path].clone()
    }

    /// How inboxes answer from now on.
    pub fn answer(&self, answer: PeerAnswer) {
        *self.shared.answer.lock().unwrap() = answer;
    }

    /// The activities that arrived.
    pub fn received(&self) -> Vec<Value> {
        self.shared.received.lock().unwrap().clone()
    }

    /// The paths that were asked for.
    pub fn asked(&self) -> Vec<String> {
        self.shared.asked.lock().unwrap().clone()
    }

    /// The requests that came.
    pub fn heard(&self) -> Vec<Heard> {
        self.shared.heard.lock().unwrap().clone()
    }

    /// From now on requests are refused as this says.
    pub fn refuse(&self, how: impl Fn(&Heard) -> Option<u16> + Send + 'static) {
        *self.shared.refuse.lock().unwrap() = Some(Box::new(how));
    }

    /// How many requests hang.
    pub fn hanging(&self) -> usize {
        self.shared.hanging.lock().unwrap().len()
    }

    /// Sends an activity, signed by its actor or by another one, at a time of one's own.
    pub fn send_as(&self, signer: &str, inbox: &str, activity: &Value, now_ms: i64) -> Answer {
        let key_id = format!("{}#main-key", self.uri(signer));
        self.post(&key_id, inbox, activity.to_string().as_bytes(), now_ms)
    }

    /// Sends any bytes, signed by one of the peer's actors.
    pub fn send_bytes(&self, signer: &str, inbox: &str, body: &[u8]) -> Answer {
        self.send_with_key_id(&format!("{}#main-key", self.uri(signer)), inbox, body)
    }

    /// Sends any bytes, signed under any key id.
    pub fn send_with_key_id(&self, key_id: &str, inbox: &str, body: &[u8]) -> Answer {
        self.post(key_id, inbox, body, dassie::clock::Clock::system().now_ms())
    }

    /// Asks for a document, signed by one of the peer's actors.
    pub fn get_signed(&self, signer: &str, address: &str) -> Answer {
        let url = url::Url::parse(address).unwrap();
        let key_id = format!("{}#main-key", self.uri(signer));
        let now = dassie::clock::Clock::system().now_ms();
        let headers = signature::sign_cavage(&self.key, &key_id, "GET", &url, None, now).unwrap();
        let mut request =
            Request::new("GET", address).header("accept", "application/activity+json");
        for (name, value) in headers {
            if !name.eq_ignore_ascii_case("host") {
                request = request.header(&name, value);
            }
        }
        request.send()
    }

    /// Sends an activity of `name` to a server that may be gone: the status, if one came.
    pub fn try_send(&self, name: &str, inbox: &str, activity: &Value) -> Option<u16> {
        let key_id = format!("{}#main-key", self.uri(name));
        let now = dassie::clock::Clock::system().now_ms();
        let request = self.signed(&key_id, inbox, activity.to_string().as_bytes(), now);
        request.try_send().ok().map(|answer| answer.status)
    }

    fn post(&self, key_id: &str, inbox: &str, body: &[u8], now_ms: i64) -> Answer {
        self.signed(key_id, inbox, body, now_ms).send()
    }

    fn signed(&self, key_id: &str, inbox: &str, body: &[u8], now_ms: i64) -> Request {
        let url = url::Url::parse(inbox).unwrap();
        let headers =
            signature::sign_cavage(&self.key, key_id, "POST", &url, Some(body), now_ms).unwrap();
        let mut request = Request::new("POST", inbox);
        for (name, value) in headers {
            if !name.eq_ignore_ascii_case("host") {
                request = request.header(&name, value);
            }
        }
        request.body(body, "application/activity+json")
    }

    /// Sends an activity of `name` now.
    pub fn send(&self, name: &str, inbox: &str, activity: &Value) -> Answer {
        let now = dassie::clock::Clock::system().now_ms();
        self.send_as(name, inbox, activity, now)
    }

    /// Sends an activity of `name` with one header more.
    pub fn send_with(
        &self,
        name: &str,
        inbox: &str,
        activity: &Value,
        header: (&str, &str),
        now_ms: i64,
    ) -> Answer {
        let (url, body) = (url::Url::parse(inbox).unwrap(), activity.to_string());
        let key_id = format!("{}#main-key", self.uri(name));
        let body = body.as_bytes();
        let headers =
            signature::sign_cavage(&self.key, &key_id, "POST", &url, Some(body), now_ms).unwrap();
        let mut request = Request::new("POST", inbox).header(header.0, header.1);
        for (name, value) in headers {
            if !name.eq_ignore_ascii_case("host") {
                request = request.header(&name, value);
            }
        }
        request.body(body, "application/activity+json").send()
    }

    /// A public note of `name` inside its Create.
    pub fn create(&self, name: &str, number: u32, content: &str, extra: Value) -> Value {
        let uri = self.uri(name);
        let id = self.at(&format!("/notes/{number}"));
        let mut note = json!({
            "id": id, "type": "Note", "attributedTo": uri, "content": content,
            "to": ["https://www.w3.org/ns/activitystreams#Public"],
            "cc": [format!("{uri}/followers")],
        });
        note.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        json!({
            "@context": "https://www.w3.org/ns/activitystreams",
            "id": format!("{id}/activity"), "type": "Create", "actor": uri,
            "to": note["to"], "cc": note["cc"], "object": note,
        })
    }
}

fn serve(mut stream: TcpStream, shared: &Shared, host: &str) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let mut parts = line.split(' ');
        let (method, path) = (parts.next().unwrap_or(""), parts.next().unwrap_or("").to_owned());
        let method = method.to_owned();
        let mut length = 0;
        let mut headers = Vec::new();
        loop {
            let mut header = String::new();
            if reader.read_line(&mut header).unwrap_or(0) == 0 || header == "\r\n" {
                break;
            }
            if let Some((name, value)) = header.split_once(':') {
                headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
            }
            let header = header.to_ascii_lowercase();
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        shared.asked.lock().unwrap().push(path.clone());
        let mut wait = String::new();
        let heard =
            Heard { method: method.clone(), path: path.clone(), headers, body: body.clone() };
        let refused = shared.refuse.lock().unwrap().as_ref().and_then(|refuse| refuse(&heard));
        shared.heard.lock().unwrap().push(heard);
        let (status, kind, body) = if let Some(status) = refused {
            (status, "text/plain", String::new())
        } else if method == "POST" {
            let answer = *shared.answer.lock().unwrap();
            match answer {
                PeerAnswer::Hang => {
                    shared.hanging.lock().unwrap().push(stream);
                    return;
                }
                PeerAnswer::Talkative => {
                    let activity = serde_json::from_slice(&body).unwrap_or(Value::Null);
                    shared.received.lock().unwrap().push(activity);
                    (202, "text/html", "x".repeat(200_000))
                }
                PeerAnswer::Busy(seconds) => {
                    wait = format!("retry-after: {seconds}\r\n");
                    (429, "text/plain", String::new())
                }
                PeerAnswer::Status(status) => {
                    if status < 300 {
                        let activity = serde_json::from_slice(&body).unwrap_or(Value::Null);
                        shared.received.lock().unwrap().push(activity);
                    }
                    (status, "text/plain", String::new())
                }
            }
        } else if !shared.documents.lock().unwrap().contains_key(&path)
            && let Some(query) = path.strip_prefix("/.well-known/webfinger?resource=acct%3A")
        {
            let name = query.split("%40").next().unwrap_or("");
            let document = json!({
                "subject": format!("acct:{name}@{host}"),
                "links": [{"rel": "self", "type": "application/activity+json",
                           "href": format!("http://{host}/users/{name}")}],
            });
            let known = shared.documents.lock().unwrap().contains_key(&format!("/users/{name}"));
            (if known { 200 } else { 404 }, "application/jrd+json", document.to_string())
        } else {
            let found = shared.documents.lock().unwrap().get(&path).cloned();
            if found == Some(Value::Null) {
                shared.hanging.lock().unwrap().push(stream);
                return;
            }
            match &found {
                Some(Value::Number(status)) => {
                    (status.as_u64().unwrap() as u16, "text/plain", String::new())
                }
                Some(document) => (200, "application/activity+json", document.to_string()),
                None => (404, "text/plain", String::new()),
            }
        };
        let date = chrono::Utc::now().to_rfc2822().replace("+0000", "GMT");
        let head = format!(
            "HTTP/1.1 {status} X\r\n{wait}date: {date}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        if stream.write_all(format!("{head}{body}").as_bytes()).is_err() {
            return;
        }
    }
}
