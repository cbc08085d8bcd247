//! One push: a sealed and signed POST to a push service, and what its answer means (RFC 8030).

use url::Url;

use crate::app::App;
use crate::client::{Kind, OutRequest};
use crate::clock::{DAY, HOUR, MINUTE};
use crate::db::{self, Lane};
use crate::error::{Error, Result};
use crate::federation::process::Step;
use crate::model::Job;
use crate::service::push::{Message, compose};

/// Nobody wants to be told of what is older.
const TOO_OLD: i64 = 2 * DAY;
/// How long a token for a push service is good; RFC 8292 allows a day.
const TOKEN_LIFE: i64 = 12 * HOUR;
/// The longest pause between two tries.
const LONGEST_PAUSE: i64 = 6 * HOUR;

/// How a push ended.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    /// It arrived, or will never be wanted.
    Done,
    /// There is no such subscription any more.
    Gone,
    /// Perhaps later; the seconds that the service wants to be left alone.
    Later(String, Option<u64>),
}

/// Sends what a job is about and writes down what came of it.
pub(super) fn deliver(app: &App, job: &Job) -> Step<bool> {
    let (subscription, notification, since): (i64, i64, i64) =
        serde_json::from_slice(&job.payload).map_err(Error::internal)?;
    let age = app.clock.settled_ms() - since;
    let message = app.db.read(|conn| compose(conn, &app.site, subscription, notification))?;
    let outcome = match message {
        Some(message) if age <= TOO_OLD => send(app, &message, notification, since)?,
        _ => Outcome::Done,
    };
    if matches!(outcome, Outcome::Later(..)) && app.wake.is_closed() {
        // cut off by the end of the program: it stays due
        return Ok(true);
    }
    let (id, attempts) = (job.id, job.attempts);
    let written = app.db.write(Lane::Background, move |tx| match outcome {
        Outcome::Done => db::job::remove(tx, id),
        Outcome::Gone => {
            db::push::remove(tx, subscription)?;
            db::job::remove(tx, id)
        }
        Outcome::Later(reason, wish) => {
            db::job::postpone(tx, id, tx.now() + pause(attempts, wish), &reason)
        }
    });
    match written.wait() {
        // the server stops: it is sent again, under the same topic
        Err(Error::Unavailable { .. }) => Ok(true),
        other => Ok(other.map(|()| true)?),
    }
}

fn send(app: &App, message: &Message, notification: i64, since: i64) -> Result<Outcome> {
    let Ok(origin) = Url::parse(&message.endpoint).map(|url| url.origin().ascii_serialization())
    else {
        return Ok(Outcome::Gone);
    };
    let now = app.clock.now_ms();
    let contact = app.config.instance.contact_email.as_deref().filter(|email| !email.is_empty());
    let subject = contact.map_or_else(|| app.site.base.clone(), |email| format!("mailto:{email}"));
    let token = app.vapid.token(&origin, (now + TOKEN_LIFE) / 1000, &subject)?;
    let key = app.vapid.public_in_header();
    let left = ((since + TOO_OLD - now) / 1000).max(0);
    let (sealed, headers) = if message.standard {
        let sealed = message.recipient.seal(&message.text)?;
        let authorization = format!("vapid t={token},k={key}");
        (
            sealed,
            vec![("Content-Encoding", "aes128gcm".to_owned()), ("Authorization", authorization)],
        )
    } else {
        let sealed = message.recipient.seal_old(&message.text)?;
        let keys = format!("dh={};p256ecdsa={key}", sealed.sender());
        let headers = vec![
            ("Content-Encoding", "aesgcm".to_owned()),
            ("Encryption", format!("salt={}", sealed.salt())),
            ("Crypto-Key", keys),
            ("Authorization", format!("WebPush {token}")),
        ];
        (sealed, headers)
    };
    let mut request = OutRequest::post(&message.endpoint, sealed.body.into())
        .header("Content-Type", "application/octet-stream")
        .header("TTL", left.to_string())
        .header("Urgency", "normal")
        // a second try takes the place of a first one that arrived after all
        .header("Topic", format!("n{notification}"));
    for (name, value) in headers {
        request = request.header(name, value);
    }
    Ok(match app.client.send(request) {
        Ok(answer) => judge(answer.status, answer.retry_after),
        Err(error) if error.kind == Kind::BadUrl => Outcome::Gone,
        Err(error) => Outcome::Later(error.to_string(), None),
    })
}

/// What a status means. A refusal on other grounds (a size, a signature) would only be repeated.
fn judge(status: u16, wish: Option<u64>) -> Outcome {
    match status {
        200..=299 => Outcome::Done,
        404 | 410 => Outcome::Gone,
        408 | 429 | 500..=599 => {
            Outcome::Later(format!("the push service answered {status}"), wish)
        }
        _ => {
            tracing::warn!(status, "a push service refused a message");
            Outcome::Done
        }
    }
}

/// One minute, then three times as long each time; or what the service wishes.
fn pause(attempts: i64, wish: Option<u64>) -> i64 {
    let grown = MINUTE * 3_i64.pow(u32::try_from(attempts).unwrap_or(0).min(6));
    let wish = wish.map_or(0, |s| i64::try_from(s).unwrap_or(i64::MAX).saturating_mul(1000));
    grown.max(wish).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_and_what_they_mean() {
        assert_eq!(judge(201, None), Outcome::Done);
        assert_eq!(judge(404, None), Outcome::Gone);
        assert_eq!(judge(410, None), Outcome::Gone);
        assert_eq!(judge(413, None), Outcome::Done);
        for status in [429, 500, 503] {
            assert!(matches!(judge(status, Some(9)), Outcome::Later(_, Some(9))), "{status}");
        }
    }

    #[test]
    fn pauses_grow_and_heed_wishes() {
        assert_eq!(pause(0, None), MINUTE);
        assert!(pause(3, None) > pause(2, None));
        assert_eq!(pause(0, Some(600)), 10 * MINUTE);
        assert_eq!(pause(99, Some(u64::MAX)), LONGEST_PAUSE);
    }
}
