//! What leads to a document: WebFinger (RFC 7033), host-meta (RFC 6415), and what pages and their
//! headers name as their other form.

use serde_json::Value;

use super::content_type;

/// What WebFinger answers about an account, as it stands there.
pub struct Answer {
    /// The actor, from the first `self` link of an ActivityPub type (F-066).
    pub actor: String,
    /// Name and domain of the subject; where there is none, those that were asked for.
    pub name: String,
    pub domain: String,
}

/// Reads the answer of `domain` to a question for `handle` (`name@domain`). Whether the domain is
/// one is for the caller to see.
pub fn answer(document: &Value, handle: &str, domain: &str) -> Option<Answer> {
    let subject = document.get("subject").and_then(Value::as_str).unwrap_or_default();
    let subject = subject.strip_prefix("acct:").unwrap_or(subject).trim_start_matches('@');
    let asked = || (handle.rsplit_once('@').map_or(handle, |(name, _)| name), domain);
    let (name, domain) = subject.rsplit_once('@').unwrap_or_else(asked);
    let links = document.get("links").and_then(Value::as_array).into_iter().flatten();
    let text = |link: &Value, key: &str| link.get(key)?.as_str().map(str::to_owned);
    let actor = links
        .filter(|link| text(link, "rel").as_deref() == Some("self"))
        .filter(|link| text(link, "type").is_some_and(|kind| content_type::is_activity(&kind)))
        .find_map(|link| text(link, "href"))?;
    Some(Answer { actor, name: name.to_owned(), domain: domain.to_owned() })
}

/// The template of the `lrdd` link, out of an XRD or its JSON form. One pass over the tags.
pub fn host_meta_template(body: &str) -> Option<String> {
    let found = if body.trim_start().starts_with('{') {
        let document: Value = serde_json::from_str(body).ok()?;
        let links = document.get("links")?.as_array()?;
        let link = links.iter().find(|link| link.get("rel").is_some_and(|rel| rel == "lrdd"))?;
        link.get("template")?.as_str()?.to_owned()
    } else {
        let mut rest = body;
        loop {
            let at = rest.find("<Link")?;
            rest = rest.get(at + 5..)?;
            let tag = rest.get(..rest.find('>')?)?;
            if attribute(tag, "rel").as_deref() == Some("lrdd")
                && let Some(template) = attribute(tag, "template")
            {
                break template;
            }
        }
    };
    (found.matches("{uri}").count() == 1).then_some(found)
}

/// The other form of a page as its `Link` header names it.
pub fn alternate_in_header(header: &str) -> Option<String> {
    header.split(',').find_map(|link| {
        let (target, params) = link.trim().strip_prefix('<')?.split_once('>')?;
        let fits = params.contains("alternate")
            && (params.contains("application/activity+json")
                || params.contains("application/ld+json"));
        fits.then(|| target.to_owned())
    })
}

/// The first `<link rel="alternate" type="application/activity+json" href="…">`. One pass over
/// the tags, no regular expression (S-047).
pub fn alternate_in_html(html: &str) -> Option<String> {
    let mut rest = html;
    while let Some(at) = rest.find("<link") {
        rest = rest.get(at + 5..)?;
        let end = rest.find('>')?;
        let tag = rest.get(..end)?;
        let wanted = attribute(tag, "rel").is_some_and(|rel| rel.contains("alternate"))
            && attribute(tag, "type").is_some_and(|t| content_type::is_activity(&t));
        if wanted && let Some(href) = attribute(tag, "href") {
            return Some(href);
        }
        rest = rest.get(end..)?;
    }
    None
}

/// The value of an attribute, its entities read.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let mut rest = tag;
    loop {
        let at = rest.find(name)?;
        let before = rest.get(..at)?.chars().next_back();
        let after = rest.get(at + name.len()..)?.trim_start();
        if before.is_none_or(char::is_whitespace)
            && let Some(value) = after.strip_prefix('=')
        {
            let value = value.trim_start();
            let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
            let text = match quote {
                Some(quote) => value.get(1..)?.split(quote).next()?,
                None => value.split(char::is_whitespace).next()?,
            };
            return Some(text.replace("&amp;", "&").replace("&quot;", "\""));
        }
        rest = after;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn f_075_the_alternate_form_of_a_page_is_found() {
        let html = r#"<html><link rel=stylesheet href=/x.css>
            <link href='https://a.example/users/u?x=1&amp;y=2' rel='alternate' type='application/activity+json'>"#;
        assert_eq!(alternate_in_html(html).as_deref(), Some("https://a.example/users/u?x=1&y=2"));
        assert_eq!(alternate_in_html("<link <link <link"), None);
        assert_eq!(
            alternate_in_header(
                "<https://a.example/x>; rel=\"alternate\"; type=\"application/activity+json\""
            )
            .as_deref(),
            Some("https://a.example/x")
        );
    }

    #[test]
    fn f_069_templates_of_both_forms() {
        let wanted = "https://a.example/finger?x=1&q={uri}";
        let xrd = r#"<?xml version="1.0"?><XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">
            <Link rel="other" template="https://a.example/{uri}"/>
            <Link type="application/xrd+xml" template='https://a.example/finger?x=1&amp;q={uri}' rel='lrdd' /></XRD>"#;
        assert_eq!(host_meta_template(xrd).as_deref(), Some(wanted));
        let json = r#" {"links": [{"rel": "x"}, {"rel": "lrdd", "template": "https://a.example/finger?x=1&q={uri}"}]}"#;
        assert_eq!(host_meta_template(json).as_deref(), Some(wanted));
        for nothing in [
            "",
            "{",
            "{\"links\": 5}",
            "<Link rel=lrdd",
            "<Link rel=\"lrdd\"/>",
            "<Link rel=\"lrdd\" template=\"https://a.example/\"/>",
            "<Link rel=\"lrdd\" template=\"https://{uri}.example/{uri}\"/>",
        ] {
            assert_eq!(host_meta_template(nothing), None, "{nothing}");
        }
    }

    proptest::proptest! {
        #[test]
        fn f_069_any_text_is_read(text in "(<Link|rel=|template=|lrdd|[{}\"' >a-zé]){0,40}") {
            let _ = host_meta_template(&text);
        }
    }
}
