//! WebP files, which are lists of chunks: a moving one is put together again of the chunks that
//! make its pictures (S-106).

use std::io::Cursor;

use super::{MAX_FRAMES, Moving, Result, refuse};

/// Bits of the first byte of `VP8X`.
const ALPHA: u8 = 0x10;
const ANIMATION: u8 = 0x02;

/// The chunks of a list; a broken one ends it.
struct Chunks<'a>(&'a [u8]);

impl<'a> Iterator for Chunks<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (head, rest) = self.0.split_at_checked(8)?;
        let size = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
        let size = usize::try_from(size).ok()?;
        let body = rest.get(..size)?;
        self.0 = rest.get(size + size % 2..).unwrap_or_default();
        Some((&head[..4], body))
    }
}

/// The chunks inside of a file; what follows its stated end is not looked at.
fn chunks(data: &[u8]) -> Chunks<'_> {
    let stated = data.get(4..8).map_or(0, |n| u32::from_le_bytes([n[0], n[1], n[2], n[3]]));
    let end = usize::try_from(stated).unwrap_or(0).saturating_add(8).min(data.len());
    Chunks(data.get(12..end).unwrap_or_default())
}

fn put(out: &mut Vec<u8>, name: &[u8], body: &[u8]) {
    out.extend_from_slice(name);
    out.extend_from_slice(&u32::try_from(body.len()).unwrap_or(0).to_le_bytes());
    out.extend_from_slice(body);
    if body.len() % 2 == 1 {
        out.push(0);
    }
}

/// Three bytes, plus one.
fn side(bytes: &[u8]) -> u32 {
    1 + (u32::from(bytes[0]) | u32::from(bytes[1]) << 8 | u32::from(bytes[2]) << 16)
}

/// Whether a still image was packed without loss.
pub(super) fn is_lossless(data: &[u8]) -> bool {
    chunks(data).any(|(name, _)| name == b"VP8L")
}

/// A lossy picture, and what lets something show through it (`ALPH`).
pub(super) struct Lossy<'a> {
    pub(super) picture: &'a [u8],
    pub(super) alpha: Option<&'a [u8]>,
}

/// The lossy picture of a still image.
pub(super) fn lossy(data: &[u8]) -> Option<Lossy<'_>> {
    let (mut picture, mut alpha, mut is_clear) = (None, None, false);
    for (name, body) in chunks(data) {
        match name {
            b"VP8X" => {
                let flags = body.first()?;
                is_clear = flags & ALPHA != 0;
                if flags & ANIMATION != 0 {
                    return None;
                }
            }
            b"VP8 " => picture = picture.or(Some(body)),
            b"ALPH" => alpha = alpha.or(Some(body)),
            b"ANMF" | b"VP8L" => return None,
            _ => {}
        }
    }
    Some(Lossy { picture: picture?, alpha: alpha.filter(|_| is_clear) })
}

/// The lossless picture that transparency of this size is packed as, as a file of its own: there it
/// stands without its head.
pub(super) fn packed_alpha(packed: &[u8], (width, height): (u32, u32)) -> Cursor<Vec<u8>> {
    let bits = (width.wrapping_sub(1) & 0x3fff) | (height.wrapping_sub(1) & 0x3fff) << 14 | 1 << 28;
    let mut body = vec![0x2f];
    body.extend_from_slice(&bits.to_le_bytes());
    body.extend_from_slice(packed);
    clear_lossless(&body, bits)
}

/// A lossless image that says it has no transparency, as one that has: its decoder always makes
/// room for transparency, and would make a second image without.
pub(super) fn direct_lossless(data: &[u8]) -> Option<Cursor<Vec<u8>>> {
    let (_, body) = chunks(data).find(|(name, _)| *name == b"VP8L")?;
    let bits = u32::from_le_bytes(body.get(1..5)?.try_into().ok()?);
    let says_clear = match chunks(data).next()? {
        (b"VP8X", head) => head.first()? & ALPHA != 0,
        _ => bits >> 28 & 1 == 1,
    };
    if says_clear {
        return None;
    }
    Some(clear_lossless(body, bits))
}

/// A file of this lossless picture with this head, which has transparency.
fn clear_lossless(body: &[u8], bits: u32) -> Cursor<Vec<u8>> {
    let mut head = [ALPHA, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let (width, height) = (bits & 0x3fff, bits >> 14 & 0x3fff);
    head[4..7].copy_from_slice(&width.to_le_bytes()[..3]);
    head[7..10].copy_from_slice(&height.to_le_bytes()[..3]);
    let mut out = Vec::with_capacity(body.len() + 40);
    out.extend_from_slice(b"RIFF\0\0\0\0WEBP");
    put(&mut out, b"VP8X", &head);
    put(&mut out, b"VP8L", body);
    Cursor::new(sized(out))
}

/// Puts a still image together anew.
pub(super) fn still(data: &[u8]) -> Result<Vec<u8>> {
    let mut out = b"RIFF\0\0\0\0WEBP".to_vec();
    for (name, body) in chunks(data) {
        match name {
            b"VP8X" if body.len() >= 10 && out.len() == 12 => {
                let mut head = [0; 10];
                head[0] = body[0] & ALPHA;
                head[4..].copy_from_slice(&body[4..10]);
                put(&mut out, name, &head);
            }
            b"ALPH" => put(&mut out, name, body),
            b"VP8 " | b"VP8L" => {
                put(&mut out, name, body);
                return Ok(sized(out));
            }
            _ => {}
        }
    }
    refuse("The WebP file is damaged")
}

/// The file with its length written at its start.
fn sized(mut file: Vec<u8>) -> Vec<u8> {
    let size = u32::try_from(file.len() - 8).unwrap_or(0).to_le_bytes();
    file[4..8].copy_from_slice(&size);
    file
}

/// Puts a moving image together anew; `None` for a still one.
pub(super) fn remux(data: &[u8], max_pixels: u64) -> Result<Option<Moving>> {
    let mut parts = chunks(data);
    let Some((b"VP8X", head)) = parts.next() else { return Ok(None) };
    let Some(head) = head.get(..10) else { return refuse("The WebP file is damaged") };
    if head[0] & ANIMATION == 0 {
        return Ok(None);
    }
    let mut moving = Moving {
        bytes: Vec::new(),
        frames: 0,
        width: side(&head[4..7]),
        height: side(&head[7..10]),
    };
    let mut first = [0; 10];
    first.copy_from_slice(head);
    first[0] &= ALPHA | ANIMATION;
    first[1..4].fill(0);
    let mut out = b"RIFF\0\0\0\0WEBP".to_vec();
    put(&mut out, b"VP8X", &first);
    for (name, body) in parts {
        match name {
            b"ANIM" if moving.frames == 0 && body.len() >= 6 => put(&mut out, name, &body[..6]),
            b"ANMF" => {
                moving.frames += 1;
                if moving.frames > MAX_FRAMES {
                    return refuse(format!("The moving image has more than {MAX_FRAMES} frames"));
                }
                let Some((place, inner)) = body.split_at_checked(16) else {
                    return refuse("The WebP file is damaged");
                };
                let mut frame = place.to_vec();
                for (name, body) in Chunks(inner) {
                    if matches!(name, b"ALPH" | b"VP8 " | b"VP8L") {
                        put(&mut frame, name, body);
                    }
                }
                put(&mut out, name, &frame);
            }
            _ => {}
        }
    }
    moving.bytes = sized(out);
    moving.check(max_pixels).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn file() -> Vec<u8> {
        let mut still = std::io::Cursor::new(Vec::new());
        ::image::RgbaImage::from_pixel(2, 2, ::image::Rgba([9, 8, 7, 255]))
            .write_to(&mut still, ::image::ImageFormat::WebP)
            .unwrap();
        let (_, picture) = chunks(still.get_ref()).find(|(name, _)| *name == b"VP8L").unwrap();
        let mut frame = vec![0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 100, 0, 0, 0];
        put(&mut frame, b"VP8L", picture);
        put(&mut frame, b"XXXX", b"secret");
        let mut out = b"RIFF\0\0\0\0WEBP".to_vec();
        put(&mut out, b"VP8X", &[0x3e, 0, 0, 0, 1, 0, 0, 1, 0, 0]);
        put(&mut out, b"ICCP", b"secret");
        put(&mut out, b"ANIM", &[0; 6]);
        put(&mut out, b"ANMF", &frame);
        put(&mut out, b"ANMF", &frame);
        put(&mut out, b"EXIF", b"secret");
        let size = u32::try_from(out.len() - 8).unwrap().to_le_bytes();
        out[4..8].copy_from_slice(&size);
        out.extend_from_slice(b"<script>");
        out
    }

    #[test]
    fn s_106_only_known_chunks_are_kept() {
        let moving = remux(&file(), 100).unwrap().unwrap();
        assert_eq!((moving.frames, moving.width, moving.height), (2, 2, 2));
        let has = |what: &[u8]| moving.bytes.windows(what.len()).any(|part| part == what);
        assert!(!has(b"secret") && !has(b"script") && !has(b"EXIF"));
        let frames: Vec<_> = moving.decode(super::super::Format::WebP).unwrap().collect();
        assert!(frames.len() == 2 && frames.iter().all(std::result::Result::is_ok));
    }

    proptest! {
        #[test]
        fn any_bytes_do_no_harm(tail in proptest::collection::vec(any::<u8>(), 0..200), cut in 0..100_usize) {
            let file = file();
            let mut file = file[..cut.min(file.len())].to_vec();
            file.extend(tail);
            let _ = remux(&file, 1000);
            let _ = (is_lossless(&file), lossy(&file), direct_lossless(&file));
        }
    }
}
