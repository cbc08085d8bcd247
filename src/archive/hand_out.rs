//! An account as an archive of Mastodon's shape (`BackupService`), handed out in parts to whoever
//! writes the file.

use std::io::{Read as _, Seek as _, SeekFrom};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::PIECE;
use crate::activity::build;
use crate::app::App;
use crate::db::{self, Conn};
use crate::error::{Error, Result};
use crate::media::storage::{Incoming, Name};
use crate::model::{Account, Page};
use crate::service::account::find_person;
use crate::service::around::Around;
use crate::service::document;

/// How many posts, or addresses of marked ones, one answer has.
const POSTS: usize = 100;
const MARKS: usize = 1000;
/// Where files lie in the archive.
const FOLDER: &str = "media_attachments/files";

/// What is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArchiveOut {
    Actor {
        account: String,
    },
    /// The posts after this one, the oldest first.
    Posts {
        account: String,
        after: i64,
    },
    /// What the account marked, the newest first.
    Marks {
        account: String,
        kind: Marks,
        below: Option<i64>,
    },
    /// A stored file from there on; `from`, as the first answer said.
    File {
        name: String,
        at: u64,
        from: Option<String>,
    },
}

/// How posts are marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Marks {
    Favourites,
    Bookmarks,
}

/// A part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArchivePart {
    Actor(ActorPart),
    Posts {
        lines: Vec<OutLine>,
        after: Option<i64>,
    },
    Marks {
        uris: Vec<String>,
        below: Option<i64>,
    },
    /// Bytes in base64; whether there are more, and where those are.
    File {
        bytes: String,
        more: bool,
        from: Option<String>,
    },
    /// The file is not there.
    Lost,
}

/// Who it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActorPart {
    pub document: String,
    /// Stored files with their names in the archive: avatar and header.
    pub files: Vec<(String, String)>,
    pub statuses: i64,
}

/// An entry of the outbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutLine {
    pub document: String,
    /// Stored files with their names in the archive.
    pub files: Vec<(String, String)>,
}

/// Hands a part out.
///
/// # Errors
/// 404 for an account that is not here, 422 for a name that is none of a file.
pub fn execute(app: &App, command: ArchiveOut) -> Result<ArchivePart> {
    match command {
        ArchiveOut::Actor { account } => app.db.read(|conn| {
            let (account, _) = find_person(conn, &app.site, &account)?;
            actor(app, conn, &account).map(ArchivePart::Actor)
        }),
        ArchiveOut::Posts { account, after } => app.db.read(|conn| {
            let (account, _) = find_person(conn, &app.site, &account)?;
            posts(app, conn, &account, after)
        }),
        ArchiveOut::Marks { account, kind, below } => app.db.read(|conn| {
            let (account, _) = find_person(conn, &app.site, &account)?;
            marks(conn, account.id, kind, below)
        }),
        ArchiveOut::File { name, at, from } => file(app, &name, at, from),
    }
}

/// `actor.json`: the addresses of its collections and pictures are those of the archive.
fn actor(app: &App, conn: &Conn, account: &Account) -> Result<ActorPart> {
    let mut document = build::actor(&document::actor(conn, &app.site, account)?);
    let mut files = Vec::new();
    let pictures =
        [("icon", "avatar", &account.avatar_url), ("image", "header", &account.header_url)];
    for (key, name, url) in pictures {
        let stored = url.as_deref().and_then(|url| Name::parse(url.rsplit('/').next()?));
        let Some((stored, image)) = stored.zip(document.get_mut(key)) else { continue };
        let ending = stored.as_str().rsplit('.').next().unwrap_or("jpg").to_owned();
        let name = format!("{name}.{ending}");
        image["url"] = json!(name);
        files.push((stored.as_str().to_owned(), name));
    }
    for key in ["outbox", "likes", "bookmarks"] {
        document[key] = json!(format!("{key}.json"));
    }
    let statuses = account.statuses_count;
    Ok(ActorPart { document: document.to_string(), files, statuses })
}

fn posts(app: &App, conn: &Conn, account: &Account, after: i64) -> Result<ArchivePart> {
    let of = db::status::OfAccount { account_id: account.id, ..Default::default() };
    let page = Page { max_id: None, since_id: None, min_id: Some(after), limit: POSTS };
    let mut statuses = db::status::list_of_account(conn, account.id, of, &page)?;
    statuses.reverse();
    let around = Around::read(conn, &statuses)?;
    let mut lines = Vec::new();
    for status in &statuses {
        let activity = document::activity_with(conn, &around, &app.site, status, account)?;
        let mut activity = build::without_context(activity);
        let mut files = Vec::new();
        for upload in around.uploads(status.id) {
            let (stored, name) = (upload.file(), format!("{FOLDER}/{}", upload.file()));
            let url = app.site.media(&stored);
            let attached = activity.pointer_mut("/object/attachment").and_then(Value::as_array_mut);
            for one in attached.into_iter().flatten().filter(|one| one["url"] == url) {
                one["url"] = json!(format!("/{name}"));
            }
            files.push((stored, name));
        }
        lines.push(OutLine { document: activity.to_string(), files });
    }
    let after = statuses.last().filter(|_| statuses.len() == POSTS).map(|status| status.id);
    Ok(ArchivePart::Posts { lines, after })
}

fn marks(conn: &Conn, account: i64, kind: Marks, below: Option<i64>) -> Result<ArchivePart> {
    let page = Page { max_id: below, since_id: None, min_id: None, limit: MARKS };
    let rows = match kind {
        Marks::Favourites => db::favourite::list_statuses(conn, account, &page)?,
        Marks::Bookmarks => db::bookmark::list(conn, account, &page)?,
    };
    let ids: Vec<i64> = rows.iter().map(|(_, status)| *status).collect();
    let statuses = db::status::list(conn, &ids)?;
    let uri = |id: &i64| statuses.iter().find(|s| s.id == *id).map(|s| s.uri.clone());
    let uris = ids.iter().filter_map(uri).collect();
    let below = rows.last().filter(|_| rows.len() == MARKS).map(|(row, _)| *row);
    Ok(ArchivePart::Marks { uris, below })
}

fn file(app: &App, name: &str, at: u64, from: Option<String>) -> Result<ArchivePart> {
    let storage = &app.media.storage;
    let name = Name::parse(name).ok_or_else(|| Error::invalid("that is no name of a file"))?;
    let from = match from {
        Some(key) => Some(key),
        None => match storage.open_file(&name)? {
            Some((file, size)) => return part(file, size, at, None),
            None => match fetch(app, &name)? {
                Some(key) => Some(key),
                None => return Ok(ArchivePart::Lost),
            },
        },
    };
    let key = from.unwrap_or_default();
    let size = storage.temporary_size(&key)?;
    let file = std::fs::File::open(storage.temporary(&key)).map_err(Error::internal)?;
    let piece = part(file, size, at, Some(key.clone()))?;
    if !matches!(piece, ArchivePart::File { more: true, .. }) {
        storage.remove_temporary(&key)?;
    }
    Ok(piece)
}

/// Out of the bucket into a temporary file.
fn fetch(app: &App, name: &Name) -> Result<Option<String>> {
    let Ok(bucket) = app.media.storage.bucket() else { return Ok(None) };
    let mut file = app.media.storage.begin()?;
    let copied = bucket.copy(name, &mut Writing(&mut file))?;
    copied.map(|_| file.keep()).transpose()
}

/// A file that is received, as the bucket wants it.
struct Writing<'a>(&'a mut Incoming);

impl std::io::Write for Writing<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.write(bytes).map_err(std::io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn part(mut file: std::fs::File, size: u64, at: u64, from: Option<String>) -> Result<ArchivePart> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(at)).map_err(Error::internal)?;
    file.take(PIECE).read_to_end(&mut bytes).map_err(Error::internal)?;
    let more = !bytes.is_empty() && at + (bytes.len() as u64) < size;
    Ok(ArchivePart::File { bytes: STANDARD.encode(bytes), more, from })
}
