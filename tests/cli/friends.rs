//! Who comes in, by command: invitations, who waits, and whether letters arrive.

use serde_json::{Value, json};

use super::{PASSWORD, Place, Serving};
use crate::support::Request;
use crate::support::smtp::{Guard, SmtpServer};

fn place(more: &str) -> Place {
    let place = Place::new();
    let text = std::fs::read_to_string(place.file()).unwrap();
    place.configure(&format!("{text}{more}"));
    place
}

#[test]
fn friends_are_invited_and_decided_about_with_and_without_a_server() {
    let place = place("[registrations]\nmode = \"approval\"\n");
    let mut serving = Serving::start(&place, &["serve", "--dev"]);
    place.creates("ann");
    let address = place.does(&["invite", "create", "--uses", "2", "--lasts", "1d"]);
    let address = address.trim();
    assert!(address.starts_with(&format!("{}/invite/", place.base())), "{address}");
    let list = place.does(&["invite", "list"]);
    assert!(
        list.starts_with("ADDRESS") && list.contains(address) && list.contains("0 of 2"),
        "{list}"
    );
    assert_eq!(place.does(&["invite", "revoke", address]), "Taken back.\n");
    assert_eq!(place.does(&["invite", "list"]), "There is no invitation.\n");
    assert!(place.refuses(&["invite", "revoke", address]).contains("no such invitation"));
    assert!(place.refuses(&["invite", "create", "--uses", "0"]).contains("1 to 100 people"));

    assert_eq!(place.does(&["account", "list", "--pending"]), "Nobody waits.\n");
    let post = |path: &str, body: Value, token: Option<&str>| {
        let mut request = Request::new("POST", format!("{}{path}", place.base())).json(&body);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        request.send().ok()
    };
    let app = json!({"client_name": "x", "redirect_uris": "urn:ietf:wg:oauth:2.0:oob",
        "scopes": "write"});
    let app = post("/api/v1/apps", app, None);
    let own = json!({"client_id": app["client_id"], "client_secret": app["client_secret"],
        "grant_type": "client_credentials", "scope": "write"});
    let own = post("/oauth/token", own, None)["access_token"].as_str().unwrap().to_owned();
    for name in ["newt", "eft"] {
        let form = json!({"username": name, "email": format!("{name}@mail.example"),
            "password": PASSWORD, "agreement": true, "locale": "en", "reason": "tea \u{1b}[2J"});
        post("/api/v1/accounts", form, Some(&own));
    }
    let list = place.does(&["account", "list", "--pending"]);
    assert!(list.contains("newt@mail.example") && list.contains("tea \u{fffd}[2J"), "{list}");
    let said = place.does(&["account", "approve", "newt"]);
    assert_eq!(said, format!("Let in @newt@{}\n", place.listen));
    serving.stop();
    assert_eq!(place.does(&["account", "reject", "eft"]), "Turned away eft\n");
    assert!(place.refuses(&["account", "approve", "eft"]).contains("nobody waits"));
    let accounts = place.does(&["account", "list"]);
    assert!(accounts.contains("newt") && !accounts.contains("eft"), "{accounts}");
}

#[test]
fn doctor_sends_a_trial_letter() {
    let server = SmtpServer::start(Guard::Open);
    server.demand("secret");
    let mail = format!(
        "[smtp]\nhost = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\nusername = \"me\"\n\
         password = \"secret\"\nfrom = \"dassie@social.example\"\n",
        server.port
    );
    let findings = |place: &Place, more: &[&str]| -> Vec<Value> {
        let run = place.run(&[&["doctor", "--json"], more].concat());
        let said: Value = serde_json::from_str(&run.out).unwrap_or_else(|_| panic!("{run:?}"));
        let all = said["findings"].as_array().unwrap().clone();
        all.into_iter().filter(|one| one["check"].as_str().unwrap().starts_with("mail_")).collect()
    };
    let with = place("");
    let plain = std::fs::read_to_string(with.file()).unwrap();
    let mut serving = Serving::start(&with, &["serve", "--dev"]);
    with.creates("ann");
    assert!(findings(&with, &[]).is_empty());
    let off = findings(&with, &["--mail", "ann@mail.example"]);
    assert_eq!(off[0]["check"], "mail_off");
    with.configure(&format!("{plain}{mail}"));
    assert_eq!(findings(&with, &[])[0]["check"], "mail_ok");
    assert!(server.taken().is_empty());
    let sent = findings(&with, &["--mail", "ann@mail.example"]);
    assert_eq!((&sent[0]["check"], &sent[0]["level"]), (&json!("mail_sent"), &json!("ok")));
    let taken = server.taken();
    assert_eq!(taken[0].to, ["ann@mail.example"]);
    assert!(taken[0].header("subject").unwrap().contains("trial letter"), "{taken:?}");
    assert_eq!(taken[0].login.as_deref(), Some("me secret"));
    with.configure(&format!("{plain}{}", mail.replace("secret", "another")));
    let found = findings(&with, &["--mail", "ann@mail.example"]);
    assert_eq!((&found[0]["check"], &found[0]["level"]), (&json!("mail_bad"), &json!("bad")));
    assert!(!found[0].to_string().contains("another"), "no password: {found:?}");
    assert!(found[0]["advice"].as_str().unwrap().contains("[smtp]"));
    serving.stop();
}

#[test]
fn s_017_settings_of_mail_that_do_not_fit_are_refused_with_the_reason() {
    let good = "[smtp]\nhost = \"mail.example\"\nfrom = \"a@b.example\"\n";
    place(good).does(&["config", "check", "--dev"]);
    for (text, said) in [
        ("[registrations]\nmode = \"open\"\n", "registrations.mode = \"open\" needs [smtp]"),
        ("[smtp]\nhost = \"mail.example\"\n", "smtp.host needs the sender of letters in smtp.from"),
        (
            &format!("{good}security = \"none\"\n"),
            "smtp.security = \"none\" is for a server on this",
        ),
        (&format!("{good}username = \"me\"\n"), "smtp.username and smtp.password belong together"),
        (&format!("{good}port = 0\n"), "smtp.port must not be 0"),
        (
            "[smtp]\nhost = \"https://mail.example/\"\n",
            "smtp.host must be the name of a server alone",
        ),
        (
            "[registrations]\nmax_accounts = 0\n",
            "registrations.max_accounts must be a number from 1",
        ),
    ] {
        let refused = place(text).refuses(&["config", "check", "--dev"]);
        assert!(refused.contains(said), "{text}: {refused}");
    }
    place(&format!("{good}[registrations]\nmode = \"open\"\n")).does(&["config", "check", "--dev"]);
}
