//! How people write: plain text or Markdown.

use serde_json::{Value, json};

use super::id;
use crate::support::Instance;

#[test]
fn f_282_markdown_is_rendered_and_kept_as_it_was_written() {
    let instance = Instance::start();
    let (ann, bob, carl) =
        (instance.person("ann"), instance.person("bob"), instance.person("carl"));
    let types = &instance.get("/api/v2/instance").ok()["configuration"]["statuses"];
    assert_eq!(types["supported_mime_types"], json!(["text/plain", "text/markdown"]));
    let text = "# 標題\n\n**hi** @bob #one\n\n    @carl #two\n\n<script>x</script>";
    let status =
        ann.post("/api/v1/statuses", json!({"status": text, "content_type": "text/markdown"}));
    let html = status["content"].as_str().unwrap();
    for part in
        ["<h1>標題</h1>", "<strong>hi</strong>", "class=\"u-url mention\"", "<pre><code>@carl #two"]
    {
        assert!(html.contains(part), "{part}: {html}");
    }
    assert!(!html.contains("script"), "{html}");
    // whatever is written, only what is allowed of others is made of it
    let odd = "[a](javascript:alert(1)) ![x](https://a.example/x.png) <iframe src=x></iframe>\n\n\
               [b](https://b.example \"t\" onclick=x)\n\n| a |\n|---|\n| 1 |\n\n- [x] y";
    let odd = ann.post("/api/v1/statuses", json!({"status": odd, "content_type": "text/markdown"}));
    let made = odd["content"].as_str().unwrap();
    for word in
        ["<iframe", "<img", "<script", "href=\"javascript", "<input", " onclick=\"", "<table"]
    {
        assert!(!made.contains(word), "{word}: {made}");
    }
    assert_eq!(status["tags"].as_array().unwrap().len(), 1);
    assert_eq!(status["mentions"][0]["acct"], "bob");
    assert_eq!(bob.notifications(), [("mention".to_owned(), "ann".to_owned())]);
    assert!(carl.notifications().is_empty(), "code names nobody");
    let path = format!("/api/v1/statuses/{}", id(&status));
    let source = ann.get(&format!("{path}/source"));
    assert_eq!((&source["text"], &source["content_type"]), (&json!(text), &json!("text/markdown")));
    let note = instance.activity(status["uri"].as_str().unwrap()).json();
    assert_eq!(note["source"], json!({"content": text, "mediaType": "text/markdown"}));
    // an edit stays Markdown, unless it says otherwise
    let put = |body: Value| ann.request("PUT", &path).json(&body).send();
    let edited = put(json!({"status": "*a*"})).ok();
    assert_eq!(edited["content"], "<p><em>a</em></p>");
    let plain = put(json!({"status": "*a*", "content_type": "text/plain"})).ok();
    assert_eq!(plain["content"], "<p>*a*</p>");
    assert!(instance.activity(status["uri"].as_str().unwrap()).json().get("source").is_none());
    assert_eq!(put(json!({"status": "a", "content_type": "text/x"})).status, 422);
    put(json!({"status": "*b*", "content_type": "text/markdown"})).ok();
    let deleted = ann.delete(&path);
    assert_eq!(
        (&deleted["text"], &deleted["content_type"]),
        (&json!("*b*"), &json!("text/markdown"))
    );
}

#[test]
fn the_default_is_the_accounts() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let credentials = "/api/v1/accounts/verify_credentials";
    assert_eq!(ann.get(credentials)["source"]["status_content_type"], "text/plain");
    assert_eq!(ann.writes("*a*", "public")["content"], "<p>*a*</p>");
    let set = |source: Value| {
        let body = json!({"source": source});
        ann.request("PATCH", "/api/v1/accounts/update_credentials").json(&body).send()
    };
    let changed = set(json!({"status_content_type": "text/markdown"})).ok();
    assert_eq!(changed["source"]["status_content_type"], "text/markdown");
    assert_eq!(ann.writes("*a*", "public")["content"], "<p><em>a</em></p>");
    let plain = json!({"status": "*a*", "content_type": "text/plain"});
    assert_eq!(ann.post("/api/v1/statuses", plain)["content"], "<p>*a*</p>");
    let wrong = set(json!({"status_content_type": "text/html"}));
    assert_eq!(wrong.status, 422);
    assert!(wrong.text().contains("source[status_content_type]"));
    assert_eq!(set(json!({"quote_policy": "friends"})).status, 422);
    let changed = set(json!({"content_type": "text/plain", "quote_policy": "followers"})).ok();
    assert_eq!(changed["source"]["status_content_type"], "text/plain");
    assert_eq!(changed["source"]["quote_policy"], "followers");
    assert_eq!(ann.get("/api/v1/preferences")["posting:default:quote_policy"], "followers");
    let status = ann.writes("a", "public");
    assert_eq!(status["quote_approval"]["automatic"], json!(["followers"]));
    let status = ann.writes("a", "private");
    assert_eq!(status["quote_approval"]["automatic"], json!([]));
}
