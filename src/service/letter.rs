//! Letters: what they say, and what their links do. A letter is a job that says about whom it is, and
//! is written when its turn comes, so that no link lies in the database but as a hash.

use crate::client::mail::Letter;
use crate::clock::{DAY, HOUR};
use crate::config::Registrations;
use crate::crypto;
use crate::db::mail_token::MailToken;
use crate::db::{self, Conn, Tx};
use crate::error::{Error, Result};
use crate::model::{Account, JobKind};
use crate::signature::key::GeneratedKey;
use crate::site::Site;
use crate::text::words::{Lang, Word, say};

use super::{access, account, applicant, sign_up};

/// All letters wait in one line, and so many at the most.
const LANE: &str = "mail";
const MOST_WAITING: i64 = 200;

/// How long a link is good.
const CONFIRM_LIFETIME: i64 = 2 * DAY;
const PASSWORD_LIFETIME: i64 = HOUR;

/// What a letter is about; stored as its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i64)]
pub enum About {
    /// An applicant shall confirm the address.
    SignUp = 0,
    /// So shall the owner of an account, for another address.
    Address = 1,
    /// A new password for an account.
    Password = 2,
    /// An admin, by account, shall decide about somebody.
    Waiting = 3,
    /// The owner of an account is in.
    Approved = 4,
    /// An admin, by account, shall look at what was reported.
    Report = 5,
}

impl About {
    fn from_number(number: i64) -> Option<Self> {
        [Self::SignUp, Self::Address, Self::Password, Self::Waiting, Self::Approved, Self::Report]
            .into_iter()
            .find(|about| *about as i64 == number)
    }
}

/// Queues a letter, unless the same one waits.
pub fn queue(tx: &Tx<'_>, site: &Site, about: About, whom: i64) -> Result<()> {
    if !site.mails {
        return Ok(());
    }
    let payload = serde_json::to_vec(&(about as i64, whom)).map_err(Error::internal)?;
    if db::job::waits_with(tx, JobKind::Letter, LANE, &payload)? {
        return Ok(());
    }
    if db::job::count_lane(tx, LANE, MOST_WAITING)? >= MOST_WAITING {
        tracing::warn!("a letter was left out: too many wait");
        return Ok(());
    }
    db::job::insert(tx, JobKind::Letter, LANE, &payload)?;
    Ok(())
}

/// Tells every admin, but for one who knows (0: none does).
pub(super) fn tell_admins(tx: &Tx<'_>, site: &Site, about: About, but: i64) -> Result<()> {
    for admin in db::user::list_admins(tx)?.into_iter().filter(|admin| *admin != but) {
        queue(tx, site, about, admin)?;
    }
    Ok(())
}

/// The letter, with a new link where one belongs in it; `None` when there is nothing to tell any more.
pub fn write(
    tx: &Tx<'_>,
    site: &Site,
    title: &str,
    about: i64,
    whom: i64,
) -> Result<Option<Letter>> {
    let Some(about) = About::from_number(about) else { return Ok(None) };
    let Some(to) = addressee(tx, about, whom)? else { return Ok(None) };
    let (subject, text, path) = match about {
        About::SignUp => (Word::letter_sign_up, Word::letter_sign_up_text, "/auth/confirm?token="),
        About::Address => (Word::letter_address, Word::letter_address_text, "/auth/confirm?token="),
        About::Password => {
            (Word::letter_password, Word::letter_password_text, "/auth/password/new?token=")
        }
        About::Waiting => (Word::letter_waiting, Word::letter_waiting_text, "/settings/people"),
        About::Approved => (Word::letter_approved, Word::letter_approved_text, "/auth/sign_in"),
        About::Report => (Word::letter_report, Word::letter_report_text, ""),
    };
    let mut link = format!("{}{path}", site.base);
    let lifetime = match about {
        About::SignUp | About::Address => Some(CONFIRM_LIFETIME),
        About::Password => Some(PASSWORD_LIFETIME),
        About::Waiting | About::Approved | About::Report => None,
    };
    if let Some(lifetime) = lifetime {
        let secret = crypto::token();
        let token = MailToken { kind: about as i64, subject_id: whom, email: to.email.clone() };
        db::mail_token::set(tx, &crypto::token_hash(&secret), &token, tx.now() + lifetime)?;
        link.push_str(&secret);
    }
    let lang = Lang::of(to.locale.as_deref().unwrap_or(&site.default_language));
    let handle = format!("@{}@{}", to.username, site.account_domain);
    let values = [title.to_owned(), link, handle, site.host.clone()];
    Ok(Some(Letter {
        to: to.email,
        subject: say(lang, subject, &values),
        text: say(lang, text, &values),
    }))
}

/// Who gets a letter.
struct Addressee {
    username: String,
    email: String,
    locale: Option<String>,
}

fn addressee(conn: &Conn, about: About, whom: i64) -> Result<Option<Addressee>> {
    if about == About::SignUp {
        let one = db::applicant::find(conn, whom)?.filter(|one| !one.confirmed);
        return Ok(one.map(|one| Addressee {
            username: one.username,
            email: one.email,
            locale: Some(one.locale),
        }));
    }
    let Some(account) = access::find_allowed(conn, whom)? else { return Ok(None) };
    let Some(user) = db::user::find(conn, whom)? else { return Ok(None) };
    let wanted = match about {
        About::Waiting => user.admin && db::applicant::is_any_waiting(conn)?,
        About::Report => user.admin && db::report::is_any_open(conn)?,
        _ => true,
    };
    let email = match about {
        About::Address => user.new_email,
        _ => Some(user.email),
    };
    let addressee = |email| Addressee { username: account.username, email, locale: user.locale };
    Ok(email.filter(|_| wanted).map(addressee))
}

/// What came of a link.
#[derive(Debug)]
pub enum Confirmed {
    /// It is too old, was used, or is none.
    Nothing,
    /// An account is there.
    Came(Box<Account>),
    /// An admin decides now.
    Waits,
    /// The new address counts.
    Address,
}

/// Whether a link to confirm an address is good.
pub fn can_confirm(conn: &Conn, hash: &[u8; 32]) -> Result<bool> {
    db::mail_token::find(conn, hash)?.map_or(Ok(false), |token| is_awaited(conn, &token))
}

/// Whether somebody still wants the address that a link confirms, and no other since. A link proves
/// the address that it was sent to, no other.
fn is_awaited(conn: &Conn, token: &MailToken) -> Result<bool> {
    let whom = token.subject_id;
    match About::from_number(token.kind) {
        Some(About::SignUp) => {
            let found = db::applicant::find(conn, whom)?;
            Ok(found.is_some_and(|one| !one.confirmed && one.email == token.email))
        }
        Some(About::Address) => {
            let wanted = db::user::find(conn, whom)?.and_then(|user| user.new_email);
            // somebody else may have it by now
            Ok(wanted.as_ref() == Some(&token.email)
                && !account::is_email_taken(conn, &token.email)?)
        }
        _ => Ok(false),
    }
}

/// Confirms an address. `key` is for the account that may come of it.
///
/// # Errors
/// 403 when there are as many people as may be; the link stays good.
pub fn confirm(
    tx: &Tx<'_>,
    site: &Site,
    rules: &Registrations,
    hash: &[u8; 32],
    key: GeneratedKey,
) -> Result<Confirmed> {
    let Some(token) = db::mail_token::find(tx, hash)? else { return Ok(Confirmed::Nothing) };
    if !is_awaited(tx, &token)? {
        return Ok(Confirmed::Nothing);
    }
    let whom = token.subject_id;
    match About::from_number(token.kind) {
        Some(About::SignUp) => {
            let one = db::applicant::find(tx, whom)?.ok_or(Error::NotFound)?;
            if one.approved {
                if sign_up::is_full(tx, rules)? {
                    return Err(sign_up::full());
                }
                db::mail_token::remove(tx, hash)?;
                return Ok(Confirmed::Came(Box::new(applicant::settle(tx, site, one, key)?)));
            }
            db::mail_token::remove(tx, hash)?;
            db::applicant::set_confirmed(tx, whom)?;
            applicant::tell(tx, site, &one)?;
            Ok(Confirmed::Waits)
        }
        Some(About::Address) => {
            db::mail_token::remove(tx, hash)?;
            db::user::set_email(tx, whom, &token.email)?;
            tracing::info!(account = whom, "e-mail address changed");
            Ok(Confirmed::Address)
        }
        _ => Ok(Confirmed::Nothing),
    }
}

/// Sends an applicant a link once more, to another address if one is given.
///
/// # Errors
/// 403 when it is confirmed already, 422 for an address that cannot be taken.
pub fn confirm_again(tx: &Tx<'_>, site: &Site, id: i64, email: Option<&str>) -> Result<()> {
    let one = db::applicant::find(tx, id)?.filter(|one| !one.confirmed);
    let one = one.ok_or_else(nothing_to_confirm)?;
    if let Some(email) = email.map(str::trim)
        && !email.eq_ignore_ascii_case(&one.email)
    {
        access::check_email(email)?;
        if account::is_email_taken(tx, email)? {
            return Err(Error::invalid("Validation failed: Email has already been taken"));
        }
        db::applicant::set_email(tx, id, email)?;
    }
    queue(tx, site, About::SignUp, id)
}

/// Sends the owner of an account a link once more, for the address that is not confirmed yet.
///
/// # Errors
/// 403 when there is none.
pub fn confirm_address_again(tx: &Tx<'_>, site: &Site, id: i64) -> Result<()> {
    match db::user::find(tx, id)?.and_then(|user| user.new_email) {
        Some(_) => queue(tx, site, About::Address, id),
        None => Err(nothing_to_confirm()),
    }
}

/// Mastodon's words.
fn nothing_to_confirm() -> Error {
    Error::Forbidden(
        "This method is only available while the e-mail is awaiting confirmation".into(),
    )
}

/// Sends a link for a new password to this address, if somebody here has it who may sign in. What is
/// done does not tell whether.
pub fn ask_password(tx: &Tx<'_>, site: &Site, email: &str) -> Result<()> {
    if !email.contains('@') {
        return Ok(());
    }
    let user = db::user::find_by_login(tx, email)?;
    match user {
        Some(user) if access::find_allowed(tx, user.account_id)?.is_some() => {
            queue(tx, site, About::Password, user.account_id)
        }
        _ => Ok(()),
    }
}

/// Whose password a link sets, while it is good.
pub fn find_password(conn: &Conn, hash: &[u8; 32]) -> Result<Option<Account>> {
    let Some(token) = db::mail_token::find(conn, hash)? else { return Ok(None) };
    let user = db::user::find(conn, token.subject_id)?;
    // it went to an address that is somebody else's now
    if token.kind != About::Password as i64
        || user.is_none_or(|user| !user.email.eq_ignore_ascii_case(&token.email))
    {
        return Ok(None);
    }
    access::find_allowed(conn, token.subject_id)
}

/// Sets a password by a link, once; everything that was signed in ends (S-078). False: the link is none.
pub fn set_password(tx: &Tx<'_>, hash: &[u8; 32], password_hash: &str) -> Result<bool> {
    let Some(account) = find_password(tx, hash)? else { return Ok(false) };
    db::mail_token::remove(tx, hash)?;
    account::set_password(tx, account.id, password_hash)?;
    tracing::info!(account = account.id, "password set by a link in a letter");
    Ok(true)
}
