//! One delivery: a signed POST, and what its answer means (F-077 to F-088, F-211 to F-216).

use std::sync::Arc;

use crate::app::App;
use crate::client::{ClientError, Kind, OutRequest, Sign};
use crate::clock::{DAY, HOUR};
use crate::db::{self, Lane, Tx};
use crate::error::{Error, Result};
use crate::model::Delivery;
use crate::service;

use super::{accept, fetch};

/// A delivery that did not arrive for so long is given up.
const GIVE_UP: i64 = 10 * DAY;
/// The longest pause between two tries of a server that is not given up.
const LONGEST: i64 = 12 * HOUR;
/// The longest wish of a peer to be left alone that is granted.
const LONGEST_WISH: i64 = 6 * HOUR;

/// How a delivery ended.
#[derive(Debug)]
enum Outcome {
    Arrived,
    /// The server said that it never will: the reason.
    Refused(String),
    /// We do not send it: the reason.
    Dropped(&'static str),
    /// Perhaps later: the reason, and how many seconds the peer wants to be left alone.
    Later(String, Option<u64>),
}

/// Sends one activity to one inbox and writes down what came of it. Blocking, on the delivery
/// lane.
///
/// # Errors
/// When the outcome could not be written: the row is still due then.
pub fn deliver(app: &App, delivery: Delivery) -> Result<()> {
    let outcome = match send(app, &delivery) {
        Ok(outcome) => outcome,
        Err(error) => Outcome::Later(error.to_string(), None),
    };
    let spread = crate::crypto::random_bytes::<2>();
    let written = app.db.write(Lane::Background, move |tx| {
        record(tx, &delivery, outcome, u16::from_le_bytes(spread))
    });
    match written.wait() {
        // the server stops: it is sent again, the peer knows the activity's id by then
        Err(Error::Unavailable { .. }) => Ok(()),
        other => other,
    }
}

fn send(app: &App, delivery: &Delivery) -> Result<Outcome> {
    let (activity, blocked) = app.db.read(|conn| {
        Ok((
            db::delivery::find_activity(conn, delivery.activity_id)?,
            service::domain::is_suspended(conn, &delivery.host)?,
        ))
    })?;
    if blocked {
        return Ok(Outcome::Dropped("the server is blocked here"));
    }
    let Some((sender, body)) = activity else {
        return Ok(Outcome::Dropped("the activity is gone"));
    };
    let body: Arc<[u8]> = body.into();
    let (modern, compare) = app.db.read(|conn| {
        let compare = service::followers_sync::header(conn, sender, &body, &delivery.inbox)?;
        Ok((db::host::takes_rfc9421(conn, &delivery.host)?, compare))
    })?;
    let compare = compare.as_deref();
    let first = post(app, delivery, &body, compare, sign(app, sender, modern)?);
    // the other kind of signature, once (F-087)
    let refused_signature = matches!(&first, Ok(status) if matches!(status.0, 400 | 401));
    if refused_signature {
        let second = post(app, delivery, &body, compare, sign(app, sender, !modern)?);
        if matches!(&second, Ok((200..=299, _))) {
            let host = delivery.host.clone();
            app.db
                .write(Lane::Background, move |tx| db::host::set_rfc9421(tx, &host, !modern))
                .wait()?;
            return Ok(judge(second));
        }
    }
    Ok(judge(first))
}

fn sign(app: &App, sender: i64, modern: bool) -> Result<Sign> {
    if modern { fetch::signer_rfc9421(app, sender) } else { fetch::signer(app, sender) }
}

type Answer = std::result::Result<(u16, Option<u64>), ClientError>;

fn post(
    app: &App,
    delivery: &Delivery,
    body: &Arc<[u8]>,
    compare: Option<&str>,
    sign: Sign,
) -> Answer {
    let mut request = OutRequest::post(&delivery.inbox, Arc::clone(body))
        .header("Content-Type", "application/activity+json")
        .header("Accept", accept::WANTED)
        .signed(sign);
    if let Some(header) = compare {
        // F-229
        request = request.header("Collection-Synchronization", header);
    }
    app.client.send(request).map(|response| (response.status, response.retry_after))
}

fn judge(answer: Answer) -> Outcome {
    match answer {
        Ok((200..=299, _)) => Outcome::Arrived,
        Ok((status @ (410 | 413 | 422 | 501), _)) => {
            Outcome::Refused(format!("the inbox answered {status}"))
        }
        Ok((status, wish)) => Outcome::Later(format!("the inbox answered {status}"), wish),
        Err(error) => match error.kind {
            Kind::BadUrl => Outcome::Dropped("its address cannot be used"),
            // a forbidden address may be a passing fault of somebody's name server
            _ => Outcome::Later(error.to_string(), None),
        },
    }
}

fn record(tx: &Tx<'_>, delivery: &Delivery, outcome: Outcome, spread: u16) -> Result<()> {
    match outcome {
        Outcome::Arrived => {
            db::delivery::remove(tx, delivery.id)?;
            if db::host::succeeded(tx, &delivery.host)? {
                db::delivery::hasten(tx, &delivery.host)?;
            }
        }
        Outcome::Refused(reason) => {
            tracing::info!(inbox = %delivery.inbox, %reason, "delivery refused");
            db::delivery::remove(tx, delivery.id)?;
            // it does answer
            db::host::succeeded(tx, &delivery.host)?;
        }
        Outcome::Dropped(reason) => {
            tracing::info!(inbox = %delivery.inbox, reason, "delivery dropped");
            db::delivery::remove(tx, delivery.id)?;
        }
        Outcome::Later(reason, wish) => {
            let age = tx.now() - delivery.created_at;
            if age > GIVE_UP {
                tracing::warn!(inbox = %delivery.inbox, %reason, "delivery given up");
                return db::delivery::remove(tx, delivery.id);
            }
            tracing::debug!(inbox = %delivery.inbox, %reason, attempts = delivery.attempts, "delivery postponed");
            let unavailable = db::host::failed(tx, &delivery.host)?;
            let pause = if unavailable {
                7 * DAY
            } else {
                pause(delivery.attempts, spread).max(wish_ms(wish))
            };
            db::delivery::postpone(tx, delivery, tx.now() + pause, &reason)?;
        }
    }
    Ok(())
}

fn wish_ms(seconds: Option<u64>) -> i64 {
    seconds
        .map_or(0, |s| i64::try_from(s).unwrap_or(i64::MAX).saturating_mul(1000))
        .min(LONGEST_WISH)
}

/// The pause before the next try: attempts⁴ + 15 seconds, half of it to one and a half times,
/// half a day at the most (F-212).
fn pause(attempts: i64, spread: u16) -> i64 {
    let seconds = attempts.clamp(0, 100).pow(4) + 15;
    let whole = (seconds * 1000).min(LONGEST);
    whole / 2 + whole * i64::from(spread) / i64::from(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f_211_answers_and_what_they_mean() {
        let of = |status| judge(Ok((status, None)));
        for status in [200, 202, 204] {
            assert!(matches!(of(status), Outcome::Arrived), "{status}");
        }
        for status in [410, 413, 422, 501] {
            assert!(matches!(of(status), Outcome::Refused(_)), "{status}");
        }
        for status in [400, 401, 403, 404, 405, 408, 429, 500, 502, 503, 504, 302] {
            assert!(matches!(of(status), Outcome::Later(..)), "{status}");
        }
    }

    #[test]
    fn f_212_pauses_grow_and_are_spread() {
        assert_eq!(pause(0, 0), 7_500);
        assert_eq!(pause(0, u16::MAX), 22_500);
        assert!(pause(5, 0) > pause(3, u16::MAX));
        assert!(pause(1000, u16::MAX) <= LONGEST * 3 / 2);
    }
}
