//! People whose account is a handful of files.

use dassie::config::Config;
use dassie::db::Lane;
use serde_json::{Value, json};

use crate::support::{Instance, Options, Person, Website, texts, with_websites};

const CONTEXT: &str = "https://www.w3.org/ns/activitystreams";
const RIGHT: &str = "application/activity+json";

/// The files of blog@host, each with the content type that the server gives it.
fn files(site: &Website, actor_type: &str, rest_type: &str) {
    let put = |path: &str, kind: &str, value: Value| {
        site.serve(path, 200, kind, value.to_string().as_bytes());
    };
    let actor = site.at("/blog.json");
    let finger = json!({
        "subject": format!("acct:blog@{}", site.host),
        "links": [{"rel": "self", "type": RIGHT, "href": actor}],
    });
    // a file cares for no query
    for name in ["blog", "nobody", "other"] {
        let resource: String =
            form_urlencoded::byte_serialize(format!("acct:{name}@{}", site.host).as_bytes())
                .collect();
        put(
            &format!("/.well-known/webfinger?resource={resource}"),
            "application/json",
            finger.clone(),
        );
    }
    put(
        "/blog.json",
        actor_type,
        json!({
            "@context": CONTEXT, "id": actor, "type": "Person", "preferredUsername": "blog",
            "name": "A blog", "outbox": site.at("/outbox.json"), "followers": site.at("/followers.json"),
            "manuallyApprovesFollowers": true,
        }),
    );
    put("/followers.json", rest_type, json!({"type": "OrderedCollection", "totalItems": "many"}));
    put(
        "/outbox.json",
        rest_type,
        json!({
            "id": site.at("/outbox.json"), "type": "OrderedCollection", "totalItems": 4_000_000_000_u64,
            "first": site.at("/page.json"),
        }),
    );
    put(
        "/page.json",
        rest_type,
        json!({
            "type": "OrderedCollectionPage", "orderedItems": [{
                "type": "Create", "actor": actor, "to": [format!("{CONTEXT}#Public")],
                "object": {"id": site.at("/posts/1.json"), "type": "Note", "attributedTo": actor,
                    "content": "<p>first post</p>", "published": "2021-01-01T00:00:00Z",
                    "to": format!("{CONTEXT}#Public")},
            }],
        }),
    );
}

fn scene(compat: bool) -> (Instance, Person) {
    let configure: fn(&mut Config) = if compat {
        |config| {
            with_websites(config);
            config.federation.static_actor_compat = true;
        }
    } else {
        with_websites
    };
    let instance = Instance::with(Options { configure: Some(configure), ..Options::default() });
    let ann = instance.person("ann");
    (instance, ann)
}

fn search(person: &Person, query: &str) -> Value {
    person.get(&format!("/api/v2/search?resolve=true&type=accounts&q={query}"))["accounts"].clone()
}

#[test]
fn f_045_f_046_a_static_actor_is_shown_and_not_followed() {
    let (instance, ann) = scene(false);
    let site = Website::start();
    files(&site, RIGHT, RIGHT);
    let found = search(&ann, &format!("blog@{}", site.host));
    assert_eq!(found[0]["display_name"], "A blog");
    assert_eq!(
        search(&ann, &site.at("/blog.json"))[0]["id"],
        found[0]["id"],
        "by its address, too"
    );
    let path = format!("/api/v1/accounts/{}", found[0]["id"].as_str().unwrap());
    ann.get(&path);
    instance.app.db.write(Lane::Background, |_| Ok(())).wait().unwrap();
    instance.settle();
    assert_eq!(texts(&ann.get(&format!("{path}/statuses"))), ["first post"]);
    let profile = ann.get(&path);
    assert_eq!((&profile["statuses_count"], &profile["followers_count"]), (&json!(1), &json!(0)));
    let answer = ann.request("POST", &format!("{path}/follow")).send();
    assert_eq!(answer.status, 422);
    assert!(answer.json()["error"].as_str().unwrap().contains("cannot be followed"));
    let relation = ann
        .get(&format!("/api/v1/accounts/relationships?id[]={}", found[0]["id"].as_str().unwrap()));
    assert_eq!(
        (&relation[0]["following"], &relation[0]["requested"]),
        (&json!(false), &json!(false))
    );
    // who has no key signs nothing
    let peer = crate::support::Peer::start(&["mia"]);
    let create = json!({
        "@context": CONTEXT, "id": site.at("/posts/2.json/create"), "type": "Create",
        "actor": site.at("/blog.json"), "to": [format!("{CONTEXT}#Public")],
        "object": {"id": site.at("/posts/2.json"), "type": "Note", "content": "forged",
            "attributedTo": site.at("/blog.json"), "to": [ann.uri]},
    });
    let answer = peer.send_with_key_id(
        &site.at("/blog.json#main-key"),
        &format!("{}/inbox", instance.base),
        create.to_string().as_bytes(),
    );
    assert_eq!(answer.status, 401);
    // asked for anybody, it answers for one
    assert_eq!(search(&ann, &format!("nobody@{}", site.host)), json!([]));
}

#[test]
fn s_026_other_content_types_are_taken_only_where_that_was_chosen() {
    for kind in ["application/json", "application/octet-stream", "text/html", "image/png"] {
        for compat in [false, true] {
            let (_instance, ann) = scene(compat);
            let site = Website::start();
            files(&site, kind, RIGHT);
            let by_handle = search(&ann, &format!("blog@{}", site.host));
            let taken = compat && kind.starts_with("application/");
            assert_eq!(by_handle.as_array().unwrap().len(), usize::from(taken), "{kind} {compat}");
            assert_eq!(search(&ann, &format!("nobody@{}", site.host)), json!([]));
            if !taken {
                assert_eq!(search(&ann, &site.at("/blog.json")), json!([]));
            }
        }
    }
}

#[test]
fn s_026_an_uploaded_copy_stands_for_nobody() {
    let (_instance, ann) = scene(true);
    let site = Website::start();
    files(&site, "application/json", RIGHT);
    // WebFinger of another host names a file that says to be the blog
    let evil = Website::start();
    let copy = String::from_utf8(
        json!({"@context": CONTEXT, "id": site.at("/blog.json"), "type": "Person",
            "preferredUsername": "blog", "name": "Evil"})
        .to_string()
        .into_bytes(),
    )
    .unwrap();
    site.serve("/uploads/1.json", 200, "application/json", copy.as_bytes());
    let resource: String =
        form_urlencoded::byte_serialize(format!("acct:blog@{}", evil.host).as_bytes()).collect();
    let finger = json!({
        "subject": format!("acct:blog@{}", evil.host),
        "links": [{"rel": "self", "type": RIGHT, "href": site.at("/uploads/1.json")}],
    });
    evil.serve(
        &format!("/.well-known/webfinger?resource={resource}"),
        200,
        "application/json",
        finger.to_string().as_bytes(),
    );
    assert_eq!(search(&ann, &format!("blog@{}", evil.host)), json!([]));
}
