//! Account, and what its owner sees of it.

use std::collections::HashMap;

use serde::Serialize;

use super::{Emoji, emojis};
use crate::clock::{DAY, api_time, date};
use crate::db::user::User;
use crate::model::{self, ActorKind, Field, Visibility};
use crate::site::Site;

/// An account as anybody sees it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Account {
    #[serde(serialize_with = "super::id")]
    pub(crate) id: i64,
    username: String,
    acct: String,
    display_name: String,
    locked: bool,
    bot: bool,
    discoverable: bool,
    indexable: bool,
    group: bool,
    created_at: String,
    note: String,
    url: String,
    uri: String,
    avatar: String,
    avatar_static: String,
    header: String,
    header_static: String,
    followers_count: i64,
    following_count: i64,
    statuses_count: i64,
    last_status_at: Option<String>,
    hide_collections: Option<bool>,
    /// Local accounts only, as in Mastodon.
    #[serde(skip_serializing_if = "Option::is_none")]
    noindex: Option<bool>,
    emojis: Vec<Emoji>,
    #[serde(skip_serializing_if = "Option::is_none")]
    roles: Option<[(); 0]>,
    fields: Vec<Field>,
    /// Limited or suspended by an admin; only said when it is so, as in Mastodon.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    limited: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    suspended: bool,
    /// All its media are marked; for the shapes of statuses.
    #[serde(skip)]
    pub(super) sensitized: bool,
}

impl Account {
    /// Of a suspended account only that it is one.
    pub(crate) fn suspended(site: &Site, account: model::Account) -> Self {
        Self::new(
            site,
            model::Account {
                id: account.id,
                username: account.username,
                domain: account.domain,
                uri: account.uri,
                url: account.url,
                created_at: account.created_at,
                suspended_at: account.suspended_at,
                ..model::Account::default()
            },
        )
    }

    /// The shape of a stored account. Addresses are absolute and never empty: clients fail the
    /// whole page otherwise.
    pub(crate) fn new(site: &Site, account: model::Account) -> Self {
        let local = account.is_local();
        let (limited, suspended) = (account.silenced_at.is_some(), account.suspended_at.is_some());
        let sensitized = account.sensitized_at.is_some();
        let acct = account.acct();
        let avatar = account.avatar_url.unwrap_or_else(|| site.missing_avatar());
        let header = account.header_url.unwrap_or_else(|| site.missing_header());
        Self {
            id: account.id,
            username: account.username,
            acct,
            display_name: account.display_name,
            locked: account.locked,
            bot: account.kind.is_bot(),
            discoverable: account.discoverable,
            indexable: account.indexable,
            group: account.kind == ActorKind::Group,
            created_at: api_time(account.created_at - account.created_at.rem_euclid(DAY)),
            note: account.note,
            url: account.url.unwrap_or_else(|| account.uri.clone()),
            uri: account.uri,
            avatar_static: avatar.clone(),
            avatar,
            header_static: header.clone(),
            header,
            followers_count: account.followers_count,
            following_count: account.following_count,
            statuses_count: account.statuses_count,
            last_status_at: account.last_status_at.map(date),
            hide_collections: local.then_some(false),
            noindex: local.then_some(!account.indexable),
            emojis: emojis(account.emojis),
            roles: local.then_some([]),
            fields: account.fields,
            limited,
            suspended,
            sensitized,
        }
    }
}

/// Accounts in the order of `ids`; those that are gone are left out.
pub(crate) fn accounts(site: &Site, ids: &[i64], found: Vec<model::Account>) -> Vec<Account> {
    let mut found: HashMap<i64, model::Account> =
        found.into_iter().map(|account| (account.id, account)).collect();
    ids.iter()
        .filter_map(|id| found.remove(id))
        .filter(|account| account.suspended_at.is_none())
        .map(|account| Account::new(site, account))
        .collect()
}

/// An account in the list of one's mutes.
#[derive(Debug, Serialize)]
pub(crate) struct MutedAccount {
    #[serde(flatten)]
    pub(crate) account: Account,
    pub(crate) mute_expires_at: Option<String>,
}

/// An account as its owner sees it (CredentialAccount).
#[derive(Debug, Serialize)]
pub(crate) struct Credential {
    #[serde(flatten)]
    account: Account,
    source: Source,
    role: Role,
}

/// What the owner wrote, before it was rendered, and what new statuses begin with.
#[derive(Debug, Serialize)]
struct Source {
    privacy: &'static str,
    sensitive: bool,
    language: Option<String>,
    note: String,
    fields: Vec<Field>,
    follow_requests_count: i64,
    hide_collections: bool,
    discoverable: bool,
    indexable: bool,
    attribution_domains: [String; 0],
}

/// The role that somebody has. Its rights are bits, as in Mastodon.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Role {
    id: &'static str,
    name: &'static str,
    permissions: &'static str,
    color: &'static str,
    highlighted: bool,
}

impl Role {
    /// Admins may everything; everybody else has Mastodon's role for all, without rights.
    pub(super) fn of(admin: bool) -> Self {
        if admin {
            let permissions = "1048575";
            Self { id: "3", name: "Admin", permissions, color: "", highlighted: false }
        } else {
            Self { id: "-99", name: "", permissions: "0", color: "", highlighted: false }
        }
    }
}

/// The shape of one's own account.
pub(crate) fn credential(
    site: &Site,
    account: model::Account,
    user: User,
    follow_requests_count: i64,
) -> Credential {
    Credential {
        role: Role::of(user.admin),
        source: Source {
            // Mastodon has no default of `direct`
            privacy: user.default_visibility.min(Visibility::Private).as_str(),
            sensitive: user.default_sensitive,
            language: user.default_language,
            note: user.note_source,
            fields: account.fields.clone(),
            follow_requests_count,
            hide_collections: false,
            discoverable: account.discoverable,
            indexable: account.indexable,
            attribution_domains: [],
        },
        account: Account::new(site, account),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::config::Config;
    use serde_json::to_value;

    #[test]
    fn an_account_without_anything_still_has_everything() {
        let mut config = Config::default();
        config.server.host = "a.example".to_owned();
        let site = Site::new(&config);
        let stored = model::Account {
            id: 115_000_000_000_000_001,
            username: "x".to_owned(),
            domain: Some("b.example".to_owned()),
            uri: "https://b.example/x".to_owned(),
            created_at: 1_767_323_045_678,
            ..Default::default()
        };
        let json = to_value(Account::new(&site, stored.clone())).unwrap();
        assert_eq!(json["id"], "115000000000000001");
        assert_eq!(json["acct"], "x@b.example");
        assert_eq!(json["url"], "https://b.example/x");
        assert_eq!(json["created_at"], "2026-01-02T00:00:00.000Z");
        assert_eq!(json["avatar"], "https://a.example/assets/avatar.png");
        assert!(json["last_status_at"].is_null() && json.get("roles").is_none());
        let local = model::Account { domain: None, ..stored };
        assert_eq!(to_value(Account::new(&site, local)).unwrap()["roles"], serde_json::json!([]));
    }
}
