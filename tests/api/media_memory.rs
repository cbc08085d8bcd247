//! What decoding takes of a small server's memory: the process of its own is measured, with files
//! as large as the limits allow.

use std::io::Write;
use std::process::{Command, Stdio};

use dassie::media::image::{Made, Order, Outcome, Purpose};
use image::ImageFormat;

use crate::support::TempDir;
use crate::support::hostile::{
    chunk, extended, flat_interlaced, flat_jpeg, flat_lossless, flat_png, packed, png, scanned,
    webp,
};
use crate::support::picture::{coded, corners};

/// As the settings are by default.
const PIXELS: u64 = 40_000_000;

/// Has the program decode a file: what came of it, and the most memory that it had, in kB.
#[allow(unsafe_code)]
fn decode(file: &[u8]) -> (Outcome, u64) {
    let folder = TempDir::new();
    let input = folder.path().join("file");
    std::fs::write(&input, file).unwrap();
    let output = input.clone();
    let order = Order { input, output, purpose: Purpose::Attachment, max_pixels: PIXELS };
    #[allow(clippy::zombie_processes, reason = "it is waited for by wait4, which tells its memory")]
    let mut child = Command::new(env!("CARGO_BIN_EXE_dassie"))
        .arg(dassie::media::child::COMMAND)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&serde_json::to_vec(&order).unwrap()).unwrap();
    let mut answer = String::new();
    std::io::Read::read_to_string(&mut child.stdout.take().unwrap(), &mut answer).unwrap();
    let pid = i32::try_from(child.id()).unwrap();
    // SAFETY: the child is ours and nobody else waits for it; both results are written by the call.
    let used = unsafe {
        let mut status = 0;
        let mut used: libc::rusage = std::mem::zeroed();
        assert_eq!(libc::wait4(pid, &raw mut status, 0, &raw mut used), pid);
        used
    };
    let outcome = serde_json::from_str(&answer);
    let refused = Outcome::Refused(format!("it ended: {answer}"));
    (outcome.unwrap_or(refused), u64::try_from(used.ru_maxrss).unwrap())
}

#[track_caller]
fn made(what: &str, file: &[u8]) -> (Made, u64) {
    match decode(file) {
        (Outcome::Made(made), memory) => (made, memory),
        (Outcome::Refused(why) | Outcome::Converter { sentence: why, .. }, _) => {
            panic!("{what}: {why}")
        }
    }
}

/// The program alone, which differs between builds.
fn least() -> u64 {
    made("a small one", &coded(&corners(8, 8), ImageFormat::Png)).1
}

#[test]
fn s_107_a_photo_needs_the_memory_of_one_image() {
    let least = least();
    let lossy = include_bytes!("../fixtures/flat_40mp.webp");
    let clear = include_bytes!("../fixtures/flat_clear_30mp.webp");
    let lossless = |w, h| webp(&[chunk(b"VP8L", &flat_lossless(w, h))]);
    // kB for each pixel, and a few MB for tables and files
    for (what, file, size, bytes) in [
        ("8 MP, jpeg on its side", flat_jpeg(3264, 2448, 6), (2448, 3264), 3),
        ("8 MP, webp", lossless(3264, 2448), (3264, 2448), 4),
        ("40 MP, jpeg on its side", flat_jpeg(7728, 5152, 8), (5152, 7728), 3),
        ("40 MP, png", flat_png(7728, 5152, false), (7728, 5152), 0),
        ("40 MP, lossy webp", lossy.to_vec(), (16_000, 2500), 2),
        ("30 MP, clear lossy webp", clear.to_vec(), (6000, 4950), 4),
        ("8 MP, jpeg in scans, 4:4:4", scanned(3264, 2448, &[0x11; 3]), (3264, 2448), 3),
        ("8 MP, jpeg in scans for print", scanned(3264, 2448, &[0x11; 4]), (3264, 2448), 3),
        ("8 MP, grey jpeg in scans", scanned(3264, 2448, &[0x11]), (3264, 2448), 1),
        ("8 MP, png in passes", flat_interlaced(3264, 2448, &[9; 3], 8, 2), (3264, 2448), 3),
        (
            "8 MP, png in passes, 16 bits",
            flat_interlaced(3264, 2448, &[9; 8], 16, 6),
            (3264, 2448),
            4,
        ),
    ] {
        let (made, memory) = made(what, &file);
        assert_eq!((made.full.width, made.full.height), size, "{what}");
        let own = memory.saturating_sub(least);
        let most = size.0 as u64 * size.1 as u64 * bytes / 1024 + 9 * 1024;
        println!("{what}: {memory} kB, of it {least} kB the program");
        assert!(own < most, "{what}: {own} kB, not {most}");
    }
}

/// What takes more memory than a photo is taken with fewer pixels, and the sentence says how many.
#[test]
fn s_107_dear_kinds_have_fewer_pixels() {
    let least = least();
    let picture = include_bytes!("../fixtures/flat_40mp.webp");
    let clear = [extended(0x10, 16_000, 2500), chunk(b"ALPH", &[0]), picture[12..].to_vec()];
    for (what, file) in [
        ("lossless webp", webp(&[chunk(b"VP8L", &flat_lossless(6001, 5000))])),
        ("clear lossy webp", webp(&clear)),
        ("clear png in passes", flat_interlaced(6001, 5000, &[9, 9, 9, 100], 8, 6)),
    ] {
        let (outcome, memory) = decode(&file);
        let Outcome::Refused(why) = outcome else { panic!("{what}: {outcome:?}") };
        assert!(why.contains("may have 30000000 pixels"), "{what}: {why}");
        // one that is refused at its head may touch fewer pages of the program than the least picture
        assert!(memory.saturating_sub(least) < 9 * 1024, "{what}: {memory} kB");
    }
}

#[test]
fn s_107_what_packs_well_takes_no_more_memory() {
    let least = least();
    let zeros = vec![0; 80 << 20];
    let profile = [b"x\0\0", &packed(&zeros)[..]].concat();
    let text = [b"x\0\0", &packed(&zeros)[..]].concat();
    let plain = || (b"IDAT", crate::support::hostile::rows(&[1, 2, 3], 1));
    let head = || (b"IHDR", crate::support::hostile::head(1, 1, 8, 2, 0));
    let end = || (b"IEND", Vec::new());
    let frame = |w: u32, h: u32| {
        let mut body = vec![0; 6];
        body.extend_from_slice(&(w - 1).to_le_bytes()[..3]);
        body.extend_from_slice(&(h - 1).to_le_bytes()[..3]);
        body.extend_from_slice(&[100, 0, 0, 0]);
        body.extend(chunk(b"VP8L", &flat_lossless(w, h)));
        chunk(b"ANMF", &body)
    };
    let moving = |w, h, count: usize| {
        let mut parts = vec![crate::support::hostile::extended(2, w, h), chunk(b"ANIM", &[0; 6])];
        parts.extend((0..count).map(|_| frame(w, h)));
        webp(&parts)
    };
    for (what, file) in [
        ("a profile of zeros", png(&[head(), (b"iCCP", profile), plain(), end()])),
        ("a text of zeros", png(&[head(), (b"zTXt", text), plain(), end()])),
        ("30,000 pixels a side", flat_png(30_000, 40, false)),
        ("a canvas of 64k", crate::support::hostile::gif(65_535, 65_535, b"", 1)),
        ("a large canvas", crate::support::hostile::gif(6000, 6000, b"", 3)),
        ("100,000 frames", crate::support::hostile::gif(10, 10, b"", 100_000)),
        ("a lossless webp of 268 MP", webp(&[chunk(b"VP8L", &flat_lossless(16_384, 16_384))])),
        ("a moving webp of 6000 a side", moving(6000, 6000, 2)),
        ("a moving webp of many frames", moving(2000, 2000, 101)),
        ("501 frames of webp", moving(2, 2, 501)),
    ] {
        let since = std::time::Instant::now();
        let (outcome, memory) = decode(&file);
        let own = memory.saturating_sub(least);
        assert!(own < 40 * 1024, "{what}: {own} kB");
        assert!(since.elapsed().as_secs() < 20, "{what}: {:?}", since.elapsed());
        let refused = matches!(outcome, Outcome::Refused(_));
        assert_eq!(refused, !what.contains("zeros"), "{what}: {outcome:?}");
    }
}
