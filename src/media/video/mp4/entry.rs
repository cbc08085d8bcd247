//! Sample entries: what a track is coded with, and what its decoder has to know (ISO/IEC 14496-12
//! section 8.5.2, 14496-14 and -15, Apple's QuickTime File Format). Each is put together anew of
//! the parts that are known; names of programs and cameras are none of them.

use super::boxes::{Boxes, Kind, find, put, put_full, put_u16, put_u32};
use super::track::Use;
use crate::media::video::bytes::Bytes;
use crate::media::video::{self, Result, damaged, refuse};

/// Most entries of a track, and the longest of what a decoder has to know.
const MOST: u32 = 16;
const LONGEST: usize = 64 * 1024;

/// What a track is coded with.
#[derive(Clone, Debug, PartialEq)]
pub enum Codec {
    /// With the sides that are coded.
    Pictures {
        width: u16,
        height: u16,
    },
    Sound(video::Track),
}

/// An entry, as it is written.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Of H.264: how many bytes say how long each unit of a picture is.
    pub units: Option<u8>,
    /// Which data reference it is of, from 1 on.
    pub reference: usize,
    pub codec: Codec,
    pub bytes: Vec<u8>,
}

/// The entries of a track from its `stsd`.
///
/// # Errors
/// [`video::Trouble::Converter`] for what browsers do not play.
pub fn read(stsd: &[u8], purpose: Use) -> Result<Vec<Entry>> {
    let mut bytes = Bytes(stsd);
    let version = bytes.u32()? >> 24;
    let count = bytes.u32()?;
    if count == 0 || count > MOST {
        return damaged();
    }
    let mut entries = Vec::new();
    for each in Boxes(bytes.0).take(count as usize) {
        let (kind, body) = each?;
        if matches!(&kind, b"encv" | b"enca" | b"drmi" | b"drms") {
            return refuse("The file is encrypted");
        }
        entries.push(match purpose {
            Use::Pictures => pictures(&kind, body)?,
            Use::Sound => sound(&kind, body, version)?,
        });
    }
    if entries.is_empty() { damaged() } else { Ok(entries) }
}

/// What a person calls a codec that browsers do not play.
fn converter<T>(kind: &Kind) -> Result<T> {
    let name = match kind {
        b"hvc1" | b"hev1" | b"dvh1" | b"dvhe" => video::HEVC,
        b"mp4v" => "MPEG-4 part 2",
        b"s263" | b"h263" | b"H263" => "H.263",
        b"apch" | b"apcn" | b"apcs" | b"apco" | b"ap4h" | b"ap4x" => "ProRes",
        b"jpeg" | b"mjpa" | b"mjpb" | b"mjpg" => "Motion JPEG",
        b"alac" => "Apple Lossless",
        b"samr" | b"sawb" => "AMR",
        b"ac-3" | b"ec-3" | b"ac-4" => "Dolby",
        b"sowt" | b"twos" | b"lpcm" | b"in24" | b"in32" | b"fl32" | b"raw " | b"ipcm" => "PCM",
        _ => {
            // four letters out of somebody's file: only as far as they are letters
            let plain = |b: &u8| b.is_ascii_alphanumeric().then_some(char::from(*b));
            return video::converter(kind.iter().filter_map(plain).collect::<String>());
        }
    };
    video::converter(name)
}

fn configuration<'a>(boxes: &'a [u8], kind: &Kind) -> Result<&'a [u8]> {
    match find(boxes, kind)? {
        Some(body) if !body.is_empty() && body.len() <= LONGEST => Ok(body),
        _ => damaged(),
    }
}

fn pictures(kind: &Kind, body: &[u8]) -> Result<Entry> {
    let mut bytes = Bytes(body);
    bytes.take(6)?;
    let reference = usize::from(bytes.u16()?);
    bytes.take(16)?;
    let (width, height) = (bytes.u16()?, bytes.u16()?);
    // resolution, reserved, the count of frames, the name of a program, depth, −1
    bytes.take(50)?;
    let boxes = bytes.0;
    let setup: (&Kind, Vec<u8>) = match kind {
        b"avc1" | b"avc3" => (b"avcC", avc(configuration(boxes, b"avcC")?)?),
        b"av01" => (b"av1C", configuration(boxes, b"av1C")?.to_vec()),
        b"vp08" | b"vp09" => (b"vpcC", configuration(boxes, b"vpcC")?.to_vec()),
        _ => return converter(kind),
    };
    let mut out = Vec::new();
    put(&mut out, kind, |out| {
        out.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 1]);
        out.extend_from_slice(&[0; 16]);
        put_u16(out, width);
        put_u16(out, height);
        // 72 dots an inch, as the standard has it
        put_u32(out, 0x0048_0000);
        put_u32(out, 0x0048_0000);
        put_u32(out, 0);
        put_u16(out, 1);
        out.extend_from_slice(&[0; 32]);
        put_u16(out, 0x0018);
        put_u16(out, 0xffff);
        put(out, setup.0, |out| out.extend_from_slice(&setup.1));
    });
    let end = out.len();
    colours(boxes, &mut out)?;
    if let Some(shape) = find(boxes, b"pasp")?.filter(|shape| shape.len() == 8) {
        put(&mut out, b"pasp", |out| out.extend_from_slice(shape));
    }
    if out.len() > end {
        let size = u32::try_from(out.len()).unwrap_or(u32::MAX);
        out[..4].copy_from_slice(&size.to_be_bytes());
    }
    let units = match setup.0 {
        b"avcC" => setup.1.get(4).map(|byte| (byte & 3) + 1),
        _ => None,
    };
    Ok(Entry { units, reference, codec: Codec::Pictures { width, height }, bytes: out })
}

/// Which colours are meant, by numbers; profiles with texts in them are left out.
fn colours(boxes: &[u8], out: &mut Vec<u8>) -> Result<()> {
    let Some(colr) = find(boxes, b"colr")? else { return Ok(()) };
    let (three, range) = match (colr.get(..4), colr.get(4..10), colr.get(10)) {
        (Some(b"nclx"), Some(three), Some(range)) => (three, range & 0x80),
        // QuickTime's has no range
        (Some(b"nclc"), Some(three), _) => (three, 0),
        _ => return Ok(()),
    };
    put(out, b"colr", |out| {
        out.extend_from_slice(b"nclx");
        out.extend_from_slice(three);
        out.push(range);
    });
    Ok(())
}

/// The configuration of H.264 (14496-15 section 5.3.3): profile, parameter sets, nothing behind.
fn avc(body: &[u8]) -> Result<Vec<u8>> {
    let mut bytes = Bytes(body);
    let head: [u8; 5] = bytes.array()?;
    let profile = head[1];
    if head[0] != 1 {
        return damaged();
    }
    // ten bits a colour, and colours of every pixel
    if matches!(profile, 110 | 122 | 244 | 44) {
        return video::converter("H.264 of a kind for studios");
    }
    let mut out = head.to_vec();
    let mut sets = |bytes: &mut Bytes<'_>, mask: u8| -> Result<()> {
        let count = bytes.u8()?;
        out.push(count);
        for _ in 0..count & mask {
            let size = bytes.u16()?;
            put_u16(&mut out, size);
            out.extend_from_slice(bytes.take(usize::from(size))?);
        }
        Ok(())
    };
    sets(&mut bytes, 0x1f)?;
    sets(&mut bytes, 0xff)?;
    if matches!(profile, 100 | 144)
        && let Some(more) = bytes.0.first_chunk::<4>()
    {
        // no extended parameter sets
        out.extend_from_slice(&[more[0], more[1], more[2], 0]);
    }
    Ok(out)
}

fn sound(kind: &Kind, body: &[u8], version: u32) -> Result<Entry> {
    let mut bytes = Bytes(body);
    bytes.take(6)?;
    let reference = usize::from(bytes.u16()?);
    let own = bytes.u16()?;
    bytes.take(6)?;
    let mut channels = bytes.u16()?;
    bytes.take(6)?;
    let mut rate = bytes.u32()? >> 16;
    // QuickTime's longer forms; the standard has a version of its own, which looks as before
    if version == 0 && own > 0 {
        bytes.take(if own == 1 { 16 } else { 36 })?;
    }
    let boxes = bytes.0;
    let (codec, setup): (&str, (&Kind, Vec<u8>)) = match kind {
        b"mp4a" => {
            let inside = find(boxes, b"wave")?.unwrap_or(boxes);
            let (esds, aac) = elementary(configuration(inside, b"esds")?)?;
            if let Some((real_rate, real_channels)) = aac {
                (rate, channels) = (real_rate, real_channels);
            }
            (if aac.is_some() { "aac" } else { "mp3" }, (b"esds", esds))
        }
        b".mp3" => return converter(b"mp3 "),
        b"Opus" => {
            let body = configuration(boxes, b"dOps")?;
            channels = u16::from(body.get(1).copied().unwrap_or(2));
            rate = 48_000;
            ("opus", (b"dOps", body.to_vec()))
        }
        b"fLaC" => {
            // the first block alone: others are tags and covers
            let body = configuration(boxes, b"dfLa")?;
            let Some(info) = body.get(8..42).filter(|_| body.get(4).is_some_and(|b| b & 0x7f == 0))
            else {
                return damaged();
            };
            rate = u32::from_be_bytes([0, info[10], info[11], info[12]]) >> 4;
            ("flac", (b"dfLa", [&[0, 0, 0, 0, 0x80, 0, 0, 34], info].concat()))
        }
        _ => return converter(kind),
    };
    let mut out = Vec::new();
    put(&mut out, kind, |out| {
        out.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 1]);
        out.extend_from_slice(&[0; 8]);
        put_u16(out, channels);
        put_u16(out, 16);
        put_u32(out, 0);
        // one that does not fit is known by the decoder's own
        put_u32(out, if rate <= 0xffff { rate << 16 } else { 0 });
        put(out, setup.0, |out| out.extend_from_slice(&setup.1));
    });
    let codec = Codec::Sound(video::Track { codec, sample_rate: rate, channels });
    Ok(Entry { units: None, reference, codec, bytes: out })
}

/// A descriptor of 14496-1 section 8.3.3: its tag and what is in it.
fn descriptor<'a>(bytes: &mut Bytes<'a>) -> Result<(u8, &'a [u8])> {
    let tag = bytes.u8()?;
    let mut size = 0;
    for _ in 0..4 {
        let byte = bytes.u8()?;
        size = size << 7 | usize::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Ok((tag, bytes.take(size)?));
        }
    }
    damaged()
}

/// A sampling rate in hertz and a number of channels.
type Hearing = (u32, u16);

/// The descriptors of a stream: the decoder's alone are kept. For AAC with its rate and channels;
/// without for MP3.
fn elementary(body: &[u8]) -> Result<(Vec<u8>, Option<Hearing>)> {
    let mut bytes = Bytes(body);
    bytes.u32()?;
    let (3, stream) = descriptor(&mut bytes)? else { return damaged() };
    let mut bytes = Bytes(stream);
    bytes.u16()?;
    let flags = bytes.u8()?;
    if flags & 0x80 != 0 {
        bytes.u16()?;
    }
    // an address of elsewhere
    if flags & 0x40 != 0 {
        return refuse("The sound is not in this file, which only says where it lies");
    }
    if flags & 0x20 != 0 {
        bytes.u16()?;
    }
    let (4, decoder) = descriptor(&mut bytes)? else { return damaged() };
    let mut bytes = Bytes(decoder);
    let head: [u8; 13] = bytes.array()?;
    let (specific, hearing) = match head[0] {
        0x40 | 0x66..=0x68 => {
            let (5, specific) = descriptor(&mut bytes)? else { return damaged() };
            // longer ones would need longer lengths, and are none
            if specific.len() > 64 {
                return damaged();
            }
            (specific, Some(hearing(specific)?))
        }
        0x69 | 0x6b => (&[][..], None),
        _ => return converter(b"mp4a"),
    };
    let small = |n: usize| u8::try_from(n).unwrap_or(0);
    let mut inner = head.to_vec();
    if !specific.is_empty() {
        inner.extend_from_slice(&[5, small(specific.len())]);
        inner.extend_from_slice(specific);
    }
    let mut out = Vec::new();
    put_full(&mut out, b"esds", 0, 0, |out| {
        out.extend_from_slice(&[3, small(inner.len() + 8), 0, 0, 0, 4, small(inner.len())]);
        out.extend_from_slice(&inner);
        out.extend_from_slice(&[6, 1, 2]);
    });
    // the body of the box alone
    Ok((out.split_off(8), hearing))
}

/// The start of what an AAC decoder has to know (14496-3 section 1.6.2.1).
fn hearing(specific: &[u8]) -> Result<Hearing> {
    const RATES: [u32; 13] = [
        96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025,
        8_000, 7_350,
    ];
    let mut bits = specific.iter().fold((0_u128, 0_u32), |(all, count), byte| {
        if count < 128 { (all << 8 | u128::from(*byte), count + 8) } else { (all, count) }
    });
    let mut take = |count: u32| -> Result<u32> {
        let Some(left) = bits.1.checked_sub(count) else { return damaged() };
        bits.1 = left;
        u32::try_from(bits.0 >> left & ((1 << count) - 1)).map_or_else(|_| damaged(), Ok)
    };
    if take(5)? == 31 {
        take(6)?;
    }
    let rate = match take(4)? {
        15 => take(24)?,
        index => match RATES.get(index as usize) {
            Some(rate) => *rate,
            None => return damaged(),
        },
    };
    let channels = match take(4)? {
        7 => 8,
        0 => 2,
        count => u16::try_from(count).unwrap_or(2),
    };
    Ok((rate, channels))
}
