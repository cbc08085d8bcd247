//! Blocks by the list: files in and out, and lists that somebody else keeps.

use dassie::clock::{Clock, DAY, HOUR};
use dassie::control::{self, Command, DomainListLine, PlanLine, Reply};
use dassie::db;
use dassie::model::Page;

use crate::support::{Instance, Options, Website, eventually};

fn run(instance: &Instance, command: Command) -> Reply {
    control::execute(&instance.app, command).unwrap()
}

fn plan(instance: &Instance, command: Command) -> PlanLine {
    let Reply::DomainPlan(plan) = run(instance, command) else { panic!("no plan") };
    plan
}

fn import(text: &str, dry_run: bool) -> Command {
    Command::DomainImport { text: text.into(), allows: false, dry_run }
}

fn subscribe(url: &str, dry_run: bool) -> Command {
    Command::DomainSubscribe { url: url.into(), severity_max: "silence".into(), dry_run }
}

/// `domain severity`, sorted.
fn blocks(instance: &Instance) -> Vec<String> {
    let page = Page::newest(1000);
    let found = instance.app.db.read(|conn| db::domain::list_blocks(conn, &page)).unwrap();
    let mut found: Vec<String> =
        found.iter().map(|one| format!("{} {}", one.domain, one.severity.as_str())).collect();
    found.sort();
    found
}

fn lists(instance: &Instance) -> Vec<DomainListLine> {
    let Reply::DomainLists(lists) = run(instance, Command::DomainLists) else { panic!("no lists") };
    lists
}

fn block(instance: &Instance, domain: &str, severity: &str) {
    let command =
        Command::DomainBlock { domain: domain.into(), severity: severity.into(), comment: None };
    run(instance, command);
}

#[test]
fn f_342_a_list_of_mastodon_is_taken_in_and_out() {
    let (a, b) = (Instance::start(), Instance::start());
    let (ann, bob) = (a.person("ann"), b.person("bob"));
    ann.follows(&bob.handle());
    block(&a, "known.example", "silence");
    let file = format!(
        "#domain,#severity,#reject_media,#reject_reports,#public_comment,#obfuscate\n\
         {},suspend,true,false,spam,false\nknown.example,suspend,false,false,,false\n\
         {},suspend,false,false,,false\nhid***.example,suspend,false,false,,true\n\
         loud.example,silence,false,true,,false\ncom,suspend,false,false,,false\n",
        b.host, a.host
    );
    let would = plan(&a, import(&file, true));
    assert!(would.dry_run);
    assert_eq!((would.added, would.kept, would.hidden, would.unreadable), (2, 1, 1, 2));
    assert_eq!((would.following, would.followers.len()), (vec![bob.handle()], 0));
    assert_eq!(blocks(&a), ["known.example silence"], "nothing was done");
    let did = plan(&a, import(&file, false));
    assert_eq!((did.added, did.kept), (2, 1));
    let mut expected = vec![
        "known.example silence".into(),
        "loud.example silence".into(),
        format!("{} suspend", b.host),
    ];
    expected.sort();
    assert_eq!(blocks(&a), expected, "what was decided before stays, our own is never blocked");
    a.settle();
    let relation = ann.get("/api/v1/accounts/verify_credentials");
    assert_eq!(relation["following_count"], 0, "its accounts are cut off");
    // out, and into another server
    let Reply::File(out) = run(&a, Command::DomainExport { allows: false }) else { panic!() };
    assert!(out.starts_with("#domain,#severity,#reject_media,"), "{out}");
    let c = Instance::start();
    assert_eq!(plan(&c, import(&out, false)).added, 3);
    assert_eq!(blocks(&c), expected);
}

#[test]
fn f_339_f_342_allowed_domains_are_taken_in_and_out() {
    let a = Instance::start();
    let command = Command::DomainImport {
        text: "#domain\ngood.example\nfine.example\nhid**.example\n".into(),
        allows: true,
        dry_run: false,
    };
    let did = plan(&a, command);
    assert_eq!((did.added, did.unreadable), (2, 1));
    let Reply::File(out) = run(&a, Command::DomainExport { allows: true }) else { panic!() };
    assert!(out.starts_with("#domain\n") && out.contains("good.example\n"), "{out}");
}

#[test]
fn f_342_a_list_is_read_daily_and_touches_nothing_that_was_decided_here() {
    let clock = Clock::manual(Clock::system().now_ms());
    let a = Instance::with(Options { clock, configure: None });
    let site = Website::start();
    let first =
        "#domain,#severity\nbad.example,suspend\nmine.example,noop\nworse.example,silence\n";
    let url = site.serve("/list.csv", 200, "text/csv", first.as_bytes());
    block(&a, "mine.example", "suspend");
    let would = plan(&a, subscribe(&url, true));
    assert_eq!((would.added, would.kept), (2, 1));
    assert!(lists(&a).is_empty());
    run(&a, subscribe(&url, false));
    assert!(control::execute(&a.app, subscribe(&url, false)).is_err(), "once is enough");
    let names = |wanted: &[&str]| {
        let wanted: Vec<String> = wanted.iter().map(|one| (*one).to_owned()).collect();
        eventually(&format!("{wanted:?}"), || (blocks(&a) == wanted).then_some(()));
    };
    // nothing is more severe than was said
    names(&["bad.example silence", "mine.example suspend", "worse.example silence"]);
    eventually("it was read", || lists(&a)[0].checked_at);
    assert_eq!((lists(&a)[0].named, lists(&a)[0].added), (3, 2));
    // by hand: one block is made harder, the other is taken back
    block(&a, "bad.example", "suspend");
    run(&a, Command::DomainUnblock { domain: "worse.example".into() });
    let second =
        "#domain,#severity\nmine.example,noop\nworse.example,silence\nnew.example,silence\n";
    site.serve("/list.csv", 200, "text/csv", second.as_bytes());
    a.advance(DAY);
    names(&["bad.example suspend", "mine.example suspend", "new.example silence"]);
    // what is no list, or an empty one, changes nothing
    let now = || Some(a.app.clock.now_ms());
    let read =
        eventually("it was read", || Some(lists(&a)[0].checked_at).filter(|at| *at == now()));
    site.serve("/list.csv", 200, "text/csv", b"#domain,#severity\n");
    a.advance(DAY);
    eventually("it is told", || lists(&a)[0].error.clone());
    site.serve("/list.csv", 200, "text/html", b"<p>sorry</p>");
    a.advance(2 * HOUR);
    eventually("it is told", || lists(&a)[0].error.clone().filter(|e| e.contains("page")));
    assert_eq!(lists(&a)[0].checked_at, read);
    names(&["bad.example suspend", "mine.example suspend", "new.example silence"]);
    // and back: a name that is gone goes, what was decided here does not
    let third = "third.example\n";
    site.serve("/list.csv", 200, "text/plain", third.as_bytes());
    a.advance(2 * HOUR);
    names(&["bad.example suspend", "mine.example suspend", "third.example silence"]);
    run(&a, Command::DomainUnsubscribe { url: url.clone() });
    names(&["bad.example suspend", "mine.example suspend"]);
    assert!(lists(&a).is_empty());
    assert!(control::execute(&a.app, Command::DomainUnsubscribe { url }).is_err());
    a.settle();
}

#[test]
fn f_342_two_lists_hold_a_block_until_both_let_go() {
    let a = Instance::start();
    let site = Website::start();
    let one = site.serve("/1", 200, "text/plain", b"bad.example\n");
    let two = site.serve("/2", 200, "text/plain", b"bad.example\n");
    for url in [&one, &two] {
        run(&a, subscribe(url, false));
        eventually("it was read", || {
            lists(&a).iter().find(|list| list.url == *url).and_then(|list| list.checked_at)
        });
    }
    run(&a, Command::DomainUnsubscribe { url: one });
    assert_eq!(blocks(&a), ["bad.example silence"]);
    run(&a, Command::DomainUnsubscribe { url: two });
    assert!(blocks(&a).is_empty());
}
