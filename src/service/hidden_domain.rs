//! Hiding a whole server: follows end both ways, and nothing of it shows in lists.

use crate::client::host_of;
use crate::db::{self, Tx};
use crate::error::{Error, Result};
use crate::model::{JobKind, SeveranceKind};
use crate::site::Site;
use crate::text::blocklist::pasted;

use super::relationship;
use super::severance::{self, Cause};

/// How many domains an account may hide.
const MOST: i64 = 10_000;
/// How many follows, followers and notifications go in one transaction.
const SLICE: i64 = 50;

/// A domain in its one spelling, as accounts have it.
///
/// # Errors
/// 422 for what is none, and for this server's own.
pub fn normal(site: &Site, domain: &str) -> Result<String> {
    let wrong = |what: &str| Error::invalid(format!("Validation failed: domain {what}"));
    let domain = pasted(domain);
    if domain.is_empty() {
        return Err(wrong("can't be blank"));
    }
    let host = host_of(&format!("https://{domain}/"))
        .filter(|_| domain.len() <= 253 && !domain.contains(['@', '\\', '*']))
        .ok_or_else(|| wrong("is not a valid domain name"))?;
    if site.is_own_domain(&host) {
        return Err(wrong("is this server's own"));
    }
    Ok(host)
}

/// Hides a domain. What is much (follows, notifications) goes on in a job.
pub fn hide(tx: &Tx<'_>, account: i64, domain: &str) -> Result<()> {
    if !db::hidden_domain::insert(tx, account, domain)? {
        return Ok(());
    }
    if db::hidden_domain::count(tx, account)? > MOST {
        return Err(Error::invalid(format!(
            "Validation failed: domain: at most {MOST} can be blocked"
        )));
    }
    db::notification_policy::forbid_domain(tx, account, domain)?;
    db::hidden_domain::purge_timeline(tx, account, domain)?;
    for list in db::list::list(tx, account)? {
        db::hidden_domain::purge_timeline(tx, list.id, domain)?;
    }
    if clear_slice(tx, account, domain)? {
        let payload = serde_json::to_vec(&(account, domain)).map_err(Error::internal)?;
        db::job::insert(tx, JobKind::HideDomain, &format!("hide {account}"), &payload)?;
    }
    Ok(())
}

/// Ends some of what ties the account to the domain; true when there may be more.
pub fn clear_slice(tx: &Tx<'_>, account: i64, domain: &str) -> Result<bool> {
    let Some(own) = db::account::find(tx, account)? else { return Ok(false) };
    // it may be shown again by now
    if !db::moderation::hides_domain(tx, account, domain)? {
        return Ok(false);
    }
    let cause = Cause { kind: SeveranceKind::UserDomainBlock, name: domain };
    let followed = db::hidden_domain::list_followed(tx, account, domain, SLICE)?;
    for target in db::account::list(tx, &followed)? {
        severance::note_followed(tx, cause, account, target.id)?;
        relationship::unfollow(tx, &own, &target)?;
    }
    let followers = db::hidden_domain::list_followers(tx, account, domain, SLICE)?;
    for from in db::account::list(tx, &followers)? {
        severance::note_follower(tx, cause, account, from.id)?;
        relationship::reject(tx, &own, &from)?;
    }
    let told = db::hidden_domain::clear_notifications(tx, account, domain, SLICE)?;
    let most = usize::try_from(SLICE).unwrap_or(usize::MAX);
    Ok(followed.len() >= most || followers.len() >= most || told >= most)
}
