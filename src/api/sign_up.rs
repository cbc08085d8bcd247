//! Signing up from within an app, and the state of an address that is to be confirmed.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Map, Value, json};

use super::Auth;
use crate::app::App;
use crate::crypto;
use crate::db;
use crate::error::{Error, Result};
use crate::http::{self, Params, peer};
use crate::model::Scopes;
use crate::service::letter;
use crate::service::sign_up::{Fault, ForApp, Form};

/// POST /api/v1/accounts: Token, with the scopes of the application; good for something as soon as the
/// person is in. `invite_code` is ours: the code of an invitation. 422 with `details` by field for a form
/// that cannot be taken, 403 while nobody can sign up.
pub(super) async fn create(
    app: Data<App>,
    auth: Auth,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse> {
    let own = auth.token.as_ref().ok_or(Error::NotFound)?;
    if !own.scopes.allow("write:accounts") {
        return Err(Error::Forbidden("This action is outside the authorized scopes".into()));
    }
    let application_id = own.application_id;
    let known = super::read(&app, move |_, conn| db::oauth::get_application(conn, application_id));
    let known = known.await?.ok_or(Error::NotFound)?;
    let scopes = Scopes::parse(&known.scopes).unwrap_or_default();
    let token = crypto::token();
    let shown = json!({
        "access_token": token,
        "token_type": "Bearer",
        "scope": scopes.to_string(),
        "created_at": app.clock.now_ms() / 1000,
    });
    let for_app = ForApp { application_id, token_hash: crypto::token_hash(&token), scopes };
    let address = peer::limited(&request, &app.config.server.trusted_proxies);
    Ok(match app.sign_up(form(&params)?, Some(for_app), address).await? {
        Ok(_) => http::json(&shown),
        Err(faults) => refused(&faults),
    })
}

fn form(params: &Params) -> Result<Form> {
    let text = |name: &str| Ok::<_, Error>(params.text(name)?.unwrap_or_default().to_owned());
    let some = |name: &str| Ok::<_, Error>(params.text(name)?.map(str::to_owned));
    Ok(Form {
        username: text("username")?,
        email: text("email")?,
        password: text("password")?,
        agreement: params.flag("agreement")?.unwrap_or(false),
        locale: some("locale")?,
        reason: text("reason")?,
        invite: some("invite_code")?.filter(|code| !code.is_empty()),
    })
}

/// Mastodon's ValidationError.
fn refused(faults: &[Fault]) -> HttpResponse {
    let mut details: Map<String, Value> = Map::new();
    let mut sentences = Vec::new();
    for fault in faults {
        let line = json!({ "error": fault.wrong.code(), "description": fault.description() });
        match details.entry(fault.field).or_insert_with(|| json!([])) {
            Value::Array(lines) => lines.push(line),
            _ => continue,
        }
        let (first, rest) = fault.field.split_at(1);
        sentences.push(format!("{}{rest} {}", first.to_uppercase(), fault.description()));
    }
    HttpResponse::UnprocessableEntity().json(json!({
        "error": format!("Validation failed: {}", sentences.join(", ")),
        "details": details,
    }))
}

/// GET /api/v1/emails/check_confirmation: whether the address is confirmed.
pub(super) async fn check_confirmation(app: Data<App>, auth: Auth) -> Result<HttpResponse> {
    let Some(id) = auth.applicant else { return Ok(http::json(&true)) };
    let found = super::read(&app, move |_, conn| db::applicant::find(conn, id)).await?;
    // one who is gone from the list since came in
    Ok(http::json(&found.is_none_or(|one| one.confirmed)))
}

/// POST /api/v1/emails/confirmations: sends the letter again, of who waits to another address if `email`
/// is there. 403, as in Mastodon, for an address that needs none.
pub(super) async fn send_confirmation(
    app: Data<App>,
    auth: Auth,
    params: Params,
) -> Result<HttpResponse> {
    let email = params.text("email")?.filter(|text| !text.is_empty()).map(str::to_owned);
    let whom = match auth.applicant {
        Some(id) => id,
        None => auth.account_id()?,
    };
    app.count_letter(&format!("account {whom}"))?;
    super::write(&app, move |app, tx| match auth.applicant {
        Some(id) => letter::confirm_again(tx, &app.site, id, email.as_deref()),
        None => letter::confirm_address_again(tx, &app.site, whom),
    })
    .await?;
    Ok(super::empty())
}
