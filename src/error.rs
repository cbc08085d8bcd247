//! The one error type. Each variant has an HTTP status and a sentence that is safe to show;
//! the cause of an internal error goes to the log only.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What went wrong, in terms of what the caller can do about it.
///
/// At the client API it becomes the status of [`Error::status`] with the body
/// `{"error": Error::public()}`, as Mastodon answers.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// 404. Also what a reader gets who may not see a thing that exists (S-088).
    #[error("Record not found")]
    NotFound,
    /// 404 with a sentence of its own.
    #[error("{0}")]
    Missing(Cow<'static, str>),
    /// 410: it existed and was deleted.
    #[error("Gone")]
    Gone,
    /// 401: no valid token or signature.
    #[error("{0}")]
    Unauthorized(Cow<'static, str>),
    /// 403: known, and not allowed.
    #[error("{0}")]
    Forbidden(Cow<'static, str>),
    /// 400: the request cannot be read.
    #[error("{0}")]
    BadRequest(Cow<'static, str>),
    /// 422: the request can be read and a value in it is refused; the message names the field.
    #[error("{0}")]
    Invalid(Cow<'static, str>),
    /// 409: it collides with something that is there.
    #[error("{0}")]
    Conflict(Cow<'static, str>),
    /// 406: content type not spoken here.
    #[error("{0}")]
    NotAcceptable(Cow<'static, str>),
    /// 405.
    #[error("Method not allowed")]
    MethodNotAllowed,
    /// 413: the body is larger than `limit` bytes.
    #[error("The request body is larger than {limit} bytes")]
    TooLarge { limit: usize },
    /// 429, with `Retry-After` in seconds.
    #[error("Too many requests")]
    TooMany { retry_after: u32 },
    /// 503, with `Retry-After` in seconds: a full lane or a server that stops.
    #[error("{message}")]
    Unavailable { message: Cow<'static, str>, retry_after: u32 },
    /// 503: another server could not be reached or answered nonsense.
    #[error("{0}")]
    Remote(Cow<'static, str>),
    /// 500: a fault of ours; the text is for the log.
    #[error("{0}")]
    Internal(String),
}

const DISK_FULL: &str = "The disk of this server is full";
const DAMAGED: &str = "the database is damaged: ";
const PANICKED: &str = "the program panicked over it";

/// Result with [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// Runs `f`; a panic in it becomes an error, so that it stops nothing else (S-136).
///
/// # Errors
/// Those of `f`, and [`Error::panicked`].
pub fn guarded<T, E: From<Error>>(
    f: impl FnOnce() -> std::result::Result<T, E>,
) -> std::result::Result<T, E> {
    // what `f` had in its hands is gone with it, so nothing broken is left behind
    catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|_| Err(Error::panicked().into()))
}

impl Error {
    /// 422 with a Mastodon style message, e.g. `Validation failed: Text can't be blank`.
    pub fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::Invalid(message.into())
    }

    /// 503: there is no room for more on the disk. It may pass by itself.
    pub fn disk_full() -> Self {
        Self::Unavailable { message: DISK_FULL.into(), retry_after: 600 }
    }

    /// Whether it is that one.
    pub fn is_disk_full(&self) -> bool {
        matches!(self, Self::Unavailable { message, .. } if message == DISK_FULL)
    }

    /// Pages of the database are not what they should be.
    pub fn damaged(fault: impl std::fmt::Display) -> Self {
        Self::Internal(format!("{DAMAGED}{fault}"))
    }

    /// What is damaged, if it is that one.
    pub fn damage(&self) -> Option<&str> {
        match self {
            Self::Internal(text) => text.strip_prefix(DAMAGED),
            _ => None,
        }
    }

    /// A fault of ours: 500 outside, the text in the log.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        Self::Internal(cause.to_string())
    }

    /// A panic that was caught: its place is in the log.
    pub fn panicked() -> Self {
        Self::internal(PANICKED)
    }

    /// Whether it is that one.
    pub fn is_panic(&self) -> bool {
        matches!(self, Self::Internal(text) if text == PANICKED)
    }

    /// The HTTP status code.
    pub fn status(&self) -> u16 {
        match self {
            Self::BadRequest(_) => 400,
            Self::Unauthorized(_) => 401,
            Self::Forbidden(_) => 403,
            Self::NotFound | Self::Missing(_) => 404,
            Self::MethodNotAllowed => 405,
            Self::NotAcceptable(_) => 406,
            Self::Conflict(_) => 409,
            Self::Gone => 410,
            Self::TooLarge { .. } => 413,
            Self::Invalid(_) => 422,
            Self::TooMany { .. } => 429,
            Self::Internal(_) => 500,
            Self::Unavailable { .. } | Self::Remote(_) => 503,
        }
    }

    /// The sentence for the outside; never an internal cause (S-062).
    pub fn public(&self) -> String {
        match self {
            Self::Internal(_) => "Something went wrong on our end".to_owned(),
            other => other.to_string(),
        }
    }

    /// Seconds for a `Retry-After` header, where one belongs.
    pub fn retry_after(&self) -> Option<u32> {
        match self {
            Self::TooMany { retry_after } | Self::Unavailable { retry_after, .. } => {
                Some(*retry_after)
            }
            _ => None,
        }
    }

    /// The same error again, for each of several callers that wait for one result.
    pub fn again(&self) -> Self {
        match self {
            Self::NotFound => Self::NotFound,
            Self::Missing(m) => Self::Missing(m.clone()),
            Self::Gone => Self::Gone,
            Self::MethodNotAllowed => Self::MethodNotAllowed,
            Self::Unauthorized(m) => Self::Unauthorized(m.clone()),
            Self::Forbidden(m) => Self::Forbidden(m.clone()),
            Self::BadRequest(m) => Self::BadRequest(m.clone()),
            Self::Invalid(m) => Self::Invalid(m.clone()),
            Self::Conflict(m) => Self::Conflict(m.clone()),
            Self::NotAcceptable(m) => Self::NotAcceptable(m.clone()),
            Self::Remote(m) => Self::Remote(m.clone()),
            Self::Internal(m) => Self::Internal(m.clone()),
            Self::TooLarge { limit } => Self::TooLarge { limit: *limit },
            Self::TooMany { retry_after } => Self::TooMany { retry_after: *retry_after },
            Self::Unavailable { message, retry_after } => {
                Self::Unavailable { message: message.clone(), retry_after: *retry_after }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s_136_a_panic_is_an_error_like_others() {
        let caught: Result<()> = guarded(|| panic!("as the test wants"));
        let caught = caught.expect_err("it panicked");
        assert_eq!(
            (caught.is_panic(), caught.again().is_panic(), caught.status()),
            (true, true, 500)
        );
        assert!(!caught.public().contains("panic"));
        let refused: Result<()> = guarded(|| Err(Error::NotFound));
        assert!(matches!(refused, Err(Error::NotFound)));
        assert_eq!(guarded(|| Ok::<_, Error>(7)).ok(), Some(7));
    }
}
