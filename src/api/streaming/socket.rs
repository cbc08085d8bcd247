//! The WebSocket: any number of streams over one connection.

use std::time::{Duration, Instant};

use actix_web::http::header::{self, HeaderMap};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use actix_ws::{CloseCode, CloseReason, MessageStream, Session};
use serde_json::json;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::{Ask, admit};
use crate::api::Auth;
use crate::app::App;
use crate::error::{Error, Result};
use crate::stream::{Message, Seat};

/// How often the other side is asked whether it is there.
const PING: Duration = Duration::from_secs(30);
/// How long it may say nothing at all.
const SILENCE: Duration = Duration::from_secs(75);
/// The largest frame that is taken (S-129); ours are as long as a status.
const FRAME: usize = 64 * 1024;
/// How long a goodbye may take.
const GOODBYE: Duration = Duration::from_secs(1);

/// GET /api/v1/streaming: the upgrade. What goes wrong after it is told inside.
pub(in crate::api) async fn open(
    app: Data<App>,
    auth: Auth,
    request: HttpRequest,
    body: Payload,
) -> Result<HttpResponse> {
    if !is_upgrade(request.headers()) {
        return Err(Error::NotFound);
    }
    let me = auth.account_id()?;
    let token = auth.token.clone().ok_or_else(|| Error::internal("a stream without a token"))?;
    let protocol = protocol(request.headers()).unwrap_or_default().to_owned();
    let seat = app.streams.join(token, me)?;
    let ask = Ask::read(request.query_string());
    let mut complaint = None;
    if !ask.stream.is_empty() {
        let subscribed = admit(&app, &auth, &ask).await.and_then(|s| seat.subscribe(s));
        complaint = subscribed.err();
    }
    let (response, session, messages) =
        actix_ws::handle_with_protocols(&request, body, &[protocol.as_str()])
            .map_err(|_| Error::BadRequest("This is no WebSocket handshake".into()))?;
    let messages = messages.max_frame_size(FRAME);
    actix_web::rt::spawn(async move {
        let mut talk = Talk { app, auth, seat, session };
        let reason = talk.run(messages, complaint).await;
        let _ = timeout(GOODBYE, talk.session.close(reason)).await;
    });
    Ok(response)
}

/// Whether the request asks for a WebSocket.
pub(super) fn is_upgrade(headers: &HeaderMap) -> bool {
    let value = headers.get(header::UPGRADE).and_then(|value| value.to_str().ok());
    value.is_some_and(|value| value.eq_ignore_ascii_case("websocket"))
}

/// The first offered subprotocol: browsers can send a token only there.
pub(super) fn protocol(headers: &HeaderMap) -> Option<&str> {
    let offered = headers.get(header::SEC_WEBSOCKET_PROTOCOL)?.to_str().ok()?;
    offered.split(',').next().map(str::trim).filter(|protocol| !protocol.is_empty())
}

/// One open connection.
struct Talk {
    app: Data<App>,
    auth: Auth,
    seat: Seat,
    session: Session,
}

impl Talk {
    /// Until one side ends it; answers the reason to give.
    async fn run(
        &mut self,
        mut messages: MessageStream,
        complaint: Option<Error>,
    ) -> Option<CloseReason> {
        if let Some(error) = complaint {
            self.say(&complain(&error)).await?;
        }
        let mut heard = Instant::now();
        let mut pings = interval(PING);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        pings.tick().await;
        loop {
            tokio::select! {
                message = self.seat.next() => match message {
                    Some(message) => self.say(&envelope(&message)).await?,
                    None => return Some(CloseCode::Away.into()),
                },
                incoming = messages.recv() => {
                    heard = Instant::now();
                    match incoming? {
                        Ok(actix_ws::Message::Text(text)) => {
                            if let Err(error) = self.obey(&text).await {
                                self.say(&complain(&error)).await?;
                            }
                        }
                        Ok(actix_ws::Message::Ping(bytes)) => {
                            timeout(GOODBYE, self.session.pong(&bytes)).await.ok()?.ok()?;
                        }
                        Ok(actix_ws::Message::Pong(_) | actix_ws::Message::Nop) => {}
                        Ok(actix_ws::Message::Close(_)) => return Some(CloseCode::Normal.into()),
                        Ok(_) => return Some(CloseCode::Unsupported.into()),
                        Err(_) => return Some(CloseCode::Protocol.into()),
                    }
                },
                _ = pings.tick() => {
                    if heard.elapsed() > SILENCE {
                        return None;
                    }
                    timeout(GOODBYE, self.session.ping(b"")).await.ok()?.ok()?;
                },
            }
        }
    }

    /// Sends, as long as it takes; `None` when the connection ends or was ended meanwhile.
    async fn say(&mut self, text: &str) -> Option<()> {
        tokio::select! {
            () = self.seat.ended() => None,
            sent = self.session.text(text) => sent.ok(),
        }
    }

    /// `{"type": "subscribe", "stream": …}` and its opposite.
    async fn obey(&self, text: &str) -> Result<()> {
        if text.trim().is_empty() {
            return Ok(());
        }
        let ask: Ask = serde_json::from_str(text)
            .map_err(|_| Error::BadRequest("Could not parse JSON".into()))?;
        match ask.kind.as_str() {
            "subscribe" => self.seat.subscribe(admit(&self.app, &self.auth, &ask).await?),
            "unsubscribe" => {
                self.seat.unsubscribe(&ask.stream()?);
                Ok(())
            }
            _ => Err(Error::BadRequest("Unknown message type".into())),
        }
    }
}

fn envelope(message: &Message) -> String {
    let mut told = json!({ "stream": message.stream.labels(), "event": message.event });
    if let Some(payload) = &message.payload {
        told["payload"] = payload.as_ref().into();
    }
    told.to_string()
}

fn complain(error: &Error) -> String {
    json!({ "error": error.public(), "status": error.status() }).to_string()
}
