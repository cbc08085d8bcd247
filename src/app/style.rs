//! The operator's own style sheet (`pages.custom_css`).

use std::fs::File;
use std::io::Read;

use crate::cache::weak_tag;
use crate::config::Config;
use crate::error::{Error, Result};

/// The largest that is taken, in bytes: every visitor loads it.
const MOST: u64 = 64 * 1024;

/// A style sheet with where it is served.
pub struct Style {
    pub text: String,
    pub tag: String,
    /// Another text has another address.
    pub address: String,
}

impl Style {
    /// Reads the file that the settings name; `None` where they name none.
    ///
    /// # Errors
    /// One sentence when it cannot be read, is too large, or is no text.
    pub fn read(config: &Config) -> Result<Option<Self>> {
        let Some(path) = &config.pages.custom_css else { return Ok(None) };
        let wrong = |why: String| {
            Error::internal(format!(
                "cannot use pages.custom_css {}: {why}. Correct the path or the file, or leave it out.",
                path.display()
            ))
        };
        let mut text = String::new();
        File::open(path)
            .and_then(|file| file.take(MOST + 1).read_to_string(&mut text))
            .map_err(|e| wrong(e.to_string()))?;
        if text.len() as u64 > MOST {
            return Err(wrong(format!("it has more than {MOST} bytes")));
        }
        let tag = weak_tag(text.as_bytes());
        let hash: String = tag.chars().filter(char::is_ascii_hexdigit).collect();
        let address = format!("/assets/custom.css?v={hash}");
        Ok(Some(Self { text, tag, address }))
    }
}
