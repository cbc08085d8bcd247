//! Uploads at statuses: attaching, editing, deleting to write anew.

use dassie::db::{self, Lane};
use dassie::service;
use serde_json::{Value, json};

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
    let clock = dassie::clock::Clock::manual(1_767_323_045_678);
    let instance = Instance::with(Options { clock, configure: None });
    let ann = instance.person("ann");
    let picture = ann.picture();
    let sql = rusqlite::Connection::open(instance.folder.path().join("data/dassie.db")).unwrap();
    let row = "INSERT INTO scheduled_status (id, account_id, due, params, created_at)
               VALUES (1, ?, 0, '{}', 0)";
    sql.execute(row, [&ann.id]).unwrap();
    let (me, upload): (i64, i64) = (ann.id.parse().unwrap(), picture.parse().unwrap());
    let site = instance.app.site.clone();
    let write = instance.app.db.write(Lane::Interactive, move |tx| {
        assert!(service::media::reserve(tx, &site, me, &[upload, 5], 1).is_err());
        service::media::reserve(tx, &site, me, &[upload], 1)?;
        Ok(db::upload::list_reserved(tx, &[1])?.len())
    });
    assert_eq!(write.wait().unwrap(), 1);
    assert_eq!(status(&ann, &json!({"media_ids": [picture]})).status, 422);
    let path = format!("/api/v1/media/{picture}");
    assert_eq!(ann.request("DELETE", &path).send().status, 422);
    // another that waits for nothing shows when the house was kept
    let loose = ann.picture();
    instance.advance(3 * dassie::clock::DAY);
    eventually("the loose one is gone", || {
        let answer = ann.request("GET", &format!("/api/v1/media/{loose}")).send();
        (answer.status == 404).then_some(())
    });
    let released = instance.app.db.write(Lane::Interactive, |tx| db::upload::release(tx, 1));
    released.wait().unwrap();
    assert_eq!(attached(&ann.post("/api/v1/statuses", json!({"media_ids": [picture]}))), [picture]);
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
        dassie::service::account::delete_local(tx, &site, &account)
    });
    removed.wait().unwrap();
    eventually("all files are gone", || {
        instance.app.wake.rouse();
        (file_count(&instance) == 0).then_some(())
    });
}
