//! How commands reach a running server: a Unix socket in the data folder that only its owner may
//! open (0600), one JSON line there and one back.
//!
//! Whoever works with a data folder, the server or a command, holds its [`Lock`]. A command that
//! finds it taken [`call`]s the holder, which executes it with its own caches and writer; one
//! that gets it opens the database itself. Both end in the same [`execute`], so that no command
//! needs a restart or a stop.

mod backup;
mod call;
mod care;
mod command;
mod delivery;
mod domains;
mod emoji;
mod health;
mod keys;
mod listen;
mod lock;
mod media;
mod media_move;
mod moderation;
mod moving;
mod relay;
mod sheet;
mod sign_up;
mod socket;
#[cfg(test)]
mod tests;

pub use crate::service::moderation::Action as ModerationAction;
pub use backup::BackupDone;
pub use call::{Way, call, find_way};
pub use care::{AccountLine, CareCommand, PostLine, ReportLine, ReportPage, State as AccountState};
pub use command::{
    AnnouncementLine, Command, DeliveryLine, DomainBlockLine, Reply, Secret, execute,
};
pub use delivery::{HostLine, JobLine};
pub use domains::{DomainListLine, PlanLine};
pub use emoji::{
    EmojiCommand, EmojiDone, EmojiFile, EmojiLine, EmojiOutcome, EmojiReply, NewEmoji, RemoteEmoji,
};
pub use health::Health;
pub use listen::{Control, listen};
pub use lock::{Lock, is_taken};
pub use media::{
    Findings as MediaFindings, MediaCommand, MediaReply, Prune as MediaPrune,
    Refetch as MediaRefetch, STEPS as MEDIA_STEPS, Share as MediaShare, Usage as MediaUsage,
};
pub use media_move::{MoveLine, MoveStep};
pub use relay::{RelayChange, RelayLine};
pub use sheet::ImportLine;
pub use sign_up::{InviteLine, SignUpCommand, SignUpReply, WaitingLine};

/// The longest command: one with a file of ten megabytes in it, many of its characters escaped.
const LONGEST_COMMAND: usize = 16 * 1024 * 1024;

/// What comes back over the socket.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Done(Reply),
    /// Refused, in a sentence for the operator.
    Refused(String),
}
