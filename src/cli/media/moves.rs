//! `dassie media move`: step by step. Stopped at any moment, even by force, it goes on where it was
//! when it is called again.

use clap::{Args, ValueEnum};

use super::usage::size;
use crate::cli::delivery::count;
use crate::cli::output::{self, Progress};
use crate::cli::process;
use crate::cli::reach::Place;
use crate::control::{MediaCommand, MediaReply, MoveLine, MoveStep, Reply};
use crate::error::{Error, Result};
use crate::model::Store;

/// Where to.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Target {
    /// Into the bucket of [s3]
    S3,
    /// Back into the data folder
    Local,
}

/// `dassie media move`.
#[derive(Args, Debug)]
pub(in crate::cli) struct Move {
    /// Where to
    #[arg(long, value_enum)]
    to: Target,
    /// Only say how much it would be
    #[arg(long)]
    dry_run: bool,
}

/// Moves until nothing is left, something fails, or somebody presses Ctrl-C.
pub(super) fn run(place: &Place, options: &Move) -> Result<()> {
    let to = match options.to {
        Target::S3 => Store::Bucket,
        Target::Local => Store::Disk,
    };
    let begin = ask(place, MoveStep { to, after: 0, dry_run: true })?;
    if options.dry_run {
        let (uploads, size) = (uploads(begin.left), size(begin.left_bytes));
        return output::print(&format!("Would move {uploads}, {size}\n"));
    }
    process::catch_interrupt();
    let mut progress = Progress::new();
    let (mut done, mut bytes, mut after, mut lost) = (0, 0, 0, Vec::new());
    loop {
        let line = ask(place, MoveStep { to, after, dry_run: false })?;
        done += line.uploads;
        bytes += line.bytes;
        let stands = line.after == after;
        after = line.after;
        lost.extend(line.lost);
        progress.part(number(done), number(done + line.left), &format!(", {}", size(bytes)));
        let how_far = format!("{} moved, {} left", uploads(done), line.left);
        let stopped = match line.failed {
            Some(why) => Some(why),
            None if line.left == 0 || stands => {
                progress.clear();
                return report(done, bytes, &lost, line.home == to);
            }
            None => process::was_interrupted().then(|| "stopped".to_owned()),
        };
        if let Some(why) = stopped {
            progress.clear();
            return Err(Error::invalid(format!("{why}. {how_far}: call it again to go on.")));
        }
    }
}

fn ask(place: &Place, step: MoveStep) -> Result<MoveLine> {
    match super::ask(place, MediaCommand::Move(step))? {
        MediaReply::Moved(line) => Ok(line),
        reply => output::unexpected(&Reply::Media(reply)).map(|()| MoveLine::default()),
    }
}

fn report(done: i64, bytes: i64, lost: &[String], same_home: bool) -> Result<()> {
    let mut text = format!("Moved {}, {}\n", uploads(done), size(bytes));
    if !same_home {
        text += "New uploads still go to the other place: see storage.uploads in the settings\n";
    }
    output::print(&text)?;
    if lost.is_empty() {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "files that are not where they should be, left as they are: {}",
        lost.join(", ")
    )))
}

fn number(count: i64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn uploads(number: i64) -> String {
    count(usize::try_from(number).unwrap_or(0), "upload")
}
