//! What guards the pages.

use super::*;

#[test]
fn s_060_s_080_s_118_the_pages_are_guarded_and_show_names_as_text() {
    let name = "<script>alert('x')</script> \"&";
    let scene = Scene::with(name, "https://app.example/cb");
    let mut browser = scene.signed_in();
    let mut stranger = Browser::new(&scene.instance);
    let consent = browser.open(&scene.authorize(&[("redirect_uri", "https://app.example/cb")]));
    let text = consent.text();
    assert!(!text.contains("<script"), "{text}");
    assert!(text.contains("alert("), "the name is there, as text: {text}");
    let bad = browser.get(&scene.authorize(&[("redirect_uri", "https://evil.example/<script>")]));
    assert!(!bad.text().contains("<script"));
    let sign_in = stranger.open("/auth/sign_in");
    for (what, answer) in [("consent", &consent), ("error", &bad), ("sign in", &sign_in)] {
        let header = |name: &str| {
            answer.header(name).unwrap_or_else(|| panic!("{what} has no {name}")).to_owned()
        };
        let policy = header("content-security-policy");
        for rule in [
            "default-src 'none'",
            "style-src 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(rule), "{what}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{what}");
        assert_eq!(header("x-frame-options"), "DENY");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("referrer-policy"), "no-referrer");
        assert_eq!(header("cache-control"), "no-store");
        assert!(header("permissions-policy").contains("interest-cohort"));
        assert!(header("content-type").starts_with("text/html"));
        assert!(!answer.text().contains("<script"), "{what}");
    }
    let policy = consent.header("content-security-policy").unwrap();
    assert!(policy.contains("form-action 'self' https://app.example"), "{policy}");
    for cookie in ["dassie_session", "dassie_form"] {
        assert!(browser.cookie(cookie).is_some(), "{cookie}");
    }
    let page = stranger.sign_in(&sign_in, "ann", PASSWORD);
    let cookie = page.header("set-cookie").unwrap();
    for attribute in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    // typed things come back as text
    let mut other = Browser::new(&scene.instance);
    let page = other.open("/auth/sign_in");
    let again = other.sign_in(&page, "\"><script>x</script>", "wrong password");
    assert!(!again.text().contains("<script"), "{}", again.text());
    assert!(!again.text().contains("wrong password"));
}

#[test]
fn what_cannot_be_read_is_refused_with_a_page() {
    let scene = Scene::new();
    for path in [
        "/auth/sign_in",
        "/auth/sign_up",
        "/auth/two_factor",
        "/auth/confirm",
        "/auth/password",
        "/auth/password/new",
        "/auth/sign_out",
        "/oauth/authorize",
        "/settings/password",
    ] {
        let long = vec![b'x'; (1 << 20) + 10];
        for (kind, body, status) in [
            ("application/json", &b"{\"username\": "[..], 400),
            ("multipart/form-data; boundary=x", b"--y", 400),
            ("application/x-www-form-urlencoded", &long, 413),
        ] {
            let request = Request::new("POST", format!("{}{path}", scene.instance.base));
            let answer = request.body(body, kind).send();
            assert_eq!(answer.status, status, "{path} {kind}: {}", answer.text());
            assert!(answer.header("content-type").unwrap().starts_with("text/html"), "{path}");
        }
        let other = Request::new("PUT", format!("{}{path}", scene.instance.base)).send();
        assert_eq!(other.status, 405, "{path}");
    }
}

#[test]
fn the_language_that_was_asked_for_stays_to_the_end() {
    let scene = Scene::new();
    let mut browser = scene.signed_in();
    let asked = [("redirect_uri", OUT_OF_BAND), ("lang", "zh")];
    let code = scene.allow(&mut browser, &asked);
    assert!(browser.get(&code).text().contains("<html lang=\"zh"), "{code}");
}
