//! Home and list timelines, ready to read: one row a status.

use rusqlite::{ToSql, params};

use super::list::{List, Replies};
use super::{Conn, Tx, json_ids, visible};
use crate::error::Result;
use crate::model::Page;

/// How many entries a timeline keeps; further back a query serves (see [`list_older`]).
pub const KEEP: i64 = 800;

/// One status in one timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    pub timeline: i64,
    pub status_id: i64,
    pub author_id: i64,
    /// The boosted status, for a boost.
    pub boosted_id: Option<i64>,
}

/// Puts an entry in; once.
pub fn insert(tx: &Tx<'_>, entry: Entry) -> Result<()> {
    tx.sql
        .prepare_cached("INSERT OR IGNORE INTO timeline_entry VALUES (?, ?, ?, ?)")?
        .execute(params![entry.timeline, entry.status_id, entry.author_id, entry.boosted_id])?;
    Ok(())
}

/// Whether `status_id` is among the newest `depth` entries, itself or boosted.
pub fn shows(conn: &Conn, timeline: i64, status_id: i64, depth: i64) -> Result<bool> {
    Ok(conn
        .sql
        .prepare_cached(
            "SELECT 1 FROM (SELECT status_id, boosted_id FROM timeline_entry WHERE timeline = ?
               ORDER BY status_id DESC LIMIT ?) WHERE ?3 IN (status_id, boosted_id)",
        )?
        .exists(params![timeline, depth, status_id])?)
}

/// Whether the timeline has the status.
pub fn contains(conn: &Conn, timeline: i64, status_id: i64) -> Result<bool> {
    Ok(conn
        .sql
        .prepare_cached("SELECT 1 FROM timeline_entry WHERE timeline = ? AND status_id = ?")?
        .exists([timeline, status_id])?)
}

/// `(timeline, status)` of the entries of a status and of its boosts, at most 2000.
pub fn entries(conn: &Conn, status_id: i64) -> Result<Vec<(i64, i64)>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT timeline, status_id FROM timeline_entry WHERE status_id IN (
           SELECT ?1 UNION ALL SELECT id FROM status WHERE reblog_of_id = ?1) LIMIT 2000",
    )?;
    let rows = statement.query_map([status_id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Whether the list is the account's own.
pub fn owns_list(conn: &Conn, account: i64, list: i64) -> Result<bool> {
    Ok(conn
        .sql
        .prepare_cached("SELECT 1 FROM list WHERE id = ? AND account_id = ?")?
        .exists([list, account])?)
}

/// Takes out what an author wrote or boosted (unfollow).
pub fn remove_author(tx: &Tx<'_>, timeline: i64, author: i64) -> Result<()> {
    tx.sql
        .prepare_cached("DELETE FROM timeline_entry WHERE timeline = ? AND author_id = ?")?
        .execute([timeline, author])?;
    Ok(())
}

/// Takes out what others boosted of an author (block, mute).
pub fn remove_boosts_of(tx: &Tx<'_>, timeline: i64, author: i64) -> Result<()> {
    tx.sql
        .prepare_cached(
            "DELETE FROM timeline_entry WHERE timeline = ?1 AND boosted_id IS NOT NULL
             AND (SELECT s.account_id FROM status s WHERE s.id = boosted_id) = ?2",
        )?
        .execute([timeline, author])?;
    Ok(())
}

/// Takes out what is there for a tag alone: it has no tag that the reader still follows, and
/// the reader does not follow its author.
pub fn remove_tag(tx: &Tx<'_>, reader: i64, tag: i64) -> Result<()> {
    tx.sql
        .prepare_cached(
            "DELETE FROM timeline_entry WHERE timeline = ?1 AND author_id <> ?1
             AND boosted_id IS NULL
             AND EXISTS (SELECT 1 FROM status_tag st
               WHERE st.tag_id = ?2 AND st.status_id = timeline_entry.status_id)
             AND NOT EXISTS (SELECT 1 FROM follow f WHERE f.account_id = ?1
               AND f.target_id = author_id AND f.accepted = 1)
             AND NOT EXISTS (SELECT 1 FROM status_tag ot CROSS JOIN followed_tag ft
               ON ft.account_id = ?1 AND ft.tag_id = ot.tag_id
               WHERE ot.status_id = timeline_entry.status_id)",
        )?
        .execute([reader, tag])?;
    Ok(())
}

/// The oldest entry's status; `None` when there are none.
pub fn oldest(conn: &Conn, timeline: i64) -> Result<Option<i64>> {
    Ok(conn
        .sql
        .prepare_cached("SELECT min(status_id) FROM timeline_entry WHERE timeline = ?")?
        .query_row([timeline], |row| row.get(0))?)
}

/// Cuts a timeline down to [`KEEP`].
pub fn trim(tx: &Tx<'_>, timeline: i64) -> Result<usize> {
    Ok(tx
        .sql
        .prepare_cached(
            "DELETE FROM timeline_entry WHERE timeline = ?1 AND status_id < ifnull(
               (SELECT status_id FROM timeline_entry WHERE timeline = ?1
                ORDER BY status_id DESC LIMIT 1 OFFSET ?2), 0)",
        )?
        .execute([timeline, KEEP - 1])?)
}

/// Status ids of a page of the timeline that `viewer` may and wants to see.
pub fn list(conn: &Conn, timeline: i64, viewer: i64, page: &Page) -> Result<Vec<i64>> {
    let sql = format!(
        "SELECT e.status_id FROM timeline_entry e CROSS JOIN status s ON s.id = e.status_id
         WHERE e.timeline = :timeline AND e.status_id < :below AND e.status_id > :above AND {}
         ORDER BY e.status_id {} LIMIT :limit",
        visible::listed("s"),
        page.order()
    );
    let (below, above, now) = (page.below(), page.above(), conn.now());
    let limit = i64::try_from(page.limit).unwrap_or(40);
    let args: [(&str, &dyn ToSql); 6] = [
        (":timeline", &timeline),
        (":below", &below),
        (":above", &above),
        (":limit", &limit),
        (":viewer", &viewer),
        (":now", &now),
    ];
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map(&args[..], |row| row.get(0))?;
    let mut ids: Vec<i64> = rows.collect::<rusqlite::Result<_>>()?;
    if page.ascending() {
        ids.reverse();
    }
    Ok(ids)
}

/// Ids of statuses by `authors` below `below` and not below `from`, from the newest on or, with
/// `ascending`, from the oldest on: what stands behind the kept entries of home, or of `list`. What
/// came in an archive was never there. One short index walk an author.
pub fn list_older(
    conn: &Conn,
    viewer: i64,
    list: Option<&List>,
    authors: &[i64],
    (from, below): (i64, i64),
    ascending: bool,
    limit: i64,
) -> Result<Vec<i64>> {
    // whom a reply must be for
    let parent = match list.map(|list| list.replies) {
        Some(Replies::None) => "0",
        Some(Replies::List) => {
            "EXISTS (SELECT 1 FROM list_member lm
               WHERE lm.list_id = :list AND lm.account_id = s.in_reply_to_account_id)"
        }
        None | Some(Replies::Followed) => {
            "EXISTS (SELECT 1 FROM follow pf WHERE pf.account_id = :viewer
               AND pf.target_id = s.in_reply_to_account_id AND pf.accepted = 1)"
        }
    };
    let fits = format!("(s.reply_to_other = 0 OR s.in_reply_to_account_id = :viewer OR {parent})");
    let followed = "EXISTS (SELECT 1 FROM follow rf WHERE rf.account_id = :viewer
        AND rf.target_id = s.account_id AND rf.accepted = 1
        AND (s.reblog_of_id IS NULL OR rf.reblogs = 1)
        AND (rf.languages IS NULL OR s.language IS NULL
          OR s.language IN (SELECT value FROM json_each(rf.languages))))";
    let rules = match list {
        Some(_) => format!("{fits} AND (s.account_id = :viewer OR {followed})"),
        None => format!(
            "(s.account_id = :viewer OR ({fits} AND {followed}
             AND NOT EXISTS (SELECT 1 FROM list_member xm CROSS JOIN list xl ON xl.id = xm.list_id
               WHERE xm.account_id = s.account_id AND xl.account_id = :viewer
                 AND xl.exclusive = 1)))"
        ),
    };
    let sql = format!(
        "SELECT s.id FROM json_each(:authors) a CROSS JOIN status s
         ON s.account_id = a.value AND s.id < :below AND s.id >= :from
         WHERE {rules} AND {} AND NOT EXISTS (SELECT 1 FROM imported im WHERE im.status_id = s.id)
         ORDER BY s.id {} LIMIT :limit",
        visible::listed("s"),
        if ascending { "ASC" } else { "DESC" }
    );
    let (authors, now) = (json_ids(authors), conn.now());
    let mut args: Vec<(&str, &dyn ToSql)> = vec![
        (":authors", &authors),
        (":below", &below),
        (":from", &from),
        (":limit", &limit),
        (":viewer", &viewer),
        (":now", &now),
    ];
    if let Some(list) = list.filter(|list| list.replies == Replies::List) {
        args.push((":list", &list.id));
    }
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map(&args[..], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Everybody whom `account` follows, and itself: the authors of its home.
pub fn authors(conn: &Conn, account: i64) -> Result<Vec<i64>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT target_id FROM follow WHERE account_id = ?1 AND accepted = 1 LIMIT 20000",
    )?;
    let rows = statement.query_map([account], |row| row.get(0))?;
    let mut ids: Vec<i64> = rows.collect::<rusqlite::Result<_>>()?;
    ids.push(account);
    Ok(ids)
}
