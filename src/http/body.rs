//! Reading a request's body within a limit.

use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::web::Bytes;
use futures_util::StreamExt;

use crate::error::{Error, Result};

/// How long a body may take to arrive (S-053).
const PATIENCE: Duration = Duration::from_secs(30);

/// The whole body, `limit` bytes at the most (413), in 30 seconds.
pub async fn read(payload: &mut Payload, limit: usize) -> Result<Bytes> {
    tokio::time::timeout(PATIENCE, collect(payload, limit))
        .await
        .map_err(|_| Error::BadRequest("The body took too long".into()))?
}

async fn collect(payload: &mut Payload, limit: usize) -> Result<Bytes> {
    let mut first: Option<Bytes> = None;
    let mut all: Vec<u8> = Vec::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|e| Error::BadRequest(format!("The body ended: {e}").into()))?;
        if all.len() + first.as_ref().map_or(0, Bytes::len) + chunk.len() > limit {
            return Err(Error::TooLarge { limit });
        }
        match (&first, all.is_empty()) {
            // most bodies come in one piece: no copy then
            (None, true) => first = Some(chunk),
            _ => {
                if let Some(begin) = first.take() {
                    all.extend_from_slice(&begin);
                }
                all.extend_from_slice(&chunk);
            }
        }
    }
    Ok(first.unwrap_or_else(|| Bytes::from(all)))
}
