//! The thread that turns what happened into messages. It looks at the database at the moment of
//! sending: visibility, follows, blocks, mutes and tokens count as they are then (S-092).

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::thread::JoinHandle;

use serde::Serialize;

use super::announcement;
use crate::api::entity;
use crate::app::App;
use crate::db::{self, Conn};
use crate::error::{Error, Result, guarded};
use crate::model::{Event, Gone, Place, Status};
use crate::service;
use crate::stream::{Listener, Message, Stream};

/// How many statuses are remembered, so that one that is sent to us twice is shown once.
const REMEMBERED: usize = 512;

/// The running thread. It ends once the hub is closed.
pub struct Pump(JoinHandle<()>);

impl Pump {
    /// Waits for the end.
    pub fn join(self) {
        let _ = self.0.join();
    }
}

/// Starts the thread.
pub fn start(app: &App) -> Result<Pump> {
    let app = app.clone();
    let thread = std::thread::Builder::new()
        .name("streams".into())
        .spawn(move || run(&app))
        .map_err(|e| Error::internal(format!("cannot start the streaming thread: {e}")))?;
    Ok(Pump(thread))
}

fn run(app: &App) {
    let mut recent = Recent::default();
    while let Some(work) = app.streams.wait() {
        // tokens first: who has none any more gets nothing of what follows
        if work.recheck {
            told(|| check_tokens(app));
        }
        for event in work.events {
            told(|| deliver(app, &event, &mut recent));
        }
    }
}

/// One event that cannot be told does not end the others.
fn told(f: impl FnOnce() -> Result<()>) {
    if let Err(error) = guarded(f) {
        tracing::error!(%error, "an event could not be streamed");
    }
}

/// Ends the connections whose token has ended (S-078).
fn check_tokens(app: &App) -> Result<()> {
    let listeners = app.streams.listeners();
    let ids: Vec<i64> = listeners.iter().map(|one| one.token.id).collect();
    let living = app.db.read(|conn| db::oauth::list_living_tokens(conn, &ids))?;
    for one in listeners.iter().filter(|one| !living.contains(&one.token.id)) {
        app.streams.end(one.number);
    }
    Ok(())
}

fn deliver(app: &App, event: &Event, recent: &mut Recent) -> Result<()> {
    let listeners = app.streams.listeners();
    if listeners.is_empty() {
        return Ok(());
    }
    let messages = app.db.read(|conn| match event {
        Event::StatusArrived { id } if recent.is_new(*id) => {
            status(app, conn, &listeners, *id, "update")
        }
        Event::StatusUpdated { id } => status(app, conn, &listeners, *id, "status.update"),
        Event::StatusDeleted(gone) => deletion(conn, &listeners, gone),
        Event::NotificationCreated { account_id, id } => {
            notification(app, conn, &listeners, *account_id, *id)
        }
        Event::FiltersChanged { account_id } => Ok(filters(&listeners, *account_id)),
        Event::ConversationChanged { account_id, id } => {
            conversation(app, conn, &listeners, *account_id, *id)
        }
        Event::NotificationsMerged { account_id } => Ok(merged(&listeners, *account_id)),
        Event::AnnouncementPublished { id } => announcement::published(app, conn, &listeners, *id),
        Event::AnnouncementReacted { id, name } => {
            announcement::reacted(app, conn, &listeners, *id, name)
        }
        Event::AnnouncementDeleted { id } => Ok(announcement::deleted(&listeners, *id)),
        _ => Ok(Vec::new()),
    })?;
    for (number, message) in messages {
        app.streams.send(number, message);
    }
    Ok(())
}

/// Messages with the connection that each is for.
pub(super) type Messages = Vec<(u64, Message)>;

/// A new or changed status, to each connection by each stream that has it, rendered once for
/// each account.
fn status(
    app: &App,
    conn: &Conn,
    listeners: &[Listener],
    id: i64,
    event: &'static str,
) -> Result<Messages> {
    let Some(status) = db::status::find(conn, id)? else { return Ok(Vec::new()) };
    let place = service::timeline::place(conn, &status)?;
    let mut rendered: HashMap<i64, Option<Arc<str>>> = HashMap::new();
    let mut messages = Vec::new();
    for one in listeners {
        for stream in &one.streams {
            if !one.token.scopes.allow("read:statuses")
                || !holds(conn, one.account_id, stream, &status, &place)?
            {
                continue;
            }
            let payload = match rendered.get(&one.account_id) {
                Some(payload) => payload.clone(),
                None => {
                    let payload = render(app, conn, one.account_id, &status)?;
                    rendered.insert(one.account_id, payload.clone());
                    payload
                }
            };
            if payload.is_some() {
                messages.push((one.number, Message { stream: stream.clone(), event, payload }));
            }
        }
    }
    Ok(messages)
}

fn holds(
    conn: &Conn,
    account: i64,
    stream: &Stream,
    status: &Status,
    place: &Place,
) -> Result<bool> {
    match stream {
        Stream::User => db::timeline::contains(conn, account, status.id),
        Stream::List(list) => db::timeline::contains(conn, *list, status.id),
        Stream::UserNotification | Stream::Direct => Ok(false),
        shared => Ok(shared.shows(place)
            && !service::visibility::is_hidden_from(conn, account, status.account_id)?),
    }
}

/// As `viewer` sees it; `None` when it does not.
fn render(app: &App, conn: &Conn, viewer: i64, status: &Status) -> Result<Option<Arc<str>>> {
    if !service::visibility::lists(conn, viewer, status)? {
        return Ok(None);
    }
    json(&entity::status(conn, &app.site, viewer, status.clone())?).map(Some)
}

pub(super) fn json(value: &impl Serialize) -> Result<Arc<str>> {
    Ok(serde_json::to_string(value).map_err(Error::internal)?.into())
}

/// Takes a status, and the boosts that went with it, from where they were shown.
fn deletion(conn: &Conn, listeners: &[Listener], gone: &Gone) -> Result<Messages> {
    let mut messages = Vec::new();
    for one in listeners.iter().filter(|one| one.token.scopes.allow("read:statuses")) {
        for stream in &one.streams {
            let timeline = match stream {
                Stream::User => Some(one.account_id),
                Stream::List(list) => Some(*list),
                _ => None,
            };
            let mut ids: Vec<i64> = gone
                .entries
                .iter()
                .filter(|(place, _)| Some(*place) == timeline)
                .map(|(_, status)| *status)
                .collect();
            if stream.shows(&gone.place)
                && !db::moderation::blocks(conn, gone.author_id, one.account_id)?
                && service::visibility::wants(conn, one.account_id, gone.author_id)?
            {
                ids.push(gone.id);
            }
            for id in ids {
                let payload = Some(id.to_string().into());
                let message = Message { stream: stream.clone(), event: "delete", payload };
                messages.push((one.number, message));
            }
        }
    }
    Ok(messages)
}

/// Something that the account is told, if it still is.
fn notification(
    app: &App,
    conn: &Conn,
    listeners: &[Listener],
    account: i64,
    id: i64,
) -> Result<Messages> {
    let takes = |stream: &&Stream| matches!(stream, Stream::User | Stream::UserNotification);
    let takers: Vec<(u64, &Stream)> = listeners
        .iter()
        .filter(|one| one.account_id == account && one.token.scopes.allow("read:notifications"))
        .flat_map(|one| one.streams.iter().filter(takes).map(|stream| (one.number, stream)))
        .collect();
    if takers.is_empty() {
        return Ok(Vec::new());
    }
    let Some(row) = db::notification::find_shown(conn, account, id)? else {
        return Ok(Vec::new());
    };
    let Some(shown) = entity::notifications(conn, &app.site, account, &[row])?.pop() else {
        return Ok(Vec::new());
    };
    let payload = json(&shown)?;
    let message = |stream: &Stream| Message {
        stream: stream.clone(),
        event: "notification",
        payload: Some(Arc::clone(&payload)),
    };
    Ok(takers.into_iter().map(|(number, stream)| (number, message(stream))).collect())
}

/// A conversation as its keeper sees it now.
fn conversation(
    app: &App,
    conn: &Conn,
    listeners: &[Listener],
    account: i64,
    id: i64,
) -> Result<Messages> {
    let takers: Vec<u64> = listeners
        .iter()
        .filter(|one| one.account_id == account && one.token.scopes.allow("read:statuses"))
        .filter(|one| one.streams.contains(&Stream::Direct))
        .map(|one| one.number)
        .collect();
    if takers.is_empty() {
        return Ok(Vec::new());
    }
    let Some(row) = db::conversation::find(conn, account, id)? else { return Ok(Vec::new()) };
    let shown = entity::conversations(conn, &app.site, account, &[row])?;
    let Some(payload) = shown.first().map(json).transpose()? else { return Ok(Vec::new()) };
    let message = || Message {
        stream: Stream::Direct,
        event: "conversation",
        payload: Some(Arc::clone(&payload)),
    };
    Ok(takers.into_iter().map(|number| (number, message())).collect())
}

/// The account's apps fetch its notifications again.
fn merged(listeners: &[Listener], account: i64) -> Messages {
    let takes = |stream: &&Stream| matches!(stream, Stream::User | Stream::UserNotification);
    let message = |stream: &Stream| Message {
        stream: stream.clone(),
        event: "notifications_merged",
        payload: Some("1".into()),
    };
    listeners
        .iter()
        .filter(|one| one.account_id == account && one.token.scopes.allow("read:notifications"))
        .flat_map(|one| one.streams.iter().filter(takes).map(|s| (one.number, message(s))))
        .collect()
}

/// The account's apps fetch its filters again.
fn filters(listeners: &[Listener], account: i64) -> Messages {
    let user = |one: &&Listener| one.account_id == account && one.streams.contains(&Stream::User);
    let message = || Message { stream: Stream::User, event: "filters_changed", payload: None };
    listeners.iter().filter(user).map(|one| (one.number, message())).collect()
}

/// The statuses that arrived lately.
#[derive(Default)]
struct Recent {
    known: HashSet<i64>,
    order: VecDeque<i64>,
}

impl Recent {
    fn is_new(&mut self, id: i64) -> bool {
        if !self.known.insert(id) {
            return false;
        }
        self.order.push_back(id);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }
}
