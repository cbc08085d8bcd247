//! Whether the accounts behind an inbox that answered 410 are gone too (F-213).

use crate::app::App;
use crate::db::{self, Lane};
use crate::error::Error;
use crate::model::{INSTANCE_ACTOR, Job};
use crate::service;

use super::fetch;
use super::process::{Step, Stop};

/// Asks for some of the accounts. Only their own server's 410 counts; who cannot be reached stays.
/// True: the job's row is gone with the effect.
pub fn confirm(app: &App, job: &Job, online: bool) -> Step<bool> {
    if !online {
        return Err(Stop::NeedsNetwork);
    }
    let (inbox, host, after): (String, String, i64) =
        serde_json::from_slice(&job.payload).map_err(Error::internal)?;
    let (accounts, more) = app.db.read(|conn| service::gone::behind(conn, &inbox, after))?;
    let last = accounts.last().map(|account| account.id).filter(|_| more);
    let mut gone = Vec::new();
    for account in accounts {
        if let Err(Error::Gone) = fetch::get(app, &account.uri, INSTANCE_ACTOR) {
            gone.push(account);
        }
    }
    let id = job.id;
    let effect = app.db.write(Lane::Background, move |tx| {
        let next = last.map(|last| (inbox.as_str(), host.as_str(), last));
        service::gone::settle(tx, &gone, next)?;
        db::job::remove(tx, id)
    });
    effect.wait()?;
    Ok(true)
}
