//! The step before ammonia: reduces remote HTML to properly nested allowed elements.
//!
//! This is where depth is capped, images are collected and foreign content is left out. Nesting
//! is made explicit here, so that the tree builder never has to repair anything: its repairs can
//! multiply nodes and are not idempotent. Ammonia, behind it, is what makes the result safe.

use super::attr;
use super::markup::{self, Lexer, Token};
use super::sanitize::http_url;

/// Deepest nesting that is taken for honest (S-050). The number of nodes is bounded by the
/// length of the input.
const MAX_DEPTH: usize = 256;
/// Images taken out of one text.
const MAX_IMAGES: usize = 32;

/// URL and alternative text of an image.
pub(super) type Image = (String, Option<String>);

/// Nested deeper than any honest text.
#[derive(Debug)]
pub(super) struct TooDeep;

/// One pass over `input`; images are added to `images`.
pub(super) fn reduce(input: &str, images: &mut Vec<Image>) -> Result<String, TooDeep> {
    let mut out = Reduced {
        html: String::with_capacity(input.len() + input.len() / 4),
        open: Vec::new(),
        fresh: true,
        pending_break: false,
        after_pre: false,
    };
    let mut lexer = Lexer::new(input);
    while let Some(token) = lexer.next() {
        match token {
            Token::Text(text) => out.text(text),
            Token::End { name } => out.end(&name),
            Token::Start { name, attrs, self_closing } => match name.as_str() {
                "img" => out.image(&attrs, images),
                "math" if !self_closing => {
                    let tex = math(&mut lexer, &attrs);
                    out.text(&tex);
                }
                "script" | "style" | "xmp" | "iframe" | "noembed" | "noframes" | "noscript"
                | "textarea" | "title" => lexer.skip_raw(&name),
                "svg" | "object" | "template" | "select" | "audio" | "video" | "canvas" => {
                    if !(self_closing && name == "svg") {
                        lexer.skip_element(&name);
                    }
                }
                // everything behind it is text, and nobody means it
                "plaintext" => break,
                _ => out.start(&name, &attrs)?,
            },
        }
    }
    out.close_to(0);
    Ok(out.html)
}

struct Reduced {
    html: String,
    open: Vec<&'static str>,
    /// At the start of a block or line.
    fresh: bool,
    /// A block that we do not keep has ended or begun: break the line before the next text.
    pending_break: bool,
    /// Just behind `<pre>`, where the parser swallows a line break.
    after_pre: bool,
}

impl Reduced {
    fn text(&mut self, text: &str) {
        let text = if self.after_pre { text.trim_start_matches(['\n', '\r']) } else { text };
        if text.is_empty() {
            return;
        }
        self.after_pre = false;
        if text.bytes().any(|b| !markup::is_space(b)) {
            self.flush_break();
            self.fresh = false;
        }
        for c in text.chars() {
            match c {
                // removing a control could otherwise make a tag out of it
                '<' => self.html.push_str("&lt;"),
                c if c.is_control() && !matches!(c, '\n' | '\t') => {}
                c => self.html.push(c),
            }
        }
    }

    fn flush_break(&mut self) {
        if std::mem::take(&mut self.pending_break) && !self.fresh {
            self.html.push_str("<br>");
        }
    }

    fn start(&mut self, name: &str, attrs: &[(&str, &str)]) -> Result<(), TooDeep> {
        let Some(name) = attr::ELEMENTS.into_iter().find(|e| *e == name) else {
            self.foreign(name);
            return Ok(());
        };
        self.close_implied(name);
        if name == "a" && !has_link(attrs) {
            // F-277: what leads nowhere is text
            return Ok(());
        }
        if name == "br" {
            self.pending_break = false;
            self.html.push_str("<br>");
            self.fresh = true;
            return Ok(());
        }
        if is_block(name) {
            self.pending_break = false;
            self.fresh = true;
        } else {
            self.flush_break();
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(TooDeep);
        }
        self.open.push(name);
        self.html.push('<');
        self.html.push_str(name);
        self.attributes(name, attrs);
        self.html.push('>');
        self.after_pre = name == "pre";
        Ok(())
    }

    fn attributes(&mut self, element: &str, attrs: &[(&str, &str)]) {
        let mut seen: Vec<&str> = Vec::new();
        for (key, raw) in attrs {
            let allowed = attr::of(element).iter().copied().chain(["lang"]);
            let Some(key) = allowed.into_iter().find(|a| a.eq_ignore_ascii_case(key)) else {
                continue;
            };
            if seen.contains(&key) {
                continue;
            }
            seen.push(key);
            if attr::filter(element, key, &markup::decode(raw)).is_none() {
                continue;
            }
            // as written: ammonia knows every entity, we only the common ones
            self.html.push(' ');
            self.html.push_str(key);
            self.html.push_str("=\"");
            for c in raw.chars() {
                match c {
                    '"' => self.html.push_str("&quot;"),
                    '\0' => {}
                    c => self.html.push(c),
                }
            }
            self.html.push('"');
        }
    }

    fn end(&mut self, name: &str) {
        let at = match name {
            "br" => {
                self.html.push_str("<br>");
                self.fresh = true;
                return;
            }
            // an item ends no item of an outer list
            "li" => self.find_item(),
            _ if is_heading(name) => self.open.iter().rposition(|o| is_heading(o)),
            _ => self.open.iter().rposition(|o| *o == name),
        };
        match at {
            Some(at) => self.close_to(at),
            None => self.foreign(name),
        }
    }

    /// The innermost open `li` of the innermost list.
    fn find_item(&self) -> Option<usize> {
        let barrier = |o: &str| matches!(o, "ul" | "ol" | "blockquote" | "pre") || is_heading(o);
        let at = self.open.iter().rposition(|o| *o == "li" || barrier(o))?;
        self.open.get(at).filter(|o| **o == "li").map(|_| at)
    }

    /// Closes what the start tag `name` closes without saying so.
    fn close_implied(&mut self, name: &str) {
        if name == "li"
            && let Some(at) = self.find_item()
        {
            self.close_to(at);
        }
        if is_block(name)
            && let Some(at) = self.open.iter().rposition(|o| *o == "p")
        {
            self.close_to(at);
        }
        let at = match name {
            "a" => self.open.iter().position(|o| *o == "a"),
            "rt" | "rp" => self.open.iter().rposition(|o| *o == "ruby").map(|at| at + 1),
            _ if is_heading(name) => self.open.iter().position(|o| is_heading(o)),
            _ => None,
        };
        if let Some(at) = at {
            self.close_to(at);
        }
    }

    fn close_to(&mut self, depth: usize) {
        while self.open.len() > depth {
            let Some(name) = self.open.pop() else { return };
            self.html.push_str("</");
            self.html.push_str(name);
            self.html.push('>');
            if is_block(name) {
                self.fresh = true;
                self.pending_break = false;
            }
            self.after_pre = false;
        }
    }

    /// The tag of an element that is not kept: only the shape of the text stays.
    fn foreign(&mut self, name: &str) {
        match name {
            "div" | "section" | "article" | "header" | "footer" | "main" | "aside" | "nav"
            | "table" | "tr" | "hr" | "figure" | "figcaption" | "details" | "summary" | "dl"
            | "dt" | "dd" | "center" | "form" | "fieldset" | "address" => {
                self.pending_break |= !self.fresh;
            }
            "td" | "th" => self.html.push(' '),
            _ => {}
        }
    }

    fn image(&mut self, attrs: &[(&str, &str)], images: &mut Vec<Image>) {
        let alt = markup::attr(attrs, "alt");
        let class = markup::attr(attrs, "class").unwrap_or_default();
        // an emoji drawn as an image is a character of the text
        if class
            .split_ascii_whitespace()
            .any(|c| matches!(c, "emoji" | "custom-emoji" | "wp-smiley"))
            && let Some(alt) = &alt
            && alt.chars().count() <= 100
        {
            let alt = super::sanitize::escape(alt);
            self.text(&alt);
            return;
        }
        let Some(url) = markup::attr(attrs, "src").and_then(|src| http_url(&src)) else { return };
        if images.len() < MAX_IMAGES {
            let alt = alt
                .map(|alt| super::sanitize::multiline(&alt, 10_000))
                .filter(|alt| !alt.is_empty());
            images.push((url, alt));
        }
    }
}

fn has_link(attrs: &[(&str, &str)]) -> bool {
    markup::attr(attrs, "href").is_some_and(|href| attr::link(&href).is_some())
}

fn is_heading(name: &str) -> bool {
    matches!(name, "h1" | "h2" | "h3" | "h4" | "h5" | "h6")
}

fn is_block(name: &str) -> bool {
    matches!(name, "p" | "pre" | "blockquote" | "ul" | "ol" | "li") || is_heading(name)
}

/// The plain annotation of a formula, as source text: TeX between dollars, or as it is (F-278).
fn math(lexer: &mut Lexer<'_>, attrs: &[(&str, &str)]) -> String {
    let block = markup::attr(attrs, "display").is_some_and(|d| d.eq_ignore_ascii_case("block"));
    let (mut tex, mut text) = (None, None);
    let mut depth = 1_usize;
    while depth > 0 {
        match lexer.next() {
            Some(Token::Start { name, self_closing: false, .. }) if name == "math" => depth += 1,
            Some(Token::Start { name, attrs, self_closing: false }) if name == "annotation" => {
                let slot = match markup::attr(&attrs, "encoding").as_deref() {
                    Some("application/x-tex") => &mut tex,
                    Some("text/plain") => &mut text,
                    _ => continue,
                };
                if let Some(Token::Text(source)) = lexer.next() {
                    slot.get_or_insert(source);
                }
            }
            Some(Token::End { name }) if name == "math" => depth -= 1,
            Some(_) => {}
            None => break,
        }
    }
    match (tex, text) {
        (Some(tex), _) if block => format!("$${tex}$$"),
        (Some(tex), _) => format!("${tex}$"),
        (None, Some(text)) => text.to_owned(),
        (None, None) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reduced(html: &str) -> String {
        reduce(html, &mut Vec::new()).unwrap_or_default()
    }

    #[test]
    fn nesting_is_made_explicit() {
        for (html, want) in [
            ("<p>a<p>b", "<p>a</p><p>b</p>"),
            ("<b><i>x</b>y</i>", "<b><i>x</i></b>y"),
            (
                "<ul><li>a<li>b<ul><li>c</ul></ul>",
                "<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>",
            ),
            ("<p>a<ul><li>b", "<p>a</p><ul><li>b</li></ul>"),
            ("<h1>a</h2>b", "<h1>a</h1>b"),
            ("</p></b>a", "a"),
            ("<div>a</div><div>b</div>", "a<br>b"),
            ("<table><tr><td>a<td>b<tr><td>c</table>", " a b <br>c"),
            ("<pre>\n\nx</pre>", "<pre>x</pre>"),
            ("1 < 2<\u{1}b>", "1 &lt; 2&lt;b>"),
        ] {
            assert_eq!(reduced(html), want, "{html}");
        }
    }

    #[test]
    fn depth_is_capped() {
        assert!(reduce(&"<b>".repeat(256), &mut Vec::new()).is_ok());
        assert!(reduce(&"<b>".repeat(257), &mut Vec::new()).is_err());
    }
}
