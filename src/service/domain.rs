//! Which servers we have to do with (F-338): one answer, asked at each point; and how the
//! administrator changes it.

use crate::db::{self, Conn, Tx};
use crate::error::{Error, Result};
use crate::model::{Account, DomainAllow, DomainBlock, Event, JobKind, SeveranceKind, Severity};
use crate::site::Site;
use crate::text::blocklist::pasted;

use super::account::Removal;
use super::{relationship, severance};

/// How many accounts one slice looks at.
const SLICE: i64 = 20;
/// The longest comment.
const LONGEST: usize = 4000;

/// Nothing is taken from this host or sent to it. Sub-domains of a blocked one are meant too, and
/// in allow-list mode all that is not allowed (F-339).
pub fn is_suspended(conn: &Conn, host: &str) -> Result<bool> {
    Ok(db::domain::limits(conn, host)?.severity >= 2)
}

/// Pictures and attachments of this host are left out (F-340).
pub fn rejects_media(conn: &Conn, host: &str) -> Result<bool> {
    Ok(db::domain::limits(conn, host)?.reject_media)
}

/// Reports of this host are left unread (F-340).
pub fn rejects_reports(conn: &Conn, host: &str) -> Result<bool> {
    Ok(db::domain::limits(conn, host)?.reject_reports)
}

/// Says whether only allowed servers are spoken to; part of the database, so that the one
/// question above sees it.
pub fn set_allowlist(tx: &Tx<'_>, on: bool) -> Result<()> {
    let value = if on { "1" } else { "0" };
    let before = db::meta::get(tx, "allowlist")?;
    if before.as_deref() == Some(value) {
        return Ok(());
    }
    db::meta::set(tx, "allowlist", value)?;
    // whoever was kept out for not being allowed is shown again. The other way round nothing ends
    // here: the list may not be written yet
    if before.is_some() && !on {
        for known in db::account::list_domains(tx, i64::MAX)? {
            queue_limits(tx, &known)?;
        }
        tx.after_commit(Event::JobQueued);
    }
    Ok(())
}

/// A domain as it is stored: lower case, in punycode, with a port only where one was named.
///
/// # Errors
/// 422 for what is no domain, and for our own.
pub fn normalize(site: &Site, text: &str) -> Result<String> {
    let refuse = || Error::invalid("Validation failed: Domain is not a valid domain name");
    let text = pasted(text);
    let (name, port) = match text.rsplit_once(':') {
        Some((name, port)) => (name, Some(port.parse::<u16>().map_err(|_| refuse())?)),
        None => (text, None),
    };
    let host = url::Host::parse(name).map_err(|_| refuse())?.to_string();
    if host.len() > 253 || host.contains(['[', '*']) {
        return Err(refuse());
    }
    let domain = port.map_or_else(|| host.clone(), |port| format!("{host}:{port}"));
    if site.is_own_domain(&domain) {
        return Err(Error::invalid("Validation failed: Domain is this server's own"));
    }
    Ok(domain)
}

/// What is said of a block; `None` leaves as it is.
#[derive(Clone, Debug, Default)]
pub struct Change {
    pub severity: Option<Severity>,
    pub reject_media: Option<bool>,
    pub reject_reports: Option<bool>,
    pub public_comment: Option<String>,
    pub private_comment: Option<String>,
    pub obfuscate: Option<bool>,
}

impl Change {
    fn apply(self, block: &mut DomainBlock) -> Result<()> {
        for comment in [&self.public_comment, &self.private_comment].into_iter().flatten() {
            if comment.chars().count() > LONGEST {
                return Err(Error::invalid(format!(
                    "Validation failed: Comment is too long (maximum is {LONGEST} characters)"
                )));
            }
        }
        let text = |new: Option<String>, old: Option<String>| match new {
            Some(new) => Some(new).filter(|text| !text.trim().is_empty()),
            None => old,
        };
        block.severity = self.severity.unwrap_or(block.severity);
        block.reject_media = self.reject_media.unwrap_or(block.reject_media);
        block.reject_reports = self.reject_reports.unwrap_or(block.reject_reports);
        block.public_comment = text(self.public_comment, block.public_comment.take());
        block.private_comment = text(self.private_comment, block.private_comment.take());
        block.obfuscate = self.obfuscate.unwrap_or(block.obfuscate);
        Ok(())
    }
}

/// What comes of the wish to block a domain.
pub enum Blocked {
    New(DomainBlock),
    /// It, or a domain above it, is blocked as severely.
    There(DomainBlock),
}

/// Blocks a domain; without a severity it is limited, as in Mastodon.
///
/// # Errors
/// 422 for what is no domain.
pub fn block(tx: &Tx<'_>, site: &Site, domain: &str, change: Change) -> Result<Blocked> {
    let domain = normalize(site, domain)?;
    if let Some(there) = db::domain::find_block(tx, &domain)? {
        return Ok(Blocked::There(there));
    }
    let mut block = DomainBlock { domain, created_at: tx.now(), ..DomainBlock::default() };
    change.apply(&mut block)?;
    block.id = db::domain::insert_block(tx, &block)?;
    spread(tx, &block.domain)?;
    Ok(Blocked::New(block))
}

/// Changes a block.
///
/// # Errors
/// 404 without it.
pub fn update(tx: &Tx<'_>, id: i64, change: Change) -> Result<DomainBlock> {
    let mut block = db::domain::get_block(tx, id)?;
    change.apply(&mut block)?;
    db::domain::update_block(tx, &block)?;
    // decided by hand from now on
    db::domain_list::disown(tx, &block.domain)?;
    spread(tx, &block.domain)?;
    Ok(block)
}

/// Takes a block back. Its accounts are shown again; follows that it ended stay ended.
///
/// # Errors
/// 404 without it.
pub fn unblock(tx: &Tx<'_>, id: i64) -> Result<()> {
    let block = db::domain::get_block(tx, id)?;
    db::domain::delete_block(tx, id)?;
    // no list brings it back
    db::domain_list::disown(tx, &block.domain)?;
    spread(tx, &block.domain)
}

/// Allows a domain; again changes nothing.
///
/// # Errors
/// 422 for what is no domain.
pub fn allow(tx: &Tx<'_>, site: &Site, domain: &str) -> Result<DomainAllow> {
    let domain = normalize(site, domain)?;
    let allow = db::domain::insert_allow(tx, &domain)?;
    spread(tx, &domain)?;
    Ok(allow)
}

/// Allows a domain no longer.
///
/// # Errors
/// 404 without it.
pub fn disallow(tx: &Tx<'_>, id: i64) -> Result<DomainAllow> {
    let allow = db::domain::get_allow(tx, id)?;
    db::domain::delete_allow(tx, id)?;
    spread(tx, &allow.domain)?;
    Ok(allow)
}

/// Has the accounts of a domain, and of all below it, become what is decided now: a job for
/// each, in slices.
fn spread(tx: &Tx<'_>, domain: &str) -> Result<()> {
    for known in db::domain::list_below(tx, domain)? {
        queue_limits(tx, &known)?;
    }
    tx.after_commit(Event::JobQueued);
    Ok(())
}

/// The same for known domains that somebody has looked up already.
pub(super) fn apply(tx: &Tx<'_>, domains: &[String]) -> Result<()> {
    for known in domains {
        queue_limits(tx, known)?;
    }
    Ok(())
}

/// A job for the accounts of exactly this domain.
fn queue_limits(tx: &Tx<'_>, domain: &str) -> Result<()> {
    let payload = serde_json::to_vec(&(domain, 0)).map_err(Error::internal)?;
    db::job::insert(tx, JobKind::DomainLimits, "", &payload)?;
    Ok(())
}

/// One slice of [`spread`]: the accounts of exactly this domain above `after`. The last of them,
/// when there are more.
pub fn limit_slice(tx: &Tx<'_>, domain: &str, after: i64) -> Result<(Removal, i64)> {
    let limits = db::domain::limits(tx, domain)?;
    let severity = Severity::from_number(limits.severity);
    let without_media = limits.reject_media;
    let accounts = db::domain::list_accounts(tx, domain, after, SLICE)?;
    let Some((last, _)) = accounts.last().copied() else { return Ok((Removal::Done, after)) };
    for (id, had) in accounts {
        if without_media {
            db::domain::forget_media(tx, id)?;
        }
        if had != severity {
            let account = db::account::get(tx, id)?;
            limit(tx, &account, had, severity)?;
        }
    }
    Ok((Removal::More, last))
}

/// Makes of an account what its domain's block says, in place of what an earlier one did.
fn limit(tx: &Tx<'_>, account: &Account, had: Severity, now: Severity) -> Result<()> {
    let mut account = account.clone();
    match had {
        Severity::Silence => {
            db::account::set_silenced(tx, account.id, None)?;
            account.silenced_at = None;
        }
        Severity::Suspend => {
            db::account::unsuspend(tx, account.id)?;
            account.suspended_at = None;
        }
        Severity::Noop => {}
    }
    // what an admin decided about this account alone stays as it is
    let done = match now {
        Severity::Silence if account.silenced_at.is_none() => {
            db::account::set_silenced(tx, account.id, Some(tx.now()))?;
            now
        }
        Severity::Suspend if account.suspended_at.is_none() => {
            let cause = match &account.domain {
                Some(domain) => db::domain::suspended_by(tx, domain)?.unwrap_or(domain.clone()),
                None => String::new(),
            };
            let kind = SeveranceKind::DomainBlock;
            severance::note_all(tx, severance::Cause { kind, name: &cause }, &account)?;
            relationship::sever(tx, &account)?;
            db::account::suspend(tx, account.id)?;
            now
        }
        _ => Severity::Noop,
    };
    db::domain::set_limited_by_domain(tx, account.id, done)?;
    tx.after_commit(Event::AccountChanged { account_id: account.id });
    Ok(())
}

/// A new account of a limited domain is limited from the beginning.
pub(super) fn at_arrival(tx: &Tx<'_>, account: &Account) -> Result<()> {
    let Some(domain) = &account.domain else { return Ok(()) };
    let severity = Severity::from_number(db::domain::limits(tx, domain)?.severity);
    // suspended: it was on its way here when its domain was blocked
    if severity != Severity::Noop {
        limit(tx, account, Severity::Noop, severity)?;
    }
    Ok(())
}

/// A domain as others are shown it: some letters in the middle as stars, if it is obfuscated.
pub fn shown(block: &DomainBlock) -> String {
    if !block.obfuscate {
        return block.domain.clone();
    }
    let length = block.domain.chars().count();
    let hidden = length / 4..length - length / 4;
    let star = |(at, c): (usize, char)| if hidden.contains(&at) && c != '.' { '*' } else { c };
    block.domain.chars().enumerate().map(star).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn domains_have_one_form() {
        let mut config = Config::default();
        config.server.host = "own.example".to_owned();
        let site = Site::new(&config);
        for (given, stored) in [
            ("Bad.Example", "bad.example"),
            (" @bad.example. ", "bad.example"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("127.0.0.1:8080", "127.0.0.1:8080"),
            ("*.wild.example", "wild.example"),
            ("https://Worse.Example:8443/@mia?x=1#y", "worse.example:8443"),
        ] {
            assert_eq!(normalize(&site, given).unwrap(), stored);
        }
        for bad in
            ["", "a b", "https://", "*", "a.*.example", "x:y", "https://own.example/about", "[::1]"]
        {
            assert_eq!(normalize(&site, bad).unwrap_err().status(), 422, "{bad}");
        }
    }

    #[test]
    fn obfuscated_domains_keep_their_ends() {
        let block = |obfuscate| DomainBlock {
            domain: "spam.example".into(),
            obfuscate,
            ..DomainBlock::default()
        };
        assert_eq!(shown(&block(false)), "spam.example");
        assert_eq!(shown(&block(true)), "spa*.****ple");
    }
}
