//! Notifications in groups.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use super::notifications::{Count, MOST_COUNTED, unread, wanted};
use super::{Auth, empty, entity, page, people};
use crate::app::App;
use crate::db::{self, Conn};
use crate::error::{Error, Result};
use crate::http::Params;
use crate::model::{Notification, NotificationKind, Page};
use crate::service;

/// The kinds that `grouped_types` leaves in groups; absent: all that can be.
fn grouped(params: &Params) -> Result<Vec<NotificationKind>> {
    let named = params.list("grouped_types")?;
    let kinds = NotificationKind::GROUPED.iter().copied();
    Ok(kinds.filter(|kind| named.is_empty() || named.iter().any(|n| n == kind.as_str())).collect())
}

/// Whether accounts that are not the newest of a group are wanted in short.
///
/// # Errors
/// 400 for an unknown word.
fn is_partial(params: &Params) -> Result<bool> {
    match params.text("expand_accounts")? {
        None | Some("full") => Ok(false),
        Some("partial_avatars") => Ok(true),
        Some(other) => Err(Error::BadRequest(
            format!(
                "Invalid value for 'expand_accounts': '{other:.40}', allowed values are 'full' \
                 and 'partial_avatars'"
            )
            .into(),
        )),
    }
}

/// The ids that a page stands for: from its last to its first, and where it is not full, on to
/// where it was cut. What a group has above them comes with another page.
fn range(rows: &[Notification], cut: &Page) -> (i64, i64) {
    let ids = rows.iter().map(|one| one.id);
    let (last, first) = (ids.clone().min().unwrap_or(0), ids.max().unwrap_or(0));
    match (rows.len() < cut.limit, cut.ascending()) {
        (false, _) => (last, first),
        (true, true) => (last, cut.below().saturating_sub(1)),
        (true, false) => (cut.above().saturating_add(1), first),
    }
}

/// GET /api/v2/notifications: GroupedNotificationsResults, each group where the page meets it
/// first. `types[]`, `exclude_types[]`, `grouped_types[]`, `account_id`, `include_filtered` and
/// `expand_accounts` as in Mastodon.
pub(super) async fn list(
    app: Data<App>,
    auth: Auth,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let cut = params.page(40, 80)?;
    let (kinds, partial) = (grouped(&params)?, is_partial(&params)?);
    let wanted = wanted(&params)?;
    let found = page::read(&app, &request, move |app, conn| {
        let rows = match &wanted {
            Some(wanted) => db::notification_group::list(conn, me, wanted, &kinds, &cut)?,
            None => Vec::new(),
        };
        let view = entity::GroupView { kinds: &kinds, range: Some(range(&rows, &cut)), partial };
        let shown = entity::grouped_notifications(conn, &app.site, me, &rows, view)?;
        Ok((page::ends(&cut, rows.iter().map(|one| one.id)), shown))
    });
    found.await
}

/// GET /api/v2/notifications/unread_count: groups above the marker, up to `limit`.
pub(super) async fn unread_count(
    app: Data<App>,
    auth: Auth,
    params: Params,
) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let limit = params.limit(100, MOST_COUNTED)?;
    let (wanted, kinds) = (wanted(&params)?, grouped(&params)?);
    super::show(&app, move |_, conn| {
        let Some(wanted) = wanted else { return Ok(Count { count: 0 }) };
        let unread = unread(conn, me, limit)?;
        let found = db::notification_group::list(conn, me, &wanted, &kinds, &unread)?;
        Ok(Count { count: found.len() })
    })
    .await
}

/// GET /api/v2/notifications/:group_key: one whole group, in the same shape.
pub(super) async fn show(app: Data<App>, auth: Auth, path: Path<String>) -> Result<HttpResponse> {
    let (key, me) = (path.into_inner(), auth.account_id()?);
    super::show(&app, move |app, conn| {
        let row = db::notification_group::find(conn, me, &key)?.ok_or(Error::NotFound)?;
        if let Some(status) = row.status_id {
            service::visibility::get(conn, me, status)?;
        }
        let kinds = NotificationKind::GROUPED;
        let view = entity::GroupView { kinds, range: None, partial: false };
        entity::grouped_notifications(conn, &app.site, me, &[row], view)
    })
    .await
}

/// POST /api/v2/notifications/:group_key/dismiss: all of the group.
pub(super) async fn dismiss(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
) -> Result<HttpResponse> {
    let (key, me) = (path.into_inner(), auth.account_id()?);
    super::write(&app, move |_, tx| db::notification_group::delete(tx, me, &key)).await?;
    Ok(empty())
}

/// GET /api/v2/notifications/:group_key/accounts: everybody in the group, newest first; paged by
/// their notifications.
pub(super) async fn accounts(
    app: Data<App>,
    auth: Auth,
    request: HttpRequest,
    path: Path<String>,
    params: Params,
) -> Result<HttpResponse> {
    let (key, me) = (path.into_inner(), auth.account_id()?);
    let find =
        move |conn: &Conn, cut: &Page| db::notification_group::list_accounts(conn, me, &key, cut);
    people::answer(&app, &request, &params, find).await
}
