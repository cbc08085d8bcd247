//! What strangers can make us fetch: no activity and no request causes more than so much (S-020),
//! and nobody is met on ever new names of one domain (S-021).

use std::cell::Cell;

use crate::app::App;
use crate::client::host_of;
use crate::clock::HOUR;
use crate::db;
use crate::error::{Error, Result};

/// How many fetches one activity or one request may cause in all (S-020).
pub const FETCHES: u32 = 100;
/// How many new servers of one domain are met in an hour (S-021).
const NEW_HOSTS: u32 = 10;

/// Second-level names under which countries register domains.
const PUBLIC_SECOND: [&str; 17] = [
    "ac", "asn", "co", "com", "edu", "go", "gob", "gov", "gv", "id", "ltd", "me", "mil", "ne",
    "net", "or", "org",
];

thread_local! {
    /// What is left to the job on this thread, and what it spent.
    static LEFT: Cell<Option<u32>> = const { Cell::new(None) };
    static SPENT: Cell<u32> = const { Cell::new(0) };
}

/// Gives back what was before, also after a panic.
struct Before(Option<u32>, u32);

impl Drop for Before {
    fn drop(&mut self) {
        LEFT.set(self.0);
        SPENT.set(self.1);
    }
}

/// Runs `f`, which may cause so many fetches and no more.
pub fn within<T>(fetches: u32, f: impl FnOnce() -> T) -> T {
    let _before = Before(LEFT.replace(Some(fetches)), SPENT.replace(0));
    f()
}

/// Counts one fetch.
///
/// # Errors
/// 429 when nothing is left: whatever wanted it ends there, and is not tried again.
pub fn take() -> Result<()> {
    if let Some(left) = LEFT.get() {
        let left = left.checked_sub(1).ok_or(Error::TooMany { retry_after: 3600 })?;
        LEFT.set(Some(left));
    }
    SPENT.set(SPENT.get().saturating_add(1));
    Ok(())
}

/// Whether nothing is left to this job.
pub fn is_spent() -> bool {
    LEFT.get() == Some(0)
}

/// How many fetches this job has made.
pub fn spent() -> u32 {
    SPENT.get()
}

/// Whether an actor at this address may be met: of one registrable domain so many new servers an
/// hour (S-021; a wildcard in DNS makes as many as one likes).
///
/// # Errors
/// 429 when there were too many.
pub fn admit(app: &App, uri: &str) -> Result<()> {
    let Some(host) = host_of(uri) else { return Ok(()) };
    let Some(domain) = registrable(&host) else { return Ok(()) };
    if app.db.read(|conn| db::backfill::knows_domain(conn, &host))? {
        return Ok(());
    }
    let this = format!("host {host}");
    if app.new_hosts.look(&this).0 > 0 {
        return Ok(());
    }
    if app.new_hosts.count(&format!("domain {domain}"), HOUR) > NEW_HOSTS {
        tracing::debug!(%host, "too many new servers of one domain");
        return Err(Error::TooMany { retry_after: 3600 });
    }
    app.new_hosts.count(&this, HOUR);
    Ok(())
}

/// The domain that somebody registered, as far as it can be told without a list of all public
/// suffixes: the last two labels, or three where a country has a second level of its own. Servers
/// below a suffix that a provider lets (`*.provider.example`) count as one domain, which only
/// makes them wait. `None` for the domain itself, and for addresses.
fn registrable(host: &str) -> Option<String> {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    if name.starts_with('[') || name.parse::<std::net::Ipv4Addr>().is_ok() {
        return None;
    }
    let labels: Vec<&str> = name.split('.').filter(|label| !label.is_empty()).collect();
    let (last, second) = (labels.last()?, labels.iter().rev().nth(1)?);
    let own = if last.len() == 2 && PUBLIC_SECOND.contains(second) { 3 } else { 2 };
    (labels.len() > own).then(|| labels.get(labels.len() - own..).unwrap_or_default().join("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s_021_the_registrable_domain() {
        let of = |host| registrable(host);
        assert_eq!(of("a.b.wild.example").as_deref(), Some("wild.example"));
        assert_eq!(of("a.wild.co.uk:8443").as_deref(), Some("wild.co.uk"));
        assert_eq!(of("wild.co.uk"), None);
        assert_eq!(of("wild.example"), None);
        assert_eq!(of("localhost:3000"), None);
        assert_eq!(of("127.0.0.1:3000"), None);
        assert_eq!(of("[::1]:3000"), None);
        assert_eq!(of(""), None);
    }

    #[test]
    fn s_020_a_budget_ends_and_the_one_before_comes_back() {
        within(3, || {
            assert!(take().is_ok());
            within(1, || {
                assert!(take().is_ok());
                assert!(matches!(take(), Err(Error::TooMany { .. })));
            });
            assert_eq!(spent(), 1);
            assert!(take().is_ok() && take().is_ok() && take().is_err());
        });
        assert!(take().is_ok(), "without a budget nothing is counted down");
    }
}
