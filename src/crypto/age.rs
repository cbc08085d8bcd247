//! Files encrypted with a passphrase in the format of age, version 1, which other programs open
//! too: a header with a key that scrypt wraps, then pieces of 64 KiB, each sealed with its number
//! and whether it is the last, so that none can be left out, added or put elsewhere.
//!
//! <https://c2sp.org/age>

use std::io::{self, BufRead, Read, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ring::{hkdf, hmac};

use super::{permit, random_bytes};
use crate::error::{Error, Result};

/// The first line of every such file.
const VERSION: &str = "age-encryption.org/v1";
/// What a passphrase is put behind.
const LABEL: &[u8] = b"age-encryption.org/v1/scrypt";
/// How hard a passphrase is to guess, and so how much memory it takes for a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// 8 MiB, beside a server that shall stay small.
    Small = 13,
    /// 64 MiB, a fifth of a second, for a process that does nothing else.
    Usual = 16,
}

/// The greatest that is read: 256 MiB, as the age program itself writes it.
const MOST_WORK: u8 = 18;
/// Bytes of a piece, and what its seal adds.
const PIECE: usize = 64 * 1024;
const SEAL: usize = 16;
/// The longest line of a header that can be for a passphrase.
const LONGEST_LINE: u64 = 128;

/// Whether a file that begins so is of this format.
pub fn is_age(head: &[u8]) -> bool {
    head.starts_with(VERSION.as_bytes())
}

/// Encrypts what is written to it. A file without [`Sealer::finish`] cannot be opened.
pub struct Sealer<W: Write> {
    out: W,
    key: LessSafeKey,
    piece: Vec<u8>,
    number: u64,
}

impl<W: Write> Sealer<W> {
    /// Writes the header.
    ///
    /// # Errors
    /// When `out` takes nothing.
    pub fn new(out: W, passphrase: &str, work: Work) -> Result<Self> {
        Self::with_work(out, passphrase, work as u8)
    }

    fn with_work(mut out: W, passphrase: &str, work: u8) -> Result<Self> {
        let (file_key, salt) = (random_bytes::<16>(), random_bytes::<16>());
        let mut body = file_key.to_vec();
        wrapping_key(passphrase, &salt, work)?
            .seal_in_place_append_tag(nonce(0, false), Aad::empty(), &mut body)
            .map_err(Error::internal)?;
        let salt = STANDARD_NO_PAD.encode(salt);
        let body = STANDARD_NO_PAD.encode(body);
        let header = format!("{VERSION}\n-> scrypt {salt} {work}\n{body}\n---");
        let mac = STANDARD_NO_PAD.encode(hmac::sign(&mac_key(&file_key)?, header.as_bytes()));
        let nonce = random_bytes::<16>();
        out.write_all(format!("{header} {mac}\n").as_bytes())
            .and_then(|()| out.write_all(&nonce))
            .map_err(|e| Error::internal(format!("cannot write: {e}")))?;
        let key = payload_key(&file_key, &nonce)?;
        Ok(Self { out, key, piece: Vec::with_capacity(PIECE + SEAL), number: 0 })
    }

    /// Writes the last piece; what was written is whole now.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(mut self) -> io::Result<W> {
        self.seal(true)?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn seal(&mut self, last: bool) -> io::Result<()> {
        self.key
            .seal_in_place_append_tag(nonce(self.number, last), Aad::empty(), &mut self.piece)
            .map_err(|_| io::Error::other("cannot encrypt"))?;
        self.number += 1;
        self.out.write_all(&self.piece)?;
        self.piece.clear();
        Ok(())
    }
}

impl<W: Write> Write for Sealer<W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        // a full piece waits: it may be the last
        if self.piece.len() == PIECE && !data.is_empty() {
            self.seal(false)?;
        }
        let fits = data.len().min(PIECE - self.piece.len());
        self.piece.extend_from_slice(&data[..fits]);
        Ok(fits)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Decrypts what it reads. Nothing is given out before its seal was found good.
pub struct Opener<R: BufRead> {
    from: R,
    key: LessSafeKey,
    piece: Vec<u8>,
    /// How much of the piece was given out.
    given: usize,
    number: u64,
    done: bool,
}

impl<R: BufRead> Opener<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// A sentence when the passphrase is wrong, the file was not encrypted with one, or it is
    /// damaged.
    pub fn new(mut from: R, passphrase: &str) -> Result<Self> {
        let mut header = String::new();
        if line(&mut from, &mut header)? != VERSION {
            return Err(Error::invalid("it is not in the format of age, version 1"));
        }
        let stanza = line(&mut from, &mut header)?;
        let Some(arguments) = stanza.strip_prefix("-> scrypt ") else {
            return Err(Error::invalid(
                "it was not encrypted with a passphrase. Decrypt it with the age program first",
            ));
        };
        let (salt, work) = arguments.split_once(' ').ok_or_else(damaged)?;
        let salt: [u8; 16] = decode(salt)?;
        let work = match work.parse() {
            Ok(work @ 1..=MOST_WORK) if !arguments.ends_with(char::is_whitespace) => work,
            _ => {
                return Err(Error::invalid(format!(
                    "its passphrase takes more work than 2^{MOST_WORK}, which is not done here"
                )));
            }
        };
        let mut body: [u8; 32] = decode(&line(&mut from, &mut header)?)?;
        let begin = header.len();
        let last = line(&mut from, &mut header)?;
        let mac: [u8; 32] = decode(last.strip_prefix("--- ").ok_or_else(damaged)?)?;
        header.truncate(begin + 3);
        let file_key = wrapping_key(passphrase, &salt, work)?
            .open_in_place(nonce(0, false), Aad::empty(), &mut body)
            .map_err(|_| Error::invalid("the passphrase is wrong"))?
            .to_vec();
        hmac::verify(&mac_key(&file_key)?, header.as_bytes(), &mac).map_err(|_| damaged())?;
        let mut nonce = [0; 16];
        from.read_exact(&mut nonce).map_err(|_| damaged())?;
        let key = payload_key(&file_key, &nonce)?;
        Ok(Self { from, key, piece: Vec::new(), given: 0, number: 0, done: false })
    }

    fn open_next(&mut self) -> io::Result<()> {
        self.piece.clear();
        self.given = 0;
        let most = (PIECE + SEAL) as u64;
        self.from.by_ref().take(most).read_to_end(&mut self.piece)?;
        let last = self.from.fill_buf()?.is_empty();
        let sealed = nonce(self.number, last);
        let length = match self.key.open_in_place(sealed, Aad::empty(), &mut self.piece) {
            Ok(open) => open.len(),
            Err(_) => return Err(io::Error::new(io::ErrorKind::InvalidData, "it is damaged")),
        };
        // an empty piece is the whole of an empty file
        if length == 0 && self.number > 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it is damaged"));
        }
        self.piece.truncate(length);
        self.number += 1;
        self.done = last;
        Ok(())
    }
}

impl<R: BufRead> Read for Opener<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.given == self.piece.len() {
            if self.done || out.is_empty() {
                return Ok(0);
            }
            if let Err(error) = self.open_next() {
                // what did not fit its seal is nobody's
                self.piece.clear();
                return Err(error);
            }
        }
        let left = &self.piece[self.given..];
        let fits = left.len().min(out.len());
        out[..fits].copy_from_slice(&left[..fits]);
        self.given += fits;
        Ok(fits)
    }
}

fn damaged() -> Error {
    Error::invalid("it is damaged, or cut off")
}

/// One line of the header, which it is added to.
fn line(from: &mut impl BufRead, header: &mut String) -> Result<String> {
    let mut bytes = Vec::new();
    from.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut bytes).map_err(|_| damaged())?;
    let text = String::from_utf8(bytes).map_err(|_| damaged())?;
    header.push_str(&text);
    // what is longer, or for several keys, is not for a passphrase
    text.strip_suffix('\n').map(str::to_owned).ok_or_else(damaged)
}

fn decode<const N: usize>(text: &str) -> Result<[u8; N]> {
    let bytes = STANDARD_NO_PAD.decode(text).map_err(|_| damaged())?;
    bytes.try_into().map_err(|_| damaged())
}

fn nonce(number: u64, last: bool) -> Nonce {
    let mut bytes = [0; 12];
    bytes[3..11].copy_from_slice(&number.to_be_bytes());
    bytes[11] = u8::from(last);
    Nonce::assume_unique_for_key(bytes)
}

fn aead(key: &[u8]) -> Result<LessSafeKey> {
    Ok(LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, key).map_err(Error::internal)?))
}

fn wrapping_key(passphrase: &str, salt: &[u8; 16], work: u8) -> Result<LessSafeKey> {
    let params = scrypt::Params::new(work, 8, 1, 32).map_err(Error::internal)?;
    let mut key = [0; 32];
    let _permit = permit();
    scrypt::scrypt(passphrase.as_bytes(), &[LABEL, salt].concat(), &params, &mut key)
        .map_err(Error::internal)?;
    aead(&key)
}

fn mac_key(file_key: &[u8]) -> Result<hmac::Key> {
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &derive(file_key, &[], b"header")?))
}

fn payload_key(file_key: &[u8], nonce: &[u8; 16]) -> Result<LessSafeKey> {
    aead(&derive(file_key, nonce, b"payload")?)
}

/// HKDF-SHA-256 (RFC 5869).
fn derive(secret: &[u8], salt: &[u8], info: &[u8]) -> Result<[u8; 32]> {
    let mut key = [0; 32];
    hkdf::Salt::new(hkdf::HKDF_SHA256, salt)
        .extract(secret)
        .expand(&[info], hkdf::HKDF_SHA256)
        .and_then(|okm| okm.fill(&mut key))
        .map_err(Error::internal)?;
    Ok(key)
}

#[cfg(test)]
mod tests;
