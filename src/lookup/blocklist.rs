//! Lists of blocked domains that somebody else keeps: read with the word of what we have, so that
//! one that did not change costs next to nothing.

use crate::app::App;
use crate::client::{Limits, OutRequest};
use crate::error::{Error, Result};
use crate::text::charset;

/// The largest list.
const LARGEST: usize = 4 * 1024 * 1024;

/// What an address answers.
pub enum Answer {
    /// As it was.
    Same,
    New {
        text: String,
        etag: Option<String>,
        last_modified: Option<String>,
    },
}

/// Reads a list. Blocking.
///
/// # Errors
/// 503 with the reason when it cannot be had, or is no list.
pub fn fetch(app: &App, url: &str, etag: Option<&str>, modified: Option<&str>) -> Result<Answer> {
    let mut request = OutRequest::get(url)
        .header("accept", "text/csv, text/plain;q=0.9, application/json;q=0.8, */*;q=0.1")
        .limits(Limits { max_bytes: LARGEST, ..Limits::PAGE });
    if let Some(etag) = etag {
        request = request.header("if-none-match", etag);
    } else if let Some(modified) = modified {
        request = request.header("if-modified-since", modified);
    }
    let answer = app.client.send(request)?;
    if answer.status == 304 {
        return Ok(Answer::Same);
    }
    if !answer.is_success() {
        return Err(Error::Remote(format!("the list answers {}", answer.status).into()));
    }
    let content_type = answer.header("content-type").unwrap_or_default().to_owned();
    if content_type.to_ascii_lowercase().contains("html") {
        return Err(Error::Remote("there is a page, no list".into()));
    }
    let short =
        |name: &str| answer.header(name).filter(|value| value.len() <= 500).map(str::to_owned);
    Ok(Answer::New {
        etag: short("etag"),
        last_modified: short("last-modified"),
        text: charset::decode(&answer.body, &content_type),
    })
}
