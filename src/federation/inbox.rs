//! `POST /inbox` and `POST /users/{name}/inbox`: cheap checks, the signature, a durable job,
//! and only then 202 (F-126 to F-132).

use std::sync::Arc;

use actix_web::http::header;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};

use crate::activity::incoming::{Activity, Kind, split};
use crate::activity::json;
use crate::app::App;
use crate::client::host_of;
use crate::clock::{DAY, thread_cpu_us};
use crate::crypto::short_hash16;
use crate::db::{self, Lane, Tx};
use crate::error::{Error, Result};
use crate::http::body;
use crate::model::{Account, ActorKind, JobKind, SignatureForm};
use crate::service;
use crate::signature::Inspected;

use super::accept;
use super::forward::{self, Forwarded};
use super::gone;
use super::process::Accepted;
use super::relay::{self, Hint};
use super::verify::{self, Known, Signed, Verified};
use super::{flood, followers_sync};

/// The largest body (F-128).
const LIMIT: usize = 1024 * 1024;
/// How long the id of an activity is remembered (F-131).
const REMEMBERED: i64 = 30 * DAY;
/// How many accepted activities may wait, in all and of one server (S-054).
const WAITING: i64 = 20_000;
const WAITING_PER_HOST: i64 = 2_000;
/// While so many wait, only bodies of the usual size are taken: a queue is bounded in bytes too.
const MANY: i64 = 1_000;
const MANY_PER_HOST: i64 = 50;
const USUAL: usize = 64 * 1024;

/// The inbox of everybody.
pub async fn shared(
    app: Data<App>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse> {
    flood::address(&app, &request)?;
    receive(&app, &request, payload, None).await
}

/// The inbox of one account, a recipient whatever the addressing says.
pub async fn personal(
    app: Data<App>,
    request: HttpRequest,
    name: Path<String>,
    payload: Payload,
) -> Result<HttpResponse> {
    flood::address(&app, &request)?;
    let name = name.into_inner();
    let owner = app
        .read(move |conn| {
            let account = db::account::find_local(conn, &name)?.ok_or(Error::NotFound)?;
            match account.suspended_at {
                None => Ok(account.id),
                Some(_) if service::moderation::is_gone(conn, &account)? => Err(Error::Gone),
                Some(_) => Err(Error::Forbidden("This account is suspended".into())),
            }
        })
        .await?;
    receive(&app, &request, payload, Some(owner)).await
}

/// Everything but POST (F-238).
pub async fn not_allowed() -> Result<HttpResponse> {
    Err(Error::MethodNotAllowed)
}

async fn receive(
    app: &App,
    request: &HttpRequest,
    payload: Payload,
    owner: Option<i64>,
) -> Result<HttpResponse> {
    let content_type = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if !accept::is_activity_type(content_type) {
        return Err(Error::NotAcceptable(
            "An inbox takes application/activity+json or ld+json with the ActivityStreams profile"
                .into(),
        ));
    }
    let body = body::read(&mut payload.into_inner(), LIMIT).await?;
    let begin = thread_cpu_us();
    let activities = split(json::parse(&body)?)?;
    let Some(activities) =
        activities.into_iter().map(Activity::parse).collect::<Result<Vec<_>>>().map(some)?
    else {
        return Ok(accepted());
    };
    let compare = request.headers().get(followers_sync::HEADER);
    let compare = compare.and_then(|value| value.to_str().ok()).map(str::to_owned);
    let signed = Signed::new(request, Arc::from(&body[..]));
    signed.spent(thread_cpu_us().saturating_sub(begin));
    let arrived = Arrived { owner, size: body.len(), signed };
    let (this, copy) = (app.clone(), arrived.clone());
    // one trip to another thread does for a key that is here
    let seen = app.compute(move || look(&this, activities, &copy)).await??;
    let (signer, writes) = match seen {
        Seen::Nothing => return Ok(accepted()),
        Seen::Judged(signer, writes) => (*signer, writes),
        Seen::Unknown(inspected, activities) => {
            let signed = arrived.signed.clone();
            let (signer, form) = match verify::fetched(app, signed, inspected).await? {
                Ok(verified) => (verified.account, verified.form),
                Err(key) => (gone::actor(app, &key, &activities).await?, None),
            };
            let this = app.clone();
            app.compute(move || judge(&this, signer, form, activities, &arrived)).await??
        }
    };
    for write in writes {
        app.db.write(Lane::Background, move |tx| write.queue(tx)).await?;
    }
    if let Some(header) = compare {
        followers_sync::received(app, &signer, header).await;
    }
    Ok(accepted())
}

/// How something came here.
#[derive(Clone)]
struct Arrived {
    /// Whose inbox it is; `None`: everybody's.
    owner: Option<i64>,
    /// Of the body, in bytes.
    size: usize,
    signed: Signed,
}

/// What a first look tells.
enum Seen {
    /// There is nothing to do.
    Nothing,
    /// Who sent it, and what is to be written.
    Judged(Box<Account>, Vec<Write>),
    /// The key of the signature is to be fetched.
    Unknown(Box<Inspected>, Vec<Activity>),
}

/// All checks that ask nobody, the cheapest first.
fn look(app: &App, activities: Vec<Activity>, arrived: &Arrived) -> Result<Seen> {
    let (begin, signed) = (thread_cpu_us(), &arrived.signed);
    let left = match drop_cheaply(app, activities, arrived.owner, arrived.size) {
        // a relay does no wrong by it
        Err(Error::Forbidden(_)) if relay::is_messenger(app, signed) => None,
        left => left?,
    };
    let Some(activities) = left else { return Ok(Seen::Nothing) };
    let known = verify::known(app, signed)?;
    signed.spent(thread_cpu_us().saturating_sub(begin));
    match known {
        Known::Here(verified) => {
            let Verified { account, form } = *verified;
            let (signer, writes) = judge(app, account, form, activities, arrived)?;
            Ok(Seen::Judged(Box::new(signer), writes))
        }
        Known::Elsewhere(inspected) => Ok(Seen::Unknown(inspected, activities)),
    }
}

fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

fn accepted() -> HttpResponse {
    HttpResponse::Accepted().finish()
}

/// What costs no signature check (F-129): activities that had their effect, deletions of actors
/// that were never here (F-110, S-056), blocked servers (F-108), a full queue (S-054).
/// `None`: nothing is left to do.
fn drop_cheaply(
    app: &App,
    activities: Vec<Activity>,
    owner: Option<i64>,
    size: usize,
) -> Result<Option<Vec<Activity>>> {
    app.db.read(|conn| {
        let mut left = Vec::new();
        for activity in activities {
            let host = host_of(&activity.actor)
                .ok_or(Error::BadRequest("The actor has no host".into()))?;
            if service::domain::is_suspended(conn, &host)? {
                return Err(Error::Forbidden("This server is blocked".into()));
            }
            let about_itself = activity.object_id() == Some(&activity.actor);
            let is_storm = matches!(activity.kind, Kind::Delete | Kind::Update)
                && about_itself
                && db::account::find_by_uri(conn, &activity.actor)?.is_none();
            let seen = db::seen::contains(conn, &hash(&activity, None))?
                && (owner.is_none() || db::seen::contains(conn, &hash(&activity, owner))?);
            if is_storm || seen || matches!(activity.kind, Kind::Unknown(_)) {
                tracing::debug!(kind = activity.kind.as_str(), actor = %activity.actor, "dropped");
                continue;
            }
            let waiting = db::job::count_lane(conn, &host, WAITING_PER_HOST)?;
            if waiting >= if size > USUAL { MANY_PER_HOST } else { WAITING_PER_HOST } {
                return Err(Error::TooMany { retry_after: 60 });
            }
            left.push(activity);
        }
        let most = if size > USUAL { MANY } else { WAITING };
        if app.backlog.is_full(most, || db::job::count(conn, WAITING))? {
            return Err(Error::Unavailable {
                message: "Too much waits to be processed".into(),
                retry_after: 60,
            });
        }
        Ok(some(left))
    })
}

/// What a repeat is recognised by; with the owner of a personal inbox, a repeat there. The actor
/// belongs to it: neighbours on one server use up no ids of each other (S-030).
fn hash(activity: &Activity, owner: Option<i64>) -> [u8; 16] {
    let key = format!("{} {}", activity.actor, activity.dedup_key());
    match owner {
        Some(owner) => short_hash16(format!("{owner} {key}").as_bytes()),
        None => short_hash16(key.as_bytes()),
    }
}

/// The signer must be the actor (F-106, S-024). Otherwise only a hint is left of the activity:
/// its object is looked at in its origin when a relay of ours passes it on (F-346) or it belongs
/// to a thread that we hold (F-147); what an unknown relay sends is dropped; all else is refused.
fn judge(
    app: &App,
    signer: Account,
    form: Option<SignatureForm>,
    activities: Vec<Activity>,
    arrived: &Arrived,
) -> Result<(Account, Vec<Write>)> {
    let owner = arrived.owner;
    let mut writes = Vec::new();
    let signer_host = host_of(&signer.uri).unwrap_or_default();
    flood::server(app, &signer_host)?;
    for activity in activities {
        if let Some(hint) =
            relay::hear(app, &signer, &activity, arrived.size, arrived.signed.take_spent())?
        {
            writes.extend(hint.map(Write::Hint));
        } else if activity.actor == signer.uri {
            writes.push(Write::Process {
                hash: hash(&activity, None),
                owner_hash: owner.map(|owner| hash(&activity, Some(owner))),
                host: signer_host.clone(),
                form,
                accepted: Accepted {
                    signer: signer.id,
                    owner,
                    merge: false,
                    body: activity.raw.to_string(),
                },
            });
        } else if let Forwarded::Ours(hint) = forward::take(app, &signer, &activity)? {
            writes.extend(hint.map(Write::Hint));
        } else if signer.kind == ActorKind::Application {
            tracing::debug!(relay = %signer.uri, "an unknown relay is not listened to");
        } else {
            return Err(Error::Unauthorized("The signature is not the actor's".into()));
        }
    }
    Ok((signer, writes))
}

/// What an accepted activity leaves in the database before the 202.
enum Write {
    Process {
        hash: [u8; 16],
        owner_hash: Option<[u8; 16]>,
        host: String,
        form: Option<SignatureForm>,
        accepted: Accepted,
    },
    Hint(Hint),
}

impl Write {
    fn queue(self, tx: &Tx<'_>) -> Result<()> {
        let until = tx.now() + REMEMBERED;
        match self {
            Self::Process { hash, owner_hash, host, form, mut accepted } => {
                let is_new = db::seen::insert(tx, &hash, until)?;
                let new_to_owner = match owner_hash {
                    Some(hash) => db::seen::insert(tx, &hash, until)?,
                    None => false,
                };
                if !is_new && !new_to_owner {
                    return Ok(());
                }
                // known from another inbox: only its recipients are new
                accepted.merge = !is_new;
                db::job::insert(tx, JobKind::Inbox, &host, &accepted.to_payload()?)?;
                if let Some(form) = form {
                    db::host::learn_signature(tx, &host, form)?;
                }
                // it speaks to us: what waits for it may go (F-214)
                if db::host::succeeded(tx, &host)? {
                    db::delivery::hasten(tx, &host)?;
                    tx.after_commit(crate::model::Event::DeliveryQueued);
                }
            }
            Self::Hint(hint) => hint.queue(tx)?,
        }
        Ok(())
    }
}
