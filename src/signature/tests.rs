//! The vectors in `tests/vectors/http`, round trips, and the rules that no vector shows.

use proptest::prelude::*;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::Value;
use url::Url;

use super::key::{PrivateKey, PublicKey};
use super::*;
use crate::error::Error;

const DIR: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/http");
pub(super) const KEY_ID: &str = "https://masto.example/users/maria#main-key";
/// 2026-05-04T09:12:40Z, the `now` of the vectors.
pub(super) const NOW: i64 = 1_777_885_960_000;

pub(crate) fn vector_text(name: &str) -> String {
    std::fs::read_to_string(format!("{DIR}/{name}")).unwrap()
}

pub(super) fn private_key() -> PrivateKey {
    let text = vector_text("test-rsa-1.pk8-der.base64");
    let text: String = text.split_whitespace().collect();
    PrivateKey::from_pkcs8(&base64::Engine::decode(&digest::BASE64, text).unwrap()).unwrap()
}

fn hosts() -> Vec<String> {
    vec!["dassie.example".to_owned()]
}

pub(super) type Headers = Vec<(String, String)>;

/// Inspects and verifies as the inbox does.
pub(super) fn judge(
    method: &str,
    path: &str,
    headers: &Headers,
    body: &[u8],
    key: &PublicKey,
) -> Checked<Inspected> {
    let request = Request { method, path_and_query: path, headers, body };
    let inspected = inspect(&request, "https", &hosts(), NOW)?;
    inspected.verify(&request, key).map(|()| inspected)
}

pub(super) fn own_key() -> PublicKey {
    private_key().public_key()
}

/// Headers of a request to us signed in the draft's dialect, at [`NOW`].
pub(super) fn cavage_headers(method: &str, url: &str, body: Option<&[u8]>) -> Headers {
    sign_cavage(&private_key(), KEY_ID, method, &Url::parse(url).unwrap(), body, NOW).unwrap()
}

pub(super) fn set(headers: &mut Headers, name: &str, edit: impl Fn(&str) -> String) {
    let (_, value) = headers.iter_mut().find(|(n, _)| n == name).unwrap();
    *value = edit(value);
}

/// A draft signature over any header list, with any parameters in front of it.
fn signed_over(parameters: &str, listed: &str, headers: &Headers, body: &[u8]) -> Headers {
    let request = Request { method: "POST", path_and_query: "/inbox", headers, body };
    let text: Vec<String> = listed
        .split(' ')
        .map(|name| match name {
            "(request-target)" => "(request-target): post /inbox".to_owned(),
            other => format!("{other}: {}", request.header(other).unwrap()),
        })
        .collect();
    let signature = private_key().sign(text.join("\n").as_bytes()).unwrap();
    let signature = base64::Engine::encode(&digest::BASE64, signature);
    let mut headers = headers.clone();
    let value = format!("{parameters}headers=\"{listed}\",signature=\"{signature}\"");
    headers.push(("Signature".to_owned(), value));
    headers
}

#[test]
fn f_089_to_f_116_every_vector_ends_as_it_says() {
    let mut seen = 0;
    for entry in std::fs::read_dir(DIR).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if !name.ends_with(".json") {
            continue;
        }
        let vector: Value = serde_json::from_str(&vector_text(&name)).unwrap();
        let Some(method) = vector["method"].as_str() else { continue };
        let text = |key: &str| vector[key].as_str().unwrap();
        let headers: Headers = serde_json::from_value(vector["headers"].clone()).unwrap();
        let now = DateTime::parse_from_rfc3339(text("now")).unwrap().timestamp_millis();
        let key = PublicKey::from_pem(&vector_text(text("public_key"))).unwrap();
        let path = text("path");
        let body = text("body").as_bytes();
        let request = Request { method, path_and_query: path, headers: &headers, body };
        let ours =
            if name.contains("port_in_host") { "dassie.example:8443" } else { "dassie.example" };
        let outcome = inspect(&request, "https", &[ours.to_owned()], now)
            .and_then(|inspected| inspected.verify(&request, &key));
        let status = outcome.map_or_else(|r| r.status.to_string(), |()| "valid".to_owned());
        assert_eq!(status, text("expect"), "{name}: {}", text("why"));
        seen += 1;
    }
    assert_eq!(seen, 39);
}

#[test]
fn f_089_the_cheap_checks_refuse_for_their_own_reason() {
    for (name, reason) in [
        ("cavage_bad_body_changed", "The digest does not match the body"),
        ("cavage_bad_digest_not_signed", "digest must be signed"),
        ("cavage_bad_no_request_target", "(request-target) must be signed"),
        ("cavage_bad_no_date", "date or (created) must be signed"),
        ("cavage_bad_host_changed", "The Host is not this server"),
        ("cavage_bad_old_date", "The signature has expired"),
        ("cavage_bad_future_date", "The signature is from the future"),
        ("cavage_bad_expired", "The signature has expired"),
        ("cavage_bad_created_with_rsa", "(created) and (expires) need the algorithm hs2019"),
        ("cavage_bad_keyid_acct", "The keyId is not an http or https URL"),
        ("cavage_bad_signed_header_absent", "A signed header is not in the request"),
        ("cavage_bad_duplicate_param", "A parameter of the signature is there twice"),
        ("cavage_bad_base64", "The signature is not base64"),
        ("cavage_bad_alg_unknown", "The algorithm is not allowed"),
        ("rfc9421_bad_no_created", "The signature has no creation time"),
        ("rfc9421_bad_no_content_digest", "content-digest must be signed"),
        ("rfc9421_bad_body_changed", "The digest does not match the body"),
        ("rfc9421_bad_expired", "The signature has expired"),
    ] {
        let vector: Value = serde_json::from_str(&vector_text(&format!("{name}.json"))).unwrap();
        let headers: Headers = serde_json::from_value(vector["headers"].clone()).unwrap();
        let request = Request {
            method: vector["method"].as_str().unwrap(),
            path_and_query: vector["path"].as_str().unwrap(),
            headers: &headers,
            body: vector["body"].as_str().unwrap().as_bytes(),
        };
        assert_eq!(inspect(&request, "https", &hosts(), NOW).unwrap_err().reason, reason, "{name}");
    }
}

#[test]
fn f_078_to_f_082_what_we_sign_is_what_others_expect() {
    let headers = cavage_headers("POST", "https://dassie.example/inbox?a=b", Some(b"{}"));
    let names: Vec<&str> = headers.iter().map(|(n, _)| n.as_str()).collect();
    assert_eq!(names, ["Host", "Date", "Digest", "Signature"]);
    assert_eq!(headers[1].1, "Mon, 04 May 2026 09:12:40 GMT");
    assert!(headers[2].1.starts_with("SHA-256="));
    let expected = format!(
        "keyId=\"{KEY_ID}\",algorithm=\"rsa-sha256\",headers=\"(request-target) host date digest\",signature=\""
    );
    assert!(headers[3].1.starts_with(&expected), "{}", headers[3].1);
    judge("POST", "/inbox?a=b", &headers, b"{}", &own_key()).unwrap();

    let get = cavage_headers("GET", "https://dassie.example/users/a?page=true", None);
    assert!(get[2].1.contains("headers=\"(request-target) host date\""));
    judge("GET", "/users/a?page=true", &get, b"", &own_key()).unwrap();

    let port = cavage_headers("GET", "https://peer.example:8443/a", None);
    assert_eq!(port[0].1, "peer.example:8443");
    let default_port = cavage_headers("GET", "https://peer.example:443/a", None);
    assert_eq!(default_port[0].1, "peer.example");
}

#[test]
fn f_082_our_signature_equals_the_vector_of_the_same_request() {
    let vector: Value = serde_json::from_str(&vector_text("cavage_post_ok.json")).unwrap();
    let body = vector["body"].as_str().unwrap().as_bytes();
    let url = Url::parse("https://dassie.example/inbox").unwrap();
    let signed = sign_cavage(&private_key(), KEY_ID, "POST", &url, Some(body), NOW - 7000).unwrap();
    let theirs = vector["headers"][4][1].as_str().unwrap();
    assert_eq!(signed[3].1, theirs);
    let vector: Value = serde_json::from_str(&vector_text("rfc9421_post_ok.json")).unwrap();
    let signed =
        sign_rfc9421(&private_key(), KEY_ID, "POST", &url, Some(body), NOW - 7000).unwrap();
    assert_eq!(signed[3].1, vector["headers"][4][1].as_str().unwrap());
    assert_eq!(signed[4].1, vector["headers"][5][1].as_str().unwrap());
}

#[test]
fn f_082_a_key_id_that_would_break_the_header_is_refused() {
    let url = Url::parse("https://dassie.example/inbox").unwrap();
    for bad in ["https://a/\"", "https://a/\n", "https://a/ü", "https://a/ b", "https://a/\\"] {
        assert!(sign_cavage(&private_key(), bad, "GET", &url, None, NOW).is_err(), "{bad:?}");
        assert!(sign_rfc9421(&private_key(), bad, "GET", &url, None, NOW).is_err(), "{bad:?}");
    }
}

#[test]
fn f_090_the_authorization_header_serves_as_well() {
    let mut headers = cavage_headers("GET", "https://dassie.example/a", None);
    headers[2].0 = "AUTHORIZATION".to_owned();
    headers[2].1 = format!("signature {}", headers[2].1);
    judge("GET", "/a", &headers, b"", &own_key()).unwrap();
    headers[2].1 = "Bearer abc".to_owned();
    assert_eq!(judge("GET", "/a", &headers, b"", &own_key()).unwrap_err().status, 401);
}

#[test]
fn f_091_the_algorithm_must_fit_the_key() {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[9; 32]).unwrap();
    let key = PublicKey::Ed25519(pair.public_key().as_ref().try_into().unwrap());
    let mut headers = cavage_headers("GET", "https://dassie.example/a", None);
    let text = format!("(request-target): get /a\nhost: dassie.example\ndate: {}", headers[1].1);
    let signature = base64::Engine::encode(&digest::BASE64, pair.sign(text.as_bytes()));
    for (algorithm, good) in
        [("", true), ("hs2019", true), ("ed25519", true), ("rsa-sha256", false)]
    {
        headers[2].1 = format!(
            "keyId=\"{KEY_ID}\",headers=\"(request-target) host date\",signature=\"{signature}\""
        );
        if !algorithm.is_empty() {
            headers[2].1.push_str(&format!(",algorithm=\"{algorithm}\""));
        }
        assert_eq!(judge("GET", "/a", &headers, b"", &key).is_ok(), good, "{algorithm}");
        assert!(judge("GET", "/a", &headers, b"", &own_key()).is_err());
    }
    let mut headers = cavage_headers("GET", "https://dassie.example/a", None);
    set(&mut headers, "Signature", |v| v.replace("rsa-sha256", "ed25519"));
    assert!(judge("GET", "/a", &headers, b"", &own_key()).is_err());
}

#[test]
fn f_093_host_must_be_signed_on_post() {
    let mut headers = cavage_headers("POST", "https://dassie.example/inbox", Some(b"{}"));
    headers.pop();
    let front = format!("keyId=\"{KEY_ID}\",");
    let whole = signed_over(&front, "digest date (request-target) host", &headers, b"{}");
    judge("POST", "/inbox", &whole, b"{}", &own_key()).unwrap();
    let part = signed_over(&front, "digest date (request-target)", &headers, b"{}");
    let refusal = judge("POST", "/inbox", &part, b"{}", &own_key()).unwrap_err();
    assert_eq!(refusal, Refusal::unauthorized("host must be signed"));
}

#[test]
fn f_096_the_host_is_compared_without_case_and_default_port() {
    let mut headers = cavage_headers("GET", "https://dassie.example/a", None);
    let verdict = |headers: &Headers| {
        let request = Request { method: "GET", path_and_query: "/a", headers, body: b"" };
        inspect(&request, "https", &hosts(), NOW).map(|_| ()).map_err(|r| r.status)
    };
    for (host, expected) in [
        ("Dassie.Example", Ok(())),
        ("dassie.example:443", Ok(())),
        ("dassie.example.", Ok(())),
        ("dassie.example:80", Err(401)),
        ("evil.example", Err(401)),
        ("", Err(401)),
    ] {
        headers[0].1 = host.to_owned();
        assert_eq!(verdict(&headers), expected, "{host}");
    }
    headers.push(("host".to_owned(), "dassie.example".to_owned()));
    assert_eq!(verdict(&headers), Err(400));
}

#[test]
fn f_097_the_window_has_its_edges_where_it_should() {
    let edge = |signed: i64, expires: Option<i64>| check_time(signed, expires, NOW).is_ok();
    assert!(edge(NOW + HOUR, None) && !edge(NOW + HOUR + 1, None));
    let oldest = NOW - HOUR - 5 * MINUTE;
    assert!(edge(oldest, None) && !edge(oldest - 1, None));
    assert!(
        edge(NOW - 11 * HOUR, Some(NOW - HOUR)) && !edge(NOW - 11 * HOUR, Some(NOW - HOUR - 1))
    );
    assert!(!edge(NOW - 12 * HOUR - 1, Some(NOW + HOUR)));
    assert!(!edge(i64::MIN, Some(i64::MAX)) && !edge(i64::MAX, None));
}

#[test]
fn f_097_dates_of_other_forms_are_refused() {
    for bad in
        ["", "Mon, 04 May 2026 09:12:33 +0000", "Tue, 04 May 2026 09:12:33 GMT", "2026-05-04"]
    {
        assert!(parse_date(bad).is_err(), "{bad}");
    }
    assert_eq!(parse_date("Mon, 04 May 2026 09:12:40 GMT").unwrap(), NOW);
}

#[test]
fn f_098_times_are_whole_seconds() {
    for bad in ["", "1.5", "-1", "+1", " 1", "1e3", "9999999999999999999"] {
        assert!(parse_seconds(bad).is_err(), "{bad}");
    }
    assert_eq!(parse_seconds("1777885960").unwrap(), NOW);
}

#[test]
fn f_099_the_query_may_be_left_out_but_not_changed() {
    let bare = cavage_headers("GET", "https://dassie.example/a", None);
    judge("GET", "/a?page=1", &bare, b"", &own_key()).unwrap();
    let with = cavage_headers("GET", "https://dassie.example/a?page=1", None);
    assert!(judge("GET", "/a?page=2", &with, b"", &own_key()).is_err());
    assert!(judge("GET", "/a", &with, b"", &own_key()).is_err());
}

#[test]
fn f_100_repeated_headers_are_joined() {
    let mut headers = cavage_headers("POST", "https://dassie.example/inbox", Some(b"{}"));
    headers.pop();
    headers.push(("X-Two".to_owned(), "a ".to_owned()));
    headers.push(("x-two".to_owned(), " b".to_owned()));
    let front = format!("keyId=\"{KEY_ID}\",algorithm=\"hs2019\",");
    let signed = signed_over(&front, "(request-target) host date digest x-two", &headers, b"{}");
    judge("POST", "/inbox", &signed, b"{}", &own_key()).unwrap();
    let mut swapped = signed;
    swapped.swap(3, 4);
    assert!(judge("POST", "/inbox", &swapped, b"{}", &own_key()).is_err());
}

#[test]
fn f_101_only_http_urls_are_keys() {
    let cut = key_id_actor("https://a.example/users/b#main-key");
    assert_eq!(cut.as_deref(), Some("https://a.example/users/b"));
    let path = key_id_actor("http://a.example:3000/users/b/main-key?x=1");
    assert_eq!(path.as_deref(), Some("http://a.example:3000/users/b/main-key?x=1"));
    let long = format!("https://a.example/{}", "x".repeat(MAX_KEY_ID));
    for bad in [
        "",
        "acct:a@b.example",
        "ftp://a.example/",
        "https:a.example",
        "https://",
        "https:///a",
        "https://u:p@a.example/",
        "https://@a.example",
        "https://a.example/ b",
        " https://a.example",
        "https://a.example\\b",
        "https://a.example/\u{7f}",
        "javascript:alert(1)",
        "a",
        "#x",
        &long,
    ] {
        assert_eq!(key_id_actor(bad), None, "{bad}");
    }
}

#[test]
fn f_109_a_refusal_becomes_its_status() {
    assert_eq!(Error::from(Refusal::malformed("x")).status(), 400);
    assert_eq!(Error::from(Refusal::unauthorized("x")).status(), 401);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn f_089_no_signature_header_panics(
        text in "\\PC{0,200}",
        near in "(keyId|signature|headers|created|a)?[=\", \\\\a-c1()]{0,60}",
        rfc in any::<bool>(),
    ) {
        for value in [text, near] {
            let mut headers: Headers = vec![
                ("Host".to_owned(), "dassie.example".to_owned()),
                ("Date".to_owned(), value.clone()),
                ("Digest".to_owned(), value.clone()),
                ("Signature".to_owned(), value.clone()),
            ];
            if rfc {
                headers.push(("Signature-Input".to_owned(), value.clone()));
                headers.push(("Content-Digest".to_owned(), value.clone()));
            }
            let request =
                Request { method: "POST", path_and_query: &value, headers: &headers, body: b"" };
            prop_assert!(inspect(&request, "https", &hosts(), NOW).is_err());
            let _ = key_id_actor(&value);
            let _ = parse_date(&value);
            let _ = digest::check(&value, b"");
            let _ = digest::check_content(&value, b"");
        }
    }
}
