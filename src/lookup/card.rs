//! What is behind a link: the page's head, and the oEmbed document that it names.

use std::collections::HashMap;

use serde_json::Value;
use url::Url;

use crate::app::App;
use crate::client::{Limits, OutRequest, host_of};
use crate::error::{Error, Result};
use crate::model::Preview;
use crate::service::domain;
use crate::text::{charset, preview};

/// The preview of a link; `None` when there is nothing to show.
///
/// # Errors
/// 503 when the page cannot be had.
pub fn fetch(app: &App, link: &str) -> Result<Option<Preview>> {
    if app.site.owns(link) {
        return Ok(None);
    }
    refuse_blocked(app, link)?;
    let request = OutRequest::get(link)
        .header("accept", "text/html, application/xhtml+xml;q=0.9")
        .limits(Limits::PAGE)
        .cut();
    let answer = app.client.send(request)?;
    if !answer.is_success() {
        return Err(Error::Remote(format!("the page answers {}", answer.status).into()));
    }
    let content_type = answer.header("content-type").unwrap_or_default().to_owned();
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if !matches!(kind.as_str(), "text/html" | "application/xhtml+xml" | "") {
        return Ok(None);
    }
    let base = Url::parse(&answer.final_url)
        .map_err(|_| Error::Remote("the page has no address".into()))?;
    refuse_blocked(app, base.as_str())?;
    let page = preview::read(&charset::decode(&answer.body, &content_type), &base);
    let mut found = page.preview;
    if let Some(address) = page.oembed {
        // the page alone is a preview too
        match oembed(app, &address) {
            Ok((document, base)) => preview::add_oembed(&mut found, &document, &base),
            Err(error) => tracing::debug!(%address, %error, "no oEmbed document"),
        }
    }
    keep_out(app, &mut found);
    Ok(Some(found).filter(|preview| !preview.title.is_empty()))
}

/// F-338: from blocked servers comes nothing.
fn refuse_blocked(app: &App, address: &str) -> Result<()> {
    let Some(host) = host_of(address) else { return Err(Error::Remote("no host".into())) };
    if app.db.read(|conn| domain::is_suspended(conn, &host))? {
        return Err(Error::Forbidden("the server is blocked here".into()));
    }
    Ok(())
}

fn oembed(app: &App, address: &str) -> Result<(Value, Url)> {
    refuse_blocked(app, address)?;
    let request =
        OutRequest::get(address).header("accept", "application/json").limits(Limits::SMALL);
    let answer = app.client.send(request)?;
    if !answer.is_success() {
        return Err(Error::Remote(format!("the document answers {}", answer.status).into()));
    }
    // by its own rules oEmbed is an object of texts and numbers
    let fields: HashMap<String, Value> = serde_json::from_slice(&answer.body)
        .map_err(|_| Error::Remote("the document is not JSON".into()))?;
    let base = Url::parse(&answer.final_url).map_err(|_| Error::Remote("no address".into()))?;
    Ok((Value::Object(fields.into_iter().collect()), base))
}

/// A frame of our own origin would have our pages' rights.
fn keep_out(app: &App, preview: &mut Preview) {
    if preview.html.contains(&format!("//{}", app.site.host)) {
        preview.html.clear();
        preview.kind = crate::model::CardKind::Link;
    }
}
