//! Report, and what an admin sees of one.

use std::collections::HashMap;

use serde::Serialize;

use super::admin::{AdminAccount, admin_accounts};
use super::instance::Rule;
use super::{Account, Status, statuses};
use crate::app::App;
use crate::clock::api_time;
use crate::db::{self, Conn};
use crate::error::Result;
use crate::model;
use crate::site::Site;

/// A report as its author sees it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    #[serde(serialize_with = "super::id")]
    pub(super) id: i64,
    action_taken: bool,
    action_taken_at: Option<String>,
    category: &'static str,
    comment: String,
    forwarded: bool,
    created_at: String,
    status_ids: Option<Vec<String>>,
    rule_ids: Option<Vec<String>>,
    collection_ids: Option<[(); 0]>,
    target_account: Account,
}

fn texts(ids: &[i64]) -> Option<Vec<String>> {
    Some(ids.iter().map(i64::to_string).collect()).filter(|list: &Vec<_>| !list.is_empty())
}

/// The shapes of some reports, in their order; those about accounts that are gone are left out.
pub(crate) fn reports(conn: &Conn, site: &Site, page: &[model::Report]) -> Result<Vec<Report>> {
    let ids: Vec<i64> = page.iter().map(|report| report.target_id).collect();
    let accounts: HashMap<i64, model::Account> = db::account::list_shown(conn, &ids)?
        .into_iter()
        .map(|account| (account.id, account))
        .collect();
    Ok(page
        .iter()
        .filter_map(|report| {
            Some(Report {
                id: report.id,
                action_taken: report.action_taken_at.is_some(),
                action_taken_at: report.action_taken_at.map(api_time),
                category: report.category.as_str(),
                comment: report.comment.clone(),
                forwarded: report.forwarded,
                created_at: api_time(report.created_at),
                status_ids: texts(&report.status_ids),
                rule_ids: texts(&report.rule_ids),
                collection_ids: None,
                target_account: Account::new(site, accounts.get(&report.target_id)?.clone()),
            })
        })
        .collect())
}

/// A report as an admin sees it (Admin::Report).
#[derive(Debug, Serialize)]
pub(crate) struct AdminReport {
    #[serde(serialize_with = "super::id")]
    pub(crate) id: i64,
    action_taken: bool,
    action_taken_at: Option<String>,
    category: &'static str,
    comment: String,
    forwarded: bool,
    created_at: String,
    updated_at: String,
    account: AdminAccount,
    target_account: AdminAccount,
    assigned_account: Option<AdminAccount>,
    action_taken_by_account: Option<AdminAccount>,
    statuses: Vec<Status>,
    rules: Vec<Rule>,
}

/// The shapes of a page of reports for the admin `viewer`, in its order.
pub(crate) fn admin_reports(
    app: &App,
    conn: &Conn,
    viewer: i64,
    page: &[model::Report],
) -> Result<Vec<AdminReport>> {
    let ids: Vec<i64> = page
        .iter()
        .flat_map(|one| {
            [Some(one.account_id), Some(one.target_id), one.assigned_id, one.action_taken_by_id]
        })
        .flatten()
        .collect();
    let accounts: HashMap<i64, AdminAccount> = admin_accounts(conn, &app.site, &ids)?
        .into_iter()
        .map(|account| (account.id, account))
        .collect();
    let named: Vec<i64> = page.iter().flat_map(|one| one.status_ids.iter().copied()).collect();
    let named = db::status::list(conn, &named)?;
    let shown: HashMap<i64, Status> = statuses(conn, &app.site, viewer, named)?
        .into_iter()
        .map(|status| (status.id, status))
        .collect();
    let rules = super::instance::rules(app);
    let account = |id: Option<i64>| id.and_then(|id| accounts.get(&id).cloned());
    Ok(page
        .iter()
        .filter_map(|one| {
            Some(AdminReport {
                id: one.id,
                action_taken: one.action_taken_at.is_some(),
                action_taken_at: one.action_taken_at.map(api_time),
                category: one.category.as_str(),
                comment: one.comment.clone(),
                forwarded: one.forwarded,
                created_at: api_time(one.created_at),
                updated_at: api_time(one.updated_at),
                account: account(Some(one.account_id))?,
                target_account: account(Some(one.target_id))?,
                assigned_account: account(one.assigned_id),
                action_taken_by_account: account(one.action_taken_by_id),
                statuses: one.status_ids.iter().filter_map(|id| shown.get(id).cloned()).collect(),
                rules: one
                    .rule_ids
                    .iter()
                    .filter_map(|id| rules.get(usize::try_from(id - 1).ok()?).cloned())
                    .collect(),
            })
        })
        .collect())
}
