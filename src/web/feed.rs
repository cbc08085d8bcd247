//! Feeds of what somebody wrote, or of what was written here with a tag: RSS 2.0, Atom and JSON
//! Feed. Only what is public, without boosts and replies to others, the newest alone. What has a
//! warning is in no feed, only the warning and where to read on; sensitive media are a link.
//!
//! <https://www.rssboard.org/rss-specification>, RFC 4287, <https://www.jsonfeed.org/version/1.1/>

use std::time::{Duration, UNIX_EPOCH};

use actix_web::http::header::{self, HeaderName, HttpDate};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde_json::{Value, json};

use super::locale::Locale;
use super::page;
use super::profile;
use super::view::{self, Attachment, Person, Post};
use crate::app::App;
use crate::cache::Rendered;
use crate::clock;
use crate::db::status::OfAccount;
use crate::db::tagged::Tagged;
use crate::db::{self, Conn};
use crate::error::{Error, Result};
use crate::http::file::is_fresh;
use crate::model::{Page, Status, Visibility};
use crate::text::{hashtag, sanitize};

/// How many statuses a feed has.
const STATUSES: usize = 20;
/// How long readers may keep one, in seconds.
const KEPT: u32 = 300;

/// How a feed is written.
#[derive(Clone, Copy)]
enum Kind {
    Rss,
    Atom,
    Json,
}

impl Kind {
    fn parse(ending: &str) -> Option<Self> {
        match ending {
            "rss" => Some(Self::Rss),
            "atom" => Some(Self::Atom),
            "json" => Some(Self::Json),
            _ => None,
        }
    }

    fn ending(self) -> &'static str {
        match self {
            Self::Rss => "rss",
            Self::Atom => "atom",
            Self::Json => "json",
        }
    }

    fn media_type(self) -> &'static str {
        match self {
            Self::Rss => "application/rss+xml; charset=utf-8",
            Self::Atom => "application/atom+xml; charset=utf-8",
            Self::Json => "application/feed+json; charset=utf-8",
        }
    }
}

/// `(media type, name, address)` of the feeds of a page, for its head.
pub(super) type Links = [(&'static str, &'static str, String); 3];

/// Where the feeds of the page at `home` are.
pub(super) fn links(home: &str) -> Links {
    [
        ("rss+xml", "RSS", Kind::Rss),
        ("atom+xml", "Atom", Kind::Atom),
        ("feed+json", "JSON", Kind::Json),
    ]
    .map(|(media_type, name, kind)| (media_type, name, address(home, kind)))
}

fn address(home: &str, kind: Kind) -> String {
    format!("{home}/feed.{}", kind.ending())
}

/// One status, as all kinds of feed show it.
struct Item {
    url: String,
    /// The warning, if there is one.
    warning: Option<String>,
    /// For those who must have a title.
    title: String,
    html: String,
    /// For machines, and as mail writes it.
    published: String,
    published_mail: String,
    updated: String,
    author: std::sync::Arc<Person>,
    language: Option<String>,
    /// Those that need no warning and have a known type.
    media: Vec<Attachment>,
}

struct Feed {
    title: String,
    description: String,
    home: String,
    address: String,
    icon: String,
    language: &'static str,
    author: Option<Person>,
    updated: String,
    items: Vec<Item>,
}

#[derive(Template)]
#[template(path = "feed_rss.xml")]
struct Rss<'a> {
    feed: &'a Feed,
}

#[derive(Template)]
#[template(path = "feed_atom.xml")]
struct Atom<'a> {
    feed: &'a Feed,
}

/// `GET /@{name}/feed.{kind}`
pub(super) async fn of_account(
    app: web::Data<App>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> HttpResponse {
    let (name, kind) = path.into_inner();
    let result = account(&app, &request, name, &kind).await;
    page::answer(&request, result)
}

/// `GET /@{name}.rss`: where Mastodon has it.
pub(super) async fn of_account_rss(
    app: web::Data<App>,
    request: HttpRequest,
    name: web::Path<String>,
) -> HttpResponse {
    let result = account(&app, &request, name.into_inner(), "rss").await;
    page::answer(&request, result)
}

/// `GET /tags/{name}/feed.{kind}`
pub(super) async fn of_tag(
    app: web::Data<App>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> HttpResponse {
    let (name, kind) = path.into_inner();
    let result = tag(&app, &request, &name, &kind).await;
    page::answer(&request, result)
}

/// `GET /tags/{name}.rss`: where Mastodon has it.
pub(super) async fn of_tag_rss(
    app: web::Data<App>,
    request: HttpRequest,
    name: web::Path<String>,
) -> HttpResponse {
    let result = tag(&app, &request, &name, "rss").await;
    page::answer(&request, result)
}

async fn account(
    app: &App,
    request: &HttpRequest,
    name: String,
    kind: &str,
) -> Result<HttpResponse> {
    let kind = Kind::parse(kind).ok_or(Error::NotFound)?;
    let key = format!("feed {} @{name}", kind.ending());
    let feed = app.page(key, move |app, conn| build_account(conn, app, &name, kind)).await?;
    Ok(answer(request, kind, &feed))
}

async fn tag(app: &App, request: &HttpRequest, name: &str, kind: &str) -> Result<HttpResponse> {
    let kind = Kind::parse(kind).ok_or(Error::NotFound)?;
    let name = hashtag::normalize(name).ok_or(Error::NotFound)?;
    let key = format!("feed {} #{name}", kind.ending());
    let feed = app.page(key, move |app, conn| build_tag(conn, app, &name, kind)).await?;
    Ok(answer(request, kind, &feed))
}

fn build_account(conn: &Conn, app: &App, name: &str, kind: Kind) -> Result<Rendered> {
    let account = profile::find(conn, app, name)?;
    let what = OfAccount {
        account_id: account.id,
        exclude_replies: true,
        exclude_reblogs: true,
        only_public: true,
        ..OfAccount::default()
    };
    let statuses = db::status::list_of_account(conn, 0, what, &Page::newest(STATUSES))?;
    let person = Person::new(&app.site, &account);
    let home = app.site.profile(&account.username);
    let feed = Feed {
        title: format!("{} ({})", person.name, person.handle),
        description: view::summary(&account.note),
        icon: person.avatar.clone(),
        author: Some(person),
        address: address(&home, kind),
        home,
        language: "",
        updated: String::new(),
        items: Vec::new(),
    };
    let noindex = !(account.discoverable && account.indexable);
    write(conn, app, kind, feed, statuses, account.created_at, noindex)
}

fn build_tag(conn: &Conn, app: &App, name: &str, kind: Kind) -> Result<Rendered> {
    let statuses = match db::status::find_tag(conn, name)? {
        Some(tag) => {
            let what = Tagged { tag, only_local: true, ..Default::default() };
            db::tagged::list(conn, 0, &what, &Page::newest(STATUSES))?
        }
        None => Vec::new(),
    };
    let statuses = statuses.into_iter().filter(|one| one.visibility == Visibility::Public);
    let home = app.site.tag(name);
    let feed = Feed {
        title: format!("#{name} - {}", app.config.instance.title),
        description: format!("#{name}"),
        icon: app.site.missing_avatar(),
        author: None,
        address: address(&home, kind),
        home,
        language: "",
        updated: String::new(),
        items: Vec::new(),
    };
    // several people's statuses, some of whom may not want to be found (F-074)
    write(conn, app, kind, feed, statuses.collect(), 0, true)
}

fn write(
    conn: &Conn,
    app: &App,
    kind: Kind,
    mut feed: Feed,
    statuses: Vec<Status>,
    begun: i64,
    noindex: bool,
) -> Result<Rendered> {
    // readers of feeds send no language, and a feed is one for all
    let t = Locale::named(&app.config.instance.default_language);
    let posts = view::posts(conn, &app.site, t, statuses)?;
    let modified = posts.iter().map(|post| post.changed_at).max().unwrap_or(begun);
    feed.language = &t.tag;
    feed.updated = clock::wire_time(modified);
    feed.items = posts.into_iter().map(|post| item(t, post)).collect();
    let mut body = match kind {
        Kind::Rss => page::render(&Rss { feed: &feed })?,
        Kind::Atom => page::render(&Atom { feed: &feed })?,
        Kind::Json => json_feed(&feed).to_string(),
    };
    // what XML cannot say, however it is escaped (XML 1.0, 2.2)
    body.retain(|c| !matches!(c, '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\u{fffe}' | '\u{ffff}'));
    Ok(Rendered { noindex, modified: Some(modified), ..Rendered::new(body) })
}

fn item(t: &'static Locale, post: Post) -> Item {
    let warning = (!post.spoiler.is_empty()).then(|| post.spoiler.clone());
    let begin = view::summary(&post.content);
    let begin: String = begin.chars().take(80).collect();
    let time = UNIX_EPOCH + Duration::from_millis(u64::try_from(post.created_at).unwrap_or(0));
    Item {
        html: html(t, &post),
        title: warning.clone().unwrap_or(begin),
        warning,
        published: clock::wire_time(post.created_at),
        published_mail: HttpDate::from(time).to_string(),
        updated: clock::wire_time(post.changed_at),
        author: post.author,
        language: post.language,
        media: if post.sensitive || !post.spoiler.is_empty() { Vec::new() } else { post.media },
        url: post.url,
    }
}

/// Safe HTML.
fn html(t: &'static Locale, post: &Post) -> String {
    let url = sanitize::escape(&post.url);
    if !post.spoiler.is_empty() {
        let warning = sanitize::escape(&post.spoiler);
        let read = sanitize::escape(&t.read_on);
        return format!("<p><strong>{warning}</strong></p><p><a href=\"{url}\">{read}</a></p>");
    }
    let mut html = post.content_html();
    if !post.poll.is_empty() {
        html.push_str("<ul>");
        for choice in &post.poll {
            html.push_str(&format!("<li>{}</li>", sanitize::escape(&choice.name)));
        }
        html.push_str("</ul>");
    }
    if post.sensitive && !post.media.is_empty() {
        let words = sanitize::escape(&t.sensitive);
        html.push_str(&format!("<p><a href=\"{url}\">{words}</a></p>"));
        return html;
    }
    for one in &post.media {
        let (file, words) = (sanitize::escape(&one.url), sanitize::escape(&one.description));
        let shown = match &one.picture {
            Some(picture) if one.player.is_none() => {
                format!("<img src=\"{}\" alt=\"{words}\">", sanitize::escape(picture))
            }
            _ if words.is_empty() => sanitize::escape(one.kind),
            _ => words,
        };
        html.push_str(&format!("<p><a href=\"{file}\">{shown}</a></p>"));
    }
    html
}

fn json_feed(feed: &Feed) -> Value {
    let author = |person: &Person| json!([{ "name": person.name, "url": person.url, "avatar": person.avatar }]);
    let items: Vec<Value> = feed
        .items
        .iter()
        .map(|item| {
            let mut one = json!({
                "id": item.url,
                "url": item.url,
                "content_html": item.html,
                "date_published": item.published,
                "date_modified": item.updated,
                "authors": author(&item.author),
            });
            if let Some(warning) = &item.warning {
                one["title"] = json!(warning);
            }
            if let Some(language) = &item.language {
                one["language"] = json!(language);
            }
            let files: Vec<Value> = item.media.iter().filter_map(|media| {
            let media_type = media.media_type.as_ref()?;
            Some(json!({ "url": media.url, "mime_type": media_type, "title": media.description }))
        }).collect();
            if !files.is_empty() {
                one["attachments"] = json!(files);
            }
            one
        })
        .collect();
    let mut all = json!({
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "description": feed.description,
        "home_page_url": feed.home,
        "feed_url": feed.address,
        "icon": feed.icon,
        "language": feed.language,
        "items": items,
    });
    if let Some(person) = &feed.author {
        all["authors"] = author(person);
    }
    all
}

/// Answers a feed, or 304 when the reader has it already. `If-Modified-Since` counts only where it
/// is what we said: a status that was deleted makes a feed older.
fn answer(request: &HttpRequest, kind: Kind, feed: &Rendered) -> HttpResponse {
    let modified = feed.modified.and_then(|ms| u64::try_from(ms).ok()).unwrap_or(0);
    let modified = HttpDate::from(UNIX_EPOCH + Duration::from_millis(modified)).to_string();
    let headers = request.headers();
    let fresh = if headers.contains_key(header::IF_NONE_MATCH) {
        is_fresh(request, &feed.tag)
    } else {
        headers.get(header::IF_MODIFIED_SINCE).is_some_and(|since| since == modified.as_str())
    };
    let mut response = if fresh { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response
        .insert_header((header::ETAG, feed.tag.as_str()))
        .insert_header((header::LAST_MODIFIED, modified))
        .insert_header((header::CACHE_CONTROL, format!("public, max-age={KEPT}")))
        .insert_header((header::CONTENT_TYPE, kind.media_type()))
        .insert_header((header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"))
        // readers that run in a browser
        .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"));
    if feed.noindex {
        response.insert_header((HeaderName::from_static("x-robots-tag"), "noindex"));
    }
    if fresh { response.finish() } else { response.body(feed.body.clone()) }
}
