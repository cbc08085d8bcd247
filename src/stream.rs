//! Open streams: who listens to what, and a bounded line to each. Nothing is rendered here and
//! nothing is decided about who may see it: what happened goes in as ids ([`Hub::tell`], from the
//! writer's thread, never blocking), one thread takes it out ([`Hub::wait`]), decides and renders
//! with the state of that moment, and hands messages to connections ([`Hub::send`]).
//!
//! A connection that does not take its messages is ended, and nobody else waits for it (S-129).

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, oneshot};

use crate::error::{Error, Result};
use crate::model::{Event, Place, Token};

/// Messages that wait for one connection.
const QUEUE: usize = 64;
/// Events that wait to be rendered.
const EVENTS: usize = 4096;
/// Connections of one account.
const OF_ACCOUNT: usize = 32;
/// Connections in all; the server takes 2,000 of every kind.
const IN_ALL: usize = 512;
/// Streams of one connection.
const STREAMS: usize = 64;

/// What one can listen to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stream {
    User,
    UserNotification,
    Public {
        local: bool,
        remote: bool,
        media: bool,
    },
    /// `tag` as it is stored, `label` as the client wrote it.
    Hashtag {
        tag: String,
        label: String,
        local: bool,
    },
    List(i64),
    /// One's conversations, as they change.
    Direct,
}

impl Stream {
    /// Its name with the parameter, as it stands in each message.
    pub fn labels(&self) -> Vec<String> {
        match self {
            Self::User => vec!["user".into()],
            Self::UserNotification => vec!["user:notification".into()],
            Self::Public { local, remote, media } => {
                let part = match (local, remote) {
                    (true, _) => ":local",
                    (_, true) => ":remote",
                    _ => "",
                };
                vec![format!("public{part}{}", if *media { ":media" } else { "" })]
            }
            Self::Hashtag { label, local, .. } => {
                vec![if *local { "hashtag:local" } else { "hashtag" }.into(), label.clone()]
            }
            Self::List(id) => vec!["list".into(), id.to_string()],
            Self::Direct => vec!["direct".into()],
        }
    }

    /// The scope that a token needs for it.
    pub fn scope(&self) -> &'static str {
        match self {
            Self::UserNotification => "read:notifications",
            _ => "read:statuses",
        }
    }

    /// Whether it is a shared timeline that has what is placed so.
    pub fn shows(&self, place: &Place) -> bool {
        match self {
            Self::Public { local, remote, media } => {
                place.public
                    && (!local || place.local)
                    && (!remote || !place.local)
                    && (!media || place.media)
            }
            Self::Hashtag { tag, local, .. } => {
                (!local || place.local) && place.tags.iter().any(|have| have == tag)
            }
            _ => false,
        }
    }
}

/// Something for one connection.
#[derive(Clone, Debug)]
pub struct Message {
    /// The subscription that it comes by.
    pub stream: Stream,
    pub event: &'static str,
    /// JSON or an id; the text is shared by all who get the same.
    pub payload: Option<Arc<str>>,
}

/// A connection, to whoever decides what it gets.
#[derive(Clone, Debug)]
pub struct Listener {
    pub number: u64,
    pub token: Arc<Token>,
    pub account_id: i64,
    pub streams: Vec<Stream>,
}

/// What there is to do for the thread that renders.
#[derive(Debug, Default)]
pub struct Work {
    /// Tokens may have ended: see which connections still have theirs.
    pub recheck: bool,
    pub events: Vec<Event>,
}

/// All open streams.
#[derive(Default)]
pub struct Hub {
    state: Mutex<State>,
    bell: Condvar,
}

#[derive(Default)]
struct State {
    last: u64,
    seats: HashMap<u64, Taken>,
    events: VecDeque<Event>,
    recheck: bool,
    closed: bool,
}

struct Taken {
    listener: Listener,
    /// `None`: it was ended, and its connection has not gone yet.
    line: Option<Line>,
}

struct Line {
    messages: mpsc::Sender<Message>,
    /// Dropped with the line: so the connection learns of the end, even while it sends.
    _end: oneshot::Sender<()>,
}

impl Hub {
    /// Takes notice of what was committed. Costs nothing while nobody listens.
    pub fn tell(&self, event: Event) {
        let mut state = self.lock();
        if state.seats.is_empty() {
            return;
        }
        match event {
            Event::TokensEnded { .. } | Event::AccountChanged { .. } => state.recheck = true,
            Event::StatusArrived { .. }
            | Event::StatusUpdated { .. }
            | Event::StatusDeleted(_)
            | Event::NotificationCreated { .. }
            | Event::FiltersChanged { .. }
            | Event::ConversationChanged { .. }
            | Event::NotificationsMerged { .. }
            | Event::AnnouncementPublished { .. }
            | Event::AnnouncementReacted { .. }
            | Event::AnnouncementDeleted { .. } => {
                if state.events.len() >= EVENTS {
                    // rather than to leave gaps: who connects again fetches what was missed
                    state.events.clear();
                    state.end_all();
                    return;
                }
                state.events.push_back(event);
            }
            Event::DeliveryQueued | Event::JobQueued | Event::TimelineGrew { .. } => return,
        }
        drop(state);
        self.bell.notify_all();
    }

    /// Waits for work; `None` once the hub is closed.
    pub fn wait(&self) -> Option<Work> {
        let idle = |state: &mut State| state.events.is_empty() && !state.recheck && !state.closed;
        let mut state =
            self.bell.wait_while(self.lock(), idle).unwrap_or_else(PoisonError::into_inner);
        if state.closed {
            return None;
        }
        Some(Work {
            recheck: std::mem::take(&mut state.recheck),
            events: std::mem::take(&mut state.events).into(),
        })
    }

    /// A place for a new connection of a person.
    ///
    /// # Errors
    /// 429 when there are too many, 503 while the server stops.
    pub fn join(self: &Arc<Self>, token: Arc<Token>, account_id: i64) -> Result<Seat> {
        let mut state = self.lock();
        if state.closed {
            let message = "The server is stopping".into();
            return Err(Error::Unavailable { message, retry_after: 5 });
        }
        let own = state.seats.values().filter(|s| s.listener.account_id == account_id).count();
        if own >= OF_ACCOUNT || state.seats.len() >= IN_ALL {
            return Err(Error::TooMany { retry_after: 60 });
        }
        state.last += 1;
        let number = state.last;
        let (messages, receiver) = mpsc::channel(QUEUE);
        let (end, ended) = oneshot::channel();
        let listener = Listener { number, token, account_id, streams: Vec::new() };
        let line = Some(Line { messages, _end: end });
        state.seats.insert(number, Taken { listener, line });
        // the token may have ended between its check and now
        state.recheck = true;
        drop(state);
        self.bell.notify_all();
        Ok(Seat { hub: Arc::clone(self), number, receiver, ended })
    }

    /// Everybody who listens to something.
    pub fn listeners(&self) -> Vec<Listener> {
        let state = self.lock();
        let open = state.seats.values().filter(|taken| taken.line.is_some());
        open.map(|taken| taken.listener.clone()).collect()
    }

    /// Hands a message over; a connection whose line is full is ended.
    pub fn send(&self, number: u64, message: Message) {
        let mut state = self.lock();
        let Some(taken) = state.seats.get_mut(&number) else { return };
        if let Some(line) = &taken.line
            && line.messages.try_send(message).is_err()
        {
            tracing::debug!(account = taken.listener.account_id, "a slow stream was ended");
            taken.line = None;
        }
    }

    /// Ends a connection.
    pub fn end(&self, number: u64) {
        if let Some(taken) = self.lock().seats.get_mut(&number) {
            taken.line = None;
        }
    }

    /// Ends all connections, and [`Hub::wait`].
    pub fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.end_all();
        drop(state);
        self.bell.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn end_all(&mut self) {
        for taken in self.seats.values_mut() {
            taken.line = None;
        }
    }
}

/// A connection's end of its line; dropped with the connection, it gives the place back.
pub struct Seat {
    hub: Arc<Hub>,
    number: u64,
    receiver: mpsc::Receiver<Message>,
    ended: oneshot::Receiver<()>,
}

impl Seat {
    /// Listens to one more stream; again does nothing.
    ///
    /// # Errors
    /// 429 when there are too many.
    pub fn subscribe(&self, stream: Stream) -> Result<()> {
        let mut state = self.hub.lock();
        let Some(taken) = state.seats.get_mut(&self.number) else { return Ok(()) };
        let streams = &mut taken.listener.streams;
        if streams.contains(&stream) {
            return Ok(());
        }
        if streams.len() >= STREAMS {
            return Err(Error::TooMany { retry_after: 60 });
        }
        streams.push(stream);
        Ok(())
    }

    /// Listens to it no more.
    pub fn unsubscribe(&self, stream: &Stream) {
        if let Some(taken) = self.hub.lock().seats.get_mut(&self.number) {
            taken.listener.streams.retain(|have| have != stream);
        }
    }

    /// The next message; `None` once the connection was ended, whatever still waits for it.
    pub async fn next(&mut self) -> Option<Message> {
        tokio::select! {
            biased;
            _ = &mut self.ended => None,
            message = self.receiver.recv() => message,
        }
    }

    /// Waits for the end. Not to be called again after it.
    pub async fn ended(&mut self) {
        let _ = (&mut self.ended).await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.hub.lock().seats.remove(&self.number);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::model::Scopes;

    fn token() -> Arc<Token> {
        let scopes = Scopes::parse("read").unwrap();
        Arc::new(Token { id: 1, application_id: 1, account_id: Some(5), scopes, created_at: 0 })
    }

    fn message() -> Message {
        Message { stream: Stream::User, event: "delete", payload: Some("1".into()) }
    }

    #[test]
    fn s_129_a_full_line_is_ended_and_the_others_go_on() {
        let hub = Arc::new(Hub::default());
        let (mut slow, mut quick) = (hub.join(token(), 5).unwrap(), hub.join(token(), 5).unwrap());
        for _ in 0..=QUEUE {
            hub.send(slow.number, message());
            hub.send(quick.number, message());
            assert!(quick.receiver.try_recv().is_ok());
        }
        assert_eq!(hub.listeners().len(), 1);
        assert!(slow.ended.try_recv().is_err_and(|e| e == oneshot::error::TryRecvError::Closed));
        assert!(quick.ended.try_recv().is_err_and(|e| e == oneshot::error::TryRecvError::Empty));
        // its place is its own until it has gone
        assert_eq!(hub.lock().seats.len(), 2);
        drop(slow);
        assert_eq!(hub.lock().seats.len(), 1);
    }

    #[test]
    fn s_129_places_streams_and_events_are_bounded() {
        let hub = Arc::new(Hub::default());
        let event = || Event::StatusArrived { id: 1 };
        hub.tell(event());
        assert!(hub.lock().events.is_empty(), "nobody listens, nothing waits");
        let seats: Vec<Seat> = (0..OF_ACCOUNT).map(|_| hub.join(token(), 5).unwrap()).collect();
        assert_eq!(hub.join(token(), 5).err().unwrap().status(), 429);
        assert!(hub.join(token(), 6).is_ok());
        for id in 0..STREAMS {
            seats[0].subscribe(Stream::List(id as i64)).unwrap();
        }
        seats[0].subscribe(Stream::List(0)).unwrap();
        assert!(seats[0].subscribe(Stream::User).is_err());
        (0..=EVENTS).for_each(|_| hub.tell(event()));
        assert!(hub.lock().events.is_empty());
        assert!(hub.listeners().is_empty(), "all connect again rather than miss something");
        hub.close();
        assert!(hub.wait().is_none());
        assert_eq!(hub.join(token(), 7).err().unwrap().status(), 503);
    }
}
