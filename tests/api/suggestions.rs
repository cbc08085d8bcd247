//! Whom one might want to follow, and the directory.

use serde_json::{Value, json};

use super::{id, ids};
use crate::support::{Instance, Person};

/// Wants to be found.
fn shows_itself(person: &Person) {
    let path = "/api/v1/accounts/update_credentials";
    person.request("PATCH", path).json(&json!({"discoverable": true})).send().ok();
}

fn follow(reader: &Person, author: &Person) {
    reader.post(&format!("/api/v1/accounts/{}/follow", author.id), json!({}));
}

fn suggested(person: &Person) -> Vec<String> {
    let all = person.get("/api/v2/suggestions");
    all.as_array().unwrap().iter().map(|one| id(&one["account"])).collect()
}

#[test]
fn friends_of_friends_and_liked_authors_are_suggested() {
    let instance = Instance::start();
    let names = ["ann", "bob", "carl", "dora", "eve", "shy"];
    let [ann, bob, carl, dora, eve, shy] = names.map(|name| instance.person(name));
    for one in [&ann, &bob, &carl, &dora, &eve] {
        shows_itself(one);
    }
    assert!(suggested(&ann).is_empty());
    // two friends follow dora, one follows carl; nobody who does not want to be found is named
    follow(&ann, &bob);
    follow(&ann, &eve);
    for (reader, author) in
        [(&bob, &dora), (&bob, &carl), (&bob, &shy), (&bob, &ann), (&eve, &dora), (&eve, &bob)]
    {
        follow(reader, author);
    }
    assert_eq!(suggested(&ann), [dora.id.clone(), carl.id.clone()]);
    assert_eq!(ids(&ann.get("/api/v1/suggestions")), [dora.id.clone(), carl.id.clone()]);
    assert_eq!(ann.get("/api/v2/suggestions?limit=1").as_array().unwrap().len(), 1);
    // what one likes counts as well
    for number in 0..3 {
        let status = carl.writes(&format!("good {number}"), "public");
        ann.post(&format!("/api/v1/statuses/{}/favourite", id(&status)), json!({}));
    }
    let all = ann.get("/api/v2/suggestions");
    assert_eq!(id(&all[0]["account"]), carl.id);
    assert_eq!(all[0]["sources"], json!(["friends_of_friends", "most_interactions"]));
    assert_eq!(all[0]["source"], "past_interactions");

    // a dismissed one does not come back; others still see it
    assert_eq!(ann.delete(&format!("/api/v1/suggestions/{}", carl.id)), json!({}));
    assert_eq!(ann.delete(&format!("/api/v1/suggestions/{}", carl.id)), json!({}), "once more");
    assert_eq!(suggested(&ann), std::slice::from_ref(&dora.id));
    for bad in ["0", "x", "999999999999"] {
        let answer = ann.request("DELETE", &format!("/api/v1/suggestions/{bad}")).send();
        assert_eq!(answer.status, 404, "{bad}");
    }
    // nor anybody blocked, muted, followed or asked
    for (deed, undo) in [("mute", "unmute"), ("block", "unblock"), ("follow", "unfollow")] {
        ann.post(&format!("/api/v1/accounts/{}/{deed}", dora.id), json!({}));
        assert!(suggested(&ann).is_empty(), "{deed}");
        ann.post(&format!("/api/v1/accounts/{}/{undo}", dora.id), json!({}));
        assert_eq!(suggested(&ann).len(), 1, "{undo}");
    }
    dora.post(&format!("/api/v1/accounts/{}/block", ann.id), json!({}));
    assert!(suggested(&ann).is_empty(), "who blocks one is not named");
}

#[test]
fn the_directory_lists_who_wants_to_be_found() {
    let instance = Instance::start();
    let [ann, bob, carl, shy] = ["ann", "bob", "carl", "shy"].map(|name| instance.person(name));
    for one in [&ann, &bob, &carl] {
        shows_itself(one);
    }
    for one in [&carl, &shy, &ann] {
        one.writes("hello", "public");
    }
    let open = |query: &str| -> Vec<String> {
        let list: Value = instance.get(&format!("/api/v1/directory{query}")).ok();
        ids(&list)
    };
    assert_eq!(open("?order=new"), [carl.id.clone(), bob.id.clone(), ann.id.clone()]);
    let active = open("?order=active&local=true");
    assert_eq!(active.len(), 3);
    assert_eq!(active[2], bob.id, "who never wrote comes last");
    assert_eq!(open(""), active);
    assert_eq!(open("?order=new&limit=1&offset=1"), std::slice::from_ref(&bob.id));
    assert!(open("?offset=50").is_empty());
    assert_eq!(instance.get("/api/v1/directory?order=random").status, 422);
    // not who keeps out of the reader's sight
    ann.post(&format!("/api/v1/accounts/{}/block", bob.id), json!({}));
    assert_eq!(ids(&ann.get("/api/v1/directory?order=new")), [carl.id.clone(), ann.id.clone()]);
    assert_eq!(ids(&bob.get("/api/v1/directory?order=new")), [carl.id, bob.id]);
}
