//! RSA signatures whose padding is not exactly what PKCS#1 v1.5 says (S-041): made with the right
//! private key, so that nothing but the padding is wrong, after the classes of forgery that
//! verifiers are known to have fallen for.

use ring::digest::{SHA256, SHA512, digest};
use rsa::BigUint;
use rsa::pkcs8::DecodePrivateKey;
use rsa::traits::{PrivateKeyParts, PublicKeyParts};

use super::key::Algorithm;
use super::tests::{own_key, vector_text};

const MESSAGE: &[u8] = b"(request-target): post /inbox";
/// `DigestInfo` of SHA-256, before the hash.
const INFO: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
    0x00, 0x04, 0x20,
];

struct Forger {
    n: BigUint,
    d: BigUint,
}

impl Forger {
    fn new() -> Self {
        let text: String = vector_text("test-rsa-1.pk8-der.base64").split_whitespace().collect();
        let der = base64::Engine::decode(&super::digest::BASE64, text).unwrap();
        let key = rsa::RsaPrivateKey::from_pkcs8_der(&der).unwrap();
        Self { n: key.n().clone(), d: key.d().clone() }
    }

    /// The signature whose block is `block`.
    fn sign(&self, block: &[u8]) -> Vec<u8> {
        self.pad(&BigUint::from_bytes_be(block).modpow(&self.d, &self.n))
    }

    fn pad(&self, number: &BigUint) -> Vec<u8> {
        let bytes = number.to_bytes_be();
        let mut out = vec![0; 256_usize.saturating_sub(bytes.len())];
        out.extend(bytes);
        out
    }
}

/// `00 type FF … 00 tail`, as long as the key, with `filler` instead of FF.
fn block(kind: u8, filler: u8, tail: &[u8]) -> Vec<u8> {
    let mut block = vec![0, kind];
    block.resize(256 - 1 - tail.len(), filler);
    block.push(0);
    block.extend_from_slice(tail);
    block
}

#[test]
fn s_041_only_the_exact_padding_is_a_signature() {
    let forger = Forger::new();
    let verifies = |signature: &[u8]| own_key().verify(Algorithm::RsaSha256, MESSAGE, signature);
    let hash = digest(&SHA256, MESSAGE);
    let info = |prefix: &[u8]| [prefix, hash.as_ref()].concat();
    let right = info(&INFO);
    let good = forger.sign(&block(1, 0xFF, &right));
    assert!(verifies(&good), "the forger can sign");

    let mut garbage = vec![0, 1];
    garbage.extend([0xFF; 8]);
    garbage.push(0);
    garbage.extend(&right);
    garbage.resize(256, 0xAA);
    let mut short = garbage.clone();
    short.splice(2..10, [0xFF; 2]);
    let long_lengths: Vec<u8> = {
        // BER: 30 81 31 30 81 0d …
        let mut info = vec![0x30, 0x81, 0x32, 0x30, 0x81, 0x0d];
        info.extend(&INFO[4..]);
        info.extend(hash.as_ref());
        info
    };
    let mut no_null = vec![0x30, 0x2f, 0x30, 0x0b];
    no_null.extend(&INFO[4..15]);
    no_null.extend([0x04, 0x20]);
    no_null.extend(hash.as_ref());
    let mut junk_parameters = vec![0x30, 0x33, 0x30, 0x0f];
    junk_parameters.extend(&INFO[4..15]);
    junk_parameters.extend([0x04, 0x02, 0x41, 0x41, 0x04, 0x20]);
    junk_parameters.extend(hash.as_ref());
    let mut wrong_digest = INFO;
    wrong_digest[14] = 0x03;
    let mut gap = block(1, 0xFF, &right);
    gap[100] = 0;
    let sha512 = [&INFO[..], &digest(&SHA512, MESSAGE).as_ref()[..32]].concat();
    for (what, bad) in [
        ("garbage behind the hash", garbage),
        ("too little padding", short),
        ("long lengths", block(1, 0xFF, &long_lengths)),
        ("no NULL", block(1, 0xFF, &no_null)),
        ("parameters of another kind", block(1, 0xFF, &junk_parameters)),
        ("the name of SHA-512", block(1, 0xFF, &info(&wrong_digest))),
        ("no DigestInfo", block(1, 0xFF, hash.as_ref())),
        ("another hash", block(1, 0xFF, &sha512)),
        ("encryption's padding", block(2, 0xFF, &right)),
        ("padding of zeros", block(0, 0, &right)),
        ("padding of another byte", block(1, 0xFE, &right)),
        ("a gap in the padding", gap),
    ] {
        assert!(!verifies(&forger.sign(&bad)), "{what}");
    }
    let number = BigUint::from_bytes_be(&good);
    for (what, bad) in [
        ("nothing", Vec::new()),
        ("zero", vec![0; 256]),
        ("one", forger.pad(&BigUint::from(1_u8))),
        ("the modulus", forger.pad(&forger.n)),
        ("one less", forger.pad(&(&forger.n - 1_u8))),
        ("the same plus the modulus", (&number + &forger.n).to_bytes_be()),
        ("a zero before", [&[0], &good[..]].concat()),
        ("a zero behind", [&good[..], &[0]].concat()),
        ("one byte less", good[..255].to_vec()),
    ] {
        assert!(!verifies(&bad), "{what}");
    }
}
