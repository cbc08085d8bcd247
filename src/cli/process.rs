//! What the process asks of the system before it does anything else.

use std::sync::atomic::{AtomicBool, Ordering};

/// Sets the rights of new files and the habits of the allocator, and leaves no core file behind
/// (S-126). To be called while there is one thread.
pub(super) fn prepare() {
    let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: umask takes a plain number and cannot fail; setrlimit reads a struct that lives
    // through the call, and where it fails things are as they were.
    unsafe {
        // Keys, the database and uploads are nobody else's business.
        libc::umask(0o077);
        // What a crash would write to the disk holds keys and tokens.
        libc::setrlimit(libc::RLIMIT_CORE, &raw const none);
    }
    #[cfg(target_env = "gnu")]
    // SAFETY: mallopt takes plain numbers; it may be called at any time, and there is no other
    // thread yet that could allocate meanwhile.
    unsafe {
        // Large blocks, such as the 19 MiB of a password hash, go back to the system as soon as
        // they are free. Fixing the size keeps glibc from raising it after the first of them.
        libc::mallopt(libc::M_MMAP_THRESHOLD, 128 * 1024);
        // Otherwise each thread gets an arena whose free memory serves no other.
        libc::mallopt(libc::M_ARENA_MAX, 2);
    }
    #[cfg(all(target_env = "gnu", target_feature = "crt-static"))]
    look_up_hosts_by_ourselves();
}

/// Hosts are looked up in `/etc/hosts` and DNS, whatever `nsswitch.conf` says: its other services are
/// libraries for the C library of the system, which this program, having its own, must not load.
#[cfg(all(target_env = "gnu", target_feature = "crt-static"))]
fn look_up_hosts_by_ourselves() {
    unsafe extern "C" {
        // nss.h
        fn __nss_configure_lookup(
            database: *const libc::c_char,
            services: *const libc::c_char,
        ) -> libc::c_int;
    }
    // SAFETY: both texts end with a zero and live for ever; there is no other thread yet that could
    // look anything up meanwhile.
    unsafe {
        __nss_configure_lookup(c"hosts".as_ptr(), c"files dns".as_ptr());
    }
}

/// Whether this is root, who may write everywhere.
pub(super) fn is_root() -> bool {
    // SAFETY: geteuid takes nothing, touches no memory of ours and cannot fail.
    unsafe { libc::geteuid() == 0 }
}

/// Somebody pressed Ctrl-C.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// From now on Ctrl-C is noted, and the second one ends the program.
pub(super) fn catch_interrupt() {
    extern "C" fn note(_: libc::c_int) {
        if INTERRUPTED.swap(true, Ordering::SeqCst) {
            // SAFETY: _exit may be called in a signal handler; nothing is left to be done.
            unsafe { libc::_exit(130) }
        }
    }
    let handler: extern "C" fn(libc::c_int) = note;
    // SAFETY: the handler is a plain function that touches an atomic alone.
    unsafe {
        libc::signal(libc::SIGINT, handler as libc::sighandler_t);
    }
}

/// Whether somebody pressed Ctrl-C since.
pub(super) fn was_interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}
