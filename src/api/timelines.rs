//! Home, public and tag timelines.

use std::collections::HashMap;

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use super::auth::needs_person;
use super::{Auth, cards, entity, page};
use crate::app::App;
use crate::db::status::Origin;
use crate::db::tagged::Tagged;
use crate::db::{self, Conn};
use crate::error::Result;
use crate::http::Params;
use crate::model::{Page, Status};
use crate::service;
use crate::text::hashtag;

/// How many further tags one tag timeline takes of each kind, as in Mastodon.
const MOST_TAGS: usize = 4;

/// Puts statuses in the order of `ids`.
pub(super) fn in_order(ids: &[i64], found: Vec<Status>) -> Vec<Status> {
    let mut found: HashMap<i64, Status> =
        found.into_iter().map(|status| (status.id, status)).collect();
    ids.iter().filter_map(|id| found.remove(id)).collect()
}

/// GET /api/v1/timelines/home.
pub(super) async fn home(
    app: Data<App>,
    auth: Auth,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let cut = params.page(20, 40)?;
    let found = page::read(&app, &request, move |app, conn| {
        let ids = service::timeline::home(conn, me, &cut)?;
        let found = in_order(&ids, db::status::list(conn, &ids)?);
        cards::look(app, conn, me, &found)?;
        let shown = entity::statuses(conn, &app.site, me, found)?;
        Ok((page::ends(&cut, ids.into_iter()), shown))
    });
    found.await
}

/// Which part of a shared timeline is wanted.
#[derive(Clone, Copy)]
struct Part {
    local: bool,
    remote: bool,
    only_media: bool,
}

/// Nobody in particular sees what is local, and nothing else.
fn read_part(auth: &Auth, params: &Params) -> Result<Part> {
    let mut part = Part {
        local: params.flag("local")?.unwrap_or(false),
        remote: params.flag("remote")?.unwrap_or(false),
        only_media: params.flag("only_media")?.unwrap_or(false),
    };
    if auth.viewer() == 0 {
        if part.remote && !part.local {
            return Err(needs_person());
        }
        part.local = true;
    }
    Ok(part)
}

/// GET /api/v1/timelines/public.
pub(super) async fn public(
    app: Data<App>,
    auth: Auth,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse> {
    let viewer = auth.viewer();
    let cut = params.page(20, 40)?;
    let part = read_part(&auth, &params)?;
    let origin = match (part.local, part.remote) {
        (true, _) => Origin::Local,
        (false, true) => Origin::Remote,
        (false, false) => Origin::All,
    };
    let found = page::read(&app, &request, move |app, conn| {
        let more = page::one_more(&cut);
        let mut found = db::status::list_public(conn, viewer, origin, part.only_media, &more)?;
        let ends = page::exact_ends(&cut, &mut found, |status| status.id);
        cards::look(app, conn, viewer, &found)?;
        Ok((ends, entity::statuses(conn, &app.site, viewer, found)?))
    });
    found.await
}

/// The tags of a tag timeline: one of `any`, each of `all`, none of `none`.
struct Tags {
    any: Vec<String>,
    all: Vec<String>,
    none: Vec<String>,
}

/// GET /api/v1/timelines/tag/:hashtag.
pub(super) async fn tag(
    app: Data<App>,
    auth: Auth,
    request: HttpRequest,
    path: Path<String>,
    params: Params,
) -> Result<HttpResponse> {
    let viewer = auth.viewer();
    let cut = params.page(20, 40)?;
    let part = read_part(&auth, &params)?;
    let more = |name: &str| -> Result<Vec<String>> {
        let given = params.list(name)?;
        Ok(given.iter().take(MOST_TAGS).filter_map(|tag| hashtag::normalize(tag)).collect())
    };
    let mut tags = Tags { any: more("any")?, all: more("all")?, none: more("none")? };
    tags.any.extend(hashtag::normalize(&path));
    let found = page::read(&app, &request, move |app, conn| {
        let mut found = tagged(conn, viewer, &tags, part, &page::one_more(&cut))?;
        let ends = page::exact_ends(&cut, &mut found, |status| status.id);
        cards::look(app, conn, viewer, &found)?;
        Ok((ends, entity::statuses(conn, &app.site, viewer, found)?))
    });
    found.await
}

/// A page of what has any of the tags.
fn tagged(conn: &Conn, viewer: i64, tags: &Tags, part: Part, cut: &Page) -> Result<Vec<Status>> {
    let ids = |names: &[String]| -> Result<Vec<Option<i64>>> {
        names.iter().map(|name| db::status::find_tag(conn, name)).collect()
    };
    // nothing has a tag that nobody used
    let Some(all) = ids(&tags.all)?.into_iter().collect::<Option<Vec<i64>>>() else {
        return Ok(Vec::new());
    };
    let mut what = Tagged {
        tag: 0,
        all,
        none: ids(&tags.none)?.into_iter().flatten().collect(),
        only_local: part.local,
        only_remote: part.remote && !part.local,
        only_media: part.only_media,
    };
    let mut found: Vec<Status> = Vec::new();
    for tag in ids(&tags.any)?.into_iter().flatten() {
        what.tag = tag;
        found.extend(db::tagged::list(conn, viewer, &what, cut)?);
    }
    found.sort_by_key(|status| std::cmp::Reverse(status.id));
    found.dedup_by_key(|status| status.id);
    if cut.ascending() {
        // the nearest to `min_id` are the oldest of them
        found.drain(..found.len().saturating_sub(cut.limit));
    } else {
        found.truncate(cut.limit);
    }
    Ok(found)
}
