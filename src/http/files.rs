//! Forms with files: texts are read as [`Params`], files go to the disk piece by piece as they
//! arrive, within a limit, and never wait in memory.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use actix_multipart::{Field, Multipart};
use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use futures_util::StreamExt;

use super::Params;
use super::params::{MOST, Texts, broken};
use crate::app::App;
use crate::error::{Error, Result};
use crate::media::format::HEAD;
use crate::media::storage::Incoming;
use crate::service;

/// The fields that are files; the last one is the picture of an emoji.
const FILES: [&str; 5] = ["file", "thumbnail", "avatar", "header", "image"];
/// How long the next piece may take to come, and all of them (S-053).
const PATIENCE: Duration = Duration::from_secs(30);
const ALL: Duration = Duration::from_secs(600);
/// How much is gathered before it is written.
pub(super) const PIECE: usize = 128 * 1024;
/// After how much it is looked again whether the disk has room (S-113).
pub(super) const CHECK: usize = 8 << 20;

/// A request's parameters and its files.
pub struct Form {
    pub params: Params,
    files: Vec<(String, Incoming)>,
}

impl Form {
    /// The file that came under this name; taken once.
    pub fn take(&mut self, name: &str) -> Option<Incoming> {
        let at = self.files.iter().position(|(of, _)| of == name)?;
        Some(self.files.remove(at).1)
    }
}

impl FromRequest for Form {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move {
            let is_multipart = request
                .headers()
                .get(CONTENT_TYPE)
                .and_then(|value| value.to_str().ok())
                .is_some_and(|kind| kind.to_ascii_lowercase().starts_with("multipart/form-data"));
            if !is_multipart {
                let params = super::params::read(&request, payload).await?;
                return Ok(Self { params, files: Vec::new() });
            }
            tokio::time::timeout(ALL, receive(&request, payload)).await.map_err(|_| slow())?
        })
    }
}

pub(super) fn slow() -> Error {
    Error::BadRequest("The body took too long".into())
}

async fn receive(request: &HttpRequest, payload: Payload) -> Result<Form> {
    let app = request.app_data::<Data<App>>().ok_or_else(|| Error::internal("no parts"))?;
    let mut form = Form { params: Params::default(), files: Vec::new() };
    form.params.add_form(request.query_string().as_bytes())?;
    let mut parts = Multipart::new(request.headers(), payload);
    let (mut texts, mut count) = (Texts::default(), 0);
    let mut _room = None;
    while let Some(part) = next(&mut parts).await? {
        let mut part = part.map_err(|e| broken(&e))?;
        count += 1;
        if count > MOST {
            return Err(Error::BadRequest("Too many parameters".into()));
        }
        let name = part.name().unwrap_or_default().to_owned();
        if FILES.contains(&name.as_str()) && is_file(&part) {
            if form.files.iter().any(|(have, _)| *have == name) {
                return Err(Error::invalid(format!("Validation failed: {name} is there twice")));
            }
            if _room.is_none() {
                _room = Some(app.uploads.enter("upload").ok_or_else(|| Error::Unavailable {
                    message: "Too many uploads at once".into(),
                    retry_after: 10,
                })?);
            }
            service::media::check_room(&app.media, app.config.media.min_free_disk.0)?;
            let file = store(app, &mut part, name == "file").await?;
            // what a browser sends for a file that was not chosen
            if file.bytes > 0 {
                form.files.push((name, file));
            }
            continue;
        }
        let mut value = Vec::new();
        while let Some(chunk) = next(&mut part).await? {
            texts.take(&mut value, &chunk.map_err(|e| broken(&e))?)?;
        }
        form.params.add_text(&name, value)?;
    }
    Ok(form)
}

/// Texts come without the name of a file.
pub(super) fn is_file(part: &Field) -> bool {
    part.content_disposition().is_some_and(|about| about.get_filename().is_some())
        || part.content_type().is_some_and(|kind| kind.type_() != "text")
}

pub(super) async fn next<S>(stream: &mut S) -> Result<Option<S::Item>>
where
    S: futures_util::Stream + Unpin,
{
    tokio::time::timeout(PATIENCE, stream.next()).await.map_err(|_| slow())
}

/// Takes a file in; one that is to be attached may be played, and larger than a picture.
async fn store(app: &App, part: &mut Field, attached: bool) -> Result<Incoming> {
    let mut most = app.site.limits.max_image_bytes;
    let mut file = app.media.storage.begin()?;
    let mut piece: Vec<u8> = Vec::new();
    let (mut size, mut looked, mut checked) = (0, !attached, 0);
    while let Some(chunk) = next(part).await? {
        let chunk = chunk.map_err(|e| broken(&e))?;
        size += chunk.len();
        piece.extend_from_slice(&chunk);
        // the first bytes say what it is, and so how large it may be
        if !looked && (size >= HEAD || size > most) {
            most = service::media::most_bytes(&app.site, &piece[..piece.len().min(HEAD)]);
            looked = true;
        }
        if size > most {
            return Err(service::media::too_large(most));
        }
        if piece.len() >= PIECE {
            if size - checked >= CHECK {
                service::media::check_room(&app.media, app.config.media.min_free_disk.0)?;
                checked = size;
            }
            (file, piece) = write(app, file, piece).await?;
        }
    }
    Ok(write(app, file, piece).await?.0)
}

/// Writes on a thread that may wait for the disk.
pub(super) async fn write(
    app: &App,
    mut file: Incoming,
    mut piece: Vec<u8>,
) -> Result<(Incoming, Vec<u8>)> {
    app.compute(move || {
        file.write(&piece)?;
        piece.clear();
        Ok((file, piece))
    })
    .await?
}
