//! JPEG files whose picture comes in several scans, progressive ones above all: made into files of
//! one scan with the same numbers in them, so that nothing is lost and the decoder needs no memory
//! but that of the pixels. A decoder of such a file keeps all its numbers until the last scan, two
//! to four times what the picture takes. We go through the scans twice instead. The first time we
//! only note where each row of each scan begins, for which it is enough to know which numbers there
//! are: a bit for each. The second time all scans are read side by side, a row at a time.

mod block;
mod codes;
mod file;

use super::{Result, refuse};
use block::Numbers;
use codes::{Bits, Writer};
use file::{File, Scan};

/// The file with one scan; `None`: it has one already, or is nothing that is known here. `size` is
/// what was found to be within the limits.
///
/// # Errors
/// When another size is found here, before anything is allocated for it (S-107); when it would
/// become far larger than its pictures make it.
pub(super) fn join(data: &[u8], size: (u32, u32)) -> Result<Option<Vec<u8>>> {
    let Some(file) = file::read(data) else { return Ok(None) };
    if (file.width, file.height) != (size.0 as usize, size.1 as usize) {
        return refuse("The JPEG file is damaged");
    }
    let is_whole = |scan: &Scan| scan.parts.len() == file.parts.len();
    if !file.is_progressive && file.scans.first().is_some_and(is_whole) {
        return Ok(None);
    }
    let rows = survey(data, &file);
    write(data, &file, rows)
}

/// Where a scan stands.
#[derive(Clone, Copy, Default)]
struct Place {
    bits: Bits,
    /// The first numbers of the blocks before, of each part.
    before: [i32; 4],
    /// How many blocks have nothing more in this scan.
    run: u32,
    /// Pieces since the last restart.
    since: u32,
    is_over: bool,
}

impl Place {
    fn new(scan: &Scan) -> Self {
        Self { bits: Bits::new(scan.at), ..Self::default() }
    }

    /// Between two pieces.
    fn step(&mut self, data: &[u8], scan: &Scan) {
        if scan.interval > 0 && self.since == scan.interval {
            self.is_over |= !self.bits.restart(data);
            (self.before, self.run, self.since) = ([0; 4], 0, 0);
        }
        self.since += 1;
        self.is_over |= self.bits.is_over();
    }

    fn block(
        &mut self,
        data: &[u8],
        scan: &Scan,
        at: usize,
        is_progressive: bool,
        to: &mut impl Numbers,
    ) {
        let of = &scan.parts[at];
        let bits = &mut self.bits;
        if scan.first == 0 {
            match &of.dc {
                Some(dc) if scan.high == 0 => {
                    block::first(bits, data, dc, &mut self.before[of.part], scan.low, to);
                }
                _ => to.add_bit(bits.take(data, 1) << scan.low),
            }
        }
        let Some(ac) = of.ac.as_ref().filter(|_| scan.last > 0) else { return };
        let range = (scan.first, scan.last, scan.low);
        match (is_progressive, scan.high) {
            (false, _) => block::rest(bits, data, ac, to),
            (true, 0) => block::others(bits, data, ac, range, &mut self.run, to),
            (true, _) => block::refine(bits, data, ac, range, &mut self.run, to),
        }
    }
}

/// Blocks of one part: all of them, or those of one row of pieces.
struct Plane<N> {
    blocks: Vec<N>,
    /// How many lie side by side.
    stride: usize,
    /// Which row of pieces is the first.
    top: usize,
}

/// Planes for so many rows of pieces.
fn planes<N: Clone>(file: &File, rows: usize, empty: &N) -> Vec<Plane<N>> {
    let each = file.parts.iter().map(|part| {
        let stride = file.across * part.wide;
        Plane { blocks: vec![empty.clone(); stride * part.high * rows], stride, top: 0 }
    });
    each.collect()
}

/// Reads what a scan says of one row of pieces.
fn read_row<N: Numbers>(
    data: &[u8],
    file: &File,
    scan: &Scan,
    row: usize,
    place: &mut Place,
    planes: &mut [Plane<N>],
) {
    let of = &scan.parts;
    let mut read = |place: &mut Place, at: usize, x: usize, y: usize| {
        let part = of[at].part;
        let plane = &mut planes[part];
        let y = y - plane.top * file.parts[part].high;
        if let Some(block) = plane.blocks.get_mut(y * plane.stride + x) {
            place.block(data, scan, at, file.is_progressive, block);
        }
    };
    if let [alone] = of.as_slice() {
        // only what the part needs, and each block is a piece (section A.2.2)
        let part = &file.parts[alone.part];
        for y in row * part.high..((row + 1) * part.high).min(part.blocks.1) {
            for x in 0..part.blocks.0 {
                place.step(data, scan);
                if place.is_over {
                    return;
                }
                read(place, 0, x, y);
            }
        }
        return;
    }
    for piece in 0..file.across {
        place.step(data, scan);
        if place.is_over {
            return;
        }
        for (at, one) in of.iter().enumerate() {
            let part = &file.parts[one.part];
            for y in 0..part.high {
                for x in 0..part.wide {
                    read(place, at, piece * part.wide + x, row * part.high + y);
                }
            }
        }
    }
}

/// Where each scan stands at the beginning of each row of pieces.
fn survey(data: &[u8], file: &File) -> Vec<Vec<Place>> {
    let mut planes = planes(file, file.down, &0_u64);
    let each = file.scans.iter().map(|scan| {
        let mut place = Place::new(scan);
        let rows = (0..file.down).map(|row| {
            let before = place;
            read_row(data, file, scan, row, &mut place, &mut planes);
            before
        });
        rows.collect()
    });
    each.collect()
}

/// Writes the file of one scan.
fn write(data: &[u8], file: &File, rows: Vec<Vec<Place>>) -> Result<Option<Vec<u8>>> {
    let blocks: usize = file.parts.iter().map(|p| p.wide * p.high * file.across * file.down).sum();
    // an empty block takes six bits, and our codes are about as short as those of others
    let most = data.len().saturating_mul(2).saturating_add(blocks);
    let mut out = Vec::with_capacity(data.len() + data.len() / 4 + 4096);
    head(data, file, &mut out);
    let mut writer = Writer::new(out);
    let mut before = [0; 4];
    let mut planes = planes(file, 1, &[0_i32; 64]);
    for row in 0..file.down {
        for plane in &mut planes {
            plane.top = row;
            plane.blocks.fill([0; 64]);
        }
        for (scan, places) in file.scans.iter().zip(&rows) {
            if let Some(mut place) = places.get(row).copied() {
                read_row(data, file, scan, row, &mut place, &mut planes);
            }
        }
        for piece in 0..file.across {
            for ((part, plane), before) in file.parts.iter().zip(&planes).zip(&mut before) {
                for y in 0..part.high {
                    let at = y * plane.stride + piece * part.wide;
                    let line = plane.blocks.get(at..at + part.wide).unwrap_or_default();
                    line.iter().for_each(|block| writer.block(block, before));
                }
            }
        }
        if writer.out.len() > most {
            return refuse("The JPEG file is damaged");
        }
    }
    Ok(Some(writer.finish()))
}

/// What comes before the bits.
fn head(data: &[u8], file: &File, out: &mut Vec<u8>) {
    out.extend_from_slice(&[0xff, 0xd8]);
    for kept in file.adobe.iter().chain(&file.tables) {
        out.extend_from_slice(data.get(kept.clone()).unwrap_or_default());
    }
    let byte = |n: usize| u8::try_from(n).unwrap_or(u8::MAX);
    let side = |n: usize| u16::try_from(n).unwrap_or(u16::MAX).to_be_bytes();
    let count = byte(file.parts.len());
    let mut frame = [&[8][..], &side(file.height), &side(file.width), &[count]].concat();
    let mut scan = vec![count];
    for part in &file.parts {
        frame.extend_from_slice(&[part.id, byte(part.wide << 4 | part.high), part.table]);
        scan.extend_from_slice(&[part.id, 0]);
    }
    scan.extend_from_slice(&[0, 63, 0]);
    let codes = [&[0][..], &codes::DC.0, &codes::DC.1, &[0x10], &codes::AC.0, &codes::AC.1];
    for (marker, body) in [(0xc0, frame), (0xc4, codes.concat()), (0xda, scan)] {
        out.extend_from_slice(&[0xff, marker]);
        out.extend_from_slice(&side(body.len() + 2));
        out.extend_from_slice(&body);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
    use proptest::prelude::*;
    use zune_jpeg::JpegDecoder;
    use zune_jpeg::zune_core::bytestream::ZCursor;

    /// Made by libjpeg, which tells numbers bit by bit; one of them with restarts.
    const FILES: [&[u8]; 2] = [
        include_bytes!("../../../../tests/fixtures/several_scans.jpg"),
        include_bytes!("../../../../tests/fixtures/several_scans_restarts.jpg"),
    ];

    /// Soft areas, edges and noise.
    fn coded(
        (width, height): (u16, u16),
        (colours, channels): (ColorType, usize),
        sampling: SamplingFactor,
        restart: u16,
        is_progressive: bool,
    ) -> Vec<u8> {
        let mut state = 7_u32;
        let bytes = (0..usize::from(width) * usize::from(height) * channels).map(|at| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let (x, y) = (at / channels % usize::from(width), at / channels / usize::from(width));
            let edge = if x / 13 % 2 == y / 9 % 2 { 90 } else { 0 };
            ((x + 2 * y + edge) % 200) as u8 + (state >> 27) as u8
        });
        let mut out = Vec::new();
        let mut encoder = Encoder::new(&mut out, 80);
        encoder.set_sampling_factor(sampling);
        encoder.set_progressive(is_progressive);
        encoder.set_restart_interval(restart);
        encoder.encode(&bytes.collect::<Vec<_>>(), width, height, colours).unwrap();
        out
    }

    fn joined(data: &[u8]) -> Result<Option<Vec<u8>>> {
        let file = file::read(data).unwrap();
        join(data, (file.width as u32, file.height as u32))
    }

    fn pixels(data: &[u8]) -> Vec<u8> {
        JpegDecoder::new(ZCursor::new(data)).decode().unwrap()
    }

    #[track_caller]
    fn check(what: &str, several: &[u8], plain: &[u8]) {
        let one = joined(several).unwrap().expect(what);
        assert!(joined(&one).unwrap().is_none(), "{what}");
        assert!(pixels(&one) == pixels(plain), "{what}");
        assert!(one.len() < several.len() * 3 / 2 + 600, "{what}");
    }

    #[test]
    fn one_scan_has_what_several_had() {
        use SamplingFactor::{F_1_1, F_1_2, F_2_1, F_2_2};
        for colours in [(ColorType::Luma, 1), (ColorType::Rgb, 3), (ColorType::Cmyk, 4)] {
            for sampling in [F_1_1, F_1_2, F_2_1, F_2_2] {
                for (size, restart) in [((97, 61), 0), ((16, 8), 0), ((1, 1), 0), ((70, 90), 3)] {
                    let what = format!("{colours:?} {sampling:?} {size:?}");
                    let coded =
                        |is_progressive| coded(size, colours, sampling, restart, is_progressive);
                    check(&what, &coded(true), &coded(false));
                }
            }
        }
        FILES.iter().for_each(|file| check("of libjpeg", file, file));
    }

    #[test]
    fn s_107_a_size_that_was_not_judged_is_refused() {
        let file = coded((40, 24), (ColorType::Luma, 1), SamplingFactor::F_1_1, 0, true);
        assert!(join(&file, (40, 24)).unwrap().is_some());
        for size in [(40, 16), (8, 24), (24, 40)] {
            assert!(join(&file, size).is_err(), "{size:?}");
        }
    }

    #[test]
    fn what_ends_early_shows_what_came() {
        for file in FILES {
            let one = joined(&file[..file.len() / 2]).unwrap().unwrap();
            assert_eq!(pixels(&one).len(), pixels(file).len());
        }
    }

    #[test]
    fn a_file_of_very_many_scans_ends_after_some() {
        let file = coded((8, 8), (ColorType::Luma, 1), SamplingFactor::F_1_1, 0, true);
        let scan = file.windows(2).position(|part| part == [0xff, 0xda]).unwrap();
        let many = [&file[..scan], &file[scan..file.len() - 2].repeat(100_000)].concat();
        assert_eq!(file::read(&many).unwrap().scans.len(), 100);
        assert!(joined(&many).unwrap().is_some());
    }

    proptest! {
        #[test]
        fn any_bytes_do_no_harm(
            which in 0..2_usize, at in any::<prop::sample::Index>(), tail in prop::collection::vec(any::<u8>(), 0..40),
            cut: bool,
        ) {
            let mut file = FILES[which].to_vec();
            let at = at.index(file.len());
            for (old, new) in file[at..].iter_mut().zip(&tail) {
                *old = *new;
            }
            if cut {
                file.truncate(at + tail.len());
            }
            // a picture of another size is another test's
            if file::read(&file).is_some_and(|file| file.width * file.height < 1_000_000) {
                let _ = joined(&file);
            }
        }
    }
}
