//! Starting: what keeps a server from it, and what it says.

use super::*;
use crate::media::full::{fill, is_mounted, mount};

#[test]
fn s_113_a_start_on_a_full_disk_says_that_it_is_full() {
    let place = Place::new();
    mount(&place.data());
    let Some(_disk) = is_mounted(place.data()) else { return };
    Serving::start(&place, &["serve", "--dev"]).stop();
    let ballast = fill(&place.data());
    let sentence = format!("The disk of {} is full (0 B free)", place.data().display());
    for args in [&["serve", "--dev"][..], &["status"], &["account", "list"]] {
        let said = place.refuses(args);
        assert!(said.contains(&sentence) && said.contains("Make room"), "{args:?}: {said}");
    }
    std::fs::remove_file(ballast).unwrap();
    Serving::start(&place, &["serve", "--dev"]).stop();
}

/// Somebody who forgot `sudo -u`.
fn as_another(place: &Place, args: &[&str]) -> Run {
    use std::os::unix::process::CommandExt as _;
    let mut command = place.command(args);
    command.uid(65_534);
    run(&mut command, "")
}

#[test]
fn who_may_not_look_into_the_folder_is_told_whom_to_become() {
    let place = Place::new();
    Serving::start(&place, &["serve", "--dev"]).stop();
    let owner = std::os::unix::fs::MetadataExt::uid(&place.file().metadata().unwrap());
    if owner != 0 {
        println!("skipped: nobody can become somebody else here");
        return;
    }
    // no secrets in it, so that it can be read by others
    set_mode(place.folder.path(), 0o755);
    set_mode(&place.file(), 0o644);
    for args in [
        &["status"][..],
        &["account", "list"],
        &["backup"],
        &["rollback", "--yes"],
        &["restore", "dassie.toml"],
        &["doctor", "--local"],
    ] {
        let run = as_another(&place, args);
        let said = run.out + &run.err;
        assert_eq!(run.code, Some(1), "{args:?}: {said}");
        assert!(said.contains("Become that user: sudo -u '#0' dassie"), "{args:?}: {said}");
        assert!(!said.contains("no database"), "{args:?}: {said}");
    }
}

#[test]
fn a_hang_up_ends_nothing() {
    let place = Place::new();
    let mut server = Serving::start(&place, &["serve", "--dev"]);
    let id = server.child.id().to_string();
    assert!(Command::new("kill").args(["-HUP", &id]).status().unwrap().success());
    let request = Request::new("GET", format!("{}/api/v1/instance", place.base()));
    assert_eq!(request.send().status, 200);
    server.stop();
}

#[test]
fn without_its_certificate_a_server_does_not_start_and_commands_work() {
    let place = Place::real("a.example");
    place.creates("ann");
    let text = std::fs::read_to_string(place.file()).unwrap();
    place.configure(&format!(
        "{text}[tls]\nmode = \"files\"\ncert = \"/nowhere/c.pem\"\nkey = \"/nowhere/k.pem\"\n\
         listen = \"{}\"\nhttp_listen = \"\"\n",
        place.listen
    ));
    let said = place.refuses(&["serve"]);
    assert!(said.contains("/nowhere/c.pem") && said.contains("tls.cert and tls.key"), "{said}");
    assert!(place.does(&["account", "list"]).contains("ann"));
}

#[test]
fn a_dev_server_greets_once_and_keeps_everything() {
    let place = Place::new();
    let mut serving = Serving::start(&place, &["serve", "--dev"]);
    let greets = |serving: &Serving| {
        eventually("it greets", || {
            Some(serving.said()).filter(|said| said.contains("Point a Mastodon client at"))
        })
    };
    let said = greets(&serving);
    let (_, rest) = said.split_once("Created the account dev with the password ").unwrap();
    let password = rest.split_whitespace().next().unwrap().to_owned();
    assert!(said.contains(&format!(
        "Point a Mastodon client at {} and sign in as dev@localhost",
        place.base()
    )));
    assert!(password.len() >= 12);
    let token = place.does(&["token", "create", "--account", "dev"]).trim().to_owned();
    api(&place, &token, "POST", "/api/v1/statuses").json(&json!({"status": "kept"})).send().ok();
    let took = serving.stop();
    assert!(took < Duration::from_secs(4), "{took:?}");
    let mut serving = Serving::start(&place, &["serve", "--dev"]);
    let home: Value = api(&place, &token, "GET", "/api/v1/timelines/home").send().ok();
    assert_eq!(crate::support::texts(&home), ["kept"]);
    let said = greets(&serving);
    assert!(said.contains(&format!("Point a Mastodon client at {}", place.base())), "{said}");
    assert!(!said.contains("password"), "shown only once: {said}");
    serving.stop();
    assert_eq!(place.does(&["account", "list"]).lines().count(), 2);
    // dev databases stay dev, and cannot be given to the world
    let address = &place.listen;
    let real = format!(
        "[server]\nlisten = \"{address}\"\nhost = \"a.example\"\n[storage]\ndata_dir = \"{}\"\n",
        place.data().display()
    );
    place.configure(&real);
    let before = place.bytes();
    let said = place.refuses(&["serve"]);
    assert!(said.contains("a.example") || said.contains("--dev"), "{said}");
    place.is_as(&before);
}

#[test]
fn f_355_a_used_database_keeps_its_host_and_kind() {
    let place = Place::real("a.example");
    place.creates("ann");
    let before = place.bytes();
    let config = |server: &str| {
        format!(
            "[server]\nlisten = \"{}\"\n{server}\n[storage]\ndata_dir = \"{}\"\n",
            place.listen,
            place.data().display()
        )
    };
    for (server, named) in [
        ("host = \"b.example\"", "server.host"),
        ("host = \"a.example\"\naccount_domain = \"b.example\"", "server.account_domain"),
    ] {
        place.configure(&config(server));
        for command in [&["serve"] as &[&str], &["account", "list"]] {
            let said = place.refuses(command);
            assert!(
                said.contains(named) && said.contains("a.example") && said.contains("b.example"),
                "{said}"
            );
        }
    }
    place.configure(&config(&format!("host = \"{}\"", place.listen)));
    let said = place.refuses(&["serve", "--dev"]);
    assert!(said.contains("data"), "{said}");
    place.configure(&config("host = \"b.example\""));
    assert!(place.refuses(&["serve", "--dev"]).contains("server.host"), "dev is for this machine");
    place.configure(&config("host = \"localhost:8080\""));
    assert!(place.refuses(&["serve"]).contains("server.host"), "and the world is not on localhost");
    place.is_as(&before);
}

#[test]
fn s_134_a_newer_database_is_left_alone() {
    let place = Place::real("a.example");
    place.creates("ann");
    {
        let sql = rusqlite::Connection::open(place.data().join("dassie.db")).unwrap();
        sql.execute_batch("PRAGMA user_version = 999; PRAGMA wal_checkpoint(TRUNCATE);").unwrap();
    }
    let database = || std::fs::read(place.data().join("dassie.db")).unwrap();
    let before = database();
    for command in [&["serve"] as &[&str], &["account", "list"], &["delivery", "list"]] {
        let said = place.refuses(command);
        assert!(said.contains("999") && said.contains("newer"), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(before == database(), "{command:?} changed it");
    }
    std::fs::write(place.data().join("dassie.db"), "this is no database, but somebody's notes")
        .unwrap();
    let said = place.refuses(&["serve"]);
    assert!(said.contains("dassie.db"), "{said}");
    assert_eq!(database(), b"this is no database, but somebody's notes");
}

#[test]
fn a_foreign_database_is_left_alone() {
    let place = Place::real("a.example");
    std::fs::create_dir(place.data()).unwrap();
    let path = place.data().join("dassie.db");
    rusqlite::Connection::open(&path).unwrap().execute_batch("CREATE TABLE mine (x)").unwrap();
    set_mode(&path, 0o600);
    let before = std::fs::read(&path).unwrap();
    let said = place.refuses(&["serve"]);
    assert!(said.contains("another program"), "{said}");
    assert!(before == std::fs::read(&path).unwrap());
}

#[test]
fn s_124_what_others_could_read_or_change_keeps_the_server_from_starting() {
    let place = Place::real("a.example");
    place.creates("ann");
    let start = |wanted: &str| {
        for command in [&["serve"] as &[&str], &["account", "list"]] {
            let said = place.refuses(command);
            assert!(said.contains(wanted), "{command:?}: {said}");
            assert_eq!(said.lines().count(), 1, "{said}");
        }
    };
    let file = |name: &str| place.data().join(name);
    std::fs::create_dir(file("tls")).unwrap();
    for name in [
        "dassie.db",
        "dassie.db-wal",
        "dassie.db-shm",
        "lock",
        "tls/account.json",
        "tls/certificate.pem",
    ] {
        let path = file(name);
        let is_new = !path.exists();
        drop(std::fs::OpenOptions::new().create(true).append(true).open(&path).unwrap());
        for mode in [0o640, 0o604, 0o620] {
            set_mode(&path, mode);
            start(&format!("Run: chmod 600 {}", path.display()));
        }
        if is_new {
            std::fs::remove_file(&path).unwrap();
        } else {
            set_mode(&path, 0o600);
        }
    }
    set_mode(&place.data(), 0o770);
    start(&format!("Run: chmod 700 {}", place.data().display()));
    // looking into the folder shows names alone
    set_mode(&place.data(), 0o755);
    assert!(place.does(&["account", "list"]).contains("ann"));
    for name in ["dassie.db", "lock"] {
        let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(file(name)).unwrap());
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn s_124_files_of_another_user_are_left_to_that_user() {
    let place = Place::real("a.example");
    place.creates("ann");
    let another = 12_345;
    // only root can give files away; CI is root
    if std::os::unix::fs::chown(place.data().join("lock"), Some(another), None).is_err() {
        return;
    }
    let said = place.refuses(&["serve"]);
    assert!(said.contains("lock belongs to the user with id 12345"), "{said}");
    std::os::unix::fs::chown(place.data(), Some(another), None).unwrap();
    let said = place.refuses(&["serve"]);
    assert!(said.contains("data belongs to the user with id 12345"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn a_folder_that_cannot_be_used_is_one_clear_line() {
    let place = Place::real("a.example");
    // root may write everywhere, but not in a file
    std::fs::write(place.data(), "in the way").unwrap();
    for command in [
        &["serve"] as &[&str],
        &["account", "create", "--username", "a", "--email", "a@b.example", "--password", PASSWORD],
    ] {
        let said = place.refuses(command);
        assert!(said.contains("data folder") && said.contains("storage.data_dir"), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    assert_eq!(std::fs::read(place.data()).unwrap(), b"in the way");
}

#[test]
fn a_port_in_use_is_refused_before_anything_is_made() {
    let place = Place::real("a.example");
    let _taken = TcpListener::bind(&place.listen).unwrap();
    let said = place.refuses(&["serve"]);
    assert!(said.contains(&place.listen) && said.contains("server.listen"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(!place.data().exists(), "nothing was made");
}

#[test]
fn two_servers_never_share_a_folder() {
    let place = Place::new();
    let mut serving = Serving::start(&place, &["serve", "--dev"]);
    let said = place.refuses(&["serve", "--dev"]);
    assert!(said.contains("running") && said.contains("storage.data_dir"), "{said}");
    // on another port neither
    let other = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let mut command = place.command(&["serve", "--dev"]);
    let refused = run(command.env("DASSIE_SERVER_LISTEN", &other), "");
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.err.contains("running"), "{refused:?}");
    let answer = Request::new("GET", format!("{}/api/v1/instance", place.base())).send();
    assert_eq!(answer.status, 200, "the first one was not disturbed");
    serving.stop();
    Serving::start(&place, &["serve", "--dev"]).stop();
}
