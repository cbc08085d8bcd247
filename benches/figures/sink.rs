//! Other servers: some take every delivery, some accept connections and say nothing.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::Res;

/// The port of all other servers; each has a loopback address of its own.
pub const PORT: u16 = 18_991;
/// How many servers follow with several accounts, and how many are dead.
pub const LIVE: u8 = 100;
pub const DEAD: u8 = 100;

/// A server that takes deliveries (1 to [`LIVE`]).
pub fn live(number: u8) -> String {
    format!("127.0.2.{number}:{PORT}")
}

/// A server that never answers (1 to [`DEAD`]).
pub fn dead(number: u8) -> String {
    format!("127.0.3.{number}:{PORT}")
}

/// A server that keeps connections, for one follower alone.
pub fn kept() -> String {
    format!("127.0.4.1:{PORT}")
}

/// Counts what it takes.
#[derive(Clone, Default)]
pub struct Sink(Arc<AtomicUsize>);

impl Sink {
    /// Starts all servers that live. Their threads end with the process.
    pub fn start() -> Res<Self> {
        let sink = Self::default();
        for number in 1..=LIVE {
            // a new connection for each delivery: as if each were to a new server
            sink.serve(bind(Ipv4Addr::new(127, 0, 2, number))?, false)?;
        }
        sink.serve(bind(Ipv4Addr::new(127, 0, 4, 1))?, true)?;
        Ok(sink)
    }

    pub fn taken(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    fn serve(&self, listener: TcpListener, keep: bool) -> Res<()> {
        let sink = self.clone();
        thread::Builder::new().stack_size(64 * 1024).spawn(move || {
            for stream in listener.incoming().flatten() {
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
            std::io::copy(&mut (&mut reader).take(length), &mut std::io::sink()).ok()?;
            self.0.fetch_add(1, Ordering::SeqCst);
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
