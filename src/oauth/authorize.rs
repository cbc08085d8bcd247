//! `/oauth/authorize`: a person decides whether an application may act for the account. Every
//! time anew, nothing is approved by itself (S-080).

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::request::{self, Asked, Refusal};
use super::session::{self, Session};
use super::{scope, sign_in};
use crate::app::App;
use crate::clock::MINUTE;
use crate::crypto;
use crate::db;
use crate::db::oauth::Code;
use crate::error::{Error, Result};
use crate::http::Params;
use crate::model::redirect::{self, OUT_OF_BAND};
use crate::web::locale::{Locale, fill};
use crate::web::page::{self, Shell};

/// How long a code can be traded (S-074).
const CODE_LIFETIME: i64 = 10 * MINUTE;

#[derive(Template)]
#[template(path = "authorize.html")]
struct AuthorizePage<'a> {
    shell: Shell,
    name: &'a str,
    website: Option<&'a str>,
    /// Host or scheme that the answer goes to; `None`: a code is shown.
    target: Option<String>,
    scopes: Vec<String>,
    csrf: String,
    action: String,
    hidden: Vec<(&'static str, String)>,
    return_to: String,
    signed_in: String,
}

#[derive(Template)]
#[template(path = "code.html")]
struct CodePage<'a> {
    shell: Shell,
    code: &'a str,
}

#[derive(Template)]
#[template(path = "oauth_error.html")]
struct ErrorPage<'a> {
    shell: Shell,
    heading: &'a str,
    lead: &'a str,
}

/// `GET /oauth/authorize`
pub(super) async fn ask(app: &App, request: &HttpRequest, params: &Params) -> Result<HttpResponse> {
    let t = Locale::of(request);
    let asked = match request::read(app, params).await? {
        Ok(asked) => asked,
        Err(refusal) => return refuse(app, t, refusal),
    };
    let session = session::current(app, request).await?.filter(|_| !asked.force_login);
    // an error is sent on only for one who is signed in: no open redirect for passers-by (S-065)
    let Some(session) = session else { return sign_in::first(request, &asked.path()) };
    let grant = match asked.judge() {
        Ok(grant) => grant,
        Err(told) => return tell(app, t, &asked, told.error, told.description),
    };
    let body = page::render(&AuthorizePage {
        shell: Shell::form(app, t, t.authorize_title.as_str()).at(request),
        name: &asked.client.name,
        website: asked.client.website.as_deref(),
        target: redirect::shown(&asked.redirect_uri),
        scopes: scope::in_words(t, &grant.scopes),
        csrf: session::form_token(&session.secret),
        action: sign_in::action("/oauth/authorize", request),
        hidden: asked.fields(),
        return_to: asked.path(),
        signed_in: fill(&t.signed_in_as, handle(app, &session)),
    })?;
    let target = redirect::form_target(&asked.redirect_uri);
    Ok(page::private(StatusCode::OK, body, target.as_deref()))
}

/// `@name@domain` of who is signed in.
pub(super) fn handle(app: &App, session: &Session) -> String {
    format!("@{}@{}", session.account.username, app.site.account_domain)
}

/// `POST /oauth/authorize`
pub(super) async fn decide(
    app: &App,
    request: &HttpRequest,
    params: &Params,
) -> Result<HttpResponse> {
    let t = Locale::of(request);
    // nothing that the form says is believed: all of it is judged again
    let asked = match request::read(app, params).await? {
        Ok(asked) => asked,
        Err(refusal) => return refuse(app, t, refusal),
    };
    let Some(session) = session::current(app, request).await? else {
        return sign_in::first(request, &asked.path());
    };
    session::check_form(app, request, params, Some(&session.secret))?;
    let grant = match asked.judge() {
        Ok(grant) => grant,
        Err(told) => return tell(app, t, &asked, told.error, told.description),
    };
    if params.text("decision")? != Some("allow") {
        return tell(app, t, &asked, "access_denied", "The person refused.");
    }
    let code = crypto::code128();
    let hash = crypto::token_hash(&code);
    let row = Code {
        application_id: asked.client.id,
        account_id: session.account.id,
        redirect_uri: asked.redirect_uri.clone(),
        scopes: grant.scopes,
        challenge: grant.challenge,
        used: false,
    };
    let browser = session.hash();
    let stored = app.write(move |tx| {
        // signed out or disabled a moment ago
        if !session::stands(tx, &browser, row.account_id)? {
            return Ok(false);
        }
        db::oauth::insert_code(tx, &hash, &row, tx.now() + CODE_LIFETIME)?;
        Ok(true)
    });
    if !stored.await? {
        return sign_in::first(request, &asked.path());
    }
    if asked.is_out_of_band() {
        let path = format!("/oauth/authorize/native?code={code}");
        return page::see_other(&sign_in::action(&path, request));
    }
    page::see_other(&asked.answer(&app.site.base, &[("code", &code)]))
}

/// `GET /oauth/authorize/native`: the code to carry over. Only a living one of the person who is
/// signed in is shown, so that nobody can be sent here to copy somebody else's.
pub(super) async fn show_code(
    app: &App,
    request: &HttpRequest,
    params: &Params,
) -> Result<HttpResponse> {
    let t = Locale::of(request);
    let code = params.text("code")?.unwrap_or_default();
    let session = session::current(app, request).await?.ok_or(Error::NotFound)?;
    let hash = crypto::token_hash(code);
    let found = app.read(move |conn| db::oauth::find_code(conn, &hash)).await?;
    let is_theirs = found.is_some_and(|found| {
        found.account_id == session.account.id && !found.used && found.redirect_uri == OUT_OF_BAND
    });
    if !is_theirs {
        return Err(Error::NotFound);
    }
    let shell = Shell::form(app, t, t.code_title.as_str());
    Ok(page::private(StatusCode::OK, page::render(&CodePage { shell, code })?, None))
}

/// An error on our own page: the application's address is not to be trusted (S-071).
fn refuse(app: &App, t: &'static Locale, refusal: Refusal) -> Result<HttpResponse> {
    let lead = match refusal {
        Refusal::UnknownClient => &t.oauth_unknown_client,
        Refusal::BadRedirect => &t.oauth_bad_redirect,
        Refusal::BadState => &t.oauth_bad_state,
    };
    problem(app, t, &t.oauth_error, lead)
}

/// An error that the application gets at its redirect address; without one, the person reads it.
fn tell(
    app: &App,
    t: &'static Locale,
    asked: &Asked,
    error: &'static str,
    description: &'static str,
) -> Result<HttpResponse> {
    if asked.is_out_of_band() {
        return match error {
            "access_denied" => problem(app, t, &t.oauth_denied, &t.oauth_denied_lead),
            _ => problem(app, t, &t.oauth_error, description),
        };
    }
    let params = [("error", error), ("error_description", description)];
    page::see_other(&asked.answer(&app.site.base, &params))
}

fn problem(app: &App, t: &'static Locale, heading: &str, lead: &str) -> Result<HttpResponse> {
    let shell = Shell::form(app, t, heading);
    let body = page::render(&ErrorPage { shell, heading, lead })?;
    Ok(page::private(StatusCode::BAD_REQUEST, body, None))
}
