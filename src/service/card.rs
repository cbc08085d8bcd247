//! Previews of links: which link of a status gets one, and when it is fetched.
//!
//! A status is joined to the card of its first link when it is stored, which costs a row. The
//! page itself is fetched by a job: at once for what is written here, for anything else when
//! somebody here looks at it, a few pages a request, each link once for all statuses. So what
//! nobody reads causes no traffic, and reading spreads by itself what S-099 spreads by chance.

use crate::activity::urls::host;
use crate::clock::{DAY, MINUTE};
use crate::db::{self, Conn, Tx};
use crate::error::Result;
use crate::model::{Event, JobKind, Page, Preview, Status};
use crate::site::Site;
use crate::text::preview;

/// How many pages one request of a reader may cause to be fetched.
pub const AT_ONCE: i64 = 10;
/// How many fetches may wait for one server.
const OF_HOST: i64 = 50;
/// With so many jobs waiting no page is fetched that nobody would miss.
const BUSY: i64 = 2000;
/// A page is looked at again after this time.
const FRESH: i64 = 14 * DAY;
/// After a failure it is left alone for this time, longer after each further one (S-019).
const FAILED: i64 = 30 * MINUTE;
const FAILED_LONGEST: i64 = 7 * DAY;
/// One address may be that of several links: at most so many are joined.
const SAME: i64 = 5;
/// How many statuses are told to those who have them on the screen.
const TOLD: i64 = 20;

/// The link of a status that a preview is for. Statuses of this server have none.
fn link_of(site: Option<&Site>, status: &Status) -> Option<String> {
    preview::first_link(&status.content, |address| site.is_some_and(|site| site.owns(address)))
}

/// Joins a status that was written here to its card and has that fetched.
pub(super) fn write(tx: &Tx<'_>, site: &Site, status: &Status) -> Result<()> {
    let card = join(tx, link_of(Some(site), status), status)?;
    want(tx, card.as_slice())
}

/// Joins a status of elsewhere to its card: of the page that it names apart from its text, else of
/// the first link there (F-296).
pub(super) fn keep(tx: &Tx<'_>, status: &Status, named: Option<&str>) -> Result<()> {
    let named = named.and_then(|link| url::Url::parse(link).ok()).map(String::from);
    let named = named.filter(|link| link.len() <= 2048);
    join(tx, named.or_else(|| link_of(None, status)), status).map(drop)
}

fn join(tx: &Tx<'_>, link: Option<String>, status: &Status) -> Result<Option<i64>> {
    match link {
        Some(link) => db::card::attach(tx, status.id, &link).map(Some),
        // the first version replaces none
        None if status.edited_at.is_none() => Ok(None),
        None => db::card::detach(tx, status.id).map(|()| None),
    }
}

/// Has cards fetched that are due.
pub fn want(tx: &Tx<'_>, cards: &[i64]) -> Result<()> {
    if !cards.is_empty() && db::job::count(tx, BUSY)? >= BUSY {
        // they stay due: who looks at them later asks again
        return Ok(());
    }
    for card in cards {
        let Some(link) = db::card::queue(tx, *card)? else { continue };
        let lane = format!("card {}", host(&link).unwrap_or_default());
        if db::job::count_lane(tx, &lane, OF_HOST)? >= OF_HOST {
            db::card::failed(tx, *card, tx.now() + FAILED)?;
            continue;
        }
        db::job::insert(tx, JobKind::FetchCard, &lane, card.to_string().as_bytes())?;
    }
    Ok(())
}

/// Writes down what a page told, and tells those who have its statuses on the screen. `None`: it
/// could not be fetched, or has nothing to show.
pub fn found(tx: &Tx<'_>, id: i64, preview: Option<&Preview>) -> Result<()> {
    let Some(preview) = preview else {
        let failures = u32::try_from(db::card::failures(tx, id)?).unwrap_or(0).min(16);
        let pause = FAILED.saturating_mul(4_i64.pow(failures.min(8))).min(FAILED_LONGEST);
        // not all that failed together is tried again together
        let spread = id.rem_euclid(10) * MINUTE;
        return db::card::failed(tx, id, tx.now() + pause + spread);
    };
    let before = db::card::list(tx, &[id])?.pop();
    db::card::store(tx, id, preview, tx.now() + FRESH)?;
    if before.is_some_and(|card| card.preview == *preview) {
        return Ok(());
    }
    for status in db::card::list_statuses(tx, id, TOLD)? {
        tx.after_commit(Event::StatusUpdated { id: status });
    }
    Ok(())
}

/// Ids of the public statuses about an address, newest first. `None` when nobody linked to it.
pub fn timeline(conn: &Conn, viewer: i64, address: &str, page: &Page) -> Result<Option<Vec<i64>>> {
    let normal = url::Url::parse(address).map(String::from).unwrap_or_default();
    let mut cards = db::card::find_by_address(conn, address, SAME)?;
    if cards.is_empty() && normal != address {
        cards = db::card::find_by_address(conn, &normal, SAME)?;
    }
    if cards.is_empty() {
        return Ok(None);
    }
    let mut ids = Vec::new();
    for card in cards {
        ids.extend(db::card::list_public(conn, viewer, card, page)?);
    }
    ids.sort_unstable_by_key(|id| std::cmp::Reverse(*id));
    if page.ascending() {
        // the nearest to `min_id` are the oldest of them
        ids.drain(..ids.len().saturating_sub(page.limit));
    } else {
        ids.truncate(page.limit);
    }
    Ok(Some(ids))
}
