//! How far one has read, kept in one place for all of one's apps.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde_json::{Map, Value, json};

use super::Auth;
use crate::app::App;
use crate::clock::api_time;
use crate::db::{self, Conn};
use crate::error::Result;
use crate::http::{self, Params};

/// The timelines that have a marker.
const TIMELINES: [&str; 2] = ["home", "notifications"];

/// GET /api/v1/markers; of `timeline[]`, those that are set.
pub(super) async fn list(app: Data<App>, auth: Auth, params: Params) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let wanted = params.list("timeline")?;
    let found = super::read(&app, move |_, conn| shapes(conn, me, &wanted)).await?;
    Ok(http::json(&found))
}

/// POST /api/v1/markers; `home[last_read_id]` and the like.
pub(super) async fn set(app: Data<App>, auth: Auth, params: Params) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let mut changes: Vec<(&'static str, i64)> = Vec::new();
    for timeline in TIMELINES {
        if let Some(id) = params.nested(timeline)?.id("last_read_id")? {
            changes.push((timeline, id));
        }
    }
    let after = super::write(&app, move |_, tx| {
        let mut changed: Vec<String> = Vec::new();
        for (timeline, id) in changes {
            db::marker::set(tx, me, timeline, id)?;
            changed.push(timeline.to_owned());
        }
        shapes(tx, me, &changed)
    });
    Ok(http::json(&after.await?))
}

fn shapes(conn: &Conn, me: i64, wanted: &[String]) -> Result<Map<String, Value>> {
    let mut found = Map::new();
    for marker in db::marker::list(conn, me)? {
        if wanted.contains(&marker.timeline) {
            let shape = json!({
                "last_read_id": marker.last_read_id.to_string(),
                "version": marker.version,
                "updated_at": api_time(marker.updated_at),
            });
            found.insert(marker.timeline, shape);
        }
    }
    Ok(found)
}
