//! Small caches of what every request needs: tokens by hash, parsed private keys by account,
//! public documents and pages that many ask for.

mod ahead;
mod backlog;
mod relays;
mod viewed;

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::clock::{DAY, MINUTE};
use crate::db;
use crate::error::{Error, Result};
use crate::model::Token;
use crate::signature::key::PrivateKey;

pub use ahead::Ahead;
pub use backlog::Backlog;
pub use relays::Relays;
pub use viewed::Viewed;

/// How many entries each cache has at the most; full, it starts anew.
const MOST: usize = 1024;

/// Tokens by their hash. Emptied after every commit that ended one (S-078).
#[derive(Default)]
pub struct Tokens {
    state: Mutex<TokenState>,
}

#[derive(Default)]
struct TokenState {
    /// Counts the emptyings: what was read before one is not put in after it.
    age: u64,
    known: HashMap<[u8; 32], Arc<Token>>,
    /// The day on which a token was last seen, and those of them that are not written down yet.
    days: HashMap<i64, i64>,
    used: HashMap<i64, i64>,
}

impl Tokens {
    /// Notes that a token was used, once a day.
    pub fn used(&self, id: i64, now: i64) {
        let mut state = lock(&self.state);
        if state.days.insert(id, now / DAY) == Some(now / DAY) {
            return;
        }
        if state.days.len() > MOST {
            state.days.clear();
        }
        if state.used.len() < MOST {
            state.used.insert(id, now);
        }
    }

    /// Which tokens were used, `(token, time)`, since this was asked before.
    pub fn take_used(&self) -> Vec<(i64, i64)> {
        std::mem::take(&mut lock(&self.state).used).into_iter().collect()
    }

    /// The token if it is cached.
    pub fn get(&self, hash: &[u8; 32]) -> Option<Arc<Token>> {
        lock(&self.state).known.get(hash).cloned()
    }

    /// The token with this hash, read from the database if it has to be.
    pub fn load(&self, db: &db::Db, hash: &[u8; 32]) -> Result<Option<Arc<Token>>> {
        if let Some(token) = self.get(hash) {
            return Ok(Some(token));
        }
        // read before the snapshot is taken
        let age = lock(&self.state).age;
        let token = db.read(|conn| db::oauth::find_token(conn, hash))?;
        let Some(token) = token.map(Arc::new) else {
            return Ok(None);
        };
        let mut state = lock(&self.state);
        if state.age == age {
            if state.known.len() >= MOST {
                state.known.clear();
            }
            state.known.insert(*hash, Arc::clone(&token));
        }
        Ok(Some(token))
    }

    /// Forgets all.
    pub fn clear(&self) {
        let mut state = lock(&self.state);
        state.age += 1;
        state.known.clear();
    }
}

/// A local actor's key, ready to sign.
#[derive(Clone)]
pub struct Signer {
    pub key_id: String,
    pub key: PrivateKey,
    /// The id of the Ed25519 key, and the key.
    pub ed25519: Option<(String, PrivateKey)>,
}

/// Private keys by account: parsing one costs more than a signature check.
#[derive(Default)]
pub struct Keys(Mutex<KeyState>);

#[derive(Default)]
struct KeyState {
    /// Counts the changes: what was read before one is not put in after it.
    age: u64,
    known: HashMap<i64, Signer>,
}

impl Keys {
    /// The key of a local account.
    ///
    /// # Errors
    /// 404 when it has none.
    pub fn get(&self, db: &db::Db, account_id: i64) -> Result<Signer> {
        let age = {
            let keys = lock(&self.0);
            if let Some(signer) = keys.known.get(&account_id) {
                return Ok(signer.clone());
            }
            keys.age
        };
        let (stored, second) = db.read(|conn| {
            Ok((db::key::find_local(conn, account_id)?, db::key::find_ed25519(conn, account_id)?))
        })?;
        let stored = stored.ok_or(Error::NotFound)?;
        let ed25519 = match second {
            Some(key) => Some((key.key_id, PrivateKey::from_ed25519_pkcs8(&key.pkcs8)?)),
            None => None,
        };
        let key = PrivateKey::from_pkcs8(&stored.pkcs8)?;
        let signer = Signer { key_id: stored.key_id, key, ed25519 };
        let mut keys = lock(&self.0);
        if keys.age == age {
            if keys.known.len() >= MOST {
                keys.known.clear();
            }
            keys.known.insert(account_id, signer.clone());
        }
        Ok(signer)
    }

    /// The account has other keys now.
    pub fn forget(&self, account_id: i64) {
        let mut keys = lock(&self.0);
        keys.age += 1;
        keys.known.remove(&account_id);
    }
}

/// Public documents as bytes, or pages. One is good until anything is committed, so that nothing is
/// ever shown that has changed, become private or gone (S-093); and for a minute at the longest,
/// since what it says may depend on the time. Full, it starts anew.
pub struct Documents<T: ?Sized> {
    most: usize,
    known: Mutex<HashMap<String, Document<T>>>,
}

struct Document<T: ?Sized> {
    body: Arc<T>,
    /// How many commits there had been before it was read.
    commits: u64,
    read_at: i64,
}

impl<T: ?Sized> Documents<T> {
    /// Nothing kept yet, and never more than `most`.
    pub fn new(most: usize) -> Self {
        Self { most, known: Mutex::default() }
    }

    /// The document if it is still good after `commits`.
    pub fn get(&self, key: &str, commits: u64, now: i64) -> Option<Arc<T>> {
        let known = lock(&self.known);
        let found = known.get(key)?;
        let fresh = found.commits == commits && (0..MINUTE).contains(&(now - found.read_at));
        fresh.then(|| Arc::clone(&found.body))
    }

    /// Keeps a document that was read after `commits` had been counted.
    pub fn insert(&self, key: String, body: &Arc<T>, commits: u64, read_at: i64) {
        let mut known = lock(&self.known);
        if known.len() >= self.most {
            known.clear();
        }
        known.insert(key, Document { body: Arc::clone(body), commits, read_at });
    }
}

/// A page or a feed, the same for everybody who asks for it.
pub struct Rendered {
    pub body: String,
    /// Its weak entity tag: compression on the way changes the bytes.
    pub tag: String,
    /// Keep search engines away (F-074).
    pub noindex: bool,
    /// URI of the ActivityPub document that a page shows (F-041).
    pub alternate: Option<String>,
    /// When the newest thing in a feed was written or changed, in milliseconds since 1970.
    pub modified: Option<i64>,
}

impl Rendered {
    /// A page for all.
    pub fn new(body: String) -> Self {
        let tag = weak_tag(body.as_bytes());
        Self { body, tag, noindex: false, alternate: None, modified: None }
    }
}

/// A weak entity tag. A quick hash is enough, since a page that clashes would only be shown once
/// more as it was.
pub fn weak_tag(body: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    hasher.write(body);
    format!("W/\"{:016x}\"", hasher.finish())
}

/// A few answers that cost much, each until its time is over; full, it starts anew.
pub struct Kept<V> {
    most: usize,
    known: Mutex<HashMap<[u8; 16], Good<V>>>,
}

struct Good<V> {
    until: i64,
    value: Arc<V>,
}

impl<V> Kept<V> {
    /// Nothing kept yet, and never more than `most`.
    pub fn new(most: usize) -> Self {
        Self { most, known: Mutex::default() }
    }

    /// What is kept under a key and still good.
    pub fn get(&self, key: &[u8; 16], now: i64) -> Option<Arc<V>> {
        let known = lock(&self.known);
        known.get(key).filter(|good| good.until > now).map(|good| Arc::clone(&good.value))
    }

    /// Keeps it until a time.
    pub fn insert(&self, key: [u8; 16], until: i64, value: &Arc<V>) {
        let mut known = lock(&self.known);
        if known.len() >= self.most {
            known.clear();
        }
        known.insert(key, Good { until, value: Arc::clone(value) });
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_ends_and_is_bounded() {
        let kept = Kept::new(2);
        kept.insert([1; 16], 10, &Arc::new("a"));
        assert_eq!(kept.get(&[1; 16], 9).as_deref(), Some(&"a"));
        assert_eq!(kept.get(&[1; 16], 10), None);
        for key in 2..9 {
            kept.insert([key; 16], 10, &Arc::new("b"));
        }
        assert!(lock(&kept.known).len() <= 2);
    }

    #[test]
    fn s_093_a_document_is_good_until_the_next_commit() {
        let documents = Documents::<[u8]>::new(64);
        let body: Arc<[u8]> = Arc::from(*b"a");
        documents.insert("x".into(), &body, 7, 1000);
        assert_eq!(documents.get("x", 7, 1000), Some(Arc::clone(&body)));
        assert_eq!(documents.get("x", 8, 1000), None, "something was committed");
        assert_eq!(documents.get("x", 7, 1000 + MINUTE), None, "a minute passed");
        assert_eq!(documents.get("x", 7, 999), None, "the clock stepped back");
        assert_eq!(documents.get("y", 7, 1000), None);
        for number in 0..200 {
            documents.insert(number.to_string(), &body, 7, 1000);
        }
        assert!(lock(&documents.known).len() <= 64);
    }
}
