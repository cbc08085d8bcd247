//! A push service and the app behind it: takes what is posted, and opens it with the app's
//! private key, by RFC 8291 and by the older draft, written a second time.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral};
use ring::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};
use ring::rand::SystemRandom;
use serde_json::{Value, json};

/// What was posted.
#[derive(Clone, Debug)]
pub struct Pushed {
    pub path: String,
    /// Names in lower case.
    pub headers: HashMap<String, String>,
    pub body: Vec<u8>,
}

/// A push service on a loopback port.
pub struct PushService {
    pub base: String,
    shared: Arc<Shared>,
}

struct Shared {
    answer: AtomicU16,
    asked: Mutex<Vec<String>>,
    pushed: Mutex<Vec<Pushed>>,
}

impl PushService {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            answer: AtomicU16::new(201),
            asked: Mutex::default(),
            pushed: Mutex::default(),
        });
        let of_thread = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&of_thread);
                std::thread::spawn(move || serve(stream, &shared));
            }
        });
        Self { base, shared }
    }

    /// The status of its answers from now on.
    pub fn answer(&self, status: u16) {
        self.shared.answer.store(status, Ordering::SeqCst);
    }

    /// What it took.
    pub fn pushed(&self) -> Vec<Pushed> {
        self.shared.pushed.lock().unwrap().clone()
    }

    /// How often it was asked, taken or not.
    pub fn asked(&self) -> usize {
        self.shared.asked.lock().unwrap().len()
    }
}

fn serve(mut stream: TcpStream, shared: &Shared) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
        let mut headers = HashMap::new();
        loop {
            let mut header = String::new();
            if reader.read_line(&mut header).unwrap_or(0) == 0 || header == "\r\n" {
                break;
            }
            if let Some((name, value)) = header.split_once(':') {
                headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
            }
        }
        let length = headers.get("content-length").and_then(|n| n.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let status = shared.answer.load(Ordering::SeqCst);
        if status < 300 {
            shared.pushed.lock().unwrap().push(Pushed { path: path.clone(), headers, body });
        }
        shared.asked.lock().unwrap().push(path);
        let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n");
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

/// The keys of one subscription. ring gives a private key away once only, so each opens one
/// message.
pub struct PushKeys {
    private: EphemeralPrivateKey,
    public: Vec<u8>,
    auth: Vec<u8>,
}

impl PushKeys {
    pub fn new() -> Self {
        let private = EphemeralPrivateKey::generate(&ECDH_P256, &SystemRandom::new()).unwrap();
        let public = private.compute_public_key().unwrap().as_ref().to_vec();
        Self { private, public, auth: dassie::crypto::random_bytes::<16>().to_vec() }
    }

    /// As a client sends them.
    pub fn json(&self) -> Value {
        json!({"p256dh": BASE64.encode(&self.public), "auth": BASE64.encode(&self.auth)})
    }

    /// Opens a message of either form.
    pub fn open(self, pushed: &Pushed) -> Value {
        let text = match pushed.headers["content-encoding"].as_str() {
            "aes128gcm" => self.open_new(&pushed.body),
            "aesgcm" => self.open_old(pushed),
            other => panic!("an unknown encoding: {other}"),
        };
        serde_json::from_slice(&text).unwrap()
    }

    fn open_new(self, body: &[u8]) -> Vec<u8> {
        let (salt, rest) = body.split_at(16);
        assert_eq!(rest[..4], 4096_u32.to_be_bytes());
        let (sender, sealed) = rest[5..].split_at(usize::from(rest[4]));
        let info = [b"WebPush: info\0", &self.public[..], sender].concat();
        let auth = self.auth.clone();
        let secret = self.agree(sender);
        let keying = expand(&prk(&auth, &secret), &info, 32);
        let prk = prk(salt, &keying);
        let key = expand(&prk, b"Content-Encoding: aes128gcm\0", 16);
        let nonce = expand(&prk, b"Content-Encoding: nonce\0", 12);
        let mut text = unseal(&key, &nonce, sealed);
        assert_eq!(text.pop(), Some(2), "the last record");
        text
    }

    fn open_old(self, pushed: &Pushed) -> Vec<u8> {
        let of = |header: &str, name: &str| {
            let found = pushed.headers[header]
                .split(';')
                .find_map(|part| part.strip_prefix(&format!("{name}=")));
            BASE64.decode(found.unwrap()).unwrap()
        };
        let (salt, sender) = (of("encryption", "salt"), of("crypto-key", "dh"));
        assert_eq!(of("crypto-key", "p256ecdsa").len(), 65);
        let context = [b"\0P-256\0\0A", &self.public[..], b"\0A", &sender[..]].concat();
        let auth = self.auth.clone();
        let secret = self.agree(&sender);
        let keying = expand(&prk(&auth, &secret), b"Content-Encoding: auth\0", 32);
        let prk = prk(&salt, &keying);
        let key = expand(&prk, &[b"Content-Encoding: aesgcm", &context[..]].concat(), 16);
        let nonce = expand(&prk, &[b"Content-Encoding: nonce", &context[..]].concat(), 12);
        let text = unseal(&key, &nonce, &pushed.body);
        assert_eq!(text[..2], [0, 0], "no padding");
        text[2..].to_vec()
    }

    fn agree(self, sender: &[u8]) -> Vec<u8> {
        let sender = UnparsedPublicKey::new(&ECDH_P256, sender);
        agree_ephemeral(self.private, &sender, <[u8]>::to_vec).unwrap()
    }
}

fn prk(salt: &[u8], secret: &[u8]) -> Prk {
    Salt::new(HKDF_SHA256, salt).extract(secret)
}

fn expand(prk: &Prk, info: &[u8], length: usize) -> Vec<u8> {
    struct Length(usize);
    impl KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }
    let mut out = vec![0; length];
    prk.expand(&[info], Length(length)).unwrap().fill(&mut out).unwrap();
    out
}

fn unseal(key: &[u8], nonce: &[u8], sealed: &[u8]) -> Vec<u8> {
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, key).unwrap());
    let nonce = Nonce::try_assume_unique_for_key(nonce).unwrap();
    let mut text = sealed.to_vec();
    let length = key.open_in_place(nonce, Aad::empty(), &mut text).unwrap().len();
    text.truncate(length);
    text
}
