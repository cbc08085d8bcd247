//! Fetching what not everybody may read: first as the instance, which is nobody in particular,
//! then as somebody here who follows somebody there (F-120).

use serde_json::Value;

use crate::app::App;
use crate::client::host_of;
use crate::db;
use crate::error::Result;
use crate::model::INSTANCE_ACTOR;

use super::fetch;

/// As how many people one document is asked for.
const READERS: i64 = 2;

/// The document of a status, as [`fetch::document`].
///
/// # Errors
/// What the instance was answered, if nobody here may read it either.
pub fn status(app: &App, uri: &str) -> Result<Value> {
    let refused = match fetch::document(app, uri, INSTANCE_ACTOR) {
        Err(error) if fetch::is_refusal(&error) => error,
        result => return result,
    };
    let Some(host) = host_of(uri) else { return Err(refused) };
    let scheme = if app.config.dev { "http" } else { "https" };
    let base = format!("{scheme}://{host}/");
    for reader in app.db.read(|conn| db::follow::list_followers_below(conn, &base, READERS))? {
        if let Ok(document) = fetch::document(app, uri, reader) {
            return Ok(document);
        }
    }
    Err(refused)
}
