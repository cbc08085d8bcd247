//! Relays: what a status costs that one of seven relays names and that is then fetched from its
//! origin, half of them of authors that were never here.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use dassie::clock::{Clock, wire_time};
use dassie::signature;
use dassie::signature::key::{self, PrivateKey};
use rusqlite::Connection as Sql;
use serde_json::{Value, json};
use url::Url;

use crate::load::{self, Connection, request};
use crate::program::{self, Program};
use crate::seed::HOST;
use crate::table::{Report, number};
use crate::text::{Rng, plain};
use crate::{Options, Res};

/// The port of relays and origins; each has a loopback address of its own.
const PORT: u16 = 18_992;
const RELAYS: u8 = 7;
const ORIGINS: u8 = 50;
/// The pause between two statuses: quicker than in life, but within every budget.
const PAUSE: Duration = Duration::from_millis(90);
/// The longest wait for the last of them.
const PATIENCE: Duration = Duration::from_secs(60);

const AS2: &str = "https://www.w3.org/ns/activitystreams";
const PUBLIC: &str = "https://www.w3.org/ns/activitystreams#Public";

fn relay(number: usize) -> String {
    format!("127.0.5.{}:{PORT}", number % usize::from(RELAYS) + 1)
}

fn origin(author: usize) -> String {
    format!("127.0.6.{}:{PORT}", author % usize::from(ORIGINS) + 1)
}

/// Seven relays, as fast as one person reads.
pub fn measure(
    program: &Program,
    folder: &Path,
    options: &Options,
    report: &mut Report,
) -> Res<()> {
    let count = if options.quick { 70 } else { 700 };
    println!("relays, {count} statuses of {RELAYS} relays:");
    let pair = key::generate()?;
    let private = PrivateKey::from_pkcs8(&pair.pkcs8)?;
    let pem: Arc<str> = pair.public_pem.into();
    for number in 1..=RELAYS {
        serve(Ipv4Addr::new(127, 0, 5, number), &pem)?;
    }
    for number in 1..=ORIGINS {
        serve(Ipv4Addr::new(127, 0, 6, number), &pem)?;
    }
    subscribe(folder)?;
    let before = counts(folder)?;
    // keys of relays are read with their first delivery, which is long over in life
    let mut connection = Connection::open(program.address)?;
    let mut send = |number: usize| -> Res<()> {
        let (status, _) = connection.exchange(&passed_on(&private, number)?)?;
        if status == 202 { Ok(()) } else { Err(format!("a relay got {status}").into()) }
    };
    for number in 0..usize::from(RELAYS) {
        send(number)?;
    }
    until(folder, &before, usize::from(RELAYS))?;
    let (cpu, since, warm) = (program.cpu()?, Instant::now(), counts(folder)?);
    for number in 0..count {
        send(usize::from(RELAYS) + number)?;
        thread::sleep(PAUSE);
    }
    until(folder, &warm, count)?;
    let each = load::ms(program.cpu()?.saturating_sub(cpu)) / count as f64;
    println!("  all stored after {} s", number(since.elapsed().as_secs_f64()));
    let after = counts(folder)?;
    let of = |name: &str| {
        let value = |counts: &BTreeMap<String, f64>| counts.get(name).copied().unwrap_or(0.0);
        (value(&after) - value(&warm)) / count as f64
    };
    println!(
        "  each: {} fetches, {} kB, {} ms CPU as `dassie relay list` counts it",
        number(of("fetches")),
        number(of("bytes") / 1000.0),
        number(of("cpu_us") / 1000.0)
    );
    report.add("7 relays, 1 status a second", Some(100.0), each, "ms CPU/s");
    report.note("origins of relayed statuses are asked over plain http: no TLS is in them");
    Ok(())
}

/// Subscribes to all of them by the command, and lets them accept.
fn subscribe(folder: &Path) -> Res<()> {
    for number in 0..usize::from(RELAYS) {
        let address = format!("http://{}/inbox", relay(number));
        let done = Command::new(program::file())
            .args(["relay", "add", &address, "--rate", "600", "--config"])
            .arg(folder.join("bench.toml"))
            .output()?;
        if !done.status.success() {
            return Err(String::from_utf8_lossy(&done.stderr).into_owned().into());
        }
    }
    open(folder)?.execute("UPDATE relay SET state = 1, sends = 0", [])?;
    Ok(())
}

fn open(folder: &Path) -> Res<Sql> {
    let sql = Sql::open(folder.join("dassie.db"))?;
    sql.busy_timeout(Duration::from_secs(5))?;
    Ok(sql)
}

/// What was counted of all relays together.
fn counts(folder: &Path) -> Res<BTreeMap<String, f64>> {
    let sql = open(folder)?;
    let mut statement = sql.prepare("SELECT counts FROM relay")?;
    let mut sum = BTreeMap::new();
    for counts in statement.query_map([], |row| row.get::<_, String>(0))? {
        let counts: BTreeMap<String, f64> = serde_json::from_str(&counts?)?;
        for (name, value) in counts {
            *sum.entry(name).or_default() += value;
        }
    }
    Ok(sum)
}

/// Until so many more were taken.
fn until(folder: &Path, before: &BTreeMap<String, f64>, count: usize) -> Res<()> {
    let taken = |counts: &BTreeMap<String, f64>| counts.get("taken").copied().unwrap_or(0.0);
    let since = Instant::now();
    loop {
        let now = counts(folder)?;
        if taken(&now) - taken(before) >= count as f64 {
            return Ok(());
        }
        if since.elapsed() > PATIENCE {
            return Err(format!("only {now:?} of {count} were taken").into());
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// The Create of a status, signed by a relay.
fn passed_on(private: &PrivateKey, number: usize) -> Res<Vec<u8>> {
    let author = number / 2;
    let actor = format!("http://{}/users/u{author}", origin(author));
    let note = note(&origin(author), &format!("/notes/{author}-{number}"));
    let body = json!({
        "@context": AS2, "id": format!("{}/activity", note["id"].as_str().unwrap_or_default()),
        "type": "Create", "actor": actor, "to": [PUBLIC], "object": note,
    })
    .to_string();
    let key_id = format!("http://{}/actor#main-key", relay(number));
    let url = Url::parse(&format!("http://{HOST}/inbox"))?;
    let now = Clock::system().now_ms();
    let headers =
        signature::sign_cavage(private, &key_id, "POST", &url, Some(body.as_bytes()), now)?;
    let headers: Vec<(&str, &str)> =
        headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    Ok(request("POST", "/inbox", &headers, Some(("application/activity+json", body.as_bytes()))))
}

/// A status as its origin shows it: its address says whose it is.
fn note(host: &str, path: &str) -> Value {
    let numbers = path.trim_start_matches("/notes/").split_once('-').unwrap_or(("0", "0"));
    let actor = format!("http://{host}/users/u{}", numbers.0);
    let text = plain(&mut Rng::new(numbers.1.parse().unwrap_or(7)), "en", 200);
    json!({
        "@context": AS2, "id": format!("http://{host}{path}"), "type": "Note",
        "attributedTo": actor, "content": format!("<p>{text}</p>"), "contentMap": {"en": format!("<p>{text}</p>")},
        "to": [PUBLIC], "cc": [format!("{actor}/followers")],
        "published": wire_time(Clock::system().now_ms()), "url": format!("http://{host}/@u{}/{}", numbers.0, numbers.1),
        "tag": [{"type": "Hashtag", "name": "#bench", "href": format!("http://{host}/tags/bench")}],
        "attachment": [{"type": "Document", "mediaType": "image/jpeg", "name": "a picture",
            "url": format!("http://{host}/media/{}.jpg", numbers.1), "width": 1600, "height": 1200}],
    })
}

fn actor(host: &str, path: &str, kind: &str, pem: &str) -> Value {
    let id = format!("http://{host}{path}");
    let name = path.rsplit('/').next().unwrap_or_default();
    json!({
        "@context": [AS2, "https://w3id.org/security/v1"], "id": id, "type": kind,
        "preferredUsername": name, "name": name, "summary": "<p>Somebody.</p>",
        "inbox": format!("http://{host}/inbox"), "outbox": format!("{id}/outbox"),
        "followers": format!("{id}/followers"), "url": format!("http://{host}/@{name}"),
        "publicKey": {"id": format!("{id}#main-key"), "owner": id, "publicKeyPem": pem},
    })
}

/// A server that shows actors and statuses for as long as it is asked.
fn serve(address: Ipv4Addr, pem: &Arc<str>) -> Res<()> {
    let listener = TcpListener::bind((address, PORT))
        .map_err(|error| format!("cannot listen on {address}:{PORT}: {error}"))?;
    let (pem, host) = (Arc::clone(pem), format!("{address}:{PORT}"));
    thread::Builder::new().stack_size(256 * 1024).spawn(move || {
        for stream in listener.incoming().flatten() {
            let (pem, host) = (Arc::clone(&pem), host.clone());
            thread::spawn(move || answer(&stream, &host, &pem));
        }
    })?;
    Ok(())
}

fn answer(stream: &TcpStream, host: &str, pem: &str) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut reader = BufReader::new(stream);
    loop {
        let mut first = String::new();
        if reader.read_line(&mut first).ok()? == 0 {
            return None;
        }
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if line == "\r\n" {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
        }
        std::io::copy(&mut std::io::Read::take(&mut reader, length), &mut std::io::sink()).ok()?;
        let path = first.split(' ').nth(1)?;
        let mut kind = "application/activity+json";
        let body = if first.starts_with("POST") {
            Value::Null
        } else if let Some(query) = path.strip_prefix("/.well-known/webfinger?resource=acct%3A") {
            kind = "application/jrd+json";
            let name = query.split("%40").next()?;
            json!({"subject": format!("acct:{name}@{host}"), "links": [{"rel": "self",
                "type": "application/activity+json", "href": format!("http://{host}/users/{name}")}]})
        } else if path.starts_with("/notes/") {
            note(host, path)
        } else if path == "/actor" {
            actor(host, path, "Application", pem)
        } else {
            actor(host, path, "Person", pem)
        };
        let body = body.to_string();
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        (&mut &*stream).write_all(format!("{head}{body}").as_bytes()).ok()?;
    }
}
