//! `/settings/two_factor`: turning the second factor on and off (S-083).

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;

use super::super::two_factor;
use super::visit::{Refusal, Visit};
use crate::app::Attempt;
use crate::crypto::totp;
use crate::db;
use crate::error::{Error, Result};
use crate::http::peer;
use crate::service::second_factor;
use crate::text::qr::Picture;
use crate::web::locale::fill;
use crate::web::page::Shell;

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
pub(super) async fn show(visit: &Visit<'_>) -> Result<HttpResponse> {
    ask(visit, None).await
}

/// Asks for the password, to begin or to end it.
async fn ask(visit: &Visit<'_>, refused: Option<Refusal>) -> Result<HttpResponse> {
    let t = visit.t;
    let account_id = visit.id();
    let left = visit.app.read(move |conn| {
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
    visit.page(&t.settings_factor, refused, |shell, problem, csrf| FactorPage {
        shell,
        problem,
        lead,
        left: left.map(|count| fill(&t.settings_factor_left, count)),
        csrf,
        action: visit.action(&format!("{PATH}/{deed}")),
    })
}

/// `POST /settings/two_factor/begin`: a new secret, as picture and as text.
pub(super) async fn begin(visit: &Visit<'_>) -> Result<HttpResponse> {
    if let Err(refused) = visit.check_password("password").await? {
        return ask(visit, Some(refused)).await;
    }
    let account_id = visit.id();
    let secret = visit.app.write(move |tx| second_factor::offer(tx, account_id, 0)).await?;
    let address =
        totp::address(&visit.app.site.account_domain, &visit.session.account.username, &secret);
    let offer = Offer { picture: Picture::of(&address), secret: totp::base32(&secret) };
    enrol(visit, None, Some(offer))
}

fn enrol(
    visit: &Visit<'_>,
    refused: Option<Refusal>,
    offer: Option<Offer>,
) -> Result<HttpResponse> {
    visit.page(&visit.t.settings_factor, refused, |shell, problem, csrf| EnrolPage {
        shell,
        problem,
        offer,
        csrf,
        action: visit.action(&format!("{PATH}/enable")),
    })
}

/// `POST /settings/two_factor/enable`: the first code; the recovery codes are shown.
pub(super) async fn enable(visit: &Visit<'_>) -> Result<HttpResponse> {
    let t = visit.t;
    let typed = visit.params.text("code")?.unwrap_or_default().to_owned();
    let account_id = visit.id();
    let address = peer::limited(visit.request, &visit.app.config.server.trusted_proxies);
    let check = visit.app.write(move |tx| second_factor::enable(tx, account_id, 0, &typed));
    let refused = match visit.app.attempt(&two_factor::key(account_id), address, check).await? {
        Attempt::Right(codes) => {
            let recovery = |shell, _, _| RecoveryPage { shell, codes };
            return visit.page(&t.settings_recovery, None, recovery);
        }
        Attempt::Wrong => (StatusCode::UNPROCESSABLE_ENTITY, t.factor_wrong.clone()),
        Attempt::Wait(pause) => (StatusCode::TOO_MANY_REQUESTS, fill(&t.sign_in_wait, pause)),
    };
    enrol(visit, Some(refused), None)
}

/// `POST /settings/two_factor/disable`
pub(super) async fn disable(visit: &Visit<'_>) -> Result<HttpResponse> {
    if let Err(refused) = visit.check_password("password").await? {
        return ask(visit, Some(refused)).await;
    }
    let account_id = visit.id();
    match visit.app.write(move |tx| second_factor::disable(tx, account_id)).await {
        // it was off already: the same in the end
        Ok(()) | Err(Error::Conflict(_)) => visit.done("factor"),
        Err(error) => Err(error),
    }
}
