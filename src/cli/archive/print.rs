//! What came of an import, for whoever typed it.

use crate::archive::Report;
use crate::cli::delivery::count;
use crate::cli::output;
use crate::error::Result;

/// Prints it.
pub(super) fn report(report: &Report, dry_run: bool) -> Result<()> {
    let verb = if dry_run { "Would take" } else { "Took" };
    let mut text =
        format!("{verb}: {}, {}\n", count(report.taken, "post"), count(report.files, "file"));
    if report.known > 0 {
        text += &format!("Here already: {}\n", report.known);
    }
    for (why, number) in &report.left {
        text += &format!("Left out: {number} ({})\n", output::printable(why));
    }
    for (why, (number, names)) in &report.left_files {
        text += &format!("Files left out: {number} ({})\n", output::printable(why));
        for name in names {
            text += &format!("  {}\n", output::printable(name));
        }
        if *number > names.len() {
            text += "  …\n";
        }
    }
    output::print(&text)
}
