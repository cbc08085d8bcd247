//! Commands about people who misbehave, and reports of them; and what else an operator does to an
//! account that its owner cannot.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::command::{Reply, find_person, handle};
use crate::app::App;
use crate::db::admin::Wanted;
use crate::db::user::User;
use crate::db::{self, Conn, Lane};
use crate::error::{Error, Result};
use crate::model::{Account, Page, Report};
use crate::service::access;
use crate::service::account::find_by_handle;
use crate::service::moderation::{self, Action};
use crate::service::report::{self, Step};
use crate::site::Site;
use crate::text::sanitize;

/// Most accounts of one list.
const MANY: usize = 1000;
/// Of a post that was reported, so many characters are shown.
const POST: usize = 1000;

/// What an operator asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CareCommand {
    /// `report` is settled by it.
    Act {
        account: String,
        action: Action,
        report: Option<i64>,
    },
    Email {
        account: String,
        email: String,
    },
    /// Those that an admin put into a state, of other servers too.
    Accounts {
        state: State,
    },
    Reports {
        resolved: bool,
        limit: u32,
    },
    Report {
        id: i64,
    },
    Work {
        id: i64,
        reopen: bool,
    },
}

/// What an admin did to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Suspended,
    Silenced,
    Disabled,
}

impl State {
    const ALL: [Self; 3] = [Self::Suspended, Self::Silenced, Self::Disabled];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Suspended => "suspended",
            Self::Silenced => "silenced",
            Self::Disabled => "disabled",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    fn list(account: &Account, user: Option<&User>) -> Vec<Self> {
        let holds = |state: &Self| match state {
            Self::Suspended => account.suspended_at.is_some(),
            Self::Silenced => account.silenced_at.is_some(),
            Self::Disabled => user.is_some_and(|user| user.disabled),
        };
        Self::ALL.into_iter().filter(holds).collect()
    }
}

/// An account, as the list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountLine {
    /// Of another server with its host.
    pub username: String,
    /// Empty for those of other servers.
    pub email: String,
    pub admin: bool,
    pub state: Vec<State>,
    pub statuses: i64,
    pub followers: i64,
    /// Milliseconds since 1970.
    pub created_at: i64,
}

/// A report, as the list shows it; accounts as `name@host`, times in milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportLine {
    pub id: i64,
    pub created_at: i64,
    pub about: String,
    pub by: String,
    pub category: String,
    pub posts: usize,
    pub comment: String,
    pub settled_at: Option<i64>,
}

/// All of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportPage {
    pub line: ReportLine,
    /// What was done to the account that it is about.
    pub state: Vec<State>,
    /// Whether that is of here.
    pub local: bool,
    /// With their numbers.
    pub rules: Vec<String>,
    /// Other servers were told.
    pub forwarded: bool,
    /// Which admin settled it; `None` where it was a command.
    pub settled_by: Option<String>,
    /// Those that are still there.
    pub posts: Vec<PostLine>,
}

/// A post that was reported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostLine {
    pub address: String,
    /// Milliseconds since 1970.
    pub created_at: i64,
    pub visibility: String,
    /// Its warning and its words.
    pub text: String,
}

impl CareCommand {
    /// As it is typed.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Act { action, .. } => match action {
                Action::Suspend => "account suspend",
                Action::Unsuspend => "account unsuspend",
                Action::Silence => "account silence",
                Action::Unsilence => "account unsilence",
                Action::Disable => "account disable",
                Action::Enable => "account enable",
                _ => "account",
            },
            Self::Email { .. } => "account email",
            Self::Accounts { .. } => "account list",
            Self::Reports { .. } => "report list",
            Self::Report { .. } => "report show",
            Self::Work { reopen: false, .. } => "report resolve",
            Self::Work { reopen: true, .. } => "report reopen",
        }
    }
}

pub(super) fn execute(app: &App, command: CareCommand) -> Result<Reply> {
    match command {
        CareCommand::Act { account, action, report } => act(app, account, action, report),
        CareCommand::Email { account, email } => set_email(app, account, email),
        CareCommand::Accounts { state } => {
            app.db.read(|conn| list_in_state(conn, state)).map(Reply::Accounts)
        }
        CareCommand::Reports { resolved, limit } => {
            let wanted =
                db::report::Wanted { resolved: Some(resolved), ..db::report::Wanted::default() };
            let page = Page::newest(usize::try_from(limit).unwrap_or(MANY));
            let lines = app.db.read(|conn| {
                let found = db::report::list(conn, wanted, &page)?;
                lines(conn, &app.site, &found)
            });
            lines.map(Reply::Reports)
        }
        CareCommand::Report { id } => {
            let shown = app.db.read(|conn| show(app, conn, id));
            shown.map(|shown| Reply::Report(Box::new(shown)))
        }
        CareCommand::Work { id, reopen } => work(app, id, reopen),
    }
}

fn act(app: &App, name: String, action: Action, report: Option<i64>) -> Result<Reply> {
    let site = app.site.clone();
    let account = app
        .db
        .write(Lane::Interactive, move |tx| {
            let account = find(tx, &site, &name)?;
            if let Some(id) = report {
                let found = get_report(tx, id)?;
                if found.target_id != account.id {
                    let whole = full(&site, &account);
                    return Err(Error::invalid(format!("report {id} is not about @{whole}")));
                }
            }
            moderation::act(tx, &site, None, account.id, action, report).map_err(
                |error| match error {
                    Error::Forbidden(_) => Error::Forbidden(why_not(&site, &account).into()),
                    other => other,
                },
            )
        })
        .wait()?;
    tracing::info!(account = %account.acct(), ?action, "an account was dealt with by command");
    Ok(Reply::Account(full(&app.site, &account)))
}

/// Which of the rules ([`moderation::act`]) stands against it.
fn why_not(site: &Site, account: &Account) -> String {
    let name = full(site, account);
    match account.is_local() {
        true => format!(
            "@{name} is an administrator, to whom nobody does this. To end all that is signed in \
             and let nobody in with the old password: dassie account password {}",
            account.username
        ),
        false if account.suspended_at.is_some() => {
            format!("@{name} was deleted and does not come back")
        }
        false => {
            format!("@{name} signs in on another server. Silence or suspend the account instead.")
        }
    }
}

/// An account of here or elsewhere by name or handle.
fn find(conn: &Conn, site: &Site, name: &str) -> Result<Account> {
    match find_by_handle(conn, site, name)? {
        Some(account) if !account.is_local() => Ok(account),
        Some(_) => find_person(conn, site, name).map(|(account, _)| account),
        None if name.trim().trim_start_matches('@').contains('@') => {
            Err(Error::Missing(format!("{} is not known here", name.trim()).into()))
        }
        None => Err(Error::Missing(format!("there is no account {} here", name.trim()).into())),
    }
}

/// With the host, wherever it is.
fn full(site: &Site, account: &Account) -> String {
    match account.is_local() {
        true => handle(site, account),
        false => account.acct(),
    }
}

fn set_email(app: &App, name: String, email: String) -> Result<Reply> {
    let site = app.site.clone();
    let account = app
        .db
        .write(Lane::Interactive, move |tx| {
            let (account, _) = find_person(tx, &site, &name)?;
            access::set_email(tx, account.id, &email)?;
            Ok(account)
        })
        .wait()?;
    Ok(Reply::Account(handle(&app.site, &account)))
}

/// The people of this server. One reading of each: a personal server has few.
pub(super) fn list_accounts(conn: &Conn) -> Result<Vec<AccountLine>> {
    let mut lines = Vec::new();
    for account in db::account::list_local(conn)? {
        let Some(user) = db::user::find(conn, account.id)? else { continue };
        lines.push(account_line(account, Some(user)));
    }
    Ok(lines)
}

fn list_in_state(conn: &Conn, state: State) -> Result<Vec<AccountLine>> {
    let wanted = Wanted {
        suspended: state == State::Suspended,
        silenced: state == State::Silenced,
        disabled: state == State::Disabled,
        by_hand: true,
        ..Wanted::default()
    };
    let ids = db::admin::list_accounts(conn, &wanted, &Page::newest(MANY))?;
    let mut users: HashMap<i64, User> =
        db::user::list(conn, &ids)?.into_iter().map(|user| (user.account_id, user)).collect();
    let mut accounts = by_id(conn, ids.clone())?;
    let mut lines = Vec::new();
    for id in ids {
        let (Some(account), user) = (accounts.remove(&id), users.remove(&id)) else { continue };
        // one of here without an owner is deleted, and its row is about to go
        if !account.is_local() || user.is_some() {
            lines.push(account_line(account, user));
        }
    }
    Ok(lines)
}

fn account_line(account: Account, user: Option<User>) -> AccountLine {
    AccountLine {
        username: account.acct(),
        state: State::list(&account, user.as_ref()),
        admin: user.as_ref().is_some_and(|user| user.admin),
        email: user.map(|user| user.email).unwrap_or_default(),
        statuses: account.statuses_count,
        followers: account.followers_count,
        created_at: account.created_at,
    }
}

fn by_id(conn: &Conn, ids: Vec<i64>) -> Result<HashMap<i64, Account>> {
    let found = db::account::list(conn, &ids)?;
    Ok(found.into_iter().map(|account| (account.id, account)).collect())
}

fn get_report(conn: &Conn, id: i64) -> Result<Report> {
    db::report::find(conn, id)?
        .ok_or_else(|| Error::Missing(format!("there is no report {id}").into()))
}

fn work(app: &App, id: i64, reopen: bool) -> Result<Reply> {
    let site = app.site.clone();
    let write = app.db.write(Lane::Interactive, move |tx| {
        let settled = get_report(tx, id)?.action_taken_at.is_some();
        if settled != reopen {
            let how = if settled { "settled already" } else { "not settled" };
            return Err(Error::invalid(format!("report {id} is {how}")));
        }
        let step = if reopen { Step::Reopen } else { Step::Resolve };
        let report = report::work(tx, &site, None, id, step)?;
        lines(tx, &site, &[report])
    });
    write.wait().map(Reply::Reports)
}

fn lines(conn: &Conn, site: &Site, reports: &[Report]) -> Result<Vec<ReportLine>> {
    let ids = reports.iter().flat_map(|one| [one.account_id, one.target_id]).collect();
    let accounts = by_id(conn, ids)?;
    let name = |id| accounts.get(&id).map(|account| full(site, account)).unwrap_or_default();
    Ok(reports
        .iter()
        .map(|one| ReportLine {
            id: one.id,
            created_at: one.created_at,
            about: name(one.target_id),
            by: name(one.account_id),
            category: one.category.as_str().to_owned(),
            posts: one.status_ids.len(),
            comment: one.comment.clone(),
            settled_at: one.action_taken_at,
        })
        .collect())
}

fn show(app: &App, conn: &Conn, id: i64) -> Result<ReportPage> {
    let site = &app.site;
    let report = get_report(conn, id)?;
    let target = db::account::get(conn, report.target_id)?;
    let user = db::user::find(conn, target.id)?;
    let settled_by = match report.action_taken_by_id {
        Some(id) => db::account::find(conn, id)?.map(|account| full(site, &account)),
        None => None,
    };
    let rules = report.rule_ids.iter().filter_map(|number| {
        let rule = app.config.instance.rules.get(usize::try_from(*number - 1).ok()?)?;
        Some(format!("{number}. {rule}"))
    });
    let mut posts = db::status::list(conn, &report.status_ids)?;
    posts.sort_unstable_by_key(|post| post.id);
    let posts = posts.into_iter().map(|post| {
        let words = post.text.unwrap_or_else(|| sanitize::to_plain(&post.content));
        let parts = [post.spoiler_text, words];
        let text = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n");
        PostLine {
            address: post.url.unwrap_or(post.uri),
            created_at: post.created_at,
            visibility: post.visibility.as_str().to_owned(),
            text: text.chars().take(POST).collect(),
        }
    });
    let line = lines(conn, site, std::slice::from_ref(&report))?.pop().ok_or(Error::NotFound)?;
    Ok(ReportPage {
        line,
        state: State::list(&target, user.as_ref()),
        local: target.is_local(),
        rules: rules.collect(),
        forwarded: report.forwarded,
        settled_by,
        posts: posts.collect(),
    })
}
