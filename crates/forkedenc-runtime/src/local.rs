//! What each thread keeps for itself, so that small stacks need no lock: its shard of the counters, and two segments.
//!
//! One segment is of the smallest class, one may be of any class up to [`KEPT`]; both are the last ones this thread gave
//! back. All other segments go to the pool. A segment comes from here, from the pool, or from the allocator, and every
//! taking and giving back is counted here and nowhere else. Under stress none of them is kept.

use std::cell::{Cell, OnceCell};
use std::sync::Arc;

use crate::class::Class;
use crate::segment::Segment;
use crate::stats::{Shard, register, retire};
use crate::stress::stress;
use crate::{fork, pool};

/// The biggest segment that a thread keeps outside the pool, in bytes.
const KEPT: usize = 64 << 10;

/// Small segments given back between two steps of the pool's decay: a power of two.
const PERIOD: u64 = 4096;

struct Local {
    small: Cell<Option<Segment>>,
    grown: Cell<Option<Segment>>,
    shard: OnceCell<Arc<Shard>>,
}

thread_local! {
    static LOCAL: Local = const { Local { small: Cell::new(None), grown: Cell::new(None), shard: OnceCell::new() } };
}

impl Local {
    #[inline]
    fn shard(&self) -> &Shard {
        self.shard.get_or_init(register)
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        for segment in [self.small.take(), self.grown.take()].into_iter().flatten() {
            pool::give(segment);
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

/// A segment, and whether it was at hand; `None` where there is no memory for it.
#[inline]
pub(crate) fn take(class: Class) -> Option<(Segment, bool)> {
    if class == Class::SMALLEST {
        let small = LOCAL.try_with(|local| {
            let segment = local.small.take()?;
            local.shard().by_class[0].taken.add(1);
            Some(segment)
        });
        if let Ok(Some(segment)) = small {
            return Some((segment, true));
        }
    }
    take_elsewhere(class)
}

#[cold]
#[inline(never)]
fn take_elsewhere(class: Class) -> Option<(Segment, bool)> {
    let at_hand = if stress() { None } else { grown(class).or_else(|| pool::take(class)) };
    let hit = at_hand.is_some();
    let segment = at_hand.or_else(|| Segment::allocate(class))?;
    count(|shard| {
        shard.by_class[class.index()].taken.add(1);
        if !hit {
            shard.missed.add(1);
        }
    });
    Some((segment, hit))
}

fn grown(class: Class) -> Option<Segment> {
    LOCAL
        .try_with(|local| {
            let segment = local.grown.take()?;
            if segment.class() == class {
                return Some(segment);
            }
            local.grown.set(Some(segment));
            None
        })
        .ok()?
}

/// Takes a segment back, with `also` counted in the same go.
#[inline]
pub(crate) fn give(mut segment: Segment, also: impl Fn(&Shard)) {
    segment.truncate(0);
    let class = segment.class();
    let mut given = Some(segment);
    let counted = LOCAL.try_with(|local| {
        let shard = local.shard();
        also(shard);
        let count = shard.by_class[class.index()].returned.add(1);
        if class == Class::SMALLEST && !stress() {
            // Where two were taken the older one goes on to the pool.
            given = local.small.replace(given.take());
            if count.is_multiple_of(PERIOD) {
                pool::decay();
            }
        }
    });
    if given.is_some() || counted.is_err() {
        give_elsewhere(given, counted.is_err().then_some((class, &also)));
    }
}

#[cold]
#[inline(never)]
fn give_elsewhere(mut segment: Option<Segment>, uncounted: Option<(Class, &dyn Fn(&Shard))>) {
    if let Some((class, also)) = uncounted {
        fork::with_registry(|registry| {
            also(registry.ended());
            registry.ended().by_class[class.index()].returned.add(1);
        });
    }
    if stress() {
        if let Some(segment) = &mut segment {
            segment.poison();
        }
        return;
    }
    if segment.as_ref().is_some_and(|segment| (Class::SMALLEST.bytes() + 1..=KEPT).contains(&segment.class().bytes())) {
        // An ending thread keeps nothing: then the segment is still here, and goes to the pool.
        let _ = LOCAL.try_with(|local| segment = local.grown.replace(segment.take()));
    }
    if let Some(segment) = segment {
        pool::give(segment);
    }
}

/// All that the calling thread keeps.
pub(crate) fn surrender() -> [Option<Segment>; 2] {
    LOCAL.try_with(|local| [local.small.take(), local.grown.take()]).unwrap_or_default()
}
