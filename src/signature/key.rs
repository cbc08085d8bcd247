//! Keys: our RSA-2048 pairs (made by `rsa`, used by `ring`) and other people's public keys,
//! read from the many kinds of PEM that actors publish (F-112, F-113, S-041).

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use ring::rand::SystemRandom;
use ring::signature::{
    ED25519, Ed25519KeyPair, KeyPair, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA512,
    RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey, VerificationAlgorithm,
};
use rsa::pkcs8::spki::SubjectPublicKeyInfoRef;
use rsa::pkcs8::{EncodePrivateKey, EncodePublicKey, LineEnding};

use super::multikey;
use crate::error::{Error, Result};

/// Longest PEM text that is looked at; 8192 bit need about 1.5 kB.
const MAX_PEM: usize = 16 * 1024;
const RSA_OID: &str = "1.2.840.113549.1.1.1";
const ED25519_OID: &str = "1.3.101.112";

/// The signature schemes that we check. RSA means RSASSA-PKCS1-v1_5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    RsaSha256,
    RsaSha512,
    Ed25519,
}

/// One of our own keys, ready to sign. Cheap to clone.
#[derive(Clone)]
pub struct PrivateKey(Arc<Pair>);

enum Pair {
    Rsa(RsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// S-040: a key never reaches a log or an error text.
impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(..)")
    }
}

impl PrivateKey {
    /// Reads the PKCS#8 DER that [`generate`] made.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self> {
        RsaKeyPair::from_pkcs8(der)
            .map(|pair| Self(Arc::new(Pair::Rsa(pair))))
            .map_err(|e| Error::internal(format!("a stored private key cannot be used: {e}")))
    }

    /// Reads the PKCS#8 DER that [`generate_ed25519`] made.
    pub fn from_ed25519_pkcs8(der: &[u8]) -> Result<Self> {
        Ed25519KeyPair::from_pkcs8(der)
            .map(|pair| Self(Arc::new(Pair::Ed25519(pair))))
            .map_err(|e| Error::internal(format!("a stored private key cannot be used: {e}")))
    }

    /// RSASSA-PKCS1-v1_5 with SHA-256, the one form that every server of the fediverse checks, or
    /// Ed25519, by the kind of the key.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        let pair = match &*self.0 {
            Pair::Rsa(pair) => pair,
            Pair::Ed25519(pair) => return Ok(pair.sign(message).as_ref().to_vec()),
        };
        let mut signature = vec![0; pair.public().modulus_len()];
        pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
            .map_err(|_| Error::internal("signing failed"))?;
        Ok(signature)
    }

    /// The public half.
    pub fn public_key(&self) -> PublicKey {
        match &*self.0 {
            Pair::Rsa(pair) => PublicKey::Rsa(pair.public().as_ref().to_vec()),
            Pair::Ed25519(pair) => {
                let mut key = [0; 32];
                let public = pair.public_key().as_ref();
                // always 32 bytes; what is not can verify nothing
                for (to, from) in key.iter_mut().zip(public) {
                    *to = *from;
                }
                PublicKey::Ed25519(key)
            }
        }
    }
}

/// A new key pair in the forms in which it is stored and published.
pub struct GeneratedKey {
    /// PKCS#8 DER, for [`PrivateKey::from_pkcs8`].
    pub pkcs8: Vec<u8>,
    /// SPKI PEM with a final newline, for the actor document.
    pub public_pem: String,
}

impl fmt::Debug for GeneratedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GeneratedKey").field("public_pem", &self.public_pem).finish_non_exhaustive()
    }
}

/// Makes an RSA-2048 pair; takes 0.1 to 0.4 s.
pub fn generate() -> Result<GeneratedKey> {
    let pair =
        rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).map_err(Error::internal)?;
    let pkcs8 = pair.to_pkcs8_der().map_err(Error::internal)?.as_bytes().to_vec();
    let mut public_pem =
        pair.to_public_key().to_public_key_pem(LineEnding::LF).map_err(Error::internal)?;
    if !public_pem.ends_with('\n') {
        public_pem.push('\n');
    }
    Ok(GeneratedKey { pkcs8, public_pem })
}

/// A new Ed25519 pair, made at once: PKCS#8 DER for [`PrivateKey::from_ed25519_pkcs8`], and the
/// public half.
pub fn generate_ed25519() -> Result<(Vec<u8>, [u8; 32])> {
    let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new())
        .map_err(|_| Error::internal("no random numbers for a key"))?
        .as_ref()
        .to_vec();
    match PrivateKey::from_ed25519_pkcs8(&pkcs8)?.public_key() {
        PublicKey::Ed25519(public) => Ok((pkcs8, public)),
        PublicKey::Rsa(_) => Err(Error::internal("an Ed25519 key of another kind")),
    }
}

/// Someone's public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicKey {
    /// `RSAPublicKey` of PKCS#1 as DER, as ring wants it; 2048 to 8192 bits.
    Rsa(Vec<u8>),
    /// RFC 8032.
    Ed25519([u8; 32]),
}

impl PublicKey {
    /// Reads what an actor publishes: PEM, or the text of a Multikey (FEP-521a).
    pub fn from_published(text: &str) -> Result<Self> {
        match multikey::decode(text.trim()) {
            Some(key) => Ok(Self::Ed25519(key)),
            None => Self::from_pem(text),
        }
    }

    /// Reads `PUBLIC KEY` (SPKI, RSA or Ed25519) and `RSA PUBLIC KEY` (PKCS#1). Line ends of any
    /// kind, written-out `\r\n`, stray spaces and a missing last newline do no harm (F-113).
    /// RSA below 2048 or above 8192 bits is refused (F-112).
    pub fn from_pem(pem: &str) -> Result<Self> {
        if pem.len() > MAX_PEM {
            return Err(bad_key("The public key is too long"));
        }
        let unescaped = pem.replace("\\r", "\n").replace("\\n", "\n");
        let der = pem_body(&unescaped).ok_or_else(|| bad_key("The public key is not PEM"))?;
        // The label is not always right, so the bytes decide which of the two forms it is.
        match SubjectPublicKeyInfoRef::try_from(der.as_slice()) {
            Ok(spki) => Self::from_spki(&spki),
            Err(_) => Self::from_pkcs1(&der),
        }
    }

    fn from_spki(spki: &SubjectPublicKeyInfoRef<'_>) -> Result<Self> {
        let bits = spki
            .subject_public_key
            .as_bytes()
            .ok_or_else(|| bad_key("The public key has odd bits"))?;
        match spki.algorithm.oid.to_string().as_str() {
            RSA_OID => Self::from_pkcs1(bits),
            ED25519_OID => bits
                .try_into()
                .map(Self::Ed25519)
                .map_err(|_| bad_key("The Ed25519 key has the wrong length")),
            _ => Err(bad_key("The public key is neither RSA nor Ed25519")),
        }
    }

    fn from_pkcs1(der: &[u8]) -> Result<Self> {
        // `rsa::RsaPublicKey` stops at 4096 bits, so only the DER structure is taken from there.
        let key = rsa::pkcs1::RsaPublicKey::try_from(der)
            .map_err(|_| bad_key("The public key cannot be read"))?;
        let bits = bit_length(key.modulus.as_bytes());
        if !(2048..=8192).contains(&bits) {
            return Err(bad_key("The RSA key must have 2048 to 8192 bits"));
        }
        let exponent = key.public_exponent.as_bytes();
        let odd = exponent.last().is_some_and(|b| b & 1 == 1);
        // 2^33 is ring's limit; no key in use comes near it.
        if !odd || bit_length(exponent) < 2 || bit_length(exponent) > 33 {
            return Err(bad_key("The RSA key has a bad exponent"));
        }
        Ok(Self::Rsa(der.to_vec()))
    }

    /// One BLOB for the database: a kind byte and the key.
    pub fn to_bytes(&self) -> Vec<u8> {
        let (kind, key): (u8, &[u8]) = match self {
            Self::Rsa(der) => (1, der),
            Self::Ed25519(key) => (2, key),
        };
        let mut bytes = Vec::with_capacity(key.len() + 1);
        bytes.push(kind);
        bytes.extend_from_slice(key);
        bytes
    }

    /// Reads what [`PublicKey::to_bytes`] wrote; anything else is a fault of the database.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        match bytes.split_first() {
            Some((1, der)) => Self::from_pkcs1(der),
            Some((2, key)) => key
                .try_into()
                .map(Self::Ed25519)
                .map_err(|_| Error::internal("a stored Ed25519 key has the wrong length")),
            _ => Err(Error::internal("a stored public key is of an unknown kind")),
        }
    }

    /// Whether `signature` over `message` was made with the private half. False as well if the
    /// algorithm does not fit the key (F-091).
    pub fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let (scheme, key): (&'static dyn VerificationAlgorithm, &[u8]) = match (self, algorithm) {
            (Self::Rsa(der), Algorithm::RsaSha256) => (&RSA_PKCS1_2048_8192_SHA256, der),
            (Self::Rsa(der), Algorithm::RsaSha512) => (&RSA_PKCS1_2048_8192_SHA512, der),
            (Self::Ed25519(key), Algorithm::Ed25519) => (&ED25519, key),
            _ => return false,
        };
        UnparsedPublicKey::new(scheme, key).verify(message, signature).is_ok()
    }
}

fn bad_key(message: &'static str) -> Error {
    Error::BadRequest(message.into())
}

/// The bytes between the BEGIN and END lines of a public key.
fn pem_body(text: &str) -> Option<Vec<u8>> {
    let (_, rest) = text.split_once("-----BEGIN")?;
    let (label, rest) = rest.split_once("-----")?;
    let label = label.split_whitespace().collect::<Vec<_>>().join(" ");
    if label != "PUBLIC KEY" && label != "RSA PUBLIC KEY" {
        return None;
    }
    let (body, _) = rest.split_once("-----END")?;
    let body: String = body.chars().filter(|c| !c.is_whitespace()).collect();
    super::digest::BASE64.decode(body).ok()
}

/// Bits of a big-endian number, leading zeros not counted.
fn bit_length(bytes: &[u8]) -> usize {
    let mut rest = bytes;
    while let Some((0, tail)) = rest.split_first() {
        rest = tail;
    }
    rest.first().map_or(0, |first| rest.len() * 8 - first.leading_zeros() as usize)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::signature::tests::vector_text;
    use proptest::prelude::*;
    use ring::signature::{Ed25519KeyPair, KeyPair};

    #[test]
    fn f_112_f_123_a_new_key_signs_and_its_pem_reads_back() {
        let made = generate().unwrap();
        assert!(made.public_pem.starts_with("-----BEGIN PUBLIC KEY-----\n"));
        assert!(made.public_pem.ends_with("-----END PUBLIC KEY-----\n"));
        let private = PrivateKey::from_pkcs8(&made.pkcs8).unwrap();
        let public = PublicKey::from_pem(&made.public_pem).unwrap();
        assert_eq!(public, private.public_key());
        let signature = private.sign(b"text").unwrap();
        assert!(public.verify(Algorithm::RsaSha256, b"text", &signature));
        assert!(!public.verify(Algorithm::RsaSha256, b"texT", &signature));
        assert!(!public.verify(Algorithm::Ed25519, b"text", &signature));
        assert_eq!(PublicKey::from_bytes(&public.to_bytes()).unwrap(), public);
        assert_eq!(format!("{private:?}"), "PrivateKey(..)");
    }

    #[test]
    fn f_113_all_spellings_of_one_pem_give_one_key() {
        let spki = vector_text("test-rsa-1.public.pem");
        let key = PublicKey::from_pem(&spki).unwrap();
        for other in [
            vector_text("test-rsa-1.public.pkcs1.pem"),
            spki.replace('\n', "\r\n"),
            spki.trim_end().to_owned(),
            spki.replace('\n', "\\n"),
            spki.replace('\n', "\\r\\n"),
            spki.replace('\n', " \n  "),
            format!("  \n{spki}  "),
            spki.replace("PUBLIC KEY-----", "PUBLIC KEY-----   "),
            spki.replace("PUBLIC KEY", "RSA PUBLIC KEY"),
        ] {
            assert_eq!(PublicKey::from_pem(&other).unwrap(), key, "{other:?}");
        }
    }

    #[test]
    fn f_112_small_and_strange_keys_are_refused() {
        let pair = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 1024).unwrap();
        let small = pair.to_public_key().to_public_key_pem(LineEnding::LF).unwrap();
        assert!(PublicKey::from_pem(&small).is_err());
        assert!(PublicKey::from_pem("").is_err());
        assert!(
            PublicKey::from_pem("-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----").is_err()
        );
        let private = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        assert!(PublicKey::from_pem(private).is_err());
        assert!(PublicKey::from_bytes(&[]).is_err());
        assert!(PublicKey::from_bytes(&[2, 1]).is_err());
    }

    /// An SPKI PEM round an Ed25519 key (RFC 8410 section 4).
    fn ed25519_pem(key: &[u8]) -> String {
        let mut der = vec![0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
        der.extend_from_slice(key);
        let body = super::super::digest::BASE64.encode(der);
        format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n")
    }

    #[test]
    fn f_091_an_ed25519_key_is_read_from_spki() {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        let key = PublicKey::from_pem(&ed25519_pem(pair.public_key().as_ref())).unwrap();
        let signature = pair.sign(b"text");
        assert!(key.verify(Algorithm::Ed25519, b"text", signature.as_ref()));
        assert!(!key.verify(Algorithm::RsaSha256, b"text", signature.as_ref()));
        assert_eq!(PublicKey::from_bytes(&key.to_bytes()).unwrap(), key);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn f_113_no_pem_text_panics(text in "\\PC{0,200}", body in "[A-Za-z0-9+/= \\\\rn]{0,200}") {
            let _ = PublicKey::from_pem(&text);
            let _ = PublicKey::from_pem(
                &format!("-----BEGIN PUBLIC KEY-----{body}-----END PUBLIC KEY-----"));
        }

        #[test]
        fn f_112_no_der_panics(der in proptest::collection::vec(any::<u8>(), 0..400)) {
            let body = super::super::digest::BASE64.encode(&der);
            let _ = PublicKey::from_pem(
                &format!("-----BEGIN PUBLIC KEY-----{body}-----END PUBLIC KEY-----"));
            let _ = PublicKey::from_bytes(&der);
        }
    }
}
