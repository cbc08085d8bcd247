//! One's own profile: what is written is shown, told to followers and refused with the field.

use dassie::clock::{Clock, MINUTE};
use serde_json::{Value, json};

use super::{follow_peer, id};
use crate::support::{Instance, Options, Peer, Person, eventually};

const UPDATE: &str = "/api/v1/accounts/update_credentials";

#[track_caller]
fn change(person: &Person, body: Value) -> Value {
    person.request("PATCH", UPDATE).json(&body).send().ok()
}

/// The keys of an object.
fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn everything_of_a_profile_is_kept_and_shown() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let own = change(
        &ann,
        json!({
            "display_name": " 天氣 Ann ", "note": "I like #Cats & @bob\nhttps://a.example",
            "locked": true, "bot": true, "discoverable": "1", "indexable": "true",
            "hide_collections": true, "attribution_domains": ["https://News.example/", "", "b.example"],
            "fields_attributes": [
                {"name": "pronouns", "value": "she & her"},
                {"name": "", "value": " "},
                {"name": "page", "value": "https://me.example/x?a=1&b=2"},
                {"name": "friend", "value": "@bob #cats"},
            ],
            "source": {"privacy": "unlisted", "sensitive": true, "language": "de"},
        }),
    );
    assert_eq!(own["display_name"], "天氣 Ann");
    for flag in ["locked", "bot", "discoverable", "indexable", "hide_collections"] {
        assert_eq!(own[flag], true, "{flag}");
    }
    assert_eq!(own["noindex"], false);
    assert_eq!(own["fields"].as_array().unwrap().len(), 3);
    assert_eq!(
        own["fields"][0],
        json!({"name": "pronouns", "value": "she &amp; her", "verified_at": null})
    );
    let page = own["fields"][1]["value"].as_str().unwrap();
    assert!(page.contains("rel=\"me nofollow noopener noreferrer\""), "{page}");
    assert!(own["fields"][2]["value"].as_str().unwrap().contains("class=\"u-url mention\""));
    let source = &own["source"];
    assert_eq!(source["note"], "I like #Cats & @bob\nhttps://a.example");
    assert_eq!(source["fields"][0]["value"], "she & her");
    assert_eq!(source["fields"][1]["value"], "https://me.example/x?a=1&b=2");
    assert_eq!(source["attribution_domains"], json!(["news.example", "b.example"]));
    for (name, value) in [
        ("privacy", json!("unlisted")),
        ("sensitive", json!(true)),
        ("language", json!("de")),
        ("hide_collections", json!(true)),
        ("discoverable", json!(true)),
        ("indexable", json!(true)),
        ("follow_requests_count", json!(0)),
    ] {
        assert_eq!(source[name], value, "source[{name}]");
    }
    assert_eq!(ann.get("/api/v1/accounts/verify_credentials"), own);
    let preferences = ann.get("/api/v1/preferences");
    assert_eq!(preferences["posting:default:visibility"], "unlisted");
    assert_eq!(preferences["posting:default:sensitive"], true);
    assert_eq!(preferences["posting:default:language"], "de");
    let seen = bob.get(&format!("/api/v1/accounts/{}", ann.id));
    assert!(seen.get("source").is_none() && seen.get("role").is_none());
    assert_eq!(seen["hide_collections"], true);
    assert_eq!(seen["fields"], own["fields"]);
    // what is not sent stays, what is sent empty goes
    let again = change(&ann, json!({"display_name": ""}));
    assert_eq!((&again["display_name"], &again["fields"]), (&json!(""), &own["fields"]));
    assert_eq!(change(&ann, json!({"fields_attributes": null}))["fields"], own["fields"]);
    assert_eq!(change(&ann, json!({"fields_attributes": []}))["fields"], json!([]));
    let cleared = change(
        &ann,
        json!({"attribution_domains": [], "note": "", "source": {"language": ""}, "locked": false}),
    );
    assert_eq!(cleared["source"]["attribution_domains"], json!([]));
    assert_eq!((&cleared["note"], &cleared["locked"]), (&json!(""), &json!(false)));
    assert!(cleared["source"]["language"].is_null());
}

#[test]
fn fields_come_in_every_spelling_and_in_their_order() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let names = |account: &Value| -> Vec<String> {
        let fields = account["source"]["fields"].as_array().unwrap();
        fields.iter().map(|field| field["name"].as_str().unwrap().to_owned()).collect()
    };
    let form = |fields: &[(&str, &str)]| ann.request("PATCH", UPDATE).form(fields).send().ok();
    // clients number the rows of their form, also beyond 9
    let by_number = form(&[
        ("fields_attributes[10][name]", "c"),
        ("fields_attributes[10][value]", "3"),
        ("fields_attributes[2][name]", "b"),
        ("fields_attributes[2][value]", "2"),
        ("fields_attributes[0][name]", "a"),
        ("fields_attributes[0][value]", "1"),
        ("fields_attributes[3][name]", ""),
        ("fields_attributes[3][value]", ""),
    ]);
    assert_eq!(names(&by_number), ["a", "b", "c"]);
    let in_rows = form(&[
        ("fields_attributes[][name]", "x"),
        ("fields_attributes[][value]", "1"),
        ("fields_attributes[][name]", "y"),
        ("fields_attributes[][value]", "2"),
    ]);
    assert_eq!(names(&in_rows), ["x", "y"]);
    let hash = json!({"fields_attributes": {"1": {"name": "q", "value": ""}, "0": {"name": "p", "value": 7}}});
    let refused = ann.request("PATCH", UPDATE).json(&hash).send();
    assert_eq!(refused.status, 422, "a number is no text: {}", refused.text());
    let hash = json!({"fields_attributes": {"1": {"name": "q", "value": ""}, "0": {"name": "p", "value": "7"}}});
    assert_eq!(names(&change(&ann, hash)), ["p", "q"]);
    assert_eq!(
        names(&form(&[("fields_attributes[0][name]", ""), ("fields_attributes[0][value]", "")])),
        [""; 0]
    );
}

#[test]
fn what_a_profile_cannot_be_is_refused_and_nothing_changes() {
    let instance = Instance::with(Options {
        configure: Some(|config| config.limits.max_profile_fields = 2),
        ..Options::default()
    });
    let ann = instance.person("ann");
    let limits = instance.get("/api/v2/instance").ok()["configuration"]["accounts"].clone();
    assert_eq!(limits["max_profile_fields"], 2);
    assert_eq!(limits["max_featured_tags"], 10);
    let before = change(
        &ann,
        json!({"display_name": "Ann", "fields_attributes": [{"name": "a", "value": "b"}]}),
    );
    let field =
        |name: &str, value: &str| json!({"fields_attributes": [{"name": name, "value": value}]});
    let (long, longer) = ("字".repeat(256), "x".repeat(2001));
    let domains: Vec<String> = (0..11).map(|n| format!("a{n}.example")).collect();
    for (body, word) in [
        (json!({"display_name": longer}), "Display name"),
        (json!({"display_name": ["a"]}), "display_name"),
        (json!({"note": longer}), "Note"),
        (json!({"note": {"a": 1}}), "note"),
        (json!({"locked": "perhaps"}), "locked"),
        (json!({"bot": []}), "bot"),
        (json!({"hide_collections": "x"}), "hide_collections"),
        (json!({"discoverable": {}}), "discoverable"),
        (json!({"indexable": "x"}), "indexable"),
        (field(&long, "x"), "fields_attributes"),
        (field("x", &long), "fields_attributes"),
        (field("", "without a name"), "fields_attributes"),
        (
            json!({"fields_attributes": [{"name": "a"}, {"name": "b"}, {"name": "c"}]}),
            "fields_attributes",
        ),
        (json!({"fields_attributes": "text"}), "fields_attributes"),
        (json!({"fields_attributes": ["text"]}), "fields_attributes"),
        (json!({"fields_attributes": [{"name": {"a": 1}}]}), "fields_attributes"),
        (json!({"attribution_domains": ["not a domain"]}), "attribution_domains"),
        (json!({"attribution_domains": [{"a": 1}]}), "attribution_domains"),
        (json!({"attribution_domains": domains}), "attribution_domains"),
        (json!({"source": {"privacy": "secret"}}), "source[privacy]"),
        (json!({"source": {"sensitive": "x"}}), "sensitive"),
        (json!({"source": {"language": "!!"}}), "source[language]"),
        (json!({"source": "text"}), "source"),
    ] {
        for path in [UPDATE, "/api/v1/profile"] {
            let answer = ann.request("PATCH", path).json(&body).send();
            assert_eq!(answer.status, 422, "{body:.80}: {}", answer.text());
            let error = answer.json()["error"].as_str().unwrap().to_owned();
            assert!(error.contains(word), "{body:.80}: {word} is not in {error}");
        }
    }
    assert_eq!(ann.get("/api/v1/accounts/verify_credentials"), before);
    // nothing at all is fine
    assert_eq!(change(&ann, json!({})), before);
}

#[test]
fn the_profile_of_mastodon_4_6_is_raw_and_changes_the_same() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let body = json!({
        "display_name": "Ann", "note": "#cats", "show_media": false, "show_featured": false,
        "fields_attributes": [{"name": "page", "value": "https://me.example"}],
        "attribution_domains": ["a.example"], "hide_collections": true,
    });
    let profile = ann.request("PATCH", "/api/v1/profile").json(&body).send().ok();
    assert_eq!(profile, ann.get("/api/v1/profile"));
    assert_eq!(profile["note"], "#cats");
    assert_eq!(profile["fields"][0]["value"], "https://me.example");
    assert!(profile["avatar"].is_null() && profile["header"].is_null());
    for (name, value) in [
        ("show_media", false),
        ("show_media_replies", true),
        ("show_featured", false),
        ("hide_collections", true),
        ("locked", false),
    ] {
        assert_eq!(profile[name], value, "{name}");
    }
    ann.post("/api/v1/featured_tags", json!({"name": "cats"}));
    assert_eq!(ann.get("/api/v1/profile")["featured_tags"][0]["name"], "cats");
    let account = instance.get(&format!("/api/v1/accounts/{}", ann.id)).ok();
    assert_eq!(
        (&account["show_media"], &account["show_media_replies"]),
        (&json!(false), &json!(true))
    );
    assert!(account["note"].as_str().unwrap().contains("<a "));
}

#[test]
fn f_226_followers_hear_of_a_change_once_and_only_of_what_they_see() {
    let clock = Clock::manual(Clock::system().now_ms());
    let instance = Instance::with(Options { clock, configure: None });
    let ann = instance.person("ann");
    let peer = Peer::start(&["mia"]);
    // mia follows ann
    let follow = json!({
        "@context": "https://www.w3.org/ns/activitystreams", "id": peer.at("/follows/1"),
        "type": "Follow", "actor": peer.uri("mia"), "object": ann.uri,
    });
    assert_eq!(peer.send("mia", &format!("{}/inbox", instance.base), &follow).status, 202);
    eventually("the follow is accepted", || {
        peer.received().iter().any(|a| a["type"] == "Accept").then_some(())
    });
    let updates = || -> Vec<Value> {
        instance.settle();
        peer.received().into_iter().filter(|a| a["type"] == "Update").collect()
    };
    change(
        &ann,
        json!({
            "note": "I like #Cats", "attribution_domains": ["a.example"],
            "fields_attributes": [{"name": "pronouns", "value": "she"}, {"name": "n", "value": "<b>"}],
        }),
    );
    let told = updates();
    assert_eq!(told.len(), 1, "{told:?}");
    let actor = &told[0]["object"];
    assert_eq!(
        actor["attachment"],
        json!([
            {"type": "PropertyValue", "name": "pronouns", "value": "she"},
            {"type": "PropertyValue", "name": "n", "value": "&lt;b&gt;"},
        ])
    );
    assert_eq!(actor["attributionDomains"], json!(["a.example"]));
    assert_eq!(actor["tag"][0]["name"], "#cats");
    assert_eq!(actor["featuredTags"], format!("{}/collections/tags", ann.uri));
    // the same again, and what only readers here see
    change(&ann, json!({"note": "I like #Cats"}));
    change(&ann, json!({"hide_collections": true, "source": {"privacy": "private"}}));
    ann.request("PATCH", "/api/v1/profile").json(&json!({"show_media": false})).send().ok();
    assert_eq!(updates().len(), 1);
    let served = instance.activity(&ann.uri).json();
    assert_eq!(served["attachment"], actor["attachment"]);
    // those of the minute after the first are told together
    for fields in [json!([{"name": "a", "value": "b"}]), json!([])] {
        change(&ann, json!({"fields_attributes": fields}));
    }
    assert_eq!(updates().len(), 1);
    instance.advance(MINUTE);
    let told = eventually("the rest is told", || Some(updates()).filter(|all| all.len() > 1));
    assert_eq!(told.len(), 2);
    assert!(told[1]["object"].get("attachment").is_none(), "as it is now: {}", told[1]);
    instance.advance(MINUTE);
    change(&ann, json!({"note": "later"}));
    assert_eq!(updates().len(), 3, "and at once again");
    assert!(instance.activity(&ann.uri).json().get("attachment").is_none(), "F-029");
}

#[test]
fn f_237_hidden_collections_tell_their_size_alone() {
    let instance = Instance::start();
    let (ann, bob, eve) = (instance.person("ann"), instance.person("bob"), instance.person("eve"));
    for (a, b) in [(&bob, &ann), (&ann, &bob), (&eve, &ann), (&bob, &eve)] {
        a.post(&format!("/api/v1/accounts/{}/follow", b.id), json!({}));
    }
    let list = |person: &Person, side: &str| {
        let found = person.get(&format!("/api/v1/accounts/{}/{side}", ann.id));
        found.as_array().unwrap().len()
    };
    let federated = |side: &str| instance.activity(&format!("{}/{side}", ann.uri)).json();
    assert_eq!((list(&bob, "followers"), list(&eve, "following")), (2, 1));
    assert!(federated("followers")["first"].is_string());
    change(&ann, json!({"hide_collections": true}));
    for side in ["followers", "following"] {
        assert_eq!(list(&bob, side), 0);
        assert_eq!(instance.get(&format!("/api/v1/accounts/{}/{side}", ann.id)).ok(), json!([]));
        let shown = federated(side);
        assert!(shown.get("first").is_none() && shown["totalItems"].is_number(), "{shown}");
        let page = instance.activity(&format!("{}/{side}?page=true", ann.uri));
        assert_eq!(page.status, 403, "{}", page.text());
    }
    assert_eq!((list(&ann, "followers"), list(&ann, "following")), (2, 1), "one sees one's own");
    let seen = bob.get(&format!("/api/v1/accounts/{}", ann.id));
    assert_eq!(seen["followers_count"], 2);
    // whoever hides whom they follow is nobody's familiar
    let path = format!("/api/v1/accounts/familiar_followers?id[]={}", eve.id);
    assert_eq!(ann.get(&path)[0]["accounts"][0]["username"], "bob");
    change(&bob, json!({"hide_collections": true}));
    assert_eq!(ann.get(&path), json!([{"id": eve.id, "accounts": []}]));
}

#[test]
fn lists_of_people_leave_out_whom_one_does_not_want_to_see() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let others: Vec<Person> =
        ["carl", "dora", "eve", "fay"].iter().map(|name| instance.person(name)).collect();
    for other in &others {
        other.post(&format!("/api/v1/accounts/{}/follow", ann.id), json!({}));
    }
    bob.post(&format!("/api/v1/accounts/{}/block", others[0].id), json!({}));
    bob.post(&format!("/api/v1/accounts/{}/mute", others[1].id), json!({}));
    others[2].post(&format!("/api/v1/accounts/{}/block", bob.id), json!({}));
    let path = format!("/api/v1/accounts/{}/followers", ann.id);
    let names = |list: Value| -> Vec<String> {
        list.as_array()
            .unwrap()
            .iter()
            .map(|a| a["username"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names(bob.get(&path)), ["fay"]);
    assert_eq!(names(ann.get(&path)), ["fay", "eve", "dora", "carl"]);
    assert_eq!(names(instance.get(&path).ok()), ["fay", "eve", "dora", "carl"]);
    ann.post(&format!("/api/v1/accounts/{}/block", bob.id), json!({}));
    assert_eq!(bob.get(&path), json!([]), "she blocks him");
}

#[test]
fn accounts_are_read_in_bulk_and_looked_up_by_any_handle() {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("Bob"));
    change(&ann, json!({"display_name": "天氣預報員"}));
    let peer = Peer::start(&["mia"]);
    let mia = follow_peer(&instance, &ann, &peer, "mia");
    let path =
        format!("/api/v1/accounts?id[]={}&id[]=5&id[]={mia}&id[]=x&id[]={}&id[]=1", bob.id, bob.id);
    let found = instance.get(&path).ok();
    assert_eq!(super::ids(&found), [bob.id.clone(), mia.clone()]);
    assert_eq!(instance.get("/api/v1/accounts").ok(), json!([]));
    for handle in
        ["bob", "@BOB", &format!("bob@{}", instance.host), &format!("@Bob@{}", instance.host)]
    {
        let found = instance.get(&format!("/api/v1/accounts/lookup?acct={handle}")).ok();
        assert_eq!(found["id"], bob.id.as_str(), "{handle}");
    }
    let remote = instance.get(&format!("/api/v1/accounts/lookup?acct=@MIA@{}", peer.host)).ok();
    assert_eq!(remote["id"], mia.as_str());
    for handle in ["", "nobody", "bob@nowhere.example", "@", "mia"] {
        let answer = instance.get(&format!("/api/v1/accounts/lookup?acct={handle}"));
        assert_eq!(answer.status, 404, "{handle}: {}", answer.text());
    }
    let search = |query: &str| {
        let found = bob.get(&format!("/api/v1/accounts/search?{query}"));
        super::ids(&found)
    };
    let text: String = form_urlencoded::byte_serialize("天氣".as_bytes()).collect();
    assert_eq!(search(&format!("q={text}")), [ann.id.as_str()]);
    assert_eq!(search(&format!("q={text}&following=true")), [""; 0]);
    assert_eq!(search(&format!("q={text}&offset=1")), [""; 0]);
    assert_eq!(search(&format!("q=@mia@{}", peer.host)), [mia]);
    assert_eq!(keys(&remote), keys(&instance.get(&path).ok()[1]));
    assert_eq!(id(&found[0]), bob.id);
}
