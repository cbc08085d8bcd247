//! Reading a thread that somebody here opened: what stands above a remote status, and what
//! answers it (F-251 to F-254).

use std::collections::{HashMap, HashSet, VecDeque};

use serde_json::Value;

use crate::activity::incoming::Kind;
use crate::activity::object::{Object, ObjectKind};
use crate::activity::read;
use crate::activity::urls::{is_web, same_host};
use crate::app::App;
use crate::client::host_of;
use crate::clock::MINUTE;
use crate::db::{self, Conn, Lane};
use crate::error::{Error, Result};
use crate::model::{Account, INSTANCE_ACTOR, Status, Visibility};
use crate::service;
use crate::service::remote::Arrival;

use super::collection::{self, Walk};
use super::{budget, fetch, resolve};

/// How much of the collections is read in all (F-248).
const PAGES: usize = 10;
const ITEMS: usize = 500;
/// Of a reply's own replies this many pages.
const PAGES_BELOW: usize = 2;
/// After so long it ends: what came until then is there.
const PATIENCE: i64 = 2 * MINUTE;
/// A server that failed so often is left alone.
const FAILURES: u32 = 3;
/// What a server gets asked in one go.
const PER_HOST: u32 = 60;

/// The reading of one thread.
struct Reading<'a> {
    app: &'a App,
    /// The status that was opened.
    id: i64,
    reader: i64,
    until: i64,
    /// Ids that were looked at.
    been: HashSet<String>,
    asked: HashMap<String, u32>,
    failed: HashMap<String, u32>,
}

/// Reads the thread of a status as `reader` opened it; blocking, as all fetches.
pub fn refresh(app: &App, status_id: i64, reader: i64) -> Result<()> {
    let Some(status) = app.db.read(|conn| db::status::find(conn, status_id))? else {
        return Ok(());
    };
    if status.local || status.reblog_of_id.is_some() {
        return Ok(());
    }
    let mut reading = Reading {
        app,
        id: status.id,
        reader,
        until: app.clock.now_ms() + PATIENCE,
        been: HashSet::from([status.uri.clone()]),
        asked: HashMap::new(),
        failed: HashMap::new(),
    };
    let object = reading.reread(&status)?;
    reading.above(status)?;
    if let Some(object) = object {
        reading.below(&object)?;
    }
    Ok(())
}

fn top(conn: &Conn, id: i64) -> Result<Option<Status>> {
    match db::backfill::find_top(conn, id)? {
        Some(top) => db::status::find(conn, top),
        None => Ok(None),
    }
}

/// Reads one remote status anew: edits and tallies come with it (F-308).
pub fn refresh_status(app: &App, status: &Status, reader: i64) -> Result<Option<Object>> {
    let author = app.db.read(|conn| db::account::get(conn, status.account_id))?;
    let as_account = if status.visibility.is_open() { INSTANCE_ACTOR } else { reader };
    let value = fetch::document(app, &status.uri, as_account)?;
    let object = Object::parse(&value)?;
    if object.id != status.uri || object.attributed_to != author.uri {
        return Ok(None);
    }
    let incoming = resolve::read(app, object.clone());
    app.db
        .write(Lane::Background, move |tx| service::remote::edit(tx, &incoming, &author))
        .wait()?;
    Ok(Some(object))
}

impl Reading<'_> {
    fn reread(&mut self, status: &Status) -> Result<Option<Object>> {
        match refresh_status(self.app, status, self.reader) {
            // not there just now, or no more: what is here stays
            Err(error @ (Error::Internal(_) | Error::Remote(_))) => Err(error),
            Err(_) => Ok(None),
            found => found,
        }
    }

    /// Parents that are missing, one above the other.
    fn above(&mut self, status: Status) -> Result<()> {
        let mut lowest = self.app.db.read(|conn| top(conn, status.id))?;
        for _ in 0..resolve::MOST_ANCESTORS {
            let Some(child) = lowest else { return Ok(()) };
            let Some(parent) = child.in_reply_to_uri.clone() else { return Ok(()) };
            if !self.been.insert(parent.clone()) || !self.may_ask(&parent) {
                return Ok(());
            }
            match self.parent(&child, &parent) {
                Ok(_) => {}
                Err(error @ Error::Internal(_)) => return Err(error),
                Err(error) => {
                    self.fail(&parent);
                    tracing::debug!(%parent, %error, "a parent is not found");
                    return Ok(());
                }
            }
            lowest = self.app.db.read(|conn| top(conn, status.id))?;
        }
        Ok(())
    }

    /// A parent, fetched by the reader where only that one may see it: what the reader's own
    /// followed author answers on the same server.
    fn parent(&mut self, child: &Status, uri: &str) -> Result<Option<Status>> {
        let (author, follows) = self.app.db.read(|conn| {
            let follows = db::follow::is_following(conn, self.reader, child.account_id)?;
            Ok((db::account::get(conn, child.account_id)?, follows))
        })?;
        let private = child.visibility == Visibility::Private;
        let as_account = if private && follows && same_host(&author.uri, uri) {
            self.reader
        } else {
            INSTANCE_ACTOR
        };
        let value = fetch::document(self.app, uri, as_account)?;
        let object = Object::parse(&value)?;
        self.store(object)
    }

    /// What answers the status, and what answers that.
    fn below(&mut self, object: &Object) -> Result<()> {
        let mut found = self.listed(object, PAGES)?;
        let mut thread: HashSet<String> = found.iter().filter_map(read::uri_of).collect();
        thread.insert(object.id.clone());
        let mut waiting: VecDeque<Value> = found.drain(..).collect();
        let mut seen = waiting.len();
        while let Some(item) = waiting.pop_front() {
            let Some(id) = read::uri_of(&item) else { continue };
            if self.app.site.owns(&id) || !self.been.insert(id.clone()) {
                continue;
            }
            if self.app.db.read(|conn| db::status::find_by_uri(conn, &id))?.is_some() {
                continue;
            }
            if !self.may_ask(&id) {
                continue;
            }
            let reply = match self.reply(&id, &thread) {
                Ok(Some(reply)) => reply,
                Ok(None) => continue,
                Err(error @ Error::Internal(_)) => return Err(error),
                // else only this one is too much: a new server of a domain with many (S-021)
                Err(Error::TooMany { .. }) if budget::is_spent() => return Ok(()),
                Err(error) => {
                    self.fail(&id);
                    tracing::debug!(%id, %error, "a reply is not found");
                    continue;
                }
            };
            if seen < ITEMS && reply.replies.is_some() {
                let more = self.listed(&reply, PAGES_BELOW)?;
                for item in more.into_iter().take(ITEMS - seen) {
                    thread.extend(read::uri_of(&item));
                    waiting.push_back(item);
                    seen += 1;
                }
            }
        }
        Ok(())
    }

    /// The collection of the whole thread where there is one on the same host (F-254), else the
    /// replies.
    fn listed(&mut self, object: &Object, pages: usize) -> Result<Vec<Value>> {
        let walk = Walk { pages, items: ITEMS, as_account: INSTANCE_ACTOR };
        let whole = [&object.context, &object.conversation];
        let whole = whole.into_iter().flatten().find(|url| {
            is_web(url) && same_host(url, &object.id) && !self.been.contains(url.as_str())
        });
        if let Some(address) = whole.filter(|_| pages == PAGES).cloned() {
            self.been.insert(address.clone());
            match collection::read(self.app, &address, &object.id, walk) {
                Ok(found) if !found.items.is_empty() => return Ok(found.items),
                Err(error @ Error::Internal(_)) => return Err(error),
                // an opaque name after all
                _ => {}
            }
        }
        let Some(replies) = &object.replies else { return Ok(Vec::new()) };
        if !self.may_ask(&object.id) {
            return Ok(Vec::new());
        }
        match collection::read_ref(self.app, replies, &object.id, walk) {
            Ok(found) => Ok(found.items),
            Err(error @ Error::Internal(_)) => Err(error),
            Err(error) => {
                tracing::debug!(status = %object.id, %error, "replies are not read");
                Ok(Vec::new())
            }
        }
    }

    /// One reply from its own server; it must answer something of this thread.
    fn reply(&mut self, id: &str, thread: &HashSet<String>) -> Result<Option<Object>> {
        let mut value = fetch::document(self.app, id, INSTANCE_ACTOR)?;
        // a list may name the Create instead of what was created; once, not in circles
        if Kind::of(&value) == Kind::Create {
            let Some(inner) = read::id(&value, "object") else { return Ok(None) };
            value = fetch::document(self.app, &inner, INSTANCE_ACTOR)?;
        }
        if ObjectKind::of(&value).is_none() {
            return Ok(None);
        }
        let object = Object::parse(&value)?;
        let Some(parent) = object.in_reply_to.clone() else { return Ok(None) };
        let here = self.app.db.read(|conn| {
            let parent = db::status::find_by_uri_or_url(conn, &parent)?;
            let opened = db::status::find(conn, self.id)?;
            Ok(parent.zip(opened).is_some_and(|(a, b)| a.thread_id == b.thread_id))
        })?;
        if !here && !thread.contains(&parent) {
            return Ok(None);
        }
        let copy = object.clone();
        Ok(self.store(object)?.map(|_| copy))
    }

    fn store(&self, object: Object) -> Result<Option<Status>> {
        if object.is_vote_like || object.is_chat {
            return Ok(None);
        }
        let author: Account = resolve::actor(self.app, &object.attributed_to)?;
        let (incoming, id) = (resolve::read(self.app, object), self.id);
        self.app
            .db
            .write(Lane::Background, move |tx| {
                let author = db::account::get(tx, author.id)?;
                let status = service::remote::store(tx, &incoming, &author, Arrival::Fetched)?;
                db::backfill::count_thread(tx, id)?;
                Ok(Some(status))
            })
            .wait()
    }

    /// Whether there is time, and its server is neither overrun nor silent; counted.
    fn may_ask(&mut self, address: &str) -> bool {
        let Some(host) = host_of(address) else { return false };
        if self.app.clock.now_ms() > self.until
            || self.app.wake.is_closed()
            || self.failed.get(&host).is_some_and(|n| *n >= FAILURES)
        {
            return false;
        }
        let asked = self.asked.entry(host).or_default();
        *asked += 1;
        *asked <= PER_HOST
    }

    fn fail(&mut self, address: &str) {
        if let Some(host) = host_of(address) {
            *self.failed.entry(host).or_default() += 1;
        }
    }
}
