//! Consent to quotes between servers (FEP-044f): requests, answers, and stamps that anybody can
//! check and their authors can take back.

use serde_json::{Value, json};

use crate::activity::build;
use crate::activity::read;
use crate::activity::urls::same_host;
use crate::db::{self, Tx};
use crate::error::Result;
use crate::model::{Account, Event, Quote, QuoteState, Status};
use crate::site::Site;

use super::delivery;
use super::quote::{Approval, approval, stamp, tell, update_document};

/// The stamp of a quote was fetched from its author's server and is good (F-321).
pub fn accept_stamp(tx: &Tx<'_>, status_id: i64, stamp: &str) -> Result<()> {
    let Some(quote) = db::quote::find(tx, status_id)? else { return Ok(()) };
    if quote.state == QuoteState::Pending && quote.authorization_uri.as_deref() == Some(stamp) {
        db::quote::put(tx, &Quote { state: QuoteState::Accepted, ..quote })?;
        tx.after_commit(Event::StatusUpdated { id: status_id });
    }
    Ok(())
}

/// Whether a document is the stamp of `quoted`'s author for this quote: all four must fit
/// (F-321, S-042).
pub fn is_stamp(value: &Value, quoted_author: &str, quoted: &str, quoting: &str) -> bool {
    let says = |key: &str, wanted: &str| read::id(value, key).as_deref() == Some(wanted);
    read::has_type(value, "QuoteAuthorization")
        && says("attributedTo", quoted_author)
        && says("interactionTarget", quoted)
        && says("interactingObject", quoting)
        && read::id_of(value).is_some_and(|id| same_host(id, quoted_author))
}

/// Somebody elsewhere asks to quote a status of ours: answered at once, by the policy (F-322).
pub fn receive_request(
    tx: &Tx<'_>,
    request_id: &str,
    from: &Account,
    quoted: &Status,
    quoting: &Status,
) -> Result<()> {
    let author = db::account::get(tx, quoted.account_id)?;
    let known = db::quote::find(tx, quoting.id)?.filter(|q| q.quoted_id == Some(quoted.id));
    let revoked = known.as_ref().is_some_and(|quote| quote.state == QuoteState::Revoked);
    let allowed = !revoked && approval(tx, quoted, from.id)? == Approval::Automatic;
    let request = json!({
        "id": request_id, "type": "QuoteRequest", "actor": from.uri,
        "object": quoted.uri, "instrument": quoting.uri,
    });
    let number = tx.mint_id();
    if !allowed {
        let id = format!("{}#rejects/quote_requests/{number}", author.uri);
        return delivery::queue_for(tx, &author, &build::reject(&id, &author.uri, &request), from);
    }
    let stamp = stamp(&author, quoting.id);
    let accepted = known.is_some_and(|quote| quote.state == QuoteState::Accepted);
    if !accepted {
        let quote = Quote {
            status_id: quoting.id,
            account_id: from.id,
            quoted_id: Some(quoted.id),
            quoted_uri: quoted.uri.clone(),
            quoted_account_id: Some(quoted.account_id),
            state: QuoteState::Accepted,
            legacy: false,
            authorization_uri: Some(stamp.clone()),
            request_uri: None,
            depth: 0,
        };
        db::quote::put(tx, &quote)?;
        tell(tx, &author, from, quoting)?;
    }
    let id = format!("{}#accepts/quote_requests/{number}", author.uri);
    let activity = build::accept_quote(&id, &author.uri, &request, &stamp);
    delivery::queue_for(tx, &author, &activity, from)
}

/// The quoted author answers a request of ours (F-328): only that one, and only what was asked.
/// With a stamp all who have the status learn of it.
pub fn receive_answer(
    tx: &Tx<'_>,
    site: &Site,
    from: &Account,
    request: &str,
    stamp: Option<&str>,
) -> Result<()> {
    let Some(quote) = db::quote::find_by_request(tx, request)? else { return Ok(()) };
    if quote.quoted_account_id != Some(from.id) || quote.state != QuoteState::Pending {
        return Ok(());
    }
    let id = quote.status_id;
    let Some(stamp) = stamp else {
        db::quote::put(tx, &Quote { state: QuoteState::Rejected, ..quote })?;
        tx.after_commit(Event::StatusUpdated { id });
        return Ok(());
    };
    if !same_host(stamp, &from.uri) {
        return Ok(());
    }
    let authorization_uri = Some(stamp.to_owned());
    db::quote::put(tx, &Quote { state: QuoteState::Accepted, authorization_uri, ..quote })?;
    update_document(tx, site, id)
}

/// A remote author takes a stamp back (F-172): the quotes that it allowed are not shown any more.
/// True when it was such a stamp.
pub fn receive_revoke(tx: &Tx<'_>, site: &Site, from: &Account, stamp: &str) -> Result<bool> {
    let mut any = false;
    for quote in db::quote::list_by_authorization(tx, stamp)? {
        if quote.quoted_account_id != Some(from.id) {
            continue;
        }
        any = true;
        let (id, by) = (quote.status_id, quote.account_id);
        db::quote::put(tx, &Quote { state: QuoteState::Revoked, ..quote })?;
        if db::account::find(tx, by)?.is_some_and(|account| account.is_local()) {
            update_document(tx, site, id)?;
        } else {
            tx.after_commit(Event::StatusUpdated { id });
        }
    }
    Ok(any)
}
