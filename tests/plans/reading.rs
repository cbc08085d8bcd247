//! What people read, by every route.

use serde_json::{Value, json};

use crate::api::{id, scopes};
use crate::support::{Instance, Person};

/// Every GET of the client API, in the variants that clients use.
pub(super) fn read_everything(instance: &Instance, person: &Person, status: &str, account: &str) {
    let variants = [
        "",
        "?max_id=999999999999999999&limit=5",
        "?min_id=5&limit=5",
        "?since_id=5",
        "?local=true&min_id=5",
        "?remote=true",
        "?only_media=true",
        "?exclude_replies=true&min_id=1",
        "?exclude_reblogs=true&only_media=true",
        "?tagged=tag",
        "?pinned=true",
        "?any[]=tag&all[]=tag&none[]=no",
        "?types[]=mention&account_id=5",
        "?exclude_types[]=mention&min_id=1",
        "?q=mia&resolve=false",
        "?q=%E5%A4%A9&type=statuses&account_id=5&min_id=3",
        "?q=tag&type=hashtags",
        "?q=ann&following=true",
        "?q=from:me%20has:media%20-dog",
        "?q=has:link%20-has:embed%20in:library%20language:en",
        "?q=tag%20-from:bob%20before:2100-01-01%20-nothing",
        "?url=https%3A%2F%2Fa.example%2F",
        "?acct=ann",
        "?domain=a.example",
        "?acct=nobody@nowhere.example",
        "?id[]=5&id[]=6",
    ];
    for route in scopes::table().iter().filter(|route| route.method == "GET") {
        let of = if route.path.contains("/accounts/") { account } else { status };
        for id in [of, "5"] {
            let path =
                route.path.replace("{id}", id).replace("{tag}", "tag").replace("{quoting}", "5");
            // of what is not there, and to whom nothing is shown, there is one way to tell
            let (mut signed, mut open) = (true, true);
            for variant in variants {
                let path = format!("{path}{variant}");
                if signed {
                    let answer = person.request("GET", &path).send();
                    assert!(answer.status < 500, "{path}: {}", answer.text());
                    signed = id != "5";
                }
                if open {
                    let answer = instance.get(&path);
                    assert!(answer.status < 500, "{path}: {}", answer.text());
                    open = answer.status == 200 && id != "5";
                }
            }
        }
    }
    let name = &person.name;
    for path in [
        "/",
        "/about",
        "/tags/tag",
        "/tags/tag?max_id=5",
        "/nodeinfo/2.0",
        "/nodeinfo/2.1",
        &format!("/@{name}"),
        &format!("/@{name}?max_id=5"),
        &format!("/@{name}/{status}"),
        "/@nobody",
        &format!("/@{name}/tagged/tag"),
        &format!("/@{name}/with_replies"),
        &format!("/@{name}/media"),
        &format!("/@{name}/feed.rss"),
        "/tags/tag/feed.json",
        &format!("/authorize_interaction?uri=@{name}@{}", instance.host),
        &format!("/authorize_interaction?uri={}/users/{name}/statuses/{status}", instance.base),
        &format!("/.well-known/webfinger?resource=acct:{name}@{}", instance.host),
    ] {
        assert!(instance.get(path).status < 500, "{path}");
    }
    for path in [
        "/actor",
        "/actor/outbox",
        &format!("/users/{name}"),
        &format!("/users/{name}/outbox"),
        &format!("/users/{name}/outbox?page=true"),
        &format!("/users/{name}/outbox?page=true&max_id=5"),
        &format!("/users/{name}/followers?page=true"),
        &format!("/users/{name}/following?page=true&max_id=9"),
        &format!("/users/{name}/followers_synchronization"),
        &format!("/users/{name}/collections/featured"),
        &format!("/users/{name}/collections/tags"),
        &format!("/users/{name}/statuses/{status}"),
        &format!("/users/{name}/statuses/{status}/activity"),
        "/users/nobody",
        "/users/ann/statuses/5",
        &format!("/users/{name}/statuses/{status}/replies?page=true&min_id=5"),
        &format!("/users/{name}/statuses/{status}/likes"),
        &format!("/users/{name}/statuses/{status}/shares"),
        &format!("/users/{name}/quote_authorizations/{status}"),
    ] {
        assert!(instance.activity(&format!("{}{path}", instance.base)).status < 500, "{path}");
    }
}

/// Markers, lists, filters, tags and conversations.
pub(super) fn read_by_rules(person: &Person, other: &str, status: &str) {
    let send = |method: &'static str, path: String, body: Value| {
        let answer = person.request(method, &path).json(&body).send();
        assert!(answer.status < 500, "{path}: {}", answer.text());
        if answer.status == 200 { answer.json() } else { Value::Null }
    };
    send("POST", "/api/v1/markers".into(), json!({"home": {"last_read_id": status}}));
    send("POST", format!("/api/v1/accounts/{other}/follow"), json!({}));
    let list = send("POST", "/api/v1/lists".into(), json!({"title": "a", "exclusive": true}));
    let list = format!("/api/v1/lists/{}", id(&list));
    let members = json!({"account_ids": [other, person.id]});
    send("POST", format!("{list}/accounts"), members.clone());
    person.writes("for the list", "public");
    send("PUT", list.clone(), json!({"exclusive": false, "replies_policy": "followed"}));
    send("DELETE", format!("{list}/accounts"), members.clone());
    send("POST", format!("{list}/accounts"), members);
    person.get(&format!("/api/v1/timelines/list/{}", list.rsplit('/').next().unwrap()));
    let filter = json!({
        "title": "f", "context": ["home"],
        "keywords_attributes": [{"keyword": "hello"}, {"keyword": "list"}],
    });
    let filter = send("POST", "/api/v2/filters".into(), filter);
    let path = format!("/api/v2/filters/{}", id(&filter));
    let word = id(&filter["keywords"][0]);
    send(
        "PUT",
        path.clone(),
        json!({"title": "g", "keywords_attributes": [{"id": word, "_destroy": true}]}),
    );
    let named = send("POST", format!("{path}/statuses"), json!({"status_id": status}));
    send("DELETE", format!("/api/v2/filters/statuses/{}", id(&named)), json!({}));
    let old = send("POST", "/api/v1/filters".into(), json!({"phrase": "x", "context": ["home"]}));
    send("PUT", format!("/api/v1/filters/{}", id(&old)), json!({"phrase": "y"}));
    send("DELETE", format!("/api/v1/filters/{}", id(&old)), json!({}));
    person.get("/api/v1/timelines/home");
    for deed in ["follow", "unfollow", "follow"] {
        send("POST", format!("/api/v1/tags/tag/{deed}"), json!({}));
    }
    let direct = person.writes("@ann @bob in between", "direct");
    let all = person.get("/api/v1/conversations");
    send("POST", format!("/api/v1/conversations/{}/read", id(&all[0])), json!({}));
    person.delete(&format!("/api/v1/statuses/{}", id(&direct)));
    person.writes("@ann @bob again", "direct");
    let all = person.get("/api/v1/conversations");
    send("DELETE", format!("/api/v1/conversations/{}", id(&all[0])), json!({}));
    send("DELETE", path, json!({}));
    send("DELETE", list, json!({}));
    send("DELETE", format!("/api/v1/suggestions/{other}"), json!({}));
    let domain = person.get(&format!("/api/v1/accounts/{other}"))["acct"].clone();
    if let Some((_, domain)) = domain.as_str().unwrap().split_once('@') {
        for method in ["POST", "DELETE"] {
            send(method, "/api/v1/domain_blocks".into(), json!({"domain": domain}));
        }
        send("POST", format!("/api/v1/accounts/{other}/follow"), json!({}));
    }
}

/// Notifications in groups, held back, accepted and dismissed.
pub(super) fn be_told(ann: &Person, bob: &Person, status: &str) {
    let send = |who: &Person, method: &'static str, path: &str, body: Value| {
        let answer = who.request(method, path).json(&body).send();
        assert!(answer.status < 500, "{path}: {}", answer.text());
        if answer.status == 200 { answer.json() } else { Value::Null }
    };
    for marked in [false, true] {
        for path in ["/api/v1/notifications/unread_count", "/api/v2/notifications/unread_count"] {
            ann.get(path);
            ann.get(&format!("{path}?types[]=favourite&account_id={}", bob.id));
        }
        if !marked {
            let marker = json!({"notifications": {"last_read_id": "1"}});
            send(ann, "POST", "/api/v1/markers", marker);
        }
    }
    send(bob, "POST", &format!("/api/v1/statuses/{status}/favourite"), json!({}));
    send(bob, "POST", &format!("/api/v1/accounts/{}/follow", ann.id), json!({}));
    let groups =
        ann.get("/api/v2/notifications?expand_accounts=partial_avatars&grouped_types[]=follow");
    for group in groups["notification_groups"].as_array().unwrap() {
        let path = format!("/api/v2/notifications/{}", group["group_key"].as_str().unwrap());
        send(ann, "GET", &path, json!({}));
        ann.get(&format!("{path}/accounts"));
        ann.get(&format!("{path}/accounts?min_id=1"));
    }
    let sorts =
        ["for_not_followers", "for_new_accounts", "for_limited_accounts", "for_private_mentions"];
    for sort in sorts {
        send(ann, "PATCH", "/api/v2/notifications/policy", json!({ sort: "filter" }));
    }
    send(ann, "POST", &format!("/api/v1/accounts/{}/unfollow", bob.id), json!({}));
    for deed in ["dismiss", "accept"] {
        let first = bob.writes("@ann psst", "direct");
        let answer = json!({
            "status": "@ann psst", "visibility": "direct", "in_reply_to_id": id(&first),
        });
        send(bob, "POST", "/api/v1/statuses", answer);
        bob.delete(&format!("/api/v1/statuses/{}", id(&first)));
        ann.get("/api/v1/notifications?include_filtered=true");
        ann.get("/api/v2/notifications?include_filtered=true&min_id=1");
        ann.get("/api/v1/notifications/policy");
        let all = ann.get("/api/v1/notifications/requests");
        ann.get("/api/v1/notifications/requests?min_id=1");
        let path = format!("/api/v1/notifications/requests/{}", id(&all[0]));
        send(ann, "GET", &path, json!({}));
        send(ann, "POST", &format!("{path}/{deed}"), json!({}));
    }
    for sort in sorts {
        send(ann, "PATCH", "/api/v2/notifications/policy", json!({ sort: "accept" }));
    }
    for group in ann.get("/api/v2/notifications")["notification_groups"].as_array().unwrap() {
        let key = group["group_key"].as_str().unwrap();
        send(ann, "POST", &format!("/api/v2/notifications/{key}/dismiss"), json!({}));
    }
    send(ann, "DELETE", "/api/v1/notifications/destroy_multiple?ids[]=1", json!({}));
}
