//! Uploads at statuses: attaching, editing, deleting to write anew.

use serde_json::{Value, json};

use super::admin::admin;
use super::media::{fetch, file_count};
use super::{id, ids};
use crate::support::{Instance, Options, Person, eventually};

fn status(person: &Person, body: &Value) -> crate::support::Answer {
    person.request("POST", "/api/v1/statuses").json(body).send()
}

fn attached(status: &Value) -> Vec<String> {
    ids(&status["media_attachments"])
}

#[test]
fn uploads_are_attached_in_order() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let pictures = [ann.picture(), ann.picture(), ann.picture()];
    let order = [&pictures[2], &pictures[0], &pictures[1]];
    let written = ann.post("/api/v1/statuses", json!({"media_ids": order, "sensitive": true}));
    assert_eq!(attached(&written), order.map(Clone::clone));
    assert_eq!((written["content"].as_str(), &written["sensitive"]), (Some(""), &json!(true)));
    assert_eq!(
        attached(&ann.get(&format!("/api/v1/statuses/{}", id(&written)))),
        attached(&written)
    );
    let plain = ann.writes("nothing attached", "public");
    for path in [
        format!("/api/v1/accounts/{}/statuses?only_media=true", ann.id),
        "/api/v1/timelines/public?only_media=true".into(),
        "/api/v1/timelines/public?local=true&only_media=true".into(),
    ] {
        assert_eq!(ids(&ann.get(&path)), [id(&written)], "{path}");
    }
    assert_eq!(ids(&ann.get("/api/v1/timelines/home")), [id(&plain), id(&written)]);
    // as forms send it
    let another = ann.picture();
    let request = ann.request("POST", "/api/v1/statuses");
    let formed = request.form(&[("status", "x"), ("media_ids[]", &another)]).send().ok();
    assert_eq!(attached(&formed), [another]);
    // visitors see it
    let page = instance.get(&format!("/@ann/{}", id(&formed))).text();
    assert!(page.contains(formed["media_attachments"][0]["url"].as_str().unwrap()));
}

#[test]
fn s_082_what_cannot_be_attached_is_refused() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let (own, used, theirs) = (ann.picture(), ann.picture(), bob.picture());
    ann.post("/api/v1/statuses", json!({"media_ids": [used]}));
    let poll = json!({"options": ["a", "b"], "expires_in": 600});
    let many: Vec<String> = (0..5).map(|_| ann.picture()).collect();
    for (body, what) in [
        (json!({"status": "x", "media_ids": [theirs]}), "another's"),
        (json!({"status": "x", "media_ids": [used]}), "used"),
        (json!({"status": "x", "media_ids": [own, "5"]}), "one that is not there"),
        (json!({"status": "x", "media_ids": ["abc"]}), "no id"),
        (json!({"status": "x", "media_ids": [{"a": 1}]}), "no text"),
        (json!({"status": "x", "media_ids": [own], "poll": poll}), "with a poll"),
        (json!({"status": "x", "media_ids": many}), "too many"),
        (json!({"status": "", "media_ids": []}), "nothing at all"),
    ] {
        let answer = status(&ann, &body);
        assert_eq!(answer.status, 422, "{what}: {}", answer.text());
    }
    // nothing of that took it
    ann.post("/api/v1/statuses", json!({"media_ids": [own]}));
    let path = format!("/api/v1/media/{own}");
    assert_eq!(ann.request("DELETE", &path).send().status, 422);
    let put = ann.request("PUT", &path).json(&json!({"description": "late"})).send();
    assert_eq!(put.status, 404);
}

#[test]
fn f_312_edits_change_attachments_and_history_keeps_them() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let (first, second, third) = (ann.picture(), ann.picture(), ann.picture());
    let written =
        ann.post("/api/v1/statuses", json!({"status": "v1", "media_ids": [first, second]}));
    let path = format!("/api/v1/statuses/{}", id(&written));
    let edit = |body: Value| ann.request("PUT", &path).json(&body).send();
    let edited = edit(json!({
        "status": "v1", "media_ids": [first, second],
        "media_attributes": [{"id": first, "description": "seen", "focus": "0.5,0.5"}],
    }))
    .ok();
    assert!(edited["edited_at"].is_string(), "words alone are an edit");
    assert_eq!(edited["media_attachments"][0]["description"], "seen");
    let same = edit(json!({
        "status": "v1", "media_ids": [first, second],
        "media_attributes": [{"id": first, "description": "seen"}],
    }));
    assert_eq!(same.ok()["edited_at"], edited["edited_at"]);
    let edited = edit(json!({"status": "v3", "media_ids": [third, first]})).ok();
    assert_eq!(attached(&edited), [third.clone(), first.clone()]);
    let edited = edit(json!({"status": "", "media_ids": [second]})).ok();
    assert_eq!(attached(&edited), vec![second.clone()], "one that it had may come back");
    let edited = edit(json!({"status": "v5"})).ok();
    assert_eq!(attached(&edited), [""; 0]);
    let history = ann.get(&format!("{path}/history"));
    let versions: Vec<Vec<String>> = history.as_array().unwrap().iter().map(attached).collect();
    assert_eq!(
        versions,
        [
            vec![first.clone(), second.clone()],
            vec![first.clone(), second.clone()],
            vec![third.clone(), first.clone()],
            vec![second.clone()],
            vec![],
        ]
    );
    assert!(history[0]["media_attachments"][0]["description"].is_null());
    assert_eq!(history[1]["media_attachments"][0]["description"], "seen");
    assert_eq!(fetch(&history[0]["media_attachments"][0]["url"]).status, 200);
    for bad in [
        json!({"status": ""}),
        json!({"status": "x", "media_ids": ["5"]}),
        json!({"status": "x", "media_ids": [first], "media_attributes": [{"id": third, "description": "x"}]}),
        json!({"status": "x", "media_ids": [first], "media_attributes": [{"id": first, "focus": "x"}]}),
        json!({"status": "x", "media_ids": [first], "media_attributes": "x"}),
        json!({"status": "x", "media_ids": [first], "poll": {"options": ["a", "b"], "expires_in": 600}}),
    ] {
        assert_eq!(edit(bad.clone()).status, 422, "{bad}");
    }
    // none of them is free for another status
    assert_eq!(status(&ann, &json!({"media_ids": [third]})).status, 422);
    ann.delete(&format!("{path}?delete_media=true"));
    eventually("all files are gone", || (file_count(&instance) == 0).then_some(()));
}

#[test]
fn a_status_is_deleted_and_written_anew() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let picture = ann.picture();
    let written = ann.post("/api/v1/statuses", json!({"status": "ops", "media_ids": [picture]}));
    let deleted = ann.delete(&format!("/api/v1/statuses/{}", id(&written)));
    assert_eq!(
        (deleted["text"].as_str(), attached(&deleted)),
        (Some("ops"), vec![picture.clone()])
    );
    instance.settle();
    assert_eq!(fetch(&deleted["media_attachments"][0]["url"]).status, 200);
    let again = ann.post("/api/v1/statuses", json!({"status": "oops", "media_ids": [picture]}));
    assert_eq!(attached(&again), vec![picture.clone()]);
    let path = format!("/api/v1/statuses/{}?delete_media=true", id(&again));
    let gone = ann.delete(&path);
    assert_eq!(attached(&gone), vec![picture.clone()]);
    assert_eq!(ann.request("GET", &format!("/api/v1/media/{picture}")).send().status, 404);
    eventually("the file is gone", || (file_count(&instance) == 0).then_some(()));
}

#[test]
fn an_upload_waits_for_a_scheduled_status() {
    let clock = dassie::clock::Clock::manual(dassie::clock::Clock::system().now_ms());
    let mut instance = Instance::with(Options { clock: clock.clone(), configure: None });
    let ann = instance.person("ann");
    let (picture, other) = (ann.picture(), ann.picture());
    let due = dassie::clock::wire_time(clock.now_ms() + 3 * dassie::clock::DAY);
    let schedule = |id: &str| {
        let body = json!({"status": "later", "media_ids": [id], "scheduled_at": due});
        ann.post("/api/v1/statuses", body)
    };
    let kept = schedule(&picture);
    assert_eq!(attached(&kept), vec![picture.clone()]);
    assert_eq!(kept["params"]["media_ids"], json!([picture]));
    // nobody else gets it, and it is not taken away
    let again = json!({"status": "x", "media_ids": [picture]});
    assert_eq!(status(&ann, &again).status, 422);
    let again = json!({"status": "x", "media_ids": [picture], "scheduled_at": due});
    assert_eq!(status(&ann, &again).status, 422);
    let path = format!("/api/v1/media/{picture}");
    assert_eq!(ann.request("DELETE", &path).send().status, 422);
    // what is said of it may still change
    ann.request("PUT", &path).json(&json!({"description": "a lake"})).send().ok();
    // one that is taken back gives its upload back
    let taken_back = schedule(&other);
    ann.delete(&format!("/api/v1/scheduled_statuses/{}", id(&taken_back)));
    ann.request("DELETE", &format!("/api/v1/media/{other}")).send().ok();
    // another that waits for nothing shows when the house was kept
    let loose = ann.picture();
    instance.advance(2 * dassie::clock::DAY);
    eventually("the loose one is gone", || {
        let answer = ann.request("GET", &format!("/api/v1/media/{loose}")).send();
        (answer.status == 404).then_some(())
    });
    assert!(ann.home().is_empty());
    instance.stop();
    clock.advance(2 * dassie::clock::DAY);
    instance.start_again();
    let written =
        eventually("it is published", || ann.get("/api/v1/timelines/home").get(0).cloned());
    assert_eq!(attached(&written), vec![picture.clone()]);
    assert_eq!(written["media_attachments"][0]["description"], "a lake");
    assert_eq!(fetch(&written["media_attachments"][0]["url"]).status, 200);
}

#[test]
fn what_cannot_be_published_keeps_its_upload_until_it_is_deleted() {
    let clock = dassie::clock::Clock::manual(dassie::clock::Clock::system().now_ms());
    let instance = Instance::with(Options { clock: clock.clone(), configure: None });
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let parent = id(&bob.writes("gone soon", "public"));
    let picture = ann.picture();
    let due = dassie::clock::wire_time(clock.now_ms() + dassie::clock::HOUR);
    let body = json!({"status": "later", "media_ids": [picture], "scheduled_at": due,
        "in_reply_to_id": parent});
    let kept = id(&ann.post("/api/v1/statuses", body));
    bob.delete(&format!("/api/v1/statuses/{parent}"));
    instance.advance(2 * dassie::clock::HOUR);
    let path = format!("/api/v1/scheduled_statuses/{kept}");
    let failed = eventually("it has failed", || {
        Some(ann.get(&path)).filter(|kept| kept["error"].is_string())
    });
    assert_eq!(attached(&failed), vec![picture.clone()]);
    instance.advance(3 * dassie::clock::DAY);
    instance.settle();
    assert_eq!(status(&ann, &json!({"media_ids": [picture]})).status, 422, "it is still kept");
    ann.delete(&path);
    assert_eq!(attached(&ann.post("/api/v1/statuses", json!({"media_ids": [picture]}))), [picture]);
}

#[test]
fn a_status_in_the_past_and_a_quote_have_pictures() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let past = json!({"status": "then", "media_ids": [ann.picture()], "scheduled_at": "2020-01-02T03:04:05Z"});
    let past = ann.post("/api/v1/statuses", past);
    assert!(past["created_at"].as_str().unwrap().starts_with("2020-01-02T03:04:05"));
    assert_eq!(attached(&past).len(), 1);
    let quote = json!({"media_ids": [ann.picture()], "quoted_status_id": id(&past)});
    let quote = ann.post("/api/v1/statuses", quote);
    assert_eq!(attached(&quote).len(), 1);
    assert_eq!(attached(&quote["quote"]["quoted_status"]), attached(&past));
    let note = instance.activity(quote["uri"].as_str().unwrap()).json();
    assert_eq!(note["attachment"][0]["url"], quote["media_attachments"][0]["url"]);
}

#[test]
fn what_a_picture_shows_is_filtered_and_read_by_visitors() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let words = json!([{"keyword": "spider"}]);
    let filter = json!({"title": "f", "context": ["public"], "keywords_attributes": words});
    bob.post("/api/v2/filters", filter);
    let picture = ann.picture();
    let words = json!({"description": "a spider & its <web>"});
    ann.request("PUT", &format!("/api/v1/media/{picture}")).json(&words).send().ok();
    let written = ann.post("/api/v1/statuses", json!({"status": "look", "media_ids": [picture]}));
    let seen = bob.get(&format!("/api/v1/statuses/{}", id(&written)));
    assert_eq!(seen["filtered"][0]["keyword_matches"], json!(["spider"]));
    let page = instance.get(&format!("/@ann/{}", id(&written))).text();
    assert!(
        page.contains("a spider &amp; its &lt;web&gt;")
            || page.contains("a spider &#38; its &#60;web&#62;")
    );
    let note = instance.activity(written["uri"].as_str().unwrap()).json();
    assert_eq!(note["attachment"][0]["name"], "a spider & its <web>");
    // what an admin marks as sensitive is covered for visitors as for apps
    assert!(!page.contains("<details"));
    let path = format!("/api/v1/admin/accounts/{}/action", ann.id);
    admin(&instance, "boss").post(&path, json!({"type": "sensitive"}));
    assert_eq!(bob.get(&format!("/api/v1/statuses/{}", id(&written)))["sensitive"], true);
    let page = instance.get(&format!("/@ann/{}", id(&written))).text();
    assert!(page.contains("<details"), "{page}");
}

#[test]
fn an_account_goes_with_its_files() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    ann.post("/api/v1/statuses", json!({"status": "x", "media_ids": [ann.picture()]}));
    ann.picture();
    assert_eq!(file_count(&instance), 2);
    let (site, account) = (instance.app.site.clone(), ann.id.parse().unwrap());
    let removed = instance.app.db.write(dassie::db::Lane::Interactive, move |tx| {
        let account = dassie::db::account::get(tx, account)?;
        dassie::service::leaving::delete_local(tx, &site, &account)
    });
    removed.wait().unwrap();
    eventually("all files are gone", || {
        instance.app.wake.rouse();
        (file_count(&instance) == 0).then_some(())
    });
}
