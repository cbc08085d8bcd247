//! One delivery: a signed POST, and what its answer means (F-077 to F-088, F-211 to F-216).

use std::sync::Arc;

use crate::app::App;
use crate::client::{ClientError, Kind, OutRequest, Sign};
use crate::clock::{DAY, HOUR, MINUTE};
use crate::db::{self, Lane, Tx};
use crate::error::{Error, Result, guarded};
use crate::meter::Delivered;
use crate::model::{Delivery, SignatureForm};
use crate::service;
use crate::signature::key::PrivateKey;

use super::{accept, knock};

/// The longest pause between two tries of a server that is not given up.
const LONGEST: i64 = 12 * HOUR;
/// After so many failures in a row all inboxes of a server rest for a minute after each (F-214).
const BREAKER: i64 = 10;
/// How often an activity is tried that a server refuses while others wait behind it: about forty
/// minutes, or half a day where the server broke over it. Nothing says that it would refuse those.
const REFUSED: i64 = 8;
const BROKEN: i64 = 12;
/// How often it is tried if sending makes the program panic (S-136).
const POISON: i64 = 3;
/// The longest wish of a peer to be left alone that is granted.
const LONGEST_WISH: i64 = 6 * HOUR;

/// How a delivery ended.
#[derive(Debug)]
enum Outcome {
    Arrived,
    /// The server said that it never will: the reason.
    Refused(String),
    /// The inbox is not there any more (F-213).
    Gone,
    /// We do not send it: the reason.
    Dropped(&'static str),
    /// Perhaps later.
    Later(Later),
}

/// Why something did not arrive this time.
#[derive(Debug, Default)]
struct Later {
    reason: String,
    /// How many seconds the peer wants to be left alone.
    wish: Option<u64>,
    /// It may be for this activity: after so many tries it makes room to those behind it.
    tries: Option<i64>,
}

/// Sends one activity to one inbox and writes down what came of it. Blocking, on the delivery
/// lane.
///
/// # Errors
/// When the outcome could not be written: the row is still due then.
pub fn deliver(app: &App, delivery: Delivery) -> Result<()> {
    let outcome = match guarded(|| send(app, &delivery)) {
        Ok(outcome) => outcome,
        Err(error) if error.is_panic() && delivery.attempts + 1 >= POISON => {
            Outcome::Dropped("the program panics over it")
        }
        Err(error) => Outcome::Later(Later { reason: error.to_string(), ..Later::default() }),
    };
    app.meter.delivery(match &outcome {
        Outcome::Arrived => Delivered::Arrived,
        Outcome::Refused(_) | Outcome::Gone => Delivered::Refused,
        Outcome::Dropped(_) => Delivered::Dropped,
        Outcome::Later(_) => Delivered::Later,
    });
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
    let (activity, blocked, remembered, old, compare) = app.db.read(|conn| {
        let activity = db::delivery::find_activity(conn, delivery.activity_id)?;
        let compare = match &activity {
            Some((sender, body)) => {
                service::followers_sync::header(conn, *sender, body, &delivery.inbox)?
            }
            None => None,
        };
        Ok((
            activity,
            service::domain::is_suspended(conn, &delivery.host)?,
            db::host::signature(conn, &delivery.host)?,
            db::key::find_old(conn, delivery.activity_id)?,
            compare,
        ))
    })?;
    if blocked {
        return Ok(Outcome::Dropped("the server is blocked here"));
    }
    let Some((sender, body)) = activity else {
        return Ok(Outcome::Dropped("the activity is gone"));
    };
    let body: Arc<[u8]> = body.into();
    let compare = compare.as_deref();
    if let Some((key_id, pkcs8)) = old {
        // it tells of the new key: who knows the old one believes it (F-353)
        let sign = knock::cavage(app, key_id, PrivateKey::from_pkcs8(&pkcs8)?);
        match post(app, delivery, &body, compare, sign) {
            Ok((400..=403, _)) => {}
            other => return Ok(judge(other)),
        }
    }
    let [form, other] = SignatureForm::order(remembered);
    let first = post(app, delivery, &body, compare, knock::sign(app, sender, form)?);
    // the other kind of signature, once (F-087)
    if matches!(&first, Ok((status, _)) if knock::is_refusal(form, *status)) {
        let second = post(app, delivery, &body, compare, knock::sign(app, sender, other)?);
        if matches!(&second, Ok((200..=299, _))) {
            knock::remember(app, &delivery.host, other)?;
            return Ok(judge(second));
        }
        // what everybody reads is judged by
        if form != SignatureForm::Cavage {
            return Ok(judge(second));
        }
    }
    Ok(judge(first))
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
        // whoever took it and then says too much did take it
        .cut()
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
        Ok((410, _)) => Outcome::Gone,
        Ok((status @ (413 | 422 | 501), _)) => {
            Outcome::Refused(format!("the inbox answered {status}"))
        }
        Ok((status, wish)) => Outcome::Later(Later {
            reason: format!("the inbox answered {status}"),
            wish,
            tries: match status {
                408 | 429 => None,
                400..=499 => Some(REFUSED),
                500 => Some(BROKEN),
                _ => None,
            },
        }),
        Err(error) => match error.kind {
            Kind::BadUrl => Outcome::Dropped("its address cannot be used"),
            // a forbidden address may be a passing fault of somebody's name server
            _ => Outcome::Later(Later { reason: error.to_string(), ..Later::default() }),
        },
    }
}

fn record(tx: &Tx<'_>, delivery: &Delivery, outcome: Outcome, spread: u16) -> Result<()> {
    let host = &delivery.host;
    match outcome {
        Outcome::Arrived => {
            service::delivery::arrived(tx, delivery)?;
            db::host::keep_signature(tx, host)?;
            if db::host::succeeded(tx, host)? {
                db::delivery::hasten(tx, host)?;
            }
        }
        Outcome::Refused(reason) => {
            tracing::info!(inbox = %delivery.inbox, %reason, "delivery refused");
            service::delivery::failed(tx, delivery, &reason)?;
            // it does answer
            if db::host::succeeded(tx, host)? {
                db::delivery::hasten(tx, host)?;
            }
        }
        Outcome::Gone => {
            tracing::info!(inbox = %delivery.inbox, "this inbox is gone");
            service::delivery::failed(tx, delivery, "the inbox answered 410")?;
            service::gone::suspect(tx, &delivery.inbox, host)?;
        }
        Outcome::Dropped(reason) => {
            tracing::info!(inbox = %delivery.inbox, reason, "delivery dropped");
            service::delivery::failed(tx, delivery, reason)?;
        }
        Outcome::Later(Later { reason, wish, tries }) => {
            let failing = db::host::failed(tx, host, &reason)?;
            if failing.failures == 1 {
                // what follows is said in `dassie host list`, not in the log each time
                tracing::info!(inbox = %delivery.inbox, %reason, "a server began to fail");
            }
            let pause = if failing.unavailable {
                7 * DAY
            } else {
                pause(delivery.attempts, spread).max(wish_ms(wish))
            };
            let in_the_way = match tries {
                Some(tries) if !failing.unavailable && delivery.attempts + 1 >= tries => {
                    db::delivery::is_waited_for(tx, delivery)?
                }
                _ => false,
            };
            if in_the_way {
                tracing::warn!(inbox = %delivery.inbox, %reason, "delivery given up for those behind it");
                return service::delivery::failed(tx, delivery, &reason);
            }
            if tx.settled() - delivery.created_at > service::delivery::GIVE_UP {
                tracing::warn!(inbox = %delivery.inbox, %reason, "delivery given up");
                // what waited behind it comes forward, and waits as long
                service::delivery::failed(tx, delivery, &reason)?;
                return db::delivery::hold_back(tx, host, tx.now() + pause);
            }
            tracing::debug!(inbox = %delivery.inbox, %reason, attempts = delivery.attempts, "delivery postponed");
            db::delivery::postpone(tx, delivery, tx.now() + pause, &reason)?;
            if failing.unavailable {
                db::delivery::hold_back(tx, host, tx.now() + pause)?;
            } else if failing.failures >= BREAKER {
                db::delivery::hold_back(tx, host, tx.now() + MINUTE)?;
            }
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
        assert!(matches!(of(410), Outcome::Gone));
        for status in [413, 422, 501] {
            assert!(matches!(of(status), Outcome::Refused(_)), "{status}");
        }
        for status in [400, 401, 403, 404, 405, 408, 429, 500, 502, 503, 504, 302] {
            assert!(matches!(of(status), Outcome::Later(_)), "{status}");
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
