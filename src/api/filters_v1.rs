//! Filters as older clients know them: each word is one, and changes what its filter says.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};

use super::entity::V1Filter;
use super::filters::{read_contexts, read_expiry};
use super::{Auth, empty, id_of};
use crate::app::App;
use crate::db;
use crate::db::filter::Action;
use crate::error::Result;
use crate::http::{self, Params};
use crate::service::filter::{self, Change};

/// GET /api/v1/filters.
pub(super) async fn list(app: Data<App>, auth: Auth) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let found = super::read(&app, move |_, conn| {
        let filters = db::filter::list(conn, me)?;
        let ids: Vec<i64> = filters.iter().map(|filter| filter.id).collect();
        let mut shown = Vec::new();
        for keyword in db::filter::list_keywords(conn, &ids)? {
            if let Some(filter) = filters.iter().find(|filter| filter.id == keyword.filter_id) {
                shown.push(V1Filter::new(filter, &keyword));
            }
        }
        Ok(shown)
    });
    Ok(http::json(&found.await?))
}

/// GET /api/v1/filters/:id.
pub(super) async fn show(app: Data<App>, auth: Auth, path: Path<String>) -> Result<HttpResponse> {
    let (id, me) = (id_of(&path)?, auth.account_id()?);
    let found = super::read(&app, move |_, conn| {
        let keyword = filter::get_keyword(conn, me, id)?;
        Ok(V1Filter::new(&filter::get(conn, me, keyword.filter_id)?, &keyword))
    });
    Ok(http::json(&found.await?))
}

/// POST /api/v1/filters: a filter with one word, which is its title as well.
pub(super) async fn create(app: Data<App>, auth: Auth, params: Params) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let phrase = params.required("phrase")?.to_owned();
    let whole_word = params.flag("whole_word")?.unwrap_or(true);
    // a word may be longer than a title
    let title = phrase.chars().take(256).collect();
    let change = Change { title: Some(title), ..read_change(&params)? };
    let made = super::filters::commit(&app, me, move |tx| {
        let filter = filter::create(tx, me, change)?;
        let keyword = filter::add_keyword(tx, &filter, &phrase, whole_word)?;
        Ok(V1Filter::new(&filter, &keyword))
    });
    Ok(http::json(&made.await?))
}

/// PUT /api/v1/filters/:id.
pub(super) async fn update(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
    params: Params,
) -> Result<HttpResponse> {
    let (id, me) = (id_of(&path)?, auth.account_id()?);
    let phrase = params.text("phrase")?.map(str::to_owned);
    let whole_word = params.flag("whole_word")?;
    let change = read_change(&params)?;
    let after = super::filters::commit(&app, me, move |tx| {
        let keyword = filter::get_keyword(tx, me, id)?;
        let keyword = filter::write_keyword(tx, keyword, phrase, whole_word)?;
        let filter = filter::update_old(tx, &keyword, me, change)?;
        Ok(V1Filter::new(&filter, &keyword))
    });
    Ok(http::json(&after.await?))
}

/// DELETE /api/v1/filters/:id.
pub(super) async fn delete(app: Data<App>, auth: Auth, path: Path<String>) -> Result<HttpResponse> {
    let (id, me) = (id_of(&path)?, auth.account_id()?);
    super::filters::commit(&app, me, move |tx| {
        let keyword = filter::get_keyword(tx, me, id)?;
        filter::remove_last(tx, &keyword)
    })
    .await?;
    Ok(empty())
}

fn read_change(params: &Params) -> Result<Change> {
    let action = params.flag("irreversible")?;
    Ok(Change {
        contexts: read_contexts(params)?,
        action: action.map(|hide| if hide { Action::Hide } else { Action::Warn }),
        expires_in: read_expiry(params)?,
        ..Change::default()
    })
}
