//! Quotes between servers (FEP-044f): asking, consent, stamps that are checked, and their end.

use dassie::clock::Clock;
use serde_json::{Value, json};

use crate::api::{follow_peer, id};
use crate::support::{Instance, Peer, Person, eventually};

const CONTEXT: &str = "https://www.w3.org/ns/activitystreams";
const PUBLIC: &str = "https://www.w3.org/ns/activitystreams#Public";

/// The state of what a status quotes, and whether it is shown.
fn state(person: &Person, status: &str) -> (String, bool) {
    let quote = person.get(&format!("/api/v1/statuses/{status}"))["quote"].clone();
    let state = quote["state"].as_str().unwrap_or("none").to_owned();
    (state, quote["quoted_status"]["id"].is_string())
}

#[track_caller]
fn becomes(person: &Person, status: &str, wanted: &str) {
    let shown = (wanted.to_owned(), wanted == "accepted");
    eventually(&format!("the quote is {wanted}"), || {
        (state(person, status) == shown).then_some(())
    });
}

fn received(peer: &Peer, kind: &str) -> Vec<Value> {
    peer.received().into_iter().filter(|activity| activity["type"] == kind).collect()
}

fn at(person: &Person, status: &Value) -> String {
    let uri = status["uri"].as_str().unwrap();
    id(&eventually(&format!("{uri} arrives"), || person.finds_status(uri)))
}

fn quote(person: &Person, quoted: &str) -> Value {
    person.post("/api/v1/statuses", json!({"status": "look", "quoted_status_id": quoted}))
}

#[test]
fn f_322_f_323_f_324_two_servers_agree_on_a_quote_and_part_again() {
    let (a, b) = (Instance::start(), Instance::start());
    let (ann, bob, carl) = (a.person("ann"), b.person("bob"), b.person("carl"));
    ann.follows(&bob.handle());
    let quoted = ann.writes("quotable", "public");
    let here = at(&bob, &quoted);
    let shown = bob.get(&format!("/api/v1/statuses/{here}"));
    assert_eq!(shown["quote_approval"]["current_user"], "automatic");
    let quoting = quote(&bob, &here);
    becomes(&bob, &id(&quoting), "accepted");
    let told = ("quote".to_owned(), bob.handle());
    eventually("ann is told", || ann.notifications().contains(&told).then_some(()));
    let there = at(&ann, &quoting);
    becomes(&ann, &there, "accepted");
    assert_eq!(ann.get(&format!("/api/v1/statuses/{}", id(&quoted)))["quotes_count"], 1);
    let note = b.activity(quoting["uri"].as_str().unwrap()).json();
    let stamp = note["quoteAuthorization"].as_str().unwrap().to_owned();
    assert!(stamp.starts_with(&a.base), "{stamp}");
    let document = a.activity(&stamp).json();
    assert_eq!(document["interactionTarget"], quoted["uri"]);
    assert_eq!(document["interactingObject"], quoting["uri"]);
    // taken back
    let path = format!("/api/v1/statuses/{}/quotes/{there}/revoke", id(&quoted));
    ann.post(&path, json!({}));
    becomes(&bob, &id(&quoting), "revoked");
    becomes(&carl, &id(&quoting), "revoked");
    becomes(&ann, &there, "revoked");
    assert_eq!(a.activity(&stamp).status, 404);
    let note = b.activity(quoting["uri"].as_str().unwrap()).json();
    assert!(note.get("quoteAuthorization").is_none());
    // a policy that the other server does not know yet: asked, and refused
    let next = ann.writes("mine", "public");
    let here = at(&bob, &next);
    let nobody = json!({"quote_approval_policy": "nobody"});
    let policy = format!("/api/v1/statuses/{}/interaction_policy", id(&next));
    ann.request("PUT", &policy).json(&nobody).send().ok();
    let refused = quote(&bob, &here);
    becomes(&bob, &id(&refused), "rejected");
    assert_eq!(ann.get(&format!("/api/v1/statuses/{}", id(&next)))["quotes_count"], 0);
    // what tells that nobody may is not even asked about (F-325)
    let closed =
        ann.post("/api/v1/statuses", json!({"status": "x", "quote_approval_policy": "nobody"}));
    let body = json!({"status": "look", "quoted_status_id": at(&bob, &closed)});
    assert_eq!(bob.request("POST", "/api/v1/statuses").json(&body).send().status, 404);
}

/// A post of `name` at the peer's `/notes/<number>`, served there.
fn serve_note(peer: &Peer, name: &str, number: u32, extra: Value) -> String {
    let create = peer.create(name, number, &format!("<p>note {number}</p>"), extra);
    let mut note = create["object"].clone();
    note["@context"] = json!(CONTEXT);
    peer.serve(&format!("/notes/{number}"), note);
    peer.at(&format!("/notes/{number}"))
}

fn stamp(peer: &Peer, path: &str, author: &str, quoted: &str, quoting: &str) -> String {
    let id = peer.at(path);
    peer.serve(
        path,
        json!({
            "@context": CONTEXT, "id": id, "type": "QuoteAuthorization",
            "attributedTo": author, "interactionTarget": quoted, "interactingObject": quoting,
        }),
    );
    id
}

/// Ann follows Mia, who quotes Otto of another server.
struct Scene {
    instance: Instance,
    ann: Person,
    peer: Peer,
    other: Peer,
    quoted: String,
}

impl Scene {
    fn new() -> Self {
        let instance = Instance::start();
        let ann = instance.person("ann");
        let (peer, other) = (Peer::start(&["mia"]), Peer::start(&["otto"]));
        follow_peer(&instance, &ann, &peer, "mia");
        let quoted = serve_note(&other, "otto", 9, json!({}));
        Self { instance, ann, peer, other, quoted }
    }

    fn send(&self, number: u32, extra: Value) -> String {
        let create = self.peer.create("mia", number, "<p>look</p>", extra);
        let inbox = format!("{}/inbox", self.instance.base);
        assert_eq!(self.peer.send("mia", &inbox, &create).status, 202);
        let uri = self.peer.at(&format!("/notes/{number}"));
        id(&eventually("it arrives", || self.ann.finds_status(&uri)))
    }

    fn update(&self, number: u32, extra: Value) {
        let mut create = self.peer.create("mia", number, "<p>look</p>", extra);
        create["type"] = json!("Update");
        create["id"] =
            json!(self.peer.at(&format!("/updates/{number}/{}", dassie::crypto::token())));
        let inbox = format!("{}/inbox", self.instance.base);
        assert_eq!(self.peer.send("mia", &inbox, &create).status, 202);
    }
}

#[test]
fn f_317_f_319_quotes_in_every_spelling_are_shown() {
    let scene = Scene::new();
    let link = json!([{"type": "Link", "href": scene.quoted, "rel": "https://misskey-hub.net/ns#_misskey_quote",
        "mediaType": "application/ld+json; profile=\"https://www.w3.org/ns/activitystreams\""}]);
    let spellings = [
        json!({"_misskey_quote": scene.quoted}),
        json!({"quoteUrl": scene.quoted}),
        json!({"quoteUri": scene.quoted}),
        json!({"tag": link}),
    ];
    for (number, extra) in spellings.into_iter().enumerate() {
        let status = scene.send(number as u32 + 1, extra);
        becomes(&scene.ann, &status, "accepted");
    }
    let shown = scene.ann.finds_status(&scene.quoted).unwrap();
    assert_eq!(shown["quotes_count"], 4);
    // what is not open is not shown in that way (S-090)
    let closed = serve_note(
        &scene.other,
        "otto",
        10,
        json!({"to": [], "cc": [scene.other.at("/users/otto/followers")]}),
    );
    let status = scene.send(20, json!({"quoteUrl": closed}));
    scene.instance.settle();
    assert_eq!(state(&scene.ann, &status), ("none".into(), false));
    // one's own needs nobody's word
    let own = serve_note(&scene.peer, "mia", 30, json!({}));
    let status = scene.send(31, json!({"quote": own}));
    becomes(&scene.ann, &status, "accepted");
    // and its author's server may say that it is gone (F-318)
    let status = scene.send(32, json!({"quote": scene.quoted}));
    scene.update(32, json!({"quote": {"type": "Tombstone"}}));
    becomes(&scene.ann, &status, "deleted");
}

#[test]
fn f_320_f_321_s_042_a_stamp_must_fit_and_a_bad_one_does_no_harm() {
    let scene = Scene::new();
    let otto = scene.other.uri("otto");
    let uri = |number: u32| scene.peer.at(&format!("/notes/{number}"));
    let quoting = |number: u32, stamp: &str| {
        scene.send(number, json!({"quote": scene.quoted, "quoteAuthorization": stamp}))
    };
    let status = scene.send(1, json!({"quote": scene.quoted}));
    scene.instance.settle();
    assert_eq!(state(&scene.ann, &status), ("pending".into(), false), "nobody agreed");
    // each of the four fields, another server, no stamp at all
    let bad = [
        stamp(&scene.other, "/stamps/1", &scene.peer.uri("mia"), &scene.quoted, &uri(2)),
        stamp(&scene.other, "/stamps/2", &otto, &scene.other.at("/notes/8"), &uri(3)),
        stamp(&scene.other, "/stamps/3", &otto, &scene.quoted, &uri(99)),
        stamp(&scene.peer, "/stamps/4", &otto, &scene.quoted, &uri(5)),
        scene.quoted.clone(),
    ];
    let mut kept = Vec::new();
    for (number, bad) in (2..).zip(&bad) {
        kept.push(quoting(number, bad));
    }
    scene.instance.settle();
    for status in &kept {
        assert_eq!(state(&scene.ann, status), ("pending".into(), false));
    }
    // the good one comes later
    let good = stamp(&scene.other, "/stamps/good", &otto, &scene.quoted, &uri(2));
    scene.update(2, json!({"quote": scene.quoted, "quoteAuthorization": good}));
    becomes(&scene.ann, &kept[0], "accepted");
    // somebody else's Delete of it is nothing, its author's is the end
    let delete = |peer: &Peer, name: &str| {
        let activity = json!({
            "@context": CONTEXT, "id": peer.at("/deletes/1"), "type": "Delete",
            "actor": peer.uri(name), "object": {"id": good, "type": "QuoteAuthorization"},
        });
        let inbox = format!("{}/inbox", scene.instance.base);
        assert_eq!(peer.send(name, &inbox, &activity).status, 202);
        scene.instance.settle();
    };
    delete(&scene.peer, "mia");
    assert_eq!(state(&scene.ann, &kept[0]).0, "accepted");
    delete(&scene.other, "otto");
    becomes(&scene.ann, &kept[0], "revoked");
    // told again it stays revoked
    scene.update(2, json!({"quote": scene.quoted, "quoteAuthorization": good}));
    scene.instance.settle();
    assert_eq!(state(&scene.ann, &kept[0]).0, "revoked");
}

#[test]
fn f_318_s_140_quotes_in_quotes_are_fetched_two_deep() {
    let scene = Scene::new();
    for number in 100..110 {
        let next = scene.other.at(&format!("/notes/{}", number + 1));
        serve_note(&scene.other, "otto", number, json!({"quote": next}));
    }
    let first = scene.other.at("/notes/100");
    let status = scene.send(1, json!({"quoteUrl": first}));
    becomes(&scene.ann, &status, "accepted");
    scene.instance.settle();
    let asked = scene.other.asked();
    assert!(asked.contains(&"/notes/101".to_owned()), "{asked:?}");
    assert!(!asked.contains(&"/notes/103".to_owned()), "{asked:?}");
    // a quote of itself, and a circle
    let here = scene.other.at("/notes/200");
    let there = serve_note(&scene.other, "otto", 201, json!({"quote": here}));
    serve_note(&scene.other, "otto", 200, json!({"quote": there}));
    let status = scene.send(2, json!({"quoteUrl": here}));
    becomes(&scene.ann, &status, "accepted");
    scene.instance.settle();
}

/// A vector with its invented addresses in place of the real ones.
fn vector(name: &str, replace: &[(&str, &str)]) -> Value {
    let path = format!("{}/tests/vectors/mastodon/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let mut text = std::fs::read_to_string(path).unwrap();
    for (from, to) in replace {
        text = text.replace(from, to);
    }
    serde_json::from_str(&text).unwrap()
}

#[test]
fn f_200_f_322_a_request_of_mastodon_is_answered_by_the_policy() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let peer = Peer::start(&["maria"]);
    let masto = format!("http://{}", peer.host);
    ann.finds(&format!("maria@{}", peer.host));
    let inbox = format!("{}/inbox", instance.base);
    let request = |quoted: &Value, number: &str| {
        let vector = vector(
            "quote_request",
            &[
                ("https://masto.example", &masto),
                (
                    "https://dassie.example/posts/01JZPOST000000000000000001",
                    quoted["uri"].as_str().unwrap(),
                ),
                ("114020", number),
                ("quote_requests/1", &format!("quote_requests/{number}")),
            ],
        );
        assert_eq!(peer.send("maria", &inbox, &vector).status, 202);
        vector
    };
    let open = ann.writes("open", "public");
    let asked = request(&open, "114020");
    let accept = eventually("it is accepted", || received(&peer, "Accept").pop());
    assert_eq!(accept["object"]["id"], asked["id"]);
    assert_eq!(accept["object"]["instrument"], asked["instrument"]["id"]);
    let stamp = accept["result"].as_str().unwrap();
    assert_eq!(instance.activity(stamp).json()["interactingObject"], asked["instrument"]["id"]);
    let told = ("quote".to_owned(), format!("maria@{}", peer.host));
    assert_eq!(ann.notifications(), [told]);
    let quoting = id(&ann.finds_status(asked["instrument"]["id"].as_str().unwrap()).unwrap());
    assert_eq!(state(&ann, &quoting), ("accepted".into(), true));
    // asked again: the same answer, told once
    let mut again = asked.clone();
    again["id"] = json!(format!("{}/again", asked["id"].as_str().unwrap()));
    assert_eq!(peer.send("maria", &inbox, &again).status, 202);
    eventually("it is answered again", || (received(&peer, "Accept").len() == 2).then_some(()));
    assert_eq!(ann.notifications().len(), 1);
    // nobody may, and what is not open nobody may
    let nobody =
        ann.post("/api/v1/statuses", json!({"status": "x", "quote_approval_policy": "nobody"}));
    let private = ann.writes("private", "private");
    for (quoted, number) in [(&nobody, "114021"), (&private, "114022")] {
        let before = received(&peer, "Reject").len();
        request(quoted, number);
        eventually("it is refused", || (received(&peer, "Reject").len() > before).then_some(()));
        let list = ann.get(&format!("/api/v1/statuses/{}/quotes", id(quoted)));
        assert_eq!(list, json!([]));
    }
    // taken back, a new request does not bring it again
    ann.post(&format!("/api/v1/statuses/{}/quotes/{quoting}/revoke", id(&open)), json!({}));
    let delete = eventually("it is told", || received(&peer, "Delete").pop());
    assert_eq!(delete["object"]["id"], stamp);
    again["id"] = json!(format!("{}/more", asked["id"].as_str().unwrap()));
    let before = received(&peer, "Reject").len();
    assert_eq!(peer.send("maria", &inbox, &again).status, 202);
    eventually("it is refused", || (received(&peer, "Reject").len() > before).then_some(()));
    assert_eq!(state(&ann, &quoting).0, "revoked");
    // somebody else's status is not quoted in their name
    let mallory = Peer::start(&["mallory"]);
    let mut forged = asked;
    forged["actor"] = json!(mallory.uri("mallory"));
    forged["id"] = json!(mallory.at("/requests/1"));
    forged["object"] = open["uri"].clone();
    assert_eq!(mallory.send("mallory", &inbox, &forged).status, 202);
    instance.settle();
    assert!(mallory.received().is_empty());
}

#[test]
fn f_324_f_328_only_the_quoted_author_answers_what_was_asked() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let peer = Peer::start(&["maria", "eve"]);
    let other = Peer::start(&["mallory"]);
    let policy = json!({"canQuote": {"automaticApproval": [PUBLIC]}});
    let quoted = serve_note(&peer, "maria", 114_001, json!({"interactionPolicy": policy}));
    let here = id(&ann.finds_status(&quoted).unwrap());
    ann.finds(&format!("mallory@{}", other.host));
    ann.finds(&format!("eve@{}", peer.host));
    // and one of hers that nobody may quote
    let closed = serve_note(&peer, "maria", 114_002, json!({}));
    let body = json!({"status": "x", "quoted_status_id": id(&ann.finds_status(&closed).unwrap())});
    assert_eq!(ann.request("POST", "/api/v1/statuses").json(&body).send().status, 404);
    let quoting = quote(&ann, &here);
    assert_eq!(quoting["quote"], json!({"state": "pending", "quoted_status": null}));
    let request = eventually("maria is asked", || received(&peer, "QuoteRequest").pop());
    assert_eq!((&request["object"], &request["actor"]), (&json!(quoted), &json!(ann.uri)));
    assert_eq!(request["instrument"]["id"], quoting["uri"]);
    assert_eq!(request["instrument"]["quote"], quoted);
    let status = id(&quoting);
    let inbox = format!("{}/inbox", instance.base);
    let answer = |from: &Peer, name: &str, kind: &str, result: &str| {
        let mut activity = vector(
            "accept_quote_request",
            &[
                ("https://masto.example/users/maria#accepts", &from.at(&format!("/{kind}/{name}"))),
                (
                    "https://dassie.example/activities/01JZQREQ000000000000000001",
                    request["id"].as_str().unwrap(),
                ),
                ("https://dassie.example/users/01JZANN0000000000000000000", &ann.uri),
                ("https://masto.example/users/maria/statuses/114001", &quoted),
                (
                    "https://dassie.example/posts/01JZPOST000000000000000001",
                    quoting["uri"].as_str().unwrap(),
                ),
            ],
        );
        activity["actor"] = json!(from.uri(name));
        activity["type"] = json!(kind);
        activity["result"] = json!(result);
        let now = Clock::system().now_ms();
        activity["id"] = json!(from.at(&format!("/answers/{kind}/{name}/{now}")));
        assert_eq!(from.send(name, &inbox, &activity).status, 202);
        instance.settle();
    };
    let stamp = peer.at("/users/maria/quote_authorizations/3");
    answer(&other, "mallory", "Accept", &other.at("/stamp"));
    answer(&other, "mallory", "Reject", "");
    answer(&peer, "eve", "Accept", &stamp);
    answer(&peer, "maria", "Accept", &other.at("/stamp"));
    assert_eq!(state(&ann, &status), ("pending".into(), false));
    answer(&peer, "maria", "Accept", &stamp);
    becomes(&ann, &status, "accepted");
    let note = instance.activity(quoting["uri"].as_str().unwrap()).json();
    assert_eq!(note["quoteAuthorization"], stamp);
    let update = eventually("all learn of it", || received(&peer, "Update").pop());
    assert_eq!(update["object"]["quoteAuthorization"], stamp);
    assert!(update["object"].get("updated").is_none(), "no edit");
    let create = received(&peer, "Create");
    assert_eq!(create.len(), 1, "the quoted author has it");
    answer(&peer, "maria", "Reject", "");
    assert_eq!(state(&ann, &status).0, "accepted", "what was answered is answered");
    let delete = vector(
        "delete_quote_authorization",
        &[("https://masto.example/users/maria", &peer.uri("maria"))],
    );
    let delete: Value = serde_json::from_str(&delete.to_string().replace(
        &format!("{}/quote_authorizations/3#delete", peer.uri("maria")),
        &peer.at("/deletes/3"),
    ))
    .unwrap();
    assert_eq!(delete["object"]["id"], stamp);
    assert_eq!(peer.send("maria", &inbox, &delete).status, 202);
    becomes(&ann, &status, "revoked");
    // what was shown to be asked about goes from there as well
    let private = json!({"status": "x", "quoted_status_id": here, "visibility": "private"});
    let private = ann.post("/api/v1/statuses", private);
    instance.settle();
    assert_eq!(received(&peer, "Create").len(), 1, "for followers");
    ann.delete(&format!("/api/v1/statuses/{}", id(&private)));
    let delete = eventually("it is told", || received(&peer, "Delete").pop());
    assert_eq!(delete["object"]["id"], private["uri"]);
}
