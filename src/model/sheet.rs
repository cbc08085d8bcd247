//! What people take along in CSV files when they move.

use serde::{Deserialize, Serialize};

/// Which file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sheet {
    Following,
    /// Can only be taken out.
    Followers,
    Lists,
    Blocks,
    Mutes,
    DomainBlocks,
    Bookmarks,
}

impl Sheet {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::Following,
        Self::Followers,
        Self::Lists,
        Self::Blocks,
        Self::Mutes,
        Self::DomainBlocks,
        Self::Bookmarks,
    ];

    /// The client API's word, and the file's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Following => "following",
            Self::Followers => "followers",
            Self::Lists => "lists",
            Self::Blocks => "blocks",
            Self::Mutes => "mutes",
            Self::DomainBlocks => "domain_blocks",
            Self::Bookmarks => "bookmarks",
        }
    }

    /// Reads the word, in Mastodon's spellings as well.
    pub fn parse(word: &str) -> Option<Self> {
        let word = match word {
            "follows" => "following",
            "blocking" => "blocks",
            "muting" => "mutes",
            "domain_blocking" => "domain_blocks",
            other => other,
        };
        Self::ALL.iter().copied().find(|sheet| sheet.as_str() == word)
    }
}

/// One line of a file. What a file does not say is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SheetRow {
    /// `name@domain` without an at sign in front, a domain, or the address of a status.
    pub what: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reblogs: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notify: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub languages: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hide_notifications: Option<bool>,
}

/// How an import stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    pub id: i64,
    pub account_id: i64,
    pub sheet: Sheet,
    /// What the file does not name goes.
    pub overwrite: bool,
    pub total: i64,
    pub done: i64,
    pub failed: i64,
    pub created_at: i64,
    pub finished_at: Option<i64>,
}
