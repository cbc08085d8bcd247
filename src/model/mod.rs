//! Plain structs and enums, shared by all layers; no I/O.

mod account;
mod announcement;
mod event;
mod moderation;
mod notification;
mod oauth;
mod page;
mod queue;
pub mod redirect;
mod status;
mod visibility;

pub use account::{Account, ActorKind, Field, INSTANCE_ACTOR};
pub use announcement::{Announcement, CustomEmoji};
pub use event::{Event, Gone, Place};
pub use moderation::{Category, DomainAllow, DomainBlock, Report, Severity};
pub use notification::{Notification, NotificationKind};
pub use oauth::{Application, Scopes, Token};
pub use page::Page;
pub use queue::{Delivery, Job, JobKind};
pub use status::{Emoji, Media, MediaKind, Poll, Revision, Status};
pub use visibility::Visibility;
