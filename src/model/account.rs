//! An actor, local or remote.

use serde::{Deserialize, Serialize};

use super::Emoji;

/// The id of the instance actor: below every snowflake.
pub const INSTANCE_ACTOR: i64 = 1;

/// What kind of actor it is; stored as its number (F-043).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(i64)]
pub enum ActorKind {
    #[default]
    Person = 0,
    Service = 1,
    Application = 2,
    Group = 3,
    Organization = 4,
}

impl ActorKind {
    /// The ActivityStreams type.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "Person",
            Self::Service => "Service",
            Self::Application => "Application",
            Self::Group => "Group",
            Self::Organization => "Organization",
        }
    }

    /// Reads the ActivityStreams type.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Person, Self::Service, Self::Application, Self::Group, Self::Organization]
            .into_iter()
            .find(|kind| kind.as_str() == word)
    }

    /// Service and Application: shown as bots.
    pub fn is_bot(self) -> bool {
        matches!(self, Self::Service | Self::Application)
    }

    /// From the stored number; an unknown one is a person.
    pub fn from_number(number: i64) -> Self {
        match number {
            1 => Self::Service,
            2 => Self::Application,
            3 => Self::Group,
            4 => Self::Organization,
            _ => Self::Person,
        }
    }
}

/// One line of a profile; `value` is HTML.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    pub name: String,
    pub value: String,
    /// RFC 3339, when the link was found to point back.
    #[serde(default)]
    pub verified_at: Option<String>,
}

/// An avatar or header that was uploaded here, beside its address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    pub media_type: String,
    /// The still version of a moving one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub static_url: Option<String>,
    /// What it shows, in words.
    #[serde(default)]
    pub description: String,
}

/// What is known of a local account's pictures.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pictures {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar: Option<Picture>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<Picture>,
}

/// What of a profile is shown and never looked for; all of it may be absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(clippy::struct_excessive_bools)]
pub struct Details {
    /// Nobody else sees followers and following.
    #[serde(skip_serializing_if = "is_false")]
    pub hide_collections: bool,
    /// Who it belonged to has died.
    #[serde(skip_serializing_if = "is_false")]
    pub memorial: bool,
    /// Parts of the profile that clients shall not show.
    #[serde(skip_serializing_if = "is_false")]
    pub hide_featured: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub hide_media: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub hide_media_replies: bool,
    /// Web sites that may name the account as author of a page (F-033).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attribution_domains: Vec<String>,
    /// Other actors of the same person (F-031).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also_known_as: Vec<String>,
    /// The collection of the tags that it features (F-028).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub featured_tags_uri: Option<String>,
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// An account as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    pub id: i64,
    pub username: String,
    /// `None`: local.
    pub domain: Option<String>,
    pub uri: String,
    pub url: Option<String>,
    pub kind: ActorKind,
    pub display_name: String,
    /// HTML.
    pub note: String,
    pub fields: Vec<Field>,
    pub emojis: Vec<Emoji>,
    pub avatar_url: Option<String>,
    pub header_url: Option<String>,
    pub locked: bool,
    pub discoverable: bool,
    pub indexable: bool,
    pub inbox: Option<String>,
    pub shared_inbox: Option<String>,
    pub outbox: Option<String>,
    pub followers_uri: Option<String>,
    pub following_uri: Option<String>,
    pub featured_uri: Option<String>,
    pub moved_to_uri: Option<String>,
    pub created_at: i64,
    pub fetched_at: Option<i64>,
    pub suspended_at: Option<i64>,
    /// Limited: found by its followers only.
    pub silenced_at: Option<i64>,
    /// All its media are marked as sensitive.
    pub sensitized_at: Option<i64>,
    pub statuses_count: i64,
    pub followers_count: i64,
    pub following_count: i64,
    pub last_status_at: Option<i64>,
    /// Local accounts with an avatar or a header only.
    pub pictures: Option<Box<Pictures>>,
    pub details: Details,
}

impl Account {
    /// Lives on this server.
    pub fn is_local(&self) -> bool {
        self.domain.is_none()
    }

    /// The avatar that was uploaded here.
    pub fn avatar(&self) -> Option<&Picture> {
        self.pictures.as_ref()?.avatar.as_ref()
    }

    /// The header that was uploaded here.
    pub fn header(&self) -> Option<&Picture> {
        self.pictures.as_ref()?.header.as_ref()
    }

    /// `name` for a local account, `name@domain` for a remote one.
    pub fn acct(&self) -> String {
        match &self.domain {
            Some(domain) => format!("{}@{domain}", self.username),
            None => self.username.clone(),
        }
    }

    /// Where a browser finds it.
    pub fn page(&self) -> &str {
        self.url.as_deref().unwrap_or(&self.uri)
    }

    /// Where deliveries to it go: the shared inbox where there is one (F-204).
    pub fn delivery_inbox(&self) -> Option<&str> {
        self.shared_inbox.as_deref().or(self.inbox.as_deref())
    }
}
