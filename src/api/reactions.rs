//! Emojis under statuses, as the clients of Pleroma and Akkoma know them (F-315).
//! <https://docs.akkoma.dev/stable/development/API/pleroma_api/#emoji-reactions>

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};

use super::{Auth, entity, id_of};
use crate::app::App;
use crate::db::{self, Tx};
use crate::error::{Error, Result};
use crate::http;
use crate::model::{Account, Status};
use crate::service::{reaction, visibility};
use crate::site::Site;

/// How many rows one answer is made of at the most.
const MOST: i64 = 500;

fn read_path(path: Path<(String, String)>) -> Result<(i64, String)> {
    let (id, name) = path.into_inner();
    Ok((crate::id::parse(&id).ok_or(Error::NotFound)?, name))
}

type Change = fn(&Tx<'_>, &Site, &Account, i64, &str) -> Result<Status>;

async fn change(
    app: &Data<App>,
    auth: &Auth,
    path: Path<(String, String)>,
    f: Change,
) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let (id, name) = read_path(path)?;
    let after = super::write(app, move |app, tx| {
        let account = db::account::get(tx, me)?;
        let status = f(tx, &app.site, &account, id, &name)?;
        entity::status(tx, &app.site, me, status)
    });
    Ok(http::json(&after.await?))
}

/// PUT /api/v1/pleroma/statuses/:id/reactions/:emoji: a Unicode emoji, the name of one of this
/// server's, or `name@host` of one that is there.
pub(super) async fn react(
    app: Data<App>,
    auth: Auth,
    path: Path<(String, String)>,
) -> Result<HttpResponse> {
    change(&app, &auth, path, reaction::react).await
}

/// DELETE /api/v1/pleroma/statuses/:id/reactions/:emoji.
pub(super) async fn unreact(
    app: Data<App>,
    auth: Auth,
    path: Path<(String, String)>,
) -> Result<HttpResponse> {
    change(&app, &auth, path, reaction::unreact).await
}

/// GET /api/v1/pleroma/statuses/:id/reactions.
pub(super) async fn list(app: Data<App>, auth: Auth, path: Path<String>) -> Result<HttpResponse> {
    answer(&app, &auth, id_of(&path)?, None).await
}

/// GET /api/v1/pleroma/statuses/:id/reactions/:emoji.
pub(super) async fn list_one(
    app: Data<App>,
    auth: Auth,
    path: Path<(String, String)>,
) -> Result<HttpResponse> {
    let (id, name) = read_path(path)?;
    answer(&app, &auth, id, Some(name)).await
}

async fn answer(
    app: &Data<App>,
    auth: &Auth,
    id: i64,
    only: Option<String>,
) -> Result<HttpResponse> {
    let viewer = auth.viewer();
    super::show(app, move |app, conn| {
        let status = visibility::target(conn, viewer, id)?;
        let mut rows = db::reaction::list(conn, viewer, status.id, MOST)?;
        if let Some(name) = &only {
            rows.retain(|row| row.name == name.trim_matches(':'));
        }
        entity::reactors(conn, &app.site, viewer, rows)
    })
    .await
}
