//! Tags that a profile shows, here and in its `featuredTags` collection.

use crate::activity::build::{self, HashtagDoc};
use crate::db::featured_tag::FeaturedTag;
use crate::db::{self, Conn, Tx};
use crate::error::{Error, Result};
use crate::model::Account;
use crate::site::Site;
use crate::text::hashtag;

use super::delivery;

/// How many tags one may feature, and how many are kept of a remote account; as in Mastodon.
pub const MOST: i64 = 10;
/// How many are suggested.
const SUGGESTED: usize = 10;

/// Features a tag and tells one's followers; again does nothing.
///
/// # Errors
/// 422 for one too many.
pub fn add(tx: &Tx<'_>, site: &Site, account: &Account, name: &str) -> Result<FeaturedTag> {
    let tag = db::status::tag_id(tx, name)?;
    if db::featured_tag::insert(tx, account.id, tag)? {
        if db::featured_tag::count(tx, account.id)? > MOST {
            return Err(Error::invalid(
                "Validation failed: You have already featured the maximum number of hashtags",
            ));
        }
        tell(tx, site, account, name, true)?;
    }
    db::featured_tag::find_by_tag(tx, account.id, tag)?.ok_or(Error::NotFound)
}

/// Takes one away; nothing where it is not featured.
pub fn remove(tx: &Tx<'_>, site: &Site, account: &Account, tag: i64, name: &str) -> Result<()> {
    if db::featured_tag::remove(tx, account.id, tag)? {
        tell(tx, site, account, name, false)?;
    }
    Ok(())
}

/// Takes away the one with this id.
///
/// # Errors
/// 404 when it is not the account's (S-082).
pub fn remove_by_id(tx: &Tx<'_>, site: &Site, account: &Account, id: i64) -> Result<()> {
    let tag = db::featured_tag::find(tx, account.id, id)?.ok_or(Error::NotFound)?;
    remove(tx, site, account, tag.tag_id, &tag.name)
}

/// `Add` or `Remove` of a Hashtag to the followers, of the `featured` collection as in Mastodon
/// (F-196).
fn tell(tx: &Tx<'_>, site: &Site, account: &Account, name: &str, add: bool) -> Result<()> {
    let (Some(featured), Some(followers)) = (&account.featured_uri, &account.followers_uri) else {
        return Ok(());
    };
    let what = if add { "add" } else { "remove" };
    let id = format!("{}#tags/{}/{what}", account.uri, tx.mint_id());
    let tag = document(site, account, name);
    let to = std::slice::from_ref(followers);
    let activity = build::feature_tag(add, &id, &account.uri, &tag, featured, to);
    delivery::queue(tx, account, &activity, db::follow::list_follower_inboxes(tx, account.id)?)
}

fn document(site: &Site, account: &Account, name: &str) -> HashtagDoc {
    HashtagDoc { href: site.tagged(&account.username, name), name: name.to_owned() }
}

/// The tags of a local account as documents.
pub fn documents(conn: &Conn, site: &Site, account: &Account) -> Result<Vec<HashtagDoc>> {
    let tags = db::featured_tag::list(conn, account.id)?;
    Ok(tags.iter().map(|tag| document(site, account, &tag.name)).collect())
}

/// Tags that an account uses much and does not feature, the most used first.
pub fn suggestions(conn: &Conn, account_id: i64) -> Result<Vec<(i64, String)>> {
    let mut used = db::featured_tag::list_used(conn, account_id)?;
    used.sort_by(|a, b| b.2.cmp(&a.2).then_with(|| a.1.cmp(&b.1)));
    used.truncate(SUGGESTED);
    Ok(used.into_iter().map(|(id, name, _)| (id, name)).collect())
}

/// The tags that a remote account features are these.
pub fn replace_remote(tx: &Tx<'_>, account_id: i64, names: &[String]) -> Result<()> {
    let Some(account) = db::account::find(tx, account_id)? else { return Ok(()) };
    if account.is_local() || account.suspended_at.is_some() {
        return Ok(());
    }
    let mut tags = Vec::new();
    for name in names.iter().filter_map(|name| hashtag::normalize(name)).take(MOST as usize) {
        tags.push(db::status::tag_id(tx, &name)?);
    }
    db::featured_tag::keep_only(tx, account.id, &tags)?;
    for tag in tags {
        db::featured_tag::insert(tx, account.id, tag)?;
    }
    Ok(())
}

/// A remote account features a tag (F-196).
pub fn add_remote(tx: &Tx<'_>, account: &Account, name: &str) -> Result<()> {
    if let Some(name) = hashtag::normalize(name)
        && db::featured_tag::count(tx, account.id)? < MOST
    {
        let tag = db::status::tag_id(tx, &name)?;
        db::featured_tag::insert(tx, account.id, tag)?;
    }
    Ok(())
}

/// It no longer does.
pub fn remove_remote(tx: &Tx<'_>, account: &Account, name: &str) -> Result<()> {
    if let Some(name) = hashtag::normalize(name)
        && let Some(tag) = db::status::find_tag(tx, &name)?
    {
        db::featured_tag::remove(tx, account.id, tag)?;
    }
    Ok(())
}
