//! Runs a program of the host on a file that somebody sent (S-108): with an empty environment,
//! narrow limits on memory, CPU, files and time, below the priority of all else, without network
//! where the system allows that, and never longer than this server.

use std::ffi::OsString;
use std::io::{self, ErrorKind, Read};
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};

/// Open files.
const FILES: u64 = 64;
/// How long two looks at it are apart, at first and later.
const LOOK: Duration = Duration::from_millis(2);
const LOOK_LATER: Duration = Duration::from_millis(40);
/// How much is kept of what it says; the rest is read and dropped.
const KEPT: usize = 256 * 1024;

/// What a program may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of memory, as addresses: what its libraries map counts as well.
    pub memory: u64,
    /// Seconds of CPU.
    pub cpu: u64,
    /// Bytes of one written file.
    pub file: u64,
    /// How long it may take in all.
    pub patience: Duration,
}

/// How a program ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    Fine,
    /// It failed, was refused something or used too much.
    Failed,
    /// It was ended after its time.
    TooLong,
}

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Ran {
    pub end: End,
    /// The beginnings of what it wrote.
    pub output: Vec<u8>,
    pub complaints: Vec<u8>,
}

/// Runs a program and waits for its end.
///
/// # Errors
/// When it cannot be started, or is ended because the server stops: then it is worth trying again.
pub fn run(
    program: &Path,
    arguments: &[OsString],
    limits: Limits,
    stopping: &AtomicBool,
) -> Result<Ran> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        // each thread's own heap would count as memory
        .env("MALLOC_ARENA_MAX", "1")
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // so that what it starts ends with it
        .process_group(0);
    // SAFETY: `confine` runs between fork and exec: it makes system calls and nothing else, takes
    // no locks and allocates nothing.
    unsafe { command.pre_exec(move || confine(limits)) };
    let mut child = command
        .spawn()
        .map_err(|e| Error::internal(format!("cannot start {}: {e}", program.display())))?;
    let ran = watch(&mut child, limits.patience, stopping);
    end(&mut child);
    ran
}

/// Ends the program and all that it started.
fn end(child: &mut Child) {
    if let Ok(id) = libc::pid_t::try_from(child.id()) {
        // SAFETY: plain numbers. The group is the child's own, and its id is not given to others
        // before the child was waited for, or while anything of the group lives.
        unsafe { libc::kill(-id, libc::SIGKILL) };
    }
    let _ = child.kill();
    let _ = child.wait();
}

fn watch(child: &mut Child, patience: Duration, stopping: &AtomicBool) -> Result<Ran> {
    let since = Instant::now();
    let mut output = Pipe::new(child.stdout.take())?;
    let mut complaints = Pipe::new(child.stderr.take())?;
    let mut pause = LOOK;
    let end = loop {
        // asked first: what was written before the end is read below
        let ended = has_ended(child)?;
        let more = output.read() | complaints.read();
        if let Some(fine) = ended {
            break if fine { End::Fine } else { End::Failed };
        }
        if stopping.load(Ordering::Relaxed) {
            let message = "the server is stopping".into();
            return Err(Error::Unavailable { message, retry_after: 5 });
        }
        if since.elapsed() > patience {
            break End::TooLong;
        }
        if !more {
            std::thread::sleep(pause);
            pause = (pause * 2).min(LOOK_LATER);
        }
    };
    Ok(Ran { end, output: output.kept, complaints: complaints.kept })
}

/// Whether it has ended, and well; it is not waited for yet, so that its id stays its own.
fn has_ended(child: &Child) -> Result<Option<bool>> {
    // SAFETY: all zeros is a siginfo; the call writes it, and it is read where it was written.
    let (result, about) = unsafe {
        let mut about: libc::siginfo_t = std::mem::zeroed();
        let flags = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
        (libc::waitid(libc::P_PID, child.id(), &raw mut about, flags), about)
    };
    if result != 0 {
        return Err(Error::internal(io::Error::last_os_error()));
    }
    // SAFETY: waitid wrote the fields of a child that ended, or left all zeros.
    let (who, status) = unsafe { (about.si_pid(), about.si_status()) };
    Ok((who != 0).then_some(about.si_code == libc::CLD_EXITED && status == 0))
}

/// What a program says, read as it comes: a full pipe would hold it up.
struct Pipe<R> {
    from: Option<R>,
    kept: Vec<u8>,
}

impl<R: Read + AsRawFd> Pipe<R> {
    fn new(from: Option<R>) -> Result<Self> {
        if let Some(from) = &from {
            let fd = from.as_raw_fd();
            // SAFETY: the descriptor is open as long as `from` is.
            let done = unsafe { libc::fcntl(fd, libc::F_SETFL, libc::O_NONBLOCK) };
            if done != 0 {
                return Err(Error::internal(io::Error::last_os_error()));
            }
        }
        Ok(Self { from, kept: Vec::new() })
    }

    /// Reads some of what is there; whether there may be more.
    fn read(&mut self) -> bool {
        let Some(from) = &mut self.from else { return false };
        let mut piece = [0; 8192];
        // so many, then others have their turn
        for _ in 0..64 {
            match from.read(&mut piece) {
                Ok(0) => {
                    self.from = None;
                    return false;
                }
                Ok(n) => {
                    let room = KEPT - self.kept.len();
                    self.kept.extend_from_slice(&piece[..n.min(room)]);
                }
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(_) => return false,
            }
        }
        true
    }
}

/// Gives up what the program does not need. In the new process, before it is the program.
fn confine(limits: Limits) -> io::Result<()> {
    let limit = |resource, most: u64| {
        let mut limits = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        // SAFETY: the struct is ours and outlives both calls. A limit that holds already and is
        // narrower stays: it could not be raised.
        unsafe {
            if libc::getrlimit(resource, &raw mut limits) != 0 {
                return -1;
            }
            let most = most.min(limits.rlim_max);
            limits = libc::rlimit { rlim_cur: most, rlim_max: most };
            libc::setrlimit(resource, &raw const limits)
        }
    };
    let limited = limit(libc::RLIMIT_AS, limits.memory)
        | limit(libc::RLIMIT_CPU, limits.cpu)
        | limit(libc::RLIMIT_FSIZE, limits.file)
        | limit(libc::RLIMIT_NOFILE, FILES)
        | limit(libc::RLIMIT_CORE, 0);
    if limited != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: plain numbers, no memory of ours. People who read come first.
    unsafe { libc::nice(10) };
    #[cfg(target_os = "linux")]
    // SAFETY: plain numbers and constant strings. The process ends with the server, gains no
    // rights, has no network where that is allowed to us, and goes first when memory is short.
    unsafe {
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        let fd = libc::open(c"/proc/self/oom_score_adj".as_ptr(), libc::O_WRONLY | libc::O_CLOEXEC);
        if fd >= 0 {
            libc::write(fd, c"800".as_ptr().cast(), 3);
            libc::close(fd);
        }
        libc::unshare(libc::CLONE_NEWUSER | libc::CLONE_NEWNET);
    }
    Ok(())
}
