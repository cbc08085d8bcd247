//! Relays: what a status costs that one of seven relays names and that is then fetched from its
//! origin, half of them of authors that were never here.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use dassie::clock::{Clock, wire_time};
use dassie::signature;
use dassie::signature::key::PrivateKey;
use rusqlite::Connection as Sql;
use serde_json::{Value, json};
use url::Url;

use crate::load::{self, Connection, request};
use crate::peers::{self, Peers};
use crate::program::{self, Program};
use crate::seed::HOST;
use crate::table::{Report, number};
use crate::text::{Rng, plain};
use crate::{Options, Res};

const RELAYS: usize = 7;
const ORIGINS: usize = 50;
/// The pause between two statuses: quicker than in life, but within every budget.
const PAUSE: Duration = Duration::from_millis(90);
/// The longest wait for the last of them.
const PATIENCE: Duration = Duration::from_secs(60);

const AS2: &str = "https://www.w3.org/ns/activitystreams";
const PUBLIC: &str = "https://www.w3.org/ns/activitystreams#Public";

fn relay(number: usize) -> String {
    peers::usual(4_900 + number % RELAYS)
}

fn origin(author: usize) -> String {
    peers::usual(4_910 + author % ORIGINS)
}

/// Seven relays, as fast as one person reads.
pub fn measure(
    program: &Program,
    folder: &Path,
    peers: &Peers,
    options: &Options,
    report: &mut Report,
) -> Res<()> {
    let count = if options.quick { 70 } else { 700 };
    println!("relays, {count} statuses of {RELAYS} relays:");
    subscribe(folder)?;
    let before = counts(folder)?;
    // keys of relays are read with their first delivery, which is long over in life
    let mut connection = Connection::open(program.address)?;
    let mut send = |number: usize| -> Res<()> {
        let (status, _) = connection.exchange(&passed_on(peers.key(), number)?)?;
        if status == 202 { Ok(()) } else { Err(format!("a relay got {status}").into()) }
    };
    for number in 0..RELAYS {
        send(number)?;
    }
    until(folder, &before, RELAYS)?;
    let (cpu, since, warm) = (program.cpu()?, Instant::now(), counts(folder)?);
    for number in 0..count {
        send(RELAYS + number)?;
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
    Ok(())
}

/// Subscribes to all of them by the command, and lets them accept.
fn subscribe(folder: &Path) -> Res<()> {
    for number in 0..RELAYS {
        let address = format!("https://{}/inbox", relay(number));
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
    let actor = format!("https://{}/users/u{author}", origin(author));
    let note = note(&origin(author), &format!("/notes/{author}-{number}"));
    let body = json!({
        "@context": AS2, "id": format!("{}/activity", note["id"].as_str().unwrap_or_default()),
        "type": "Create", "actor": actor, "to": [PUBLIC], "object": note,
    })
    .to_string();
    let key_id = format!("https://{}/actor#main-key", relay(number));
    let url = Url::parse(&format!("https://{HOST}/inbox"))?;
    let now = Clock::system().now_ms();
    let headers =
        signature::sign_cavage(private, &key_id, "POST", &url, Some(body.as_bytes()), now)?;
    let headers: Vec<(&str, &str)> =
        headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    Ok(request("POST", "/inbox", &headers, Some(("application/activity+json", body.as_bytes()))))
}

/// A status as its origin shows it: its address says whose it is.
pub fn note(host: &str, path: &str) -> Value {
    let numbers = path.trim_start_matches("/notes/").split_once('-').unwrap_or(("0", "0"));
    let actor = format!("https://{host}/users/u{}", numbers.0);
    let text = plain(&mut Rng::new(numbers.1.parse().unwrap_or(7)), "en", 200);
    json!({
        "@context": AS2, "id": format!("https://{host}{path}"), "type": "Note",
        "attributedTo": actor, "content": format!("<p>{text}</p>"), "contentMap": {"en": format!("<p>{text}</p>")},
        "to": [PUBLIC], "cc": [format!("{actor}/followers")],
        "published": wire_time(Clock::system().now_ms()), "url": format!("https://{host}/@u{}/{}", numbers.0, numbers.1),
        "tag": [{"type": "Hashtag", "name": "#bench", "href": format!("https://{host}/tags/bench")}],
        "attachment": [{"type": "Document", "mediaType": "image/jpeg", "name": "a picture",
            "url": format!("https://{host}/media/{}.jpg", numbers.1), "width": 1600, "height": 1200}],
    })
}
