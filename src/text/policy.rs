//! Texts about the server, which its administrator writes in Markdown.

use pulldown_cmark::{Options, Parser, html};

use super::sanitize;

/// Markdown as HTML that is safe wherever it is shown.
pub fn html(markdown: &str) -> String {
    let parser = Parser::new_ext(markdown, Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TABLES);
    let mut out = String::with_capacity(markdown.len() * 2);
    html::push_html(&mut out, parser);
    sanitize::html(&out).html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_becomes_safe_html() {
        let text = html("One *two*\n\n- three\n\n<script>x</script>\n\n[a](javascript:b)");
        assert!(text.contains("<em>two</em>") && text.contains("<li>three</li>"), "{text}");
        assert!(!text.contains("script"), "{text}");
        assert_eq!(html(""), "");
    }
}
