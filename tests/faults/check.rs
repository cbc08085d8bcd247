//! What is in a database after a crash, held against what clients were told.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rusqlite::Connection;

use super::ledger::{GONE, Ledger, version};

/// Fails unless the database is sound and has all that was told before the crash, and nothing that
/// was not asked for by then: `asked` is the ledger of a moment after it, which may be the same.
#[track_caller]
pub fn database(path: &Path, told: &Ledger, asked: &Ledger) {
    let sql = Connection::open(path).unwrap();
    sound(&sql);
    whole(&sql);
    statuses(&sql, told, asked);
    let favourites: BTreeSet<i64> = column(&sql, "SELECT status_id FROM favourite");
    for id in &told.favourites {
        let may_be_gone = asked.statuses[id].asked == GONE;
        assert!(may_be_gone || favourites.contains(id), "the favourite of {id} is lost");
    }
    // what the inbox took is there, or waits to be done
    let notes: BTreeSet<String> = column(&sql, "SELECT uri FROM status WHERE local = 0");
    let followers: BTreeSet<String> =
        column(&sql, "SELECT a.uri FROM follow f JOIN account a ON a.id = f.account_id");
    let waits: BTreeSet<String> =
        column(&sql, "SELECT CAST(payload AS TEXT) FROM job WHERE dead = 0");
    let has = |there: &BTreeSet<String>, uri: &String| {
        there.contains(uri) || waits.iter().any(|job| job.contains(uri.as_str()))
    };
    for uri in &told.notes {
        assert!(has(&notes, uri), "{uri} is lost");
    }
    for uri in &told.follows {
        assert!(has(&followers, uri), "the follow of {uri} is lost");
    }
    let uploads: BTreeSet<i64> = column(&sql, "SELECT id FROM upload");
    for id in told.uploads.keys() {
        assert!(uploads.contains(&id.parse().unwrap()), "upload {id} is lost");
    }
}

/// SQLite's own word for it.
fn sound(sql: &Connection) {
    let said: BTreeSet<String> = column(sql, "PRAGMA integrity_check");
    assert_eq!(said, BTreeSet::from(["ok".to_owned()]));
    let broken: BTreeSet<String> = column(sql, "PRAGMA foreign_key_check");
    assert!(broken.is_empty(), "rows refer to what is not there: {broken:?}");
}

/// Nothing is there by half: what comes in one transaction came together.
fn whole(sql: &Connection) {
    for (what, query) in [
        (
            "statuses that their author's home does not have",
            "SELECT count(*) FROM (SELECT * FROM status WHERE local = 1 ORDER BY id DESC LIMIT 300) s
             WHERE NOT EXISTS (SELECT 1 FROM timeline_entry t
                               WHERE t.timeline = s.account_id AND t.status_id = s.id)",
        ),
        (
            "statuses that cannot be found by their words",
            "SELECT count(*) FROM status s WHERE s.local = 1
               AND NOT EXISTS (SELECT 1 FROM status_search w WHERE w.rowid = s.id)",
        ),
        (
            "accounts whose statuses were counted wrongly",
            "SELECT count(*) FROM account a JOIN user u ON u.account_id = a.id
             WHERE a.statuses_count <> (SELECT count(*) FROM status s WHERE s.account_id = a.id)",
        ),
        (
            "statuses whose versions were not kept",
            "SELECT count(*) FROM status s WHERE s.local = 1 AND (s.edited_at IS NULL)
               = EXISTS (SELECT 1 FROM status_edit e WHERE e.status_id = s.id)",
        ),
        (
            "deleted statuses without a tombstone, or living ones with one",
            "SELECT count(*) FROM status s JOIN tombstone t ON t.uri = s.uri",
        ),
        (
            "activities that go to nobody",
            "SELECT count(*) FROM activity_out a
             WHERE NOT EXISTS (SELECT 1 FROM delivery d WHERE d.activity_id = a.id)",
        ),
    ] {
        let count: i64 = sql.query_row(query, [], |row| row.get(0)).unwrap();
        assert_eq!(count, 0, "{what}");
    }
}

fn statuses(sql: &Connection, told: &Ledger, asked: &Ledger) {
    let mut query = sql.prepare("SELECT id, text FROM status WHERE local = 1").unwrap();
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get::<_, String>(1)?))).unwrap();
    let there: BTreeMap<i64, u32> =
        rows.map(|row| row.map(|(id, text)| (id, version(&text))).unwrap()).collect();
    for (id, versions) in &told.statuses {
        let version = there.get(id).copied().unwrap_or(GONE);
        let (least, most) = (versions.told, asked.statuses[id].asked);
        assert!(
            (least..=most).contains(&version),
            "status {id}: version {version} is there, {least} was told, {most} asked for"
        );
    }
}

fn column<T: rusqlite::types::FromSql + Ord>(sql: &Connection, query: &str) -> BTreeSet<T> {
    let mut query = sql.prepare(query).unwrap();
    let rows = query.query_map([], |row| row.get(0)).unwrap();
    rows.map(|row| row.unwrap()).collect()
}
