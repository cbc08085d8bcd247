//! `dassie media check`.

use clap::Args;

use super::usage::size;
use crate::cli::delivery::count;
use crate::cli::output::{self, Progress};
use crate::cli::reach::Place;
use crate::config::Size;
use crate::control::{MEDIA_STEPS, MediaCommand, MediaFindings, MediaReply, Reply};
use crate::error::Result;

/// `dassie media check`.
#[derive(Debug, Args)]
pub(in crate::cli) struct Check {
    /// Remove what nothing needs and is older than a day, and have lost files fetched again
    #[arg(long)]
    repair: bool,
}

pub(super) fn check(place: &Place, options: &Check) -> Result<()> {
    let repair = options.repair;
    let mut progress = Progress::new();
    let (mut sum, mut from) = (MediaFindings::default(), 0);
    while from < MEDIA_STEPS {
        progress.part(from, MEDIA_STEPS, "");
        match super::ask(place, MediaCommand::Check { from, repair })? {
            MediaReply::Checked { found, next } if next > from => {
                sum.add(found);
                from = next;
            }
            reply => return output::unexpected(&Reply::Media(reply)),
        }
    }
    progress.clear();
    output::print(&render(&sum, repair))
}

fn render(found: &MediaFindings, repair: bool) -> String {
    let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    let mut text = format!(
        "Looked at {}, {}\n",
        count(number(found.files), "file"),
        Size(found.bytes).rounded()
    );
    if found.in_bucket > 0 {
        let files = count(number(found.in_bucket), "file");
        text += &format!("{files} in the bucket, not looked at\n");
    }
    let orphan_bytes = size(i64::try_from(found.orphan_bytes).unwrap_or(i64::MAX));
    let faults = [
        (found.orphans, format!("that nothing needs, {orphan_bytes}"), true),
        (found.lost, "of the cache lost or damaged".to_owned(), true),
        (
            found.lost_uploads,
            "of uploads lost: a backup may have what is named below".into(),
            false,
        ),
    ];
    let mut any = false;
    for (n, what, mends) in &faults {
        if *n > 0 {
            any |= *mends;
            let done = if repair && *mends { ": mended" } else { "" };
            text += &format!("{} {what}{done}\n", count(number(*n), "file"));
        }
    }
    for name in &found.names {
        text += &format!("  {}\n", output::printable(name));
    }
    if faults.iter().all(|(n, ..)| *n == 0) {
        text += "All is as it should be\n";
    } else if any && !repair {
        text += "Add --repair to mend that\n";
    }
    text
}
