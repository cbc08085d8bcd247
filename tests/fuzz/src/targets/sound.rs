//! Sounds that are uploaded (S-106, S-108).

use std::io::Cursor;

use dassie::media::sound::{self, Kind};

/// Whatever comes in, what is taken is shorter than an hour, has grown by a head at most, and stays
/// as it is when it goes in again. So does its picture.
pub fn run(data: &[u8]) {
    check(data);
    if let Some(mended) = mend(data) {
        check(&mended);
    }
}

fn check(data: &[u8]) {
    if let Some(picture) = sound::cover(&mut Cursor::new(data)) {
        assert!(picture.len() <= data.len(), "a picture out of nothing");
    }
    let mut out = Vec::new();
    let Ok((kind, told)) = sound::clean(&mut Cursor::new(data), &mut out, 3600) else { return };
    assert!(told.duration > 0.0 && told.duration <= 3600.0, "{told:?}");
    assert!(out.len() <= data.len() + 1024, "{kind:?} grows");
    let mut again = Vec::new();
    let same = sound::clean(&mut Cursor::new(&out), &mut again, 3600);
    let stays = again == out && matches!(same, Ok(same) if same == (kind, told));
    // the last frame may hold what is taken for a tag, now that nothing follows it
    let shrinks = kind == Kind::Mp3 && again.len() < out.len();
    assert!(stays || shrinks, "{kind:?}: what is clean changes");
    assert!(sound::cover(&mut Cursor::new(&out)).is_none(), "{kind:?}: a picture is left");
}

/// Ogg pages with right check sums, which no fuzzer guesses.
fn mend(data: &[u8]) -> Option<Vec<u8>> {
    let mut out = data.to_vec();
    let mut at = 0;
    while let Some(found) = out[at..].windows(4).position(|part| part == b"OggS") {
        at += found;
        let segments = usize::from(*out.get(at + 26)?);
        let body: usize =
            out.get(at + 27..at + 27 + segments)?.iter().map(|s| usize::from(*s)).sum();
        let page = out.get_mut(at..at + 27 + segments + body)?;
        page[22..26].fill(0);
        let sum = page.iter().fold(0_u32, |sum, byte| {
            (0..8).fold(sum ^ u32::from(*byte) << 24, |sum, _| {
                (sum << 1) ^ (if sum >> 31 == 1 { 0x04c1_1db7 } else { 0 })
            })
        });
        page[22..26].copy_from_slice(&sum.to_le_bytes());
        at += 4;
    }
    (at > 0).then_some(out)
}
