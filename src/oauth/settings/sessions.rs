//! `/settings/sessions`: in which browsers the account is signed in.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::super::{session, sign_in};
use crate::app::App;
use crate::clock;
use crate::db;
use crate::error::{Error, Result};
use crate::http::Params;
use crate::web::locale::{Locale, fill};
use crate::web::page::{self, Shell};

const PATH: &str = "/settings/sessions";
const MOST: usize = 100;

struct Line {
    /// The hash of the cookie, which opens nothing.
    key: String,
    agent: String,
    since: String,
    here: bool,
}

#[derive(Template)]
#[template(path = "settings_sessions.html")]
struct SessionsPage {
    shell: Shell,
    sessions: Vec<Line>,
    csrf: String,
    action: String,
}

/// `GET /settings/sessions`
pub(super) async fn show(app: &App, request: &HttpRequest, _: &Params) -> Result<HttpResponse> {
    let Some(session) = session::current(app, request).await? else {
        return sign_in::first(request, PATH);
    };
    let t = Locale::of(request);
    let (account_id, own) = (session.account.id, session.hash());
    let found = app.read(move |conn| db::session::list(conn, account_id, MOST)).await?;
    let sessions = found.into_iter().map(|line| Line {
        here: line.hash == own,
        key: URL_SAFE_NO_PAD.encode(&line.hash),
        agent: if line.agent.is_empty() { t.settings_session_unknown.clone() } else { line.agent },
        since: fill(&t.settings_session_since, clock::date(line.created_at)),
    });
    let body = page::render(&SessionsPage {
        shell: Shell::form(app, t, t.settings_sessions.as_str()),
        sessions: sessions.collect(),
        csrf: session::form_token(&session.secret),
        action: sign_in::action(PATH, request),
    })?;
    Ok(page::private(StatusCode::OK, body, None))
}

/// `POST /settings/sessions`: the browser `session` is signed out.
pub(super) async fn revoke(
    app: &App,
    request: &HttpRequest,
    params: &Params,
) -> Result<HttpResponse> {
    let Some(session) = session::current(app, request).await? else {
        return sign_in::first(request, PATH);
    };
    session::check_form(app, request, params, Some(&session.secret))?;
    let key = params.text("session")?.unwrap_or_default();
    let hash = URL_SAFE_NO_PAD.decode(key).map_err(|_| Error::NotFound)?;
    let account_id = session.account.id;
    app.write(move |tx| db::session::delete_own(tx, account_id, &hash)).await?;
    super::done(request, "session")
}
