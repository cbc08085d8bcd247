//! Custom emojis: made by an admin, shown in texts, told to other servers.

use dassie::control::{Command, Reply, execute};
use serde_json::{Value, json};

use super::admin::admin;
use super::{follow_peer, id};
use crate::support::{Answer, Instance, Options, Peer, Person, picture};

const PNG: &[u8] = include_bytes!("../../assets/avatar.png");
const BOUNDARY: &str = "----dassie-emoji";

/// A form with a picture.
pub(crate) fn form(fields: &[(&str, &str)], image: Option<&[u8]>) -> (Vec<u8>, String) {
    let mut body = Vec::new();
    for (name, value) in fields {
        body.extend_from_slice(
            format!(
                "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            )
            .as_bytes(),
        );
    }
    if let Some(image) = image {
        body.extend_from_slice(
            format!("--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"image\"; filename=\"x.png\"\r\ncontent-type: image/png\r\n\r\n")
                .as_bytes(),
        );
        body.extend_from_slice(image);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    (body, format!("multipart/form-data; boundary={BOUNDARY}"))
}

fn send(
    person: &Person,
    method: &'static str,
    path: &str,
    fields: &[(&str, &str)],
    image: Option<&[u8]>,
) -> Answer {
    let (body, kind) = form(fields, image);
    person.request(method, path).body(body, &kind).send()
}

fn make(person: &Person, name: &str) -> Value {
    let fields = [("shortcode", name), ("category", "Animals")];
    send(person, "POST", "/api/v1/admin/custom_emojis", &fields, Some(PNG)).ok()
}

#[test]
fn f_030_f_244_f_292_emojis_are_made_shown_and_told() {
    let instance = Instance::start();
    let boss = admin(&instance, "boss");
    let ann = instance.person("ann");
    let peer = Peer::start(&["mia"]);
    follow_peer(&instance, &ann, &peer, "mia");
    let follow = json!({
        "@context": "https://www.w3.org/ns/activitystreams", "id": peer.at("/follows/1"),
        "type": "Follow", "actor": peer.uri("mia"), "object": ann.uri,
    });
    peer.send("mia", &format!("{}/inbox", instance.base), &follow);
    instance.settle();
    let dassie = make(&boss, "dassie");
    let list = instance.get("/api/v1/custom_emojis").ok();
    assert_eq!(
        list,
        json!([{
            "shortcode": "dassie", "url": dassie["url"], "static_url": dassie["url"],
            "visible_in_picker": true, "category": "Animals",
        }])
    );
    // the picture, as it is and nothing else
    let path = dassie["url"].as_str().unwrap().strip_prefix(&instance.base).unwrap().to_owned();
    let picture = instance.get(&path);
    assert_eq!((picture.status, picture.header("content-type")), (200, Some("image/png")));
    assert_eq!(picture.header("x-content-type-options"), Some("nosniff"));
    assert!(picture.header("content-security-policy").unwrap().contains("sandbox"));
    assert_eq!(picture.body, PNG);
    assert_eq!(instance.get(&path.replace(".png", ".gif")).status, 404);
    assert_eq!(instance.get("/emoji/nothing.png").status, 404);
    // in texts
    let status = ann.post(
        "/api/v1/statuses",
        json!({
            "status": "a :dassie: and :unknown: and x:dassie:", "spoiler_text": "cw",
            "poll": {"options": [":dassie:", "b"], "expires_in": 600},
        }),
    );
    assert_eq!(status["emojis"].as_array().unwrap().len(), 1);
    assert_eq!(status["emojis"][0]["url"], dassie["url"]);
    assert_eq!(status["poll"]["emojis"][0]["shortcode"], "dassie");
    let document = instance.activity(status["uri"].as_str().unwrap()).json();
    let tag = |document: &Value| -> Value {
        let tags = document["tag"].as_array().cloned().unwrap_or_default();
        tags.into_iter().find(|tag| tag["type"] == "Emoji").unwrap_or_default()
    };
    assert_eq!(tag(&document)["name"], ":dassie:");
    assert_eq!(tag(&document)["icon"]["url"], dassie["url"]);
    // its id leads to itself (F-244), as the page of a hashtag is where its tag says
    let told = tag(&document);
    let at_id = instance.activity(told["id"].as_str().unwrap());
    assert_eq!(at_id.header("content-type"), Some("application/activity+json; charset=utf-8"));
    let one = at_id.json();
    for key in ["id", "type", "name", "updated", "icon"] {
        assert_eq!(one[key], told[key], "{key}");
    }
    assert!(!one["@context"].is_null());
    for name in ["nothing", "DASSIE", "%00", ":dassie:"] {
        let address = format!("{}/emojis/{name}", instance.base);
        assert_eq!(instance.activity(&address).status, 404, "{name}");
    }
    let tagged = ann.writes("a #hyrax", "public");
    let tagged = instance.activity(tagged["uri"].as_str().unwrap()).json();
    let page = instance.activity(tagged["tag"][0]["href"].as_str().unwrap());
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").unwrap().starts_with("text/html"));
    // exactly those that are used, each with all that others look for
    let sent: Vec<&Value> = document["tag"].as_array().unwrap().iter().collect();
    assert_eq!(sent.iter().filter(|tag| tag["type"] == "Emoji").count(), 1);
    let icon = &tag(&document)["icon"];
    assert_eq!((&icon["type"], &icon["mediaType"]), (&json!("Image"), &json!("image/png")));
    assert!(tag(&document)["id"].as_str().unwrap().starts_with(&instance.base));
    assert!(tag(&document)["updated"].as_str().unwrap().ends_with('Z'));
    let profile = json!({"display_name": "Ann :dassie:"});
    let shown =
        ann.request("PATCH", "/api/v1/accounts/update_credentials").json(&profile).send().ok();
    assert_eq!(shown["emojis"][0]["shortcode"], "dassie");
    assert_eq!(tag(&instance.activity(&ann.uri).json())["name"], ":dassie:");
    // an edit looks anew
    let path = format!("/api/v1/statuses/{}", id(&status));
    let edited = ann.request("PUT", &path).json(&json!({"status": "none"})).send().ok();
    assert_eq!(edited["emojis"], json!([]));
    // an announcement has them too, and takes them as reactions
    let command = dassie::control::Command::Announce {
        text: "new: :dassie:".into(),
        starts_at: None,
        ends_at: None,
        all_day: false,
    };
    dassie::control::execute(&instance.app, command).unwrap();
    let path = "/api/v1/announcements/1/reactions/dassie";
    assert_eq!(ann.request("PUT", path).send().status, 200);
    let one = ann.get("/api/v1/announcements")[0].clone();
    assert_eq!(one["emojis"][0]["shortcode"], "dassie");
    assert_eq!(one["reactions"][0]["url"], dassie["url"]);
}

#[test]
fn emojis_are_changed_switched_off_and_deleted() {
    let instance = Instance::start();
    let (boss, ann) = (admin(&instance, "boss"), instance.person("ann"));
    let one = make(&boss, "dassie");
    make(&boss, "cat");
    let path = format!("/api/v1/admin/custom_emojis/{}", id(&one));
    let list = "/api/v1/admin/custom_emojis";
    assert_eq!(super::ids(&boss.get(list)).len(), 2);
    assert_eq!(super::ids(&boss.get(&format!("{list}?filter=shortcode:cat"))).len(), 1);
    assert_eq!(boss.get(&format!("{list}?filter=disabled")), json!([]));
    assert_eq!(boss.get(&format!("{list}?filter=domain:far.example")), json!([]));
    // page by page nothing is left out, whatever the letter case
    let big = make(&boss, "Cow");
    let next = boss.get(&format!("{list}?max_shortcode_domain=cat@&limit=1"));
    assert_eq!(next[0]["shortcode"], "Cow");
    boss.delete(&format!("{list}/{}", id(&big)));
    let categories = boss.get("/api/v1/admin/custom_emojis/categories");
    assert_eq!(categories, json!([{"id": "Animals", "name": "Animals"}]));
    let hidden = boss.request("PATCH", &path).json(&json!({"type": "disable"})).send().ok();
    assert_eq!(hidden["disabled"], true);
    assert_eq!(instance.get("/api/v1/custom_emojis").ok().as_array().unwrap().len(), 1);
    assert_eq!(ann.writes(":dassie:", "public")["emojis"], json!([]));
    boss.request("PATCH", &path).json(&json!({"type": "enable"})).send().ok();
    let changed = send(&boss, "PATCH", &path, &[("type", "modify"), ("category", "")], Some(PNG));
    let changed = changed.ok();
    assert!(changed["category"].is_null());
    assert_ne!(changed["url"], one["url"], "another picture has another address");
    boss.delete(&path);
    assert_eq!(boss.request("GET", &path).send().status, 404);
    assert_eq!(boss.request("DELETE", &path).send().status, 404);
    assert_eq!(boss.request("PATCH", &path).json(&json!({"type": "copy"})).send().status, 422);
}

#[test]
fn s_059_what_is_no_emoji() {
    let instance = Instance::with(Options {
        configure: Some(|config| config.limits.max_emoji_bytes = 2048),
        ..Options::default()
    });
    let boss = admin(&instance, "boss");
    let small: &[u8] = &picture::moving(5, 5);
    let wide: &[u8] = b"GIF89a\xff\xff\x05\0rest";
    let large = [small, &[0; 4000]].concat();
    let damaged = &small[..20];
    let svg: &[u8] = b"<svg xmlns='http://www.w3.org/2000/svg'/>";
    let path = "/api/v1/admin/custom_emojis";
    for (what, name, image, status, word) in [
        ("no name", "", Some(small), 422, "shortcode"),
        ("a short name", "a", Some(small), 422, "shortcode"),
        ("an odd name", "a-b", Some(small), 422, "shortcode"),
        ("no picture", "one", None, 422, "image"),
        ("a picture that is none", "one", Some(svg), 422, "image"),
        ("a wide one", "one", Some(wide), 422, "image"),
        ("a large one", "one", Some(&large[..]), 422, "image"),
        ("a damaged one", "one", Some(damaged), 422, "image"),
        ("a good one", "one", Some(small), 200, "one"),
        ("the same name", "ONE", Some(small), 409, "shortcode"),
    ] {
        let answer = send(&boss, "POST", path, &[("shortcode", name)], image);
        assert_eq!(answer.status, status, "{what}: {}", answer.text());
        assert!(answer.text().to_lowercase().contains(word), "{what}: {}", answer.text());
    }
    let json = boss.request("POST", path).json(&json!({"shortcode": "two"})).send();
    assert_eq!(json.status, 422, "without a picture");
    assert_eq!(instance.get("/api/v1/custom_emojis").ok().as_array().unwrap().len(), 1);
}

#[test]
fn s_116_a_picture_is_kept_without_what_hides_behind_it() {
    let instance = Instance::start();
    let boss = admin(&instance, "boss");
    let drawn = picture::moving(5, 5);
    let file = [&drawn[..], b"<script>secret</script>"].concat();
    let fields = [("shortcode", "one")];
    let made = send(&boss, "POST", "/api/v1/admin/custom_emojis", &fields, Some(&file)).ok();
    let address = made["url"].as_str().unwrap().strip_prefix(&instance.base).unwrap();
    let shown = instance.get(address).body;
    assert!(!String::from_utf8_lossy(&shown).contains("secret"));
    let frames = |data: &[u8]| {
        use image::AnimationDecoder;
        let decoder = image::codecs::gif::GifDecoder::new(std::io::Cursor::new(data)).unwrap();
        decoder.into_frames().map(|frame| frame.unwrap().into_buffer()).collect::<Vec<_>>()
    };
    assert_eq!(frames(&shown), frames(&drawn), "it moves as before");
}

#[test]
fn f_030_s_116_what_moves_has_a_still_version() {
    let instance = Instance::start();
    let (boss, ann) = (admin(&instance, "boss"), instance.person("ann"));
    let path = "/api/v1/admin/custom_emojis";
    let drawn = picture::moving(30, 20);
    let one = send(&boss, "POST", path, &[("shortcode", "one")], Some(&drawn)).ok();
    let (url, still) = (one["url"].as_str().unwrap(), one["static_url"].as_str().unwrap());
    assert!(url.ends_with(".gif") && still.ends_with(".static.png"), "{one}");
    let shown = instance.get(still.strip_prefix(&instance.base).unwrap());
    assert_eq!(shown.header("content-type"), Some("image/png"));
    assert_eq!(shown.header("content-security-policy"), Some("default-src 'none'; sandbox"));
    let pixel = image::load_from_memory(&shown.body).unwrap().into_rgb8().get_pixel(5, 5).0;
    assert_eq!(pixel, [255, 0, 0], "its first frame");
    // wherever it is shown; to other servers the one that moves is told
    let status = ann.writes("a :one:", "public");
    assert_eq!(status["emojis"][0]["static_url"], still);
    assert_eq!(status["emojis"][0]["url"], url);
    assert_eq!(instance.get("/api/v1/custom_emojis").ok()[0]["static_url"], still);
    let path_of = format!("/api/v1/pleroma/statuses/{}/reactions", id(&status));
    let reacted = ann.request("PUT", &format!("{path_of}/one")).json(&json!({})).send().ok();
    let listed = ann.get(&path_of);
    for reaction in [&reacted["emoji_reactions"][0], &listed[0]] {
        assert_eq!((&reaction["url"], &reaction["static_url"]), (&json!(url), &json!(still)));
    }
    let announce =
        Command::Announce { text: "x".into(), starts_at: None, ends_at: None, all_day: false };
    let Reply::Announcements(list) = execute(&instance.app, announce).unwrap() else { panic!() };
    let path_of = format!("/api/v1/announcements/{}/reactions/one", list[0].id);
    assert_eq!(ann.request("PUT", &path_of).send().status, 200);
    let reaction = &ann.get("/api/v1/announcements")[0]["reactions"][0];
    assert_eq!((&reaction["url"], &reaction["static_url"]), (&json!(url), &json!(still)));
    let note = instance.activity(status["uri"].as_str().unwrap()).json();
    assert_eq!(note["tag"][0]["icon"]["url"], url);
    // another picture that does not move: no still version any more
    let path = format!("{path}/{}", id(&one));
    let changed = send(&boss, "PATCH", &path, &[("type", "modify")], Some(PNG)).ok();
    assert_eq!(changed["static_url"], changed["url"]);
    let gone = still.strip_prefix(&instance.base).unwrap();
    assert_eq!(instance.get(gone).status, 404);
    for odd in ["/emoji/", "/emoji/..%2fdassie.db", "/emoji/a.static.png", "/emoji/%00.png"] {
        assert_eq!(instance.get(odd).status, 404, "{odd}");
    }
    let long = format!("/emoji/{}.png", "a".repeat(4000));
    assert_eq!(instance.get(&long).status, 404);
}

#[test]
fn emojis_of_before_get_their_still_versions() {
    let instance = Instance::start();
    let boss = admin(&instance, "boss");
    let path = "/api/v1/admin/custom_emojis";
    let drawn = picture::moving(30, 20);
    for name in ["one", "two"] {
        send(&boss, "POST", path, &[("shortcode", name)], Some(&drawn)).ok();
    }
    make(&boss, "cat");
    // as an older version left them, with the job that the migration makes
    let file = instance.folder.path().join("data/dassie.db");
    let sql = rusqlite::Connection::open(file).unwrap();
    sql.execute_batch("UPDATE custom_emoji SET moving = NULL, still = NULL").unwrap();
    drop(sql);
    let write = instance.app.db.write(dassie::db::Lane::Interactive, |tx| {
        dassie::db::job::insert(tx, dassie::model::JobKind::EmojiStills, "media", b"")
    });
    write.wait().unwrap();
    crate::support::eventually("they are made", || {
        let list = instance.get("/api/v1/custom_emojis").ok();
        let moves = |one: &Value| one["static_url"] != one["url"];
        let count = list.as_array().unwrap().iter().filter(|one| moves(one)).count();
        (count == 2).then_some(())
    });
    instance.settle();
    let left = instance.app.db.read(dassie::db::emoji::next_unseen).unwrap();
    assert!(left.is_none(), "all were looked at");
}
