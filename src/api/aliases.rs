//! Other accounts of the same person (GoToSocial's endpoint; Mastodon has a page for it).

use actix_web::HttpResponse;
use actix_web::web::Data;

use super::{Auth, credentials, remote};
use crate::app::App;
use crate::error::{Error, Result};
use crate::federation::resolve::Found;
use crate::http::{self, Params};
use crate::service;

/// How many aliases an account may have.
const MOST: usize = service::moving::MOST_ALIASES;

/// POST /api/v1/accounts/alias: `also_known_as_uris[]` are all aliases from now on, each the
/// address of an account that is there.
///
/// # Errors
/// 422 for what leads to no account.
pub(super) async fn set(app: Data<App>, auth: Auth, params: Params) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    if !params.has("also_known_as_uris") {
        return Err(Error::invalid("Validation failed: also_known_as_uris can't be blank"));
    }
    let refused =
        |what: &str| Error::invalid(format!("Validation failed: also_known_as_uris: {what}"));
    let mut wanted: Vec<String> = params.list("also_known_as_uris")?;
    wanted.retain(|text| !text.trim().is_empty());
    if wanted.len() > MOST {
        return Err(refused(&format!("too many (maximum is {MOST})")));
    }
    let mut uris: Vec<String> = Vec::new();
    for text in &wanted {
        let address = text.trim();
        if !address.starts_with("https://") && !address.starts_with("http://") {
            return Err(refused("each must be the address of an account"));
        }
        let Some(Found::Account(account)) = remote::any(&app, address).await? else {
            let shown: String = address.chars().take(200).collect();
            return Err(refused(&format!("{shown} leads to no account")));
        };
        if !uris.contains(&account.uri) {
            uris.push(account.uri);
        }
    }
    let own = super::write(&app, move |app, tx| {
        service::profile::set_aliases(tx, &app.site, me, uris)?;
        credentials::own(app, tx, me)
    });
    Ok(http::json(&own.await?))
}
