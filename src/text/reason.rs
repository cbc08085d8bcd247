//! Why something was refused, left out or came to nothing. In English it is what the client API says
//! and what is stored; pages and commands tell it in the reader's language. Each is a variant, so that an
//! unknown one does not compile, and what it says is in `assets/locales/reasons.*.toml`.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::words::{Lang, Table, fill, table};
use crate::error::Error;

/// Declares [`Reason`] and the list of all of them together.
macro_rules! reasons {
    ($($key:ident)*) => {
        /// One of them.
        #[allow(non_camel_case_types, reason = "they are the keys of the files")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Reason {
            $($key,)*
        }

        impl Reason {
            const ALL: &[Self] = &[$(Self::$key,)*];

            fn name(self) -> &'static str {
                match self {
                    $(Self::$key => stringify!($key),)*
                }
            }
        }
    };
}

reasons! {
    kind_unknown followers_stay mode_unknown rows_many rows_none file_other file_not_utf8
    imports_open line_unclear not_found gone no_answer suspended has_moved own_moved not_allowed
    no_messages lists_many list_blank list_long list_full hidden_many domain_own domain_wrong
    entry_address entry_boost entry_other entry_not_post entry_no_id entry_author entry_json
    entry_values entry_string entry_nested entry_number entry_repeated entry_large entry_utf8
    post_others post_dateless post_ancient post_ahead post_old post_vote post_direct post_empty
    boost_unknown boost_closed boost_twice boost_consent upload_gone other file_missing
    file_damaged file_large file_cut file_no_answer posts_broken posts_unread posts_large
    archive_whose archive_damaged archive_unpack archive_big archive_room archive_files
    account_shut form_old form_nothing uploads_many receiving_much disk_full body_large method
    slow whole_number went_wrong name_wrong name_taken email_wrong email_taken password_short
    password_long passwords_differ input_over host_alone host_public host_port listen_wrong one_of
    one_line not_empty
}

static ENGLISH: LazyLock<Table> =
    LazyLock::new(|| table(include_str!("../../assets/locales/reasons.en.toml")));
static CHINESE: LazyLock<Table> =
    LazyLock::new(|| table(include_str!("../../assets/locales/reasons.zh.toml")));

impl Reason {
    fn text(self, table: &'static Table) -> &'static str {
        table.get(self.name()).map_or(self.name(), String::as_str)
    }

    /// What is said in English, where nothing has to be filled in.
    pub fn plain(self) -> &'static str {
        self.text(&ENGLISH)
    }

    /// The same with a value.
    pub fn with(self, value: impl std::fmt::Display) -> String {
        fill(self.plain(), &[value.to_string()])
    }

    /// 422, as the client API says it.
    pub fn refuse(self) -> Error {
        Error::invalid(format!("{FRONT}{}", self.plain()))
    }

    /// The same with a value.
    pub fn refuse_with(self, value: impl std::fmt::Display) -> Error {
        Error::invalid(format!("{FRONT}{}", self.with(value)))
    }
}

/// What clients of the API expect in front.
const FRONT: &str = "Validation failed: ";

/// What was said in English, an error's sentence or a stored one, in a language; `None`: it is none of
/// ours. English stays as it is, without what clients expect in front.
pub fn retell(lang: Lang, told: &str) -> Option<Cow<'_, str>> {
    let told = told.strip_prefix(FRONT).unwrap_or(told);
    if lang == Lang::English {
        return Some(told.into());
    }
    let found = Reason::ALL.iter().find_map(|one| Some((one, values(one.plain(), told)?)));
    found.map(|(reason, values)| fill(reason.text(&CHINESE), &values).into())
}

/// What was filled into a text to make it what was told; its end may lack its full stop, or have one.
fn values(text: &str, told: &str) -> Option<Vec<String>> {
    let (text, told) = (text.trim_end_matches('.'), told.trim_end_matches('.'));
    let mut parts = ["{0}", "{1}"].into_iter().fold(vec![text], |parts, hole| {
        parts.into_iter().flat_map(|part| part.split(hole)).collect()
    });
    let last = parts.pop()?;
    let mut values = Vec::new();
    let mut rest = told;
    for (at, part) in parts.iter().enumerate() {
        match at {
            0 => rest = rest.strip_prefix(part)?,
            _ => {
                let (value, after) = rest.split_once(part)?;
                values.push(value.to_owned());
                rest = after;
            }
        }
    }
    if parts.is_empty() {
        return (told == last).then_some(values);
    }
    values.push(rest.strip_suffix(last)?.to_owned());
    Some(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn both_files_have_every_reason_and_no_value_that_is_not_there() {
        for reason in Reason::ALL {
            let key = reason.name();
            let (en, zh) = (&ENGLISH[key], &CHINESE[key]);
            for hole in ["{0}", "{1}", "{2}"] {
                assert!(en.contains(hole) || !zh.contains(hole), "{key}: {hole}");
            }
            assert!(!zh.is_ascii(), "{key}");
            // the first hole stands first, which is how values are found again
            assert!(en.find("{0}").unwrap_or(0) <= en.find("{1}").unwrap_or(usize::MAX), "{key}");
        }
        assert_eq!((ENGLISH.len(), CHINESE.len()), (Reason::ALL.len(), Reason::ALL.len()));
    }

    #[test]
    fn what_was_said_in_english_is_found_again_with_its_values() {
        for reason in Reason::ALL {
            let told = fill(reason.plain(), &["7x".to_owned(), "y8".to_owned()]);
            let want = fill(reason.text(&CHINESE), &["7x".to_owned(), "y8".to_owned()]);
            for told in [told.clone(), format!("{FRONT}{told}"), format!("{told}.")] {
                assert_eq!(retell(Lang::Chinese, &told).as_deref(), Some(&*want), "{reason:?}");
            }
        }
        assert_eq!(retell(Lang::Chinese, "nobody says so"), None);
        let told = retell(Lang::English, "Validation failed: nobody says so");
        assert_eq!(told.as_deref(), Some("nobody says so"));
    }

    proptest! {
        #[test]
        fn whatever_is_told_does_no_harm(told in "(?s).{0,80}", front in "[a-zA-Z ]{0,30}") {
            let _ = retell(Lang::Chinese, &told);
            let _ = retell(Lang::Chinese, &format!("{front}{told}"));
            let _ = retell(Lang::Chinese, &format!("the upload {told} is gone"));
        }
    }
}
