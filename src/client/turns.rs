//! Turns of servers on a lane: of one server so many requests run at once and the next ones wait,
//! so that one slow server cannot take all threads.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Lane;
use crate::error::{Error, Result};

type Job = Box<dyn FnOnce() + Send>;

/// Who runs and who waits, by server. Cheap to clone.
#[derive(Clone)]
pub struct Turns {
    hosts: Arc<Mutex<HashMap<String, Host>>>,
    at_once: usize,
    waiting: usize,
}

#[derive(Default)]
struct Host {
    running: usize,
    waiting: VecDeque<Job>,
}

impl Turns {
    /// At most `at_once` of one server, and `waiting` behind them.
    pub fn new(at_once: usize, waiting: usize) -> Self {
        Self { hosts: Arc::default(), at_once, waiting }
    }

    /// Runs `job` on the lane as soon as its server has its turn. One that never gets it is
    /// dropped, so that what it owns can say so.
    ///
    /// # Errors
    /// 503 when too many wait for the server; a lane that is full or closed drops the job.
    pub fn run(
        &self,
        lane: &Arc<Lane>,
        host: &str,
        job: impl FnOnce() + Send + 'static,
    ) -> Result<()> {
        let job: Job = Box::new(job);
        {
            let mut hosts = self.lock();
            let of = hosts.entry(host.to_owned()).or_default();
            if of.running >= self.at_once {
                if of.waiting.len() >= self.waiting {
                    drop(hosts);
                    return Err(Error::Unavailable {
                        message: "Too many files of that server are being fetched".into(),
                        retry_after: 5,
                    });
                }
                of.waiting.push_back(job);
                return Ok(());
            }
            of.running += 1;
        }
        self.start(lane, host, job);
        Ok(())
    }

    /// Takes a turn for what the caller does on its own thread.
    pub fn take(&self, lane: &Arc<Lane>, host: &str) -> Turn {
        self.lock().entry(host.to_owned()).or_default().running += 1;
        Turn { turns: self.clone(), lane: Arc::clone(lane), host: host.to_owned() }
    }

    fn start(&self, lane: &Arc<Lane>, host: &str, job: Job) {
        let turn = Turn { turns: self.clone(), lane: Arc::clone(lane), host: host.to_owned() };
        let started = lane.run(move || {
            let _turn = turn;
            job();
        });
        if started.is_err() {
            tracing::debug!(%host, "the media lane is full");
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Host>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The turn of a server; the next one has it when this is dropped.
pub struct Turn {
    turns: Turns,
    lane: Arc<Lane>,
    host: String,
}

impl Drop for Turn {
    fn drop(&mut self) {
        let next = {
            let mut hosts = self.turns.lock();
            let Some(of) = hosts.get_mut(&self.host) else { return };
            of.running = of.running.saturating_sub(1);
            let next = if of.running < self.turns.at_once { of.waiting.pop_front() } else { None };
            if next.is_some() {
                of.running += 1;
            } else if of.running == 0 {
                hosts.remove(&self.host);
            }
            next
        };
        if let Some(job) = next {
            self.turns.start(&self.lane, &self.host, job);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn one_server_has_so_many_turns_and_another_is_not_held_up() {
        let lane = Arc::new(Lane::new("t", 4, 10));
        let turns = Turns::new(2, 1);
        let (started, runs) = channel();
        let mut gates = Vec::new();
        let begin = |host: &'static str| {
            let (gate, wait) = channel::<()>();
            let started = started.clone();
            let job = move || {
                started.send(host).unwrap();
                let _ = wait.recv();
            };
            turns.run(&lane, host, job).map(|()| gate)
        };
        for _ in 0..3 {
            gates.push(begin("a").unwrap());
        }
        assert_eq!([runs.recv().unwrap(), runs.recv().unwrap()], ["a", "a"]);
        assert_eq!(begin("a").map(|_| ()).unwrap_err().status(), 503);
        let other = begin("b").unwrap();
        assert_eq!(runs.recv().unwrap(), "b");
        drop(gates.remove(0));
        assert_eq!(runs.recv().unwrap(), "a");
        drop((gates, other));
    }

    #[test]
    fn a_job_without_a_turn_is_dropped_with_what_it_owns() {
        let lane = Arc::new(Lane::new("t", 1, 1));
        let turns = Turns::new(1, 5);
        let (owned, told) = channel::<()>();
        lane.shutdown();
        for _ in 0..3 {
            let owned = owned.clone();
            turns.run(&lane, "a", move || drop(owned)).unwrap();
        }
        drop(owned);
        assert!(told.recv().is_err());
        assert!(turns.lock().is_empty());
    }
}
