//! `/settings`: what the owner of an account sees and changes in a browser, without a script:
//! password, e-mail address, second factor, applications, browsers, moving, files in and out, archives,
//! blocks, who comes in, and the end of it all. One file a page, and [`visit`], what they all begin with;
//! each form needs the session's own token (S-069), and what is grave the password once more.

mod applications;
mod archive;
mod blocks;
mod data;
mod delete;
mod email;
mod invites;
mod moving;
mod password;
mod people;
mod sessions;
mod two_factor;
mod visit;

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use self::visit::{Visit, serve, serve_upload};
use super::{Given, authorize, no_such_method, sign_in};
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

/// Mastodon's addresses of such pages (its `config/routes/settings.rb`), and which of ours is nearest.
/// Apps open some of them in a browser, `/auth/edit` above all. What one changes in an app is on no
/// page of ours, so that those lead to the overview.
const ELSEWHERE: &[(&str, &str)] = &[
    ("/auth/edit", "/settings"),
    ("/settings/profile", "/settings"),
    ("/settings/preferences", "/settings"),
    ("/settings/preferences/{part}", "/settings"),
    ("/settings/privacy", "/settings"),
    ("/settings/verification", "/settings"),
    ("/settings/featured_tags", "/settings"),
    ("/settings/two_factor_authentication_methods", "/settings/two_factor"),
    ("/settings/otp_authentication", "/settings/two_factor"),
    ("/settings/login_activities", "/settings/sessions"),
    ("/oauth/authorized_applications", "/settings/applications"),
    ("/settings/migration", "/settings/moving"),
    ("/settings/aliases", "/settings/moving"),
    ("/settings/export", "/settings/data"),
    ("/settings/imports", "/settings/data"),
    ("/invites", "/settings/invites"),
];

/// All addresses of these pages.
pub(super) fn routes(cfg: &mut ServiceConfig) {
    page!(cfg, "/settings", get = overview);
    page!(cfg, "/settings/password", get = password::show, post = password::change);
    page!(cfg, "/settings/email", get = email::show, post = email::change);
    page!(cfg, "/settings/delete", get = delete::show, post = delete::delete);
    page!(cfg, "/settings/two_factor", get = two_factor::show);
    page!(cfg, "/settings/two_factor/begin", post = two_factor::begin);
    page!(cfg, "/settings/two_factor/enable", post = two_factor::enable);
    page!(cfg, "/settings/two_factor/disable", post = two_factor::disable);
    page!(cfg, "/settings/applications", get = applications::show, post = applications::revoke);
    page!(cfg, "/settings/moving", get = moving::show, post = moving::move_out);
    page!(cfg, "/settings/moving/back", post = moving::come_back);
    page!(cfg, "/settings/moving/aliases", post = moving::change_aliases);
    page!(cfg, "/settings/archive", get = archive::show);
    page!(cfg, "/settings/archive/stop", post = archive::stop);
    page!(cfg, "/settings/archive/remove", post = archive::remove);
    page!(cfg, "/settings/archive/make", post = archive::make);
    page!(cfg, "/settings/archive/download", get = archive::download);
    page!(cfg, "/settings/archive/bring_in", upload = archive::bring_in);
    page!(cfg, "/settings/data", get = data::show; upload = data::bring_in);
    page!(cfg, "/settings/blocks", get = blocks::show, post = blocks::change);
    page!(cfg, "/settings/invites", get = invites::show, post = invites::change);
    page!(cfg, "/settings/people", get = people::show, post = people::decide);
    page!(cfg, "/settings/sessions", get = sessions::show, post = sessions::revoke);
    for (theirs, ours) in ELSEWHERE {
        let lead = move |request: HttpRequest| async move {
            page::answer(&request, page::see_other(&sign_in::action(ours, &request)))
        };
        cfg.service(
            web::resource(*theirs)
                .route(handler::get(lead))
                .route(handler::head(lead))
                .default_service(web::to(no_such_method)),
        );
    }
}

/// `GET /settings`; `done` names what was just done.
async fn overview(visit: &Visit<'_>) -> Result<HttpResponse> {
    let t = visit.t;
    let (decides, invites) = invites::rights(visit).await?;
    let notice = match visit.params.text("done")? {
        Some("password") => Some(&t.settings_password_changed),
        Some("email") => Some(&t.settings_email_changed),
        Some("factor") => Some(&t.settings_factor_disabled),
        Some("app") => Some(&t.settings_apps_revoked),
        Some("session") => Some(&t.settings_session_ended),
        Some("moved") => Some(&t.settings_moving_moved),
        Some("back") => Some(&t.settings_moving_is_back),
        Some("joined") => Some(&t.sign_up_joined),
        Some("aliases" | "blocks") => Some(&t.settings_done),
        _ => None,
    };
    visit.page(&t.settings, None, |shell, _, csrf| OverviewPage {
        shell,
        notice: notice.cloned(),
        signed_in: fill(&t.signed_in_as, authorize::handle(visit.app, &visit.session)),
        invites,
        decides,
        csrf,
    })
}
