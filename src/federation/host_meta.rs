//! `/.well-known/host-meta` of others (RFC 6415): where a server that has no WebFinger at the usual
//! address has it (F-069).

use serde_json::Value;

use super::fetch::attribute;

/// The template of the `lrdd` link, out of an XRD or its JSON form. One pass over the tags.
pub fn template(body: &str) -> Option<String> {
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn f_069_templates_of_both_forms() {
        let wanted = "https://a.example/finger?x=1&q={uri}";
        let xrd = r#"<?xml version="1.0"?><XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">
            <Link rel="other" template="https://a.example/{uri}"/>
            <Link type="application/xrd+xml" template='https://a.example/finger?x=1&amp;q={uri}' rel='lrdd' /></XRD>"#;
        assert_eq!(template(xrd).as_deref(), Some(wanted));
        let json = r#" {"links": [{"rel": "x"}, {"rel": "lrdd", "template": "https://a.example/finger?x=1&q={uri}"}]}"#;
        assert_eq!(template(json).as_deref(), Some(wanted));
        for nothing in [
            "",
            "{",
            "{\"links\": 5}",
            "<Link rel=lrdd",
            "<Link rel=\"lrdd\"/>",
            "<Link rel=\"lrdd\" template=\"https://a.example/\"/>",
            "<Link rel=\"lrdd\" template=\"https://{uri}.example/{uri}\"/>",
        ] {
            assert_eq!(template(nothing), None, "{nothing}");
        }
    }

    proptest::proptest! {
        #[test]
        fn f_069_any_text_is_read(text in "(<Link|rel=|template=|lrdd|[{}\"' >a-zé]){0,40}") {
            let _ = template(&text);
        }
    }
}
