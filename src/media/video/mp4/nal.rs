//! Words that a camera writes between pictures of H.264 (ITU-T H.264 section 7.3.2.3 and annex D):
//! some cars and cameras put the place and the speed there, encoders their names and settings.
//! They are overwritten, at their length; all else of a picture is copied as it is.

use std::io::{Read, Seek, Write};

use crate::media::video::bytes::Source;
use crate::media::video::{Result, damaged};

/// The kind of unit that has words in it, and the kind of words that are anybody's own
/// (`user_data_unregistered`). Captions are of another kind, and stay.
const WORDS: u8 = 6;
const OWN: usize = 5;
/// The longest such unit.
const LONGEST: usize = 1 << 20;

/// Copies a picture of `left` bytes, which is made of units behind lengths of `width` bytes each.
pub fn copy<R: Read + Seek>(
    source: &mut Source<'_, R>,
    mut left: u64,
    width: u8,
    output: &mut impl Write,
) -> Result<()> {
    let head = usize::from(width.clamp(1, 4));
    while left > head as u64 {
        let mut length = [0; 4];
        source.read(&mut length[4 - head..])?;
        output.write_all(&length[4 - head..])?;
        left -= head as u64;
        let size = u64::from(u32::from_be_bytes(length)).min(left);
        if size > 0 {
            unit(source, size, output)?;
        }
        left -= size;
    }
    source.copy(left, output)
}

/// Copies a unit of at least one byte.
fn unit<R: Read + Seek>(
    source: &mut Source<'_, R>,
    size: u64,
    output: &mut impl Write,
) -> Result<()> {
    let mut kind = [0];
    source.read(&mut kind)?;
    output.write_all(&kind)?;
    if kind[0] & 0x1f != WORDS {
        return source.copy(size - 1, output);
    }
    let mut words = source.load(size - 1, LONGEST)?;
    if words.len() as u64 != size - 1 {
        return damaged();
    }
    overwrite(&mut words);
    output.write_all(&words)?;
    Ok(())
}

/// Goes through the bytes of a unit as its reader sees them: a 3 behind two zeros is there only
/// so that no mark of a beginning appears, and is none of them.
#[derive(Default)]
struct Place {
    at: usize,
    zeros: u8,
    behind: bool,
}

impl Place {
    /// The place of the next byte; `behind` says whether it stands behind such a 3.
    fn next(&mut self, data: &[u8]) -> Option<usize> {
        self.behind = self.zeros >= 2 && data.get(self.at) == Some(&3);
        if self.behind {
            (self.at, self.zeros) = (self.at + 1, 0);
        }
        let byte = *data.get(self.at)?;
        self.zeros = if byte == 0 { (self.zeros + 1).min(2) } else { 0 };
        self.at += 1;
        Some(self.at - 1)
    }

    /// A number as a sum of bytes up to the first below 255.
    fn sum(&mut self, data: &[u8]) -> Option<usize> {
        let mut sum = 0;
        loop {
            let byte = data[self.next(data)?];
            sum += usize::from(byte);
            if byte != 255 {
                return Some(sum);
            }
        }
    }
}

/// Overwrites words of anybody's own. Zeros stay, so that the threes behind them do.
fn overwrite(data: &mut [u8]) {
    let mut place = Place::default();
    while let Some(kind) = place.sum(data)
        && let Some(size) = place.sum(data)
    {
        for _ in 0..size {
            let Some(at) = place.next(data) else { return };
            if kind == OWN && data[at] != 0 && !(place.behind && data[at] <= 3) {
                data[at] = 255;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn s_106_words_between_pictures_are_overwritten() {
        let mut unit = b"\x04\x02cc\x05\x13secret\0\0\x03\x01secret\0\0\x03\0x\x2aok\x80".to_vec();
        overwrite(&mut unit);
        let six = [0xff; 6];
        let own = [b"\x05\x13", &six[..], b"\0\0\x03\x01", &six, b"\0\0\x03\0\xff"].concat();
        assert_eq!(unit, [b"\x04\x02cc".as_slice(), &own, b"\x2aok\x80"].concat());
    }

    #[test]
    fn pictures_are_copied_whatever_their_lengths_say() {
        for sample in [
            &b"\0\0\0\x03\x65ab\0\0\0\x02\x41c"[..],
            b"\0\0\0\xff\x65ab",
            b"\0\0\0\0\0\0\0\x01\x65",
            b"\0\0\0",
            b"",
        ] {
            for width in [1, 2, 4] {
                let mut file = std::io::Cursor::new(sample.to_vec());
                let mut out = Vec::new();
                let mut source = Source::new(&mut file).unwrap();
                copy(&mut source, sample.len() as u64, width, &mut out).unwrap();
                assert_eq!(out, sample);
            }
        }
    }

    proptest! {
        #[test]
        fn any_bytes_do_no_harm(data in proptest::collection::vec(prop::sample::select(vec![0_u8, 1, 3, 5, 6, 40, 255]), 0..80), width in 0..9_u8) {
            let mut file = std::io::Cursor::new(data.clone());
            let mut out = Vec::new();
            let mut source = Source::new(&mut file).unwrap();
            copy(&mut source, data.len() as u64, width, &mut out).unwrap();
            prop_assert_eq!(out.len(), data.len());
        }
    }
}
