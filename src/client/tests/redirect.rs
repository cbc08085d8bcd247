//! S-010 and F-086: redirects are ours, hop by hop.

use std::sync::Arc;

use super::server::{CERTIFICATE, Names, Server, client, ip, redirect, reply, settings};
use crate::client::{Client, Kind, OutRequest};
use crate::error::Error;

fn kind_of(client: &Client, url: String) -> Kind {
    client.send(OutRequest::get(url)).expect_err("refused").kind
}

#[test]
fn s_010_f_125_every_hop_passes_all_checks_again() {
    let server = Server::http(|seen, out| {
        let to = match seen.path() {
            "/meta" => "http://169.254.169.254/latest/meta-data/",
            "/name" => "http://meta.example/",
            "/user" => "http://u:p@peer.example/",
            "/ftp" => "ftp://peer.example/",
            "/own" => "http://own.example/",
            "/translated" => "http://[64:ff9b::169.254.169.254]/latest/meta-data/",
            _ => "http://[::1]/",
        };
        redirect(out, to)
    });
    let names = Names::new(|host, _| {
        vec![ip(if host == "meta.example" { "169.254.169.254" } else { "127.0.0.1" })]
    });
    let mut settings = settings(names);
    settings.own_hosts = vec!["own.example".into()];
    let client = Client::new(settings).expect("client");
    for (path, kind) in [
        ("/meta", Kind::Forbidden),
        ("/name", Kind::Forbidden),
        ("/own", Kind::Forbidden),
        ("/six", Kind::Forbidden),
        ("/translated", Kind::Forbidden),
        ("/user", Kind::BadUrl),
        ("/ftp", Kind::BadUrl),
    ] {
        assert_eq!(kind_of(&client, server.url("peer.example", path)), kind, "{path}");
    }
    assert_eq!(server.seen().len(), 7);
}

#[test]
fn s_010_three_hops_and_no_circles() {
    let server = Server::http(|seen, out| {
        let path = seen.path().to_owned();
        match path.strip_prefix("/n/").and_then(|n| n.parse::<u32>().ok()) {
            Some(0) => reply(out, "200 OK", "", b"end"),
            Some(n) => redirect(out, &format!("/n/{}", n - 1)),
            None => redirect(out, if path == "/a" { "b" } else { "a#again" }),
        }
    });
    let client = client();
    let end = client.send(OutRequest::get(server.url("peer.example", "/n/3"))).expect("three");
    assert_eq!(
        (end.body.as_slice(), end.final_url),
        (b"end".as_slice(), server.url("peer.example", "/n/0"))
    );
    assert_eq!(kind_of(&client, server.url("peer.example", "/n/4")), Kind::Redirect);
    let before = server.seen().len();
    assert_eq!(kind_of(&client, server.url("peer.example", "/a")), Kind::Redirect);
    assert_eq!(server.seen().len() - before, 2);
    let none = OutRequest { redirects: 0, ..OutRequest::get(server.url("peer.example", "/n/4")) };
    assert_eq!(client.send(none).expect("the redirect itself").status, 302);
}

#[test]
fn s_010_https_never_becomes_http() {
    let plain = Server::http(|_, out| reply(out, "200 OK", "", b""));
    let to = plain.url("peer.example", "/");
    let server = Server::https(move |_, out| redirect(out, &to));
    let mut settings = settings(Names::loopback());
    settings.extra_ca_pem = Some(CERTIFICATE.to_vec());
    let client = Client::new(settings).expect("client");
    assert_eq!(kind_of(&client, server.secure("peer.example", "/")), Kind::Redirect);
    assert_eq!(plain.connections(), 0);
}

#[test]
fn f_086_each_hop_is_signed_anew_and_secrets_stay_with_their_origin() {
    let second = Server::http(|_, out| reply(out, "200 OK", "", b"end"));
    let to = second.url("b.example", "/two");
    let first = Server::http(move |_, out| redirect(out, &to));
    let request = OutRequest::get(first.url("a.example", "/one"))
        .header("Authorization", "Bearer secret")
        .header("x-kept", "yes")
        .header("host", "evil.example")
        .signed(Arc::new(|method, url, body| {
            assert!(body.is_none());
            Ok(vec![("Signature".to_owned(), format!("{method} {url}"))])
        }));
    client().send(request).expect("answer");
    let (one, two) = (&first.seen()[0], &second.seen()[0]);
    assert_eq!(
        one.header("signature"),
        Some(format!("GET {}", first.url("a.example", "/one")).as_str())
    );
    assert_eq!(
        two.header("signature"),
        Some(format!("GET {}", second.url("b.example", "/two")).as_str())
    );
    assert_eq!(one.header("authorization"), Some("Bearer secret"));
    assert_eq!((two.header("authorization"), two.header("x-kept")), (None, Some("yes")));
    assert_eq!(two.header("host"), Some(format!("b.example:{}", second.port).as_str()));
}

#[test]
fn f_086_a_post_follows_no_redirect() {
    for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"] {
        let server =
            Server::http(move |_, out| reply(out, status, "location: /elsewhere\r\n", b""));
        let post = OutRequest::post(
            server.url("peer.example", "/inbox"),
            Arc::from(b"{\"a\":1}".as_slice()),
        );
        let answer = client().send(OutRequest { redirects: 3, ..post }).expect("answer");
        assert_eq!(answer.status.to_string(), status[..3]);
        let seen = server.seen();
        assert_eq!((seen.len(), seen[0].body.as_slice()), (1, b"{\"a\":1}".as_slice()));
    }
}

#[test]
fn a_request_that_cannot_be_signed_is_not_sent() {
    let server = Server::http(|_, out| reply(out, "200 OK", "", b""));
    let request = OutRequest::get(server.url("peer.example", "/"))
        .signed(Arc::new(|_, _, _| Err(Error::internal("no key"))));
    let error = client().send(request).expect_err("refused");
    assert_eq!(error.kind, Kind::Local);
    assert_eq!(Error::from(error).status(), 500);
    assert_eq!(server.connections(), 0);
}
