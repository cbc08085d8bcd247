//! Whom one might want to follow, and the people of this server.

use std::collections::HashMap;

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};

use super::entity::{self, Account, Suggestion};
use super::{Auth, id_of};
use crate::app::App;
use crate::db::{self, Conn};
use crate::error::{Error, Result};
use crate::http::Params;
use crate::service::suggestion;

/// GET /api/v2/suggestions: accounts with the reasons why.
pub(super) async fn v2(app: Data<App>, auth: Auth, params: Params) -> Result<HttpResponse> {
    let (me, limit) = (auth.account_id()?, params.limit(40, 80)?);
    super::show(&app, move |app, conn| find(app, conn, me, limit)).await
}

/// GET /api/v1/suggestions: the accounts alone.
pub(super) async fn v1(app: Data<App>, auth: Auth, params: Params) -> Result<HttpResponse> {
    let (me, limit) = (auth.account_id()?, params.limit(40, 80)?);
    super::show(&app, move |app, conn| {
        let found = find(app, conn, me, limit)?;
        Ok(found.into_iter().map(|one| one.account).collect::<Vec<Account>>())
    })
    .await
}

fn find(app: &App, conn: &Conn, me: i64, limit: usize) -> Result<Vec<Suggestion>> {
    let found = suggestion::list(conn, me, limit)?;
    let ids: Vec<i64> = found.iter().map(|(id, _)| *id).collect();
    let mut reasons: HashMap<i64, _> = found.into_iter().collect();
    let shown = entity::accounts(&app.site, &ids, db::account::list_shown(conn, &ids)?);
    Ok(shown
        .into_iter()
        .map(|account| {
            let sources = reasons.remove(&account.id).unwrap_or_default();
            Suggestion::new(account, &sources)
        })
        .collect())
}

/// DELETE /api/v1/suggestions/:account_id: it is not suggested again.
pub(super) async fn dismiss(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
) -> Result<HttpResponse> {
    let (me, id) = (auth.account_id()?, id_of(&path)?);
    super::write(&app, move |_, tx| {
        db::account::get(tx, id)?;
        db::suggestion::dismiss(tx, me, id)
    })
    .await?;
    Ok(super::empty())
}

/// GET /api/v1/directory: the people of this server who want to be found, by `order`: `active`
/// or `new`.
pub(super) async fn directory(app: Data<App>, auth: Auth, params: Params) -> Result<HttpResponse> {
    let (viewer, limit) = (auth.viewer(), params.limit(40, 80)?);
    let offset = usize::try_from(params.offset()?).unwrap_or(0);
    let newest = match params.text("order")? {
        None | Some("" | "active") => false,
        Some("new") => true,
        Some(_) => {
            return Err(Error::invalid("Validation failed: order must be active or new"));
        }
    };
    super::show(&app, move |app, conn| {
        let people = suggestion::directory(conn, viewer, newest)?;
        let page = people.into_iter().skip(offset).take(limit);
        Ok(page.map(|one| Account::new(&app.site, one)).collect::<Vec<_>>())
    })
    .await
}
