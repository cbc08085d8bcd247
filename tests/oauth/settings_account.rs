//! What somebody does about the account as a whole: another address, its end; and how they get to
//! these pages, in their language.

use dassie::config::RegistrationMode;

use super::letters::{arrived, press, scene as with_mail, signs_in};
use super::two_factor::{code_at, enrol};
use super::*;

/// Fills the first form of a page that has this action, and sends it.
#[track_caller]
fn send(browser: &mut Browser, path: &str, values: &[(&str, &str)]) -> Answer {
    let page = browser.open(path);
    let action = path.split('?').next().unwrap();
    let found = forms(&page.text()).into_iter().find(|form| form.action.starts_with(action));
    let mut form = found.unwrap_or_else(|| panic!("{path} has no form: {}", page.text()));
    for (name, value) in values {
        assert!(
            form.fields.iter().any(|(field, _)| field == name),
            "{path} does not ask for {name}"
        );
        form.set(name, value);
    }
    browser.submit(&form, None)
}

fn problem(answer: &Answer) -> String {
    let text = answer.text();
    let (_, rest) = text.split_once("role=\"alert\">").unwrap_or_else(|| panic!("{text}"));
    rest.split('<').next().unwrap().to_owned()
}

#[test]
fn an_address_is_changed_in_a_browser() {
    let scene = Scene::new();
    create(&scene.instance, "bob");
    let mut browser = scene.signed_in();
    assert!(browser.open("/settings/email").text().contains("ann@mail.example"));
    for (email, password, word) in [
        ("nonsense", PASSWORD, "no e-mail address"),
        ("", PASSWORD, "no e-mail address"),
        ("new@mail.example", "wrong password", "not your password"),
        ("BOB@mail.example", PASSWORD, "Another account"),
    ] {
        let answer =
            send(&mut browser, "/settings/email", &[("email", email), ("password", password)]);
        assert_eq!(answer.status, 422, "{email}");
        assert!(problem(&answer).contains(word), "{email}: {}", problem(&answer));
        assert!(
            answer.text().contains(&format!("value=\"{email}\"")),
            "{email} is typed once only"
        );
    }
    let values = [("email", " new@mail.example "), ("password", PASSWORD)];
    let answer = send(&mut browser, "/settings/email", &values);
    assert_eq!((answer.status, answer.header("location")), (303, Some("/settings?done=email")));
    assert!(browser.open("/settings?done=email").text().contains("address is changed"));
    assert_eq!(signs_in(&scene.instance, "new@mail.example", PASSWORD), 303);
    assert_eq!(signs_in(&scene.instance, "ann@mail.example", PASSWORD), 422);
}

#[test]
fn where_there_is_mail_an_address_is_confirmed_first() {
    let (instance, server) = with_mail(RegistrationMode::Closed);
    create(&instance, "ann");
    let mut browser = Browser::new(&instance);
    let page = browser.open("/auth/sign_in");
    assert_eq!(browser.sign_in(&page, "ann", PASSWORD).status, 303);
    let change = |browser: &mut Browser, email: &str| {
        let values = [("email", email), ("password", PASSWORD)];
        let answer = send(browser, "/settings/email", &values);
        (answer.status, answer.header("location").map(str::to_owned))
    };
    assert_eq!(change(&mut browser, "one@mail.example"), (303, Some("/settings/email".into())));
    let text = browser.open("/settings/email").text();
    assert!(text.contains("on its way to one@mail.example"), "{text}");
    assert_eq!(signs_in(&instance, "one@mail.example", PASSWORD), 422);
    // the old one takes it back
    let first = arrived(&server, 0);
    assert_eq!(change(&mut browser, "ann@mail.example").1.as_deref(), Some("/settings?done=email"));
    assert!(!browser.open("/settings/email").text().contains("one@mail.example"));
    let link = first.link(&instance.base);
    assert_eq!(browser.get(&link).status, 404, "there is no button to press");
    assert_eq!(signs_in(&instance, "ann@mail.example", PASSWORD), 303);
    change(&mut browser, "two@mail.example");
    press(&instance, &arrived(&server, 1).link(&instance.base));
    assert_eq!(signs_in(&instance, "two@mail.example", PASSWORD), 303);
}

#[test]
fn s_083_what_is_grave_takes_the_second_factor_too() {
    let scene = Scene::new();
    let mut browser = scene.signed_in();
    let (secret, recovery) = enrol(&mut browser, &scene.clock);
    for (path, values) in [
        ("/settings/email", vec![("email", "new@mail.example")]),
        ("/settings/delete", vec![("name", "ann")]),
    ] {
        for (password, code) in
            [(PASSWORD, ""), (PASSWORD, "000000"), ("wrong password", recovery[0].as_str())]
        {
            let mut all = values.clone();
            all.extend([("password", password), ("code", code)]);
            assert_eq!(send(&mut browser, path, &all).status, 422, "{path} {password} {code}");
        }
    }
    assert_eq!(signs_in(&scene.instance, "new@mail.example", PASSWORD), 422);
    let code = code_at(&scene.clock, &secret, 1);
    let values = [("email", "new@mail.example"), ("password", PASSWORD), ("code", code.as_str())];
    assert_eq!(send(&mut browser, "/settings/email", &values).status, 303);
    let values = [("name", "ann"), ("password", PASSWORD), ("code", recovery[0].as_str())];
    assert_eq!(send(&mut browser, "/settings/delete", &values).status, 200);
}

#[test]
fn an_account_is_deleted_in_a_browser() {
    let scene = Scene::new();
    create(&scene.instance, "bob");
    let (mut browser, mut other) = (scene.signed_in(), scene.signed_in());
    let code = scene.code(&mut browser, &[("redirect_uri", OUT_OF_BAND)]);
    let access = token(scene.trade(&code, OUT_OF_BAND, &[]));
    let text = browser.open("/settings/delete").text();
    for path in ["/settings/archive", "/settings/data", "/settings/moving"] {
        assert!(text.contains(&format!("href=\"{path}\"")), "what to do before: {path}");
    }
    for (name, password, word) in [
        ("", PASSWORD, "not the name"),
        ("bob", PASSWORD, "not the name"),
        ("ann", "wrong password", "not your password"),
        ("ann", "", "not your password"),
    ] {
        let answer =
            send(&mut browser, "/settings/delete", &[("name", name), ("password", password)]);
        assert_eq!(answer.status, 422, "{name} {password}");
        assert!(problem(&answer).contains(word), "{}", problem(&answer));
    }
    assert_eq!(scene.me(&access), 200, "nothing was done");
    let answer =
        send(&mut browser, "/settings/delete", &[("name", "@ANN"), ("password", PASSWORD)]);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(answer.text().contains("Your account is deleted"));
    assert_eq!(browser.cookie("dassie_session"), None);
    assert_eq!(scene.me(&access), 401);
    assert_eq!(other.get("/settings").status, 303, "every browser");
    assert_eq!(signs_in(&scene.instance, "ann", PASSWORD), 422);
    let page = Request::new("GET", format!("{}/@ann", scene.instance.base));
    assert_eq!(page.header("accept", "text/html").send().status, 410);
    assert_eq!(signs_in(&scene.instance, "bob", PASSWORD), 303, "nobody else");
}

#[test]
fn s_069_the_ends_of_an_account_do_not_come_from_elsewhere() {
    let scene = Scene::new();
    let mut browser = scene.signed_in();
    for path in ["/settings/email", "/settings/delete"] {
        assert_eq!(Browser::new(&scene.instance).get(path).status, 303, "{path}");
        let mut form = forms(&browser.open(path).text()).remove(0);
        for (name, value) in
            [("email", "new@mail.example"), ("name", "ann"), ("password", PASSWORD)]
        {
            form.set(name, value);
        }
        let foreign = browser.submit_from(&form, None, &[("sec-fetch-site", "cross-site")]);
        assert_eq!(foreign.status, 403, "{path}");
        form.set("csrf", "");
        assert_eq!(browser.submit(&form, None).status, 403, "{path}");
    }
    assert_eq!(browser.get("/settings").status, 200);
}

#[test]
fn addresses_that_apps_know_from_mastodon_lead_to_ours() {
    let scene = Scene::new();
    let mut browser = scene.signed_in();
    for (theirs, ours) in [
        ("/auth/edit", "/settings"),
        ("/settings/profile", "/settings"),
        ("/settings/preferences", "/settings"),
        ("/settings/preferences/other", "/settings"),
        ("/settings/two_factor_authentication_methods", "/settings/two_factor"),
        ("/settings/migration", "/settings/moving"),
        ("/settings/aliases", "/settings/moving"),
        ("/settings/export", "/settings/data"),
        ("/oauth/authorized_applications", "/settings/applications"),
        ("/invites?lang=zh", "/settings/invites?lang=zh"),
    ] {
        let answer = browser.get(theirs);
        assert_eq!((answer.status, answer.header("location")), (303, Some(ours)), "{theirs}");
    }
    let stranger = Browser::new(&scene.instance).open("/auth/edit");
    assert!(forms(&stranger.text())[0].action.starts_with("/auth/sign_in"), "after signing in");
}

#[test]
fn signing_in_from_nowhere_leads_to_the_account() {
    let scene = Scene::new();
    let mut browser = Browser::new(&scene.instance);
    let page = browser.open("/auth/sign_in");
    let answer = browser.sign_in(&page, "ann", PASSWORD);
    assert_eq!(answer.header("location"), Some("/settings"));
    assert_eq!(browser.get("/auth/sign_in").header("location"), Some("/settings"));
    let out = forms(&browser.open("/settings").text()).remove(0);
    assert_eq!(browser.submit(&out, None).header("location"), Some("/"));
}

#[test]
fn a_chosen_language_stays_from_the_foot_of_a_page_to_the_settings_and_back() {
    let scene = Scene::new();
    let mut browser = Browser::new(&scene.instance);
    // the browser itself says nothing, so that all is English but for the choice
    let page = browser.open("/settings?lang=zh");
    assert!(page.text().contains("<html lang=\"zh\">"), "signing in");
    let answer = browser.sign_in(&page, "ann", PASSWORD);
    assert_eq!(answer.header("location"), Some("/settings?lang=zh"));
    let text = browser.open("/settings?lang=zh").text();
    let links: Vec<&str> = text.split("<a ").skip(2).collect();
    let links: Vec<&str> = links
        .iter()
        .filter_map(|link| link.split_once("href=\"").map(|(_, rest)| rest))
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    assert!(links.len() > 10, "{links:?}");
    for link in &links {
        let is_switch = *link == "/settings?lang=en";
        assert!(is_switch || link.ends_with("?lang=zh"), "{link} forgets it");
    }
    assert!(links.contains(&"/settings?lang=en"), "the other one is offered");
    // a form with its answer, and the way back
    let refused =
        send(&mut browser, "/settings/email?lang=zh", &[("email", ""), ("password", PASSWORD)]);
    assert!(refused.text().contains("<html lang=\"zh\">"));
    assert!(!refused.text().contains("lang=en"), "what was typed would be lost");
    let values = [("email", "ann@mail.example"), ("password", PASSWORD)];
    let done = send(&mut browser, "/settings/email?lang=zh", &values);
    assert_eq!(done.header("location"), Some("/settings?done=email&lang=zh"));
    let out = forms(&text).remove(0);
    assert_eq!(browser.submit(&out, None).header("location"), Some("/?lang=zh"));
    // changing it on the way keeps where one was going
    let page = browser.open("/settings/moving?lang=zh").text();
    assert!(
        page.contains("href=\"/auth/sign_in?return_to=%2Fsettings%2Fmoving&#38;lang=en\""),
        "{page}"
    );
}

#[test]
fn f_351_each_reason_against_an_alias_is_said() {
    let scene = Scene::new();
    let mut browser = scene.signed_in();
    let there = Instance::start();
    let (bob, host) = (there.person("bob"), scene.instance.host.clone());
    let add = |browser: &mut Browser, account: &str| {
        let page = browser.open("/settings/moving");
        let all = forms(&page.text());
        let mut form = all.into_iter().find(|form| form.fields.iter().any(|(n, _)| n == "add"));
        let form = form.as_mut().unwrap();
        form.set("add", account);
        browser.submit(form, None)
    };
    for (account, word) in [
        (format!("@ann@{host}"), "this account itself"),
        ("nonsense".to_owned(), "No account was found"),
        (format!("@nobody@{host}"), "No account was found"),
        (format!("@nobody@{}", there.host), "No account was found"),
        ("@nobody@127.0.0.1:1".to_owned(), "does not answer"),
    ] {
        let answer = add(&mut browser, &account);
        assert_eq!(answer.status, 422, "{account}");
        assert!(problem(&answer).contains(word), "{account}: {}", problem(&answer));
        assert!(answer.text().contains(&format!("value=\"{account}\"")), "{account} is typed once");
    }
    let handle = format!("@{}", bob.handle());
    assert_eq!(add(&mut browser, &handle).status, 303);
    let text = browser.open("/settings/moving").text();
    assert!(text.contains(&format!("<code>{handle}</code>")), "{text}");
    // an account that is not known, and ten of them
    let path = scene.instance.folder.path().join("data/dassie.db");
    let sql = rusqlite::Connection::open(path).unwrap();
    let read = "SELECT details FROM account WHERE username = 'ann'";
    if let Ok(details) = sql.query_row(read, [], |row| row.get::<_, String>(0)) {
        let known = json!([bob.uri]).to_string();
        let many: Vec<String> = (0..10).map(|n| format!("https://gone.example/{n}")).collect();
        let set = "UPDATE account SET details = ? WHERE username = 'ann'";
        sql.execute(set, [details.replace(&known, &json!(many).to_string())]).unwrap();
        let text = browser.open("/settings/moving").text();
        assert!(text.contains("<code>https://gone.example/9</code>"), "{text}");
        let answer = add(&mut browser, &handle);
        assert!(problem(&answer).contains("10 already"), "{}", problem(&answer));
    } else {
        panic!("aliases are elsewhere");
    }
}

#[test]
fn f_350_what_was_typed_stays_and_oneself_is_no_place_to_go() {
    let scene = Scene::new();
    let mut browser = scene.signed_in();
    let own = format!("@ann@{}", scene.instance.host);
    let values = [("account", own.as_str()), ("password", PASSWORD), ("redirect_only", "true")];
    let answer = send(&mut browser, "/settings/moving", &values);
    assert!(problem(&answer).contains("this account itself"));
    let text = answer.text();
    assert!(text.contains(&format!("value=\"{own}\"")) && text.contains("value=\"true\" checked"));
    let values = [("account", own.as_str()), ("password", "wrong password")];
    assert!(send(&mut browser, "/settings/moving", &values).text().contains(&own));
}
