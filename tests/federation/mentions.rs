//! Whom statuses of other servers name, and whom they are for.

use serde_json::{Value, json};

use super::objects::Reader;
use crate::support::{Peer, eventually};

fn names(status: &Value) -> Vec<String> {
    let mut names: Vec<String> = status["mentions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["acct"].as_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

fn mention(href: Option<&str>, name: &str) -> Value {
    json!({"type": "Mention", "href": href, "name": name})
}

#[test]
fn f_284_f_285_unknown_people_are_looked_up_by_address_or_name() {
    let reader = Reader::new();
    let far = Peer::start(&["zoe", "yan", "xia"]);
    let local = Peer::start(&[]);
    let tags = json!([
        mention(Some(&far.uri("zoe")), "@zoe"),
        mention(None, &format!("@yan@{}", far.host)),
        // its page leads nowhere, its name does
        mention(Some(&far.at("/@xia")), &format!("@xia@{}", far.host)),
        // Misskey leaves its own domain out
        mention(None, "@sam"),
        mention(Some(&local.uri("nobody")), "@nobody"),
        mention(None, &format!("@ann@{}", reader.instance.host)),
    ]);
    reader.reads(1, json!({"content": "<p>hi all</p>", "tag": tags, "cc": [reader.ann.uri]}));
    let shown = reader.ann.finds_status(&reader.peer.at("/notes/1")).unwrap();
    let mut wanted: Vec<String> = ["zoe", "yan", "xia"].map(|n| format!("{n}@{}", far.host)).into();
    wanted.extend([format!("sam@{}", reader.peer.host), "ann".into()]);
    wanted.sort();
    assert_eq!(names(&shown), wanted);
    assert_eq!(reader.ann.notifications()[0].0, "mention");
    // who was not found is not asked for again, however often it is looked at
    let asked = local.asked().len();
    reader.ann.get("/api/v1/timelines/home");
    reader.instance.settle();
    assert_eq!(local.asked().len(), asked);
}

#[test]
fn f_285_s_020_a_crowd_is_looked_up_a_few_at_a_time() {
    let reader = Reader::at_a_standstill();
    let people: Vec<String> = (0..80).map(|n| format!("p{n}")).collect();
    let far = Peer::start(&people.iter().map(String::as_str).collect::<Vec<_>>());
    let tags: Vec<Value> = people.iter().map(|p| mention(Some(&far.uri(p)), "@p")).collect();
    let shown = reader.reads(1, json!({"content": "<p>all</p>", "tag": tags}));
    let id = shown["id"].as_str().unwrap().to_owned();
    let actors = || far.asked().iter().filter(|path| path.starts_with("/users/")).count();
    assert_eq!((names(&reader.top()).len(), actors()), (10, 10));
    // looking at it brings the next, once an hour
    reader.ann.get(&format!("/api/v1/statuses/{id}"));
    reader.instance.settle();
    assert_eq!(actors(), 10);
    for _ in 0..6 {
        reader.instance.advance(61 * 60 * 1000);
        let known = actors();
        reader.ann.get(&format!("/api/v1/statuses/{id}"));
        eventually("more are looked up", || {
            reader.instance.settle();
            (actors() > known || known == 50).then_some(())
        });
    }
    assert_eq!(names(&reader.ann.get(&format!("/api/v1/statuses/{id}"))).len(), 50, "and no more");
}

#[test]
fn f_234_f_287_a_mention_alone_tells_nobody_and_addressing_alone_is_silent() {
    let reader = Reader::new();
    let told = || reader.ann.notifications().iter().filter(|n| n.0 == "mention").count();
    let tag = mention(Some(&reader.ann.uri), "@ann");
    reader.reads(1, json!({"content": "<p>about ann</p>", "tag": tag}));
    assert_eq!(told(), 0);
    let mut silent = reader.peer.create(
        "sam",
        2,
        "<p>for ann</p>",
        json!({
        "to": [reader.ann.uri], "cc": []}),
    );
    silent["to"] = json!([reader.ann.uri]);
    silent["cc"] = json!([]);
    reader.send("sam", silent);
    let shown = reader.ann.finds_status(&reader.peer.at("/notes/2")).unwrap();
    assert_eq!((&shown["visibility"], told()), (&json!("direct"), 0));
    // a private one that names somebody without being sent there is not theirs to read
    let followers = format!("{}/followers", reader.peer.uri("rae"));
    let private = reader.peer.create(
        "rae",
        3,
        "<p>behind bob's back</p>",
        json!({
        "to": [followers], "cc": [],
        "tag": mention(Some(&reader.instance.person("bob").uri), "@bob")}),
    );
    let bob = reader.instance.person("carl");
    reader.send("rae", private);
    assert_eq!(bob.finds_status(&reader.peer.at("/notes/3")), None);
    assert!(reader.ann.finds_status(&reader.peer.at("/notes/3")).is_some());
}

#[test]
fn f_126_f_286_recipients_on_the_activity_are_recipients() {
    // as Pixelfed sends replies: ann is in the cc of the Create alone, and the tags are one object
    let reader = Reader::new();
    let mine = reader.ann.writes("mine", "public");
    let mut create = reader.peer.create(
        "sam",
        1,
        "<p>sunset</p>",
        json!({
        "inReplyTo": mine["uri"],
        "tag": {"type": "Mention", "href": reader.ann.uri, "name": "@ann",
            "0": mention(Some(&reader.peer.uri("rae")), "@rae"),
            "1": {"type": "Hashtag", "name": "#sun"}}}),
    );
    create["cc"] = json!([create["cc"][0], reader.ann.uri]);
    reader.send("sam", create);
    let shown = reader.ann.finds_status(&reader.peer.at("/notes/1")).unwrap();
    assert_eq!(names(&shown), ["ann".to_owned(), format!("rae@{}", reader.peer.host)]);
    assert_eq!(shown["tags"][0]["name"], "sun");
    assert_eq!(
        reader.ann.notifications()[0],
        ("mention".into(), format!("sam@{}", reader.peer.host))
    );
    // what the activity says of readers counts for nothing where the object says it
    let mut narrow = reader.peer.create(
        "rae",
        2,
        "<p>for few</p>",
        json!({
        "to": [format!("{}/followers", reader.peer.uri("rae"))], "cc": []}),
    );
    narrow["to"] = json!(["https://www.w3.org/ns/activitystreams#Public"]);
    reader.send("rae", narrow);
    let shown = reader.ann.finds_status(&reader.peer.at("/notes/2")).unwrap();
    assert_eq!(shown["visibility"], "private");
}

#[test]
fn f_310_f_311_an_edit_names_others_and_opens_nothing() {
    let reader = Reader::new();
    let sam = reader.peer.uri("sam");
    let followers = format!("{}/followers", reader.peer.uri("rae"));
    let note = |to: Value, cc: Value, tag: Value, more: Value| {
        let mut object =
            json!({"published": "2026-01-01T00:00:00Z", "to": to, "cc": cc, "tag": tag});
        object.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        object
    };
    let create = reader.peer.create(
        "rae",
        1,
        "<p>one</p>",
        note(json!([followers]), json!([]), json!([mention(Some(&sam), "@sam")]), json!({})),
    );
    reader.send("rae", create);
    let shown = reader.ann.finds_status(&reader.peer.at("/notes/1")).unwrap();
    assert_eq!(names(&shown), [format!("sam@{}", reader.peer.host)]);
    let public = "https://www.w3.org/ns/activitystreams#Public";
    let mut update = reader.peer.create(
        "rae",
        1,
        "<p>two</p>",
        note(
            json!([public]),
            json!([reader.ann.uri]),
            json!([mention(Some(&reader.ann.uri), "@ann")]),
            json!({"updated": "2026-01-01T00:01:00Z"}),
        ),
    );
    update["type"] = json!("Update");
    for number in 1..3 {
        update["id"] = json!(reader.peer.at(&format!("/updates/{number}")));
        reader.send("rae", update.clone());
    }
    let shown = reader.ann.finds_status(&reader.peer.at("/notes/1")).unwrap();
    assert_eq!(shown["visibility"], "private", "an edit opens nothing");
    assert_eq!(names(&shown), ["ann"]);
    assert_eq!(reader.ann.notifications().iter().filter(|n| n.0 == "mention").count(), 1);
    let history =
        reader.ann.get(&format!("/api/v1/statuses/{}/history", shown["id"].as_str().unwrap()));
    assert_eq!(history.as_array().unwrap().len(), 2);
    // an older version is not taken for a newer one
    update["object"]["content"] = json!("<p>old</p>");
    update["object"]["updated"] = json!("2026-01-01T00:00:30Z");
    update["id"] = json!(reader.peer.at("/updates/9"));
    reader.send("rae", update);
    let shown = reader.ann.finds_status(&reader.peer.at("/notes/1")).unwrap();
    assert!(shown["content"].as_str().unwrap().contains("two"));
}

#[test]
fn f_167_an_edit_of_something_unknown_is_news_for_a_day() {
    let reader = Reader::new();
    let now = reader.instance.app.clock.now_ms();
    let hours_ago = |h: i64| dassie::clock::api_time(now - h * 3_600_000);
    for (number, hours, wanted) in [(1, 2, true), (2, 30, false)] {
        let mut update = reader.peer.create(
            "rae",
            number,
            "<p>new</p>",
            json!({
            "published": hours_ago(hours), "updated": hours_ago(1)}),
        );
        update["type"] = json!("Update");
        reader.send("rae", update);
        let uri = reader.peer.at(&format!("/notes/{number}"));
        let here =
            reader.instance.app.db.read(|c| dassie::db::status::find_by_uri(c, &uri)).unwrap();
        assert_eq!(here.is_some(), wanted, "{hours} hours");
    }
}
