//! Uploads that take a program of the host: HEIC and AVIF, HEVC, stills of videos.

use std::path::PathBuf;

use dassie::config::{Config, Program};
use image::{GenericImageView, ImageFormat};
use serde_json::{Value, json};

use super::media::{fetch, file_count};
use crate::media::fake::{fixture, program};
use crate::media::real_tools::found;
use crate::support::picture::{Part, coded, corners, form};
use crate::support::{Instance, Options, Request, eventually};

fn with(configure: fn(&mut Config)) -> Instance {
    Instance::with(Options { configure: Some(configure), ..Options::default() })
}

fn file(name: &str) -> Vec<u8> {
    std::fs::read(fixture(name)).unwrap()
}

fn offered(instance: &Instance) -> Vec<Value> {
    let mut all = Vec::new();
    for path in ["/api/v1/instance", "/api/v2/instance"] {
        let shown = instance.get(path).ok();
        let types = shown["configuration"]["media_attachments"]["supported_mime_types"].clone();
        all = types.as_array().unwrap().clone();
    }
    all
}

/// Where the fake program of this instance is.
fn tool(config: &Config) -> PathBuf {
    config.storage.data_dir.with_file_name("tool")
}

#[test]
fn s_105_without_a_program_heic_and_avif_are_refused_with_a_sentence() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    for (name, what) in [("grid.heic", "HEIC"), ("clear.avif", "AVIF")] {
        let answer = ann.uploads(&file(name));
        assert_eq!(answer.status, 422, "{}", answer.text());
        let error = answer.json()["error"].as_str().unwrap().to_owned();
        assert!(error.starts_with("Validation failed: ") && error.contains(what), "{error}");
        assert!(error.contains("image/jpeg"), "it says what may be sent: {error}");
    }
    let types = offered(&instance);
    assert!(types.contains(&json!("image/jpeg")));
    assert!(!types.contains(&json!("image/heic")) && !types.contains(&json!("image/avif")));
    assert_eq!(file_count(&instance), 0);
}

#[test]
fn s_105_s_106_a_program_makes_pictures_of_heic_for_posts_and_avatars() {
    let instance = with(|config| {
        let works = "cp \"$here/picture\" \"$out\"";
        config.media.heif_convert = program(&tool(config), works);
    });
    let ann = instance.person("ann");
    let types = offered(&instance);
    for kind in ["image/heic", "image/heif", "image/avif", "image/jpeg"] {
        assert!(types.contains(&json!(kind)), "{kind}: {types:?}");
    }
    let media = ann.uploads(&file("grid.heic")).ok();
    assert_eq!(media["type"], "image");
    assert_eq!(media["meta"]["original"]["size"], "128x128");
    assert!(media["url"].as_str().unwrap().ends_with(".jpg"));
    let served = fetch(&media["url"]);
    assert_eq!(served.header("content-type"), Some("image/jpeg"));
    assert_eq!(file_count(&instance), 1, "nothing is left of what it was made of");
    let request = ann.request("PATCH", "/api/v1/accounts/update_credentials");
    let changed = form(request, &[Part::File("avatar", "a.heic", &file("grid.heic"))]).send().ok();
    let avatar = Request::new("GET", changed["avatar"].as_str().unwrap()).send();
    assert_eq!(image::load_from_memory(&avatar.body).unwrap().dimensions(), (128, 128));
    assert_eq!(file_count(&instance), 2);
}

#[test]
fn a_program_that_fails_is_a_refusal_and_leaves_nothing() {
    let instance = with(|config| {
        let fails = "echo half > \"$out\"; echo 'no such thing' >&2; exit 3";
        config.media.heif_convert = program(&tool(config), fails);
    });
    let ann = instance.person("ann");
    let answer = ann.uploads(&file("grid.heic"));
    assert_eq!(answer.status, 422, "{}", answer.text());
    let error = answer.json()["error"].as_str().unwrap().to_owned();
    assert!(!error.contains("no such thing"), "what a program says is for the log: {error}");
    instance.settle();
    assert_eq!(file_count(&instance), 0);
    // and others go on
    ann.picture();
}

#[test]
fn s_107_a_heic_bomb_reaches_no_program() {
    let instance = with(|config| {
        let works = "echo ran >> \"$here/ran\"; cp \"$here/picture\" \"$out\"";
        config.media.heif_convert = program(&tool(config), works);
    });
    let ann = instance.person("ann");
    let mut huge = file("grid.heic");
    let at = huge.windows(8).position(|part| part == b"\0\0\0\x80\0\0\0\x80").unwrap();
    huge[at..at + 8].copy_from_slice(b"\0\0\x40\0\0\0\x40\0");
    assert_eq!(ann.uploads(&huge).status, 422);
    assert!(!instance.folder.path().join("tool/ran").exists());
    ann.uploads(&file("grid.heic")).ok();
    assert!(instance.folder.path().join("tool/ran").exists());
}

#[test]
fn s_108_a_playlist_is_refused_whatever_it_is_called() {
    let instance = with(|config| {
        config.media.ffmpeg = program(&tool(config), "cp \"$here/picture\" \"$out\"");
    });
    let ann = instance.person("ann");
    for playlist in [
        "#EXTM3U\n#EXTINF:10,\nhttp://127.0.0.1/\n#EXTINF:10,\n/etc/passwd\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile /etc/passwd\n",
    ] {
        let file = Part::File("file", "holiday.mp4", playlist.as_bytes());
        let answer = form(ann.request("POST", "/api/v2/media"), &[file]).send();
        assert_eq!(answer.status, 422, "{}", answer.text());
    }
    assert_eq!(file_count(&instance), 0);
}

/// With the programs of this machine.
fn with_real() -> Instance {
    with(|config| {
        config.media.ffmpeg = Program::Search;
        config.media.heif_convert = Program::Search;
    })
}

fn has(data: &[u8], what: &str) -> bool {
    data.windows(what.len()).any(|part| part == what.as_bytes())
}

#[test]
fn a_telephones_photo_is_uploaded() {
    if found(&["heif-dec", "heif-convert"]).is_none() {
        return;
    }
    let instance = with_real();
    let ann = instance.person("ann");
    if !offered(&instance).contains(&json!("image/heic")) {
        eprintln!("skipped: this libheif lacks a decoder");
        return;
    }
    let media = ann.uploads(&file("turned.heic")).ok();
    assert_eq!(media["type"], "image");
    assert_eq!(media["meta"]["original"]["size"], "64x128");
    assert!(media["blurhash"].is_string());
    assert_eq!(fetch(&media["url"]).header("content-type"), Some("image/jpeg"));
    assert_eq!(file_count(&instance), 1);
}

#[test]
fn a_video_has_a_still_unless_its_author_gave_one() {
    if found(&["ffmpeg"]).is_none() {
        return;
    }
    let instance = with_real();
    let ann = instance.person("ann");
    for name in ["still.mp4", "still.webm"] {
        let media = ann.uploads(&file(name)).ok();
        assert_eq!(media["type"], "video", "{media}");
        assert_eq!(media["meta"]["small"]["size"], "320x180", "{media}");
        assert!(media["blurhash"].is_string(), "{media}");
        let still = fetch(&media["preview_url"]);
        assert_eq!(still.header("content-type"), Some("image/jpeg"));
        assert_eq!(image::load_from_memory(&still.body).unwrap().dimensions(), (320, 180));
    }
    assert_eq!(file_count(&instance), 4, "two videos and two stills");
    let (video, own) = (file("still.mp4"), coded(&corners(64, 64), ImageFormat::Png));
    let parts = [Part::File("file", "a.mp4", &video), Part::File("thumbnail", "a.png", &own)];
    let media = form(ann.request("POST", "/api/v2/media"), &parts).send().ok();
    assert_eq!(media["meta"]["small"]["size"], "64x64", "{media}");
    eventually("the still goes", || (file_count(&instance) == 6).then_some(()));
}

#[test]
fn a_telephones_video_becomes_h264() {
    if found(&["ffmpeg"]).is_none() {
        return;
    }
    let instance = with_real();
    if !instance.app.media.converts_video() {
        eprintln!("skipped: this ffmpeg converts nothing");
        return;
    }
    let ann = instance.person("ann");
    let media = ann.request("POST", "/api/v1/media");
    let video = file("telephone.mov");
    let media = form(media, &[Part::File("file", "a.mov", &video)]).send().ok();
    assert_eq!(media["type"], "video", "{media}");
    assert_eq!(media["meta"]["original"]["size"], "180x320", "{media}");
    assert_eq!(media["meta"]["small"]["size"], "180x320", "{media}");
    let served = fetch(&media["url"]);
    assert_eq!(served.header("content-type"), Some("video/mp4"));
    assert!(has(&served.body, "avc1") && !has(&served.body, "hvc1"));
    for what in ["52.52", "Lavf", "udta"] {
        assert!(!has(&served.body, what), "{what}");
    }
    assert_eq!(file_count(&instance), 2, "nothing is left of the conversion");
}

#[test]
fn a_video_that_cannot_be_converted_is_refused_and_leaves_nothing() {
    let instance = with(|config| {
        let fails = "echo half > \"$out\"; exit 3";
        config.media.ffmpeg = program(&tool(config), fails);
    });
    let ann = instance.person("ann");
    let answer = ann.uploads(&file("telephone.mov"));
    assert_eq!(answer.status, 422, "{}", answer.text());
    assert!(answer.text().contains("could not be converted"), "{}", answer.text());
    instance.settle();
    assert_eq!(file_count(&instance), 0);
    // one that browsers play does without a still
    let media = ann.uploads(&file("still.mp4")).ok();
    assert!(media["preview_url"].is_null(), "{media}");
    assert_eq!(file_count(&instance), 1);
}

#[test]
fn s_105_a_heic_file_is_no_larger_than_a_picture_may_be() {
    let instance = with(|config| {
        config.limits.max_image_bytes = 4096;
        let works = "cp \"$here/picture\" \"$out\"";
        config.media.heif_convert = program(&tool(config), works);
    });
    let ann = instance.person("ann");
    let mut large = file("grid.heic");
    large.resize(5000, 0);
    let answer = ann.uploads(&large);
    assert_eq!(answer.status, 422, "{}", answer.text());
    assert!(answer.text().contains("4096"), "{}", answer.text());
    assert_eq!(file_count(&instance), 0);
}
