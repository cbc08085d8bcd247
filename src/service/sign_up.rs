//! Signing up: who may, what is wrong with a form, and what becomes of it. Nobody has an account before
//! both an admin or an invitation lets them in and their address is confirmed: until then they are
//! applicants (`service::applicant`), of whom nothing else knows.

use crate::config::{RegistrationMode, Registrations};
use crate::db::applicant::Applicant;
use crate::db::invite::Invite;
use crate::db::{self, Conn, Tx};
use crate::error::{Error, Result};
use crate::model::{Account, Scopes};
use crate::signature::key::GeneratedKey;
use crate::site::Site;
use crate::text::language;

use super::account::{LONGEST_PASSWORD, SHORTEST_PASSWORD};
use super::letter::{self, About};
use super::{access, account, applicant, invite};

/// How many may wait at once: strangers make them.
const MOST_WAITING: i64 = 100;
/// The longest reason, in characters, as in Mastodon.
pub const LONGEST_REASON: usize = 420;

/// Names that sound as if they spoke for the server.
const RESERVED: &[&str] = &[
    "abuse",
    "account",
    "accounts",
    "admin",
    "administration",
    "administrator",
    "admins",
    "dassie",
    "help",
    "helpdesk",
    "hostmaster",
    "info",
    "instance",
    "mod",
    "moderator",
    "moderators",
    "mods",
    "owner",
    "postmaster",
    "root",
    "security",
    "server",
    "staff",
    "support",
    "system",
    "webmaster",
];

/// What somebody filled in, as it came.
#[derive(Clone, Debug, Default)]
pub struct Form {
    pub username: String,
    pub email: String,
    pub password: String,
    pub agreement: bool,
    pub locale: Option<String>,
    pub reason: String,
    /// The code of an invitation.
    pub invite: Option<String>,
}

/// What is wrong with a field, in Mastodon's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    Blank,
    Invalid,
    TooShort(usize),
    TooLong(usize),
    Reserved,
    Taken,
    Accepted,
}

/// A field that cannot be taken as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    pub field: &'static str,
    pub wrong: Wrong,
}

impl Wrong {
    /// The word that apps know it by.
    pub fn code(self) -> &'static str {
        match self {
            Self::Blank => "ERR_BLANK",
            Self::Invalid => "ERR_INVALID",
            Self::TooShort(_) => "ERR_TOO_SHORT",
            Self::TooLong(_) => "ERR_TOO_LONG",
            Self::Reserved => "ERR_RESERVED",
            Self::Taken => "ERR_TAKEN",
            Self::Accepted => "ERR_ACCEPTED",
        }
    }
}

impl Fault {
    /// What Mastodon says of the field.
    pub fn description(self) -> String {
        match self.wrong {
            Wrong::Blank => "can't be blank".to_owned(),
            Wrong::Invalid if self.field == "username" => {
                "must contain only letters, numbers and underscores".to_owned()
            }
            Wrong::Invalid => "is invalid".to_owned(),
            Wrong::TooShort(least) => format!("is too short (minimum is {least} characters)"),
            Wrong::TooLong(most) => format!("is too long (maximum is {most} characters)"),
            Wrong::Reserved => "is reserved".to_owned(),
            Wrong::Taken => "has already been taken".to_owned(),
            Wrong::Accepted => "must be accepted".to_owned(),
        }
    }
}

/// How the door stands for somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Door {
    Closed,
    /// An admin decides.
    Asks,
    Open(Option<Invite>),
}

/// How the door stands for whoever has this code, or none.
pub fn door(conn: &Conn, rules: &Registrations, code: Option<&str>) -> Result<Door> {
    if rules.mode == RegistrationMode::Closed || is_full(conn, rules)? {
        return Ok(Door::Closed);
    }
    if let Some(code) = code
        && let Some(found) = invite::find_good(conn, rules, code)?
    {
        return Ok(Door::Open(Some(found)));
    }
    let crowded = db::applicant::count(conn, MOST_WAITING)? >= MOST_WAITING;
    Ok(match rules.mode {
        _ if crowded => Door::Closed,
        RegistrationMode::Closed | RegistrationMode::Invite => Door::Closed,
        RegistrationMode::Approval => Door::Asks,
        RegistrationMode::Open => Door::Open(None),
    })
}

/// What everybody is told about the door.
#[derive(Clone, Copy, Debug)]
pub struct Doorplate {
    /// Somebody without an invitation may sign up.
    pub open: bool,
    pub asks: bool,
    /// Anybody here may invite others.
    pub invites: bool,
}

/// What everybody is told about the door.
pub fn doorplate(conn: &Conn, rules: &Registrations) -> Result<Doorplate> {
    let door = door(conn, rules, None)?;
    Ok(Doorplate {
        open: door != Door::Closed,
        asks: rules.mode == RegistrationMode::Approval,
        invites: invite::may_invite(rules, false),
    })
}

/// Whether there are as many people as the settings allow.
pub(super) fn is_full(conn: &Conn, rules: &Registrations) -> Result<bool> {
    Ok(db::user::count(conn)? >= i64::try_from(rules.max_accounts).unwrap_or(i64::MAX))
}

/// What is said when there are.
pub(super) fn full() -> Error {
    Error::Forbidden("There are as many people here as registrations.max_accounts allows".into())
}

/// What is wrong with the form, as far as it tells itself.
pub fn check(form: &Form, door: &Door, rules: &Registrations) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut note = |field, wrong| faults.push(Fault { field, wrong });
    let name = form.username.trim();
    if name.is_empty() {
        note("username", Wrong::Blank);
    } else if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        note("username", Wrong::Invalid);
    } else if account::check_username(name).is_err() {
        note("username", Wrong::TooLong(30));
    } else if RESERVED.contains(&name.to_ascii_lowercase().as_str()) {
        note("username", Wrong::Reserved);
    }
    let email = form.email.trim();
    if email.is_empty() {
        note("email", Wrong::Blank);
    } else if access::check_email(email).is_err() {
        note("email", Wrong::Invalid);
    }
    if form.password.is_empty() {
        note("password", Wrong::Blank);
    } else if form.password.chars().count() < SHORTEST_PASSWORD {
        note("password", Wrong::TooShort(SHORTEST_PASSWORD));
    } else if form.password.len() > LONGEST_PASSWORD {
        note("password", Wrong::TooLong(LONGEST_PASSWORD));
    }
    if !form.agreement {
        note("agreement", Wrong::Accepted);
    }
    let reason = form.reason.trim();
    if *door == Door::Asks && rules.reason_required && reason.is_empty() {
        note("reason", Wrong::Blank);
    } else if reason.chars().count() > LONGEST_REASON {
        note("reason", Wrong::TooLong(LONGEST_REASON));
    }
    faults
}

/// What others have already.
pub fn check_taken(conn: &Conn, site: &Site, form: &Form) -> Result<Vec<Fault>> {
    let mut faults = Vec::new();
    let (name, email) = (form.username.trim(), form.email.trim());
    // a name that was here before would speak with another's past
    if account::is_name_taken(conn, name)? || super::leaving::was_used(conn, site, name)? {
        faults.push(Fault { field: "username", wrong: Wrong::Taken });
    }
    if account::is_email_taken(conn, email)? {
        faults.push(Fault { field: "email", wrong: Wrong::Taken });
    }
    Ok(faults)
}

/// The app in which somebody signs up, and the token that it shall get.
#[derive(Clone, Debug)]
pub struct ForApp {
    pub application_id: i64,
    pub token_hash: [u8; 32],
    pub scopes: Scopes,
}

/// A form without faults, with what takes time to make.
pub struct Ready {
    pub form: Form,
    /// From [`crate::crypto::hash_password`].
    pub password_hash: String,
    /// Where the account will be there at once.
    pub key: Option<GeneratedKey>,
    pub app: Option<ForApp>,
}

/// What became of it.
#[derive(Debug)]
pub enum Outcome {
    Closed,
    /// Somebody was quicker.
    Taken(Vec<Fault>),
    Waits(Box<Applicant>),
    Came(Box<Account>),
}

/// Takes somebody in, or notes that they wait.
pub fn enter(tx: &Tx<'_>, site: &Site, rules: &Registrations, ready: Ready) -> Result<Outcome> {
    let Ready { form, password_hash, key, app } = ready;
    let (approved, used) = match door(tx, rules, form.invite.as_deref())? {
        Door::Closed => return Ok(Outcome::Closed),
        Door::Asks => (false, None),
        Door::Open(used) => (true, used),
    };
    let taken = check_taken(tx, site, &form)?;
    if !taken.is_empty() {
        return Ok(Outcome::Taken(taken));
    }
    if let Some(used) = &used {
        db::invite::count_use(tx, used.id)?;
    }
    let (application_id, token_hash, scopes) = match app {
        Some(app) => (Some(app.application_id), Some(app.token_hash), app.scopes.to_string()),
        None => (None, None, String::new()),
    };
    let locale = form.locale.as_deref().and_then(language::normalize);
    let mut new = Applicant {
        id: tx.mint_id(),
        username: form.username.trim().to_owned(),
        email: form.email.trim().to_owned(),
        password_hash,
        locale: locale.unwrap_or_else(|| site.default_language.clone()),
        reason: form.reason.trim().to_owned(),
        invited_by: used.and_then(|used| used.account_id),
        confirmed: !site.mails,
        approved,
        told_id: None,
        application_id,
        token_hash,
        scopes,
        created_at: tx.now(),
    };
    if approved && new.confirmed {
        let key = key.ok_or_else(|| Error::internal("an account without a key"))?;
        return Ok(Outcome::Came(Box::new(applicant::settle(tx, site, new, key)?)));
    }
    db::applicant::insert(tx, &new)?;
    if new.confirmed {
        new.told_id = applicant::tell(tx, site, &new)?;
    } else {
        letter::queue(tx, site, About::SignUp, new.id)?;
    }
    Ok(Outcome::Waits(Box::new(new)))
}
