//! Profiles between servers: links that are proven, aliases, accounts that moved.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use dassie::clock::{Clock, DAY, HOUR};
use dassie::db;
use serde_json::{Value, json};

use crate::api::follow_peer;
use crate::support::{Instance, Options, Peer, Person, eventually};

/// `path → (status, headers, body)`.
type Pages = HashMap<String, (u16, String, String)>;

/// Somebody's web site.
struct Site {
    port: u16,
    pages: Arc<Mutex<Pages>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Site {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let pages: Arc<Mutex<Pages>> = Arc::default();
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let (known, log) = (Arc::clone(&pages), Arc::clone(&asked));
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let mut first = String::new();
                let _ = reader.read_line(&mut first);
                let mut line = String::new();
                while reader.read_line(&mut line).unwrap_or(0) > 2 {
                    line.clear();
                }
                let mut words = first.split(' ');
                let (method, path) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
                log.lock().unwrap().push(format!("{method} {path}"));
                let (status, headers, body) = known.lock().unwrap().get(path).cloned().unwrap_or((
                    404,
                    String::new(),
                    String::new(),
                ));
                let sent = if method == "HEAD" { "" } else { body.as_str() };
                let _ = write!(
                    stream,
                    "HTTP/1.1 {status} X\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{sent}",
                    body.len()
                );
            }
        });
        Self { port, pages, asked }
    }

    fn at(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.port)
    }

    fn serve(&self, path: &str, status: u16, headers: &str, body: &str) {
        let page = (status, headers.to_owned(), body.to_owned());
        self.pages.lock().unwrap().insert(path.to_owned(), page);
    }

    fn html(&self, path: &str, body: &str) {
        self.serve(path, 200, "content-type: text/html; charset=utf-8\r\n", body);
    }

    fn asked(&self, what: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|line| *line == what).count()
    }
}

fn instance(clock: Clock) -> Instance {
    let configure: fn(&mut dassie::config::Config) = |config| {
        config.network.allowed_private_ranges.push("::1/128".parse().unwrap());
    };
    Instance::with(Options { clock, configure: Some(configure) })
}

fn set_fields(person: &Person, values: &[String]) {
    let fields: Vec<Value> =
        values.iter().map(|value| json!({"name": "page", "value": value})).collect();
    let body = json!({"fields_attributes": fields});
    person.request("PATCH", "/api/v1/accounts/update_credentials").json(&body).send().ok();
}

/// Which fields of an account are verified, as somebody sees it.
fn verified(instance: &Instance, account: &str) -> Vec<bool> {
    let account = instance.get(&format!("/api/v1/accounts/{account}")).ok();
    account["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| field["verified_at"].is_string())
        .collect()
}

#[test]
fn s_043_a_field_is_verified_while_its_page_links_back() {
    let instance = instance(Clock::manual(1_790_000_000_000));
    let ann = instance.person("ann");
    let site = Site::start();
    let (profile, base) = (format!("{}/@ann", instance.base), &instance.base);
    site.html("/a", &format!("<p><a class=x rel='nofollow me' href='{profile}'>me</a>"));
    site.html("/link", &format!("<link rel=me href=\"{}\">", ann.uri));
    site.html(
        "/other",
        &format!("<a rel=me href='{base}/@bob'>bob</a><a href='{profile}'>no rel</a>"),
    );
    site.html("/hidden", &format!("<!-- <a rel=me href='{profile}'> -->"));
    site.serve(
        "/text",
        200,
        "content-type: text/plain\r\n",
        &format!("<a rel=me href='{profile}'>"),
    );
    site.html("/hop", &format!("<a rel=me href='{}'>short</a>", site.at("/short")));
    site.serve("/short", 301, &format!("location: {profile}\r\n"), "");
    site.serve("/moved", 302, "location: /a\r\n", "");
    let pages = ["/a", "/link", "/other", "/hidden", "/text", "/hop", "/moved"];
    let mut values: Vec<String> = pages.iter().map(|path| site.at(path)).collect();
    values.push("no link".into());
    set_fields(&ann, &values);
    let expected = [true, true, false, false, false, true, true, false];
    eventually("the pages are read", || (verified(&instance, &ann.id) == expected).then_some(()));
    instance.settle();
    let own = ann.get("/api/v1/accounts/verify_credentials");
    assert_eq!(own["source"]["fields"][0]["verified_at"], "2026-09-21T14:13:20.000Z");
    assert!(own["fields"][0]["verified_at"].is_string());
    let served = instance.activity(&ann.uri).json();
    assert!(served["attachment"][0].get("verified_at").is_none(), "ours alone");
    // another profile at the same page proves nothing
    let bob = instance.person("bob");
    set_fields(&bob, &[site.at("/a"), site.at("/other")]);
    eventually("bob's are read", || (verified(&instance, &bob.id) == [false, true]).then_some(()));
    // what stays the same stays verified, what is new is checked, what failed is tried again
    site.html("/hidden", &format!("<a rel=me href='{profile}/'>"));
    instance.advance(HOUR);
    set_fields(&ann, &[site.at("/hidden"), site.at("/a"), site.at("/gone")]);
    eventually("it is checked again", || {
        (verified(&instance, &ann.id) == [true, true, false]).then_some(())
    });
    instance.settle();
    assert_eq!(site.asked("GET /a"), 3, "once for each, and by a redirect");
    // after some weeks all are looked at again: a link that went takes the mark with it
    site.html("/a", "nothing any more");
    let before = site.asked("GET /hidden");
    site.serve("/hidden", 503, "", "");
    instance.advance(29 * DAY);
    eventually("the mark goes", || {
        instance.advance(HOUR);
        (verified(&instance, &ann.id) == [true, false, false]).then_some(())
    });
    // a server that is down is asked some times, and then what was found stays
    eventually("it is given up", || {
        instance.advance(HOUR);
        let waiting = instance.app.db.read(|conn| db::job::count(conn, 1)).unwrap();
        (waiting == 0).then_some(())
    });
    assert_eq!(site.asked("GET /hidden") - before, 4);
    assert_eq!(verified(&instance, &ann.id), [true, false, false]);
}

#[test]
fn s_043_the_fields_of_those_whom_somebody_follows_are_checked_too() {
    let instance = instance(Clock::system());
    let ann = instance.person("ann");
    let (site, peer) = (Site::start(), Peer::start(&["mia", "nora"]));
    let link = |path: &str| format!("<a href=\"{0}\" rel=\"me\">{0}</a>", site.at(path));
    for name in ["mia", "nora"] {
        site.html(
            &format!("/{name}"),
            &format!("<a rel=me href='{}'>", peer.at(&format!("/@{name}"))),
        );
        let mut actor = peer.document(&format!("/users/{name}"));
        actor["attachment"] = json!([
            {"type": "PropertyValue", "name": "page", "value": link(&format!("/{name}"))},
            {"type": "PropertyValue", "name": "liar", "value": format!("<a href=\"{}\">https://good.example</a>", site.at("/liar"))},
        ]);
        peer.serve(&format!("/users/{name}"), actor);
    }
    let mia = follow_peer(&instance, &ann, &peer, "mia");
    ann.finds(&format!("nora@{}", peer.host));
    eventually("hers is checked", || (verified(&instance, &mia) == [true, false]).then_some(()));
    instance.settle();
    assert_eq!(site.asked("GET /nora"), 0, "nobody follows her");
    assert_eq!(site.asked("GET /liar"), 0, "a link that shows another address");
    // her server says the same again: still verified; then it names another page
    let mut actor = peer.document("/users/mia");
    let tell = |number: u32, actor: &Value| {
        let update = json!({
            "@context": "https://www.w3.org/ns/activitystreams",
            "id": peer.at(&format!("/activities/{number}")), "type": "Update",
            "actor": peer.uri("mia"), "object": actor,
        });
        assert_eq!(peer.send("mia", &format!("{}/inbox", instance.base), &update).status, 202);
        instance.settle();
    };
    actor["name"] = json!("Mia!");
    tell(1, &actor);
    assert_eq!(verified(&instance, &mia), [true, false]);
    assert_eq!(site.asked("GET /mia"), 1);
    site.html("/new", &format!("<a rel=me href='{}'>", peer.uri("mia")));
    actor["attachment"] = json!([{"type": "PropertyValue", "name": "page", "value": link("/new")}]);
    tell(2, &actor);
    eventually("the new one is checked", || (verified(&instance, &mia) == [true]).then_some(()));
}

#[test]
fn whoever_names_anothers_page_as_its_own_is_not_verified_by_it() {
    let instance = instance(Clock::system());
    let ann = instance.person("ann");
    let (site, peer) = (Site::start(), Peer::start(&["mia"]));
    // the site of somebody well known, which links to the profile there
    site.html("/blog", &format!("<a rel=me href='{}'>", site.at("/@star")));
    let blog = site.at("/blog");
    let mut actor = peer.document("/users/mia");
    actor["url"] = json!(site.at("/@star"));
    let value = format!("<a href=\"{blog}\" rel=\"me\">{blog}</a>");
    actor["attachment"] = json!([{"type": "PropertyValue", "name": "page", "value": value}]);
    peer.serve("/users/mia", actor);
    let mia = follow_peer(&instance, &ann, &peer, "mia");
    eventually("it is read", || (site.asked("GET /blog") > 0).then_some(()));
    instance.settle();
    assert_eq!(verified(&instance, &mia), [false]);
}

#[test]
fn f_057_a_move_counts_when_both_sides_say_so() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let peer = Peer::start(&["old", "new", "liar", "victim"]);
    let mut old = peer.document("/users/old");
    old["movedTo"] = json!(peer.uri("new"));
    old["memorial"] = json!(true);
    peer.serve("/users/old", old);
    let mut new = peer.document("/users/new");
    new["alsoKnownAs"] = json!([peer.uri("old")]);
    peer.serve("/users/new", new);
    let mut liar = peer.document("/users/liar");
    liar["movedTo"] = json!(peer.uri("victim"));
    peer.serve("/users/liar", liar);
    let old = ann.finds(&format!("old@{}", peer.host))["id"].as_str().unwrap().to_owned();
    let liar = ann.finds(&format!("liar@{}", peer.host))["id"].as_str().unwrap().to_owned();
    let moved = eventually("the other side is asked", || {
        let account = instance.get(&format!("/api/v1/accounts/{old}")).ok();
        account.get("moved").cloned()
    });
    assert_eq!(moved["username"], "new");
    assert!(moved.get("moved").is_none() && moved.get("memorial").is_none());
    let bulk = instance.get(&format!("/api/v1/accounts?id[]={old}")).ok();
    assert_eq!(bulk[0]["moved"]["username"], "new");
    assert_eq!(bulk[0]["memorial"], true);
    instance.settle();
    let account = instance.get(&format!("/api/v1/accounts/{liar}")).ok();
    assert!(account.get("moved").is_none(), "the other side knows nothing of it");
    // whoever moves all the time makes us ask nobody
    for number in 0..3 {
        let mut actor = peer.document("/users/liar");
        actor["movedTo"] = json!(peer.uri(&format!("x{number}")));
        let update = json!({
            "@context": "https://www.w3.org/ns/activitystreams",
            "id": peer.at(&format!("/activities/{number}")), "type": "Update",
            "actor": peer.uri("liar"), "object": actor,
        });
        assert_eq!(peer.send("liar", &format!("{}/inbox", instance.base), &update).status, 202);
        instance.settle();
    }
    assert!(!peer.asked().iter().any(|path| path.starts_with("/users/x")));
}

#[test]
fn f_031_aliases_are_accounts_that_are_there() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let peer = Peer::start(&["mia"]);
    let set = |uris: Value| {
        let body = json!({"also_known_as_uris": uris});
        ann.request("POST", "/api/v1/accounts/alias").json(&body).send()
    };
    let own = set(json!([peer.uri("mia"), peer.at("/@mia"), bob.uri])).ok();
    let both = json!([peer.uri("mia"), bob.uri]);
    assert_eq!(own["source"]["also_known_as_uris"], both);
    assert_eq!(instance.activity(&ann.uri).json()["alsoKnownAs"], both);
    for (uris, word) in [
        (json!([peer.at("/users/nobody")]), "leads to no account"),
        (json!([format!("{}/users/nobody", instance.base)]), "leads to no account"),
        (json!(["mia@somewhere"]), "address of an account"),
        (json!([ann.uri]), "no alias of its own"),
        (json!([{"a": 1}]), "also_known_as_uris"),
        (json!(vec![bob.uri.clone(); 11]), "too many"),
    ] {
        let answer = set(uris.clone());
        assert_eq!(answer.status, 422, "{uris}: {}", answer.text());
        assert!(answer.text().contains(word), "{uris}: {}", answer.text());
    }
    let missing = ann.request("POST", "/api/v1/accounts/alias").json(&json!({})).send();
    assert_eq!(missing.status, 422);
    assert_eq!(instance.activity(&ann.uri).json()["alsoKnownAs"], both, "nothing changed");
    assert!(set(json!([])).ok()["source"].get("also_known_as_uris").is_none());
    assert!(instance.activity(&ann.uri).json().get("alsoKnownAs").is_none());
}
