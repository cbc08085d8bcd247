//! Coming in by way of a browser: the form, invitations, and the pages of who decides.

use dassie::config::RegistrationMode;
use dassie::control::{self, Command, Secret};

use super::{Browser, Form, PASSWORD, create, forms};
use crate::api::sign_up::{invite, with_mode};
use crate::support::{Answer, Instance};

const PATH: &str = "/auth/sign_up";

fn approval() -> Instance {
    with_mode(|config| {
        config.registrations.mode = RegistrationMode::Approval;
        config.instance.rules = vec!["Be kind & <quiet>".into()];
        config.instance.privacy_policy.0 = "None of your data leaves.".into();
    })
}

fn create_admin(instance: &Instance, name: &str) {
    let command = Command::AccountCreate {
        username: name.into(),
        email: format!("{name}@mail.example"),
        password: Secret(PASSWORD.into()),
        admin: true,
    };
    control::execute(&instance.app, command).unwrap();
}

fn signed_in(instance: &Instance, name: &str) -> Browser {
    let mut browser = Browser::new(instance);
    let page = browser.open("/auth/sign_in");
    let answer = browser.sign_in(&page, name, PASSWORD);
    assert_eq!(answer.status, 303, "{}", answer.text());
    browser
}

/// The form of a page, filled in.
#[track_caller]
fn filled(page: &Answer, name: &str) -> Form {
    assert_eq!(page.status, 200, "{}", page.text());
    let mut form = forms(&page.text()).remove(0);
    form.set("username", name);
    form.set("email", &format!("{name}@mail.example"));
    form.set("password", PASSWORD);
    if form.fields.iter().any(|(field, _)| field == "reason") {
        form.set("reason", "I know <ann>");
    }
    form
}

#[test]
fn s_085_while_nobody_can_sign_up_the_page_says_so() {
    let instance = with_mode(|config| config.registrations.message = "Ask <ann>".into());
    let mut browser = Browser::new(&instance);
    for path in [PATH, "/invite/nothing"] {
        let page = browser.get(path);
        assert_eq!(page.status, 404, "{path}");
        assert!(page.text().contains("Ask &#60;ann&#62;"), "{}", page.text());
        assert!(!page.text().contains("<form"), "{path}");
    }
    assert!(!browser.get("/auth/sign_in").text().contains(PATH));
    assert_eq!(browser.get("/invite").status, 404);
}

#[test]
fn somebody_asks_and_an_admin_decides_in_a_browser() {
    let instance = approval();
    create_admin(&instance, "boss");
    create(&instance, "ann");
    let mut guest = Browser::new(&instance);
    assert!(guest.get("/auth/sign_in").text().contains(PATH));
    let page = guest.get(PATH);
    let text = page.text();
    assert!(text.contains("Be kind &#38; &#60;quiet&#62;") && text.contains("/privacy-policy"));
    for header in ["content-security-policy", "referrer-policy", "x-robots-tag"] {
        assert!(page.header(header).is_some(), "{header}");
    }
    assert_eq!(page.header("cache-control"), Some("no-store"));
    // what is wrong is said, and what was typed is kept, but for the password
    let mut bad = filled(&page, "admin");
    bad.set("password", "short");
    let refused = guest.submit(&bad, None);
    assert_eq!(refused.status, 422);
    let said = refused.text();
    assert!(said.contains("Name: this name is reserved"), "{said}");
    assert!(said.contains("Password: at least 10 characters"), "{said}");
    let again = &forms(&said)[0];
    let kept = |field: &str| again.fields.iter().find(|(n, _)| n == field).unwrap().1.clone();
    assert_eq!((kept("username"), kept("reason")), ("admin".into(), "I know <ann>".into()));
    assert_eq!(kept("password"), "");
    // a form of another page does nothing
    let mut foreign = filled(&page, "newt");
    foreign.set("csrf", "x");
    assert_eq!(guest.submit(&foreign, None).status, 403);
    let noted = guest.submit(&filled(&page, "newt"), None);
    assert_eq!(noted.status, 200);
    assert!(noted.text().contains("Your request is noted"), "{}", noted.text());
    let other = guest.get(&format!("{PATH}?lang=zh"));
    assert!(other.text().contains("管理员审核"));
    assert_eq!(guest.submit(&filled(&other, "eft"), None).status, 200);
    // signing in says how it stands, to them alone
    for (password, status, line) in
        [(PASSWORD, 403, "has not decided yet"), ("another password", 422, "do not fit together")]
    {
        let page = guest.open("/auth/sign_in");
        let answer = guest.sign_in(&page, "newt", password);
        assert_eq!(answer.status, status);
        assert!(answer.text().contains(line), "{}", answer.text());
    }

    // for admins only
    let mut ann = signed_in(&instance, "ann");
    for path in ["/settings/people", "/settings/invites"] {
        assert_eq!(ann.get(path).status, 404, "{path}");
        assert!(!ann.get("/settings").text().contains(path));
        assert_eq!(Browser::new(&instance).get(path).status, 303, "sign in first");
    }
    let mut boss = signed_in(&instance, "boss");
    assert!(boss.get("/settings").text().contains("/settings/people"));
    let page = boss.get("/settings/people").text();
    assert!(page.contains("newt@mail.example") && page.contains("I know &#60;ann&#62;"), "{page}");
    let found = forms(&page);
    assert_eq!(found.len(), 2);
    let button =
        |form: &Form, name: &str| form.buttons.iter().find(|(n, _)| n == name).unwrap().clone();
    let press = |browser: &mut Browser, form: &Form, name: &str| {
        let (name, value) = button(form, name);
        let mut form = form.clone();
        form.set(&name, &value);
        browser.submit(&form, None)
    };
    let mut forged = found[0].clone();
    forged.set("csrf", "x");
    assert_eq!(press(&mut boss, &forged, "approve").status, 403);
    let mut stolen = found[1].clone();
    stolen.set("csrf", &forms(&ann.get("/settings/password").text())[0].fields[0].1);
    assert_eq!(press(&mut ann, &stolen, "approve").status, 404);
    assert_eq!(press(&mut boss, &found[1], "approve").status, 303);
    assert_eq!(press(&mut boss, &found[0], "reject").status, 303);
    assert_eq!(press(&mut boss, &found[0], "reject").status, 303, "another was quicker");
    assert!(boss.get("/settings/people").text().contains("Nobody waits"));
    assert_eq!((instance.get("/@newt").status, instance.get("/@eft").status), (200, 404));
    let page = guest.open("/auth/sign_in");
    assert_eq!(guest.sign_in(&page, "newt", PASSWORD).status, 303);
}

#[test]
fn an_invitation_is_made_in_a_browser_and_lets_a_friend_in() {
    let mut instance = with_mode(|config| {
        config.registrations.mode = RegistrationMode::Invite;
        config.registrations.people_may_invite = true;
    });
    create(&instance, "ann");
    create_admin(&instance, "boss");
    assert_eq!(instance.get(PATH).status, 404);
    let mut ann = signed_in(&instance, "ann");
    let page = ann.get("/settings/invites");
    let mut form = forms(&page.text()).remove(0);
    for (uses, days) in [("0", "7"), ("1", "0"), ("1", "366"), ("101", "1"), ("1", "9999999999999")]
    {
        form.set("uses", uses);
        form.set("days", days);
        assert_eq!(ann.submit(&form, None).status, 422, "{uses} {days}");
    }
    form.set("uses", "1");
    form.set("days", "7");
    assert_eq!(ann.submit(&form, None).status, 303);
    let page = ann.get("/settings/invites").text();
    let path = format!("/invite/{}", &page.split("/invite/").nth(1).unwrap()[..22]);
    assert!(page.contains("used 0 of 1"), "{page}");

    let mut guest = Browser::new(&instance);
    let page = guest.get(&path);
    let answer = guest.submit(&filled(&page, "newt"), None);
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert_eq!(answer.header("location"), Some("/settings?done=joined"));
    let settings = guest.open("/settings?done=joined").text();
    assert!(settings.contains("You have an account here now"), "{settings}");
    assert!(settings.contains("@newt@"));
    let over = Browser::new(&instance).get(&path);
    assert_eq!(over.status, 404);
    assert!(over.text().contains("This invitation was used up"));

    // one sees and takes back one's own, an admin all
    let theirs = invite(&instance, None, None);
    let mut boss = signed_in(&instance, "boss");
    let mut own = forms(&ann.get("/settings/invites").text());
    assert_eq!(own.len(), 2);
    own[1].set("revoke", &theirs);
    assert_eq!(ann.submit(&own[1], None).status, 404);
    let all = boss.get("/settings/invites").text();
    assert!(all.contains("@ann") && all.contains(&theirs), "{all}");
    let mut forms = forms(&all);
    assert_eq!(forms.len(), 3);
    forms[1].set("revoke", &theirs);
    assert_eq!(boss.submit(&forms[1], None).status, 303);
    assert!(!boss.get("/settings/invites").text().contains(&theirs));
    // what others may not make any more is worth nothing
    form.set("uses", "5");
    assert_eq!(ann.submit(&form, None).status, 303);
    let page = ann.get("/settings/invites").text();
    let path = format!("/invite/{}", &page.split("/invite/").nth(1).unwrap()[..22]);
    assert_eq!(instance.get(&path).status, 200);
    instance.start_with(|config| config.registrations.people_may_invite = false);
    assert_eq!(instance.get(&path).status, 404);
    assert_eq!(ann.get("/settings/invites").status, 404);
    assert_eq!(boss.get("/settings/invites").status, 200);
}
