//! A linear HTML tokenizer: enough of the standard to see tags as a browser sees them.
//!
//! It never decides what is safe (ammonia does); it measures, reduces and reads text.

use std::borrow::Cow;

/// Attributes looked at per tag; more are skipped.
const MAX_ATTRS: usize = 32;

/// A piece of HTML. Comments, doctypes and the like never come out.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// Text as it stands in the source, entities not decoded.
    Text(&'a str),
    /// `<name …>`; the name in lower case.
    Start { name: String, attrs: Vec<(&'a str, &'a str)>, self_closing: bool },
    /// `</name>`.
    End { name: String },
}

/// Reads tokens off a string.
pub(super) struct Lexer<'a> {
    src: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(src: &'a str) -> Self {
        Self { src, at: 0 }
    }

    fn byte(&self, ahead: usize) -> Option<u8> {
        self.src.as_bytes().get(self.at + ahead).copied()
    }

    fn rest(&self) -> &'a str {
        self.src.get(self.at..).unwrap_or_default()
    }

    /// Past everything up to the end tag of a raw-text element, as `script`; to the end of the
    /// input if it has none.
    pub(super) fn skip_raw(&mut self, name: &str) {
        while let Some(i) = self.rest().find("</") {
            self.at += i + 2;
            let rest = self.rest();
            let named = rest.get(..name.len()).is_some_and(|t| t.eq_ignore_ascii_case(name));
            let ended = rest.as_bytes().get(name.len());
            if named && ended.is_some_and(|b| b.is_ascii_whitespace() || matches!(b, b'/' | b'>')) {
                self.skip_past_gt();
                return;
            }
        }
        self.at = self.src.len();
    }

    /// Past everything up to the end tag that closes the element just opened.
    pub(super) fn skip_element(&mut self, name: &str) {
        let mut depth = 1_usize;
        while depth > 0 {
            match self.next() {
                Some(Token::Start { name: n, self_closing: false, .. }) if n == name => depth += 1,
                Some(Token::End { name: n }) if n == name => depth -= 1,
                Some(_) => {}
                None => return,
            }
        }
    }

    fn skip_past_gt(&mut self) {
        self.at = self.rest().find('>').map_or(self.src.len(), |i| self.at + i + 1);
    }

    fn skip_comment(&mut self) {
        self.at += 4;
        let rest = self.rest();
        let end = if rest.starts_with('>') {
            Some(1)
        } else if rest.starts_with("->") {
            Some(2)
        } else {
            rest.match_indices('>')
                .find(|(i, _)| {
                    rest.get(..*i).is_some_and(|t| t.ends_with("--") || t.ends_with("--!"))
                })
                .map(|(i, _)| i + 1)
        };
        self.at = end.map_or(self.src.len(), |n| self.at + n);
    }

    /// A run of bytes for which `keep` holds.
    fn run(&mut self, keep: impl Fn(u8) -> bool) -> &'a str {
        let len = self.rest().bytes().position(|b| !keep(b)).unwrap_or(self.rest().len());
        let text = self.rest().get(..len).unwrap_or_default();
        self.at += len;
        text
    }

    /// A tag whose name starts here; `None` if the input ends inside it.
    fn tag(&mut self, end_tag: bool) -> Option<Token<'a>> {
        let name = self.run(|b| !is_space(b) && b != b'/' && b != b'>').to_ascii_lowercase();
        let mut attrs = Vec::new();
        let mut self_closing = false;
        loop {
            self.run(is_space);
            match self.byte(0)? {
                b'>' => break,
                b'/' => {
                    self.at += 1;
                    self_closing = self.byte(0) == Some(b'>');
                    continue;
                }
                _ => {}
            }
            let start = self.at;
            if self.byte(0) == Some(b'=') {
                self.at += 1;
            }
            self.run(|b| !is_space(b) && !matches!(b, b'/' | b'>' | b'='));
            let key = self.src.get(start..self.at).unwrap_or_default();
            self.run(is_space);
            let mut value = "";
            if self.byte(0) == Some(b'=') {
                self.at += 1;
                self.run(is_space);
                value = match self.byte(0)? {
                    quote @ (b'"' | b'\'') => {
                        self.at += 1;
                        let value = self.run(|b| b != quote);
                        self.byte(0)?;
                        self.at += 1;
                        value
                    }
                    b'>' => "",
                    _ => self.run(|b| !is_space(b) && b != b'>'),
                };
            }
            if attrs.len() < MAX_ATTRS {
                attrs.push((key, value));
            }
        }
        self.at += 1;
        Some(if end_tag { Token::End { name } } else { Token::Start { name, attrs, self_closing } })
    }
}

impl<'a> Iterator for Lexer<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            if self.byte(0)? == b'<' {
                match (self.byte(1), self.byte(2)) {
                    (Some(b), _) if b.is_ascii_alphabetic() => {
                        self.at += 1;
                        let tag = self.tag(false);
                        if tag.is_none() {
                            self.at = self.src.len();
                        }
                        return tag;
                    }
                    (Some(b'/'), Some(b)) if b.is_ascii_alphabetic() => {
                        self.at += 2;
                        let tag = self.tag(true);
                        if tag.is_none() {
                            self.at = self.src.len();
                        }
                        return tag;
                    }
                    (Some(b'!'), _) if self.rest().starts_with("<!--") => {
                        self.skip_comment();
                        continue;
                    }
                    (Some(b'!' | b'?'), _) | (Some(b'/'), Some(_)) => {
                        self.skip_past_gt();
                        continue;
                    }
                    _ => {}
                }
            }
            let rest = self.rest();
            let len = rest.bytes().skip(1).position(|b| b == b'<').map_or(rest.len(), |i| i + 1);
            self.at += len;
            return rest.get(..len).map(Token::Text);
        }
    }
}

/// Whitespace as HTML sees it.
pub(super) fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\n' | b'\r' | 0x0C)
}

/// The value of an attribute, decoded.
pub(super) fn attr<'a>(attrs: &[(&'a str, &'a str)], name: &str) -> Option<Cow<'a, str>> {
    attrs.iter().find(|(k, _)| k.eq_ignore_ascii_case(name)).map(|(_, v)| decode(v))
}

/// Text with numeric and the common named character references replaced.
pub(super) fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(i) = rest.find('&') {
        out.push_str(rest.get(..i).unwrap_or_default());
        rest = rest.get(i + 1..).unwrap_or_default();
        match reference(rest) {
            Some((decoded, used)) => {
                out.push_str(decoded.encode_utf8(&mut [0; 4]));
                rest = rest.get(used..).unwrap_or_default();
            }
            None => out.push('&'),
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The reference behind an `&`: its character and its length with the `;`.
fn reference(rest: &str) -> Option<(char, usize)> {
    if let Some(number) = rest.strip_prefix('#') {
        let hex = number.starts_with(['x', 'X']);
        let digits = if hex { number.get(1..)? } else { number };
        let len = digits
            .bytes()
            .take_while(|b| if hex { b.is_ascii_hexdigit() } else { b.is_ascii_digit() })
            .count();
        let code = digits.get(..len).filter(|d| !d.is_empty())?;
        let c = u32::from_str_radix(code, if hex { 16 } else { 10 })
            .ok()
            .and_then(char::from_u32)
            .filter(|c| *c != '\0')
            .unwrap_or('\u{FFFD}');
        let used = 1 + usize::from(hex) + len;
        let semicolon = rest.as_bytes().get(used) == Some(&b';');
        return Some((c, used + usize::from(semicolon)));
    }
    let len = rest.bytes().take(12).take_while(u8::is_ascii_alphanumeric).count();
    if rest.as_bytes().get(len) != Some(&b';') {
        return None;
    }
    let c = match rest.get(..len)? {
        "amp" | "AMP" => '&',
        "lt" | "LT" => '<',
        "gt" | "GT" => '>',
        "quot" | "QUOT" => '"',
        "apos" => '\'',
        "nbsp" => '\u{A0}',
        "hellip" => '…',
        "mdash" => '—',
        "ndash" => '–',
        "lsquo" => '‘',
        "rsquo" => '’',
        "ldquo" => '“',
        "rdquo" => '”',
        "laquo" => '«',
        "raquo" => '»',
        "middot" => '·',
        "bull" => '•',
        "copy" => '©',
        "reg" => '®',
        "trade" => '™',
        "euro" => '€',
        "pound" => '£',
        "sect" => '§',
        "deg" => '°',
        "times" => '×',
        "auml" => 'ä',
        "ouml" => 'ö',
        "uuml" => 'ü',
        "Auml" => 'Ä',
        "Ouml" => 'Ö',
        "Uuml" => 'Ü',
        "szlig" => 'ß',
        "eacute" => 'é',
        "egrave" => 'è',
        "agrave" => 'à',
        "ccedil" => 'ç',
        "ntilde" => 'ñ',
        "shy" => '\u{AD}',
        "zwj" => '\u{200D}',
        "zwnj" => '\u{200C}',
        "Tab" => '\t',
        "NewLine" => '\n',
        "colon" => ':',
        "sol" => '/',
        _ => return None,
    };
    Some((c, len + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn seen(html: &str) -> Vec<String> {
        Lexer::new(html)
            .map(|t| match t {
                Token::Text(t) => t.to_owned(),
                Token::Start { name, attrs, .. } => format!("<{name} {attrs:?}"),
                Token::End { name } => format!("/{name}"),
            })
            .collect()
    }

    #[test]
    fn tags_text_and_comments() {
        assert_eq!(
            seen("a < b<P CLASS='x>y' d>c</p ><!-- </p> --->e<!-->f<?x?></3>g</"),
            [
                "a ",
                "< b",
                "<p [(\"CLASS\", \"x>y\"), (\"d\", \"\")]",
                "c",
                "/p",
                "e",
                "f",
                "g",
                "</"
            ]
        );
        assert_eq!(seen("a<b x=\"y>z"), ["a"]);
        assert_eq!(seen("a<!-- b"), ["a"]);
    }

    #[test]
    fn references_are_decoded_once() {
        assert_eq!(decode("&lt;&amp;lt;&#106;&#x6A;&#0;&bogus;&"), "<&lt;jj\u{FFFD}&bogus;&");
        assert_eq!(decode("?a=1&copy=2"), "?a=1&copy=2");
        assert_eq!(decode("&#99999999999;"), "\u{FFFD}");
    }

    proptest! {
        #[test]
        fn never_panics(html in "(<|>|/|!|-|\"|'|=|&|#|;|a| |\\PC){0,40}") {
            let _ = seen(&html);
            let _ = decode(&html);
            let mut lexer = Lexer::new(&html);
            lexer.skip_raw("a");
            lexer.skip_element("a");
        }
    }
}
