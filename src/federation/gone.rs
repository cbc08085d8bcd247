//! Actors whose server says that they are gone while they tell us so themselves: the key that
//! would prove it went with them (F-111).

use crate::activity::incoming::{Activity, Kind};
use crate::activity::urls;
use crate::app::App;
use crate::db;
use crate::error::{Error, Result};
use crate::model::{Account, INSTANCE_ACTOR};

use super::fetch;
use super::verify::GoneKey;

/// The actor of a deletion of itself whose key is gone. Its server's word counts, nobody else's:
/// the actor itself has to be gone as well.
///
/// # Errors
/// 401 for everything else that was signed with such a key.
pub async fn actor(app: &App, key: &GoneKey, activities: &[Activity]) -> Result<Account> {
    let [activity] = activities else { return Err(refused()) };
    let uri = activity.actor.clone();
    if activity.kind != Kind::Delete
        || activity.object_id() != Some(&*uri)
        || !urls::same_host(&key.0, &uri)
    {
        return Err(refused());
    }
    let wanted = uri.clone();
    let account = app.read(move |conn| db::account::find_by_uri(conn, &wanted)).await?;
    let account = account.filter(|account| !account.is_local()).ok_or_else(refused)?;
    if key.0 == uri {
        return Ok(account);
    }
    // the key has an address of its own
    let this = app.clone();
    let answer =
        app.lanes.resolve.run(move || fetch::document(&this, &uri, INSTANCE_ACTOR).map(drop))?;
    match answer.await {
        Ok(Err(Error::Gone)) => Ok(account),
        _ => Err(refused()),
    }
}

fn refused() -> Error {
    Error::Unauthorized("The key of the signature is gone".into())
}
