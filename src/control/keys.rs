//! New keys for an account.

use super::command::{Reply, find_person, handle};
use crate::app::App;
use crate::db::Lane;
use crate::error::Result;
use crate::{service, signature};

/// New keys for an account whose old ones may be known to somebody else (F-353).
pub(super) fn rotate(app: &App, account: String) -> Result<Reply> {
    app.db.read(|conn| find_person(conn, &app.site, &account))?;
    let key = signature::key::generate()?;
    let site = app.site.clone();
    let account = app
        .db
        .write(Lane::Interactive, move |tx| {
            let (account, _) = find_person(tx, &site, &account)?;
            service::keys::rotate(tx, &site, &account, key)?;
            Ok(account)
        })
        .wait()?;
    app.keys.forget(account.id);
    Ok(Reply::Account(handle(&app.site, &account)))
}
