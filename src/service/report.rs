//! Reports: about accounts here and elsewhere, by people here and by other servers.

use std::collections::BTreeSet;

use crate::activity::build;
use crate::clock::HOUR;
use crate::db::{self, Conn, Tx};
use crate::error::{Error, Result};
use crate::model::{Account, Category, Event, INSTANCE_ACTOR, NotificationKind, Report, Status};
use crate::site::Site;

use super::{delivery, report_news, visibility};

/// The longest comment, as in Mastodon.
pub const LONGEST_COMMENT: usize = 1000;
/// What is kept of a comment that another server sends.
const LONGEST_FOREIGN: usize = 5000;
/// Most statuses of one report (F-194).
pub const MOST_STATUSES: usize = 50;
/// Reports by one server that may wait for an answer, about one account and in all: a storm
/// of them must not bury the others, however many accounts it comes from.
const WAITING_ABOUT_ONE: i64 = 5;
const WAITING: i64 = 200;
/// Reports by all servers that may wait: nobody reads more.
const WAITING_IN_ALL: i64 = 2000;

/// What a person reports.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    pub status_ids: Vec<i64>,
    pub comment: String,
    /// `None`: a violation if rules are named, else other.
    pub category: Option<Category>,
    pub rule_ids: Vec<i64>,
    /// Tell the account's own server.
    pub forward: bool,
    /// Which servers to tell; empty: the account's own.
    pub forward_to: Vec<String>,
}

/// A person here reports an account.
///
/// # Errors
/// 404 for a status that is not the account's or that the person may not see; 422 for a comment
/// that is too long, too many statuses, or a rule that there is not.
pub fn create(
    tx: &Tx<'_>,
    site: &Site,
    reporter: i64,
    target: &Account,
    draft: Draft,
    rules: usize,
) -> Result<Report> {
    if draft.comment.chars().count() > LONGEST_COMMENT {
        return Err(Error::invalid(format!(
            "Validation failed: Comment is too long (maximum is {LONGEST_COMMENT} characters)"
        )));
    }
    let status_ids: BTreeSet<i64> = draft.status_ids.iter().copied().collect();
    if status_ids.len() > MOST_STATUSES {
        return Err(Error::invalid(format!(
            "Validation failed: status_ids has more than {MOST_STATUSES} entries"
        )));
    }
    check_rules(&draft.rule_ids, rules)?;
    let mut statuses = Vec::new();
    for id in status_ids {
        let status = db::status::find(tx, id)?.filter(|s| s.account_id == target.id);
        match status {
            Some(status) if visibility::can_see(tx, reporter, &status)? => statuses.push(status),
            _ => return Err(Error::NotFound),
        }
    }
    let inboxes = match draft.forward && !target.is_local() {
        true => receivers(tx, target, &statuses, &draft.forward_to)?,
        false => Vec::new(),
    };
    let fallback = if draft.rule_ids.is_empty() { Category::Other } else { Category::Violation };
    let mut report = Report {
        account_id: reporter,
        target_id: target.id,
        category: draft.category.unwrap_or(fallback),
        comment: draft.comment,
        status_ids: statuses.iter().map(|status| status.id).collect(),
        rule_ids: draft.rule_ids,
        forwarded: !inboxes.is_empty(),
        created_at: tx.now(),
        updated_at: tx.now(),
        ..Report::default()
    };
    report.id = db::report::insert(tx, &report)?;
    tell_admins(tx, site, &report)?;
    if report.forwarded {
        // the instance speaks, not the person (F-224, S-100)
        let instance = db::account::get(tx, INSTANCE_ACTOR)?;
        let uris: Vec<String> = statuses.into_iter().map(|status| status.uri).collect();
        let id = format!("{}/reports/{}", site.base, report.id);
        let flag = build::flag(&id, &instance.uri, &target.uri, &uris, &report.comment);
        delivery::queue(tx, &instance, &flag, inboxes)?;
    }
    Ok(report)
}

/// Rules are numbered from 1 on.
pub(super) fn check_rules(ids: &[i64], rules: usize) -> Result<()> {
    let exists = |id: &i64| usize::try_from(*id).is_ok_and(|n| (1..=rules).contains(&n));
    if ids.iter().all(exists) {
        Ok(())
    } else {
        Err(Error::invalid("Validation failed: Rule ids does not reference valid rules"))
    }
}

/// Whom a report is forwarded to: the account's server, and those of whom the statuses answer,
/// as far as they are wanted.
fn receivers(
    conn: &Conn,
    target: &Account,
    statuses: &[Status],
    wanted: &[String],
) -> Result<Vec<String>> {
    let is_wanted = |account: &Account| match &account.domain {
        Some(domain) if wanted.is_empty() => Some(domain) == target.domain.as_ref(),
        Some(domain) => wanted.iter().any(|one| one.eq_ignore_ascii_case(domain)),
        None => false,
    };
    let answered: Vec<i64> = statuses.iter().filter_map(|s| s.in_reply_to_account_id).collect();
    let answered = db::account::list(conn, &answered)?;
    Ok(std::iter::once(target)
        .chain(answered.iter().filter(|account| account.domain != target.domain))
        .filter(|account| is_wanted(account))
        .filter_map(|account| account.inbox.clone())
        .collect())
}

fn tell_admins(tx: &Tx<'_>, site: &Site, report: &Report) -> Result<()> {
    for account_id in db::user::list_admins(tx)? {
        if account_id == report.account_id {
            continue;
        }
        let kind = NotificationKind::AdminReport as i64;
        let id =
            db::report::insert_notification(tx, account_id, kind, report.account_id, report.id)?;
        super::push::queue(tx, account_id, id, NotificationKind::AdminReport, report.account_id)?;
        tx.after_commit(Event::NotificationCreated { account_id, id });
    }
    report_news::tell(tx, site, report)
}

/// Another server reports accounts here (F-194): each that is named, or wrote a status that is.
/// Nothing local is named: nothing happens (F-195). Answers how many reports it became.
pub fn receive(
    tx: &Tx<'_>,
    site: &Site,
    from: &Account,
    uris: &[String],
    text: &str,
) -> Result<usize> {
    let domain = from.domain.as_deref().unwrap_or_default();
    let mut targets: Vec<(i64, Vec<i64>)> = Vec::new();
    for uri in uris.iter().take(MOST_STATUSES) {
        let (target, status) = match db::status::find_by_uri_or_url(tx, uri)? {
            // admins are not shown what never went to the server that names it
            Some(status) if status.local => {
                let went = status.visibility.is_open()
                    || db::report::reached(tx, status.id, status.account_id, domain)?;
                (status.account_id, Some(status.id).filter(|_| went))
            }
            Some(_) => continue,
            None => match db::account::find_by_uri_or_url(tx, uri)? {
                Some(account) if account.is_local() && account.id != INSTANCE_ACTOR => {
                    (account.id, None)
                }
                _ => continue,
            },
        };
        let at = targets.iter().position(|(id, _)| *id == target).unwrap_or_else(|| {
            targets.push((target, Vec::new()));
            targets.len() - 1
        });
        if let Some((_, statuses)) = targets.get_mut(at)
            && let Some(status) = status.filter(|id| !statuses.contains(id))
        {
            statuses.push(status);
        }
    }
    let mut made = 0;
    for (target_id, status_ids) in targets {
        if is_too_many(tx, domain, target_id)? {
            tracing::warn!(from = %from.uri, "too many reports wait, one is not taken");
            continue;
        }
        let mut report = Report {
            account_id: from.id,
            target_id,
            comment: text.chars().take(LONGEST_FOREIGN).collect(),
            status_ids,
            created_at: tx.now(),
            updated_at: tx.now(),
            ..Report::default()
        };
        report.id = db::report::insert(tx, &report)?;
        tell_admins(tx, site, &report)?;
        made += 1;
    }
    Ok(made)
}

fn is_too_many(conn: &Conn, domain: &str, about: i64) -> Result<bool> {
    let since = conn.now() - 24 * HOUR;
    let (all, own, same) = db::report::count_waiting(conn, domain, about, since)?;
    Ok(all >= WAITING_IN_ALL || own >= WAITING || same >= WAITING_ABOUT_ONE)
}

/// One of the account's own; another's is absent (S-082).
pub fn get_own(conn: &Conn, account: i64, id: i64) -> Result<Report> {
    let report = db::report::get(conn, id)?;
    if report.account_id == account { Ok(report) } else { Err(Error::NotFound) }
}

/// What an admin does with a report.
#[derive(Clone, Debug)]
pub enum Step {
    /// Another category, other rules.
    Change {
        category: Option<Category>,
        rule_ids: Option<Vec<i64>>,
        rules: usize,
    },
    AssignToSelf,
    Unassign,
    Resolve,
    Reopen,
}

/// An admin works on a report, or the operator by command, who is none (`None`).
///
/// # Errors
/// 404 without such a report, 422 for a rule that there is not.
pub fn work(tx: &Tx<'_>, site: &Site, admin: Option<i64>, id: i64, step: Step) -> Result<Report> {
    let mut report = db::report::get(tx, id)?;
    match step {
        Step::Change { category, rule_ids, rules } => {
            report.category = category.unwrap_or(report.category);
            if let Some(ids) = rule_ids {
                check_rules(&ids, rules)?;
                report.rule_ids = ids;
            }
            // rules belong to a violation only, as in Mastodon
            if report.category != Category::Violation {
                report.rule_ids.clear();
            }
        }
        Step::AssignToSelf => report.assigned_id = admin,
        Step::Unassign => report.assigned_id = None,
        Step::Resolve => {
            report.action_taken_at = Some(tx.now());
            report.action_taken_by_id = admin;
        }
        Step::Reopen => {
            report.action_taken_at = None;
            report.action_taken_by_id = None;
        }
    }
    db::report::update(tx, &report)?;
    if report.action_taken_at.is_some() {
        report_news::settled(tx, site, id)?;
    }
    db::report::get(tx, id)
}
