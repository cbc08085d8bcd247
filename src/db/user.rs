//! What local people sign in with.

use rusqlite::{Row, params};

use super::{Conn, Tx, optional};
use crate::error::Result;
use crate::model::{ContentType, QuotePolicy, Visibility};

/// A local person.
#[derive(Clone, Debug)]
pub struct User {
    pub account_id: i64,
    pub email: String,
    /// argon2id, as a PHC string.
    pub password_hash: String,
    pub admin: bool,
    pub note_source: String,
    pub default_visibility: Visibility,
    pub default_sensitive: bool,
    pub default_language: Option<String>,
    pub default_content_type: ContentType,
    pub default_quote_policy: QuotePolicy,
    /// Cannot sign in.
    pub disabled: bool,
    /// What was said at sign-up: the language of pages and letters, and why.
    pub locale: Option<String>,
    pub reason: Option<String>,
    pub invited_by: Option<i64>,
    /// An address that is still to be confirmed.
    pub new_email: Option<String>,
}

const COLUMNS: &str = "account_id, email, password_hash, admin, note_source, default_visibility,
  default_sensitive, default_language, default_content_type, default_quote_policy, disabled,
  locale, reason, invited_by, new_email";

fn from_row(row: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User {
        account_id: row.get(0)?,
        email: row.get(1)?,
        password_hash: row.get(2)?,
        admin: row.get(3)?,
        note_source: row.get(4)?,
        default_visibility: Visibility::from_number(row.get(5)?),
        default_sensitive: row.get(6)?,
        default_language: row.get(7)?,
        default_content_type: ContentType::from_number(row.get(8)?),
        default_quote_policy: QuotePolicy::from_number(row.get(9)?),
        disabled: row.get("disabled")?,
        locale: row.get("locale")?,
        reason: row.get("reason")?,
        invited_by: row.get("invited_by")?,
        new_email: row.get("new_email")?,
    })
}

/// The person behind a local account.
pub fn find(conn: &Conn, account_id: i64) -> Result<Option<User>> {
    let sql = format!("SELECT {COLUMNS} FROM user WHERE account_id = ?");
    optional(conn.sql.prepare_cached(&sql)?.query_row([account_id], from_row))
}

/// By e-mail address, or by name when there is no `@` in it.
pub fn find_by_login(conn: &Conn, login: &str) -> Result<Option<User>> {
    let condition = if login.contains('@') {
        "email = ?"
    } else {
        "account_id = (SELECT id FROM account WHERE username = ? COLLATE NOCASE AND domain IS NULL)"
    };
    let sql = format!("SELECT {COLUMNS} FROM user WHERE {condition}");
    optional(conn.sql.prepare_cached(&sql)?.query_row([login], from_row))
}

/// How many people there are.
pub fn count(conn: &Conn) -> Result<i64> {
    Ok(conn.sql.prepare_cached("SELECT count(*) FROM user")?.query_row([], |row| row.get(0))?)
}

/// Whether somebody has this e-mail address.
pub fn email_taken(conn: &Conn, email: &str) -> Result<bool> {
    Ok(conn.sql.prepare_cached("SELECT 1 FROM user WHERE email = ?")?.exists([email])?)
}

/// Stores a new person.
pub fn insert(tx: &Tx<'_>, user: &User) -> Result<()> {
    tx.sql
        .prepare_cached(
            "INSERT INTO user (account_id, email, password_hash, admin, note_source,
               default_visibility, default_sensitive, default_language, created_at, locale, reason,
               invited_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            user.account_id,
            user.email,
            user.password_hash,
            user.admin,
            user.note_source,
            user.default_visibility as i64,
            user.default_sensitive,
            user.default_language,
            tx.now(),
            user.locale,
            user.reason,
            user.invited_by,
        ])?;
    Ok(())
}

/// Lets the person sign in or not.
pub fn set_disabled(tx: &Tx<'_>, account_id: i64, disabled: bool) -> Result<()> {
    tx.sql
        .prepare_cached("UPDATE user SET disabled = ? WHERE account_id = ?")?
        .execute(params![disabled, account_id])?;
    Ok(())
}

/// Those of the accounts that have a person here.
pub fn list(conn: &Conn, ids: &[i64]) -> Result<Vec<User>> {
    let sql =
        format!("SELECT {COLUMNS} FROM user WHERE account_id IN (SELECT value FROM json_each(?))");
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map([super::json_ids(ids)], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The accounts of the admins that may act.
pub fn list_admins(conn: &Conn) -> Result<Vec<i64>> {
    let mut statement =
        conn.sql.prepare_cached("SELECT account_id FROM user WHERE admin = 1 AND disabled = 0")?;
    let rows = statement.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Sets a new password hash.
pub fn set_password(tx: &Tx<'_>, account_id: i64, hash: &str) -> Result<()> {
    tx.sql
        .prepare_cached("UPDATE user SET password_hash = ? WHERE account_id = ?")?
        .execute(params![hash, account_id])?;
    Ok(())
}

/// Sets another e-mail address.
pub fn set_email(tx: &Tx<'_>, account_id: i64, email: &str) -> Result<()> {
    tx.sql
        .prepare_cached("UPDATE user SET email = ?, new_email = NULL WHERE account_id = ?")?
        .execute(params![email, account_id])?;
    Ok(())
}

/// Notes an e-mail address that has to be confirmed.
pub fn set_new_email(tx: &Tx<'_>, account_id: i64, email: &str) -> Result<()> {
    tx.sql
        .prepare_cached("UPDATE user SET new_email = ? WHERE account_id = ?")?
        .execute(params![email, account_id])?;
    Ok(())
}

/// Sets the profile text as it was written.
pub fn set_note_source(tx: &Tx<'_>, account_id: i64, source: &str) -> Result<()> {
    tx.sql
        .prepare_cached("UPDATE user SET note_source = ? WHERE account_id = ?")?
        .execute(params![source, account_id])?;
    Ok(())
}

/// Sets what new statuses begin with; `None` leaves as it is.
pub fn set_defaults(
    tx: &Tx<'_>,
    account_id: i64,
    visibility: Option<Visibility>,
    sensitive: Option<bool>,
    language: Option<Option<String>>,
) -> Result<()> {
    let set_language = language.is_some();
    tx.sql
        .prepare_cached(
            "UPDATE user SET default_visibility = ifnull(?, default_visibility),
               default_sensitive = ifnull(?, default_sensitive),
               default_language = CASE WHEN ? THEN ? ELSE default_language END
             WHERE account_id = ?",
        )?
        .execute(params![
            visibility.map(|v| v as i64),
            sensitive,
            set_language,
            language.flatten(),
            account_id
        ])?;
    Ok(())
}

/// Sets how new statuses are written and who may quote them; `None` leaves as it is.
pub fn set_posting(
    tx: &Tx<'_>,
    account_id: i64,
    content_type: Option<ContentType>,
    quote_policy: Option<QuotePolicy>,
) -> Result<()> {
    tx.sql
        .prepare_cached(
            "UPDATE user SET default_content_type = ifnull(?, default_content_type),
               default_quote_policy = ifnull(?, default_quote_policy) WHERE account_id = ?",
        )?
        .execute(params![
            content_type.map(|kind| kind as i64),
            quote_policy.map(QuotePolicy::number),
            account_id
        ])?;
    Ok(())
}

/// The person is gone; the account's rows follow.
pub fn delete(tx: &Tx<'_>, account_id: i64) -> Result<()> {
    tx.sql.prepare_cached("DELETE FROM user WHERE account_id = ?")?.execute([account_id])?;
    Ok(())
}
