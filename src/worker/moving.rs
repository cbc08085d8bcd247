//! Jobs of accounts that move, change or leave.

use crate::app::App;
use crate::db::{self, Lane};
use crate::error::Error;
use crate::federation::followers_sync;
use crate::federation::process::{Step, Stop};
use crate::model::{Job, JobKind};
use crate::service;

/// Does one; true when its row went with its effect.
pub(super) fn work(app: &App, job: &Job, online: bool) -> Step<bool> {
    let (id, site) = (job.id, app.site.clone());
    match job.kind {
        JobKind::MoveFollowers => {
            let (old, target, after): (i64, i64, i64) =
                serde_json::from_slice(&job.payload).map_err(Error::internal)?;
            let slice = app.db.write(Lane::Background, move |tx| {
                service::moving::followers_slice(tx, old, target, after)?;
                db::job::remove(tx, id)
            });
            slice.wait()?;
            Ok(true)
        }
        JobKind::TellProfile => {
            let account = crate::id::parse(&String::from_utf8_lossy(&job.payload));
            let account = account.ok_or(Stop::Drop("no account"))?;
            let told = app.db.write(Lane::Background, move |tx| {
                service::profile_news::tell_now(tx, &site, account)?;
                db::job::remove(tx, id)
            });
            told.wait()?;
            Ok(true)
        }
        JobKind::TellDeletion => {
            let (account, after): (i64, String) =
                serde_json::from_slice(&job.payload).map_err(Error::internal)?;
            let told = app.db.write(Lane::Background, move |tx| {
                service::leaving::tell_slice(tx, account, &after)?;
                db::job::remove(tx, id)
            });
            told.wait()?;
            Ok(true)
        }
        JobKind::SyncFollowers => {
            let (account, url): (i64, String) =
                serde_json::from_slice(&job.payload).map_err(Error::internal)?;
            let account = app.db.read(|conn| db::account::find(conn, account))?;
            let account = account.ok_or(Stop::Drop("its account is gone"))?;
            if !online {
                return Err(Stop::NeedsNetwork);
            }
            let since = app.clock.now_ms();
            let Some(listed) = followers_sync::read_list(app, &account, &url)? else {
                return Err(Stop::Drop("a list of followers is not whole"));
            };
            let settled = app.db.write(Lane::Background, move |tx| {
                service::followers_sync::settle(tx, account.id, &listed, since)?;
                db::job::remove(tx, id)
            });
            settled.wait()?;
            Ok(true)
        }
        _ => Err(Stop::Drop("no job of an account")),
    }
}
