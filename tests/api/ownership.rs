//! Whoever knows an id of somebody else's has nothing of it: all routes that take one.

use serde_json::{Value, json};

use super::{id, scopes};
use crate::support::{Instance, Person};

/// What belongs to one person alone, by the beginning of its routes.
fn own_things(ann: &Person, carl: &Person) -> Vec<(&'static str, String)> {
    let status = id(&ann.writes("for followers", "private"));
    let direct = id(&ann.writes(&format!("@{} a word", carl.name), "direct"));
    let choices = json!({"options": ["a", "b"], "expires_in": 600});
    let poll = json!({"status": "which?", "visibility": "private", "poll": choices});
    let poll = id(&ann.post("/api/v1/statuses", poll));
    carl.post(&format!("/api/v1/accounts/{}/follow", ann.id), json!({}));
    let list = id(&ann.post("/api/v1/lists", json!({"title": "mine"})));
    let filter = json!({
        "title": "f", "context": ["home"], "keywords_attributes": [{"keyword": "hello"}],
    });
    let filter = ann.post("/api/v2/filters", filter);
    let path = format!("/api/v2/filters/{}/statuses", id(&filter));
    let filtered = id(&ann.post(&path, json!({"status_id": status})));
    let later = json!({"status": "later", "scheduled_at": "2099-01-01T00:00:00Z"});
    let scheduled = id(&ann.post("/api/v1/statuses", later));
    let featured = id(&ann.post("/api/v1/featured_tags", json!({"name": "mine"})));
    let report = ann.post("/api/v1/reports", json!({"account_id": carl.id, "comment": "no"}));
    let media = ann.picture();
    vec![
        ("/api/v1/scheduled_statuses/", scheduled),
        ("/api/v1/featured_tags/", featured),
        ("/api/v1/reports/", id(&report)),
        ("/api/v1/media/", media.clone()),
        ("/api/v2/media/", media),
        ("/api/v1/statuses/", status),
        ("/api/v1/statuses/", direct),
        ("/api/v1/polls/", poll),
        ("/api/v1/lists/", list.clone()),
        ("/api/v1/timelines/list/", list),
        ("/api/v1/filters/", id(&filter["keywords"][0])),
        ("/api/v2/filters/keywords/", id(&filter["keywords"][0])),
        ("/api/v2/filters/statuses/", filtered),
        ("/api/v2/filters/{id}", id(&filter)),
        ("/api/v1/conversations/", id(&ann.get("/api/v1/conversations")[0])),
        ("/api/v1/notifications/{id}", id(&ann.get("/api/v1/notifications")[0])),
        ("/api/v1/follow_requests/", carl.id.clone()),
        ("/api/v1/tokens/", id(&ann.get("/api/v1/tokens")[0])),
        ("/api/v1/apps/", id(&ann.get("/api/v1/apps")[0])),
    ]
}

/// What would make sense of each route's parameters.
fn body() -> Value {
    json!({
        "title": "x", "phrase": "x", "keyword": "x", "context": ["home"], "status": "x",
        "choices": [0], "account_ids": ["1"], "status_id": "1", "quote_approval_policy": "nobody",
        "scheduled_at": "2100-01-01T00:00:00Z", "description": "x",
    })
}

#[test]
fn s_082_nothing_is_found_by_the_id_of_somebody_elses() {
    let instance = Instance::start();
    let (ann, carl, eve) =
        (instance.person("ann"), instance.person("carl"), instance.person("eve"));
    let things = own_things(&ann, &carl);
    let mut checked = 0;
    for route in scopes::table() {
        // accounts and what runs the server are nobody's own
        let open = ["/api/v1/accounts/", "/api/v1/admin/", "/api/v2/admin/", "/api/v1/suggestions"];
        // the key of a group names what one has oneself: nothing where one has none, as in Mastodon
        if route.path.starts_with("/api/v2/notifications/{id}/") {
            continue;
        }
        if !route.path.contains("{id}") || open.iter().any(|start| route.path.starts_with(start)) {
            continue;
        }
        let known = |start: &str| route.path.starts_with(start);
        let own: Vec<_> = things.iter().filter(|(start, _)| known(start)).collect();
        // eve has nothing, so where it is not known whose ids these are, none of ann's will do
        let (tried, sure) = match own.is_empty() {
            true => (things.iter().collect(), false),
            false => (own, true),
        };
        for (_, thing) in tried {
            let path = route.path.replace("{id}", thing);
            let answer = eve.request(route.method, &path).json(&body()).send();
            let at = format!("{} {path}: {} {}", route.method, answer.status, answer.text());
            if sure {
                assert_eq!(answer.status, 404, "{at}");
                assert_eq!(answer.json()["error"], "Record not found", "{at}");
            } else {
                assert!((400..500).contains(&answer.status), "{at}");
            }
            checked += 1;
        }
    }
    assert!(checked > 50, "{checked}");
    for (start, thing) in &things {
        // these are not read one by one
        let listed =
            ["/api/v1/follow_requests/", "/api/v1/conversations/", "/api/v1/featured_tags/"];
        if listed.contains(start) {
            continue;
        }
        let path = match start.strip_suffix("{id}") {
            Some(start) => format!("{start}{thing}"),
            None => format!("{start}{thing}"),
        };
        assert_eq!(ann.request("GET", &path).send().status, 200, "{path} is as it was");
    }
    for path in ["/api/v1/conversations", "/api/v1/featured_tags"] {
        assert_eq!(ann.get(path).as_array().unwrap().len(), 1, "{path}");
    }
}
