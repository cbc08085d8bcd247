//! What strangers can make grow has an end, and what was deleted gives its room back.

use std::time::{Duration, Instant};

use super::{Conn, Tx};
use crate::error::Result;

/// Tables that fill with every request of others, whatever else becomes of it (S-022).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ledger {
    /// Ids of activities, and marks of what was asked lately.
    Seen,
    /// Remote things that are gone for good.
    Tombstones,
    /// Jobs that were given up.
    DeadJobs,
}

impl Ledger {
    /// How many rows it has; counting stops at `at_most`.
    pub fn count(self, conn: &Conn, at_most: i64) -> Result<i64> {
        let sql = match self {
            Self::Seen => {
                "SELECT count(*) FROM
                   (SELECT 1 FROM seen INDEXED BY seen_expires WHERE expires_at > 0 LIMIT ?)"
            }
            Self::Tombstones => {
                "SELECT count(*) FROM (SELECT 1 FROM tombstone INDEXED BY tombstone_remote
                   WHERE local = 0 AND deleted_at > 0 LIMIT ?)"
            }
            Self::DeadJobs => {
                "SELECT count(*) FROM (SELECT 1 FROM job INDEXED BY job_dead
                   WHERE dead = 1 AND created_at > 0 LIMIT ?)"
            }
        };
        Ok(conn.sql.prepare_cached(sql)?.query_row([at_most], |row| row.get(0))?)
    }

    /// Removes the `limit` rows that would go next anyway.
    pub fn remove_oldest(self, tx: &Tx<'_>, limit: i64) -> Result<usize> {
        let sql = match self {
            Self::Seen => {
                "DELETE FROM seen WHERE hash IN (SELECT hash FROM seen INDEXED BY seen_expires
                   WHERE expires_at > 0 ORDER BY expires_at LIMIT ?)"
            }
            Self::Tombstones => {
                "DELETE FROM tombstone WHERE uri IN
                   (SELECT uri FROM tombstone INDEXED BY tombstone_remote
                    WHERE local = 0 AND deleted_at > 0 ORDER BY deleted_at LIMIT ?)"
            }
            Self::DeadJobs => {
                "DELETE FROM job WHERE id IN (SELECT id FROM job INDEXED BY job_dead
                   WHERE dead = 1 AND created_at > 0 ORDER BY created_at LIMIT ?)"
            }
        };
        Ok(tx.sql.prepare_cached(sql)?.execute([limit])?)
    }
}

/// Merges a part of the word indexes, which drops the words of deleted rows: FTS5 does so by itself
/// only when new words come. True when there may be more.
/// <https://www.sqlite.org/fts5.html#the_merge_command>
pub fn merge_words(tx: &Tx<'_>) -> Result<bool> {
    let mut more = false;
    for sql in [
        "INSERT INTO status_search (status_search, rank) VALUES ('merge', 64)",
        "INSERT INTO account_search (account_search, rank) VALUES ('merge', 64)",
    ] {
        let before = tx.sql.total_changes();
        tx.sql.prepare_cached(sql)?.execute([])?;
        // one change is the command itself
        more |= tx.sql.total_changes() - before >= 2;
    }
    Ok(more)
}

/// Bytes of the database's file.
pub fn size(conn: &Conn) -> Result<i64> {
    let number = |pragma: &str| -> Result<i64> {
        Ok(conn.sql.prepare_cached(pragma)?.query_row([], |row| row.get(0))?)
    };
    Ok(number("PRAGMA page_count")? * number("PRAGMA page_size")?)
}

/// Gives free pages back to the file system until the time is over; a part of them is kept, since
/// what comes next needs room as well. True when more are left.
pub fn vacuum(tx: &Tx<'_>, time: Duration) -> Result<bool> {
    let began = Instant::now();
    let number = |pragma: &str| -> Result<i64> {
        Ok(tx.sql.prepare_cached(pragma)?.query_row([], |row| row.get(0))?)
    };
    while number("PRAGMA freelist_count")? > number("PRAGMA page_count")? / 50 + 64 {
        if began.elapsed() >= time {
            return Ok(true);
        }
        let mut statement = tx.sql.prepare_cached("PRAGMA incremental_vacuum(32)")?;
        let mut rows = statement.query([])?;
        while rows.next()?.is_some() {}
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use super::super::{migrate, open};
    use super::*;
    use crate::clock::Clock;

    #[test]
    fn words_of_deleted_rows_go_and_their_pages_as_well() {
        let folder = std::env::temp_dir().join(format!("dassie-space-{}", std::process::id()));
        let path = open::prepare_folder(&folder).unwrap();
        let mut conn = open::writer(&path, Clock::manual(0)).unwrap();
        migrate::run(&mut conn.sql).unwrap();
        let last_id = Cell::new(0);
        let tx = Tx { conn: &conn, now: 0, last_id: &last_id, events: RefCell::default() };
        conn.sql
            .execute_batch(
                "BEGIN; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
                 INSERT INTO status_search (rowid, words) SELECT i, hex(randomblob(9)) FROM n; COMMIT",
            )
            .unwrap();
        let bytes = || -> i64 {
            let sql = "SELECT sum(length(block)) FROM status_search_data";
            conn.sql.query_row(sql, [], |row| row.get(0)).unwrap()
        };
        let full = bytes();
        conn.sql.execute_batch("DELETE FROM status_search WHERE rowid > 100").unwrap();
        let mut slices = 1;
        while merge_words(&tx).unwrap() && slices < 100 {
            slices += 1;
        }
        assert!(bytes() * 10 < full && slices < 100, "{} of {full} after {slices}", bytes());
        let pages =
            || -> i64 { conn.sql.query_row("PRAGMA page_count", [], |r| r.get(0)).unwrap() };
        let all = pages();
        while vacuum(&tx, Duration::from_millis(2)).unwrap() {}
        assert!(pages() < all - 100, "{} of {all}", pages());
        std::fs::remove_dir_all(folder).unwrap();
    }
}
