//! `/settings/applications`: which applications may use the account.

use actix_web::HttpResponse;
use askama::Template;

use super::super::scope;
use super::visit::Visit;
use crate::clock;
use crate::db;
use crate::error::{Error, Result};
use crate::id;
use crate::model::{Page, Scopes, TokenLine};
use crate::service::access;
use crate::web::locale::{Locale, fill};
use crate::web::page::Shell;

const PATH: &str = "/settings/applications";
/// How many tokens are looked at.
const MOST: usize = 500;

/// An application with all its tokens.
struct Line {
    id: i64,
    name: String,
    since: String,
    used: String,
    scopes: Vec<String>,
}

#[derive(Template)]
#[template(path = "settings_apps.html")]
struct AppsPage {
    shell: Shell,
    apps: Vec<Line>,
    csrf: String,
    action: String,
}

/// `GET /settings/applications`
pub(super) async fn show(visit: &Visit<'_>) -> Result<HttpResponse> {
    let t = visit.t;
    let account_id = visit.id();
    let tokens = visit
        .app
        .read(move |conn| db::oauth::list_tokens(conn, account_id, &Page::newest(MOST)))
        .await?;
    visit.page(&t.settings_apps, None, |shell, _, csrf| AppsPage {
        shell,
        apps: lines(t, &tokens),
        csrf,
        action: visit.action(PATH),
    })
}

/// One line for each application, in the order of its newest token.
fn lines(t: &'static Locale, tokens: &[TokenLine]) -> Vec<Line> {
    let mut seen = Vec::new();
    let mut lines = Vec::new();
    for token in tokens {
        if seen.contains(&token.application_id) {
            continue;
        }
        seen.push(token.application_id);
        let own: Vec<&TokenLine> =
            tokens.iter().filter(|one| one.application_id == token.application_id).collect();
        let scopes: Vec<&str> = own.iter().map(|one| one.scopes.as_str()).collect();
        let scopes = Scopes::parse(&scopes.join(" ")).unwrap_or_default();
        let since = own.iter().map(|one| one.created_at).min().unwrap_or_default();
        let used = own.iter().filter_map(|one| one.last_used_at).max();
        lines.push(Line {
            id: token.application_id,
            name: token.name.clone(),
            since: fill(&t.settings_apps_since, clock::date(since)),
            used: used.map_or_else(
                || t.settings_apps_never.clone(),
                |at| fill(&t.settings_apps_used, clock::date(at)),
            ),
            scopes: scope::in_words(t, &scopes),
        });
    }
    lines
}

/// `POST /settings/applications`: `application` loses all that it has.
pub(super) async fn revoke(visit: &Visit<'_>) -> Result<HttpResponse> {
    let (account_id, given) = (visit.id(), visit.params.text("application")?);
    let application = given.and_then(id::parse).ok_or(Error::NotFound)?;
    visit.app.write(move |tx| access::end_application(tx, account_id, application)).await?;
    visit.done("app")
}
