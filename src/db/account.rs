//! Accounts.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{Row, named_params, params};
use serde::{Serialize, de::DeserializeOwned};

use super::{Conn, Tx, json_ids, optional};
use crate::activity::urls::same_host;
use crate::error::{Error, Result};
use crate::model::{Account, ActorKind, Details, Pictures};

const COLUMNS: &str = "id, username, domain, uri, url, kind, display_name, note, fields, emojis,
  avatar_url, header_url, locked, discoverable, indexable, inbox, shared_inbox, outbox,
  followers_uri, following_uri, featured_uri, moved_to_uri, created_at, fetched_at, suspended_at,
  max(statuses_count, claimed_statuses), max(followers_count, claimed_followers),
  max(following_count, claimed_following), last_status_at,
  pictures, details, silenced_at, sensitized_at";

/// The same without the addresses that only deliveries and fetches need.
const SHOWN: &str = "id, username, domain, uri, url, kind, display_name, note, fields, emojis,
  avatar_url, header_url, locked, discoverable, indexable, NULL, NULL, NULL,
  NULL, NULL, NULL, moved_to_uri, created_at, fetched_at, suspended_at,
  max(statuses_count, claimed_statuses), max(followers_count, claimed_followers),
  max(following_count, claimed_following), last_status_at,
  pictures, details, silenced_at, sensitized_at";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Account> {
    Ok(Account {
        id: row.get(0)?,
        username: row.get(1)?,
        domain: row.get(2)?,
        uri: row.get(3)?,
        url: row.get(4)?,
        kind: ActorKind::from_number(row.get(5)?),
        display_name: row.get(6)?,
        note: row.get(7)?,
        fields: list_from(row, 8)?,
        emojis: list_from(row, 9)?,
        avatar_url: row.get(10)?,
        header_url: row.get(11)?,
        locked: row.get(12)?,
        discoverable: row.get(13)?,
        indexable: row.get(14)?,
        inbox: row.get(15)?,
        shared_inbox: row.get(16)?,
        outbox: row.get(17)?,
        followers_uri: row.get(18)?,
        following_uri: row.get(19)?,
        featured_uri: row.get(20)?,
        moved_to_uri: row.get(21)?,
        created_at: row.get(22)?,
        fetched_at: row.get(23)?,
        suspended_at: row.get(24)?,
        statuses_count: row.get(25)?,
        followers_count: row.get(26)?,
        following_count: row.get(27)?,
        last_status_at: row.get(28)?,
        pictures: pictures(row, 29)?,
        details: details_from(row.get(30)?),
        silenced_at: row.get(31)?,
        sensitized_at: row.get(32)?,
    })
}

/// What is known of the pictures of a local account.
fn pictures(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<Box<Pictures>>> {
    let text: Option<String> = row.get(index)?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

fn details_from(text: Option<String>) -> Details {
    text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}

fn details_to(details: &Details) -> Option<String> {
    if *details == Details::default() { None } else { serde_json::to_string(details).ok() }
}

/// A JSON list column; NULL and what cannot be read are the empty list.
pub(super) fn list_from<T: DeserializeOwned>(
    row: &Row<'_>,
    index: usize,
) -> rusqlite::Result<Vec<T>> {
    let text: Option<String> = row.get(index)?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
}

/// A list as JSON; the empty one is NULL.
pub(super) fn list_to<T: Serialize>(list: &[T]) -> Option<String> {
    if list.is_empty() { None } else { serde_json::to_string(list).ok() }
}

fn one(conn: &Conn, condition: &str, args: impl rusqlite::Params) -> Result<Option<Account>> {
    let sql = format!("SELECT {COLUMNS} FROM account WHERE {condition}");
    optional(conn.sql.prepare_cached(&sql)?.query_row(args, from_row))
}

/// What visibility asks of an account.
pub struct Standing {
    pub domain: Option<String>,
    pub suspended: bool,
    pub silenced: bool,
}

/// Where an account stands, by id: a good deal less than reading all of it.
pub fn standing(conn: &Conn, id: i64) -> Result<Option<Standing>> {
    optional(
        conn.sql
            .prepare_cached(
                "SELECT domain, suspended_at IS NOT NULL, silenced_at IS NOT NULL
                 FROM account WHERE id = ?",
            )?
            .query_row([id], |row| {
                Ok(Standing { domain: row.get(0)?, suspended: row.get(1)?, silenced: row.get(2)? })
            }),
    )
}

/// By id.
pub fn find(conn: &Conn, id: i64) -> Result<Option<Account>> {
    one(conn, "id = ?", [id])
}

/// By id; absent is 404.
pub fn get(conn: &Conn, id: i64) -> Result<Account> {
    find(conn, id)?.ok_or(Error::NotFound)
}

/// By actor URI, byte-exact (F-008).
pub fn find_by_uri(conn: &Conn, uri: &str) -> Result<Option<Account>> {
    one(conn, "uri = ?", [uri])
}

/// By actor URI, or by the profile page that its own server gave it; one on another host than
/// the actor proves nothing.
pub fn find_by_uri_or_url(conn: &Conn, address: &str) -> Result<Option<Account>> {
    if let Some(account) = find_by_uri(conn, address)? {
        return Ok(Some(account));
    }
    let sql = format!("SELECT {COLUMNS} FROM account WHERE url = ? ORDER BY id LIMIT 20");
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let claims = statement.query_map([address], from_row)?;
    for account in claims {
        let account = account?;
        if same_host(&account.uri, address) {
            return Ok(Some(account));
        }
    }
    Ok(None)
}

/// A local account by name, whatever its case (F-009).
pub fn find_local(conn: &Conn, username: &str) -> Result<Option<Account>> {
    one(conn, "username = ? COLLATE NOCASE AND domain IS NULL", [username])
}

/// A remote account by handle. If several claim it, the first that did and is still there (S-031).
pub fn find_remote(conn: &Conn, username: &str, domain: &str) -> Result<Option<Account>> {
    one(
        conn,
        "username = ? COLLATE NOCASE AND domain = ?
         ORDER BY (username = ?1) DESC, suspended_at IS NOT NULL, id LIMIT 1",
        [username, domain],
    )
}

/// Other actors than `uri` that have this handle, a few of them.
pub fn list_others(conn: &Conn, username: &str, domain: &str, uri: &str) -> Result<Vec<Account>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM account
         WHERE username = ?1 COLLATE NOCASE AND domain = ?2 AND username = ?1 AND uri <> ?3
           AND suspended_at IS NULL ORDER BY id LIMIT 3"
    );
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map([username, domain, uri], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Those of `ids` that exist, in no order.
pub fn list(conn: &Conn, ids: &[i64]) -> Result<Vec<Account>> {
    list_columns(conn, COLUMNS, ids)
}

/// Those of `ids` that exist, in no order, as far as people see them: without the addresses of
/// inboxes and collections.
pub fn list_shown(conn: &Conn, ids: &[i64]) -> Result<Vec<Account>> {
    list_columns(conn, SHOWN, ids)
}

fn list_columns(conn: &Conn, columns: &str, ids: &[i64]) -> Result<Vec<Account>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!("SELECT {columns} FROM account WHERE id IN (SELECT value FROM json_each(?))");
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map([json_ids(ids)], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// What `make` makes of each of `ids` that exists, as far as people see it. It may be made in an
/// earlier snapshot, if the row has not changed since; so of nothing but the row.
pub fn list_made<T: Send + Sync + 'static>(
    conn: &Conn,
    ids: &[i64],
    make: impl Fn(Account) -> T,
) -> Result<HashMap<i64, Arc<T>>> {
    let mut known = conn.memo.as_ref().map(|recall| recall.memo.get(ids)).unwrap_or_default();
    let missing: Vec<i64> = ids.iter().copied().filter(|id| !known.contains_key(id)).collect();
    let rows = list_shown(conn, &missing)?.into_iter();
    let made: Vec<(i64, Arc<T>)> = rows.map(|row| (row.id, Arc::new(make(row)))).collect();
    if let Some(recall) = conn.memo.as_ref().filter(|_| !made.is_empty()) {
        recall.memo.put(recall.age.get(), &made);
    }
    known.extend(made);
    Ok(known)
}

/// Those under these actor URIs, in no order, as far as people see them.
pub fn list_by_uris(conn: &Conn, uris: &[String]) -> Result<Vec<Account>> {
    let uris = serde_json::to_string(uris).map_err(Error::internal)?;
    let sql = format!("SELECT {SHOWN} FROM account WHERE uri IN (SELECT value FROM json_each(?))");
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map([uris], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The people of this server, oldest first; the instance actor is not one.
pub fn list_local(conn: &Conn) -> Result<Vec<Account>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM account
         WHERE domain IS NULL AND id IN (SELECT account_id FROM user) ORDER BY id"
    );
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map([], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// How many local people, how many of them wrote since `since`, and how many statuses in all
/// they wrote.
pub fn usage(conn: &Conn, since: i64) -> Result<(i64, i64, i64)> {
    Ok(conn
        .sql
        .prepare_cached(
            "SELECT count(*), coalesce(sum(ifnull(a.last_status_at, 0) >= ?), 0),
               coalesce(sum(a.statuses_count), 0)
             FROM user u JOIN account a ON a.id = u.account_id",
        )?
        .query_row([since], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?)
}

/// How many servers we have met.
pub fn count_domains(conn: &Conn) -> Result<i64> {
    Ok(conn
        .sql
        .prepare_cached("SELECT count(DISTINCT domain) FROM account WHERE domain IS NOT NULL")?
        .query_row([], |row| row.get(0))?)
}

/// The servers that we have met, by name, at most `limit`.
pub fn list_domains(conn: &Conn, limit: i64) -> Result<Vec<String>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT DISTINCT domain FROM account WHERE domain IS NOT NULL ORDER BY domain LIMIT ?",
    )?;
    let rows = statement.query_map([limit], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Stores a new account under `account.id` and puts it into the search index.
pub fn insert(tx: &Tx<'_>, account: &Account) -> Result<()> {
    let sql = "INSERT INTO account (id, username, domain, uri, url, kind, display_name, note, fields, emojis,
       avatar_url, header_url, locked, discoverable, indexable, inbox, shared_inbox, outbox,
       followers_uri, following_uri, featured_uri, moved_to_uri, created_at, fetched_at, suspended_at,
       details)
     VALUES (:id, :username, :domain, :uri, :url, :kind, :display_name, :note, :fields, :emojis,
       :avatar_url, :header_url, :locked, :discoverable, :indexable, :inbox, :shared_inbox, :outbox,
       :followers_uri, :following_uri, :featured_uri, :moved_to_uri, :created_at, :fetched_at, :suspended_at,
       :details)";
    write(tx, sql, account)?;
    index(tx, account)
}

/// Writes everything of the account but its id, URI and counts.
pub fn update(tx: &Tx<'_>, account: &Account) -> Result<()> {
    let sql = "UPDATE account SET username = :username, domain = :domain, uri = :uri, url = :url, kind = :kind,
       display_name = :display_name, note = :note, fields = :fields, emojis = :emojis,
       avatar_url = :avatar_url, header_url = :header_url, locked = :locked,
       discoverable = :discoverable, indexable = :indexable, inbox = :inbox,
       shared_inbox = :shared_inbox, outbox = :outbox, followers_uri = :followers_uri,
       following_uri = :following_uri, featured_uri = :featured_uri,
       moved_to_uri = :moved_to_uri, created_at = :created_at, fetched_at = :fetched_at,
       suspended_at = :suspended_at,
       details = :details WHERE id = :id";
    write(tx, sql, account)?;
    index(tx, account)
}

/// Sets the pictures; a remote account has nothing but their addresses.
pub fn set_pictures(tx: &Tx<'_>, account: &Account) -> Result<()> {
    let text = account.pictures.as_ref().and_then(|one| serde_json::to_string(one).ok());
    tx.sql
        .prepare_cached("UPDATE account SET pictures = ? WHERE id = ?")?
        .execute(params![text, account.id])?;
    Ok(())
}

fn write(tx: &Tx<'_>, sql: &str, account: &Account) -> Result<()> {
    tx.sql.prepare_cached(sql)?.execute(named_params! {
        ":id": account.id,
        ":username": account.username,
        ":domain": account.domain,
        ":uri": account.uri,
        ":url": account.url,
        ":kind": account.kind as i64,
        ":display_name": account.display_name,
        ":note": account.note,
        ":fields": list_to(&account.fields),
        ":emojis": list_to(&account.emojis),
        ":avatar_url": account.avatar_url,
        ":header_url": account.header_url,
        ":locked": account.locked,
        ":discoverable": account.discoverable,
        ":indexable": account.indexable,
        ":inbox": account.inbox,
        ":shared_inbox": account.shared_inbox,
        ":outbox": account.outbox,
        ":followers_uri": account.followers_uri,
        ":following_uri": account.following_uri,
        ":featured_uri": account.featured_uri,
        ":moved_to_uri": account.moved_to_uri,
        ":created_at": account.created_at,
        ":fetched_at": account.fetched_at,
        ":suspended_at": account.suspended_at,
        ":details": details_to(&account.details),
    })?;
    Ok(())
}

fn index(tx: &Tx<'_>, account: &Account) -> Result<()> {
    let words = crate::text::search::index(&format!(
        "{} {} {}",
        account.username,
        account.display_name,
        account.domain.as_deref().unwrap_or_default()
    ));
    super::search::index_account(tx, account.id, &words)
}

/// The shared inboxes of all servers that we know, for the Delete of an account (F-227).
pub fn list_known_inboxes(conn: &Conn) -> Result<Vec<String>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT DISTINCT shared_inbox FROM account
         WHERE domain IS NOT NULL AND shared_inbox IS NOT NULL AND suspended_at IS NULL LIMIT 50000",
    )?;
    let rows = statement.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Other servers' shared inboxes are not used any more (F-204).
pub fn forget_shared_inboxes(tx: &Tx<'_>) -> Result<()> {
    tx.sql
        .prepare_cached("UPDATE account SET shared_inbox = NULL WHERE domain IS NOT NULL")?
        .execute([])?;
    Ok(())
}

/// Marks the account as gone: nobody sees it any more, its rows go in slices.
pub fn suspend(tx: &Tx<'_>, id: i64) -> Result<()> {
    tx.sql
        .prepare_cached("UPDATE account SET suspended_at = ? WHERE id = ?")?
        .execute(params![tx.now(), id])?;
    Ok(())
}

/// Ends a suspension.
pub fn unsuspend(tx: &Tx<'_>, id: i64) -> Result<()> {
    tx.sql.prepare_cached("UPDATE account SET suspended_at = NULL WHERE id = ?")?.execute([id])?;
    Ok(())
}

/// Limits an account: only its followers find it. Or no longer.
pub fn set_silenced(tx: &Tx<'_>, id: i64, at: Option<i64>) -> Result<()> {
    tx.sql
        .prepare_cached("UPDATE account SET silenced_at = ? WHERE id = ?")?
        .execute(params![at, id])?;
    Ok(())
}

/// Marks all media of an account as sensitive. Or no longer.
pub fn set_sensitized(tx: &Tx<'_>, id: i64, at: Option<i64>) -> Result<()> {
    tx.sql
        .prepare_cached("UPDATE account SET sensitized_at = ? WHERE id = ?")?
        .execute(params![at, id])?;
    Ok(())
}

/// Removes the row, with all that still hangs on it.
pub fn delete(tx: &Tx<'_>, id: i64) -> Result<()> {
    tx.sql.prepare_cached("DELETE FROM account WHERE id = ?")?.execute([id])?;
    super::upload::sweep_soon(tx)
}
