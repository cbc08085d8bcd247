//! `/settings/sessions`: in which browsers the account is signed in.

use actix_web::HttpResponse;
use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::visit::Visit;
use crate::clock;
use crate::db;
use crate::error::{Error, Result};
use crate::web::locale::fill;
use crate::web::page::Shell;

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
pub(super) async fn show(visit: &Visit<'_>) -> Result<HttpResponse> {
    let t = visit.t;
    let (account_id, own) = (visit.id(), visit.session.hash());
    let found = visit.app.read(move |conn| db::session::list(conn, account_id, MOST)).await?;
    let sessions = found.into_iter().map(|line| Line {
        here: line.hash == own,
        key: URL_SAFE_NO_PAD.encode(&line.hash),
        agent: if line.agent.is_empty() { t.settings_session_unknown.clone() } else { line.agent },
        since: fill(&t.settings_session_since, clock::date(line.created_at)),
    });
    visit.page(&t.settings_sessions, None, |shell, _, csrf| SessionsPage {
        shell,
        sessions: sessions.collect(),
        csrf,
        action: visit.action(PATH),
    })
}

/// `POST /settings/sessions`: the browser `session` is signed out.
pub(super) async fn revoke(visit: &Visit<'_>) -> Result<HttpResponse> {
    let key = visit.params.text("session")?.unwrap_or_default();
    let hash = URL_SAFE_NO_PAD.decode(key).map_err(|_| Error::NotFound)?;
    let account_id = visit.id();
    visit.app.write(move |tx| db::session::delete_own(tx, account_id, &hash)).await?;
    visit.done("session")
}
