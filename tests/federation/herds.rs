//! What many servers ask for at once costs the database nothing, and nobody is asked without a reason.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use dassie::client::Resolve;
use dassie::clock::{Clock, HOUR};
use dassie::db;
use serde_json::json;

use crate::api::id;
use crate::support::{Answer, Instance, Options, Peer, Request};

const BROWSER: &str = "text/html,*/*;q=0.8";

/// How many statements of SQL an answer costs. What runs beside it can only add to them, so that the
/// least of some tries is what it is.
fn cost(mut ask: impl FnMut() -> Answer) -> u64 {
    let mut one = || {
        let before = db::plan::runs();
        assert_eq!(ask().status, 200);
        db::plan::runs() - before
    };
    (0..8).map(|_| one()).min().unwrap()
}

#[test]
fn s_137_s_138_what_everybody_fetches_is_read_once() {
    db::plan::record();
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let peer = Peer::start(&["mia"]);
    let picture = ann.picture();
    let post = json!({"status": "look https://a.example/ #tag", "media_ids": [picture]});
    let post = ann.post("/api/v1/statuses", post);
    instance.settle();
    let uri = post["uri"].as_str().unwrap().to_owned();
    let page = post["url"].as_str().unwrap().to_owned();
    let file = post["media_attachments"][0]["url"].as_str().unwrap().to_owned();
    let unsigned = |url: &str| instance.activity(url);
    let document = [
        uri.clone(),
        format!("{uri}/activity"),
        ann.uri.clone(),
        format!("{}/actor", instance.base),
    ];
    for url in &document {
        let first = unsigned(url);
        assert_eq!(first.status, 200, "{url}");
        assert!(first.header("cache-control").unwrap().contains("public"), "{url}");
        assert!(first.header("etag").is_some(), "{url}");
        assert_eq!(cost(|| unsigned(url)), 0, "{url}");
        assert_eq!(unsigned(url).body, first.body);
        // servers sign what they fetch: whether somebody here blocks the signer is one look, between
        // the beginning and the end of reading
        let signed = cost(|| peer.get_signed("mia", url));
        assert!(signed <= 3, "{url}: {signed}");
    }
    let html = || Request::new("GET", &page).header("accept", BROWSER).send();
    html();
    assert_eq!(cost(html), 0);
    let shown = || Request::new("GET", &file).send();
    assert_eq!(cost(shown), 0, "a file is a file");
    let answer = shown();
    assert!(answer.header("cache-control").unwrap().contains("immutable"));
    assert!(answer.header("etag").is_some());

    // nothing of it outlives what it shows, and nothing private is ever among it
    let edit = json!({"status": "changed"});
    ann.request("PUT", &format!("/api/v1/statuses/{}", id(&post))).json(&edit).send().ok();
    assert!(unsigned(&uri).text().contains("changed"));
    let hidden = ann.writes("for few", "private");
    let direct = ann.writes(&format!("@{} psst", bob.name), "direct");
    for status in [&hidden, &direct] {
        let uri = status["uri"].as_str().unwrap();
        for url in [uri.to_owned(), format!("{uri}/activity")] {
            for _ in 0..3 {
                assert_eq!(unsigned(&url).status, 404, "{url}");
            }
        }
    }
    assert_eq!(unsigned(&uri).status, 200);
    ann.delete(&format!("/api/v1/statuses/{}", id(&post)));
    assert_eq!(unsigned(&uri).status, 410);
    assert_eq!(unsigned(&format!("{uri}/activity")).status, 410);
    let blocked = json!({"display_name": "another name"});
    ann.request("PATCH", "/api/v1/accounts/update_credentials").json(&blocked).send().ok();
    assert_eq!(unsigned(&ann.uri).json()["name"], "another name");
}

/// Counts who is looked up; every connection to anybody begins with that.
struct Counting(Arc<AtomicUsize>);

impl Resolve for Counting {
    fn resolve(&self, host: &str, _: Instant) -> io::Result<Vec<IpAddr>> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Err(io::Error::other(format!("nobody asks for {host}")))
    }
}

#[test]
fn s_133_a_server_that_nobody_uses_asks_nobody() {
    let asked = Arc::new(AtomicUsize::new(0));
    let clock = Clock::manual(Clock::system().now_ms());
    // as it runs in the world, with nothing chosen
    let options = Options { clock, configure: Some(|config| config.dev = false) };
    let instance = Instance::with_resolver(options, Arc::new(Counting(Arc::clone(&asked))));
    let ann = instance.person("ann");
    let write = |text: &str| {
        let url = format!("http://{}/api/v1/statuses", instance.host);
        let request = Request::new("POST", url);
        let request = request.header("authorization", format!("Bearer {}", ann.token));
        request.json(&json!({"status": text})).send()
    };
    assert_eq!(write("my first words").status, 200);
    for _ in 0..9 * 24 {
        instance.advance(HOUR);
        instance.settle();
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    // and the one who counts does count: a link of a post is looked at
    assert_eq!(write("see https://link.example/page").status, 200);
    crate::support::eventually("the link is looked at", || {
        instance.app.wake.rouse();
        (asked.load(Ordering::SeqCst) > 0).then_some(())
    });
}
