//! What others pass on of what somebody else wrote: hints about our own threads, and nothing else.

use dassie::activity;
use serde_json::{Value, json};

use crate::support::{Instance, Peer, Person};

/// Ann's status, maria's reply to it, and a host of the thread who passes things on.
struct Scene {
    instance: Instance,
    ann: Person,
    origin: Peer,
    host: Peer,
    reply: Value,
}

impl Scene {
    fn new() -> Self {
        let instance = Instance::start();
        let ann = instance.person("ann");
        let (origin, host) = (Peer::start(&["maria"]), Peer::start(&["henry"]));
        let root = ann.writes("a thread", "public");
        let reply = origin.create("maria", 1, "<p>a reply</p>", json!({"inReplyTo": root["uri"]}));
        let scene = Self { instance, ann, origin, host, reply };
        scene.show(scene.reply["object"].clone());
        scene
    }

    /// The reply as its origin shows it.
    fn show(&self, mut note: Value) {
        if note.is_object() {
            note["@context"] = json!(activity::AS2);
        }
        self.origin.serve("/notes/1", note);
    }

    /// Henry's server sends what maria did.
    fn passes_on(&self, activity: &Value) -> u16 {
        let inbox = format!("{}/inbox", self.instance.base);
        let status = self.host.send("henry", &inbox, activity).status;
        self.instance.settle();
        status
    }

    fn of_maria(&self, number: u32, kind: &str, object: Value) -> Value {
        json!({
            "@context": activity::AS2, "id": self.origin.at(&format!("/acts/{number}")),
            "type": kind, "actor": self.origin.uri("maria"), "object": object,
            "to": [activity::PUBLIC],
        })
    }

    fn text(&self) -> Option<String> {
        let path = format!(
            "/api/v2/search?type=statuses&resolve=false&q={}",
            form_urlencoded::byte_serialize(self.origin.at("/notes/1").as_bytes())
                .collect::<String>()
        );
        let found = self.ann.get(&path)["statuses"][0].clone();
        found["content"].as_str().map(str::to_owned)
    }

    fn asked(&self, path: &str) -> usize {
        self.origin.asked().iter().filter(|asked| *asked == path).count()
    }
}

#[test]
fn f_147_a_forwarded_reply_is_fetched_once() {
    let scene = Scene::new();
    let mut forged = scene.reply.clone();
    forged["object"]["content"] = json!("<p>forged</p>");
    assert_eq!(scene.passes_on(&forged), 202);
    assert_eq!(scene.text().as_deref(), Some("<p>a reply</p>"));
    // it is here: nothing to be refused, nothing to be done
    assert_eq!(scene.passes_on(&forged), 202);
    assert_eq!(scene.asked("/notes/1"), 1);
}

#[test]
fn f_147_forwarded_edits_and_deletions_are_seen_at_the_origin() {
    let scene = Scene::new();
    assert_eq!(scene.passes_on(&scene.reply), 202);
    let mut forged = scene.reply["object"].clone();
    forged["content"] = json!("<p>forged</p>");
    forged["updated"] = json!("2099-01-01T00:00:00Z");
    assert_eq!(scene.passes_on(&scene.of_maria(1, "Update", forged)), 202);
    let id = scene.origin.at("/notes/1");
    assert_eq!(scene.passes_on(&scene.of_maria(2, "Delete", json!(id))), 202);
    assert_eq!(scene.text().as_deref(), Some("<p>a reply</p>"));
    let mut edited = scene.reply["object"].clone();
    edited["content"] = json!("<p>edited</p>");
    edited["updated"] = json!("2099-01-01T00:00:00Z");
    scene.show(edited.clone());
    assert_eq!(scene.passes_on(&scene.of_maria(3, "Update", edited)), 202);
    assert_eq!(scene.text().as_deref(), Some("<p>edited</p>"));
    // a tombstone counts as well as 404 and 410
    scene.show(json!({"id": id, "type": "Tombstone"}));
    let tombstone = json!({"id": id, "type": "Tombstone"});
    assert_eq!(scene.passes_on(&scene.of_maria(4, "Delete", tombstone)), 202);
    assert_eq!(scene.text(), None);
}

#[test]
fn s_024_what_is_not_of_our_threads_is_refused() {
    let scene = Scene::new();
    let other = scene.origin.create("maria", 2, "<p>elsewhere</p>", json!({}));
    assert_eq!(scene.passes_on(&other), 401);
    assert_eq!(scene.passes_on(&scene.of_maria(1, "Update", other["object"].clone())), 401);
    assert_eq!(
        scene.passes_on(&scene.of_maria(2, "Delete", json!(scene.origin.at("/notes/2")))),
        401
    );
    let answer = scene.of_maria(3, "Like", json!(scene.origin.at("/notes/1")));
    assert_eq!(scene.passes_on(&answer), 401);
    assert_eq!((scene.asked("/notes/1"), scene.asked("/notes/2")), (0, 0));
    // of our own nobody else tells us anything
    let mine = scene.ann.writes("mine", "public");
    assert_eq!(scene.passes_on(&scene.of_maria(4, "Delete", mine["uri"].clone())), 202);
    assert!(scene.ann.finds_status(mine["uri"].as_str().unwrap()).is_some());
}

#[test]
fn f_147_a_stranger_causes_so_many_fetches_and_no_more() {
    let scene = Scene::new();
    let root = scene.reply["object"]["inReplyTo"].clone();
    let inbox = format!("{}/inbox", scene.instance.base);
    for number in 100..420 {
        let reply = scene.origin.create("maria", number, "<p>x</p>", json!({"inReplyTo": root}));
        assert_eq!(scene.host.send("henry", &inbox, &reply).status, 202);
    }
    scene.instance.settle();
    let fetches = scene.origin.asked().iter().filter(|path| path.starts_with("/notes/")).count();
    assert!((1..=300).contains(&fetches), "{fetches}");
}

#[test]
fn f_171_a_moderator_elsewhere_deletes_nothing_by_itself() {
    let scene = Scene::new();
    assert_eq!(scene.passes_on(&scene.reply), 202);
    let id = scene.origin.at("/notes/1");
    let removed = |number: u32| {
        json!({
            "@context": activity::AS2, "id": scene.host.at(&format!("/acts/{number}")),
            "type": "Delete", "actor": scene.host.uri("henry"), "object": id,
            "to": [activity::PUBLIC], "summary": "off topic",
        })
    };
    assert_eq!(scene.passes_on(&removed(1)), 202);
    assert!(scene.text().is_some());
    scene.show(json!(404));
    assert_eq!(scene.passes_on(&removed(2)), 202);
    assert_eq!(scene.text(), None);
}

#[test]
fn f_171_s_030_what_only_some_may_read_is_not_gone_when_we_do_not_see_it() {
    let scene = Scene::new();
    let root = scene.reply["object"]["inReplyTo"].clone();
    let private = || json!({"inReplyTo": root, "to": [scene.ann.uri], "cc": []});
    let create = scene.origin.create("maria", 1, "<p>between us</p>", private());
    let inbox = format!("{}/inbox", scene.instance.base);
    assert_eq!(scene.origin.send("maria", &inbox, &create).status, 202);
    scene.instance.settle();
    scene.show(json!(404));
    let delete = |actor: &str, number: u32| {
        json!({
            "@context": activity::AS2, "id": scene.host.at(&format!("/acts/{number}")),
            "type": "Delete", "actor": actor, "object": scene.origin.at("/notes/1"),
        })
    };
    // said by somebody else, or passed on as if the author had said it
    assert_eq!(scene.passes_on(&delete(&scene.host.uri("henry"), 1)), 202);
    let mut forged = delete(&scene.origin.uri("maria"), 2);
    forged["id"] = json!(scene.origin.at("/acts/2"));
    assert_eq!(scene.passes_on(&forged), 202);
    assert_eq!(scene.text().as_deref(), Some("<p>between us</p>"));
    // a word of the origin itself counts
    let create = scene.origin.create("maria", 2, "<p>more</p>", private());
    assert_eq!(scene.origin.send("maria", &inbox, &create).status, 202);
    scene.instance.settle();
    let uri = scene.origin.at("/notes/2");
    let is_here = || {
        let found = scene.instance.app.db.read(|conn| dassie::db::status::find_by_uri(conn, &uri));
        found.unwrap().is_some()
    };
    assert!(is_here());
    scene.origin.serve("/notes/2", json!(410));
    let mut gone = delete(&scene.host.uri("henry"), 3);
    gone["object"] = json!(uri);
    assert_eq!(scene.passes_on(&gone), 202);
    assert!(!is_here());
}
