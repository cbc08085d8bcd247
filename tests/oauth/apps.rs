//! Registering applications.

use super::*;

#[test]
fn s_070_addresses_that_run_code_cannot_be_registered() {
    let scene = Scene::new();
    for bad in [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "vbscript:x",
        "http://app.example/cb",
        "https://app.example/cb#fragment",
        "nonsense",
        "/relative",
        "",
    ] {
        let answer = Request::new("POST", format!("{}/api/v1/apps", scene.instance.base))
            .json(&json!({"client_name": "x", "redirect_uris": bad}))
            .send();
        assert_eq!(answer.status, 422, "{bad}: {}", answer.text());
        assert!(answer.text().to_lowercase().contains("redirect"), "{}", answer.text());
    }
    for good in ["http://localhost:3000/cb", "http://127.0.0.1/cb", "https://a.example/cb?x=1"] {
        register(&scene.instance, "x", good, "read");
    }
    for (field, value) in
        [("website", "javascript:alert(1)"), ("scopes", "read nonsense"), ("client_name", "")]
    {
        let mut body = json!({"client_name": "x", "redirect_uris": OUT_OF_BAND});
        body[field] = json!(value);
        let answer =
            Request::new("POST", format!("{}/api/v1/apps", scene.instance.base)).json(&body).send();
        assert_eq!(answer.status, 422, "{field}");
    }
}

#[test]
fn s_079_s_142_registrations_are_capped_in_number_and_size() {
    let clock = Clock::manual(Clock::system().now_ms());
    let instance = Instance::with(Options {
        clock: clock.clone(),
        configure: Some(|config| config.dev = false),
    });
    let send = |from: &str, body: Value| {
        Request::new("POST", format!("http://{}/api/v1/apps", instance.host))
            .header("x-forwarded-for", from)
            .json(&body)
            .send()
    };
    let good = || json!({"client_name": "x", "redirect_uris": OUT_OF_BAND});
    for _ in 0..5 {
        send("192.0.2.1", good()).ok();
    }
    let flood = send("192.0.2.1", good());
    assert_eq!(flood.status, 429, "{}", flood.text());
    assert_eq!(flood.json(), json!({"error": "Too many requests"}));
    let wait: i64 = flood.header("retry-after").unwrap().parse().unwrap();
    send("192.0.2.2", good()).ok();
    // one address of a network is all of it
    for host in 1..=5 {
        send(&format!("2001:db8::{host}"), good()).ok();
    }
    assert_eq!(send("2001:db8::ffff:1", good()).status, 429);
    clock.advance(wait * 1000);
    send("192.0.2.1", good()).ok();
    // nor do many addresses fill the disk
    let together = (0..100).map(|at| send(&format!("2001:db8:{at:x}::1"), good()).status);
    let taken = together.filter(|status| *status == 200).count();
    assert_eq!(taken, 99, "one was there before");
    clock.advance(10 * MINUTE);
    let long = "x".repeat(61);
    let far = format!("https://a.example/{}", "x".repeat(2000));
    for (at, (field, value)) in [
        ("client_name", json!(long)),
        ("client_name", json!(["x"])),
        ("client_name", json!("\u{202e}\u{202d}")),
        ("website", json!(far)),
        ("website", json!("ftp://a.example")),
        ("redirect_uris", json!(far)),
        ("redirect_uris", json!(vec!["app://x"; 11])),
        ("redirect_uris", json!({"a": {}})),
        ("scopes", json!("everything")),
        ("scopes", json!(["read"])),
    ]
    .into_iter()
    .enumerate()
    {
        let mut body = good();
        body[field] = value;
        let answer = send(&format!("198.51.100.{at}"), body);
        assert_eq!(answer.status, 422, "{field}: {}", answer.text());
        assert!(answer.json()["error"].is_string());
    }
}

#[test]
fn s_079_what_nobody_uses_is_removed_after_a_week() {
    let scene = Scene::new();
    let mut browser = scene.signed_in();
    let code = scene.code(&mut browser, &[("redirect_uri", OUT_OF_BAND)]);
    let used = token(scene.trade(&code, OUT_OF_BAND, &[]));
    let idle = register(&scene.instance, "Idle", OUT_OF_BAND, "read");
    let known = || {
        let client = idle["client_id"].as_str().unwrap();
        let address = scene.authorize(&[("client_id", client), ("redirect_uri", OUT_OF_BAND)]);
        Browser::new(&scene.instance).get(&address).status == 303
    };
    assert!(known());
    scene.instance.advance(6 * DAY);
    assert!(known());
    scene.instance.advance(2 * DAY);
    crate::support::eventually("it is gone", || (!known()).then_some(()));
    assert_eq!(scene.me(&used), 200, "what is used stays");
}
