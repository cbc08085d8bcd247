//! What hostile servers send: refused with the stated status, cheap, and without a trace.

use rusqlite::types::ValueRef;
use serde_json::{Value, json};

use crate::support::{Answer, Instance, Peer, Person, Request, eventually};

/// An instance with a public and a private status, an honest server and a hostile one.
struct Scene {
    instance: Instance,
    ann: Person,
    honest: Peer,
    mallory: Peer,
    public: Value,
    private: Value,
}

impl Scene {
    fn new() -> Self {
        let instance = Instance::start();
        let ann = instance.person("ann");
        let honest = Peer::start(&["maria", "eve"]);
        let mallory = Peer::start(&["mallory"]);
        // all three are known, and so are a status of maria's and one of eve's
        for (peer, name) in [(&honest, "maria"), (&honest, "eve"), (&mallory, "mallory")] {
            ann.finds(&format!("{name}@{}", peer.host));
        }
        let note = honest.create(
            "maria",
            114_001,
            "<p>honest</p>",
            json!({"id": honest.at("/users/maria/statuses/114001"), "cc": [ann.uri]}),
        );
        let answer = honest.send("maria", &format!("{}/inbox", instance.base), &note);
        assert_eq!(answer.status, 202);
        let public = ann.writes("mine", "public");
        let private = ann.writes("mine alone", "private");
        instance.settle();
        Self { instance, ann, honest, mallory, public, private }
    }

    /// A vector with its invented addresses in place of ours and theirs.
    fn vector(&self, name: &str) -> String {
        let path = format!("{}/tests/vectors/hostile/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let address = |status: &Value| status["uri"].as_str().unwrap().to_owned();
        std::fs::read_to_string(path)
            .unwrap()
            .replace("https://dassie.example/users/01JZANN0000000000000000000", &self.ann.uri)
            .replace(
                "https://dassie.example/posts/01JZPOST000000000000000001",
                &address(&self.public),
            )
            .replace(
                "https://dassie.example/posts/01JZPRIV000000000000000001",
                &address(&self.private),
            )
            .replace("https://dassie.example", &self.instance.base)
            .replace("https://mallory.example", &format!("http://{}", self.mallory.host))
            .replace("https://masto.example", &format!("http://{}", self.honest.host))
    }

    /// Sends raw bytes, signed by one of the peers' actors.
    fn send_raw(&self, peer: &Peer, signer: &str, body: &str) -> Answer {
        peer.send_bytes(signer, &format!("{}/inbox", self.instance.base), body.as_bytes())
    }

    /// Everything that a reader could notice, row by row.
    fn trace(&self) -> Vec<String> {
        let path = self.instance.folder.path().join("data/dassie.db");
        let sql = rusqlite::Connection::open(path).unwrap();
        let mut rows = Vec::new();
        for table in [
            "account",
            "status",
            "mention",
            "follow",
            "block",
            "favourite",
            "reaction",
            "notification",
            "remote_key",
            "timeline_entry",
            "media",
            "delivery",
        ] {
            let mut query = sql.prepare(&format!("SELECT * FROM {table}")).unwrap();
            let columns: Vec<String> = query.column_names().map(str::to_owned).collect();
            let mut found = query.query([]).unwrap();
            while let Some(row) = found.next().unwrap() {
                let row: Vec<String> = columns
                    .iter()
                    .enumerate()
                    // reading the same again is no change
                    .filter(|(_, name)| *name != "fetched_at")
                    .map(|(i, name)| match row.get_ref(i).unwrap() {
                        ValueRef::Text(text) => format!("{name}={}", String::from_utf8_lossy(text)),
                        ValueRef::Blob(bytes) => {
                            format!("{name}={:?}", dassie::crypto::short_hash16(bytes))
                        }
                        other => format!("{name}={other:?}"),
                    })
                    .collect();
                rows.push(format!("{table}: {}", row.join(" | ")));
            }
        }
        rows.sort();
        rows
    }

    /// Sends a vector and sees that it is answered so and leaves nothing behind.
    #[track_caller]
    fn has_no_effect(&self, name: &str, peer: &Peer, signer: &str, status: u16) {
        let before = self.trace();
        let answer = self.send_raw(peer, signer, &self.vector(name));
        assert_eq!(answer.status, status, "{name}: {}", answer.text());
        self.instance.settle();
        assert_same(name, &before, &self.trace());
    }
}

/// Fails with the rows that differ.
#[track_caller]
fn assert_same(name: &str, before: &[String], after: &[String]) {
    let only = |a: &[String], b: &[String]| -> Vec<String> {
        a.iter().filter(|row| !b.contains(row)).cloned().collect()
    };
    let (gone, new) = (only(before, after), only(after, before));
    assert!(gone.is_empty() && new.is_empty(), "{name}\ngone: {gone:#?}\nnew: {new:#?}");
}

#[test]
fn s_024_s_037_forged_activities_have_no_effect() {
    let scene = Scene::new();
    scene.has_no_effect("actor_mismatch", &scene.mallory, "mallory", 401);
    scene.has_no_effect("context_remap", &scene.mallory, "mallory", 401);
    scene.has_no_effect("cross_origin_object", &scene.mallory, "mallory", 202);
    scene.has_no_effect("duplicate_keys", &scene.mallory, "mallory", 400);
    scene.has_no_effect("deep_json", &scene.mallory, "mallory", 400);
    scene.has_no_effect("graph_restructure", &scene.mallory, "mallory", 202);
    scene.has_no_effect("move_other_actor", &scene.mallory, "mallory", 202);
    scene.has_no_effect("move_without_alias", &scene.mallory, "mallory", 202);
}

#[test]
fn s_030_s_033_only_the_owner_changes_a_thing() {
    let scene = Scene::new();
    scene.has_no_effect("update_foreign_actor_same_host", &scene.honest, "eve", 202);
    scene.has_no_effect("accept_unsolicited", &scene.mallory, "mallory", 202);
    scene.has_no_effect("boost_of_private", &scene.mallory, "mallory", 202);
    scene.has_no_effect("delete_foreign_post", &scene.honest, "eve", 202);
}

#[test]
fn s_117_s_119_hostile_html_is_harmless() {
    let scene = Scene::new();
    let mut note: Value = serde_json::from_str(&scene.vector("xss_note")).unwrap();
    let uri = match note["object"]["id"].as_str() {
        Some(uri) => uri.to_owned(),
        None => note["id"].as_str().unwrap().to_owned(),
    };
    let activity = if note["type"] == "Create" {
        note.clone()
    } else {
        note["cc"] = json!([scene.ann.uri]);
        json!({
            "@context": "https://www.w3.org/ns/activitystreams", "id": format!("{uri}/activity"),
            "type": "Create", "actor": note["attributedTo"], "to": note["to"], "cc": note["cc"],
            "object": note,
        })
    };
    let inbox = format!("{}/inbox", scene.ann.uri);
    let answer = scene.mallory.send("mallory", &inbox, &activity);
    assert_eq!(answer.status, 202, "{}", answer.text());
    let status = eventually("it arrives", || scene.ann.finds_status(&uri));
    let content = status["content"].as_str().unwrap();
    for evil in ["script", "onerror", "javascript", "svg", "iframe", "style", "<img"] {
        assert!(!content.contains(evil), "{evil} in {content}");
    }
    assert!(content.contains("https://ok.example"), "{content}");
    assert_eq!(status["url"], uri.as_str(), "a hostile url falls back to the id");
    assert_eq!(status["emojis"], json!([]));
}

#[test]
fn s_025_s_027_keys_and_ids_must_agree_with_their_origin() {
    let scene = Scene::new();
    // a document under mallory's address that claims to be maria
    let forged: Value = serde_json::from_str(&scene.vector("fetched_id_other_host")).unwrap();
    scene.mallory.serve("/users/x", forged);
    let key: Value = serde_json::from_str(&scene.vector("key_owner_one_way")).unwrap();
    scene.mallory.serve("/keys/1", key);
    let before = scene.trace();
    let path = format!(
        "/api/v2/search?resolve=true&q={}",
        form_urlencoded::byte_serialize(scene.mallory.at("/users/x").as_bytes())
            .collect::<String>()
    );
    // the address leads to maria's own document at her own address, at most
    let _ = scene.ann.get(&path);
    let like = json!({
        "@context": "https://www.w3.org/ns/activitystreams", "id": scene.honest.at("/likes/9"),
        "type": "Like", "actor": scene.honest.uri("maria"), "object": scene.public["uri"],
    });
    let answer = scene.mallory.send_with_key_id(
        &scene.mallory.at("/keys/1"),
        &format!("{}/inbox", scene.instance.base),
        like.to_string().as_bytes(),
    );
    assert_eq!(answer.status, 401, "{}", answer.text());
    scene.instance.settle();
    assert_same("forged key", &before, &scene.trace());
}

#[test]
fn f_128_an_inbox_refuses_what_it_cannot_read() {
    let scene = Scene::new();
    let inbox = format!("{}/inbox", scene.instance.base);
    let post = |body: Vec<u8>, kind: &str| Request::new("POST", &inbox).body(body, kind).send();
    let activity = "application/activity+json";
    assert_eq!(post(b"{}".to_vec(), "application/json").status, 406);
    assert_eq!(post(b"not json".to_vec(), activity).status, 400);
    assert_eq!(post(Vec::new(), activity).status, 400);
    assert_eq!(post(vec![b' '; 2 * 1024 * 1024], activity).status, 413);
    assert_eq!(post(br#"{"type":"Like"}"#.to_vec(), activity).status, 400);
    let unsigned = json!({
        "@context": "https://www.w3.org/ns/activitystreams", "id": scene.honest.at("/likes/1"),
        "type": "Like", "actor": scene.honest.uri("maria"), "object": scene.public["uri"],
    });
    assert_eq!(post(unsigned.to_string().into_bytes(), activity).status, 401);
    let stranger = format!("{}/users/nobody/inbox", scene.instance.base);
    let answer = scene.honest.send("maria", &stranger, &unsigned);
    assert_eq!(answer.status, 404);
    let get = Request::new("GET", &inbox).send();
    assert_eq!(get.status, 405);
    for answer in [post(b"[".repeat(100_000), activity), get] {
        assert!(answer.json()["error"].is_string());
    }
}

#[test]
fn s_035_old_and_foreign_signatures_are_refused() {
    let scene = Scene::new();
    let inbox = format!("{}/inbox", scene.instance.base);
    let like = json!({
        "@context": "https://www.w3.org/ns/activitystreams", "id": scene.honest.at("/likes/2"),
        "type": "Like", "actor": scene.honest.uri("maria"), "object": scene.public["uri"],
    });
    let now = scene.instance.app.clock.now_ms();
    let old = scene.honest.send_as("maria", &inbox, &like, now - 13 * 3_600_000);
    assert_eq!(old.status, 401, "{}", old.text());
    let early = scene.honest.send_as("maria", &inbox, &like, now + 2 * 3_600_000);
    assert_eq!(early.status, 401);
    assert_eq!(scene.honest.send("maria", &inbox, &like).status, 202);
    // the same again is taken and does nothing
    assert_eq!(scene.honest.send("maria", &inbox, &like).status, 202);
    scene.instance.settle();
    let status =
        scene.ann.get(&format!("/api/v1/statuses/{}", scene.public["id"].as_str().unwrap()));
    assert_eq!(status["favourites_count"], 1);
    let favourites = scene.ann.notifications();
    assert_eq!(favourites.iter().filter(|(kind, _)| kind == "favourite").count(), 1);
}

#[test]
fn s_019_a_dead_key_is_asked_for_once() {
    let scene = Scene::new();
    let inbox = format!("{}/inbox", scene.instance.base);
    let asked =
        |peer: &Peer| peer.asked().iter().filter(|path| path.starts_with("/users/ghost")).count();
    for number in 0..20 {
        let like = json!({
            "@context": "https://www.w3.org/ns/activitystreams",
            "id": scene.honest.at(&format!("/likes/{number}")),
            "type": "Like", "actor": scene.honest.uri("ghost"), "object": scene.public["uri"],
        });
        let answer = scene.honest.send("ghost", &inbox, &like);
        assert!(matches!(answer.status, 401 | 503), "{}", answer.text());
    }
    assert_eq!(asked(&scene.honest), 1);
}

#[test]
fn f_133_an_undo_that_comes_first_wins() {
    let scene = Scene::new();
    let inbox = format!("{}/inbox", scene.instance.base);
    let uri = scene.honest.uri("maria");
    let like = json!({
        "@context": "https://www.w3.org/ns/activitystreams", "id": scene.honest.at("/likes/3"),
        "type": "Like", "actor": uri, "object": scene.public["uri"],
    });
    let undo = json!({
        "@context": "https://www.w3.org/ns/activitystreams", "id": scene.honest.at("/undo/3"),
        "type": "Undo", "actor": uri, "object": like,
    });
    assert_eq!(scene.honest.send("maria", &inbox, &undo).status, 202);
    scene.instance.settle();
    assert_eq!(scene.honest.send("maria", &inbox, &like).status, 202);
    scene.instance.settle();
    let status =
        scene.ann.get(&format!("/api/v1/statuses/{}", scene.public["id"].as_str().unwrap()));
    assert_eq!(status["favourites_count"], 0);
    // and a status deleted before it came does not come
    let late = scene.honest.create("maria", 77, "<p>late</p>", json!({"cc": [scene.ann.uri]}));
    let delete = json!({
        "@context": "https://www.w3.org/ns/activitystreams", "id": scene.honest.at("/delete/77"),
        "type": "Delete", "actor": uri, "object": scene.honest.at("/notes/77"),
    });
    scene.honest.send("maria", &inbox, &delete);
    scene.instance.settle();
    scene.honest.send("maria", &inbox, &late);
    scene.instance.settle();
    assert!(scene.trace().iter().all(|row| !row.contains("/notes/77")));
}

fn encoded(address: &str) -> String {
    form_urlencoded::byte_serialize(address.as_bytes()).collect()
}

#[test]
fn s_140_documents_that_name_each_other_end() {
    let scene = Scene::new();
    let (mallory, inbox) = (&scene.mallory, format!("{}/inbox", scene.ann.uri));
    let wrap = |number: u32, inner: &str| {
        json!({
            "@context": "https://www.w3.org/ns/activitystreams",
            "id": mallory.at(&format!("/loop/{number}")), "type": "Create",
            "actor": mallory.uri("mallory"), "object": inner,
        })
    };
    // one that contains itself, and two that contain each other
    mallory.serve("/loop/1", wrap(1, &mallory.at("/loop/1")));
    mallory.serve("/loop/2", wrap(2, &mallory.at("/loop/3")));
    mallory.serve("/loop/3", wrap(3, &mallory.at("/loop/2")));
    for number in 1..=3 {
        let reply = mallory.create(
            "mallory",
            number,
            "<p>up</p>",
            json!({"inReplyTo": mallory.at(&format!("/loop/{number}"))}),
        );
        assert_eq!(mallory.send("mallory", &inbox, &reply).status, 202);
        let found = scene.ann.finds_status(&mallory.at(&format!("/loop/{number}")));
        assert!(found.is_none());
    }
    scene.instance.settle();
    let asked = mallory.asked().iter().filter(|path| path.starts_with("/loop/")).count();
    assert!(asked < 30, "{asked} fetches");
}

#[test]
fn s_028_nobody_claims_the_address_of_anothers_status() {
    let scene = Scene::new();
    let inbox = format!("{}/inbox", scene.ann.uri);
    let victim = scene.honest.at("/users/maria/statuses/555");
    let claim = scene.mallory.create("mallory", 1, "<p>forged</p>", json!({"url": victim}));
    assert_eq!(scene.mallory.send("mallory", &inbox, &claim).status, 202);
    scene.instance.settle();
    assert!(scene.ann.finds_status(&victim).is_none(), "the address is maria's alone");
    // nor that of a page here
    let page = scene.public["url"].as_str().unwrap();
    let yesterday = dassie::clock::wire_time(scene.instance.app.clock.now_ms() - 86_400_000);
    let claim = scene.mallory.create(
        "mallory",
        2,
        "<p>forged</p>",
        json!({"url": page, "published": yesterday}),
    );
    scene.mallory.send("mallory", &inbox, &claim);
    scene.instance.settle();
    let found = scene.ann.get(&format!("/api/v2/search?resolve=true&q={}", encoded(page)));
    assert_eq!(found["statuses"][0]["uri"], scene.public["uri"]);
}

#[test]
fn s_030_neighbours_on_one_server_cannot_delete_in_advance() {
    let scene = Scene::new();
    let shared = format!("{}/inbox", scene.instance.base);
    let future = scene.honest.at("/notes/900");
    let delete = json!({
        "@context": "https://www.w3.org/ns/activitystreams", "id": scene.honest.at("/delete/900"),
        "type": "Delete", "actor": scene.honest.uri("eve"), "object": future,
    });
    assert_eq!(scene.honest.send("eve", &shared, &delete).status, 202);
    scene.instance.settle();
    let note = scene.honest.create("maria", 900, "<p>mine</p>", json!({"cc": [scene.ann.uri]}));
    assert_eq!(scene.honest.send("maria", &shared, &note).status, 202);
    scene.instance.settle();
    assert!(scene.ann.finds_status(&future).is_some());
}

#[test]
fn s_025_a_key_id_stays_with_the_account_that_has_it() {
    let scene = Scene::new();
    let shared = format!("{}/inbox", scene.instance.base);
    let maria_key = format!("{}#main-key", scene.honest.uri("maria"));
    let eve = scene.honest.uri("eve");
    let wrong = std::fs::read_to_string(format!(
        "{}/tests/vectors/http/test-rsa-2.public.pem",
        env!("CARGO_MANIFEST_DIR")
    ))
    .unwrap();
    let update = json!({
        "@context": "https://www.w3.org/ns/activitystreams", "id": scene.honest.at("/update/1"),
        "type": "Update", "actor": eve,
        "object": {
            "id": eve, "type": "Person", "preferredUsername": "eve", "inbox": format!("{eve}/inbox"),
            "publicKey": {"id": maria_key, "owner": eve, "publicKeyPem": wrong},
        },
    });
    assert_eq!(scene.honest.send("eve", &shared, &update).status, 202);
    scene.instance.settle();
    let like = json!({
        "@context": "https://www.w3.org/ns/activitystreams", "id": scene.honest.at("/likes/77"),
        "type": "Like", "actor": scene.honest.uri("maria"), "object": scene.public["uri"],
    });
    assert_eq!(scene.honest.send("maria", &shared, &like).status, 202);
}

#[test]
fn s_088_a_deleted_private_status_leaves_no_trace() {
    let scene = Scene::new();
    let (private, public) = (&scene.private, &scene.public);
    for status in [private, public] {
        scene.ann.delete(&format!("/api/v1/statuses/{}", status["id"].as_str().unwrap()));
    }
    let status = |of: &Value| scene.instance.activity(of["uri"].as_str().unwrap()).status;
    assert_eq!((status(private), status(public)), (404, 410));
}

#[test]
fn f_164_recipients_on_the_activity_alone_count() {
    let scene = Scene::new();
    let shared = format!("{}/inbox", scene.instance.base);
    let mut create = scene.honest.create("maria", 31, "<p>outer</p>", json!({}));
    create["to"] = json!([scene.ann.uri]);
    create["cc"] = json!([]);
    let note = create["object"].as_object_mut().unwrap();
    note.remove("to");
    note.remove("cc");
    assert_eq!(scene.honest.send("maria", &shared, &create).status, 202);
    scene.instance.settle();
    let seen = scene.ann.finds_status(&scene.honest.at("/notes/31")).unwrap();
    assert_eq!(seen["visibility"], "direct");
}

#[test]
fn f_119_s_093_signed_fetch_keeps_answers_to_the_signer() {
    let instance = Instance::with(crate::support::Options {
        configure: Some(|config| config.federation.require_signed_fetch = true),
        ..Default::default()
    });
    let ann = instance.person("ann");
    let status = ann.writes("for those who sign", "public");
    let peer = Peer::start(&["mia", "noa"]);
    for url in [ann.uri.clone(), status["uri"].as_str().unwrap().to_owned()] {
        assert_eq!(instance.activity(&url).status, 401);
        let answer = peer.get_signed("mia", &url);
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert!(answer.header("cache-control").unwrap().contains("private"));
        assert!(answer.header("vary").unwrap().contains("Signature"));
    }
    assert_eq!(instance.activity(&format!("{}/actor", instance.base)).status, 200);
    let mia = ann.finds(&format!("mia@{}", peer.host))["id"].as_str().unwrap().to_owned();
    ann.post(&format!("/api/v1/accounts/{mia}/block"), json!({}));
    // right after one who may, and before the next: no answer is anybody else's
    for url in [ann.uri.clone(), status["uri"].as_str().unwrap().to_owned()] {
        assert_eq!(peer.get_signed("noa", &url).status, 200);
        assert_eq!(peer.get_signed("mia", &url).status, 404);
        assert_eq!(peer.get_signed("noa", &url).status, 200);
    }
}

impl Scene {
    /// Puts the note of a vector into its Create and sends it to ann; answers its address.
    fn pushes(&self, name: &str) -> String {
        let mut note: Value = serde_json::from_str(&self.vector(name)).unwrap();
        let uri = note["id"].as_str().unwrap().to_owned();
        note.as_object_mut().unwrap().remove("@context");
        let create = json!({
            "@context": "https://www.w3.org/ns/activitystreams", "id": format!("{uri}/activity"),
            "type": "Create", "actor": note["attributedTo"], "to": note["to"], "object": note,
        });
        let inbox = format!("{}/inbox", self.ann.uri);
        let answer = self.mallory.send("mallory", &inbox, &create);
        assert_eq!(answer.status, 202, "{name}: {}", answer.text());
        // a search would fetch it, were it not here yet
        let stored = format!("uri={uri} ");
        eventually("it is stored", || {
            self.trace().iter().any(|row| row.contains(&stored)).then_some(())
        });
        uri
    }
}

#[test]
fn s_004_no_address_inside_is_ever_asked() {
    let scene = Scene::new();
    // what the vector points to on this machine, if anything were asked
    let asked = scene.mallory.asked().len();
    let uri = scene.pushes("ssrf_urls");
    let status = scene.ann.finds_status(&uri).unwrap();
    for attachment in status["media_attachments"].as_array().unwrap() {
        let url = attachment["remote_url"].as_str().unwrap();
        assert!(url.starts_with("http") && !url.contains('@'), "{url}");
    }
    assert_eq!(scene.mallory.asked().len(), asked, "nothing was fetched from anywhere");
}

#[test]
fn s_052_bombs_are_cut_to_size() {
    let scene = Scene::new();
    let poll = scene.ann.finds_status(&scene.pushes("poll_bomb_small")).unwrap();
    let options = poll["poll"]["options"].as_array().unwrap();
    assert!(options.len() <= 100, "{}", options.len());
    assert!(options.iter().all(|option| option["votes_count"].as_i64().unwrap() >= 0));
    let asked = scene.mallory.asked().len();
    let flood = scene.ann.finds_status(&scene.pushes("mention_flood")).unwrap();
    assert!(flood["mentions"].as_array().unwrap().len() <= 50);
    assert!(scene.mallory.asked().len() - asked <= 10);
}

#[test]
fn s_049_control_characters_do_not_come_through() {
    let scene = Scene::new();
    let actor: Value = serde_json::from_str(&scene.vector("control_chars_actor")).unwrap();
    scene.mallory.serve("/users/ctl", actor);
    let found = scene
        .ann
        .get(&format!("/api/v2/search?resolve=true&q={}", encoded(&scene.mallory.uri("ctl"))));
    let name = found["accounts"][0]["display_name"].as_str().unwrap();
    assert!(!name.contains(['\u{202e}', '\0', '\u{1b}']), "{name:?}");
    assert!(name.contains('a') && name.contains('b'));
}
