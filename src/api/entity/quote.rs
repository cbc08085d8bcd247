//! Quote, ShallowQuote and QuoteApproval: what a status quotes as far as its reader may see it,
//! and whether the reader may quote it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde::Serialize;

use super::Status;
use crate::db::quote::Seen;
use crate::db::{self, Conn};
use crate::error::Result;
use crate::model::{self, QuotePolicy, QuoteState};
use crate::service::quote::judge;

/// What a status quotes.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Quote {
    /// With the quoted status.
    Full {
        state: &'static str,
        #[serde(serialize_with = "super::shared_or_null")]
        quoted_status: Option<Arc<Status>>,
        /// The author of a quote gets it back for rewriting, in whatever state it is.
        #[serde(skip)]
        kept: Option<Arc<Status>>,
    },
    /// Inside of a quote: with its id.
    Shallow {
        state: &'static str,
        #[serde(serialize_with = "super::id_or_null")]
        quoted_status_id: Option<i64>,
    },
}

impl Quote {
    /// As the answer to a deletion shows it: whole, without the HTML.
    pub(super) fn deleted(&mut self) {
        if let Self::Full { quoted_status, kept, .. } = self {
            *quoted_status = quoted_status.take().or(kept.take());
            if let Some(status) = quoted_status {
                Arc::make_mut(status).forget_content();
            }
        }
    }
}

/// The quotes of a page, and of what is quoted there.
#[derive(Default)]
pub(super) struct Quotes {
    seen: HashMap<i64, Seen>,
    /// What is quoted, to be read with the page.
    pub(super) statuses: Vec<model::Status>,
}

impl Quotes {
    pub(super) fn read<'a>(
        conn: &Conn,
        viewer: i64,
        all: impl Iterator<Item = &'a model::Status>,
    ) -> Result<Self> {
        let ids: Vec<i64> = all.filter(|s| s.reblog_of_id.is_none()).map(|s| s.id).collect();
        if ids.is_empty() {
            return Ok(Self::default());
        }
        let mut seen = db::quote::list_seen(conn, viewer, &ids)?;
        let quoted: Vec<i64> =
            seen.iter().filter(|one| one.readable).filter_map(|one| one.quoted_id).collect();
        let mut statuses = Vec::new();
        if !quoted.is_empty() {
            statuses = db::status::list(conn, &quoted)?;
            seen.extend(db::quote::list_seen(conn, viewer, &quoted)?);
        }
        let seen = seen.into_iter().map(|one| (one.status_id, one)).collect();
        Ok(Self { seen, statuses })
    }

    /// What of a quote shows: its state, and whether the quoted status does.
    fn state(&self, status_id: i64) -> Option<(&Seen, &'static str, bool)> {
        let seen = self.seen.get(&status_id)?;
        let (state, shows) = match seen.state {
            // nobody was asked and nobody agreed: a link in the text is all that it is
            QuoteState::Pending if seen.legacy => return None,
            QuoteState::Accepted => match seen {
                _ if seen.quoted_id.is_none() => ("deleted", false),
                _ if !seen.readable => ("unauthorized", false),
                _ if seen.blocked => ("blocked_account", true),
                _ if seen.hidden_domain => ("blocked_domain", true),
                _ if seen.muted => ("muted_account", true),
                _ => ("accepted", true),
            },
            other => (other.as_str(), false),
        };
        Some((seen, state, shows))
    }

    /// Inside of a quote.
    pub(super) fn shallow(&self, status_id: i64) -> Option<Quote> {
        let (seen, state, shows) = self.state(status_id)?;
        Some(Quote::Shallow { state, quoted_status_id: seen.quoted_id.filter(|_| shows) })
    }

    /// With the quoted status.
    pub(super) fn full(&self, status_id: i64, quoted: &HashMap<i64, Arc<Status>>) -> Option<Quote> {
        let (seen, state, shows) = self.state(status_id)?;
        let status = seen.quoted_id.filter(|_| seen.readable).and_then(|id| quoted.get(&id));
        // its author was suspended, say
        let state = if shows && status.is_none() { "unauthorized" } else { state };
        Some(Quote::Full {
            state,
            quoted_status: status.filter(|_| shows).cloned(),
            kept: status.filter(|_| !shows).cloned(),
        })
    }
}

/// Whether the reader may quote a status (QuoteApproval).
#[derive(Clone, Debug, Serialize)]
pub(super) struct Approval {
    automatic: Vec<&'static str>,
    manual: Vec<&'static str>,
    current_user: &'static str,
}

/// Who of the authors of a page follows whom, as far as their policies ask.
#[derive(Default)]
pub(super) struct Ties {
    viewer: i64,
    follows: HashSet<i64>,
    followed: HashSet<i64>,
}

impl Ties {
    pub(super) fn read<'a>(
        conn: &Conn,
        viewer: i64,
        all: impl Iterator<Item = &'a model::Status>,
    ) -> Result<Self> {
        let asked = QuotePolicy::FOLLOWERS | QuotePolicy::FOLLOWING;
        let authors: HashSet<i64> = all
            .filter(|s| (s.quote_policy.automatic() | s.quote_policy.manual()) & asked != 0)
            .map(|s| s.account_id)
            .collect();
        if viewer == 0 || authors.is_empty() {
            return Ok(Self { viewer, ..Self::default() });
        }
        let authors: Vec<i64> = authors.into_iter().collect();
        let (follows, followed) = db::quote::list_ties(conn, viewer, &authors)?;
        Ok(Self { viewer, follows, followed })
    }

    pub(super) fn approval(&self, status: &model::Status) -> Approval {
        let author = status.account_id;
        let (follows, followed) = (self.follows.contains(&author), self.followed.contains(&author));
        Approval {
            automatic: words(status.quote_policy.automatic()),
            manual: words(status.quote_policy.manual()),
            current_user: judge(status, self.viewer, follows, followed).as_str(),
        }
    }
}

fn words(bits: u16) -> Vec<&'static str> {
    let all = [
        (QuotePolicy::PUBLIC, "public"),
        (QuotePolicy::FOLLOWERS, "followers"),
        (QuotePolicy::FOLLOWING, "following"),
        (QuotePolicy::OTHER, "unsupported_policy"),
    ];
    all.into_iter().filter(|(bit, _)| bits & bit != 0).map(|(_, word)| word).collect()
}
