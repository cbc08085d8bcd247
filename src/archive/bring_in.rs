//! Reading an archive: its entries are taken some at a time, first the files of what is not here yet;
//! never more than those and one piece of a file are in memory.

use std::collections::BTreeMap;
use std::io::Read as _;

use serde::{Deserialize, Serialize};

use super::take::{ArchiveCommand, ArchiveReply, EntryLine, Piece};
use super::{PIECE, Steps};
use crate::activity::archive::{Entry, FileRef};
use crate::activity::{json, read};
use crate::error::{Error, Result};
use crate::media::account_archive::{Archive, Item};
use crate::model::Visibility;
use crate::service::archive::{Outcome, Terms};
use crate::text::reason::Reason;

/// How many entries one step carries, how many bytes of them, and how many files they have.
const TOGETHER: usize = 50;
const BYTES: usize = 1 << 20;
const FILES: usize = 8;
/// Lines of bookmarks in one import, and in all.
const BOOKMARKS: usize = 5000;
const MOST_BOOKMARKS: usize = 40_000;
/// How many files are named for each reason, and how many reasons there are.
const NAMED: usize = 10;
const REASONS: usize = 50;

/// What is to be taken in, and whose it becomes.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The name of the account here.
    pub account: String,
    /// Nothing is shown to more people than this.
    pub visibility: Option<Visibility>,
    /// What is older stays out; milliseconds since 1970.
    pub since: Option<i64>,
    /// Messages to single people too.
    pub direct: bool,
    /// No pictures, videos and sounds.
    pub without_media: bool,
    /// Only say what would be.
    pub dry_run: bool,
}

/// What came of all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Report {
    pub taken: usize,
    pub known: usize,
    pub files: usize,
    /// How many entries stay out, by the reason.
    pub left: BTreeMap<String, usize>,
    /// How many files, and some of their names, by the reason.
    pub left_files: BTreeMap<String, (usize, Vec<String>)>,
}

/// Marks that the archive has beside its posts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MarksFound {
    /// They stay out.
    pub favourites: usize,
    /// They become imports.
    pub bookmarks: usize,
}

/// Reasons are few, unless somebody made them on purpose.
fn reason<T>(of: &BTreeMap<String, T>, why: &str) -> String {
    let is_one_more = of.len() >= REASONS && !of.contains_key(why);
    if is_one_more { Reason::other.plain() } else { why }.to_owned()
}

impl Report {
    /// An entry stays out.
    fn leave(&mut self, why: &str) {
        *self.left.entry(reason(&self.left, why)).or_default() += 1;
    }

    /// A file of an entry stays out.
    fn leave_file(&mut self, why: &str, name: &str) {
        let why = reason(&self.left_files, why);
        let (number, names) = self.left_files.entry(why).or_default();
        *number += 1;
        if names.len() < NAMED {
            names.push(name.to_owned());
        }
    }
}

/// Whose archive it is: `actor.json` says so, else the first entry.
fn terms(archive: &Archive, wanted: &Wanted) -> Result<Terms> {
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
        return Err(Error::invalid(Reason::archive_whose.plain()));
    };
    // as almost all software has it
    followers.get_or_insert_with(|| format!("{actor}/followers"));
    Ok(Terms {
        actor,
        followers,
        visibility: wanted.visibility,
        since: wanted.since,
        direct: wanted.direct,
        dry_run: wanted.dry_run,
    })
}

/// An entry that waits for its step.
struct Waiting {
    document: String,
    uri: String,
    files: Vec<FileRef>,
    written_at: i64,
}

/// An import at work.
pub struct Importer<'a, S> {
    steps: S,
    archive: &'a Archive,
    wanted: &'a Wanted,
    terms: Terms,
    batch: Vec<Waiting>,
    bytes: usize,
    files: usize,
    /// What came of it so far.
    pub report: Report,
}

impl<'a, S: Steps> Importer<'a, S> {
    /// Looks whose archive it is, and whether the account is here.
    ///
    /// # Errors
    /// A sentence about the archive; 404 without the account.
    pub fn new(mut steps: S, archive: &'a Archive, wanted: &'a Wanted) -> Result<Self> {
        let terms = terms(archive, wanted)?;
        let account = wanted.account.clone();
        steps.take(ArchiveCommand::Known { account, uris: Vec::new() })?;
        let (batch, bytes, files, report) = (Vec::new(), 0, 0, Report::default());
        Ok(Self { steps, archive, wanted, terms, batch, bytes, files, report })
    }

    /// How many entries there are, whatever they are.
    pub fn count(&self) -> Result<usize> {
        count_items(self.archive, self.archive.outbox())
    }

    /// All entries but the first `passed`. `look` is told after each step how many were looked at
    /// and what came of them, and ends it by `false`; so does this answer then.
    pub fn run(
        &mut self,
        passed: usize,
        look: &mut dyn FnMut(usize, &Report) -> Result<bool>,
    ) -> Result<bool> {
        let Some(mut items) = self.archive.items(self.archive.outbox())? else { return Ok(true) };
        let mut seen = 0;
        while let Some(item) = items.read_next()? {
            seen += 1;
            if seen <= passed {
                continue;
            }
            match item {
                Item::TooLarge => self.report.leave(Reason::entry_large.plain()),
                Item::Document(bytes) => self.add(&bytes),
            }
            let is_full =
                self.batch.len() >= TOGETHER || self.bytes >= BYTES || self.files >= FILES;
            if is_full {
                self.send()?;
                if !look(seen, &self.report)? {
                    return Ok(false);
                }
            }
        }
        self.send()?;
        look(seen, &self.report)
    }

    fn add(&mut self, bytes: &[u8]) {
        let entry = match Entry::parse(bytes) {
            Ok(entry) => entry,
            Err(why) => return self.report.leave(&why),
        };
        let Ok(document) = String::from_utf8(bytes.to_owned()) else {
            return self.report.leave(Reason::entry_utf8.plain());
        };
        // no file is sent for a post that stays out in any case
        if let Err(why) = self.terms.check(&entry, self.steps.now_ms()) {
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

    /// Takes what waits: first the files of what is not there yet.
    fn send(&mut self) -> Result<()> {
        let batch = std::mem::take(&mut self.batch);
        let with_files = self.files > 0;
        (self.bytes, self.files) = (0, 0);
        if batch.is_empty() {
            return Ok(());
        }
        let account = self.wanted.account.clone();
        let mut known = vec![false; batch.len()];
        if with_files {
            let uris = batch.iter().map(|one| one.uri.clone()).collect();
            let ask = ArchiveCommand::Known { account: account.clone(), uris };
            if let ArchiveReply::Known(list) = self.steps.take(ask)? {
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
        let ArchiveReply::Taken(outcomes) = self.steps.take(take)? else { return Ok(()) };
        for outcome in outcomes {
            match outcome {
                Outcome::Taken => self.report.taken += 1,
                Outcome::Known => self.report.known += 1,
                Outcome::Left(why) => self.report.leave(&why),
            }
        }
        Ok(())
    }

    /// Takes a file piece by piece; `None`: there is none, or it is refused.
    fn upload(&mut self, file: &FileRef, written_at: i64) -> Result<Option<i64>> {
        if self.wanted.without_media {
            return Ok(None);
        }
        let Some(name) = self.archive.find(&file.path).map(str::to_owned) else {
            self.report.leave_file(Reason::file_missing.plain(), &file.path);
            return Ok(None);
        };
        if self.wanted.dry_run {
            self.report.files += 1;
            // a number that no upload has
            return Ok(Some(0));
        }
        match self.send_file(&name, written_at)? {
            Ok(id) => {
                self.report.files += 1;
                Ok(Some(id))
            }
            Err(why) => {
                self.report.leave_file(&why, &name);
                Ok(None)
            }
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
            Ok(None) => return Ok(Err(Reason::file_missing.plain().to_owned())),
            Err(error) => return Ok(Err(error.to_string())),
        };
        let account = self.wanted.account.clone();
        let mut piece = Piece { account, key: None, size, written_at, bytes: String::new() };
        loop {
            let mut bytes = Vec::new();
            if let Err(e) = file.by_ref().take(PIECE).read_to_end(&mut bytes) {
                return Ok(Err(e.to_string()));
            }
            piece = piece.of(&bytes);
            match self.steps.take(ArchiveCommand::Piece(piece.clone()))? {
                ArchiveReply::More(key) => piece.key = Some(key),
                ArchiveReply::Upload(id) => return Ok(Ok(id)),
                ArchiveReply::Refused(why) => return Ok(Err(why)),
                _ => return Ok(Err(Reason::file_no_answer.plain().to_owned())),
            }
        }
    }

    /// Bookmarks become imports of their own, which the server does while it runs; favourites stay
    /// out.
    pub fn marks(&mut self) -> Result<MarksFound> {
        let favourites = count_items(self.archive, "likes.json")?;
        let mut found = MarksFound { favourites, bookmarks: 0 };
        let Some(mut items) = self.archive.items("bookmarks.json")? else { return Ok(found) };
        let mut lines: Vec<String> = Vec::new();
        while let Some(item) = items.read_next()? {
            let Item::Document(bytes) = item else { continue };
            let Ok(uri) = serde_json::from_slice::<String>(&bytes) else { continue };
            let is_plain = uri.len() <= 2048 && !uri.contains(['"', '\n', '\r', ',']);
            if is_plain && lines.len() + found.bookmarks < MOST_BOOKMARKS {
                lines.push(uri);
            }
            if lines.len() == BOOKMARKS {
                found.bookmarks += self.import(&mut lines)?;
            }
        }
        found.bookmarks += self.import(&mut lines)?;
        Ok(found)
    }

    fn import(&mut self, lines: &mut Vec<String>) -> Result<usize> {
        let lines = std::mem::take(lines);
        if !lines.is_empty() && !self.wanted.dry_run {
            self.steps.import_bookmarks(&self.wanted.account, lines.join("\n"))?;
        }
        Ok(lines.len())
    }
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
