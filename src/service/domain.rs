//! Which servers we have to do with (F-338): one answer, asked at each point.

use crate::db::{self, Conn};
use crate::error::Result;

/// Nothing is taken from this host or sent to it. Sub-domains of a blocked one are meant too.
pub fn is_suspended(conn: &Conn, host: &str) -> Result<bool> {
    Ok(db::moderation::domain_severity(conn, host)? >= 2)
}
