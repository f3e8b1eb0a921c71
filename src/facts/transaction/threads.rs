//! Work on several threads, where they can be had.

use std::panic::resume_unwind;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Does something for each number below `count`, on all processors.
pub(super) fn side_by_side(count: usize, each: &(dyn Fn(usize) + Sync)) {
    // To ask for their number takes longer than to see that nothing is to be done.
    static THREADS: LazyLock<usize> =
        LazyLock::new(|| std::thread::available_parallelism().map_or(1, usize::from));
    if count <= 1 {
        (0..count).for_each(each);
        return;
    }
    let next = AtomicUsize::new(0);
    let work = || loop {
        let at = next.fetch_add(1, Ordering::Relaxed);
        if at >= count {
            return;
        }
        each(at);
    };
    std::thread::scope(|scope| {
        for _ in 1..count.min(*THREADS) {
            // Where no thread can be had, this one does it all.
            let _ = std::thread::Builder::new().spawn_scoped(scope, work);
        }
        work();
    });
}

/// Does one thing here and another on a thread of its own, or behind it where there is none
/// to be had.
pub(super) fn both<A, B: Send>(here: impl FnOnce() -> A, there: &(dyn Fn() -> B + Sync)) -> (A, B) {
    std::thread::scope(|scope| {
        let started = std::thread::Builder::new().spawn_scoped(scope, there);
        let done = here();
        let other = match started {
            Ok(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
            Err(_) => there(),
        };
        (done, other)
    })
}
