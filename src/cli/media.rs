//! `dassie media`: what files lie here, what of them goes, and where they go.

mod check;
mod moves;
mod prune;
mod usage;

use clap::Subcommand;

use super::output;
use super::reach::Place;
use crate::control::{Command, MediaCommand, MediaReply, Reply};
use crate::error::{Error, Result};

/// What can be done with files.
#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Show how much lies here, of whom, and what the limits are
    Usage,
    /// Remove files of other servers from the cache; they are fetched again when somebody looks
    Prune(prune::Prune),
    /// Compare the folders with the database: files that nothing needs, and lost ones
    Check(check::Check),
    /// Forget cached files of an account, server or post, so that the next view fetches them anew
    Refetch(prune::Refetch),
    /// Move all uploads to the bucket of the settings, or back to the disk
    Move(moves::Move),
}

/// Has it done and prints what came of it.
pub(super) fn run(place: &Place, action: Action) -> Result<()> {
    match action {
        Action::Usage => match ask(place, MediaCommand::Usage)? {
            MediaReply::Usage(usage) => output::print(&usage::render(&usage)),
            reply => output::unexpected(&Reply::Media(reply)),
        },
        Action::Prune(options) => prune::prune(place, options),
        Action::Check(options) => check::check(place, &options),
        Action::Refetch(options) => prune::refetch(place, options),
        Action::Move(options) => moves::run(place, &options),
    }
}

/// Has one command about files executed.
fn ask(place: &Place, command: MediaCommand) -> Result<MediaReply> {
    match place.execute(Command::Media(command))? {
        Reply::Media(reply) => Ok(reply),
        reply => Err(output::unexpected(&reply).err().unwrap_or_else(|| Error::internal("?"))),
    }
}
