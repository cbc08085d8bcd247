//! `dassie invite`, and those of `dassie account` that are about who waits.

use clap::Subcommand;

use super::reach::Place;
use super::{output, table};
use crate::clock;
use crate::config::Span;
use crate::control::{Command, InviteLine, Reply, SignUpCommand, SignUpReply};
use crate::error::{Error, Result};

/// What can be done with invitations.
#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Make an invitation and print the address to pass on
    Create {
        /// So many people can come in with it
        #[arg(long, value_name = "N", default_value = "1")]
        uses: i64,
        /// How long it is good: 12h, 7d or 4w
        #[arg(long, value_name = "TIME", default_value = "7d")]
        lasts: Span,
    },
    /// List the invitations, newest first
    List,
    /// Take an invitation back
    Revoke {
        /// Its code, or its address
        code: String,
    },
}

/// Does it and prints what came of it.
pub(super) fn run(place: &Place, action: Action) -> Result<()> {
    let command = match action {
        Action::Create { uses, lasts } => {
            let made =
                ask(place, SignUpCommand::Invite { uses: Some(uses), lifetime: Some(lasts.ms()) })?;
            return match made {
                SignUpReply::Invites(lines) => {
                    let text: String =
                        lines.iter().map(|one| format!("{}\n", one.address)).collect();
                    output::print(&text)
                }
                reply => output::unexpected(&Reply::SignUp(reply)),
            };
        }
        Action::List => SignUpCommand::Invites,
        Action::Revoke { code } => {
            ask(place, SignUpCommand::Revoke { code })?;
            return output::print("Taken back.\n");
        }
    };
    match ask(place, command)? {
        SignUpReply::Invites(lines) => output::print(&invites(&lines)),
        reply => output::unexpected(&Reply::SignUp(reply)),
    }
}

fn ask(place: &Place, command: SignUpCommand) -> Result<SignUpReply> {
    match place.execute(Command::SignUp(command))? {
        Reply::SignUp(reply) => Ok(reply),
        reply => output::unexpected(&reply).and(Err(Error::NotFound)),
    }
}

fn invites(lines: &[InviteLine]) -> String {
    if lines.is_empty() {
        return "There is no invitation.\n".to_owned();
    }
    let rows: Vec<_> = lines
        .iter()
        .map(|one| {
            let most = one.max_uses.map_or_else(|| "any".to_owned(), |most| most.to_string());
            [
                one.address.clone(),
                if one.by.is_empty() { "-".to_owned() } else { one.by.clone() },
                format!("{} of {most}", one.uses),
                one.expires_at.map_or_else(|| "never".to_owned(), clock::date),
            ]
        })
        .collect();
    table::render(["ADDRESS", "BY", "USED", "ENDS"], &rows)
}

/// `dassie account list --pending`
pub(super) fn list(place: &Place) -> Result<()> {
    let lines = match ask(place, SignUpCommand::Waiting)? {
        SignUpReply::Waiting(lines) => lines,
        reply => return output::unexpected(&Reply::SignUp(reply)),
    };
    if lines.is_empty() {
        return output::print("Nobody waits.\n");
    }
    let rows: Vec<_> = lines
        .into_iter()
        .map(|one| {
            let confirmed = if one.confirmed { "yes" } else { "no" }.to_owned();
            [one.username, one.email, confirmed, clock::date(one.created_at), one.reason]
        })
        .collect();
    output::print(&table::render(["NAME", "E-MAIL", "CONFIRMED", "SINCE", "REASON"], &rows))
}

/// `dassie account approve`
pub(super) fn approve(place: &Place, name: String) -> Result<()> {
    match ask(place, SignUpCommand::Approve { name })? {
        SignUpReply::Decided { name, in_now: true } => output::print(&format!("Let in @{name}\n")),
        SignUpReply::Decided { name, .. } => output::print(&format!(
            "Approved {name}, who comes in as soon as the address is confirmed\n"
        )),
        reply => output::unexpected(&Reply::SignUp(reply)),
    }
}

/// `dassie account reject`
pub(super) fn reject(place: &Place, name: String) -> Result<()> {
    match ask(place, SignUpCommand::Reject { name })? {
        SignUpReply::Decided { name, .. } => output::print(&format!("Turned away {name}\n")),
        reply => output::unexpected(&Reply::SignUp(reply)),
    }
}
