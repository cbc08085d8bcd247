//! The length of a status as Mastodon counts it.

use unicode_segmentation::UnicodeSegmentation;

use super::entity::{EntityKind, scan};

/// What every URL counts as, however long it is.
const URL: &str = "xxxxxxxxxxxxxxxxxxxxxxx";

/// Characters (grapheme clusters) of a status with its content warning: a URL counts 23, a
/// mention without its domain.
pub fn count(text: &str, spoiler: &str) -> usize {
    let mut counted = String::with_capacity(spoiler.len() + text.len());
    counted.push_str(spoiler);
    if !text.trim().is_empty() {
        let mut done = 0;
        for entity in scan(text) {
            let short = match &entity.kind {
                EntityKind::Url => URL,
                EntityKind::Mention { username, domain: Some(_) } => {
                    counted.push_str(text.get(done..entity.start).unwrap_or_default());
                    counted.push('@');
                    done = entity.end;
                    counted.push_str(username);
                    continue;
                }
                EntityKind::Mention { .. } | EntityKind::Hashtag { .. } => continue,
            };
            counted.push_str(text.get(done..entity.start).unwrap_or_default());
            counted.push_str(short);
            done = entity.end;
        }
        counted.push_str(text.get(done..).unwrap_or_default());
    }
    counted.graphemes(true).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_and_domains_are_cheap() {
        assert_eq!(count("abc", ""), 3);
        assert_eq!(count("abc", "cw"), 5);
        assert_eq!(count("", "cw"), 2);
        assert_eq!(count(" \n", ""), 0);
        let long = format!("see https://a.example/{}", "x".repeat(500));
        assert_eq!(count(&long, ""), 4 + 23);
        assert_eq!(count("@alice@a.very.long.example hi @bob", ""), "@alice hi @bob".len());
        assert_eq!(count("#tag 你好", ""), 7);
        // not a link, so no concession
        assert_eq!(count("a.example", ""), 9);
    }

    #[test]
    fn one_emoji_is_one_character() {
        assert_eq!(count("👩‍👩‍👧‍👦", ""), 1);
        assert_eq!(count("🇨🇳e\u{301}", ""), 2);
        assert_eq!(count("a\r\nb", ""), 3);
    }
}
