//! `dassie media prune` and `dassie media refetch`: a slice after the other, so that a running
//! server serves on.

use clap::Args;

use super::usage::{files, size};
use crate::cli::output::{self, Progress};
use crate::cli::reach::Place;
use crate::config::Size;
use crate::control::{MediaCommand, MediaPrune, MediaRefetch, MediaReply, Reply};
use crate::error::Result;

/// What is to go: of nothing, what the settings say.
#[derive(Debug, Args)]
#[group(multiple = false)]
struct What {
    /// What nobody looked at for so many days, without it media.cache_days; what was favourited or
    /// bookmarked, four times as many
    #[arg(long, value_name = "N")]
    days: Option<u32>,
    /// What was not looked at for longest, until the cache has this size, such as "500 MB"
    #[arg(long, value_name = "SIZE")]
    size: Option<Size>,
    /// All files of this server
    #[arg(long, value_name = "HOST")]
    host: Option<String>,
}

/// `dassie media prune`.
#[derive(Debug, Args)]
pub(in crate::cli) struct Prune {
    #[command(flatten)]
    what: What,
    /// Only say what would go
    #[arg(long)]
    dry_run: bool,
}

/// `dassie media refetch`.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(in crate::cli) struct Refetch {
    /// Pictures of this account, and what is attached to its posts
    #[arg(long, value_name = "NAME@SERVER")]
    account: Option<String>,
    /// All files of this server
    #[arg(long, value_name = "HOST")]
    host: Option<String>,
    /// What is attached to this post
    #[arg(long, value_name = "URL")]
    status: Option<String>,
}

pub(super) fn prune(place: &Place, options: Prune) -> Result<()> {
    let what = match options.what {
        What { size: Some(size), .. } => MediaPrune::Size(size.0),
        What { host: Some(host), .. } => MediaPrune::Host(host),
        What { days, .. } => MediaPrune::Days(days),
    };
    let dry_run = options.dry_run;
    let word = if dry_run { "Would remove" } else { "Removed" };
    all(place, word, || MediaCommand::Prune { what: what.clone(), dry_run })
}

pub(super) fn refetch(place: &Place, options: Refetch) -> Result<()> {
    let what = match options {
        Refetch { account: Some(account), .. } => MediaRefetch::Account(account),
        Refetch { host: Some(host), .. } => MediaRefetch::Host(host),
        Refetch { status, .. } => MediaRefetch::Status(status.unwrap_or_default()),
    };
    all(place, "Forgot", || MediaCommand::Refetch(what.clone()))
}

/// Slices until there are no more.
fn all(place: &Place, word: &str, command: impl Fn() -> MediaCommand) -> Result<()> {
    let mut progress = Progress::new();
    let mut sum = (0, 0);
    loop {
        match super::ask(place, command())? {
            MediaReply::Gone { files: gone, bytes, more } => {
                sum = (sum.0 + gone, sum.1 + bytes);
                if !more {
                    break;
                }
                progress.show(&format!("{word} {}, {}", files(sum.0), size(sum.1)));
            }
            reply => return output::unexpected(&Reply::Media(reply)),
        }
    }
    progress.clear();
    output::print(&format!("{word} {}, {}\n", files(sum.0), size(sum.1)))
}
