//! `dassie account import-archive`: the posts that somebody takes along. The
//! archive is read here, some entries at a time; what the server has it keeps, so that an import
//! that was cut off goes on when it is typed again.

mod remove;
mod report;

use std::io::Read as _;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

pub(super) use remove::{Remove, remove};
use report::Report;

use super::delivery::count;
use super::output::{self, Progress};
use super::process;
use super::reach::{Place, Session};
use crate::activity::archive::{Entry, FileRef};
use crate::activity::{json, read, time};
use crate::control::{ArchiveCommand, ArchiveReply, Command, EntryLine, Piece, Reply};
use crate::error::{Error, Result};
use crate::media::account_archive::{Archive, Item};
use crate::model::{Sheet, Visibility};
use crate::service::archive::{Outcome, Terms};

/// How many entries one command carries, how many bytes of them, and how many files they have.
const TOGETHER: usize = 50;
const BYTES: usize = 1 << 20;
const FILES: usize = 8;
/// Bytes of a file in one command.
const PIECE: u64 = 2 << 20;
/// Lines of bookmarks in one import, and in all.
const BOOKMARKS: usize = 5000;
const MOST_BOOKMARKS: usize = 40_000;

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

/// Takes an archive in.
pub(super) fn import(place: &Place, options: Import) -> Result<()> {
    let archive = Archive::open(&options.file)?;
    let terms = terms(&archive, &options)?;
    let mut importer = Importer {
        session: place.session(),
        archive: &archive,
        terms,
        options: &options,
        batch: Vec::new(),
        bytes: 0,
        files: 0,
        report: Report::default(),
    };
    // whether the account is there, before anything is counted
    importer.ask(ArchiveCommand::Known { account: options.name.clone(), uris: Vec::new() })?;
    let total = count_items(&archive, archive.outbox())?;
    process::catch_interrupt();
    let mut progress = Progress::new();
    let done = importer.run(total, &mut progress);
    progress.clear();
    let stopped = done?;
    importer.report.print(options.dry_run)?;
    if stopped {
        return Err(Error::invalid("stopped: call it again to go on."));
    }
    importer.marks()
}

/// Whose archive it is: `actor.json` says so, else the first entry.
fn terms(archive: &Archive, options: &Import) -> Result<Terms> {
    let document = archive.read("actor.json")?.map(|bytes| json::parse(&bytes)).transpose()?;
    let mut actor = document.as_ref().and_then(read::uri_of);
    let mut followers = document.as_ref().and_then(|actor| read::id(actor, "followers"));
    if actor.is_none() {
        let mut items = archive.items(archive.outbox())?;
        while let (None, Some(items)) = (&actor, &mut items) {
            match items.read_next()? {
                Some(Item::Document(bytes)) => {
                    actor = Entry::parse(&bytes).ok().map(|entry| entry.actor().to_owned());
                }
                Some(Item::TooLarge) => {}
                None => break,
            }
        }
    }
    let Some(actor) = actor else {
        return Err(Error::invalid("the archive does not say whose it is"));
    };
    // as almost all software has it
    followers.get_or_insert_with(|| format!("{actor}/followers"));
    let visibility = options.visibility.map(Most::visibility);
    Ok(Terms {
        actor,
        followers,
        visibility,
        since: options.since,
        direct: options.with_direct,
        dry_run: options.dry_run,
    })
}

fn count_items(archive: &Archive, name: &str) -> Result<usize> {
    let mut total = 0;
    if let Some(mut items) = archive.items(name)? {
        while items.read_next()?.is_some() {
            total += 1;
        }
    }
    Ok(total)
}

/// An entry that waits to be sent.
struct Waiting {
    document: String,
    uri: String,
    files: Vec<FileRef>,
    written_at: i64,
}

/// An import at work.
struct Importer<'a> {
    session: Session<'a>,
    archive: &'a Archive,
    terms: Terms,
    options: &'a Import,
    batch: Vec<Waiting>,
    bytes: usize,
    files: usize,
    report: Report,
}

impl Importer<'_> {
    /// All entries; `true`: somebody pressed Ctrl-C before the last one.
    fn run(&mut self, total: usize, progress: &mut Progress) -> Result<bool> {
        let Some(mut items) = self.archive.items(self.archive.outbox())? else { return Ok(false) };
        let mut seen = 0;
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        while let Some(item) = items.read_next()? {
            seen += 1;
            match item {
                Item::TooLarge => self.report.leave("entries that are too large"),
                Item::Document(bytes) => self.add(&bytes),
            }
            let is_full =
                self.batch.len() >= TOGETHER || self.bytes >= BYTES || self.files >= FILES;
            if is_full {
                self.send()?;
                progress.part(number(seen), number(total), &format!(", {seen} of {total}"));
                if process::was_interrupted() {
                    return Ok(seen < total);
                }
            }
        }
        self.send()?;
        Ok(false)
    }

    fn add(&mut self, bytes: &[u8]) {
        let entry = match Entry::parse(bytes) {
            Ok(entry) => entry,
            Err(why) => return self.report.leave(&why),
        };
        let Ok(document) = String::from_utf8(bytes.to_owned()) else {
            return self.report.leave("entries that are not UTF-8");
        };
        // no file is sent for a post that stays out in any case
        if let Err(why) = self.terms.check(&entry) {
            return self.report.leave(&why);
        }
        let files = entry.files().to_vec();
        self.bytes += document.len();
        self.files += files.len();
        self.batch.push(Waiting {
            document,
            uri: entry.id().to_owned(),
            files,
            written_at: entry.published_ms().unwrap_or(0),
        });
    }

    fn ask(&mut self, command: ArchiveCommand) -> Result<ArchiveReply> {
        match self.session.execute(Command::Archive(command))? {
            Reply::Archive(reply) => Ok(reply),
            reply => Err(output::unexpected(&reply).err().unwrap_or(Error::NotFound)),
        }
    }

    /// Sends what waits: first the files of what is not there yet.
    fn send(&mut self) -> Result<()> {
        let batch = std::mem::take(&mut self.batch);
        let with_files = self.files > 0;
        (self.bytes, self.files) = (0, 0);
        if batch.is_empty() {
            return Ok(());
        }
        let account = self.options.name.clone();
        let mut known = vec![false; batch.len()];
        if with_files {
            let uris = batch.iter().map(|one| one.uri.clone()).collect();
            let ask = ArchiveCommand::Known { account: account.clone(), uris };
            if let ArchiveReply::Known(list) = self.ask(ask)? {
                known = list;
            }
        }
        let mut entries = Vec::new();
        for (one, known) in batch.into_iter().zip(known) {
            if known {
                self.report.known += 1;
                continue;
            }
            let mut uploads = Vec::new();
            for file in &one.files {
                uploads.push(self.upload(file, one.written_at)?);
            }
            entries.push(EntryLine { document: one.document, uploads });
        }
        let terms = self.terms.clone();
        let take = ArchiveCommand::Take { account, terms, entries };
        let ArchiveReply::Taken(outcomes) = self.ask(take)? else { return Ok(()) };
        for outcome in outcomes {
            match outcome {
                Outcome::Taken => self.report.taken += 1,
                Outcome::Known => self.report.known += 1,
                Outcome::Left(why) => self.report.leave(&why),
            }
        }
        Ok(())
    }

    /// Sends a file piece by piece; `None`: there is none, or it is not taken.
    fn upload(&mut self, file: &FileRef, written_at: i64) -> Result<Option<i64>> {
        if self.options.without_media {
            return Ok(None);
        }
        let Some(name) = self.archive.find(&file.path).map(str::to_owned) else {
            self.report.leave_file("files that the archive does not have", &file.path);
            return Ok(None);
        };
        if self.options.dry_run {
            self.report.files += 1;
            // a number that no upload has
            return Ok(Some(0));
        }
        match self.send_file(&name, written_at) {
            Ok(Ok(id)) => {
                self.report.files += 1;
                Ok(Some(id))
            }
            Ok(Err(why)) => {
                self.report.leave_file(&why, &name);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn send_file(
        &mut self,
        name: &str,
        written_at: i64,
    ) -> Result<std::result::Result<i64, String>> {
        let opened = self.archive.stream(name);
        let (size, mut file) = match opened {
            Ok(Some(found)) => found,
            Ok(None) => return Ok(Err("files that the archive does not have".to_owned())),
            Err(error) => return Ok(Err(error.to_string())),
        };
        let account = self.options.name.clone();
        let mut piece = Piece { account, key: None, size, written_at, bytes: String::new() };
        loop {
            let mut bytes = Vec::new();
            if let Err(e) = file.by_ref().take(PIECE).read_to_end(&mut bytes) {
                return Ok(Err(e.to_string()));
            }
            piece = piece.of(&bytes);
            match self.ask(ArchiveCommand::Piece(piece.clone()))? {
                ArchiveReply::More(key) => piece.key = Some(key),
                ArchiveReply::Upload(id) => return Ok(Ok(id)),
                ArchiveReply::Refused(why) => return Ok(Err(why)),
                _ => return Ok(Err("the server gave no answer to it".to_owned())),
            }
        }
    }

    /// Bookmarks become an import of their own, which the server does while it runs; favourites
    /// stay out.
    fn marks(&mut self) -> Result<()> {
        if let Some(mut items) = self.archive.items("likes.json")? {
            let mut likes = 0;
            while items.read_next()?.is_some() {
                likes += 1;
            }
            if likes > 0 {
                output::print(&format!(
                    "Left out: {} (each would be sent to its author once more)\n",
                    count(likes, "favourite")
                ))?;
            }
        }
        let Some(mut items) = self.archive.items("bookmarks.json")? else { return Ok(()) };
        let mut lines: Vec<String> = Vec::new();
        while let Some(item) = items.read_next()? {
            let Item::Document(bytes) = item else { continue };
            let Ok(uri) = serde_json::from_slice::<String>(&bytes) else { continue };
            let is_plain = uri.len() <= 2048 && !uri.contains(['"', '\n', '\r', ',']);
            if is_plain && lines.len() < MOST_BOOKMARKS {
                lines.push(uri);
            }
        }
        if lines.is_empty() {
            return Ok(());
        }
        let told = count(lines.len(), "bookmark");
        if self.options.dry_run {
            return output::print(&format!("Would look up: {told}\n"));
        }
        for part in lines.chunks(BOOKMARKS) {
            let (account, text) = (self.options.name.clone(), part.join("\n"));
            let (sheet, overwrite) = (Sheet::Bookmarks, false);
            self.session.execute(Command::Import { account, sheet, overwrite, text })?;
        }
        output::print(&format!(
            "Being looked up: {told}. See how it stands with: dassie import --account {}\n",
            self.options.name
        ))
    }
}
