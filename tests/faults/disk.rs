//! A disk that keeps what was synced and nothing else for sure. SQLite goes on as always, with its
//! real files, through a layer of its own kind (<https://www.sqlite.org/vfs.html>) that notes beside
//! them what a power cut would leave: the bytes of the last sync, and of what was written since
//! whatever chance keeps, sector by sector and in any order.

use std::collections::BTreeMap;
use std::ffi::{CStr, OsStr, c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use rusqlite::ffi::{self, sqlite3_file, sqlite3_io_methods, sqlite3_vfs};

use super::Chance;

/// What a disk writes whole.
const SECTOR: usize = 512;

static DISK: Mutex<Disk> = Mutex::new(Disk { watched: Vec::new(), files: BTreeMap::new() });
/// The layer below.
static BELOW: AtomicPtr<sqlite3_vfs> = AtomicPtr::new(std::ptr::null_mut());

struct Disk {
    watched: Vec<PathBuf>,
    files: BTreeMap<PathBuf, Kept>,
}

/// A file as the disk has it.
#[derive(Default)]
struct Kept {
    synced: Vec<u8>,
    since: Vec<Change>,
    syncs: usize,
}

enum Change {
    Write(usize, Vec<u8>),
    Shorten(usize),
}

impl Change {
    fn apply(&self, file: &mut Vec<u8>) {
        match self {
            Self::Write(at, bytes) => put(file, *at, bytes),
            Self::Shorten(to) => file.truncate(*to),
        }
    }
}

fn put(file: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    let end = at + bytes.len();
    if file.len() < end {
        file.resize(end, 0);
    }
    file[at..end].copy_from_slice(bytes);
}

impl Kept {
    fn sync(&mut self) {
        self.syncs += 1;
        for change in std::mem::take(&mut self.since) {
            change.apply(&mut self.synced);
        }
    }

    /// What a cut at this moment leaves of it.
    fn after_cut(&self, chance: &mut Chance) -> Vec<u8> {
        let mut left = self.synced.clone();
        // nothing of what was not synced, all of it up to some point, or any sectors of it
        let way = chance.below(3);
        let until = if way == 1 { chance.below(self.since.len() + 1) } else { self.since.len() };
        for change in &self.since[..until] {
            match (way, change) {
                (0, _) => {}
                (2, Change::Write(at, bytes)) => {
                    for (number, sector) in bytes.chunks(SECTOR).enumerate() {
                        if chance.below(2) == 0 {
                            put(&mut left, at + number * SECTOR, sector);
                        }
                    }
                }
                (2, Change::Shorten(_)) if chance.below(2) == 0 => {}
                (_, change) => change.apply(&mut left),
            }
        }
        left
    }
}

fn disk() -> MutexGuard<'static, Disk> {
    DISK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From now on what happens in this folder is noted.
pub fn watch(folder: &Path) {
    static ONCE: Once = Once::new();
    ONCE.call_once(register);
    disk().watched.push(folder.to_owned());
}

/// How often a file was synced.
pub fn syncs(path: &Path) -> usize {
    disk().files.get(path).map_or(0, |kept| kept.syncs)
}

/// Cuts the power: writes what is left of the files in `folder` into another folder. The server
/// does not notice, and can be cut off again.
pub fn cut(folder: &Path, to: &Path, chance: &mut Chance) {
    let left: Vec<(PathBuf, Vec<u8>)> = {
        let disk = disk();
        let files = disk.files.iter().filter(|(path, _)| path.starts_with(folder));
        files.map(|(path, kept)| (path.clone(), kept.after_cut(chance))).collect()
    };
    let private = |path: &Path, mode: u32| {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(mode);
        std::fs::set_permissions(path, mode).unwrap();
    };
    private(to, 0o700);
    for (path, bytes) in left {
        let path = to.join(path.file_name().unwrap());
        std::fs::write(&path, bytes).unwrap();
        private(&path, 0o600);
    }
}

/// A file of a watched folder; the layer below keeps what it needs behind it.
#[repr(C)]
struct Noted {
    base: sqlite3_file,
    /// Of [`Box::into_raw`].
    path: *mut PathBuf,
}

/// Where the layer below has its part of a file.
///
/// # Safety
/// `file` is one that [`open`] was given, as large as [`register`] says.
unsafe fn below(file: *mut sqlite3_file) -> *mut sqlite3_file {
    // SAFETY: there are so many bytes before it, by the size that was registered.
    unsafe { file.cast::<u8>().add(size_of::<Noted>()).cast() }
}

/// Notes something about a file that [`open`] opened.
///
/// # Safety
/// `file` is such a file, and not closed.
unsafe fn note(file: *mut sqlite3_file, what: impl FnOnce(&mut Kept)) {
    // SAFETY: the path lives until the file is closed, and nobody changes it.
    let path = unsafe { &*(*file.cast::<Noted>()).path };
    what(disk().files.entry(path.clone()).or_default());
}

fn register() {
    // SAFETY: the layer that SQLite has by default lives as long as the process, and so does the
    // copy with our functions in it, which is never freed.
    unsafe {
        let original = ffi::sqlite3_vfs_find(std::ptr::null());
        assert!(!original.is_null());
        BELOW.store(original, Ordering::SeqCst);
        let mut ours = std::ptr::read(original);
        ours.szOsFile += c_int::try_from(size_of::<Noted>()).unwrap();
        ours.zName = c"forgetful".as_ptr();
        ours.pNext = std::ptr::null_mut();
        ours.xOpen = Some(open);
        ours.xDelete = Some(delete);
        let done = ffi::sqlite3_vfs_register(Box::leak(Box::new(ours)), 1);
        assert_eq!(done, ffi::SQLITE_OK);
    }
}

/// The path, if it is in a folder that is watched.
///
/// # Safety
/// `name` is null or a C string.
unsafe fn watched(name: *const c_char) -> Option<PathBuf> {
    if name.is_null() {
        return None;
    }
    // SAFETY: the caller says so.
    let name = unsafe { CStr::from_ptr(name) };
    let path = Path::new(OsStr::from_bytes(name.to_bytes()));
    disk().watched.iter().any(|folder| path.starts_with(folder)).then(|| path.to_owned())
}

unsafe extern "C" fn open(
    _: *mut sqlite3_vfs,
    name: *const c_char,
    file: *mut sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    let vfs = BELOW.load(Ordering::SeqCst);
    // SAFETY: SQLite calls this with a name that lives as long as the file, and with room for it of
    // the registered size; the layer below has an xOpen.
    unsafe {
        let Some(open) = (*vfs).xOpen else { return ffi::SQLITE_CANTOPEN };
        let Some(path) = watched(name) else { return open(vfs, name, file, flags, out) };
        let done = open(vfs, name, below(file), flags, out);
        if done != ffi::SQLITE_OK {
            (*file).pMethods = std::ptr::null();
            return done;
        }
        // what was there before is on the disk
        disk().files.entry(path.clone()).or_insert_with(|| Kept {
            synced: std::fs::read(&path).unwrap_or_default(),
            ..Kept::default()
        });
        (*file.cast::<Noted>()).path = Box::into_raw(Box::new(path));
        (*file).pMethods = &raw const METHODS;
        done
    }
}

unsafe extern "C" fn delete(_: *mut sqlite3_vfs, name: *const c_char, sync: c_int) -> c_int {
    let vfs = BELOW.load(Ordering::SeqCst);
    // SAFETY: SQLite gives a C string; the layer below has an xDelete.
    unsafe {
        if let Some(path) = watched(name) {
            disk().files.remove(&path);
        }
        (*vfs).xDelete.map_or(ffi::SQLITE_IOERR, |delete| delete(vfs, name, sync))
    }
}

unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    // SAFETY: SQLite closes a file once; the path is the box that `open` made.
    unsafe {
        drop(Box::from_raw((*file.cast::<Noted>()).path));
        let inner = below(file);
        (*(*inner).pMethods).xClose.map_or(ffi::SQLITE_OK, |close| close(inner))
    }
}

unsafe extern "C" fn write(
    file: *mut sqlite3_file,
    bytes: *const c_void,
    length: c_int,
    at: i64,
) -> c_int {
    // SAFETY: SQLite gives so many bytes, and a file that is open.
    unsafe {
        let length_here = usize::try_from(length).unwrap_or(0);
        let copy = std::slice::from_raw_parts(bytes.cast::<u8>(), length_here).to_vec();
        note(file, |kept| kept.since.push(Change::Write(usize::try_from(at).unwrap_or(0), copy)));
        let inner = below(file);
        let write = (*(*inner).pMethods).xWrite;
        write.map_or(ffi::SQLITE_IOERR, |write| write(inner, bytes, length, at))
    }
}

unsafe extern "C" fn truncate(file: *mut sqlite3_file, size: i64) -> c_int {
    // SAFETY: a file that is open.
    unsafe {
        note(file, |kept| kept.since.push(Change::Shorten(usize::try_from(size).unwrap_or(0))));
        let inner = below(file);
        let truncate = (*(*inner).pMethods).xTruncate;
        truncate.map_or(ffi::SQLITE_IOERR, |truncate| truncate(inner, size))
    }
}

/// The real disk is not asked: nobody cuts its power.
unsafe extern "C" fn sync(file: *mut sqlite3_file, _: c_int) -> c_int {
    // SAFETY: a file that is open.
    unsafe { note(file, Kept::sync) };
    ffi::SQLITE_OK
}

/// What is left to the layer below as it is.
macro_rules! left_to_it {
    ($($name:ident => $method:ident($($arg:ident: $kind:ty),*);)*) => {$(
        unsafe extern "C" fn $name(file: *mut sqlite3_file, $($arg: $kind),*) -> c_int {
            // SAFETY: a file that is open, and the arguments are SQLite's.
            unsafe {
                let inner = below(file);
                let there = (*(*inner).pMethods).$method;
                there.map_or(ffi::SQLITE_NOTFOUND, |it| it(inner, $($arg),*))
            }
        }
    )*};
}

left_to_it! {
    read => xRead(bytes: *mut c_void, length: c_int, at: i64);
    file_size => xFileSize(size: *mut i64);
    lock => xLock(level: c_int);
    unlock => xUnlock(level: c_int);
    check_lock => xCheckReservedLock(held: *mut c_int);
    control => xFileControl(what: c_int, arg: *mut c_void);
    sector_size => xSectorSize();
    device => xDeviceCharacteristics();
    shm_map => xShmMap(page: c_int, size: c_int, extend: c_int, at: *mut *mut c_void);
    shm_lock => xShmLock(offset: c_int, count: c_int, flags: c_int);
    shm_unmap => xShmUnmap(delete: c_int);
}

unsafe extern "C" fn shm_barrier(file: *mut sqlite3_file) {
    // SAFETY: a file that is open.
    unsafe {
        let inner = below(file);
        if let Some(barrier) = (*(*inner).pMethods).xShmBarrier {
            barrier(inner);
        }
    }
}

/// Without memory maps of the file: the program uses none.
static METHODS: sqlite3_io_methods = sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_lock),
    xFileControl: Some(control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};
