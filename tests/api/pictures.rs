//! Avatars and headers.

use image::{GenericImageView, ImageFormat};
use serde_json::json;

use super::media::{fetch, file_count};
use crate::support::picture::{Part, coded, corners, form, moving};
use crate::support::{Instance, eventually};

const PATH: &str = "/api/v1/accounts/update_credentials";

#[test]
fn f_026_f_039_avatar_and_header_are_cropped_and_told() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let picture = coded(&corners(1000, 800), ImageFormat::Jpeg);
    let request = form(
        ann.request("PATCH", PATH),
        &[
            Part::File("avatar", "a.jpg", &picture),
            Part::File("header", "h.jpg", &picture),
            Part::Text("avatar_description", "four corners"),
            Part::Text("display_name", "Ann"),
        ],
    );
    let account = request.send().ok();
    assert_eq!(account["display_name"], "Ann");
    assert_eq!(account["avatar_description"], "four corners");
    assert_eq!(account["header_description"], "");
    assert_eq!(account["avatar_static"], account["avatar"]);
    let size = |url| image::load_from_memory(&fetch(url).body).unwrap().dimensions();
    assert_eq!(size(&account["avatar"]), (400, 400));
    assert_eq!(size(&account["header"]), (1000, 333));
    let actor = instance.activity(&ann.uri).json();
    assert_eq!(
        actor["icon"],
        json!({"type": "Image", "mediaType": "image/jpeg", "url": account["avatar"], "name": "four corners"})
    );
    assert_eq!(actor["image"]["url"], account["header"]);
    assert!(actor["image"].get("name").is_none());
    let query = format!("/.well-known/webfinger?resource=acct:{}", ann.handle());
    let found = instance.get(&query).json();
    let avatar = found["links"]
        .as_array()
        .unwrap()
        .iter()
        .find(|l| l["rel"] == "http://webfinger.net/rel/avatar");
    assert_eq!(avatar.unwrap()["href"], account["avatar"], "F-064");
    // words alone
    let renamed =
        ann.request("PATCH", PATH).json(&json!({"header_description": "sky"})).send().ok();
    assert_eq!(
        (renamed["header"].clone(), &renamed["header_description"]),
        (account["header"].clone(), &json!("sky"))
    );

    let cleared = ann.delete("/api/v1/profile/avatar");
    assert!(cleared["avatar"].as_str().unwrap().ends_with("/assets/avatar.png"));
    assert_eq!(cleared["avatar_description"], "");
    assert_eq!(cleared["header"], account["header"]);
    let cleared = ann.delete("/api/v1/profile/header");
    assert!(cleared["header"].as_str().unwrap().ends_with("/assets/header.png"));
    assert_eq!(fetch(&cleared["header"]).status, 200);
    let actor = instance.activity(&ann.uri).json();
    assert!(actor.get("icon").is_none() && actor.get("image").is_none());
    eventually("the files are gone", || (file_count(&instance) == 0).then_some(()));
}

#[test]
fn s_116_a_moving_avatar_has_a_still_one() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let set =
        |data: &[u8]| form(ann.request("PATCH", PATH), &[Part::File("avatar", "a", data)]).send();
    let account = set(&moving(60, 40)).ok();
    assert_ne!(account["avatar_static"], account["avatar"]);
    let body = fetch(&account["avatar"]).body;
    let decoder = image::codecs::gif::GifDecoder::new(std::io::Cursor::new(&body)).unwrap();
    assert_eq!(image::ImageDecoder::dimensions(&decoder), (40, 40));
    assert_eq!(image::AnimationDecoder::into_frames(decoder).count(), 2);
    assert_eq!(fetch(&account["avatar_static"]).header("content-type"), Some("image/png"));
    assert_eq!(file_count(&instance), 2);
    // another takes its place
    let other = set(&coded(&corners(30, 30), ImageFormat::Png)).ok();
    assert_ne!(other["avatar"], account["avatar"]);
    eventually("the old one is gone", || (file_count(&instance) == 1).then_some(()));
    let refused = set(b"<svg/>");
    assert_eq!(refused.status, 422);
    let long = json!({"avatar_description": "x".repeat(1501)});
    assert_eq!(ann.request("PATCH", PATH).json(&long).send().status, 422);
    let wrong = json!({"avatar_description": {"a": 1}});
    assert_eq!(ann.request("PATCH", PATH).json(&wrong).send().status, 422);
    let text = json!({"avatar": "https://a.example/a.png"});
    assert_eq!(ann.request("PATCH", PATH).json(&text).send().status, 422);
    // a field without a file changes nothing, as browsers send it
    let kept =
        form(ann.request("PATCH", PATH), &[Part::File("avatar", "", b""), Part::Text("note", "x")]);
    assert_eq!(kept.send().ok()["avatar"], other["avatar"]);
}
