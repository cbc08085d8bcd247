//! Who of those whom one follows follows somebody.

use std::collections::HashMap;

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Serialize;

use super::{Auth, entity};
use crate::app::App;
use crate::db;
use crate::error::Result;
use crate::http::Params;
use crate::model;

/// How many accounts one request may ask about.
const MOST: usize = 40;

/// The answer for one account.
#[derive(Serialize)]
struct FamiliarFollowers {
    #[serde(serialize_with = "entity::id")]
    id: i64,
    accounts: Vec<entity::Account>,
}

/// GET /api/v1/accounts/familiar_followers, for each `id[]`. Nobody is named who hides whom they
/// follow, and nobody of an account that hides its followers.
pub(super) async fn list(app: Data<App>, auth: Auth, params: Params) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let mut ids: Vec<i64> = Vec::new();
    for id in params.ids("id")? {
        if ids.len() < MOST && id != model::INSTANCE_ACTOR && !ids.contains(&id) {
            ids.push(id);
        }
    }
    super::show(&app, move |app, conn| {
        let rows = db::familiar::list(conn, me, &ids)?;
        let mut wanted: Vec<i64> = rows.iter().map(|(_, follower)| *follower).collect();
        wanted.extend(&ids);
        wanted.sort_unstable();
        wanted.dedup();
        let stored: HashMap<i64, model::Account> = db::account::list_shown(conn, &wanted)?
            .into_iter()
            .filter(|account| account.suspended_at.is_none())
            .map(|account| (account.id, account))
            .collect();
        let open = |id: &i64| stored.get(id).filter(|found| !found.details.hide_collections);
        let answer = |id: &i64| FamiliarFollowers {
            id: *id,
            accounts: rows
                .iter()
                .filter(|(target, _)| target == id && open(id).is_some())
                .filter_map(|(_, follower)| open(follower))
                .map(|account| entity::Account::new(&app.site, account.clone()))
                .collect(),
        };
        Ok(ids.iter().filter(|id| stored.contains_key(id)).map(answer).collect::<Vec<_>>())
    })
    .await
}
