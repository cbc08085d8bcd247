//! Announcements on the `user` streams of everybody.

use std::collections::HashMap;
use std::sync::Arc;

use super::pump::{Messages, json};
use crate::api::entity;
use crate::app::App;
use crate::db::{self, Conn};
use crate::error::{Error, Result};
use crate::stream::{Listener, Message, Stream};

/// A new one, as each account sees it.
pub(super) fn published(
    app: &App,
    conn: &Conn,
    listeners: &[Listener],
    id: i64,
) -> Result<Messages> {
    let one = match db::announcement::get(conn, id) {
        Err(Error::NotFound) => return Ok(Vec::new()),
        found => found?,
    };
    let mut rendered: HashMap<i64, Arc<str>> = HashMap::new();
    let mut messages = Vec::new();
    for listener in users(listeners) {
        let viewer = listener.account_id;
        let payload = match rendered.get(&viewer) {
            Some(payload) => Arc::clone(payload),
            None => {
                let page = vec![(one.clone(), false)];
                let shown = entity::announcements(conn, &app.site, viewer, page)?.pop();
                let payload = json(&shown)?;
                rendered.insert(viewer, Arc::clone(&payload));
                payload
            }
        };
        messages.push((listener.number, message("announcement", Some(payload))));
    }
    Ok(messages)
}

/// One reaction more or less.
pub(super) fn reacted(
    app: &App,
    conn: &Conn,
    listeners: &[Listener],
    id: i64,
    name: &str,
) -> Result<Messages> {
    let payload = json(&entity::reaction_event(conn, &app.site, id, name)?)?;
    let to_one =
        |one: &Listener| (one.number, message("announcement.reaction", Some(payload.clone())));
    Ok(users(listeners).map(to_one).collect())
}

/// One is gone.
pub(super) fn deleted(listeners: &[Listener], id: i64) -> Messages {
    let payload: Arc<str> = id.to_string().into();
    let to_one =
        |one: &Listener| (one.number, message("announcement.delete", Some(payload.clone())));
    users(listeners).map(to_one).collect()
}

fn users(listeners: &[Listener]) -> impl Iterator<Item = &Listener> {
    listeners.iter().filter(|one| one.streams.contains(&Stream::User))
}

fn message(event: &'static str, payload: Option<Arc<str>>) -> Message {
    Message { stream: Stream::User, event, payload }
}
