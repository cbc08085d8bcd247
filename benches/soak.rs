//! A year on a small disk, in the time of a clock that is turned by hand: `make soak`, or
//! `cargo bench --bench soak -- [--days N] [--statuses N] [--limit-mb N] [--trace FILE]`.
//!
//! Relays bring statuses with pictures, a person looks at some of them as a trace says, and the
//! worker keeps house. Rows are real, and so are the files of the cache, but for what is in them:
//! they have their size and take no room. A line a day tells what is there.

#[path = "soak/reader.rs"]
mod reader;
#[path = "soak/relays.rs"]
mod relays;
#[path = "soak/shelf.rs"]
mod shelf;
#[path = "figures/text.rs"]
#[allow(dead_code, reason = "shared with the benchmark")]
mod text;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use dassie::app::{App, Surroundings};
use dassie::clock::{Clock, DAY, HOUR};
use dassie::config::{Config, Size};
use dassie::worker::Worker;

use reader::Reader;
use relays::Relays;
use shelf::Shelf;

/// Whatever went wrong ends the run with its text.
pub type Res<T> = Result<T, Box<dyn std::error::Error>>;

/// 2026-01-01
const START: i64 = 1_767_225_600_000;
pub const MB: f64 = 1_000_000.0;
/// What the design allows.
const MOST_MEMORY: f64 = 64.0;
const MOST_DATABASE: f64 = 2_000.0;
const LEAST_HITS: f64 = 90.0;
/// The worker is done when it wrote nothing for so long.
const QUIET: Duration = Duration::from_millis(40);

struct Options {
    days: i64,
    statuses: usize,
    limit_mb: u64,
    trace: PathBuf,
}

impl Options {
    fn read() -> Res<Self> {
        let trace = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/soak/week.csv");
        let mut options = Self { days: 365, statuses: 70_000, limit_mb: 2_000, trace };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            if word == "--bench" {
                continue;
            }
            let value = words.next().ok_or_else(|| format!("{word} wants a value"))?;
            match word.as_str() {
                "--days" => options.days = value.parse()?,
                "--statuses" => options.statuses = value.parse()?,
                "--limit-mb" => options.limit_mb = value.parse()?,
                "--trace" => options.trace = value.into(),
                _ => return Err(format!("{word} is not understood").into()),
            }
        }
        Ok(options)
    }
}

fn main() -> ExitCode {
    match Options::read().and_then(|options| run(&options)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("the soak failed: {error}");
            ExitCode::FAILURE
        }
    }
}

fn folder() -> Res<PathBuf> {
    // target/release/deps/soak-…
    let program = std::env::current_exe()?;
    let target = program.ancestors().nth(3).ok_or("no target folder")?;
    let folder = target.join("soak-data");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// What happened on one day, and what is there at its end.
#[derive(Default)]
pub struct Day {
    pub arrived: usize,
    /// Of all files that could have been fetched.
    pub offered: u64,
    pub viewed: u64,
    pub hits: u64,
    /// Looked at before within a week.
    pub again: u64,
    pub again_hits: u64,
    pub fetched: u64,
    /// Refused for want of room.
    pub refused: u64,
}

fn run(options: &Options) -> Res<bool> {
    let folder = folder()?;
    let clock = Clock::manual(START);
    let mut config = Config::default();
    config.server.host = "soak.example".into();
    config.storage.data_dir = folder.clone();
    config.media.cache_max_size = Size(options.limit_mb * 1_000_000);
    let surroundings = Surroundings { clock: clock.clone(), ..Surroundings::default() };
    let app = App::open(config, surroundings)?;
    let worker = Worker::start(&app)?;
    let mut relays = Relays::new(&app, options.statuses)?;
    let mut shelf = Shelf::new(&app, folder.join("cache"), options.limit_mb * 1_000_000);
    let mut reader = Reader::new(&app, &options.trace, relays.followed())?;

    println!(
        "{:>4} {:>7} {:>9} {:>8} {:>7} {:>7} {:>7} {:>6} {:>7} {:>7} {:>7} {:>6}",
        "day",
        "arrived",
        "offered",
        "statuses",
        "db MB",
        "cache",
        "files",
        "hit %",
        "again %",
        "fetched",
        "memory",
        "took s"
    );
    let (mut good, mut peaks) = (true, (0.0_f64, 0.0_f64));
    let (mut again, mut again_hits) = (0, 0);
    for number in 0..options.days {
        let since = Instant::now();
        let mut day = Day::default();
        for hour in 0..24 {
            let begin = START + number * DAY + hour * HOUR;
            for part in 0..4 {
                relays.bring(&app, options.statuses / 96, &mut day)?;
                let until = begin + (part + 1) * HOUR / 4;
                reader.read(&app, until - HOUR / 4..until, START, &mut shelf, &mut day)?;
                clock.advance(until - clock.now_ms());
            }
            keep_house(&app);
        }
        again += day.again;
        again_hits += day.again_hits;
        let size = size_of(&folder, "dassie.db") + size_of(&folder, "dassie.db-wal");
        let memory = memory()?;
        peaks = (peaks.0.max(size), peaks.1.max(memory));
        let used = shelf.used(&app)?;
        good &= used.fits;
        println!(
            "{:>4} {:>7} {:>6.2} GB {:>8} {:>7.1} {:>7.1} {:>7} {:>6.1} {:>7.1} {:>7.1} {:>7.1} {:>6.1}",
            number + 1,
            day.arrived,
            day.offered as f64 / 1e9,
            relays::count(&folder)?,
            size,
            used.bytes as f64 / MB,
            used.files,
            percent(day.hits, day.viewed),
            percent(day.again_hits, day.again),
            day.fetched as f64 / MB,
            memory,
            since.elapsed().as_secs_f64(),
        );
        if day.refused > 0 {
            println!("     {} files found no room", day.refused);
        }
    }
    let lost = reader.lost(&app, &folder)?;
    app.wake.close();
    worker.stop();
    app.close();
    println!();
    let hits = percent(again_hits, again);
    let checks = [
        ("cache never above its limit", if good { 0.0 } else { 1.0 }, 0.0),
        ("database, most, MB", peaks.0, MOST_DATABASE),
        ("memory, most, MB", peaks.1, MOST_MEMORY),
        ("of what was seen twice within a week, not here %", 100.0 - hits, 100.0 - LEAST_HITS),
        ("of what was written, favourited or uploaded here, lost", lost as f64, 0.0),
    ];
    for (what, measured, most) in checks {
        let said = if measured <= most { "ok" } else { "MISS" };
        good &= measured <= most;
        println!("{what:<56} {measured:>9.1}  (at most {most})  {said}");
    }
    Ok(good)
}

/// Lets the worker do what is due at this time.
fn keep_house(app: &App) {
    app.wake.rouse();
    let mut quiet = Instant::now();
    let mut commits = app.db.commits();
    while quiet.elapsed() < QUIET {
        std::thread::sleep(Duration::from_millis(4));
        let now = app.db.commits();
        if now != commits || app.wake.is_rung() {
            (commits, quiet) = (now, Instant::now());
        }
    }
}

fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 100.0 } else { part as f64 * 100.0 / whole as f64 }
}

fn size_of(folder: &Path, name: &str) -> f64 {
    std::fs::metadata(folder.join(name)).map_or(0.0, |about| about.len() as f64 / MB)
}

/// What this process holds in memory, in MB; what the soak itself remembers is in it.
fn memory() -> Res<f64> {
    let text = std::fs::read_to_string("/proc/self/status")?;
    let line = text.lines().find(|line| line.starts_with("VmRSS:")).ok_or("no VmRSS")?;
    let number = line.split_whitespace().nth(1).ok_or("no number")?;
    Ok(number.parse::<f64>()? * 1024.0 / MB)
}
