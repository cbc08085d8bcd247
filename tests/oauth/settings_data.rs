//! Files in and out, and blocks, in a browser.

use dassie::config::Size;

use super::*;
use crate::support::eventually;
use crate::support::picture::{Part, form as multipart};

fn id_of(scene: &Scene, name: &str) -> String {
    let found = scene.instance.get(&format!("/api/v1/accounts/lookup?acct={name}")).ok();
    found["id"].as_str().unwrap().to_owned()
}

/// Sends the form of a page with a file, as browsers do.
fn send_file(browser: &mut Browser, kind: &str, data: &[u8]) -> Answer {
    send_at(browser, "/settings/data", kind, data)
}

fn send_at(browser: &mut Browser, path: &str, kind: &str, data: &[u8]) -> Answer {
    let page = browser.get(path).text();
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
    let archives = scene.instance.app.media.archives.clone();
    scene.instance.person("bob");
    let mut browser = scene.signed_in();
    let file = format!("Account address\nbob@{}\n", scene.instance.host);
    let answer = send_file(&mut browser, "blocks", file.as_bytes());
    assert_eq!((answer.status, answer.header("location")), (303, Some("/settings/data")));
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
        ("blocks", &vec![b'x'; 10_000_001], 413),
        ("blocks", &vec![b'x'; 11_000_000], 413),
    ] {
        let answer = send_file(&mut browser, kind, data);
        assert_eq!(answer.status, status, "{kind}: {}", answer.text());
        assert!(answer.header("content-type").unwrap().starts_with("text/html"), "{kind}");
        let forms = forms(&answer.text());
        assert!(forms.iter().any(|form| form.action == "/settings/data"), "{kind}: a way on");
        assert_eq!(answer.text().contains("Split it"), status == 413, "{kind}");
    }
    assert_eq!(std::fs::read_dir(archives.temporary("")).unwrap().count(), 0, "no file is left");
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
fn f_352_each_import_shows_how_it_stands_and_what_failed() {
    let scene = Scene::new();
    create(&scene.instance, "bob");
    let mut browser = scene.signed_in();
    let many: String = (0..25).map(|n| format!("ghost{n}\n")).collect();
    assert_eq!(send_file(&mut browser, "blocks", many.as_bytes()).status, 303);
    assert_eq!(send_file(&mut browser, "mutes", b"bob\n\"no, name\"\n").status, 303);
    let page = eventually("both are done", || {
        let page = browser.get("/settings/data").text();
        (page.matches("finished").count() == 2).then_some(page)
    });
    assert!(page.contains("0 of 25 lines done, 25 failed"), "{page}");
    assert!(page.contains("1 of 2 lines done, 1 failed"), "{page}");
    let told = |why: &str| page.matches(&format!("<small>{why}</small>")).count();
    assert_eq!((told("Record not found"), told("this line cannot be understood")), (20, 1));
    // as files, which can be brought in again
    let links: Vec<String> = page
        .split("href=\"")
        .skip(1)
        .filter_map(|part| part.split('"').next())
        .filter(|link| link.contains("failed="))
        .map(str::to_owned)
        .collect();
    assert_eq!(links.len(), 2, "{page}");
    let newest = browser.get(&links[0]);
    assert_eq!(newest.header("content-type"), Some("text/csv; charset=utf-8"));
    let named = newest.header("content-disposition");
    assert_eq!(named, Some("attachment; filename=\"mutes_failed.csv\""));
    assert!(
        newest.text().contains("no, name") || newest.text().contains("no,"),
        "{}",
        newest.text()
    );
    assert!(!newest.text().contains("bob"), "{}", newest.text());
    assert_eq!(browser.get(&links[1]).text().lines().count(), 25, "all of them");
    // S-082: of nobody else
    let mut other = Browser::new(&scene.instance);
    let form = other.open("/auth/sign_in");
    assert_eq!(other.sign_in(&form, "bob", PASSWORD).status, 303);
    for path in [links[0].as_str(), "/settings/data?failed=999", "/settings/data?failed=x"] {
        assert_eq!(other.get(path).status, 404, "{path}");
    }
    // in Chinese, what was stored in English too
    let page = browser.get("/settings/data?lang=zh").text();
    assert_eq!(page.matches("<small>找不到该账号或帖子</small>").count(), 20, "{page}");
    assert!(page.contains("<small>无法识别这一行</small>"), "{page}");
}

#[test]
fn what_is_refused_on_a_chinese_page_is_told_in_chinese() {
    let mut scene = Scene::new();
    let mut browser = scene.signed_in();
    let path = "/settings/data?lang=zh";
    for (kind, data, why) in [
        ("blocks", &b""[..], "无法导入此文件。 (文件里没有内容)"),
        ("blocks", b"\xff\xfe\xff", "文件不是 UTF-8 编码"),
        ("nonsense", b"a@b.example\n", "请选择文件内容"),
        ("followers", b"a@b.example\n", "关注者无法导入"),
        ("following", b"a b c\n", "文件内容与所选类型不符"),
        ("blocks", &vec![b'x'; 10_000_001], "请拆成几个文件"),
    ] {
        let page = send_at(&mut browser, path, kind, data).text();
        assert!(page.contains(why), "{kind}: {page}");
        assert!(!page.contains("Validation") && !page.contains("data "), "{kind}: {page}");
    }
    // a form that is too old, on any page
    let mut form = forms(&browser.get("/settings/blocks?lang=zh").text()).pop().unwrap();
    form.set("hide", "a.example");
    form.set("csrf", "x");
    let old = browser.submit(&form, None);
    assert_eq!(old.status, 403);
    assert!(old.text().contains("此表单已过期"), "{}", old.text());
    assert!(!old.text().contains("This form"), "{}", old.text());
    // a disk without room is no hurry of the reader's
    scene.instance.start_with(|config| config.media.min_free_disk = Size(1 << 60));
    for (language, why) in [("en", "The disk of this server is full"), ("zh", "磁盘已满")] {
        let path = format!("/settings/data?lang={language}");
        let full = send_at(&mut browser, &path, "blocks", b"a@b.example\n");
        assert_eq!(full.status, 503);
        assert!(full.text().contains(why) && !forms(&full.text()).is_empty(), "{}", full.text());
    }
}

#[test]
fn f_352_a_file_of_some_megabytes_comes_in() {
    let scene = Scene::new();
    let mut browser = scene.signed_in();
    let long = "x".repeat(60);
    let rows = |count: usize| -> String {
        (0..count).map(|n| format!("server{n}.{long}.example\n")).collect()
    };
    let file = rows(25_000);
    assert!(file.len() > 2_000_000);
    assert_eq!(send_file(&mut browser, "domain_blocks", file.as_bytes()).status, 303);
    assert!(browser.get("/settings/data").text().contains("of 25000 lines done"));
    let short: String = (0..100_001).map(|n| format!("s{n}.example\n")).collect();
    let answer = send_file(&mut browser, "domain_blocks", short.as_bytes());
    assert_eq!(answer.status, 422);
    assert!(answer.text().contains("data has more than 100000 rows"), "{}", answer.text());
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
    // as people paste them
    for (pasted, name) in [
        ("https://Worse.Example/@mia?x", "worse.example"),
        ("*.wild.example", "wild.example"),
        (" Evil.Example ", "evil.example"),
    ] {
        form.set("hide", pasted);
        assert_eq!(browser.submit(&form, None).status, 303);
        page = browser.get("/settings/blocks").text();
        assert!(page.contains(&format!(">{name}<")), "{page}");
    }
    page = press(&mut browser, &page, "show", "evil.example");
    assert!(!page.contains(">evil.example<"));
    for wrong in ["", "no domain", "*", "a.*.example", &scene.instance.host] {
        form.set("hide", wrong);
        let answer = browser.submit(&form, None);
        assert_eq!(answer.status, 422, "{wrong}");
        assert!(answer.text().contains("not the name of another server"), "{wrong}");
    }
    form.set("csrf", "x");
    form.set("hide", "evil.example");
    assert_eq!(browser.submit(&form, None).status, 403);
}
