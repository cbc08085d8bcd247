//! The process that is measured: a whole server in the time of a clock that it is told, and beside
//! it what no server on the web can do in that time: hand in statuses, and files of a size.

use std::io::{BufRead as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};

use dassie::activity::object::Object;
use dassie::app::{App, Surroundings};
use dassie::client::Resolve;
use dassie::clock::{Clock, HOUR};
use dassie::config::{Config, Size};
use dassie::crypto;
use dassie::db::{self, Lane, Written};
use dassie::federation::resolve;
use dassie::lookup::cached_file;
use dassie::media::room::Reservation;
use dassie::media::storage::{Name, new_key};
use dassie::model::{CacheClass, CacheKey, CachedFile, MediaKind, Store};
use dassie::model::{Upload, UploadPurpose, UploadState};
use dassie::server;
use dassie::service::cached_file::{Found, Wanted, find, keep};
use dassie::service::status::{self, Draft, Mentioned};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::people;
use crate::{Res, START};

/// The worker is done when it wrote nothing for so long.
const QUIET: Duration = Duration::from_millis(30);
/// Of a picture that is uploaded here.
pub const UPLOAD: usize = 50_000;

/// What the server is told to do, a line each.
#[derive(Serialize, Deserialize)]
pub enum Order {
    Arrive(Vec<Arriving>),
    /// Somebody looks at these addresses of the cache.
    View(Vec<String>),
    Mark {
        favourites: Vec<i64>,
        bookmarks: Vec<i64>,
    },
    Post {
        text: String,
        picture: bool,
    },
    /// So many milliseconds pass; at the full hour it waits for the housekeeping.
    Turn(i64),
}

/// A status on its way.
#[derive(Serialize, Deserialize)]
pub struct Arriving {
    pub document: Value,
    /// The number of who wrote it.
    pub author: usize,
    pub relayed: bool,
}

/// What became of a look at a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Look {
    Here,
    /// It was fetched, so many bytes.
    Fetched(u64),
    /// There was no room.
    Refused,
    /// It does not exist any more.
    Gone,
}

/// What the server says of itself at the start.
#[derive(Serialize, Deserialize)]
pub struct Ready {
    pub port: u16,
    pub token: String,
    pub followed: Vec<i64>,
}

/// No other server exists.
struct Nowhere;

impl Resolve for Nowhere {
    fn resolve(&self, _: &str, _: Instant) -> std::io::Result<Vec<std::net::IpAddr>> {
        Err(std::io::ErrorKind::NotFound.into())
    }
}

/// A server with the person that lives on it.
struct Served {
    app: App,
    clock: Clock,
    me: i64,
    relay: i64,
}

/// Serves until the orders end.
pub fn run(folder: &Path, limit: u64) -> Res<()> {
    let clock = Clock::manual(START);
    let mut config = Config::default();
    config.server.host = crate::HOST.into();
    config.storage.data_dir = folder.to_owned();
    config.media.cache_max_size = Size(limit);
    config.limits.requests_per_account = 1_000_000;
    config.limits.requests_per_address = 1_000_000;
    config.limits.uploads_per_account = 0;
    let surroundings = Surroundings {
        clock: clock.clone(),
        resolver: Some(std::sync::Arc::new(Nowhere)),
        ..Surroundings::default()
    };
    let app = App::open(config, surroundings)?;
    let (relay, followed) = people::settle(&app)?;
    let (me, token) = people::person(&app, &followed)?;
    let server = server::start(app.clone(), TcpListener::bind("127.0.0.1:0")?)?;
    let mut out = std::io::stdout().lock();
    let ready = Ready { port: server.address.port(), token, followed };
    writeln!(out, "{}", serde_json::to_string(&ready)?)?;
    let served = Served { app, clock, me, relay };
    for line in std::io::stdin().lock().lines() {
        let answer = served.obey(serde_json::from_str(&line?)?)?;
        writeln!(out, "{answer}")?;
    }
    drop(served);
    server.stop();
    Ok(())
}

impl Served {
    fn obey(&self, order: Order) -> Res<Value> {
        Ok(match order {
            Order::Arrive(statuses) => {
                self.arrive(statuses)?;
                Value::Null
            }
            Order::View(addresses) => serde_json::to_value(self.view(&addresses)?)?,
            Order::Mark { favourites, bookmarks } => {
                serde_json::to_value(self.mark(favourites, bookmarks)?)?
            }
            Order::Post { text, picture } => self.post(text, picture)?.into(),
            Order::Turn(ms) => {
                self.clock.advance(ms);
                self.app.wake.rouse();
                if self.clock.now_ms() % HOUR == 0 {
                    self.keep_house();
                }
                self.app.media.room.used()?.into()
            }
        })
    }

    /// As jobs of relays store them, but for the fetching: each in a savepoint of its own.
    fn arrive(&self, statuses: Vec<Arriving>) -> Res<()> {
        let mut stored = Vec::with_capacity(statuses.len());
        for one in statuses {
            let incoming = resolve::read(&self.app, Object::parse(&one.document)?);
            let relay = one.relayed.then_some(self.relay);
            stored.push(self.app.db.write(Lane::Background, move |tx| {
                people::store(tx, &incoming, one.author, relay)
            }));
        }
        Ok(stored.into_iter().try_for_each(Written::wait)?)
    }

    fn view(&self, addresses: &[String]) -> Res<Vec<Look>> {
        let now = self.app.clock.now_ms();
        let mut looks = Vec::with_capacity(addresses.len());
        // a place is given back after its row is written
        let mut arriving: Vec<(Reservation, Written<()>)> = Vec::new();
        for address in addresses {
            let Some(wanted) = self.wanted(address)? else {
                looks.push(Look::Gone);
                continue;
            };
            if let Some((row, _)) = cached_file::open(&self.app, &wanted)? {
                let noted = self.app.viewed.note(&row, now);
                if !noted.is_empty() {
                    let touched = self.app.db.write(Lane::Background, move |tx| {
                        noted.iter().try_for_each(|(key, at)| db::cached_file::touch(tx, key, *at))
                    });
                    touched.wait()?;
                }
                looks.push(Look::Here);
                continue;
            }
            let bytes = people::bytes_of(&wanted.url);
            // as many as the media lane brings at once
            if arriving.len() == 8 {
                settle(&mut arriving)?;
            }
            match self.app.media.room.reserve(bytes) {
                Ok(place) => {
                    arriving.push((place, self.fetch(wanted, bytes, now)?));
                    looks.push(Look::Fetched(bytes));
                }
                Err(_) => looks.push(Look::Refused),
            }
        }
        settle(&mut arriving)?;
        Ok(looks)
    }

    /// What an address of ours stands for: `/cache/class/owner/key.ending`.
    fn wanted(&self, address: &str) -> Res<Option<Wanted>> {
        let mut parts = address.rsplit('/');
        let key = parts.next().and_then(|last| CacheKey::parse(last.split('.').next()?));
        let owner = parts.next().and_then(|owner| owner.parse().ok());
        let class = parts.next().and_then(CacheClass::parse);
        let (Some(key), Some(owner), Some(class)) = (key, owner, class) else {
            return Err(format!("{address} is no address of the cache").into());
        };
        let site = &self.app.site;
        Ok(match self.app.db.read(|conn| find(conn, site, class, owner, &key)) {
            Ok(Found::File(wanted)) => Some(wanted),
            _ => None,
        })
    }

    /// A file of so many bytes, none of which is written.
    fn fetch(&self, wanted: Wanted, bytes: u64, now: i64) -> Res<Written<()>> {
        let cache = &self.app.media.cache;
        let temporary = cache.temporary(&new_key());
        std::fs::File::create(&temporary)?.set_len(bytes)?;
        let file = CachedFile {
            key: wanted.key,
            class: wanted.class,
            owner: wanted.owner,
            host: wanted.host.clone(),
            extension: "jpg".into(),
            bytes: i64::try_from(bytes)?,
            kept: false,
            fetched_at: now,
            viewed_at: now - now.rem_euclid(HOUR),
        };
        cache.keep(&temporary, &Name::parse(&file.name()).ok_or("no name")?)?;
        Ok(self.app.db.write(Lane::Interactive, move |tx| keep(tx, &wanted, file).map(drop)))
    }

    /// Answers which of them are there to be marked.
    fn mark(&self, favourites: Vec<i64>, bookmarks: Vec<i64>) -> Res<Vec<i64>> {
        let me = self.me;
        let marked = self.app.db.write(Lane::Interactive, move |tx| {
            let mut marked = Vec::new();
            for status in db::status::list(tx, &favourites)? {
                db::favourite::insert(tx, me, status.id, None)?;
                marked.push(status.id);
            }
            for status in db::status::list(tx, &bookmarks)? {
                db::bookmark::insert(tx, me, status.id)?;
                marked.push(status.id);
            }
            Ok(marked)
        });
        Ok(marked.wait()?)
    }

    fn post(&self, text: String, picture: bool) -> Res<i64> {
        let media_ids = if picture { vec![self.upload()?] } else { Vec::new() };
        let (me, site) = (self.me, self.app.site.clone());
        let draft =
            Draft { text, media_ids, idempotency_key: Some(crypto::code128()), ..Draft::default() };
        let written = self.app.db.write(Lane::Interactive, move |tx| {
            let author = db::account::get(tx, me)?;
            status::create(tx, &site, &author, draft, &Mentioned::default())
        });
        Ok(written.wait()?.id)
    }

    /// A file that is uploaded, as it is after it was decoded.
    fn upload(&self) -> Res<i64> {
        let key = new_key();
        let name = Name::parse(&format!("{key}.jpg")).ok_or("no name")?;
        let storage = &self.app.media.storage;
        let mut file = storage.begin()?;
        file.write(&[7; UPLOAD])?;
        let temporary = file.keep()?;
        storage.keep(&storage.temporary(&temporary), &name)?;
        let me = self.me;
        let stored = self.app.db.write(Lane::Interactive, move |tx| {
            let upload = Upload {
                id: tx.mint_id(),
                account_id: me,
                status_id: None,
                kind: MediaKind::Image,
                media_type: "image/jpeg".into(),
                key,
                extension: "jpg".into(),
                preview_extension: None,
                state: UploadState::Ready,
                description: None,
                blurhash: None,
                focus: None,
                width: Some(800),
                height: Some(600),
                preview_width: None,
                preview_height: None,
                duration: None,
                error: None,
                frame_rate: None,
                bitrate: None,
                sound: None,
                store: Store::Disk,
            };
            db::upload::insert(tx, &upload, UploadPurpose::Attachment, UPLOAD as u64)?;
            Ok(upload.id)
        });
        Ok(stored.wait()?)
    }

    /// Lets the worker do what is due at this time.
    fn keep_house(&self) {
        let mut quiet = Instant::now();
        let mut commits = self.app.db.commits();
        while quiet.elapsed() < QUIET {
            std::thread::sleep(Duration::from_millis(3));
            let now = self.app.db.commits();
            if now != commits || self.app.wake.is_rung() {
                (commits, quiet) = (now, Instant::now());
            }
        }
    }
}

/// Waits until the rows of these files are written, and gives their places back.
fn settle(arriving: &mut Vec<(Reservation, Written<()>)>) -> Res<()> {
    for (place, written) in arriving.drain(..) {
        written.wait()?;
        drop(place);
    }
    Ok(())
}
