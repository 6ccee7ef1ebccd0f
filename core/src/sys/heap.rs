//! Memory that the C library's allocator keeps for later.

#![expect(unsafe_code, reason = "the allocator has no safe wrapper")]

use std::ffi::c_int;

use nix::libc;

/// Blocks of at least so many bytes are mapped for themselves, and go back to the system when they are freed; so does what is
/// freed at the end of the heap, once it is more than that.
const MOST_RETAINED: c_int = 256 * 1024;

/// Keeps the allocator from keeping more: by itself it takes the largest block that was ever freed for the measure of what will be
/// wanted again. For a program's start, before there are threads.
pub(crate) fn limit_retained() {
    // SAFETY: sets numbers of the allocator. It refuses those that it can't use, and keeps its own.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, MOST_RETAINED);
        libc::mallopt(libc::M_TRIM_THRESHOLD, MOST_RETAINED);
    }
}

/// Bytes that were freed and may be kept for later. More than 4 GiB wrap.
pub(crate) fn freed() -> usize {
    // SAFETY: takes nothing and returns numbers by value. mallinfo2 would not wrap, but older C libraries have none.
    let counts = unsafe { libc::mallinfo() };
    usize::try_from(counts.fordblks.cast_unsigned()).unwrap_or(usize::MAX)
}

/// Gives whole pages of it back to the system. Takes about a millisecond for ten megabytes.
pub(crate) fn give_back() {
    // SAFETY: may be called at any time, from any thread; the number is what is kept at the end of the heap.
    unsafe { libc::malloc_trim(0) };
}

#[cfg(test)]
mod tests {
    #[test]
    fn large_blocks_stay_out_of_the_heap_whatever_was_freed_before() {
        // What is mapped begins with a page, behind the allocator's own two words.
        let is_mapped = |block: &[u8]| block.as_ptr().addr() % 4096 == 2 * size_of::<usize>();
        super::limit_retained();
        drop(vec![1_u8; 4 * 1024 * 1024]);
        assert!(is_mapped(&vec![1_u8; 1024 * 1024]));
    }

    #[test]
    fn freed_memory_between_blocks_that_live_goes_back_to_the_system() {
        const BLOCKS: usize = 64 * 1024;
        let resident = || crate::sys::resident_memory().expect("known on Linux");
        let mut blocks: Vec<_> = (0..BLOCKS).map(|_| Some(vec![1_u8; 1000])).collect();
        for (number, block) in blocks.iter_mut().enumerate() {
            if number % 64 != 0 {
                *block = None;
            }
        }
        let before = resident();
        assert!(super::freed() > BLOCKS / 2 * 1000);
        super::give_back();
        let given = before.saturating_sub(resident());
        assert!(given > (BLOCKS / 4 * 1000) as u64, "{given} bytes");
        assert!(blocks.iter().flatten().all(|block| block[999] == 1));
    }
}
