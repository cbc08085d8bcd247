//! `/settings/two_factor`: turning the second factor on and off (S-083).

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::super::session::{self, Session};
use super::super::{sign_in, two_factor};
use crate::app::{App, Attempt};
use crate::crypto::totp;
use crate::db;
use crate::error::{Error, Result};
use crate::http::{Params, peer};
use crate::service::second_factor;
use crate::text::qr::Picture;
use crate::web::locale::{Locale, fill};
use crate::web::page::{self, Shell};

const PATH: &str = "/settings/two_factor";

#[derive(Template)]
#[template(path = "settings_factor.html")]
struct FactorPage<'a> {
    shell: Shell,
    problem: Option<String>,
    lead: &'a str,
    /// How many recovery codes are left; `None` while it is off.
    left: Option<String>,
    csrf: String,
    action: String,
}

/// What the app has to know.
struct Offer {
    picture: Option<Picture>,
    secret: String,
}

#[derive(Template)]
#[template(path = "settings_enrol.html")]
struct EnrolPage {
    shell: Shell,
    problem: Option<String>,
    /// Shown once, after the password.
    offer: Option<Offer>,
    csrf: String,
    action: String,
}

#[derive(Template)]
#[template(path = "settings_recovery.html")]
struct RecoveryPage {
    shell: Shell,
    codes: Vec<String>,
}

/// `GET /settings/two_factor`
pub(super) async fn show(app: &App, request: &HttpRequest, _: &Params) -> Result<HttpResponse> {
    match session::current(app, request).await? {
        Some(session) => ask(app, request, &session, StatusCode::OK, None).await,
        None => sign_in::first(request, PATH),
    }
}

/// Asks for the password, to begin or to end it.
async fn ask(
    app: &App,
    request: &HttpRequest,
    session: &Session,
    status: StatusCode,
    problem: Option<String>,
) -> Result<HttpResponse> {
    let t = Locale::of(request);
    let account_id = session.account.id;
    let left = app.read(move |conn| {
        Ok(match second_factor::is_enabled(conn, account_id)? {
            true => Some(db::second_factor::count_recovery(conn, account_id)?),
            false => None,
        })
    });
    let left = left.await?;
    let (lead, deed) = match left {
        Some(_) => (&t.settings_factor_on, "disable"),
        None => (&t.settings_factor_off, "begin"),
    };
    let body = page::render(&FactorPage {
        shell: Shell::form(app, t, t.settings_factor.as_str()),
        problem,
        lead,
        left: left.map(|count| fill(&t.settings_factor_left, count)),
        csrf: session::form_token(&session.secret),
        action: sign_in::action(&format!("{PATH}/{deed}"), request),
    })?;
    Ok(page::private(status, body, None))
}

/// Whose form it is, once its token and its password are right; else the answer.
async fn confirmed(
    app: &App,
    request: &HttpRequest,
    params: &Params,
) -> Result<std::result::Result<Session, HttpResponse>> {
    let Some(session) = session::current(app, request).await? else {
        return Ok(Err(sign_in::first(request, PATH)?));
    };
    session::check_form(app, request, params, Some(&session.secret))?;
    let password = params.text("password")?.unwrap_or_default();
    match super::check_password(app, request, &session, password).await? {
        Ok(()) => Ok(Ok(session)),
        Err((status, problem)) => {
            Ok(Err(ask(app, request, &session, status, Some(problem)).await?))
        }
    }
}

/// `POST /settings/two_factor/begin`: a new secret, as picture and as text.
pub(super) async fn begin(
    app: &App,
    request: &HttpRequest,
    params: &Params,
) -> Result<HttpResponse> {
    let session = match confirmed(app, request, params).await? {
        Ok(session) => session,
        Err(answer) => return Ok(answer),
    };
    let account_id = session.account.id;
    let secret = app.write(move |tx| second_factor::offer(tx, account_id, 0)).await?;
    let address = totp::address(&app.site.account_domain, &session.account.username, &secret);
    let offer = Offer { picture: Picture::of(&address), secret: totp::base32(&secret) };
    enrol(app, request, &session, StatusCode::OK, Some(offer), None)
}

fn enrol(
    app: &App,
    request: &HttpRequest,
    session: &Session,
    status: StatusCode,
    offer: Option<Offer>,
    problem: Option<String>,
) -> Result<HttpResponse> {
    let t = Locale::of(request);
    let body = page::render(&EnrolPage {
        shell: Shell::form(app, t, t.settings_factor.as_str()),
        problem,
        offer,
        csrf: session::form_token(&session.secret),
        action: sign_in::action(&format!("{PATH}/enable"), request),
    })?;
    Ok(page::private(status, body, None))
}

/// `POST /settings/two_factor/enable`: the first code; the recovery codes are shown.
pub(super) async fn enable(
    app: &App,
    request: &HttpRequest,
    params: &Params,
) -> Result<HttpResponse> {
    let Some(session) = session::current(app, request).await? else {
        return sign_in::first(request, PATH);
    };
    session::check_form(app, request, params, Some(&session.secret))?;
    let t = Locale::of(request);
    let typed = params.text("code")?.unwrap_or_default().to_owned();
    let account_id = session.account.id;
    let address = peer::limited(request, &app.config.server.trusted_proxies);
    let check = app.write(move |tx| second_factor::enable(tx, account_id, 0, &typed));
    let (status, problem) = match app.attempt(&two_factor::key(account_id), address, check).await? {
        Attempt::Right(codes) => {
            let shell = Shell::form(app, t, t.settings_recovery.as_str());
            let body = page::render(&RecoveryPage { shell, codes })?;
            return Ok(page::private(StatusCode::OK, body, None));
        }
        Attempt::Wrong => (StatusCode::UNPROCESSABLE_ENTITY, t.factor_wrong.clone()),
        Attempt::Wait(pause) => (StatusCode::TOO_MANY_REQUESTS, fill(&t.sign_in_wait, pause)),
    };
    enrol(app, request, &session, status, None, Some(problem))
}

/// `POST /settings/two_factor/disable`
pub(super) async fn disable(
    app: &App,
    request: &HttpRequest,
    params: &Params,
) -> Result<HttpResponse> {
    let session = match confirmed(app, request, params).await? {
        Ok(session) => session,
        Err(answer) => return Ok(answer),
    };
    let account_id = session.account.id;
    match app.write(move |tx| second_factor::disable(tx, account_id)).await {
        // it was off already: the same in the end
        Ok(()) | Err(Error::Conflict(_)) => super::done(request, "factor"),
        Err(error) => Err(error),
    }
}
