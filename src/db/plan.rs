//! How queries are planned: recorded while tests run, then explained one by one.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use rusqlite::trace::{TraceEvent, TraceEventCodes};

use super::{Conn, lock};
use crate::error::Result;

static RECORDING: AtomicBool = AtomicBool::new(false);
static RUNS: AtomicU64 = AtomicU64::new(0);
static STATEMENTS: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// From now on, databases opened in this process remember the text of what they run.
pub fn record() {
    RECORDING.store(true, Ordering::SeqCst);
}

/// Everything that was run since [`record`].
pub fn recorded() -> Vec<String> {
    lock(&STATEMENTS).iter().cloned().collect()
}

/// How many statements were run since [`record`], each time they were; not counted are those that
/// the full-text index runs by itself.
pub fn runs() -> u64 {
    RUNS.load(Ordering::SeqCst)
}

/// SQLite's plan of a statement and of the triggers that it sets off, a line a step.
pub fn explain(conn: &Conn, statement: &str) -> Result<Vec<String>> {
    conn.sql.set_db_config(DbConfig::SQLITE_DBCONFIG_TRIGGER_EQP, true)?;
    let mut explained = conn.sql.prepare(&format!("EXPLAIN QUERY PLAN {statement}"))?;
    let rows: Vec<Option<String>> =
        explained.raw_query().mapped(|row| row.get(3)).collect::<rusqlite::Result<_>>()?;
    // where a trigger begins there is a step without text
    Ok(rows.into_iter().flatten().collect())
}

pub(super) fn watch(sql: &mut Connection) {
    if RECORDING.load(Ordering::SeqCst) {
        // without a trace the test that asked for it finds nothing, and says so
        let _ = sql.trace_v2(TraceEventCodes::SQLITE_TRACE_STMT, Some(note));
    }
}

fn note(event: TraceEvent<'_>) {
    if let TraceEvent::Stmt(statement, _) = event {
        let text = statement.sql().to_string();
        // what the full-text index reads of its own tables depends on how they grew
        if !text.contains("_search_") {
            RUNS.fetch_add(1, Ordering::SeqCst);
        }
        lock(&STATEMENTS).insert(text);
    }
}
