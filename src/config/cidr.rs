//! Address ranges such as `10.0.0.0/8`.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// A range of IP addresses: an address and how many of its first bits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cidr {
    address: IpAddr,
    prefix: u8,
}

impl Cidr {
    /// The range of all addresses that share their first `prefix` bits with `address`.
    pub const fn new(address: IpAddr, prefix: u8) -> Self {
        Self { address, prefix }
    }

    /// Whether the address lies in the range; an IPv4 address written as IPv6 counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        let (own, size) = bits(self.address);
        let (other, other_size) = bits(address.to_canonical());
        size == other_size && (own ^ other) & mask(size, self.prefix) == 0
    }
}

/// An address as a number, and its number of bits.
fn bits(address: IpAddr) -> (u128, u8) {
    match address {
        IpAddr::V4(v4) => (u128::from(v4.to_bits()), 32),
        IpAddr::V6(v6) => (v6.to_bits(), 128),
    }
}

/// The first `prefix` of `size` bits.
fn mask(size: u8, prefix: u8) -> u128 {
    let rest = u32::from(size.saturating_sub(prefix));
    u128::MAX.checked_shl(rest).unwrap_or(0)
}

impl FromStr for Cidr {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WANTED: &str =
            "must be an address range such as \"10.0.0.0/8\" or \"fd00::/8\", or one address";
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| WANTED)?;
        if address != address.to_canonical() {
            return Err("must be written as an IPv4 address");
        }
        let (number, size) = bits(address);
        let prefix = match prefix {
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => {
                digits.parse().map_err(|_| WANTED)?
            }
            Some(_) => return Err(WANTED),
            None => size,
        };
        if prefix > size {
            return Err(WANTED);
        }
        // 10.0.0.5/8 could mean one machine or sixteen million: do not guess.
        if number & !mask(size, prefix) != 0 {
            return Err("must be a range whose address is zero after the prefix, such as \
                        \"10.0.0.0/8\"");
        }
        Ok(Self { address, prefix })
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(range: &str, address: &str) -> bool {
        range.parse::<Cidr>().unwrap().contains(address.parse().unwrap())
    }

    #[test]
    fn a_range_ends_where_its_prefix_says() {
        assert!(has("10.0.0.0/8", "10.255.255.255"));
        assert!(!has("10.0.0.0/8", "11.0.0.0"));
        assert!(has("10.1.2.3", "10.1.2.3") && !has("10.1.2.3", "10.1.2.2"));
        assert!(has("fd00::/8", "fdff::1") && !has("fd00::/8", "fe00::1"));
        assert!(has("0.0.0.0/0", "1.2.3.4") && !has("0.0.0.0/0", "::1"));
        assert!(has("::/0", "2001:db8::1"));
        assert!(has("127.0.0.0/8", "::ffff:127.0.0.1"));
    }

    #[test]
    fn nonsense_is_no_range() {
        for bad in [
            "",
            "10/8",
            "10.0.0.0/33",
            "10.0.0.0/+8",
            "10.0.0.5/8",
            "::/129",
            "x/8",
            "10.0.0.0/",
            "::ffff:10.0.0.0/104",
        ] {
            assert!(bad.parse::<Cidr>().is_err(), "{bad}");
        }
    }
}
