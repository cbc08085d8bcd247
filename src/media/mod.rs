//! Files of media: where they are kept (`storage`), and how an upload becomes something that can
//! be shown to anybody (`image`), in a process of its own (`child`); where that takes more than
//! Dassie can do itself, with programs of the host (`tools`, `heif`). Nothing here knows the
//! database.

pub mod child;
pub mod heif;
pub mod image;
pub mod storage;
pub mod tools;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

use crate::error::Result;
use storage::Storage;

/// What handlers and workers need of media.
pub struct Media {
    pub storage: Storage,
    /// This program, which decodes in a process of its own.
    program: PathBuf,
    /// Programs of the host.
    tools: tools::Shelf,
    /// Something is ready, or has failed.
    pub finished: Notify,
    stopping: AtomicBool,
}

impl Media {
    /// Media below the data folder, decoded by `program`, and by the host's programs that are in
    /// PATH unless [`Media::with_tools`] says otherwise.
    pub fn open(data_dir: &std::path::Path, program: PathBuf) -> Result<Self> {
        Ok(Self {
            storage: Storage::open(data_dir)?,
            program,
            tools: tools::Shelf::default(),
            finished: Notify::new(),
            stopping: AtomicBool::new(false),
        })
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
