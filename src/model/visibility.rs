//! Who may see a status.

use serde::{Deserialize, Serialize};

/// The four visibilities of the client API; stored as their number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(i64)]
pub enum Visibility {
    /// Everybody, and shown in public timelines.
    Public = 0,
    /// Everybody, not in public timelines.
    Unlisted = 1,
    /// Accepted followers and those mentioned.
    Private = 2,
    /// Those mentioned.
    Direct = 3,
}

impl Visibility {
    /// The client API's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Unlisted => "unlisted",
            Self::Private => "private",
            Self::Direct => "direct",
        }
    }

    /// Reads the client API's word.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "public" => Some(Self::Public),
            "unlisted" => Some(Self::Unlisted),
            "private" => Some(Self::Private),
            "direct" => Some(Self::Direct),
            _ => None,
        }
    }

    /// From the stored number; an unknown one is the narrowest.
    pub fn from_number(number: i64) -> Self {
        match number {
            0 => Self::Public,
            1 => Self::Unlisted,
            2 => Self::Private,
            _ => Self::Direct,
        }
    }

    /// Anybody may read it, signed in or not.
    pub fn is_open(self) -> bool {
        self <= Self::Unlisted
    }
}
