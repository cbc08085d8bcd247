//! Blocks by the list: files, and lists that somebody else keeps.

use serde::{Deserialize, Serialize};

use super::Reply;
use crate::app::App;
use crate::db::{self, Lane};
use crate::error::{Error, Result};
use crate::lookup::blocklist::{self, Answer};
use crate::model::Severity;
use crate::service::domain_list::{self, Plan};

/// How many domains a summary names.
const NAMED: usize = 50;

/// What a list did or would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanLine {
    /// Nothing was done.
    pub dry_run: bool,
    /// How many blocks are new, end, or stay as was decided here; and the first of the new ones, as
    /// `domain (severity)`.
    pub added: usize,
    pub removed: usize,
    pub kept: usize,
    pub names: Vec<String>,
    /// Names with stars, and lines that make no sense.
    pub hidden: usize,
    pub unreadable: usize,
    /// Follows that end: whom people here follow, and who follows them.
    pub following: Vec<String>,
    pub followers: Vec<String>,
}

impl PlanLine {
    fn new(plan: &Plan, dry_run: bool) -> Self {
        let name = |entry: &crate::text::blocklist::Entry| {
            format!("{} ({})", entry.domain, entry.severity.as_str())
        };
        Self {
            dry_run,
            added: plan.add.len(),
            removed: plan.remove.len(),
            kept: plan.kept.len(),
            names: plan.add.iter().take(NAMED).map(name).collect(),
            hidden: plan.hidden,
            unreadable: plan.unreadable,
            following: plan.following.clone(),
            followers: plan.followers.clone(),
        }
    }
}

/// A list that is read daily, as it is shown; times in milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DomainListLine {
    pub url: String,
    pub severity_max: String,
    pub named: i64,
    /// Blocks that are there because of lists alone.
    pub added: i64,
    pub checked_at: Option<i64>,
    pub error: Option<String>,
}

pub(super) fn import(app: &App, text: &str, allows: bool, dry_run: bool) -> Result<Reply> {
    let list = domain_list::read(text)?;
    if allows {
        let (hidden, unreadable) = (list.hidden, list.unreadable);
        let (added, unreadable) = if dry_run {
            (list.entries.len(), hidden + unreadable)
        } else {
            domain_list::import_allows(&app.db, &app.site, list)?
        };
        let line = PlanLine { dry_run, added, unreadable, ..PlanLine::default() };
        return Ok(Reply::DomainPlan(line));
    }
    let plan = app.db.read(|conn| domain_list::plan_import(conn, &app.site, list))?;
    if !dry_run {
        domain_list::carry_out(&app.db, None, &plan)?;
    }
    Ok(Reply::DomainPlan(PlanLine::new(&plan, dry_run)))
}

pub(super) fn export(app: &App, allows: bool) -> Result<Reply> {
    let file = app.db.read(|conn| {
        if allows { domain_list::export_allows(conn) } else { domain_list::export(conn) }
    })?;
    String::from_utf8(file).map(Reply::File).map_err(Error::internal)
}

pub(super) fn subscribe(app: &App, url: &str, most: &str, dry_run: bool) -> Result<Reply> {
    let severity_max = Severity::parse(most)
        .ok_or_else(|| Error::invalid("the severity must be one of noop, silence and suspend"))?;
    let proper = crate::text::sanitize::http_url(url).is_some_and(|same| same == url);
    if !proper || url.len() > 2048 {
        return Err(Error::invalid(format!("{url} is no address of a list")));
    }
    if dry_run {
        let Answer::New { text, .. } = blocklist::fetch(app, url, None, None)? else {
            return Err(Error::invalid("the list did not say anything"));
        };
        let named = domain_list::read(&text)?;
        let plan = app.db.read(|conn| {
            let known = db::domain_list::find_by_url(conn, url)?.map(|list| list.id);
            domain_list::plan_list(conn, &app.site, known, severity_max, named)
        })?;
        return Ok(Reply::DomainPlan(PlanLine::new(&plan, true)));
    }
    let url = url.to_owned();
    app.db
        .write(Lane::Interactive, move |tx| domain_list::subscribe(tx, &url, severity_max))
        .wait()?;
    lists(app)
}

pub(super) fn unsubscribe(app: &App, url: &str) -> Result<Reply> {
    let plan = domain_list::unsubscribe(&app.db, url)?;
    Ok(Reply::DomainPlan(PlanLine::new(&plan, false)))
}

pub(super) fn lists(app: &App) -> Result<Reply> {
    app.db.read(|conn| {
        let mut lines = Vec::new();
        for list in db::domain_list::list(conn)? {
            let (named, added) = db::domain_list::counts(conn, list.id)?;
            lines.push(DomainListLine {
                url: list.url,
                severity_max: list.severity_max.as_str().to_owned(),
                named,
                added,
                checked_at: list.checked_at,
                error: list.error,
            });
        }
        Ok(Reply::DomainLists(lines))
    })
}
