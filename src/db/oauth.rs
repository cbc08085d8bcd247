//! Applications, tokens and authorization codes; secrets by their hash only.

use rusqlite::{Row, params};

use super::{Conn, Tx, optional};
use crate::error::Result;
use crate::model::{Application, Event, Page, Scopes, Token, TokenLine};

fn application_from_row(row: &Row<'_>) -> rusqlite::Result<Application> {
    Ok(Application {
        id: row.get(0)?,
        client_id: row.get(1)?,
        secret_hash: row.get(2)?,
        name: row.get(3)?,
        website: row.get(4)?,
        redirect_uris: row.get(5)?,
        scopes: row.get(6)?,
        created_at: row.get(7)?,
    })
}

const APPLICATION: &str =
    "id, client_id, secret_hash, name, website, redirect_uris, scopes, created_at";

/// Stores a new application and answers its id.
pub fn insert_application(tx: &Tx<'_>, application: &Application) -> Result<i64> {
    tx.sql
        .prepare_cached(
            "INSERT INTO application (client_id, secret_hash, name, website, redirect_uris, scopes, created_at)
             VALUES (?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            application.client_id,
            application.secret_hash,
            application.name,
            application.website,
            application.redirect_uris,
            application.scopes,
            tx.now(),
        ])?;
    Ok(tx.sql.last_insert_rowid())
}

/// By its public client id.
pub fn find_application(conn: &Conn, client_id: &str) -> Result<Option<Application>> {
    let sql = format!("SELECT {APPLICATION} FROM application WHERE client_id = ?");
    optional(conn.sql.prepare_cached(&sql)?.query_row([client_id], application_from_row))
}

/// By its row.
pub fn get_application(conn: &Conn, id: i64) -> Result<Option<Application>> {
    let sql = format!("SELECT {APPLICATION} FROM application WHERE id = ?");
    optional(conn.sql.prepare_cached(&sql)?.query_row([id], application_from_row))
}

/// `(id, name, website)` of applications, to show with statuses.
pub fn list_application_names(
    conn: &Conn,
    ids: &[i64],
) -> Result<Vec<(i64, String, Option<String>)>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT id, name, website FROM application WHERE id IN (SELECT value FROM json_each(?))",
    )?;
    let rows = statement
        .query_map([super::json_ids(ids)], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Removes applications that nobody ever used, made before `before` (S-079).
pub fn expire_applications(tx: &Tx<'_>, before: i64, limit: i64) -> Result<usize> {
    Ok(tx
        .sql
        .prepare_cached(
            "DELETE FROM application WHERE id IN (SELECT a.id FROM application a
               WHERE a.created_at < ?
                 AND NOT EXISTS (SELECT 1 FROM token t WHERE t.application_id = a.id)
                 AND NOT EXISTS (SELECT 1 FROM authorization_code c WHERE c.application_id = a.id)
                 AND NOT EXISTS (SELECT 1 FROM status s WHERE s.application_id = a.id)
                 AND NOT EXISTS (SELECT 1 FROM applicant p WHERE p.application_id = a.id)
               LIMIT ?)",
        )?
        .execute([before, limit])?)
}

fn token_from_row(row: &Row<'_>) -> rusqlite::Result<Token> {
    let scopes: String = row.get(3)?;
    Ok(Token {
        id: row.get(0)?,
        application_id: row.get(1)?,
        account_id: row.get(2)?,
        scopes: Scopes::parse(&scopes).unwrap_or_default(),
        created_at: row.get(4)?,
    })
}

/// Stores a token by its hash; `code_hash` when it came from an authorization code.
pub fn insert_token(
    tx: &Tx<'_>,
    hash: &[u8; 32],
    application_id: i64,
    account_id: Option<i64>,
    scopes: &Scopes,
    code_hash: Option<&[u8; 32]>,
) -> Result<()> {
    tx.sql
        .prepare_cached(
            "INSERT INTO token (hash, application_id, account_id, scopes, code_hash, created_at)
             VALUES (?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            &hash[..],
            application_id,
            account_id,
            scopes.to_string(),
            code_hash.map(|hash| &hash[..]),
            tx.now(),
        ])?;
    Ok(())
}

/// Ends all tokens that an application has for itself but its newest `keep`: nobody agreed to
/// them, so their number must be bounded (S-079).
pub fn trim_own_tokens(tx: &Tx<'_>, application_id: i64, keep: i64) -> Result<()> {
    let gone = tx
        .sql
        .prepare_cached(
            "DELETE FROM token WHERE id IN (SELECT id FROM token
               WHERE application_id = ? AND account_id IS NULL ORDER BY id DESC LIMIT -1 OFFSET ?)",
        )?
        .execute([application_id, keep])?;
    if gone > 0 {
        tx.after_commit(Event::TokensEnded { account_id: 0 });
    }
    Ok(())
}

/// The token with this hash; none for an account that may not act.
pub fn find_token(conn: &Conn, hash: &[u8; 32]) -> Result<Option<Token>> {
    optional(
        conn.sql
            .prepare_cached(
                "SELECT t.id, t.application_id, t.account_id, t.scopes, t.created_at FROM token t
                 WHERE t.hash = ? AND NOT EXISTS (SELECT 1 FROM account a
                   WHERE a.id = t.account_id AND a.suspended_at IS NOT NULL)
                 AND NOT EXISTS (SELECT 1 FROM user u
                   WHERE u.account_id = t.account_id AND u.disabled = 1)",
            )?
            .query_row([&hash[..]], token_from_row),
    )
}

/// Those of the tokens with these rows that are still good.
pub fn list_living_tokens(conn: &Conn, ids: &[i64]) -> Result<Vec<i64>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT t.id FROM token t WHERE t.id IN (SELECT value FROM json_each(?))
         AND NOT EXISTS (SELECT 1 FROM account a
           WHERE a.id = t.account_id AND a.suspended_at IS NOT NULL)
         AND NOT EXISTS (SELECT 1 FROM user u
           WHERE u.account_id = t.account_id AND u.disabled = 1)",
    )?;
    let rows = statement.query_map([super::json_ids(ids)], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Ends one token, if it is this application's; true when there was one.
pub fn revoke_token(tx: &Tx<'_>, hash: &[u8; 32], application_id: i64) -> Result<bool> {
    let account: Option<Option<i64>> = optional(
        tx.sql
            .prepare_cached(
                "DELETE FROM token WHERE hash = ? AND application_id = ? RETURNING account_id",
            )?
            .query_row(params![&hash[..], application_id], |row| row.get(0)),
    )?;
    let found = account.is_some();
    tx.after_commit(Event::TokensEnded { account_id: account.flatten().unwrap_or(0) });
    Ok(found)
}

/// Ends all that came from one authorization code: it was used twice (S-074).
pub fn revoke_tokens_of_code(tx: &Tx<'_>, code_hash: &[u8; 32], account_id: i64) -> Result<()> {
    tx.sql.prepare_cached("DELETE FROM token WHERE code_hash = ?")?.execute([&code_hash[..]])?;
    tx.after_commit(Event::TokensEnded { account_id });
    Ok(())
}

/// Ends all tokens, codes and sessions of an account, and what is pushed to the tokens (S-078).
pub fn revoke_all(tx: &Tx<'_>, account_id: i64) -> Result<()> {
    revoke_others(tx, account_id, None, None)
}

/// The same but for one token or one session: those of whoever asks for it.
pub fn revoke_others(
    tx: &Tx<'_>,
    account_id: i64,
    token: Option<i64>,
    session: Option<&[u8; 32]>,
) -> Result<()> {
    tx.sql
        .prepare_cached("DELETE FROM token WHERE account_id = ? AND id <> ?")?
        .execute([account_id, token.unwrap_or(0)])?;
    tx.sql
        .prepare_cached("DELETE FROM authorization_code WHERE account_id = ?")?
        .execute([account_id])?;
    super::session::delete_all(tx, account_id, session)?;
    tx.after_commit(Event::TokensEnded { account_id });
    Ok(())
}

/// An authorization code as it is stored.
#[derive(Clone, Debug)]
pub struct Code {
    pub application_id: i64,
    pub account_id: i64,
    pub redirect_uri: String,
    pub scopes: Scopes,
    /// The PKCE S256 challenge, when the client sent one.
    pub challenge: Option<String>,
    /// It was traded for a token before.
    pub used: bool,
}

/// Stores a code until `expires_at`.
pub fn insert_code(tx: &Tx<'_>, hash: &[u8; 32], code: &Code, expires_at: i64) -> Result<()> {
    tx.sql
        .prepare_cached(
            "INSERT INTO authorization_code (hash, application_id, account_id, redirect_uri, scopes,
               challenge, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            &hash[..],
            code.application_id,
            code.account_id,
            code.redirect_uri,
            code.scopes.to_string(),
            code.challenge,
            expires_at,
        ])?;
    Ok(())
}

/// The code with this hash, unless it has expired.
pub fn find_code(conn: &Conn, hash: &[u8; 32]) -> Result<Option<Code>> {
    optional(
        conn.sql
            .prepare_cached(
                "SELECT application_id, account_id, redirect_uri, scopes, challenge, used
                 FROM authorization_code WHERE hash = ? AND expires_at > ?",
            )?
            .query_row(params![&hash[..], conn.now()], |row| {
                let scopes: String = row.get(3)?;
                Ok(Code {
                    application_id: row.get(0)?,
                    account_id: row.get(1)?,
                    redirect_uri: row.get(2)?,
                    scopes: Scopes::parse(&scopes).unwrap_or_default(),
                    challenge: row.get(4)?,
                    used: row.get(5)?,
                })
            }),
    )
}

/// Marks a code as used.
pub fn use_code(tx: &Tx<'_>, hash: &[u8; 32]) -> Result<()> {
    tx.sql
        .prepare_cached("UPDATE authorization_code SET used = 1 WHERE hash = ?")?
        .execute([&hash[..]])?;
    Ok(())
}

const LINE: &str = "t.id, t.application_id, a.name, a.website, t.scopes, t.created_at,
  t.last_used_at FROM token t JOIN application a ON a.id = t.application_id";

fn line_from_row(row: &Row<'_>) -> rusqlite::Result<TokenLine> {
    Ok(TokenLine {
        id: row.get(0)?,
        application_id: row.get(1)?,
        name: row.get(2)?,
        website: row.get(3)?,
        scopes: row.get(4)?,
        created_at: row.get(5)?,
        last_used_at: row.get(6)?,
    })
}

/// An account's tokens, newest first.
pub fn list_tokens(conn: &Conn, account_id: i64, page: &Page) -> Result<Vec<TokenLine>> {
    let sql = format!(
        "SELECT {LINE} WHERE t.account_id = ? AND t.id < ? AND t.id > ? ORDER BY t.id {} LIMIT ?",
        page.order()
    );
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map(
        params![account_id, page.below(), page.above(), super::most(page)],
        line_from_row,
    )?;
    let mut found: Vec<_> = rows.collect::<rusqlite::Result<_>>()?;
    if page.ascending() {
        found.reverse();
    }
    Ok(found)
}

/// One token, if it is this account's.
pub fn find_own_token(conn: &Conn, account_id: i64, id: i64) -> Result<Option<TokenLine>> {
    let sql = format!("SELECT {LINE} WHERE t.id = ? AND t.account_id = ?");
    optional(conn.sql.prepare_cached(&sql)?.query_row([id, account_id], line_from_row))
}

/// Ends one token, if it is this account's.
pub fn revoke_own_token(tx: &Tx<'_>, account_id: i64, id: i64) -> Result<()> {
    tx.sql
        .prepare_cached("DELETE FROM token WHERE id = ? AND account_id = ?")?
        .execute([id, account_id])?;
    tx.after_commit(Event::TokensEnded { account_id });
    Ok(())
}

/// The applications that have a token of this account, newest first.
pub fn list_own_applications(
    conn: &Conn,
    account_id: i64,
    page: &Page,
) -> Result<Vec<Application>> {
    // the `+`: by the few rows of the account, not by a range of all applications
    let sql = format!(
        "SELECT {APPLICATION} FROM application
         WHERE id IN (SELECT application_id FROM token WHERE account_id = ?)
           AND +id < ? AND +id > ? ORDER BY id {} LIMIT ?",
        page.order()
    );
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map(
        params![account_id, page.below(), page.above(), super::most(page)],
        application_from_row,
    )?;
    let mut found: Vec<_> = rows.collect::<rusqlite::Result<_>>()?;
    if page.ascending() {
        found.reverse();
    }
    Ok(found)
}

/// One application, if it has a token of this account.
pub fn find_own_application(conn: &Conn, account_id: i64, id: i64) -> Result<Option<Application>> {
    let sql = format!(
        "SELECT {APPLICATION} FROM application WHERE id = ?1 AND EXISTS
           (SELECT 1 FROM token t WHERE t.application_id = ?1 AND t.account_id = ?2)"
    );
    optional(conn.sql.prepare_cached(&sql)?.query_row([id, account_id], application_from_row))
}

/// Ends all that one application has of this account.
pub fn revoke_application(tx: &Tx<'_>, account_id: i64, application_id: i64) -> Result<()> {
    for sql in [
        "DELETE FROM token WHERE application_id = ? AND account_id = ?",
        "DELETE FROM authorization_code WHERE application_id = ? AND account_id = ?",
    ] {
        tx.sql.prepare_cached(sql)?.execute([application_id, account_id])?;
    }
    tx.after_commit(Event::TokensEnded { account_id });
    Ok(())
}

/// Notes when tokens were used, `(token, time)`, unless that was noted less than a day before.
pub fn touch_tokens(tx: &Tx<'_>, used: &[(i64, i64)]) -> Result<()> {
    let mut statement = tx.sql.prepare_cached(
        "UPDATE token SET last_used_at = ?2
         WHERE id = ?1 AND ifnull(last_used_at, 0) <= ?2 - 86400000",
    )?;
    for (id, at) in used {
        statement.execute([id, at])?;
    }
    Ok(())
}
