//! What the program says to who runs it: answers of `init`, `doctor` and `status`, and the messages
//! in the administrator's own client; and letters. English and Chinese; each word is a variant, so that an
//! unknown one does not compile, and what it says is in `assets/locales/operator.*.toml`.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use toml::de::DeTable;

/// Declares [`Word`] and the list of all of them together.
macro_rules! words {
    ($($key:ident)*) => {
        /// One thing that can be said. Some have an advice: see [`advice`].
        #[allow(non_camel_case_types, reason = "they are the keys of the files")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Word {
            $($key,)*
        }

        impl Word {
            #[cfg(test)]
            const ALL: &[Self] = &[$(Self::$key,)*];

            /// Its key in the files.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$key => stringify!($key),)*
                }
            }
        }
    };
}

words! {
    level_ok level_warn level_bad verdict asks
    server_runs server_stopped server_silent config_ok config_bad
    accounts_ok accounts_none accounts_no_admin
    disk_ok disk_full cache_ok cache_tight cache_none
    queue_ok deliveries_stuck jobs_stuck
    clock_ok clock_unknown clock_off clock_back
    database_ok database_damaged database_unread bucket_ok bucket_bad
    certificate_ok certificate_none certificate_ends certificate_other
    backup_ok backup_none backup_old backup_late backup_never backup_tried backup_away backup_sealed backup_in_bucket backup_broken
    dns_ok dns_none dns_private
    reach_ok reach_plain reach_tls reach_down reach_gateway reach_status reach_host reach_other reach_challenge
    client_ok client_hidden client_untrusted socket_ok socket_none upload_ok upload_small finger_ok finger_bad
    inbox_ok inbox_bad
    status_version status_memory status_disk status_database status_cache status_waiting
    status_failing status_relays status_relay status_relay_none status_certificate status_backup
    status_backup_none span_minutes span_hours span_days
    init_host init_title init_tls init_listen init_data init_username init_email init_again
    init_exists init_needs init_done init_account init_password init_next init_next_https init_stays init_service
    ask_password ask_again message_end
    start_point start_dev start_dev_failed start_none
    sign_up_waits
    report_came report_more report_spam report_legal report_violation report_other
    letter_sign_up letter_sign_up_text letter_address letter_address_text letter_password letter_password_text
    letter_waiting letter_waiting_text letter_approved letter_approved_text letter_report letter_report_text
    letter_trial letter_trial_text
    mail_ok mail_bad mail_sent mail_off
}

/// A language of ours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lang {
    #[default]
    English,
    Chinese,
}

impl Lang {
    /// The language of a tag or of a locale's name: `zh-TW`, `zh_CN.UTF-8`. What is no Chinese is
    /// English.
    pub fn of(tag: &str) -> Self {
        let primary = tag.split(['-', '_', '.']).next().unwrap_or_default();
        if primary.eq_ignore_ascii_case("zh") { Self::Chinese } else { Self::English }
    }
}

pub(super) type Table = HashMap<String, String>;

static ENGLISH: LazyLock<Table> =
    LazyLock::new(|| table(include_str!("../../assets/locales/operator.en.toml")));
static CHINESE: LazyLock<Table> =
    LazyLock::new(|| table(include_str!("../../assets/locales/operator.zh.toml")));

pub(super) fn table(source: &str) -> Table {
    let table = DeTable::parse(source).map(toml::Spanned::into_inner).unwrap_or_default();
    let pair = |(key, value): (&toml::Spanned<_>, &toml::Spanned<toml::de::DeValue<'_>>)| {
        let key: &std::borrow::Cow<'_, str> = key.get_ref();
        Some((key.clone().into_owned(), value.get_ref().as_str()?.to_owned()))
    };
    table.iter().filter_map(pair).collect()
}

fn lookup(lang: Lang, key: &str) -> Option<&'static str> {
    let table = match lang {
        Lang::English => &ENGLISH,
        Lang::Chinese => &CHINESE,
    };
    table.get(key).map(String::as_str)
}

/// What a word says; `{0}`, `{1}`, … are the values.
pub fn say(lang: Lang, word: Word, values: &[String]) -> String {
    fill(lookup(lang, word.name()).unwrap_or(word.name()), values)
}

/// What to do about it, where there is something to do.
pub fn advice(lang: Lang, word: Word, values: &[String]) -> Option<String> {
    lookup(lang, &format!("{}_fix", word.name())).map(|text| fill(text, values))
}

/// In one go: what a value has in it is no hole.
pub(super) fn fill(text: &str, values: &[String]) -> String {
    let mut out = String::with_capacity(text.len() + 32);
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let hole = rest.get(1..2).and_then(|digit| digit.parse::<usize>().ok());
        match hole.filter(|_| rest.get(2..3) == Some("}")) {
            Some(number) => {
                out.push_str(values.get(number).map_or("", String::as_str));
                rest = &rest[3..];
            }
            None => {
                out.push('{');
                rest = &rest[1..];
            }
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_files_say_every_word_with_the_same_values() {
        let holes = |text: &str| {
            let has = |n: &usize| text.contains(&format!("{{{n}}}"));
            (0..9).filter(has).collect::<Vec<_>>()
        };
        let mut known = 0;
        for word in Word::ALL {
            for (key, needed) in
                [(word.name().to_owned(), true), (format!("{}_fix", word.name()), false)]
            {
                let texts = (lookup(Lang::English, &key), lookup(Lang::Chinese, &key));
                match texts {
                    (Some(en), Some(zh)) => {
                        assert_eq!(holes(en), holes(zh), "{key}");
                        assert!(!en.trim().is_empty() && !zh.trim().is_empty(), "{key}");
                        known += 1;
                    }
                    (None, None) if !needed => {}
                    _ => panic!("{key}: {texts:?}"),
                }
            }
        }
        assert_eq!((ENGLISH.len(), CHINESE.len()), (known, known), "no other keys");
    }

    #[test]
    fn values_are_put_in_once_and_are_no_holes() {
        let values = ["a{1}".to_owned(), "b".to_owned()];
        assert_eq!(fill("{1} {0} {2} {x} {", &values), "b a{1}  {x} {");
    }

    #[test]
    fn every_kind_of_chinese_is_chinese() {
        for (tag, lang) in [
            ("zh_CN.UTF-8", Lang::Chinese),
            ("zh-TW", Lang::Chinese),
            ("ZH", Lang::Chinese),
            ("en_GB.UTF-8", Lang::English),
            ("C", Lang::English),
            ("zha", Lang::English),
            ("", Lang::English),
        ] {
            assert_eq!(Lang::of(tag), lang, "{tag}");
        }
    }
}
