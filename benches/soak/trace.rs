//! What somebody does in a week, from a file: its columns are explained in `busy.csv`.

use std::fs;
use std::path::Path;

use dassie::clock::{DAY, HOUR, MINUTE};

use crate::Res;

/// One line of the trace.
#[derive(Clone, Copy)]
pub struct Line {
    /// Of the week, in milliseconds.
    pub at: i64,
    pub what: What,
    pub count: usize,
    /// How long ago at the most what it is about was seen.
    pub hours: i64,
}

#[derive(Clone, Copy)]
pub enum What {
    Home,
    Public,
    Profile,
    Again,
    Marked,
    Like,
    Bookmark,
    Post,
}

/// Reads a trace.
pub fn parse(path: &Path) -> Res<Vec<Line>> {
    let text = fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let mut lines = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if line.starts_with('#') || line.starts_with("day,") || line.trim().is_empty() {
            continue;
        }
        let wrong = || format!("{}, line {}: {line} is not understood", path.display(), number + 1);
        lines.push(parse_line(line).ok_or_else(wrong)?);
    }
    Ok(lines)
}

fn parse_line(line: &str) -> Option<Line> {
    let fields: Vec<&str> = line.split(',').map(str::trim).collect();
    let [day, time, what, count, hours] = fields[..] else { return None };
    let (hour, minute) = time.split_once(':')?;
    let what = match what {
        "home" => What::Home,
        "public" => What::Public,
        "profile" => What::Profile,
        "again" => What::Again,
        "marked" => What::Marked,
        "like" => What::Like,
        "bookmark" => What::Bookmark,
        "post" => What::Post,
        _ => return None,
    };
    let [day, hour, minute] = [day, hour, minute].map(|text| text.parse::<i64>().ok());
    Some(Line {
        at: day? * DAY + hour? * HOUR + minute? * MINUTE,
        what,
        count: count.parse().ok()?,
        hours: if hours.is_empty() { 0 } else { hours.parse().ok()? },
    })
}
