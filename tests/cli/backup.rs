//! Backup, restore and rollback as an operator does them, with the real program.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::Connection;
use rusqlite::types::Value as Cell;

use super::*;

/// All rows of a table, in some order of their own.
fn rows(database: &Path, query: &str) -> Vec<Vec<Cell>> {
    let sql = Connection::open(database).unwrap();
    let mut statement = sql.prepare(query).unwrap();
    let columns = statement.column_count();
    let mut found: Vec<Vec<Cell>> = statement
        .query_map([], |row| (0..columns).map(|i| row.get(i)).collect())
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    found.sort_by_key(|row| format!("{row:?}"));
    found
}

fn tables(database: &Path) -> Vec<String> {
    let names = rows(database, "SELECT name FROM sqlite_schema WHERE type = 'table'");
    let text = |row: &Vec<Cell>| match &row[0] {
        Cell::Text(name) => name.clone(),
        other => panic!("{other:?}"),
    };
    names.iter().map(text).collect()
}

fn archives(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
        .filter(|path| !path.ends_with(".lock"))
        .collect();
    found.sort();
    found
}

fn post(place: &Place, token: &str, text: &str) -> String {
    let answer = api(place, token, "POST", "/api/v1/statuses").json(&json!({"status": text}));
    answer.send().ok()["id"].as_str().unwrap().to_owned()
}

#[test]
fn s_125_no_backup_lies_where_files_are_shown() {
    let place = Place::real("a.example");
    place.creates("ann");
    let data = place.data();
    fs::create_dir_all(data.join("media")).unwrap();
    fs::create_dir_all(data.join("cache")).unwrap();
    let link = place.folder.path().join("link");
    std::os::unix::fs::symlink(data.join("media"), &link).unwrap();
    let there = || {
        let mut all: Vec<_> = ["media", "cache"]
            .iter()
            .flat_map(|folder| fs::read_dir(data.join(folder)).unwrap())
            .map(|entry| entry.unwrap().path())
            .collect();
        all.sort();
        all
    };
    let before = there();
    for to in [
        data.join("media"),
        data.join("media/ab/new"),
        data.join("media/one.tar.gz"),
        data.join("cache/x"),
        data.join("backups/../media"),
        link.join("../media/x"),
        link.join("x"),
    ] {
        let said = place.refuses(&["backup", "--to", to.to_str().unwrap()]);
        assert!(said.contains("shown to everybody"), "{said}");
    }
    assert_eq!(there(), before, "nothing was made");
    place.does(&["backup", "--to", data.join("backups").to_str().unwrap()]);
}

#[test]
fn s_125_a_backup_under_load_is_restored_elsewhere_row_by_row() {
    let place = Place::new();
    let mut serving = Serving::start(&place, &["serve", "--dev"]);
    place.creates("ann");
    let token = place.does(&["token", "create", "--account", "ann"]).trim().to_owned();
    let picture = coded(&corners(40, 30), image::ImageFormat::Png);
    let request = api(&place, &token, "POST", "/api/v1/media");
    let upload = form(request, &[Part::File("file", "a.png", &picture)]).send().ok();
    let url = upload["url"].as_str().unwrap().to_owned();
    let first: Vec<String> = (0..5).map(|n| post(&place, &token, &format!("post {n}"))).collect();

    // with two writers all the time
    let stop = AtomicBool::new(false);
    let archive = std::thread::scope(|scope| {
        for writer in ["one", "two"] {
            let (place, token, stop) = (&place, &token, &stop);
            scope.spawn(move || {
                let mut n = 0;
                while !stop.load(Ordering::SeqCst) {
                    post(place, token, &format!("{writer} {n:05}"));
                    n += 1;
                }
            });
        }
        let to = place.folder.path().join("out");
        let out = place.run(&["backup", "--media", "--to", to.to_str().unwrap()]);
        stop.store(true, Ordering::SeqCst);
        assert_eq!(out.code, Some(0), "{out:?}");
        assert!(out.out.contains("with ") && out.out.contains("the keys"), "{out:?}");
        archives(&to).pop().unwrap()
    });
    assert_eq!(fs::metadata(&archive).unwrap().permissions().mode() & 0o777, 0o600, "S-124");

    let other = TempDir::new();
    let into = other.path().join("data");
    let restored = Command::new(env!("CARGO_BIN_EXE_dassie"))
        .args(["restore", archive.to_str().unwrap(), "--into", into.to_str().unwrap()])
        .current_dir(other.path())
        .output()
        .unwrap();
    assert!(restored.status.success(), "{restored:?}");
    let database = into.join("dassie.db");
    assert_eq!(fs::metadata(&database).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(into.join("dassie.toml").exists());
    assert_eq!(rows(&database, "PRAGMA integrity_check"), [[Cell::Text("ok".into())]]);
    // what was acknowledged before is there, and of what came meanwhile each writer's beginning
    let there = rows(&database, "SELECT * FROM status");
    assert!(there.len() >= first.len());
    let live = rows(&place.data().join("dassie.db"), "SELECT * FROM status");
    let same = there.iter().filter(|row| live.contains(row)).count();
    // counts of the account's own posts are not in these rows
    assert_eq!(same, there.len(), "every row is as it is in the server");
    for writer in ["one", "two"] {
        let query = format!("SELECT text FROM status WHERE text LIKE '{writer} %'");
        for (n, row) in rows(&database, &query).iter().enumerate() {
            assert_eq!(row[0], Cell::Text(format!("{writer} {n:05}")), "no gap");
        }
    }
    let path = url.split_once("/media/").unwrap().1;
    let file = |data: &Path| fs::read(data.join("media").join(path)).unwrap();
    assert_eq!(file(&into), file(&place.data()));

    // at rest every row of every table is the same, but for what a restore is to change
    serving.stop();
    place.does(&["backup"]);
    let archive = archives(&place.data().join("backups")).pop().unwrap();
    place.does(&["restore", archive.to_str().unwrap(), "--force"]);
    let aside = fs::read_dir(place.data()).unwrap().map(|entry| entry.unwrap().path());
    let aside =
        aside.into_iter().find(|path| path.display().to_string().contains("before-")).unwrap();
    let (old, new) = (aside.join("dassie.db"), place.data().join("dassie.db"));
    for table in tables(&old) {
        if !["meta", "sqlite_sequence", "job"].contains(&table.as_str()) {
            let all = format!("SELECT * FROM {table}");
            assert_eq!(rows(&old, &all), rows(&new, &all), "{table}");
        }
    }
    // and it goes on
    let mut serving = Serving::start(&place, &["serve", "--dev"]);
    let last = post(&place, &token, "after");
    assert!(last.parse::<i64>().unwrap() > first[4].parse::<i64>().unwrap());
    assert_eq!(
        Request::new("GET", url).send().status,
        200,
        "uploads stayed where the archive had none"
    );
    serving.stop();
}

#[test]
fn a_backup_of_a_damaged_database_is_none_and_pushes_out_none() {
    let place = Place::new();
    let settings = fs::read_to_string(place.file()).unwrap();
    place.configure(&format!("{settings}[backup]\nkeep = 1\n"));
    let mut serving = Serving::start(&place, &["serve", "--dev"]);
    place.does(&["backup"]);
    let folder = place.data().join("backups");
    let good = archives(&folder);
    damage(&place.data().join("dassie.db"));
    let said = place.refuses(&["backup"]);
    assert!(said.contains("dassie.db is damaged") && said.contains("--force"), "{said}");
    assert_eq!(archives(&folder), good);
    assert!(place.run(&["status"]).out.contains("The database is damaged: "), "the server knows");
    serving.stop();
    assert!(place.refuses(&["backup"]).contains("no older backup was removed"));
    assert_eq!(archives(&folder), good);
    place.does(&["restore", "--force", good[0].to_str().unwrap()]);
    place.does(&["backup", "--to", place.folder.path().join("out").to_str().unwrap()]);
}

#[test]
fn a_backup_in_the_bucket_is_tried_and_fetched() {
    let place = Place::new();
    let store = ObjectStore::start();
    let settings = fs::read_to_string(place.file()).unwrap();
    place.configure(&format!(
        "{settings}[s3]\nendpoint = \"{}\"\nbucket = \"files\"\naccess_key = \"key\"\n\
         secret_key = \"secret\"\n[media]\nmin_free_disk = \"1 MB\"\n[backup]\nto = \"s3\"\n",
        store.base
    ));
    let mut serving = Serving::start(&place, &["serve", "--dev"]);
    place.creates("ann");
    place.does(&["backup"]);
    let doctor = |more: &[&str]| place.run(&[&["doctor"][..], more].concat()).out;
    // the server looked whether the bucket answers
    let asked = eventually("it looked", || Some(store.count("GET")).filter(|count| *count > 0));
    assert!(doctor(&["--local"]).contains("lies in the bucket and was not tried"));
    assert_eq!(store.count("GET"), asked, "nobody is asked");
    let text = doctor(&[]);
    assert!(text.contains(".tar.gz, can be restored."), "{text}");
    let path = store.paths().pop().unwrap();
    let name = format!("s3:{}", path.rsplit('/').next().unwrap());
    assert!(place.refuses(&["restore", "--force", &name]).contains("Stop it first"));
    serving.stop();
    let left = || place.data().join("restoring.fetched").exists();
    for (other, said) in [("s3:none.tar.gz", "there is no backups/none"), ("s3:../a", "no name of")]
    {
        let refused = place.refuses(&["restore", "--force", other]);
        assert!(refused.contains(said) && !left(), "{refused}");
    }
    let done = place.does(&["restore", "--force", &name]);
    assert!(done.contains("Restored ") && !left(), "{done}");
    assert!(place.does(&["account", "list"]).contains("ann"));
    store.change(&path, b"not what it was");
    let mut serving = Serving::start(&place, &["serve", "--dev"]);
    // where a restored one came from is not known
    assert!(!doctor(&["--local"]).contains("was not tried"));
    assert!(place.does(&["status"]).contains("Last backup   2"));
    place.does(&["backup"]);
    for path in store.paths() {
        store.change(&path, b"not what it was");
    }
    let text = doctor(&[]);
    assert!(text.contains("The last backup cannot be restored: ") && !left(), "{text}");
    serving.stop();
}

#[test]
fn what_is_said_of_a_backup_is_true() {
    let place = Place::new();
    let mut serving = Serving::start(&place, &["serve", "--dev"]);
    let out = place.folder.path().join("none/of/these");
    let said = place.refuses(&["backup", "--to", out.to_str().unwrap()]);
    assert!(said.contains("there is no ") && said.contains("none/of. If its disk"), "{said}");
    assert!(!place.folder.path().join("none").exists());
    let zip = place.folder.path().join("mine.zip");
    let said = place.refuses(&["backup", "--to", zip.to_str().unwrap()]);
    assert!(said.contains("ends in .tar.gz or .age") && !zip.exists(), "{said}");
    let made = run(&mut place.command(&["backup", "--encrypt"]), "a good passphrase\n");
    assert_eq!(made.code, Some(0), "{made:?}");
    let text = place.run(&["doctor", "--local"]).out;
    assert!(text.contains("a passphrase that is not in the settings"), "{text}");
    assert!(!text.contains("does not lie"), "{text}");
    serving.stop();
    // paths are whole where the settings have them from where somebody stands
    let place = Place::real("a.example");
    let settings = fs::read_to_string(place.file()).unwrap();
    place.configure(&settings.replace(place.data().to_str().unwrap(), "./elsewhere"));
    let said = place.refuses(&["status"]);
    let whole = place.folder.path().join("elsewhere");
    assert!(said.contains(&format!("no database in {}", whole.display())), "{said}");
}

#[test]
fn what_cannot_be_restored_changes_nothing() {
    let place = Place::new();
    Serving::start(&place, &["serve", "--dev"]).stop();
    place.creates("ann");
    let out = place.folder.path().join("out");
    let plain = out.join("plain.tar.gz");
    let sealed = out.join("sealed.age");
    let name = |path: &Path| path.to_str().unwrap().to_owned();
    place.does(&["backup", "--to", &name(&plain)]);
    assert!(place.refuses(&["backup", "--to", &name(&plain)]).contains("is there already"));
    let mut command = place.command(&["backup", "--encrypt", "--to", &name(&sealed)]);
    let made = run(&mut command, "a good passphrase\n");
    assert_eq!(made.code, Some(0), "{made:?}");
    assert!(!made.out.contains("the keys"), "{made:?}");
    let mut command = place.command(&["backup", "--encrypt", "--to", &name(&out.join("b.age"))]);
    let short = run(&mut command, "too short\n");
    assert!(short.err.contains("10 characters or more"), "{short:?}");
    let before = place.bytes();

    assert!(place.refuses(&["restore", &name(&plain)]).contains("Add --force"));
    let broken = out.join("broken.tar.gz");
    let bytes = fs::read(&plain).unwrap();
    for damaged in [&bytes[..bytes.len() / 2], &bytes[..bytes.len() - 12], b"no archive"] {
        fs::write(&broken, damaged).unwrap();
        let said = place.refuses(&["restore", "--force", &name(&broken)]);
        assert!(said.contains("cut off") || said.contains("damaged"), "{said}");
        place.is_as(&before);
    }
    let wrong = run(&mut place.command(&["restore", "--force", &name(&sealed)]), "another one\n");
    assert_eq!(wrong.code, Some(1));
    assert!(wrong.err.contains("the passphrase is wrong"), "{wrong:?}");
    place.is_as(&before);
    assert!(place.refuses(&["restore", "--force", "/nowhere.tar.gz"]).contains("/nowhere.tar.gz"));
    let served = place.data().join("media/01");
    assert!(place.refuses(&["backup", "--to", &name(&served)]).contains("shown to everybody"));

    // a database of a newer program
    let newer = place.data().join("dassie.db");
    let sql = Connection::open(&newer).unwrap();
    sql.execute_batch("PRAGMA user_version = 1000; PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    drop(sql);
    place.does(&["backup", "--to", &name(&out.join("newer.tar.gz"))]);
    let said = place.refuses(&["restore", "--force", &name(&out.join("newer.tar.gz"))]);
    assert!(said.contains("Install that version or a newer one"), "{said}");

    // the right passphrase, and a server that runs
    let right =
        run(&mut place.command(&["restore", "--force", &name(&sealed)]), "a good passphrase\n");
    assert_eq!(right.code, Some(0), "{right:?}");
    assert!(place.does(&["account", "list"]).contains("ann"));
    let mut serving = Serving::start(&place, &["serve", "--dev"]);
    assert!(place.refuses(&["restore", "--force", &name(&plain)]).contains("Stop it first"));
    assert!(place.refuses(&["rollback", "--yes"]).contains("no copy of before an upgrade"));
    serving.stop();
}
