//! Which hosts and addresses are reached at all, over which TLS, with which headers.

use std::io::Write;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::server::{CERTIFICATE, Names, Server, client, first_byte, ip, reply, settings, silent};
use crate::client::{Client, Kind, Lane, OutRequest, Settings};

fn fails(client: &Client, url: String) -> Kind {
    client.send(OutRequest::get(url)).expect_err("refused").kind
}

#[test]
fn a_request_and_its_answer_arrive_whole() {
    let server = Server::http(|_, out| {
        reply(out, "200 OK", "Content-Type: application/json\r\nRetry-After: 7\r\n", b"{}")
    });
    let answer = client()
        .send(
            OutRequest::get(server.url("peer.example", "/a?b=c#d"))
                .header("Accept", "application/activity+json"),
        )
        .expect("answer");
    assert_eq!(
        (answer.status, answer.body.as_slice(), answer.retry_after),
        (200, b"{}".as_slice(), Some(7))
    );
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.final_url, server.url("peer.example", "/a?b=c"));
    let seen = &server.seen()[0];
    assert!(seen.head.starts_with("GET /a?b=c HTTP/1.1\r\n"), "{}", seen.head);
    assert_eq!(seen.header("host"), Some(format!("peer.example:{}", server.port).as_str()));
    assert_eq!(seen.header("user-agent"), Some("Dassie/0.1 (+https://dassie.example/)"));
    assert_eq!(seen.header("accept"), Some("application/activity+json"));
    assert_eq!(seen.header("accept-encoding"), Some("gzip"));
}

#[test]
fn s_002_f_125_one_query_and_no_connection_to_anything_but_what_was_checked() {
    let checked = Server::http(|_, out| reply(out, "200 OK", "", b"checked"));
    let inside = Server::at(&format!("127.0.0.2:{}", checked.port), |_, out| {
        reply(out, "200 OK", "", b"inside")
    });
    let names = Names::new(|_, nth| vec![ip(if nth == 0 { "127.0.0.1" } else { "127.0.0.2" })]);
    let client = Client::new(settings(names.clone())).expect("client");
    let url = checked.url("rebind.example", "/");
    let answer = client.send(OutRequest::get(&url)).expect("answer");
    assert_eq!((answer.body.as_slice(), names.queries()), (b"checked".as_slice(), 1));
    // the name has moved inside: the idle connection of the first request does not help it
    assert_eq!(fails(&client, url), Kind::Forbidden);
    assert_eq!((inside.connections(), checked.connections()), (0, 1));
}

#[test]
fn what_the_configuration_names_may_be_here_and_what_it_redirects_to_may_not() {
    let server = Server::http(|seen, out| match seen.path() {
        "/away" => reply(out, "302 Found", "Location: /here\r\n", b""),
        _ => reply(out, "200 OK", "", b"here"),
    });
    let client = Client::new(Settings::new("Dassie/0.1")).expect("client");
    for host in ["127.0.0.1", "localhost"] {
        let url = server.url(host, "/");
        let answer = client.send(OutRequest::get(&url).configured()).expect("answer");
        assert_eq!(answer.body, b"here");
        assert_eq!(fails(&client, url), Kind::BadUrl, "for nobody else");
    }
    let away = OutRequest::get(server.url("127.0.0.1", "/away")).configured();
    assert_eq!(client.send(away).expect_err("refused").kind, Kind::BadUrl);
    let seen = server.seen();
    assert!(seen.iter().all(|seen| seen.path() != "/here"), "{seen:?}");
}

#[test]
fn s_003_one_forbidden_address_condemns_the_host() {
    let server = Server::http(|_, out| reply(out, "200 OK", "", b""));
    for other in ["10.0.0.1", "::ffff:10.0.0.1", "64:ff9b::10.0.0.1", "fe80::1", "169.254.169.254"]
    {
        let names = Names::new(move |_, _| vec![ip("127.0.0.1"), ip(other)]);
        let client = Client::new(settings(names)).expect("client");
        assert_eq!(fails(&client, server.url("peer.example", "/")), Kind::Forbidden, "{other}");
    }
    assert_eq!(server.connections(), 0);
}

#[test]
fn s_003_many_public_addresses_do_not_hide_a_forbidden_one() {
    let names = Names::new(|_, _| {
        (1..=40).map(|n| ip(&format!("8.8.8.{n}"))).chain([ip("127.0.0.1")]).collect()
    });
    let client = Client::new(Settings { resolver: names, ..Settings::new("t") }).expect("client");
    assert_eq!(fails(&client, "https://peer.example/".into()), Kind::Forbidden);
}

#[test]
fn s_007_a_port_is_free_only_inside_an_allowed_range() {
    let names = Names::new(|_, _| vec![ip("8.8.8.8")]);
    let client = Client::new(settings(names.clone())).expect("client");
    assert_eq!(fails(&client, "https://peer.example:25/actor".into()), Kind::Forbidden);
    // without such a range nothing is even looked up
    let strict =
        Client::new(Settings { resolver: names.clone(), ..Settings::new("t") }).expect("client");
    let before = names.queries();
    assert_eq!(fails(&strict, "https://peer.example:25/actor".into()), Kind::Forbidden);
    assert_eq!(names.queries(), before);
}

#[test]
fn s_008_s_011_own_hosts_and_private_ranges_cause_no_query_and_no_connection() {
    let server = Server::http(|_, out| reply(out, "200 OK", "", b""));
    let names = Names::loopback();
    let mut own = settings(names.clone());
    own.own_hosts = vec!["dassie.example".into()];
    let own = Client::new(own).expect("client");
    assert_eq!(fails(&own, server.url("DASSIE.example.", "/posts/1")), Kind::Forbidden);
    assert_eq!(names.queries(), 0);
    let plain = Settings { allow_http: true, resolver: names, ..Settings::new("t") };
    let plain = Client::new(plain).expect("client");
    assert_eq!(fails(&plain, "http://peer.example/".into()), Kind::Forbidden);
    assert_eq!(fails(&plain, server.url("127.0.0.1", "/")), Kind::Forbidden);
    assert_eq!(server.connections(), 0);
}

#[test]
fn an_address_as_host_is_reached_only_in_an_allowed_range() {
    let server = Server::http(|_, out| reply(out, "200 OK", "", b"here"));
    let answer = client().send(OutRequest::get(server.url("127.0.0.1", "/"))).expect("answer");
    assert_eq!(answer.body, b"here");
    assert_eq!(fails(&client(), server.url("127.0.0.2", "/")), Kind::Forbidden);
}

#[test]
fn s_012_proxy_variables_have_no_effect() {
    // variables are per process, so this test runs itself again in a process with them
    if std::env::var_os("DASSIE_TEST_PROXY").is_none() {
        let name = concat!(module_path!(), "::s_012_proxy_variables_have_no_effect");
        let name = name.split_once("::").map_or(name, |(_, rest)| rest);
        let mut child = Command::new(std::env::current_exe().expect("path"));
        for variable in
            ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"]
        {
            child.env(variable, "http://127.0.0.1:1");
        }
        let output =
            child.env("DASSIE_TEST_PROXY", "1").args(["--exact", name]).output().expect("child");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("1 passed"), "{text}");
        return;
    }
    let server = Server::http(|_, out| reply(out, "200 OK", "", b"direct"));
    let answer = client().send(OutRequest::get(server.url("peer.example", "/"))).expect("answer");
    assert_eq!(answer.body, b"direct");
}

#[test]
fn s_017_only_certificates_with_a_reason_to_trust_them() {
    let server = Server::https(|_, out| reply(out, "200 OK", "", b"secret"));
    assert_eq!(fails(&client(), server.secure("peer.example", "/")), Kind::Tls);
    assert!(server.seen().is_empty(), "nothing was sent to it");

    let mut trusting = settings(Names::loopback());
    trusting.extra_ca_pem = Some(CERTIFICATE.to_vec());
    let trusting = Client::new(trusting).expect("client");
    let answer =
        trusting.send(OutRequest::get(server.secure("peer.example", "/"))).expect("answer");
    assert_eq!(answer.body, b"secret");
    // the name of the URL must be in the certificate
    assert_eq!(fails(&trusting, server.secure("other.example", "/")), Kind::Tls);
    let (listener, port) = silent();
    let plain = std::thread::spawn(move || {
        first_byte(&listener).write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").expect("written");
    });
    assert_eq!(fails(&trusting, format!("https://peer.example:{port}/")), Kind::Tls);
    plain.join().expect("served");

    // on the small stack of a lane, over the idle connection of before
    let (lane, url) = (Lane::new("t", 1, 1), server.secure("peer.example", "/"));
    let before = server.connections();
    let again = trusting.clone();
    let status =
        lane.run(move || again.send(OutRequest::get(url)).map(|a| a.status)).expect("room");
    assert_eq!(status.blocking_recv().expect("ran").expect("answer"), 200);
    assert_eq!(server.connections(), before);
    // and a whole handshake there
    let mut fresh = settings(Names::loopback());
    fresh.extra_ca_pem = Some(CERTIFICATE.to_vec());
    let (fresh, url) = (Client::new(fresh).expect("client"), server.secure("peer.example", "/"));
    let status =
        lane.run(move || fresh.send(OutRequest::get(url)).map(|a| a.status)).expect("room");
    assert_eq!(status.blocking_recv().expect("ran").expect("answer"), 200);
}

#[test]
fn s_017_an_extra_ca_file_must_hold_certificates() {
    for bad in
        [b"".as_slice(), b"no pem", b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"]
    {
        let settings = Settings { extra_ca_pem: Some(bad.to_vec()), ..Settings::new("t") };
        assert!(Client::new(settings).is_err());
    }
}

#[test]
fn s_023_no_header_is_split() {
    let server = Server::http(|_, out| reply(out, "200 OK", "", b""));
    let client = client();
    for value in ["a\r\nx: y", "a\nb", "a\rb", "a\0b"] {
        let request = OutRequest::get(server.url("peer.example", "/")).header("x-a", value);
        assert_eq!(client.send(request).expect_err("refused").kind, Kind::Local);
        assert!(Client::new(Settings::new(format!("Dassie {value}"))).is_err());
    }
    let request = OutRequest::get(server.url("peer.example", "/")).header("x a", "b");
    assert_eq!(client.send(request).expect_err("refused").kind, Kind::Local);
    assert_eq!(server.connections(), 0);
    assert!(Client::new(Settings::new("")).is_err());
}

#[test]
fn connections_are_kept_and_a_dead_one_costs_a_second_try_with_a_new_signature() {
    // the second request on a connection finds it closed without a word
    let used = Arc::new(AtomicUsize::new(0));
    let count = used.clone();
    let server = Server::http(move |seen, out| {
        if seen.path() == "/dead" && count.fetch_add(1, Ordering::SeqCst) == 0 {
            return Ok(false);
        }
        reply(out, "200 OK", "", b"ok")
    });
    let client = client();
    for _ in 0..3 {
        client.send(OutRequest::get(server.url("peer.example", "/"))).expect("answer");
    }
    assert_eq!(server.connections(), 1);
    let signed = Arc::new(AtomicUsize::new(0));
    let count = signed.clone();
    let request =
        OutRequest::post(server.url("peer.example", "/dead"), Arc::from(b"{}".as_slice())).signed(
            Arc::new(move |_, _, _| {
                Ok(vec![("x-n".to_owned(), count.fetch_add(1, Ordering::SeqCst).to_string())])
            }),
        );
    assert_eq!(client.send(request).expect("answer").body, b"ok");
    assert_eq!((server.connections(), signed.load(Ordering::SeqCst)), (2, 2));
    assert_eq!(
        server.seen().last().and_then(|s| s.header("x-n").map(str::to_owned)).as_deref(),
        Some("1")
    );
}
