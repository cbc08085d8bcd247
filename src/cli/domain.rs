//! `dassie domain`: which servers this one has nothing or less to do with.

use clap::Subcommand;

use super::reach::Place;
use super::{domain_lists, output, table};
use crate::clock;
use crate::control::{Command, DomainBlockLine, Reply};
use crate::error::Result;

/// What can be done with other servers.
#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Block a server and all below it, or change how it is blocked
    Block {
        /// Its domain
        domain: String,
        /// suspend: nothing to do with it; silence: only followers find its accounts; noop
        #[arg(long, default_value = "suspend", value_name = "HOW")]
        severity: String,
        /// Why, for admins to read
        #[arg(long, value_name = "TEXT")]
        comment: Option<String>,
    },
    /// Take a block back
    Unblock {
        /// Its domain
        domain: String,
    },
    /// List the blocks, newest first
    List,
    /// Take in a list of blocks: Mastodon's CSV, a domain a line, or JSON
    Import(domain_lists::Import),
    /// Write the blocks as Mastodon's CSV
    Export(domain_lists::Export),
    /// Read a list of blocks that somebody else keeps, now and daily
    Subscribe(domain_lists::Subscribe),
    /// End that; what the list alone blocked is no longer blocked
    Unsubscribe {
        /// Its address
        url: String,
    },
    /// Show these lists
    Lists,
}

/// Has it done and prints what came of it.
pub(super) fn run(place: &Place, action: Action) -> Result<()> {
    let (command, done) = match action {
        Action::Block { domain, severity, comment } => {
            (Command::DomainBlock { domain, severity, comment }, Some("Blocked"))
        }
        Action::Unblock { domain } => (Command::DomainUnblock { domain }, Some("Unblocked")),
        Action::List => (Command::DomainList, None),
        Action::Import(options) => return domain_lists::import(place, options),
        Action::Export(options) => return domain_lists::export(place, options),
        Action::Subscribe(options) => return domain_lists::subscribe(place, options),
        Action::Unsubscribe { url } => return domain_lists::unsubscribe(place, url),
        Action::Lists => return domain_lists::lists(place),
    };
    match (place.execute(command)?, done) {
        (Reply::DomainBlocks(list), Some(done)) => {
            let text: String = list
                .iter()
                .map(|one| format!("{done} {} ({})\n", one.domain, one.severity))
                .collect();
            output::print(&text)
        }
        (Reply::DomainBlocks(list), None) => output::print(&render(&list)),
        (reply, _) => output::unexpected(&reply),
    }
}

/// The table of blocks.
fn render(list: &[DomainBlockLine]) -> String {
    if list.is_empty() {
        return "No server is blocked.\n".to_owned();
    }
    let rows: Vec<_> = list
        .iter()
        .map(|one| {
            [
                one.domain.clone(),
                one.severity.clone(),
                clock::date(one.created_at),
                one.comment.clone(),
            ]
        })
        .collect();
    table::render(["DOMAIN", "HOW", "SINCE", "WHY"], &rows)
}
