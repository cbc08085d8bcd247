//! A search as people write it: words, phrases in quotes, and operators as Mastodon has them
//! (`from:`, `has:`, `is:`, `language:`, `before:`, `after:`, `during:`, `in:`), each with `-`
//! before it to mean the opposite. What is no operator is looked for as it stands.

use chrono::NaiveDate;

use super::{language, search};
use crate::clock::DAY;

/// How many terms are looked at.
const MOST: usize = 32;

/// What a status shall have, be or not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// FTS5 expression that must match; one that must not.
    pub words: Option<String>,
    pub without: Option<String>,
    /// The words alone, without operators: what accounts and tags are looked for by.
    pub plain: String,
    /// Handles of authors without `@`, or `me`.
    pub from: Vec<String>,
    pub not_from: Vec<String>,
    pub languages: Vec<String>,
    pub not_languages: Vec<String>,
    pub media: Option<bool>,
    pub poll: Option<bool>,
    pub link: Option<bool>,
    pub embed: Option<bool>,
    pub reply: Option<bool>,
    pub sensitive: Option<bool>,
    /// Written at this time or later; before this time.
    pub since: Option<i64>,
    pub until: Option<i64>,
    pub scope: Scope,
    /// An operator that nothing can meet, as `language:x!`.
    pub impossible: bool,
    /// Whether there was any operator.
    pub operators: bool,
}

/// Where to look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    #[default]
    All,
    /// What one wrote, was sent, favourited, bookmarked.
    Library,
    /// What anybody may read.
    Public,
}

impl Query {
    /// Reads what somebody wrote.
    pub fn read(text: &str) -> Self {
        let mut query = Self::default();
        let (mut wanted, mut unwanted) = (String::new(), String::new());
        for (negated, term) in terms(text).into_iter().take(MOST) {
            if query.operator(&term, negated) {
                query.operators = true;
            } else if negated {
                if let Some(expression) = search::query(&term) {
                    let or = if unwanted.is_empty() { "" } else { " OR " };
                    unwanted.push_str(&format!("{or}({expression})"));
                }
                query.operators = true;
            } else {
                wanted.push_str(&term);
                wanted.push(' ');
            }
        }
        query.words = search::query(&wanted);
        query.without = Some(unwanted).filter(|text| !text.is_empty());
        query.plain = wanted.trim().to_owned();
        query
    }

    /// Takes the term if it is an operator.
    fn operator(&mut self, term: &str, negated: bool) -> bool {
        let Some((name, value)) = term.split_once([':', '：']) else { return false };
        let value = value.trim_matches(['"', '“', '”']);
        if value.is_empty() {
            return false;
        }
        match name.to_ascii_lowercase().as_str() {
            "from" => {
                let handle = value.trim_start_matches(['@', '＠']).to_lowercase();
                if negated { &mut self.not_from } else { &mut self.from }.push(handle);
            }
            "language" => match language::normalize(value) {
                Some(code) if negated => self.not_languages.push(code),
                Some(code) => self.languages.push(code),
                None => self.impossible |= !negated,
            },
            "has" | "is" => return self.property(&value.to_ascii_lowercase(), !negated),
            "before" | "after" | "during" => return self.date(name, value, negated),
            "in" => match value.to_ascii_lowercase().as_str() {
                "library" if !negated => self.scope = Scope::Library,
                "public" if !negated => self.scope = Scope::Public,
                "all" => self.scope = Scope::All,
                _ => return false,
            },
            _ => return false,
        }
        true
    }

    fn property(&mut self, value: &str, wanted: bool) -> bool {
        let slot = match value {
            "media" | "image" | "video" | "audio" => &mut self.media,
            "poll" => &mut self.poll,
            "link" => &mut self.link,
            "embed" => &mut self.embed,
            "reply" => &mut self.reply,
            "sensitive" => &mut self.sensitive,
            _ => return false,
        };
        self.impossible |= slot.is_some_and(|before| before != wanted);
        *slot = Some(wanted);
        true
    }

    /// Days in UTC. `before` and `after` leave the day itself out.
    fn date(&mut self, name: &str, value: &str, negated: bool) -> bool {
        let Some(day) = day(value) else { return false };
        let later = |have: Option<i64>, time: i64| Some(have.map_or(time, |have| have.max(time)));
        let sooner = |have: Option<i64>, time: i64| Some(have.map_or(time, |have| have.min(time)));
        match (name.to_ascii_lowercase().as_str(), negated) {
            ("before", false) => self.until = sooner(self.until, day),
            ("before", true) => self.since = later(self.since, day),
            ("after", false) => self.since = later(self.since, day + DAY),
            ("after", true) => self.until = sooner(self.until, day + DAY),
            ("during", false) => {
                self.since = later(self.since, day);
                self.until = sooner(self.until, day + DAY);
            }
            _ => return false,
        }
        true
    }
}

/// `YYYY-MM-DD` as milliseconds.
fn day(text: &str) -> Option<i64> {
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    Some(date.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis())
}

/// The terms between blanks, those in quotes whole, and whether each has a `-` before it.
fn terms(text: &str) -> Vec<(bool, String)> {
    let mut found = Vec::new();
    let (mut term, mut quoted) = (String::new(), false);
    for c in text.chars().map(|c| if matches!(c, '“' | '”' | '„') { '"' } else { c }) {
        if c == '"' {
            quoted = !quoted;
        }
        if c.is_whitespace() && !quoted {
            take(&mut term, &mut found);
        } else {
            term.push(c);
        }
    }
    if quoted {
        // an open quote is none: its words stand alone
        for word in std::mem::take(&mut term).split_whitespace() {
            let mut word = word.to_owned();
            take(&mut word, &mut found);
        }
    }
    take(&mut term, &mut found);
    found
}

fn take(term: &mut String, found: &mut Vec<(bool, String)>) {
    let text = std::mem::take(term);
    match text.strip_prefix('-').filter(|rest| !rest.is_empty() && !rest.starts_with('-')) {
        Some(rest) => found.push((true, rest.to_owned())),
        None if !text.is_empty() => found.push((false, text)),
        None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn operators_and_words_are_told_apart() {
        let query = Query::read(
            "cat \"two words\" from:@Ann@b.example -from:me has:media -is:reply language:zh \
             -dog -\"big bird\" in:library 天氣",
        );
        assert_eq!(query.words.as_deref(), Some("\"cat\"* AND \"two words\" AND \"天氣\""));
        assert_eq!(query.without.as_deref(), Some("(\"dog\"*) OR (\"big bird\")"));
        assert_eq!(query.from, ["ann@b.example"]);
        assert_eq!(query.not_from, ["me"]);
        assert_eq!((query.media, query.reply, query.poll), (Some(true), Some(false), None));
        assert_eq!(query.languages, ["zh"]);
        assert_eq!((query.scope, query.impossible), (Scope::Library, false));
        assert_eq!(query.plain, "cat \"two words\" 天氣");
        for plain in [
            "https://a.example/x",
            "a:b",
            "has:nothing",
            "before:soon",
            "-",
            "--x",
            "from:",
            "in:x",
            "12:30",
        ] {
            let query = Query::read(plain);
            assert!(!query.operators, "{plain}");
            assert_eq!(query.words, search::query(plain), "{plain}");
        }
        assert!(Query::read("has:media -has:media").impossible);
        assert!(Query::read("language:!!").impossible);
    }

    #[test]
    fn dates_are_whole_days() {
        let first = 1_704_067_200_000;
        for (text, since, until) in [
            ("before:2024-01-01", None, Some(first)),
            ("after:2024-01-01", Some(first + DAY), None),
            ("during:2024-01-01", Some(first), Some(first + DAY)),
            ("-before:2024-01-01", Some(first), None),
            ("-after:2024-01-01", None, Some(first + DAY)),
            ("after:2024-01-01 after:2023-01-01", Some(first + DAY), None),
            ("during:\"2024-01-01\"", Some(first), Some(first + DAY)),
            ("before:2024-02-30", None, None),
        ] {
            let query = Query::read(text);
            assert_eq!((query.since, query.until), (since, until), "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_breaks_it(text in "(from:|has:|is:|language:|before:|after:|during:|in:|media|me|-|\"|“|:|2024-01-01| |字|天氣|a|AND|NOT|\\(|\\PC){0,30}") {
            let query = Query::read(&text);
            for expression in query.words.iter().chain(&query.without) {
                prop_assert!(!expression.trim().is_empty());
            }
        }
    }
}
