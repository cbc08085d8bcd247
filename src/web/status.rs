//! `GET /@{name}/{id}`: one status, what it answers and what answers it.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::accept::wants_activity;
use super::locale::Locale;
use super::page::{self, Shell};
use super::profile;
use super::view::{self, Post};
use crate::app::App;
use crate::cache::Rendered;
use crate::db::{self, Conn};
use crate::error::{Error, Result};
use crate::id;
use crate::model::{Account, Status, Visibility};
use crate::service::visibility;

/// How much of the conversation is shown above and below.
const ABOVE: i64 = 40;
const BELOW: i64 = 60;

#[derive(Template)]
#[template(path = "status.html")]
struct StatusPage {
    shell: Shell,
    ancestors: Vec<Post>,
    shown: Post,
    answers: Vec<Post>,
    /// URI of the ActivityPub document.
    uri: String,
    /// Address of the oEmbed document, for a status of this server.
    oembed: Option<String>,
    /// For link previews.
    summary: String,
    picture: Option<Preview>,
}

/// A picture for link previews.
struct Preview {
    address: String,
    words: String,
    size: Option<(i64, i64)>,
}

/// `GET /@{name}/{id}`
pub(super) async fn show(
    app: web::Data<App>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> HttpResponse {
    let (name, id) = path.into_inner();
    let result = answer(&app, &request, name, id).await;
    page::answer(&request, result)
}

async fn answer(
    app: &App,
    request: &HttpRequest,
    name: String,
    id: String,
) -> Result<HttpResponse> {
    let id = id::parse(&id).ok_or(Error::NotFound)?;
    let t = Locale::of(request);
    if wants_activity(request) {
        let for_read = app.clone();
        let (status, _) = app.read(move |conn| find(conn, &for_read, &name, id)).await?;
        return page::see_other(&status.uri);
    }
    let key = format!("{} {:?} @{name}/{id}", t.tag, t.asked);
    let page = app.page(key, move |app, conn| build(conn, app, t, &name, id)).await?;
    Ok(page::public(request, &page))
}

/// The status, if anybody may read it and it is this account's; 410 when it was deleted.
fn find(conn: &Conn, app: &App, name: &str, id: i64) -> Result<(Status, Account)> {
    let account = profile::find(conn, app, name)?;
    match visibility::get(conn, 0, id) {
        Ok(status) if status.account_id == account.id => Ok((status, account)),
        Ok(_) => Err(Error::NotFound),
        Err(Error::NotFound) => {
            let uri = app.site.status(&account.username, id);
            Err(match db::seen::buried_at(conn, &uri)? {
                Some(_) => Error::Gone,
                None => Error::NotFound,
            })
        }
        Err(error) => Err(error),
    }
}

fn build(conn: &Conn, app: &App, t: &'static Locale, name: &str, id: i64) -> Result<Rendered> {
    let (status, account) = find(conn, app, name, id)?;
    let site = &app.site;
    let uri = status.uri.clone();
    let noindex = !account.indexable || status.visibility != Visibility::Public;
    // all of the page in one batch: what stands above, the status, what answers it
    let mut statuses = db::status::list_ancestors(conn, 0, id, ABOVE)?;
    let above: Vec<i64> = statuses.iter().map(|status| status.id).collect();
    statuses.push(status);
    statuses.extend(db::status::list_descendants(conn, 0, id, BELOW)?);
    let boost = statuses.get(above.len()).and_then(|status| status.reblog_of_id);
    let shown_id = boost.unwrap_or(id);
    let mut ancestors = view::posts(conn, site, t, statuses)?;
    let at = ancestors.iter().position(|post| post.id == shown_id).ok_or(Error::NotFound)?;
    let answers = ancestors.split_off(at + 1);
    let shown = ancestors.pop().ok_or(Error::NotFound)?;

    let summary = view::summary(if shown.spoiler.is_empty() { &shown.content } else { "" });
    let summary = if summary.is_empty() { shown.spoiler.clone() } else { summary };
    let begin: String = summary.chars().take(60).collect();
    let mut shell = Shell::new(app, t, format!("{}: {begin}", shown.author.name));
    shell.noindex = noindex;
    // an address on this server, whoever has the picture
    let picture = shown.picture().and_then(|media| {
        let address = media.picture.clone()?;
        Some(Preview { address, words: media.description.clone(), size: media.size })
    });
    let alternate = Some(uri.clone());
    let oembed = site.owns(&shown.url).then(|| {
        let url: String = form_urlencoded::byte_serialize(shown.url.as_bytes()).collect();
        format!("{}/api/oembed?url={url}", site.base)
    });
    let body = page::render(&StatusPage {
        shell,
        ancestors,
        shown,
        answers,
        uri,
        oembed,
        summary,
        picture,
    })?;
    Ok(Rendered { noindex, alternate, ..Rendered::new(body) })
}
