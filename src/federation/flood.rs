//! How much of the inbox one address and one server may have within five minutes (S-054). What is
//! counted costs a look into a table in memory, before anything is read.

use actix_web::HttpRequest;

use crate::app::App;
use crate::clock::MINUTE;
use crate::error::{Error, Result};
use crate::http::peer;

const WINDOW: i64 = 5 * MINUTE;

/// Counts a request of an address. What runs beside the server is the operator's.
///
/// # Errors
/// 429 with the time until the count begins anew.
pub fn address(app: &App, request: &HttpRequest) -> Result<()> {
    let from = peer::address(request, &app.config.server.trusted_proxies);
    if from.to_canonical().is_loopback() {
        return Ok(());
    }
    let key = format!("address {}", peer::limit_key(from));
    count(app, key, app.config.limits.inbox_requests_per_address)
}

/// Counts a request that a server's actor signed. Only after the signature was verified: else
/// anybody could use up what another server has.
///
/// # Errors
/// 429 with the time until the count begins anew.
pub fn server(app: &App, host: &str) -> Result<()> {
    count(app, format!("server {host}"), app.config.limits.inbox_requests_per_server)
}

fn count(app: &App, key: String, limit: usize) -> Result<()> {
    if limit == 0 {
        return Ok(());
    }
    let (used, until) = app.inbox.take(&key, WINDOW);
    if usize::try_from(used).unwrap_or(usize::MAX) <= limit {
        return Ok(());
    }
    if used == u32::try_from(limit).unwrap_or(u32::MAX).saturating_add(1) {
        tracing::warn!(who = %key, limit, "too much comes, the rest is refused for a while");
    }
    let seconds = (until - app.clock.now_ms()).max(0) / 1000 + 1;
    Err(Error::TooMany { retry_after: u32::try_from(seconds).unwrap_or(300) })
}
