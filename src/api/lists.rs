//! Lists of accounts that one reads as timelines of their own.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use super::entity::List;
use super::{Auth, accounts, cards, empty, entity, id_of, page, people, timelines};
use crate::app::App;
use crate::db::list::Replies;
use crate::db::{self, Conn};
use crate::error::{Error, Result};
use crate::http::{self, Params};
use crate::model::Page;
use crate::service;
use crate::service::list::Change;

/// How many accounts one request may add or remove.
const MOST_AT_ONCE: usize = 500;
/// How many members `limit=0`, which means all of them, answers.
const ALL: usize = 5000;

/// GET /api/v1/lists.
pub(super) async fn list(app: Data<App>, auth: Auth) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let found = super::read(&app, move |_, conn| db::list::list(conn, me)).await?;
    Ok(http::json(&found.iter().map(List::new).collect::<Vec<_>>()))
}

/// GET /api/v1/accounts/:id/lists: which of one's lists the account is in.
pub(super) async fn of_account(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
) -> Result<HttpResponse> {
    let (id, me) = (id_of(&path)?, auth.account_id()?);
    let found = super::read(&app, move |_, conn| {
        accounts::get(conn, id)?;
        db::list::list_with(conn, me, id)
    });
    Ok(http::json(&found.await?.iter().map(List::new).collect::<Vec<_>>()))
}

/// GET /api/v1/lists/:id.
pub(super) async fn show(app: Data<App>, auth: Auth, path: Path<String>) -> Result<HttpResponse> {
    let (id, me) = (id_of(&path)?, auth.account_id()?);
    let found = super::read(&app, move |_, conn| service::list::get(conn, me, id)).await?;
    Ok(http::json(&List::new(&found)))
}

/// POST /api/v1/lists.
pub(super) async fn create(app: Data<App>, auth: Auth, params: Params) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let change = read_change(&params)?;
    let made = super::write(&app, move |_, tx| service::list::create(tx, me, change)).await?;
    Ok(http::json(&List::new(&made)))
}

/// PUT /api/v1/lists/:id.
pub(super) async fn update(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
    params: Params,
) -> Result<HttpResponse> {
    let (id, me) = (id_of(&path)?, auth.account_id()?);
    let change = read_change(&params)?;
    let after = super::write(&app, move |_, tx| service::list::update(tx, me, id, change)).await?;
    Ok(http::json(&List::new(&after)))
}

/// DELETE /api/v1/lists/:id.
pub(super) async fn delete(app: Data<App>, auth: Auth, path: Path<String>) -> Result<HttpResponse> {
    let (id, me) = (id_of(&path)?, auth.account_id()?);
    super::write(&app, move |_, tx| service::list::delete(tx, me, id)).await?;
    Ok(empty())
}

fn read_change(params: &Params) -> Result<Change> {
    let replies = match params.text("replies_policy")? {
        None | Some("") => None,
        Some(word) => Some(Replies::parse(word).ok_or_else(|| {
            Error::invalid("Validation failed: replies_policy is not included in the list")
        })?),
    };
    Ok(Change {
        title: params.text("title")?.map(str::to_owned),
        replies,
        exclusive: params.flag("exclusive")?,
    })
}

/// GET /api/v1/lists/:id/accounts; `limit=0` means all.
pub(super) async fn members(
    app: Data<App>,
    auth: Auth,
    request: HttpRequest,
    path: Path<String>,
    params: Params,
) -> Result<HttpResponse> {
    let (id, me) = (id_of(&path)?, auth.account_id()?);
    let all = params.number("limit")? == Some(0);
    let find = move |conn: &Conn, cut: &Page| {
        service::list::get(conn, me, id)?;
        let cut = if all { Page { limit: ALL, ..*cut } } else { *cut };
        db::list::list_members(conn, id, &cut)
    };
    people::answer(&app, &request, &params, find).await
}

fn read_accounts(params: &Params) -> Result<Vec<i64>> {
    let mut ids: Vec<i64> = Vec::new();
    for id in params.ids("account_ids")? {
        if !ids.contains(&id) {
            ids.push(id);
        }
        if ids.len() > MOST_AT_ONCE {
            return Err(Error::invalid(format!(
                "Validation failed: account_ids has more than {MOST_AT_ONCE} entries"
            )));
        }
    }
    Ok(ids)
}

/// POST /api/v1/lists/:id/accounts.
pub(super) async fn add(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
    params: Params,
) -> Result<HttpResponse> {
    let (id, me) = (id_of(&path)?, auth.account_id()?);
    let ids = read_accounts(&params)?;
    super::write(&app, move |_, tx| {
        let found = db::account::list(tx, &ids)?;
        if found.len() < ids.len() {
            return Err(Error::NotFound);
        }
        service::list::add(tx, me, id, &found)
    })
    .await?;
    Ok(empty())
}

/// DELETE /api/v1/lists/:id/accounts.
pub(super) async fn remove(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
    params: Params,
) -> Result<HttpResponse> {
    let (id, me) = (id_of(&path)?, auth.account_id()?);
    let ids = read_accounts(&params)?;
    super::write(&app, move |_, tx| service::list::remove(tx, me, id, &ids)).await?;
    Ok(empty())
}

/// GET /api/v1/timelines/list/:list_id.
pub(super) async fn timeline(
    app: Data<App>,
    auth: Auth,
    request: HttpRequest,
    path: Path<String>,
    params: Params,
) -> Result<HttpResponse> {
    let (id, me) = (id_of(&path)?, auth.account_id()?);
    let cut = params.page(20, 40)?;
    let found = page::read(&app, &request, move |app, conn| {
        let ids = service::timeline::list(conn, me, id, &cut)?;
        let found = timelines::in_order(&ids, db::status::list(conn, &ids)?);
        cards::look(app, conn, me, &found)?;
        let shown = entity::statuses(conn, &app.site, me, found)?;
        Ok((page::ends(&cut, ids.into_iter()), shown))
    });
    found.await
}
