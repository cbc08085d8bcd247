//! `tar.gz` (POSIX.1-1988 ustar and what came before), read once from its start: what is not
//! wanted is unpacked into nothing, up to a limit.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use super::{MOST_BYTES, MOST_FILES, refuse, too_large, too_many};
use crate::error::{Error, Result};

pub(in crate::media) const BLOCK: usize = 512;

/// Name and size of an entry, and whether it is a plain file; `None`: there is no entry.
pub(in crate::media) fn read_head(block: &[u8; BLOCK]) -> Option<(String, u64, bool)> {
    let text = |part: &[u8]| {
        let end = part.iter().position(|b| *b == 0).unwrap_or(part.len());
        String::from_utf8_lossy(&part[..end]).into_owned()
    };
    let size = text(&block[124..136]);
    let size = u64::from_str_radix(size.trim_matches([' ', '\0']), 8).ok()?;
    let mut name = text(&block[..100]);
    let before = text(&block[345..500]);
    if &block[257..262] == b"ustar" && !before.is_empty() {
        name = format!("{before}/{name}");
    }
    let is_file = matches!(block[156], b'0' | 0) && !name.ends_with('/');
    Some((name.trim_start_matches("./").to_owned(), size, is_file))
}

/// Goes through an archive; those files come with their bytes that `wants` asks for.
pub(super) fn visit(
    path: &Path,
    wants: &dyn Fn(&str) -> bool,
    largest: u64,
    each: &mut dyn FnMut(&str, Option<Result<Vec<u8>>>) -> Result<()>,
) -> Result<()> {
    let unreadable = |e| Error::invalid(format!("the archive cannot be read: {e}"));
    let file = BufReader::new(File::open(path).map_err(unreadable)?);
    let mut stream = MultiGzDecoder::new(file).take(MOST_BYTES);
    let mut block = [0; BLOCK];
    let mut count = 0;
    loop {
        if stream.read_exact(&mut block).is_err() {
            if stream.limit() == 0 {
                return refuse(format!(
                    "the archive unpacks to more than {} MiB",
                    MOST_BYTES >> 20
                ));
            }
            return refuse("the archive is damaged");
        }
        if block.iter().all(|b| *b == 0) {
            return Ok(());
        }
        let Some((name, size, is_file)) = read_head(&block) else {
            return refuse("the archive is damaged");
        };
        count += 1;
        if count > MOST_FILES {
            return too_many(MOST_FILES);
        }
        let padded = size.checked_next_multiple_of(BLOCK as u64).unwrap_or(u64::MAX);
        let mut left = padded;
        if is_file && wants(&name) {
            let bytes = if size > largest {
                too_large(largest)
            } else {
                let mut bytes = Vec::new();
                stream.by_ref().take(size).read_to_end(&mut bytes).map_err(unreadable)?;
                left = padded - bytes.len() as u64;
                if bytes.len() as u64 == size { Ok(bytes) } else { refuse("it is damaged") }
            };
            each(&name, Some(bytes))?;
        } else if is_file {
            each(&name, None)?;
        }
        std::io::copy(&mut stream.by_ref().take(left), &mut std::io::sink()).map_err(unreadable)?;
    }
}
