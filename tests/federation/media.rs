//! Attachments and avatars between two instances.

use dassie::clock::{Clock, MINUTE};
use serde_json::{Value, json};

use crate::support::picture::{Part, coded, corners, form};
use crate::support::{Instance, Options, Person, eventually};

fn pair() -> (Instance, Instance, Person, Person) {
    let (a, b) = (Instance::start(), Instance::start());
    let (ann, bob) = (a.person("ann"), b.person("bob"));
    bob.follows(&ann.handle());
    (a, b, ann, bob)
}

#[test]
fn f_293_f_312_an_attachment_and_its_words_arrive() {
    let (a, _b, ann, bob) = pair();
    let id = ann.picture();
    let words = json!({"description": "four corners", "focus": "0.5,-0.25"});
    let media = ann.request("PUT", &format!("/api/v1/media/{id}")).json(&words).send().ok();
    let written = ann.post("/api/v1/statuses", json!({"status": "look", "media_ids": [id]}));
    let uri = written["uri"].as_str().unwrap();
    let note = a.activity(uri).json();
    assert_eq!(
        note["attachment"],
        json!([{
            "type": "Document", "mediaType": "image/png", "url": media["url"],
            "name": "four corners", "blurhash": media["blurhash"], "focalPoint": [0.5, -0.25],
            "width": 16, "height": 12,
        }])
    );
    let there = eventually("the status arrives", || bob.finds_status(uri));
    let shown = &there["media_attachments"][0];
    assert_eq!(shown["type"], "image");
    assert_eq!(shown["remote_url"], media["url"]);
    assert_eq!(shown["description"], "four corners");
    assert_eq!(shown["blurhash"], media["blurhash"]);
    assert_eq!(shown["meta"]["focus"], json!({"x": 0.5, "y": -0.25}));
    assert_eq!(shown["meta"]["original"]["size"], "16x12");

    let edit = json!({"status": "look", "media_ids": [id],
        "media_attributes": [{"id": id, "description": "corners, four"}]});
    let path = format!("/api/v1/statuses/{}", written["id"].as_str().unwrap());
    ann.request("PUT", &path).json(&edit).send().ok();
    let there = eventually("the edit arrives", || {
        bob.finds_status(uri)
            .filter(|s| s["media_attachments"][0]["description"] == "corners, four")
    });
    let history = bob.get(&format!("/api/v1/statuses/{}/history", there["id"].as_str().unwrap()));
    let described: Vec<&Value> = history
        .as_array()
        .unwrap()
        .iter()
        .map(|version| &version["media_attachments"][0]["description"])
        .collect();
    assert_eq!(described, ["four corners", "corners, four"]);
}

#[test]
fn f_226_followers_hear_of_a_new_avatar() {
    let clock = Clock::manual(Clock::system().now_ms());
    let a = Instance::with(Options { clock, configure: None });
    let b = Instance::start();
    let (ann, bob) = (a.person("ann"), b.person("bob"));
    bob.follows(&ann.handle());
    let picture = coded(&corners(50, 50), image::ImageFormat::Png);
    let request = ann.request("PATCH", "/api/v1/accounts/update_credentials");
    let account = form(request, &[Part::File("avatar", "a.png", &picture)]).send().ok();
    let id = bob.finds(&ann.handle())["id"].as_str().unwrap().to_owned();
    eventually("the avatar is known there", || {
        let there = bob.get(&format!("/api/v1/accounts/{id}"));
        let class = dassie::model::CacheClass::Avatar;
        let ours = b.cached(class, &there["id"], account["avatar"].as_str().unwrap());
        (there["avatar"] == ours).then_some(())
    });
    ann.delete("/api/v1/profile/avatar");
    a.advance(MINUTE);
    eventually("and that it is gone", || {
        let there = bob.get(&format!("/api/v1/accounts/{id}"));
        there["avatar"].as_str().unwrap().ends_with("/assets/avatar.png").then_some(())
    });
}
