//! Application.

use serde::Serialize;

use crate::model;

/// An application, to itself.
#[derive(Debug, Serialize)]
pub(crate) struct Application {
    #[serde(serialize_with = "super::id")]
    id: i64,
    name: String,
    website: Option<String>,
    scopes: Vec<String>,
    /// All of them, one a line.
    redirect_uri: String,
    redirect_uris: Vec<String>,
    vapid_key: String,
}

impl Application {
    /// The shape of a stored application.
    pub(crate) fn new(stored: &model::Application, vapid_key: String) -> Self {
        Self {
            id: stored.id,
            name: stored.name.clone(),
            website: stored.website.clone(),
            scopes: stored.scopes.split_whitespace().map(str::to_owned).collect(),
            redirect_uri: stored.redirect_uris.clone(),
            redirect_uris: stored.redirect_uris.lines().map(str::to_owned).collect(),
            vapid_key,
        }
    }
}

/// A new application with its secret, which is told once.
#[derive(Debug, Serialize)]
pub(crate) struct NewApplication {
    #[serde(flatten)]
    pub(crate) application: Application,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    /// 0: it does not expire.
    pub(crate) client_secret_expires_at: i64,
}
