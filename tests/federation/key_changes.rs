//! Keys that are replaced, here and there, and keys that are gone (F-104, F-105, F-111, F-353).

use dassie::control::{self, Command};
use dassie::signature::key::{self, PrivateKey};
use serde_json::{Value, json};

use super::keys::{AS2, Scene, holds, peers_key, post, published};
use crate::support::{Instance, Peer, eventually};

const MINUTE: i64 = 60_000;

fn rotate(instance: &Instance, name: &str) {
    control::execute(&instance.app, Command::AccountRotateKey { account: name.into() }).unwrap();
}

/// A new RSA pair and its PEM.
fn rsa() -> (PrivateKey, String) {
    let made = key::generate().unwrap();
    (PrivateKey::from_pkcs8(&made.pkcs8).unwrap(), made.public_pem)
}

#[test]
fn f_353_new_keys_are_told_under_the_old_one() {
    let scene = Scene::new();
    let mia = scene.ann.finds(&format!("mia@{}", scene.peer.host));
    let path = format!("/api/v1/accounts/{}", mia["id"].as_str().unwrap());
    scene.ann.post(&format!("{path}/follow"), json!({}));
    scene.instance.settle();
    let before = scene.instance.activity(&scene.ann.uri).json();
    rotate(&scene.instance, "ann");
    scene.instance.settle();
    let after = scene.instance.activity(&scene.ann.uri).json();
    for key in ["publicKey", "assertionMethod"] {
        assert_ne!(before[key], after[key], "{key}");
    }
    let posts = || -> Vec<_> {
        scene.peer.heard().into_iter().filter(|heard| heard.method == "POST").collect()
    };
    let update = posts().pop().unwrap();
    let told: Value = serde_json::from_slice(&update.body).unwrap();
    assert_eq!(told["type"], "Update");
    assert_eq!(told["object"]["publicKey"], after["publicKey"]);
    assert!(holds(&update, &update.path, &scene.peer.host, &published(&before).0));
    scene.ann.post(&format!("{path}/unfollow"), json!({}));
    scene.instance.settle();
    let undo = posts().pop().unwrap();
    assert!(holds(&undo, &undo.path, &scene.peer.host, &published(&after).0));
    assert!(undo.header("signature").unwrap().contains(after["publicKey"]["id"].as_str().unwrap()));
}

#[test]
fn f_353_a_server_that_has_lost_the_old_key_gets_the_new_one() {
    let scene = Scene::new();
    scene.ann.finds(&format!("mia@{}", scene.peer.host));
    let old = format!("{}#main-key\"", scene.ann.uri);
    scene.peer.refuse(move |heard| {
        heard.header("signature").is_some_and(|s| s.contains(&old)).then_some(401)
    });
    rotate(&scene.instance, "ann");
    scene.instance.settle();
    assert_eq!(scene.peer.received().last().unwrap()["type"], "Update");
}

#[test]
fn f_353_followers_elsewhere_go_on_reading() {
    let (a, b) = (Instance::start(), Instance::start());
    let (ann, bob) = (a.person("ann"), b.person("bob"));
    bob.follows(&ann.handle());
    ann.writes("one", "private");
    eventually("it arrives", || (bob.home() == ["one"]).then_some(()));
    rotate(&a, "ann");
    ann.writes("two", "private");
    eventually("it arrives", || (bob.home() == ["two", "one"]).then_some(()));
    // and once more, before anybody has a rest
    rotate(&a, "ann");
    ann.writes("three", "private");
    eventually("it arrives", || (bob.home().len() == 3).then_some(()));
}

#[test]
fn f_104_f_105_a_key_is_replaced_by_its_origin_alone() {
    let scene = Scene::new();
    let (inbox, id, old) = (scene.inbox(), scene.key_id("mia"), peers_key());
    let (new, pem) = rsa();
    let send = |key: &PrivateKey, number: u32| {
        post(key, &id, &inbox, &scene.like(number, "mia"), false).status
    };
    assert_eq!(send(&old, 1), 202);
    // a copy inside an activity is nobody's word
    let mut like = scene.like(2, "mia");
    like["actor"] = json!({
        "id": scene.peer.uri("mia"), "type": "Person", "preferredUsername": "mia",
        "publicKey": {"id": id, "owner": scene.peer.uri("mia"), "publicKeyPem": pem},
    });
    assert_eq!(post(&new, &id, &inbox, &like, false).status, 401);
    let update = json!({
        "@context": AS2, "id": scene.peer.at("/updates/1"), "type": "Update",
        "actor": scene.peer.uri("leo"), "object": like["actor"],
    });
    assert_eq!(scene.peer.send("leo", &inbox, &update).status, 202);
    scene.instance.settle();
    assert_eq!(send(&new, 3), 401);
    scene.extend("mia", json!({"publicKey": like["actor"]["publicKey"]}));
    let asked = scene.peer.asked().len();
    assert_eq!(send(&new, 4), 401, "it was read a moment ago");
    assert_eq!(scene.peer.asked().len(), asked);
    scene.instance.advance(6 * MINUTE);
    assert_eq!(send(&new, 5), 202);
    assert_eq!(send(&old, 6), 401, "the old one is over");
}

#[test]
fn f_105_an_update_under_the_old_key_brings_the_new_one() {
    let scene = Scene::new();
    let (new, pem) = rsa();
    let (inbox, id) = (scene.inbox(), scene.key_id("mia"));
    assert_eq!(scene.peer.send("mia", &inbox, &scene.like(1, "mia")).status, 202);
    let mut actor = scene.peer.document("/users/mia");
    actor["publicKey"]["publicKeyPem"] = json!(pem);
    let update = json!({
        "@context": AS2, "id": scene.peer.at("/updates/1"), "type": "Update",
        "actor": actor["id"], "object": actor,
    });
    assert_eq!(scene.peer.send("mia", &inbox, &update).status, 202);
    scene.instance.settle();
    assert_eq!(post(&new, &id, &inbox, &scene.like(2, "mia"), false).status, 202);
}

#[test]
fn f_104_a_key_is_not_believed_for_ever() {
    let scene = Scene::new();
    let inbox = scene.inbox();
    assert_eq!(scene.peer.send("mia", &inbox, &scene.like(1, "mia")).status, 202);
    let later = |days: i64| {
        scene.instance.advance(days * 24 * 60 * MINUTE);
        scene.instance.app.clock.now_ms()
    };
    // while its origin does not answer, a key that is known will do, but not for ever
    let actor = scene.peer.document("/users/mia");
    scene.peer.serve("/users/mia", json!(500));
    let now = later(29);
    assert_eq!(scene.peer.send_as("mia", &inbox, &scene.like(2, "mia"), now).status, 202);
    let now = later(2);
    assert_eq!(scene.peer.send_as("mia", &inbox, &scene.like(3, "mia"), now).status, 503);
    scene.peer.serve("/users/mia", actor);
    let now = later(1);
    assert_eq!(scene.peer.send_as("mia", &inbox, &scene.like(3, "mia"), now).status, 202);
}

#[test]
fn f_111_an_actor_that_is_gone_is_deleted_though_its_key_is_gone() {
    let scene = Scene::new();
    let mallory = Peer::start(&["mallory"]);
    let inbox = scene.inbox();
    let there = |name: &str| {
        let path = format!("/api/v1/accounts/lookup?acct={name}@{}", scene.peer.host);
        scene.ann.request("GET", &path).send().status
    };
    for name in ["mia", "leo"] {
        scene.ann.finds(&format!("{name}@{}", scene.peer.host));
    }
    let (key, _) = rsa();
    let delete = |name: &str| {
        let uri = scene.peer.uri(name);
        json!({"@context": AS2, "id": format!("{uri}#delete"), "type": "Delete", "actor": uri,
            "object": uri})
    };
    let send = |key_id: &str, activity: &Value| post(&key, key_id, &inbox, activity, false).status;
    scene.instance.advance(6 * MINUTE);
    // a gone key of another server says nothing of leo
    mallory.serve("/users/mallory", json!(410));
    let foreign = format!("{}#main-key", mallory.uri("mallory"));
    assert_eq!(send(&foreign, &delete("leo")), 401);
    // nor does a gone key of a neighbour
    scene.peer.serve("/users/mia", json!(410));
    assert_eq!(send(&scene.key_id("mia"), &delete("leo")), 401);
    scene.instance.advance(6 * MINUTE);
    // what is only not there is no proof
    scene.peer.serve("/users/leo", json!(404));
    assert_eq!(send(&scene.key_id("leo"), &delete("leo")), 401);
    // and nothing else is believed under a gone key
    assert_eq!(send(&scene.key_id("mia"), &scene.like(1, "mia")), 401);
    scene.instance.settle();
    assert_eq!((there("mia"), there("leo")), (200, 200));
    scene.instance.advance(6 * MINUTE);
    assert_eq!(send(&scene.key_id("mia"), &delete("mia")), 202);
    // what is left of somebody goes in slices, one after the other
    eventually("she is gone", || {
        scene.instance.advance(1_000);
        (there("mia") == 404).then_some(())
    });
    assert_eq!(there("leo"), 200);
}
