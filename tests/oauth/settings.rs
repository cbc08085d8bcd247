//! The pages on which people see and end what they let in.

use super::*;
use crate::support::{Socket, eventually};
use std::time::Duration;

const PAGES: [&str; 10] = [
    "/settings",
    "/settings/password",
    "/settings/email",
    "/settings/delete",
    "/settings/two_factor",
    "/settings/applications",
    "/settings/sessions",
    "/settings/moving",
    "/settings/data",
    "/settings/blocks",
];

fn socket(scene: &Scene, token: &str) -> Socket {
    let query = format!("?access_token={token}&stream=user");
    Socket::open(&scene.instance.host, &query, &[]).unwrap()
}

/// A token with a push subscription.
fn app(scene: &Scene, browser: &mut Browser) -> String {
    let code = scene.code(browser, &[("redirect_uri", OUT_OF_BAND)]);
    let access = token(scene.trade(&code, OUT_OF_BAND, &[]));
    sql(scene)
        .execute(
            "INSERT INTO push_subscription (token_id, account_id, endpoint, p256dh, auth, alerts, created_at)
             SELECT id, account_id, 'https://push.example/x', x'00', x'00', '{}', 1 FROM token WHERE hash = ?",
            [dassie::crypto::token_hash(&access)],
        )
        .unwrap();
    access
}

fn sql(scene: &Scene) -> rusqlite::Connection {
    let path = scene.instance.folder.path().join("data/dassie.db");
    let sql = rusqlite::Connection::open(path).unwrap();
    sql.busy_timeout(Duration::from_secs(5)).unwrap();
    sql
}

fn subscriptions(scene: &Scene) -> i64 {
    sql(scene).query_row("SELECT count(*) FROM push_subscription", [], |row| row.get(0)).unwrap()
}

#[test]
fn s_060_the_settings_are_for_their_owner_alone() {
    let scene = Scene::new();
    let mut browser = scene.signed_in();
    for path in PAGES {
        let stranger = Browser::new(&scene.instance).get(path);
        assert_eq!(stranger.status, 303);
        assert!(stranger.header("location").unwrap().starts_with("/auth/sign_in?"), "{path}");
        let page = browser.get(path);
        assert_eq!(page.status, 200, "{path}");
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"));
        assert_eq!(page.header("cache-control"), Some("no-store"));
        assert_eq!(page.header("access-control-allow-origin"), None);
        assert!(!page.text().contains("<script") && !page.text().contains("style="));
        let zh = browser.get(&format!("{path}?lang=zh"));
        assert!(zh.text().contains("<html lang=\"zh\">"), "{path}");
    }
    // the language stays while one signs in
    let mut other = Browser::new(&scene.instance);
    let page = other.open(&scene.authorize(&[("redirect_uri", OUT_OF_BAND), ("lang", "zh")]));
    assert!(page.text().contains("<html lang=\"zh\">"));
    let wrong = other.sign_in(&page, "ann", "wrong password");
    assert!(wrong.text().contains("<html lang=\"zh\">"));
    let back = other.sign_in(&page, "ann", PASSWORD);
    let consent = other.open(back.header("location").unwrap());
    assert!(consent.text().contains("<html lang=\"zh\">"));
    // whoever asks for a fresh sign-in gets one
    let forced = scene.authorize(&[("redirect_uri", OUT_OF_BAND), ("force_login", "true")]);
    let asked = browser.get(&forced);
    assert!(asked.header("location").unwrap().starts_with("/auth/sign_in"));
    let page = browser.open(asked.header("location").unwrap());
    let back = browser.sign_in(&page, "ann", PASSWORD);
    assert_eq!(browser.get(back.header("location").unwrap()).status, 200);
}

#[test]
fn s_069_no_form_of_the_settings_works_from_elsewhere() {
    let scene = Scene::new();
    let mut browser = scene.signed_in();
    let access = app(&scene, &mut browser);
    let csrf = |browser: &mut Browser| {
        let form = forms(&browser.open("/settings").text()).remove(0);
        form.fields.into_iter().find(|(name, _)| name == "csrf").unwrap().1
    };
    let own = csrf(&mut browser);
    let others = csrf(&mut scene.signed_in());
    let fields: Vec<(String, String)> = [
        ("current", PASSWORD),
        ("new", "another long one"),
        ("again", "another long one"),
        ("password", PASSWORD),
        ("code", "123456"),
        ("application", "1"),
        ("session", ""),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec();
    for action in [
        "/settings/password",
        "/settings/two_factor/begin",
        "/settings/two_factor/enable",
        "/settings/two_factor/disable",
        "/settings/applications",
        "/settings/sessions",
        "/settings/moving",
        "/settings/moving/back",
        "/settings/moving/aliases",
    ] {
        let mut form = Form { action: action.into(), fields: fields.clone(), buttons: vec![] };
        assert_eq!(browser.submit(&form, None).status, 403, "{action} without a token");
        form.set("csrf", &others);
        assert_eq!(browser.submit(&form, None).status, 403, "{action} with another's");
        form.set("csrf", &own);
        for headers in [[("origin", "https://evil.example")], [("sec-fetch-site", "cross-site")]] {
            assert_eq!(browser.submit_from(&form, None, &headers).status, 403, "{action}");
        }
        let stranger = Browser::new(&scene.instance).submit(&form, None);
        assert!(stranger.header("location").unwrap().starts_with("/auth/sign_in"), "{action}");
    }
    assert_eq!(scene.me(&access), 200);
    assert_eq!(Browser::new(&scene.instance).get("/settings/two_factor/begin").status, 405);
}

#[test]
fn s_078_a_new_password_leaves_this_browser_and_nothing_else() {
    let scene = Scene::new();
    let (mut browser, mut other) = (scene.signed_in(), scene.signed_in());
    let access = app(&scene, &mut browser);
    let open_code = scene.code(&mut browser, &[("redirect_uri", OUT_OF_BAND)]);
    let mut stream = socket(&scene, &access);
    assert_eq!(subscriptions(&scene), 1);
    let new = "another long one";
    let change = |browser: &mut Browser, current: &str, new: &str, again: &str| {
        let page = browser.open("/settings/password");
        let mut form = forms(&page.text()).remove(0);
        for (name, value) in [("current", current), ("new", new), ("again", again)] {
            form.set(name, value);
        }
        browser.submit(&form, None)
    };
    for (current, new, again) in [
        ("wrong password", new, new),
        ("", new, new),
        (PASSWORD, new, "a different one"),
        (PASSWORD, "short", "short"),
        (PASSWORD, &"x".repeat(300), &"x".repeat(300)),
        (PASSWORD, "", ""),
    ] {
        let answer = change(&mut browser, current, new, again);
        assert_eq!(answer.status, 422, "{current} {new}");
        assert!(answer.text().contains("role=\"alert\""));
    }
    assert_eq!(scene.me(&access), 200, "nothing was changed");
    let answer = change(&mut browser, PASSWORD, new, new);
    assert_eq!((answer.status, answer.header("location")), (303, Some("/settings?done=password")));
    assert!(browser.get("/settings?done=password").text().contains("role=\"status\""));
    assert_eq!(scene.me(&access), 401);
    assert!(stream.ends() < Duration::from_secs(5));
    assert_eq!(subscriptions(&scene), 0);
    assert_eq!(other.get("/settings").status, 303, "the other browser");
    is_refused(&scene.trade(&open_code, OUT_OF_BAND, &[]), 400, "invalid_grant");
    assert_eq!(browser.get("/settings").status, 200, "this one");
    let page = other.open("/auth/sign_in?return_to=/settings");
    assert_eq!(other.sign_in(&page, "ann", PASSWORD).status, 422);
    assert_eq!(other.sign_in(&page, "ann", new).status, 303);
}

#[test]
fn s_078_applications_are_shown_and_ended() {
    let scene = Scene::with("<b>App</b>", OUT_OF_BAND);
    create(&scene.instance, "bob");
    let mut browser = scene.signed_in();
    let (one, two) = (app(&scene, &mut browser), app(&scene, &mut browser));
    let mut stream = socket(&scene, &two);
    let page = browser.open("/settings/applications");
    let text = page.text();
    assert!(text.contains("App") && !text.contains("<b>App"), "{text}");
    assert!(text.contains("not used lately"), "{text}");
    let all = forms(&text);
    assert_eq!(all.len(), 1, "two tokens of one application");
    // once a day it is noted that a token is used
    scene.me(&one);
    scene.instance.advance(2 * dassie::clock::HOUR);
    let today = dassie::clock::date(scene.clock.now_ms() - 2 * dassie::clock::HOUR);
    eventually("the use is noted", || {
        let text = browser.open("/settings/applications").text();
        text.contains(&format!("last used {today}")).then_some(())
    });
    // somebody else's is not there
    let mut bobs = Browser::new(&scene.instance);
    let sign_in = bobs.open("/auth/sign_in?return_to=/");
    assert_eq!(bobs.sign_in(&sign_in, "bob", PASSWORD).status, 303);
    assert!(forms(&bobs.open("/settings/applications").text()).is_empty());
    let mut foreign = all[0].clone();
    let own = forms(&bobs.open("/settings").text()).remove(0);
    foreign.set("csrf", &own.fields.iter().find(|(name, _)| name == "csrf").unwrap().1);
    assert_eq!(bobs.submit(&foreign, None).status, 404);
    for odd in ["", "x", "-1", "99999999999999999999"] {
        foreign.set("application", odd);
        assert_eq!(bobs.submit(&foreign, None).status, 404, "{odd}");
    }
    assert_eq!(scene.me(&one), 200);
    assert_eq!(browser.submit(&all[0], None).status, 303);
    assert_eq!((scene.me(&one), scene.me(&two)), (401, 401));
    assert!(stream.ends() < Duration::from_secs(5));
    assert_eq!(subscriptions(&scene), 0);
    assert!(forms(&browser.open("/settings/applications").text()).is_empty());
}

#[test]
fn s_078_browsers_are_shown_and_signed_out() {
    let scene = Scene::new();
    create(&scene.instance, "bob");
    let (mut here, mut there) = (scene.signed_in(), scene.signed_in());
    let page = here.open("/settings/sessions").text();
    let all = forms(&page);
    assert_eq!(all.len(), 2);
    assert_eq!(page.matches("This browser").count(), 1);
    let hash = |browser: &Browser| {
        let secret = browser.cookie("dassie_session").unwrap();
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(dassie::crypto::token_hash(secret))
    };
    let mut form = all[0].clone();
    form.set("session", &hash(&there));
    // bob cannot end it
    let mut bobs = Browser::new(&scene.instance);
    let sign_in = bobs.open("/auth/sign_in?return_to=/");
    assert_eq!(bobs.sign_in(&sign_in, "bob", PASSWORD).status, 303);
    let mut foreign = forms(&bobs.open("/settings/sessions").text()).remove(0);
    foreign.set("session", &hash(&there));
    bobs.submit(&foreign, None);
    assert_eq!(there.get("/settings").status, 200);
    assert_eq!(here.submit(&form, None).status, 303);
    assert_eq!(there.get("/settings").status, 303, "signed out");
    assert_eq!(here.get("/settings").status, 200);
    form.set("session", "no base64!");
    assert_eq!(here.submit(&form, None).status, 404);
    let out = forms(&here.open("/settings").text()).remove(0);
    assert_eq!(here.submit(&out, None).status, 303);
    assert_eq!(here.get("/settings").status, 303);
}

#[test]
fn s_067_many_at_once_wait_or_are_sent_away() {
    let scene = Scene::new();
    let base = scene.instance.base.clone();
    let all: Vec<_> = (0..40)
        .map(|_| {
            let base = base.clone();
            std::thread::spawn(move || {
                let mut browser = Browser::at(&base);
                let page = browser.open("/auth/sign_in");
                browser.sign_in(&page, "ann", "wrong password").status
            })
        })
        .collect();
    let statuses: Vec<u16> = all.into_iter().map(|one| one.join().unwrap()).collect();
    assert!(statuses.iter().all(|status| matches!(status, 422 | 429)), "{statuses:?}");
    assert!(statuses.contains(&429));
}

#[test]
fn f_350_f_351_somebody_moves_in_a_browser() {
    let scene = Scene::new();
    let mut browser = scene.signed_in();
    let there = crate::support::Instance::start();
    let bob = there.person("bob");
    let ann = format!("{}/users/ann", scene.instance.base);
    let form = |browser: &mut Browser, at: usize, values: &[(&str, &str)]| {
        let mut form = forms(&browser.open("/settings/moving").text()).remove(at);
        for (name, value) in values {
            form.set(name, value);
        }
        // a box that nobody ticks
        form.fields.retain(|(name, _)| name != "redirect_only");
        form
    };
    let document = || scene.instance.activity(&ann).json();
    let handle = format!("@{}", bob.handle());
    let go = |browser: &mut Browser, account: &str, password: &str| {
        let form = form(browser, 0, &[("account", account), ("password", password)]);
        browser.submit(&form, None)
    };
    // the alias is missing, nobody is there, the password is wrong
    for (account, password, word) in [
        (handle.as_str(), PASSWORD, "does not name this one"),
        ("@nobody@127.0.0.1:1", PASSWORD, "does not answer"),
        ("nonsense", PASSWORD, "No account was found"),
        (&handle, "wrong", "not your password"),
    ] {
        let answer = go(&mut browser, account, password);
        assert_eq!(answer.status, 422, "{account}");
        assert!(answer.text().contains(word), "{account}: {}", answer.text());
    }
    assert!(document().get("movedTo").is_none());
    let alias = serde_json::json!({"also_known_as_uris": [ann]});
    bob.post("/api/v1/accounts/alias", alias);
    assert_eq!(go(&mut browser, &handle, PASSWORD).status, 303);
    assert_eq!(document()["movedTo"], bob.uri);
    let page = browser.open("/settings/moving").text();
    assert!(page.contains(&format!("<code>{handle}</code>")) && !page.contains("redirect_only"));
    let back = |browser: &mut Browser, password: &str| {
        let form = form(browser, 0, &[("password", password)]);
        browser.submit(&form, None).status
    };
    assert_eq!(back(&mut browser, "wrong"), 422);
    assert_eq!(back(&mut browser, PASSWORD), 303);
    assert!(document().get("movedTo").is_none());
    // once in a week; a sign at the door any time
    let again = go(&mut browser, &handle, PASSWORD);
    assert!(again.status == 422 && again.text().contains("seven days"));
    // aliases
    let add = form(&mut browser, 1, &[("add", &handle)]);
    assert_eq!(browser.submit(&add, None).status, 303);
    assert_eq!(document()["alsoKnownAs"], serde_json::json!([bob.uri]));
    let unknown = form(&mut browser, 2, &[("add", "@nobody@127.0.0.1:1")]);
    assert_eq!(browser.submit(&unknown, None).status, 422);
    let remove = form(&mut browser, 1, &[]);
    assert_eq!(browser.submit(&remove, None).status, 303);
    assert!(document().get("alsoKnownAs").is_none());
}
