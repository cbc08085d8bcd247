//! How much of the API one account or one address may ask for within five minutes, and how many files
//! it may upload within thirty (S-142); the headers that say how much is left, as Mastodon has them.
//! What is counted is the route that answers, however its path was written. Not in dev, where all
//! clients are one's own.

use actix_web::HttpRequest;
use actix_web::http::Method;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

use super::{Auth, Need};
use crate::app::App;
use crate::clock::{MINUTE, api_time};
use crate::error::{Error, Result};
use crate::http::peer;
use crate::throttle::Who;

const WINDOW: i64 = 5 * MINUTE;
const UPLOADS_WINDOW: i64 = 30 * MINUTE;

/// Where somebody stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    limit: u32,
    used: u32,
    /// When the count begins anew, in milliseconds since 1970.
    reset: i64,
}

/// Counts a request; `None` where nothing is limited. Of an upload the scarcer of both counts.
pub(super) fn count(
    app: &App,
    request: &HttpRequest,
    need: Option<Need>,
    auth: Option<&Auth>,
) -> Option<Standing> {
    // a stream that opens takes requests away rather than adding to them; there are so many only
    if app.config.dev || (auth.is_some() && matches!(need, Some(Need::Stream(_)))) {
        return None;
    }
    let limits = &app.config.limits;
    let account = auth.map_or(0, Auth::viewer);
    if account == 0 {
        let address = peer::address(request, &app.config.server.trusted_proxies);
        // what runs beside the server is the operator's, as at Mastodon
        if address.to_canonical().is_loopback() {
            return None;
        }
        let who = Who::Address(peer::limit_key(address));
        return take(app, &who, limits.requests_per_address, WINDOW);
    }
    let all = take(app, &Who::Account(account), limits.requests_per_account, WINDOW);
    if !is_upload(request) {
        return all;
    }
    let who = Who::Uploads(account);
    let files = take(app, &who, limits.uploads_per_account, UPLOADS_WINDOW);
    all.into_iter().chain(files).min_by_key(|standing| standing.left())
}

fn take(app: &App, who: &Who, limit: usize, window: i64) -> Option<Standing> {
    if limit == 0 {
        return None;
    }
    let (used, reset) = app.requests.take(who, window);
    Some(Standing { limit: u32::try_from(limit).unwrap_or(u32::MAX), used, reset })
}

/// POST /api/v1/media and /api/v2/media.
fn is_upload(request: &HttpRequest) -> bool {
    request.method() == Method::POST
        && request.match_pattern().is_some_and(|route| route.ends_with("/media"))
}

impl Standing {
    /// How many more there may be; less than none where there were too many.
    fn left(self) -> i64 {
        i64::from(self.limit) - i64::from(self.used)
    }

    /// Refuses what is too much.
    ///
    /// # Errors
    /// 429 with the time until the count begins anew.
    pub(super) fn check(self, now: i64) -> Result<()> {
        if self.left() >= 0 {
            return Ok(());
        }
        let seconds = (self.reset - now).max(0) / 1000 + 1;
        Err(Error::TooMany { retry_after: u32::try_from(seconds).unwrap_or(300) })
    }

    /// `X-RateLimit-…`
    pub(super) fn tell(self, headers: &mut HeaderMap) {
        let mut set = |name: &'static str, value: HeaderValue| {
            headers.insert(HeaderName::from_static(name), value);
        };
        set("x-ratelimit-limit", self.limit.into());
        set("x-ratelimit-remaining", self.left().max(0).into());
        if let Ok(time) = HeaderValue::from_str(&api_time(self.reset)) {
            set("x-ratelimit-reset", time);
        }
    }
}
