//! Carries the requests of the protocol through our client, and bounds what comes back.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ::http::{Request, Response, header};
use bytes::Bytes;
use instant_acme::{BodyWrapper, BytesResponse, Error as AcmeError, HttpClient};
use serde_json::Value;

use crate::client::{Client, OutRequest, OutResponse, host_of};

/// A wait that the authority asks for, at the most, in seconds; more would also be too much for
/// the sums that are done with it.
const LONGEST_WAIT: u64 = 7 * 86_400;

/// Blocks: it is used where nothing else waits.
#[derive(Clone)]
pub(super) struct Courier {
    client: Client,
    /// The host and port of the settings, which may be where no other is.
    host: Option<String>,
    /// Seconds that the authority wanted to be left alone when it last refused; 0: not said.
    wait: Arc<AtomicU64>,
}

impl Courier {
    pub(super) fn new(client: Client, directory: &str) -> Self {
        Self { client, host: host_of(directory), wait: Arc::default() }
    }

    pub(super) fn wait(&self) -> Option<Duration> {
        let seconds = self.wait.load(Ordering::SeqCst);
        (seconds > 0).then(|| Duration::from_secs(seconds))
    }

    fn send(
        &self,
        method: &str,
        url: String,
        body: Bytes,
        kind: &str,
    ) -> Result<OutResponse, AcmeError> {
        let is_ours = self.host.is_some() && host_of(&url) == self.host;
        let mut request = match method {
            "POST" => OutRequest::post(url, Arc::from(&*body)).header("content-type", kind),
            "HEAD" => OutRequest { method: "HEAD", ..OutRequest::get(url) },
            _ => OutRequest::get(url),
        };
        if is_ours {
            request = request.configured();
        }
        let answer = self.client.send(request).map_err(|e| AcmeError::Other(Box::new(e)))?;
        if answer.status >= 400 {
            let wait = answer.retry_after.unwrap_or(0).min(LONGEST_WAIT);
            self.wait.store(wait, Ordering::SeqCst);
            // a page of something in between, which is no problem document
            if !serde_json::from_slice::<Value>(&answer.body).is_ok_and(|json| json.is_object()) {
                return Err(AcmeError::Other(
                    format!("the authority answers with status {}", answer.status).into(),
                ));
            }
        }
        Ok(answer)
    }
}

impl HttpClient for Courier {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, AcmeError>> + Send>> {
        let this = self.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            // the way in which its bytes can be had
            let mut body = BytesResponse::from(Response::new(body)).body;
            let body = body.into_bytes().await.map_err(AcmeError::Other)?;
            let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
            let kind = kind.unwrap_or("application/jose+json");
            let answer = this.send(parts.method.as_str(), parts.uri.to_string(), body, kind)?;
            let mut response = Response::builder().status(answer.status);
            for name in ["replay-nonce", "location"] {
                if let Some(value) = answer.header(name) {
                    response = response.header(name, value);
                }
            }
            if let Some(seconds) = answer.retry_after {
                response = response.header(header::RETRY_AFTER, seconds.min(LONGEST_WAIT));
            }
            Ok(BytesResponse::from(response.body(BodyWrapper::from(answer.body))?))
        })
    }
}
