//! The table of the client API: every path with its methods and what each demands of a token
//! (S-076). What is not in it answers 404 with JSON, a method that is not, too.

use std::future::Future;

use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use actix_web::{FromRequest, Handler, Resource, Responder, Route};

use super::auth::{Need, Needs};
// every module of handlers has its lines below
use super::*;
use crate::error::{Error, Result};

/// One method of a path.
type On = (Method, Need, Route);

/// Mounts the client API. The app's data must hold the [`crate::app::App`].
#[rustfmt::skip] // one line a route
pub fn routes(config: &mut ServiceConfig) {
    use Need::{Admin, Optional, Public, Stream, User};
    let table: Vec<(&str, Vec<On>)> = vec![
        ("/v1/apps", vec![post(Public, apps::create)]),
        ("/v1/apps/verify_credentials", vec![get(Need::App, apps::verify_credentials)]),

        ("/v1/instance", vec![get(Public, instance::v1)]),
        ("/v2/instance", vec![get(Public, instance::v2)]),
        ("/v1/instance/peers", vec![get(Public, instance::peers)]),
        ("/v1/instance/rules", vec![get(Public, instance::rules)]),
        ("/v1/instance/extended_description", vec![get(Public, instance::extended_description)]),
        ("/v1/instance/privacy_policy", vec![get(Public, instance::privacy_policy)]),
        ("/v1/instance/terms_of_service", vec![get(Public, instance::terms_of_service)]),
        ("/v1/instance/terms_of_service/{id}", vec![get(Public, instance::terms_of_service_of)]),
        ("/v1/instance/domain_blocks", vec![get(Optional("read"), instance::domain_blocks)]),
        ("/v1/custom_emojis", vec![get(Public, custom_emojis::list)]),
        ("/v1/announcements", vec![get(User(&["read", "read:accounts"]), announcements::list)]),
        ("/v1/announcements/{id}/dismiss", vec![post(User(&["write:accounts"]), announcements::dismiss)]),
        ("/v1/announcements/{id}/reactions/{tag}", vec![
            put(User(&["write:favourites"]), announcements::react),
            delete(User(&["write:favourites"]), announcements::unreact),
        ]),
        ("/v1/preferences", vec![get(User(&["read:accounts"]), credentials::preferences)]),

        ("/v1/accounts/verify_credentials", vec![get(User(&["profile", "read:accounts"]), credentials::verify)]),
        ("/v1/accounts/update_credentials", vec![patch(User(&["write:accounts"]), credentials::update)]),
        ("/v1/accounts/lookup", vec![get(Optional("read:accounts"), accounts::lookup)]),
        ("/v1/accounts/search", vec![get(User(&["read:accounts"]), search::accounts)]),
        ("/v1/accounts/relationships", vec![get(User(&["read:follows"]), relationships::list)]),
        ("/v1/accounts/{id}", vec![get(Optional("read:accounts"), accounts::show)]),
        ("/v1/accounts/{id}/statuses", vec![get(Optional("read:statuses"), accounts::statuses)]),
        ("/v1/accounts/{id}/followers", vec![get(Optional("read:accounts"), people::followers)]),
        ("/v1/accounts/{id}/following", vec![get(Optional("read:accounts"), people::following)]),
        ("/v1/accounts/{id}/featured_tags", vec![get(Optional("read:accounts"), nothing::of_account)]),
        ("/v1/accounts/{id}/lists", vec![get(User(&["read:lists"]), lists::of_account)]),
        ("/v1/accounts/{id}/follow", vec![post(User(&["write:follows"]), relationships::follow)]),
        ("/v1/accounts/{id}/unfollow", vec![post(User(&["write:follows"]), relationships::unfollow)]),
        ("/v1/accounts/{id}/remove_from_followers", vec![post(User(&["write:follows"]), relationships::remove_from_followers)]),
        ("/v1/accounts/{id}/block", vec![post(User(&["write:blocks"]), relationships::block)]),
        ("/v1/accounts/{id}/unblock", vec![post(User(&["write:blocks"]), relationships::unblock)]),
        ("/v1/accounts/{id}/mute", vec![post(User(&["write:mutes"]), relationships::mute)]),
        ("/v1/accounts/{id}/unmute", vec![post(User(&["write:mutes"]), relationships::unmute)]),
        ("/v1/blocks", vec![get(User(&["read:blocks"]), blocks::blocks)]),
        ("/v1/mutes", vec![get(User(&["read:mutes"]), blocks::mutes)]),
        ("/v1/follow_requests", vec![get(User(&["read:follows"]), follow_requests::list)]),
        ("/v1/follow_requests/{id}/authorize", vec![post(User(&["write:follows"]), follow_requests::authorize)]),
        ("/v1/follow_requests/{id}/reject", vec![post(User(&["write:follows"]), follow_requests::reject)]),

        ("/v1/statuses", vec![
            get(Optional("read:statuses"), statuses::list),
            post(User(&["write:statuses"]), posting::create),
        ]),
        ("/v1/statuses/{id}", vec![
            get(Optional("read:statuses"), statuses::show),
            put(User(&["write:statuses"]), edits::edit),
            delete(User(&["write:statuses"]), posting::delete),
        ]),
        ("/v1/statuses/{id}/context", vec![get(Optional("read:statuses"), statuses::context)]),
        ("/v1/statuses/{id}/source", vec![get(User(&["read:statuses"]), statuses::source)]),
        ("/v1/statuses/{id}/favourite", vec![post(User(&["write:favourites"]), favourites::favourite)]),
        ("/v1/statuses/{id}/unfavourite", vec![post(User(&["write:favourites"]), favourites::unfavourite)]),
        ("/v1/statuses/{id}/favourited_by", vec![get(Optional("read:accounts"), people::favourited_by)]),
        ("/v1/statuses/{id}/reblog", vec![post(User(&["write:statuses"]), posting::reblog)]),
        ("/v1/statuses/{id}/unreblog", vec![post(User(&["write:statuses"]), posting::unreblog)]),
        ("/v1/statuses/{id}/reblogged_by", vec![get(Optional("read:accounts"), people::reblogged_by)]),
        ("/v1/statuses/{id}/bookmark", vec![post(User(&["write:bookmarks"]), bookmarks::bookmark)]),
        ("/v1/statuses/{id}/unbookmark", vec![post(User(&["write:bookmarks"]), bookmarks::unbookmark)]),
        ("/v1/statuses/{id}/pin", vec![post(User(&["write:accounts"]), pins::pin)]),
        ("/v1/statuses/{id}/unpin", vec![post(User(&["write:accounts"]), pins::unpin)]),
        ("/v1/statuses/{id}/mute", vec![post(User(&["write:mutes"]), thread_mutes::mute)]),
        ("/v1/statuses/{id}/unmute", vec![post(User(&["write:mutes"]), thread_mutes::unmute)]),
        ("/v1/statuses/{id}/history", vec![get(Optional("read:statuses"), edits::history)]),
        ("/v1/polls/{id}", vec![get(Optional("read:statuses"), polls::show)]),
        ("/v1/polls/{id}/votes", vec![post(User(&["write:statuses"]), polls::vote)]),
        ("/v1/bookmarks", vec![get(User(&["read:bookmarks"]), bookmarks::list)]),
        ("/v1/favourites", vec![get(User(&["read:favourites"]), favourites::list)]),

        ("/v1/timelines/home", vec![get(User(&["read:statuses"]), timelines::home)]),
        ("/v1/timelines/public", vec![get(Optional("read:statuses"), timelines::public)]),
        ("/v1/timelines/tag/{tag}", vec![get(Optional("read:statuses"), timelines::tag)]),
        ("/v1/timelines/list/{id}", vec![get(User(&["read:lists"]), lists::timeline)]),
        ("/v1/markers", vec![
            get(User(&["read:statuses"]), markers::list),
            post(User(&["write:statuses"]), markers::set),
        ]),

        ("/v1/lists", vec![
            get(User(&["read:lists"]), lists::list),
            post(User(&["write:lists"]), lists::create),
        ]),
        ("/v1/lists/{id}", vec![
            get(User(&["read:lists"]), lists::show),
            put(User(&["write:lists"]), lists::update),
            delete(User(&["write:lists"]), lists::delete),
        ]),
        ("/v1/lists/{id}/accounts", vec![
            get(User(&["read:lists"]), lists::members),
            post(User(&["write:lists"]), lists::add),
            delete(User(&["write:lists"]), lists::remove),
        ]),

        ("/v1/filters", vec![
            get(User(&["read:filters"]), filters_v1::list),
            post(User(&["write:filters"]), filters_v1::create),
        ]),
        ("/v1/filters/{id}", vec![
            get(User(&["read:filters"]), filters_v1::show),
            put(User(&["write:filters"]), filters_v1::update),
            delete(User(&["write:filters"]), filters_v1::delete),
        ]),
        ("/v2/filters", vec![
            get(User(&["read:filters"]), filters::list),
            post(User(&["write:filters"]), filters::create),
        ]),
        ("/v2/filters/keywords/{id}", vec![
            get(User(&["read:filters"]), filters::keyword),
            put(User(&["write:filters"]), filters::update_keyword),
            delete(User(&["write:filters"]), filters::delete_keyword),
        ]),
        ("/v2/filters/statuses/{id}", vec![
            get(User(&["read:filters"]), filters::status),
            delete(User(&["write:filters"]), filters::delete_status),
        ]),
        ("/v2/filters/{id}", vec![
            get(User(&["read:filters"]), filters::show),
            put(User(&["write:filters"]), filters::update),
            delete(User(&["write:filters"]), filters::delete),
        ]),
        ("/v2/filters/{id}/keywords", vec![
            get(User(&["read:filters"]), filters::keywords),
            post(User(&["write:filters"]), filters::add_keyword),
        ]),
        ("/v2/filters/{id}/statuses", vec![
            get(User(&["read:filters"]), filters::statuses),
            post(User(&["write:filters"]), filters::add_status),
        ]),

        ("/v1/tags/{tag}", vec![get(Optional("read:follows"), tags::show)]),
        ("/v1/tags/{tag}/follow", vec![post(User(&["write:follows"]), tags::follow)]),
        ("/v1/tags/{tag}/unfollow", vec![post(User(&["write:follows"]), tags::unfollow)]),
        ("/v1/followed_tags", vec![get(User(&["read:follows"]), tags::followed)]),

        ("/v1/conversations", vec![get(User(&["read:statuses"]), conversations::list)]),
        ("/v1/conversations/{id}", vec![delete(User(&["write:conversations"]), conversations::delete)]),
        ("/v1/conversations/{id}/read", vec![post(User(&["write:conversations"]), conversations::read)]),
        ("/v1/conversations/{id}/unread", vec![post(User(&["write:conversations"]), conversations::unread)]),

        ("/v1/notifications", vec![get(User(&["read:notifications"]), notifications::list)]),
        ("/v1/notifications/clear", vec![post(User(&["write:notifications"]), notifications::clear)]),
        ("/v1/notifications/{id}", vec![get(User(&["read:notifications"]), notifications::show)]),
        ("/v1/notifications/{id}/dismiss", vec![post(User(&["write:notifications"]), notifications::dismiss)]),

        ("/v1/reports", vec![
            get(User(&["read:reports"]), reports::list),
            post(User(&["write:reports"]), reports::create),
        ]),
        ("/v1/reports/{id}", vec![get(User(&["read:reports"]), reports::show)]),

        ("/v1/admin/accounts", vec![get(Admin(&["admin:read:accounts"]), admin::accounts::list_v1)]),
        ("/v2/admin/accounts", vec![get(Admin(&["admin:read:accounts"]), admin::accounts::list_v2)]),
        ("/v1/admin/accounts/{id}", vec![
            get(Admin(&["admin:read:accounts"]), admin::accounts::show),
            delete(Admin(&["admin:write:accounts"]), admin::accounts::delete),
        ]),
        ("/v1/admin/accounts/{id}/action", vec![post(Admin(&["admin:write:accounts"]), admin::accounts::action)]),
        ("/v1/admin/accounts/{id}/approve", vec![post(Admin(&["admin:write:accounts"]), admin::accounts::decide)]),
        ("/v1/admin/accounts/{id}/reject", vec![post(Admin(&["admin:write:accounts"]), admin::accounts::decide)]),
        ("/v1/admin/accounts/{id}/enable", vec![post(Admin(&["admin:write:accounts"]), admin::accounts::enable)]),
        ("/v1/admin/accounts/{id}/unsilence", vec![post(Admin(&["admin:write:accounts"]), admin::accounts::unsilence)]),
        ("/v1/admin/accounts/{id}/unsuspend", vec![post(Admin(&["admin:write:accounts"]), admin::accounts::unsuspend)]),
        ("/v1/admin/accounts/{id}/unsensitive", vec![post(Admin(&["admin:write:accounts"]), admin::accounts::unsensitive)]),
        ("/v1/admin/reports", vec![get(Admin(&["admin:read:reports"]), admin::reports::list)]),
        ("/v1/admin/reports/{id}", vec![
            get(Admin(&["admin:read:reports"]), admin::reports::show),
            put(Admin(&["admin:write:reports"]), admin::reports::update),
        ]),
        ("/v1/admin/reports/{id}/assign_to_self", vec![post(Admin(&["admin:write:reports"]), admin::reports::assign_to_self)]),
        ("/v1/admin/reports/{id}/unassign", vec![post(Admin(&["admin:write:reports"]), admin::reports::unassign)]),
        ("/v1/admin/reports/{id}/resolve", vec![post(Admin(&["admin:write:reports"]), admin::reports::resolve)]),
        ("/v1/admin/reports/{id}/reopen", vec![post(Admin(&["admin:write:reports"]), admin::reports::reopen)]),
        ("/v1/admin/domain_blocks", vec![
            get(Admin(&["admin:read:domain_blocks"]), admin::domain_blocks::list),
            post(Admin(&["admin:write:domain_blocks"]), admin::domain_blocks::create),
        ]),
        ("/v1/admin/domain_blocks/{id}", vec![
            get(Admin(&["admin:read:domain_blocks"]), admin::domain_blocks::show),
            put(Admin(&["admin:write:domain_blocks"]), admin::domain_blocks::update),
            delete(Admin(&["admin:write:domain_blocks"]), admin::domain_blocks::delete),
        ]),
        ("/v1/admin/domain_allows", vec![
            get(Admin(&["admin:read:domain_allows"]), admin::domain_allows::list),
            post(Admin(&["admin:write:domain_allows"]), admin::domain_allows::create),
        ]),
        ("/v1/admin/domain_allows/{id}", vec![
            get(Admin(&["admin:read:domain_allows"]), admin::domain_allows::show),
            delete(Admin(&["admin:write:domain_allows"]), admin::domain_allows::delete),
        ]),
        ("/v1/admin/custom_emojis", vec![
            get(Admin(&["admin:read"]), admin::emojis::list),
            post(Admin(&["admin:write"]), admin::emojis::create),
        ]),
        ("/v1/admin/custom_emojis/categories", vec![get(Admin(&["admin:read"]), admin::emojis::categories)]),
        ("/v1/admin/custom_emojis/{id}", vec![
            get(Admin(&["admin:read"]), admin::emojis::show),
            patch(Admin(&["admin:write"]), admin::emojis::update),
            delete(Admin(&["admin:write"]), admin::emojis::delete),
        ]),

        ("/v2/search", vec![get(User(&["read:search"]), search::all)]),
    ];
    // answers that do not end; the token may come as browsers can send it
    let status = &["read:statuses"];
    let streams: Vec<(&str, Vec<On>)> = vec![
        ("/v1/streaming", vec![get(Stream(&["read:statuses", "read:notifications"]), streaming::socket)]),
        ("/v1/streaming/health", vec![get(Public, streaming::health)]),
        ("/v1/streaming/user", vec![get(Stream(status), streaming::events)]),
        ("/v1/streaming/user/notification", vec![get(Stream(&["read:notifications"]), streaming::events)]),
        ("/v1/streaming/public", vec![get(Stream(status), streaming::events)]),
        ("/v1/streaming/public/local", vec![get(Stream(status), streaming::events)]),
        ("/v1/streaming/public/remote", vec![get(Stream(status), streaming::events)]),
        ("/v1/streaming/hashtag", vec![get(Stream(status), streaming::events)]),
        ("/v1/streaming/hashtag/local", vec![get(Stream(status), streaming::events)]),
        ("/v1/streaming/list", vec![get(Stream(status), streaming::events)]),
    ];
    // a path without parameters is compared as it is, the others are regular expressions: those
    // are tried last
    let mut table: Vec<_> = table.into_iter().chain(streams).collect();
    table.sort_by_key(|(path, _)| path.contains('{'));
    let mut scope = web::scope("/api");
    for (path, methods) in table {
        scope = scope.service(resource(path, methods));
    }
    config.service(scope.default_service(web::to(unknown)));
}

fn on<F, Args>(method: Method, need: Need, handler: F) -> On
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    (method.clone(), need, web::method(method).to(handler))
}

/// `get(need, handler)` and so on for the table.
macro_rules! methods {
    ($($name:ident = $method:ident),*) => {$(
        fn $name<F, Args>(need: Need, handler: F) -> On
        where
            F: Handler<Args>,
            Args: FromRequest + 'static,
            F::Output: Responder + 'static,
        {
            on(Method::$method, need, handler)
        }
    )*};
}
methods!(get = GET, post = POST, patch = PATCH, put = PUT, delete = DELETE);

/// One path: its routes behind the check of what they demand.
fn resource(
    path: &str,
    methods: Vec<On>,
) -> Resource<
    impl actix_web::dev::ServiceFactory<
        actix_web::dev::ServiceRequest,
        Config = (),
        Response = actix_web::dev::ServiceResponse<actix_web::body::BoxBody>,
        Error = actix_web::Error,
        InitError = (),
    >,
> {
    let needs: Needs = methods.iter().map(|(method, need, _)| (method.clone(), *need)).collect();
    let mut resource = web::resource(path).default_service(web::to(unknown));
    for (_, _, route) in methods {
        resource = resource.route(route);
    }
    resource.wrap(from_fn(move |request, next| auth::enforce(Needs::clone(&needs), request, next)))
}

fn unknown() -> impl Future<Output = Result<&'static str>> {
    std::future::ready(Err(Error::NotFound))
}
