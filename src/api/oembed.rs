//! What other sites show of a status here when somebody pastes its address.
//!
//! <https://oembed.com>. The HTML is a quotation with a link: no frame, since the page of a
//! status forbids to be framed, and no script for other sites to run.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde_json::json;

use crate::app::App;
use crate::db::{self, Conn};
use crate::error::{Error, Result};
use crate::http::Params;
use crate::model::{Account, Status};
use crate::service::visibility;
use crate::text::sanitize;

/// What it is as wide as unless the site says how much room there is.
const WIDTH: i64 = 400;
/// How long others may keep it, in seconds.
const KEPT: i64 = 86_400;

/// GET /api/oembed: of a status of this server that anybody may read; 404 for all else.
pub(super) async fn show(app: Data<App>, params: Params) -> Result<HttpResponse> {
    if params.text("format")?.is_some_and(|format| !matches!(format, "" | "json")) {
        return Err(Error::NotFound);
    }
    let address = params.text("url")?.unwrap_or_default().trim().to_owned();
    let side = |name: &str| -> Result<Option<i64>> {
        Ok(params.number(name)?.filter(|side| (1..=10_000).contains(side)))
    };
    let (width, height) = (side("maxwidth")?, side("maxheight")?);
    let shown = super::show(&app, move |app, conn| {
        let (status, author) = find(app, conn, &address)?;
        let name = if author.display_name.is_empty() {
            author.username.clone()
        } else {
            author.display_name.clone()
        };
        let host = &app.site.host;
        Ok(json!({
            "type": "rich",
            "version": "1.0",
            "title": format!("New status by {}", author.username),
            "author_name": name,
            "author_url": author.page(),
            "provider_name": host,
            "provider_url": format!("{}/", app.site.base),
            "cache_age": KEPT,
            "html": quotation(&status, &author, &app.site.account_domain),
            "width": width.unwrap_or(WIDTH),
            "height": height,
        }))
    });
    shown.await
}

fn find(app: &App, conn: &Conn, address: &str) -> Result<(Status, Account)> {
    let bare = address.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
    if !app.site.owns(bare) {
        return Err(Error::NotFound);
    }
    let found = db::status::find_by_uri_or_url(conn, bare)?.ok_or(Error::NotFound)?;
    let status = visibility::get(conn, 0, found.id)?;
    if !status.local || !status.visibility.is_open() || status.reblog_of_id.is_some() {
        return Err(Error::NotFound);
    }
    let author = db::account::get(conn, status.account_id)?;
    Ok((status, author))
}

/// A warning stands for what it warns of.
fn quotation(status: &Status, author: &Account, domain: &str) -> String {
    let text = if status.spoiler_text.is_empty() {
        status.content.clone()
    } else {
        format!("<p>{}</p>", sanitize::escape(&status.spoiler_text))
    };
    format!(
        "<blockquote class=\"mastodon-embed\" cite=\"{url}\">{text}<p>— <a href=\"{url}\" \
         rel=\"noopener\">{name} (@{user}@{domain})</a></p></blockquote>",
        url = sanitize::escape(status.page()),
        name = sanitize::escape(if author.display_name.is_empty() {
            &author.username
        } else {
            &author.display_name
        }),
        user = sanitize::escape(&author.username),
    )
}
