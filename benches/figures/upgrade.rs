//! An upgrade: a database of the first schema with many statuses is copied and brought up to date.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Instant;

use dassie::app::{App, Surroundings};
use dassie::clock::Clock;
use dassie::config::Config;
use dassie::service;

use crate::table::{Report, number};
use crate::{MB, Res};

const FIRST_SCHEMA: &str = include_str!("../../tests/fixtures/schema_v1.sql");
const HOST: &str = "social.example";

/// `count` statuses; `folder` goes at the end.
pub fn measure(folder: &Path, count: i64, report: &mut Report) -> Res<()> {
    println!("an upgrade of {count} statuses of the first schema:");
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    let path = folder.join("dassie.db");
    let sql = rusqlite::Connection::open(&path)?;
    sql.execute_batch(FIRST_SCHEMA)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
    // one a minute, a fifth of them answers
    sql.execute_batch(&format!(
        "PRAGMA synchronous=OFF; PRAGMA foreign_keys=OFF; BEGIN;
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
         INSERT INTO status (id, uri, url, account_id, created_at, visibility, in_reply_to_id,
           thread_id, content, language)
         SELECT i * 3932160000, 'https://peer.example/users/mia/statuses/' || i,
           'https://peer.example/@mia/' || i, (SELECT id FROM account WHERE username = 'mia'),
           i * 60000, 0, iif(i % 5, NULL, (i - 1) * 3932160000), (i - (i % 5 = 0)) * 3932160000,
           '<p>' || hex(randomblob(120)) || '</p>', 'en'
         FROM n;
         COMMIT; PRAGMA journal_mode=WAL;"
    ))?;
    drop(sql);
    println!("  {} MB", number(fs::metadata(&path)?.len() as f64 / MB));
    let mut config = Config::default();
    config.server.host = HOST.into();
    config.storage.data_dir = folder.to_owned();
    let began = Instant::now();
    service::upgrade::prepare(&config, &Clock::system())?;
    report.add("upgrade, the copy before it", None, began.elapsed().as_secs_f64(), "s");
    config.backup.before_upgrade = false;
    let began = Instant::now();
    App::open(config, Surroundings::default())?.close();
    report.add(&format!("upgrade, {count} statuses"), None, began.elapsed().as_secs_f64(), "s");
    fs::remove_dir_all(folder)?;
    Ok(())
}
