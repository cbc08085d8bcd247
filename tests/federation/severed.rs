//! Blocks take follows away, and tell those who lose them.

use dassie::control::{self, Command};
use serde_json::{Value, json};

use crate::api::admin::admin;
use crate::support::{Instance, Person, eventually};

/// Two people who follow each other, and an admin on the first one's server.
fn pair() -> (Instance, Instance, Person, Person, Person) {
    let (a, b) = (Instance::start(), Instance::start());
    let boss = admin(&a, "boss");
    let (ann, bob) = (a.person("ann"), b.person("bob"));
    ann.follows(&bob.handle());
    bob.follows(&ann.handle());
    (a, b, boss, ann, bob)
}

fn told(person: &Person) -> Vec<Value> {
    let list = person.get("/api/v1/notifications?types[]=severed_relationships");
    list.as_array().unwrap().clone()
}

#[test]
fn s_103_whoever_loses_follows_to_a_block_is_told_which() {
    let (a, b, boss, ann, bob) = pair();
    let block =
        Command::DomainBlock { domain: b.host.clone(), severity: "suspend".into(), comment: None };
    control::execute(&a.app, block.clone()).unwrap();
    a.settle();
    let list = told(&ann);
    let [notification] = &list[..] else { panic!("{list:?}") };
    let event = &notification["event"];
    assert_eq!(notification["account"]["id"], ann.id.as_str());
    assert_eq!((&event["type"], &event["target_name"]), (&json!("domain_block"), &json!(b.host)));
    assert_eq!((&event["followers_count"], &event["following_count"]), (&json!(1), &json!(1)));
    assert_eq!(event["purged"], false);
    // the same in groups, and by itself
    let groups = ann.get("/api/v2/notifications?types[]=severed_relationships");
    assert_eq!(groups["notification_groups"][0]["event"], *event);
    assert_eq!(ann.get("/api/v1/severed_relationships"), json!([event]));
    // and who it was
    let path = format!("/api/v1/severed_relationships/{}", event["id"].as_str().unwrap());
    let file =
        |person: &Person, name: &str| person.request("GET", &format!("{path}/{name}.csv")).send();
    let followers = file(&ann, "followers").text();
    assert_eq!(followers, format!("Account address\n{}\n", bob.handle()));
    let following = file(&ann, "following").text();
    assert!(following.contains(&format!("{},true,false,", bob.handle())), "{following}");
    // to others there is none of it
    assert_eq!(file(&boss, "following").status, 404);
    assert_eq!((told(&boss), boss.get("/api/v1/severed_relationships")), (vec![], json!([])));
    // no private post goes there any more
    ann.writes("for my friends", "private");
    a.settle();
    b.settle();
    assert!(!bob.home().contains(&"for my friends".to_owned()));
    // the same block again takes nothing, and tells nothing
    control::execute(&a.app, block).unwrap();
    a.settle();
    assert_eq!(told(&ann).len(), 1);
}

#[test]
fn a_domain_that_one_hides_and_an_account_that_is_suspended_are_told_too() {
    let (a, b, boss, ann, bob) = pair();
    let carl = b.person("carl");
    let dora = a.person("dora");
    carl.follows(&dora.handle());
    ann.post("/api/v1/domain_blocks", json!({"domain": b.host}));
    a.settle();
    let list = told(&ann);
    assert_eq!(list[0]["event"]["type"], "user_domain_block");
    assert_eq!(list[0]["event"]["target_name"], b.host);
    let id = boss.finds(&carl.handle())["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/admin/accounts/{id}/action");
    boss.post(&path, json!({"type": "suspend"}));
    a.settle();
    let list = eventually("dora is told", || Some(told(&dora)).filter(|list| !list.is_empty()));
    assert_eq!(list[0]["event"]["type"], "account_suspension");
    assert_eq!(list[0]["event"]["target_name"], carl.handle());
    assert_eq!(list[0]["event"]["followers_count"], 1);
    assert_eq!(told(&ann).len(), 1);
    drop(bob);
}
