//! What each thread keeps for itself, so that small stacks need no lock: its shard of the counters, and two segments.
//!
//! One segment is of the smallest class, one may be of any class up to [`KEPT`]; both are the last ones this thread gave
//! back. All other segments go to the pool. A segment comes from here, from the pool, or from the allocator, and every
//! taking and giving back is counted here and nowhere else. Under stress none of them is kept.

use std::cell::{Cell, OnceCell};
use std::sync::Arc;
use std::time::Instant;

use crate::class::Class;
use crate::segment::{Segment, Slot};
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

impl Local {
    #[inline]
    fn shard(&self) -> &Shard {
        self.shard.get_or_init(register)
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

/// Counts in the calling thread's shard; where the thread is ending and has none any more, among the ended ones.
#[inline]
pub(crate) fn count(counting: impl Fn(&Shard)) {
    if LOCAL.try_with(|local| counting(local.shard())).is_err() {
        fork::with_registry(|registry| counting(registry.ended()));
    }
}

/// The thread's own segment of the smallest class; hollow where there is none at hand.
#[inline]
pub(crate) fn take_small() -> Segment {
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
#[inline(always)]
pub(crate) fn take(class: Class) -> Option<(Segment, bool)> {
    let mut segment = if stress() { Segment::hollow() } else { at_hand(class) };
    let hit = !segment.is_hollow();
    if !hit {
        segment = Segment::allocate(class)?;
    }
    count(|shard| {
        shard.by_class[class.index()].taken.add(1);
        if !hit {
            shard.missed.add(1);
        }
    });
    Some((segment, hit))
}

/// The thread's own of this class, else the pool's, else a hollow one.
#[inline]
fn at_hand(class: Class) -> Segment {
    let own = LOCAL
        .try_with(|local| if class == Class::SMALLEST { local.small.take(class) } else { local.grown.take(class) });
    match own {
        Ok(own) if !own.is_hollow() => own,
        _ => pool::take(class).unwrap_or(Segment::hollow()),
    }
}

/// Takes a segment back, with `also` counted in the same go.
#[inline]
pub(crate) fn give(segment: Segment, also: impl Fn(&Shard)) {
    let class = segment.class();
    let counting = |shard: &Shard| {
        also(shard);
        shard.by_class[class.index()].returned.add(1)
    };
    let left = LOCAL.try_with(|local| {
        let count = counting(local.shard());
        if class != Class::SMALLEST || stress() {
            return segment;
        }
        if count.is_multiple_of(PERIOD) {
            pool::decay();
        }
        if local.small.is_empty() {
            local.small.fill(segment);
            return Segment::hollow();
        }
        // Two were taken: the older one goes on to the pool.
        local.small.put(segment)
    });
    match left {
        Ok(left) if !left.is_hollow() => give_elsewhere(left),
        Ok(_) => {}
        // The thread is ending; the segment was freed.
        Err(_) => fork::with_registry(|registry| {
            counting(registry.ended());
        }),
    }
}

#[cold]
#[inline(never)]
fn give_elsewhere(mut segment: Segment) {
    if stress() {
        segment.poison();
        return;
    }
    let bytes = segment.capacity();
    if bytes > Class::SMALLEST.bytes() && bytes <= KEPT {
        match LOCAL.try_with(|local| local.grown.put(segment)) {
            Ok(older) if !older.is_hollow() => segment = older,
            _ => return,
        }
    }
    pool::give(segment);
}

/// All that the calling thread keeps; hollow where it keeps nothing.
pub(crate) fn surrender() -> Option<[Segment; 2]> {
    LOCAL.try_with(|local| [local.small.take_any(), local.grown.take_any()]).ok()
}

/// Runs a growth to a segment of `class` and says how many nanoseconds it took, never none.
///
/// Reading the clock twice costs as much as a small growth itself. So of the small ones each sixteenth is timed, and what
/// it took stands for the next fifteen of its class in this thread: a sum is right on average, and a growth stays cheap.
pub(crate) fn timed<R>(class: Class, growth: impl FnOnce() -> Option<R>) -> Option<(R, u64)> {
    let known = LOCAL.try_with(|local| local.clock.known(class)).unwrap_or_default();
    if let Some(nanoseconds) = known {
        return Some((growth()?, nanoseconds));
    }
    let started = Instant::now();
    let result = growth()?;
    // A clock may be coarser than a move.
    let nanoseconds = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX).max(1);
    let _ = LOCAL.try_with(|local| local.clock.learn(class, nanoseconds));
    Some((result, nanoseconds))
}

/// What the last timed growths took, for the classes up to [`SAMPLED`].
struct Clock {
    by_class: [Cell<Sample>; SAMPLED],
}

#[derive(Clone, Copy)]
struct Sample {
    nanoseconds: u64,
    /// How many growths it may still stand for.
    left: u8,
}

/// Classes whose growths are sampled: up to 128 KiB. Above, the clock is nothing beside the copy.
const SAMPLED: usize = 7;

impl Clock {
    const fn new() -> Self {
        Self { by_class: [const { Cell::new(Sample { nanoseconds: 0, left: 0 }) }; SAMPLED] }
    }

    fn known(&self, class: Class) -> Option<u64> {
        let cell = self.by_class.get(class.index())?;
        let Sample { nanoseconds, left } = cell.get();
        let left = left.checked_sub(1)?;
        cell.set(Sample { nanoseconds, left });
        Some(nanoseconds)
    }

    fn learn(&self, class: Class, nanoseconds: u64) {
        if let Some(cell) = self.by_class.get(class.index()) {
            cell.set(Sample { nanoseconds, left: 15 });
        }
    }
}
