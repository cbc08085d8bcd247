//! Smaller versions of large pictures and still ones of moving ones.

use image::ImageFormat;
use serde_json::json;

use super::cache::{World, at, fetch};
use crate::support::eventually;
use crate::support::picture::{coded, moving, noise};

#[test]
fn a_large_picture_is_shown_at_once_and_smaller_later() {
    let world = World::new();
    let picture = coded(&noise(900, 700), ImageFormat::Png);
    assert!(picture.len() > 300_000);
    let url = world.files.file("/a.png", "image/png", &picture);
    let media = world.shows(1, "image/png", &url);
    let first = fetch(&media["preview_url"]);
    assert!(first.status == 200 && first.body == picture);
    assert_eq!(first.header("cache-control"), Some("public, max-age=600"), "it stands in");
    let small = eventually("a smaller one is made", || {
        let answer = fetch(&media["preview_url"]);
        (answer.body != picture).then_some(answer)
    });
    assert_eq!(small.header("cache-control"), Some("public, max-age=31536000, immutable"));
    let size = image::load_from_memory(&small.body).unwrap();
    assert!(size.width() * size.height() <= 640 * 360, "{}x{}", size.width(), size.height());
    assert!(fetch(&media["url"]).body == picture, "the original is what it was");
    assert_eq!(world.files.times("/a.png"), 1);
}

#[test]
fn a_preview_of_its_server_is_taken() {
    let world = World::new();
    let (large, small) = (coded(&noise(900, 700), ImageFormat::Png), super::cache::png());
    let url = world.files.file("/a.png", "image/png", &large);
    let preview = world.files.file("/small.png", "image/png", &small);
    let media = world.writes(
        1,
        json!({"attachment": [{
            "type": "Video", "mediaType": "video/mp4", "url": url,
            "icon": [{"type": "Image", "url": preview}],
        }]}),
    )["media_attachments"][0]
        .clone();
    assert_eq!(media["preview_remote_url"], preview);
    assert_eq!(fetch(&media["preview_url"]).body, small);
    assert_eq!((world.files.times("/a.png"), world.files.times("/small.png")), (0, 1));
}

#[test]
fn s_107_what_cannot_be_decoded_is_shown_as_it_is() {
    let world = World::new();
    let mut broken = b"\x89PNG\r\n\x1a\n".to_vec();
    broken.extend_from_slice(&[7; 400_000]);
    let url = world.files.file("/a.png", "image/png", &broken);
    let media = world.shows(1, "image/png", &url);
    for _ in 0..2 {
        let answer = fetch(&media["preview_url"]);
        assert!(answer.status == 200 && answer.body == broken);
        world.quiet();
        world.instance.settle();
    }
}

#[test]
fn moving_avatars_have_a_still_version_and_still_ones_are_their_own() {
    let world = World::new();
    let gif = moving(20, 20);
    let url = world.files.file("/a.gif", "image/gif", &gif);
    world.has_avatar(&url, 1);
    let account = world.ann.get(&format!("/api/v1/accounts/{}", world.mia));
    let still = fetch(&account["avatar_static"]);
    assert_eq!((still.status, still.header("content-type")), (200, Some("image/png")));
    assert_eq!(image::load_from_memory(&still.body).unwrap().width(), 20);
    assert_eq!(fetch(&account["avatar"]).body, gif);
    assert_eq!(world.files.times("/a.gif"), 1);

    let url = world.files.file("/b.png", "image/png", &super::cache::png());
    world.has_avatar(&url, 2);
    let account = world.ann.get(&format!("/api/v1/accounts/{}", world.mia));
    for _ in 0..2 {
        let still = fetch(&account["avatar_static"]);
        assert_eq!(still.body, super::cache::png());
        assert_eq!(still.header("cache-control"), Some("public, max-age=31536000, immutable"));
        world.quiet();
    }
    assert_eq!(world.files.times("/b.png"), 1);
    // what is called a photo is not asked whether it moves
    world.has_avatar(&world.files.at("/c.jpg"), 3);
    let account = world.ann.get(&format!("/api/v1/accounts/{}", world.mia));
    assert_eq!(at(&account["avatar"]), at(&account["avatar_static"]));
}
