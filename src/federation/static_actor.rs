//! People whose account is a handful of files on a plain web server, which may give them a content
//! type of its own (F-045, F-046).

use serde_json::Value;

use crate::activity::{self, actor, read};
use crate::app::App;
use crate::client::{Limits, OutRequest};
use crate::error::{Error, Result};

use super::{accept, budget, fetch};

/// The actor at an address that WebFinger names for a handle somebody asked for. The type may be
/// one of those that plain servers give to JSON; all else must be as ever: no redirect, and the
/// id is the address itself, so that no uploaded copy of an actor stands for it (S-026).
pub fn document(app: &App, address: &str) -> Result<Value> {
    fetch::check(app, address)?;
    budget::take()?;
    let request =
        OutRequest::get(address).header("Accept", accept::WANTED).limits(Limits::DOCUMENT);
    let response = app.client.send(OutRequest { redirects: 0, ..request })?;
    let wrong = |what: &str| Error::Remote(format!("{address} {what}").into());
    if response.status != 200 {
        return Err(wrong("is not there"));
    }
    let kind = response.header("content-type").unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if !matches!(kind.as_str(), "application/json" | "application/octet-stream") {
        return Err(wrong("has a content type that no actor has"));
    }
    let value = activity::json::parse(&response.body)?;
    if read::id_of(&value) != Some(address) || actor::kind_of(&value).is_none() {
        return Err(wrong("is not the actor of this address"));
    }
    Ok(value)
}
