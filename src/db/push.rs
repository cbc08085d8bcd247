//! Web Push subscriptions.

use rusqlite::{Row, params};

use super::{Conn, Tx, optional};
use crate::error::Result;
use crate::model::{PushPolicy, PushSubscription};

const COLUMNS: &str = "id, token_id, account_id, endpoint, p256dh, auth, standard, alerts, policy";

fn from_row(row: &Row<'_>) -> rusqlite::Result<PushSubscription> {
    let (alerts, policy): (String, String) = (row.get(7)?, row.get(8)?);
    let alerts: std::collections::BTreeMap<String, bool> =
        serde_json::from_str(&alerts).unwrap_or_default();
    Ok(PushSubscription {
        id: row.get(0)?,
        token_id: row.get(1)?,
        account_id: row.get(2)?,
        endpoint: row.get(3)?,
        p256dh: row.get(4)?,
        auth: row.get(5)?,
        standard: row.get(6)?,
        alerts: alerts.into_iter().filter(|(_, on)| *on).map(|(name, _)| name).collect(),
        policy: PushPolicy::parse(&policy).unwrap_or_default(),
    })
}

/// The set as the column keeps it: `{"mention":true,…}`.
fn alerts_to(subscription: &PushSubscription) -> String {
    let map: serde_json::Map<String, serde_json::Value> =
        subscription.alerts.iter().map(|name| (name.clone(), true.into())).collect();
    serde_json::Value::Object(map).to_string()
}

/// Stores a subscription in the place of the token's earlier one, and answers its id.
pub fn insert(tx: &Tx<'_>, new: &PushSubscription) -> Result<i64> {
    remove_of_token(tx, new.token_id)?;
    tx.sql
        .prepare_cached(
            "INSERT INTO push_subscription (token_id, account_id, endpoint, p256dh, auth, standard,
               alerts, policy, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            new.token_id,
            new.account_id,
            new.endpoint,
            new.p256dh,
            new.auth,
            new.standard,
            alerts_to(new),
            new.policy.as_str(),
            tx.now(),
        ])?;
    Ok(tx.sql.last_insert_rowid())
}

/// Writes what it tells of.
pub fn update(tx: &Tx<'_>, subscription: &PushSubscription) -> Result<()> {
    tx.sql
        .prepare_cached("UPDATE push_subscription SET alerts = ?, policy = ? WHERE id = ?")?
        .execute(params![alerts_to(subscription), subscription.policy.as_str(), subscription.id])?;
    Ok(())
}

/// The token's subscription.
pub fn find_of_token(conn: &Conn, token_id: i64) -> Result<Option<PushSubscription>> {
    let sql = format!("SELECT {COLUMNS} FROM push_subscription WHERE token_id = ?");
    optional(conn.sql.prepare_cached(&sql)?.query_row([token_id], from_row))
}

/// By its row.
pub fn find(conn: &Conn, id: i64) -> Result<Option<PushSubscription>> {
    let sql = format!("SELECT {COLUMNS} FROM push_subscription WHERE id = ?");
    optional(conn.sql.prepare_cached(&sql)?.query_row([id], from_row))
}

/// All of an account; their number is bounded.
pub fn list(conn: &Conn, account_id: i64) -> Result<Vec<PushSubscription>> {
    let sql = format!("SELECT {COLUMNS} FROM push_subscription WHERE account_id = ?");
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map([account_id], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Removes the token's subscription.
pub fn remove_of_token(tx: &Tx<'_>, token_id: i64) -> Result<()> {
    tx.sql
        .prepare_cached("DELETE FROM push_subscription WHERE token_id = ?")?
        .execute([token_id])?;
    Ok(())
}

/// Removes one.
pub fn remove(tx: &Tx<'_>, id: i64) -> Result<()> {
    tx.sql.prepare_cached("DELETE FROM push_subscription WHERE id = ?")?.execute([id])?;
    Ok(())
}

/// Removes all of an account but the newest `keep`.
pub fn trim(tx: &Tx<'_>, account_id: i64, keep: i64) -> Result<()> {
    tx.sql
        .prepare_cached(
            "DELETE FROM push_subscription WHERE account_id = ?1 AND id <= (
               SELECT id FROM push_subscription WHERE account_id = ?1
               ORDER BY id DESC LIMIT 1 OFFSET ?2)",
        )?
        .execute([account_id, keep])?;
    Ok(())
}
