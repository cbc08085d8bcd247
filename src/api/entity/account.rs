//! Account, and what its owner sees of it.

use std::collections::HashMap;

use serde::Serialize;

use super::status::Mention;
use super::{Emoji, emojis};
use crate::clock::{DAY, api_time, date};
use crate::db::user::User;
use crate::db::{self, Conn};
use crate::error::{Error, Result};
use crate::model::{self, ActorKind, CacheClass, Field, Picture, Visibility};
use crate::service::cached_file;
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
    avatar_description: String,
    header_description: String,
    followers_count: i64,
    following_count: i64,
    statuses_count: i64,
    last_status_at: Option<String>,
    hide_collections: Option<bool>,
    /// Which parts of the profile the owner wants to be shown.
    show_media: Option<bool>,
    show_media_replies: Option<bool>,
    show_featured: Option<bool>,
    /// Local accounts only, as in Mastodon.
    #[serde(skip_serializing_if = "Option::is_none")]
    noindex: Option<bool>,
    emojis: Vec<Emoji>,
    #[serde(skip_serializing_if = "Option::is_none")]
    roles: Option<[(); 0]>,
    fields: Vec<Field>,
    /// Only where it is so.
    #[serde(skip_serializing_if = "Option::is_none")]
    memorial: Option<bool>,
    /// Where the person is now; see [`with_moved`].
    #[serde(skip_serializing_if = "Option::is_none")]
    moved: Option<Box<Account>>,
    #[serde(skip)]
    moved_to_uri: Option<String>,
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
        let picture = |class| cached_file::picture(site, &account, class);
        let avatar = picture(CacheClass::Avatar).unwrap_or_else(|| site.missing_avatar());
        let header = picture(CacheClass::Header).unwrap_or_else(|| site.missing_header());
        let avatar_static = picture(CacheClass::AvatarStill).unwrap_or_else(|| avatar.clone());
        let header_static = picture(CacheClass::HeaderStill).unwrap_or_else(|| header.clone());
        let avatar_description = described(account.avatar());
        let header_description = described(account.header());
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
            avatar_static,
            avatar_description,
            avatar,
            header_static,
            header_description,
            header,
            followers_count: account.followers_count,
            following_count: account.following_count,
            statuses_count: account.statuses_count,
            last_status_at: account.last_status_at.map(date),
            hide_collections: local.then_some(account.details.hide_collections),
            show_media: local.then_some(!account.details.hide_media),
            show_media_replies: local.then_some(!account.details.hide_media_replies),
            show_featured: local.then_some(!account.details.hide_featured),
            noindex: local.then_some(!account.indexable),
            emojis: emojis(site, account.emojis),
            roles: local.then_some([]),
            fields: account.fields,
            memorial: account.details.memorial.then_some(true),
            moved: None,
            moved_to_uri: account.moved_to_uri,
            limited,
            suspended,
            sensitized,
        }
    }
}

impl Account {
    /// As it stands in a status that names it.
    pub(super) fn mention(&self) -> Mention {
        Mention {
            id: self.id,
            username: self.username.clone(),
            url: self.url.clone(),
            acct: self.acct.clone(),
        }
    }
}

/// The version of a picture that does not move.
pub(super) fn still(url: &str, picture: Option<&Picture>) -> String {
    picture.and_then(|picture| picture.static_url.clone()).unwrap_or_else(|| url.to_owned())
}

/// What a picture shows, in words.
pub(super) fn described(picture: Option<&Picture>) -> String {
    picture.map(|picture| picture.description.clone()).unwrap_or_default()
}

/// As much of an account as its picture needs.
#[derive(Debug, Serialize)]
pub(crate) struct PartialAccount {
    #[serde(serialize_with = "super::id")]
    id: i64,
    acct: String,
    locked: bool,
    bot: bool,
    url: String,
    avatar: String,
    avatar_static: String,
}

impl PartialAccount {
    /// The short shape of an account.
    pub(super) fn new(account: &Account) -> Self {
        Self {
            id: account.id,
            acct: account.acct.clone(),
            locked: account.locked,
            bot: account.bot,
            url: account.url.clone(),
            avatar: account.avatar.clone(),
            avatar_static: account.avatar_static.clone(),
        }
    }
}

/// Puts into accounts that moved where they are now, one query for all of them; nothing is asked
/// where nobody moved.
pub(crate) fn with_moved(
    conn: &Conn,
    site: &Site,
    mut accounts: Vec<Account>,
) -> Result<Vec<Account>> {
    let uris: Vec<String> =
        accounts.iter().filter_map(|account| account.moved_to_uri.clone()).collect();
    if uris.is_empty() {
        return Ok(accounts);
    }
    let targets = db::account::list_by_uris(conn, &uris)?;
    for account in &mut accounts {
        let target = targets
            .iter()
            .find(|to| Some(&to.uri) == account.moved_to_uri.as_ref() && to.suspended_at.is_none());
        account.moved = target.map(|to| Box::new(Account::new(site, to.clone())));
    }
    Ok(accounts)
}

/// Fields as they were written, with what was found of their links; of an account without such,
/// as they are.
pub(crate) fn raw_fields(account: &model::Account, source: Vec<(String, String)>) -> Vec<Field> {
    if source.len() != account.fields.len() {
        return account.fields.clone();
    }
    source
        .into_iter()
        .zip(&account.fields)
        .map(|((name, value), field)| Field { name, value, verified_at: field.verified_at.clone() })
        .collect()
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

impl Credential {
    /// With where the owner is now, if the account has moved.
    pub(crate) fn with_moved(self, conn: &Conn, site: &Site) -> Result<Self> {
        let account = with_moved(conn, site, vec![self.account])?.pop().ok_or(Error::NotFound)?;
        Ok(Self { account, ..self })
    }
}

/// What the owner wrote, before it was rendered, and what new statuses begin with.
#[derive(Debug, Serialize)]
struct Source {
    privacy: &'static str,
    sensitive: bool,
    language: Option<String>,
    quote_policy: &'static str,
    /// GoToSocial's name.
    status_content_type: &'static str,
    note: String,
    fields: Vec<Field>,
    follow_requests_count: i64,
    hide_collections: bool,
    discoverable: bool,
    indexable: bool,
    attribution_domains: Vec<String>,
    /// As in GoToSocial; only where there are such.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    also_known_as_uris: Vec<String>,
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
    fields_source: Vec<(String, String)>,
    follow_requests_count: i64,
) -> Credential {
    Credential {
        role: Role::of(user.admin),
        source: Source {
            // Mastodon has no default of `direct`
            privacy: user.default_visibility.min(Visibility::Private).as_str(),
            sensitive: user.default_sensitive,
            language: user.default_language,
            quote_policy: user.default_quote_policy.as_str(),
            status_content_type: user.default_content_type.as_str(),
            note: user.note_source,
            fields: raw_fields(&account, fields_source),
            follow_requests_count,
            hide_collections: account.details.hide_collections,
            discoverable: account.discoverable,
            indexable: account.indexable,
            attribution_domains: account.details.attribution_domains.clone(),
            also_known_as_uris: account.details.also_known_as.clone(),
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
