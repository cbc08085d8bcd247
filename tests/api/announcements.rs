//! What the administrator tells everybody.

use dassie::clock::{Clock, HOUR};
use dassie::control::{Command, Reply, execute};
use serde_json::json;

use super::id;
use crate::support::{Instance, Options, Socket};

fn announce(instance: &Instance, text: &str, ends_at: Option<i64>) -> String {
    let command = Command::Announce { text: text.into(), starts_at: None, ends_at, all_day: false };
    match execute(&instance.app, command).unwrap() {
        Reply::Announcements(list) => list[0].id.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn announcements_are_read_reacted_to_and_streamed() {
    let clock = Clock::manual(Clock::system().now_ms());
    let instance = Instance::with(Options { clock: clock.clone(), configure: None });
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let status = ann.writes("linked", "public");
    let mut open =
        Socket::open(&instance.host, &format!("?access_token={}&stream=user", ann.token), &[])
            .unwrap();
    let one = announce(
        &instance,
        &format!("Hello @bob, see {} #news <b>", status["url"].as_str().unwrap()),
        None,
    );
    let two = announce(&instance, "for an hour", Some(clock.now_ms() + HOUR));
    let told = open.next();
    assert_eq!((&told["event"], &told["stream"]), (&json!("announcement"), &json!(["user"])));
    let payload: serde_json::Value =
        serde_json::from_str(told["payload"].as_str().unwrap()).unwrap();
    assert_eq!(payload["id"], one.as_str());
    assert_eq!(open.next()["event"], "announcement");
    let list = ann.get("/api/v1/announcements");
    assert_eq!(super::ids(&list), [one.clone(), two.clone()]);
    let first = &list[0];
    assert!(first["content"].as_str().unwrap().contains("&lt;b&gt;"), "{first}");
    assert_eq!(first["mentions"][0]["acct"], "bob");
    assert_eq!(first["statuses"][0]["id"], status["id"]);
    assert_eq!(first["tags"][0]["name"], "news");
    assert_eq!((&first["read"], &first["reactions"]), (&json!(false), &json!([])));
    // read by one, not by the other
    ann.post(&format!("/api/v1/announcements/{one}/dismiss"), json!({}));
    assert_eq!(ann.get("/api/v1/announcements")[0]["read"], true);
    assert_eq!(
        super::ids(&ann.get("/api/v1/announcements?with_dismissed=false")),
        std::slice::from_ref(&two)
    );
    assert_eq!(bob.get("/api/v1/announcements")[0]["read"], false);
    // reactions
    let path = format!("/api/v1/announcements/{one}/reactions/%F0%9F%91%8D");
    for person in [&ann, &bob, &bob] {
        assert_eq!(person.request("PUT", &path).send().status, 200);
    }
    let told = open.next();
    assert_eq!(told["event"], "announcement.reaction");
    let payload: serde_json::Value =
        serde_json::from_str(told["payload"].as_str().unwrap()).unwrap();
    assert_eq!((&payload["name"], &payload["announcement_id"]), (&json!("👍"), &json!(one)));
    assert_eq!(open.next()["event"], "announcement.reaction");
    let seen = ann.get("/api/v1/announcements")[0]["reactions"].clone();
    assert_eq!(seen, json!([{"name": "👍", "count": 2, "me": true}]));
    assert_eq!(ann.request("DELETE", &path).send().status, 200);
    let seen = ann.get("/api/v1/announcements")[0]["reactions"].clone();
    assert_eq!(seen, json!([{"name": "👍", "count": 1, "me": false}]));
    assert_eq!(open.next()["event"], "announcement.reaction");
    // its end, and the end of the other by hand
    instance.advance(HOUR + 1);
    assert_eq!(super::ids(&ann.get("/api/v1/announcements")), std::slice::from_ref(&one));
    execute(&instance.app, Command::AnnouncementDelete { id: one.parse().unwrap() }).unwrap();
    let told = open.next();
    assert_eq!((&told["event"], &told["payload"]), (&json!("announcement.delete"), &json!(one)));
    assert_eq!(ann.get("/api/v1/announcements"), json!([]));
    let Reply::Announcements(left) = execute(&instance.app, Command::AnnouncementList).unwrap()
    else {
        panic!()
    };
    assert_eq!(left.len(), 1);
    assert!(execute(&instance.app, Command::AnnouncementDelete { id: 77 }).is_err());
}

#[test]
fn what_is_no_reaction() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let one = announce(&instance, "hello", None);
    for (path, status) in [
        (format!("{one}/reactions/no"), 422),
        (format!("{one}/reactions/%F0%9F%91%8D%F0%9F%91%8D"), 422),
        ("77/reactions/%F0%9F%91%8D".to_owned(), 404),
        ("x/reactions/%F0%9F%91%8D".to_owned(), 404),
    ] {
        let path = format!("/api/v1/announcements/{path}");
        assert_eq!(ann.request("PUT", &path).send().status, status, "{path}");
    }
    assert_eq!(ann.request("POST", "/api/v1/announcements/77/dismiss").send().status, 404);
    // eight different ones, then no more
    for (number, emoji) in ["😀", "😁", "😂", "😃", "😄", "😅", "😆", "😇", "😈"].iter().enumerate()
    {
        let name: String = form_urlencoded::byte_serialize(emoji.as_bytes()).collect();
        let path = format!("/api/v1/announcements/{one}/reactions/{name}");
        let status = ann.request("PUT", &path).send().status;
        assert_eq!(status, if number < 8 { 200 } else { 422 }, "{emoji}");
    }
    let long =
        Command::Announce { text: " ".into(), starts_at: None, ends_at: None, all_day: false };
    assert!(execute(&instance.app, long).is_err());
    let turned =
        Command::Announce { text: "x".into(), starts_at: Some(2), ends_at: Some(1), all_day: true };
    assert!(execute(&instance.app, turned).is_err());
    assert_eq!(id(&ann.get("/api/v1/announcements")[0]), one);
}
