//! Moving one's account to another server, and deleting it, as GoToSocial serves it. Both take the
//! password once more.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use super::user::confirm;
use super::{Auth, remote};
use crate::app::App;
use crate::db;
use crate::error::{Error, Result};
use crate::http::Params;
use crate::service;

/// POST /api/v1/accounts/move with `password` and `moved_to_uri`: 202. The new account must name
/// this one among its aliases; followers are told. An empty address ends the redirect.
pub(super) async fn move_out(
    app: Data<App>,
    auth: Auth,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let password = params.required("password")?;
    let target = params
        .text("moved_to_uri")?
        .map(str::trim)
        .ok_or_else(|| Error::invalid("Validation failed: moved_to_uri can't be blank"))?;
    confirm(&app, &request, me, "password", password).await?;
    if target.is_empty() {
        super::write(&app, move |app, tx| service::moving::come_back(tx, &app.site, me)).await?;
        return Ok(accepted(&json!({"status": "Accepted"})));
    }
    let Some(claim) = remote::claim(&app, target).await? else {
        return Err(Error::invalid(
            "Validation failed: moved_to_uri leads to no account, or its server does not answer",
        ));
    };
    super::write(&app, move |app, tx| service::moving::move_out(tx, &app.site, me, &claim, true))
        .await?;
    Ok(accepted(&json!({"status": "Accepted"})))
}

/// POST /api/v1/accounts/delete with `password`: 202, and the account is gone.
pub(super) async fn delete(
    app: Data<App>,
    auth: Auth,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let password = params.required("password")?;
    confirm(&app, &request, me, "password", password).await?;
    super::write(&app, move |app, tx| {
        let account = db::account::get(tx, me)?;
        service::leaving::delete_local(tx, &app.site, &account)
    })
    .await?;
    Ok(accepted(&json!({"message": "accepted"})))
}

fn accepted(body: &serde_json::Value) -> HttpResponse {
    HttpResponse::build(StatusCode::ACCEPTED).json(body)
}
