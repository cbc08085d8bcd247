//! Follows that blocks took away.

use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use super::{Auth, entity, id_of, page};
use crate::app::App;
use crate::db;
use crate::error::Result;
use crate::http::Params;
use crate::model::Sheet;
use crate::text::sheet;

/// GET /api/v1/severed_relationships: Dassie's own; what blocks took from one, newest first.
pub(super) async fn list(
    app: Data<App>,
    auth: Auth,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse> {
    let (me, cut) = (auth.account_id()?, params.page(40, 80)?);
    page::read(&app, &request, move |_, conn| {
        let found = db::severance::list(conn, me, &cut)?;
        let ends = page::ends(&cut, found.iter().map(|one| one.id));
        Ok((ends, found.into_iter().map(entity::Severance::from).collect::<Vec<_>>()))
    })
    .await
}

/// GET /api/v1/severed_relationships/:id/following.csv: whom one followed, to be imported again.
pub(super) async fn following(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
) -> Result<HttpResponse> {
    file(&app, &auth, &path, Sheet::Following).await
}

/// GET /api/v1/severed_relationships/:id/followers.csv: who followed one.
pub(super) async fn followers(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
) -> Result<HttpResponse> {
    file(&app, &auth, &path, Sheet::Followers).await
}

async fn file(
    app: &Data<App>,
    auth: &Auth,
    path: &Path<String>,
    kind: Sheet,
) -> Result<HttpResponse> {
    let (id, me) = (id_of(path)?, auth.account_id()?);
    let file = super::read(app, move |_, conn| {
        let rows = db::severance::list_severed(conn, me, id, kind == Sheet::Following)?;
        Ok(sheet::write(kind, rows))
    });
    let name = format!("attachment; filename=\"{}.csv\"", kind.as_str());
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((CONTENT_DISPOSITION, name))
        .body(file.await?))
}
