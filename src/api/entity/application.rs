//! Application.

use serde::Serialize;

use crate::clock::api_time;
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

/// A token as its owner sees it: GoToSocial's shape.
#[derive(Debug, Serialize)]
pub(crate) struct TokenInfo {
    #[serde(serialize_with = "super::id")]
    id: i64,
    created_at: String,
    /// To the day.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used: Option<String>,
    scope: String,
    application: Named,
}

/// The application that has it, as others see one.
#[derive(Debug, Serialize)]
struct Named {
    name: String,
    website: Option<String>,
}

impl TokenInfo {
    /// The shape of a stored token.
    pub(crate) fn new(stored: model::TokenLine) -> Self {
        Self {
            id: stored.id,
            created_at: api_time(stored.created_at),
            last_used: stored.last_used_at.map(api_time),
            scope: stored.scopes,
            application: Named { name: stored.name, website: stored.website },
        }
    }
}
