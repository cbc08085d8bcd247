//! What pages show of the authors of statuses, however these change.

use image::ImageFormat;
use serde_json::{Value, json};

use super::{admin::admin, follow_peer, id};
use crate::support::picture::{Part, coded, corners, form};
use crate::support::{Instance, Peer, Person};

fn follow(reader: &Person, author: &Person) {
    reader.post(&format!("/api/v1/accounts/{}/follow", author.id), json!({}));
}

/// It is kept between pages; whatever changes an account changes it there at once.
#[test]
fn whatever_changes_an_account_is_seen_at_its_statuses() {
    let instance = Instance::start();
    let boss = admin(&instance, "boss");
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let peer = Peer::start(&["mia"]);
    let mia = follow_peer(&instance, &bob, &peer, "mia");
    let inbox = format!("{}/inbox", instance.base);
    let named = ann.writes(&format!("hello @mia@{}", peer.host), "public");
    assert_eq!(peer.send("mia", &inbox, &peer.create("mia", 1, "hi", json!({}))).status, 202);
    instance.settle();
    follow(&bob, &ann);
    let shown = |name: &str| {
        let home = bob.get("/api/v1/timelines/home");
        let mut authors = home.as_array().unwrap().iter().map(|status| status["account"].clone());
        authors.find(|account| account["username"] == name).unwrap_or(Value::Null)
    };
    let check = |what: &str, name: &str, before: &Value, is_so: &dyn Fn(&Value) -> bool| {
        let after = shown(name);
        assert!(is_so(&after), "{what}: {after}");
        assert_ne!(*before, after, "{what}");
        let own = bob.get(&format!("/api/v1/accounts/{}", id(&after)));
        assert_eq!(own, after, "{what}: as on the profile");
        after
    };
    let change = |body: Value| {
        let path = "/api/v1/accounts/update_credentials";
        ann.request("PATCH", path).json(&body).send().ok();
    };
    let act = |action: &str| {
        let path = format!("/api/v1/admin/accounts/{}/action", ann.id);
        boss.post(&path, json!({"type": action}));
    };
    let lift = |what: &str| {
        boss.post(&format!("/api/v1/admin/accounts/{}/{what}", ann.id), json!({}));
    };

    let mut last = shown("ann");
    assert_eq!(shown("ann"), last, "read again, nothing has changed");
    change(json!({"display_name": "Ann", "fields_attributes": [{"name": "a", "value": "b"}]}));
    last = check("the profile", "ann", &last, &|a| a["display_name"] == "Ann");
    change(json!({"locked": true}));
    last = check("a setting", "ann", &last, &|a| a["locked"] == true);
    let picture = coded(&corners(400, 400), ImageFormat::Png);
    let request = ann.request("PATCH", "/api/v1/accounts/update_credentials");
    form(request, &[Part::File("avatar", "a.png", &picture)]).send().ok();
    let address = last["avatar"].clone();
    last = check("a picture", "ann", &last, &|a| a["avatar"] != address);
    ann.delete("/api/v1/profile/avatar");
    last = check("no picture", "ann", &last, &|a| a["avatar"] == address);
    let written = id(&ann.writes("more", "public"));
    last = check("a status", "ann", &last, &|a| a["statuses_count"] == 2);
    ann.delete(&format!("/api/v1/statuses/{written}"));
    last = check("a status less", "ann", &last, &|a| a["statuses_count"] == 1);
    follow(&boss, &ann);
    let requests = ann.get("/api/v1/follow_requests");
    ann.post(&format!("/api/v1/follow_requests/{}/authorize", id(&requests[0])), json!({}));
    last = check("a follower", "ann", &last, &|a| a["followers_count"] == 2);
    ann.follows("bob");
    last = check("following", "ann", &last, &|a| a["following_count"] == 1);
    act("silence");
    last = check("limited", "ann", &last, &|a| a["limited"] == true);
    lift("unsilence");
    check("not limited", "ann", &last, &|a| a["limited"].is_null());
    act("suspend");
    assert_eq!(shown("ann"), Value::Null, "suspended");
    lift("unsuspend");

    // somebody elsewhere, by what her server says
    last = shown("mia");
    let mut actor = peer.document("/users/mia");
    actor["name"] = json!("Mia M");
    actor["icon"] = json!({"type": "Image", "url": peer.at("/new.png")});
    peer.serve("/users/mia", actor.clone());
    let update = json!({"@context": "https://www.w3.org/ns/activitystreams", "type": "Update",
        "id": peer.at("/updates/1"), "actor": peer.uri("mia"), "object": actor});
    assert_eq!(peer.send("mia", &inbox, &update).status, 202);
    instance.settle();
    let face = last["avatar"].clone();
    last = check("an Update", "mia", &last, &|a| {
        a["display_name"] == "Mia M" && a["avatar"] != face && a["avatar"] != a["header"]
    });
    assert_eq!(peer.send("mia", &inbox, &peer.create("mia", 2, "again", json!({}))).status, 202);
    instance.settle();
    check("a Create", "mia", &last, &|a| a["statuses_count"] == 2);
    let told = bob.get(&format!("/api/v1/statuses/{}", id(&named)));
    assert_eq!(told["mentions"][0]["id"], json!(mia));
}
