//! The Mastodon client API. `routes.rs` is the table of everything that is served, with what each
//! route demands of a token; then one file a noun. JSON shapes are in `entity/`.

mod account_notes;
mod accounts;
mod activity;
mod admin;
mod aliases;
mod announcements;
mod apps;
mod auth;
mod backfill;
mod blocks;
mod bookmarks;
mod cards;
mod conversations;
mod credentials;
mod custom_emojis;
mod deliveries;
mod departures;
mod edits;
mod endorsements;
mod entity;
mod familiar_followers;
mod favourites;
mod featured_tags;
mod filters;
mod filters_v1;
mod follow_requests;
mod hidden_domains;
mod imports;
mod instance;
mod interaction_policies;
mod interaction_requests;
mod lists;
mod markers;
mod media;
mod notification_groups;
mod notification_policies;
mod notification_requests;
mod notifications;
mod oembed;
mod page;
mod people;
mod pins;
mod polls;
mod posting;
mod profile;
mod push;
mod quotes;
mod rate;
mod reactions;
mod relationships;
mod remote;
mod reports;
mod routes;
mod scheduled_statuses;
mod search;
mod severances;
mod sign_up;
mod statuses;
mod streaming;
mod suggestions;
mod tags;
mod thread_mutes;
mod timelines;
mod tokens;
mod translations;
mod trends;
mod two_factor;
mod user;
mod userinfo;

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use serde::Serialize;

use crate::app::App;
use crate::db::{Conn, Tx};
use crate::error::{Error, Result};
use crate::http;

pub use auth::{Auth, Need};
pub use routes::routes;
pub use streaming::{Pump as Streams, start as stream};

/// Reads with the program's parts at hand.
fn read<T, F>(app: &Data<App>, f: F) -> impl Future<Output = Result<T>>
where
    T: Send + 'static,
    F: FnOnce(&App, &Conn) -> Result<T> + Send + 'static,
{
    let parts = App::clone(app);
    app.read(move |conn| f(&parts, conn))
}

/// Reads something and answers it; the JSON is written on the thread that read the rows.
fn show<T, F>(app: &Data<App>, f: F) -> impl Future<Output = Result<HttpResponse>>
where
    T: Serialize,
    F: FnOnce(&App, &Conn) -> Result<T> + Send + 'static,
{
    shown(read(app, move |app, conn| http::encode(&f(app, conn)?)))
}

/// The same for a handful of rows that are found by their keys: see [`App::read_few`].
fn show_few<T, F>(app: &Data<App>, f: F) -> impl Future<Output = Result<HttpResponse>>
where
    T: Serialize,
    F: FnOnce(&App, &Conn) -> Result<T> + Send + 'static,
{
    let parts = App::clone(app);
    shown(app.read_few(move |conn| http::encode(&f(&parts, conn)?)))
}

async fn shown(body: impl Future<Output = Result<Vec<u8>>>) -> Result<HttpResponse> {
    Ok(http::encoded(http::JSON, body.await?))
}

/// Writes with the program's parts at hand; answers after the commit.
fn write<T, F>(app: &Data<App>, f: F) -> impl Future<Output = Result<T>>
where
    T: Send + 'static,
    F: FnOnce(&App, &Tx<'_>) -> Result<T> + Send + 'static,
{
    let parts = App::clone(app);
    app.write(move |tx| f(&parts, tx))
}

/// The id in a path; what is no id belongs to nothing.
fn id_of(path: &Path<String>) -> Result<i64> {
    crate::id::parse(path).ok_or(Error::NotFound)
}

/// `{}`, Mastodon's answer where there is nothing to say.
fn empty() -> HttpResponse {
    http::json(&serde_json::Map::new())
}
