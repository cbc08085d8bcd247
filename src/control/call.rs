//! The command's end of the socket.

use std::io::{self, BufRead as _, BufReader, Read as _, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::{Answer, Command, LONGEST_COMMAND, Lock, Reply, lock, socket};
use crate::error::{Error, Result};

/// How long a server that starts or stops, or another command, may hold the folder.
const PATIENCE: Duration = Duration::from_secs(10);
const STEP: Duration = Duration::from_millis(50);

/// More than any answer has.
const LONGEST_ANSWER: u64 = 64 * 1024 * 1024;

/// How a command gets to the database of a data folder.
#[derive(Debug)]
pub enum Way {
    /// Nobody else is there: open it, and keep the lock until it is closed again.
    Direct(Lock),
    /// A server is running: say it there.
    Server(UnixStream),
}

/// Finds the way, waiting for those that come or go at this moment. `may_enter` is asked before
/// anything is made or opened in the folder.
///
/// # Errors
/// One clear sentence when there is none.
pub fn find_way(folder: &Path, may_enter: impl FnOnce() -> Result<()>) -> Result<Way> {
    let mut may_enter = Some(may_enter);
    let deadline = Instant::now() + PATIENCE;
    loop {
        if !lock::is_taken(folder) {
            if let Some(ask) = may_enter.take() {
                ask()?;
            }
            if let Some(lock) = Lock::take(folder)? {
                return Ok(Way::Direct(lock));
            }
        }
        match socket::with_path(folder, UnixStream::connect) {
            Ok(stream) => return Ok(Way::Server(stream)),
            Err(e) if Instant::now() >= deadline => {
                return Err(Error::internal(format!(
                    "another dassie works with {} and does not answer at its control socket: \
                     {e}. Try again when it has ended.",
                    folder.display()
                )));
            }
            Err(_) => thread::sleep(STEP),
        }
    }
}

/// Has the running server execute the command.
///
/// # Errors
/// What it refused, or that it went away.
pub fn call(mut stream: UnixStream, command: &Command) -> Result<Reply> {
    let mut line = serde_json::to_vec(command).map_err(Error::internal)?;
    if line.len() > LONGEST_COMMAND {
        return Err(Error::invalid("the command is too long"));
    }
    line.push(b'\n');
    let answer = exchange(&mut stream, &line, command.longest()).map_err(|e| {
        Error::internal(format!(
            "the running server did not answer ({e}), so it is not certain that the command was \
             executed."
        ))
    })?;
    match serde_json::from_slice(&answer) {
        Ok(Answer::Done(reply)) => Ok(reply),
        Ok(Answer::Refused(sentence)) => Err(Error::Internal(sentence)),
        Err(_) => Err(Error::internal(
            "the command was executed, but this program does not understand the running server's \
             answer: they are of different versions. Restart the server after an upgrade.",
        )),
    }
}

fn exchange(stream: &mut UnixStream, line: &[u8], longest: Duration) -> io::Result<Vec<u8>> {
    stream.set_write_timeout(Some(longest))?;
    stream.set_read_timeout(Some(longest))?;
    stream.write_all(line)?;
    let mut answer = Vec::new();
    BufReader::new(stream).take(LONGEST_ANSWER).read_until(b'\n', &mut answer)?;
    if answer.pop() != Some(b'\n') {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it is stopping"));
    }
    Ok(answer)
}
