//! The Mastodon client API. `routes.rs` is the table of everything that is served, with what each
//! route demands of a token; then one file a noun. JSON shapes are in `entity/`.

mod accounts;
mod apps;
mod auth;
mod blocks;
mod bookmarks;
mod credentials;
mod edits;
mod entity;
mod favourites;
mod follow_requests;
mod instance;
mod nothing;
mod notifications;
mod page;
mod people;
mod pins;
mod polls;
mod posting;
mod relationships;
mod remote;
mod routes;
mod search;
mod statuses;
mod thread_mutes;
mod timelines;

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};

use crate::app::App;
use crate::db::{Conn, Tx};
use crate::error::{Error, Result};
use crate::http;

pub use auth::{Auth, Need};
pub use routes::routes;

/// Reads with the program's parts at hand.
async fn read<T, F>(app: &Data<App>, f: F) -> Result<T>
where
    T: Send + 'static,
    F: FnOnce(&App, &Conn) -> Result<T> + Send + 'static,
{
    let parts = App::clone(app);
    app.read(move |conn| f(&parts, conn)).await
}

/// Writes with the program's parts at hand; answers after the commit.
async fn write<T, F>(app: &Data<App>, f: F) -> Result<T>
where
    T: Send + 'static,
    F: FnOnce(&App, &Tx<'_>) -> Result<T> + Send + 'static,
{
    let parts = App::clone(app);
    app.write(move |tx| f(&parts, tx)).await
}

/// The id in a path; what is no id belongs to nothing.
fn id_of(path: &Path<String>) -> Result<i64> {
    crate::id::parse(path).ok_or(Error::NotFound)
}

/// `{}`, Mastodon's answer where there is nothing to say.
fn empty() -> HttpResponse {
    http::json(&serde_json::Map::new())
}
