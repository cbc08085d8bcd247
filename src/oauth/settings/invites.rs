//! `/settings/invites`: letting friends in. For admins, and for all where the settings file says so.

use actix_web::HttpResponse;
use askama::Template;

use super::super::session;
use super::visit::{Refusal, Visit, wrong};
use crate::clock::{self, DAY};
use crate::db;
use crate::error::{Error, Result};
use crate::service::invite;
use crate::web::locale::fill;
use crate::web::page::{self, Shell};

const PATH: &str = "/settings/invites";
/// How many are shown; there are never more of one person.
const SHOWN: i64 = 200;
/// What can be chosen.
const USES: &[i64] = &[1, 5, 10, 25, 100];
const DAYS: &[i64] = &[1, 7, 30, 365];

/// An invitation, as the list shows it.
struct Line {
    code: String,
    address: String,
    used: String,
    ends: String,
    /// Who made it, where that may be somebody else.
    by: Option<String>,
}

#[derive(Template)]
#[template(path = "settings_invites.html")]
struct InvitesPage {
    shell: Shell,
    problem: Option<String>,
    uses: &'static [i64],
    days: &'static [i64],
    invites: Vec<Line>,
    csrf: String,
    action: String,
}

/// Whether this person is an admin, and may invite.
pub(super) async fn rights(visit: &Visit<'_>) -> Result<(bool, bool)> {
    let id = visit.id();
    let user = visit.app.read(move |conn| db::user::find(conn, id)).await?;
    let admin = user.is_some_and(|user| user.admin && !user.disabled);
    Ok((admin, invite::may_invite(&visit.app.config.registrations, admin)))
}

/// `GET /settings/invites`; 404 for who may not.
pub(super) async fn show(visit: &Visit<'_>) -> Result<HttpResponse> {
    ask(visit, None).await
}

async fn ask(visit: &Visit<'_>, refused: Option<Refusal>) -> Result<HttpResponse> {
    let (t, me, site) = (visit.t, visit.id(), visit.app.site.clone());
    let (admin, may) = rights(visit).await?;
    if !may {
        return Err(Error::NotFound);
    }
    let invites = visit.app.read(move |conn| {
        let found = db::invite::list(conn, (!admin).then_some(me), SHOWN)?;
        let makers: Vec<i64> = found.iter().filter_map(|one| one.account_id).collect();
        let makers = db::account::list(conn, &makers)?;
        let line = |one: db::invite::Invite| {
            let of = one.max_uses.map_or_else(|| "∞".to_owned(), |most| most.to_string());
            let by = makers.iter().find(|maker| Some(maker.id) == one.account_id);
            Line {
                address: site.invite(&one.code),
                code: one.code,
                used: fill(&fill(&t.settings_invites_used, one.uses), of),
                ends: one.expires_at.map_or_else(
                    || t.settings_invites_endless.clone(),
                    |at| fill(&t.settings_blocks_until, clock::date(at)),
                ),
                by: by.filter(|_| admin).map(|maker| format!("@{}", maker.username)),
            }
        };
        Ok(found.into_iter().map(line).collect::<Vec<_>>())
    });
    let invites = invites.await?;
    visit.page(&t.settings_invites, refused, |shell, problem, csrf| InvitesPage {
        shell,
        problem,
        uses: USES,
        days: DAYS,
        invites,
        csrf,
        action: visit.action(PATH),
    })
}

/// `POST /settings/invites`: `revoke`, a code, or `uses` and `days` of a new one.
pub(super) async fn change(visit: &Visit<'_>) -> Result<HttpResponse> {
    let (app, params) = (visit.app, visit.params);
    let (me, browser) = (visit.id(), visit.session.hash());
    let (admin, may) = rights(visit).await?;
    if !may {
        return Err(Error::NotFound);
    }
    let revoke = params.text("revoke")?.map(str::to_owned);
    let (uses, days) = match (params.number("uses"), params.number("days")) {
        (Ok(uses), Ok(days)) => (uses, days),
        (Err(error), _) | (_, Err(error)) => {
            let told = error.public();
            let problem = visit.t.retell(&told).unwrap_or_default();
            return ask(visit, wrong(&problem)).await;
        }
    };
    let change = app.write(move |tx| {
        // signed out or disabled a moment ago
        if !session::stands(tx, &browser, me)? {
            return Err(Error::NotFound);
        }
        match revoke {
            Some(code) => invite::revoke(tx, &code, (!admin).then_some(me)),
            None => {
                let lifetime = days.unwrap_or(0).clamp(0, 1_000_000) * DAY;
                invite::create(tx, Some(me), Some(uses.unwrap_or(0)), Some(lifetime))
            }
        }
    });
    match change.await {
        // the list shows what was done
        Ok(_) => page::see_other(&visit.action(PATH)),
        Err(Error::Invalid(_)) => ask(visit, wrong(&visit.t.settings_invites_refused)).await,
        Err(error) => Err(error),
    }
}
