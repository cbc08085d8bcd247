//! People who misbehave, by command: reports, and what is done to accounts.

use serde_json::{Value, json};

use super::{Place, Serving, api};
use crate::oauth::Browser;
use crate::support::{Peer, eventually};

/// The words of each line but the first.
fn lines(table: &str) -> Vec<Vec<&str>> {
    table.lines().skip(1).map(|line| line.split_whitespace().collect()).collect()
}

#[test]
fn somebody_is_reported_looked_at_and_dealt_with_with_and_without_a_server() {
    let place = Place::new();
    let mut serving = Serving::start(&place, &["serve", "--dev"]);
    for name in ["ann", "bob"] {
        place.creates(name);
    }
    let boss = ["account", "create", "--username", "boss", "--email", "boss@mail.example"];
    place.does(&[&boss[..], &["--password", super::PASSWORD, "--admin"]].concat());
    let token = |name: &str| place.does(&["token", "create", "--account", name]).trim().to_owned();
    let (ann, bob) = (token("ann"), token("bob"));
    let peer = Peer::start(&["mia", "noa"]);
    let post = |token: &str, path: &str, body: Value| {
        api(&place, token, "POST", path).json(&body).send().ok()
    };
    let found = |name: &str| {
        let path = format!("/api/v2/search?resolve=true&q=@{name}@{}", peer.host);
        let found = api(&place, &bob, "GET", &path).send().ok();
        found["accounts"][0]["id"].as_str().unwrap().to_owned()
    };
    let (mia, noa) = (found("mia"), found("noa"));
    let mia_handle = format!("mia@{}", peer.host);
    assert!(
        peer.send(
            "mia",
            &format!("{}/users/ann/inbox", place.base()),
            &json!({
                "@context": "https://www.w3.org/ns/activitystreams", "type": "Follow",
                "id": peer.at("/follows/1"), "actor": peer.uri("mia"),
                "object": format!("{}/users/ann", place.base()),
            })
        )
        .status
            == 202
    );
    eventually("she follows", || {
        peer.received().into_iter().find(|activity| activity["type"] == "Accept")
    });

    assert_eq!(place.does(&["report", "list"]), "No report waits.\n");
    assert_eq!(place.does(&["report", "list", "--resolved"]), "No report is settled.\n");
    assert!(place.refuses(&["report", "show", "1"]).contains("there is no report 1"));
    let status = post(&ann, "/api/v1/statuses", json!({"status": "buy \u{1b}[2J this"}));
    let gone = post(&ann, "/api/v1/statuses", json!({"status": "and that"}));
    post(
        &bob,
        "/api/v1/reports",
        json!({"account_id": status["account"]["id"],
        "status_ids": [status["id"], gone["id"]], "category": "spam", "comment": "look\n\u{1b}[2J!"}),
    );
    post(&bob, "/api/v1/reports", json!({"account_id": mia}));
    api(&place, &ann, "DELETE", &format!("/api/v1/statuses/{}", gone["id"].as_str().unwrap()))
        .send()
        .ok();
    let list = place.does(&["report", "list"]);
    assert!(!list.contains('\u{1b}'));
    let list = lines(&list);
    let (here, there) = (format!("@ann@{}", place.listen), format!("@{mia_handle}"));
    assert_eq!((list[0][0], list[0][2], list[1][0], list[1][2]), ("2", &*there, "1", &*here));
    assert_eq!(list[1][4..7], ["spam", "2", "look"]);
    let page = place.does(&["report", "show", "1"]);
    for part in [
        "Report 1, made on ",
        ": waits",
        &here,
        &format!("@bob@{}", place.listen),
        status["url"].as_str().unwrap(),
        "public",
        "       buy \u{fffd}[2J this\n",
        "       \u{fffd}[2J!\n",
        "1 of the posts",
        "dassie account disable ann@",
        "dassie report resolve 1",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }

    // what the API refuses is refused, with the reason
    assert!(place.refuses(&["account", "suspend", "boss"]).contains("is an administrator"));
    assert!(place.refuses(&["account", "disable", &mia_handle]).contains("on another server"));
    assert!(place.refuses(&["account", "suspend", "nobody"]).contains("no account nobody here"));
    let unknown = format!("zoe@{}", peer.host);
    assert!(place.refuses(&["account", "silence", &unknown]).contains("is not known here"));
    let wrong = place.refuses(&["account", "silence", "ann", "--report", "2"]);
    assert!(wrong.contains("report 2 is not about @ann@"), "{wrong}");
    assert!(place.refuses(&["account", "silence", "ann", "--report", "7"]).contains("no report 7"));
    assert_eq!(lines(&place.does(&["account", "list"]))[0][3], "-");
    assert_eq!(
        place.does(&["account", "list", "--state", "silenced"]),
        "No account is silenced.\n"
    );
    assert_eq!(place.run(&["account", "list", "--state", "odd"]).code, Some(2));

    // a suspension goes out as by the API, and settles the report
    let done = place.does(&["account", "suspend", "ann", "--report", "1"]);
    assert_eq!(done, format!("Suspended {here}\nSettled report 1\n"));
    eventually("her server hears of it", || {
        let is_it = |one: &Value| one["type"] == "Update" && one["object"]["suspended"] == true;
        peer.received().into_iter().find(is_it)
    });
    assert_eq!(api(&place, &ann, "GET", "/api/v1/preferences").send().status, 401);
    assert!(place.does(&["report", "show", "1"]).contains(" by command\n"));
    assert_eq!(lines(&place.does(&["report", "list"])).len(), 1);
    assert!(place.refuses(&["report", "resolve", "1"]).contains("settled already"));
    assert!(place.refuses(&["report", "reopen", "2"]).contains("not settled"));
    place.does(&["account", "disable", "bob"]);
    assert_eq!(api(&place, &bob, "GET", "/api/v1/preferences").send().status, 401);
    serving.stop();

    // and so without a server
    let done = place.does(&["account", "silence", &format!("@{mia_handle}"), "--report", "2"]);
    assert_eq!(done, format!("Silenced {there}\nSettled report 2\n"));
    place.does(&["account", "suspend", &format!("noa@{}", peer.host)]);
    let state = |state: &str| {
        let table = place.does(&["account", "list", "--state", state]);
        let names = lines(&table).into_iter().map(|line| format!("{} {}", line[0], line[3]));
        names.collect::<Vec<_>>()
    };
    assert_eq!(state("silenced"), [format!("{mia_handle} silenced")]);
    assert_eq!(
        state("suspended"),
        [format!("noa@{} suspended", peer.host), "ann suspended".to_owned()]
    );
    assert_eq!(state("disabled"), ["bob disabled"]);
    let all = place.does(&["account", "list"]);
    let states: Vec<_> = lines(&all).into_iter().map(|line| line[3].to_owned()).collect();
    assert_eq!(states, ["-", "suspended", "disabled", "-"], "dev, ann, bob, boss");
    assert_eq!(place.does(&["report", "list"]), "No report waits.\n");
    assert_eq!(lines(&place.does(&["report", "list", "--resolved", "--limit", "1"])).len(), 1);
    assert_eq!(place.does(&["report", "reopen", "2"]), "Report 2 waits again\n");
    assert_eq!(place.does(&["report", "resolve", "2"]), "Settled report 2\n");

    // all of it can be taken back
    serving = Serving::start(&place, &["serve", "--dev"]);
    for (what, whom) in [("unsuspend", "ann"), ("enable", "bob"), ("unsilence", &mia_handle)] {
        assert!(place.does(&["account", what, whom]).starts_with("No longer "));
    }
    eventually("her server hears of that, too", || {
        let all = peer.received();
        let last = all.iter().rfind(|one| one["type"] == "Update")?;
        (last["object"].get("suspended") != Some(&json!(true))).then_some(())
    });
    assert_eq!(state("silenced").len() + state("disabled").len(), 0);
    assert_eq!(state("suspended").len(), 1);
    let bob = token("bob");
    let is_hidden = |id: &str| {
        let shown = api(&place, &bob, "GET", &format!("/api/v1/accounts/{id}")).send().ok();
        shown["suspended"] == true
    };
    assert!(is_hidden(&noa) && !is_hidden(&mia));
    // who is kept out with a whole server is not among those
    place.does(&["domain", "block", &peer.host]);
    eventually("the block holds", || is_hidden(&mia).then_some(()));
    assert_eq!(state("suspended").len(), 1);
    serving.stop();
}

#[test]
fn an_address_is_changed_by_command_and_counts_at_once() {
    let place = Place::new();
    let text = std::fs::read_to_string(place.file()).unwrap();
    // with mail, addresses that people change themselves are confirmed first
    place.configure(&format!("{text}[smtp]\nhost = \"127.0.0.1\"\nfrom = \"a@mail.example\"\n"));
    let mut serving = Serving::start(&place, &["serve", "--dev"]);
    place.creates("ann");
    place.creates("bob");
    let said = place.does(&["account", "email", "ann", " new@mail.example "]);
    assert_eq!(said, format!("Changed the address of @ann@{}\n", place.listen));
    assert!(place.does(&["account", "list"]).contains("  new@mail.example  "));
    for (name, address, why) in [
        ("ann", "bob@mail.example", "already been taken"),
        ("ann", "BOB@mail.example", "already been taken"),
        ("ann", "no address", "invalid"),
        ("ann", "", "invalid"),
        ("nobody", "a@mail.example", "nobody"),
    ] {
        let said = place.refuses(&["account", "email", name, address]);
        assert!(said.contains(why), "{address}: {said}");
    }
    place.does(&["account", "email", "ann", "New2@mail.example"]);
    let mut browser = Browser::at(&place.base());
    let page = browser.open("/auth/sign_in");
    assert_eq!(browser.sign_in(&page, "new@mail.example", super::PASSWORD).status, 422);
    assert_eq!(browser.sign_in(&page, "new2@mail.example", super::PASSWORD).status, 303);
    serving.stop();
    place.does(&["account", "email", "ann", "new2@mail.example"]);
    assert!(place.does(&["account", "list"]).contains("  new2@mail.example  "));
}
