//! Accounts that go for good: ours are taken back from all servers, and of nobody anything stays
//! but the mark that they were (F-170, F-227, S-102).

use crate::activity::build;
use crate::db::{self, Conn, Tx};
use crate::error::{Error, Result};
use crate::model::{Account, Details, Event, JobKind};
use crate::site::Site;

use super::account::Removal;
use super::delivery;

/// How many statuses, and rows of other kinds, one slice takes.
const STATUSES: i64 = 50;
const ROWS: usize = 500;
/// How many servers one slice tells, and the pause before the next, so that what people write
/// meanwhile is not behind all of them.
const SERVERS: usize = 50;
const PAUSE: i64 = 5_000;

/// Deletes a local account: nobody sees it from now on, all servers that know it are told, its
/// rows go in slices.
pub fn delete_local(tx: &Tx<'_>, site: &Site, account: &Account) -> Result<()> {
    let inboxes = db::follow::list_follower_inboxes(tx, account.id)?;
    delivery::queue(tx, account, &goodbye(account), inboxes)?;
    tell_slice(tx, account.id, "")?;
    super::report_news::left(tx, site, account.id)?;
    super::access::end_all(tx, account.id)?;
    db::user::delete(tx, account.id)?;
    db::seen::bury(tx, &account.uri, true)?;
    // names are the same in whatever case
    db::seen::bury(tx, &site.actor(&account.username.to_ascii_lowercase()), true)?;
    // the row waits for the last delivery; what it says of a person does not
    let blank = Account {
        display_name: String::new(),
        note: String::new(),
        fields: Vec::new(),
        emojis: Vec::new(),
        avatar_url: None,
        header_url: None,
        discoverable: false,
        indexable: false,
        pictures: None,
        moved_to_uri: None,
        details: Details::default(),
        ..account.clone()
    };
    db::account::update(tx, &blank)?;
    db::account::set_pictures(tx, &blank)?;
    tracing::info!(account = %account.acct(), host = %site.host, "account deleted");
    remove(tx, account)
}

/// A remote actor is gone (F-170).
pub fn delete_remote(tx: &Tx<'_>, account: &Account) -> Result<()> {
    db::seen::bury(tx, &account.uri, false)?;
    remove(tx, account)
}

fn remove(tx: &Tx<'_>, account: &Account) -> Result<()> {
    db::account::suspend(tx, account.id)?;
    db::job::insert(tx, JobKind::RemoveAccount, "", account.id.to_string().as_bytes())?;
    tx.after_commit(Event::AccountChanged { account_id: account.id });
    Ok(())
}

/// Whether this name belonged to an account that was deleted.
pub fn was_used(conn: &Conn, site: &Site, name: &str) -> Result<bool> {
    let lower = site.actor(&name.to_ascii_lowercase());
    Ok(db::seen::buried_at(conn, &site.actor(name))?.is_some()
        || db::seen::buried_at(conn, &lower)?.is_some())
}

fn goodbye(account: &Account) -> serde_json::Value {
    build::delete_actor(&account.uri, &format!("{}#delete", account.uri))
}

fn tell_lane(account_id: i64) -> String {
    format!("goodbye {account_id}")
}

/// Tells some of the servers that may know the account from elsewhere, each once; the next slice
/// is queued. Those of followers know already.
pub fn tell_slice(tx: &Tx<'_>, account_id: i64, after: &str) -> Result<()> {
    let Some(account) = db::account::find(tx, account_id)? else { return Ok(()) };
    let servers = db::moving::list_servers_after(tx, after, SERVERS)?;
    let told = db::follow::list_follower_inboxes(tx, account_id)?;
    if let Some((last, _)) = servers.last().filter(|_| servers.len() == SERVERS) {
        let payload = serde_json::to_vec(&(account_id, last)).map_err(Error::internal)?;
        let (lane, due) = (tell_lane(account_id), tx.now() + PAUSE);
        db::job::insert_at(tx, JobKind::TellDeletion, &lane, &payload, due)?;
    }
    let host = crate::client::host_of;
    let inboxes = servers
        .into_iter()
        .filter_map(|(_, inbox)| inbox)
        .filter(|inbox| !told.iter().any(|known| known == inbox || host(known) == host(inbox)));
    delivery::queue(tx, &account, &goodbye(&account), inboxes)
}

/// One slice of an account's removal. The row of a local one stays until its deliveries are done,
/// since they are signed with its key.
pub fn remove_slice(tx: &Tx<'_>, account_id: i64) -> Result<Removal> {
    let ids = db::status::ids_of_account(tx, account_id, STATUSES)?;
    for id in &ids {
        if let Some(status) = db::status::find(tx, *id)? {
            super::status::bury(tx, &status)?;
        }
        db::status::delete(tx, *id)?;
    }
    if !ids.is_empty() {
        return Ok(Removal::More);
    }
    if db::job::waits(tx, JobKind::TellDeletion, &tell_lane(account_id))? {
        // who is told is read from its followers
        return Ok(Removal::Waits);
    }
    if db::leaving::clear_slice(tx, account_id, ROWS)? > 0 {
        db::upload::sweep_soon(tx)?;
        return Ok(Removal::More);
    }
    if db::delivery::has_activities_of(tx, account_id)? {
        return Ok(Removal::Waits);
    }
    db::account::delete(tx, account_id)?;
    Ok(Removal::Done)
}
