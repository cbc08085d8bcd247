//! Files in and out, and blocks, in a browser.

use super::*;
use crate::support::eventually;
use crate::support::picture::{Part, form as multipart};

fn id_of(scene: &Scene, name: &str) -> String {
    let found = scene.instance.get(&format!("/api/v1/accounts/lookup?acct={name}")).ok();
    found["id"].as_str().unwrap().to_owned()
}

/// Sends the form of a page with a file, as browsers do.
fn send_file(browser: &mut Browser, kind: &str, data: &[u8]) -> Answer {
    let page = browser.get("/settings/data").text();
    let form = forms(&page).remove(0);
    let csrf = form.fields.iter().find(|(name, _)| name == "csrf").unwrap().1.clone();
    let request = Request::new("POST", browser.address(&form.action)).header("origin", "null");
    browser.send(multipart(
        request,
        &[
            Part::Text("csrf", &csrf),
            Part::Text("type", kind),
            Part::Text("mode", "merge"),
            Part::File("data", "mine.csv", data),
        ],
    ))
}

#[test]
fn f_352_files_go_out_and_come_in_through_a_page() {
    let scene = Scene::new();
    scene.instance.person("bob");
    let mut browser = scene.signed_in();
    let file = format!("Account address\nbob@{}\n", scene.instance.host);
    let answer = send_file(&mut browser, "blocks", file.as_bytes());
    assert_eq!((answer.status, answer.header("location")), (303, Some("/settings?done=data")));
    assert!(browser.get("/settings?done=data").text().contains("its lines are being done"));
    eventually("it is done", || {
        browser.get("/settings/data").text().contains("1 of 1 lines done").then_some(())
    });
    let out = browser.get("/settings/data?file=blocks");
    assert_eq!(out.header("content-type"), Some("text/csv; charset=utf-8"));
    assert_eq!(out.header("content-disposition"), Some("attachment; filename=\"blocks.csv\""));
    assert_eq!(out.header("cache-control"), Some("no-store"));
    assert!(out.text().contains(&format!("bob@{}", scene.instance.host)), "{}", out.text());
    for file in ["following", "followers", "lists", "mutes", "domain_blocks", "bookmarks"] {
        assert_eq!(browser.get(&format!("/settings/data?file={file}")).status, 200, "{file}");
    }
    assert_eq!(browser.get("/settings/data?file=passwords").status, 404);
    let stranger = Browser::new(&scene.instance).get("/settings/data?file=blocks");
    assert_eq!(stranger.status, 303);
    // what is none is refused with a page that says so
    for (kind, data, status) in [
        ("blocks", &b"\xff\xfe\xff"[..], 422),
        ("blocks", b"", 422),
        ("followers", b"a@b.example\n", 422),
        ("nonsense", b"a@b.example\n", 422),
        ("blocks", &vec![b'x'; (1 << 20) + 10], 413),
    ] {
        let answer = send_file(&mut browser, kind, data);
        assert_eq!(answer.status, status, "{kind}: {}", answer.text());
        assert!(answer.header("content-type").unwrap().starts_with("text/html"), "{kind}");
    }
    // and a form of another page
    let request = Request::new("POST", browser.address("/settings/data"));
    let foreign = browser.send(multipart(
        request,
        &[
            Part::Text("csrf", "x"),
            Part::Text("type", "blocks"),
            Part::File("data", "a", b"x@y.example"),
        ],
    ));
    assert_eq!(foreign.status, 403);
}

#[test]
fn s_069_blocks_are_seen_and_ended_on_a_page() {
    let scene = Scene::new();
    let bob = scene.instance.person("bob");
    let mut browser = scene.signed_in();
    let code = scene.code(&mut browser, &[("redirect_uri", OUT_OF_BAND)]);
    let access = token(scene.trade(&code, OUT_OF_BAND, &[]));
    let post = |path: &str, body: Value| {
        let request = Request::new("POST", format!("{}{path}", scene.instance.base));
        let request = request.header("authorization", format!("Bearer {access}"));
        request.json(&body).send().ok()
    };
    let target = id_of(&scene, "bob");
    post(&format!("/api/v1/accounts/{target}/block"), json!({}));
    post(&format!("/api/v1/accounts/{target}/mute"), json!({"duration": 86_400}));
    let mut page = browser.get("/settings/blocks").text();
    assert_eq!(page.matches(&format!("@{}", bob.handle())).count(), 2, "{page}");
    let press = |browser: &mut Browser, page: &str, name: &str, value: &str| {
        let form = forms(page).into_iter().find(|form| {
            form.buttons.iter().any(|button| *button == (name.to_owned(), value.to_owned()))
        });
        let answer = browser.submit(&form.unwrap(), Some(value));
        assert_eq!(answer.header("location"), Some("/settings?done=blocks"), "{}", answer.text());
        browser.get("/settings/blocks").text()
    };
    page = press(&mut browser, &page, "unblock", &target);
    assert_eq!(page.matches(&format!("@{}", bob.handle())).count(), 1);
    page = press(&mut browser, &page, "unmute", &target);
    assert_eq!(page.matches(&format!("@{}", bob.handle())).count(), 0);
    // servers
    let mut form = forms(&page).pop().unwrap();
    form.set("hide", " Evil.Example ");
    assert_eq!(browser.submit(&form, None).status, 303);
    page = browser.get("/settings/blocks").text();
    assert!(page.contains(">evil.example<"), "{page}");
    page = press(&mut browser, &page, "show", "evil.example");
    assert!(!page.contains(">evil.example<"));
    for wrong in ["", "no domain", &scene.instance.host] {
        form.set("hide", wrong);
        let answer = browser.submit(&form, None);
        assert_eq!(answer.status, 422, "{wrong}");
        assert!(answer.text().contains("not the name of another server"), "{wrong}");
    }
    form.set("csrf", "x");
    form.set("hide", "evil.example");
    assert_eq!(browser.submit(&form, None).status, 403);
}
