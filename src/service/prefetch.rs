//! What is fetched before anybody looks: avatars and emojis of whoever is in a home timeline, so
//! that the first screen is whole at once, and attachments if the operator wants that, within so
//! many bytes a day. Nothing of what relays bring, or of public timelines.

use crate::clock::DAY;
use crate::db::{self, Conn, Tx};
use crate::error::Result;
use crate::model::{CacheClass, Event, MediaKind, Status};
use crate::site::Site;

/// The day, and the bytes of attachments that were fetched on it.
const SPENT: &str = "prefetch_spent";
/// How many files one status is good for.
const FILES: usize = 40;

/// A file that should be here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub class: CacheClass,
    pub owner: i64,
    pub url: String,
}

impl Wanted {
    /// It counts against what may be fetched in a day.
    pub fn is_attachment(&self) -> bool {
        matches!(self.class, CacheClass::Original | CacheClass::Preview)
    }
}

/// A status was put into a timeline: pictures that are lacking are fetched soon.
pub fn consider(tx: &Tx<'_>, status: &Status) {
    if status.local && status.reblog_of_id.is_none() {
        return;
    }
    let plain = status.reblog_of_id.is_none() && status.emojis.is_empty();
    tx.after_commit(Event::TimelineGrew { id: status.id, author_id: status.account_id, plain });
}

/// The files of a status that are not here; attachments only with `media`.
pub fn list_wanted(conn: &Conn, site: &Site, status_id: i64, media: bool) -> Result<Vec<Wanted>> {
    let mut wanted: Vec<Wanted> = Vec::new();
    let mut add = |class: CacheClass, owner: i64, url: &str| -> Result<()> {
        let one = Wanted { class, owner, url: url.to_owned() };
        let key = site.cache_key(class, owner, url);
        if wanted.len() < FILES
            && !wanted.contains(&one)
            && db::cached_file::find(conn, &key)?.is_none()
        {
            wanted.push(one);
        }
        Ok(())
    };
    let Some(status) = db::status::find(conn, status_id)? else { return Ok(Vec::new()) };
    let boosted = match status.reblog_of_id {
        Some(id) => db::status::find(conn, id)?,
        None => None,
    };
    for status in std::iter::once(status).chain(boosted) {
        let author = db::account::find(conn, status.account_id)?;
        let Some(author) = author.filter(|author| !author.is_local()) else { continue };
        if let Some(url) = &author.avatar_url {
            add(CacheClass::Avatar, author.id, url)?;
        }
        for emoji in author.emojis.iter().chain(&status.emojis) {
            add(CacheClass::Emoji, 0, &emoji.url)?;
        }
        if !media {
            continue;
        }
        for one in db::status::list_media(conn, &[status.id])? {
            if one.kind == MediaKind::Image {
                let url = one.preview_remote_url.as_ref().unwrap_or(&one.remote_url);
                add(CacheClass::Preview, one.id, url)?;
            }
        }
    }
    Ok(wanted)
}

/// How many bytes of attachments were fetched today.
pub fn spent(conn: &Conn) -> Result<u64> {
    let text = db::meta::get(conn, SPENT)?.unwrap_or_default();
    let (day, bytes) = text.split_once(' ').unwrap_or_default();
    let is_today = day.parse() == Ok(conn.now() / DAY);
    Ok(if is_today { bytes.parse().unwrap_or(0) } else { 0 })
}

/// More of them were.
pub fn spend(tx: &Tx<'_>, bytes: u64) -> Result<()> {
    let sum = spent(tx)?.saturating_add(bytes);
    db::meta::set(tx, SPENT, &format!("{} {sum}", tx.now() / DAY))
}
