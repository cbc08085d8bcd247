//! What is committed stands in SQLite's log first. From 16 MB on, a thread with a connection of its own
//! brings it into the database while the writer goes on; the writer then adds the little that came
//! meanwhile, so that the log begins anew. No write waits for thousands of pages on a slow disk.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;

use super::{Conn, lock};
use crate::error::{Error, Result};

/// From so many pages on the log is brought into the database: 16 MB.
pub(super) const LOG: usize = 4000;
/// So long may it become meanwhile, 64 MB; then the writer waits.
const MOST: usize = 4 * LOG;

/// The thread that does it.
pub(super) struct Checkpointer {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    step: Mutex<Step>,
    changed: Condvar,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Nothing is to be done.
    Idle,
    /// The thread works, or is about to.
    Copying,
    /// It has, and the rest is the writer's.
    Copied,
    /// The database is being closed.
    End,
}

impl Checkpointer {
    /// `conn`: any connection to the database that nobody else uses.
    pub(super) fn start(conn: Conn) -> Result<Self> {
        let shared = Arc::new(Shared { step: Mutex::new(Step::Idle), changed: Condvar::new() });
        let for_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("checkpoint".into())
            .spawn(move || for_thread.run(&conn))
            .map_err(|e| Error::internal(format!("cannot start the checkpoint thread: {e}")))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// After each commit of `writer`, which has answered everybody; the log has so many pages now.
    pub(super) fn look(&self, writer: &Conn, pages: usize) {
        let mut step = lock(&self.shared.step);
        if pages >= MOST {
            let is_copying = |step: &mut Step| *step == Step::Copying;
            let changed = &self.shared.changed;
            step = changed.wait_while(step, is_copying).unwrap_or_else(PoisonError::into_inner);
        }
        match *step {
            // a reader with an old snapshot can keep the log from beginning anew: it is tried again
            Step::Copied if pages >= LOG => checkpoint(writer),
            Step::Idle if pages >= LOG => return self.shared.change(&mut step, Step::Copying),
            Step::Copied => {}
            _ => return,
        }
        *step = Step::Idle;
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.shared.change(&mut lock(&self.shared.step), Step::End);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn change(&self, step: &mut Step, to: Step) {
        *step = to;
        self.changed.notify_all();
    }

    fn run(&self, conn: &Conn) {
        let mut step = lock(&self.step);
        loop {
            match *step {
                Step::End => return,
                Step::Copying => {
                    drop(step);
                    // a second time for what was committed during the first
                    checkpoint(conn);
                    checkpoint(conn);
                    step = lock(&self.step);
                    if *step == Step::Copying {
                        self.change(&mut step, Step::Copied);
                    }
                }
                Step::Idle | Step::Copied => {
                    step = self.changed.wait(step).unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }
}

/// Brings into the database what no reader keeps from it.
fn checkpoint(conn: &Conn) {
    let sql = "PRAGMA wal_checkpoint(PASSIVE)";
    if let Err(error) = conn.sql.query_row(sql, [], |_| Ok(())) {
        // a full disk, of which the writer tells
        tracing::debug!(%error, "the log of the database could not be shortened");
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::time::Duration;

    use super::super::open;
    use super::*;
    use crate::clock::Clock;

    struct Scene {
        folder: PathBuf,
        path: PathBuf,
        writer: Conn,
        checkpointer: Checkpointer,
        pages: Arc<Mutex<usize>>,
    }

    impl Scene {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("dassie-{name}-{}", std::process::id()));
            let path = open::prepare_folder(&folder).unwrap();
            let mut writer = open::writer(&path, Clock::manual(0)).unwrap();
            let pages = Arc::new(Mutex::new(0));
            let hook = Arc::clone(&pages);
            writer
                .sql
                .wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, count| {
                    *lock(&hook) = usize::try_from(count).unwrap();
                    Ok(())
                }))
                .unwrap();
            writer.sql.execute_batch("CREATE TABLE t (x)").unwrap();
            let checkpointer = Checkpointer::start(reader(&path)).unwrap();
            Self { folder, path, writer, checkpointer, pages }
        }

        /// Commits a hundred pages; how many the log has.
        fn commit(&self) -> usize {
            let rows =
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
                        INSERT INTO t SELECT zeroblob(4000) FROM n";
            self.writer.sql.execute_batch(rows).unwrap();
            let pages = *lock(&self.pages);
            self.checkpointer.look(&self.writer, pages);
            pages
        }

        fn step(&self) -> Step {
            *lock(&self.checkpointer.shared.step)
        }

        /// Waits until the thread has done its part.
        fn copied(&self) {
            while self.step() == Step::Copying {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }

    impl Drop for Scene {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.folder).unwrap();
        }
    }

    fn reader(path: &Path) -> Conn {
        open::reader(path, Clock::manual(0)).unwrap()
    }

    fn count(conn: &Conn) -> i64 {
        conn.sql.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn the_log_begins_anew_while_the_writer_goes_on() {
        let scene = Scene::new("checkpoint");
        let mut pages = 0;
        for _ in 0..3 {
            while pages < LOG {
                pages = scene.commit();
            }
            while scene.step() == Step::Copying {
                pages = scene.commit();
            }
            assert!(pages >= LOG, "{pages}");
            // the writer adds what came meanwhile, and the next commit finds an empty log
            scene.commit();
            pages = scene.commit();
            assert!(pages < LOG / 10, "{pages}");
        }
        let size = fs::metadata(&scene.path).unwrap().len();
        assert!(size > 3 * LOG as u64 * 4096, "it is in the database: {size}");
    }

    #[test]
    fn a_log_that_a_reader_holds_grows_and_loses_nothing() {
        let scene = Scene::new("checkpoint-held");
        let old = reader(&scene.path);
        old.sql.execute_batch("BEGIN").unwrap();
        assert_eq!(count(&old), 0);
        let mut pages = 0;
        for _ in 0..2 * MOST / 100 {
            pages = scene.commit();
        }
        assert!(pages >= 2 * MOST, "{pages}");
        assert_eq!(count(&old), 0);
        old.sql.execute_batch("COMMIT").unwrap();
        for _ in 0..3 {
            scene.copied();
            pages = scene.commit();
        }
        assert!(pages < LOG, "{pages}");
        assert_eq!(count(&old), 100 * (2 * MOST as i64 / 100 + 3));
    }
}
