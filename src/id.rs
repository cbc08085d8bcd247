//! Snowflake ids: milliseconds since 1970 << 16 | 16 bits, as i64; a decimal string in JSON.

/// The id that the first row of this millisecond may take.
pub fn from_ms(ms: i64) -> i64 {
    ms.clamp(0, i64::MAX >> 16) << 16
}

/// The time that an id was made from, in milliseconds since 1970.
pub fn to_ms(id: i64) -> i64 {
    id >> 16
}

/// The id for something fetched: its own time, with a hash of its URI in the low bits so that
/// two fetches of one millisecond rarely collide. The caller takes the next free one.
pub fn from_published(ms: i64, now_ms: i64, uri: &str) -> i64 {
    from_ms(ms.min(now_ms)) | i64::from(fold16(uri))
}

/// Reads a decimal id out of a path or query; `None` for anything else.
pub fn parse(text: &str) -> Option<i64> {
    if text.is_empty() || text.len() > 19 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// FNV-1a folded to 16 bits.
fn fold16(text: &str) -> u16 {
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    (hash ^ (hash >> 16) ^ (hash >> 32) ^ (hash >> 48)) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_keep_the_time_and_never_lie_ahead_of_it() {
        let id = from_published(2_000, 1_000, "https://a.example/1");
        assert_eq!(to_ms(id), 1_000);
        assert_eq!(to_ms(from_ms(7)), 7);
    }

    #[test]
    fn only_decimal_digits_are_ids() {
        assert_eq!(parse("115"), Some(115));
        for bad in ["", "-1", "+1", "1x", "99999999999999999999", " 1", "1.0"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
