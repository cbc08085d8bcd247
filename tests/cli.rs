//! The program as an operator runs it: the real binary, its exit codes and what it says.

mod accounts;
mod archive;
mod backup;
mod care;
mod emoji;
mod first;
mod friends;
mod media;
mod secrets;
mod serving;
mod settings;

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
use crate::support::{Peer, PeerAnswer, Request, TempDir, damage, eventually};

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
