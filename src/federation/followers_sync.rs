//! Followers compared between servers (F-229): what a server asks of ours, what it tells with a
//! delivery, and the reading of its list.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;

use crate::activity::followers_sync::items;
use crate::activity::{build, read, urls};
use crate::app::App;
use crate::db::{self, Lane};
use crate::error::{Error, Result};
use crate::http;
use crate::model::{Account, INSTANCE_ACTOR};
use crate::service::followers_sync;

use super::{accept, actor, fetch, verify};

/// How many pages of a list are read, and how many ids.
const PAGES: usize = 10;
const ITEMS: usize = 10_000;

/// The header, as it stands in a request.
pub const HEADER: &str = "collection-synchronization";

/// `GET /users/{name}/followers_synchronization`: the followers on the server of whoever signed.
pub async fn list(
    app: Data<App>,
    request: HttpRequest,
    name: Path<String>,
) -> Result<HttpResponse> {
    let signer = verify::reader(&app, &request)
        .await?
        .ok_or(Error::Unauthorized("This collection wants signed requests".into()))?;
    let body = app.read(move |conn| {
        let account = actor::find(conn, &name)?.ok_or(Error::NotFound)?;
        if db::moderation::blocks(conn, account.id, signer.id)? {
            return Err(Error::NotFound);
        }
        let id = account.followers_uri.clone().ok_or(Error::NotFound)?;
        let followers = followers_sync::followers_on(conn, account.id, &signer.uri)?;
        let items = followers.into_iter().map(Value::String).collect();
        http::encode(&build::inline_collection(&id, items))
    });
    Ok(accept::private_document(body.await?))
}

/// A delivery came with the header. Whatever is wrong with it, the delivery is taken.
pub async fn received(app: &App, signer: &Account, header: String) {
    let from = signer.clone();
    let differs = app.read(move |conn| followers_sync::differs(conn, &from, &header));
    let queued = match differs.await {
        Ok(Some(url)) => {
            let from = signer.clone();
            app.db.write(Lane::Background, move |tx| followers_sync::queue(tx, &from, &url)).await
        }
        Ok(None) => Ok(()),
        Err(error) => Err(error),
    };
    if let Err(error) = queued {
        tracing::debug!(%error, "followers are not compared");
    }
}

/// All that a server lists at `url` as followers here; `None` when it is not surely all.
/// Blocking.
pub fn read_list(app: &App, account: &Account, url: &str) -> Result<Option<Vec<String>>> {
    let mut all = Vec::new();
    let mut seen = Vec::new();
    let mut total = 0;
    let mut next = Some(url.to_owned());
    while let Some(url) = next.take() {
        if seen.len() >= PAGES || seen.contains(&url) || !urls::same_host(&url, &account.uri) {
            return Ok(None);
        }
        let page = fetch::get(app, &url, INSTANCE_ACTOR)?;
        if !urls::same_host(&page.url, &account.uri) {
            return Ok(None);
        }
        seen.push(url);
        let Some((found, more)) = items(&page.value) else { return Ok(None) };
        total = total.max(read::number(&page.value, "totalItems").unwrap_or(0));
        all.extend(found);
        if all.len() > ITEMS {
            return Ok(None);
        }
        next = more;
    }
    // fewer than it counts: some are not shown
    Ok((total <= all.len() as u64).then_some(all))
}
