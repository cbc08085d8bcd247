//! Passwords, cookies and forms.

use super::*;

#[test]
fn s_069_forms_from_elsewhere_do_nothing() {
    let scene = Scene::new();
    let mut browser = Browser::new(&scene.instance);
    let page = browser.open("/auth/sign_in");
    let mut form = forms(&page.text()).remove(0);
    form.set("username", "ann");
    form.set("password", PASSWORD);
    let mut without = form.clone();
    without.set("csrf", "");
    assert_eq!(browser.submit(&without, None).status, 403);
    let mut wrong = form.clone();
    wrong.set("csrf", &"A".repeat(43));
    assert_eq!(browser.submit(&wrong, None).status, 403);
    for headers in [
        &[("origin", "https://evil.example")] as &[(&str, &str)],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site"), ("origin", "null")],
    ] {
        assert_eq!(browser.submit_from(&form, None, headers).status, 403, "{headers:?}");
    }
    assert_eq!(browser.cookie("dassie_session"), None);
    // another browser's form
    let mut other = Browser::new(&scene.instance);
    other.open("/auth/sign_in");
    assert_eq!(other.submit(&form, None).status, 403);
    assert_eq!(browser.submit(&form, None).status, 303);

    let consent = browser.open(&scene.authorize(&[("redirect_uri", "https://app.example/cb")]));
    let form = forms(&consent.text()).remove(0);
    let mut without = form.clone();
    without.set("csrf", "");
    assert_eq!(browser.submit(&without, Some("allow")).status, 403);
    let foreign = browser.submit_from(&form, Some("allow"), &[("origin", "https://evil.example")]);
    assert_eq!(foreign.status, 403);
    // the token of another session
    let mut second = scene.signed_in();
    assert_eq!(second.submit(&form, Some("allow")).status, 403);
    let mut out = forms(&consent.text()).remove(1);
    assert_eq!(out.action, "/auth/sign_out");
    let good = out.clone();
    out.set("csrf", "");
    assert_eq!(browser.submit(&out, None).status, 403);
    let session = browser.cookies.clone();
    assert_eq!(browser.submit(&form, Some("allow")).status, 303);
    assert_eq!(browser.submit(&good, None).status, 303);
    browser.cookies = session;
    let after = browser.get(&scene.authorize(&[("redirect_uri", "https://app.example/cb")]));
    assert!(after.header("location").unwrap().starts_with("/auth/sign_in"), "signed out for good");
}

#[test]
fn s_068_guessing_is_slowed_down_and_the_right_one_gets_in_later() {
    let scene = Scene::new();
    let mut browser = Browser::new(&scene.instance);
    let page = browser.open("/auth/sign_in");
    let mut said = Vec::new();
    let pause = loop {
        let name = ["ann", "@ann", "ANN", "nobody"][said.len() % 4];
        let answer = browser.sign_in(&page, name, "not it at all");
        if answer.status == 429 {
            break answer;
        }
        assert_eq!(answer.status, 422, "{}", answer.text());
        let text = answer.text();
        let problem = text.split("role=\"alert\">").nth(1).unwrap().split('<').next().unwrap();
        said.push(problem.to_owned());
        assert!(said.len() < 40, "nobody slows it down");
    };
    assert!(said.iter().all(|text| *text == said[0]), "the same words for every failure");
    let seconds: i64 = pause.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=3600).contains(&seconds));
    let early = browser.sign_in(&page, "ann", PASSWORD);
    assert_eq!(early.status, 429, "not even the right one");
    scene.clock.advance(seconds * 1000 + 1);
    let right = browser.sign_in(&page, "ann", PASSWORD);
    assert_eq!(right.status, 303, "{}", right.text());
    // an e-mail address does as well
    let mut other = Browser::new(&scene.instance);
    let page = other.open("/auth/sign_in");
    assert_eq!(other.sign_in(&page, "ANN@mail.example", PASSWORD).status, 303);
    let mut third = Browser::new(&scene.instance);
    let page = third.open("/auth/sign_in");
    assert_eq!(third.sign_in(&page, &format!("ann@{}", scene.instance.host), PASSWORD).status, 303);
}

#[test]
fn s_078_a_new_password_ends_sessions_and_tokens_at_once() {
    let scene = Scene::new();
    create(&scene.instance, "bob");
    let mut browser = scene.signed_in();
    let code = scene.code(&mut browser, &[("redirect_uri", OUT_OF_BAND)]);
    let first = token(scene.trade(&code, OUT_OF_BAND, &[]));
    let open_code = scene.code(&mut browser, &[("redirect_uri", OUT_OF_BAND)]);
    let mut bobs = Browser::new(&scene.instance);
    let page = bobs.open("/auth/sign_in");
    assert_eq!(bobs.sign_in(&page, "bob", PASSWORD).status, 303);
    assert_eq!(scene.me(&first), 200);
    control::execute(
        &scene.instance.app,
        Command::AccountPassword {
            account: "ann".into(),
            password: Secret("another long one".into()),
        },
    )
    .unwrap();
    assert_eq!(scene.me(&first), 401);
    let asked = scene.authorize(&[("redirect_uri", OUT_OF_BAND)]);
    assert_eq!(browser.get(&asked).status, 303, "the browser is signed out");
    is_refused(&scene.trade(&open_code, OUT_OF_BAND, &[]), 400, "invalid_grant");
    assert_eq!(bobs.get(&asked).status, 200, "others are not concerned");
    let page = browser.open("/auth/sign_in?return_to=/");
    assert_eq!(browser.sign_in(&page, "ann", PASSWORD).status, 422);
    assert_eq!(browser.sign_in(&page, "ann", "another long one").status, 303);
    // a session ends by itself, and with its account
    scene.clock.advance(30 * DAY + 1);
    assert_eq!(bobs.get(&asked).status, 303);
    let page = bobs.open("/auth/sign_in?return_to=/");
    assert_eq!(bobs.sign_in(&page, "bob", PASSWORD).status, 303);
    let code = scene.code(&mut bobs, &[("redirect_uri", OUT_OF_BAND)]);
    let last = token(scene.trade(&code, OUT_OF_BAND, &[]));
    control::execute(&scene.instance.app, Command::AccountDelete { account: "bob".into() })
        .unwrap();
    assert_eq!(scene.me(&last), 401);
    assert_eq!(bobs.get(&asked).status, 303);
}

#[test]
fn s_065_signing_in_leads_nowhere_else() {
    let scene = Scene::new();
    for evil in [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "",
    ] {
        let mut browser = Browser::new(&scene.instance);
        let query: String = form_urlencoded::byte_serialize(evil.as_bytes()).collect();
        let page = browser.get(&format!("/auth/sign_in?return_to={query}"));
        let mut form = forms(&page.text()).remove(0);
        form.set("username", "ann");
        form.set("password", PASSWORD);
        form.set("return_to", evil);
        let answer = browser.submit(&form, None);
        assert_eq!((answer.status, answer.header("location")), (303, Some("/settings")), "{evil}");
    }
}

#[test]
fn s_059_cookies_of_a_real_server_are_bound_to_host_and_tls() {
    let instance = Instance::with(Options {
        configure: Some(|config| config.dev = false),
        ..Default::default()
    });
    // it speaks of https everywhere and listens in plain behind its proxy
    assert!(instance.base.starts_with("https://"));
    let answer = Request::new("GET", format!("http://{}/auth/sign_in", instance.host)).send();
    assert_eq!(answer.status, 200);
    let cookie = answer.header("set-cookie").unwrap();
    assert!(cookie.starts_with("__Host-dassie_form="), "{cookie}");
    assert!(cookie.contains("; Secure"), "{cookie}");
}

#[test]
fn s_078_no_door_opens_to_who_is_disabled() {
    let scene = Scene::new();
    let mut browser = scene.signed_in();
    let address = [("redirect_uri", OUT_OF_BAND)];
    let (code, second) = (scene.code(&mut browser, &address), scene.code(&mut browser, &address));
    let held = token(scene.trade(&second, OUT_OF_BAND, &[]));
    let consent = browser.open(&scene.authorize(&address));
    let mut half = Browser::new(&scene.instance);
    half.cookies.push(("dassie_pending".into(), "a".repeat(43)));
    // nothing but the mark: what a sign-in under way when it was set would find
    let path = scene.instance.folder.path().join("data/dassie.db");
    let sql = rusqlite::Connection::open(path).unwrap();
    sql.execute(
        "INSERT INTO session (hash, account_id, created_at, expires_at, pending)
         SELECT ?, account_id, 0, ?, 1 FROM user",
        (dassie::crypto::token_hash(&"a".repeat(43)), i64::MAX),
    )
    .unwrap();
    assert_eq!(half.get("/auth/two_factor").status, 200);
    sql.execute("UPDATE user SET disabled = 1", []).unwrap();
    assert_eq!(scene.me(&held), 401, "a token");
    assert_eq!(browser.get("/settings").status, 303, "a browser");
    assert_eq!(half.get("/auth/two_factor").status, 303, "half a sign-in");
    is_refused(&scene.trade(&code, OUT_OF_BAND, &[]), 400, "invalid_grant");
    let answer = browser.submit(&forms(&consent.text())[0], Some("allow"));
    assert!(answer.header("location").unwrap().starts_with("/auth/sign_in"), "consent");
    let mut other = Browser::new(&scene.instance);
    let page = other.open("/auth/sign_in");
    assert_eq!(other.sign_in(&page, "ann", PASSWORD).status, 403, "the password");
    assert_eq!(other.cookie("dassie_session"), None);
}

#[test]
fn s_068_who_is_kept_out_is_told_why_with_the_right_password_only() {
    for (column, contact, language, told) in [
        ("disabled", true, "en", ["disabled this account", "help@a.example, @boss@"]),
        ("disabled", false, "zh", ["停用此账号", "本服务器的运营者"]),
        ("suspended_at", true, "zh", ["封禁此账号", "请联系 help@a.example"]),
        ("suspended_at", false, "en", ["suspended this account", "whoever runs this server"]),
    ] {
        let mut scene = Scene::new();
        create(&scene.instance, "boss");
        if contact {
            scene.instance.stop();
            scene.instance.start_with(|config| {
                config.instance.contact_email = Some("help@a.example".into());
                config.instance.contact_account = Some("boss".into());
            });
        }
        let path = scene.instance.folder.path().join("data/dassie.db");
        let sql = rusqlite::Connection::open(path).unwrap();
        let change = match column {
            "disabled" => "UPDATE user SET disabled = 1 WHERE email = 'ann@mail.example'",
            _ => "UPDATE account SET suspended_at = 1 WHERE username = 'ann'",
        };
        assert_eq!(sql.execute(change, []).unwrap(), 1);
        let mut browser = Browser::new(&scene.instance);
        let page = browser.open(&format!("/auth/sign_in?lang={language}"));
        let problem = |answer: &Answer| {
            let text = answer.text();
            text.split("role=\"alert\">").nth(1).unwrap().split('<').next().unwrap().to_owned()
        };
        let wrong = browser.sign_in(&page, "ann", "not it at all");
        let nobody = browser.sign_in(&page, "nobody", PASSWORD);
        assert_eq!((wrong.status, nobody.status), (422, 422), "{column}");
        assert_eq!(problem(&wrong), problem(&nobody), "{column}: nothing is told to others");
        let right = browser.sign_in(&page, "ann", PASSWORD);
        assert_eq!(right.status, 403, "{column}");
        let said = problem(&right);
        assert!(told.iter().all(|part| said.contains(part)), "{said}");
        assert_eq!(browser.cookie("dassie_session"), None);
    }
}

#[test]
fn s_078_a_password_that_is_changed_meanwhile_lets_nobody_in() {
    let scene = Scene::new();
    let handles: Vec<_> = (0..12)
        .map(|_| {
            let mut browser = Browser::new(&scene.instance);
            std::thread::spawn(move || {
                let page = browser.open("/auth/sign_in");
                let status = browser.sign_in(&page, "ann", PASSWORD).status;
                (browser, status)
            })
        })
        .collect();
    let new = Secret("another long one".into());
    let command = Command::AccountPassword { account: "ann".into(), password: new };
    control::execute(&scene.instance.app, command).unwrap();
    for handle in handles {
        let (mut browser, status) = handle.join().unwrap();
        assert!([303, 422, 429].contains(&status), "{status}");
        assert_eq!(browser.get("/settings").status, 303, "{status}: with the old password");
    }
}

#[test]
fn an_address_at_ones_own_domain_signs_in() {
    let scene = Scene::new();
    let email = format!("owner@{}", scene.instance.host);
    let path = scene.instance.folder.path().join("data/dassie.db");
    let sql = rusqlite::Connection::open(path).unwrap();
    sql.execute("UPDATE user SET email = ?", [&email]).unwrap();
    for name in [email.as_str(), "ann", &format!("@ann@{}", scene.instance.host)] {
        let mut browser = Browser::new(&scene.instance);
        let page = browser.open("/auth/sign_in");
        assert_eq!(browser.sign_in(&page, name, PASSWORD).status, 303, "{name}");
    }
}
