//! Quotes among people of one server: who may, what shows to whom, and taking consent back.

use serde_json::{Value, json};

use super::{id, ids};
use crate::support::{Answer, Instance, Person, Socket};

fn try_quote(person: &Person, quoted: &str, visibility: &str) -> Answer {
    let text = format!("look at this, {}", person.name);
    let body = json!({"status": text, "quoted_status_id": quoted, "visibility": visibility});
    person.request("POST", "/api/v1/statuses").json(&body).send()
}

fn quote(person: &Person, quoted: &str) -> Value {
    try_quote(person, quoted, "public").ok()
}

fn show(person: &Person, status: &str) -> Value {
    person.get(&format!("/api/v1/statuses/{status}"))
}

fn post(person: &Person, path: String) -> Answer {
    person.request("POST", &path).json(&json!({})).send()
}

#[test]
fn f_283_a_quote_shows_what_it_quotes_and_tells_its_author() {
    let instance = Instance::start();
    let (ann, bob, carl) =
        (instance.person("ann"), instance.person("bob"), instance.person("carl"));
    let first = id(&ann.writes("the first", "public"));
    assert_eq!(
        show(&bob, &first)["quote_approval"],
        json!({"automatic": ["public"], "manual": [], "current_user": "automatic"})
    );
    let anonymous = instance.get(&format!("/api/v1/statuses/{first}")).ok();
    assert_eq!(anonymous["quote_approval"]["current_user"], "denied");
    let second = quote(&bob, &first);
    assert_eq!(second["quote"]["state"], "accepted");
    assert_eq!(second["quote"]["quoted_status"]["id"], first);
    assert_eq!(ann.notifications(), [("quote".to_owned(), "bob".to_owned())]);
    assert_eq!(ann.get("/api/v1/notifications")[0]["status"]["id"], second["id"]);
    assert_eq!(show(&ann, &first)["quotes_count"], 1);
    // a quote in a quote is told by its id; the older spelling, and no text at all
    let body = json!({"quote_id": id(&second)});
    let third = carl.post("/api/v1/statuses", body);
    let inner = &third["quote"]["quoted_status"];
    assert_eq!(inner["id"], second["id"]);
    assert_eq!(inner["quote"], json!({"state": "accepted", "quoted_status_id": first}));
    // a boost of a quote shows it in the boosted one
    let boost = post(&ann, format!("/api/v1/statuses/{}/reblog", id(&third))).ok();
    assert_eq!(boost["reblog"]["quote"]["quoted_status"]["id"], second["id"]);
    // what is meant by a boost is the boosted one
    let again = quote(&bob, &id(&boost));
    assert_eq!(again["quote"]["quoted_status"]["id"], third["id"]);
    // who quotes it
    let path = format!("/api/v1/statuses/{first}/quotes");
    assert_eq!(ids(&ann.get(&path)), [id(&second)]);
    assert_eq!(ids(&ann.get(&format!("{path}?max_id={}", id(&second)))), Vec::<String>::new());
    let listed = ann.request("GET", &path).send();
    assert!(listed.header("link").unwrap_or_default().contains("min_id="));
    // an edit is told to those who quoted
    let edit = json!({"status": "the first, again"});
    ann.request("PUT", &format!("/api/v1/statuses/{first}")).json(&edit).send().ok();
    assert!(bob.notifications().contains(&("quoted_update".to_owned(), "ann".to_owned())));
    let shown = show(&carl, &id(&second));
    let text = shown["quote"]["quoted_status"]["content"].as_str().unwrap();
    assert!(text.contains("again"));
    // the quoting one may be edited, and quotes still
    let edit = json!({"status": "hm"});
    let edited =
        bob.request("PUT", &format!("/api/v1/statuses/{}", id(&second))).json(&edit).send().ok();
    assert_eq!(edited["quote"]["state"], "accepted");
    let versions = carl.get(&format!("/api/v1/statuses/{}/history", id(&second)));
    for version in versions.as_array().unwrap() {
        assert_eq!(version["quote"]["quoted_status"]["id"], first);
    }
    assert!(ann.get(&format!("/api/v1/statuses/{first}/history"))[0]["quote"].is_null());
    // it is found by what bob wrote
    let found =
        |word: &str| ids(&bob.get(&format!("/api/v2/search?type=statuses&q={word}"))["statuses"]);
    assert_eq!((found("hm"), found("RE")), (vec![id(&second)], vec![]));
    // programs that show no quotes show a link
    let html = edited["content"].as_str().unwrap();
    assert!(html.starts_with("<p class=\"quote-inline\">RE: <a href=\"http"), "{html}");
    assert!(html.ends_with("<p>hm</p>") && html.contains(&first), "{html}");
    // a deletion gives it back for rewriting; what it quoted counts it no more
    let deleted = bob.delete(&format!("/api/v1/statuses/{}", id(&second)));
    assert_eq!(deleted["quote"]["quoted_status"]["id"], first);
    assert!(deleted["quote"]["quoted_status"].get("content").is_none());
    assert_eq!(show(&ann, &first)["quotes_count"], 0);
    let left = show(&carl, &id(&third));
    assert_eq!(left["quote"], json!({"state": "deleted", "quoted_status": null}));
}

#[test]
fn f_325_f_326_f_327_a_policy_says_who_may_quote() {
    let instance = Instance::start();
    let (ann, bob, fay) = (instance.person("ann"), instance.person("bob"), instance.person("fay"));
    fay.post(&format!("/api/v1/accounts/{}/follow", ann.id), json!({}));
    let write = |policy: &str, visibility: &str| {
        let body =
            json!({"status": "x", "quote_approval_policy": policy, "visibility": visibility});
        ann.post("/api/v1/statuses", body)
    };
    let missing = "The post you are trying to quote does not appear to exist.";
    let refused = |answer: Answer| {
        assert_eq!(answer.status, 404, "{}", answer.text());
        assert_eq!(answer.json()["error"], missing);
    };
    let followers = write("followers", "public");
    assert_eq!(followers["quote_approval"]["automatic"], json!(["followers"]));
    let of =
        |person: &Person| show(person, &id(&followers))["quote_approval"]["current_user"].clone();
    assert_eq!(
        (of(&fay), of(&bob), of(&ann)),
        (json!("automatic"), json!("denied"), json!("automatic"))
    );
    refused(try_quote(&bob, &id(&followers), "public"));
    quote(&fay, &id(&followers));
    let nobody = id(&write("nobody", "unlisted"));
    refused(try_quote(&fay, &nobody, "public"));
    quote(&ann, &nobody);
    // followers-only and direct ones
    let private = write("public", "private");
    assert_eq!(private["quote_approval"]["automatic"], json!([]));
    refused(try_quote(&fay, &id(&private), "public"));
    refused(try_quote(&bob, &id(&private), "public"));
    let own = quote(&ann, &id(&private));
    assert_eq!(own["visibility"], "private", "no wider than what it shows");
    refused(try_quote(&ann, &id(&write("public", "direct")), "direct"));
    // whoever is blocked finds nothing to quote
    let open = id(&write("public", "public"));
    ann.post(&format!("/api/v1/accounts/{}/block", bob.id), json!({}));
    refused(try_quote(&bob, &open, "public"));
    refused(try_quote(&fay, "5", "public"));
    // a direct one quotes only whom it names
    let direct = try_quote(&fay, &open, "direct");
    assert_eq!(direct.status, 422, "{}", direct.text());
    let named = json!({"status": "@ann hm", "quoted_status_id": open, "visibility": "direct"});
    fay.post("/api/v1/statuses", named);
    // the policy changes, past quotes stay
    let path = format!("/api/v1/statuses/{open}/interaction_policy");
    let put = |person: &Person, body: Value| person.request("PUT", &path).json(&body).send();
    let before = quote(&fay, &open);
    let changed = put(&ann, json!({"quote_approval_policy": "nobody"})).ok();
    assert_eq!(changed["quote_approval"]["automatic"], json!([]));
    assert!(changed["edited_at"].is_null(), "no edit");
    refused(try_quote(&fay, &open, "public"));
    assert_eq!(show(&fay, &id(&before))["quote"]["state"], "accepted");
    assert_eq!(put(&ann, json!({"quote_approval_policy": "friends"})).status, 422);
    assert_eq!(put(&ann, json!({"quote_approval_policy": {"a": 1}})).status, 422);
    assert_eq!(put(&ann, json!({})).status, 422);
    assert_eq!(put(&fay, json!({"quote_approval_policy": "public"})).status, 404);
    let edit = json!({"status": "x", "quote_approval_policy": "followers"});
    let edited = ann.request("PUT", &format!("/api/v1/statuses/{open}")).json(&edit).send().ok();
    assert_eq!(edited["quote_approval"]["automatic"], json!(["followers"]));
    let closed = format!("/api/v1/statuses/{}/interaction_policy", id(&private));
    let body = json!({"quote_approval_policy": "public"});
    let still = ann.request("PUT", &closed).json(&body).send().ok();
    assert_eq!(still["quote_approval"]["automatic"], json!([]));
    let wrong = json!({"status": "x", "quote_approval_policy": "all"});
    assert_eq!(ann.request("POST", "/api/v1/statuses").json(&wrong).send().status, 422);
}

#[test]
fn f_323_f_327_consent_can_be_taken_back() {
    let instance = Instance::start();
    let (ann, bob, carl) =
        (instance.person("ann"), instance.person("bob"), instance.person("carl"));
    let quoted = id(&ann.writes("x", "public"));
    let quoting = id(&quote(&bob, &quoted));
    let stamp = format!("{}/quote_authorizations/{quoting}", ann.uri);
    let document = instance.activity(&stamp).json();
    assert_eq!(document["type"], "QuoteAuthorization");
    assert_eq!(document["attributedTo"], ann.uri);
    assert_eq!(document["interactionTarget"], format!("{}/statuses/{quoted}", ann.uri));
    assert_eq!(document["interactingObject"], format!("{}/statuses/{quoting}", bob.uri));
    let note = instance.activity(&format!("{}/statuses/{quoting}", bob.uri)).json();
    assert_eq!(note["quoteAuthorization"], stamp);
    assert_eq!(note["quote"], document["interactionTarget"]);
    assert!(note["content"].as_str().unwrap().starts_with("<p class=\"quote-inline\">RE: <a"));
    let path = |a: &str, b: &str| format!("/api/v1/statuses/{a}/quotes/{b}/revoke");
    assert_eq!(post(&bob, path(&quoted, &quoting)).status, 403, "not bob's to take back");
    assert_eq!(post(&ann, path(&quoting, &quoted)).status, 403);
    assert_eq!(post(&ann, path(&quoted, &quoted)).status, 404);
    assert_eq!(post(&ann, path(&quoted, "5")).status, 404);
    assert_eq!(post(&ann, path("5", &quoting)).status, 404);
    let revoked = post(&ann, path(&quoted, &quoting)).ok();
    assert_eq!(revoked["id"], quoting);
    assert_eq!(revoked["quote"], json!({"state": "revoked", "quoted_status": null}));
    assert_eq!(show(&carl, &quoting)["quote"]["state"], "revoked");
    assert_eq!(show(&carl, &quoted)["quotes_count"], 0);
    assert_eq!(ann.get(&format!("/api/v1/statuses/{quoted}/quotes")), json!([]));
    assert_eq!(instance.activity(&stamp).status, 404);
    assert!(ann.notifications().is_empty());
    assert_eq!(post(&ann, path(&quoted, &quoting)).status, 200, "again does nothing");
    // whoever quotes and hides behind a block keeps no consent by it
    let quoting = id(&quote(&bob, &quoted));
    post(&bob, format!("/api/v1/accounts/{}/block", ann.id)).ok();
    let answer = post(&ann, path(&quoted, &quoting)).ok();
    assert_eq!(answer["id"], quoted, "what ann may not read she is not shown");
    assert_eq!(show(&carl, &quoting)["quote"]["state"], "revoked");
}

#[test]
fn s_087_a_quote_shows_nothing_that_its_reader_may_not_read() {
    let instance = Instance::start();
    let (ann, bob, carl) =
        (instance.person("ann"), instance.person("bob"), instance.person("carl"));
    let quoted = id(&ann.writes("xqsecretqx", "public"));
    let quoting = id(&quote(&bob, &quoted));
    let outer = id(&quote(&instance.person("dan"), &quoting));
    let state = |person: &Person| show(person, &quoting)["quote"].clone();
    let deed = |person: &Person, deed: &str, of: &Person| {
        person.post(&format!("/api/v1/accounts/{}/{deed}", of.id), json!({}));
    };
    // what the reader does not want is said, and may be looked at
    deed(&carl, "mute", &ann);
    assert_eq!(state(&carl)["state"], "muted_account");
    assert_eq!(state(&carl)["quoted_status"]["id"], quoted);
    deed(&carl, "unmute", &ann);
    deed(&carl, "block", &ann);
    assert_eq!(state(&carl)["state"], "blocked_account");
    deed(&carl, "unblock", &ann);
    // what the reader may not read is not there
    deed(&ann, "block", &carl);
    assert_eq!(state(&carl), json!({"state": "unauthorized", "quoted_status": null}));
    for path in [
        format!("/api/v1/statuses/{quoting}"),
        format!("/api/v1/statuses/{outer}"),
        format!("/api/v1/accounts/{}/statuses", bob.id),
        "/api/v1/timelines/public".to_owned(),
        "/api/v2/search?type=statuses&q=look".to_owned(),
    ] {
        let text = carl.request("GET", &path).send().text();
        assert!(!text.contains("xqsecretqx"), "{path}: {text}");
    }
    let inner = show(&carl, &outer)["quote"]["quoted_status"]["quote"].clone();
    assert_eq!(inner, json!({"state": "unauthorized", "quoted_status_id": null}));
    // one's own private one, quoted for followers
    deed(&bob, "follow", &ann);
    let private = id(&ann.writes("xqprivateqx", "private"));
    let own = id(&quote(&ann, &private));
    assert!(show(&bob, &own)["quote"].to_string().contains("xqprivateqx"));
    for suffix in ["", "/quotes", "/context"] {
        let path = format!("/api/v1/statuses/{own}{suffix}");
        assert_eq!(carl.request("GET", &path).send().status, 404, "{path}");
    }
    // a direct quote is in nobody else's list
    let body = json!({"status": "@ann hm", "quoted_status_id": quoted, "visibility": "direct"});
    let direct = id(&bob.post("/api/v1/statuses", body));
    let list = format!("/api/v1/statuses/{quoted}/quotes");
    assert_eq!(ids(&ann.get(&list)), [direct, quoting.clone()]);
    assert_eq!(ids(&instance.person("eve").get(&list)), [quoting]);
    assert_eq!(carl.request("GET", &list).send().status, 404);
    // a filter finds what is quoted
    let filter = json!({"title": "f", "context": ["home"], "keywords_attributes": [{"keyword": "xqprivateqx"}]});
    bob.post("/api/v2/filters", filter);
    let filtered = &show(&bob, &own)["quote"]["quoted_status"]["filtered"];
    assert_eq!(filtered.as_array().unwrap().len(), 1, "{filtered}");
}

#[test]
fn a_quote_that_the_policy_holds_back_is_a_request() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let policy = json!({"for_not_following": "filter"});
    ann.request("PATCH", "/api/v2/notifications/policy").json(&policy).send().ok();
    let quoted = id(&ann.writes("x", "public"));
    let quoting = id(&quote(&bob, &quoted));
    assert!(ann.notifications().is_empty());
    let requests = ann.get("/api/v1/notifications/requests");
    assert_eq!(requests[0]["account"]["id"], bob.id);
    assert_eq!(requests[0]["last_status"]["id"], quoting);
    // who takes the consent back is not asked to look at it any more
    post(&ann, format!("/api/v1/statuses/{quoted}/quotes/{quoting}/revoke")).ok();
    assert_eq!(ann.get("/api/v1/notifications/requests"), json!([]));
}

#[test]
fn s_092_a_stream_shows_a_quote_as_its_reader_may_see_it() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let (carl, dan) = (instance.person("carl"), instance.person("dan"));
    let quoted = id(&ann.writes("xqsecretqx", "public"));
    ann.post(&format!("/api/v1/accounts/{}/block", carl.id), json!({}));
    dan.post(&format!("/api/v1/accounts/{}/mute", ann.id), json!({}));
    let filter = json!({"title": "f", "context": ["home"], "keywords_attributes": [{"keyword": "xqsecretqx"}]});
    dan.post("/api/v2/filters", filter);
    let open = |person: &Person| {
        person.follows("bob");
        let bearer = format!("Bearer {}", person.token);
        Socket::open(&instance.host, "?stream=user", &[("Authorization", &bearer)]).unwrap()
    };
    let mut sockets = [open(&carl), open(&dan)];
    let quoting = id(&quote(&bob, &quoted));
    let [first, second] = sockets.each_mut().map(|socket| {
        let (what, status) = socket.event();
        assert_eq!((what.as_str(), &status["id"]), ("user update", &json!(quoting)));
        status["quote"].clone()
    });
    assert_eq!(first, json!({"state": "unauthorized", "quoted_status": null}));
    assert_eq!(second["state"], "muted_account");
    assert_eq!(second["quoted_status"]["filtered"].as_array().unwrap().len(), 1);
    post(&ann, format!("/api/v1/statuses/{quoted}/quotes/{quoting}/revoke")).ok();
    for socket in &mut sockets {
        let (what, status) = socket.event();
        assert_eq!(what, "user status.update");
        assert_eq!(status["quote"], json!({"state": "revoked", "quoted_status": null}));
    }
}
