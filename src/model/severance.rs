//! Follows that a block took away.

/// What took them; stored as its number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(i64)]
pub enum SeveranceKind {
    /// The administrator blocked the server.
    #[default]
    DomainBlock = 0,
    /// The person hides the server.
    UserDomainBlock = 1,
    /// The administrator suspended the account.
    AccountSuspension = 2,
}

impl SeveranceKind {
    /// The client API's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DomainBlock => "domain_block",
            Self::UserDomainBlock => "user_domain_block",
            Self::AccountSuspension => "account_suspension",
        }
    }

    /// From the stored number.
    pub fn from_number(number: i64) -> Self {
        match number {
            1 => Self::UserDomainBlock,
            2 => Self::AccountSuspension,
            _ => Self::DomainBlock,
        }
    }
}

/// What somebody here lost by one block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Severance {
    pub id: i64,
    pub kind: SeveranceKind,
    /// The domain, or the handle.
    pub target_name: String,
    pub followers: i64,
    pub following: i64,
    pub created_at: i64,
}
