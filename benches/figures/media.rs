//! Files: uploading a photo, looking at pictures of elsewhere that are here or are not, the first
//! screen of somebody who opens an app, and many who look at once.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection as Sql;
use serde_json::Value;

use crate::federation::{during, fresh};
use crate::load::{self, Connection, request};
use crate::peers::{self, Peers};
use crate::people::Person;
use crate::pictures::{KINDS, Kind};
use crate::program::Program;
use crate::seed::{HOST, Place, Seeded};
use crate::table::{Report, number};
use crate::{MB, Options, Res};

/// Pictures on the first screen, and how large each is.
const SCREEN: usize = 30;
const PICTURE: usize = 1_000_000;
/// What a cached and an uncached look are measured with.
const USUAL: usize = 300_000;
/// Who looks at something large at the same time, and how large that is.
const VIEWERS: usize = 20;
const LARGE: usize = 8_000_000;

/// Gives so many attachments an address on other servers, each on one of `hosts`; the addresses
/// under which the program shows them.
pub fn attachments(
    folder: &Path,
    count: usize,
    bytes: usize,
    host: impl Fn(usize) -> String,
) -> Res<Vec<i64>> {
    let sql = Sql::open(folder.join("dassie.db"))?;
    let mut query = sql.prepare(
        "SELECT m.id, m.status_id FROM media m JOIN status s ON s.id = m.status_id
         WHERE m.kind = 1 AND s.visibility = 0 AND m.remote_url LIKE '%h0.example%'
         ORDER BY m.id DESC LIMIT ?",
    )?;
    let rows: Vec<(i64, i64)> = query
        .query_map([i64::try_from(count)?], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (number, (id, _)) in rows.iter().enumerate() {
        let url = format!("https://{}/files/{bytes}/{id}.jpg", host(number));
        sql.execute(
            "UPDATE media SET remote_url = ?, preview_remote_url = NULL WHERE id = ?",
            (url, id),
        )?;
    }
    if rows.len() < count {
        return Err("too few attachments in the seeded database".into());
    }
    Ok(rows.into_iter().map(|(_, status)| status).collect())
}

/// Where the program shows the picture of each of these statuses.
pub fn addresses(program: &Program, seeded: &Seeded, statuses: &[i64]) -> Res<Vec<String>> {
    let token = format!("Bearer {}", seeded.people.ann.token);
    let mut connection = Connection::open(program.address)?;
    let mut found = Vec::new();
    for status in statuses {
        let path = format!("/api/v1/statuses/{status}");
        let bytes = request("GET", &path, &[("Authorization", &token)], None);
        let (status, body) = connection.exchange(&bytes)?;
        if status != 200 {
            return Err(format!("{path}: {status}").into());
        }
        let value: Value = serde_json::from_slice(body)?;
        let address = value["media_attachments"][0]["preview_url"].as_str();
        let address = address.ok_or("a status without a picture")?;
        let path = address.split(HOST).nth(1).ok_or("a picture of elsewhere")?;
        found.push(path.to_owned());
    }
    Ok(found)
}

fn view(program: &Program, path: &str, bytes: usize) -> Res<()> {
    let mut connection = Connection::open(program.address)?;
    let (status, body) = connection.exchange(&request("GET", path, &[], None))?;
    if status == 200 && body.len() == bytes {
        return Ok(());
    }
    Err(format!("{path}: {status}, {} bytes", body.len()).into())
}

/// All of them at once, each on a connection of its own.
fn view_all(program: &Program, paths: &[String], bytes: usize) -> Res<()> {
    let ended: Vec<Result<(), String>> = thread::scope(|scope| {
        let viewers: Vec<_> = paths
            .iter()
            .map(|path| scope.spawn(move || view(program, path, bytes).map_err(|e| e.to_string())))
            .collect();
        viewers
            .into_iter()
            .map(|viewer| viewer.join().unwrap_or_else(|_| Err("a viewer panicked".into())))
            .collect()
    });
    ended.into_iter().try_for_each(|end| end.map_err(Into::into))
}

/// Thirty pictures of a megabyte, none of them here, 100 ms away: on as many servers, and all on
/// one.
pub fn first_screen(place: &Place, seeded: &Seeded, peers: &Peers, report: &mut Report) -> Res<()> {
    println!("first screen, {SCREEN} pictures of {} MB that are not here:", PICTURE as f64 / MB);
    for (name, hosts) in [("20 servers", 20), ("one server", 1)] {
        let folder = place.copy()?;
        peers.write_authority(&folder)?;
        let far = |number: usize| peers::far(u8::try_from(number % hosts + 1).unwrap_or(1));
        let statuses = attachments(&folder, SCREEN, PICTURE, far)?;
        let program = Program::start(&folder)?;
        let paths = addresses(&program, seeded, &statuses)?;
        let (cpu, since) = (program.cpu()?, Instant::now());
        let mut took = Duration::ZERO;
        let home = during(&program, seeded, || {
            view_all(&program, &paths, PICTURE)?;
            took = since.elapsed();
            Ok(())
        })?;
        let cpu = load::ms(program.cpu()?.saturating_sub(cpu)) / SCREEN as f64;
        println!("  {name}: {} ms CPU for each", number(cpu));
        report.add(&format!("first screen, {name}"), Some(3.0), took.as_secs_f64(), "s");
        let p99 = load::ms(home.p99);
        report.add(&format!("first screen, {name}, home p99"), Some(50.0), p99, "ms");
        report.add("first screen, memory peak", Some(64.0), program.memory()?.peak / MB, "MB");
        program.stop()?;
    }
    Ok(())
}

/// What a look at a picture of elsewhere costs, and what many who look at once.
pub fn cache(
    place: &Place,
    seeded: &Seeded,
    peers: &Peers,
    options: &Options,
    report: &mut Report,
) -> Res<()> {
    println!("pictures of elsewhere:");
    let count = if options.quick { 20 } else { 200 };
    let folder = place.copy()?;
    peers.write_authority(&folder)?;
    let statuses =
        attachments(&folder, count, USUAL, |n| peers::kept(u8::try_from(n % 8 + 1).unwrap_or(1)))?;
    let program = Program::start(&folder)?;
    let paths = addresses(&program, seeded, &statuses)?;
    let make = |number: usize| {
        let path = paths.get(number % paths.len()).map_or("/", String::as_str);
        request("GET", path, &[], None)
    };
    let uncached = load::run(&program, 4, load::Until::Requests(count), make)?;
    uncached.print("300 kB that are not here", 4);
    report.add("a picture that is not here, 300 kB", None, uncached.cpu_ms(), "ms CPU");
    let cached = load::run(&program, 4, load::Until::Requests(count * 10), make)?;
    cached.print("300 kB that are here", 4);
    report.add("a picture that is here, 300 kB", None, cached.cpu_ms(), "ms CPU");
    program.stop()?;

    let folder = place.copy()?;
    peers.write_authority(&folder)?;
    let far = |number: usize| peers::far(u8::try_from(number % 20 + 1).unwrap_or(1));
    let statuses = attachments(&folder, VIEWERS, LARGE, far)?;
    let program = Program::start(&folder)?;
    let paths = addresses(&program, seeded, &statuses)?;
    let since = Instant::now();
    view_all(&program, &paths, LARGE)?;
    println!(
        "  {VIEWERS} pictures of {} MB for as many viewers after {} s",
        LARGE as f64 / MB,
        number(since.elapsed().as_secs_f64())
    );
    report.add("20 viewers, memory peak", Some(64.0), program.memory()?.peak / MB, "MB");
    program.stop()?;
    Ok(())
}

/// Uploads of pictures of each kind: time, CPU, and the memory of the program and of those it starts.
pub fn upload(place: &Place, seeded: &Seeded, peers: &Peers, report: &mut Report) -> Res<()> {
    println!("uploads:");
    for Kind { name, most, make } in KINDS {
        let photo = make()?;
        let (_folder, program) = fresh(place, peers)?;
        let bytes = post_file(&seeded.people.ann, &photo);
        let mut connection = Connection::open(program.address)?;
        let over = AtomicBool::new(false);
        let (own, others, since) = (program.cpu()?, program.cpu_of_children()?, Instant::now());
        let (status, peak) = thread::scope(|scope| -> Res<(u16, f64)> {
            let watcher = scope.spawn(|| {
                let mut peak = 0.0_f64;
                while !over.load(Ordering::SeqCst) {
                    peak = peak.max(program.memory_now().1);
                    thread::sleep(Duration::from_millis(2));
                }
                peak
            });
            let status = connection.exchange(&bytes).map(|(status, _)| status);
            over.store(true, Ordering::SeqCst);
            let peak = watcher.join().map_err(|_| "a watcher panicked")?;
            Ok((status?, peak))
        })?;
        if status != 200 {
            return Err(format!("the upload of {name} got {status}").into());
        }
        println!(
            "  {name}, {} MB, ready after {} s",
            number(photo.len() as f64 / MB),
            number(since.elapsed().as_secs_f64())
        );
        let own = program.cpu()?.saturating_sub(own);
        let cpu = own + program.cpu_of_children()?.saturating_sub(others);
        report.add(&format!("{name}, CPU"), None, load::ms(cpu), "ms");
        report.add(&format!("{name}, memory peak"), Some(*most), peak / MB, "MB");
        program.stop()?;
    }
    report.note("memory of uploads is that of the program and the process that decodes together");
    Ok(())
}

/// The request that uploads a file; its older form, which answers when it is ready.
pub fn post_file(person: &Person, file: &[u8]) -> Vec<u8> {
    let mut body = b"--x\r\nContent-Disposition: form-data; name=\"file\"; \
        filename=\"photo.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n"
        .to_vec();
    body.extend_from_slice(file);
    body.extend_from_slice(b"\r\n--x--\r\n");
    let token = format!("Bearer {}", person.token);
    let kind = "multipart/form-data; boundary=x";
    request("POST", "/api/v1/media", &[("Authorization", &token)], Some((kind, &body)))
}

/// Bytes that pass for a photo: a JPEG's beginning, then something.
pub fn file(path: &str) -> Option<Vec<u8>> {
    let bytes: usize = path.strip_prefix("/files/")?.split('/').next()?.parse().ok()?;
    let mut file = vec![0x5a; bytes.min(64_000_000)];
    file.get_mut(..11)?.copy_from_slice(b"\xff\xd8\xff\xe0\0\x10JFIF\0");
    Some(file)
}

/// What the program holds, and that with the processes that it started: what those needed at most. They
/// are the same program, whose own pages are there once for all of them.
pub fn memory_of(pid: u32) -> (f64, f64) {
    let bytes = |pid: u32, name: &str| {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok());
        kib.unwrap_or_default() * 1024.0
    };
    let own = bytes(pid, "VmRSS:");
    let mut sum = own;
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    for task in tasks {
        let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
        sum += children
            .split_whitespace()
            .filter_map(|pid| pid.parse().ok())
            .map(|pid| bytes(pid, "VmHWM:") - bytes(pid, "RssFile:"))
            .sum::<f64>();
    }
    (own, sum)
}
