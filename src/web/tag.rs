//! `GET /tags/{name}`: public statuses of this server with a hashtag.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::feed::{self, Links};
use super::locale::{Locale, fill};
use super::page::{self, Shell};
use super::profile::max_id;
use super::view::{self, Post};
use crate::app::App;
use crate::cache::Rendered;
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
    feeds: Links,
    posts: Vec<Post>,
    newest: Option<String>,
    older: Option<String>,
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
    let (t, max_id) = (Locale::of(request), max_id(request));
    let page = if let Some(max_id) = max_id {
        let for_read = app.clone();
        let build = move |conn: &Conn| build(conn, &for_read, t, &name, Some(max_id));
        app.read(build).await?.into()
    } else {
        let key = format!("{} {:?} #{name}", t.tag, t.asked);
        app.page(key, move |app, conn| build(conn, app, t, &name, None)).await?
    };
    Ok(page::public(request, &page))
}

fn build(
    conn: &Conn,
    app: &App,
    t: &'static Locale,
    name: &str,
    max_id: Option<i64>,
) -> Result<Rendered> {
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
    shell.here = Some(max_id.map(|id| format!("?max_id={id}")).unwrap_or_default());
    let home = app.site.tag(name);
    let posts = view::posts(conn, &app.site, t, statuses)?;
    let body = page::render(&TagPage {
        heading,
        posts,
        newest: max_id.map(|_| shell.link(&home)),
        older: older.map(|id| shell.link(&format!("?max_id={id}"))),
        feeds: feed::links(&home),
        shell,
    })?;
    Ok(Rendered { noindex: true, ..Rendered::new(body) })
}
