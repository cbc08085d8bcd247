//! `/auth/sign_up` and `/invite/CODE`: coming in by way of a browser.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::session::{self, Proof};
use super::sign_in;
use crate::app::App;
use crate::config::RegistrationMode;
use crate::db;
use crate::error::{Error, Result};
use crate::http::{Params, peer};
use crate::service::account::SHORTEST_PASSWORD;
use crate::service::sign_up::{Door, Fault, Form, LONGEST_REASON, Outcome, Wrong};
use crate::web::locale::{Locale, fill};
use crate::web::page::{self, Shell};

const PATH: &str = "/auth/sign_up";

/// What the form shows again, but for the password.
#[derive(Default)]
struct Filled {
    username: String,
    email: String,
    reason: String,
    invite: String,
}

#[derive(Template)]
#[template(path = "sign_up.html")]
struct SignUpPage {
    shell: Shell,
    heading: String,
    problems: Vec<String>,
    /// An admin decides.
    asks: bool,
    rules: Vec<String>,
    form: Filled,
    name_hint: String,
    password_hint: String,
    shortest: usize,
    longest_reason: usize,
    reason_required: bool,
    /// Whether there are such pages.
    privacy: bool,
    terms: bool,
    csrf: String,
    action: String,
}

#[derive(Template)]
#[template(path = "said.html")]
struct SaidPage {
    shell: Shell,
    heading: String,
    lead: String,
    message: String,
}

/// A page that says something.
pub(super) fn said(
    app: &App,
    request: &HttpRequest,
    status: StatusCode,
    (heading, lead): (&str, &str),
    message: &str,
) -> Result<HttpResponse> {
    let shell = Shell::form(app, Locale::of(request), heading).at(request);
    let (heading, lead, message) = (heading.to_owned(), lead.to_owned(), message.to_owned());
    let body = page::render(&SaidPage { shell, heading, lead, message })?;
    Ok(page::private(status, body, None))
}

/// Whether the sign-in page leads here.
pub(super) fn is_offered(app: &App) -> bool {
    let mode = app.config.registrations.mode;
    matches!(mode, RegistrationMode::Approval | RegistrationMode::Open)
}

/// `GET /auth/sign_up`
pub(super) async fn form(app: &App, request: &HttpRequest, _: &Params) -> Result<HttpResponse> {
    show(app, request, String::new()).await
}

/// `GET /invite/CODE`: the same form, with the invitation in it.
pub(super) async fn invited(app: &App, request: &HttpRequest, _: &Params) -> Result<HttpResponse> {
    let code = request.match_info().load().map_err(|_| Error::NotFound)?;
    show(app, request, code).await
}

async fn show(app: &App, request: &HttpRequest, invite: String) -> Result<HttpResponse> {
    let form = Filled { invite, ..Filled::default() };
    ask(app, request, StatusCode::OK, Vec::new(), form).await
}

async fn ask(
    app: &App,
    request: &HttpRequest,
    status: StatusCode,
    problems: Vec<String>,
    form: Filled,
) -> Result<HttpResponse> {
    let t = Locale::of(request);
    let code = Some(form.invite.clone()).filter(|code| !code.is_empty());
    let is_invited = code.is_some();
    let door = app.door(code).await?;
    let instance = &app.config.instance;
    let rules = &app.config.registrations;
    if door == Door::Closed || (is_invited && !matches!(door, Door::Open(Some(_)))) {
        let lead = if is_invited { &t.sign_up_invite_over } else { &t.sign_up_closed_lead };
        let words = (t.sign_up_closed.as_str(), lead.as_str());
        return said(app, request, StatusCode::NOT_FOUND, words, &rules.message);
    }
    session::with_form(app, request, status, |csrf| SignUpPage {
        shell: Shell::form(app, t, t.sign_up.as_str()).at(request),
        heading: fill(&t.sign_up_title, &instance.title),
        problems,
        asks: door == Door::Asks,
        rules: instance.rules.clone(),
        name_hint: fill(&t.sign_up_name_hint, &app.site.account_domain),
        password_hint: fill(&t.settings_password_short, SHORTEST_PASSWORD),
        shortest: SHORTEST_PASSWORD,
        longest_reason: LONGEST_REASON,
        reason_required: rules.reason_required,
        privacy: !instance.privacy_policy.0.trim().is_empty(),
        terms: !instance.terms_of_service.0.trim().is_empty(),
        csrf,
        action: sign_in::action(PATH, request),
        form,
    })
}

/// `POST /auth/sign_up`
pub(super) async fn sign_up(
    app: &App,
    request: &HttpRequest,
    params: &Params,
) -> Result<HttpResponse> {
    let t = Locale::of(request);
    let text = |name: &str| Ok::<_, Error>(params.text(name)?.unwrap_or_default().to_owned());
    let filled = Filled {
        username: text("username")?,
        email: text("email")?,
        reason: text("reason")?,
        invite: text("invite_code")?,
    };
    if !session::is_own(app, request, params) {
        let problem = vec![t.sign_in_expired.clone()];
        return ask(app, request, StatusCode::FORBIDDEN, problem, filled).await;
    }
    let form = Form {
        username: filled.username.clone(),
        email: filled.email.clone(),
        password: text("password")?,
        agreement: params.flag("agreement")?.unwrap_or(false),
        locale: Some(t.tag.clone()),
        reason: filled.reason.clone(),
        invite: Some(filled.invite.clone()).filter(|code| !code.is_empty()),
    };
    let address = peer::limited(request, &app.config.server.trusted_proxies);
    match app.sign_up(form, None, address).await {
        Ok(Ok(outcome)) => entered(app, request, outcome).await,
        Ok(Err(faults)) => {
            let problems = faults.into_iter().map(|fault| in_words(t, fault)).collect();
            ask(app, request, StatusCode::UNPROCESSABLE_ENTITY, problems, filled).await
        }
        // it was closed meanwhile: the page says so
        Err(Error::Forbidden(_)) => {
            ask(app, request, StatusCode::FORBIDDEN, vec![t.sign_up_closed.clone()], filled).await
        }
        Err(Error::TooMany { retry_after }) => {
            let problem = vec![fill(&t.sign_in_wait, retry_after)];
            let status = StatusCode::TOO_MANY_REQUESTS;
            let mut response = ask(app, request, status, problem, filled).await?;
            response.headers_mut().insert(header::RETRY_AFTER, retry_after.into());
            Ok(response)
        }
        Err(error) => Err(error),
    }
}

async fn entered(app: &App, request: &HttpRequest, outcome: Outcome) -> Result<HttpResponse> {
    let t = Locale::of(request);
    match outcome {
        Outcome::Came(account) => {
            let id = account.id;
            let user = app.read(move |conn| db::user::find(conn, id)).await?;
            let proof = Proof::Password(user.ok_or(Error::NotFound)?.password_hash);
            let begun = session::begin(app, request, id, proof, "/settings?done=joined").await?;
            begun.ok_or(Error::NotFound)
        }
        Outcome::Waits(one) => {
            let lead = match one.confirmed {
                true => t.sign_up_waits.clone(),
                false => fill(&t.sign_up_confirm, &one.email),
            };
            said(app, request, StatusCode::OK, (t.sign_up_noted.as_str(), &lead), "")
        }
        Outcome::Closed | Outcome::Taken(_) => Err(Error::internal("an outcome that is none")),
    }
}

/// What is wrong with a field, as the person reads it.
fn in_words(t: &'static Locale, fault: Fault) -> String {
    let field = match fault.field {
        "username" => &t.sign_up_name,
        "email" => &t.sign_up_email,
        "password" => &t.sign_in_password,
        "reason" => &t.sign_up_reason,
        _ => &t.sign_up_agree,
    };
    let what = match fault.wrong {
        Wrong::Blank => t.sign_up_blank.clone(),
        Wrong::Invalid => t.sign_up_invalid.clone(),
        Wrong::TooShort(least) => fill(&t.sign_up_short, least),
        Wrong::TooLong(most) => fill(&t.sign_up_long, most),
        Wrong::Reserved => t.sign_up_reserved.clone(),
        Wrong::Taken => t.sign_up_taken.clone(),
        Wrong::Accepted => t.sign_up_unticked.clone(),
    };
    format!("{field}{}{what}", t.sign_up_colon)
}
