//! Media in documents: attachments of posts, icons and header images, PeerTube's video links.

use serde_json::Value;

use super::{read, time, urls};

/// Most attachments of one post that are read (F-298).
pub const MAX_ATTACHMENTS: usize = 16;
/// Longest description, in characters (F-053).
const MAX_ALT: usize = 10_000;
/// A video file above this is not offered for playing (F-265).
const MAX_VIDEO_BYTES: u64 = 200 << 20;
/// A larger avatar or header is taken only if there is no smaller one (F-048).
const MAX_ICON_SIDE: u64 = 2048;

/// What a medium is, from its media type, else its AS2 type, else the file name (F-295).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaKind {
    Image,
    Video,
    Audio,
    Unknown,
}

/// One medium of a post; the file has not been looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Attachment {
    pub kind: MediaKind,
    pub url: String,
    /// As the other server says, lower case.
    pub media_type: Option<String>,
    /// Description: `summary`, else `name` (F-294).
    pub alt: Option<String>,
    /// Checked for charset and length (F-297).
    pub blurhash: Option<String>,
    /// Focal point, both −1…1.
    pub focus: Option<(f64, f64)>,
    pub width: Option<u32>,
    pub height: Option<u32>,
    pub duration_s: Option<f64>,
    /// A still or cover, from `icon`.
    pub preview_url: Option<String>,
    /// Misskey marks single files (F-301).
    pub sensitive: bool,
}

/// An avatar, header or cover.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    pub url: String,
    pub alt: Option<String>,
}

/// The media in `attachment`, in order; PropertyValue, links to pages, identity proofs and
/// payment links are skipped (F-295, F-296, F-299, F-302).
pub fn attachments(value: &Value) -> Vec<Attachment> {
    read::many(value, "attachment").iter().filter_map(attachment).take(MAX_ATTACHMENTS).collect()
}

/// Links to pages in `attachment`: candidates for a preview card (F-296).
pub fn page_links(value: &Value) -> Vec<String> {
    let is_page = |v: &&Value| {
        (read::has_type(v, "Link") || read::has_type(v, "Page")) && !has_rel(v) && !is_media(v)
    };
    read::many(value, "attachment")
        .iter()
        .filter(is_page)
        .filter_map(|v| v.get("href").or_else(|| v.get("url"))?.as_str())
        .filter_map(urls::keep)
        .take(MAX_ATTACHMENTS)
        .collect()
}

fn has_rel(value: &Value) -> bool {
    !read::many(value, "rel").is_empty()
}

fn is_media(value: &Value) -> bool {
    media_type(value).is_some_and(|m| kind_of_media_type(&m).is_some())
}

/// The media type in lower case without parameters.
fn media_type(value: &Value) -> Option<String> {
    let text = read::text(value, "mediaType")?.split(';').next()?.trim().to_ascii_lowercase();
    (text.contains('/') && text.len() <= 100).then_some(text)
}

fn attachment(value: &Value) -> Option<Attachment> {
    let known = ["Document", "Image", "Video", "Audio"].iter().any(|t| read::has_type(value, t));
    let link = read::has_type(value, "Link") && is_media(value) && !has_rel(value);
    if !known && !link {
        return None;
    }
    from_links(value).or_else(|| {
        let url = value.get("href").and_then(Value::as_str).and_then(urls::keep_file)?;
        Some(assemble(value, value, url))
    })
}

/// The medium that an object's own `url` property points at: used for attachments, and for
/// Image and Audio as posts (F-267). Among several Links the first with a media type wins.
pub fn from_links(value: &Value) -> Option<Attachment> {
    let mut fallback = None;
    for link in read::many(value, "url") {
        let text = link.as_str().or_else(|| link.get("href").and_then(Value::as_str));
        let Some(url) = text.and_then(urls::keep_file) else { continue };
        if link.is_string() || is_media(link) {
            return Some(assemble(value, link, url));
        }
        // A Link to the page of a medium is not the medium.
        if media_type(link).is_none() && fallback.is_none() {
            fallback = Some((link, url));
        }
    }
    fallback.map(|(link, url)| assemble(value, link, url))
}

/// `value` describes the medium, `link` may know its type and size better.
fn assemble(value: &Value, link: &Value, url: String) -> Attachment {
    let media_type = media_type(link).or_else(|| media_type(value));
    let side = |key: &str| {
        let n = read::number(link, key).or_else(|| read::number(value, key))?;
        u32::try_from(n).ok().filter(|n| (1..=100_000).contains(n))
    };
    let alt = ["summary", "name"]
        .iter()
        .find_map(|key| read::text(value, key).map(str::trim).filter(|t| !t.is_empty()));
    Attachment {
        kind: kind(value, media_type.as_deref(), &url),
        media_type,
        alt: alt.map(|t| read::clip(t, MAX_ALT)),
        blurhash: read::text(value, "blurhash").filter(|h| is_blurhash(h)).map(str::to_owned),
        focus: focus(value),
        width: side("width"),
        height: side("height"),
        duration_s: seconds(value),
        preview_url: cover(value).filter(|i| *i != url),
        sensitive: read::boolean(value, "sensitive").unwrap_or(false),
        url,
    }
}

fn kind_of_media_type(media_type: &str) -> Option<MediaKind> {
    // it may hold scripts: a link, never a picture (S-105)
    if media_type.starts_with("image/svg") {
        return Some(MediaKind::Unknown);
    }
    match media_type.split('/').next()? {
        "image" => Some(MediaKind::Image),
        "video" => Some(MediaKind::Video),
        "audio" => Some(MediaKind::Audio),
        _ => None,
    }
}

fn kind(value: &Value, media_type: Option<&str>, url: &str) -> MediaKind {
    if let Some(kind) = media_type.and_then(kind_of_media_type) {
        return kind;
    }
    for (name, kind) in
        [("Image", MediaKind::Image), ("Video", MediaKind::Video), ("Audio", MediaKind::Audio)]
    {
        if read::has_type(value, name) {
            return kind;
        }
    }
    let path = url.split(['?', '#']).next().unwrap_or_default();
    match path.rsplit('.').next().unwrap_or_default().to_ascii_lowercase().as_str() {
        "jpg" | "jpeg" | "png" | "gif" | "webp" | "avif" | "apng" => MediaKind::Image,
        "mp4" | "webm" | "mov" | "m4v" => MediaKind::Video,
        "mp3" | "ogg" | "oga" | "opus" | "flac" | "m4a" | "wav" => MediaKind::Audio,
        _ => MediaKind::Unknown,
    }
}

/// Two finite numbers, clamped to −1…1 (F-297).
fn focus(value: &Value) -> Option<(f64, f64)> {
    let [x, y] = read::many(value, "focalPoint") else { return None };
    Some((read::as_float(x)?.clamp(-1.0, 1.0), read::as_float(y)?.clamp(-1.0, 1.0)))
}

/// `duration`: ISO 8601, or plain seconds.
fn seconds(value: &Value) -> Option<f64> {
    let duration = read::first(value, "duration")?;
    let seconds =
        duration.as_str().and_then(time::duration).or_else(|| read::as_float(duration))?;
    (0.0..=1e7).contains(&seconds).then_some(seconds)
}

/// Charset, and the length that its first character promises (F-297).
pub fn is_blurhash(text: &str) -> bool {
    const DIGITS: &[u8] =
        b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~";
    let place = |b: u8| DIGITS.iter().position(|d| *d == b);
    let Some(flag) = text.bytes().next().and_then(place) else { return false };
    let (x, y) = (flag % 9 + 1, flag / 9 + 1);
    y <= 9 && text.len() == 4 + 2 * x * y && text.bytes().all(|b| place(b).is_some())
}

/// `icon` or `image`: an object, a list (the largest that is not huge), a plain address, or one
/// with Links in `url` (F-048).
pub fn image(value: &Value, key: &str) -> Option<Image> {
    let mut best: Option<((bool, u64), Image)> = None;
    for item in read::many(value, key) {
        let alt = read::text(item, "name").map(str::trim).filter(|t| !t.is_empty());
        let alt = alt.map(|t| read::clip(t, MAX_ALT));
        let own = std::slice::from_ref(item);
        let links = match item {
            Value::Object(_) if read::has_type(item, "Link") => own,
            Value::Object(_) => read::many(item, "url"),
            _ => own,
        };
        for link in links {
            let text = link.as_str().or_else(|| link.get("href").and_then(Value::as_str));
            let Some(url) = text.and_then(urls::keep_file) else { continue };
            let side = |key: &str| read::number(link, key).or_else(|| read::number(item, key));
            let (w, h) = (side("width").unwrap_or(0), side("height").unwrap_or(0));
            // Of those within the limit the largest, else the smallest of the huge ones.
            let fits = w.max(h) <= MAX_ICON_SIDE;
            let area = w.saturating_mul(h);
            let rank = (fits, if fits { area } else { u64::MAX - area });
            if best.as_ref().is_none_or(|(known, _)| rank > *known) {
                best = Some((rank, Image { url, alt: alt.clone() }));
            }
        }
    }
    best.map(|(_, image)| image)
}

/// The still or cover of a medium: its `icon`; of a sound also its `image`, or that of the album
/// that Funkwhale's track is from (F-267).
fn cover(value: &Value) -> Option<String> {
    let album =
        || read::first(read::first(value, "track")?, "album").and_then(|a| image(a, "image"));
    let sound = read::has_type(value, "Audio");
    let found = image(value, "icon")
        .or_else(|| image(value, "image").filter(|_| sound))
        .or_else(|| album().filter(|_| sound));
    found.map(|image| image.url)
}

/// The still of a Video that cannot be played from here: a stream, or a file too large.
pub fn still(value: &Value) -> Option<Attachment> {
    let picture = image(value, "icon").or_else(|| image(value, "image"))?;
    let mut found = assemble(&serde_json::json!({"type": "Image"}), &Value::Null, picture.url);
    found.alt = picture.alt;
    Some(found)
}

/// The playable file of a Video (F-265): the first Link of a video type that is not too large,
/// direct ones before those nested in the `tag` of a stream, with the largest `icon` as still.
pub fn video(value: &Value) -> Option<Attachment> {
    let direct = read::many(value, "url");
    let nested = direct.iter().flat_map(|link| read::many(link, "tag"));
    let usable = |link: &&Value| {
        media_type(link).is_some_and(|m| m == "video/mp4" || m == "video/webm")
            && read::number(link, "size").unwrap_or(0) <= MAX_VIDEO_BYTES
    };
    let link = direct.iter().chain(nested).find(usable)?;
    let url = link.get("href").and_then(Value::as_str).and_then(urls::keep_file)?;
    let mut found = assemble(value, link, url);
    // The name and summary of a video are its title and abstract, not a description.
    found.alt = None;
    Some(found)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    fn one(attachment: Value) -> Option<Attachment> {
        attachments(&json!({"attachment": attachment})).pop()
    }

    #[test]
    fn f_294_f_295_shapes_of_attachments() {
        let a = one(
            json!({"type": "Image", "url": "https://a.example/a", "summary": "s", "name": "n"}),
        );
        assert_eq!(
            a.as_ref().map(|a| (a.alt.as_deref(), a.kind)),
            Some((Some("s"), MediaKind::Image))
        );
        for shape in [
            json!({"type": "Document", "url": ["https://a.example/a.png"]}),
            json!({"type": "Document", "mediaType": "image/png", "url": "https://a.example/a"}),
            json!({"type": "Document", "url": {"type": "Link", "href": "https://a.example/a.png"}}),
            json!({"type": "Link", "mediaType": "image/png", "href": "https://a.example/a"}),
            json!({"type": "Image", "url": [{"type": "Link", "mediaType": "text/html",
                "href": "https://a.example/"}, {"type": "Link", "mediaType": "image/png",
                "href": "https://a.example/a.png"}]}),
        ] {
            let a = one(shape.clone());
            assert_eq!(a.map(|a| a.kind), Some(MediaKind::Image), "{shape}");
        }
        let a = one(json!({"type": "Document", "url": "https://a.example/a.bin"}));
        assert_eq!(a.map(|a| a.kind), Some(MediaKind::Unknown));
    }

    #[test]
    fn f_296_f_299_f_302_what_is_no_medium() {
        let list = json!({"attachment": [
            {"type": "PropertyValue", "name": "a", "value": "b"},
            {"type": "Link", "href": "https://a.example/page"},
            {"type": "Link", "rel": "payment", "href": "https://a.example/pay"},
            {"type": "IdentityProof", "url": "https://a.example/p"},
            {"type": "Image", "url": "javascript:x"}, {"type": "Image"}, 5, null, [[]]]});
        assert!(attachments(&list).is_empty());
        assert_eq!(page_links(&list), ["https://a.example/page"]);
    }

    #[test]
    fn f_297_hints_are_checked() {
        assert!(is_blurhash("UBL_:rOpGG-oBUNG,qRj2so|=eE1w^n4S5NH"));
        for bad in ["", "<script>", "UBL", "U\u{e9}L_:rOpGG-oBUNG,qRj2so|=eE1w^n4S5N"] {
            assert!(!is_blurhash(bad), "{bad}");
        }
        let a = one(json!({"type": "Image", "url": "https://a.example/a", "blurhash": "x",
            "focalPoint": [-7, "0.5"], "width": -5, "height": 1e9}));
        assert_eq!(
            a.map(|a| (a.blurhash, a.focus, a.width, a.height)),
            Some((None, Some((-1.0, 0.5)), None, None))
        );
        let a = one(json!({"type": "Image", "url": "https://a.example/a", "focalPoint": ["x", 9]}));
        assert_eq!(a.and_then(|a| a.focus), None);
    }

    #[test]
    fn f_298_at_most_sixteen_in_order() {
        let many: Vec<_> = (0..40)
            .map(|n| json!({"type": "Image", "url": format!("https://a.example/{n}")}))
            .collect();
        let list = attachments(&json!({"attachment": many}));
        assert_eq!(list.len(), 16);
        assert_eq!(list.last().map(|a| a.url.as_str()), Some("https://a.example/15"));
    }

    #[test]
    fn f_048_icons_in_all_shapes() {
        let of = |icon: Value| image(&json!({"icon": icon}), "icon").map(|i| i.url);
        let url = Some("https://a.example/a".to_owned());
        assert_eq!(of(json!("https://a.example/a")), url);
        assert_eq!(of(json!({"type": "Image", "url": "https://a.example/a"})), url);
        assert_eq!(of(json!({"url": [{"type": "Link", "href": "https://a.example/a"}]})), url);
        assert_eq!(
            of(json!([{"url": "https://a.example/s", "width": 48, "height": 48},
                {"url": "https://a.example/a", "width": 120, "height": 120},
                {"url": "https://a.example/xxl", "width": 9000, "height": 9000}])),
            url
        );
        assert_eq!(of(json!([{"type": "Image"}, 5, null])), None);
    }
}
