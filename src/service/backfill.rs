//! What is asked of other servers because somebody here wants to see it: recent statuses of a
//! profile, a profile anew, the replies to a status. Each is a job, and each has its rest.

use crate::client::host_of;
use crate::clock::{DAY, HOUR, MINUTE};
use crate::crypto::short_hash16;
use crate::db::backfill::{Claims, ThreadRead};
use crate::db::{self, Conn, Tx};
use crate::error::{Error, Result};
use crate::model::{Account, Event, JobKind, Status, Visibility};

use super::{interaction_in, status as local, timeline};

/// What is read of a profile is read once in this time (F-250).
const PROFILE_REST: i64 = DAY;
/// An actor is read anew when what is known is older, and no more often than the rest says (F-055).
const ACTOR_OLD: i64 = DAY;
const ACTOR_REST: i64 = 15 * MINUTE;
/// The replies to a status are read once in this time (F-252).
const THREAD_REST: i64 = 15 * MINUTE;
/// How long the outcome of a reading can be asked for.
pub const THREAD_KEPT: i64 = HOUR;
/// An account that its server denies for so long is gone (F-056).
const STALE: i64 = 7 * DAY;
/// Tallies of an open poll are asked for no more often (F-308), those of one that is over hardly.
const POLL_REST: i64 = MINUTE;
const OLD_POLL_REST: i64 = DAY;
/// How many fetches may wait for one server.
const WAITING: i64 = 200;

/// What a look at a profile gives rise to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Due {
    pub profile: bool,
    pub actor: bool,
}

impl Due {
    /// Whether there is anything to do.
    pub fn any(self) -> bool {
        self.profile || self.actor
    }
}

fn mark(what: &str, id: i64) -> [u8; 16] {
    short_hash16(format!("{what} {id}").as_bytes())
}

/// What is to be asked about an account that somebody looks at.
pub fn due(conn: &Conn, account: &Account) -> Result<Due> {
    if account.is_local() || account.suspended_at.is_some() {
        return Ok(Due::default());
    }
    let has_some = account.outbox.is_some() || account.featured_uri.is_some();
    Ok(Due {
        profile: has_some && !db::seen::contains(conn, &mark("profile", account.id))?,
        actor: is_actor_due(conn, account)?,
    })
}

/// Whether what is known of an actor is from another day, and nobody just asked for it.
pub fn is_actor_due(conn: &Conn, account: &Account) -> Result<bool> {
    let is_old =
        !account.is_local() && account.fetched_at.is_none_or(|at| at < conn.now() - ACTOR_OLD);
    Ok(is_old && !db::seen::contains(conn, &mark("actor", account.id))?)
}

/// Queues what is due of an account.
pub fn want(tx: &Tx<'_>, account: &Account) -> Result<()> {
    let due = due(tx, account)?;
    if due.actor {
        want_actor(tx, account)?;
    }
    if due.profile {
        want_profile(tx, account)?;
    }
    Ok(())
}

/// Queues the reading of the pins and recent statuses of an account (F-256).
pub fn want_profile(tx: &Tx<'_>, account: &Account) -> Result<()> {
    if !account.is_local() {
        queue(tx, JobKind::FetchProfile, account, "profile", PROFILE_REST)?;
    }
    Ok(())
}

/// Queues the reading of an actor (F-055).
pub fn want_actor(tx: &Tx<'_>, account: &Account) -> Result<()> {
    if !account.is_local() {
        queue(tx, JobKind::RefreshAccount, account, "actor", ACTOR_REST)?;
    }
    Ok(())
}

fn queue(tx: &Tx<'_>, kind: JobKind, account: &Account, what: &str, rest: i64) -> Result<()> {
    let Some(lane) = lane(tx, &account.uri)? else { return Ok(()) };
    if db::seen::insert(tx, &mark(what, account.id), tx.now() + rest)? {
        db::job::insert(tx, kind, &lane, account.id.to_string().as_bytes())?;
    }
    Ok(())
}

/// The lane of fetches from a server, unless too much waits there.
fn lane(tx: &Tx<'_>, uri: &str) -> Result<Option<String>> {
    let Some(host) = host_of(uri) else { return Ok(None) };
    let lane = format!("fetch {host}");
    let crowded = db::job::count_lane(tx, &lane, WAITING)? >= WAITING;
    Ok((!crowded).then_some(lane))
}

/// Whether the replies to a status could be asked for, and when they were.
pub fn thread(conn: &Conn, status: &Status) -> Result<Option<ThreadRead>> {
    if status.local { Ok(None) } else { db::backfill::find_thread(conn, status.id) }
}

/// Whether it is time to ask for the replies to a status that somebody opened.
pub fn is_thread_due(conn: &Conn, status: &Status, last: Option<ThreadRead>) -> bool {
    let asks =
        !status.local && status.reblog_of_id.is_none() && status.visibility != Visibility::Direct;
    asks && last.is_none_or(|last| last.started_at <= conn.now() - THREAD_REST)
}

/// Queues the reading of the replies to a status (F-252); as it is then.
pub fn want_thread(tx: &Tx<'_>, status_id: i64, reader: i64) -> Result<Option<ThreadRead>> {
    let Some(status) = db::status::find(tx, status_id)? else { return Ok(None) };
    let last = thread(tx, &status)?;
    if !is_thread_due(tx, &status, last) {
        return Ok(last);
    }
    let Some(lane) = lane(tx, &status.uri)? else { return Ok(last) };
    let payload = serde_json::to_vec(&(status.id, reader)).map_err(Error::internal)?;
    db::job::insert(tx, JobKind::FetchThread, &lane, &payload)?;
    db::backfill::start_thread(tx, status.id)?;
    db::backfill::find_thread(tx, status.id)
}

/// Whether it is time to ask how a remote poll stands, which is noted.
pub fn take_poll(tx: &Tx<'_>, status: &Status) -> Result<bool> {
    let Some(poll) = status.poll.as_ref().filter(|_| !status.local) else { return Ok(false) };
    let is_old = poll.end.is_some_and(|end| end < tx.now() - HOUR);
    let rest = if is_old { OLD_POLL_REST } else { POLL_REST };
    db::seen::insert(tx, &mark("poll", status.id), tx.now() + rest)
}

/// The actor's server denies it (F-056): for a while that is noted only; then it is gone, but
/// may come again.
pub fn denied(tx: &Tx<'_>, account_id: i64) -> Result<()> {
    if db::backfill::set_stale(tx, account_id, true)? < STALE {
        return Ok(());
    }
    db::account::suspend(tx, account_id)?;
    db::job::insert(tx, JobKind::RemoveAccount, "", account_id.to_string().as_bytes())?;
    tx.after_commit(Event::AccountChanged { account_id });
    Ok(())
}

/// A boost that was found in an outbox: it takes its place in the past, silently.
pub fn boost(
    tx: &Tx<'_>,
    account_id: i64,
    target_id: i64,
    uri: &str,
    published: i64,
) -> Result<bool> {
    let Some(account) = db::account::find(tx, account_id)? else { return Ok(false) };
    let Some(target) = db::status::find(tx, target_id)? else { return Ok(false) };
    if account.suspended_at.is_some()
        || !target.visibility.is_open()
        || target.reblog_of_id.is_some()
        || db::status::find_by_uri(tx, uri)?.is_some()
        || db::status::find_reblog(tx, account.id, target.id)?.is_some()
        || db::seen::buried_at(tx, uri)?.is_some()
        || db::moderation::blocks(tx, target.account_id, account.id)?
        || !interaction_in::may_boost(tx, &target, &account)?
    {
        return Ok(false);
    }
    let published = published.clamp(target.created_at.min(tx.now()), tx.now());
    let id = db::status::fetched_id(tx.now(), published, uri);
    let mut boost = local::boost_of(&target, account.id, id, uri.to_owned());
    boost.created_at = published;
    db::status::insert(tx, &mut boost)?;
    Ok(true)
}

/// A profile could not be read: who looks at it after a while asks again.
pub fn profile_failed(tx: &Tx<'_>, account_id: i64) -> Result<()> {
    let mark = mark("profile", account_id);
    db::seen::remove(tx, &mark)?;
    db::seen::insert(tx, &mark, tx.now() + ACTOR_REST).map(drop)
}

/// What was read of a profile: its pins, the first one shown first, where they could be read, and
/// what is claimed of it. What came is merged into the homes of its followers here, each at its
/// place in time.
pub fn profile_read(
    tx: &Tx<'_>,
    account: &Account,
    pins: Option<&[i64]>,
    claims: &Claims,
) -> Result<()> {
    db::backfill::set_claims(tx, account.id, claims)?;
    if let Some(pins) = pins {
        let mut mine = Vec::new();
        for id in pins {
            let status = db::status::find(tx, *id)?;
            if status.is_some_and(|s| {
                s.account_id == account.id
                    && s.reblog_of_id.is_none()
                    && s.visibility != Visibility::Direct
            }) && !mine.contains(id)
            {
                mine.push(*id);
            }
        }
        db::backfill::replace_pins(tx, account.id, &mine)?;
    }
    for follow in db::follow::list_local_followers(tx, account.id)? {
        timeline::merge(tx, follow.account_id, account.id)?;
    }
    tx.after_commit(Event::AccountChanged { account_id: account.id });
    Ok(())
}
