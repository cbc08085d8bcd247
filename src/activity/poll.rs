//! Polls of other servers (F-304).

use serde_json::Value;

use super::read;

/// Most options that are read; what comes after is cut.
pub const MAX_OPTIONS: usize = 100;
/// Longest option, in characters.
const MAX_NAME: usize = 500;

/// A Question's poll.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Poll {
    /// `anyOf`: more than one option may be chosen.
    pub multiple: bool,
    /// Names and tallies, in order.
    pub options: Vec<(String, u64)>,
    /// When it ends or ended; `None`: never.
    pub end_ms: Option<i64>,
    /// Told to be over (`closed` may be a bare `true`, without a time).
    pub closed: bool,
    /// When it was closed, if that was told.
    pub closed_ms: Option<i64>,
    /// `votersCount`.
    pub voters: Option<u64>,
}

impl Poll {
    /// The poll of an object, if it has options.
    pub fn parse(value: &Value) -> Option<Self> {
        let many = read::many(value, "anyOf");
        let multiple = !many.is_empty();
        let source = if multiple { many } else { read::many(value, "oneOf") };
        let options: Vec<_> = source.iter().filter_map(option).take(MAX_OPTIONS).collect();
        if options.is_empty() {
            return None;
        }
        let closed_ms = read::time_ms(value, "closed");
        Some(Self {
            multiple,
            options,
            end_ms: read::time_ms(value, "endTime").or(closed_ms),
            closed: closed_ms.is_some() || read::boolean(value, "closed").unwrap_or(false),
            closed_ms,
            voters: read::number(value, "votersCount"),
        })
    }
}

fn option(value: &Value) -> Option<(String, u64)> {
    let name = read::text(value, "name").filter(|name| !name.is_empty())?;
    let votes = read::total(value, "replies").or_else(|| read::number(value, "_misskey_votes"));
    Some((read::clip(name, MAX_NAME), votes.unwrap_or(0)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn f_304_ends_and_tallies_in_all_shapes() {
        let of = |extra: Value| {
            let mut v = json!({"oneOf": [{"name": "a", "replies": {"totalItems": 3}},
                {"name": "b", "_misskey_votes": 2}, {"name": "c", "replies": {"totalItems": -1}}]});
            v.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            Poll::parse(&v).unwrap()
        };
        let votes: Vec<_> = of(json!({})).options.into_iter().map(|o| o.1).collect();
        assert_eq!(votes, [3, 2, 0]);
        let endless = of(json!({}));
        assert_eq!((endless.end_ms, endless.closed), (None, false));
        let over = of(json!({"closed": "2026-01-02T03:04:05Z"}));
        assert_eq!((over.end_ms, over.closed), (Some(1_767_323_045_000), true));
        assert!(of(json!({"closed": true})).closed);
        assert!(!of(json!({"closed": false})).closed);
    }

    #[test]
    fn f_304_options_are_cut_at_a_hundred() {
        let many: Vec<_> = (0..600).map(|n| json!({"name": n.to_string()})).collect();
        assert_eq!(Poll::parse(&json!({"anyOf": many})).unwrap().options.len(), MAX_OPTIONS);
        assert_eq!(Poll::parse(&json!({"anyOf": [], "oneOf": [{}]})), None);
    }
}
