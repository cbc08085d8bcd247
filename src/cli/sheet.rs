//! `dassie import` and `dassie export`: what people take along when they move.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use clap::Args;

use super::reach::Place;
use super::{output, table};
use crate::clock;
use crate::control::{Command, ImportLine, Reply};
use crate::error::{Error, Result};
use crate::model::Sheet;
use crate::service::import;

/// A file to take in.
#[derive(Args, Debug)]
pub(super) struct Import {
    /// The CSV file, or - for standard input; without it, how earlier imports stand
    #[arg(value_name = "FILE", requires = "kind")]
    file: Option<PathBuf>,
    /// Whose
    #[arg(long, value_name = "NAME")]
    account: String,
    /// What it holds: following, lists, blocks, mutes, domain_blocks or bookmarks
    #[arg(long = "type", value_name = "TYPE", value_parser = parse)]
    kind: Option<Sheet>,
    /// Take away what the file does not name
    #[arg(long, requires = "file")]
    overwrite: bool,
}

/// A file to take out.
#[derive(Args, Debug)]
pub(super) struct Export {
    /// Where to write it; standard output without it
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Whose
    #[arg(long, value_name = "NAME")]
    account: String,
    /// What: following, followers, lists, blocks, mutes, domain_blocks or bookmarks
    #[arg(long = "type", value_name = "TYPE", value_parser = parse)]
    kind: Sheet,
}

fn parse(word: &str) -> std::result::Result<Sheet, String> {
    Sheet::parse(word).ok_or_else(|| {
        let all: Vec<&str> = Sheet::ALL.iter().map(|sheet| sheet.as_str()).collect();
        format!("it is one of {}", all.join(", "))
    })
}

/// Takes a file in, or tells how imports stand.
pub(super) fn import(place: &Place, options: Import) -> Result<()> {
    let Import { file, account, kind, overwrite } = options;
    let (Some(file), Some(sheet)) = (file, kind) else {
        return match place.execute(Command::ImportList { account })? {
            Reply::Imports(lines) => output::print(&list(&lines)),
            reply => output::unexpected(&reply),
        };
    };
    let text = read(&file, import::LARGEST)?;
    match place.execute(Command::Import { account: account.clone(), sheet, overwrite, text })? {
        Reply::Imports(lines) => {
            let lines = list(&lines);
            output::print(&format!(
                "{lines}\nThe server does the rest while it runs. See how it stands with: dassie \
                 import{} --account {account}\n",
                place.option()
            ))
        }
        reply => output::unexpected(&reply),
    }
}

pub(super) fn read(file: &Path, largest: u64) -> Result<String> {
    let name = file.display();
    let mut text = String::new();
    let source: Box<dyn io::Read> = if file.as_os_str() == "-" {
        Box::new(io::stdin())
    } else {
        let open = fs::File::open(file);
        Box::new(open.map_err(|e| Error::invalid(format!("{name} cannot be read: {e}")))?)
    };
    source
        .take(largest + 1)
        .read_to_string(&mut text)
        .map_err(|e| Error::invalid(format!("{name} cannot be read: {e}")))?;
    if text.len() as u64 > largest {
        return Err(Error::invalid(format!(
            "{name} is larger than {} MB. Cut it into parts",
            largest / 1_000_000
        )));
    }
    Ok(text)
}

/// Takes a file out.
pub(super) fn export(place: &Place, options: Export) -> Result<()> {
    let Export { file, account, kind } = options;
    match place.execute(Command::Export { account, sheet: kind })? {
        Reply::File(text) => match file {
            None => output::print(&text),
            Some(file) => fs::write(&file, text)
                .map_err(|e| Error::invalid(format!("{} cannot be written: {e}", file.display()))),
        },
        reply => output::unexpected(&reply),
    }
}

/// The table of imports.
fn list(lines: &[ImportLine]) -> String {
    if lines.is_empty() {
        return "There was no import yet.\n".to_owned();
    }
    let rows: Vec<_> = lines
        .iter()
        .map(|line| {
            [
                line.id.to_string(),
                line.sheet.as_str().to_owned(),
                line.total.to_string(),
                line.done.to_string(),
                line.failed.to_string(),
                if line.finished { "finished" } else { "under way" }.to_owned(),
                clock::date(line.created_at),
            ]
        })
        .collect();
    table::render(["ID", "TYPE", "LINES", "DONE", "FAILED", "STATE", "BEGUN"], &rows)
}
