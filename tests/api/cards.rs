//! Previews of links and the timeline of a link.

use dassie::clock::{Clock, DAY, HOUR};
use dassie::model::CacheClass;
use serde_json::{Value, json};

use super::{follow_peer, id, ids, shape::is_documented};
use crate::support::{
    Instance, Options, Peer, Person, Socket, Website, eventually, texts, with_websites,
};

const PAGE: &str = "<html lang=en><title>A page</title>
  <meta property='og:description' content='About &quot;it&quot;'>
  <meta property='og:image' content='/pic.png'><meta name=author content='Mia'>";

fn start(clock: Clock) -> Instance {
    Instance::with(Options { clock, configure: Some(with_websites) })
}

/// The card of a status, once there is one.
fn card(person: &Person, status: &str) -> Value {
    eventually("there is a card", || {
        let card = person.get(&format!("/api/v1/statuses/{status}"))["card"].clone();
        (!card.is_null()).then_some(card)
    })
}

fn makes_findable(person: &Person) {
    let body = json!({"discoverable": true});
    person.request("PATCH", "/api/v1/accounts/update_credentials").json(&body).send().ok();
}

#[test]
fn the_first_link_of_a_post_gets_a_card() {
    let instance = start(Clock::system());
    let (ann, web) = (instance.person("ann"), Website::start());
    let page = web.page("/a", PAGE);
    web.page("/b", "<title>other</title>");
    let text = format!("@ann #tag {page} {}", web.at("/b"));
    let mut socket =
        Socket::open(&instance.host, &format!("?access_token={}", ann.token), &[]).unwrap();
    socket.says(json!({"type": "subscribe", "stream": "user"}));
    let status = id(&ann.writes(&text, "public"));
    let card = card(&ann, &status);
    for (key, want) in [
        ("url", json!(page)),
        ("title", json!("A page")),
        ("description", json!("About \"it\"")),
        ("language", json!("en")),
        ("type", json!("link")),
        ("author_name", json!("Mia")),
        ("author_url", json!("")),
        ("provider_name", json!("")),
        ("provider_url", json!("")),
        ("html", json!("")),
        ("width", json!(0)),
        ("height", json!(0)),
        ("image", json!(instance.cached(CacheClass::Card, &json!("1"), &web.at("/pic.png")))),
        ("image_description", json!("")),
        ("embed_url", json!("")),
        ("blurhash", Value::Null),
        ("published_at", Value::Null),
        ("authors", json!([{"name": "Mia", "url": "", "account": null}])),
    ] {
        assert_eq!(card[key], want, "{key}");
    }
    assert_eq!((web.times("/a"), web.times("/b")), (1, 0));
    assert!(!web.asked()[0].headers.contains("signature"), "{:?}", web.asked());
    let path = format!("/api/v1/statuses/{status}");
    is_documented(&[("GET", &path, 200, &ann.get(&path))]);
    // in lists as well, and inside of boosts
    assert_eq!(ann.get("/api/v1/timelines/home")[0]["card"], card);
    let boost =
        instance.person("bob").post(&format!("/api/v1/statuses/{status}/reblog"), json!({}));
    assert_eq!(boost["reblog"]["card"], card);
    // who has it on the screen hears of it
    let told =
        std::iter::repeat_with(|| socket.event()).find(|(event, _)| event == "user status.update");
    assert!(told.unwrap().1.to_string().contains("A page"));
    assert_eq!(ann.writes("no link", "public")["card"], Value::Null);
}

#[test]
fn s_099_one_page_is_fetched_once_for_all_and_again_after_some_days() {
    let clock = Clock::manual(1_700_000_000_000);
    let instance = start(clock);
    let (ann, web) = (instance.person("ann"), Website::start());
    let page = web.page("/a", PAGE);
    let first = id(&ann.writes(&page, "public"));
    let second = id(&ann.writes(&format!("again {page}"), "public"));
    card(&ann, &first);
    card(&ann, &second);
    instance.settle();
    assert_eq!(web.times("/a"), 1);
    // an edit without the link takes the card away, one with another brings another
    let edit = |text: &str| {
        let body = json!({"status": text});
        ann.request("PUT", &format!("/api/v1/statuses/{first}")).json(&body).send().ok()
    };
    assert_eq!(edit("nothing")["card"], Value::Null);
    let other = web.page("/b", "<title>B</title>");
    edit(&other);
    assert_eq!(card(&ann, &first)["title"], "B");
    assert_eq!(card(&ann, &second)["title"], "A page");
    web.page("/a", "<title>Newer</title>");
    instance.advance(13 * DAY);
    card(&ann, &second);
    instance.settle();
    assert_eq!(web.times("/a"), 1, "it is fresh");
    instance.advance(2 * DAY);
    eventually("it is fetched again", || (card(&ann, &second)["title"] == "Newer").then_some(()));
    assert_eq!(web.times("/a"), 2);
    // the last status with it takes the card along
    ann.delete(&format!("/api/v1/statuses/{second}"));
    assert_eq!(
        instance.get(&format!("/api/v1/timelines/link?url={page}")).status,
        404,
        "nobody links to it any more"
    );
}

#[test]
fn s_019_what_cannot_be_had_is_left_alone_for_a_while() {
    let clock = Clock::manual(1_700_000_000_000);
    let instance = start(clock);
    let (ann, web) = (instance.person("ann"), Website::start());
    for (path, status, kind, body) in [
        ("/missing", 404, "text/html", "<title>Not found</title>"),
        ("/broken", 500, "text/html", "<title>Broken</title>"),
        ("/image", 200, "image/png", "<title>no page</title>"),
        ("/empty", 200, "text/html", "nothing to say"),
    ] {
        let page = web.serve(path, status, kind, body.as_bytes());
        let post = id(&ann.writes(&page, "public"));
        instance.settle();
        for _ in 0..3 {
            assert_eq!(ann.get(&format!("/api/v1/statuses/{post}"))["card"], Value::Null, "{path}");
        }
        instance.settle();
        assert_eq!(web.times(path), 1, "{path}");
    }
    // it is tried again when somebody looks after a while, then ever more rarely
    let status = ids(&ann.get("/api/v1/timelines/home"))[3].clone();
    let look = || {
        ann.get(&format!("/api/v1/statuses/{status}"));
        // the look is written behind the answer
        instance.app.db.write(dassie::db::Lane::Background, |_| Ok(())).wait().unwrap();
        instance.settle();
        web.times("/missing")
    };
    instance.advance(HOUR);
    assert_eq!(look(), 2);
    instance.advance(HOUR);
    assert_eq!(look(), 2);
    instance.advance(HOUR + HOUR / 2);
    assert_eq!(look(), 3);
}

#[test]
fn s_099_a_remote_post_gets_its_card_when_somebody_looks() {
    let instance = start(Clock::system());
    let (ann, web, peer) = (instance.person("ann"), Website::start(), Peer::start(&["mia"]));
    follow_peer(&instance, &ann, &peer, "mia");
    let page = web.page("/a", PAGE);
    let html = format!("<p>see <a href=\"{page}\">this</a></p>");
    let note = peer.create("mia", 1, &html, json!({}));
    assert_eq!(peer.send("mia", &format!("{}/inbox", instance.base), &note).status, 202);
    instance.settle();
    assert_eq!(web.times("/a"), 0, "nobody has read it");
    let status =
        eventually("it is here", || ids(&ann.get("/api/v1/timelines/home")).first().cloned());
    assert_eq!(card(&ann, &status)["title"], "A page");
    assert_eq!(web.times("/a"), 1);
    // a page of links causes a bounded number of fetches
    for number in 0..15 {
        let page = web.page(&format!("/many/{number}"), PAGE);
        let html = format!("<a href=\"{page}\">x</a>");
        let note = peer.create("mia", 100 + number, &html, json!({}));
        assert_eq!(peer.send("mia", &format!("{}/inbox", instance.base), &note).status, 202);
    }
    instance.settle();
    let count = || web.asked().iter().filter(|asked| asked.path.starts_with("/many")).count();
    ann.get("/api/v1/timelines/home?limit=40");
    instance.app.db.write(dassie::db::Lane::Background, |_| Ok(())).wait().unwrap();
    instance.settle();
    assert_eq!(count(), 10);
    ann.get("/api/v1/timelines/home?limit=40");
    instance.app.db.write(dassie::db::Lane::Background, |_| Ok(())).wait().unwrap();
    instance.settle();
    assert_eq!(count(), 15);
}

#[test]
fn f_338_a_blocked_server_has_no_cards() {
    const BLOCK: &str = "INSERT INTO domain_block (domain, severity, created_at) VALUES (?, 2, 0)";
    let instance = start(Clock::system());
    let (ann, web) = (instance.person("ann"), Website::start());
    let path = instance.folder.path().join("data/dassie.db");
    let sql = rusqlite::Connection::open(path).unwrap();
    sql.execute(BLOCK, ["localhost"]).unwrap();
    sql.execute(BLOCK, [&web.host]).unwrap();
    let post = id(&ann.writes(&web.page("/a", PAGE), "public"));
    instance.settle();
    assert_eq!(ann.get(&format!("/api/v1/statuses/{post}"))["card"], Value::Null);
    assert_eq!(web.times("/a"), 0);
}

#[test]
fn pages_in_old_encodings_and_large_ones_are_read() {
    let instance = start(Clock::system());
    let (ann, web) = (instance.person("ann"), Website::start());
    let gb =
        [b"<meta charset=gb2312><title>".as_slice(), b"\xD6\xD0\xCE\xC4\xD2\xB3\xC3\xE6"].concat();
    let page = web.serve("/gb", 200, "text/html", &gb);
    assert_eq!(card(&ann, &id(&ann.writes(&page, "public")))["title"], "中文页面");
    let big5 = b"<title>\xC1\x63\xC5\xE9\xA4\xA4\xA4\xE5</title>";
    let page = web.serve("/big5", 200, "text/html; charset=Big5", big5);
    assert_eq!(card(&ann, &id(&ann.writes(&page, "public")))["title"], "繁體中文");
    let large = format!("<title>Large</title>{}", "x".repeat(3 * 1024 * 1024));
    let page = web.page("/large", &large);
    assert_eq!(card(&ann, &id(&ann.writes(&page, "public")))["title"], "Large");
}

#[test]
fn s_099_an_oembed_document_is_read_and_its_scripts_are_not() {
    let instance = start(Clock::system());
    let (ann, web) = (instance.person("ann"), Website::start());
    let document = json!({
        "version": "1.0", "type": "video", "title": "A film", "provider_name": "Tube",
        "provider_url": web.at(""), "width": 480, "height": 270,
        "html": "<script>x</script><iframe src=\"https://player.example/1\"></iframe>",
    });
    web.serve("/oembed", 200, "application/json", document.to_string().as_bytes());
    let page = web.page(
        "/watch",
        "<title>x</title><link rel=alternate type='application/json+oembed' href='/oembed?u=1'>",
    );
    let card = card(&ann, &id(&ann.writes(&page, "public")));
    assert_eq!((&card["type"], &card["title"]), (&json!("video"), &json!("A film")));
    assert_eq!((&card["width"], &card["height"]), (&json!(480), &json!(270)));
    let home = "/api/v1/timelines/home";
    is_documented(&[("GET", home, 200, &ann.get(home))]);
    let html = card["html"].as_str().unwrap();
    assert!(html.starts_with("<iframe src=\"https://player.example/1\""), "{html}");
    assert!(!html.contains("script>"), "{html}");
}

#[test]
fn a_job_that_was_killed_is_done_after_the_start() {
    let mut instance = start(Clock::system());
    let (ann, web) = (instance.person("ann"), Website::start());
    let page = web.page("/a", PAGE);
    let post = id(&ann.writes(&page, "public"));
    instance.start_again();
    assert_eq!(card(&ann, &post)["title"], "A page");
}

#[test]
fn the_timeline_of_a_link_has_public_posts_of_those_who_want_to_be_found() {
    let instance = start(Clock::system());
    let [ann, bob, eve] = ["ann", "bob", "eve"].map(|name| instance.person(name));
    let (web, peer) = (Website::start(), Peer::start(&["mia"]));
    let page = web.page("/a?b=1", PAGE);
    for person in [&ann, &bob] {
        makes_findable(person);
    }
    for number in 0..3 {
        ann.writes(&format!("{number} {page}"), "public");
    }
    for visibility in ["unlisted", "private", "direct"] {
        ann.writes(&format!("{visibility} {page}"), visibility);
    }
    bob.writes(&format!("bob {page}"), "public");
    eve.writes(&format!("eve {page}"), "public");
    follow_peer(&instance, &ann, &peer, "mia");
    let html = format!("<p>mia <a href=\"{page}\">x</a></p>");
    let note = peer.create("mia", 1, &html, json!({}));
    assert_eq!(peer.send("mia", &format!("{}/inbox", instance.base), &note).status, 202);
    instance.settle();
    let url: String = form_urlencoded::byte_serialize(page.as_bytes()).collect();
    let path = format!("/api/v1/timelines/link?url={url}");
    let first = |list: &Value| -> Vec<String> {
        texts(list).iter().map(|t| t.split(' ').next().unwrap().to_owned()).collect()
    };
    assert_eq!(first(&ann.get(&path)), ["bob", "2", "1", "0"]);
    assert_eq!(first(&instance.get(&path).ok()), ["bob", "2", "1", "0"]);
    assert_eq!(first(&eve.get(&path)), ["eve", "bob", "2", "1", "0"], "one's own are there");
    ann.post(&format!("/api/v1/accounts/{}/mute", bob.id), json!({}));
    assert_eq!(first(&ann.get(&path)), ["2", "1", "0"]);
    is_documented(&[("GET", &path, 200, &ann.get(&path))]);
    let all = ids(&ann.get(&path));
    let part = |query: &str| ids(&ann.get(&format!("{path}&{query}")));
    assert_eq!(part("limit=1"), all[..1]);
    assert_eq!(part(&format!("max_id={}&limit=1", all[0])), all[1..2]);
    assert_eq!(part(&format!("min_id={}&limit=1", all[2])), all[1..2]);
    assert_eq!(part(&format!("since_id={}", all[1])), all[..1]);
    let answer = ann.request("GET", &format!("{path}&limit=1")).send();
    assert!(answer.header("link").unwrap().contains("url=http"), "{:?}", answer.header("link"));
    for nothing in ["", "?url=", "?url=https%3A%2F%2Fnobody.example%2F", "?url=x"] {
        let answer = ann.request("GET", &format!("/api/v1/timelines/link{nothing}")).send();
        assert_eq!(answer.status, 404, "{nothing}");
    }
}

/// Somebody's page that takes connections and says nothing.
fn silent() -> (String, std::sync::mpsc::Receiver<std::net::TcpStream>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://localhost:{}/x", listener.local_addr().unwrap().port());
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            if sender.send(stream).is_err() {
                return;
            }
        }
    });
    (address, receiver)
}

#[test]
fn a_fetch_that_the_end_of_the_program_cut_off_stays_due() {
    let mut instance = start(Clock::system());
    let (ann, (page, connections)) = (instance.person("ann"), silent());
    ann.writes(&page, "public");
    let patience = std::time::Duration::from_secs(20);
    let first = connections.recv_timeout(patience).unwrap();
    let since = std::time::Instant::now();
    instance.stop();
    assert!(since.elapsed() < std::time::Duration::from_secs(4), "{:?}", since.elapsed());
    drop(first);
    instance.start_again();
    connections.recv_timeout(patience).unwrap();
}

#[test]
fn a_page_is_not_asked_for_again_and_again_while_its_card_cannot_be_written() {
    let instance = start(Clock::manual(1_700_000_000_000));
    let (ann, (page, connections)) = (instance.person("ann"), silent());
    let status = id(&ann.writes(&page, "public"));
    let patience = std::time::Duration::from_secs(20);
    let answers = |mut stream: std::net::TcpStream| {
        use std::io::{Read, Write};
        let mut asked = [0; 4096];
        let _ = stream.read(&mut asked).unwrap();
        let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: text/html";
        let body = "<title>A page</title>";
        write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).unwrap();
    };
    let first = connections.recv_timeout(patience).unwrap();
    // all of them, for others commit as well
    instance.app.db.fail_commits(u32::MAX);
    answers(first);
    // the end of the first fetch has rung by now, and so does this
    eventually("the commit failed", || {
        instance.app.wake.rouse();
        let again = connections.recv_timeout(std::time::Duration::from_secs(2));
        again.is_err().then_some(())
    });
    instance.app.db.fail_commits(0);
    instance.advance(HOUR);
    answers(connections.recv_timeout(patience).unwrap());
    assert_eq!(card(&ann, &status)["title"], "A page");
}

#[test]
fn a_crowd_of_links_holds_up_nothing_else() {
    let instance = start(Clock::system());
    let (ann, web, peer) = (instance.person("ann"), Website::start(), Peer::start(&["mia"]));
    follow_peer(&instance, &ann, &peer, "mia");
    instance.settle();
    // slow pages hold the lane
    let (release, wait) = std::sync::mpsc::channel::<()>();
    let wait = std::sync::Arc::new(std::sync::Mutex::new(wait));
    for _ in 0..8 {
        let wait = std::sync::Arc::clone(&wait);
        let held = move || {
            let _ = wait.lock().unwrap().recv();
        };
        drop(instance.app.lanes.media.run(held).unwrap());
    }
    let insert = |count: i64| {
        let made = instance.app.db.write(dassie::db::Lane::Background, move |tx| {
            for number in 0..count {
                let lane = format!("card {number}.example");
                let kind = dassie::model::JobKind::FetchCard;
                dassie::db::job::insert_at(tx, kind, &lane, b"0", 0)?;
            }
            Ok(())
        });
        made.wait().unwrap();
    };
    let count = || instance.app.db.read(|conn| dassie::db::job::count(conn, 10_000)).unwrap();
    insert(600);
    let note = peer.create("mia", 1, "<p>not held up</p>", json!({}));
    assert_eq!(peer.send("mia", &format!("{}/inbox", instance.base), &note).status, 202);
    eventually("it is here", || (ann.home() == ["not held up"]).then_some(()));
    assert_eq!(count(), 600);
    // so many wait that no more are taken, until somebody looks
    insert(1400);
    let status = id(&ann.writes(&web.page("/a", PAGE), "public"));
    assert_eq!(count(), 2000);
    let path = instance.folder.path().join("data/dassie.db");
    let sql = rusqlite::Connection::open(path).unwrap();
    sql.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
    sql.execute("DELETE FROM job", []).unwrap();
    drop(release);
    assert_eq!(card(&ann, &status)["title"], "A page");
}
