//! Consent to quotes (FEP-044f): asking, giving, taking back.

use serde_json::{Value, json};

use super::{activities, with_context};
use crate::activity::PUBLIC;

/// Asks the author of `object` for the stamp of a quote; the quoting post comes along (F-324).
pub fn quote_request(id: &str, actor: &str, object: &str, instrument: Value, to: &str) -> Value {
    with_context(json!({
        "id": id,
        "type": "QuoteRequest",
        "actor": actor,
        "object": object,
        "instrument": instrument,
        "to": [to],
    }))
}

/// Gives it: `result` is the stamp's address (F-322).
pub fn accept_quote(id: &str, actor: &str, request: &Value, result: &str) -> Value {
    let mut accept = activities::accept(id, actor, request);
    if let Some(map) = accept.as_object_mut() {
        map.insert("result".to_owned(), json!(result));
    }
    accept
}

/// The stamp (F-323).
pub fn quote_authorization(id: &str, author: &str, quoted: &str, quoting: &str) -> Value {
    with_context(bare(id, author, quoted, quoting))
}

/// Takes it back.
pub fn delete_authorization(author: &str, id: &str, quoted: &str, quoting: &str) -> Value {
    with_context(json!({
        "id": format!("{id}#delete"),
        "type": "Delete",
        "actor": author,
        "to": [PUBLIC],
        "object": bare(id, author, quoted, quoting),
    }))
}

fn bare(id: &str, author: &str, quoted: &str, quoting: &str) -> Value {
    json!({
        "id": id,
        "type": "QuoteAuthorization",
        "attributedTo": author,
        "interactionTarget": quoted,
        "interactingObject": quoting,
    })
}
