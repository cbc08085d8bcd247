//! Uploads: what is taken, what becomes of it, how it is served.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use dassie::clock::{Clock, DAY};
use dassie::config::Size;
use image::{DynamicImage, ImageFormat, Rgba, RgbaImage};
use serde_json::{Value, json};

use super::{id, token};
use crate::support::picture::{Part, announced, coded, corners, form, moving, noise, photo};
use crate::support::{Answer, Instance, Options, Person, Request, eventually};

/// The stored files, without those that are being received.
fn files(instance: &Instance) -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() { walk(&path, found) } else { found.push(path) }
        }
    }
    let mut found = Vec::new();
    walk(&instance.folder.path().join("data/media"), &mut found);
    found
}

pub(crate) fn file_count(instance: &Instance) -> usize {
    files(instance).len()
}

/// The file that an attachment's address leads to.
pub(crate) fn fetch(url: &Value) -> Answer {
    Request::new("GET", url.as_str().unwrap()).send()
}

fn has(data: &[u8], what: &str) -> bool {
    data.windows(what.len()).any(|part| part.eq_ignore_ascii_case(what.as_bytes()))
}

#[test]
fn s_097_s_105_s_112_each_kind_is_taken_and_served() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let clear = DynamicImage::ImageRgba8(RgbaImage::from_pixel(20, 10, Rgba([9, 8, 7, 100])));
    for (data, media_type, ending) in [
        (coded(&corners(40, 20), ImageFormat::Jpeg), "image/jpeg", ".jpg"),
        (coded(&corners(40, 20), ImageFormat::Png), "image/png", ".png"),
        (coded(&clear, ImageFormat::Png), "image/png", ".png"),
        (coded(&clear, ImageFormat::WebP), "image/webp", ".webp"),
        (moving(40, 20), "image/gif", ".gif"),
    ] {
        let answer = form(
            ann.request("POST", "/api/v1/media"),
            &[
                Part::Text("description", "  four corners "),
                Part::Text("focus", "-0.5,2"),
                Part::File("file", "my-holiday.html", &data),
            ],
        );
        let media = answer.send().ok();
        assert_eq!(media["type"], "image");
        assert_eq!(media["description"], "four corners");
        assert_eq!(media["meta"]["focus"], json!({"x": -0.5, "y": 1.0}));
        assert_eq!(
            media["meta"]["original"]["width"].as_i64().unwrap() / 2,
            media["meta"]["original"]["height"].as_i64().unwrap()
        );
        assert_eq!(media["meta"]["original"]["aspect"], 2.0);
        assert_eq!(media["meta"]["small"], media["meta"]["original"]);
        assert!(media["blurhash"].as_str().unwrap().len() > 6);
        assert_eq!(media["preview_url"], media["url"]);
        for null in ["remote_url", "preview_remote_url", "text_url"] {
            assert!(media.get(null).is_some_and(Value::is_null), "{null}");
        }
        assert!(media["url"].as_str().unwrap().ends_with(ending), "{media}");
        assert!(!media.to_string().contains("my-holiday"), "{media}");
        let served = fetch(&media["url"]);
        assert_eq!(served.status, 200);
        assert_eq!(served.header("content-type"), Some(media_type));
        assert_eq!(served.header("content-length"), Some(served.body.len().to_string().as_str()));
        image::load_from_memory(&served.body).unwrap();
    }
    let stored = files(&instance);
    assert_eq!(stored.len(), 5, "nothing is left in the folder of what is received");
    for name in ["data/dassie.db", "data/dassie.db-wal"] {
        let bytes = std::fs::read(instance.folder.path().join(name)).unwrap_or_default();
        assert!(!has(&bytes, "my-holiday"), "the name that it had is kept in {name}");
    }
    for path in stored {
        assert!(!path.to_str().unwrap().contains("my-holiday"));
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        assert_eq!(mode(path.parent().unwrap()), 0o700);
    }
}

#[test]
fn images_are_turned_upright() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    for orientation in 1..=8_u8 {
        let media = ann.uploads(&photo(&corners(64, 32), orientation, &[])).ok();
        let meta = &media["meta"]["original"];
        let size = (meta["width"].as_i64().unwrap(), meta["height"].as_i64().unwrap());
        assert_eq!(size, if orientation < 5 { (64, 32) } else { (32, 64) }, "{orientation}");
        let image = image::load_from_memory(&fetch(&media["url"]).body).unwrap().into_rgb8();
        let name = |x: u32, y: u32| {
            let [r, g, b] = image.get_pixel(x, y).0.map(|c| c > 128);
            match (r, g, b) {
                (true, false, false) => 'r',
                (false, true, false) => 'g',
                (false, false, true) => 'b',
                _ => 'w',
            }
        };
        let (w, h) = image.dimensions();
        let seen: String = [(4, 4), (w - 4, 4), (4, h - 4), (w - 4, h - 4)]
            .iter()
            .map(|p| name(p.0, p.1))
            .collect();
        let meant = ["rgbw", "grwb", "wbgr", "bwrg", "rbgw", "brwg", "wgbr", "gwrb"];
        assert_eq!(seen, meant[usize::from(orientation) - 1], "orientation {orientation}");
    }
}

#[test]
fn s_096_s_106_nothing_but_the_picture_is_left() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let profile = moxcms::ColorProfile::new_display_p3().encode().unwrap();
    let flat =
        DynamicImage::ImageRgb8(image::RgbImage::from_pixel(32, 32, image::Rgb([200, 60, 60])));
    let media = ann.uploads(&photo(&flat, 1, &profile)).ok();
    let body = fetch(&media["url"]).body;
    for what in ["exif", "gps", "icc_profile", "xmp", "secret", "script", "hidden", "PK\u{3}"] {
        assert!(!has(&body, what), "{what}");
    }
    assert_eq!(&body[body.len() - 2..], [0xff, 0xd9]);
    // the profile is gone, and its colours are what they were
    let [r, g, _] = image::load_from_memory(&body).unwrap().into_rgb8().get_pixel(16, 16).0;
    assert!(r > 210 && g < 55, "{r} {g}");

    let mut png = coded(&corners(30, 30), ImageFormat::Png);
    png.extend_from_slice(b"<html><script>alert(1)</script>");
    let body = fetch(&ann.uploads(&png).ok()["url"]).body;
    assert!(!has(&body, "script"));

    let mut gif = moving(8, 8);
    gif.extend_from_slice(b"PK\x03\x04 hidden");
    let at = gif.windows(5).position(|part| part == b"\x21\xff\x0bNE").unwrap();
    gif.splice(at..at, b"\x21\xfe\x06secret\0".iter().copied());
    let body = fetch(&ann.uploads(&gif).ok()["url"]).body;
    assert!(!has(&body, "secret") && !has(&body, "hidden"));
    let decoder = image::codecs::gif::GifDecoder::new(std::io::Cursor::new(&body)).unwrap();
    assert_eq!(image::AnimationDecoder::into_frames(decoder).count(), 2, "it still moves");
}

#[test]
fn s_105_what_is_no_image_is_refused() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let mut cut = coded(&noise(60, 60), ImageFormat::Png);
    cut.truncate(cut.len() / 2);
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>".as_slice();
    for (data, what) in [
        (b"<!doctype html><script>alert(1)</script>".as_slice(), "html"),
        (svg, "svg"),
        (b"%PDF-1.7".as_slice(), "pdf"),
        (b"PK\x03\x04".as_slice(), "zip"),
        (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd".as_slice(), "a playlist"),
        (b"\x89PNG\r\n\x1a\n<html>".as_slice(), "png in name only"),
        (b"\xff\xd8\xff\xe0".as_slice(), "jpeg in name only"),
        (b"GIF89a;".as_slice(), "gif in name only"),
        (b"RIFF\x04\0\0\0WEBP".as_slice(), "webp in name only"),
        (&cut, "half a png"),
    ] {
        let answer = ann.uploads(data);
        assert_eq!(answer.status, 422, "{what}: {}", answer.text());
        let error = answer.json()["error"].as_str().unwrap().to_owned();
        assert!(error.starts_with("Validation failed: "), "{error}");
    }
    instance.settle();
    assert_eq!(file_count(&instance), 0);
    // empty, missing, a text instead of a file
    for request in [
        form(ann.request("POST", "/api/v2/media"), &[Part::File("file", "a.png", b"")]),
        form(ann.request("POST", "/api/v2/media"), &[Part::Text("file", "x")]),
        ann.request("POST", "/api/v2/media").json(&json!({"file": "x"})),
        form(ann.request("POST", "/api/v2/media"), &[Part::Text("description", "x")]),
    ] {
        assert_eq!(request.send().status, 422);
    }
}

#[test]
fn s_107_bombs_are_refused_at_once() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let mut frames = moving(1, 1);
    frames.pop();
    let one = b"\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0";
    (0..100_000).for_each(|_| frames.extend_from_slice(one));
    for (data, what) in [
        (announced(65_000, 65_000), "a huge png"),
        (announced(16_000, 16_000), "too many pixels"),
        (announced(20_000, 1), "too long a side"),
        (frames, "too many frames"),
    ] {
        let since = Instant::now();
        let answer = ann.uploads(&data);
        assert_eq!(answer.status, 422, "{what}: {}", answer.text());
        assert!(since.elapsed() < Duration::from_secs(10), "{what} took {:?}", since.elapsed());
    }
    assert_eq!(ann.get("/api/v1/accounts/verify_credentials")["username"], "ann");
}

#[test]
fn s_113_limits_hold() {
    let instance = Instance::with(Options {
        configure: Some(|config| {
            config.limits.max_image_bytes = 10_000;
            config.limits.max_uploads_per_day = 2;
            config.limits.max_description_characters = 5;
            config.limits.max_image_pixels = 10_000;
        }),
        ..Options::default()
    });
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let shown = instance.get("/api/v2/instance").ok();
    let limits = &shown["configuration"]["media_attachments"];
    assert_eq!(limits["image_size_limit"], 10_000);
    assert_eq!(limits["image_matrix_limit"], 10_000);
    assert_eq!(limits["description_limit"], 5);
    assert!(limits["supported_mime_types"].as_array().unwrap().contains(&json!("image/webp")));
    assert_eq!(shown["configuration"]["statuses"]["max_media_attachments"], 4);
    assert_eq!(ann.uploads(&coded(&noise(90, 90), ImageFormat::Png)).status, 422);
    assert_eq!(file_count(&instance), 0, "what was too large is not kept");
    let small = coded(&corners(8, 8), ImageFormat::Png);
    let long = form(
        ann.request("POST", "/api/v2/media"),
        &[Part::Text("description", "123456"), Part::File("file", "a.png", &small)],
    );
    assert_eq!(long.send().status, 422);
    assert_eq!(file_count(&instance), 0);
    // counted, though it is refused when it is decoded
    assert_eq!(ann.uploads(&coded(&corners(200, 200), ImageFormat::Png)).status, 422);
    ann.uploads(&small).ok();
    let refused = ann.uploads(&small);
    assert_eq!(refused.status, 429);
    assert!(refused.header("retry-after").is_some());
    bob.uploads(&small).ok();
}

#[test]
fn s_113_a_full_disk_takes_no_uploads() {
    let instance = Instance::with(Options {
        configure: Some(|config| config.media.min_free_disk = Size(1 << 60)),
        ..Options::default()
    });
    let ann = instance.person("ann");
    let refused = ann.uploads(&coded(&corners(8, 8), ImageFormat::Png));
    assert_eq!(refused.status, 503, "{}", refused.text());
    ann.writes("the database goes on", "public");
}

#[test]
fn s_115_a_large_image_has_a_preview_of_few_pixels() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let media = ann.uploads(&coded(&noise(1000, 500), ImageFormat::Png)).ok();
    assert_ne!(media["preview_url"], media["url"]);
    let preview = fetch(&media["preview_url"]);
    assert_eq!(preview.header("content-type"), Some("image/jpeg"));
    let image = image::load_from_memory(&preview.body).unwrap();
    assert!(image.width() * image.height() <= 640 * 361 && image.width() > 600);
    assert_eq!(media["meta"]["small"]["width"], image.width());
    assert_eq!(media["meta"]["original"]["size"], "1000x500");
    // and another one, if its owner likes that better
    let path = format!("/api/v1/media/{}", id(&media));
    let thumbnail = coded(&corners(50, 50), ImageFormat::Png);
    let request = form(ann.request("PUT", &path), &[Part::File("thumbnail", "t", &thumbnail)]);
    let changed = request.send().ok();
    assert_eq!(changed["meta"]["small"]["size"], "50x50");
    assert_eq!(changed["url"], media["url"]);
    assert_eq!(fetch(&changed["preview_url"]).status, 200);
    instance.settle();
    eventually("the old preview is gone", || {
        (fetch(&media["preview_url"]).status == 404).then_some(())
    });
    assert_eq!(file_count(&instance), 2);
}

#[test]
fn s_082_uploads_are_their_owners_alone() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let upload = ann.picture();
    let path = format!("/api/v1/media/{upload}");
    for method in ["GET", "PUT", "DELETE"] {
        let request = bob.request(method, &path);
        let request =
            if method == "PUT" { request.json(&json!({"description": "x"})) } else { request };
        assert_eq!(request.send().status, 404, "{method}");
        assert_eq!(ann.request(method, "/api/v1/media/5").send().status, 404);
        assert_eq!(ann.request(method, "/api/v1/media/x").send().status, 404);
    }
    let narrow = token(&instance, Some(&ann), "write:statuses");
    let answer = Request::new("GET", format!("{}{path}", instance.base))
        .header("authorization", format!("Bearer {narrow}"))
        .send();
    assert_eq!(answer.status, 403);
    let put = |body: Value| ann.request("PUT", &path).json(&body).send();
    assert_eq!(put(json!({"description": "new", "focus": "0.1,0.2"})).ok()["description"], "new");
    assert_eq!(ann.get(&path)["meta"]["focus"], json!({"x": 0.1, "y": 0.2}));
    assert_eq!(ann.get(&path.replace("v1", "v2"))["description"], "new");
    assert!(put(json!({"description": ""})).ok()["description"].is_null());
    for bad in [
        json!({"focus": "a,b"}),
        json!({"focus": "1"}),
        json!({"focus": "NaN,0"}),
        json!({"focus": {"x": 1}}),
        json!({"description": ["x"]}),
        json!({"description": "x".repeat(1501)}),
    ] {
        assert_eq!(put(bad.clone()).status, 422, "{bad}");
    }
    assert_eq!(ann.delete(&path), json!({}));
    assert_eq!(ann.request("GET", &path).send().status, 404);
    instance.settle();
    eventually("its file is gone", || (file_count(&instance) == 0).then_some(()));
}

#[test]
fn s_109_s_114_files_are_served_with_care() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let media = ann.get(&format!("/api/v1/media/{}", ann.picture()));
    let url = media["url"].as_str().unwrap().to_owned();
    let with = |method: &'static str, name: &str, value: &str| {
        Request::new(method, &url).header(name, value).send()
    };
    let whole = with("GET", "accept", "application/activity+json");
    for (name, value) in [
        ("content-type", "image/png"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'; sandbox"),
        ("cache-control", "public, max-age=31536000, immutable"),
        ("content-disposition", "inline"),
        ("accept-ranges", "bytes"),
        ("access-control-allow-origin", "*"),
        ("cross-origin-resource-policy", "cross-origin"),
    ] {
        assert_eq!(whole.header(name), Some(value), "{name}");
    }
    let size = whole.body.len();
    let head = with("HEAD", "accept", "*/*");
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), Some(size.to_string().as_str()));
    let tag = whole.header("etag").unwrap().to_owned();
    let fresh = with("GET", "if-none-match", &tag);
    assert_eq!((fresh.status, fresh.body.len()), (304, 0));
    let packed = with("GET", "accept-encoding", "gzip");
    assert_eq!(packed.body, whole.body);

    let part = with("GET", "range", "bytes=2-5");
    assert_eq!((part.status, part.body.as_slice()), (206, &whole.body[2..6]));
    assert_eq!(part.header("content-range"), Some(format!("bytes 2-5/{size}").as_str()));
    let last = with("GET", "range", "bytes=-4");
    assert_eq!((last.status, last.body.as_slice()), (206, &whole.body[size - 4..]));
    let many = with("GET", "range", &format!("bytes={}0-1", "0-1,".repeat(1000)));
    assert_eq!((many.status, many.body.len()), (200, size));
    let beyond = with("GET", "range", &format!("bytes={size}-"));
    assert_eq!(beyond.status, 416);
    assert_eq!(beyond.header("content-range"), Some(format!("bytes */{size}").as_str()));
    let other = Request::new("GET", &url).header("range", "bytes=0-1").header("if-range", "\"x\"");
    assert_eq!(other.send().status, 200);
}

#[test]
fn s_095_s_111_no_path_leads_elsewhere() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let media = ann.get(&format!("/api/v1/media/{}", ann.picture()));
    let url = media["url"].as_str().unwrap();
    // the same picture for followers: its address tells nothing of the status, and is no guess
    let hidden = ann.picture();
    let status = json!({"status": "x", "visibility": "private", "media_ids": [hidden]});
    let status = ann.post("/api/v1/statuses", status);
    let private = status["media_attachments"][0]["url"].as_str().unwrap();
    let stem = |url: &str| url.rsplit('/').next().unwrap().split('.').next().unwrap().to_owned();
    assert_ne!(stem(private), stem(url));
    for url in [private, url] {
        let stem = stem(url);
        assert!(stem.len() >= 22 && stem.bytes().all(|b| b.is_ascii_alphanumeric()), "{url}");
        assert!(!url.contains(&hidden) && !url.contains(&id(&status)), "{url}");
    }
    let shelves = private.strip_prefix(&instance.base).unwrap();
    for (end, _) in shelves.match_indices('/').skip(1) {
        assert_eq!(instance.get(&shelves[..=end]).status, 404, "no list of {}", &shelves[..=end]);
    }
    let (folder, name) = url.rsplit_once('/').unwrap();
    let below = url.strip_prefix(&instance.base).unwrap();
    for path in [
        "/media/".to_owned(),
        "/media/../dassie.db".into(),
        "/media/..%2f..%2fdassie.db".into(),
        "/media/ab/cd/..%2f..%2f..%2fdassie.db".into(),
        "/media/%2e%2e/%2e%2e/dassie.db".into(),
        format!("{below}%00"),
        format!("{below}/"),
        format!("{below}.html"),
        format!("/media/00/00/{name}"),
        format!("/media/tmp/{name}"),
        format!("/media//etc/passwd/{name}"),
        "/media/ab/cd/con.jpg".into(),
        format!("/media/ab/cd/{}.jpg", "a".repeat(5000)),
        below.to_uppercase().replace("/MEDIA", "/media"),
    ] {
        let answer = instance.get(&path);
        let slash = path.ends_with('/') && path.len() > 10;
        // a slash at the end is taken off before anything else, everywhere
        assert!(
            answer.status == 404 || (slash && answer.status == 200),
            "{path}: {}",
            answer.status
        );
    }
    // not even through a link that somebody put there
    let target = files(&instance).pop().unwrap();
    let wanted = target.with_file_name(name.replace(".png", ".gif"));
    std::os::unix::fs::symlink("/etc/passwd", &wanted).unwrap();
    let linked = format!("{folder}/{}", name.replace(".png", ".gif"));
    assert_eq!(Request::new("GET", linked).send().status, 404);
}

#[test]
fn loose_uploads_go_after_a_day() {
    let clock = Clock::manual(1_767_323_045_678);
    let instance = Instance::with(Options { clock: clock.clone(), configure: None });
    let ann = instance.person("ann");
    let (kept, loose) = (ann.picture(), ann.picture());
    ann.post("/api/v1/statuses", json!({"media_ids": [kept]}));
    instance.advance(DAY - 3_600_000);
    instance.settle();
    assert_eq!(ann.request("GET", &format!("/api/v1/media/{loose}")).send().status, 200);
    instance.advance(2 * 3_600_000);
    eventually("the loose one is gone", || {
        let answer = ann.request("GET", &format!("/api/v1/media/{loose}")).send();
        (answer.status == 404).then_some(())
    });
    eventually("its file too", || (file_count(&instance) == 1).then_some(()));
}

/// A program that takes its time, in the place of the one that decodes.
fn slow(folder: &Path) -> String {
    let path = folder.join("slow.sh");
    std::fs::write(&path, "#!/bin/sh\nexec sleep 600\n").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn an_upload_that_is_cut_off_is_done_after_the_next_start() {
    let folder = crate::support::TempDir::new();
    let mut instance = Instance::with_decoder(Options::default(), Some(&slow(folder.path())));
    let ann: Person = instance.person("ann");
    let picture = coded(&corners(16, 16), ImageFormat::Png);
    let file = [Part::File("file", "a.png", &picture)];
    let answer = form(ann.request("POST", "/api/v2/media"), &file).send();
    assert_eq!(answer.status, 202, "{}", answer.text());
    let media = answer.json();
    assert!(media["url"].is_null() && media["preview_url"].is_null());
    let path = format!("/api/v1/media/{}", id(&media));
    let waiting = ann.request("GET", &path).send();
    assert_eq!((waiting.status, waiting.json()["url"].is_null()), (206, true));
    let early = ann.request("POST", "/api/v1/statuses").json(&json!({"media_ids": [id(&media)]}));
    let early = early.send();
    assert_eq!(early.status, 422);
    assert!(early.text().contains("have not finished processing"), "{}", early.text());
    let since = Instant::now();
    instance.start_again();
    assert!(since.elapsed() < Duration::from_secs(10), "the decoder held the end up");
    let media = eventually("it is done", || {
        let answer = ann.request("GET", &path).send();
        (answer.status == 200).then(|| answer.json())
    });
    assert_eq!(fetch(&media["url"]).status, 200);
    assert_eq!(file_count(&instance), 1);
    ann.post("/api/v1/statuses", json!({"media_ids": [id(&media)]}));
}

#[test]
fn a_decoder_that_breaks_breaks_nothing_else() {
    let instance = Instance::with_decoder(Options::default(), Some("/bin/false"));
    let ann = instance.person("ann");
    let answer = ann.uploads(&coded(&corners(16, 16), ImageFormat::Png));
    assert_eq!(answer.status, 422);
    assert!(answer.text().contains("could not be decoded"), "{}", answer.text());
    instance.settle();
    assert_eq!(file_count(&instance), 0);
}
