//! Quotes: who may quote what, and what becomes of it here (FEP-044f). Our own authors consent by
//! their policy, at once; others are asked. What servers say to each other is in
//! [`super::quote_consent`].

use crate::activity::PUBLIC;
use crate::activity::build;
use crate::activity::object::Object;
use crate::client::host_of;
use crate::db::{self, Conn, Tx};
use crate::error::{Error, Result};
use crate::model::{
    Account, Event, JobKind, NotificationKind, Quote, QuotePolicy, QuoteState, Status, Visibility,
};
use crate::site::Site;
use crate::text::{render, sanitize};

use super::{delivery, document, notification, status as local, visibility};

/// How deep quotes in quotes are fetched (F-318).
const DEEPEST: i64 = 2;
/// How many quotes of one server may wait to be looked into.
const WAITING: i64 = 200;

/// What somebody may do with a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Approval {
    Automatic,
    /// The author is asked.
    Manual,
    Denied,
    /// Its author's server knows.
    Unknown,
}

impl Approval {
    /// The client API's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Automatic => "automatic",
            Self::Manual => "manual",
            Self::Denied => "denied",
            Self::Unknown => "unknown",
        }
    }
}

/// Whether `account` (0: nobody) may quote the status, by its policy alone: `follows` its author,
/// or is `followed` by the author. What only followers may read its author alone quotes (F-326).
pub fn judge(status: &Status, account: i64, follows: bool, followed: bool) -> Approval {
    if account == 0 || status.visibility == Visibility::Direct || status.reblog_of_id.is_some() {
        return Approval::Denied;
    }
    if status.account_id == account {
        return Approval::Automatic;
    }
    if status.visibility == Visibility::Private {
        return Approval::Denied;
    }
    let policy = status.quote_policy;
    let allows = |bits: u16| {
        bits & QuotePolicy::PUBLIC != 0
            || (follows && bits & QuotePolicy::FOLLOWERS != 0)
            || (followed && bits & QuotePolicy::FOLLOWING != 0)
    };
    match policy {
        _ if allows(policy.automatic()) => Approval::Automatic,
        _ if allows(policy.manual()) => Approval::Manual,
        _ if (policy.automatic() | policy.manual()) & QuotePolicy::OTHER != 0 => Approval::Unknown,
        _ => Approval::Denied,
    }
}

/// The same with what is stored of the two.
pub fn approval(conn: &Conn, status: &Status, account: i64) -> Result<Approval> {
    if !visibility::can_see(conn, account, status)? {
        return Ok(Approval::Denied);
    }
    let follows = db::follow::is_following(conn, account, status.account_id)?;
    let followed = db::follow::is_following(conn, status.account_id, account)?;
    Ok(judge(status, account, follows, followed))
}

/// The policy that a remote status tells; one that tells none is for its author alone (F-325).
pub fn policy(object: &Object, author: &Account) -> QuotePolicy {
    let bits = |who: &[String]| {
        who.iter().take(50).fold(0, |bits, uri| {
            bits | match uri.as_str() {
                PUBLIC => QuotePolicy::PUBLIC,
                uri if Some(uri) == author.followers_uri.as_deref() => QuotePolicy::FOLLOWERS,
                uri if Some(uri) == author.following_uri.as_deref() => QuotePolicy::FOLLOWING,
                uri if uri == author.uri => 0,
                _ => QuotePolicy::OTHER,
            }
        })
    };
    QuotePolicy::new(bits(&object.can_quote.automatic), bits(&object.can_quote.manual))
}

/// Where the stamp of one of our authors for a quote is found (F-323).
pub(super) fn stamp(author: &Account, quoting_id: i64) -> String {
    format!("{}/quote_authorizations/{quoting_id}", author.uri)
}

/// Writes down what a new local status quotes. Consent among our own is the policy, which was
/// looked at before.
pub(super) fn attach(
    tx: &Tx<'_>,
    author: &Account,
    status: &Status,
    quoted: &Status,
) -> Result<Quote> {
    let quoted_author = db::account::get(tx, quoted.account_id)?;
    let own = quoted.account_id == author.id;
    let asked = !own && !quoted.local;
    let quote = Quote {
        status_id: status.id,
        account_id: author.id,
        quoted_id: Some(quoted.id),
        quoted_uri: quoted.uri.clone(),
        quoted_account_id: Some(quoted.account_id),
        state: if asked { QuoteState::Pending } else { QuoteState::Accepted },
        legacy: false,
        authorization_uri: (!own && !asked).then(|| stamp(&quoted_author, status.id)),
        request_uri: asked.then(|| format!("{}/quote_requests/{}", author.uri, status.id)),
        depth: 0,
    };
    db::quote::put(tx, &quote)?;
    if !own && !asked {
        tell(tx, &quoted_author, author, status)?;
    }
    Ok(quote)
}

/// The text of a status that quotes, as it is stored: with a line for programs that show no
/// quotes; those that do hide it by its class (F-283).
pub(super) fn with_line(content: String, quoted: &Status) -> String {
    let page = quoted.page();
    if content.contains(&format!("\"{}\"", sanitize::escape(page))) {
        return content;
    }
    format!(r#"<p class="quote-inline">RE: {}</p>{content}"#, render::url(page))
}

/// The same for one that is edited.
pub(super) fn with_line_of(conn: &Conn, content: String, status_id: i64) -> Result<String> {
    let quoted = match db::quote::find(conn, status_id)?.and_then(|quote| quote.quoted_id) {
        Some(id) => db::status::find(conn, id)?,
        None => None,
    };
    Ok(match quoted {
        Some(quoted) => with_line(content, &quoted),
        None => content,
    })
}

pub(super) fn tell(tx: &Tx<'_>, quoted: &Account, by: &Account, status: &Status) -> Result<()> {
    if quoted.is_local() && visibility::can_see(tx, quoted.id, status)? {
        notification::notify(tx, quoted, NotificationKind::Quote, by, Some(status))?;
    }
    Ok(())
}

/// Asks the author of a remote status for consent (F-324).
pub(super) fn ask(
    tx: &Tx<'_>,
    site: &Site,
    author: &Account,
    status: &Status,
    quoted: &Status,
    request: &str,
) -> Result<()> {
    let to = db::account::get(tx, quoted.account_id)?;
    let note = build::note(&document::note(tx, site, status, author)?);
    let activity = build::quote_request(request, &author.uri, &quoted.uri, note, &to.uri);
    delivery::queue_for(tx, author, &activity, &to)
}

/// The inbox of the remote author who was asked for consent, and so has the status.
pub(super) fn asked_inbox(conn: &Conn, status: &Status) -> Result<Option<String>> {
    let asked = db::quote::find(conn, status.id)?.filter(|quote| quote.request_uri.is_some());
    let Some(author) = asked.and_then(|quote| quote.quoted_account_id) else { return Ok(None) };
    let author = db::account::find(conn, author)?.filter(|account| !account.is_local());
    Ok(author.and_then(|account| account.delivery_inbox().map(str::to_owned)))
}

/// Writes down what a remote status quotes, and what a newer version of it says of that. What is
/// decided already stays, unless it quotes something else now.
pub(super) fn attach_remote(
    tx: &Tx<'_>,
    object: &Object,
    status: &Status,
    author: &Account,
    depth: i64,
) -> Result<()> {
    let old = db::quote::find(tx, status.id)?;
    let Some(uri) = &object.quote else {
        // the quoted one is gone, its author's server says (F-318)
        if let Some(old) = old.filter(|_| object.quote_deleted) {
            let quote = Quote { state: QuoteState::Deleted, quoted_id: None, ..old };
            db::quote::put(tx, &quote)?;
        }
        return Ok(());
    };
    let quoted = db::status::find_by_uri_or_url(tx, uri)?.filter(|s| s.reblog_of_id.is_none());
    let same = |old: &Quote| {
        old.quoted_uri == *uri || quoted.as_ref().is_some_and(|q| Some(q.id) == old.quoted_id)
    };
    if old.as_ref().is_some_and(|old| same(old) && old.state != QuoteState::Pending) {
        return Ok(());
    }
    let quote = Quote {
        status_id: status.id,
        account_id: author.id,
        quoted_id: None,
        quoted_uri: uri.clone(),
        quoted_account_id: None,
        state: QuoteState::Pending,
        legacy: object.quote_legacy,
        authorization_uri: object.quote_authorization.clone(),
        request_uri: None,
        depth: old.map_or(depth, |old| old.depth),
    };
    let quote = match &quoted {
        Some(quoted) => settle(tx, quote, status, author, quoted)?,
        None => {
            db::quote::put(tx, &quote)?;
            quote
        }
    };
    let unknown = quote.quoted_id.is_none() && quote.depth < DEEPEST;
    let stamped = quote.authorization_uri.is_some() && quoted.is_some_and(|q| !q.local);
    if quote.state == QuoteState::Pending && (unknown || stamped) {
        queue_look(tx, &quote)?;
    }
    Ok(())
}

/// Queues the look at what a quote names, in a lane of its server, and not without limit:
/// somebody else chose the address.
fn queue_look(tx: &Tx<'_>, quote: &Quote) -> Result<()> {
    let Some(host) = host_of(&quote.quoted_uri) else { return Ok(()) };
    let lane = format!("quote {host}");
    if db::job::count_lane(tx, &lane, WAITING)? < WAITING {
        let id = quote.status_id.to_string();
        db::job::insert(tx, JobKind::VerifyQuote, &lane, id.as_bytes())?;
    }
    Ok(())
}

/// Joins a quote with the quoted status, and decides what can be decided without asking: one's
/// own (F-320), ours by its policy, and open ones that are quoted in the old way (F-319).
pub fn settle(
    tx: &Tx<'_>,
    quote: Quote,
    status: &Status,
    author: &Account,
    quoted: &Status,
) -> Result<Quote> {
    let quoted_author = db::account::get(tx, quoted.account_id)?;
    let by_policy = quoted.local && approval(tx, quoted, author.id)? == Approval::Automatic;
    let accepted = quoted.account_id == author.id
        || by_policy
        || (!quoted.local && quote.legacy && quoted.visibility.is_open());
    let quote = Quote {
        quoted_id: Some(quoted.id),
        quoted_account_id: Some(quoted.account_id),
        state: if accepted { QuoteState::Accepted } else { QuoteState::Pending },
        authorization_uri: match by_policy && quoted.account_id != author.id {
            true => Some(stamp(&quoted_author, status.id)),
            // nobody else makes a stamp of ours
            false => quote.authorization_uri.filter(|_| !quoted.local),
        },
        ..quote
    };
    db::quote::put(tx, &quote)?;
    if by_policy && quoted.account_id != author.id {
        tell(tx, &quoted_author, author, status)?;
    }
    Ok(quote)
}

/// A status came that others wait for: their quotes are settled. Answers how many quotes led
/// here.
pub(super) fn adopt(tx: &Tx<'_>, status: &Status) -> Result<i64> {
    let mut depth = 0;
    for quote in db::quote::list_orphans(tx, &status.uri)? {
        depth = depth.max(quote.depth + 1);
        let (Some(quoting), Some(author)) =
            (db::status::find(tx, quote.status_id)?, db::account::find(tx, quote.account_id)?)
        else {
            continue;
        };
        let quote = settle(tx, quote, &quoting, &author, status)?;
        if quote.state == QuoteState::Pending && quote.authorization_uri.is_some() {
            queue_look(tx, &quote)?;
        }
        tx.after_commit(Event::StatusUpdated { id: quoting.id });
    }
    Ok(depth)
}

/// Sends the Update of a local status whose text is as it was.
pub(super) fn update_document(tx: &Tx<'_>, site: &Site, status_id: i64) -> Result<()> {
    let status = db::status::get(tx, status_id)?;
    tx.after_commit(Event::StatusUpdated { id: status.id });
    let author = db::account::get(tx, status.account_id)?;
    let note = document::note(tx, site, &status, &author)?;
    let id = format!("{}#updates/{}", status.uri, tx.mint_id());
    let activity = build::update(&id, &note, tx.now());
    delivery::queue(tx, &author, &activity, local::reach(tx, &status)?)
}

/// Takes the consent to a quote of one's own status back, and tells who has the quoting status
/// (F-323). Answers the quoting status.
///
/// # Errors
/// 404 when there is no such quote, 403 when the quoted one is another's.
pub fn revoke(tx: &Tx<'_>, author: &Account, quoted_id: i64, quoting_id: i64) -> Result<Status> {
    let quoted = visibility::target(tx, author.id, quoted_id)?;
    if quoted.account_id != author.id {
        return Err(Error::Forbidden("This action is not allowed".into()));
    }
    // also of one who hides from them by now: it is their word
    let quote = db::quote::find(tx, quoting_id)?
        .filter(|quote| quote.quoted_id == Some(quoted.id))
        .ok_or(Error::NotFound)?;
    let quoting = db::status::get(tx, quoting_id)?;
    let shown = match visibility::can_see(tx, author.id, &quoting)? {
        true => quoting.clone(),
        false => quoted.clone(),
    };
    if quote.state == QuoteState::Revoked {
        return Ok(shown);
    }
    let stamp = quote.authorization_uri.clone().unwrap_or_else(|| stamp(author, quoting.id));
    db::quote::put(tx, &Quote { state: QuoteState::Revoked, ..quote })?;
    let by = db::account::get(tx, quoting.account_id)?;
    db::notification::delete_matching(
        tx,
        author.id,
        NotificationKind::Quote,
        by.id,
        Some(quoting.id),
    )?;
    tx.after_commit(Event::StatusUpdated { id: quoting.id });
    let mut inboxes = match by.is_local() {
        true => local::reach(tx, &quoting)?,
        false => by.delivery_inbox().map(str::to_owned).into_iter().collect(),
    };
    inboxes.extend(db::follow::list_follower_inboxes(tx, author.id)?);
    let activity = build::delete_authorization(&author.uri, &stamp, &quoted.uri, &quoting.uri);
    delivery::queue(tx, author, &activity, inboxes)?;
    Ok(shown)
}

/// Sets who may quote one's own status from now on; what only followers read stays for nobody.
///
/// # Errors
/// 404 when it is not the account's own, or a boost.
pub fn set_policy(
    tx: &Tx<'_>,
    site: &Site,
    author: &Account,
    id: i64,
    policy: QuotePolicy,
) -> Result<Status> {
    let status = visibility::get(tx, author.id, id)?;
    if status.account_id != author.id || status.reblog_of_id.is_some() {
        return Err(Error::NotFound);
    }
    if status.visibility.is_open() && policy != status.quote_policy {
        db::quote::set_policy(tx, status.id, policy)?;
        update_document(tx, site, status.id)?;
    }
    db::status::get(tx, status.id)
}
