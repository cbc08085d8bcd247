//! Whose request it is, behind trusted proxies (S-057).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

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
        let Ok(ip) = hop.trim_matches(['[', ']']).parse::<IpAddr>() else { break };
        client = ip;
        if !is_trusted(ip) {
            break;
        }
    }
    client
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
