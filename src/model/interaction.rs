//! Who may favourite, answer and boost a status, and what came of those who need consent
//! (checklist section S, GoToSocial's interaction policies).

use serde::{Deserialize, Serialize};

/// What somebody does with a status; stored as its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i64)]
pub enum InteractionKind {
    Favourite = 0,
    Reply = 1,
    Reblog = 2,
}

impl InteractionKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Favourite, Self::Reply, Self::Reblog];

    /// The client API's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Favourite => "favourite",
            Self::Reply => "reply",
            Self::Reblog => "reblog",
        }
    }

    /// What the wire's names of its types and properties begin with.
    pub fn wire(self) -> &'static str {
        match self {
            Self::Favourite => "Like",
            Self::Reply => "Reply",
            Self::Reblog => "Announce",
        }
    }

    /// From the stored number.
    pub fn from_number(number: i64) -> Self {
        match number {
            1 => Self::Reply,
            2 => Self::Reblog,
            _ => Self::Favourite,
        }
    }
}

/// What came of an interaction that needs consent; stored as its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i64)]
pub enum InteractionState {
    Pending = 0,
    Accepted = 1,
    Rejected = 2,
    /// Accepted once, and not any more.
    Revoked = 3,
}

impl InteractionState {
    /// From the stored number; an unknown one allows nothing.
    pub fn from_number(number: i64) -> Self {
        match number {
            0 => Self::Pending,
            1 => Self::Accepted,
            3 => Self::Revoked,
            _ => Self::Rejected,
        }
    }
}

/// An interaction that needs consent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interaction {
    pub id: i64,
    pub kind: InteractionKind,
    pub target_id: i64,
    /// The target's author.
    pub owner_id: i64,
    pub account_id: i64,
    /// The reply or boost.
    pub status_id: Option<i64>,
    /// The id of the Like, Note or Announce.
    pub uri: String,
    pub state: InteractionState,
    /// The request that asks for it, where one was made.
    pub request_uri: Option<String>,
    /// The proof of the consent.
    pub authorization_uri: Option<String>,
    /// The Accept or Reject of ours.
    pub answer_uri: Option<String>,
    pub created_at: i64,
    pub decided_at: Option<i64>,
}

/// Whether a status waits for consent to what it answers or boosts; stored as its number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(i64)]
pub enum Held {
    #[default]
    Free = 0,
    /// Its author alone reads it, and whom it answers.
    Pending = 1,
    /// Its author alone reads it.
    Rejected = 2,
}

impl Held {
    /// From the stored number.
    pub fn from_number(number: i64) -> Self {
        match number {
            0 => Self::Free,
            1 => Self::Pending,
            _ => Self::Rejected,
        }
    }
}

/// An entry of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Who {
    /// Whoever may read the status.
    Public,
    /// The author's followers.
    Followers,
    /// Whom the author follows.
    Following,
    /// Whom the status names.
    Mentioned,
    /// One actor.
    Actor(String),
}

impl From<String> for Who {
    fn from(word: String) -> Self {
        match word.as_str() {
            "public" => Self::Public,
            "followers" => Self::Followers,
            "following" => Self::Following,
            "mentioned" => Self::Mentioned,
            _ => Self::Actor(word),
        }
    }
}

impl From<Who> for String {
    fn from(who: Who) -> Self {
        match who {
            Who::Public => "public".into(),
            Who::Followers => "followers".into(),
            Who::Following => "following".into(),
            Who::Mentioned => "mentioned".into(),
            Who::Actor(uri) => uri,
        }
    }
}

/// Who may do one thing: at once, or after the author agreed. The author always may.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    #[serde(rename = "a", default, skip_serializing_if = "Vec::is_empty")]
    pub automatic: Vec<Who>,
    #[serde(rename = "m", default, skip_serializing_if = "Vec::is_empty")]
    pub manual: Vec<Who>,
}

impl Rule {
    /// `None` for one that lets everybody.
    pub fn unless_open(self) -> Option<Self> {
        let open = self.automatic.contains(&Who::Public)
            && self.manual.iter().all(|who| *who == Who::Public);
        (!open).then_some(self)
    }
}

/// Who may do what with a status. What has no rule is for whoever may read it (F-330).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InteractionPolicy {
    #[serde(rename = "l", default, skip_serializing_if = "Option::is_none")]
    pub favourite: Option<Rule>,
    #[serde(rename = "r", default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<Rule>,
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    pub reblog: Option<Rule>,
    /// Told in the old words: its server knows of no requests (F-333).
    #[serde(rename = "o", default, skip_serializing_if = "std::ops::Not::not")]
    pub old: bool,
    /// Guessed from other words: a hint for our people, no rule for others (F-337).
    #[serde(rename = "h", default, skip_serializing_if = "std::ops::Not::not")]
    pub hint: bool,
}

impl InteractionPolicy {
    /// The rule for one thing.
    pub fn rule(&self, kind: InteractionKind) -> Option<&Rule> {
        match kind {
            InteractionKind::Favourite => self.favourite.as_ref(),
            InteractionKind::Reply => self.reply.as_ref(),
            InteractionKind::Reblog => self.reblog.as_ref(),
        }
    }

    /// `None` for one without rules: so it is stored.
    pub fn unless_open(self) -> Option<Box<Self>> {
        let open = self.favourite.is_none() && self.reply.is_none() && self.reblog.is_none();
        (!open).then(|| Box::new(self))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_stored_in_few_words() {
        let policy = InteractionPolicy {
            reply: Some(Rule {
                automatic: vec![Who::Followers, Who::Actor("https://a.example/b".into())],
                manual: vec![Who::Public],
            }),
            ..InteractionPolicy::default()
        };
        let text = serde_json::to_string(&policy).unwrap();
        assert_eq!(text, r#"{"r":{"a":["followers","https://a.example/b"],"m":["public"]}}"#);
        assert_eq!(serde_json::from_str::<InteractionPolicy>(&text).unwrap(), policy);
        assert_eq!(InteractionPolicy::default().unless_open(), None);
        let open = Rule { automatic: vec![Who::Public], manual: vec![Who::Public] };
        assert_eq!(open.unless_open(), None);
    }
}
