//! Reports, and what the administrator decides about servers.

/// What a report is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Category {
    Spam,
    Legal,
    Violation,
    #[default]
    Other,
}

impl Category {
    const ALL: [Self; 4] = [Self::Spam, Self::Legal, Self::Violation, Self::Other];

    /// The client API's word; stored as such.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Spam => "spam",
            Self::Legal => "legal",
            Self::Violation => "violation",
            Self::Other => "other",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|category| category.as_str() == word)
    }
}

/// Somebody, here or elsewhere, reported an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    pub id: i64,
    /// Who reports; of another server its own actor, usually.
    pub account_id: i64,
    pub target_id: i64,
    pub category: Category,
    pub comment: String,
    pub status_ids: Vec<i64>,
    /// Numbers of the rules, from 1 on.
    pub rule_ids: Vec<i64>,
    pub forwarded: bool,
    pub assigned_id: Option<i64>,
    pub action_taken_at: Option<i64>,
    pub action_taken_by_id: Option<i64>,
    pub created_at: i64,
    pub updated_at: i64,
}

/// How a block of a domain works; stored as its number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i64)]
pub enum Severity {
    /// Only what is said beside: media or reports are refused.
    Noop = 0,
    /// Its accounts are limited.
    #[default]
    Silence = 1,
    /// We have nothing to do with it.
    Suspend = 2,
}

impl Severity {
    const ALL: [Self; 3] = [Self::Noop, Self::Silence, Self::Suspend];

    /// The client API's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Noop => "noop",
            Self::Silence => "silence",
            Self::Suspend => "suspend",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.as_str() == word)
    }

    /// From the stored number.
    pub fn from_number(number: i64) -> Self {
        match number {
            0 => Self::Noop,
            1 => Self::Silence,
            _ => Self::Suspend,
        }
    }
}

/// The administrator's block of a domain and what is below it (F-338, F-340).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DomainBlock {
    pub id: i64,
    pub domain: String,
    pub severity: Severity,
    pub reject_media: bool,
    pub reject_reports: bool,
    pub public_comment: Option<String>,
    pub private_comment: Option<String>,
    /// Its name is not shown whole to others.
    pub obfuscate: bool,
    pub created_at: i64,
}

/// A domain that we have to do with in allow-list mode (F-339).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DomainAllow {
    pub id: i64,
    pub domain: String,
    pub created_at: i64,
}
