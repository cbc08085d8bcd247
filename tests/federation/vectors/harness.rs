//! An instance in the world of the vectors: their hosts are served by one scripted server, ids of
//! ours and theirs are replaced in the texts, everybody signs with a key of their own.

use dassie::clock::Clock;
use dassie::signature;
use serde_json::{Value, json};

use super::keys::is_attacker;
pub use super::keys::{attacker, honest};
use super::web::{ACTIVITY, Web};
use crate::api::admin;
use crate::support::{Answer, Instance, Options, Person, Request};

pub const PUBLIC: &str = "https://www.w3.org/ns/activitystreams#Public";
pub const CONTEXT: &str = "https://www.w3.org/ns/activitystreams";
/// 2026-05-07T12:00:00Z: most vectors are of the days before.
pub const NOW: i64 = 1_778_155_200_000;

/// People and programs whose actor documents are no vectors: id, name, type.
const CAST: &[(&str, &str, &str)] = &[
    ("https://masto.example/users/eve", "eve", "Person"),
    ("https://other.example/users/oto", "oto", "Person"),
    ("https://mk.example/users/instance.actor", "instance.actor", "Application"),
    ("https://gts.example/users/gts.example", "gts.example", "Application"),
    ("https://lem.example/u/lena", "lena", "Person"),
    ("https://mbin.example/u/bo", "bo", "Person"),
    ("https://tube.example/accounts/vera", "vera", "Person"),
    ("https://wf.example/api/collections/blog", "blog", "Person"),
    ("https://neo.example/@nora@neo.example/", "nora", "Person"),
    ("https://bw.example/user/lib", "lib", "Person"),
    ("https://wp.example/?author=1", "author", "Person"),
    ("https://ghost.example/.ghost/activitypub/users/index", "index", "Person"),
    ("https://mitra.example/users/mira", "mira", "Person"),
    ("https://mob.example/@dance_club", "dance_club", "Group"),
    ("https://mob.example/@olga", "olga", "Person"),
    ("https://bb.example/uid/1", "bb", "Person"),
    ("https://forum.example/ap/actor/4958", "disco", "Person"),
    ("https://relay.example/actor", "relay", "Application"),
    ("https://mallory.example/users/mallory", "mallory", "Person"),
];

/// The text of a file of `tests/vectors`, named without its ending.
pub fn raw(name: &str) -> String {
    let path = format!("{}/tests/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// The index: name, delivery and outcome of each vector.
pub fn index() -> Vec<Value> {
    let index: Value = serde_json::from_str(&raw("index")).unwrap();
    index["files"].as_array().unwrap().clone()
}

/// An instance with ann and bob, and the web around it.
pub struct World {
    pub instance: Instance,
    /// Of the posts that the vectors speak about; an admin, so that she can read reports.
    pub ann: Person,
    pub bob: Person,
    pub web: Web,
    /// Public, open poll of three choices, followers only: all ann's.
    pub post: Value,
    pub poll: Value,
    pub private: Value,
}

impl World {
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    /// With other settings.
    pub fn with(configure: fn(&mut dassie::config::Config)) -> Self {
        let web = Web::start();
        let options = Options { clock: Clock::manual(NOW), configure: Some(configure) };
        let instance = Instance::with_resolver(options, web.resolver());
        let (ann, bob) = (admin::admin(&instance, "ann"), instance.person("bob"));
        let post = ann.writes("nice weather", "public");
        let poll = json!({
            "status": "which?", "visibility": "public",
            "poll": {"options": ["Option A", "Option B", "Option C"], "multiple": true,
                     "expires_in": 7 * 86_400},
        });
        let poll = ann.post("/api/v1/statuses", poll);
        let private = ann.writes("among us", "private");
        let world = Self { instance, ann, bob, web, post, poll, private };
        world.serve_everybody();
        world
    }

    fn serve_everybody(&self) {
        for (uri, name, kind) in CAST {
            self.serve_value(&self.person(uri, name, kind));
        }
        for entry in index() {
            let name = entry["file"].as_str().unwrap().trim_end_matches(".json").to_owned();
            let is_file = entry["file"].as_str().unwrap().ends_with(".json");
            if !is_file
                || ["hostile/", "http/", "static-actor/"].iter().any(|f| name.starts_with(f))
            {
                continue;
            }
            let document = self.read(&name);
            let is_actor = document["inbox"].is_string() && document["actor"].is_null();
            if is_actor {
                self.serve_value(&document);
            }
        }
    }

    /// A plausible actor with a key.
    pub fn person(&self, uri: &str, name: &str, kind: &str) -> Value {
        let uri = self.at(uri);
        let host = host(&uri).to_owned();
        let pem = if is_attacker(&uri) { attacker().1.clone() } else { honest().1.clone() };
        json!({
            "@context": [CONTEXT, "https://w3id.org/security/v1"],
            "id": uri, "type": kind, "preferredUsername": name, "name": name,
            "inbox": format!("{uri}/inbox"), "outbox": format!("{uri}/outbox"),
            "followers": format!("{uri}/followers"), "following": format!("{uri}/following"),
            "url": uri, "endpoints": {"sharedInbox": format!("http://{host}/inbox")},
            "publicKey": {"id": format!("{uri}#main-key"), "owner": uri, "publicKeyPem": pem},
        })
    }

    /// An address or text of the vectors as it is in this world: `https://x.example` has our port
    /// and no TLS, and so have the domains of handles.
    pub fn at(&self, text: &str) -> String {
        let uri = |status: &Value| status["uri"].as_str().unwrap().to_owned();
        let ours = text
            .replace("https://dassie.example/users/01JZANN0000000000000000000", &self.ann.uri)
            .replace("https://dassie.example/posts/01JZPOST000000000000000001", &uri(&self.post))
            .replace("https://dassie.example/posts/01JZPOLL000000000000000001", &uri(&self.poll))
            .replace("https://dassie.example/posts/01JZPRIV000000000000000001", &uri(&self.private))
            .replace("https://dassie.example", &self.instance.base)
            .replace("@dassie.example", &format!("@{}", self.instance.host));
        with_port(&ours, self.web.port)
    }

    /// A vector as text, in this world's addresses.
    pub fn text(&self, name: &str) -> String {
        self.at(&raw(name))
    }

    /// A vector, in this world's addresses.
    pub fn read(&self, name: &str) -> Value {
        serde_json::from_str(&self.text(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    /// The id of a vector's object, or of itself if that is the object.
    pub fn object_id(&self, name: &str) -> String {
        let value = self.read(name);
        let object = value.get("object").unwrap_or(&value);
        object.as_str().or(object["id"].as_str()).unwrap_or_else(|| panic!("{name}")).to_owned()
    }

    /// Serves a vector at its id.
    pub fn serve(&self, name: &str) {
        self.serve_value(&self.read(name));
    }

    /// Serves a document at its id.
    pub fn serve_value(&self, document: &Value) {
        let id = document["id"].as_str().unwrap();
        self.web.put(id, 200, ACTIVITY, document.to_string());
    }

    /// Answers a WebFinger question with a vector.
    pub fn serve_webfinger(&self, handle: &str, name: &str) {
        let handle = self.handle(handle);
        let (_, domain) = handle.rsplit_once('@').unwrap();
        let resource: String =
            form_urlencoded::byte_serialize(format!("acct:{handle}").as_bytes()).collect();
        let url = format!("http://{domain}/.well-known/webfinger?resource={resource}");
        self.web.put(&url, 200, "application/jrd+json", self.text(name));
    }

    /// A handle of the vectors (`maria@masto.example`) as it is in this world.
    pub fn handle(&self, handle: &str) -> String {
        // the name may look like a domain as well
        format!("{handle}:{}", self.web.port)
    }

    /// The inbox of everybody here.
    pub fn inbox(&self) -> String {
        format!("{}/inbox", self.instance.base)
    }

    /// Posts a vector as its actor would: an object is wrapped into its Create first. Waits until
    /// it is processed.
    #[track_caller]
    pub fn deliver(&self, name: &str) {
        let activity = self.activity(name);
        let signer = actor_of(&activity);
        self.deliver_value(&signer, &activity);
    }

    /// The same, to ann's own inbox.
    #[track_caller]
    pub fn deliver_to_ann(&self, name: &str) {
        let activity = self.activity(name);
        let inbox = format!("{}/inbox", self.ann.uri);
        let answer = self.send(&actor_of(&activity), &inbox, activity.to_string().as_bytes());
        assert_eq!(answer.status, 202, "{name}: {}", answer.text());
        self.settle();
    }

    /// A vector as the activity that it is, or the Create around it.
    pub fn activity(&self, name: &str) -> Value {
        let value = self.read(name);
        if value["actor"].is_string() && value["object"] != Value::Null {
            return value;
        }
        json!({
            "@context": CONTEXT, "id": format!("{}/activity", value["id"].as_str().unwrap()),
            "type": "Create", "actor": value["attributedTo"], "published": value["published"],
            "to": value["to"], "cc": value["cc"], "object": value,
        })
    }

    /// Posts an activity, which must be taken, and waits until it is processed.
    #[track_caller]
    pub fn deliver_value(&self, signer: &str, activity: &Value) {
        let answer = self.send(signer, &self.inbox(), activity.to_string().as_bytes());
        assert_eq!(answer.status, 202, "{activity}: {}", answer.text());
        self.settle();
    }

    /// Posts any bytes, signed by an actor.
    pub fn send(&self, signer: &str, inbox: &str, body: &[u8]) -> Answer {
        let signer = self.at(signer);
        let document = self.web.document(&signer).unwrap_or_default();
        let keys = &document["publicKey"];
        let key_id = keys["id"].as_str().or(keys[0]["id"].as_str()).map(str::to_owned);
        let key_id = key_id.unwrap_or_else(|| format!("{signer}#main-key"));
        self.send_with_key(&key_id, inbox, body)
    }

    /// Posts any bytes, signed under any key id.
    pub fn send_with_key(&self, key_id: &str, inbox: &str, body: &[u8]) -> Answer {
        let key = if is_attacker(key_id) { &attacker().0 } else { &honest().0 };
        let url = url::Url::parse(inbox).unwrap();
        let now = self.instance.app.clock.now_ms();
        let headers = signature::sign_cavage(key, key_id, "POST", &url, Some(body), now).unwrap();
        let mut request = Request::new("POST", inbox);
        for (name, value) in headers {
            if !name.eq_ignore_ascii_case("host") {
                request = request.header(&name, value);
            }
        }
        request.body(body, ACTIVITY).send()
    }

    /// Asks for a document of ours, signed by an actor.
    pub fn get_signed(&self, signer: &str, address: &str) -> Answer {
        let key_id = format!("{}#main-key", self.at(signer));
        let url = url::Url::parse(address).unwrap();
        let now = self.instance.app.clock.now_ms();
        let headers = signature::sign_cavage(&honest().0, &key_id, "GET", &url, None, now).unwrap();
        let mut request = Request::new("GET", address).header("accept", ACTIVITY);
        for (name, value) in headers {
            if !name.eq_ignore_ascii_case("host") {
                request = request.header(&name, value);
            }
        }
        request.send()
    }
}

/// The actor of an activity, by id.
pub fn actor_of(activity: &Value) -> String {
    let actor = &activity["actor"];
    actor.as_str().or(actor["id"].as_str()).expect("no actor").to_owned()
}

fn host(url: &str) -> &str {
    url.trim_start_matches("http://").split('/').next().unwrap_or_default()
}

/// Puts the port behind every `https://….example` and `@….example`; an address with a port or a
/// password of its own stays as it is.
fn with_port(text: &str, port: u16) -> String {
    let mut out = String::new();
    let mut rest = text;
    loop {
        let web = rest.find("https://").map(|at| (at, "https://"));
        let name = rest.find('@').map(|at| (at, "@"));
        let Some((at, mark)) = [web, name].into_iter().flatten().min() else { break };
        let after = &rest[at + mark.len()..];
        let is_of_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
        let host = &after[..after.find(|c| !is_of_host(c)).unwrap_or(after.len())];
        out.push_str(&rest[..at]);
        rest = &after[host.len()..];
        if host.ends_with(".example") && !rest.starts_with(':') {
            out.push_str(if mark == "@" { mark } else { "http://" });
            out.push_str(&format!("{host}:{port}"));
        } else {
            out.push_str(mark);
            out.push_str(host);
        }
    }
    out + rest
}

#[test]
fn addresses_of_the_vectors_get_the_port_of_this_world() {
    for (text, wanted) in [
        ("https://a.example/@x", "http://a.example:7/@x"),
        ("acct:x@a.example!", "acct:x@a.example:7!"),
        (
            "https://a.example:25/ https://u:p@a.example/",
            "https://a.example:25/ https://u:p@a.example:7/",
        ),
        ("https://w3.org/ns https://b.example", "https://w3.org/ns http://b.example:7"),
        ("https://neo.example/@n@neo.example/", "http://neo.example:7/@n@neo.example:7/"),
    ] {
        assert_eq!(with_port(text, 7), wanted);
    }
}
