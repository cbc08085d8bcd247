//! Uploads: MediaAttachment before a status has it.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use tokio::time::Instant;

use super::{Auth, entity, id_of};
use crate::app::App;
use crate::db;
use crate::error::{Error, Result};
use crate::http::{self, Form, Params};
use crate::media::format::Format;
use crate::media::image::{self, Outcome, Purpose};
use crate::media::storage::Incoming;
use crate::model::{MediaKind, Upload, UploadState};
use crate::service;
use crate::service::media::{NewFile, Words};

/// How long the asynchronous form waits before it says that there is more to come: most images
/// are ready by then, and their clients need not ask again.
const SHORT: Duration = Duration::from_secs(2);
/// How long the older form waits, which has no such answer.
const LONG: Duration = Duration::from_secs(50);

/// POST /api/v2/media: 200 when the file is ready at once, 202 without `url` while it is not;
/// 422 for what is no picture, video or sound.
pub(super) async fn create(app: Data<App>, auth: Auth, form: Form) -> Result<HttpResponse> {
    let upload = receive(&app, auth.account_id()?, form, SHORT).await?;
    answer(&app, &upload, StatusCode::ACCEPTED)
}

/// POST /api/v1/media: the same, answered when it is ready.
pub(super) async fn create_v1(app: Data<App>, auth: Auth, form: Form) -> Result<HttpResponse> {
    let upload = receive(&app, auth.account_id()?, form, LONG).await?;
    answer(&app, &upload, StatusCode::OK)
}

/// GET /api/v1/media/:id: 206 without `url` while it is processed, 422 when that failed.
pub(super) async fn show(app: Data<App>, auth: Auth, path: Path<String>) -> Result<HttpResponse> {
    let (id, me) = (id_of(&path)?, auth.account_id()?);
    let upload = super::read(&app, move |_, conn| service::media::get(conn, me, id)).await?;
    answer(&app, &upload, StatusCode::PARTIAL_CONTENT)
}

/// PUT /api/v1/media/:id: `description`, `focus` and `thumbnail` of an upload that no status has
/// yet.
pub(super) async fn update(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
    mut form: Form,
) -> Result<HttpResponse> {
    let (id, me) = (id_of(&path)?, auth.account_id()?);
    let words = read_words(&form.params)?;
    let upload =
        super::write(&app, move |app, tx| service::media::update(tx, &app.site, me, id, words));
    let mut upload = upload.await?;
    if let Some(thumbnail) = form.take("thumbnail") {
        upload = set_preview(&app, upload, thumbnail).await?;
    }
    answer(&app, &upload, StatusCode::OK)
}

/// DELETE /api/v1/media/:id: 422 while a status has it.
pub(super) async fn delete(app: Data<App>, auth: Auth, path: Path<String>) -> Result<HttpResponse> {
    let (id, me) = (id_of(&path)?, auth.account_id()?);
    super::write(&app, move |_, tx| service::media::delete(tx, me, id)).await?;
    Ok(super::empty())
}

/// The shape of an upload; `early` is the status while it is not ready.
fn answer(app: &App, upload: &Upload, early: StatusCode) -> Result<HttpResponse> {
    let status = match upload.state {
        UploadState::Ready => StatusCode::OK,
        UploadState::Processing => early,
        UploadState::Failed => return Err(failed(upload)),
    };
    let body = http::encode(&entity::Media::upload(&app.site, upload))?;
    let mut response = http::encoded(http::JSON, body);
    *response.status_mut() = status;
    Ok(response)
}

fn failed(upload: &Upload) -> Error {
    refused(upload.error.as_deref().unwrap_or("Error processing thumbnail for uploaded media"))
}

fn refused(sentence: &str) -> Error {
    Error::invalid(format!("Validation failed: {sentence}"))
}

/// Takes an upload in and waits for it a while.
async fn receive(app: &Data<App>, me: i64, mut form: Form, wait: Duration) -> Result<Upload> {
    let words = read_words(&form.params)?;
    let file = form
        .take("file")
        .ok_or_else(|| Error::invalid("Validation failed: File can't be blank"))?;
    let thumbnail = form.take("thumbnail");
    let (key, bytes, kind) = keep(app, file, Format::TAKEN).await?;
    let (of, until) = (key.clone(), Instant::now() + wait);
    let created = super::write(app, move |app, tx| {
        let file = NewFile { key: &of, bytes, kind };
        service::media::create(tx, &app.site, me, file, words)
    });
    let upload = match created.await {
        Ok(upload) => upload,
        Err(error) => {
            app.media.storage.remove_temporary(&key)?;
            return Err(error);
        }
    };
    // one with a preview of its own is rare: it takes as long as it takes
    let until = if thumbnail.is_some() { Instant::now() + LONG } else { until };
    let upload = ready(app, upload, until).await?;
    match thumbnail.filter(|_| upload.state == UploadState::Ready) {
        Some(thumbnail) => set_preview(app, upload, thumbnail).await,
        None => Ok(upload),
    }
}

/// Looks at the first bytes, and sees to it that the file is on the disk (S-105).
async fn keep(
    app: &Data<App>,
    file: Incoming,
    taken: &'static [Format],
) -> Result<(String, u64, MediaKind)> {
    let this = App::clone(app);
    app.compute(move || {
        let head = file.beginning()?;
        let kind = this.media.check_kind(&head, taken).map_err(|why| refused(&why))?;
        let bytes = file.bytes;
        Ok((file.keep()?, bytes, kind))
    })
    .await?
}

/// The upload once it is processed, or as it is at that time.
async fn ready(app: &Data<App>, mut upload: Upload, until: Instant) -> Result<Upload> {
    loop {
        // asked before it is looked at: what is told in between is not missed
        let finished = app.media.finished.notified();
        tokio::pin!(finished);
        finished.as_mut().enable();
        let id = upload.id;
        upload = super::read(app, move |_, conn| db::upload::find(conn, id))
            .await?
            .ok_or(Error::NotFound)?;
        if upload.state != UploadState::Processing
            || tokio::time::timeout_at(until, finished).await.is_err()
        {
            return Ok(upload);
        }
    }
}

/// Decodes a file at once, for what has no row to wait in: the key of what was made of it. The
/// caller says in its transaction that it is needed.
pub(super) async fn decode(
    app: &Data<App>,
    file: Incoming,
    key: Option<String>,
    purpose: Purpose,
) -> Result<(String, image::Made)> {
    let (temporary, ..) = keep(app, file, Format::PICTURES).await?;
    let key = key.unwrap_or_else(|| temporary.clone());
    let (this, of) = (App::clone(app), key.clone());
    let left = temporary.clone();
    let decoded = app.lanes.decode.run(move || {
        let outcome =
            service::media::process(&this.media, &this.db, &this.site, &temporary, &of, purpose);
        let _ = this.media.storage.remove_temporary(&temporary);
        outcome
    });
    // nobody takes it out of a lane that is full
    let decoded = decoded.or_else(|full| {
        app.media.storage.remove_temporary(&left)?;
        Err(full)
    })?;
    match decoded.await.map_err(|_| Error::internal("decoding was cut off"))?? {
        Outcome::Made(made) => Ok((key, made)),
        Outcome::Refused(sentence) | Outcome::Converter { sentence, .. } => Err(refused(&sentence)),
    }
}

async fn set_preview(app: &Data<App>, upload: Upload, file: Incoming) -> Result<Upload> {
    if upload.state != UploadState::Ready {
        return Err(refused("thumbnail: the file has not finished processing"));
    }
    let (_, made) = decode(app, file, Some(upload.key.clone()), Purpose::Preview).await?;
    super::write(app, move |_, tx| {
        let mut upload = service::media::get(tx, upload.account_id, upload.id)?;
        service::media::set_preview(tx, &mut upload, &made)?;
        Ok(upload)
    })
    .await
}

fn read_words(params: &Params) -> Result<Words> {
    Ok(Words {
        description: params.text("description")?.map(str::to_owned),
        focus: read_focus(params)?,
    })
}

/// `x,y`, both −1 to 1; what is beyond is brought back.
fn read_focus(params: &Params) -> Result<Option<(f64, f64)>> {
    let Some(text) = params.text("focus")?.filter(|text| !text.trim().is_empty()) else {
        return Ok(None);
    };
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|n| n.is_finite());
    let focus = text.split_once(',').and_then(|(x, y)| number(x).zip(number(y)));
    match focus {
        Some((x, y)) => Ok(Some((x.clamp(-1.0, 1.0), y.clamp(-1.0, 1.0)))),
        None => {
            Err(Error::invalid("Validation failed: focus must be two numbers, such as 0.0,0.5"))
        }
    }
}

/// `media_ids`, in the order sent. One that is no id is not there; `media_ids[]=` is how forms
/// say none.
pub(super) fn read_ids(params: &Params) -> Result<Vec<i64>> {
    let sent = params.list("media_ids")?;
    let ids = sent.iter().filter(|id| !id.trim().is_empty());
    Ok(ids.map(|id| crate::id::parse(id).unwrap_or(0)).collect())
}

/// `media_attributes`: what an edit says of the attachments.
pub(super) fn read_attributes(params: &Params) -> Result<Vec<service::media::Relabel>> {
    let each = params.each("media_attributes")?;
    each.iter()
        .map(|attributes| {
            Ok(service::media::Relabel {
                id: attributes.id("id")?.unwrap_or(0),
                words: read_words(attributes)?,
            })
        })
        .collect()
}
