//! The load: plain HTTP/1.1 on kept connections, one thread a connection, nothing compressed.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::Res;
use crate::program::Program;
use crate::seed::HOST;

/// The bytes of a request.
pub fn request(
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<(&str, &[u8])>,
) -> Vec<u8> {
    let mut head = format!("{method} {path} HTTP/1.1\r\n");
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        head.push_str(&format!("Host: {HOST}\r\n"));
    }
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if let Some((kind, body)) = body {
        head.push_str(&format!("Content-Type: {kind}\r\nContent-Length: {}\r\n", body.len()));
    }
    head.push_str("\r\n");
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(body.map_or(&[][..], |(_, body)| body));
    bytes
}

/// One kept connection.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        Ok(Self { stream, buffer: Vec::with_capacity(64 * 1024) })
    }

    /// Sends a request and reads the whole answer: its status and its body.
    pub fn exchange(&mut self, request: &[u8]) -> io::Result<(u16, &[u8])> {
        let (status, _, head) = self.answer(request)?;
        Ok((status, self.buffer.get(head..).unwrap_or_default()))
    }

    /// The same for the status, and how many seconds it asks to wait.
    pub fn exchange_for_retry(&mut self, request: &[u8]) -> io::Result<(u16, Option<u64>)> {
        self.answer(request).map(|(status, retry_after, _)| (status, retry_after))
    }

    /// Status, `Retry-After`, and where the body begins.
    fn answer(&mut self, request: &[u8]) -> io::Result<(u16, Option<u64>, usize)> {
        self.stream.write_all(request)?;
        self.buffer.clear();
        let head = loop {
            if let Some(at) = find(&self.buffer, b"\r\n\r\n") {
                break at + 4;
            }
            self.more()?;
        };
        let text = String::from_utf8_lossy(self.buffer.get(..head).unwrap_or_default())
            .to_ascii_lowercase();
        let status = text.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0);
        let header = |name: &str| {
            text.lines().find_map(|line| Some(line.strip_prefix(name)?.trim().to_owned()))
        };
        if let Some(length) = header("content-length:") {
            let end = head + length.parse::<usize>().map_err(io::Error::other)?;
            while self.buffer.len() < end {
                self.more()?;
            }
        } else if header("transfer-encoding:").is_some() {
            // no document of ours holds these bytes inside
            while !self.buffer.ends_with(b"\r\n0\r\n\r\n") {
                self.more()?;
            }
        }
        let retry_after = header("retry-after:").and_then(|value| value.parse().ok());
        Ok((status, retry_after, head))
    }

    fn more(&mut self) -> io::Result<()> {
        let mut chunk = [0; 32 * 1024];
        let count = self.stream.read(&mut chunk)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.buffer.extend_from_slice(chunk.get(..count).unwrap_or_default());
        Ok(())
    }
}

fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    hay.windows(needle.len()).position(|window| window == needle)
}

/// How long a load goes on.
#[derive(Clone, Copy)]
pub enum Until {
    Requests(usize),
    Passed(Duration),
}

/// What a load found.
pub struct Load {
    pub requests: usize,
    pub elapsed: Duration,
    /// Of the whole program, during the load.
    pub cpu: Duration,
    pub p50: Duration,
    pub p99: Duration,
}

impl Load {
    /// Milliseconds of CPU for each request.
    pub fn cpu_ms(&self) -> f64 {
        ms(self.cpu) / self.requests.max(1) as f64
    }

    pub fn per_second(&self) -> f64 {
        self.requests as f64 / self.elapsed.as_secs_f64()
    }

    pub fn print(&self, name: &str, connections: usize) {
        println!(
            "  {name:<34} {connections:>2} conn  {:>7.3} ms CPU  {:>7.0} /s  p50 {:>7.3} ms  p99 {:>7.3} ms  ({} requests)",
            self.cpu_ms(),
            self.per_second(),
            ms(self.p50),
            ms(self.p99),
            self.requests
        );
    }
}

pub fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Sends what `make` gives for 0, 1, 2 … on `connections` connections, without a pause.
///
/// # Errors
/// When an answer is not 200 or 202: then there is nothing to measure.
pub fn run(
    program: &Program,
    connections: usize,
    until: Until,
    make: impl Fn(usize) -> Vec<u8> + Sync,
) -> Res<Load> {
    let next = AtomicUsize::new(0);
    let all = Mutex::new(Vec::new());
    let mut open = Vec::new();
    for _ in 0..connections {
        open.push(Connection::open(program.address)?);
    }
    let (cpu, since) = (program.cpu()?, Instant::now());
    let ended: Vec<Res<()>> = std::thread::scope(|scope| {
        let workers: Vec<_> = open
            .into_iter()
            .map(|mut connection| {
                scope.spawn(|| {
                    let mut times = Vec::new();
                    let result = drive(&mut connection, &next, since, until, &make, &mut times);
                    if let Ok(mut all) = all.lock() {
                        all.append(&mut times);
                    }
                    // kept open until the others are done as well
                    result.map_err(|error| (error.to_string(), connection))
                })
            })
            .collect();
        workers
            .into_iter()
            .map(|worker| match worker.join() {
                Ok(result) => result.map_err(|(error, _)| error.into()),
                Err(_) => Err("a connection's thread panicked".into()),
            })
            .collect()
    });
    let (elapsed, cpu) = (since.elapsed(), program.cpu()?.saturating_sub(cpu));
    for result in ended {
        result?;
    }
    let mut times = all.into_inner().map_err(|_| "poisoned")?;
    times.sort_unstable();
    let at = |share: f64| {
        let index = (times.len() as f64 * share) as usize;
        times.get(index.min(times.len().saturating_sub(1))).copied().unwrap_or_default()
    };
    Ok(Load { requests: times.len(), elapsed, cpu, p50: at(0.5), p99: at(0.99) })
}

fn drive(
    connection: &mut Connection,
    next: &AtomicUsize,
    since: Instant,
    until: Until,
    make: &(impl Fn(usize) -> Vec<u8> + Sync),
    times: &mut Vec<Duration>,
) -> Res<()> {
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let done = match until {
            Until::Requests(count) => number >= count,
            Until::Passed(time) => since.elapsed() >= time,
        };
        if done {
            return Ok(());
        }
        let bytes = make(number);
        let start = Instant::now();
        let (status, body) = connection.exchange(&bytes)?;
        times.push(start.elapsed());
        if status != 200 && status != 202 {
            let line = String::from_utf8_lossy(bytes.split(|b| *b == b'\r').next().unwrap_or(&[]))
                .into_owned();
            return Err(format!("{line}: {status} {}", String::from_utf8_lossy(body)).into());
        }
    }
}
