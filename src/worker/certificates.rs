//! The certificate: got, renewed and taken up in time. An old one is shown for as long as there is
//! no better one, and nothing else waits for any of this.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::app::App;
use crate::clock::{DAY, MINUTE, wire_time};
use crate::lookup::acme::{self, Failure, Way};
use crate::tls::{Facts, Tls};

/// Pauses between attempts, in minutes; the last one is kept. Let's Encrypt takes five failures an
/// hour for a name, and an operator who mends something wants to see it soon.
const PAUSES: [i64; 8] = [2, 10, 30, 60, 120, 240, 480, 720];
/// How long before the end of a certificate that others renew somebody is told.
const WARN: i64 = 10 * DAY;

/// Where this stands.
#[derive(Default)]
pub(super) struct Certificates {
    next: i64,
    attempts: Arc<Mutex<Attempts>>,
    /// When somebody was told that the certificate ends.
    told: Option<i64>,
}

/// What the attempts at the authority came to.
#[derive(Default)]
struct Attempts {
    /// What is kept was read.
    begun: bool,
    running: bool,
    failures: usize,
    /// Not before this.
    earliest: i64,
    way: Way,
    /// The certificate comes from the authority of the settings.
    issued: bool,
}

impl Certificates {
    /// When there is something to do again.
    pub(super) fn next(&self) -> i64 {
        self.next
    }

    /// Looks after it if it is time.
    pub(super) fn keep(&mut self, app: &App, now: i64) {
        let Some(tls) = &app.tls else {
            self.next = i64::MAX;
            return;
        };
        let asked = tls.take_asked();
        if tls.is_acme() {
            self.next = self.renew(app, tls, now, asked);
        } else if asked || now >= self.next {
            self.next = now + MINUTE;
            self.reload(tls, now);
        }
    }

    fn renew(&self, app: &App, tls: &Tls, now: i64, asked: bool) -> i64 {
        let mut attempts = lock(&self.attempts);
        if !attempts.begun {
            attempts.begun = true;
            (attempts.way, attempts.issued) = acme::known(app, tls);
            if app.config.tls.http_listen.is_none() {
                attempts.way = Way::TlsAlpn;
            }
        }
        if attempts.running {
            // its end rings, and then it is not too early
            if asked {
                tls.ask();
            }
            return i64::MAX;
        }
        if asked {
            attempts.earliest = 0;
        }
        let due = match tls.shown.facts() {
            Some(facts) if attempts.issued && tls.names.iter().all(|name| facts.covers(name)) => {
                facts.renewal()
            }
            _ => 0,
        };
        let due = due.max(attempts.earliest);
        if now < due {
            return due;
        }
        attempts.running = true;
        let way = attempts.way;
        drop(attempts);
        let (this, outcome) = (app.clone(), Arc::clone(&self.attempts));
        let started = app.lanes.certificates.run(move || {
            let end = Ended(&this, &outcome);
            if let Some(tls) = &this.tls {
                let ended = acme::obtain(&this, tls, way);
                note(&this, tls, &mut lock(&outcome), ended);
            }
            drop(end);
        });
        if started.is_err() {
            lock(&self.attempts).running = false;
            return now + MINUTE;
        }
        i64::MAX
    }

    fn reload(&mut self, tls: &Tls, now: i64) {
        match tls.reload() {
            Ok(true) => {
                self.told = None;
                if let Some(facts) = tls.shown.facts() {
                    tracing::info!(until = wire_time(facts.ends), "a new certificate is in use");
                }
            }
            Ok(false) => {}
            Err(why) => tracing::error!("the old certificate stays in use: {why}"),
        }
        let Some(facts) = tls.shown.facts() else { return };
        if now >= facts.ends - WARN && self.told.is_none_or(|told| now >= told + DAY) {
            self.told = Some(now);
            tracing::warn!(
                until = wire_time(facts.ends),
                "the certificate ends soon: renew tls.cert and tls.key"
            );
        }
    }
}

/// However an attempt ends, another may follow.
struct Ended<'a>(&'a App, &'a Arc<Mutex<Attempts>>);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        let mut attempts = lock(self.1);
        attempts.running = false;
        if std::thread::panicking() {
            attempts.earliest = self.0.clock.now_ms() + DAY;
        }
        drop(attempts);
        self.0.wake.rouse();
    }
}

fn note(app: &App, tls: &Tls, attempts: &mut Attempts, ended: Result<Facts, Failure>) {
    let now = app.clock.now_ms();
    match ended {
        Ok(facts) => {
            attempts.failures = 0;
            attempts.issued = true;
            // an authority whose certificates are over at once is not asked all the time
            attempts.earliest = now + DAY;
            tracing::info!(until = wire_time(facts.ends), "a new certificate is in use");
        }
        // the server stops
        Err(_) if app.wake.is_closed() => {}
        Err(failure) => {
            let pause = PAUSES[attempts.failures.min(PAUSES.len() - 1)] * MINUTE;
            let wait = failure.wait.map_or(0, |wait| wait.as_secs() as i64 * 1000);
            attempts.failures += 1;
            attempts.earliest = now + pause.max(wait);
            if app.config.tls.http_listen.is_some() {
                attempts.way = attempts.way.other();
            }
            let (why, next) = (failure.why, wire_time(attempts.earliest));
            match tls.shown.facts().filter(|facts| facts.ends > now) {
                Some(facts) => tracing::warn!(
                    next,
                    until = wire_time(facts.ends),
                    "no new certificate, the old one stays in use: {why}"
                ),
                None => tracing::error!(
                    next,
                    names = tls.names.join(" "),
                    "there is no certificate, and nobody can reach this server: {why}"
                ),
            }
        }
    }
}

fn lock(attempts: &Mutex<Attempts>) -> MutexGuard<'_, Attempts> {
    attempts.lock().unwrap_or_else(PoisonError::into_inner)
}
