//! Why an outgoing request came to nothing.

use std::io;

use crate::error::Error;

/// What kind of failure it was; callers decide by this whether to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The URL is one that is never fetched.
    BadUrl,
    /// The host, an address of it or its port is forbidden (S-003 to S-008).
    Forbidden,
    /// The name could not be looked up, or not in time.
    Dns,
    /// No address of the host took the connection.
    Connect,
    /// No TLS 1.2 or 1.3 with a valid certificate for the name.
    Tls,
    /// One of the time caps ran out.
    Timeout,
    /// Body, headers or the inflated size went over the caps.
    TooLarge,
    /// Too many redirects, a loop, or one from https to http.
    Redirect,
    /// What came back is not proper HTTP, or the connection broke.
    Protocol,
    /// Our own fault: the request could not be signed, or has a header that cannot be sent.
    Local,
}

/// A failed request. `Display` names the host and never an address.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}{message}", prefix(host))]
pub struct ClientError {
    /// What kind of failure.
    pub kind: Kind,
    /// A sentence that may be shown to the user.
    pub message: String,
    /// The host of the hop that failed; empty if the URL had none that could be read.
    pub host: String,
}

fn prefix(host: &str) -> String {
    if host.is_empty() { String::new() } else { format!("{host}: ") }
}

impl ClientError {
    pub(super) fn new(kind: Kind, host: &str, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), host: host.to_owned() }
    }

    /// For the connector, which has to answer in ureq's type; [`ClientError::of`] unpacks it.
    pub(super) fn boxed(self) -> ureq::Error {
        ureq::Error::Other(Box::new(self))
    }

    /// What ureq's error means to us.
    pub(super) fn of(error: ureq::Error, host: &str) -> Self {
        match error {
            ureq::Error::Other(inner) => match inner.downcast::<Self>() {
                Ok(ours) => *ours,
                Err(other) => Self::new(Kind::Protocol, host, other.to_string()),
            },
            ureq::Error::Timeout(phase) => {
                let message = match phase {
                    ureq::Timeout::Connect => "the connection took too long",
                    ureq::Timeout::RecvResponse => "no answer in time",
                    ureq::Timeout::PerRead | ureq::Timeout::RecvBody => "the answer stalled",
                    ureq::Timeout::SendBody | ureq::Timeout::PerWrite => {
                        "it did not read our request"
                    }
                    _ => "the request took too long",
                };
                Self::new(Kind::Timeout, host, message)
            }
            ureq::Error::LargeResponseHeader(..) => {
                Self::new(Kind::TooLarge, host, "the response header is too large")
            }
            ureq::Error::HostNotFound => Self::new(Kind::Dns, host, "no such host"),
            ureq::Error::Io(e) => Self::of_io(&e, host),
            e @ (ureq::Error::Tls(_) | ureq::Error::Rustls(_) | ureq::Error::TlsRequired) => {
                Self::new(Kind::Tls, host, e.to_string())
            }
            e => Self::new(Kind::Protocol, host, format!("not a proper answer: {e}")),
        }
    }

    fn of_io(error: &io::Error, host: &str) -> Self {
        match error.kind() {
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => {
                Self::new(Kind::Timeout, host, "the request took too long")
            }
            _ => Self::new(Kind::Protocol, host, "the connection broke"),
        }
    }
}

impl From<ClientError> for Error {
    /// 503 with the sentence; a fault of ours is 500.
    fn from(error: ClientError) -> Self {
        match error.kind {
            Kind::Local => Self::internal(error),
            _ => Self::Remote(error.to_string().into()),
        }
    }
}
