//! Who signs with what: the honest with the key of the vectors, attackers with one of their own.

use std::sync::OnceLock;

use base64::Engine;
use dassie::signature::key;

/// Who has a key of their own: eve shares maria's server, mallory has all names below one.
pub fn is_attacker(uri: &str) -> bool {
    uri.contains("mallory.example") || uri.contains("/users/eve")
}

type Pair = (key::PrivateKey, String);

/// The key of the vectors.
pub fn honest() -> &'static Pair {
    static PAIR: OnceLock<Pair> = OnceLock::new();
    PAIR.get_or_init(|| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/http");
        let der = std::fs::read_to_string(format!("{folder}/test-rsa-1.pk8-der.base64")).unwrap();
        let der: String = der.split_whitespace().collect();
        let der = base64::engine::general_purpose::STANDARD.decode(der).unwrap();
        let pem = std::fs::read_to_string(format!("{folder}/test-rsa-1.public.pem")).unwrap();
        (key::PrivateKey::from_pkcs8(&der).unwrap(), pem)
    })
}

/// The attackers' key.
pub fn attacker() -> &'static Pair {
    static PAIR: OnceLock<Pair> = OnceLock::new();
    PAIR.get_or_init(|| {
        let made = key::generate().unwrap();
        (key::PrivateKey::from_pkcs8(&made.pkcs8).unwrap(), made.public_pem)
    })
}
