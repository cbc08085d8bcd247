//! The keys of people here, and what servers say of the signatures that they read.

use crate::activity::actor::Skills;
use crate::activity::build;
use crate::client::host_of;
use crate::clock::DAY;
use crate::db::key::{LocalEd25519, LocalKey};
use crate::db::{self, Tx};
use crate::error::{Error, Result};
use crate::model::{Account, Event};
use crate::signature::key::{self, GeneratedKey};
use crate::site::Site;

/// How long a replaced key signs what tells that it was replaced (F-353).
const OLD: i64 = 7 * DAY;

/// Gives a local account its Ed25519 pair (F-036).
pub fn add_ed25519(tx: &Tx<'_>, account: &Account) -> Result<()> {
    put_ed25519(tx, account, format!("{}#ed25519-key", account.uri))
}

fn put_ed25519(tx: &Tx<'_>, account: &Account, key_id: String) -> Result<()> {
    let (pkcs8, public) = key::generate_ed25519()?;
    let key = LocalEd25519 { account_id: account.id, key_id, pkcs8, public };
    db::key::put_ed25519(tx, &key)
}

/// The same for all who have none yet: accounts of an older version.
pub fn complete(tx: &Tx<'_>) -> Result<()> {
    for id in db::key::list_without_ed25519(tx)? {
        if let Some(account) = db::account::find(tx, id)? {
            add_ed25519(tx, &account)?;
        }
    }
    Ok(())
}

/// Replaces the keys of a local account (F-353). Everybody who may know the old ones is told, in
/// words signed with the old one; all else is signed with the new ones from now on.
///
/// # Errors
/// 404 for an account that has no key.
pub fn rotate(tx: &Tx<'_>, site: &Site, account: &Account, new: GeneratedKey) -> Result<()> {
    let old = db::key::find_local(tx, account.id)?.ok_or(Error::NotFound)?;
    // ids of their own: who keeps keys by id finds that it does not know these
    let number = tx.mint_id();
    db::key::replace_local(
        tx,
        &LocalKey {
            account_id: account.id,
            key_id: format!("{}#main-key-{number}", account.uri),
            pkcs8: new.pkcs8,
            public_pem: new.public_pem,
        },
    )?;
    put_ed25519(tx, account, format!("{}#ed25519-key-{number}", account.uri))?;
    let doc = super::document::actor(tx, site, account)?;
    let id = format!("{}#updates/{}", account.uri, tx.mint_id());
    let update = build::update_actor(&id, &doc, tx.now());
    let before = db::delivery::newest_activity(tx, account.id)?;
    let inboxes = db::follow::list_follower_inboxes(tx, account.id)?;
    let known = db::account::list_known_inboxes(tx)?;
    super::delivery::queue(tx, account, &update, inboxes.into_iter().chain(known))?;
    if let Some(queued) = db::delivery::newest_activity(tx, account.id)?
        && Some(queued) != before
    {
        db::key::insert_old(tx, queued, &old, tx.now() + OLD)?;
    }
    tx.after_commit(Event::AccountChanged { account_id: account.id });
    Ok(())
}

/// Remembers what an actor's own document says of its server.
pub fn note_skills(tx: &Tx<'_>, actor: &str, skills: Skills) -> Result<()> {
    let Some(host) = host_of(actor) else { return Ok(()) };
    if let Some(form) = skills.signature {
        db::host::learn_signature(tx, &host, form)?;
    }
    if skills.litepub {
        db::host::set_emoji_react(tx, &host)?;
    }
    Ok(())
}
