//! Commands about who comes in: those who wait, and invitations.

use serde::{Deserialize, Serialize};

use super::command::{Reply, handle};
use crate::app::App;
use crate::db::applicant::Applicant;
use crate::db::invite::Invite;
use crate::db::{self, Conn, Lane};
use crate::error::{Error, Result};
use crate::model::Page;
use crate::service::{applicant, invite};
use crate::signature;

/// More than ever wait, and more invitations than there may be.
const MANY: usize = 1000;

/// What an operator asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignUpCommand {
    Waiting,
    Approve {
        name: String,
    },
    Reject {
        name: String,
    },
    /// `lifetime` in milliseconds.
    Invite {
        uses: Option<i64>,
        lifetime: Option<i64>,
    },
    Invites,
    Revoke {
        code: String,
    },
}

/// What comes of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignUpReply {
    Waiting(Vec<WaitingLine>),
    /// Who was let in or turned away. Not `in_now`: their address is still to be confirmed.
    Decided {
        name: String,
        in_now: bool,
    },
    /// What was made or taken back, or all there are.
    Invites(Vec<InviteLine>),
}

/// Somebody who waits, as the list shows them; times in milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingLine {
    pub username: String,
    pub email: String,
    pub confirmed: bool,
    pub reason: String,
    pub created_at: i64,
}

/// An invitation, as the list shows it; times in milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InviteLine {
    pub code: String,
    /// Where to go with it.
    pub address: String,
    /// Who made it; empty for the operator.
    pub by: String,
    pub uses: i64,
    pub max_uses: Option<i64>,
    pub expires_at: Option<i64>,
}

impl SignUpCommand {
    /// As it is typed.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Waiting => "account list --pending",
            Self::Approve { .. } => "account approve",
            Self::Reject { .. } => "account reject",
            Self::Invite { .. } => "invite create",
            Self::Invites => "invite list",
            Self::Revoke { .. } => "invite revoke",
        }
    }
}

pub(super) fn execute(app: &App, command: SignUpCommand) -> Result<Reply> {
    let reply = match command {
        SignUpCommand::Waiting => {
            let found =
                app.db.read(|conn| db::applicant::list_waiting(conn, &Page::newest(MANY)))?;
            SignUpReply::Waiting(found.into_iter().map(waiting_line).collect())
        }
        SignUpCommand::Approve { name } => approve(app, &name)?,
        SignUpCommand::Reject { name } => {
            let site = app.site.clone();
            let write = app.db.write(Lane::Interactive, move |tx| {
                let one = find(tx, &name)?;
                applicant::reject(tx, &site, one.id)
            });
            SignUpReply::Decided { name: write.wait()?.username, in_now: false }
        }
        SignUpCommand::Invite { uses, lifetime } => {
            let write =
                app.db.write(Lane::Interactive, move |tx| invite::create(tx, None, uses, lifetime));
            SignUpReply::Invites(vec![invite_line(app, write.wait()?)?])
        }
        SignUpCommand::Invites => {
            let most = i64::try_from(MANY).unwrap_or(i64::MAX);
            let found = app.db.read(|conn| db::invite::list(conn, None, most))?;
            let lines: Result<_> = found.into_iter().map(|one| invite_line(app, one)).collect();
            SignUpReply::Invites(lines?)
        }
        SignUpCommand::Revoke { code } => {
            let code = code.rsplit('/').next().unwrap_or_default().to_owned();
            let write = app.db.write(Lane::Interactive, move |tx| {
                invite::revoke(tx, &code, None).map_err(|error| match error {
                    Error::NotFound => Error::Missing("there is no such invitation".into()),
                    other => other,
                })
            });
            SignUpReply::Invites(vec![invite_line(app, write.wait()?)?])
        }
    };
    Ok(Reply::SignUp(reply))
}

fn approve(app: &App, name: &str) -> Result<SignUpReply> {
    let id = app.db.read(|conn| find(conn, name))?.id;
    let key = signature::key::generate()?;
    let (site, rules) = (app.site.clone(), app.config.registrations.clone());
    let write =
        app.db.write(Lane::Interactive, move |tx| applicant::approve(tx, &site, &rules, id, key));
    Ok(match write.wait()? {
        Some(account) => SignUpReply::Decided { name: handle(&app.site, &account), in_now: true },
        None => SignUpReply::Decided { name: name.to_owned(), in_now: false },
    })
}

/// Who waits under this name or address.
fn find(conn: &Conn, name: &str) -> Result<Applicant> {
    let name = name.trim().trim_start_matches('@');
    db::applicant::find_by_login(conn, name)?
        .filter(|one| !one.approved)
        .ok_or_else(|| Error::Missing(format!("nobody waits under the name {name}").into()))
}

fn waiting_line(one: Applicant) -> WaitingLine {
    WaitingLine {
        username: one.username,
        email: one.email,
        confirmed: one.confirmed,
        reason: one.reason,
        created_at: one.created_at,
    }
}

fn invite_line(app: &App, one: Invite) -> Result<InviteLine> {
    let by = match one.account_id {
        Some(id) => app.db.read(|conn| db::account::find(conn, id))?,
        None => None,
    };
    Ok(InviteLine {
        address: app.site.invite(&one.code),
        code: one.code,
        by: by.map(|account| account.username).unwrap_or_default(),
        uses: one.uses,
        max_uses: one.max_uses,
        expires_at: one.expires_at,
    })
}
