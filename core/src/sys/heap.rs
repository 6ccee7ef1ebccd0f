//! Memory that the C library's allocator keeps for later.

#![expect(unsafe_code, reason = "the allocator has no safe wrapper")]

use std::ffi::c_int;
use std::time::Duration;

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

/// Bytes of a large page.
const LARGE_PAGE: usize = 2 << 20;
/// Between two of them others get at the memory, who wait meanwhile.
const PAUSE: Duration = Duration::from_millis(1);

/// Puts what was allocated into large pages, as far as the system has any: what is read here and there is found sooner, in
/// a third of the time after a pause, as there are fewer entries of page tables to be read first. Blocks: a few milliseconds
/// for each page. Gives the bytes that were joined.
pub(crate) fn join_pages() -> usize {
    let areas = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let pages = areas.lines().filter_map(own_area).flat_map(|(start, end)| {
        let first = start.next_multiple_of(LARGE_PAGE);
        (first..end)
            .step_by(LARGE_PAGE)
            .filter(move |page| end - page >= LARGE_PAGE)
    });
    let joined = pages.filter(|page| {
        // SAFETY: what is in there stays as it is, whoever uses it meanwhile. A page that has gone is an error.
        let result = unsafe {
            libc::madvise(
                std::ptr::without_provenance_mut(*page),
                LARGE_PAGE,
                libc::MADV_COLLAPSE,
            )
        };
        std::thread::sleep(PAUSE);
        result == 0
    });
    joined.count() * LARGE_PAGE
}

/// Where an area begins and ends that is written to and belongs to no file, of a line such as
/// `7f00-7f10 rw-p 00000000 00:00 0 [heap]`.
fn own_area(line: &str) -> Option<(usize, usize)> {
    let mut words = line.split_whitespace();
    let (start, end) = words.next()?.split_once('-')?;
    let is_private = words.next()? == "rw-p";
    let of_no_file = words.nth(2)? == "0" && words.next().is_none_or(|name| name == "[heap]");
    let address = |text| usize::from_str_radix(text, 16).ok();
    let area = (address(start)?, address(end)?);
    (is_private && of_no_file && area.0 < area.1).then_some(area)
}

#[cfg(test)]
mod tests {
    #[test]
    fn joined_pages_hold_what_they_held() {
        let text = |number: usize| format!("{number:01000}");
        let blocks: Vec<_> = (0..20_000).map(text).collect();
        let large = || {
            let maps = std::fs::read_to_string("/proc/self/smaps_rollup").unwrap_or_default();
            let line = maps.lines().find(|line| line.starts_with("AnonHugePages:"));
            let count = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<usize>().ok());
            count.unwrap_or_default()
        };
        let joined = super::join_pages();
        // Not every system has large pages.
        assert!(joined == 0 || large() > 0, "{joined} bytes");
        assert!(
            blocks
                .iter()
                .enumerate()
                .all(|(number, block)| *block == text(number))
        );
        let area = super::own_area("7f00-8f10 rw-p 00000000 00:00 0 ");
        assert_eq!(area, Some((0x7f00, 0x8f10)));
        for line in [
            "7f00-8f10 r--p 00000000 00:00 0",
            "7f00-8f10 rw-p 00000000 fe:00 12 /x",
            "7f00-8f10 rw-p 0 00:00 0 [stack]",
            "",
            "x",
        ] {
            assert_eq!(super::own_area(line), None, "{line}");
        }
    }

    #[test]
    fn large_blocks_stay_out_of_the_heap_whatever_was_freed_before() {
        // What is mapped begins with a page, behind the allocator's own two words.
        let is_mapped = |block: &Vec<u8>| block.as_ptr().addr() % 4096 == 2 * size_of::<usize>();
        super::limit_retained();
        drop(vec![1_u8; 4 * 1024 * 1024]);
        // Others of this process may have left room, which is used up first.
        let blocks: Vec<Vec<u8>> = (0..256).map(|_| Vec::with_capacity(1024 * 1024)).collect();
        assert!(blocks.iter().any(is_mapped));
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
