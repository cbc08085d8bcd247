//! What can be seen from here: disk, cache, queues, clock, accounts. Nothing here asks anybody,
//! writes anything, or reads more than a few rows.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Finding, Word};
use crate::app::App;
use crate::clock::{self, DAY, HOUR, MINUTE};
use crate::config::{Config, Size, Span};
use crate::db::{self, Conn};
use crate::error::Result;
use crate::media::storage;
use crate::service::{self, backup::Standing};
use crate::tls::Tls;

/// The queues are stuck when something is due for so long. What relays bring is patient, and may
/// wait for hours on a slow machine.
const LATE_DELIVERY: i64 = HOUR;
const LATE_JOB: i64 = 6 * HOUR;
/// Other servers refuse what is signed so far from their time; some do at once.
const WRONG: i64 = 5 * MINUTE;
/// A cache that has room for less is none.
const SMALL_CACHE: u64 = 50_000_000;
/// Time for the first backup after a start.
const FIRST_BACKUP: Duration = Duration::from_secs(3600);
/// A backup that is made by hand is old then.
const OLD_BACKUP: i64 = 14 * DAY;
/// Counting what waits ends here.
const MANY: i64 = 100_000;

/// How the server is, in numbers. Times in milliseconds, sizes in bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    pub version: String,
    pub uptime: u64,
    /// Resident memory of the process.
    pub memory: u64,
    pub free: u64,
    pub floor: u64,
    /// The database with its log.
    pub database: u64,
    pub cache: u64,
    pub cache_most: u64,
    pub deliveries: i64,
    pub jobs: i64,
    pub failing_hosts: i64,
    /// Each with when it was last heard of.
    pub relays: Vec<(String, Option<i64>)>,
    /// Until when the certificate of this program is good, if it has one.
    pub certificate: Option<i64>,
    /// When the last backup was made, and its name; none after a restore.
    pub backup: Option<(i64, String)>,
}

/// The numbers of this moment.
pub fn facts(app: &App) -> Result<Facts> {
    let (deliveries, jobs, failing_hosts, relays, backup) = app.db.read(|conn| {
        Ok((
            db::delivery::count_up_to(conn, MANY)?,
            db::job::count(conn, MANY)?,
            db::host::count_failing(conn)?,
            db::relay::list(conn)?,
            service::backup::standing(conn)?,
        ))
    })?;
    let relays = relays.into_iter().map(|one| (one.inbox, one.last_seen_at)).collect();
    Ok(Facts {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        uptime: u64::try_from(app.meter.uptime().as_millis()).unwrap_or(0),
        memory: memory(),
        free: free(app)?,
        floor: app.config.media.min_free_disk.0,
        database: database_bytes(&app.config.storage.data_dir),
        cache: app.media.room.used()?,
        cache_most: app.media.room.most(),
        deliveries,
        jobs,
        failing_hosts,
        relays,
        certificate: app.tls.as_ref().and_then(|tls| tls.shown.facts()).map(|facts| facts.ends),
        backup: backup.made_at.map(|at| (at, backup.name.unwrap_or_default())),
    })
}

/// Every check that can be made from here.
pub fn local(app: &App) -> Result<Vec<Finding>> {
    let (queues, accounts, newest, backups) = app.db.read(|conn| {
        Ok((queues(conn)?, accounts(conn)?, newest(conn)?, service::backup::standing(conn)?))
    })?;
    let mut all = vec![accounts, disk(app)?, cache(app)?];
    all.extend(queues);
    let now = app.clock.now_ms();
    all.push(clock(app.client.clock_ahead(), newest, now));
    if let Some(tls) = &app.tls {
        all.push(certificate(tls, &app.config.server.host, now));
    }
    if let Some(fault) = &backups.damaged {
        all.push(Finding::bad(Word::database_damaged, &[fault]));
    }
    let patient = app.meter.uptime() < FIRST_BACKUP;
    all.push(backup(app.config.backup.every, backups, patient, now));
    Ok(all)
}

/// Free bytes for the database, the uploads and the cache: the least of them.
fn free(app: &App) -> Result<u64> {
    Ok(app.media.storage.free_bytes()?.min(app.media.room.free()?))
}

fn disk(app: &App) -> Result<Finding> {
    Ok(room(&app.config, free(app)?))
}

/// The disk, as far as it can be seen where nothing can be opened.
pub fn free_disk(config: &Config) -> Option<Finding> {
    storage::free_bytes(&config.storage.data_dir).ok().map(|free| room(config, free))
}

fn room(config: &Config, free: u64) -> Finding {
    let floor = config.media.min_free_disk;
    let values: [&dyn ToString; 3] =
        [&Size(free).rounded(), &floor.rounded(), &config.storage.data_dir.display().to_string()];
    if free < floor.0 {
        Finding::bad(Word::disk_full, &values)
    } else {
        Finding::ok(Word::disk_ok, &values)
    }
}

/// How much the cache could have: what it has, and what is free above the floor.
fn cache(app: &App) -> Result<Finding> {
    let (used, most) = (app.media.room.used()?, app.media.room.most());
    let above = app.media.room.free()?.saturating_sub(app.config.media.min_free_disk.0);
    let room = used.saturating_add(above);
    let size = |bytes: u64| Size(bytes).rounded();
    Ok(if room < most.min(SMALL_CACHE) {
        let folder = app.config.cache_dir().display().to_string();
        Finding::bad(Word::cache_none, &[&size(room), &folder])
    } else if room < most {
        Finding::warn(Word::cache_tight, &[&size(room), &size(most)])
    } else {
        Finding::ok(Word::cache_ok, &[&size(used), &size(most)])
    })
}

fn queues(conn: &Conn) -> Result<Vec<Finding>> {
    let now = conn.now();
    let mut all = Vec::new();
    // servers that fail have to wait for each other
    let delivery = db::delivery::list_due(conn, false, 1)?.first().map(|(one, _)| one.due);
    for (what, due, patience) in [
        (Word::deliveries_stuck, delivery, LATE_DELIVERY),
        (Word::jobs_stuck, db::job::next_due(conn, 0)?, LATE_JOB),
    ] {
        if let Some(late) = due.map(|due| now - due).filter(|late| *late > patience) {
            all.push(Finding::bad(what, &[&(late / HOUR)]));
        }
    }
    if all.is_empty() {
        let waiting = (db::delivery::count_up_to(conn, MANY)?, db::job::count(conn, MANY)?);
        all.push(Finding::ok(Word::queue_ok, &[&waiting.0, &waiting.1]));
    }
    Ok(all)
}

fn accounts(conn: &Conn) -> Result<Finding> {
    let (all, admins) = (db::user::count(conn)?, db::user::list_admins(conn)?.len());
    Ok(match (all, admins) {
        (0, _) => Finding::warn(Word::accounts_none, &[]),
        (_, 0) => Finding::warn(Word::accounts_no_admin, &[]),
        _ => Finding::ok(Word::accounts_ok, &[&all, &admins]),
    })
}

/// When the newest thing here was made, by its id; 0: its id does not tell. A restore has ids begin
/// a day ahead (F-354), and they count from there until that day has come.
fn newest(conn: &Conn) -> Result<i64> {
    let (newest, floor) = (db::meta::newest_id(conn)? >> 16, db::meta::id_floor(conn)? >> 16);
    let is_counted = (floor..floor + MINUTE).contains(&newest);
    Ok(if is_counted { 0 } else { newest })
}

/// Ids grow even when the clock steps back, so that the newest one tells that it did (S-130). Where
/// other servers have the same time, it was wrong once and is not now: nobody has to be told.
fn clock(ahead: Option<i64>, newest: i64, now: i64) -> Finding {
    let back = (newest - now) / MINUTE;
    match ahead.map(i64::abs) {
        Some(away) if away > WRONG => Finding::bad(Word::clock_off, &[&(away / MINUTE)]),
        Some(_) if newest - now > WRONG => Finding::warn(Word::clock_back, &[&back]),
        None if newest - now > WRONG => Finding::bad(Word::clock_back, &[&back]),
        Some(away) => Finding::ok(Word::clock_ok, &[&((away + 999) / 1000).max(1)]),
        None => Finding::ok(Word::clock_unknown, &[]),
    }
}

fn certificate(tls: &Tls, host: &str, now: i64) -> Finding {
    let Some(facts) = tls.shown.facts() else {
        return Finding::bad(Word::certificate_none, &[&host]);
    };
    let until = clock::date(facts.ends);
    // half of the time that there was for a new one is over
    if now > facts.renewal().midpoint(facts.ends) {
        Finding::bad(Word::certificate_ends, &[&until, &host])
    } else if !facts.covers(host) {
        Finding::bad(Word::certificate_other, &[&host])
    } else {
        Finding::ok(Word::certificate_ok, &[&until])
    }
}

/// `every`: how often one is to be made; `patient`: there was no time for the first one yet.
fn backup(every: Option<Span>, standing: Standing, patient: bool, now: i64) -> Finding {
    let failed = standing.failed.unwrap_or_default();
    match (every, standing.made_at) {
        (Some(every), Some(made)) if now - made > 2 * every.ms() + HOUR && !patient => {
            Finding::bad(Word::backup_late, &[&clock::date(made), &every, &failed])
        }
        (None, Some(made)) if now - made > OLD_BACKUP => {
            Finding::warn(Word::backup_old, &[&clock::date(made), &((now - made) / DAY)])
        }
        (_, Some(made)) => Finding::ok(Word::backup_ok, &[&clock::date(made)]),
        (Some(_), None) if !patient => Finding::bad(Word::backup_never, &[&failed]),
        (_, None) => Finding::warn(Word::backup_none, &[]),
    }
}

/// Whether the bucket of uploads answers, where there is one. Asks it: for `doctor` alone.
pub fn bucket(app: &App) -> Option<Finding> {
    let bucket = app.media.storage.bucket().ok()?;
    Some(match bucket.check() {
        Ok(()) => Finding::ok(Word::bucket_ok, &[&bucket.name()]),
        Err(fault) => Finding::bad(Word::bucket_bad, &[&fault]),
    })
}

/// Bytes of the database file and its log.
pub fn database_bytes(folder: &Path) -> u64 {
    let size = |name| fs::metadata(folder.join(name)).map_or(0, |about| about.len());
    size("dassie.db") + size("dassie.db-wal")
}

/// Resident memory of this process, 0 where the system does not tell.
fn memory() -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok());
    kilobytes.unwrap_or(0_u64) * 1024
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;

    #[test]
    fn s_130_a_clock_that_is_wrong_or_went_back_is_found() {
        let now = 1_000 * HOUR;
        for (ahead, newest, word, level) in [
            (None, now, Word::clock_unknown, Level::Ok),
            (Some(900), now - HOUR, Word::clock_ok, Level::Ok),
            (Some(-WRONG - 1), now, Word::clock_off, Level::Bad),
            (Some(2 * HOUR), now + 2 * HOUR, Word::clock_off, Level::Bad),
            // it is right now, by what others say, and nothing has to be done
            (Some(0), now + 400 * DAY, Word::clock_back, Level::Warn),
            (None, now + 3 * HOUR, Word::clock_back, Level::Bad),
        ] {
            let found = clock(ahead, newest, now);
            assert_eq!((found.what, found.level), (word, level), "{ahead:?}");
        }
    }

    #[test]
    fn a_backup_that_does_not_come_is_found() {
        let (now, every) = (1_000 * DAY, Some("1d".parse().unwrap()));
        let made = |days: i64| Standing { made_at: Some(now - days * DAY), ..Standing::default() };
        let why = Standing { failed: Some("no room".into()), ..Standing::default() };
        for (every, standing, patient, word) in [
            (None, Standing::default(), false, Word::backup_none),
            (None, made(14), false, Word::backup_ok),
            (None, made(15), false, Word::backup_old),
            (every, Standing::default(), true, Word::backup_none),
            (every, why, false, Word::backup_never),
            (every, made(2), false, Word::backup_ok),
            (every, made(3), false, Word::backup_late),
            (every, made(3), true, Word::backup_ok),
        ] {
            let found = backup(every, standing, patient, now);
            assert_eq!(found.what, word);
            assert_eq!(
                found.level == Level::Warn,
                matches!(word, Word::backup_none | Word::backup_old)
            );
        }
    }
}
