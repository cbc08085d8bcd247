//! What the server says about itself.

use actix_web::HttpResponse;
use actix_web::web::Data;

use super::entity::{self, Account, Stats};
use crate::app::App;
use crate::clock::DAY;
use crate::db::{self, Conn};
use crate::error::Result;
use crate::http;

/// How many servers `peers` names at the most.
const MOST_PEERS: i64 = 10_000;

/// GET /api/v1/instance.
pub(super) async fn v1(app: Data<App>) -> Result<HttpResponse> {
    let instance = app.document("api/v1/instance".into(), |app, conn| {
        let (user_count, _, status_count) = db::account::usage(conn, month_ago(conn))?;
        let domain_count = db::account::count_domains(conn)?;
        let stats = Stats { user_count, status_count, domain_count };
        http::encode(&entity::V1::new(app, stats, contact(app, conn)?))
    });
    Ok(http::encoded(http::JSON, instance.await?.to_vec()))
}

/// GET /api/v2/instance.
pub(super) async fn v2(app: Data<App>) -> Result<HttpResponse> {
    let instance = app.document("api/v2/instance".into(), |app, conn| {
        let (_, active, _) = db::account::usage(conn, month_ago(conn))?;
        http::encode(&entity::V2::new(app, active, contact(app, conn)?))
    });
    Ok(http::encoded(http::JSON, instance.await?.to_vec()))
}

/// GET /api/v1/instance/peers: the servers that we have met.
pub(super) async fn peers(app: Data<App>) -> Result<HttpResponse> {
    let domains = super::read(&app, |_, conn| db::account::list_domains(conn, MOST_PEERS)).await?;
    Ok(http::json(&domains))
}

/// GET /api/v1/instance/extended_description.
pub(super) async fn extended_description(app: Data<App>) -> HttpResponse {
    http::json(&entity::extended_description(&app))
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
