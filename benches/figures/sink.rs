//! Other servers: some take every delivery, some accept connections and say nothing.

use std::collections::HashSet;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::Res;

/// The port of all other servers; each has a loopback address of its own.
pub const PORT: u16 = 18_991;
/// How many servers follow with several accounts, and how many are dead.
pub const LIVE: u8 = 100;
pub const DEAD: u8 = 100;
/// How many servers keep their connections; as many fit into the pool of the program.
pub const KEPT: u8 = 8;

/// A server that takes deliveries (1 to [`LIVE`]).
pub fn live(number: u8) -> String {
    format!("127.0.2.{number}:{PORT}")
}

/// A server that never answers (1 to [`DEAD`]).
pub fn dead(number: u8) -> String {
    format!("127.0.3.{number}:{PORT}")
}

/// A server that keeps connections (1 to [`KEPT`]).
pub fn kept(number: u8) -> String {
    format!("127.0.4.{number}:{PORT}")
}

/// Counts what it takes.
#[derive(Clone, Default)]
pub struct Sink {
    taken: Arc<AtomicUsize>,
    connections: Arc<AtomicUsize>,
    /// What each server was sent, as hashes.
    known: Arc<Mutex<HashSet<u64>>>,
}

impl Sink {
    /// Starts all servers that live. Their threads end with the process.
    pub fn start() -> Res<Self> {
        let sink = Self::default();
        for number in 1..=LIVE {
            // a new connection for each delivery: as if each were to a new server
            sink.serve(bind(Ipv4Addr::new(127, 0, 2, number))?, false)?;
        }
        for number in 1..=KEPT {
            sink.serve(bind(Ipv4Addr::new(127, 0, 4, number))?, true)?;
        }
        Ok(sink)
    }

    pub fn taken(&self) -> usize {
        self.taken.load(Ordering::SeqCst)
    }

    /// How much of it was new to the server that took it.
    pub fn distinct(&self) -> usize {
        self.known.lock().map_or(0, |known| known.len())
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    fn serve(&self, listener: TcpListener, keep: bool) -> Res<()> {
        let sink = self.clone();
        thread::Builder::new().stack_size(64 * 1024).spawn(move || {
            for stream in listener.incoming().flatten() {
                sink.connections.fetch_add(1, Ordering::SeqCst);
                if keep {
                    let sink = sink.clone();
                    thread::spawn(move || sink.answer(&stream, true));
                } else {
                    // one at a time is what Dassie sends to one server
                    sink.answer(&stream, false);
                }
            }
        })?;
        Ok(())
    }

    /// 202 to every request of a connection.
    fn answer(&self, stream: &TcpStream, keep: bool) -> Option<()> {
        stream.set_nodelay(true).ok()?;
        let mut reader = BufReader::new(stream);
        loop {
            let mut length = 0;
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).ok()? == 0 {
                    return None;
                }
                if line == "\r\n" {
                    break;
                }
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().ok()?;
                }
            }
            let mut body = Vec::new();
            (&mut reader).take(length).read_to_end(&mut body).ok()?;
            let mut hasher = DefaultHasher::new();
            (stream.local_addr().ok()?, body).hash(&mut hasher);
            self.known.lock().ok()?.insert(hasher.finish());
            self.taken.fetch_add(1, Ordering::SeqCst);
            let close = if keep { "" } else { "connection: close\r\n" };
            let answer = format!("HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n{close}\r\n");
            (&mut &*stream).write_all(answer.as_bytes()).ok()?;
            if !keep {
                return Some(());
            }
        }
    }
}

/// Servers that take connections and never read. They live as long as this list.
pub fn start_dead() -> Res<Vec<TcpListener>> {
    (1..=DEAD).map(|number| bind(Ipv4Addr::new(127, 0, 3, number))).collect()
}

fn bind(address: Ipv4Addr) -> Res<TcpListener> {
    TcpListener::bind((address, PORT))
        .map_err(|error| format!("cannot listen on {address}:{PORT}: {error}").into())
}
