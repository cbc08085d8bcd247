//! The collections of a local actor (F-236 to F-240).

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;

use crate::activity::build;
use crate::app::App;
use crate::db::follow::Side;
use crate::db::{self, Conn};
use crate::error::{Error, Result};
use crate::id;
use crate::model::{Account, Page};
use crate::service::around::Around;
use crate::service::{self, document};
use crate::site::Site;

use super::{accept, actor};

/// How many items one page has.
const ITEMS: usize = 20;

/// `GET /users/{name}/outbox`: what anybody may read, newest first.
pub async fn outbox(
    app: Data<App>,
    request: HttpRequest,
    name: Path<String>,
) -> Result<HttpResponse> {
    serve(&app, &request, name, |conn, site, account, page| {
        let id = owned(&account.outbox)?;
        let Some(page) = page else {
            let total = u64::try_from(account.statuses_count).unwrap_or(0);
            return Ok(build::ordered_collection(
                &id,
                Some(total),
                Some(&format!("{id}?page=true")),
            ));
        };
        let what =
            db::status::OfAccount { account_id: account.id, only_open: true, ..Default::default() };
        let statuses = db::status::list_of_account(conn, 0, what, &page)?;
        let around = Around::read(conn, &statuses)?;
        let mut items = Vec::with_capacity(statuses.len());
        for status in &statuses {
            items.push(document::activity_with(conn, &around, site, status, account)?);
        }
        let ends = statuses.first().zip(statuses.last()).map(|(first, last)| (first.id, last.id));
        Ok(page_of(&id, &page, items, ends))
    })
    .await
}

/// `GET /users/{name}/followers`.
pub async fn followers(
    app: Data<App>,
    request: HttpRequest,
    name: Path<String>,
) -> Result<HttpResponse> {
    serve(&app, &request, name, |conn, _, account, page| {
        people(
            conn,
            account,
            Side::Followers,
            account.followers_count,
            &account.followers_uri,
            page,
        )
    })
    .await
}

/// `GET /users/{name}/following`.
pub async fn following(
    app: Data<App>,
    request: HttpRequest,
    name: Path<String>,
) -> Result<HttpResponse> {
    serve(&app, &request, name, |conn, _, account, page| {
        people(
            conn,
            account,
            Side::Following,
            account.following_count,
            &account.following_uri,
            page,
        )
    })
    .await
}

/// `GET /users/{name}/collections/featured`: the open ones of the pinned statuses (F-240).
pub async fn featured(
    app: Data<App>,
    request: HttpRequest,
    name: Path<String>,
) -> Result<HttpResponse> {
    serve(&app, &request, name, |conn, site, account, _| {
        let mut items = Vec::new();
        let statuses = service::pin::list(conn, 0, account.id)?;
        let around = Around::read(conn, &statuses)?;
        for status in &statuses {
            let note = document::note_with(conn, &around, site, status, account)?;
            items.push(build::note(&note));
        }
        Ok(build::inline_collection(&owned(&account.featured_uri)?, items))
    })
    .await
}

/// `GET /users/{name}/collections/tags`: the tags that the account features (F-028).
pub async fn tags(
    app: Data<App>,
    request: HttpRequest,
    name: Path<String>,
) -> Result<HttpResponse> {
    serve(&app, &request, name, |conn, site, account, _| {
        let id = owned(&account.details.featured_tags_uri)?;
        let tags = service::featured_tag::documents(conn, site, account)?;
        Ok(build::featured_tags(&id, &tags))
    })
    .await
}

/// `GET /actor/outbox`: the instance actor says nothing in public.
pub async fn instance_outbox(app: Data<App>, request: HttpRequest) -> Result<HttpResponse> {
    let id = format!("{}/outbox", app.site.instance_actor());
    let body =
        serde_json::to_vec(&build::inline_collection(&id, Vec::new())).map_err(Error::internal)?;
    Ok(accept::public_document(&request, body))
}

fn people(
    conn: &Conn,
    account: &Account,
    side: Side,
    total: i64,
    id: &Option<String>,
    page: Option<Page>,
) -> Result<Value> {
    let id = owned(id)?;
    let hidden = account.details.hide_collections;
    let Some(page) = page else {
        let total = u64::try_from(total).unwrap_or(0);
        if hidden {
            return Ok(build::ordered_collection(&id, Some(total), None));
        }
        return Ok(build::ordered_collection(&id, Some(total), Some(&format!("{id}?page=true"))));
    };
    if hidden {
        return Err(Error::Forbidden("This collection is not shown".into()));
    }
    let rows = db::follow::list(conn, account.id, side, &page)?;
    let ids: Vec<i64> = rows.iter().map(|(_, account)| *account).collect();
    let accounts = db::account::list(conn, &ids)?;
    let items = ids
        .iter()
        .filter_map(|id| accounts.iter().find(|account| account.id == *id))
        .map(|account| Value::String(account.uri.clone()))
        .collect();
    let ends = rows.first().zip(rows.last()).map(|(first, last)| (first.0, last.0));
    Ok(page_of(&id, &page, items, ends))
}

/// A page that stays the same while new items come in front of it (F-239). `ends`: the newest and
/// oldest id on it.
fn page_of(id: &str, page: &Page, items: Vec<Value>, ends: Option<(i64, i64)>) -> Value {
    let own = match (page.max_id, page.min_id) {
        (Some(max_id), _) => format!("{id}?page=true&max_id={max_id}"),
        (None, Some(min_id)) => format!("{id}?page=true&min_id={min_id}"),
        (None, None) => format!("{id}?page=true"),
    };
    // a page that was walked up to has what is older, whether it is full or not
    let goes_on = items.len() >= page.limit || page.ascending();
    let next = ends.filter(|_| goes_on).map(|(_, last)| format!("{id}?page=true&max_id={last}"));
    let prev = ends.map(|(first, _)| format!("{id}?page=true&min_id={first}"));
    build::collection_page(&own, id, items, next.as_deref(), prev.as_deref())
}

fn owned(uri: &Option<String>) -> Result<String> {
    uri.clone().ok_or(Error::NotFound)
}

async fn serve<F>(
    app: &App,
    request: &HttpRequest,
    name: Path<String>,
    write: F,
) -> Result<HttpResponse>
where
    F: Fn(&Conn, &Site, &Account, Option<Page>) -> Result<Value> + Send + 'static,
{
    let reader = actor::admit(app, request).await?;
    let page = page(request.query_string())?;
    let (site, name) = (app.site.clone(), name.into_inner());
    let found = app
        .read(move |conn| match actor::find(conn, &name)? {
            Some(account) => {
                reader.check(conn, account.id)?;
                let value = write(conn, &site, &account, page)?;
                serde_json::to_vec(&value).map(Ok).map_err(Error::internal)
            }
            None => actor::tombstone(conn, &site.actor(&name)).map(Err),
        })
        .await?;
    Ok(match found {
        Ok(body) => reader.answer(request, body),
        Err(tombstone) => accept::gone(&tombstone),
    })
}

/// The wanted page; a cursor that is no id is refused (F-239).
fn page(query: &str) -> Result<Option<Page>> {
    let mut wanted = false;
    let mut page = Page::newest(ITEMS);
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "page" => wanted = true,
            "max_id" | "min_id" => {
                let id = id::parse(&value)
                    .ok_or_else(|| Error::BadRequest(format!("{name} is no id").into()))?;
                if name == "max_id" {
                    page.max_id = Some(id);
                } else {
                    page.min_id = Some(id);
                }
            }
            _ => {}
        }
    }
    Ok(wanted.then_some(page))
}
