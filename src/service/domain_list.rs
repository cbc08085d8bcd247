//! Blocks by the list: files that an operator takes in or out, and lists that somebody else keeps
//! and that are read daily (F-342). What was decided here by hand stays, whatever a list says.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::clock::HOUR;
use crate::db::{self, Conn, Db, Lane, Tx};
use crate::error::{Error, Result};
use crate::model::{DomainBlock, DomainList, JobKind, Page, Severity};
use crate::site::Site;
use crate::text::blocklist::{self, Entry, List};

use super::domain;

/// The most domains of a list, as in Mastodon, and the most lists.
pub const MOST: usize = 20_000;
const MOST_LISTS: usize = 50;
/// How many domains one transaction changes.
const SLICE: usize = 50;
/// How many follows a plan names.
const NAMED: i64 = 100;
/// A list that lost so much of its length at once is not believed to be whole.
const SHRUNK: usize = 10;

/// What a list does, or would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Blocks that are new, and those that end.
    pub add: Vec<Entry>,
    pub remove: Vec<String>,
    /// Named, and left as was decided here.
    pub kept: Vec<String>,
    pub hidden: usize,
    pub unreadable: usize,
    /// Follows that end: whom people here follow, and who follows them. The first hundred each.
    pub following: Vec<String>,
    pub followers: Vec<String>,
}

/// Reads a file.
///
/// # Errors
/// 422 when it is too long.
pub fn read(text: &str) -> Result<List> {
    blocklist::read(text, MOST)
        .ok_or_else(|| Error::invalid(format!("the list names more than {MOST} domains")))
}

/// What a file would add.
pub fn plan_import(conn: &Conn, site: &Site, list: List) -> Result<Plan> {
    let mut plan = Plan { hidden: list.hidden, unreadable: list.unreadable, ..Plan::default() };
    for (domain, entry) in normal(site, list, &mut plan.unreadable) {
        if db::domain::find_block(conn, &domain)?.is_some() {
            plan.kept.push(domain);
        } else {
            plan.add.push(entry);
        }
    }
    ties(conn, &mut plan)?;
    Ok(plan)
}

/// What a list would change, by what it names now. `list` is `None` before it is subscribed to.
pub fn plan_list(
    conn: &Conn,
    site: &Site,
    list: Option<i64>,
    severity_max: Severity,
    named: List,
) -> Result<Plan> {
    let mut plan = Plan { hidden: named.hidden, unreadable: named.unreadable, ..Plan::default() };
    let before = match list {
        Some(list) => db::domain_list::entries(conn, list)?,
        None => HashMap::new(),
    };
    let named = normal(site, named, &mut plan.unreadable);
    for (domain, mut entry) in named.iter().map(|(domain, entry)| (domain, entry.clone())) {
        entry.severity = entry.severity.min(severity_max);
        if before.contains_key(domain) {
            continue;
        }
        if db::domain::find_block(conn, domain)?.is_some() || db::domain::allows(conn, domain)? {
            plan.kept.push(domain.clone());
        } else {
            plan.add.push(entry);
        }
    }
    plan.remove = before.into_keys().filter(|domain| !named.contains_key(domain)).collect();
    plan.remove.sort();
    ties(conn, &mut plan)?;
    Ok(plan)
}

/// The domains of a list in their one form, each once; our own and what is none are counted.
fn normal(site: &Site, list: List, unreadable: &mut usize) -> BTreeMap<String, Entry> {
    let mut found = BTreeMap::new();
    for entry in list.entries {
        match domain::normalize(site, &entry.domain) {
            // a top-level domain is no server: such a line would block half of the world
            Ok(domain) if domain.contains('.') => {
                found.entry(domain.clone()).or_insert(Entry { domain, ..entry });
            }
            _ => *unreadable += 1,
        }
    }
    found
}

fn ties(conn: &Conn, plan: &mut Plan) -> Result<()> {
    let suspended = plan.add.iter().filter(|entry| entry.severity == Severity::Suspend);
    let suspended: HashSet<&str> = suspended.map(|entry| entry.domain.as_str()).collect();
    let below = known_below(conn, &suspended)?;
    let domains: Vec<String> = below.into_values().flatten().collect();
    (plan.following, plan.followers) = db::domain_list::list_ties(conn, &domains, NAMED)?;
    Ok(())
}

/// For each of `domains` the known ones that are it or below it. One walk through the known.
fn known_below(conn: &Conn, domains: &HashSet<&str>) -> Result<HashMap<String, Vec<String>>> {
    let mut below: HashMap<String, Vec<String>> = HashMap::new();
    for known in db::account::list_domains(conn, i64::MAX)? {
        let mut names = vec![known.as_str()];
        let mut rest = Some(known.rsplit_once(':').map_or(known.as_str(), |(name, _)| name));
        while let Some(name) = rest {
            names.push(name);
            rest = name.split_once('.').map(|(_, above)| above);
        }
        if let Some(name) = names.into_iter().find(|name| domains.contains(name)) {
            below.entry(name.to_owned()).or_default().push(known.clone());
        }
    }
    Ok(below)
}

/// Does what a plan says, for a list or (`None`) by hand; in slices, each of which is whole.
pub fn carry_out(db: &Db, list: Option<i64>, plan: &Plan) -> Result<()> {
    let names: HashSet<&str> = plan
        .add
        .iter()
        .map(|entry| entry.domain.as_str())
        .chain(plan.remove.iter().map(String::as_str))
        .collect();
    let below = db.read(|conn| known_below(conn, &names))?;
    let of = |domain: &str| below.get(domain).cloned().unwrap_or_default();
    for slice in plan.add.chunks(SLICE) {
        let slice: Vec<(Entry, Vec<String>)> =
            slice.iter().map(|entry| (entry.clone(), of(&entry.domain))).collect();
        db.write(Lane::Background, move |tx| {
            for (entry, below) in &slice {
                add(tx, list, entry, below)?;
            }
            Ok(())
        })
        .wait()?;
    }
    let Some(list) = list else { return Ok(()) };
    for slice in plan.kept.chunks(SLICE) {
        let slice = slice.to_vec();
        db.write(Lane::Background, move |tx| {
            for domain in &slice {
                // another list's block is this one's as well
                let shared = db::domain_list::is_added(tx, domain)?;
                db::domain_list::put_entry(tx, list, domain, shared)?;
            }
            Ok(())
        })
        .wait()?;
    }
    for slice in plan.remove.chunks(SLICE) {
        let slice: Vec<(String, Vec<String>)> =
            slice.iter().map(|domain| (domain.clone(), of(domain))).collect();
        db.write(Lane::Background, move |tx| {
            for (domain, below) in &slice {
                remove(tx, list, domain, below)?;
            }
            Ok(())
        })
        .wait()?;
    }
    Ok(())
}

fn add(tx: &Tx<'_>, list: Option<i64>, entry: &Entry, below: &[String]) -> Result<()> {
    // it may have been decided meanwhile
    let there = db::domain::find_block(tx, &entry.domain)?.is_some();
    if let Some(list) = list {
        if db::domain_list::find(tx, list)?.is_none() {
            return Ok(());
        }
        db::domain_list::put_entry(tx, list, &entry.domain, !there)?;
    }
    if there {
        return Ok(());
    }
    let block = DomainBlock {
        id: 0,
        domain: entry.domain.clone(),
        severity: entry.severity,
        reject_media: entry.reject_media,
        reject_reports: entry.reject_reports,
        public_comment: entry.public_comment.clone(),
        private_comment: None,
        obfuscate: entry.obfuscate,
        created_at: tx.now(),
    };
    db::domain::insert_block(tx, &block)?;
    domain::apply(tx, below)
}

/// Only what lists alone added ends, and only with the last of them.
fn remove(tx: &Tx<'_>, list: i64, domain: &str, below: &[String]) -> Result<()> {
    let was_added = db::domain_list::is_added(tx, domain)?;
    db::domain_list::delete_entry(tx, list, domain)?;
    if !was_added || db::domain_list::is_added(tx, domain)? {
        return Ok(());
    }
    if let Some(block) = db::domain::find_block(tx, domain)? {
        db::domain::delete_block(tx, block.id)?;
        domain::apply(tx, below)?;
    }
    Ok(())
}

/// Subscribes to a list; it is read at once and then daily, by a job.
///
/// # Errors
/// 422 for an address that is none, that is subscribed to already, or for one list too many.
pub fn subscribe(tx: &Tx<'_>, url: &str, severity_max: Severity) -> Result<DomainList> {
    let lists = db::domain_list::list(tx)?;
    if lists.iter().any(|list| list.url == url) {
        return Err(Error::invalid(format!("{url} is subscribed to already")));
    }
    if lists.len() >= MOST_LISTS {
        return Err(Error::invalid(format!("there are {MOST_LISTS} lists, which is the most")));
    }
    let id = db::domain_list::insert(tx, url, severity_max)?;
    db::job::insert(
        tx,
        JobKind::RefreshDomainList,
        &format!("list {id}"),
        id.to_string().as_bytes(),
    )?;
    db::domain_list::find(tx, id)?.ok_or(Error::NotFound)
}

/// Ends a subscription: what it alone blocked is no longer blocked.
///
/// # Errors
/// A sentence when there is no such list.
pub fn unsubscribe(db: &Db, url: &str) -> Result<Plan> {
    let (list, remove) = db.read(|conn| {
        let list = db::domain_list::find_by_url(conn, url)?
            .ok_or_else(|| Error::Missing(format!("{url} is not subscribed to").into()))?;
        let entries = db::domain_list::entries(conn, list.id)?;
        Ok((list, entries.into_keys().collect::<Vec<_>>()))
    })?;
    let plan = Plan { remove, ..Plan::default() };
    carry_out(db, Some(list.id), &plan)?;
    db.write(Lane::Interactive, move |tx| {
        db::job::remove_kind(tx, JobKind::RefreshDomainList, &format!("list {}", list.id))?;
        db::domain_list::delete(tx, list.id)
    })
    .wait()?;
    Ok(plan)
}

/// Takes over what a list names now.
///
/// # Errors
/// A sentence when it is not believed to be whole: nothing is changed then.
pub fn refresh(db: &Db, site: &Site, list: &DomainList, text: &str) -> Result<Plan> {
    let named = read(text)?;
    let plan = db.read(|conn| {
        let before = db::domain_list::counts(conn, list.id)?.0;
        let before = usize::try_from(before).unwrap_or(0);
        if named.entries.is_empty() || named.entries.len() < before / SHRUNK {
            return Err(Error::invalid(format!(
                "it names {} domains, after {before} before",
                named.entries.len()
            )));
        }
        plan_list(conn, site, Some(list.id), list.severity_max, named)
    })?;
    carry_out(db, Some(list.id), &plan)?;
    Ok(plan)
}

/// When a list that could not be read is tried again.
pub const AGAIN: i64 = HOUR;

/// All blocks as a file.
pub fn export(conn: &Conn) -> Result<Vec<u8>> {
    let blocks = db::domain::list_blocks(conn, &Page::newest(100_000))?;
    Ok(blocklist::write(blocks.into_iter().map(|block| Entry {
        domain: block.domain,
        severity: block.severity,
        reject_media: block.reject_media,
        reject_reports: block.reject_reports,
        public_comment: block.public_comment,
        obfuscate: block.obfuscate,
    })))
}

/// All allowed domains as a file.
pub fn export_allows(conn: &Conn) -> Result<Vec<u8>> {
    let allows = db::domain::list_allows(conn, &Page::newest(100_000))?;
    Ok(blocklist::write_allows(allows.into_iter().map(|allow| allow.domain)))
}

/// Allows the domains of a file; how many, and how many lines made no sense.
pub fn import_allows(db: &Db, site: &Site, list: List) -> Result<(usize, usize)> {
    let mut unreadable = list.hidden + list.unreadable;
    let domains: Vec<String> = normal(site, list, &mut unreadable).into_keys().collect();
    for slice in domains.chunks(SLICE) {
        let (slice, site) = (slice.to_vec(), site.clone());
        db.write(Lane::Background, move |tx| {
            for one in &slice {
                domain::allow(tx, &site, one)?;
            }
            Ok(())
        })
        .wait()?;
    }
    Ok((domains.len(), unreadable))
}
