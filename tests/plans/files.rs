//! Uploads, files of elsewhere and the commands about both.

use dassie::control::{self, Command, MediaCommand, MediaPrune, MediaRefetch, MoveStep};
use dassie::db;
use dassie::model::Store;
use serde_json::json;

use crate::api::id;
use crate::support::cached::put;
use crate::support::picture::{Part, coded, corners, form};
use crate::support::s3::{ObjectStore, with_uploads};
use crate::support::{Instance, Options, Person, Request, eventually};

/// Uploads, attached and not, and pictures of the profile.
pub(super) fn upload_everything(person: &Person) {
    let picture = coded(&corners(16, 16), image::ImageFormat::Png);
    let pictures = form(
        person.request("PATCH", "/api/v1/accounts/update_credentials"),
        &[Part::File("avatar", "a", &picture), Part::File("header", "h", &picture)],
    );
    pictures.send().ok();
    person.delete("/api/v1/profile/avatar");
    let (first, second) = (person.picture(), person.picture());
    let path = format!("/api/v1/media/{first}");
    person.request("PUT", &path).json(&json!({"description": "x", "focus": "0,0"})).send().ok();
    let media = [Part::File("thumbnail", "t", &picture)];
    form(person.request("PUT", &path), &media).send().ok();
    let both = json!({"media_ids": [first, second]});
    let status = person.post("/api/v1/statuses", both);
    let status = format!("/api/v1/statuses/{}", id(&status));
    let edit =
        json!({"media_ids": [second], "media_attributes": [{"id": second, "description": "y"}]});
    person.request("PUT", &status).json(&edit).send().ok();
    person.get(&format!("{status}/history"));
    person.delete(&status);
    person.delete(&format!("/api/v1/media/{second}"));
}

/// Files of elsewhere: what a look at one reads and writes.
pub(super) fn look_at_files(instance: &Instance) {
    let key = dassie::model::CacheKey([1; 16]);
    let read = instance.app.db.read(|conn| {
        db::cached_source::find_media(conn, 1)?;
        db::cached_source::find_picture(conn, 1, true)?;
        db::cached_source::find_card(conn, 1)?;
        db::cached_file::find(conn, &key)
    });
    assert_eq!(read.unwrap(), None);
    let written = instance.app.db.write(db::Lane::Background, move |tx| {
        db::cached_file::touch(tx, &key, 1)?;
        db::upload::intend(tx, "none.png", true)?;
        db::upload::settle(tx, "none.png")?;
        db::cached_source::set_unavailable(tx, 1, None)
    });
    written.wait().unwrap();
}

/// The cache within its limits, and all commands about files.
pub(super) fn keep_files(instance: &Instance, account: &str, status: &str) {
    let app = &instance.app;
    for n in 0..3 {
        put(app, n, &format!("https://a.example/{n}"), 10, 1000);
    }
    let url: String = instance
        .app
        .db
        .read(|conn| Ok(db::status::find(conn, status.parse().unwrap())?.unwrap().uri))
        .unwrap();
    let acct =
        app.db.read(|conn| db::account::find(conn, account.parse().unwrap())).unwrap().unwrap();
    let handle = format!("{}@{}", acct.username, acct.domain.unwrap_or_default());
    for command in [
        MediaCommand::Usage,
        MediaCommand::Prune { what: MediaPrune::Days(Some(3)), dry_run: true },
        MediaCommand::Prune { what: MediaPrune::Size(20), dry_run: true },
        MediaCommand::Prune { what: MediaPrune::Host("a.example".into()), dry_run: true },
        MediaCommand::Check { from: 0, repair: true },
        MediaCommand::Refetch(MediaRefetch::Account(handle)),
        MediaCommand::Refetch(MediaRefetch::Status(url)),
        MediaCommand::Prune { what: MediaPrune::Days(Some(3)), dry_run: false },
        MediaCommand::Prune { what: MediaPrune::Size(20), dry_run: false },
        MediaCommand::Prune { what: MediaPrune::Host("a.example".into()), dry_run: false },
    ] {
        control::execute(app, Command::Media(command)).unwrap();
    }
    let media = |conn: &db::Conn| {
        dassie::service::prefetch::list_wanted(conn, &app.site, status.parse().unwrap(), true)
    };
    app.db.read(media).unwrap();
}

/// Uploads of another server: put there, shown, given another preview, moved and deleted.
pub(super) fn uploads_in_a_bucket() {
    let store = ObjectStore::start();
    let instance = Instance::with(Options { configure: Some(with_uploads), ..Options::default() });
    let ann = instance.person("ann");
    let picture = coded(&corners(40, 20), image::ImageFormat::Png);
    let media = ann.uploads(&picture).ok();
    let path = format!("/api/v1/media/{}", id(&media));
    form(ann.request("PUT", &path), &[Part::File("thumbnail", "t.png", &picture)]).send().ok();
    assert_eq!(Request::new("GET", media["url"].as_str().unwrap()).send().status, 200);
    let file = [Part::File("avatar", "a.png", &picture)];
    form(ann.request("PATCH", "/api/v1/accounts/update_credentials"), &file).send().ok();
    for to in [Store::Disk, Store::Bucket] {
        let step = MoveStep { to, after: 0, dry_run: false };
        control::execute(&instance.app, Command::Media(MediaCommand::Move(step))).unwrap();
    }
    ann.delete(&path);
    eventually("its objects are gone", || (store.paths().len() == 1).then_some(()));
}
