//! How others find our actors and read them, and how we find theirs.

use serde_json::{Value, json};

use crate::support::{Instance, Options, Peer, Request};

const TYPE: &str = "application/activity+json; charset=utf-8";

fn change(person: &crate::support::Person, change: Value) {
    person.request("PATCH", "/api/v1/accounts/update_credentials").json(&change).send().ok();
}

#[test]
fn f_018_f_019_f_042_the_actor_is_what_was_asked_for() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let get =
        |address: &str, accept: &str| Request::new("GET", address).header("accept", accept).send();
    let profile = "application/ld+json; profile=\"https://www.w3.org/ns/activitystreams\"";
    for accept in [
        "application/activity+json",
        profile,
        &format!("{profile}, application/activity+json;q=0.9, text/html;q=0.1"),
        "text/html;q=0.5, application/activity+json",
        "application/json",
    ] {
        for address in [ann.uri.clone(), format!("{}/@ann", instance.base)] {
            let answer = get(&address, accept);
            let is_plain = accept == "application/json" && address != ann.uri;
            if answer.status != 200 && is_plain {
                continue;
            }
            assert_eq!(answer.status, 200, "{address} {accept}");
            assert_eq!(answer.header("content-type"), Some(TYPE), "{address} {accept}");
            assert!(answer.header("vary").unwrap().contains("Accept"), "{address} {accept}");
            assert_eq!(answer.json()["id"], ann.uri, "{address}: one id (F-042)");
        }
    }
    let page = get(&ann.uri, "text/html,application/xhtml+xml,*/*;q=0.8");
    assert_eq!((page.status, page.header("vary")), (302, Some("Accept")));
    assert_eq!(page.header("location"), Some(format!("{}/@ann", instance.base).as_str()));
    // F-041: the page names the document
    let page = get(&format!("{}/@ann", instance.base), "text/html");
    let link = page.header("link").unwrap();
    assert!(link.contains(&ann.uri) && link.contains("application/activity+json"), "{link}");
}

#[test]
fn f_020_f_021_f_022_f_023_f_025_f_027_f_028_f_029_f_030_f_031_f_032_f_033_f_035_the_actor_is_whole()
 {
    let instance = Instance::start();
    let (ann, bob) = (instance.person("ann"), instance.person("bob"));
    let actor = instance.activity(&ann.uri).json();
    assert_eq!(actor["type"], "Person");
    for (key, end) in [
        ("inbox", "/inbox"),
        ("outbox", "/outbox"),
        ("followers", "/followers"),
        ("following", "/following"),
        ("featured", "/collections/featured"),
        ("featuredTags", "/collections/tags"),
    ] {
        assert_eq!(actor[key], format!("{}{end}", ann.uri), "F-021, F-028: {key}");
    }
    let key = &actor["publicKey"];
    assert_eq!(key["id"], format!("{}#main-key", ann.uri), "F-022");
    assert_eq!(key["owner"], ann.uri);
    let pem = key["publicKeyPem"].as_str().unwrap();
    assert!(pem.starts_with("-----BEGIN PUBLIC KEY-----\n") && pem.ends_with("-----\n"));
    // F-023: a fragment never reaches the server; what is there is the whole actor
    assert_eq!(actor["preferredUsername"], "ann");
    let shared = format!("{}/inbox", instance.base);
    assert_eq!(actor["endpoints"]["sharedInbox"], shared, "F-024");
    assert_eq!(instance.activity(&bob.uri).json()["endpoints"]["sharedInbox"], shared);
    assert_eq!((&actor["name"], &actor["summary"]), (&json!("ann"), &json!("")), "F-025");
    assert_eq!(actor["url"], format!("{}/@ann", instance.base));
    assert!(actor["published"].as_str().unwrap().ends_with('Z'));
    for key in ["icon", "image", "attachment", "tag", "alsoKnownAs", "movedTo", "suspended"] {
        assert!(actor.get(key).is_none(), "F-026, F-029, F-031: {key}");
    }
    for key in ["manuallyApprovesFollowers", "discoverable", "indexable"] {
        assert_eq!(actor[key], false, "F-027: {key}");
    }
    assert_eq!(actor["webfinger"], ann.handle(), "F-032");
    let policy = json!({"canFeature": {"automaticApproval": [ann.uri]}});
    assert_eq!(actor["interactionPolicy"], policy, "F-035");
    let terms = actor["@context"].as_array().unwrap().last().unwrap();
    assert_eq!(terms["canFeature"]["@id"], "https://w3id.org/fep/7aa9#canFeature");
    change(
        &ann,
        json!({
            "display_name": "Ann <b>", "note": "I like #cats", "bot": true, "locked": true,
            "discoverable": true, "indexable": true, "attribution_domains": ["a.example"],
            "fields_attributes": [{"name": "site", "value": "https://a.example/"}],
        }),
    );
    let actor = instance.activity(&ann.uri).json();
    assert_eq!(actor["type"], "Service", "F-020");
    assert_eq!(actor["name"], "Ann <b>", "F-025: plain text");
    for key in ["manuallyApprovesFollowers", "discoverable", "indexable"] {
        assert_eq!(actor[key], true, "F-027: {key}");
    }
    let field = &actor["attachment"][0];
    assert_eq!((&field["type"], &field["name"]), (&json!("PropertyValue"), &json!("site")));
    let value = field["value"].as_str().unwrap();
    for word in ["me", "nofollow", "noopener", "noreferrer"] {
        assert!(value.contains(word), "F-029: {value}");
    }
    assert_eq!(actor["tag"][0]["name"], "#cats", "F-030");
    assert_eq!(actor["attributionDomains"], json!(["a.example"]), "F-033");
    for collection in ["featured", "tags"] {
        let address = format!("{}/collections/{collection}", ann.uri);
        let answer = instance.activity(&address);
        assert_eq!(answer.status, 200, "F-028: {collection}");
    }
}

#[test]
fn f_038_the_instance_actor_is_there_for_everybody() {
    let instance = Instance::with(Options {
        configure: Some(|config| config.federation.require_signed_fetch = true),
        ..Options::default()
    });
    let ann = instance.person("ann");
    assert_eq!(instance.activity(&ann.uri).status, 401);
    let uri = format!("{}/actor", instance.base);
    let actor = instance.activity(&uri).json();
    assert_eq!(actor["type"], "Application");
    assert_eq!(actor["manuallyApprovesFollowers"], true);
    // the domain, without the port that only tests have: with it nobody would read the name
    let domain = instance.host.split(':').next().unwrap();
    assert_eq!(actor["preferredUsername"], domain);
    assert_ne!(actor["publicKey"], Value::Null);
    assert_eq!(instance.activity(actor["outbox"].as_str().unwrap()).status, 200);
    for name in [domain, &instance.host] {
        let found = format!("/.well-known/webfinger?resource=acct:{name}@{}", instance.host);
        let found = instance.get(&found).ok();
        let links = found["links"].as_array().unwrap();
        let own = links.iter().find(|link| link["rel"] == "self").unwrap();
        assert_eq!(own["href"], uri);
        let subject = format!("acct:{domain}@{}", instance.host);
        assert_eq!(found["subject"], subject, "the name that the document has");
    }
}

#[test]
fn f_039_f_040_the_actor_is_small_kept_for_minutes_and_gone_when_it_is() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let first = instance.activity(&ann.uri);
    assert!(first.text().len() < 64 * 1024);
    assert_eq!(first.header("cache-control"), Some("public, max-age=180"));
    let etag = first.header("etag").unwrap().to_owned();
    let again = |etag: &str| {
        Request::new("GET", &ann.uri)
            .header("accept", "application/activity+json")
            .header("if-none-match", etag)
            .send()
    };
    assert_eq!(again(&etag).status, 304);
    change(&ann, json!({"note": "another"}));
    let other = again(&etag);
    assert_eq!(other.status, 200);
    assert_ne!(other.header("etag"), Some(etag.as_str()));
    let nobody = instance.activity(&format!("{}/users/nobody", instance.base));
    assert_eq!(nobody.status, 404);
    assert!(nobody.header("content-type").unwrap().contains("json"), "{}", nobody.text());
    assert!(nobody.json()["error"].is_string());
}

#[test]
fn f_060_f_061_f_062_f_064_webfinger_answers_in_all_spellings() {
    let instance = Instance::start();
    let ann = instance.person("Ann");
    let host = &instance.host;
    let encoded =
        |text: &str| -> String { form_urlencoded::byte_serialize(text.as_bytes()).collect() };
    let page = format!("{}/@Ann", instance.base);
    for resource in [
        format!("acct:Ann@{host}"),
        format!("acct:ann@{host}"),
        format!("ANN@{host}"),
        format!("@ann@{host}"),
        format!("acct:@Ann@{host}"),
        encoded(&format!("acct:Ann@{host}")),
        ann.uri.clone(),
        encoded(&ann.uri),
        encoded(&page),
    ] {
        let path = format!("/.well-known/webfinger?resource={resource}");
        let answer = instance.get(&path);
        assert_eq!(answer.status, 200, "F-062: {resource}");
        assert_eq!(answer.header("content-type"), Some("application/jrd+json; charset=utf-8"));
        let asked = Request::new("GET", format!("{}{path}", instance.base))
            .header("origin", "https://elsewhere.example")
            .send();
        assert_eq!(asked.header("access-control-allow-origin"), Some("*"), "F-060");
        let found = answer.json();
        assert_eq!(found["subject"], format!("acct:Ann@{host}"), "F-061");
        let aliases = found["aliases"].as_array().unwrap();
        assert!(aliases.contains(&json!(page)) && aliases.contains(&json!(ann.uri)));
        let links = found["links"].as_array().unwrap();
        let of = |rel: &str| links.iter().filter(|link| link["rel"] == rel).collect::<Vec<_>>();
        let own = of("self");
        assert_eq!(own.len(), 1, "exactly one");
        assert_eq!(own[0]["type"], "application/activity+json");
        assert_eq!(own[0]["href"], ann.uri);
        assert_eq!(of("http://webfinger.net/rel/profile-page")[0]["href"], page);
        let subscribe = of("http://ostatus.org/schema/1.0/subscribe");
        assert!(subscribe[0]["template"].as_str().unwrap().ends_with("?uri={uri}"), "F-076");
        assert!(of("http://webfinger.net/rel/avatar").is_empty(), "F-064");
    }
}

#[test]
fn f_069_f_070_f_071_f_073_the_server_says_what_it_is() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    ann.writes("one", "public");
    let template = format!("{}/.well-known/webfinger?resource={{uri}}", instance.base);
    let xrd = instance.get("/.well-known/host-meta");
    assert!(xrd.header("content-type").unwrap().starts_with("application/xrd+xml"));
    assert!(xrd.text().contains(&template) && xrd.text().contains("rel=\"lrdd\""));
    let jrd = instance.get("/.well-known/host-meta.json").ok();
    assert_eq!(jrd["links"][0], json!({"rel": "lrdd", "template": template}));
    let links = instance.get("/.well-known/nodeinfo").ok();
    let href = |rel: &str| {
        let links = links["links"].as_array().unwrap();
        let link = links.iter().find(|link| link["rel"] == rel);
        link.unwrap_or_else(|| panic!("{rel}: {links:?}"))["href"].as_str().unwrap().to_owned()
    };
    let actor = href("https://www.w3.org/ns/activitystreams#Application");
    assert_eq!(actor, format!("{}/actor", instance.base), "F-073");
    for version in ["2.0", "2.1"] {
        let schema = format!("http://nodeinfo.diaspora.software/ns/schema/{version}");
        let path = href(&schema).strip_prefix(&instance.base).unwrap().to_owned();
        let answer = instance.get(&path);
        let kind = answer.header("content-type").unwrap().to_owned();
        assert!(kind.contains(&format!("profile=\"{schema}#\"")), "F-071: {kind}");
        let found = answer.json();
        assert_eq!(found["version"], version);
        assert_eq!(found["openRegistrations"], false);
        assert_eq!(found["usage"]["users"]["total"], 1);
        assert_eq!(found["usage"]["localPosts"], 1);
        assert_eq!(found["services"], json!({"inbound": [], "outbound": []}));
        assert_eq!(found["protocols"], json!(["activitypub"]));
        assert_eq!(found["software"]["name"], "dassie");
        assert!(found["usage"]["users"]["activeMonth"].is_i64());
        assert!(found["usage"]["users"]["activeHalfyear"].is_i64());
        assert!(found["metadata"].is_object());
        assert_eq!(found["software"].get("homepage").is_some(), version == "2.1");
    }
    assert_eq!(instance.get("/nodeinfo/1.0").status, 404);
}

/// What WebFinger of a peer answers for one name.
fn finger(peer: &Peer, name: &str, subject: &str, actor: &str) {
    let path = format!(
        "/.well-known/webfinger?resource=acct%3A{name}%40{}",
        peer.host.replace(':', "%3A")
    );
    peer.serve(
        &path,
        json!({"subject": subject, "links": [
            {"rel": "http://webfinger.net/rel/profile-page", "href": "https://x.example/"},
            {"rel": "self", "type": "text/html", "href": "https://x.example/"},
            {"rel": "self", "type": "application/ld+json; profile=\"https://www.w3.org/ns/activitystreams\"", "href": actor},
        ]}),
    );
}

#[test]
fn f_066_f_067_f_068_a_handle_on_another_domain_must_close_the_circle() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    // mia's server is `server`, her handle is on `domain`
    let (domain, server) = (Peer::start(&[]), Peer::start(&["mia", "liar"]));
    let subject = format!("acct:mia@{}", domain.host);
    finger(&domain, "mia", &subject, &server.uri("mia"));
    finger(&server, "mia", &subject, &server.uri("mia"));
    let found = ann.finds(&format!("mia@{}", domain.host));
    assert_eq!(found["acct"], format!("mia@{}", domain.host));
    let by_server = ann.finds(&format!("mia@{}", server.host));
    assert_eq!(by_server["id"], found["id"], "one account");
    // somebody claims a handle on a domain that knows nothing of it
    finger(&server, "liar", &format!("acct:boss@{}", domain.host), &server.uri("liar"));
    let path = format!("/api/v2/search?resolve=true&type=accounts&q=liar@{}", server.host);
    let shown = ann.get(&path);
    let claimed = format!("boss@{}", domain.host);
    assert!(shown["accounts"].as_array().unwrap().iter().all(|a| a["acct"] != claimed.as_str()));
    // a third hop is an error
    let third = Peer::start(&["mia"]);
    finger(&domain, "hop", &format!("acct:hop@{}", server.host), &server.uri("mia"));
    finger(&server, "hop", &format!("acct:hop@{}", third.host), &server.uri("mia"));
    finger(&third, "hop", &format!("acct:hop@{}", third.host), &server.uri("mia"));
    let path = format!("/api/v2/search?resolve=true&type=accounts&q=hop@{}", domain.host);
    assert_eq!(ann.get(&path)["accounts"], json!([]));
}

#[test]
fn f_069_webfinger_at_another_address_is_found_by_host_meta() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let peer = Peer::start(&[]);
    let uri = peer.at("/u/pat");
    peer.serve(
        "/u/pat",
        json!({
            "@context": "https://www.w3.org/ns/activitystreams", "id": uri, "type": "Person",
            "preferredUsername": "pat", "inbox": peer.at("/u/pat/inbox"),
        }),
    );
    peer.serve(
        &format!("/finger?q=acct%3Apat%40{}", peer.host.replace(':', "%3A")),
        json!({"subject": format!("acct:pat@{}", peer.host), "links": [
            {"rel": "self", "type": "application/activity+json", "href": uri}]}),
    );
    let search = format!("/api/v2/search?resolve=true&type=accounts&q=pat@{}", peer.host);
    assert_eq!(ann.get(&search)["accounts"], json!([]));
    peer.serve(
        "/.well-known/host-meta",
        json!({"links": [{"rel": "lrdd", "template": peer.at("/finger?q={uri}")}]}),
    );
    assert_eq!(ann.finds(&format!("pat@{}", peer.host))["url"], uri);
    // and one that names the usual address again is asked no more
    let other = Peer::start(&[]);
    let usual = other.at("/.well-known/webfinger?resource={uri}");
    other.serve("/.well-known/host-meta", json!({"links": [{"rel": "lrdd", "template": usual}]}));
    let search = format!("/api/v2/search?resolve=true&type=accounts&q=pat@{}", other.host);
    assert_eq!(ann.get(&search)["accounts"], json!([]));
    assert_eq!(other.asked().len(), 2);
}
