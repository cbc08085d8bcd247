//! Whose request it is, behind trusted proxies (S-057).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use actix_web::HttpRequest;

use crate::config::Cidr;

/// The client's address: the right-most one of `X-Forwarded-For` that is no trusted proxy,
/// when the connection itself comes from one.
pub fn address(request: &HttpRequest, trusted: &[Cidr]) -> IpAddr {
    let direct = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |a| a.ip());
    let is_trusted = |ip: IpAddr| trusted.iter().any(|range| range.contains(ip));
    if !is_trusted(direct) {
        return direct;
    }
    let mut client = direct;
    let forwarded = request.headers().get_all("x-forwarded-for").filter_map(|v| v.to_str().ok());
    let hops: Vec<&str> = forwarded.flat_map(|value| value.split(',')).map(str::trim).collect();
    for hop in hops.into_iter().rev() {
        let Some(ip) = parse(hop) else { break };
        client = ip;
        if !is_trusted(ip) {
            break;
        }
    }
    client
}

/// One hop; some proxies write the port behind it.
fn parse(hop: &str) -> Option<IpAddr> {
    let address = hop.trim_matches(['[', ']']).parse().ok();
    address.or_else(|| hop.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

/// What limits count a request by: see [`limit_key`].
pub fn limited(request: &HttpRequest, trusted: &[Cidr]) -> IpAddr {
    limit_key(address(request, trusted))
}

/// What limits count by: the address, or the /64 of an IPv6 one.
pub fn limit_key(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(v6) => {
            let s = v6.segments();
            v6.to_ipv4_mapped()
                .map_or(IpAddr::V6(Ipv6Addr::new(s[0], s[1], s[2], s[3], 0, 0, 0, 0)), IpAddr::V4)
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn s_057_s_142_only_what_a_trusted_proxy_says_counts() {
        let trusted: Vec<Cidr> = ["127.0.0.0/8", "::1/128"].map(|c| c.parse().unwrap()).into();
        for (direct, forwarded, want) in [
            ("192.0.2.9:1", "127.0.0.1", "192.0.2.9"),
            ("127.0.0.1:1", "192.0.2.1", "192.0.2.1"),
            // the proxy adds whom it saw behind what a stranger sent
            ("127.0.0.1:1", "127.0.0.1, 192.0.2.1", "192.0.2.1"),
            ("127.0.0.1:1", "::1, nonsense,192.0.2.1", "192.0.2.1"),
            ("127.0.0.1:1", "192.0.2.7, 192.0.2.1, 127.0.0.2", "192.0.2.1"),
            ("127.0.0.1:1", "192.0.2.1:4711", "192.0.2.1"),
            ("127.0.0.1:1", "[2001:db8::1]:4711", "2001:db8::1"),
            ("[::1]:1", "[2001:db8::1]", "2001:db8::1"),
            ("[::ffff:127.0.0.1]:1", "192.0.2.1", "192.0.2.1"),
            ("[::1]:1", "", "::1"),
        ] {
            let request = TestRequest::default()
                .peer_addr(direct.parse().unwrap())
                .insert_header(("x-forwarded-for", forwarded))
                .to_http_request();
            assert_eq!(address(&request, &trusted).to_string(), want, "{direct} {forwarded}");
        }
        assert_eq!(limit_key("2001:db8:1:2:3::4".parse().unwrap()).to_string(), "2001:db8:1:2::");
        assert_eq!(limit_key("::ffff:192.0.2.1".parse().unwrap()).to_string(), "192.0.2.1");
    }
}
