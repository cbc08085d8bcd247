//! `dassie account export`: an account with all its posts and files, in the shape of Mastodon's
//! archives. The file is for its owner alone (0600), and has its name when it is whole.

use std::fs::{self, OpenOptions};
use std::io::BufWriter;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use clap::Args;

use super::delivery::count;
use super::output::{self, Progress};
use super::process;
use super::reach::Place;
use crate::archive;
use crate::error::{Error, Result};

/// What is to be written.
#[derive(Args, Debug)]
pub(super) struct Export {
    /// The name of the account
    name: String,
    /// The archive to write: FILE.zip
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
}

/// Writes an archive.
pub(super) fn export(place: &Place, options: &Export) -> Result<()> {
    let to = &options.to;
    let failed = |e| Error::invalid(format!("{} cannot be written: {e}", to.display()));
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let mut session = place.session();
    let wanted = archive::ArchiveOut::Actor { account: options.name.clone() };
    // whether the account is there, before a file is
    archive::Steps::hand_out(&mut session, wanted)?;
    let mut partial = to.as_os_str().to_owned();
    partial.push(".part");
    let partial = PathBuf::from(partial);
    let file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&partial);
    let out = BufWriter::new(file.map_err(failed)?);
    process::catch_interrupt();
    let mut progress = Progress::new();
    let mut look = |posts: usize, all: i64| {
        let number = |n: i64| u32::try_from(n).unwrap_or(u32::MAX);
        let done = number(i64::try_from(posts).unwrap_or(i64::MAX));
        progress.part(done.min(number(all)), number(all), "");
        match process::was_interrupted() {
            true => Err(Error::invalid("stopped")),
            false => Ok(()),
        }
    };
    let written = archive::write(&mut session, &options.name, folder, out, &mut look);
    progress.clear();
    let finish = |(out, written): (BufWriter<_>, _)| {
        let file: fs::File = out.into_inner().map_err(|e| failed(e.into_error()))?;
        file.sync_all().and_then(|()| fs::rename(&partial, to)).map_err(failed)?;
        Ok::<archive::Written, Error>(written)
    };
    let written = written.and_then(finish).inspect_err(|_| drop(fs::remove_file(&partial)))?;
    let (posts, files) = (count(written.posts, "post"), count(written.files, "file"));
    output::print(&format!("Wrote {posts} and {files} to {}\n", to.display()))?;
    if written.lost.is_empty() {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "files that are not where they should be, and not in the archive: {}",
        written.lost.join(", ")
    )))
}
