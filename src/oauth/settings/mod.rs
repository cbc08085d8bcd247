//! `/settings`: what the owner of an account sees and changes in a browser, without a script:
//! password, second factor, applications, browsers, moving, files in and out, archives, blocks, who comes
//! in. One file a page, and [`visit`], what they all begin with; each form needs the session's own token
//! (S-069), and what is grave the password once more.

mod applications;
mod archive;
mod blocks;
mod data;
mod invites;
mod moving;
mod password;
mod people;
mod sessions;
mod two_factor;
mod visit;

use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use self::visit::{Given, Visit};
use super::authorize;
use crate::app::App;
use crate::error::Result;
use crate::http::handler;
use crate::web::locale::fill;
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

/// All addresses of these pages.
pub(super) fn routes(cfg: &mut ServiceConfig) {
    macro_rules! page {
        ($path:literal, $($method:ident = $handler:path),+) => {
            cfg.service(
                web::resource($path)
                    $(.route(handler::$method(
                        |app: web::Data<App>, request: HttpRequest, params: Given| async move {
                            visit::serve(&app, &request, params, $handler).await
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
    page!("/settings/archive", get = archive::show);
    page!("/settings/archive/remove", post = archive::remove);
    page!("/settings/archive/make", post = archive::make);
    page!("/settings/archive/download", get = archive::download);
    cfg.service(
        web::resource("/settings/archive/bring_in")
            .route(handler::post(
                |app: web::Data<App>, request: HttpRequest, body: web::Payload| async move {
                    archive::bring_in(&app, &request, body).await
                },
            ))
            .default_service(web::to(super::no_such_method)),
    );
    page!("/settings/blocks", get = blocks::show, post = blocks::change);
    page!("/settings/invites", get = invites::show, post = invites::change);
    page!("/settings/people", get = people::show, post = people::decide);
    page!("/settings/sessions", get = sessions::show, post = sessions::revoke);
}

/// `GET /settings`; `done` names what was just done.
async fn overview(visit: &Visit<'_>) -> Result<HttpResponse> {
    let t = visit.t;
    let (decides, invites) = invites::rights(visit).await?;
    let notice = match visit.params.text("done")? {
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
        shell: visit.shell(&t.settings),
        notice: notice.cloned(),
        signed_in: fill(&t.signed_in_as, authorize::handle(visit.app, &visit.session)),
        invites,
        decides,
        csrf: visit.csrf(),
    })?;
    Ok(page::private(StatusCode::OK, body, None))
}
