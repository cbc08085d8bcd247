//! Web Push: messages that only the subscribed browser or app can read (RFC 8291 over RFC 8188,
//! and the older draft 4 with `aesgcm`), and the signature that says who sends them (VAPID,
//! RFC 8292).

use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral};
use ring::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};

use super::random_bytes;
use crate::error::{Error, Result};

/// The one record of a message: what push services take at the least (RFC 8030 section 7.2).
const RECORD: u32 = 4096;
/// The longest text of a message: a record without header, delimiter and tag.
pub const LONGEST: usize = 3900;
/// An uncompressed point of P-256.
const POINT: usize = 65;

/// Whom a message is for: the subscription's keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    public: Vec<u8>,
    auth: Vec<u8>,
}

/// A sealed message, with what the older form says in headers.
pub struct Sealed {
    pub body: Vec<u8>,
    pub salt: [u8; 16],
    /// The sender's public key, made for this message alone.
    pub sender: Vec<u8>,
}

impl Recipient {
    /// From the two keys; `None` when `public` is no point of P-256 or `auth` has not 16 bytes.
    pub fn new(public: &[u8], auth: &[u8]) -> Option<Self> {
        let recipient = Self { public: public.to_vec(), auth: auth.to_vec() };
        // a point that is not on the curve is found out by using it
        let is_sound = public.len() == POINT && auth.len() == 16 && recipient.agree().is_ok();
        is_sound.then_some(recipient)
    }

    /// From base64url, padded or not; some clients send plain base64.
    pub fn parse(public: &str, auth: &str) -> Option<Self> {
        Self::new(&decode(public)?, &decode(auth)?)
    }

    /// The keys as they are stored.
    pub fn into_parts(self) -> (Vec<u8>, Vec<u8>) {
        (self.public, self.auth)
    }

    /// Seals `text` as `aes128gcm`: the body holds all that is needed to open it.
    pub fn seal(&self, text: &[u8]) -> Result<Sealed> {
        let (sender, secret) = self.agree()?;
        self.seal_with(text, random_bytes(), sender, &secret)
    }

    fn seal_with(
        &self,
        text: &[u8],
        salt: [u8; 16],
        sender: Vec<u8>,
        secret: &[u8],
    ) -> Result<Sealed> {
        let info = [b"WebPush: info\0", &self.public[..], &sender].concat();
        let keying: [u8; 32] = expand(&extract(&self.auth, secret), &info)?;
        let prk = extract(&salt, &keying);
        let key: [u8; 16] = expand(&prk, b"Content-Encoding: aes128gcm\0")?;
        let nonce: [u8; NONCE_LEN] = expand(&prk, b"Content-Encoding: nonce\0")?;
        // one record, which is the last: its delimiter is 2 (RFC 8188 section 2)
        let sealed = gcm(&key, nonce, [text, &[2]].concat())?;
        let mut body = Vec::with_capacity(sealed.len() + 21 + POINT);
        body.extend_from_slice(&salt);
        body.extend_from_slice(&RECORD.to_be_bytes());
        body.push(u8::try_from(sender.len()).map_err(Error::internal)?);
        body.extend_from_slice(&sender);
        body.extend_from_slice(&sealed);
        Ok(Sealed { body, salt, sender })
    }

    /// Seals `text` as `aesgcm` (draft-ietf-webpush-encryption-04): salt and key go in headers.
    pub fn seal_old(&self, text: &[u8]) -> Result<Sealed> {
        let (sender, secret) = self.agree()?;
        let salt = random_bytes::<16>();
        let keying: [u8; 32] = expand(&extract(&self.auth, &secret), b"Content-Encoding: auth\0")?;
        let mut context = b"\0P-256\0".to_vec();
        for point in [&self.public, &sender] {
            context.extend_from_slice(&[0, POINT as u8]);
            context.extend_from_slice(point);
        }
        let prk = extract(&salt, &keying);
        let key: [u8; 16] = expand(&prk, &[&b"Content-Encoding: aesgcm"[..], &context].concat())?;
        let nonce: [u8; NONCE_LEN] =
            expand(&prk, &[&b"Content-Encoding: nonce"[..], &context].concat())?;
        // the length of the padding, of which there is none, stands before the text
        let body = gcm(&key, nonce, [&[0, 0], text].concat())?;
        Ok(Sealed { body, salt, sender })
    }

    /// A key pair for one message, and the secret that it shares with the recipient's.
    fn agree(&self) -> Result<(Vec<u8>, Vec<u8>)> {
        let fault = |_| Error::internal("the keys of a push subscription do not fit");
        let own = EphemeralPrivateKey::generate(&ECDH_P256, &SystemRandom::new()).map_err(fault)?;
        let sender = own.compute_public_key().map_err(fault)?.as_ref().to_vec();
        let peer = UnparsedPublicKey::new(&ECDH_P256, &self.public);
        let secret = agree_ephemeral(own, &peer, <[u8]>::to_vec).map_err(fault)?;
        Ok((sender, secret))
    }
}

impl Sealed {
    /// The salt as headers name it.
    pub fn salt(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.salt)
    }

    /// The sender's key as headers name it.
    pub fn sender(&self) -> String {
        URL_SAFE_NO_PAD.encode(&self.sender)
    }
}

/// Our key towards push services: they know us by it, and clients subscribe with it.
pub struct VapidKey {
    pair: EcdsaKeyPair,
}

impl VapidKey {
    /// A new one, as PKCS#8.
    pub fn generate() -> Result<Vec<u8>> {
        EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
            .map(|document| document.as_ref().to_vec())
            .map_err(|_| Error::internal("no key for web push could be made"))
    }

    /// The stored one.
    pub fn from_pkcs8(pkcs8: &[u8]) -> Result<Self> {
        let random = SystemRandom::new();
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8, &random)
            .map(|pair| Self { pair })
            .map_err(|e| Error::internal(format!("the stored key for web push is broken: {e}")))
    }

    /// The public key as clients get it: base64url with its padding, as Mastodon serves it.
    pub fn public(&self) -> String {
        URL_SAFE.encode(self.pair.public_key())
    }

    /// The same for headers, which have no padding (RFC 8292 section 3.2).
    pub fn public_in_header(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.pair.public_key())
    }

    /// The token for one push service (RFC 8292 section 2): `audience` is its origin, `expires`
    /// seconds since 1970, `subject` an address to complain to.
    pub fn token(&self, audience: &str, expires: i64, subject: &str) -> Result<String> {
        let header = URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"ES256"}"#);
        let claims = serde_json::json!({ "aud": audience, "exp": expires, "sub": subject });
        let said = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
        let signature = self
            .pair
            .sign(&SystemRandom::new(), said.as_bytes())
            .map_err(|_| Error::internal("a push could not be signed"))?;
        Ok(format!("{said}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

impl std::fmt::Debug for VapidKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "VapidKey({})", self.public())
    }
}

/// base64url or base64, with or without padding.
fn decode(text: &str) -> Option<Vec<u8>> {
    let plain: String = text
        .trim()
        .trim_end_matches('=')
        .chars()
        .map(|c| match c {
            '+' => '-',
            '/' => '_',
            other => other,
        })
        .collect();
    URL_SAFE_NO_PAD.decode(plain).ok()
}

fn extract(salt: &[u8], secret: &[u8]) -> Prk {
    Salt::new(HKDF_SHA256, salt).extract(secret)
}

/// HKDF's second half, to any length.
fn expand<const N: usize>(prk: &Prk, info: &[u8]) -> Result<[u8; N]> {
    struct Length(usize);
    impl KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }
    let mut out = [0; N];
    prk.expand(&[info], Length(N))
        .and_then(|okm| okm.fill(&mut out))
        .map_err(|_| Error::internal("a key could not be derived"))?;
    Ok(out)
}

fn gcm(key: &[u8; 16], nonce: [u8; NONCE_LEN], mut text: Vec<u8>) -> Result<Vec<u8>> {
    let fault = |_| Error::internal("a push could not be sealed");
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, key).map_err(fault)?);
    let nonce = Nonce::assume_unique_for_key(nonce);
    key.seal_in_place_append_tag(nonce, Aad::empty(), &mut text).map_err(fault)?;
    Ok(text)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey as Verifier};

    use super::*;

    fn bytes(text: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(text).unwrap()
    }

    #[test]
    fn rfc_8291_appendix_a() {
        let recipient = Recipient::parse(
            "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
            "BTBZMqHH6r4Tts7J_aSIgg",
        )
        .unwrap();
        let sender = bytes(
            "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8",
        );
        let secret = bytes("kyrL1jIIOHEzg3sM2ZWRHDRB62YACZhhSlknJ672kSs");
        let salt: [u8; 16] = bytes("DGv6ra1nlYgDCS1FRnbzlw").try_into().unwrap();
        let text = b"When I grow up, I want to be a watermelon";
        let sealed = recipient.seal_with(text, salt, sender, &secret).unwrap();
        assert_eq!(
            URL_SAFE_NO_PAD.encode(sealed.body),
            "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLoc\
             InmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLV\
             WGNWQexSgSxsj_Qulcy4a-fN"
        );
    }

    #[test]
    fn keys_that_cannot_be_used_are_refused() {
        let good = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
        let auth = "BTBZMqHH6r4Tts7J_aSIgg";
        assert!(Recipient::parse(&format!("{good}="), &format!("{auth}==")).is_some());
        let mut off = bytes(good);
        off[64] ^= 1;
        let off = URL_SAFE_NO_PAD.encode(off);
        for (public, auth) in [
            ("", auth),
            (good, ""),
            (good, "AAAA"),
            (&off, auth),
            ("????", auth),
            (&good[4..], auth),
        ] {
            assert!(Recipient::parse(public, auth).is_none(), "{public} {auth}");
        }
    }

    #[test]
    fn rfc_8292_the_token_is_signed_by_the_public_key() {
        let key = VapidKey::from_pkcs8(&VapidKey::generate().unwrap()).unwrap();
        assert_eq!(key.public().len(), 88);
        let token = key.token("https://push.example", 1_700_000_000, "mailto:a@b.example").unwrap();
        let (said, signature) = token.rsplit_once('.').unwrap();
        let public = bytes(&key.public_in_header());
        assert_eq!((public.len(), public[0]), (65, 4));
        let verifier = Verifier::new(&ECDSA_P256_SHA256_FIXED, public);
        verifier.verify(said.as_bytes(), &bytes(signature)).unwrap();
        let claims = bytes(said.split_once('.').unwrap().1);
        let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!(claims["aud"], "https://push.example");
    }

    #[test]
    fn the_longest_text_fits_into_a_record() {
        let recipient = Recipient::parse(
            "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
            "BTBZMqHH6r4Tts7J_aSIgg",
        )
        .unwrap();
        let text = vec![b'x'; LONGEST];
        assert!(recipient.seal(&text).unwrap().body.len() <= RECORD as usize);
        assert!(recipient.seal_old(&text).unwrap().body.len() <= RECORD as usize);
    }
}
