//! Archives of old Mastodon versions, `tar.gz`: a stream, in which nothing can be found. It is
//! unpacked once into a file without a name, of which all parts are known then.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::sync::Arc;

use flate2::read::MultiGzDecoder;

use super::{nameless, refuse, unreadable};
use crate::error::{Error, Result};
use crate::media::pack::tar::{BLOCK, read_head};
use crate::media::storage::free_bytes;
use crate::media::zip::Span;

/// Pictures hardly become smaller when they are packed, texts by a tenth: what grows more is there
/// to fill a disk. Small archives may be all text.
const MOST_TIMES: u64 = 100;
const SMALL: u64 = 64 << 20;
/// What stays free on the disk.
const FLOOR: u64 = 512 << 20;
/// After how many bytes the disk is looked at.
const LOOK: u64 = 32 << 20;
/// The longest name, in an entry of its own (GNU's way).
const LONGEST_NAME: u64 = 4096;

/// An unpacked archive.
#[derive(Debug)]
pub(super) struct Unpacked {
    file: Arc<File>,
}

impl Unpacked {
    /// So many bytes from there on.
    pub(super) fn part(&self, at: u64, left: u64) -> Span {
        Span { file: Arc::clone(&self.file), at, left }
    }
}

/// Names with where each plain file begins and how long it is.
type Spans = Vec<(String, (u64, u64))>;

/// Unpacks an archive beside itself, or where temporary files are.
pub(super) fn unpack(path: &Path, files: usize) -> Result<(Unpacked, Spans)> {
    let packed = File::open(path).map_err(unreadable(path))?;
    let size = packed.metadata().map_err(unreadable(path))?.len();
    let most = size.saturating_mul(MOST_TIMES).max(SMALL);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let file = nameless(folder)?;
    let mut out = BufWriter::new(file.try_clone().map_err(Error::internal)?);
    let mut stream = MultiGzDecoder::new(BufReader::new(packed)).take(most);
    let mut piece = vec![0; 128 * 1024];
    let (mut done, mut looked) = (0_u64, 0);
    loop {
        let count = match stream.read(&mut piece) {
            Ok(0) if stream.limit() == 0 => {
                return refuse(format!("the archive unpacks to more than {} MiB", most >> 20));
            }
            Ok(0) => break,
            Ok(count) => count,
            Err(e) => return Err(unreadable(path)(e)),
        };
        if done >= looked {
            looked = done + LOOK;
            if free_bytes(folder)? < FLOOR {
                return refuse("the disk has no room to unpack the archive: unpack it elsewhere");
            }
        }
        out.write_all(&piece[..count]).map_err(full)?;
        done += count as u64;
    }
    out.flush().map_err(full)?;
    let unpacked = Unpacked { file: Arc::new(file) };
    let spans = list(&unpacked, done, files)?;
    Ok((unpacked, spans))
}

fn full(e: io::Error) -> Error {
    Error::invalid(format!("the archive cannot be unpacked: {e}. Unpack it elsewhere."))
}

/// What is in it.
fn list(unpacked: &Unpacked, length: u64, files: usize) -> Result<Spans> {
    let (mut spans, mut at, mut long_name) = (Spans::new(), 0_u64, None);
    let mut block = [0; BLOCK];
    while at < length {
        if unpacked.part(at, BLOCK as u64).read_exact(&mut block).is_err() {
            return refuse("the archive is damaged");
        }
        if block.iter().all(|b| *b == 0) {
            break;
        }
        let Some((name, size, _)) = read_head(&block) else {
            return refuse("the archive is damaged");
        };
        at += BLOCK as u64;
        let next =
            size.checked_next_multiple_of(BLOCK as u64).and_then(|size| at.checked_add(size));
        let Some(next) = next.filter(|_| size <= length - at.min(length)) else {
            return refuse("the archive is damaged");
        };
        if block[156] == b'L' && size <= LONGEST_NAME {
            let mut bytes = Vec::new();
            let read = unpacked.part(at, size).read_to_end(&mut bytes);
            read.map_err(Error::internal)?;
            let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
            long_name = Some(String::from_utf8_lossy(&bytes[..end]).into_owned());
        } else {
            let name = long_name.take().unwrap_or(name);
            // the part of a long name that the head has room for may end anywhere
            if matches!(block[156], b'0' | 0) && !name.ends_with('/') {
                spans.push((name, (at, size)));
            }
            if spans.len() > files {
                return refuse(format!("the archive has more than {files} files"));
            }
        }
        at = next;
    }
    Ok(spans)
}
