//! A certificate authority as RFC 8555 has it: signed requests with nonces, accounts, orders, and
//! a look at the name by HTTP-01 or TLS-ALPN-01 (RFC 8737) that really connects.

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dassie::clock::{Clock, DAY, HOUR};
use dassie::crypto;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, PublicKeyData};
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use rustls::ClientConfig;
use rustls::crypto::ring as provider;
use rustls_pki_types::CertificateDer;
use serde_json::{Value, json};
use x509_cert::der::Decode;
use x509_cert::request::CertReq;

use super::secured::{Anybody, dial};

/// How the authority behaves.
#[derive(Clone)]
pub struct Manner {
    /// Challenges that it offers.
    pub offers: Vec<&'static str>,
    /// So many requests are told that their nonce is bad.
    pub bad_nonces: usize,
    /// So often an order is `pending` or `processing` when it is looked at.
    pub pauses: usize,
    /// What all signed requests are answered with instead.
    pub refusal: Option<Refusal>,
    /// For how long certificates are good.
    pub days: i64,
    /// Certificates are for this name.
    pub name: Option<&'static str>,
    /// The text that comes instead of a certificate.
    pub instead: Option<&'static str>,
}

#[derive(Clone)]
pub struct Refusal {
    pub status: u16,
    pub body: String,
    pub retry_after: String,
}

impl Refusal {
    /// A problem document (RFC 8555 section 6.7).
    pub fn problem(status: u16, kind: &str, retry_after: &str) -> Self {
        let kind = format!("urn:ietf:params:acme:error:{kind}");
        let body = json!({"type": kind, "detail": "as the test wants", "status": status});
        Self { status, body: body.to_string(), retry_after: retry_after.into() }
    }
}

impl Default for Manner {
    fn default() -> Self {
        Self {
            offers: vec!["http-01", "dns-01", "tls-alpn-01"],
            bad_nonces: 0,
            pauses: 0,
            refusal: None,
            days: 90,
            name: None,
            instead: None,
        }
    }
}

/// A running authority.
pub struct Authority {
    pub directory: String,
    /// Who trusts this trusts all that it issues.
    pub root: CertificateDer<'static>,
    shared: Arc<Shared>,
}

struct Shared {
    base: String,
    clock: Clock,
    issuer: Issuer<'static, KeyPair>,
    root_pem: String,
    manner: Mutex<Manner>,
    /// Where the name leads: https and http.
    leads_to: Mutex<Option<(SocketAddr, SocketAddr)>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    nonces: HashSet<String>,
    accounts: Vec<Account>,
    orders: Vec<Order>,
    /// Paths that were asked for, and the ways that names were looked at.
    asked: Vec<String>,
    looked: Vec<String>,
    wrong: Vec<String>,
}

#[derive(Clone)]
struct Account {
    /// The point, 65 bytes.
    key: Vec<u8>,
    thumbprint: String,
}

struct Order {
    account: usize,
    names: Vec<String>,
    tokens: Vec<String>,
    status: &'static str,
    /// Of each name: none yet, fine, or what is wrong.
    found: HashMap<String, Option<String>>,
    pauses: usize,
    chain: String,
}

impl Authority {
    pub fn start(clock: &Clock) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let root = params.self_signed(&key).unwrap();
        let shared = Arc::new(Shared {
            base: base.clone(),
            clock: clock.clone(),
            root_pem: root.pem(),
            issuer: Issuer::new(params, key),
            manner: Mutex::default(),
            leads_to: Mutex::default(),
            state: Mutex::default(),
        });
        let directory = format!("{base}/directory");
        let this = Self { directory, root: root.der().clone(), shared: Arc::clone(&shared) };
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || serve(stream, &shared));
            }
        });
        this
    }

    /// The name leads there from now on.
    pub fn leads_to(&self) -> impl Fn(SocketAddr, SocketAddr) + '_ {
        move |https, http| *self.shared.leads_to.lock().unwrap() = Some((https, http))
    }

    /// Behaves differently from now on.
    pub fn behave(&self, change: impl FnOnce(&mut Manner)) {
        change(&mut self.shared.manner.lock().unwrap());
    }

    pub fn accounts(&self) -> usize {
        self.state(|state| state.accounts.len())
    }

    pub fn orders(&self) -> usize {
        self.state(|state| state.orders.len())
    }

    /// How often it was asked where everything is: the begin of each attempt.
    pub fn attempts(&self) -> usize {
        self.state(|state| state.asked.iter().filter(|path| *path == "/directory").count())
    }

    /// How it looked at names.
    pub fn looked(&self) -> Vec<String> {
        self.state(|state| state.looked.clone())
    }

    /// What it found wrong with requests.
    pub fn wrong(&self) -> Vec<String> {
        self.state(|state| state.wrong.clone())
    }

    /// Forgets all accounts.
    pub fn forget(&self) {
        for account in &mut self.shared.state.lock().unwrap().accounts {
            account.key.clear();
        }
    }

    fn state<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.shared.state.lock().unwrap())
    }
}

/// Status, further headers, body.
type Reply = (u16, Vec<(&'static str, String)>, String);

fn serve(mut stream: TcpStream, shared: &Arc<Shared>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let mut parts = line.split(' ').map(str::to_owned);
        let (method, path) = (parts.next().unwrap(), parts.next().unwrap());
        let (mut length, mut kind) = (0, String::new());
        loop {
            let mut header = String::new();
            if reader.read_line(&mut header).unwrap_or(0) == 0 || header == "\r\n" {
                break;
            }
            let header = header.to_ascii_lowercase();
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if let Some(value) = header.strip_prefix("content-type:") {
                kind = value.trim().to_owned();
            }
        }
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        shared.state.lock().unwrap().asked.push(path.clone());
        let (status, mut headers, text) = match (method.as_str(), path.as_str()) {
            ("GET", "/directory") => {
                let at = |path: &str| format!("{}{path}", shared.base);
                let directory = json!({
                    "newNonce": at("/nonce"), "newAccount": at("/account"),
                    "newOrder": at("/order"), "revokeCert": at("/revoke"), "keyChange": at("/key"),
                    "meta": {"termsOfService": at("/terms")},
                });
                (200, vec![], directory.to_string())
            }
            ("HEAD", "/nonce") => (200, vec![], String::new()),
            ("POST", _) if kind == "application/jose+json" => answer(shared, &path, &body)
                .unwrap_or_else(|(kind, why)| {
                    let line = format!("{path}: {kind}: {why}");
                    shared.state.lock().unwrap().wrong.push(line);
                    let refusal = Refusal::problem(400, kind, "");
                    (refusal.status, vec![], refusal.body)
                }),
            _ => (405, vec![], String::new()),
        };
        let nonce = crypto::token();
        shared.state.lock().unwrap().nonces.insert(nonce.clone());
        headers.push(("replay-nonce", nonce));
        headers.push(("content-length", text.len().to_string()));
        let mut head = format!("HTTP/1.1 {status} X\r\n");
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        if stream.write_all(format!("{head}\r\n{text}").as_bytes()).is_err() {
            return;
        }
    }
}

/// The kind of a problem and what it is about.
type Fault = (&'static str, String);

fn decode(text: &Value) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text.as_str()?).ok()
}

/// Whose request it is, and what it says (RFC 8555 section 6.2).
fn read(shared: &Shared, path: &str, body: &[u8]) -> Result<(usize, Vec<u8>), Fault> {
    let bad = |why: &str| ("malformed", why.to_owned());
    let jws: Value = serde_json::from_slice(body).map_err(|e| bad(&e.to_string()))?;
    let header = decode(&jws["protected"]).ok_or_else(|| bad("protected"))?;
    let header: Value = serde_json::from_slice(&header).map_err(|e| bad(&e.to_string()))?;
    let payload = decode(&jws["payload"]).ok_or_else(|| bad("payload"))?;
    let signature = decode(&jws["signature"]).ok_or_else(|| bad("signature"))?;
    if header["alg"] != "ES256" || header["url"] != format!("{}{path}", shared.base) {
        return Err(("unauthorized", header.to_string()));
    }
    let is_new = path == "/account";
    let mut state = shared.state.lock().unwrap();
    let key = if is_new {
        let (x, y) = (&header["jwk"]["x"], &header["jwk"]["y"]);
        let point = [vec![4], decode(x).unwrap(), decode(y).unwrap()].concat();
        // RFC 7638 section 3
        let text = format!(r#"{{"crv":"P-256","kty":"EC","x":{x},"y":{y}}}"#);
        let thumbprint = URL_SAFE_NO_PAD.encode(crypto::sha256(text.as_bytes()));
        Account { key: point, thumbprint }
    } else {
        let number = header["kid"].as_str().and_then(|kid| kid.rsplit('/').next()?.parse().ok());
        let account = number.and_then(|number: usize| state.accounts.get(number));
        account.cloned().ok_or_else(|| bad("kid"))?
    };
    if key.key.is_empty() {
        return Err(("accountDoesNotExist", "forgotten".into()));
    }
    let signed =
        format!("{}.{}", jws["protected"].as_str().unwrap(), jws["payload"].as_str().unwrap());
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &key.key)
        .verify(signed.as_bytes(), &signature)
        .map_err(|_| ("unauthorized", "the signature".to_owned()))?;
    if !header["nonce"].as_str().is_some_and(|nonce| state.nonces.remove(nonce)) {
        return Err(("badNonce", "unknown".into()));
    }
    let known = state.accounts.iter().position(|known| known.key == key.key);
    let number = known.unwrap_or_else(|| {
        state.accounts.push(key);
        state.accounts.len() - 1
    });
    Ok((number, payload))
}

fn answer(shared: &Arc<Shared>, path: &str, body: &[u8]) -> Result<Reply, Fault> {
    let mut manner = shared.manner.lock().unwrap();
    if manner.bad_nonces > 0 {
        manner.bad_nonces -= 1;
        return Err(("badNonce", "as the test wants".into()));
    }
    let manner = manner.clone();
    if let Some(Refusal { status, body, retry_after }) = manner.refusal {
        return Ok((status, vec![("retry-after", retry_after)], body));
    }
    let (account, payload) = read(shared, path, body)?;
    let payload: Value = serde_json::from_slice(&payload).unwrap_or(Value::Null);
    let mut state = shared.state.lock().unwrap();
    let at = |path: String| format!("{}{path}", shared.base);
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    let index = |part: usize| parts.get(part).and_then(|text| text.parse::<usize>().ok());
    if path == "/account" {
        let agreed = payload["termsOfServiceAgreed"] == true;
        if !agreed || payload["contact"][0] != "mailto:me@example.org" {
            return Err(("malformed", payload.to_string()));
        }
        let location = ("location", at(format!("/account/{account}")));
        return Ok((201, vec![location], json!({"status": "valid"}).to_string()));
    }
    if path == "/order" {
        let names = payload["identifiers"].as_array().unwrap().iter();
        let names: Vec<_> = names.map(|id| id["value"].as_str().unwrap().to_owned()).collect();
        let tokens = names.iter().map(|_| crypto::token()).collect();
        let number = state.orders.len();
        state.orders.push(Order {
            account,
            names,
            tokens,
            status: "pending",
            found: HashMap::new(),
            pauses: manner.pauses,
            chain: String::new(),
        });
        let location = ("location", at(format!("/order/{number}")));
        return Ok((201, vec![location], show(shared, &state, number).to_string()));
    }
    let number = index(1).filter(|number| *number < state.orders.len());
    let number = number.ok_or(("malformed", path.to_owned()))?;
    if state.orders[number].account != account {
        return Err(("unauthorized", path.to_owned()));
    }
    match parts[0] {
        "order" => {
            let order = &mut state.orders[number];
            let looked = order.found.values().filter(|found| found.is_none()).count();
            if order.found.values().any(Option::is_some) {
                order.status = "invalid";
            } else if order.pauses > 0 {
                order.pauses -= 1;
            } else if order.status == "pending" && looked == order.names.len() {
                (order.status, order.pauses) = ("ready", manner.pauses);
            } else if order.status == "processing" {
                order.status = "valid";
            }
            let body = show(shared, &state, number).to_string();
            Ok((200, vec![("retry-after", "0".into())], body))
        }
        "authorization" => {
            let (order, which) = (&state.orders[number], index(2).unwrap());
            let name = &order.names[which];
            let status = match order.found.get(name) {
                None => "pending",
                Some(None) => "valid",
                Some(Some(_)) => "invalid",
            };
            let challenges: Vec<_> = manner
                .offers
                .iter()
                .map(|kind| {
                    let mut challenge = json!({
                        "type": kind, "status": "pending", "token": order.tokens[which],
                        "url": at(format!("/challenge/{number}/{which}/{kind}")),
                    });
                    if let Some(Some(why)) = order.found.get(name) {
                        challenge["error"] = json!({
                            "type": "urn:ietf:params:acme:error:connection", "detail": why,
                        });
                    }
                    challenge
                })
                .collect();
            let body = json!({
                "status": status, "identifier": {"type": "dns", "value": name},
                "challenges": challenges,
            });
            Ok((200, vec![], body.to_string()))
        }
        "challenge" => {
            let (which, kind) = (index(2).unwrap(), parts[3].to_owned());
            let order = &state.orders[number];
            let (name, token) = (order.names[which].clone(), order.tokens[which].clone());
            let text = format!("{token}.{}", state.accounts[account].thumbprint);
            state.looked.push(format!("{kind} {name}"));
            let (this, url) = (Arc::clone(shared), at(path.to_owned()));
            let body = json!({"type": kind, "status": "processing", "token": token, "url": url});
            std::thread::spawn(move || {
                let leads_to = this.leads_to.lock().unwrap().unwrap();
                let found = match kind.as_str() {
                    "http-01" => look_by_http(leads_to.1, &name, &token, &text),
                    _ => look_by_tls(leads_to.0, &name, &text),
                };
                let mut state = this.state.lock().unwrap();
                state.orders[number].found.insert(name, found.err());
            });
            Ok((200, vec![], body.to_string()))
        }
        "finalize" => {
            if state.orders[number].status != "ready" {
                return Err(("orderNotReady", path.to_owned()));
            }
            let csr = decode(&payload["csr"]).ok_or(("badCSR", "base64".to_owned()))?;
            let chain = issue(shared, &manner, &state.orders[number].names, &csr)?;
            let order = &mut state.orders[number];
            (order.status, order.chain) = ("processing", chain);
            Ok((200, vec![], show(shared, &state, number).to_string()))
        }
        "certificate" => {
            let text = manner.instead.map_or(state.orders[number].chain.clone(), str::to_owned);
            Ok((200, vec![], text))
        }
        _ => Err(("malformed", path.to_owned())),
    }
}

fn show(shared: &Shared, state: &State, number: usize) -> Value {
    let (order, base) = (&state.orders[number], &shared.base);
    let ids: Vec<_> = order.names.iter().map(|n| json!({"type": "dns", "value": n})).collect();
    let authorizations: Vec<_> =
        (0..ids.len()).map(|which| format!("{base}/authorization/{number}/{which}")).collect();
    let mut body = json!({
        "status": order.status, "identifiers": ids, "authorizations": authorizations,
        "finalize": format!("{base}/finalize/{number}"),
    });
    if order.status == "valid" {
        body["certificate"] = format!("{base}/certificate/{number}").into();
    }
    body
}

/// A key that somebody else has.
struct TheirKey(Vec<u8>);

impl PublicKeyData for TheirKey {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

fn issue(shared: &Shared, manner: &Manner, names: &[String], csr: &[u8]) -> Result<String, Fault> {
    let request = CertReq::from_der(csr).map_err(|e| ("badCSR", e.to_string()))?;
    for name in names {
        if !csr.windows(name.len()).any(|part| part == name.as_bytes()) {
            return Err(("badCSR", name.clone()));
        }
    }
    let key = TheirKey(request.info.public_key.subject_public_key.raw_bytes().to_vec());
    let names = manner.name.map_or_else(|| names.to_vec(), |name| vec![name.to_owned()]);
    let now = shared.clock.now_ms();
    let time = |ms: i64| {
        rcgen::date_time_ymd(1970, 1, 1) + Duration::from_millis(u64::try_from(ms).unwrap())
    };
    let mut params = CertificateParams::new(names).unwrap();
    (params.not_before, params.not_after) = (time(now - HOUR), time(now + manner.days * DAY));
    params.use_authority_key_identifier_extension = true;
    let certificate = params.signed_by(&key, &shared.issuer).unwrap();
    Ok(format!("{}{}", certificate.pem(), shared.root_pem))
}

/// RFC 8555 section 8.3.
fn look_by_http(at: SocketAddr, name: &str, token: &str, text: &str) -> Result<(), String> {
    let mut stream = TcpStream::connect(at).map_err(|e| e.to_string())?;
    let path = format!("/.well-known/acme-challenge/{token}");
    let request = format!("GET {path} HTTP/1.1\r\nhost: {name}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).map_err(|e| e.to_string())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map_err(|e| e.to_string())?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("no answer")?;
    if head.starts_with("HTTP/1.1 200 ") && body.trim_end() == text {
        Ok(())
    } else {
        Err(format!("{name} answered {answer}"))
    }
}

/// RFC 8737 section 3.
fn look_by_tls(at: SocketAddr, name: &str, text: &str) -> Result<(), String> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"acme-tls/1".to_vec()];
    let stream = dial(at, config, name)?;
    let certificate = stream.conn.peer_certificates().ok_or("no certificate")?[0].to_vec();
    let has = |part: &[u8]| certificate.windows(part.len()).any(|there| there == part);
    // id-pe-acmeIdentifier, critical, an octet string in an octet string
    let oid = [6, 8, 0x2b, 6, 1, 5, 5, 7, 1, 0x1f, 1, 1, 0xff, 4, 34, 4, 32];
    let extension = [&oid[..], &crypto::sha256(text.as_bytes())].concat();
    if stream.conn.alpn_protocol() != Some(b"acme-tls/1") {
        Err("it speaks another protocol".into())
    } else if !has(&extension) || !has(name.as_bytes()) {
        Err("the certificate does not prove it".into())
    } else {
        Ok(())
    }
}
