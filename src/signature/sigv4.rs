//! AWS Signature Version 4, as S3 and what is compatible with it want requests signed: in an
//! `Authorization` header, or in the query of an address that somebody else may use for a while.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html>

use std::fmt::Write;

use crate::clock;
use crate::crypto::{hex, hmac_sha256, sha256};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// In the place of a body's hash where nobody knows the body.
const UNSIGNED: &str = "UNSIGNED-PAYLOAD";

/// Who signs, and for which region.
#[derive(Clone, Copy)]
pub struct Credentials<'a> {
    pub access_key: &'a str,
    pub secret_key: &'a str,
    pub region: &'a str,
}

/// What is signed of a request.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    pub method: &'a str,
    /// With the port, where it is not the usual one.
    pub host: &'a str,
    /// Encoded by [`encode_path`], as it is sent.
    pub path: &'a str,
    /// Names and values, not encoded.
    pub query: &'a [(String, String)],
    /// Names in lower case.
    pub headers: &'a [(&'a str, &'a str)],
}

/// The headers that sign a request with a body of this SHA-256, in lower case hexadecimal.
pub fn sign(
    by: &Credentials<'_>,
    request: &Request<'_>,
    payload: &str,
    now_ms: i64,
) -> Vec<(String, String)> {
    let time = timestamp(now_ms);
    let mut headers = request.headers.to_vec();
    headers.extend([
        ("host", request.host),
        ("x-amz-content-sha256", payload),
        ("x-amz-date", &time),
    ]);
    let (names, signature) = signature(by, request, request.query, &mut headers, payload, &time);
    let scope = scope(by, &time);
    let authorization = format!(
        "{ALGORITHM} Credential={}/{scope},SignedHeaders={names},Signature={signature}",
        by.access_key
    );
    vec![
        ("x-amz-content-sha256".to_owned(), payload.to_owned()),
        ("x-amz-date".to_owned(), time),
        ("authorization".to_owned(), authorization),
    ]
}

/// The query of an address that is good for `seconds` from `now_ms` on, for whoever has it.
pub fn presign(by: &Credentials<'_>, request: &Request<'_>, seconds: u32, now_ms: i64) -> String {
    let time = timestamp(now_ms);
    let mut headers = request.headers.to_vec();
    headers.push(("host", request.host));
    let mut query = request.query.to_vec();
    let mut add = |name: &str, value: String| query.push((name.to_owned(), value));
    add("X-Amz-Algorithm", ALGORITHM.to_owned());
    add("X-Amz-Credential", format!("{}/{}", by.access_key, scope(by, &time)));
    add("X-Amz-Date", time.clone());
    add("X-Amz-Expires", seconds.to_string());
    add("X-Amz-SignedHeaders", signed_names(&mut headers));
    let (_, signature) = signature(by, request, &query, &mut headers, UNSIGNED, &time);
    format!("{}&X-Amz-Signature={signature}", canonical_query(&query))
}

/// A path as it is sent and signed: each byte but letters, digits, `-._~` and the slash as `%XX`.
pub fn encode_path(path: &str) -> String {
    encode(path, true)
}

fn encode(text: &str, slashes: bool) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            b'/' if slashes => encoded.push('/'),
            // writing to a text cannot fail
            _ => drop(write!(encoded, "%{byte:02X}")),
        }
    }
    encoded
}

fn canonical_query(query: &[(String, String)]) -> String {
    let mut pairs: Vec<(String, String)> =
        query.iter().map(|(name, value)| (encode(name, false), encode(value, false))).collect();
    pairs.sort_unstable();
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

fn signed_names(headers: &mut [(&str, &str)]) -> String {
    headers.sort_unstable();
    let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
    names.join(";")
}

/// The names of what is signed, and the signature.
fn signature(
    by: &Credentials<'_>,
    request: &Request<'_>,
    query: &[(String, String)],
    headers: &mut [(&str, &str)],
    payload: &str,
    time: &str,
) -> (String, String) {
    let names = signed_names(headers);
    let mut lines = String::new();
    for (name, value) in headers.iter() {
        let value: Vec<&str> = value.split_whitespace().collect();
        lines += &format!("{name}:{}\n", value.join(" "));
    }
    let canonical = format!(
        "{}\n{}\n{}\n{lines}\n{names}\n{payload}",
        request.method,
        request.path,
        canonical_query(query)
    );
    let hash = hex(&sha256(canonical.as_bytes()));
    let text = format!("{ALGORITHM}\n{time}\n{}\n{hash}", scope(by, time));
    let mut key = hmac_sha256(format!("AWS4{}", by.secret_key).as_bytes(), day(time).as_bytes());
    for part in [by.region, "s3", "aws4_request"] {
        key = hmac_sha256(&key, part.as_bytes());
    }
    (names, hex(&hmac_sha256(&key, text.as_bytes())))
}

fn scope(by: &Credentials<'_>, time: &str) -> String {
    format!("{}/{}/s3/aws4_request", day(time), by.region)
}

/// `20130524T000000Z`.
fn timestamp(ms: i64) -> String {
    clock::wire_time(ms).chars().filter(|c| !matches!(c, '-' | ':')).collect()
}

fn day(time: &str) -> &str {
    time.get(..8).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Those of Amazon's own examples.
    const BY: Credentials<'static> = Credentials {
        access_key: "AKIAIOSFODNN7EXAMPLE",
        secret_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        region: "us-east-1",
    };
    const HOST: &str = "examplebucket.s3.amazonaws.com";
    /// 2013-05-24T00:00:00Z.
    const THEN: i64 = 1_369_353_600_000;

    fn pairs(query: &[(&str, &str)]) -> Vec<(String, String)> {
        query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn signed(
        method: &str,
        path: &str,
        query: &[(&str, &str)],
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> String {
        let query = pairs(query);
        let request = Request { method, host: HOST, path, query: &query, headers };
        let made = sign(&BY, &request, &hex(&sha256(body)), THEN);
        made.into_iter().find(|(name, _)| name == "authorization").expect("signed").1
    }

    #[test]
    fn amazons_examples_of_signed_headers() {
        let begin =
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request";
        assert_eq!(
            signed("GET", "/test.txt", &[], &[("range", "bytes=0-9")], b""),
            format!(
                "{begin},SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature=\
                 f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
            )
        );
        assert_eq!(
            signed(
                "PUT",
                &encode_path("/test$file.text"),
                &[],
                &[
                    ("date", "Fri, 24 May 2013 00:00:00 GMT"),
                    ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
                ],
                b"Welcome to Amazon S3.",
            ),
            format!(
                "{begin},SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;\
                 x-amz-storage-class,Signature=\
                 98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
            )
        );
        let list = signed("GET", "/", &[("max-keys", "2"), ("prefix", "J")], &[], b"");
        assert!(
            list.ends_with("=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
            "{list}"
        );
        let lifecycle = signed("GET", "/", &[("lifecycle", "")], &[], b"");
        assert!(
            lifecycle
                .ends_with("=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
            "{lifecycle}"
        );
    }

    #[test]
    fn amazons_example_of_a_signed_address() {
        let request =
            Request { method: "GET", host: HOST, path: "/test.txt", query: &[], headers: &[] };
        assert_eq!(
            presign(&BY, &request, 86_400, THEN),
            "X-Amz-Algorithm=AWS4-HMAC-SHA256\
             &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request\
             &X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
             &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
        );
    }

    #[test]
    fn paths_are_encoded_byte_by_byte_and_spaces_folded() {
        assert_eq!(
            encode_path("/bücket/my files/a+b&c=~_-.jpg"),
            "/b%C3%BCcket/my%20files/a%2Bb%26c%3D~_-.jpg"
        );
        assert_eq!(
            canonical_query(&pairs(&[("b", "x y"), ("a", "/"), ("B", "+")])),
            "B=%2B&a=%2F&b=x%20y"
        );
        let once = signed("GET", "/", &[], &[("range", "bytes=0-9")], b"");
        assert_eq!(once, signed("GET", "/", &[], &[("range", "  bytes=0-9 ")], b""));
        // what is signed is what is sent: another byte anywhere is another signature
        assert_ne!(once, signed("HEAD", "/", &[], &[("range", "bytes=0-9")], b""));
        assert_ne!(once, signed("GET", "/", &[], &[("range", "bytes=0-8")], b""));
        assert_ne!(once, signed("GET", "/", &[], &[("range", "bytes=0-9")], b"x"));
    }
}
