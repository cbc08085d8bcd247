//! What is much talked about here, as far as this server knows.

use std::collections::HashMap;
use std::sync::Arc;

use actix_web::http::header::{HeaderValue, LINK};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::entity::{self, PreviewCard};
use super::{Auth, cards, timelines};
use crate::app::App;
use crate::clock::{DAY, MINUTE};
use crate::crypto::short_hash16;
use crate::db::{self, Conn};
use crate::error::Result;
use crate::http::{self, Params};

/// How long the uses of trending tags stand as they were counted: that takes a look at each status
/// of the last days that has one of them.
const COUNTED: i64 = 5 * MINUTE;

/// GET /api/v1/trends/tags, and its old name /api/v1/trends.
pub(super) async fn tags(
    app: Data<App>,
    auth: Auth,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse> {
    let viewer = auth.viewer();
    list(&app, &request, &params, (10, 20), move |app, conn, offset, limit| {
        let found = db::trend::list_tags(conn, offset, limit)?;
        let (key, now) = (short_hash16(format!("{found:?}").as_bytes()), conn.now());
        let uses = match app.tag_uses.get(&key, now) {
            Some(uses) => uses,
            None => {
                let uses = Arc::new(entity::tag_uses(conn, &found)?);
                app.tag_uses.insert(key, now + COUNTED, &uses);
                uses
            }
        };
        entity::used_tags(conn, &app.site, viewer, &found, &uses)
    })
    .await
}

/// GET /api/v1/trends/statuses.
pub(super) async fn statuses(
    app: Data<App>,
    auth: Auth,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse> {
    let viewer = auth.viewer();
    list(&app, &request, &params, (20, 40), move |app, conn, offset, limit| {
        let ids = db::trend::list_statuses(conn, viewer, offset, limit)?;
        let found = timelines::in_order(&ids, db::status::list(conn, &ids)?);
        cards::look(app, conn, viewer, &found)?;
        entity::statuses(conn, &app.site, viewer, found)
    })
    .await
}

/// GET /api/v1/trends/links.
pub(super) async fn links(
    app: Data<App>,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse> {
    list(&app, &request, &params, (10, 20), move |app, conn, offset, limit| {
        let ids = db::trend::list_cards(conn, offset, limit)?;
        let mut found: HashMap<i64, _> =
            db::card::list(conn, &ids)?.into_iter().map(|card| (card.id, card)).collect();
        let today = conn.now() / DAY;
        let used: HashMap<(i64, i64), (i64, i64)> =
            db::trend::list_card_uses(conn, &ids, today - entity::HISTORY_DAYS + 1)?
                .into_iter()
                .map(|(card, day, uses, accounts)| ((card, day), (uses, accounts)))
                .collect();
        Ok(ids
            .iter()
            .filter_map(|id| found.remove(id))
            .map(|card| {
                let id = card.id;
                let history =
                    entity::history(today, |day| used.get(&(id, day)).copied().unwrap_or_default());
                PreviewCard::new(&app.site, card).with_history(history)
            })
            .collect())
    })
    .await
}

/// A page by `offset` and `limit`; nothing where trends are turned off.
async fn list<T, F>(
    app: &Data<App>,
    request: &HttpRequest,
    params: &Params,
    (default, most): (usize, usize),
    f: F,
) -> Result<HttpResponse>
where
    T: Serialize,
    F: FnOnce(&App, &Conn, i64, i64) -> Result<Vec<T>> + Send + 'static,
{
    let (offset, limit) = (params.offset()?, params.limit(default, most)?);
    let limit = i64::try_from(limit).unwrap_or(20);
    let (count, body) = super::read(app, move |app, conn| {
        let found =
            if app.config.trends.enabled { f(app, conn, offset, limit)? } else { Vec::new() };
        Ok((i64::try_from(found.len()).unwrap_or(0), http::encode(&found)?))
    })
    .await?;
    let mut response = http::encoded(http::JSON, body);
    let to = |offset: i64, rel: &str| {
        let base = &app.site.base;
        format!("<{base}{}?limit={limit}&offset={offset}>; rel=\"{rel}\"", request.path())
    };
    let next = (count == limit).then(|| to(offset + limit, "next"));
    let before = (offset > 0).then(|| to((offset - limit).max(0), "prev"));
    let links: Vec<String> = next.into_iter().chain(before).collect();
    if let Ok(value) = HeaderValue::from_str(&links.join(", "))
        && !links.is_empty()
    {
        response.headers_mut().insert(LINK, value);
    }
    Ok(response)
}
