//! `dassie account import-archive`: the posts that somebody takes along. The archive is read here;
//! what the server has it keeps, so that an import that was cut off goes on when it is typed again.

mod print;
mod remove;

use std::path::PathBuf;

use clap::{Args, ValueEnum};

pub(super) use remove::{Remove, remove};

use super::delivery::count;
use super::output::{self, Progress};
use super::process;
use super::reach::{Place, Session};
use crate::activity::time;
use crate::archive::{
    ArchiveCommand, ArchiveOut, ArchivePart, ArchiveReply, Importer, Steps, Wanted,
};
use crate::clock::Clock;
use crate::control::{Command, Reply};
use crate::error::{Error, Result};
use crate::media::account_archive::Archive;
use crate::model::{Sheet, Visibility};

/// What is to be taken in.
#[derive(Args, Debug)]
pub(super) struct Import {
    /// The name of the account here
    name: String,
    /// The archive: a zip or tar.gz, the folder that one was unpacked to, or its outbox.json
    #[arg(value_name = "ARCHIVE")]
    file: PathBuf,
    /// Only say what would be taken
    #[arg(long)]
    dry_run: bool,
    /// Show nothing to more people than this
    #[arg(long, value_enum, value_name = "VISIBILITY")]
    visibility: Option<Most>,
    /// Leave pictures, videos and sounds out
    #[arg(long)]
    without_media: bool,
    /// Messages to single people too; nobody but the account itself can read them here
    #[arg(long)]
    with_direct: bool,
    /// Only what was written since that day: 2024-12-31
    #[arg(long, value_name = "DATE", value_parser = day)]
    since: Option<i64>,
}

/// To whom posts are shown at the most.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Most {
    Public,
    Unlisted,
    /// Followers
    Private,
    /// Nobody else
    Direct,
}

impl Most {
    fn visibility(self) -> Visibility {
        match self {
            Self::Public => Visibility::Public,
            Self::Unlisted => Visibility::Unlisted,
            Self::Private => Visibility::Private,
            Self::Direct => Visibility::Direct,
        }
    }
}

fn day(word: &str) -> std::result::Result<i64, String> {
    time::parse(&format!("{word}T00:00:00Z"))
        .ok_or_else(|| "it is a day such as 2024-12-31".to_owned())
}

impl Steps for Session<'_> {
    fn take(&mut self, command: ArchiveCommand) -> Result<ArchiveReply> {
        match self.execute(Command::Archive(command))? {
            Reply::Archive(reply) => Ok(reply),
            reply => Err(output::unexpected(&reply).err().unwrap_or(Error::NotFound)),
        }
    }

    fn hand_out(&mut self, wanted: ArchiveOut) -> Result<ArchivePart> {
        match self.execute(Command::ArchiveOut(wanted))? {
            Reply::ArchivePart(part) => Ok(part),
            reply => Err(output::unexpected(&reply).err().unwrap_or(Error::NotFound)),
        }
    }

    fn import_bookmarks(&mut self, account: &str, text: String) -> Result<()> {
        let (account, sheet, overwrite) = (account.to_owned(), Sheet::Bookmarks, false);
        self.execute(Command::Import { account, sheet, overwrite, text }).map(drop)
    }

    fn now_ms(&self) -> i64 {
        Clock::system().now_ms()
    }
}

/// Takes an archive in.
pub(super) fn import(place: &Place, options: Import) -> Result<()> {
    let archive = Archive::open(&options.file)?;
    let wanted = Wanted {
        account: options.name,
        visibility: options.visibility.map(Most::visibility),
        since: options.since,
        direct: options.with_direct,
        without_media: options.without_media,
        dry_run: options.dry_run,
    };
    let mut importer = Importer::new(place.session(), &archive, &wanted)?;
    let total = importer.count()?;
    process::catch_interrupt();
    let mut progress = Progress::new();
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let done = importer.run(0, &mut |seen, _| {
        progress.part(number(seen), number(total), &format!(", {seen} of {total}"));
        Ok(seen >= total || !process::was_interrupted())
    });
    progress.clear();
    let done = done?;
    print::report(&importer.report, wanted.dry_run)?;
    if !done {
        return Err(Error::invalid("stopped: call it again to go on."));
    }
    let marks = importer.marks()?;
    if marks.favourites > 0 {
        output::print(&format!(
            "Left out: {} (each would be sent to its author once more)\n",
            count(marks.favourites, "favourite")
        ))?;
    }
    let told = count(marks.bookmarks, "bookmark");
    match (marks.bookmarks, wanted.dry_run) {
        (0, _) => Ok(()),
        (_, true) => output::print(&format!("Would look up: {told}\n")),
        (_, false) => output::print(&format!(
            "Being looked up: {told}. See how it stands with: dassie import --account {}\n",
            wanted.account
        )),
    }
}
