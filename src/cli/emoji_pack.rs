//! `dassie emoji import` and `export`: packs of emojis. Pictures go to the server some at a time;
//! what is there already is skipped, so that an import that was cut off goes on when it is typed
//! again.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal as _, Read as _, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::emoji::{execute, nonsense};
use super::output;
use super::reach::Place;
use crate::control::{EmojiCommand, EmojiDone, EmojiOutcome, EmojiReply, NewEmoji, RemoteEmoji};
use crate::error::{Error, Result};
use crate::media::pack::{Pack, Writer};

/// How many pictures, and how many bytes of them, one command carries.
const TOGETHER: usize = 16;
const BYTES: usize = 1024 * 1024;
/// How many one command fetches from another server, which may be slow.
const FETCHED: usize = 4;
/// How many pictures one answer carries.
const EXPORTED: usize = 8;
/// The largest picture that is read; the server's own limit is lower.
const LARGEST: u64 = 1024 * 1024;

/// What to take in.
#[derive(Args, Debug)]
#[group(skip)]
pub(super) struct Import {
    /// A zip or tar.gz archive or a folder: of pictures, of Mastodon, Misskey, Pleroma or Akkoma
    #[arg(value_name = "FILE", required_unless_present = "from", conflicts_with = "from")]
    file: Option<PathBuf>,
    /// Another server instead
    #[arg(long, value_name = "INSTANCE")]
    from: Option<String>,
    /// Only these, as they are called there: cat,dog
    #[arg(long, value_name = "SHORTCODES", value_delimiter = ',')]
    only: Vec<String>,
    /// Put this in front of each name
    #[arg(long, value_name = "TEXT", default_value = "")]
    prefix: String,
    /// Where pickers show them; as the pack says without it
    #[arg(long, value_name = "NAME")]
    category: Option<String>,
    /// Replace those that have the same name here
    #[arg(long)]
    overwrite: bool,
    /// Say what it would do, and do nothing
    #[arg(long)]
    dry_run: bool,
}

impl Import {
    fn wants(&self, shortcode: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|one| one.trim_matches(':') == shortcode)
    }

    /// What it is called here: what files have in their names and emojis have not becomes an
    /// underscore.
    fn name(&self, shortcode: &str) -> String {
        let plain = shortcode.trim_matches(':').replace(['-', ' ', '.', '+'], "_");
        format!("{}{plain}", self.prefix)
    }

    fn category(&self, own: Option<String>) -> Option<String> {
        self.category.clone().or(own)
    }
}

/// Takes a pack in.
pub(super) fn import(place: &Place, options: Import) -> Result<()> {
    let known: HashSet<String> = match execute(place, EmojiCommand::List)? {
        EmojiReply::List(list) => {
            list.into_iter().map(|one| one.shortcode.to_ascii_lowercase()).collect()
        }
        _ => return nonsense(),
    };
    let mut report = Report { overwrite: options.overwrite, known, ..Report::default() };
    match (&options.from, &options.file) {
        (Some(instance), _) => from_server(place, &options, instance, &mut report)?,
        (None, Some(file)) => from_pack(place, &options, file, &mut report)?,
        (None, None) => return Err(Error::invalid("a file or --from is needed")),
    }
    report.print(options.dry_run)
}

fn from_pack(place: &Place, options: &Import, file: &Path, report: &mut Report) -> Result<()> {
    let (overwrite, dry_run) = (options.overwrite, options.dry_run);
    let mut pack = Pack::open(file)?;
    for (file, why) in pack.odd() {
        report.skip(file.clone(), why);
    }
    // asked before anything is unpacked
    let mut wanted = HashSet::new();
    for item in pack.items().iter().filter(|item| options.wants(&item.shortcode)) {
        if report.takes(&options.name(&item.shortcode)) {
            wanted.insert(item.clone());
        }
    }
    let mut bar = Bar::new(wanted.len());
    let (mut batch, mut bytes) = (Vec::new(), 0);
    let mut send = |batch: &mut Vec<NewEmoji>, report: &mut Report| {
        let emojis = std::mem::take(batch);
        let count = emojis.len();
        if count > 0 {
            report.take(execute(place, EmojiCommand::Add { emojis, overwrite, dry_run })?)?;
        }
        bar.step(count);
        Ok::<(), Error>(())
    };
    pack.read(&|item| wanted.contains(item), &mut |item, picture| {
        let name = options.name(&item.shortcode);
        match picture {
            Ok(picture) => {
                bytes += picture.len();
                let category = options.category(item.category.clone());
                batch.push(NewEmoji::new(name, category, &picture));
            }
            Err(why) => report.skip(name, &why.to_string()),
        }
        if batch.len() >= TOGETHER || bytes >= BYTES {
            bytes = 0;
            send(&mut batch, report)?;
        }
        Ok(())
    })?;
    send(&mut batch, report)
}

/// What another server has.
pub(super) fn remote(place: &Place, instance: &str) -> Result<Vec<RemoteEmoji>> {
    match execute(place, EmojiCommand::Remote { instance: instance.to_owned() })? {
        EmojiReply::Remote(list) => Ok(list),
        _ => nonsense(),
    }
}

fn from_server(place: &Place, options: &Import, instance: &str, report: &mut Report) -> Result<()> {
    let (overwrite, dry_run) = (options.overwrite, options.dry_run);
    let mut wanted = Vec::new();
    for one in remote(place, instance)? {
        let shortcode = options.name(&one.shortcode);
        if options.wants(&one.shortcode) && report.takes(&shortcode) {
            wanted.push(RemoteEmoji { shortcode, category: options.category(one.category), ..one });
        }
    }
    let mut bar = Bar::new(wanted.len());
    for part in wanted.chunks(FETCHED) {
        let emojis = part.to_vec();
        report.take(execute(place, EmojiCommand::Copy { emojis, overwrite, dry_run })?)?;
        bar.step(part.len());
    }
    Ok(())
}

/// What came of all.
#[derive(Default)]
struct Report {
    overwrite: bool,
    /// What is here, in small letters.
    known: HashSet<String>,
    added: usize,
    changed: usize,
    /// Names by the reason.
    skipped: BTreeMap<String, Vec<String>>,
}

impl Report {
    fn skip(&mut self, name: String, why: &str) {
        self.skipped.entry(why.to_owned()).or_default().push(name);
    }

    /// Whether this name is still to be had; each is taken once.
    fn takes(&mut self, name: &str) -> bool {
        let is_new = self.known.insert(name.to_ascii_lowercase());
        if !is_new && !self.overwrite {
            self.skip(name.to_owned(), "it is here already");
        }
        is_new || self.overwrite
    }

    fn take(&mut self, reply: EmojiReply) -> Result<()> {
        let EmojiReply::Done(done) = reply else { return nonsense() };
        for EmojiDone { shortcode, outcome } in done {
            match outcome {
                EmojiOutcome::Added => self.added += 1,
                EmojiOutcome::Changed => self.changed += 1,
                EmojiOutcome::Skipped(why) => self.skip(shortcode, &why),
            }
        }
        Ok(())
    }

    fn print(&self, dry_run: bool) -> Result<()> {
        let (added, changed) =
            if dry_run { ("Would add", "Would change") } else { ("Added", "Changed") };
        let mut text = format!("{added}: {}\n{changed}: {}\n", self.added, self.changed);
        for (why, names) in &self.skipped {
            text += &format!("Skipped: {} ({})\n", names.len(), output::printable(why));
            for name in names {
                text += &format!("  {}\n", output::printable(name));
            }
        }
        output::print(&text)
    }
}

/// How far it is, for somebody who looks on.
struct Bar {
    done: usize,
    total: usize,
    is_seen: bool,
}

impl Bar {
    fn new(total: usize) -> Self {
        Self { done: 0, total, is_seen: io::stderr().is_terminal() && total > 0 }
    }

    fn step(&mut self, count: usize) {
        self.done += count;
        if self.is_seen {
            let part = (self.done * 30 / self.total).min(30);
            let bar = format!("{}{}", "#".repeat(part), "-".repeat(30 - part));
            let mut err = io::stderr().lock();
            let _ = write!(err, "\r[{bar}] {} of {}", self.done, self.total);
            let _ = err.flush();
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if self.is_seen {
            let _ = writeln!(io::stderr());
        }
    }
}

/// Reads one picture.
pub(super) fn read_picture(file: &Path) -> Result<Vec<u8>> {
    let unreadable = |e| Error::invalid(format!("{} cannot be read: {e}", file.display()));
    let mut bytes = Vec::new();
    let open = File::open(file).map_err(unreadable)?;
    open.take(LARGEST + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > LARGEST {
        return Err(Error::invalid(format!("{} is too large for an emoji", file.display())));
    }
    Ok(bytes)
}

/// Writes all emojis to an archive: pictures, and a `meta.json` with names and categories as
/// Misskey writes it. It has its name when it is whole.
pub(super) fn export(place: &Place, file: &Path) -> Result<()> {
    let EmojiReply::List(list) = execute(place, EmojiCommand::List)? else { return nonsense() };
    let failed = |e| Error::invalid(format!("{} cannot be written: {e}", file.display()));
    let mut partial = file.as_os_str().to_owned();
    partial.push(".part");
    let partial = PathBuf::from(partial);
    let mut zip = Writer::new(BufWriter::new(File::create(&partial).map_err(failed)?));
    let mut bar = Bar::new(list.len());
    let mut about = Vec::new();
    for part in list.chunks(EXPORTED) {
        let shortcodes = part.iter().map(|one| one.shortcode.clone()).collect();
        let EmojiReply::Files(files) = execute(place, EmojiCommand::Get { shortcodes })? else {
            return nonsense();
        };
        for one in files {
            let ending = one.media_type.rsplit('/').next().unwrap_or("png");
            let name = format!("{}.{ending}", one.shortcode);
            zip.add(&name, &one.bytes()?)?;
            about.push(json!({
                "downloaded": true,
                "fileName": name,
                "emoji": {"name": one.shortcode, "category": one.category, "aliases": []},
            }));
        }
        bar.step(part.len());
    }
    drop(bar);
    let count = about.len();
    let meta = json!({ "metaVersion": 2, "emojis": about }).to_string();
    zip.add("meta.json", meta.as_bytes())?;
    let written = zip.finish()?.into_inner().map_err(|e| failed(e.into_error()))?;
    written.sync_all().and_then(|()| fs::rename(&partial, file)).map_err(failed)?;
    output::print(&format!("Wrote {count} emojis to {}\n", file.display()))
}
