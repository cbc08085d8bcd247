//! Errors as applications read them: RFC 6749 section 5.2, worded like Mastodon's.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header;
use serde::Serialize;

use crate::error::Error;
use crate::http::JSON;

/// Why an application's request is refused.
#[derive(Debug)]
pub(super) enum OAuthError {
    /// 400: a parameter is missing or wrong.
    InvalidRequest(&'static str),
    /// 401: unknown application or wrong secret; true when it came with HTTP Basic.
    InvalidClient { basic: bool },
    /// 400: the code is unknown, expired, used, or another's.
    InvalidGrant,
    /// 400: more is asked than was registered.
    InvalidScope,
    /// 400: only codes and client credentials are traded.
    UnsupportedGrantType,
    /// 403: the token is not this application's.
    UnauthorizedClient,
    /// Everything else, with its own status.
    Other(Error),
}

impl From<Error> for OAuthError {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

#[derive(Serialize)]
struct Body<'a> {
    error: &'a str,
    error_description: &'a str,
}

impl OAuthError {
    /// The answer.
    pub(super) fn response(&self) -> HttpResponse {
        let message;
        let (status, error, error_description) = match self {
            Self::InvalidRequest(what) => (StatusCode::BAD_REQUEST, "invalid_request", *what),
            Self::InvalidClient { .. } => (
                StatusCode::UNAUTHORIZED,
                "invalid_client",
                "Client authentication failed due to unknown client, no client authentication \
                 included, or wrong secret.",
            ),
            Self::InvalidGrant => (
                StatusCode::BAD_REQUEST,
                "invalid_grant",
                "The authorization code is invalid, expired, used before, or was given to \
                 another client or redirect URI.",
            ),
            Self::InvalidScope => (
                StatusCode::BAD_REQUEST,
                "invalid_scope",
                "The requested scope is unknown or goes beyond what the client registered.",
            ),
            Self::UnsupportedGrantType => (
                StatusCode::BAD_REQUEST,
                "unsupported_grant_type",
                "Only authorization_code and client_credentials are supported here.",
            ),
            Self::UnauthorizedClient => (
                StatusCode::FORBIDDEN,
                "unauthorized_client",
                "You are not authorized to revoke this token",
            ),
            Self::Other(error) => {
                if let Error::Internal(cause) = error {
                    tracing::error!(%cause, "internal error");
                }
                let status = StatusCode::from_u16(error.status());
                let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                message = error.public();
                let word =
                    if status.is_server_error() { "server_error" } else { "invalid_request" };
                (status, word, message.as_str())
            }
        };
        let body = serde_json::to_string(&Body { error, error_description }).unwrap_or_default();
        let mut response = HttpResponse::build(status);
        response
            .insert_header((header::CONTENT_TYPE, JSON))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .insert_header((header::PRAGMA, "no-cache"));
        if let Self::Other(error) = self
            && let Some(seconds) = error.retry_after()
        {
            response.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        if matches!(self, Self::InvalidClient { basic: true }) {
            response.insert_header((header::WWW_AUTHENTICATE, "Basic realm=\"Dassie\""));
        }
        response.body(body)
    }
}
