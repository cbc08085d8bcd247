//! Uploads that are played: videos and sounds. The files are real ones, made by
//! `tests/fixtures/media/make.sh`.

use image::ImageFormat;
use serde_json::{Value, json};

use super::id;
use super::media::{fetch, file_count};
use crate::support::picture::{Part, coded, corners, form, noise};
use crate::support::{Instance, Options, Person, Request};

const PHONE: &[u8] = include_bytes!("../fixtures/media/phone.mov");
const FILM: &[u8] = include_bytes!("../fixtures/media/film.mp4");
const FRAGMENTS: &[u8] = include_bytes!("../fixtures/media/fragments.mp4");
const SILENT: &[u8] = include_bytes!("../fixtures/media/silent.mp4");
const HEVC: &[u8] = include_bytes!("../fixtures/media/hevc.mp4");
const SOUND: &[u8] = include_bytes!("../fixtures/media/sound.m4a");
const WEBM: &[u8] = include_bytes!("../fixtures/media/film.webm");
const VORBIS: &[u8] = include_bytes!("../fixtures/media/vorbis.webm");
const LIVE: &[u8] = include_bytes!("../fixtures/media/live.webm");
const WEBA: &[u8] = include_bytes!("../fixtures/media/sound.webm");
const OTHER: &[u8] = include_bytes!("../fixtures/media/other.mkv");

fn has(data: &[u8], what: &str) -> bool {
    data.windows(what.len()).any(|part| part == what.as_bytes())
}

/// Uploads a file and answers its id.
fn taken(person: &Person, data: &[u8]) -> String {
    id(&person.uploads(data).ok())
}

fn posts(person: &Person, media: &[&str]) -> crate::support::Answer {
    let body = json!({"status": "x", "media_ids": media});
    person.request("POST", "/api/v1/statuses").json(&body).send()
}

#[test]
fn s_097_s_105_s_109_each_kind_is_taken_and_served() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    for (data, kind, media_type, ending) in [
        (PHONE, "video", "video/mp4", ".mp4"),
        (FILM, "video", "video/mp4", ".mp4"),
        (FRAGMENTS, "video", "video/mp4", ".mp4"),
        (SILENT, "gifv", "video/mp4", ".mp4"),
        (SOUND, "audio", "audio/mp4", ".m4a"),
        (WEBM, "video", "video/webm", ".webm"),
        (VORBIS, "video", "video/webm", ".webm"),
        (LIVE, "video", "video/webm", ".webm"),
        (WEBA, "audio", "audio/webm", ".weba"),
    ] {
        let media = ann.uploads(data).ok();
        let url = media["url"].as_str().unwrap();
        assert!(media["type"] == kind && url.ends_with(ending), "{media}");
        let original = &media["meta"]["original"];
        let seconds = original["duration"].as_f64().unwrap();
        assert!((0.9..1.2).contains(&seconds), "{media}");
        assert!(original["bitrate"].as_i64().unwrap() > 1000, "{media}");
        assert_eq!(media["meta"]["duration"], seconds);
        assert!(media["meta"]["length"].as_str().unwrap().starts_with("0:00:0"), "{media}");
        let (sides, rate) = (original["size"].as_str(), original["frame_rate"].as_str());
        if kind == "audio" {
            assert_eq!((sides, rate), (None, None), "{media}");
        } else {
            // the phone was held upright
            assert_eq!(sides, Some(if data == PHONE { "64x96" } else { "96x64" }));
            let (count, ticks) = rate.unwrap().split_once('/').unwrap();
            let rate = count.parse::<f64>().unwrap() / ticks.parse::<f64>().unwrap();
            assert!((14.9..15.1).contains(&rate), "{media}");
            assert_eq!(media["meta"]["fps"], 15);
        }
        assert_eq!(media["meta"]["audio_channels"].as_str(), (kind != "gifv").then_some("mono"));
        if data == SOUND {
            // the cover of the song
            assert_eq!(media["meta"]["small"]["size"], "32x32", "{media}");
            assert_eq!(fetch(&media["preview_url"]).header("content-type"), Some("image/jpeg"));
        } else {
            // there is no picture of it
            assert!(media["preview_url"].is_null() && media["blurhash"].is_null(), "{media}");
            assert!(media["meta"].get("small").is_none(), "{media}");
        }
        let served = fetch(&media["url"]);
        assert_eq!((served.status, served.header("content-type")), (200, Some(media_type)));
        assert_eq!(served.header("x-content-type-options"), Some("nosniff"));
        let policy = served.header("content-security-policy");
        // a browser that opens it may play it, and nothing else
        assert_eq!(policy, Some("default-src 'none'; media-src 'self'; sandbox"));
        let part = Request::new("GET", url).header("range", "bytes=2-5").send();
        assert_eq!((part.status, part.body.as_slice()), (206, &served.body[2..6]));
        // what is served is taken again, and stays as it is
        let again = ann.uploads(&served.body).ok();
        assert_eq!(fetch(&again["url"]).body, served.body);
    }
    assert_eq!(file_count(&instance), 19, "nothing is left in the folder of what is received");
}

#[test]
fn s_096_s_106_nothing_tells_where_when_and_with_what() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    for data in [PHONE, FILM, FRAGMENTS, SILENT, SOUND, WEBM, VORBIS, LIVE, WEBA] {
        assert!(has(data, "secret") && has(data, "Lavf"));
        let mut data = data.to_vec();
        // and what a polyglot has behind its end
        if data.starts_with(b"\0\0\0") {
            data.extend_from_slice(b"\0\0\0\x17free<script>PK\x03\x04hid");
        }
        let body = fetch(&ann.uploads(&data).ok()["url"]).body;
        for what in ["secret", "52.52", "Lavf", "udta", "tmcd", "script", "PK\u{3}", "hid"] {
            assert!(!has(&body, what), "{what}");
        }
    }
}

#[test]
fn s_105_s_108_what_cannot_be_played_is_refused() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let ftyp = b"\0\0\0\x10ftypisom\0\0\0\0".as_slice();
    let list = b"\n#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1/\nfile:///etc/passwd".as_slice();
    for (data, says) in [
        (HEVC.to_vec(), "HEVC"),
        (OTHER.to_vec(), "contents that are not supported"),
        (FILM[..FILM.len() - 700].to_vec(), "damaged"),
        (FILM[..3000].to_vec(), "is not whole"),
        (LIVE[..300].to_vec(), ""),
        ([ftyp, list].concat(), ""),
        ([ftyp, b"\0\0\0\x08moov"].concat(), "damaged"),
        ([ftyp, &b"\0\0\0\x08free".repeat(100_000)].concat(), "is not whole"),
        (b"OggS\0\x02".to_vec(), "contents that are not supported"),
        (b"\x1a\x45\xdf\xa3\x87\x42\x82\x84webm".to_vec(), "empty"),
    ] {
        let answer = ann.uploads(&data);
        assert_eq!(answer.status, 422, "{says}: {}", answer.text());
        assert!(answer.text().contains(says), "{says}: {}", answer.text());
    }
    instance.settle();
    assert_eq!(file_count(&instance), 0);
    // where a picture is wanted
    let request = |method, path: &str, name| {
        form(ann.request(method, path), &[Part::File(name, "a.png", FILM)]).send()
    };
    let avatar = request("PATCH", "/api/v1/accounts/update_credentials", "avatar");
    assert_eq!(avatar.status, 422, "{}", avatar.text());
    let path = format!("/api/v1/media/{}", ann.picture());
    assert_eq!(request("PUT", &path, "thumbnail").status, 422);
}

#[test]
fn s_113_each_kind_has_its_own_limit() {
    let instance = Instance::with(Options {
        configure: Some(|config| {
            config.limits.max_image_bytes = 3000;
            config.limits.max_video_bytes = 7000;
        }),
        ..Options::default()
    });
    let ann = instance.person("ann");
    let shown = instance.get("/api/v2/instance").ok();
    let limits = &shown["configuration"]["media_attachments"];
    assert_eq!(limits["video_size_limit"], 7000);
    assert_eq!(limits["video_matrix_limit"], 3840 * 2160);
    assert_eq!(limits["video_frame_rate_limit"], 120);
    let types = limits["supported_mime_types"].as_array().unwrap();
    for taken in ["image/png", "video/mp4", "video/quicktime", "video/webm", "audio/mp4"] {
        assert!(types.contains(&json!(taken)), "{taken}");
    }
    taken(&ann, FILM);
    let large = ann.uploads(PHONE);
    assert!(large.status == 422 && large.text().contains("smaller than 7000"), "{}", large.text());
    let picture = coded(&noise(40, 40), ImageFormat::Png);
    assert!((3000..7000).contains(&picture.len()));
    let large = ann.uploads(&picture);
    assert!(large.status == 422 && large.text().contains("smaller than 3000"), "{}", large.text());
    assert_eq!(file_count(&instance), 1);
}

#[test]
fn s_105_s_106_sounds_are_taken() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    for (data, media_type) in [
        (&include_bytes!("../fixtures/media/sound-vbr.mp3")[..], "audio/mpeg"),
        (include_bytes!("../fixtures/media/sound-mpeg25.mp3"), "audio/mpeg"),
        (include_bytes!("../fixtures/media/sound-vorbis.ogg"), "audio/ogg"),
        (include_bytes!("../fixtures/media/sound-opus.ogg"), "audio/ogg"),
        (include_bytes!("../fixtures/media/sound-tone.flac"), "audio/flac"),
        (include_bytes!("../fixtures/media/sound-pcm.wav"), "audio/wav"),
    ] {
        let media = ann.uploads(data).ok();
        assert_eq!(media["type"], "audio", "{media}");
        assert!(media["meta"]["original"]["duration"].as_f64().unwrap() > 0.1, "{media}");
        assert!(media["meta"]["audio_bitrate"].as_str().unwrap().ends_with(" Hz"), "{media}");
        let served = fetch(&media["url"]);
        assert_eq!((served.status, served.header("content-type")), (200, Some(media_type)));
        assert!(has(data, "Secret") && !has(&served.body, "Secret"));
        if !media["preview_url"].is_null() {
            let preview = fetch(&media["preview_url"]);
            assert!(preview.header("content-type").unwrap().starts_with("image/"));
        }
    }
    let types = &instance.get("/api/v2/instance").ok()["configuration"]["media_attachments"];
    let types = types["supported_mime_types"].as_array().unwrap();
    for taken in ["audio/mpeg", "audio/mp3", "audio/ogg", "audio/flac", "audio/x-wav"] {
        assert!(types.contains(&json!(taken)), "{taken}");
    }
}

#[test]
fn a_video_or_a_sound_stands_alone() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let (film, sound, picture) = (taken(&ann, FILM), taken(&ann, SOUND), ann.picture());
    for both in [[&film, &picture], [&sound, &picture], [&film, &sound]] {
        let answer = posts(&ann, &both.map(String::as_str));
        assert_eq!(answer.status, 422);
        let says = "Cannot attach a video to a post that already contains images";
        assert!(answer.text().contains(says), "{}", answer.text());
    }
    let written = posts(&ann, &[&film]).ok();
    assert_eq!(written["media_attachments"][0]["type"], "video");
    // nor is it put beside others by an edit
    let path = format!("/api/v1/statuses/{}", id(&written));
    let edit = json!({"status": "x", "media_ids": [film, picture]});
    assert_eq!(ann.request("PUT", &path).json(&edit).send().status, 422);
    posts(&ann, &[&sound]).ok();
    // those without sound are moving pictures
    let silent = taken(&ann, SILENT);
    let written = posts(&ann, &[&silent, &picture]).ok();
    assert_eq!(written["media_attachments"][0]["type"], "gifv");
    // a visitor plays it without a script
    let page = instance.get(&format!("/@ann/{}", id(&written)));
    assert!(page.header("content-security-policy").unwrap().contains("media-src 'self'"));
    let url = written["media_attachments"][0]["url"].as_str().unwrap();
    let player = format!("<video class=\"u-video\" src=\"{url}\"");
    assert!(page.text().contains(&player), "{}", page.text());
}

#[test]
fn f_293_others_are_told_what_there_is_to_play() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let thumbnail = coded(&corners(50, 40), ImageFormat::Png);
    let parts = [
        Part::Text("description", "a test picture"),
        Part::File("file", "holiday.mov", PHONE),
        Part::File("thumbnail", "t.png", &thumbnail),
    ];
    let media = form(ann.request("POST", "/api/v2/media"), &parts).send().ok();
    assert_eq!(media["meta"]["small"]["size"], "50x40");
    assert!(media["blurhash"].as_str().unwrap().len() > 6);
    assert_eq!(fetch(&media["preview_url"]).header("content-type"), Some("image/png"));
    // and another preview
    let path = format!("/api/v1/media/{}", id(&media));
    let other = coded(&corners(30, 20), ImageFormat::Png);
    let put = form(ann.request("PUT", &path), &[Part::File("thumbnail", "t", &other)]).send().ok();
    assert_eq!((&put["meta"]["small"]["size"], &put["type"]), (&json!("30x20"), &json!("video")));
    assert_eq!(put["meta"]["original"], media["meta"]["original"]);
    let written = posts(&ann, &[&id(&media)]).ok();
    let document = instance.activity(written["uri"].as_str().unwrap()).ok();
    let attachment = match &document["attachment"] {
        Value::Array(list) => &list[0],
        one => one,
    };
    assert_eq!(attachment["type"], "Document");
    assert_eq!(attachment["mediaType"], "video/mp4");
    assert_eq!(attachment["name"], "a test picture");
    assert_eq!((&attachment["width"], &attachment["height"]), (&json!(64), &json!(96)));
    assert_eq!(attachment["duration"], "PT1.000S");
    assert_eq!(attachment["icon"]["type"], "Image");
    assert_eq!(attachment["icon"]["url"], put["preview_url"]);
    assert_eq!(attachment["blurhash"], put["blurhash"]);
    assert_eq!(attachment["url"], put["url"]);
}
