//! The pages that anybody can read: profiles, statuses, tags, about, and feeds of them. Rendered on the server,
//! without a script, in the reader's language; only what nobody has to sign in for.
//!
//! `page` answers with HTML and its headers, `view` turns rows into what templates show, and
//! there is one file a page. `oauth` builds its forms on `page` and `locale` too.

mod about;
mod accept;
mod asset;
mod cache;
mod coming;
mod crawlers;
mod emoji;
mod failure;
mod feed;
mod home;
mod interaction;
mod join;
pub mod locale;
mod media;
mod object;
pub mod page;
mod policy;
mod profile;
mod status;
mod tag;
mod view;

use actix_web::web::{self, ServiceConfig};

use crate::http::handler;

pub use accept::wants_html;
pub use failure::error_page;

/// All addresses of this module; also `HEAD` of each.
pub fn routes(cfg: &mut ServiceConfig) {
    macro_rules! page {
        ($path:literal, $handler:path) => {
            cfg.service(
                web::resource($path)
                    .route(handler::get($handler))
                    .route(handler::head($handler))
                    .default_service(web::to(page::method_not_allowed)),
            );
        };
    }
    page!("/", home::show);
    page!("/about", about::show);
    page!("/privacy-policy", policy::privacy);
    page!("/terms-of-service", policy::terms);
    page!("/emoji/{file}", emoji::show);
    page!("/@{name}.rss", feed::of_account_rss);
    page!("/@{name}/feed.{kind}", feed::of_account);
    page!("/@{name}", profile::show);
    page!("/@{name}/with_replies", profile::replies);
    page!("/@{name}/media", profile::media);
    page!("/@{name}/{id}", status::show);
    page!("/@{name}/tagged/{tag}", profile::tagged);
    page!("/tags/{name}.rss", feed::of_tag_rss);
    page!("/tags/{name}/feed.{kind}", feed::of_tag);
    page!("/tags/{name}", tag::show);
    page!("/authorize_interaction", interaction::show);
    page!("/assets/style.css", asset::style);
    page!("/assets/custom.css", asset::custom);
    page!("/assets/avatar.png", asset::avatar);
    page!("/assets/header.png", asset::header);
    page!("/media/{first}/{second}/{name}", media::show);
    page!("/cache/{class}/{owner}/{key}", cache::show);
    page!("/favicon.ico", asset::favicon);
    page!("/robots.txt", crawlers::robots);
    page!("/sitemap.xml", crawlers::sitemap);
    page!("/health", asset::health);
}
