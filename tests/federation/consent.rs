//! No way around what an author wants (checklist section S), and nobody in the way of others.

use serde_json::{Value, json};

use super::policies::{Scene, asking, below, manual, received, send, status};
use crate::api::{follow_peer, id, ids};
use crate::support::{Instance, Peer, Person, eventually};

const PUBLIC: &str = "https://www.w3.org/ns/activitystreams#Public";

fn waiting(person: &Person) -> Vec<String> {
    ids(&person.get("/api/v1/interaction_requests?limit=80"))
}

fn block(person: &Person, peer: &Peer, name: &str, deed: &str) {
    let account = id(&person.finds(&format!("{name}@{}", peer.host)));
    person.post(&format!("/api/v1/accounts/{account}/{deed}"), json!({}));
}

#[test]
fn f_332_f_336_a_reaction_is_no_favourite_without_a_word() {
    let scene = Scene::new();
    let react = |person: &Person, id: &str| {
        let path = format!("/api/v1/pleroma/statuses/{id}/reactions/%F0%9F%8E%89");
        person.request("PUT", &path).json(&json!({})).send().status
    };
    let own = id(&asking(&scene.ann, "can_favourite"));
    assert_eq!((react(&scene.carl, &own), react(&scene.ann, &own)), (403, 200));
    let there = scene.post(1, manual(true));
    assert_eq!(react(&scene.ann, &there), 403);
    let nobody = json!({"interactionPolicy": {"canLike": {"always": []}}});
    assert_eq!(react(&scene.ann, &scene.post(2, nobody)), 403);
    assert_eq!(react(&scene.ann, &scene.post(3, json!({}))), 200);
    scene.instance.settle();
    let sent = received(&scene.otto, "Like").len() + received(&scene.otto, "EmojiReact").len();
    assert_eq!(sent, 1);
}

#[test]
fn f_336_s_094_nobody_takes_the_room_of_others() {
    let instance = Instance::start();
    let (ann, dora) = (instance.person("ann"), instance.person("dora"));
    let peer = Peer::start(&["eve", "bad", "noa"]);
    let post = asking(&ann, "can_reply");
    let uri = post["uri"].clone();
    let reply = |name: &str, number: u32| {
        let extra = json!({"inReplyTo": uri, "cc": [ann.uri],
            "tag": [{"type": "Mention", "href": ann.uri, "name": "@ann"}]});
        let create = peer.create(name, number, "<p>hey</p>", extra);
        send(&instance, &peer, name, create);
    };
    // whom she blocks asks her nothing, and is told nothing
    block(&ann, &peer, "bad", "block");
    reply("bad", 1);
    let nobody = json!({"can_reblog": {"automatic_approval": [], "manual_approval": []}});
    let closed = json!({"status": "closed", "interaction_policy": nobody});
    let closed = ann.post("/api/v1/statuses", closed)["uri"].clone();
    let boost = json!({"id": peer.at("/boosts/1"), "type": "Announce", "object": closed,
        "to": [PUBLIC]});
    send(&instance, &peer, "bad", boost);
    instance.settle();
    assert_eq!(received(&peer, "Reject"), Vec::<Value>::new());
    block(&ann, &peer, "bad", "unblock");
    assert_eq!(waiting(&ann), Vec::<String>::new());
    assert_eq!(below(&dora, &id(&post)), Vec::<String>::new());
    // who asks too much is not heard, the next one is
    for number in 10..35 {
        reply("eve", number);
    }
    reply("noa", 50);
    instance.settle();
    let asked = ann.get("/api/v1/interaction_requests?limit=80");
    let of = |name: &str| {
        let all = asked.as_array().unwrap().iter();
        all.filter(|one| one["account"]["username"] == name).count()
    };
    assert_eq!((of("eve"), of("noa")), (20, 1));
    assert_eq!(below(&dora, &id(&post)), Vec::<String>::new());
}

#[test]
fn f_336_what_was_agreed_to_below_one_that_waits_comes_out_with_it() {
    let instance = Instance::start();
    let (ann, carl, dora) =
        (instance.person("ann"), instance.person("carl"), instance.person("dora"));
    let peer = Peer::start(&["fay", "noa"]);
    let follow = json!({"id": peer.at("/f"), "type": "Follow", "object": carl.uri});
    send(&instance, &peer, "fay", follow);
    instance.settle();
    let post = id(&asking(&ann, "can_reply"));
    let rule = json!({"can_reply": {"always": ["followers"], "with_approval": ["public"]}});
    let first = json!({"status": "first", "in_reply_to_id": post, "interaction_policy": rule});
    let first = carl.post("/api/v1/statuses", first);
    let create = peer.create("fay", 1, "<p>second</p>", json!({"inReplyTo": first["uri"]}));
    send(&instance, &peer, "fay", create);
    instance.settle();
    assert_eq!(received(&peer, "Accept").len(), 2, "the follow, and the follower's reply");
    assert_eq!(below(&dora, &post), Vec::<String>::new());
    let create = peer.create("noa", 2, "<p>third</p>", json!({"inReplyTo": first["uri"]}));
    send(&instance, &peer, "noa", create);
    instance.settle();
    let request = &waiting(&carl)[0];
    carl.post(&format!("/api/v1/interaction_requests/{request}/authorize"), json!({}));
    assert_eq!(below(&dora, &post), Vec::<String>::new(), "what is above it waits");
    assert_eq!(received(&peer, "Create"), Vec::<Value>::new());
    let request = &waiting(&ann)[0];
    ann.post(&format!("/api/v1/interaction_requests/{request}/authorize"), json!({}));
    assert_eq!(below(&dora, &post), ["first", "second", "third"]);
    assert_eq!(status(&dora, &post)["replies_count"], 1);
    // and now it goes to those who follow, and its author sees how far it is
    eventually("it is delivered", || (received(&peer, "Create").len() == 1).then_some(()));
    let progress = carl.get(&format!("/api/v1/statuses/{}/deliveries", id(&first)));
    assert_eq!(progress["total"], 1, "{progress}");
}

#[test]
fn f_334_f_336_no_boost_comes_by_another_way() {
    let scene = Scene::new();
    let (ann, carl) = (&scene.ann, &scene.carl);
    let peer = Peer::start(&["group", "mia"]);
    follow_peer(&scene.instance, ann, &peer, "group");
    let nobody = json!({"can_reblog": {"automatic_approval": [], "manual_approval": []}});
    let closed = json!({"status": "closed", "interaction_policy": nobody});
    let closed = ann.post("/api/v1/statuses", closed);
    let asks = asking(ann, "can_reblog");
    let open = ann.writes("open", "public");
    let theirs = scene.post(1, manual(true));
    let uris = [&closed, &asks, &open].map(|status| status["uri"].as_str().unwrap().to_owned());
    let uris = [&uris[..], &[scene.otto.at("/notes/1")]].concat();
    let boosts = || {
        let count = |id: &str| status(carl, id)["reblogs_count"].as_i64().unwrap();
        [count(&id(&closed)), count(&id(&asks)), count(&id(&open)), count(&theirs)]
    };
    // in a group's name
    for (number, uri) in uris.iter().enumerate() {
        let inner = json!({"id": scene.otto.at(&format!("/c/{number}")), "type": "Create",
            "actor": scene.otto.uri("otto"), "object": uri});
        let wrapped = json!({"id": peer.at(&format!("/w/{number}")), "type": "Announce",
            "to": [PUBLIC], "object": inner});
        send(&scene.instance, &peer, "group", wrapped);
    }
    scene.instance.settle();
    assert_eq!(boosts(), [0, 0, 1, 0]);
    assert_eq!(waiting(ann).len(), 1, "the group asks as anybody does");
    // in an outbox
    let mia = peer.uri("mia");
    let items: Vec<Value> = uris
        .iter()
        .enumerate()
        .map(|(number, uri)| {
            json!({"id": peer.at(&format!("/o/{number}")), "type": "Announce", "actor": mia,
                "published": "2024-01-01T00:00:00Z", "to": [PUBLIC], "object": uri})
        })
        .collect();
    peer.serve(
        "/users/mia/outbox",
        json!({"@context": "https://www.w3.org/ns/activitystreams", "id": format!("{mia}/outbox"),
            "type": "OrderedCollection", "totalItems": 4, "orderedItems": items}),
    );
    let found = ann.finds(&format!("mia@{}", peer.host));
    ann.get(&format!("/api/v1/accounts/{}/statuses", id(&found)));
    eventually("the outbox is read", || (boosts()[2] == 2).then_some(()));
    scene.instance.settle();
    assert_eq!(boosts(), [0, 0, 2, 0]);
}
