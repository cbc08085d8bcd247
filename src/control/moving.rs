//! Commands about accounts that move, and about their aliases.

use crate::app::App;
use crate::db::Lane;
use crate::error::{Error, Result};
use crate::federation::resolve;
use crate::service;
use crate::service::moving::Claim;

use super::command::{Reply, find_person, handle};

/// Moves an account to where `target` leads, with its followers or not; without a target it is
/// used here again.
pub(super) fn move_out(
    app: &App,
    account: String,
    target: Option<&str>,
    with_followers: bool,
) -> Result<Reply> {
    app.db.read(|conn| find_person(conn, &app.site, &account))?;
    let claim = target.map(|target| look(app, target)).transpose()?;
    let site = app.site.clone();
    let moved = app.db.write(Lane::Interactive, move |tx| {
        let (account, _) = find_person(tx, &site, &account)?;
        match &claim {
            Some(claim) => service::moving::move_out(tx, &site, account.id, claim, with_followers),
            None => service::moving::come_back(tx, &site, account.id),
        }
    });
    Ok(Reply::Account(handle(&app.site, &moved.wait()?)))
}

fn look(app: &App, text: &str) -> Result<Claim> {
    resolve::claim_of(app, text).map_err(|error| match error {
        Error::NotFound | Error::Gone => {
            Error::Missing(format!("{} leads to no account", text.trim()).into())
        }
        error => error,
    })
}

/// Takes an alias in or out, and answers all that the account has now.
pub(super) fn alias(
    app: &App,
    account: String,
    add: Option<&str>,
    remove: Option<String>,
) -> Result<Reply> {
    app.db.read(|conn| find_person(conn, &app.site, &account))?;
    let add = add.map(|text| look(app, text)).transpose()?;
    let site = app.site.clone();
    let all = app.db.write(Lane::Interactive, move |tx| {
        let (account, _) = find_person(tx, &site, &account)?;
        if let Some(claim) = &add {
            service::moving::add_alias(tx, &site, account.id, &claim.account.uri)?;
        }
        if let Some(text) = &remove {
            service::moving::remove_alias(tx, &site, account.id, text)?;
        }
        let (account, _) = find_person(tx, &site, &account.username)?;
        Ok(account.details.also_known_as)
    });
    Ok(Reply::Aliases(all.wait()?))
}
