//! Three servers: what each of them sees of one conversation, also when one person blocks another,
//! and when two of them flood the third.

use std::time::Instant;

use serde_json::{Value, json};

use crate::support::{Instance, Person, eventually, texts};

/// Ann, Bob and Carl, each on a server of their own; Bob follows Ann, Carl follows Bob.
struct Scene {
    servers: [Instance; 3],
    ann: Person,
    bob: Person,
    carl: Person,
}

impl Scene {
    fn new() -> Self {
        let servers = [Instance::start(), Instance::start(), Instance::start()];
        let [ann, bob, carl] = [(0, "ann"), (1, "bob"), (2, "carl")]
            .map(|(n, name): (usize, _)| servers[n].person(name));
        bob.follows(&ann.handle());
        carl.follows(&bob.handle());
        Self { servers, ann, bob, carl }
    }

    fn settle(&self) {
        for _ in 0..3 {
            self.servers.iter().for_each(Instance::settle);
        }
    }
}

fn id(status: &Value) -> String {
    status["id"].as_str().unwrap().to_owned()
}

/// A status as it is known where somebody else lives.
fn at(person: &Person, status: &Value) -> String {
    id(&person.finds_status(status["uri"].as_str().unwrap()).unwrap())
}

fn answers(person: &Person, status: &str, text: &str, visibility: &str) -> Value {
    person.post(
        "/api/v1/statuses",
        json!({"status": text, "visibility": visibility, "in_reply_to_id": status}),
    )
}

/// Opens a thread until what answers it was asked for; the texts below, sorted.
fn thread(person: &Person, status: &str) -> Vec<String> {
    let path = format!("/api/v1/statuses/{status}/context");
    if person.request("GET", &path).send().header("mastodon-async-refresh").is_some() {
        let read = format!("/api/v1_alpha/async_refreshes/thread-{status}");
        eventually("the thread is read", || {
            (person.get(&read)["async_refresh"]["status"] == "finished").then_some(())
        });
    }
    let mut below = texts(&person.get(&path)["descendants"]);
    below.sort();
    below
}

/// What others call somebody.
fn account(person: &Person, other: &Person) -> String {
    person.finds(&other.handle())["id"].as_str().unwrap().to_owned()
}

#[test]
fn f_251_f_252_a_thread_on_three_servers_is_the_same_everywhere_but_for_what_is_private() {
    let scene = Scene::new();
    let Scene { ann, bob, carl, .. } = &scene;
    let first = ann.writes("beginning", "public");
    scene.settle();
    assert_eq!((bob.home(), carl.home()), (vec!["beginning".to_owned()], vec![]));
    let at_bob = at(bob, &first);
    answers(ann, &id(&first), "for followers", "private");
    answers(bob, &at_bob, &format!("@{} bob", ann.handle()), "public");
    answers(bob, &at_bob, &format!("@{} a secret", ann.handle()), "direct");
    // Carl's server never heard of Ann: it learns of her by the boost
    bob.post(&format!("/api/v1/statuses/{at_bob}/reblog"), json!({}));
    scene.settle();
    assert_eq!(carl.home(), ["beginning"], "an answer to somebody else is not shown, the boost is");
    let boost = carl.get("/api/v1/timelines/home")[0].clone();
    assert_eq!(boost["account"]["acct"], bob.handle());
    let at_carl = id(&boost["reblog"]);
    answers(carl, &at_carl, &format!("@{} carl", ann.handle()), "public");
    scene.settle();
    let all = ["@ann a secret", "@ann bob", "@ann carl", "for followers"];
    assert_eq!(thread(ann, &id(&first)), all);
    assert_eq!(thread(bob, &at_bob), all);
    assert_eq!(thread(carl, &at_carl), all[1..3]);
    for server in &scene.servers {
        let shown = server.get(&format!("/api/v1/statuses/{}/context", id(&first))).text();
        assert!(!shown.contains("secret") && !shown.contains("for followers"));
    }
    let told = ann.notifications();
    for kind in ["reblog", "mention", "follow"] {
        assert!(told.contains(&(kind.into(), bob.handle())), "{kind}: {told:?}");
    }
    assert!(told.contains(&("mention".into(), carl.handle())), "{told:?}");
    // what goes is gone on all three, with what was boosted
    ann.delete(&format!("/api/v1/statuses/{}", id(&first)));
    scene.settle();
    assert!(bob.home().iter().chain(&carl.home()).all(|text| text != "beginning"));
    for (person, status) in [(bob, &at_bob), (carl, &at_carl)] {
        let path = format!("/api/v1/statuses/{status}");
        assert_eq!(person.request("GET", &path).send().status, 404);
    }
}

#[test]
fn f_341_whom_one_of_three_blocks_the_third_still_hears() {
    let scene = Scene::new();
    let Scene { ann, bob, carl, .. } = &scene;
    carl.follows(&ann.handle());
    let first = ann.writes("before", "public");
    scene.settle();
    assert_eq!(carl.home(), ["before"]);
    let (at_bob, at_carl) = (at(bob, &first), at(carl, &first));
    ann.post(&format!("/api/v1/accounts/{}/block", account(ann, carl)), json!({}));
    scene.settle();
    let follower = carl.get(&format!("/api/v1/accounts/relationships?id[]={}", account(carl, ann)));
    assert_eq!(
        (&follower[0]["following"], &follower[0]["blocked_by"]),
        (&json!(false), &json!(true))
    );
    let before = ann.notifications();
    // whatever Carl does, Ann does not learn of it, and Bob does
    let text = format!("@{} @{} carl is here", ann.handle(), bob.handle());
    carl.writes(&text, "public");
    let answered = carl
        .request("POST", "/api/v1/statuses")
        .json(&json!({"status": format!("@{} answer", bob.handle()), "in_reply_to_id": at_carl}))
        .send();
    for verb in ["favourite", "reblog"] {
        carl.request("POST", &format!("/api/v1/statuses/{at_carl}/{verb}")).send();
    }
    let after = ann.writes("after", "public");
    scene.settle();
    assert_eq!(ann.notifications(), before);
    let shown = ann.get(&format!("/api/v1/statuses/{}", id(&first)));
    assert_eq!((&shown["favourites_count"], &shown["reblogs_count"]), (&json!(0), &json!(0)));
    assert!(thread(ann, &id(&first)).is_empty());
    assert!(bob.notifications().contains(&("mention".into(), carl.handle())));
    assert_eq!(bob.home()[0], "after");
    assert!(carl.home().iter().all(|text| text != "after"), "{:?}", carl.home());
    assert!(carl.finds_status(after["uri"].as_str().unwrap()).is_none(), "nor by asking for it");
    // a boost by somebody both know leads around no block
    bob.post(&format!("/api/v1/statuses/{}/reblog", at(bob, &after)), json!({}));
    scene.settle();
    assert!(carl.home().iter().all(|text| text != "after"), "{:?}", carl.home());
    // Bob's thread has Carl's answer, if Carl could write it
    let below = thread(bob, &at_bob);
    assert_eq!(
        below.iter().any(|text| text.contains("answer")),
        answered.status == 200,
        "{below:?}"
    );
}

#[test]
fn s_054_two_servers_flood_the_third() {
    let scene = Scene::new();
    let Scene { ann, bob, carl, .. } = &scene;
    for other in [bob, carl] {
        ann.follows(&other.handle());
    }
    scene.settle();
    const EACH: usize = 60;
    let slowest = std::thread::scope(|scope| {
        for person in [bob, carl] {
            scope.spawn(move || {
                for n in 0..EACH {
                    person.writes(&format!("{} {n:02}", person.name), "public");
                }
            });
        }
        // meanwhile Ann reads
        let mut slowest = 0;
        for _ in 0..20 {
            let since = Instant::now();
            ann.home();
            slowest = slowest.max(since.elapsed().as_millis());
        }
        slowest
    });
    assert!(slowest < 5_000, "{slowest} ms");
    scene.settle();
    let (mut all, mut path) = (Vec::new(), "/api/v1/timelines/home?limit=40".to_owned());
    loop {
        let page = ann.get(&path);
        let Some(last) = page.as_array().unwrap().last() else { break };
        all.extend(texts(&page));
        path = format!("/api/v1/timelines/home?limit=40&max_id={}", id(last));
    }
    // nothing is lost, nothing comes twice, and what one server sends stays in its order
    assert_eq!(all.len(), 2 * EACH);
    for person in [bob, carl] {
        let theirs: Vec<_> = all.iter().filter(|text| text.starts_with(&person.name)).collect();
        let written: Vec<_> = (0..EACH).rev().map(|n| format!("{} {n:02}", person.name)).collect();
        assert_eq!(theirs, written.iter().collect::<Vec<_>>());
    }
}
