//! Hashtags that one follows.

use serde_json::{Value, json};

use super::{follow_peer, id};
use crate::support::{Instance, Peer, eventually, texts};

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect()
}

#[test]
fn a_tag_tells_how_much_it_is_used_and_whether_it_is_followed() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    ann.writes("one #Cats", "public");
    ann.writes("two #cats", "public");
    bob.writes("three #CATS", "public");
    bob.writes("hidden #cats", "private");
    let tag = ann.get("/api/v1/tags/Cats");
    assert_eq!((&tag["name"], &tag["following"]), (&json!("cats"), &json!(false)));
    assert_eq!(tag["history"].as_array().unwrap().len(), 7);
    assert_eq!(tag["history"][0]["uses"], "3");
    assert_eq!(tag["history"][0]["accounts"], "2");
    assert_eq!(tag["history"][1]["uses"], "0");
    let open = instance.get("/api/v1/tags/cats").ok();
    assert!(open.get("following").is_none());
    assert_eq!(ann.get("/api/v1/tags/unheard")["name"], "unheard");
    assert_eq!(ann.request("GET", "/api/v1/tags/a-b").send().status, 404);
    assert_eq!(ann.request("POST", "/api/v1/tags/123/follow").send().status, 404);
    assert_eq!(ann.post("/api/v1/tags/unheard/follow", json!({}))["following"], true);
    assert_eq!(ann.post("/api/v1/tags/cats/follow", json!({}))["following"], true);
    assert_eq!(ann.post("/api/v1/tags/cats/follow", json!({}))["following"], true);
    assert_eq!(names(&ann.get("/api/v1/followed_tags")), ["cats", "unheard"]);
    assert_eq!(ann.get("/api/v2/search?q=cats&type=hashtags")["hashtags"][0]["following"], true);
    let page = ann.request("GET", "/api/v1/followed_tags?limit=1").send();
    let link = page.header("link").unwrap().to_owned();
    let next = link.split("max_id=").nth(1).unwrap().split('>').next().unwrap();
    assert_eq!(names(&page.ok()), ["cats"]);
    let rest = ann.get(&format!("/api/v1/followed_tags?limit=1&max_id={next}"));
    assert_eq!(names(&rest), ["unheard"]);
    assert_eq!(bob.get("/api/v1/followed_tags"), json!([]));
    assert_eq!(ann.post("/api/v1/tags/cats/unfollow", json!({}))["following"], false);
    assert_eq!(names(&ann.get("/api/v1/followed_tags")), ["unheard"]);
}

#[test]
fn public_statuses_with_a_followed_tag_come_into_home() {
    let instance = Instance::start();
    let (ann, bob, carl) =
        (instance.person("ann"), instance.person("bob"), instance.person("carl"));
    let (peer, dora) = (Peer::start(&["mia"]), instance.person("dora"));
    // somebody else makes mia's statuses arrive
    follow_peer(&instance, &dora, &peer, "mia");
    ann.post("/api/v1/tags/cats/follow", json!({}));
    ann.post("/api/v1/tags/dogs/follow", json!({}));
    bob.writes("public #cats #dogs", "public");
    for visibility in ["unlisted", "private", "direct"] {
        bob.writes(&format!("{visibility} #cats"), visibility);
    }
    bob.writes("something else", "public");
    assert_eq!(ann.home(), ["public #cats #dogs"]);
    let note = peer.create(
        "mia",
        1,
        "<p>from afar #cats</p>",
        json!({
            "tag": [{"type": "Hashtag", "name": "#Cats", "href": peer.at("/tags/cats")}],
        }),
    );
    assert_eq!(peer.send("mia", &format!("{}/inbox", instance.base), &note).status, 202);
    eventually("it arrives", || (ann.home().len() == 2).then_some(()));
    // who is muted or blocked comes by no way; of who is followed, the languages chosen
    ann.post(&format!("/api/v1/accounts/{}/mute", carl.id), json!({}));
    carl.writes("muted #cats", "public");
    ann.post(&format!("/api/v1/accounts/{}/unmute", carl.id), json!({}));
    carl.post(&format!("/api/v1/accounts/{}/block", ann.id), json!({}));
    carl.writes("blocked #cats", "public");
    ann.post(&format!("/api/v1/accounts/{}/follow", dora.id), json!({"languages": ["de"]}));
    dora.post("/api/v1/statuses", json!({"status": "English #cats", "language": "en"}));
    dora.post("/api/v1/statuses", json!({"status": "Deutsch #cats", "language": "de"}));
    assert_eq!(ann.home(), ["Deutsch #cats", "from afar #cats", "public #cats #dogs"]);
    // the other tag still keeps bob's status, the follow dora's
    ann.post("/api/v1/tags/cats/unfollow", json!({}));
    assert_eq!(ann.home(), ["Deutsch #cats", "public #cats #dogs"]);
    bob.writes("more #cats", "public");
    ann.post("/api/v1/tags/dogs/unfollow", json!({}));
    assert_eq!(ann.home(), ["Deutsch #cats"]);
    let tagged = ann.get("/api/v1/timelines/tag/dogs");
    assert_eq!(texts(&tagged), ["public #cats #dogs"]);
    assert!(!id(&tagged[0]).is_empty());
}

#[test]
fn an_edit_that_brings_a_followed_tag_brings_the_status_into_home() {
    let instance = Instance::start();
    let (ann, bob, dora) =
        (instance.person("ann"), instance.person("bob"), instance.person("dora"));
    let peer = Peer::start(&["mia"]);
    follow_peer(&instance, &dora, &peer, "mia");
    ann.post("/api/v1/tags/cats/follow", json!({}));
    let old = id(&bob.writes("before all others", "public"));
    ann.writes("mine", "public");
    let status = id(&bob.writes("about what?", "public"));
    let edit = |status: &str, text: &str| {
        let path = format!("/api/v1/statuses/{status}");
        bob.request("PUT", &path).json(&json!({"status": text})).send().ok();
    };
    edit(&status, "about #cats");
    assert_eq!(ann.home(), ["about #cats", "mine"]);
    edit(&status, "about #cats, again");
    assert_eq!(ann.home(), ["about #cats, again", "mine"]);
    // what is older than all that is kept would make a gap below it
    edit(&old, "before all others #cats");
    assert_eq!(ann.home().len(), 2);
    // from elsewhere
    let inbox = format!("{}/inbox", instance.base);
    let mut note = peer.create("mia", 1, "<p>from afar</p>", json!({}));
    assert_eq!(peer.send("mia", &inbox, &note).status, 202);
    eventually("it arrives", || dora.home().contains(&"from afar".to_owned()).then_some(()));
    note["id"] = json!(peer.at("/updates/1"));
    note["type"] = json!("Update");
    note["object"]["content"] = json!("<p>from afar #cats</p>");
    note["object"]["updated"] = json!("2100-01-01T00:00:00Z");
    note["object"]["tag"] = json!([{"type": "Hashtag", "name": "#cats"}]);
    assert_eq!(peer.send("mia", &inbox, &note).status, 202);
    eventually("it comes into home", || (ann.home().len() == 3).then_some(()));
}
