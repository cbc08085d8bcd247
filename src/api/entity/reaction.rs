//! Reactions to statuses, in the shapes of Pleroma, Akkoma and glitch.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::{Account, accounts};
use crate::db::{self, Conn};
use crate::error::Result;
use crate::model::{CacheClass, Reaction as Row, ReactionCount};
use crate::service::{self, cached_file::emoji};
use crate::site::Site;

/// How many reacted so.
#[derive(Debug, Serialize)]
struct Reaction {
    name: String,
    count: i64,
    me: bool,
    /// Of a custom emoji only.
    url: Option<String>,
    static_url: Option<String>,
}

/// All reactions to one status; it stands in three places of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Reactions(Arc<Vec<Reaction>>);

impl Serialize for Reactions {
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        self.0.serialize(to)
    }
}

/// What Pleroma and Akkoma keep of a status in a place of their own.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Pleroma {
    pub(super) emoji_reactions: Reactions,
    pub(super) local: bool,
}

/// Where the pictures of emojis are for those who want nothing to move.
struct Stills<'a> {
    site: &'a Site,
    /// Of our own, by the addresses of what may move.
    own: HashMap<String, String>,
}

impl<'a> Stills<'a> {
    /// For emojis with these names and addresses.
    fn of<'b>(
        conn: &Conn,
        site: &'a Site,
        all: impl Iterator<Item = (&'b String, &'b Option<String>)>,
    ) -> Result<Self> {
        let own = all.filter(|(_, url)| url.as_deref().is_some_and(|url| site.owns(url)));
        let names: Vec<String> = own.map(|(name, _)| name.clone()).collect();
        Ok(Self { site, own: service::emoji::stills(conn, site, &names)? })
    }

    fn address(&self, url: &str) -> String {
        let own = self.own.get(url).cloned();
        own.unwrap_or_else(|| emoji(self.site, CacheClass::EmojiStill, url))
    }
}

/// The reactions to some statuses, one query for all.
pub(super) fn reactions(
    conn: &Conn,
    site: &Site,
    viewer: i64,
    ids: &[i64],
) -> Result<HashMap<i64, Reactions>> {
    let counts = db::reaction::list_counts(conn, ids, viewer)?;
    let stills = Stills::of(conn, site, counts.values().flatten().map(|r| (&r.name, &r.url)))?;
    let shape = |one: ReactionCount| Reaction {
        name: one.name,
        count: one.count,
        // nobody has reacted to anything
        me: one.me && viewer != 0,
        static_url: one.url.as_deref().map(|url| stills.address(url)),
        url: one.url.as_deref().map(|url| emoji(site, CacheClass::Emoji, url)),
    };
    Ok(counts
        .into_iter()
        .map(|(id, list)| (id, Reactions(Arc::new(list.into_iter().map(shape).collect()))))
        .collect())
}

/// A reaction with those who reacted so.
#[derive(Debug, Serialize)]
pub(crate) struct Reactors {
    name: String,
    count: usize,
    me: bool,
    url: Option<String>,
    static_url: Option<String>,
    accounts: Vec<Account>,
}

/// Who reacted, by name, in the order of the rows.
pub(crate) fn reactors(
    conn: &Conn,
    site: &Site,
    viewer: i64,
    rows: Vec<Row>,
) -> Result<Vec<Reactors>> {
    let stills = Stills::of(conn, site, rows.iter().map(|row| (&row.name, &row.url)))?;
    let mut list: Vec<(Reactors, Vec<i64>)> = Vec::new();
    for row in rows {
        let at = list.iter().position(|(one, _)| one.name == row.name);
        let at = at.unwrap_or_else(|| {
            list.push((
                Reactors {
                    name: row.name,
                    count: 0,
                    me: false,
                    static_url: row.url.as_deref().map(|url| stills.address(url)),
                    url: row.url.as_deref().map(|url| emoji(site, CacheClass::Emoji, url)),
                    accounts: Vec::new(),
                },
                Vec::new(),
            ));
            list.len() - 1
        });
        if let Some((one, ids)) = list.get_mut(at) {
            one.me |= row.account_id == viewer;
            ids.push(row.account_id);
        }
    }
    let all: Vec<i64> = list.iter().flat_map(|(_, ids)| ids.iter().copied()).collect();
    let known = db::account::list_shown(conn, &all)?;
    Ok(list
        .into_iter()
        .map(|(one, ids)| {
            let of: Vec<_> = known.iter().filter(|a| ids.contains(&a.id)).cloned().collect();
            let accounts = accounts(site, &ids, of);
            Reactors { count: accounts.len(), accounts, ..one }
        })
        .filter(|one| one.count > 0)
        .collect())
}
