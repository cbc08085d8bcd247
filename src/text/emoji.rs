//! Emojis: `:shortcodes:` in texts, what a Unicode emoji is, and what a small picture is.

use std::ops::Range;

use super::sanitize;

/// The longest name of a custom emoji.
pub const LONGEST_SHORTCODE: usize = 100;
/// How many of one text are looked at.
const MOST: usize = 200;
/// The longest sequence of Unicode that is one emoji: families and flags of regions.
const LONGEST_SEQUENCE: usize = 16;

/// The names between colons, as Mastodon finds them: at least two letters, digits or
/// underscores, with neither such nor a colon before and behind.
pub fn shortcodes(text: &str) -> Vec<&str> {
    places(text).into_iter().filter_map(|place| text.get(place)).collect()
}

/// Where those names stand, without their colons.
fn places(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    while let Some(at) = text.get(start..).and_then(|rest| rest.find(':')) {
        let open = start + at;
        start = open + 1;
        let rest = text.get(start..).unwrap_or_default();
        let length = rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
        let before = text.get(..open).and_then(|before| before.chars().next_back());
        let mut behind = rest.get(length..).unwrap_or_default().chars();
        let closes = behind.next() == Some(':');
        let stands_alone = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != ':');
        if closes
            && (2..=LONGEST_SHORTCODE).contains(&length)
            && stands_alone(before)
            && stands_alone(behind.next())
        {
            found.push(start..start + length);
            start += length + 1;
            if found.len() >= MOST {
                break;
            }
        }
    }
    found
}

/// Safe HTML with pictures where its text, not its tags, names emojis: `picture` knows the address
/// of one by its name.
pub fn pictured<'a>(html: &str, picture: impl Fn(&str) -> Option<&'a str>) -> String {
    let mut shown = String::with_capacity(html.len() + 64);
    let mut rest = html;
    while !rest.is_empty() {
        let (text, behind) = rest.split_at(rest.find('<').unwrap_or(rest.len()));
        let mut from = 0;
        for place in places(text) {
            let name = text.get(place.clone()).unwrap_or_default();
            let Some(address) = picture(name) else { continue };
            shown.push_str(text.get(from..place.start - 1).unwrap_or_default());
            let address = sanitize::escape(address);
            shown.push_str(&format!(
                "<img class=\"emoji\" src=\"{address}\" alt=\":{name}:\" title=\":{name}:\" \
                 width=\"20\" height=\"20\" loading=\"lazy\">"
            ));
            from = place.end + 1;
        }
        shown.push_str(text.get(from..).unwrap_or_default());
        let (tag, text) = behind.split_at(tag_length(behind));
        shown.push_str(tag);
        rest = text;
    }
    shown
}

/// The length of the tag that a text begins with; a `>` in quotes does not end it.
fn tag_length(html: &str) -> usize {
    let mut quoted = false;
    for (at, byte) in html.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b'>' if !quoted => return at + 1,
            _ => {}
        }
    }
    html.len()
}

/// Whether the text is one Unicode emoji: a pictograph with its modifiers, several of them
/// joined, a flag or a keycap.
pub fn is_emoji(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    if chars.is_empty() || chars.len() > LONGEST_SEQUENCE {
        return false;
    }
    if matches!(chars.first(), Some('0'..='9' | '#' | '*')) {
        return matches!(chars.get(1..), Some(['\u{20E3}'] | ['\u{FE0F}', '\u{20E3}']));
    }
    if let [a, b] = chars.as_slice()
        && [a, b].iter().all(|c| matches!(c, '\u{1F1E6}'..='\u{1F1FF}'))
    {
        return true;
    }
    // a pictograph, its modifiers, and again after each joiner
    let mut wants_base = true;
    for c in chars {
        match c {
            '\u{200D}' if !wants_base => wants_base = true,
            '\u{FE0F}' | '\u{1F3FB}'..='\u{1F3FF}' | '\u{E0020}'..='\u{E007F}' if !wants_base => {}
            c if wants_base && is_pictograph(c) => wants_base = false,
            _ => return false,
        }
    }
    !wants_base
}

fn is_pictograph(c: char) -> bool {
    matches!(c,
        '\u{A9}' | '\u{AE}' | '\u{203C}' | '\u{2049}' | '\u{2122}' | '\u{2139}'
        | '\u{2194}'..='\u{21AA}' | '\u{231A}'..='\u{23FF}' | '\u{24C2}'
        | '\u{25AA}'..='\u{27BF}' | '\u{2934}' | '\u{2935}' | '\u{2B05}'..='\u{2B55}'
        | '\u{3030}' | '\u{303D}' | '\u{3297}' | '\u{3299}'
        | '\u{1F004}' | '\u{1F0CF}' | '\u{1F170}'..='\u{1F251}'
        | '\u{1F300}'..='\u{1F64F}' | '\u{1F680}'..='\u{1F6FF}'
        | '\u{1F7E0}'..='\u{1F7F0}' | '\u{1F90C}'..='\u{1FAFF}')
        && !matches!(c, '\u{1F1E6}'..='\u{1F1FF}')
}

/// Type, width and height of a PNG, GIF or WebP picture, by its first bytes alone.
pub fn picture(bytes: &[u8]) -> Option<(&'static str, u32, u32)> {
    let big = |at: usize| -> Option<u32> {
        Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
    };
    let little = |at: usize, count: usize| -> Option<u32> {
        let part = bytes.get(at..at + count)?;
        Some(part.iter().rev().fold(0, |sum, b| sum << 8 | u32::from(*b)))
    };
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return (bytes.get(12..16) == Some(b"IHDR"))
            .then_some(())
            .and_then(|()| Some(("image/png", big(16)?, big(20)?)));
    }
    if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") {
        return Some(("image/gif", little(6, 2)?, little(8, 2)?));
    }
    if !bytes.starts_with(b"RIFF") || bytes.get(8..12) != Some(b"WEBP") {
        return None;
    }
    let (width, height) = match bytes.get(12..16)? {
        b"VP8X" => (little(24, 3)? + 1, little(27, 3)? + 1),
        b"VP8L" => {
            let bits = little(21, 4)?;
            ((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
        }
        b"VP8 " => (little(26, 2)? & 0x3FFF, little(28, 2)? & 0x3FFF),
        _ => return None,
    };
    Some(("image/webp", width, height))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn shortcodes_stand_alone() {
        for (text, names) in [
            ("a :cat: b", vec!["cat"]),
            (":cat: :dog_2:", vec!["cat", "dog_2"]),
            (":cat::dog:", vec![]),
            ("x:cat:", vec![]),
            (":cat:x", vec![]),
            (":c:", vec![]),
            ("<p>:cat:</p>", vec!["cat"]),
            ("at 10:30:45", vec![]),
            ("字:cat:", vec![]),
            (":cat", vec![]),
        ] {
            assert_eq!(shortcodes(text), names, "{text}");
        }
    }

    #[test]
    fn s_118_pictures_stand_in_texts_and_never_in_tags() {
        let picture = |name: &str| (name == "cat").then_some("https://a.example/\"c&t.png");
        let shown = pictured("<p title=\"> :cat: \">:cat: x:cat: :dog: 字 :cat:</p>", picture);
        let image = "<img class=\"emoji\" src=\"https://a.example/&quot;c&amp;t.png\" alt=\":cat:\" \
                     title=\":cat:\" width=\"20\" height=\"20\" loading=\"lazy\">";
        let wanted = format!("<p title=\"> :cat: \">{image} x:cat: :dog: 字 {image}</p>");
        assert_eq!(shown, wanted);
        assert_eq!(pictured("a < b :dog:", picture), "a < b :dog:");
        assert_eq!(pictured("", picture), "");
    }

    proptest! {
        /// Whatever the text is, nothing of it is lost or changed beside the names.
        #[test]
        fn what_is_no_emoji_stays_as_it_was(text in "([a-z:<>\"字 ]|:cat:){0,40}") {
            prop_assert_eq!(pictured(&text, |_| None), text.clone());
            let shown = pictured(&text, |name| (name == "cat").then_some("x"));
            let image = "<img class=\"emoji\" src=\"x\" alt=\":cat:\" title=\":cat:\" \
                         width=\"20\" height=\"20\" loading=\"lazy\">";
            prop_assert_eq!(shown.replace(image, ":cat:"), text);
        }
    }

    #[test]
    fn emojis_are_told_from_text() {
        for yes in ["👍", "👍🏽", "❤️", "❤", "👨‍👩‍👧", "🇫🇷", "5️⃣", "#⃣", "☃", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "©️"]
        {
            assert!(is_emoji(yes), "{yes}");
        }
        for no in ["", "a", "5", "👍👍", "👍a", "字", ":cat:", "\u{200D}", "\u{FE0F}", "<b>", "🇫"]
        {
            assert!(!is_emoji(no), "{no}");
        }
    }

    #[test]
    fn pictures_tell_their_size() {
        let png = include_bytes!("../../assets/avatar.png");
        let (kind, width, height) = picture(png).unwrap();
        assert!(kind == "image/png" && width > 0 && height > 0);
        assert_eq!(picture(b"GIF89a\x05\0\x06\0rest"), Some(("image/gif", 5, 6)));
        let lossless = b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f\x04\x40\x01\0";
        assert_eq!(picture(lossless), Some(("image/webp", 5, 6)));
        for no in [&b""[..], b"<svg/>", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF\0\0\0\0WEBPVP8X"] {
            assert_eq!(picture(no), None);
        }
    }

    proptest! {
        #[test]
        fn nothing_is_too_odd(text in any::<String>(), bytes in any::<Vec<u8>>(), kind in 0..3_usize) {
            for name in shortcodes(&text) {
                let written = format!(":{name}:");
                prop_assert!(text.contains(&written));
            }
            is_emoji(&text);
            let head: [&[u8]; 3] = [b"GIF89a", b"RIFF\0\0\0\0WEBPVP8X", b"\x89PNG\r\n\x1a\n"];
            picture(&[head[kind], &bytes].concat());
        }
    }
}
