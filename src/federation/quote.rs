//! Stamps of consent to quotes (FEP-044f): ours are served, those of others are checked.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use crate::activity::build;
use crate::activity::urls::same_host;
use crate::app::App;
use crate::db::{self, Lane};
use crate::error::{Error, Result};
use crate::id;
use crate::model::{INSTANCE_ACTOR, Job, QuoteState};
use crate::service;

use super::process::{Step, Stop};
use super::{actor, fetch, resolve};

/// `GET /users/{name}/quote_authorizations/{id}`: the stamp, while its author stands by it
/// (F-323). Only what anybody may read has one.
pub async fn authorization(
    app: Data<App>,
    request: HttpRequest,
    path: Path<(String, String)>,
) -> Result<HttpResponse> {
    let (name, id) = path.into_inner();
    let id = id::parse(&id).ok_or(Error::NotFound)?;
    let admitted = actor::admit(&app, &request).await?;
    let body = app
        .read(move |conn| {
            let author = actor::find(conn, &name)?.ok_or(Error::NotFound)?;
            admitted.check(conn, author.id)?;
            let quote = db::quote::find(conn, id)?
                .filter(|quote| {
                    quote.state == QuoteState::Accepted
                        && quote.quoted_account_id == Some(author.id)
                })
                .ok_or(Error::NotFound)?;
            let stamp = quote.authorization_uri.ok_or(Error::NotFound)?;
            let quoting = db::status::get(conn, quote.status_id)?;
            let quoted = db::status::get(conn, quote.quoted_id.ok_or(Error::NotFound)?)?;
            if !quoted.visibility.is_open() {
                return Err(Error::NotFound);
            }
            let document =
                build::quote_authorization(&stamp, &author.uri, &quoted.uri, &quoting.uri);
            serde_json::to_vec(&document).map_err(Error::internal)
        })
        .await?;
    Ok(admitted.answer(&request, body))
}

/// Finds what a status quotes, and checks the stamp that it names (F-320, F-321). One that cannot
/// be read leaves the quote as it is: a good one may come later (S-042).
pub fn verify(app: &App, job: &Job, online: bool) -> Step<bool> {
    let id = id::parse(&String::from_utf8_lossy(&job.payload)).ok_or(Stop::Drop("no quote"))?;
    let find = || app.db.read(|conn| db::quote::find(conn, id));
    let Some(quote) = find()?.filter(|quote| quote.state == QuoteState::Pending) else {
        return Ok(false);
    };
    if !online {
        return Err(Stop::NeedsNetwork);
    }
    let quoted = match quote.quoted_id {
        Some(quoted) => app.db.read(|conn| db::status::get(conn, quoted))?,
        // what stands above it is not needed
        None => resolve::status(app, &quote.quoted_uri, resolve::MOST_ANCESTORS)?,
    };
    if quote.quoted_id.is_none() {
        let of = quoted.reblog_of_id.unwrap_or(quoted.id);
        let joined = app.db.write(Lane::Background, move |tx| {
            let Some(quote) = db::quote::find(tx, id)?.filter(|q| q.quoted_id.is_none()) else {
                return Ok(());
            };
            let (status, quoted) = (db::status::get(tx, id)?, db::status::get(tx, of)?);
            let author = db::account::get(tx, quote.account_id)?;
            service::quote::settle(tx, quote, &status, &author, &quoted)?;
            tx.after_commit(crate::model::Event::StatusUpdated { id });
            Ok(())
        });
        joined.wait()?;
    }
    let Some(quote) = find()?.filter(|quote| quote.state == QuoteState::Pending) else {
        return Ok(false);
    };
    let Some(stamp) = quote.authorization_uri.filter(|_| !quoted.local) else { return Ok(false) };
    let (author, status) = app.db.read(|conn| {
        Ok((db::account::get(conn, quoted.account_id)?, db::status::get(conn, id)?))
    })?;
    if !same_host(&stamp, &author.uri) {
        return Err(Stop::Drop("the stamp is on another server"));
    }
    let document = fetch::document(app, &stamp, INSTANCE_ACTOR)?;
    if !service::quote_consent::is_stamp(&document, &author.uri, &quoted.uri, &status.uri) {
        return Err(Stop::Drop("the stamp is for something else"));
    }
    app.db
        .write(Lane::Background, move |tx| service::quote_consent::accept_stamp(tx, id, &stamp))
        .wait()?;
    Ok(false)
}
