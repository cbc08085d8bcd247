//! The JSON shapes of the client API, and how they are built: a page at a time, one query a
//! table, never one a row.

mod account;
mod admin;
mod announcement;
mod application;
mod card;
mod conversation;
mod delivery;
mod featured_tag;
mod filter;
mod import;
mod instance;
mod interaction;
mod list;
mod media;
mod notification;
mod notification_group;
mod notification_policy;
mod poll;
mod profile;
mod push;
mod quote;
mod reaction;
mod relationship;
mod report;
mod scheduled_status;
mod severance;
mod status;
mod status_edit;
mod suggestion;
mod tag;
mod translation;

use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::model::{self, CacheClass};
use crate::service::{self, cached_file};
use crate::site::Site;

pub(super) use account::{
    Account, Credential, MutedAccount, accounts, credential, raw_fields, with_moved,
};
pub(super) use admin::{
    AdminDomainAllow, AdminDomainBlock, AdminEmoji, DomainBlock, admin_accounts, admin_applicant,
};
pub(super) use announcement::{announcements, reaction_event};
pub(super) use application::{Application, NewApplication, TokenInfo};
pub(super) use card::PreviewCard;
pub(super) use conversation::conversations;
pub(super) use delivery::deliveries;
pub(super) use featured_tag::{FeaturedTag, featured_tags};
pub(super) use filter::{FilterKeyword, FilterStatus, V1Filter, filter, filters};
pub(super) use import::Import;
pub(super) use instance::{
    Stats, V1, V2, extended_description, privacy_policy, rules, terms_of_service,
};
pub(super) use interaction::{InteractionPolicy, interaction_requests};
pub(super) use list::List;
pub(super) use media::Media;
pub(super) use notification::notifications;
pub(super) use notification_group::{GroupView, grouped_notifications};
pub(super) use notification_policy::{
    notification_policy, notification_policy_v1, notification_requests,
};
pub(super) use poll::poll;
pub(super) use profile::profile;
pub(super) use push::WebPushSubscription;
pub(super) use reaction::reactors;
pub(super) use relationship::{relationship, relationships};
pub(super) use report::{admin_reports, reports};
pub(super) use scheduled_status::{scheduled_status, scheduled_statuses};
pub(super) use severance::Severance;
pub(super) use status::{Context, Status, status, statuses, tag_url};
pub(super) use status_edit::status_edits;
pub(super) use suggestion::Suggestion;
pub(super) use tag::{DAYS as HISTORY_DAYS, FullTag, history, tag_uses, tags, used_tags};
pub(super) use translation::{Translation, texts};

/// A custom emoji in a text.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Emoji {
    shortcode: String,
    url: String,
    static_url: String,
    visible_in_picker: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<String>,
}

/// An emoji of this server, for pickers.
pub(super) fn custom_emoji(site: &Site, emoji: model::CustomEmoji) -> Emoji {
    Emoji {
        static_url: service::emoji::static_address(site, &emoji),
        url: service::emoji::address(site, &emoji),
        shortcode: emoji.shortcode,
        visible_in_picker: emoji.visible,
        category: emoji.category,
    }
}

fn emojis(site: &Site, list: Vec<model::Emoji>) -> Vec<Emoji> {
    list.into_iter()
        .map(|emoji| Emoji {
            shortcode: emoji.shortcode,
            url: cached_file::emoji(site, CacheClass::Emoji, &emoji.url),
            static_url: cached_file::emoji(site, CacheClass::EmojiStill, &emoji.static_url),
            visible_in_picker: true,
            category: None,
        })
        .collect()
}

/// Ids are decimal strings: clients' numbers are exact only to 2^53.
#[allow(clippy::trivially_copy_pass_by_ref)]
pub(super) fn id<S: Serializer>(id: &i64, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(id)
}

/// The same where there may be none.
#[allow(clippy::ref_option)]
fn id_or_null<S: Serializer>(id: &Option<i64>, to: S) -> Result<S::Ok, S::Error> {
    match id {
        Some(id) => to.collect_str(id),
        None => to.serialize_none(),
    }
}

/// One account stands at many statuses of a page and is built once.
fn shared<T: Serialize, S: Serializer>(value: &Arc<T>, to: S) -> Result<S::Ok, S::Error> {
    value.as_ref().serialize(to)
}

/// The same where there may be none: a status that several boosts or notifications are about.
#[allow(clippy::ref_option)]
fn shared_or_null<T: Serialize, S: Serializer>(
    value: &Option<Arc<T>>,
    to: S,
) -> Result<S::Ok, S::Error> {
    value.as_deref().serialize(to)
}
