//! Letters to a mail server that the settings name, over a connection of their own. Blocks.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use lettre::address::Envelope;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{
    Certificate, SmtpConnection, TlsParameters, TlsParametersBuilder,
};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, Message, message::Mailbox};

use super::resolver::{Resolve, SystemResolver};
use crate::config::{Config, SmtpSecurity};

/// For the name, and for each thing that is said.
const DNS: Duration = Duration::from_secs(5);
const PATIENCE: Duration = Duration::from_secs(20);

/// Characters of a subject or a name.
const LONGEST_LINE: usize = 200;

/// A letter in plain text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    pub to: String,
    pub subject: String,
    pub text: String,
}

/// Why a letter was not taken.
#[derive(Clone, Debug)]
pub struct MailError {
    pub text: String,
    /// It would be refused again.
    pub is_final: bool,
}

impl fmt::Display for MailError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl MailError {
    fn last(text: impl fmt::Display) -> Self {
        Self { text: text.to_string(), is_final: true }
    }

    fn passing(text: impl fmt::Display) -> Self {
        Self { text: text.to_string(), is_final: false }
    }
}

impl From<SmtpError> for MailError {
    fn from(error: SmtpError) -> Self {
        // the words of the server are in the source, for some kinds of errors
        let mut text = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(one) = cause {
            let more = one.to_string();
            if !text.contains(&more) {
                text = format!("{text}: {more}");
            }
            cause = one.source();
        }
        let text = text.chars().filter(|c| !c.is_control()).take(300).collect();
        Self { text, is_final: error.is_permanent() || error.is_client() }
    }
}

/// Hands a letter over.
pub fn send(config: &Config, letter: &Letter) -> Result<(), MailError> {
    let from = address(config.smtp.from.as_deref().unwrap_or_default())?;
    let to = address(&letter.to)?;
    let message = Message::builder()
        .from(Mailbox::new(Some(line(&config.instance.title)), from.clone()))
        .to(Mailbox::new(None, to.clone()))
        .subject(line(&letter.subject))
        .message_id(None)
        .header(ContentType::TEXT_PLAIN)
        // RFC 3834: nobody's answering machine writes back
        .raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        ))
        .body(letter.text.clone())
        .map_err(MailError::last)?;
    let envelope = Envelope::new(Some(from), vec![to]).map_err(MailError::last)?;
    let mut connection = connect(config)?;
    // after an answer of the server it ends the connection itself
    let sent = connection.send(&envelope, &message.formatted());
    let _ = connection.quit();
    Ok(sent.map(|_| ())?)
}

/// Connects, with TLS and sign-in as the settings say, and leaves.
pub fn try_out(config: &Config) -> Result<(), MailError> {
    let mut connection = connect(config)?;
    let _ = connection.quit();
    Ok(())
}

/// One line for a header, which is encoded where it has to be.
fn line(text: &str) -> String {
    let odd = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().map(odd).take(LONGEST_LINE).collect()
}

fn address(text: &str) -> Result<Address, MailError> {
    text.parse().map_err(|error| MailError::last(format!("{text}: {error}")))
}

fn connect(config: &Config) -> Result<SmtpConnection, MailError> {
    let smtp = &config.smtp;
    let host = smtp.host.as_deref().ok_or_else(|| MailError::last("there is no smtp.host"))?;
    let addresses: Vec<IpAddr> = match host.parse() {
        Ok(address) => vec![address],
        Err(_) => SystemResolver::new()
            .resolve(host, Instant::now() + DNS)
            .map_err(|error| MailError::passing(format!("{host}: {error}")))?,
    };
    let addresses: Vec<SocketAddr> =
        addresses.into_iter().map(|ip| SocketAddr::new(ip, smtp.port)).collect();
    let tls = match smtp.security {
        SmtpSecurity::None => None,
        _ => Some(parameters(config, host)?),
    };
    let name = config.server.host.split(':').next().unwrap_or_default();
    let hello = ClientId::Domain(name.to_owned());
    let at_once = tls.as_ref().filter(|_| smtp.security == SmtpSecurity::Tls);
    let mut connection =
        SmtpConnection::connect(&addresses[..], Some(PATIENCE), &hello, at_once, None)?;
    if smtp.security == SmtpSecurity::Starttls
        && let Some(tls) = &tls
    {
        // a server that offers none is refused: somebody in between may have taken the offer away
        connection
            .starttls(tls, &hello)
            .map_err(|error| MailError { is_final: false, ..error.into() })?;
    }
    if !smtp.username.is_empty() {
        let own = Credentials::new(smtp.username.clone(), smtp.password.reveal().to_owned());
        // a wrong password can be mended
        connection
            .auth(&[Mechanism::Plain, Mechanism::Login], &own)
            .map_err(|error| MailError { is_final: false, ..error.into() })?;
    }
    Ok(connection)
}

/// Certificates of the system, and those that the settings name.
fn parameters(config: &Config, host: &str) -> Result<TlsParameters, MailError> {
    let mut builder = TlsParametersBuilder::new(host.to_owned());
    if let Some(path) = &config.network.extra_ca_file {
        let pem = std::fs::read(path)
            .map_err(|error| MailError::passing(format!("{}: {error}", path.display())))?;
        builder = builder.add_root_certificate(Certificate::from_pem(&pem)?);
    }
    Ok(builder.build_rustls()?)
}
