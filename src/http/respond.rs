//! Answers: JSON, and errors as Mastodon sends them.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;

use crate::error::{Error, Result};

/// The content type of the client API.
pub const JSON: &str = "application/json; charset=utf-8";

/// 200 with a JSON body.
pub fn json<T: Serialize>(value: &T) -> HttpResponse {
    typed(JSON, value)
}

/// 200 with a JSON body under another content type.
pub fn typed<T: Serialize>(content_type: &'static str, value: &T) -> HttpResponse {
    match encode(value) {
        Ok(body) => encoded(content_type, body),
        Err(error) => error.error_response(),
    }
}

/// JSON as bytes, to be written where the value was made.
pub fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>> {
    serde_json::to_vec(value).map_err(|e| Error::internal(format!("cannot write JSON: {e}")))
}

/// 200 with what [`encode`] wrote.
pub fn encoded(content_type: &'static str, body: Vec<u8>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, HeaderValue::from_static(content_type)))
        .body(body)
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        if let Self::Internal(cause) = self {
            tracing::error!(%cause, "internal error");
        }
        let mut response = HttpResponse::build(self.status_code());
        response.insert_header((header::CONTENT_TYPE, HeaderValue::from_static(JSON)));
        if let Some(seconds) = self.retry_after() {
            response.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        response.body(serde_json::json!({ "error": self.public() }).to_string())
    }
}
