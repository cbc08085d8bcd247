//! `dassie account`: the people of this server.

use clap::{Args, Subcommand};

use super::ask::{self, NewPassword, PasswordOptions};
use super::reach::Place;
use super::report::{act, states};
use super::{archive, archive_out, output, sign_up, table};
use crate::clock;
use crate::control::{
    AccountLine, AccountState, CareCommand, Command, ModerationAction as Moderation, Reply, Secret,
};
use crate::error::Result;

/// What can be done with accounts.
#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Create an account
    Create(Create),
    /// List the accounts
    List {
        /// Those who wait to be let in instead, and why they would like to come
        #[arg(long, conflicts_with = "state")]
        pending: bool,
        /// Those only that are suspended, silenced or disabled, of other servers too
        #[arg(long, value_parser = state)]
        state: Option<AccountState>,
    },
    /// Let somebody in who waits
    Approve {
        /// The name that they asked for
        name: String,
    },
    /// Turn somebody away who waits; nothing of them stays
    Reject {
        /// The name that they asked for
        name: String,
    },
    /// Set a new password; ends all sessions and tokens of the account
    Password {
        /// The name of the account
        name: String,
        #[command(flatten)]
        password: PasswordOptions,
    },
    /// Set another e-mail address to sign in with; it counts at once
    Email {
        /// The name of the account
        name: String,
        /// The address
        address: String,
    },
    /// Hide somebody, here or elsewhere, and all they wrote from everybody here; can be undone
    Suspend(Limit),
    /// Undo that; the follows of an account of another server stay ended
    Unsuspend {
        /// The name of the account, or NAME@HOST
        name: String,
    },
    /// Show somebody, here or elsewhere, to their followers only
    Silence(Limit),
    /// Undo that
    Unsilence {
        /// The name of the account, or NAME@HOST
        name: String,
    },
    /// Let somebody not sign in; ends all sessions and tokens, and leaves what they wrote
    Disable(Limit),
    /// Undo that
    Enable {
        /// The name of the account
        name: String,
    },
    /// Turn the second factor off, for somebody who can show none any more
    #[command(name = "disable-2fa")]
    Disable2fa {
        /// The name of the account
        name: String,
    },
    /// Give an account new keys; other servers are told
    RotateKey {
        /// The name of the account
        name: String,
    },
    /// Move an account to another server, with its followers
    Move {
        /// The name of the account
        name: String,
        /// The new account: @name@host, or its address; it must name this one as its alias
        #[arg(required_unless_present = "undo")]
        target: Option<String>,
        /// Only show where the account is now: followers stay
        #[arg(long)]
        redirect_only: bool,
        /// Use the account here again; followers who went stay where they are
        #[arg(long, conflicts_with_all = ["target", "redirect_only"])]
        undo: bool,
    },
    /// List or change which other accounts are the same person's, for moving here from them
    Alias {
        /// The name of the account
        name: String,
        /// One more: @name@host, or its address
        #[arg(long, value_name = "ACCOUNT")]
        add: Option<String>,
        /// One no longer
        #[arg(long, value_name = "ACCOUNT")]
        remove: Option<String>,
    },
    /// Take in the posts of an archive, as Mastodon makes them; nobody is told
    ImportArchive(archive::Import),
    /// Remove the posts again that were taken in
    RemoveImported(archive::Remove),
    /// Write an account with its posts and files into an archive, as Mastodon does
    Export(archive_out::Export),
    /// Delete an account with everything it wrote, here and on other servers
    Delete {
        /// The name of the account
        name: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

/// To whom something is done.
#[derive(Args, Debug)]
pub(super) struct Limit {
    /// The name of the account, or NAME@HOST
    name: String,
    /// The number of the report that this settles
    #[arg(long, value_name = "N")]
    report: Option<i64>,
}

fn state(word: &str) -> std::result::Result<AccountState, String> {
    AccountState::parse(word).ok_or_else(|| "suspended, silenced or disabled".to_owned())
}

/// What a new account is made of.
#[derive(Args, Debug)]
pub(super) struct Create {
    /// The name: letters, digits and underscores
    #[arg(long, value_name = "NAME")]
    username: String,
    /// The e-mail address to sign in with
    #[arg(long, value_name = "ADDRESS")]
    email: String,
    #[command(flatten)]
    password: PasswordOptions,
    /// May administer this server
    #[arg(long)]
    admin: bool,
}

/// Asks what is missing, has it done and prints what came of it.
pub(super) fn run(place: &Place, action: Action) -> Result<()> {
    match action {
        Action::Create(create) => {
            let Create { username, email, password, admin } = create;
            let NewPassword { secret, made } = password.read(&username)?;
            let told = made.then(|| secret.clone());
            let command = Command::AccountCreate { username, email, password: secret, admin };
            report(&place.execute(command)?, "Created", told.as_ref())
        }
        Action::List { pending: true, .. } => sign_up::list(place),
        Action::List { state, .. } => {
            let command = state.map_or(Command::AccountList, |state| {
                Command::Care(CareCommand::Accounts { state })
            });
            match place.execute(command)? {
                Reply::Accounts(lines) => output::print(&list(&lines, state)),
                reply => output::unexpected(&reply),
            }
        }
        Action::Email { name, address } => {
            let command = CareCommand::Email { account: name, email: address };
            report(&place.execute(Command::Care(command))?, "Changed the address of", None)
        }
        Action::Suspend(Limit { name, report }) => act(place, name, Moderation::Suspend, report),
        Action::Unsuspend { name } => act(place, name, Moderation::Unsuspend, None),
        Action::Silence(Limit { name, report }) => act(place, name, Moderation::Silence, report),
        Action::Unsilence { name } => act(place, name, Moderation::Unsilence, None),
        Action::Disable(Limit { name, report }) => act(place, name, Moderation::Disable, report),
        Action::Enable { name } => act(place, name, Moderation::Enable, None),
        Action::Approve { name } => sign_up::approve(place, name),
        Action::Reject { name } => sign_up::reject(place, name),
        Action::Password { name, password } => {
            let NewPassword { secret, made } = password.read(&name)?;
            let told = made.then(|| secret.clone());
            let command = Command::AccountPassword { account: name, password: secret };
            let reply = place.execute(command)?;
            report(&reply, "Changed the password and ended all sessions of", told.as_ref())
        }
        Action::Disable2fa { name } => {
            let command = Command::AccountDisable2fa { account: name };
            report(&place.execute(command)?, "Turned off the second factor of", None)
        }
        Action::RotateKey { name } => {
            let command = Command::AccountRotateKey { account: name };
            report(&place.execute(command)?, "Made new keys for", None)
        }
        Action::Move { name, target, redirect_only, undo } => {
            let done = match (undo, redirect_only) {
                (true, _) => "No longer moved:",
                (false, true) => "Shown as moved:",
                (false, false) => "Moved, and told the followers:",
            };
            let with_followers = !redirect_only;
            let command = Command::AccountMove { account: name, target, with_followers };
            report(&place.execute(command)?, done, None)
        }
        Action::Alias { name, add, remove } => {
            match place.execute(Command::AccountAlias { account: name, add, remove })? {
                Reply::Aliases(list) if list.is_empty() => output::print("There is no alias.\n"),
                Reply::Aliases(list) => {
                    let text: String = list.iter().map(|uri| format!("{uri}\n")).collect();
                    output::print(&text)
                }
                reply => output::unexpected(&reply),
            }
        }
        Action::ImportArchive(options) => archive::import(place, options),
        Action::RemoveImported(options) => archive::remove(place, &options),
        Action::Export(options) => archive_out::export(place, &options),
        Action::Delete { name, yes } => {
            if !yes {
                let question = format!(
                    "This deletes {name} with everything it wrote, here and on other servers, \
                     for ever. Nobody can have the name again."
                );
                ask::confirm(&question, &name)?;
            }
            report(&place.execute(Command::AccountDelete { account: name })?, "Deleted", None)
        }
    }
}

/// Prints what was done to which account, and the password that was made for it.
fn report(reply: &Reply, done: &str, password: Option<&Secret>) -> Result<()> {
    let Reply::Account(handle) = reply else { return output::unexpected(reply) };
    output::print(&format!("{done} @{handle}\n"))?;
    match password {
        Some(Secret(password)) => output::print(&format!("Password: {password}\n")),
        None => Ok(()),
    }
}

/// The table of accounts.
pub(super) fn list(lines: &[AccountLine], wanted: Option<AccountState>) -> String {
    if lines.is_empty() {
        return match wanted {
            None => "There is no account yet.\n".to_owned(),
            Some(state) => format!("No account is {}.\n", state.as_str()),
        };
    }
    let or_none = |text: String| if text.is_empty() { "-".to_owned() } else { text };
    let rows: Vec<_> = lines
        .iter()
        .map(|line| {
            [
                line.username.clone(),
                or_none(line.email.clone()),
                if line.admin { "yes" } else { "no" }.to_owned(),
                or_none(states(&line.state)),
                line.statuses.to_string(),
                line.followers.to_string(),
                clock::date(line.created_at),
            ]
        })
        .collect();
    table::render(["NAME", "E-MAIL", "ADMIN", "STATE", "STATUSES", "FOLLOWERS", "CREATED"], &rows)
}
