//! The emojis of other servers, for those who run this one and want some of them: their list as
//! pickers read it, and single pictures.

use std::time::Duration;

use serde::Deserialize;

use crate::app::App;
use crate::client::{Limits, OutRequest, host_of};
use crate::error::{Error, Result};

/// The largest list: large servers have thousands.
const LARGEST: usize = 4 * 1024 * 1024;
/// Most emojis of one server that are looked at.
const MOST: usize = 10_000;
/// How long one picture may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// One emoji of another server (CustomEmoji of the client API).
#[derive(Clone, Debug, Deserialize)]
pub struct Found {
    pub shortcode: String,
    pub url: String,
    #[serde(default)]
    pub category: Option<String>,
}

/// GET /api/v1/custom_emojis of another server. Blocking.
///
/// # Errors
/// 422 for what is no server's name, 503 with the reason when the list cannot be had.
pub fn list(app: &App, instance: &str) -> Result<Vec<Found>> {
    let instance = instance.trim().to_ascii_lowercase();
    let scheme = if app.config.dev { "http" } else { "https" };
    let url = format!("{scheme}://{instance}/api/v1/custom_emojis");
    if host_of(&url).as_deref() != Some(instance.as_str()) {
        return Err(Error::invalid(format!("{instance} is no name of a server")));
    }
    let request = OutRequest::get(url)
        .header("accept", "application/json")
        .limits(Limits { max_bytes: LARGEST, ..Limits::DOCUMENT });
    let answer = app.client.send(request)?;
    if !answer.is_success() {
        return Err(Error::Remote(format!("{instance} answers {}", answer.status).into()));
    }
    let mut found: Vec<Found> = serde_json::from_slice(&answer.body)
        .map_err(|_| Error::Remote(format!("{instance} does not list its emojis").into()))?;
    found.truncate(MOST);
    Ok(found)
}

/// The picture at an address, of at most so many bytes. Blocking.
///
/// # Errors
/// 503 with the reason when it cannot be had.
pub fn picture(app: &App, url: &str, most: usize) -> Result<Vec<u8>> {
    let limits = Limits { total: PATIENCE, max_bytes: most };
    let request = OutRequest::get(url).header("accept", "image/*").limits(limits);
    let answer = app.client.send(request)?;
    if !answer.is_success() {
        return Err(Error::Remote(format!("its server answers {}", answer.status).into()));
    }
    Ok(answer.body)
}
