//! Collections that we serve, as readers walk them.

use serde_json::{Value, json};

use crate::support::{Instance, Peer, Person, Request};

fn id(status: &Value) -> String {
    status["id"].as_str().unwrap().to_owned()
}

fn uri(status: &Value) -> String {
    status["uri"].as_str().unwrap().to_owned()
}

fn answer(person: &Person, parent: &Value, text: &str, visibility: &str) -> Value {
    person.post(
        "/api/v1/statuses",
        json!({
            "status": text, "visibility": visibility, "in_reply_to_id": parent["id"],
        }),
    )
}

/// All items from a page on, by `next`.
fn walk(instance: &Instance, first: &str) -> Vec<String> {
    let mut next = Some(first.to_owned());
    let mut all = Vec::new();
    let mut pages = 0;
    while let Some(address) = next.take() {
        let page = instance.activity(&address).json();
        assert_eq!(page["id"], address);
        for key in ["items", "orderedItems"] {
            for item in page[key].as_array().into_iter().flatten() {
                let id = item.as_str().or_else(|| item["id"].as_str()).unwrap();
                all.push(id.to_owned());
            }
        }
        next = page["next"].as_str().map(str::to_owned);
        pages += 1;
        assert!(pages < 20);
    }
    all
}

#[test]
fn f_236_f_239_the_outbox_is_walked_forth_and_back() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let other = bob.writes("of bob", "public");
    let mut written = Vec::new();
    for n in 0..45 {
        written.push(format!("{}/activity", uri(&ann.writes(&format!("number {n}"), "unlisted"))));
        ann.writes("quiet", "private");
    }
    ann.post(&format!("/api/v1/statuses/{}/reblog", id(&other)), json!({}));
    let outbox = format!("{}/outbox", ann.uri);
    let list = instance.activity(&outbox).json();
    assert_eq!(list["type"], "OrderedCollection");
    let mut all = walk(&instance, list["first"].as_str().unwrap());
    let first = instance.activity(list["first"].as_str().unwrap()).json();
    assert_eq!(first["orderedItems"][0]["type"], "Announce");
    assert_eq!(first["orderedItems"][1]["type"], "Create");
    all.remove(0);
    written.reverse();
    assert_eq!(all, written);
    // what comes in front of it moves nothing
    let second = first["next"].as_str().unwrap();
    let before = instance.activity(second).text();
    ann.writes("later", "public");
    assert_eq!(instance.activity(second).text(), before);
    // and back again
    let prev = instance.activity(second).json()["prev"].as_str().unwrap().to_owned();
    let up = instance.activity(&prev).json();
    assert_eq!(up["orderedItems"].as_array().unwrap().len(), 20);
    assert_eq!(up["orderedItems"][19]["id"], written[18]);
}

#[test]
fn f_241_f_242_replies_are_ones_own_first() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let first = ann.writes("beginning", "public");
    let mut theirs = Vec::new();
    for n in 0..21 {
        theirs.push(uri(&answer(&bob, &first, &format!("bob {n}"), "public")));
    }
    answer(&bob, &first, "@ann quiet", "direct");
    let mut own = Vec::new();
    for n in 0..22 {
        own.push(uri(&answer(&ann, &first, &format!("ann {n}"), "unlisted")));
    }
    answer(&ann, &first, "quiet", "private");
    let note = instance.activity(&uri(&first)).json();
    assert_eq!(note["replies"]["type"], "Collection");
    let inside = note["replies"]["first"]["items"].as_array().unwrap();
    assert_eq!(inside.len(), 5);
    assert_eq!(inside[0], own[0]);
    let list = instance.activity(note["replies"]["id"].as_str().unwrap()).json();
    assert_eq!((&list["type"], &list["id"]), (&json!("Collection"), &note["replies"]["id"]));
    let expected: Vec<String> = own.iter().chain(&theirs).cloned().collect();
    assert_eq!(walk(&instance, list["first"].as_str().unwrap()), expected);
    assert_eq!(walk(&instance, note["replies"]["first"]["next"].as_str().unwrap()), expected);
    bob.post(&format!("/api/v1/statuses/{}/favourite", id(&first)), json!({}));
    for (what, total) in [("likes", 1), ("shares", 0)] {
        let list = instance.activity(&format!("{}/{what}", uri(&first))).json();
        assert_eq!((&list["type"], &list["totalItems"]), (&json!("Collection"), &json!(total)));
        assert_eq!(list["id"], note[what]["id"]);
    }
}

#[test]
fn f_243_a_thread_that_began_here_is_a_collection() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let peer = Peer::start(&["mia"]);
    let first = ann.writes("beginning", "public");
    let second = answer(&bob, &first, "bob", "public");
    let third = answer(&ann, &second, "ann again", "unlisted");
    answer(&bob, &third, "quiet", "private");
    let reply =
        peer.create("mia", 1, "<p>mia</p>", json!({"inReplyTo": uri(&third), "cc": [ann.uri]}));
    assert_eq!(peer.send("mia", &format!("{}/inbox", instance.base), &reply).status, 202);
    instance.settle();
    let context = format!("{}/context", uri(&first));
    for status in [&first, &second, &third] {
        assert_eq!(instance.activity(&uri(status)).json()["context"], context);
    }
    let list = instance.activity(&context).json();
    assert_eq!(
        (&list["type"], &list["attributedTo"]),
        (&json!("OrderedCollection"), &json!(ann.uri))
    );
    let all = walk(&instance, list["first"].as_str().unwrap());
    assert_eq!(all, [uri(&first), uri(&second), uri(&third), peer.at("/notes/1")]);
    // only the beginning has it, and a thread that began elsewhere is not ours
    assert_eq!(instance.activity(&format!("{}/context", uri(&second))).status, 404);
    let quiet = ann.writes("quiet", "private");
    assert_eq!(instance.activity(&format!("{}/context", uri(&quiet))).status, 404);
    let far = peer.create("mia", 2, "<p>far</p>", json!({"cc": [ann.uri]}));
    assert_eq!(peer.send("mia", &format!("{}/inbox", instance.base), &far).status, 202);
    instance.settle();
    let far = ann.finds_status(&peer.at("/notes/2")).unwrap();
    let mine = answer(&ann, &far, "hello", "public");
    assert!(instance.activity(&uri(&mine)).json()["context"].is_null());
    assert_eq!(instance.activity(&format!("{}/context", uri(&mine))).status, 404);
}

#[test]
fn f_239_f_246_hostile_cursors_are_refused_and_head_is_get() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let first = uri(&ann.writes("hello", "public"));
    let pages = [
        format!("{}/outbox", ann.uri),
        format!("{}/followers", ann.uri),
        format!("{}/following", ann.uri),
        format!("{first}/replies"),
        format!("{first}/context"),
    ];
    for page in &pages {
        for cursor in ["x", "-1", "99999999999999999999", "1%27--", "%00", "1e9"] {
            let address = format!("{page}?page=true&min_id={cursor}");
            assert_eq!(instance.activity(&address).status, 400, "{address}");
        }
        assert_eq!(instance.activity(&format!("{page}?page=true&min_id=5&odd=%ff")).status, 200);
    }
    let more = [
        ann.uri.clone(),
        format!("{}/collections/featured", ann.uri),
        format!("{first}/likes"),
        format!("{first}/shares"),
        first.clone(),
    ];
    for address in pages.iter().chain(&more) {
        let head = Request::new("HEAD", address)
            .header("accept", "application/activity+json")
            .header("accept-encoding", "identity")
            .send();
        assert_eq!((head.status, head.body.len()), (200, 0), "{address}");
    }
}
