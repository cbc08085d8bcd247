//! The programs themselves, where this machine has them.

use std::path::{Path, PathBuf};
use std::process::Command;

use dassie::config::Program;
use dassie::media::heif::Kind;
use dassie::media::image::{Made, Order, Outcome, Purpose};
use dassie::media::tools::{Container, Conversion, Video};
use image::RgbImage;

use super::fake::{Bench, fixture};
use crate::support::TempDir;

/// Where a program is, if it is here.
pub fn found(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let all = names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    let found = all.into_iter().find(|path| path.is_file());
    if found.is_none() {
        eprintln!("skipped: this machine has no {}", names.join(" or "));
    }
    found
}

fn ffmpeg() -> Option<Bench> {
    let path = found(&["ffmpeg"])?;
    Some(Bench::with(Program::At(path), Program::Never))
}

/// The names of the colours at the corners: left and right above, left and right below.
fn corners_of(image: &RgbImage) -> String {
    let (w, h) = image.dimensions();
    let (x, y) = (w / 8, h / 8);
    let name = |x: u32, y: u32| match image.get_pixel(x, y).0.map(|c| c > 128) {
        [true, false, false] => 'r',
        [false, true, false] => 'g',
        [false, false, true] => 'b',
        [false, false, false] => 'x',
        _ => 'w',
    };
    [(x, y), (w - x, y), (x, h - y), (w - x, h - y)].iter().map(|p| name(p.0, p.1)).collect()
}

fn decode(bench: &Bench, input: &Path) -> Result<(Made, Vec<u8>), String> {
    let (input, output) = (input.to_owned(), bench.output());
    let order = Order { input, output, purpose: Purpose::Attachment, max_pixels: 1_000_000 };
    match bench.media.decode(&order).unwrap() {
        Outcome::Made(made) => {
            let bytes = std::fs::read(order.full()).unwrap();
            std::fs::remove_file(order.full()).unwrap();
            Ok((made, bytes))
        }
        Outcome::Refused(sentence) | Outcome::Converter { sentence, .. } => Err(sentence),
    }
}

#[test]
fn stills_of_videos_are_upright_and_not_black() {
    let Some(bench) = ffmpeg() else { return };
    for (name, container, size, corners) in [
        ("still.mp4", Container::Mp4, (320, 180), "rgbw"),
        ("still.webm", Container::WebM, (320, 180), "rgbw"),
        // turned by a quarter against the clock: what is right above comes left above
        ("telephone.mov", Container::Mp4, (180, 320), "gwrb"),
    ] {
        let input = fixture(name);
        let made = bench.media.still_preview(&input, container, &bench.output(), 1_000_000);
        let made = made.unwrap().unwrap_or_else(|| panic!("no still of {name}"));
        assert_eq!((made.full.width, made.full.height), size, "{name}");
        assert_eq!(made.full.media_type, "image/jpeg");
        let path = bench.output().with_extension("full");
        let image = image::load_from_memory(&std::fs::read(&path).unwrap()).unwrap().into_rgb8();
        assert_eq!(corners_of(&image), corners, "{name}");
        std::fs::remove_file(path).unwrap();
        assert_eq!(bench.left(), 0);
    }
    let cut = bench.folder.path().join("cut.mp4");
    std::fs::write(&cut, &std::fs::read(fixture("still.mp4")).unwrap()[..900]).unwrap();
    assert_eq!(bench.media.still(&cut, Container::Mp4, &bench.output()).unwrap(), None);
    assert_eq!(bench.left(), 0);
}

#[test]
fn stills_are_no_larger_than_previews() {
    let Some(bench) = ffmpeg() else { return };
    let Some(program) = found(&["ffmpeg"]) else { return };
    let input = bench.folder.path().join("wide.mp4");
    let made = Command::new(program)
        .args(["-v", "error", "-f", "lavfi", "-i", "testsrc=s=1920x800:r=2:d=1", "-c:v", "mpeg4"])
        .arg(&input)
        .status();
    assert!(made.unwrap().success());
    bench.media.still(&input, Container::Mp4, &bench.output()).unwrap().unwrap();
    let data = std::fs::read(bench.output()).unwrap();
    let image = image::load_from_memory(&data).unwrap();
    let (width, height) = (image.width(), image.height());
    assert!(width * height <= 640 * 360 && width * height > 600 * 340, "{width}x{height}");
    assert!((f64::from(width) / f64::from(height) - 2.4).abs() < 0.02, "{width}x{height}");
}

#[test]
fn hevc_becomes_h264_without_what_the_telephone_knew() {
    let Some(bench) = ffmpeg() else { return };
    let (input, output) = (fixture("telephone.mov"), bench.output());
    if !bench.media.converts_video() {
        eprintln!("skipped: this ffmpeg converts nothing");
        return;
    }
    let has =
        |data: &[u8], what: &str| data.windows(what.len()).any(|part| part == what.as_bytes());
    assert!(has(&std::fs::read(&input).unwrap(), "+52.5200"));
    let video = Video {
        input: &input,
        container: Container::Mp4,
        output: &output,
        duration: 1.75,
        max_bytes: 1 << 20,
    };
    assert_eq!(bench.media.convert_video(&video).unwrap(), Conversion::Done);
    let data = std::fs::read(&output).unwrap();
    assert!(has(&data, "avc1") && has(&data, "mp4a") && !has(&data, "hvc1"));
    assert!(!has(&data, "52.5200"));
    let (moov, mdat) = (b"moov", b"mdat");
    let place = |what: &[u8; 4]| data.windows(4).position(|part| part == what).unwrap();
    assert!(place(moov) < place(mdat), "players can begin before the end is there");
    // it plays, and stands upright
    let preview = bench.folder.path().join("preview");
    let made = bench.media.still_preview(&output, Container::Mp4, &preview, 1_000_000).unwrap();
    assert_eq!(made.map(|made| (made.full.width, made.full.height)), Some((180, 320)));
}

#[test]
fn heic_and_avif_come_out_whole_upright_and_bare() {
    let Some(path) = found(&["heif-dec", "heif-convert"]) else { return };
    let bench = Bench::with(Program::Never, Program::At(path));
    if !(bench.media.reads(Kind::Heic) && bench.media.reads(Kind::Avif)) {
        eprintln!("skipped: this libheif lacks a decoder");
        return;
    }
    assert!(bench.media.accepted_types().contains(&"image/heic"));
    for (name, size, corners, media_type) in [
        ("grid.heic", (128, 128), "rgbw", "image/jpeg"),
        ("turned.heic", (64, 128), "rrgg", "image/jpeg"),
        ("single.heic", (64, 64), "rrrr", "image/jpeg"),
        ("turned.avif", (32, 64), "bbbb", "image/jpeg"),
        ("clear.avif", (64, 48), "rrrr", "image/png"),
    ] {
        let (made, data) =
            decode(&bench, &fixture(name)).unwrap_or_else(|why| panic!("{name}: {why}"));
        assert_eq!((made.full.width, made.full.height), size, "{name}");
        assert_eq!(made.full.media_type, media_type, "{name}");
        let image = image::load_from_memory(&data).unwrap();
        assert_eq!(corners_of(&image.to_rgb8()), corners, "{name}");
        assert_eq!(image.color().has_alpha(), name.starts_with("clear"), "{name}");
        for what in ["Exif", "GPS", "ICC_PROFILE", "iCCP"] {
            assert!(
                !data.windows(what.len()).any(|part| part == what.as_bytes()),
                "{name}: {what}"
            );
        }
        // in Display P3 this red is more than it is in sRGB
        let red = image.to_rgb8().get_pixel(5, 5).0[0];
        if name == "turned.heic" {
            assert!(red > 240, "{red}");
        } else if name == "grid.heic" {
            assert!((220..238).contains(&red), "{red}");
        }
        assert_eq!(bench.left(), 0);
    }
    for (name, end) in [("grid.heic", 600), ("grid.heic", 300), ("clear.avif", 450)] {
        let cut = bench.folder.path().join("cut");
        std::fs::write(&cut, &std::fs::read(fixture(name)).unwrap()[..end]).unwrap();
        assert!(decode(&bench, &cut).is_err(), "{name} to {end}");
        assert_eq!(bench.left(), 0);
    }
}

#[test]
fn ffmpeg_alone_turns_avif_and_refuses_what_it_cannot_do() {
    let Some(bench) = ffmpeg() else { return };
    if !bench.media.reads(Kind::Avif) {
        eprintln!("skipped: this ffmpeg reads no AVIF");
        return;
    }
    let (made, data) = decode(&bench, &fixture("turned.avif")).unwrap();
    assert_eq!((made.full.width, made.full.height), (32, 64));
    let image = image::load_from_memory(&data).unwrap().into_rgb8();
    assert_eq!(corners_of(&image), "bbbb");
    let refused = decode(&bench, &fixture("clear.avif")).unwrap_err();
    assert!(refused.contains("transparent"), "{refused}");
    // a telephone's photo comes out whole or not at all
    if let Ok((made, data)) = decode(&bench, &fixture("turned.heic")) {
        assert_eq!((made.full.width, made.full.height), (64, 128));
        let image = image::load_from_memory(&data).unwrap().into_rgb8();
        assert_eq!(corners_of(&image), "rrgg");
    }
    assert_eq!(bench.left(), 0);
}

#[test]
fn s_108_the_real_program_follows_no_playlist() {
    let Some(program) = found(&["ffmpeg"]) else { return };
    let folder = TempDir::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let path = folder.path().join("video.mp4");
    let playlist = format!(
        "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:10.0,\nhttp://127.0.0.1:{port}/\n#EXT-X-ENDLIST\n"
    );
    std::fs::write(&path, playlist).unwrap();
    // with the arguments that our own runs begin with, past our own look at the file
    let ran = Command::new(program)
        .args(["-nostdin", "-v", "error", "-protocol_whitelist", "file", "-f", "mov", "-i"])
        .arg(format!("file:{}", path.display()))
        .args(["-f", "null", "-"])
        .output()
        .unwrap();
    assert!(!ran.status.success());
    assert!(listener.accept().is_err(), "it came to fetch");
}
