//! Retention: many old statuses go at once from a server that is used meanwhile.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};

use dassie::app::{App, Surroundings};
use dassie::clock::{Clock, DAY};
use dassie::config::Config;
use dassie::db::{self, Lane};
use dassie::server;

use crate::load::{self, Connection};
use crate::seed::HOST;
use crate::table::{Report, number};
use crate::{MB, Res, old_statuses, people};

/// How many of them somebody here bookmarked, so that they stay.
const KEPT: i64 = 20_000;
/// When it is given up.
const PATIENCE: Duration = Duration::from_secs(900);

/// `count` statuses of 90 to 61 days ago; `folder` goes at the end.
pub fn measure(folder: &Path, count: i64, report: &mut Report) -> Res<()> {
    println!("retention of {count} statuses:");
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    let clock = Clock::manual(Clock::system().now_ms());
    let mut config = Config::default();
    config.server.host = HOST.into();
    config.storage.data_dir = folder.to_owned();
    config.federation.remote_status_days = 60;
    config.limits.requests_per_account = 1_000_000;
    let surroundings = Surroundings { clock: clock.clone(), ..Surroundings::default() };
    let app = App::open(config, surroundings)?;
    let ann = people::person(&app, "ann")?;
    let running = server::start(app.clone(), TcpListener::bind("127.0.0.1:0")?)?;
    let path = folder.join("dassie.db");
    let sql = rusqlite::Connection::open(&path)?;
    sql.busy_timeout(Duration::from_secs(60))?;
    let kept = KEPT.min(count / 5);
    sql.execute_batch(&old_statuses::sql(clock.now_ms(), count / 20, count, (90, 61)))?;
    sql.execute(
        "INSERT INTO bookmark (account_id, status_id, created_at)
         SELECT ?, id, 1 FROM status WHERE id % 5 = 0 LIMIT ?",
        [ann.id, kept],
    )?;
    let checkpoint = || sql.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
    checkpoint()?;
    let size = |path: &Path| fs::metadata(path).map_or(0.0, |about| about.len() as f64 / MB);
    let wal = folder.join("dassie.db-wal");
    // the log of the seeding is cut by the next write after it is checkpointed
    for seeded in 0.. {
        app.db
            .write(Lane::Background, move |tx| db::meta::set(tx, "seeded", &format!("{seeded}")))
            .wait()?;
        if size(&wal) < 32.0 || seeded == 1_000 {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let before = size(&path);
    let count_of = |query: &str| sql.query_row(query, [], |row| row.get::<_, i64>(0));
    let bearer = format!("Bearer {}", ann.token);
    let home = load::request("GET", "/api/v1/timelines/home", &[("Authorization", &bearer)], None);
    let mut connection = Connection::open(running.address)?;

    clock.advance(DAY);
    app.wake.rouse();
    let began = Instant::now();
    let (mut writes, mut reads, mut largest, mut removed) = (Vec::new(), Vec::new(), 0.0_f64, None);
    let mut quiet = 0;
    while quiet <= 50 && began.elapsed() < PATIENCE {
        let at = Instant::now();
        app.db.write(Lane::Interactive, |_| Ok(())).wait()?;
        writes.push(load::ms(at.elapsed()));
        let at = Instant::now();
        let (status, _) = connection.exchange(&home)?;
        if status != 200 {
            return Err(format!("home answers {status}").into());
        }
        reads.push(load::ms(at.elapsed()));
        largest = largest.max(size(&wal));
        std::thread::sleep(Duration::from_millis(15));
        let looks = removed.is_none() && writes.len().is_multiple_of(20);
        if looks && count_of("SELECT count(*) FROM status")? <= kept {
            removed = Some(began.elapsed().as_secs_f64());
        }
        let free = count_of("SELECT freelist_count FROM pragma_freelist_count")?;
        let all = count_of("SELECT page_count FROM pragma_page_count")?;
        quiet = if removed.is_some() && free <= all / 50 + 64 { quiet + 1 } else { 0 };
    }
    checkpoint()?;
    let seconds = removed.ok_or("they did not go in time")?;
    report.add(&format!("retention, {count} statuses go"), None, seconds, "s");
    report.add("retention, the file before", None, before, "MB");
    report.add("retention, the file after", None, size(&path), "MB");
    report.add("retention, largest log", None, largest, "MB");
    for (name, times) in [("a write", &mut writes), ("home", &mut reads)] {
        times.sort_by(f64::total_cmp);
        let at = |part: usize| times.get((times.len() - 1) * part / 1000).copied().unwrap_or(0.0);
        println!("  {name} meanwhile: p50 {} ms, longest {} ms", number(at(500)), number(at(1000)));
        report.add(&format!("retention, {name} meanwhile, p99"), None, at(990), "ms");
    }
    drop(sql);
    running.stop();
    fs::remove_dir_all(folder)?;
    Ok(())
}
