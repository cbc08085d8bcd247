//! The steps of taking an archive in: whoever asks reads the file. What was taken in stays, so that an
//! import that was cut off goes on when it is asked for again.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::db::{self, Lane};
use crate::error::{Error, Result};
use crate::media::image::{Outcome as Processed, Purpose};
use crate::service::account::find_person;
use crate::service::archive::{self, Outcome, Ready, Terms};
use crate::service::media;

/// How many posts one command removes.
const REMOVED: usize = 200;
/// How many of them share a transaction.
const TOGETHER: i64 = 10;

/// What an operator wants of an archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArchiveCommand {
    /// Which of these came before.
    Known { account: String, uris: Vec<String> },
    /// A piece of a file.
    Piece(Piece),
    /// Some entries.
    Take { account: String, terms: Terms, entries: Vec<EntryLine> },
    /// Remove some of what was taken in; a dry run counts.
    Remove { account: String, dry_run: bool },
}

/// What comes of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArchiveReply {
    /// Of each, in their order.
    Known(Vec<bool>),
    /// The file goes on under this key.
    More(String),
    /// The file is here, as this upload.
    Upload(i64),
    /// It is not taken; why.
    Refused(String),
    /// Of each, in their order.
    Taken(Vec<Outcome>),
    Removed {
        removed: u64,
        left: i64,
    },
}

/// A piece of a file that belongs to a post.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    pub account: String,
    /// What the first piece was told.
    pub key: Option<String>,
    /// Of the whole file, in bytes.
    pub size: u64,
    /// When its post was written, in milliseconds since 1970.
    pub written_at: i64,
    /// The bytes, in base64.
    pub bytes: String,
}

impl Piece {
    /// With these bytes.
    pub fn of(self, bytes: &[u8]) -> Self {
        Self { bytes: STANDARD.encode(bytes), ..self }
    }
}

impl std::fmt::Debug for Piece {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Piece({:?} of {} bytes)", self.key, self.size)
    }
}

/// An entry of the outbox as it stands there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryLine {
    pub document: String,
    /// The uploads of its attachments, in their order.
    pub uploads: Vec<Option<i64>>,
}

impl ArchiveCommand {
    /// As it is typed.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Remove { .. } => "account remove-imported",
            _ => "account import-archive",
        }
    }
}

/// Does a step.
///
/// # Errors
/// 404 for an account that is not here, 403 for one that may not write, 503 when the disk is full.
pub fn execute(app: &App, command: ArchiveCommand) -> Result<ArchiveReply> {
    Ok(match command {
        ArchiveCommand::Known { account, uris } => app.db.read(|conn| {
            let (account, _) = find_person(conn, &app.site, &account)?;
            let each = uris.iter().map(|uri| archive::is_here(conn, account.id, uri));
            each.collect::<Result<_>>().map(ArchiveReply::Known)
        })?,
        ArchiveCommand::Piece(piece) => receive(app, piece)?,
        ArchiveCommand::Take { account, terms, entries } => {
            ArchiveReply::Taken(take(app, &account, &terms, entries)?)
        }
        ArchiveCommand::Remove { account, dry_run } => remove(app, &account, dry_run)?,
    })
}

/// Takes entries in, each in a closure of its own; they share commits.
fn take(app: &App, account: &str, terms: &Terms, entries: Vec<EntryLine>) -> Result<Vec<Outcome>> {
    let (account, _) = app.db.read(|conn| find_person(conn, &app.site, account))?;
    let (id, now) = (account.id, app.clock.now_ms());
    let ready = entries
        .into_iter()
        .map(|entry| Ready::read(&app.site, terms, now, entry.document.as_bytes(), entry.uploads));
    if terms.dry_run {
        let ready: Vec<_> = ready.collect();
        return app.db.read(|conn| {
            let each = ready.iter().map(|ready| match ready {
                Ok(ready) => {
                    archive::judge(conn, id, ready).map(|found| found.unwrap_or(Outcome::Taken))
                }
                Err(outcome) => Ok(outcome.clone()),
            });
            each.collect()
        });
    }
    let written: Vec<_> = ready
        .map(|ready| {
            ready.map(|ready| {
                let site = app.site.clone();
                app.db.write(Lane::Background, move |tx| archive::take(tx, &site, id, &ready))
            })
        })
        .collect();
    written
        .into_iter()
        .map(|written| match written {
            // what one post breaks keeps no other out
            Ok(written) => written.wait().or_else(|error| match error {
                Error::Invalid(why) => Ok(Outcome::Left(why)),
                error => Err(error),
            }),
            Err(outcome) => Ok(outcome),
        })
        .collect()
}

/// Takes a piece of a file; with the last one it is processed like any upload.
fn receive(app: &App, piece: Piece) -> Result<ArchiveReply> {
    let (account, _) = app.db.read(|conn| find_person(conn, &app.site, &piece.account))?;
    let bytes = STANDARD.decode(&piece.bytes).map_err(|_| Error::invalid("a file was cut off"))?;
    media::check_room(&app.media, app.config.media.min_free_disk.0)?;
    let key = match piece.key {
        None => {
            let most = media::most_bytes(&app.site, &bytes);
            if piece.size > most as u64 {
                return Ok(ArchiveReply::Refused(said(&media::too_large(most))));
            }
            let mut file = app.media.storage.begin()?;
            file.write(&bytes)?;
            file.keep()?
        }
        Some(key) => {
            app.media.storage.append(&key, &bytes)?;
            key
        }
    };
    let have = app.media.storage.temporary_size(&key)?;
    if have < piece.size && !bytes.is_empty() {
        return Ok(ArchiveReply::More(key));
    }
    let reply = match have == piece.size {
        true => process(app, account.id, &key, piece.written_at),
        false => Ok(ArchiveReply::Refused("it is damaged".to_owned())),
    };
    app.media.storage.remove_temporary(&key)?;
    reply
}

/// On the lane that decodes, one after the other with what is uploaded meanwhile.
fn process(app: &App, account: i64, key: &str, written_at: i64) -> Result<ArchiveReply> {
    let (this, of) = (app.clone(), key.to_owned());
    let decoded = app.lanes.decode.run(move || {
        let purpose = Purpose::Attachment;
        media::process(&this.media, &this.db, &this.site, &of, &of, purpose)
    })?;
    let outcome =
        decoded.blocking_recv().map_err(|_| Error::internal("decoding was cut off"))??;
    match outcome {
        Processed::Made(made) => {
            let key = key.to_owned();
            let write = app.db.write(Lane::Interactive, move |tx| {
                media::keep_old(tx, account, key, &made, written_at)
            });
            write.wait().map(ArchiveReply::Upload)
        }
        Processed::Refused(why) | Processed::Converter { sentence: why, .. } => {
            Ok(ArchiveReply::Refused(why))
        }
    }
}

fn said(error: &Error) -> String {
    let text = error.to_string();
    text.strip_prefix("Validation failed: ").unwrap_or(&text).to_owned()
}

fn remove(app: &App, account: &str, dry_run: bool) -> Result<ArchiveReply> {
    let (account, _) = app.db.read(|conn| find_person(conn, &app.site, account))?;
    let id = account.id;
    let before = app.db.read(|conn| db::imported::count(conn, id))?;
    let mut looked = usize::MAX;
    let mut done = 0;
    while !dry_run && looked > 0 && done < REMOVED && !app.wake.is_closed() {
        let site = app.site.clone();
        looked = app
            .db
            .write(Lane::Background, move |tx| archive::remove_some(tx, &site, id, TOGETHER))
            .wait()?;
        done += looked;
    }
    let left = app.db.read(|conn| db::imported::count(conn, id))?;
    // those that were deleted before are forgotten last
    let more = i64::from(looked > 0 && left == 0 && !dry_run);
    Ok(ArchiveReply::Removed {
        removed: u64::try_from(before - left).unwrap_or(0),
        left: left + more,
    })
}
