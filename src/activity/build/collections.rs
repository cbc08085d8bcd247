//! Our collections (section J), and the Tombstone of what is gone.

use serde_json::{Value, json};

use super::{map, put, time, with_context};

/// An OrderedCollection. `total` and `first` are left out when hidden (F-237).
pub fn ordered_collection(id: &str, total: Option<u64>, first: Option<&str>) -> Value {
    let mut out = map(json!({"id": id, "type": "OrderedCollection"}));
    put(&mut out, "totalItems", total);
    put(&mut out, "first", first);
    with_context(Value::Object(out))
}

/// A Collection: one without an order that means anything (F-241, F-242).
pub fn collection(id: &str, total: Option<u64>, first: Option<&str>) -> Value {
    let mut out = map(json!({"id": id, "type": "Collection"}));
    put(&mut out, "totalItems", total);
    put(&mut out, "first", first);
    with_context(Value::Object(out))
}

/// A page of a Collection; items are ids.
pub fn unordered_page(id: &str, part_of: &str, items: Vec<String>, next: Option<&str>) -> Value {
    let mut out = map(json!({
        "id": id, "type": "CollectionPage", "partOf": part_of, "items": items,
    }));
    put(&mut out, "next", next);
    with_context(Value::Object(out))
}

/// An OrderedCollection with all its items inside, without their contexts (F-240).
pub fn inline_collection(id: &str, items: Vec<Value>) -> Value {
    let mut out = map(json!({"id": id, "type": "OrderedCollection", "totalItems": items.len()}));
    put(&mut out, "orderedItems", Some(bare(items)));
    with_context(Value::Object(out))
}

/// A page of an OrderedCollection; items are ids or documents (F-236).
pub fn collection_page(
    id: &str,
    part_of: &str,
    items: Vec<Value>,
    next: Option<&str>,
    prev: Option<&str>,
) -> Value {
    let mut out = map(json!({"id": id, "type": "OrderedCollectionPage", "partOf": part_of}));
    put(&mut out, "orderedItems", Some(bare(items)));
    put(&mut out, "next", next);
    put(&mut out, "prev", prev);
    with_context(Value::Object(out))
}

fn bare(items: Vec<Value>) -> Vec<Value> {
    items.into_iter().map(super::without_context).collect()
}

/// What stands in place of a deleted post or actor, with status 410 (F-040, F-245).
pub fn tombstone(id: &str, deleted_ms: Option<i64>) -> Value {
    let mut out = map(json!({"id": id, "type": "Tombstone"}));
    put(&mut out, "deleted", deleted_ms.map(time));
    with_context(Value::Object(out))
}
