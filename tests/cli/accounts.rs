//! Accounts, and what their owners want of a command.

use super::*;

#[test]
fn s_085_accounts_are_made_listed_changed_and_deleted_without_a_server() {
    let place = Place::real("a.example");
    for command in [
        &["account", "list"] as &[&str],
        &["delivery", "list"],
        &["token", "create", "--account", "a"],
    ] {
        let said = place.refuses(command);
        assert!(said.contains("account create"), "what to do first: {said}");
    }
    assert!(!place.data().exists(), "nothing was made");
    place.creates("ann");
    let stdin = |args: &[&str], input: &str| run(&mut place.command(args), input);
    let bob = ["account", "create", "--username", "bob", "--email", "b@mail.example", "--admin"];
    let made = stdin(&bob, &format!("{PASSWORD}\n"));
    assert_eq!((made.code, made.err.as_str()), (Some(0), ""), "{made:?}");
    assert!(!made.out.contains(PASSWORD));
    let list = place.does(&["account", "list"]);
    let lines: Vec<Vec<&str>> = list.lines().map(|l| l.split_whitespace().collect()).collect();
    assert_eq!(lines[1][..3], ["ann", "ann@mail.example", "no"]);
    assert_eq!(lines[2][..3], ["bob", "b@mail.example", "yes"]);
    assert_eq!(lines.len(), 3);
    for (args, why) in [
        (place.create("ann"), "taken"),
        (place.create("with space"), "letters"),
        (place.create(&"x".repeat(200)), ""),
    ] {
        let said = place.refuses(&args.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(said.contains(why), "{said}");
    }
    let short = stdin(&["account", "password", "ann", "--password-stdin"], "short\n");
    assert_eq!(short.code, Some(1), "{short:?}");
    assert!(!short.err.contains("short\n"), "{short:?}");
    let none = stdin(&["account", "password", "ann", "--password-stdin"], "");
    assert_eq!(none.code, Some(1), "{none:?}");
    let changed =
        stdin(&["account", "password", "ann", "--password", "-"], "another long password\r\n");
    assert_eq!(changed.code, Some(0), "{changed:?}");
    assert!(
        place
            .refuses(&["account", "password", "nobody", "--password", PASSWORD])
            .contains("nobody")
    );
    assert!(place.refuses(&["account", "delete", "bob"]).contains("--yes"));
    assert!(place.refuses(&["account", "disable-2fa", "ann"]).contains("no second factor"));
    assert!(place.refuses(&["account", "disable-2fa", "nobody"]).contains("nobody"));
    place.does(&["account", "delete", "bob", "--yes"]);
    assert_eq!(place.does(&["account", "list"]).lines().count(), 2);
    let bob: Vec<&str> = vec![
        "account",
        "create",
        "--username",
        "bob",
        "--email",
        "b2@mail.example",
        "--password",
        PASSWORD,
    ];
    place.refuses(&bob);
    assert_eq!(place.does(&["delivery", "list"]), "Nothing waits.\n");
    let token = place.does(&["token", "create", "--account", "ann"]);
    assert_eq!(token.lines().count(), 1);
    assert!(token.trim().len() >= 43);
    assert!(
        place
            .refuses(&["token", "create", "--account", "ann", "--scopes", "everything"])
            .contains("everything")
    );
    assert!(
        place
            .refuses(&["token", "create", "--account", "ann", "--scopes", "admin:read"])
            .contains("admin")
    );
    assert_eq!(place.does(&["version"]), format!("dassie {}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!(run(&mut place.command(&["nonsense"]), "").code, Some(2));
}

#[test]
fn commands_work_while_the_server_runs() {
    let place = Place::new();
    let mut serving = Serving::start(&place, &["serve", "--dev"]);
    place.creates("ann");
    let token = place.does(&["token", "create", "--account", "ann", "--name", "script"]);
    let token = token.trim();
    let me = api(&place, token, "GET", "/api/v1/accounts/verify_credentials").send().ok();
    assert_eq!(me["username"], "ann");
    let app = api(&place, token, "GET", "/api/v1/apps/verify_credentials").send().ok();
    assert_eq!(app["name"], "script");
    let narrow = place.does(&["token", "create", "--account", "@ann", "--scopes", "read:search"]);
    let refused = api(&place, narrow.trim(), "GET", "/api/v1/timelines/home").send();
    assert_eq!(refused.status, 403);
    assert!(place.does(&["account", "list"]).contains("ann@mail.example"));
    // a delivery that cannot be made is listed with its reason
    let peer = Peer::start(&["mia"]);
    peer.answer(PeerAnswer::Status(503));
    let body = json!({"status": format!("@mia@{} hello", peer.host), "visibility": "direct"});
    api(&place, token, "POST", "/api/v1/statuses").json(&body).send().ok();
    let list = eventually("the failure is listed", || {
        Some(place.does(&["delivery", "list"])).filter(|list| list.contains("503"))
    });
    assert!(
        list.contains(&peer.host) && list.contains("Create") && list.contains("1 for 1 server"),
        "{list}"
    );
    // S-078: at once, also in the running server
    place.does(&["account", "password", "ann", "--password", "another long password"]);
    let ended = api(&place, token, "GET", "/api/v1/accounts/verify_credentials").send();
    assert_eq!(ended.status, 401);
    place.does(&["account", "delete", "ann", "--yes"]);
    let gone = Request::new("GET", format!("{}/users/ann", place.base()))
        .header("accept", "application/activity+json")
        .send();
    assert_eq!(gone.status, 410);
    serving.stop();
}

#[test]
fn f_352_files_go_in_and_out_with_and_without_a_server() {
    let place = Place::new();
    let mut serving = Serving::start(&place, &["serve", "--dev"]);
    place.creates("ann");
    place.creates("bob");
    serving.stop();
    let file = place.folder.path().join("follows.csv");
    std::fs::write(&file, "Account address\nbob\nghost\n").unwrap();
    let file = file.to_str().unwrap();
    assert_eq!(place.does(&["import", "--account", "ann"]), "There was no import yet.\n");
    // stored now, done when there is a server
    let begun = place.does(&["import", file, "--account", "ann", "--type", "following"]);
    assert!(begun.contains("under way") && begun.contains("dassie import --config"), "{begun}");
    serving = Serving::start(&place, &["serve", "--dev"]);
    let stands = || place.does(&["import", "--account", "ann"]);
    let stands = eventually("it ends", || Some(stands()).filter(|s| s.contains("finished")));
    let line: Vec<&str> = stands.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(line[..6], ["1", "following", "2", "1", "1", "finished"]);
    let out = place.does(&["export", "--account", "ann", "--type", "following"]);
    assert_eq!(out.lines().nth(1), Some(&*format!("bob@{},true,false,", place.listen)));
    // a large file goes through the socket as well
    let many: String = (0..19_000).map(|n| format!("\"{n}\",d{n}.example\n")).collect();
    std::fs::write(file, format!("x,#domain\n{many}")).unwrap();
    place.does(&["import", file, "--account", "ann", "--type", "domain_blocks"]);
    let copy = place.folder.path().join("out.csv");
    place.does(&["export", copy.to_str().unwrap(), "--account", "ann", "--type", "followers"]);
    assert_eq!(std::fs::read_to_string(copy).unwrap(), "Account address\n");
    assert!(place.refuses(&["export", "--account", "zoe", "--type", "lists"]).contains("zoe"));
    let wrong = ["import", file, "--account", "ann", "--type", "followers"];
    assert!(place.refuses(&wrong).contains("cannot be imported"));
    let missing = ["import", "nowhere.csv", "--account", "ann", "--type", "mutes"];
    assert!(place.refuses(&missing).contains("nowhere.csv cannot be read"));
    serving.stop();
}

#[test]
fn s_085_a_first_start_for_real_has_no_usable_login() {
    let place = Place::real("a.example");
    let mut serving = Serving::start(&place, &["serve"]);
    let said = eventually("it greets", || {
        Some(serving.said()).filter(|said| said.contains("account create"))
    });
    assert!(said.contains("--config") && !said.contains("password"), "{said}");
    assert_eq!(place.does(&["account", "list"]), "There is no account yet.\n");
    for (host, status) in [("a.example", 200), ("b.example", 421)] {
        let answer = Request::new("GET", format!("{}/api/v2/instance", place.base()))
            .header("host", host)
            .send();
        assert_eq!(answer.status, status, "{host}");
    }
    place.creates("ann");
    let path = format!("{}/.well-known/webfinger?resource=acct:ann@a.example", place.base());
    let finger = Request::new("GET", path).header("host", "a.example").send().ok();
    assert_eq!(
        finger["links"][0]["href"].as_str().map(|href| href.starts_with("https://a.example/")),
        Some(true)
    );
    serving.stop();
}
