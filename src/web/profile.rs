//! `GET /@{name}`: who somebody is, and the newest of what they wrote for all.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::accept::wants_activity;
use super::locale::Locale;
use super::page::{self, Public, Shell};
use super::view::{self, Person, Post};
use crate::app::App;
use crate::clock;
use crate::db::status::OfAccount;
use crate::db::{self, Conn};
use crate::error::{Error, Result};
use crate::id;
use crate::model::{Account, INSTANCE_ACTOR, Page};
use crate::service;
use crate::text::hashtag;

/// How many statuses a page of the profile has.
const STATUSES: usize = 20;

#[derive(Template)]
#[template(path = "profile.html")]
struct ProfilePage {
    shell: Shell,
    person: Person,
    account: Account,
    joined: String,
    /// For link previews.
    summary: String,
    posts: Vec<Post>,
    /// Paged back: a link to the newest is shown.
    is_older: bool,
    /// Where the next page begins.
    older: Option<i64>,
}

/// `GET /@{name}`, with `max_id` for what is older.
pub(super) async fn show(
    app: web::Data<App>,
    request: HttpRequest,
    name: web::Path<String>,
) -> HttpResponse {
    let result = answer(&app, &request, name.into_inner()).await;
    page::answer(&request, result)
}

async fn answer(app: &App, request: &HttpRequest, name: String) -> Result<HttpResponse> {
    let (for_read, t) = (app.clone(), Locale::of(request));
    if wants_activity(request) {
        let account = app.read(move |conn| find(conn, &for_read, &name)).await?;
        return page::see_other(&account.uri);
    }
    let max_id = max_id(request);
    let page = app.read(move |conn| build(conn, &for_read, t, &name, max_id, None)).await?;
    Ok(page::public(request, page))
}

/// `GET /@{name}/tagged/{tag}`: the same with what has a tag, for the tags that a profile
/// features.
pub(super) async fn tagged(
    app: web::Data<App>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> HttpResponse {
    let (name, tag) = path.into_inner();
    let (for_read, t) = (App::clone(&app), Locale::of(&request));
    let max_id = max_id(&request);
    let page = app.read(move |conn| build(conn, &for_read, t, &name, max_id, Some(&tag)));
    let result = page.await.map(|page| page::public(&request, page));
    page::answer(&request, result)
}

/// The `max_id` of the query.
pub(super) fn max_id(request: &HttpRequest) -> Option<i64> {
    form_urlencoded::parse(request.query_string().as_bytes())
        .find(|(name, _)| name == "max_id")
        .and_then(|(_, value)| id::parse(&value))
}

/// The local account of this name, with or without our domain behind it; 410 for one that was
/// deleted.
pub(super) fn find(conn: &Conn, app: &App, name: &str) -> Result<Account> {
    let name = match name.split_once('@') {
        Some((name, domain)) if app.site.is_own_domain(domain) => name,
        _ => name,
    };
    match db::account::find_local(conn, name)? {
        Some(account) if account.id == INSTANCE_ACTOR => Err(Error::NotFound),
        Some(account) if account.suspended_at.is_some() => Err(Error::Gone),
        Some(account) => Ok(account),
        None if service::leaving::was_used(conn, &app.site, name)? => Err(Error::Gone),
        None => Err(Error::NotFound),
    }
}

fn build(
    conn: &Conn,
    app: &App,
    t: &'static Locale,
    name: &str,
    max_id: Option<i64>,
    tag: Option<&str>,
) -> Result<Public> {
    let account = find(conn, app, name)?;
    let tag_id = match tag {
        Some(tag) => {
            let name = hashtag::normalize(tag).ok_or(Error::NotFound)?;
            // one that nobody used has no statuses, and no row
            Some(db::status::find_tag(conn, &name)?.unwrap_or(0))
        }
        None => None,
    };
    let what = OfAccount {
        account_id: account.id,
        tag_id,
        exclude_replies: tag.is_none(),
        only_open: true,
        ..OfAccount::default()
    };
    // one more than is shown tells whether there is an older page
    let page = Page { max_id, ..Page::newest(STATUSES + 1) };
    let mut statuses = db::status::list_of_account(conn, 0, what, &page)?;
    let more = statuses.len() > STATUSES;
    statuses.truncate(STATUSES);
    let older = statuses.last().filter(|_| more).map(|status| status.id);
    let person = Person::new(&app.site, &account);
    let mut shell = Shell::new(app, t, format!("{} ({})", person.name, person.handle));
    shell.noindex = tag.is_some() || !(account.discoverable && account.indexable);
    let noindex = shell.noindex;
    let alternate = Some(account.uri.clone());
    let body = page::render(&ProfilePage {
        shell,
        person,
        joined: clock::date(account.created_at),
        summary: view::summary(&account.note),
        account,
        posts: view::posts(conn, &app.site, t, statuses)?,
        is_older: max_id.is_some(),
        older,
    })?;
    Ok(Public { body, noindex, alternate })
}
