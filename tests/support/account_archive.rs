//! Archives of accounts, as Mastodon writes them.

use dassie::media::zip::Writer;
use image::ImageFormat;
use serde_json::{Value, json};

use super::picture::{coded, corners};

/// Whose posts they are.
pub const OLD: &str = "https://old.example/users/ann";
pub const PUBLIC: &str = "https://www.w3.org/ns/activitystreams#Public";

/// A post as Mastodon writes it into an archive.
pub fn note(number: usize, text: &str, extra: Value) -> Value {
    let id = format!("{OLD}/statuses/{number}");
    let published = format!("2023-05-{:02}T10:00:00Z", number % 28 + 1);
    let mut object = json!({"id": id, "type": "Note", "attributedTo": OLD, "published": published,
        "url": format!("https://old.example/@ann/{number}"), "content": text, "sensitive": false,
        "summary": null, "inReplyTo": null, "attachment": [], "tag": [],
        "to": [PUBLIC], "cc": [format!("{OLD}/followers")]});
    object.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    json!({"id": format!("{id}/activity"), "type": "Create", "actor": OLD, "published": published,
        "to": object["to"], "cc": object["cc"], "object": object})
}

/// The zip of such posts and files.
pub fn archive(items: &[Value], files: &[(&str, &[u8])]) -> Vec<u8> {
    let actor = json!({"id": OLD, "type": "Person", "followers": format!("{OLD}/followers"),
        "outbox": "outbox.json"});
    let collection = |items: &[Value]| {
        json!({"@context": "https://www.w3.org/ns/activitystreams", "id": "outbox.json",
            "type": "OrderedCollection", "totalItems": items.len(), "orderedItems": items})
        .to_string()
    };
    let mut zip = Writer::new(Vec::new());
    zip.add("outbox.json", collection(items).as_bytes()).unwrap();
    zip.add("likes.json", collection(&[json!("https://a.example/1")]).as_bytes()).unwrap();
    zip.add("actor.json", actor.to_string().as_bytes()).unwrap();
    for (name, bytes) in files {
        zip.add(name, bytes).unwrap();
    }
    zip.finish().unwrap()
}

/// What somebody wrote in some years, in all kinds.
pub fn life() -> (Vec<Value>, Vec<(String, Vec<u8>)>) {
    let file = |name: &str, text: &str| {
        json!({"type": "Document", "mediaType": "image/png", "name": text,
            "url": format!("/media_attachments/files/1/original/{name}"), "focalPoint": [0.5, -0.5]})
    };
    let tag = json!({"type": "Hashtag", "name": "#春天", "href": "https://old.example/tags/春天"});
    let others = "https://elsewhere.example/notes/7";
    let items = vec![
        note(
            1,
            "<p>今天天氣很好 <a href=\"https://old.example/tags/春天\" class=\"mention hashtag\" rel=\"tag\">#<span>春天</span></a></p><script>alert(1)</script>",
            json!({"contentMap": {"zh": "x"}, "tag": [tag], "updated": "2023-06-01T00:00:00Z"}),
        ),
        note(
            2,
            "<p>and on</p>",
            json!({"inReplyTo": format!("{OLD}/statuses/1"), "summary": "long", "sensitive": true,
                "to": [format!("{OLD}/followers")], "cc": [PUBLIC]}),
        ),
        note(3, "<p>an answer</p>", json!({"inReplyTo": others})),
        note(
            4,
            "<p>which?</p>",
            json!({"type": "Question", "endTime": "2023-05-06T00:00:00Z", "votersCount": 3,
                "oneOf": [{"type": "Note", "name": "tea", "replies": {"totalItems": 2}},
                    {"type": "Note", "name": "coffee", "replies": {"totalItems": 1}}]}),
        ),
        note(
            5,
            "<p>a picture</p>",
            json!({"attachment": [file("a.png", "two colours"), file("gone.png", "lost")]}),
        ),
        note(6, "<p>for friends</p>", json!({"to": [format!("{OLD}/followers")], "cc": []})),
        note(7, "<p>for you</p>", json!({"to": ["https://b.example/u"], "cc": []})),
        json!({"id": format!("{OLD}/statuses/8/activity"), "type": "Announce", "actor": OLD,
            "published": "2023-05-09T10:00:00Z", "to": [PUBLIC], "object": "https://b.example/9"}),
        json!({"id": format!("{OLD}/statuses/9/activity"), "type": "Announce", "actor": OLD,
            "published": "2023-05-10T10:00:00Z", "to": [PUBLIC],
            "object": format!("{OLD}/statuses/1")}),
        note(10, "<p>not mine</p>", json!({"attributedTo": "https://old.example/users/eve"})),
        note(11, "<p>no date</p>", json!({"published": "yesterday"})),
    ];
    let picture = coded(&corners(40, 30), ImageFormat::Png);
    (items, vec![("media_attachments/files/1/original/a.png".to_owned(), picture)])
}

/// The zip of a life.
pub fn zipped(life: &(Vec<Value>, Vec<(String, Vec<u8>)>)) -> Vec<u8> {
    let files: Vec<(&str, &[u8])> =
        life.1.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    archive(&life.0, &files)
}
