//! What the account is told.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::{Auth, empty, entity, id_of, page};
use crate::app::App;
use crate::db::notification::Wanted;
use crate::db::{self, Conn};
use crate::error::{Error, Result};
use crate::http::{self, Params};
use crate::model::{NotificationKind, Page};

/// More unread ones are not counted, as in Mastodon.
pub(super) const MOST_COUNTED: usize = 1000;

/// What `types`, `exclude_types`, `account_id` and `include_filtered` ask for; `None` when no kind
/// is left.
pub(super) fn wanted(params: &Params) -> Result<Option<Wanted>> {
    let kinds = kinds(&params.list("types")?, &params.list("exclude_types")?);
    if kinds.is_empty() {
        return Ok(None);
    }
    let all = kinds.len() == NotificationKind::ALL.iter().filter(|kind| !kind.is_foreign()).count()
        && !kinds.iter().any(|kind| kind.is_foreign());
    Ok(Some(Wanted {
        kinds: if all { Vec::new() } else { kinds },
        from: params.id("account_id")?,
        include_filtered: params.flag("include_filtered")?.unwrap_or(false),
    }))
}

/// GET /api/v1/notifications.
pub(super) async fn list(
    app: Data<App>,
    auth: Auth,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let cut = params.page(40, 80)?;
    let Some(wanted) = wanted(&params)? else { return Ok(http::json(&[(); 0])) };
    let found = page::read(&app, &request, move |app, conn| {
        let rows = db::notification::list(conn, me, &wanted, &cut)?;
        let shown = entity::notifications(conn, &app.site, me, &rows)?;
        Ok((page::ends(&cut, rows.iter().map(|one| one.id)), shown))
    });
    found.await
}

/// GET /api/v1/notifications/unread_count: those above the marker, up to `limit`.
pub(super) async fn unread_count(
    app: Data<App>,
    auth: Auth,
    params: Params,
) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let limit = params.limit(100, MOST_COUNTED)?;
    let wanted = wanted(&params)?;
    super::show(&app, move |_, conn| {
        let Some(wanted) = wanted else { return Ok(Count { count: 0 }) };
        let unread = unread(conn, me, limit)?;
        Ok(Count { count: db::notification::list(conn, me, &wanted, &unread)?.len() })
    })
    .await
}

/// The answer of both kinds of `unread_count`.
#[derive(Debug, Serialize)]
pub(super) struct Count {
    pub(super) count: usize,
}

/// What is above the account's marker, the nearest first.
pub(super) fn unread(conn: &Conn, me: i64, limit: usize) -> Result<Page> {
    let markers = db::marker::list(conn, me)?;
    let read = markers.iter().find(|marker| marker.timeline == "notifications");
    let read = read.map_or(0, |marker| marker.last_read_id);
    Ok(Page { min_id: Some(read), ..Page::newest(limit) })
}

/// The kinds that are left; a word for a kind that this server does not have names nothing. Those
/// that Mastodon does not have are for clients that name them: others fail over unknown ones.
fn kinds(types: &[String], exclude: &[String]) -> Vec<NotificationKind> {
    let named = |list: &[String], kind: NotificationKind| list.iter().any(|t| t == kind.as_str());
    NotificationKind::ALL
        .iter()
        .copied()
        .filter(|kind| {
            (types.is_empty() && !kind.is_foreign() || named(types, *kind))
                && !named(exclude, *kind)
        })
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

/// POST /api/v1/notifications/:id/dismiss and DELETE /api/v1/notifications/:id.
pub(super) async fn dismiss(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
) -> Result<HttpResponse> {
    dismiss_one(&app, auth.account_id()?, id_of(&path)?).await
}

/// POST /api/v1/notifications/dismiss with `id`: how old apps say it.
pub(super) async fn dismiss_named(
    app: Data<App>,
    auth: Auth,
    params: Params,
) -> Result<HttpResponse> {
    let id =
        params.id("id")?.ok_or_else(|| Error::invalid("Validation failed: id can't be blank"))?;
    dismiss_one(&app, auth.account_id()?, id).await
}

async fn dismiss_one(app: &Data<App>, me: i64, id: i64) -> Result<HttpResponse> {
    match super::write(app, move |_, tx| db::notification::delete(tx, me, id)).await? {
        true => Ok(empty()),
        false => Err(Error::NotFound),
    }
}

/// DELETE /api/v1/notifications/destroy_multiple with `ids[]`; what is not one's own is left alone.
pub(super) async fn dismiss_many(
    app: Data<App>,
    auth: Auth,
    params: Params,
) -> Result<HttpResponse> {
    let (me, ids) = (auth.account_id()?, params.ids("ids")?);
    super::write(&app, move |_, tx| db::notification::delete_many(tx, me, &ids)).await?;
    Ok(empty())
}

/// POST /api/v1/notifications/clear and /api/v2/notifications/clear.
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
        assert_eq!(kinds(&[], &[]).len(), NotificationKind::ALL.len() - 3);
        let pending = [NotificationKind::PendingReply];
        assert_eq!(kinds(&words(&["pending.reply"]), &[]), pending);
        assert_eq!(kinds(&words(&["mention", "nothing"]), &[]), [NotificationKind::Mention]);
        assert!(kinds(&words(&["nothing"]), &[]).is_empty());
        assert!(!kinds(&[], &words(&["mention"])).contains(&NotificationKind::Mention));
    }
}
