//! The seeded database: made once, kept under `target/bench-data`, copied for each run.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

use dassie::app::{App, Surroundings};
use dassie::clock::Clock;
use dassie::config::Config;
use dassie::db::{self, Lane, Written, timeline};
use dassie::model::NotificationKind;
use dassie::service;
use serde::{Deserialize, Serialize};

use crate::Res;
use crate::people::{self, People, Sender};
use crate::text::Rng;
use crate::write::Writer;

/// The host of the instance, for ever; where it listens differs from run to run.
pub const HOST: &str = "bench.example";

/// How many statuses are handed in at once.
const BATCH: usize = 2_000;
/// How many one savepoint holds: at each statement SQLite walks through what it changed so far, so
/// that a large one takes the square of its size.
const FEW: usize = 10;
/// Replies below one status of ann.
const THREAD: usize = 50;

/// How much there is of everything.
#[derive(Clone, Copy, Debug, Hash)]
pub struct Size {
    pub remote: usize,
    pub authors: usize,
    pub hosts: usize,
    pub own: usize,
    pub followed: usize,
}

impl Size {
    pub const FULL: Self =
        Self { remote: 200_000, authors: 5_000, hosts: 500, own: 2_000, followed: 300 };
    pub const QUICK: Self = Self { remote: 20_000, ..Self::FULL };
}

/// What the measurements have to know of the database.
#[derive(Clone, Serialize, Deserialize)]
pub struct Seeded {
    pub people: People,
    pub sender: Sender,
    /// The status of ann with replies below.
    pub thread: i64,
    /// An id far below what home keeps.
    pub deep: i64,
    /// A username of a remote author, for searches.
    pub author: String,
    pub file: f64,
    pub per_1000_remote: f64,
    pub seconds: f64,
}

/// Where databases of the bench lie.
pub fn folder(name: &str) -> Res<PathBuf> {
    let target = Path::new(crate::program::BUILT).ancestors().nth(2).ok_or("no target folder")?;
    Ok(target.join("bench-data").join(name))
}

/// Folders of one seeded database.
pub struct Place {
    folder: PathBuf,
    /// What is known of the seeded database; written last.
    note: PathBuf,
}

impl Place {
    /// Where the database of this size lies, or will lie.
    pub fn of(size: Size) -> Res<Self> {
        let mut hasher = DefaultHasher::new();
        size.hash(&mut hasher);
        let sources = [
            include_str!("seed.rs"),
            include_str!("write.rs"),
            include_str!("people.rs"),
            include_str!("text.rs"),
            include_str!("peers.rs"),
        ];
        sources.hash(&mut hasher);
        let migrations = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/migrations");
        let mut files: Vec<PathBuf> =
            fs::read_dir(migrations)?.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>()?;
        files.sort();
        for file in files {
            fs::read(file)?.hash(&mut hasher);
        }
        let folder = folder(&size.remote.to_string())?;
        // a database of an older schema or of other texts makes room for the new one
        let note = folder.join(format!("seed-{:016x}.json", hasher.finish()));
        Ok(Self { folder, note })
    }

    /// The database, made if there is none.
    pub fn open(&self, size: Size, fresh: bool) -> Res<Seeded> {
        let note = &self.note;
        if fresh || !note.exists() {
            if self.folder.exists() {
                fs::remove_dir_all(&self.folder)?;
            }
            fs::create_dir_all(&self.folder)?;
            println!("seeding {} remote statuses …", size.remote);
            let seeded = seed(&self.seed(), size)?;
            fs::write(note, serde_json::to_vec_pretty(&seeded)?)?;
        }
        println!("seeded database: {}", self.seed().display());
        Ok(serde_json::from_slice(&fs::read(note)?)?)
    }

    fn seed(&self) -> PathBuf {
        self.folder.join("seed")
    }

    /// A fresh copy to measure on, with remote accounts that look as if read just now: nothing
    /// in it is a reason to ask a server that does not exist.
    pub fn copy(&self) -> Res<PathBuf> {
        let run = self.folder.join("run");
        copy(&self.seed(), &run)?;
        let sql = rusqlite::Connection::open(run.join("dassie.db"))?;
        sql.execute("UPDATE account SET fetched_at = ?", [Clock::system().now_ms()])?;
        Ok(run)
    }

    /// A copy with every status in the search index, made once.
    pub fn indexed(&self) -> Res<PathBuf> {
        let folder = self.folder.join("indexed");
        if !folder.join("done").exists() {
            let since = Instant::now();
            copy(&self.seed(), &folder)?;
            index_all(&folder)?;
            fs::write(folder.join("done"), "")?;
            println!("  indexed all statuses in {:.1} s", since.elapsed().as_secs_f64());
        }
        Ok(folder)
    }

    /// Removes what a run changed.
    pub fn clear(&self) {
        let _ = fs::remove_dir_all(self.folder.join("run"));
    }
}

fn copy(from: &Path, to: &Path) -> Res<()> {
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    fs::create_dir_all(to)?;
    // it was closed, so the log is empty and the one file is all
    fs::copy(from.join("dassie.db"), to.join("dassie.db"))?;
    Ok(())
}

/// The library on the data in `folder`, without server and worker.
pub fn open(folder: &Path) -> Res<App> {
    let mut config = Config::default();
    config.server.host = HOST.into();
    config.storage.data_dir = folder.to_owned();
    config.network.allowed_private_ranges = vec!["127.0.0.0/8".parse()?];
    Ok(App::open(config, Surroundings::default())?)
}

/// Bytes that the database takes, free pages not counted.
pub fn size_of_data(folder: &Path) -> Res<f64> {
    let sql = rusqlite::Connection::open(folder.join("dassie.db"))?;
    let number = |name: &str| -> Res<f64> {
        let value: i64 = sql.pragma_query_value(None, name, |row| row.get(0))?;
        Ok(value as f64)
    };
    Ok((number("page_count")? - number("freelist_count")?) * number("page_size")?)
}

fn seed(folder: &Path, size: Size) -> Res<Seeded> {
    let since = Instant::now();
    let app = open(folder)?;
    let result = fill(&app, folder, size);
    app.close();
    drop(app);
    let mut seeded = result?;
    // one file without a log, so that a copy is whole
    let sql = rusqlite::Connection::open(folder.join("dassie.db"))?;
    sql.execute_batch("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode=DELETE;")?;
    drop(sql);
    seeded.file = fs::metadata(folder.join("dassie.db"))?.len() as f64;
    seeded.seconds = since.elapsed().as_secs_f64();
    Ok(seeded)
}

fn fill(app: &App, folder: &Path, size: Size) -> Res<Seeded> {
    let mut rng = Rng::new(2026);
    let people = People {
        ann: people::person(app, "ann")?,
        bob: people::person(app, "bob")?,
        carol: people::person(app, "carol")?,
        dora: people::person(app, "dora")?,
        erin: people::person(app, "erin")?,
    };
    let ann = people.ann.id;
    let (authors, sender) = people::authors(app, &mut rng, size.authors, size.hosts)?;
    let followers = people::followers(app, &mut rng, &people)?;
    // the sender among them
    let step = size.authors / size.followed;
    let followed: Vec<i64> =
        authors.iter().copied().step_by(step.max(1)).take(size.followed).collect();
    people::follow(app, followed.iter().map(|author| (ann, *author)).collect())?;

    let empty = size_of_data(folder)?;
    let mut writer = Writer::new(rng, size, authors, ann, Clock::system().now_ms());
    let mut left = size.remote;
    while left > 0 {
        let count = left.min(BATCH);
        let mut batch = writer.remote(count).into_iter();
        let mut stored = Vec::new();
        while batch.len() > 0 {
            let few: Vec<_> = batch.by_ref().take(FEW).collect();
            stored.push(app.db.write(Lane::Interactive, move |tx| {
                few.into_iter().try_for_each(|status| status.store(tx))
            }));
        }
        stored.into_iter().try_for_each(Written::wait)?;
        left -= count;
    }
    let with_remote = size_of_data(folder)?;

    let own = writer.own(&app.site, size.own);
    let own_ids: Vec<i64> = own.iter().map(|status| status.status.id).collect();
    app.db
        .write(Lane::Interactive, move |tx| {
            own.into_iter().try_for_each(|own| {
                let status = own.status.clone();
                own.store(tx)?;
                service::status::index(tx, &status)
            })
        })
        .wait()?;

    let thread = own_ids.last().copied().ok_or("no status of ann")?;
    let replies = writer.replies(thread, ann, THREAD);
    app.db
        .write(Lane::Interactive, move |tx| replies.into_iter().try_for_each(|r| r.store(tx)))
        .wait()?;
    let deep = writer.id_at(size.remote / 2);
    fill_home(app, &writer, &followed, &own_ids)?;
    fill_notifications(app, &writer, &followers, own_ids, ann)?;
    let author = app.db.read(|conn| db::account::get(conn, sender.id))?.username;
    Ok(Seeded {
        people,
        sender,
        thread,
        deep,
        author,
        file: 0.0,
        per_1000_remote: (with_remote - empty) * 1000.0 / size.remote as f64,
        seconds: 0.0,
    })
}

/// The newest statuses of those whom ann follows, and her own.
fn fill_home(app: &App, writer: &Writer, followed: &[i64], own: &[i64]) -> Res<()> {
    let ann = writer.ann;
    let mut entries: Vec<timeline::Entry> = writer
        .written
        .iter()
        .filter(|known| !known.to_other && followed.contains(&known.author))
        .map(|known| timeline::Entry {
            timeline: ann,
            status_id: known.id,
            author_id: known.author,
            boosted_id: known.boost_of,
        })
        .collect();
    entries.extend(own.iter().map(|id| timeline::Entry {
        timeline: ann,
        status_id: *id,
        author_id: ann,
        boosted_id: None,
    }));
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.status_id));
    entries.truncate(usize::try_from(timeline::KEEP)?);
    let written = app.db.write(Lane::Interactive, move |tx| {
        entries.into_iter().try_for_each(|entry| timeline::insert(tx, entry))
    });
    Ok(written.wait()?)
}

/// 1,000 notifications of all kinds, and 500 favourites of ann.
fn fill_notifications(
    app: &App,
    writer: &Writer,
    followers: &[i64],
    own: Vec<i64>,
    ann: i64,
) -> Res<()> {
    let statuses: Vec<(i64, i64)> = writer
        .written
        .iter()
        .rev()
        .filter(|known| known.boost_of.is_none())
        .take(2_500)
        .map(|known| (known.id, known.author))
        .collect();
    let followers = followers.to_vec();
    let written = app.db.write(Lane::Interactive, move |tx| {
        for (index, from) in followers.iter().enumerate() {
            let of = own.iter().rev().nth(index % own.len().max(1)).copied();
            let Some(of) = of else { continue };
            match index % 5 {
                0 => {
                    let kind = NotificationKind::Reblog;
                    tell(tx, ann, kind, *from, Some(of))?;
                }
                1 | 2 => {
                    tell(tx, ann, NotificationKind::Follow, *from, None)?;
                }
                _ => {
                    db::favourite::insert(tx, *from, of, None)?;
                    let kind = NotificationKind::Favourite;
                    tell(tx, ann, kind, *from, Some(of))?;
                }
            }
            // half of them are mentions
            if let Some((status, author)) = statuses.get(index * 5) {
                db::status::insert_mention(tx, *status, ann, false)?;
                let kind = NotificationKind::Mention;
                tell(tx, ann, kind, *author, Some(*status))?;
                db::favourite::insert(tx, ann, *status, None)?;
            }
        }
        Ok(())
    });
    Ok(written.wait()?)
}

/// Puts every status that has a text into the search index.
fn index_all(folder: &Path) -> Res<()> {
    let sql = rusqlite::Connection::open(folder.join("dassie.db"))?;
    let ids: Vec<i64> = sql
        .prepare("SELECT id FROM status WHERE reblog_of_id IS NULL ORDER BY id")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    drop(sql);
    let app = open(folder)?;
    for batch in ids.chunks(BATCH) {
        let batch = batch.to_vec();
        let written = app.db.write(Lane::Interactive, move |tx| {
            let statuses = db::status::list(tx, &batch)?;
            statuses.iter().try_for_each(|status| service::status::index(tx, status))
        });
        written.wait()?;
    }
    app.close();
    Ok(())
}

/// Stores a notification in the group that it belongs to.
fn tell(
    tx: &db::Tx<'_>,
    account_id: i64,
    kind: NotificationKind,
    from_account_id: i64,
    status_id: Option<i64>,
) -> dassie::error::Result<()> {
    let group_key = NotificationKind::GROUPED
        .contains(&kind)
        .then(|| format!("{}-{}-1", kind.as_str(), status_id.unwrap_or(0)));
    let new = db::notification::New {
        account_id,
        kind,
        from_account_id,
        status_id,
        filtered: false,
        group_key,
    };
    db::notification::insert(tx, &new).map(drop)
}
