//! `dassie token`: access for scripts and bots, without a browser.

use clap::{Args, Subcommand};

use super::output;
use super::reach::Place;
use crate::control::{Command, Reply, Secret};
use crate::error::Result;

/// What can be done with tokens.
#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Create an access token and print it, alone, for scripts to capture
    Create(Create),
}

/// Whose token, and what for.
#[derive(Args, Debug)]
pub(super) struct Create {
    /// Whose token it is
    #[arg(long, value_name = "NAME")]
    account: String,
    /// What it may do
    #[arg(long, default_value = "read write follow push")]
    scopes: String,
    /// The name of the application, as it is shown with statuses
    #[arg(long, value_name = "TEXT", default_value = "Command line")]
    name: String,
}

/// Prints the new token and nothing else.
pub(super) fn run(place: &Place, action: Action) -> Result<()> {
    let Action::Create(Create { account, scopes, name }) = action;
    match place.execute(Command::TokenCreate { account, scopes, name })? {
        Reply::Token(Secret(token)) => output::print(&format!("{token}\n")),
        reply => output::unexpected(&reply),
    }
}
