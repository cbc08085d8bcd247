//! Packs of emojis as other programs write them: Mastodon's `tootctl emoji export` (tar.gz),
//! Misskey's export (zip with `meta.json`), packs of Pleroma and Akkoma (`pack.json`), and plain
//! folders and archives of pictures. What an archive says of itself is checked before anything is
//! unpacked, and no file of it is ever written to the disk.

// a closure that takes files one by one is plainer as it stands than under a name
#![allow(clippy::type_complexity)]

pub(super) mod tar;

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Deserialize;

pub use super::zip::Writer;
use super::zip::{self, Limits};
use crate::error::{Error, Result};

/// Most files of one pack.
const MOST_FILES: usize = 10_000;
/// The largest picture that is unpacked: the settings allow none that is larger.
const LARGEST: u64 = 1024 * 1024;
/// How deep its folders lie in one another.
const DEEPEST: usize = 3;
/// The largest file that says what the others are.
const LARGEST_INDEX: u64 = 4 * 1024 * 1024;
/// Most bytes that one archive unpacks to.
const MOST_BYTES: u64 = 512 * 1024 * 1024;
/// The longest table of an archive.
const LONGEST_TABLE: u64 = 8 * 1024 * 1024;

fn refuse<T>(sentence: impl Into<String>) -> Result<T> {
    Err(Error::invalid(sentence.into()))
}

/// A picture that a pack has.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Item {
    /// As the pack calls it; not yet checked.
    pub shortcode: String,
    pub category: Option<String>,
    /// The file in the pack.
    pub file: String,
}

/// An opened pack.
#[derive(Debug)]
pub struct Pack {
    source: Source,
    items: Vec<Item>,
    /// Files that are no pictures, with the reason.
    odd: Vec<(String, &'static str)>,
}

#[derive(Debug)]
enum Source {
    Folder(PathBuf),
    Zip(zip::Archive),
    Tar(PathBuf),
}

impl Pack {
    /// Opens a pack and reads what is in it, but for the pictures.
    ///
    /// # Errors
    /// A sentence for the operator: what is no pack, damaged, or too large.
    pub fn open(path: &Path) -> Result<Self> {
        let unreadable = |e| Error::invalid(format!("{} cannot be read: {e}", path.display()));
        let about = fs::metadata(path).map_err(unreadable)?;
        let mut source = if about.is_dir() {
            Source::Folder(path.to_owned())
        } else {
            let mut head = [0; 4];
            let count = File::open(path).and_then(|mut file| file.read(&mut head));
            match (count.map_err(unreadable)?, head) {
                (4, [b'P', b'K', 3 | 5, 4 | 6]) => {
                    let (files, table, bytes) = (MOST_FILES, LONGEST_TABLE, MOST_BYTES);
                    Source::Zip(zip::Archive::open(path, Limits { files, table, bytes })?)
                }
                (4, [0x1f, 0x8b, ..]) => Source::Tar(path.to_owned()),
                _ => {
                    return refuse(format!(
                        "{} is no zip, no tar.gz and no folder",
                        path.display()
                    ));
                }
            }
        };
        let files = source.list()?;
        let mut indexes = HashMap::new();
        source.visit(&|name| index_kind(name).is_some(), LARGEST_INDEX, &mut |name, bytes| {
            indexes.insert(name.to_owned(), bytes?);
            Ok(())
        })?;
        let (items, odd) = arrange(files, &indexes)?;
        Ok(Self { source, items, odd })
    }

    /// The pictures, by name.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// The files that are none, with the reason.
    pub fn odd(&self) -> &[(String, &'static str)] {
        &self.odd
    }

    /// Reads the pictures that `wants` asks for, in the order of the archive.
    ///
    /// # Errors
    /// What `each` answers, and a damaged archive. A damaged picture is handed to `each`.
    pub fn read(
        &mut self,
        wants: &dyn Fn(&Item) -> bool,
        each: &mut dyn FnMut(&Item, Result<Vec<u8>>) -> Result<()>,
    ) -> Result<()> {
        // one file may be drawn under several names
        let mut by_file: HashMap<&str, Vec<&Item>> = HashMap::new();
        for item in self.items.iter().filter(|item| wants(item)) {
            by_file.entry(&item.file).or_default().push(item);
        }
        self.source.visit(&|name| by_file.contains_key(name), LARGEST, &mut |name, bytes| {
            let items = by_file.get(name).map(Vec::as_slice).unwrap_or_default();
            match bytes {
                Ok(bytes) => items.iter().try_for_each(|item| each(item, Ok(bytes.clone()))),
                Err(error) => {
                    let why = error.to_string();
                    items.iter().try_for_each(|item| each(item, refuse(why.clone())))
                }
            }
        })
    }
}

impl Source {
    /// The names of all files.
    fn list(&mut self) -> Result<Vec<String>> {
        let mut names = Vec::new();
        match self {
            Self::Folder(folder) => {
                walk(folder, "", DEEPEST, MOST_FILES, &mut names)?;
                names.sort_unstable();
            }
            Self::Zip(archive) => {
                names.extend(archive.entries().iter().map(|entry| entry.name.clone()));
            }
            Self::Tar(path) => tar::visit(path, &|_| false, 0, &mut |name, _| {
                names.push(name.to_owned());
                Ok(())
            })?,
        }
        Ok(names)
    }

    /// Reads files of at most so many bytes.
    fn visit(
        &mut self,
        wants: &dyn Fn(&str) -> bool,
        largest: u64,
        each: &mut dyn FnMut(&str, Result<Vec<u8>>) -> Result<()>,
    ) -> Result<()> {
        match self {
            Self::Folder(folder) => {
                let mut names = Vec::new();
                walk(folder, "", DEEPEST, MOST_FILES, &mut names)?;
                for name in names.iter().filter(|name| wants(name)) {
                    each(name, read_file(&folder.join(name), largest))?;
                }
                Ok(())
            }
            Self::Zip(archive) => {
                for at in 0..archive.entries().len() {
                    let Some(entry) = archive.entries().get(at) else { continue };
                    if wants(&entry.name) {
                        let name = entry.name.clone();
                        each(&name, unpack(archive, at, largest))?;
                    }
                }
                Ok(())
            }
            Self::Tar(path) => tar::visit(path, wants, largest, &mut |name, bytes| match bytes {
                Some(bytes) => each(name, bytes),
                None => Ok(()),
            }),
        }
    }
}

fn read_file(path: &Path, largest: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(largest + 1).read_to_end(&mut bytes));
    match read {
        Err(e) => refuse(format!("it cannot be read: {e}")),
        Ok(count) if count as u64 > largest => too_large(largest),
        Ok(_) => Ok(bytes),
    }
}

fn unpack(archive: &mut zip::Archive, at: usize, largest: u64) -> Result<Vec<u8>> {
    if archive.entries().get(at).is_some_and(|entry| entry.size > largest) {
        return too_large(largest);
    }
    let mut bytes = Vec::new();
    let read = archive.reader(at)?.map(|mut file| file.read_to_end(&mut bytes));
    match read {
        Some(Ok(_)) => Ok(bytes),
        _ => refuse("it is damaged"),
    }
}

fn too_large<T>(largest: u64) -> Result<T> {
    refuse(format!("it is larger than {} kB", largest / 1024))
}

/// The files of a folder and of those in it, as they are; links lead nowhere.
pub(super) fn walk(
    root: &Path,
    below: &str,
    deeper: usize,
    most: usize,
    names: &mut Vec<String>,
) -> Result<()> {
    let entries = fs::read_dir(root.join(below))
        .map_err(|e| Error::invalid(format!("{} cannot be read: {e}", root.display())))?;
    for entry in entries.flatten() {
        let Ok(name) = entry.file_name().into_string() else { continue };
        let name = if below.is_empty() { name } else { format!("{below}/{name}") };
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() && deeper > 0 {
            walk(root, &name, deeper - 1, most, names)?;
        } else if kind.is_file() {
            names.push(name);
        }
        if names.len() > most {
            return too_many(most);
        }
    }
    Ok(())
}

fn too_many<T>(most: usize) -> Result<T> {
    refuse(format!("the pack has more than {most} files"))
}

/// What a file that describes others is.
#[derive(Clone, Copy)]
enum Index {
    Pleroma,
    Misskey,
}

fn index_kind(name: &str) -> Option<Index> {
    match name.rsplit('/').next()? {
        "pack.json" => Some(Index::Pleroma),
        "meta.json" => Some(Index::Misskey),
        _ => None,
    }
}

/// `pack.json`: which name has which file.
#[derive(Deserialize)]
struct PleromaPack {
    #[serde(default)]
    files: HashMap<String, String>,
}

/// `meta.json`.
#[derive(Deserialize)]
struct MisskeyPack {
    #[serde(default)]
    emojis: Vec<MisskeyEmoji>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MisskeyEmoji {
    file_name: String,
    emoji: MisskeyAbout,
}

#[derive(Deserialize)]
struct MisskeyAbout {
    name: String,
    #[serde(default)]
    category: Option<String>,
}

type Odd = Vec<(String, &'static str)>;

/// Names for files: what an index says, else the name of the file.
fn arrange(files: Vec<String>, indexes: &HashMap<String, Vec<u8>>) -> Result<(Vec<Item>, Odd)> {
    let (mut items, mut odd): (Vec<Item>, Odd) = (Vec::new(), Vec::new());
    for (name, bytes) in indexes {
        let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
        let at = |file: &str| {
            if folder.is_empty() { file.to_owned() } else { format!("{folder}/{file}") }
        };
        let unread = |e| Error::invalid(format!("{name} of the pack cannot be read: {e}"));
        match index_kind(name) {
            Some(Index::Pleroma) => {
                let pack: PleromaPack = serde_json::from_slice(bytes).map_err(unread)?;
                for (shortcode, file) in pack.files {
                    items.push(Item { shortcode, category: None, file: at(&file) });
                }
            }
            Some(Index::Misskey) => {
                let pack: MisskeyPack = serde_json::from_slice(bytes).map_err(unread)?;
                for one in pack.emojis {
                    let MisskeyAbout { name: shortcode, category } = one.emoji;
                    items.push(Item { shortcode, category, file: at(&one.file_name) });
                }
            }
            None => {}
        }
    }
    let there: std::collections::HashSet<&str> = files.iter().map(String::as_str).collect();
    let (present, absent): (Vec<Item>, Vec<Item>) =
        items.into_iter().partition(|item| there.contains(item.file.as_str()));
    let mut items = present;
    odd.extend(absent.into_iter().map(|item| (item.file, "the pack does not have it")));
    if items.is_empty() {
        for file in &files {
            let name = file.rsplit('/').next().unwrap_or_default();
            if name.starts_with('.') || file.starts_with("__MACOSX/") || index_kind(file).is_some()
            {
                continue;
            }
            match name.rsplit_once('.') {
                Some((stem, "png" | "gif" | "webp" | "apng" | "PNG" | "GIF" | "WEBP")) => {
                    let (shortcode, file) = (stem.to_owned(), file.clone());
                    items.push(Item { shortcode, category: None, file });
                }
                _ => odd.push((file.clone(), "it is no PNG, GIF or WebP picture")),
            }
        }
    }
    if items.len() > MOST_FILES {
        return too_many(MOST_FILES);
    }
    items.sort_unstable_by(|a, b| a.shortcode.cmp(&b.shortcode).then_with(|| a.file.cmp(&b.file)));
    odd.sort_unstable();
    Ok((items, odd))
}

#[cfg(test)]
mod tests;
