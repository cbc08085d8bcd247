//! Dates and durations as other servers write them.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime};

/// Milliseconds since 1970 of a date (F-010): RFC 3339 with any offset (`+0000` and `+00` too),
/// up to any number of fractional digits, a blank for the `T`; without an offset it is UTC.
/// Years outside 0 to 9999 are refused.
pub fn parse(text: &str) -> Option<i64> {
    let text = text.trim();
    if !text.is_ascii() || !(10..=64).contains(&text.len()) {
        return None;
    }
    if let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return in_range(day.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis(), day.year());
    }
    let text = text.replacen(' ', "T", 1).to_ascii_uppercase();
    for format in ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M%#z"] {
        if let Ok(time) = DateTime::parse_from_str(&text, format) {
            return in_range(time.timestamp_millis(), time.year());
        }
    }
    if let Ok(time) = DateTime::parse_from_rfc3339(&text) {
        return in_range(time.timestamp_millis(), time.year());
    }
    let time = NaiveDateTime::parse_from_str(&text, "%Y-%m-%dT%H:%M:%S%.f").ok()?;
    in_range(time.and_utc().timestamp_millis(), time.year())
}

fn in_range(ms: i64, year: i32) -> Option<i64> {
    (0..=9999).contains(&year).then_some(ms)
}

/// Seconds of an ISO 8601 duration (`PT1H2M3.5S`, `P1DT2S`); none for months and years.
pub fn duration(text: &str) -> Option<f64> {
    let rest = text.trim().strip_prefix('P')?;
    if rest.len() > 32 {
        return None;
    }
    let (mut total, mut number, mut in_time, mut any) = (0.0_f64, String::new(), false, false);
    for c in rest.chars() {
        let unit = match (c, in_time) {
            ('0'..='9' | '.', _) => {
                number.push(c);
                continue;
            }
            ('T', false) if number.is_empty() => {
                in_time = true;
                continue;
            }
            ('W', false) => 604_800.0,
            ('D', false) => 86_400.0,
            ('H', true) => 3_600.0,
            ('M', true) => 60.0,
            ('S', true) => 1.0,
            _ => return None,
        };
        total += number.parse::<f64>().ok()? * unit;
        number.clear();
        any = true;
    }
    (any && number.is_empty() && total.is_finite()).then_some(total)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn f_010_dates_are_read_leniently() {
        for text in [
            "2026-01-02T03:04:05Z",
            "2026-01-02T03:04:05+00:00",
            "2026-01-02T03:04:05+0000",
            "2026-01-02T03:04:05.000000000Z",
            "2026-01-02T05:04:05+02:00",
            "2026-01-02T05:04:05+0200",
            "2026-01-02T05:04:05+02",
            "2026-01-01T22:34:05-04:30",
            "2026-01-02 03:04:05Z",
            "2026-01-02t03:04:05z",
            "2026-01-02T03:04:05",
        ] {
            assert_eq!(parse(text), Some(1_767_323_045_000), "{text}");
        }
        assert_eq!(parse("2026-01-02T03:04:05.678901Z"), Some(1_767_323_045_678));
        assert_eq!(parse("2026-01-02"), Some(1_767_312_000_000));
        assert!(parse("0000-01-01T00:00:00Z").is_some());
        for text in [
            "",
            "yesterday",
            "+10000-01-01T00:00:00Z",
            "-0001-01-01T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-01-02T03:04:05Z and more",
            "２０２６-01-02T03:04:05Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn f_265_durations_are_iso_8601() {
        assert_eq!(duration("PT1145S"), Some(1145.0));
        assert_eq!(duration("PT1H2M3.5S"), Some(3723.5));
        assert_eq!(duration("P1DT1S"), Some(86_401.0));
        for bad in ["", "P", "PT", "PT5", "5", "P1Y", "PTS", "PT1.2.3S", "PT1STS"] {
            assert_eq!(duration(bad), None, "{bad}");
        }
    }
}
