//! `Move`: an account says that it goes on elsewhere (F-189 to F-191), or a new one says so of the
//! old (<https://codeberg.org/fediverse/fep/src/branch/main/fep/7628/fep-7628.md>, pull mode).
//! Nothing counts that not both of them say, read from their own servers.

use crate::activity::incoming::Activity;
use crate::client::host_of;
use crate::db::{self, Lane};
use crate::federation::resolve;
use crate::model::{Account, INSTANCE_ACTOR};
use crate::service;
use crate::service::moving::Claim;

use super::{Context, Step, Stop};

pub(super) fn moves(context: &Context<'_>, activity: &Activity) -> Step<()> {
    let signer = &context.signer;
    let (Some(object), Some(target)) = (activity.object_id(), activity.target.as_deref()) else {
        return Err(Stop::Drop("it does not say from where to where"));
    };
    if object == target {
        return Err(Stop::Drop("an account does not move to itself"));
    }
    if object == signer.uri {
        wanted(context, signer)?;
        let claim = claim(context, target)?;
        return settle(context, signer.clone(), claim);
    }
    if target != signer.uri {
        return Err(Stop::Drop("it moves somebody else"));
    }
    // the new account speaks for the old one, which must say the same
    let old = context.read(|conn| db::account::find_by_uri(conn, object))?;
    let Some(old) = old.filter(|old| !old.is_local()) else {
        return Err(Stop::Drop("nobody here knows the old account"));
    };
    wanted(context, &old)?;
    let before = claim(context, object)?;
    if before.moved_to.as_deref() != Some(signer.uri.as_str()) {
        return Err(Stop::Drop("the old account does not say that it moved"));
    }
    let after = claim(context, target)?;
    settle(context, before.account, after)
}

/// Whether anything can come of it.
fn wanted(context: &Context<'_>, old: &Account) -> Step<()> {
    let (lately, concerns) = context.read(|conn| {
        let lately = service::moving::moved_lately(conn, &old.uri)?;
        Ok((lately, db::moving::concerns_anybody(conn, old.id)?))
    })?;
    if lately {
        return Err(Stop::Drop("it moved a few days ago"));
    }
    if !concerns {
        return Err(Stop::Drop("nobody here has to do with it"));
    }
    Ok(())
}

/// An account as its own server shows it now.
fn claim(context: &Context<'_>, uri: &str) -> Step<Claim> {
    if context.app.site.owns(uri) {
        let own = context.read(|conn| db::account::find_by_uri(conn, uri))?;
        let own = own.filter(|own| own.is_local() && own.id != INSTANCE_ACTOR);
        return own.map(Claim::of_own).ok_or(Stop::Drop("it moves to nobody here"));
    }
    let host = host_of(uri).ok_or(Stop::Drop("it moves to no address"))?;
    if context.read(|conn| service::domain::is_suspended(conn, &host))? {
        return Err(Stop::Drop("it moves to a blocked server"));
    }
    if !context.online {
        return Err(Stop::NeedsNetwork);
    }
    let from = context.signer.uri.clone();
    let may_ask =
        context.app.db.write(Lane::Background, move |tx| service::moving::may_ask(tx, &from));
    if !may_ask.wait()? {
        return Err(Stop::Drop("it moves too often"));
    }
    Ok(resolve::claim(context.app, uri)?)
}

fn settle(context: &Context<'_>, old: Account, claim: Claim) -> Step<()> {
    if let Some(reason) = claim.refuses(&old) {
        return Err(Stop::Drop(reason.words()));
    }
    context.write(move |tx| service::moving::begin(tx, &old, &claim.account).map(drop))
}
