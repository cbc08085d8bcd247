//! Files of media: what kinds there are (`format`), where they are kept (`storage`), and how an
//! upload becomes something that can be shown (`image`, `clip`) or heard (`sound`) by anybody, in a
//! process of its own (`child`); where that takes more than Dassie can do itself, with programs of
//! the host (`tools`, `heif`); packs of emojis (`pack`) and archives of accounts
//! (`account_archive`), which are packed alike (`zip`); archives of backups (`archive`). Nothing
//! here knows the database.

pub mod account_archive;
pub mod archive;
pub mod arriving;
pub mod child;
pub mod clip;
pub mod failures;
pub mod format;
pub mod heif;
pub mod image;
pub mod pack;
pub mod room;
pub mod sound;
pub mod storage;
pub mod tools;
pub mod video;
pub mod zip;

use std::path::PathBuf;
use std::sync::RwLock;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

use crate::config::Config;
use crate::error::Result;
use crate::model::Store;
use room::Room;
use storage::Storage;
use storage::s3::Bucket;

/// What handlers and workers need of media.
pub struct Media {
    pub storage: Storage,
    /// Files of elsewhere, apart from those that must be backed up.
    pub cache: Storage,
    /// How much those may take.
    pub room: Room,
    /// Archives of accounts, received and made: all of them temporary, and in no backup.
    pub archives: Storage,
    /// This program, which decodes in a process of its own.
    program: PathBuf,
    /// Programs of the host.
    tools: tools::Shelf,
    /// Something is ready, or has failed.
    pub finished: Notify,
    stopping: AtomicBool,
    /// Held while a file is noted as intended, and by those who remove what is not: nothing is
    /// removed that is just being put there again.
    pub trash: RwLock<()>,
}

impl Media {
    /// Media below the data folder, decoded by `program` and by the host's programs that the
    /// settings allow.
    pub fn open(config: &Config, program: PathBuf) -> Result<Self> {
        let cache = Storage::open(&config.cache_dir())?;
        let limits = &config.media;
        Ok(Self {
            storage: Storage::open(&config.storage.data_dir.join("media"))?,
            room: Room::new(&cache, limits.cache_max_size.0, limits.min_free_disk.0),
            cache,
            archives: Storage::open(&config.storage.data_dir.join("archives"))?,
            program,
            tools: tools::Shelf::new(config.media.clone()),
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

    /// Decodes a file. Takes as long as it takes, 40 seconds at the most, and as long again for
    /// HEIC and AVIF: not for a thread that others wait for, and one at a time (S-107).
    pub fn decode(&self, order: &image::Order) -> Result<image::Outcome> {
        match tools::prepare(self, order)? {
            tools::Prepared::AsItIs => child::run(&self.program, order, &self.stopping),
            tools::Prepared::Converted(made) => {
                let order = image::Order { input: made.path.clone(), ..order.clone() };
                child::run(&self.program, &order, &self.stopping)
            }
            tools::Prepared::Refused(sentence) => Ok(image::Outcome::Refused(sentence)),
        }
    }

    /// Ends what is being decoded; it is due again at the next start.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }
}
