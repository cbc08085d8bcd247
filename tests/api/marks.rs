//! What one does with statuses for oneself: bookmarks, pins, muted conversations.

use serde_json::{Value, json};

use super::{follow_peer, id, ids};
use crate::support::{Instance, Peer, eventually, texts};

#[test]
fn a_bookmark_is_ones_own_and_is_found_by_search() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let first = id(&ann.writes("a rare word: quokka", "public"));
    let second = id(&ann.writes("another", "public"));
    let marked = bob.post(&format!("/api/v1/statuses/{first}/bookmark"), json!({}));
    assert_eq!(marked["bookmarked"], true);
    bob.post(&format!("/api/v1/statuses/{second}/bookmark"), json!({}));
    bob.post(&format!("/api/v1/statuses/{second}/bookmark"), json!({}));
    assert_eq!(ann.get(&format!("/api/v1/statuses/{first}"))["bookmarked"], false);
    assert_eq!(ids(&bob.get("/api/v1/bookmarks")), [second.clone(), first.clone()]);
    assert_eq!(ann.get("/api/v1/bookmarks"), json!([]));
    let found = bob.get("/api/v2/search?type=statuses&q=quokka");
    assert_eq!(ids(&found["statuses"]), [first.as_str()]);
    // pages go by the time of bookmarking
    let answer = bob.request("GET", "/api/v1/bookmarks?limit=1").send();
    let link = answer.header("link").unwrap().to_owned();
    let next = link.split('>').next().unwrap().split("/api/").nth(1).unwrap();
    assert_eq!(ids(&bob.get(&format!("/api/{next}"))), [first.as_str()]);
    let after = bob.post(&format!("/api/v1/statuses/{first}/unbookmark"), json!({}));
    assert_eq!(after["bookmarked"], false);
    assert_eq!(ids(&bob.get("/api/v1/bookmarks")), [second]);
    // what one may not read cannot be marked
    let secret = id(&ann.writes("secret", "direct"));
    for deed in ["bookmark", "unbookmark", "pin", "unpin", "mute", "unmute"] {
        let path = format!("/api/v1/statuses/{secret}/{deed}");
        assert_eq!(bob.request("POST", &path).send().status, 404, "{deed}");
    }
}

#[test]
fn f_196_f_240_pins_show_on_the_profile_and_are_told() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let peer = Peer::start(&["mia"]);
    let follow = json!({
        "@context": "https://www.w3.org/ns/activitystreams", "id": peer.at("/follows/1"),
        "type": "Follow", "actor": peer.uri("mia"), "object": ann.uri,
    });
    assert_eq!(peer.send("mia", &format!("{}/inbox", instance.base), &follow).status, 202);
    instance.settle();
    let open = ann.writes("open", "public");
    let closed = ann.writes("closed", "private");
    for status in [&open, &closed] {
        let pinned = ann.post(&format!("/api/v1/statuses/{}/pin", id(status)), json!({}));
        assert_eq!(pinned["pinned"], true);
    }
    let path = format!("/api/v1/accounts/{}/statuses?pinned=true", ann.id);
    assert_eq!(texts(&ann.get(&path)), ["closed", "open"]);
    assert_eq!(texts(&bob.get(&path)), ["open"]);
    assert!(bob.get(&path)[0].get("pinned").is_none(), "only on one's own");
    let featured = instance.activity(&format!("{}/collections/featured", ann.uri)).json();
    assert_eq!(featured["totalItems"], 1);
    assert_eq!(featured["orderedItems"][0]["id"], open["uri"]);
    assert_eq!(featured["orderedItems"][0]["type"], "Note");
    ann.post(&format!("/api/v1/statuses/{}/unpin", id(&open)), json!({}));
    assert_eq!(texts(&bob.get(&path)), [""; 0]);
    instance.settle();
    let told: Vec<(Value, Value)> = peer
        .received()
        .into_iter()
        .filter(|a| a["type"] == "Add" || a["type"] == "Remove")
        .map(|a| (a["type"].clone(), a["object"].clone()))
        .collect();
    let uri = |status: &Value| status["uri"].clone();
    assert_eq!(
        told,
        [(json!("Add"), uri(&open)), (json!("Add"), uri(&closed)), (json!("Remove"), uri(&open))]
    );
    // what cannot be pinned
    let refused = |person: &crate::support::Person, status: &str, why: &str| {
        let answer = person.request("POST", &format!("/api/v1/statuses/{status}/pin")).send();
        assert_eq!(answer.status, 422);
        assert_eq!(answer.json()["error"], format!("Validation failed: {why}"));
    };
    refused(&bob, &id(&open), "Someone else's post cannot be pinned");
    let direct = id(&ann.writes("direct", "direct"));
    refused(&ann, &direct, "Posts that are only visible to mentioned users cannot be pinned");
    let boost = ann.post(&format!("/api/v1/statuses/{}/reblog", id(&open)), json!({}));
    refused(&ann, &id(&boost), "A boost cannot be pinned");
    for n in 0..4 {
        let status = id(&ann.writes(&format!("{n}"), "public"));
        ann.post(&format!("/api/v1/statuses/{status}/pin"), json!({}));
    }
    refused(&ann, &id(&open), "You have already pinned the maximum number of posts");
    assert_eq!(ann.get(&format!("/api/v1/statuses/{}", id(&open)))["pinned"], false);
}

#[test]
fn f_196_pins_of_others_are_taken() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let peer = Peer::start(&["mia", "nora"]);
    let featured = format!("{}/featured", peer.uri("mia"));
    let key = "/users/mia";
    let mut actor = peer.document(key);
    actor["featured"] = json!(featured);
    peer.serve(key, actor);
    let mia = follow_peer(&instance, &ann, &peer, "mia");
    let inbox = format!("{}/inbox", instance.base);
    let create = peer.create("mia", 1, "<p>mine</p>", json!({}));
    assert_eq!(peer.send("mia", &inbox, &create).status, 202);
    let pin = |number: &str, kind: &str, by: &str| {
        json!({
            "@context": "https://www.w3.org/ns/activitystreams", "id": peer.at(number),
            "type": kind, "actor": peer.uri(by), "object": peer.at("/notes/1"),
            "target": featured,
        })
    };
    let path = format!("/api/v1/accounts/{mia}/statuses?pinned=true");
    peer.send("nora", &inbox, &pin("/pins/0", "Add", "nora"));
    instance.settle();
    assert_eq!(ann.get(&path), json!([]), "nobody pins for another");
    peer.send("mia", &inbox, &pin("/pins/1", "Add", "mia"));
    eventually("it is pinned", || (texts(&ann.get(&path)) == ["mine"]).then_some(()));
    peer.send("mia", &inbox, &pin("/pins/2", "Remove", "mia"));
    eventually("it is not pinned", || (ann.get(&path) == json!([])).then_some(()));
}

#[test]
fn a_muted_conversation_is_quiet() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let first = id(&ann.writes("what do you think?", "public"));
    let muted = ann.post(&format!("/api/v1/statuses/{first}/mute"), json!({}));
    assert_eq!(muted["muted"], true);
    let reply = |text: &str| {
        let body = json!({"status": text, "in_reply_to_id": first});
        id(&bob.post("/api/v1/statuses", body))
    };
    let quiet = reply("@ann a lot");
    bob.post(&format!("/api/v1/statuses/{first}/favourite"), json!({}));
    assert!(ann.notifications().is_empty());
    assert_eq!(ann.get(&format!("/api/v1/statuses/{quiet}"))["muted"], true);
    assert_eq!(bob.get(&format!("/api/v1/statuses/{quiet}"))["muted"], false);
    bob.writes("@ann elsewhere", "public");
    assert_eq!(ann.notifications().len(), 1, "other conversations are heard");
    let heard = ann.post(&format!("/api/v1/statuses/{quiet}/unmute"), json!({}));
    assert_eq!(heard["muted"], false);
    reply("@ann again");
    assert_eq!(ann.notifications().len(), 2);
}

#[test]
fn several_statuses_are_read_at_once() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let [open, private, other] = ["public", "private", "unlisted"].map(|v| id(&ann.writes(v, v)));
    let path = format!("/api/v1/statuses?id[]={other}&id[]={private}&id[]=5&id[]=x&id[]={open}");
    assert_eq!(ids(&ann.get(&path)), [other.clone(), private, open.clone()]);
    assert_eq!(ids(&bob.get(&path)), [other.clone(), open.clone()]);
    assert_eq!(ids(&instance.get(&path).ok()), [other, open]);
    assert_eq!(instance.get("/api/v1/statuses").ok(), json!([]));
}
