//! The part of structured fields (RFC 8941) that `Signature-Input` and `Signature` need: a
//! dictionary of byte sequences and inner lists. The serialised form of parameters is kept as it
//! came, since it goes into the signed text.

use std::iter::Peekable;
use std::str::Chars;

use base64::Engine as _;

use super::digest::BASE64;
use super::{Checked, MAX_HEADER, Refusal};

/// Members, list items and parameters of one header.
const MAX_ENTRIES: usize = 64;

/// A bare item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    Text(String),
    Bytes(Vec<u8>),
    /// A number, token or boolean as it was written.
    Other(String),
}

/// `;name=value` in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Parameters(Vec<(String, Item)>);

impl Parameters {
    pub(super) fn get(&self, name: &str) -> Option<&Item> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, item)| item)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// RFC 8941 section 4.1.1.2.
    pub(super) fn write(&self, out: &mut String) {
        for (name, item) in &self.0 {
            out.push(';');
            out.push_str(name);
            match item {
                Item::Other(raw) if raw == "?1" => {}
                Item::Other(raw) => {
                    out.push('=');
                    out.push_str(raw);
                }
                Item::Text(text) => {
                    out.push('=');
                    write_text(text, out);
                }
                Item::Bytes(bytes) => {
                    out.push_str("=:");
                    BASE64.encode_string(bytes, out);
                    out.push(':');
                }
            }
        }
    }
}

/// A string between quotes (RFC 8941 section 4.1.6).
pub(super) fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        if c == '"' || c == '\\' {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
}

/// The value of a dictionary member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Member {
    Item(Item),
    List(Vec<(Item, Parameters)>, Parameters),
}

/// Reads a dictionary; `None` for anything that is not one. A key twice is refused too, though
/// the RFC lets the last one win: two readers must not see different signatures.
pub(super) fn parse_dictionary(text: &str) -> Option<Vec<(String, Member)>> {
    if text.len() > MAX_HEADER {
        return None;
    }
    let mut reader = Reader { chars: text.trim().chars().peekable() };
    let mut members: Vec<(String, Member)> = Vec::new();
    loop {
        let key = reader.key()?;
        let member = if reader.eat('=') {
            if reader.eat('(') {
                let items = reader.list_items()?;
                Member::List(items, reader.parameters()?)
            } else {
                let item = reader.item()?;
                reader.parameters()?;
                Member::Item(item)
            }
        } else {
            reader.parameters()?;
            Member::Item(Item::Other("?1".to_owned()))
        };
        if members.len() == MAX_ENTRIES || members.iter().any(|(k, _)| *k == key) {
            return None;
        }
        members.push((key, member));
        reader.spaces();
        if reader.chars.peek().is_none() {
            return Some(members);
        }
        if !reader.eat(',') {
            return None;
        }
        reader.spaces();
    }
}

/// As [`parse_dictionary`], with the refusal for a header that cannot be read (F-109).
pub(super) fn dictionary(text: &str, reason: &'static str) -> Checked<Vec<(String, Member)>> {
    parse_dictionary(text).ok_or(Refusal::malformed(reason))
}

struct Reader<'a> {
    chars: Peekable<Chars<'a>>,
}

impl Reader<'_> {
    fn eat(&mut self, wanted: char) -> bool {
        self.chars.next_if_eq(&wanted).is_some()
    }

    fn spaces(&mut self) {
        while self.chars.next_if(|c| matches!(c, ' ' | '\t')).is_some() {}
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> String {
        let mut text = String::new();
        while let Some(c) = self.chars.next_if(|c| wanted(*c)) {
            text.push(c);
        }
        text
    }

    /// RFC 8941 section 4.2.3.3.
    fn key(&mut self) -> Option<String> {
        let first = self.chars.next_if(|c| c.is_ascii_lowercase() || *c == '*')?;
        let rest = self.take_while(|c| {
            c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-' | '.' | '*')
        });
        Some(format!("{first}{rest}"))
    }

    fn parameters(&mut self) -> Option<Parameters> {
        let mut found = Parameters::default();
        while self.eat(';') {
            self.spaces();
            let name = self.key()?;
            let item = if self.eat('=') { self.item()? } else { Item::Other("?1".to_owned()) };
            if found.0.len() == MAX_ENTRIES || found.get(&name).is_some() {
                return None;
            }
            found.0.push((name, item));
        }
        Some(found)
    }

    /// The items of an inner list; its opening bracket has been read.
    fn list_items(&mut self) -> Option<Vec<(Item, Parameters)>> {
        let mut items = Vec::new();
        loop {
            self.spaces();
            if self.eat(')') {
                return Some(items);
            }
            let item = self.item()?;
            let parameters = self.parameters()?;
            if items.len() == MAX_ENTRIES || !matches!(self.chars.peek()?, ' ' | ')') {
                return None;
            }
            items.push((item, parameters));
        }
    }

    fn item(&mut self) -> Option<Item> {
        match *self.chars.peek()? {
            '"' => self.text().map(Item::Text),
            ':' => {
                self.chars.next();
                let inside = self.take_while(|c| c != ':');
                if !self.eat(':') {
                    return None;
                }
                BASE64.decode(inside).ok().map(Item::Bytes)
            }
            _ => {
                let raw = self
                    .take_while(|c| c.is_ascii_alphanumeric() || "-.?*_/:!#$%&'+^`|~".contains(c));
                (!raw.is_empty()).then_some(Item::Other(raw))
            }
        }
    }

    fn text(&mut self) -> Option<String> {
        self.chars.next();
        let mut text = String::new();
        loop {
            match self.chars.next()? {
                '"' => return Some(text),
                '\\' => text.push(self.chars.next_if(|c| matches!(c, '"' | '\\'))?),
                c if c == ' ' || c.is_ascii_graphic() => text.push(c),
                _ => return None,
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn f_114_a_dictionary_is_read_and_its_parameters_written_again() {
        let text = r#"sig1=("@method" "a";req);created=17;keyid="a\"b\\";x;t=tok ,  b=:AAE=: "#;
        let members = parse_dictionary(text).unwrap();
        let Member::List(items, parameters) = &members[0].1 else { panic!() };
        assert_eq!(items[0].0, Item::Text("@method".to_owned()));
        assert!(items[0].1.is_empty() && !items[1].1.is_empty());
        let mut out = String::new();
        parameters.write(&mut out);
        assert_eq!(out, r#";created=17;keyid="a\"b\\";x;t=tok"#);
        assert_eq!(members[1], ("b".to_owned(), Member::Item(Item::Bytes(vec![0, 1]))));
    }

    #[test]
    fn f_114_what_is_no_dictionary_is_refused() {
        for bad in [
            "",
            ",",
            "a=",
            "A=1",
            "a=1,",
            "a=1 b=2",
            "a=1,a=2",
            "a=(",
            "a=(\"x\"\"y\")",
            "a=\"x",
            "a=:AA",
            "a=:%:",
            "a=1;",
            "a=1;x=1;x=2",
            "a=\"\\x\"",
            "a=(1)x",
        ] {
            assert_eq!(parse_dictionary(bad), None, "{bad}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn f_114_no_dictionary_panics(text in "\\PC{0,200}", near in "[a-b=(\");:, \\\\01A]{0,60}") {
            let _ = parse_dictionary(&text);
            let _ = parse_dictionary(&near);
        }
    }
}
