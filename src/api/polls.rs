//! Polls by their own id, which is their status's.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};

use super::{Auth, backfill, entity, id_of};
use crate::app::App;
use crate::db;
use crate::error::{Error, Result};
use crate::http::{self, Params};
use crate::service;
use crate::service::poll::NewPoll;

/// GET /api/v1/polls/:id.
pub(super) async fn show(app: Data<App>, auth: Auth, path: Path<String>) -> Result<HttpResponse> {
    let (id, viewer) = (id_of(&path)?, auth.viewer());
    backfill::poll(&app, viewer, id).await?;
    let poll = super::read(&app, move |app, conn| {
        entity::poll(conn, &app.site, viewer, &service::poll::get(conn, viewer, id)?)
    });
    Ok(http::json(&poll.await?))
}

/// POST /api/v1/polls/:id/votes.
pub(super) async fn vote(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
    params: Params,
) -> Result<HttpResponse> {
    let (id, me) = (id_of(&path)?, auth.account_id()?);
    let choices = params.list("choices")?;
    let choices = choices
        .iter()
        .map(|text| {
            text.trim().parse().map_err(|_| {
                Error::invalid("Validation failed: choices must be a list of whole numbers")
            })
        })
        .collect::<Result<Vec<i64>>>()?;
    let poll = super::write(&app, move |app, tx| {
        let account = db::account::get(tx, me)?;
        let status = service::poll::vote(tx, &account, id, &choices)?;
        entity::poll(tx, &app.site, me, &status)
    });
    Ok(http::json(&poll.await?))
}

/// `poll[…]` of a status that is written or edited.
pub(super) fn read_new(params: &Params) -> Result<Option<NewPoll>> {
    if !params.says("poll") {
        return Ok(None);
    }
    let poll = params.nested("poll")?;
    let options = poll.list("options")?;
    if options.is_empty() {
        return Ok(None);
    }
    Ok(Some(NewPoll {
        options,
        expires_in: poll.number("expires_in")?,
        multiple: poll.flag("multiple")?.unwrap_or(false),
        hide_totals: poll.flag("hide_totals")?.unwrap_or(false),
    }))
}
