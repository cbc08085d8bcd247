//! How busy this server was lately, and which languages there are.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde_json::{Value, json};

use crate::app::App;
use crate::db::activity;
use crate::error::Result;
use crate::http;
use crate::text::language_names;

/// How many weeks are told, this one first.
const WEEKS: i64 = 12;

/// GET /api/v1/instance/activity: twelve weeks, numbers as texts, as in Mastodon.
pub(super) async fn show(app: Data<App>) -> Result<HttpResponse> {
    let weeks = app.document("api/v1/instance/activity".into(), |_, conn| {
        let this = activity::week_of(conn.now());
        let since = this - WEEKS + 1;
        let (statuses, logins, registrations) = (
            activity::statuses(conn, since)?,
            activity::logins(conn, since)?,
            activity::registrations(conn, since)?,
        );
        let of = |list: &[(i64, i64)], week: i64| {
            list.iter().find(|(one, _)| *one == week).map_or(0, |(_, count)| *count).to_string()
        };
        let weeks: Vec<Value> = (0..WEEKS)
            .map(|back| this - back)
            .map(|week| {
                json!({
                    "week": (activity::begin_of(week) / 1000).to_string(),
                    "statuses": of(&statuses, week),
                    "logins": of(&logins, week),
                    "registrations": of(&registrations, week),
                })
            })
            .collect();
        http::encode(&weeks)
    });
    Ok(http::encoded(http::JSON, weeks.await?.to_vec()))
}

/// GET /api/v1/instance/languages: what clients offer for a post. Any other code is taken too.
pub(super) async fn languages() -> HttpResponse {
    let all: Vec<Value> = language_names::NAMES
        .iter()
        .map(|(code, name)| json!({ "code": code, "name": name }))
        .collect();
    http::json(&all)
}
