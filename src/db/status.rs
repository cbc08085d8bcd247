//! Statuses and boosts, with mentions, tags and attachments.

use std::collections::HashMap;

use rusqlite::{Row, ToSql, named_params, params};

use super::account::{list_from, list_to};
use super::{Conn, Tx, json_ids, optional, visible};
use crate::activity::urls::same_host;
use crate::error::{Error, Result};
use crate::id;
use crate::model::{ContentType, Held, Media, MediaKind, Page, QuotePolicy, Status, Visibility};

pub(super) const COLUMNS: &str =
    "s.id, s.uri, s.url, s.account_id, s.local, s.created_at, s.edited_at,
  s.visibility, s.in_reply_to_id, s.in_reply_to_account_id, s.in_reply_to_uri, s.reply_to_other,
  s.reblog_of_id, s.thread_id, s.spoiler_text, s.content, s.text, s.language, s.sensitive,
  s.application_id, s.emojis, s.poll, s.replies_count, s.reblogs_count, s.favourites_count,
  s.content_type, s.quote_policy, s.quotes_count, s.policy, s.held, s.approval";

/// Something is attached, of elsewhere or of here.
pub(super) const HAS_MEDIA: &str = "(EXISTS (SELECT 1 FROM media hm WHERE hm.status_id = s.id)
  OR EXISTS (SELECT 1 FROM upload hu WHERE hu.status_id = s.id AND hu.position >= 0))";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Status> {
    let poll: Option<String> = row.get(21)?;
    Ok(Status {
        id: row.get(0)?,
        uri: row.get(1)?,
        url: row.get(2)?,
        account_id: row.get(3)?,
        local: row.get(4)?,
        created_at: row.get(5)?,
        edited_at: row.get(6)?,
        visibility: Visibility::from_number(row.get(7)?),
        in_reply_to_id: row.get(8)?,
        in_reply_to_account_id: row.get(9)?,
        in_reply_to_uri: row.get(10)?,
        reply_to_other: row.get(11)?,
        reblog_of_id: row.get(12)?,
        thread_id: row.get(13)?,
        spoiler_text: row.get(14)?,
        content: row.get(15)?,
        text: row.get(16)?,
        language: row.get(17)?,
        sensitive: row.get(18)?,
        application_id: row.get(19)?,
        emojis: list_from(row, 20)?,
        poll: poll.and_then(|text| serde_json::from_str(&text).ok()),
        replies_count: row.get(22)?,
        reblogs_count: row.get(23)?,
        favourites_count: row.get(24)?,
        content_type: ContentType::from_number(row.get(25)?),
        quote_policy: QuotePolicy::from_number(row.get(26)?),
        quotes_count: row.get(27)?,
        policy: super::interaction::policy_from(row, 28)?,
        held: Held::from_number(row.get(29)?),
        approval: row.get(30)?,
    })
}

fn one(conn: &Conn, condition: &str, args: impl rusqlite::Params) -> Result<Option<Status>> {
    let sql = format!("SELECT {COLUMNS} FROM status s WHERE {condition}");
    optional(conn.sql.prepare_cached(&sql)?.query_row(args, from_row))
}

pub(super) fn many(conn: &Conn, sql: &str, args: &[(&str, &dyn ToSql)]) -> Result<Vec<Status>> {
    let mut statement = conn.sql.prepare_cached(sql)?;
    let rows = statement.query_map(args, from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// A page of statuses, newest first however it was cut.
fn page_of(
    conn: &Conn,
    from: &str,
    condition: &str,
    page: &Page,
    viewer: i64,
    args: &[(&str, &dyn ToSql)],
) -> Result<Vec<Status>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM {from} WHERE {condition}
         AND s.id < :below AND s.id > :above ORDER BY s.id {} LIMIT :limit",
        page.order()
    );
    let (below, above, now) = (page.below(), page.above(), conn.now());
    let limit = i64::try_from(page.limit).unwrap_or(40);
    let mut all: Vec<(&str, &dyn ToSql)> = vec![
        (":below", &below),
        (":above", &above),
        (":limit", &limit),
        (":viewer", &viewer),
        (":now", &now),
    ];
    all.extend_from_slice(args);
    let mut found = many(conn, &sql, &all)?;
    if page.ascending() {
        found.reverse();
    }
    Ok(found)
}

/// By id.
pub fn find(conn: &Conn, id: i64) -> Result<Option<Status>> {
    one(conn, "s.id = ?", [id])
}

/// By id; absent is 404.
pub fn get(conn: &Conn, id: i64) -> Result<Status> {
    find(conn, id)?.ok_or(Error::NotFound)
}

/// By URI, byte-exact (F-008).
pub fn find_by_uri(conn: &Conn, uri: &str) -> Result<Option<Status>> {
    one(conn, "s.uri = ?", [uri])
}

/// By URI, by where it was before it came here in an archive, or by the page that its own server
/// gave it. A page on another host than the status proves nothing: anybody could claim the address
/// of somebody else's status so.
pub fn find_by_uri_or_url(conn: &Conn, address: &str) -> Result<Option<Status>> {
    if let Some(status) = find_by_uri(conn, address)? {
        return Ok(Some(status));
    }
    if let Some(id) = super::imported::find_status(conn, address)? {
        return find(conn, id);
    }
    let sql = format!(
        "SELECT {COLUMNS} FROM status s WHERE s.url = :url AND s.url <> s.uri ORDER BY s.id LIMIT 20"
    );
    let claims = many(conn, &sql, &[(":url", &address)])?;
    Ok(claims.into_iter().find(|status| same_host(&status.uri, address)))
}

/// The account's boost of a status.
pub fn find_reblog(conn: &Conn, account_id: i64, of: i64) -> Result<Option<Status>> {
    one(conn, "s.reblog_of_id = ? AND s.account_id = ?", [of, account_id])
}

/// Those of `ids` that exist, in no order.
pub fn list(conn: &Conn, ids: &[i64]) -> Result<Vec<Status>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let sql =
        format!("SELECT {COLUMNS} FROM status s WHERE s.id IN (SELECT value FROM json_each(:ids))");
    many(conn, &sql, &[(":ids", &json_ids(ids))])
}

/// Those of `ids` that `viewer` may read; nobody in particular gets local ones only.
pub fn list_readable(conn: &Conn, viewer: i64, ids: &[i64]) -> Result<Vec<Status>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM status s WHERE s.id IN (SELECT value FROM json_each(:ids))
         AND (:viewer <> 0 OR s.local = 1) AND {}
         AND (s.reblog_of_id IS NULL OR EXISTS
           (SELECT 1 FROM status vr WHERE vr.id = s.reblog_of_id AND {}))",
        visible::readable("s"),
        visible::readable("vr")
    );
    let now = conn.now();
    many(conn, &sql, &[(":ids", &json_ids(ids)), (":viewer", &viewer), (":now", &now)])
}

/// What is wanted of an account's statuses.
#[derive(Clone, Copy, Debug, Default)]
pub struct OfAccount {
    pub account_id: i64,
    pub exclude_replies: bool,
    pub exclude_reblogs: bool,
    pub only_media: bool,
    /// Only what anybody may read, e.g. for the outbox.
    pub only_open: bool,
    /// Only what is for everybody to find, e.g. for feeds.
    pub only_public: bool,
    /// Only those with this tag's id.
    pub tag_id: Option<i64>,
}

/// An account's statuses that `viewer` may see there.
pub fn list_of_account(
    conn: &Conn,
    viewer: i64,
    what: OfAccount,
    page: &Page,
) -> Result<Vec<Status>> {
    let mut condition = format!("s.account_id = :account AND {}", visible::on_profile("s"));
    if what.exclude_replies {
        condition.push_str(" AND s.reply_to_other = 0");
    }
    if what.exclude_reblogs {
        condition.push_str(" AND s.reblog_of_id IS NULL");
    }
    if what.only_media {
        condition.push_str(" AND ");
        condition.push_str(HAS_MEDIA);
    }
    if what.only_public {
        condition.push_str(" AND s.visibility = 0");
    }
    if what.only_open {
        condition.push_str(" AND s.visibility < 2");
    }
    match what.tag_id {
        Some(tag) => {
            condition.push_str(
                " AND EXISTS (SELECT 1 FROM status_tag t
                   WHERE t.tag_id = :tag AND t.status_id = s.id)",
            );
            let args: [(&str, &dyn ToSql); 2] = [(":account", &what.account_id), (":tag", &tag)];
            page_of(conn, "status s", &condition, page, viewer, &args)
        }
        None => {
            let args: [(&str, &dyn ToSql); 1] = [(":account", &what.account_id)];
            page_of(conn, "status s", &condition, page, viewer, &args)
        }
    }
}

/// Which public timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    All,
    Local,
    Remote,
}

/// The public timeline: no boosts, no replies to others.
pub fn list_public(
    conn: &Conn,
    viewer: i64,
    origin: Origin,
    only_media: bool,
    page: &Page,
) -> Result<Vec<Status>> {
    let mut condition = format!(
        "s.visibility = 0 AND s.reblog_of_id IS NULL AND s.reply_to_other = 0 AND {} AND {}",
        visible::readable("s"),
        visible::found("s")
    );
    let from = match origin {
        Origin::All => "status s INDEXED BY status_public",
        Origin::Local => {
            condition.push_str(" AND s.local = 1");
            "status s INDEXED BY status_local"
        }
        Origin::Remote => {
            condition.push_str(" AND s.local = 0");
            "status s INDEXED BY status_public"
        }
    };
    if only_media {
        condition.push_str(" AND ");
        condition.push_str(HAS_MEDIA);
    }
    page_of(conn, from, &condition, page, viewer, &[])
}

/// The chain of parents, the root first, at most `limit`.
pub fn list_ancestors(conn: &Conn, viewer: i64, status_id: i64, limit: i64) -> Result<Vec<Status>> {
    let sql = format!(
        "WITH RECURSIVE up(id, depth) AS (
           SELECT in_reply_to_id, 1 FROM status WHERE id = :id AND in_reply_to_id IS NOT NULL
           UNION
           SELECT p.in_reply_to_id, up.depth + 1 FROM up JOIN status p ON p.id = up.id
             WHERE p.in_reply_to_id IS NOT NULL AND up.depth < :limit)
         SELECT {COLUMNS} FROM up CROSS JOIN status s ON s.id = up.id
         WHERE {} AND {} ORDER BY up.depth DESC",
        visible::readable("s"),
        visible::found("s")
    );
    let now = conn.now();
    many(
        conn,
        &sql,
        &[(":id", &status_id), (":limit", &limit), (":viewer", &viewer), (":now", &now)],
    )
}

/// Replies and replies to them, depth first in the order they came, at most `limit`.
pub fn list_descendants(
    conn: &Conn,
    viewer: i64,
    status_id: i64,
    limit: i64,
) -> Result<Vec<Status>> {
    // the walk itself is bounded: a LIMIT inside a recursive query ends it (SQLite lang_with)
    let sql = format!(
        "WITH RECURSIVE down(id, depth) AS (
           SELECT id, 1 FROM status WHERE in_reply_to_id = :id
           UNION ALL
           SELECT c.id, down.depth + 1 FROM down JOIN status c ON c.in_reply_to_id = down.id
             WHERE down.depth < 100
           LIMIT :limit)
         SELECT {COLUMNS} FROM down CROSS JOIN status s ON s.id = down.id
         WHERE {} AND {} ORDER BY s.id",
        visible::readable("s"),
        visible::found("s")
    );
    let now = conn.now();
    let flat = many(
        conn,
        &sql,
        &[(":id", &status_id), (":limit", &limit), (":viewer", &viewer), (":now", &now)],
    )?;
    Ok(depth_first(status_id, flat))
}

/// Puts replies below what they answer; those whose parent is hidden follow at the end.
fn depth_first(root: i64, flat: Vec<Status>) -> Vec<Status> {
    let mut children: HashMap<i64, Vec<usize>> = HashMap::new();
    for (index, status) in flat.iter().enumerate() {
        if let Some(parent) = status.in_reply_to_id {
            children.entry(parent).or_default().push(index);
        }
    }
    let mut order = Vec::with_capacity(flat.len());
    let mut stack: Vec<usize> = children.remove(&root).unwrap_or_default();
    stack.reverse();
    let mut slots: Vec<Option<Status>> = flat.into_iter().map(Some).collect();
    while let Some(index) = stack.pop() {
        let Some(status) = slots.get_mut(index).and_then(Option::take) else { continue };
        if let Some(mut below) = children.remove(&status.id) {
            below.reverse();
            stack.extend(below);
        }
        order.push(status);
    }
    order.extend(slots.into_iter().flatten());
    order
}

/// Whether a local status stands above or below this one, or it was boosted from here:
/// then anybody may read it.
pub fn thread_has_local(conn: &Conn, thread_id: i64) -> Result<bool> {
    Ok(conn
        .sql
        .prepare_cached(
            "SELECT 1 FROM status WHERE thread_id = ? AND local = 1 AND visibility < 2
               AND held = 0 LIMIT 1",
        )?
        .exists([thread_id])?)
}

/// Whether a local account boosted it.
pub fn boosted_here(conn: &Conn, status_id: i64) -> Result<bool> {
    Ok(conn
        .sql
        .prepare_cached(
            "SELECT 1 FROM status INDEXED BY status_boosted_here
             WHERE reblog_of_id = ? AND local = 1 AND held = 0 LIMIT 1",
        )?
        .exists([status_id])?)
}

/// `(boost id, account id)` of the boosts of a status that `viewer` may and wants to see, newest
/// first.
pub fn list_boosters(
    conn: &Conn,
    viewer: i64,
    status_id: i64,
    page: &Page,
) -> Result<Vec<(i64, i64)>> {
    let sql = format!(
        "SELECT s.id, s.account_id FROM status s WHERE s.reblog_of_id = :of
         AND s.id < :below AND s.id > :above AND {} AND {} ORDER BY s.id {} LIMIT :limit",
        visible::readable("s"),
        visible::wanted("s"),
        page.order()
    );
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map(
        named_params! {
            ":of": status_id,
            ":now": conn.now(),
            ":viewer": viewer,
            ":below": page.below(),
            ":above": page.above(),
            ":limit": super::most(page),
        },
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let mut found: Vec<(i64, i64)> = rows.collect::<rusqlite::Result<_>>()?;
    if page.ascending() {
        found.reverse();
    }
    Ok(found)
}

/// Stores a status. For one that was fetched, `status.id` moves up to the next free id.
pub fn insert(tx: &Tx<'_>, status: &mut Status) -> Result<()> {
    while tx.sql.prepare_cached("SELECT 1 FROM status WHERE id = ?")?.exists([status.id])? {
        status.id += 1;
    }
    tx.sql
        .prepare_cached(
            "INSERT INTO status (id, uri, url, account_id, local, created_at, edited_at, visibility,
               in_reply_to_id, in_reply_to_account_id, in_reply_to_uri, reply_to_other, reblog_of_id,
               thread_id, spoiler_text, content, text, language, sensitive, application_id, emojis, poll,
               content_type, quote_policy)
             VALUES (:id, :uri, :url, :account_id, :local, :created_at, :edited_at, :visibility,
               :in_reply_to_id, :in_reply_to_account_id, :in_reply_to_uri, :reply_to_other, :reblog_of_id,
               :thread_id, :spoiler_text, :content, :text, :language, :sensitive, :application_id, :emojis, :poll,
               :content_type, :quote_policy)",
        )?
        .execute(named_params! {
            ":id": status.id,
            ":uri": status.uri,
            ":url": status.url,
            ":account_id": status.account_id,
            ":local": status.local,
            ":created_at": status.created_at,
            ":edited_at": status.edited_at,
            ":visibility": status.visibility as i64,
            ":in_reply_to_id": status.in_reply_to_id,
            ":in_reply_to_account_id": status.in_reply_to_account_id,
            ":in_reply_to_uri": status.in_reply_to_uri,
            ":reply_to_other": status.reply_to_other,
            ":reblog_of_id": status.reblog_of_id,
            ":thread_id": if status.thread_id == 0 { status.id } else { status.thread_id },
            ":spoiler_text": status.spoiler_text,
            ":content": status.content,
            ":text": status.text,
            ":language": status.language,
            ":sensitive": status.sensitive,
            ":application_id": status.application_id,
            ":emojis": list_to(&status.emojis),
            ":poll": status.poll.as_ref().and_then(|poll| serde_json::to_string(poll).ok()),
            ":content_type": status.content_type as i64,
            ":quote_policy": status.quote_policy.number(),
        })?;
    if status.thread_id == 0 {
        status.thread_id = status.id;
    }
    if status.local { Ok(()) } else { super::retention::note_late(tx, status.id) }
}

/// Writes what an edit may change: never the visibility (F-311).
pub fn update_content(tx: &Tx<'_>, status: &Status) -> Result<()> {
    tx.sql
        .prepare_cached(
            "UPDATE status SET url = ?, edited_at = ?, spoiler_text = ?, content = ?, text = ?,
               language = ?, sensitive = ?, emojis = ?, poll = ?, content_type = ?, quote_policy = ?
               WHERE id = ?",
        )?
        .execute(params![
            status.url,
            status.edited_at,
            status.spoiler_text,
            status.content,
            status.text,
            status.language,
            status.sensitive,
            list_to(&status.emojis),
            status.poll.as_ref().and_then(|poll| serde_json::to_string(poll).ok()),
            status.content_type as i64,
            status.quote_policy.number(),
            status.id,
        ])?;
    Ok(())
}

/// Replies that waited for the status at this address are joined to it, and their threads with its
/// thread.
pub fn adopt_orphans(tx: &Tx<'_>, status: &Status, uri: &str) -> Result<()> {
    let orphans: Vec<(i64, i64, i64)> = {
        let mut statement = tx.sql.prepare_cached(
            "SELECT id, thread_id, account_id FROM status WHERE in_reply_to_uri = ? LIMIT 200",
        )?;
        let rows = statement.query_map([uri], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        rows.collect::<rusqlite::Result<_>>()?
    };
    for (id, thread, author) in orphans {
        // of the same thread already: it stands above what it answers, and would close a circle;
        // not so above the thread's first one, which was here before
        if id == status.id || (thread == status.thread_id && status.in_reply_to_id.is_some()) {
            continue;
        }
        tx.sql
            .prepare_cached(
                "UPDATE status SET in_reply_to_id = ?, in_reply_to_account_id = ?,
                   in_reply_to_uri = NULL, reply_to_other = ? WHERE id = ?",
            )?
            .execute(params![status.id, status.account_id, author != status.account_id, id])?;
        if thread == status.thread_id {
            continue;
        }
        tx.sql
            .prepare_cached("UPDATE status SET thread_id = ? WHERE thread_id = ?")?
            .execute([status.thread_id, thread])?;
        super::conversation::join(tx, thread, status.thread_id)?;
        super::thread_mute::merge(tx, thread, status.thread_id)?;
    }
    Ok(())
}

/// Removes the row, with all that hangs on it.
pub fn delete(tx: &Tx<'_>, id: i64) -> Result<()> {
    tx.sql.prepare_cached("DELETE FROM status WHERE id = ?")?.execute([id])?;
    super::upload::sweep_soon(tx)
}

/// Up to `limit` ids of an account's statuses, for removal in slices.
pub fn ids_of_account(conn: &Conn, account_id: i64, limit: i64) -> Result<Vec<i64>> {
    let mut statement =
        conn.sql.prepare_cached("SELECT id FROM status WHERE account_id = ? LIMIT ?")?;
    let rows = statement.query_map([account_id, limit], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Addresses a status to an account; a silent mention (F-234) becomes a loud one, never back.
pub fn insert_mention(tx: &Tx<'_>, status_id: i64, account_id: i64, silent: bool) -> Result<()> {
    tx.sql
        .prepare_cached(
            "INSERT INTO mention (status_id, account_id, silent) VALUES (?, ?, ?)
             ON CONFLICT DO UPDATE SET silent = min(silent, excluded.silent)",
        )?
        .execute(params![status_id, account_id, silent])?;
    Ok(())
}

/// Whether a status is addressed to the account.
pub fn is_addressed(conn: &Conn, status_id: i64, account_id: i64) -> Result<bool> {
    Ok(conn
        .sql
        .prepare_cached("SELECT 1 FROM mention WHERE status_id = ? AND account_id = ?")?
        .exists([status_id, account_id])?)
}

/// Whether a status of the author is addressed to the account: for an author of few.
pub fn has_addressed(conn: &Conn, author_id: i64, account_id: i64) -> Result<bool> {
    Ok(conn
        .sql
        .prepare_cached(
            "SELECT 1 FROM status s CROSS JOIN mention m ON m.status_id = s.id AND m.account_id = ?2
             WHERE s.account_id = ?1 LIMIT 1",
        )?
        .exists([author_id, account_id])?)
}

/// `(status, account, silent)` for each of `ids`.
pub fn list_mentions(conn: &Conn, ids: &[i64]) -> Result<Vec<(i64, i64, bool)>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT status_id, account_id, silent FROM mention
         WHERE status_id IN (SELECT value FROM json_each(?)) ORDER BY status_id, account_id",
    )?;
    let rows =
        statement.query_map([json_ids(ids)], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The id of a tag, made if it is new.
pub fn tag_id(tx: &Tx<'_>, name: &str) -> Result<i64> {
    if let Some(id) = find_tag(tx, name)? {
        return Ok(id);
    }
    tx.sql.prepare_cached("INSERT INTO tag (name) VALUES (?)")?.execute([name])?;
    Ok(tx.sql.last_insert_rowid())
}

/// The id of a tag that somebody used.
pub fn find_tag(conn: &Conn, name: &str) -> Result<Option<i64>> {
    optional(
        conn.sql
            .prepare_cached("SELECT id FROM tag WHERE name = ?")?
            .query_row([name], |row| row.get(0)),
    )
}

/// Puts a tag on a status.
pub fn insert_tag(tx: &Tx<'_>, status_id: i64, tag_id: i64) -> Result<()> {
    tx.sql
        .prepare_cached("INSERT OR IGNORE INTO status_tag (tag_id, status_id) VALUES (?, ?)")?
        .execute([tag_id, status_id])?;
    Ok(())
}

/// Takes all attachments off but those with these ids.
pub fn forget_media(tx: &Tx<'_>, status_id: i64, but: &[i64]) -> Result<()> {
    tx.sql
        .prepare_cached(
            "DELETE FROM media WHERE status_id = ? AND id NOT IN (SELECT value FROM json_each(?))",
        )?
        .execute(params![status_id, json_ids(but)])?;
    Ok(())
}

/// Takes the tags off.
pub fn clear_tags(tx: &Tx<'_>, status_id: i64) -> Result<()> {
    tx.sql.prepare_cached("DELETE FROM status_tag WHERE status_id = ?")?.execute([status_id])?;
    Ok(())
}

/// Those named may read it still, without being named.
pub fn silence_mentions(tx: &Tx<'_>, status_id: i64) -> Result<()> {
    tx.sql
        .prepare_cached("UPDATE mention SET silent = 1 WHERE status_id = ?")?
        .execute([status_id])?;
    Ok(())
}

/// Local accounts that boosted a status.
pub fn list_local_boosters(conn: &Conn, status_id: i64) -> Result<Vec<i64>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT account_id FROM status INDEXED BY status_boosted_here
         WHERE reblog_of_id = ? AND local = 1 LIMIT 1000",
    )?;
    let rows = statement.query_map([status_id], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// `(status, tag name)` for each of `ids`.
pub fn list_tags(conn: &Conn, ids: &[i64]) -> Result<Vec<(i64, String)>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT st.status_id, t.name FROM status_tag st JOIN tag t ON t.id = st.tag_id
         WHERE st.status_id IN (SELECT value FROM json_each(?))",
    )?;
    let rows = statement.query_map([json_ids(ids)], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Stores an attachment at `position`, or what is said of it now.
pub fn insert_media(tx: &Tx<'_>, media: &Media, position: usize) -> Result<()> {
    tx.sql
        .prepare_cached(
            "INSERT INTO media (id, status_id, position, kind, remote_url, preview_remote_url,
               media_type, description, blurhash, focus_x, focus_y, width, height, duration)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (id) DO UPDATE SET position = excluded.position, kind = excluded.kind,
               preview_remote_url = excluded.preview_remote_url, media_type = excluded.media_type,
               description = excluded.description, blurhash = excluded.blurhash,
               focus_x = excluded.focus_x, focus_y = excluded.focus_y, width = excluded.width,
               height = excluded.height, duration = excluded.duration",
        )?
        .execute(params![
            media.id,
            media.status_id,
            i64::try_from(position).unwrap_or(0),
            media.kind as i64,
            media.remote_url,
            media.preview_remote_url,
            media.media_type,
            media.description,
            media.blurhash,
            media.focus.map(|f| f.0),
            media.focus.map(|f| f.1),
            media.width,
            media.height,
            media.duration,
        ])?;
    Ok(())
}

/// The attachments of each of `ids`, in order.
pub fn list_media(conn: &Conn, ids: &[i64]) -> Result<Vec<Media>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT id, status_id, kind, remote_url, preview_remote_url, media_type, description,
           blurhash, focus_x, focus_y, width, height, duration, unavailable_until FROM media
         WHERE status_id IN (SELECT value FROM json_each(?)) ORDER BY status_id, position",
    )?;
    let rows = statement.query_map([json_ids(ids)], |row| {
        let x: Option<f64> = row.get(8)?;
        let y: Option<f64> = row.get(9)?;
        Ok(Media {
            id: row.get(0)?,
            status_id: row.get(1)?,
            kind: MediaKind::from_number(row.get(2)?),
            remote_url: row.get(3)?,
            preview_remote_url: row.get(4)?,
            media_type: row.get(5)?,
            description: row.get(6)?,
            blurhash: row.get(7)?,
            focus: x.zip(y),
            width: row.get(10)?,
            height: row.get(11)?,
            duration: row.get(12)?,
            unavailable: row.get::<_, Option<i64>>(13)?.is_some_and(|until| until > conn.now()),
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// An id for something fetched: made from its own time, so that it sorts where it belongs.
pub fn fetched_id(now: i64, published: i64, uri: &str) -> i64 {
    id::from_published(published, now, uri)
}
