//! Files as somebody makes them who means harm, and ones as large as the limits allow: all are
//! put together here, byte by byte.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use image::{DynamicImage, ImageFormat, RgbImage};

use super::picture::{coded, crc};

/// A word that is planted where nobody looks.
pub const PLANTED: &str = "planted-secret";

/// Packed as PNG packs.
pub fn packed(data: &[u8]) -> Vec<u8> {
    let mut out = ZlibEncoder::new(Vec::new(), Compression::fast());
    out.write_all(data).unwrap();
    out.finish().unwrap()
}

/// A PNG file of these chunks.
pub fn png(chunks: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    for (name, body) in chunks {
        out.extend_from_slice(&u32::try_from(body.len()).unwrap().to_be_bytes());
        let part = [&name[..], body].concat();
        out.extend_from_slice(&part);
        out.extend_from_slice(&crc(&part).to_be_bytes());
    }
    out
}

/// `IHDR`: size, bits of a channel, kind of colours, 1 for interlaced.
pub fn head(width: u32, height: u32, depth: u8, colours: u8, interlaced: u8) -> Vec<u8> {
    let mut out = [width.to_be_bytes(), height.to_be_bytes()].concat();
    out.extend_from_slice(&[depth, colours, 0, 0, interlaced]);
    out
}

/// The rows of a PNG file, none of them filtered.
pub fn rows(row: &[u8], count: usize) -> Vec<u8> {
    packed(&[&[0], row].concat().repeat(count))
}

/// A flat PNG file of any size, which packs to next to nothing.
pub fn flat_png(width: u32, height: u32, clear: bool) -> Vec<u8> {
    let pixel: &[u8] = if clear { &[9, 90, 200, 128] } else { &[9, 90, 200] };
    let row = [&[0], &pixel.repeat(width as usize)[..]].concat();
    let mut data = ZlibEncoder::new(Vec::new(), Compression::fast());
    (0..height).for_each(|_| data.write_all(&row).unwrap());
    let colours = if clear { 6 } else { 2 };
    png(&[
        (b"IHDR", head(width, height, 8, colours, 0)),
        (b"IDAT", data.finish().unwrap()),
        (b"IEND", Vec::new()),
    ])
}

/// A segment of a JPEG file.
pub fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len() + 2).unwrap().to_be_bytes();
    [&[0xff, marker], &length[..], body].concat()
}

/// A block of EXIF that says how the camera was held, and where, with the planted word.
pub fn exif(orientation: u8) -> Vec<u8> {
    let mut out = b"II*\0\x08\0\0\0\x02\0".to_vec();
    let length = u8::try_from(PLANTED.len() + 1).unwrap();
    out.extend_from_slice(&[0x0e, 0x01, 2, 0, length, 0, 0, 0, 38, 0, 0, 0]);
    out.extend_from_slice(&[0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0, 0, 0, 0, 0]);
    out.extend_from_slice(PLANTED.as_bytes());
    out.push(0);
    out
}

/// A grey JPEG file of any size, held like that: each of its blocks is the same few bits.
pub fn flat_jpeg(width: u16, height: u16, orientation: u8) -> Vec<u8> {
    let small = DynamicImage::ImageRgb8(RgbImage::from_pixel(8, 8, image::Rgb([128; 3])));
    let mut file = coded(&small, ImageFormat::Jpeg);
    let find =
        |file: &[u8], marker: u8| file.windows(2).position(|part| part == [0xff, marker]).unwrap();
    let frame = find(&file, 0xc0);
    file[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    file[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    let scan = find(&file, 0xda);
    let length = usize::from(u16::from_be_bytes([file[scan + 2], file[scan + 3]]));
    file.truncate(scan + 2 + length);
    let blocks = usize::from(width).div_ceil(8) * usize::from(height).div_ceil(8);
    // no difference and no more, three times, in the usual codes of brightness and colour: 14 bits
    let bits = "00101000000000".repeat(8);
    let eight: Vec<u8> = bits
        .as_bytes()
        .chunks(8)
        .map(|b| u8::from_str_radix(std::str::from_utf8(b).unwrap(), 2).unwrap())
        .collect();
    file.extend(eight.repeat(blocks.div_ceil(8)));
    file.extend_from_slice(&[0xff, 0xd9]);
    let about = segment(0xe1, &[b"Exif\0\0", &exif(orientation)[..]].concat());
    file.splice(2..2, about);
    file
}

/// A chunk of a WebP file.
pub fn chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_le_bytes();
    let mut out = [&name[..], &length, body].concat();
    if body.len() % 2 == 1 {
        out.push(0);
    }
    out
}

/// A WebP file of these chunks.
pub fn webp(chunks: &[Vec<u8>]) -> Vec<u8> {
    let body = chunks.concat();
    let length = u32::try_from(body.len() + 4).unwrap().to_le_bytes();
    [b"RIFF", &length[..], b"WEBP", &body].concat()
}

/// `VP8X`: what there is, and how large the picture is.
pub fn extended(flags: u8, width: u32, height: u32) -> Vec<u8> {
    let mut body = vec![flags, 0, 0, 0];
    body.extend_from_slice(&(width - 1).to_le_bytes()[..3]);
    body.extend_from_slice(&(height - 1).to_le_bytes()[..3]);
    chunk(b"VP8X", &body)
}

/// A lossless picture of one colour: its codes have one symbol each, so that a pixel takes no bits
/// and millions of them fit into forty bytes.
pub fn flat_lossless(width: u32, height: u32) -> Vec<u8> {
    let mut bits = Vec::new();
    let mut put = |value: u32, count: u32| bits.extend((0..count).map(|n| value >> n & 1 == 1));
    put(width - 1, 14);
    put(height - 1, 14);
    put(0, 4);
    // no transformation, no cache of colours, one group of codes
    put(0, 3);
    for value in [90, 9, 200, 255, 0] {
        // simple, one symbol, of eight bits
        put(0b101, 3);
        put(value, 8);
    }
    bits.resize(bits.len() + 64, false);
    let byte = |part: &[bool]| part.iter().rev().fold(0, |sum, bit| sum << 1 | u8::from(*bit));
    let mut out = vec![0x2f];
    out.extend(bits.chunks(8).map(byte));
    out
}

/// A GIF file of a canvas, blocks that come first, and so many frames of one pixel.
pub fn gif(width: u16, height: u16, blocks: &[u8], frames: usize) -> Vec<u8> {
    let mut out = b"GIF89a".to_vec();
    out.extend_from_slice(&width.to_le_bytes());
    out.extend_from_slice(&height.to_le_bytes());
    out.extend_from_slice(&[0x80, 0, 0, 255, 255, 255, 0, 0, 0]);
    out.extend_from_slice(blocks);
    let frame = b"\x21\xf9\x04\0\x0a\0\0\0\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0";
    out.extend(frame.repeat(frames));
    out.push(0x3b);
    out
}

/// A flat JPEG file of any size in several scans, a part for each of these shares: first a number of
/// each block, then all others, then one bit more of each, and all of them nothing, in one bit.
pub fn scanned(width: u16, height: u16, shares: &[u8]) -> Vec<u8> {
    let count = u8::try_from(shares.len()).unwrap();
    let mut frame = [&[8][..], &height.to_be_bytes(), &width.to_be_bytes(), &[count]].concat();
    let mut first = vec![count];
    for (id, share) in (1..).zip(shares) {
        frame.extend_from_slice(&[id, *share, 0]);
        first.extend_from_slice(&[id, 0]);
    }
    first.extend_from_slice(&[0, 0, 0]);
    let codes = |kind: u8| segment(0xc4, &[&[kind, 1][..], &[0; 15], &[0]].concat());
    let zeros = vec![0; usize::from(width) * usize::from(height) / 64 / 2 + 4096];
    let table = segment(0xdb, &[&[0][..], &[1; 64]].concat());
    let mut out =
        [&[0xff, 0xd8][..], &table, &segment(0xc2, &frame), &codes(0), &codes(0x10)].concat();
    out.extend([&segment(0xda, &first)[..], &zeros].concat());
    for bits in [0x01, 0x10] {
        for id in 1..=count {
            out.extend([&segment(0xda, &[1, id, 0, 1, 63, bits])[..], &zeros].concat());
        }
    }
    out.extend_from_slice(&[0xff, 0xd9]);
    out
}

/// A flat PNG file in seven passes.
pub fn flat_interlaced(
    width: usize,
    height: usize,
    pixel: &[u8],
    depth: u8,
    colours: u8,
) -> Vec<u8> {
    let mut data = ZlibEncoder::new(Vec::new(), Compression::fast());
    for (x, y, across, down) in [
        (0, 0, 8, 8),
        (4, 0, 8, 8),
        (0, 4, 4, 8),
        (2, 0, 4, 4),
        (0, 2, 2, 4),
        (1, 0, 2, 2),
        (0, 1, 1, 2),
    ] {
        let columns = (width - x.min(width)).div_ceil(across);
        let row = [&[0], &pixel.repeat(columns)[..]].concat();
        let rows = if columns == 0 { 0 } else { (height - y.min(height)).div_ceil(down) };
        (0..rows).for_each(|_| data.write_all(&row).unwrap());
    }
    let (width, height) = (u32::try_from(width).unwrap(), u32::try_from(height).unwrap());
    png(&[
        (b"IHDR", head(width, height, depth, colours, 1)),
        (b"IDAT", data.finish().unwrap()),
        (b"IEND", Vec::new()),
    ])
}
