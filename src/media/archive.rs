//! The archive of a backup: `tar.gz`, and in the format of age around it if there is a passphrase.
//! First comes `manifest.json`, then the settings file (`dassie.toml`), the database, the uploads
//! (`media/ab/cd/…`), and at the end `end.json`, which says how many files there are and the
//! SHA-256 of what `sha256sum` would print for them: an archive without it is not whole.
//!
//! What is read is somebody's file: names are taken apart and never become paths by themselves, and
//! nothing is kept in memory but a piece.

mod read;
#[cfg(test)]
mod tests;
mod write;

use serde::{Deserialize, Serialize};

use super::storage::Name;

pub use read::{is_encrypted, read};
pub use write::Writer;

/// Names inside.
const MANIFEST: &str = "manifest.json";
const SETTINGS: &str = "dassie.toml";
const DATABASE: &str = "dassie.db";
const END: &str = "end.json";

/// The form of archives that this program writes.
pub const FORMAT: u32 = 1;

/// What an archive says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: u32,
    /// The version of the program.
    pub dassie: String,
    /// The version of the database's schema.
    pub schema: i64,
    pub host: String,
    pub account_domain: String,
    /// Milliseconds since 1970, and the same for people.
    pub made_at: i64,
    pub made: String,
    /// Bytes of the database.
    pub database: u64,
    /// Whether it has the uploads of the data folder.
    pub uploads: bool,
}

/// The last file.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct End {
    files: u64,
    sha256: String,
}

/// One file of an archive, with its bytes.
pub enum Entry<'a> {
    Manifest(Manifest),
    Settings(Vec<u8>),
    Database(&'a mut dyn std::io::Read),
    Upload(Name, &'a mut dyn std::io::Read),
}

/// Where an upload is inside.
fn upload(name: &Name) -> String {
    let text = name.as_str();
    format!("media/{}/{}/{text}", &text[..2], &text[2..4])
}
