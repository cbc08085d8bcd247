//! Archives of accounts: posts that somebody brings along, and an account written as one. Both go in
//! small steps, which the server does for a command over its socket (`control`), or for itself
//! ([`Here`]), so that others have their turn in between: `take` and `hand_out` are the steps, and
//! whoever reads an archive (`bring_in`) or writes one (`write`) asks for them. `copies` has what
//! people want in a browser, which jobs do.

mod bring_in;
pub mod copies;
mod hand_out;
mod take;
mod write;

pub use bring_in::{Importer, MarksFound, Report, Wanted};
pub use hand_out::{ActorPart, ArchiveOut, ArchivePart, Marks, OutLine, execute as hand_out};
pub use take::{ArchiveCommand, ArchiveReply, EntryLine, Piece, execute as take};
pub use write::{Written, write};

use crate::app::App;
use crate::error::{Error, Result};
use crate::model::Sheet;
use crate::service;
use crate::service::account::find_person;

/// Bytes of a file in one step.
pub const PIECE: u64 = 512 << 10;

/// Who does the steps.
pub trait Steps {
    /// One of taking in.
    fn take(&mut self, command: ArchiveCommand) -> Result<ArchiveReply>;

    /// One of handing out.
    fn hand_out(&mut self, wanted: ArchiveOut) -> Result<ArchivePart>;

    /// Begins an import of bookmarks, one address a line.
    fn import_bookmarks(&mut self, account: &str, lines: String) -> Result<()>;

    /// Milliseconds since 1970.
    fn now_ms(&self) -> i64;
}

/// This process; it stops between two steps when the server does.
pub struct Here<'a>(pub &'a App);

impl Here<'_> {
    fn go_on(&self) -> Result<()> {
        match self.0.wake.is_closed() {
            true => Err(Error::internal("the server is stopping")),
            false => Ok(()),
        }
    }
}

impl Steps for Here<'_> {
    fn take(&mut self, command: ArchiveCommand) -> Result<ArchiveReply> {
        self.go_on()?;
        take(self.0, command)
    }

    fn hand_out(&mut self, wanted: ArchiveOut) -> Result<ArchivePart> {
        self.go_on()?;
        service::media::check_room(&self.0.media, self.0.config.media.min_free_disk.0)?;
        hand_out(self.0, wanted)
    }

    fn import_bookmarks(&mut self, account: &str, lines: String) -> Result<()> {
        let app = self.0;
        let (account, _) = app.db.read(|conn| find_person(conn, &app.site, account))?;
        let (kind, overwrite) = (Sheet::Bookmarks, false);
        service::import::begin(&app.db, &app.site, account.id, kind, overwrite, &lines).map(drop)
    }

    fn now_ms(&self) -> i64 {
        self.0.clock.now_ms()
    }
}
