//! Statuses that are written now and published later. The request is kept with its id; at its time
//! the row goes and the status comes in one transaction. What cannot be published then (the
//! status that it answers is gone, say) is not dropped: it stays in its author's list, past its
//! time, to be given another or to be deleted.

use serde::{Deserialize, Serialize};

use crate::clock::{HOUR, MINUTE};
use crate::db::scheduled_status::ScheduledStatus;
use crate::db::{self, Conn, Tx};
use crate::error::{Error, Result};
use crate::model::{Account, ContentType, InteractionPolicy, JobKind, QuotePolicy, Visibility};
use crate::site::Site;

use super::media;
use super::plan::plan;
use super::poll::NewPoll;
use super::status::{self, Draft, Mentioned};

/// How far ahead the time must be.
pub const SOONEST: i64 = 5 * MINUTE;
/// How many may wait, and how many for one day (UTC).
const MOST: i64 = 300;
const MOST_A_DAY: i64 = 25;
/// The pause while nobody knows whether its time has come.
const DOUBT: i64 = 5 * MINUTE;
/// How long an `Idempotency-Key` is remembered.
const IDEMPOTENCY: i64 = HOUR;

/// A request as it is kept.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Stored {
    pub text: String,
    pub spoiler_text: String,
    pub visibility: Option<String>,
    pub language: Option<String>,
    pub sensitive: Option<bool>,
    pub in_reply_to_id: Option<i64>,
    pub media_ids: Vec<i64>,
    pub poll: Option<NewPoll>,
    pub application_id: Option<i64>,
    pub content_type: Option<String>,
    pub quoted_status_id: Option<i64>,
    pub quote_policy: Option<i64>,
    pub policy: Option<InteractionPolicy>,
    pub idempotency_key: Option<String>,
}

impl Stored {
    /// From what a person wrote.
    pub fn of(draft: &Draft) -> Self {
        Self {
            text: draft.text.clone(),
            spoiler_text: draft.spoiler_text.clone(),
            visibility: draft.visibility.map(|v| v.as_str().to_owned()),
            language: draft.language.clone(),
            sensitive: draft.sensitive,
            in_reply_to_id: draft.in_reply_to_id,
            media_ids: draft.media_ids.clone(),
            poll: draft.poll.clone(),
            application_id: draft.application_id,
            content_type: draft.content_type.map(|kind| kind.as_str().to_owned()),
            quoted_status_id: draft.quoted_status_id,
            quote_policy: draft.quote_policy.map(QuotePolicy::number),
            policy: draft.policy.clone(),
            idempotency_key: draft.idempotency_key.clone(),
        }
    }

    /// Reads [`ScheduledStatus::params`].
    pub fn parse(params: &str) -> Result<Self> {
        serde_json::from_str(params).map_err(Error::internal)
    }

    /// What is written at its time: the one place where a kept request becomes a draft. The key
    /// has done its work already.
    fn draft(self) -> Draft {
        Draft {
            text: self.text,
            spoiler_text: self.spoiler_text,
            visibility: self.visibility.as_deref().and_then(Visibility::parse),
            language: self.language,
            sensitive: self.sensitive,
            in_reply_to_id: self.in_reply_to_id,
            media_ids: self.media_ids,
            poll: self.poll,
            application_id: self.application_id,
            content_type: self.content_type.as_deref().and_then(ContentType::parse),
            quoted_status_id: self.quoted_status_id,
            quote_policy: self.quote_policy.map(QuotePolicy::from_number),
            policy: self.policy,
            ..Draft::default()
        }
    }
}

/// Accepts a status for later. The same idempotency key again answers the first one.
///
/// # Errors
/// 422 for a time that is too near, too many that wait, and all that a status is refused for.
pub fn create(
    tx: &Tx<'_>,
    site: &Site,
    author: &Account,
    draft: &Draft,
    mentioned: &Mentioned,
    due: i64,
) -> Result<ScheduledStatus> {
    if let Some(key) = &draft.idempotency_key
        && let Some(there) =
            db::scheduled_status::find_by_key(tx, author.id, key, tx.now() - IDEMPOTENCY)?
    {
        return Ok(there);
    }
    check_due(tx, author.id, due, 0)?;
    plan(tx, site, author, draft, mentioned)?;
    let params = serde_json::to_string(&Stored::of(draft)).map_err(Error::internal)?;
    let key = draft.idempotency_key.as_deref();
    let id = db::scheduled_status::insert(tx, author.id, due, &params, key)?;
    media::reserve(tx, site, author.id, &draft.media_ids, id)?;
    set_alarm(tx, id, Some(due))?;
    db::scheduled_status::get(tx, author.id, id)
}

/// 422 for a time that is too near, or has too many already.
fn check_due(conn: &Conn, account_id: i64, due: i64, except: i64) -> Result<()> {
    let refused = |why: &str| Err(Error::invalid(format!("Validation failed: {why}")));
    if due < conn.now().saturating_add(SOONEST) {
        return refused("Scheduled at The scheduled date must be in the future");
    }
    let (all, that_day) = db::scheduled_status::count(conn, account_id, due, except)?;
    if all >= MOST {
        return refused(&format!("You have exceeded the limit of {MOST} scheduled posts"));
    }
    if that_day >= MOST_A_DAY {
        return refused(&format!(
            "You have exceeded the limit of {MOST_A_DAY} scheduled posts for that day"
        ));
    }
    Ok(())
}

fn lane(id: i64) -> String {
    format!("scheduled {id}")
}

/// Lets the worker look at the time, and at none before.
fn set_alarm(tx: &Tx<'_>, id: i64, due: Option<i64>) -> Result<()> {
    let (kind, lane) = (JobKind::PublishScheduled, lane(id));
    db::job::remove_kind(tx, kind, &lane)?;
    if let Some(due) = due {
        db::job::insert_at(tx, kind, &lane, id.to_string().as_bytes(), due)?;
    }
    Ok(())
}

/// Gives one of the account's own another time; `None` leaves it.
///
/// # Errors
/// 404 when it is not there, 422 as for a new one.
pub fn update(tx: &Tx<'_>, account_id: i64, id: i64, due: Option<i64>) -> Result<ScheduledStatus> {
    let there = db::scheduled_status::get(tx, account_id, id)?;
    let Some(due) = due else { return Ok(there) };
    check_due(tx, account_id, due, id)?;
    db::scheduled_status::set_due(tx, id, due)?;
    set_alarm(tx, id, Some(due))?;
    db::scheduled_status::get(tx, account_id, id)
}

/// Takes one of the account's own back.
///
/// # Errors
/// 404 when it is not there, or was published.
pub fn delete(tx: &Tx<'_>, account_id: i64, id: i64) -> Result<()> {
    db::scheduled_status::get(tx, account_id, id)?;
    set_alarm(tx, id, None)?;
    db::upload::release(tx, id)?;
    db::scheduled_status::delete(tx, id)
}

/// What is to be done about one whose alarm rang.
pub enum Due {
    /// It is published, with this text.
    Now(String),
    /// The alarm rings again then: the clock was wrong, or may be.
    Later(i64),
    /// It is not there any more.
    Never,
}

/// Whether the time of one has come. What is published cannot be taken back: so after a jump of the
/// clock, or when the server stood still, other servers must have the same time (`agreed`) or it
/// settles first.
pub fn due_text(conn: &Conn, id: i64, agreed: bool) -> Result<Due> {
    let Some(one) = db::scheduled_status::find(conn, id)? else { return Ok(Due::Never) };
    let now = conn.now();
    let sure = if agreed { now } else { conn.settled() };
    if one.due > sure {
        return Ok(Due::Later(if one.due > now { one.due } else { now + DOUBT }));
    }
    Ok(Due::Now(Stored::parse(&one.params)?.text))
}

/// Publishes one: its row goes and the status comes together, so that it is done once whatever
/// happens to the program.
///
/// # Errors
/// What the status is refused for; [`fail`] writes it down.
pub fn publish(tx: &Tx<'_>, site: &Site, id: i64, mentioned: &Mentioned) -> Result<()> {
    let Some(one) = db::scheduled_status::find(tx, id)?.filter(|one| one.due <= tx.now()) else {
        return Ok(());
    };
    let author = super::access::find_allowed(tx, one.account_id)?.ok_or_else(|| {
        Error::Forbidden("This account was suspended or disabled at that time".into())
    })?;
    let stored = Stored::parse(&one.params)?;
    let key = stored.idempotency_key.clone();
    db::upload::release(tx, id)?;
    db::scheduled_status::delete(tx, id)?;
    let status = status::create(tx, site, &author, stored.draft(), mentioned)?;
    // a client that asks again, late, is told what became of it
    match key {
        Some(key) => db::seen::remember(tx, author.id, &key, status.id, tx.now() + IDEMPOTENCY),
        None => Ok(()),
    }
}

/// It could not be published for a reason that does not pass: it waits for its author.
pub fn fail(tx: &Tx<'_>, id: i64, why: &str) -> Result<()> {
    db::scheduled_status::set_failed(tx, id, why)
}
