//! `GET /media/ab/cd/name`: stored files, with the headers of S-109. They never change, so that
//! whoever has one needs not ask again; they are read piece by piece, away from the thread that
//! serves all connections.

use std::fs::File;
use std::os::unix::fs::FileExt;

use actix_web::body::SizedStream;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use futures_util::stream;

use super::object;
use super::page::is_fresh;
use crate::app::App;
use crate::error::{Error, Result};
use crate::media::storage::Name;

/// How much is read at once.
const PIECE: u64 = 128 * 1024;

/// `GET` and `HEAD` of a stored file.
pub(super) async fn show(
    app: Data<App>,
    request: HttpRequest,
    path: Path<(String, String, String)>,
) -> Result<HttpResponse> {
    let (first, second, name) = path.into_inner();
    let name = Name::from_address(&first, &second, &name).ok_or(Error::NotFound)?;
    let media_type = name.media_type().ok_or(Error::NotFound)?;
    let tag = tag(&name);
    if let Some(answer) = object::show(&app, &request, &name).await? {
        return Ok(answer);
    }
    let (parts, of) = (App::clone(&app), name.clone());
    let opened = app.compute(move || parts.media.storage.open_file(&of)).await??;
    let Some((file, size)) = opened else {
        // it may just have been moved
        let answer = object::show(&app, &request, &name).await?;
        return match answer {
            Some(answer) => Ok(answer),
            None => Err(object::missing(&app, &name).await),
        };
    };
    let fresh = is_fresh(&request, &tag);
    let range = if fresh { Wanted::Whole } else { wanted(request.headers(), &tag, size) };
    let mut response = match range {
        Wanted::Nothing => HttpResponse::RangeNotSatisfiable(),
        Wanted::Part(..) => HttpResponse::PartialContent(),
        Wanted::Whole if fresh => HttpResponse::NotModified(),
        Wanted::Whole => HttpResponse::Ok(),
    };
    insert_headers(&mut response, tag, media_type);
    let (from, length) = match range {
        Wanted::Nothing => {
            response.insert_header((header::CONTENT_RANGE, format!("bytes */{size}")));
            return Ok(response.finish());
        }
        Wanted::Part(from, to) => {
            response.insert_header((header::CONTENT_RANGE, format!("bytes {from}-{to}/{size}")));
            (from, to - from + 1)
        }
        Wanted::Whole => (0, size),
    };
    if fresh {
        return Ok(response.finish());
    }
    if request.method() == Method::HEAD {
        return Ok(response.body(SizedStream::new(length, stream::empty::<Result<Bytes>>())));
    }
    Ok(response.body(SizedStream::new(length, pieces(app, file, from, length))))
}

/// A file's tag: what has a name never changes.
pub(super) fn tag(name: &Name) -> String {
    format!("\"{}\"", name.as_str())
}

/// What every answer about a stored file carries (S-109).
pub(super) fn insert_headers(
    response: &mut HttpResponseBuilder,
    tag: String,
    media_type: &'static str,
) {
    response
        .insert_header((header::ETAG, tag))
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .insert_header((header::CONTENT_TYPE, media_type))
        .insert_header((header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::CONTENT_DISPOSITION, "inline"))
        .insert_header((header::ACCEPT_RANGES, "bytes"))
        // images are packed already: as they are, with their length
        .insert_header((header::CONTENT_ENCODING, "identity"))
        // web clients on other hosts show them
        .insert_header((HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"));
}

/// The bytes of a file from a place on, so many of them.
fn pieces(
    app: Data<App>,
    file: File,
    from: u64,
    length: u64,
) -> impl futures_util::Stream<Item = Result<Bytes>> {
    let state = (app, Some(file), from, length);
    stream::unfold(state, |(app, file, from, left)| async move {
        let file = file.filter(|_| left > 0)?;
        let size = usize::try_from(left.min(PIECE)).unwrap_or(0);
        let read = app.compute(move || {
            let mut piece = vec![0; size];
            file.read_exact_at(&mut piece, from).map(|()| (file, piece))
        });
        let next = from + size as u64;
        match read.await {
            Ok(Ok((file, piece))) => {
                Some((Ok(Bytes::from(piece)), (app, Some(file), next, left - size as u64)))
            }
            Ok(Err(e)) => Some((Err(Error::internal(e)), (app, None, next, 0))),
            Err(e) => Some((Err(e), (app, None, next, 0))),
        }
    })
}

/// What part of a file is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Whole,
    /// From and to, both with it.
    Part(u64, u64),
    /// None that there is.
    Nothing,
}

/// One range is answered; several, or what cannot be read, are as good as none (S-114).
fn wanted(headers: &HeaderMap, tag: &str, size: u64) -> Wanted {
    range(headers, tag).map_or(Wanted::Whole, |range| part(range, size))
}

/// The range that is asked for, if it is one of what we have.
pub(super) fn range<'a>(headers: &'a HeaderMap, tag: &str) -> Option<&'a str> {
    let text = |name| headers.get(name).map(HeaderValue::to_str);
    match text(header::IF_RANGE) {
        None => {}
        Some(Ok(known)) if known == tag => {}
        Some(_) => return None,
    }
    text(header::RANGE)?.ok()
}

/// Both ends of a range, as far as they are there; `None`: it is none.
pub(super) fn ends(range: &str) -> Option<(Option<u64>, Option<u64>)> {
    let (from, to) = range.strip_prefix("bytes=")?.split_once('-')?;
    let number = |text: &str| {
        let text = text.trim();
        if text.is_empty() {
            return Some(None);
        }
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        if digits { text.parse::<u64>().ok().map(Some) } else { None }
    };
    Some((number(from)?, number(to)?))
}

fn part(range: &str, size: u64) -> Wanted {
    match ends(range) {
        Some((Some(from), None)) if from >= size => Wanted::Nothing,
        Some((Some(from), Some(to))) if from <= to && from >= size => Wanted::Nothing,
        Some((Some(from), Some(to))) if from <= to => Wanted::Part(from, to.min(size - 1)),
        Some((Some(from), None)) => Wanted::Part(from, size - 1),
        Some((None, Some(last))) => match last.min(size) {
            0 => Wanted::Nothing,
            last => Wanted::Part(size - last, size - 1),
        },
        _ => Wanted::Whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s_114_one_range_and_no_more() {
        assert_eq!(part("bytes=0-0", 10), Wanted::Part(0, 0));
        assert_eq!(part("bytes=2-99", 10), Wanted::Part(2, 9));
        assert_eq!(part("bytes=4-", 10), Wanted::Part(4, 9));
        assert_eq!(part("bytes=-3", 10), Wanted::Part(7, 9));
        assert_eq!(part("bytes=-99", 10), Wanted::Part(0, 9));
        for none in ["bytes=10-", "bytes=99-100", "bytes=-0"] {
            assert_eq!(part(none, 10), Wanted::Nothing, "{none}");
        }
        let many = format!("bytes={}", "0-1,".repeat(1000));
        for odd in [
            "",
            "bytes=",
            "bytes=-",
            "bytes=5-2",
            "bytes=a-b",
            "items=0-1",
            "bytes=0-1,3-4",
            "bytes=+1-2",
            &many,
        ] {
            assert_eq!(part(odd, 10), Wanted::Whole, "{odd}");
        }
        assert_eq!(part("bytes=0-", 0), Wanted::Nothing);
    }
}
