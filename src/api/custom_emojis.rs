//! The emojis of this server, as pickers show them.

use actix_web::HttpResponse;
use actix_web::web::Data;

use super::entity;
use crate::app::App;
use crate::db;
use crate::error::Result;
use crate::http;

/// GET /api/v1/custom_emojis: without those that are switched off.
pub(super) async fn list(app: Data<App>) -> Result<HttpResponse> {
    let body = app.document("api/v1/custom_emojis".into(), |app, conn| {
        let found = db::emoji::list(conn)?.into_iter().filter(|emoji| !emoji.disabled);
        http::encode(&found.map(|one| entity::custom_emoji(&app.site, one)).collect::<Vec<_>>())
    });
    Ok(http::encoded(http::JSON, body.await?.to_vec()))
}
