//! Profile: one's own account as it is edited, everything as it was written.

use serde::Serialize;

use super::account::{described, still};
use super::{FeaturedTag, featured_tags, raw_fields};
use crate::db::{self, Conn};
use crate::error::{Error, Result};
use crate::model::Field;
use crate::site::Site;

/// The answer of GET /api/v1/profile.
#[derive(Debug, Serialize)]
#[allow(clippy::struct_excessive_bools)]
pub(crate) struct Profile {
    #[serde(serialize_with = "super::id")]
    id: i64,
    display_name: String,
    note: String,
    fields: Vec<Field>,
    /// `null` where there is none, other than in Account.
    avatar: Option<String>,
    avatar_static: Option<String>,
    avatar_description: String,
    header: Option<String>,
    header_static: Option<String>,
    header_description: String,
    locked: bool,
    bot: bool,
    hide_collections: bool,
    discoverable: bool,
    indexable: bool,
    show_media: bool,
    show_media_replies: bool,
    show_featured: bool,
    attribution_domains: Vec<String>,
    featured_tags: Vec<FeaturedTag>,
}

/// The shape of one's own profile.
pub(crate) fn profile(conn: &Conn, site: &Site, me: i64) -> Result<Profile> {
    let account = db::account::get(conn, me)?;
    let user = db::user::find(conn, me)?.ok_or(Error::NotFound)?;
    let tags = featured_tags(site, &account, db::featured_tag::list(conn, me)?);
    let fields = raw_fields(&account, db::profile::fields_source(conn, me)?);
    Ok(Profile {
        id: account.id,
        note: user.note_source,
        fields,
        avatar_static: account.avatar_url.as_deref().map(|url| still(url, account.avatar())),
        avatar_description: described(account.avatar()),
        avatar: account.avatar_url.clone(),
        header_static: account.header_url.as_deref().map(|url| still(url, account.header())),
        header_description: described(account.header()),
        header: account.header_url.clone(),
        locked: account.locked,
        bot: account.kind.is_bot(),
        hide_collections: account.details.hide_collections,
        discoverable: account.discoverable,
        indexable: account.indexable,
        show_media: !account.details.hide_media,
        show_media_replies: !account.details.hide_media_replies,
        show_featured: !account.details.hide_featured,
        attribution_domains: account.details.attribution_domains,
        display_name: account.display_name,
        featured_tags: tags,
    })
}
