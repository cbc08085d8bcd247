//! Reads, writes and slow work, away from the thread that serves connections. There are some hundred
//! closures of each kind: they are boxed at once, so that futures and tasks are compiled once a type
//! of answer. Nothing begins before its future is polled.

use super::App;
use crate::db::{Conn, Db, Erased, Lane, Tx};
use crate::error::{Error, Result};

type Reading<T> = Box<dyn FnOnce(&Conn) -> Result<T> + Send>;
type Writing<T> = Box<dyn FnOnce(&Tx<'_>) -> Result<T> + Send>;

impl App {
    /// Reads on a thread that may block, away from the one that serves connections.
    pub fn read<T, F>(&self, f: F) -> impl Future<Output = Result<T>>
    where
        T: Send + 'static,
        F: FnOnce(&Conn) -> Result<T> + Send + 'static,
    {
        let db = self.db.clone();
        elsewhere(Box::new(move || db.read(f).map(Erased::new)))
    }

    /// Reads a handful of rows by their keys: at once on this thread while a reader is free, since
    /// that takes less time than going to another thread. Not for lists, nor for what may be
    /// slow: this thread serves all connections.
    pub fn read_few<T, F>(&self, f: F) -> impl Future<Output = Result<T>>
    where
        T: Send + 'static,
        F: FnOnce(&Conn) -> Result<T> + Send + 'static,
    {
        read_few(self, Box::new(f))
    }

    /// Writes for a person who waits; answers after the commit.
    pub fn write<T, F>(&self, f: F) -> impl Future<Output = Result<T>>
    where
        T: Send + 'static,
        F: FnOnce(&Tx<'_>) -> Result<T> + Send + 'static,
    {
        write(&self.db, Box::new(f))
    }

    /// Runs slow CPU work (password hashes, keys) on a thread that may block.
    pub fn compute<T, F>(&self, f: F) -> impl Future<Output = Result<T>>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        elsewhere(Box::new(move || Ok(Erased::new(f()))))
    }
}

/// Does `work` on a thread that may block.
async fn elsewhere<T: 'static>(work: Box<dyn FnOnce() -> Result<Erased> + Send>) -> Result<T> {
    let done = actix_web::web::block(work).await;
    done.map_err(|_| Error::internal("work on another thread was cancelled"))??.take()
}

async fn read_few<T: Send + 'static>(app: &App, f: Reading<T>) -> Result<T> {
    match app.db.try_read(f) {
        Ok(result) => result,
        Err(f) => app.read(f).await,
    }
}

async fn write<T: Send + 'static>(db: &Db, f: Writing<T>) -> Result<T> {
    db.write(Lane::Interactive, f).await
}
