//! From a thread that reads an answer to the connection that shows it: a few pieces wait in
//! between, and no more. A thread whose reader takes nothing for a while gives up, so that slow
//! clients hold no threads; what is missing is asked for again once the reader has room.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// How much goes over at once, and how much may wait.
const PIECE: usize = 64 * 1024;
const MOST: usize = 128 * 1024;
/// How long the reader may take nothing.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// There is room again.
    room: Condvar,
    /// There is something, or nothing more comes.
    news: Notify,
}

#[derive(Default)]
struct State {
    pieces: VecDeque<Vec<u8>>,
    bytes: usize,
    /// The writer, or the reader, is gone.
    ended: bool,
    left: bool,
}

impl State {
    /// Behind the others; many small ones are one, since each takes memory of its own.
    fn put(&mut self, piece: Vec<u8>) {
        self.bytes += piece.len();
        match self.pieces.back_mut() {
            Some(last) if last.len() + piece.len() <= PIECE => last.extend_from_slice(&piece),
            _ => self.pieces.push_back(piece),
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The end that writes, on a thread that may wait.
pub struct Inlet {
    shared: Arc<Shared>,
    waiting: Vec<u8>,
    patience: Duration,
}

/// The end that reads.
pub struct Outlet(Arc<Shared>);

/// Both ends.
pub fn pipe() -> (Inlet, Outlet) {
    with_patience(PATIENCE)
}

/// Both ends, with another patience than two seconds.
pub fn with_patience(patience: Duration) -> (Inlet, Outlet) {
    let shared = Arc::new(Shared::default());
    (Inlet { shared: Arc::clone(&shared), waiting: Vec::new(), patience }, Outlet(shared))
}

impl Inlet {
    fn push(&mut self) -> io::Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let until = Instant::now() + self.patience;
        let mut state = self.shared.lock();
        while state.bytes >= MOST && !state.left {
            let rest = until.saturating_duration_since(Instant::now());
            if rest.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            let waited = self.shared.room.wait_timeout(state, rest);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        if state.left {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        state.put(std::mem::take(&mut self.waiting));
        drop(state);
        self.shared.news.notify_one();
        Ok(())
    }
}

impl Write for Inlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() >= PIECE {
            self.push()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.push()
    }
}

impl Drop for Inlet {
    fn drop(&mut self) {
        let piece = std::mem::take(&mut self.waiting);
        let mut state = self.shared.lock();
        if !piece.is_empty() {
            state.put(piece);
        }
        state.ended = true;
        drop(state);
        self.shared.news.notify_one();
    }
}

impl Outlet {
    /// The next piece; `None`: no more comes, whether that was all or not.
    pub async fn next(&mut self) -> Option<Vec<u8>> {
        loop {
            {
                let mut state = self.0.lock();
                if let Some(piece) = state.pieces.pop_front() {
                    state.bytes -= piece.len();
                    self.0.room.notify_one();
                    return Some(piece);
                }
                if state.ended {
                    return None;
                }
            }
            // told in between is kept for us
            self.0.news.notified().await;
        }
    }
}

impl Drop for Outlet {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.left = true;
        state.pieces.clear();
        drop(state);
        self.0.room.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn what_is_written_arrives_whole_and_in_order() {
        let (mut inlet, mut outlet) = pipe();
        let sent: Vec<u8> = (0..1_000_000_u32).map(|n| (n % 251) as u8).collect();
        let of_thread = sent.clone();
        let writer = std::thread::spawn(move || {
            of_thread.chunks(16_000).try_for_each(|chunk| inlet.write_all(chunk))
        });
        let mut got = Vec::new();
        while let Some(piece) = outlet.next().await {
            got.extend(piece);
        }
        assert!(got == sent);
        writer.join().expect("thread").expect("written");
    }

    #[actix_web::test]
    async fn a_reader_that_takes_nothing_costs_little_and_no_thread() {
        let (mut inlet, mut outlet) = with_patience(Duration::from_millis(10));
        let sent: Vec<u8> = (0..1_000_000_u32).map(|n| (n % 241) as u8).collect();
        let mut written = sent.chunks(16_000).map(|chunk| inlet.write_all(chunk));
        let refused = written.find_map(std::result::Result::err).expect("it gives up");
        assert_eq!(refused.kind(), io::ErrorKind::TimedOut);
        drop(written);
        drop(inlet);
        let mut got = Vec::new();
        while let Some(piece) = outlet.next().await {
            got.extend(piece);
        }
        // the beginning of it, without a gap
        assert!(got.len() < 300_000 && sent.starts_with(&got), "{}", got.len());
    }

    #[actix_web::test]
    async fn what_is_flushed_is_there_at_once_and_small_pieces_become_one() {
        let (mut inlet, mut outlet) = pipe();
        for byte in 0..100 {
            inlet.write_all(&[byte]).expect("room");
            inlet.flush().expect("room");
        }
        assert_eq!(outlet.next().await.map(|piece| piece.len()), Some(100));
        drop(inlet);
        assert_eq!(outlet.next().await, None);
    }

    #[test]
    fn a_reader_that_left_ends_the_writing() {
        let (mut inlet, outlet) = pipe();
        drop(outlet);
        let error = inlet.write_all(&[0; 100_000]).expect_err("nobody reads");
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }
}
