//! Random values, hashes and passwords. Randomness comes from the operating system only.

pub mod age;
pub mod totp;
pub mod web_push;

use std::hint::black_box;
use std::sync::{Mutex, MutexGuard, PoisonError};

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom, SystemRandom};
use ring::{digest, hmac};

use crate::error::{Error, Result};

/// 32 characters that nobody mistakes for one another.
const READABLE: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// S-067: each hash takes 19 MiB, so only one runs at a time.
static HASHING: Mutex<()> = Mutex::new(());

/// `N` random bytes.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    if SystemRandom::new().fill(&mut bytes).is_err() {
        // Zeros would be handed out as tokens and keys. A kernel without randomness has no
        // use for this server, so it stops on the spot.
        std::process::abort();
    }
    bytes
}

/// Lower case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    // addresses of files are made of it, a hundred a page: a format string costs ten times as much
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        for half in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(u32::from(half), 16));
        }
    }
    text
}

/// A secret of 256 bits in 43 characters of base64url: access tokens, sessions.
pub fn token() -> String {
    URL_SAFE_NO_PAD.encode(random_bytes::<32>())
}

/// A code of 128 bits in 22 characters of base64url: media addresses, invitations.
pub fn code128() -> String {
    URL_SAFE_NO_PAD.encode(random_bytes::<16>())
}

/// A password of 100 bits in 20 characters that can be read out and typed.
pub fn random_password() -> String {
    let bytes = random_bytes::<20>();
    // 32 divides 256, so each character is equally likely.
    bytes.iter().filter_map(|b| READABLE.get(usize::from(b % 32))).map(|c| char::from(*c)).collect()
}

/// A code of 60 bits in three groups of four, to be written down and typed once.
pub fn recovery_code() -> String {
    let text = random_password();
    let mut code = String::new();
    for (at, c) in text.chars().take(12).enumerate() {
        if at > 0 && at % 4 == 0 {
            code.push('-');
        }
        code.push(c);
    }
    code
}

/// SHA-256.
pub fn sha256(data: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    for (to, from) in out.iter_mut().zip(digest::digest(&digest::SHA256, data).as_ref()) {
        *to = *from;
    }
    out
}

/// SHA-256 of what comes piece by piece.
pub struct Hasher(digest::Context);

impl Default for Hasher {
    fn default() -> Self {
        Self(digest::Context::new(&digest::SHA256))
    }
}

impl Hasher {
    /// Takes a piece.
    pub fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// The hash in hexadecimal.
    pub fn finish(self) -> String {
        hex(self.0.finish().as_ref())
    }
}

/// SHA-256 of all that a reader gives, piece by piece.
pub fn sha256_of(reader: &mut dyn std::io::Read) -> std::io::Result<[u8; 32]> {
    let mut context = digest::Context::new(&digest::SHA256);
    let mut piece = vec![0; 64 * 1024];
    loop {
        match reader.read(&mut piece)? {
            0 => break,
            size => context.update(&piece[..size]),
        }
    }
    let mut out = [0; 32];
    for (to, from) in out.iter_mut().zip(context.finish().as_ref()) {
        *to = *from;
    }
    Ok(out)
}

/// What the database keeps of a token. A plain hash is enough: there is nothing to guess in 256
/// random bits.
pub fn token_hash(token: &str) -> [u8; 32] {
    sha256(token.as_bytes())
}

/// The first half of SHA-256: keys of tables and caches.
pub fn short_hash16(data: &[u8]) -> [u8; 16] {
    let mut out = [0; 16];
    for (to, from) in out.iter_mut().zip(sha256(data)) {
        *to = from;
    }
    out
}

/// HMAC-SHA-256 (RFC 2104).
pub fn hmac_sha256(key: &[u8], data: &[u8]) -> [u8; 32] {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), data);
    let mut out = [0; 32];
    for (to, from) in out.iter_mut().zip(tag.as_ref()) {
        *to = *from;
    }
    out
}

/// HMAC-SHA-1: for the codes of second factors alone, whose apps know nothing else.
pub fn hmac_sha1(key: &[u8], data: &[u8]) -> [u8; 20] {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key), data);
    let mut out = [0; 20];
    for (to, from) in out.iter_mut().zip(tag.as_ref()) {
        *to = *from;
    }
    out
}

/// The challenge that belongs to a PKCE verifier with method `S256` (RFC 7636 section 4.2).
pub fn pkce_s256(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(sha256(verifier.as_bytes()))
}

/// Compares without telling by its time where the difference is; lengths are no secret.
pub fn constant_time_eq(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let difference = a.iter().zip(b).fold(0_u8, |sum, (x, y)| black_box(sum | (x ^ y)));
    black_box(difference) == 0
}

/// The PHC string of a password: argon2id, 19 MiB, two passes, one lane (S-067).
pub fn hash_password(password: &str) -> Result<String> {
    let salt = SaltString::encode_b64(&random_bytes::<16>()).map_err(Error::internal)?;
    let argon2 = argon2()?;
    let _permit = permit();
    argon2
        .hash_password(password.as_bytes(), &salt)
        .map(|hash| hash.to_string())
        .map_err(Error::internal)
}

/// Whether a password fits its PHC string. Without one (no such account) it takes as long, and
/// says no (S-067).
pub fn verify_password(password: &str, phc: Option<&str>) -> bool {
    let stored = phc.and_then(|text| PasswordHash::new(text).ok());
    let Ok(argon2) = argon2() else { return false };
    let _permit = permit();
    match stored {
        // The cost stands in the string, so older hashes go on working after a change.
        Some(hash) => argon2.verify_password(password.as_bytes(), &hash).is_ok(),
        None => {
            let mut out = [0; 32];
            let done = argon2.hash_password_into(password.as_bytes(), &[0; 16], &mut out);
            black_box((done.is_ok(), out));
            false
        }
    }
}

fn argon2() -> Result<Argon2<'static>> {
    let params = Params::new(19_456, 2, 1, Some(32)).map_err(Error::internal)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// The right to hash; there is nothing behind the lock that a panic could leave half done.
fn permit() -> MutexGuard<'static, ()> {
    HASHING.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn s_067_passwords_are_argon2id_and_salted() {
        let phc = hash_password("correct horse").unwrap();
        assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
        assert!(verify_password("correct horse", Some(&phc)));
        assert!(!verify_password("correct horsf", Some(&phc)));
        assert_ne!(phc, hash_password("correct horse").unwrap());
    }

    #[test]
    fn s_067_no_account_and_a_broken_hash_say_no() {
        assert!(!verify_password("", None));
        assert!(!verify_password("x", Some("")));
        assert!(!verify_password("x", Some("$argon2id$v=19$m=19456,t=2,p=1$AAAA")));
    }

    #[test]
    fn hashes_agree_with_published_ones() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(hex(&sha256(b"")), empty);
        let long = vec![7; 200_000];
        assert_eq!(sha256_of(&mut long.as_slice()).unwrap(), sha256(&long));
        assert_eq!(hex(&token_hash("")), empty);
        assert_eq!(hex(&short_hash16(b"")), &empty[..32]);
        // RFC 4231 test case 2, RFC 7636 appendix B
        assert_eq!(
            hex(&hmac_sha256(b"Jefe", b"what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        assert_eq!(
            pkce_s256("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }

    #[test]
    fn random_values_have_their_length_and_alphabet() {
        assert_eq!(token().len(), 43);
        assert_eq!(code128().len(), 22);
        assert_ne!(token(), token());
        assert_ne!(random_bytes::<16>(), random_bytes::<16>());
        let password = random_password();
        assert_eq!(password.len(), 20);
        assert!(password.bytes().all(|b| READABLE.contains(&b)), "{password}");
        assert!(token().bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
    }

    #[test]
    fn equal_means_equal() {
        assert!(constant_time_eq(b"", b"") && constant_time_eq(b"ab", b"ab"));
        assert!(!constant_time_eq(b"ab", b"ac") && !constant_time_eq(b"ab", b"abc"));
    }
}
