//! One's own profile in the form of Mastodon 4.6.

use actix_web::HttpResponse;
use actix_web::web::Data;

use super::credentials::read_change;
use super::{Auth, entity};
use crate::app::App;
use crate::error::Result;
use crate::http::{self, Params};
use crate::service::profile::update_profile;

/// GET /api/v1/profile.
pub(super) async fn show(app: Data<App>, auth: Auth) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    super::show_few(&app, move |app, conn| entity::profile(conn, &app.site, me)).await
}

/// PATCH /api/v1/profile: the parameters of `update_credentials`, but for `source`.
pub(super) async fn update(app: Data<App>, auth: Auth, params: Params) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let change = read_change(&params)?;
    let after = super::write(&app, move |app, tx| {
        update_profile(tx, &app.site, me, change)?;
        entity::profile(tx, &app.site, me)
    });
    Ok(http::json(&after.await?))
}
