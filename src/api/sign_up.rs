//! Signing up, which nobody can: accounts are made by the operator (S-085).

use crate::error::{Error, Result};

/// POST /api/v1/accounts: 403, in Mastodon's words for a server whose registrations are closed.
pub(super) async fn closed() -> Result<&'static str> {
    Err(Error::Forbidden("This action is not allowed".into()))
}
