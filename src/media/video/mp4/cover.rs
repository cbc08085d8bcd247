//! The picture that a song of an M4A file has, as Apple's programs write it: `covr` in the list of
//! its tags. Its bytes are handed out as they are; what they hold is for those to say who decode
//! images.

use std::io::{Read, Seek};

use super::LONGEST_INDEX;
use super::boxes::{Boxes, find, walk};
use crate::media::video::Result;
use crate::media::video::bytes::Source;

/// The largest picture.
const MOST: usize = 4 << 20;

/// The picture of a sound, if it has one.
pub fn cover(input: &mut (impl Read + Seek)) -> Option<Vec<u8>> {
    let mut source = Source::new(input).ok()?;
    let mut found = None;
    let walked = walk(&mut source, |source, kind, _, body| {
        if &kind == b"moov" && found.is_none() {
            let moov = source.load(body.end - body.start, LONGEST_INDEX)?;
            found = picture(&moov)?;
        }
        Ok(())
    });
    walked.ok().and(found)
}

fn picture(moov: &[u8]) -> Result<Option<Vec<u8>>> {
    let Some(udta) = find(moov, b"udta")? else { return Ok(None) };
    // behind a version and flags
    let meta = find(udta, b"meta")?.and_then(|meta| meta.get(4..)).unwrap_or_default();
    let tags = find(meta, b"ilst")?.unwrap_or_default();
    let covers = find(tags, b"covr")?.unwrap_or_default();
    for each in Boxes(covers).take(8) {
        let (kind, data) = each?;
        // behind what kind of data it is, and for which country
        if let Some(picture) = data.get(8..).filter(|p| &kind == b"data" && p.len() <= MOST) {
            return Ok(Some(picture.to_vec()));
        }
    }
    Ok(None)
}
