//! Lists that are empty because there cannot be anything in them yet: the answer is true, and
//! clients that read them when they start go on.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};

use super::{accounts, id_of};
use crate::app::App;
use crate::error::Result;
use crate::http;

/// GET /api/v1/accounts/:id/featured_tags.
pub(super) async fn of_account(app: Data<App>, path: Path<String>) -> Result<HttpResponse> {
    let id = id_of(&path)?;
    super::read(&app, move |_, conn| accounts::get(conn, id)).await?;
    Ok(http::json(&[(); 0]))
}
