//! Whom statuses of other servers are for, and whom they name (F-126, F-232, F-234, F-284 to
//! F-287). Those who are not here yet are looked up in the background, a few when the status
//! arrives, the others when somebody looks at it.

use crate::clock::HOUR;
use crate::crypto::short_hash16;
use crate::db::unknown_mention::{self, UnknownMention};
use crate::db::{self, Conn, Tx};
use crate::error::Result;
use crate::model::{Account, JobKind, NotificationKind, Status, Visibility};

use super::incoming::{At, Incoming};
use super::{notification, remote::Arrival, status::MOST_MENTIONS, visibility};

/// How many addressed accounts are looked at.
const RECIPIENTS: usize = 200;
/// How many unknown accounts one look-up asks for (S-020).
pub const AT_ONCE: i64 = 10;
/// How many look-ups for statuses of one server may wait.
const OF_HOST: i64 = 50;
/// With so many jobs waiting, names stay unknown until somebody looks.
const BUSY: i64 = 2000;

/// The people of a status.
pub(super) struct People {
    /// May read it because it was sent to them.
    pub addressed: Vec<Account>,
    /// Of these, whom it also names: they are told.
    pub loud: Vec<i64>,
}

/// Whom the Mention tags name: those known here, and the others.
fn named(
    conn: &Conn,
    object: &Incoming,
    author: &Account,
) -> Result<(Vec<Account>, Vec<UnknownMention>)> {
    let (mut known, mut unknown): (Vec<Account>, Vec<_>) = (Vec::new(), Vec::new());
    for (position, tag) in object.mentions.iter().take(MOST_MENTIONS).enumerate() {
        let by_href = match tag.href.as_deref() {
            Some(href) => db::account::find_by_uri_or_url(conn, href)?,
            None => None,
        };
        let handle = object.handles.get(position).and_then(Option::as_ref);
        // the author's server writes its own names without a domain, some software all of them
        let domain = handle.and_then(|handle| match &handle.at {
            At::Here => None,
            At::Author => author.domain.clone(),
            At::Domain(domain) => Some(domain.clone()),
        });
        let found = match (by_href, &tag.href, handle, &domain) {
            (Some(account), ..) => Some(account),
            // people here are all known: an address that is none of theirs stands for the name
            (None, _, Some(handle), _) if handle.at == At::Here => {
                db::account::find_local(conn, &handle.name)?
            }
            (None, None, Some(handle), Some(domain)) => {
                db::account::find_remote(conn, &handle.name, domain)?
            }
            // an address says more than a name, which may be somebody else's by now: it is asked
            _ => None,
        };
        match found {
            Some(account)
                if account.id == author.id || known.iter().any(|a| a.id == account.id) => {}
            Some(account) => known.push(account),
            None if handle.is_some_and(|handle| handle.at == At::Here) => {}
            None if tag.href.is_some() || domain.is_some() => unknown.push(UnknownMention {
                position: i64::try_from(position).unwrap_or(0),
                href: tag.href.clone(),
                name: handle.map(|handle| handle.name.clone()).unwrap_or_default(),
                domain: domain.unwrap_or_default(),
            }),
            None => {}
        }
    }
    Ok((known, unknown))
}

/// Writes who is addressed and who is named, and answers them: loud where a Mention names them,
/// else silent (F-234). A Mention without addressing gives nothing to people here; of others it
/// is a link like any.
pub(super) fn address(
    tx: &Tx<'_>,
    object: &Incoming,
    status: &Status,
    author: &Account,
    arrival: Arrival,
) -> Result<People> {
    let mut addressed: Vec<Account> = Vec::new();
    for uri in object.recipients().take(RECIPIENTS) {
        if let Some(account) = db::account::find_by_uri(tx, uri)?
            && account.id != status.account_id
            && !addressed.iter().any(|a| a.id == account.id)
        {
            addressed.push(account);
        }
    }
    if let Arrival::Pushed { inbox_owner: Some(owner) } = arrival
        && !status.visibility.is_open()
        && !addressed.iter().any(|a| a.id == owner)
        && let Some(owner) = db::account::find(tx, owner)?
    {
        // a follower's inbox proves nothing new: followers see it as followers
        let as_follower = status.visibility == Visibility::Private
            && db::follow::is_following(tx, owner.id, status.account_id)?;
        if !as_follower {
            addressed.push(owner);
        }
    }
    let (named, unknown) = named(tx, object, author)?;
    let mut loud = Vec::new();
    for account in &addressed {
        // a message of a chat is told whomever it names (F-202)
        let is_named = named.iter().any(|a| a.id == account.id);
        let tells = is_named || (object.is_chat && account.is_local());
        db::status::insert_mention(tx, status.id, account.id, !tells)?;
        if tells {
            loud.push(account.id);
        }
    }
    for account in named.iter().filter(|a| !a.is_local() && !loud.contains(&a.id)) {
        db::status::insert_mention(tx, status.id, account.id, false)?;
    }
    keep_unknown(tx, status, author, &unknown, arrival != Arrival::Fetched)?;
    Ok(People { addressed, loud })
}

fn keep_unknown(
    tx: &Tx<'_>,
    status: &Status,
    author: &Account,
    unknown: &[UnknownMention],
    now: bool,
) -> Result<()> {
    for mention in unknown {
        unknown_mention::insert(tx, status.id, mention)?;
    }
    if now && !unknown.is_empty() {
        queue(tx, status.id, author)?;
    }
    Ok(())
}

/// A newer version names others: those no more named may read it still, without being named; people
/// here whom it names newly are told once, if it is addressed to them (F-311).
pub(super) fn name_again(
    tx: &Tx<'_>,
    object: &Incoming,
    status: &Status,
    author: &Account,
) -> Result<()> {
    let before = db::status::list_mentions(tx, &[status.id])?;
    let (named, unknown) = named(tx, object, author)?;
    unknown_mention::clear(tx, status.id)?;
    db::status::silence_mentions(tx, status.id)?;
    let was_loud = |id: i64| before.iter().any(|(_, account, silent)| *account == id && !silent);
    for account in &named {
        let addressed = object.recipients().any(|uri| uri == account.uri);
        if account.is_local() && !addressed && !was_loud(account.id) {
            continue;
        }
        db::status::insert_mention(tx, status.id, account.id, false)?;
        if account.is_local()
            && !was_loud(account.id)
            && visibility::can_see(tx, account.id, status)?
        {
            notification::notify(tx, account, NotificationKind::Mention, author, Some(status))?;
        }
    }
    if object.is_chat {
        for (_, account, _) in before.iter().filter(|(_, _, silent)| !silent) {
            db::status::insert_mention(tx, status.id, *account, false)?;
        }
    }
    keep_unknown(tx, status, author, &unknown, true)
}

/// Queues the look-up of some of those whom a status names, once an hour.
fn queue(tx: &Tx<'_>, status: i64, author: &Account) -> Result<()> {
    let lane = format!("mentions {}", author.domain.as_deref().unwrap_or_default());
    let mark = short_hash16(format!("mentions {status}").as_bytes());
    if db::job::count(tx, BUSY)? >= BUSY
        || db::job::count_lane(tx, &lane, OF_HOST)? >= OF_HOST
        || !db::seen::insert(tx, &mark, tx.now() + HOUR)?
    {
        return Ok(());
    }
    db::job::insert(tx, JobKind::FindMentions, &lane, status.to_string().as_bytes())?;
    Ok(())
}

/// Somebody looks at these statuses: whom they name and nobody knows yet is looked up.
pub fn want(tx: &Tx<'_>, statuses: &[i64]) -> Result<()> {
    for status in db::status::list(tx, statuses)? {
        let author = db::account::get(tx, status.account_id)?;
        queue(tx, status.id, &author)?;
    }
    Ok(())
}

/// One of those whom a status names was looked up; people here are none of them, since all are
/// known.
pub fn found(tx: &Tx<'_>, status: i64, position: i64, account: Option<i64>) -> Result<bool> {
    unknown_mention::remove(tx, status, position)?;
    let account = match account {
        Some(account) => db::account::find(tx, account)?.filter(|a| !a.is_local()),
        None => None,
    };
    let Some(account) = account else { return Ok(false) };
    let Some(status) = db::status::find(tx, status)?.filter(|s| s.account_id != account.id) else {
        return Ok(false);
    };
    db::status::insert_mention(tx, status.id, account.id, false)?;
    Ok(true)
}
