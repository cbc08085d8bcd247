//! A form with one large file, such as an archive: nothing of it is written before the texts in front
//! of it are looked at, then it goes to the disk piece by piece, within a limit.

use std::time::Duration;

use actix_multipart::Multipart;
use actix_web::HttpRequest;
use actix_web::dev::Payload;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE};

use super::Params;
use super::files::{CHECK, PIECE, is_file, next, slow, write};
use super::params::{MOST, Texts, broken};
use crate::app::App;
use crate::error::{Error, Result};
use crate::media::storage::{Incoming, Storage};
use crate::service;

/// How long all of it may take to come: a gigabyte by a slow line (S-053).
const ALL: Duration = Duration::from_secs(4 * 3600);
/// What a form has beside its file.
const BESIDE: u64 = 64 * 1024;
/// How long a browser may go on sending what is too large.
const DRAIN: Duration = Duration::from_secs(600);

/// The texts, and the file if there was one, `most` bytes at the most (413). `admit` sees the texts
/// before a byte of it is written.
pub async fn receive(
    app: &App,
    request: &HttpRequest,
    mut payload: Payload,
    to: (&Storage, u64),
    admit: impl Fn(&Params) -> Result<()>,
) -> Result<(Params, Option<Incoming>)> {
    let (storage, most) = to;
    let too_large = || Error::TooLarge { limit: usize::try_from(most).unwrap_or(usize::MAX) };
    let told = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    if told.and_then(|length| length.parse().ok()).unwrap_or(0) > most.saturating_add(BESIDE) {
        drain(&mut payload, most.saturating_mul(2)).await;
        return Err(too_large());
    }
    let all = async {
        let (mut params, mut file) = (Params::default(), None);
        let mut parts = Multipart::new(request.headers(), payload);
        let (mut texts, mut count) = (Texts::default(), 0);
        while let Some(part) = next(&mut parts).await? {
            let mut part = part.map_err(|e| broken(&e))?;
            count += 1;
            if count > MOST {
                return Err(Error::BadRequest("Too many parameters".into()));
            }
            if !is_file(&part) {
                let name = part.name().unwrap_or_default().to_owned();
                let mut value = Vec::new();
                while let Some(chunk) = next(&mut part).await? {
                    texts.take(&mut value, &chunk.map_err(|e| broken(&e))?)?;
                }
                params.add_text(&name, value)?;
                continue;
            }
            admit(&params)?;
            if file.is_some() {
                return Err(Error::invalid("Validation failed: file is there twice"));
            }
            let mut incoming = storage.begin()?;
            let mut piece: Vec<u8> = Vec::new();
            let (mut size, mut checked) = (0_u64, None);
            while let Some(chunk) = next(&mut part).await? {
                let chunk = chunk.map_err(|e| broken(&e))?;
                size += chunk.len() as u64;
                if size > most {
                    return Err(too_large());
                }
                if checked.is_none_or(|at| size - at >= CHECK as u64) {
                    service::media::check_room(&app.media, app.config.media.min_free_disk.0)?;
                    checked = Some(size);
                }
                piece.extend_from_slice(&chunk);
                if piece.len() >= PIECE {
                    (incoming, piece) = write(app, incoming, piece).await?;
                }
            }
            file = Some(write(app, incoming, piece).await?.0);
        }
        admit(&params)?;
        Ok((params, file.filter(|file| file.bytes > 0)))
    };
    tokio::time::timeout(ALL, all).await.map_err(|_| slow())?
}

/// The same of a request whose file may as well be a text of any form, as large as those are.
pub async fn receive_or_read(
    app: &App,
    request: &HttpRequest,
    payload: Payload,
    to: (&Storage, u64),
) -> Result<(Params, Option<Incoming>)> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let is_multipart = |kind: &str| kind.to_ascii_lowercase().starts_with("multipart/form-data");
    if !kind.is_some_and(is_multipart) {
        return Ok((super::params::read(request, payload).await?, None));
    }
    let (mut params, file) = receive(app, request, payload, to, |_| Ok(())).await?;
    params.add_form(request.query_string().as_bytes())?;
    Ok((params, file))
}

/// Lets what is refused pass by: a browser reads no answer before it has sent all, and would say that
/// the connection broke.
async fn drain(payload: &mut Payload, most: u64) {
    let all = async {
        let mut left = most;
        while let Ok(Some(Ok(chunk))) = next(payload).await
            && left > 0
        {
            left = left.saturating_sub(chunk.len() as u64);
        }
    };
    // whatever is not read then ends with the connection
    let _ = tokio::time::timeout(DRAIN, all).await;
}
