//! Relays: what they pass on is a hint, and nothing of it is believed but the id of the status
//! that it names (F-147, F-346). Finding one by whatever address its operator gives (F-349).

use serde_json::Value;

use crate::activity::incoming::{Activity, Kind};
use crate::activity::object::{Object, ObjectKind};
use crate::activity::{self, read, urls};
use crate::app::App;
use crate::client::{host_of, tally};
use crate::clock::{DAY, MINUTE, thread_cpu_us};
use crate::crypto::short_hash16;
use crate::db::{self, Conn, Lane, Tx};
use crate::error::{Error, Result};
use crate::model::{
    Account, ActorKind, INSTANCE_ACTOR, Job, JobKind, Relay, RelayCounts, RelayState, RelayStyle,
    Visibility,
};
use crate::service;
use crate::service::remote::{self, Arrival, Incoming};

use super::forward;
use super::process::{Step, Stop};
use super::verify::{self, Signed};
use super::{fetch, resolve};

/// How long a status that was named is not fetched for another relay.
const NAMED: i64 = DAY;
/// How much may wait of one relay, and of one server that it names.
const WAITING: i64 = 200;
const WAITING_PER_HOST: i64 = 20;
/// While so much else waits, relays bring nothing: they are the first to be left out (F-347).
const BUSY: i64 = 1000;

/// After so many failures of one server it is left alone for a while: each may take half a minute,
/// and only two fetches for relays run at once.
const FAILURES: u32 = 3;
const LEFT_ALONE: i64 = 5 * MINUTE;

/// Why nothing more happens to what came another way in the meantime.
const CAME: &str = "it came another way";

/// What is left of something that another wrote than signed it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Hint {
    /// A status that a relay named shall be fetched.
    Named { relay: i64, uri: String, host: String },
    /// A status in a thread of ours shall be fetched.
    Reply { uri: String },
    /// What became of a status or account shall be seen at its origin.
    Check { uri: String },
}

impl Hint {
    /// Puts it into the queue.
    pub(super) fn queue(&self, tx: &Tx<'_>) -> Result<()> {
        match self {
            Self::Named { relay, uri, host } => {
                // another relay may have been quicker
                if db::seen::insert(tx, &named_mark(uri), tx.now() + NAMED)? {
                    let payload = serde_json::to_vec(&(relay, uri)).map_err(Error::internal)?;
                    let lane = db::relay::lane(*relay, host);
                    db::job::insert(tx, JobKind::RelayFetch, &lane, &payload)?;
                }
                Ok(())
            }
            Self::Reply { uri } => resolve::queue_fetch(tx, uri, 0),
            Self::Check { uri } => forward::queue_check(tx, uri),
        }
    }
}

fn named_mark(uri: &str) -> [u8; 16] {
    short_hash16(format!("relayed {uri}").as_bytes())
}

/// What came of looking at something that a relay passed on.
enum Verdict {
    Wanted(Hint),
    Known,
    Filtered(&'static str),
    OverBudget,
    Silent,
}

/// Takes what an accepted relay delivers: `None` where the signer is none (F-348), or where the
/// activity is the relay's own and no boost. `cpu_us` was spent on it so far.
pub(super) fn hear(
    app: &App,
    signer: &Account,
    activity: &Activity,
    size: usize,
    cpu_us: u64,
) -> Result<Option<Option<Hint>>> {
    if activity.actor == signer.uri && activity.kind != Kind::Announce {
        return Ok(None);
    }
    let begin = thread_cpu_us();
    let relay = app.db.read(|conn| db::relay::find_of_account(conn, signer.id))?;
    let is_heard =
        |relay: &Relay| relay.state == RelayState::Accepted && signer.suspended_at.is_none();
    let Some(relay) = relay.filter(is_heard) else {
        return Ok(None);
    };
    let verdict = app.db.read(|conn| consider(app, conn, &relay, activity))?;
    let mut counts = RelayCounts {
        received: 1,
        bytes: u64::try_from(size).unwrap_or(0),
        ..RelayCounts::default()
    };
    let hint = match verdict {
        Verdict::Wanted(hint) if app.relays.spend(relay.id, relay.filter.rate) => Some(hint),
        Verdict::Wanted(_) | Verdict::OverBudget => {
            counts.over_budget = 1;
            None
        }
        Verdict::Known => {
            counts.known = 1;
            None
        }
        Verdict::Silent => {
            counts.failed = 1;
            None
        }
        Verdict::Filtered(reason) => {
            tracing::debug!(relay = %signer.uri, reason, "left out");
            counts.filtered = 1;
            None
        }
    };
    counts.cpu_us = cpu_us + thread_cpu_us().saturating_sub(begin);
    app.relays.count(relay.id, &counts);
    Ok(Some(hint))
}

/// Whether the key of a request belongs to an accepted relay. What it passes on of blocked
/// servers is left out without telling it that it did wrong.
pub(super) fn is_messenger(app: &App, signed: &Signed) -> bool {
    let Ok(inspected) = verify::inspect(app, signed) else { return false };
    let relay = app.db.read(|conn| {
        let Some(key) = db::key::find_remote(conn, &inspected.key_id)? else { return Ok(None) };
        db::relay::find_of_account(conn, key.account_id)
    });
    let relay = relay.ok().flatten().filter(|relay| relay.state == RelayState::Accepted);
    if let Some(relay) = &relay {
        let counts = RelayCounts { received: 1, filtered: 1, ..RelayCounts::default() };
        app.relays.count(relay.id, &counts);
    }
    relay.is_some()
}

/// What the activity is about: what it does, to what, and the copy that came along. A boost of an
/// activity stands for that activity.
fn passed_on(activity: &Activity) -> Option<(Kind, String, Option<&Value>)> {
    if activity.kind == Kind::Announce
        && let Some(inner) = activity.object.embedded()
        && let kind @ (Kind::Create | Kind::Update | Kind::Delete) = Kind::of(inner)
    {
        let object = read::first(inner, "object")?;
        return Some((kind, read::uri_of(object)?, Some(object)));
    }
    let uri = activity.object_id()?.to_owned();
    Some((activity.kind.clone(), uri, activity.object.embedded()))
}

fn consider(app: &App, conn: &Conn, relay: &Relay, activity: &Activity) -> Result<Verdict> {
    let Some((kind, uri, copy)) = passed_on(activity) else {
        return Ok(Verdict::Filtered("it names nothing"));
    };
    let Some(host) = host_of(&uri).filter(|_| urls::is_web(&uri)) else {
        return Ok(Verdict::Filtered("it names no address"));
    };
    if app.site.owns(&uri) {
        return Ok(Verdict::Known);
    }
    if service::domain::is_suspended(conn, &host)? {
        return Ok(Verdict::Filtered("its server is blocked"));
    }
    let known = db::status::find_by_uri(conn, &uri)?;
    match kind {
        Kind::Create | Kind::Announce if known.is_some() => return Ok(Verdict::Known),
        Kind::Create | Kind::Announce => {}
        // of what is not here there is nothing to change
        Kind::Update | Kind::Delete => {
            let check = match known {
                Some(_) => true,
                None => kind == Kind::Delete && db::account::find_by_uri(conn, &uri)?.is_some(),
            };
            if !check {
                return Ok(Verdict::Filtered("it is not here"));
            }
            return Ok(Verdict::Wanted(Hint::Check { uri }));
        }
        _ => return Ok(Verdict::Filtered("relays are not listened to about it")),
    }
    if db::seen::contains(conn, &named_mark(&uri))? {
        return Ok(Verdict::Known);
    }
    if db::seen::buried_at(conn, &uri)?.is_some() {
        return Ok(Verdict::Filtered("it was deleted"));
    }
    if let Some(copy) = copy.filter(|copy| ObjectKind::of(copy).is_some())
        && let Ok(object) = Object::parse_embedded(copy)
        && let Some(reason) = service::relay::refuses(conn, &relay.filter, &object)?
    {
        return Ok(Verdict::Filtered(reason));
    }
    if app.unreachable.look(&silence(&host)).0 >= FAILURES {
        return Ok(Verdict::Silent);
    }
    let lane = db::relay::lane(relay.id, &host);
    if db::relay::count_waiting(conn, relay.id, WAITING)? >= WAITING
        || db::job::count_lane(conn, &lane, WAITING_PER_HOST)? >= WAITING_PER_HOST
        || db::job::count(conn, BUSY)? >= BUSY
    {
        return Ok(Verdict::OverBudget);
    }
    Ok(Verdict::Wanted(Hint::Named { relay: relay.id, uri, host }))
}

/// What the failures of a server are counted by.
fn silence(host: &str) -> String {
    format!("relayed from {host}")
}

/// Fetches a status that a relay named and stores it as one that arrived now: in the federated
/// timeline, never in home for the relay's sake, and as no boost (F-346). It is tried once:
/// there is always more where it came from.
pub fn fetch_named(app: &App, job: &Job) -> Step<bool> {
    let (relay, uri): (i64, String) =
        serde_json::from_slice(&job.payload).map_err(Error::internal)?;
    let relay = app.db.read(|conn| db::relay::find(conn, relay))?;
    let Some(relay) = relay.filter(|relay| relay.state == RelayState::Accepted) else {
        return Err(Stop::Drop("the relay is not listened to any more"));
    };
    let host = host_of(&uri).unwrap_or_default();
    if app.unreachable.look(&silence(&host)).0 >= FAILURES {
        app.relays.count(relay.id, &RelayCounts { failed: 1, ..RelayCounts::default() });
        return Err(Stop::Drop("its server does not answer"));
    }
    let (begin, _) = (thread_cpu_us(), tally::take());
    let found = find_named(app, &relay, &uri);
    let tally = tally::take();
    let cpu_us = thread_cpu_us().saturating_sub(begin);
    let mut counts = RelayCounts {
        fetches: tally.requests,
        bytes: tally.bytes,
        cpu_us,
        ..RelayCounts::default()
    };
    match found {
        Ok((incoming, author)) => store(app, job, &relay, incoming, author, counts),
        Err(stop) => {
            match &stop {
                Stop::Drop(CAME) => counts.known = 1,
                Stop::Drop(_) => counts.filtered = 1,
                Stop::Failed(_) | Stop::NeedsNetwork => counts.failed = 1,
            }
            app.relays.count(relay.id, &counts);
            match stop {
                Stop::Failed(Error::Remote(reason)) if !app.wake.is_closed() => {
                    tracing::debug!(%uri, %reason, "what a relay named was not found");
                    app.unreachable.count(&silence(&host), LEFT_ALONE);
                    Err(Stop::Drop("its origin did not show it"))
                }
                stop => Err(stop),
            }
        }
    }
}

/// The status as its origin shows it, and its author.
fn find_named(app: &App, relay: &Relay, uri: &str) -> Step<(Incoming, Account)> {
    let is_known = |uri: &str| app.db.read(|conn| db::status::find_by_uri(conn, uri));
    if is_known(uri)?.is_some() {
        return Err(Stop::Drop(CAME));
    }
    let mut value = fetch::document(app, uri, INSTANCE_ACTOR)?;
    if Kind::of(&value) == Kind::Create {
        let inner = read::first(&value, "object").and_then(read::uri_of);
        let inner = inner.ok_or(Stop::Drop("it names nothing"))?;
        if is_known(&inner)?.is_some() {
            return Err(Stop::Drop(CAME));
        }
        value = fetch::document(app, &inner, INSTANCE_ACTOR)?;
    }
    if ObjectKind::of(&value).is_none() {
        return Err(Stop::Drop("it is no status"));
    }
    let object = Object::parse(&value).map_err(|_| Stop::Drop("the object is not usable"))?;
    if activity::visibility(&object.to, &object.cc, None) != Visibility::Public {
        return Err(Stop::Drop("it is not public"));
    }
    let refused = app.db.read(|conn| service::relay::refuses(conn, &relay.filter, &object))?;
    if let Some(reason) = refused {
        return Err(Stop::Drop(reason));
    }
    let author = resolve::actor(app, &object.attributed_to)?;
    if author.suspended_at.is_some() || author.is_local() {
        return Err(Stop::Drop("its author is suspended"));
    }
    Ok((resolve::read(app, object), author))
}

/// Stores it, with the counts, those that wait in memory among them, and the end of the job.
fn store(
    app: &App,
    job: &Job,
    relay: &Relay,
    incoming: Incoming,
    author: Account,
    mut counts: RelayCounts,
) -> Step<bool> {
    let (id, job, relays) = (relay.id, job.id, app.relays.clone());
    let effect = app.db.write(Lane::Background, move |tx| {
        let begin = thread_cpu_us();
        let author = db::account::get(tx, author.id)?;
        if db::status::find_by_uri(tx, &incoming.id)?.is_some() {
            counts.known += 1;
        } else {
            let arrival = Arrival::Pushed { inbox_owner: None };
            let status = remote::store(tx, &incoming, &author, arrival)?;
            db::relay::insert_status(tx, status.id, id)?;
            counts.taken += 1;
        }
        counts.cpu_us += thread_cpu_us().saturating_sub(begin);
        counts.add(&relays.take(id));
        db::relay::count(tx, id, &counts)?;
        db::job::remove(tx, job)
    });
    effect.wait()?;
    Ok(true)
}

/// Writes down what was counted of all relays. Counts leave the memory on the writer's thread
/// alone, so that whoever reads the database after this misses none that are on their way.
pub fn note_counts(app: &App) -> Result<()> {
    let relays = app.relays.clone();
    let write = app.db.write(Lane::Background, move |tx| {
        for (relay, counts) in relays.take_all() {
            db::relay::count(tx, relay, &counts)?;
        }
        Ok(())
    });
    write.wait()
}

/// A relay as it was found.
pub struct Found {
    pub account: Account,
    pub inbox: String,
    pub style: RelayStyle,
}

/// Finds a relay by the address of its inbox, as those who run Mastodon are told it, or of its
/// actor, as those who run Pleroma are (F-349): the other is read from its actor.
///
/// # Errors
/// One sentence when there is no relay behind the address.
pub fn find(app: &App, address: &str, style: Option<RelayStyle>) -> Result<Found> {
    let address = address.trim();
    if urls::parse(address).is_none() || app.site.owns(address) {
        return Err(Error::invalid(format!(
            "{address} is no address of a relay, such as https://relay.example/inbox"
        )));
    }
    let is_inbox = |account: &Account| {
        [&account.inbox, &account.shared_inbox].into_iter().flatten().any(|i| i == address)
    };
    let mut last = None;
    for candidate in candidates(address) {
        match resolve::refresh_actor(app, &candidate) {
            Ok(account) if candidate != address && !is_inbox(&account) => {}
            Ok(account) if account.kind == ActorKind::Person => {
                return Err(Error::invalid(format!(
                    "{} is a person, whom one follows, and no relay",
                    account.uri
                )));
            }
            Ok(account) => {
                let given_inbox = is_inbox(&account);
                let own = account.inbox.clone().ok_or_else(|| {
                    Error::invalid(format!("{} has no inbox, so it is no relay", account.uri))
                })?;
                let usual = if given_inbox { RelayStyle::Mastodon } else { RelayStyle::LitePub };
                return Ok(Found {
                    inbox: if given_inbox { address.to_owned() } else { own },
                    style: style.unwrap_or(usual),
                    account,
                });
            }
            Err(error) => last = Some(error),
        }
    }
    let why = last.map_or_else(String::new, |error| format!(": {error}"));
    Err(Error::invalid(format!("there is no relay behind {address}{why}")))
}

/// Where the actor of a relay may be whose address was given.
fn candidates(address: &str) -> Vec<String> {
    match address.strip_suffix("/inbox") {
        Some(base) => vec![format!("{base}/actor"), base.to_owned(), format!("{base}/relay")],
        None => vec![address.to_owned()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f_349_the_actor_is_looked_for_beside_the_inbox() {
        assert_eq!(
            candidates("https://r.example/inbox"),
            ["https://r.example/actor", "https://r.example", "https://r.example/relay"]
        );
        assert_eq!(candidates("https://r.example/tag/x"), ["https://r.example/tag/x"]);
    }
}
