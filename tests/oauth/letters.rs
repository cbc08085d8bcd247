//! Letters: addresses that are confirmed, passwords that were lost, and what becomes of a letter that
//! is not taken.

use dassie::client::mail;
use dassie::clock::{Clock, DAY, HOUR, MINUTE};
use dassie::config::{Config, RegistrationMode, Registrations, SmtpSecurity};
use dassie::control::{self, Command, Reply, SignUpCommand};
use dassie::db;
use dassie::db::applicant::Applicant;
use dassie::service::access;
use dassie::service::letter::{self, About, Confirmed};
use dassie::site::Site;
use serde_json::{Value, json};

use super::{Browser, PASSWORD, create, forms};
use crate::api::sign_up::is_unknown;
use crate::api::{id, token};
use crate::support::smtp::{Guard, SmtpServer, Taken};
use crate::support::{Answer, Instance, Options, Request, eventually};

const OTHER: &str = "another horse entirely";

fn mail(config: &mut Config, server: &SmtpServer) {
    config.smtp.host = Some("127.0.0.1".into());
    config.smtp.port = server.port;
    config.smtp.security = SmtpSecurity::None;
    config.smtp.from = Some("dassie@social.example".into());
    config.instance.title = "Ann's 站".into();
}

/// An instance whose clock stands still, with a server that takes its letters.
pub fn scene(mode: RegistrationMode) -> (Instance, SmtpServer) {
    let clock = Clock::manual(Clock::system().now_ms());
    let mut instance = Instance::with(Options { clock, configure: None });
    let server = SmtpServer::start(Guard::Open);
    let mut config = instance.app.config.clone();
    mail(&mut config, &server);
    config.registrations.mode = mode;
    instance.start_as(config);
    (instance, server)
}

/// The letter with this number, as soon as it is there.
#[track_caller]
pub fn arrived(server: &SmtpServer, number: usize) -> Taken {
    let taken = eventually("a letter", || server.taken().get(number).cloned());
    assert_eq!(server.taken().len(), number + 1, "no more than that");
    taken
}

fn waits(instance: &Instance) -> i64 {
    instance.app.db.read(|conn| db::job::count(conn, 10)).unwrap()
}

/// Until no job is left: a letter has arrived a moment before its job is done, and the same letter
/// is not written twice while its job waits.
fn settled(instance: &Instance) {
    eventually("nothing waits", || (waits(instance) == 0).then_some(()));
}

fn sign_up(instance: &Instance, name: &str, locale: &str) -> String {
    let app = token(instance, None, "read write");
    let body = json!({"username": name, "email": format!("{name}@mail.example"),
        "password": PASSWORD, "agreement": true, "locale": locale, "reason": "x"});
    let answer = Request::new("POST", format!("{}/api/v1/accounts", instance.base))
        .header("authorization", format!("Bearer {app}"))
        .json(&body)
        .send();
    answer.ok()["access_token"].as_str().unwrap().to_owned()
}

fn ask(instance: &Instance, token: &str, method: &'static str, path: &str, body: Value) -> Answer {
    Request::new(method, format!("{}{path}", instance.base))
        .header("authorization", format!("Bearer {token}"))
        .json(&body)
        .send()
}

/// Opens a link and presses its button.
#[track_caller]
pub fn press(instance: &Instance, link: &str) -> Answer {
    let mut browser = Browser::new(instance);
    let page = browser.get(link);
    assert_eq!(page.status, 200, "{}", page.text());
    browser.submit(&forms(&page.text())[0], None)
}

pub fn signs_in(instance: &Instance, name: &str, password: &str) -> u16 {
    let mut browser = Browser::new(instance);
    let page = browser.open("/auth/sign_in");
    browser.sign_in(&page, name, password).status
}

fn account_token(instance: &Instance, name: &str) -> String {
    let command = Command::TokenCreate {
        account: name.into(),
        scopes: "read write".into(),
        name: "Test".into(),
    };
    match control::execute(&instance.app, command).unwrap() {
        Reply::Token(token) => token.0,
        other => panic!("{other:?}"),
    }
}

#[test]
fn s_085_an_account_begins_when_its_address_is_confirmed() {
    let (instance, server) = scene(RegistrationMode::Open);
    let token = sign_up(&instance, "newt", "zh-TW");
    let first = arrived(&server, 0);
    assert_eq!(
        (first.from.as_str(), &first.to[..]),
        ("dassie@social.example", &["newt@mail.example".to_owned()][..])
    );
    assert!(
        first.text.contains("请确认") || first.text.contains("确认这是你的地址"),
        "{}",
        first.text
    );
    assert!(first.header("content-type").unwrap().starts_with("text/plain"));
    assert_eq!(first.header("auto-submitted"), Some("auto-generated"));
    assert!(first.header("message-id").is_some() && first.header("date").is_some());
    let check =
        || ask(&instance, &token, "GET", "/api/v1/emails/check_confirmation", json!({})).ok();
    assert_eq!(check(), false);
    let home = ask(&instance, &token, "GET", "/api/v1/timelines/home", json!({}));
    assert_eq!(home.status, 403);
    assert_eq!(home.json()["error"], "Your login is missing a confirmed e-mail address");
    assert_eq!(signs_in(&instance, "newt", PASSWORD), 403);
    is_unknown(&instance, "newt", "42");
    // nothing that was sent lies in the database
    let link = first.link(&instance.base);
    let secret = link.rsplit('=').next().unwrap();
    let files =
        ["dassie.db", "dassie.db-wal"].map(|name| instance.folder.path().join("data").join(name));
    for file in files.iter().filter(|file| file.exists()) {
        let bytes = std::fs::read(file).unwrap();
        assert!(!bytes.windows(secret.len()).any(|part| part == secret.as_bytes()));
    }
    // once more, to another address: the first link is over
    let again = json!({"email": "newt2@mail.example"});
    let path = "/api/v1/emails/confirmations";
    assert_eq!(ask(&instance, &token, "POST", path, again).ok(), json!({}));
    let second = arrived(&server, 1);
    assert_eq!(second.to, ["newt2@mail.example"]);
    for wrong in [json!({"email": "nobody"}), json!({"email": "a@b.example\r\nBcc: c@d.example"})] {
        assert_eq!(ask(&instance, &token, "POST", path, wrong).status, 422);
    }
    assert_eq!(instance.get(&link).status, 404);
    // whoever only looks at a link does nothing
    let link = second.link(&instance.base);
    for _ in 0..2 {
        assert_eq!(instance.get(&link).status, 200);
    }
    assert_eq!(check(), false);
    let done = press(&instance, &link);
    assert!(done.text().contains("You have an account here now"), "{}", done.text());
    assert_eq!(check(), true);
    assert_eq!(ask(&instance, &token, "GET", "/api/v1/timelines/home", json!({})).status, 200);
    assert_eq!(ask(&instance, &token, "POST", path, json!({})).status, 403);
    assert_eq!(instance.get(&link).status, 404);
    assert_eq!(signs_in(&instance, "newt2@mail.example", PASSWORD), 303);
    for nonsense in ["", "x", &"x".repeat(5000)] {
        assert_eq!(instance.get(&format!("/auth/confirm?token={nonsense}")).status, 404);
    }
}

#[test]
fn an_admin_hears_of_those_whose_address_is_confirmed() {
    let (instance, server) = scene(RegistrationMode::Approval);
    let boss = crate::api::admin::admin(&instance, "boss");
    sign_up(&instance, "newt", "en");
    let first = arrived(&server, 0);
    assert_eq!(boss.notifications(), []);
    assert_eq!(boss.get("/api/v2/admin/accounts?status=pending")[0]["confirmed"], false);
    let done = press(&instance, &first.link(&instance.base));
    assert!(done.text().contains("An administrator will decide"), "{}", done.text());
    let told = arrived(&server, 1);
    assert_eq!(told.to, ["boss@example.org"]);
    assert_eq!(told.link(&instance.base), "/settings/people");
    assert_eq!(boss.notifications().len(), 1);
    let waiting = id(&boss.get("/api/v2/admin/accounts?status=pending")[0]);
    boss.post(&format!("/api/v1/admin/accounts/{waiting}/approve"), json!({}));
    let welcome = arrived(&server, 2);
    assert_eq!(welcome.to, ["newt@mail.example"]);
    assert!(welcome.text.contains(&format!("@newt@{}", instance.host)), "{}", welcome.text);
    // the other way round
    sign_up(&instance, "eft", "en");
    let link = arrived(&server, 3).link(&instance.base);
    let approve = Command::SignUp(SignUpCommand::Approve { name: "eft".into() });
    control::execute(&instance.app, approve).unwrap();
    assert_eq!(instance.get("/@eft").status, 404);
    press(&instance, &link);
    assert_eq!(instance.get("/@eft").status, 200);
    // who never does is forgotten, and the name is free
    sign_up(&instance, "toad", "en");
    arrived(&server, 4);
    instance.advance(2 * DAY + HOUR);
    eventually("the form is forgotten", || {
        instance.advance(MINUTE);
        let left = instance.app.db.read(|conn| db::applicant::find_by_login(conn, "toad"));
        left.unwrap().is_none().then_some(())
    });
    sign_up(&instance, "toad", "en");
}

#[test]
fn an_admin_hears_of_a_report_by_mail_too() {
    let (instance, server) = scene(RegistrationMode::Closed);
    let boss = crate::api::admin::admin(&instance, "boss");
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    boss.post("/api/v1/reports", json!({"account_id": ann.id}));
    bob.post("/api/v1/reports", json!({"account_id": ann.id}));
    let told = arrived(&server, 0);
    assert_eq!(told.to, ["boss@example.org"], "and not of one's own");
    assert!(told.text.contains("dassie report list"), "{}", told.text);
}

#[test]
fn another_address_counts_when_it_is_confirmed() {
    let (instance, server) = scene(RegistrationMode::Closed);
    create(&instance, "ann");
    create(&instance, "bob");
    let token = account_token(&instance, "ann");
    let change = |email: &str| {
        let body = json!({"password": PASSWORD, "new_email": email});
        ask(&instance, &token, "POST", "/api/v1/user/email_change", body)
    };
    assert_eq!(change("bob@mail.example").status, 409);
    let answer = change("one@mail.example");
    assert_eq!(answer.status, 202, "{}", answer.text());
    let shown = answer.json();
    assert_eq!(
        (&shown["email"], &shown["unconfirmed_email"]),
        (&json!("ann@mail.example"), &json!("one@mail.example"))
    );
    let first = arrived(&server, 0);
    assert_eq!(first.to, ["one@mail.example"]);
    // a link proves the address that it was sent to, no other
    change("two@mail.example");
    let second = arrived(&server, 1);
    assert_eq!(instance.get(&first.link(&instance.base)).status, 404);
    assert_eq!(signs_in(&instance, "two@mail.example", PASSWORD), 422);
    assert_eq!(signs_in(&instance, "ann@mail.example", PASSWORD), 303);
    press(&instance, &second.link(&instance.base));
    assert_eq!(signs_in(&instance, "two@mail.example", PASSWORD), 303);
    assert_eq!(signs_in(&instance, "ann@mail.example", PASSWORD), 422);
    let shown = ask(&instance, &token, "GET", "/api/v1/user", json!({})).ok();
    assert_eq!(
        (&shown["email"], shown.get("unconfirmed_email")),
        (&json!("two@mail.example"), None)
    );
}

#[test]
fn s_085_a_link_proves_the_address_that_it_was_sent_to() {
    let instance = Instance::start();
    create(&instance, "ann");
    let site = Site { mails: true, ..instance.app.site.clone() };
    let keys = [(); 2].map(|()| dassie::signature::key::generate().unwrap());
    let ended = instance.app.db.write(db::Lane::Interactive, move |tx| {
        let ann = db::account::find_local(tx, "ann")?.unwrap().id;
        let newt = tx.mint_id();
        let one = Applicant {
            id: newt,
            username: "newt".into(),
            email: "mine@mail.example".into(),
            password_hash: "!".into(),
            locale: "en".into(),
            reason: String::new(),
            invited_by: None,
            confirmed: false,
            approved: true,
            told_id: None,
            application_id: None,
            token_hash: None,
            scopes: String::new(),
            created_at: tx.now(),
        };
        db::applicant::insert(tx, &one)?;
        access::change_email(tx, &site, ann, "hers@mail.example")?;
        let mut links = Vec::new();
        for (about, whom) in [(About::SignUp, newt), (About::Address, ann), (About::Password, ann)]
        {
            let text = letter::write(tx, &site, "T", about as i64, whom)?.unwrap().text;
            let secret = text.split("token=").nth(1).unwrap().split_whitespace().next().unwrap();
            links.push(dassie::crypto::token_hash(secret));
        }
        // before the next letters are written they ask for addresses of others
        letter::confirm_again(tx, &site, newt, Some("another@mail.example"))?;
        db::user::set_email(tx, ann, "new@mail.example")?;
        access::change_email(tx, &site, ann, "another2@mail.example")?;
        let mut ended = vec![letter::find_password(tx, &links[2])?.is_none()];
        let rules = Registrations::default();
        for (hash, key) in links.iter().zip(keys) {
            let confirmed = letter::confirm(tx, &site, &rules, hash, key)?;
            ended.push(matches!(confirmed, Confirmed::Nothing));
        }
        Ok(ended)
    });
    assert_eq!(ended.wait().unwrap(), [true, true, true]);
    assert_eq!(instance.get("/@newt").status, 404);
}

#[test]
fn s_078_a_lost_password_is_set_by_a_link_once_and_within_an_hour() {
    let (instance, server) = scene(RegistrationMode::Closed);
    create(&instance, "ann");
    let token = account_token(&instance, "ann");
    let mut browser = Browser::new(&instance);
    assert!(browser.open("/auth/sign_in").text().contains("/auth/password"));
    let mut send = |email: &str| {
        let page = browser.get("/auth/password");
        let mut form = forms(&page.text()).remove(0);
        form.set("email", email);
        let answer = browser.submit(&form, None);
        assert_eq!(answer.status, 200);
        answer.text()
    };
    // the answer does not tell who has an account
    let unknown = send("nobody@mail.example");
    assert_eq!(send("ann"), unknown);
    assert_eq!(send(" Ann@Mail.example "), unknown);
    let first = arrived(&server, 0);
    assert_eq!(first.to, ["ann@mail.example"]);
    let link = first.link(&instance.base);
    let set = |link: &str, new: &str, again: &str| {
        let mut browser = Browser::new(&instance);
        let mut form = forms(&browser.get(link).text()).remove(0);
        form.set("new", new);
        form.set("again", again);
        browser.submit(&form, None).status
    };
    assert_eq!(set(&link, OTHER, PASSWORD), 422);
    assert_eq!(set(&link, "short", "short"), 422);
    assert_eq!(signs_in(&instance, "ann", PASSWORD), 303, "nothing happened yet");
    // it is for a password, not to confirm anything
    assert_eq!(instance.get(&link.replace("password/new", "confirm")).status, 404);
    assert_eq!(set(&link, OTHER, OTHER), 200);
    assert_eq!(instance.get(&link).status, 404, "once");
    assert_eq!(ask(&instance, &token, "GET", "/api/v1/user", json!({})).status, 401);
    assert_eq!(
        (signs_in(&instance, "ann", PASSWORD), signs_in(&instance, "ann", OTHER)),
        (422, 303)
    );
    send("ann@mail.example");
    let link = arrived(&server, 1).link(&instance.base);
    instance.advance(HOUR);
    assert_eq!(instance.get(&link).status, 404, "an hour");
    // a newer link takes the place of an older one
    send("ann@mail.example");
    let old = arrived(&server, 2).link(&instance.base);
    settled(&instance);
    send("ann@mail.example");
    let new = arrived(&server, 3).link(&instance.base);
    assert_eq!((instance.get(&old).status, instance.get(&new).status), (404, 200));
    // nobody who may not sign in
    let delete = Command::AccountDelete { account: "ann".into() };
    control::execute(&instance.app, delete).unwrap();
    assert_eq!(instance.get(&new).status, 404);
}

#[test]
fn s_022_nobody_is_sent_letter_after_letter() {
    let server = SmtpServer::start(Guard::Open);
    // in dev nothing is limited
    let mut instance = Instance::with(Options {
        clock: Clock::manual(Clock::system().now_ms()),
        configure: Some(|config| config.dev = false),
    });
    let mut config = instance.app.config.clone();
    mail(&mut config, &server);
    instance.start_as(config);
    create(&instance, "ann");
    let base = format!("http://{}", instance.host);
    let mut browser = Browser::at(&base);
    let mut form = forms(&browser.get("/auth/password").text()).remove(0);
    form.set("email", "ann@mail.example");
    for number in 0..5 {
        assert_eq!(browser.submit(&form, None).status, 200);
        arrived(&server, number);
        settled(&instance);
    }
    assert_eq!(browser.submit(&form, None).status, 429);
    form.set("email", "bob@mail.example");
    assert_eq!(browser.submit(&form, None).status, 429, "nor from one address");
    instance.advance(30 * MINUTE);
    assert_eq!(browser.submit(&form, None).status, 200);
}

#[test]
fn without_mail_a_lost_password_is_a_matter_for_the_operator() {
    let instance = Instance::start();
    let page = instance.get("/auth/password");
    assert_eq!(page.status, 404);
    assert!(page.text().contains("This server sends no mail"));
    assert!(!instance.get("/auth/sign_in").text().contains("/auth/password"));
    assert_eq!(instance.get("/auth/password/new?token=x").status, 404);
}

#[test]
fn f_145_a_letter_that_is_not_taken_is_tried_again_or_given_up() {
    let (instance, server) = scene(RegistrationMode::Open);
    server.refuse(&["451 later", "421 too busy"]);
    sign_up(&instance, "newt", "en");
    let postponed = |text: &str| {
        eventually("it is postponed", || {
            let jobs: Vec<String> = {
                let path = instance.folder.path().join("data/dassie.db");
                let sql = rusqlite::Connection::open(path).unwrap();
                let mut query = sql
                    .prepare(
                        "SELECT last_error FROM job WHERE kind = 100 AND last_error IS NOT NULL",
                    )
                    .unwrap();
                query.query_map([], |row| row.get(0)).unwrap().map(|row| row.unwrap()).collect()
            };
            jobs.iter().any(|error| error.contains(text)).then_some(())
        });
    };
    postponed("later");
    assert!(server.taken().is_empty() && waits(&instance) == 1);
    instance.advance(MINUTE + 1);
    postponed("too busy");
    instance.advance(5 * MINUTE + 1);
    let taken = arrived(&server, 0);
    assert_eq!(instance.get(&taken.link(&instance.base)).status, 200);
    settled(&instance);
    // a server that does not want it is not asked again
    server.refuse(&["550 nobody here"]);
    sign_up(&instance, "eft", "en");
    settled(&instance);
    instance.advance(DAY);
    assert_eq!(server.taken().len(), 1);
}

#[test]
fn nothing_in_a_letter_becomes_a_header_of_its_own() {
    let server = SmtpServer::start(Guard::Open);
    let mut config = Config::default();
    config.server.host = "social.example:3000".into();
    mail(&mut config, &server);
    for (number, odd) in [
        "a\r\nBcc: eve@evil.example\r\n\r\nhello",
        "a\nX: y",
        "\r\n.\r\nMAIL FROM:<x@y.example>\r\n",
        "=?utf-8?q?a=0AX:_y?=",
        "长长的标题".repeat(50).as_str(),
        "\0\u{202e}\u{1f9a1}",
    ]
    .into_iter()
    .enumerate()
    {
        let text = format!("{odd}\n.\n..\nFrom: {odd}\nthe end");
        config.instance.title = odd.to_owned();
        let letter = mail::Letter { to: "ann@mail.example".into(), subject: odd.into(), text };
        mail::send(&config, &letter).unwrap();
        let taken = server.taken();
        assert_eq!(taken.len(), number + 1, "{odd:?}");
        let taken = &taken[number];
        assert_eq!(
            (&taken.from[..], &taken.to[..]),
            ("dassie@social.example", &["ann@mail.example".to_owned()][..])
        );
        let mut names: Vec<String> = taken.headers.iter().map(|(n, _)| n.to_lowercase()).collect();
        names.sort_unstable();
        let expected = [
            "auto-submitted",
            "content-transfer-encoding",
            "content-type",
            "date",
            "from",
            "message-id",
            "mime-version",
            "subject",
            "to",
        ];
        names.retain(|name| name != "mime-version");
        let expected: Vec<_> =
            expected.into_iter().filter(|name| *name != "mime-version").collect();
        assert_eq!(names, expected, "{odd:?}");
        assert!(taken.text.trim_end().ends_with("the end"), "{:?}", taken.text);
    }
    for bad in ["nobody", "a@b.example\r\nX: y", "a@b.example>, <c@d.example", ""] {
        let letter = mail::Letter { to: bad.into(), subject: "x".into(), text: "x".into() };
        assert!(mail::send(&config, &letter).unwrap_err().is_final, "{bad:?}");
    }
}

#[test]
fn s_017_a_password_goes_over_no_open_line() {
    let folder = crate::support::TempDir::new();
    let letter =
        mail::Letter { to: "ann@mail.example".into(), subject: "x".into(), text: "x".into() };
    for (guard, security) in
        [(Guard::Tls, SmtpSecurity::Tls), (Guard::Starttls, SmtpSecurity::Starttls)]
    {
        let server = SmtpServer::start(guard);
        server.demand("secret");
        let root = folder.path().join("root.pem");
        std::fs::write(&root, &server.root).unwrap();
        let mut config = Config::default();
        config.server.host = "social.example".into();
        mail(&mut config, &server);
        config.smtp.security = security;
        config.smtp.username = "dassie".into();
        config.smtp.password = "secret".to_owned().into();
        // a certificate of nobody known
        assert!(mail::try_out(&config).is_err(), "{guard:?}");
        config.network.extra_ca_file = Some(root);
        mail::try_out(&config).unwrap();
        mail::send(&config, &letter).unwrap();
        let taken = &server.taken()[0];
        assert!(taken.is_private, "{guard:?}");
        assert_eq!(taken.login.as_deref(), Some("dassie secret"));
        config.smtp.password = "wrong".to_owned().into();
        let refused = mail::try_out(&config).unwrap_err();
        assert!(!refused.is_final && refused.text.contains("wrong password"), "{refused}");
        if guard == Guard::Starttls {
            server.hide_tls();
            let refused = mail::send(&config, &letter).unwrap_err();
            assert!(refused.text.contains("STARTTLS"), "{refused}");
            assert_eq!(server.taken().len(), 1);
        }
    }
    // nobody there
    let mut config = Config::default();
    let server = SmtpServer::start(Guard::Open);
    mail(&mut config, &server);
    config.smtp.port = 1;
    assert!(!mail::try_out(&config).unwrap_err().is_final);
}

/// Everything that letters do, once: for the test of query plans.
pub fn everything() {
    let (instance, server) = scene(RegistrationMode::Approval);
    create(&instance, "ann");
    crate::api::admin::admin(&instance, "boss");
    let token = sign_up(&instance, "newt", "en");
    arrived(&server, 0);
    let path = "/api/v1/emails/confirmations";
    ask(&instance, &token, "POST", path, json!({"email": "n@mail.example"})).ok();
    press(&instance, &arrived(&server, 1).link(&instance.base));
    arrived(&server, 2);
    let own = account_token(&instance, "ann");
    let body = json!({"password": PASSWORD, "new_email": "a@mail.example"});
    assert_eq!(ask(&instance, &own, "POST", "/api/v1/user/email_change", body).status, 202);
    press(&instance, &arrived(&server, 3).link(&instance.base));
    let mut browser = Browser::new(&instance);
    let mut form = forms(&browser.get("/auth/password").text()).remove(0);
    form.set("email", "a@mail.example");
    browser.submit(&form, None);
    let link = arrived(&server, 4).link(&instance.base);
    let mut form = forms(&browser.get(&link).text()).remove(0);
    form.set("new", OTHER);
    form.set("again", OTHER);
    assert_eq!(browser.submit(&form, None).status, 200);
    let approve = Command::SignUp(SignUpCommand::Approve { name: "newt".into() });
    control::execute(&instance.app, approve).unwrap();
    arrived(&server, 5);
}
