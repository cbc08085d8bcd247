//! Two instances on loopback: they follow each other, write, reply, boost, favourite, delete;
//! each side sees exactly what it may.

use serde_json::{Value, json};

use crate::support::{Instance, Peer, Person, eventually};

/// Ann on one server, Bob on another, following each other.
struct Pair {
    a: Instance,
    b: Instance,
    ann: Person,
    bob: Person,
}

fn pair() -> Pair {
    let (a, b) = (Instance::start(), Instance::start());
    let (ann, bob) = (a.person("ann"), b.person("bob"));
    ann.follows(&bob.handle());
    bob.follows(&ann.handle());
    Pair { a, b, ann, bob }
}

impl Pair {
    fn settle(&self) {
        self.a.settle();
        self.b.settle();
        self.a.settle();
        self.b.settle();
    }
}

fn id(status: &Value) -> String {
    status["id"].as_str().unwrap().to_owned()
}

/// The status as the other person's server knows it.
fn at(person: &Person, status: &Value) -> Value {
    let uri = status["uri"].as_str().unwrap();
    eventually(&format!("{uri} arrives"), || person.finds_status(uri))
}

#[test]
fn f_151_a_follow_is_accepted_and_told() {
    let pair = pair();
    assert!(pair.ann.notifications().contains(&("follow".into(), pair.bob.handle())));
    assert!(pair.bob.notifications().contains(&("follow".into(), pair.ann.handle())));
    let account = pair.ann.get("/api/v1/accounts/verify_credentials");
    assert_eq!(account["followers_count"], 1);
    assert_eq!(account["following_count"], 1);
}

#[test]
fn f_217_f_230_each_visibility_reaches_whom_it_should() {
    let pair = pair();
    // carl is on bob's server and follows nobody
    let carl = pair.b.person("carl");
    for visibility in ["public", "unlisted", "private", "direct"] {
        pair.ann.writes(&format!("a {visibility} one"), visibility);
    }
    let secret = pair.ann.writes(&format!("for @{} only", pair.bob.handle()), "direct");
    pair.settle();
    let at_bob = at(&pair.bob, &secret);
    assert_eq!(at_bob["visibility"], "direct");
    let mut home = pair.bob.home();
    home.sort();
    assert_eq!(
        home,
        ["a private one", "a public one", "a unlisted one", "for @bob only"],
        "a direct status to nobody is nobody else's"
    );
    assert_eq!(pair.bob.notifications()[0], ("mention".into(), pair.ann.handle()));
    // carl sees what is open, and nothing else exists for him
    for status in pair.bob.get("/api/v1/timelines/home").as_array().unwrap() {
        let path = format!("/api/v1/statuses/{}", id(status));
        let open = matches!(status["visibility"].as_str(), Some("public" | "unlisted"));
        let answer = carl.request("GET", &path).send();
        assert_eq!(answer.status, if open { 200 } else { 404 }, "{path} {status}");
        // to somebody without an account no remote status exists that no local one leads to
        assert_eq!(pair.b.get(&path).status, 404);
    }
    assert!(carl.home().is_empty());
}

#[test]
fn f_118_f_245_documents_that_are_not_open_do_not_exist_for_strangers() {
    let pair = pair();
    let open = pair.ann.writes("open", "public");
    let closed = pair.ann.writes("closed", "private");
    let unknown = pair.a.activity(&format!("{}/statuses/1", pair.ann.uri));
    let hidden = pair.a.activity(closed["uri"].as_str().unwrap());
    assert_eq!(pair.a.activity(open["uri"].as_str().unwrap()).status, 200);
    assert_eq!((hidden.status, &hidden.body), (404, &unknown.body), "same as what is not there");
    for collection in ["outbox?page=true", "collections/featured"] {
        let text = pair.a.activity(&format!("{}/{collection}", pair.ann.uri)).text();
        assert!(!text.contains("closed"), "{collection}");
    }
}

#[test]
fn f_219_f_241_replies_go_both_ways_and_make_one_thread() {
    let pair = pair();
    let first = pair.ann.writes("who is there?", "public");
    let at_bob = at(&pair.bob, &first);
    let reply = pair.bob.post(
        "/api/v1/statuses",
        json!({"status": format!("@{} I am", pair.ann.handle()), "in_reply_to_id": id(&at_bob)}),
    );
    let at_ann = at(&pair.ann, &reply);
    assert_eq!(at_ann["in_reply_to_id"], first["id"]);
    pair.settle();
    let context = pair.ann.get(&format!("/api/v1/statuses/{}/context", id(&first)));
    assert_eq!(context["descendants"][0]["uri"], reply["uri"]);
    let above = pair.bob.get(&format!("/api/v1/statuses/{}/context", id(&reply)));
    assert_eq!(above["ancestors"][0]["uri"], first["uri"]);
    assert!(pair.ann.notifications().contains(&("mention".into(), pair.bob.handle())));
    // a stranger reads the remote reply below the local status
    let anonymous = pair.a.get(&format!("/api/v1/statuses/{}/context", id(&first))).ok();
    assert_eq!(anonymous["descendants"][0]["uri"], reply["uri"]);
    let replies = pair.a.activity(&format!("{}/replies?page=true", first["uri"].as_str().unwrap()));
    assert_eq!(replies.json()["items"][0], reply["uri"]);
}

#[test]
fn f_166_an_edit_counts_however_soon_it_comes() {
    let pair = pair();
    let first = pair.ann.writes("version 0", "public");
    let path = format!("/api/v1/statuses/{}", id(&first));
    pair.settle();
    // most of these are of one second, which is all that their times tell
    for version in 1..=3 {
        let text = format!("version {version}");
        pair.ann.request("PUT", &path).json(&json!({"status": text})).send().ok();
        pair.settle();
        assert_eq!(pair.bob.home(), [text]);
    }
    let there = at(&pair.bob, &first);
    assert!(there["edited_at"].is_string());
    let history = pair.bob.get(&format!("/api/v1/statuses/{}/history", id(&there)));
    assert_eq!(history.as_array().unwrap().len(), 4);
}

#[test]
fn a_status_fetched_before_it_is_pushed_still_arrives() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let peer = Peer::start(&["mia"]);
    let named = json!({
        "cc": [ann.uri], "tag": [{"type": "Mention", "href": ann.uri, "name": "@ann"}],
    });
    let create = peer.create("mia", 1, "<p>hello</p>", named);
    let mut note = create["object"].clone();
    note["@context"] = create["@context"].clone();
    peer.serve("/notes/1", note);
    let uri = peer.at("/notes/1");
    let fetched = ann.finds_status(&uri).unwrap();
    assert!(ann.notifications().is_empty(), "a fetch is silent");
    assert_eq!(peer.send("mia", &format!("{}/inbox", instance.base), &create).status, 202);
    let mention = ("mention".to_owned(), format!("mia@{}", peer.host));
    eventually("ann is told", || ann.notifications().contains(&mention).then_some(()));
    assert_eq!(ann.finds_status(&uri).unwrap()["id"], fetched["id"]);
}

#[test]
fn f_219_a_reply_that_names_nobody_reaches_the_parents_author() {
    let pair = pair();
    let carl = pair.b.person("carl");
    let first = pair.ann.writes("hello", "public");
    let at_carl = at(&carl, &first);
    let reply =
        carl.post("/api/v1/statuses", json!({"status": "hi", "in_reply_to_id": id(&at_carl)}));
    pair.settle();
    assert!(pair.ann.finds_status(reply["uri"].as_str().unwrap()).is_some());
}

#[test]
fn f_177_f_183_f_314_favourites_and_boosts_and_their_undo() {
    let pair = pair();
    let status = pair.ann.writes("like me", "public");
    let there = id(&at(&pair.bob, &status));
    let favourited = pair.bob.post(&format!("/api/v1/statuses/{there}/favourite"), json!({}));
    assert_eq!(favourited["favourited"], true);
    let boost = pair.bob.post(&format!("/api/v1/statuses/{there}/reblog"), json!({}));
    assert_eq!(boost["reblog"]["id"].as_str(), Some(there.as_str()));
    pair.settle();
    let seen = pair.ann.get(&format!("/api/v1/statuses/{}", id(&status)));
    assert_eq!((&seen["favourites_count"], &seen["reblogs_count"]), (&json!(1), &json!(1)));
    let told = pair.ann.notifications();
    assert!(told.contains(&("favourite".into(), pair.bob.handle())), "{told:?}");
    assert!(told.contains(&("reblog".into(), pair.bob.handle())), "{told:?}");
    pair.bob.post(&format!("/api/v1/statuses/{there}/unfavourite"), json!({}));
    pair.bob.post(&format!("/api/v1/statuses/{there}/unreblog"), json!({}));
    pair.settle();
    let seen = pair.ann.get(&format!("/api/v1/statuses/{}", id(&status)));
    assert_eq!((&seen["favourites_count"], &seen["reblogs_count"]), (&json!(0), &json!(0)));
    let told = pair.ann.notifications();
    assert!(!told.iter().any(|(kind, _)| kind == "favourite" || kind == "reblog"), "{told:?}");
}

#[test]
fn f_183_a_boost_brings_a_status_of_a_third_server() {
    let pair = pair();
    let c = Instance::start();
    let carl = c.person("carl");
    let status = carl.writes("from afar", "public");
    let at_bob = at(&pair.bob, &status);
    pair.bob.post(&format!("/api/v1/statuses/{}/reblog", id(&at_bob)), json!({}));
    eventually("the boost shows in ann's home", || {
        pair.ann.home().contains(&"from afar".to_owned()).then_some(())
    });
    let home = pair.ann.get("/api/v1/timelines/home");
    assert_eq!(home[0]["account"]["acct"], pair.bob.handle());
    assert_eq!(home[0]["reblog"]["account"]["acct"], carl.handle());
}

#[test]
fn f_169_f_220_a_deletion_takes_effect_everywhere() {
    let pair = pair();
    let status = pair.ann.writes("oops", "public");
    let there = id(&at(&pair.bob, &status));
    let deleted = pair.ann.delete(&format!("/api/v1/statuses/{}", id(&status)));
    assert_eq!(deleted["text"], "oops");
    eventually("bob's copy goes", || {
        let answer = pair.bob.request("GET", &format!("/api/v1/statuses/{there}")).send();
        (answer.status == 404).then_some(())
    });
    assert!(pair.bob.home().is_empty());
    let gone = pair.a.activity(status["uri"].as_str().unwrap());
    assert_eq!(gone.status, 410);
    assert_eq!(gone.json()["type"], "Tombstone");
}

#[test]
fn f_173_an_unfollow_ends_what_comes() {
    let pair = pair();
    let ann_at_bob = pair.bob.finds(&pair.ann.handle())["id"].as_str().unwrap().to_owned();
    pair.ann.writes("before", "private");
    eventually("it comes", || (!pair.bob.home().is_empty()).then_some(()));
    pair.bob.post(&format!("/api/v1/accounts/{ann_at_bob}/unfollow"), json!({}));
    assert!(pair.bob.home().is_empty(), "an unfollow empties home of the author");
    eventually("ann has no followers", || {
        let account = pair.ann.get("/api/v1/accounts/verify_credentials");
        (account["followers_count"] == 0).then_some(())
    });
    pair.ann.writes("after", "private");
    pair.settle();
    assert!(pair.bob.home().is_empty());
}

#[test]
fn s_034_a_locked_account_shows_nothing_before_it_accepts() {
    let (a, b) = (Instance::start(), Instance::start());
    let (ann, bob) = (a.person("ann"), b.person("bob"));
    let answer = ann
        .request("PATCH", "/api/v1/accounts/update_credentials")
        .json(&json!({"locked": true}))
        .send();
    assert_eq!(answer.ok()["locked"], true);
    let ann_at_bob = bob.finds(&ann.handle())["id"].as_str().unwrap().to_owned();
    let relation = bob.post(&format!("/api/v1/accounts/{ann_at_bob}/follow"), json!({}));
    assert_eq!((&relation["following"], &relation["requested"]), (&json!(false), &json!(true)));
    let request = eventually("ann is asked", || {
        Some(ann.get("/api/v1/follow_requests")[0].clone()).filter(|r| !r.is_null())
    });
    ann.writes("for followers", "private");
    a.settle();
    b.settle();
    assert!(bob.home().is_empty());
    let asker = id(&request);
    ann.post(&format!("/api/v1/follow_requests/{asker}/authorize"), json!({}));
    eventually("bob follows", || {
        let relation = bob.get(&format!("/api/v1/accounts/relationships?id[]={ann_at_bob}"));
        (relation[0]["following"] == true).then_some(())
    });
    ann.writes("now you see it", "private");
    eventually("it comes", || (bob.home() == ["now you see it"]).then_some(()));
    // and out again
    ann.post(&format!("/api/v1/accounts/{asker}/remove_from_followers"), json!({}));
    eventually("bob is out", || {
        let relation = bob.get(&format!("/api/v1/accounts/relationships?id[]={ann_at_bob}"));
        (relation[0]["following"] == false).then_some(())
    });
}

#[test]
fn f_192_f_341_a_block_parts_two_people() {
    let pair = pair();
    let bob_at_ann = pair.ann.finds(&pair.bob.handle())["id"].as_str().unwrap().to_owned();
    pair.ann.post(&format!("/api/v1/accounts/{bob_at_ann}/block"), json!({}));
    pair.settle();
    let ann_at_bob = pair.bob.finds(&pair.ann.handle())["id"].as_str().unwrap().to_owned();
    let relation = pair.bob.get(&format!("/api/v1/accounts/relationships?id[]={ann_at_bob}"));
    assert_eq!(relation[0]["following"], false);
    assert_eq!(relation[0]["blocked_by"], true);
    pair.ann.writes("without bob", "private");
    pair.bob.writes(&format!("hey @{}", pair.ann.handle()), "public");
    pair.settle();
    assert!(!pair.ann.notifications().iter().any(|(kind, _)| kind == "mention"));
    assert!(!pair.bob.home().contains(&"without bob".to_owned()));
}

#[test]
fn f_065_a_handle_may_live_on_another_domain_than_the_server() {
    let instance = Instance::with(crate::support::Options {
        configure: Some(|config| config.server.account_domain = Some("localhost".into())),
        ..Default::default()
    });
    let ann = instance.person("ann");
    for resource in ["acct:ann@localhost", &format!("acct:ann@{}", instance.host), &ann.uri] {
        let answer = instance.get(&format!("/.well-known/webfinger?resource={resource}")).ok();
        assert_eq!(answer["subject"], "acct:ann@localhost", "{resource}");
        let own = answer["links"].as_array().unwrap().iter().filter(|l| l["rel"] == "self");
        let own: Vec<_> = own.map(|link| link["href"].as_str().unwrap()).collect();
        assert_eq!(own, [ann.uri.as_str()]);
    }
}

#[test]
fn f_063_webfinger_refuses_what_it_does_not_know() {
    let instance = Instance::start();
    instance.person("ann");
    let status = |query: &str| instance.get(&format!("/.well-known/webfinger{query}")).status;
    assert_eq!(status(""), 400);
    assert_eq!(status(&format!("?resource=acct:nobody@{}", instance.host)), 404);
    assert_eq!(status("?resource=acct:ann@elsewhere.example"), 404);
    assert_eq!(status(&format!("?resource=acct:ANN@{}", instance.host.to_uppercase())), 200);
}

#[test]
fn f_038_f_070_the_instance_says_what_it_is() {
    let instance = Instance::start();
    let actor = instance.activity(&format!("{}/actor", instance.base));
    assert_eq!(actor.status, 200);
    assert!(actor.header("content-type").unwrap().starts_with("application/activity+json"));
    assert_eq!(actor.json()["type"], "Application");
    let links = instance.get("/.well-known/nodeinfo").ok();
    for link in &links["links"].as_array().unwrap()[..2] {
        let path = link["href"].as_str().unwrap().strip_prefix(&instance.base).unwrap().to_owned();
        let document = instance.get(&path).ok();
        assert_eq!(document["software"]["name"], "dassie");
        assert_eq!(document["protocols"], json!(["activitypub"]));
    }
}

#[test]
fn f_232_a_status_addressed_to_nobody_is_for_the_owner_of_the_inbox() {
    let instance = Instance::start();
    let (ann, carl) = (instance.person("ann"), instance.person("carl"));
    let peer = Peer::start(&["mia"]);
    let mut activity = peer.create("mia", 1, "<p>psst</p>", json!({"to": [], "cc": []}));
    activity["to"] = json!([]);
    activity["cc"] = json!([]);
    assert_eq!(peer.send("mia", &format!("{}/inbox", ann.uri), &activity).status, 202);
    let uri = peer.at("/notes/1");
    let seen = eventually("it arrives", || ann.finds_status(&uri));
    assert_eq!(seen["visibility"], "direct");
    assert!(ann.notifications().is_empty(), "nobody was named");
    let answer = carl.request("GET", &format!("/api/v1/statuses/{}", id(&seen))).send();
    assert_eq!(answer.status, 404);
}

#[test]
fn f_110_s_056_deletions_of_strangers_cost_no_key_fetch() {
    let instance = Instance::start();
    let peer = Peer::start(&["mia"]);
    let uri = peer.uri("mia");
    let activity = json!({
        "@context": "https://www.w3.org/ns/activitystreams", "id": format!("{uri}#delete"),
        "type": "Delete", "actor": uri, "object": uri,
    });
    assert_eq!(peer.send("mia", &format!("{}/inbox", instance.base), &activity).status, 202);
    assert!(peer.asked().is_empty());
    // nothing waits for it either
    assert_eq!(instance.app.db.read(|conn| dassie::db::job::count(conn, 9)).unwrap(), 0);
}

#[test]
fn a_status_pushed_late_appears_to_a_client_that_pages_by_min_id() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let peer = Peer::start(&["mia"]);
    ann.finds(&format!("mia@{}", peer.host));
    let mia = ann.finds(&format!("mia@{}", peer.host))["id"].as_str().unwrap().to_owned();
    ann.post(&format!("/api/v1/accounts/{mia}/follow"), json!({}));
    let follow = eventually("the follow arrives", || {
        peer.received().into_iter().find(|activity| activity["type"] == "Follow")
    });
    let accept = json!({
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": peer.at("/accepts/1"), "type": "Accept", "actor": peer.uri("mia"), "object": follow,
    });
    assert_eq!(peer.send("mia", &format!("{}/inbox", instance.base), &accept).status, 202);
    let seen = ann.writes("the newest I know", "public");
    // written a day ago, its server was away
    let yesterday = dassie::clock::wire_time(instance.app.clock.now_ms() - 86_400_000);
    let late = peer.create("mia", 1, "<p>late</p>", json!({"published": yesterday}));
    assert_eq!(peer.send("mia", &format!("{}/inbox", instance.base), &late).status, 202);
    let page = format!("/api/v1/timelines/home?min_id={}", id(&seen));
    let found = eventually("it appears", || {
        Some(ann.get(&page)).filter(|page| !page.as_array().unwrap().is_empty())
    });
    assert_eq!(found[0]["uri"], peer.at("/notes/1"));
    assert!(found[0]["created_at"].as_str().unwrap() < seen["created_at"].as_str().unwrap());
}
