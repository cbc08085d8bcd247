//! The second factor: enrolling, signing in with it, losing it.

use super::*;
use dassie::crypto::totp;

const STEP: i64 = 30_000;

/// RFC 4648.
fn base32(text: &str) -> Vec<u8> {
    let (mut word, mut bits, mut out) = (0_u32, 0, Vec::new());
    for c in text.bytes() {
        let at = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|b| *b == c).unwrap();
        word = (word << 5) | at as u32;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            out.push((word >> bits) as u8);
        }
    }
    out
}

pub fn code_at(clock: &Clock, secret: &[u8], steps: i64) -> String {
    totp::code(secret, clock.now_ms() / STEP + steps)
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("no {before} in {text}"));
    rest.split_once(after).unwrap().0
}

/// Turns it on through the pages; answers the secret and the recovery codes.
pub fn enrol(browser: &mut Browser, clock: &Clock) -> (Vec<u8>, Vec<String>) {
    let page = browser.open("/settings/two_factor");
    let mut form = forms(&page.text()).remove(0);
    assert_eq!(form.action, "/settings/two_factor/begin");
    form.set("password", "wrong password");
    assert_eq!(browser.submit(&form, None).status, 422);
    form.set("password", PASSWORD);
    let page = browser.submit(&form, None);
    assert_eq!(page.status, 200, "{}", page.text());
    let text = page.text();
    assert!(text.contains("<svg class=\"qr\"") && text.contains("<path d=\"M"));
    let secret = base32(between(&text, "<code class=\"copy\">", "</code>"));
    assert_eq!(secret.len(), 20);
    let mut form = forms(&text).remove(0);
    form.set("code", "000");
    let refused = browser.submit(&form, None);
    assert_eq!(refused.status, 422);
    assert!(!refused.text().contains("<svg"), "the secret is shown after the password alone");
    form.set("code", &code_at(clock, &secret, 0));
    let page = browser.submit(&form, None);
    assert_eq!(page.status, 200, "{}", page.text());
    let text = page.text();
    let list = between(&text, "<ul class=\"codes copy\">", "</ul>").to_owned();
    let codes: Vec<String> =
        list.split("<li>").skip(1).map(|part| part.split('<').next().unwrap().to_owned()).collect();
    assert_eq!(codes.len(), 10);
    (secret, codes)
}

/// The password is right; answers the page that asks for the code.
#[track_caller]
fn first_step(browser: &mut Browser) -> Form {
    let page = browser.open("/auth/sign_in?return_to=/settings");
    let answer = browser.sign_in(&page, "ann", PASSWORD);
    assert_eq!(answer.status, 303, "{}", answer.text());
    let to = answer.header("location").unwrap().to_owned();
    assert_eq!(to, "/auth/two_factor?return_to=%2Fsettings");
    assert_eq!(browser.cookie("dassie_session"), None, "not signed in yet");
    forms(&browser.open(&to).text()).remove(0)
}

fn enter(browser: &mut Browser, form: &Form, code: &str) -> Answer {
    let mut form = form.clone();
    form.set("code", code);
    browser.submit(&form, None)
}

/// All pages of somebody signed in, and a sign-in with both: for the test of query plans.
pub fn everything(instance: &Instance, browser: &mut Browser) {
    let (_, recovery) = enrol(browser, &Clock::system());
    let mut other = Browser::new(instance);
    let page = other.open("/auth/sign_in?return_to=/settings");
    let to = other.sign_in(&page, "oauth", PASSWORD).header("location").unwrap().to_owned();
    let form = forms(&other.open(&to).text()).remove(0);
    assert_eq!(enter(&mut other, &form, &recovery[0]).status, 303);
    for path in ["/settings", "/settings/two_factor", "/settings/applications"] {
        assert_eq!(browser.get(path).status, 200, "{path}");
    }
    let sessions = forms(&browser.open("/settings/sessions").text());
    assert_eq!(browser.submit(sessions.first().unwrap(), None).status, 303);
    let command = Command::AccountDisable2fa { account: "oauth".into() };
    control::execute(&instance.app, command).unwrap();
    let apps = forms(&browser.open("/settings/applications").text());
    assert_eq!(browser.submit(&apps[0], None).status, 303);
    let mut form = forms(&browser.open("/settings/password").text()).remove(0);
    for name in ["current", "new", "again"] {
        form.set(name, PASSWORD);
    }
    assert_eq!(browser.submit(&form, None).status, 303);
}

#[test]
fn s_083_signing_in_takes_both_and_each_code_once() {
    let scene = Scene::new();
    let (secret, recovery) = enrol(&mut scene.signed_in(), &scene.clock);
    let mut browser = Browser::new(&scene.instance);
    let form = first_step(&mut browser);
    let refused = |answer: Answer| assert_eq!(answer.status, 422, "{}", answer.text());
    // the code that turned it on was seen
    refused(enter(&mut browser, &form, &code_at(&scene.clock, &secret, 0)));
    refused(enter(&mut browser, &form, "123"));
    refused(enter(&mut browser, &form, ""));
    refused(enter(&mut browser, &form, &"1".repeat(5000)));
    // half a sign-in opens nothing
    let pending = browser.cookie("dassie_pending").unwrap().to_owned();
    let mut half = Browser::new(&scene.instance);
    half.cookies.push(("dassie_session".into(), pending));
    assert_eq!(half.get("/settings").status, 303);
    scene.clock.advance(STEP);
    let code = code_at(&scene.clock, &secret, 0);
    let answer = enter(&mut browser, &form, &code);
    assert_eq!((answer.status, answer.header("location")), (303, Some("/settings")));
    assert_eq!(browser.get("/settings").status, 200);
    assert_eq!(browser.cookie("dassie_pending"), None);
    // somebody looked over the shoulder
    let mut thief = Browser::new(&scene.instance);
    let form = first_step(&mut thief);
    refused(enter(&mut thief, &form, &code));
    refused(enter(&mut thief, &form, &code_at(&scene.clock, &secret, -1)));
    // a clock may be a step ahead, and then what was before is over
    assert_eq!(enter(&mut thief, &form, &code_at(&scene.clock, &secret, 1)).status, 303);
    // recovery codes, however they are typed, once
    let mut lost = Browser::new(&scene.instance);
    let form = first_step(&mut lost);
    let typed = recovery[3].replace('-', " ").to_uppercase();
    assert_eq!(enter(&mut lost, &form, &typed).status, 303);
    let mut again = Browser::new(&scene.instance);
    let form = first_step(&mut again);
    refused(enter(&mut again, &form, &recovery[3]));
    assert_eq!(enter(&mut again, &form, &recovery[4]).status, 303);
    let page = again.open("/settings/two_factor").text();
    assert!(page.contains("left: 8"), "{page}");
    // none of them stands in the database
    let path = scene.instance.folder.path().join("data/dassie.db");
    let sql = rusqlite::Connection::open(path).unwrap();
    let mut query = sql.prepare("SELECT hash FROM recovery_code").unwrap();
    let rows: Vec<Vec<u8>> =
        query.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    assert!(rows.len() == 8 && rows.iter().all(|hash| hash.len() == 32));
}

#[test]
fn s_068_s_083_codes_are_not_to_be_guessed() {
    let scene = Scene::new();
    let (secret, _) = enrol(&mut scene.signed_in(), &scene.clock);
    let mut browser = Browser::new(&scene.instance);
    let form = first_step(&mut browser);
    let mut tries = 0;
    let pause = loop {
        let answer = enter(&mut browser, &form, "abcdef");
        if answer.status == 429 {
            break answer.header("retry-after").unwrap().parse::<i64>().unwrap();
        }
        assert_eq!(answer.status, 422);
        tries += 1;
        assert!(tries < 20, "nobody slows it down");
    };
    assert!(tries >= 5 && pause > 0);
    scene.clock.advance(STEP);
    let right = code_at(&scene.clock, &secret, 0);
    assert_eq!(enter(&mut browser, &form, &right).status, 429, "not even the right one");
    scene.clock.advance(pause * 1000);
    let right = code_at(&scene.clock, &secret, 0);
    assert_eq!(enter(&mut browser, &form, &right).status, 303);
    // a sign-in that takes too long begins anew
    let mut slow = Browser::new(&scene.instance);
    let form = first_step(&mut slow);
    scene.clock.advance(10 * MINUTE + 1);
    let late = enter(&mut slow, &form, &code_at(&scene.clock, &secret, 0));
    assert_eq!(late.status, 403);
    assert_eq!(forms(&late.text())[0].action, "/auth/sign_in");
}

#[test]
fn s_069_the_second_page_takes_no_foreign_form() {
    let scene = Scene::new();
    let (secret, _) = enrol(&mut scene.signed_in(), &scene.clock);
    scene.clock.advance(STEP);
    let mut browser = Browser::new(&scene.instance);
    let mut form = first_step(&mut browser);
    form.set("code", &code_at(&scene.clock, &secret, 0));
    let mut without = form.clone();
    without.set("csrf", "");
    assert_eq!(browser.submit(&without, None).status, 403);
    let foreign = browser.submit_from(&form, None, &[("origin", "https://evil.example")]);
    assert_eq!(foreign.status, 403);
    assert_eq!(browser.cookie("dassie_session"), None);
    assert_eq!(browser.submit(&form, None).status, 303);
    assert_eq!(Browser::new(&scene.instance).get("/auth/two_factor").status, 303, "to sign in");
}

#[test]
fn it_is_turned_off_with_the_password_or_by_the_operator() {
    let scene = Scene::new();
    let mut browser = scene.signed_in();
    let disable = |browser: &mut Browser, password: &str| {
        let page = browser.open("/settings/two_factor");
        let mut form = forms(&page.text()).remove(0);
        assert_eq!(form.action, "/settings/two_factor/disable");
        form.set("password", password);
        browser.submit(&form, None)
    };
    enrol(&mut browser, &scene.clock);
    assert_eq!(disable(&mut browser, "wrong password").status, 422);
    assert_eq!(disable(&mut browser, PASSWORD).status, 303);
    scene.signed_in();
    let off = || {
        let command = Command::AccountDisable2fa { account: "ann".into() };
        control::execute(&scene.instance.app, command)
    };
    assert!(off().is_err(), "there is none");
    scene.clock.advance(STEP);
    enrol(&mut browser, &scene.clock);
    off().unwrap();
    scene.signed_in();
}

#[test]
fn s_083_the_same_through_the_api() {
    let scene = Scene::new();
    let mut browser = scene.signed_in();
    let code = scene.code(&mut browser, &[("redirect_uri", OUT_OF_BAND)]);
    let one = token(scene.trade(&code, OUT_OF_BAND, &[]));
    let code = scene.code(&mut browser, &[("redirect_uri", OUT_OF_BAND)]);
    let two = token(scene.trade(&code, OUT_OF_BAND, &[]));
    let send = |token: &str, method, path: &str, body: Value| {
        Request::new(method, format!("{}/api/v1/user{path}", scene.instance.base))
            .header("authorization", format!("Bearer {token}"))
            .json(&body)
            .send()
    };
    let offered = |token: &str| {
        let answer = send(token, "GET", "/2fa/qruri", Value::Null);
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        answer.text()
    };
    let early = json!({"code": "123456", "password": PASSWORD});
    assert_eq!(send(&one, "POST", "/2fa/enable", early).status, 409);
    let address = offered(&one);
    assert!(address.starts_with("otpauth://totp/127.0.0.1%3A"), "{address}");
    assert_eq!(offered(&one), address, "the same until it is confirmed");
    let picture = send(&one, "GET", "/2fa/qr.svg", Value::Null);
    assert_eq!(picture.header("content-type"), Some("image/svg+xml"));
    assert!(picture.text().starts_with("<svg "));
    let secret = base32(between(&address, "secret=", "&"));
    let right = code_at(&scene.clock, &secret, 0);
    // what one app was shown another can neither see nor confirm
    let confirm = json!({"code": right, "password": PASSWORD});
    assert_eq!(send(&two, "POST", "/2fa/enable", confirm.clone()).status, 409);
    for (body, status) in [
        (json!({}), 422),
        (json!({"code": ""}), 422),
        (json!({"code": ["1"], "password": PASSWORD}), 422),
        (json!({"code": "000", "password": PASSWORD}), 403),
        // a token alone locks nobody out
        (json!({"code": right}), 422),
        (json!({"code": right, "password": "wrong one"}), 403),
    ] {
        assert_eq!(send(&one, "POST", "/2fa/enable", body.clone()).status, status, "{body}");
    }
    assert_eq!(send(&one, "GET", "", Value::Null).ok().get("two_factor_enabled_at"), None);
    let told = send(&one, "POST", "/2fa/enable", confirm);
    assert_eq!(told.header("cache-control"), Some("private, no-store"));
    let codes = told.ok();
    assert_eq!(codes.as_array().unwrap().len(), 10);
    assert!(send(&one, "GET", "", Value::Null).ok()["two_factor_enabled_at"].is_string());
    for (method, path) in [("GET", "/2fa/qruri"), ("GET", "/2fa/qr.svg"), ("POST", "/2fa/enable")] {
        let body = json!({"code": "1", "password": PASSWORD});
        assert_eq!(send(&one, method, path, body).status, 409, "{path}");
    }
    first_step(&mut Browser::new(&scene.instance));
    assert_eq!(send(&one, "POST", "/2fa/disable", json!({})).status, 422);
    assert_eq!(send(&one, "POST", "/2fa/disable", json!({"password": "wrong one"})).status, 403);
    assert_eq!(send(&one, "POST", "/2fa/disable", json!({"password": PASSWORD})).ok(), json!({}));
    assert_eq!(send(&one, "POST", "/2fa/disable", json!({"password": PASSWORD})).status, 409);
    scene.signed_in();
}
