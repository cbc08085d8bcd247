//! Signatures of both kinds with both kinds of keys, in and out (F-077 to F-122).

use base64::Engine as _;
use dassie::signature::key::{self, PrivateKey, PublicKey};
use dassie::signature::{self, multikey};
use serde_json::{Value, json};

use crate::support::{Answer, Heard, Instance, Options, Peer, Person, Request, eventually};

pub const AS2: &str = "https://www.w3.org/ns/activitystreams";

/// Ann, and another server with two actors.
pub struct Scene {
    pub instance: Instance,
    pub ann: Person,
    pub peer: Peer,
}

impl Scene {
    pub fn new() -> Self {
        // others sign by the system's clock: this one starts there, and stands still
        let now = dassie::clock::Clock::system().now_ms();
        let clock = dassie::clock::Clock::manual(now);
        let instance = Instance::with(Options { clock, ..Default::default() });
        let ann = instance.person("ann");
        Self { instance, ann, peer: Peer::start(&["mia", "leo"]) }
    }

    pub fn inbox(&self) -> String {
        format!("{}/inbox", self.instance.base)
    }

    /// Adds members to the document of one of the peer's actors.
    pub fn extend(&self, name: &str, extra: Value) {
        let path = format!("/users/{name}");
        let mut actor = self.peer.document(&path);
        actor.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        self.peer.serve(&path, actor);
    }

    pub fn like(&self, number: u32, name: &str) -> Value {
        json!({
            "@context": AS2, "id": self.peer.at(&format!("/likes/{number}")), "type": "Like",
            "actor": self.peer.uri(name), "object": format!("{}/statuses/1", self.ann.uri),
        })
    }

    pub fn key_id(&self, name: &str) -> String {
        format!("{}#main-key", self.peer.uri(name))
    }

    /// The activities that the peer was sent, as requests.
    fn posts(&self) -> Vec<Heard> {
        self.peer.heard().into_iter().filter(|heard| heard.method == "POST").collect()
    }

    fn follows(&self, deed: &str, account: &Value) {
        let id = account["id"].as_str().unwrap();
        self.ann.post(&format!("/api/v1/accounts/{id}/{deed}"), json!({}));
        self.instance.settle();
    }
}

/// A new Ed25519 pair, and its public half as it is published.
pub fn ed25519() -> (PrivateKey, String) {
    let (pkcs8, public) = key::generate_ed25519().unwrap();
    (PrivateKey::from_ed25519_pkcs8(&pkcs8).unwrap(), multikey::encode(&public))
}

/// The headers of a POST at this moment, `Host` left to the connection.
fn headers(
    key: &PrivateKey,
    key_id: &str,
    url: &str,
    body: &[u8],
    modern: bool,
) -> Vec<(String, String)> {
    let address = url::Url::parse(url).unwrap();
    let now = dassie::clock::Clock::system().now_ms();
    let sign = if modern { signature::sign_rfc9421 } else { signature::sign_cavage };
    let mut headers = sign(key, key_id, "POST", &address, Some(body), now).unwrap();
    headers.retain(|(name, _)| !name.eq_ignore_ascii_case("host"));
    for (_, value) in &mut headers {
        if matches!(key.public_key(), PublicKey::Ed25519(_)) {
            *value = value.replace("rsa-sha256", "hs2019");
        }
    }
    headers
}

fn post_with(headers: &[(String, String)], url: &str, body: &[u8]) -> Answer {
    let mut request = Request::new("POST", url);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    request.body(body, "application/activity+json").send()
}

/// Sends an activity under any key.
pub fn post(key: &PrivateKey, key_id: &str, url: &str, activity: &Value, modern: bool) -> Answer {
    let body = activity.to_string().into_bytes();
    post_with(&headers(key, key_id, url, &body, modern), url, &body)
}

/// Whether the signature of something that the peer heard holds under a key.
pub fn holds(heard: &Heard, path: &str, host: &str, key: &PublicKey) -> bool {
    let request = signature::Request {
        method: &heard.method,
        path_and_query: path,
        headers: &heard.headers,
        body: &heard.body,
    };
    let now = dassie::clock::Clock::system().now_ms();
    signature::inspect(&request, "http", &[host.to_owned()], now)
        .and_then(|inspected| inspected.verify(&request, key))
        .is_ok()
}

/// The RSA and the Ed25519 key of an actor's document.
pub fn published(actor: &Value) -> (PublicKey, PublicKey) {
    let rsa = actor["publicKey"]["publicKeyPem"].as_str().unwrap();
    let second = actor["assertionMethod"][0]["publicKeyMultibase"].as_str().unwrap();
    (PublicKey::from_pem(rsa).unwrap(), PublicKey::from_published(second).unwrap())
}

fn secure() -> Instance {
    Instance::with(Options {
        configure: Some(|config| config.federation.require_signed_fetch = true),
        ..Default::default()
    })
}

#[test]
fn f_036_f_037_actors_publish_both_keys_and_what_they_read() {
    let scene = Scene::new();
    for url in [scene.ann.uri.clone(), format!("{}/actor", scene.instance.base)] {
        let actor = scene.instance.activity(&url).json();
        let second = &actor["assertionMethod"][0];
        assert_eq!(second["type"], "Multikey");
        assert_eq!(second["controller"], actor["id"]);
        assert_eq!(second["id"], format!("{url}#ed25519-key"));
        assert!(matches!(published(&actor).1, PublicKey::Ed25519(_)));
        let context = actor["@context"].to_string();
        assert!(context.contains("https://w3id.org/security/multikey/v1"), "{context}");
        assert!(context.contains("w3id.org/security#assertionMethod"), "{context}");
        let skills = actor["generator"]["implements"].as_array().unwrap();
        let skills: Vec<_> = skills.iter().map(|one| one["href"].as_str().unwrap()).collect();
        assert_eq!(
            skills,
            [
                "https://datatracker.ietf.org/doc/html/rfc9421",
                "https://datatracker.ietf.org/doc/html/rfc9421#name-eddsa-using-curve-edwards25",
            ]
        );
    }
}

#[test]
fn f_077_f_078_f_081_f_082_f_083_f_084_f_085_what_leaves_says_what_it_is() {
    let scene = Scene::new();
    let mia = scene.ann.finds(&format!("mia@{}", scene.peer.host));
    scene.follows("follow", &mia);
    let heard = scene.peer.heard();
    let of = |start: &str| heard.iter().find(|h| h.path.starts_with(start)).unwrap();
    assert_eq!(of("/.well-known/webfinger").header("signature"), None);
    let get = of("/users/mia");
    let instance = scene.instance.activity(&format!("{}/actor", scene.instance.base)).json();
    assert!(holds(get, "/users/mia", &scene.peer.host, &published(&instance).0));
    assert_eq!(
        get.header("accept"),
        Some(
            "application/activity+json, \
             application/ld+json; profile=\"https://www.w3.org/ns/activitystreams\""
        )
    );
    let follow = scene.posts().pop().unwrap();
    let ann = scene.instance.activity(&scene.ann.uri).json();
    assert!(holds(&follow, &follow.path, &scene.peer.host, &published(&ann).0));
    let listed = follow.header("signature").unwrap();
    assert!(listed.contains("headers=\"(request-target) host date digest\""), "{listed}");
    assert!(listed.contains("algorithm=\"rsa-sha256\""), "{listed}");
    assert_eq!(follow.header("content-type"), Some("application/activity+json"));
    assert_eq!(follow.header("host"), Some(scene.peer.host.as_str()));
    assert!(scene.peer.host.contains(':'), "the port is not the usual one");
    let date = follow.header("date").unwrap();
    let read = chrono::NaiveDateTime::parse_from_str(date, "%a, %d %b %Y %H:%M:%S GMT").unwrap();
    assert_eq!(read.and_utc().timestamp(), scene.instance.app.clock.now_ms() / 1000);
    let agent = follow.header("user-agent").unwrap();
    assert!(agent.starts_with("Dassie/") && agent.contains(&scene.instance.base), "{agent}");
}

#[test]
fn f_091_f_114_an_ed25519_key_signs_in_both_forms() {
    let scene = Scene::new();
    let (key, multibase) = ed25519();
    let (uri, inbox) = (scene.peer.uri("mia"), scene.inbox());
    let id = format!("{uri}#ed25519-key");
    scene.extend(
        "mia",
        json!({"assertionMethod": [
            "https://elsewhere.example/key",
            {"id": id, "type": "Multikey", "controller": uri, "publicKeyMultibase": multibase},
        ]}),
    );
    for (number, modern) in [(1, true), (2, false)] {
        let answer = post(&key, &id, &inbox, &scene.like(number, "mia"), modern);
        assert_eq!(answer.status, 202, "{}", answer.text());
    }
    let (other, _) = ed25519();
    for modern in [true, false] {
        assert_eq!(post(&other, &id, &inbox, &scene.like(3, "mia"), modern).status, 401);
    }
    // it is mia's key and nobody else's
    assert_eq!(post(&key, &id, &inbox, &scene.like(4, "leo"), true).status, 401);
    // and the RSA key still is one
    assert_eq!(scene.peer.send("mia", &inbox, &scene.like(5, "mia")).status, 202);
}

#[test]
fn s_025_a_multikey_is_a_claim_of_two_sides_on_one_host() {
    let scene = Scene::new();
    let (key, multibase) = ed25519();
    let (mia, leo) = (scene.peer.uri("mia"), scene.peer.uri("leo"));
    let one = |id: &str, controller: &str| {
        json!({"id": id, "type": "Multikey", "controller": controller,
            "publicKeyMultibase": multibase})
    };
    // leo lists a key that says it is mia's, and one under mia's name
    let foreign = format!("{leo}#of-mia");
    scene.extend(
        "leo",
        json!({"assertionMethod": [
            one(&foreign, &mia), one(&format!("{mia}#key-2"), &leo), {"id": format!("{leo}#none")},
        ]}),
    );
    assert_eq!(post(&key, &foreign, &scene.inbox(), &scene.like(1, "leo"), true).status, 401);
    // (503: it was fetched a moment ago)
    assert_eq!(post(&key, &foreign, &scene.inbox(), &scene.like(2, "mia"), true).status, 503);
    scene.instance.advance(6 * 60_000);
    let stolen = format!("{mia}#key-2");
    assert_eq!(post(&key, &stolen, &scene.inbox(), &scene.like(3, "mia"), true).status, 401);
    scene.instance.advance(6 * 60_000);
    assert_eq!(post(&key, &foreign, &scene.inbox(), &scene.like(4, "mia"), true).status, 401);
}

#[test]
fn f_101_a_key_may_have_an_address_of_its_own() {
    let scene = Scene::new();
    let uri = scene.peer.uri("mia");
    let id = format!("{uri}/main-key");
    let pem = scene.peer.document("/users/mia")["publicKey"]["publicKeyPem"].clone();
    let public = json!({"id": id, "owner": uri, "publicKeyPem": pem});
    scene.extend("mia", json!({"publicKey": public.clone()}));
    scene.peer.serve(
        "/users/mia/main-key",
        json!({
            "@context": AS2, "id": uri, "type": "Person", "preferredUsername": "mia",
            "publicKey": public,
        }),
    );
    let body = scene.like(1, "mia").to_string();
    let answer = scene.peer.send_with_key_id(&id, &scene.inbox(), body.as_bytes());
    assert_eq!(answer.status, 202, "{}", answer.text());
}

#[test]
fn f_103_f_109_a_key_that_cannot_be_fetched_is_asked_for_later() {
    let scene = Scene::new();
    let (key, _) = ed25519();
    let dead = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}/users/x", listener.local_addr().unwrap())
    };
    let mut like = scene.like(1, "mia");
    like["actor"] = json!(dead);
    for _ in 0..2 {
        let answer = post(&key, &format!("{dead}#k"), &scene.inbox(), &like, true);
        assert_eq!(answer.status, 503);
        assert!(answer.header("retry-after").is_some());
        assert!(answer.json()["error"].is_string());
    }
    // what is not there is refused, and not asked for again at once
    let gone = format!("{}#k", scene.peer.uri("nobody"));
    let mut like = scene.like(2, "mia");
    like["actor"] = json!(scene.peer.uri("nobody"));
    assert_eq!(post(&key, &gone, &scene.inbox(), &like, true).status, 401);
    let asked = scene.peer.asked().len();
    assert_eq!(post(&key, &gone, &scene.inbox(), &like, true).status, 503);
    assert_eq!(scene.peer.asked().len(), asked);
}

#[test]
fn f_087_what_a_server_takes_is_remembered_for_a_week() {
    let scene = Scene::new();
    scene.peer.refuse(|heard| {
        let signed = heard.path.starts_with("/users/") || heard.method == "POST";
        (signed && !heard.is_modern()).then_some(401)
    });
    let mia = scene.ann.finds(&format!("mia@{}", scene.peer.host));
    let kinds = |start: usize| -> Vec<bool> {
        let heard = scene.peer.heard();
        let signed = heard.iter().filter(|h| h.header("signature").is_some());
        signed.skip(start).map(Heard::is_modern).collect()
    };
    assert_eq!(kinds(0), [false, true], "the fetch knocks twice");
    scene.follows("follow", &mia);
    // the delivery, and what is read of somebody who was just followed
    let later = kinds(2);
    assert!(!later.is_empty() && later.iter().all(|modern| *modern), "they know: {later:?}");
    let posts = |start: usize| -> Vec<bool> {
        scene.posts().iter().skip(start).map(Heard::is_modern).collect()
    };
    assert_eq!(posts(0), [true]);
    scene.instance.advance(8 * 86_400_000);
    scene.follows("unfollow", &mia);
    assert_eq!(posts(1), [false, true], "it was forgotten");
}

#[test]
fn f_087_ed25519_goes_to_those_who_say_that_they_read_it() {
    let scene = Scene::new();
    scene.extend("mia", json!({"generator": {"type": "Application", "implements": [
        {"href": "https://datatracker.ietf.org/doc/html/rfc9421"},
        {"href": "https://datatracker.ietf.org/doc/html/rfc9421#name-eddsa-using-curve-edwards25"},
    ]}}));
    let mia = scene.ann.finds(&format!("mia@{}", scene.peer.host));
    scene.follows("follow", &mia);
    let posts = scene.posts();
    assert_eq!(posts.len(), 1);
    assert!(posts[0].header("signature-input").unwrap().contains("#ed25519-key"));
    let ann = scene.instance.activity(&scene.ann.uri).json();
    assert!(holds(&posts[0], &posts[0].path, &scene.peer.host, &published(&ann).1));
    // one that does not after all costs a knock and nothing else, once
    scene.peer.refuse(|heard| heard.is_modern().then_some(403));
    scene.follows("unfollow", &mia);
    scene.follows("follow", &mia);
    let kinds: Vec<bool> = scene.posts().iter().skip(1).map(Heard::is_modern).collect();
    assert_eq!(kinds, [true, false, false]);
    let received = scene.peer.received();
    let kinds: Vec<_> = received.iter().map(|a| a["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["Follow", "Undo", "Follow"]);
}

#[test]
fn f_087_what_signs_with_ed25519_reads_it() {
    let scene = Scene::new();
    let (key, multibase) = ed25519();
    let uri = scene.peer.uri("mia");
    let id = format!("{uri}#ed25519-key");
    scene.extend(
        "mia",
        json!({"assertionMethod": {
            "id": id, "type": "Multikey", "controller": uri, "publicKeyMultibase": multibase,
        }}),
    );
    let mia = scene.ann.finds(&format!("mia@{}", scene.peer.host));
    scene.follows("follow", &mia);
    assert_eq!(post(&key, &id, &scene.inbox(), &scene.like(1, "mia"), true).status, 202);
    scene.instance.settle();
    scene.follows("unfollow", &mia);
    let kinds: Vec<bool> = scene.posts().iter().map(Heard::is_modern).collect();
    assert_eq!(kinds, [false, true]);
}

#[test]
fn f_079_an_old_server_gets_a_signature_without_the_query() {
    let scene = Scene::new();
    let instance = scene.instance.activity(&format!("{}/actor", scene.instance.base)).json();
    let (key, _) = published(&instance);
    let host = scene.peer.host.clone();
    scene.peer.refuse(move |heard| {
        (heard.path == "/notes/1?x=y" && !holds(heard, "/notes/1", &host, &key)).then_some(401)
    });
    let uri = scene.peer.at("/notes/1?x=y");
    scene.peer.serve(
        "/notes/1?x=y",
        json!({
            "@context": AS2, "id": uri, "type": "Note", "attributedTo": scene.peer.uri("mia"),
            "content": "old", "to": ["https://www.w3.org/ns/activitystreams#Public"],
        }),
    );
    assert!(scene.ann.finds_status(&uri).is_some());
}

#[test]
fn f_117_f_119_a_401_says_what_shall_be_signed() {
    let instance = secure();
    let ann = instance.person("ann");
    let body = json!({"@context": AS2, "type": "Like", "actor": "http://127.0.0.1:1/u",
        "object": ann.uri, "id": "http://127.0.0.1:1/l"});
    let unsigned = Request::new("POST", format!("{}/inbox", instance.base))
        .body(body.to_string(), "application/activity+json")
        .send();
    assert_eq!(unsigned.status, 401);
    let wanted = unsigned.header("accept-signature").unwrap();
    assert_eq!(wanted, r#"sig1=("@method" "@target-uri" "content-digest");created"#);
    let document = instance.activity(&ann.uri);
    assert_eq!(document.status, 401);
    let wanted = document.header("accept-signature").unwrap();
    assert_eq!(wanted, r#"sig1=("@method" "@target-uri");created"#);
    assert_eq!(
        instance.get("/api/v1/accounts/verify_credentials").header("accept-signature"),
        None
    );
}

#[test]
fn f_121_two_servers_that_want_signatures_meet() {
    let (a, b) = (secure(), secure());
    let (ann, bob) = (a.person("ann"), b.person("bob"));
    ann.follows(&bob.handle());
    let status = bob.writes("for followers", "private");
    eventually("it arrives", || (ann.home() == ["for followers"]).then_some(()));
    let there = ann.finds_status(status["uri"].as_str().unwrap()).unwrap();
    ann.post(&format!("/api/v1/statuses/{}/favourite", there["id"].as_str().unwrap()), json!({}));
    eventually("it is told", || {
        bob.notifications().contains(&("favourite".into(), ann.handle())).then_some(())
    });
}

#[test]
fn f_120_a_follower_fetches_what_is_for_followers() {
    let (a, b) = (Instance::start(), Instance::start());
    let (ann, bob) = (a.person("ann"), b.person("bob"));
    let carl = a.person("carl");
    // written before anybody followed
    let first = bob.writes("the beginning", "private");
    ann.follows(&bob.handle());
    let reply = bob.post(
        "/api/v1/statuses",
        json!({
            "status": "and the end", "visibility": "private", "in_reply_to_id": first["id"],
        }),
    );
    let there = eventually("the reply arrives", || {
        ann.get("/api/v1/timelines/home").as_array().unwrap().first().cloned()
    });
    assert_eq!(there["uri"], reply["uri"]);
    let above = eventually("what it answers is fetched", || {
        let path = format!("/api/v1/statuses/{}/context", there["id"].as_str().unwrap());
        ann.get(&path)["ancestors"].as_array().unwrap().first().cloned()
    });
    assert_eq!((&above["uri"], &above["visibility"]), (&first["uri"], &json!("private")));
    assert!(carl.finds_status(first["uri"].as_str().unwrap()).is_none());
}

#[test]
fn s_035_a_signed_request_is_good_for_one_address_and_one_body() {
    let scene = Scene::new();
    let (key, multibase) = ed25519();
    let uri = scene.peer.uri("mia");
    let id = format!("{uri}#ed25519-key");
    scene.extend(
        "mia",
        json!({"assertionMethod": {
            "id": id, "type": "Multikey", "controller": uri, "publicKeyMultibase": multibase,
        }}),
    );
    let status = scene.ann.writes("mine", "public");
    let mut like = scene.like(1, "mia");
    like["object"] = status["uri"].clone();
    let body = like.to_string().into_bytes();
    let other = scene.like(2, "mia").to_string().into_bytes();
    let shared = scene.inbox();
    for modern in [true, false] {
        let headers = headers(&key, &id, &shared, &body, modern);
        assert_eq!(post_with(&headers, &shared, &body).status, 202);
        let personal = format!("{}/inbox", scene.ann.uri);
        assert_eq!(post_with(&headers, &personal, &body).status, 401);
        assert_eq!(post_with(&headers, &shared, &other).status, 401);
        assert_eq!(post_with(&headers, &shared, &body).status, 202, "again: nothing happens");
    }
    scene.instance.settle();
    let shown = scene.ann.get(&format!("/api/v1/statuses/{}", status["id"].as_str().unwrap()));
    assert_eq!(shown["favourites_count"], 1);
    assert_eq!(scene.ann.notifications().len(), 1);
}

/// The private half of the key that all peers have.
pub fn peers_key() -> PrivateKey {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/http");
    let der = std::fs::read_to_string(format!("{folder}/test-rsa-1.pk8-der.base64")).unwrap();
    let der: String = der.split_whitespace().collect();
    PrivateKey::from_pkcs8(&base64::engine::general_purpose::STANDARD.decode(der).unwrap()).unwrap()
}
