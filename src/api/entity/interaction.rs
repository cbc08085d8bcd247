//! InteractionPolicy and InteractionRequest, as in GoToSocial.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;

use super::status::statuses_and_accounts;
use super::{Account, Status};
use crate::clock::api_time;
use crate::db::{self, Conn};
use crate::error::Result;
use crate::model::{self, Interaction, InteractionKind, InteractionState, Rule, Who};
use crate::site::Site;

/// Who may do what with a status. GoToSocial has two names for each list.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct InteractionPolicy {
    can_favourite: Rules,
    can_reply: Rules,
    can_reblog: Rules,
}

#[derive(Clone, Debug, Serialize)]
struct Rules {
    always: Vec<String>,
    with_approval: Vec<String>,
    automatic_approval: Vec<String>,
    manual_approval: Vec<String>,
}

impl InteractionPolicy {
    pub(crate) fn new(policy: &model::InteractionPolicy) -> Self {
        let rules = |kind: InteractionKind| Rules::new(policy.rule(kind), kind);
        Self {
            can_favourite: rules(InteractionKind::Favourite),
            can_reply: rules(InteractionKind::Reply),
            can_reblog: rules(InteractionKind::Reblog),
        }
    }
}

impl Rules {
    fn new(rule: Option<&Rule>, kind: InteractionKind) -> Self {
        let words = |list: &[Who]| list.iter().cloned().map(String::from).collect::<Vec<String>>();
        let (automatic, manual) = match rule {
            None => (vec!["public".to_owned()], Vec::new()),
            Some(rule) => {
                let mut automatic = words(&rule.automatic);
                // said or not, these always may
                let always: &[&str] = match kind {
                    InteractionKind::Reply => &["author", "mentioned"],
                    _ => &["author"],
                };
                if !automatic.iter().any(|word| word == "public") {
                    for word in always {
                        if !automatic.iter().any(|known| known == word) {
                            automatic.push((*word).to_owned());
                        }
                    }
                }
                (automatic, words(&rule.manual))
            }
        };
        Self {
            always: automatic.clone(),
            with_approval: manual.clone(),
            automatic_approval: automatic,
            manual_approval: manual,
        }
    }
}

/// Somebody who wants to do something with one's status.
#[derive(Debug, Serialize)]
pub(crate) struct InteractionRequest {
    #[serde(serialize_with = "super::id")]
    id: i64,
    #[serde(rename = "type")]
    kind: &'static str,
    created_at: String,
    #[serde(serialize_with = "super::shared")]
    account: Arc<Account>,
    #[serde(serialize_with = "super::shared")]
    status: Arc<Status>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "super::shared_or_null")]
    reply: Option<Arc<Status>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    accepted_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rejected_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri: Option<String>,
}

/// The shapes of a page of requests, in its order.
pub(crate) fn interaction_requests(
    conn: &Conn,
    site: &Site,
    viewer: i64,
    page: &[Interaction],
) -> Result<Vec<InteractionRequest>> {
    let reply = |row: &Interaction| row.status_id.filter(|_| row.kind == InteractionKind::Reply);
    let ids: Vec<i64> =
        page.iter().map(|row| row.target_id).chain(page.iter().filter_map(reply)).collect();
    let from: Vec<i64> = page.iter().map(|row| row.account_id).collect();
    let about = db::status::list(conn, &ids)?;
    let (shown, accounts) = statuses_and_accounts(conn, site, viewer, about, &from)?;
    let shown: HashMap<i64, Arc<Status>> =
        shown.into_iter().map(|status| (status.id, Arc::new(status))).collect();
    let time = |row: &Interaction, wanted: bool| row.decided_at.filter(|_| wanted).map(api_time);
    Ok(page
        .iter()
        .filter_map(|row| {
            let accepted = row.state == InteractionState::Accepted;
            let waits = row.state == InteractionState::Pending;
            Some(InteractionRequest {
                id: row.id,
                kind: row.kind.as_str(),
                created_at: api_time(row.created_at),
                account: Arc::clone(accounts.get(&row.account_id)?),
                status: Arc::clone(shown.get(&row.target_id)?),
                reply: reply(row).and_then(|id| shown.get(&id).cloned()),
                accepted_at: time(row, accepted),
                rejected_at: time(row, !accepted && !waits),
                uri: row.answer_uri.clone().filter(|_| !waits),
            })
        })
        .collect())
}
