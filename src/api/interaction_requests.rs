//! Who wants to favourite, answer or boost one's statuses and needs one's word, as in GoToSocial.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use super::{Auth, entity, id_of, page};
use crate::app::App;
use crate::db::{self, Tx};
use crate::error::{Error, Result};
use crate::http::{self, Params};
use crate::model::{Account, Interaction};
use crate::service::interaction_consent;
use crate::site::Site;

/// GET /api/v1/interaction_requests: those that wait, with `status_id`, `favourites`, `replies`
/// and `reblogs`.
pub(super) async fn list(
    app: Data<App>,
    auth: Auth,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let cut = params.page(40, 80)?;
    let kind = |name: &str| Ok::<_, Error>(params.flag(name)?.unwrap_or(true));
    let wanted = db::interaction::Wanted {
        target: params.id("status_id")?,
        favourites: kind("favourites")?,
        replies: kind("replies")?,
        reblogs: kind("reblogs")?,
    };
    if !(wanted.favourites || wanted.replies || wanted.reblogs) {
        return Err(Error::BadRequest(
            "At least one of favourites, replies and reblogs must be true".into(),
        ));
    }
    let found = page::read(&app, &request, move |app, conn| {
        let rows = db::interaction::list_pending(conn, me, &wanted, &cut)?;
        let shown = entity::interaction_requests(conn, &app.site, me, &rows)?;
        Ok((page::ends(&cut, rows.iter().map(|row| row.id)), shown))
    });
    found.await
}

/// GET /api/v1/interaction_requests/:id.
pub(super) async fn show(app: Data<App>, auth: Auth, path: Path<String>) -> Result<HttpResponse> {
    let (id, me) = (id_of(&path)?, auth.account_id()?);
    super::show(&app, move |app, conn| {
        let row = interaction_consent::get(conn, me, id)?;
        entity::interaction_requests(conn, &app.site, me, &[row])?.pop().ok_or(Error::NotFound)
    })
    .await
}

/// POST /api/v1/interaction_requests/:id/authorize.
pub(super) async fn authorize(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
) -> Result<HttpResponse> {
    decide(&app, &auth, &path, interaction_consent::accept).await
}

/// POST /api/v1/interaction_requests/:id/reject; of one that was authorized, too: it is taken back.
pub(super) async fn reject(app: Data<App>, auth: Auth, path: Path<String>) -> Result<HttpResponse> {
    decide(&app, &auth, &path, |tx, _, owner, row| interaction_consent::reject(tx, owner, row))
        .await
}

async fn decide<F>(app: &Data<App>, auth: &Auth, path: &Path<String>, f: F) -> Result<HttpResponse>
where
    F: FnOnce(&Tx<'_>, &Site, &Account, Interaction) -> Result<Interaction> + Send + 'static,
{
    let (id, me) = (id_of(path)?, auth.account_id()?);
    let after = super::write(app, move |app, tx| {
        let row = interaction_consent::get(tx, me, id)?;
        let owner = db::account::get(tx, me)?;
        let row = f(tx, &app.site, &owner, row)?;
        entity::interaction_requests(tx, &app.site, me, &[row])?.pop().ok_or(Error::NotFound)
    });
    Ok(http::json(&after.await?))
}
