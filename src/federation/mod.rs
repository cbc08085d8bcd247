//! ActivityPub with other servers: what we serve, what we take, how we fetch and deliver.

mod accept;
mod actor;
pub mod budget;
mod claim;
mod collection;
mod collections;
pub mod deliver;
mod discovery;
mod emoji;
pub mod featured_tags;
mod fetch;
mod flood;
pub mod followers_sync;
pub mod forward;
mod gone;
pub mod gone_inbox;
mod inbox;
pub mod interaction;
mod knock;
pub mod mentions;
pub mod process;
pub mod profile;
pub mod quote;
mod reader;
pub mod relay;
pub mod resolve;
mod static_actor;
mod status;
pub mod thread;
mod thread_collections;
mod verify;

use actix_web::guard;
use actix_web::http::Method;
use actix_web::web::{self, ServiceConfig};

use crate::http::handler;

/// The routes of this module. Pages share some of them: there the `Accept` header decides.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.route("/.well-known/webfinger", handler::get(discovery::webfinger))
        .route("/.well-known/host-meta", handler::get(discovery::host_meta))
        .route("/.well-known/host-meta.json", handler::get(discovery::host_meta_json))
        .route("/.well-known/nodeinfo", handler::get(discovery::nodeinfo_links))
        .route("/nodeinfo/{version}", handler::get(discovery::nodeinfo))
        .service(
            web::resource("/inbox")
                .route(handler::post(inbox::shared))
                .default_service(web::to(inbox::not_allowed)),
        )
        .service(
            web::resource("/users/{name}/inbox")
                .route(handler::post(inbox::personal))
                .default_service(web::to(inbox::not_allowed)),
        )
        .route("/actor", read(actor::instance))
        .route("/actor/outbox", read(collections::instance_outbox))
        .route("/emojis/{shortcode}", read(emoji::show))
        .route("/users/{name}", read(actor::local))
        .route("/users/{name}/outbox", read(collections::outbox))
        .route("/users/{name}/followers", read(collections::followers))
        .route("/users/{name}/following", read(collections::following))
        .route("/users/{name}/followers_synchronization", read(followers_sync::list))
        .route("/users/{name}/collections/featured", read(collections::featured))
        .route("/users/{name}/collections/tags", read(collections::tags))
        .route("/users/{name}/statuses/{id}", read(status::object))
        .route("/users/{name}/statuses/{id}/activity", read(status::activity))
        .route("/users/{name}/statuses/{id}/replies", read(thread_collections::replies))
        .route("/users/{name}/statuses/{id}/context", read(thread_collections::context))
        .route("/users/{name}/statuses/{id}/likes", read(status::likes))
        .route("/users/{name}/statuses/{id}/shares", read(status::shares))
        .route("/users/{name}/quote_authorizations/{id}", read(quote::authorization))
        .route("/users/{name}/interaction_authorizations/{id}", read(interaction::authorization))
        .service(
            web::resource("/@{name}")
                .guard(guard::fn_guard(accept::guard_activity))
                .route(read(actor::local)),
        )
        .service(
            web::resource("/@{name}/{id}")
                .guard(guard::fn_guard(accept::guard_activity))
                .route(read(status::object)),
        );
}

/// What `Accept-Signature` says beside a 401 at the addresses of this module (F-117): which parts
/// of a request we want signed.
/// <https://www.rfc-editor.org/rfc/rfc9421#name-requesting-signatures>
pub fn wanted_signature(method: &Method, path: &str) -> Option<&'static str> {
    let ours = ["/inbox", "/users/", "/@", "/actor"].iter().any(|start| path.starts_with(start));
    ours.then_some(if *method == Method::POST {
        r#"sig1=("@method" "@target-uri" "content-digest");created"#
    } else {
        r#"sig1=("@method" "@target-uri");created"#
    })
}

/// Whether a refusal at this address may turn into a document for somebody who signs: no cache may
/// keep it for others (F-122).
pub fn depends_on_signature(method: &Method, path: &str) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
        && ["/users/", "/@"].iter().any(|start| path.starts_with(start))
}

/// GET, and HEAD as GET without a body (F-246).
fn read<F, Args>(handler: F) -> actix_web::Route
where
    F: actix_web::Handler<Args>,
    Args: actix_web::FromRequest + 'static,
    F::Output: actix_web::Responder + 'static,
{
    handler::to(web::route().guard(guard::Any(guard::Get()).or(guard::Head())), handler)
}
