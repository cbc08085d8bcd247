//! What the server says about itself: rules, policies, the pages that show them.

use serde_json::json;

use crate::support::{Instance, Options, Request};

#[test]
fn texts_of_the_settings_are_served_and_shown() {
    let instance = Instance::with(Options {
        configure: Some(|config| {
            config.instance.rules = vec!["Be kind".into(), "No <spam>".into()];
            config.instance.extended_description.0 = "We are *many*.\n\n<script>x</script>".into();
            config.instance.privacy_policy.0 = "Nothing is **kept**.".into();
            config.instance.terms_of_service.0 = "- be good".into();
        }),
        ..Options::default()
    });
    let rules = instance.get("/api/v1/instance/rules").ok();
    assert_eq!(rules[1], json!({"id": "2", "text": "No <spam>", "hint": "", "translations": {}}));
    assert_eq!(instance.get("/api/v1/instance").ok()["rules"], rules);
    let whole = instance.get("/api/v2/instance").ok();
    assert_eq!(whole["rules"], rules);
    let urls = &whole["configuration"]["urls"];
    assert_eq!(urls["privacy_policy"], format!("{}/privacy-policy", instance.base));
    assert_eq!(urls["terms_of_service"], format!("{}/terms-of-service", instance.base));
    let long = instance.get("/api/v1/instance/extended_description").ok();
    assert!(long["content"].as_str().unwrap().contains("<em>many</em>"), "{long}");
    assert!(!long.to_string().contains("script"), "{long}");
    let policy = instance.get("/api/v1/instance/privacy_policy").ok();
    assert!(policy["content"].as_str().unwrap().contains("<strong>kept</strong>"));
    // what is given to have been written at the first start stays so
    let mut instance = instance;
    instance.start_again();
    assert_eq!(instance.get("/api/v1/instance/privacy_policy").ok(), policy);
    let terms = instance.get("/api/v1/instance/terms_of_service").ok();
    assert_eq!((&terms["effective"], &terms["succeeded_by"]), (&json!(true), &json!(null)));
    let date = terms["effective_date"].as_str().unwrap();
    let path = |date: &str| format!("/api/v1/instance/terms_of_service/{date}");
    assert_eq!(instance.get(&path(date)).ok(), terms);
    assert_eq!(instance.get(&path("1999-01-01")).status, 404);
    let page = |path: &str| {
        let request = Request::new("GET", format!("{}{path}", instance.base));
        request.header("accept", "text/html").header("accept-language", "en").send().text()
    };
    let about = page("/about");
    for part in ["Be kind", "No &#60;spam&#62;", "<em>many</em>", "/privacy-policy"] {
        assert!(about.contains(part), "{part}: {about}");
    }
    assert!(page("/privacy-policy").contains("<strong>kept</strong>"));
    assert!(page("/terms-of-service").contains("<li>be good</li>"));
}

#[test]
fn what_was_not_written_is_not_there() {
    let instance = Instance::start();
    assert_eq!(instance.get("/api/v1/instance/rules").ok(), json!([]));
    assert_eq!(instance.get("/api/v1/instance/privacy_policy").ok()["content"], "");
    assert_eq!(instance.get("/api/v1/instance/terms_of_service").status, 404);
    for path in ["/privacy-policy", "/terms-of-service"] {
        assert_eq!(instance.get(path).status, 404, "{path}");
    }
    let urls = instance.get("/api/v2/instance").ok()["configuration"]["urls"].clone();
    assert!(urls["privacy_policy"].is_null() && urls["terms_of_service"].is_null());
}
