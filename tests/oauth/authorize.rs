//! A person is asked whether an application may, and the application hears of it.

use super::*;

#[test]
fn a_person_lets_an_application_in() {
    let scene = Scene::new();
    let mut browser = Browser::new(&scene.instance);
    let asked = [("redirect_uri", "https://app.example/cb"), ("state", "x y&z=ü")];
    let first = browser.get(&scene.authorize(&asked));
    assert_eq!(first.status, 303, "one has to sign in first");
    let sign_in = browser.open(first.header("location").unwrap());
    let back = browser.sign_in(&sign_in, "ann", PASSWORD);
    assert_eq!(back.status, 303);
    let consent = browser.open(back.header("location").unwrap());
    let text = consent.text();
    assert!(text.contains("An App") && text.contains("app.example"), "{text}");
    let answer = browser.submit(&forms(&text).remove(0), Some("allow"));
    let location = answer.header("location").unwrap();
    assert!(location.starts_with("https://app.example/cb?code="), "{location}");
    assert_eq!(query(location, "state").as_deref(), Some("x y&z=ü"), "S-073");
    assert_eq!(query(location, "iss").as_deref(), Some(scene.instance.base.as_str()));
    let code = query(location, "code").unwrap();
    let issued = scene.trade(&code, "https://app.example/cb", &[]);
    assert_eq!(issued.header("cache-control"), Some("no-store"));
    let issued = issued.ok();
    assert_eq!(issued["token_type"], "Bearer");
    assert_eq!(issued["scope"], "read write");
    assert_eq!(issued["created_at"], scene.clock.now_ms() / 1000);
    let token = issued["access_token"].as_str().unwrap();
    assert!(token.len() >= 43, "S-075: 256 bits");
    assert_eq!(scene.me(token), 200);
    // the scopes that were not asked for are not there
    let path = format!("{}/api/v1/accounts/1/follow", scene.instance.base);
    let follow =
        Request::new("POST", path).header("authorization", format!("Bearer {token}")).send();
    assert_eq!(follow.status, 404, "write covers it, and there is no such account");
    // and a second time is asked again: nothing is approved by itself (S-080)
    let again = browser.open(&scene.authorize(&asked));
    assert_eq!(forms(&again.text())[0].buttons.len(), 2);
}

#[test]
fn a_code_is_shown_to_carry_over_and_custom_schemes_are_called() {
    let scene = Scene::new();
    let mut browser = scene.signed_in();
    let location = scene.allow(&mut browser, &[("redirect_uri", OUT_OF_BAND)]);
    assert!(location.starts_with("/oauth/authorize/native?code="), "{location}");
    let page = browser.get(&location);
    assert_eq!(page.status, 200);
    let code = query(&location, "code").unwrap();
    assert!(page.text().contains(&format!("value=\"{code}\"")));
    assert_eq!(Browser::new(&scene.instance).get(&location).status, 404, "nobody else sees it");
    token(scene.trade(&code, OUT_OF_BAND, &[]));
    assert_eq!(browser.get(&location).status, 404, "it is used up");
    let location = scene.allow(&mut browser, &[("redirect_uri", "myapp://oauth"), ("state", "s")]);
    assert!(location.starts_with("myapp://oauth?code="), "{location}");
    let policy = browser.open(&scene.authorize(&[("redirect_uri", "myapp://oauth")]));
    assert!(
        policy.header("content-security-policy").unwrap().contains("form-action 'self' myapp:")
    );
}

#[test]
fn a_refusal_goes_to_the_application() {
    let scene = Scene::new();
    let mut browser = scene.signed_in();
    let asked = [("redirect_uri", "https://app.example/cb"), ("state", "s")];
    let page = browser.open(&scene.authorize(&asked));
    let answer = browser.submit(&forms(&page.text()).remove(0), Some("deny"));
    let location = answer.header("location").unwrap();
    assert_eq!(query(location, "error").as_deref(), Some("access_denied"));
    assert_eq!(query(location, "state").as_deref(), Some("s"));
    assert_eq!(query(location, "code"), None);
    for (field, value, error) in [
        ("response_type", "token", "unsupported_response_type"),
        ("scope", "read admin:write", "invalid_scope"),
        ("scope", "nonsense", "invalid_scope"),
    ] {
        let answer = browser
            .get(&scene.authorize(&[("redirect_uri", "https://app.example/cb"), (field, value)]));
        let location = answer.header("location").unwrap_or_else(|| panic!("{field}"));
        assert!(location.starts_with("https://app.example/cb?"));
        assert_eq!(query(location, "error").as_deref(), Some(error));
    }
    // S-065: passers-by are not sent on to wherever somebody registered
    let answer = Browser::new(&scene.instance).get(
        &scene.authorize(&[("redirect_uri", "https://app.example/cb"), ("scope", "nonsense")]),
    );
    assert!(answer.header("location").unwrap().starts_with("/auth/sign_in"));
}

#[test]
fn s_070_s_071_a_redirect_address_fits_exactly_or_the_page_is_ours() {
    let scene = Scene::new();
    let mut browser = scene.signed_in();
    for wrong in [
        "",
        "https://app.example/cb/",
        "https://app.example/cb?x=1",
        "https://app.example/cb#x",
        "https://app.example/c",
        "https://app.example/cb/../evil",
        "https://app.example/CB",
        "HTTPS://app.example/cb",
        "https://APP.example/cb",
        "https://app.example:443/cb",
        "https://app.example.evil.example/cb",
        "https://sub.app.example/cb",
        "https://user@app.example/cb",
        "http://app.example/cb",
        "//app.example/cb",
        "https://evil.example",
        "myapp://oauth/",
        "myapp://",
        "urn:ietf:wg:oauth:2.0:oob:auto",
        "https://app.example/cb myapp://oauth",
        "https://app.example/cb\nmyapp://oauth",
        " https://app.example/cb",
        "javascript:alert(1)",
    ] {
        let answer = browser.get(&scene.authorize(&[("redirect_uri", wrong), ("state", "s")]));
        assert_eq!(answer.status, 400, "{wrong:?}");
        assert_eq!(answer.header("location"), None, "{wrong:?}");
        assert!(answer.header("content-type").unwrap().starts_with("text/html"));
        assert!(forms(&answer.text()).is_empty(), "nothing to agree to");
    }
    for client in ["", "unknown", &format!("{}x", scene.client_id)] {
        let path =
            scene.authorize(&[("client_id", client), ("redirect_uri", "https://evil.example")]);
        let answer = browser.get(&path);
        assert_eq!((answer.status, answer.header("location")), (400, None), "{client}");
        assert!(!answer.text().contains("evil.example"), "S-122: it repeats nothing");
    }
    let long = "s".repeat(2049);
    let path = scene.authorize(&[("redirect_uri", OUT_OF_BAND), ("state", &long)]);
    assert_eq!(browser.get(&path).status, 400, "S-073");
    // what the consent form says is judged again
    let page = browser.open(&scene.authorize(&[("redirect_uri", "https://app.example/cb")]));
    let mut form = forms(&page.text()).remove(0);
    form.set("redirect_uri", "https://evil.example/cb");
    let answer = browser.submit(&form, Some("allow"));
    assert_eq!((answer.status, answer.header("location")), (400, None));
}

#[test]
fn s_072_pkce_is_kept_from_beginning_to_end() {
    let scene = Scene::new();
    let mut browser = scene.signed_in();
    let cb = "https://app.example/cb";
    let with =
        [("redirect_uri", cb), ("code_challenge", CHALLENGE), ("code_challenge_method", "S256")];
    let code = scene.code(&mut browser, &with);
    is_refused(&scene.trade(&code, cb, &[]), 400, "invalid_grant");
    let wrong = VERIFIER.replace('d', "e");
    is_refused(&scene.trade(&code, cb, &[("code_verifier", &wrong)]), 400, "invalid_grant");
    is_refused(&scene.trade(&code, cb, &[("code_verifier", CHALLENGE)]), 400, "invalid_grant");
    token(scene.trade(&code, cb, &[("code_verifier", VERIFIER)]));
    // the challenge was taken out on the way
    let code = scene.code(&mut browser, &[("redirect_uri", cb)]);
    is_refused(&scene.trade(&code, cb, &[("code_verifier", VERIFIER)]), 400, "invalid_grant");
    // plain is no protection, and a challenge without a method means plain
    for more in [
        &[("code_challenge", VERIFIER), ("code_challenge_method", "plain")] as &[(&str, &str)],
        &[("code_challenge", CHALLENGE)],
        &[("code_challenge_method", "S256")],
        &[("code_challenge", "short"), ("code_challenge_method", "S256")],
    ] {
        let mut asked = vec![("redirect_uri", cb)];
        asked.extend(more);
        let answer = browser.get(&scene.authorize(&asked));
        let location = answer.header("location").unwrap();
        assert_eq!(query(location, "error").as_deref(), Some("invalid_request"), "{more:?}");
    }
}
