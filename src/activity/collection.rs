//! Collections and their pages, in whatever shape (F-247).

use serde_json::Value;

use crate::error::Result;

use super::{read, refuse, urls};

/// Most items of one page that are used (F-248).
pub const MAX_ITEMS: usize = 60;

const TYPES: [&str; 4] =
    ["Collection", "OrderedCollection", "CollectionPage", "OrderedCollectionPage"];

/// A collection, or a page of one.
#[derive(Clone, Debug, PartialEq)]
pub struct Collection {
    pub id: Option<String>,
    /// `totalItems`: another server's claim, clamped (S-048).
    pub total: Option<u64>,
    /// The first page, if there is one.
    pub first: Option<First>,
    /// `orderedItems` and `items`, ids or objects, at most [`MAX_ITEMS`].
    pub items: Vec<Value>,
    /// The next page; the caller watches for loops (F-248).
    pub next: Option<String>,
}

/// Where the first page is.
#[derive(Clone, Debug, PartialEq)]
pub enum First {
    Id(String),
    Embedded(Box<Collection>),
}

/// A collection as another object names it: by id, or embedded with a first page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CollectionRef {
    /// To be fetched; an embedded one may have none.
    pub id: Option<String>,
    /// The first page, if it is named and not embedded.
    pub first: Option<String>,
    /// Ids of the items that came along.
    pub items: Vec<String>,
    /// The page after those that came along.
    pub next: Option<String>,
    pub total: Option<u64>,
}

impl Collection {
    /// Reads a collection or page. No context is asked for (F-004: static servers have none).
    /// Pages on another host than the collection are dropped (F-249).
    ///
    /// # Errors
    /// When its type is none of the four.
    pub fn parse(value: &Value) -> Result<Self> {
        if !is_collection(value) {
            return Err(refuse("This is not a collection"));
        }
        Ok(Self::read(value, true))
    }

    fn read(value: &Value, outer: bool) -> Self {
        let id = value.get("id").and_then(Value::as_str).and_then(urls::keep);
        let here = |url: &String| id.as_ref().is_none_or(|id| urls::same_host(id, url));
        let first = read::first(value, "first").and_then(|page| match page {
            // Only an embedded page that says what it holds; an object with an id alone is an id.
            Value::Object(map)
                if outer
                    && ["items", "orderedItems", "next"].iter().any(|k| map.contains_key(*k)) =>
            {
                let mut page = Self::read(page, false);
                page.id = page.id.filter(here);
                page.next = page.next.filter(here);
                Some(First::Embedded(Box::new(page)))
            }
            other => read::uri_of(other).filter(here).map(First::Id),
        });
        let items = ["orderedItems", "items"]
            .iter()
            .flat_map(|key| read::many(value, key))
            .filter(|item| item.is_string() || item.is_object())
            .take(MAX_ITEMS)
            .cloned()
            .collect();
        let next = read::id(value, "next").filter(here);
        Self { total: read::number(value, "totalItems"), first, items, next, id }
    }

    /// Ids of the items, those that have a usable one.
    pub fn item_ids(&self) -> Vec<String> {
        self.items.iter().filter_map(read::uri_of).collect()
    }
}

impl CollectionRef {
    /// Reads the collection under `key` of an object with the id `owner`; all of it must be on
    /// the owner's host (S-029), the items need not.
    pub fn parse(value: &Value, key: &str, owner: &str) -> Option<Self> {
        let here = |url: &String| urls::same_host(owner, url);
        let found = match read::first(value, key)? {
            Value::String(id) => Self { id: urls::keep(id).filter(here), ..Self::default() },
            embedded => {
                let list = Collection::read(embedded, true);
                let (first, page) = match &list.first {
                    Some(First::Id(id)) => (Some(id.clone()), None),
                    Some(First::Embedded(page)) => (None, Some(page)),
                    None => (None, None),
                };
                let mut items = list.item_ids();
                items.extend(page.map(|page| page.item_ids()).unwrap_or_default());
                items.truncate(MAX_ITEMS);
                Self {
                    items,
                    first: first.filter(here),
                    next: page.and_then(|p| p.next.clone()).or(list.next).filter(here),
                    total: list.total,
                    id: list.id.filter(here),
                }
            }
        };
        (found != Self::default()).then_some(found)
    }
}

/// True for collections and pages of them.
pub fn is_collection(value: &Value) -> bool {
    read::types(value).any(|t| TYPES.contains(&t))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn f_247_items_are_one_many_ids_or_objects() {
        for v in [
            json!({"type": "OrderedCollection", "orderedItems": "https://a.example/1"}),
            json!({"type": "Collection", "items": [{"id": "https://a.example/1"}, null, 5]}),
        ] {
            let c = Collection::parse(&v).unwrap();
            assert_eq!(c.item_ids(), ["https://a.example/1"]);
        }
        assert!(Collection::parse(&json!({"type": "Note"})).is_err());
    }

    #[test]
    fn f_247_first_is_an_id_or_embedded() {
        let c = Collection::parse(&json!({"type": "Collection", "id": "https://a.example/c",
            "totalItems": "7", "first": "https://a.example/c?1"}))
        .unwrap();
        assert_eq!((c.total, c.first), (Some(7), Some(First::Id("https://a.example/c?1".into()))));
        let c = Collection::parse(&json!({"type": "Collection", "id": "https://a.example/c",
            "first": {"type": "CollectionPage", "next": "https://a.example/c?2", "items": []}}));
        assert!(matches!(c.unwrap().first, Some(First::Embedded(p)) if p.next.is_some()));
    }

    #[test]
    fn f_248_items_are_capped_and_totals_clamped() {
        let many: Vec<_> = (0..500).map(|n| format!("https://a.example/{n}")).collect();
        let c = Collection::parse(&json!({"type": "Collection", "totalItems": -1, "items": many}));
        assert_eq!(c.map(|c| (c.items.len(), c.total)).unwrap(), (MAX_ITEMS, Some(0)));
    }

    #[test]
    fn f_249_pages_stay_on_the_host() {
        let c = Collection::parse(&json!({"type": "Collection", "id": "https://a.example/c",
            "first": "https://b.example/c?1", "next": "https://b.example/c?2"}))
        .unwrap();
        assert_eq!((c.first, c.next), (None, None));
        let v = json!({"replies": "https://b.example/r"});
        assert_eq!(CollectionRef::parse(&v, "replies", "https://a.example/1"), None);
    }
}
