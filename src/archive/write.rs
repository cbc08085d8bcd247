//! Writing an account with all its posts and files, in the shape of Mastodon's archives.

use std::collections::HashSet;
use std::io::Write;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Steps;
use super::hand_out::{ActorPart, ArchiveOut, ArchivePart, Marks};
use crate::error::{Error, Result};
use crate::media::zip::{Part, Writer};

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    pub posts: usize,
    pub files: usize,
    /// Names of files that are not where they should be.
    pub lost: Vec<String>,
}

/// An export at work.
struct Exporter<'a> {
    steps: &'a mut dyn Steps,
    account: &'a str,
    /// Where what is not finished lies.
    folder: &'a Path,
    lost: Vec<String>,
    /// What is in the archive already.
    files: HashSet<String>,
}

/// Writes an account into `out`, which comes back; what is not finished lies in `folder`, without a
/// name. `look` is told after each step how many posts of how many are written, and may end it.
///
/// # Errors
/// 404 without the account; what writing and `look` answer.
pub fn write<W: Write>(
    steps: &mut dyn Steps,
    account: &str,
    folder: &Path,
    out: W,
    look: &mut dyn FnMut(usize, i64) -> Result<()>,
) -> Result<(W, Written)> {
    let ArchivePart::Actor(actor) =
        steps.hand_out(ArchiveOut::Actor { account: account.into() })?
    else {
        return Err(nonsense());
    };
    let (lost, files) = (Vec::new(), HashSet::new());
    let mut exporter = Exporter { steps, account, folder, lost, files };
    let mut zip = Writer::new(out);
    let posts = exporter.write(&mut zip, &actor, look)?;
    let written = Written { posts, files: exporter.files.len(), lost: exporter.lost };
    Ok((zip.finish()?, written))
}

fn nonsense() -> Error {
    Error::internal("the server gave an answer to another question")
}

fn unwritable(e: std::io::Error) -> Error {
    Error::invalid(format!("the archive cannot be written: {e}"))
}

impl Exporter<'_> {
    /// Everything; answers how many posts there are.
    fn write<W: Write>(
        &mut self,
        zip: &mut Writer<W>,
        actor: &ActorPart,
        look: &mut dyn FnMut(usize, i64) -> Result<()>,
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
            let ask = ArchiveOut::Posts { account: self.account.to_owned(), after: from };
            let ArchivePart::Posts { lines, after: next } = self.steps.hand_out(ask)? else {
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
            look(posts, actor.statuses)?;
        }
        zip.add_part("outbox.json", outbox.end()?)?;
        Ok(posts)
    }

    fn begin(&self, name: &str) -> Result<Collection> {
        let mut part = Part::begin(self.folder, true)?;
        write!(
            part,
            "{{\"@context\":\"https://www.w3.org/ns/activitystreams\",\"id\":\"{name}.json\",\
             \"type\":\"OrderedCollection\",\"orderedItems\":["
        )
        .map_err(unwritable)?;
        Ok(Collection { part, count: 0 })
    }

    fn marks<W: Write>(&mut self, zip: &mut Writer<W>, kind: Marks, name: &str) -> Result<()> {
        let mut collection = self.begin(name)?;
        let mut below = None;
        loop {
            let ask = ArchiveOut::Marks { account: self.account.to_owned(), kind, below };
            let ArchivePart::Marks { uris, below: next } = self.steps.hand_out(ask)? else {
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
    fn file<W: Write>(&mut self, zip: &mut Writer<W>, stored: &str, name: &str) -> Result<()> {
        if !self.files.insert(name.to_owned()) {
            return Ok(());
        }
        let mut part = Part::begin(self.folder, false)?;
        let (mut at, mut from) = (0, None);
        loop {
            let ask = ArchiveOut::File { name: stored.to_owned(), at, from };
            match self.steps.hand_out(ask)? {
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
