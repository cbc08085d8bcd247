//! Uploads go from the disk to the bucket, or back, one after the other while everything runs. An
//! upload's row says where its files lie; it changes when they are in the new place, and only then
//! do those of the old one go. A kill at any moment leaves nothing behind and loses nothing: what
//! is put there stands among what is to be removed until the row says that it is needed.

use std::path::Path;
use std::sync::PoisonError;

use super::media::{discard_in, intend, settle_in};
use crate::clock::{DAY, MINUTE};
use crate::db::{self, Db, Lane, Tx};
use crate::error::{Error, Result};
use crate::media::Media;
use crate::media::storage::Name;
use crate::model::{Store, Upload, UploadState};

/// What became of one upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moved {
    /// So many bytes of it are there now.
    Done(u64),
    /// It was deleted or changed meanwhile, or was there already.
    Changed,
    /// This file of it is not where it should be.
    Lost(String),
    /// The bucket, or the disk, does not take it; why, for the operator.
    Failed(String),
}

/// The store that is not this one.
pub fn other(store: Store) -> Store {
    match store {
        Store::Disk => Store::Bucket,
        Store::Bucket => Store::Disk,
    }
}

/// Moves one upload. Slow: it reads and sends all its bytes.
///
/// # Errors
/// 503 without a bucket in the settings; else what the database says.
pub fn move_one(media: &Media, database: &Db, id: i64, to: Store) -> Result<Moved> {
    let upload = {
        let _kept = media.trash.read().unwrap_or_else(PoisonError::into_inner);
        database.write(Lane::Background, move |tx| begin(tx, id, to)).wait()?
    };
    let Some(upload) = upload else { return Ok(Moved::Changed) };
    let mut bytes = 0;
    for name in upload.files() {
        let name = Name::parse(&name).ok_or_else(|| Error::internal("a name of no file"))?;
        let copied = match to {
            Store::Bucket => put(media, &name)?,
            Store::Disk => take(media, &name)?,
        };
        match copied {
            Moved::Done(size) => bytes += size,
            other => return Ok(other),
        }
    }
    let moved = database.write(Lane::Background, move |tx| finish(tx, &upload, to)).wait()?;
    Ok(if moved { Moved::Done(bytes) } else { Moved::Changed })
}

/// The upload, if it is still to be moved; its files are about to be in the new place.
fn begin(tx: &Tx<'_>, id: i64, to: Store) -> Result<Option<Upload>> {
    let movable = |upload: &Upload| upload.state == UploadState::Ready && upload.store != to;
    let upload = db::upload::find(tx, id)?.filter(movable);
    if let Some(upload) = &upload {
        intend(tx, &upload.files(), to)?;
    }
    Ok(upload)
}

/// The files are in the new place: those of the old one can go. False: they are not those of the
/// upload any more.
fn finish(tx: &Tx<'_>, moved: &Upload, to: Store) -> Result<bool> {
    let now = db::upload::find(tx, moved.id)?;
    let same = now.is_some_and(|now| now.files() == moved.files() && now.store == moved.store);
    for name in moved.files() {
        if !same {
            discard_in(tx, to, &name, tx.now())?;
            continue;
        }
        settle_in(tx, to, &name)?;
        // who was told the old place may be on the way there; addresses of the bucket that clients
        // have are good for a while
        let due = tx.now() + if to == Store::Bucket { MINUTE } else { DAY };
        discard_in(tx, other(to), &name, due)?;
    }
    if same {
        db::object::set_store(tx, &moved.key, to)?;
    }
    db::upload::sweep_soon(tx)?;
    Ok(same)
}

/// From the disk into the bucket; its size there is asked for.
fn put(media: &Media, name: &Name) -> Result<Moved> {
    let bucket = media.storage.bucket()?;
    let Some((_, size)) = media.storage.open_file(name)? else {
        return Ok(Moved::Lost(name.as_str().to_owned()));
    };
    let there = bucket.put(&media.storage.path(name), name).and_then(|()| bucket.size(name));
    Ok(match there {
        Ok(Some(there)) if there == size => Moved::Done(size),
        Ok(_) => Moved::Failed(format!("{} is not whole in the bucket", name.as_str())),
        Err(fault) => Moved::Failed(fault.to_string()),
    })
}

/// From the bucket onto the disk.
fn take(media: &Media, name: &Name) -> Result<Moved> {
    let bucket = media.storage.bucket()?;
    let mut file = media.storage.begin()?;
    match bucket.copy(name, &mut Writing(&mut file)) {
        Ok(Some(size)) => {
            let key = file.keep()?;
            let temporary = media.storage.temporary(&key);
            let kept = media.storage.keep(Path::new(&temporary), name);
            if kept.is_err() {
                let _ = media.storage.remove_temporary(&key);
            }
            kept.map(|()| Moved::Done(size))
        }
        Ok(None) => Ok(Moved::Lost(name.as_str().to_owned())),
        Err(fault) => Ok(Moved::Failed(fault.to_string())),
    }
}

/// A file that is received, as the client wants it.
struct Writing<'a>(&'a mut crate::media::storage::Incoming);

impl std::io::Write for Writing<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.write(bytes).map_err(std::io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
