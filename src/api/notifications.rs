//! What the account is told.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use super::{Auth, empty, entity, id_of, page};
use crate::app::App;
use crate::db;
use crate::db::notification::Wanted;
use crate::error::{Error, Result};
use crate::http::{self, Params};
use crate::model::NotificationKind;

/// GET /api/v1/notifications.
pub(super) async fn list(
    app: Data<App>,
    auth: Auth,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let cut = params.page(40, 80)?;
    let types = params.list("types")?;
    let exclude = params.list("exclude_types")?;
    let from = params.id("account_id")?;
    let kinds = kinds(&types, &exclude);
    if kinds.is_empty() {
        return Ok(http::json(&[(); 0]));
    }
    let found = page::read(&app, &request, move |app, conn| {
        let all = kinds.len() == NotificationKind::ALL.len();
        let wanted = Wanted { kinds: if all { Vec::new() } else { kinds }, from };
        let rows = db::notification::list(conn, me, &wanted, &cut)?;
        let shown = entity::notifications(conn, &app.site, me, &rows)?;
        Ok((page::ends(rows.iter().map(|one| one.id)), shown))
    });
    found.await
}

/// The kinds that are left; a word for a kind that this server does not have names nothing.
fn kinds(types: &[String], exclude: &[String]) -> Vec<NotificationKind> {
    let named = |list: &[String], kind: NotificationKind| list.iter().any(|t| t == kind.as_str());
    NotificationKind::ALL
        .iter()
        .copied()
        .filter(|kind| (types.is_empty() || named(types, *kind)) && !named(exclude, *kind))
        .collect()
}

/// GET /api/v1/notifications/:id.
pub(super) async fn show(app: Data<App>, auth: Auth, path: Path<String>) -> Result<HttpResponse> {
    let (id, me) = (id_of(&path)?, auth.account_id()?);
    let one = super::read(&app, move |app, conn| {
        let row = db::notification::get(conn, me, id)?;
        if let Some(status) = row.status_id {
            crate::service::visibility::get(conn, me, status)?;
        }
        entity::notifications(conn, &app.site, me, &[row])?.pop().ok_or(Error::NotFound)
    });
    Ok(http::json(&one.await?))
}

/// POST /api/v1/notifications/:id/dismiss.
pub(super) async fn dismiss(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
) -> Result<HttpResponse> {
    let (id, me) = (id_of(&path)?, auth.account_id()?);
    match super::write(&app, move |_, tx| db::notification::delete(tx, me, id)).await? {
        true => Ok(empty()),
        false => Err(Error::NotFound),
    }
}

/// POST /api/v1/notifications/clear.
pub(super) async fn clear(app: Data<App>, auth: Auth) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    super::write(&app, move |_, tx| db::notification::clear(tx, me)).await?;
    Ok(empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_kinds_name_nothing() {
        let words = |list: &[&str]| list.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        assert_eq!(kinds(&[], &[]).len(), NotificationKind::ALL.len());
        assert_eq!(kinds(&words(&["mention", "nothing"]), &[]), [NotificationKind::Mention]);
        assert!(kinds(&words(&["nothing"]), &[]).is_empty());
        assert!(!kinds(&[], &words(&["mention"])).contains(&NotificationKind::Mention));
    }
}
