//! Writing an archive, piece by piece.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::{DATABASE, End, MANIFEST, Manifest, SETTINGS, upload};
use crate::crypto::Hasher;
use crate::crypto::age::{Sealer, Work};
use crate::error::{Error, Result};
use crate::media::storage::{Name, disk_full};

/// After so many bytes the disk has to have them: otherwise the system gathers hundreds of megabytes
/// and whoever commits something waits for all of them.
const AT_ONCE: u64 = 4 << 20;
const BUFFER: usize = 64 * 1024;

/// Told how many bytes more were packed; an error ends the work.
pub type Step<'a> = &'a mut dyn FnMut(u64) -> Result<()>;

/// An archive in the making.
pub struct Writer {
    tar: tar::Builder<GzEncoder<Sink>>,
    files: u64,
    sums: Hasher,
    /// Seconds since 1970.
    time: u64,
}

/// Where it goes.
enum Sink {
    Plain(BufWriter<Steady>),
    Sealed(Box<Sealer<BufWriter<Steady>>>),
}

impl Writer {
    /// Begins with the manifest.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn new(file: File, passphrase: Option<(&str, Work)>, manifest: &Manifest) -> Result<Self> {
        let out = BufWriter::with_capacity(BUFFER, Steady { file, since: 0 });
        let sink = match passphrase {
            Some((passphrase, work)) => Sink::Sealed(Box::new(Sealer::new(out, passphrase, work)?)),
            None => Sink::Plain(out),
        };
        // quick rather than small: a slow machine should be done with it
        let tar = tar::Builder::new(GzEncoder::new(sink, Compression::fast()));
        let time = u64::try_from(manifest.made_at / 1000).unwrap_or(0);
        let mut writer = Self { tar, files: 0, sums: Hasher::default(), time };
        let text = serde_json::to_vec_pretty(manifest).map_err(Error::internal)?;
        writer.add_bytes(MANIFEST, &text)?;
        Ok(writer)
    }

    /// The settings file.
    pub fn add_settings(&mut self, text: &[u8]) -> Result<()> {
        self.add_bytes(SETTINGS, text)
    }

    /// The database, of so many bytes.
    pub fn add_database(&mut self, bytes: u64, from: &mut dyn Read, step: Step<'_>) -> Result<()> {
        self.add(DATABASE, bytes, from, step)
    }

    /// An upload, of so many bytes.
    pub fn add_upload(
        &mut self,
        name: &Name,
        bytes: u64,
        from: &mut dyn Read,
        step: Step<'_>,
    ) -> Result<()> {
        self.add(&upload(name), bytes, from, step)
    }

    /// Writes the end, and answers when the disk has all of it.
    pub fn finish(mut self) -> Result<()> {
        let sums = std::mem::take(&mut self.sums);
        let end = End { files: self.files, sha256: sums.finish() };
        let text = serde_json::to_vec(&end).map_err(Error::internal)?;
        self.add_bytes(super::END, &text)?;
        let close = || -> io::Result<()> {
            let out = match self.tar.into_inner()?.finish()? {
                Sink::Plain(out) => out,
                Sink::Sealed(sealer) => sealer.finish()?,
            };
            out.into_inner().map_err(io::IntoInnerError::into_error)?.file.sync_all()
        };
        close().map_err(failed)
    }

    fn add_bytes(&mut self, name: &str, mut bytes: &[u8]) -> Result<()> {
        self.add(name, bytes.len() as u64, &mut bytes, &mut |_| Ok(()))
    }

    fn add(&mut self, name: &str, bytes: u64, from: &mut dyn Read, step: Step<'_>) -> Result<()> {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes);
        header.set_mode(0o600);
        header.set_mtime(self.time);
        let mut source = Source {
            from: from.take(bytes),
            hash: Hasher::default(),
            left: bytes,
            step,
            why: None,
        };
        let added = self.tar.append_data(&mut header, name, &mut source);
        if let Some(why) = source.why {
            return Err(why);
        }
        added.map_err(failed)?;
        if source.left > 0 {
            return Err(Error::internal(format!("{name} became shorter while it was read")));
        }
        self.sums.update(format!("{}  {name}\n", source.hash.finish()).as_bytes());
        self.files += 1;
        Ok(())
    }
}

/// A file on its way into the archive.
struct Source<'a, 'b> {
    from: io::Take<&'a mut dyn Read>,
    hash: Hasher,
    left: u64,
    step: Step<'b>,
    /// Why it does not go on.
    why: Option<Error>,
}

impl Read for Source<'_, '_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(out)?;
        self.hash.update(&out[..count]);
        self.left -= count as u64;
        if let Err(why) = (self.step)(count as u64) {
            self.why = Some(why);
            return Err(io::Error::other("stopped"));
        }
        Ok(count)
    }
}

impl Write for Sink {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(out) => out.write(data),
            Self::Sealed(out) => out.write(data),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(out) => out.flush(),
            Self::Sealed(out) => out.flush(),
        }
    }
}

/// A file that never has much left to be written.
struct Steady {
    file: File,
    since: u64,
}

impl Write for Steady {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let count = self.file.write(data)?;
        self.since += count as u64;
        if self.since >= AT_ONCE {
            self.file.sync_data()?;
            self.since = 0;
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn failed(e: io::Error) -> Error {
    match e.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => disk_full(),
        _ => Error::internal(format!("the archive cannot be written: {e}")),
    }
}
