//! The command line: what can be typed, and where it goes. One file a command.
//!
//! Exit codes: 0 done, 1 refused or failed (one sentence on standard error), 2 not understood.

mod account;
mod announce;
mod archive;
mod archive_out;
mod ask;
mod backup;
mod config;
mod decode_image;
mod delivery;
mod doctor;
mod domain;
mod domain_lists;
mod emoji;
mod emoji_pack;
mod host;
mod in_bucket;
mod init;
mod media;
mod output;
mod process;
mod reach;
mod relay;
mod report;
mod restore;
mod rollback;
mod serve;
mod sheet;
mod sign_up;
mod table;
#[cfg(test)]
mod tests;
mod token;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::error::Result;

/// A personal fediverse server.
#[derive(Debug, Parser)]
#[command(name = "dassie", version, disable_help_subcommand = true)]
struct Cli {
    /// The configuration; without it ./dassie.toml, else /etc/dassie/dassie.toml, where there is one
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    topic: Topic,
}

/// The first word; most have a second.
#[derive(Debug, Subcommand)]
enum Topic {
    /// Set up a new server: asks a few questions, writes dassie.toml, makes your account
    Init(Box<init::Init>),
    /// Run the server until it is told to stop
    Serve(serve::Options),
    /// See how the server is
    Status(doctor::Status),
    /// Check everything, from outside as well, and say what to do
    Doctor(doctor::Doctor),
    /// Create, list, change and delete the accounts of this server
    #[command(subcommand)]
    Account(account::Action),
    /// See what was reported, and settle it
    #[command(subcommand)]
    Report(report::Action),
    /// Invite people to this server
    #[command(subcommand)]
    Invite(sign_up::Action),
    /// Make access tokens for scripts and bots
    #[command(subcommand)]
    Token(token::Action),
    /// See what waits for other servers
    #[command(subcommand)]
    Delivery(delivery::Action),
    /// See which servers fail, or try one again
    #[command(subcommand)]
    Host(host::Action),
    /// Take in a CSV file of follows, blocks, mutes, lists, domains or bookmarks
    Import(sheet::Import),
    /// Write such a file
    Export(sheet::Export),
    /// Tell everybody here something
    Announce(announce::Announce),
    /// List what is announced, or take it back
    #[command(subcommand)]
    Announcements(announce::Action),
    /// Block other servers, or list the blocks
    #[command(subcommand)]
    Domain(domain::Action),
    /// Subscribe to relays, which bring public posts of many servers
    #[command(subcommand)]
    Relay(relay::Action),
    /// See what files lie here, remove and check them
    #[command(subcommand)]
    Media(media::Action),
    /// List, add, remove, import and export the custom emojis of this server
    #[command(subcommand)]
    Emoji(emoji::Action),
    /// Write everything that cannot be fetched again into one archive, while the server runs or not
    Backup(backup::Options),
    /// Put what an archive has in its place
    Restore(restore::Options),
    /// Put back the database of before the last upgrade
    Rollback(rollback::Options),
    /// Check or show the configuration
    #[command(subcommand)]
    Config(config::Action),
    /// Decode an upload; the server starts this by itself
    #[command(hide = true)]
    DecodeImage,
    /// Print the version
    Version,
}

/// All that can be typed: man pages and shell completions are made of it.
pub fn command() -> clap::Command {
    Cli::command()
}

/// The whole program.
pub fn main() -> ExitCode {
    process::prepare();
    let cli = Cli::parse();
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            output::complain(&e);
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<()> {
    let place = reach::Place::new(cli.config.clone());
    match cli.topic {
        Topic::Init(options) => init::run(cli.config, *options),
        Topic::Serve(options) => serve::run(&place, &options),
        Topic::Status(options) => doctor::status(&place, &options),
        Topic::Doctor(options) => doctor::doctor(&place, &options),
        Topic::Account(action) => account::run(&place, action),
        Topic::Report(action) => report::run(&place, &action),
        Topic::Invite(action) => sign_up::run(&place, action),
        Topic::Token(action) => token::run(&place, action),
        Topic::Delivery(action) => delivery::run(&place, action),
        Topic::Host(action) => host::run(&place, action),
        Topic::Import(options) => sheet::import(&place, options),
        Topic::Export(options) => sheet::export(&place, options),
        Topic::Announce(options) => announce::announce(&place, options),
        Topic::Announcements(action) => announce::run(&place, &action),
        Topic::Domain(action) => domain::run(&place, action),
        Topic::Relay(action) => relay::run(&place, action),
        Topic::Media(action) => media::run(&place, action),
        Topic::Emoji(action) => emoji::run(&place, action),
        Topic::Backup(options) => backup::run(&place, options),
        Topic::Restore(options) => restore::run(&place, options),
        Topic::Rollback(options) => rollback::run(&place, &options),
        Topic::Config(action) => config::run(&place, &action),
        Topic::DecodeImage => decode_image::run(),
        Topic::Version => output::print(&format!("dassie {}\n", env!("CARGO_PKG_VERSION"))),
    }
}
