//! `/settings`: what the owner of an account sees and changes in a browser, without a script:
//! password, second factor, applications, browsers, moving, files in and out, blocks, who comes in. One file a
//! page; each form needs the session's own token (S-069), and what is grave the password once more.

mod applications;
mod blocks;
mod data;
mod invites;
mod moving;
mod password;
mod people;
mod sessions;
mod two_factor;

use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::session::{self, Session};
use super::{authorize, sign_in};
use crate::app::{App, Attempt};
use crate::error::Result;
use crate::http::{Params, handler, peer};
use crate::web::locale::{Locale, fill};
use crate::web::page::{self, Shell};

#[derive(Template)]
#[template(path = "settings.html")]
struct OverviewPage {
    shell: Shell,
    notice: Option<String>,
    signed_in: String,
    /// This person may invite others, and decides who comes in.
    invites: bool,
    decides: bool,
    csrf: String,
}

/// A form; one that cannot be read is answered with a page as well.
type Given = Result<Params>;

/// All addresses of these pages.
pub(super) fn routes(cfg: &mut ServiceConfig) {
    macro_rules! page {
        ($path:literal, $($method:ident = $handler:path),+) => {
            cfg.service(
                web::resource($path)
                    $(.route(handler::$method(
                        |app: web::Data<App>, request: HttpRequest, params: Given| async move {
                            let result = match params {
                                Ok(params) => $handler(&app, &request, &params).await,
                                Err(error) => Err(error),
                            };
                            page::answer(&request, result)
                        },
                    )))+
                    .default_service(web::to(super::no_such_method)),
            );
        };
    }
    page!("/settings", get = overview);
    page!("/settings/password", get = password::show, post = password::change);
    page!("/settings/two_factor", get = two_factor::show);
    page!("/settings/two_factor/begin", post = two_factor::begin);
    page!("/settings/two_factor/enable", post = two_factor::enable);
    page!("/settings/two_factor/disable", post = two_factor::disable);
    page!("/settings/applications", get = applications::show, post = applications::revoke);
    page!("/settings/moving", get = moving::show, post = moving::move_out);
    page!("/settings/moving/back", post = moving::come_back);
    page!("/settings/moving/aliases", post = moving::change_aliases);
    page!("/settings/data", get = data::show, post = data::bring_in);
    page!("/settings/blocks", get = blocks::show, post = blocks::change);
    page!("/settings/invites", get = invites::show, post = invites::change);
    page!("/settings/people", get = people::show, post = people::decide);
    page!("/settings/sessions", get = sessions::show, post = sessions::revoke);
}

/// `GET /settings`; `done` names what was just done.
async fn overview(app: &App, request: &HttpRequest, params: &Params) -> Result<HttpResponse> {
    let Some(session) = session::current(app, request).await? else {
        return sign_in::first(request, "/settings");
    };
    let t = Locale::of(request);
    let (decides, invites) = invites::rights(app, session.account.id).await?;
    let notice = match params.text("done")? {
        Some("password") => Some(&t.settings_password_changed),
        Some("factor") => Some(&t.settings_factor_disabled),
        Some("app") => Some(&t.settings_apps_revoked),
        Some("session") => Some(&t.settings_session_ended),
        Some("moved") => Some(&t.settings_moving_moved),
        Some("back") => Some(&t.settings_moving_is_back),
        Some("data") => Some(&t.settings_data_begun),
        Some("joined") => Some(&t.sign_up_joined),
        Some("aliases" | "blocks") => Some(&t.settings_done),
        _ => None,
    };
    let body = page::render(&OverviewPage {
        shell: Shell::form(app, t, t.settings.as_str()),
        notice: notice.cloned(),
        signed_in: fill(&t.signed_in_as, authorize::handle(app, &session)),
        invites,
        decides,
        csrf: session::form_token(&session.secret),
    })?;
    Ok(page::private(StatusCode::OK, body, None))
}

/// Back to the overview, which says what was done.
fn done(request: &HttpRequest, what: &str) -> Result<HttpResponse> {
    let language = Locale::asked(request).map(|lang| format!("&lang={lang}"));
    page::see_other(&format!("/settings?done={what}{}", language.unwrap_or_default()))
}

/// Whether the password of a form is right; otherwise what the person reads, with the status.
async fn check_password(
    app: &App,
    request: &HttpRequest,
    session: &Session,
    password: &str,
) -> Result<std::result::Result<(), (StatusCode, String)>> {
    let t = Locale::of(request);
    let address = peer::limited(request, &app.config.server.trusted_proxies);
    Ok(match app.attempt_password(session.account.id, address, password).await? {
        Attempt::Right(()) => Ok(()),
        Attempt::Wrong => {
            Err((StatusCode::UNPROCESSABLE_ENTITY, t.settings_password_wrong.clone()))
        }
        Attempt::Wait(pause) => Err((StatusCode::TOO_MANY_REQUESTS, fill(&t.sign_in_wait, pause))),
    })
}
