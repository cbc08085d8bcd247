//! Who somebody is, as OpenID Connect words it: sites that let people sign in with their account
//! here read it.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Serialize;

use super::Auth;
use crate::app::App;
use crate::db;
use crate::error::Result;

/// The claims that Mastodon makes.
#[derive(Serialize)]
struct Claims {
    /// The same as `issuer` of the metadata document.
    iss: String,
    /// The actor's address, which never changes.
    sub: String,
    name: String,
    preferred_username: String,
    profile: String,
    picture: String,
}

/// GET and POST /oauth/userinfo, with the scope `profile`.
pub(super) async fn show(app: Data<App>, auth: Auth) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    super::show_few(&app, move |app, conn| {
        let account = db::account::get(conn, me)?;
        Ok(Claims {
            iss: app.site.base.clone(),
            sub: account.uri.clone(),
            name: account.display_name.clone(),
            preferred_username: account.username.clone(),
            profile: account.page().to_owned(),
            picture: account.avatar_url.clone().unwrap_or_else(|| app.site.missing_avatar()),
        })
    })
    .await
}
