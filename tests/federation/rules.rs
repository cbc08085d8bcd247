//! The rules of the inbox, type by type: who may do what, what is kept, and what has no effect.

use dassie::control::{self, Command};
use dassie::db;
use serde_json::{Value, json};

use super::objects::Reader;
use crate::api::follow_peer;
use crate::support::{Answer, Instance, Peer, Person, Request, eventually};

const CONTEXT: &str = "https://www.w3.org/ns/activitystreams";
const PUBLIC: &str = "https://www.w3.org/ns/activitystreams#Public";

impl Reader {
    /// An activity of somebody there, under a number.
    fn acts(&self, name: &str, number: u32, kind: &str, extra: Value) {
        let mut activity = json!({
            "id": self.peer.at(&format!("/acts/{number}")), "type": kind, "to": [PUBLIC],
        });
        activity.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        self.send(name, activity);
    }

    fn note(&self, number: u32) -> String {
        self.peer.at(&format!("/notes/{number}"))
    }

    fn is_here(&self, uri: &str) -> bool {
        let found = self.instance.app.db.read(|conn| db::status::find_by_uri(conn, uri));
        found.unwrap().is_some()
    }

    /// Jobs that failed at least once, given up or not.
    fn failed(&self) -> i64 {
        let path = self.instance.folder.path().join("data/dassie.db");
        let sql = rusqlite::Connection::open(path).unwrap();
        sql.query_row("SELECT count(*) FROM job WHERE attempts > 0 OR dead = 1", [], |r| r.get(0))
            .unwrap()
    }

    fn relation(&self, handle: &str) -> Value {
        let id = self.ann.finds(&format!("{handle}@{}", self.peer.host))["id"].clone();
        let path = format!("/api/v1/accounts/relationships?id[]={}", id.as_str().unwrap());
        self.ann.get(&path)[0].clone()
    }
}

fn post(inbox: &str, kind: &str, body: &[u8]) -> Answer {
    Request::new("POST", inbox).body(body, kind).send()
}

#[test]
fn f_129_what_costs_nothing_is_checked_first() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let (peer, bad) = (Peer::start(&["mia"]), Peer::start(&["eve"]));
    let (domain, severity) = (bad.host.clone(), "suspend".to_owned());
    let block = Command::DomainBlock { domain, severity, comment: None };
    control::execute(&instance.app, block).unwrap();
    instance.settle();
    let inbox = format!("{}/inbox", instance.base);
    let activity = "application/activity+json";
    // nothing of these is signed, and nobody is asked for a key
    assert_eq!(post(&inbox, "text/plain", b"{").status, 406);
    assert_eq!(post(&inbox, activity, b"{").status, 400);
    assert_eq!(post(&inbox, activity, &vec![b' '; 1024 * 1024 + 1]).status, 413);
    let of = |peer: &Peer, name: &str, number: u32, kind: &str, object: &str| -> Value {
        json!({"@context": CONTEXT, "id": peer.at(&format!("/acts/{number}")), "type": kind,
               "actor": peer.uri(name), "object": object, "to": [PUBLIC]})
    };
    let bytes = |value: &Value| value.to_string().into_bytes();
    let ghost = of(&peer, "ghost", 1, "Delete", &peer.uri("ghost"));
    assert_eq!(post(&inbox, activity, &bytes(&ghost)).status, 202);
    let blocked = of(&bad, "eve", 1, "Like", &ann.uri);
    assert_eq!(post(&inbox, activity, &bytes(&blocked)).status, 403);
    let unsigned = of(&peer, "mia", 1, "Follow", &ann.uri);
    assert_eq!(post(&inbox, activity, &bytes(&unsigned)).status, 401);
    assert_eq!((peer.asked(), bad.asked()), (vec![], vec![]));
    // what had its effect is not looked at again, whoever sends it
    let follow = of(&peer, "mia", 2, "Follow", &ann.uri);
    assert_eq!(peer.send("mia", &inbox, &follow).status, 202);
    instance.settle();
    assert_eq!(post(&inbox, activity, &bytes(&follow)).status, 202);
    assert_eq!(peer.asked().iter().filter(|path| *path == "/users/mia").count(), 1);
    // an id that a neighbour used is not used up (S-030)
    let like =
        |name: &str, status: &Value| of(&peer, name, 9, "Like", status["uri"].as_str().unwrap());
    let status = ann.writes("mine", "public");
    let neighbour = Peer::uri(&peer, "mia");
    assert_eq!(peer.send("mia", &inbox, &like("mia", &json!({"uri": neighbour}))).status, 202);
    peer.serve("/users/noa", {
        let mut noa = peer.document("/users/mia");
        let uri = peer.uri("noa");
        noa["id"] = json!(uri);
        noa["preferredUsername"] = json!("noa");
        noa["publicKey"]["id"] = json!(format!("{uri}#main-key"));
        noa["publicKey"]["owner"] = json!(uri);
        noa
    });
    assert_eq!(peer.send("noa", &inbox, &like("noa", &status)).status, 202);
    instance.settle();
    let path = format!("/api/v1/statuses/{}", status["id"].as_str().unwrap());
    assert_eq!(ann.get(&path)["favourites_count"], 1);
}

#[test]
fn f_137_f_139_s_030_only_the_author_has_to_do_with_a_status() {
    let reader = Reader::new();
    let other = Peer::start(&["eve"]);
    let shown = reader.reads(1, json!({"content": "<p>mine</p>"}));
    let uri = reader.note(1);
    reader.acts("rae", 1, "Announce", json!({"object": uri}));
    reader.acts("sam", 2, "Like", json!({"object": reader.ann.uri}));
    reader.ann.finds(&format!("eve@{}", other.host));
    // the origin is asked about a deletion by others, and has it still
    let mut note = reader.peer.create("rae", 1, "<p>mine</p>", json!({}))["object"].clone();
    note["@context"] = json!(CONTEXT);
    reader.peer.serve("/notes/1", note);
    let stolen = |author: &str| {
        json!({"id": uri, "type": "Note", "attributedTo": author, "content": "<p>stolen</p>",
               "to": [PUBLIC], "cc": [reader.ann.uri], "updated": "2099-01-01T00:00:00Z",
               "inReplyTo": null})
    };
    let featured = format!("{}/featured", reader.peer.uri("rae"));
    let boost = reader.peer.at("/acts/1");
    let (rae, inbox) = (reader.peer.uri("rae"), format!("{}/inbox", reader.instance.base));
    let mut number = 100;
    for (peer, name) in [(&reader.peer, "sam"), (&other, "eve")] {
        let me = peer.uri(name);
        for (kind, extra) in [
            ("Create", json!({"object": stolen(&me)})),
            ("Create", json!({"object": stolen(&rae)})),
            ("Create", json!({"object": stolen(&rae), "attributedTo": rae})),
            ("Update", json!({"object": stolen(&me)})),
            ("Update", json!({"object": stolen(&rae)})),
            ("Announce", json!({"object": stolen(&me)})),
            ("Delete", json!({"object": uri})),
            ("Delete", json!({"object": {"id": uri, "type": "Tombstone"}})),
            ("Delete", json!({"object": rae})),
            ("Undo", json!({"object": boost})),
            (
                "Undo",
                json!({"object": {"id": boost, "type": "Announce", "actor": rae, "object": uri}}),
            ),
            ("Add", json!({"object": uri, "target": featured})),
            ("Move", json!({"object": rae, "target": me})),
        ] {
            number += 1;
            let mut activity = json!({
                "@context": CONTEXT, "id": peer.at(&format!("/acts/{number}")), "type": kind,
                "actor": me, "to": [PUBLIC],
            });
            activity.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            let answer = peer.send(name, &inbox, &activity);
            assert_eq!(answer.status, 202, "{activity}: {}", answer.text());
        }
    }
    reader.instance.settle();
    let now = reader.ann.finds_status(&uri).expect("it is here");
    for field in ["content", "account", "edited_at", "visibility", "pinned"] {
        let (was, is) = (&shown[field], &now[field]);
        if field == "account" {
            assert_eq!(was["id"], is["id"]);
        } else {
            assert_eq!(was, is, "{field}");
        }
    }
    assert_eq!(now["reblogs_count"], 1, "rae's own boost");
    assert_eq!(reader.relation("rae")["following"], true);
    assert_eq!(reader.failed(), 0);
}

#[test]
fn f_162_a_second_create_is_no_second_status() {
    let reader = Reader::new();
    let bob = reader.instance.person("bob");
    let followers = json!({"to": [format!("{}/followers", reader.peer.uri("rae"))], "cc": []});
    let mut create = reader.peer.create("rae", 1, "<p>once</p>", followers);
    reader.send("rae", create.clone());
    assert!(bob.finds_status(&reader.note(1)).is_none());
    // another activity, to another inbox: the same status for one more
    create["id"] = json!(reader.peer.at("/acts/other"));
    create["object"]["content"] = json!("<p>twice</p>");
    let answer = reader.peer.send("rae", &format!("{}/inbox", bob.uri), &create);
    assert_eq!(answer.status, 202);
    reader.instance.settle();
    assert_eq!(reader.ann.home(), ["once"]);
    let seen = bob.finds_status(&reader.note(1)).expect("it was sent to him");
    assert_eq!((&seen["content"], &seen["mentions"]), (&json!("<p>once</p>"), &json!([])));
    assert!(bob.notifications().is_empty());
}

#[test]
fn f_146_f_155_one_server_holds_up_no_other() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let (noisy, quiet) = (Peer::start(&["mia"]), Peer::start(&["noa"]));
    follow_peer(&instance, &ann, &noisy, "mia");
    ann.finds(&format!("noa@{}", quiet.host));
    let inbox = format!("{}/inbox", instance.base);
    // each of these has to be read, and the first one never comes
    noisy.hold("/held/0");
    for number in 0..51 {
        let create = json!({
            "@context": CONTEXT, "id": noisy.at(&format!("/acts/{number}")), "type": "Create",
            "actor": noisy.uri("mia"), "object": noisy.at(&format!("/held/{number}")),
        });
        assert_eq!(noisy.send("mia", &inbox, &create).status, 202);
    }
    eventually("it hangs", || noisy.asked().contains(&"/held/0".to_owned()).then_some(()));
    // a follow of another server is answered at once meanwhile
    let follow = json!({"@context": CONTEXT, "id": quiet.at("/follows/1"), "type": "Follow",
                        "actor": quiet.uri("noa"), "object": ann.uri});
    let since = std::time::Instant::now();
    assert_eq!(quiet.send("noa", &inbox, &follow).status, 202);
    eventually("the follow is accepted", || {
        let accepts = |a: &Value| a["type"] == "Accept" && a["object"]["id"] == follow["id"];
        quiet.received().iter().any(accepts).then_some(())
    });
    assert!(since.elapsed().as_secs() < 5, "{:?}", since.elapsed());
    // and the noisy one has its share of the queue: what is large waits outside
    let large = |peer: &Peer, name: &str| {
        let text = "x".repeat(70_000);
        peer.create(name, 1, &text, json!({"cc": [ann.uri]}))
    };
    let refused = noisy.send("mia", &inbox, &large(&noisy, "mia"));
    assert_eq!(refused.status, 429);
    assert!(refused.header("retry-after").is_some());
    assert_eq!(quiet.send("noa", &inbox, &large(&quiet, "noa")).status, 202);
    eventually("it is here", || ann.finds_status(&quiet.at("/notes/1")));
}

#[test]
fn f_150_replies_from_elsewhere_stand_in_the_collection() {
    let reader = Reader::new();
    let root = reader.ann.writes("a thread", "public");
    let reply = reader.reads(1, json!({"content": "<p>yes</p>", "inReplyTo": root["uri"]}));
    let secret = json!({"content": "<p>psst</p>", "inReplyTo": root["uri"],
                        "to": [reader.ann.uri], "cc": []});
    reader.reads(2, secret);
    let note = reader.instance.activity(root["uri"].as_str().unwrap()).json();
    let list = reader.instance.activity(note["replies"]["id"].as_str().unwrap()).json();
    let mut items = Vec::new();
    let mut page = list["first"].clone();
    while let Some(address) = page.as_str() {
        let read = reader.instance.activity(address).json();
        items.extend(read["items"].as_array().cloned().unwrap_or_default());
        page = read["next"].clone();
    }
    assert_eq!(items, [reply["uri"].clone()]);
}

#[test]
fn f_159_f_160_a_follow_begins_and_ends_as_the_followed_says() {
    let reader = Reader::new();
    reader.reads(1, json!({"content": "<p>hi</p>"}));
    let id = reader.ann.finds(&format!("sam@{}", reader.peer.host))["id"].clone();
    let path = format!("/api/v1/accounts/{}/follow", id.as_str().unwrap());
    reader.ann.post(&path, json!({}));
    let follow = |name: &str| {
        let uri = reader.peer.uri(name);
        eventually("the follow arrives", || {
            let is = |a: &Value| a["type"] == "Follow" && a["object"] == uri;
            reader.peer.received().into_iter().find(is)
        })
    };
    for (number, kind) in [(1, "TentativeAccept"), (2, "TentativeReject")] {
        reader.acts("sam", number, kind, json!({"object": follow("sam")}));
        let relation = reader.relation("sam");
        let state = (&relation["requested"], &relation["following"]);
        assert_eq!(state, (&json!(true), &json!(false)), "{kind}");
    }
    let accept = json!({"id": reader.peer.at("/accepts/rae"), "type": "Accept",
                        "actor": reader.peer.uri("rae"), "object": follow("rae")});
    // nobody else's to take back
    reader.acts("sam", 3, "Undo", json!({"object": accept}));
    let mut forged = accept.clone();
    forged["actor"] = json!(reader.peer.uri("sam"));
    reader.acts("sam", 4, "Undo", json!({"object": forged}));
    assert_eq!(reader.relation("rae")["following"], true);
    assert_eq!(reader.ann.home(), ["hi"]);
    reader.acts("rae", 5, "Undo", json!({"object": accept}));
    assert_eq!(reader.relation("rae")["following"], false);
    assert!(reader.ann.home().is_empty());
}

#[test]
fn f_161_f_274_types_that_are_shown_and_types_that_leave_nothing() {
    let reader = Reader::new();
    let mut number = 0;
    for kind in [
        "Note",
        "Question",
        "Article",
        "Page",
        "Image",
        "Audio",
        "Video",
        "Event",
        "Document",
        "Place",
        "Album",
        "Review",
        "Comment",
        "Quotation",
        "Rating",
    ] {
        number += 1;
        let object = json!({
            "type": kind, "name": "the title", "content": "<p>the text</p>",
            "oneOf": [{"type": "Note", "name": "a"}, {"type": "Note", "name": "b"}],
        });
        let shown = reader.reads(number, object);
        let text = dassie::text::sanitize::to_plain(shown["content"].as_str().unwrap());
        assert!(text.contains("the text"), "{kind}: {text}");
        assert_eq!(shown["poll"].is_object(), kind == "Question", "{kind}");
    }
    // of others no activity leaves anything, and none is tried again
    for kind in ["Story", "Playlist", "Profile", "Tombstone", "WatchAction", "Person"] {
        number += 1;
        let create = reader.peer.create("rae", number, "<p>x</p>", json!({"type": kind}));
        let (uri, mut document) = (reader.note(number), create["object"].clone());
        document["@context"] = json!(CONTEXT);
        reader.peer.serve(&format!("/notes/{number}"), document);
        for (act, what) in [
            ("Create", create["object"].clone()),
            ("Update", create["object"].clone()),
            ("Update", json!(uri)),
            ("Like", json!(uri)),
            ("Announce", json!(uri)),
            ("Announce", create["object"].clone()),
        ] {
            number += 1;
            reader.acts("rae", number, act, json!({"object": what}));
            assert!(!reader.is_here(&uri), "{act} {kind}");
        }
    }
    assert_eq!(reader.failed(), 0);
    // a title and a picture without a word are no vote
    let picture =
        json!([{"type": "Document", "mediaType": "image/png", "url": reader.peer.at("/p.png")}]);
    let mine = reader.ann.writes("mine", "public");
    let shown = reader.reads(
        900,
        json!({
            "name": "look", "content": "", "inReplyTo": mine["uri"], "attachment": picture,
        }),
    );
    assert_eq!(shown["media_attachments"].as_array().unwrap().len(), 1);
}

#[test]
fn f_197_f_199_collections_that_are_no_pins_have_no_effect() {
    let reader = Reader::new();
    let shown = reader.reads(1, json!({"content": "<p>mine</p>"}));
    let rae = reader.peer.uri("rae");
    for (number, target) in [
        format!("{rae}/featuredCollections"),
        format!("{rae}/collections/1"),
        reader.peer.at("/c/group/moderators"),
        reader.peer.at("/video-playlists/1"),
        format!("{}/featured", reader.peer.uri("sam")),
    ]
    .iter()
    .enumerate()
    {
        let extra = json!({"object": reader.note(1), "target": target});
        reader.acts("rae", 100 + number as u32, "Add", extra.clone());
        reader.acts("rae", 200 + number as u32, "Remove", extra);
    }
    let id = shown["account"]["id"].as_str().unwrap();
    assert_eq!(reader.ann.get(&format!("/api/v1/accounts/{id}/statuses?pinned=true")), json!([]));
    assert_eq!(reader.failed(), 0);
}

#[test]
fn f_198_a_reply_that_a_conversation_takes_in_is_read_from_its_origin() {
    let reader = Reader::new();
    let origin = Peer::start(&["mia"]);
    let root = reader.ann.writes("a thread", "public");
    for (number, parent, comes) in
        [(1, root["uri"].clone(), true), (2, json!("https://elsewhere.example/1"), false)]
    {
        let create = origin.create("mia", number, "<p>true</p>", json!({"inReplyTo": parent}));
        let (mut note, mut forged) = (create["object"].clone(), create.clone());
        note["@context"] = json!(CONTEXT);
        origin.serve(&format!("/notes/{number}"), note);
        forged["object"]["content"] = json!("<p>forged</p>");
        let target = reader.peer.at("/conversations/1");
        reader.acts("sam", number, "Add", json!({"object": forged, "target": target}));
        let uri = origin.at(&format!("/notes/{number}"));
        let path = format!("/notes/{number}");
        assert_eq!(origin.asked().iter().filter(|p| **p == path).count(), usize::from(comes));
        assert_eq!(reader.is_here(&uri), comes);
    }
    let shown = reader.ann.finds_status(&origin.at("/notes/1")).unwrap();
    assert_eq!(shown["content"], "<p>true</p>");
}

#[test]
fn f_135_s_020_strangers_make_nothing_come_here() {
    let reader = Reader::new();
    let featured = format!("{}/featured", reader.peer.uri("sam"));
    let mut sam = reader.peer.document("/users/sam");
    sam["featured"] = json!(featured);
    reader.peer.serve("/users/sam", sam);
    reader.ann.finds(&format!("sam@{}", reader.peer.host));
    for number in 1..4 {
        let mut note = reader.peer.create("sam", number, "<p>x</p>", json!({}))["object"].clone();
        note["@context"] = json!(CONTEXT);
        reader.peer.serve(&format!("/notes/{number}"), note);
        let uri = reader.note(number);
        reader.acts("sam", number, "Add", json!({"object": uri, "target": featured}));
        reader.acts("sam", 10 + number, "Update", json!({"object": uri}));
        assert!(!reader.is_here(&uri));
    }
    assert!(!reader.peer.asked().iter().any(|path| path.starts_with("/notes/")));
    // of somebody whom ann follows the same comes
    reader.follow("sam");
    reader.acts("sam", 20, "Add", json!({"object": reader.note(1), "target": featured}));
    assert!(reader.is_here(&reader.note(1)));
}

#[test]
fn f_183_s_030_a_boost_takes_the_address_of_nothing_else() {
    let reader = Reader::new();
    reader.reads(1, json!({"content": "<p>one</p>"}));
    reader.reads(2, json!({"content": "<p>two</p>"}));
    // under the address of a status, and two under none
    let boosts = |number: u32| {
        let uri = reader.note(number);
        reader.ann.finds_status(&uri).unwrap()["reblogs_count"].as_i64().unwrap()
    };
    reader.acts("rae", 1, "Announce", json!({"id": reader.note(1), "object": reader.note(2)}));
    assert_eq!((boosts(1), boosts(2), reader.failed()), (0, 0, 0));
    let published = "2026-01-02T03:04:05Z";
    for number in [1, 2] {
        let extra = json!({"id": null, "object": reader.note(number), "published": published});
        reader.acts("rae", 1, "Announce", extra);
    }
    assert_eq!((boosts(1), boosts(2), reader.failed()), (1, 1, 0));
    // a boost gets no text
    reader.acts(
        "rae",
        5,
        "Announce",
        json!({"object": reader.ann.writes("mine", "public")["uri"]}),
    );
    let boost = reader.peer.at("/acts/5");
    let note = json!({"id": boost, "type": "Note", "attributedTo": reader.peer.uri("rae"),
                      "content": "<p>put in</p>", "to": [PUBLIC], "updated": "2099-01-01T00:00:00Z"});
    for (number, kind) in [(6, "Update"), (7, "Create")] {
        reader.acts("rae", number, kind, json!({"object": note}));
    }
    let stored = reader.instance.app.db.read(|conn| db::status::find_by_uri(conn, &boost));
    let stored = stored.unwrap().expect("it is here");
    assert!(!stored.content.contains("put in") && stored.edited_at.is_none());
}

#[test]
fn f_173_a_block_is_taken_back_by_its_id_alone() {
    let reader = Reader::new();
    reader.acts("rae", 1, "Block", json!({"object": reader.ann.uri}));
    assert_eq!(reader.relation("rae")["blocked_by"], true);
    reader.acts("sam", 2, "Undo", json!({"object": reader.peer.at("/acts/1")}));
    assert_eq!(reader.relation("rae")["blocked_by"], true);
    reader.acts("rae", 3, "Undo", json!({"object": reader.peer.at("/acts/1")}));
    assert_eq!(reader.relation("rae")["blocked_by"], false);
}

/// Ann answers with what the client leaves open.
fn answers(ann: &Person, to: &Value) -> String {
    let body = json!({"status": "yes", "in_reply_to_id": to["id"]});
    ann.post("/api/v1/statuses", body)["visibility"].as_str().unwrap().to_owned()
}

#[test]
fn f_233_an_answer_is_for_no_more_people_than_what_it_answers() {
    let reader = Reader::new();
    let followers = format!("{}/followers", reader.peer.uri("rae"));
    for (number, to, cc, wanted) in [
        (1, PUBLIC.to_owned(), json!([]), "public"),
        (2, followers.clone(), json!([PUBLIC]), "unlisted"),
        (3, followers, json!([]), "private"),
        (4, reader.ann.uri.clone(), json!([]), "direct"),
    ] {
        let status = reader.reads(number, json!({"content": "<p>x</p>", "to": [to], "cc": cc}));
        assert_eq!(status["visibility"], wanted);
        assert_eq!(answers(&reader.ann, &status), wanted);
    }
}

#[test]
fn f_259_the_page_of_a_status_else_its_id() {
    let reader = Reader::new();
    let page = reader.peer.at("/@rae/1");
    for (number, url, wanted) in [
        (1, json!(page), page.clone()),
        (
            2,
            json!([{"type": "Link", "mediaType": "application/x-thing", "href": reader.peer.at("/x")},
                   {"type": "Link", "mediaType": "text/html", "href": page}]),
            page.clone(),
        ),
        (3, json!(null), reader.note(3)),
        (4, json!("javascript:alert(1)"), reader.note(4)),
        (5, json!({"type": "Link", "href": "ftp://a.example/1"}), reader.note(5)),
    ] {
        let shown = reader.reads(number, json!({"content": "<p>x</p>", "url": url}));
        assert_eq!(shown["url"], wanted, "{number}");
        assert_eq!(shown["uri"], reader.note(number));
    }
}

#[test]
fn f_276_f_277_f_279_f_283_html_is_shown_as_it_was_made_harmless() {
    let reader = Reader::new();
    let rel = r#"target="_blank" rel="nofollow noopener noreferrer""#;
    let mut number = 0;
    for (sent, wanted) in [
        (
            r#"<p class="h-card p-x u-url dt-y e-z mention hashtag ellipsis invisible quote-inline big evil">a</p>"#,
            r#"<p class="h-card p-x u-url dt-y e-z mention hashtag ellipsis invisible quote-inline">a</p>"#.to_owned(),
        ),
        (
            r#"<p><a href="gemini://a.example/x" rel="me" target="_self">g</a></p>"#,
            format!(r#"<p><a href="gemini://a.example/x" {rel}>g</a></p>"#),
        ),
        (r#"<p><a href="javascript:alert(1)">j</a></p>"#, "<p>j</p>".to_owned()),
        (r#"<p><a href="data:text/html,x">d</a></p>"#, "<p>d</p>".to_owned()),
        (r#"<p onclick="x">a<script>b</script><iframe src="x">c</iframe></p>"#, "<p>a</p>".to_owned()),
        (
            r#"<p class="quote-inline">RE: <a href="https://a.example/1">https://a.example/1</a></p><p>b</p>"#,
            format!(r#"<p class="quote-inline">RE: <a href="https://a.example/1" {rel}>https://a.example/1</a></p><p>b</p>"#),
        ),
    ] {
        number += 1;
        let shown = reader.reads(number, json!({"content": sent}));
        // attributes have no order
        let sorted = |html: &str| {
            let mut words: Vec<String> = html.split([' ', '>']).map(str::to_owned).collect();
            words.sort();
            words
        };
        let html = shown["content"].as_str().unwrap();
        assert_eq!(sorted(html), sorted(&wanted), "{sent}: {html}");
        // what is stored is the harmless text itself, not what was sent
        let stored = reader.instance.app.db.read(|conn| db::status::find_by_uri(conn, &reader.note(number)));
        assert_eq!(sorted(&stored.unwrap().unwrap().content), sorted(&wanted));
    }
}

#[test]
fn f_289_only_what_is_public_stands_under_its_tag() {
    let reader = Reader::new();
    let followers = format!("{}/followers", reader.peer.uri("rae"));
    let tag = json!([{"type": "Hashtag", "name": "#sun", "href": reader.peer.at("/tags/sun")}]);
    for (number, to, cc) in [
        (1, PUBLIC.to_owned(), json!([])),
        (2, followers.clone(), json!([PUBLIC])),
        (3, followers, json!([])),
        (4, reader.ann.uri.clone(), json!([])),
    ] {
        reader.reads(number, json!({"content": "<p>#sun</p>", "tag": tag, "to": [to], "cc": cc}));
    }
    for visibility in ["public", "unlisted", "private", "direct"] {
        reader.ann.writes(&format!("{visibility} #sun"), visibility);
    }
    let list = reader.ann.get("/api/v1/timelines/tag/sun");
    let shown: Vec<&Value> = list.as_array().unwrap().iter().map(|s| &s["visibility"]).collect();
    assert_eq!(shown, ["public", "public"]);
}
