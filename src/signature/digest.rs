//! Digests of bodies: `Digest` of RFC 3230 (F-080, F-094, F-095) and `Content-Digest` of
//! RFC 9530 (F-115). Both hash the exact bytes of the body (S-036).

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use ring::digest::{SHA256, SHA512, digest};

use super::{Checked, Refusal};

/// Base64 that writes `=` and reads it, or does without.
pub(super) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// `SHA-256=<base64>`, the value of a `Digest` header (F-080).
pub fn make(body: &[u8]) -> String {
    format!("SHA-256={}", BASE64.encode(digest(&SHA256, body)))
}

/// `sha-256=:<base64>:`, the value of a `Content-Digest` header (RFC 9530 section 2).
pub fn make_content(body: &[u8]) -> String {
    format!("sha-256=:{}:", BASE64.encode(digest(&SHA256, body)))
}

/// Checks a `Digest` header, all lines of it joined with commas, against the body (F-094).
pub fn check(header: &str, body: &[u8]) -> Checked<()> {
    check_entries(header, body, BASE64_BARE)
}

/// Checks a `Content-Digest` header against the body (F-115).
pub fn check_content(header: &str, body: &[u8]) -> Checked<()> {
    check_entries(header, body, BASE64_COLONS)
}

const BASE64_BARE: fn(&str) -> Option<&str> = |value| Some(value);
/// A byte sequence of structured fields, with or without parameters behind it.
const BASE64_COLONS: fn(&str) -> Option<&str> =
    |value| value.strip_prefix(':').and_then(|v| v.split_once(':')).map(|(inside, _)| inside);

/// Every entry of an algorithm that we know must match, and there must be one. A sender that
/// names two digests, one of them wrong, may be showing different things to different servers.
fn check_entries(header: &str, body: &[u8], unwrap: fn(&str) -> Option<&str>) -> Checked<()> {
    let mut known = false;
    for entry in header.split(',') {
        let Some((name, value)) = entry.split_once('=') else { continue };
        let algorithm = match name.trim().to_ascii_lowercase().as_str() {
            "sha-256" => &SHA256,
            "sha-512" => &SHA512,
            _ => continue,
        };
        let claimed = unwrap(value.trim())
            .and_then(|text| BASE64.decode(text.trim()).ok())
            .filter(|bytes| bytes.len() == algorithm.output_len())
            .ok_or(Refusal::unauthorized("The digest cannot be read"))?;
        if claimed != digest(algorithm, body).as_ref() {
            return Err(Refusal::unauthorized("The digest does not match the body"));
        }
        known = true;
    }
    if known { Ok(()) } else { Err(Refusal::unauthorized("No SHA-256 or SHA-512 digest")) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const EMPTY: &str = "SHA-256=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

    #[test]
    fn f_080_the_digest_is_of_the_exact_bytes() {
        assert_eq!(make(b""), EMPTY);
        check(&make(b"{}"), b"{}").unwrap();
        assert_eq!(check(&make(b"{}"), b"{} ").unwrap_err().status, 401);
    }

    #[test]
    fn f_094_names_in_any_case_lists_and_missing_padding() {
        let lower = EMPTY.replace("SHA", "sha");
        let unpadded = EMPTY.trim_end_matches('=');
        let sha512 = format!("SHA-512={}", BASE64.encode(digest(&SHA512, b"")));
        let list = format!("md5=abc, {sha512} , {EMPTY}");
        for good in [EMPTY, &lower, unpadded, &sha512, &list] {
            check(good, b"").unwrap();
        }
        let contradiction = format!("{EMPTY},SHA-512=AAAA");
        for bad in
            ["", "md5=abc", "SHA-256", "SHA-256=", "SHA-256=AAAA", "SHA-256=%%", &contradiction]
        {
            assert_eq!(check(bad, b"").unwrap_err().status, 401, "{bad}");
        }
    }

    #[test]
    fn f_115_content_digest_is_a_byte_sequence() {
        check_content(&make_content(b"x"), b"x").unwrap();
        check_content(&format!("unknown=:AA==:, {};p=1", make_content(b"x")), b"x").unwrap();
        assert!(check_content(&make_content(b"x"), b"y").is_err());
        assert!(check_content(&make(b"x"), b"x").is_err());
        assert!(check_content("sha-256=:", b"x").is_err());
    }
}
