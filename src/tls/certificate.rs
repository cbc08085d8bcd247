//! A certificate with its key, and what stands in it (RFC 5280).

use std::sync::Arc;

use rustls::crypto::ring;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::time::Time;

use crate::clock::DAY;

/// Most certificates of a chain.
const CHAIN: usize = 10;
/// How long before the end a new one is got.
const AHEAD: i64 = 30 * DAY;

/// What is to be known about a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// From when to when it is good, in milliseconds since 1970.
    pub begins: i64,
    pub ends: i64,
    /// Host names in it, in small letters.
    names: Vec<String>,
}

impl Facts {
    /// Whether it is for this name, or for all below its parent (RFC 6125 section 6.4.3).
    pub fn covers(&self, name: &str) -> bool {
        let parent = name.split_once('.').map(|(_, parent)| parent);
        let is_parent = |own: &str| own.strip_prefix("*.").is_some_and(|rest| parent == Some(rest));
        self.names.iter().any(|own| own == name || is_parent(own))
    }

    /// When to get a new one: 30 days before the end, and for short ones after two thirds.
    pub fn renewal(&self) -> i64 {
        let life = self.ends.saturating_sub(self.begins).max(0);
        self.ends.saturating_sub(AHEAD.min(life / 3))
    }

    fn read(der: &[u8]) -> Result<Self, String> {
        let certificate =
            Certificate::from_der(der).map_err(|e| format!("it is no certificate: {e}"))?;
        let inner = &certificate.tbs_certificate;
        let names = match inner.get::<SubjectAltName>() {
            Ok(Some((_, SubjectAltName(names)))) => names,
            Ok(None) => return Err("it has no names".to_owned()),
            Err(e) => return Err(format!("its names cannot be read: {e}")),
        };
        let names = names.into_iter().filter_map(|name| match name {
            GeneralName::DnsName(name) => Some(name.as_str().to_ascii_lowercase()),
            _ => None,
        });
        Ok(Self {
            begins: milliseconds(inner.validity.not_before),
            ends: milliseconds(inner.validity.not_after),
            names: names.collect(),
        })
    }
}

fn milliseconds(time: Time) -> i64 {
    i64::try_from(time.to_unix_duration().as_millis()).unwrap_or(i64::MAX)
}

/// A certificate, what leads from it to its authority, and its key.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) key: Arc<CertifiedKey>,
    pub(super) facts: Facts,
}

impl Pair {
    /// Reads both from PEM and checks that they belong together.
    ///
    /// # Errors
    /// Why they cannot be used, to go on after a colon.
    pub(super) fn read(chain: &[u8], key: &[u8]) -> Result<Self, String> {
        let chain = CertificateDer::pem_slice_iter(chain)
            .take(CHAIN + 1)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|e| format!("the certificate is not PEM: {e}"))?;
        if chain.len() > CHAIN {
            return Err(format!("it has more than {CHAIN} certificates"));
        }
        let Some(first) = chain.first() else {
            return Err("there is no certificate in it".to_owned());
        };
        let facts = Facts::read(first)?;
        let key =
            PrivateKeyDer::from_pem_slice(key).map_err(|e| format!("the key is not PEM: {e}"))?;
        let key = CertifiedKey::from_der(chain, key, &ring::default_provider())
            .map_err(|e| format!("certificate and key do not fit: {e}"))?;
        Ok(Self { key: Arc::new(key), facts })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    fn pair(names: &[&str], days: i64) -> (String, String) {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).expect("names");
        params.not_before = rcgen::date_time_ymd(2026, 1, 1);
        params.not_after = params.not_before + time(days);
        let key = KeyPair::generate().expect("key");
        (params.self_signed(&key).expect("certificate").pem(), key.serialize_pem())
    }

    fn time(days: i64) -> std::time::Duration {
        std::time::Duration::from_secs(days.unsigned_abs() * 86_400)
    }

    #[test]
    fn a_certificate_tells_its_names_and_times() {
        let (chain, key) = pair(&["a.example", "*.b.example"], 90);
        let facts = Pair::read(chain.as_bytes(), key.as_bytes()).expect("pair").facts;
        assert_eq!(crate::clock::date(facts.begins), "2026-01-01");
        assert_eq!(facts.ends - facts.begins, 90 * DAY);
        assert_eq!(facts.ends - facts.renewal(), 30 * DAY);
        for (name, covered) in [
            ("a.example", true),
            ("x.b.example", true),
            ("b.example", false),
            ("x.y.b.example", false),
            ("xa.example", false),
            ("example", false),
            ("localhost", false),
        ] {
            assert_eq!(facts.covers(name), covered, "{name}");
        }
        let (chain, key) = pair(&["a.example"], 6);
        let facts = Pair::read(chain.as_bytes(), key.as_bytes()).expect("pair").facts;
        assert_eq!(facts.ends - facts.renewal(), 2 * DAY);
    }

    #[test]
    fn what_does_not_fit_is_refused_with_a_sentence() {
        let (chain, key) = pair(&["a.example"], 90);
        let (_, other) = pair(&["a.example"], 90);
        let fault = |chain: &str, key: &str| {
            Pair::read(chain.as_bytes(), key.as_bytes()).map(drop).expect_err("refused")
        };
        assert!(fault(&chain, &other).starts_with("certificate and key do not fit"));
        assert!(fault("", &key).starts_with("there is no certificate"));
        assert!(fault(&chain, "").starts_with("the key is not PEM"));
        assert!(fault(&chain.repeat(11), &key).starts_with("it has more than"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(at in 0_usize..400, byte: u8, cut in 0_usize..500) {
            let (chain, key) = pair(&["a.example"], 90);
            let der = CertificateDer::from_pem_slice(chain.as_bytes()).expect("der");
            let mut der = der.to_vec();
            let at = at % der.len();
            der[at] = byte;
            der.truncate(der.len().min(cut));
            let _ = Facts::read(&der);
            let _ = Pair::read(&der, key.as_bytes());
        }
    }
}
