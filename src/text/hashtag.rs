//! One spelling for every hashtag, so that all of them meet (F-288).

use unicode_normalization::UnicodeNormalization;

use super::chars::{is_tag_separator, is_word};
use super::entity::is_tag_name;

/// The name under which a hashtag is stored and looked up: without `#`, width and case folded.
/// `None` for what cannot be a hashtag (foreign characters, only digits, over 100 characters).
pub fn normalize(name: &str) -> Option<String> {
    let name = name.trim();
    // before any work on a foreign string
    if name.len() > 1000 {
        return None;
    }
    let name = name.strip_prefix(['#', '＃']).unwrap_or(name);
    // lower-casing can take a string out of NFKC ("İ")
    let folded: String = name.nfkc().collect::<String>().to_lowercase().nfkc().collect();
    is_tag_name(&folded).then_some(folded)
}

/// The same for a tag of another server: what no tag can hold is left out of it (F-288).
pub fn normalize_foreign(name: &str) -> Option<String> {
    if let Some(name) = normalize(name) {
        return Some(name);
    }
    if name.len() > 1000 {
        return None;
    }
    let kept: String = name.nfkc().filter(|c| is_word(*c) || is_tag_separator(*c)).collect();
    normalize(kept.trim_matches(is_tag_separator))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spellings_meet() {
        for (name, want) in [
            ("#Rust", "rust"),
            ("ＡＢＣ", "abc"),
            ("＃東京", "東京"),
            ("#ｶﾞ", "ガ"),
            ("Straße_1", "straße_1"),
            ("cafe\u{301}", "café"),
            (" #a・b ", "a・b"),
        ] {
            assert_eq!(normalize(name).as_deref(), Some(want), "{name}");
        }
        for bad in ["", "#", "##a", "123", "a b", "a-b", "a/b", "a\0", "<a>", "·a"] {
            assert_eq!(normalize(bad), None, "{bad}");
        }
        assert_eq!(normalize(&"x".repeat(101)), None);
        assert!(normalize(&"字".repeat(100)).is_some());
    }

    #[test]
    fn f_288_what_no_tag_can_hold_is_left_out() {
        for (name, want) in [("#Foo-Bar", "foobar"), ("c++", "c"), ("#a b", "ab"), ("·x·", "x")] {
            assert_eq!(normalize_foreign(name).as_deref(), Some(want), "{name}");
        }
        for bad in ["", "#", "++", "12-3", "<>"] {
            assert_eq!(normalize_foreign(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn foreign_names_become_normal_ones(name in "#?(\\w|·|\\PC){0,12}") {
            if let Some(once) = normalize_foreign(&name) {
                prop_assert_eq!(normalize(&once), Some(once));
            }
        }

        #[test]
        fn normal_forms_stay(name in "#?(\\w|·|\\PC){1,12}") {
            if let Some(once) = normalize(&name) {
                prop_assert_eq!(normalize(&once), Some(once));
            }
        }
    }
}
