//! The running program's parts in one place: cheap to clone, handed to every handler and worker.

mod attempt;
mod sign_up;
mod style;
mod work;

use std::net::IpAddr;
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;

use crate::cache::{Ahead, Backlog, Documents, Kept, Keys, Relays, Rendered, Tokens, Viewed};
use crate::client::{Client, Lanes, Resolve, Settings, Turns};
use crate::clock::Clock;
use crate::config::{Config, Prefetch, Uploads};
use crate::crypto::web_push::VapidKey;
use crate::db::{self, Conn, Db, Lane};
use crate::error::{Error, Result};
use crate::in_flight::{InFlight, Queue};
use crate::media::Media;
use crate::media::arriving::{Arrivals, Passed};
use crate::media::failures::Failures;
use crate::media::storage::s3::Bucket;
use crate::meter::Meter;
use crate::model::{Event, INSTANCE_ACTOR, LanguagePairs, Store, Translated};
use crate::service;
use crate::signature;
use crate::site::Site;
use crate::stream::Hub;
use crate::throttle::{Throttle, Who};
use crate::tls::Tls;
use crate::wake::Wake;

pub use attempt::Attempt;
pub use style::Style;

/// The largest page that is kept, in bytes.
const LARGEST_PAGE: usize = 128 * 1024;

/// All parts. See [`App::open`].
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// What handlers and workers use.
pub struct Parts {
    pub config: Config,
    pub site: Site,
    pub clock: Clock,
    pub db: Db,
    pub client: Client,
    pub lanes: Lanes,
    /// The certificate, where TLS ends in this program.
    pub tls: Option<Tls>,
    pub tokens: Arc<Tokens>,
    /// Public documents, see [`App::document`].
    documents: Documents<[u8]>,
    /// Public pages and feeds, see [`App::page`].
    pages: Documents<Rendered>,
    /// The operator's own style sheet.
    pub style: Option<Style>,
    /// Milliseconds since 1970.
    pub started_at: i64,
    /// Private keys of local actors, parsed.
    pub keys: Keys,
    /// What push services know this server by.
    pub vapid: VapidKey,
    /// Rouses the worker when there is something to deliver or to do.
    pub wake: Arc<Wake>,
    /// Open streams of the client API.
    pub streams: Arc<Hub>,
    /// Failed sign-ins by account and by address (S-068).
    pub sign_ins: Throttle<String>,
    /// Requests to the client API by account or address.
    pub requests: Throttle<Who>,
    /// New applications by address (S-079).
    pub registrations: Throttle<IpAddr>,
    /// Who tried to sign up, and who did, by address.
    pub sign_ups: Throttle<String>,
    /// Key fetches under way, by the key's host (S-055).
    pub key_fetches: InFlight,
    /// Keys and documents that could not be fetched lately (S-019).
    pub unreachable: Throttle<String>,
    /// What relays bring.
    pub relays: Arc<Relays>,
    /// What servers pass on that others wrote, by the server that does (F-147).
    pub forwards: Throttle<String>,
    /// New servers that were met lately, and how many of their domain (S-021).
    pub new_hosts: Throttle<String>,
    /// Requests to the inbox by address and by server (S-054).
    pub inbox: Throttle<String>,
    /// Files of uploads.
    pub media: Media,
    /// Uploads that are being received.
    pub uploads: InFlight,
    /// Archives of accounts that are, by account.
    pub archives: InFlight,
    /// Files of elsewhere on their way here, those that could not be had lately, and how many of
    /// one server are fetched at once.
    pub arrivals: Arrivals,
    pub failures: Failures,
    pub media_turns: Turns,
    /// Who looks at files for which there is no room, by address; and what those are, by key.
    pub passing: Queue,
    pub passed: Kept<Passed>,
    /// Files of elsewhere that one address had fetched lately.
    pub fetched_files: Throttle<IpAddr>,
    /// Cached files that were looked at since that was last written down.
    pub viewed: Viewed,
    /// Statuses whose pictures should be here before anybody looks.
    pub ahead: Arc<Ahead>,
    /// How many accepted activities wait.
    pub backlog: Backlog,
    /// Texts that were translated lately, and what is translated into what.
    pub translations: Kept<Translated>,
    pub translation_languages: Kept<LanguagePairs>,
    /// What was done since the start, for who watches the server.
    pub meter: Meter,
    /// Who shows it to `/livez` is a command on this machine: see `health::outside`.
    pub probe: String,
    /// How much trending tags are used, by the tags of a page.
    pub tag_uses: Kept<Vec<db::tag::Use>>,
}

/// What differs between service and tests.
pub struct Surroundings {
    pub clock: Clock,
    /// `None`: the system's resolver.
    pub resolver: Option<Arc<dyn Resolve>>,
    /// This program, which decodes images in a process of its own.
    pub program: PathBuf,
}

impl Default for Surroundings {
    fn default() -> Self {
        Self { clock: Clock::system(), resolver: None, program: this_program() }
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl App {
    /// Opens the database, checks that it belongs to this configuration, and builds the rest.
    ///
    /// # Errors
    /// One clear sentence, before anything is changed, when the folder, the database or the
    /// configuration does not fit.
    pub fn open(config: Config, surroundings: Surroundings) -> Result<Self> {
        let (data, backups) = (config.storage.data_dir.clone(), config.backup_dir());
        Self::open_all(config, surroundings)
            .map_err(|error| service::opening::explain(&data, &backups, error))
    }

    fn open_all(config: Config, surroundings: Surroundings) -> Result<Self> {
        let site = Site::new(&config);
        let clock = surroundings.clock;
        let tokens = Arc::new(Tokens::default());
        let wake = Arc::new(Wake::default());
        let settings = client_settings(&config, surroundings.resolver)?;
        let style = Style::read(&config)?;
        let streams = Arc::new(Hub::default());
        let (for_tokens, for_wake) = (Arc::clone(&tokens), Arc::clone(&wake));
        let for_streams = Arc::clone(&streams);
        let ahead = Arc::new(Ahead::default());
        let (for_ahead, for_clock) = (Arc::clone(&ahead), clock.clone());
        let only_people = config.media.prefetch == Prefetch::None;
        let after_commit = move |events: Vec<Event>| {
            for event in events {
                match &event {
                    Event::TokensEnded { .. } => for_tokens.clear(),
                    Event::DeliveryQueued | Event::JobQueued => for_wake.rouse(),
                    Event::TimelineGrew { id, author_id, plain } => {
                        let only_author = (*plain && only_people).then_some(*author_id);
                        if for_ahead.add(*id, only_author, for_clock.now_ms()) {
                            for_wake.rouse();
                        }
                    }
                    _ => {}
                }
                for_streams.tell(event);
            }
        };
        let tls = Tls::open(&config)?;
        service::restore::finish(&config.storage.data_dir, clock.now_ms())?;
        service::upgrade::prepare(&config, &clock)?;
        let db = Db::open(&config.storage.data_dir, clock.clone(), Box::new(after_commit))?;
        if let Err(refused) = claim(&db, &config, &site) {
            // as it was found, without a log beside it
            db.close();
            return Err(refused);
        }
        db::upgrade::finished(&config.storage.data_dir);
        let vapid = vapid(&db)?;
        let site = site.with_cache_secret(cache_secret(&db)?);
        let client = Client::new(settings)?;
        let bucket = Bucket::open(&config.s3, client.clone(), clock.clone());
        let home = match config.storage.uploads {
            Uploads::Local => Store::Disk,
            Uploads::S3 => Store::Bucket,
        };
        Ok(Self(Arc::new(Parts {
            client,
            lanes: Lanes::new(),
            tls,
            keys: Keys::default(),
            vapid,
            documents: Documents::new(64),
            pages: Documents::new(16),
            style,
            started_at: clock.now_ms(),
            sign_ins: Throttle::new(clock.clone()),
            requests: Throttle::new(clock.clone()),
            registrations: Throttle::new(clock.clone()),
            sign_ups: Throttle::new(clock.clone()),
            // so many at once, and of one server: strangers choose what is asked for
            key_fetches: InFlight::new(4, 2),
            unreachable: Throttle::new(clock.clone()),
            relays: Arc::new(Relays::new(clock.clone())),
            forwards: Throttle::new(clock.clone()),
            new_hosts: Throttle::new(clock.clone()),
            inbox: Throttle::new(clock.clone()),
            media: open_media(&config, surroundings.program, &db, &wake)?.with_bucket(bucket, home),
            uploads: InFlight::new(8, 8),
            archives: InFlight::new(2, 1),
            arrivals: Arrivals::default(),
            failures: Failures::new(clock.clone()),
            media_turns: Turns::new(8, 64),
            // each holds a thread of the media lane, and the others go on
            passing: Queue::new(InFlight::new(10, 3), InFlight::new(256, 48)),
            passed: Kept::new(1024),
            fetched_files: Throttle::new(clock.clone()),
            viewed: Viewed::default(),
            ahead,
            backlog: Backlog::default(),
            translations: Kept::new(256),
            translation_languages: Kept::new(1),
            tag_uses: Kept::new(16),
            meter: Meter::default(),
            probe: crate::crypto::code128(),
            config,
            site,
            clock,
            db,
            tokens,
            wake,
            streams,
        })))
    }

    /// The bytes of a public document: those of before while nothing was committed since, else
    /// as `build` makes them. `key` says all that the document depends on beside the database.
    pub async fn document<F>(&self, key: String, build: F) -> Result<Arc<[u8]>>
    where
        F: FnOnce(&Self, &Conn) -> Result<Vec<u8>> + Send + 'static,
    {
        let build = |app: &Self, conn: &Conn| Ok(Arc::from(build(app, conn)?));
        self.kept(|parts| &parts.documents, |_| true, key, build).await
    }

    /// The same for a page or a feed that anybody may read; a very large one is made anew each time.
    pub async fn page<F>(&self, key: String, build: F) -> Result<Arc<Rendered>>
    where
        F: FnOnce(&Self, &Conn) -> Result<Rendered> + Send + 'static,
    {
        let build = |app: &Self, conn: &Conn| Ok(Arc::new(build(app, conn)?));
        let small = |page: &Rendered| page.body.len() <= LARGEST_PAGE;
        self.kept(|parts| &parts.pages, small, key, build).await
    }

    async fn kept<T, F>(
        &self,
        kept: fn(&Parts) -> &Documents<T>,
        worth: fn(&T) -> bool,
        key: String,
        build: F,
    ) -> Result<Arc<T>>
    where
        T: ?Sized + Send + Sync + 'static,
        F: FnOnce(&Self, &Conn) -> Result<Arc<T>> + Send + 'static,
    {
        // read before the snapshot is taken
        let (commits, now) = (self.db.commits(), self.clock.now_ms());
        if let Some(body) = kept(&self.0).get(&key, commits, now) {
            return Ok(body);
        }
        let parts = self.clone();
        let body: Arc<T> = self.read(move |conn| build(&parts, conn)).await?;
        if worth(&body) {
            kept(&self.0).insert(key, &body, commits, now);
        }
        Ok(body)
    }

    /// Looks after the certificate at once, whatever failed lately: somebody mended it.
    pub fn look_after_certificate(&self) {
        if let Some(tls) = &self.tls {
            tls.ask();
            self.wake.rouse();
        }
    }

    /// Ends outgoing requests, lets the writer finish and closes the database. What waits in
    /// the queues is due again at the next start.
    pub fn close(&self) {
        self.client.shutdown();
        self.media.stop();
        self.lanes.shutdown();
        self.db.close();
    }
}

/// Files, and who makes room for more of them.
fn open_media(config: &Config, program: PathBuf, db: &Db, wake: &Arc<Wake>) -> Result<Media> {
    let media = Media::open(config, program)?;
    let (wake, cache) = (Arc::clone(wake), media.cache.clone());
    let keeper = service::cache::Keeper::new(db.clone(), cache, move || wake.rouse());
    media.room.kept_by(Box::new(keeper));
    Ok(media)
}

/// On Linux also after its file was replaced by a newer one.
fn this_program() -> PathBuf {
    if cfg!(target_os = "linux") {
        return PathBuf::from("/proc/self/exe");
    }
    std::env::current_exe().unwrap_or_else(|_| PathBuf::from("dassie"))
}

/// The key for web push; a new database, or one of an older version, gets one.
fn vapid(db: &Db) -> Result<VapidKey> {
    match db.read(service::push::find_key)? {
        Some(key) => Ok(key),
        None => db.write(Lane::Interactive, service::push::key).wait(),
    }
}

/// What makes addresses of cached files unguessable; made at the first start.
fn cache_secret(db: &Db) -> Result<[u8; 16]> {
    const KEY: &str = "cache_secret";
    let secret = match db.read(|conn| db::meta::get(conn, KEY))? {
        Some(text) => text,
        None => {
            let text = crate::media::storage::new_key();
            let stored = text.clone();
            db.write(Lane::Interactive, move |tx| db::meta::set(tx, KEY, &stored)).wait()?;
            text
        }
    };
    let number = u128::from_str_radix(&secret, 16)
        .map_err(|_| Error::internal("the secret of cached files in the database is damaged"))?;
    Ok(number.to_be_bytes())
}

/// How requests go out by this configuration.
///
/// # Errors
/// One clear sentence when a file that it names cannot be read.
pub fn client_settings(config: &Config, resolver: Option<Arc<dyn Resolve>>) -> Result<Settings> {
    let user_agent = format!("Dassie/{} (+{}/)", env!("CARGO_PKG_VERSION"), config.base_url());
    let mut settings = Settings::new(user_agent);
    settings.own_hosts = vec![config.server.host.clone()];
    settings.allowed_private = config.network.allowed_private_ranges.clone();
    settings.allow_ports = config.network.allow_ports.clone();
    settings.allow_http = config.dev;
    if let Some(path) = &config.network.extra_ca_file {
        let pem = std::fs::read(path).map_err(|e| {
            Error::internal(format!(
                "cannot read network.extra_ca_file {}: {e}. Correct the path, or leave it out.",
                path.display()
            ))
        })?;
        settings.extra_ca_pem = Some(pem);
    }
    if let Some(resolver) = resolver {
        settings.resolver = resolver;
    }
    Ok(settings)
}

/// A database belongs to one host and account domain for ever, and to `--dev` or not: addresses
/// that other servers know cannot change (F-355). A new one is claimed, with the instance actor.
fn claim(db: &Db, config: &Config, site: &Site) -> Result<()> {
    let kind = if config.dev { "dev" } else { "real" };
    let facts = [
        ("host", site.host.clone()),
        ("account_domain", site.account_domain.clone()),
        ("kind", kind.into()),
    ];
    let mut is_new = false;
    for (key, wanted) in &facts {
        match db.read(|conn| db::meta::get(conn, key))? {
            Some(have) if have == *wanted => {}
            Some(have) if *key == "kind" => {
                return Err(Error::internal(format!(
                    "the database in {} was made by a {have} server and this is a {wanted} one. \
                     {} Or choose another storage.data_dir.",
                    config.storage.data_dir.display(),
                    if config.dev { "Start without --dev." } else { "Start with --dev." },
                )));
            }
            Some(have) => {
                return Err(Error::internal(format!(
                    "server.{key} is {wanted}, but the database in {} was made for {have}. Other \
                     servers know its accounts under that name, so it cannot change: set it back, \
                     or choose another storage.data_dir.",
                    config.storage.data_dir.display()
                )));
            }
            None => is_new = true,
        }
    }
    let (allowlist, instance) = (config.federation.allowlist, config.instance.clone());
    let never_shared = config.federation.never_shared_inbox;
    let hold_back = config.federation.hold_back_new_accounts;
    db.write(Lane::Interactive, move |tx| {
        service::domain::set_allowlist(tx, allowlist)?;
        service::keys::complete(tx)?;
        service::delivery::set_never_shared(tx, never_shared)?;
        service::notification_policy::set_default(tx, hold_back)?;
        service::document::note_texts(tx, &instance)
    })
    .wait()?;
    let has_actor = db.read(|conn| db::key::find_local(conn, INSTANCE_ACTOR))?.is_some();
    if !is_new && has_actor {
        return Ok(());
    }
    let key = signature::key::generate()?;
    let site = site.clone();
    db.write(Lane::Interactive, move |tx| {
        for (key, value) in &facts {
            db::meta::set(tx, key, value)?;
        }
        service::account::ensure_instance_actor(tx, &site, key)
    })
    .wait()
}
