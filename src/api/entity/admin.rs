//! What an admin sees of accounts, domains and emojis.

use std::collections::HashMap;

use serde::Serialize;

use super::Account;
use super::account::Role;
use crate::clock::api_time;
use crate::crypto;
use crate::db::applicant::Applicant;
use crate::db::user::User;
use crate::db::{self, Conn};
use crate::error::Result;
use crate::model;
use crate::service;
use crate::site::Site;

/// An account as an admin sees it (Admin::Account). No address that somebody came from is kept,
/// so that none is told.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct AdminAccount {
    #[serde(serialize_with = "super::id")]
    pub(crate) id: i64,
    username: String,
    domain: Option<String>,
    created_at: String,
    email: String,
    ip: (),
    ips: [(); 0],
    locale: String,
    invite_request: Option<String>,
    role: Role,
    confirmed: bool,
    approved: bool,
    disabled: bool,
    sensitized: bool,
    silenced: bool,
    suspended: bool,
    account: Account,
    created_by_application_id: (),
    invited_by_account_id: Option<String>,
}

impl AdminAccount {
    fn new(site: &Site, account: model::Account, user: Option<&User>) -> Self {
        let locale =
            user.and_then(|user| user.locale.clone().or_else(|| user.default_language.clone()));
        Self {
            id: account.id,
            username: account.username.clone(),
            domain: account.domain.clone(),
            created_at: api_time(account.created_at),
            email: user.map(|user| user.email.clone()).unwrap_or_default(),
            ip: (),
            ips: [],
            locale: locale.unwrap_or_else(|| site.default_language.clone()),
            invite_request: user.and_then(|user| user.reason.clone()),
            role: Role::of(user.is_some_and(|user| user.admin)),
            confirmed: true,
            approved: true,
            disabled: user.is_some_and(|user| user.disabled),
            sensitized: account.sensitized_at.is_some(),
            silenced: account.silenced_at.is_some(),
            suspended: account.suspended_at.is_some(),
            account: Account::new(site, account),
            created_by_application_id: (),
            invited_by_account_id: user.and_then(|user| Some(user.invited_by?.to_string())),
        }
    }
}

/// Somebody who waits, in the shape of the account that they may have.
pub(crate) fn admin_applicant(site: &Site, one: Applicant) -> AdminAccount {
    let account = model::Account {
        id: one.id,
        url: Some(site.profile(&one.username)),
        uri: site.actor(&one.username),
        username: one.username,
        created_at: one.created_at,
        ..model::Account::default()
    };
    AdminAccount {
        email: one.email,
        locale: one.locale,
        invite_request: Some(one.reason).filter(|reason| !reason.is_empty()),
        confirmed: one.confirmed,
        approved: one.approved,
        invited_by_account_id: one.invited_by.map(|id| id.to_string()),
        ..AdminAccount::new(site, account, None)
    }
}

/// The shapes of accounts in the order of `ids`; those that are gone are left out.
pub(crate) fn admin_accounts(conn: &Conn, site: &Site, ids: &[i64]) -> Result<Vec<AdminAccount>> {
    let accounts: HashMap<i64, model::Account> = db::account::list_shown(conn, ids)?
        .into_iter()
        .map(|account| (account.id, account))
        .collect();
    let users: HashMap<i64, User> =
        db::user::list(conn, ids)?.into_iter().map(|user| (user.account_id, user)).collect();
    Ok(ids
        .iter()
        .filter_map(|id| Some(AdminAccount::new(site, accounts.get(id)?.clone(), users.get(id))))
        .collect())
}

/// A block of a domain as an admin sees it (Admin::DomainBlock).
#[derive(Debug, Serialize)]
pub(crate) struct AdminDomainBlock {
    #[serde(serialize_with = "super::id")]
    id: i64,
    domain: String,
    digest: String,
    created_at: String,
    severity: &'static str,
    reject_media: bool,
    reject_reports: bool,
    private_comment: Option<String>,
    public_comment: Option<String>,
    obfuscate: bool,
}

/// SHA-256 of a domain in hexadecimal: so that two servers can compare their lists.
fn digest(domain: &str) -> String {
    crypto::hex(&crypto::sha256(domain.as_bytes()))
}

impl AdminDomainBlock {
    pub(crate) fn new(block: model::DomainBlock) -> Self {
        Self {
            id: block.id,
            digest: digest(&block.domain),
            domain: block.domain,
            created_at: api_time(block.created_at),
            severity: block.severity.as_str(),
            reject_media: block.reject_media,
            reject_reports: block.reject_reports,
            private_comment: block.private_comment,
            public_comment: block.public_comment,
            obfuscate: block.obfuscate,
        }
    }
}

/// A block of a domain as others see it (DomainBlock).
#[derive(Debug, Serialize)]
pub(crate) struct DomainBlock {
    domain: String,
    digest: String,
    severity: &'static str,
    comment: Option<String>,
}

impl DomainBlock {
    pub(crate) fn new(block: &model::DomainBlock) -> Self {
        Self {
            domain: service::domain::shown(block),
            digest: digest(&block.domain),
            severity: block.severity.as_str(),
            comment: block.public_comment.clone(),
        }
    }
}

/// An allowed domain (Admin::DomainAllow).
#[derive(Debug, Serialize)]
pub(crate) struct AdminDomainAllow {
    #[serde(serialize_with = "super::id")]
    id: i64,
    domain: String,
    created_at: String,
}

impl AdminDomainAllow {
    pub(crate) fn new(allow: model::DomainAllow) -> Self {
        Self { id: allow.id, domain: allow.domain, created_at: api_time(allow.created_at) }
    }
}

/// An emoji as an admin sees it, in GoToSocial's shape.
#[derive(Debug, Serialize)]
pub(crate) struct AdminEmoji {
    #[serde(serialize_with = "super::id")]
    id: i64,
    shortcode: String,
    url: String,
    static_url: String,
    visible_in_picker: bool,
    category: Option<String>,
    disabled: bool,
    domain: Option<String>,
    updated_at: String,
    content_type: String,
    uri: String,
}

impl AdminEmoji {
    pub(crate) fn new(site: &Site, emoji: model::CustomEmoji) -> Self {
        Self {
            static_url: service::emoji::static_address(site, &emoji),
            url: service::emoji::address(site, &emoji),
            id: emoji.id,
            uri: format!("{}/emojis/{}", site.base, emoji.shortcode),
            shortcode: emoji.shortcode,
            visible_in_picker: emoji.visible,
            category: emoji.category,
            disabled: emoji.disabled,
            domain: None,
            updated_at: api_time(emoji.updated_at),
            content_type: emoji.media_type,
        }
    }
}
