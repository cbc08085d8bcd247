//! `dassie host`: how other servers are, as far as something should go there.

use clap::Subcommand;

use super::delivery::{count, until};
use super::reach::Place;
use super::{output, table};
use crate::clock;
use crate::control::{Command, HostLine, Reply};
use crate::error::Result;

/// What can be done with other servers.
#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// List the servers that fail, those that do so longest first
    List {
        /// How many to list
        #[arg(long, value_name = "N", default_value_t = 50,
              value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
    },
    /// Try at once what waits for a server
    Retry {
        /// Its host name
        host: String,
    },
}

/// Has it done and prints what came of it.
pub(super) fn run(place: &Place, action: Action) -> Result<()> {
    let command = match action {
        Action::List { limit } => Command::HostList { limit },
        Action::Retry { host } => Command::HostRetry { host },
    };
    match place.execute(command)? {
        Reply::Hosts { now, list } => output::print(&render(now, &list)),
        Reply::Retried { host, waiting } => {
            let waiting = count(usize::try_from(waiting).unwrap_or(0), "delivery row");
            output::print(&format!("{host} is tried again, with {waiting}.\n"))
        }
        reply => output::unexpected(&reply),
    }
}

/// The table of servers that fail at the time `now`.
pub(super) fn render(now: i64, list: &[HostLine]) -> String {
    if list.is_empty() {
        return "No server fails.\n".to_owned();
    }
    let rows: Vec<_> = list
        .iter()
        .map(|one| {
            [
                one.host.clone(),
                one.failing_since.map(clock::date).unwrap_or_default(),
                one.waiting.to_string(),
                one.dropped.to_string(),
                one.next_try.map_or_else(|| "-".to_owned(), |due| until(due - now)),
                why(one),
            ]
        })
        .collect();
    table::render(["HOST", "FAILING SINCE", "WAITING", "GIVEN UP", "NEXT TRY", "WHY"], &rows)
}

fn why(one: &HostLine) -> String {
    let error = one.last_error.clone().unwrap_or_default();
    if one.unavailable { format!("{error}; probed once a week") } else { error }
}
