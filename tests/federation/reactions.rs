//! Emojis under statuses, from and to other servers (F-173 to F-182, F-315, F-316).

use serde_json::{Value, json};

use crate::support::{Instance, Peer, Person, Request, Socket, eventually};

/// Ann with a public and a followers-only status, and another server.
struct Scene {
    instance: Instance,
    ann: Person,
    peer: Peer,
    status: Value,
}

impl Scene {
    /// Our address of an emoji elsewhere.
    fn emoji(&self, url: &str) -> String {
        self.instance.app.site.cached_emoji(dassie::model::CacheClass::Emoji, url)
    }

    fn new() -> Self {
        let instance = Instance::start();
        let ann = instance.person("ann");
        let peer = Peer::start(&["mia", "leo"]);
        let status = ann.writes("react to me", "public");
        Self { instance, ann, peer, status }
    }

    /// A vector with the addresses of this scene, by mia.
    fn vector(&self, name: &str) -> Value {
        let path = format!("{}/tests/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let mia = self.peer.uri("mia");
        let text = std::fs::read_to_string(path).unwrap();
        let text = ["https://mk.example/users/9abc12def3", "https://akko.example/users/akko"]
            .iter()
            .chain(&["https://mitra.example/users/mira"])
            .fold(text, |text, actor| text.replace(actor, &mia))
            .replace(
                "https://dassie.example/posts/01JZPOST000000000000000001",
                self.status["uri"].as_str().unwrap(),
            )
            .replace("https://dassie.example/users/01JZANN0000000000000000000", &self.ann.uri);
        let text = ["mk.example", "akko.example", "mitra.example"]
            .iter()
            .fold(text, |text, host| text.replace(&format!("https://{host}"), &self.peer.at("")));
        serde_json::from_str(&text).unwrap()
    }

    #[track_caller]
    fn send(&self, activity: &Value) {
        let signer = activity["actor"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        let inbox = format!("{}/inbox", self.instance.base);
        assert_eq!(self.peer.send(&signer, &inbox, activity).status, 202);
        self.instance.settle();
    }

    fn activity(&self, kind: &str, number: u32, who: &str, extra: Value) -> Value {
        let mut activity = json!({
            "@context": "https://www.w3.org/ns/activitystreams",
            "id": self.peer.at(&format!("/acts/{number}")), "type": kind,
            "actor": self.peer.uri(who), "object": self.status["uri"],
        });
        activity.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        activity
    }

    fn undo(&self, number: u32, who: &str, object: Value) -> Value {
        json!({
            "@context": "https://www.w3.org/ns/activitystreams",
            "id": self.peer.at(&format!("/acts/{number}/undo")), "type": "Undo",
            "actor": self.peer.uri(who), "object": object,
        })
    }

    fn status(&self) -> Value {
        self.ann.get(&format!("/api/v1/statuses/{}", self.status["id"].as_str().unwrap()))
    }

    /// `name count` of each reaction, and the favourites.
    fn shown(&self) -> (Vec<String>, i64) {
        let status = self.status();
        assert_eq!(status["reactions"], status["emoji_reactions"]);
        assert_eq!(status["reactions"], status["pleroma"]["emoji_reactions"]);
        (names(&status), status["favourites_count"].as_i64().unwrap())
    }
}

fn names(status: &Value) -> Vec<String> {
    let list = status["emoji_reactions"].as_array().unwrap();
    list.iter().map(|one| format!("{} {}", one["name"].as_str().unwrap(), one["count"])).collect()
}

fn encoded(emoji: &str) -> String {
    form_urlencoded::byte_serialize(emoji.as_bytes()).collect()
}

fn path(status: &Value, emoji: &str) -> String {
    let id = status["id"].as_str().unwrap();
    format!("/api/v1/pleroma/statuses/{id}/reactions/{}", encoded(emoji))
}

fn put(person: &Person, status: &Value, emoji: &str) -> crate::support::Answer {
    person.request("PUT", &path(status, emoji)).json(&json!({})).send()
}

#[test]
fn f_178_a_like_with_content_is_a_reaction_and_a_favourite() {
    let scene = Scene::new();
    scene.send(&scene.vector("misskey/like_reaction_unicode"));
    assert_eq!(scene.shown(), (vec!["🎉 1".into()], 1));
    scene.send(&scene.vector("misskey/like_reaction_custom"));
    let blob = format!("blobcat@{} 1", scene.peer.host);
    assert_eq!(scene.shown(), (vec!["🎉 1".into(), blob.clone()], 1));
    let custom = &scene.status()["emoji_reactions"][1];
    assert_eq!(custom["url"], scene.emoji("https://files.mk.example/emoji/blobcat.webp"));
    assert_eq!(custom["me"], false);
    // told once, as what every client knows
    assert_eq!(
        scene.ann.notifications(),
        [("favourite".to_owned(), format!("mia@{}", scene.peer.host))]
    );
    scene.send(&scene.vector("misskey/undo_like_id_only"));
    assert_eq!(scene.shown(), (vec![blob], 1), "the other Like still stands");
    let like = scene.vector("misskey/like_reaction_custom");
    scene.send(&scene.undo(7, "mia", like));
    assert_eq!(scene.shown(), (vec![], 0));
    assert!(scene.ann.notifications().is_empty());
    scene.send(&scene.vector("mitra/like_with_content_proof"));
    assert_eq!(scene.shown(), (vec!["🔥 1".into()], 1));
    // a Like that says nothing, or no emoji, is a plain favourite
    scene.send(&scene.activity("Like", 1, "leo", json!({"content": ""})));
    scene.send(&scene.activity("Like", 2, "leo", json!({"content": "well said"})));
    assert_eq!(scene.shown(), (vec!["🔥 1".into()], 2));
}

#[test]
fn f_173_f_174_f_179_f_180_emoji_reacts_and_their_undo() {
    let scene = Scene::new();
    for name in ["unicode", "custom", "foreign_emoji"] {
        scene.send(&scene.vector(&format!("akkoma/emojireact_{name}")));
    }
    let mouse = format!("mouse@{} 1", scene.peer.host);
    let hug = "hug@other.example 1".to_owned();
    assert_eq!(scene.shown(), (vec!["🧡 1".into(), mouse.clone(), hug.clone()], 0));
    let told = scene.ann.get("/api/v1/notifications");
    assert_eq!(told.as_array().unwrap().len(), 1, "{told}");
    assert_eq!(told[0]["type"], "pleroma:emoji_reaction");
    assert_eq!(told[0]["emoji"], ":hug:");
    assert_eq!(told[0]["emoji_url"], scene.emoji("https://other.example/files/hug.webp"));
    assert_eq!(told[0]["status"]["id"], scene.status["id"]);
    assert_eq!(
        scene.ann.get("/api/v1/notifications?exclude_types[]=pleroma:emoji_reaction"),
        json!([])
    );
    // the same by another activity: once
    let again = json!({"content": "🧡"});
    scene.send(&scene.activity("EmojiReact", 10, "mia", again.clone()));
    scene.send(&scene.activity("EmojiReact", 11, "leo", again.clone()));
    assert_eq!(scene.shown().0, ["🧡 2", &mouse, &hug]);
    // only one's own, whatever the id says
    scene.send(&scene.undo(12, "leo", json!(scene.peer.at("/activities/emojireact_unicode"))));
    assert_eq!(scene.shown().0[0], "🧡 2");
    scene.send(&scene.vector("akkoma/undo_id_only"));
    assert_eq!(scene.shown().0, [mouse.clone(), hug.clone(), "🧡 1".into()], "by age");
    // by actor, object and emoji, under an id that is not known
    let unknown = scene.activity("EmojiReact", 99, "leo", again);
    scene.send(&scene.undo(13, "leo", unknown));
    assert_eq!(scene.shown().0, [mouse, hug]);
    // the Undo of an EmojiReact takes no favourite
    scene.send(&scene.activity("Like", 14, "leo", json!({})));
    let other = scene.activity("EmojiReact", 98, "leo", json!({"content": "🎈"}));
    scene.send(&scene.undo(15, "leo", other));
    assert_eq!(scene.shown().1, 1);
}

#[test]
fn f_175_an_undo_that_comes_first_counts() {
    let scene = Scene::new();
    let react = scene.activity("EmojiReact", 1, "mia", json!({"content": "🧡"}));
    scene.send(&scene.undo(1, "mia", react["id"].clone()));
    scene.send(&react);
    assert_eq!(scene.shown(), (vec![], 0));
}

#[test]
fn f_179_what_is_no_emoji_is_dropped() {
    let scene = Scene::new();
    let bad = [
        json!({}),
        json!({"content": null}),
        json!({"content": 5}),
        json!({"content": "hello"}),
        json!({"content": "🧡🧡"}),
        json!({"content": "🧡".repeat(300)}),
        json!({"content": ":nothing:"}),
        json!({"content": ":x:", "tag": [{"type": "Emoji", "name": ":x:"}]}),
        json!({"content": "<b>"}),
        json!({"content": "\u{202e}🧡"}),
        json!({"content": "🧡", "object": scene.peer.at("/notes/1")}),
    ];
    for (number, extra) in bad.into_iter().enumerate() {
        scene.send(&scene.activity("EmojiReact", 100 + number as u32, "mia", extra));
    }
    assert_eq!(scene.shown(), (vec![], 0));
    assert!(scene.ann.notifications().is_empty());
    // a custom emoji's address that is none leaves the name
    let odd = json!({"content": ":x:", "tag": [{"type": "Emoji", "name": ":x:",
        "icon": {"url": "javascript:alert(1)"}}]});
    scene.send(&scene.activity("EmojiReact", 200, "mia", odd));
    assert_eq!(scene.shown().0, Vec::<String>::new());
}

#[test]
fn f_179_there_is_room_for_so_many() {
    let scene = Scene::new();
    for (number, emoji) in "😀😁😂😃😄😅😆😇😈😉".chars().enumerate() {
        let content = json!({"content": emoji.to_string()});
        scene.send(&scene.activity("EmojiReact", number as u32, "mia", content));
    }
    assert_eq!(scene.shown().0.len(), 8);
}

#[test]
fn f_182_reactions_need_a_reader() {
    let mut scene = Scene::new();
    let open = std::mem::take(&mut scene.status);
    scene.status = scene.ann.writes("for followers", "private");
    scene.send(&scene.activity("EmojiReact", 1, "mia", json!({"content": "🧡"})));
    scene.send(&scene.activity("Like", 2, "mia", json!({"content": "🧡"})));
    assert_eq!(scene.shown(), (vec![], 0));
    scene.status = open;
    let mia = scene.ann.finds(&format!("mia@{}", scene.peer.host));
    scene.ann.post(&format!("/api/v1/accounts/{}/block", mia["id"].as_str().unwrap()), json!({}));
    scene.send(&scene.activity("EmojiReact", 3, "mia", json!({"content": "🧡"})));
    assert_eq!(scene.shown(), (vec![], 0));
    assert!(scene.ann.notifications().is_empty());
}

#[test]
fn f_179_reactions_go_with_their_account() {
    let scene = Scene::new();
    scene.send(&scene.vector("akkoma/emojireact_unicode"));
    let uri = scene.peer.uri("mia");
    let gone = json!({
        "@context": "https://www.w3.org/ns/activitystreams", "id": format!("{uri}#delete"),
        "type": "Delete", "actor": uri, "object": uri,
    });
    scene.send(&gone);
    assert_eq!(scene.shown(), (vec![], 0));
    assert_eq!(scene.ann.notifications(), []);
}

#[test]
fn f_315_clients_of_the_other_family_react_and_read() {
    let scene = Scene::new();
    let eve = scene.instance.person("eve");
    let query = format!("?access_token={}&stream=user", scene.ann.token);
    let mut stream = Socket::open(&scene.instance.host, &query, &[]).unwrap();
    let shown = put(&eve, &scene.status, "🧡").ok();
    assert_eq!(shown["emoji_reactions"][0]["me"], true);
    let update = eventually("the change is told", || {
        Some(stream.event()).filter(|(event, _)| event == "user status.update").map(|(_, u)| u)
    });
    assert_eq!(names(&update), ["🧡 1"]);
    assert_eq!(update["pleroma"]["emoji_reactions"][0]["me"], false);
    put(&eve, &scene.status, "🧡").ok();
    put(&scene.ann, &scene.status, "🧡").ok();
    put(&eve, &scene.status, "🎈").ok();
    assert_eq!(scene.shown().0, ["🧡 2", "🎈 1"]);
    assert_eq!(
        scene.ann.notifications(),
        [("pleroma:emoji_reaction".to_owned(), "eve".to_owned())]
    );
    let id = scene.status["id"].as_str().unwrap();
    let all = scene.ann.get(&format!("/api/v1/pleroma/statuses/{id}/reactions"));
    assert_eq!((all[0]["name"].as_str(), all[0]["count"].as_i64()), (Some("🧡"), Some(2)));
    assert_eq!(all[0]["accounts"][0]["acct"], "eve");
    let one = scene.ann.get(&path(&scene.status, "🎈"));
    assert_eq!(one.as_array().unwrap().len(), 1);
    assert_eq!(scene.instance.get(&path(&scene.status, "🎈")).ok(), {
        let mut open = one.clone();
        open[0]["me"] = json!(false);
        open
    });
    for bad in ["nothing", "x y", "hug@other.example"] {
        assert_eq!(put(&eve, &scene.status, bad).status, 422, "{bad}");
    }
    let private = scene.ann.writes("not for eve", "private");
    assert_eq!(put(&eve, &private, "🧡").status, 404);
    let anonymous =
        Request::new("PUT", format!("{}{}", scene.instance.base, path(&scene.status, "🧡")));
    assert_eq!(anonymous.send().status, 401);
    let shown = eve.delete(&path(&scene.status, "🧡"));
    assert_eq!(names(&shown), ["🧡 1", "🎈 1"]);
    eve.delete(&path(&scene.status, "🎈"));
    assert!(scene.ann.notifications().is_empty(), "nothing is left of it");
}

#[test]
fn f_315_f_336_f_350_who_may_not_favourite_may_not_react() {
    let scene = Scene::new();
    let eve = scene.instance.person("eve");
    for wanted in [json!(["public"]), json!([])] {
        let rule = json!({"always": ["author"], "with_approval": wanted});
        let post = json!({"status": "ask me", "interaction_policy": {"can_favourite": rule}});
        let status = scene.ann.post("/api/v1/statuses", post);
        let answer = put(&eve, &status, "🧡");
        assert_eq!(answer.status, 403, "{}", answer.text());
        assert_eq!(names(&put(&scene.ann, &status, "🧡").ok()), ["🧡 1"], "its author may");
    }
    put(&eve, &scene.status, "🧡").ok();
    let id: i64 = eve.id.parse().unwrap();
    let moved = scene.instance.app.db.write(dassie::db::Lane::Interactive, move |tx| {
        let mut account = dassie::db::account::get(tx, id)?;
        account.moved_to_uri = Some("https://elsewhere.example/users/eve".into());
        dassie::db::account::update(tx, &account)
    });
    moved.wait().unwrap();
    let answer = put(&eve, &scene.status, "🎈");
    assert_eq!(answer.status, 403);
    assert!(answer.text().contains("has moved"), "{}", answer.text());
    assert_eq!(names(&eve.delete(&path(&scene.status, "🧡"))), Vec::<String>::new(), "taken back");
}

#[test]
fn f_316_a_reaction_goes_out_in_the_words_of_its_reader() {
    let scene = Scene::new();
    let note = scene.peer.create(
        "mia",
        1,
        "<p>hi</p>",
        json!({"cc": [scene.ann.uri], "tag":
        [{"type": "Mention", "href": scene.ann.uri, "name": "@ann"}]}),
    );
    scene.send(&note);
    let there = eventually("it is here", || scene.ann.finds_status(&scene.peer.at("/notes/1")));
    let of_kind = |kind: &str| {
        let all = scene.peer.received();
        all.into_iter().filter(|a| a["type"] == kind).collect::<Vec<_>>()
    };
    put(&scene.ann, &there, "🧡").ok();
    scene.instance.settle();
    let like = of_kind("Like").pop().unwrap();
    assert_eq!((&like["content"], &like["_misskey_reaction"]), (&json!("🧡"), &json!("🧡")));
    assert_eq!(like["to"], json!([scene.peer.uri("mia")]));
    assert_eq!(like["object"], there["uri"]);
    // the favourite is told anew when the reaction that hid it goes
    let id = there["id"].as_str().unwrap();
    scene.ann.post(&format!("/api/v1/statuses/{id}/favourite"), json!({}));
    scene.ann.delete(&path(&there, "🧡"));
    scene.instance.settle();
    let undo = of_kind("Undo").pop().unwrap();
    assert_eq!(undo["object"]["id"], like["id"]);
    let likes = of_kind("Like");
    assert_eq!(likes.len(), 3);
    assert!(likes[2]["content"].is_null() && likes[2]["id"] != likes[1]["id"]);
    // a server that sends EmojiReact reads it as well
    scene.send(&scene.vector("akkoma/emojireact_unicode"));
    put(&scene.ann, &there, "🎈").ok();
    scene.instance.settle();
    let react = of_kind("EmojiReact").pop().unwrap();
    assert_eq!(react["content"], "🎈");
    scene.ann.delete(&path(&there, "🎈"));
    scene.instance.settle();
    assert_eq!(of_kind("Undo").pop().unwrap()["object"], {
        let mut inner = react;
        inner.as_object_mut().unwrap().remove("@context");
        inner
    });
}

#[test]
fn f_316_an_actor_of_pleromas_family_is_known_by_its_context() {
    let scene = Scene::new();
    let mut actor = scene.peer.document("/users/mia");
    actor["@context"] = json!([
        "https://www.w3.org/ns/activitystreams",
        scene.peer.at("/schemas/litepub-0.1.jsonld")
    ]);
    scene.peer.serve("/users/mia", actor);
    let note = scene.peer.create("mia", 1, "<p>hi</p>", json!({"cc": [scene.ann.uri]}));
    scene.send(&note);
    let there = eventually("it is here", || scene.ann.finds_status(&scene.peer.at("/notes/1")));
    put(&scene.ann, &there, "🧡").ok();
    scene.instance.settle();
    assert!(scene.peer.received().iter().any(|a| a["type"] == "EmojiReact"));
}

#[test]
fn f_178_f_315_reactions_between_two_servers() {
    let (a, b) = (Instance::start(), Instance::start());
    let (ann, bob) = (a.person("ann"), b.person("bob"));
    let status = ann.writes("react to me", "public");
    let there = eventually("it is found", || bob.finds_status(status["uri"].as_str().unwrap()));
    assert_eq!(names(&put(&bob, &there, "🧡").ok()), ["🧡 1"]);
    b.settle();
    a.settle();
    let shown = ann.get(&format!("/api/v1/statuses/{}", status["id"].as_str().unwrap()));
    assert_eq!((names(&shown), &shown["favourites_count"]), (vec!["🧡 1".into()], &json!(1)));
    bob.delete(&path(&there, "🧡"));
    b.settle();
    a.settle();
    let shown = ann.get(&format!("/api/v1/statuses/{}", status["id"].as_str().unwrap()));
    assert_eq!((names(&shown), &shown["favourites_count"]), (vec![], &json!(0)));
}
