//! `dassie account remove-imported`, step by step.

use clap::Args;

use crate::archive::{ArchiveCommand, ArchiveReply, Steps as _};
use crate::cli::delivery::count;
use crate::cli::output::{self, Progress};
use crate::cli::reach::Place;
use crate::cli::{ask, process};
use crate::error::{Error, Result};

/// What was taken in is to go again.
#[derive(Args, Debug)]
pub(in crate::cli) struct Remove {
    /// The name of the account
    name: String,
    /// Only say how much it is
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

/// Removes what was taken in, step by step.
pub(in crate::cli) fn remove(place: &Place, options: &Remove) -> Result<()> {
    let mut session = place.session();
    let mut step = |dry_run| -> Result<(u64, i64)> {
        let account = options.name.clone();
        match session.take(ArchiveCommand::Remove { account, dry_run })? {
            ArchiveReply::Removed { removed, left } => Ok((removed, left)),
            _ => Err(Error::internal("the server gave no answer to it")),
        }
    };
    let (_, all) = step(true)?;
    let posts = |number: u64| count(usize::try_from(number).unwrap_or(0), "post");
    let told = posts(u64::try_from(all).unwrap_or(0));
    if options.dry_run {
        return output::print(&format!("Would remove {told}\n"));
    }
    if !options.yes && all > 0 {
        let question = format!("This removes {told} that {} took in from archives.", options.name);
        ask::confirm(&question, &options.name)?;
    }
    process::catch_interrupt();
    let mut progress = Progress::new();
    let mut done = 0;
    loop {
        let (removed, left) = step(false)?;
        done += removed;
        let number = |n: i64| u32::try_from(n).unwrap_or(u32::MAX);
        progress.part(number(all - left), number(all), "");
        if left == 0 {
            break;
        }
        if process::was_interrupted() {
            progress.clear();
            return Err(Error::invalid(format!(
                "stopped. {} removed, {left} left: call it again to go on.",
                posts(done)
            )));
        }
    }
    progress.clear();
    output::print(&format!("Removed {}\n", posts(done)))
}
