//! Plain structs and enums, shared by all layers; no I/O.

mod account;
mod announcement;
mod cached_file;
mod card;
mod domain_list;
mod event;
mod interaction;
mod moderation;
mod notification;
mod oauth;
mod page;
mod posting;
mod push;
mod queue;
mod quote;
mod reaction;
pub mod redirect;
mod relay;
mod severance;
mod sheet;
mod signing;
mod status;
mod translation;
mod upload;
mod visibility;

pub use account::{Account, ActorKind, Details, Field, INSTANCE_ACTOR, Picture, Pictures};
pub use announcement::{Announcement, CustomEmoji};
pub use cached_file::{CacheClass, CacheKey, CachedFile};
pub use card::{Card, CardKind, Preview};
pub use domain_list::DomainList;
pub use event::{Event, Gone, Place};
pub use interaction::{
    Held, Interaction, InteractionKind, InteractionPolicy, InteractionState, Rule, Who,
};
pub use moderation::{Category, DomainAllow, DomainBlock, Report, Severity};
pub use notification::{
    Choice, Notification, NotificationKind, NotificationPolicy, NotificationRequest,
};
pub use oauth::{Application, Scopes, SessionLine, Token, TokenLine};
pub use page::Page;
pub use posting::ContentType;
pub use push::{PushPolicy, PushSubscription};
pub use queue::{DeadJob, Delivery, DeliveryFailure, Job, JobKind, StatusDelivery};
pub use quote::{Quote, QuotePolicy, QuoteState};
pub use reaction::{Reaction, ReactionCount};
pub use relay::{Relay, RelayCounts, RelayFilter, RelayMedia, RelayState, RelayStyle};
pub use severance::{Severance, SeveranceKind};
pub use sheet::{Import, Sheet, SheetRow};
pub use signing::SignatureForm;
pub use status::{Emoji, Media, MediaKind, Poll, Revision, Status};
pub use translation::{LanguagePairs, Translated};
pub use upload::{Attachment, Sound, Store, Upload, UploadPurpose, UploadState};
pub use visibility::Visibility;
