//! `GET /media/ab/cd/name` of files that lie in a bucket: through this server, piece by piece, or a
//! redirect to where the client may have it. The same headers as for files on the disk (S-109).

use std::time::Duration;

use actix_web::body::SizedStream;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use futures_util::stream;
use tokio::sync::oneshot;

use crate::app::App;
use crate::config::S3Reads;
use crate::db;
use crate::error::{Error, Result};
use crate::http::file::{Shown, ends, is_fresh, range};
use crate::media::storage::Name;
use crate::media::storage::pipe::{self, Outlet};
use crate::media::storage::s3::{self, Found, Part};
use crate::model::Store;

/// How often it is tried to go on with what was cut off without a byte more.
const TRIES: u32 = 5;
/// The pause before that, while the lane is full as well.
const PAUSE: Duration = Duration::from_millis(500);

/// How the answer looks when it is served by us; `None`: the file is not in the bucket.
///
/// # Errors
/// 404 when it should be there and is not, 503 when the store does not answer.
pub(super) async fn show(
    app: &App,
    request: &HttpRequest,
    name: &Name,
    shown: &Shown,
) -> Result<Option<HttpResponse>> {
    if app.media.storage.bucket().is_err() {
        return Ok(None);
    }
    if find_store(app, name).await? != Some(Store::Bucket) {
        return Ok(None);
    }
    match place(app, request, name)? {
        Some((place, kept)) => redirect(&place, &kept).map(Some),
        None => serve(app, request, name, shown).await.map(Some),
    }
}

/// Why a file is not on the disk.
pub(super) async fn missing(app: &App, name: &Name) -> Error {
    match find_store(app, name).await {
        // the settings name its bucket no more: that is nothing to be remembered
        Ok(Some(Store::Bucket)) => app.media.storage.bucket().err().unwrap_or(Error::NotFound),
        Ok(_) => Error::NotFound,
        Err(error) => error,
    }
}

async fn find_store(app: &App, name: &Name) -> Result<Option<Store>> {
    let key = name.as_str().split('.').next().unwrap_or_default().to_owned();
    app.read_few(move |conn| db::object::find_store(conn, &key)).await
}

/// Where the client is sent, and how long it may remember; `None`: nowhere.
fn place(app: &App, request: &HttpRequest, name: &Name) -> Result<Option<(String, String)>> {
    let settings = &app.config.s3;
    // the policy of our own pages knows no other server; who goes to a file leaves them, and a film
    // that is a page of its own would ask for itself once more as a stranger
    let says = |name: &str, value: &str| {
        request.headers().get(name).is_some_and(|told| told.as_bytes() == value.as_bytes())
    };
    if says("sec-fetch-site", "same-origin") && !says("sec-fetch-mode", "navigate") {
        return Ok(None);
    }
    if app.site.public_bucket.is_some() {
        // not for long: files may move back
        let place = app.site.upload(Store::Bucket, name.as_str());
        return Ok(Some((place, "public, max-age=3600".to_owned())));
    }
    if settings.reads != S3Reads::Presigned {
        return Ok(None);
    }
    let method = if request.method() == Method::HEAD { "HEAD" } else { "GET" };
    let place = app.media.storage.bucket()?.presign(method, name);
    Ok(place.map(|place| (place, format!("private, max-age={}", s3::KEPT_FOR))))
}

fn redirect(place: &str, kept: &str) -> Result<HttpResponse> {
    let place = HeaderValue::from_str(place).map_err(Error::internal)?;
    Ok(HttpResponse::Found()
        .insert_header((header::LOCATION, place))
        .insert_header((header::CACHE_CONTROL, kept))
        .insert_header((header::VARY, "sec-fetch-site, sec-fetch-mode"))
        .insert_header((header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .finish())
}

async fn serve(
    app: &App,
    request: &HttpRequest,
    name: &Name,
    shown: &Shown,
) -> Result<HttpResponse> {
    if is_fresh(request, &shown.tag) {
        return Ok(begin(HttpResponse::NotModified(), shown).finish());
    }
    if request.method() == Method::HEAD {
        let size = size(app, name).await?;
        let nothing = stream::empty::<Result<Bytes>>();
        return Ok(begin(HttpResponse::Ok(), shown).body(SizedStream::new(size, nothing)));
    }
    let (found, outlet) = open(app, name, wanted(request.headers(), &shown.tag)).await?;
    let response = match found {
        Found::Nothing => return Err(Error::NotFound),
        Found::Beyond => HttpResponse::RangeNotSatisfiable(),
        // a store that knows no ranges sends all
        Found::Bytes { part: false, .. } => HttpResponse::Ok(),
        Found::Bytes { .. } => HttpResponse::PartialContent(),
    };
    let mut response = begin(response, shown);
    let Found::Bytes { from, length, size, part } = found else {
        response.insert_header((
            header::CONTENT_RANGE,
            format!("bytes */{}", self::size(app, name).await?),
        ));
        return Ok(response.finish());
    };
    if part {
        let to = from + length - 1;
        response.insert_header((header::CONTENT_RANGE, format!("bytes {from}-{to}/{size}")));
    }
    let reading = Reading { app: app.clone(), name: name.clone(), outlet, at: from, left: length };
    Ok(response.body(SizedStream::new(length, pieces(reading))))
}

fn begin(mut response: HttpResponseBuilder, shown: &Shown) -> HttpResponseBuilder {
    shown.headers(&mut response);
    response.insert_header((header::ACCEPT_RANGES, "bytes"));
    response
}

/// One range is passed on; several, or what cannot be read, are as good as none (S-114).
fn wanted(headers: &HeaderMap, tag: &str) -> Part {
    match range(headers, tag).and_then(ends) {
        Some((Some(from), Some(to))) if from <= to => Part::From(from, Some(to)),
        Some((Some(from), None)) => Part::From(from, None),
        Some((None, Some(last))) => Part::Last(last),
        _ => Part::Whole,
    }
}

async fn size(app: &App, name: &Name) -> Result<u64> {
    let (this, of) = (app.clone(), name.clone());
    let asked =
        app.lanes.bucket.run(move || this.media.storage.bucket()?.size(&of).map_err(Error::from));
    asked?.await.map_err(|_| stopped())??.ok_or(Error::NotFound)
}

/// Asks for a part of an object.
async fn open(app: &App, name: &Name, part: Part) -> Result<(Found, Outlet)> {
    let (inlet, outlet) = pipe::pipe();
    let (tell, told) = oneshot::channel();
    let (this, of) = (app.clone(), name.clone());
    app.lanes.bucket.run(move || {
        if let Ok(bucket) = this.media.storage.bucket() {
            bucket.read(&of, part, tell, inlet);
        }
    })?;
    let found = told.await.map_err(|_| stopped())??;
    Ok((found, outlet))
}

fn stopped() -> Error {
    Error::Unavailable { message: "The server is stopping".into(), retry_after: 5 }
}

/// A file that is being sent.
struct Reading {
    app: App,
    name: Name,
    outlet: Outlet,
    at: u64,
    left: u64,
}

/// The bytes that are left. What was cut off, since the client was slow or the store was, is asked
/// for again from there on.
fn pieces(reading: Reading) -> impl futures_util::Stream<Item = Result<Bytes>> {
    stream::unfold(Some(reading), |reading| async move {
        let mut reading = reading.filter(|reading| reading.left > 0)?;
        for tried in 0..TRIES {
            if let Some(piece) = reading.outlet.next().await {
                let size = (piece.len() as u64).min(reading.left);
                reading.at += size;
                reading.left -= size;
                return Some((Ok(Bytes::from(piece)), Some(reading)));
            }
            if tried > 0 {
                tokio::time::sleep(PAUSE).await;
            }
            let (from, to) = (reading.at, reading.at + reading.left - 1);
            match open(&reading.app, &reading.name, Part::From(from, Some(to))).await {
                Ok((Found::Bytes { from, .. }, outlet)) if from == reading.at => {
                    reading.outlet = outlet;
                }
                Err(Error::Unavailable { .. }) => {}
                _ => break,
            }
        }
        // the connection ends: the length that was told shows that something is missing
        Some((Err(Error::internal("the rest of a file is not to be had")), None))
    })
}
