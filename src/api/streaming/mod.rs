//! The streaming API: WebSocket (`socket.rs`) and server-sent events (`sse.rs`) over the hub in
//! [`crate::stream`]. `pump.rs` renders and decides, at the moment of sending, who gets what.

mod announcement;
mod pump;
mod socket;
mod sse;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::Auth;
use crate::app::App;
use crate::db;
use crate::error::{Error, Result};
use crate::id;
use crate::stream::Stream;
use crate::text::hashtag;

pub use pump::{Pump, start};
pub(super) use socket::open as socket;
pub(super) use sse::open as events;

/// The token where there is no header for it: in the query, or the subprotocol of a WebSocket.
pub(super) fn token(request: &HttpRequest) -> Option<String> {
    let query = form_urlencoded::parse(request.query_string().as_bytes());
    let mut tokens = query.filter(|(name, _)| name == "access_token");
    if let Some((_, token)) = tokens.next() {
        return Some(token.into_owned());
    }
    let headers = request.headers();
    socket::protocol(headers).filter(|_| socket::is_upgrade(headers)).map(str::to_owned)
}

/// GET /api/v1/streaming/health.
pub(super) async fn health() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("OK")
}

/// What a client asks for: in the query, or in a message of the socket.
#[derive(Debug, Default, Deserialize)]
struct Ask {
    /// `subscribe` or `unsubscribe`.
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    stream: String,
    #[serde(default)]
    list: Option<String>,
    #[serde(default)]
    tag: Option<String>,
    /// For server-sent events of the public timelines.
    #[serde(skip)]
    only_media: bool,
}

impl Ask {
    /// Out of a query.
    fn read(query: &str) -> Self {
        let mut ask = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "stream" => ask.stream = value.into_owned(),
                "list" => ask.list = Some(value.into_owned()),
                "tag" => ask.tag = Some(value.into_owned()),
                "only_media" => ask.only_media = matches!(value.as_ref(), "true" | "1" | ""),
                _ => {}
            }
        }
        ask
    }

    /// The stream that is meant.
    ///
    /// # Errors
    /// 400 for a name that there is not, or without the tag or list.
    fn stream(&self) -> Result<Stream> {
        let hashtag = |local| {
            let label = self.tag.as_deref().unwrap_or_default();
            let tag = hashtag::normalize(label)
                .ok_or(Error::BadRequest("Missing tag name parameter".into()))?;
            Ok(Stream::Hashtag { tag, label: label.to_owned(), local })
        };
        let public = |local, remote, media| Ok(Stream::Public { local, remote, media });
        match self.stream.as_str() {
            "user" => Ok(Stream::User),
            "user:notification" => Ok(Stream::UserNotification),
            "public" => public(false, false, self.only_media),
            "public:media" => public(false, false, true),
            "public:local" => public(true, false, self.only_media),
            "public:local:media" => public(true, false, true),
            "public:remote" => public(false, true, self.only_media),
            "public:remote:media" => public(false, true, true),
            "hashtag" => hashtag(false),
            "hashtag:local" => hashtag(true),
            "direct" => Ok(Stream::Direct),
            "list" => match self.list.as_deref() {
                None | Some("") => Err(Error::BadRequest("Missing list name parameter".into())),
                Some(list) => id::parse(list).map(Stream::List).ok_or(Error::NotFound),
            },
            _ => Err(Error::BadRequest("Unknown stream type".into())),
        }
    }
}

/// The stream that is asked for, if this token may have it (S-092).
///
/// # Errors
/// 403 without the scope, 404 for a list that is not the account's own.
async fn admit(app: &Data<App>, auth: &Auth, ask: &Ask) -> Result<Stream> {
    let (stream, me) = (ask.stream()?, auth.account_id()?);
    if !auth.token.as_ref().is_some_and(|token| token.scopes.allow(stream.scope())) {
        return Err(Error::Forbidden("This action is outside the authorized scopes".into()));
    }
    if let Stream::List(list) = stream
        && !app.read(move |conn| db::timeline::owns_list(conn, me, list)).await?
    {
        return Err(Error::NotFound);
    }
    Ok(stream)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_read_and_told_again() {
        for name in [
            "user",
            "user:notification",
            "direct",
            "public",
            "public:media",
            "public:local",
            "public:local:media",
            "public:remote",
            "public:remote:media",
        ] {
            assert_eq!(Ask::read(&format!("stream={name}")).stream().unwrap().labels(), [name]);
        }
        let tag = Ask::read("stream=hashtag:local&tag=Caf%C3%A9").stream().unwrap();
        assert_eq!(tag.labels(), ["hashtag:local", "Café"]);
        assert_eq!(Ask::read("stream=list&list=12").stream().unwrap().labels(), ["list", "12"]);
        for (query, status) in [
            ("stream=hashtag", 400),
            ("stream=list", 400),
            ("stream=list&list=x", 404),
            ("stream=everything", 400),
            ("", 400),
        ] {
            assert_eq!(Ask::read(query).stream().unwrap_err().status(), status, "{query}");
        }
    }
}
