//! The tracks of a WebM file: which are kept, and what is written of them (RFC 9559 section
//! 5.1.4, and the codec mappings of Matroska).

use super::element::{Elements, find, float, id, number, put, put_number};
use crate::media::video::bytes::Bytes;
use crate::media::video::{self, Result, damaged, refuse};

/// Most tracks, and the longest of what a decoder has to know.
const MOST: usize = 64;
const LONGEST: usize = 256 * 1024;

/// A track that is kept.
pub struct Track {
    /// The number that its blocks have.
    pub number: u64,
    pub codec: Codec,
    /// Its element as it is written, without its number and its kind.
    pub body: Vec<u8>,
    /// Nanoseconds of one picture, where that is told.
    pub each: Option<u64>,
}

/// What a track is coded with.
pub enum Codec {
    /// With its sides as they are shown, and as they are coded.
    Pictures {
        shown: (u32, u32),
        coded: (u32, u32),
    },
    Sound(video::Track),
}

impl Track {
    pub fn has_pictures(&self) -> bool {
        matches!(self.codec, Codec::Pictures { .. })
    }
}

/// The pictures and the sound, one track of each.
///
/// # Errors
/// When there is nothing to play, or something that must be coded anew first.
pub fn choose(body: &[u8]) -> Result<Vec<Track>> {
    let mut found: [Option<Result<Track>>; 2] = [None, None];
    for (count, each) in Elements(body).enumerate() {
        if count >= MOST {
            return refuse(format!("The video has more than {MOST} tracks"));
        }
        let (what, entry) = each?;
        if what != id::TRACK_ENTRY {
            continue;
        }
        let place = match find(entry, id::TRACK_TYPE)?.map(number).transpose()? {
            Some(1) => &mut found[0],
            Some(2) => &mut found[1],
            _ => continue,
        };
        // the first that can be played, else the first
        let better = match place {
            None => true,
            Some(Err(_)) => read(entry).is_ok(),
            Some(Ok(_)) => false,
        };
        if better {
            *place = Some(read(entry));
        }
    }
    let tracks: Vec<Track> = found.into_iter().flatten().collect::<Result<_>>()?;
    if tracks.is_empty() {
        return refuse("The file has neither pictures nor sound");
    }
    Ok(tracks)
}

fn read(entry: &[u8]) -> Result<Track> {
    if let Some(encodings) = find(entry, id::CONTENT_ENCODINGS)? {
        let encoding = find(encodings, id::CONTENT_ENCODING)?.unwrap_or_default();
        if find(encoding, id::CONTENT_ENCRYPTION)?.is_some() {
            return refuse("The file is encrypted");
        }
        return refuse("The video is packed in a way that WebM does not have");
    }
    let Some(track) = find(entry, id::TRACK_NUMBER)? else { return damaged() };
    let name = find(entry, id::CODEC_ID)?.unwrap_or_default();
    let private = find(entry, id::CODEC_PRIVATE)?.unwrap_or_default();
    if private.len() > LONGEST {
        return damaged();
    }
    let mut body = Vec::new();
    put(&mut body, id::CODEC_ID, name);
    let mut setup = private.to_vec();
    let codec = match name {
        b"V_VP8" | b"V_VP9" | b"V_AV1" => pictures(entry)?,
        b"A_OPUS" | b"A_VORBIS" => {
            if name == b"A_VORBIS" {
                setup = without_comments(private)?;
            } else if !private.starts_with(b"OpusHead") {
                return damaged();
            }
            let codec = if name == b"A_OPUS" { "opus" } else { "vorbis" };
            Codec::Sound(sound(entry, codec)?)
        }
        _ => {
            let plain = |b: &u8| b.is_ascii_graphic().then_some(char::from(*b));
            return video::converter(name.iter().take(40).filter_map(plain).collect::<String>());
        }
    };
    if !setup.is_empty() {
        put(&mut body, id::CODEC_PRIVATE, &setup);
    }
    for keep in [id::DEFAULT_DURATION, id::CODEC_DELAY, id::SEEK_PRE_ROLL] {
        if let Some(value) = find(entry, keep)? {
            put_number(&mut body, keep, number(value)?);
        }
    }
    for inner in [id::VIDEO, id::AUDIO] {
        if let Some(value) = find(entry, inner)? {
            put(&mut body, inner, &filtered(inner, value)?);
        }
    }
    let each = find(entry, id::DEFAULT_DURATION)?.map(number).transpose()?.filter(|n| *n > 0);
    Ok(Track { number: number(track)?, codec, body, each })
}

/// Whether an element is written: `Some(true)` with what is in it looked through in its turn.
fn keeps(parent: u32, id: u32) -> Option<bool> {
    match (parent, id) {
        (id::VIDEO, id::COLOUR | id::PROJECTION) | (id::COLOUR, id::MASTERING) => Some(true),
        // sides, how much is cut off, interlacing
        (
            id::VIDEO,
            id::PIXEL_WIDTH
            | id::PIXEL_HEIGHT
            | id::DISPLAY_WIDTH
            | id::DISPLAY_HEIGHT
            | id::DISPLAY_UNIT
            | 0x54aa
            | 0x54bb
            | 0x54cc
            | 0x54dd
            | 0x9a,
        )
        | (id::COLOUR, 0x55b1..=0x55bd)
        | (id::MASTERING, 0x55d1..=0x55da)
        // the kind of projection, and how it is turned
        | (id::PROJECTION, 0x7671 | 0x7673..=0x7675)
        // rates, channels, bits
        | (id::AUDIO, id::SAMPLING | 0x78b5 | id::CHANNELS | 0x6264) => Some(false),
        _ => None,
    }
}

/// The known elements of a body: numbers all of them. The table bounds how deep this goes.
fn filtered(parent: u32, body: &[u8]) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    for each in Elements(body) {
        let (id, inner) = each?;
        match keeps(parent, id) {
            Some(true) => put(&mut out, id, &filtered(id, inner)?),
            Some(false) if inner.len() <= 8 => put(&mut out, id, inner),
            Some(false) => return damaged(),
            None => {}
        }
    }
    Ok(out)
}

fn pictures(entry: &[u8]) -> Result<Codec> {
    let Some(video) = find(entry, id::VIDEO)? else { return damaged() };
    let side = |id: u32| -> Result<Option<u32>> {
        let value = find(video, id)?.map(number).transpose()?;
        Ok(value.map(|n| u32::try_from(n).unwrap_or(u32::MAX)))
    };
    let coded = (side(id::PIXEL_WIDTH)?.unwrap_or(0), side(id::PIXEL_HEIGHT)?.unwrap_or(0));
    let mut shown = match (side(id::DISPLAY_WIDTH)?, side(id::DISPLAY_HEIGHT)?) {
        // in pixels, and not in proportions or centimetres
        (Some(width), Some(height))
            if side(id::DISPLAY_UNIT)?.unwrap_or(0) == 0 && width > 0 && height > 0 =>
        {
            (width, height)
        }
        _ => coded,
    };
    if let Some(projection) = find(video, id::PROJECTION)?
        && let Some(roll) = find(projection, id::POSE_ROLL)?
        && (float(roll)?.abs() - 90.0).abs() < 1.0
    {
        shown = (shown.1, shown.0);
    }
    Ok(Codec::Pictures { shown, coded })
}

fn sound(entry: &[u8], codec: &'static str) -> Result<video::Track> {
    let Some(audio) = find(entry, id::AUDIO)? else { return damaged() };
    let rate = find(audio, id::SAMPLING)?.map(float).transpose()?.unwrap_or(8000.0);
    let channels = find(audio, id::CHANNELS)?.map(number).transpose()?.unwrap_or(1);
    if !(1.0..=1_000_000.0).contains(&rate) {
        return damaged();
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // looked at above
    let sample_rate = rate as u32;
    let channels = u16::try_from(channels).unwrap_or(u16::MAX);
    Ok(video::Track { codec, sample_rate, channels })
}

/// The three packets that a Vorbis decoder begins with, with an empty one in the place of the
/// second, which has names and comments.
fn without_comments(private: &[u8]) -> Result<Vec<u8>> {
    const EMPTY: &[u8] = b"\x03vorbis\0\0\0\0\0\0\0\0\x01";
    let mut bytes = Bytes(private);
    if bytes.u8()? != 2 {
        return damaged();
    }
    let mut size = || -> Result<usize> {
        let mut size = 0;
        loop {
            let byte = bytes.u8()?;
            size += usize::from(byte);
            if byte != 255 {
                return Ok(size);
            }
        }
    };
    let (first, second) = (size()?, size()?);
    let identity = bytes.take(first)?;
    bytes.take(second)?;
    if !identity.starts_with(b"\x01vorbis")
        || !bytes.0.starts_with(b"\x05vorbis")
        || identity.len() != 30
    {
        return damaged();
    }
    let mut out = vec![2, 30, u8::try_from(EMPTY.len()).unwrap_or(0)];
    for packet in [identity, EMPTY, bytes.0] {
        out.extend_from_slice(packet);
    }
    Ok(out)
}
