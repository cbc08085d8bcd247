//! What needs consent: policies of statuses, and the favourites, replies and boosts that wait for
//! it or got it.

use rusqlite::{Row, named_params, params};

use super::{Conn, Tx, optional, visible};
use crate::error::{Error, Result};
use crate::model::{
    Held, Interaction, InteractionKind, InteractionPolicy, InteractionState, Page, Visibility,
};

const COLUMNS: &str = "id, kind, target_id, owner_id, account_id, status_id, uri, state,
  request_uri, authorization_uri, answer_uri, created_at, decided_at";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Interaction> {
    Ok(Interaction {
        id: row.get(0)?,
        kind: InteractionKind::from_number(row.get(1)?),
        target_id: row.get(2)?,
        owner_id: row.get(3)?,
        account_id: row.get(4)?,
        status_id: row.get(5)?,
        uri: row.get(6)?,
        state: InteractionState::from_number(row.get(7)?),
        request_uri: row.get(8)?,
        authorization_uri: row.get(9)?,
        answer_uri: row.get(10)?,
        created_at: row.get(11)?,
        decided_at: row.get(12)?,
    })
}

fn one(conn: &Conn, rest: &str, args: impl rusqlite::Params) -> Result<Option<Interaction>> {
    let sql = format!("SELECT {COLUMNS} FROM interaction WHERE {rest}");
    optional(conn.sql.prepare_cached(&sql)?.query_row(args, from_row))
}

/// The policy in a column; one that cannot be read allows as if there were none.
pub(super) fn policy_from(
    row: &Row<'_>,
    column: usize,
) -> rusqlite::Result<Option<Box<InteractionPolicy>>> {
    let text: Option<String> = row.get(column)?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

/// Sets who may do what with a status.
pub fn set_policy(tx: &Tx<'_>, status: i64, policy: Option<&InteractionPolicy>) -> Result<()> {
    let text = policy.map(serde_json::to_string).transpose().map_err(Error::internal)?;
    tx.sql
        .prepare_cached("UPDATE status SET policy = ? WHERE id = ?")?
        .execute(params![text, status])?;
    Ok(())
}

/// What new statuses of a visibility begin with.
pub fn find_default(
    conn: &Conn,
    account: i64,
    visibility: Visibility,
) -> Result<Option<Box<InteractionPolicy>>> {
    Ok(optional(
        conn.sql
            .prepare_cached(
                "SELECT policy FROM policy_default WHERE account_id = ? AND visibility = ?",
            )?
            .query_row(params![account, visibility as i64], |row| policy_from(row, 0)),
    )?
    .flatten())
}

/// Sets what new statuses of a visibility begin with.
pub fn set_default(
    tx: &Tx<'_>,
    account: i64,
    visibility: Visibility,
    policy: Option<&InteractionPolicy>,
) -> Result<()> {
    tx.sql
        .prepare_cached("DELETE FROM policy_default WHERE account_id = ? AND visibility = ?")?
        .execute(params![account, visibility as i64])?;
    let Some(policy) = policy else { return Ok(()) };
    let text = serde_json::to_string(policy).map_err(Error::internal)?;
    tx.sql
        .prepare_cached(
            "INSERT INTO policy_default (account_id, visibility, policy) VALUES (?, ?, ?)",
        )?
        .execute(params![account, visibility as i64, text])?;
    Ok(())
}

/// Hides a status from others, or shows it; counts follow by a trigger.
pub fn set_held(tx: &Tx<'_>, status: i64, held: Held) -> Result<()> {
    tx.sql
        .prepare_cached("UPDATE status SET held = ? WHERE id = ?")?
        .execute([held as i64, status])?;
    Ok(())
}

/// Sets where the consent to a status is found.
pub fn set_approval(tx: &Tx<'_>, status: i64, approval: Option<&str>) -> Result<()> {
    tx.sql
        .prepare_cached("UPDATE status SET approval = ? WHERE id = ?")?
        .execute(params![approval, status])?;
    Ok(())
}

/// The same for a favourite.
pub fn set_favourite_held(tx: &Tx<'_>, account: i64, status: i64, held: bool) -> Result<()> {
    tx.sql
        .prepare_cached("UPDATE favourite SET held = ? WHERE account_id = ? AND status_id = ?")?
        .execute(params![held, account, status])?;
    Ok(())
}

/// Ids of the replies to a status that are held for no reason of their own, at most `limit`.
pub fn list_held_with(conn: &Conn, status: i64, limit: i64) -> Result<Vec<i64>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT s.id FROM status s WHERE s.in_reply_to_id = ?1 AND s.held = 1
         AND NOT EXISTS (SELECT 1 FROM interaction i
           WHERE i.status_id = s.id AND i.state <> 1) LIMIT ?2",
    )?;
    let rows = statement.query_map([status, limit], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Ids of the replies of others elsewhere to a status, at most `limit`.
pub fn list_remote_replies(conn: &Conn, status: i64, limit: i64) -> Result<Vec<i64>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT id FROM status WHERE in_reply_to_id = ? AND local = 0 AND held = 0 LIMIT ?",
    )?;
    let rows = statement.query_map([status, limit], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Stores one; its id is ignored. Answers the new id.
pub fn insert(tx: &Tx<'_>, new: &Interaction) -> Result<i64> {
    tx.sql
        .prepare_cached(
            "INSERT INTO interaction (kind, target_id, owner_id, account_id, status_id, uri, state,
               request_uri, authorization_uri, answer_uri, created_at, decided_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            new.kind as i64,
            new.target_id,
            new.owner_id,
            new.account_id,
            new.status_id,
            new.uri,
            new.state as i64,
            new.request_uri,
            new.authorization_uri,
            new.answer_uri,
            new.created_at,
            new.decided_at,
        ])?;
    Ok(tx.sql.last_insert_rowid())
}

/// Writes what may change.
pub fn update(tx: &Tx<'_>, row: &Interaction) -> Result<()> {
    tx.sql
        .prepare_cached(
            "UPDATE interaction SET status_id = ?, uri = ?, state = ?, request_uri = ?,
               authorization_uri = ?, answer_uri = ?, decided_at = ? WHERE id = ?",
        )?
        .execute(params![
            row.status_id,
            row.uri,
            row.state as i64,
            row.request_uri,
            row.authorization_uri,
            row.answer_uri,
            row.decided_at,
            row.id,
        ])?;
    Ok(())
}

/// By id.
pub fn find(conn: &Conn, id: i64) -> Result<Option<Interaction>> {
    one(conn, "id = ?", [id])
}

/// The one of a reply or boost.
pub fn find_of_status(conn: &Conn, status: i64) -> Result<Option<Interaction>> {
    one(conn, "status_id = ? LIMIT 1", [status])
}

/// The account's favourite or boost of a status.
pub fn find_of(
    conn: &Conn,
    kind: InteractionKind,
    target: i64,
    account: i64,
) -> Result<Option<Interaction>> {
    one(
        conn,
        "target_id = ? AND kind = ? AND account_id = ? ORDER BY id DESC LIMIT 1",
        [target, kind as i64, account],
    )
}

/// By the id of the Like, Note or Announce, or of the request for it; with one owner only.
pub fn find_asked(conn: &Conn, uri: &str, owner: i64) -> Result<Option<Interaction>> {
    match one(conn, "uri = ? AND owner_id = ? LIMIT 1", params![uri, owner])? {
        None => one(conn, "request_uri = ? AND owner_id = ? LIMIT 1", params![uri, owner]),
        found => Ok(found),
    }
}

/// Those of accounts here that this proof allows, with one owner only.
pub fn list_by_authorization(conn: &Conn, uri: &str, owner: i64) -> Result<Vec<Interaction>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM interaction
         WHERE authorization_uri = ? AND owner_id = ? AND state = 1 LIMIT 20"
    );
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map(params![uri, owner], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Statuses of elsewhere that name this proof.
pub fn list_statuses_by_approval(conn: &Conn, uri: &str) -> Result<Vec<i64>> {
    let mut statement = conn
        .sql
        .prepare_cached("SELECT id FROM status WHERE approval = ? AND local = 0 LIMIT 20")?;
    let rows = statement.query_map([uri], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// A favourite or boost is taken back. That it was refused is kept.
pub fn forget(tx: &Tx<'_>, kind: InteractionKind, target: i64, account: i64) -> Result<()> {
    tx.sql
        .prepare_cached(
            "DELETE FROM interaction
             WHERE target_id = ? AND kind = ? AND account_id = ? AND state < 2",
        )?
        .execute([target, kind as i64, account])?;
    Ok(())
}

/// How many wait for an owner's word; counting stops at `at_most`.
pub fn count_pending(conn: &Conn, owner: i64, at_most: i64) -> Result<i64> {
    Ok(conn
        .sql
        .prepare_cached(
            "SELECT count(*) FROM (SELECT 1 FROM interaction
               WHERE owner_id = ? AND state = 0 LIMIT ?)",
        )?
        .query_row([owner, at_most], |row| row.get(0))?)
}

/// How many of one account's do; counting stops at `at_most`.
pub fn count_pending_of(conn: &Conn, owner: i64, account: i64, at_most: i64) -> Result<i64> {
    Ok(conn
        .sql
        .prepare_cached(
            "SELECT count(*) FROM (SELECT 1 FROM interaction INDEXED BY interaction_owner
               WHERE owner_id = ? AND state = 0 AND +account_id = ? LIMIT ?)",
        )?
        .query_row([owner, account, at_most], |row| row.get(0))?)
}

/// What of an owner's requests is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// Those about one status.
    pub target: Option<i64>,
    pub favourites: bool,
    pub replies: bool,
    pub reblogs: bool,
}

/// Those that wait for an owner's word, the newest first.
pub fn list_pending(
    conn: &Conn,
    owner: i64,
    wanted: &Wanted,
    page: &Page,
) -> Result<Vec<Interaction>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM interaction WHERE owner_id = :viewer AND state = 0
         AND id < :below AND id > :above AND {} AND (:target IS NULL OR +target_id = :target)
         AND ((kind = 0 AND :favourites) OR (kind = 1 AND :replies) OR (kind = 2 AND :reblogs))
         ORDER BY id {} LIMIT :limit",
        visible::wanted_account("interaction.account_id"),
        page.order()
    );
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map(
        named_params! {
            ":viewer": owner,
            ":now": conn.now(),
            ":below": page.below(),
            ":above": page.above(),
            ":target": wanted.target,
            ":favourites": wanted.favourites,
            ":replies": wanted.replies,
            ":reblogs": wanted.reblogs,
            ":limit": super::most(page),
        },
        from_row,
    )?;
    let mut found: Vec<Interaction> = rows.collect::<rusqlite::Result<_>>()?;
    if page.ascending() {
        found.reverse();
    }
    Ok(found)
}
