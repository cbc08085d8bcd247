//! What is there at the end of a day, by the tables and by the files.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::reader::Kept;
use crate::server::UPLOAD;
use crate::{MB, Res};

/// How many ids are asked for at once.
const PORTION: usize = 1_000;
/// How often it is looked before files and rows that differ are a fault.
const LOOKS: usize = 20;

/// The data folder.
pub struct Place {
    folder: PathBuf,
    sql: Connection,
}

/// What lies there.
pub struct There {
    pub statuses: i64,
    /// MB, with what is not yet moved out of the log.
    pub database: f64,
    /// Bytes and number of files in the cache folder, and as the tables say, with what is about to go.
    pub cache: (u64, u64),
    pub cache_rows: (u64, u64),
    /// Of what was written, favourited, bookmarked or uploaded here.
    pub lost: usize,
}

impl Place {
    pub fn open(folder: &Path) -> Res<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let sql = Connection::open_with_flags(folder.join("dassie.db"), flags)?;
        sql.execute_batch("PRAGMA query_only=ON; PRAGMA busy_timeout=5000")?;
        Ok(Self { folder: folder.to_owned(), sql })
    }

    /// What lies there once files and rows agree: some may be on their way out at this moment.
    pub fn look_at_rest(&self, kept: &Kept) -> Res<There> {
        for _ in 0..LOOKS {
            let there = self.look(kept)?;
            if there.cache == there.cache_rows {
                return Ok(there);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        self.look(kept)
    }

    fn look(&self, kept: &Kept) -> Res<There> {
        let number = |sql: &str| -> Res<i64> { Ok(self.sql.query_row(sql, [], |r| r.get(0))?) };
        let size = |name: &str| {
            std::fs::metadata(self.folder.join(name)).map_or(0.0, |about| about.len() as f64 / MB)
        };
        Ok(There {
            statuses: number("SELECT count(*) FROM status")?,
            database: size("dassie.db") + size("dassie.db-wal"),
            cache: below(&self.folder.join("cache"))?,
            cache_rows: self.sql.query_row(
                "SELECT sum(bytes), sum(files) FROM (
                   SELECT ifnull(sum(bytes), 0) AS bytes, count(*) AS files FROM cached_file
                   UNION ALL
                   SELECT ifnull(sum(bytes), 0), count(*) FROM media_trash WHERE cached = 1)",
                [],
                |row| {
                    Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get::<_, i64>(1)?.unsigned_abs()))
                },
            )?,
            lost: self.lost(kept)?,
        })
    }

    fn lost(&self, kept: &Kept) -> Res<usize> {
        let written = self.missing("SELECT id FROM status", &kept.written)?;
        let marked = self.missing(
            "SELECT s.id FROM status s WHERE EXISTS (SELECT 1 FROM favourite WHERE status_id = s.id)
               OR EXISTS (SELECT 1 FROM bookmark WHERE status_id = s.id)",
            &kept.marked,
        )?;
        let mut query = self.sql.prepare(
            "SELECT key, extension FROM upload WHERE state = 1 AND status_id IS NOT NULL",
        )?;
        let rows =
            query.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
        let mut whole = 0;
        for row in rows {
            let (key, extension) = row?;
            let name = format!("{key}.{extension}");
            let (first, second) = (key.get(..2).ok_or("a key")?, key.get(2..4).ok_or("a key")?);
            let path = self.folder.join("media").join(first).join(second).join(name);
            let about = std::fs::metadata(path);
            whole += usize::from(about.is_ok_and(|about| about.len() == UPLOAD as u64));
        }
        Ok(written + marked + kept.uploads.saturating_sub(whole))
    }

    /// How many of these a query does not find.
    fn missing(&self, sql: &str, ids: &[i64]) -> Res<usize> {
        let mut query = self.sql.prepare(&format!(
            "SELECT count(*) FROM json_each(?) j WHERE j.value NOT IN
               (SELECT id FROM ({sql}) WHERE id = j.value)"
        ))?;
        let mut missing = 0_i64;
        for ids in ids.chunks(PORTION) {
            missing +=
                query.query_row([serde_json::to_string(ids)?], |row| row.get::<_, i64>(0))?;
        }
        Ok(usize::try_from(missing)?)
    }

    /// Whether all rows refer to others that are there; looks at everything.
    pub fn is_whole(&self) -> Res<bool> {
        Ok(!self.sql.prepare("PRAGMA foreign_key_check")?.exists([])?)
    }
}

/// Bytes and number of the files below a folder.
fn below(folder: &Path) -> Res<(u64, u64)> {
    let (mut bytes, mut files) = (0, 0);
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let about = entry.metadata()?;
        let (more, number) = if about.is_dir() { below(&entry.path())? } else { (about.len(), 1) };
        bytes += more;
        files += number;
    }
    Ok((bytes, files))
}
