//! Reading the tags that a remote account features.

use crate::activity::collection::{Collection, First};
use crate::activity::tag;
use crate::app::App;
use crate::client::host_of;
use crate::db::{self, Lane};
use crate::error::Result;
use crate::model::INSTANCE_ACTOR;
use crate::service;

use super::fetch;

/// Reads the `featuredTags` of a remote account and keeps what is there now; one page of it.
/// Blocking, as all fetches.
pub fn refresh(app: &App, account_id: i64) -> Result<()> {
    let account = app.db.read(|conn| db::account::find(conn, account_id))?;
    let Some(account) = account.filter(|account| !account.is_local()) else { return Ok(()) };
    let Some(address) = account.details.featured_tags_uri else { return Ok(()) };
    let fetched = fetch::get(app, &address, INSTANCE_ACTOR)?;
    // a redirect to another server is another's collection (F-249)
    if host_of(&fetched.url) != host_of(&account.uri) {
        return Ok(());
    }
    let list = Collection::parse(&fetched.value)?;
    let mut items = list.items;
    if items.is_empty() {
        items = match list.first {
            Some(First::Embedded(page)) => page.items,
            Some(First::Id(id)) if host_of(&id) == host_of(&account.uri) => {
                Collection::parse(&fetch::get(app, &id, INSTANCE_ACTOR)?.value)?.items
            }
            _ => items,
        };
    }
    let names = tag::hashtags(&items);
    app.db
        .write(Lane::Background, move |tx| {
            service::featured_tag::replace_remote(tx, account_id, &names)
        })
        .wait()
}
