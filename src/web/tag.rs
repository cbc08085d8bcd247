//! `GET /tags/{name}`: public statuses of this server with a hashtag.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::locale::{Locale, fill};
use super::page::{self, Public, Shell};
use super::profile::max_id;
use super::view::{self, Post};
use crate::app::App;
use crate::db::{self, Conn};
use crate::error::{Error, Result};
use crate::model::Page;
use crate::text::hashtag;

/// How many statuses a page has.
const STATUSES: usize = 20;

#[derive(Template)]
#[template(path = "tag.html")]
struct TagPage {
    shell: Shell,
    heading: String,
    posts: Vec<Post>,
    older: Option<i64>,
}

/// `GET /tags/{name}`, with `max_id` for what is older. A tag that nobody used is an empty page.
pub(super) async fn show(
    app: web::Data<App>,
    request: HttpRequest,
    name: web::Path<String>,
) -> HttpResponse {
    let result = answer(&app, &request, &name).await;
    page::answer(&request, result)
}

async fn answer(app: &App, request: &HttpRequest, name: &str) -> Result<HttpResponse> {
    let name = hashtag::normalize(name).ok_or(Error::NotFound)?;
    let (for_read, t, max_id) = (app.clone(), Locale::of(request), max_id(request));
    let page = app.read(move |conn| build(conn, &for_read, t, &name, max_id)).await?;
    Ok(page::public(request, page))
}

fn build(
    conn: &Conn,
    app: &App,
    t: &'static Locale,
    name: &str,
    max_id: Option<i64>,
) -> Result<Public> {
    let page = Page { max_id, ..Page::newest(STATUSES + 1) };
    let mut statuses = match db::status::find_tag(conn, name)? {
        Some(tag) => {
            let what = db::tagged::Tagged { tag, only_local: true, ..Default::default() };
            db::tagged::list(conn, 0, &what, &page)?
        }
        None => Vec::new(),
    };
    let more = statuses.len() > STATUSES;
    statuses.truncate(STATUSES);
    let older = statuses.last().filter(|_| more).map(|status| status.id);
    let heading = fill(&t.tag_title, name);
    let mut shell = Shell::new(app, t, format!("#{name}"));
    // several people's statuses, some of whom may not want to be found (F-074)
    shell.noindex = true;
    let posts = view::posts(conn, &app.site, t, statuses)?;
    let body = page::render(&TagPage { shell, heading, posts, older })?;
    Ok(Public { body, noindex: true, alternate: None })
}
