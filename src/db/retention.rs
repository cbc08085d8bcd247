//! Which statuses of others nobody here needs: the one question that everything asks before it
//! removes a remote status for its age.

use super::{Conn, Tx, json_ids};
use crate::error::Result;

/// Conditions under which a remote status `s` stays, whatever its age: somebody here wrote in its
/// thread or is going to, marked, boosted, quoted, filtered it or reacted to it, voted in it, was
/// told of it or is addressed by it; its author is followed or is being asked to be, or somebody
/// answered it who is; or it stands in a report that is not settled.
const KEEPS: &str = "
  s.local = 1
  OR EXISTS (SELECT 1 FROM follow x WHERE x.target_id = s.account_id)
  OR EXISTS (SELECT 1 FROM favourite x WHERE x.status_id = s.id)
  OR EXISTS (SELECT 1 FROM bookmark x WHERE x.status_id = s.id)
  OR EXISTS (SELECT 1 FROM reaction x WHERE x.status_id = s.id)
  OR EXISTS (SELECT 1 FROM status x WHERE x.reblog_of_id = s.id)
  OR EXISTS (SELECT 1 FROM status x WHERE x.thread_id = s.thread_id AND x.local = 1)
  OR EXISTS (SELECT 1 FROM mention x JOIN user u ON u.account_id = x.account_id
             WHERE x.status_id = s.id)
  OR EXISTS (SELECT 1 FROM notification x WHERE x.status_id = s.id)
  OR EXISTS (SELECT 1 FROM conversation x WHERE x.last_status_id = s.id)
  OR EXISTS (SELECT 1 FROM quote x WHERE x.quoted_id = s.id)
  OR EXISTS (SELECT 1 FROM poll_vote x WHERE x.status_id = s.id)
  OR EXISTS (SELECT 1 FROM pin x WHERE x.status_id = s.id)
  OR EXISTS (SELECT 1 FROM reaction x WHERE x.status_id = s.id)
  OR EXISTS (SELECT 1 FROM interaction x WHERE x.target_id = s.id)
  OR EXISTS (SELECT 1 FROM status x CROSS JOIN follow f ON f.target_id = x.account_id
             WHERE x.in_reply_to_id = s.id)
  OR EXISTS (SELECT 1 FROM user u CROSS JOIN scheduled_status x ON x.account_id = u.account_id
             WHERE s.id IN (json_extract(x.params, '$.in_reply_to_id'),
                            json_extract(x.params, '$.quoted_status_id')))
  OR EXISTS (SELECT 1 FROM filter_status x WHERE x.status_id = s.id)
  OR EXISTS (SELECT 1 FROM report x JOIN json_each(x.status_ids) j
             WHERE x.target_id = s.account_id AND x.action_taken_at IS NULL
               AND CAST(j.value AS INTEGER) = s.id)";

/// Those of `ids` that nobody here needs.
pub fn list_unneeded(conn: &Conn, ids: &[i64]) -> Result<Vec<i64>> {
    let sql = format!(
        "SELECT s.id FROM json_each(?) i CROSS JOIN status s ON s.id = i.value WHERE NOT ({KEEPS})"
    );
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map([json_ids(ids)], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Removes statuses with all that hangs on them. Nobody is told: they may be fetched again.
pub fn remove(tx: &Tx<'_>, ids: &[i64]) -> Result<()> {
    let mut statement = tx.sql.prepare_cached("DELETE FROM status WHERE id = ?")?;
    for id in ids {
        statement.execute([id])?;
    }
    Ok(())
}
