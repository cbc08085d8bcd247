//! What the process gives back to the system while it has nothing to do.

/// Gives back what the allocator keeps free, and the pages of the program's own file, which the
/// start and the last requests mapped. The kernel has these in its file cache still, where it may
/// drop them when others need the room; what runs next maps what it needs again, some 64 kB at a
/// time, and reads the disk only for what was dropped meanwhile (docs/performance.md).
pub fn give_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: malloc_trim takes a plain number, may be called at any time by any thread, and moves
    // nothing that is in use.
    unsafe {
        libc::malloc_trim(0);
    }
    // SAFETY: the callback is of the type that is asked for and takes no data.
    unsafe {
        libc::dl_iterate_phdr(Some(unmap_read_only), std::ptr::null_mut());
    }
}

/// Unmaps what of one object can be read from its file again as it is: all that is loaded without
/// the right to write. (What is corrected at the start, and closed then, has that right here.)
unsafe extern "C" fn unmap_read_only(
    object: *mut libc::dl_phdr_info,
    _size: libc::size_t,
    _data: *mut libc::c_void,
) -> libc::c_int {
    // SAFETY: the C library hands out one description that is whole and lives through the call,
    // and as many headers as it says.
    let (base, headers) = unsafe {
        let object = &*object;
        (object.dlpi_addr, std::slice::from_raw_parts(object.dlpi_phdr, object.dlpi_phnum.into()))
    };
    // SAFETY: sysconf takes a plain number, and this one is known everywhere.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) }.cast_unsigned();
    for header in headers {
        if header.p_type != libc::PT_LOAD || header.p_flags & libc::PF_W != 0 {
            continue;
        }
        let at = base + header.p_vaddr;
        let start = at - at % page;
        // the kernel completes the last page by itself
        let length = at + header.p_memsz - start;
        // SAFETY: the range is one that the loader mapped from the file, read-only and privately;
        // nobody changed it, so that each page that is touched again comes back as it was. Where
        // the kernel refuses, things stay as they are.
        unsafe {
            libc::madvise(start as *mut libc::c_void, length as usize, libc::MADV_DONTNEED);
        }
    }
    // the first object is the program; libraries are none of ours
    1
}
