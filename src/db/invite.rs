//! Invitations.

use rusqlite::{Row, params};

use super::{Conn, Tx, optional};
use crate::error::Result;

/// A code with which somebody may come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invite {
    pub id: i64,
    pub code: String,
    /// Who made it; `None`: the operator, by command.
    pub account_id: Option<i64>,
    pub max_uses: Option<i64>,
    pub uses: i64,
    /// Milliseconds since 1970.
    pub expires_at: Option<i64>,
    pub created_at: i64,
}

impl Invite {
    /// Whether it still lets somebody in.
    pub fn is_good(&self, now: i64) -> bool {
        self.expires_at.is_none_or(|end| end > now)
            && self.max_uses.is_none_or(|most| self.uses < most)
    }
}

const COLUMNS: &str = "id, code, account_id, max_uses, uses, expires_at, created_at";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Invite> {
    Ok(Invite {
        id: row.get(0)?,
        code: row.get(1)?,
        account_id: row.get(2)?,
        max_uses: row.get(3)?,
        uses: row.get(4)?,
        expires_at: row.get(5)?,
        created_at: row.get(6)?,
    })
}

/// The one with this code.
pub fn find(conn: &Conn, code: &str) -> Result<Option<Invite>> {
    let sql = format!("SELECT {COLUMNS} FROM invite WHERE code = ?");
    optional(conn.sql.prepare_cached(&sql)?.query_row([code], from_row))
}

/// Stores one; `id` and `uses` are not looked at.
pub fn insert(tx: &Tx<'_>, invite: &Invite) -> Result<()> {
    tx.sql
        .prepare_cached(
            "INSERT INTO invite (code, account_id, max_uses, expires_at, created_at)
             VALUES (?, ?, ?, ?, ?)",
        )?
        .execute(params![
            invite.code,
            invite.account_id,
            invite.max_uses,
            invite.expires_at,
            invite.created_at,
        ])?;
    Ok(())
}

/// Somebody came in with it.
pub fn count_use(tx: &Tx<'_>, id: i64) -> Result<()> {
    tx.sql.prepare_cached("UPDATE invite SET uses = uses + 1 WHERE id = ?")?.execute([id])?;
    Ok(())
}

/// The newest ones, of one account or of all.
pub fn list(conn: &Conn, account: Option<i64>, limit: i64) -> Result<Vec<Invite>> {
    let condition = if account.is_some() { "account_id = ?1" } else { "?1 IS NULL" };
    let sql = format!("SELECT {COLUMNS} FROM invite WHERE {condition} ORDER BY id DESC LIMIT ?2");
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map(params![account, limit], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// How many there are, of one account or of all.
pub fn count(conn: &Conn, account: Option<i64>) -> Result<i64> {
    let condition = if account.is_some() { "account_id = ?1" } else { "?1 IS NULL" };
    let sql = format!("SELECT count(*) FROM invite WHERE {condition}");
    Ok(conn.sql.prepare_cached(&sql)?.query_row([account], |row| row.get(0))?)
}

/// Takes one back.
pub fn delete(tx: &Tx<'_>, id: i64) -> Result<()> {
    tx.sql.prepare_cached("DELETE FROM invite WHERE id = ?")?.execute([id])?;
    Ok(())
}

/// Removes those that ended before `before`; those used up are kept, to be seen.
pub fn expire(tx: &Tx<'_>, before: i64, limit: i64) -> Result<usize> {
    Ok(tx
        .sql
        .prepare_cached(
            "DELETE FROM invite WHERE id IN (SELECT id FROM invite INDEXED BY invite_ends
               WHERE expires_at < ? LIMIT ?)",
        )?
        .execute([before, limit])?)
}
