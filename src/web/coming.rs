//! Answers with files of elsewhere that are not here whole: still growing on the disk, or going by.

use std::os::unix::fs::FileExt;
use std::sync::Arc;

use actix_web::body::{BodyStream, SizedStream};
use actix_web::http::Method;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use futures_util::{Stream, stream};

use crate::error::{Error, Result};
use crate::http::file::{Begun, PIECE, Shown, begin};
use crate::lookup::passing::{Asked, Looker, Passing};
use crate::media::arriving::{End, Failure, Passed, Progress, Viewer};

/// Answers with a file that is still arriving and whose kind is known. A range that is not there
/// yet is answered at once as well, and its bytes follow when they have come: players show that
/// they wait, as with any slow server.
pub(super) fn serve_arriving(
    looker: Looker,
    request: &HttpRequest,
    viewer: Viewer,
    progress: Progress,
    shown: &Shown,
) -> HttpResponse {
    let whole = (progress.end == Some(End::Whole)).then_some(progress.bytes);
    let source = Source::Growing(looker, viewer);
    if let Some(size) = whole.or(progress.length) {
        return match begin(request, shown, size) {
            Begun::Whole(answer) => answer,
            Begun::Part(mut response, from, length) => {
                response.body(SizedStream::new(length, coming(source, from, Some(from + length))))
            }
        };
    }
    unsized_body(request, shown, source)
}

/// Answers with a file that is not kept, as it goes by. `opened`: it does already, from its
/// beginning.
///
/// # Errors
/// When the part that is asked for cannot be had.
pub(super) async fn serve_passing(
    looker: Looker,
    request: &HttpRequest,
    about: Passed,
    opened: Option<Passing>,
    shown: &Shown,
) -> Result<HttpResponse> {
    let Some(size) = about.size else {
        let passing = match opened {
            Some(passing) => passing,
            None => go_on(&looker, Asked { known: Some(about), ..Asked::default() }).await?,
        };
        return Ok(unsized_body(request, shown, Source::Passing(passing)));
    };
    let (mut response, from, length) = match begin(request, shown, size) {
        Begun::Whole(answer) => return Ok(answer),
        Begun::Part(response, from, length) => (response, from, length),
    };
    let passing = match opened.filter(|_| from == 0) {
        Some(passing) => passing,
        None => go_on(&looker, Asked { from, length: Some(length), known: Some(about) }).await?,
    };
    let bytes = coming(Source::Passing(passing), from, Some(from + length));
    Ok(response.body(SizedStream::new(length, bytes)))
}

/// All of what comes from `source`, however much that is.
fn unsized_body(request: &HttpRequest, shown: &Shown, source: Source) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    shown.headers(&mut response);
    if request.method() == Method::HEAD {
        return response.body(BodyStream::new(stream::empty::<Result<Bytes>>()));
    }
    response.body(BodyStream::new(coming(source, 0, None)))
}

/// A file that goes by, from a place on.
async fn go_on(looker: &Looker, asked: Asked) -> Result<Passing> {
    let turn = looker.turn().await?;
    let opened = looker.open(&turn, asked).await?;
    opened.map_err(|_| Error::Remote("The file cannot be had from its server now".into()))
}

/// Where the bytes come from of a file that is not here whole.
enum Source {
    /// A file that grows.
    Growing(Looker, Viewer),
    /// One that is not kept.
    Passing(Passing),
}

/// The bytes of a file on its way, up to `to` or its end. A download that breaks ends this with an
/// error, so that nobody takes the half of a file for the whole. Where the disk had no room for the
/// rest, that goes by.
fn coming(source: Source, from: u64, to: Option<u64>) -> impl Stream<Item = Result<Bytes>> {
    stream::unfold((Some(source), from), move |(source, from)| async move {
        let source = source.filter(|_| to.is_none_or(|to| from < to))?;
        match piece(source, from, to).await {
            Ok(None) => None,
            Ok(Some((bytes, source))) => {
                let next = from + bytes.len() as u64;
                Some((Ok(bytes), (Some(source), next)))
            }
            Err(error) => Some((Err(error), (None, from))),
        }
    })
}

/// The next bytes from a place on; `None`: there are no more.
async fn piece(source: Source, from: u64, to: Option<u64>) -> Result<Option<(Bytes, Source)>> {
    let (looker, mut viewer) = match source {
        Source::Growing(looker, viewer) => (looker, viewer),
        Source::Passing(mut passing) => {
            let Some(mut bytes) = passing.next().await? else {
                return if to.is_some() { Err(broken()) } else { Ok(None) };
            };
            let left = to.map_or(u64::MAX, |to| to - from);
            bytes.truncate(usize::try_from(left).unwrap_or(usize::MAX));
            return Ok(Some((Bytes::from(bytes), Source::Passing(passing))));
        }
    };
    let progress = viewer.until(|progress| progress.bytes > from).await;
    if progress.bytes <= from {
        return match (progress.end, progress.ending) {
            (Some(End::Whole), _) if to.is_none() => Ok(None),
            (Some(End::Failed(Failure::NoRoom)), Some(ending)) => {
                let known = Some(Passed { ending, size: progress.length });
                let asked = Asked { from, length: to.map(|to| to - from), known };
                let passing = go_on(&looker, asked).await?;
                Box::pin(piece(Source::Passing(passing), from, to)).await
            }
            _ => Err(broken()),
        };
    }
    let there = to.map_or(progress.bytes, |to| to.min(progress.bytes)) - from;
    let size = usize::try_from(there.min(PIECE)).unwrap_or(0);
    let arriving = Arc::clone(&viewer.arriving);
    let read = looker.app.compute(move || {
        let mut piece = vec![0; size];
        let file = arriving.file().ok_or_else(|| Error::internal("a file without bytes"))?;
        file.read_exact_at(&mut piece, from).map_err(Error::internal)?;
        Ok(Bytes::from(piece))
    });
    let bytes = read.await.flatten()?;
    Ok(Some((bytes, Source::Growing(looker, viewer))))
}

fn broken() -> Error {
    Error::Remote("the download broke off".into())
}
