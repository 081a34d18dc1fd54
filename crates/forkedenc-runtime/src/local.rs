//! What each thread keeps for itself, so that small stacks need no lock: its shard of the counters, and two segments.
//!
//! One segment is of the smallest class, one may be of any class up to [`KEPT`]; both are the last ones this thread gave
//! back. All other segments go to the pool. A segment comes from here, from the pool, or from the allocator, and every
//! taking and giving back is counted here and nowhere else. Under stress none of them is kept.

use std::cell::{Cell, OnceCell};
use std::mem;
use std::sync::Arc;
use std::time::Instant;

use crate::class::Class;
use crate::segment::{Segment, Slot, WORD};
use crate::stats::{Shard, register, retire};
use crate::stress::stress;
use crate::{fork, pool};

/// The biggest segment that a thread keeps outside the pool, in bytes.
const KEPT: usize = 64 << 10;

/// Small segments given back between two steps of the pool's decay: a power of two.
const PERIOD: u64 = 4096;

struct Local {
    small: Slot,
    grown: Slot,
    clock: Clock,
    shard: OnceCell<Arc<Shard>>,
}

thread_local! {
    static LOCAL: Local =
        const { Local { small: Slot::new(), grown: Slot::new(), clock: Clock::new(), shard: OnceCell::new() } };
}

/// Counts in the calling thread's shard; where the thread is ending and has none any more, among the ended ones.
#[inline]
pub(crate) fn count(counting: impl Fn(&Shard)) {
    if LOCAL.try_with(|local| counting(local.shard())).is_err() {
        fork::with_registry(|registry| counting(registry.ended()));
    }
}

/// The thread's own segment of the smallest class; hollow where there is none at hand, and under stress.
#[inline]
pub(crate) fn take_small() -> Segment {
    if stress() {
        return Segment::hollow();
    }
    LOCAL
        .try_with(|local| {
            let segment = local.small.take_any();
            if !segment.is_hollow() {
                local.shard().by_class[0].taken.add(1);
            }
            segment
        })
        .unwrap_or(Segment::hollow())
}

/// A segment, and whether it was at hand; `None` where there is no memory for it.
pub(crate) fn take(class: Class) -> Option<(Segment, bool)> {
    let (segment, hit) = match LOCAL.try_with(|local| local.take(class)) {
        Ok(taken) => taken?,
        Err(_) => (Segment::allocate(class)?, false),
    };
    count(|shard| shard.took(class, hit));
    Some((segment, hit))
}

/// Takes a segment back, with `also` counted in the same go.
#[inline]
pub(crate) fn give(segment: Segment, also: impl Fn(&Shard)) {
    let class = segment.class();
    let counting = |shard: &Shard| {
        also(shard);
        shard.by_class[class.index()].returned.add(1)
    };
    let given = LOCAL.try_with(|local| {
        let count = counting(local.shard());
        if class == Class::SMALLEST && local.small.is_empty() && !stress() {
            local.small.fill(segment);
            if count.is_multiple_of(PERIOD) {
                pool::decay();
            }
        } else {
            local.put_away(segment);
        }
    });
    if given.is_err() {
        // The thread is ending; the segment was freed.
        fork::with_registry(|registry| {
            counting(registry.ended());
        });
    }
}

/// Why a stack moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    Growth,
    Shrink,
    Stress,
}

/// What a move did beside copying.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moved {
    pub(crate) hit: bool,
    /// What a growth took, never nothing; 0 for other moves.
    pub(crate) nanoseconds: u64,
}

/// Moves what is in `segment` to one of `class`, which holds it: takes that, copies, gives the old one back. Nothing is
/// done, and `None` the answer, where there is no memory.
pub(crate) fn exchange(segment: &mut Segment, class: Class, reason: Reason) -> Option<Moved> {
    LOCAL.try_with(|local| local.exchange(segment, class, reason)).unwrap_or_else(|_| {
        // The thread is ending and keeps nothing any more.
        let started = Instant::now();
        let mut old = Segment::allocate(class)?;
        assert!(old.push_words(segment.words()), "the class holds what is used");
        mem::swap(segment, &mut old);
        let moved = Moved { hit: false, nanoseconds: if reason == Reason::Growth { since(started) } else { 0 } };
        fork::with_registry(|registry| registry.ended().moved(&old, class, reason, moved));
        Some(moved)
    })
}

/// All that the calling thread keeps; hollow where it keeps nothing.
pub(crate) fn surrender() -> Option<[Segment; 2]> {
    LOCAL.try_with(|local| [local.small.take_any(), local.grown.take_any()]).ok()
}

impl Local {
    #[inline]
    fn shard(&self) -> &Shard {
        self.shard.get_or_init(register)
    }

    /// From here, from the pool, or from the allocator; not counted.
    #[inline]
    fn take(&self, class: Class) -> Option<(Segment, bool)> {
        if !stress() {
            let own = if class == Class::SMALLEST { &self.small } else { &self.grown };
            let mut segment = own.take(class);
            if segment.is_hollow() {
                segment = pool::take(class);
            }
            if !segment.is_hollow() {
                return Some((segment, true));
            }
        }
        Some((Segment::allocate(class)?, false))
    }

    /// To where it is taken from next, the last one given back first; the one that it replaces here goes on to the pool.
    fn put_away(&self, mut segment: Segment) {
        if stress() {
            segment.poison();
            return;
        }
        if segment.capacity() <= KEPT {
            let own = if segment.class() == Class::SMALLEST { &self.small } else { &self.grown };
            if own.is_empty() {
                own.fill(segment);
                return;
            }
            segment = own.put(segment);
        }
        pool::give(segment);
    }

    #[inline]
    fn exchange(&self, segment: &mut Segment, class: Class, reason: Reason) -> Option<Moved> {
        let sampled = if reason == Reason::Growth { self.clock.known(class) } else { Some(0) };
        let started = if sampled.is_none() { Some(Instant::now()) } else { None };
        let (mut old, hit) = self.take(class)?;
        assert!(old.push_words(segment.words()), "the class holds what is used");
        mem::swap(segment, &mut old);
        let shard = self.shard();
        let mut moved = Moved { hit, nanoseconds: sampled.unwrap_or(0) };
        if let Some(started) = started {
            // What comes after is neither allocating nor copying, and of the order of the clock itself.
            moved.nanoseconds = since(started);
            self.clock.learn(class, moved.nanoseconds);
        }
        shard.moved(&old, class, reason, moved);
        self.put_away(old);
        Some(moved)
    }
}

impl Shard {
    #[inline]
    fn took(&self, class: Class, hit: bool) {
        self.by_class[class.index()].taken.add(1);
        if !hit {
            self.missed.add(1);
        }
    }

    /// A stack left `old` for a segment of `class`.
    #[inline]
    fn moved(&self, old: &Segment, class: Class, reason: Reason, moved: Moved) {
        self.took(class, moved.hit);
        self.by_class[old.class().index()].returned.add(1);
        self.bytes_copied.add((old.len() * WORD) as u64);
        match reason {
            Reason::Growth => {
                self.growths.add(1);
                self.growth_ns.add(moved.nanoseconds);
            }
            Reason::Shrink => {
                self.shrinks.add(1);
            }
            Reason::Stress => {}
        }
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        for segment in [self.small.take_any(), self.grown.take_any()] {
            if !segment.is_hollow() {
                pool::give(segment);
            }
        }
        if let Some(shard) = self.shard.get() {
            retire(shard);
        }
    }
}

/// Nanoseconds, never none: a clock may be coarser than a move.
fn since(started: Instant) -> u64 {
    u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX).max(1)
}

/// What the last timed growths took, for the classes up to [`SAMPLED`].
///
/// Reading the clock twice costs as much as a small growth itself. So of the small ones one in 32 is timed, and what it took
/// stands for the next 31 of its class in this thread: a sum is right on average, and a growth stays cheap.
struct Clock {
    by_class: [Cell<Sample>; SAMPLED],
}

#[derive(Clone, Copy)]
struct Sample {
    nanoseconds: u64,
    /// How many growths it may still stand for.
    left: u64,
}

/// Classes whose growths are sampled: up to 128 KiB. Above, the clock is nothing beside the copy.
const SAMPLED: usize = 7;

impl Clock {
    const fn new() -> Self {
        Self { by_class: [const { Cell::new(Sample { nanoseconds: 0, left: 0 }) }; SAMPLED] }
    }

    #[inline]
    fn known(&self, class: Class) -> Option<u64> {
        let cell = self.by_class.get(class.index())?;
        let Sample { nanoseconds, left } = cell.get();
        let left = left.checked_sub(1)?;
        cell.set(Sample { nanoseconds, left });
        Some(nanoseconds)
    }

    fn learn(&self, class: Class, nanoseconds: u64) {
        if let Some(cell) = self.by_class.get(class.index()) {
            cell.set(Sample { nanoseconds, left: 31 });
        }
    }
}
