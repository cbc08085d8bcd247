//! One's own profile, and the pages that profiles of anybody link to and that link back.

use crate::activity::build;
use crate::client::host_of;
use crate::clock::{DAY, MINUTE};
use crate::crypto::short_hash16;
use crate::db::{self, Conn, Tx};
use crate::error::{Error, Result};
use crate::model::{
    Account, ActorKind, ContentType, Event, Field, JobKind, QuotePolicy, Visibility,
};
use crate::site::Site;
use crate::text::{rel_me, sanitize};

/// Most characters of a display name, of the profile text, and of a field's name or value.
pub const MOST_NAME: usize = 100;
pub const MOST_NOTE: usize = 2000;
pub const MOST_FIELD: usize = 255;
/// How many web sites may name an account as their author.
pub const MOST_DOMAINS: usize = 10;

/// How many links of one profile are checked.
const MOST_LINKS: usize = 8;
/// The same link of the same remote profile is not checked again before this; one's own waits a
/// minute.
const LINK_REST: i64 = DAY;
/// How often links that were found good or not are looked at again.
const LINK_AGE: i64 = 28 * DAY;
/// How many of these jobs may wait for one server.
const QUEUE: i64 = 50;
/// How often what a remote account says of itself makes us ask somebody else.
const CLAIM_REST: i64 = 10 * MINUTE;
/// How often a remote account that somebody looks at is looked at more closely.
const LOOK_REST: i64 = DAY;

/// What a person changes of the own profile; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct ProfileChange {
    pub display_name: Option<String>,
    pub note: Option<String>,
    pub locked: Option<bool>,
    pub bot: Option<bool>,
    pub discoverable: Option<bool>,
    pub indexable: Option<bool>,
    pub hide_collections: Option<bool>,
    pub show_featured: Option<bool>,
    pub show_media: Option<bool>,
    pub show_media_replies: Option<bool>,
    /// Names and values as they were written.
    pub fields: Option<Vec<(String, String)>>,
    pub attribution_domains: Option<Vec<String>>,
    pub default_visibility: Option<Visibility>,
    pub default_sensitive: Option<bool>,
    pub default_language: Option<Option<String>>,
    pub default_content_type: Option<ContentType>,
    pub default_quote_policy: Option<QuotePolicy>,
    pub pictures: super::media::PicturesChange,
}

/// Changes a profile and tells the followers, once, if they see a difference (F-226).
///
/// # Errors
/// 422 with the field that cannot be.
pub fn update_profile(
    tx: &Tx<'_>,
    site: &Site,
    account_id: i64,
    change: ProfileChange,
) -> Result<Account> {
    let mut account = db::account::get(tx, account_id)?;
    let before = account.clone();
    let told = build::actor(&super::document::actor(tx, site, &account)?);
    if let Some(name) = change.display_name {
        short_enough("Display name", &name, MOST_NAME)?;
        account.display_name = sanitize::name(&name, MOST_NAME);
    }
    if let Some(note) = change.note {
        short_enough("Note", &note, MOST_NOTE)?;
        let note = sanitize::multiline(&note, MOST_NOTE);
        account.note = super::status::render_profile(tx, site, &note)?;
        db::user::set_note_source(tx, account_id, &note)?;
    }
    account.locked = change.locked.unwrap_or(account.locked);
    account.discoverable = change.discoverable.unwrap_or(account.discoverable);
    account.indexable = change.indexable.unwrap_or(account.indexable);
    if let Some(bot) = change.bot {
        account.kind = if bot { ActorKind::Service } else { ActorKind::Person };
    }
    let details = &mut account.details;
    details.hide_collections = change.hide_collections.unwrap_or(details.hide_collections);
    details.hide_featured = change.show_featured.map_or(details.hide_featured, |show| !show);
    details.hide_media = change.show_media.map_or(details.hide_media, |show| !show);
    details.hide_media_replies =
        change.show_media_replies.map_or(details.hide_media_replies, |show| !show);
    if let Some(domains) = change.attribution_domains {
        details.attribution_domains = attribution_domains(&domains)?;
    }
    let fields_given = change.fields.is_some();
    if let Some(fields) = change.fields {
        let fields = check_fields(site, fields)?;
        account.fields.clear();
        for (name, value) in &fields {
            let value = super::status::render_field(tx, site, value)?;
            account.fields.push(Field { name: name.clone(), value, verified_at: None });
        }
        keep_verified(&mut account.fields, &before.fields);
        db::profile::set_fields_source(tx, account_id, &fields)?;
    }
    super::media::set_pictures(tx, site, &mut account, change.pictures)?;
    db::user::set_posting(
        tx,
        account_id,
        change.default_content_type,
        change.default_quote_policy,
    )?;
    db::user::set_defaults(
        tx,
        account_id,
        change.default_visibility,
        change.default_sensitive,
        change.default_language,
    )?;
    if account != before {
        let fields = account.fields.iter().flat_map(|f| [f.name.as_str(), f.value.as_str()]);
        let texts = [account.display_name.as_str(), account.note.as_str()];
        account.emojis = super::emoji::used(tx, site, texts.into_iter().chain(fields))?;
        db::account::update(tx, &account)?;
        tx.after_commit(Event::AccountChanged { account_id });
    }
    if fields_given {
        // also those that were there before: the page may link back by now
        for field in account.fields.iter().filter(|field| field.verified_at.is_none()) {
            queue_link(tx, &account, field)?;
        }
        db::profile::set_checked(tx, account_id)?;
    }
    let doc = super::document::actor(tx, site, &account)?;
    if build::actor(&doc) != told {
        super::profile_news::tell(tx, site, account_id)?;
    }
    Ok(account)
}

fn short_enough(field: &str, text: &str, most: usize) -> Result<()> {
    if text.chars().count() > most {
        return Err(Error::invalid(format!(
            "Validation failed: {field} is too long (maximum is {most} characters)"
        )));
    }
    Ok(())
}

/// Fields as they are kept: blank ones are left out, each is one line.
fn check_fields(site: &Site, given: Vec<(String, String)>) -> Result<Vec<(String, String)>> {
    let most = site.limits.max_profile_fields;
    let mut kept = Vec::new();
    for (name, value) in given {
        short_enough("fields_attributes: a name", &name, MOST_FIELD)?;
        short_enough("fields_attributes: a value", &value, MOST_FIELD)?;
        let name = sanitize::name(&name, MOST_FIELD).trim().to_owned();
        let value = sanitize::name(&value, MOST_FIELD).trim().to_owned();
        match (name.is_empty(), value.is_empty()) {
            (true, true) => {}
            (true, false) => {
                return Err(Error::invalid(
                    "Validation failed: fields_attributes has a value without a name",
                ));
            }
            _ => kept.push((name, value)),
        }
    }
    if kept.len() > most {
        return Err(Error::invalid(format!(
            "Validation failed: fields_attributes has too many fields (maximum is {most})"
        )));
    }
    Ok(kept)
}

/// Domains in lower case and punycode, each once; an address stands for its host.
fn attribution_domains(given: &[String]) -> Result<Vec<String>> {
    let mut kept: Vec<String> = Vec::new();
    for text in given.iter().map(|text| text.trim()).filter(|text| !text.is_empty()) {
        let refused = || {
            let shown: String = text.chars().take(100).collect();
            Error::invalid(format!(
                "Validation failed: attribution_domains: {shown} is not a valid domain name"
            ))
        };
        let bare = text.split_once("://").map_or(text, |(_, rest)| rest);
        let bare = bare.strip_prefix("*.").unwrap_or(bare).trim_end_matches('/');
        let odd = |c: char| c.is_whitespace() || "/@?#:\\".contains(c);
        let whole = bare.contains('.') && bare.split('.').all(|label| !label.is_empty());
        if bare.len() > 255 || !whole || bare.contains(odd) {
            return Err(refused());
        }
        let host = host_of(&format!("https://{bare}/")).ok_or_else(refused)?;
        if !kept.contains(&host) {
            kept.push(host);
        }
    }
    if kept.len() > MOST_DOMAINS {
        return Err(Error::invalid(format!(
            "Validation failed: attribution_domains has too many domains (maximum is {MOST_DOMAINS})"
        )));
    }
    Ok(kept)
}

/// A field that still says the same stays verified.
pub(super) fn keep_verified(fields: &mut [Field], before: &[Field]) {
    for field in fields {
        field.verified_at = before
            .iter()
            .find(|old| old.value == field.value)
            .and_then(|old| old.verified_at.clone());
    }
}

/// Aliases of a local account, already found to be accounts (F-031, F-351).
pub fn set_aliases(tx: &Tx<'_>, site: &Site, account_id: i64, uris: Vec<String>) -> Result<()> {
    let mut account = db::account::get(tx, account_id)?;
    if uris.contains(&account.uri) {
        return Err(Error::invalid(
            "Validation failed: also_known_as_uris: an account is no alias of its own",
        ));
    }
    if account.details.also_known_as != uris {
        account.details.also_known_as = uris;
        db::account::update(tx, &account)?;
        tx.after_commit(Event::AccountChanged { account_id });
        super::profile_news::tell(tx, site, account_id)?;
    }
    Ok(())
}

/// Queues a check of each link of a remote account that was not there before.
pub(super) fn check_links(tx: &Tx<'_>, account: &Account, before: &[Field]) -> Result<()> {
    // whoever changes them all the time does not make us ask all the world
    let mark = short_hash16(format!("links {}", account.id).as_bytes());
    if !db::seen::insert(tx, &mark, tx.now() + CLAIM_REST)? {
        return Ok(());
    }
    let new = account.fields.iter().filter(|field| !before.iter().any(|b| b.value == field.value));
    for field in new.take(MOST_LINKS) {
        queue_link(tx, account, field)?;
    }
    Ok(())
}

/// Queues the check of one field, if it is a link: not at once again for the same link and
/// profile.
fn queue_link(tx: &Tx<'_>, account: &Account, field: &Field) -> Result<()> {
    let Some(address) = rel_me::link(&field.value) else { return Ok(()) };
    let Some(host) = host_of(&address) else { return Ok(()) };
    let mark = short_hash16(format!("link {} {address}", account.id).as_bytes());
    let rest = if account.is_local() { MINUTE } else { LINK_REST };
    if !db::seen::insert(tx, &mark, tx.now() + rest)? {
        return Ok(());
    }
    let payload = serde_json::to_vec(&(account.id, address)).map_err(Error::internal)?;
    queue(tx, JobKind::CheckLink, &format!("link {host}"), &payload)
}

/// Queues what another server has to be asked, not without limit for one of them.
fn queue(tx: &Tx<'_>, kind: JobKind, lane: &str, payload: &[u8]) -> Result<()> {
    if db::job::count_lane(tx, lane, QUEUE)? < QUEUE {
        db::job::insert(tx, kind, lane, payload)?;
    }
    Ok(())
}

/// Queues all links of local people again whose last check is some weeks old.
pub fn check_old_links(tx: &Tx<'_>, limit: i64) -> Result<usize> {
    let people = db::profile::take_unchecked(tx, tx.now() - LINK_AGE, limit)?;
    for id in &people {
        if let Some(account) = db::account::find(tx, *id)? {
            for field in account.fields.iter().take(MOST_LINKS) {
                queue_link(tx, &account, field)?;
            }
        }
    }
    Ok(people.len())
}

/// A page was read: whether it links back. The fields that name it show it from now on, or no
/// longer.
pub fn link_checked(tx: &Tx<'_>, account_id: i64, address: &str, links_back: bool) -> Result<()> {
    let Some(mut account) = db::account::find(tx, account_id)? else { return Ok(()) };
    let now = crate::clock::api_time(tx.now());
    let mut changed = false;
    for field in &mut account.fields {
        if rel_me::link(&field.value).as_deref() != Some(address)
            || field.verified_at.is_some() == links_back
        {
            continue;
        }
        field.verified_at = links_back.then(|| now.clone());
        changed = true;
    }
    if changed {
        db::account::update(tx, &account)?;
        tx.after_commit(Event::AccountChanged { account_id });
    }
    Ok(())
}

fn look_mark(account_id: i64) -> [u8; 16] {
    short_hash16(format!("look {account_id}").as_bytes())
}

/// Whether a remote account was not looked at closely for a while.
pub fn wants_look(conn: &Conn, account: &Account) -> Result<bool> {
    Ok(!account.is_local() && !db::seen::contains(conn, &look_mark(account.id))?)
}

/// Somebody here follows a remote account or looks at its profile: its links are checked and the
/// tags that it features are read, once a day.
pub fn look_closer(tx: &Tx<'_>, account: &Account) -> Result<()> {
    if account.is_local() || !db::seen::insert(tx, &look_mark(account.id), tx.now() + LOOK_REST)? {
        return Ok(());
    }
    for field in account.fields.iter().take(MOST_LINKS) {
        queue_link(tx, account, field)?;
    }
    if let Some(host) = account.details.featured_tags_uri.as_deref().and_then(host_of) {
        let id = account.id.to_string();
        queue(tx, JobKind::FetchFeaturedTags, &format!("fetch {host}"), id.as_bytes())?;
    }
    Ok(())
}

/// What a remote account says of having moved counts when the other side says so too (F-057);
/// that is asked by a job unless it is known.
pub(super) fn take_move(
    tx: &Tx<'_>,
    account: &mut Account,
    known: Option<&Account>,
    claimed: Option<&str>,
) -> Result<()> {
    let Some(target) = claimed else {
        account.moved_to_uri = None;
        return Ok(());
    };
    if known.is_some_and(|known| known.moved_to_uri.as_deref() == Some(target)) {
        account.moved_to_uri = Some(target.to_owned());
        return Ok(());
    }
    let stored = db::account::find_by_uri(tx, target)?;
    if stored.is_some_and(|to| to.details.also_known_as.contains(&account.uri)) {
        account.moved_to_uri = Some(target.to_owned());
        return Ok(());
    }
    let Some(host) = host_of(target) else { return Ok(()) };
    let mark = short_hash16(format!("move {}", account.uri).as_bytes());
    if db::seen::insert(tx, &mark, tx.now() + CLAIM_REST)? {
        let payload = serde_json::to_vec(&(&account.uri, target)).map_err(Error::internal)?;
        queue(tx, JobKind::CheckMove, &format!("fetch {host}"), &payload)?;
    }
    Ok(())
}

/// The target was read anew: if it names the old account as its own, that one shows it.
pub fn move_checked(tx: &Tx<'_>, old_uri: &str, target: &Account) -> Result<()> {
    let Some(mut account) = db::account::find_by_uri(tx, old_uri)? else { return Ok(()) };
    let mutual = target.details.also_known_as.iter().any(|uri| uri == old_uri);
    if mutual && !account.is_local() && account.id != target.id {
        account.moved_to_uri = Some(target.uri.clone());
        db::account::update(tx, &account)?;
        tx.after_commit(Event::AccountChanged { account_id: account.id });
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn domains(given: &[&str]) -> Result<Vec<String>> {
        attribution_domains(&given.iter().map(|&text| text.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn f_033_domains_are_made_uniform() {
        assert_eq!(
            domains(&["https://News.example/", "*.blog.example", "", "news.example", "例え.jp"])
                .unwrap(),
            ["news.example", "blog.example", "xn--r8jz45g.jp"]
        );
        assert_eq!(domains(&[" "]).unwrap(), [""; 0]);
        for bad in
            ["a b.example", "a.example/path", "me@a.example", "local", "a.example:80", "..", "%"]
        {
            let error = domains(&[bad]).unwrap_err().to_string();
            assert!(error.contains("attribution_domains"), "{bad}: {error}");
        }
        let many: Vec<String> = (0..11).map(|n| format!("a{n}.example")).collect();
        assert!(attribution_domains(&many).is_err());
        assert!(attribution_domains(&many[..10]).is_ok());
    }
}
