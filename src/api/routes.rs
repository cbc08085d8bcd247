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
use crate::http::handler;

/// One method of a path.
type On = (Method, Need, Route);

/// Mounts the client API. The app's data must hold the [`crate::app::App`].
#[rustfmt::skip] // one line a route
pub fn routes(config: &mut ServiceConfig) {
    use Need::{Admin, Optional, Public, Stream, User};
    let table: Vec<(&str, Vec<On>)> = vec![
        ("/v1/apps", vec![
            get(User(&["read:accounts"]), apps::list),
            post(Public, apps::create),
        ]),
        ("/v1/apps/verify_credentials", vec![get(Need::App, apps::verify_credentials)]),
        ("/v1/apps/{id}", vec![
            get(User(&["read:accounts"]), apps::show),
            delete(User(&["write:accounts"]), apps::revoke),
        ]),
        ("/v1/tokens", vec![get(User(&["read:accounts"]), tokens::list)]),
        ("/v1/tokens/{id}", vec![get(User(&["read:accounts"]), tokens::show)]),
        ("/v1/tokens/{id}/invalidate", vec![post(User(&["write:accounts"]), tokens::invalidate)]),
        ("/v1/user", vec![get(User(&["read:accounts"]), user::show)]),
        ("/v1/user/password_change", vec![post(User(&["write:accounts"]), user::change_password)]),
        ("/v1/user/email_change", vec![post(User(&["write:accounts"]), user::change_email)]),
        ("/v1/user/2fa/qruri", vec![get(User(&["write:accounts"]), two_factor::address)]),
        ("/v1/user/2fa/qr.svg", vec![get(User(&["write:accounts"]), two_factor::picture)]),
        ("/v1/user/2fa/enable", vec![post(User(&["write:accounts"]), two_factor::enable)]),
        ("/v1/user/2fa/disable", vec![post(User(&["write:accounts"]), two_factor::disable)]),

        ("/v1/instance", vec![get(Public, instance::v1)]),
        ("/v2/instance", vec![get(Public, instance::v2)]),
        ("/v1/instance/peers", vec![get(Public, instance::peers)]),
        ("/v1/instance/rules", vec![get(Public, instance::rules)]),
        ("/v1/instance/extended_description", vec![get(Public, instance::extended_description)]),
        ("/v1/instance/activity", vec![get(Public, activity::show)]),
        ("/v1/instance/languages", vec![get(Public, activity::languages)]),
        ("/v1/instance/translation_languages", vec![get(Public, translations::languages)]),
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
        ("/v1/emails/confirmations", vec![post(Need::Waiting(&["write:accounts"]), sign_up::send_confirmation)]),
        ("/v1/emails/check_confirmation", vec![get(Need::Waiting(&["read:accounts"]), sign_up::check_confirmation)]),
        ("/v1/preferences", vec![get(User(&["read:accounts"]), credentials::preferences)]),

        ("/v1/profile", vec![
            get(User(&["profile", "read:accounts"]), profile::show),
            patch(User(&["write:accounts"]), profile::update),
        ]),
        ("/v1/accounts", vec![
            get(Optional("read:accounts"), accounts::list),
            post(Need::App, sign_up::create),
        ]),
        ("/v1/accounts/verify_credentials", vec![get(User(&["profile", "read:accounts"]), credentials::verify)]),
        ("/v1/accounts/update_credentials", vec![patch(User(&["write:accounts"]), credentials::update)]),
        ("/v1/profile/avatar", vec![delete(User(&["write:accounts"]), profile::delete_avatar)]),
        ("/v1/profile/header", vec![delete(User(&["write:accounts"]), profile::delete_header)]),
        ("/v1/accounts/lookup", vec![get(Optional("read:accounts"), accounts::lookup)]),
        ("/v1/accounts/search", vec![get(User(&["read:accounts"]), search::accounts)]),
        ("/v1/accounts/relationships", vec![get(User(&["read:follows"]), relationships::list)]),
        ("/v1/accounts/familiar_followers", vec![get(User(&["read:follows"]), familiar_followers::list)]),
        ("/v1/accounts/alias", vec![post(User(&["write:accounts"]), aliases::set)]),
        ("/v1/accounts/move", vec![post(User(&["write:accounts"]), departures::move_out)]),
        ("/v1/accounts/delete", vec![post(User(&["write:accounts"]), departures::delete)]),
        ("/v1/accounts/{id}", vec![get(Optional("read:accounts"), accounts::show)]),
        ("/v1/accounts/{id}/statuses", vec![get(Optional("read:statuses"), accounts::statuses)]),
        ("/v1/accounts/{id}/followers", vec![get(Optional("read:accounts"), people::followers)]),
        ("/v1/accounts/{id}/following", vec![get(Optional("read:accounts"), people::following)]),
        ("/v1/accounts/{id}/featured_tags", vec![get(Optional("read:accounts"), featured_tags::of_account)]),
        ("/v1/accounts/{id}/endorsements", vec![get(Optional("read:accounts"), endorsements::of_account)]),
        ("/v1/accounts/{id}/endorse", vec![post(User(&["write:accounts"]), endorsements::endorse)]),
        ("/v1/accounts/{id}/unendorse", vec![post(User(&["write:accounts"]), endorsements::unendorse)]),
        ("/v1/accounts/{id}/pin", vec![post(User(&["write:accounts"]), endorsements::endorse)]),
        ("/v1/accounts/{id}/unpin", vec![post(User(&["write:accounts"]), endorsements::unendorse)]),
        ("/v1/accounts/{id}/note", vec![post(User(&["write:accounts"]), account_notes::set)]),
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
        ("/v1/endorsements", vec![get(User(&["read:accounts"]), endorsements::list)]),
        ("/v1/featured_tags", vec![
            get(User(&["read:accounts"]), featured_tags::list),
            post(User(&["write:accounts"]), featured_tags::create),
        ]),
        ("/v1/featured_tags/suggestions", vec![get(User(&["read:accounts"]), featured_tags::suggestions)]),
        ("/v1/featured_tags/{id}", vec![delete(User(&["write:accounts"]), featured_tags::delete)]),
        ("/v1/follow_requests/outgoing", vec![get(User(&["read:follows"]), follow_requests::outgoing)]),
        ("/v1/domain_blocks", vec![
            get(User(&["read:blocks"]), hidden_domains::list),
            post(User(&["write:blocks"]), hidden_domains::create),
            delete(User(&["write:blocks"]), hidden_domains::delete),
        ]),
        ("/v1/domain_blocks/preview", vec![get(User(&["read:blocks"]), hidden_domains::preview)]),
        ("/v1/import", vec![
            get(User(&["read"]), imports::list),
            post(User(&["write"]), imports::create),
        ]),
        ("/v1/import/{id}", vec![get(User(&["read"]), imports::show)]),
        ("/v1/severed_relationships", vec![get(User(&["read:follows"]), severances::list)]),
        ("/v1/severed_relationships/{id}/following.csv", vec![get(User(&["read:follows"]), severances::following)]),
        ("/v1/severed_relationships/{id}/followers.csv", vec![get(User(&["read:follows"]), severances::followers)]),
        ("/v1/exports/stats", vec![get(User(&["read:accounts"]), imports::stats)]),
        ("/v1/exports/following.csv", vec![get(User(&["read:follows"]), imports::following)]),
        ("/v1/exports/followers.csv", vec![get(User(&["read:follows"]), imports::followers)]),
        ("/v1/exports/lists.csv", vec![get(User(&["read:lists"]), imports::lists)]),
        ("/v1/exports/blocks.csv", vec![get(User(&["read:blocks"]), imports::blocks)]),
        ("/v1/exports/mutes.csv", vec![get(User(&["read:mutes"]), imports::mutes)]),
        ("/v1/exports/domain_blocks.csv", vec![get(User(&["read:blocks"]), imports::domain_blocks)]),
        ("/v1/exports/bookmarks.csv", vec![get(User(&["read:bookmarks"]), imports::bookmarks)]),
        ("/v1/suggestions", vec![get(User(&["read:accounts"]), suggestions::v1)]),
        ("/v1/suggestions/{id}", vec![delete(User(&["read:accounts", "write:accounts"]), suggestions::dismiss)]),
        ("/v2/suggestions", vec![get(User(&["read:accounts"]), suggestions::v2)]),
        ("/v1/directory", vec![get(Optional("read:accounts"), suggestions::directory)]),
        ("/v1/follow_requests", vec![get(User(&["read:follows"]), follow_requests::list)]),
        ("/v1/follow_requests/{id}/authorize", vec![post(User(&["write:follows"]), follow_requests::authorize)]),
        ("/v1/follow_requests/{id}/reject", vec![post(User(&["write:follows"]), follow_requests::reject)]),

        ("/v2/media", vec![post(User(&["write:media"]), media::create)]),
        ("/v2/media/{id}", vec![
            get(User(&["write:media"]), media::show),
            put(User(&["write:media"]), media::update),
        ]),
        ("/v1/media", vec![post(User(&["write:media"]), media::create_v1)]),
        ("/v1/media/{id}", vec![
            get(User(&["write:media"]), media::show),
            put(User(&["write:media"]), media::update),
            delete(User(&["write:media"]), media::delete),
        ]),

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
        ("/v1/pleroma/statuses/{id}/reactions", vec![get(Optional("read:statuses"), reactions::list)]),
        ("/v1/pleroma/statuses/{id}/reactions/{tag}", vec![
            get(Optional("read:statuses"), reactions::list_one),
            put(User(&["write:favourites"]), reactions::react),
            delete(User(&["write:favourites"]), reactions::unreact),
        ]),
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
        ("/v1/statuses/{id}/deliveries", vec![get(User(&["read:statuses"]), deliveries::show)]),
        ("/v1/statuses/{id}/quotes", vec![get(User(&["read:statuses"]), quotes::list)]),
        ("/v1/statuses/{id}/quotes/{quoting}/revoke", vec![post(User(&["write:statuses"]), quotes::revoke)]),
        ("/v1/statuses/{id}/interaction_policy", vec![put(User(&["write:statuses"]), quotes::set_policy)]),
        ("/v1/scheduled_statuses", vec![get(User(&["read:statuses"]), scheduled_statuses::list)]),
        ("/v1/scheduled_statuses/{id}", vec![
            get(User(&["read:statuses"]), scheduled_statuses::show),
            put(User(&["write:statuses"]), scheduled_statuses::update),
            delete(User(&["write:statuses"]), scheduled_statuses::delete),
        ]),
        ("/v1/statuses/{id}/translate", vec![post(User(&["read:statuses"]), translations::translate)]),
        ("/v1_alpha/async_refreshes/{id}", vec![get(User(&["read"]), backfill::show)]),
        ("/v1/polls/{id}", vec![get(Optional("read:statuses"), polls::show)]),
        ("/v1/polls/{id}/votes", vec![post(User(&["write:statuses"]), polls::vote)]),
        ("/v1/bookmarks", vec![get(User(&["read:bookmarks"]), bookmarks::list)]),
        ("/v1/favourites", vec![get(User(&["read:favourites"]), favourites::list)]),

        ("/v1/timelines/home", vec![get(User(&["read:statuses"]), timelines::home)]),
        ("/v1/timelines/public", vec![get(Optional("read:statuses"), timelines::public)]),
        ("/v1/timelines/tag/{tag}", vec![get(Optional("read:statuses"), timelines::tag)]),
        ("/v1/timelines/link", vec![get(Optional("read:statuses"), cards::timeline)]),
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

        ("/v1/trends", vec![get(Optional("read:statuses"), trends::tags)]),
        ("/v1/trends/tags", vec![get(Optional("read:statuses"), trends::tags)]),
        ("/v1/trends/statuses", vec![get(Optional("read:statuses"), trends::statuses)]),
        ("/v1/trends/links", vec![get(Public, trends::links)]),
        ("/oembed", vec![get(Public, oembed::show)]),

        ("/v1/tags/{tag}", vec![get(Optional("read:follows"), tags::show)]),
        ("/v1/tags/{tag}/follow", vec![post(User(&["write:follows"]), tags::follow)]),
        ("/v1/tags/{tag}/unfollow", vec![post(User(&["write:follows"]), tags::unfollow)]),
        ("/v1/tags/{tag}/feature", vec![post(User(&["write:accounts"]), featured_tags::feature)]),
        ("/v1/tags/{tag}/unfeature", vec![post(User(&["write:accounts"]), featured_tags::unfeature)]),
        ("/v1/followed_tags", vec![get(User(&["read:follows"]), tags::followed)]),

        ("/v1/conversations", vec![get(User(&["read:statuses"]), conversations::list)]),
        ("/v1/conversations/{id}", vec![delete(User(&["write:conversations"]), conversations::delete)]),
        ("/v1/conversations/{id}/read", vec![post(User(&["write:conversations"]), conversations::read)]),
        ("/v1/conversations/{id}/unread", vec![post(User(&["write:conversations"]), conversations::unread)]),

        ("/v1/notifications", vec![get(User(&["read:notifications"]), notifications::list)]),
        ("/v1/notifications/clear", vec![post(User(&["write:notifications"]), notifications::clear)]),
        ("/v1/notifications/unread_count", vec![get(User(&["read:notifications"]), notifications::unread_count)]),
        ("/v1/notifications/dismiss", vec![post(User(&["write:notifications"]), notifications::dismiss_named)]),
        ("/v1/notifications/destroy_multiple", vec![delete(User(&["write:notifications"]), notifications::dismiss_many)]),
        ("/v1/notifications/{id}", vec![
            get(User(&["read:notifications"]), notifications::show),
            delete(User(&["write:notifications"]), notifications::dismiss),
        ]),
        ("/v1/notifications/{id}/dismiss", vec![post(User(&["write:notifications"]), notifications::dismiss)]),
        ("/v1/notifications/policy", vec![
            get(User(&["read:notifications"]), notification_policies::show_v1),
            patch(User(&["write:notifications"]), notification_policies::update_v1),
            put(User(&["write:notifications"]), notification_policies::update_v1),
        ]),
        ("/v2/notifications/policy", vec![
            get(User(&["read:notifications"]), notification_policies::show),
            patch(User(&["write:notifications"]), notification_policies::update),
            put(User(&["write:notifications"]), notification_policies::update),
        ]),
        ("/v1/interaction_policies/defaults", vec![
            get(User(&["read:accounts"]), interaction_policies::show),
            patch(User(&["write:accounts"]), interaction_policies::update),
        ]),
        ("/v1/interaction_requests", vec![get(User(&["read:notifications"]), interaction_requests::list)]),
        ("/v1/interaction_requests/{id}", vec![get(User(&["read:notifications"]), interaction_requests::show)]),
        ("/v1/interaction_requests/{id}/authorize", vec![post(User(&["write:notifications"]), interaction_requests::authorize)]),
        ("/v1/interaction_requests/{id}/reject", vec![post(User(&["write:notifications"]), interaction_requests::reject)]),
        ("/v1/notifications/requests", vec![get(User(&["read:notifications"]), notification_requests::list)]),
        ("/v1/notifications/requests/merged", vec![get(User(&["read:notifications"]), notification_requests::merged)]),
        ("/v1/notifications/requests/accept", vec![post(User(&["write:notifications"]), notification_requests::accept_many)]),
        ("/v1/notifications/requests/dismiss", vec![post(User(&["write:notifications"]), notification_requests::dismiss_many)]),
        ("/v1/notifications/requests/{id}", vec![get(User(&["read:notifications"]), notification_requests::show)]),
        ("/v1/notifications/requests/{id}/accept", vec![post(User(&["write:notifications"]), notification_requests::accept)]),
        ("/v1/notifications/requests/{id}/dismiss", vec![post(User(&["write:notifications"]), notification_requests::dismiss)]),
        ("/v2/notifications", vec![get(User(&["read:notifications"]), notification_groups::list)]),
        ("/v2/notifications/clear", vec![post(User(&["write:notifications"]), notifications::clear)]),
        ("/v2/notifications/unread_count", vec![get(User(&["read:notifications"]), notification_groups::unread_count)]),
        ("/v2/notifications/{id}", vec![get(User(&["read:notifications"]), notification_groups::show)]),
        ("/v2/notifications/{id}/dismiss", vec![post(User(&["write:notifications"]), notification_groups::dismiss)]),
        ("/v2/notifications/{id}/accounts", vec![get(User(&["read:notifications"]), notification_groups::accounts)]),

        ("/v1/push/subscription", vec![
            get(User(&["push"]), push::show),
            post(User(&["push"]), push::create),
            put(User(&["push"]), push::update),
            delete(User(&["push"]), push::delete),
        ]),

        ("/v1/reports", vec![
            get(User(&["read:accounts"]), reports::list),
            post(User(&["write:reports"]), reports::create),
        ]),
        ("/v1/reports/{id}", vec![get(User(&["read:accounts"]), reports::show)]),

        ("/v1/admin/accounts", vec![get(Admin(&["admin:read:accounts"]), admin::accounts::list_v1)]),
        ("/v2/admin/accounts", vec![get(Admin(&["admin:read:accounts"]), admin::accounts::list_v2)]),
        ("/v1/admin/accounts/{id}", vec![
            get(Admin(&["admin:read:accounts"]), admin::accounts::show),
            delete(Admin(&["admin:write:accounts"]), admin::accounts::delete),
        ]),
        ("/v1/admin/accounts/{id}/action", vec![post(Admin(&["admin:write:accounts"]), admin::accounts::action)]),
        ("/v1/admin/accounts/{id}/approve", vec![post(Admin(&["admin:write:accounts"]), admin::accounts::approve)]),
        ("/v1/admin/accounts/{id}/reject", vec![post(Admin(&["admin:write:accounts"]), admin::accounts::reject)]),
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
        ("/v1/streaming/direct", vec![get(Stream(status), streaming::events)]),
    ];
    // a path without parameters is compared as it is, the others are regular expressions: those
    // are tried last
    let mut table: Vec<_> = table.into_iter().chain(streams).collect();
    table.sort_by_key(|(path, _)| path.contains('{'));
    // OpenID Connect's place for it, which is not below /api
    let own = || User(&["profile"]);
    let methods = vec![get(own(), userinfo::show), post(own(), userinfo::show)];
    config.service(resource("/oauth/userinfo", methods));
    let mut scope = web::scope("/api");
    for (path, methods) in table {
        scope = scope.service(resource(path, methods));
    }
    // what is not served is counted as well
    let rest = resource("/{rest:.*}", Vec::new());
    config.service(scope.service(rest).default_service(web::to(unknown)));
}

fn on<F, Args>(method: Method, need: Need, handler: F) -> On
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    (method.clone(), need, handler::to(web::method(method), handler))
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
