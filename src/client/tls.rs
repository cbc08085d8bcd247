//! The TLS settings: 1.2 and 1.3 over ring, verified always, with the system's certificates
//! and the extra file of the configuration (S-017).

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

/// Hosts whose session is remembered for a shorter handshake; rustls would keep 256.
const SESSIONS: usize = 64;

/// Makes the rustls configuration when https is first used, so that a machine without
/// certificates can still run `--dev`.
pub(super) struct Tls {
    extra: Vec<CertificateDer<'static>>,
    made: Mutex<Option<Arc<ClientConfig>>>,
}

impl Tls {
    /// Reads the extra certificates, PEM, and refuses a file without any.
    pub(super) fn new(extra_ca_pem: Option<&[u8]>) -> Result<Self, String> {
        // other users of rustls in this process get ring too; an error means it is set already
        let _ = ring::default_provider().install_default();
        let extra = match extra_ca_pem {
            Some(pem) => CertificateDer::pem_slice_iter(pem)
                .collect::<Result<Vec<_>, _>>()
                .map_err(|e| format!("the extra CA file is not PEM: {e:?}"))?,
            None => Vec::new(),
        };
        if extra_ca_pem.is_some() && extra.is_empty() {
            return Err("the extra CA file has no certificate in it".to_owned());
        }
        Ok(Self { extra, made: Mutex::new(None) })
    }

    /// The configuration; an error is tried again at the next connection.
    pub(super) fn config(&self) -> Result<Arc<ClientConfig>, String> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(config) = &*made {
            return Ok(config.clone());
        }
        let config = Arc::new(self.make()?);
        *made = Some(config.clone());
        Ok(config)
    }

    fn make(&self) -> Result<ClientConfig, String> {
        let system = rustls_native_certs::load_native_certs();
        for error in &system.errors {
            tracing::warn!(%error, "some system certificates could not be read");
        }
        let mut roots = RootCertStore::empty();
        // system stores hold a few that webpki cannot read; the rest still counts
        roots.add_parsable_certificates(system.certs);
        for certificate in &self.extra {
            roots.add(certificate.clone()).map_err(|e| format!("the extra CA file: {e}"))?;
        }
        if roots.is_empty() {
            return Err("this system has no CA certificates (package ca-certificates)".to_owned());
        }
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|e| e.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.resumption = Resumption::in_memory_sessions(SESSIONS);
        Ok(config)
    }
}
