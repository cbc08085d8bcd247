//! What crawlers ask for: `robots.txt`, and the list of pages for search engines.

use std::collections::HashSet;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::page;
use crate::app::App;
use crate::cache::Rendered;
use crate::clock;
use crate::db::status::Origin;
use crate::db::{self, Conn};
use crate::error::{Error, Result};
use crate::http::file::is_fresh;
use crate::model::Page;

/// How many of the newest statuses are looked at for the list.
const STATUSES: usize = 500;

/// What nobody has to crawl: forms, data for programs, and copies of what others have.
const CLOSED: &[&str] = &[
    "/api/",
    "/auth/",
    "/oauth/",
    "/settings",
    "/authorize_interaction",
    "/cache/",
    "/media_proxy/",
];

/// Those that collect texts to train language models, or for the answers of such, as their makers
/// name them for `robots.txt`.
const AI: &[&str] = &[
    "AI2Bot",
    "Amazonbot",
    "anthropic-ai",
    "Applebot-Extended",
    "Bytespider",
    "CCBot",
    "ChatGPT-User",
    "Claude-SearchBot",
    "Claude-User",
    "Claude-Web",
    "ClaudeBot",
    "cohere-ai",
    "cohere-training-data-crawler",
    "DeepSeekBot",
    "Diffbot",
    "DuckAssistBot",
    "FacebookBot",
    "Google-CloudVertexBot",
    "Google-Extended",
    "GPTBot",
    "ICC-Crawler",
    "img2dataset",
    "Meta-ExternalAgent",
    "Meta-ExternalFetcher",
    "MistralAI-User",
    "OAI-SearchBot",
    "omgili",
    "omgilibot",
    "PanguBot",
    "Perplexity-User",
    "PerplexityBot",
    "PetalBot",
    "Timpibot",
    "VelenPublicWebCrawler",
    "Webzio-Extended",
    "YouBot",
];

/// `GET /robots.txt` (F-074, RFC 9309). Who wants not to be found says so on the page itself, which
/// crawlers must be let in for to read it.
pub(super) async fn robots(app: web::Data<App>) -> HttpResponse {
    let mut text = String::new();
    if !app.config.pages.allow_ai_crawlers {
        for name in AI {
            text.push_str(&format!("User-agent: {name}\n"));
        }
        text.push_str("Disallow: /\n\n");
    }
    text.push_str("User-agent: *\n");
    for path in CLOSED {
        text.push_str(&format!("Disallow: {path}\n"));
    }
    if app.config.pages.sitemap {
        text.push_str(&format!("\nSitemap: {}/sitemap.xml\n", app.site.base));
    }
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/plain; charset=utf-8"))
        .insert_header((header::CACHE_CONTROL, "public, max-age=86400"))
        .body(text)
}

#[derive(Template)]
#[template(path = "sitemap.xml")]
struct Sitemap {
    /// `(address, time of the last change)`
    pages: Vec<(String, String)>,
}

/// `GET /sitemap.xml`: the profiles and newest public statuses of those who want to be found; 404
/// unless the settings have one. <https://www.sitemaps.org/protocol.html>
pub(super) async fn sitemap(app: web::Data<App>, request: HttpRequest) -> Result<HttpResponse> {
    if !app.config.pages.sitemap {
        return Err(Error::NotFound);
    }
    let list = app.page("sitemap".to_owned(), build).await?;
    let fresh = is_fresh(&request, &list.tag);
    let mut response = if fresh { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response
        .insert_header((header::ETAG, list.tag.as_str()))
        .insert_header((header::CONTENT_TYPE, "application/xml; charset=utf-8"))
        .insert_header((header::CACHE_CONTROL, "public, max-age=3600"));
    Ok(if fresh { response.finish() } else { response.body(list.body.clone()) })
}

fn build(_: &App, conn: &Conn) -> Result<Rendered> {
    let mut found = HashSet::new();
    let mut pages = Vec::new();
    for account in db::account::list_local(conn)? {
        let limited = account.suspended_at.is_some() || account.silenced_at.is_some();
        if !limited && account.discoverable && account.indexable {
            found.insert(account.id);
            let changed = account.last_status_at.unwrap_or(account.created_at);
            pages.push((account.page().to_owned(), clock::wire_time(changed)));
        }
    }
    let newest = Page::newest(STATUSES);
    for status in db::status::list_public(conn, 0, Origin::Local, false, &newest)? {
        if found.contains(&status.account_id) {
            let changed = status.edited_at.unwrap_or(status.created_at);
            pages.push((status.page().to_owned(), clock::wire_time(changed)));
        }
    }
    Ok(Rendered::new(page::render(&Sitemap { pages })?))
}
