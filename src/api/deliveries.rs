//! How a status of one's own fares on its way to other servers.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};

use super::{Auth, entity, id_of};
use crate::app::App;
use crate::error::Result;
use crate::service;

/// GET /api/v1/statuses/:id/deliveries: Dassie's own; for its author alone.
pub(super) async fn show(app: Data<App>, auth: Auth, path: Path<String>) -> Result<HttpResponse> {
    let (id, me) = (id_of(&path)?, auth.account_id()?);
    super::show(&app, move |_, conn| {
        Ok(entity::deliveries(service::delivery::progress(conn, me, id)?))
    })
    .await
}
