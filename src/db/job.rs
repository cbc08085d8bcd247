//! Durable jobs: accepted activities and fetches, kept until done.

use rusqlite::params;

use super::{Conn, Tx, json_ids, optional};
use crate::error::Result;
use crate::model::{DeadJob, Event, Job, JobKind};

/// Queues a job, due now.
pub fn insert(tx: &Tx<'_>, kind: JobKind, lane: &str, payload: &[u8]) -> Result<i64> {
    insert_at(tx, kind, lane, payload, tx.now())
}

/// Queues a job for later.
pub fn insert_at(tx: &Tx<'_>, kind: JobKind, lane: &str, payload: &[u8], due: i64) -> Result<i64> {
    tx.sql
        .prepare_cached(
            "INSERT INTO job (kind, lane, payload, due, created_at) VALUES (?, ?, ?, ?, ?)",
        )?
        .execute(params![kind as i64, lane, payload, due, tx.now()])?;
    tx.after_commit(Event::JobQueued);
    Ok(tx.sql.last_insert_rowid())
}

/// How many jobs wait; counting stops at `at_most`.
pub fn count(conn: &Conn, at_most: i64) -> Result<i64> {
    Ok(conn
        .sql
        .prepare_cached(
            "SELECT count(*) FROM (SELECT 1 FROM job INDEXED BY job_due WHERE dead = 0 LIMIT ?)",
        )?
        .query_row([at_most], |row| row.get(0))?)
}

/// How many jobs of one lane wait; counting stops at `at_most`.
pub fn count_lane(conn: &Conn, lane: &str, at_most: i64) -> Result<i64> {
    Ok(conn
        .sql
        .prepare_cached(
            "SELECT count(*) FROM (SELECT 1 FROM job WHERE lane = ? AND dead = 0 LIMIT ?)",
        )?
        .query_row(params![lane, at_most], |row| row.get(0))?)
}

/// Forgets the jobs of this kind in the lane.
pub fn remove_kind(tx: &Tx<'_>, kind: JobKind, lane: &str) -> Result<()> {
    tx.sql
        .prepare_cached("DELETE FROM job WHERE lane = ? AND dead = 0 AND kind = ?")?
        .execute(params![lane, kind as i64])?;
    Ok(())
}

/// Whether a job of this kind waits in the lane.
pub fn waits(conn: &Conn, kind: JobKind, lane: &str) -> Result<bool> {
    Ok(conn
        .sql
        .prepare_cached("SELECT 1 FROM job WHERE lane = ? AND dead = 0 AND kind = ? LIMIT 1")?
        .exists(params![lane, kind as i64])?)
}

/// Whether the same job waits in the lane already.
pub fn waits_with(conn: &Conn, kind: JobKind, lane: &str, payload: &[u8]) -> Result<bool> {
    Ok(conn
        .sql
        .prepare_cached(
            "SELECT 1 FROM job WHERE lane = ? AND dead = 0 AND kind = ? AND payload = ? LIMIT 1",
        )?
        .exists(params![lane, kind as i64, payload])?)
}

/// What is due: the oldest due row of each lane, so that one server's come in order (F-133).
/// Row, kind and lane: payloads are large, [`find_due`] reads one when its turn comes. The walk
/// jumps from lane to lane, so that a long queue of one server costs no more than a short one.
/// What cannot be started now is left out, or a crowd of it would take the places of all others:
/// `crowded` kinds, and `stuck` rows.
pub fn list_due(
    conn: &Conn,
    limit: i64,
    crowded: &[JobKind],
    stuck: &[i64],
) -> Result<Vec<(i64, JobKind, String)>> {
    let mut statement = conn.sql.prepare_cached(
        "WITH RECURSIVE lanes(lane) AS (
           SELECT min(lane) FROM job WHERE dead = 0
           UNION ALL
           SELECT (SELECT min(j.lane) FROM job j WHERE j.dead = 0 AND j.lane > lanes.lane)
             FROM lanes WHERE lanes.lane IS NOT NULL
           LIMIT 10000)
         SELECT j.id, j.kind, j.lane FROM lanes CROSS JOIN job j ON j.id = (
             SELECT k.id FROM job k WHERE k.lane = lanes.lane AND k.dead = 0 AND k.due <= ?1
             ORDER BY k.id LIMIT 1)
         WHERE j.kind NOT IN (SELECT value FROM json_each(?3))
           AND j.id NOT IN (SELECT value FROM json_each(?4))
         ORDER BY j.due, j.id LIMIT ?2",
    )?;
    let kinds: Vec<i64> = crowded.iter().map(|kind| *kind as i64).collect();
    let rows = statement
        .query_map(params![conn.now(), limit, json_ids(&kinds), json_ids(stuck)], |row| {
            Ok((row.get(0)?, row.get::<_, i64>(1)?, row.get(2)?))
        })?;
    let mut jobs = Vec::new();
    for row in rows {
        let (id, kind, lane) = row?;
        // a kind of a newer version is left for it
        if let Some(kind) = JobKind::from_number(kind) {
            jobs.push((id, kind, lane));
        }
    }
    Ok(jobs)
}

/// The oldest due row of one lane.
pub fn next_of_lane(conn: &Conn, lane: &str) -> Result<Option<(i64, JobKind)>> {
    let row: Option<(i64, i64)> = optional(
        conn.sql
            .prepare_cached(
                "SELECT id, kind FROM job WHERE lane = ? AND dead = 0 AND due <= ?
                 ORDER BY id LIMIT 1",
            )?
            .query_row(params![lane, conn.now()], |row| Ok((row.get(0)?, row.get(1)?))),
    )?;
    Ok(row.and_then(|(id, kind)| Some((id, JobKind::from_number(kind)?))))
}

/// The job with its payload, if it still waits and is due.
pub fn find_due(conn: &Conn, id: i64) -> Result<Option<Job>> {
    let row: Option<(i64, String, Vec<u8>, i64)> = optional(
        conn.sql
            .prepare_cached(
                "SELECT kind, lane, payload, attempts FROM job
                 WHERE id = ? AND dead = 0 AND due <= ?",
            )?
            .query_row([id, conn.now()], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            }),
    )?;
    Ok(row.and_then(|(kind, lane, payload, attempts)| {
        Some(Job { id, kind: JobKind::from_number(kind)?, lane, payload, attempts })
    }))
}

/// When the next job is due, later than `after`.
pub fn next_due(conn: &Conn, after: i64) -> Result<Option<i64>> {
    optional(
        conn.sql
            .prepare_cached("SELECT due FROM job WHERE dead = 0 AND due > ? ORDER BY due LIMIT 1")?
            .query_row([after], |row| row.get(0)),
    )
}

/// Done.
pub fn remove(tx: &Tx<'_>, id: i64) -> Result<()> {
    tx.sql.prepare_cached("DELETE FROM job WHERE id = ?")?.execute([id])?;
    Ok(())
}

/// Failed for now: again at `due`.
pub fn postpone(tx: &Tx<'_>, id: i64, due: i64, error: &str) -> Result<()> {
    tx.sql
        .prepare_cached(
            "UPDATE job SET attempts = attempts + 1, due = ?, last_error = ? WHERE id = ?",
        )?
        .execute(params![due, error, id])?;
    Ok(())
}

/// Up to `limit` jobs of later are due now; how many those were.
pub fn hasten_all(tx: &Tx<'_>, limit: usize) -> Result<usize> {
    Ok(tx
        .sql
        .prepare_cached(
            "UPDATE job SET due = ?1 WHERE id IN
               (SELECT id FROM job INDEXED BY job_due WHERE dead = 0 AND due > ?1 LIMIT ?2)",
        )?
        .execute(params![tx.now(), limit as i64])?)
}

/// There is more to do: again at `due`, without counting a failure.
pub fn again(tx: &Tx<'_>, id: i64, due: i64) -> Result<()> {
    tx.sql.prepare_cached("UPDATE job SET due = ? WHERE id = ?")?.execute(params![due, id])?;
    Ok(())
}

/// Failed for good: kept for the administrator to see (F-145), without its payload, which nobody
/// asks for any more and strangers can make large.
pub fn bury(tx: &Tx<'_>, id: i64, error: &str) -> Result<()> {
    tx.sql
        .prepare_cached(
            "UPDATE job SET attempts = attempts + 1, dead = 1, last_error = ?,
               payload = zeroblob(0) WHERE id = ?",
        )?
        .execute(params![error, id])?;
    Ok(())
}

/// Given-up jobs with their reason, the newest first.
pub fn list_dead(conn: &Conn, limit: i64) -> Result<Vec<DeadJob>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT id, kind, lane, attempts, last_error, created_at FROM job INDEXED BY job_dead
         WHERE dead = 1 ORDER BY created_at DESC LIMIT ?",
    )?;
    let rows = statement.query_map([limit], |row| {
        Ok(DeadJob {
            id: row.get(0)?,
            kind: JobKind::from_number(row.get(1)?),
            lane: row.get(2)?,
            attempts: row.get(3)?,
            reason: row.get::<_, Option<String>>(4)?.unwrap_or_default(),
            created_at: row.get(5)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Forgets dead jobs made before `before`.
pub fn expire_dead(tx: &Tx<'_>, before: i64, limit: i64) -> Result<usize> {
    Ok(tx
        .sql
        .prepare_cached(
            "DELETE FROM job WHERE id IN
               (SELECT id FROM job WHERE dead = 1 AND created_at < ? LIMIT ?)",
        )?
        .execute([before, limit])?)
}
