//! An instance in this process: the real server on a real socket with a real database.

use std::net::TcpListener;
use std::os::fd::{FromRawFd, OwnedFd};
use std::sync::Arc;

use dassie::app::{App, Surroundings};
use dassie::client::Resolve;
use dassie::clock::Clock;
use dassie::config::{Config, Program};
use dassie::db::{self, Lane};
use dassie::model::{CacheClass, Scopes};
use dassie::server::{self, Server};
use dassie::{crypto, service, signature};
use serde_json::{Value, json};

use super::{Answer, Request, TempDir, eventually};

/// What a test may want to be different.
#[derive(Default)]
pub struct Options {
    pub clock: Clock,
    pub configure: Option<fn(&mut Config)>,
}

/// A running instance.
pub struct Instance {
    pub app: App,
    server: Option<Server>,
    config: Config,
    clock: Clock,
    resolver: Option<Arc<dyn Resolve>>,
    /// So that nobody else is given the port while the server is down.
    _port: OwnedFd,
    pub base: String,
    /// `127.0.0.1:port`.
    pub host: String,
    pub folder: TempDir,
}

impl Instance {
    pub fn start() -> Self {
        Self::with(Options::default())
    }

    pub fn with(options: Options) -> Self {
        Self::with_decoder(options, None)
    }

    /// With another program than ours to decode images, until the instance starts again.
    pub fn with_decoder(options: Options, decoder: Option<&str>) -> Self {
        Self::build(options, decoder, None)
    }

    /// In a world where somebody else says which host is where.
    pub fn with_resolver(options: Options, resolver: Arc<dyn Resolve>) -> Self {
        Self::build(options, None, Some(resolver))
    }

    fn build(options: Options, decoder: Option<&str>, resolver: Option<Arc<dyn Resolve>>) -> Self {
        let (port, listener) = own_port();
        let folder = TempDir::new();
        let host = listener.local_addr().unwrap().to_string();
        let mut config = Config::default();
        config.dev = true;
        config.server.host = host.clone();
        config.server.listen = listener.local_addr().unwrap();
        config.storage.data_dir = folder.path().join("data");
        config.network.allowed_private_ranges = vec!["127.0.0.0/8".parse().unwrap()];
        // what this machine has must not change what is tested
        config.media.ffmpeg = Program::Never;
        config.media.heif_convert = Program::Never;
        if let Some(configure) = options.configure {
            configure(&mut config);
        }
        let (app, server) = launch(&config, &options.clock, decoder, &resolver, listener);
        let base = config.base_url();
        let (server, clock) = (Some(server), options.clock);
        Self { app, server, config, clock, resolver, _port: port, base, host, folder }
    }

    /// Stops the server as a signal would.
    pub fn stop(&mut self) {
        if let Some(server) = self.server.take() {
            server.stop();
        }
    }

    /// Starts again on the same address with the same data.
    pub fn start_again(&mut self) {
        self.stop();
        // the old listener's address may take a moment to be free
        let listener = eventually("the address is free", || TcpListener::bind(&self.host).ok());
        let (app, server) = launch(&self.config, &self.clock, None, &self.resolver, listener);
        self.app = app;
        self.server = Some(server);
    }

    /// Starts again with other settings.
    pub fn start_with(&mut self, change: fn(&mut Config)) {
        change(&mut self.config);
        self.start_again();
    }

    /// The same with all settings given.
    pub fn start_as(&mut self, config: Config) {
        self.config = config;
        self.start_again();
    }

    /// Moves the clock and lets the worker look.
    pub fn advance(&self, ms: i64) {
        self.clock.advance(ms);
        self.app.wake.rouse();
    }

    /// Sets the clock ahead or back, while no time passes, and lets the worker look.
    pub fn jump(&self, ms: i64) {
        self.clock.jump(ms);
        self.app.wake.rouse();
    }

    /// A new local account with a token that may do everything.
    pub fn person(&self, name: &str) -> Person {
        let site = self.app.site.clone();
        let new = service::account::NewAccount {
            username: name.to_owned(),
            email: format!("{name}@example.org"),
            // sign-in has tests of its own: no need to hash a password for each account
            password_hash: "!".into(),
            admin: false,
            key: signature::key::generate().unwrap(),
        };
        let token = crypto::token();
        let hash = crypto::token_hash(&token);
        let account = self
            .app
            .db
            .write(Lane::Interactive, move |tx| {
                let account = service::account::create(tx, &site, new)?;
                let application = db::oauth::insert_application(
                    tx,
                    &dassie::model::Application {
                        id: 0,
                        client_id: crypto::code128(),
                        secret_hash: vec![],
                        name: "Test".into(),
                        website: None,
                        redirect_uris: "urn:ietf:wg:oauth:2.0:oob".into(),
                        scopes: "read write follow push".into(),
                        created_at: 0,
                    },
                )?;
                let scopes = Scopes::parse("read write follow push").unwrap_or_default();
                db::oauth::insert_token(tx, &hash, application, Some(account.id), &scopes, None)?;
                Ok(account)
            })
            .wait()
            .unwrap();
        Person {
            base: self.base.clone(),
            host: self.host.clone(),
            name: name.to_owned(),
            id: account.id.to_string(),
            uri: account.uri,
            token,
        }
    }

    /// Our address of a file of elsewhere, which belongs to an attachment, account or card.
    pub fn cached(&self, class: CacheClass, owner: &Value, url: &str) -> String {
        let owner = owner.as_str().unwrap().parse().unwrap();
        service::cached_file::address(&self.app.site, class, owner, url, None)
    }

    /// A request without a token.
    pub fn get(&self, path: &str) -> Answer {
        Request::new("GET", format!("{}{path}", self.base)).send()
    }

    /// A document as another server asks for it, but unsigned.
    pub fn activity(&self, url: &str) -> Answer {
        Request::new("GET", url).header("accept", "application/activity+json").send()
    }

    /// Until nothing waits to be delivered or processed.
    pub fn settle(&self) {
        eventually("the queues are empty", || {
            let quiet = self.app.db.read(|conn| {
                let now = self.app.clock.now_ms();
                // what is planned for later waits for its time; slices follow each other soon,
                // unless the time stands still
                let soon = self.app.clock.is_system()
                    && db::job::next_due(conn, now)?.is_some_and(|due| due < now + 3_000);
                let due = !db::job::list_due(conn, 1, &[], &[])?.is_empty();
                Ok(db::delivery::count(conn)? == 0 && !soon && !due)
            });
            quiet.unwrap().then_some(())
        });
    }
}

/// A port with a socket that is bound to it and never listens: the server may, again and again,
/// and no other program is given it in between.
#[allow(unsafe_code)]
fn own_port() -> (OwnedFd, TcpListener) {
    // SAFETY: plain system calls; the descriptor is owned by nobody else, and what the pointers
    // lead to lives through each call.
    let socket = unsafe {
        let fd = libc::socket(libc::AF_INET, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0);
        assert!(fd >= 0);
        let on: libc::c_int = 1;
        let size = libc::socklen_t::try_from(size_of_val(&on)).unwrap();
        let done = libc::setsockopt(
            fd,
            libc::SOL_SOCKET,
            libc::SO_REUSEADDR,
            std::ptr::from_ref(&on).cast(),
            size,
        );
        assert_eq!(done, 0);
        let mut address: libc::sockaddr_in = std::mem::zeroed();
        address.sin_family = u16::try_from(libc::AF_INET).unwrap();
        address.sin_addr.s_addr = u32::from_ne_bytes([127, 0, 0, 1]);
        let mut size = libc::socklen_t::try_from(size_of_val(&address)).unwrap();
        let there = std::ptr::from_mut(&mut address).cast();
        assert_eq!(libc::bind(fd, there, size), 0);
        assert_eq!(libc::getsockname(fd, there, &raw mut size), 0);
        (OwnedFd::from_raw_fd(fd), u16::from_be(address.sin_port))
    };
    let (socket, port) = socket;
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    (socket, listener)
}

fn launch(
    config: &Config,
    clock: &Clock,
    program: Option<&str>,
    resolver: &Option<Arc<dyn Resolve>>,
    listener: TcpListener,
) -> (App, Server) {
    // the program that runs is the one of the tests, which decodes nothing
    let program = program.unwrap_or(env!("CARGO_BIN_EXE_dassie")).into();
    let surroundings = Surroundings { clock: clock.clone(), resolver: resolver.clone(), program };
    let app = App::open(config.clone(), surroundings).unwrap();
    let server = server::start(app.clone(), listener).unwrap();
    (app, server)
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Somebody with an account and an app.
#[derive(Clone)]
pub struct Person {
    base: String,
    host: String,
    pub name: String,
    pub id: String,
    pub uri: String,
    pub token: String,
}

impl Person {
    /// `name@host`, as others write it.
    pub fn handle(&self) -> String {
        format!("{}@{}", self.name, self.host)
    }

    pub fn request(&self, method: &'static str, path: &str) -> Request {
        Request::new(method, format!("{}{path}", self.base))
            .header("authorization", format!("Bearer {}", self.token))
    }

    #[track_caller]
    pub fn get(&self, path: &str) -> Value {
        self.request("GET", path).send().ok()
    }

    #[track_caller]
    pub fn post(&self, path: &str, body: Value) -> Value {
        self.request("POST", path).json(&body).send().ok()
    }

    #[track_caller]
    pub fn delete(&self, path: &str) -> Value {
        self.request("DELETE", path).send().ok()
    }

    /// Writes a status.
    #[track_caller]
    pub fn writes(&self, text: &str, visibility: &str) -> Value {
        self.post("/api/v1/statuses", json!({"status": text, "visibility": visibility}))
    }

    /// The texts of home, newest first.
    #[track_caller]
    pub fn home(&self) -> Vec<String> {
        texts(&self.get("/api/v1/timelines/home?limit=40"))
    }

    /// The kinds of notifications with who caused them, newest first.
    #[track_caller]
    pub fn notifications(&self) -> Vec<(String, String)> {
        let list = self.get("/api/v1/notifications");
        list.as_array()
            .unwrap()
            .iter()
            .map(|n| {
                (
                    n["type"].as_str().unwrap().to_owned(),
                    n["account"]["acct"].as_str().unwrap().to_owned(),
                )
            })
            .collect()
    }

    /// Finds somebody by handle, over the network if need be, and answers the account.
    #[track_caller]
    pub fn finds(&self, handle: &str) -> Value {
        let path = format!("/api/v2/search?resolve=true&type=accounts&q={handle}");
        let found = self.get(&path);
        assert!(!found["accounts"][0].is_null(), "{handle} is not found: {found}");
        found["accounts"][0].clone()
    }

    /// Finds a status by its address and answers it as this person sees it.
    pub fn finds_status(&self, uri: &str) -> Option<Value> {
        let path = format!(
            "/api/v2/search?resolve=true&type=statuses&q={}",
            form_urlencoded::byte_serialize(uri.as_bytes()).collect::<String>()
        );
        Some(self.get(&path)["statuses"][0].clone()).filter(|status| !status.is_null())
    }

    /// Follows somebody and waits until it is accepted.
    #[track_caller]
    pub fn follows(&self, handle: &str) -> String {
        let id = self.finds(handle)["id"].as_str().unwrap().to_owned();
        self.post(&format!("/api/v1/accounts/{id}/follow"), json!({}));
        eventually("the follow is accepted", || {
            let relation = self.get(&format!("/api/v1/accounts/relationships?id[]={id}"));
            (relation[0]["following"] == true).then_some(())
        });
        id
    }
}

/// The plain texts of a list of statuses.
pub fn texts(list: &Value) -> Vec<String> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|status| {
            let shown = if status["reblog"].is_null() { status } else { &status["reblog"] };
            let text = shown["content"].as_str().unwrap();
            dassie::text::sanitize::to_plain(text).trim().to_owned()
        })
        .collect()
}
