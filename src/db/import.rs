//! Files that are being taken in: each line a row until it is done or failed.

use rusqlite::{Row, params};

use super::{Conn, Tx, optional};
use crate::error::Result;
use crate::model::{Import, Sheet, SheetRow};

const COLUMNS: &str =
    "id, account_id, kind, overwrite, total, done, failed, created_at, finished_at";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Import> {
    let kind: String = row.get(2)?;
    Ok(Import {
        id: row.get(0)?,
        account_id: row.get(1)?,
        sheet: Sheet::parse(&kind).unwrap_or(Sheet::Following),
        overwrite: row.get(3)?,
        total: row.get(4)?,
        done: row.get(5)?,
        failed: row.get(6)?,
        created_at: row.get(7)?,
        finished_at: row.get(8)?,
    })
}

/// Begins an import that nothing works on before [`open`].
pub fn insert(tx: &Tx<'_>, account: i64, sheet: Sheet, overwrite: bool) -> Result<i64> {
    tx.sql
        .prepare_cached(
            "INSERT INTO import (account_id, kind, overwrite, created_at) VALUES (?, ?, ?, ?)",
        )?
        .execute(params![account, sheet.as_str(), overwrite, tx.now()])?;
    Ok(tx.sql.last_insert_rowid())
}

/// A line as it is stored.
#[derive(Clone, Debug)]
pub struct NewRow {
    /// What makes it the same as another line.
    pub key: String,
    /// Where its account or status lives.
    pub host: String,
    pub row: SheetRow,
    /// It cannot be done, for this reason.
    pub error: Option<String>,
}

/// Adds a line, once.
pub fn insert_row(tx: &Tx<'_>, import: i64, new: &NewRow) -> Result<()> {
    let json = serde_json::to_string(&new.row).map_err(crate::error::Error::internal)?;
    let added = number(
        tx.sql
            .prepare_cached(
                "INSERT OR IGNORE INTO import_row (import_id, key, host, row, state, error)
             VALUES (?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![
                import,
                new.key,
                new.host,
                json,
                if new.error.is_some() { 2 } else { 0 },
                new.error
            ])?,
    );
    tx.sql
        .prepare_cached("UPDATE import SET total = total + ?2, failed = failed + ?3 WHERE id = ?1")?
        .execute(params![import, added, if new.error.is_some() { added } else { 0 }])?;
    Ok(())
}

/// All lines are there: work may begin.
pub fn open(tx: &Tx<'_>, import: i64) -> Result<()> {
    tx.sql.prepare_cached("UPDATE import SET ready = 1 WHERE id = ?")?.execute([import])?;
    Ok(())
}

/// One of the account's own.
pub fn find(conn: &Conn, account: i64, id: i64) -> Result<Option<Import>> {
    let sql = format!("SELECT {COLUMNS} FROM import WHERE id = ? AND account_id = ? AND ready = 1");
    optional(conn.sql.prepare_cached(&sql)?.query_row([id, account], from_row))
}

/// By its row.
pub fn get(conn: &Conn, id: i64) -> Result<Option<Import>> {
    let sql = format!("SELECT {COLUMNS} FROM import WHERE id = ? AND ready = 1");
    optional(conn.sql.prepare_cached(&sql)?.query_row([id], from_row))
}

/// The newest of an account.
pub fn list(conn: &Conn, account: i64, limit: i64) -> Result<Vec<Import>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM import WHERE account_id = ? AND ready = 1 ORDER BY id DESC LIMIT ?"
    );
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map([account, limit], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// How many of an account are under way.
pub fn count_open(conn: &Conn, account: i64) -> Result<i64> {
    Ok(conn
        .sql
        .prepare_cached(
            "SELECT count(*) FROM import WHERE account_id = ? AND finished_at IS NULL AND ready = 1",
        )?
        .query_row([account], |row| row.get(0))?)
}

/// `(import, line, why)` of what failed, at most `each` of each import.
pub fn list_failures(
    conn: &Conn,
    imports: &[i64],
    each: i64,
) -> Result<Vec<(i64, SheetRow, String)>> {
    let imports = serde_json::to_string(imports).map_err(crate::error::Error::internal)?;
    let mut statement = conn.sql.prepare_cached(
        "SELECT r.import_id, r.row, ifnull(r.error, '') FROM json_each(?1) i
         CROSS JOIN import_row r ON r.id IN (SELECT id FROM import_row
           WHERE import_id = i.value AND state = 2 ORDER BY id LIMIT ?2)",
    )?;
    let rows = statement.query_map(params![imports, each], |row| {
        Ok((row.get(0)?, row.get::<_, String>(1)?, row.get(2)?))
    })?;
    let mut found = Vec::new();
    for row in rows {
        let (import, row, error): (i64, String, String) = row?;
        found.push((import, serde_json::from_str(&row).unwrap_or_default(), error));
    }
    Ok(found)
}

/// The next server with lines that wait, after the one that was handed out last.
pub fn next_host(tx: &Tx<'_>, import: i64) -> Result<Option<String>> {
    let host: Option<String> = tx
        .sql
        .prepare_cached(
            "SELECT min(host) FROM import_row WHERE import_id = ?1 AND state = 0
             AND host > (SELECT last_host FROM import WHERE id = ?1)",
        )?
        .query_row([import], |row| row.get(0))?;
    if let Some(host) = &host {
        tx.sql
            .prepare_cached("UPDATE import SET last_host = ? WHERE id = ?")?
            .execute(params![host, import])?;
    }
    Ok(host)
}

/// `(row, line)` of one server that wait and were tried at most `tries` times.
pub fn list_waiting(
    conn: &Conn,
    import: i64,
    host: &str,
    tries: i64,
    limit: i64,
) -> Result<Vec<(i64, SheetRow)>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT id, row FROM import_row WHERE import_id = ? AND state = 0 AND host = ?
         AND tries <= ? ORDER BY tries, id LIMIT ?",
    )?;
    let rows = statement.query_map(params![import, host, tries, limit], |row| {
        Ok((row.get(0)?, row.get::<_, String>(1)?))
    })?;
    let mut found = Vec::new();
    for row in rows {
        let (id, row) = row?;
        found.push((id, serde_json::from_str(&row).unwrap_or_default()));
    }
    Ok(found)
}

/// Whether any line of the server waits; of any server with `None`.
pub fn waits(conn: &Conn, import: i64, host: Option<&str>) -> Result<bool> {
    let sql = match host {
        Some(_) => {
            "SELECT 1 FROM import_row WHERE import_id = ? AND state = 0 AND host = ? LIMIT 1"
        }
        None => "SELECT 1 FROM import_row WHERE import_id = ? AND state = 0 AND ?2 IS NULL LIMIT 1",
    };
    Ok(conn.sql.prepare_cached(sql)?.exists(params![import, host])?)
}

/// A line is done: it was about this account or status.
pub fn done(tx: &Tx<'_>, import: i64, row: i64, target: Option<i64>) -> Result<()> {
    let changed = number(
        tx.sql
            .prepare_cached(
                "UPDATE import_row SET state = 1, target_id = ? WHERE id = ? AND state = 0",
            )?
            .execute(params![target, row])?,
    );
    tx.sql
        .prepare_cached("UPDATE import SET done = done + ? WHERE id = ?")?
        .execute(params![changed, import])?;
    Ok(())
}

/// A line failed for good.
pub fn failed(tx: &Tx<'_>, import: i64, row: i64, why: &str) -> Result<()> {
    let changed = number(
        tx.sql
            .prepare_cached(
                "UPDATE import_row SET state = 2, error = ? WHERE id = ? AND state = 0",
            )?
            .execute(params![why, row])?,
    );
    tx.sql
        .prepare_cached("UPDATE import SET failed = failed + ? WHERE id = ?")?
        .execute(params![changed, import])?;
    Ok(())
}

/// A line was tried in vain.
pub fn tried(tx: &Tx<'_>, row: i64, tries: i64) -> Result<()> {
    tx.sql.prepare_cached("UPDATE import_row SET tries = ? WHERE id = ?")?.execute([tries, row])?;
    Ok(())
}

/// Whether the file names this, by its key or by what it turned out to be.
pub fn names(conn: &Conn, import: i64, key: &str, target: i64) -> Result<bool> {
    Ok(conn
        .sql
        .prepare_cached("SELECT 1 FROM import_row WHERE import_id = ? AND key = ?")?
        .exists(params![import, key])?
        || conn
            .sql
            .prepare_cached(
                "SELECT 1 FROM import_row WHERE import_id = ? AND target_id = ? LIMIT 1",
            )?
            .exists([import, target])?)
}

/// Whether a list's title is named by the file.
pub fn names_list(conn: &Conn, import: i64, title: &str) -> Result<bool> {
    let from = format!("{title}\n");
    let to = format!("{title}\u{b}");
    Ok(conn
        .sql
        .prepare_cached(
            "SELECT 1 FROM import_row WHERE import_id = ? AND key >= ? AND key < ? LIMIT 1",
        )?
        .exists(params![import, from, to])?)
}

/// Whether the file puts this account into the list: by its key, or by a line of that list that
/// turned out to be it.
pub fn names_member(conn: &Conn, import: i64, title: &str, key: &str, id: i64) -> Result<bool> {
    let (from, to) = (format!("{title}\n"), format!("{title}\u{b}"));
    Ok(conn
        .sql
        .prepare_cached("SELECT 1 FROM import_row WHERE import_id = ? AND key = ?")?
        .exists(params![import, key])?
        || conn
            .sql
            .prepare_cached(
                "SELECT 1 FROM import_row WHERE import_id = ? AND target_id = ?
                 AND key >= ? AND key < ? LIMIT 1",
            )?
            .exists(params![import, id, from, to])?)
}

/// All is done.
pub fn finish(tx: &Tx<'_>, import: i64) -> Result<()> {
    tx.sql
        .prepare_cached("UPDATE import SET finished_at = ? WHERE id = ?")?
        .execute(params![tx.now(), import])?;
    Ok(())
}

/// Forgets imports begun before `before`, a slice of lines at a time.
pub fn expire(tx: &Tx<'_>, before: i64, limit: i64) -> Result<usize> {
    let lines = tx
        .sql
        .prepare_cached(
            "DELETE FROM import_row WHERE id IN (SELECT r.id FROM import i
               CROSS JOIN import_row r ON r.import_id = i.id WHERE i.created_at < ? LIMIT ?)",
        )?
        .execute([before, limit])?;
    if lines == 0 {
        tx.sql.prepare_cached("DELETE FROM import WHERE created_at < ?")?.execute([before])?;
    }
    Ok(lines)
}

fn number(changed: usize) -> i64 {
    i64::try_from(changed).unwrap_or(i64::MAX)
}
