//! The program as an operator runs it: the real binary, its exit codes and what it says.

mod archive;
mod backup;
mod emoji;
mod first;
mod friends;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::oauth::{Browser, forms};
use crate::support::picture::{Part, coded, corners, form};
use crate::support::s3::{Mood, ObjectStore};
use crate::support::{Peer, PeerAnswer, Request, TempDir, eventually};

const PASSWORD: &str = "correct horse battery";

/// A folder with a configuration, in which the program is run.
struct Place {
    folder: TempDir,
    listen: String,
}

fn set_mode(path: &std::path::Path, mode: u32) {
    let mode = std::os::unix::fs::PermissionsExt::from_mode(mode);
    std::fs::set_permissions(path, mode).unwrap();
}

/// What a run came to.
#[derive(Debug)]
struct Run {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Place {
    /// A server of a dev kind on a free port.
    fn new() -> Self {
        let listen = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let place = Self { folder: TempDir::new(), listen: listen.clone() };
        place.configure(&format!(
            "[server]\nlisten = \"{listen}\"\nhost = \"{listen}\"\n[storage]\ndata_dir = \"{}\"\n\
             [network]\nallowed_private_ranges = [\"127.0.0.0/8\"]\n[log]\nlevel = \"trace\"\n",
            place.data().display()
        ));
        place
    }

    /// A server as it stands behind a proxy.
    fn real(host: &str) -> Self {
        let place = Self::new();
        place.configure(&format!(
            "[server]\nlisten = \"{}\"\nhost = \"{host}\"\n[storage]\ndata_dir = \"{}\"\n",
            place.listen,
            place.data().display()
        ));
        place
    }

    /// As an operator does whose file may hold secrets.
    fn configure(&self, text: &str) {
        std::fs::write(self.file(), text).unwrap();
        set_mode(&self.file(), 0o600);
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("dassie.toml")
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn base(&self) -> String {
        format!("http://{}", self.listen)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dassie"));
        command.args(args).arg("--config").arg(self.file()).current_dir(self.folder.path());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("DASSIE_") {
                command.env_remove(name);
            }
        }
        command
    }

    fn run(&self, args: &[&str]) -> Run {
        run(&mut self.command(args), "")
    }

    #[track_caller]
    fn does(&self, args: &[&str]) -> String {
        let run = self.run(args);
        assert_eq!(run.code, Some(0), "{args:?}: {run:?}");
        assert_eq!(run.err, "", "{args:?}");
        run.out
    }

    /// Fails with one clear sentence, which is answered.
    #[track_caller]
    fn refuses(&self, args: &[&str]) -> String {
        let run = self.run(args);
        assert_eq!(run.code, Some(1), "{args:?}: {run:?}");
        assert!(
            !run.err.is_empty() && run.err.lines().all(|l| l.starts_with("dassie: ")),
            "{run:?}"
        );
        assert!(!run.err.contains("panicked") && !run.err.contains("Error("), "{run:?}");
        run.err
    }

    fn create(&self, name: &str) -> Vec<String> {
        [
            "account",
            "create",
            "--username",
            name,
            "--email",
            &format!("{name}@mail.example"),
            "--password",
            PASSWORD,
        ]
        .map(str::to_owned)
        .to_vec()
    }

    #[track_caller]
    fn creates(&self, name: &str) {
        let args = self.create(name);
        let out = self.does(&args.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(out.starts_with(&format!("Created @{name}@")), "{out}");
        assert!(!out.contains(PASSWORD), "it was given, so it is not told again");
    }

    /// Fails with the names of the files that are not as they were.
    #[track_caller]
    fn is_as(&self, before: &[(String, Vec<u8>)]) {
        let after = self.bytes();
        let names = |files: &[(String, Vec<u8>)], others: &[(String, Vec<u8>)]| -> Vec<String> {
            let differ = files.iter().filter(|file| !others.contains(file));
            differ.map(|(name, bytes)| format!("{name} ({} bytes)", bytes.len())).collect()
        };
        let (was, is) = (names(before, &after), names(&after, before));
        assert!(was.is_empty() && is.is_empty(), "changed: {was:?} became {is:?}");
    }

    /// What the data folder holds, byte for byte.
    fn bytes(&self) -> Vec<(String, Vec<u8>)> {
        let mut found: Vec<(String, Vec<u8>)> = std::fs::read_dir(self.data())
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_file())
            .map(|path| {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                (name, std::fs::read(path).unwrap())
            })
            .collect();
        found.sort();
        found
    }
}

fn run(command: &mut Command, input: &str) -> Run {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // a program that refuses may have closed it
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    Run {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A running server; what it says is kept.
struct Serving {
    child: Child,
    said: Arc<Mutex<String>>,
}

impl Serving {
    #[track_caller]
    fn start(place: &Place, args: &[&str]) -> Self {
        let mut child = place
            .command(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let said = Arc::new(Mutex::new(String::new()));
        for mut pipe in [
            Box::new(child.stdout.take().unwrap()) as Box<dyn Read + Send>,
            Box::new(child.stderr.take().unwrap()),
        ] {
            let said = Arc::clone(&said);
            std::thread::spawn(move || {
                let mut bytes = [0; 4096];
                while let Ok(count @ 1..) = pipe.read(&mut bytes) {
                    said.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..count]));
                }
            });
        }
        let serving = Self { child, said };
        eventually("it serves", || {
            let request = Request::new("GET", format!("{}/api/v1/instance", place.base()));
            request.try_send().ok().filter(|answer| answer.status == 200)
        });
        serving
    }

    fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// SIGTERM, as systemd sends it; answers how long the end took.
    #[track_caller]
    fn stop(&mut self) -> Duration {
        let since = Instant::now();
        let status = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(status.success());
        let ended = eventually("it ends", || self.child.try_wait().unwrap());
        assert_eq!(ended.code(), Some(0), "{}", self.said());
        since.elapsed()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn api(place: &Place, token: &str, method: &'static str, path: &str) -> Request {
    Request::new(method, format!("{}{path}", place.base()))
        .header("authorization", format!("Bearer {token}"))
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
fn a_faulty_configuration_is_refused_with_place_key_and_advice() {
    let place = Place::new();
    for (text, line, key, advice) in [
        ("[server]\nhost = 5\n", 2, "server.host", "text"),
        ("[server]\nhost = \"a.example\"\nhoost = \"x\"\n", 3, "hoost", "Did you mean server.host"),
        ("[severs]\nhost = \"a.example\"\n", 1, "severs", "Did you mean [server]"),
        ("[server]\nhost = \"https://a.example/\"\n", 2, "server.host", ""),
        ("[server]\nhost = \"a.example\"\nlisten = \"nonsense\"\n", 3, "server.listen", ""),
        ("[limits]\n\n\nmax_characters = \"many\"\n", 4, "limits.max_characters", ""),
        ("[limits]\nmax_characters = -1\n", 2, "limits.max_characters", ""),
        ("[log]\nlevel = \"loud\"\n", 2, "log.level", "info"),
        (
            "[network]\nallowed_private_ranges = [\"10.0.0.0/99\"]\n",
            2,
            "network.allowed_private_ranges",
            "",
        ),
        ("[server\nhost = \"a\"\n", 1, "", "not valid TOML"),
        ("host = \"a.example\"\n", 1, "host", "server.host"),
    ] {
        place.configure(text);
        for command in [&["config", "check"] as &[&str], &["serve"], &["account", "list"]] {
            let said = place.refuses(command);
            assert!(said.contains(&format!("dassie.toml:{line}: ")), "{text}: {said}");
            assert!(said.contains(key) && said.contains(advice), "{text}: {said}");
        }
    }
    place.configure("[instance]\ntitle = \"x\"\n");
    let said = place.refuses(&["config", "check"]);
    assert!(said.contains("server.host is not set"), "{said}");
    // all faults at once
    place.configure("[server]\nhost = 1\n[log]\nlevel = 2\n");
    assert_eq!(place.refuses(&["config", "check"]).lines().count(), 2);
    std::fs::remove_file(place.file()).unwrap();
    assert!(place.refuses(&["config", "check"]).contains("cannot be read"));
    assert!(!place.data().exists(), "nothing was made");
}

#[test]
fn the_environment_goes_before_the_file_and_show_says_so() {
    let place = Place::real("a.example");
    assert_eq!(place.does(&["config", "check"]), "ok\n");
    let shown = place.does(&["config", "show"]);
    assert!(shown.contains("a.example") && shown.contains("dassie.toml:3"), "{shown}");
    assert!(shown.contains("default"), "{shown}");
    let with =
        |name: &str, value: &str| run(place.command(&["config", "show"]).env(name, value), "");
    let shown = with("DASSIE_LIMITS_MAX_CHARACTERS", "777");
    assert_eq!(shown.code, Some(0));
    assert!(
        shown.out.contains("777") && shown.out.contains("DASSIE_LIMITS_MAX_CHARACTERS"),
        "{}",
        shown.out
    );
    for (name, value) in [("DASSIE_LIMITS_MAX_CHARACTERS", "many"), ("DASSIE_SERVER_HOTS", "x")] {
        let refused = with(name, value);
        assert_eq!(refused.code, Some(1));
        assert!(refused.err.contains(name), "{}", refused.err);
    }
    assert!(!place.data().exists(), "nothing was made");
}

#[test]
fn s_126_a_secret_can_stand_in_a_file_of_its_own_and_is_never_shown() {
    let place = Place::new();
    let secret = place.folder.path().join("secret");
    std::fs::write(&secret, "hush hush\n").unwrap();
    let show = |variable: &str, file: &std::path::Path| {
        run(place.command(&["config", "show", "--dev"]).env(variable, file), "")
    };
    let shown = show("DASSIE_METRICS_TOKEN_FILE", &secret);
    assert_eq!(shown.code, Some(0), "{shown:?}");
    let line = shown.out.lines().find(|line| line.starts_with("token = ")).unwrap();
    assert!(line.ends_with("# environment DASSIE_METRICS_TOKEN_FILE"), "{line}");
    assert!(!shown.out.contains("hush") && !line.contains("\"\""), "{line}");
    let missing = show("DASSIE_S3_SECRET_KEY_FILE", &place.folder.path().join("none"));
    assert!(
        missing.err.contains("DASSIE_S3_SECRET_KEY_FILE: ") && missing.code == Some(1),
        "{missing:?}"
    );
    let other = show("DASSIE_SERVER_HOST_FILE", &secret);
    assert!(other.err.contains("is not a setting") && !other.err.contains("hush"), "{other:?}");
}

#[test]
fn s_085_accounts_are_made_listed_changed_and_deleted_without_a_server() {
    let place = Place::real("a.example");
    for command in [
        &["account", "list"] as &[&str],
        &["delivery", "list"],
        &["token", "create", "--account", "a"],
    ] {
        let said = place.refuses(command);
        assert!(said.contains("account create"), "what to do first: {said}");
    }
    assert!(!place.data().exists(), "nothing was made");
    place.creates("ann");
    let stdin = |args: &[&str], input: &str| run(&mut place.command(args), input);
    let bob = ["account", "create", "--username", "bob", "--email", "b@mail.example", "--admin"];
    let made = stdin(&bob, &format!("{PASSWORD}\n"));
    assert_eq!((made.code, made.err.as_str()), (Some(0), ""), "{made:?}");
    assert!(!made.out.contains(PASSWORD));
    let list = place.does(&["account", "list"]);
    let lines: Vec<Vec<&str>> = list.lines().map(|l| l.split_whitespace().collect()).collect();
    assert_eq!(lines[1][..3], ["ann", "ann@mail.example", "no"]);
    assert_eq!(lines[2][..3], ["bob", "b@mail.example", "yes"]);
    assert_eq!(lines.len(), 3);
    for (args, why) in [
        (place.create("ann"), "taken"),
        (place.create("with space"), "letters"),
        (place.create(&"x".repeat(200)), ""),
    ] {
        let said = place.refuses(&args.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(said.contains(why), "{said}");
    }
    let short = stdin(&["account", "password", "ann", "--password-stdin"], "short\n");
    assert_eq!(short.code, Some(1), "{short:?}");
    assert!(!short.err.contains("short\n"), "{short:?}");
    let none = stdin(&["account", "password", "ann", "--password-stdin"], "");
    assert_eq!(none.code, Some(1), "{none:?}");
    let changed =
        stdin(&["account", "password", "ann", "--password", "-"], "another long password\r\n");
    assert_eq!(changed.code, Some(0), "{changed:?}");
    assert!(
        place
            .refuses(&["account", "password", "nobody", "--password", PASSWORD])
            .contains("nobody")
    );
    assert!(place.refuses(&["account", "delete", "bob"]).contains("--yes"));
    assert!(place.refuses(&["account", "disable-2fa", "ann"]).contains("no second factor"));
    assert!(place.refuses(&["account", "disable-2fa", "nobody"]).contains("nobody"));
    place.does(&["account", "delete", "bob", "--yes"]);
    assert_eq!(place.does(&["account", "list"]).lines().count(), 2);
    let bob: Vec<&str> = vec![
        "account",
        "create",
        "--username",
        "bob",
        "--email",
        "b2@mail.example",
        "--password",
        PASSWORD,
    ];
    place.refuses(&bob);
    assert_eq!(place.does(&["delivery", "list"]), "Nothing waits.\n");
    let token = place.does(&["token", "create", "--account", "ann"]);
    assert_eq!(token.lines().count(), 1);
    assert!(token.trim().len() >= 43);
    assert!(
        place
            .refuses(&["token", "create", "--account", "ann", "--scopes", "everything"])
            .contains("everything")
    );
    assert!(
        place
            .refuses(&["token", "create", "--account", "ann", "--scopes", "admin:read"])
            .contains("admin")
    );
    assert_eq!(place.does(&["version"]), format!("dassie {}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!(run(&mut place.command(&["nonsense"]), "").code, Some(2));
}

#[test]
fn commands_work_while_the_server_runs() {
    let place = Place::new();
    let mut serving = Serving::start(&place, &["serve", "--dev"]);
    place.creates("ann");
    let token = place.does(&["token", "create", "--account", "ann", "--name", "script"]);
    let token = token.trim();
    let me = api(&place, token, "GET", "/api/v1/accounts/verify_credentials").send().ok();
    assert_eq!(me["username"], "ann");
    let app = api(&place, token, "GET", "/api/v1/apps/verify_credentials").send().ok();
    assert_eq!(app["name"], "script");
    let narrow = place.does(&["token", "create", "--account", "@ann", "--scopes", "read:search"]);
    let refused = api(&place, narrow.trim(), "GET", "/api/v1/timelines/home").send();
    assert_eq!(refused.status, 403);
    assert!(place.does(&["account", "list"]).contains("ann@mail.example"));
    // a delivery that cannot be made is listed with its reason
    let peer = Peer::start(&["mia"]);
    peer.answer(PeerAnswer::Status(503));
    let body = json!({"status": format!("@mia@{} hello", peer.host), "visibility": "direct"});
    api(&place, token, "POST", "/api/v1/statuses").json(&body).send().ok();
    let list = eventually("the failure is listed", || {
        Some(place.does(&["delivery", "list"])).filter(|list| list.contains("503"))
    });
    assert!(
        list.contains(&peer.host) && list.contains("Create") && list.contains("1 for 1 server"),
        "{list}"
    );
    // S-078: at once, also in the running server
    place.does(&["account", "password", "ann", "--password", "another long password"]);
    let ended = api(&place, token, "GET", "/api/v1/accounts/verify_credentials").send();
    assert_eq!(ended.status, 401);
    place.does(&["account", "delete", "ann", "--yes"]);
    let gone = Request::new("GET", format!("{}/users/ann", place.base()))
        .header("accept", "application/activity+json")
        .send();
    assert_eq!(gone.status, 410);
    serving.stop();
}

#[test]
fn s_081_no_secret_is_told_to_the_log() {
    let place = Place::new();
    let mut serving = Serving::start(&place, &["serve", "--dev"]);
    place.creates("ann");
    let token = place.does(&["token", "create", "--account", "ann"]).trim().to_owned();
    api(&place, &token, "GET", "/api/v1/accounts/verify_credentials").send().ok();
    let query = format!("?access_token={token}&stream=user");
    drop(crate::support::Socket::open(&place.listen, &query, &[]).unwrap());
    let query = format!("/api/v1/timelines/home?access_token={token}");
    assert_eq!(Request::new("GET", format!("{}{query}", place.base())).send().status, 401);
    let redirect = "urn:ietf:wg:oauth:2.0:oob";
    let app = Request::new("POST", format!("{}/api/v1/apps", place.base()))
        .form(&[("client_name", "x"), ("redirect_uris", redirect)])
        .send()
        .ok();
    let text = |name: &str| app[name].as_str().unwrap().to_owned();
    let (client, secret) = (text("client_id"), text("client_secret"));
    let mut browser = crate::oauth::Browser::at(&place.base());
    let asked = format!(
        "/oauth/authorize?client_id={client}&redirect_uri={redirect}&response_type=code&scope=read"
    );
    let page = browser.open(&asked);
    assert_eq!(browser.sign_in(&page, "ann", "not this password").status, 422);
    let back = browser.sign_in(&page, "ann", PASSWORD);
    let consent = browser.open(back.header("location").unwrap());
    let form = crate::oauth::forms(&consent.text()).remove(0);
    let shown = browser.submit(&form, Some("allow"));
    let code = shown.header("location").unwrap().rsplit('=').next().unwrap().to_owned();
    browser.open(shown.header("location").unwrap());
    let issued = Request::new("POST", format!("{}/oauth/token", place.base()))
        .form(&[
            ("grant_type", "authorization_code"),
            ("client_id", &client),
            ("client_secret", &secret),
            ("redirect_uri", redirect),
            ("code", &code),
        ])
        .send()
        .ok();
    let issued = issued["access_token"].as_str().unwrap().to_owned();
    let cookies: Vec<String> = browser.cookies.iter().map(|(_, value)| value.clone()).collect();
    assert!(!cookies.is_empty());
    let said = eventually("all of it is logged", || {
        Some(serving.said()).filter(|said| said.contains("path=/oauth/token"))
    });
    serving.stop();
    let mut secrets =
        vec![token, secret, code, issued, PASSWORD.into(), "not this password".into()];
    secrets.extend(cookies);
    for one in secrets {
        assert!(one.len() > 8 && !said.contains(&one), "{one} stands in the log");
    }
}

#[test]
fn f_352_files_go_in_and_out_with_and_without_a_server() {
    let place = Place::new();
    let mut serving = Serving::start(&place, &["serve", "--dev"]);
    place.creates("ann");
    place.creates("bob");
    serving.stop();
    let file = place.folder.path().join("follows.csv");
    std::fs::write(&file, "Account address\nbob\nghost\n").unwrap();
    let file = file.to_str().unwrap();
    assert_eq!(place.does(&["import", "--account", "ann"]), "There was no import yet.\n");
    // stored now, done when there is a server
    let begun = place.does(&["import", file, "--account", "ann", "--type", "following"]);
    assert!(begun.contains("under way") && begun.contains("dassie import --config"), "{begun}");
    serving = Serving::start(&place, &["serve", "--dev"]);
    let stands = || place.does(&["import", "--account", "ann"]);
    let stands = eventually("it ends", || Some(stands()).filter(|s| s.contains("finished")));
    let line: Vec<&str> = stands.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(line[..6], ["1", "following", "2", "1", "1", "finished"]);
    let out = place.does(&["export", "--account", "ann", "--type", "following"]);
    assert_eq!(out.lines().nth(1), Some(&*format!("bob@{},true,false,", place.listen)));
    // a large file goes through the socket as well
    let many: String = (0..19_000).map(|n| format!("\"{n}\",d{n}.example\n")).collect();
    std::fs::write(file, format!("x,#domain\n{many}")).unwrap();
    place.does(&["import", file, "--account", "ann", "--type", "domain_blocks"]);
    let copy = place.folder.path().join("out.csv");
    place.does(&["export", copy.to_str().unwrap(), "--account", "ann", "--type", "followers"]);
    assert_eq!(std::fs::read_to_string(copy).unwrap(), "Account address\n");
    assert!(place.refuses(&["export", "--account", "zoe", "--type", "lists"]).contains("zoe"));
    let wrong = ["import", file, "--account", "ann", "--type", "followers"];
    assert!(place.refuses(&wrong).contains("cannot be imported"));
    let missing = ["import", "nowhere.csv", "--account", "ann", "--type", "mutes"];
    assert!(place.refuses(&missing).contains("nowhere.csv cannot be read"));
    serving.stop();
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
fn a_used_database_keeps_its_host_and_kind() {
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
fn a_newer_database_is_left_alone() {
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
    for name in ["dassie.db", "dassie.db-wal", "lock", "tls/account.json", "tls/certificate.pem"] {
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
fn s_124_a_configuration_with_a_secret_is_for_nobody_else_to_read() {
    let place = Place::real("a.example");
    let file = std::fs::read_to_string(place.file()).unwrap();
    set_mode(&place.file(), 0o644);
    assert_eq!(place.does(&["config", "check"]), "ok\n", "there is no secret in it");
    place.configure(&format!("{file}[translation]\napi_key = \"marmalade\"\n"));
    assert_eq!(place.does(&["config", "check"]), "ok\n");
    for mode in [0o644, 0o602] {
        set_mode(&place.file(), mode);
        let said = place.refuses(&["config", "check"]);
        assert!(said.contains("translation.api_key is a secret"), "{said}");
        assert!(said.contains("Run: chmod 6") && !said.contains("marmalade"), "{said}");
    }
    // a secret of the environment is not in the file
    place.configure(&file);
    set_mode(&place.file(), 0o644);
    let mut command = place.command(&["config", "check"]);
    assert_eq!(run(command.env("DASSIE_TRANSLATION_API_KEY", "marmalade"), "").code, Some(0));
}

/// What strangers call themselves reaches the log of a server and the terminal of whoever types a
/// command, and commands neither.
#[test]
fn s_127_a_name_that_would_clear_the_screen_clears_none() {
    let place = Place::new();
    let mut serving = Serving::start(&place, &["serve", "--dev"]);
    let hostile = "mia\u{1b}[2J\r\nERROR forged\u{202e}";
    let forged = "/users/mia%1b%5b2J%0d%0aERROR%20forged%e2%80%ae";
    Request::new("GET", format!("{}{forged}", place.base())).send();
    let note = json!({
        "type": "Create", "id": format!("https://b.example/{hostile}"), "actor": hostile,
        "object": {"type": "Note", "id": hostile, "attributedTo": hostile, "content": hostile},
    });
    Request::new("POST", format!("{}/inbox", place.base()))
        .header("content-type", "application/activity+json")
        .header("signature", format!("keyId=\"https://b.example/{}\"", "\u{9b}31m"))
        .json(&note)
        .send();
    serving.stop();
    let said = serving.said();
    assert!(said.contains("path=/users/mia"), "it was logged: {said}");
    let acts = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
    assert!(!said.chars().any(acts), "{said:?}");
    assert!(!said.lines().any(|line| line.starts_with("ERROR forged")), "{said}");
    for command in [["host", "list"], ["delivery", "list"]] {
        assert!(!place.does(&command).chars().any(acts));
    }
    // a word that is not understood is told back
    let run = place.run(&["domain", "block", hostile]);
    assert!(!run.err.chars().any(acts), "{:?}", run.err);
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

#[test]
fn s_085_a_first_start_for_real_has_no_usable_login() {
    let place = Place::real("a.example");
    let mut serving = Serving::start(&place, &["serve"]);
    let said = eventually("it greets", || {
        Some(serving.said()).filter(|said| said.contains("account create"))
    });
    assert!(said.contains("--config") && !said.contains("password"), "{said}");
    assert_eq!(place.does(&["account", "list"]), "There is no account yet.\n");
    for (host, status) in [("a.example", 200), ("b.example", 421)] {
        let answer = Request::new("GET", format!("{}/api/v2/instance", place.base()))
            .header("host", host)
            .send();
        assert_eq!(answer.status, status, "{host}");
    }
    place.creates("ann");
    let path = format!("{}/.well-known/webfinger?resource=acct:ann@a.example", place.base());
    let finger = Request::new("GET", path).header("host", "a.example").send().ok();
    assert_eq!(
        finger["links"][0]["href"].as_str().map(|href| href.starts_with("https://a.example/")),
        Some(true)
    );
    serving.stop();
}

#[test]
fn s_040_s_127_no_secret_reaches_the_log() {
    let place = Place::new();
    for format in ["human", "json"] {
        let file = std::fs::read_to_string(place.file()).unwrap();
        let file =
            file.lines().filter(|line| !line.starts_with("format")).collect::<Vec<_>>().join("\n");
        place.configure(&format!("{file}\nformat = \"{format}\"\n"));
        let mut serving = Serving::start(&place, &["serve", "--dev"]);
        let name = format!("ann_{format}");
        place.creates(&name);
        let token = place.does(&["token", "create", "--account", &name]).trim().to_owned();
        let peer = Peer::start(&["mia"]);
        let body = json!({"status": format!("the secret is marmalade @mia@{}", peer.host), "visibility": "direct"});
        api(&place, &token, "POST", "/api/v1/statuses").json(&body).send().ok();
        api(&place, "a-wrong-token", "GET", "/api/v1/timelines/home").send();
        Request::new(
            "GET",
            format!("{}/api/v2/search?q=marmalade&access_token={token}", place.base()),
        )
        .send();
        api(&place, &token, "GET", "/api/v2/search?q=marmalade").send().ok();
        let mut browser = Browser::at(&place.base());
        let page = browser.open("/auth/sign_in");
        assert!(!forms(&page.text()).is_empty());
        browser.sign_in(&page, &name, "a wrong password");
        assert_eq!(browser.sign_in(&page, &name, PASSWORD).status, 303);
        eventually("it is delivered", || (!peer.received().is_empty()).then_some(()));
        // forged lines in what strangers send
        let forged = Request::new("GET", format!("{}/nothing%0aERROR%20forged", place.base()));
        forged.send();
        serving.stop();
        let said = serving.said();
        assert!(said.to_lowercase().contains("request"), "it was logged: {said:.300}");
        for secret in [
            PASSWORD,
            "a wrong password",
            token.as_str(),
            "a-wrong-token",
            "PRIVATE KEY",
            "marmalade",
            "Bearer ",
            "argon2",
            &browser.cookies[0].1,
            &browser.cookies[1].1,
        ] {
            assert!(!said.contains(secret), "{secret} is in the {format} log");
        }
        assert!(!said.lines().any(|line| line.starts_with("ERROR forged")), "a line was forged");
        if format == "json" {
            let log = said.lines().filter(|line| line.starts_with('{'));
            assert!(log.clone().count() > 3);
            for line in log {
                serde_json::from_str::<Value>(line).unwrap_or_else(|e| panic!("{e}: {line}"));
            }
        }
    }
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
        assert!(
            usage.contains("Cache of files of other servers: 0 files, 0 bytes of 2 GB"),
            "{usage}"
        );
        assert!(usage.contains("at least 500 MB stay free"), "{usage}");
        assert_eq!(
            place.does(&["media", "prune", "--days", "3", "--dry-run"]),
            "Would remove 0 files, 0 bytes\n"
        );
        assert_eq!(place.does(&["media", "prune", "--size", "0"]), "Removed 0 files, 0 bytes\n");
        assert_eq!(place.does(&["media", "prune"]), "Removed 0 files, 0 bytes\n");
        let found = place.does(&["media", "check"]);
        assert!(
            found.starts_with("Looked at 1 file, 4 bytes\n1 file that nothing needs, 4 bytes\n"),
            "{found}"
        );
        assert!(found.contains("  not needed: cache/ab/cd/abcd000"), "{found}");
        assert!(found.ends_with("Add --repair to mend that\n") && orphan.exists(), "{found}");
        assert!(place.does(&["media", "check", "--repair"]).contains("4 bytes: mended"));
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
