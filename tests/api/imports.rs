//! Moving in and out: CSV files as Mastodon has them.

use dassie::clock::Clock;
use serde_json::{Value, json};

use super::{id, ids};
use crate::support::{Answer, Instance, Options, Peer, Person, Request, eventually};

const PATH: &str = "/api/v1/import";

fn send(person: &Person, kind: &str, mode: &str, data: &str) -> Answer {
    person.request("POST", PATH).form(&[("type", kind), ("mode", mode), ("data", data)]).send()
}

/// Imports a file and waits for its end; answers how it stands with its failures.
#[track_caller]
fn import(person: &Person, kind: &str, mode: &str, data: &str) -> Value {
    let answer = send(person, kind, mode, data);
    assert_eq!(answer.status, 202, "{}", answer.text());
    let begun = answer.json();
    assert_eq!((&begun["type"], &begun["mode"]), (&json!(kind), &json!(mode)));
    let path = format!("{PATH}/{}", id(&begun));
    eventually("the import ends", || {
        Some(person.get(&path)).filter(|import| import["state"] == "finished")
    })
}

fn counts(import: &Value) -> [i64; 3] {
    ["total_items", "imported_items", "failed_items"].map(|name| import[name].as_i64().unwrap())
}

fn export(person: &Person, name: &str) -> String {
    let answer = person.request("GET", &format!("/api/v1/exports/{name}.csv")).send();
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(answer.header("content-type").unwrap().starts_with("text/csv"));
    assert!(answer.header("content-disposition").unwrap().contains(&format!("{name}.csv")));
    answer.text()
}

#[test]
fn f_352_follows_come_in_from_here_and_elsewhere() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let peer = Peer::start(&["mia", "nora"]);
    let file = format!(
        "\u{feff}Account address,Show boosts,Notify on new posts,Languages\r\n\
         mia@{host},false,true,\"de, fr\"\r\nbob@{own},true,false,\r\n@nora@{host},true,false,\r\n\
         MIA@{host},true,false,\r\nnobody@{host},true,false,\r\nghost,true,false,\r\n\
         not an address,true,false,\r\nann,true,false,\r\n",
        host = peer.host,
        own = instance.host
    );
    let done = import(&ann, "following", "merge", &file);
    assert_eq!(counts(&done), [7, 3, 4], "{done}");
    assert!(done["finished_at"].is_string());
    let failed: Vec<&str> =
        done["failures"].as_array().unwrap().iter().map(|f| f["item"].as_str().unwrap()).collect();
    assert_eq!(failed.len(), 4);
    for item in [&format!("nobody@{}", peer.host), "ghost", "ann"] {
        assert!(failed.contains(&item), "{item}: {failed:?}");
    }
    let mia = id(&ann.finds(&format!("mia@{}", peer.host)));
    let relations = ann.get(&format!("/api/v1/accounts/relationships?id[]={mia}&id[]={}", bob.id));
    assert_eq!(
        (&relations[0]["requested"], &relations[0]["notifying"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(relations[0]["showing_reblogs"], false);
    assert_eq!(relations[0]["languages"], json!(["de", "fr"]));
    assert_eq!(relations[1]["following"], true);
    let follows = || peer.received().iter().filter(|a| a["type"] == "Follow").count();
    eventually("the peer is asked", || (follows() == 2).then_some(()));
    // once more: nothing is doubled
    assert_eq!(counts(&import(&ann, "following", "merge", &file)), [7, 3, 4]);
    instance.settle();
    assert_eq!(follows(), 2);
    assert_eq!(ann.get(PATH).as_array().unwrap().len(), 2);
    // S-082
    assert_eq!(bob.get(PATH), json!([]));
    let path = format!("{PATH}/{}", id(&done));
    assert_eq!(bob.request("GET", &path).send().status, 404);
}

#[test]
fn f_352_blocks_mutes_lists_domains_and_bookmarks_come_in() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let carl = instance.person("carl");
    let peer = Peer::start(&["mia"]);
    let create = peer.create("mia", 1, "<p>keep me</p>", json!({}));
    let mut note = create["object"].clone();
    note["@context"] = create["@context"].clone();
    peer.serve("/notes/1", note);
    let own = bob.writes("mine", "public");

    import(&ann, "blocks", "merge", &format!("mia@{}\n", peer.host));
    assert_eq!(ann.get("/api/v1/blocks")[0]["username"], "mia");
    import(&ann, "mutes", "merge", "Account address,Hide notifications\nbob,false\ncarl,true\n");
    let ask = format!("/api/v1/accounts/relationships?id[]={}&id[]={}", bob.id, carl.id);
    let relations = ann.get(&ask);
    assert_eq!(
        (&relations[0]["muting"], &relations[0]["muting_notifications"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(relations[1]["muting_notifications"], true);
    import(&ann, "lists", "merge", "friends,bob\n\"a, b\",bob\nfriends,carl\n");
    let lists = ann.get("/api/v1/lists");
    assert_eq!((&lists[0]["title"], &lists[1]["title"]), (&json!("friends"), &json!("a, b")));
    let members = ann.get(&format!("/api/v1/lists/{}/accounts", id(&lists[0])));
    assert_eq!(ids(&members), [carl.id.clone(), bob.id.clone()]);
    let done = import(
        &ann,
        "domain_blocks",
        "merge",
        "#domain\nBad.example\nb\u{fc}cher.example\na b\n*.wild.example\nhttps://Bad.Example/about\n",
    );
    assert_eq!(counts(&done), [4, 3, 1]);
    let hidden = json!(["wild.example", "xn--bcher-kva.example", "bad.example"]);
    assert_eq!(ann.get("/api/v1/domain_blocks"), hidden);
    let file = format!(
        "{}\n{}\n{}/nowhere\n",
        own["uri"].as_str().unwrap(),
        peer.at("/notes/1"),
        instance.base
    );
    // whom one blocks is read still, if one kept it
    let done = import(&ann, "bookmarks", "merge", &file);
    assert_eq!(counts(&done), [3, 2, 1], "{done}");
    assert_eq!(ann.get("/api/v1/bookmarks").as_array().unwrap().len(), 2);

    // and out again, as it came in
    assert_eq!(export(&ann, "blocks"), format!("mia@{}\n", peer.host));
    let here = &instance.host;
    assert_eq!(
        export(&ann, "mutes"),
        format!("Account address,Hide notifications\nbob@{here},false\ncarl@{here},true\n")
    );
    assert_eq!(
        export(&ann, "lists"),
        format!("friends,bob@{here}\nfriends,carl@{here}\n\"a, b\",bob@{here}\n")
    );
    assert_eq!(export(&ann, "domain_blocks"), "bad.example\nxn--bcher-kva.example\nwild.example\n");
    assert_eq!(export(&ann, "bookmarks").lines().count(), 2);
    assert_eq!(
        export(&ann, "following"),
        format!(
            "Account address,Show boosts,Notify on new posts,Languages\nbob@{here},true,false,\ncarl@{here},true,false,\n"
        ),
        "who is in a list is followed"
    );
    assert_eq!(export(&bob, "followers"), format!("Account address\nann@{here}\n"));
    let stats = ann.get("/api/v1/exports/stats");
    for (name, count) in
        [("following_count", 2), ("lists_count", 2), ("blocks_count", 1), ("mutes_count", 2)]
    {
        assert_eq!(stats[name], count, "{name}");
    }
}

#[test]
fn f_352_a_file_of_one_server_is_taken_in_by_another() {
    let (a, b) = (Instance::start(), Instance::start());
    let ann = a.person("ann");
    for name in ["bob", "carl"] {
        let other = a.person(name);
        ann.post(&format!("/api/v1/accounts/{}/follow", other.id), json!({"notify": true}));
    }
    let moved = b.person("moved");
    let done = import(&moved, "following", "merge", &export(&ann, "following"));
    assert_eq!(counts(&done), [2, 2, 0], "{done}");
    eventually("both accept", || {
        let following = moved.get(&format!("/api/v1/accounts/{}/following", moved.id));
        (following.as_array().unwrap().len() == 2).then_some(())
    });
    let file = export(&moved, "following");
    assert_eq!(file, export(&ann, "following"));
    // JSON takes the same
    let body = json!({"type": "follows", "data": file});
    let answer = moved.request("POST", PATH).json(&body).send();
    assert_eq!((answer.status, &answer.json()["type"]), (202, &json!("following")));
}

#[test]
fn overwriting_takes_away_what_the_file_does_not_name() {
    let instance = Instance::start();
    let [ann, bob, carl, dora] = ["ann", "bob", "carl", "dora"].map(|name| instance.person(name));
    for other in [&bob, &carl, &dora] {
        ann.post(&format!("/api/v1/accounts/{}/follow", other.id), json!({}));
    }
    import(&ann, "following", "overwrite", "bob\nghost\n");
    let following = || ids(&ann.get(&format!("/api/v1/accounts/{}/following", ann.id)));
    assert_eq!(following(), std::slice::from_ref(&bob.id));
    import(&ann, "lists", "merge", "one,bob\none,carl\ntwo,bob\n");
    import(&ann, "lists", "overwrite", "one,carl\nthree,bob\n");
    assert_eq!(export(&ann, "lists"), format!("one,carl@{0}\nthree,bob@{0}\n", instance.host),);
    for (kind, before, file, after) in [
        ("blocks", "carl\ndora\n", "dora\n", format!("dora@{}\n", instance.host)),
        ("domain_blocks", "a.example\nb.example\n", "b.example\n", "b.example\n".to_owned()),
    ] {
        import(&ann, kind, "merge", before);
        import(&ann, kind, "overwrite", file);
        assert_eq!(export(&ann, kind), after);
    }
    import(&ann, "mutes", "merge", "bob\n");
    import(&ann, "mutes", "overwrite", "carl\n");
    assert!(!export(&ann, "mutes").contains("bob@"));
    let kept = bob.writes("kept", "public");
    let gone = bob.writes("gone", "public");
    for status in [&kept, &gone] {
        ann.post(&format!("/api/v1/statuses/{}/bookmark", id(status)), json!({}));
    }
    import(&ann, "bookmarks", "overwrite", kept["uri"].as_str().unwrap());
    assert_eq!(ids(&ann.get("/api/v1/bookmarks")), [id(&kept)]);
    // the wrong file takes nothing away
    assert_eq!(send(&ann, "bookmarks", "overwrite", "bob@b.example\n").status, 422);
    assert_eq!(ids(&ann.get("/api/v1/bookmarks")), [id(&kept)]);
}

#[test]
fn an_import_goes_on_after_a_restart() {
    let mut instance = Instance::start();
    let ann = instance.person("ann");
    let peer = Peer::start(&["mia"]);
    // accepted, and the server gone before it began
    instance.app.wake.close();
    let file: String = (0..600).map(|n| format!("d{n}.example\n")).collect();
    let answer = send(&ann, "domain_blocks", "merge", &file);
    assert_eq!(answer.status, 202);
    let begun = answer.json();
    assert_eq!(counts(&begun), [600, 0, 0]);
    assert_eq!(begun["state"], "in_progress");
    assert_eq!(send(&ann, "following", "merge", &format!("mia@{}", peer.host)).status, 202);
    instance.start_again();
    let path = format!("{PATH}/{}", id(&begun));
    eventually("it ends", || (ann.get(&path)["state"] == "finished").then_some(()));
    assert_eq!(counts(&ann.get(&path)), [600, 600, 0]);
    eventually("the other one too", || {
        peer.received().iter().any(|a| a["type"] == "Follow").then_some(())
    });
    // a month later nobody remembers
    let all = ann.get(PATH);
    assert_eq!(all.as_array().unwrap().len(), 2);
}

#[test]
fn a_server_that_is_down_is_asked_again_and_then_given_up() {
    let clock = Clock::manual(Clock::system().now_ms());
    let instance = Instance::with(Options { clock, ..Default::default() });
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    // nobody listens there any more
    let dead = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let file = format!("x@{dead}\ny@{dead}\nbob\n");
    let answer = send(&ann, "following", "merge", &file);
    let path = format!("{PATH}/{}", id(&answer.json()));
    // the others do not wait for it
    eventually("bob is followed", || (counts(&ann.get(&path)) == [3, 1, 0]).then_some(()));
    assert_eq!(ann.get(&path)["state"], "in_progress");
    assert_eq!(bob.notifications()[0].0, "follow");
    let end = eventually("it is given up", || {
        instance.advance(3_600_000);
        Some(ann.get(&path)).filter(|import| import["state"] == "finished")
    });
    assert_eq!(counts(&end), [3, 1, 2]);
    assert_eq!(end["failures"][0]["error"], "its server does not answer");
}

#[test]
fn who_is_known_here_is_blocked_though_the_server_is_gone() {
    let clock = Clock::manual(Clock::system().now_ms());
    let instance = Instance::with(Options { clock, ..Default::default() });
    let ann = instance.person("ann");
    let dead = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let path = instance.folder.path().join("data/dassie.db");
    let sql = rusqlite::Connection::open(path).unwrap();
    let mut file = String::new();
    for number in 0..8 {
        sql.execute(
            "INSERT INTO account (id, username, domain, uri, created_at, fetched_at)
             VALUES (?, ?, ?, ?, 0, ?)",
            rusqlite::params![
                1000 + number,
                format!("known{number}"),
                dead.to_string(),
                format!("http://{dead}/{number}"),
                // nobody forgets it for its age meanwhile
                i64::MAX / 2
            ],
        )
        .unwrap();
        // before the next one the server is asked in vain, until it is left alone
        file.push_str(&format!("known{number}@{dead}\n"));
        (0..3).for_each(|n| file.push_str(&format!("x{number}{n}@{dead}\n")));
    }
    drop(sql);
    let begun = send(&ann, "blocks", "merge", &file).json();
    let path = format!("{PATH}/{}", id(&begun));
    let end = eventually("it ends", || {
        instance.advance(3_600_000);
        Some(ann.get(&path)).filter(|import| import["state"] == "finished")
    });
    assert_eq!(counts(&end), [32, 8, 24]);
}

#[test]
fn a_server_that_answers_now_and_then_is_not_given_up() {
    let clock = Clock::manual(Clock::system().now_ms());
    let instance = Instance::with(Options { clock, ..Default::default() });
    let ann = instance.person("ann");
    let names: Vec<String> = (0..8).map(|n| format!("real{n}")).collect();
    let peer = Peer::start(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let mut file = String::new();
    for name in &names {
        file.push_str(&format!("{name}@{}\n", peer.host));
        // asked too often it refuses the next ones
        for n in 0..3 {
            peer.serve(&format!("/users/{name}x{n}"), json!(503));
            file.push_str(&format!("{name}x{n}@{}\n", peer.host));
        }
    }
    let begun = send(&ann, "blocks", "merge", &file).json();
    let path = format!("{PATH}/{}", id(&begun));
    let end = eventually("it ends", || {
        instance.advance(3_600_000);
        Some(ann.get(&path)).filter(|import| import["state"] == "finished")
    });
    assert_eq!(counts(&end), [32, 8, 24]);
}

#[test]
fn an_import_rests_while_its_account_is_suspended() {
    let clock = Clock::manual(Clock::system().now_ms());
    let mut instance = Instance::with(Options { clock, ..Default::default() });
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    instance.app.wake.close();
    let begun = send(&ann, "following", "merge", "bob\n").json();
    let suspend = |instance: &Instance, at: Option<i64>| {
        let path = instance.folder.path().join("data/dassie.db");
        let sql = rusqlite::Connection::open(path).unwrap();
        let of = rusqlite::params![at, ann.id.parse::<i64>().unwrap()];
        sql.execute("UPDATE account SET suspended_at = ? WHERE id = ?", of).unwrap();
    };
    suspend(&instance, Some(1));
    instance.start_again();
    eventually("it is put off", || {
        let due =
            instance.app.db.read(|conn| dassie::db::job::list_due(conn, 9, &[], &[])).unwrap();
        due.is_empty().then_some(())
    });
    assert!(bob.notifications().is_empty());
    suspend(&instance, None);
    let path = format!("{PATH}/{}", id(&begun));
    eventually("it goes on", || {
        instance.advance(3_600_000);
        (ann.get(&path)["state"] == "finished").then_some(())
    });
    assert_eq!(bob.notifications()[0].0, "follow");
}

#[test]
fn what_is_no_import_is_refused() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let too_many: String = (0..100_001).map(|n| format!("p{n}\n")).collect();
    for (kind, mode, data) in [
        ("", "merge", "bob\n"),
        ("followers", "merge", "bob\n"),
        ("everything", "merge", "bob\n"),
        ("following", "replace", "bob\n"),
        ("following", "merge", ""),
        ("following", "merge", "\n \n"),
        ("following", "merge", "Account address,Show boosts\n"),
        ("following", "merge", "no good line, at all\n"),
        ("blocks", "merge", &too_many),
        // files of another kind, as their headings say
        (
            "blocks",
            "overwrite",
            "Account address,Show boosts,Notify on new posts,Languages\nbob,true,false,\n",
        ),
        ("mutes", "merge", "Account address,Show boosts\nbob,true\n"),
        ("lists", "merge", "Account address,Show boosts\nbob,true\n"),
        ("lists", "merge", "Account address\nbob\n"),
        ("following", "merge", "Account address,Hide notifications\nbob,true\n"),
    ] {
        let answer = send(&ann, kind, mode, data);
        assert_eq!(answer.status, 422, "{kind} {mode}: {}", answer.text());
    }
    let body = json!({"type": "following", "data": {"a": 1}});
    assert_eq!(ann.request("POST", PATH).json(&body).send().status, 422);
    let large = "x".repeat(1_100_000);
    assert_eq!(send(&ann, "following", "merge", &large).status, 413);
    let boundary = "--x\r\ncontent-disposition: form-data; name=\"type\"\r\n\r\nblocks\r\n--x\r\n\
                    content-disposition: form-data; name=\"data\"; filename=\"b.csv\"\r\n\
                    content-type: text/csv\r\n\r\nbob@b.example\r\n--x--\r\n";
    let form = ann.request("POST", PATH).body(boundary, "multipart/form-data; boundary=x");
    assert_eq!(form.send().status, 202, "a file, as a browser sends it");
    for bad in ["0", "x", "99"] {
        assert_eq!(ann.request("GET", &format!("{PATH}/{bad}")).send().status, 404);
    }
    assert_eq!(ann.request("GET", "/api/v1/exports/everything.csv").send().status, 404);
    let open = Request::new("GET", format!("{}/api/v1/exports/following.csv", instance.base));
    assert_eq!(open.send().status, 401);
}

#[test]
fn s_078_an_import_rests_while_its_owner_is_shut_out() {
    let clock = Clock::manual(Clock::system().now_ms());
    let mut instance = Instance::with(Options { clock, ..Default::default() });
    let boss = super::admin::admin(&instance, "boss");
    let (mut ann, bob) = (instance.person("ann"), instance.person("bob"));
    instance.app.wake.close();
    let begun = send(&ann, "following", "merge", "bob\n").json();
    let admin = format!("/api/v1/admin/accounts/{}", ann.id);
    boss.post(&format!("{admin}/action"), json!({"type": "disable"}));
    instance.start_again();
    eventually("it is put off", || {
        let due =
            instance.app.db.read(|conn| dassie::db::job::list_due(conn, 10, &[], &[])).unwrap();
        due.is_empty().then_some(())
    });
    assert!(bob.notifications().is_empty());
    boss.post(&format!("{admin}/enable"), json!({}));
    ann.token = super::token(&instance, Some(&ann), "read write");
    let path = format!("{PATH}/{}", id(&begun));
    eventually("it goes on", || {
        instance.advance(3_600_000);
        (ann.get(&path)["state"] == "finished").then_some(())
    });
    assert_eq!(bob.notifications()[0].0, "follow");
}
