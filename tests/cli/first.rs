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

/// The same settings are the same server, wherever somebody types a command.
#[test]
fn a_command_means_the_same_in_another_folder() {
    let place = empty();
    let args = init(&place, "data").into_iter().filter(|arg| !arg.contains("data"));
    let args: Vec<_> = args.collect();
    assert_eq!(english(&place, &args).code, Some(0));
    let data = place.file().with_file_name("data");
    let text = std::fs::read_to_string(place.file()).unwrap();
    assert!(text.contains(&format!("data_dir = \"{}\"", data.display())), "{text}");

    // one that somebody wrote by hand, with and without the usual folder
    for storage in ["[storage]\ndata_dir = \"./data\"\n", ""] {
        place.configure(&format!("[server]\nhost = \"social.example.org\"\n{storage}"));
        let elsewhere = crate::support::TempDir::new();
        let mut command = place.command(&["account", "list"]);
        let run = run(command.current_dir(elsewhere.path()), "");
        assert!(run.out.contains("me@mail.example"), "{run:?}");
        assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    }
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
        ("Social.Example.org", "social", "server.host"),
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

/// Types line after line at a terminal, each when it is asked for; answers all that was shown.
fn at_terminal(
    command: &mut std::process::Command,
    typed: &[(&str, &str)],
) -> (String, Option<i32>) {
    use std::io::{Read as _, Write as _};
    use std::os::fd::FromRawFd as _;
    let (mut ours, mut theirs) = (0, 0);
    let none = std::ptr::null_mut();
    // SAFETY: two numbers are written; the rest may be null.
    let opened =
        unsafe { libc::openpty(&raw mut ours, &raw mut theirs, none, none.cast(), none.cast()) };
    assert_eq!(opened, 0);
    // SAFETY: both were opened a moment ago and are nobody else's.
    let (mut ours, theirs) =
        unsafe { (std::fs::File::from_raw_fd(ours), std::fs::File::from_raw_fd(theirs)) };
    command.stdin(theirs.try_clone().unwrap()).stderr(theirs.try_clone().unwrap()).stdout(theirs);
    let mut child = command.spawn().unwrap();
    // its ends are the child's alone
    command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::null());
    command.stderr(std::process::Stdio::null());
    let (mut shown, mut looked) = (String::new(), 0);
    let mut bytes = [0; 4096];
    let mut typed = typed.iter().peekable();
    let mut raw = Vec::new();
    // the end of a terminal is an error
    while let Ok(count @ 1..) = ours.read(&mut bytes) {
        raw.extend_from_slice(&bytes[..count]);
        shown = String::from_utf8_lossy(&raw).into_owned();
        while let Some((question, line)) = typed.peek()
            && let Some(at) = shown.get(looked..).and_then(|new| new.find(question))
        {
            looked += at + question.len();
            ours.write_all(format!("{line}\n").as_bytes()).unwrap();
            typed.next();
        }
    }
    assert!(typed.peek().is_none(), "{:?} was not asked: {shown}", typed.peek());
    (shown, child.wait().unwrap().code())
}

#[test]
fn init_asks_again_and_says_why_in_chinese() {
    let place = empty();
    let data = place.data().display().to_string();
    let mut command = place.command(&["init", "--data-dir", &data]);
    command.env_remove("LC_MESSAGES").env("LC_ALL", "zh_CN.UTF-8");
    let (shown, code) = at_terminal(
        &mut command,
        &[
            ("域名", "https://social.example.org/"),
            ("只写域名本身", "localhost"),
            ("外面能访问的域名", "social.example.org"),
            ("给它起个名字", ""),
            ("由谁负责 https", "maybe"),
            ("只能是", "off"),
            ("监听", "8080"),
            ("地址和端口，例如", &place.listen),
            ("用户名", "m e"),
            ("英文字母、数字和下划线", "me"),
            ("邮箱", "me"),
            ("格式不对", "me@mail.example"),
            ("自动生成", "short"),
            ("自动生成", PASSWORD),
            ("再输一遍", "another password"),
            ("自动生成", PASSWORD),
            ("再输一遍", PASSWORD),
        ],
    );
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("已创建管理员账号 @me@social.example.org"), "{shown}");
    for told in ["密码，至少 10 个字符", "密码太短，至少 10 个字符", "两次输入的密码不一致"]
    {
        assert!(shown.contains(told), "{told}: {shown}");
    }
    for english in ["Validation", "must be", "invalid", "short (", "differ", " or "] {
        assert!(!shown.contains(english), "{english}: {shown}");
    }
    assert!(!shown.contains(PASSWORD), "{shown}");
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
    assert!(run.out.contains("besides only the mail server"), "it says whom it asks: {}", run.out);
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
fn doctor_and_serve_say_what_to_do_where_the_database_cannot_be_opened() {
    let place = Place::real("a.example");
    let looked = || {
        let run = english(&place, &["doctor", "--local"]);
        assert_eq!(run.code, Some(1), "{run:?}");
        run.out
    };
    let text = looked();
    assert!(text.contains("there is no database in") && text.contains("→ Mend that"), "{text}");
    assert!(!text.contains("is damaged"), "{text}");
    place.creates("ann");
    place.does(&["backup"]);
    let database = place.data().join("dassie.db");
    let whole = std::fs::read(&database).unwrap();
    let mut header = whole.clone();
    header[..100].fill(0x5a);
    let mut pages = whole.clone();
    pages[4096..].fill(0x5a);
    for damaged in [&header[..], &pages, &whole[..whole.len() / 2]] {
        std::fs::write(&database, damaged).unwrap();
        let text = looked();
        for wanted in [
            "The server cannot be asked how it is: ",
            "of the disk are free",
            "The database is damaged: ",
            "dassie restore ARCHIVE --force",
            ".tar.gz, can be restored.",
        ] {
            assert!(text.contains(wanted), "{wanted}: {text}");
        }
        let said = place.refuses(&["serve"]);
        assert!(said.contains("dassie.db is damaged: "), "{said}");
        assert!(said.contains("data/backups: dassie restore ARCHIVE --force"), "{said}");
    }
    std::fs::write(&database, &whole).unwrap();
    let sql = rusqlite::Connection::open(&database).unwrap();
    sql.execute_batch("PRAGMA user_version = 1000").unwrap();
    drop(sql);
    let text = looked();
    assert!(text.contains("`dassie rollback`") && text.contains("The database is whole"), "{text}");
    assert!(text.contains("can be restored"), "{text}");
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
