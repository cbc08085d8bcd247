//! The signed requests of `http/`, byte for byte as they stand, at an instance that is
//! `dassie.example` and at the moment for which they were signed. The signer's key is here
//! already: fetching it is what the other vectors show.

use std::io::{Read, Write};
use std::net::TcpStream;

use dassie::activity::actor::Actor;
use dassie::activity::time;
use dassie::clock::Clock;
use dassie::config::Config;
use dassie::db::Lane;
use dassie::service::account::{IncomingActor, store_remote};
use dassie::signature::key::PublicKey;
use serde_json::Value;

use super::harness::{honest, raw};
use super::web::Web;
use crate::support::{Instance, Options};

pub const VECTORS: &[&str] = &[
    "http/cavage_bad_alg_unknown.json",
    "http/cavage_bad_base64.json",
    "http/cavage_bad_body_changed.json",
    "http/cavage_bad_created_with_rsa.json",
    "http/cavage_bad_digest_not_signed.json",
    "http/cavage_bad_duplicate_param.json",
    "http/cavage_bad_expired.json",
    "http/cavage_bad_future_date.json",
    "http/cavage_bad_host_changed.json",
    "http/cavage_bad_keyid_acct.json",
    "http/cavage_bad_no_date.json",
    "http/cavage_bad_no_request_target.json",
    "http/cavage_bad_old_date.json",
    "http/cavage_bad_other_key.json",
    "http/cavage_bad_path_changed.json",
    "http/cavage_bad_signed_header_absent.json",
    "http/cavage_get_empty_digest_ok.json",
    "http/cavage_get_misskey_accept_ok.json",
    "http/cavage_get_ok.json",
    "http/cavage_get_query_left_out_ok.json",
    "http/cavage_get_query_signed_ok.json",
    "http/cavage_post_content_type_signed_ok.json",
    "http/cavage_post_created_expires_ok.json",
    "http/cavage_post_digest_lowercase_alg_ok.json",
    "http/cavage_post_digest_multi_ok.json",
    "http/cavage_post_header_order_ok.json",
    "http/cavage_post_hs2019_date_ok.json",
    "http/cavage_post_no_algorithm_ok.json",
    "http/cavage_post_ok.json",
    "http/cavage_post_port_in_host_ok.json",
    "http/cavage_post_spaces_after_comma_ok.json",
    "http/followers_sync_digest.json",
    "http/rfc9421_bad_body_changed.json",
    "http/rfc9421_bad_expired.json",
    "http/rfc9421_bad_no_content_digest.json",
    "http/rfc9421_bad_no_created.json",
    "http/rfc9421_get_ok.json",
    "http/rfc9421_post_alg_param_ok.json",
    "http/rfc9421_post_authority_path_ok.json",
    "http/rfc9421_post_ok.json",
    "http/test-rsa-1.pk8-der.base64",
    "http/test-rsa-1.public.pem",
    "http/test-rsa-1.public.pkcs1.pem",
    "http/test-rsa-2.public.pem",
];

/// The local user of the vectors goes by her id.
const ANN: &str = "01JZANN0000000000000000000";

/// An instance with a real name, which wants a signature of everybody, knows maria and her key,
/// and has ann. Nothing that it asks for over the network is there.
fn instance(web: &Web, now: i64, configure: fn(&mut Config)) -> Instance {
    let options = Options { clock: Clock::manual(now), configure: Some(configure) };
    let instance = Instance::with_resolver(options, web.resolver());
    instance.person(ANN);
    let actor = Actor::parse(&serde_json::from_str(&raw("mastodon/actor")).unwrap()).unwrap();
    let maria = IncomingActor::new(&actor, "masto.example");
    instance.app.db.write(Lane::Interactive, move |tx| store_remote(tx, &maria)).wait().unwrap();
    instance
}

fn named(config: &mut Config) {
    config.dev = false;
    config.server.host = "dassie.example".into();
    config.federation.require_signed_fetch = true;
    config.network.allowed_private_ranges.clear();
}

fn named_with_port(config: &mut Config) {
    named(config);
    config.server.host = "dassie.example:8443".into();
}

/// Sends a request as it stands; answers its status.
fn send(address: &str, vector: &Value) -> u16 {
    let text = |key: &str| vector[key].as_str().unwrap();
    let mut request = format!("{} {} HTTP/1.1\r\n", text("method"), text("path"));
    for header in vector["headers"].as_array().unwrap() {
        let (name, value) = (header[0].as_str().unwrap(), header[1].as_str().unwrap());
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("Connection: close\r\n");
    if text("method") == "GET" {
        // unless it signs one of its own
        if !request.to_lowercase().contains("\naccept:") {
            request.push_str("Accept: application/activity+json\r\n");
        }
        request.push_str("\r\n");
    } else {
        request.push_str(&format!("Content-Length: {}\r\n\r\n", text("body").len()));
    }
    request.push_str(text("body"));
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer);
    let status = answer.split(' ').nth(1).unwrap_or_else(|| panic!("no answer: {answer}"));
    status.parse().unwrap()
}

/// Forgets what came before: a repeat is answered without a look at its signature.
fn forget(instance: &Instance) {
    let path = instance.folder.path().join("data/dassie.db");
    let sql = rusqlite::Connection::open(path).unwrap();
    sql.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
    sql.execute("DELETE FROM seen", []).unwrap();
}

#[test]
fn f_089_to_f_116_f_124_s_035_signed_requests() {
    let web = Web::start();
    let now = time::parse("2026-05-04T09:12:40Z").unwrap();
    let plain = instance(&web, now, named);
    let with_port = instance(&web, now, named_with_port);
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for name in VECTORS.iter().filter_map(|name| name.strip_suffix(".json")) {
        let vector: Value = serde_json::from_str(&raw(name)).unwrap();
        if vector["method"].is_null() {
            continue;
        }
        seen += 1;
        assert_eq!(vector["now"], "2026-05-04T09:12:40Z");
        let at = if name.contains("port_in_host") { &with_port } else { &plain };
        forget(at);
        let status = send(&at.host, &vector);
        let expect = vector["expect"].as_str().unwrap();
        let fits = match (expect, vector["method"].as_str().unwrap()) {
            ("valid", "POST") => status == 202,
            ("valid", _) => status == 200,
            // another host's requests are not looked at any further (S-058)
            _ if name.ends_with("host_changed") => status == 421,
            (other, _) => other == status.to_string(),
        };
        if !fits {
            wrong.push(format!("{name}: {status}, not {expect}: {}", vector["why"]));
        }
    }
    assert_eq!(seen, 39);
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(web.asked().is_empty() && web.looked_up().is_empty(), "{:?}", web.looked_up());
}

#[test]
fn f_113_the_keys_are_read_in_both_forms() {
    let file = |name: &str| {
        let path = format!("{}/tests/vectors/http/{name}", env!("CARGO_MANIFEST_DIR"));
        PublicKey::from_pem(&std::fs::read_to_string(path).unwrap()).unwrap()
    };
    let own = honest().0.public_key();
    assert_eq!(file("test-rsa-1.public.pem"), own);
    assert_eq!(file("test-rsa-1.public.pkcs1.pem"), own);
    assert_ne!(file("test-rsa-2.public.pem"), own);
}

#[test]
fn f_229_followers_sync_digest() {
    let vector: Value = serde_json::from_str(&raw("http/followers_sync_digest")).unwrap();
    let mut sum = [0; 32];
    for follower in vector["followers"].as_array().unwrap() {
        let hash = dassie::crypto::sha256(follower.as_str().unwrap().as_bytes());
        sum.iter_mut().zip(hash).for_each(|(sum, byte)| *sum ^= byte);
    }
    let hex: String = sum.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(vector["digest_hex"], hex);
    assert!(vector["header"].as_str().unwrap().contains(&hex));
}
