//! The boxes of a HEIF file that describe its primary picture. All lengths are checked against the
//! box that they lie in, and the one box that is held in memory has a cap.

use std::io::{Read, Seek, SeekFrom};

use crate::media::image::{MAX_SIDE, Refused, check_size};

type Result<T> = std::result::Result<T, Refused>;

/// Boxes at the top of a file that are looked at before the description is found.
const TOP: usize = 64;
/// Largest description: the largest grids that are taken need 60 kB.
const DESCRIPTION: u64 = 512 << 10;
/// Longest colour profile.
const PROFILE: usize = 256 << 10;

/// What is known of a picture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picture {
    /// Size of the coded picture, before it is turned.
    pub width: u32,
    pub height: u32,
    /// How it is turned, as EXIF numbers it: 1 to 8.
    pub orientation: u8,
    /// Only a part of it is shown, of this size.
    pub cropped: Option<(u32, u32)>,
    /// An ICC profile.
    pub profile: Option<Vec<u8>>,
    /// Colour primaries, where they are numbered instead (ITU-T H.273).
    pub primaries: Option<u16>,
    pub has_alpha: bool,
    /// It is put together of others, as telephones do.
    pub tiled: bool,
    /// The largest size that any picture in the file has: tiles, thumbnails and others.
    pub(super) largest: (u32, u32),
}

impl Picture {
    /// The size as it is shown.
    pub fn shown(&self) -> (u32, u32) {
        let (width, height) = self.cropped.unwrap_or((self.width, self.height));
        if self.orientation > 4 { (height, width) } else { (width, height) }
    }

    /// Refuses what is larger than the limits (S-107).
    pub(super) fn check(&self, max_pixels: u64) -> Result<()> {
        check_size(self.width, self.height, max_pixels)?;
        // what else is in the file is decoded as well
        if self.largest.0 > MAX_SIDE || self.largest.1 > MAX_SIDE {
            return Err(Refused("The image is too large".to_owned()));
        }
        let (width, height) = self.cropped.unwrap_or((1, 1));
        if width == 0 || height == 0 || width > self.width || height > self.height {
            return damaged();
        }
        Ok(())
    }
}

fn damaged<T>() -> Result<T> {
    Err(Refused("The file is damaged or is no image".to_owned()))
}

/// Reads the description of the primary picture.
pub(super) fn picture(file: &mut (impl Read + Seek)) -> Result<Picture> {
    let description = find_description(file)?;
    // a version and flags stand before the boxes
    let Some(boxes) = description.get(4..) else { return damaged() };
    let (mut primary, mut items, mut properties) = (None, None, None);
    for (kind, body) in Boxes(boxes) {
        match &kind {
            b"pitm" if primary.is_none() => primary = primary_item(body),
            b"iinf" if items.is_none() => items = Some(body),
            b"iprp" if properties.is_none() => properties = Some(body),
            _ => {}
        }
    }
    let (Some(primary), Some(properties)) = (primary, properties) else { return damaged() };
    let (mut list, mut places) = (Vec::new(), Vec::new());
    for (kind, body) in Boxes(properties) {
        match &kind {
            b"ipco" if list.is_empty() => list = Boxes(body).collect(),
            b"ipma" => {
                if let Some(of) = associations(body, primary) {
                    places = of;
                }
            }
            _ => {}
        }
    }
    let mut picture = describe(&list, &places)?;
    let kind = items.and_then(|items| kind_of(items, primary));
    picture.tiled = !matches!(kind.as_ref(), Some(b"hvc1" | b"av01"));
    Ok(picture)
}

/// The body of the box `meta`.
fn find_description(file: &mut (impl Read + Seek)) -> Result<Vec<u8>> {
    for _ in 0..TOP {
        let mut head = [0; 8];
        file.read_exact(&mut head)?;
        let [a, b, c, d, kind @ ..] = head;
        let mut size = u64::from(u32::from_be_bytes([a, b, c, d]));
        let mut header = 8;
        if size == 1 {
            let mut long = [0; 8];
            file.read_exact(&mut long)?;
            size = u64::from_be_bytes(long);
            header = 16;
        }
        // 0: up to the end of the file, so that nothing follows
        let Some(body) = size.checked_sub(header) else { return damaged() };
        if &kind == b"meta" {
            if body > DESCRIPTION {
                return damaged();
            }
            let mut description = Vec::new();
            file.take(body).read_to_end(&mut description)?;
            return if description.len() as u64 == body { Ok(description) } else { damaged() };
        }
        let Ok(body) = i64::try_from(body) else { return damaged() };
        file.seek(SeekFrom::Current(body))?;
    }
    damaged()
}

/// The boxes in a box; ends at the first that does not fit.
struct Boxes<'a>(&'a [u8]);

impl<'a> Iterator for Boxes<'a> {
    type Item = ([u8; 4], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let size = number(self.0, 0, 4)?;
        let kind = self.0.get(4..8)?.try_into().ok()?;
        let (body, rest) = (self.0.get(8..size)?, self.0.get(size..)?);
        self.0 = rest;
        Some((kind, body))
    }
}

/// A big-endian number of up to 4 bytes.
fn number(data: &[u8], at: usize, bytes: usize) -> Option<usize> {
    let bytes = data.get(at..at.checked_add(bytes)?)?;
    Some(bytes.iter().fold(0, |number, byte| number << 8 | usize::from(*byte)))
}

fn side(data: &[u8], at: usize) -> Option<u32> {
    u32::try_from(number(data, at, 4)?).ok()
}

/// `pitm`: the number of the primary picture.
fn primary_item(body: &[u8]) -> Option<usize> {
    number(body, 4, if *body.first()? == 0 { 2 } else { 4 })
}

/// `iinf`: how an item is coded.
fn kind_of(body: &[u8], of: usize) -> Option<[u8; 4]> {
    let entries = body.get(if *body.first()? == 0 { 6 } else { 8 }..)?;
    Boxes(entries).find_map(|(kind, body)| {
        let bytes = match (&kind, body.first()?) {
            (b"infe", 2) => 2,
            (b"infe", 3) => 4,
            _ => return None,
        };
        // between the number and the kind is another number
        let kind = body.get(6 + bytes..10 + bytes)?.try_into().ok()?;
        (number(body, 4, bytes)? == of).then_some(kind)
    })
}

/// `ipma`: which properties a picture has, as places in their list from 1 on, in the order in
/// which they apply.
fn associations(body: &[u8], of: usize) -> Option<Vec<usize>> {
    let wide_item = *body.first()? > 0;
    let wide_place = body.get(3)? & 1 == 1;
    let (item_bytes, place_bytes) = (if wide_item { 4 } else { 2 }, if wide_place { 2 } else { 1 });
    let count = number(body, 4, 4)?;
    let mut at = 8;
    // each step reads on, so that the length of the box bounds them
    for _ in 0..count {
        let item = number(body, at, item_bytes)?;
        let places = number(body, at + item_bytes, 1)?;
        at += item_bytes + 1;
        if item != of {
            at += places * place_bytes;
            continue;
        }
        // the first bit says that the property has to be understood
        let mask = if wide_place { 0x7fff } else { 0x7f };
        return (0..places)
            .map(|n| number(body, at + n * place_bytes, place_bytes).map(|place| place & mask))
            .collect();
    }
    None
}

type Property<'a> = ([u8; 4], &'a [u8]);

fn describe(list: &[Property<'_>], places: &[usize]) -> Result<Picture> {
    let mut picture = Picture::default();
    let mut turn = Turn::default();
    for (kind, body) in list {
        match kind {
            b"ispe" => {
                let size = side(body, 4).zip(side(body, 8)).unwrap_or_default();
                picture.largest.0 = picture.largest.0.max(size.0);
                picture.largest.1 = picture.largest.1.max(size.1);
            }
            // "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", and one that HEVC has for it
            b"auxC" => {
                let urn = body.get(4..).unwrap_or_default();
                picture.has_alpha |= urn
                    .starts_with(b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha")
                    || urn.starts_with(b"urn:mpeg:hevc:2015:auxid:1\0");
            }
            _ => {}
        }
    }
    for place in places {
        let Some((kind, body)) = place.checked_sub(1).and_then(|at| list.get(at)) else {
            continue;
        };
        match kind {
            b"ispe" => {
                let Some(size) = side(body, 4).zip(side(body, 8)) else { return damaged() };
                (picture.width, picture.height) = size;
            }
            b"clap" => match crop(body) {
                Some(size) => picture.cropped = Some(size),
                None => return damaged(),
            },
            // quarters of a turn against the clock
            b"irot" => turn.rotate(4 - (body.first().unwrap_or(&0) & 3)),
            // 0: above and below change places; 1: left and right
            b"imir" => turn.mirror(body.first().unwrap_or(&0) & 1 == 1),
            b"colr" => match body.get(..4) {
                Some(b"prof" | b"rICC") => {
                    let profile = body.get(4..).filter(|profile| profile.len() <= PROFILE);
                    picture.profile = profile.map(<[u8]>::to_vec);
                }
                Some(b"nclx") => {
                    picture.primaries = number(body, 4, 2).and_then(|n| u16::try_from(n).ok());
                }
                _ => {}
            },
            _ => {}
        }
    }
    picture.orientation = turn.exif();
    Ok(picture)
}

/// `clap`: width and height are fractions; where the part lies is for the decoder to know.
fn crop(body: &[u8]) -> Option<(u32, u32)> {
    let side = |at| side(body, at)?.checked_div(side(body, at + 4)?);
    side(0).zip(side(8))
}

/// A mirroring of left and right, or none, and then quarters of a turn with the clock.
#[derive(Clone, Copy, Debug, Default)]
struct Turn {
    mirrored: bool,
    quarters: u8,
}

impl Turn {
    fn rotate(&mut self, quarters: u8) {
        self.quarters = (self.quarters + quarters) % 4;
    }

    /// Mirrors what is turned already: the same as mirroring first and turning the other way.
    fn mirror(&mut self, left_and_right: bool) {
        self.mirrored = !self.mirrored;
        self.quarters = (4 - self.quarters) % 4;
        if !left_and_right {
            self.rotate(2);
        }
    }

    /// The number that EXIF has for it.
    fn exif(self) -> u8 {
        match (self.mirrored, self.quarters) {
            (false, 1) => 6,
            (false, 2) => 3,
            (false, 3) => 8,
            (false, _) => 1,
            (true, 0) => 2,
            (true, 1) => 7,
            (true, 2) => 4,
            (true, _) => 5,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    const GRID: &[u8] = include_bytes!("../../../tests/fixtures/media/grid.heic");
    const TURNED: &[u8] = include_bytes!("../../../tests/fixtures/media/turned.heic");
    const CLEAR: &[u8] = include_bytes!("../../../tests/fixtures/media/clear.avif");

    fn look(data: &[u8]) -> Result<Picture> {
        picture(&mut Cursor::new(data))
    }

    #[test]
    fn s_107_sizes_are_those_of_the_whole_picture() {
        let grid = look(GRID).unwrap();
        assert_eq!((grid.width, grid.height, grid.orientation), (128, 128, 1));
        assert!(grid.check(128 * 128).is_ok());
        assert!(grid.check(128 * 128 - 1).is_err());
        let turned = look(TURNED).unwrap();
        assert_eq!((turned.width, turned.height), (128, 64));
        assert_eq!((turned.orientation, turned.shown()), (6, (64, 128)));
        assert!(turned.profile.is_some());
        let clear = look(CLEAR).unwrap();
        assert!(clear.has_alpha && !grid.has_alpha);
        assert!(grid.tiled && turned.tiled && !clear.tiled);
    }

    #[test]
    fn turns_add_up_in_their_order() {
        // quarters with the clock, 0 for above and below, 9 for left and right
        let turn = |steps: &[u8]| {
            let mut turn = Turn::default();
            for step in steps {
                match step {
                    0 => turn.mirror(false),
                    9 => turn.mirror(true),
                    quarters => turn.rotate(*quarters),
                }
            }
            turn.exif()
        };
        assert_eq!([turn(&[]), turn(&[9]), turn(&[2]), turn(&[0])], [1, 2, 3, 4]);
        assert_eq!([turn(&[9, 3]), turn(&[1]), turn(&[9, 1]), turn(&[3])], [5, 6, 7, 8]);
        assert_eq!([turn(&[1, 9]), turn(&[1, 0]), turn(&[9, 9]), turn(&[0, 2])], [5, 7, 1, 2]);
    }

    #[test]
    fn what_is_cut_or_lies_is_refused() {
        for end in 0..GRID.len().min(600) {
            let _ = look(&GRID[..end]);
        }
        let mut huge = 0xffff_fff0_u32.to_be_bytes().to_vec();
        huge.extend_from_slice(b"meta");
        assert!(look(&huge).is_err());
        let mut far = 1_u32.to_be_bytes().to_vec();
        far.extend_from_slice(b"free");
        far.extend_from_slice(&u64::MAX.to_be_bytes());
        assert!(look(&far).is_err());
        // empty boxes without end
        assert!(look(&b"\0\0\0\x08free".repeat(100)).is_err());
        assert!(look(&[0; 64]).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_do_no_harm(data in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = look(&data);
        }

        #[test]
        fn bent_files_do_no_harm(at in 0..GRID.len(), byte: u8, other in 0..TURNED.len()) {
            for (data, at) in [(GRID, at), (TURNED, other)] {
                let mut data = data.to_vec();
                data[at] = byte;
                let _ = look(&data).map(|picture| picture.shown());
            }
        }
    }
}
