//! What other servers do when something is popular, or when they are broken: a status for many
//! servers, a flood of notes, and a status that everybody talks about.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use dassie::clock::{Clock, wire_time};
use dassie::signature::{self, key::PrivateKey};
use rusqlite::Connection as Sql;
use serde_json::{Value, json};
use url::Url;

use crate::load::{self, Connection, request};
use crate::peers::{self, Peers};
use crate::people::{FAN_OUT_HOSTS, Person};
use crate::program::Program;
use crate::seed::{HOST, Place, Seeded};
use crate::table::{Report, number};
use crate::{MB, Options, Res, reading, writing};

const PUBLIC: &str = "https://www.w3.org/ns/activitystreams#Public";
/// What one signature and one whole TLS handshake with an unseen server take of a core, by the
/// design's own figure for a delivery to a new host.
const NEW_HOST_MS: f64 = 1.5;
/// Connections on which other servers send.
const SENDERS: usize = 16;
/// The longest wait for a queue.
const PATIENCE: Duration = Duration::from_secs(300);
/// Accounts that nobody here knows, their servers, and what each of them does with the status.
const ACTORS: usize = 3_000;
const HOSTS: usize = 1_000;
const DEEDS: usize = 10_000;

/// One status to 1,000 followers on 300 servers, of which ten are dead and ten slow.
pub fn fan_out(place: &Place, seeded: &Seeded, peers: &Peers, report: &mut Report) -> Res<()> {
    println!("fan-out to {FAN_OUT_HOSTS} servers, 10 dead and 10 slow:");
    let (folder, program) = fresh(place, peers)?;
    let (cpu, since) = (program.cpu()?, Instant::now());
    let taken = peers.taken();
    writing::posts(&program, &seeded.people.erin, 1, 1)?.print("POST", 1);
    let is_usual = |address: Ipv4Addr| address.octets()[1] >= 10;
    let wanted = FAN_OUT_HOSTS - 20;
    let last = wait("the live servers have it", || {
        let (count, last) = peers.reached(since, is_usual);
        Ok((count == wanted).then_some(last))
    })?;
    let cpu = load::ms(program.cpu()?.saturating_sub(cpu));
    let took = last.duration_since(since);
    println!("  {wanted} live servers have it after {} s", number(took.as_secs_f64()));
    let home = reading::home(&program, seeded, 1, Duration::from_secs(2))?;
    home.print("home while the dead ones hang", 1);
    wait("the slow servers have it", || {
        let (count, _) = peers.reached(since, |address| address.octets()[..3] == [127, 0, 5]);
        Ok((count == 10).then_some(()))
    })?;
    println!("  the 10 slow ones have it after {} s", number(since.elapsed().as_secs_f64()));
    // what the servers have been given is written down a moment later
    wait("only the dead ones are left", || {
        Ok((writing::waiting(&folder, "1")?.1 == 10).then_some(()))
    })?;
    if peers.taken() - taken != wanted + 10 {
        return Err(format!("{} were sent", peers.taken() - taken).into());
    }
    let target = NEW_HOST_MS * wanted as f64 / 1_000.0;
    report.add("fan-out, 280 live servers have it", Some(target), took.as_secs_f64(), "s");
    report.add("fan-out, a delivery", Some(NEW_HOST_MS), cpu / wanted as f64, "ms CPU");
    report.add("fan-out, memory peak", Some(64.0), program.memory()?.peak / MB, "MB");
    program.stop()?;
    Ok(())
}

/// 5,000 signed notes of 300 authors on as many servers as they have.
pub fn flood(
    place: &Place,
    seeded: &Seeded,
    peers: &Peers,
    options: &Options,
    report: &mut Report,
) -> Res<()> {
    let count = if options.quick { 500 } else { 5_000 };
    println!("flood of {count} signed notes:");
    let (folder, program) = fresh(place, peers)?;
    let authors = followed(&folder, seeded)?;
    let key = seeded.sender.private_key()?;
    let mut requests = Vec::with_capacity(count);
    for (number, author) in (0..count).zip(authors.iter().cycle()) {
        let id = format!("{author}/bench/{number}");
        let note = note(&id, author, &format!("Note {number} of the flood"), None);
        requests.push((from_address(number % 300), signed(&key, &create(&note, author), author)?));
    }
    let (cpu, since) = (program.cpu()?, Instant::now());
    let sent = Outbox::new(requests);
    let home = during(&program, seeded, || sent.send(&program))?;
    println!("  accepted after {} s", number(since.elapsed().as_secs_f64()));
    settle(&folder)?;
    let cpu = load::ms(program.cpu()?.saturating_sub(cpu));
    println!(
        "  stored after {} s; {} were told to wait",
        number(since.elapsed().as_secs_f64()),
        sent.refused()
    );
    let sql = Sql::open(folder.join("dassie.db"))?;
    let shown: i64 = sql.query_row(
        "SELECT count(*) FROM timeline_entry e JOIN status s ON s.id = e.status_id
         WHERE e.timeline = ? AND s.uri LIKE '%/bench/%'",
        [seeded.people.ann.id],
        |row| row.get(0),
    )?;
    if usize::try_from(shown)? != count {
        return Err(format!("{shown} of {count} notes are in the timeline").into());
    }
    report.add("flood, a note stored and in home", Some(0.5), cpu / count as f64, "ms CPU");
    report.note("flood and viral have ten reads of home a second in their CPU");
    report.add("flood, home meanwhile, p99", Some(50.0), load::ms(home.p99), "ms");
    report.add("flood, memory peak", Some(64.0), program.memory()?.peak / MB, "MB");
    program.stop()?;
    Ok(())
}

/// 10,000 favourites, boosts and replies of 3,000 unseen actors on 1,000 servers, each of which
/// reads the status and its author meanwhile.
pub fn viral(
    place: &Place,
    seeded: &Seeded,
    peers: &Peers,
    options: &Options,
    report: &mut Report,
) -> Res<()> {
    let share = if options.quick { 10 } else { 1 };
    let (actors, hosts, deeds) = (ACTORS / share, HOSTS / share, DEEDS / share);
    println!(
        "a status that everybody talks about: {deeds} deeds of {actors} actors on {hosts} servers:"
    );
    let (folder, program) = fresh(place, peers)?;
    let (id, uri) = viral_status(&program, &seeded.people.ann)?;
    let ann = format!("https://{HOST}/users/ann");
    let mut requests = Vec::with_capacity(deeds);
    for number in 0..deeds {
        let host = number % actors % hosts;
        let actor = format!("https://{}/users/v{}", peers::usual(host), number % actors);
        let activity = match number / actors {
            0 => json!({"type": "Like", "object": uri, "to": [ann]}),
            1 => json!({"type": "Announce", "object": uri, "to": [PUBLIC], "cc": [ann],
                        "published": wire_time(Clock::system().now_ms())}),
            _ => create(
                &note(&format!("{actor}/replies/{number}"), &actor, "How true", Some((&uri, &ann))),
                &actor,
            ),
        };
        let mut activity = activity;
        activity["@context"] = "https://www.w3.org/ns/activitystreams".into();
        activity["id"] = format!("{actor}/deeds/{number}").into();
        activity["actor"] = actor.clone().into();
        requests.push((from_address(host), signed(peers.key(), &activity, &actor)?));
    }
    let (cpu, since) = (program.cpu()?, Instant::now());
    let sent = Outbox::new(requests);
    let read = AtomicUsize::new(0);
    let home = during(&program, seeded, || {
        std::thread::scope(|scope| {
            let readers =
                scope.spawn(|| read_all(&program, &uri, hosts, &read).map_err(|e| e.to_string()));
            sent.send(&program)?;
            readers.join().map_err(|_| "a reader panicked")??;
            Ok(())
        })
    })?;
    println!(
        "  accepted after {} s; {} times a server was told to wait; {} documents were read",
        number(since.elapsed().as_secs_f64()),
        sent.refused(),
        read.load(Ordering::SeqCst)
    );
    settle(&folder)?;
    let cpu = load::ms(program.cpu()?.saturating_sub(cpu));
    println!("  processed after {} s", number(since.elapsed().as_secs_f64()));
    let status = json_of(&program, &format!("/api/v1/statuses/{id}"), &seeded.people.ann)?;
    let counted = ["favourites_count", "reblogs_count", "replies_count"]
        .map(|name| status[name].as_u64().unwrap_or(0) as usize);
    if counted != [actors, actors, deeds - 2 * actors] {
        return Err(format!("the status has {counted:?} favourites, boosts and replies").into());
    }
    let (fetched, fetches, most) = peers.reads("/users/v");
    println!("  {fetches} fetches of {fetched} actors");
    report.add("viral, most fetches of an actor", Some(1.0), most as f64, "");
    report.add("viral, a deed", None, cpu / deeds as f64, "ms CPU");
    report.add("viral, home meanwhile, p99", Some(50.0), load::ms(home.p99), "ms");
    report.add("viral, memory peak", Some(64.0), program.memory()?.peak / MB, "MB");
    program.stop()?;
    Ok(())
}

/// The program on a copy of its own of the seeded database: its peak of memory is of this alone.
pub fn fresh(place: &Place, peers: &Peers) -> Res<(std::path::PathBuf, Program)> {
    let folder = place.copy()?;
    peers.write_authority(&folder)?;
    let program = Program::start(&folder)?;
    Ok((folder, program))
}

/// The addresses of those whom ann follows; their keys are the sender's.
fn followed(folder: &Path, seeded: &Seeded) -> Res<Vec<String>> {
    let sql = Sql::open(folder.join("dassie.db"))?;
    let mut query = sql.prepare(
        "SELECT a.uri FROM follow f JOIN account a ON a.id = f.target_id
         WHERE f.account_id = ? AND a.domain LIKE 'h%.example' ORDER BY a.id",
    )?;
    let rows = query.query_map([seeded.people.ann.id], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A status of ann, and its address.
fn viral_status(program: &Program, ann: &Person) -> Res<(String, String)> {
    let token = format!("Bearer {}", ann.token);
    let body = json!({"status": "Hyraxes sing", "visibility": "public"}).to_string();
    let bytes = request(
        "POST",
        "/api/v1/statuses",
        &[("Authorization", &token)],
        Some(("application/json", body.as_bytes())),
    );
    let mut connection = Connection::open(program.address)?;
    let status: Value = serde_json::from_slice(connection.exchange(&bytes)?.1)?;
    let text = |name: &str| status[name].as_str().map(str::to_owned).ok_or("no status");
    Ok((text("id")?, text("uri")?))
}

fn json_of(program: &Program, path: &str, person: &Person) -> Res<Value> {
    let token = format!("Bearer {}", person.token);
    let bytes = request("GET", path, &[("Authorization", &token)], None);
    Ok(serde_json::from_slice(Connection::open(program.address)?.exchange(&bytes)?.1)?)
}

/// Each server speaks from an address of its own, as a proxy would tell.
fn from_address(host: usize) -> String {
    format!("11.0.{}.{}", host / 250, host % 250 + 1)
}

fn note(id: &str, author: &str, text: &str, parent: Option<(&str, &str)>) -> Value {
    let followers = format!("{author}/followers");
    let mut note = json!({
        "id": id, "type": "Note", "attributedTo": author, "url": id, "sensitive": false,
        "published": wire_time(Clock::system().now_ms()), "to": [PUBLIC], "cc": [followers],
        "content": format!("<p>{text}</p>"), "tag": [], "attachment": [],
    });
    if let Some((parent, of)) = parent {
        note["inReplyTo"] = parent.into();
        note["cc"] = json!([followers, of]);
        note["tag"] = json!([{"type": "Mention", "href": of, "name": format!("@ann@{HOST}")}]);
    }
    note
}

fn create(note: &Value, author: &str) -> Value {
    json!({
        "@context": "https://www.w3.org/ns/activitystreams", "type": "Create", "actor": author,
        "id": format!("{}/activity", note["id"].as_str().unwrap_or_default()),
        "to": note["to"], "cc": note["cc"], "published": note["published"], "object": note,
    })
}

/// The headers and body of a signed POST to the shared inbox; the sender's address is put in when
/// it is sent.
fn signed(key: &PrivateKey, activity: &Value, actor: &str) -> Res<(Vec<(String, String)>, String)> {
    let body = activity.to_string();
    let url = Url::parse(&format!("https://{HOST}/inbox"))?;
    let (key_id, now) = (format!("{actor}#main-key"), Clock::system().now_ms());
    let headers = signature::sign_cavage(key, &key_id, "POST", &url, Some(body.as_bytes()), now)?;
    Ok((headers, body))
}

/// Until nothing waits to be processed; what may wait for delivery is not looked at.
fn settle(folder: &Path) -> Res<()> {
    wait("everything is processed", || {
        let (jobs, _) = writing::waiting(folder, "1")?;
        Ok((jobs == 0).then_some(()))
    })
}

fn wait<T>(what: &str, mut look: impl FnMut() -> Res<Option<T>>) -> Res<T> {
    let since = Instant::now();
    loop {
        if let Some(value) = look()? {
            return Ok(value);
        }
        if since.elapsed() > PATIENCE {
            return Err(format!("it did not happen in time that {what}").into());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A POST to the inbox: the address it comes from, its headers, its body.
type Post = (String, (Vec<(String, String)>, String));

/// What other servers have to send. Whoever is told to wait does so, as they would.
struct Outbox {
    waiting: Mutex<VecDeque<(Instant, Vec<u8>)>>,
    refused: AtomicUsize,
}

impl Outbox {
    fn new(requests: Vec<Post>) -> Self {
        let now = Instant::now();
        let waiting = requests
            .into_iter()
            .map(|(address, (headers, body))| {
                let mut headers: Vec<(&str, &str)> =
                    headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
                headers.push(("X-Forwarded-For", &address));
                let body = ("application/activity+json", body.as_bytes());
                (now, request("POST", "/inbox", &headers, Some(body)))
            })
            .collect();
        Self { waiting: Mutex::new(waiting), refused: AtomicUsize::new(0) }
    }

    fn refused(&self) -> usize {
        self.refused.load(Ordering::SeqCst)
    }

    /// Sends all of it.
    fn send(&self, program: &Program) -> Res<()> {
        std::thread::scope(|scope| {
            let senders: Vec<_> = (0..SENDERS)
                .map(|_| scope.spawn(|| self.work(program).map_err(|e| e.to_string())))
                .collect();
            for sender in senders {
                sender.join().map_err(|_| "a sender panicked")??;
            }
            Ok(())
        })
    }

    fn work(&self, program: &Program) -> Res<()> {
        let mut connection = Connection::open(program.address)?;
        loop {
            let next = self.waiting.lock().map_err(|_| "poisoned")?.pop_front();
            let Some((due, bytes)) = next else { return Ok(()) };
            if let Some(pause) = due.checked_duration_since(Instant::now()) {
                std::thread::sleep(pause);
            }
            let (status, retry_after) = connection.exchange_for_retry(&bytes)?;
            match status {
                202 => {}
                429 | 503 => {
                    self.refused.fetch_add(1, Ordering::SeqCst);
                    let due = Instant::now() + Duration::from_secs(retry_after.unwrap_or(60));
                    self.waiting.lock().map_err(|_| "poisoned")?.push_back((due, bytes));
                }
                other => return Err(format!("an inbox answered {other}").into()),
            }
        }
    }
}

/// What somebody here saw of home meanwhile.
pub struct Home {
    pub p99: Duration,
    pub most: Duration,
}

/// Reads home ten times a second while `work` runs.
pub fn during(program: &Program, seeded: &Seeded, work: impl FnOnce() -> Res<()>) -> Res<Home> {
    let over = AtomicBool::new(false);
    let mut times = std::thread::scope(|scope| -> Res<Vec<Duration>> {
        let reader = scope.spawn(|| {
            let mut times = Vec::new();
            while !over.load(Ordering::SeqCst) {
                times.push(reading::home_once(program, seeded).map_err(|error| error.to_string())?);
                std::thread::sleep(Duration::from_millis(100));
            }
            Ok::<_, String>(times)
        });
        let worked = work();
        over.store(true, Ordering::SeqCst);
        let times = reader.join().map_err(|_| "a reader panicked")??;
        worked.map(|()| times)
    })?;
    times.sort_unstable();
    let index = (times.len() * 99 / 100).min(times.len().saturating_sub(1));
    let p99 = times.get(index).copied().unwrap_or_default();
    println!("  home was read {} times, p99 {} ms", times.len(), number(load::ms(p99)));
    let most = times.last().copied().unwrap_or_default();
    Ok(Home { p99, most })
}

/// Each server reads the status and its author once.
fn read_all(program: &Program, uri: &str, hosts: usize, read: &AtomicUsize) -> Res<()> {
    let path = uri.split(HOST).nth(1).ok_or("no path")?;
    let mut connection = Connection::open(program.address)?;
    for host in 0..hosts {
        for path in [path, "/users/ann"] {
            let from = from_address(host);
            let headers = [("Accept", "application/activity+json"), ("X-Forwarded-For", &from)];
            let (status, _) = connection.exchange(&request("GET", path, &headers, None))?;
            if status != 200 {
                return Err(format!("{path}: {status}").into());
            }
            read.fetch_add(1, Ordering::SeqCst);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}
