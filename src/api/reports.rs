//! Reports that one makes.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use super::{Auth, accounts, entity, id_of, page};
use crate::app::App;
use crate::db::{self, report::Wanted};
use crate::error::{Error, Result};
use crate::http::{self, Params};
use crate::model::Category;
use crate::service::report::{self, Draft};

/// What `category` says, if anything.
pub(super) fn category(params: &Params) -> Result<Option<Category>> {
    match params.text("category")? {
        None | Some("") => Ok(None),
        Some(word) => Category::parse(word).map(Some).ok_or_else(|| {
            Error::invalid("Validation failed: Category is not included in the list")
        }),
    }
}

/// The numbers of rules; what is no number names no rule.
pub(super) fn rule_ids(params: &Params) -> Result<Vec<i64>> {
    let mut ids = Vec::new();
    for text in params.list("rule_ids")? {
        let id = text.trim().parse().unwrap_or(0);
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

/// POST /api/v1/reports. `collection_ids` are not read: there are no collections here.
pub(super) async fn create(app: Data<App>, auth: Auth, params: Params) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let target = params
        .id("account_id")?
        .ok_or_else(|| Error::invalid("Validation failed: account_id can't be blank"))?;
    let status_ids = params
        .list("status_ids")?
        .iter()
        .map(|text| crate::id::parse(text).ok_or(Error::NotFound))
        .collect::<Result<_>>()?;
    let draft = Draft {
        status_ids,
        comment: params.text("comment")?.unwrap_or_default().to_owned(),
        category: category(&params)?,
        rule_ids: rule_ids(&params)?,
        forward: params.flag("forward")?.unwrap_or(false),
        forward_to: params.list("forward_to_domains")?,
    };
    let rules = app.config.instance.rules.len();
    let shown = super::write(&app, move |app, tx| {
        let target = accounts::get(tx, target)?;
        let made = report::create(tx, &app.site, me, &target, draft, rules)?;
        entity::reports(tx, &app.site, &[made])?.pop().ok_or(Error::NotFound)
    });
    Ok(http::json(&shown.await?))
}

/// GET /api/v1/reports (GoToSocial's): one's own, newest first; `resolved` and
/// `target_account_id` say which.
pub(super) async fn list(
    app: Data<App>,
    auth: Auth,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let cut = params.page(20, 100)?;
    let wanted = Wanted {
        resolved: params.flag("resolved")?,
        by: Some(me),
        about: params.id("target_account_id")?,
    };
    let found = page::read(&app, &request, move |app, conn| {
        let rows = db::report::list(conn, wanted, &cut)?;
        let shown = entity::reports(conn, &app.site, &rows)?;
        Ok((page::ends(&cut, rows.iter().map(|row| row.id)), shown))
    });
    found.await
}

/// GET /api/v1/reports/:id (GoToSocial's): one of one's own.
pub(super) async fn show(app: Data<App>, auth: Auth, path: Path<String>) -> Result<HttpResponse> {
    let (id, me) = (id_of(&path)?, auth.account_id()?);
    let shown = super::read(&app, move |app, conn| {
        let row = report::get_own(conn, me, id)?;
        entity::reports(conn, &app.site, &[row])?.pop().ok_or(Error::NotFound)
    });
    Ok(http::json(&shown.await?))
}
