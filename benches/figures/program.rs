//! The program under measurement: a child process on a core of its own, with what the kernel
//! says about its memory and its processor time.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::num::NonZero;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::Res;
use crate::load::{Connection, request};
use crate::seed::HOST;

/// The core of the program, and that of the load and of the other servers.
const PROGRAM_CORE: usize = 0;
const LOAD_CORE: usize = 1;

/// A running `dassie serve`; it ends with this value.
pub struct Program {
    child: Child,
    pub address: SocketAddr,
    /// From the start of the process to its first answer.
    pub started_in: Duration,
}

/// Bytes of memory, of the whole process tree.
pub struct Memory {
    pub resident: f64,
    /// Without pages of files.
    pub private: f64,
    /// The most that was resident at once.
    pub peak: f64,
}

/// The program that is measured: the one that `BENCH_PROGRAM` names, or what was built with this
/// benchmark.
pub fn file() -> PathBuf {
    std::env::var_os("BENCH_PROGRAM").map_or_else(|| PathBuf::from(BUILT), PathBuf::from)
}

/// `target/release/dassie`
pub const BUILT: &str = env!("CARGO_BIN_EXE_dassie");

/// How many cores there were before the load chose one of them.
pub fn cores() -> usize {
    static CORES: OnceLock<usize> = OnceLock::new();
    *CORES.get_or_init(|| std::thread::available_parallelism().map_or(1, NonZero::get))
}

/// Whether program and load can have a core each.
fn has_two_cores() -> bool {
    cores() > 1
}

/// Keeps this thread and those that it starts on the core of the load.
pub fn pin_load() {
    if has_two_cores() && pin(LOAD_CORE).is_err() {
        println!("  (this process cannot choose its core)");
    }
}

fn pin(core: usize) -> io::Result<()> {
    // SAFETY: an all-zero cpu_set_t is an empty one.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: the set is ours, and the core's number is far below its size.
    unsafe { libc::CPU_SET(core, &mut set) };
    // SAFETY: the set lives through the call and its true size is given; 0 is this thread.
    let failed =
        unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const set) };
    if failed == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

impl Program {
    /// Starts the program on the data in `folder` and waits for its first 200.
    pub fn start(folder: &Path) -> Res<Self> {
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let config = folder.join("bench.toml");
        fs::write(
            &config,
            format!(
                "[server]\nhost = \"{HOST}\"\nlisten = \"{address}\"\n\
                 [storage]\ndata_dir = {:?}\n\
                 [network]\nallowed_private_ranges = [\"127.0.0.0/8\"]\n\
                 extra_ca_file = {:?}\n\
                 # counted, but never reached: one person asks for what thousands would\n\
                 [limits]\nrequests_per_account = 1000000\n\
                 requests_per_address = 1000000\n\
                 uploads_per_account = 0\n\
                 inbox_requests_per_address = 1000000\n\
                 inbox_requests_per_server = 1000000\n\
                 [log]\nlevel = \"warn\"\n",
                folder.display().to_string(),
                folder.join(crate::peers::CA_FILE).display().to_string()
            ),
        )?;
        let log = fs::OpenOptions::new().create(true).append(true).open(folder.join("log"))?;
        let mut command = Command::new(file());
        command.args(["serve", "--config"]).arg(&config).env_clear();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let pinned = has_two_cores();
        // SAFETY: between fork and exec only two system calls are made, on data of the stack.
        unsafe {
            command.pre_exec(move || {
                // it must not outlive a benchmark that is killed
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
                if pinned {
                    let _ = pin(PROGRAM_CORE);
                }
                Ok(())
            });
        }
        let since = Instant::now();
        let child = command.spawn()?;
        let mut program = Self { child, address, started_in: Duration::ZERO };
        let wanted = request("GET", "/api/v1/instance", &[], None);
        loop {
            let answer = Connection::open(address)
                .and_then(|mut c| c.exchange(&wanted).map(|(status, _)| status));
            if matches!(answer, Ok(200)) {
                break;
            }
            if let Some(status) = program.child.try_wait()? {
                return Err(format!("the program ended with {status}: {}", tail(folder)).into());
            }
            if since.elapsed() > Duration::from_secs(20) {
                return Err(format!("no answer, {answer:?}: {}", tail(folder)).into());
            }
            std::thread::sleep(Duration::from_micros(300));
        }
        program.started_in = since.elapsed();
        Ok(program)
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as a service manager would; how long it took.
    pub fn stop(mut self) -> Res<Duration> {
        let since = Instant::now();
        let pid = libc::pid_t::try_from(self.child.id())?;
        // SAFETY: the child has not been waited for, so its id is still its own.
        unsafe { libc::kill(pid, libc::SIGTERM) };
        while self.child.try_wait()?.is_none() {
            if since.elapsed() > Duration::from_secs(15) {
                return Err("the program does not stop".into());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(since.elapsed())
    }

    /// The processor time of all its threads so far, those that ended included.
    pub fn cpu(&self) -> Res<Duration> {
        let pid = libc::pid_t::try_from(self.child.id())?;
        let mut clock: libc::clockid_t = 0;
        // SAFETY: the pointer is to a variable of ours of the right type.
        if unsafe { libc::clock_getcpuclockid(pid, &raw mut clock) } != 0 {
            return Err("the processor time of the program cannot be read".into());
        }
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: as above.
        if unsafe { libc::clock_gettime(clock, &raw mut time) } != 0 {
            return Err(io::Error::last_os_error().into());
        }
        Ok(Duration::new(u64::try_from(time.tv_sec)?, u32::try_from(time.tv_nsec)?))
    }

    /// The processor time of the processes that it started and that ended.
    pub fn cpu_of_children(&self) -> Res<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // behind the name, which may have spaces: cutime and cstime are the 14th and 15th there
        let rest = stat.rsplit(')').next().unwrap_or_default();
        let ticks: u64 = rest
            .split_whitespace()
            .skip(13)
            .take(2)
            .map(|word| word.parse::<u64>().unwrap_or(0))
            .sum();
        // SAFETY: a plain number goes in and one comes out.
        let a_second = u64::try_from(unsafe { libc::sysconf(libc::_SC_CLK_TCK) })?;
        Ok(Duration::from_millis(ticks * 1000 / a_second.max(1)))
    }

    /// What it alone, and it with all that it started, hold at this moment, in bytes.
    pub fn memory_now(&self) -> (f64, f64) {
        crate::media::memory_of(self.child.id())
    }

    pub fn memory(&self) -> Res<Memory> {
        let mut memory = Memory { resident: 0.0, private: 0.0, peak: 0.0 };
        let mut pids = vec![self.child.id()];
        while let Some(pid) = pids.pop() {
            let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
            let bytes = |name: &str| {
                let line = status.lines().find_map(|line| line.strip_prefix(name));
                let kib: f64 = line
                    .and_then(|rest| rest.split_whitespace().next()?.parse().ok())
                    .unwrap_or_default();
                kib * 1024.0
            };
            memory.resident += bytes("VmRSS:");
            memory.private += bytes("RssAnon:");
            memory.peak += bytes("VmHWM:");
            let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
            pids.extend(
                children
                    .unwrap_or_default()
                    .split_whitespace()
                    .filter_map(|p| p.parse::<u32>().ok()),
            );
        }
        Ok(memory)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The end of the program's log.
pub fn tail(folder: &Path) -> String {
    let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
    let lines: Vec<&str> = log.lines().collect();
    lines.get(lines.len().saturating_sub(10)..).unwrap_or_default().join("\n")
}
