//! What a status quotes, and who may quote it.

/// Who may quote a status: those whom its author approves at once, and those whom the author
/// decides about one by one. Stored as one number: a set of bits for each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QuotePolicy {
    automatic: u16,
    manual: u16,
}

impl QuotePolicy {
    /// Somebody whom we cannot tell.
    pub const OTHER: u16 = 1;
    pub const PUBLIC: u16 = 2;
    pub const FOLLOWERS: u16 = 4;
    /// Those whom the author follows.
    pub const FOLLOWING: u16 = 8;
    /// The author alone.
    pub const NOBODY: Self = Self { automatic: 0, manual: 0 };

    /// From the two sets.
    pub fn new(automatic: u16, manual: u16) -> Self {
        Self { automatic, manual }
    }

    /// The policies that one can choose here.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "public" => Some(Self::new(Self::PUBLIC, 0)),
            "followers" => Some(Self::new(Self::FOLLOWERS, 0)),
            "nobody" => Some(Self::NOBODY),
            _ => None,
        }
    }

    /// The word for a policy of ours.
    pub fn as_str(self) -> &'static str {
        match self.automatic {
            bits if bits & Self::PUBLIC != 0 => "public",
            bits if bits & Self::FOLLOWERS != 0 => "followers",
            _ => "nobody",
        }
    }

    /// From the stored number.
    pub fn from_number(number: i64) -> Self {
        let bits = |n: i64| u16::try_from(n & 0xFFFF).unwrap_or(0);
        Self { automatic: bits(number >> 16), manual: bits(number) }
    }

    /// The number to store.
    pub fn number(self) -> i64 {
        i64::from(self.automatic) << 16 | i64::from(self.manual)
    }

    pub fn automatic(self) -> u16 {
        self.automatic
    }

    pub fn manual(self) -> u16 {
        self.manual
    }
}

/// Whether a quote is shown; stored as its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i64)]
pub enum QuoteState {
    Pending = 0,
    Accepted = 1,
    Rejected = 2,
    Revoked = 3,
    /// The quoting status says that what it quotes is gone.
    Deleted = 4,
}

impl QuoteState {
    /// The client API's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Revoked => "revoked",
            Self::Deleted => "deleted",
        }
    }

    /// From the stored number; an unknown one shows nothing.
    pub fn from_number(number: i64) -> Self {
        match number {
            1 => Self::Accepted,
            2 => Self::Rejected,
            3 => Self::Revoked,
            4 => Self::Deleted,
            _ => Self::Pending,
        }
    }
}

/// What a status quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// The quoting status and its author.
    pub status_id: i64,
    pub account_id: i64,
    /// The quoted status while it is here.
    pub quoted_id: Option<i64>,
    pub quoted_uri: String,
    pub quoted_account_id: Option<i64>,
    pub state: QuoteState,
    /// Told in a way that asks nobody (F-319).
    pub legacy: bool,
    /// The quoted author's stamp.
    pub authorization_uri: Option<String>,
    /// Our request for it.
    pub request_uri: Option<String>,
    /// How many quotes led here from what somebody sent or asked for.
    pub depth: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_the_number_that_it_is_stored_as() {
        for word in ["public", "followers", "nobody"] {
            let policy = QuotePolicy::parse(word).unwrap_or_default();
            assert_eq!(QuotePolicy::from_number(policy.number()), policy);
            assert_eq!(policy.as_str(), word);
        }
        let odd = QuotePolicy::new(QuotePolicy::OTHER, QuotePolicy::PUBLIC);
        assert_eq!(QuotePolicy::from_number(odd.number()), odd);
        assert_eq!(QuotePolicy::from_number(131_072).as_str(), "public");
    }
}
