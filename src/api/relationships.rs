//! Following, blocking, muting. Each answers what the two are to each other afterwards.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};

use super::credentials::read_language;
use super::{Auth, entity, id_of};
use crate::app::App;
use crate::db::{self, Tx};
use crate::error::{Error, Result};
use crate::http::{self, Params};
use crate::model::{Account, INSTANCE_ACTOR};
use crate::service::moderation;
use crate::service::relationship::{self, FollowOptions};
use crate::service::trouble;

/// How many accounts one request may ask about.
const MOST: usize = 100;
/// How many languages a follow may choose.
const MOST_LANGUAGES: usize = 50;

/// GET /api/v1/accounts/relationships.
pub(super) async fn list(app: Data<App>, auth: Auth, params: Params) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let mut ids: Vec<i64> = Vec::new();
    for id in params.ids("id")? {
        if ids.len() < MOST && !ids.contains(&id) {
            ids.push(id);
        }
    }
    let found = super::read(&app, move |_, conn| {
        if ids.contains(&INSTANCE_ACTOR) && !trouble::has_told(conn, me)? {
            ids.retain(|id| *id != INSTANCE_ACTOR);
        }
        // what is no account has no relationship
        let there = db::account::list(conn, &ids)?;
        ids.retain(|id| there.iter().any(|account| account.id == *id));
        entity::relationships(conn, me, &ids)
    });
    Ok(http::json(&found.await?))
}

/// An account to have to do with: also one that is suspended for a while, so that one can end
/// what there is. It cannot be followed ([`relationship::follow`]).
fn target(tx: &Tx<'_>, id: i64) -> Result<Account> {
    let account = moderation::get(tx, id)?;
    if account.suspended_at.is_some() && moderation::is_gone(tx, &account)? {
        return Err(Error::NotFound);
    }
    Ok(account)
}

/// Runs a use case between the reader and the account in the path.
pub(super) async fn change<F>(
    app: &Data<App>,
    auth: &Auth,
    path: &Path<String>,
    f: F,
) -> Result<HttpResponse>
where
    F: FnOnce(&Tx<'_>, &Account, &Account) -> Result<()> + Send + 'static,
{
    let me = auth.account_id()?;
    let id = id_of(path)?;
    let after = super::write(app, move |_, tx| {
        let account = db::account::get(tx, me)?;
        let target = target(tx, id)?;
        f(tx, &account, &target)?;
        entity::relationship(tx, me, id)?.ok_or(Error::NotFound)
    });
    Ok(http::json(&after.await?))
}

/// POST /api/v1/accounts/:id/follow.
pub(super) async fn follow(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
    params: Params,
) -> Result<HttpResponse> {
    let languages = if params.has("languages") {
        let mut languages: Vec<String> = Vec::new();
        for text in params.list("languages")?.iter().take(MOST_LANGUAGES) {
            languages.extend(read_language("languages", Some(text))?);
        }
        Some(languages)
    } else {
        None
    };
    let options = FollowOptions {
        reblogs: params.flag("reblogs")?,
        notify: params.flag("notify")?,
        languages,
    };
    change(&app, &auth, &path, move |tx, me, target| relationship::follow(tx, me, target, options))
        .await
}

/// POST /api/v1/accounts/:id/unfollow.
pub(super) async fn unfollow(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
) -> Result<HttpResponse> {
    change(&app, &auth, &path, relationship::unfollow).await
}

/// POST /api/v1/accounts/:id/remove_from_followers.
pub(super) async fn remove_from_followers(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
) -> Result<HttpResponse> {
    change(&app, &auth, &path, |tx, me, target| {
        if db::follow::is_following(tx, target.id, me.id)? {
            relationship::reject(tx, me, target)?;
        }
        Ok(())
    })
    .await
}

/// POST /api/v1/accounts/:id/block.
pub(super) async fn block(app: Data<App>, auth: Auth, path: Path<String>) -> Result<HttpResponse> {
    change(&app, &auth, &path, relationship::block).await
}

/// POST /api/v1/accounts/:id/unblock.
pub(super) async fn unblock(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
) -> Result<HttpResponse> {
    change(&app, &auth, &path, relationship::unblock).await
}

/// POST /api/v1/accounts/:id/mute; `duration` in seconds, 0 for good.
pub(super) async fn mute(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
    params: Params,
) -> Result<HttpResponse> {
    let notifications = params.flag("notifications")?.unwrap_or(true);
    let duration = params.number("duration")?.filter(|seconds| *seconds > 0);
    change(&app, &auth, &path, move |tx, me, target| {
        let expires_at = duration.map(|s| tx.now().saturating_add(s.saturating_mul(1000)));
        relationship::mute(tx, me, target, notifications, expires_at)
    })
    .await
}

/// POST /api/v1/accounts/:id/unmute.
pub(super) async fn unmute(app: Data<App>, auth: Auth, path: Path<String>) -> Result<HttpResponse> {
    change(&app, &auth, &path, relationship::unmute).await
}
