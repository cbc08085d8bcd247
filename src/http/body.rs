//! Reading a request's body within a limit.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::web::Bytes;
use futures_util::StreamExt;

use crate::error::{Error, Result};

/// How long a body may take to arrive (S-053).
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// The whole body, `limit` bytes at the most (413), in 30 seconds.
pub async fn read(payload: &mut Payload, limit: usize) -> Result<Bytes> {
    tokio::time::timeout(PATIENCE, collect(payload, limit))
        .await
        .map_err(|_| Error::BadRequest("The body took too long".into()))?
}

/// What bodies beyond the usual size may hold of memory together (S-054), and what is usual.
const BIG_TOGETHER: usize = 16 * 1024 * 1024;
const USUAL: usize = 16 * 1024;

static BIG: AtomicUsize = AtomicUsize::new(0);

/// A share of [`BIG_TOGETHER`], given back when the body is read or has failed.
#[derive(Default)]
pub(super) struct Share(usize);

impl Share {
    /// Grows to what a body of `size` bytes takes.
    pub(super) fn grow(&mut self, size: usize) -> Result<()> {
        let more = size.saturating_sub(USUAL).saturating_sub(self.0);
        if more == 0 {
            return Ok(());
        }
        let before = BIG.fetch_add(more, Ordering::Relaxed);
        self.0 += more;
        if before + more > BIG_TOGETHER {
            return Err(Error::Unavailable {
                message: "Too much is being received at once".into(),
                retry_after: 10,
            });
        }
        Ok(())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        BIG.fetch_sub(self.0, Ordering::Relaxed);
    }
}

async fn collect(payload: &mut Payload, limit: usize) -> Result<Bytes> {
    let mut first: Option<Bytes> = None;
    let mut all: Vec<u8> = Vec::new();
    let mut share = Share::default();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|e| Error::BadRequest(format!("The body ended: {e}").into()))?;
        let size = all.len() + first.as_ref().map_or(0, Bytes::len) + chunk.len();
        if size > limit {
            return Err(Error::TooLarge { limit });
        }
        share.grow(size)?;
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
