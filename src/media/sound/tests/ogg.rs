//! Ogg files.

use super::*;
use crate::media::sound::crc;

/// One page.
#[derive(Clone)]
struct Page {
    flags: u8,
    granule: i64,
    serial: u32,
    number: u32,
    lacing: Vec<u8>,
    body: Vec<u8>,
}

impl Page {
    fn write(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(b"OggS\0");
        out.push(self.flags);
        out.extend_from_slice(&self.granule.to_le_bytes());
        out.extend_from_slice(&self.serial.to_le_bytes());
        out.extend_from_slice(&self.number.to_le_bytes());
        out.extend_from_slice(&[0; 4]);
        out.push(u8::try_from(self.lacing.len()).unwrap());
        out.extend_from_slice(&self.lacing);
        out.extend_from_slice(&self.body);
        let sum = crc::ogg(0, &out[start..]).to_le_bytes();
        out[start + 22..start + 26].copy_from_slice(&sum);
    }
}

/// The length of the page that stands at the start, if it is whole.
fn length(data: &[u8]) -> Option<usize> {
    let lacing = data.get(27..27 + usize::from(*data.get(26)?))?;
    let all = 27 + lacing.len() + lacing.iter().map(|part| usize::from(*part)).sum::<usize>();
    (data.starts_with(b"OggS") && data.len() >= all).then_some(all)
}

fn read(data: &[u8]) -> Vec<Page> {
    let (mut at, mut found) = (0, Vec::new());
    while let Some(length) = length(&data[at..]) {
        let page = &data[at..at + length];
        let word = |at: usize| u32::from_le_bytes(*page[at..].first_chunk().unwrap());
        let body = 27 + usize::from(page[26]);
        found.push(Page {
            flags: page[5],
            granule: i64::from_le_bytes(*page[6..].first_chunk().unwrap()),
            serial: word(14),
            number: word(18),
            lacing: page[27..body].to_vec(),
            body: page[body..].to_vec(),
        });
        at += length;
    }
    assert_eq!(at, data.len(), "something that is no page");
    found
}

fn write(pages: &[Page]) -> Vec<u8> {
    let mut out = Vec::new();
    pages.iter().for_each(|page| page.write(&mut out));
    out
}

/// Makes the sums of all pages right.
pub(super) fn mend(data: &mut [u8]) {
    let mut at = 0;
    while let Some(found) = data[at..].windows(4).position(|part| part == b"OggS") {
        at += found;
        if let Some(length) = length(&data[at..]) {
            data[at + 22..at + 26].fill(0);
            let sum = crc::ogg(0, &data[at..at + length]).to_le_bytes();
            data[at + 22..at + 26].copy_from_slice(&sum);
        }
        at += 4;
    }
}

/// The packets of a file.
fn packets(pages: &[Page]) -> Vec<Vec<u8>> {
    let (mut found, mut packet) = (Vec::new(), Vec::new());
    for page in pages {
        let mut rest = page.body.as_slice();
        for part in &page.lacing {
            let (piece, after) = rest.split_at(usize::from(*part));
            packet.extend_from_slice(piece);
            rest = after;
            if *part < 255 {
                found.push(std::mem::take(&mut packet));
            }
        }
    }
    found
}

#[test]
fn s_106_the_comments_are_empty_and_the_packets_are_the_same() {
    let files: [(&[u8], &[u8]); 2] =
        [(VORBIS, b"\x03vorbis\0\0\0\0\0\0\0\0\x01"), (OPUS, b"OpusTags\0\0\0\0\0\0\0\0")];
    for (file, comments) in files {
        let (old, new) = (read(file), read(&left(file)));
        let (before, mut after) = (packets(&old), packets(&new));
        assert_eq!(after[1], comments);
        after[1].clone_from(&before[1]);
        assert!(before == after);
        assert!(new.iter().enumerate().all(|(at, page)| page.number as usize == at));
        assert_eq!((new[0].flags, new.last().unwrap().flags & 4), (2, 4));
        assert!(new[1..new.len() - 1].iter().all(|page| page.flags & 6 == 0));
        assert_eq!(new.last().unwrap().granule, old.last().unwrap().granule);
        // sums as others compute them: bit by bit
        for page in file.windows(4).enumerate().filter(|(_, part)| part == b"OggS") {
            let mut page = file[page.0..page.0 + length(&file[page.0..]).unwrap()].to_vec();
            let stated = u32::from_le_bytes(*page[22..].first_chunk().unwrap());
            page[22..26].fill(0);
            assert_eq!(crc::ogg(0, &page), stated);
        }
    }
}

#[test]
fn s_106_other_streams_are_left_out() {
    let skeleton = |flags: u8, number: u32, body: &[u8]| Page {
        flags,
        granule: 0,
        serial: 99,
        number,
        lacing: vec![u8::try_from(body.len()).unwrap()],
        body: body.to_vec(),
    };
    for file in [VORBIS, OPUS] {
        let mut pages = read(file);
        pages.insert(0, skeleton(2, 0, b"fishead\0Secret"));
        pages.insert(3, skeleton(0, 1, b"fisbone\0Secret"));
        pages.push(skeleton(4, 2, b"Secret"));
        assert!(left(&write(&pages)) == left(file));
        // a video beside it is not silently lost
        pages[0] = skeleton(2, 0, b"\x80theora\x03\x02\x01");
        assert!(refusal(&write(&pages)).contains("holds a video"));
        // one that begins behind
        let twice = joined(&[file, file]);
        let several = "The Ogg file holds several recordings one behind the other";
        assert_eq!(refusal(&twice), several);
    }
}

#[test]
fn s_106_pages_are_divided_as_they_should_be() {
    let plain = left(VORBIS);
    let mut pages = read(VORBIS);
    // the sound begins on a page of its own
    let sound = pages.iter().position(|page| page.granule > 0).unwrap();
    // the sound shares a page with what stands in front of it
    let parts: Vec<Page> = pages.drain(1..=sound).collect();
    let shared = Page {
        flags: 0,
        granule: parts.last().unwrap().granule,
        serial: 7,
        number: 1,
        lacing: parts.iter().flat_map(|page| page.lacing.clone()).collect(),
        body: parts.iter().flat_map(|page| page.body.clone()).collect(),
    };
    pages.insert(1, shared);
    for (number, page) in (0..).zip(&mut pages) {
        page.number = number;
    }
    assert!(left(&write(&pages)) == plain);
    // books of codes that need more than two pages
    let mut setup = packets(&read(VORBIS)).swap_remove(2);
    setup.resize(150_000, 7);
    let mut lacing = vec![255; setup.len() / 255];
    lacing.push((setup.len() % 255) as u8);
    let mut pages = vec![read(VORBIS)[0].clone()];
    let mut page = Page { lacing: vec![16], number: 1, flags: 0, ..pages[0].clone() };
    page.body = joined(&[b"\x03vorbis", &[0; 8], b"\x01"]);
    pages.push(page.clone());
    for (part, body) in lacing.chunks(255).zip(setup.chunks(255 * 255)) {
        (page.lacing, page.body) = (part.to_vec(), body.to_vec());
        page.number += 1;
        page.flags = u8::from(page.number > 2);
        pages.push(page.clone());
    }
    pages.extend(read(VORBIS)[sound..].iter().cloned());
    let out = read(&left(&write(&pages)));
    assert!(packets(&out)[2] == setup);
    let flags = |page: &Page| (page.flags, page.granule, page.lacing.len());
    assert_eq!((flags(&out[1]), flags(&out[2])), ((0, 0, 255), (1, -1, 255)));
    assert_eq!((out[3].flags, out[3].granule), (1, 0));
    // too large to be any
    let more = Page { flags: 1, ..pages[3].clone() };
    pages.splice(4..4, vec![more; 4]);
    assert_eq!(refusal(&write(&pages)), "The Ogg file is damaged");
}

/// The same file with its last page made into three.
fn divided(file: &[u8]) -> Vec<u8> {
    let mut pages = read(file);
    let last = pages.pop().unwrap();
    let before = pages.last().unwrap().granule;
    let mut rest = last.body.as_slice();
    let third = last.lacing.len().div_ceil(3);
    for (number, lacing) in (0..).zip(last.lacing.chunks(third)) {
        let length = lacing.iter().map(|part| usize::from(*part)).sum();
        let (body, after) = rest.split_at(length);
        rest = after;
        let ends = rest.is_empty();
        let flags = if ends { last.flags } else { 0 };
        let granule = if ends { last.granule } else { before + i64::from(number) + 1 };
        let (lacing, body) = (lacing.to_vec(), body.to_vec());
        pages.push(Page { flags, granule, number: last.number + number, lacing, body, ..last });
    }
    write(&pages)
}

#[test]
fn s_106_ends_are_made_right() {
    for file in [VORBIS, OPUS] {
        let file = divided(file);
        let plain = read(&left(&file));
        // cut: the page before is the last one
        let out = read(&left(&file[..file.len() - 5]));
        assert_eq!(out.len(), plain.len() - 1);
        assert_eq!(out.last().unwrap().flags & 4, 4);
        assert!(left(&joined(&[&file, b"<html><script>", &[0; 100_000]])) == left(&file));
        // a page that is lost stays lost, for players to see
        let mut pages = plain.clone();
        pages.remove(plain.len() - 2);
        let out = read(&left(&write(&pages)));
        assert_eq!(out.last().unwrap().number, plain.last().unwrap().number);
    }
}

#[test]
fn s_107_damage_and_nonsense_are_refused() {
    let damaged = "The Ogg file is damaged";
    for file in [VORBIS, OPUS] {
        let mut spoiled = file.to_vec();
        *spoiled.last_mut().unwrap() ^= 1;
        assert_eq!(refusal(&spoiled), damaged);
        // much that is no page, in the middle
        let half = left(file).len() / 2;
        assert_eq!(refusal(&joined(&[&left(file)[..half], &[0; 70_000]])), damaged);
        let mut pages = read(&left(&divided(file)));
        let end = pages.pop().unwrap();
        assert_eq!(refusal(&joined(&[&write(&pages), &[0; 70_000]])), damaged);
        assert!(cleaned(&joined(&[&write(&pages), &[0; 60_000]])).is_ok());
        // something of it behind its end
        pages.extend([end.clone(), end]);
        assert_eq!(refusal(&write(&pages)), damaged);
        // comments that are none, or that go on with nothing
        let mut pages = read(file);
        pages[1].body[3] ^= 1;
        assert_eq!(refusal(&write(&pages)), damaged);
        pages[1].body[3] ^= 1;
        pages[1].flags |= 1;
        assert_eq!(refusal(&write(&pages)), damaged);
        // no sound
        let pages = read(&left(file));
        let front = pages.iter().take_while(|page| page.granule <= 0).count();
        assert_eq!(refusal(&write(&pages[..front])), "The file holds no sound");
        assert_eq!(refusal(&write(&pages[..1])), damaged);
        // times that cannot be
        let mut pages = pages.clone();
        pages.last_mut().unwrap().granule = -5;
        assert_eq!(refusal(&write(&pages)), damaged);
        // one that is too large is bounded by the packets
        pages.last_mut().unwrap().granule = i64::MAX;
        let (_, sound, _) = cleaned(&write(&pages)).unwrap();
        assert!(sound.duration < 10.0, "{}", sound.duration);
        // a sound that was cut out of a longer one
        let mut pages = read(&left(file));
        let before = cleaned(file).unwrap().1.duration;
        for page in pages.iter_mut().skip(front).filter(|page| page.granule >= 0) {
            page.granule += 48_000 * 5_000;
        }
        let after = cleaned(&write(&pages)).unwrap().1.duration;
        assert!(after >= before && after < before + 10.0, "{after}");
        // Opus tells how long its packets are
        assert!(file == VORBIS || (after - before).abs() < 1e-9, "{after}");
    }
    // Opus packets of two hours that say they are a second
    let mut pages = read(&left(OPUS));
    let last = pages.pop().unwrap();
    for number in 0..240 {
        let body = [0x1b, 0x82].repeat(255);
        let lacing = vec![2; 255];
        pages.push(Page { number: last.number + number, flags: 0, lacing, body, ..last.clone() });
    }
    assert_eq!(refusal(&write(&pages)), "The sound is longer than 60 minutes");
    // a packet has 120 ms at the most, whatever it says
    pages.truncate(8);
    for page in pages.iter_mut().skip(3) {
        page.body = [0x1b, 0xbf].repeat(page.lacing.len());
        page.lacing.fill(2);
    }
    assert!(cleaned(&write(&pages)).is_ok());
}

#[test]
fn s_105_heads_that_cannot_be_are_refused() {
    // version, channels, rate, block sizes, the last bit; version, channels, table
    let vorbis = [(7, 1), (11, 0), (11, 200), (14, 0xff), (28, 0xf6), (28, 0x57), (29, 0)];
    let opus = [(8, 0x20), (9, 0), (9, 9), (18, 1)];
    for (file, at, byte) in vorbis
        .iter()
        .map(|(at, byte)| (VORBIS, *at, *byte))
        .chain(opus.iter().map(|(at, byte)| (OPUS, *at, *byte)))
    {
        let mut pages = read(file);
        pages[0].body[at] = byte;
        assert!(cleaned(&write(&pages)).is_err(), "{at} {byte}");
    }
    // two packets on the first page
    let mut pages = read(VORBIS);
    pages[0].body.extend_from_slice(b"Secret");
    pages[0].lacing.push(6);
    assert_eq!(refusal(&write(&pages)), "The Ogg file is damaged");
    // what stands behind them is not kept
    let mut pages = read(VORBIS);
    pages[0].body.extend_from_slice(b"Secret");
    pages[0].lacing[0] += 6;
    assert!(left(&write(&pages)) == left(VORBIS));
}
