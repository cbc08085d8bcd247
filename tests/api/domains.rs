//! Blocks of whole servers: that they bite, and that they can be taken back.

use dassie::clock::Clock;
use dassie::config::Audience;
use dassie::db::Lane;
use dassie::service;
use serde_json::{Value, json};

use super::admin::admin;
use super::{follow_peer, id};
use crate::support::{Instance, Options, Peer, eventually};

#[test]
fn f_338_f_340_blocks_of_domains_bite_and_are_taken_back() {
    let instance = Instance::start();
    let boss = admin(&instance, "boss");
    let fan = instance.person("fan");
    let peer = Peer::start(&["mia"]);
    let mia = follow_peer(&instance, &fan, &peer, "mia");
    let inbox = format!("{}/inbox", instance.base);
    let picture = json!({"attachment": [{"type": "Document", "mediaType": "image/png",
        "url": peer.at("/a.png"), "name": "alt"}]});
    assert_eq!(
        peer.send("mia", &inbox, &peer.create("mia", 1, "<p>one</p>", picture.clone())).status,
        202
    );
    instance.settle();
    assert_eq!(fan.home(), ["one"]);
    let media = |person: &crate::support::Person| -> usize {
        let home = person.get("/api/v1/timelines/home");
        home.as_array()
            .unwrap()
            .iter()
            .map(|s| s["media_attachments"].as_array().unwrap().len())
            .sum()
    };
    assert_eq!(media(&fan), 1);
    // limited: strangers do not find it, media go
    let body = json!({
        "domain": peer.host, "reject_media": true, "reject_reports": true,
        "private_comment": "seen", "public_comment": "spam",
    });
    let block = boss.post("/api/v1/admin/domain_blocks", body);
    assert_eq!((&block["severity"], &block["reject_media"]), (&json!("silence"), &json!(true)));
    instance.settle();
    assert_eq!(boss.get(&format!("/api/v1/accounts/{mia}"))["limited"], true);
    assert_eq!(boss.get("/api/v1/timelines/public?remote=true"), json!([]));
    assert_eq!(fan.get("/api/v1/timelines/public?remote=true").as_array().unwrap().len(), 1);
    assert_eq!((fan.home(), media(&fan)), (vec!["one".to_owned()], 0));
    peer.send("mia", &inbox, &peer.create("mia", 2, "<p>two</p>", picture));
    let flag = json!({
        "@context": "https://www.w3.org/ns/activitystreams", "id": peer.at("/flags/1"),
        "type": "Flag", "actor": peer.uri("mia"), "object": fan.uri,
    });
    peer.send("mia", &inbox, &flag);
    instance.settle();
    assert_eq!((fan.home().len(), media(&fan)), (2, 0), "what comes has no media");
    assert_eq!(boss.get("/api/v1/admin/reports"), json!([]), "and reports are not read");
    // another block of it is refused with the one that is there
    let again =
        boss.request("POST", "/api/v1/admin/domain_blocks").json(&json!({"domain": peer.host}));
    let again = again.send();
    assert_eq!(again.status, 422);
    assert_eq!(again.json()["existing_domain_block"]["id"], block["id"]);
    // suspended: follows end, nothing comes or goes
    let path = format!("/api/v1/admin/domain_blocks/{}", id(&block));
    boss.request("PUT", &path).json(&json!({"severity": "suspend"})).send().ok();
    instance.settle();
    assert_eq!(fan.home(), [""; 0]);
    assert_eq!(boss.get(&format!("/api/v1/accounts/{mia}"))["suspended"], true);
    let late = peer.create("mia", 3, "<p>three</p>", json!({}));
    assert_eq!(peer.send("mia", &inbox, &late).status, 403);
    // and back: it is shown again, follows stay ended
    boss.delete(&path);
    instance.settle();
    let shown = fan.get(&format!("/api/v1/accounts/{mia}"));
    assert!(shown.get("suspended").is_none() && shown.get("limited").is_none(), "{shown}");
    let relation = fan.get(&format!("/api/v1/accounts/relationships?id[]={mia}"));
    assert_eq!(relation[0]["following"], false);
    assert_eq!(boss.get("/api/v1/timelines/public?remote=true").as_array().unwrap().len(), 2);
    assert_eq!(
        peer.send("mia", &inbox, &peer.create("mia", 4, "<p>four</p>", json!({}))).status,
        202
    );
    assert_eq!(boss.request("GET", &path).send().status, 404);
}

#[test]
fn a_new_account_of_a_limited_domain_is_limited_from_the_beginning() {
    let instance = Instance::start();
    let boss = admin(&instance, "boss");
    let peer = Peer::start(&["mia"]);
    boss.post("/api/v1/admin/domain_blocks", json!({"domain": peer.host}));
    let mia = id(&boss.finds(&format!("mia@{}", peer.host)));
    assert_eq!(boss.get(&format!("/api/v1/accounts/{mia}"))["limited"], true);
    // what an admin decides about one account alone outlives the block
    boss.post(&format!("/api/v1/admin/accounts/{mia}/unsilence"), json!({}));
    boss.post(&format!("/api/v1/admin/accounts/{mia}/action"), json!({"type": "silence"}));
    let block = boss.get("/api/v1/admin/domain_blocks")[0].clone();
    boss.delete(&format!("/api/v1/admin/domain_blocks/{}", id(&block)));
    instance.settle();
    assert_eq!(boss.get(&format!("/api/v1/accounts/{mia}"))["limited"], true);
}

#[test]
fn f_339_in_allow_list_mode_only_allowed_servers_are_spoken_to() {
    let instance = Instance::with(Options {
        configure: Some(|config| config.federation.allowlist = true),
        clock: Clock::default(),
    });
    let boss = admin(&instance, "boss");
    let peer = Peer::start(&["mia"]);
    let inbox = format!("{}/inbox", instance.base);
    assert_eq!(boss.get("/api/v2/instance")["configuration"]["limited_federation"], true);
    let note = peer.create("mia", 1, "<p>one</p>", json!({}));
    assert_eq!(peer.send("mia", &inbox, &note).status, 403);
    let allow = boss.post("/api/v1/admin/domain_allows", json!({"domain": peer.host}));
    let again = boss.post("/api/v1/admin/domain_allows", json!({"domain": peer.host}));
    assert_eq!(allow["id"], again["id"]);
    follow_peer(&instance, &boss, &peer, "mia");
    assert_eq!(peer.send("mia", &inbox, &note).status, 202);
    instance.settle();
    assert_eq!(boss.home(), ["one"]);
    boss.delete(&format!("/api/v1/admin/domain_allows/{}", id(&allow)));
    instance.settle();
    assert_eq!(boss.home(), [""; 0]);
    assert_eq!(peer.send("mia", &inbox, &peer.create("mia", 2, "x", json!({}))).status, 403);
}

#[test]
fn what_is_no_block() {
    let instance = Instance::start();
    let boss = admin(&instance, "boss");
    for (path, body, field) in [
        ("domain_blocks", json!({}), "domain"),
        ("domain_blocks", json!({"domain": "a b"}), "domain"),
        ("domain_blocks", json!({"domain": "https://"}), "domain"),
        ("domain_blocks", json!({"domain": instance.host}), "domain"),
        ("domain_blocks", json!({"domain": "a.example", "severity": "kill"}), "severity"),
        ("domain_blocks", json!({"domain": "a.example", "obfuscate": "maybe"}), "obfuscate"),
        (
            "domain_blocks",
            json!({"domain": "a.example", "public_comment": "x".repeat(4001)}),
            "comment",
        ),
        ("domain_allows", json!({"domain": ""}), "domain"),
        ("domain_allows", json!({"domain": "a*b"}), "domain"),
    ] {
        let answer = boss.request("POST", &format!("/api/v1/admin/{path}")).json(&body).send();
        assert_eq!(answer.status, 422, "{body}: {}", answer.text());
        assert!(answer.text().to_lowercase().contains(field), "{body}: {}", answer.text());
    }
    assert_eq!(boss.get("/api/v1/admin/domain_blocks"), json!([]));
}

#[test]
fn blocks_are_shown_to_whom_the_settings_say() {
    let show = |configure: fn(&mut dassie::config::Config)| {
        let instance =
            Instance::with(Options { configure: Some(configure), clock: Clock::default() });
        let boss = admin(&instance, "boss");
        for (domain, severity) in
            [("quiet.example", "silence"), ("spam.example", "suspend"), ("odd.example", "noop")]
        {
            let body = json!({"domain": domain, "severity": severity, "public_comment": "why",
                "private_comment": "secret", "obfuscate": domain.starts_with('s')});
            boss.post("/api/v1/admin/domain_blocks", body);
        }
        let path = "/api/v1/instance/domain_blocks";
        let (open, signed) = (instance.get(path), boss.request("GET", path).send());
        let body: Value = signed.json();
        (open.status, signed.status, body)
    };
    assert_eq!(show(|_| {}).1, 404);
    let (open, signed, list) = show(|c| c.instance.show_domain_blocks = Audience::Users);
    assert_eq!((open, signed), (404, 200));
    let names: Vec<&str> =
        list.as_array().unwrap().iter().map(|one| one["domain"].as_str().unwrap()).collect();
    assert_eq!(names, ["spa*.****ple", "quiet.example"]);
    assert_eq!(list[1]["comment"], "why");
    assert_eq!(list[0]["digest"].as_str().unwrap().len(), 64);
    assert!(!list.to_string().contains("secret"));
    assert_eq!(show(|c| c.instance.show_domain_blocks = Audience::All).0, 200);
}

#[test]
fn the_command_line_blocks_too() {
    use dassie::control::{Command, Reply, execute};
    let instance = Instance::start();
    let boss = admin(&instance, "boss");
    let peer = Peer::start(&["mia"]);
    let mia = id(&boss.finds(&format!("mia@{}", peer.host)));
    let block = |severity: &str| Command::DomainBlock {
        domain: peer.host.clone(),
        severity: severity.into(),
        comment: Some("by hand".into()),
    };
    execute(&instance.app, block("silence")).unwrap();
    execute(&instance.app, block("suspend")).unwrap();
    assert!(execute(&instance.app, block("odd")).is_err());
    eventually("it is suspended", || {
        (boss.get(&format!("/api/v1/accounts/{mia}"))["suspended"] == true).then_some(())
    });
    let Reply::DomainBlocks(list) = execute(&instance.app, Command::DomainList).unwrap() else {
        panic!()
    };
    assert_eq!((list.len(), list[0].severity.as_str()), (1, "suspend"));
    let unblock = || Command::DomainUnblock { domain: peer.host.clone() };
    execute(&instance.app, unblock()).unwrap();
    assert!(execute(&instance.app, unblock()).is_err());
}

#[test]
fn a_suspension_of_its_own_outlives_the_block_of_its_domain() {
    let instance = Instance::start();
    let boss = admin(&instance, "boss");
    let peer = Peer::start(&["mia"]);
    let mia = id(&boss.finds(&format!("mia@{}", peer.host)));
    let block = json!({"domain": peer.host, "severity": "suspend"});
    let block = boss.post("/api/v1/admin/domain_blocks", block);
    instance.settle();
    let shown = |key: &str| boss.get(&format!("/api/v1/accounts/{mia}"))[key] == true;
    assert!(shown("suspended"));
    boss.post(&format!("/api/v1/admin/accounts/{mia}/action"), json!({"type": "suspend"}));
    boss.delete(&format!("/api/v1/admin/domain_blocks/{}", id(&block)));
    instance.settle();
    assert!(shown("suspended"));
    // so does a deletion of what it left
    boss.post(&format!("/api/v1/admin/accounts/{mia}/unsuspend"), json!({}));
    let block = json!({"domain": peer.host, "severity": "suspend"});
    let block = boss.post("/api/v1/admin/domain_blocks", block);
    instance.settle();
    boss.delete(&format!("/api/v1/admin/accounts/{mia}"));
    boss.delete(&format!("/api/v1/admin/domain_blocks/{}", id(&block)));
    instance.settle();
    assert!(shown("suspended"));
}

#[test]
fn f_339_whom_the_allow_list_kept_out_is_back_when_there_is_none() {
    let instance = Instance::with(Options {
        configure: Some(|config| config.federation.allowlist = true),
        clock: Clock::default(),
    });
    let boss = admin(&instance, "boss");
    let peer = Peer::start(&["mia"]);
    let allow = boss.post("/api/v1/admin/domain_allows", json!({"domain": peer.host}));
    let mia = id(&boss.finds(&format!("mia@{}", peer.host)));
    boss.delete(&format!("/api/v1/admin/domain_allows/{}", id(&allow)));
    instance.settle();
    let suspended = || boss.get(&format!("/api/v1/accounts/{mia}"))["suspended"] == true;
    assert!(suspended());
    // as at a start with other settings
    let off =
        instance.app.db.write(Lane::Interactive, |tx| service::domain::set_allowlist(tx, false));
    off.wait().unwrap();
    eventually("it is shown again", || (!suspended()).then_some(()));
}
