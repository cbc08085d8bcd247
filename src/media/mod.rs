//! Files of media: where they are kept (`storage`), and how an upload becomes something that can
//! be shown to anybody (`image`), in a process of its own (`child`). Nothing here knows the
//! database.

pub mod child;
pub mod image;
pub mod storage;

use std::path::PathBuf;
use std::sync::RwLock;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

use crate::error::Result;
use crate::model::Store;
use storage::Storage;
use storage::s3::Bucket;

/// What handlers and workers need of media.
pub struct Media {
    pub storage: Storage,
    /// This program, which decodes in a process of its own.
    program: PathBuf,
    /// Something is ready, or has failed.
    pub finished: Notify,
    stopping: AtomicBool,
    /// Held while a file is noted as intended, and by those who remove what is not: nothing is
    /// removed that is just being put there again.
    pub trash: RwLock<()>,
}

impl Media {
    /// Media below the data folder, decoded by `program`.
    pub fn open(data_dir: &std::path::Path, program: PathBuf) -> Result<Self> {
        Ok(Self {
            storage: Storage::open(data_dir)?,
            program,
            finished: Notify::new(),
            stopping: AtomicBool::new(false),
            trash: RwLock::new(()),
        })
    }

    /// With a bucket for uploads; `home` is where new ones go.
    #[must_use]
    pub fn with_bucket(self, bucket: Option<Bucket>, home: Store) -> Self {
        Self { storage: self.storage.with_bucket(bucket, home), ..self }
    }

    /// Decodes a file. Takes as long as it takes, 40 seconds at the most: not for a thread that
    /// others wait for, and one at a time (S-107).
    pub fn decode(&self, order: &image::Order) -> Result<image::Outcome> {
        child::run(&self.program, order, &self.stopping)
    }

    /// Ends what is being decoded; it is due again at the next start.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }
}
