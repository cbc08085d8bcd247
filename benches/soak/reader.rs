//! A person who reads as a trace says, with an app, and looks at each picture that it shows.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::path::Path;

use dassie::clock::{DAY, HOUR};
use serde_json::Value;

use crate::program::Program;
use crate::server::{Look, Order};
use crate::text::{self, Rng};
use crate::trace::{self, Line, What};
use crate::{Day, Res, START};

const WEEK: i64 = 7 * DAY;
/// How many statuses one request gives.
const PAGE: usize = 40;

/// Somebody with an account here.
pub struct Reader {
    rng: Rng,
    trace: Vec<Line>,
    /// Statuses that were seen within a week, and when.
    seen: VecDeque<(i64, i64)>,
    /// When each file was last looked at.
    looked: HashMap<String, i64>,
    /// Those that were favourited or bookmarked, and when.
    marked: VecDeque<(i64, i64)>,
    pub kept: Kept,
}

/// What must not be lost.
#[derive(Default)]
pub struct Kept {
    pub written: Vec<i64>,
    pub marked: Vec<i64>,
    pub uploads: usize,
}

/// The number in a field that holds it as text.
fn id_of(status: &Value) -> Option<i64> {
    status.get("id")?.as_str()?.parse().ok()
}

/// The pictures that an app shows with a status.
fn files_of(status: &Value) -> impl Iterator<Item = &str> {
    let avatar = status.pointer("/account/avatar");
    let attached = status.get("media_attachments").and_then(Value::as_array);
    let attached = attached.into_iter().flatten().filter_map(|one| one.get("url"));
    avatar.into_iter().chain(attached).filter_map(Value::as_str)
}

impl Reader {
    pub fn new(trace: &Path) -> Res<Self> {
        Ok(Self {
            rng: Rng::new(7),
            trace: trace::parse(trace)?,
            seen: VecDeque::new(),
            looked: HashMap::new(),
            marked: VecDeque::new(),
            kept: Kept::default(),
        })
    }

    /// Does what the trace has between these times; it begins anew each week.
    pub fn read(&mut self, program: &mut Program, times: Range<i64>, day: &mut Day) -> Res<()> {
        let from = (times.start - START).rem_euclid(WEEK);
        let due = from..from + (times.end - times.start);
        let lines: Vec<Line> =
            self.trace.iter().filter(|line| due.contains(&line.at)).copied().collect();
        let now = times.start;
        for Line { what, count, hours, .. } in lines {
            let since = now - hours * HOUR;
            match what {
                What::Home => {
                    let shown = list(program, "/api/v1/timelines/home", count)?;
                    self.look(program, &shown, now, day)?;
                }
                What::Public => {
                    let shown = list(program, "/api/v1/timelines/public", count)?;
                    self.look(program, &shown, now, day)?;
                }
                What::Profile => {
                    let at = self.rng.below(program.followed.len());
                    let of = program.followed.get(at).copied().unwrap_or_default();
                    let path = format!("/api/v1/accounts/{of}/statuses");
                    let shown = list(program, &path, count)?;
                    self.look(program, &shown, now, day)?;
                }
                What::Again | What::Marked => {
                    let of = if matches!(what, What::Again) { &self.seen } else { &self.marked };
                    let mut shown = Vec::new();
                    for id in choose(&mut self.rng, of, since, count) {
                        shown.extend(program.get(&format!("/api/v1/statuses/{id}"))?);
                    }
                    self.look(program, &shown, now, day)?;
                }
                What::Like | What::Bookmark => {
                    let ids = choose(&mut self.rng, &self.seen, since, count);
                    let (mut favourites, mut bookmarks) = (ids, Vec::new());
                    if matches!(what, What::Bookmark) {
                        std::mem::swap(&mut favourites, &mut bookmarks);
                    }
                    let marked: Vec<i64> = program.tell(&Order::Mark { favourites, bookmarks })?;
                    self.marked.extend(marked.iter().map(|id| (now, *id)));
                    self.kept.marked.extend(marked);
                }
                What::Post => {
                    for _ in 0..count {
                        self.post(program)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Looks at the files of statuses.
    fn look(&mut self, program: &mut Program, shown: &[Value], now: i64, day: &mut Day) -> Res<()> {
        let files = shown.iter().flat_map(files_of).filter(|file| file.contains("/cache/"));
        let mut files: Vec<String> = files.map(str::to_owned).collect();
        files.sort_unstable();
        files.dedup();
        let order = Order::View(files);
        let looks: Vec<Look> = program.tell(&order)?;
        let Order::View(files) = order else { return Ok(()) };
        for (file, look) in files.into_iter().zip(looks) {
            let picture = file.contains("/cache/o/");
            let again = self.looked.get(&file).is_some_and(|last| now - last <= WEEK);
            let here = look == Look::Here;
            day.looks += 1;
            day.all.count(again, here);
            if picture {
                day.pictures.count(again, here);
            }
            match look {
                Look::Fetched(bytes) => day.fetched += bytes,
                Look::Refused => day.refused += 1,
                Look::Gone => day.gone += 1,
                Look::Here => day.here += 1,
            }
            self.looked.insert(file, now);
        }
        self.seen.extend(shown.iter().filter_map(id_of).map(|id| (now, id)));
        while self.seen.front().is_some_and(|(at, _)| now - at > WEEK) {
            self.seen.pop_front();
        }
        Ok(())
    }

    /// Writes a status, every third one with a picture.
    fn post(&mut self, program: &mut Program) -> Res<()> {
        let text = text::plain(&mut self.rng, "en", 200);
        let picture = self.rng.below(3) == 0;
        self.kept.written.push(program.tell(&Order::Post { text, picture })?);
        self.kept.uploads += usize::from(picture);
        Ok(())
    }

    /// Forgets what was looked at long ago; once a day.
    pub fn forget(&mut self, now: i64) {
        self.looked.retain(|_, last| now - *last <= WEEK);
    }
}

/// The newest `count` statuses of a timeline, a page after the other.
fn list(program: &Program, path: &str, count: usize) -> Res<Vec<Value>> {
    let mut shown: Vec<Value> = Vec::new();
    let mut below = String::new();
    while shown.len() < count {
        let limit = PAGE.min(count - shown.len());
        let page = program.get(&format!("{path}?limit={limit}{below}"))?;
        let Some(Value::Array(page)) = page else { break };
        let Some(last) = page.last().and_then(id_of) else { break };
        below = format!("&max_id={last}");
        shown.extend(page);
    }
    Ok(shown)
}

/// Some of what happened since then.
fn choose(rng: &mut Rng, of: &VecDeque<(i64, i64)>, since: i64, count: usize) -> Vec<i64> {
    let first = of.partition_point(|(at, _)| *at < since);
    let there = of.len() - first;
    let some = (0..count.min(there)).filter_map(|_| of.get(first + rng.below(there)));
    some.map(|(_, id)| *id).collect()
}
