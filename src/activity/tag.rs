//! The `tag` list of posts, actors and reactions: mentions, hashtags, emoji.

use std::collections::HashSet;

use serde_json::Value;

use super::{read, urls};

/// Most mentions of one post that are read (F-285).
pub const MAX_MENTIONS: usize = 50;
/// Most hashtags of one post that are read (F-288).
pub const MAX_HASHTAGS: usize = 100;
/// Most emoji of one post or actor that are read (F-290).
pub const MAX_EMOJIS: usize = 50;

/// A `Mention`; one of the two is always there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MentionTag {
    /// The actor's id, or a profile page; preferred (F-285).
    pub href: Option<String>,
    /// `@user@host`, or `@user` relative to the *author's* host (F-284); may be empty.
    pub name: String,
}

/// A custom emoji. Its key is (shortcode, host of the actor that used it) (F-290).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emoji {
    /// Without colons, `[A-Za-z0-9_+-]`, at most 100 characters (F-291).
    pub shortcode: String,
    /// The image.
    pub url: String,
    /// Its own id; an anonymous one has none (F-015).
    pub id: Option<String>,
    /// As the other server says.
    pub media_type: Option<String>,
    /// Decides when to fetch the image again.
    pub updated_ms: Option<i64>,
}

/// What a `tag` list holds for us; all else in it is skipped (F-269).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tags {
    /// Each target once, at most [`MAX_MENTIONS`].
    pub mentions: Vec<MentionTag>,
    /// As written, without `#`; not folded. At most [`MAX_HASHTAGS`].
    pub hashtags: Vec<String>,
    /// At most [`MAX_EMOJIS`].
    pub emojis: Vec<Emoji>,
}

/// The names of the Hashtags among some objects, without `#`.
pub fn hashtags(items: &[Value]) -> Vec<String> {
    let tags = items.iter().filter(|item| read::has_type(item, "Hashtag"));
    tags.take(MAX_HASHTAGS).filter_map(hashtag).collect()
}

impl Tags {
    /// Reads the `tag` property of `value`.
    pub fn parse(value: &Value) -> Self {
        let mut tags = Self::default();
        let (mut targets, mut shortcodes) = (HashSet::new(), HashSet::new());
        for tag in entries(value) {
            if read::has_type(tag, "Mention") {
                if let Some(mention) = mention(tag)
                    && tags.mentions.len() < MAX_MENTIONS
                    && targets.insert(mention.href.clone().unwrap_or_else(|| mention.name.clone()))
                {
                    tags.mentions.push(mention);
                }
            } else if read::has_type(tag, "Hashtag") {
                if let Some(name) = hashtag(tag)
                    && tags.hashtags.len() < MAX_HASHTAGS
                {
                    tags.hashtags.push(name);
                }
            } else if read::has_type(tag, "Emoji")
                && tags.emojis.len() < MAX_EMOJIS
                && let Some(emoji) = emoji(tag)
                && shortcodes.insert(emoji.shortcode.clone())
            {
                tags.emojis.push(emoji);
            }
        }
        tags
    }
}

/// The tags, with those that Pixelfed hides under numeric keys of a single one (F-286).
pub fn entries(value: &Value) -> impl Iterator<Item = &Value> {
    read::many(value, "tag").iter().flat_map(|tag| {
        let hidden = tag
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(key, v)| v.is_object() && key.bytes().all(|b| b.is_ascii_digit()))
            .map(|(_, v)| v);
        std::iter::once(tag).chain(hidden)
    })
}

fn mention(tag: &Value) -> Option<MentionTag> {
    let href = tag.get("href").and_then(Value::as_str).and_then(urls::keep);
    let name = read::text(tag, "name").map(str::trim).unwrap_or_default();
    let name = if name.len() <= 2048 { name.to_owned() } else { String::new() };
    (href.is_some() || name.trim_matches('@').len() > 1).then_some(MentionTag { href, name })
}

fn hashtag(tag: &Value) -> Option<String> {
    let name = read::text(tag, "name")?.trim().trim_start_matches(['#', '＃']).trim();
    (!name.is_empty() && name.chars().count() <= 255).then(|| name.to_owned())
}

fn emoji(tag: &Value) -> Option<Emoji> {
    let icon = read::first(tag, "icon")?;
    let media_type = read::text(icon, "mediaType").map(str::to_owned);
    if media_type.as_deref().is_some_and(|m| m.starts_with("image/svg")) {
        return None;
    }
    let url = match icon {
        Value::String(url) => url.as_str(),
        icon => {
            let link = read::first(icon, "url")?;
            link.as_str().or_else(|| link.get("href").and_then(Value::as_str))?
        }
    };
    Some(Emoji {
        shortcode: shortcode(read::text(tag, "name")?)?,
        url: urls::keep_file(url)?,
        id: tag.get("id").and_then(Value::as_str).and_then(urls::keep),
        media_type,
        updated_ms: read::time_ms(tag, "updated"),
    })
}

/// The bare shortcode of `:name:`, `name` or `:name@host:` (F-180); `None` if it has characters
/// that a shortcode must not have (F-291).
pub fn shortcode(name: &str) -> Option<String> {
    let name = name.trim().trim_matches(':');
    let name = name.split('@').next().unwrap_or_default();
    let good = (1..=100).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'+' | b'-'));
    good.then(|| name.to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn f_286_pixelfed_tags_under_numeric_keys_are_found() {
        let tags = Tags::parse(&json!({"tag": {
            "type": "Mention", "href": "https://a.example/1", "name": "@a@a.example",
            "0": {"type": "Mention", "href": "https://b.example/1", "name": "@b@b.example"},
            "1": {"type": "Hashtag", "name": "#sun"}, "x": {"type": "Hashtag", "name": "#no"}}}));
        assert_eq!(tags.mentions.len(), 2);
        assert_eq!(tags.hashtags, ["sun"]);
    }

    #[test]
    fn f_285_f_288_f_290_counts_are_capped() {
        let many: Vec<_> = (0..300)
            .flat_map(|n| {
                [
                    json!({"type": "Mention", "href": format!("https://a.example/{n}")}),
                    json!({"type": "Hashtag", "name": format!("#t{n}")}),
                    json!({"type": "Emoji", "name": format!("e{n}"),
                        "icon": {"url": "https://a.example/e.png"}}),
                ]
            })
            .collect();
        let tags = Tags::parse(&json!({"tag": many}));
        assert_eq!(
            (tags.mentions.len(), tags.hashtags.len(), tags.emojis.len()),
            (MAX_MENTIONS, MAX_HASHTAGS, MAX_EMOJIS)
        );
    }

    #[test]
    fn f_290_emoji_need_an_image_that_is_no_svg() {
        let of = |icon: Value| {
            Tags::parse(&json!({"tag": {"type": "Emoji", "name": ":a:",
            "id": null, "updated": "2024-02-01T10:00:00Z", "icon": icon}}))
            .emojis
        };
        assert_eq!(of(json!({"url": "https://a.example/e.png"})).len(), 1);
        assert_eq!(of(json!("https://a.example/e.png")).len(), 1);
        assert_eq!(of(json!({"url": [{"type": "Link", "href": "https://a.example/e"}]})).len(), 1);
        assert!(of(json!({"url": "https://a.example/e", "mediaType": "image/svg+xml"})).is_empty());
        assert!(of(json!({"url": "data:image/png,x"})).is_empty());
        assert!(of(json!(null)).is_empty());
    }

    #[test]
    fn f_291_shortcodes_have_a_narrow_charset() {
        assert_eq!(shortcode(":blob_cat+1-x:").as_deref(), Some("blob_cat+1-x"));
        assert_eq!(shortcode("mouse").as_deref(), Some("mouse"));
        assert_eq!(shortcode(":hug@other.example:").as_deref(), Some("hug"));
        for bad in ["", "::", ":a/b:", ":../x:", ":x:\"onload=1:", "ü", &"x".repeat(101)] {
            assert_eq!(shortcode(bad), None, "{bad}");
        }
    }
}
