//! A disk that loses a page.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::eventually;

/// What a page was.
pub struct Lost {
    file: File,
    at: u64,
    page: Vec<u8>,
}

impl Lost {
    pub fn put_back(&self) {
        self.file.write_all_at(&self.page, self.at).unwrap();
    }
}

/// Overwrites a page of an index in which nobody looks anything up.
pub fn damage(database: &Path) -> Lost {
    let sql = rusqlite::Connection::open(database).unwrap();
    // what is in the log would be read instead
    eventually("the log is empty", || {
        let busy: i64 =
            sql.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)).unwrap();
        (busy == 0).then_some(())
    });
    let number = |query: &str| -> u32 { sql.query_row(query, [], |row| row.get(0)).unwrap() };
    let root =
        number("SELECT rootpage FROM sqlite_schema WHERE name = 'announcement_reaction_account'");
    let size = number("PRAGMA page_size");
    let file = File::options().read(true).write(true).open(database).unwrap();
    let at = u64::from((root - 1) * size);
    let mut page = vec![0; size as usize];
    file.read_exact_at(&mut page, at).unwrap();
    file.write_all_at(&vec![0x5a; size as usize], at).unwrap();
    Lost { file, at, page }
}
