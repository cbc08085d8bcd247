//! Announcement, and the reactions to it.

use std::collections::HashMap;

use serde::Serialize;

use super::status::tag_url;
use super::{Emoji, emojis};
use crate::clock::api_time;
use crate::db::announcement::Reaction as Row;
use crate::db::{self, Conn};
use crate::error::Result;
use crate::model;
use crate::service;
use crate::site::Site;

/// What the administrator tells everybody here.
#[derive(Debug, Serialize)]
pub(crate) struct Announcement {
    #[serde(serialize_with = "super::id")]
    id: i64,
    content: String,
    starts_at: Option<String>,
    ends_at: Option<String>,
    all_day: bool,
    published_at: String,
    updated_at: String,
    read: bool,
    mentions: Vec<Named>,
    statuses: Vec<Linked>,
    tags: Vec<Tag>,
    emojis: Vec<Emoji>,
    reactions: Vec<Reaction>,
}

#[derive(Debug, Serialize)]
struct Named {
    #[serde(serialize_with = "super::id")]
    id: i64,
    username: String,
    url: String,
    acct: String,
}

#[derive(Debug, Serialize)]
struct Linked {
    #[serde(serialize_with = "super::id")]
    id: i64,
    url: String,
}

#[derive(Debug, Serialize)]
struct Tag {
    name: String,
    url: String,
}

/// How many reacted so.
#[derive(Debug, Serialize)]
pub(crate) struct Reaction {
    name: String,
    count: i64,
    me: bool,
    /// Of a custom emoji only.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    static_url: Option<String>,
}

/// A reaction as streams tell it.
#[derive(Debug, Serialize)]
pub(crate) struct ReactionEvent {
    #[serde(serialize_with = "super::id")]
    announcement_id: i64,
    name: String,
    count: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    static_url: Option<String>,
}

/// How often a name is there now, 0 included.
pub(crate) fn reaction_event(
    conn: &Conn,
    site: &Site,
    id: i64,
    name: &str,
) -> Result<ReactionEvent> {
    let (url, static_url) = pictures(conn, site, vec![name.to_owned()])?.remove(name).unzip();
    Ok(ReactionEvent {
        announcement_id: id,
        name: name.to_owned(),
        count: db::announcement::count_reactions(conn, id, name)?,
        url,
        static_url,
    })
}

/// The addresses of the custom emojis with these names, and of their stills.
fn pictures(
    conn: &Conn,
    site: &Site,
    names: Vec<String>,
) -> Result<HashMap<String, (String, String)>> {
    Ok(db::emoji::list_named(conn, &names)?
        .into_iter()
        .map(|emoji| {
            let url = service::emoji::address(site, &emoji);
            let still = service::emoji::static_address(site, &emoji);
            (emoji.shortcode, (url, still))
        })
        .collect())
}

/// The shapes of announcements as `viewer` sees them, in their order; each with whether it was
/// read.
pub(crate) fn announcements(
    conn: &Conn,
    site: &Site,
    viewer: i64,
    page: Vec<(model::Announcement, bool)>,
) -> Result<Vec<Announcement>> {
    let ids: Vec<i64> = page.iter().map(|(one, _)| one.id).collect();
    let named: Vec<i64> = page.iter().flat_map(|(one, _)| one.mentions.iter().copied()).collect();
    let named: HashMap<i64, model::Account> =
        db::account::list_shown(conn, &named)?.into_iter().map(|a| (a.id, a)).collect();
    let linked: Vec<i64> = page.iter().flat_map(|(one, _)| one.statuses.iter().copied()).collect();
    let linked: HashMap<i64, model::Status> =
        db::status::list(conn, &linked)?.into_iter().map(|s| (s.id, s)).collect();
    let rows = db::announcement::list_reactions(conn, &ids, viewer)?;
    let names = rows.iter().map(|row| row.name.clone()).collect();
    let urls = pictures(conn, site, names)?;
    let mut reactions: HashMap<i64, Vec<Reaction>> = HashMap::new();
    for Row { announcement_id, name, count, me } in rows {
        let (url, static_url) = urls.get(&name).cloned().unzip();
        let one = Reaction { name, count, me, url, static_url };
        reactions.entry(announcement_id).or_default().push(one);
    }
    let all: Vec<&str> = page.iter().map(|(one, _)| one.text.as_str()).collect();
    let used = service::emoji::used(conn, site, all)?;
    Ok(page
        .into_iter()
        .map(|(one, read)| Announcement {
            id: one.id,
            starts_at: one.starts_at.map(api_time),
            ends_at: one.ends_at.map(api_time),
            all_day: one.all_day,
            published_at: api_time(one.created_at),
            updated_at: api_time(one.created_at),
            read,
            mentions: one
                .mentions
                .iter()
                .filter_map(|id| named.get(id))
                .map(|account| Named {
                    id: account.id,
                    username: account.username.clone(),
                    url: account.page().to_owned(),
                    acct: account.acct(),
                })
                .collect(),
            statuses: one
                .statuses
                .iter()
                .filter_map(|id| linked.get(id))
                .map(|status| Linked { id: status.id, url: status.page().to_owned() })
                .collect(),
            tags: one
                .tags
                .into_iter()
                .map(|name| Tag { url: tag_url(site, &name), name })
                .collect(),
            emojis: emojis(
                site,
                used.iter()
                    .filter(|emoji| one.text.contains(&format!(":{}:", emoji.shortcode)))
                    .cloned()
                    .collect(),
            ),
            reactions: reactions.remove(&one.id).unwrap_or_default(),
            content: one.content,
        })
        .collect())
}
