//! Home timelines: what goes in, what comes out, and what stands behind them. Lists follow what
//! happens here ([`super::list`]).

use crate::clock::DAY;
use crate::db::list::List;
use crate::db::timeline::Entry;
use crate::db::{self, Conn, Tx, follow::Follow};
use crate::error::{Error, Result};
use crate::id;
use crate::model::{Event, Gone, Page, Place, Status, Visibility};

/// A status shows once among this many newest entries, itself or boosted.
const REPEAT_DEPTH: i64 = 40;

/// How many statuses a follow brings into home.
const MERGED: usize = 40;

/// Puts a new status or boost into the homes of its author, of the author's local followers and
/// of those who follow a tag of it, and into lists. `boosted` is the boosted status, for a boost.
pub fn fan_out(tx: &Tx<'_>, status: &Status, boosted: Option<&Status>) -> Result<()> {
    let mut readers = db::follow::list_local_followers(tx, status.account_id)?;
    if status.local {
        readers.push(own(status.account_id));
    }
    for follow in &readers {
        if belongs(tx, follow, status, boosted)? {
            let shown = boosted.map_or(status.id, |b| b.id);
            if db::timeline::shows(tx, follow.account_id, shown, REPEAT_DEPTH)? {
                continue;
            }
            insert(tx, follow.account_id, status)?;
        }
    }
    super::tag::fan_out(tx, status)?;
    super::list::fan_out(tx, status, boosted)?;
    super::notification::tell_arrival(tx, status, &readers)?;
    tx.after_commit(Event::StatusArrived { id: status.id });
    Ok(())
}

/// Tells those who may have a status on the screen that it goes; called before it is deleted.
pub fn leave(tx: &Tx<'_>, status: &Status) -> Result<()> {
    let gone = Gone {
        id: status.id,
        author_id: status.account_id,
        entries: db::timeline::entries(tx, status.id)?,
        place: place(tx, status)?,
    };
    tx.after_commit(Event::StatusDeleted(Box::new(gone)));
    Ok(())
}

/// The shared timelines that have the status.
pub fn place(conn: &Conn, status: &Status) -> Result<Place> {
    if status.visibility != Visibility::Public || status.reblog_of_id.is_some() {
        return Ok(Place::default());
    }
    let tags = db::status::list_tags(conn, &[status.id])?;
    Ok(Place {
        public: !status.reply_to_other,
        local: status.local,
        media: !db::upload::list_attachments(conn, &[status.id])?.is_empty(),
        tags: tags.into_iter().map(|(_, name)| name).collect(),
    })
}

/// After `reader` was accepted by `author`, or ended a mute: the author's recent statuses come
/// into home and into the lists that the author is in.
pub fn merge(tx: &Tx<'_>, reader: i64, author: i64) -> Result<()> {
    merge_home(tx, reader, author)?;
    super::list::merge_all(tx, reader, author)
}

pub(super) fn merge_home(tx: &Tx<'_>, reader: i64, author: i64) -> Result<()> {
    let follow = db::follow::find(tx, reader, author)?.filter(|follow| follow.accepted);
    let Some(follow) = follow else { return Ok(()) };
    for (status, boosted) in recent(tx, reader, author)? {
        let repeated = match status.reblog_of_id {
            Some(of) => db::timeline::shows(tx, reader, of, REPEAT_DEPTH)?,
            None => false,
        };
        if !repeated && belongs(tx, &follow, &status, boosted.as_ref())? {
            insert(tx, reader, &status)?;
        }
    }
    db::timeline::trim(tx, reader)?;
    Ok(())
}

/// The author's recent statuses that `reader` may see, each with what it boosts; nothing that came
/// in an archive.
pub(super) fn recent(
    conn: &Conn,
    reader: i64,
    author: i64,
) -> Result<Vec<(Status, Option<Status>)>> {
    let what = db::status::OfAccount { account_id: author, ..Default::default() };
    let mut found = db::status::list_of_account(conn, reader, what, &Page::newest(MERGED))?;
    let local: Vec<i64> = found.iter().filter(|s| s.local).map(|s| s.id).collect();
    let imported = db::imported::among(conn, &local)?;
    found.retain(|status| !imported.contains(&status.id));
    let boosted: Vec<i64> = found.iter().filter_map(|status| status.reblog_of_id).collect();
    let mut boosted = db::status::list(conn, &boosted)?;
    Ok(found
        .into_iter()
        .map(|status| {
            let at = boosted.iter().position(|one| Some(one.id) == status.reblog_of_id);
            (status, at.map(|at| boosted.swap_remove(at)))
        })
        .collect())
}

/// After an unfollow: what the author wrote or boosted goes out of home, the author out of lists.
pub fn unmerge(tx: &Tx<'_>, reader: i64, author: i64) -> Result<()> {
    db::timeline::remove_author(tx, reader, author)?;
    super::list::forget(tx, reader, author)
}

/// After a block or mute: what others boosted of the author goes too.
pub fn purge(tx: &Tx<'_>, reader: i64, author: i64) -> Result<()> {
    db::timeline::remove_author(tx, reader, author)?;
    db::timeline::remove_boosts_of(tx, reader, author)?;
    super::list::purge(tx, reader, author)
}

/// A page of home. Behind the oldest kept entry a query goes on, down and up again.
pub fn home(conn: &Conn, reader: i64, page: &Page) -> Result<Vec<i64>> {
    walk(conn, &Source { reader, timeline: reader, list: None }, page)
}

/// A page of a list's timeline, which goes on in the same way.
pub fn list(conn: &Conn, owner: i64, list: i64, page: &Page) -> Result<Vec<i64>> {
    let list = super::list::get(conn, owner, list)?;
    walk(conn, &Source { reader: owner, timeline: list.id, list: Some(&list) }, page)
}

/// A timeline that is kept, and what would be in it further back.
struct Source<'a> {
    reader: i64,
    timeline: i64,
    list: Option<&'a List>,
}

impl Source<'_> {
    fn authors(&self, conn: &Conn) -> Result<Vec<i64>> {
        match self.list {
            Some(list) => super::list::members(conn, list.id),
            None => db::timeline::authors(conn, self.reader),
        }
    }
}

fn walk(conn: &Conn, source: &Source<'_>, page: &Page) -> Result<Vec<i64>> {
    let oldest =
        || Ok::<_, Error>(db::timeline::oldest(conn, source.timeline)?.unwrap_or(i64::MAX));
    if page.ascending() {
        let oldest = oldest()?;
        // the nearest to `min_id` are those behind the kept entries, where it points there
        let behind =
            if page.above() < oldest { between(conn, source, page, oldest)? } else { vec![] };
        let rest = Page { limit: page.limit - behind.len(), ..*page };
        let mut ids = db::timeline::list(conn, source.timeline, source.reader, &rest)?;
        ids.extend(behind.into_iter().rev());
        return Ok(ids);
    }
    let mut ids = db::timeline::list(conn, source.timeline, source.reader, page)?;
    if ids.len() >= page.limit {
        return Ok(ids);
    }
    let below = ids.last().copied().unwrap_or(page.below()).min(page.below()).min(oldest()?);
    ids.extend(older(conn, source, below, page.above(), page.limit - ids.len())?);
    Ok(ids)
}

/// Statuses of the source's authors above the page's `min_id` and below `oldest`, the nearest
/// first, in windows as in [`older`].
fn between(conn: &Conn, source: &Source<'_>, page: &Page, oldest: i64) -> Result<Vec<i64>> {
    let authors = source.authors(conn)?;
    let top = page.below().min(oldest).min(id::from_ms(conn.now() + DAY));
    let mut ids = Vec::new();
    let mut from = page.above().max(0) + 1;
    let mut window = DAY;
    while ids.len() < page.limit && from < top {
        let below = from.saturating_add(id::from_ms(window)).min(top);
        let limit = i64::try_from(page.limit - ids.len()).unwrap_or(40);
        let (reader, list) = (source.reader, source.list);
        let found =
            db::timeline::list_older(conn, reader, list, &authors, (from, below), true, limit)?;
        ids.extend(found);
        from = below;
        window = window.saturating_mul(4);
    }
    Ok(ids)
}

/// Statuses of the source's authors below `below`, in windows of time that widen until the
/// page is full, so that a busy timeline never reads more than it shows.
fn older(
    conn: &Conn,
    source: &Source<'_>,
    below: i64,
    above: i64,
    wanted: usize,
) -> Result<Vec<i64>> {
    let authors = source.authors(conn)?;
    let mut ids = Vec::new();
    let mut below = below.min(id::from_ms(conn.now() + DAY));
    let mut window = DAY;
    while ids.len() < wanted && below > above + 1 && below > 0 {
        let from = (below - id::from_ms(window)).max(above + 1).max(0);
        let limit = i64::try_from(wanted - ids.len()).unwrap_or(40);
        let (reader, list) = (source.reader, source.list);
        let found =
            db::timeline::list_older(conn, reader, list, &authors, (from, below), false, limit)?;
        ids.extend(found);
        below = from;
        window = window.saturating_mul(4);
    }
    Ok(ids)
}

/// The rules of home for one follow.
fn belongs(
    conn: &Conn,
    follow: &Follow,
    status: &Status,
    boosted: Option<&Status>,
) -> Result<bool> {
    let reader = follow.account_id;
    if reader == status.account_id && boosted.is_none() {
        return Ok(true);
    }
    if reader != status.account_id
        && (!follow_allows(follow, status, boosted)
            || !reply_fits(conn, reader, status)?
            || db::list::is_exclusive(conn, reader, status.account_id)?)
    {
        return Ok(false);
    }
    super::visibility::lists(conn, reader, status)
}

/// What a follow itself chooses: languages, and boosts or none.
pub(super) fn follow_allows(follow: &Follow, status: &Status, boosted: Option<&Status>) -> bool {
    let language = boosted.unwrap_or(status).language.as_deref();
    let is_spoken = language.is_none_or(|language| {
        follow.languages.is_empty() || follow.languages.iter().any(|wanted| wanted == language)
    });
    is_spoken && (follow.reblogs || status.reblog_of_id.is_none())
}

/// A reply shows when it answers its author, the reader or somebody whom the reader follows.
fn reply_fits(conn: &Conn, reader: i64, status: &Status) -> Result<bool> {
    if !status.reply_to_other {
        return Ok(true);
    }
    match status.in_reply_to_account_id {
        Some(parent) if parent == reader => Ok(true),
        Some(parent) => db::follow::is_following(conn, reader, parent),
        // to somebody unknown
        None => Ok(false),
    }
}

/// Puts an entry in unless the status is among the newest, itself or boosted.
pub(super) fn insert_once(tx: &Tx<'_>, timeline: i64, status: &Status) -> Result<()> {
    let shown = status.reblog_of_id.unwrap_or(status.id);
    if db::timeline::shows(tx, timeline, shown, REPEAT_DEPTH)? {
        return Ok(());
    }
    insert(tx, timeline, status)
}

fn insert(tx: &Tx<'_>, timeline: i64, status: &Status) -> Result<()> {
    db::timeline::insert(
        tx,
        Entry {
            timeline,
            status_id: status.id,
            author_id: status.account_id,
            boosted_id: status.reblog_of_id,
        },
    )?;
    super::prefetch::consider(tx, status);
    Ok(())
}

/// One's own statuses belong to one's home as those of somebody followed.
pub(super) fn own(account: i64) -> Follow {
    Follow {
        id: 0,
        account_id: account,
        target_id: account,
        accepted: true,
        uri: String::new(),
        reblogs: true,
        notify: false,
        languages: Vec::new(),
    }
}
