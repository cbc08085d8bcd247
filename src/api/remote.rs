//! Asking other servers while a client waits: through the resolve lane, so that no thread of
//! ours is held, and never longer than a client's patience.

use std::time::Duration;

use actix_web::web::Data;
use tokio::time::{Instant, timeout_at};

use crate::app::App;
use crate::error::{Error, Result};
use crate::federation::resolve::{self, Found};
use crate::federation::thread;
use crate::model::{Account, Status};
use crate::service::moving::Claim;

/// When the client gets its answer, whoever is still silent.
const PATIENCE: Duration = Duration::from_secs(9);
/// How many unknown accounts of one text are asked for.
const MOST: usize = 10;

/// Looks handles up on their servers, all at once. Those that are not found in time are
/// missing from the answer.
pub(super) async fn accounts(
    app: &Data<App>,
    handles: Vec<(String, String)>,
) -> Vec<(String, String, Account)> {
    let deadline = Instant::now() + PATIENCE;
    let mut running = Vec::new();
    for (name, domain) in handles.into_iter().take(MOST) {
        match ask_for_account(app, &name, &domain) {
            Ok(answer) => running.push((name, domain, answer)),
            Err(error) => tracing::debug!(%domain, %error, "an account is not looked up"),
        }
    }
    let mut found = Vec::new();
    for (name, domain, answer) in running {
        if let Ok(Ok(Ok(account))) = timeout_at(deadline, answer).await {
            found.push((name, domain, account));
        }
    }
    found
}

/// The account under a handle on another server; `None` when it is not found in time.
///
/// # Errors
/// 503 when too many such questions wait.
pub(super) async fn account(app: &Data<App>, name: &str, domain: &str) -> Result<Option<Account>> {
    let answer = ask_for_account(app, name, domain)?;
    Ok(patiently(answer).await)
}

/// What stands behind an address; `None` when nothing is found in time.
///
/// # Errors
/// 503 when too many such questions wait.
pub(super) async fn any(app: &Data<App>, address: &str) -> Result<Option<Found>> {
    let (parts, address) = (App::clone(app), address.to_owned());
    let answer = app.lanes.resolve.run(move || resolve::any(&parts, &address))?;
    Ok(patiently(answer).await)
}

/// Where somebody wants to move to, by handle or address, read from its server at this moment;
/// `None` when nothing is found in time.
///
/// # Errors
/// 503 when too many such questions wait.
pub(super) async fn claim(app: &Data<App>, text: &str) -> Result<Option<Claim>> {
    let (parts, text) = (App::clone(app), text.to_owned());
    let answer = app.lanes.resolve.run(move || resolve::claim_of(&parts, &text))?;
    Ok(patiently(answer).await)
}

/// Reads a status anew, as long as a client may wait; without an answer it is shown as it is.
pub(super) async fn status(app: &Data<App>, status: Status, reader: i64) {
    let parts = App::clone(app);
    let answer =
        app.lanes.resolve.run(move || thread::refresh_status(&parts, &status, reader).map(drop));
    match answer {
        Ok(answer) => drop(patiently(answer).await),
        Err(error) => tracing::debug!(%error, "a status is not read anew"),
    }
}

type Answer<T> = tokio::sync::oneshot::Receiver<Result<T>>;

fn ask_for_account(app: &Data<App>, name: &str, domain: &str) -> Result<Answer<Account>> {
    let (parts, name, domain) = (App::clone(app), name.to_owned(), domain.to_owned());
    app.lanes.resolve.run(move || resolve::account_by_handle(&parts, &name, &domain))
}

async fn patiently<T>(answer: Answer<T>) -> Option<T> {
    let outcome = tokio::time::timeout(PATIENCE, answer).await;
    let outcome = outcome.unwrap_or_else(|_| Ok(Err(Error::Remote("no answer in time".into()))));
    match outcome {
        Ok(Ok(found)) => Some(found),
        Ok(Err(error)) => {
            tracing::debug!(%error, "nothing was found elsewhere");
            None
        }
        // the lane was closed
        Err(_) => None,
    }
}
