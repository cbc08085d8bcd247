//! Notes that one keeps about others.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};

use super::{Auth, relationships};
use crate::app::App;
use crate::error::Result;
use crate::http::Params;
use crate::service::account_note;

/// POST /api/v1/accounts/:id/note; without a `comment` it is taken away.
pub(super) async fn set(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
    params: Params,
) -> Result<HttpResponse> {
    let comment = params.text("comment")?.unwrap_or_default().to_owned();
    relationships::change(&app, &auth, &path, move |tx, me, target| {
        account_note::set(tx, me, target, &comment)
    })
    .await
}
