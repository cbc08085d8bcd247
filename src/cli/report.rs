//! `dassie report`: who was reported, and what `dassie account` does to those who were.

use clap::Subcommand;

use super::output::{self, printable};
use super::reach::Place;
use super::table;
use crate::clock;
use crate::control::{
    AccountState, CareCommand, Command, ModerationAction, Reply, ReportLine, ReportPage,
};
use crate::error::Result;

/// What can be done with reports.
#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// List the reports that wait, newest first
    List {
        /// Those that are settled instead
        #[arg(long)]
        resolved: bool,
        /// How many to list
        #[arg(long, value_name = "N", default_value_t = 50,
              value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
    /// Show a report: who, whom, why, and the posts that it is about
    Show {
        /// Its number in the list
        id: i64,
    },
    /// Settle a report without doing anything to anybody
    Resolve {
        /// Its number in the list
        id: i64,
    },
    /// Let a settled report wait again
    Reopen {
        /// Its number in the list
        id: i64,
    },
}

/// Has it done and prints what came of it.
pub(super) fn run(place: &Place, action: &Action) -> Result<()> {
    let command = match action {
        Action::List { resolved, limit } => {
            CareCommand::Reports { resolved: *resolved, limit: *limit }
        }
        Action::Show { id } => CareCommand::Report { id: *id },
        Action::Resolve { id } => CareCommand::Work { id: *id, reopen: false },
        Action::Reopen { id } => CareCommand::Work { id: *id, reopen: true },
    };
    match (place.execute(Command::Care(command))?, action) {
        (Reply::Reports(list), Action::List { resolved, .. }) => {
            output::print(&render(&list, *resolved))
        }
        (Reply::Report(page), Action::Show { .. }) => output::print(&show(&page)),
        (Reply::Reports(_), Action::Resolve { id }) => {
            output::print(&format!("Settled report {id}\n"))
        }
        (Reply::Reports(_), Action::Reopen { id }) => {
            output::print(&format!("Report {id} waits again\n"))
        }
        (reply, _) => output::unexpected(&reply),
    }
}

/// The table of reports.
fn render(list: &[ReportLine], resolved: bool) -> String {
    if list.is_empty() {
        let none = if resolved { "No report is settled.\n" } else { "No report waits.\n" };
        return none.to_owned();
    }
    let rows: Vec<_> = list
        .iter()
        .map(|one| {
            [
                one.id.to_string(),
                clock::date(one.created_at),
                format!("@{}", one.about),
                format!("@{}", one.by),
                one.category.clone(),
                one.posts.to_string(),
                one.comment
                    .split_whitespace()
                    .collect::<Vec<_>>()
                    .join(" ")
                    .chars()
                    .take(80)
                    .collect(),
            ]
        })
        .collect();
    table::render(["NUMBER", "MADE", "ABOUT", "BY", "KIND", "POSTS", "SAYS"], &rows)
}

/// The words for what was done to an account.
pub(super) fn states(list: &[AccountState]) -> String {
    list.iter().map(|state| state.as_str()).collect::<Vec<_>>().join(", ")
}

/// All of a report. What strangers wrote is behind our own words on each line.
fn show(page: &ReportPage) -> String {
    let line = &page.line;
    let stands = match (line.settled_at, &page.settled_by) {
        (None, _) => "waits".to_owned(),
        (Some(at), None) => format!("settled on {} by command", clock::date(at)),
        (Some(at), Some(by)) => format!("settled on {} by @{by}", clock::date(at)),
    };
    let mut text =
        format!("Report {}, made on {}: {stands}\n", line.id, clock::date(line.created_at));
    let mut say = |label: &str, what: &str| {
        for (number, part) in what.lines().enumerate() {
            let label = if number == 0 { label } else { "" };
            text += format!("{label:<7}{}", printable(part)).trim_end();
            text.push('\n');
        }
    };
    let state = states(&page.state);
    let about = match state.is_empty() {
        true => format!("@{}", line.about),
        false => format!("@{} ({state})", line.about),
    };
    say("About", &about);
    say("By", &format!("@{}", line.by));
    say("Kind", &line.category);
    for rule in &page.rules {
        say("Rule", rule);
    }
    say("Says", &line.comment);
    for post in &page.posts {
        let date = clock::date(post.created_at);
        say("Post", &format!("{} ({date}, {})\n{}", post.address, post.visibility, post.text));
    }
    match line.posts.saturating_sub(page.posts.len()) {
        0 => {}
        gone => say("Gone", &format!("{gone} of the posts")),
    }
    if page.forwarded {
        say("Sent", "to the server of the account, too");
    }
    text.push('\n');
    let (id, about) = (line.id, printable(&line.about));
    if line.settled_at.is_some() {
        return text + &format!("To let it wait again: dassie report reopen {id}\n");
    }
    text += "One of these settles it:\n";
    text += &format!("  dassie account silence {about} --report {id}   only followers find them\n");
    text +=
        &format!("  dassie account suspend {about} --report {id}   nobody sees them any more\n");
    if page.local {
        text += &format!("  dassie account disable {about} --report {id}   they cannot sign in\n");
    }
    text + &format!("  dassie report resolve {id}   nothing is done\n")
}

/// Does something to an account, and settles the report that it answers.
pub(super) fn act(
    place: &Place,
    account: String,
    action: ModerationAction,
    report: Option<i64>,
) -> Result<()> {
    let done = match action {
        ModerationAction::Suspend => "Suspended",
        ModerationAction::Unsuspend => "No longer suspended:",
        ModerationAction::Silence => "Silenced",
        ModerationAction::Unsilence => "No longer silenced:",
        ModerationAction::Disable => "Disabled, and ended all sessions of",
        _ => "No longer disabled:",
    };
    match place.execute(Command::Care(CareCommand::Act { account, action, report }))? {
        Reply::Account(handle) => {
            let settled = report.map(|id| format!("Settled report {id}\n")).unwrap_or_default();
            output::print(&format!("{done} @{}\n{settled}", printable(&handle)))
        }
        reply => output::unexpected(&reply),
    }
}
