//! Taking in the CSV files of people who move here, line by line and in the background; and what
//! each line does.

use std::collections::VecDeque;

use crate::client::host_of;
use crate::clock::DAY;
use crate::db::import::NewRow;
use crate::db::{self, Conn, Db, Lane, Tx, Written};
use crate::error::{Error, Result};
use crate::in_flight::{Entry, InFlight};
use crate::media::storage::Incoming;
use crate::model::{Account, Import, JobKind, Page, Sheet, SheetRow};
use crate::site::Site;
use crate::text::reason::Reason;
use crate::text::sheet;

use super::relationship::{self, FollowOptions};
use super::{bookmark, hidden_domain, list};

/// The largest file, in bytes, and how many lines it may have (Mastodon does 20,000).
pub const LARGEST: u64 = 10_000_000;
pub const MOST_ROWS: usize = 100_000;
/// How many imports of one account may be under way.
const MOST_OPEN: i64 = 10;
/// How many lines one closure of the writer stores, and how many closures wait for it at once.
const CHUNK: usize = 50;
const QUEUED: usize = 8;
/// How many servers one import asks at once.
const AT_ONCE: usize = 2;
/// What the lanes of imports begin with.
pub const LANE: &str = "import ";
/// The lane and server of lines that need no network.
const HERE: &str = "here";
/// How many follows and the like one slice of the clearing looks at.
const SLICE: usize = 50;
/// How long an import is shown.
pub const KEPT: i64 = 30 * DAY;

/// Takes in a file: stores its lines in slices, then lets the work begin. Blocks. It is read twice, so
/// that its lines never wait in memory.
///
/// # Errors
/// 422 for a file that has no lines or too many, or cannot be taken in, and for too many imports
/// at once.
pub fn begin(
    db: &Db,
    site: &Site,
    account: i64,
    kind: Sheet,
    overwrite: bool,
    text: &str,
) -> Result<Import> {
    if kind == Sheet::Followers {
        return Err(Reason::followers_stay.refuse());
    }
    let lines = || sheet::read(kind, text).map(|row| new_row(site, kind, row));
    let (mut count, mut is_one) = (0, false);
    for line in lines() {
        count += 1;
        is_one |= line.error.is_none();
        if count > MOST_ROWS {
            return Err(Reason::rows_many.refuse_with(MOST_ROWS));
        }
    }
    if count == 0 {
        return Err(Reason::rows_none.refuse());
    }
    // another kind of file; overwriting with it would take all away
    if !is_one {
        return Err(Reason::file_other.refuse_with(kind.as_str()));
    }
    let import = db
        .write(Lane::Interactive, move |tx| {
            if db::import::count_open(tx, account)? >= MOST_OPEN {
                return Err(Reason::imports_open.refuse_with(MOST_OPEN));
            }
            db::import::insert(tx, account, kind, overwrite)
        })
        .wait()?;
    let mut lines = lines();
    let mut queued: VecDeque<Written<()>> = VecDeque::with_capacity(QUEUED);
    loop {
        let chunk: Vec<NewRow> = lines.by_ref().take(CHUNK).collect();
        if queued.len() == QUEUED || chunk.is_empty() {
            match queued.pop_front() {
                Some(written) => written.wait()?,
                None => break,
            }
        }
        if !chunk.is_empty() {
            queued.push_back(db.write(Lane::Background, move |tx| {
                chunk.iter().try_for_each(|row| db::import::insert_row(tx, import, row))
            }));
        }
    }
    db.write(Lane::Interactive, move |tx| {
        db::import::open(tx, import)?;
        for _ in 0..AT_ONCE {
            feed(tx, import)?;
        }
        db::import::get(tx, import)?.ok_or(Error::NotFound)
    })
    .wait()
}

/// What is taken in: a text, or a file that was received.
pub enum Data {
    Text(String),
    File(Incoming),
}

impl Data {
    /// Its text. Blocks.
    ///
    /// # Errors
    /// 422 when it is not UTF-8.
    pub fn text(self) -> Result<String> {
        match self {
            Self::Text(text) => Ok(text),
            Self::File(file) => String::from_utf8(file.read()?)
                .map_err(|_| Reason::file_not_utf8.refuse_with("data")),
        }
    }
}

/// Room for a file until it is stored: one of an account at once.
///
/// # Errors
/// 503 when there is none.
pub fn enter(rooms: &InFlight, account: i64) -> Result<Entry> {
    rooms.enter(&format!("sheet {account}")).ok_or_else(|| Error::Unavailable {
        message: Reason::uploads_many.plain().into(),
        retry_after: 10,
    })
}

fn new_row(site: &Site, kind: Sheet, row: std::result::Result<SheetRow, String>) -> NewRow {
    let mut row = match row {
        Ok(row) => row,
        Err(text) => return strange(&text),
    };
    let host = match kind {
        Sheet::DomainBlocks => match hidden_domain::normal(site, &row.what) {
            Ok(domain) => {
                row.what = domain;
                HERE.to_owned()
            }
            Err(_) => return strange(&row.what),
        },
        Sheet::Bookmarks => match host_of(&row.what) {
            Some(host) => host,
            None => return strange(&row.what),
        },
        _ => match row.what.split_once('@') {
            // somebody here
            Some((name, domain)) if site.is_own_domain(domain) => {
                row.what = name.to_owned();
                HERE.to_owned()
            }
            Some((name, domain)) => match host_of(&format!("https://{domain}/")) {
                Some(host) => {
                    row.what = format!("{name}@{host}");
                    host
                }
                None => return strange(&row.what),
            },
            None => HERE.to_owned(),
        },
    };
    let host = if site.is_own_domain(&host) { HERE.to_owned() } else { host };
    NewRow { key: key(&row), host, row, error: None }
}

/// A line that cannot be done: counted and shown, so that nobody wonders where it is.
fn strange(text: &str) -> NewRow {
    let text: String = text.chars().take(200).collect();
    NewRow {
        key: format!("?{text}"),
        host: HERE.to_owned(),
        row: SheetRow { what: text, ..SheetRow::default() },
        error: Some(Reason::line_unclear.plain().to_owned()),
    }
}

/// What makes a line the same as another one, and as what is here.
fn key(row: &SheetRow) -> String {
    let what = if row.what.contains("://") { row.what.clone() } else { row.what.to_lowercase() };
    match &row.list {
        Some(list) => format!("{list}\n{what}"),
        None => what,
    }
}

/// Begins with the next server of an import; without one, and with nothing under way, it ends.
pub fn feed(tx: &Tx<'_>, import: i64) -> Result<()> {
    if let Some(host) = db::import::next_host(tx, import)? {
        let payload = serde_json::to_vec(&(import, &host)).map_err(Error::internal)?;
        db::job::insert(tx, JobKind::Import, &format!("{LANE}{host}"), &payload)?;
        return Ok(());
    }
    if db::import::waits(tx, import, None)? {
        return Ok(());
    }
    match db::import::get(tx, import)? {
        Some(found) if found.finished_at.is_some() => Ok(()),
        Some(found) if found.overwrite => {
            // the second of those that begin at once finds the first one's job
            let lane = format!("import {import} clear");
            if db::job::waits(tx, JobKind::ImportClear, &lane)? {
                return Ok(());
            }
            let payload = serde_json::to_vec(&(import, i64::MAX)).map_err(Error::internal)?;
            db::job::insert(tx, JobKind::ImportClear, &lane, &payload).map(|_| ())
        }
        _ => db::import::finish(tx, import),
    }
}

/// What a line is about.
pub enum Target {
    Account(Box<Account>),
    /// A status by its id.
    Status(i64),
    /// A domain: nothing that could be looked up.
    Domain,
}

/// What a line is about, as far as it is known here; `None` when its server has to be asked.
///
/// # Errors
/// 404 for somebody or something of ours that does not exist.
pub fn find(conn: &Conn, site: &Site, kind: Sheet, row: &SheetRow) -> Result<Option<Target>> {
    match kind {
        Sheet::DomainBlocks => Ok(Some(Target::Domain)),
        Sheet::Bookmarks => match db::status::find_by_uri_or_url(conn, &row.what)? {
            Some(status) => Ok(Some(Target::Status(status.id))),
            None if site.owns(&row.what) => Err(Error::NotFound),
            None => Ok(None),
        },
        _ => match row.what.split_once('@') {
            Some((name, domain)) => Ok(db::account::find_remote(conn, name, domain)?
                .map(|found| Target::Account(found.into()))),
            None => db::account::find_local(conn, &row.what)?
                .map(|account| Some(Target::Account(account.into())))
                .ok_or(Error::NotFound),
        },
    }
}

/// Does what a line says.
pub fn apply(
    tx: &Tx<'_>,
    site: &Site,
    import: &Import,
    row: &SheetRow,
    target: &Target,
) -> Result<()> {
    let own = db::account::get(tx, import.account_id)?;
    if own.suspended_at.is_some() {
        return Err(Error::Forbidden(Reason::suspended.plain().into()));
    }
    match (import.sheet, target) {
        (Sheet::DomainBlocks, _) => {
            hidden_domain::hide(tx, own.id, &hidden_domain::normal(site, &row.what)?)
        }
        (Sheet::Bookmarks, Target::Status(id)) => bookmark::add(tx, &own, *id).map(|_| ()),
        (Sheet::Following, Target::Account(other)) => {
            let options = FollowOptions {
                reblogs: row.reblogs,
                notify: row.notify,
                languages: row.languages.clone(),
            };
            relationship::follow(tx, &own, other, options)
        }
        (Sheet::Blocks, Target::Account(other)) => relationship::block(tx, &own, other),
        (Sheet::Mutes, Target::Account(other)) => {
            let notifications = row.hide_notifications.unwrap_or(true);
            relationship::mute(tx, &own, other, notifications, None)
        }
        (Sheet::Lists, Target::Account(other)) => {
            let title = row.list.as_deref().unwrap_or_default();
            let known = db::list::list(tx, own.id)?.into_iter().find(|list| list.title == title);
            let list = match known {
                Some(list) => list,
                None => {
                    let title = Some(title.to_owned());
                    list::create(tx, own.id, list::Change { title, ..Default::default() })?
                }
            };
            // who is in a list is followed
            if other.id != own.id && db::follow::find(tx, own.id, other.id)?.is_none() {
                relationship::follow(tx, &own, other, FollowOptions::default())?;
            }
            if db::list::has_member(tx, list.id, other.id)? {
                return Ok(());
            }
            list::add(tx, own.id, list.id, std::slice::from_ref(other.as_ref()))
        }
        _ => Err(Error::NotFound),
    }
}

/// Takes away some of what the file does not name; the answer is where to go on, `None` at the
/// end.
pub fn clear_slice(tx: &Tx<'_>, import: &Import, below: i64) -> Result<Option<i64>> {
    let page = Page { max_id: Some(below), since_id: None, min_id: None, limit: SLICE };
    let own = db::account::get(tx, import.account_id)?;
    let me = own.id;
    let rows: Vec<(i64, i64)> = match import.sheet {
        Sheet::Following => db::follow::list(tx, me, db::follow::Side::Following, &page)?,
        Sheet::Blocks => db::moderation::list_blocks(tx, me, &page)?,
        Sheet::Mutes => db::moderation::list_mutes(tx, me, &page)?
            .into_iter()
            .map(|(row, account, _)| (row, account))
            .collect(),
        Sheet::Bookmarks => db::bookmark::list(tx, me, &page)?,
        Sheet::DomainBlocks => {
            let rows = db::hidden_domain::list(tx, me, &page)?;
            for (_, domain) in &rows {
                if !db::import::names(tx, import.id, domain, 0)? {
                    db::hidden_domain::remove(tx, me, domain)?;
                }
            }
            return Ok(rows.last().map(|(row, _)| *row));
        }
        Sheet::Lists => return clear_list(tx, import, below),
        Sheet::Followers => return Ok(None),
    };
    let ids: Vec<i64> = rows.iter().map(|(_, id)| *id).collect();
    if import.sheet == Sheet::Bookmarks {
        for status in db::status::list(tx, &ids)? {
            if !db::import::names(tx, import.id, &status.uri, status.id)? {
                db::bookmark::remove(tx, me, status.id)?;
            }
        }
    } else {
        for other in db::account::list(tx, &ids)? {
            if db::import::names(tx, import.id, &other.acct().to_lowercase(), other.id)? {
                continue;
            }
            match import.sheet {
                Sheet::Following => relationship::unfollow(tx, &own, &other)?,
                Sheet::Blocks => relationship::unblock(tx, &own, &other)?,
                _ => relationship::unmute(tx, &own, &other)?,
            }
        }
    }
    Ok(rows.last().map(|(row, _)| *row))
}

/// The same for one list, the newest below `below`: it goes, or its members do.
fn clear_list(tx: &Tx<'_>, import: &Import, below: i64) -> Result<Option<i64>> {
    let me = import.account_id;
    let Some(list) = db::list::list(tx, me)?.into_iter().rfind(|list| list.id < below) else {
        return Ok(None);
    };
    if !db::import::names_list(tx, import.id, &list.title)? {
        list::delete(tx, me, list.id)?;
        return Ok(Some(list.id));
    }
    let all = db::list::list_members(tx, list.id, &Page::newest(100_000))?;
    let ids: Vec<i64> = all.into_iter().map(|(_, id)| id).collect();
    let mut gone = Vec::new();
    for member in db::account::list(tx, &ids)? {
        let key = format!("{}\n{}", list.title, member.acct().to_lowercase());
        if !db::import::names_member(tx, import.id, &list.title, &key, member.id)? {
            gone.push(member.id);
        }
    }
    list::remove(tx, me, list.id, &gone)?;
    Ok(Some(list.id))
}
