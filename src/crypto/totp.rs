//! Codes that change with time (RFC 6238), as the usual apps make them: SHA-1, six digits, half a
//! minute each.

use super::{constant_time_eq, hmac_sha1};

/// How long one code is shown, in milliseconds.
const STEP: i64 = 30_000;
/// How many steps a device's clock may be off, either way.
const DRIFT: i64 = 1;

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A new secret, as long as its hash (RFC 4226 section 4).
pub fn secret() -> [u8; 20] {
    super::random_bytes()
}

/// The code of a step.
pub fn code(secret: &[u8], step: i64) -> String {
    let mac = hmac_sha1(secret, &step.to_be_bytes());
    let offset = usize::from(mac[19] & 15);
    let word = mac.iter().skip(offset).take(4).fold(0_u32, |word, b| (word << 8) | u32::from(*b));
    format!("{:06}", (word & 0x7fff_ffff) % 1_000_000)
}

/// The step whose code was typed, if it is about now and newer than `last_step`: a code that was
/// seen once is good for nothing (S-083).
pub fn verify(secret: &[u8], typed: &str, now_ms: i64, last_step: i64) -> Option<i64> {
    let typed: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
    let now = now_ms.div_euclid(STEP);
    (now - DRIFT..=now + DRIFT)
        .filter(|step| *step > last_step)
        .find(|step| constant_time_eq(code(secret, *step).as_bytes(), typed.as_bytes()))
}

/// The secret as apps take it typed (RFC 4648, without padding).
pub fn base32(bytes: &[u8]) -> String {
    let mut out = String::new();
    let (mut word, mut bits) = (0_u32, 0_u32);
    for byte in bytes {
        word = (word << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            let at = (word >> bits) & 31;
            out.extend(BASE32.get(at as usize).map(|c| char::from(*c)));
        }
    }
    if bits > 0 {
        let at = (word << (5 - bits)) & 31;
        out.extend(BASE32.get(at as usize).map(|c| char::from(*c)));
    }
    out
}

/// What the picture says: `otpauth://totp/…`.
pub fn address(domain: &str, name: &str, secret: &[u8]) -> String {
    let encode = |text: &str| -> String {
        form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
    };
    let domain = encode(domain);
    format!(
        "otpauth://totp/{domain}:{}?secret={}&issuer={domain}&algorithm=SHA1&digits=6&period=30",
        encode(name),
        base32(secret)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238 appendix B, of whose eight digits we show six.
    const SECRET: &[u8] = b"12345678901234567890";

    #[test]
    fn s_083_codes_agree_with_the_published_ones() {
        for (seconds, want) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code(SECRET, seconds / 30), want, "{seconds}");
            assert_eq!(verify(SECRET, want, seconds * 1000, 0), Some(seconds / 30));
        }
    }

    #[test]
    fn s_083_a_code_is_good_for_a_step_either_way_and_once() {
        let now = 1_234_567_890_000;
        let step = now / STEP;
        for (at, good) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
            let typed = code(SECRET, step + at);
            assert_eq!(verify(SECRET, &typed, now, 0).is_some(), good, "{at}");
        }
        let typed = code(SECRET, step);
        assert_eq!(verify(SECRET, &typed, now, step), None, "used");
        assert_eq!(verify(SECRET, &typed, now, step + 1), None, "older than what was used");
        assert_eq!(
            verify(SECRET, &format!(" {} {}", &typed[..3], &typed[3..]), now, 0),
            Some(step)
        );
        for wrong in ["", "0", "abcdef", "0059240", "５９２４"] {
            assert_eq!(verify(SECRET, wrong, now, 0), None, "{wrong}");
        }
    }

    #[test]
    fn secrets_are_written_as_apps_read_them() {
        // RFC 4648 section 10
        for (bytes, want) in [("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foobar", "MZXW6YTBOI")] {
            assert_eq!(base32(bytes.as_bytes()), want);
        }
        assert_eq!(
            address("a.example:80", "ann", SECRET),
            "otpauth://totp/a.example%3A80:ann?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=a.example%3A80&algorithm=SHA1&digits=6&period=30"
        );
    }
}
