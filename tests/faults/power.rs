//! The power goes: SQLite's settings, on a disk that forgets what was not synced (S-135).

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32};

use dassie::app::{App, Surroundings};
use dassie::clock::Clock;
use rusqlite::Connection;

use super::ledger::Shared;
use super::load::{Client, End, Load};
use super::{Chance, check, disk, rounds};
use crate::support::{Instance, Options, TempDir, eventually};

/// How many writes lie between two cuts.
const WRITES: usize = 60;

#[test]
fn s_135_a_power_cut_takes_nothing_that_was_acknowledged() {
    let (cuts, mut chance) = (rounds(12) as usize, Chance::new());
    let instance = Instance::with(Options {
        clock: Clock::system(),
        configure: Some(|config| disk::watch(&config.storage.data_dir)),
    });
    let data = instance.folder.path().join("data");
    let clients = ["ann", "bob", "eve"]
        .map(|name| Client { base: instance.base.clone(), token: instance.person(name).token });
    let checkpoints = || disk::syncs(&data.join("dassie.db"));
    let before = checkpoints();
    let (ledger, ended, number) = (Shared::default(), AtomicBool::new(false), AtomicU32::new(1));
    let load = Load { ledger: &ledger, ended: &ended, number: &number };
    std::thread::scope(|scope| {
        let _end = End(&ended);
        let writers = clients.each_ref().map(|client| scope.spawn(|| load.write(client)));
        for cut in 1..=cuts {
            let until = cut * WRITES - chance.below(WRITES / 2);
            eventually("enough was written", || {
                let failed = writers.iter().any(|one| one.is_finished());
                (failed || ledger.told() >= until).then_some(())
            });
            if writers.iter().any(|one| one.is_finished()) {
                break;
            }
            let left = TempDir::new();
            let told = ledger.copy();
            disk::cut(&data, left.path(), &mut chance);
            let asked = ledger.copy();
            println!("cut {cut} after {} writes, {} checkpoints", told.told, checkpoints());
            // the server's own opening is what has to cope with it
            let mut config = dassie::config::Config::clone(&instance.app.config);
            config.storage.data_dir = left.path().to_owned();
            App::open(config, Surroundings::default()).unwrap().close();
            check::database(&left.path().join("dassie.db"), &told, &asked);
        }
    });
    assert!(checkpoints() > before, "no cut can have met a checkpoint");
}

/// Commits rows under a setting and cuts the power after each: how many of those that were
/// committed are lost, or `None` if nothing can be read at all.
fn lost_with(setting: &str) -> Vec<Option<i64>> {
    let (folder, mut chance) = (TempDir::new(), Chance::new());
    disk::watch(folder.path());
    let sql = Connection::open(folder.path().join("dassie.db")).unwrap();
    sql.execute_batch(&format!(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous={setting}; PRAGMA wal_autocheckpoint=20;
         CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL)"
    ))
    .unwrap();
    let count = |path: &Path| -> rusqlite::Result<i64> {
        let sql = Connection::open(path)?;
        sql.query_row("SELECT count(*) FROM note", [], |row| row.get(0))
    };
    (1..=60)
        .map(|number| {
            sql.execute("INSERT INTO note (text) VALUES (hex(randomblob(900)))", []).unwrap();
            let left = TempDir::new();
            disk::cut(folder.path(), left.path(), &mut chance);
            count(&left.path().join("dassie.db")).ok().map(|there| number - there)
        })
        .collect()
}

/// What the test above would say of other settings: it can fail.
#[test]
fn other_settings_lose_what_was_committed() {
    assert!(lost_with("FULL").iter().all(|lost| *lost == Some(0)));
    assert!(lost_with("NORMAL").iter().any(|lost| lost.is_some_and(|rows| rows > 0)));
    assert!(lost_with("OFF").iter().any(|lost| *lost != Some(0)));
}
