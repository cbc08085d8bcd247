//! Who is who: the ids that we mint, the names that others claim, and what people paste to find
//! somebody.

use serde_json::{Value, json};

use crate::support::{
    Instance, Options, Peer, Person, Request, Website, eventually, with_websites,
};

const AS2: &str = "https://www.w3.org/ns/activitystreams";

/// All `id`s of a document that stand at its own things, and all its dates.
fn walk(value: &Value, ids: &mut Vec<String>, dates: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| walk(item, ids, dates)),
        Value::Object(map) => {
            for (key, value) in map {
                match (key.as_str(), value.as_str()) {
                    ("id", Some(id)) => ids.push(id.to_owned()),
                    ("published" | "updated" | "endTime" | "closed", Some(date)) => {
                        dates.push(date.to_owned());
                    }
                    _ => walk(value, ids, dates),
                }
            }
        }
        _ => {}
    }
}

#[test]
fn f_007_f_011_ids_stay_what_they_are_and_dates_are_of_one_form() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let poll = json!({"status": "first", "spoiler_text": "a title",
        "poll": {"options": ["a", "b"], "expires_in": 3600}});
    let status = ann.post("/api/v1/statuses", poll);
    let id = status["id"].as_str().unwrap();
    let uri = status["uri"].as_str().unwrap().to_owned();
    let note = || instance.activity(&uri).json();
    let (before, actor) = (note(), instance.activity(&ann.uri).json());
    let edit = json!({"status": "second", "spoiler_text": "another title"});
    ann.request("PUT", &format!("/api/v1/statuses/{id}")).json(&edit).send().ok();
    let change = json!({"display_name": "Anna"});
    ann.request("PATCH", "/api/v1/accounts/update_credentials").json(&change).send().ok();
    let (after, renamed) = (note(), instance.activity(&ann.uri).json());
    assert_eq!(after["summary"], "another title");
    for key in ["id", "url", "attributedTo", "published", "replies", "likes", "shares"] {
        let of = |note: &Value| note[key].get("id").unwrap_or(&note[key]).clone();
        assert_eq!((of(&before), of(&before).is_null()), (of(&after), false), "{key}");
    }
    assert_eq!(renamed["name"], "Anna");
    for key in ["id", "inbox", "outbox", "followers", "following", "url", "publicKey"] {
        assert_eq!(actor[key], renamed[key], "{key}");
    }
    assert!(uri.ends_with(id) && !uri.contains('#'), "{uri}");
    let outbox = instance.activity(&format!("{}/outbox?page=true", ann.uri)).json();
    let (mut ids, mut dates) = (Vec::new(), Vec::new());
    for document in [&after, &renamed, &outbox] {
        walk(document, &mut ids, &mut dates);
    }
    assert!(ids.contains(&uri) && ids.contains(&format!("{uri}/activity")), "{ids:?}");
    for id in ids {
        assert!(id.starts_with(&format!("{}/", instance.base)), "{id}");
    }
    // published and updated of the note, here and in the outbox; the end of the poll; the actor
    assert!(dates.len() >= 6, "{dates:?}");
    for date in dates {
        let form: String = date.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
        assert_eq!(form, "0000-00-00T00:00:00Z", "{date}");
    }
}

#[test]
fn f_024_one_request_to_the_shared_inbox_is_for_all() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let peer = Peer::start(&["mia"]);
    for person in [&ann, &bob] {
        crate::api::follow_peer(&instance, person, &peer, "mia");
    }
    let inbox = |person: &Person| {
        let actor = instance.activity(&person.uri).json();
        actor["endpoints"]["sharedInbox"].as_str().unwrap().to_owned()
    };
    assert_eq!(inbox(&ann), inbox(&bob));
    let note = peer.create(
        "mia",
        1,
        "<p>for both</p>",
        json!({"to": [
        format!("{}/followers", peer.uri("mia"))], "cc": []}),
    );
    assert_eq!(peer.send("mia", &inbox(&ann), &note).status, 202);
    instance.settle();
    assert_eq!(
        (ann.home(), bob.home()),
        (vec!["for both".to_owned()], vec!["for both".to_owned()])
    );
}

#[test]
fn f_062_f_063_s_032_addresses_are_read_in_any_case() {
    let instance = Instance::start();
    instance.person("Ann");
    let base = &instance.base;
    let get = |resource: &str| {
        let resource: String = form_urlencoded::byte_serialize(resource.as_bytes()).collect();
        instance.get(&format!("/.well-known/webfinger?resource={resource}"))
    };
    for resource in [
        format!("ACCT:ann@{}", instance.host),
        format!("{base}/@ANN"),
        format!("{base}/users/ann"),
        format!("{}/@ann", base.replace("http:", "HTTP:")),
    ] {
        let answer = get(&resource);
        assert_eq!(answer.status, 200, "{resource}");
        assert_eq!(answer.json()["subject"], format!("acct:Ann@{}", instance.host), "{resource}");
    }
    for resource in [
        format!("{base}/@nobody"),
        format!("{base}/@ann/1"),
        format!("{base}/users/ann@elsewhere.example"),
        format!("{base}/users/ann?x=1"),
        "https://elsewhere.example/@ann".to_owned(),
        "https://".to_owned(),
        "acct:ann@".to_owned(),
        "é".to_owned(),
        "acct".to_owned(),
    ] {
        assert_eq!(get(&resource).status, 404, "{resource}");
    }
}

#[test]
fn f_072_nodeinfo_tells_no_numbers_where_it_shall_not() {
    let instance = Instance::with(Options {
        configure: Some(|config| config.federation.nodeinfo_usage = false),
        ..Options::default()
    });
    let ann = instance.person("ann");
    ann.writes("one", "public");
    for version in ["2.0", "2.1"] {
        let found = instance.get(&format!("/nodeinfo/{version}")).ok();
        assert_eq!(found["usage"], json!({"users": {}}));
        assert_eq!(found["software"]["name"], "dassie");
    }
}

#[test]
fn f_074_only_who_wants_it_is_indexed() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let robots = instance.get("/robots.txt");
    assert!(robots.header("content-type").unwrap().starts_with("text/plain"));
    assert!(robots.text().contains("User-agent: *") && robots.text().contains("Disallow: /api/"));
    let status = ann.writes("one", "public");
    let page = format!("/@ann/{}", status["id"].as_str().unwrap());
    let tag = |path: &str| {
        let answer = Request::new("GET", format!("{}{path}", instance.base))
            .header("accept", "text/html")
            .send();
        assert_eq!(answer.status, 200, "{path}");
        answer.header("x-robots-tag").map(str::to_owned)
    };
    let noindex = Some("noindex".to_owned());
    assert_eq!((tag("/@ann"), tag(&page)), (noindex.clone(), noindex.clone()));
    let set = |change: Value| {
        ann.request("PATCH", "/api/v1/accounts/update_credentials").json(&change).send().ok();
    };
    set(json!({"discoverable": true}));
    assert_eq!((tag("/@ann"), tag(&page)), (noindex.clone(), noindex.clone()));
    set(json!({"indexable": true}));
    assert_eq!((tag("/@ann"), tag(&page)), (None, None));
    let quiet = ann.writes("two", "unlisted");
    assert_eq!(tag(&format!("/@ann/{}", quiet["id"].as_str().unwrap())), noindex);
}

/// Somebody on a website who has a document and a page, and one post that has both.
fn pat(site: &Website, number: u32) -> [String; 5] {
    let kind = "application/activity+json";
    let (actor, page) = (site.at(&format!("/u/pat{number}")), format!("/@pat{number}"));
    let (post, post_page) = (format!("/p/{number}"), format!("/@pat{number}/{number}"));
    let document = json!({
        "@context": AS2, "id": actor, "type": "Person", "preferredUsername": format!("pat{number}"),
        "inbox": site.at("/inbox"), "url": site.at(&page),
    });
    let note = json!({
        "@context": AS2, "id": site.at(&post), "type": "Note", "attributedTo": actor,
        "content": format!("<p>post {number}</p>"), "to": format!("{AS2}#Public"),
        "url": site.at(&post_page),
    });
    site.serve(&format!("/u/pat{number}"), 200, kind, document.to_string().as_bytes());
    site.serve(&post, 200, kind, note.to_string().as_bytes());
    let link =
        |href: &str| format!("<html><link rel=\"alternate\" type=\"{kind}\" href=\"{href}\">");
    site.page(&page, &link(&format!("/u/pat{number}")));
    let header = format!("text/html\r\nlink: <{post}>; rel=\"alternate\"; type=\"{kind}\"");
    site.serve(&post_page, 200, &header, b"<html>");
    let finger = json!({"subject": format!("acct:pat{number}@{}", site.host),
        "links": [{"rel": "self", "type": kind, "href": actor}]});
    let finger_path = format!(
        "/.well-known/webfinger?resource=acct%3Apat{number}%40{}",
        site.host.replace(':', "%3A")
    );
    site.serve(&finger_path, 200, "application/jrd+json", finger.to_string().as_bytes());
    [
        format!("pat{number}@{}", site.host),
        actor,
        site.at(&page),
        site.at(&post),
        site.at(&post_page),
    ]
}

#[test]
fn f_075_whatever_is_pasted_leads_there() {
    let instance = Instance::with(Options { configure: Some(with_websites), ..Options::default() });
    let ann = instance.person("ann");
    let (site, other) = (Website::start(), Website::start());
    let search = |text: &str| {
        let text: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
        ann.get(&format!("/api/v2/search?resolve=true&q={text}"))
    };
    // each of somebody who was never seen before
    let everybody: Vec<_> = (0..6).map(|number| pat(&site, number)).collect();
    for (number, text) in [
        (0, everybody[0][0].clone()),
        (1, format!("@{}", everybody[1][0])),
        (2, everybody[2][1].clone()),
        (3, everybody[3][2].clone()),
    ] {
        let found = search(&text);
        let name = format!("pat{number}@{}", site.host);
        assert_eq!(found["accounts"][0]["acct"], name, "{text}: {found}");
    }
    for (number, text) in [(4, &everybody[4][3]), (5, &everybody[5][4])] {
        let found = search(text);
        assert_eq!(found["statuses"][0]["content"], format!("<p>post {number}</p>"), "{text}");
    }
    // a page that leads to a page, and one that leads to a document with another id
    let link = |href: &str| {
        format!("<link rel=\"alternate\" type=\"application/activity+json\" href=\"{href}\">")
    };
    let strange = pat(&site, 6);
    site.page("/far", &link("/@pat6"));
    let copy = json!({"@context": AS2, "id": strange[3], "type": "Note", "attributedTo": strange[1],
        "content": "forged", "to": format!("{AS2}#Public")});
    other.serve("/copy", 200, "application/activity+json", copy.to_string().as_bytes());
    other.page("/page", &link("/copy"));
    let nothing = search(&site.at("/far"));
    assert_eq!((&nothing["accounts"], &nothing["statuses"]), (&json!([]), &json!([])));
    let found = search(&other.at("/page"));
    assert!(!found.to_string().contains("forged"), "{found}");
}

#[test]
fn s_031_a_name_is_not_taken_over() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let peer = Peer::start(&["mia", "zoe"]);
    let handle = format!("mia@{}", peer.host);
    let first = crate::api::follow_peer(&instance, &ann, &peer, "mia");
    let looked_up = || {
        let found = instance.get(&format!("/api/v1/accounts/lookup?acct={handle}")).ok();
        found["url"].as_str().unwrap().to_owned()
    };
    let inbox = format!("{}/inbox", instance.base);
    let claim = |path: &str| {
        let mut actor = peer.document("/users/mia");
        let uri = peer.at(path);
        for (key, value) in [
            ("id", json!(uri)),
            ("url", json!(peer.at(&format!("{path}/page")))),
            ("inbox", json!(format!("{uri}/inbox"))),
        ] {
            actor[key] = value;
        }
        actor["publicKey"]["id"] = json!(format!("{uri}#main-key"));
        actor["publicKey"]["owner"] = json!(uri);
        peer.serve(path, actor);
    };
    let likes = |path: &str| {
        let status = ann.writes("for all", "public");
        let like = json!({"@context": AS2, "id": peer.at(&format!("{path}/like")), "type": "Like",
            "actor": peer.at(path), "object": status["uri"]});
        let body = like.to_string();
        let key = format!("{}#main-key", peer.at(path));
        let answer = peer.send_with_key_id(&key, &inbox, body.as_bytes());
        instance.settle();
        answer.status
    };
    // somebody of the same server calls herself so; WebFinger knows nothing of it
    claim("/uploads/mia");
    likes("/uploads/mia");
    assert_eq!(looked_up(), peer.at("/@mia"));
    // somebody who was there before takes the name
    ann.finds(&format!("zoe@{}", peer.host));
    let mut zoe = peer.document("/users/zoe");
    zoe["preferredUsername"] = json!("mia");
    peer.serve("/users/zoe", zoe.clone());
    let update = json!({"@context": AS2, "id": peer.at("/updates/1"), "type": "Update",
        "actor": peer.uri("zoe"), "object": zoe});
    assert_eq!(peer.send("zoe", &inbox, &update).status, 202);
    instance.settle();
    assert_eq!(looked_up(), peer.at("/@mia"));
    assert_eq!(ann.finds(&format!("zoe@{}", peer.host))["username"], "zoe");
    // the server is set up anew: WebFinger names another, but the old one still answers
    let finger =
        format!("/.well-known/webfinger?resource=acct%3Amia%40{}", peer.host.replace(':', "%3A"));
    let names = |path: &str| {
        let kind = "application/activity+json";
        peer.serve(
            &finger,
            json!({"subject": format!("acct:{handle}"),
                "links": [{"rel": "self", "type": kind, "href": peer.at(path)}]}),
        );
    };
    names("/new/1");
    claim("/new/1");
    likes("/new/1");
    assert_eq!(looked_up(), peer.at("/@mia"), "the old one is there");
    let relation = |id: &str| {
        ann.get(&format!("/api/v1/accounts/relationships?id[]={id}"))[0]["following"].clone()
    };
    assert_eq!(relation(&first), true);
    // and now it is gone
    names("/new/2");
    claim("/new/2");
    for path in ["/users/mia", "/uploads/mia", "/new/1"] {
        peer.serve(path, json!(410));
    }
    assert_eq!(likes("/new/2"), 202);
    let new = eventually("the name has another owner", || {
        let found = instance.get(&format!("/api/v1/accounts/lookup?acct={handle}")).ok();
        (found["url"] == peer.at("/new/2/page")).then(|| found["id"].as_str().unwrap().to_owned())
    });
    assert_eq!(relation(&new), false, "nobody follows it for that");
    let answer = ann.request("GET", &format!("/api/v1/accounts/{first}")).send();
    assert_ne!(answer.status, 200, "the old one went");
}
