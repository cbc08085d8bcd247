//! All hosts of the vectors behind one port: a request's `Host` says which of them is meant, and
//! every name leads to this machine.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use dassie::client::Resolve;
use serde_json::{Value, json};

pub const ACTIVITY: &str = "application/activity+json";

/// What an address answers.
#[derive(Clone, Debug)]
pub struct Page {
    pub status: u16,
    pub content_type: String,
    pub body: Vec<u8>,
}

/// A request that came.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    /// The whole address, with scheme and port.
    pub url: String,
    /// In lower case, one a line.
    pub headers: String,
    pub body: Vec<u8>,
}

/// The invented web.
pub struct Web {
    pub port: u16,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    pages: Mutex<HashMap<String, Page>>,
    asked: Mutex<Vec<Asked>>,
    looked_up: Mutex<Vec<String>>,
    poison: Mutex<Option<String>>,
    panics: AtomicUsize,
}

/// Every name is this machine; numbers are what they are.
struct Everywhere(Arc<Shared>);

impl Resolve for Everywhere {
    fn resolve(&self, host: &str, _deadline: Instant) -> io::Result<Vec<IpAddr>> {
        let is_poison = self.0.poison.lock().unwrap().as_deref() == Some(host);
        if is_poison {
            self.0.panics.fetch_add(1, Ordering::SeqCst);
            panic!("as the test wants");
        }
        self.0.looked_up.lock().unwrap().push(host.to_owned());
        Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)])
    }
}

impl Web {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared::default());
        let web = Self { port, shared: Arc::clone(&shared) };
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || serve(stream, &shared));
            }
        });
        web
    }

    /// For an instance that lives in this web.
    pub fn resolver(&self) -> Arc<dyn Resolve> {
        Arc::new(Everywhere(Arc::clone(&self.shared)))
    }

    /// From now on whoever looks this host up panics.
    pub fn panic_at(&self, host: &str) {
        *self.shared.poison.lock().unwrap() = Some(host.to_owned());
    }

    /// How often somebody did.
    pub fn panics(&self) -> usize {
        self.shared.panics.load(Ordering::SeqCst)
    }

    /// The hosts whose names were looked up.
    pub fn looked_up(&self) -> Vec<String> {
        self.shared.looked_up.lock().unwrap().clone()
    }

    /// Puts anything at an address.
    pub fn put(&self, url: &str, status: u16, content_type: &str, body: impl Into<Vec<u8>>) {
        let url = url.split('#').next().unwrap_or_default().to_owned();
        let page = Page { status, content_type: content_type.to_owned(), body: body.into() };
        self.shared.pages.lock().unwrap().insert(url, page);
    }

    /// The document at an address.
    pub fn document(&self, url: &str) -> Option<Value> {
        let pages = self.shared.pages.lock().unwrap();
        serde_json::from_slice(&pages.get(url)?.body).ok()
    }

    /// Everything that was asked for.
    pub fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().unwrap().clone()
    }

    /// How often an address was asked for.
    pub fn times(&self, url: &str) -> usize {
        self.asked().iter().filter(|asked| asked.url == url).count()
    }

    /// The activities that were sent to an inbox.
    pub fn received(&self, inbox: &str) -> Vec<Value> {
        let to_it = |asked: &Asked| asked.method == "POST" && asked.url == inbox;
        let asked = self.asked().into_iter().filter(to_it);
        asked.filter_map(|asked| serde_json::from_slice(&asked.body).ok()).collect()
    }

    /// All activities that were sent to anybody.
    pub fn all_received(&self) -> Vec<Value> {
        let posts = self.asked().into_iter().filter(|asked| asked.method == "POST");
        posts.filter_map(|asked| serde_json::from_slice(&asked.body).ok()).collect()
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
        let (mut headers, mut length, mut host) = (String::new(), 0, String::new());
        loop {
            let mut header = String::new();
            if reader.read_line(&mut header).unwrap_or(0) == 0 || header == "\r\n" {
                break;
            }
            let lower = header.to_ascii_lowercase();
            if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
            if let Some(value) = lower.strip_prefix("host:") {
                host = value.trim().to_owned();
            }
            headers.push_str(&lower);
        }
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let url = format!("http://{host}{path}");
        let asked = Asked { method: method.clone(), url: url.clone(), headers, body };
        shared.asked.lock().unwrap().push(asked);
        let page = answer(shared, &method, &host, &path, &url);
        let head = format!(
            "HTTP/1.1 {} X\r\ncontent-type: {}\r\ncontent-length: {}\r\n\r\n",
            page.status,
            page.content_type,
            page.body.len()
        );
        if stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&page.body)).is_err() {
            return;
        }
    }
}

/// Inboxes take everything; WebFinger knows the actors that the host serves, unless there is an
/// answer of its own for the question.
fn answer(shared: &Shared, method: &str, host: &str, path: &str, url: &str) -> Page {
    let page = |status, content_type: &str, body: String| Page {
        status,
        content_type: content_type.to_owned(),
        body: body.into_bytes(),
    };
    let pages = shared.pages.lock().unwrap();
    if let Some(page) = pages.get(url) {
        return page.clone();
    }
    if method == "POST" {
        return page(202, "text/plain", String::new());
    }
    let Some(query) = path.strip_prefix("/.well-known/webfinger?") else {
        return page(404, "text/plain", String::new());
    };
    let resource = form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == "resource");
    let resource = resource.map(|(_, value)| value.into_owned()).unwrap_or_default();
    let wanted = resource.strip_prefix("acct:").and_then(|acct| acct.split('@').next());
    let on_host = format!("http://{host}/");
    let actor = pages.iter().filter(|(url, _)| url.starts_with(&on_host)).find_map(|(_, page)| {
        let document: Value = serde_json::from_slice(&page.body).ok()?;
        let fits = document["preferredUsername"].as_str() == wanted
            && document["id"].as_str().is_some_and(|id| id.starts_with(&on_host));
        fits.then(|| document["id"].clone())
    });
    match (wanted, actor) {
        (Some(name), Some(actor)) => {
            let document = json!({
                "subject": format!("acct:{name}@{host}"),
                "links": [{"rel": "self", "type": ACTIVITY, "href": actor}],
            });
            page(200, "application/jrd+json", document.to_string())
        }
        _ => page(404, "text/plain", String::new()),
    }
}
