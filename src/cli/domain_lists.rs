//! `dassie domain import`, `export`, `subscribe` and `unsubscribe`: blocks by the list.

use std::fs;
use std::path::PathBuf;

use clap::Args;

use super::reach::Place;
use super::{output, sheet, table};
use crate::clock;
use crate::control::{Command, DomainListLine, PlanLine, Reply};
use crate::error::{Error, Result};

/// The largest file: as a command it is larger.
const LARGEST: u64 = 2 * 1024 * 1024;

/// A file to take in.
#[derive(Args, Debug)]
pub(super) struct Import {
    /// The file, or - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Say what it would do, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// It names domains that are allowed
    #[arg(long)]
    allows: bool,
}

/// A file to write.
#[derive(Args, Debug)]
pub(super) struct Export {
    /// Where to write it; standard output without it
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// The domains that are allowed instead
    #[arg(long)]
    allows: bool,
}

/// A list that somebody else keeps.
#[derive(Args, Debug)]
pub(super) struct Subscribe {
    /// Its address
    url: String,
    /// Nothing that it blocks is blocked more severely: suspend, silence or noop
    #[arg(long, default_value = "suspend", value_name = "HOW")]
    severity_max: String,
    /// Say what it would do, and do nothing
    #[arg(long)]
    dry_run: bool,
}

/// Takes a file in.
pub(super) fn import(place: &Place, options: Import) -> Result<()> {
    let Import { file, dry_run, allows } = options;
    let text = sheet::read(&file, LARGEST)?;
    show(place.execute(Command::DomainImport { text, allows, dry_run })?)
}

/// Takes a file out.
pub(super) fn export(place: &Place, options: Export) -> Result<()> {
    match place.execute(Command::DomainExport { allows: options.allows })? {
        Reply::File(text) => match options.file {
            None => output::print(&text),
            Some(file) => fs::write(&file, text)
                .map_err(|e| Error::invalid(format!("{} cannot be written: {e}", file.display()))),
        },
        reply => output::unexpected(&reply),
    }
}

/// Subscribes to a list.
pub(super) fn subscribe(place: &Place, options: Subscribe) -> Result<()> {
    let Subscribe { url, severity_max, dry_run } = options;
    show(place.execute(Command::DomainSubscribe { url, severity_max, dry_run })?)
}

/// Ends a subscription.
pub(super) fn unsubscribe(place: &Place, url: String) -> Result<()> {
    show(place.execute(Command::DomainUnsubscribe { url })?)
}

/// Lists the lists.
pub(super) fn lists(place: &Place) -> Result<()> {
    show(place.execute(Command::DomainLists)?)
}

fn show(reply: Reply) -> Result<()> {
    match reply {
        Reply::DomainPlan(plan) => output::print(&summary(&plan)),
        Reply::DomainLists(lists) => output::print(&render(&lists)),
        reply => output::unexpected(&reply),
    }
}

/// What a list did or would do, in a few lines.
fn summary(plan: &PlanLine) -> String {
    let mut text = if plan.dry_run { "Nothing was changed. It would:\n" } else { "" }.to_owned();
    text +=
        &format!("{} added, {} ended, {} left as they are\n", plan.added, plan.removed, plan.kept);
    if plan.hidden + plan.unreadable > 0 {
        text += &format!(
            "{} names are hidden behind stars, {} lines make no sense\n",
            plan.hidden, plan.unreadable
        );
    }
    for name in &plan.names {
        text += &format!("  {name}\n");
    }
    if plan.added > plan.names.len() && !plan.names.is_empty() {
        text += &format!("  and {} more\n", plan.added - plan.names.len());
    }
    for (what, handles) in
        [("No longer followed:", &plan.following), ("No longer following:", &plan.followers)]
    {
        if !handles.is_empty() {
            text += &format!("{what}\n");
        }
        for handle in handles {
            text += &format!("  {handle}\n");
        }
    }
    text
}

/// The table of lists.
fn render(lists: &[DomainListLine]) -> String {
    if lists.is_empty() {
        return "No list is subscribed to.\n".to_owned();
    }
    let rows: Vec<_> = lists
        .iter()
        .map(|list| {
            [
                list.url.clone(),
                list.severity_max.clone(),
                list.named.to_string(),
                list.added.to_string(),
                list.checked_at.map_or_else(|| "not yet".to_owned(), clock::date),
                list.error.clone().unwrap_or_default(),
            ]
        })
        .collect();
    table::render(["LIST", "AT MOST", "NAMES", "BLOCKED BY IT", "READ", "WHY NOT"], &rows)
}
