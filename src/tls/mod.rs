//! TLS that ends in this program: which certificate is shown, and where it lies. Who gets a new one
//! from an authority is `lookup::acme`; when, the worker knows.

mod certificate;
mod files;
mod shown;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::ServerConfig;
use rustls::crypto::ring;

use crate::config::{Config, TlsMode};
use crate::error::{Error, Result};

pub use certificate::Facts;
use certificate::Pair;
use files::Stamp;
pub use shown::Shown;

/// The protocol in which an authority asks for a TLS-ALPN-01 challenge (RFC 8737 section 6.2).
const ACME_TLS: &[u8] = b"acme-tls/1";
/// What is kept of the account at the authority, and of the certificate: key and chain in one
/// file, so that they always belong together.
const ACCOUNT: &str = "account.json";
const CERTIFICATE: &str = "certificate.pem";

/// Everything about the certificate of this server.
#[derive(Debug)]
pub struct Tls {
    /// What connections are shown.
    pub shown: Arc<Shown>,
    /// The names that a certificate must have.
    pub names: Vec<String>,
    source: Source,
    /// Somebody wants it to be looked after at once (SIGHUP).
    asked: AtomicBool,
}

#[derive(Debug)]
enum Source {
    /// The folder in which all is kept.
    Acme(PathBuf),
    /// The two files, and how they looked when they were read.
    Files { cert: PathBuf, key: PathBuf, read: Mutex<(Stamp, Stamp)> },
}

impl Tls {
    /// What the settings ask for; `None` without TLS.
    ///
    /// # Errors
    /// When the files of [`TlsMode::Files`] cannot be used. A certificate that came from an
    /// authority is got anew if it cannot.
    pub fn open(config: &Config) -> Result<Option<Self>> {
        let shown = Arc::new(Shown::default());
        let mut names = vec![config.server.host.clone()];
        let source = match (config.tls.mode, &config.tls.cert, &config.tls.key) {
            (TlsMode::Off, ..) => return Ok(None),
            (TlsMode::Acme, ..) => {
                if config.tls.acme_account_domain && config.account_domain() != config.server.host {
                    names.push(config.account_domain().to_owned());
                }
                let folder = config.storage.data_dir.join("tls");
                match files::read(&folder.join(CERTIFICATE)) {
                    Ok(pem) => match Pair::read(&pem, &pem) {
                        Ok(pair) => shown.set(pair),
                        Err(why) => tracing::warn!(
                            "the certificate in {} cannot be used, a new one is needed: {why}",
                            folder.display()
                        ),
                    },
                    Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                    Err(e) => tracing::warn!(
                        "the certificate in {} cannot be read, a new one is needed: {e}",
                        folder.display()
                    ),
                }
                Source::Acme(folder)
            }
            (TlsMode::Files, Some(cert), Some(key)) => {
                let read = Mutex::new((files::stamp(cert), files::stamp(key)));
                let pair = read_files(cert, key).map_err(|why| {
                    Error::internal(format!("{why} Correct tls.cert and tls.key."))
                })?;
                if !pair.facts.covers(&config.server.host) {
                    tracing::warn!(
                        "the certificate in {} is not for {}: nobody will accept it",
                        cert.display(),
                        config.server.host
                    );
                }
                shown.set(pair);
                Source::Files { cert: cert.clone(), key: key.clone(), read }
            }
            (TlsMode::Files, ..) => {
                return Err(Error::internal("tls.mode = \"files\" needs tls.cert and tls.key"));
            }
        };
        Ok(Some(Self { shown, names, source, asked: AtomicBool::new(false) }))
    }

    /// The settings for who accepts connections: 1.2 and 1.3 over ring. Certificates are looked up
    /// for each connection, so a new one needs no new settings.
    pub fn server_config(&self) -> Result<ServerConfig> {
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(Error::internal)?
            .with_no_client_auth()
            .with_cert_resolver(self.shown.clone());
        // sessions are kept by clients, in tickets: here they cost nothing
        config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
        config.ticketer = ring::Ticketer::new().map_err(Error::internal)?;
        if self.is_acme() {
            // beside what the HTTP server speaks
            config.alpn_protocols = vec![ACME_TLS.to_vec()];
        }
        Ok(config)
    }

    /// Whether certificates come from an authority.
    pub fn is_acme(&self) -> bool {
        matches!(self.source, Source::Acme(_))
    }

    /// Somebody wants it to be looked after at once.
    pub fn ask(&self) {
        self.asked.store(true, Ordering::SeqCst);
    }

    /// Whether somebody did since this was last called.
    pub fn take_asked(&self) -> bool {
        self.asked.swap(false, Ordering::SeqCst)
    }

    /// Takes up files that have changed since they were read; true if there is a new certificate.
    /// While new ones cannot be used the old certificate stays.
    ///
    /// # Errors
    /// A sentence, once for each change.
    pub fn reload(&self) -> std::result::Result<bool, String> {
        let Source::Files { cert, key, read } = &self.source else { return Ok(false) };
        let now = (files::stamp(cert), files::stamp(key));
        let mut read = read.lock().unwrap_or_else(PoisonError::into_inner);
        if *read == now {
            return Ok(false);
        }
        // what is written meanwhile is another change
        *read = now;
        drop(read);
        self.shown.set(read_files(cert, key)?);
        Ok(true)
    }

    /// What is kept of the account at the authority.
    pub fn account(&self) -> Option<Vec<u8>> {
        let Source::Acme(folder) = &self.source else { return None };
        files::read(&folder.join(ACCOUNT)).ok()
    }

    /// Keeps it. First of all, so that nothing is ordered that could not be kept.
    pub fn keep_account(&self, json: &[u8]) -> Result<()> {
        self.keep(ACCOUNT, json)
    }

    /// Takes up what the authority issued, and keeps it.
    ///
    /// # Errors
    /// When it is not for all our names, not for this key, or over at `now` (milliseconds).
    pub fn take(&self, chain: &str, key: &str, now: i64) -> Result<Facts> {
        let refuse =
            |why: &str| Error::invalid(format!("the new certificate cannot be used: {why}"));
        let pair = Pair::read(chain.as_bytes(), key.as_bytes()).map_err(|why| refuse(&why))?;
        let facts = pair.facts.clone();
        if !self.names.iter().all(|name| facts.covers(name)) {
            return Err(refuse("it is for other names"));
        }
        if facts.ends <= now {
            return Err(refuse("it is over already"));
        }
        self.keep(CERTIFICATE, format!("{}\n{}", chain.trim_end(), key).as_bytes())?;
        self.shown.set(pair);
        Ok(facts)
    }

    fn keep(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let Source::Acme(folder) = &self.source else { return Ok(()) };
        files::write(folder, name, bytes).map_err(|e| {
            Error::internal(format!("cannot write {}: {e}", folder.join(name).display()))
        })
    }
}

fn read_files(cert: &Path, key: &Path) -> std::result::Result<Pair, String> {
    let read = |path: &Path| {
        files::read(path).map_err(|e| format!("cannot read {}: {e}.", path.display()))
    };
    Pair::read(&read(cert)?, &read(key)?)
        .map_err(|why| format!("{} cannot be used: {why}.", cert.display()))
}
