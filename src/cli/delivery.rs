//! `dassie delivery`: what waits for other servers, and why.

use clap::Subcommand;

use super::reach::Place;
use super::{output, table};
use crate::clock::{self, DAY, HOUR, MINUTE};
use crate::control::{Command, DeliveryLine, JobLine, Reply};
use crate::error::Result;

/// What can be done with deliveries.
#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// List what waits, for whom and why, the oldest first
    List {
        /// How many to list
        #[arg(long, value_name = "N", default_value_t = 50,
              value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
        /// Only what waits for this server
        #[arg(long, value_name = "HOST")]
        host: Option<String>,
        /// Only what waits of this status
        #[arg(long, value_name = "ID", conflicts_with = "host")]
        status: Option<i64>,
    },
    /// List what came from other servers and was given up after several tries, the newest first
    Failed {
        /// How many to list
        #[arg(long, value_name = "N", default_value_t = 50,
              value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
    },
}

/// Prints what waits.
pub(super) fn run(place: &Place, action: Action) -> Result<()> {
    let command = match action {
        Action::List { limit, host, status } => Command::DeliveryList { limit, host, status },
        Action::Failed { limit } => Command::JobList { limit },
    };
    match place.execute(command)? {
        Reply::Jobs(list) => output::print(&render_jobs(&list)),
        Reply::Deliveries { now, waiting, list } => output::print(&render(now, waiting, &list)),
        reply => output::unexpected(&reply),
    }
}

/// The table of what waits at the time `now`, with a summary; `waiting` counts the rest as well.
pub(super) fn render(now: i64, waiting: i64, list: &[DeliveryLine]) -> String {
    if list.is_empty() {
        return "Nothing waits.\n".to_owned();
    }
    let rows: Vec<_> = list
        .iter()
        .map(|line| {
            [
                line.host.clone(),
                line.kind.clone(),
                line.activity.clone(),
                line.attempts.to_string(),
                until(line.due - now),
                why(line),
            ]
        })
        .collect();
    let mut text = table::render(["HOST", "TYPE", "ACTIVITY", "TRIES", "NEXT TRY", "WHY"], &rows);
    let mut hosts: Vec<_> = list.iter().map(|line| line.host.as_str()).collect();
    hosts.sort_unstable();
    hosts.dedup();
    let shown = list.len();
    text += &if i64::try_from(shown).unwrap_or(i64::MAX) < waiting {
        format!("\n{waiting} wait; the first {shown} are shown. Add --limit to see more.\n")
    } else {
        format!("\n{shown} for {}.\n", count(hosts.len(), "server"))
    };
    text
}

/// The table of what was given up.
fn render_jobs(list: &[JobLine]) -> String {
    if list.is_empty() {
        return "Nothing was given up.\n".to_owned();
    }
    let rows: Vec<_> = list
        .iter()
        .map(|job| {
            [
                clock::date(job.created_at),
                job.host.clone(),
                job.what.clone(),
                job.attempts.to_string(),
                job.reason.clone(),
            ]
        })
        .collect();
    table::render(["SINCE", "HOST", "WHAT", "TRIES", "WHY"], &rows)
}

fn why(line: &DeliveryLine) -> String {
    let error = line.last_error.as_deref().unwrap_or("not tried yet");
    if line.unavailable {
        format!("{error}; the server has failed for days")
    } else {
        error.to_owned()
    }
}

/// A time from now on, as people say it.
pub(super) fn until(ms: i64) -> String {
    let in_units = |unit, name| {
        // Rounded, as 59 minutes and 50 seconds are an hour.
        let units = usize::try_from((ms + unit / 2) / unit).unwrap_or(0);
        format!("in {}", count(units, name))
    };
    match ms {
        ..1000 => "now".to_owned(),
        _ if ms < MINUTE => in_units(1000, "second"),
        _ if ms < HOUR - MINUTE / 2 => in_units(MINUTE, "minute"),
        _ if ms < 2 * DAY => in_units(HOUR, "hour"),
        _ => in_units(DAY, "day"),
    }
}

pub(super) fn count(number: usize, name: &str) -> String {
    format!("{number} {name}{}", if number == 1 { "" } else { "s" })
}
