//! Commands over a real socket, with a real database.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use super::*;
use crate::app::{App, Surroundings};
use crate::config::Config;
use crate::crypto;
use crate::db::{self, Lane};
use crate::error::Result;

/// A data folder that goes away again.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("dassie-control-{}", crypto::code128()));
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn open(folder: &Path) -> App {
    let mut config = Config::default();
    config.dev = true;
    config.server.host = "127.0.0.1:8080".to_owned();
    config.storage.data_dir = folder.to_owned();
    App::open(config, Surroundings::default()).unwrap()
}

fn create(name: &str) -> Command {
    Command::AccountCreate {
        username: name.to_owned(),
        email: format!("{name}@example.org"),
        password: Secret("correct horse".to_owned()),
        admin: false,
    }
}

fn token(name: &str, scopes: &str) -> Command {
    Command::TokenCreate {
        account: name.to_owned(),
        scopes: scopes.to_owned(),
        name: "Bot".to_owned(),
    }
}

/// Over the socket, as a command does it that finds the lock taken.
fn over_socket(folder: &Path, command: &Command) -> Result<Reply> {
    match find_way(folder, || Ok(()))? {
        Way::Server(stream) => call(stream, command),
        Way::Direct(_) => panic!("the lock is not held"),
    }
}

#[test]
fn commands_and_replies_survive_the_socket() {
    for command in [
        create("ann"),
        Command::AccountList,
        Command::AccountPassword { account: "a".into(), password: Secret("\n\"ü".into()) },
        Command::AccountDelete { account: "a".into() },
        token("a", "read"),
        Command::RelaySet {
            relay: "r.example".into(),
            change: RelayChange { rate: Some(3), tags: Some(vec![]), ..RelayChange::default() },
        },
        Command::DeliveryList { limit: 3, host: None, status: None },
        Command::Import {
            account: "a".into(),
            sheet: crate::model::Sheet::Lists,
            overwrite: true,
            text: "\"a, b\",c\n".into(),
        },
    ] {
        let line = serde_json::to_string(&command).unwrap();
        assert!(!line.contains('\n'));
        assert_eq!(serde_json::from_str::<Command>(&line).unwrap(), command);
        assert!(!format!("{command:?}").contains("horse"));
    }
}

#[test]
fn a_running_server_executes_commands_itself() {
    let folder = Folder::new();
    let lock = Lock::take(&folder.0).unwrap().unwrap();
    assert!(is_taken(&folder.0) && Lock::take(&folder.0).unwrap().is_none());
    let app = open(&folder.0);
    // what a killed server leaves behind
    drop(UnixListener::bind(folder.0.join("dassie.sock")).unwrap());
    let control = listen(&app).unwrap();
    let socket = folder.0.join("dassie.sock");
    assert_eq!(fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);

    let reply = over_socket(&folder.0, &create("ann")).unwrap();
    assert_eq!(reply, Reply::Account("ann@127.0.0.1:8080".to_owned()));
    let refused = over_socket(&folder.0, &create("ANN")).unwrap_err();
    assert_eq!(refused.to_string(), "Validation failed: Username has already been taken");

    // a token works at once and ends with the password, in the server's cache too
    let Reply::Token(Secret(text)) = over_socket(&folder.0, &token("ann", "read")).unwrap() else {
        panic!("no token");
    };
    let hash = crypto::token_hash(&text);
    assert!(app.tokens.load(&app.db, &hash).unwrap().is_some());
    let password = Secret("another horse".to_owned());
    over_socket(&folder.0, &Command::AccountPassword { account: "@ann".into(), password }).unwrap();
    assert!(app.tokens.load(&app.db, &hash).unwrap().is_none());
    let user = app.db.read(|conn| db::user::find_by_login(conn, "ann")).unwrap().unwrap();
    assert!(crypto::verify_password("another horse", Some(&user.password_hash)));

    over_socket(&folder.0, &Command::AccountDelete { account: "ann".into() }).unwrap();
    let gone = over_socket(&folder.0, &Command::AccountDelete { account: "ann".into() });
    assert_eq!(gone.unwrap_err().to_string(), "there is no account ann here");
    assert_eq!(over_socket(&folder.0, &Command::AccountList).unwrap(), Reply::Accounts(vec![]));

    control.close();
    assert!(!socket.exists());
    app.close();
    drop(lock);
    assert!(matches!(find_way(&folder.0, || Ok(())).unwrap(), Way::Direct(_)));
}

#[test]
fn nonsense_over_the_socket_is_refused_and_harms_nothing() {
    let folder = Folder::new();
    let app = open(&folder.0);
    let control = listen(&app).unwrap();
    let say = |bytes: &[u8]| {
        let mut stream = UnixStream::connect(folder.0.join("dassie.sock")).unwrap();
        // the other side may hang up before all is said
        let _ = stream.write_all(bytes);
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        answer
    };
    assert!(say(b"{\"secret\":1}\n").contains("does not know this command"));
    assert_eq!(say(&vec![b' '; LONGEST_COMMAND * 2]), "");
    assert!(say(b"\"account_list\"\n").starts_with("{\"done\":"));
    // half a command, and its writer does not leave: a stop does not wait for the rest
    let mut silent = UnixStream::connect(folder.0.join("dassie.sock")).unwrap();
    silent.write_all(b"\"account").unwrap();
    control.close();
    app.close();
}

#[test]
fn a_folder_with_a_long_path_has_a_socket_too() {
    let folder = Folder::new();
    let long = folder.0.join("x".repeat(120));
    let lock = Lock::take(&long).unwrap();
    let app = open(&long);
    let control = listen(&app).unwrap();
    assert_eq!(over_socket(&long, &Command::AccountList).unwrap(), Reply::Accounts(vec![]));
    control.close();
    assert!(!long.join("dassie.sock").exists());
    app.close();
    drop(lock);
}

#[test]
fn what_a_command_cannot_mean_is_refused() {
    let folder = Folder::new();
    let app = open(&folder.0);
    execute(&app, create("ann")).unwrap();
    let refused = |command| execute(&app, command).unwrap_err().to_string();
    assert!(refused(token("ann", "read all")).starts_with("all is not a scope"));
    assert!(refused(token("ann", " ")).contains("without scopes"));
    assert!(refused(token("ann", "admin:read")).contains("is no admin"));
    assert!(refused(token("bob", "read")).contains("no account bob"));
    // the instance actor is nobody
    assert!(refused(token("127.0.0.1:8080", "read")).contains("no account"));
    let password = Secret("short".to_owned());
    let command = Command::AccountPassword { account: "ann".into(), password };
    assert!(refused(command).contains("too short"));
    app.close();
}

#[test]
fn deliveries_are_listed_with_what_they_are() {
    let folder = Folder::new();
    let app = open(&folder.0);
    execute(&app, create("ann")).unwrap();
    let body = br#"{"id":"http://a/1","type":"Like","object":{}}"#;
    app.db
        .write(Lane::Interactive, |tx| {
            let ann = db::account::find_local(tx, "ann")?.unwrap();
            for (body, host) in [(&body[..], "b.example"), (b"?", "c.example")] {
                let activity = db::delivery::insert_activity(tx, ann.id, body)?;
                db::delivery::insert(tx, activity, &format!("https://{host}/inbox"), host)?;
            }
            Ok(())
        })
        .wait()
        .unwrap();
    let reply =
        execute(&app, Command::DeliveryList { limit: 10, host: None, status: None }).unwrap();
    let Reply::Deliveries { waiting: 2, list, .. } = reply else { panic!("{reply:?}") };
    let [like, odd] = &list[..] else { panic!("{list:?}") };
    assert_eq!((like.kind.as_str(), like.activity.as_str()), ("Like", "http://a/1"));
    assert_eq!((like.host.as_str(), odd.kind.as_str()), ("b.example", ""));
    app.close();
}
