//! How local statuses fare on their way to other servers.

use rusqlite::params;

use super::{Conn, Tx, optional};
use crate::error::Result;
use crate::model::{DeliveryFailure, StatusDelivery};

/// The newest version of a status goes out: what is known of earlier ones is forgotten.
pub fn begin(tx: &Tx<'_>, status: i64, activity: i64, total: i64) -> Result<()> {
    tx.sql
        .prepare_cached("DELETE FROM status_delivery_failure WHERE status_id = ?")?
        .execute([status])?;
    tx.sql
        .prepare_cached(
            "INSERT OR REPLACE INTO status_delivery (status_id, activity_id, total)
             VALUES (?, ?, ?)",
        )?
        .execute([status, activity, total])?;
    Ok(())
}

/// One inbox took the activity.
pub fn arrived(tx: &Tx<'_>, activity: i64) -> Result<()> {
    tx.sql
        .prepare_cached(
            "UPDATE status_delivery SET delivered = delivered + 1 WHERE activity_id = ?",
        )?
        .execute([activity])?;
    Ok(())
}

/// One inbox never gets the activity.
pub fn failed(tx: &Tx<'_>, activity: i64, host: &str, attempts: i64, error: &str) -> Result<()> {
    let status: Option<i64> = optional(
        tx.sql
            .prepare_cached(
                "UPDATE status_delivery SET failed = failed + 1 WHERE activity_id = ?
                 RETURNING status_id",
            )?
            .query_row([activity], |row| row.get(0)),
    )?;
    if let Some(status) = status {
        tx.sql
            .prepare_cached(
                "INSERT OR REPLACE INTO status_delivery_failure (status_id, host, attempts, error)
                 VALUES (?, ?, ?, ?)",
            )?
            .execute(params![status, host, attempts, error])?;
    }
    Ok(())
}

/// How a status fared; `None` when it never went anywhere.
pub fn find(conn: &Conn, status: i64) -> Result<Option<StatusDelivery>> {
    optional(
        conn.sql
            .prepare_cached(
                "SELECT activity_id, total, delivered, failed FROM status_delivery
                 WHERE status_id = ?",
            )?
            .query_row([status], |row| {
                Ok(StatusDelivery {
                    activity_id: row.get(0)?,
                    total: row.get(1)?,
                    delivered: row.get(2)?,
                    failed: row.get(3)?,
                })
            }),
    )
}

/// The servers that never get a status, in the order of their names.
pub fn list_failures(conn: &Conn, status: i64, limit: i64) -> Result<Vec<DeliveryFailure>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT host, attempts, error FROM status_delivery_failure WHERE status_id = ?
         ORDER BY host LIMIT ?",
    )?;
    let rows = statement.query_map([status, limit], |row| {
        Ok(DeliveryFailure { host: row.get(0)?, attempts: row.get(1)?, error: row.get(2)? })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
