//! What runs now, and what must wait: places that are taken and given back.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::wake::Wake;

/// How many deliveries may be under way, and of these how many to servers that we know nothing of,
/// or that lately failed. The rest is for those that are known to answer.
const QUICK: usize = 24;
const UNKNOWN: usize = 20;
const FAILING: usize = 4;
/// One that takes longer than this makes room for another beside it: a few servers that hang must
/// not hold up all others, and one that is far away costs nothing while we wait for it. So many
/// may do so at once; a failing one never does.
const SLOW: Duration = Duration::from_millis(40);
const MANY_SLOW: usize = 24;
/// While so many are quick, one that ends does not ring: a look costs more than an empty place, and
/// `next_room` brings one soon.
const BUSY: usize = QUICK - 4;
/// How many jobs may use the network at once; the resolve lane has room for keys and searches
/// beside them.
const ONLINE: usize = 4;
/// As for deliveries: jobs that wait for slow servers.
const SLOW_JOB: Duration = Duration::from_secs(2);
const MANY_SLOW_JOBS: usize = 8;
/// Of these, how many may be of kinds that nobody waits for: pages that profiles link to are
/// chosen by strangers, and may be slow on purpose.
const PATIENT: usize = 2;
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
    hosts: HashMap<String, Under>,
    /// Servers that get nothing before a time, since the last outcome could not be written; jobs
    /// that wait for the same reason.
    held: HashMap<String, i64>,
    held_jobs: HashMap<i64, i64>,
    /// Jobs under way, by row and lane.
    jobs: HashSet<i64>,
    lanes: HashSet<String>,
    /// Those that use the network: since when, and whether nobody waits for it.
    online: HashMap<i64, (Instant, bool)>,
    /// Jobs that were tried without the network and need it.
    need_network: HashSet<i64>,
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
        let since = Instant::now();
        let under =
            Under { since, unknown: failures != Some(0), failing: failures.unwrap_or(0) > 0 };
        if state.held.get(host).is_some_and(|until| *until > now)
            || state.hosts.contains_key(host)
            || !state.has_room_for(&under, since)
        {
            return None;
        }
        state.held.remove(host);
        state.hosts.insert(host.to_owned(), under);
        let what = What::Host { host: host.to_owned() };
        Some(Place { running: Arc::clone(self), what, ring: false })
    }

    /// Whether no delivery finds room, wherever it goes.
    pub(super) fn is_full(&self) -> bool {
        self.lock().quick(|_| true, Instant::now()) >= QUICK
    }

    /// A place for a job, if nothing of its lane runs. `online` for one that will fetch for sure,
    /// `patient` for one that nobody waits for.
    pub(super) fn take_lane(
        self: &Arc<Self>,
        job: i64,
        lane: &str,
        online: bool,
        patient: bool,
        now: i64,
    ) -> Option<Place> {
        let mut state = self.lock();
        let online = online || state.need_network.contains(&job);
        if state.held_jobs.get(&job).is_some_and(|until| *until > now)
            || state.jobs.contains(&job)
            || (!lane.is_empty() && state.lanes.contains(lane))
            || (online && !state.has_room(patient))
        {
            return None;
        }
        state.held_jobs.remove(&job);
        state.jobs.insert(job);
        state.lanes.insert(lane.to_owned());
        if online {
            state.online.insert(job, (Instant::now(), patient));
        }
        let what = What::Job { job, lane: lane.to_owned(), online, patient };
        Some(Place { running: Arc::clone(self), what, ring: false })
    }

    /// The clock was set back: nothing is held any more.
    pub(super) fn release_held(&self) {
        let mut state = self.lock();
        state.held.clear();
        state.held_jobs.clear();
    }

    /// When the first of what is held may be tried again, later than `now`.
    pub(super) fn next_release(&self, now: i64) -> Option<i64> {
        let mut state = self.lock();
        // what was not taken then is perhaps gone: it must not be waited for, again and again
        state.held.retain(|_, until| *until > now);
        state.held_jobs.retain(|_, until| *until > now);
        state.held.values().chain(state.held_jobs.values()).min().copied()
    }

    /// How long until something under way counts as slow and makes room, if what is under way
    /// fills its places.
    pub(super) fn next_room(&self) -> Option<Duration> {
        let state = self.lock();
        let deliveries = (state.hosts.len() >= UNKNOWN).then(|| {
            let since = state.hosts.values().filter(|under| !under.failing).map(|u| u.since);
            left(since, SLOW)
        });
        let jobs = (state.online.len() >= ONLINE)
            .then(|| left(state.online.values().map(|(since, _)| *since), SLOW_JOB));
        deliveries.flatten().into_iter().chain(jobs.flatten()).min()
    }

    /// Whether one more may use the network.
    pub(super) fn has_room(&self, patient: bool) -> bool {
        self.lock().has_room(patient)
    }

    /// Jobs that were tried and cannot go on, since as many as may use the network already.
    pub(super) fn stuck(&self) -> Vec<i64> {
        let state = self.lock();
        if state.has_room(false) {
            return Vec::new();
        }
        state.need_network.iter().copied().collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A delivery under way.
struct Under {
    since: Instant,
    unknown: bool,
    failing: bool,
}

impl Under {
    fn is_slow(&self, now: Instant) -> bool {
        !self.failing && now.saturating_duration_since(self.since) >= SLOW
    }
}

/// The shortest time until one of these is older than `limit`; those that are do not count.
fn left(since: impl Iterator<Item = Instant>, limit: Duration) -> Option<Duration> {
    since
        .filter_map(|since| limit.checked_sub(since.elapsed()))
        .filter(|left| !left.is_zero())
        .min()
}

impl State {
    fn has_room_for(&self, new: &Under, now: Instant) -> bool {
        self.quick(|_| true, now) < QUICK
            && (!new.unknown || self.quick(|under| under.unknown, now) < UNKNOWN)
            && (!new.failing || self.quick(|under| under.failing, now) < FAILING)
    }

    /// How many deliveries of this kind count: the slow ones do not, but beyond so many of all
    /// kinds no further one is excused.
    fn quick(&self, wanted: fn(&Under) -> bool, now: Instant) -> usize {
        let slow = self.hosts.values().filter(|under| under.is_slow(now)).count();
        let quick = |under: &&Under| wanted(under) && !under.is_slow(now);
        self.hosts.values().filter(quick).count() + slow.saturating_sub(MANY_SLOW)
    }

    fn has_room(&self, patient: bool) -> bool {
        let all = self.online.len();
        let slow = self.online.values().filter(|(since, _)| since.elapsed() >= SLOW_JOB).count();
        let patients = self.online.values().filter(|(_, patient)| *patient);
        // half of the room for slow ones: a few servers that hang must not hold up all relays
        let slow_patients = patients.clone().filter(|(since, _)| since.elapsed() >= SLOW_JOB);
        let excused = slow_patients.count().min(MANY_SLOW_JOBS / 2);
        all - slow.min(MANY_SLOW_JOBS) < ONLINE
            && (!patient || patients.count() - excused < PATIENT)
    }
}

/// Something that runs; dropped, it makes room.
pub(super) struct Place {
    running: Arc<Running>,
    what: What,
    ring: bool,
}

enum What {
    Host { host: String },
    Job { job: i64, lane: String, online: bool, patient: bool },
}

impl Place {
    /// It was started on another thread: its end is worth a look. One that was given back
    /// unused changes nothing, and must not ring, or the worker would ring for itself for ever.
    pub(super) fn ring_when_done(&mut self) {
        self.ring = true;
    }

    /// Its server, or its job with those behind it, waits until `time`.
    pub(super) fn hold_until(&self, time: i64) {
        let mut state = self.running.lock();
        match &self.what {
            What::Host { host } => state.held.insert(host.clone(), time),
            What::Job { job, .. } => state.held_jobs.insert(*job, time),
        };
    }

    /// Whether it counts as one that fetches.
    pub(super) fn is_online(&self) -> bool {
        matches!(self.what, What::Job { online: true, .. })
    }

    /// The job needs the network: from now on it counts as one that fetches, if there is room.
    pub(super) fn go_online(&mut self) -> bool {
        let mut state = self.running.lock();
        if let What::Job { job, online, patient, .. } = &mut self.what {
            if state.need_network.len() >= REMEMBERED {
                state.need_network.clear();
            }
            state.need_network.insert(*job);
            if !*online && state.has_room(*patient) {
                state.online.insert(*job, (Instant::now(), *patient));
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
        let mut ring = self.ring;
        match &self.what {
            What::Host { host } => {
                state.hosts.remove(host);
                ring &= state.quick(|_| true, Instant::now()) <= BUSY;
            }
            What::Job { job, lane, .. } => {
                state.jobs.remove(job);
                state.lanes.remove(lane);
                state.online.remove(job);
                if self.ring {
                    state.need_network.remove(job);
                }
            }
        }
        drop(state);
        if ring {
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
    fn servers_that_hang_make_room_for_others() {
        let running = Arc::new(Running::new(Arc::default()));
        let take = |from: usize| -> Vec<Place> {
            (from..from + 100)
                .filter_map(|number| running.take_host(&format!("{number}.example"), Some(0), 0))
                .collect()
        };
        let age = || {
            for under in running.lock().hosts.values_mut() {
                under.since = Instant::now().checked_sub(SLOW).unwrap();
            }
        };
        let first = take(0);
        assert_eq!(first.len(), QUICK);
        assert!(running.next_room().is_some_and(|left| left <= SLOW));
        age();
        assert_eq!(running.next_room(), None, "there is room now");
        let second = take(100);
        assert_eq!(second.len(), QUICK);
        age();
        assert_eq!(take(200).len(), 0, "not without end");
        let failing = running.take_host("f.example", Some(2), 0);
        assert!(failing.is_none());
    }

    #[test]
    fn jobs_that_hang_make_room_for_others_of_their_kind() {
        let running = Arc::new(Running::new(Arc::default()));
        let take = |from: i64, patient: bool| -> Vec<Place> {
            (from..from + 20)
                .filter_map(|job| running.take_lane(job, &job.to_string(), true, patient, 0))
                .collect()
        };
        let age = || {
            for (since, _) in running.lock().online.values_mut() {
                *since = Instant::now().checked_sub(SLOW_JOB).unwrap();
            }
        };
        let mut places = Vec::new();
        for (from, count) in [(0, PATIENT), (20, PATIENT), (40, PATIENT), (60, 0)] {
            let taken = take(from, true);
            assert_eq!(taken.len(), count, "{from}");
            places.extend(taken);
            age();
        }
        // and others have theirs beside them
        assert_eq!(take(80, false).len(), ONLINE);
    }

    #[test]
    fn a_place_given_back_unused_does_not_ring() {
        let wake = Arc::new(Wake::default());
        let running = Arc::new(Running::new(Arc::clone(&wake)));
        drop(running.take_lane(1, "a", false, false, 0));
        assert!(!wake.is_rung());
        let mut place = running.take_lane(1, "a", true, false, 0).unwrap();
        place.ring_when_done();
        drop(place);
        assert!(wake.is_rung());
    }

    #[test]
    fn a_held_server_waits_for_its_time() {
        let running = Arc::new(Running::new(Arc::default()));
        running.take_host("a.example", Some(0), 0).unwrap().hold_until(50);
        assert!(running.take_host("a.example", Some(0), 49).is_none());
        assert_eq!(running.next_release(49), Some(50));
        assert!(running.take_host("a.example", Some(0), 50).is_some());
        running.take_lane(7, "a", false, false, 0).unwrap().hold_until(60);
        assert!(running.take_lane(7, "a", false, false, 59).is_none());
        assert_eq!(running.next_release(59), Some(60));
        assert_eq!(running.next_release(60), None, "nobody came for it: it is gone");
        assert!(running.take_lane(7, "a", false, false, 60).is_some());
    }

    #[test]
    fn jobs_that_wait_for_the_network_are_told_while_there_is_no_room() {
        let running = Arc::new(Running::new(Arc::default()));
        let take = |job: i64, patient| running.take_lane(job, &job.to_string(), true, patient, 0);
        // what nobody waits for leaves room to the rest
        let mut places: Vec<Place> = (1..=4).filter_map(|job| take(job, true)).collect();
        assert_eq!((places.len(), running.has_room(true)), (PATIENT, false));
        let mut import = running.take_lane(8, "import", false, true, 0).unwrap();
        assert!(!import.go_online() && running.stuck().is_empty());
        places.extend((11..=14).filter_map(|job| take(job, false)));
        assert_eq!((places.len(), running.has_room(false)), (ONLINE, false));
        let mut waits = running.take_lane(9, "x", false, false, 0).unwrap();
        assert!(!waits.go_online());
        drop((import, waits));
        let mut stuck = running.stuck();
        stuck.sort_unstable();
        assert_eq!(stuck, [8, 9]);
        drop(places);
        assert!(running.stuck().is_empty() && running.has_room(true));
    }
}
