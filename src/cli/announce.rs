//! `dassie announce` and `dassie announcements`: what everybody here is told.

use clap::{Args, Subcommand};

use super::reach::Place;
use super::{output, table};
use crate::activity::time;
use crate::clock;
use crate::control::{AnnouncementLine, Command, Reply};
use crate::error::{Error, Result};

/// What is announced.
#[derive(Args, Debug)]
pub(super) struct Announce {
    /// The text; handles, tags, addresses and emojis in it are links
    text: String,
    /// When what it is about begins: 2026-12-24 or 2026-12-24T18:00:00Z
    #[arg(long, value_name = "TIME", value_parser = moment)]
    from: Option<i64>,
    /// When it ends; nobody is shown it after that
    #[arg(long, value_name = "TIME", value_parser = moment)]
    until: Option<i64>,
    /// Only the days of these times count
    #[arg(long)]
    all_day: bool,
}

/// What can be done with announcements.
#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// List them, newest first, also those that are over
    List,
    /// Take one back
    Delete {
        /// Its number in the list
        id: i64,
    },
}

/// A day, or a time with its zone, in milliseconds since 1970.
fn moment(text: &str) -> std::result::Result<i64, String> {
    let day = text.len() == 10;
    let whole = if day { format!("{text}T00:00:00Z") } else { text.to_owned() };
    time::parse(&whole)
        .ok_or_else(|| "it must be like 2026-12-24 or 2026-12-24T18:00:00Z".to_owned())
}

/// Announces.
pub(super) fn announce(place: &Place, options: Announce) -> Result<()> {
    let Announce { text, from, until, all_day } = options;
    let command = Command::Announce { text, starts_at: from, ends_at: until, all_day };
    match place.execute(command)? {
        Reply::Announcements(list) => match list.first() {
            Some(one) => output::print(&format!("Announced, as number {}\n", one.id)),
            None => Err(Error::internal("nothing was announced")),
        },
        reply => output::unexpected(&reply),
    }
}

/// Lists or deletes.
pub(super) fn run(place: &Place, action: &Action) -> Result<()> {
    match action {
        Action::List => match place.execute(Command::AnnouncementList)? {
            Reply::Announcements(list) => output::print(&render(&list)),
            reply => output::unexpected(&reply),
        },
        Action::Delete { id } => match place.execute(Command::AnnouncementDelete { id: *id })? {
            Reply::Announcements(_) => output::print(&format!("Deleted announcement {id}\n")),
            reply => output::unexpected(&reply),
        },
    }
}

/// The table of announcements.
fn render(list: &[AnnouncementLine]) -> String {
    if list.is_empty() {
        return "There are no announcements.\n".to_owned();
    }
    let day = |at: Option<i64>| at.map(clock::date).unwrap_or_default();
    let rows: Vec<_> = list
        .iter()
        .map(|one| {
            [
                one.id.to_string(),
                clock::date(one.created_at),
                day(one.starts_at),
                day(one.ends_at),
                one.text.lines().next().unwrap_or_default().chars().take(80).collect(),
            ]
        })
        .collect();
    table::render(["NUMBER", "MADE", "FROM", "UNTIL", "TEXT"], &rows)
}
