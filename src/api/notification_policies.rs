//! Who may tell one something: the policy, in its own words and in those of its first version.

use actix_web::HttpResponse;
use actix_web::web::Data;

use super::{Auth, entity};
use crate::app::App;
use crate::db;
use crate::error::{Error, Result};
use crate::http::{self, Params};
use crate::model::{Choice, NotificationPolicy};
use crate::service;

/// GET /api/v2/notifications/policy.
pub(super) async fn show(app: Data<App>, auth: Auth) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    super::show(&app, move |_, conn| entity::notification_policy(conn, me)).await
}

/// GET /api/v1/notifications/policy.
pub(super) async fn show_v1(app: Data<App>, auth: Auth) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    super::show(&app, move |_, conn| entity::notification_policy_v1(conn, me)).await
}

/// PATCH and PUT /api/v2/notifications/policy: `accept`, `filter` or `drop` for each; what is not
/// named stays.
pub(super) async fn update(app: Data<App>, auth: Auth, params: Params) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let read = |name: &str| -> Result<Option<Choice>> {
        let Some(word) = params.text(name)?.filter(|word| !word.is_empty()) else {
            return Ok(None);
        };
        let refuse =
            || Error::invalid(format!("Validation failed: {name} must be accept, filter or drop"));
        Choice::parse(word).map(Some).ok_or_else(refuse)
    };
    let change = Change {
        for_not_following: read("for_not_following")?,
        for_not_followers: read("for_not_followers")?,
        for_new_accounts: read("for_new_accounts")?,
        for_private_mentions: read("for_private_mentions")?,
        for_limited_accounts: read("for_limited_accounts")?,
    };
    let after = super::write(&app, move |_, tx| {
        db::notification_policy::set(
            tx,
            me,
            &change.of(service::notification_policy::get(tx, me)?),
        )?;
        entity::notification_policy(tx, me)
    });
    Ok(http::json(&after.await?))
}

/// PATCH and PUT /api/v1/notifications/policy: true is `filter`, false `accept`.
pub(super) async fn update_v1(app: Data<App>, auth: Auth, params: Params) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let read = |name: &str| -> Result<Option<Choice>> {
        Ok(params.flag(name)?.map(|on| if on { Choice::Filter } else { Choice::Accept }))
    };
    let change = Change {
        for_not_following: read("filter_not_following")?,
        for_not_followers: read("filter_not_followers")?,
        for_new_accounts: read("filter_new_accounts")?,
        for_private_mentions: read("filter_private_mentions")?,
        for_limited_accounts: None,
    };
    let after = super::write(&app, move |_, tx| {
        db::notification_policy::set(
            tx,
            me,
            &change.of(service::notification_policy::get(tx, me)?),
        )?;
        entity::notification_policy_v1(tx, me)
    });
    Ok(http::json(&after.await?))
}

/// What is to be different.
#[derive(Debug)]
struct Change {
    for_not_following: Option<Choice>,
    for_not_followers: Option<Choice>,
    for_new_accounts: Option<Choice>,
    for_private_mentions: Option<Choice>,
    for_limited_accounts: Option<Choice>,
}

impl Change {
    fn of(&self, was: NotificationPolicy) -> NotificationPolicy {
        NotificationPolicy {
            for_not_following: self.for_not_following.unwrap_or(was.for_not_following),
            for_not_followers: self.for_not_followers.unwrap_or(was.for_not_followers),
            for_new_accounts: self.for_new_accounts.unwrap_or(was.for_new_accounts),
            for_private_mentions: self.for_private_mentions.unwrap_or(was.for_private_mentions),
            for_limited_accounts: self.for_limited_accounts.unwrap_or(was.for_limited_accounts),
        }
    }
}
