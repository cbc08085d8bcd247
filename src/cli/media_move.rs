//! `dassie media move`: step by step, with a bar where somebody watches. Stopped at any moment, even
//! by force, it goes on where it was when it is called again.

use std::io::{self, IsTerminal, Write};

use clap::{Args, ValueEnum};

use super::reach::Place;
use super::{output, process};
use crate::control::{Command, MoveLine, MoveStep, Reply};
use crate::error::{Error, Result};
use crate::model::Store;

/// Width of the bar.
const BAR: usize = 30;

/// Where to.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Target {
    /// Into the bucket of [s3]
    S3,
    /// Back into the data folder
    Local,
}

/// What to move.
#[derive(Args, Debug)]
pub(super) struct Options {
    /// Where to
    #[arg(long, value_enum)]
    to: Target,
    /// Say how much it would be, and do nothing
    #[arg(long)]
    dry_run: bool,
}

/// Moves until nothing is left, something fails, or somebody presses Ctrl-C.
pub(super) fn run(place: &Place, options: &Options) -> Result<()> {
    let to = match options.to {
        Target::S3 => Store::Bucket,
        Target::Local => Store::Disk,
    };
    let ask = |after, dry_run| match place.execute(Command::MediaMove(MoveStep {
        to,
        after,
        dry_run,
    }))? {
        Reply::MediaMoved(line) => Ok(line),
        reply => output::unexpected(&reply).map(|()| MoveLine::default()),
    };
    let begin = ask(0, true)?;
    if options.dry_run {
        let text = format!(
            "Nothing was moved. It would move {} of {}.\n",
            uploads(begin.left),
            size(begin.left_bytes)
        );
        return output::print(&text);
    }
    process::catch_interrupt();
    let (mut done, mut bytes, mut after, mut lost) = (0, 0, 0, Vec::new());
    loop {
        let line = ask(after, false)?;
        done += line.uploads;
        bytes += line.bytes;
        let stands = line.after == after;
        after = line.after;
        lost.extend(line.lost);
        show(done, line.left, bytes, line.left_bytes);
        let how_far = format!("{} moved, {} left", uploads(done), line.left);
        if let Some(why) = line.failed {
            end_line();
            return Err(Error::invalid(format!("{why}. {how_far}: call it again to go on.")));
        }
        if line.left == 0 || stands {
            end_line();
            return report(done, bytes, &lost, line.home == to);
        }
        if process::was_interrupted() {
            end_line();
            return Err(Error::invalid(format!("stopped. {how_far}: call it again to go on.")));
        }
    }
}

fn report(done: i64, bytes: u64, lost: &[String], same_home: bool) -> Result<()> {
    let moved = i64::try_from(bytes).unwrap_or(i64::MAX);
    let mut text = format!("{} of {} moved.\n", uploads(done), size(moved));
    if !same_home {
        text += "New uploads still go to the other place: see storage.uploads in the settings.\n";
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

/// The bar, over the one before.
fn show(done: i64, left: i64, bytes: u64, left_bytes: i64) {
    let mut err = io::stderr().lock();
    if !err.is_terminal() {
        return;
    }
    let all = (done + left).max(1);
    let full = usize::try_from(done).unwrap_or(0) * BAR / usize::try_from(all).unwrap_or(1);
    let moved = i64::try_from(bytes).unwrap_or(i64::MAX);
    // there is nowhere left to say that this failed
    let _ = write!(
        err,
        "\r[{}{}] {done} of {all} uploads, {} of {}\x1b[K",
        "#".repeat(full),
        ".".repeat(BAR.saturating_sub(full)),
        size(moved),
        size(moved.saturating_add(left_bytes)),
    );
    let _ = err.flush();
}

fn end_line() {
    let mut err = io::stderr().lock();
    if err.is_terminal() {
        let _ = writeln!(err);
    }
}

fn uploads(count: i64) -> String {
    format!("{count} upload{}", if count == 1 { "" } else { "s" })
}

/// Bytes as people say them.
fn size(bytes: i64) -> String {
    let mut unit = 1_i64;
    for name in ["bytes", "kB", "MB", "GB", "TB"] {
        if bytes < unit.saturating_mul(1000) || name == "TB" {
            let (whole, tenth) = (bytes / unit, bytes % unit * 10 / unit);
            let exact = unit == 1 || whole >= 10;
            return if exact {
                format!("{whole} {name}")
            } else {
                format!("{whole}.{tenth} {name}")
            };
        }
        unit = unit.saturating_mul(1000);
    }
    String::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        for (bytes, text) in [
            (0, "0 bytes"),
            (999, "999 bytes"),
            (1_000, "1.0 kB"),
            (15_999, "15 kB"),
            (3_450_000, "3.4 MB"),
            (9_000_000_000, "9.0 GB"),
            (i64::MAX, "9223372 TB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }
}
