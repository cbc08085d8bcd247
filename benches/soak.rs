//! A year on a small disk, in the time of a clock that is turned by hand: `make soak`, or
//! `cargo bench --bench soak -- [--days N] [--statuses N] [--limit-mb N] [--trace FILE]
//! [--folder DIR] [--weekly]`. A folder in memory leaves out what the disk takes for its commits.
//!
//! A whole server runs in a process of its own, so that its memory is nobody else's. Relays bring
//! statuses with pictures, a person reads with an app as a trace says and looks at the pictures,
//! and the worker keeps house. Rows are real, and so are the files of the cache, but for what is
//! in them: they have their size and take no room. A line a day tells what is there, and each
//! day is held to what the design allows.

#[path = "soak/check.rs"]
mod check;
#[path = "soak/people.rs"]
mod people;
#[path = "soak/program.rs"]
mod program;
#[path = "soak/reader.rs"]
mod reader;
#[path = "soak/relays.rs"]
mod relays;
#[path = "soak/server.rs"]
mod server;
#[path = "figures/text.rs"]
#[allow(dead_code, reason = "shared with the benchmark")]
mod text;
#[path = "soak/trace.rs"]
mod trace;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use dassie::clock::{DAY, HOUR};

use check::{Place, There};
use program::Program;
use reader::{Kept, Reader};
use relays::Relays;
use server::Order;

/// Whatever went wrong ends the run with its text.
pub type Res<T> = Result<T, Box<dyn std::error::Error>>;

/// 2026-01-01
pub const START: i64 = 1_767_225_600_000;
pub const HOST: &str = "soak.example";
pub const MB: f64 = 1_000_000.0;
/// What the design allows.
const MOST_MEMORY: f64 = 64.0;
const MOST_DATABASE: f64 = 2_000.0;
const LEAST_HITS: f64 = 90.0;

struct Options {
    days: i64,
    statuses: usize,
    limit: u64,
    trace: PathBuf,
    /// Where the data are; below the target folder by default.
    folder: Option<PathBuf>,
    weekly: bool,
}

impl Options {
    fn read(mut words: impl Iterator<Item = String>) -> Res<Self> {
        let trace = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/soak/busy.csv");
        let mut options = Self {
            days: 365,
            statuses: 70_000,
            limit: 2_000_000_000,
            trace,
            folder: None,
            weekly: false,
        };
        while let Some(word) = words.next() {
            if word == "--weekly" {
                options.weekly = true;
                continue;
            }
            let value = words.next().ok_or_else(|| format!("{word} wants a value"))?;
            match word.as_str() {
                "--days" => options.days = value.parse()?,
                "--statuses" => options.statuses = value.parse()?,
                "--limit-mb" => options.limit = value.parse::<u64>()? * 1_000_000,
                "--trace" => options.trace = value.into(),
                "--folder" => options.folder = Some(value.into()),
                _ => return Err(format!("{word} is not understood").into()),
            }
        }
        Ok(options)
    }
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let done = match words.as_slice() {
        [word, folder, limit] if word == "--server" => limit
            .parse()
            .map_err(Into::into)
            .and_then(|limit| server::run(Path::new(folder), limit))
            .map(|()| true),
        _ => Options::read(words.into_iter()).and_then(|options| run(&options)),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("the soak failed: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A new folder for the data, in place of that of the last run.
fn make_folder(within: Option<&Path>) -> Res<PathBuf> {
    // target/release/deps/soak-…
    let program = std::env::current_exe()?;
    let within = within.or_else(|| program.ancestors().nth(3)).ok_or("no target folder")?;
    let folder = within.join("soak-data");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Looks at what was looked at before within a week, and how many found it here.
#[derive(Clone, Copy, Default)]
pub struct Twice {
    looks: u64,
    here: u64,
}

impl Twice {
    fn count(&mut self, again: bool, here: bool) {
        self.looks += u64::from(again);
        self.here += u64::from(again && here);
    }

    fn add(&mut self, other: Self) {
        self.looks += other.looks;
        self.here += other.here;
    }

    fn percent(self) -> f64 {
        percent(self.here, self.looks)
    }
}

/// What happened on one day.
#[derive(Default)]
pub struct Day {
    pub arrived: usize,
    /// Bytes of all files that could have been fetched, and of those that were.
    pub offered: u64,
    pub fetched: u64,
    pub looks: u64,
    pub here: u64,
    /// Refused for want of room.
    pub refused: u64,
    /// What it belongs to went between the reading and the look.
    pub gone: u64,
    /// Of all files, and of the pictures in statuses alone.
    pub all: Twice,
    pub pictures: Twice,
    /// The most that the cache held, by its own count, in bytes.
    pub most: u64,
}

const HEADINGS: &str = " day arrived  offered  fetched   looks here %  2nd % pict % | statuses   \
     db MB cache MB  files | peak MB  cpu s took s";

fn run(options: &Options) -> Res<bool> {
    let folder = make_folder(options.folder.as_deref())?;
    let mut program = Program::start(&folder, options.limit)?;
    let place = Place::open(&folder)?;
    let mut relays = Relays::new();
    let mut reader = Reader::new(&options.trace)?;
    println!(
        "here: found in the cache. 2nd: of what was looked at before within a week, all files and \
         pictures\nof statuses alone. peak, cpu: of the server's process, with the pages of its \
         program; took: of everything.\n\n{HEADINGS}"
    );
    let mut good = true;
    // of the last seven days
    let mut week: VecDeque<Twice> = VecDeque::new();
    let (mut most_memory, mut most_database, mut least_hits) = (0.0_f64, 0.0_f64, 100.0_f64);
    for number in 0..options.days {
        let (since, cpu) = (Instant::now(), program.seconds()?);
        let mut day = Day::default();
        for quarter in 0..96 {
            let now = START + number * DAY + quarter * HOUR / 4;
            relays.bring(&mut program, options.statuses / 96, now, &mut day)?;
            reader.read(&mut program, now..now + HOUR / 4, &mut day)?;
            day.most = day.most.max(program.tell(&Order::Turn(HOUR / 4))?);
        }
        reader.forget(START + (number + 1) * DAY);
        let (there, memory) = (place.look_at_rest(&reader.kept)?, program.peak()?);
        week.push_back(day.all);
        if week.len() > 7 {
            week.pop_front();
        }
        let mut hits = Twice::default();
        week.iter().for_each(|one| hits.add(*one));
        most_memory = most_memory.max(memory);
        most_database = most_database.max(there.database);
        least_hits = least_hits.min(hits.percent());
        let wrong = judge(&day, &there, memory, hits.percent(), options.limit);
        good &= wrong.is_empty();
        if !options.weekly || number % 7 == 6 || number + 1 == options.days || !wrong.is_empty() {
            let cpu = program.seconds()? - cpu;
            print(number + 1, &day, &there, memory, (cpu, since.elapsed().as_secs_f64()));
        }
        for what in wrong {
            println!("     MISS: {what}");
        }
    }
    program.end()?;
    if !place.is_whole()? {
        good = false;
        println!("     MISS: rows refer to others that are gone");
    }
    let Kept { written, marked, uploads } = &reader.kept;
    println!(
        "\nwritten {}, favourited or bookmarked {}, uploaded {uploads} here\ndatabase at the most {most_database:.0} MB (of {MOST_DATABASE}), memory \
         {most_memory:.1} MB (of {MOST_MEMORY}), second looks of a week that found the file here \
         at the least {least_hits:.1} % (of {LEAST_HITS})\n{}",
        written.len(),
        marked.len(),
        if good { "ok" } else { "MISS: see above" },
    );
    Ok(good)
}

/// What the design does not allow.
fn judge(day: &Day, there: &There, memory: f64, hits: f64, limit: u64) -> Vec<String> {
    let (bytes, files) = there.cache;
    let mut wrong = Vec::new();
    if day.most > limit || bytes > limit {
        wrong.push(format!("the cache held {} bytes, {bytes} now", day.most));
    }
    if there.cache != there.cache_rows {
        let (rows_bytes, rows) = there.cache_rows;
        wrong.push(format!(
            "the cache folder has {files} files of {bytes} bytes, the tables {rows} of {rows_bytes}"
        ));
    }
    if there.database > MOST_DATABASE {
        wrong.push(format!("the database is {:.0} MB", there.database));
    }
    if memory > MOST_MEMORY {
        wrong.push(format!("memory {memory:.1} MB"));
    }
    if there.lost > 0 {
        wrong.push(format!("{} of what was made or marked here are lost", there.lost));
    }
    if hits < LEAST_HITS {
        wrong.push(format!("of a week's second looks {hits:.1} % found the file here"));
    }
    if day.refused > 0 {
        wrong.push(format!("{} files found no room", day.refused));
    }
    wrong
}

fn print(number: i64, day: &Day, there: &There, memory: f64, (cpu, took): (f64, f64)) {
    if number > 1 && number % 28 == 1 {
        println!("{HEADINGS}");
    }
    println!(
        "{number:>4} {:>7} {:>5.2} GB {:>5.0} MB {:>7} {:>6.1} {:>6.1} {:>6.1} | {:>8} {:>7.1} \
         {:>8.1} {:>6} | {memory:>7.1} {cpu:>6.1} {took:>6.1}",
        day.arrived,
        day.offered as f64 / 1e9,
        day.fetched as f64 / MB,
        day.looks,
        percent(day.here, day.looks),
        day.all.percent(),
        day.pictures.percent(),
        there.statuses,
        there.database,
        there.cache.0 as f64 / MB,
        there.cache.1,
    );
}

fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 100.0 } else { part as f64 * 100.0 / whole as f64 }
}
