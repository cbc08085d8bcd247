//! Lanes: a few threads of their own for each kind of outgoing work, so that slow media hosts
//! cannot hold up deliveries (S-018), with a bounded queue in front.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::error::{Error, Result};

/// A thread with nothing to do for so long ends.
const IDLE: Duration = Duration::from_secs(60);
/// Enough for a TLS handshake and inflating; untouched pages of it cost nothing.
const STACK: usize = 512 * 1024;
/// What a refused caller is told to wait, in seconds.
const RETRY_AFTER: u32 = 5;

type Job = Box<dyn FnOnce() + Send>;

/// A bounded set of threads, started when there is work and ended when there is none.
///
/// Dropping it is [`Lane::shutdown`].
#[derive(Debug)]
pub struct Lane {
    shared: Arc<Shared>,
}

struct Shared {
    name: &'static str,
    max_threads: usize,
    max_waiting: usize,
    idle: Duration,
    state: Mutex<State>,
    wake: Condvar,
}

/// Under one lock, so that no job can be added between a thread's last look at the queue and
/// its sleep or its end: there is no wake-up to lose.
#[derive(Default)]
struct State {
    waiting: VecDeque<Job>,
    /// Threads that exist, and how many of them run a job.
    threads: usize,
    busy: usize,
    closed: bool,
}

impl Lane {
    /// A lane of up to `threads` threads, with room for `queue` jobs beyond those that run.
    pub fn new(name: &'static str, threads: usize, queue: usize) -> Self {
        Self::with_idle(name, threads, queue, IDLE)
    }

    fn with_idle(name: &'static str, threads: usize, queue: usize, idle: Duration) -> Self {
        let shared = Shared {
            name,
            max_threads: threads.max(1),
            max_waiting: queue,
            idle,
            state: Mutex::default(),
            wake: Condvar::new(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Queues `f` and returns where its result will arrive.
    ///
    /// A full lane, or one that was shut down, answers [`Error::Unavailable`] at once. The
    /// receiver fails if `f` panics or the lane is shut down before `f` had its turn; a
    /// dropped receiver does not stop `f`.
    pub fn run<T: Send + 'static>(
        &self,
        f: impl FnOnce() -> T + Send + 'static,
    ) -> Result<oneshot::Receiver<T>> {
        let (answer, receiver) = oneshot::channel();
        self.add(Box::new(move || {
            // an error means that nobody waits for it any more
            let _ = answer.send(f());
        }))?;
        Ok(receiver)
    }

    fn add(&self, job: Job) -> Result<()> {
        let shared = &self.shared;
        let mut state = shared.lock();
        if state.closed {
            return Err(unavailable("the server is stopping"));
        }
        if state.waiting.len() + state.busy >= shared.max_threads + shared.max_waiting {
            return Err(unavailable("too many outgoing requests at the moment"));
        }
        state.waiting.push_back(job);
        let free = state.threads - state.busy;
        if state.waiting.len() <= free || state.threads == shared.max_threads {
            shared.wake.notify_one();
            return Ok(());
        }
        let of_thread = shared.clone();
        let spawned = std::thread::Builder::new()
            .name(shared.name.to_owned())
            .stack_size(STACK)
            .spawn(move || work(&of_thread));
        match spawned {
            Ok(_) => state.threads += 1,
            Err(error) if state.threads == 0 => {
                tracing::error!(lane = shared.name, %error, "no thread could be started");
                let refused = state.waiting.pop_back();
                drop(state);
                // outside of the lock: see `shutdown`
                drop(refused);
                return Err(unavailable("no thread could be started"));
            }
            // those that are there will come to it
            Err(error) => tracing::warn!(lane = shared.name, %error, "no further thread"),
        }
        Ok(())
    }

    /// Jobs that would start at once: what a worker may hand in without making a queue.
    pub fn free(&self) -> usize {
        let state = self.shared.lock();
        if state.closed {
            return 0;
        }
        self.shared.max_threads.saturating_sub(state.busy + state.waiting.len())
    }

    /// Threads that exist at the moment, for the statistics.
    pub fn threads(&self) -> usize {
        self.shared.lock().threads
    }

    /// Drops what is queued, takes nothing more, and waits for nothing.
    pub fn shutdown(&self) {
        let mut state = self.shared.lock();
        state.closed = true;
        let dropped = std::mem::take(&mut state.waiting);
        drop(state);
        self.shared.wake.notify_all();
        // outside of the lock: what a job owns may do anything when it is dropped
        drop(dropped);
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.shutdown();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.name)
    }
}

/// The life of one thread.
fn work(shared: &Shared) {
    let mut state = shared.lock();
    loop {
        if state.closed {
            break;
        }
        if let Some(job) = state.waiting.pop_front() {
            state.busy += 1;
            drop(state);
            // the job's own state is gone with it, so nothing broken is left behind
            if catch_unwind(AssertUnwindSafe(job)).is_err() {
                tracing::error!(lane = shared.name, "a job panicked");
            }
            state = shared.lock();
            state.busy -= 1;
            continue;
        }
        let (back, wait) =
            shared.wake.wait_timeout(state, shared.idle).unwrap_or_else(PoisonError::into_inner);
        state = back;
        if wait.timed_out() && state.waiting.is_empty() {
            break;
        }
    }
    state.threads -= 1;
}

fn unavailable(message: &'static str) -> Error {
    Error::Unavailable { message: message.into(), retry_after: RETRY_AFTER }
}

/// The lanes of the server (DESIGN, "Outgoing HTTP").
#[derive(Debug)]
pub struct Lanes {
    /// Activities to inboxes.
    pub delivery: Lane,
    /// Actors, keys, posts, webfinger: what somebody waits for.
    pub resolve: Lane,
    /// Pictures and link previews.
    pub media: Arc<Lane>,
    /// Web push.
    pub push: Lane,
    /// Reading and removing uploads that lie in a bucket.
    pub bucket: Lane,
    /// Getting a certificate, which takes a while and is never done twice at a time.
    pub certificates: Lane,
    /// Images being decoded: one at a time, each in a process of its own.
    pub decode: Lane,
}

impl Lanes {
    /// All lanes, without a single thread yet.
    pub fn new() -> Self {
        Self {
            // the queue of deliveries is in the database; here only what is about to start
            delivery: Lane::new("delivery", 48, 16),
            resolve: Lane::new("resolve", 14, 64),
            // a first screen asks for thirty pictures; more than eight of one server never run
            media: Arc::new(Lane::new("media", 16, 128)),
            push: Lane::new("push", 2, 64),
            // somebody looks at each: a slow reader gives its thread back
            bucket: Lane::new("bucket", 16, 128),
            certificates: Lane::new("acme", 1, 0),
            decode: Lane::new("decode", 1, 32),
        }
    }

    /// [`Lane::shutdown`] of each.
    pub fn shutdown(&self) {
        for lane in [&self.delivery, &self.resolve, &*self.media, &self.push, &self.decode] {
            lane.shutdown();
        }
        self.bucket.shutdown();
        self.certificates.shutdown();
    }
}

impl Default for Lanes {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};
    use std::time::Instant;

    use super::*;

    /// A job that says when it runs, and runs until released.
    fn held(lane: &Lane) -> (Sender<()>, oneshot::Receiver<()>) {
        let (release, wait) = channel::<()>();
        let (started, running) = channel::<()>();
        let done = lane
            .run(move || {
                let _ = started.send(());
                let _ = wait.recv();
            })
            .expect("room");
        running.recv().expect("it runs");
        (release, done)
    }

    #[test]
    fn a_full_lane_answers_503_and_takes_jobs_again_later() {
        let lane = Lane::new("t", 2, 1);
        assert_eq!((lane.threads(), lane.free()), (0, 2));
        let (first, done) = held(&lane);
        let (second, _done) = held(&lane);
        assert_eq!((lane.threads(), lane.free()), (2, 0));
        let queued = lane.run(|| 7).expect("room for one more");
        let refused = lane.run(|| 8).map(|_| ()).expect_err("full");
        assert_eq!((refused.status(), refused.retry_after()), (503, Some(5)));
        drop(first);
        done.blocking_recv().expect("done");
        assert_eq!(queued.blocking_recv(), Ok(7));
        drop(second);
        assert_eq!(lane.run(|| 9).expect("room").blocking_recv(), Ok(9));
        assert!(lane.threads() <= 2);
    }

    #[test]
    fn s_136_a_panic_ends_the_job_and_not_the_thread() {
        let lane = Lane::new("t", 1, 4);
        let lost = lane.run(|| panic!("as the test wants")).expect("room");
        assert!(lost.blocking_recv().is_err());
        assert_eq!(lane.run(|| 3).expect("room").blocking_recv(), Ok(3));
        assert_eq!(lane.threads(), 1);
    }

    #[test]
    fn shutdown_drops_the_queue_and_does_not_wait() {
        let lane = Lane::new("t", 1, 4);
        let (release, done) = held(&lane);
        let queued = lane.run(|| 1).expect("room");
        lane.shutdown();
        assert!(queued.blocking_recv().is_err());
        assert_eq!(lane.run(|| 1).map(|_| ()).expect_err("closed").status(), 503);
        drop(release);
        done.blocking_recv().expect("what ran may end");
    }

    #[test]
    fn idle_threads_end_and_no_job_is_ever_left_lying() {
        // with hardly any idle time every job races with the end of a thread
        let lane = Lane::with_idle("t", 3, 10_000, Duration::from_micros(50));
        let answers: Vec<_> = (0..2_000)
            .map(|n| {
                if n % 7 == 0 {
                    std::thread::yield_now();
                }
                lane.run(move || n).expect("room")
            })
            .collect();
        for (n, answer) in answers.into_iter().enumerate() {
            assert_eq!(answer.blocking_recv(), Ok(n));
        }
        let start = Instant::now();
        while lane.threads() > 0 && start.elapsed() < Duration::from_secs(5) {
            std::thread::yield_now();
        }
        assert_eq!(lane.threads(), 0);
    }

    #[test]
    fn a_slow_lane_does_not_hold_up_another() {
        let lanes = Lanes::new();
        let held: Vec<_> = (0..16).map(|_| held(&lanes.media)).collect();
        assert_eq!(lanes.delivery.run(|| 1).expect("room").blocking_recv(), Ok(1));
        drop(held);
        lanes.shutdown();
        assert!(lanes.push.run(|| ()).is_err());
    }
}
