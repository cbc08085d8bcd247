//! What a timeline shows to whom.

use serde_json::{Value, json};

use super::{follow_peer, id, ids, write_many};
use crate::support::{Instance, Peer, Person, eventually, texts};

fn follow(reader: &Person, author: &Person) {
    reader.post(&format!("/api/v1/accounts/{}/follow", author.id), json!({}));
}

fn reply(author: &Person, to: &Value, text: &str) -> Value {
    let target = if to["reblog"].is_null() { to } else { &to["reblog"] };
    author.post("/api/v1/statuses", json!({"status": text, "in_reply_to_id": id(target)}))
}

fn boost(person: &Person, status: &Value) -> Value {
    person.post(&format!("/api/v1/statuses/{}/reblog", id(status)), json!({}))
}

#[test]
fn home_shows_replies_to_people_one_follows_and_no_others() {
    let instance = Instance::start();
    let (ann, bob, carl) =
        (instance.person("ann"), instance.person("bob"), instance.person("carl"));
    follow(&ann, &bob);
    let from_carl = carl.writes("carl begins", "public");
    let from_ann = ann.writes("ann begins", "public");
    let from_bob = bob.writes("bob begins", "public");
    reply(&bob, &from_carl, "to somebody else");
    reply(&bob, &from_ann, "to the reader");
    reply(&bob, &from_bob, "to himself");
    assert_eq!(ann.home(), ["to himself", "to the reader", "bob begins", "ann begins"]);
    follow(&ann, &carl);
    reply(&bob, &from_carl, "to a friend");
    assert_eq!(ann.home()[0], "to a friend");
    // carl was merged in, and his recent statuses stand where they belong
    assert!(ann.home().contains(&"carl begins".to_owned()));
}

#[test]
fn home_leaves_out_boosts_where_they_are_not_wanted() {
    let instance = Instance::start();
    let (ann, bob, carl) =
        (instance.person("ann"), instance.person("bob"), instance.person("carl"));
    follow(&ann, &bob);
    let one = carl.writes("one", "public");
    boost(&bob, &one);
    assert_eq!(ann.home(), ["one"]);
    let path = format!("/api/v1/accounts/{}/follow", bob.id);
    let relation = ann.post(&path, json!({"reblogs": false}));
    assert_eq!(relation["showing_reblogs"], false);
    boost(&bob, &carl.writes("two", "public"));
    bob.writes("three", "public");
    assert!(!ann.home().contains(&"two".to_owned()));
    assert_eq!(ann.home()[0], "three");
}

#[test]
fn home_shows_a_status_once_among_the_newest_forty() {
    let instance = Instance::start();
    let (ann, bob, carl) =
        (instance.person("ann"), instance.person("bob"), instance.person("carl"));
    let dora = instance.person("dora");
    for friend in [&bob, &carl, &dora] {
        follow(&ann, friend);
    }
    let status = bob.writes("often", "public");
    boost(&carl, &status);
    assert_eq!(ann.home(), ["often"], "it is there itself");
    write_many(&instance, &bob, (0..38).map(|n| format!("number {n}")).collect());
    boost(&dora, &status);
    assert_eq!(ann.home().iter().filter(|text| *text == "often").count(), 1, "still the 39th");
    dora.post(&format!("/api/v1/statuses/{}/unreblog", id(&status)), json!({}));
    write_many(&instance, &bob, (38..42).map(|n| format!("number {n}")).collect());
    boost(&dora, &status);
    assert_eq!(ann.home()[0], "often", "after forty others it is news again");
    let eve = instance.person("eve");
    follow(&ann, &eve);
    boost(&eve, &status);
    let home = ann.get("/api/v1/timelines/home?limit=40");
    assert_eq!(home[0]["account"]["acct"], "dora", "boosted is as good as there");
}

#[test]
fn a_block_or_mute_empties_home_of_somebody_also_of_boosts() {
    for deed in ["block", "mute"] {
        let instance = Instance::start();
        let (ann, bob, carl) =
            (instance.person("ann"), instance.person("bob"), instance.person("carl"));
        follow(&ann, &bob);
        follow(&ann, &carl);
        let bad = carl.writes("by carl", "public");
        bob.writes("by bob", "public");
        let earlier = instance.person("dora").writes("by dora", "public");
        boost(&carl, &earlier);
        boost(&bob, &carl.writes("carl's, boosted by bob", "public"));
        assert!(ann.home().contains(&"by dora".to_owned()));
        ann.post(&format!("/api/v1/accounts/{}/{deed}", carl.id), json!({}));
        let home = ann.home();
        assert!(home.contains(&"by bob".to_owned()), "{deed}: {home:?}");
        for gone in ["by carl", "by dora", "carl's, boosted by bob"] {
            assert!(!home.contains(&gone.to_owned()), "{deed}: {home:?}");
        }
        // and nothing of it comes back
        boost(&bob, &bad);
        carl.writes("more by carl", "public");
        reply(&bob, &bad, "an answer to carl");
        let home = ann.home();
        assert!(!home.iter().any(|text| text.contains("by carl")), "{deed}: {home:?}");
        let public = texts(&ann.get("/api/v1/timelines/public"));
        assert!(!public.iter().any(|text| text.contains("by carl")), "{deed}: {public:?}");
        if deed == "mute" {
            ann.post(&format!("/api/v1/accounts/{}/unmute", carl.id), json!({}));
            assert!(ann.home().contains(&"more by carl".to_owned()), "the follow is still there");
        }
    }
}

#[test]
fn a_follow_brings_the_recent_statuses_and_an_unfollow_takes_all() {
    let instance = Instance::start();
    let (ann, bob, carl) =
        (instance.person("ann"), instance.person("bob"), instance.person("carl"));
    write_many(&instance, &bob, (0..50).map(|n| format!("number {n}")).collect());
    ann.writes("ann's own", "public");
    boost(&bob, &carl.writes("by carl", "public"));
    reply(&bob, &carl.writes("another by carl", "public"), "to carl");
    bob.writes("for followers", "private");
    bob.writes("secret", "direct");
    assert_eq!(ann.home(), ["ann's own"]);
    follow(&ann, &bob);
    let home = ann.home();
    assert_eq!(home.len(), 40);
    assert_eq!(&home[..4], ["for followers", "by carl", "ann's own", "number 49"]);
    let older = ann.get(&format!(
        "/api/v1/timelines/home?limit=40&max_id={}",
        ids(&ann.get("/api/v1/timelines/home?limit=40")).pop().unwrap()
    ));
    assert_eq!(texts(&older).last().unwrap(), "number 0", "and the older ones behind them");
    ann.post(&format!("/api/v1/accounts/{}/unfollow", bob.id), json!({}));
    assert_eq!(ann.home(), ["ann's own"]);
}

#[test]
fn public_timelines_hold_public_statuses_without_boosts_and_replies() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let peer = Peer::start(&["mia"]);
    follow_peer(&instance, &ann, &peer, "mia");
    let note = peer.create(
        "mia",
        1,
        "<p>from afar #tag</p>",
        json!({
            "tag": [{"type": "Hashtag", "name": "#tag", "href": peer.at("/tags/tag")}],
        }),
    );
    assert_eq!(peer.send("mia", &format!("{}/inbox", instance.base), &note).status, 202);
    eventually("it arrives", || (!ann.home().is_empty()).then_some(()));
    let first = ann.writes("public #tag", "public");
    for visibility in ["unlisted", "private", "direct"] {
        ann.writes(&format!("{visibility} #tag"), visibility);
    }
    reply(&bob, &first, "a reply");
    reply(&ann, &first, "a thread goes on");
    boost(&bob, &first);
    let shows = |path: &str| texts(&bob.get(path));
    let own = ["a thread goes on", "public #tag"];
    let all = ["a thread goes on", "public #tag", "from afar #tag"];
    assert_eq!(shows("/api/v1/timelines/public"), all);
    assert_eq!(shows("/api/v1/timelines/public?local=true"), own);
    assert_eq!(shows("/api/v1/timelines/public?remote=true"), ["from afar #tag"]);
    assert_eq!(shows("/api/v1/timelines/public?only_media=true"), [""; 0]);
    assert_eq!(shows("/api/v1/timelines/tag/tag"), ["public #tag", "from afar #tag"]);
    assert_eq!(shows("/api/v1/timelines/tag/TAG?local=true"), ["public #tag"]);
    assert_eq!(shows("/api/v1/timelines/tag/other?any[]=tag"), ["public #tag", "from afar #tag"]);
    assert_eq!(shows("/api/v1/timelines/tag/tag?all[]=other"), [""; 0]);
    assert_eq!(shows("/api/v1/timelines/tag/unknown"), [""; 0]);
    // nobody in particular: what is local, and nothing else
    let anonymous = |path: &str| texts(&instance.get(path).ok());
    assert_eq!(anonymous("/api/v1/timelines/public"), own);
    assert_eq!(anonymous("/api/v1/timelines/public?local=true"), own);
    assert_eq!(anonymous("/api/v1/timelines/tag/tag"), ["public #tag"]);
    for path in ["/api/v1/timelines/public?remote=true", "/api/v1/timelines/tag/tag?remote=true"] {
        assert_eq!(instance.get(path).status, 401, "{path}");
    }
}

#[test]
fn f_235_nobody_in_particular_reads_what_is_local_and_what_a_local_status_leads_to() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let peer = Peer::start(&["mia"]);
    let mia = follow_peer(&instance, &ann, &peer, "mia");
    let inbox = format!("{}/inbox", instance.base);
    let mine = ann.writes("mine", "public");
    let send = |number: u32, text: &str, extra: Value| {
        let note = peer.create("mia", number, &format!("<p>{text}</p>"), extra);
        let answer = peer.send("mia", &inbox, &note);
        assert_eq!(answer.status, 202, "{}", answer.text());
        let uri = note["object"]["id"].as_str().unwrap().to_owned();
        id(&eventually("it arrives", || ann.finds_status(&uri)))
    };
    let alone = send(1, "alone", json!({}));
    let answering = send(2, "answering", json!({"inReplyTo": mine["uri"], "cc": [ann.uri]}));
    let boosted = send(3, "boosted", json!({}));
    let private = send(
        4,
        "private answer",
        json!({
            "inReplyTo": mine["uri"], "to": [format!("{}/followers", peer.uri("mia"))], "cc": [ann.uri],
        }),
    );
    boost(&ann, &ann.get(&format!("/api/v1/statuses/{boosted}")));
    for (status, expected) in [(&alone, 404), (&answering, 200), (&boosted, 200), (&private, 404)] {
        for path in ["", "/context", "/favourited_by", "/reblogged_by"] {
            let answer = instance.get(&format!("/api/v1/statuses/{status}{path}"));
            assert_eq!(answer.status, expected, "{status}{path}: {}", answer.text());
        }
        assert_eq!(ann.get(&format!("/api/v1/statuses/{status}"))["id"], status.as_str());
    }
    let context = instance.get(&format!("/api/v1/statuses/{}/context", id(&mine))).ok();
    assert_eq!(texts(&context["descendants"]), ["answering"]);
    let own = instance.get(&format!("/api/v1/accounts/{}/statuses", ann.id)).ok();
    assert_eq!(texts(&own), ["boosted", "mine"]);
    let remote = instance.get(&format!("/api/v1/accounts/{mia}/statuses"));
    assert_eq!(remote.status, 401, "a remote timeline needs a token");
    assert_eq!(instance.get(&format!("/api/v1/accounts/{mia}")).status, 200);
}

#[test]
fn a_thread_shows_what_stands_above_and_below_in_order() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let root = ann.writes("root", "public");
    let a = reply(&bob, &root, "a");
    let b = reply(&ann, &root, "b");
    let a1 = reply(&ann, &a, "a1");
    reply(&bob, &a1, "a1x");
    reply(&bob, &b, "b1");
    reply(&bob, &a, "a2");
    let context = |status: &Value| {
        let context = bob.get(&format!("/api/v1/statuses/{}/context", id(status)));
        (texts(&context["ancestors"]), texts(&context["descendants"]))
    };
    let words = |list: &[&str]| list.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
    assert_eq!(context(&root), (words(&[]), words(&["a", "a1", "a1x", "a2", "b", "b1"])));
    assert_eq!(context(&a1), (words(&["root", "a"]), words(&["a1x"])));
    let root = bob.get(&format!("/api/v1/statuses/{}", id(&root)));
    assert_eq!(root["replies_count"], 2);
}
