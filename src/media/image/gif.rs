//! GIF files, taken apart and put together again: the screen, its colours, the frames with their
//! times, and how often they are repeated. Comments, texts, other extensions and what comes
//! behind the end are left out (S-106).

use super::{MAX_FRAMES, MAX_SIDE, Moving, Result, refuse};

const EXTENSION: u8 = 0x21;
const IMAGE: u8 = 0x2c;
const END: u8 = 0x3b;
const TIMING: u8 = 0xf9;
const APPLICATION: u8 = 0xff;

/// Reads a file from its start.
struct Reader<'a> {
    data: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let part = self.at.checked_add(count).and_then(|end| self.data.get(self.at..end));
        let Some(part) = part else { return refuse("The GIF file ends too early") };
        self.at += count;
        Ok(part)
    }

    fn byte(&mut self) -> Result<u8> {
        Ok(self.take(1)?[0])
    }

    /// Blocks up to the empty one, each handed to `each` with its length in front.
    fn blocks(&mut self, mut each: impl FnMut(&'a [u8])) -> Result<()> {
        loop {
            let start = self.at;
            let length = usize::from(self.byte()?);
            self.take(length)?;
            each(&self.data[start..self.at]);
            if length == 0 {
                return Ok(());
            }
        }
    }
}

/// How many bytes the colours take that a descriptor announces.
fn colours(packed: u8) -> usize {
    if packed & 0x80 == 0 { 0 } else { 3 << ((packed & 7) + 1) }
}

fn number(bytes: &[u8], at: usize) -> u32 {
    u32::from(bytes[at]) | u32::from(bytes[at + 1]) << 8
}

/// Puts a file together anew.
pub(super) fn remux(data: &[u8], max_pixels: u64) -> Result<Moving> {
    let mut reader = Reader { data, at: 0 };
    let mut out = Vec::with_capacity(data.len());
    reader.take(6)?;
    out.extend_from_slice(b"GIF89a");
    let screen = reader.take(7)?;
    out.extend_from_slice(screen);
    out.extend_from_slice(reader.take(colours(screen[4]))?);
    let mut moving = Moving {
        bytes: Vec::new(),
        frames: 0,
        width: number(screen, 0),
        height: number(screen, 2),
    };
    let mut timing = None;
    loop {
        // many files lack the end; what is whole before it is shown everywhere
        match reader.byte().unwrap_or(END) {
            EXTENSION => match reader.byte()? {
                TIMING => {
                    let mut block = None;
                    reader.blocks(|part| block = block.or((part.len() == 5).then_some(part)))?;
                    timing = block;
                }
                APPLICATION => {
                    if let Some(times) = repeats(&mut reader)?
                        && moving.frames == 0
                    {
                        out.extend_from_slice(b"\x21\xff\x0bNETSCAPE2.0\x03\x01");
                        out.extend_from_slice(&times);
                        out.push(0);
                    }
                }
                _ => reader.blocks(|_| ())?,
            },
            IMAGE => {
                moving.frames += 1;
                if moving.frames > MAX_FRAMES {
                    return refuse(format!("The moving image has more than {MAX_FRAMES} frames"));
                }
                if let Some(block) = timing.take() {
                    out.extend_from_slice(&[EXTENSION, TIMING]);
                    out.extend_from_slice(block);
                    out.push(0);
                }
                let frame = reader.take(9)?;
                let (width, height) = (number(frame, 4), number(frame, 6));
                if width == 0 || height == 0 || width > MAX_SIDE || height > MAX_SIDE {
                    return refuse("A frame of the moving image has an impossible size");
                }
                out.push(IMAGE);
                out.extend_from_slice(frame);
                out.extend_from_slice(reader.take(colours(frame[8]))?);
                out.push(reader.byte()?);
                reader.blocks(|part| out.extend_from_slice(part))?;
            }
            END => break,
            _ => return refuse("The GIF file is damaged"),
        }
    }
    out.push(END);
    moving.bytes = out;
    moving.check(max_pixels)
}

/// The count of repetitions, if this extension of an application tells it.
fn repeats(reader: &mut Reader<'_>) -> Result<Option<[u8; 2]>> {
    let mut parts = Vec::new();
    reader.blocks(|part| {
        if parts.len() < 2 {
            parts.push(part);
        }
    })?;
    Ok(match parts.as_slice() {
        [b"\x0bNETSCAPE2.0" | b"\x0bANIMEXTS1.0", [3, 1, low, high]] => Some([*low, *high]),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Two frames of one pixel, with a comment, an application's data and a tail.
    const FILE: &[u8] = b"GIF89a\x01\0\x01\0\x80\0\0\xff\xff\xff\0\0\0\
        \x21\xff\x0bNETSCAPE2.0\x03\x01\x05\0\0\x21\xfe\x06secret\0\
        \x21\xff\x0bXMP DataXMP\x03xyz\0\
        \x21\xf9\x04\0\x0a\0\0\0\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0\
        \x21\xf9\x04\0\x0a\0\0\0\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x4c\x01\0\x3b<script>";

    #[test]
    fn s_106_only_known_parts_are_kept() {
        let moving = remux(FILE, 100).unwrap();
        assert_eq!((moving.frames, moving.width, moving.height), (2, 1, 1));
        let has = |what: &[u8]| moving.bytes.windows(what.len()).any(|part| part == what);
        assert!(has(b"NETSCAPE2.0\x03\x01\x05\0") && has(b"\x21\xf9\x04\0\x0a\0\0\0"));
        assert!(!has(b"secret") && !has(b"XMP") && !has(b"script"));
        assert_eq!(moving.bytes.last(), Some(&END));
        assert_eq!(remux(&moving.bytes, 100).unwrap().bytes, moving.bytes);
        assert_eq!(moving.decode(super::super::Format::Gif).unwrap().count(), 2);
    }

    #[test]
    fn s_107_too_many_frames_are_refused() {
        let mut file = FILE[..19].to_vec();
        for _ in 0..100_000 {
            file.extend_from_slice(b"\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0");
        }
        assert!(remux(&file, 100).is_err());
        assert!(remux(FILE, 0).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_do_no_harm(tail in proptest::collection::vec(any::<u8>(), 0..200), cut in 0..FILE.len()) {
            let mut file = FILE[..cut].to_vec();
            file.extend(tail);
            let _ = remux(&file, 1000);
        }
    }
}
