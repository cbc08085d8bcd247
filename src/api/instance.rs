//! What the server says about itself.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};

use super::Auth;
use super::entity::{self, Account, Stats};
use crate::app::App;
use crate::clock::DAY;
use crate::config::Audience;
use crate::db::{self, Conn};
use crate::error::{Error, Result};
use crate::http;
use crate::model::{Page, Severity};
use crate::service::sign_up;

/// How many servers `peers` names at the most.
const MOST_PEERS: i64 = 10_000;
/// How many blocked servers are told at the most.
const MOST_BLOCKS: usize = 20_000;

/// GET /api/v1/instance.
pub(super) async fn v1(app: Data<App>) -> Result<HttpResponse> {
    let instance = app.document("api/v1/instance".into(), |app, conn| {
        let (user_count, _, status_count) = db::account::usage(conn, month_ago(conn))?;
        let domain_count = db::account::count_domains(conn)?;
        let stats = Stats { user_count, status_count, domain_count };
        let door = sign_up::doorplate(conn, &app.config.registrations)?;
        http::encode(&entity::V1::new(app, stats, door, contact(app, conn)?))
    });
    Ok(http::encoded(http::JSON, instance.await?.to_vec()))
}

/// GET /api/v2/instance.
pub(super) async fn v2(app: Data<App>) -> Result<HttpResponse> {
    let instance = app.document("api/v2/instance".into(), |app, conn| {
        let (_, active, _) = db::account::usage(conn, month_ago(conn))?;
        let door = sign_up::doorplate(conn, &app.config.registrations)?;
        http::encode(&entity::V2::new(app, active, door, contact(app, conn)?))
    });
    Ok(http::encoded(http::JSON, instance.await?.to_vec()))
}

/// GET /api/v1/instance/peers: the servers that we have met.
pub(super) async fn peers(app: Data<App>) -> Result<HttpResponse> {
    let domains = super::read(&app, |_, conn| db::account::list_domains(conn, MOST_PEERS)).await?;
    Ok(http::json(&domains))
}

/// GET /api/v1/instance/rules.
pub(super) async fn rules(app: Data<App>) -> HttpResponse {
    http::json(&entity::rules(&app))
}

/// GET /api/v1/instance/extended_description.
pub(super) async fn extended_description(app: Data<App>) -> Result<HttpResponse> {
    super::show_few(&app, entity::extended_description).await
}

/// GET /api/v1/instance/privacy_policy.
pub(super) async fn privacy_policy(app: Data<App>) -> Result<HttpResponse> {
    super::show_few(&app, entity::privacy_policy).await
}

/// GET /api/v1/instance/terms_of_service; 404 where there are none.
pub(super) async fn terms_of_service(app: Data<App>) -> Result<HttpResponse> {
    super::show_few(&app, |app, conn| entity::terms_of_service(app, conn, None)).await
}

/// GET /api/v1/instance/terms_of_service/:date.
pub(super) async fn terms_of_service_of(
    app: Data<App>,
    path: Path<String>,
) -> Result<HttpResponse> {
    let date = path.into_inner();
    super::show_few(&app, move |app, conn| entity::terms_of_service(app, conn, Some(&date))).await
}

/// GET /api/v1/instance/domain_blocks: for those whom the settings show them, 404 for others. Blocks
/// that limit nothing are not told.
pub(super) async fn domain_blocks(app: Data<App>, auth: Auth) -> Result<HttpResponse> {
    let shown = match app.config.instance.show_domain_blocks {
        Audience::Nobody => false,
        Audience::Users => auth.viewer() != 0,
        Audience::All => true,
    };
    if !shown {
        return Err(Error::NotFound);
    }
    let blocks = super::read(&app, |_, conn| {
        let mut found = db::domain::list_blocks(conn, &Page::newest(MOST_BLOCKS))?;
        found.retain(|block| block.severity > Severity::Noop);
        // the severest first, then by name, as in Mastodon
        found.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.domain.cmp(&b.domain)));
        Ok(found)
    });
    let blocks = blocks.await?;
    Ok(http::json(&blocks.iter().map(entity::DomainBlock::new).collect::<Vec<_>>()))
}

/// Whom to turn to: the configured account, else the first one.
fn contact(app: &App, conn: &Conn) -> Result<Option<Account>> {
    let account = match &app.config.instance.contact_account {
        Some(name) => db::account::find_local(conn, name)?,
        None => db::account::list_local(conn)?.into_iter().next(),
    };
    Ok(account
        .filter(|account| account.suspended_at.is_none())
        .map(|account| Account::new(&app.site, account)))
}

fn month_ago(conn: &Conn) -> i64 {
    conn.now() - 30 * DAY
}
