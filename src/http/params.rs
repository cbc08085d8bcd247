//! Parameters of a client request: query string and body together, whether the body is JSON,
//! a form or multipart, read the way Rails reads them (`a[]=1`, `b[c]=2`).

use std::future::Future;
use std::pin::Pin;

use actix_multipart::Multipart;
use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{FromRequest, HttpRequest};
use futures_util::StreamExt;
use serde_json::{Map, Value};

use super::body::Share;
use crate::error::{Error, Result};
use crate::id;
use crate::model::Page;

/// The largest body of a request without files.
pub(super) const LIMIT: usize = 1024 * 1024;
/// How many parameters one request may have, and how deep their names may nest.
pub(super) const MOST: usize = 1000;
const DEEPEST: usize = 6;

/// All parameters of a request. Missing ones read as absent; ones of the wrong type are refused
/// with 422 and the name of the field.
#[derive(Debug, Default)]
pub struct Params(Map<String, Value>);

impl FromRequest for Params {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move { read(&request, payload).await })
    }
}

pub(super) async fn read(request: &HttpRequest, mut payload: Payload) -> Result<Params> {
    let mut params = Params::default();
    params.add_form(request.query_string().as_bytes())?;
    if request.method() == actix_web::http::Method::GET {
        return Ok(params);
    }
    let content_type = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_ascii_lowercase();
    if content_type.starts_with("multipart/form-data") {
        tokio::time::timeout(super::body::PATIENCE, params.add_multipart(request, payload))
            .await
            .map_err(|_| Error::BadRequest("The body took too long".into()))??;
    } else {
        let body = super::body::read(&mut payload, LIMIT).await?;
        if content_type.starts_with("application/json") {
            params.add_json(&body)?;
        } else {
            params.add_form(&body)?;
        }
    }
    Ok(params)
}

impl Params {
    fn add_json(&mut self, body: &[u8]) -> Result<()> {
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(());
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(map)) => {
                self.0.extend(map);
                Ok(())
            }
            Ok(_) => Err(Error::BadRequest("The JSON body must be an object".into())),
            Err(error) => Err(Error::BadRequest(format!("The body is not JSON: {error}").into())),
        }
    }

    pub(super) fn add_form(&mut self, body: &[u8]) -> Result<()> {
        for (count, (name, value)) in form_urlencoded::parse(body).enumerate() {
            if count >= MOST {
                return Err(Error::BadRequest("Too many parameters".into()));
            }
            self.insert(&name, Value::String(value.into_owned()))?;
        }
        Ok(())
    }

    async fn add_multipart(&mut self, request: &HttpRequest, payload: Payload) -> Result<()> {
        let mut parts = Multipart::new(request.headers(), payload);
        let mut texts = Texts::default();
        let mut count = 0;
        while let Some(part) = parts.next().await {
            let mut part = part.map_err(|e| broken(&e))?;
            let name = part.name().unwrap_or_default().to_owned();
            let mut value = Vec::new();
            while let Some(chunk) = part.next().await {
                texts.take(&mut value, &chunk.map_err(|e| broken(&e))?)?;
            }
            count += 1;
            if count > MOST {
                return Err(Error::BadRequest("Too many parameters".into()));
            }
            self.add_text(&name, value)?;
        }
        Ok(())
    }

    /// One text of a multipart form.
    pub(super) fn add_text(&mut self, name: &str, value: Vec<u8>) -> Result<()> {
        let text = String::from_utf8(value)
            .map_err(|_| Error::invalid(format!("Validation failed: {name} is not UTF-8")))?;
        self.insert(name, Value::String(text))
    }

    /// Puts a value where its bracketed name says.
    pub(super) fn insert(&mut self, name: &str, value: Value) -> Result<()> {
        let (first, rest) = match name.find('[') {
            Some(at) if at > 0 && name.ends_with(']') => name.split_at(at),
            _ => (name, ""),
        };
        let path: Vec<&str> = if rest.is_empty() {
            Vec::new()
        } else {
            rest[1..rest.len() - 1].split("][").collect()
        };
        if path.len() > DEEPEST {
            return Err(Error::BadRequest("A parameter name nests too deeply".into()));
        }
        place(self.0.entry(first.to_owned()).or_insert(Value::Null), &path, value);
        Ok(())
    }

    fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// Whether the client sent the field at all, be it empty.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Whether the client sent something, be it empty; not `null`.
    pub fn gives(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// A text; a boolean in JSON is read as its text.
    pub fn text(&self, name: &str) -> Result<Option<&str>> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(Value::Bool(true)) => Ok(Some("true")),
            Some(Value::Bool(false)) => Ok(Some("false")),
            Some(_) => Err(wrong(name, "must be a text")),
        }
    }

    /// A text that must be there and not be blank.
    pub fn required(&self, name: &str) -> Result<&str> {
        match self.text(name)? {
            Some(text) if !text.trim().is_empty() => Ok(text),
            _ => Err(wrong(name, "can't be blank")),
        }
    }

    /// A boolean in any spelling that clients send.
    pub fn flag(&self, name: &str) -> Result<Option<bool>> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(Value::Number(n)) => Ok(Some(n.as_f64() != Some(0.0))),
            Some(Value::String(text)) => match text.to_ascii_lowercase().as_str() {
                "" => Ok(None),
                "1" | "true" | "t" | "on" | "yes" | "y" => Ok(Some(true)),
                "0" | "false" | "f" | "off" | "no" | "n" => Ok(Some(false)),
                _ => Err(wrong(name, "must be true or false")),
            },
            Some(_) => Err(wrong(name, "must be true or false")),
        }
    }

    /// A whole number, also when it comes as a text.
    pub fn number(&self, name: &str) -> Result<Option<i64>> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Number(n)) => {
                whole(n.as_i64(), n.as_f64()).map(Some).ok_or_else(|| no_number(name))
            }
            Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
            Some(Value::String(text)) => {
                let text = text.trim();
                whole(text.parse().ok(), text.parse().ok()).map(Some).ok_or_else(|| no_number(name))
            }
            Some(_) => Err(no_number(name)),
        }
    }

    /// An id; one that cannot exist reads as 0, which no row has.
    pub fn id(&self, name: &str) -> Result<Option<i64>> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Number(n)) => Ok(Some(n.as_i64().unwrap_or(0))),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) => Ok(Some(id::parse(text).unwrap_or(0))),
            Some(_) => Err(wrong(name, "must be an id")),
        }
    }

    /// A list: `a[]=1&a[]=2`, a JSON array, or one value alone.
    pub fn list(&self, name: &str) -> Result<Vec<String>> {
        let item = |value: &Value| match value {
            Value::String(text) => Ok(text.clone()),
            Value::Number(n) => Ok(n.to_string()),
            Value::Bool(flag) => Ok(flag.to_string()),
            _ => Err(wrong(name, "must be a list of texts")),
        };
        match self.get(name) {
            None => Ok(Vec::new()),
            // Mastodon.py writes `id[][]=1` where it means `id[]=1`, and Rails reads it so
            Some(Value::Array(items)) => items
                .iter()
                .flat_map(|one| one.as_array().map_or(std::slice::from_ref(one), Vec::as_slice))
                .map(item)
                .collect(),
            // a[0]=x&a[1]=y
            Some(Value::Object(map)) => numbered(map).map(item).collect(),
            Some(Value::String(text)) if text.is_empty() => Ok(Vec::new()),
            Some(single) => Ok(vec![item(single)?]),
        }
    }

    /// A list of ids; what is no id is left out.
    pub fn ids(&self, name: &str) -> Result<Vec<i64>> {
        Ok(self.list(name)?.iter().filter_map(|text| id::parse(text)).collect())
    }

    /// The parameters inside of one: `source[privacy]=…`, or an object in JSON.
    pub fn nested(&self, name: &str) -> Result<Self> {
        match self.get(name) {
            None => Ok(Self::default()),
            Some(Value::Object(map)) => Ok(Self(map.clone())),
            Some(_) => Err(wrong(name, "must have fields")),
        }
    }

    /// A list of such: `a[][x]=…`, `a[0][x]=…`, or an array of objects in JSON.
    pub fn each(&self, name: &str) -> Result<Vec<Self>> {
        let one = |value: &Value| match value {
            Value::Object(map) => Ok(Self(map.clone())),
            _ => Err(wrong(name, "must be a list of fields")),
        };
        match self.get(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) => items.iter().map(one).collect(),
            Some(Value::Object(map)) => numbered(map).map(one).collect(),
            Some(Value::String(text)) if text.is_empty() => Ok(Vec::new()),
            Some(_) => Err(wrong(name, "must be a list of fields")),
        }
    }

    /// Whether anything but blanks was sent under a name, however it nests.
    pub fn says(&self, name: &str) -> bool {
        fn filled(value: &Value) -> bool {
            match value {
                Value::Null => false,
                Value::String(text) => !text.trim().is_empty(),
                Value::Array(items) => items.iter().any(filled),
                Value::Object(map) => map.values().any(filled),
                Value::Bool(_) | Value::Number(_) => true,
            }
        }
        self.get(name).is_some_and(filled)
    }

    /// `max_id`, `since_id`, `min_id` and `limit`, the last between 1 and `most`.
    pub fn page(&self, default: usize, most: usize) -> Result<Page> {
        Ok(Page {
            max_id: self.id("max_id")?,
            since_id: self.id("since_id")?,
            min_id: self.id("min_id")?,
            limit: self.limit(default, most)?,
        })
    }

    /// `limit`, between 1 and `most`.
    pub fn limit(&self, default: usize, most: usize) -> Result<usize> {
        Ok(self
            .number("limit")?
            .map_or(default, |n| usize::try_from(n.max(1)).unwrap_or(most).min(most)))
    }

    /// `offset`, 0 to 10,000.
    pub fn offset(&self) -> Result<i64> {
        Ok(self.number("offset")?.unwrap_or(0).clamp(0, 10_000))
    }
}

/// The texts of a multipart form, which wait in memory: like any other body they have a limit
/// each and one together (S-054).
#[derive(Default)]
pub(super) struct Texts {
    total: usize,
    share: Share,
}

impl Texts {
    /// Takes a piece of one of them.
    pub(super) fn take(&mut self, value: &mut Vec<u8>, piece: &[u8]) -> Result<()> {
        self.total += piece.len();
        if self.total > LIMIT {
            return Err(Error::TooLarge { limit: LIMIT });
        }
        self.share.grow(self.total)?;
        value.extend_from_slice(piece);
        Ok(())
    }
}

/// A multipart body that cannot be read.
pub(super) fn broken(error: &dyn std::fmt::Display) -> Error {
    Error::BadRequest(format!("The form is broken: {error}").into())
}

fn place(slot: &mut Value, path: &[&str], value: Value) {
    match path.split_first() {
        None => *slot = value,
        Some((&"", rest)) => {
            if !slot.is_array() {
                *slot = Value::Array(Vec::new());
            }
            if let Value::Array(items) = slot {
                // a[][x]=1&a[][y]=2 is one object until a name repeats
                if let (Some(name), Some(Value::Object(last))) = (rest.first(), items.last_mut())
                    && !name.is_empty()
                    && !last.contains_key(*name)
                {
                    place(last.entry(*name).or_insert(Value::Null), &rest[1..], value);
                } else {
                    items.push(Value::Null);
                    if let Some(last) = items.last_mut() {
                        place(last, rest, value);
                    }
                }
            }
        }
        Some((name, rest)) => {
            if !slot.is_object() {
                *slot = Value::Object(Map::new());
            }
            if let Value::Object(map) = slot {
                place(map.entry(*name).or_insert(Value::Null), rest, value);
            }
        }
    }
}

/// What stands under numbers, in their order: the map's own has 10 before 2.
fn numbered(map: &Map<String, Value>) -> impl Iterator<Item = &Value> {
    let mut items: Vec<(&String, &Value)> = map.iter().collect();
    items.sort_by_key(|(key, _)| key.parse::<u64>().unwrap_or(u64::MAX));
    items.into_iter().map(|(_, value)| value)
}

/// A whole number, also one that a program without such writes as `20.0`.
fn whole(exact: Option<i64>, float: Option<f64>) -> Option<i64> {
    #[allow(clippy::cast_possible_truncation)] // far within
    let of = |n: f64| (n.fract() == 0.0 && n.abs() < 1e15).then_some(n as i64);
    exact.or_else(|| float.and_then(of))
}

fn no_number(name: &str) -> Error {
    wrong(name, "must be a whole number")
}

fn wrong(name: &str, what: &str) -> Error {
    Error::invalid(format!("Validation failed: {name} {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> Params {
        let mut params = Params::default();
        params.add_form(text.as_bytes()).unwrap();
        params
    }

    #[test]
    fn forms_are_read_as_rails_reads_them() {
        let params = form("a[]=1&a[]=2&b[c]=3&d=x&e[0]=p&e[1]=q&f[][k]=1&f[][v]=2&f[][k]=3");
        assert_eq!(params.list("a").unwrap(), ["1", "2"]);
        assert_eq!(params.0["b"]["c"], "3");
        assert_eq!(params.list("e").unwrap(), ["p", "q"]);
        assert_eq!(params.0["f"][0]["v"], "2");
        assert_eq!(params.0["f"][1]["k"], "3");
    }

    #[test]
    fn lists_with_numbers_keep_their_order() {
        let many: Vec<String> = (0..12).map(|n| format!("a[{n}]=v{n}")).collect();
        let want: Vec<String> = (0..12).map(|n| format!("v{n}")).collect();
        assert_eq!(form(&many.join("&")).list("a").unwrap(), want);
    }

    #[test]
    fn flags_and_numbers_come_in_all_spellings() {
        let mut params = form("a=1&b=off&c=True&d=maybe&n=12&m=x&p=20.0&q=1.5&r=1e300&s=inf");
        assert_eq!(params.number("p").unwrap(), Some(20));
        for odd in ["q", "r", "s"] {
            assert!(params.number(odd).is_err(), "{odd}");
        }
        assert_eq!(params.flag("a").unwrap(), Some(true));
        assert_eq!(params.flag("b").unwrap(), Some(false));
        assert_eq!(params.flag("c").unwrap(), Some(true));
        assert_eq!(params.flag("zz").unwrap(), None);
        assert_eq!(
            params.flag("d").unwrap_err().to_string(),
            "Validation failed: d must be true or false"
        );
        assert_eq!(params.number("n").unwrap(), Some(12));
        assert!(params.number("m").is_err());
        params.add_json(br#"{"a": false, "n": 7, "list": ["x", 3]}"#).unwrap();
        assert_eq!(params.flag("a").unwrap(), Some(false));
        assert_eq!(params.number("n").unwrap(), Some(7));
        assert_eq!(params.list("list").unwrap(), ["x", "3"]);
    }

    #[test]
    fn s_054_texts_of_forms_hold_no_more_than_other_bodies() {
        let piece = vec![0; 900_000];
        let mut held = Vec::new();
        let refused = loop {
            let mut texts = Texts::default();
            match texts.take(&mut Vec::new(), &piece) {
                Ok(()) => held.push(texts),
                Err(error) => break error,
            }
            assert!(held.len() < 20);
        };
        assert_eq!(refused.status(), 503);
        held.truncate(1);
        let again = held[0].take(&mut Vec::new(), &piece);
        assert_eq!(again.unwrap_err().status(), 413, "each has its own limit");
        assert!(Texts::default().take(&mut Vec::new(), &piece).is_ok(), "it is given back");
    }

    #[test]
    fn odd_names_do_no_harm() {
        for name in ["[", "]", "[]", "a[", "a]", "a[]]", "a[[", "[][]", "a[][][][]", ""] {
            let mut params = Params::default();
            params.insert(name, Value::Null).unwrap();
        }
        assert!(Params::default().insert(&format!("a{}", "[x]".repeat(50)), Value::Null).is_err());
    }
}
