//! Who wants an account and has none yet: they wait for an admin, or have to confirm their address.

use rusqlite::{Row, params};

use super::{Conn, Tx, optional};
use crate::error::Result;
use crate::model::Page;

/// Somebody who wants an account.
#[derive(Clone, Debug)]
pub struct Applicant {
    /// Becomes the account's.
    pub id: i64,
    pub username: String,
    pub email: String,
    /// argon2id, as a PHC string.
    pub password_hash: String,
    /// The language to write to them in.
    pub locale: String,
    /// Why they would like to come.
    pub reason: String,
    pub invited_by: Option<i64>,
    /// The address is known to be theirs, or there is no mail here.
    pub confirmed: bool,
    /// An admin or an invitation lets them in.
    pub approved: bool,
    /// The status that tells the admins.
    pub told_id: Option<i64>,
    /// The app in which they signed up, with the token that it got.
    pub application_id: Option<i64>,
    pub token_hash: Option<[u8; 32]>,
    pub scopes: String,
    pub created_at: i64,
}

const COLUMNS: &str = "id, username, email, password_hash, locale, reason, invited_by, confirmed,
  approved, told_id, application_id, token_hash, scopes, created_at";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Applicant> {
    Ok(Applicant {
        id: row.get(0)?,
        username: row.get(1)?,
        email: row.get(2)?,
        password_hash: row.get(3)?,
        locale: row.get(4)?,
        reason: row.get(5)?,
        invited_by: row.get(6)?,
        confirmed: row.get(7)?,
        approved: row.get(8)?,
        told_id: row.get(9)?,
        application_id: row.get(10)?,
        token_hash: row.get(11)?,
        scopes: row.get(12)?,
        created_at: row.get(13)?,
    })
}

/// Stores somebody.
pub fn insert(tx: &Tx<'_>, one: &Applicant) -> Result<()> {
    tx.sql
        .prepare_cached(
            "INSERT INTO applicant (id, username, email, password_hash, locale, reason, invited_by,
               confirmed, approved, told_id, application_id, token_hash, scopes, created_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            one.id,
            one.username,
            one.email,
            one.password_hash,
            one.locale,
            one.reason,
            one.invited_by,
            one.confirmed,
            one.approved,
            one.told_id,
            one.application_id,
            one.token_hash.as_ref().map(|hash| &hash[..]),
            one.scopes,
            one.created_at,
        ])?;
    Ok(())
}

/// By id.
pub fn find(conn: &Conn, id: i64) -> Result<Option<Applicant>> {
    let sql = format!("SELECT {COLUMNS} FROM applicant WHERE id = ?");
    optional(conn.sql.prepare_cached(&sql)?.query_row([id], from_row))
}

/// By e-mail address, or by name when there is no `@` in it.
pub fn find_by_login(conn: &Conn, login: &str) -> Result<Option<Applicant>> {
    let column = if login.contains('@') { "email" } else { "username" };
    let sql = format!("SELECT {COLUMNS} FROM applicant WHERE {column} = ?");
    optional(conn.sql.prepare_cached(&sql)?.query_row([login], from_row))
}

/// By the token that their app got.
pub fn find_by_token(conn: &Conn, hash: &[u8; 32]) -> Result<Option<Applicant>> {
    let sql = format!("SELECT {COLUMNS} FROM applicant WHERE token_hash = ?");
    optional(conn.sql.prepare_cached(&sql)?.query_row([&hash[..]], from_row))
}

/// Whether somebody asks for this name.
pub fn name_taken(conn: &Conn, username: &str) -> Result<bool> {
    Ok(conn.sql.prepare_cached("SELECT 1 FROM applicant WHERE username = ?")?.exists([username])?)
}

/// Whether somebody has given this address.
pub fn email_taken(conn: &Conn, email: &str) -> Result<bool> {
    Ok(conn.sql.prepare_cached("SELECT 1 FROM applicant WHERE email = ?")?.exists([email])?)
}

/// How many there are; counting stops at `at_most`.
pub fn count(conn: &Conn, at_most: i64) -> Result<i64> {
    Ok(conn
        .sql
        .prepare_cached("SELECT count(*) FROM (SELECT 1 FROM applicant LIMIT ?)")?
        .query_row([at_most], |row| row.get(0))?)
}

/// Those who wait for an admin, newest first.
pub fn list_waiting(conn: &Conn, page: &Page) -> Result<Vec<Applicant>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM applicant WHERE id < ? AND id > ? AND approved = 0
         ORDER BY id {} LIMIT ?",
        page.order()
    );
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows =
        statement.query_map(params![page.below(), page.above(), super::most(page)], from_row)?;
    let mut found: Vec<_> = rows.collect::<rusqlite::Result<_>>()?;
    if page.ascending() {
        found.reverse();
    }
    Ok(found)
}

/// Whether somebody waits for an admin whose address is known to be theirs.
pub fn is_any_waiting(conn: &Conn) -> Result<bool> {
    Ok(conn
        .sql
        .prepare_cached("SELECT 1 FROM applicant WHERE confirmed = 1 AND approved = 0 LIMIT 1")?
        .exists([])?)
}

/// Their address is theirs.
pub fn set_confirmed(tx: &Tx<'_>, id: i64) -> Result<()> {
    tx.sql.prepare_cached("UPDATE applicant SET confirmed = 1 WHERE id = ?")?.execute([id])?;
    Ok(())
}

/// They gave another address.
pub fn set_email(tx: &Tx<'_>, id: i64, email: &str) -> Result<()> {
    tx.sql
        .prepare_cached("UPDATE applicant SET email = ? WHERE id = ?")?
        .execute(params![email, id])?;
    Ok(())
}

/// An admin lets them in.
pub fn set_approved(tx: &Tx<'_>, id: i64) -> Result<()> {
    tx.sql.prepare_cached("UPDATE applicant SET approved = 1 WHERE id = ?")?.execute([id])?;
    Ok(())
}

/// The message that tells the admins of them.
pub fn set_told(tx: &Tx<'_>, id: i64, status: Option<i64>) -> Result<()> {
    tx.sql
        .prepare_cached("UPDATE applicant SET told_id = ? WHERE id = ?")?
        .execute(params![status, id])?;
    Ok(())
}

/// The token of this application ends.
pub fn end_token(tx: &Tx<'_>, hash: &[u8; 32], application_id: i64) -> Result<()> {
    tx.sql
        .prepare_cached(
            "UPDATE applicant SET token_hash = NULL WHERE token_hash = ? AND application_id = ?",
        )?
        .execute(params![&hash[..], application_id])?;
    Ok(())
}

/// They are gone, with all that is known of them.
pub fn delete(tx: &Tx<'_>, id: i64) -> Result<()> {
    tx.sql.prepare_cached("DELETE FROM applicant WHERE id = ?")?.execute([id])?;
    Ok(())
}

/// Removes those who came before `before` and never confirmed their address.
pub fn expire(tx: &Tx<'_>, before: i64, limit: i64) -> Result<usize> {
    Ok(tx
        .sql
        .prepare_cached(
            "DELETE FROM applicant WHERE id IN (SELECT id FROM applicant
               WHERE confirmed = 0 AND created_at < ? LIMIT ?)",
        )?
        .execute([before, limit])?)
}
