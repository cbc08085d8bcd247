//! What was measured, beside what the design demands.

use std::fmt::Write as _;

/// All figures of a run, in the order in which they were taken.
#[derive(Default)]
pub struct Report {
    rows: Vec<Row>,
    notes: Vec<String>,
}

struct Row {
    name: String,
    /// At the most this much; `None`: the design says nothing.
    limit: Option<f64>,
    value: f64,
    unit: &'static str,
}

impl Report {
    pub fn add(&mut self, name: &str, limit: Option<f64>, value: f64, unit: &'static str) {
        println!("  {name}: {} {unit}", number(value));
        self.rows.push(Row { name: name.to_owned(), limit, value, unit });
    }

    /// Something that the reader of the table has to know.
    pub fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    pub fn print(&self) {
        let width = self.rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0);
        let mut out = format!("\n{:width$}  {:>12}  {:>12}\n", "figure", "target", "measured");
        for row in &self.rows {
            let (target, verdict) = match row.limit {
                Some(limit) if row.value <= limit => (format!("≤ {}", number(limit)), "ok"),
                Some(limit) => (format!("≤ {}", number(limit)), "MISS"),
                None => ("-".to_owned(), ""),
            };
            // writing to a String cannot fail
            let _ = writeln!(
                out,
                "{:width$}  {target:>12}  {:>12} {:7} {verdict}",
                row.name,
                number(row.value),
                row.unit
            );
        }
        for note in &self.notes {
            let _ = writeln!(out, "note: {note}");
        }
        print!("{out}");
    }
}

/// Three digits that count.
pub fn number(value: f64) -> String {
    match value.abs() {
        v if v >= 100.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        v if v >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

/// Prints the machine that all this was measured on.
pub fn machine() {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cpu = read("/proc/cpuinfo")
        .lines()
        .find_map(|line| {
            line.strip_prefix("model name")?.split_once(": ").map(|(_, m)| m.to_owned())
        })
        .unwrap_or_else(|| "unknown".into());
    let memory = read("/proc/meminfo")
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:").map(|rest| rest.trim().to_owned()))
        .unwrap_or_default();
    println!(
        "\nmachine: {cpu}, {} cores, {memory}, Linux {}, load {}",
        crate::program::cores(),
        read("/proc/sys/kernel/osrelease").trim(),
        read("/proc/loadavg").split_whitespace().take(3).collect::<Vec<_>>().join(" ")
    );
}
