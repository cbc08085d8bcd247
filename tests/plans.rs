//! No query reads a whole table that grows: everything that the main flows run is explained.

use std::collections::BTreeSet;

use dassie::control::{
    self, Command, MediaCommand, MediaPrune, MediaRefetch, MoveStep, RelayChange, Secret,
};
use dassie::db;
use dassie::model::Store;
use rusqlite::config::DbConfig;
use serde_json::{Value, json};

use crate::api::{follow_peer, id, scopes, token};
use crate::oauth;
use crate::support::cached::put;
use crate::support::picture::{Part, coded, corners, form};
use crate::support::s3::{ObjectStore, with_uploads};
use crate::support::{
    Instance, Options, Peer, PeerAnswer, Person, PushKeys, Relay, Request, Socket, eventually,
};

/// What may be read as a whole, and why. `(part of the statement, part of the step, reason)`.
const ALLOWED: &[(&str, &str, &str)] = &[
    ("user", "SCAN user", "the people of this server: a handful of rows"),
    ("user u", "SCAN u", "the same: local followers are found from the people's side"),
    ("count(*) FROM delivery", "SCAN delivery", "`dassie delivery list`, by hand"),
    ("FROM pragma_table_list", "SCAN t VIRTUAL", "the schema: as many rows as there are tables"),
    ("FROM pragma_table_list", "SCAN f VIRTUAL", "the same: what hangs on an account"),
    ("FROM relay ORDER BY id", "SCAN relay", "the relays of this server: a handful, by hand"),
    ("FROM delivery d ORDER BY d.id LIMIT", "SCAN d", "the same, in the order of the index"),
    ("FROM (SELECT * FROM delivery ORDER BY id LIMIT", "SCAN delivery", "so many of the oldest"),
    ("FROM (SELECT * FROM delivery ORDER BY id LIMIT", "SCAN d", "the same"),
    ("FROM job INDEXED BY job_due WHERE dead = 0 LIMIT", "SCAN job", "counts up to a limit only"),
    ("UPDATE delivery SET first = 1 WHERE NOT EXISTS", "SCAN delivery", "the schema's own, once"),
    ("UPDATE host SET failing_since = updated_at", "SCAN host", "the schema's own, once"),
    (
        "cached_file INDEXED BY cached_file_host",
        "SCAN cached_file",
        "`dassie media usage`, by hand",
    ),
    ("SELECT name FROM host INDEXED BY host_updated", "SCAN host", "50,000 rows, once an hour"),
];

/// Orders that are made by sorting, and why. `(part of the statement, reason)`.
const SORTED: &[(&str, &str)] = &[
    ("WITH RECURSIVE", "a thread: as many rows as are shown, 2000 at the most"),
    ("json_each(:authors)", "home behind the kept entries: one window of time of the authors"),
    (
        "INDEXED BY status_public",
        "trends, once an hour: what came out of the newest 20,000 statuses",
    ),
    ("known DESC, a.followers_count", "search for accounts: the 1000 that match at the most"),
    (
        "UNION SELECT account_id FROM (SELECT",
        "whom a deletion is told: 1000 of each kind at the most",
    ),
    (
        "AS size FROM cached_file",
        "`dassie media usage`, by hand: as many rows as there are servers",
    ),
    ("one(account, bytes)", "the same: as many rows as there are authors"),
    ("ORDER BY (username = ?1) DESC", "accounts whose handles differ by case: one or two"),
];

/// Every GET of the client API, in the variants that clients use.
fn read_everything(instance: &Instance, person: &Person, status: &str, account: &str) {
    let variants = [
        "",
        "?max_id=999999999999999999&limit=5",
        "?min_id=5&limit=5",
        "?since_id=5",
        "?local=true&min_id=5",
        "?remote=true",
        "?only_media=true",
        "?exclude_replies=true&min_id=1",
        "?exclude_reblogs=true&only_media=true",
        "?tagged=tag",
        "?pinned=true",
        "?any[]=tag&all[]=tag&none[]=no",
        "?types[]=mention&account_id=5",
        "?exclude_types[]=mention&min_id=1",
        "?q=mia&resolve=false",
        "?q=%E5%A4%A9&type=statuses&account_id=5&min_id=3",
        "?q=tag&type=hashtags",
        "?q=ann&following=true",
        "?q=from:me%20has:media%20-dog",
        "?q=has:link%20-has:embed%20in:library%20language:en",
        "?q=tag%20-from:bob%20before:2100-01-01%20-nothing",
        "?url=https%3A%2F%2Fa.example%2F",
        "?acct=ann",
        "?domain=a.example",
        "?acct=nobody@nowhere.example",
        "?id[]=5&id[]=6",
    ];
    for route in scopes::table().iter().filter(|route| route.method == "GET") {
        let of = if route.path.contains("/accounts/") { account } else { status };
        for id in [of, "5"] {
            let path =
                route.path.replace("{id}", id).replace("{tag}", "tag").replace("{quoting}", "5");
            // of what is not there, and to whom nothing is shown, there is one way to tell
            let (mut signed, mut open) = (true, true);
            for variant in variants {
                let path = format!("{path}{variant}");
                if signed {
                    let answer = person.request("GET", &path).send();
                    assert!(answer.status < 500, "{path}: {}", answer.text());
                    signed = id != "5";
                }
                if open {
                    let answer = instance.get(&path);
                    assert!(answer.status < 500, "{path}: {}", answer.text());
                    open = answer.status == 200 && id != "5";
                }
            }
        }
    }
    let name = &person.name;
    for path in [
        "/",
        "/about",
        "/tags/tag",
        "/tags/tag?max_id=5",
        "/nodeinfo/2.0",
        "/nodeinfo/2.1",
        &format!("/@{name}"),
        &format!("/@{name}?max_id=5"),
        &format!("/@{name}/{status}"),
        "/@nobody",
        &format!("/@{name}/tagged/tag"),
        &format!("/authorize_interaction?uri=@{name}@{}", instance.host),
        &format!("/authorize_interaction?uri={}/users/{name}/statuses/{status}", instance.base),
        &format!("/.well-known/webfinger?resource=acct:{name}@{}", instance.host),
    ] {
        assert!(instance.get(path).status < 500, "{path}");
    }
    for path in [
        "/actor",
        "/actor/outbox",
        &format!("/users/{name}"),
        &format!("/users/{name}/outbox"),
        &format!("/users/{name}/outbox?page=true"),
        &format!("/users/{name}/outbox?page=true&max_id=5"),
        &format!("/users/{name}/followers?page=true"),
        &format!("/users/{name}/following?page=true&max_id=9"),
        &format!("/users/{name}/followers_synchronization"),
        &format!("/users/{name}/collections/featured"),
        &format!("/users/{name}/collections/tags"),
        &format!("/users/{name}/statuses/{status}"),
        &format!("/users/{name}/statuses/{status}/activity"),
        "/users/nobody",
        "/users/ann/statuses/5",
        &format!("/users/{name}/statuses/{status}/replies?page=true&min_id=5"),
        &format!("/users/{name}/statuses/{status}/likes"),
        &format!("/users/{name}/statuses/{status}/shares"),
        &format!("/users/{name}/quote_authorizations/{status}"),
    ] {
        assert!(instance.activity(&format!("{}{path}", instance.base)).status < 500, "{path}");
    }
}

/// What a person does, to somebody here and to somebody elsewhere.
fn do_everything(instance: &Instance, person: &Person, other: &str, status: &str) {
    let post = |path: String, body: Value| {
        let answer = person.request("POST", &path).json(&body).send();
        assert!(answer.status < 500, "{path}: {}", answer.text());
        answer
    };
    for deed in [
        "favourite",
        "reblog",
        "unreblog",
        "unfavourite",
        "reblog",
        "favourite",
        "bookmark",
        "unbookmark",
        "bookmark",
        "pin",
        "unpin",
        "mute",
        "unmute",
    ] {
        post(format!("/api/v1/statuses/{status}/{deed}"), json!({}));
    }
    for method in ["PUT", "PUT", "DELETE", "PUT"] {
        let path = format!("/api/v1/pleroma/statuses/{status}/reactions/%F0%9F%A7%A1");
        person.request(method, &path).json(&json!({})).send().ok();
    }
    let reply = post(
        "/api/v1/statuses".into(),
        json!({"status": "a reply #tag 天氣 https://a.example", "in_reply_to_id": status, "spoiler_text": "cw"}),
    );
    let draft = json!({"status": "@ann @bob once", "visibility": "direct"});
    for _ in 0..2 {
        let once =
            person.request("POST", "/api/v1/statuses").header("idempotency-key", "k").json(&draft);
        once.send().ok();
    }
    read_by_rules(person, other, status);
    post_in_other_ways(person, status);
    for deed in [
        ("follow", json!({"reblogs": false, "languages": ["en"]})),
        ("follow", json!({"reblogs": true, "notify": true, "languages": []})),
        ("mute", json!({"duration": 60})),
        ("unmute", json!({})),
        ("remove_from_followers", json!({})),
        ("block", json!({})),
        ("follow", json!({})),
        ("unblock", json!({})),
        ("follow", json!({})),
        ("note", json!({"comment": "x"})),
        ("note", json!({})),
        ("endorse", json!({})),
        ("unendorse", json!({})),
        ("unfollow", json!({})),
    ] {
        post(format!("/api/v1/accounts/{other}/{}", deed.0), deed.1);
    }
    upload_everything(person);
    let tag = post("/api/v1/featured_tags".into(), json!({"name": "tag"})).json();
    post("/api/v1/tags/other/feature".into(), json!({}));
    post("/api/v1/tags/other/unfeature".into(), json!({}));
    person.get("/api/v1/featured_tags/suggestions");
    person.delete(&format!("/api/v1/featured_tags/{}", id(&tag)));
    let alias = json!({"also_known_as_uris": [format!("{}/users/ann", instance.base)]});
    post("/api/v1/accounts/alias".into(), alias);
    let page = instance.base.replace("127.0.0.1", "localhost");
    let fields = json!({"fields_attributes": [{"name": "a", "value": page}]});
    person.request("PATCH", "/api/v1/profile").json(&fields).send().ok();
    person.request("PATCH", "/api/v1/profile").json(&json!({"fields_attributes": []})).send().ok();
    let profile = json!({"display_name": "A", "note": "#me @bob", "locked": true, "source": {"privacy": "public"}});
    person.request("PATCH", "/api/v1/accounts/update_credentials").json(&profile).send().ok();
    if reply.status == 200 {
        person.delete(&format!("/api/v1/statuses/{}", id(&reply.json())));
    }
    let told = person.get("/api/v1/notifications");
    if let Some(first) = told.get(0) {
        post(format!("/api/v1/notifications/{}/dismiss", id(first)), json!({}));
    }
    instance.settle();
}

/// The cache within its limits, and all commands about files.
fn keep_files(instance: &Instance, account: &str, status: &str) {
    let app = &instance.app;
    for n in 0..3 {
        put(app, n, &format!("https://a.example/{n}"), 10, 1000);
    }
    let url: String = instance
        .app
        .db
        .read(|conn| Ok(db::status::find(conn, status.parse().unwrap())?.unwrap().uri))
        .unwrap();
    let acct =
        app.db.read(|conn| db::account::find(conn, account.parse().unwrap())).unwrap().unwrap();
    let handle = format!("{}@{}", acct.username, acct.domain.unwrap_or_default());
    for command in [
        MediaCommand::Usage,
        MediaCommand::Prune { what: MediaPrune::Days(Some(3)), dry_run: true },
        MediaCommand::Prune { what: MediaPrune::Size(20), dry_run: true },
        MediaCommand::Prune { what: MediaPrune::Host("a.example".into()), dry_run: true },
        MediaCommand::Check { from: 0, repair: true },
        MediaCommand::Refetch(MediaRefetch::Account(handle)),
        MediaCommand::Refetch(MediaRefetch::Status(url)),
        MediaCommand::Prune { what: MediaPrune::Days(Some(3)), dry_run: false },
        MediaCommand::Prune { what: MediaPrune::Size(20), dry_run: false },
        MediaCommand::Prune { what: MediaPrune::Host("a.example".into()), dry_run: false },
    ] {
        control::execute(app, Command::Media(command)).unwrap();
    }
    let media = |conn: &db::Conn| {
        dassie::service::prefetch::list_wanted(conn, &app.site, status.parse().unwrap(), true)
    };
    app.db.read(media).unwrap();
}

/// Files of elsewhere: what a look at one reads and writes.
fn look_at_files(instance: &Instance) {
    let key = dassie::model::CacheKey([1; 16]);
    let read = instance.app.db.read(|conn| {
        db::cached_source::find_media(conn, 1)?;
        db::cached_source::find_picture(conn, 1, true)?;
        db::cached_source::find_card(conn, 1)?;
        db::cached_file::find(conn, &key)
    });
    assert_eq!(read.unwrap(), None);
    let written = instance.app.db.write(db::Lane::Background, move |tx| {
        db::cached_file::touch(tx, &key, 1)?;
        db::upload::intend(tx, "none.png", true)?;
        db::upload::settle(tx, "none.png")?;
        db::cached_source::set_unavailable(tx, 1, None)
    });
    written.wait().unwrap();
}

/// Uploads, attached and not, and pictures of the profile.
fn upload_everything(person: &Person) {
    let picture = coded(&corners(16, 16), image::ImageFormat::Png);
    let pictures = form(
        person.request("PATCH", "/api/v1/accounts/update_credentials"),
        &[Part::File("avatar", "a", &picture), Part::File("header", "h", &picture)],
    );
    pictures.send().ok();
    person.delete("/api/v1/profile/avatar");
    let (first, second) = (person.picture(), person.picture());
    let path = format!("/api/v1/media/{first}");
    person.request("PUT", &path).json(&json!({"description": "x", "focus": "0,0"})).send().ok();
    let media = [Part::File("thumbnail", "t", &picture)];
    form(person.request("PUT", &path), &media).send().ok();
    let both = json!({"media_ids": [first, second]});
    let status = person.post("/api/v1/statuses", both);
    let status = format!("/api/v1/statuses/{}", id(&status));
    let edit =
        json!({"media_ids": [second], "media_attributes": [{"id": second, "description": "y"}]});
    person.request("PUT", &status).json(&edit).send().ok();
    person.get(&format!("{status}/history"));
    person.delete(&status);
    person.delete(&format!("/api/v1/media/{second}"));
}

/// Schedules, the past, quotes and Markdown.
fn post_in_other_ways(person: &Person, status: &str) {
    let post = |body: Value| {
        let answer = person.request("POST", "/api/v1/statuses").json(&body).send();
        assert!(answer.status < 500, "{}", answer.text());
        answer
    };
    let later = dassie::clock::wire_time(dassie::clock::Clock::system().now_ms() + 3_600_000);
    for _ in 0..2 {
        let request = person.request("POST", "/api/v1/statuses").header("idempotency-key", "later");
        request.json(&json!({"status": "later @ann", "scheduled_at": later})).send().ok();
    }
    let all = person.get("/api/v1/scheduled_statuses");
    let path = format!("/api/v1/scheduled_statuses/{}", id(&all[0]));
    person.request("PUT", &path).json(&json!({"scheduled_at": later})).send().ok();
    person.delete(&path);
    post(json!({"status": "long ago", "scheduled_at": "2019-01-01T00:00:00Z"}));
    let own = person.writes("*quotable*", "public");
    post(
        json!({"status": "**look**", "content_type": "text/markdown", "quoted_status_id": status}),
    );
    let quoting = post(json!({"status": "own", "quoted_status_id": id(&own)})).json();
    let path = format!("/api/v1/statuses/{}", id(&own));
    let followers = json!({"quote_approval_policy": "followers"});
    person.request("PUT", &format!("{path}/interaction_policy")).json(&followers).send().ok();
    person.get(&path);
    person.get(&format!("{path}/quotes?min_id=3"));
    person.request("PUT", &path).json(&json!({"status": "edited"})).send().ok();
    let revoke = format!("{path}/quotes/{}/revoke", id(&quoting));
    person.request("POST", &revoke).send().ok();
}

/// Markers, lists, filters, tags and conversations.
fn read_by_rules(person: &Person, other: &str, status: &str) {
    let send = |method: &'static str, path: String, body: Value| {
        let answer = person.request(method, &path).json(&body).send();
        assert!(answer.status < 500, "{path}: {}", answer.text());
        if answer.status == 200 { answer.json() } else { Value::Null }
    };
    send("POST", "/api/v1/markers".into(), json!({"home": {"last_read_id": status}}));
    send("POST", format!("/api/v1/accounts/{other}/follow"), json!({}));
    let list = send("POST", "/api/v1/lists".into(), json!({"title": "a", "exclusive": true}));
    let list = format!("/api/v1/lists/{}", id(&list));
    let members = json!({"account_ids": [other, person.id]});
    send("POST", format!("{list}/accounts"), members.clone());
    person.writes("for the list", "public");
    send("PUT", list.clone(), json!({"exclusive": false, "replies_policy": "followed"}));
    send("DELETE", format!("{list}/accounts"), members.clone());
    send("POST", format!("{list}/accounts"), members);
    person.get(&format!("/api/v1/timelines/list/{}", list.rsplit('/').next().unwrap()));
    let filter = json!({
        "title": "f", "context": ["home"],
        "keywords_attributes": [{"keyword": "hello"}, {"keyword": "list"}],
    });
    let filter = send("POST", "/api/v2/filters".into(), filter);
    let path = format!("/api/v2/filters/{}", id(&filter));
    let word = id(&filter["keywords"][0]);
    send(
        "PUT",
        path.clone(),
        json!({"title": "g", "keywords_attributes": [{"id": word, "_destroy": true}]}),
    );
    let named = send("POST", format!("{path}/statuses"), json!({"status_id": status}));
    send("DELETE", format!("/api/v2/filters/statuses/{}", id(&named)), json!({}));
    let old = send("POST", "/api/v1/filters".into(), json!({"phrase": "x", "context": ["home"]}));
    send("PUT", format!("/api/v1/filters/{}", id(&old)), json!({"phrase": "y"}));
    send("DELETE", format!("/api/v1/filters/{}", id(&old)), json!({}));
    person.get("/api/v1/timelines/home");
    for deed in ["follow", "unfollow", "follow"] {
        send("POST", format!("/api/v1/tags/tag/{deed}"), json!({}));
    }
    let direct = person.writes("@ann @bob in between", "direct");
    let all = person.get("/api/v1/conversations");
    send("POST", format!("/api/v1/conversations/{}/read", id(&all[0])), json!({}));
    person.delete(&format!("/api/v1/statuses/{}", id(&direct)));
    person.writes("@ann @bob again", "direct");
    let all = person.get("/api/v1/conversations");
    send("DELETE", format!("/api/v1/conversations/{}", id(&all[0])), json!({}));
    send("DELETE", path, json!({}));
    send("DELETE", list, json!({}));
    send("DELETE", format!("/api/v1/suggestions/{other}"), json!({}));
    let domain = person.get(&format!("/api/v1/accounts/{other}"))["acct"].clone();
    if let Some((_, domain)) = domain.as_str().unwrap().split_once('@') {
        for method in ["POST", "DELETE"] {
            send(method, "/api/v1/domain_blocks".into(), json!({"domain": domain}));
        }
        send("POST", format!("/api/v1/accounts/{other}/follow"), json!({}));
    }
}

/// Files of all kinds, merged and overwriting, with lines that fail.
fn import_everything(instance: &Instance, person: &Person, peer: &Peer) {
    let accounts = format!("nora@{0}\nbob\nghost\nnobody@{0}\n", peer.host);
    let lists = format!("l,nora@{}\nm,bob\n", peer.host);
    let bookmarks = format!("{}\n", peer.at("/notes/3"));
    for (kind, data) in [
        ("following", &accounts),
        ("lists", &lists),
        ("mutes", &accounts),
        ("blocks", &accounts),
        ("domain_blocks", &"a.example\nb.example\n".to_owned()),
        ("bookmarks", &bookmarks),
    ] {
        for mode in ["merge", "overwrite", "overwrite"] {
            let form = [("type", kind), ("mode", mode), ("data", data.as_str())];
            let begun = person.request("POST", "/api/v1/import").form(&form).send();
            assert_eq!(begun.status, 202, "{}", begun.text());
            let path = format!("/api/v1/import/{}", id(&begun.json()));
            eventually("it ends", || (person.get(&path)["state"] == "finished").then_some(()));
        }
        person.request("GET", &format!("/api/v1/exports/{kind}.csv")).send();
    }
    let dead = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let file = format!("x@{dead}");
    let form = [("type", "following"), ("data", file.as_str())];
    assert_eq!(person.request("POST", "/api/v1/import").form(&form).send().status, 202);
    let given_up = instance.app.db.write(db::Lane::Background, move |tx| {
        db::import::tried(tx, 1, 1)?;
        db::import::expire(tx, tx.now() + 1, 10)?;
        db::import::expire(tx, 0, 10)
    });
    given_up.wait().unwrap();
    person.request("POST", "/api/v1/accounts/1/unblock").send();
}

/// Profiles, threads and polls of other servers that somebody looks at, and what others read here.
fn read_elsewhere(instance: &Instance, ann: &Person, peer: &Peer, status: &Value) {
    let served = |number: u32, more: Value| {
        let mut note = peer.create("max", number, "<p>read</p>", more)["object"].clone();
        note["@context"] = json!("https://www.w3.org/ns/activitystreams");
        peer.serve(&format!("/notes/{number}"), note);
        peer.at(&format!("/notes/{number}"))
    };
    let mut actor = peer.document("/users/mia");
    actor["id"] = json!(peer.uri("max"));
    actor["preferredUsername"] = json!("max");
    for key in ["inbox", "outbox", "followers", "following", "featured"] {
        actor[key] = json!(format!("{}/{key}", peer.uri("max")));
    }
    actor["publicKey"]["id"] = json!(format!("{}#main-key", peer.uri("max")));
    actor["publicKey"]["owner"] = actor["id"].clone();
    actor["_misskey_requireSigninToViewContents"] = json!(true);
    peer.serve("/users/max", actor);
    let list = |items: Value| json!({"type": "OrderedCollection", "totalItems": 3, "items": items});
    let poll = json!({"type": "Question", "oneOf": [{"type": "Note", "name": "a"}]});
    let first = served(40, json!({"replies": peer.at("/notes/40/replies")}));
    let second = served(41, json!({"inReplyTo": first}));
    let third = served(42, poll);
    peer.serve("/notes/40/replies", list(json!([second])));
    let boost = json!({"id": peer.at("/boosts/40"), "type": "Announce", "to": "as:Public", "object": third});
    peer.serve("/users/max/outbox", list(json!([first, boost])));
    peer.serve("/users/max/featured", list(json!([first, third])));
    peer.serve("/users/max/followers", list(json!([])));
    let account = id(&ann.finds(&format!("max@{}", peer.host)));
    ann.get(&format!("/api/v1/accounts/{account}"));
    instance.app.db.write(db::Lane::Background, |_| Ok(())).wait().unwrap();
    instance.settle();
    let opened = id(&ann.finds_status(&first).unwrap());
    ann.get(&format!("/api/v1/statuses/{opened}/context"));
    instance.settle();
    ann.get(&format!("/api/v1_alpha/async_refreshes/thread-{opened}"));
    ann.get(&format!("/api/v1/polls/{}", id(&ann.finds_status(&third).unwrap())));
    let uri = status["uri"].as_str().unwrap();
    for path in [
        "",
        "/replies?page=true",
        "/replies?page=true&only_other_accounts=true",
        "/context?page=true",
    ] {
        instance.activity(&format!("{uri}{path}"));
    }
    let stale = account.parse().unwrap();
    let noted = instance.app.db.write(db::Lane::Background, move |tx| {
        dassie::service::backfill::denied(tx, stale)?;
        dassie::service::backfill::profile_failed(tx, stale)?;
        db::backfill::expire_threads(tx, 0, 10)
    });
    noted.wait().unwrap();
}

/// Quotes that other servers send, ask for and end.
fn receive_quotes(instance: &Instance, peer: &Peer, status: &Value) {
    let inbox = format!("{}/inbox", instance.base);
    let quoted = peer.create("mia", 21, "<p>quoted</p>", json!({}));
    peer.serve("/notes/21", quoted["object"].clone());
    let quote = json!({"quote": peer.at("/notes/21"), "quoteAuthorization": peer.at("/stamps/1")});
    let quoting = peer.create("mia", 22, "<p>quoting</p>", quote);
    let asking = peer.create("mia", 23, "<p>asking</p>", json!({"quote": status["uri"]}));
    let request = json!({
        "@context": asking["@context"], "id": peer.at("/requests/1"), "type": "QuoteRequest",
        "actor": peer.uri("mia"), "object": status["uri"], "instrument": asking["object"],
    });
    let accept = json!({
        "@context": asking["@context"], "id": peer.at("/accepts/1"), "type": "Accept",
        "actor": peer.uri("mia"), "object": peer.at("/requests/2"), "result": peer.at("/stamps/2"),
    });
    let mut delete = accept.clone();
    delete["id"] = json!(peer.at("/deletes/1"));
    delete["type"] = json!("Delete");
    delete["object"] = json!(peer.at("/stamps/1"));
    for activity in [quoting, quoted, request, accept, delete] {
        assert_eq!(peer.send("mia", &inbox, &activity).status, 202);
        instance.settle();
    }
}

/// What needs consent, of both sides: asked for, given, refused and taken back.
fn ask_for_consent(instance: &Instance, ann: &Person, bob: &Person, peer: &Peer) {
    let inbox = format!("{}/inbox", instance.base);
    let public = "https://www.w3.org/ns/activitystreams#Public";
    let rule = json!({"automatic_approval": ["followers"], "manual_approval": ["public"]});
    let policy = json!({"can_reply": rule, "can_favourite": rule, "can_reblog": rule});
    let defaults = json!({"public": policy});
    ann.request("PATCH", "/api/v1/interaction_policies/defaults").json(&defaults).send().ok();
    ann.get("/api/v1/interaction_policies/defaults");
    let post = ann.writes("ask me", "public");
    let send = |number: u32, kind: &str, more: Value| {
        let mut activity = json!({"@context": "https://www.w3.org/ns/activitystreams",
            "id": peer.at(&format!("/consent/{number}")), "type": kind, "actor": peer.uri("otto"),
            "to": [public], "object": post["uri"]});
        activity.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert_eq!(peer.send("otto", &inbox, &activity).status, 202);
        instance.settle();
        activity
    };
    let like = send(1, "Like", json!({}));
    let boost = send(2, "Announce", json!({}));
    let reply = peer.create("otto", 71, "x", json!({"inReplyTo": post["uri"]}));
    send(3, "ReplyRequest", json!({"instrument": reply["object"]}));
    let answer = json!({"status": "may I", "in_reply_to_id": id(&post)});
    bob.post("/api/v1/statuses", answer);
    let asked = ann.get("/api/v1/interaction_requests?limit=3");
    ann.get("/api/v1/interaction_requests?min_id=1&reblogs=false");
    ann.get("/api/v1/notifications?types[]=pending.reply");
    for (request, word) in
        asked.as_array().unwrap().iter().zip(["authorize", "reject", "authorize"])
    {
        let path = format!("/api/v1/interaction_requests/{}", id(request));
        ann.get(&path);
        ann.post(&format!("{path}/{word}"), json!({}));
        ann.request("POST", &format!("{path}/reject")).send();
    }
    send(4, "Undo", json!({"object": like}));
    send(5, "Undo", json!({"object": boost}));
    // the other way round
    let policy = json!({"canReply": {"manualApproval": public}, "canLike": {"manualApproval": public},
        "canAnnounce": {"automaticApproval": peer.uri("otto")}});
    let theirs = peer.create("otto", 72, "theirs", json!({"interactionPolicy": policy}));
    assert_eq!(peer.send("otto", &inbox, &theirs).status, 202);
    instance.settle();
    let theirs = id(&ann.finds_status(&peer.at("/notes/72")).unwrap());
    ann.post(&format!("/api/v1/statuses/{theirs}/favourite"), json!({}));
    let own = ann.post("/api/v1/statuses", json!({"status": "may I", "in_reply_to_id": theirs}));
    let proof = peer.at("/consent/proof");
    send(6, "Accept", json!({"object": own["uri"], "result": proof}));
    send(7, "Delete", json!({"object": proof}));
    let other = peer.create(
        "pia",
        73,
        "other",
        json!({"inReplyTo": peer.at("/notes/72"),
        "approvedBy": proof}),
    );
    assert_eq!(peer.send("pia", &inbox, &other).status, 202);
    instance.settle();
    ann.delete(&format!("/api/v1/statuses/{}", id(&own)));
    ann.request("PATCH", "/api/v1/interaction_policies/defaults").json(&json!({})).send().ok();
}

/// Notifications in groups, held back, accepted and dismissed.
fn be_told(ann: &Person, bob: &Person, status: &str) {
    let send = |who: &Person, method: &'static str, path: &str, body: Value| {
        let answer = who.request(method, path).json(&body).send();
        assert!(answer.status < 500, "{path}: {}", answer.text());
        if answer.status == 200 { answer.json() } else { Value::Null }
    };
    for marked in [false, true] {
        for path in ["/api/v1/notifications/unread_count", "/api/v2/notifications/unread_count"] {
            ann.get(path);
            ann.get(&format!("{path}?types[]=favourite&account_id={}", bob.id));
        }
        if !marked {
            let marker = json!({"notifications": {"last_read_id": "1"}});
            send(ann, "POST", "/api/v1/markers", marker);
        }
    }
    send(bob, "POST", &format!("/api/v1/statuses/{status}/favourite"), json!({}));
    send(bob, "POST", &format!("/api/v1/accounts/{}/follow", ann.id), json!({}));
    let groups =
        ann.get("/api/v2/notifications?expand_accounts=partial_avatars&grouped_types[]=follow");
    for group in groups["notification_groups"].as_array().unwrap() {
        let path = format!("/api/v2/notifications/{}", group["group_key"].as_str().unwrap());
        send(ann, "GET", &path, json!({}));
        ann.get(&format!("{path}/accounts"));
        ann.get(&format!("{path}/accounts?min_id=1"));
    }
    let sorts =
        ["for_not_followers", "for_new_accounts", "for_limited_accounts", "for_private_mentions"];
    for sort in sorts {
        send(ann, "PATCH", "/api/v2/notifications/policy", json!({ sort: "filter" }));
    }
    send(ann, "POST", &format!("/api/v1/accounts/{}/unfollow", bob.id), json!({}));
    for deed in ["dismiss", "accept"] {
        let first = bob.writes("@ann psst", "direct");
        let answer = json!({
            "status": "@ann psst", "visibility": "direct", "in_reply_to_id": id(&first),
        });
        send(bob, "POST", "/api/v1/statuses", answer);
        bob.delete(&format!("/api/v1/statuses/{}", id(&first)));
        ann.get("/api/v1/notifications?include_filtered=true");
        ann.get("/api/v2/notifications?include_filtered=true&min_id=1");
        ann.get("/api/v1/notifications/policy");
        let all = ann.get("/api/v1/notifications/requests");
        ann.get("/api/v1/notifications/requests?min_id=1");
        let path = format!("/api/v1/notifications/requests/{}", id(&all[0]));
        send(ann, "GET", &path, json!({}));
        send(ann, "POST", &format!("{path}/{deed}"), json!({}));
    }
    for sort in sorts {
        send(ann, "PATCH", "/api/v2/notifications/policy", json!({ sort: "accept" }));
    }
    for group in ann.get("/api/v2/notifications")["notification_groups"].as_array().unwrap() {
        let key = group["group_key"].as_str().unwrap();
        send(ann, "POST", &format!("/api/v2/notifications/{key}/dismiss"), json!({}));
    }
    send(ann, "DELETE", "/api/v1/notifications/destroy_multiple?ids[]=1", json!({}));
}

/// What other servers send.
fn receive_everything(instance: &Instance, ann: &Person, peer: &Peer, status: &Value) {
    let inbox = format!("{}/inbox", instance.base);
    let (uri, context) = (peer.uri("mia"), "https://www.w3.org/ns/activitystreams");
    let send = |number: &str, kind: &str, object: Value| {
        let activity = json!({
            "@context": context, "id": peer.at(&format!("/activities/{number}")), "type": kind,
            "actor": uri, "object": object, "to": [format!("{context}#Public")], "cc": [ann.uri],
        });
        let answer = peer.send("mia", &inbox, &activity);
        assert!(answer.status < 500, "{kind}: {}", answer.text());
        instance.settle();
        activity
    };
    let mut note = peer.create("mia", 1, "<p>hello #tag</p>", json!({
        "cc": [ann.uri, format!("{uri}/followers")], "inReplyTo": status["uri"],
        "published": "2024-01-01T00:00:00Z", "url": peer.at("/@mia/1"),
        "likes": {"totalItems": 3}, "shares": {"totalItems": 2},
        "tag": [{"type": "Hashtag", "name": "#tag"}, {"type": "Mention", "href": ann.uri, "name": "@ann"},
                {"type": "Mention", "href": peer.uri("unknown"), "name": format!("@nobody@{}", peer.host)},
                {"type": "Mention", "name": format!("@neither@{}", peer.host)},
                {"type": "Emoji", "name": ":x:", "icon": {"type": "Image", "url": peer.at("/x.png")}}],
        "attachment": [{"type": "Document", "mediaType": "image/png", "url": peer.at("/a.png"), "name": "alt"}],
    }));
    assert_eq!(peer.send("mia", &inbox, &note).status, 202);
    instance.settle();
    // an answer to what has to be fetched first, and whose own parent is nowhere
    let parent =
        peer.create("mia", 3, "<p>parent</p>", json!({"inReplyTo": peer.at("/notes/nowhere")}));
    peer.serve("/notes/3", parent["object"].clone());
    let child = peer.create(
        "mia",
        4,
        "<p>child</p>",
        json!({"inReplyTo": peer.at("/notes/3"), "cc": [ann.uri]}),
    );
    assert_eq!(peer.send("mia", &inbox, &child).status, 202);
    instance.settle();
    let like = send("like", "Like", status["uri"].clone());
    send("unlike", "Undo", like);
    let boost = send("boost", "Announce", status["uri"].clone());
    send("unboost", "Undo", boost);
    send("boost3", "Announce", json!(peer.at("/notes/3")));
    let follow = send("follow", "Follow", json!(ann.uri));
    let asker = id(&ann.finds(&format!("mia@{}", peer.host)));
    ann.request("POST", &format!("/api/v1/follow_requests/{asker}/authorize")).send();
    send("unfollow", "Undo", follow.clone());
    send("follow2", "Follow", json!(ann.uri));
    ann.request("POST", &format!("/api/v1/follow_requests/{asker}/reject")).send();
    note["object"]["content"] = json!("<p>edited #tag</p>");
    note["object"]["updated"] = json!("2024-02-01T00:00:00Z");
    send("update", "Update", note["object"].clone());
    receive_quotes(instance, peer, status);
    let block = send("block", "Block", json!(ann.uri));
    send("unblock", "Undo", block);
    send("accept", "Accept", json!({"type": "Follow", "actor": ann.uri, "object": uri}));
    send("reject", "Reject", json!({"type": "Follow", "actor": ann.uri, "object": uri}));
    send("delete", "Delete", json!({"type": "Tombstone", "id": peer.at("/notes/1")}));
    send("flag", "Flag", json!([ann.uri]));
    let tag = json!({"type": "Hashtag", "name": "#tag", "href": peer.at("/tags/tag")});
    for (number, kind) in ["Add", "Remove"].into_iter().enumerate() {
        let activity = json!({
            "@context": context, "id": peer.at(&format!("/tags/{number}")), "type": kind,
            "actor": uri, "object": tag, "target": peer.at("/users/mia/featured"),
        });
        assert_eq!(peer.send("mia", &inbox, &activity).status, 202);
        instance.settle();
    }
    let actor = json!({
        "id": uri, "type": "Person", "preferredUsername": "mia", "name": "New", "inbox": format!("{uri}/inbox"),
        "movedTo": peer.uri("nora"), "attachment": [{"type": "PropertyValue", "name": "a",
            "value": format!("<a href=\"{0}\">{0}</a>", peer.at("/x"))}],
    });
    send("profile", "Update", actor);
    send("goodbye", "Delete", json!(uri));
}

/// A relay of each kind, with what it passes on, and the end of what it brought.
fn relay_everything(instance: &Instance, ann: &Person, peer: &Peer) {
    let execute = |command| control::execute(&instance.app, command).unwrap();
    let relays = [Relay::start(), Relay::start()];
    relays[0].accepts(instance, "/inbox", RelayChange::default());
    relays[1].accepts(instance, "/actor", RelayChange::default());
    let back = relays[1].own(7, "Follow", json!(format!("{}/actor", instance.base)));
    relays[1].passes_on(instance, &back);
    relays[1].passes_on(instance, &relays[1].own(8, "Undo", back));
    let root = ann.writes("for relays", "public");
    for number in [70, 71] {
        let create =
            peer.create("nora", number, "<p>relayed</p>", json!({"inReplyTo": root["uri"]}));
        let mut note = create["object"].clone();
        note["@context"] = json!("https://www.w3.org/ns/activitystreams");
        peer.serve(&format!("/notes/{number}"), note);
        for relay in &relays {
            relay.passes_on(instance, &create);
        }
    }
    let of_nora = |number: u32, kind: &str, object: &str| {
        json!({
            "@context": "https://www.w3.org/ns/activitystreams", "type": kind, "object": object,
            "id": peer.at(&format!("/acts/{number}")), "actor": peer.uri("nora"),
        })
    };
    relays[0].passes_on(instance, &of_nora(80, "Update", &peer.at("/notes/70")));
    peer.serve("/notes/71", json!(410));
    let deleted = of_nora(81, "Delete", &peer.at("/notes/71"));
    assert_eq!(peer.send("mia", &format!("{}/inbox", instance.base), &deleted).status, 202);
    instance.settle();
    relays[0].passes_on(instance, &of_nora(82, "Delete", &peer.uri("nora")));
    ann.delete(&format!("/api/v1/statuses/{}", id(&root)));
    let expired = instance
        .app
        .db
        .write(db::Lane::Background, |tx| dassie::service::retention::expire_relayed(tx, 0));
    assert!(expired.wait().unwrap() > 0);
    let relay = || relays[0].actor();
    execute(Command::RelaySet { relay: relay(), change: RelayChange::default() });
    execute(Command::RelayList);
    execute(Command::RelayRemove { relay: relay() });
    instance.settle();
    grow_old(instance);
}

/// What retention asks and does; nothing is as old as that.
fn grow_old(instance: &Instance) {
    use dassie::service::retention::{self, Way};
    let db = &instance.app.db;
    let age = retention::age(instance.app.clock.now_ms(), 60);
    for way in [Way::New, Way::Old, Way::Accounts, Way::Tags] {
        let at = if matches!(way, Way::New | Way::Old) { i64::MAX } else { 0 };
        db.read(|conn| retention::look(conn, way, 0, at, age)).unwrap();
        let removed = db.write(db::Lane::Background, move |tx| {
            retention::remove(tx, way, &[3], age)?;
            way.keep(tx, retention::Walk::default())
        });
        removed.wait().unwrap();
        db.read(|conn| way.go_on(conn, 0)).unwrap();
    }
    for (trace, _) in retention::TRACES.iter().copied() {
        db.read(|conn| trace.count(conn)).unwrap();
        db.read(|conn| trace.look(conn, i64::MAX, 5)).unwrap();
        let remove = move |tx: &db::Tx<'_>| trace.remove(tx, &[3], retention::TIME);
        db.write(db::Lane::Background, remove).wait().unwrap();
    }
    db.read(db::crowd::count_accounts).unwrap();
    for deeds in [false, true] {
        db.read(|conn| db::crowd::look_at_accounts(conn, (0, 0), deeds, 5)).unwrap();
        let remove =
            move |tx: &db::Tx<'_>| db::crowd::remove_accounts(tx, &[3], deeds, retention::TIME);
        db.write(db::Lane::Background, remove).wait().unwrap();
    }
    for (ledger, most, _) in retention::LEDGERS.iter().copied() {
        db.read(|conn| ledger.count(conn, most)).unwrap();
        db.write(db::Lane::Background, move |tx| ledger.remove_oldest(tx, 0)).wait().unwrap();
    }
    db.write(db::Lane::Background, db::space::merge_words).wait().unwrap();
    db.write(db::Lane::Background, |tx| db::space::vacuum(tx, retention::TIME)).wait().unwrap();
}

/// What stands in the table, or is named so in a statement.
fn table_of<'a>(
    statement: &'a str,
    name: &'a str,
    tables: &'a BTreeSet<String>,
) -> Option<&'a str> {
    if tables.contains(name) {
        return Some(name);
    }
    let words: Vec<&str> = statement
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
        .collect();
    words.windows(2).find(|pair| pair[1] == name && tables.contains(pair[0])).map(|pair| pair[0])
}

/// Uploads of another server: put there, shown, given another preview, moved and deleted.
fn uploads_in_a_bucket() {
    let store = ObjectStore::start();
    let instance = Instance::with(Options { configure: Some(with_uploads), ..Options::default() });
    let ann = instance.person("ann");
    let picture = coded(&corners(40, 20), image::ImageFormat::Png);
    let media = ann.uploads(&picture).ok();
    let path = format!("/api/v1/media/{}", id(&media));
    form(ann.request("PUT", &path), &[Part::File("thumbnail", "t.png", &picture)]).send().ok();
    assert_eq!(Request::new("GET", media["url"].as_str().unwrap()).send().status, 200);
    let file = [Part::File("avatar", "a.png", &picture)];
    form(ann.request("PATCH", "/api/v1/accounts/update_credentials"), &file).send().ok();
    for to in [Store::Disk, Store::Bucket] {
        let step = MoveStep { to, after: 0, dry_run: false };
        control::execute(&instance.app, Command::Media(MediaCommand::Move(step))).unwrap();
    }
    ann.delete(&path);
    eventually("its objects are gone", || (store.paths().len() == 1).then_some(()));
}

#[test]
fn no_query_reads_a_whole_table() {
    db::plan::record();
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let peer = Peer::start(&["mia", "nora", "otto", "pia"]);
    let mut mia = peer.document("/users/mia");
    mia["featured"] = json!(peer.at("/users/mia/featured"));
    mia["featuredTags"] = json!(peer.at("/users/mia/tags"));
    peer.serve("/users/mia", mia);
    let context = "https://www.w3.org/ns/activitystreams";
    let tags = json!({"@context": context, "type": "Collection", "id": peer.at("/users/mia/tags"),
        "items": [{"type": "Hashtag", "name": "#tag"}]});
    peer.serve("/users/mia/tags", tags);
    let mut nora = peer.document("/users/nora");
    nora["alsoKnownAs"] = json!([peer.uri("mia")]);
    peer.serve("/users/nora", nora);
    follow_peer(&instance, &ann, &peer, "mia");
    let status = ann.writes("hello #tag 天氣 @bob", "public");
    let nora = id(&ann.finds(&format!("nora@{}", peer.host)));
    // whoever listens has what is below decided and rendered for it
    let mut open =
        Socket::open(&instance.host, &format!("?access_token={}", ann.token), &[]).unwrap();
    for stream in ["user", "public", "list", "direct"] {
        open.says(json!({"type": "subscribe", "stream": stream, "list": "1"}));
    }
    let keys = PushKeys::new().json();
    for policy in ["followed", "follower", "all"] {
        let to = json!({"endpoint": peer.at("/push"), "keys": keys});
        let wish = json!({"alerts": {"mention": true, "favourite": true}, "policy": policy});
        bob.post("/api/v1/push/subscription", json!({"subscription": to, "data": wish}));
        let changed = bob.request("PUT", "/api/v1/push/subscription");
        changed.json(&json!({"data": wish})).send().ok();
        ann.writes("@bob wake up", "public");
    }
    for visibility in ["unlisted", "private", "direct"] {
        ann.writes(&format!("@bob @nora@{} {visibility}", peer.host), visibility);
    }
    bob.post(&format!("/api/v1/accounts/{}/follow", ann.id), json!({}));
    bob.request("POST", &format!("/api/v1/statuses/{}/favourite", id(&status))).send().ok();
    read_everything(&instance, &ann, &id(&status), &ann.id);
    read_everything(&instance, &bob, &id(&status), &nora);
    do_everything(&instance, &bob, &ann.id, &id(&status));
    do_everything(&instance, &ann, &nora, &id(&status));
    relay_everything(&instance, &ann, &peer);
    receive_everything(&instance, &ann, &peer, &status);
    read_elsewhere(&instance, &ann, &peer, &status);
    read_everything(&instance, &ann, &id(&status), &ann.id);
    be_told(&ann, &bob, &id(&status));
    follow_peer(&instance, &ann, &peer, "otto");
    ask_for_consent(&instance, &ann, &bob, &peer);
    oauth::everything(&instance);
    // a server that is down
    peer.answer(PeerAnswer::Status(500));
    ann.writes(&format!("@nora@{} are you there?", peer.host), "direct");
    eventually("a delivery fails", || {
        let list = instance.app.db.read(|conn| db::delivery::list(conn, 10)).unwrap();
        list.iter().any(|delivery| delivery.attempts > 0).then_some(())
    });
    // a poll; its end stays planned, so that nothing settles after this
    let choices = json!({"options": ["a", "b"], "expires_in": 600});
    let poll = bob.post("/api/v1/statuses", json!({"status": "which?", "poll": choices}));
    ann.post(&format!("/api/v1/polls/{}/votes", id(&poll)), json!({"choices": [0]}));
    ann.post(&format!("/api/v1/statuses/{}/reblog", id(&poll)), json!({}));
    let edited = json!({"status": "which one? @ann #tag", "poll": choices});
    bob.request("PUT", &format!("/api/v1/statuses/{}", id(&poll))).json(&edited).send().ok();
    read_everything(&instance, &ann, &id(&poll), &bob.id);
    let poll_id = id(&poll);
    let (site, poll) = (instance.app.site.clone(), poll_id.parse().unwrap());
    let told = instance.app.db.write(db::Lane::Background, move |tx| {
        dassie::service::poll::tell(tx, &site, poll)?;
        dassie::service::poll::end(tx, &site, poll)
    });
    told.wait().unwrap();
    crate::api::admin::everything(&instance, &bob, &nora, &poll_id);
    let execute = |command| control::execute(&instance.app, command);
    for (host, status) in [(None, None), (Some("a.example".to_owned()), None)] {
        execute(Command::DeliveryList { limit: 10, host, status }).unwrap();
    }
    execute(Command::HostList { limit: 10 }).unwrap();
    keep_files(&instance, &nora, &id(&status));
    execute(Command::AccountList).unwrap();
    import_everything(&instance, &ann, &peer);
    look_at_files(&instance);
    // what `serve` asks at its start
    assert!(instance.app.db.read(db::user::count).unwrap() > 1);
    let password = || Secret("a long enough one".into());
    execute(Command::AccountPassword { account: "bob".into(), password: password() }).unwrap();
    let create = |name: &str| Command::AccountCreate {
        username: name.into(),
        email: format!("{name}@c.example"),
        password: password(),
        admin: true,
    };
    execute(create("carl")).unwrap();
    execute(Command::TokenCreate {
        account: "carl".into(),
        scopes: "read".into(),
        name: "x".into(),
    })
    .unwrap();
    let (bob_handle, ann_handle) =
        (format!("bob@{}", instance.host), format!("ann@{}", instance.host));
    let alias = |add, remove| Command::AccountAlias { account: "bob".into(), add, remove };
    execute(alias(Some(ann_handle.clone()), None)).unwrap();
    let moves =
        |target| Command::AccountMove { account: "ann".into(), target, with_followers: true };
    execute(moves(Some(bob_handle))).unwrap();
    execute(moves(None)).unwrap();
    execute(alias(None, Some(ann_handle))).unwrap();
    execute(Command::AccountDelete { account: "ann".into() }).unwrap();
    uploads_in_a_bucket();
    peer.answer(PeerAnswer::Status(202));
    token(&instance, None, "read");
    Request::new("GET", format!("{}/api/v1/timelines/public", instance.base)).send().ok();

    // the schema says which tables there are
    let path = instance.folder.path().join("data/dassie.db");
    let sql = rusqlite::Connection::open(path).unwrap();
    let mut query = sql.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").unwrap();
    let mut tables: BTreeSet<String> =
        query.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    tables.insert("sqlite_schema".into());
    let mut looked = 0;
    let mut offenders = Vec::new();
    let mut used = BTreeSet::new();
    for statement in db::plan::recorded() {
        let word = statement.split_whitespace().next().unwrap_or_default().to_uppercase();
        if !["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"].contains(&word.as_str()) {
            continue;
        }
        // a migration read what it replaced, once
        if statement.contains("_before") || statement.contains("account_domain_block_new") {
            continue;
        }
        looked += 1;
        let steps = instance.app.db.read(|conn| db::plan::explain(conn, &statement)).unwrap();
        for step in steps {
            let is_sorted = step.contains("USE TEMP B-TREE FOR ORDER BY");
            let scanned = step.strip_prefix("SCAN ").and_then(|rest| rest.split(' ').next());
            let bad = match scanned {
                // of a virtual table: only without anything to look for
                Some(_) if step.contains("VIRTUAL TABLE INDEX") => step.ends_with("INDEX 0:"),
                Some(name) => table_of(&statement, name, &tables).is_some(),
                None => is_sorted,
            };
            if !bad {
                continue;
            }
            let reason = if is_sorted {
                SORTED.iter().position(|(part, _)| statement.contains(part)).map(|at| (1, at))
            } else {
                ALLOWED
                    .iter()
                    .position(|(part, what, _)| {
                        statement.contains(part)
                            && (step == *what || step.starts_with(&format!("{what} ")))
                    })
                    .map(|at| (0, at))
            };
            match reason {
                Some(reason) => drop(used.insert(reason)),
                None => offenders.push(format!("{step}\n    in {statement}")),
            }
        }
    }
    assert!(looked > 150, "only {looked} statements were seen");
    assert!(offenders.is_empty(), "{} of {looked}:\n{}", offenders.len(), offenders.join("\n"));
    // an exception that nothing needs any more would hide what comes later
    let all = (0..ALLOWED.len()).map(|at| (0, at)).chain((0..SORTED.len()).map(|at| (1, at)));
    let unused: Vec<_> = all.filter(|one| !used.contains(one)).collect();
    assert!(unused.is_empty(), "unused exceptions: {unused:?}");
}

#[test]
fn what_a_deletion_takes_along_is_found_by_an_index() {
    let instance = Instance::start();
    let path = instance.folder.path().join("data/dassie.db");
    let sql = rusqlite::Connection::open(path).unwrap();
    sql.set_db_config(DbConfig::SQLITE_DBCONFIG_TRIGGER_EQP, true).unwrap();
    let text = |query: &str| -> Vec<Vec<String>> {
        let mut query = sql.prepare(query).unwrap();
        let columns = query.column_count();
        let rows = query.query_map([], |row| {
            (0..columns)
                .map(|i| row.get::<_, rusqlite::types::Value>(i))
                .map(|value| {
                    value.map(|value| match value {
                        rusqlite::types::Value::Text(text) => text,
                        other => format!("{other:?}"),
                    })
                })
                .collect::<Result<Vec<_>, _>>()
        });
        rows.unwrap().collect::<Result<_, _>>().unwrap()
    };
    let mut checked = 0;
    for table in text("SELECT name FROM sqlite_schema WHERE type = 'table'") {
        for key in text(&format!("PRAGMA foreign_key_list({})", table[0])) {
            let (table, column) = (&table[0], &key[3]);
            let steps =
                text(&format!("EXPLAIN QUERY PLAN SELECT 1 FROM {table} WHERE {column} = 1"));
            for step in steps {
                assert!(!step[3].starts_with("SCAN"), "{table}.{column}: {}", step[3]);
            }
            checked += 1;
        }
    }
    assert!(checked > 30, "{checked}");
}
