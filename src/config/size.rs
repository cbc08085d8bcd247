//! Sizes such as `500 MB`.

use std::fmt;
use std::str::FromStr;

/// A number of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

/// Units and their bytes, the largest first; those of 1024 are read and never written.
const UNITS: &[(&str, u64)] =
    &[("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1000)];
const BINARY: &[(&str, u64)] =
    &[("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1), ("", 1)];

/// A petabyte: nobody means more.
const MOST: u64 = 1_000_000_000_000_000;

impl Size {
    /// So many millions of bytes.
    pub const fn megabytes(n: u64) -> Self {
        Self(n.saturating_mul(1_000_000))
    }

    /// For people: three digits and a unit.
    pub fn rounded(self) -> String {
        let Some((unit, size)) = UNITS.iter().find(|(_, size)| self.0 >= *size) else {
            return format!("{} B", self.0);
        };
        #[allow(clippy::cast_precision_loss)] // to be looked at
        let value = self.0 as f64 / *size as f64;
        if value < 10.0 { format!("{value:.1} {unit}") } else { format!("{value:.0} {unit}") }
    }
}

impl fmt::Display for Size {
    /// Exact: the largest unit that leaves no rest.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match UNITS.iter().find(|(_, size)| self.0 > 0 && self.0.is_multiple_of(*size)) {
            Some((unit, size)) => write!(f, "{} {unit}", self.0 / size),
            None => write!(f, "{}", self.0),
        }
    }
}

impl FromStr for Size {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WANTED: &str = "must be a size such as \"500 MB\" or \"2 GB\", or a number of bytes";
        let text = text.trim();
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (number, unit) = text.split_at(end);
        let unit = unit.trim();
        let known = UNITS.iter().chain(BINARY).find(|(name, _)| name.eq_ignore_ascii_case(unit));
        let (_, size) = known.ok_or(WANTED)?;
        let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
        let fits = |digits: &str| (1..=15).contains(&digits.len());
        if !fits(whole) || !fits(part) || part.contains('.') {
            return Err(WANTED);
        }
        let whole: u64 = whole.parse().map_err(|_| WANTED)?;
        let bytes = whole.checked_mul(*size).ok_or(WANTED)?;
        let tenths: u128 = part.parse().map_err(|_| WANTED)?;
        let scale = 10_u128.pow(u32::try_from(part.len()).unwrap_or(15));
        let rest = u64::try_from(tenths * u128::from(*size) / scale).map_err(|_| WANTED)?;
        let bytes = bytes.checked_add(rest).filter(|bytes| *bytes <= MOST).ok_or(WANTED)?;
        Ok(Self(bytes))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_size_has_a_unit_or_is_in_bytes() {
        for (text, bytes) in [
            ("0", 0),
            ("1234", 1234),
            ("500 MB", 500_000_000),
            ("2GB", 2_000_000_000),
            ("1.5 gb", 1_500_000_000),
            (" 3 kB ", 3000),
            ("1 GiB", 1 << 30),
            ("12 B", 12),
            ("1000 TB", MOST),
        ] {
            assert_eq!(text.parse::<Size>(), Ok(Size(bytes)), "{text}");
        }
        for bad in [
            "",
            "MB",
            "-1",
            "1,5 GB",
            "1.2.3 GB",
            ".5 GB",
            "5. GB",
            "2 GX",
            "1001 TB",
            "9999999999999999",
        ] {
            assert!(bad.parse::<Size>().is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for (bytes, text) in
            [(0, "0"), (1, "1"), (1500, "1500"), (2_000_000_000, "2 GB"), (500_000_000, "500 MB")]
        {
            assert_eq!(Size(bytes).to_string(), text);
            assert_eq!(text.parse::<Size>().unwrap(), Size(bytes));
        }
        assert_eq!(Size(999).rounded(), "999 B");
        assert_eq!(Size(1_540_000).rounded(), "1.5 MB");
        assert_eq!(Size(734_200_000_000).rounded(), "734 GB");
    }
}
