//! Schema migrations: numbered files, append only, one transaction each.

use rusqlite::{Connection, TransactionBehavior};

use crate::error::{Error, Result};

/// All migrations in order; the schema's version (`PRAGMA user_version`) is how many ran.
const MIGRATIONS: &[&str] = &[
    include_str!("../../assets/migrations/0001_initial.sql"),
    include_str!("../../assets/migrations/0002_client_api.sql"),
    include_str!("../../assets/migrations/0003_client_api.sql"),
    include_str!("../../assets/migrations/0004_federation.sql"),
    include_str!("../../assets/migrations/0005_media.sql"),
    include_str!("../../assets/migrations/0006_bounds.sql"),
    include_str!("../../assets/migrations/0007_archive.sql"),
    include_str!("../../assets/migrations/0008_sign_up.sql"),
];

/// The version that this program makes of every database.
pub(super) fn newest() -> i64 {
    MIGRATIONS.len() as i64
}

/// Runs what is missing.
///
/// # Errors
/// A database of a newer version is refused before anything is changed.
pub(super) fn run(sql: &mut Connection) -> Result<()> {
    let version: i64 = sql.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let version = usize::try_from(version).unwrap_or(usize::MAX);
    if version > MIGRATIONS.len() {
        return Err(Error::internal(format!(
            "the database is of version {version} and this program knows {} at the most. \
             Install a newer Dassie, or go back to the database of before the upgrade with \
             `dassie rollback`, or to a backup of then with `dassie restore`.",
            MIGRATIONS.len()
        )));
    }
    for (done, migration) in MIGRATIONS.iter().enumerate().skip(version) {
        if version > 0 {
            // killed here or later, the next start goes on with the step that was not finished
            tracing::info!("upgrading the database: step {} of {}", done + 1, MIGRATIONS.len());
        }
        let tx = sql.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.execute_batch(migration)?;
        tx.pragma_update(None, "user_version", (done + 1) as i64)?;
        tx.commit()?;
    }
    Ok(())
}
