//! Pages of memory.

/// Asks for large pages under `numbers`, of which nothing has been read or written yet: a result of 188 MB on pages of 4 kB
/// makes the system stop the program 46,000 times. Without effect where the system has no large pages to give.
pub fn prefer_large_pages(numbers: &mut [f32]) {
    #[cfg(all(target_os = "linux", not(miri)))]
    {
        /// A large page on x86-64, and on ARM with pages of 4 kB.
        const LARGE: usize = 2 << 20;
        let range = numbers.as_mut_ptr_range();
        let (start, end) = (range.start.addr().next_multiple_of(LARGE), range.end.addr() / LARGE * LARGE);
        if start < end {
            // SAFETY: whole pages within `numbers`, which is borrowed exclusively; the advice changes no content. Whether
            // it is taken is of no account.
            unsafe { libc::madvise(start as *mut libc::c_void, end - start, libc::MADV_HUGEPAGE) };
        }
    }
    #[cfg(not(all(target_os = "linux", not(miri))))]
    let _ = numbers;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_stay_what_they_are() {
        for len in [0, 1, 1000, 3 << 20] {
            let mut numbers: Vec<f32> = (0..len).map(|i| i as f32).collect();
            prefer_large_pages(&mut numbers);
            assert!(numbers.iter().enumerate().all(|(i, &x)| x == i as f32), "{len}");
        }
    }
}
