//! One connection: socket, maybe TLS over it, one pair of buffers, deadlines on every read.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Instant;

use rustls::{ClientConnection, Stream};
use ureq::unversioned::transport::{Buffers, LazyBuffers, NextTimeout, Transport};

use super::error::{ClientError, Kind};
use super::hop;

/// S-016. ureq keeps the whole header in the input buffer, which must hold a little more to
/// see that it is too much.
pub(super) const MAX_HEADER: usize = 32 * 1024;
const INPUT: usize = MAX_HEADER + 1024;
/// Holds the longest header line that we write.
const OUTPUT: usize = 8 * 1024;

/// A socket whose every operation ends at `until`: a peer that sends one byte now and then
/// cannot stretch a cap (S-013).
pub(super) struct Timed<'a> {
    pub(super) socket: &'a TcpStream,
    pub(super) until: Instant,
}

impl Timed<'_> {
    fn left(&self) -> io::Result<Option<std::time::Duration>> {
        match self.until.saturating_duration_since(Instant::now()) {
            left if left.is_zero() => Err(ErrorKind::TimedOut.into()),
            left => Ok(Some(left)),
        }
    }
}

/// Unix says `WouldBlock` when a socket's time-out runs out.
fn timed_out(error: io::Error) -> io::Error {
    if error.kind() == ErrorKind::WouldBlock { ErrorKind::TimedOut.into() } else { error }
}

impl Read for Timed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            self.socket.set_read_timeout(self.left()?)?;
            match self.socket.read(buffer) {
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                done => return done.map_err(timed_out),
            }
        }
    }
}

impl Write for Timed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.socket.set_write_timeout(self.left()?)?;
        self.socket.write(bytes).map_err(timed_out)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A connection as ureq wants it.
pub(super) struct Wire {
    socket: Arc<TcpStream>,
    tls: Option<Box<ClientConnection>>,
    buffers: LazyBuffers,
}

impl Wire {
    pub(super) fn new(socket: Arc<TcpStream>, tls: Option<Box<ClientConnection>>) -> Self {
        Self { socket, tls, buffers: LazyBuffers::new(INPUT, OUTPUT) }
    }

    /// True if nothing waits to be read: an idle connection that has something to say was
    /// closed, or says what nobody asked for.
    fn is_quiet(&mut self) -> bool {
        if let Some(tls) = &mut self.tls {
            // plain text that rustls still holds
            if !matches!(tls.reader().read(&mut [0]), Err(e) if e.kind() == ErrorKind::WouldBlock) {
                return false;
            }
        }
        if self.socket.set_nonblocking(true).is_err() {
            return false;
        }
        let quiet =
            matches!(self.socket.peek(&mut [0]), Err(e) if e.kind() == ErrorKind::WouldBlock);
        quiet && self.socket.set_nonblocking(false).is_ok()
    }
}

/// ureq's form of an error while reading or writing.
fn failed(error: io::Error, timeout: NextTimeout) -> ureq::Error {
    match error.kind() {
        ErrorKind::TimedOut => ureq::Error::Timeout(timeout.reason),
        _ => ureq::Error::Io(error),
    }
}

impl Transport for Wire {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        let timeout = timeout.for_write();
        let mut timed = Timed { socket: &self.socket, until: Instant::now() + *timeout.after };
        let output = &self.buffers.output()[..amount];
        match &mut self.tls {
            None => timed.write_all(output),
            Some(tls) => {
                let mut stream = Stream::new(tls.as_mut(), &mut timed);
                stream.write_all(output).and_then(|()| stream.flush())
            }
        }
        .map_err(|e| failed(e, timeout))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        let timeout = timeout.for_read();
        let mut timed = Timed { socket: &self.socket, until: Instant::now() + *timeout.after };
        let room = self.buffers.input_append_buf();
        if room.is_empty() {
            return Err(
                ClientError::new(Kind::TooLarge, "", "the response header is too large").boxed()
            );
        }
        let amount = match &mut self.tls {
            None => timed.read(room),
            Some(tls) => Stream::new(tls.as_mut(), &mut timed).read(room),
        }
        .map_err(|e| failed(e, timeout))?;
        self.buffers.input_appended(amount);
        hop::with(|hop| hop.received += amount as u64);
        Ok(amount > 0)
    }

    /// Asked before a connection goes into the pool and again when it comes out.
    fn is_open(&mut self) -> bool {
        if !self.buffers.input().is_empty() {
            return false;
        }
        // an idle connection should not hold 41 kB of buffers
        self.buffers = LazyBuffers::new(INPUT, OUTPUT);
        self.is_quiet()
    }

    fn is_tls(&self) -> bool {
        self.tls.is_some()
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").field("tls", &self.tls.is_some()).finish()
    }
}
