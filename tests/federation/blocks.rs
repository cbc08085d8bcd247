//! Blocks hold at every point where something could come in or go out.

use dassie::control::{self, Command};
use serde_json::json;

use crate::api::follow_peer;
use crate::support::{Instance, Peer, eventually};

const CONTEXT: &str = "https://www.w3.org/ns/activitystreams";

fn suspend(instance: &Instance, domain: &str) {
    let block =
        Command::DomainBlock { domain: domain.into(), severity: "suspend".into(), comment: None };
    control::execute(&instance.app, block).unwrap();
    instance.settle();
}

#[test]
fn s_039_f_338_a_blocked_server_comes_in_by_no_way() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let (good, bad) = (Peer::start(&["mia"]), Peer::start(&["eve"]));
    follow_peer(&instance, &ann, &good, "mia");
    let mut note = bad.create("eve", 1, "<p>evil</p>", json!({}))["object"].clone();
    note["@context"] = json!(CONTEXT);
    bad.serve("/notes/1", note);
    suspend(&instance, &bad.host);
    suspend(&instance, "blocked.example");
    let evil = bad.at("/notes/1");
    let inbox = format!("{}/inbox", instance.base);
    // the inbox: as actor, as signer, and below a blocked domain
    let create = bad.create("eve", 2, "<p>evil</p>", json!({"cc": [ann.uri]}));
    assert_eq!(bad.send("eve", &inbox, &create).status, 403);
    let innocent = good.create("mia", 1, "<p>hi</p>", json!({}));
    let key_id = format!("{}#main-key", bad.uri("eve"));
    let bytes = innocent.to_string();
    assert_eq!(bad.send_with_key_id(&key_id, &inbox, bytes.as_bytes()).status, 403);
    let mut below = create.clone();
    below["actor"] = json!("http://deep.below.blocked.example/users/x");
    assert_eq!(bad.send("eve", &inbox, &below).status, 403);
    // what others say of it: a boost, a reply, a quote
    let announce = json!({
        "@context": CONTEXT, "id": good.at("/boosts/1"), "type": "Announce",
        "actor": good.uri("mia"), "to": [format!("{CONTEXT}#Public")], "object": evil,
    });
    let reply = good.create("mia", 2, "<p>a reply</p>", json!({"inReplyTo": evil}));
    let quote = good.create("mia", 3, "<p>a quote</p>", json!({"quoteUrl": evil, "quote": evil}));
    for activity in [announce, reply, quote] {
        assert_eq!(good.send("mia", &inbox, &activity).status, 202);
    }
    instance.settle();
    let home = ann.home();
    assert_eq!(home, ["a quote"], "an answer to nobody whom one follows is not shown there");
    assert!(ann.finds_status(&good.at("/notes/2")).is_some());
    // what people here ask for: a search by handle and by address, a mention, a thread
    let handle = format!("eve@{}", bad.host);
    let found = ann.get(&format!("/api/v2/search?resolve=true&q={handle}"));
    assert_eq!((&found["accounts"], &found["statuses"]), (&json!([]), &json!([])));
    assert!(ann.finds_status(&evil).is_none());
    ann.writes(&format!("@{handle} hello, see {evil}"), "public");
    for status in ann.get("/api/v1/timelines/home").as_array().unwrap() {
        ann.get(&format!("/api/v1/statuses/{}/context", status["id"].as_str().unwrap()));
    }
    instance.settle();
    assert_eq!(bad.asked(), [""; 0], "nothing at all was asked of it or sent to it");
}

#[test]
fn s_094_f_341_whom_somebody_blocks_reaches_them_by_no_way() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let peer = Peer::start(&["eve", "noa"]);
    let inbox = format!("{}/inbox", instance.base);
    let eve = peer.uri("eve");
    let follow = |number: u32| {
        json!({"@context": CONTEXT, "id": peer.at(&format!("/follows/{number}")), "type": "Follow",
               "actor": eve, "object": ann.uri})
    };
    peer.send("eve", &inbox, &follow(1));
    instance.settle();
    let status = ann.writes("mine", "public");
    instance.settle();
    let uri = status["uri"].as_str().unwrap().to_owned();
    assert_eq!(peer.get_signed("eve", &uri).status, 200);
    let id = ann.finds(&format!("eve@{}", peer.host))["id"].as_str().unwrap().to_owned();
    ann.post(&format!("/api/v1/accounts/{id}/block"), json!({}));
    instance.settle();
    let kinds = |peer: &Peer| -> Vec<String> {
        peer.received().iter().map(|a| a["type"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(kinds(&peer), ["Accept", "Create", "Reject", "Block"]);
    let told = ann.notifications();
    let deeds = [
        follow(2),
        json!({"@context": CONTEXT, "id": peer.at("/likes/1"), "type": "Like", "actor": eve,
               "object": uri}),
        json!({"@context": CONTEXT, "id": peer.at("/likes/2"), "type": "EmojiReact", "actor": eve,
               "object": uri, "content": "🎉"}),
        json!({"@context": CONTEXT, "id": peer.at("/boosts/1"), "type": "Announce", "actor": eve,
               "to": [format!("{CONTEXT}#Public")], "object": uri}),
        peer.create(
            "eve",
            1,
            "<p>hey</p>",
            json!({"cc": [ann.uri], "inReplyTo": uri,
            "tag": [{"type": "Mention", "href": ann.uri, "name": "@ann"}]}),
        ),
        peer.create("eve", 2, "<p>look</p>", json!({"quote": uri, "quoteUrl": uri})),
    ];
    for deed in &deeds {
        assert_eq!(peer.send("eve", &inbox, deed).status, 202, "{deed}");
    }
    instance.settle();
    assert_eq!(ann.notifications(), told);
    let after = ann.get(&format!("/api/v1/statuses/{}", status["id"].as_str().unwrap()));
    for count in ["favourites_count", "reblogs_count", "quotes_count"] {
        assert_eq!(after[count], 0, "{count}");
    }
    assert!(ann.home().iter().all(|text| !text.contains("hey") && !text.contains("look")));
    let me = ann.get("/api/v1/accounts/verify_credentials");
    assert_eq!(me["followers_count"], 0);
    eventually("the follow is refused", || {
        (kinds(&peer).iter().filter(|kind| *kind == "Reject").count() == 2).then_some(())
    });
    // and what it asks for under its name is not there
    for address in [&uri, &ann.uri, &format!("{}/outbox", ann.uri)] {
        assert_eq!(peer.get_signed("eve", address).status, 404, "{address}");
        assert_eq!(peer.get_signed("noa", address).status, 200, "{address}");
    }
    // nor does its vote count; that of a neighbour, who comes later, does
    let poll = json!({"options": ["a", "b"], "expires_in": 3600});
    let poll = ann.post("/api/v1/statuses", json!({"status": "vote", "poll": poll}));
    for name in ["eve", "noa"] {
        let (id, uri) = (peer.at(&format!("/votes/{name}")), peer.uri(name));
        let vote = json!({
            "@context": CONTEXT, "id": format!("{id}/activity"), "type": "Create", "actor": uri,
            "to": [ann.uri], "object": {"id": id, "type": "Note", "name": "a",
                "inReplyTo": poll["uri"], "attributedTo": uri, "to": [ann.uri]},
        });
        assert_eq!(peer.send(name, &inbox, &vote).status, 202);
    }
    let path = format!("/api/v1/polls/{}", poll["poll"]["id"].as_str().unwrap());
    let votes = || ann.get(&path)["votes_count"].as_i64().filter(|votes| *votes > 0);
    assert_eq!(eventually("a vote counts", votes), 1);
}
