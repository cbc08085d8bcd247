//! `dassie account`: the people of this server.

use clap::{Args, Subcommand};

use super::ask::{self, NewPassword, PasswordOptions};
use super::reach::Place;
use super::{archive, archive_out, output, sign_up, table};
use crate::clock;
use crate::control::{AccountLine, Command, Reply, Secret};
use crate::error::Result;

/// What can be done with accounts.
#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Create an account
    Create(Create),
    /// List the accounts
    List {
        /// Those who wait to be let in instead, and why they would like to come
        #[arg(long)]
        pending: bool,
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
        Action::List { pending: false } => match place.execute(Command::AccountList)? {
            Reply::Accounts(lines) => output::print(&list(&lines)),
            reply => output::unexpected(&reply),
        },
        Action::List { pending: true } => sign_up::list(place),
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
pub(super) fn list(lines: &[AccountLine]) -> String {
    if lines.is_empty() {
        return "There is no account yet.\n".to_owned();
    }
    let rows: Vec<_> = lines
        .iter()
        .map(|line| {
            [
                line.username.clone(),
                line.email.clone(),
                if line.admin { "yes" } else { "no" }.to_owned(),
                line.statuses.to_string(),
                line.followers.to_string(),
                clock::date(line.created_at),
            ]
        })
        .collect();
    table::render(["NAME", "E-MAIL", "ADMIN", "STATUSES", "FOLLOWERS", "CREATED"], &rows)
}
