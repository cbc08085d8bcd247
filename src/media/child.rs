//! Decoding in a short-lived process of the same program (S-107): a file that breaks a decoder or
//! asks for all the memory takes that process down and nothing else, and its memory goes back to
//! the system. The order goes in on standard input, the outcome comes back on standard output.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::clip;
use super::image::{self, Order, Outcome};
use crate::error::{Error, Result};

/// The hidden command that [`serve`] answers.
pub const COMMAND: &str = "decode-image";

/// What the process may use of memory beside the pixels (S-107): its own data, tables, and the file
/// as it came and as it is changed.
const MEMORY: u64 = 40 << 20;
/// Addresses beyond that: the program itself, and what it only reads.
const PROGRAM: u64 = 96 << 20;
/// Seconds of CPU, bytes of one written file, open files.
const CPU: u64 = 30;
const FILE: u64 = 640 << 20;
const FILES: u64 = 32;
/// How long it may take in all.
const PATIENCE: Duration = Duration::from_secs(40);
/// How long a look at it is apart from the next.
const LOOK: Duration = Duration::from_millis(4);

/// Has a file decoded.
///
/// # Errors
/// When the process cannot be started, or is ended because the server stops: then it is worth
/// trying again, as on a full disk. Whatever the file does to the process is an
/// [`Outcome::Refused`].
pub fn run(program: &Path, order: &Order, stopping: &AtomicBool) -> Result<Outcome> {
    let text = serde_json::to_vec(order).map_err(Error::internal)?;
    let mut child = Command::new(program)
        .arg(COMMAND)
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|e| Error::internal(format!("cannot start the decoder: {e}")))?;
    if let Some(mut stdin) = child.stdin.take() {
        // one that is gone already says so by its end
        let _ = stdin.write_all(&text);
    }
    let fine = wait(&mut child, stopping)?;
    let mut answer = String::new();
    if let Some(stdout) = child.stdout.take() {
        let _ = stdout.take(64 * 1024).read_to_string(&mut answer);
    }
    match serde_json::from_str(&answer) {
        Ok(Outcome::Refused(why)) if why == Error::disk_full().public() => Err(Error::disk_full()),
        Ok(outcome) if fine => Ok(outcome),
        _ => Ok(Outcome::Refused("The file could not be decoded".to_owned())),
    }
}

/// Waits for the end; whether it was a good one.
fn wait(child: &mut Child, stopping: &AtomicBool) -> Result<bool> {
    let since = Instant::now();
    loop {
        if let Some(status) = child.try_wait().map_err(Error::internal)? {
            return Ok(status.success());
        }
        let stop = stopping.load(Ordering::Relaxed);
        if stop || since.elapsed() > PATIENCE {
            let _ = child.kill();
            let _ = child.wait();
            if stop {
                let message = "the server is stopping".into();
                return Err(Error::Unavailable { message, retry_after: 5 });
            }
            return Ok(false);
        }
        std::thread::sleep(LOOK);
    }
}

/// What the process does: reads an order, carries it out, writes the outcome.
pub fn serve() -> Result<()> {
    confine();
    let mut text = String::new();
    std::io::stdin().take(64 * 1024).read_to_string(&mut text).map_err(Error::internal)?;
    let order: Order = serde_json::from_str(&text).map_err(Error::internal)?;
    let memory = image::memory(order.max_pixels).saturating_add(MEMORY);
    limit(libc::RLIMIT_DATA, memory);
    limit(libc::RLIMIT_AS, memory.saturating_add(PROGRAM));
    let outcome = clip::make(&order);
    let text = serde_json::to_string(&outcome).map_err(Error::internal)?;
    std::io::stdout().write_all(text.as_bytes()).map_err(Error::internal)
}

#[cfg(target_env = "gnu")]
type Resource = libc::__rlimit_resource_t;
#[cfg(not(target_env = "gnu"))]
type Resource = libc::c_int;

fn limit(resource: Resource, most: u64) {
    let limits = libc::rlimit { rlim_cur: most, rlim_max: most };
    // SAFETY: the struct is ours and outlives the call, which reads it only.
    unsafe { libc::setrlimit(resource, &raw const limits) };
}

/// Gives up what decoding does not need.
fn confine() {
    limit(libc::RLIMIT_CPU, CPU);
    limit(libc::RLIMIT_FSIZE, FILE);
    limit(libc::RLIMIT_NOFILE, FILES);
    limit(libc::RLIMIT_CORE, 0);
    // SAFETY: plain numbers, no memory of ours. People who read come first.
    unsafe { libc::nice(5) };
    #[cfg(target_os = "linux")]
    // SAFETY: the same. The process ends with the server that asked, and gains no rights.
    unsafe {
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    }
}
