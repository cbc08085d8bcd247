//! draft-cavage-http-signatures-12: reading the header and every rule that needs no key. The
//! signing string and the arithmetic are http-sig's, behind `adapter`.

use base64::Engine as _;

use super::digest::BASE64;
use super::key::Algorithm;
use super::{
    Checked, Dialect, Inspected, MAX_HEADER, Refusal, Request, check_time, digest, parse_date,
    parse_seconds,
};

/// Parameters and header names in one signature; honest ones have six and eight.
const MAX_ENTRIES: usize = 32;

/// What a sender claims in the draft's dialect.
#[derive(Clone, Debug)]
pub(super) struct Claim {
    /// Lower case, in the order of the signing string.
    pub(super) headers: Vec<String>,
    pub(super) created: Option<String>,
    pub(super) expires: Option<String>,
    pub(super) signature: Vec<u8>,
    pub(super) algorithms: &'static [Algorithm],
}

/// Reads `key="value", key=value, …`: values may hold commas and `=`, a parameter twice is
/// malformed (F-089). Names come back in lower case, so that `keyid` cannot hide behind `keyId`.
pub(super) fn parse_parameters(text: &str) -> Checked<Vec<(String, String)>> {
    const BROKEN: Refusal = Refusal::malformed("The Signature header cannot be read");
    if text.len() > MAX_HEADER {
        return Err(Refusal::malformed("The Signature header is too long"));
    }
    let mut found: Vec<(String, String)> = Vec::new();
    let mut chars = text.chars().peekable();
    loop {
        while chars.next_if(|c| c.is_ascii_whitespace() || *c == ',').is_some() {}
        if chars.peek().is_none() {
            return Ok(found);
        }
        let mut name = String::new();
        while let Some(c) = chars.next_if(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c)) {
            name.push(c.to_ascii_lowercase());
        }
        while chars.next_if(char::is_ascii_whitespace).is_some() {}
        if name.is_empty() || chars.next() != Some('=') {
            return Err(BROKEN);
        }
        while chars.next_if(char::is_ascii_whitespace).is_some() {}
        let mut value = String::new();
        if chars.next_if_eq(&'"').is_some() {
            loop {
                match chars.next().ok_or(BROKEN)? {
                    '"' => break,
                    '\\' => value.push(chars.next().ok_or(BROKEN)?),
                    c => value.push(c),
                }
            }
            while chars.next_if(char::is_ascii_whitespace).is_some() {}
            if chars.peek().is_some_and(|c| *c != ',') {
                return Err(BROKEN);
            }
        } else {
            while let Some(c) = chars.next_if(|c| *c != ',') {
                if c == '"' {
                    return Err(BROKEN);
                }
                value.push(c);
            }
            value.truncate(value.trim_end().len());
        }
        if found.iter().any(|(n, _)| *n == name) {
            return Err(Refusal::malformed("A parameter of the signature is there twice"));
        }
        if found.len() == MAX_ENTRIES {
            return Err(Refusal::malformed("The signature has too many parameters"));
        }
        found.push((name, value));
    }
}

/// All checks of the draft's dialect that need no key; the caller has checked the host.
pub(super) fn inspect(request: &Request<'_>, text: &str, now_ms: i64) -> Checked<Inspected> {
    let mut parameters = parse_parameters(text)?;
    let mut take = |name: &str| {
        let at = parameters.iter().position(|(n, _)| n == name)?;
        Some(parameters.swap_remove(at).1)
    };
    let key_id = take("keyid").ok_or(Refusal::unauthorized("The signature has no keyId"))?;
    let signature =
        take("signature").ok_or(Refusal::unauthorized("The signature parameter is missing"))?;
    let signature = BASE64
        .decode(signature)
        .map_err(|_| Refusal::unauthorized("The signature is not base64"))?;

    let algorithm = take("algorithm").map(|name| name.to_ascii_lowercase());
    let algorithms = algorithms(algorithm.as_deref())
        .ok_or(Refusal::unauthorized("The algorithm is not allowed"))?;
    // F-098: the old names promise that Date is signed.
    let pseudo_legal = matches!(algorithm.as_deref(), None | Some("hs2019"));

    // F-092
    let listed = take("headers").unwrap_or_else(|| {
        let hs2019 = algorithm.as_deref() == Some("hs2019");
        if hs2019 { "(created)".to_owned() } else { "date".to_owned() }
    });
    let headers: Vec<String> =
        listed.split_ascii_whitespace().map(str::to_ascii_lowercase).collect();
    if headers.len() > MAX_ENTRIES {
        return Err(Refusal::malformed("The signature lists too many headers"));
    }
    let covers = |name: &str| headers.iter().any(|h| h == name);

    let (created, expires) = (take("created"), take("expires"));
    if (covers("(created)") || covers("(expires)")) && !pseudo_legal {
        return Err(Refusal::unauthorized("(created) and (expires) need the algorithm hs2019"));
    }
    check_coverage(request, &headers, created.as_deref(), expires.as_deref())?;
    check_digest(request, covers("digest"))?;

    let signed_ms = if covers("(created)") {
        parse_seconds(created.as_deref().unwrap_or_default())?
    } else {
        parse_date(&request.header("date").unwrap_or_default())?
    };
    // An `expires` outside the signed text can be put there by anyone, but only to the signer's
    // disadvantage, so it counts too.
    let expires_ms = expires.as_deref().map(parse_seconds).transpose()?;
    check_time(signed_ms, expires_ms, now_ms)?;

    Ok(Inspected {
        key_id,
        ed25519_ok: algorithms.contains(&Algorithm::Ed25519),
        signed_ms,
        dialect: Dialect::Cavage(Claim { headers, created, expires, signature, algorithms }),
    })
}

/// What a named algorithm allows; the key then picks from it (F-091).
fn algorithms(name: Option<&str>) -> Option<&'static [Algorithm]> {
    use Algorithm::{Ed25519, RsaSha256, RsaSha512};
    match name {
        None | Some("hs2019") => Some(&[RsaSha256, RsaSha512, Ed25519]),
        Some("rsa-sha256") => Some(&[RsaSha256]),
        Some("rsa-sha512") => Some(&[RsaSha512]),
        Some("ed25519") => Some(&[Ed25519]),
        Some(_) => None,
    }
}

/// What must be signed (F-093), and that everything listed is there (F-100).
fn check_coverage(
    request: &Request<'_>,
    headers: &[String],
    created: Option<&str>,
    expires: Option<&str>,
) -> Checked<()> {
    let covers = |name: &str| headers.iter().any(|h| h == name);
    if !covers("(request-target)") {
        return Err(Refusal::unauthorized("(request-target) must be signed"));
    }
    if !covers("host") {
        return Err(Refusal::unauthorized("host must be signed"));
    }
    if !covers("date") && !covers("(created)") {
        return Err(Refusal::unauthorized("date or (created) must be signed"));
    }
    if request.writes() && !covers("digest") {
        return Err(Refusal::unauthorized("digest must be signed"));
    }
    for name in headers {
        let there = match name.as_str() {
            "(request-target)" => true,
            "(created)" => created.is_some(),
            "(expires)" => expires.is_some(),
            other => request.header(other).is_some(),
        };
        if !there {
            return Err(Refusal::unauthorized("A signed header is not in the request"));
        }
    }
    Ok(())
}

/// F-094; a GET may carry the digest of its empty body (F-095).
fn check_digest(request: &Request<'_>, covered: bool) -> Checked<()> {
    match request.header("digest") {
        Some(header) if covered || !request.body.is_empty() => digest::check(&header, request.body),
        _ => Ok(()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::tests::Headers;
    use super::super::tests::{cavage_headers, judge, own_key, set};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn f_089_values_may_hold_commas_and_unknown_parameters_are_ignored() {
        let mut headers = cavage_headers("GET", "https://dassie.example/a", None);
        set(&mut headers, "Signature", |value| {
            value.replace("#main-key", "?k=1,2#main-key") + ", odd=\"a,b=c\" ,other = 5,"
        });
        let inspected = judge("GET", "/a", &headers, b"", &own_key()).unwrap();
        assert_eq!(inspected.key_id, "https://masto.example/users/maria?k=1,2#main-key");
        set(&mut headers, "Signature", |v| {
            v.replace("(request-target) host", " (Request-Target)  HOST")
        });
        judge("GET", "/a", &headers, b"", &own_key()).unwrap();
    }

    #[test]
    fn f_089_broken_headers_are_400_and_missing_parts_401() {
        let good = cavage_headers("GET", "https://dassie.example/a", None);
        for (text, status) in [
            ("", 401),
            ("keyId=\"https://a.example/k\"", 401),
            ("signature=\"AAAA\"", 401),
            ("keyId", 400),
            ("keyId=\"x", 400),
            ("keyId=\"a\"b,signature=\"c\"", 400),
            ("keyId=a\"b", 400),
            ("=x", 400),
            ("keyId=\"a\",keyid=\"b\"", 400),
        ] {
            let mut headers = good.clone();
            set(&mut headers, "Signature", |_| text.to_owned());
            assert_eq!(
                judge("GET", "/a", &headers, b"", &own_key()).unwrap_err().status,
                status,
                "{text}"
            );
        }
        let mut twice = good.clone();
        twice.push(good[2].clone());
        assert_eq!(judge("GET", "/a", &twice, b"", &own_key()).unwrap_err().status, 400);
        let unsigned: Headers = good[..2].to_vec();
        assert_eq!(judge("GET", "/a", &unsigned, b"", &own_key()).unwrap_err().status, 401);
    }

    #[test]
    fn f_092_the_default_for_missing_headers_covers_too_little() {
        let mut headers = cavage_headers("GET", "https://dassie.example/a", None);
        let listed = "headers=\"(request-target) host date\",";
        set(&mut headers, "Signature", |v| v.replace(listed, ""));
        let refusal = judge("GET", "/a", &headers, b"", &own_key()).unwrap_err();
        assert_eq!(refusal, Refusal::unauthorized("(request-target) must be signed"));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn f_089_written_parameters_read_back(values in proptest::collection::vec("[ -~]{0,20}", 0..6)) {
            let text: Vec<String> = values
                .iter()
                .enumerate()
                .map(|(i, v)| format!("p{i}=\"{}\"", v.replace('\\', "\\\\").replace('"', "\\\"")))
                .collect();
            let read = parse_parameters(&text.join(", ")).unwrap();
            let read: Vec<String> = read.into_iter().map(|(_, v)| v).collect();
            prop_assert_eq!(read, values);
        }
    }
}
