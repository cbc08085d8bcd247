//! Hashtags, and which of them one follows.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use super::{Auth, entity, page};
use crate::app::App;
use crate::db::{self, Conn};
use crate::error::{Error, Result};
use crate::http::{self, Params};
use crate::service;
use crate::text::hashtag;

/// The tag in a path; what cannot be one belongs to nothing.
pub(super) fn name_of(path: &Path<String>) -> Result<String> {
    hashtag::normalize(path).ok_or(Error::NotFound)
}

pub(super) fn shape(
    conn: &Conn,
    app: &App,
    viewer: i64,
    id: i64,
    name: &str,
) -> Result<entity::FullTag> {
    let one = [(id, name.to_owned())];
    entity::tags(conn, &app.site, viewer, &one)?.pop().ok_or(Error::NotFound)
}

/// GET /api/v1/tags/:name; also for one that nobody used yet.
pub(super) async fn show(app: Data<App>, auth: Auth, path: Path<String>) -> Result<HttpResponse> {
    let (name, viewer) = (name_of(&path)?, auth.viewer());
    let found = super::read(&app, move |app, conn| {
        let id = db::status::find_tag(conn, &name)?.unwrap_or(0);
        shape(conn, app, viewer, id, &name)
    });
    Ok(http::json(&found.await?))
}

/// POST /api/v1/tags/:name/follow.
pub(super) async fn follow(app: Data<App>, auth: Auth, path: Path<String>) -> Result<HttpResponse> {
    let (name, me) = (name_of(&path)?, auth.account_id()?);
    let after = super::write(&app, move |app, tx| {
        let id = service::tag::follow(tx, me, &name)?;
        shape(tx, app, me, id, &name)
    });
    Ok(http::json(&after.await?))
}

/// POST /api/v1/tags/:name/unfollow.
pub(super) async fn unfollow(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
) -> Result<HttpResponse> {
    let (name, me) = (name_of(&path)?, auth.account_id()?);
    let after = super::write(&app, move |app, tx| {
        let id = db::status::find_tag(tx, &name)?.unwrap_or(0);
        service::tag::unfollow(tx, me, id)?;
        shape(tx, app, me, id, &name)
    });
    Ok(http::json(&after.await?))
}

/// GET /api/v1/followed_tags, paged by when they were followed.
pub(super) async fn followed(
    app: Data<App>,
    auth: Auth,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let cut = params.page(100, 200)?;
    let found = page::read(&app, &request, move |app, conn| {
        let rows = db::tag::list_followed(conn, me, &cut)?;
        let ends = page::ends(&cut, rows.iter().map(|(row, _, _)| *row));
        let tags: Vec<(i64, String)> = rows.into_iter().map(|(_, id, name)| (id, name)).collect();
        Ok((ends, entity::tags(conn, &app.site, me, &tags)?))
    });
    found.await
}
