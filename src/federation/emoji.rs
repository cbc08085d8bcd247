//! The documents of this server's custom emojis (F-244).

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use crate::activity::build;
use crate::app::App;
use crate::error::{Error, Result};
use crate::service;

use super::accept;

/// `GET /emojis/{shortcode}`: the id that stands in the tags of statuses and profiles.
pub async fn show(
    app: Data<App>,
    request: HttpRequest,
    shortcode: Path<String>,
) -> Result<HttpResponse> {
    let (site, shortcode) = (app.site.clone(), shortcode.into_inner());
    let found = app.read(move |conn| service::emoji::document(conn, &site, &shortcode)).await?;
    let body = serde_json::to_vec(&build::emoji(&found.ok_or(Error::NotFound)?));
    Ok(accept::public_document(&request, body.map_err(Error::internal)?))
}
