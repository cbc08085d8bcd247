//! What strangers leave behind: of what there is too much of, the oldest goes.
//!
//! A stranger is whom nobody here follows, answered or decided anything about. Whoever follows
//! somebody here is one all the same: that is the follower's deed.

use std::time::{Duration, Instant};

use rusqlite::params;

use super::retention::PLANNED;
use super::{Conn, Tx, strangers};
use crate::error::Result;
use crate::model::NotificationKind;

/// The account `{who}` is of here, or somebody here follows (or wants to), blocked, muted, noted,
/// reported, listed, let through or answered it.
fn known(who: &str) -> String {
    let rows = [
        ("user", "account_id"),
        ("follow", "target_id"),
        ("block", "target_id"),
        ("mute", "target_id"),
        ("account_note", "target_id"),
        ("report", "target_id"),
        ("list_member", "account_id"),
        ("notification_permission", "from_account_id"),
    ];
    let mut sql = format!(
        "EXISTS (SELECT 1 FROM status x INDEXED BY status_answered_here
           WHERE x.in_reply_to_account_id = {who} AND x.local = 1)"
    );
    for (table, column) in rows {
        sql.push_str(&format!(" OR EXISTS (SELECT 1 FROM {table} x WHERE x.{column} = {who})"));
    }
    sql
}

/// The status `s` is of elsewhere and stays for what its author did alone: it names somebody here,
/// stands in a thread of here, or quotes or boosts a status of here.
const CAME: &str = "
  s.local = 0 AND (
    EXISTS (SELECT 1 FROM mention x JOIN user u ON u.account_id = x.account_id
            WHERE x.status_id = s.id)
    OR EXISTS (SELECT 1 FROM status x INDEXED BY status_thread_local
               WHERE x.thread_id = s.thread_id AND x.local = 1)
    OR EXISTS (SELECT 1 FROM status x WHERE x.id = s.reblog_of_id AND x.local = 1)
    OR EXISTS (SELECT 1 FROM quote x JOIN status q ON q.id = x.quoted_id
               WHERE x.status_id = s.id AND q.local = 1))";

/// Somebody here, or somebody who is followed from here, did something with the status `s`: marked,
/// answered, boosted, quoted, filtered it, voted in it, talks with its author, or has it at home.
const ANSWERED: &str = "
  EXISTS (SELECT 1 FROM user u CROSS JOIN favourite x
          ON x.account_id = u.account_id AND x.status_id = s.id)
  OR EXISTS (SELECT 1 FROM bookmark x WHERE x.status_id = s.id)
  OR EXISTS (SELECT 1 FROM user u CROSS JOIN reaction x
             ON x.status_id = s.id AND x.account_id = u.account_id)
  OR EXISTS (SELECT 1 FROM user u CROSS JOIN poll_vote x
             ON x.status_id = s.id AND x.account_id = u.account_id)
  OR EXISTS (SELECT 1 FROM status x WHERE x.in_reply_to_id = s.id AND (x.local = 1
       OR EXISTS (SELECT 1 FROM follow f WHERE f.target_id = x.account_id)))
  OR EXISTS (SELECT 1 FROM status x WHERE x.reblog_of_id = s.id AND (x.local = 1
       OR EXISTS (SELECT 1 FROM follow f WHERE f.target_id = x.account_id)))
  OR EXISTS (SELECT 1 FROM quote x CROSS JOIN status q ON q.id = x.status_id
       WHERE x.quoted_id = s.id AND (q.local = 1
         OR EXISTS (SELECT 1 FROM follow f WHERE f.target_id = q.account_id)))
  OR EXISTS (SELECT 1 FROM interaction x WHERE x.target_id = s.id)
  OR EXISTS (SELECT 1 FROM filter_status x WHERE x.status_id = s.id)
  OR EXISTS (SELECT 1 FROM timeline_entry x WHERE x.status_id = s.id)
  OR EXISTS (SELECT 1 FROM status x CROSS JOIN mention m ON m.status_id = x.id
       WHERE x.id = s.in_reply_to_id AND x.local = 1 AND m.account_id = s.account_id)
  OR (s.visibility = 3 AND EXISTS (SELECT 1 FROM status x INDEXED BY status_thread_local
       WHERE x.thread_id = s.thread_id AND x.local = 1 AND x.visibility = 3))";

/// Something that strangers leave behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trace {
    /// That name people here, or stand in their threads, or quote or boost their statuses.
    Statuses,
    Notifications,
    /// To follow somebody here.
    Requests,
    Favourites,
    Reactions,
    Votes,
}

/// Rows that were passed on the way from new to old.
#[derive(Clone, Debug, Default)]
pub struct Passed {
    /// The last one; `None`: none are left.
    pub at: Option<i64>,
    /// Those of strangers, and the person here that they are counted for; 0: all people together.
    pub left: Vec<(i64, i64)>,
}

impl Trace {
    /// How many rows the table has, whoever made them: read from a small index.
    pub fn count(self, conn: &Conn) -> Result<i64> {
        let rows = match self {
            Self::Statuses => "status INDEXED BY status_thread WHERE thread_id > 0",
            Self::Notifications => {
                "notification INDEXED BY notification_account WHERE account_id > 0"
            }
            Self::Requests => "follow INDEXED BY follow_target WHERE target_id > 0",
            Self::Favourites => "favourite INDEXED BY favourite_status WHERE status_id > 0",
            Self::Reactions => "reaction INDEXED BY reaction_status WHERE status_id > 0",
            Self::Votes => "poll_vote INDEXED BY poll_vote_account WHERE account_id > 0",
        };
        let sql = format!("SELECT count(*) FROM {rows}");
        Ok(conn.sql.prepare_cached(&sql)?.query_row([], |row| row.get(0))?)
    }

    /// Its rows as `s`, whom they are counted for, and the condition under which one is a stranger's.
    fn rows(self) -> (&'static str, &'static str, String) {
        match self {
            Self::Statuses => (
                "status",
                "0",
                format!("{CAME} AND NOT ({} OR {ANSWERED} OR {PLANNED})", known("s.account_id")),
            ),
            Self::Notifications => {
                ("notification", "s.account_id", format!("NOT ({})", known("s.from_account_id")))
            }
            Self::Requests => (
                "follow",
                "s.target_id",
                format!("s.accepted = 0 AND NOT ({})", known("s.account_id")),
            ),
            Self::Favourites => ("favourite", "0", format!("NOT ({})", known("s.account_id"))),
            Self::Reactions => ("reaction", "0", format!("NOT ({})", known("s.account_id"))),
            Self::Votes => ("poll_vote", "0", format!("NOT ({})", known("s.account_id"))),
        }
    }

    /// Looks, from new to old, at up to `limit` rows below `below`.
    pub fn look(self, conn: &Conn, below: i64, limit: i64) -> Result<Passed> {
        let (table, whose, condition) = self.rows();
        let sql = format!(
            "SELECT s.id, {whose}, ({condition}) FROM {table} s WHERE s.id < ?
             ORDER BY s.id DESC LIMIT ?"
        );
        let mut statement = conn.sql.prepare_cached(&sql)?;
        let mut rows = statement.query([below, limit])?;
        let mut passed = Passed::default();
        while let Some(row) = rows.next()? {
            let id = row.get(0)?;
            passed.at = Some(id);
            if row.get(2)? {
                passed.left.push((id, row.get(1)?));
            }
        }
        Ok(passed)
    }

    /// Removes those of `ids` that still are of strangers, until the time is over. Answers how many
    /// were passed. Nobody is told.
    pub fn remove(self, tx: &Tx<'_>, ids: &[i64], time: Duration) -> Result<usize> {
        let began = Instant::now();
        let (table, _, condition) = self.rows();
        let sql = format!("SELECT 1 FROM {table} s WHERE s.id = ? AND {condition}");
        let mut is_left = tx.sql.prepare_cached(&sql)?;
        let mut delete = tx.sql.prepare_cached(&format!("DELETE FROM {table} WHERE id = ?"))?;
        for (passed, id) in ids.iter().enumerate() {
            if passed > 0 && began.elapsed() >= time {
                return Ok(passed);
            }
            if !is_left.exists([id])? {
                continue;
            }
            match self {
                Self::Statuses => {
                    super::conversation::step_back(tx, *id)?;
                    super::retention::remove(tx, &[*id])?;
                }
                Self::Requests => {
                    forget_request(tx, *id)?;
                    delete.execute([id])?;
                }
                _ => {
                    delete.execute([id])?;
                }
            }
        }
        Ok(ids.len())
    }
}

/// What somebody here was told of a request to follow goes with it.
fn forget_request(tx: &Tx<'_>, id: i64) -> Result<()> {
    tx.sql
        .prepare_cached(
            "DELETE FROM notification WHERE kind = ? AND (account_id, from_account_id) =
               (SELECT target_id, account_id FROM follow WHERE id = ?)",
        )?
        .execute(params![NotificationKind::FollowRequest as i64, id])?;
    Ok(())
}

/// What an account may have left here and go all the same, when there are too many: rows that are
/// its own deeds.
const DEEDS: &[(&str, &str)] = &[
    ("favourite", "account_id"),
    ("reaction", "account_id"),
    ("poll_vote", "account_id"),
    ("follow", "account_id"),
    ("interaction", "account_id"),
    ("notification", "from_account_id"),
    ("notification_request", "from_account_id"),
    ("mention", "account_id"),
];

/// The account `a` of elsewhere may go when there are too many: nothing refers to it, or, with
/// `deeds`, nothing but these. A follower stays, and whom somebody here named.
fn condition(conn: &Conn, deeds: bool) -> Result<String> {
    let (decided, but) = (strangers::UNDECIDED, if deeds { DEEDS } else { &[] });
    let mut sql = format!("{decided} AND {}", strangers::unreferenced(conn, "account", "a", but)?);
    if deeds {
        sql.push_str(
            " AND NOT EXISTS (SELECT 1 FROM follow x WHERE x.account_id = a.id AND x.accepted = 1)
             AND NOT EXISTS (SELECT 1 FROM mention x CROSS JOIN status s ON s.id = x.status_id
               WHERE x.account_id = a.id AND s.local = 1)",
        );
    }
    Ok(sql)
}

/// How many accounts of elsewhere are here.
pub fn count_accounts(conn: &Conn) -> Result<i64> {
    let sql = "SELECT count(*) FROM account INDEXED BY account_domain WHERE domain > ''";
    Ok(conn.sql.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
}

/// When an account was last read, and its id.
pub type LastRead = (i64, i64);

/// Looks at up to `limit` accounts of elsewhere that were last read after `after`, the one not read
/// for longest first. Answers those that may go and where it stands.
pub fn look_at_accounts(
    conn: &Conn,
    after: LastRead,
    deeds: bool,
    limit: i64,
) -> Result<(Vec<i64>, Option<LastRead>)> {
    let sql = format!(
        "SELECT a.id, a.fetched_at, ({}) FROM account a INDEXED BY account_read
         WHERE a.domain IS NOT NULL AND (a.fetched_at, a.id) > (?, ?)
         ORDER BY a.fetched_at, a.id LIMIT ?",
        condition(conn, deeds)?
    );
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let mut rows = statement.query(params![after.0, after.1, limit])?;
    let (mut found, mut at) = (Vec::new(), None);
    while let Some(row) = rows.next()? {
        at = Some((row.get(1)?, row.get(0)?));
        if row.get(2)? {
            found.push(row.get(0)?);
        }
    }
    Ok((found, at))
}

/// Removes those of `ids` that still may go, with what they left, until the time is over. Answers
/// how many were passed.
pub fn remove_accounts(tx: &Tx<'_>, ids: &[i64], deeds: bool, time: Duration) -> Result<usize> {
    let began = Instant::now();
    let sql = format!("DELETE FROM account AS a WHERE a.id = ? AND {}", condition(tx, deeds)?);
    let mut delete = tx.sql.prepare_cached(&sql)?;
    for (passed, id) in ids.iter().enumerate() {
        if passed > 0 && began.elapsed() >= time {
            return Ok(passed);
        }
        delete.execute([id])?;
    }
    Ok(ids.len())
}
