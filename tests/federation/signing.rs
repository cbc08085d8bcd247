//! Who may say what under whose signature, and what those hear who sign badly (F-088, F-095,
//! F-106 to F-108, F-122, S-038, S-039).

use base64::Engine as _;
use dassie::control::{self, Command};
use dassie::db::{self, Lane};
use dassie::signature;
use serde_json::{Value, json};

use super::keys::{AS2, Scene, ed25519, holds, peers_key, post, published};
use crate::support::{Answer, Heard, Instance, Options, Peer, PeerAnswer, Request, eventually};

const MINUTE: i64 = 60_000;

fn secure() -> Instance {
    Instance::with(Options {
        configure: Some(|config| config.federation.require_signed_fetch = true),
        ..Default::default()
    })
}

/// Who favourited a status of ann's, sorted.
fn fans(scene: &Scene, status: &Value) -> Vec<String> {
    let id = status["id"].as_str().unwrap();
    let list = scene.ann.get(&format!("/api/v1/statuses/{id}/favourited_by"));
    let mut names: Vec<String> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["username"].as_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn f_088_each_try_has_a_date_and_a_signature_of_its_own() {
    let scene = Scene::new();
    let mia = scene.ann.finds(&format!("mia@{}", scene.peer.host));
    scene.peer.answer(PeerAnswer::Status(503));
    let follow = format!("/api/v1/accounts/{}/follow", mia["id"].as_str().unwrap());
    scene.ann.post(&follow, json!({}));
    let posts = || -> Vec<Heard> {
        scene.peer.heard().into_iter().filter(|heard| heard.method == "POST").collect()
    };
    eventually("the first try", || (posts().len() == 1).then_some(()));
    // its outcome is written a moment later
    eventually("it waits", || {
        let host = scene.instance.app.db.read(|conn| db::host::get(conn, &scene.peer.host));
        (host.unwrap().failures == 1).then_some(())
    });
    scene.peer.answer(PeerAnswer::Status(202));
    scene.instance.advance(MINUTE);
    scene.instance.settle();
    let tries = posts();
    assert_eq!(tries.len(), 2);
    let (first, second) = (&tries[0], &tries[1]);
    assert_eq!(first.body, second.body);
    for name in ["date", "signature"] {
        assert_ne!(first.header(name), second.header(name), "{name}");
    }
    let ann = scene.instance.activity(&scene.ann.uri).json();
    for heard in [first, second] {
        assert!(holds(heard, &heard.path, &scene.peer.host, &published(&ann).0));
    }
}

/// A signed GET that lists a digest, as WriteFreely makes it.
fn get_with_digest(peer: &Peer, name: &str, address: &str, digest: Option<&str>) -> Answer {
    let url = url::Url::parse(address).unwrap();
    let key_id = format!("{}#main-key", peer.uri(name));
    let now = dassie::clock::Clock::system().now_ms();
    let plain = signature::sign_cavage(&peers_key(), &key_id, "GET", &url, None, now).unwrap();
    let of = |wanted: &str| plain.iter().find(|(name, _)| name == wanted).unwrap().1.clone();
    let (host, date) = (of("Host"), of("Date"));
    let text = format!(
        "(request-target): get {}\nhost: {host}\ndate: {date}\ndigest: {}",
        url.path(),
        digest.unwrap_or_default()
    );
    let signed = peers_key().sign(text.as_bytes()).unwrap();
    let signed = base64::engine::general_purpose::STANDARD.encode(signed);
    let listed = "(request-target) host date digest";
    let mut request = Request::new("GET", address)
        .header("accept", "application/activity+json")
        .header("date", date)
        .header(
            "signature",
            format!(
                "keyId=\"{key_id}\",algorithm=\"rsa-sha256\",headers=\"{listed}\",signature=\"{signed}\""
            ),
        );
    if let Some(digest) = digest {
        request = request.header("digest", digest);
    }
    request.send()
}

#[test]
fn f_095_f_122_a_get_may_list_the_digest_of_nothing() {
    let instance = secure();
    let ann = instance.person("ann");
    let peer = Peer::start(&["mia"]);
    let empty = "SHA-256=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    let other = "SHA-256=RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=";
    let good = get_with_digest(&peer, "mia", &ann.uri, Some(empty));
    assert_eq!(good.status, 200, "{}", good.text());
    for bad in [Some(other), Some("SHA-256=AAAA"), None] {
        assert_eq!(get_with_digest(&peer, "mia", &ann.uri, bad).status, 401, "{bad:?}");
    }
    // what was answered to one who signed, or refused to one who did not, is for no cache
    for answer in [good, instance.activity(&ann.uri)] {
        assert_eq!(answer.header("vary"), Some("Accept, Signature"), "{}", answer.status);
        assert_eq!(answer.header("cache-control"), Some("private, no-store"));
    }
}

#[test]
fn f_122_s_039_who_is_suspended_here_reads_nothing_under_its_signature() {
    let scene = Scene::new();
    let handle = format!("mia@{}", scene.peer.host);
    let mia = scene.ann.finds(&handle);
    let status = scene.ann.writes(&format!("@{handle} for you alone"), "direct");
    scene.instance.settle();
    let url = status["uri"].as_str().unwrap();
    assert_eq!(scene.peer.get_signed("mia", url).status, 200);
    let refused = [scene.peer.get_signed("leo", url), scene.instance.activity(url)];
    for answer in refused {
        assert_eq!(answer.status, 404);
        assert_eq!(answer.header("vary"), Some("Accept, Signature"));
        assert_eq!(answer.header("cache-control"), Some("private, no-store"));
    }
    let id = mia["id"].as_str().unwrap().parse().unwrap();
    let suspended =
        scene.instance.app.db.write(Lane::Interactive, move |tx| db::account::suspend(tx, id));
    suspended.wait().unwrap();
    assert_eq!(scene.peer.get_signed("mia", url).status, 404);
}

#[test]
fn f_106_f_107_s_024_nobody_speaks_for_others_or_takes_their_ids() {
    let scene = Scene::new();
    let mallory = Peer::start(&["mallory"]);
    let inbox = scene.inbox();
    let status = scene.ann.writes("mine", "public");
    let like = |number: u32, actor: &str| {
        let mut like = scene.like(number, "leo");
        like["actor"] = json!(actor);
        like["object"] = status["uri"].clone();
        like
    };
    let leo = scene.peer.uri("leo");
    // another actor of the same server, then one of another server: both are known as they are
    for (peer, name) in [(&scene.peer, "mia"), (&mallory, "mallory")] {
        let answer = peer.send(name, &inbox, &like(1, &leo));
        assert_eq!(answer.status, 401, "{}", answer.text());
    }
    scene.instance.settle();
    assert_eq!(fans(&scene, &status), Vec::<String>::new());
    // mallory says his own under the id that leo's will have, and then takes that id back
    let own = like(2, &mallory.uri("mallory"));
    assert_eq!(mallory.send("mallory", &inbox, &own).status, 202);
    let undo = json!({
        "@context": AS2, "id": mallory.at("/undo/1"), "type": "Undo",
        "actor": mallory.uri("mallory"), "object": own["id"],
    });
    assert_eq!(mallory.send("mallory", &inbox, &undo).status, 202);
    scene.instance.settle();
    assert_eq!(scene.peer.send("leo", &inbox, &like(2, &leo)).status, 202);
    scene.instance.settle();
    assert!(fans(&scene, &status).contains(&"leo".to_owned()), "his own came later and counts");
    assert_eq!(mallory.send("mallory", &inbox, &undo).status, 202);
    scene.instance.settle();
    assert!(fans(&scene, &status).contains(&"leo".to_owned()));
}

#[test]
fn f_108_the_key_of_a_blocked_server_is_not_fetched() {
    let scene = Scene::new();
    let block = Command::DomainBlock {
        domain: scene.peer.host.clone(),
        severity: "suspend".into(),
        comment: None,
    };
    control::execute(&scene.instance.app, block).unwrap();
    scene.instance.settle();
    assert_eq!(scene.peer.send("mia", &scene.inbox(), &scene.like(1, "mia")).status, 403);
    // also where the actor is somebody else's
    let mut like = scene.like(2, "mia");
    like["actor"] = json!("http://127.0.0.1:1/users/x");
    assert_eq!(scene.peer.send("mia", &scene.inbox(), &like).status, 403);
    let secret = scene.ann.writes("not for them", "private");
    assert_eq!(scene.peer.get_signed("mia", secret["uri"].as_str().unwrap()).status, 404);
    assert!(scene.peer.asked().is_empty(), "{:?}", scene.peer.asked());
}

#[test]
fn f_102_a_made_up_key_id_keeps_no_actor_out() {
    let scene = Scene::new();
    let (key, _) = ed25519();
    let forged = format!("{}#made-up", scene.peer.uri("mia"));
    let inbox = scene.inbox();
    assert_eq!(post(&key, &forged, &inbox, &scene.like(1, "mia"), false).status, 401);
    assert_eq!(scene.peer.send("mia", &inbox, &scene.like(2, "mia")).status, 202);
    // nor one that is known for so long that its key has to be read again
    for number in 3..5 {
        scene.instance.advance(31 * 24 * 60 * MINUTE);
        let now = scene.instance.app.clock.now_ms();
        let url = url::Url::parse(&inbox).unwrap();
        let body = scene.like(number, "mia").to_string().into_bytes();
        let headers =
            signature::sign_cavage(&key, &forged, "POST", &url, Some(&body), now).unwrap();
        let mut request = Request::new("POST", &inbox);
        for (name, value) in headers.iter().filter(|(name, _)| name != "Host") {
            request = request.header(name, value);
        }
        assert_eq!(request.body(body, "application/activity+json").send().status, 401);
        let like = scene.like(number + 10, "mia");
        assert_eq!(scene.peer.send_as("mia", &inbox, &like, now).status, 202);
    }
}

#[test]
fn f_103_s_055_a_server_that_hangs_is_asked_for_one_key() {
    let scene = Scene::new();
    scene.peer.hold("/users/slow");
    let other = Peer::start(&["nora"]);
    let inbox = scene.inbox();
    let mut like = scene.like(1, "slow");
    assert_eq!(scene.peer.send("slow", &inbox, &like).status, 503);
    let asked = scene.peer.asked().len();
    for name in ["mia", "leo"] {
        let answer = scene.peer.send(name, &inbox, &scene.like(2, name));
        assert_eq!(answer.status, 503);
        assert!(answer.header("retry-after").is_some());
    }
    assert_eq!(scene.peer.asked().len(), asked);
    like["id"] = json!(other.at("/likes/1"));
    like["actor"] = json!(other.uri("nora"));
    assert_eq!(other.send("nora", &inbox, &like).status, 202, "others are not held up");
    scene.instance.advance(6 * MINUTE);
    assert_eq!(scene.peer.send("mia", &inbox, &scene.like(2, "mia")).status, 202);
}

#[test]
fn s_038_refusals_are_short_and_repeat_nothing() {
    let scene = Scene::new();
    let (key, _) = ed25519();
    let (inbox, marked) = (scene.inbox(), "/users/marked-by-the-sender");
    let mut answers = Vec::new();
    // the key: not there, no document, no key, an error of its server, a server that is not there
    for (number, document) in
        [None, Some(json!(500)), Some(json!({"id": "x"})), Some(json!(403)), Some(json!([1]))]
            .into_iter()
            .enumerate()
    {
        let path = format!("{marked}-{number}");
        if let Some(document) = document {
            scene.peer.serve(&path, document);
        }
        let mut like = scene.like(1, "mia");
        like["actor"] = json!(scene.peer.at(&path));
        let key_id = format!("{}#main-key", scene.peer.at(&path));
        answers.push(post(&key, &key_id, &inbox, &like, false));
    }
    let mut like = scene.like(2, "mia");
    let nobody = format!("http://127.0.0.1:1{marked}");
    like["actor"] = json!(nobody);
    answers.push(post(&key, &format!("{nobody}#k"), &inbox, &like, true));
    // a wrong signature, one that cannot be read, none, another actor's
    answers.push(post(&key, &scene.key_id("mia"), &inbox, &scene.like(3, "mia"), false));
    let body = scene.like(4, "mia").to_string();
    for header in
        ["marked", "keyId=\"marked\"", "keyId=\"https://a.example/marked\",signature=\"x\""]
    {
        let request = Request::new("POST", &inbox).header("signature", header);
        answers.push(request.body(body.clone(), "application/activity+json").send());
    }
    answers
        .push(Request::new("POST", &inbox).body(body.clone(), "application/activity+json").send());
    answers.push(scene.peer.send("leo", &inbox, &scene.like(5, "mia")));
    for (number, answer) in answers.iter().enumerate() {
        let text = answer.text();
        assert!(matches!(answer.status, 400 | 401 | 503), "{number}: {} {text}", answer.status);
        assert!(text.len() < 120 && !text.contains('\n'), "{number}: {text}");
        let error = answer.json()["error"].as_str().unwrap().to_owned();
        for part in ["marked", "127.0.0.1", "#", "http"] {
            assert!(!error.contains(part), "{number}: {error}");
        }
    }
}
