//! `dassie media`, with and without a running server.

use super::*;

#[test]
fn uploads_move_with_and_without_a_server() {
    let store = ObjectStore::start();
    let place = Place::new();
    let mut serving = Serving::start(&place, &["serve", "--dev"]);
    place.creates("ann");
    let token = place.does(&["token", "create", "--account", "ann"]).trim().to_owned();
    assert!(place.refuses(&["media", "move", "--to", "s3"]).contains("there is no bucket"));
    serving.stop();
    let settings = std::fs::read_to_string(place.file()).unwrap();
    place.configure(&format!(
        "{settings}[s3]\nendpoint = \"{}\"\nbucket = \"files\"\naccess_key = \"key\"\n\
         secret_key = \"hush\"\n",
        store.base
    ));

    // a store that cannot be used is told at the start, and the rest goes on
    store.mood(Mood::Refuses(403, "SignatureDoesNotMatch"));
    serving = Serving::start(&place, &["serve", "--dev"]);
    eventually("the log says why", || {
        let said = serving.said();
        (said.contains("correct [s3]") && said.contains("s3.secret_key is not the secret"))
            .then_some(())
    });
    assert!(!serving.said().contains("hush"));
    let mut urls = Vec::new();
    for side in [20, 30] {
        let picture = coded(&corners(side, side), image::ImageFormat::Png);
        let request = api(&place, &token, "POST", "/api/v1/media");
        let media = form(request, &[Part::File("file", "a.png", &picture)]).send().ok();
        urls.push(media["url"].as_str().unwrap().to_owned());
    }
    let shown = || urls.iter().all(|url| Request::new("GET", url).send().status == 200);
    let why = place.refuses(&["media", "move", "--to", "s3"]);
    assert!(why.contains("s3.secret_key is not the secret of s3.access_key"), "{why}");
    assert!(why.contains("0 uploads moved, 2 left: call it again to go on"), "{why}");
    store.mood(Mood::Fine);
    let dry = place.does(&["media", "move", "--to", "s3", "--dry-run"]);
    assert!(dry.starts_with("Would move 2 uploads, "), "{dry}");
    assert!(store.paths().is_empty());
    let moved = place.does(&["media", "move", "--to", "s3"]);
    assert!(moved.starts_with("Moved 2 uploads, ") && moved.contains("storage.uploads"), "{moved}");
    assert_eq!(store.paths().len(), 2);
    assert!(shown());
    serving.stop();
    let moved = place.does(&["media", "move", "--to", "local"]);
    assert!(
        moved.starts_with("Moved 2 uploads, ") && !moved.contains("storage.uploads"),
        "{moved}"
    );
    store.mood(Mood::Refuses(503, "SlowDown"));
    let mut serving = Serving::start(&place, &["serve", "--dev"]);
    assert!(shown());
    serving.stop();
}

#[test]
fn files_are_counted_pruned_and_checked_with_and_without_a_server() {
    let place = Place::real("a.example");
    place.creates("ann");
    // what nothing needs, two days old
    let folder = place.data().join("cache/ab/cd");
    std::fs::create_dir_all(&folder).unwrap();
    let orphan = folder.join(format!("abcd{}.jpg", "0".repeat(28)));
    let plant = || {
        std::fs::write(&orphan, b"lost").unwrap();
        let old = std::time::SystemTime::now() - Duration::from_secs(2 * 86_400);
        let file = std::fs::File::options().write(true).open(&orphan).unwrap();
        file.set_times(std::fs::FileTimes::new().set_modified(old)).unwrap();
    };
    let commands = || {
        plant();
        let usage = place.does(&["media", "usage"]);
        assert!(usage.contains("Cache of files of other servers: 0 files, 0 B of 2 GB"), "{usage}");
        assert!(usage.contains("at least 500 MB stay free"), "{usage}");
        assert_eq!(
            place.does(&["media", "prune", "--days", "3", "--dry-run"]),
            "Would remove 0 files, 0 B\n"
        );
        assert_eq!(place.does(&["media", "prune", "--size", "0"]), "Removed 0 files, 0 B\n");
        assert_eq!(place.does(&["media", "prune"]), "Removed 0 files, 0 B\n");
        let found = place.does(&["media", "check"]);
        assert!(
            found.starts_with("Looked at 1 file, 4 B\n1 file that nothing needs, 4 B\n"),
            "{found}"
        );
        assert!(found.contains("  not needed: cache/ab/cd/abcd000"), "{found}");
        assert!(found.ends_with("Add --repair to mend that\n") && orphan.exists(), "{found}");
        assert!(place.does(&["media", "check", "--repair"]).contains("4 B: mended"));
        eventually("it is gone", || (!orphan.exists()).then_some(()));
        assert!(place.does(&["media", "check"]).ends_with("All is as it should be\n"));
        let nobody = place.refuses(&["media", "refetch", "--account", "x@a.example"]);
        assert!(nobody.contains("there is no account x@a.example"), "{nobody}");
    };
    commands();
    let mut serving = Serving::start(&place, &["serve"]);
    commands();
    serving.stop();
}

#[test]
fn limits_that_the_disk_cannot_hold_are_told_at_the_start() {
    let place = Place::real("a.example");
    let with = |size: &str| {
        let text = std::fs::read_to_string(place.file()).unwrap();
        let text = text.split("[media]").next().unwrap();
        place.configure(&format!("{text}[media]\ncache_max_size = {size}\n"));
    };
    for (size, said) in [
        ("\"1 MB\"", "media.cache_max_size must be \"50 MB\" or more."),
        ("\"much\"", "media.cache_max_size must be a size such as \"500 MB\" or \"2 GB\""),
    ] {
        with(size);
        let refused = place.refuses(&["config", "check"]);
        assert!(refused.contains(said), "{refused}");
    }
    with("\"900 TB\"");
    let mut serving = Serving::start(&place, &["serve"]);
    eventually("it is told", || {
        let said = "media.cache_max_size is 900 TB and media.min_free_disk 500 MB, but the disk";
        serving.said().contains(said).then_some(())
    });
    serving.stop();
}
