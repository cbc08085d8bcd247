//! What somebody wants in a browser: an archive that was received is brought in, and a copy of the
//! account is made, by jobs that go on after a restart. How each stands is one value of `meta` an
//! account, its file one of `media.archives`, which no backup has.

use std::collections::HashSet;
use std::io::{BufWriter, Write};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Here, Importer, Report, Wanted};
use crate::app::App;
use crate::clock::DAY;
use crate::db::{self, Conn, Lane, Tx};
use crate::error::{Error, Result};
use crate::media::account_archive::Archive;
use crate::media::storage::Incoming;
use crate::model::{Account, JobKind, Visibility};
use crate::text::reason::Reason;

/// How long a copy is there, and the pause before one can be made anew, in milliseconds.
pub const KEPT: i64 = 7 * DAY;
pub const PAUSE: i64 = DAY;
/// A file that nothing refers to was left behind.
const LEFT_ALONE: Duration = Duration::from_secs(6 * 3600);
/// How many of them one look removes.
const SLICE: usize = 100;
/// All of them come one after the other.
const LANE: &str = "archive";
/// The largest file of posts: reading it costs the processor.
const LARGEST_OUTBOX: u64 = 1 << 30;

/// An archive that is being brought in, or was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BroughtIn {
    /// Its file; gone when it is done.
    pub key: String,
    /// Milliseconds since 1970; no two of an account have the same.
    pub begun_at: i64,
    pub finished_at: Option<i64>,
    /// Nothing is shown to more people than this.
    pub visibility: Option<Visibility>,
    /// Messages to single people too.
    pub direct: bool,
    /// How many entries there are; 0: not counted yet.
    pub total: usize,
    /// How many were looked at.
    pub seen: usize,
    pub report: Report,
    /// How many bookmarks are being looked up.
    pub bookmarks: usize,
    /// Why it ended before its end; or that its owner wanted so.
    pub stopped: Option<String>,
    pub cancelled: bool,
}

/// A copy of the account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Copy {
    /// Its file, when it is made.
    pub key: String,
    /// Milliseconds since 1970.
    pub asked_at: i64,
    pub made_at: Option<i64>,
    pub bytes: u64,
    pub posts: usize,
    /// How many files were not where they should be.
    pub lost: usize,
    /// Why there is none.
    pub failed: Option<String>,
}

impl Copy {
    /// Whether it is being made.
    pub fn is_awaited(&self) -> bool {
        self.made_at.is_none() && self.failed.is_none()
    }

    /// Whether another one may be made.
    pub fn may_be_replaced(&self, now: i64) -> bool {
        let is_new = self.made_at.is_some() && (0..PAUSE).contains(&(now - self.asked_at));
        !self.is_awaited() && !is_new
    }
}

/// Where both stand.
const IN: &str = "archive_in:";
const OUT: &str = "archive_out:";

fn find<T: DeserializeOwned>(conn: &Conn, what: &str, account: i64) -> Result<Option<T>> {
    let found = db::meta::get(conn, &format!("{what}{account}"))?;
    found.map(|text| serde_json::from_str(&text).map_err(Error::internal)).transpose()
}

fn set<T: Serialize>(tx: &Tx<'_>, what: &str, account: i64, value: &T) -> Result<()> {
    let text = serde_json::to_string(value).map_err(Error::internal)?;
    db::meta::set(tx, &format!("{what}{account}"), &text)
}

/// The archive that was brought in last.
pub fn brought_in(conn: &Conn, account: i64) -> Result<Option<BroughtIn>> {
    find(conn, IN, account)
}

/// The copy that was asked for last.
pub fn copy(conn: &Conn, account: i64) -> Result<Option<Copy>> {
    find(conn, OUT, account)
}

fn queue(tx: &Tx<'_>, kind: JobKind, account: i64) -> Result<()> {
    db::job::insert(tx, kind, LANE, account.to_string().as_bytes()).map(drop)
}

/// An archive was received: it is brought in.
///
/// # Errors
/// 409 while another one is.
pub fn begin(tx: &Tx<'_>, account: i64, new: BroughtIn) -> Result<()> {
    let last = brought_in(tx, account)?;
    if last.as_ref().is_some_and(|one| one.finished_at.is_none()) {
        return Err(Error::Conflict("Another archive is being brought in".into()));
    }
    let begun_at = last.map_or(0, |one| one.begun_at + 1).max(tx.now());
    set(tx, IN, account, &BroughtIn { begun_at, ..new })?;
    queue(tx, JobKind::BringIn, account)
}

/// The archive that was begun at this time is brought in no further; what came in stays. Answers its
/// file, which goes; `None`: it has ended already. Its job sees that when it looks next.
pub fn cancel(tx: &Tx<'_>, account: i64, begun_at: i64) -> Result<Option<String>> {
    let runs = |one: &BroughtIn| one.begun_at == begun_at && one.finished_at.is_none();
    let Some(one) = brought_in(tx, account)?.filter(runs) else { return Ok(None) };
    let ended = BroughtIn {
        key: String::new(),
        finished_at: Some(tx.now()),
        cancelled: true,
        ..one.clone()
    };
    set(tx, IN, account, &ended)?;
    Ok(Some(one.key))
}

/// A copy of the account is to be made; answers the file of the last one, which goes.
///
/// # Errors
/// 409 while one is made, and for a day after one was.
pub fn ask(tx: &Tx<'_>, account: i64) -> Result<Option<String>> {
    let last = copy(tx, account)?;
    if last.as_ref().is_some_and(|one| !one.may_be_replaced(tx.now())) {
        return Err(Error::Conflict("There is a copy of today".into()));
    }
    set(tx, OUT, account, &Copy { asked_at: tx.now(), ..Copy::default() })?;
    queue(tx, JobKind::CopyAccount, account)?;
    Ok(last.map(|one| one.key).filter(|key| !key.is_empty()))
}

/// What was brought in is to go again.
///
/// # Errors
/// 409 while an archive is being brought in.
pub fn take_back(tx: &Tx<'_>, account: i64) -> Result<()> {
    if brought_in(tx, account)?.is_some_and(|one| one.finished_at.is_none()) {
        return Err(Error::Conflict("An archive is being brought in".into()));
    }
    match is_taken_back(tx, account)? {
        true => Ok(()),
        false => queue(tx, JobKind::TakeBack, account),
    }
}

/// Whether what was brought in is going.
pub fn is_taken_back(conn: &Conn, account: i64) -> Result<bool> {
    db::job::waits_with(conn, JobKind::TakeBack, LANE, account.to_string().as_bytes())
}

/// Takes an archive in, as far as it is not yet. Blocks, for hours if need be.
///
/// # Errors
/// What may pass; [`stop`] ends it for good.
pub fn bring_in(app: &App, account: &Account) -> Result<()> {
    let id = account.id;
    let Some(mut state) = app.db.read(|conn| brought_in(conn, id))? else { return Ok(()) };
    if state.finished_at.is_some() {
        return Ok(());
    }
    let path = app.media.archives.temporary(&state.key);
    let archive = Archive::open_received(&path)?;
    if archive.stream(archive.outbox())?.is_some_and(|(size, _)| size > LARGEST_OUTBOX) {
        return Err(Error::invalid(Reason::posts_large.plain()));
    }
    let wanted = Wanted {
        account: account.username.clone(),
        visibility: state.visibility,
        direct: state.direct,
        ..Wanted::default()
    };
    let mut importer = Importer::new(Here(app), &archive, &wanted)?;
    if state.total == 0 {
        state.total = importer.count()?;
        if !note(app, id, &state)? {
            return Ok(());
        }
    }
    importer.report = std::mem::take(&mut state.report);
    let mut is_wanted = true;
    let whole = importer.run(state.seen, &mut |seen, report| {
        (state.seen, state.report) = (seen, report.clone());
        is_wanted = note(app, id, &state)?;
        Ok(is_wanted && !app.wake.is_closed())
    })?;
    if !is_wanted {
        return Ok(());
    }
    if !whole {
        return Err(Error::internal("the server is stopping"));
    }
    state.bookmarks = importer.marks()?.bookmarks;
    end(app, id, state)
}

/// It cannot be brought in, or not all of it.
pub fn stop(app: &App, account: i64, why: &Error) -> Result<()> {
    let found = app.db.read(|conn| brought_in(conn, account))?;
    let Some(state) = found.filter(|one| one.finished_at.is_none()) else { return Ok(()) };
    let file = app.media.archives.temporary(&state.key).display().to_string();
    let why = sentence(why).replace(&file, "the file");
    end(app, account, BroughtIn { stopped: Some(why), ..state })
}

/// What somebody may read of a failure.
fn sentence(error: &Error) -> String {
    let text = error.public();
    text.strip_prefix("Validation failed: ").unwrap_or(&text).to_owned()
}

fn end(app: &App, account: i64, state: BroughtIn) -> Result<()> {
    let key = state.key.clone();
    let finished_at = Some(app.clock.now_ms());
    note(app, account, &BroughtIn { key: String::new(), finished_at, ..state })?;
    app.media.archives.remove_temporary(&key)
}

/// Writes down how far it is. Where it was ended meanwhile it only adds what came in all the same,
/// and answers false; so it does where the account was deleted.
fn note(app: &App, account: i64, state: &BroughtIn) -> Result<bool> {
    let state = state.clone();
    let write = app.db.write(Lane::Background, move |tx| {
        let same = brought_in(tx, account)?.filter(|one| one.begun_at == state.begun_at);
        let Some(last) = same else { return Ok(false) };
        let goes_on = last.finished_at.is_none();
        let new = match goes_on {
            true => state,
            false => BroughtIn { report: state.report, bookmarks: state.bookmarks, ..last },
        };
        set(tx, IN, account, &new)?;
        Ok(goes_on)
    });
    write.wait()
}

/// Makes a copy of the account. Blocks, for as long as it takes.
///
/// # Errors
/// What may pass; [`fail`] ends it for good.
pub fn make(app: &App, account: &Account) -> Result<()> {
    let id = account.id;
    let Some(state) = app.db.read(|conn| copy(conn, id))? else { return Ok(()) };
    if !state.is_awaited() {
        return Ok(());
    }
    let archives = &app.media.archives;
    let out = BufWriter::new(File(archives.begin()?));
    let folder = archives.temporary("");
    let (name, mut steps) = (&account.username, Here(app));
    let (out, written) = super::write(&mut steps, name, &folder, out, &mut |_, _| Ok(()))?;
    let File(file) = out.into_inner().map_err(|e| Error::internal(e.into_error()))?;
    let bytes = file.bytes;
    let key = file.keep()?;
    let made = Copy {
        key: key.clone(),
        made_at: Some(app.clock.now_ms()),
        bytes,
        posts: written.posts,
        lost: written.lost.len(),
        ..state
    };
    let noted = app.db.write(Lane::Background, move |tx| match copy(tx, id)? {
        Some(_) => set(tx, OUT, id, &made),
        // the account was deleted meanwhile
        None => Err(Error::NotFound),
    });
    noted.wait().inspect_err(|_| drop(archives.remove_temporary(&key)))
}

/// There will be no copy.
pub fn fail(app: &App, account: i64, why: &Error) -> Result<()> {
    let failed = Some(sentence(why));
    let noted = app.db.write(Lane::Background, move |tx| match copy(tx, account)? {
        Some(one) => set(tx, OUT, account, &Copy { failed, ..one }),
        None => Ok(()),
    });
    noted.wait()
}

/// A file that is received, as a zip wants it.
struct File(Incoming);

impl Write for File {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.write(bytes).map_err(std::io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Removes copies that are old, or all where `all` says that the disk is too full for them; and what
/// was left behind, by deleted accounts too.
pub fn keep_house(app: &App, all: bool) -> Result<()> {
    let archives = &app.media.archives;
    let (copies, mut known) = app
        .db
        .read(|conn| Ok((db::meta::list_under(conn, OUT)?, db::meta::list_under(conn, IN)?)))?;
    for (key, then) in &copies {
        let Ok(one) = serde_json::from_str::<Copy>(then) else { continue };
        let is_old = one.made_at.is_some_and(|at| at + KEPT < app.clock.settled_ms());
        if one.key.is_empty() || !(is_old || all) {
            continue;
        }
        archives.remove_temporary(&one.key)?;
        let text = serde_json::to_string(&Copy { key: String::new(), ..one });
        let (key, text) = (key.clone(), text.map_err(Error::internal)?);
        let then = then.clone();
        let write = app.db.write(Lane::Background, move |tx| {
            // another one may have been made meanwhile
            match db::meta::get(tx, &key)? == Some(then) {
                true => db::meta::set(tx, &key, &text),
                false => Ok(()),
            }
        });
        write.wait()?;
    }
    known.extend(copies);
    let owner = |key: &str| key.rsplit(':').next().and_then(crate::id::parse).unwrap_or_default();
    let ids: Vec<i64> = known.iter().map(|(key, _)| owner(key)).collect();
    let users = app.db.read(|conn| db::user::list(conn, &ids))?;
    let here: HashSet<i64> = users.iter().map(|user| user.account_id).collect();
    let names = known.iter().map(|(key, _)| key.clone());
    let gone: Vec<String> = names.filter(|key| !here.contains(&owner(key))).collect();
    known.retain(|(key, _)| !gone.contains(key));
    if !gone.is_empty() {
        let forget = app.db.write(Lane::Background, move |tx| {
            gone.iter().try_for_each(|key| db::meta::remove(tx, key))
        });
        forget.wait()?;
    }
    let left = archives.list_temporary(LEFT_ALONE, SLICE)?;
    for key in left.iter().filter(|key| !known.iter().any(|(_, text)| text.contains(*key))) {
        archives.remove_temporary(key)?;
    }
    Ok(())
}
