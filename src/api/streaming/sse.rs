//! Server-sent events: one stream a connection, for clients without WebSockets.

use std::convert::Infallible;
use std::time::Duration;

use actix_web::http::header::{self, ContentEncoding};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream;

use super::{Ask, admit};
use crate::api::Auth;
use crate::app::App;
use crate::error::{Error, Result};
use crate::stream::Message;

/// How often a quiet stream says that it is there.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// GET /api/v1/streaming/user, /user/notification, /public, /public/local, /public/remote,
/// /hashtag, /hashtag/local, /list and /direct: the path is the name of the stream.
pub(in crate::api) async fn open(
    app: Data<App>,
    auth: Auth,
    request: HttpRequest,
) -> Result<HttpResponse> {
    let mut ask = Ask::read(request.query_string());
    let (_, name) = request.path().split_once("/streaming/").ok_or(Error::NotFound)?;
    ask.stream = name.trim_end_matches('/').replace('/', ":");
    let me = auth.account_id()?;
    let stream = admit(&app, &auth, &ask).await?;
    let token = auth.token.ok_or_else(|| Error::internal("a stream without a token"))?;
    let seat = app.streams.join(token, me)?;
    seat.subscribe(stream)?;
    let body = stream::unfold((seat, true), |(mut seat, new)| async move {
        if new {
            // something to read at once, so that the client sees the connection open
            return Some((Ok::<_, Infallible>(Bytes::from_static(b":)\n\n")), (seat, false)));
        }
        let text = match tokio::time::timeout(HEARTBEAT, seat.next()).await {
            Ok(message) => frame(&message?),
            Err(_) => Bytes::from_static(b":thump\n\n"),
        };
        Some((Ok(text), (seat, false)))
    });
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        // compression would keep events back
        .insert_header(ContentEncoding::Identity)
        .insert_header(("x-accel-buffering", "no"))
        .force_close()
        .streaming(Box::pin(body)))
}

fn frame(message: &Message) -> Bytes {
    // JSON has no line breaks in it
    let data = message.payload.as_deref().unwrap_or_default();
    format!("event: {}\ndata: {data}\n\n", message.event).into()
}
