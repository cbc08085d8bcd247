//! Web Push: where an app wants to be told of notifications. One subscription a token.

use std::collections::BTreeSet;

use actix_web::HttpResponse;
use actix_web::web::Data;

use super::Auth;
use super::entity::WebPushSubscription;
use crate::app::App;
use crate::crypto::web_push::Recipient;
use crate::db;
use crate::error::{Error, Result};
use crate::http::{self, Params};
use crate::model::{PushPolicy, PushSubscription};
use crate::service;

/// POST /api/v1/push/subscription: takes the place of the token's earlier one. 400 without
/// `subscription`, 422 for an address or keys that cannot be used (S-086).
pub(super) async fn create(app: Data<App>, auth: Auth, params: Params) -> Result<HttpResponse> {
    let new = read(&app, &auth, &params)?;
    let stored = super::write(&app, move |_, tx| service::push::subscribe(tx, new));
    Ok(http::json(&WebPushSubscription::new(&app, &stored.await?)))
}

/// GET /api/v1/push/subscription. 404 without one.
pub(super) async fn show(app: Data<App>, auth: Auth) -> Result<HttpResponse> {
    let token = token_id(&auth)?;
    let found = super::read(&app, move |_, conn| db::push::find_of_token(conn, token)).await?;
    Ok(http::json(&WebPushSubscription::new(&app, &found.ok_or(Error::NotFound)?)))
}

/// PUT /api/v1/push/subscription: what it tells of; address and keys stay. 404 without one.
pub(super) async fn update(app: Data<App>, auth: Auth, params: Params) -> Result<HttpResponse> {
    let token = token_id(&auth)?;
    let (alerts, policy) = read_data(&params)?;
    let changed = super::write(&app, move |_, tx| {
        let mut found = db::push::find_of_token(tx, token)?.ok_or(Error::NotFound)?;
        (found.alerts, found.policy) = (alerts, policy);
        db::push::update(tx, &found)?;
        Ok(found)
    });
    Ok(http::json(&WebPushSubscription::new(&app, &changed.await?)))
}

/// DELETE /api/v1/push/subscription: `{}`, also when there was none.
pub(super) async fn delete(app: Data<App>, auth: Auth) -> Result<HttpResponse> {
    let token = token_id(&auth)?;
    super::write(&app, move |_, tx| db::push::remove_of_token(tx, token)).await?;
    Ok(super::empty())
}

fn token_id(auth: &Auth) -> Result<i64> {
    auth.account_id()?;
    auth.token.as_ref().map(|token| token.id).ok_or_else(|| Error::internal("no token"))
}

fn read(app: &App, auth: &Auth, params: &Params) -> Result<PushSubscription> {
    if !params.says("subscription") {
        return Err(Error::BadRequest(
            "param is missing or the value is empty: subscription".into(),
        ));
    }
    let subscription = params.nested("subscription")?;
    let endpoint = subscription.required("endpoint")?.trim().to_owned();
    app.client.check(&endpoint).map_err(|error| {
        Error::invalid(format!("Validation failed: Endpoint cannot be used: {}", error.message))
    })?;
    let keys = subscription.nested("keys")?;
    let recipient = Recipient::parse(keys.required("p256dh")?, keys.required("auth")?)
        .ok_or_else(|| Error::invalid("Validation failed: keys are no key pair of Web Push"))?;
    let (p256dh, key) = recipient.into_parts();
    let (alerts, policy) = read_data(params)?;
    Ok(PushSubscription {
        id: 0,
        token_id: token_id(auth)?,
        account_id: auth.account_id()?,
        endpoint,
        p256dh,
        auth: key,
        standard: subscription.flag("standard")?.unwrap_or(false),
        alerts,
        policy,
    })
}

/// `data[alerts][…]` and `data[policy]`; what is not said is off, and everybody is meant. Some
/// clients send `policy` outside of `data`, as Mastodon's documents once said.
fn read_data(params: &Params) -> Result<(BTreeSet<String>, PushPolicy)> {
    let data = params.nested("data")?;
    let wanted = data.nested("alerts")?;
    let mut alerts = BTreeSet::new();
    for name in PushSubscription::ALERTS {
        if wanted.flag(name)?.unwrap_or(false) {
            alerts.insert((*name).to_owned());
        }
    }
    let word = data.text("policy")?.or(params.text("policy")?).filter(|word| !word.is_empty());
    let policy = match word {
        None => PushPolicy::default(),
        Some(word) => PushPolicy::parse(word).ok_or_else(|| {
            Error::invalid("Validation failed: data[policy] is not included in the list")
        })?,
    };
    Ok((alerts, policy))
}
