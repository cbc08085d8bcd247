//! Accounts of anybody: the profile and what it wrote.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use super::auth::needs_person;
use super::{Auth, backfill, cards, entity, id_of, page};
use crate::app::App;
use crate::db::status::OfAccount;
use crate::db::{self, Conn};
use crate::error::{Error, Result};
use crate::http::{self, Params};
use crate::model::{Account, INSTANCE_ACTOR};
use crate::service;
use crate::text::hashtag;

/// An account that is shown; not the instance actor, none that is gone.
pub(super) fn get(conn: &Conn, id: i64) -> Result<Account> {
    db::account::find(conn, id)?
        .filter(|account| account.suspended_at.is_none() && account.id != INSTANCE_ACTOR)
        .ok_or(Error::NotFound)
}

/// The same for a reader: the server's own account too, for whom it told something.
fn get_for(conn: &Conn, viewer: i64, id: i64) -> Result<Account> {
    match id == INSTANCE_ACTOR && service::trouble::has_told(conn, viewer)? {
        true => db::account::get(conn, id),
        false => get(conn, id),
    }
}

/// How many accounts one request may ask for.
const MOST: usize = 40;

/// One account with where it moved to.
fn one(app: &App, conn: &Conn, account: Account) -> Result<entity::Account> {
    let shown = vec![entity::Account::new(&app.site, account)];
    entity::with_moved(conn, &app.site, shown)?.pop().ok_or(Error::NotFound)
}

/// GET /api/v1/accounts: those of `id[]` that are there, in their order.
pub(super) async fn list(app: Data<App>, params: Params) -> Result<HttpResponse> {
    let mut ids: Vec<i64> = Vec::new();
    for id in params.ids("id")? {
        if ids.len() < MOST && id != INSTANCE_ACTOR && !ids.contains(&id) {
            ids.push(id);
        }
    }
    super::show(&app, move |app, conn| {
        let shown = entity::accounts(&app.site, &ids, db::account::list_shown(conn, &ids)?);
        entity::with_moved(conn, &app.site, shown)
    })
    .await
}

/// GET /api/v1/accounts/:id.
pub(super) async fn show(app: Data<App>, auth: Auth, path: Path<String>) -> Result<HttpResponse> {
    let (id, viewer) = (id_of(&path)?, auth.viewer());
    let account = super::show_few(&app, move |app, conn| match suspended(conn, id)? {
        Some(account) => Ok(entity::Account::suspended(&app.site, account)),
        None => {
            let account = get_for(conn, viewer, id)?;
            backfill::look(app, conn, viewer, &account)?;
            one(app, conn, account)
        }
    });
    account.await
}

/// The account if it is suspended for a while, rather than gone: all that is told is that it is.
fn suspended(conn: &Conn, id: i64) -> Result<Option<Account>> {
    let account = db::account::find(conn, id)?.filter(|account| account.suspended_at.is_some());
    Ok(match account {
        Some(account) if !service::moderation::is_gone(conn, &account)? => Some(account),
        _ => None,
    })
}

/// GET /api/v1/accounts/lookup: an account that is stored, by its handle.
pub(super) async fn lookup(app: Data<App>, params: Params) -> Result<HttpResponse> {
    let handle = params.text("acct")?.unwrap_or_default().to_owned();
    let account = super::read(&app, move |app, conn| {
        let account = service::account::find_by_handle(conn, &app.site, &handle)?
            .filter(|account| account.suspended_at.is_none())
            .ok_or(Error::NotFound)?;
        one(app, conn, account)
    });
    Ok(http::json(&account.await?))
}

/// GET /api/v1/accounts/:id/statuses.
pub(super) async fn statuses(
    app: Data<App>,
    auth: Auth,
    request: HttpRequest,
    path: Path<String>,
    params: Params,
) -> Result<HttpResponse> {
    let id = id_of(&path)?;
    let viewer = auth.viewer();
    let cut = params.page(20, 40)?;
    let pinned = params.flag("pinned")?.unwrap_or(false);
    let tagged = params.text("tagged")?.filter(|tag| !tag.is_empty()).map(str::to_owned);
    let mut what = OfAccount {
        account_id: id,
        exclude_replies: params.flag("exclude_replies")?.unwrap_or(false),
        exclude_reblogs: params.flag("exclude_reblogs")?.unwrap_or(false),
        only_media: params.flag("only_media")?.unwrap_or(false),
        ..OfAccount::default()
    };
    let found = page::read(&app, &request, move |app, conn| {
        let account = get_for(conn, viewer, id)?;
        if viewer == 0 && !account.is_local() {
            return Err(needs_person());
        }
        backfill::look(app, conn, viewer, &account)?;
        if pinned {
            let found = service::pin::list(conn, viewer, id)?;
            return Ok((None, entity::statuses(conn, &app.site, viewer, found)?));
        }
        if let Some(tag) = tagged {
            let name = hashtag::normalize(&tag);
            match name.map(|name| db::status::find_tag(conn, &name)).transpose()?.flatten() {
                Some(tag) => what.tag_id = Some(tag),
                None => return Ok((None, Vec::new())),
            }
        }
        let mut found = db::status::list_of_account(conn, viewer, what, &page::one_more(&cut))?;
        let ends = page::exact_ends(&cut, &mut found, |status| status.id);
        cards::look(app, conn, viewer, &found)?;
        Ok((ends, entity::statuses(conn, &app.site, viewer, found)?))
    });
    found.await
}
