//! Writing, deleting and boosting.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use super::credentials::read_language;
use super::quotes::read_policy;
use super::{Auth, entity, id_of, interaction_policies, media, polls, remote};
use crate::activity::time;
use crate::app::App;
use crate::clock::HOUR;
use crate::db;
use crate::error::{Error, Result};
use crate::http::{self, Params};
use crate::model::{ContentType, Visibility};
use crate::service::scheduled_status;
use crate::service::status::{self, Draft, Mentioned};
use crate::service::visibility;

/// A time in the past is meant only if it is further away than this: else somebody wrote until
/// after the time that the status was to be published at.
const JUST_NOW: i64 = HOUR;

/// POST /api/v1/statuses. With `scheduled_at` ahead it answers a ScheduledStatus; with one in the
/// past the status is written there (as GoToSocial does), where the settings allow it.
pub(super) async fn create(
    app: Data<App>,
    auth: Auth,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let mut draft = read_draft(&params)?;
    draft.application_id = auth.application_id();
    draft.idempotency_key = idempotency_key(&request);
    let now = app.clock.now_ms();
    let scheduled_at = read_time(&params, "scheduled_at")?;
    let mentioned = find_mentioned(&app, &draft.text).await?;
    if let Some(due) = scheduled_at.filter(|due| *due > now) {
        let kept = super::write(&app, move |app, tx| {
            let author = db::account::get(tx, me)?;
            let kept = scheduled_status::create(tx, &app.site, &author, &draft, &mentioned, due)?;
            entity::scheduled_status(tx, &app.site, kept)
        });
        return Ok(http::json(&kept.await?));
    }
    let past = scheduled_at.filter(|time| *time < now - JUST_NOW);
    draft.created_at = past.filter(|_| app.config.instance.allow_backdating);
    let written = super::write(&app, move |app, tx| {
        let author = db::account::get(tx, me)?;
        let written = status::create(tx, &app.site, &author, draft, &mentioned)?;
        entity::status(tx, &app.site, me, written)
    });
    Ok(http::json(&written.await?))
}

/// The text and the warning; a warning before nothing is the text (as in Mastodon).
pub(super) fn read_text(params: &Params) -> Result<(String, String)> {
    let text = params.text("status")?.unwrap_or_default().to_owned();
    let warning = params.text("spoiler_text")?.unwrap_or_default().to_owned();
    if text.trim().is_empty() { Ok((warning, String::new())) } else { Ok((text, warning)) }
}

fn read_draft(params: &Params) -> Result<Draft> {
    let (text, spoiler_text) = read_text(params)?;
    let sensitive = params.flag("sensitive")?;
    let warned = params.text("spoiler_text")?.is_some_and(|text| !text.trim().is_empty());
    Ok(Draft {
        text,
        spoiler_text,
        visibility: read_visibility(params)?,
        language: read_language("language", params.text("language")?)?,
        sensitive: if warned { Some(true) } else { sensitive },
        in_reply_to_id: params.id("in_reply_to_id")?,
        poll: polls::read_new(params)?,
        media_ids: media::read_ids(params)?,
        content_type: read_content_type("content_type", params.text("content_type")?)?,
        quoted_status_id: match params.id("quoted_status_id")? {
            None => params.id("quote_id")?,
            id => id,
        },
        quote_policy: read_policy("quote_approval_policy", params, "quote_approval_policy")?,
        policy: interaction_policies::read(params, "interaction_policy")?,
        ..Draft::default()
    })
}

/// `text/plain` or `text/markdown`.
pub(super) fn read_content_type(field: &str, text: Option<&str>) -> Result<Option<ContentType>> {
    match text.map(str::trim) {
        None | Some("") => Ok(None),
        Some(word) => ContentType::parse(word).map(Some).ok_or_else(|| {
            Error::invalid(format!("Validation failed: {field} is not included in the list"))
        }),
    }
}

/// A time as RFC 3339.
pub(super) fn read_time(params: &Params, name: &str) -> Result<Option<i64>> {
    match params.text(name)?.map(str::trim) {
        None | Some("") => Ok(None),
        Some(text) => time::parse(text).map(Some).ok_or_else(|| {
            Error::invalid(format!("Validation failed: {name} is not a time (RFC 3339)"))
        }),
    }
}

fn read_visibility(params: &Params) -> Result<Option<Visibility>> {
    match params.text("visibility")? {
        None | Some("") => Ok(None),
        Some(word) => Visibility::parse(word).map(Some).ok_or_else(|| {
            Error::invalid("Validation failed: Visibility is not included in the list")
        }),
    }
}

fn idempotency_key(request: &HttpRequest) -> Option<String> {
    let key = request.headers().get("idempotency-key")?.to_str().ok()?;
    Some(key.to_owned()).filter(|key| !key.is_empty())
}

/// The accounts that the text names. Those that are not stored are asked for on their servers;
/// who cannot be found in time stays plain text.
pub(super) async fn find_mentioned(app: &Data<App>, text: &str) -> Result<Mentioned> {
    let handles = status::handles(&app.site, text);
    if handles.is_empty() {
        return Ok(Mentioned::default());
    }
    let (mut mentioned, unknown) =
        super::read(app, move |_, conn| Mentioned::find(conn, &handles)).await?;
    for (name, domain, account) in remote::accounts(app, unknown).await {
        mentioned.insert(&name, &domain, account);
    }
    Ok(mentioned)
}

/// DELETE /api/v1/statuses/:id: answers the status with its source, for rewriting. Its files can
/// be attached again within a day, unless `delete_media` is true.
pub(super) async fn delete(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
    params: Params,
) -> Result<HttpResponse> {
    let (id, me) = (id_of(&path)?, auth.account_id()?);
    let with_media = params.flag("delete_media")?.unwrap_or(false);
    let deleted = super::write(&app, move |app, tx| {
        let author = db::account::get(tx, me)?;
        let there = visibility::get(tx, me, id)?;
        let (text, kind) = (there.text.clone(), there.content_type);
        let shown = entity::status(tx, &app.site, me, there)?;
        let files = db::upload::list_attached(tx, &[id])?;
        status::delete(tx, &app.site, &author, id)?;
        for file in files.iter().filter(|_| with_media) {
            db::upload::delete(tx, file.id)?;
        }
        Ok(shown.deleted(text, kind))
    });
    Ok(http::json(&deleted.await?))
}

/// POST /api/v1/statuses/:id/reblog.
pub(super) async fn reblog(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
    params: Params,
) -> Result<HttpResponse> {
    let (id, me) = (id_of(&path)?, auth.account_id()?);
    let wanted = read_visibility(&params)?;
    let boost = super::write(&app, move |app, tx| {
        let account = db::account::get(tx, me)?;
        let boost = status::reblog(tx, &app.site, &account, id, wanted)?;
        entity::status(tx, &app.site, me, boost)
    });
    Ok(http::json(&boost.await?))
}

/// POST /api/v1/statuses/:id/unreblog.
pub(super) async fn unreblog(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
) -> Result<HttpResponse> {
    let (id, me) = (id_of(&path)?, auth.account_id()?);
    let after = super::write(&app, move |app, tx| {
        let account = db::account::get(tx, me)?;
        let target = status::unreblog(tx, &app.site, &account, id)?;
        entity::status(tx, &app.site, me, target)
    });
    Ok(http::json(&after.await?))
}
