//! Times such as `1d`.

use std::fmt;
use std::str::FromStr;

/// Units and their hours, the largest first.
const UNITS: &[(&str, u32)] = &[("w", 7 * 24), ("d", 24), ("h", 1)];

/// Ten years: nobody means more.
const MOST: u32 = 10 * 365 * 24;

/// A time in whole hours, one at the least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(u32);

impl Span {
    /// So many hours.
    pub const fn hours(n: u32) -> Self {
        Self(n)
    }

    /// In milliseconds.
    pub fn ms(self) -> i64 {
        i64::from(self.0) * 3_600_000
    }
}

impl fmt::Display for Span {
    /// The largest unit that leaves no rest.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = UNITS.iter().find(|(_, hours)| self.0.is_multiple_of(*hours));
        unit.map_or(Ok(()), |(name, hours)| write!(f, "{}{name}", self.0 / hours))
    }
}

impl FromStr for Span {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WANTED: &str = "must be a time such as \"12h\", \"1d\" or \"1w\", or empty";
        let text = text.trim();
        let end = text.find(|c: char| !c.is_ascii_digit()).ok_or(WANTED)?;
        let (number, unit) = text.split_at(end);
        let (_, hours) = UNITS.iter().find(|(name, _)| *name == unit.trim()).ok_or(WANTED)?;
        let hours = number.parse::<u32>().ok().and_then(|n| n.checked_mul(*hours)).ok_or(WANTED)?;
        if (1..=MOST).contains(&hours) { Ok(Self(hours)) } else { Err(WANTED) }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_a_unit_and_is_written_as_it_is_read() {
        for (text, hours, shown) in [("12h", 12, "12h"), ("24h", 24, "1d"), (" 14 d", 336, "2w")] {
            let span: Span = text.parse().unwrap();
            assert_eq!((span, span.to_string().as_str()), (Span::hours(hours), shown));
        }
        for bad in ["", "1", "d", "0h", "-1d", "1.5d", "1m", "1 d h", "9999999999d", "999w"] {
            assert!(bad.parse::<Span>().is_err(), "{bad}");
        }
    }
}
