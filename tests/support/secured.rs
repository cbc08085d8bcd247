//! An instance that ends TLS itself, under a public name, and who talks to it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use dassie::app::{App, Surroundings};
use dassie::clock::Clock;
use dassie::config::{Config, Program, TlsMode};
use dassie::server::{self, Doors, Server};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring;
use rustls::time_provider::TimeProvider;
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, RootCertStore, SignatureScheme,
    StreamOwned, SupportedProtocolVersion,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use super::{Answer, TempDir};

/// The name of the instance.
pub const NAME: &str = "social.example";

/// A running instance with two listening sockets.
pub struct Secured {
    pub app: App,
    pub clock: Clock,
    pub config: Config,
    _folder: TempDir,
    /// Where https and http are spoken.
    pub https: SocketAddr,
    pub http: SocketAddr,
    server: Option<Server>,
}

impl Secured {
    /// With a certificate of the authority at this address.
    pub fn acme(directory: &str, clock: &Clock, leads_to: impl Fn(SocketAddr, SocketAddr)) -> Self {
        let folder = TempDir::new();
        let mut config = Self::config(&folder);
        config.tls.mode = TlsMode::Acme;
        config.tls.acme_directory = directory.to_owned();
        config.tls.acme_email = Some("me@example.org".into());
        Self::start(config, folder, clock, leads_to)
    }

    /// The settings of all these instances, without TLS.
    pub fn config(folder: &TempDir) -> Config {
        let mut config = Config::default();
        config.server.host = NAME.into();
        config.storage.data_dir = folder.path().join("data");
        config.media.ffmpeg = Program::Never;
        config.media.heif_convert = Program::Never;
        config
    }

    /// `leads_to` hears where the two sockets are, before anybody looks for a certificate.
    pub fn start(
        config: Config,
        folder: TempDir,
        clock: &Clock,
        leads_to: impl Fn(SocketAddr, SocketAddr),
    ) -> Self {
        let (app, server, https, http) = launch(&config, clock, leads_to);
        Self {
            app,
            clock: clock.clone(),
            config,
            _folder: folder,
            https,
            http,
            server: Some(server),
        }
    }

    /// Stops and starts again, at other ports.
    pub fn start_again(&mut self, leads_to: impl Fn(SocketAddr, SocketAddr)) {
        self.stop();
        let (app, server, https, http) = launch(&self.config, &self.clock, leads_to);
        (self.app, self.https, self.http, self.server) = (app, https, http, Some(server));
    }

    pub fn stop(&mut self) {
        if let Some(server) = self.server.take() {
            server.stop();
        }
    }

    /// Turns the clock and lets the worker look.
    pub fn advance(&self, ms: i64) {
        self.clock.advance(ms);
        self.app.wake.rouse();
    }

    /// A file that belongs to the certificate.
    pub fn file(&self, name: &str) -> PathBuf {
        self.config.storage.data_dir.join("tls").join(name)
    }

    /// An answer without TLS.
    pub fn plain(&self, method: &str, host: &str, path: &str) -> Answer {
        let mut stream = TcpStream::connect(self.http).unwrap();
        ask(&mut stream, method, host, path)
    }

    /// A connection to somebody who trusts this root alone, at the time of the instance.
    pub fn connect(&self, root: &CertificateDer<'static>) -> Result<Line, String> {
        self.connect_with(root, rustls::DEFAULT_VERSIONS, NAME)
    }

    pub fn connect_with(
        &self,
        root: &CertificateDer<'static>,
        versions: &[&'static SupportedProtocolVersion],
        name: &str,
    ) -> Result<Line, String> {
        let mut roots = RootCertStore::empty();
        roots.add(root.clone()).unwrap();
        let provider = Arc::new(ring::default_provider());
        let time = Arc::new(Time(self.clock.clone()));
        let verifier =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
                .build()
                .unwrap();
        let mut config = ClientConfig::builder_with_details(provider, time)
            .with_protocol_versions(versions)
            .unwrap()
            .with_webpki_verifier(verifier)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        dial(self.https, config, name).map(Line)
    }
}

impl Drop for Secured {
    fn drop(&mut self) {
        self.stop();
    }
}

fn launch(
    config: &Config,
    clock: &Clock,
    leads_to: impl Fn(SocketAddr, SocketAddr),
) -> (App, Server, SocketAddr, SocketAddr) {
    let main = TcpListener::bind("127.0.0.1:0").unwrap();
    let plain = TcpListener::bind("127.0.0.1:0").unwrap();
    let (https, http) = (main.local_addr().unwrap(), plain.local_addr().unwrap());
    leads_to(https, http);
    let program = env!("CARGO_BIN_EXE_dassie").into();
    let surroundings = Surroundings { clock: clock.clone(), resolver: None, program };
    let app = App::open(config.clone(), surroundings).unwrap();
    let server = server::start(app.clone(), Doors::new(main, Some(plain))).unwrap();
    (app, server, https, http)
}

/// A connection with TLS that stays open.
pub struct Line(StreamOwned<ClientConnection, TcpStream>);

impl Line {
    pub fn get(&mut self, path: &str) -> Answer {
        ask(&mut self.0, "GET", NAME, path)
    }

    /// What the other side was shown.
    pub fn certificate(&self) -> Vec<u8> {
        self.0.conn.peer_certificates().unwrap()[0].to_vec()
    }

    pub fn protocol(&self) -> Option<Vec<u8>> {
        self.0.conn.alpn_protocol().map(<[u8]>::to_vec)
    }

    pub fn version(&self) -> rustls::ProtocolVersion {
        self.0.conn.protocol_version().unwrap()
    }
}

/// A handshake to its end.
pub fn dial(
    address: SocketAddr,
    config: ClientConfig,
    name: &str,
) -> Result<StreamOwned<ClientConnection, TcpStream>, String> {
    let mut socket = TcpStream::connect(address).map_err(|e| e.to_string())?;
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut connection = ClientConnection::new(Arc::new(config), name).unwrap();
    while connection.is_handshaking() {
        connection.complete_io(&mut socket).map_err(|e| e.to_string())?;
    }
    Ok(StreamOwned::new(connection, socket))
}

fn ask(stream: &mut (impl Read + Write), method: &str, host: &str, path: &str) -> Answer {
    let request = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: 0\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    stream.flush().unwrap();
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let status = line.split(' ').nth(1).unwrap().parse().unwrap();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let Some((name, value)) = line.split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let mut body = vec![0; length.map_or(0, |(_, value)| value.parse().unwrap())];
    reader.read_exact(&mut body).unwrap();
    Answer { status, headers, body }
}

#[derive(Debug)]
struct Time(Clock);

impl TimeProvider for Time {
    fn current_time(&self) -> Option<UnixTime> {
        let ms = u64::try_from(self.0.now_ms()).unwrap();
        Some(UnixTime::since_unix_epoch(Duration::from_millis(ms)))
    }
}

/// Believes everybody: an authority looks at a certificate that nobody signed.
#[derive(Debug)]
pub struct Anybody;

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
