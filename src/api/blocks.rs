//! Whom one blocks and mutes.

use std::collections::HashMap;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::entity::{Account, MutedAccount};
use super::{Auth, page, people};
use crate::app::App;
use crate::clock::api_time;
use crate::db::{self, Conn};
use crate::error::Result;
use crate::http::Params;
use crate::model::Page;

/// GET /api/v1/blocks.
pub(super) async fn blocks(
    app: Data<App>,
    auth: Auth,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let find = move |conn: &Conn, cut: &Page| db::moderation::list_blocks(conn, me, cut);
    people::answer(&app, &request, &params, find).await
}

/// GET /api/v1/mutes.
pub(super) async fn mutes(
    app: Data<App>,
    auth: Auth,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let cut = params.page(40, 80)?;
    let found = page::read(&app, &request, move |app, conn| {
        let rows = db::moderation::list_mutes(conn, me, &cut)?;
        let ids: Vec<i64> = rows.iter().map(|(_, account, _)| *account).collect();
        let mut stored: HashMap<i64, _> = db::account::list_shown(conn, &ids)?
            .into_iter()
            .map(|found| (found.id, found))
            .collect();
        let shown: Vec<MutedAccount> = rows
            .iter()
            .filter_map(|(_, id, expires_at)| {
                Some(MutedAccount {
                    account: Account::new(&app.site, stored.remove(id)?),
                    mute_expires_at: expires_at.map(api_time),
                })
            })
            .collect();
        Ok((page::ends(&cut, rows.iter().map(|(row, _, _)| *row)), shown))
    });
    found.await
}
