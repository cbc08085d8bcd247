//! The admin API: every route here demands a token with an `admin:` scope *and* that its owner is
//! an admin at the moment of asking ([`super::auth::Need::Admin`]).

pub(super) mod accounts;
pub(super) mod domain_allows;
pub(super) mod domain_blocks;
pub(super) mod emojis;
pub(super) mod reports;
