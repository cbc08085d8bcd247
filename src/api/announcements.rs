//! What the administrator tells everybody here.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};

use super::{Auth, empty, entity, id_of};
use crate::app::App;
use crate::db;
use crate::error::{Error, Result};
use crate::http::Params;
use crate::service::announcement;

/// GET /api/v1/announcements: the oldest first, with `with_dismissed=false` without those that
/// were read. Mastodon answers all of them and leaves it to `read`; so does this without the word.
pub(super) async fn list(app: Data<App>, auth: Auth, params: Params) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let all = params.flag("with_dismissed")?.unwrap_or(true);
    let shown = super::show(&app, move |app, conn| {
        let mut found = db::announcement::list(conn, me)?;
        found.retain(|(_, read)| all || !read);
        found.reverse();
        entity::announcements(conn, &app.site, me, found)
    });
    shown.await
}

/// POST /api/v1/announcements/:id/dismiss.
pub(super) async fn dismiss(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
) -> Result<HttpResponse> {
    let (id, me) = (id_of(&path)?, auth.account_id()?);
    super::write(&app, move |_, tx| announcement::dismiss(tx, me, id)).await?;
    Ok(empty())
}

fn read_path(path: Path<(String, String)>) -> Result<(i64, String)> {
    let (id, name) = path.into_inner();
    Ok((crate::id::parse(&id).ok_or(Error::NotFound)?, name))
}

/// PUT /api/v1/announcements/:id/reactions/:name: a Unicode emoji, or the name of a custom one.
pub(super) async fn react(
    app: Data<App>,
    auth: Auth,
    path: Path<(String, String)>,
) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let (id, name) = read_path(path)?;
    super::write(&app, move |_, tx| announcement::react(tx, me, id, &name)).await?;
    Ok(empty())
}

/// DELETE /api/v1/announcements/:id/reactions/:name.
pub(super) async fn unreact(
    app: Data<App>,
    auth: Auth,
    path: Path<(String, String)>,
) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let (id, name) = read_path(path)?;
    super::write(&app, move |_, tx| announcement::unreact(tx, me, id, &name)).await?;
    Ok(empty())
}
