//! `dassie media`: the files of uploads.

use clap::Subcommand;

use super::media_move;
use super::reach::Place;
use crate::error::Result;

/// What can be done with files.
#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Move all uploads to the bucket of the settings, or back to the disk
    Move(media_move::Options),
}

/// Does it.
pub(super) fn run(place: &Place, action: Action) -> Result<()> {
    match action {
        Action::Move(options) => media_move::run(place, &options),
    }
}
