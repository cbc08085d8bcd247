//! What a scope allows, in words (S-080).

use crate::model::Scopes;
use crate::web::locale::{Locale, fill};

/// One line for each scope.
pub(super) fn in_words(t: &'static Locale, scopes: &Scopes) -> Vec<String> {
    scopes.iter().map(|scope| line(t, scope)).collect()
}

fn line(t: &'static Locale, scope: &str) -> String {
    match scope {
        "profile" => t.scope_profile.clone(),
        "follow" => t.scope_follow.clone(),
        "push" => t.scope_push.clone(),
        "read" => t.scope_read_all.clone(),
        "write" => t.scope_write_all.clone(),
        "admin:read" => t.scope_admin_read_all.clone(),
        "admin:write" => t.scope_admin_write_all.clone(),
        _ => {
            let kinds = [
                ("read:", &t.scope_read),
                ("write:", &t.scope_write),
                ("admin:read:", &t.scope_admin_read),
                ("admin:write:", &t.scope_admin_write),
            ];
            let found = kinds
                .into_iter()
                .find_map(|(start, text)| Some(fill(text, noun(t, scope.strip_prefix(start)?)?)));
            // a scope without words is shown as it is rather than hidden
            found.unwrap_or_else(|| scope.to_owned())
        }
    }
}

fn noun(t: &'static Locale, what: &str) -> Option<&'static str> {
    Some(match what {
        "accounts" => &t.noun_accounts,
        "blocks" => &t.noun_blocks,
        "canonical_email_blocks" => &t.noun_canonical_email_blocks,
        "bookmarks" => &t.noun_bookmarks,
        "collections" => &t.noun_collections,
        "conversations" => &t.noun_conversations,
        "domain_allows" => &t.noun_domain_allows,
        "domain_blocks" => &t.noun_domain_blocks,
        "email_domain_blocks" => &t.noun_email_domain_blocks,
        "favourites" => &t.noun_favourites,
        "filters" => &t.noun_filters,
        "follows" => &t.noun_follows,
        "ip_blocks" => &t.noun_ip_blocks,
        "lists" => &t.noun_lists,
        "media" => &t.noun_media,
        "mutes" => &t.noun_mutes,
        "notifications" => &t.noun_notifications,
        "reports" => &t.noun_reports,
        "search" => &t.noun_search,
        "statuses" => &t.noun_statuses,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn s_080_every_scope_has_words_in_both_languages() {
        for language in ["en", "zh"] {
            let request = TestRequest::default()
                .insert_header(("accept-language", language))
                .to_http_request();
            let t = Locale::of(&request);
            let mut seen = std::collections::HashSet::new();
            for scope in Scopes::known() {
                let text = line(t, scope);
                assert!(text != *scope && !text.contains("{}"), "{language}: {scope} is {text}");
                assert!(seen.insert(text.clone()), "{language}: two scopes say {text}");
            }
        }
    }
}
