//! What came of an import, for whoever typed it.

use std::collections::BTreeMap;

use crate::cli::delivery::count;
use crate::cli::output;
use crate::error::Result;

/// What came of all.
#[derive(Default)]
pub(super) struct Report {
    pub taken: usize,
    pub known: usize,
    pub files: usize,
    /// How many entries, by the reason.
    left: BTreeMap<String, usize>,
    /// Names of files, by the reason.
    left_files: BTreeMap<String, (usize, Vec<String>)>,
}

/// How many files are named for each reason.
const NAMED: usize = 10;

impl Report {
    /// An entry stays out.
    pub(super) fn leave(&mut self, why: &str) {
        *self.left.entry(why.to_owned()).or_default() += 1;
    }

    /// A file of an entry stays out.
    pub(super) fn leave_file(&mut self, why: &str, name: &str) {
        let (number, names) = self.left_files.entry(why.to_owned()).or_default();
        *number += 1;
        if names.len() < NAMED {
            names.push(name.to_owned());
        }
    }

    /// Prints it.
    pub(super) fn print(&self, dry_run: bool) -> Result<()> {
        let verb = if dry_run { "Would take" } else { "Took" };
        let mut text =
            format!("{verb}: {}, {}\n", count(self.taken, "post"), count(self.files, "file"));
        if self.known > 0 {
            text += &format!("Here already: {}\n", self.known);
        }
        for (why, number) in &self.left {
            text += &format!("Left out: {number} ({})\n", output::printable(why));
        }
        for (why, (number, names)) in &self.left_files {
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
}
