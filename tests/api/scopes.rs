//! What a token may do, route by route: the table of the source is the list of what is tested.

use std::collections::BTreeSet;

use super::token;
use crate::support::{Instance, Request};

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Need {
    Public,
    Optional(Vec<String>),
    App,
    User(Vec<String>),
    /// Or somebody who waits to become one.
    Waiting(Vec<String>),
    /// And the person must be an admin, which nobody is here.
    Admin(Vec<String>),
}

#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) need: Need,
}

/// The routes, read out of the text of `src/api/routes.rs`.
pub(crate) fn table() -> Vec<Route> {
    let source = include_str!("../../src/api/routes.rs");
    let (_, table) = source.split_once("let table:").unwrap();
    let (_, table) = table.split_once("vec![").unwrap();
    let (table, _) = table.split_once("\n    ];").unwrap();
    let mut routes = Vec::new();
    let mut paths = BTreeSet::new();
    for entry in table.split("(\"/").skip(1) {
        let (path, rest) = entry.split_once('"').unwrap();
        assert!(paths.insert(path.to_owned()), "{path} is there twice");
        let before = routes.len();
        for (word, method) in [
            ("get", "GET"),
            ("post", "POST"),
            ("put", "PUT"),
            ("patch", "PATCH"),
            ("delete", "DELETE"),
        ] {
            for start in ["[", " "] {
                for part in rest.split(&format!("{start}{word}(")).skip(1) {
                    routes.push(Route { method, path: format!("/api/{path}"), need: need(part) });
                }
            }
        }
        assert!(routes.len() > before, "no method of {path} was understood");
    }
    assert!(paths.len() > 70, "most of the table was not understood");
    routes
}

fn need(text: &str) -> Need {
    let quoted = |text: &str| -> Vec<String> {
        text.split('"').skip(1).step_by(2).map(str::to_owned).collect()
    };
    let text = text.trim_start_matches("Need::");
    if text.starts_with("Public") {
        Need::Public
    } else if text.starts_with("App") {
        Need::App
    } else if let Some(rest) = text.strip_prefix("Optional(") {
        Need::Optional(quoted(rest.split(')').next().unwrap()))
    } else if let Some(rest) = text.strip_prefix("User(&[") {
        Need::User(quoted(rest.split(']').next().unwrap()))
    } else if let Some(rest) = text.strip_prefix("Waiting(&[") {
        Need::Waiting(quoted(rest.split(']').next().unwrap()))
    } else if let Some(rest) = text.strip_prefix("Admin(&[") {
        Need::Admin(quoted(rest.split(']').next().unwrap()))
    } else {
        panic!("not understood: {text:.60}")
    }
}

/// Every scope that a token can have, as Mastodon documents them.
const SCOPES: [&str; 46] = [
    "profile",
    "read",
    "write",
    "follow",
    "push",
    "read:accounts",
    "read:blocks",
    "read:bookmarks",
    "read:favourites",
    "read:filters",
    "read:follows",
    "read:lists",
    "read:mutes",
    "read:notifications",
    "read:search",
    "read:statuses",
    "write:accounts",
    "write:blocks",
    "write:bookmarks",
    "write:conversations",
    "write:favourites",
    "write:filters",
    "write:follows",
    "write:lists",
    "write:media",
    "write:mutes",
    "write:notifications",
    "write:reports",
    "write:statuses",
    "admin:read",
    "admin:write",
    "admin:read:accounts",
    "admin:write:accounts",
    "admin:read:reports",
    "admin:write:reports",
    "admin:read:domain_blocks",
    "admin:write:domain_blocks",
    "admin:read:domain_allows",
    "admin:write:domain_allows",
    "admin:read:email_domain_blocks",
    "admin:write:email_domain_blocks",
    "admin:read:ip_blocks",
    "admin:write:ip_blocks",
    "admin:read:canonical_email_blocks",
    "admin:write:canonical_email_blocks",
    "read:collections",
];

/// Mastodon's rule: the scope itself, its first word, or the old `follow`.
fn allows(scope: &str, needed: &str) -> bool {
    let old = ["blocks", "follows", "mutes"];
    let (kind, what) = needed.split_once(':').unwrap_or((needed, ""));
    scope == needed || scope == kind || (scope == "follow" && old.contains(&what))
}

fn status(instance: &Instance, route: &Route, token: Option<&str>) -> (u16, String) {
    // ids that nothing has
    let path =
        route.path.replace("{id}", "777777").replace("{tag}", "nothing").replace("{quoting}", "8");
    let mut request = Request::new(route.method, format!("{}{path}", instance.base));
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let answer = request.send();
    (answer.status, answer.text())
}

#[test]
fn s_076_each_route_refuses_tokens_without_its_scope_and_takes_those_with_it() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let tokens: Vec<(&str, String)> =
        SCOPES.iter().map(|scope| (*scope, token(&instance, Some(&ann), scope))).collect();
    let mut checked = 0;
    for route in table() {
        let needed = match &route.need {
            Need::Public | Need::App => continue,
            Need::Optional(needed)
            | Need::User(needed)
            | Need::Waiting(needed)
            | Need::Admin(needed) => needed,
        };
        for (scope, token) in &tokens {
            let (status, text) = status(&instance, &route, Some(token));
            let person = !matches!(route.need, Need::Admin(_));
            let fits = person && needed.iter().any(|needed| allows(scope, needed));
            let at = format!("{} {} with {scope}: {status} {text:.80}", route.method, route.path);
            if fits && route.path.ends_with("/emails/confirmations") {
                // in Mastodon's words: there is nothing to confirm
                assert!(status == 403 && text.contains("awaiting confirmation"), "{at}");
            } else if fits {
                assert!(!matches!(status, 401 | 403) && status < 500, "{at}");
            } else {
                assert_eq!(status, 403, "{at}");
            }
            checked += 1;
        }
    }
    assert!(checked > 1500, "{checked}");
}

#[test]
fn s_076_without_a_token_nothing_of_a_persons_is_done() {
    let instance = Instance::start();
    instance.person("ann");
    for route in table() {
        let at = format!("{} {}", route.method, route.path);
        let (open, text) = status(&instance, &route, None);
        let (wrong, _) = status(&instance, &route, Some("not-a-token"));
        match route.need {
            Need::User(_) | Need::Waiting(_) | Need::Admin(_) | Need::App => {
                assert_eq!((open, wrong), (401, 401), "{at}: {text}");
                assert!(
                    serde_json::from_str::<serde_json::Value>(&text).unwrap()["error"].is_string()
                );
            }
            // a token that is none is said to be none: the client has to sign in again
            Need::Optional(_) => {
                assert!(!matches!(open, 401 | 403) && open < 500, "{at}: {open}");
                assert_eq!(wrong, 401, "{at}");
            }
            Need::Public => assert!(!matches!(open, 401 | 403) && open < 500, "{at}: {open}"),
        }
    }
}

#[test]
fn s_077_the_token_of_an_application_alone_is_nobodys() {
    let instance = Instance::start();
    let app = token(&instance, None, "read write follow push profile");
    for route in table() {
        let at = format!("{} {}", route.method, route.path);
        let (status, text) = status(&instance, &route, Some(&app));
        match route.need {
            // it has no admin scope either
            Need::Admin(_) => assert_eq!(status, 403, "{at}"),
            Need::User(_) | Need::Waiting(_) => {
                assert_eq!(status, 422, "{at}");
                assert!(text.contains("requires an authenticated user"), "{at}: {text}");
            }
            // registrations are closed
            Need::App if route.path == "/api/v1/accounts" => assert_eq!(status, 403, "{at}"),
            Need::App => assert_eq!(status, 200, "{at}: {text}"),
            _ => assert!(!matches!(status, 401 | 403) && status < 500, "{at}: {status} {text}"),
        }
    }
}

#[test]
fn s_081_a_token_in_an_address_or_a_form_is_not_looked_at() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    let path = format!("/api/v1/timelines/home?access_token={}", ann.token);
    assert_eq!(instance.get(&path).status, 401);
    let answer = Request::new("POST", format!("{}/api/v1/statuses", instance.base))
        .form(&[("access_token", &ann.token), ("status", "x")])
        .send();
    assert_eq!(answer.status, 401);
    for value in [ann.token.clone(), format!("Basic {}", ann.token), "Bearer ".into()] {
        let answer = Request::new("GET", format!("{}/api/v1/timelines/home", instance.base))
            .header("authorization", value)
            .send();
        assert_eq!(answer.status, 401);
    }
}
