//! `dassie decode-image`: what the server starts for each upload; not for people to type.

use crate::error::Result;
use crate::media::child;

/// Reads an order from standard input and carries it out within narrow limits.
pub(super) fn run() -> Result<()> {
    child::serve()
}
