//! `/auth/two_factor`: the second page of signing in, for those who have a second factor (S-083).

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::session::{self, Proof, Session};
use super::{authorize, sign_in};
use crate::app::{App, Attempt};
use crate::error::Result;
use crate::http::{Params, peer};
use crate::service;
use crate::web::locale::{Locale, fill};
use crate::web::page::{self, Shell};

#[derive(Template)]
#[template(path = "two_factor.html")]
struct TwoFactorPage<'a> {
    shell: Shell,
    lead: String,
    problem: Option<String>,
    csrf: String,
    action: String,
    return_to: &'a str,
}

/// `GET /auth/two_factor`
pub(super) async fn form(
    app: &App,
    request: &HttpRequest,
    params: &Params,
) -> Result<HttpResponse> {
    let return_to = sign_in::return_to(params)?;
    let Some(session) = session::pending(app, request).await? else {
        return sign_in::first(request, return_to);
    };
    ask(app, request, StatusCode::OK, &session, None, return_to)
}

fn ask(
    app: &App,
    request: &HttpRequest,
    status: StatusCode,
    session: &Session,
    problem: Option<String>,
    return_to: &str,
) -> Result<HttpResponse> {
    let t = Locale::of(request);
    let body = page::render(&TwoFactorPage {
        shell: Shell::form(app, t, t.factor_title.as_str()).at(request),
        lead: fill(&t.factor_lead, authorize::handle(app, session)),
        problem,
        csrf: session::form_token(&session.secret),
        action: sign_in::action(sign_in::FACTOR, request),
        return_to,
    })?;
    Ok(page::private(status, body, None))
}

/// `POST /auth/two_factor`
pub(super) async fn enter(
    app: &App,
    request: &HttpRequest,
    params: &Params,
) -> Result<HttpResponse> {
    let t = Locale::of(request);
    let return_to = sign_in::return_to(params)?;
    let Some(session) = session::pending(app, request).await? else {
        return sign_in::again(app, request, t.factor_late.clone(), return_to);
    };
    session::check_form(app, request, params, Some(&session.secret))?;
    let typed = params.text("code")?.unwrap_or_default().to_owned();
    let account_id = session.account.id;
    let address = peer::limited(request, &app.config.server.trusted_proxies);
    let check = async {
        let right = app.write(move |tx| service::second_factor::check(tx, account_id, &typed));
        Ok(right.await?.then_some(()))
    };
    let (status, problem) = match app.attempt(&key(account_id), address, check).await? {
        Attempt::Right(()) => {
            let proof = Proof::Factor(session.hash());
            return match session::begin(app, request, account_id, proof, return_to).await? {
                Some(response) => Ok(response),
                None => sign_in::again(app, request, t.factor_late.clone(), return_to),
            };
        }
        Attempt::Wrong => (StatusCode::UNPROCESSABLE_ENTITY, t.factor_wrong.clone()),
        Attempt::Wait(pause) => {
            let problem = Some(fill(&t.sign_in_wait, pause));
            let status = StatusCode::TOO_MANY_REQUESTS;
            let mut response = ask(app, request, status, &session, problem, return_to)?;
            response.headers_mut().insert(header::RETRY_AFTER, pause.into());
            return Ok(response);
        }
    };
    ask(app, request, status, &session, Some(problem), return_to)
}

/// What wrong codes are counted by.
pub(super) fn key(account_id: i64) -> String {
    format!("factor:{account_id}")
}
