//! S-013 to S-016: time and size caps against servers that want to waste both.

use std::io::Write;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use super::server::{Server, client, first_byte, hasty, reply, silent};
use crate::client::{Caps, Client, Kind, Limits, OutRequest};
use crate::error::Error;

/// gzip of 64 KiB of zeros.
const ZEROS: [u8; 96] = [
    0x1f, 0x8b, 0x8, 0x0, 0x0, 0x0, 0x0, 0x0, 0x2, 0x3, 0xed, 0xc1, 0x1, 0x1, 0x0, 0x0, 0x0, 0x80,
    0x90, 0xfe, 0xaf, 0xee, 0x8, 0xa, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0,
    0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0,
    0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0,
    0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x6a, 0xeb, 0x8e, 0x97, 0xd7,
    0x0, 0x0, 0x1, 0x0,
];
/// gzip of `{"a":"hello"}`.
const HELLO: [u8; 33] = [
    0x1f, 0x8b, 0x8, 0x0, 0x0, 0x0, 0x0, 0x0, 0x2, 0x3, 0xab, 0x56, 0x4a, 0x54, 0xb2, 0x52, 0xca,
    0x48, 0xcd, 0xc9, 0xc9, 0x57, 0xaa, 0x5, 0x0, 0x90, 0xfc, 0x22, 0x7b, 0xd, 0x0, 0x0, 0x0,
];

const MS: fn(u64) -> Duration = Duration::from_millis;

fn within(ms: u64, max_bytes: usize) -> Limits {
    Limits { total: MS(ms), max_bytes }
}

/// Sends, and checks that a cap of this test cut it: the real ones are 5 s and more.
fn fails_soon(client: &Client, request: OutRequest) -> Kind {
    let start = Instant::now();
    let kind = client.send(request).expect_err("cut").kind;
    assert!(start.elapsed() < MS(3_000), "{:?}", start.elapsed());
    kind
}

/// Writes a byte now and then until the other side is gone.
fn drip(out: &mut dyn Write) -> std::io::Result<bool> {
    loop {
        out.write_all(b"x")?;
        std::thread::sleep(MS(10));
    }
}

#[test]
fn s_013_dripping_bodies_and_headers_are_cut_at_the_deadline() {
    let server = Server::http(|seen, out| {
        match seen.path() {
            "/length" => write!(out, "HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n")?,
            "/close" => write!(out, "HTTP/1.1 200 OK\r\n\r\n")?,
            _ => write!(out, "HTTP/1.1 200 OK\r\nx-slow: ")?,
        }
        drip(out)
    });
    for path in ["/length", "/close", "/header"] {
        let request =
            OutRequest::get(server.url("peer.example", path)).limits(within(150, 100_000));
        assert_eq!(fails_soon(&client(), request), Kind::Timeout, "{path}");
    }
    // the cap on the header alone
    let caps = Caps { first_byte: MS(100), ..Caps::default() };
    let request = OutRequest::get(server.url("peer.example", "/header"));
    assert_eq!(fails_soon(&hasty(caps), request), Kind::Timeout);
    // the minimum rate
    let caps = Caps { rate_grace: MS(100), ..Caps::default() };
    let request = OutRequest::get(server.url("peer.example", "/close"));
    assert_eq!(fails_soon(&hasty(caps), request), Kind::Timeout);
}

#[test]
fn s_013_f_210_silence_is_cut_in_every_phase() {
    let caps = Caps { tls: MS(100), first_byte: MS(100), ..Caps::default() };
    let client = hasty(caps);
    // accepted by the kernel, answered by nobody
    let (_listener, port) = silent();
    let tls = OutRequest::get(format!("https://peer.example:{port}/"));
    assert_eq!(fails_soon(&client, tls), Kind::Timeout);
    let plain = OutRequest::get(format!("http://peer.example:{port}/"));
    assert_eq!(fails_soon(&client, plain), Kind::Timeout);
    let (hold, held) = channel::<()>();
    let held = std::sync::Mutex::new(held);
    let server = Server::http(move |_, out| {
        write!(out, "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx")?;
        let _ = held.lock().expect("lock").recv();
        Ok(false)
    });
    let stalled = OutRequest::get(server.url("peer.example", "/"));
    assert_eq!(fails_soon(&client, stalled), Kind::Timeout);
    drop(hold);
}

#[test]
fn nobody_at_home_is_told_apart() {
    let (listener, port) = silent();
    drop(listener);
    let error =
        client().send(OutRequest::get(format!("http://peer.example:{port}/"))).expect_err("dead");
    assert_eq!((error.kind, error.host.as_str()), (Kind::Connect, "peer.example"));
    assert_eq!(error.to_string(), "peer.example: could not connect: connection refused");
    assert_eq!(Error::from(error).status(), 503);
}

#[test]
fn s_014_bodies_end_at_the_cap_whatever_their_length_says() {
    let server = Server::http(|seen, out| match seen.path() {
        "/endless" => {
            write!(out, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")?;
            loop {
                write!(out, "400\r\n{}\r\n", "x".repeat(1024))?;
            }
        }
        "/lie" => {
            write!(out, "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n")?;
            out.write_all(&vec![b'x'; 2 << 20])?;
            Ok(true)
        }
        "/short" => {
            write!(out, "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nxxx")?;
            Ok(false)
        }
        "/error" => reply(out, "500 Oops", "", &vec![b'x'; 100_000]),
        _ => reply(out, "200 OK", "", &vec![b'x'; seen.path().len() - 1]),
    });
    let client = client();
    let get =
        |path: &str| OutRequest::get(server.url("peer.example", path)).limits(within(9_000, 20));
    let kind = |path| client.send(get(path)).expect_err("cut").kind;
    assert_eq!(kind("/endless"), Kind::TooLarge);
    assert_eq!(client.send(get("/lie")).expect("ten bytes").body, b"xxxxxxxxxx");
    assert_eq!(kind("/short"), Kind::Protocol);
    assert_eq!(client.send(get(&format!("/{}", "a".repeat(20)))).expect("fits").body.len(), 20);
    assert_eq!(kind(&format!("/{}", "a".repeat(21))), Kind::TooLarge);
    let error = client.send(OutRequest::get(server.url("peer.example", "/error"))).expect("answer");
    assert_eq!((error.status, error.body.len()), (500, 4096));
}

#[test]
fn s_015_gzip_is_inflated_and_bombs_are_not() {
    let server = Server::http(|seen, out| match seen.path() {
        // 160 members: 10 MiB of zeros from 16 kB
        "/bomb" => reply(out, "200 OK", "content-encoding: gzip\r\n", &ZEROS.repeat(160)),
        "/broken" => reply(out, "200 OK", "content-encoding: gzip\r\n", b"not gzip"),
        "/br" => reply(out, "200 OK", "content-encoding: br\r\n", b"xx"),
        "/twice" => reply(out, "200 OK", "content-encoding: gzip, gzip\r\n", &HELLO),
        _ => reply(out, "200 OK", "content-encoding: gzip\r\n", &HELLO),
    });
    let client = client();
    let get = |path: &str| OutRequest::get(server.url("peer.example", path));
    assert_eq!(client.send(get("/")).expect("answer").body, b"{\"a\":\"hello\"}");
    for (path, kind) in
        [("/broken", Kind::Protocol), ("/br", Kind::Protocol), ("/twice", Kind::Protocol)]
    {
        assert_eq!(client.send(get(path)).expect_err("refused").kind, kind, "{path}");
    }
    // by size where the cap is small, by ratio where it is not
    assert_eq!(client.send(get("/bomb")).expect_err("bomb").kind, Kind::TooLarge);
    let mut sink = Vec::new();
    let large = get("/bomb").limits(Limits::media(40 << 20));
    assert_eq!(client.send_into(large, &mut sink).expect_err("bomb").kind, Kind::TooLarge);
    assert!(sink.len() < 3 << 20, "{}", sink.len());
}

#[test]
fn s_016_large_headers_and_contradictions_are_refused() {
    let server = Server::http(|seen, out| match seen.path() {
        "/large" => {
            write!(out, "HTTP/1.1 200 OK\r\nx: ")?;
            out.write_all(&vec![b'x'; 1 << 20])?;
            reply(out, "", "", b"")
        }
        "/many" => {
            let many: String = (0..150).map(|n| format!("x-{n}: 1\r\n")).collect();
            reply(out, "200 OK", &many, b"")
        }
        "/both" => reply(out, "200 OK", "transfer-encoding: chunked\r\n", b"0\r\n\r\n"),
        "/lengths" => reply(out, "200 OK", "content-length: 7\r\n", b"xxx"),
        _ => reply(out, "200 OK", &format!("x: {}\r\n", "x".repeat(30_000)), b"fits"),
    });
    let client = client();
    let get = |path: &str| OutRequest::get(server.url("peer.example", path));
    assert_eq!(client.send(get("/")).expect("answer").body, b"fits");
    for (path, kind) in [
        ("/large", Kind::TooLarge),
        ("/many", Kind::Protocol),
        ("/both", Kind::Protocol),
        ("/lengths", Kind::Protocol),
    ] {
        assert_eq!(client.send(get(path)).expect_err("refused").kind, kind, "{path}");
    }
}

#[test]
fn a_sink_that_fails_is_our_own_fault() {
    let server = Server::http(|_, out| reply(out, "200 OK", "", b"four"));
    let mut small = [0_u8; 2];
    let request = OutRequest::get(server.url("peer.example", "/"));
    let error = client().send_into(request, &mut small.as_mut_slice()).expect_err("no room");
    assert_eq!(error.kind, Kind::Local);
}

#[test]
fn shutdown_ends_what_waits_and_refuses_what_comes() {
    let (listener, port) = silent();
    let client = client();
    let url = format!("http://peer.example:{port}/");
    let (other, first) = (client.clone(), url.clone());
    let waiting = std::thread::spawn(move || other.send(OutRequest::get(first)));
    let _open = first_byte(&listener);
    let start = Instant::now();
    client.shutdown();
    assert!(waiting.join().expect("thread").is_err());
    assert!(client.send(OutRequest::get(url)).is_err());
    assert!(start.elapsed() < MS(5_000));
}
