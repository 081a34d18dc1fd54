//! Segments given back, by class, for the next stack that needs one: last in, first out, grown ones kept.
//!
//! The pool is the process's, behind one lock that is never held across an allocation, a release or a caller's code. It
//! is bounded in bytes, and decays: at every so many returns each class gives up half of the segments that nobody took
//! since the last time. What a single thread keeps outside it, and the counting, is in `local.rs`; how the lock gets
//! through `fork()`, in `fork.rs`.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::class::{CLASSES, Class};
use crate::fork;
use crate::segment::Segment;

/// What the pool may keep at first, in bytes.
pub const DEFAULT_LIMIT: usize = 64 << 20;

/// Returns between two decays.
const PERIOD: u32 = 256;

struct Shelf {
    segments: Vec<Segment>,
    /// The fewest segments that lay here since the last decay: the ones that were not needed.
    idle: usize,
}

pub(crate) struct Pool {
    shelves: [Shelf; CLASSES],
    /// One bit for each class that has a segment.
    stocked: u64,
    held: usize,
    limit: usize,
    returns: u32,
}

impl Pool {
    pub(crate) const fn new() -> Self {
        Self {
            shelves: [const { Shelf { segments: Vec::new(), idle: 0 } }; CLASSES],
            stocked: 0,
            held: 0,
            limit: DEFAULT_LIMIT,
            returns: 0,
        }
    }

    fn take(&mut self, class: Class) -> Option<Segment> {
        let shelf = &mut self.shelves[class.index()];
        let segment = shelf.segments.pop()?;
        shelf.idle = shelf.idle.min(shelf.segments.len());
        if shelf.segments.is_empty() {
            self.stocked &= !(1 << class.index());
        }
        self.held -= class.bytes();
        Some(segment)
    }

    /// The segment itself where it doesn't fit the limit.
    fn give(&mut self, segment: Segment) -> Option<Segment> {
        let bytes = segment.class().bytes();
        if bytes > self.limit.saturating_sub(self.held) {
            return Some(segment);
        }
        self.held += bytes;
        self.stocked |= 1 << segment.class().index();
        self.shelves[segment.class().index()].segments.push(segment);
        None
    }

    /// Takes off each shelf half of what lay idle, the oldest first.
    fn decay(&mut self) -> Vec<Segment> {
        self.returns = 0;
        let mut released = Vec::new();
        for (class, shelf) in Class::all().zip(&mut self.shelves) {
            let count = shelf.idle.div_ceil(2);
            released.extend(shelf.segments.drain(..count));
            shelf.idle = shelf.segments.len();
            self.held -= count * class.bytes();
            if shelf.segments.is_empty() {
                self.stocked &= !(1 << class.index());
            }
        }
        released
    }

    /// Takes off the oldest segments, the biggest classes first, until no more than `bytes` are held.
    fn shrink_to(&mut self, bytes: usize) -> Vec<Segment> {
        let mut released = Vec::new();
        for (class, shelf) in Class::all().zip(&mut self.shelves).collect::<Vec<_>>().into_iter().rev() {
            let count = self.held.saturating_sub(bytes).div_ceil(class.bytes()).min(shelf.segments.len());
            released.extend(shelf.segments.drain(..count));
            shelf.idle = shelf.idle.min(shelf.segments.len());
            self.held -= count * class.bytes();
            if shelf.segments.is_empty() {
                self.stocked &= !(1 << class.index());
            }
        }
        released
    }
}

/// One bit for each class that has a segment here, so that a miss needs no lock. Written under it.
static STOCKED: AtomicU64 = AtomicU64::new(0);

/// A hollow one where there is none of this class.
#[inline]
pub(crate) fn take(class: Class) -> Segment {
    if STOCKED.load(Ordering::Relaxed) >> class.index() & 1 == 0 {
        return Segment::hollow();
    }
    with_pool(|pool| pool.take(class)).unwrap_or(Segment::hollow())
}

fn with_pool<R>(using: impl FnOnce(&mut Pool) -> R) -> R {
    fork::with_pool(|pool| {
        let result = using(pool);
        STOCKED.store(pool.stocked, Ordering::Relaxed);
        result
    })
}

pub(crate) fn give(mut segment: Segment) {
    segment.truncate(0);
    // The next owner's budget is another.
    segment.set_room(usize::MAX);
    let released = with_pool(|pool| {
        let refused = pool.give(segment);
        pool.returns += 1;
        (refused, if pool.returns >= PERIOD { pool.decay() } else { Vec::new() })
    });
    // Here, outside the lock, what was released is freed.
    drop(released);
}

/// One step of decay, for threads that get by without the pool.
pub(crate) fn decay() {
    drop(with_pool(Pool::decay));
}

/// Puts up to `count` segments that hold `bytes` each into the pool, their memory touched, as far as its limit and the
/// machine's memory allow. Returns how many.
pub fn prime(count: usize, bytes: usize) -> usize {
    let Some(class) = Class::holding(bytes) else { return 0 };
    for primed in 0..count {
        if with_pool(|pool| class.bytes() > pool.limit.saturating_sub(pool.held)) {
            return primed;
        }
        let Some(mut segment) = Segment::allocate(class) else { return primed };
        segment.touch();
        if with_pool(|pool| pool.give(segment)).is_some() {
            return primed;
        }
    }
    count
}

/// Frees every segment of the pool, and what the calling thread keeps for itself.
pub fn trim() {
    drop(crate::local::surrender());
    drop(with_pool(|pool| pool.shrink_to(0)));
}

/// What the pool may keep, in bytes.
#[must_use]
pub fn limit() -> usize {
    with_pool(|pool| pool.limit)
}

/// Bounds the pool to `bytes`; what it keeps beyond is freed at once.
pub fn set_limit(bytes: usize) {
    drop(with_pool(|pool| {
        pool.limit = bytes;
        pool.shrink_to(bytes)
    }));
}

/// What the pool keeps now, in bytes.
#[must_use]
pub fn held() -> usize {
    with_pool(|pool| pool.held)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(bytes: usize) -> Segment {
        Segment::allocate(Class::holding(bytes).unwrap()).unwrap()
    }

    fn address(segment: &Segment) -> *const u64 {
        segment.words().as_ptr()
    }

    #[test]
    fn the_last_segment_in_is_the_first_out() {
        let mut pool = Pool::new();
        let (first, second) = (segment(4096), segment(4096));
        let addresses = (address(&first), address(&second));
        assert!(pool.give(first).is_none());
        assert!(pool.give(second).is_none());
        let class = Class::holding(4096).unwrap();
        assert_eq!(address(&pool.take(class).unwrap()), addresses.1);
        assert_eq!(address(&pool.take(class).unwrap()), addresses.0);
        assert!(pool.take(class).is_none());
        assert_eq!(pool.held, 0);
    }

    #[test]
    fn a_class_is_never_answered_with_another() {
        let mut pool = Pool::new();
        pool.give(segment(64 << 10));
        assert!(pool.take(Class::SMALLEST).is_none());
        assert!(pool.take(Class::holding(32 << 10).unwrap()).is_none());
        assert!(pool.take(Class::holding(64 << 10).unwrap()).is_some());
    }

    #[test]
    fn the_limit_counts_bytes_to_the_last_one() {
        let mut pool = Pool::new();
        pool.limit = 10 * 1024;
        assert!(pool.give(segment(8192)).is_none());
        assert!(pool.give(segment(4096)).is_some());
        assert!(pool.give(segment(2048)).is_none());
        assert!(pool.give(segment(2048)).is_some());
        assert_eq!(pool.held, 10 * 1024);
    }

    #[test]
    fn a_lower_limit_frees_the_biggest_first() {
        let mut pool = Pool::new();
        for bytes in [2048, 8192, 2048, 8192] {
            pool.give(segment(bytes));
        }
        assert_eq!(pool.shrink_to(12 * 1024).len(), 1);
        assert_eq!(pool.held, 12 * 1024);
        assert_eq!(pool.shrink_to(0).len(), 3);
        assert_eq!(pool.held, 0);
    }

    #[test]
    fn decay_halves_what_nobody_took_and_keeps_what_is_used() {
        let mut pool = Pool::new();
        for _ in 0..16 {
            pool.give(segment(2048));
        }
        assert!(pool.decay().is_empty(), "all of it came in this period");
        let taken: Vec<_> = (0..6).map(|_| pool.take(Class::SMALLEST).unwrap()).collect();
        for segment in taken {
            pool.give(segment);
        }
        assert_eq!(pool.decay().len(), 5, "half of the ten that stayed");
        assert_eq!(pool.held, 11 * 2048);
        let mut periods = 0;
        while pool.held > 0 {
            pool.decay();
            periods += 1;
        }
        assert_eq!(periods, 4, "11, 5, 2, 1, 0");
    }
}
