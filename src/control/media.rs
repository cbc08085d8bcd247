//! Commands about files: what lies here, what of it goes, and where it goes.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::command::Reply;
use super::media_move::{self, MoveLine, MoveStep};
use crate::app::App;
use crate::clock::DAY;
use crate::db::{self, Conn, Lane, cache_expiry, cache_usage};
use crate::error::{Error, Result};
use crate::model::{CacheClass, MediaKind, Store, UploadPurpose};
use crate::service::cache::{self, Gone};
use crate::service::shelf;

pub use crate::service::shelf::{Findings, STEPS};

/// How long one command works before it tells how far it came: others wait for their turn.
const SLICE: Duration = Duration::from_millis(500);
/// How many servers and accounts the overview has.
const TOP: i64 = 10;

/// What an operator wants of the files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaCommand {
    Usage,
    /// A slice of it, unless it is a dry run.
    Prune {
        what: Prune,
        dry_run: bool,
    },
    /// From this step on, a slice.
    Check {
        from: u32,
        repair: bool,
    },
    /// A slice of it.
    Refetch(Refetch),
    /// A slice of it, unless it is a dry run.
    Move(MoveStep),
}

/// What is to go from the cache.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prune {
    /// What nobody looked at for so many days, or as many as the settings have; what is kept, after
    /// four times as many.
    Days(Option<u32>),
    /// The least needed, until it has so many bytes.
    Size(u64),
    /// All of a server.
    Host(String),
}

/// What is to be fetched anew when somebody looks at it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refetch {
    Account(String),
    Host(String),
    Status(String),
}

/// What comes of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaReply {
    Usage(Box<Usage>),
    /// What went, or would go; whether there is more to do.
    Gone {
        files: i64,
        bytes: i64,
        more: bool,
    },
    /// What was found, and where to go on.
    Checked {
        found: Findings,
        next: u32,
    },
    Moved(MoveLine),
}

/// Files and bytes of something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    pub name: String,
    pub files: i64,
    pub bytes: i64,
}

impl Share {
    fn new(name: impl Into<String>, (files, bytes): (i64, i64)) -> Self {
        Self { name: name.into(), files, bytes }
    }
}

/// What lies here; times in milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// By account and kind, such as `ann: avatar`.
    pub uploads: Vec<Share>,
    /// Those of them that lie in the bucket.
    pub bucket: Share,
    pub cache: Share,
    /// Removed and still in the folder, for a moment.
    pub trash: i64,
    pub kept: Share,
    pub classes: Vec<Share>,
    pub hosts: Vec<Share>,
    pub accounts: Vec<Share>,
    /// When the file that was not looked at for longest was, and the one looked at last.
    pub viewed: Option<(i64, i64)>,
    pub cache_days: u64,
    pub cache_max_size: u64,
    pub min_free_disk: u64,
    pub free: u64,
}

impl MediaCommand {
    /// As it is typed.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Usage => "media usage",
            Self::Prune { .. } => "media prune",
            Self::Check { .. } => "media check",
            Self::Refetch(_) => "media refetch",
            Self::Move(_) => "media move",
        }
    }
}

pub(super) fn execute(app: &App, command: MediaCommand) -> Result<Reply> {
    let reply = match command {
        MediaCommand::Usage => MediaReply::Usage(Box::new(usage(app)?)),
        MediaCommand::Prune { what, dry_run: true } => {
            let (files, bytes) = app.db.read(|conn| would_go(app, conn, &what))?;
            MediaReply::Gone { files, bytes, more: false }
        }
        MediaCommand::Prune { what, dry_run: false } => prune(app, &what)?,
        MediaCommand::Check { from, repair } => check(app, from, repair)?,
        MediaCommand::Refetch(what) => refetch(app, what)?,
        MediaCommand::Move(step) => MediaReply::Moved(media_move::step(app, &step)?),
    };
    Ok(Reply::Media(reply))
}

fn usage(app: &App) -> Result<Usage> {
    let limits = &app.config.media;
    let free = app.media.room.free()?;
    app.db.read(|conn| {
        let mut uploads = Vec::new();
        for account in db::account::list_local(conn)? {
            for one in cache_usage::uploads(conn, account.id)? {
                let kind = match (one.purpose, one.kind) {
                    (UploadPurpose::Avatar, _) => "avatar",
                    (UploadPurpose::Header, _) => "header",
                    (_, MediaKind::Image) => "images",
                    (_, MediaKind::Gifv) => "animations",
                    (_, MediaKind::Video) => "films",
                    (_, MediaKind::Audio) => "sounds",
                    (_, MediaKind::Unknown) => "other files",
                };
                uploads.push(Share::new(format!("{}: {kind}", account.username), one.sum));
            }
        }
        let mut classes = Vec::new();
        for class in CacheClass::ALL {
            let sum = cache_usage::of_class(conn, class)?;
            if sum.0 > 0 {
                classes.push(Share::new(class_name(class), sum));
            }
        }
        let named = |list: Vec<(String, (i64, i64))>| {
            list.into_iter().map(|(name, sum)| Share::new(name, sum)).collect()
        };
        Ok(Usage {
            uploads,
            bucket: Share::new("bucket", db::object::count_in(conn, Store::Bucket, 0)?),
            cache: Share::new("cache", db::cached_file::total(conn)?),
            trash: cache_usage::trash(conn)?,
            kept: Share::new("kept", cache_usage::kept(conn)?),
            classes,
            hosts: named(cache_usage::hosts(conn, TOP)?),
            accounts: named(cache_usage::accounts(conn, TOP)?),
            viewed: cache_usage::views(conn)?,
            cache_days: limits.cache_days as u64,
            cache_max_size: limits.cache_max_size.0,
            min_free_disk: limits.min_free_disk.0,
            free,
        })
    })
}

fn class_name(class: CacheClass) -> &'static str {
    match class {
        CacheClass::Original => "attachments",
        CacheClass::Preview => "previews of attachments",
        CacheClass::Avatar => "avatars",
        CacheClass::AvatarStill => "still avatars",
        CacheClass::Header => "headers",
        CacheClass::HeaderStill => "still headers",
        CacheClass::Card => "pictures of links",
        CacheClass::Emoji => "emojis",
        CacheClass::EmojiStill => "still emojis",
    }
}

/// What pruning would remove.
fn would_go(app: &App, conn: &Conn, what: &Prune) -> Result<(i64, i64)> {
    match what {
        Prune::Days(days) => {
            let age = days_of(app, *days).saturating_mul(DAY);
            let before = |times: i64| conn.now().saturating_sub(age.saturating_mul(times));
            let rest = cache_usage::old(conn, false, before(1))?;
            let kept = cache_usage::old(conn, true, before(cache::KEPT_TIMES))?;
            Ok((rest.0 + kept.0, rest.1 + kept.1))
        }
        Prune::Size(size) => cache_usage::least_needed(conn, above(conn, *size)?),
        Prune::Host(host) => cache_usage::of_host(conn, &normal(host)),
    }
}

/// So many days, or those of the settings.
fn days_of(app: &App, days: Option<u32>) -> i64 {
    days.map_or(i64::try_from(app.config.media.cache_days).unwrap_or(i64::MAX), i64::from)
}

/// How much the cache has above this size.
fn above(conn: &Conn, size: u64) -> Result<i64> {
    let size = i64::try_from(size).unwrap_or(i64::MAX);
    Ok((db::cached_file::total(conn)?.1 - size).max(0))
}

fn normal(host: &str) -> String {
    host.trim().to_ascii_lowercase()
}

/// Slices until the time is up; whether there may be more.
fn slices(mut slice: impl FnMut() -> Result<Gone>) -> Result<MediaReply> {
    let since = Instant::now();
    let mut sum = Gone::default();
    loop {
        let gone = slice()?;
        sum = Gone { files: sum.files + gone.files, bytes: sum.bytes + gone.bytes };
        if gone.files == 0 || since.elapsed() > SLICE {
            let more = gone.files > 0;
            return Ok(MediaReply::Gone { files: sum.files, bytes: sum.bytes, more });
        }
    }
}

fn prune(app: &App, what: &Prune) -> Result<MediaReply> {
    let days = days_of(app, if let Prune::Days(days) = what { *days } else { None });
    slices(|| {
        let what = what.clone();
        cache::remove(&app.db, &app.media.cache, Lane::Background, move |conn| match what {
            Prune::Days(_) => cache::too_old(conn, days),
            Prune::Size(size) => cache::least_needed(conn, above(conn, size)?),
            Prune::Host(host) => cache_expiry::list_of_host(conn, &normal(&host), cache::SLICE),
        })
    })
}

fn check(app: &App, from: u32, repair: bool) -> Result<MediaReply> {
    let since = Instant::now();
    let (mut found, mut next) = (Findings::default(), from);
    while next < STEPS && since.elapsed() < SLICE {
        found.add(shelf::check(&app.db, &app.media, next, repair)?);
        next += 1;
    }
    if repair && next == STEPS {
        sweep(app)?;
    }
    Ok(MediaReply::Checked { found, next })
}

/// Where no server runs nobody else would remove what was thrown away.
fn sweep(app: &App) -> Result<()> {
    while cache::sweep(&app.db, &app.media)? {}
    Ok(())
}

fn refetch(app: &App, what: Refetch) -> Result<MediaReply> {
    match what {
        Refetch::Host(host) => prune(app, &Prune::Host(host)),
        Refetch::Account(handle) => {
            let account = app.db.read(|conn| {
                crate::service::account::find_by_handle(conn, &app.site, &handle)?.ok_or_else(
                    || Error::Missing(format!("there is no account {}", handle.trim()).into()),
                )
            })?;
            let id = account.id;
            slices(|| {
                cache::remove(&app.db, &app.media.cache, Lane::Background, move |conn| {
                    let mut found = cache_expiry::list_of_account(conn, id)?;
                    found.extend(cache_expiry::list_of_author(conn, id, cache::SLICE)?);
                    Ok(found)
                })
            })
        }
        Refetch::Status(address) => {
            let status = app.db.read(|conn| {
                db::status::find_by_uri_or_url(conn, address.trim())?.ok_or_else(|| {
                    Error::Missing(format!("there is no status {} here", address.trim()).into())
                })
            })?;
            let id = status.id;
            slices(|| {
                cache::remove(&app.db, &app.media.cache, Lane::Background, move |conn| {
                    cache_expiry::list_of_status(conn, id)
                })
            })
        }
    }
}
