//! Files of elsewhere: under which addresses of ours they are shown, and what such an address
//! leads to. An address is known by a keyed hash of what it shows, so that nobody can have
//! anything fetched that was not shown here, and who was not shown a thing cannot guess it.

use crate::client::host_of;
use crate::crypto::constant_time_eq;
use crate::db::cached_source::{self, Source};
use crate::db::{self, Conn, Tx};
use crate::error::{Error, Result};
use crate::media::format;
use crate::model::{Account, CacheClass, CacheKey, CachedFile, JobKind};
use crate::site::Site;

/// An original of up to so many bytes is its own preview.
pub const OWN_PREVIEW: u64 = 300_000;
/// The queue of smaller versions, and how many wait in it at the most.
const LANE: &str = "small";
const MOST_WAITING: i64 = 100;

/// The address under which a file of elsewhere is shown. `declared`: the media type that its
/// server gives it.
pub fn address(
    site: &Site,
    class: CacheClass,
    owner: i64,
    url: &str,
    declared: Option<&str>,
) -> String {
    if site.owns(url) {
        return url.to_owned();
    }
    let ending = format::likely_ending(declared, url);
    // what is called a photo does not move
    let class = match class {
        CacheClass::AvatarStill if ending == "jpg" => CacheClass::Avatar,
        CacheClass::HeaderStill if ending == "jpg" => CacheClass::Header,
        class => class,
    };
    site.cached(class, owner, url, ending)
}

/// The address of an account's avatar or header, by `class`; `None` where it has none.
pub fn picture(site: &Site, account: &Account, class: CacheClass) -> Option<String> {
    let header = matches!(class, CacheClass::Header | CacheClass::HeaderStill);
    let url = if header { &account.header_url } else { &account.avatar_url };
    let url = url.as_deref()?;
    if account.is_local() {
        let own = if header { account.header() } else { account.avatar() };
        let still = matches!(class, CacheClass::AvatarStill | CacheClass::HeaderStill);
        let still = own.filter(|_| still).and_then(|own| own.static_url.clone());
        return Some(still.unwrap_or_else(|| url.to_owned()));
    }
    Some(address(site, class, account.id, url, None))
}

/// The address of the picture of an emoji.
pub fn emoji(site: &Site, class: CacheClass, url: &str) -> String {
    if site.owns(url) { url.to_owned() } else { site.cached_emoji(class, url) }
}

/// A file that may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub class: CacheClass,
    /// The attachment, account or card that it belongs to; 0: an emoji.
    pub owner: i64,
    pub key: CacheKey,
    /// Where it is, or what it is made of.
    pub url: String,
    pub host: String,
    /// Not fetched but made here, of the file of this class.
    pub made_of: Option<CacheClass>,
}

impl Wanted {
    /// A file of elsewhere; `None`: an address that nothing is fetched from.
    pub fn new(
        site: &Site,
        class: CacheClass,
        owner: i64,
        url: &str,
        made_of: Option<CacheClass>,
    ) -> Option<Self> {
        let key = site.cache_key(class, owner, url);
        let host = host_of(url).filter(|_| !site.owns(url))?;
        Some(Self { class, owner, key, url: url.to_owned(), host, made_of })
    }

    /// What it is made of; itself where it is fetched.
    pub fn source(&self, site: &Site) -> Self {
        let Some(class) = self.made_of else { return self.clone() };
        let key = site.cache_key(class, self.owner, &self.url);
        Self { class, key, made_of: None, ..self.clone() }
    }
}

/// What an address leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    File(Wanted),
    /// The account has another picture now: its address.
    Other(String),
}

/// What lies under an address.
///
/// # Errors
/// 404 for what was never shown, is gone, suspended, or of a blocked server (F-338, F-340).
pub fn find(
    conn: &Conn,
    site: &Site,
    class: CacheClass,
    owner: i64,
    key: &CacheKey,
) -> Result<Found> {
    let source = source(conn, class, owner)?.ok_or(Error::NotFound)?;
    let (url, made_of) = choose(class, &source).ok_or(Error::NotFound)?;
    let wanted = Wanted::new(site, class, owner, url, made_of).ok_or(Error::NotFound)?;
    let blocked = source.suspended || is_blocked(conn, &wanted.host)?;
    if blocked || source.domain.as_deref().map_or(Ok(false), |host| is_blocked(conn, host))? {
        return Err(Error::NotFound);
    }
    if constant_time_eq(&wanted.key.0, &key.0) {
        return Ok(Found::File(wanted));
    }
    match class {
        CacheClass::Avatar
        | CacheClass::AvatarStill
        | CacheClass::Header
        | CacheClass::HeaderStill => Ok(Found::Other(address(site, class, owner, url, None))),
        _ => Err(Error::NotFound),
    }
}

/// The picture of an emoji, whose address says where it is.
///
/// # Errors
/// 404 for an address that is none of ours, or of a blocked server.
pub fn find_emoji(
    conn: &Conn,
    site: &Site,
    class: CacheClass,
    url: &str,
    key: &CacheKey,
) -> Result<Wanted> {
    let made_of = (class == CacheClass::EmojiStill).then_some(CacheClass::Emoji);
    let wanted = Wanted::new(site, class, 0, url, made_of).ok_or(Error::NotFound)?;
    if !constant_time_eq(&wanted.key.0, &key.0) || is_blocked(conn, &wanted.host)? {
        return Err(Error::NotFound);
    }
    Ok(wanted)
}

/// Nothing of this server is shown.
pub fn is_blocked(conn: &Conn, host: &str) -> Result<bool> {
    let limits = crate::db::domain::limits(conn, host)?;
    Ok(limits.reject_media || limits.severity >= 2)
}

/// Whether what a file belongs to still shows it.
pub fn is_current(conn: &Conn, wanted: &Wanted) -> Result<bool> {
    if matches!(wanted.class, CacheClass::Emoji | CacheClass::EmojiStill) {
        return Ok(true);
    }
    let found = source(conn, wanted.class, wanted.owner)?;
    // an original may be fetched for the preview that is made of it
    Ok(found.is_some_and(|source| [source.url, source.preview].contains(&Some(wanted.url.clone()))))
}

fn source(conn: &Conn, class: CacheClass, owner: i64) -> Result<Option<Source>> {
    match class {
        CacheClass::Original | CacheClass::Preview => cached_source::find_media(conn, owner),
        CacheClass::Avatar | CacheClass::AvatarStill => {
            cached_source::find_picture(conn, owner, false)
        }
        CacheClass::Header | CacheClass::HeaderStill => {
            cached_source::find_picture(conn, owner, true)
        }
        CacheClass::Card => cached_source::find_card(conn, owner),
        CacheClass::Emoji | CacheClass::EmojiStill => Ok(None),
    }
}

fn choose(class: CacheClass, source: &Source) -> Option<(&str, Option<CacheClass>)> {
    let url = source.url.as_deref();
    match class {
        CacheClass::Preview => match source.preview.as_deref() {
            Some(preview) => Some((preview, None)),
            None => Some((url?, Some(CacheClass::Original))),
        },
        CacheClass::AvatarStill => Some((url?, Some(CacheClass::Avatar))),
        CacheClass::HeaderStill => Some((url?, Some(CacheClass::Header))),
        _ => Some((url?, None)),
    }
}

/// Notes a file that was put in place under its name. What nobody shows any more goes again:
/// false.
pub fn keep(tx: &Tx<'_>, wanted: &Wanted, mut file: CachedFile) -> Result<bool> {
    if !is_current(tx, wanted)? {
        db::upload::discard(tx, &file.name(), true, tx.now())?;
        db::upload::sweep_soon(tx)?;
        return Ok(false);
    }
    if matches!(wanted.class, CacheClass::Original | CacheClass::Preview) {
        file.kept = super::cache::is_kept(tx, wanted.class, wanted.owner)?;
        cached_source::set_unavailable(tx, wanted.owner, None)?;
    }
    db::cached_file::insert(tx, &file)?;
    Ok(true)
}

/// A smaller or a still version shall be made, unless many are to be made already.
pub fn queue_small(tx: &Tx<'_>, wanted: &Wanted) -> Result<()> {
    let payload = serde_json::to_vec(&(wanted.class as i64, wanted.owner, &wanted.url))
        .map_err(Error::internal)?;
    let waits = db::job::waits_with(tx, JobKind::MakeSmall, LANE, &payload)?;
    if !waits && db::job::count_lane(tx, LANE, MOST_WAITING)? < MOST_WAITING {
        db::job::insert(tx, JobKind::MakeSmall, LANE, &payload)?;
    }
    Ok(())
}
