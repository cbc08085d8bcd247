//! Relays, and which statuses they brought.

use rusqlite::{Row, params};

use super::{Conn, Tx, json_ids, optional};
use crate::error::{Error, Result};
use crate::model::{JobKind, Relay, RelayCounts, RelayFilter, RelayState, RelayStyle};

const COLUMNS: &str =
    "id, account_id, inbox, style, state, follow_uri, follows_back, sends, filter,
  counts, created_at, last_seen_at";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Relay> {
    let filter: String = row.get(8)?;
    let counts: String = row.get(9)?;
    Ok(Relay {
        id: row.get(0)?,
        account_id: row.get(1)?,
        inbox: row.get(2)?,
        style: RelayStyle::from_number(row.get(3)?),
        state: RelayState::from_number(row.get(4)?),
        follow_uri: row.get(5)?,
        follows_back: row.get(6)?,
        sends: row.get(7)?,
        // written by us; a version that knows more of them may have been here
        filter: serde_json::from_str(&filter).unwrap_or_default(),
        counts: serde_json::from_str(&counts).unwrap_or_default(),
        created_at: row.get(10)?,
        last_seen_at: row.get(11)?,
    })
}

fn one(conn: &Conn, condition: &str, args: impl rusqlite::Params) -> Result<Option<Relay>> {
    let sql = format!("SELECT {COLUMNS} FROM relay WHERE {condition}");
    optional(conn.sql.prepare_cached(&sql)?.query_row(args, from_row))
}

/// A relay by its row.
pub fn find(conn: &Conn, id: i64) -> Result<Option<Relay>> {
    one(conn, "id = ?", [id])
}

/// The relay that this account is, if the operator subscribed to it (F-348).
pub fn find_of_account(conn: &Conn, account_id: i64) -> Result<Option<Relay>> {
    one(conn, "account_id = ?", [account_id])
}

/// All of them, in the order in which they were added.
pub fn list(conn: &Conn) -> Result<Vec<Relay>> {
    let sql = format!("SELECT {COLUMNS} FROM relay ORDER BY id");
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map([], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Adds one; its id is the answer.
pub fn insert(tx: &Tx<'_>, relay: &Relay) -> Result<i64> {
    tx.sql
        .prepare_cached(
            "INSERT INTO relay (account_id, inbox, style, state, follow_uri, sends, filter,
               created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            relay.account_id,
            relay.inbox,
            relay.style as i64,
            relay.state as i64,
            relay.follow_uri,
            relay.sends,
            serde_json::to_string(&relay.filter).map_err(Error::internal)?,
            tx.now(),
        ])?;
    Ok(tx.sql.last_insert_rowid())
}

/// Ends a subscription, with all that waits because of it.
pub fn remove(tx: &Tx<'_>, id: i64) -> Result<()> {
    tx.sql.prepare_cached("DELETE FROM relay WHERE id = ?")?.execute([id])?;
    let (from, to) = lanes(id);
    tx.sql
        .prepare_cached("DELETE FROM job WHERE lane >= ? AND lane < ? AND dead = 0 AND kind = ?")?
        .execute(params![from, to, JobKind::RelayFetch as i64])?;
    Ok(())
}

/// What it answered.
pub fn set_state(tx: &Tx<'_>, id: i64, state: RelayState) -> Result<()> {
    tx.sql
        .prepare_cached("UPDATE relay SET state = ? WHERE id = ?")?
        .execute(params![state as i64, id])?;
    Ok(())
}

/// It is asked once more, perhaps in another way.
pub fn ask_again(tx: &Tx<'_>, id: i64, relay: &Relay) -> Result<()> {
    tx.sql
        .prepare_cached(
            "UPDATE relay SET state = ?, follow_uri = ?, inbox = ?, style = ? WHERE id = ?",
        )?
        .execute(params![
            relay.state as i64,
            relay.follow_uri,
            relay.inbox,
            relay.style as i64,
            id
        ])?;
    Ok(())
}

/// Whether it follows us.
pub fn set_follows_back(tx: &Tx<'_>, id: i64, follows: bool) -> Result<()> {
    tx.sql
        .prepare_cached("UPDATE relay SET follows_back = ? WHERE id = ?")?
        .execute(params![follows, id])?;
    Ok(())
}

/// What is taken from it and given to it.
pub fn set_filter(tx: &Tx<'_>, id: i64, filter: &RelayFilter, sends: bool) -> Result<()> {
    tx.sql
        .prepare_cached("UPDATE relay SET filter = ?, sends = ? WHERE id = ?")?
        .execute(params![serde_json::to_string(filter).map_err(Error::internal)?, sends, id])?;
    Ok(())
}

/// Adds to its counts.
pub fn count(tx: &Tx<'_>, id: i64, counted: &RelayCounts) -> Result<()> {
    let Some(relay) = find(tx, id)? else { return Ok(()) };
    let mut counts = relay.counts;
    counts.add(counted);
    let seen = if counted.received > 0 { Some(tx.now()) } else { relay.last_seen_at };
    tx.sql
        .prepare_cached("UPDATE relay SET counts = ?, last_seen_at = ? WHERE id = ?")?
        .execute(params![serde_json::to_string(&counts).map_err(Error::internal)?, seen, id])?;
    Ok(())
}

/// The inboxes of relays of this kind that accepted us and get our statuses.
pub fn list_inboxes(conn: &Conn, style: RelayStyle) -> Result<Vec<String>> {
    let mut statement = conn
        .sql
        .prepare_cached("SELECT inbox FROM relay WHERE style = ? AND state = 1 AND sends = 1")?;
    let rows = statement.query_map([style as i64], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The actors of the same.
pub fn list_actors(conn: &Conn, style: RelayStyle) -> Result<Vec<String>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT a.uri FROM relay r CROSS JOIN account a ON a.id = r.account_id
         WHERE r.style = ? AND r.state = 1 AND r.sends = 1",
    )?;
    let rows = statement.query_map([style as i64], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The lane of what one relay names on one server: its statuses are fetched one after the other.
pub fn lane(id: i64, host: &str) -> String {
    format!("relay {id} {host}")
}

/// The server of such a lane: of all relays together one status of it is fetched at a time.
pub fn host_of_lane(lane: &str) -> Option<&str> {
    lane.strip_prefix("relay ")?.split_once(' ').map(|(_, host)| host)
}

/// All lanes of a relay: from the first to the one behind the last.
fn lanes(id: i64) -> (String, String) {
    (format!("relay {id} "), format!("relay {id}!"))
}

/// How much waits because of a relay; counting stops at `at_most`.
pub fn count_waiting(conn: &Conn, id: i64, at_most: i64) -> Result<i64> {
    let (from, to) = lanes(id);
    Ok(conn
        .sql
        .prepare_cached(
            "SELECT count(*) FROM
               (SELECT 1 FROM job WHERE lane >= ? AND lane < ? AND dead = 0 LIMIT ?)",
        )?
        .query_row(params![from, to, at_most], |row| row.get(0))?)
}

/// Notes that a relay brought a status.
pub fn insert_status(tx: &Tx<'_>, status_id: i64, relay_id: i64) -> Result<()> {
    tx.sql
        .prepare_cached("INSERT OR IGNORE INTO relayed_status (status_id, relay_id) VALUES (?, ?)")?
        .execute([status_id, relay_id])?;
    Ok(())
}

/// The next relay with a number above `after` that brought statuses, whether it is still
/// subscribed to or not.
pub fn next_with_statuses(conn: &Conn, after: i64) -> Result<Option<i64>> {
    Ok(conn
        .sql
        .prepare_cached("SELECT min(relay_id) FROM relayed_status WHERE relay_id > ?")?
        .query_row([after], |row| row.get(0))?)
}

/// The oldest statuses that a relay brought before `before` (an id), at the most `limit`.
pub fn list_statuses(conn: &Conn, relay_id: i64, before: i64, limit: i64) -> Result<Vec<i64>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT status_id FROM relayed_status WHERE relay_id = ? AND status_id < ?
         ORDER BY status_id LIMIT ?",
    )?;
    let rows = statement.query_map([relay_id, before, limit], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// These are for going early no more: gone, or for somebody here to keep.
pub fn forget_statuses(tx: &Tx<'_>, ids: &[i64]) -> Result<()> {
    tx.sql
        .prepare_cached(
            "DELETE FROM relayed_status WHERE status_id IN (SELECT value FROM json_each(?))",
        )?
        .execute([json_ids(ids)])?;
    Ok(())
}
