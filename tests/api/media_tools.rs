//! Uploads that take a program of the host: HEIC and AVIF.

use std::path::PathBuf;

use dassie::config::Config;
use image::GenericImageView;
use serde_json::{Value, json};

use super::media::{fetch, file_count};
use crate::media::fake::{fixture, program};
use crate::support::picture::{Part, form};
use crate::support::{Instance, Options, Request};

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
