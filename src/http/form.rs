//! A form with one small file in it, as multipart; kept in memory, so not for large ones.

use actix_multipart::Multipart;
use actix_web::web::Payload;
use actix_web::{FromRequest, HttpRequest};
use futures_util::StreamExt;

use super::Params;
use super::body::PATIENCE;
use crate::error::{Error, Result};

/// The largest field that is no file, and how many parts there may be.
const LARGEST_FIELD: usize = 4096;
const MOST_PARTS: usize = 50;

/// What was sent: the file with the name of its field, and everything else as always.
#[derive(Debug, Default)]
pub struct Form {
    pub params: Params,
    pub file: Option<(String, Vec<u8>)>,
}

impl Form {
    /// Reads multipart with a file of at most `most` bytes under one of `names`; any other body
    /// has none and is read as everywhere.
    ///
    /// # Errors
    /// 400 for a broken form or one that takes too long, 422 for a field that is too large.
    pub async fn read(
        request: &HttpRequest,
        payload: Payload,
        names: &[&str],
        most: usize,
    ) -> Result<Self> {
        let content_type = request.headers().get("content-type").and_then(|v| v.to_str().ok());
        if !content_type.is_some_and(|kind| kind.starts_with("multipart/form-data")) {
            let params = Params::from_request(request, &mut payload.into_inner()).await?;
            return Ok(Self { params, file: None });
        }
        let parts = Multipart::new(request.headers(), payload);
        tokio::time::timeout(PATIENCE, read_parts(parts, names, most))
            .await
            .map_err(|_| Error::BadRequest("The body took too long".into()))?
    }
}

async fn read_parts(mut parts: Multipart, names: &[&str], most: usize) -> Result<Form> {
    let refuse =
        |e: &dyn std::fmt::Display| Error::BadRequest(format!("The form is broken: {e}").into());
    let mut form = Form::default();
    let mut count = 0;
    while let Some(part) = parts.next().await {
        let mut part = part.map_err(|e| refuse(&e))?;
        count += 1;
        if count > MOST_PARTS {
            return Err(Error::BadRequest("Too many parameters".into()));
        }
        let name = part.name().unwrap_or_default().to_owned();
        let is_file = names.contains(&name.as_str());
        let limit = if is_file { most } else { LARGEST_FIELD };
        let mut value = Vec::new();
        while let Some(chunk) = part.next().await {
            value.extend_from_slice(&chunk.map_err(|e| refuse(&e))?);
            if value.len() > limit {
                return Err(Error::invalid(format!(
                    "Validation failed: {name} is too large (maximum is {limit} bytes)"
                )));
            }
        }
        if is_file {
            form.file = Some((name, value)).filter(|(_, bytes)| !bytes.is_empty());
            continue;
        }
        let text = String::from_utf8(value)
            .map_err(|_| Error::invalid(format!("Validation failed: {name} is not UTF-8")))?;
        form.params.insert(&name, serde_json::Value::String(text))?;
    }
    Ok(form)
}
