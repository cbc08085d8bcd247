//! Filters with their words and statuses.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};

use super::entity::{FilterKeyword, FilterStatus};
use super::{Auth, empty, entity, id_of};
use crate::app::App;
use crate::db::filter::Action;
use crate::db::{self, Tx};
use crate::error::{Error, Result};
use crate::http::{self, Params};
use crate::model::Event;
use crate::service::filter::{self, Change, KeywordChange};

/// GET /api/v2/filters.
pub(super) async fn list(app: Data<App>, auth: Auth) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let found =
        super::read(&app, move |_, conn| entity::filters(conn, &db::filter::list(conn, me)?));
    Ok(http::json(&found.await?))
}

/// GET /api/v2/filters/:id.
pub(super) async fn show(app: Data<App>, auth: Auth, path: Path<String>) -> Result<HttpResponse> {
    let (id, me) = (id_of(&path)?, auth.account_id()?);
    let found = super::read(&app, move |_, conn| entity::filter(conn, &filter::get(conn, me, id)?));
    Ok(http::json(&found.await?))
}

/// A write after which the account's streams are told to read the filters anew.
pub(super) async fn commit<T, F>(app: &Data<App>, me: i64, f: F) -> Result<T>
where
    T: Send + 'static,
    F: FnOnce(&Tx<'_>) -> Result<T> + Send + 'static,
{
    super::write(app, move |_, tx| {
        let value = f(tx)?;
        tx.after_commit(Event::FiltersChanged { account_id: me });
        Ok(value)
    })
    .await
}

/// POST /api/v2/filters.
pub(super) async fn create(app: Data<App>, auth: Auth, params: Params) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let change = read_change(&params)?;
    let made = commit(&app, me, move |tx| entity::filter(tx, &filter::create(tx, me, change)?));
    Ok(http::json(&made.await?))
}

/// PUT /api/v2/filters/:id.
pub(super) async fn update(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
    params: Params,
) -> Result<HttpResponse> {
    let (id, me) = (id_of(&path)?, auth.account_id()?);
    let change = read_change(&params)?;
    let after =
        commit(&app, me, move |tx| entity::filter(tx, &filter::update(tx, me, id, change)?));
    Ok(http::json(&after.await?))
}

/// DELETE /api/v2/filters/:id.
pub(super) async fn delete(app: Data<App>, auth: Auth, path: Path<String>) -> Result<HttpResponse> {
    let (id, me) = (id_of(&path)?, auth.account_id()?);
    commit(&app, me, move |tx| {
        let filter = filter::get(tx, me, id)?;
        db::filter::delete(tx, filter.id)
    })
    .await?;
    Ok(empty())
}

fn read_change(params: &Params) -> Result<Change> {
    let action = match params.text("filter_action")? {
        None | Some("") => None,
        Some(word) => Some(Action::parse(word).ok_or_else(|| {
            Error::invalid("Validation failed: filter_action is not included in the list")
        })?),
    };
    let keywords: Result<Vec<KeywordChange>> = params
        .each("keywords_attributes")?
        .iter()
        .map(|one| {
            Ok(KeywordChange {
                id: one.id("id")?,
                keyword: one.text("keyword")?.map(str::to_owned),
                whole_word: one.flag("whole_word")?,
                remove: one.flag("_destroy")?.unwrap_or(false),
            })
        })
        .collect();
    Ok(Change {
        title: params.text("title")?.map(str::to_owned),
        contexts: read_contexts(params)?,
        action,
        expires_in: read_expiry(params)?,
        keywords: keywords?,
    })
}

pub(super) fn read_contexts(params: &Params) -> Result<Option<Vec<String>>> {
    Ok(if params.has("context") { Some(params.list("context")?) } else { None })
}

/// Seconds; a blank one means for good.
pub(super) fn read_expiry(params: &Params) -> Result<Option<Option<i64>>> {
    Ok(if params.has("expires_in") { Some(params.number("expires_in")?) } else { None })
}

/// GET /api/v2/filters/:id/keywords.
pub(super) async fn keywords(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
) -> Result<HttpResponse> {
    let (id, me) = (id_of(&path)?, auth.account_id()?);
    let found = super::read(&app, move |_, conn| {
        let filter = filter::get(conn, me, id)?;
        let rows = db::filter::list_keywords(conn, &[filter.id])?;
        Ok(rows.iter().map(FilterKeyword::new).collect::<Vec<_>>())
    });
    Ok(http::json(&found.await?))
}

/// POST /api/v2/filters/:id/keywords.
pub(super) async fn add_keyword(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
    params: Params,
) -> Result<HttpResponse> {
    let (id, me) = (id_of(&path)?, auth.account_id()?);
    let word = params.text("keyword")?.unwrap_or_default().to_owned();
    let whole_word = params.flag("whole_word")?.unwrap_or(true);
    let made = commit(&app, me, move |tx| {
        let filter = filter::get(tx, me, id)?;
        filter::add_keyword(tx, &filter, &word, whole_word)
    });
    Ok(http::json(&FilterKeyword::new(&made.await?)))
}

/// GET /api/v2/filters/keywords/:id.
pub(super) async fn keyword(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
) -> Result<HttpResponse> {
    let (id, me) = (id_of(&path)?, auth.account_id()?);
    let found = super::read(&app, move |_, conn| filter::get_keyword(conn, me, id)).await?;
    Ok(http::json(&FilterKeyword::new(&found)))
}

/// PUT /api/v2/filters/keywords/:id.
pub(super) async fn update_keyword(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
    params: Params,
) -> Result<HttpResponse> {
    let (id, me) = (id_of(&path)?, auth.account_id()?);
    let word = params.text("keyword")?.map(str::to_owned);
    let whole_word = params.flag("whole_word")?;
    let after = commit(&app, me, move |tx| {
        let there = filter::get_keyword(tx, me, id)?;
        filter::write_keyword(tx, there, word, whole_word)
    });
    Ok(http::json(&FilterKeyword::new(&after.await?)))
}

/// DELETE /api/v2/filters/keywords/:id.
pub(super) async fn delete_keyword(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
) -> Result<HttpResponse> {
    let (id, me) = (id_of(&path)?, auth.account_id()?);
    commit(&app, me, move |tx| {
        let there = filter::get_keyword(tx, me, id)?;
        db::filter::delete_keyword(tx, there.id)
    })
    .await?;
    Ok(empty())
}

/// GET /api/v2/filters/:id/statuses.
pub(super) async fn statuses(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
) -> Result<HttpResponse> {
    let (id, me) = (id_of(&path)?, auth.account_id()?);
    let found = super::read(&app, move |_, conn| {
        let filter = filter::get(conn, me, id)?;
        let rows = db::filter::list_statuses(conn, &[filter.id])?;
        Ok(rows.iter().map(FilterStatus::new).collect::<Vec<_>>())
    });
    Ok(http::json(&found.await?))
}

/// POST /api/v2/filters/:id/statuses.
pub(super) async fn add_status(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
    params: Params,
) -> Result<HttpResponse> {
    let (id, me) = (id_of(&path)?, auth.account_id()?);
    let status = params
        .id("status_id")?
        .ok_or_else(|| Error::invalid("Validation failed: status_id can't be blank"))?;
    let made = commit(&app, me, move |tx| {
        let filter = filter::get(tx, me, id)?;
        filter::add_status(tx, &filter, status)
    });
    Ok(http::json(&FilterStatus::new(&made.await?)))
}

/// GET /api/v2/filters/statuses/:id.
pub(super) async fn status(app: Data<App>, auth: Auth, path: Path<String>) -> Result<HttpResponse> {
    let (id, me) = (id_of(&path)?, auth.account_id()?);
    let found = super::read(&app, move |_, conn| filter::get_status(conn, me, id)).await?;
    Ok(http::json(&FilterStatus::new(&found)))
}

/// DELETE /api/v2/filters/statuses/:id.
pub(super) async fn delete_status(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
) -> Result<HttpResponse> {
    let (id, me) = (id_of(&path)?, auth.account_id()?);
    commit(&app, me, move |tx| {
        let there = filter::get_status(tx, me, id)?;
        db::filter::delete_status(tx, there.id)
    })
    .await?;
    Ok(empty())
}
