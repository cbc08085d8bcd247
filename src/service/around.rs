//! What the documents of statuses name besides themselves, read for many at once: one query a
//! table, however many they are.

use std::collections::{HashMap, HashSet};

use crate::db::{self, Conn};
use crate::error::Result;
use crate::model::{Account, Quote, Status, Upload};

/// What stands around some statuses.
#[derive(Debug, Default)]
pub struct Around {
    mentioned: HashMap<i64, Vec<Account>>,
    tags: HashMap<i64, Vec<String>>,
    /// The parents, the boosted ones, and those that began the thread.
    others: HashMap<i64, Status>,
    /// Who wrote the boosted ones.
    authors: HashMap<i64, Account>,
    uploads: HashMap<i64, Vec<Upload>>,
    quotes: HashMap<i64, Quote>,
}

impl Around {
    /// Reads it for all of `statuses`.
    pub fn read(conn: &Conn, statuses: &[Status]) -> Result<Self> {
        let ids: Vec<i64> = statuses.iter().map(|status| status.id).collect();
        let others: HashSet<i64> = statuses
            .iter()
            .flat_map(|s| [s.in_reply_to_id, s.reblog_of_id, Some(s.thread_id)])
            .flatten()
            .collect();
        let others = db::status::list(conn, &others.into_iter().collect::<Vec<_>>())?;
        let named: Vec<(i64, i64)> = db::status::list_mentions(conn, &ids)?
            .into_iter()
            .filter(|(_, _, silent)| !silent)
            .map(|(status, account, _)| (status, account))
            .collect();
        let wanted: HashSet<i64> = named
            .iter()
            .map(|(_, account)| *account)
            .chain(others.iter().map(|status| status.account_id))
            .collect();
        let authors: HashMap<i64, Account> =
            db::account::list(conn, &wanted.into_iter().collect::<Vec<_>>())?
                .into_iter()
                .map(|account| (account.id, account))
                .collect();
        let mut mentioned: HashMap<i64, Vec<Account>> = HashMap::new();
        for (status, account) in named {
            if let Some(account) = authors.get(&account) {
                mentioned.entry(status).or_default().push(account.clone());
            }
        }
        for party in mentioned.values_mut() {
            party.sort_by_key(|account| account.id);
        }
        let mut tags: HashMap<i64, Vec<String>> = HashMap::new();
        for (status, name) in db::status::list_tags(conn, &ids)? {
            tags.entry(status).or_default().push(name);
        }
        let others = others.into_iter().map(|status| (status.id, status)).collect();
        let mut uploads: HashMap<i64, Vec<Upload>> = HashMap::new();
        for upload in db::upload::list_attached(conn, &ids)? {
            if let Some(status) = upload.status_id {
                uploads.entry(status).or_default().push(upload);
            }
        }
        let quotes = db::quote::list(conn, &ids)?;
        let quotes = quotes.into_iter().map(|quote| (quote.status_id, quote)).collect();
        Ok(Self { mentioned, tags, others, authors, uploads, quotes })
    }

    /// The same for one that was just written, from what is known of it.
    pub fn of_new(
        status: &Status,
        mut named: Vec<Account>,
        tags: Vec<String>,
        parent: Option<Status>,
        uploads: Vec<Upload>,
        quote: Option<Quote>,
    ) -> Self {
        named.sort_by_key(|account| account.id);
        Self {
            mentioned: HashMap::from([(status.id, named)]),
            tags: HashMap::from([(status.id, tags)]),
            others: parent.into_iter().map(|parent| (parent.id, parent)).collect(),
            authors: HashMap::new(),
            uploads: HashMap::from([(status.id, uploads)]),
            quotes: quote.into_iter().map(|quote| (status.id, quote)).collect(),
        }
    }

    /// The accounts that a status names aloud.
    pub fn mentioned(&self, status: i64) -> &[Account] {
        self.mentioned.get(&status).map(Vec::as_slice).unwrap_or_default()
    }

    /// The names of a status's tags.
    pub fn tags(&self, status: i64) -> &[String] {
        self.tags.get(&status).map(Vec::as_slice).unwrap_or_default()
    }

    /// The attachments of a local status, in their order.
    pub fn uploads(&self, status: i64) -> &[Upload] {
        self.uploads.get(&status).map(Vec::as_slice).unwrap_or_default()
    }

    /// What a status quotes.
    pub fn quote(&self, status: i64) -> Option<&Quote> {
        self.quotes.get(&status)
    }

    /// A status that is answered or boosted, or began the thread.
    pub fn status(&self, id: i64) -> Option<&Status> {
        self.others.get(&id)
    }

    /// Who is named, or wrote what is answered or boosted.
    pub fn account(&self, id: i64) -> Option<&Account> {
        self.authors.get(&id)
    }
}
