//! RFC 9421, the part of it that the fediverse uses (F-114, F-116): one signature, RSA with
//! SHA-256 or Ed25519, plain components without parameters.

use base64::Engine as _;
use url::Url;

use super::digest::BASE64;
use super::key::{Algorithm, PrivateKey, PublicKey};
use super::sf::{self, Item, Member, Parameters};
use super::{
    Checked, Dialect, Inspected, Refusal, Request, authority, check_key_id, check_time, digest,
    format_date, parse_seconds,
};
use crate::error::Result;

/// What a sender claims: the signature base (section 2.5) is built at once, since it depends on
/// the request and not on the key.
#[derive(Clone, Debug)]
pub(super) struct Claim {
    base: String,
    signature: Vec<u8>,
    algorithms: &'static [Algorithm],
}

/// All checks that need no key; `host` is the normalised value of `Host`, known to be ours.
pub(super) fn inspect(
    request: &Request<'_>,
    input: &str,
    scheme: &str,
    host: &str,
    now_ms: i64,
) -> Checked<Inspected> {
    const BROKEN: &str = "The Signature-Input header cannot be read";
    let mut inputs = sf::dictionary(input, BROKEN)?.into_iter();
    let (label, components, parameters) = match (inputs.next(), inputs.next()) {
        (Some((label, Member::List(components, parameters))), None) => {
            (label, components, parameters)
        }
        (Some(_), Some(_)) => {
            return Err(Refusal::unauthorized("There must be exactly one signature"));
        }
        _ => return Err(Refusal::malformed(BROKEN)),
    };
    let signature = signature_of(request, &label)?;

    let text = |name: &str| match parameters.get(name) {
        Some(Item::Text(text)) => Some(text.as_str()),
        _ => None,
    };
    let key_id = text("keyid").ok_or(Refusal::unauthorized("The signature has no keyid"))?;
    let algorithms = algorithms(parameters.get("alg"))
        .ok_or(Refusal::unauthorized("The algorithm is not allowed"))?;

    let names = component_names(&components)?;
    check_coverage(request, &names)?;
    if let Some(header) = request.header("content-digest")
        && (names.contains(&"content-digest") || !request.body.is_empty())
    {
        digest::check_content(&header, request.body)?;
    }
    let signed_ms = seconds(&parameters, "created")?
        .ok_or(Refusal::unauthorized("The signature has no creation time"))?;
    check_time(signed_ms, seconds(&parameters, "expires")?, now_ms)?;

    let base = signature_base(request, &names, &parameters, scheme, host)?;
    Ok(Inspected {
        key_id: key_id.to_owned(),
        ed25519_ok: algorithms.contains(&Algorithm::Ed25519),
        signed_ms,
        dialect: Dialect::Rfc9421(Claim { base, signature, algorithms }),
    })
}

/// The arithmetic.
pub(super) fn verify(claim: &Claim, key: &PublicKey) -> bool {
    claim.algorithms.iter().any(|a| key.verify(*a, claim.base.as_bytes(), &claim.signature))
}

fn signature_of(request: &Request<'_>, label: &str) -> Checked<Vec<u8>> {
    let header =
        request.header("signature").ok_or(Refusal::unauthorized("There is no Signature header"))?;
    let member = sf::dictionary(&header, "The Signature header cannot be read")?
        .into_iter()
        .find(|(name, _)| name == label);
    match member {
        Some((_, Member::Item(Item::Bytes(bytes)))) => Ok(bytes),
        Some(_) => Err(Refusal::malformed("The signature is not a byte sequence")),
        None => Err(Refusal::unauthorized("The signature is missing")),
    }
}

/// F-114: the key's own algorithm, where a named one agrees with it.
fn algorithms(named: Option<&Item>) -> Option<&'static [Algorithm]> {
    use Algorithm::{Ed25519, RsaSha256};
    match named {
        None => Some(&[RsaSha256, Ed25519]),
        Some(Item::Text(name)) if name == "rsa-v1_5-sha256" => Some(&[RsaSha256]),
        Some(Item::Text(name)) if name == "ed25519" => Some(&[Ed25519]),
        Some(_) => None,
    }
}

fn seconds(parameters: &Parameters, name: &str) -> Checked<Option<i64>> {
    match parameters.get(name) {
        None => Ok(None),
        Some(Item::Other(raw)) => parse_seconds(raw).map(Some),
        Some(_) => Err(Refusal::unauthorized("created and expires must be whole seconds")),
    }
}

fn component_names(components: &[(Item, Parameters)]) -> Checked<Vec<&str>> {
    let mut names: Vec<&str> = Vec::with_capacity(components.len());
    for (item, parameters) in components {
        let Item::Text(name) = item else {
            return Err(Refusal::malformed("A signed component is not a string"));
        };
        if !parameters.is_empty() {
            return Err(Refusal::unauthorized("Parameters of components are not supported"));
        }
        if names.contains(&name.as_str()) {
            return Err(Refusal::malformed("A component is signed twice"));
        }
        names.push(name);
    }
    Ok(names)
}

/// F-114, and `content-digest` where there is a body to protect (F-115).
fn check_coverage(request: &Request<'_>, names: &[&str]) -> Checked<()> {
    let covers = |name: &str| names.contains(&name);
    if !covers("@method") {
        return Err(Refusal::unauthorized("@method must be signed"));
    }
    let query_covered = request.path_and_rest().1.is_none() || covers("@query");
    let in_parts = covers("@authority") && covers("@path") && query_covered;
    if !covers("@target-uri") && !in_parts {
        return Err(Refusal::unauthorized("@target-uri must be signed"));
    }
    if request.writes() && !covers("content-digest") {
        return Err(Refusal::unauthorized("content-digest must be signed"));
    }
    Ok(())
}

/// Section 2.5.
fn signature_base(
    request: &Request<'_>,
    names: &[&str],
    parameters: &Parameters,
    scheme: &str,
    host: &str,
) -> Checked<String> {
    let mut base = String::new();
    for name in names {
        let value = component(request, name, scheme, host)?;
        // A line of its own in a value would be a forged component.
        if value.contains(['\n', '\r']) {
            return Err(Refusal::malformed("A signed header holds a line break"));
        }
        push_line(&mut base, name, &value);
    }
    push_parameters(&mut base, names, parameters);
    Ok(base)
}

/// The value of one component: section 2.1 for headers, 2.2 for derived ones.
fn component(request: &Request<'_>, name: &str, scheme: &str, host: &str) -> Checked<String> {
    let (path, query) = request.path_and_rest();
    let path = if path.is_empty() { "/" } else { path };
    let value = match name {
        "@method" => request.method.to_ascii_uppercase(),
        "@target-uri" => match query {
            Some(query) => format!("{scheme}://{host}{path}?{query}"),
            None => format!("{scheme}://{host}{path}"),
        },
        "@authority" => host.to_owned(),
        "@scheme" => scheme.to_owned(),
        "@request-target" => request.path_and_query.to_owned(),
        "@path" => path.to_owned(),
        "@query" => format!("?{}", query.unwrap_or_default()),
        _ if name.starts_with('@') || name.bytes().any(|b| b.is_ascii_uppercase()) => {
            return Err(Refusal::unauthorized("A signed component is not supported"));
        }
        _ => request
            .header(name)
            .ok_or(Refusal::unauthorized("A signed header is not in the request"))?,
    };
    Ok(value)
}

fn push_line(base: &mut String, name: &str, value: &str) {
    sf::write_text(name, base);
    base.push_str(": ");
    base.push_str(value);
    base.push('\n');
}

fn push_parameters(base: &mut String, names: &[&str], parameters: &Parameters) {
    base.push_str("\"@signature-params\": (");
    for (at, name) in names.iter().enumerate() {
        if at > 0 {
            base.push(' ');
        }
        sf::write_text(name, base);
    }
    base.push(')');
    parameters.write(base);
}

/// Signs a request: the headers `Host`, `Date`, `Content-Digest` (if there is a body),
/// `Signature-Input` and `Signature` to add to it (F-116).
pub fn sign(
    key: &PrivateKey,
    key_id: &str,
    method: &str,
    url: &Url,
    body: Option<&[u8]>,
    now_ms: i64,
) -> Result<Vec<(String, String)>> {
    check_key_id(key_id)?;
    let host = authority(url)?;
    let mut target = format!("{}://{host}{}", url.scheme(), url.path());
    if let Some(query) = url.query() {
        target.push('?');
        target.push_str(query);
    }
    let mut headers = vec![("Host".to_owned(), host), ("Date".to_owned(), format_date(now_ms)?)];
    let mut base = String::new();
    push_line(&mut base, "@method", &method.to_ascii_uppercase());
    push_line(&mut base, "@target-uri", &target);
    let mut components = "\"@method\" \"@target-uri\"".to_owned();
    if let Some(body) = body {
        let content_digest = digest::make_content(body);
        push_line(&mut base, "content-digest", &content_digest);
        components.push_str(" \"content-digest\"");
        headers.push(("Content-Digest".to_owned(), content_digest));
    }
    let created = now_ms.div_euclid(1000);
    let input = format!("({components});created={created};keyid=\"{key_id}\"");
    base.push_str("\"@signature-params\": ");
    base.push_str(&input);
    let signature = BASE64.encode(key.sign(base.as_bytes())?);
    headers.push(("Signature-Input".to_owned(), format!("sig1={input}")));
    headers.push(("Signature".to_owned(), format!("sig1=:{signature}:")));
    Ok(headers)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::tests::{Headers, KEY_ID, NOW, judge, own_key, private_key, set};
    use super::*;

    fn rfc9421_headers(method: &str, url: &str, body: Option<&[u8]>) -> Headers {
        sign(&private_key(), KEY_ID, method, &Url::parse(url).unwrap(), body, NOW).unwrap()
    }

    #[test]
    fn f_116_both_verbs_make_the_round_trip() {
        let post = rfc9421_headers("POST", "https://dassie.example/inbox?a=b", Some(b"{}"));
        let inspected = judge("POST", "/inbox?a=b", &post, b"{}", &own_key()).unwrap();
        assert_eq!((inspected.key_id.as_str(), inspected.signed_ms), (KEY_ID, NOW));
        let get = rfc9421_headers("GET", "https://dassie.example/a?page=true", None);
        judge("GET", "/a?page=true", &get, b"", &own_key()).unwrap();
        assert!(judge("GET", "/a", &get, b"", &own_key()).is_err());
        assert!(judge("GET", "/a?page=false", &get, b"", &own_key()).is_err());
        assert!(judge("POST", "/inbox?a=b", &post, b"{ }", &own_key()).is_err());
    }

    #[test]
    fn f_114_what_the_rfc_dialect_refuses() {
        let good = rfc9421_headers("POST", "https://dassie.example/inbox", Some(b"{}"));
        let judged = |edit: fn(&str) -> String| {
            let mut headers = good.clone();
            set(&mut headers, "Signature-Input", edit);
            judge("POST", "/inbox", &headers, b"{}", &own_key()).unwrap_err().status
        };
        assert_eq!(judged(|v| v.replace("sig1", "sig2")), 401);
        assert_eq!(judged(|v| format!("{v}, {}", v.replace("sig1", "sig2"))), 401);
        assert_eq!(judged(|v| format!("{v};alg=\"hmac-sha256\"")), 401);
        assert_eq!(judged(|v| v.replace("\"@method\" ", "")), 401);
        assert_eq!(judged(|v| v.replace("\"@target-uri\"", "\"@path\"")), 401);
        assert_eq!(judged(|v| v.replace("\"@method\"", "\"@method\";req")), 401);
        assert_eq!(judged(|v| v.replace("\"@method\"", "\"@method\" \"@status\"")), 401);
        assert_eq!(judged(|v| v.replace("\"@method\"", "\"@method\" \"@method\"")), 400);
        assert_eq!(judged(|v| v.replace(")", "")), 400);
        assert_eq!(judged(|_| String::new()), 400);
        let mut unsigned = good.clone();
        unsigned.pop();
        assert_eq!(judge("POST", "/inbox", &unsigned, b"{}", &own_key()).unwrap_err().status, 401);
    }

    #[test]
    fn f_114_authority_and_path_need_the_query_too() {
        let request = Request { method: "GET", path_and_query: "/a?b=c", headers: &[], body: b"" };
        let judged = |components: &str, base: &str| {
            let input = format!("({components});created={};keyid=\"{KEY_ID}\"", NOW / 1000);
            let base = format!("{base}\"@signature-params\": {input}");
            let signature = private_key().sign(base.as_bytes()).unwrap();
            let signature = BASE64.encode(signature);
            let headers: Headers = [
                ("host", "dassie.example".to_owned()),
                ("signature-input", format!("s={input}")),
                ("signature", format!("s=:{signature}:")),
            ]
            .map(|(name, value)| (name.to_owned(), value))
            .to_vec();
            judge(request.method, request.path_and_query, &headers, b"", &own_key()).map(|_| ())
        };
        let short = "\"@method\": GET\n\"@authority\": dassie.example\n\"@path\": /a\n";
        judged(r#""@method" "@authority" "@path" "@query""#, &format!("{short}\"@query\": ?b=c\n"))
            .unwrap();
        assert!(judged(r#""@method" "@authority" "@path""#, short).is_err());
    }
}
