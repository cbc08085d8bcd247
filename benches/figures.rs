//! The figures of the design's section 6, taken from the program itself: `make bench`, or
//! `cargo bench --bench figures -- [--quick] [--fresh] [--only NAME]`; `make hour`, or `--only hour
//! [--minutes N] [--memory-mb N]…`. `--only retention` and `--only upgrade` make a database of
//! 1,000,000 statuses of their own, of 100,000 with `--quick`. With `BENCH_PROGRAM=target/dist/…` it
//! measures that program.
//!
//! The library seeds a database, the program runs on a copy of it as a child process with a core
//! of its own, and the load runs on the other core. CPU is what the kernel counted for the
//! program. All traffic stays on loopback addresses.

#[path = "figures/archive.rs"]
mod archive;
#[path = "figures/backup.rs"]
mod backup;
#[path = "figures/federation.rs"]
mod federation;
#[path = "figures/hour.rs"]
mod hour;
#[path = "figures/load.rs"]
mod load;
#[path = "figures/media.rs"]
mod media;
#[path = "../tests/support/old_statuses.rs"]
mod old_statuses;
#[path = "figures/peers.rs"]
mod peers;
#[path = "figures/people.rs"]
mod people;
#[path = "figures/pictures.rs"]
mod pictures;
#[path = "figures/program.rs"]
mod program;
#[path = "figures/reading.rs"]
mod reading;
#[path = "figures/relays.rs"]
mod relays;
#[path = "figures/retention.rs"]
mod retention;
#[path = "figures/seed.rs"]
mod seed;
#[path = "figures/table.rs"]
mod table;
#[path = "figures/text.rs"]
mod text;
#[path = "figures/upgrade.rs"]
mod upgrade;
#[path = "figures/write.rs"]
mod write;
#[path = "figures/writing.rs"]
mod writing;

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use load::Connection;
use peers::Peers;
use program::Program;
use seed::{Place, Seeded, Size};
use table::{Report, number};

/// Whatever went wrong ends the run with its text.
pub type Res<T> = Result<T, Box<dyn std::error::Error>>;

pub const MB: f64 = 1_000_000.0;
/// The server rests after five quiet seconds, and looks every five whether they were.
const UNTIL_REST: Duration = Duration::from_secs(12);
/// After a start what is due of itself is done first.
const UNTIL_FIRST_REST: Duration = Duration::from_secs(30);
/// What can be measured by itself; the last three only so.
const PARTS: [&str; 19] = [
    "disk",
    "start",
    "read",
    "post",
    "inbound",
    "relays",
    "delivery",
    "search",
    "fanout",
    "flood",
    "viral",
    "upload",
    "cache",
    "firstscreen",
    "archive",
    "backup",
    "hour",
    "retention",
    "upgrade",
];

/// What was asked for.
pub struct Options {
    /// A tenth of the statuses, and shorter loads: to see that it works, not to believe it.
    pub quick: bool,
    fresh: bool,
    only: Option<String>,
    /// Of `hour`: how long, and with how much memory.
    pub minutes: u64,
    pub memory_mb: Vec<u64>,
}

impl Options {
    fn read() -> Res<Self> {
        let mut options =
            Self { quick: false, fresh: false, only: None, minutes: 60, memory_mb: Vec::new() };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            match word.as_str() {
                "--quick" => options.quick = true,
                "--fresh" => options.fresh = true,
                "--only" => {
                    let name = words.next().filter(|name| PARTS.contains(&name.as_str()));
                    let name = name.ok_or_else(|| format!("--only one of {}", PARTS.join(", ")))?;
                    options.only = Some(name);
                }
                "--minutes" => options.minutes = words.next().unwrap_or_default().parse()?,
                "--memory-mb" => {
                    options.memory_mb.push(words.next().unwrap_or_default().parse()?);
                }
                // cargo says so
                "--bench" => {}
                _ => return Err(format!("{word} is not understood").into()),
            }
        }
        if options.memory_mb.is_empty() {
            options.memory_mb = vec![1_000, 256];
        }
        Ok(options)
    }

    fn wants(&self, part: &str) -> bool {
        self.only.as_deref().is_none_or(|only| only == part)
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the benchmark failed: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Res<()> {
    let since = Instant::now();
    let options = Options::read()?;
    let mut report = Report::default();
    let count = if options.quick { 100_000 } else { 1_000_000 };
    match options.only.as_deref() {
        // these make databases of their own
        Some("retention") => retention::measure(&seed::folder("retention")?, count, &mut report)?,
        Some("upgrade") => upgrade::measure(&seed::folder("upgrade")?, count, &mut report)?,
        _ => on_the_seeded(&options, &mut report)?,
    }
    report.print();
    table::machine();
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    println!(
        "command: cargo bench --bench figures -- {}(took {:.0} s)",
        words.iter().map(|word| format!("{word} ")).collect::<String>(),
        since.elapsed().as_secs_f64()
    );
    Ok(())
}

fn on_the_seeded(options: &Options, report: &mut Report) -> Res<()> {
    let size = if options.quick { Size::QUICK } else { Size::FULL };
    let place = Place::of(size)?;
    let seeded = place.open(size, options.fresh)?;
    if options.wants("disk") {
        disk(&seeded, report)?;
    }
    program::pin_load();
    let result = on_a_copy(&place, &seeded, options, report);
    place.clear();
    result
}

fn disk(seeded: &Seeded, report: &mut Report) -> Res<()> {
    println!("seeded in {:.1} s, {} MB", seeded.seconds, number(seeded.file / MB));
    let program = std::fs::metadata(program::file())?.len() as f64;
    report.add("program", Some(15.0), program / MB, "MB");
    report.note("the program is of the bench profile (thin LTO); a release is a little smaller");
    report.add("disk, 1,000 remote statuses", Some(1.5), seeded.per_1000_remote / MB, "MB");
    Ok(())
}

fn on_a_copy(place: &Place, seeded: &Seeded, options: &Options, report: &mut Report) -> Res<()> {
    let all = options.only.is_none();
    let peers = Peers::start()?;
    if all
        || ["start", "read", "post", "inbound", "relays", "delivery"]
            .iter()
            .any(|p| options.wants(p))
    {
        let folder = place.copy()?;
        peers.write_authority(&folder)?;
        if options.wants("start") {
            start(&folder, report)?;
        }
        let program = Program::start(&folder)?;
        let measured = loads(&program, &folder, seeded, &peers, options, report);
        let measured = measured.map_err(|error| {
            format!("{error}\nthe program's last words: {}", program::tail(&folder))
        });
        measured?;
        if all {
            under_pressure(program, &folder, seeded, options, report)?;
        }
        let said = program::tail(&folder);
        if !said.is_empty() {
            println!("the program warned:\n{said}");
        }
    }
    if options.wants("fanout") {
        federation::fan_out(place, seeded, &peers, report)?;
    }
    if options.wants("flood") {
        federation::flood(place, seeded, &peers, options, report)?;
    }
    if options.wants("viral") {
        federation::viral(place, seeded, &peers, options, report)?;
    }
    if options.wants("upload") {
        media::upload(place, seeded, &peers, report)?;
    }
    if options.wants("cache") {
        media::cache(place, seeded, &peers, options, report)?;
    }
    if options.wants("firstscreen") {
        media::first_screen(place, seeded, &peers, report)?;
    }
    if options.wants("archive") {
        archive::measure(place, seeded, &peers, report)?;
    }
    if options.wants("backup") {
        backup::measure(place, seeded, &peers, report)?;
    }
    if options.only.as_deref() == Some("hour") {
        hour::measure(place, seeded, &peers, options, report)?;
    }
    if options.wants("search") {
        reading::search(place, seeded, options, report)?;
    }
    Ok(())
}

/// From the process to its first answer, and what it needs when nobody asks for anything.
fn start(folder: &Path, report: &mut Report) -> Res<()> {
    println!("start:");
    let mut times = Vec::new();
    for _ in 0..5 {
        let program = Program::start(folder)?;
        times.push(load::ms(program.started_in));
        program.stop()?;
    }
    times.sort_by(f64::total_cmp);
    println!(
        "  {}",
        times.iter().map(|t| format!("{} ms", number(*t))).collect::<Vec<_>>().join(", ")
    );
    report.add("start to first 200", Some(50.0), times.get(2).copied().unwrap_or(0.0), "ms");
    let program = Program::start(folder)?;
    println!("  at first {} MB", number(program.memory()?.resident / MB));
    std::thread::sleep(UNTIL_FIRST_REST);
    let memory = program.memory()?;
    println!("  private {} MB", number(memory.private / MB));
    report.add("memory at rest", Some(12.0), memory.resident / MB, "MB");
    // what comes then finds nothing of the program mapped
    let wanted = load::request("GET", "/api/v2/instance", &[], None);
    for name in ["first answer after the rest", "the next one"] {
        let at = Instant::now();
        Connection::open(program.address)?.exchange(&wanted)?;
        report.add(name, None, load::ms(at.elapsed()), "ms");
    }
    program.stop()?;
    Ok(())
}

fn loads(
    program: &Program,
    folder: &Path,
    seeded: &Seeded,
    peers: &Peers,
    options: &Options,
    report: &mut Report,
) -> Res<()> {
    if options.wants("read") {
        reading::measure(program, seeded, options, report)?;
        let memory = program.memory()?;
        println!("  memory after reads: {} MB", number(memory.resident / MB));
    }
    let mut alone = None;
    if options.wants("post") {
        alone = Some(writing::flat(program, folder, seeded, options, report)?);
    }
    if options.wants("inbound") {
        writing::inbound(program, folder, seeded, options, report)?;
    }
    if options.wants("relays") {
        relays::measure(program, folder, peers, options, report)?;
    }
    if options.wants("delivery") {
        let alone = match alone {
            Some(alone) => alone,
            None => writing::posts(program, &seeded.people.bob, 1, 100)?.cpu_ms(),
        };
        writing::deliveries(program, folder, seeded, peers, alone, options, report)?;
    }
    Ok(())
}

/// Dead peers, memory under load, and a stop with much to do.
fn under_pressure(
    program: Program,
    folder: &Path,
    seeded: &Seeded,
    options: &Options,
    report: &mut Report,
) -> Res<()> {
    println!("memory and dead peers:");
    report.add("memory, peak under load", Some(64.0), program.memory()?.peak / MB, "MB");
    std::thread::sleep(UNTIL_REST);
    let memory = program.memory()?;
    println!("  private {} MB", number(memory.private / MB));
    report.add("memory, 12 s after the load", Some(24.0), memory.resident / MB, "MB");

    let time = Duration::from_millis(if options.quick { 500 } else { 2_000 });
    let carol = &seeded.people.carol;
    let of_dead = format!("host LIKE '127.0.3.%:{}'", peers::PORT);
    writing::posts(&program, carol, 1, 1)?;
    // the first of them hang by now
    std::thread::sleep(Duration::from_millis(200));
    let mut worst: f64 = 0.0;
    for connections in [1, 16] {
        let load = reading::home(&program, seeded, connections, time)?;
        load.print("home while deliveries hang", connections);
        worst = worst.max(load::ms(load.p99));
    }
    writing::posts(&program, &seeded.people.bob, 1, 20)?.print("POST while deliveries hang", 1);
    let (_, hanging) = writing::waiting(folder, &of_dead)?;
    if hanging != i64::from(peers::DEAD) {
        return Err(format!("{hanging} deliveries wait for dead peers").into());
    }
    report.add("client reads, p99, dead peers", Some(50.0), worst, "ms");

    let more = if options.quick { 10 } else { 50 };
    writing::posts(&program, carol, 16, more)?;
    writing::posts(&program, &seeded.people.ann, 16, 5)?;
    let (_, queued) = writing::waiting(folder, "1")?;
    let wanted = i64::from(peers::DEAD) * (i64::try_from(more)? + 1);
    report.add("memory, peak of all", Some(64.0), program.memory()?.peak / MB, "MB");
    let took = program.stop()?;
    println!("  stopped with {queued} deliveries queued");
    report.add("stop with a full queue", Some(2_000.0), load::ms(took), "ms");
    let (_, left) = writing::waiting(folder, &of_dead)?;
    if left != wanted {
        return Err(format!("{left} of {wanted} deliveries are left after the stop").into());
    }
    Ok(())
}
