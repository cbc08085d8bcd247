//! `dassie account export`: an account with all its posts and files, in the shape of Mastodon's
//! archives. The file is for its owner alone (0600), and has its name when it is whole.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;

use super::delivery::count;
use super::output::{self, Progress};
use super::process;
use super::reach::{Place, Session};
use crate::control::{ArchiveOut, ArchivePart, Command, Marks, Reply};
use crate::error::{Error, Result};
use crate::media::zip::{Part, Writer};

/// What is to be written.
#[derive(Args, Debug)]
pub(super) struct Export {
    /// The name of the account
    name: String,
    /// The archive to write: FILE.zip
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
}

type Zip = Writer<BufWriter<File>>;

/// An export at work.
struct Exporter<'a> {
    session: Session<'a>,
    account: String,
    /// Where what is not finished lies.
    folder: PathBuf,
    lost: Vec<String>,
    /// What is in the archive already.
    files: HashSet<String>,
}

/// Writes an archive.
pub(super) fn export(place: &Place, options: &Export) -> Result<()> {
    let to = &options.to;
    let failed = |e| Error::invalid(format!("{} cannot be written: {e}", to.display()));
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut exporter = Exporter {
        session: place.session(),
        account: options.name.clone(),
        folder: folder.unwrap_or(Path::new(".")).to_owned(),
        lost: Vec::new(),
        files: HashSet::new(),
    };
    let actor = exporter.ask(ArchiveOut::Actor { account: options.name.clone() })?;
    let ArchivePart::Actor(actor) = actor else { return Err(nonsense()) };
    let mut partial = to.as_os_str().to_owned();
    partial.push(".part");
    let partial = PathBuf::from(partial);
    let file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&partial);
    let mut zip = Writer::new(BufWriter::new(file.map_err(failed)?));
    process::catch_interrupt();
    let mut progress = Progress::new();
    let written = exporter.write(&mut zip, &actor, &mut progress);
    progress.clear();
    let finish = |posts: usize| {
        let file = zip.finish()?.into_inner().map_err(|e| failed(e.into_error()))?;
        file.sync_all().and_then(|()| fs::rename(&partial, to)).map_err(failed)?;
        Ok::<_, Error>(posts)
    };
    let posts = written.and_then(finish).inspect_err(|_| drop(fs::remove_file(&partial)))?;
    let (posts, files) = (count(posts, "post"), count(exporter.files.len(), "file"));
    output::print(&format!("Wrote {posts} and {files} to {}\n", to.display()))?;
    if exporter.lost.is_empty() {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "files that are not where they should be, and not in the archive: {}",
        exporter.lost.join(", ")
    )))
}

fn nonsense() -> Error {
    let reply = Reply::Aliases(Vec::new());
    output::unexpected(&reply).err().unwrap_or(Error::NotFound)
}

fn unwritable(e: std::io::Error) -> Error {
    Error::invalid(format!("the archive cannot be written: {e}"))
}

impl Exporter<'_> {
    fn ask(&mut self, command: ArchiveOut) -> Result<ArchivePart> {
        match self.session.execute(Command::ArchiveOut(command))? {
            Reply::ArchivePart(part) => Ok(part),
            _ => Err(nonsense()),
        }
    }

    /// Everything; answers how many posts there are.
    fn write(
        &mut self,
        zip: &mut Zip,
        actor: &crate::control::ActorPart,
        progress: &mut Progress,
    ) -> Result<usize> {
        zip.add("actor.json", actor.document.as_bytes())?;
        for (stored, name) in &actor.files {
            self.file(zip, stored, name)?;
        }
        for (kind, name) in [(Marks::Favourites, "likes"), (Marks::Bookmarks, "bookmarks")] {
            self.marks(zip, kind, name)?;
        }
        let mut outbox = self.begin("outbox")?;
        let (mut posts, mut after) = (0_usize, Some(0));
        while let Some(from) = after {
            let ask = ArchiveOut::Posts { account: self.account.clone(), after: from };
            let ArchivePart::Posts { lines, after: next } = self.ask(ask)? else {
                return Err(nonsense());
            };
            after = next;
            for line in lines {
                outbox.item(&line.document)?;
                posts += 1;
                for (stored, name) in &line.files {
                    self.file(zip, stored, name)?;
                }
            }
            let number = |n: i64| u32::try_from(n).unwrap_or(u32::MAX);
            let done = number(i64::try_from(posts).unwrap_or(i64::MAX));
            progress.part(done.min(number(actor.statuses)), number(actor.statuses), "");
            if process::was_interrupted() {
                return Err(Error::invalid("stopped"));
            }
        }
        zip.add_part("outbox.json", outbox.end()?)?;
        Ok(posts)
    }

    fn begin(&self, name: &str) -> Result<Collection> {
        let mut part = Part::begin(&self.folder, true)?;
        write!(
            part,
            "{{\"@context\":\"https://www.w3.org/ns/activitystreams\",\"id\":\"{name}.json\",\
             \"type\":\"OrderedCollection\",\"orderedItems\":["
        )
        .map_err(unwritable)?;
        Ok(Collection { part, count: 0 })
    }

    fn marks(&mut self, zip: &mut Zip, kind: Marks, name: &str) -> Result<()> {
        let mut collection = self.begin(name)?;
        let mut below = None;
        loop {
            let ask = ArchiveOut::Marks { account: self.account.clone(), kind, below };
            let ArchivePart::Marks { uris, below: next } = self.ask(ask)? else {
                return Err(nonsense());
            };
            for uri in uris {
                collection.item(&serde_json::Value::from(uri).to_string())?;
            }
            if next.is_none() {
                break;
            }
            below = next;
        }
        zip.add_part(&format!("{name}.json"), collection.end()?)
    }

    /// A stored file, piece by piece; one that is lost is told at the end.
    fn file(&mut self, zip: &mut Zip, stored: &str, name: &str) -> Result<()> {
        if !self.files.insert(name.to_owned()) {
            return Ok(());
        }
        let mut part = Part::begin(&self.folder, false)?;
        let (mut at, mut from) = (0, None);
        loop {
            let ask = ArchiveOut::File { name: stored.to_owned(), at, from };
            match self.ask(ask)? {
                ArchivePart::File { bytes, more, from: next } => {
                    let bytes = STANDARD.decode(bytes).map_err(Error::internal)?;
                    part.write_all(&bytes).map_err(unwritable)?;
                    at += bytes.len() as u64;
                    from = next;
                    if !more {
                        return zip.add_part(name, part);
                    }
                }
                ArchivePart::Lost => {
                    self.files.remove(name);
                    self.lost.push(stored.to_owned());
                    return Ok(());
                }
                _ => return Err(nonsense()),
            }
        }
    }
}

/// A collection that is written entry by entry.
struct Collection {
    part: Part,
    count: usize,
}

impl Collection {
    fn item(&mut self, document: &str) -> Result<()> {
        let comma = if self.count > 0 { ",\n" } else { "\n" };
        self.count += 1;
        write!(self.part, "{comma}{document}").map_err(unwritable)
    }

    fn end(mut self) -> Result<Part> {
        write!(self.part, "\n],\"totalItems\":{}}}\n", self.count).map_err(unwritable)?;
        Ok(self.part)
    }
}
