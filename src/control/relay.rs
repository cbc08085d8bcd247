//! Commands about relays.

use serde::{Deserialize, Serialize};

use super::command::Reply;
use crate::app::App;
use crate::db::{self, Conn, Lane};
use crate::error::{Error, Result};
use crate::federation::relay;
use crate::model::{Relay, RelayCounts, RelayFilter, RelayStyle};
use crate::service::relay as rules;

pub use crate::service::relay::Change as RelayChange;

/// More than ever wait for one relay.
const MANY: i64 = 10_000;

/// A relay, as the list shows it; times in milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelayLine {
    pub id: i64,
    pub actor: String,
    pub inbox: String,
    pub style: String,
    pub state: String,
    pub follows_back: bool,
    pub sends: bool,
    pub filter: RelayFilter,
    pub counts: RelayCounts,
    /// How much waits to be fetched.
    pub waiting: i64,
    pub created_at: i64,
    pub last_seen_at: Option<i64>,
}

/// Subscribes to the relay behind an address. The network is asked first: an address with nothing
/// behind it is refused at once.
pub(super) fn add(
    app: &App,
    address: &str,
    style: Option<&str>,
    change: RelayChange,
) -> Result<Reply> {
    let style = style
        .map(|text| {
            RelayStyle::parse(text)
                .ok_or_else(|| Error::invalid("the style must be one of mastodon and litepub"))
        })
        .transpose()?;
    let found = relay::find(app, address, style)?;
    let write = app.db.write(Lane::Interactive, move |tx| {
        let one = rules::subscribe(tx, &found.account, &found.inbox, found.style, &change)?;
        line(tx, one)
    });
    Ok(Reply::Relays(vec![write.wait()?]))
}

pub(super) fn list(app: &App) -> Result<Reply> {
    relay::note_counts(app)?;
    let lines = app.db.read(|conn| {
        db::relay::list(conn)?.into_iter().map(|one| line(conn, one)).collect::<Result<Vec<_>>>()
    })?;
    Ok(Reply::Relays(lines))
}

pub(super) fn remove(app: &App, which: String) -> Result<Reply> {
    relay::note_counts(app)?;
    let write = app.db.write(Lane::Interactive, move |tx| {
        let one = find(tx, &which)?;
        let line = line(tx, one.clone())?;
        rules::unsubscribe(tx, &one)?;
        Ok(line)
    });
    Ok(Reply::Relays(vec![write.wait()?]))
}

pub(super) fn set(app: &App, which: String, change: RelayChange) -> Result<Reply> {
    let write = app.db.write(Lane::Interactive, move |tx| {
        let one = find(tx, &which)?;
        line(tx, rules::update(tx, &one, &change)?)
    });
    Ok(Reply::Relays(vec![write.wait()?]))
}

/// A relay by its number, inbox, actor or host.
fn find(conn: &Conn, which: &str) -> Result<Relay> {
    let which = which.trim();
    let mut found = Vec::new();
    for one in db::relay::list(conn)? {
        let actor = db::account::get(conn, one.account_id)?.uri;
        if which == one.id.to_string() || which == one.inbox || which == actor {
            return Ok(one);
        }
        if crate::client::host_of(&actor).as_deref() == Some(which) {
            found.push(one);
        }
    }
    match (found.pop(), found.is_empty()) {
        (Some(one), true) => Ok(one),
        (Some(_), false) => {
            Err(Error::invalid(format!("there are several relays at {which}: say their address")))
        }
        (None, _) => Err(Error::Missing(format!("there is no relay {which}").into())),
    }
}

fn line(conn: &Conn, one: Relay) -> Result<RelayLine> {
    Ok(RelayLine {
        actor: db::account::get(conn, one.account_id)?.uri,
        waiting: db::relay::count_waiting(conn, one.id, MANY)?,
        id: one.id,
        inbox: one.inbox,
        style: one.style.as_str().to_owned(),
        state: one.state.as_str().to_owned(),
        follows_back: one.follows_back,
        sends: one.sends,
        filter: one.filter,
        counts: one.counts,
        created_at: one.created_at,
        last_seen_at: one.last_seen_at,
    })
}
