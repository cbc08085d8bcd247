//! `GET /@{name}`: who somebody is, and what they wrote for all: posts, with replies, media, or
//! what has one tag.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::accept::wants_activity;
use super::feed::{self, Links};
use super::locale::Locale;
use super::page::{self, Shell};
use super::view::{self, Person, Post};
use crate::app::App;
use crate::cache::Rendered;
use crate::clock;
use crate::db::status::OfAccount;
use crate::db::{self, Conn};
use crate::error::{Error, Result};
use crate::id;
use crate::model::{Account, CacheClass, INSTANCE_ACTOR, Page};
use crate::service::{self, cached_file, pin};
use crate::text::hashtag;

/// How many statuses a page of the profile has.
const STATUSES: usize = 20;

/// Which of an account's statuses a page shows.
#[derive(Clone, PartialEq, Eq)]
enum Tab {
    /// What is pinned, then the rest without replies to others.
    Posts,
    Replies,
    Media,
    Tagged(String),
}

/// A link to another tab.
struct Tabs {
    name: &'static str,
    address: String,
    here: bool,
}

#[derive(Template)]
#[template(path = "profile.html")]
struct ProfilePage {
    shell: Shell,
    person: Person,
    account: Account,
    /// The picture above all, and what it shows in words.
    banner: Option<(String, String)>,
    /// Safe HTML, and so are the fields, `(name, value, verified)`.
    note: String,
    fields: Vec<(String, String, bool)>,
    joined: String,
    /// For link previews.
    summary: String,
    canonical: String,
    feeds: Links,
    tabs: Vec<Tabs>,
    posts: Vec<Post>,
    /// Paged back: a link to the newest is shown.
    newest: Option<String>,
    /// Where the next page begins.
    older: Option<String>,
}

/// `GET /@{name}`, with `max_id` for what is older.
pub(super) async fn show(
    app: web::Data<App>,
    request: HttpRequest,
    name: web::Path<String>,
) -> HttpResponse {
    let name = name.into_inner();
    if wants_activity(&request) {
        let for_read = App::clone(&app);
        let account = app.read(move |conn| find(conn, &for_read, &name)).await;
        let answer = account.and_then(|account| page::see_other(&account.uri));
        return page::answer(&request, answer);
    }
    let result = answer(&app, &request, name, Tab::Posts).await;
    page::answer(&request, result)
}

/// `GET /@{name}/with_replies`
pub(super) async fn replies(
    app: web::Data<App>,
    request: HttpRequest,
    name: web::Path<String>,
) -> HttpResponse {
    let result = answer(&app, &request, name.into_inner(), Tab::Replies).await;
    page::answer(&request, result)
}

/// `GET /@{name}/media`
pub(super) async fn media(
    app: web::Data<App>,
    request: HttpRequest,
    name: web::Path<String>,
) -> HttpResponse {
    let result = answer(&app, &request, name.into_inner(), Tab::Media).await;
    page::answer(&request, result)
}

/// `GET /@{name}/tagged/{tag}`: for the tags that a profile features.
pub(super) async fn tagged(
    app: web::Data<App>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> HttpResponse {
    let (name, tag) = path.into_inner();
    let result = match hashtag::normalize(&tag) {
        Some(tag) => answer(&app, &request, name, Tab::Tagged(tag)).await,
        None => Err(Error::NotFound),
    };
    page::answer(&request, result)
}

async fn answer(app: &App, request: &HttpRequest, name: String, tab: Tab) -> Result<HttpResponse> {
    let (t, max_id) = (Locale::of(request), max_id(request));
    // one in the past is seldom asked for twice
    let page = if let Some(max_id) = max_id {
        let for_read = app.clone();
        let build = move |conn: &Conn| build(conn, &for_read, t, &name, &tab, Some(max_id));
        app.read(build).await?.into()
    } else {
        let part = match &tab {
            Tab::Posts => "",
            Tab::Replies => "/with_replies",
            Tab::Media => "/media",
            Tab::Tagged(tag) => &format!("/tagged/{tag}"),
        };
        let key = format!("{} {:?} @{name}{part}", t.tag, t.asked);
        app.page(key, move |app, conn| build(conn, app, t, &name, &tab, None)).await?
    };
    Ok(page::public(request, &page))
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

/// The posts of a tab and whether there are older ones.
fn list(
    conn: &Conn,
    app: &App,
    t: &'static Locale,
    account: &Account,
    tab: &Tab,
    max_id: Option<i64>,
) -> Result<(Vec<Post>, Option<i64>)> {
    let tag_id = match tab {
        // one that nobody used has no statuses, and no row
        Tab::Tagged(tag) => Some(db::status::find_tag(conn, tag)?.unwrap_or(0)),
        _ => None,
    };
    let what = OfAccount {
        account_id: account.id,
        tag_id,
        exclude_replies: *tab == Tab::Posts,
        exclude_reblogs: *tab == Tab::Media,
        only_media: *tab == Tab::Media,
        only_open: true,
        ..OfAccount::default()
    };
    // one more than is shown tells whether there is an older page
    let page = Page { max_id, ..Page::newest(STATUSES + 1) };
    let mut statuses = db::status::list_of_account(conn, 0, what, &page)?;
    let more = statuses.len() > STATUSES;
    statuses.truncate(STATUSES);
    let older = statuses.last().filter(|_| more).map(|status| status.id);
    let mut pinned = Vec::new();
    if *tab == Tab::Posts && max_id.is_none() {
        pinned = pin::list(conn, 0, account.id)?;
        statuses.retain(|status| pinned.iter().all(|pinned| pinned.id != status.id));
    }
    let count = pinned.len();
    pinned.append(&mut statuses);
    let mut posts = view::posts(conn, &app.site, t, pinned)?;
    posts.iter_mut().take(count).for_each(|post| post.is_pinned = true);
    Ok((posts, older))
}

fn build(
    conn: &Conn,
    app: &App,
    t: &'static Locale,
    name: &str,
    tab: &Tab,
    max_id: Option<i64>,
) -> Result<Rendered> {
    let site = &app.site;
    let account = find(conn, app, name)?;
    let (posts, older) = list(conn, app, t, &account, tab, max_id)?;
    let person = Person::new(site, &account);
    let mut shell = Shell::new(app, t, format!("{} ({})", person.name, person.handle));
    shell.noindex = *tab != Tab::Posts || !(account.discoverable && account.indexable);
    shell.here = Some(max_id.map(|id| format!("?max_id={id}")).unwrap_or_default());
    let home = site.profile(&account.username);
    let tabs = [
        (Tab::Posts, t.posts.as_str(), home.clone()),
        (Tab::Replies, &t.with_replies, format!("{home}/with_replies")),
        (Tab::Media, &t.media, format!("{home}/media")),
    ];
    let canonical = match tab {
        Tab::Tagged(tag) => site.tagged(&account.username, tag),
        tab => tabs.iter().find(|one| one.0 == *tab).map_or(&home, |one| &one.2).clone(),
    };
    let tabs = tabs.into_iter().filter(|one| one.0 != Tab::Media || !account.details.hide_media);
    let words = view::Emojis::new(site, &account.emojis);
    let noindex = shell.noindex;
    let body = page::render(&ProfilePage {
        tabs: tabs
            .map(|(of, name, address)| Tabs {
                name,
                address: shell.link(&address),
                here: of == *tab,
            })
            .collect(),
        newest: max_id.map(|_| shell.link(&canonical)),
        older: older.map(|id| shell.link(&format!("?max_id={id}"))),
        banner: cached_file::picture(site, &account, CacheClass::HeaderStill).map(|address| {
            let words = account.header().map(|picture| picture.description.clone());
            (address, words.unwrap_or_default())
        }),
        note: words.in_html(&account.note),
        fields: account
            .fields
            .iter()
            .map(|field| {
                let verified = field.verified_at.is_some();
                (words.in_text(&field.name), words.in_html(&field.value), verified)
            })
            .collect(),
        joined: clock::date(account.created_at),
        summary: view::summary(&account.note),
        feeds: feed::links(&home),
        canonical,
        shell,
        person,
        posts,
        account: account.clone(),
    })?;
    Ok(Rendered { noindex, alternate: Some(account.uri), ..Rendered::new(body) })
}
