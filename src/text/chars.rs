//! Classes of characters that several parts of `text` agree on.

use unicode_normalization::char::is_combining_mark;

/// A word character as Mastodon's `[[:word:]]`: letters, marks, digits, connecting punctuation.
pub(super) fn is_word(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric() || c == '_';
    }
    c.is_alphanumeric()
        || is_combining_mark(c)
        || matches!(c, '\u{203F}' | '\u{2040}' | '\u{2054}' | '\u{FE33}' | '\u{FE34}')
        || matches!(c, '\u{FE4D}'..='\u{FE4F}' | '\u{FF3F}')
}

/// A word character that is more than a digit or connector: enough to make a hashtag one.
pub(super) fn is_letter(c: char) -> bool {
    c.is_alphabetic() || is_combining_mark(c)
}

/// What may join the parts of a hashtag beside `_`: middle dots and the zero-width non-joiner,
/// which Persian spelling needs.
pub(super) fn is_tag_separator(c: char) -> bool {
    matches!(c, '_' | '\u{00B7}' | '\u{30FB}' | '\u{200C}')
}

/// Controls that reorder text or isolate a piece of it (S-049).
pub(super) fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Characters that take no room; some scripts and emoji need one or two in a row.
pub(super) fn is_zero_width(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200D}' | '\u{2060}'..='\u{2064}')
        || matches!(c, '\u{FEFF}' | '\u{00AD}' | '\u{180E}')
}

/// Scripts written without spaces between words: Han, kana, Hangul, Bopomofo.
pub(super) fn is_cjk(c: char) -> bool {
    matches!(c,
        '\u{3005}'..='\u{3007}' | '\u{3021}'..='\u{3029}' | '\u{3031}'..='\u{3035}'
        | '\u{3038}'..='\u{303C}'
        | '\u{3041}'..='\u{3096}' | '\u{309D}'..='\u{309F}'
        | '\u{30A1}'..='\u{30FA}' | '\u{30FC}'..='\u{30FF}' | '\u{31F0}'..='\u{31FF}'
        | '\u{3105}'..='\u{312F}' | '\u{31A0}'..='\u{31BF}'
        | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}'
        | '\u{1100}'..='\u{11FF}' | '\u{3131}'..='\u{318E}' | '\u{A960}'..='\u{A97C}'
        | '\u{AC00}'..='\u{D7A3}' | '\u{D7B0}'..='\u{D7FB}'
        | '\u{1B000}'..='\u{1B16F}' | '\u{20000}'..='\u{3FFFD}')
}

/// The character that ends just before byte `at`.
pub(super) fn before(text: &str, at: usize) -> Option<char> {
    text.get(..at).and_then(|t| t.chars().next_back())
}

/// The character that starts at byte `at`.
pub(super) fn at(text: &str, at: usize) -> Option<char> {
    text.get(at..).and_then(|t| t.chars().next())
}

/// The largest char boundary not above `at`.
pub(super) fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_follow_unicode() {
        for c in ['a', '_', '9', '字', 'ん', 'é', '\u{0301}', '\u{0E48}'] {
            assert!(is_word(c), "{c}");
        }
        for c in ['-', '·', '。', '・', ' ', '😀'] {
            assert!(!is_word(c), "{c}");
        }
        assert!(is_cjk('京') && is_cjk('ー') && is_cjk('한') && is_cjk('々'));
        assert!(!is_cjk('・') && !is_cjk('a') && !is_cjk('、'));
    }

    #[test]
    fn floor_never_splits_a_character() {
        assert_eq!(floor("a字", 2), 1);
        assert_eq!(floor("a字", 9), 4);
    }
}
