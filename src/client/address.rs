//! Which IP addresses may be connected to: the tables of S-004 and S-005.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// True if the first `bits` bits agree.
fn same_start(a: u128, b: u128, bits: u8) -> bool {
    bits == 0 || (a ^ b) >> (128 - u32::from(bits.min(128))) == 0
}
/// S-004: first address and length of each forbidden IPv4 range.
const FORBIDDEN_V4: [([u8; 4], u8); 15] = [
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    ([224, 0, 0, 0], 4),
    // 255.255.255.255 lies in it
    ([240, 0, 0, 0], 4),
];

/// S-005 without the ranges that carry an IPv4 address to be judged by itself.
const FORBIDDEN_V6: [([u16; 8], u8); 13] = [
    ([0, 0, 0, 0, 0, 0, 0, 0], 128),
    ([0, 0, 0, 0, 0, 0, 0, 1], 128),
    ([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48),
    ([0x100, 0, 0, 0, 0, 0, 0, 0], 64),
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 32),
    ([0x2001, 0x10, 0, 0, 0, 0, 0, 0], 28),
    ([0x2001, 0x20, 0, 0, 0, 0, 0, 0], 28),
    ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32),
    ([0x2002, 0, 0, 0, 0, 0, 0, 0], 16),
    ([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20),
    ([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7),
    // fe80::/10 and fec0::/10
    ([0xfe80, 0, 0, 0, 0, 0, 0, 0], 9),
    ([0xff00, 0, 0, 0, 0, 0, 0, 0], 8),
];

/// True if nothing of ours may connect to `ip` (unless the configuration allows its range).
pub fn is_forbidden(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => forbidden_v4(ip),
        IpAddr::V6(ip) => forbidden_v6(ip),
    }
}

fn forbidden_v4(ip: Ipv4Addr) -> bool {
    let ip = u128::from(ip.to_bits()) << 96;
    FORBIDDEN_V4
        .iter()
        .any(|(start, bits)| same_start(u128::from(u32::from_be_bytes(*start)) << 96, ip, *bits))
}

fn forbidden_v6(ip: Ipv6Addr) -> bool {
    let listed = FORBIDDEN_V6
        .iter()
        .any(|(start, bits)| same_start(Ipv6Addr::from(*start).to_bits(), ip.to_bits(), *bits));
    // mapped (::ffff:a.b.c.d) and the old compatible form (::a.b.c.d) reach that IPv4 host
    listed || ip.to_ipv4().or_else(|| translated(ip)).is_some_and(forbidden_v4)
}

/// The IPv4 host that a translator leads to under the well-known prefix 64:ff9b::/96 (RFC 6052,
/// section 2.1), as DNS64 answers where there is no IPv4.
fn translated(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    match ip.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            Some(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forbidden(text: &str) -> bool {
        is_forbidden(text.parse().expect(text))
    }

    #[test]
    fn s_004_first_and_last_address_of_each_ipv4_range() {
        for (first, last, before, after) in [
            ("0.0.0.0", "0.255.255.255", "", "1.0.0.0"),
            ("10.0.0.0", "10.255.255.255", "9.255.255.255", "11.0.0.0"),
            ("100.64.0.0", "100.127.255.255", "100.63.255.255", "100.128.0.0"),
            ("127.0.0.0", "127.255.255.255", "126.255.255.255", "128.0.0.0"),
            ("169.254.0.0", "169.254.255.255", "169.253.255.255", "169.255.0.0"),
            ("172.16.0.0", "172.31.255.255", "172.15.255.255", "172.32.0.0"),
            ("192.0.0.0", "192.0.0.255", "191.255.255.255", "192.0.1.0"),
            ("192.0.2.0", "192.0.2.255", "192.0.1.255", "192.0.3.0"),
            ("192.88.99.0", "192.88.99.255", "192.88.98.255", "192.88.100.0"),
            ("192.168.0.0", "192.168.255.255", "192.167.255.255", "192.169.0.0"),
            ("198.18.0.0", "198.19.255.255", "198.17.255.255", "198.20.0.0"),
            ("198.51.100.0", "198.51.100.255", "198.51.99.255", "198.51.101.0"),
            ("203.0.113.0", "203.0.113.255", "203.0.112.255", "203.0.114.0"),
            ("224.0.0.0", "239.255.255.255", "223.255.255.255", ""),
            ("240.0.0.0", "255.255.255.255", "", ""),
        ] {
            for bad in [first, last] {
                assert!(forbidden(bad), "{bad}");
                assert!(forbidden(&format!("::ffff:{bad}")), "mapped {bad}");
                assert!(forbidden(&format!("::{bad}")), "compatible {bad}");
                assert!(forbidden(&format!("64:ff9b::{bad}")), "translated {bad}");
            }
            for good in [before, after] {
                assert!(good.is_empty() || !forbidden(good), "{good}");
                let translated = format!("64:ff9b::{good}");
                assert!(good.is_empty() || !forbidden(&translated), "{translated}");
            }
        }
    }

    #[test]
    fn s_005_first_and_last_address_of_each_ipv6_range() {
        for bad in [
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:7f00:1",
            "64:ff9b::",
            "64:ff9b::7f00:1",
            "64:ff9b::ffff:ffff",
            "64:ff9b:1::",
            "64:ff9b:1:ffff:ffff:ffff:ffff:ffff",
            "100::",
            "100::ffff:ffff:ffff:ffff",
            "2001::",
            "2001:0:ffff:ffff:ffff:ffff:ffff:ffff",
            "2001:10::",
            "2001:1f:ffff:ffff:ffff:ffff:ffff:ffff",
            "2001:20::",
            "2001:2f:ffff:ffff:ffff:ffff:ffff:ffff",
            "2001:db8::",
            "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
            "2002::",
            "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "3fff::",
            "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
            "fc00::",
            "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "fe80::",
            "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "fec0::",
            "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "ff00::",
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        ] {
            assert!(forbidden(bad), "{bad}");
        }
        for good in [
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
            "64:ff9b:2::",
            "100:0:0:1::",
            "2001:1::",
            "2001:30::",
            "2001:db9::",
            "2003::",
            "2606:4700::1111",
            "3fff:1000::",
            "fe00::",
        ] {
            assert!(!forbidden(good), "{good}");
        }
    }
}
