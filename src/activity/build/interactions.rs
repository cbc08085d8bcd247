//! Consent to favourites, replies and boosts: asking, giving, proving, taking back (checklist
//! section S). <https://docs.gotosocial.org/en/latest/federation/interaction_controls/>

use serde_json::{Map, Value, json};

use super::{with_context, without_context};
use crate::activity::PUBLIC;
use crate::model::InteractionKind;

/// Who may do one thing: at once, or with consent; ids of actors and collections.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleDoc {
    pub automatic: Vec<String>,
    pub manual: Vec<String>,
}

/// Who may do what with a post, beside quoting it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyDoc {
    pub like: RuleDoc,
    pub reply: RuleDoc,
    pub announce: RuleDoc,
}

/// The members of `interactionPolicy`.
pub(super) fn policy(doc: &PolicyDoc) -> Map<String, Value> {
    let rule = |rule: &RuleDoc| json!({"automaticApproval": rule.automatic, "manualApproval": rule.manual});
    [("canLike", &doc.like), ("canReply", &doc.reply), ("canAnnounce", &doc.announce)]
        .into_iter()
        .map(|(name, doc)| (name.to_owned(), rule(doc)))
        .collect()
}

/// The property of an interaction that names its proof.
fn proof_property(kind: InteractionKind) -> String {
    format!("{}Authorization", kind.wire().to_ascii_lowercase())
}

/// Writes where the proof is found, in the old word and the new one (F-333).
pub(super) fn put_proof(out: &mut Map<String, Value>, kind: InteractionKind, proof: &str) {
    out.insert("approvedBy".into(), json!(proof));
    out.insert(proof_property(kind), json!(proof));
}

/// An activity with its proof.
pub fn approved(activity: Value, kind: InteractionKind, proof: &str) -> Value {
    let mut activity = without_context(activity);
    if let Some(map) = activity.as_object_mut() {
        put_proof(map, kind, proof);
    }
    with_context(activity)
}

/// Asks the author of `object` for consent; what asks comes along.
pub fn interaction_request(
    kind: InteractionKind,
    id: &str,
    actor: &str,
    object: &str,
    instrument: Value,
    to: &str,
) -> Value {
    with_context(json!({
        "id": id,
        "type": format!("{}Request", kind.wire()),
        "actor": actor,
        "object": object,
        "instrument": without_context(instrument),
        "to": [to],
    }))
}

/// Answers an interaction, or a request for it; `result` is the proof of an Accept.
pub fn answer_interaction(
    id: &str,
    actor: &str,
    object: Value,
    target: &str,
    result: Option<&str>,
    to: &str,
) -> Value {
    let mut out = super::map(json!({
        "id": id,
        "type": if result.is_some() { "Accept" } else { "Reject" },
        "actor": actor,
        "object": object,
        "target": target,
        "to": [to],
    }));
    super::put(&mut out, "result", result);
    with_context(Value::Object(out))
}

/// The proof, with the words of both versions (F-334).
pub fn interaction_authorization(
    kind: InteractionKind,
    id: &str,
    author: &str,
    target: &str,
    interaction: &str,
) -> Value {
    with_context(bare(kind, id, author, target, interaction))
}

/// Takes it back (F-172).
pub fn delete_interaction_authorization(
    kind: InteractionKind,
    id: &str,
    author: &str,
    target: &str,
    interaction: &str,
) -> Value {
    with_context(json!({
        "id": format!("{id}#delete"),
        "type": "Delete",
        "actor": author,
        "to": [PUBLIC],
        "object": bare(kind, id, author, target, interaction),
    }))
}

fn bare(kind: InteractionKind, id: &str, author: &str, target: &str, interaction: &str) -> Value {
    json!({
        "id": id,
        "type": format!("{}Authorization", kind.wire()),
        "attributedTo": author,
        "interactionTarget": target,
        "interactingObject": interaction,
        "target": target,
        "object": interaction,
    })
}
