//! How the world sees this server: its name, the way through whatever ends TLS, WebFinger, the
//! inbox. Asks the name server and our own public name, nobody else (S-133).
//!
//! It goes through the same client as all requests, which verifies certificates as other servers
//! do. `/livez` tells whoever shows the process's own secret how the request arrived.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Finding, Word};
use crate::client::{
    Client, ClientError, Kind, Limits, OutRequest, OutResponse, Resolve, Settings, SystemResolver,
    is_forbidden,
};
use crate::config::{Config, Size};

/// How long the name server may take.
const DNS: Duration = Duration::from_secs(5);

/// Everything that can be seen from outside. `probe`: the secret of the running server; `person`:
/// the name of an account here.
pub fn outside(
    config: &Config,
    settings: Settings,
    probe: &str,
    person: Option<&str>,
) -> Vec<Finding> {
    // our own name is what this is about
    let settings = Settings { own_hosts: Vec::new(), ..settings };
    let client = match Client::new(settings) {
        Ok(client) => client,
        Err(error) => return vec![Finding::bad(Word::config_bad, &[&error])],
    };
    let world = World { config, client, probe };
    let mut all = Vec::new();
    let addresses = world.names(&mut all);
    if !addresses.is_empty() {
        world.way_in(&addresses, person, &mut all);
    }
    all
}

struct World<'a> {
    config: &'a Config,
    client: Client,
    probe: &'a str,
}

impl World<'_> {
    /// Where the name leads.
    fn names(&self, all: &mut Vec<Finding>) -> Vec<IpAddr> {
        let host = host_name(&self.config.server.host);
        if let Ok(address) = host.parse() {
            return vec![address];
        }
        let found = SystemResolver::new().resolve(host, Instant::now() + DNS);
        let addresses = found.as_ref().map(Vec::clone).unwrap_or_default();
        let list = addresses.iter().map(IpAddr::to_string).collect::<Vec<_>>().join(", ");
        all.push(match found {
            Ok(some) if some.iter().all(|ip| !is_forbidden(*ip)) && !some.is_empty() => {
                Finding::ok(Word::dns_ok, &[&host, &list])
            }
            Ok(some) if !some.is_empty() => Finding::warn(Word::dns_private, &[&host, &list]),
            Ok(_) => Finding::bad(Word::dns_none, &[&host, &"-"]),
            Err(error) => Finding::bad(Word::dns_none, &[&host, &error]),
        });
        addresses
    }

    /// The way through the proxy, and what it lets through. If nothing comes through, nothing more
    /// is asked: it would fail for the same reason.
    fn way_in(&self, addresses: &[IpAddr], person: Option<&str>, all: &mut Vec<Finding>) {
        let url = format!("{}/livez", self.config.base_url());
        let listen = self.listen();
        let request = OutRequest::get(&url).header(PROBE, self.probe).limits(Limits::SMALL);
        let seen = match self.send(request) {
            Ok(answer) => match self.judge(&url, &answer) {
                None => json(&answer),
                Some(fault) => return all.push(fault),
            },
            Err(error) => return all.push(unreachable(&url, &error)),
        };
        let Some(visitor) = seen["address"].as_str().and_then(|ip| ip.parse().ok()) else {
            return all.push(Finding::bad(Word::reach_other, &[&url, &listen]));
        };
        let word = if self.config.dev { Word::reach_plain } else { Word::reach_ok };
        all.push(Finding::ok(word, &[&self.config.base_url()]));
        let host = &self.config.server.host;
        let arrived = seen["host"].as_str().unwrap_or_default();
        if !is_same_host(arrived, host) {
            all.push(Finding::bad(Word::reach_host, &[&arrived, host]));
        }
        let trusted = &self.config.server.trusted_proxies;
        let is_proxy = trusted.iter().any(|range| range.contains(visitor));
        all.push(if seen["disbelieved"] == true {
            Finding::warn(Word::client_untrusted, &[&visitor])
        } else if is_hidden(visitor, is_proxy, addresses) {
            Finding::warn(Word::client_hidden, &[&visitor])
        } else {
            Finding::ok(Word::client_ok, &[])
        });
        all.push(self.socket(&url));
        all.push(self.upload(&url));
        all.extend(person.map(|name| self.finger(name)));
        all.push(self.inbox());
    }

    /// Where requests have to arrive.
    fn listen(&self) -> SocketAddr {
        let Config { tls, server, .. } = self.config;
        if tls.is_on() { tls.listen } else { server.listen }
    }

    fn send(&self, mut request: OutRequest) -> Result<OutResponse, ClientError> {
        request.redirects = 0;
        // the name may lead to a private address from here, which is no fault by itself
        self.client.send(request.configured())
    }

    /// What is wrong with an answer that did not come from here.
    fn judge(&self, url: &str, answer: &OutResponse) -> Option<Finding> {
        let listen = self.listen();
        match answer.status {
            _ if is_challenge(answer) => Some(Finding::bad(Word::reach_challenge, &[&url])),
            200 if json(answer)["status"] == "ok" => None,
            421 => Some(Finding::bad(Word::reach_host, &[&"421", &self.config.server.host])),
            status @ (502..=504 | 520..=526 | 530) => {
                Some(Finding::bad(Word::reach_gateway, &[&url, &status, &listen]))
            }
            status => Some(Finding::bad(Word::reach_status, &[&url, &status, &listen])),
        }
    }

    /// RFC 6455 section 4.1. Proxies drop these headers unless told otherwise.
    fn socket(&self, url: &str) -> Finding {
        let request = OutRequest::get(url)
            .header(PROBE, self.probe)
            .header("Sec-WebSocket-Version", "13")
            .header("Sec-WebSocket-Key", "ZGFzc2llIGRvY3RvciBhcw==")
            // actix gets the framing wrong of what it compresses where a WebSocket is asked for
            .header("Accept-Encoding", "identity")
            .limits(Limits::SMALL);
        match self.send(OutRequest { websocket: true, ..request }) {
            Ok(answer) if json(&answer)["upgrade"] == true => Finding::ok(Word::socket_ok, &[]),
            _ => Finding::warn(Word::socket_none, &[]),
        }
    }

    /// As large as the largest picture. As large as the largest video would take minutes from a home.
    fn upload(&self, url: &str) -> Finding {
        let bytes = self.config.limits.max_image_bytes;
        let size = Size(bytes as u64).rounded();
        // as patient as somebody who uploads: at home the way out is slow
        let request = OutRequest::post(url, vec![0; bytes].into())
            .header(PROBE, self.probe)
            .limits(Limits::media(1024));
        match self.send(request) {
            Ok(answer) if json(&answer)["received"] == bytes => {
                let video = Size(self.config.limits.max_video_bytes as u64).rounded();
                Finding::ok(Word::upload_ok, &[&size, &video])
            }
            Ok(answer) => Finding::warn(Word::upload_small, &[&size, &answer.status]),
            Err(error) => Finding::warn(Word::upload_small, &[&size, &error.message]),
        }
    }

    /// WebFinger as others use it, at the domain of the accounts (F-053).
    fn finger(&self, name: &str) -> Finding {
        let (domain, host) = (self.config.account_domain(), &self.config.server.host);
        let scheme = if self.config.dev { "http" } else { "https" };
        let handle = format!("{name}@{domain}");
        let url = format!("{scheme}://{domain}/.well-known/webfinger?resource=acct:{handle}");
        let mut request = OutRequest::get(&url).limits(Limits::SMALL).configured();
        request.redirects = 3;
        let bad = |why: &dyn ToString| Finding::bad(Word::finger_bad, &[&url, why, &domain, host]);
        match self.client.send(request) {
            Ok(answer) if answer.is_success() => {
                let document = json(&answer);
                let own = format!("{}/", self.config.base_url());
                let leads_here = document["links"].as_array().is_some_and(|links| {
                    links.iter().any(|link| {
                        link["rel"] == "self"
                            && link["href"].as_str().is_some_and(|href| href.starts_with(&own))
                    })
                });
                if leads_here {
                    Finding::ok(Word::finger_ok, &[&format!("@{handle}")])
                } else {
                    bad(&"≠")
                }
            }
            Ok(answer) => bad(&answer.status),
            Err(error) => bad(&error.message),
        }
    }

    /// An activity that nobody signed: Dassie says 401, whoever stands before it something else.
    fn inbox(&self) -> Finding {
        let url = format!("{}/inbox", self.config.base_url());
        let request = OutRequest::post(&url, (*b"{}").into())
            .header("Content-Type", "application/activity+json");
        match self.send(request) {
            Ok(answer) if is_challenge(&answer) => Finding::bad(Word::reach_challenge, &[&url]),
            Ok(answer) if is_ours(&answer) => Finding::ok(Word::inbox_ok, &[]),
            Ok(answer) => Finding::bad(Word::inbox_bad, &[&url, &answer.status]),
            Err(error) => Finding::bad(Word::inbox_bad, &[&url, &error.message]),
        }
    }
}

/// The header in which `/livez` is shown the process's secret.
pub const PROBE: &str = "dassie-probe";

fn json(answer: &OutResponse) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_default()
}

fn unreachable(url: &str, error: &ClientError) -> Finding {
    let word = if error.kind == Kind::Tls { Word::reach_tls } else { Word::reach_down };
    Finding::bad(word, &[&url, &error.message])
}

/// Its refusals of unsigned activities and of bad ones, with the id that each answer of ours has.
fn is_ours(answer: &OutResponse) -> bool {
    matches!(answer.status, 400 | 401 | 429) && answer.header("x-request-id").is_some()
}

/// A page that wants a browser, such as Cloudflare's.
/// <https://developers.cloudflare.com/cloudflare-challenges/challenge-types/challenge-pages/detect-response/>
fn is_challenge(answer: &OutResponse) -> bool {
    let html = answer.header("content-type").is_some_and(|kind| kind.starts_with("text/html"));
    answer.header("cf-mitigated").is_some()
        || (html && matches!(answer.status, 403 | 429 | 503) && answer.header("cf-ray").is_some())
}

/// The address of the proxy arrived, not ours. Where our name leads to a private address from
/// here, we do come from one.
fn is_hidden(visitor: IpAddr, is_proxy: bool, addresses: &[IpAddr]) -> bool {
    (is_proxy || is_forbidden(visitor)) && !addresses.iter().any(|ip| is_forbidden(*ip))
}

/// Whether what a proxy made of `Host` is our name: signatures are checked with it.
fn is_same_host(arrived: &str, ours: &str) -> bool {
    let plain = |host: &str| host.strip_suffix(":443").unwrap_or(host).to_ascii_lowercase();
    plain(arrived) == plain(ours)
}

/// Without the port.
fn host_name(host: &str) -> &str {
    match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&str, &str)]) -> OutResponse {
        OutResponse {
            status,
            headers: headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
            body: Vec::new(),
            final_url: String::new(),
            retry_after: None,
        }
    }

    #[test]
    fn a_proxy_that_hides_visitors_is_found() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let public = [ip("203.0.113.9")];
        let public = if is_forbidden(public[0]) { [ip("9.9.9.9")] } else { public };
        assert!(is_hidden(ip("127.0.0.1"), true, &public));
        assert!(is_hidden(ip("172.18.0.2"), false, &public), "a container's network");
        assert!(!is_hidden(ip("8.8.4.4"), false, &public));
        assert!(!is_hidden(ip("127.0.0.1"), true, &[ip("127.0.0.1")]));
    }

    #[test]
    fn challenges_and_strangers_are_told_from_our_own_answers() {
        assert!(is_challenge(&answer(403, &[("cf-mitigated", "challenge")])));
        assert!(is_challenge(&answer(503, &[("content-type", "text/html"), ("cf-ray", "1")])));
        assert!(!is_challenge(&answer(403, &[("content-type", "text/html")])));
        assert!(is_ours(&answer(401, &[("x-request-id", "1")])));
        assert!(!is_ours(&answer(401, &[])) && !is_ours(&answer(404, &[("x-request-id", "1")])));
    }

    #[test]
    fn the_name_arrives_or_that_of_the_proxys_target_does() {
        assert!(
            is_same_host("A.example", "a.example") && is_same_host("a.example:443", "a.example")
        );
        for other in ["127.0.0.1:8080", "", "a.example:8080", "b.a.example"] {
            assert!(!is_same_host(other, "a.example"), "{other}");
        }
    }

    #[test]
    fn a_host_is_looked_up_without_its_port() {
        for (host, name) in
            [("a.example", "a.example"), ("a.example:1", "a.example"), ("[::1]:8", "::1")]
        {
            assert_eq!(host_name(host), name);
        }
    }
}
