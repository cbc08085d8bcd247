//! Statuses in another language, by the service of the configuration.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use serde_json::Map;

use super::credentials::read_language;
use super::entity::{self, Translation};
use super::{Auth, id_of};
use crate::app::App;
use crate::db;
use crate::error::{Error, Result};
use crate::http::{self, Params};
use crate::lookup::translate;
use crate::service::visibility;

/// When the client gets its answer, whether the service is done or not.
const PATIENCE: Duration = Duration::from_secs(9);

/// POST /api/v1/statuses/:id/translate, into `lang`, else one's own language. Only of what
/// anybody may read: the texts go to somebody else's server.
pub(super) async fn translate(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
    params: Params,
) -> Result<HttpResponse> {
    let (id, me) = (id_of(&path)?, auth.account_id()?);
    let wanted = read_language("lang", params.text("lang")?)?;
    let found = super::read(&app, move |app, conn| {
        let status = visibility::target(conn, me, id)?;
        let language = match wanted {
            Some(code) => code,
            None => db::user::find(conn, me)?
                .and_then(|user| user.default_language)
                .unwrap_or_else(|| app.config.instance.default_language.clone()),
        };
        let media = db::upload::list_attachments(conn, &[status.id])?;
        Ok((status, media, language))
    });
    let (status, media, language) = found.await?;
    let provider = translate::provider(&app).ok_or(Error::NotFound)?;
    if !status.visibility.is_open() {
        return Err(Error::Forbidden("This action is not allowed".into()));
    }
    let (texts, source, target) =
        (entity::texts(&status, &media), status.language.clone(), language.clone());
    let done = on_lane(&app, move |app| translate::texts(app, &texts, source.as_deref(), &target));
    let done = done.await?;
    Ok(http::json(&Translation::new(&status, &media, &done, language, provider)))
}

/// GET /api/v1/instance/translation_languages: from which into which; nothing without a service.
pub(super) async fn languages(app: Data<App>) -> Result<HttpResponse> {
    if translate::provider(&app).is_none() {
        return Ok(http::json(&Map::new()));
    }
    let pairs = on_lane(&app, translate::languages).await?;
    Ok(http::json(pairs.as_ref()))
}

/// Asks on the media lane: a slow service must not hold up look-ups and keys.
async fn on_lane<T, F>(app: &Data<App>, f: F) -> Result<T>
where
    T: Send + 'static,
    F: FnOnce(&App) -> Result<T> + Send + 'static,
{
    let parts = App::clone(app);
    let answer = app.lanes.media.run(move || f(&parts))?;
    match tokio::time::timeout(PATIENCE, answer).await {
        Ok(Ok(result)) => result,
        _ => Err(Error::Remote("The translation service did not answer in time".into())),
    }
}
