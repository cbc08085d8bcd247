//! What the pages say, in English and in Chinese. Two small TOML files are embedded and parsed
//! once; each key is a field, so a page that names an unknown one does not compile.

use std::borrow::Cow;
use std::sync::LazyLock;

use actix_web::HttpRequest;
use actix_web::http::header::ACCEPT_LANGUAGE;
use toml::Spanned;
use toml::de::DeTable;

use crate::text::reason;
use crate::text::words::Lang;

/// Declares [`Locale`] and the list of its keys together.
macro_rules! locale {
    ($($key:ident)*) => {
        /// All texts of the pages in one language.
        pub struct Locale {
            /// The language, if the address asks for it: what a page links to keeps to it.
            pub asked: Option<&'static str>,
            $(pub $key: String,)*
        }

        /// The keys that a locale file must have, no more and no fewer.
        #[cfg(test)]
        const KEYS: &[&str] = &[$(stringify!($key),)*];

        impl Locale {
            /// Reads a locale file; a missing text shows its key, which a test makes impossible.
            fn parse(source: &str, asked: Option<&'static str>) -> Self {
                let table = DeTable::parse(source).map(Spanned::into_inner).unwrap_or_default();
                Self { asked, $($key: text(&table, stringify!($key)),)* }
            }
        }
    };
}

locale! {
    tag other_tag other_name
    home_empty home_people home_unlisted join join_open join_asks join_invite join_app to_account
    about about_contact about_software about_people about_rules about_privacy about_terms
    skip_to_content
    posts following followers joined newest older no_posts boosted
    replies boosts favourites edited votes sensitive
    ancestors answers automated tag_title moved
    image video audio file
    with_replies media pinned answer_to answer_to_self verified feeds read_on profile_parts
    pages_nav about_figures
    sign_in sign_in_title sign_in_lead sign_in_name sign_in_password sign_in_failed
    sign_in_expired sign_in_wait sign_in_suspended sign_in_disabled sign_in_ask sign_in_ask_them
    signed_in_as sign_out not_you
    authorize_title authorize_lead authorize_redirect authorize_shows_code authorize_scopes
    authorize_allow authorize_deny authorize_website authorize_warning
    code_title code_lead code_warning
    oauth_error oauth_unknown_client oauth_bad_redirect oauth_bad_state oauth_denied
    oauth_denied_lead oauth_retry
    interact_title interact_account interact_status interact_unknown interact_how interact_address
    error_not_found error_not_found_lead error_gone error_gone_lead error_busy error_busy_lead
    error_ours error_ours_lead error_other error_other_lead error_full error_full_lead error_later
    error_later_lead
    scope_profile scope_follow scope_push scope_read_all scope_write_all scope_admin_read_all
    scope_admin_write_all scope_read scope_write scope_admin_read scope_admin_write
    noun_accounts noun_blocks noun_bookmarks noun_conversations noun_domain_allows
    noun_domain_blocks noun_favourites noun_filters noun_follows noun_lists noun_media
    noun_mutes noun_notifications noun_reports noun_search noun_statuses
    settings settings_done settings_revoke
    settings_password settings_password_lead settings_password_current settings_password_new
    settings_password_again settings_password_save settings_password_wrong settings_password_differ
    settings_password_short settings_password_changed
    settings_email settings_email_now settings_email_waits settings_email_new settings_email_save
    settings_email_wrong settings_email_taken settings_email_changed settings_factor_or_recovery
    settings_delete settings_delete_lead settings_delete_elsewhere settings_delete_name_gone
    settings_delete_final settings_delete_before settings_delete_archive settings_delete_data
    settings_delete_moving settings_delete_name settings_delete_wrong_name settings_delete_go
    settings_deleted settings_deleted_lead
    settings_factor settings_factor_off settings_factor_on settings_factor_left
    settings_factor_begin settings_factor_scan settings_factor_secret settings_factor_code
    settings_factor_enable settings_factor_disable settings_factor_disabled
    settings_recovery settings_recovery_lead settings_recovery_kept
    settings_apps settings_apps_lead settings_apps_none settings_apps_since settings_apps_used
    settings_apps_never settings_apps_revoked
    settings_sessions settings_sessions_lead settings_session_here settings_session_since
    settings_session_unknown settings_session_ended
    settings_moving settings_moving_out settings_moving_lead settings_moving_account
    settings_moving_redirect settings_moving_go settings_moving_away settings_moving_back
    settings_moving_in settings_moving_in_lead settings_moving_alias settings_moving_add
    settings_moving_remove settings_moving_nobody settings_moving_silent
    settings_moving_itself settings_moving_no_alias settings_moving_has_moved
    settings_moving_elsewhere settings_moving_too_soon settings_moving_too_many
    settings_moving_moved settings_moving_is_back
    settings_data settings_data_out settings_data_out_lead settings_data_in settings_data_in_lead
    settings_data_kind settings_data_file settings_data_mode settings_data_merge
    settings_data_overwrite settings_data_go settings_data_begun settings_data_running
    settings_data_finished settings_data_counts settings_data_refused settings_data_lately
    settings_data_lists settings_data_bookmarks settings_data_failures settings_data_failed_file
    settings_data_too_large
    settings_archive settings_archive_in settings_archive_in_lead settings_archive_file
    settings_archive_proxy settings_archive_visibility settings_archive_all
    settings_archive_unlisted settings_archive_private settings_archive_nobody
    settings_archive_direct settings_archive_go settings_archive_waits settings_archive_running
    settings_archive_came settings_archive_counts settings_archive_stopped settings_archive_stop
    settings_archive_cancelled
    settings_archive_bookmarks settings_archive_left settings_archive_left_files
    settings_archive_too_large settings_archive_none settings_archive_busy
    settings_archive_remove settings_archive_remove_lead settings_archive_removing
    settings_archive_out settings_archive_out_lead settings_archive_make settings_archive_making
    settings_archive_made settings_archive_until settings_archive_gone settings_archive_lost
    settings_archive_failed settings_archive_too_soon settings_archive_download
    settings_blocks settings_blocks_lead settings_blocks_blocked settings_blocks_muted
    settings_blocks_hidden settings_blocks_unblock settings_blocks_unmute settings_blocks_show
    settings_blocks_domain settings_blocks_hide settings_blocks_domain_wrong settings_blocks_none
    settings_blocks_more settings_blocks_until
    factor_title factor_lead factor_code factor_go factor_wrong factor_late
    noun_collections noun_email_domain_blocks noun_ip_blocks noun_canonical_email_blocks
    sign_up sign_up_title sign_up_lead sign_up_asks sign_up_name sign_up_name_hint sign_up_email
    sign_up_reason sign_up_agree sign_up_closed sign_up_closed_lead sign_up_invite_over
    sign_up_noted sign_up_waits sign_up_still_waits sign_up_joined sign_up_blank sign_up_unticked sign_up_colon sign_up_invalid
    sign_up_short sign_up_long sign_up_reserved sign_up_taken settings_invites
    settings_invites_lead settings_invites_uses settings_invites_days settings_invites_make
    settings_invites_made settings_invites_used settings_invites_endless settings_invites_revoke
    settings_invites_refused settings_people settings_people_lead settings_people_none
    settings_people_since settings_people_unconfirmed settings_people_approve
    settings_people_reject settings_people_full
    sign_up_confirm sign_up_still_unconfirmed sign_up_full confirm_title confirm_lead confirm_go
    confirm_done confirm_address confirm_over confirm_over_lead lost_title lost_lead lost_go
    lost_sent lost_sent_lead lost_none lost_link
}

/// Not inlined: there are some two hundred keys.
#[inline(never)]
fn text(table: &DeTable<'_>, key: &str) -> String {
    table.get(key).and_then(|value| value.get_ref().as_str()).unwrap_or(key).to_owned()
}

const IN_ENGLISH: &str = include_str!("../../assets/locales/en.toml");
const IN_CHINESE: &str = include_str!("../../assets/locales/zh.toml");

static ENGLISH: LazyLock<Locale> = LazyLock::new(|| Locale::parse(IN_ENGLISH, None));
static CHINESE: LazyLock<Locale> = LazyLock::new(|| Locale::parse(IN_CHINESE, None));
static ASKED_ENGLISH: LazyLock<Locale> = LazyLock::new(|| Locale::parse(IN_ENGLISH, Some("en")));
static ASKED_CHINESE: LazyLock<Locale> = LazyLock::new(|| Locale::parse(IN_CHINESE, Some("zh")));

impl Locale {
    /// What was said in English, an error's sentence or a stored reason; `None`: nobody knows it here.
    pub fn retell<'a>(&self, told: &'a str) -> Option<Cow<'a, str>> {
        reason::retell(Lang::of(&self.tag), told)
    }

    /// The language with this code; English where it is not spoken.
    pub fn named(code: &str) -> &'static Self {
        if is_chinese(code) == Some(true) { &CHINESE } else { &ENGLISH }
    }

    /// The reader's language: `?lang=` where given, else what the browser prefers.
    pub fn of(request: &HttpRequest) -> &'static Self {
        match lang(request).as_deref().and_then(is_chinese) {
            Some(true) => return &ASKED_CHINESE,
            Some(false) => return &ASKED_ENGLISH,
            None => {}
        }
        let header = request.headers().get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        if prefers_chinese(header) { &CHINESE } else { &ENGLISH }
    }

    /// An address of ours in the language that was asked for, if one was.
    pub fn link(&self, address: &str) -> String {
        self.asked.map_or_else(|| address.to_owned(), |lang| in_language(address, lang))
    }
}

/// `?lang=`
fn lang(request: &HttpRequest) -> Option<String> {
    form_urlencoded::parse(request.query_string().as_bytes())
        .find(|(name, _)| name == "lang")
        .map(|(_, value)| value.into_owned())
}

/// A text with its `{}` filled in. What is filled in is escaped by the template, as all is.
pub fn fill(text: &str, value: impl std::fmt::Display) -> String {
    text.replacen("{}", &value.to_string(), 1)
}

/// The address with this language in its query, in place of any other; the rest stays.
pub fn in_language(address: &str, lang: &str) -> String {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let is_other = |pair: &&str| !pair.is_empty() && !pair.starts_with("lang=");
    let kept = query.split('&').filter(is_other).fold(String::new(), |all, pair| all + pair + "&");
    format!("{path}?{kept}lang={lang}")
}

/// Whether a browser wants Chinese. Every kind of Chinese is served; so is English to all others.
fn prefers_chinese(header: Option<&str>) -> bool {
    let mut best = (0.0, false);
    for item in header.unwrap_or_default().split(',').take(20) {
        let mut parts = item.split(';');
        let Some(known) = parts.next().and_then(|tag| is_chinese(tag.trim())) else { continue };
        let weight = parts.find_map(|p| p.trim().strip_prefix("q=")?.parse::<f32>().ok());
        let weight = weight.unwrap_or(1.0);
        // the first of equals wins
        if weight > best.0 {
            best = (weight, known);
        }
    }
    best.1
}

/// `Some(true)` for Chinese, `Some(false)` for English, `None` for what is not spoken here.
fn is_chinese(tag: &str) -> Option<bool> {
    let primary = tag.split(['-', '_']).next().unwrap_or_default();
    if primary.eq_ignore_ascii_case("zh") {
        Some(true)
    } else if primary.eq_ignore_ascii_case("en") {
        Some(false)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn both_files_have_exactly_the_keys() {
        for source in [IN_ENGLISH, IN_CHINESE] {
            let table = DeTable::parse(source).unwrap();
            let mut have: Vec<&str> =
                table.get_ref().keys().map(|k| k.get_ref().as_ref()).collect();
            let mut want = KEYS.to_vec();
            have.sort_unstable();
            want.sort_unstable();
            assert_eq!(have, want);
            for (key, value) in table.get_ref() {
                let text = value.get_ref().as_str().unwrap();
                assert!(!text.trim().is_empty(), "{key:?}");
            }
        }
    }

    #[test]
    fn a_text_takes_the_same_values_in_both_languages() {
        let table = |source| DeTable::parse(source).unwrap();
        let en = table(IN_ENGLISH);
        let zh = table(IN_CHINESE);
        for key in KEYS {
            let holes = |t: &toml::Spanned<DeTable<'_>>| {
                t.get_ref().get(*key).unwrap().get_ref().as_str().unwrap().matches("{}").count()
            };
            assert_eq!(holes(&en), holes(&zh), "{key}");
        }
    }

    #[test]
    fn the_reader_gets_the_preferred_language() {
        for (header, chinese) in [
            (None, false),
            (Some("zh-TW,zh;q=0.9,en;q=0.8"), true),
            (Some("zh-HK"), true),
            (Some("de, zh;q=0.5, en;q=0.9"), false),
            (Some("fr;q=1, zh-Hant;q=0.2"), true),
            (Some("en, zh"), false),
            (Some("zh;q=x,;;,=,"), true),
        ] {
            assert_eq!(prefers_chinese(header), chinese, "{header:?}");
        }
        for (address, asked, chinese) in [
            ("/?lang=zh", Some("zh"), true),
            ("/?lang=zh-TW", Some("zh"), true),
            ("/?a=b&lang=en-GB", Some("en"), false),
            ("/?lang=tlh", None, true),
            ("/", None, true),
        ] {
            let request = TestRequest::with_uri(address).insert_header((ACCEPT_LANGUAGE, "zh"));
            let t = Locale::of(&request.to_http_request());
            assert_eq!((t.asked, t.tag == "zh"), (asked, chinese), "{address}");
        }
    }

    #[test]
    fn another_language_keeps_the_place() {
        for (address, chosen) in [
            ("", "?lang=zh"),
            ("/about", "/about?lang=zh"),
            ("?max_id=5", "?max_id=5&lang=zh"),
            ("/a?lang=en", "/a?lang=zh"),
            ("/a?lang=en&b=c&&lang=de&slang=d", "/a?b=c&slang=d&lang=zh"),
        ] {
            assert_eq!(in_language(address, "zh"), chosen, "{address}");
        }
    }
}
