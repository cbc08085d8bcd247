//! Files of people who mean harm, or who do not know what is in their files, on every way that a
//! picture can take into this server.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use image::{DynamicImage, ImageFormat, Rgb, Rgba, RgbaImage};
use serde_json::Value;

use super::admin::admin;
use super::media::{fetch, file_count};
use crate::support::hostile::{
    PLANTED, chunk, exif, extended, flat_lossless, gif, head, packed, png, rows, segment, webp,
};
use crate::support::picture::{Part, coded, corners, form, moving, noise};
use crate::support::{Answer, Instance, Options, Person};

/// A JPEG file in several scans.
const SCANS: &[u8] = include_bytes!("../fixtures/several_scans.jpg");
const SCRIPT: &str = "<script>alert(document.cookie)</script>";

fn has(data: &[u8], what: &str) -> bool {
    data.windows(what.len()).any(|part| part.eq_ignore_ascii_case(what.as_bytes()))
}

fn emoji(boss: &Person, name: &str, file: &[u8]) -> Answer {
    let request = boss.request("POST", "/api/v1/admin/custom_emojis");
    form(request, &[Part::Text("shortcode", name), Part::File("image", "a.png", file)]).send()
}

fn profile(person: &Person, file: &[u8]) -> Answer {
    let request = person.request("PATCH", "/api/v1/accounts/update_credentials");
    form(request, &[Part::File("avatar", "a.png", file), Part::File("header", "a.png", file)])
        .send()
}

/// Every file that an instance serves after taking this picture wherever pictures are taken.
fn everywhere(boss: &Person, what: &str, file: &[u8], is_emoji: bool) -> Vec<(String, Vec<u8>)> {
    let mut urls: Vec<Value> = Vec::new();
    let media = boss.uploads(file);
    assert_eq!(media.status, 200, "{what}: {}", media.text());
    let media = media.json();
    urls.extend([media["url"].clone(), media["preview_url"].clone()]);
    let account = profile(boss, file);
    assert_eq!(account.status, 200, "{what}: {}", account.text());
    for field in ["avatar", "avatar_static", "header", "header_static"] {
        urls.push(account.json()[field].clone());
    }
    if is_emoji {
        let name = format!("e_{}", what.replace([' ', '+', ','], "_"));
        let made = emoji(boss, &name, file);
        assert_eq!(made.status, 200, "{what}: {}", made.text());
        urls.extend([made.json()["url"].clone(), made.json()["static_url"].clone()]);
    }
    urls.iter()
        .map(|url| {
            let served = fetch(url);
            assert_eq!(served.status, 200, "{what}: {url}");
            assert!(served.header("content-type").unwrap().starts_with("image/"), "{what}");
            assert_eq!(served.header("x-content-type-options"), Some("nosniff"));
            assert!(served.header("content-security-policy").unwrap().contains("sandbox"));
            image::load_from_memory(&served.body).unwrap_or_else(|e| panic!("{what}: {e}"));
            (url.as_str().unwrap().to_owned(), served.body)
        })
        .collect()
}

/// A JPEG file with everything that cameras, programs and people write into one.
fn jpeg_with_everything(plain: &[u8]) -> Vec<u8> {
    let xmp = format!("http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>{PLANTED}</x:xmpmeta>");
    let mut iptc = b"Photoshop 3.0\08BIM\x04\x04\0\0\0\0\0\x13\x1c\x02\x78\0\x0e".to_vec();
    iptc.extend_from_slice(PLANTED.as_bytes());
    iptc.push(0);
    let mut icc = b"ICC_PROFILE\0\x01\x01".to_vec();
    icc.extend(moxcms::ColorProfile::new_srgb().encode().unwrap());
    icc.extend_from_slice(PLANTED.as_bytes());
    let parts = [
        segment(0xe1, &[b"Exif\0\0", &exif(1)[..]].concat()),
        segment(0xe1, xmp.as_bytes()),
        segment(0xed, &iptc),
        segment(0xe2, &icc),
        segment(0xec, format!("Ducky\0{PLANTED}").as_bytes()),
        segment(0xfe, format!("*/={SCRIPT}/*{PLANTED}").as_bytes()),
    ];
    [&plain[..2], &parts.concat(), &plain[2..], SCRIPT.as_bytes(), PLANTED.as_bytes()].concat()
}

fn png_with_everything() -> Vec<u8> {
    let text = |key: &str| [key.as_bytes(), b"\0", PLANTED.as_bytes()].concat();
    let zipped = [b"Comment\0\0", &packed(PLANTED.as_bytes())[..]].concat();
    let xmp = [b"XML:com.adobe.xmp\0\0\0\0\0", PLANTED.as_bytes()].concat();
    let icc = moxcms::ColorProfile::new_srgb().encode().unwrap();
    let icc = [format!("{PLANTED}\0\0").as_bytes(), &packed(&icc)].concat();
    let mut out = png(&[
        (b"IHDR", head(40, 30, 8, 2, 0)),
        (b"iCCP", icc),
        (b"tEXt", text("Author")),
        (b"zTXt", zipped),
        (b"iTXt", xmp),
        (b"eXIf", exif(1)),
        (b"tIME", vec![7, 230, 1, 1, 1, 1, 1]),
        (b"prVt", format!("{SCRIPT}{PLANTED}").into_bytes()),
        (b"IDAT", rows(&[200, 30, 30].repeat(40), 30)),
        (b"IEND", Vec::new()),
    ]);
    out.extend_from_slice(format!("<html>{SCRIPT}{PLANTED}").as_bytes());
    out
}

fn webp_with_everything() -> Vec<u8> {
    let mut icc = moxcms::ColorProfile::new_srgb().encode().unwrap();
    icc.extend_from_slice(PLANTED.as_bytes());
    let mut out = webp(&[
        extended(0x2c, 40, 30),
        chunk(b"ICCP", &icc),
        chunk(b"VP8L", &flat_lossless(40, 30)),
        chunk(b"EXIF", &exif(1)),
        chunk(b"XMP ", PLANTED.as_bytes()),
        chunk(b"EVIL", SCRIPT.as_bytes()),
    ]);
    out.extend_from_slice(b"PK\x05\x06");
    out.extend_from_slice(PLANTED.as_bytes());
    out
}

fn gif_with_everything() -> Vec<u8> {
    let block = |text: &str| [&[u8::try_from(text.len()).unwrap()], text.as_bytes(), &[0]].concat();
    let mut blocks = b"\x21\xfe".to_vec();
    blocks.extend(block(&format!("{SCRIPT}{PLANTED}")));
    blocks.extend_from_slice(b"\x21\xff\x0bXMP DataXMP");
    blocks.extend(block(PLANTED));
    // a text that is drawn: nobody ever did
    blocks.extend_from_slice(b"\x21\x01\x0c\0\0\0\0\0\0\0\0\0\0\0\0");
    blocks.extend(block(PLANTED));
    let mut out = gif(30, 20, &blocks, 2);
    out.extend_from_slice(b"PK\x03\x04 a.class PK\x05\x06");
    out.extend_from_slice(PLANTED.as_bytes());
    out
}

/// Each kind with all that can be hidden in it.
fn corpus() -> [(&'static str, Vec<u8>, bool); 5] {
    [
        ("jpeg", jpeg_with_everything(&coded(&corners(64, 48), ImageFormat::Jpeg)), false),
        ("jpeg in scans", jpeg_with_everything(SCANS), false),
        ("png", png_with_everything(), true),
        ("webp", webp_with_everything(), true),
        ("gif", gif_with_everything(), true),
    ]
}

#[test]
fn s_096_s_105_s_106_s_116_polyglots_and_metadata_lose_what_they_hide() {
    let instance = Instance::start();
    let boss = admin(&instance, "boss");
    for (what, file, is_emoji) in corpus() {
        for (url, body) in everywhere(&boss, what, &file, is_emoji) {
            for word in [PLANTED, "script", "xmpmeta", "xap/1.0", "EXIF", "eXIf", "8BIM", "PK\x05"]
            {
                assert!(!has(&body, word), "{what}: {word} in {url}");
            }
        }
    }
}

fn is_there() -> bool {
    let there = Command::new("exiftool").arg("-ver").stdout(Stdio::null()).status().is_ok();
    if !there {
        println!("exiftool is not installed: nothing was looked at");
    }
    there
}

/// What an independent reader finds, also in what lies inside of other things.
fn look(file: &[u8]) -> String {
    let folder = crate::support::TempDir::new();
    let path = folder.path().join("file");
    std::fs::write(&path, file).unwrap();
    let command =
        Command::new("exiftool").args(["-a", "-u", "-ee", "-G1", "-j"]).arg(&path).output();
    String::from_utf8_lossy(&command.unwrap().stdout).into_owned()
}

/// Files that are played, with a title, an artist, a place.
const PLAYED: [&str; 14] = [
    "phone.mov",
    "film.mp4",
    "film.webm",
    "sound.m4a",
    "sound.webm",
    "sound-vbr.mp3",
    "sound-mpeg2.mp3",
    "sound-mpeg25.mp3",
    "sound-vorbis.ogg",
    "sound-opus.ogg",
    "sound-tone.flac",
    "sound-pcm.wav",
    "sound-float.wav",
    "sound-24.wav",
];

fn played(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/media");
    std::fs::read(std::path::Path::new(folder).join(name)).unwrap()
}

#[test]
fn s_106_exiftool_finds_nothing_in_what_is_played() {
    if !is_there() {
        return;
    }
    let instance = Instance::start();
    let ann = instance.person("ann");
    let mut told = 0;
    for name in PLAYED {
        let file = played(name);
        told += usize::from(look(&file).to_lowercase().contains("secret"));
        let media = ann.uploads(&file).ok();
        for url in [&media["url"], &media["preview_url"]].into_iter().filter(|url| url.is_string())
        {
            let found = look(&fetch(url).body);
            let found: Value = serde_json::from_str(&found).unwrap();
            for (tag, value) in found[0].as_object().unwrap() {
                let text = value.to_string().to_lowercase();
                let tag = tag.to_lowercase();
                let private = ["gps", "location", "artist", "title", "comment", "serial"];
                assert!(!text.contains("secret"), "{name}: {tag} {text}");
                assert!(!private.iter().any(|word| tag.contains(word)), "{name}: {tag} {text}");
            }
            assert!(found[0].get("ExifTool:Error").is_none(), "{name}: {found}");
        }
    }
    assert!(told > 10, "{told}: what is looked for was there");
}

#[test]
fn s_107_what_is_played_and_ends_early_harms_nothing() {
    let instance = Instance::with(Options {
        configure: Some(|config| config.limits.max_uploads_per_day = 1000),
        ..Options::default()
    });
    let ann = instance.person("ann");
    let mut stored = Vec::new();
    for name in PLAYED {
        let file = played(name);
        for part in [1, 8, 15] {
            let answer = ann.uploads(&file[..file.len() * part / 16]);
            assert!([200, 422].contains(&answer.status), "{name} {part}: {}", answer.text());
            if answer.status == 200 {
                stored.push(answer.json()["url"].clone());
            }
        }
    }
    for url in &stored {
        assert_eq!(fetch(url).status, 200, "{url}");
    }
    assert!(ann.uploads(&played("film.mp4")).status == 200, "and it goes on");
}

/// Group by group.
#[test]
fn s_106_exiftool_finds_nothing_about_anybody() {
    if !is_there() {
        return;
    }
    let instance = Instance::start();
    let boss = admin(&instance, "boss");
    for (what, file, is_emoji) in corpus() {
        assert!(look(&file).contains(PLANTED), "{what}: what is looked for was there");
        for (url, body) in everywhere(&boss, what, &file, is_emoji) {
            let found: Value = serde_json::from_str(&look(&body)).unwrap();
            for tag in found[0].as_object().unwrap().keys() {
                let group = tag.split(':').next().unwrap();
                let of_the_picture = ["SourceFile", "ExifTool", "System", "File", "Composite"];
                let formats = ["JFIF", "PNG", "PNG-pHYs", "GIF", "RIFF"];
                assert!(
                    of_the_picture.contains(&group) || formats.contains(&group),
                    "{what}: {tag} in {url}"
                );
            }
            assert!(!found.to_string().contains(PLANTED), "{what}: {url}");
            assert!(found[0].get("ExifTool:Warning").is_none(), "{what}: {found}");
        }
    }
}

#[test]
fn s_105_s_116_what_is_no_picture_is_taken_nowhere() {
    let instance = Instance::start();
    let boss = admin(&instance, "boss");
    let before = file_count(&instance);
    for (what, file) in [
        ("html", format!("<!doctype html>{SCRIPT}").into_bytes()),
        ("svg", b"<?xml version='1.0'?><svg onload='alert(1)'/>".to_vec()),
        ("html before png", [b"<html>", &coded(&corners(8, 8), ImageFormat::Png)[..]].concat()),
        ("a zip archive", b"PK\x03\x04\x14\0\0\0".to_vec()),
        ("a script", b"#!/bin/sh\nrm -rf /".to_vec()),
        ("png of no size", png(&[(b"IHDR", head(0, 9, 8, 2, 0)), (b"IEND", Vec::new())])),
        ("png with no pixels", png(&[(b"IHDR", head(9, 9, 8, 2, 0)), (b"IEND", Vec::new())])),
        ("gif of no frames", gif(9, 9, b"", 0)),
        ("webp of other size", webp(&[extended(0, 90, 9), chunk(b"VP8L", &flat_lossless(9, 9))])),
        ("too wide", webp(&[chunk(b"VP8L", &flat_lossless(16_384, 9000))])),
    ] {
        for answer in [boss.uploads(&file), profile(&boss, &file), emoji(&boss, "one", &file)] {
            assert_eq!(answer.status, 422, "{what}: {}", answer.text());
            assert!(answer.text().contains("Validation failed: "), "{what}: {}", answer.text());
        }
    }
    instance.settle();
    assert_eq!(file_count(&instance), before);
}

#[test]
fn s_116_an_emoji_is_decoded_before_it_is_taken() {
    let instance = Instance::start();
    let boss = admin(&instance, "boss");
    // its head and its end are those of a picture; its pixels are none
    let damaged =
        png(&[(b"IHDR", head(40, 30, 8, 2, 0)), (b"IDAT", vec![1; 200]), (b"IEND", Vec::new())]);
    let refused = emoji(&boss, "one", &damaged);
    assert_eq!(refused.status, 422, "{}", refused.text());
    let mut late = moving(40, 30);
    let at = late.len() - 40;
    late[at..].fill(0x55);
    assert_eq!(emoji(&boss, "one", &late).status, 422);
    for bomb in [
        gif(1000, 1000, b"", 100),
        gif(10, 10, b"", 501),
        webp(&[chunk(b"VP8L", &flat_lossless(1025, 10))]),
    ] {
        assert_eq!(emoji(&boss, "one", &bomb).status, 422);
    }
    assert_eq!(instance.get("/api/v1/custom_emojis").ok(), serde_json::json!([]));
}

/// The first bytes that answer a raw request, which goes on for as long as it is listened to.
fn raw(instance: &Instance, person: &Person, length: &str, most: usize) -> String {
    let host = instance.base.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let head = format!(
        "POST /api/v2/media HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {}\r\n{length}\r\n\
         content-type: multipart/form-data; boundary=x\r\n\r\n",
        person.token
    );
    stream.write_all(head.as_bytes()).unwrap();
    let first = b"--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\r\n";
    let chunked = length.contains("chunked");
    let mut send = |data: &[u8]| {
        let framed = format!("{:x}\r\n", data.len());
        let parts: [&[u8]; 3] =
            if chunked { [framed.as_bytes(), data, b"\r\n"] } else { [b"", data, b""] };
        stream.write_all(&parts.concat()).is_ok()
    };
    send(first);
    send(b"\x89PNG\r\n\x1a\n");
    let piece = [7; 16_384];
    let mut sent = 0;
    while sent < most && send(&piece) {
        sent += piece.len();
    }
    if most < 1 << 20 {
        // it stops in the middle of what it announced
        stream.shutdown(std::net::Shutdown::Write).unwrap();
    }
    let mut answer = [0; 4096];
    let count = stream.read(&mut answer).unwrap_or(0);
    String::from_utf8_lossy(&answer[..count]).into_owned()
}

#[test]
fn s_107_s_113_bodies_that_lie_about_their_length_leave_nothing() {
    let instance = Instance::with(Options {
        configure: Some(|config| config.limits.max_image_bytes = 200_000),
        ..Options::default()
    });
    let ann = instance.person("ann");
    let since = Instant::now();
    // one without an end is ended when it is too large, whatever it announced
    let endless = raw(&instance, &ann, "transfer-encoding: chunked", 64 << 20);
    assert!(endless.is_empty() || endless.starts_with("HTTP/1.1 4"), "{endless}");
    let large = raw(&instance, &ann, "content-length: 900000000", 64 << 20);
    assert!(large.is_empty() || large.starts_with("HTTP/1.1 4"), "{large}");
    // one that ends early is none
    let cut = raw(&instance, &ann, "content-length: 90000", 32_768);
    assert!(!cut.starts_with("HTTP/1.1 2") && !cut.starts_with("HTTP/1.1 5"), "{cut}");
    assert!(since.elapsed() < Duration::from_secs(20), "{:?}", since.elapsed());
    crate::support::eventually("nothing is left", || (file_count(&instance) == 0).then_some(()));
    // and the next one is served
    ann.picture();
}

#[test]
fn s_107_truncated_files_are_whole_pictures_or_none() {
    let instance = Instance::with(Options {
        configure: Some(|config| config.limits.max_uploads_per_day = 1000),
        ..Options::default()
    });
    let boss = admin(&instance, "boss");
    let mut stored = 0;
    for (what, file) in [
        ("jpeg", coded(&noise(60, 40), ImageFormat::Jpeg)),
        ("scans", SCANS.to_vec()),
        ("clear", include_bytes!("../fixtures/clear.webp").to_vec()),
        ("png", coded(&noise(60, 40), ImageFormat::Png)),
        ("webp", coded(&noise(60, 40), ImageFormat::WebP)),
        ("gif", moving(60, 40)),
    ] {
        for eighth in 1..8 {
            let cut = &file[..file.len() * eighth / 8];
            let answer = boss.uploads(cut);
            assert!([200, 422].contains(&answer.status), "{what} {eighth}: {}", answer.text());
            if answer.status == 200 {
                let shown = fetch(&answer.json()["url"]);
                image::load_from_memory(&shown.body).unwrap();
                stored += 1;
            }
            let answer = emoji(&boss, &format!("{what}_{eighth}"), cut);
            assert!([200, 422].contains(&answer.status), "{what} {eighth}: {}", answer.text());
        }
    }
    instance.settle();
    assert_eq!(file_count(&instance), stored, "nothing is left of the others");
}

/// The colours at the left and at the right of what is served.
fn colours(person: &Person, file: &[u8]) -> ([u8; 4], [u8; 4]) {
    let media = person.uploads(file).ok();
    let image = image::load_from_memory(&fetch(&media["url"]).body).unwrap().into_rgba8();
    let (w, h) = image.dimensions();
    (image.get_pixel(w / 8, h / 2).0, image.get_pixel(w - 1 - w / 8, h / 2).0)
}

fn near(a: [u8; 4], b: [u8; 4], by: u8) -> bool {
    a.iter().zip(b).all(|(a, b)| a.abs_diff(b) <= by)
}

/// An interlaced file with one colour at the left and one at the right, pass by pass.
fn interlaced(width: u32, height: u32, left: [u8; 3], right: [u8; 3]) -> Vec<u8> {
    let passes = [
        (0, 0, 8, 8),
        (4, 0, 8, 8),
        (0, 4, 4, 8),
        (2, 0, 4, 4),
        (0, 2, 2, 4),
        (1, 0, 2, 2),
        (0, 1, 1, 2),
    ];
    let mut data = Vec::new();
    for (x0, y0, dx, dy) in passes {
        for _ in (y0..height).step_by(dy) {
            let pixels = (x0..width).step_by(dx);
            if pixels.len() > 0 {
                data.push(0);
            }
            for x in pixels {
                data.extend_from_slice(if x < width / 2 { &left } else { &right });
            }
        }
    }
    png(&[(b"IHDR", head(width, height, 8, 2, 1)), (b"IDAT", packed(&data)), (b"IEND", Vec::new())])
}

#[test]
fn colours_come_out_as_they_were_meant() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let image = |depth, kind, extra: Vec<(&'static [u8; 4], Vec<u8>)>, row: &[u8]| {
        let mut chunks = vec![(b"IHDR", head(16, 8, depth, kind, 0))];
        chunks.extend(extra);
        chunks.push((b"IDAT", rows(row, 8)));
        chunks.push((b"IEND", Vec::new()));
        png(&chunks)
    };
    let halves = |left: &[u8], right: &[u8]| [left.repeat(8), right.repeat(8)].concat();
    let palette = vec![200, 10, 10, 10, 10, 200];
    #[allow(clippy::type_complexity)]
    let none: fn() -> Vec<(&'static [u8; 4], Vec<u8>)> = Vec::new;
    let red = [200, 10, 10, 255];
    let blue = [10, 10, 200, 255];
    for (what, file, left, right) in [
        (
            "16 bits",
            image(16, 2, none(), &halves(&[200, 9, 10, 9, 10, 9], &[10, 9, 10, 9, 200, 9])),
            red,
            blue,
        ),
        (
            "grey",
            image(8, 0, none(), &halves(&[50], &[220])),
            [50, 50, 50, 255],
            [220, 220, 220, 255],
        ),
        ("one bit", image(1, 0, none(), &[0, 255]), [0, 0, 0, 255], [255; 4]),
        (
            "grey with transparency",
            image(8, 4, none(), &halves(&[50, 255], &[220, 40])),
            [50, 50, 50, 255],
            [220, 220, 220, 40],
        ),
        ("palette", image(8, 3, vec![(b"PLTE", palette.clone())], &halves(&[0], &[1])), red, blue),
        (
            "palette with transparency",
            image(8, 3, vec![(b"PLTE", palette), (b"tRNS", vec![255, 90])], &halves(&[0], &[1])),
            red,
            [10, 10, 200, 90],
        ),
        ("interlaced", interlaced(17, 9, [200, 10, 10], [10, 10, 200]), red, blue),
    ] {
        let seen = colours(&ann, &file);
        assert!(near(seen.0, left, 1) && near(seen.1, right, 1), "{what}: {seen:?}");
    }
    // a wider profile: the same numbers mean stronger colours
    let profile = moxcms::ColorProfile::new_display_p3().encode().unwrap();
    let profile = [b"p3\0\0", &packed(&profile)[..]].concat();
    let wide = image(8, 2, vec![(b"iCCP", profile)], &halves(&[200, 60, 60], &[60, 60, 200]));
    let (left, right) = colours(&ann, &wide);
    assert!(left[0] > 210 && left[1] < 55 && right[2] > 200, "{left:?} {right:?}");
    // for print: cyan, magenta, yellow and black, the other way round as Adobe writes them
    let (left, right) = colours(&ann, include_bytes!("../fixtures/cmyk.jpg"));
    assert!(near(left, [255, 55, 55, 255], 12), "{left:?}");
    assert!(near(right, [46, 215, 215, 255], 12), "{right:?}");
}

#[test]
fn images_of_all_kinds_are_turned_upright() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let plain = DynamicImage::ImageRgba8(RgbaImage::from_fn(24, 16, |x, y| {
        Rgba([if x < 12 { 250 } else { 10 }, if y < 8 { 250 } else { 10 }, 30, 255])
    }));
    let lossless = coded(&plain, ImageFormat::WebP);
    for number in 1..=8 {
        let mut drawn = coded(&plain, ImageFormat::Png);
        let about = png(&[(b"eXIf", exif(number))])[8..].to_vec();
        drawn.splice(33..33, about);
        // its only chunk, in a file that has more to say
        let webp =
            webp(&[extended(0x18, 24, 16), lossless[12..].to_vec(), chunk(b"EXIF", &exif(number))]);
        let mut meant = plain.clone();
        meant.apply_orientation(image::metadata::Orientation::from_exif(number).unwrap());
        for (what, file) in [("png", drawn), ("webp", webp)] {
            let media = ann.uploads(&file).ok();
            let shown = image::load_from_memory(&fetch(&media["url"]).body).unwrap();
            assert_eq!(shown.to_rgba8(), meant.to_rgba8(), "{what} {number}");
            assert_eq!(media["meta"]["original"]["width"], meant.width(), "{what} {number}");
        }
    }
}

/// Two frames of PNG: the first is the picture for all who know of no frames.
fn moving_png() -> Vec<u8> {
    let control = |number: u8| {
        let mut out = vec![0, 0, 0, number];
        out.extend_from_slice(&[0, 0, 0, 16, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0]);
        out.extend_from_slice(&[0, 1, 0, 10, 0, 0]);
        out
    };
    png(&[
        (b"IHDR", head(16, 16, 8, 2, 0)),
        (b"acTL", vec![0, 0, 0, 2, 0, 0, 0, 0]),
        (b"fcTL", control(0)),
        (b"IDAT", rows(&[250, 10, 10].repeat(16), 16)),
        (b"fcTL", control(1)),
        (b"fdAT", [&[0, 0, 0, 2], &rows(&[10, 10, 250].repeat(16), 16)[..]].concat()),
        (b"IEND", Vec::new()),
    ])
}

#[test]
fn a_moving_png_is_still_in_a_post_and_moves_as_an_emoji() {
    let instance = Instance::start();
    let boss = admin(&instance, "boss");
    let media = boss.uploads(&moving_png()).ok();
    let body = fetch(&media["url"]).body;
    assert!(!has(&body, "acTL") && !has(&body, "fdAT"));
    let pixel = image::load_from_memory(&body).unwrap().into_rgb8().get_pixel(3, 3).0;
    assert_eq!(Rgb(pixel), Rgb([250, 10, 10]), "its first frame");
    let made = emoji(&boss, "one", &moving_png()).ok();
    assert!(has(&fetch(&made["url"]).body, "fdAT"));
    let still = fetch(&made["static_url"]);
    assert_eq!(still.header("content-type"), Some("image/png"));
    assert!(!has(&still.body, "acTL"));
}

#[test]
fn s_107_one_file_is_decoded_at_a_time() {
    let folder = crate::support::TempDir::new();
    let at = |name: &str| folder.path().join(name);
    let script = format!(
        "#!/bin/sh\necho >> {0}/runs\nmkdir {0}/busy || touch {0}/overlap\n\
         {1} decode-image\ncode=$?\nrmdir {0}/busy\nexit $code\n",
        folder.path().display(),
        env!("CARGO_BIN_EXE_dassie")
    );
    std::fs::write(at("decode.sh"), script).unwrap();
    let rights = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    std::fs::set_permissions(at("decode.sh"), rights).unwrap();
    let instance = Instance::with_decoder(Options::default(), at("decode.sh").to_str());
    let boss = admin(&instance, "boss");
    let picture = coded(&noise(300, 300), ImageFormat::Png);
    let small = coded(&corners(8, 8), ImageFormat::Png);
    std::thread::scope(|scope| {
        for number in 0..3 {
            let (boss, picture, small) = (&boss, &picture, &small);
            scope.spawn(move || boss.uploads(picture).ok());
            scope.spawn(move || emoji(boss, &format!("e_{number}"), small).ok());
        }
        scope.spawn(|| profile(&boss, &picture).ok());
    });
    assert_eq!(std::fs::read_to_string(at("runs")).unwrap().lines().count(), 8);
    assert!(!at("overlap").exists());
}
