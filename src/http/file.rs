//! Answers with files of the disk, with the headers of S-109. They never change under their address,
//! so that whoever has one needs not ask again; they are read piece by piece, away from the thread
//! that serves all connections.

use std::fs::File;
use std::os::unix::fs::FileExt;

use actix_web::body::SizedStream;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use futures_util::{Stream, stream};

use crate::app::App;
use crate::error::{Error, Result};

/// How much is read at once.
pub const PIECE: u64 = 128 * 1024;

/// For what is always the same under its address, and for what stands in for something else.
pub const FOR_EVER: &str = "public, max-age=31536000, immutable";
pub const A_WHILE: &str = "public, max-age=600";

/// How a file is shown.
#[derive(Clone, Debug)]
pub struct Shown {
    /// With its quotes; strong.
    pub tag: String,
    /// From our own table.
    pub media_type: &'static str,
    /// [`FOR_EVER`] or [`A_WHILE`].
    pub age: &'static str,
}

impl Shown {
    /// Says it.
    pub fn headers(&self, response: &mut HttpResponseBuilder) {
        response
            .insert_header((header::ETAG, self.tag.as_str()))
            .insert_header((header::CACHE_CONTROL, self.age))
            .insert_header((header::CONTENT_TYPE, self.media_type))
            .insert_header((header::CONTENT_SECURITY_POLICY, policy(self.media_type)))
            .insert_header((header::CONTENT_DISPOSITION, "inline"))
            // images are packed already: as they are, with their length
            .insert_header((header::CONTENT_ENCODING, "identity"))
            // web clients on other hosts show them
            .insert_header((
                HeaderName::from_static("cross-origin-resource-policy"),
                "cross-origin",
            ));
    }
}

/// An answer with a file of known size.
pub enum Begun {
    /// There is nothing more to it.
    Whole(HttpResponse),
    /// The bytes from a place on follow, so many.
    Part(HttpResponseBuilder, u64, u64),
}

/// Nothing in a file is run, whatever it is. Of one that is played a browser makes a page of its
/// own, which asks for the file once more: without leave for that it stays black.
fn policy(media_type: &str) -> &'static str {
    if media_type.starts_with("image/") {
        "default-src 'none'; sandbox"
    } else {
        "default-src 'none'; media-src 'self'; sandbox"
    }
}

/// The answer to a request for a file of this size, but for its bytes.
pub fn begin(request: &HttpRequest, shown: &Shown, size: u64) -> Begun {
    let fresh = is_fresh(request, &shown.tag);
    let range = if fresh { Range::Whole } else { wanted(request.headers(), &shown.tag, size) };
    let mut response = match range {
        Range::Nothing => HttpResponse::RangeNotSatisfiable(),
        Range::Part(..) => HttpResponse::PartialContent(),
        Range::Whole if fresh => HttpResponse::NotModified(),
        Range::Whole => HttpResponse::Ok(),
    };
    shown.headers(&mut response);
    response.insert_header((header::ACCEPT_RANGES, "bytes"));
    if fresh {
        return Begun::Whole(response.finish());
    }
    let (from, length) = match range {
        Range::Nothing => {
            response.insert_header((header::CONTENT_RANGE, format!("bytes */{size}")));
            return Begun::Whole(response.finish());
        }
        Range::Part(from, to) => {
            response.insert_header((header::CONTENT_RANGE, format!("bytes {from}-{to}/{size}")));
            (from, to - from + 1)
        }
        Range::Whole => (0, size),
    };
    if request.method() == Method::HEAD {
        let nothing = stream::empty::<Result<Bytes>>();
        return Begun::Whole(response.body(SizedStream::new(length, nothing)));
    }
    Begun::Part(response, from, length)
}

/// Answers with a file of the disk.
pub fn serve(
    app: &App,
    request: &HttpRequest,
    file: File,
    size: u64,
    shown: &Shown,
) -> HttpResponse {
    match begin(request, shown, size) {
        Begun::Whole(answer) => answer,
        Begun::Part(mut response, from, length) => {
            response.body(SizedStream::new(length, pieces(app.clone(), file, from, length)))
        }
    }
}

/// Answers with a file for its owner alone, to be kept under this name.
pub fn hand_over(
    app: &App,
    file: File,
    size: u64,
    media_type: &'static str,
    name: &str,
) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, media_type))
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        // it is packed already
        .insert_header((header::CONTENT_ENCODING, "identity"))
        .body(SizedStream::new(size, pieces(app.clone(), file, 0, size)))
}

/// The bytes of a file from a place on, so many of them.
fn pieces(app: App, file: File, from: u64, length: u64) -> impl Stream<Item = Result<Bytes>> {
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

/// Whether `If-None-Match` names this tag.
pub fn is_fresh(request: &HttpRequest, tag: &str) -> bool {
    let bare = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let tag = bare(tag);
    request
        .headers()
        .get_all(header::IF_NONE_MATCH)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|known| known.trim() == "*" || bare(known) == tag)
}

/// What part of a file is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Range {
    Whole,
    /// From and to, both with it.
    Part(u64, u64),
    /// None that there is.
    Nothing,
}

/// What the headers ask for. One range is answered; several, or what cannot be read, are as good as none (S-114).
fn wanted(headers: &HeaderMap, tag: &str, size: u64) -> Range {
    range(headers, tag).map_or(Range::Whole, |range| part(range, size))
}

/// The range that is asked for, if it is one of what we have.
pub fn range<'a>(headers: &'a HeaderMap, tag: &str) -> Option<&'a str> {
    let text = |name| headers.get(name).map(HeaderValue::to_str);
    match text(header::IF_RANGE) {
        None => {}
        Some(Ok(known)) if known == tag => {}
        Some(_) => return None,
    }
    text(header::RANGE)?.ok()
}

/// Both ends of a range, as far as they are there; `None`: it is none.
pub fn ends(range: &str) -> Option<(Option<u64>, Option<u64>)> {
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

fn part(range: &str, size: u64) -> Range {
    match ends(range) {
        Some((Some(from), None)) if from >= size => Range::Nothing,
        Some((Some(from), Some(to))) if from <= to && from >= size => Range::Nothing,
        Some((Some(from), Some(to))) if from <= to => Range::Part(from, to.min(size - 1)),
        Some((Some(from), None)) => Range::Part(from, size - 1),
        Some((None, Some(last))) => match last.min(size) {
            0 => Range::Nothing,
            last => Range::Part(size - last, size - 1),
        },
        _ => Range::Whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s_114_one_range_and_no_more() {
        assert_eq!(part("bytes=0-0", 10), Range::Part(0, 0));
        assert_eq!(part("bytes=2-99", 10), Range::Part(2, 9));
        assert_eq!(part("bytes=4-", 10), Range::Part(4, 9));
        assert_eq!(part("bytes=-3", 10), Range::Part(7, 9));
        assert_eq!(part("bytes=-99", 10), Range::Part(0, 9));
        for none in ["bytes=10-", "bytes=99-100", "bytes=-0"] {
            assert_eq!(part(none, 10), Range::Nothing, "{none}");
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
            assert_eq!(part(odd, 10), Range::Whole, "{odd}");
        }
        assert_eq!(part("bytes=0-", 0), Range::Nothing);
    }
}
