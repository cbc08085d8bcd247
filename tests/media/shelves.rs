//! The folders against the database, and the commands about files.

use std::fs::{File, FileTimes};
use std::time::{Duration, SystemTime};

use dassie::clock::{Clock, DAY, MINUTE};
use dassie::control::{
    self, Command, MediaCommand, MediaPrune, MediaRefetch, MediaReply, MediaUsage, Reply,
};
use dassie::db::{self, Lane};
use dassie::media::storage::{Name, Storage, new_key};
use dassie::service::shelf;

use crate::support::cached::{count, is_there, put};
use crate::support::{Instance, Options, eventually};

/// A file that no row names, last written to some hours ago.
fn plant(storage: &Storage, hours: u64) -> Name {
    let mut incoming = storage.begin().unwrap();
    incoming.write(b"lost").unwrap();
    let key = incoming.keep().unwrap();
    let old = SystemTime::now() - Duration::from_secs(hours * 3600);
    let times = FileTimes::new().set_modified(old);
    File::options().write(true).open(storage.temporary(&key)).unwrap().set_times(times).unwrap();
    let name = Name::parse(&format!("{}.jpg", new_key())).unwrap();
    storage.keep(&storage.temporary(&key), &name).unwrap();
    name
}

fn ask(instance: &Instance, command: MediaCommand) -> MediaReply {
    match control::execute(&instance.app, Command::Media(command)).unwrap() {
        Reply::Media(reply) => reply,
        other => panic!("{other:?}"),
    }
}

fn findings(instance: &Instance, repair: bool) -> shelf::Findings {
    let (mut from, mut sum) = (0, shelf::Findings::default());
    while from < shelf::STEPS {
        let MediaReply::Checked { found, next } =
            ask(instance, MediaCommand::Check { from, repair })
        else {
            panic!("no findings")
        };
        sum.add(found);
        from = next;
    }
    sum
}

fn is_here(storage: &Storage, name: &Name) -> bool {
    storage.open_file(name).unwrap().is_some()
}

#[test]
fn check_finds_what_is_amiss_and_mends_it() {
    let instance = Instance::start();
    let app = &instance.app;
    let ann = instance.person("ann");
    let upload = ann.picture();
    let (cache, storage) = (&app.media.cache, &app.media.storage);
    let orphans = [plant(cache, 25), plant(storage, 25)];
    let young = [plant(cache, 23), plant(storage, 23)];
    let whole = put(app, 1, "https://a.example/1", 1000, 0);
    let lost = put(app, 2, "https://a.example/2", 1000, 0);
    let cut = put(app, 3, "https://a.example/3", 1000, 0);
    cache.remove(&Name::parse(&lost.name()).unwrap()).unwrap();
    let name = cut.name();
    let path = instance.folder.path().join("data/cache").join(&name[..2]).join(&name[2..4]);
    File::options().write(true).open(path.join(&name)).unwrap().set_len(10).unwrap();

    let found = findings(&instance, false);
    assert_eq!((found.orphans, found.orphan_bytes, found.lost), (2, 8, 2), "{found:?}");
    assert_eq!(found.lost_uploads, 0);
    let told = |what: &str, folder: &str, name: &str| {
        format!("{what}: {folder}/{}/{}/{name}", &name[..2], &name[2..4])
    };
    let mut names = [
        told("not needed", "cache", orphans[0].as_str()),
        told("not needed", "media", orphans[1].as_str()),
        told("lost or damaged", "cache", &lost.name()),
        told("lost or damaged", "cache", &cut.name()),
    ];
    names.sort();
    assert_eq!(
        {
            let mut found = found.names;
            found.sort();
            found
        },
        names
    );
    assert!(is_here(cache, &orphans[0]) && is_here(storage, &orphans[1]), "only looked at");
    assert_eq!(is_there(app, &cut), (true, true));

    findings(&instance, true);
    eventually("what nothing needs goes", || {
        (!is_here(cache, &orphans[0]) && !is_here(storage, &orphans[1])).then_some(())
    });
    assert!(is_here(cache, &young[0]) && is_here(storage, &young[1]), "it may be on its way");
    assert_eq!(is_there(app, &whole), (true, true));
    eventually("what was cut off goes", || (is_there(app, &cut) == (false, false)).then_some(()));
    assert_eq!(is_there(app, &lost), (false, false));
    let upload = app.db.read(|conn| db::upload::find(conn, upload.parse().unwrap())).unwrap();
    let upload = upload.unwrap();
    let file = Name::parse(&upload.file()).unwrap();
    assert!(is_here(storage, &file), "the upload stays");
    let found = findings(&instance, false);
    assert_eq!((found.orphans, found.lost), (0, 0), "{found:?}");
    // a lost upload is told, and stays for a backup to bring back
    storage.remove(&file).unwrap();
    let found = findings(&instance, true);
    assert_eq!(
        (found.lost_uploads, found.names),
        (1, vec![told("lost upload of ann", "media", &upload.file())])
    );
    assert_eq!(findings(&instance, false).lost_uploads, 1);
}

#[test]
fn the_folders_are_walked_without_being_asked() {
    let instance =
        Instance::with(Options { clock: Clock::manual(1_767_225_600_000), ..Options::default() });
    let app = &instance.app;
    let orphan = plant(&app.media.cache, 30);
    // just before its shard
    let shard = u32::from_str_radix(&orphan.as_str()[..2], 16).unwrap();
    let before = (shard + shelf::STEPS - 1) % shelf::STEPS;
    app.db
        .write(Lane::Interactive, move |tx| db::meta::set(tx, "media_walk", &before.to_string()))
        .wait()
        .unwrap();
    let walked = || app.db.read(|conn| db::meta::get(conn, "media_walk")).unwrap().unwrap();
    eventually("the worker has looked once", || {
        instance.advance(15 * MINUTE);
        (!is_here(&app.media.cache, &orphan)).then_some(())
    });
    assert_ne!(walked(), before.to_string());
}

fn usage(instance: &Instance) -> MediaUsage {
    match ask(instance, MediaCommand::Usage) {
        MediaReply::Usage(usage) => *usage,
        other => panic!("{other:?}"),
    }
}

/// `(files, bytes)` of what went or would go, whatever slices it takes.
fn gone(instance: &Instance, command: &MediaCommand) -> (i64, i64) {
    let mut sum = (0, 0);
    loop {
        let MediaReply::Gone { files, bytes, more } = ask(instance, command.clone()) else {
            panic!("nothing about what went")
        };
        sum = (sum.0 + files, sum.1 + bytes);
        if !more {
            return sum;
        }
    }
}

#[test]
fn prune_says_what_it_would_do_and_then_does_just_that() {
    let instance = Instance::start();
    let app = &instance.app;
    for (n, days) in (0..12).zip([0, 1, 2, 3, 4, 5].into_iter().cycle()) {
        let url = format!("https://{}.example/{n}", if n < 9 { "a" } else { "b" });
        put(app, n, &url, 1000 + u64::try_from(n).unwrap(), days * DAY + 1000);
    }
    let ann = instance.person("ann");
    ann.picture();
    let before = usage(&instance);
    assert_eq!((before.cache.files, before.cache.bytes), (12, 12_066));
    assert_eq!(before.hosts[0].name, "a.example");
    assert_eq!((before.hosts[0].files, before.hosts[1].files), (9, 3));
    assert_eq!((before.classes.len(), before.classes[0].files), (1, 12));
    assert_eq!((before.uploads[0].name.as_str(), before.uploads[0].files), ("ann: images", 1));
    assert!(before.viewed.is_some_and(|(oldest, newest)| (newest - oldest) / DAY == 5));
    assert!(before.free > 0 && before.cache_max_size == 2_000_000_000);

    for what in
        [MediaPrune::Host("B.example".into()), MediaPrune::Days(Some(4)), MediaPrune::Size(3000)]
    {
        let would = MediaCommand::Prune { what: what.clone(), dry_run: true };
        let was = usage(&instance);
        let (files, bytes) = gone(&instance, &would);
        assert!(files > 0 && bytes > 0);
        let still = usage(&instance);
        assert_eq!((&still.cache, &still.viewed), (&was.cache, &was.viewed), "a dry run");
        let does = MediaCommand::Prune { what, dry_run: false };
        assert_eq!(gone(&instance, &does), (files, bytes));
        let is = usage(&instance);
        assert_eq!(is.cache.files, was.cache.files - files);
        assert_eq!(is.cache.bytes, was.cache.bytes - bytes);
        assert_eq!(count(app), usize::try_from(is.cache.files).unwrap());
    }
    assert_eq!(usage(&instance).uploads, before.uploads, "what people here posted is no cache");
}

#[test]
fn refetch_forgets_what_is_asked_for_and_nothing_else() {
    let instance = Instance::start();
    let app = &instance.app;
    let (one, other) =
        (put(app, 1, "https://a.example/1", 10, 0), put(app, 2, "https://b.example/2", 10, 0));
    let host = MediaCommand::Refetch(MediaRefetch::Host("a.example".into()));
    assert_eq!(gone(&instance, &host), (1, 10));
    assert_eq!((is_there(app, &one), is_there(app, &other)), ((false, false), (true, true)));
    for nobody in [
        MediaRefetch::Account("@nobody@b.example".into()),
        MediaRefetch::Status("https://b.example/none".into()),
    ] {
        let refused = control::execute(app, Command::Media(MediaCommand::Refetch(nobody)));
        assert!(refused.unwrap_err().to_string().starts_with("there is no "));
    }
}
