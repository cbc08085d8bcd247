//! Guessing a password or a code is slow: one at a time (S-067), and after some failures pauses
//! that double (S-068). Whoever asks for a secret goes through here: pages and client API alike.

use std::future::Future;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Semaphore;

use super::App;
use crate::clock::{DAY, MINUTE};
use crate::crypto;
use crate::db;
use crate::error::{Error, Result};
use crate::service;

/// Failures in a day before the first pause, for one name and for one address (S-068).
const FREE_FOR_ACCOUNT: u32 = 10;
const FREE_FOR_ADDRESS: u32 = 20;
/// The first pause; each further failure doubles it, up to [`DOUBLINGS`] times.
const PAUSE: i64 = MINUTE;
const DOUBLINGS: u32 = 4;
/// How many may wait for the one password that is checked at a time (S-067).
const QUEUE: usize = 16;

/// One attempt at a time: it takes a blocking thread and 19 MiB, and attempts that run at once
/// would not see one another's failures.
static TURN: Semaphore = Semaphore::const_new(1);
static WAITING: AtomicUsize = AtomicUsize::new(0);

/// What came of it.
#[derive(Debug)]
pub enum Attempt<T> {
    Right(T),
    Wrong,
    /// Seconds until the next one may be made; nothing was looked at.
    Wait(u32),
}

impl App {
    /// Checks a secret, unless too many were wrong lately for `key` or from `address`. `check`
    /// answers `None` for a wrong one.
    ///
    /// # Errors
    /// 429 when too many wait already, and those of `check`.
    pub async fn attempt<T>(
        &self,
        key: &str,
        address: IpAddr,
        check: impl Future<Output = Result<Option<T>>>,
    ) -> Result<Attempt<T>> {
        let address_key = format!("address:{address}");
        let _place = Place::take()?;
        let _turn = TURN.acquire().await.map_err(Error::internal)?;
        let pause = self.pause_of(key).max(self.pause_of(&address_key));
        if pause > 0 {
            return Ok(Attempt::Wait(pause));
        }
        match check.await? {
            Some(value) => {
                self.sign_ins.forget(&key.to_owned());
                Ok(Attempt::Right(value))
            }
            None => {
                self.failed(key, FREE_FOR_ACCOUNT);
                self.failed(&address_key, FREE_FOR_ADDRESS);
                tracing::info!(%address, "a password or code was wrong");
                Ok(Attempt::Wrong)
            }
        }
    }

    /// Checks the password of somebody who is signed in already. Counted like sign-ins, but apart
    /// from them: a stranger who guesses at the front door must not keep the owner from changing
    /// the password.
    ///
    /// # Errors
    /// Those of [`App::attempt`].
    pub async fn attempt_password(
        &self,
        account_id: i64,
        address: IpAddr,
        password: &str,
    ) -> Result<Attempt<()>> {
        let user = self.read(move |conn| db::user::find(conn, account_id)).await?;
        let user = user.filter(|_| password.len() <= service::account::LONGEST_PASSWORD);
        let password = password.to_owned();
        let check = async move {
            let right =
                self.compute(move || service::account::sign_in(user.as_ref(), &password)).await?;
            Ok(right.map(|_| ()))
        };
        self.attempt(&format!("owner:{account_id}"), address, check).await
    }

    /// The hash of a password that somebody chose who is not signed in: in the same turn.
    ///
    /// # Errors
    /// 429 when too many wait already.
    pub async fn hash_password(&self, password: String) -> Result<String> {
        let _place = Place::take()?;
        let _turn = TURN.acquire().await.map_err(Error::internal)?;
        self.compute(move || crypto::hash_password(&password)).await?
    }

    /// Seconds until this key may try again.
    fn pause_of(&self, key: &str) -> u32 {
        self.sign_ins.look(&format!("pause:{key}")).1
    }

    /// Counts a failure; beyond the free ones each makes a pause, twice as long as the one before.
    fn failed(&self, key: &str, free: u32) {
        let failures = self.sign_ins.count(&key.to_owned(), DAY);
        if failures >= free {
            let pause = PAUSE << (failures - free).min(DOUBLINGS);
            let key = format!("pause:{key}");
            self.sign_ins.forget(&key);
            self.sign_ins.count(&key, pause);
        }
    }
}

/// A place in the queue for [`TURN`], given back when dropped.
struct Place;

impl Place {
    fn take() -> Result<Self> {
        let place = Self;
        if WAITING.fetch_add(1, Ordering::Relaxed) >= QUEUE {
            return Err(Error::TooMany { retry_after: 5 });
        }
        Ok(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        WAITING.fetch_sub(1, Ordering::Relaxed);
    }
}
