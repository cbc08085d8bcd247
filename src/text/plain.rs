//! The text of HTML, for search, language detection, descriptions and notifications.

use super::markup::{Lexer, Token, decode, is_space};

/// The text of `html`: entities decoded, line breaks for `br` and blocks, a blank line between
/// paragraphs. Scripts and the like give nothing.
pub(super) fn text_of(html: &str) -> String {
    let mut out = Text { text: String::with_capacity(html.len()), breaks: 0, space: false };
    let mut lexer = Lexer::new(html);
    let mut pre = 0_usize;
    while let Some(token) = lexer.next() {
        match token {
            Token::Text(text) if pre > 0 => out.verbatim(&decode(text)),
            Token::Text(text) => out.flow(&decode(text)),
            Token::Start { name, .. } => match name.as_str() {
                "script" | "style" | "iframe" | "noembed" | "noframes" | "noscript"
                | "textarea" | "title" | "xmp" => lexer.skip_raw(&name),
                "br" => out.line_break(),
                "pre" => {
                    pre += 1;
                    out.end_block(2);
                }
                _ => out.end_block(breaks(&name)),
            },
            Token::End { name } => {
                if name == "pre" {
                    pre = pre.saturating_sub(1);
                }
                out.end_block(breaks(&name));
            }
        }
    }
    out.text
}

/// Line breaks that set an element off from its neighbours.
fn breaks(name: &str) -> usize {
    match name {
        "p" | "pre" | "blockquote" | "ul" | "ol" | "table" | "h1" | "h2" | "h3" | "h4" | "h5"
        | "h6" => 2,
        "li" | "div" | "tr" | "hr" | "section" | "article" | "dt" | "dd" => 1,
        _ => 0,
    }
}

struct Text {
    text: String,
    /// Line breaks owed before the next character.
    breaks: usize,
    /// A space owed before the next character.
    space: bool,
}

impl Text {
    fn push(&mut self, c: char) {
        if !self.text.is_empty() {
            if self.breaks > 0 {
                self.text.extend(std::iter::repeat_n('\n', self.breaks));
            } else if self.space {
                self.text.push(' ');
            }
        }
        self.breaks = 0;
        self.space = false;
        self.text.push(c);
    }

    fn flow(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                c if c.is_ascii() && is_space(c as u8) => self.space = true,
                c if c.is_control() => {}
                c => self.push(c),
            }
        }
    }

    fn verbatim(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '\n' => self.line_break(),
                c if c.is_control() && c != '\t' => {}
                c => self.push(c),
            }
        }
    }

    fn line_break(&mut self) {
        // a flood of breaks is no text
        self.breaks = (self.breaks + 1).min(3);
        self.space = false;
    }

    fn end_block(&mut self, breaks: usize) {
        self.breaks = self.breaks.max(breaks);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_follow_the_markup() {
        for (html, want) in [
            ("<p>a<br>b</p><p>c</p>", "a\nb\n\nc"),
            ("a &amp; b &lt;c&gt; &quot;d&#39;", "a & b <c> \"d'"),
            ("<p>\n a\n  b </p>\n", "a b"),
            ("<ul><li>a</li><li>b</li></ul>c", "a\nb\n\nc"),
            ("<pre>a\n  b</pre>", "a\n  b"),
            ("<script>x</script>a<!-- b -->", "a"),
            ("<span>https://</span><span>a.example</span>", "https://a.example"),
            ("", ""),
        ] {
            assert_eq!(text_of(html), want, "{html}");
        }
    }
}
