//! An hour of what a small server does, on one core and with little memory: `make hour`. Nobody
//! hurries: each kind of request comes at its pace, and what is looked at is whether memory grows,
//! whether anything that was acknowledged is lost, and how long readers wait.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection as Sql;

use crate::load::{self, Connection, request};
use crate::media::{addresses, attachments, post_file};
use crate::peers::{self, Peers};
use crate::pictures::KINDS;
use crate::program::Program;
use crate::seed::{Place, Seeded};
use crate::table::{Report, number};
use crate::writing::{create, post};
use crate::{MB, Options, Res};

/// Pictures of elsewhere that are looked at, and their size.
const PICTURES: usize = 200;
const PICTURE: usize = 300_000;
/// The numbers of statuses that are sent to it begin here.
const FIRST: usize = 1_000_000;
/// Columns and rows of the plot.
const COLUMNS: usize = 60;
const ROWS: usize = 8;
/// How long what was acknowledged may take until it is there.
const PATIENCE: Duration = Duration::from_secs(60);
/// A group of processes with so much memory.
const GROUP: &str = "dassie-hour";

/// A kind of request, again and again.
struct Pace<'a> {
    name: &'static str,
    every: Duration,
    make: Box<dyn Fn(usize) -> Res<Vec<u8>> + Sync + 'a>,
}

/// With each of the sizes of memory that were asked for.
pub fn measure(
    place: &Place,
    seeded: &Seeded,
    peers: &Peers,
    options: &Options,
    report: &mut Report,
) -> Res<()> {
    for memory in &options.memory_mb {
        let folder = place.copy()?;
        peers.write_authority(&folder)?;
        let kept = |n: usize| peers::kept(u8::try_from(n % 8 + 1).unwrap_or(1));
        let pictures = attachments(&folder, PICTURES, PICTURE, kept)?;
        let program = Program::start(&folder)?;
        let group = Group::confine(program.id(), memory * 1_000_000)?;
        println!("{} minutes with {memory} MB ({}):", options.minutes, group.kind);
        let paths = addresses(&program, seeded, &pictures)?;
        let ran = run(&program, &folder, seeded, &paths, options);
        let ran = ran.map_err(|error| {
            let said = crate::program::tail(&folder);
            format!("{error}\n{}\nthe program's last words: {said}", group.tell())
        });
        let samples = ran?;
        println!("{}\n  {}", plot(&samples, options.minutes), group.tell());
        let most = |which: fn(&Sample) -> f64| samples.iter().map(which).fold(0.0, f64::max) / MB;
        report.add(&format!("{memory} MB: the server, peak"), Some(64.0), most(|s| s.own), "MB");
        report.add(&format!("{memory} MB: with its helpers, peak"), None, most(|s| s.all), "MB");
        let grown = quarter(&samples, 3) / quarter(&samples, 1);
        report.add(&format!("{memory} MB: last quarter to second"), Some(1.15), grown, "times");
        program.stop()?;
    }
    Ok(())
}

/// Memory at a moment, in bytes: the server's, and with the processes that make pictures smaller.
struct Sample {
    seconds: f64,
    own: f64,
    all: f64,
}

/// The load, and the memory while it goes on.
fn run(
    program: &Program,
    folder: &Path,
    seeded: &Seeded,
    pictures: &[String],
    options: &Options,
) -> Res<Vec<Sample>> {
    let before = there(folder)?;
    let (since, cpu) = (Instant::now(), program.cpu()?);
    let until = since + Duration::from_secs(options.minutes * 60);
    let paces = paces(seeded, pictures)?;
    let done: Mutex<Vec<(&str, Vec<Duration>)>> = Mutex::default();
    let (mut samples, mut ended) = (Vec::new(), Vec::new());
    thread::scope(|scope| {
        let drivers: Vec<_> = paces
            .iter()
            .map(|pace| {
                let done = &done;
                scope.spawn(move || -> Result<(), String> {
                    let times = drive(program, pace, until);
                    let times = times.map_err(|error| format!("{}: {error}", pace.name))?;
                    done.lock().map_err(|e| e.to_string())?.push((pace.name, times));
                    Ok(())
                })
            })
            .collect();
        while !drivers.iter().all(|driver| driver.is_finished()) {
            let (own, all) = program.memory_now();
            samples.push(Sample { seconds: since.elapsed().as_secs_f64(), own, all });
            thread::sleep(Duration::from_millis(500));
        }
        ended.extend(drivers.into_iter().map(|driver| match driver.join() {
            Ok(result) => result,
            Err(_) => Err("a thread of the load panicked".to_owned()),
        }));
    });
    ended.into_iter().collect::<Result<Vec<()>, String>>()?;
    let mut told = There::default();
    for (name, mut times) in done.into_inner().map_err(|_| "poisoned")? {
        times.sort_unstable();
        let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or_default();
        println!(
            "  {name:<28} {:>7} times  p50 {:>8.2} ms  p99 {:>8.2} ms",
            times.len(),
            load::ms(at(50)),
            load::ms(at(99))
        );
        match name {
            "post" | "post to 100 servers" | "post to 300 servers" => told.own += times.len(),
            "note of another server" => told.notes += times.len(),
            _ => {}
        }
    }
    let cpu = program.cpu()?.saturating_sub(cpu);
    let share = cpu.as_secs_f64() / since.elapsed().as_secs_f64() * 100.0;
    println!("  {share:.0} % of the core");
    let ended = Instant::now();
    loop {
        let now = there(folder)?;
        if (now.own - before.own, now.notes - before.notes) == (told.own, told.notes) {
            return Ok(samples);
        }
        if ended.elapsed() > PATIENCE {
            let why = format!("{told:?} were acknowledged, from {before:?} it became {now:?}");
            return Err(why.into());
        }
        thread::sleep(Duration::from_millis(100));
    }
}

/// What somebody who follows 300 people, their friends and their servers do.
fn paces<'a>(seeded: &'a Seeded, pictures: &'a [String]) -> Res<Vec<Pace<'a>>> {
    let people = &seeded.people;
    let bearer = format!("Bearer {}", people.ann.token);
    let reads = [
        "/api/v1/timelines/home?limit=20".to_owned(),
        "/api/v1/notifications?limit=20".to_owned(),
        format!("/api/v1/statuses/{}/context", seeded.thread),
        format!("/api/v1/accounts/{}/statuses?limit=20", people.ann.id),
        "/api/v1/timelines/public?limit=20".to_owned(),
        "/api/v2/search?q=%E5%A4%A9%E6%B0%A3&type=statuses".to_owned(),
        format!("/api/v1/timelines/home?limit=20&max_id={}", seeded.deep),
        "/@ann".to_owned(),
        format!("/@ann/{}", seeded.thread),
        "/api/v1/timelines/home?limit=40".to_owned(),
    ];
    // a photo as telephones make them
    let photo = (KINDS.first().ok_or("no picture")?.make)()?;
    let read = move |number: usize| {
        let path = reads.get(number % reads.len()).map_or("/", String::as_str);
        Ok(request("GET", path, &[("Authorization", &bearer)], None))
    };
    let look = move |number: usize| {
        let path = pictures.get(number * 7 % pictures.len().max(1)).map_or("/", String::as_str);
        Ok(request("GET", path, &[], None))
    };
    let pace = |name, ms, make| Pace { name, every: Duration::from_millis(ms), make };
    Ok(vec![
        pace("read", 100, Box::new(read)),
        pace("picture of elsewhere", 250, Box::new(look)),
        pace("note of another server", 100, Box::new(move |n| create(seeded, FIRST + n))),
        pace("post", 1_000, Box::new(move |n| Ok(post(&people.bob, n)))),
        pace("post to 100 servers", 3_000, Box::new(move |n| Ok(post(&people.ann, n)))),
        pace("post to 300 servers", 60_000, Box::new(move |n| Ok(post(&people.erin, n)))),
        pace("upload", 15_000, Box::new(move |_| Ok(post_file(&people.bob, &photo)))),
    ])
}

/// Sends one kind of request at its pace; how long each took.
fn drive(program: &Program, pace: &Pace<'_>, until: Instant) -> Res<Vec<Duration>> {
    let mut times = Vec::new();
    let begun = Instant::now();
    for number in 0_u32.. {
        let at = begun + pace.every * number;
        if at >= until {
            break;
        }
        thread::sleep(at.saturating_duration_since(Instant::now()));
        let bytes = (pace.make)(usize::try_from(number)?)?;
        let start = Instant::now();
        // each comes to a connection of its own, as from many
        let mut connection = Connection::open(program.address)?;
        let (status, body) = connection.exchange(&bytes)?;
        times.push(start.elapsed());
        if status != 200 && status != 202 {
            return Err(format!("{status} {}", String::from_utf8_lossy(body)).into());
        }
    }
    Ok(times)
}

/// How many statuses of this load are there.
#[derive(Debug, Default)]
struct There {
    own: usize,
    notes: usize,
}

fn there(folder: &Path) -> Res<There> {
    let sql = Sql::open(folder.join("dassie.db"))?;
    sql.busy_timeout(Duration::from_secs(5))?;
    let count = |query: &str| -> Res<usize> {
        Ok(usize::try_from(sql.query_row(query, [], |row| row.get::<_, i64>(0))?)?)
    };
    Ok(There {
        own: count("SELECT count(*) FROM status WHERE local = 1")?,
        notes: count("SELECT count(*) FROM status WHERE uri LIKE '%/bench/%'")?,
    })
}

/// The server's mean of a quarter of the time.
fn quarter(samples: &[Sample], which: usize) -> f64 {
    let part = samples.len() / 4;
    let of: Vec<f64> = samples.iter().skip(part * which).take(part).map(|s| s.own).collect();
    of.iter().sum::<f64>() / of.len().max(1) as f64
}

/// Memory over time: each column is the most of its part of the time, `#` the server and `+` what its
/// helpers had beside it.
fn plot(samples: &[Sample], minutes: u64) -> String {
    let end = samples.last().map_or(1.0, |s| s.seconds) + 0.001;
    let mut most = [(0.0_f64, 0.0_f64); COLUMNS];
    for Sample { seconds, own, all } in samples {
        if let Some(column) = most.get_mut((seconds / end * COLUMNS as f64) as usize) {
            *column = (column.0.max(own / MB), column.1.max(all / MB));
        }
    }
    let step = most.iter().map(|m| m.1).fold(1.0, f64::max) / ROWS as f64;
    let mut out = String::from("\n      MB\n");
    for row in (1..=ROWS).rev() {
        let least = step * (row as f64 - 0.5);
        let mark = |(own, all): &(f64, f64)| match () {
            () if *own >= least => '#',
            () if *all >= least => '+',
            () => ' ',
        };
        let marks: String = most.iter().map(mark).collect();
        out.push_str(&format!("  {:>6.0} |{}\n", step * row as f64, marks.trim_end()));
    }
    out.push_str(&format!(
        "       0 +{}\n        0{:>COLUMNS$} min\n",
        "-".repeat(COLUMNS),
        minutes
    ));
    out
}

/// A control group with the program and what it starts; or, where none can be made, a limit of what
/// one process may allocate.
struct Group {
    kind: &'static str,
    folder: Option<PathBuf>,
}

impl Group {
    fn confine(id: u32, bytes: u64) -> Res<Self> {
        // https://docs.kernel.org/admin-guide/cgroup-v2.html, and its older form
        for (kind, root, mark, limit) in [
            ("cgroup v2", "/sys/fs/cgroup", "cgroup.controllers", "memory.max"),
            ("cgroup v1", "/sys/fs/cgroup/memory", "cgroup.procs", "memory.limit_in_bytes"),
        ] {
            let folder = Path::new(root).join(format!("{GROUP}-{bytes}"));
            if !Path::new(root).join(mark).exists() {
                continue;
            }
            let made = fs::create_dir_all(&folder)
                .and_then(|()| fs::write(folder.join(limit), bytes.to_string()))
                .and_then(|()| fs::write(folder.join("cgroup.procs"), id.to_string()));
            match made {
                Ok(()) => return Ok(Self { kind, folder: Some(folder) }),
                Err(_) => drop(fs::remove_dir(folder)),
            }
        }
        let limit = libc::rlimit { rlim_cur: bytes, rlim_max: bytes };
        let id = libc::pid_t::try_from(id)?;
        // SAFETY: the struct lives through the call, and nothing is to be written back.
        let failed =
            unsafe { libc::prlimit(id, libc::RLIMIT_DATA, &raw const limit, std::ptr::null_mut()) };
        if failed != 0 {
            return Err(std::io::Error::last_os_error().into());
        }
        Ok(Self { kind: "RLIMIT_DATA of each process, no control group can be made", folder: None })
    }

    /// What the kernel counted, with the files that it keeps in memory.
    fn tell(&self) -> String {
        let Some(folder) = &self.folder else { return String::new() };
        let read = |name: &str| fs::read_to_string(folder.join(name)).ok();
        let most = ["memory.peak", "memory.max_usage_in_bytes"].into_iter().find_map(read);
        let most = most.and_then(|text| text.trim().parse::<f64>().ok()).unwrap_or_default();
        let events = ["memory.events", "memory.oom_control"].into_iter().find_map(read);
        let events = events.unwrap_or_default();
        let killed = events.lines().find(|line| line.starts_with("oom_kill ")).unwrap_or("");
        format!("with files kept in memory at the most {} MB, {killed}", number(most / MB))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            // it may not be empty yet
            let _ = fs::remove_dir(folder);
        }
    }
}
