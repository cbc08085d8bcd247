//! `QuoteRequest` and its answers (F-322, F-324, F-328), and the end of a stamp (F-172).
//! <https://codeberg.org/fediverse/fep/src/branch/main/fep/044f/fep-044f.md>

use crate::activity::incoming::{Activity, Kind};
use crate::activity::object::{Object, ObjectKind};
use crate::activity::urls;
use crate::db;
use crate::federation::{fetch, resolve};
use crate::service::quote_consent;
use crate::service::remote::{self, Arrival};

use super::{Context, Step, Stop};

/// Somebody asks to quote a status of ours. The quoting one comes along, or is fetched.
pub(super) fn request(context: &Context<'_>, activity: &Activity) -> Step<()> {
    let Some(id) = activity.id.clone() else { return Err(Stop::Drop("a request without an id")) };
    let quoted = match activity.object_id() {
        Some(uri) => context.read(|conn| db::status::find_by_uri_or_url(conn, uri))?,
        None => None,
    };
    let Some(quoted) = quoted.filter(|s| s.local && s.reblog_of_id.is_none()) else {
        return Err(Stop::Drop("it quotes nothing of ours"));
    };
    let uri = activity.instrument.id().ok_or(Stop::Drop("nothing quotes"))?.to_owned();
    if !urls::same_host(&uri, &context.signer.uri) {
        return Err(Stop::Drop("the quoting status is on another server"));
    }
    let known = context.read(|conn| db::status::find_by_uri(conn, &uri))?;
    let incoming = match (known, activity.instrument.embedded()) {
        (Some(known), _) if known.account_id != context.signer.id => {
            return Err(Stop::Drop("the quoting status is another's"));
        }
        (Some(_), _) => None,
        (None, Some(value)) if ObjectKind::of(value).is_some() => {
            Some(Object::parse_embedded(value))
        }
        (None, _) if !context.online => return Err(Stop::NeedsNetwork),
        (None, _) => {
            let reader = crate::model::INSTANCE_ACTOR;
            Some(Object::parse(&fetch::document(context.app, &uri, reader)?))
        }
    };
    let incoming = match incoming {
        Some(object) => {
            let object = object.map_err(|_| Stop::Drop("the quoting status is not usable"))?;
            let quotes = object.quote.as_ref();
            if object.attributed_to != context.signer.uri
                || !quotes.is_some_and(|q| *q == quoted.uri || Some(q) == quoted.url.as_ref())
            {
                return Err(Stop::Drop("the quoting status is another, or quotes another"));
            }
            Some(resolve::read(context.app, object))
        }
        None => None,
    };
    let from = context.signer.clone();
    context.write(move |tx| {
        let quoting = match &incoming {
            Some(incoming) => remote::store(tx, incoming, &from, Arrival::Fetched)?,
            None => match db::status::find_by_uri(tx, &uri)? {
                Some(status) => status,
                None => return Ok(()),
            },
        };
        quote_consent::receive_request(tx, &id, &from, &quoted, &quoting)
    })
}

/// The request of ours that an Accept or Reject answers, if it answers one.
fn asked(context: &Context<'_>, activity: &Activity) -> Step<Option<String>> {
    let Some(uri) = activity.object_id().map(str::to_owned) else { return Ok(None) };
    if activity.object.embedded().is_some_and(|value| Kind::of(value) == Kind::QuoteRequest) {
        return Ok(Some(uri));
    }
    let known = context.read(|conn| db::quote::find_by_request(conn, &uri))?;
    Ok(known.map(|_| uri))
}

/// An answer to a request of ours; false when it answers something else.
pub(super) fn answer(context: &Context<'_>, activity: &Activity) -> Step<bool> {
    let Some(request) = asked(context, activity)? else { return Ok(false) };
    let stamp = activity.result.clone();
    let accepts = activity.kind == Kind::Accept;
    if accepts && stamp.is_none() {
        return Err(Stop::Drop("consent without a stamp"));
    }
    let (from, site) = (context.signer.clone(), context.app.site.clone());
    context.write(move |tx| {
        let stamp = stamp.as_deref().filter(|_| accepts);
        quote_consent::receive_answer(tx, &site, &from, &request, stamp)
    })?;
    Ok(true)
}

/// The Delete of a stamp; false when it deletes something else.
pub(super) fn revoke(context: &Context<'_>, uri: &str) -> Step<bool> {
    let known = context.read(|conn| db::quote::list_by_authorization(conn, uri))?;
    if !known.iter().any(|quote| quote.quoted_account_id == Some(context.signer.id)) {
        return Ok(false);
    }
    let (from, site, uri) = (context.signer.clone(), context.app.site.clone(), uri.to_owned());
    context.write(move |tx| quote_consent::receive_revoke(tx, &site, &from, &uri))
}
