//! What is fetched counts only under its own id and from its own host; slow servers hold up
//! nobody; what is ours is never asked for elsewhere.

use std::net::TcpListener;

use dassie::db::{self, Lane};
use dassie::federation::resolve;
use serde_json::{Value, json};

use crate::support::{Instance, Peer, eventually};

const CONTEXT: &str = "https://www.w3.org/ns/activitystreams";

fn document(create: &Value) -> Value {
    let mut note = create["object"].clone();
    note["@context"] = json!(CONTEXT);
    note
}

/// How many accounts, statuses, follows, notifications and keys there are.
fn counts(instance: &Instance) -> Vec<i64> {
    let sql = rusqlite::Connection::open(instance.folder.path().join("data/dassie.db")).unwrap();
    ["account", "status", "follow", "notification", "remote_key"]
        .iter()
        .filter_map(|table| {
            sql.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).ok()
        })
        .collect()
}

#[test]
fn f_141_f_142_s_027_a_document_counts_under_its_own_id_only() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let (peer, other) = (Peer::start(&["mia"]), Peer::start(&["eve"]));
    // an address that is not its id: what its id has is what counts
    let real = other.create("eve", 1, "<p>the original</p>", json!({}));
    other.serve("/notes/1", document(&real));
    let mut copy = document(&real);
    copy["content"] = json!("<p>a forgery</p>");
    peer.serve("/copies/1", copy);
    let found = ann.finds_status(&peer.at("/copies/1")).unwrap();
    assert_eq!(
        (&found["content"], &found["uri"]),
        (&json!("<p>the original</p>"), &real["object"]["id"])
    );
    let before = counts(&instance);
    // one that its id denies, one that gives itself an id of ours, an author elsewhere
    let mut denied = document(&other.create("eve", 2, "<p>never written</p>", json!({})));
    peer.serve("/copies/2", denied.clone());
    denied["id"] = json!(format!("{}/statuses/5", ann.uri));
    denied["attributedTo"] = json!(ann.uri);
    peer.serve("/copies/3", denied);
    let mut stolen = document(&peer.create("mia", 4, "<p>not hers</p>", json!({})));
    stolen["attributedTo"] = json!(other.uri("eve"));
    peer.serve("/notes/4", stolen);
    for path in ["/copies/2", "/copies/3", "/notes/4"] {
        assert!(ann.finds_status(&peer.at(path)).is_none(), "{path}");
    }
    // an activity of ours does not come from elsewhere, nor does a status
    let inbox = format!("{}/inbox", instance.base);
    let mut create = peer.create("mia", 5, "<p>in ann's name</p>", json!({"cc": [ann.uri]}));
    create["actor"] = json!(ann.uri);
    create["object"]["attributedTo"] = json!(ann.uri);
    let answer = peer.send("mia", &inbox, &create);
    assert!((400..500).contains(&answer.status), "{}", answer.status);
    let mut ours = peer.create("mia", 6, "<p>at our address</p>", json!({"cc": [ann.uri]}));
    ours["object"]["id"] = json!(format!("{}/statuses/6", ann.uri));
    assert!(peer.send("mia", &inbox, &ours).status < 500);
    instance.settle();
    let mut after = counts(&instance);
    // mia signed, so she and her key are known now
    after[0] -= 1;
    if let Some(keys) = after.get_mut(4) {
        *keys -= 1;
    }
    assert_eq!(after, before);
}

#[test]
fn s_018_a_slow_server_holds_up_nobody_else() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let peer = Peer::start(&["mia"]);
    ann.finds(&format!("mia@{}", peer.host));
    // it takes connections, and says nothing
    let slow = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = slow.local_addr().unwrap();
    let queued = instance.app.db.write(Lane::Background, move |tx| {
        for number in 0..300 {
            resolve::queue_fetch(tx, &format!("http://{host}/notes/{number}"), 0)?;
        }
        Ok(())
    });
    queued.wait().unwrap();
    let waiting = || {
        let lane = format!("fetch {host}");
        instance.app.db.read(|conn| db::job::count_lane(conn, &lane, 1000)).unwrap()
    };
    assert_eq!(waiting(), 200, "a bounded number waits");
    let create = peer.create(
        "mia",
        1,
        "<p>hello</p>",
        json!({"cc": [ann.uri], "tag": [
        {"type": "Mention", "href": ann.uri, "name": "@ann"}]}),
    );
    assert_eq!(peer.send("mia", &format!("{}/inbox", instance.base), &create).status, 202);
    eventually("ann is told", || (!ann.notifications().is_empty()).then_some(()));
    ann.writes(&format!("@mia@{} hello", peer.host), "public");
    eventually("mia gets it", || (!peer.received().is_empty()).then_some(()));
    assert!(waiting() > 190, "while the slow server still keeps its own waiting");
}

#[test]
fn f_238_f_245_inboxes_are_not_read_and_what_is_gone_is_told() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    for path in ["/inbox", "/users/ann/inbox"] {
        assert_eq!(instance.activity(&format!("{}{path}", instance.base)).status, 405, "{path}");
    }
    assert_eq!(instance.activity(&format!("{}/liked", ann.uri)).status, 404);
    let status = ann.writes("soon gone", "public");
    let uri = status["uri"].as_str().unwrap();
    assert_eq!(instance.activity(uri).status, 200);
    ann.delete(&format!("/api/v1/statuses/{}", status["id"].as_str().unwrap()));
    for path in ["", "/replies", "/context", "/likes", "/activity"] {
        let gone = instance.activity(&format!("{uri}{path}"));
        assert_eq!((gone.status, &gone.json()["type"]), (410, &json!("Tombstone")), "{path}");
    }
}

#[test]
fn f_050_f_051_f_054_names_are_plain_text_and_handles_are_proven() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let peer = Peer::start(&["mia", "max"]);
    let mut actor = peer.document("/users/mia");
    actor["name"] = json!("<b>Mia</b> & co");
    actor["summary"] = Value::Null;
    actor["attachment"] =
        json!([{"type": "PropertyValue", "name": "<i>x</i>", "value": "<script>1</script>y"}]);
    peer.serve("/users/mia", actor);
    let mia = ann.finds(&format!("mia@{}", peer.host));
    assert_eq!(mia["display_name"], "<b>Mia</b> & co");
    assert_eq!(mia["note"], "");
    assert_eq!(mia["fields"][0]["name"], "<i>x</i>");
    assert!(!mia["fields"][0]["value"].as_str().unwrap().contains("script"));
    // an actor whose name WebFinger gives to another has no handle but on its own host
    let mut twin = peer.document("/users/max");
    twin["id"] = json!(peer.at("/actors/9"));
    twin["publicKey"] = Value::Null;
    peer.serve("/actors/9", twin);
    let path = format!("/api/v2/search?resolve=true&type=accounts&q={}", peer.at("/actors/9"));
    assert_eq!(ann.get(&path)["accounts"][0]["acct"], format!("max@{}", peer.host));
}
