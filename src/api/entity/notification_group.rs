//! GroupedNotificationsResults and NotificationGroup.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::account::PartialAccount;
use super::severance::{Severance, severances_of};
use super::status::statuses_and_accounts;
use super::{Account, Status};
use crate::clock::api_time;
use crate::db::notification_group::Group as Stored;
use crate::db::{self, Conn};
use crate::error::Result;
use crate::model::{Notification, NotificationKind};
use crate::site::Site;

/// Groups, and beside them all accounts and statuses that they name, each once.
#[derive(Debug, Serialize)]
pub(crate) struct GroupedNotifications {
    #[serde(serialize_with = "all")]
    accounts: Vec<Arc<Account>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    partial_accounts: Option<Vec<PartialAccount>>,
    statuses: Vec<Status>,
    notification_groups: Vec<Group>,
}

fn all<S: Serializer>(accounts: &[Arc<Account>], to: S) -> std::result::Result<S::Ok, S::Error> {
    to.collect_seq(accounts.iter().map(AsRef::as_ref))
}

/// Notifications that are shown as one.
#[derive(Debug, Serialize)]
struct Group {
    group_key: String,
    notifications_count: i64,
    #[serde(rename = "type")]
    kind: &'static str,
    /// A number: some apps read nothing else here.
    most_recent_notification_id: i64,
    #[serde(flatten)]
    part: Option<Part>,
    #[serde(serialize_with = "ids")]
    sample_account_ids: Vec<i64>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "super::id_or_null")]
    status_id: Option<i64>,
    /// Of `severed_relationships` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<Severance>,
}

/// Which of a group's notifications stand on the page.
#[derive(Debug, Serialize)]
struct Part {
    #[serde(serialize_with = "super::id")]
    page_min_id: i64,
    #[serde(serialize_with = "super::id")]
    page_max_id: i64,
    latest_page_notification_at: String,
}

fn ids<S: Serializer>(ids: &[i64], to: S) -> std::result::Result<S::Ok, S::Error> {
    to.collect_seq(ids.iter().map(i64::to_string))
}

/// How groups are wanted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GroupView<'a> {
    /// The kinds that are grouped.
    pub kinds: &'a [NotificationKind],
    /// The ids that a page stands for; `None`: the whole group.
    pub range: Option<(i64, i64)>,
    /// Only the newest account of each group in full.
    pub partial: bool,
}

/// The shapes of the groups that `page` has one notification each of, in its order.
pub(crate) fn grouped_notifications(
    conn: &Conn,
    site: &Site,
    viewer: i64,
    page: &[Notification],
    view: GroupView<'_>,
) -> Result<GroupedNotifications> {
    let is_grouped = |one: &&Notification| view.kinds.contains(&one.kind);
    let keys: Vec<String> =
        page.iter().filter(is_grouped).filter_map(|one| one.group_key.clone()).collect();
    let range = view.range.unwrap_or((0, i64::MAX));
    let mut stored: HashMap<String, Stored> =
        db::notification_group::list_groups(conn, viewer, &keys, range)?
            .into_iter()
            .map(|group| (group.key.clone(), group))
            .collect();
    let found: Vec<(&Notification, Stored)> = page
        .iter()
        .map(|one| {
            let key = one.group_key.as_ref().filter(|_| is_grouped(&one));
            (one, key.and_then(|key| stored.remove(key)).unwrap_or_else(|| alone(one)))
        })
        .collect();
    let from: Vec<i64> = found.iter().flat_map(|(_, group)| &group.accounts).copied().collect();
    let about: Vec<i64> = page.iter().filter_map(|one| one.status_id).collect();
    let about = db::status::list(conn, &about)?;
    let (statuses, accounts) = statuses_and_accounts(conn, site, viewer, about, &from)?;
    let shown: HashSet<i64> = statuses.iter().map(|status| status.id).collect();
    let mut events = severances_of(conn, page)?;
    let (mut full, mut partial) = (Vec::new(), Vec::new());
    let mut groups = Vec::with_capacity(found.len());
    for (one, mut group) in found {
        group.accounts.retain(|id| accounts.contains_key(id));
        // who is gone says nothing any more
        let Some((first, others)) = group.accounts.split_first() else { continue };
        full.push(*first);
        if view.partial {
            partial.extend(others)
        } else {
            full.extend(others)
        }
        groups.push(Group {
            part: view.range.map(|_| Part {
                page_min_id: group.oldest,
                page_max_id: group.newest,
                latest_page_notification_at: api_time(group.newest_at),
            }),
            group_key: group.key,
            notifications_count: group.count,
            kind: one.kind.as_str(),
            most_recent_notification_id: group.newest,
            sample_account_ids: group.accounts,
            status_id: one.status_id.filter(|id| shown.contains(id)),
            event: events.remove(&one.id),
        });
    }
    let mut seen: HashSet<i64> = HashSet::new();
    let accounts_of = |ids: Vec<i64>, seen: &mut HashSet<i64>| -> Vec<Arc<Account>> {
        ids.iter()
            .filter(|id| seen.insert(**id))
            .filter_map(|id| accounts.get(id).cloned())
            .collect()
    };
    let full = accounts_of(full, &mut seen);
    let partial = accounts_of(partial, &mut seen);
    Ok(GroupedNotifications {
        accounts: full,
        partial_accounts: view
            .partial
            .then(|| partial.iter().map(|account| PartialAccount::new(account)).collect()),
        statuses,
        notification_groups: groups,
    })
}

/// A notification that is in no group.
fn alone(one: &Notification) -> Stored {
    Stored {
        key: format!("ungrouped-{}", one.id),
        newest: one.id,
        newest_at: one.created_at,
        oldest: one.id,
        count: 1,
        accounts: vec![one.from_account_id],
    }
}
