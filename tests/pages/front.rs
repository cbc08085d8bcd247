//! The front page: who is on it, and how people get in from there.

use dassie::config::RegistrationMode;

use super::*;

/// Sets what somebody wants of lists and search engines.
fn choose(person: &crate::support::Person, discoverable: bool, indexable: bool) {
    let choice = json!({"discoverable": discoverable, "indexable": indexable});
    person.request("PATCH", "/api/v1/accounts/update_credentials").json(&choice).send().ok();
}

#[test]
fn f_074_the_front_page_lists_those_who_want_to_be_found() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let eve = instance.person("eve");
    choose(&eve, false, false);
    let none = open(&instance, "/").text();
    for name in ["ann", "bob", "eve"] {
        assert!(!none.contains(&format!("/@{name}")), "{none}");
    }
    assert!(none.contains("Nobody here wants to be in this list"));
    choose(&ann, true, true);
    let answer = open(&instance, "/");
    let html = answer.text();
    assert!(html.contains("/@ann") && !html.contains("/@bob") && !html.contains("/@eve"), "{html}");
    assert_eq!((answer.header("x-robots-tag"), answer.header("location")), (None, None));
    // who does not want to be in search engines is not in them by way of the list either
    choose(&bob, true, false);
    let answer = open(&instance, "/");
    assert!(answer.text().contains("/@bob") && answer.text().contains("content=\"noindex\""));
    assert_eq!(answer.header("x-robots-tag"), Some("noindex"));
}

#[test]
fn the_server_of_one_person_leads_to_them_until_others_may_come() {
    let mut instance = Instance::start();
    let ann = instance.person("ann");
    let leads = |instance: &Instance| {
        let answer = open(instance, "/");
        let header = |name: &str| answer.header(name).map(str::to_owned);
        (header("location"), header("x-robots-tag"))
    };
    let there = Some("/@ann".to_owned());
    assert_eq!(leads(&instance), (there.clone(), Some("noindex".into())));
    choose(&ann, true, true);
    assert_eq!(leads(&instance), (there, None));
    for mode in [RegistrationMode::Open, RegistrationMode::Approval, RegistrationMode::Invite] {
        let mut config = instance.app.config.clone();
        config.registrations.mode = mode;
        instance.start_as(config);
        assert_eq!(leads(&instance), (None, None), "{mode:?}");
        assert!(open(&instance, "/").text().contains("/@ann"));
    }
}

#[test]
fn every_page_leads_to_the_own_account_and_is_the_same_for_all() {
    let instance = Instance::start();
    let (ann, _) = (instance.person("ann"), instance.person("bob"));
    let status = ann.writes("x #tag", "public");
    let mut paths = vec!["/", "/about", "/@ann", "/tags/tag", "/auth/sign_in", "/nothing"];
    paths.push(status["url"].as_str().unwrap().strip_prefix(&instance.base).unwrap());
    for path in paths {
        let answer = open(&instance, path);
        assert!(answer.text().contains("<a href=\"/settings\" rel=\"nofollow\">"), "{path}");
        if answer.status == 200 && path != "/auth/sign_in" {
            assert!(answer.header("cache-control").unwrap().contains("public"), "{path}");
            assert_eq!(answer.header("set-cookie"), None, "{path}");
            assert!(!answer.header("vary").unwrap().to_lowercase().contains("cookie"), "{path}");
        }
    }
}

#[test]
fn who_may_come_in_is_told_how() {
    let mut instance = Instance::start();
    instance.person("ann");
    instance.person("bob");
    for (mode, most, form, words) in [
        (RegistrationMode::Closed, 20, false, ""),
        (RegistrationMode::Open, 20, true, "Anybody can have one"),
        (RegistrationMode::Approval, 20, true, "an administrator decides"),
        (RegistrationMode::Invite, 20, false, "by invitation only"),
        (RegistrationMode::Open, 2, false, ""),
    ] {
        let mut config = instance.app.config.clone();
        config.registrations.mode = mode;
        config.registrations.max_accounts = most;
        instance.start_as(config);
        for path in ["/", "/about"] {
            let html = open(&instance, path).text();
            assert_eq!(html.contains("href=\"/auth/sign_up\""), form, "{mode:?} {most} {path}");
            assert!(html.contains(words), "{mode:?} {most} {path}");
            let told = ["Anybody can", "an administrator decides", "by invitation only"];
            let count = told.iter().filter(|one| html.contains(**one)).count();
            assert_eq!(count, usize::from(!words.is_empty()), "{mode:?} {most} {path}");
            // what an app asks for
            assert!(html.contains(&format!("<code class=\"copy\">{}</code>", instance.host)));
        }
    }
}
