//! Numbers for who watches the server: requests by kind and outcome, and how deliveries ended.
//! Plain counters in memory, which begin at zero with the process. The sets of names are fixed: a
//! stranger cannot make them grow.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Kinds of addresses, by how they begin; the first that fits counts.
const ROUTES: &[(&str, &[&str])] = &[
    ("streaming", &["/api/v1/streaming"]),
    ("media_upload", &["/api/v1/media", "/api/v2/media"]),
    ("api", &["/api/"]),
    ("oauth", &["/oauth/", "/auth/", "/settings"]),
    ("inbox", &["/inbox"]),
    ("actor", &["/users/", "/actor"]),
    ("well_known", &["/.well-known/", "/nodeinfo/"]),
    ("file", &["/media/", "/cache/", "/emoji/", "/assets/"]),
    ("page", &["/"]),
];

/// Upper ends of the parts of time, in milliseconds; above the last is one more.
const BUCKETS: [u64; 6] = [1, 5, 25, 100, 500, 2500];

/// What one kind of address came to.
#[derive(Debug, Default)]
struct Route {
    /// 1xx to 5xx.
    statuses: [AtomicU64; 5],
    /// Not added up.
    buckets: [AtomicU64; BUCKETS.len() + 1],
    /// Microseconds.
    time: AtomicU64,
}

/// How a delivery ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivered {
    Arrived,
    /// It is tried again.
    Later,
    /// The server wants it never, or nothing ever again.
    Refused,
    /// We do not send it.
    Dropped,
}

const OUTCOMES: [(Delivered, &str); 4] = [
    (Delivered::Arrived, "arrived"),
    (Delivered::Later, "later"),
    (Delivered::Refused, "refused"),
    (Delivered::Dropped, "dropped"),
];

/// All counters, and since when they count.
#[derive(Debug)]
pub struct Meter {
    started: Instant,
    routes: [Route; ROUTES.len()],
    deliveries: [AtomicU64; OUTCOMES.len()],
}

impl Default for Meter {
    fn default() -> Self {
        Self { started: Instant::now(), routes: Default::default(), deliveries: Default::default() }
    }
}

impl Meter {
    /// How long the process has been at it.
    pub fn uptime(&self) -> Duration {
        self.started.elapsed()
    }

    /// A request was answered.
    pub fn request(&self, path: &str, status: u16, time: Duration) {
        // what is delivered to one person is the inbox as well
        let inbox = path.starts_with("/users/") && path.ends_with("/inbox");
        let fits = |(name, starts): &&(&str, &[&str])| {
            if inbox { *name == "inbox" } else { starts.iter().any(|s| path.starts_with(s)) }
        };
        let at = ROUTES.iter().position(|route| fits(&route)).unwrap_or(ROUTES.len() - 1);
        let Some(route) = self.routes.get(at) else { return };
        let class = usize::from(status / 100).clamp(1, 5) - 1;
        if let Some(counter) = route.statuses.get(class) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        let us = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let part = BUCKETS.iter().position(|end| us <= end * 1000).unwrap_or(BUCKETS.len());
        if let Some(counter) = route.buckets.get(part) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        route.time.fetch_add(us, Ordering::Relaxed);
    }

    /// A delivery ended, for now or for good.
    pub fn delivery(&self, how: Delivered) {
        let at = OUTCOMES.iter().position(|(one, _)| *one == how);
        if let Some(counter) = at.and_then(|at| self.deliveries.get(at)) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Everything in Prometheus' text format.
    /// <https://prometheus.io/docs/instrumenting/exposition_formats/>
    pub fn render(&self) -> String {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let mut text = String::with_capacity(8 * 1024);
        head(&mut text, "dassie_requests_total", "counter", "Requests by kind and outcome");
        for ((name, _), route) in ROUTES.iter().zip(&self.routes) {
            for (class, counter) in (1..).zip(&route.statuses) {
                let labels = format!("route=\"{name}\",status=\"{class}xx\"");
                line(&mut text, "dassie_requests_total", &labels, get(counter));
            }
        }
        let time = "dassie_request_seconds";
        head(&mut text, time, "histogram", "Time until an answer began");
        for ((name, _), route) in ROUTES.iter().zip(&self.routes) {
            let mut sum = 0;
            for (at, counter) in route.buckets.iter().enumerate() {
                sum += get(counter);
                let end = BUCKETS.get(at).map_or("+Inf".to_owned(), |ms| seconds(ms * 1000));
                let labels = format!("route=\"{name}\",le=\"{end}\"");
                line(&mut text, "dassie_request_seconds_bucket", &labels, sum);
            }
            let labels = format!("route=\"{name}\"");
            let spent = seconds(get(&route.time));
            line(&mut text, "dassie_request_seconds_sum", &labels, spent);
            line(&mut text, "dassie_request_seconds_count", &labels, sum);
        }
        let name = "dassie_deliveries_total";
        head(&mut text, name, "counter", "Deliveries by how they ended");
        for ((_, outcome), counter) in OUTCOMES.iter().zip(&self.deliveries) {
            line(&mut text, name, &format!("outcome=\"{outcome}\""), get(counter));
        }
        text
    }
}

/// A number that goes up and down, for the same page.
pub fn gauge(text: &mut String, name: &str, help: &str, value: u64) {
    head(text, name, "gauge", help);
    let _ = writeln!(text, "{name} {value}");
}

fn head(text: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(text, "# HELP {name} {help}.\n# TYPE {name} {kind}");
}

fn line(text: &mut String, name: &str, labels: &str, value: impl std::fmt::Display) {
    let _ = writeln!(text, "{name}{{{labels}}} {value}");
}

/// Microseconds as seconds, exact.
fn seconds(us: u64) -> String {
    let text = format!("{}.{:06}", us / 1_000_000, us % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_kind_whatever_strangers_ask_for() {
        let meter = Meter::default();
        let before = meter.render().lines().count();
        for (path, status, ms) in [
            ("/api/v1/timelines/home", 200, 2),
            ("/api/v2/media", 202, 3000),
            ("/users/ann/inbox", 202, 1),
            ("/inbox", 401, 1),
            ("/@ann", 200, 6),
            ("/wp-login.php\"} 9\n", 404, 0),
            ("", 999, 0),
        ] {
            meter.request(path, status, Duration::from_millis(ms));
        }
        meter.delivery(Delivered::Later);
        let text = meter.render();
        assert_eq!(text.lines().count(), before);
        for line in [
            "dassie_requests_total{route=\"api\",status=\"2xx\"} 1",
            "dassie_requests_total{route=\"media_upload\",status=\"2xx\"} 1",
            "dassie_requests_total{route=\"inbox\",status=\"2xx\"} 1",
            "dassie_requests_total{route=\"inbox\",status=\"4xx\"} 1",
            "dassie_requests_total{route=\"page\",status=\"4xx\"} 1",
            "dassie_request_seconds_bucket{route=\"api\",le=\"0.001\"} 0",
            "dassie_request_seconds_bucket{route=\"api\",le=\"0.005\"} 1",
            "dassie_request_seconds_bucket{route=\"media_upload\",le=\"2.5\"} 0",
            "dassie_request_seconds_bucket{route=\"media_upload\",le=\"+Inf\"} 1",
            "dassie_request_seconds_sum{route=\"media_upload\"} 3",
            "dassie_deliveries_total{outcome=\"later\"} 1",
        ] {
            assert!(text.lines().any(|have| have == line), "{line}\n{text}");
        }
    }
}
