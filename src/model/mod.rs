//! Plain structs and enums, shared by all layers; no I/O.

mod account;
mod event;
mod notification;
mod oauth;
mod page;
mod push;
mod queue;
pub mod redirect;
mod sheet;
mod status;
mod visibility;

pub use account::{Account, ActorKind, Field, INSTANCE_ACTOR};
pub use event::{Event, Gone, Place};
pub use notification::{Notification, NotificationKind};
pub use oauth::{Application, Scopes, Token};
pub use page::Page;
pub use push::{PushPolicy, PushSubscription};
pub use queue::{Delivery, Job, JobKind};
pub use sheet::{Import, Sheet, SheetRow};
pub use status::{Emoji, Media, MediaKind, Poll, Revision, Status};
pub use visibility::Visibility;
