//! A sign-up from the form to the account, for the page and the client API alike: what is cheap to refuse
//! comes first, what takes time is made in between, and the transaction looks at everything again.

use std::net::IpAddr;

use super::App;
use crate::clock::MINUTE;
use crate::crypto;
use crate::error::{Error, Result};
use crate::service::applicant;
use crate::service::letter::{self, Confirmed};
use crate::service::sign_up::{self, Door, Fault, ForApp, Form, Outcome, Ready};
use crate::signature;

/// Forms of one address that are looked at within five minutes, and those that were good within half
/// an hour, as Mastodon limits them.
const MOST_FORMS: u32 = 25;
const FORMS_WINDOW: i64 = 5 * MINUTE;
const MOST_GOOD: u32 = 5;
const GOOD_WINDOW: i64 = 30 * MINUTE;

impl App {
    /// How the door stands for whoever has this code, or none.
    pub async fn door(&self, code: Option<String>) -> Result<Door> {
        let rules = self.config.registrations.clone();
        self.read(move |conn| sign_up::door(conn, &rules, code.as_deref())).await
    }

    /// Takes somebody in, or notes that they wait; `Err` inside: what is wrong with the form.
    ///
    /// # Errors
    /// 403 when the door is closed, 429 for too many from one address.
    pub async fn sign_up(
        &self,
        form: Form,
        app: Option<ForApp>,
        address: IpAddr,
    ) -> Result<std::result::Result<Outcome, Vec<Fault>>> {
        let door = self.door(form.invite.clone()).await?;
        if door == Door::Closed {
            return Err(closed());
        }
        self.count_sign_up(format!("form {address}"), MOST_FORMS, FORMS_WINDOW)?;
        let mut faults = sign_up::check(&form, &door, &self.config.registrations);
        if !faults.iter().any(|fault| matches!(fault.field, "username" | "email")) {
            let (site, form) = (self.site.clone(), form.clone());
            faults.extend(self.read(move |conn| sign_up::check_taken(conn, &site, &form)).await?);
        }
        if !faults.is_empty() {
            return Ok(Err(faults));
        }
        self.count_sign_up(format!("good {address}"), MOST_GOOD, GOOD_WINDOW)?;
        let password_hash = self.hash_password(form.password.clone()).await?;
        let key = match door {
            Door::Open(_) if !self.site.mails => {
                Some(self.compute(signature::key::generate).await??)
            }
            _ => None,
        };
        let (site, rules) = (self.site.clone(), self.config.registrations.clone());
        let ready = Ready { form, password_hash, key, app };
        match self.write(move |tx| sign_up::enter(tx, &site, &rules, ready)).await? {
            Outcome::Closed => Err(closed()),
            Outcome::Taken(faults) => Ok(Err(faults)),
            outcome => Ok(Ok(outcome)),
        }
    }

    /// Lets in who waits: at once, or when their address is confirmed.
    ///
    /// # Errors
    /// 404 when nobody with this id waits, 403 when there is no room.
    pub async fn approve(&self, id: i64) -> Result<()> {
        let key = self.compute(signature::key::generate).await??;
        let (site, rules) = (self.site.clone(), self.config.registrations.clone());
        self.write(move |tx| applicant::approve(tx, &site, &rules, id, key)).await?;
        Ok(())
    }

    /// Confirms an address by the secret of a link.
    ///
    /// # Errors
    /// 403 when there is no room.
    pub async fn confirm_address(&self, secret: &str) -> Result<Confirmed> {
        let hash = crypto::token_hash(secret);
        // a key is slow to make: only for a link that may be good
        if !self.read(move |conn| letter::can_confirm(conn, &hash)).await? {
            return Ok(Confirmed::Nothing);
        }
        let key = self.compute(signature::key::generate).await??;
        let (site, rules) = (self.site.clone(), self.config.registrations.clone());
        self.write(move |tx| letter::confirm(tx, &site, &rules, &hash, key)).await
    }

    /// Limits letters that somebody asks for, by whom or about whom they are.
    ///
    /// # Errors
    /// 429.
    pub fn count_letter(&self, whom: &str) -> Result<()> {
        self.count_sign_up(format!("letter {whom}"), MOST_GOOD, GOOD_WINDOW)
    }

    /// Counts by address; in dev all are one's own.
    fn count_sign_up(&self, key: String, most: u32, window: i64) -> Result<()> {
        if !self.config.dev && self.sign_ups.count(&key, window) > most {
            let (_, retry_after) = self.sign_ups.look(&key);
            return Err(Error::TooMany { retry_after });
        }
        Ok(())
    }
}

/// Mastodon's words for a server whose registrations are closed.
fn closed() -> Error {
    Error::Forbidden("This action is not allowed".into())
}
