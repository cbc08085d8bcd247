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

/// Whether a proxy named another client, whom we do not believe: one that is not trusted passed the
/// request on. To be asked of requests whose client names nobody.
pub fn is_disbelieved(request: &HttpRequest, trusted: &[Cidr]) -> bool {
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let first = header("x-forwarded-for").and_then(|hops| hops.split(',').next());
    let named = header("cf-connecting-ip").or(first).and_then(|hop| parse(hop.trim()));
    named.is_some_and(|ip| ip != address(request, trusted))
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
        for (header, value, want) in [
            ("x-forwarded-for", "192.0.2.1", false),
            // a proxy of others before the trusted one
            ("x-forwarded-for", "192.0.2.7, 192.0.2.1", true),
            ("cf-connecting-ip", "192.0.2.7", true),
            ("x-forwarded-for", "nonsense", false),
            ("accept", "*/*", false),
        ] {
            for direct in ["127.0.0.1:1", "198.51.100.3:1"] {
                let request = TestRequest::default()
                    .peer_addr(direct.parse().unwrap())
                    .insert_header((header, value))
                    .to_http_request();
                let named = parse(value).is_some();
                let want = want || (named && direct.starts_with("198"));
                assert_eq!(is_disbelieved(&request, &trusted), want, "{direct} {header} {value}");
            }
        }
        assert_eq!(limit_key("2001:db8:1:2:3::4".parse().unwrap()).to_string(), "2001:db8:1:2::");
        assert_eq!(limit_key("::ffff:192.0.2.1".parse().unwrap()).to_string(), "192.0.2.1");
    }
}
