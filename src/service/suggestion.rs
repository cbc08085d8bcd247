//! Whom to follow: those whom one's friends follow, and those whose statuses one likes. Only
//! accounts that want to be found are named.

use std::collections::HashMap;

use crate::db::{self, Conn};
use crate::error::Result;
use crate::model::Account;

/// How far back the newest follows, favourites and statuses count.
const DEPTH: i64 = 200;
/// How many follows of friends are looked at.
const FRIENDS: i64 = 5000;
/// How many candidates are looked at closely.
const CANDIDATES: usize = 500;

/// Why an account is suggested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    FriendsOfFriends,
    Interactions,
}

/// `(account, why)`, the best first.
pub fn list(conn: &Conn, viewer: i64, limit: usize) -> Result<Vec<(i64, Vec<Source>)>> {
    let mut scores: HashMap<i64, (i64, Vec<Source>)> = HashMap::new();
    let friends = db::suggestion::list_of_friends(conn, viewer, DEPTH, FRIENDS)?;
    let liked = db::suggestion::list_interactions(conn, viewer, DEPTH)?;
    for (source, found) in [(Source::FriendsOfFriends, friends), (Source::Interactions, liked)] {
        for (account, count) in found {
            let entry = scores.entry(account).or_default();
            entry.0 += count;
            entry.1.push(source);
        }
    }
    let mut ranked: Vec<(i64, (i64, Vec<Source>))> = scores.into_iter().collect();
    // of two that are as good, the one that we met last
    ranked.sort_unstable_by_key(|(id, (score, _))| std::cmp::Reverse((*score, *id)));
    ranked.truncate(CANDIDATES);
    let ids: Vec<i64> = ranked.iter().map(|(id, _)| *id).collect();
    let fit = db::suggestion::retain(conn, viewer, &ids)?;
    ranked.retain(|(id, _)| fit.contains(id));
    ranked.truncate(limit);
    Ok(ranked.into_iter().map(|(id, (_, sources))| (id, sources)).collect())
}

/// The people of this server who want to be found: by their last status, or the newest first.
pub fn directory(conn: &Conn, viewer: i64, newest: bool) -> Result<Vec<Account>> {
    let mut people = db::account::list_local(conn)?;
    people.retain(|one| one.discoverable && one.suspended_at.is_none());
    let ids: Vec<i64> = people.iter().map(|one| one.id).collect();
    let wanted = db::suggestion::wanted(conn, viewer, &ids)?;
    people.retain(|one| wanted.contains(&one.id));
    if newest {
        people.sort_by_key(|one| std::cmp::Reverse(one.id));
    } else {
        people.sort_by_key(|one| std::cmp::Reverse((one.last_status_at, one.id)));
    }
    Ok(people)
}
