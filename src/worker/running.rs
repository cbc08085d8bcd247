//! What runs now, and what must wait: places that are taken and given back.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::service::import;
use crate::wake::Wake;

/// Of the delivery lane's 16 threads, how many may wait for servers that we know nothing of, or
/// that lately failed. The rest is for those that are known to answer.
const UNKNOWN: usize = 12;
const FAILING: usize = 4;
/// How many jobs may use the network at once; the resolve lane has room for keys and searches
/// beside them.
const ONLINE: usize = 4;
/// How many of these may be imports, whose lines are many: what just arrived does not wait for
/// them.
const IMPORTS: usize = 2;
/// How many jobs are remembered to need the network.
const REMEMBERED: usize = 10_000;

/// Places that are taken.
pub(super) struct Running {
    wake: Arc<Wake>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Servers with a delivery under way.
    hosts: HashSet<String>,
    /// Servers that get nothing before a time, since the last outcome could not be written.
    held: HashMap<String, i64>,
    unknown: usize,
    failing: usize,
    /// Jobs under way, by row and lane.
    jobs: HashSet<i64>,
    lanes: HashSet<String>,
    online: usize,
    /// How many of them are imports.
    imports: usize,
    /// Jobs that were tried without the network and need it.
    need_network: HashSet<i64>,
}

fn is_import(lane: &str) -> bool {
    lane.starts_with(import::LANE)
}

impl State {
    /// Whether one more job of the lane may use the network.
    fn has_room(&self, lane: &str) -> bool {
        self.online < ONLINE && (!is_import(lane) || self.imports < IMPORTS)
    }

    fn count_online(&mut self, lane: &str) {
        self.online += 1;
        self.imports += usize::from(is_import(lane));
    }
}

impl Running {
    pub(super) fn new(wake: Arc<Wake>) -> Self {
        Self { wake, state: Mutex::default() }
    }

    /// A place for a delivery, if its server has none and its kind is not crowded out.
    /// `failures`: 0 it answers, `None` unknown, else so many failures in a row.
    pub(super) fn take_host(
        self: &Arc<Self>,
        host: &str,
        failures: Option<i64>,
        now: i64,
    ) -> Option<Place> {
        let mut state = self.lock();
        let (unknown, failing) = (failures != Some(0), failures.unwrap_or(0) > 0);
        if state.held.get(host).is_some_and(|until| *until > now)
            || state.hosts.contains(host)
            || (unknown && state.unknown >= UNKNOWN)
            || (failing && state.failing >= FAILING)
        {
            return None;
        }
        state.held.remove(host);
        state.hosts.insert(host.to_owned());
        state.unknown += usize::from(unknown);
        state.failing += usize::from(failing);
        let what = What::Host { host: host.to_owned(), unknown, failing };
        Some(Place { running: Arc::clone(self), what, ring: false })
    }

    /// A place for a job, if nothing of its lane runs. `online` for one that will fetch for sure.
    pub(super) fn take_lane(self: &Arc<Self>, job: i64, lane: &str, online: bool) -> Option<Place> {
        let mut state = self.lock();
        let online = online || state.need_network.contains(&job);
        if state.jobs.contains(&job)
            || (!lane.is_empty() && state.lanes.contains(lane))
            || (online && !state.has_room(lane))
        {
            return None;
        }
        state.jobs.insert(job);
        state.lanes.insert(lane.to_owned());
        if online {
            state.count_online(lane);
        }
        let what = What::Job { job, lane: lane.to_owned(), online };
        Some(Place { running: Arc::clone(self), what, ring: false })
    }

    /// When the first held server may be tried again.
    pub(super) fn next_release(&self) -> Option<i64> {
        self.lock().held.values().min().copied()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Something that runs; dropped, it makes room.
pub(super) struct Place {
    running: Arc<Running>,
    what: What,
    ring: bool,
}

enum What {
    Host { host: String, unknown: bool, failing: bool },
    Job { job: i64, lane: String, online: bool },
}

impl Place {
    /// It was started on another thread: its end is worth a look. One that was given back
    /// unused changes nothing, and must not ring, or the worker would ring for itself for ever.
    pub(super) fn ring_when_done(&mut self) {
        self.ring = true;
    }

    /// Its server gets nothing before `time`.
    pub(super) fn hold_until(&self, time: i64) {
        if let What::Host { host, .. } = &self.what {
            self.running.lock().held.insert(host.clone(), time);
        }
    }

    /// Whether it counts as one that fetches.
    pub(super) fn is_online(&self) -> bool {
        matches!(self.what, What::Job { online: true, .. })
    }

    /// The job needs the network: from now on it counts as one that fetches, if there is room.
    pub(super) fn go_online(&mut self) -> bool {
        let mut state = self.running.lock();
        if let What::Job { job, lane, online } = &mut self.what {
            if state.need_network.len() >= REMEMBERED {
                state.need_network.clear();
            }
            state.need_network.insert(*job);
            if !*online && state.has_room(lane) {
                state.count_online(lane);
                *online = true;
            }
            return *online;
        }
        false
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.running.lock();
        match &self.what {
            What::Host { host, unknown, failing } => {
                state.hosts.remove(host);
                state.unknown -= usize::from(*unknown);
                state.failing -= usize::from(*failing);
            }
            What::Job { job, lane, online } => {
                state.jobs.remove(job);
                state.lanes.remove(lane);
                state.online -= usize::from(*online);
                state.imports -= usize::from(*online && is_import(lane));
                if self.ring {
                    state.need_network.remove(job);
                }
            }
        }
        drop(state);
        if self.ring {
            self.running.wake.rouse();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_that_answer_always_find_room() {
        let running = Arc::new(Running::new(Arc::default()));
        let mut places = Vec::new();
        for number in 0..100 {
            let failures = if number % 2 == 0 { None } else { Some(3) };
            places.extend(running.take_host(&format!("{number}.example"), failures, 0));
        }
        assert!(places.len() <= UNKNOWN);
        assert!(running.take_host("good.example", Some(0), 0).is_some());
        drop(places);
        let first = running.take_host("a.example", None, 0);
        assert!(first.is_some() && running.take_host("a.example", None, 0).is_none());
    }

    #[test]
    fn a_place_given_back_unused_does_not_ring() {
        let wake = Arc::new(Wake::default());
        let running = Arc::new(Running::new(Arc::clone(&wake)));
        drop(running.take_lane(1, "a", false));
        assert!(!wake.is_rung());
        let mut place = running.take_lane(1, "a", true).unwrap();
        place.ring_when_done();
        drop(place);
        assert!(wake.is_rung());
    }

    #[test]
    fn imports_leave_room_for_what_arrives() {
        let running = Arc::new(Running::new(Arc::default()));
        let lane = |number: i64| format!("{}{number}.example", import::LANE);
        let mut places: Vec<Place> =
            (0..9).filter_map(|number| running.take_lane(number, &lane(number), true)).collect();
        assert_eq!(places.len(), IMPORTS);
        let mut late = running.take_lane(20, &lane(20), false).unwrap();
        assert!(!late.go_online());
        let arrived = running.take_lane(21, "a.example", true).unwrap();
        // one that is given back makes room for another
        places.pop();
        assert!(late.go_online());
        drop((places, late, arrived));
        let state = running.lock();
        assert_eq!((state.online, state.imports), (0, 0));
    }

    #[test]
    fn a_held_server_waits_for_its_time() {
        let running = Arc::new(Running::new(Arc::default()));
        running.take_host("a.example", Some(0), 0).unwrap().hold_until(50);
        assert!(running.take_host("a.example", Some(0), 49).is_none());
        assert_eq!(running.next_release(), Some(50));
        assert!(running.take_host("a.example", Some(0), 50).is_some());
    }
}
