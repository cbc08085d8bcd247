//! Applications, tokens and what they may do.

/// A registered client application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    pub id: i64,
    pub client_id: String,
    pub secret_hash: Vec<u8>,
    pub name: String,
    pub website: Option<String>,
    /// One a line, compared exactly (S-070).
    pub redirect_uris: String,
    /// Space separated.
    pub scopes: String,
    pub created_at: i64,
}

/// An access token as it is stored: by its hash only (S-075).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub id: i64,
    pub application_id: i64,
    /// `None`: client credentials, no person behind it.
    pub account_id: Option<i64>,
    pub scopes: Scopes,
    pub created_at: i64,
}

/// A token as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenLine {
    pub id: i64,
    pub application_id: i64,
    /// Of the application.
    pub name: String,
    pub website: Option<String>,
    /// Space separated.
    pub scopes: String,
    pub created_at: i64,
    /// To the day.
    pub last_used_at: Option<i64>,
}

/// A browser that is signed in, as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionLine {
    pub hash: Vec<u8>,
    pub created_at: i64,
    pub expires_at: i64,
    /// What the browser calls itself.
    pub agent: String,
}

/// A set of scopes, e.g. `read write:statuses follow`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes(Vec<String>);

/// Everything that a client may ask for (S-076).
const KNOWN: &[&str] = &[
    "profile",
    "follow",
    "push",
    "read",
    "read:accounts",
    "read:blocks",
    "read:bookmarks",
    "read:collections",
    "read:favourites",
    "read:filters",
    "read:follows",
    "read:lists",
    "read:mutes",
    "read:notifications",
    "read:search",
    "read:statuses",
    "write",
    "write:accounts",
    "write:blocks",
    "write:bookmarks",
    "write:collections",
    "write:conversations",
    "write:favourites",
    "write:filters",
    "write:follows",
    "write:lists",
    "write:media",
    "write:mutes",
    "write:notifications",
    "write:reports",
    "write:statuses",
    "admin:read",
    "admin:read:accounts",
    "admin:read:reports",
    "admin:read:domain_allows",
    "admin:read:domain_blocks",
    "admin:read:email_domain_blocks",
    "admin:read:ip_blocks",
    "admin:read:canonical_email_blocks",
    "admin:write",
    "admin:write:accounts",
    "admin:write:reports",
    "admin:write:domain_allows",
    "admin:write:domain_blocks",
    "admin:write:email_domain_blocks",
    "admin:write:ip_blocks",
    "admin:write:canonical_email_blocks",
];

/// What the old scope `follow` stands for.
const FOLLOW: &[&str] =
    &["read:blocks", "read:follows", "read:mutes", "write:blocks", "write:follows", "write:mutes"];

impl Scopes {
    /// Reads a list separated by spaces or `+`; `None` when one of them is unknown.
    pub fn parse(text: &str) -> Option<Self> {
        let mut scopes: Vec<String> = Vec::new();
        for word in text.split([' ', '+', '\n']).filter(|word| !word.is_empty()) {
            if !KNOWN.contains(&word) {
                return None;
            }
            if !scopes.iter().any(|have| have == word) {
                scopes.push(word.to_owned());
            }
        }
        Some(Self(scopes))
    }

    /// All known scopes, for the metadata document.
    pub fn known() -> &'static [&'static str] {
        KNOWN
    }

    /// Whether `wanted` (e.g. `write:statuses`) is among them, itself or by a wider one.
    pub fn allow(&self, wanted: &str) -> bool {
        self.0.iter().any(|have| {
            have == wanted
                || wanted.strip_prefix(have.as_str()).is_some_and(|rest| rest.starts_with(':'))
                || (have == "follow" && FOLLOW.contains(&wanted))
        })
    }

    /// Whether each of `other` is allowed by these.
    pub fn contain(&self, other: &Self) -> bool {
        other.0.iter().all(|scope| self.allow(scope))
    }

    /// No scope at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One by one.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl std::fmt::Display for Scopes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s_076_wider_scopes_hold_the_narrower_ones() {
        let scopes = Scopes::parse("read write:statuses follow").expect("known");
        for ok in ["read", "read:accounts", "write:statuses", "write:follows", "read:mutes"] {
            assert!(scopes.allow(ok), "{ok}");
        }
        for no in ["write", "write:media", "push", "admin:read", "readx"] {
            assert!(!scopes.allow(no), "{no}");
        }
        assert!(Scopes::parse("read everything").is_none());
        assert!(scopes.contain(&Scopes::parse("read:statuses").expect("known")));
    }
}
