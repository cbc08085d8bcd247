//! The server's end of the socket: one thread, one command after another.

use std::fs;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use super::{Answer, Command, LONGEST_COMMAND, execute, socket};
use crate::app::App;
use crate::error::{Error, Result, guarded};

/// How long a caller may take to say its command, and to take the answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long a command that runs is waited for when the server stops.
const LAST_COMMAND: Duration = Duration::from_secs(1);

/// The open socket. [`Control::close`], or dropping it, removes it.
#[derive(Debug)]
pub struct Control {
    folder: PathBuf,
    shared: Arc<Shared>,
    ended: mpsc::Receiver<()>,
    open: bool,
}

#[derive(Debug, Default)]
struct Shared {
    stopping: AtomicBool,
    /// Whoever is being read, so that a stop need not wait for a silent caller.
    reading: Mutex<Option<UnixStream>>,
}

/// Opens the socket in the data folder and serves it on a thread of its own. The caller holds
/// the folder's lock, so a socket found there was left by a killed server and is replaced.
///
/// # Errors
/// One clear sentence when there can be no socket.
pub fn listen(app: &App) -> Result<Control> {
    let folder = app.config.storage.data_dir.clone();
    let path = socket::path(&folder);
    let refuse = |e: io::Error| {
        Error::internal(format!("cannot open the control socket {}: {e}.", path.display()))
    };
    match fs::remove_file(&path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(refuse(e)),
        _ => {}
    }
    let listener = socket::with_path(&folder, UnixListener::bind).map_err(refuse)?;
    // The folder lets nobody else in, so nobody was quicker than this.
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).map_err(refuse)?;
    let shared = Arc::new(Shared::default());
    let (end, ended) = mpsc::channel();
    let (app, for_thread) = (app.clone(), Arc::clone(&shared));
    thread::Builder::new()
        .name("control".to_owned())
        .spawn(move || {
            serve(&app, &listener, &for_thread);
            // Nobody listens any more when the stop took too long.
            let _ = end.send(());
        })
        .map_err(refuse)?;
    Ok(Control { folder, shared, ended, open: true })
}

impl Control {
    /// Takes no more commands, waits a moment for the one that runs, and removes the socket.
    pub fn close(mut self) {
        self.end();
    }

    fn end(&mut self) {
        if !std::mem::take(&mut self.open) {
            return;
        }
        self.shared.stopping.store(true, Ordering::SeqCst);
        if let Some(stream) = self.shared.reading() {
            let _ = stream.shutdown(Shutdown::Read);
        }
        // Wakes the thread from waiting for a caller.
        drop(socket::with_path(&self.folder, UnixStream::connect));
        if self.ended.recv_timeout(LAST_COMMAND).is_err() {
            tracing::warn!("a command over the socket did not end in time");
        }
        let _ = fs::remove_file(socket::path(&self.folder));
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.end();
    }
}

impl Shared {
    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    fn reading(&self) -> Option<UnixStream> {
        self.reading.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn set_reading(&self, stream: Option<UnixStream>) {
        *self.reading.lock().unwrap_or_else(PoisonError::into_inner) = stream;
    }
}

fn serve(app: &App, listener: &UnixListener, shared: &Shared) {
    while !shared.is_stopping() {
        match listener.accept() {
            Ok((stream, _)) if !shared.is_stopping() => {
                if let Err(e) = answer(app, stream, shared) {
                    tracing::debug!(error = %e, "a caller of the control socket went away");
                }
            }
            Ok(_) => {}
            Err(e) => {
                tracing::warn!(error = %e, "the control socket does not take a caller");
                // Out of descriptors, most likely: others need the processor to give some back.
                thread::sleep(Duration::from_millis(200));
            }
        }
    }
}

/// Reads one command, executes it and answers.
fn answer(app: &App, mut stream: UnixStream, shared: &Shared) -> io::Result<()> {
    shared.set_reading(Some(stream.try_clone()?));
    // The stop may have come just before there was something to interrupt.
    let line = if shared.is_stopping() { Ok(Vec::new()) } else { read_line(&mut stream) };
    shared.set_reading(None);
    let line = match line {
        Ok(line) if line.is_empty() => return Ok(()),
        line => line?,
    };
    let answer = match serde_json::from_slice::<Command>(&line) {
        Ok(command) => {
            let name = command.name();
            if command.is_step() {
                tracing::debug!(command = name, "command over the control socket");
            } else {
                tracing::info!(command = name, "command over the control socket");
            }
            run(app, command)
        }
        // Its text may hold what was sent: a password, perhaps.
        Err(_) => Answer::Refused(format!(
            "the running server (Dassie {}) does not know this command. Restart it after an \
             upgrade.",
            env!("CARGO_PKG_VERSION")
        )),
    };
    let mut bytes = serde_json::to_vec(&answer)?;
    bytes.push(b'\n');
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(&bytes)
}

/// A fault in one command must not end the thread that serves all.
fn run(app: &App, command: Command) -> Answer {
    match guarded(|| execute(app, command)) {
        Ok(reply) => Answer::Done(reply),
        Err(e) if e.is_panic() => {
            Answer::Refused("the command failed inside the server; see its log.".to_owned())
        }
        Err(e) => Answer::Refused(e.to_string()),
    }
}

/// One line without its end; empty when the caller left. Too long or too slow is an error.
fn read_line(stream: &mut UnixStream) -> io::Result<Vec<u8>> {
    let deadline = Instant::now() + PATIENCE;
    let mut line = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        let count = stream.read(&mut chunk)?;
        let read = chunk.get(..count).unwrap_or_default();
        if let Some(end) = read.iter().position(|b| *b == b'\n') {
            line.extend(read.iter().take(end));
            return Ok(line);
        }
        // Half a command is none.
        if read.is_empty() {
            return Ok(Vec::new());
        }
        line.extend_from_slice(read);
        if line.len() > LONGEST_COMMAND {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
    }
}
