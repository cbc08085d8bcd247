//! Search: accounts, tags and statuses, in Chinese too, and what is asked of other servers.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use dassie::clock::{Clock, DAY, HOUR};

use super::{id, ids, shape::is_documented};
use crate::support::{Instance, Options, Peer, Person, eventually, texts};

fn find(person: &Person, kind: &str, query: &str) -> Value {
    let query: String = form_urlencoded::byte_serialize(query.as_bytes()).collect();
    let found = person.get(&format!("/api/v2/search?q={query}&type={kind}"));
    for other in ["accounts", "statuses", "hashtags"] {
        assert!(found[other].is_array(), "{other} is a list, asked for or not");
        assert!(other == kind || found[other] == json!([]), "{other}");
    }
    found[kind].clone()
}

fn statuses(person: &Person, query: &str) -> Vec<String> {
    texts(&find(person, "statuses", query))
}

fn names(list: &Value, field: &str) -> Vec<String> {
    list.as_array().unwrap().iter().map(|one| one[field].as_str().unwrap().to_owned()).collect()
}

#[test]
fn accounts_are_found_by_name_and_handle() {
    let instance = Instance::start();
    let (ann, anna, bob) =
        (instance.person("ann"), instance.person("anna"), instance.person("bob"));
    bob.request("PATCH", "/api/v1/accounts/update_credentials")
        .json(&json!({"display_name": "Anneliese 王小明"}))
        .send()
        .ok();
    let peer = Peer::start(&["mia"]);
    ann.finds(&format!("mia@{}", peer.host));
    let accts = |query: &str| names(&find(&ann, "accounts", query), "acct");
    assert_eq!(accts("@anna"), ["anna"]);
    assert_eq!(accts(&anna.handle())[0], "anna");
    assert_eq!(accts(&format!("@{}", bob.handle()))[0], "bob");
    let mut ann_like = accts("ann");
    ann_like.sort();
    assert_eq!(ann_like, ["ann", "anna", "bob"]);
    assert_eq!(accts("小明"), ["bob"]);
    assert_eq!(accts("王"), ["bob"]);
    assert_eq!(accts("mia"), [format!("mia@{}", peer.host)]);
    assert_eq!(accts(&peer.uri("mia")), [format!("mia@{}", peer.host)]);
    assert_eq!(accts("nothing-like-it"), [""; 0]);
    let list = ann.get("/api/v1/accounts/search?q=anna");
    assert_eq!(names(&list, "acct"), ["anna"]);
    assert_eq!(ann.get("/api/v1/accounts/search?q=anna&following=true"), json!([]));
    ann.post(&format!("/api/v1/accounts/{}/follow", anna.id), json!({}));
    assert_eq!(names(&ann.get("/api/v1/accounts/search?q=ann&following=true"), "acct"), ["anna"]);
    assert_eq!(id(&ann.get("/api/v1/accounts/lookup?acct=anna")), anna.id);
    assert_eq!(
        id(&instance.get(&format!("/api/v1/accounts/lookup?acct={}", anna.handle())).ok()),
        anna.id
    );
    assert_eq!(instance.get("/api/v1/accounts/lookup?acct=nobody").status, 404);
    assert_eq!(instance.get("/api/v1/accounts/lookup").status, 404);
}

#[test]
fn whom_one_follows_is_found_among_very_many() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let path = instance.folder.path().join("data/dassie.db");
    let sql = rusqlite::Connection::open(path).unwrap();
    sql.busy_timeout(Duration::from_secs(10)).unwrap();
    sql.execute_batch(
        "BEGIN IMMEDIATE;
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500)
         INSERT INTO account (id, username, domain, uri, created_at)
         SELECT 1000 + i, 'zoe' || i, 'a.example', 'https://a.example/' || i, 0 FROM n;
         INSERT INTO account_search (rowid, words)
         SELECT id, username FROM account WHERE id BETWEEN 1001 AND 2500; COMMIT;",
    )
    .unwrap();
    let zoe = instance.person("zoelast");
    ann.post(&format!("/api/v1/accounts/{}/follow", zoe.id), json!({}));
    for query in ["zoe", "z"] {
        let list = ann.get(&format!("/api/v1/accounts/search?q={query}&limit=5"));
        assert_eq!(
            (names(&list, "acct")[0].as_str(), list.as_array().unwrap().len()),
            ("zoelast", 5)
        );
        let list = ann.get(&format!("/api/v1/accounts/search?q={query}&following=true"));
        assert_eq!(names(&list, "acct"), ["zoelast"]);
    }
}

#[test]
fn tags_are_found_by_their_beginning() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    ann.writes("#Rust #rustacean #Gärten #中文標籤", "public");
    let tags = |query: &str| names(&find(&ann, "hashtags", query), "name");
    assert_eq!(tags("rust"), ["rust", "rustacean"]);
    assert_eq!(tags("#RUST"), ["rust", "rustacean"]);
    assert_eq!(tags("中文"), ["中文標籤"]);
    assert_eq!(tags("acean"), [""; 0]);
    // what is written in private is nobody's to guess
    ann.writes("#secretplan #secretplan2", "private");
    ann.writes("#secretplan2", "unlisted");
    assert_eq!(tags("secret"), ["secretplan", "secretplan2"]);
    let bob = instance.person("bob");
    assert_eq!(names(&find(&bob, "hashtags", "secret"), "name"), ["secretplan2"]);
    let found = find(&ann, "hashtags", "rustac");
    assert_eq!(found[0]["url"], format!("{}/tags/rustacean", instance.base));
    assert!(found[0]["history"].is_array());
}

#[test]
fn statuses_are_found_by_words_of_one_and_two_chinese_characters() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let texts = ["今天天氣很好", "我喜歡編程和音樂", "The weather is fine", "Grüße aus Köln", "天"];
    for text in texts {
        ann.writes(text, "public");
    }
    bob.writes("天氣預報", "public");
    assert_eq!(statuses(&ann, "天氣"), ["天氣預報", "今天天氣很好"]);
    assert_eq!(statuses(&ann, "天"), ["天氣預報", "天", "今天天氣很好"]);
    assert_eq!(statuses(&ann, "好"), ["今天天氣很好"]);
    assert_eq!(statuses(&ann, "音樂"), ["我喜歡編程和音樂"]);
    assert_eq!(statuses(&ann, "今天天氣很好"), ["今天天氣很好"]);
    assert_eq!(statuses(&ann, "氣天"), [""; 0]);
    assert_eq!(statuses(&ann, "音編"), [""; 0]);
    assert_eq!(statuses(&ann, "WEATHER fine"), ["The weather is fine"]);
    assert_eq!(statuses(&ann, "weath"), ["The weather is fine"]);
    assert_eq!(statuses(&ann, "grüße"), ["Grüße aus Köln"]);
    assert_eq!(statuses(&ann, "weather rain"), [""; 0]);
    // nothing in a query is a command (S-123)
    for strange in
        ["\"", "a\"b", "*", "NEAR(a b)", "a OR b", "words:a", "(", "-", "^a", "' OR 1=1 --"]
    {
        find(&ann, "statuses", strange);
    }
    let only_bob = ann
        .get(&format!("/api/v2/search?q=%E5%A4%A9%E6%B0%A3&type=statuses&account_id={}", bob.id));
    assert_eq!(crate::support::texts(&only_bob["statuses"]), ["天氣預報"]);
    // what is deleted is found no more
    let gone = id(&find(&ann, "statuses", "音樂")[0]);
    ann.delete(&format!("/api/v1/statuses/{gone}"));
    assert_eq!(statuses(&ann, "音樂"), [""; 0]);
    // offset
    let second = ann.get("/api/v2/search?q=%E5%A4%A9&type=statuses&limit=1&offset=1");
    assert_eq!(crate::support::texts(&second["statuses"]), ["天"]);
}

#[test]
fn s_087_search_finds_what_the_reader_may_read_and_no_more() {
    let instance = Instance::start();
    let (ann, bob, eve) = (instance.person("ann"), instance.person("bob"), instance.person("eve"));
    bob.post(&format!("/api/v1/accounts/{}/follow", ann.id), json!({}));
    ann.writes("marmalade open", "public");
    ann.writes("marmalade followers", "private");
    ann.writes("marmalade @bob", "direct");
    assert_eq!(statuses(&eve, "marmalade"), ["marmalade open"]);
    assert_eq!(statuses(&bob, "marmalade").len(), 3);
    ann.post(&format!("/api/v1/accounts/{}/block", eve.id), json!({}));
    assert_eq!(statuses(&eve, "marmalade"), [""; 0]);
    assert_eq!(instance.get("/api/v2/search?q=marmalade").status, 401);
}

#[test]
fn resolve_ends_clearly_where_there_is_nobody() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    // takes connections and never speaks
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent_host = silent.local_addr().unwrap();
    // nobody listens there any more
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let peer = Peer::start(&["mia"]);
    for query in [
        format!("nobody@{closed}"),
        format!("http://{closed}/users/nobody"),
        "nobody@no-such-host.invalid".to_owned(),
        "https://no-such-host.invalid/users/nobody".to_owned(),
        format!("stranger@{}", peer.host),
        peer.at("/users/stranger"),
        format!("http://{silent_host}/users/nobody"),
    ] {
        let since = Instant::now();
        let query: String = form_urlencoded::byte_serialize(query.as_bytes()).collect();
        let answer = ann.request("GET", &format!("/api/v2/search?resolve=true&q={query}")).send();
        assert!(since.elapsed() < Duration::from_secs(10), "{query}: {:?}", since.elapsed());
        let found = answer.ok();
        assert_eq!((&found["accounts"], &found["statuses"]), (&json!([]), &json!([])), "{query}");
    }
    // without `resolve` nobody is asked
    let before = peer.asked().len();
    ann.get(&format!("/api/v2/search?q=mia@{}", peer.host));
    assert_eq!(peer.asked().len(), before);
}

#[test]
fn operators_narrow_what_is_found() {
    let instance = Instance::with(Options {
        clock: Clock::manual(1_704_067_200_000 + HOUR), // 2024-01-01
        ..Options::default()
    });
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let peer = Peer::start(&["mia"]);
    ann.finds(&format!("mia@{}", peer.host));
    let send = |body: Value| id(&ann.post("/api/v1/statuses", body));
    let first = send(json!({"status": "fox one", "language": "en"}));
    send(json!({"status": "fox reply", "in_reply_to_id": first, "language": "de"}));
    bob.writes("fox by bob #tag @ann", "public");
    instance.advance(DAY);
    send(
        json!({"status": "fox poll", "language": "zh-TW", "poll": {"options": ["a", "b"], "expires_in": 600}}),
    );
    send(json!({"status": "fox secret", "spoiler_text": "cw", "language": "zh"}));
    send(json!({"status": "fox https://a.example/x", "language": "en"}));
    let note = peer.create("mia", 1, "<p>fox picture</p>", json!({
        "to": [ann.uri, "https://www.w3.org/ns/activitystreams#Public"],
        "attachment": [{"type": "Document", "mediaType": "image/png", "url": peer.at("/a.png")}],
    }));
    let inbox = format!("{}/inbox", instance.base);
    assert_eq!(peer.send_as("mia", &inbox, &note, instance.app.clock.now_ms()).status, 202);
    let first_word = |query: &str| -> Vec<String> {
        let found = statuses(&ann, query);
        found.iter().map(|t| t.split(' ').nth(1).unwrap_or_default().to_owned()).collect()
    };
    eventually("the picture is found", || (first_word("picture").len() == 1).then_some(()));
    let mia = format!("from:@mia@{}", peer.host);
    for (query, want) in [
        ("fox", vec!["picture", "https://a.example/x", "secret", "poll", "by", "reply", "one"]),
        ("fox from:me", vec!["https://a.example/x", "secret", "poll", "reply", "one"]),
        ("fox from:@bob", vec!["by"]),
        ("fox from:bob from:me -has:link -has:poll", vec!["secret", "by", "reply", "one"]),
        ("fox -from:me", vec!["picture", "by"]),
        ("fox from:nobody", vec![]),
        ("fox -from:nobody is:reply", vec!["reply"]),
        (mia.as_str(), vec!["picture"]),
        ("from:bob", vec!["by"]),
        ("has:media", vec!["picture"]),
        ("fox has:media", vec!["picture"]),
        ("has:poll", vec!["poll"]),
        ("has:link", vec!["https://a.example/x"]),
        ("has:embed", vec![]),
        ("fox is:reply", vec!["reply"]),
        ("from:me is:sensitive", vec!["secret"]),
        ("from:me language:zh", vec!["secret", "poll"]),
        ("from:me language:de", vec!["reply"]),
        ("fox from:me -language:zh", vec!["https://a.example/x", "reply", "one"]),
        ("fox before:2024-01-02", vec!["by", "reply", "one"]),
        ("fox from:me after:2024-01-01", vec!["https://a.example/x", "secret", "poll"]),
        ("fox from:me during:2024-01-01", vec!["reply", "one"]),
        ("fox -poll -secret from:me", vec!["https://a.example/x", "reply", "one"]),
        ("from:me -fox", vec![]),
        ("\"fox one\"", vec!["one"]),
        ("\"one fox\"", vec![]),
        ("-\"fox one\" from:me is:sensitive", vec!["secret"]),
        ("fox in:public from:me is:reply", vec!["reply"]),
        (
            "fox in:library",
            vec!["picture", "https://a.example/x", "secret", "poll", "by", "reply", "one"],
        ),
        ("has:media -has:media", vec![]),
    ] {
        assert_eq!(first_word(query), want, "{query}");
    }
    let path = "/api/v2/search?q=fox";
    is_documented(&[("GET", path, 200, &ann.get(path))]);
    // what is somebody else's and was not addressed to one is in no library
    assert_eq!(statuses(&bob, "fox in:library"), ["fox by bob #tag @ann"]);
    // operators are no words for the other kinds
    assert_eq!(find(&ann, "accounts", "from:me bob")[0]["acct"], "bob");
    assert_eq!(names(&find(&ann, "hashtags", "#tag from:bob"), "name"), ["tag"]);
    // pages
    let page =
        |query: &str| ids(&ann.get(&format!("/api/v2/search?type=statuses&{query}"))["statuses"]);
    let all = page("q=from:me");
    assert_eq!(page("q=from:me&limit=2&offset=1"), all[1..3]);
    assert_eq!(page(&format!("q=from:me&max_id={}", all[1])), all[2..]);
    assert_eq!(page(&format!("q=from:me&min_id={}&max_id={}", all[3], all[0])), all[1..3]);
    assert_eq!(page(&format!("q=from:me&account_id={}", bob.id)), [""; 0]);
    assert_eq!(page(&format!("q=fox&account_id={}&exclude_unreviewed=true", bob.id)).len(), 1);
}

#[test]
fn an_old_day_is_found_behind_very_many_newer_statuses() {
    let instance = Instance::with(Options {
        clock: Clock::manual(1_704_067_200_000 + HOUR), // 2024-01-01
        ..Options::default()
    });
    let ann = instance.person("ann");
    ann.writes("a cow of old", "public");
    instance.advance(30 * DAY);
    let now = instance.app.clock.now_ms();
    let path = instance.folder.path().join("data/dassie.db");
    let sql = rusqlite::Connection::open(path).unwrap();
    sql.busy_timeout(Duration::from_secs(10)).unwrap();
    let made = sql
        .execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10100)
             INSERT INTO status (id, uri, account_id, local, created_at, visibility, content, thread_id)
             SELECT (?1 << 16) + i, 'x:' || i, ?2, 1, ?1, 0, 'new', (?1 << 16) + i FROM n",
            (now, &ann.id),
        )
        .unwrap();
    assert_eq!(made, 10_100);
    for query in ["before:2024-01-15", "from:me before:2024-01-15", "during:2024-01-01 -dog"] {
        assert_eq!(statuses(&ann, query), ["a cow of old"], "{query}");
    }
    assert_eq!(statuses(&ann, "during:2024-01-01 -cow"), [""; 0]);
    assert_eq!(statuses(&ann, "after:2024-01-15 -cow").len(), 20);
}

/// A query made of operators alone must see no more than one with words.
#[test]
fn s_087_no_operator_shows_what_is_hidden() {
    let instance = Instance::start();
    let [ann, bob, eve] = ["ann", "bob", "eve"].map(|name| instance.person(name));
    bob.post(&format!("/api/v1/accounts/{}/follow", ann.id), json!({}));
    let text = "fox https://a.example/x";
    for visibility in ["public", "unlisted", "private", "direct"] {
        ann.writes(&format!("@bob {text} {visibility}"), visibility);
    }
    let mut runner = proptest::test_runner::TestRunner::new(proptest::test_runner::Config {
        cases: 60,
        ..Default::default()
    });
    let term = proptest::sample::select(vec![
        "fox",
        "-fox",
        "from:ann",
        "from:me",
        "-from:me",
        "-from:bob",
        "has:link",
        "-has:media",
        "-has:poll",
        "-is:reply",
        "is:reply",
        "-is:sensitive",
        "in:library",
        "in:public",
        "in:all",
        "after:2000-01-01",
        "before:2100-01-01",
        "language:en",
        "-language:zh",
        "-dog",
    ]);
    let terms = proptest::collection::vec(term, 1..5);
    let sees = |person: &Person, query: &str| -> Vec<String> {
        statuses(person, query).iter().map(|t| t.rsplit(' ').next().unwrap().to_owned()).collect()
    };
    runner
        .run(&terms, |terms| {
            let query = terms.join(" ");
            for seen in sees(&eve, &query) {
                assert!(seen == "public" || seen == "unlisted", "{query}: {seen}");
            }
            Ok(())
        })
        .unwrap();
    assert_eq!(sees(&bob, "from:ann").len(), 4);
    ann.post(&format!("/api/v1/accounts/{}/block", eve.id), json!({}));
    for query in ["from:ann", "fox", "has:link", "-has:media", "from:ann in:public"] {
        assert_eq!(sees(&eve, query), [""; 0], "{query}");
    }
    bob.post(&format!("/api/v1/accounts/{}/block", ann.id), json!({}));
    assert_eq!(sees(&bob, "from:ann"), [""; 0]);
}

#[test]
fn what_pictures_show_and_polls_offer_is_found() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let picture = ann.picture();
    let describe = json!({"description": "一隻貓 on a windowsill"});
    ann.request("PUT", &format!("/api/v1/media/{picture}")).json(&describe).send().ok();
    let seen = id(&ann.post("/api/v1/statuses", json!({"status": "look", "media_ids": [picture]})));
    let poll = json!({"options": ["marmalade", "honey"], "expires_in": 600});
    ann.post("/api/v1/statuses", json!({"status": "what now?", "poll": poll}));
    for (query, want) in [
        ("windowsill", vec!["look"]),
        ("一隻", vec!["look"]),
        ("look windowsill", vec!["look"]),
        ("marmalade", vec!["what now?"]),
        ("has:media", vec!["look"]),
    ] {
        assert_eq!(statuses(&ann, query), want, "{query}");
    }
    // what an edit takes off is there no more, though its history has it
    let path = format!("/api/v1/statuses/{seen}");
    ann.request("PUT", &path).json(&json!({"status": "look away"})).send().ok();
    assert_eq!(statuses(&ann, "windowsill"), [""; 0]);
    assert_eq!(statuses(&ann, "has:media"), [""; 0]);
    assert_eq!(statuses(&ann, "look -has:media"), ["look away"]);
}
