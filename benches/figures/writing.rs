//! What is written: posts, activities of others, deliveries.

use std::path::Path;
use std::time::{Duration, Instant};

use dassie::clock::{Clock, wire_time};
use dassie::signature;
use rusqlite::Connection;
use serde_json::json;
use url::Url;

use crate::load::{self, Load, Until, request};
use crate::peers::{self, Peers};
use crate::people::Person;
use crate::program::Program;
use crate::seed::{HOST, Seeded, size_of_data};
use crate::table::{Report, number};
use crate::text::{Rng, plain};
use crate::{MB, Options, Res};

const PUBLIC: &str = "https://www.w3.org/ns/activitystreams#Public";
/// What a delivery costs where the signature is cheap.
const ED25519: &str = "delivery with Ed25519 on a kept connection";
/// The longest wait for a queue.
const PATIENCE: Duration = Duration::from_secs(60);

/// The request that posts the status with this number.
pub fn post(person: &Person, number: usize) -> Vec<u8> {
    let text = plain(&mut Rng::new(number as u64 + 7), "en", 160);
    let body = json!({"status": format!("{text} {number} #bench"), "visibility": "public"});
    let token = format!("Bearer {}", person.token);
    let headers = [("Authorization", token.as_str()), ("Accept", "application/json")];
    request(
        "POST",
        "/api/v1/statuses",
        &headers,
        Some(("application/json", body.to_string().as_bytes())),
    )
}

/// Posts `count` statuses.
pub fn posts(program: &Program, person: &Person, connections: usize, count: usize) -> Res<Load> {
    load::run(program, connections, Until::Requests(count), |number| post(person, number))
}

/// Rows in the queues: `job` and `delivery`.
pub fn waiting(folder: &Path, condition: &str) -> Res<(i64, i64)> {
    let sql = Connection::open(folder.join("dassie.db"))?;
    sql.busy_timeout(Duration::from_secs(5))?;
    let count = |sql_text: &str| sql.query_row(sql_text, [], |row| row.get(0));
    Ok((
        count("SELECT count(*) FROM job WHERE dead = 0")?,
        count(&format!("SELECT count(*) FROM delivery WHERE {condition}"))?,
    ))
}

/// Until nothing waits to be processed or delivered.
fn settle(folder: &Path) -> Res<()> {
    let since = Instant::now();
    loop {
        let (jobs, deliveries) = waiting(folder, "1")?;
        if jobs == 0 && deliveries == 0 {
            return Ok(());
        }
        if since.elapsed() > PATIENCE {
            return Err(format!("{jobs} jobs and {deliveries} deliveries do not end").into());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Posting where nobody follows: flat however many there are already. Answers the CPU for one.
pub fn flat(
    program: &Program,
    folder: &Path,
    seeded: &Seeded,
    options: &Options,
    report: &mut Report,
) -> Res<f64> {
    println!("POST status, no followers:");
    let bob = &seeded.people.bob;
    let (count, fills) =
        if options.quick { (150, [0, 300, 1_000]) } else { (400, [0, 1_000, 5_000]) };
    posts(program, bob, 1, 30)?;
    let (mut posted, mut written) = (0, 0);
    let mut all = Vec::new();
    let before = size_of_data(folder)?;
    for fill in fills {
        posts(program, bob, 16, fill - posted)?;
        written += fill - posted + count;
        posted = fill;
        let load = posts(program, bob, 1, count)?;
        load.print(&format!("after {posted} more"), 1);
        all.push(load.cpu_ms());
        let name = format!("POST status after {fill} more");
        report.add(&name, Some(1.0), load.cpu_ms(), "ms CPU");
    }
    let grown = (size_of_data(folder)? - before) / written as f64 * 1_000.0;
    posts(program, bob, 16, count)?.print("at the end", 16);
    report.add("disk, 1,000 own statuses", Some(1.0), grown / MB, "MB");
    let (first, last) = (all.first().copied().unwrap_or(1.0), all.last().copied().unwrap_or(1.0));
    report.add("POST status, last to first", Some(1.3), last / first, "times");
    Ok(last)
}

/// Activities of one sender that ann follows, signed before the clock runs.
pub fn inbound(
    program: &Program,
    folder: &Path,
    seeded: &Seeded,
    options: &Options,
    report: &mut Report,
) -> Res<()> {
    let count = if options.quick { 300 } else { 2_000 };
    println!("inbound Create, {count} signed activities:");
    let requests: Vec<Vec<u8>> =
        (0..count + 20).map(|number| create(seeded, number)).collect::<Res<_>>()?;
    let make = |from: usize| {
        let requests = &requests;
        move |number: usize| requests.get(from + number).cloned().unwrap_or_default()
    };
    load::run(program, 1, Until::Requests(20), make(0))?;
    settle(folder)?;
    let (cpu, since, size) = (program.cpu()?, Instant::now(), size_of_data(folder)?);
    let accepted = load::run(program, 16, Until::Requests(count), make(20))?;
    accepted.print("accepted", 16);
    settle(folder)?;
    let cpu = load::ms(program.cpu()?.saturating_sub(cpu)) / count as f64;
    println!(
        "  all stored and in the timeline after {} s; the database grew by {} MB per 1,000",
        number(since.elapsed().as_secs_f64()),
        number((size_of_data(folder)? - size) / MB / count as f64 * 1_000.0)
    );
    let sql = Connection::open(folder.join("dassie.db"))?;
    let shown: i64 = sql.query_row(
        "SELECT count(*) FROM timeline_entry e JOIN status s ON s.id = e.status_id
         WHERE e.timeline = ? AND s.uri LIKE '%/bench/%'",
        [seeded.people.ann.id],
        |row| row.get(0),
    )?;
    if usize::try_from(shown)? != count + 20 {
        return Err(format!("{shown} of {} activities are in the timeline", count + 20).into());
    }
    report.add("inbound Create, stored, in home", Some(0.5), cpu, "ms CPU");
    Ok(())
}

/// A signed Create as another server posts it.
pub fn create(seeded: &Seeded, number: usize) -> Res<Vec<u8>> {
    let sender = &seeded.sender;
    let id = format!("{}/bench/{number}", sender.uri);
    let text = plain(&mut Rng::new(number as u64 + 99), "en", 200);
    let (now, followers) = (Clock::system().now_ms(), format!("{}/followers", sender.uri));
    let body = json!({
        "@context": ["https://www.w3.org/ns/activitystreams", {"sensitive": "as:sensitive"}],
        "id": format!("{id}/activity"), "type": "Create", "actor": sender.uri,
        "published": wire_time(now), "to": [PUBLIC], "cc": [followers],
        "object": {
            "id": id, "type": "Note", "attributedTo": sender.uri, "published": wire_time(now),
            "to": [PUBLIC], "cc": [followers], "sensitive": false, "url": id,
            "content": format!("<p>{text} <a href=\"https://h0.example/tags/rust\" class=\"mention hashtag\" rel=\"tag\">#<span>rust</span></a></p>"),
            "contentMap": {"en": format!("<p>{text}</p>")},
            "tag": [{"type": "Hashtag", "href": "https://h0.example/tags/rust", "name": "#rust"}],
            "attachment": [],
        },
    })
    .to_string();
    let url = Url::parse(&format!("https://{HOST}/inbox"))?;
    let headers = signature::sign_cavage(
        &sender.private_key()?,
        &sender.key_id,
        "POST",
        &url,
        Some(body.as_bytes()),
        now,
    )?;
    let headers: Vec<(&str, &str)> =
        headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    Ok(request("POST", "/inbox", &headers, Some(("application/activity+json", body.as_bytes()))))
}

/// From now on it is known of the servers that keep their connections that they read Ed25519.
fn remember_ed25519(folder: &Path) -> Res<()> {
    let sql = Connection::open(folder.join("dassie.db"))?;
    sql.busy_timeout(Duration::from_secs(5))?;
    let now = Clock::system().now_ms();
    for number in 1..=peers::KEPT {
        sql.execute(
            "INSERT INTO host (name, signature, signature_until, updated_at) VALUES (?1, 3, ?2, ?3)
             ON CONFLICT (name) DO UPDATE SET signature = 3, signature_until = ?2",
            (peers::kept(number), now + 3_600_000, now),
        )?;
    }
    Ok(())
}

/// Deliveries to 100 servers that close each connection, and to a few that keep it: there with the
/// signature that everybody reads and then with Ed25519. `alone` is the CPU of a post without
/// deliveries.
pub fn deliveries(
    program: &Program,
    folder: &Path,
    seeded: &Seeded,
    peers: &Peers,
    alone: f64,
    options: &Options,
    report: &mut Report,
) -> Res<()> {
    println!("deliveries:");
    let (to_many, to_one) = if options.quick { (3, 20) } else { (15, 100) };
    let servers = usize::from(peers::LIVE);
    let mut twice = 0;
    let ways = [
        ("delivery to a new host", &seeded.people.ann, to_many, servers, 1.5),
        (
            "delivery on a kept connection",
            &seeded.people.dora,
            to_one,
            usize::from(peers::KEPT),
            0.9,
        ),
        (ED25519, &seeded.people.dora, to_one, usize::from(peers::KEPT), 0.25),
    ];
    for (name, person, posted, each, limit) in ways {
        if name == ED25519 {
            remember_ed25519(folder)?;
        }
        posts(program, person, 1, 1)?;
        settle(folder)?;
        let (cpu, since) = (program.cpu()?, Instant::now());
        let (taken, distinct, dialled) = (peers.taken(), peers.distinct(), peers.connections());
        let load = posts(program, person, 1, posted)?;
        load.print("POST, followed, at once", 1);
        settle(folder)?;
        let elapsed = since.elapsed().as_secs_f64();
        let (arrived, new) = (peers.taken() - taken, peers.distinct() - distinct);
        if new != posted * each {
            return Err(format!("{new} of {} deliveries arrived", posted * each).into());
        }
        let cpu = load::ms(program.cpu()?.saturating_sub(cpu)) - alone * posted as f64;
        let dialled = peers.connections() - dialled;
        println!("  {arrived} deliveries in {} s on {dialled} new connections", number(elapsed));
        report.add(name, Some(limit), cpu / arrived as f64, "ms CPU");
        twice += arrived - new;
    }
    report.add("deliveries sent twice", Some(0.0), twice as f64, "");
    report.note("deliveries go over TLS: a delivery to a new host has a whole handshake in it");
    Ok(())
}
