//! What is said nowhere: secrets, and what strangers would like to be said.

use super::*;

#[test]
fn s_081_no_secret_is_told_to_the_log() {
    let place = Place::new();
    let mut serving = Serving::start(&place, &["serve", "--dev"]);
    place.creates("ann");
    let token = place.does(&["token", "create", "--account", "ann"]).trim().to_owned();
    api(&place, &token, "GET", "/api/v1/accounts/verify_credentials").send().ok();
    let query = format!("?access_token={token}&stream=user");
    drop(crate::support::Socket::open(&place.listen, &query, &[]).unwrap());
    let query = format!("/api/v1/timelines/home?access_token={token}");
    assert_eq!(Request::new("GET", format!("{}{query}", place.base())).send().status, 401);
    let redirect = "urn:ietf:wg:oauth:2.0:oob";
    let app = Request::new("POST", format!("{}/api/v1/apps", place.base()))
        .form(&[("client_name", "x"), ("redirect_uris", redirect)])
        .send()
        .ok();
    let text = |name: &str| app[name].as_str().unwrap().to_owned();
    let (client, secret) = (text("client_id"), text("client_secret"));
    let mut browser = crate::oauth::Browser::at(&place.base());
    let asked = format!(
        "/oauth/authorize?client_id={client}&redirect_uri={redirect}&response_type=code&scope=read"
    );
    let page = browser.open(&asked);
    assert_eq!(browser.sign_in(&page, "ann", "not this password").status, 422);
    let back = browser.sign_in(&page, "ann", PASSWORD);
    let consent = browser.open(back.header("location").unwrap());
    let form = crate::oauth::forms(&consent.text()).remove(0);
    let shown = browser.submit(&form, Some("allow"));
    let code = shown.header("location").unwrap().rsplit('=').next().unwrap().to_owned();
    browser.open(shown.header("location").unwrap());
    let issued = Request::new("POST", format!("{}/oauth/token", place.base()))
        .form(&[
            ("grant_type", "authorization_code"),
            ("client_id", &client),
            ("client_secret", &secret),
            ("redirect_uri", redirect),
            ("code", &code),
        ])
        .send()
        .ok();
    let issued = issued["access_token"].as_str().unwrap().to_owned();
    let cookies: Vec<String> = browser.cookies.iter().map(|(_, value)| value.clone()).collect();
    assert!(!cookies.is_empty());
    let said = eventually("all of it is logged", || {
        Some(serving.said()).filter(|said| said.contains("path=/oauth/token"))
    });
    serving.stop();
    let mut secrets =
        vec![token, secret, code, issued, PASSWORD.into(), "not this password".into()];
    secrets.extend(cookies);
    for one in secrets {
        assert!(one.len() > 8 && !said.contains(&one), "{one} stands in the log");
    }
}

/// What strangers call themselves reaches the log of a server and the terminal of whoever types a
/// command, and commands neither.
#[test]
fn s_127_a_name_that_would_clear_the_screen_clears_none() {
    let place = Place::new();
    let mut serving = Serving::start(&place, &["serve", "--dev"]);
    let hostile = "mia\u{1b}[2J\r\nERROR forged\u{202e}";
    let forged = "/users/mia%1b%5b2J%0d%0aERROR%20forged%e2%80%ae";
    Request::new("GET", format!("{}{forged}", place.base())).send();
    let note = json!({
        "type": "Create", "id": format!("https://b.example/{hostile}"), "actor": hostile,
        "object": {"type": "Note", "id": hostile, "attributedTo": hostile, "content": hostile},
    });
    Request::new("POST", format!("{}/inbox", place.base()))
        .header("content-type", "application/activity+json")
        .header("signature", format!("keyId=\"https://b.example/{}\"", "\u{9b}31m"))
        .json(&note)
        .send();
    serving.stop();
    let said = serving.said();
    assert!(said.contains("path=/users/mia"), "it was logged: {said}");
    let acts = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
    assert!(!said.chars().any(acts), "{said:?}");
    assert!(!said.lines().any(|line| line.starts_with("ERROR forged")), "{said}");
    for command in [["host", "list"], ["delivery", "list"]] {
        assert!(!place.does(&command).chars().any(acts));
    }
    // a word that is not understood is told back
    let run = place.run(&["domain", "block", hostile]);
    assert!(!run.err.chars().any(acts), "{:?}", run.err);
}

#[test]
fn s_040_s_127_no_secret_reaches_the_log() {
    let place = Place::new();
    for format in ["human", "json"] {
        let file = std::fs::read_to_string(place.file()).unwrap();
        let file =
            file.lines().filter(|line| !line.starts_with("format")).collect::<Vec<_>>().join("\n");
        place.configure(&format!("{file}\nformat = \"{format}\"\n"));
        let mut serving = Serving::start(&place, &["serve", "--dev"]);
        let name = format!("ann_{format}");
        place.creates(&name);
        let token = place.does(&["token", "create", "--account", &name]).trim().to_owned();
        let peer = Peer::start(&["mia"]);
        let body = json!({"status": format!("the secret is marmalade @mia@{}", peer.host), "visibility": "direct"});
        api(&place, &token, "POST", "/api/v1/statuses").json(&body).send().ok();
        let private = [
            ("/api/v1/lists", json!({"title": "marmalade"})),
            (
                "/api/v2/filters",
                json!({"title": "marmalade", "context": ["home"],
                       "keywords_attributes": [{"keyword": "marmalade"}]}),
            ),
            (
                "/api/v1/statuses",
                json!({"status": "marmalade", "scheduled_at": "2099-01-01T00:00:00Z"}),
            ),
            ("/api/v1/statuses", json!({"status": "x", "language": "marmalade marmalade"})),
            ("/api/v1/reports", json!({"account_id": "marmalade", "comment": "marmalade"})),
        ];
        for (path, body) in private {
            let answer = api(&place, &token, "POST", path).json(&body).send();
            assert!(answer.status < 500, "{path}: {}", answer.text());
        }
        // and what comes from elsewhere: for few, and nothing that can be used
        let inbox = format!("{}/users/{name}/inbox", place.base());
        let to = format!("{}/users/{name}", place.base());
        let few = json!({"to": [to], "cc": [], "summary": "marmalade"});
        for (number, more) in [(1, few), (2, json!({"to": 7, "attributedTo": "marmalade"}))] {
            let told = peer.create("mia", number, "<p>marmalade</p>", more);
            let status = peer.send("mia", &inbox, &told).status;
            assert!(status == 202 || status == 400, "{status}");
        }
        let wrong = json!({"type": "marmalade", "id": "marmalade", "actor": "marmalade"});
        assert!(peer.send("mia", &inbox, &wrong).status >= 400);
        api(&place, "a-wrong-token", "GET", "/api/v1/timelines/home").send();
        Request::new(
            "GET",
            format!("{}/api/v2/search?q=marmalade&access_token={token}", place.base()),
        )
        .send();
        api(&place, &token, "GET", "/api/v2/search?q=marmalade").send().ok();
        let mut browser = Browser::at(&place.base());
        let page = browser.open("/auth/sign_in");
        assert!(!forms(&page.text()).is_empty());
        browser.sign_in(&page, &name, "a wrong password");
        assert_eq!(browser.sign_in(&page, &name, PASSWORD).status, 303);
        eventually("it is delivered", || (!peer.received().is_empty()).then_some(()));
        // forged lines in what strangers send
        let forged = Request::new("GET", format!("{}/nothing%0aERROR%20forged", place.base()));
        forged.send();
        serving.stop();
        let said = serving.said();
        assert!(said.to_lowercase().contains("request"), "it was logged: {said:.300}");
        for secret in [
            PASSWORD,
            "a wrong password",
            token.as_str(),
            "a-wrong-token",
            "PRIVATE KEY",
            "marmalade",
            "Bearer ",
            "argon2",
            "signature=\"",
            "Signature: ",
            "sha-256=",
            "SHA-256=",
            &browser.cookies[0].1,
            &browser.cookies[1].1,
        ] {
            assert!(!said.contains(secret), "{secret} is in the {format} log");
        }
        assert!(!said.lines().any(|line| line.starts_with("ERROR forged")), "a line was forged");
        if format == "json" {
            let log = said.lines().filter(|line| line.starts_with('{'));
            assert!(log.clone().count() > 3);
            for line in log {
                serde_json::from_str::<Value>(line).unwrap_or_else(|e| panic!("{e}: {line}"));
            }
        }
    }
}

#[test]
fn s_126_a_crash_would_leave_no_core_file() {
    let place = Place::new();
    let mut server = Serving::start(&place, &["serve", "--dev"]);
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", server.child.id())).unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(line.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{line}");
    server.stop();
}

#[test]
fn s_124_what_a_running_server_makes_is_for_nobody_else() {
    let place = Place::new();
    let mut server = Serving::start(&place, &["serve", "--dev"]);
    let mut names = Vec::new();
    for entry in std::fs::read_dir(place.data()).unwrap().map(Result::unwrap) {
        let mode = std::os::unix::fs::MetadataExt::mode(&entry.metadata().unwrap());
        let name = entry.file_name().into_string().unwrap();
        assert_eq!(mode & 0o077, 0, "{name}");
        names.push(name);
    }
    for name in ["dassie.db", "dassie.db-wal", "dassie.db-shm", "dassie.sock", "lock"] {
        assert!(names.iter().any(|have| have == name), "{name} is not in {names:?}");
    }
    server.stop();
}
