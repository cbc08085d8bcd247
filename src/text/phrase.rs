//! Looking for phrases in texts as filters do: whatever the case, whole words if wanted.

use super::chars::{at, before, is_cjk, is_word};

/// A text made ready to be searched for many phrases.
#[derive(Clone, Debug)]
pub struct Folded<'a> {
    text: &'a str,
    folded: String,
    /// For each byte of `folded`, where its character begins in `text`.
    origin: Vec<usize>,
}

impl<'a> Folded<'a> {
    /// Folds the case.
    pub fn new(text: &'a str) -> Self {
        let mut folded = String::with_capacity(text.len());
        let mut origin = Vec::with_capacity(text.len());
        for (place, c) in text.char_indices() {
            folded.extend(c.to_lowercase());
            origin.resize(folded.len(), place);
        }
        Self { text, folded, origin }
    }

    /// What stands in the text where `from..to` is in the folded one.
    fn original(&self, from: usize, to: usize) -> &'a str {
        let start = self.origin.get(from).copied().unwrap_or(0);
        let mut end = self.origin.get(to).copied().unwrap_or(self.text.len());
        // a phrase that ends inside of what one character became
        if end <= start {
            end = start + at(self.text, start).map_or(0, char::len_utf8);
        }
        self.text.get(start..end).unwrap_or_default()
    }
}

/// A phrase to look for.
#[derive(Clone, Debug)]
pub struct Phrase {
    folded: String,
    whole_word: bool,
}

impl Phrase {
    /// `whole_word`: what stands beside it must not continue the word. Scripts that are written
    /// without spaces have no such edges, so there it means nothing.
    pub fn new(phrase: &str, whole_word: bool) -> Self {
        Self { folded: phrase.trim().chars().flat_map(char::to_lowercase).collect(), whole_word }
    }

    /// The first place where it stands, as it is written there.
    pub fn find<'a>(&self, text: &Folded<'a>) -> Option<&'a str> {
        if self.folded.is_empty() {
            return None;
        }
        let mut from = 0;
        while let Some(place) = text.folded.get(from..)?.find(&self.folded) {
            let start = from + place;
            let end = start + self.folded.len();
            if !self.whole_word || (is_edge(&text.folded, start) && is_edge(&text.folded, end)) {
                return Some(text.original(start, end));
            }
            from = start + at(&text.folded, start).map_or(1, char::len_utf8);
        }
        None
    }
}

/// Whether a word may begin or end at byte `place`.
fn is_edge(text: &str, place: usize) -> bool {
    let inside = |c: char| is_word(c) && !is_cjk(c);
    !(before(text, place).is_some_and(inside) && at(text, place).is_some_and(inside))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn find<'a>(phrase: &str, whole_word: bool, text: &'a str) -> Option<&'a str> {
        Phrase::new(phrase, whole_word).find(&Folded::new(text))
    }

    #[test]
    fn words_are_whole_where_there_are_words() {
        for (phrase, text, part, whole) in [
            ("cat", "A Cat sat", Some("Cat"), Some("Cat")),
            ("cat", "concatenate", Some("cat"), None),
            ("cat", "concat, cat!", Some("cat"), Some("cat")),
            ("cat", "#cat", Some("cat"), Some("cat")),
            ("cat_", "cat_x", Some("cat_"), None),
            ("#cat", "x#cats", Some("#cat"), None),
            ("#cat", "x#cat", Some("#cat"), Some("#cat")),
            ("c++", "c++x c++", Some("c++"), Some("c++")),
            ("天氣", "今天天氣很好", Some("天氣"), Some("天氣")),
            ("天氣", "xx天氣xx", Some("天氣"), Some("天氣")),
            ("猫cat", "黒猫cats", Some("猫cat"), None),
            ("привет", "ПРИВЕТ всем", Some("ПРИВЕТ"), Some("ПРИВЕТ")),
            ("café", "CAFÉS", Some("CAFÉ"), None),
            ("two words", "Two  words, two Words", Some("two Words"), Some("two Words")),
            ("i\u{307}", "İx", Some("İ"), None),
            ("", "x", None, None),
            (" ", "a b", None, None),
        ] {
            assert_eq!(find(phrase, false, text), part, "{phrase} in {text}");
            assert_eq!(find(phrase, true, text), whole, "{phrase} in {text}, whole");
        }
    }

    proptest! {
        #[test]
        fn what_is_found_stands_there(phrase in "\\PC{1,4}", text in "\\PC{0,40}") {
            for whole in [false, true] {
                if let Some(found) = find(&phrase, whole, &text) {
                    prop_assert!(text.contains(found) && !found.is_empty());
                }
            }
        }

        #[test]
        fn a_part_is_always_found(text in "\\PC{1,40}", from in 0usize..40, len in 1usize..9) {
            let part: String = text.chars().skip(from).take(len).collect();
            if !part.trim().is_empty() {
                prop_assert!(find(&part, false, &text).is_some());
            }
        }
    }
}
