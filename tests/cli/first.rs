//! The first ten minutes and later ones: `init`, `doctor`, `status`.

use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use super::{PASSWORD, Place, Run, Serving, run};
use crate::support::Peer;

/// As somebody whose terminal speaks this language.
fn in_language(place: &Place, lang: &str, args: &[&str]) -> Run {
    let mut command = place.command(args);
    command.env_remove("LC_MESSAGES").env("LC_ALL", lang);
    run(&mut command, "")
}

fn english(place: &Place, args: &[&str]) -> Run {
    in_language(place, "C.UTF-8", args)
}

/// A place where nothing was set up.
fn empty() -> Place {
    let place = Place::new();
    std::fs::remove_file(place.file()).unwrap();
    place
}

fn init<'a>(place: &'a Place, data: &'a str) -> Vec<&'a str> {
    vec![
        "init",
        "--host",
        "Social.Example.org",
        "--username",
        "me",
        "--email",
        "me@mail.example",
        "--tls",
        "off",
        "--listen",
        &place.listen,
        "--data-dir",
        data,
    ]
}

#[test]
fn s_124_init_writes_the_settings_and_makes_the_account() {
    let place = empty();
    let data = place.data().display().to_string();
    let run = english(&place, &init(&place, &data));
    assert_eq!((run.code, run.err.as_str()), (Some(0), ""), "{run:?}");
    assert!(run.out.contains("Created the account @me@social.example.org, an adm"), "{}", run.out);
    let password = run.out.split("password is ").nth(1).unwrap().split(' ').next().unwrap();
    assert!(password.len() >= 10, "{}", run.out);
    assert!(run.out.contains("reverse_proxy"), "{}", run.out);
    let text = std::fs::read_to_string(place.file()).unwrap();
    assert!(text.contains("host = \"social.example.org\"") && !text.contains(password), "{text}");
    assert!(!text.contains("title"), "what is a default is not written: {text}");
    let mode = std::fs::metadata(place.file()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(place.does(&["config", "check"]), "ok\n");
    assert!(place.does(&["account", "list"]).contains("me@mail.example"));

    // what is there stays
    let again = english(&place, &init(&place, &data));
    assert_eq!(again.code, Some(1));
    assert!(again.err.contains("is there already"), "{}", again.err);
    assert_eq!(std::fs::read_to_string(place.file()).unwrap(), text);
}

#[test]
fn init_refuses_what_the_server_would_and_leaves_nothing() {
    let place = empty();
    let data = place.data().display().to_string();
    let with = |from: &str, to: &str| -> Vec<String> {
        let args = init(&place, &data);
        args.into_iter().map(|arg| if arg == from { to } else { arg }.to_owned()).collect()
    };
    for (from, to, why) in [
        ("Social.Example.org", "a b", "server.host"),
        ("Social.Example.org", "localhost", "server.host"),
        ("me", "a b", "Username"),
        ("me@mail.example", "nobody", "mail"),
        (place.listen.as_str(), "here", "server.listen"),
        ("off", "maybe", "tls.mode"),
    ] {
        let args = with(from, to);
        let run = english(&place, &args.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(run.code, Some(1), "{to}: {run:?}");
        assert!(run.err.contains(why), "{to}: {}", run.err);
        assert!(!place.file().exists() && !place.data().exists(), "{to}");
    }
    let short = [init(&place, &data), vec!["--password", "short"]].concat();
    assert!(english(&place, &short).err.contains("too short"));
    assert!(english(&place, &["init"]).err.contains("add --host"));
    assert!(!place.file().exists());

    // in Chinese, and a password that was given is not told
    let args = [init(&place, &data), vec!["--password", PASSWORD]].concat();
    let args: Vec<_> =
        args.into_iter().map(|arg| if arg == "off" { "acme" } else { arg }).collect();
    let run = in_language(&place, "zh_CN.UTF-8", &args);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.out.contains("已创建管理员账号 @me@social.example.org"), "{}", run.out);
    assert!(!run.out.contains(PASSWORD) && !run.out.contains("密码"), "{}", run.out);
    let text = std::fs::read_to_string(place.file()).unwrap();
    assert!(text.contains("default_language = \"zh\""), "{text}");
    // and it needs no proxy
    assert!(text.contains("[tls]\nmode = \"acme\""), "{text}");
    assert!(run.out.contains("443") && !run.out.contains("reverse_proxy"), "{}", run.out);
}

/// The findings of `doctor --json` by their level.
fn findings(run: &Run) -> Vec<(String, String)> {
    let all: Value = serde_json::from_str(&run.out).unwrap();
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    let list = all["findings"].as_array().unwrap();
    list.iter().map(|one| (word(&one["level"]), word(&one["check"]))).collect()
}

#[test]
fn doctor_and_status_say_how_it_is_with_and_without_a_server() {
    let place = Place::new();
    let mut serving = Serving::start(&place, &["serve", "--dev"]);
    let run = english(&place, &["doctor"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    for text in [
        "The server runs (Dassie ",
        "The database is whole (",
        "leads to this server",
        "The address of visitors arrives",
        "WebSocket connections come through",
        "Uploads of 17 MB come through",
        "Others find @dev@",
        "The inbox can be reached",
    ] {
        assert!(run.out.contains(text), "{text}: {}", run.out);
    }
    assert!(run.out.contains("and nobody else"), "it says whom it asks: {}", run.out);
    let status = english(&place, &["status"]);
    assert!(status.out.contains("up for ") && status.out.contains("Memory "), "{status:?}");
    let status = in_language(&place, "zh_TW.UTF-8", &["status"]);
    assert!(status.out.contains("内存"), "{status:?}");
    let status: Value = serde_json::from_str(&place.does(&["status", "--json"])).unwrap();
    assert_eq!(status["running"], json!(true));
    assert!(status["facts"]["memory"].as_u64().unwrap() > 1_000_000, "{status}");
    // the secret that /livez knows a command by stays between the two
    assert!(!status.to_string().contains("probe"), "{status}");

    serving.stop();
    let run = english(&place, &["doctor", "--local"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(
        run.out.contains("BAD     The server does not run.\n        → Start it"),
        "{}",
        run.out
    );
    assert!(!run.out.contains("The inbox"), "nobody is asked: {}", run.out);
    assert!(run.err.starts_with("dassie: 1 of these are bad"), "{}", run.err);
    let status = english(&place, &["status"]);
    assert_eq!(status.code, Some(0));
    assert!(status.out.contains("does not run") && status.out.contains("Database "), "{status:?}");

    place.configure("[server]\nlisten = \"nowhere\"\n");
    let run = english(&place, &["doctor", "--json"]);
    assert_eq!((run.code, findings(&run)), (Some(1), vec![("bad".into(), "config_bad".into())]));
}

#[test]
fn doctor_tries_to_restore_the_last_backup() {
    let place = Place::new();
    let _serving = Serving::start(&place, &["serve", "--dev"]);
    let looked = || {
        let run = english(&place, &["doctor", "--local"]);
        (run.code, run.out)
    };
    let (code, text) = looked();
    assert!(code == Some(0) && text.contains("There is no backup of this server"), "{text}");
    place.does(&["backup"]);
    let (code, text) = looked();
    assert!(code == Some(0) && text.contains("The last backup is of 2"), "{text}");
    assert!(text.contains(".tar.gz, can be restored."), "{text}");
    assert!(!place.data().join("restoring.trial").exists());
    assert!(place.does(&["status"]).contains("Last backup   2"));
    let folder = std::fs::read_dir(place.data().join("backups")).unwrap();
    let archive = folder.map(|entry| entry.unwrap().path());
    let archive = archive.into_iter().find(|path| path.extension().is_some()).unwrap();
    let whole = std::fs::read(&archive).unwrap();
    std::fs::write(&archive, &whole[..whole.len() / 2]).unwrap();
    let (code, text) = looked();
    assert!(code == Some(1) && text.contains("The last backup cannot be restored: "), "{text}");
    std::fs::remove_file(&archive).unwrap();
    let (code, text) = looked();
    assert!(code == Some(0) && text.contains("so it was not tried"), "{text}");
}

#[test]
fn s_133_doctor_tells_what_stands_between_and_asks_nobody_else() {
    let place = Place::new();
    let proxy = Peer::start(&[]);
    let settings = std::fs::read_to_string(place.file()).unwrap();
    let host = format!("host = \"{}\"", place.listen);
    place.configure(&settings.replace(&host, &format!("host = \"{}\"", proxy.host)));
    let _serving = Serving::start(&place, &["serve", "--dev"]);
    for (answer, word) in [
        (json!(404), "reach_status"),
        (json!(301), "reach_status"),
        (json!(502), "reach_gateway"),
        (json!(421), "reach_host"),
        (json!({"status": "ok"}), "reach_other"),
        (json!({"error": "no"}), "reach_status"),
    ] {
        proxy.serve("/livez", answer.clone());
        let run = english(&place, &["doctor", "--json"]);
        assert_eq!(run.code, Some(1), "{answer}: {run:?}");
        let bad: Vec<_> = findings(&run).into_iter().filter(|(level, _)| level == "bad").collect();
        assert_eq!(bad, [("bad".to_owned(), word.to_owned())], "{answer}");
    }
    // what comes through is looked at further
    let expected = ["reach_plain", "socket_none", "upload_small", "finger_bad", "inbox_bad"];
    for (host, drops_it) in [(proxy.host.as_str(), false), ("127.0.0.1:8080", true)] {
        let seen = json!({"status": "ok", "address": "127.0.0.1", "host": host});
        proxy.serve("/livez", seen);
        let found = findings(&english(&place, &["doctor", "--json"]));
        let has = |word: &str| found.iter().any(|(_, what)| what == word);
        assert!(expected.iter().all(|word| has(word)), "{found:?}");
        assert_eq!(has("reach_host"), drops_it, "{found:?}");
    }
    let asked = proxy.asked();
    assert!(asked.iter().all(|path| !path.contains("nodeinfo")), "{asked:?}");
}
