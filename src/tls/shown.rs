//! What connections are shown: the certificate, and answers to an authority that asks whether the
//! name is ours.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rcgen::{CertificateParams, CustomExtension, KeyPair};
use rustls::crypto::ring;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::PrivateKeyDer;

use super::certificate::{Facts, Pair};
use crate::error::{Error, Result};

/// Asked at each handshake.
#[derive(Debug, Default)]
pub struct Shown {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    certificate: Option<Pair>,
    /// What HTTP-01 is answered with, by token (RFC 8555 section 8.3).
    texts: HashMap<String, String>,
    /// What TLS-ALPN-01 is shown, by name (RFC 8737 section 3).
    proofs: HashMap<String, Arc<CertifiedKey>>,
}

impl Shown {
    /// About the certificate, if there is one.
    pub fn facts(&self) -> Option<Facts> {
        self.lock().certificate.as_ref().map(|pair| pair.facts.clone())
    }

    pub(super) fn set(&self, pair: Pair) {
        self.lock().certificate = Some(pair);
    }

    /// Answers HTTP-01 from now on.
    pub fn answer(&self, token: &str, text: &str) {
        self.lock().texts.insert(token.to_owned(), text.to_owned());
    }

    /// What is at `/.well-known/acme-challenge/<token>`.
    pub fn find_answer(&self, token: &str) -> Option<String> {
        self.lock().texts.get(token).cloned()
    }

    /// Answers TLS-ALPN-01 from now on; `digest` is SHA-256 of the key authorization.
    pub fn prove(&self, name: &str, digest: &[u8]) -> Result<()> {
        let mut params = CertificateParams::new(vec![name.to_owned()]).map_err(Error::internal)?;
        params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
        let key = KeyPair::generate().map_err(Error::internal)?;
        let certificate = params.self_signed(&key).map_err(Error::internal)?;
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let key = ring::sign::any_supported_type(&key).map_err(Error::internal)?;
        // not looked at any further: its critical extension is one that rustls does not know
        let proof = CertifiedKey::new(vec![certificate.der().clone()], key);
        self.lock().proofs.insert(name.to_owned(), Arc::new(proof));
        Ok(())
    }

    /// Answers nobody any more.
    pub fn forget_answers(&self) {
        let mut state = self.lock();
        state.texts = HashMap::new();
        state.proofs = HashMap::new();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let asks = hello.alpn().is_some_and(|mut names| names.any(|name| name == super::ACME_TLS));
        let state = self.lock();
        if asks {
            return state.proofs.get(hello.server_name()?).cloned();
        }
        // whatever the name: who asks for another one sees which this is
        state.certificate.as_ref().map(|pair| pair.key.clone())
    }
}
