//! The replies to a local status, and the whole of a thread that began here (F-241, F-243).

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;

use crate::activity::build;
use crate::app::App;
use crate::db;
use crate::error::{Error, Result};
use crate::id;

use super::status::serve;

/// How many ids one page has.
const ITEMS: i64 = 20;
/// How many ids the first page has that comes with a status.
pub const FIRST: i64 = 5;

/// What a query asks for.
#[derive(Clone, Default)]
struct Wanted {
    page: bool,
    /// Mastodon's word for the part of the replies that others wrote.
    others: bool,
    above: i64,
}

/// A cursor that is no id is refused (F-239).
fn wanted(query: &str) -> Result<Wanted> {
    let mut wanted = Wanted::default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "page" => wanted.page = true,
            "only_other_accounts" => wanted.others = value == "true",
            "min_id" => {
                wanted.above =
                    id::parse(&value).ok_or(Error::BadRequest("min_id is no id".into()))?;
            }
            _ => {}
        }
    }
    Ok(wanted)
}

/// `GET …/replies`: the open replies, the author's own first, then those of others; ids, a page
/// at a time, each in the order they came (F-241).
pub async fn replies(
    app: Data<App>,
    request: HttpRequest,
    path: Path<(String, String)>,
) -> Result<HttpResponse> {
    let wanted = wanted(request.query_string())?;
    serve(&app, &request, None, path, move |conn, _, status, _| {
        let id = format!("{}/replies", status.uri);
        if !wanted.page {
            return Ok(build::collection(&id, None, Some(&format!("{id}?page=true"))));
        }
        let mut others = wanted.others;
        let mut above = wanted.above;
        let mut found = Vec::new();
        if !others {
            found = db::backfill::list_replies(conn, status.id, true, above, ITEMS)?;
            others = (found.len() as i64) < ITEMS;
            // from here on it is the others', from their first one
            above = if others { 0 } else { above };
        }
        let mut last = found.last().map(|(id, _)| *id);
        if others {
            let room = ITEMS - found.len() as i64;
            let more = db::backfill::list_replies(conn, status.id, false, above, room)?;
            last = more.last().map(|(id, _)| *id);
            found.extend(more);
        }
        let full = found.len() as i64 == ITEMS;
        let kind = if others { "&only_other_accounts=true" } else { "" };
        let next = last.filter(|_| full).map(|last| format!("{id}?page=true{kind}&min_id={last}"));
        Ok(page(&wanted, &id, found, next.as_deref()))
    })
    .await
}

/// `GET …/context`: all of the thread that anybody may read, if it began with this status
/// (F-243; FEP-f228).
pub async fn context(
    app: Data<App>,
    request: HttpRequest,
    path: Path<(String, String)>,
) -> Result<HttpResponse> {
    let wanted = wanted(request.query_string())?;
    serve(&app, &request, None, path, move |conn, _, status, author| {
        if status.thread_id != status.id || !status.visibility.is_open() {
            return Err(Error::NotFound);
        }
        let id = format!("{}/context", status.uri);
        if !wanted.page {
            let first = format!("{id}?page=true");
            let mut list = build::ordered_collection(&id, None, Some(&first));
            if let Some(map) = list.as_object_mut() {
                map.insert("attributedTo".into(), Value::String(author.uri.clone()));
            }
            return Ok(list);
        }
        let found = db::backfill::list_thread(conn, status.id, wanted.above, ITEMS)?;
        let full = found.len() as i64 == ITEMS;
        let next = found.last().filter(|_| full);
        let next = next.map(|(last, _)| format!("{id}?page=true&min_id={last}"));
        let items = found.into_iter().map(|(_, uri)| Value::String(uri)).collect();
        Ok(build::collection_page(&own(&wanted, &id), &id, items, next.as_deref(), None))
    })
    .await
}

fn own(wanted: &Wanted, id: &str) -> String {
    let kind = if wanted.others { "&only_other_accounts=true" } else { "" };
    match wanted.above {
        0 => format!("{id}?page=true{kind}"),
        above => format!("{id}?page=true{kind}&min_id={above}"),
    }
}

fn page(wanted: &Wanted, id: &str, found: Vec<(i64, String)>, next: Option<&str>) -> Value {
    let items = found.into_iter().map(|(_, uri)| uri).collect();
    build::unordered_page(&own(wanted, id), id, items, next)
}
