//! Counters, incremented as things happen; reading them walks no stream.
//!
//! Every thread counts in a shard of its own: plain loads and stores, since nobody else writes there. The registry knows
//! the shards of the living threads and keeps the sum of the ended ones; the process's figures are their sum. A stream
//! may end in another thread than it began in, so what lives now is told by two sums, begun and ended, never by one gauge.
//! Where a thread finds its shard is `local.rs`.

use std::collections::BTreeMap;
use std::ops::{Add, AddAssign};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::class::{CLASSES, Class};
use crate::fork;
use crate::segment::WORD;

/// How many kinds of limit can be counted by [`count_breach`].
pub const BREACHES: usize = 64;

/// One stream's figures, a sum of several streams', or the process's.
///
/// Counters add up; of peaks a sum has the highest; what lives now adds up as well.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// How often a coroutine was started or went on.
    pub resumes: u64,
    /// How often it waited for input.
    pub suspensions: u64,
    /// Moves to a bigger segment.
    pub growths: u64,
    /// Moves to a smaller one.
    pub shrinks: u64,
    /// Bytes that moves and forks copied.
    pub bytes_copied: u64,
    /// Nanoseconds spent in growths.
    pub growth_ns: u64,
    /// The most bytes ever in use on one stack.
    pub peak_stack_bytes: u64,
    /// The capacity of the live segments, in bytes.
    pub stack_bytes: u64,
    /// The most containers ever open at once.
    pub peak_depth: u64,
    /// Segments that were at hand when one was needed.
    pub pool_hits: u64,
    /// Segments that had to be allocated.
    pub pool_misses: u64,
    /// Live streams.
    pub streams: u64,
    /// Live segments by their size in bytes, parked blocks among them; sizes without one don't show.
    pub segments_by_class: BTreeMap<usize, u64>,
    /// Limits that were crossed, by the number the codec counted them under; process-wide only.
    pub breaches: BTreeMap<usize, u64>,
}

impl AddAssign<&Self> for Stats {
    fn add_assign(&mut self, other: &Self) {
        self.resumes += other.resumes;
        self.suspensions += other.suspensions;
        self.growths += other.growths;
        self.shrinks += other.shrinks;
        self.bytes_copied += other.bytes_copied;
        self.growth_ns += other.growth_ns;
        self.peak_stack_bytes = self.peak_stack_bytes.max(other.peak_stack_bytes);
        self.stack_bytes += other.stack_bytes;
        self.peak_depth = self.peak_depth.max(other.peak_depth);
        self.pool_hits += other.pool_hits;
        self.pool_misses += other.pool_misses;
        self.streams += other.streams;
        for (size, count) in &other.segments_by_class {
            *self.segments_by_class.entry(*size).or_default() += count;
        }
        for (limit, count) in &other.breaches {
            *self.breaches.entry(*limit).or_default() += count;
        }
    }
}

impl Stats {
    /// So many live streams have a segment, or a block, of this size each.
    fn add_live(&mut self, bytes: usize, count: u64) {
        self.streams += count;
        self.stack_bytes += count * bytes as u64;
        if bytes > 0 && count > 0 {
            *self.segments_by_class.entry(bytes).or_default() += count;
        }
    }
}

impl Add<&Self> for Stats {
    type Output = Self;

    fn add(mut self, other: &Self) -> Self {
        self += other;
        self
    }
}

/// What a stack counts for itself beside the shard. Live segments are not in it: they are told by the stack as it is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) resumes: u64,
    pub(crate) suspensions: u64,
    pub(crate) growths: u64,
    pub(crate) shrinks: u64,
    pub(crate) bytes_copied: u64,
    pub(crate) growth_ns: u64,
    pub(crate) pool_hits: u64,
    pub(crate) pool_misses: u64,
    pub(crate) peak_depth: u64,
}

impl Counts {
    /// The figures of a stack, but for those that it tells by itself.
    pub(crate) fn stats(&self) -> Stats {
        Stats {
            resumes: self.resumes,
            suspensions: self.suspensions,
            growths: self.growths,
            shrinks: self.shrinks,
            bytes_copied: self.bytes_copied,
            growth_ns: self.growth_ns,
            peak_depth: self.peak_depth,
            pool_hits: self.pool_hits,
            pool_misses: self.pool_misses,
            ..Stats::default()
        }
    }
}

/// A number that one thread adds to and all may read.
#[derive(Debug)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Adds; to be called by the shard's owner alone, so that no locked instruction is needed. Returns the sum.
    #[inline]
    pub(crate) fn add(&self, amount: u64) -> u64 {
        let sum = self.0.load(Ordering::Relaxed).wrapping_add(amount);
        // Release, so that who sees the end of a segment has seen its beginning; on x86 the plain store.
        self.0.store(sum, Ordering::Release);
        sum
    }

    #[inline]
    pub(crate) fn raise(&self, value: u64) {
        if value > self.0.load(Ordering::Relaxed) {
            self.0.store(value, Ordering::Relaxed);
        }
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}

/// Segments of one class. Their numbers tell more than themselves: taken less returned live, and each is a stream's;
/// taken less missed were at hand.
#[derive(Debug)]
pub(crate) struct ClassCounts {
    pub(crate) taken: Counter,
    pub(crate) returned: Counter,
}

impl ClassCounts {
    const fn new() -> Self {
        Self { taken: Counter::new(), returned: Counter::new() }
    }

    fn live(&self) -> u64 {
        self.taken.get().saturating_sub(self.returned.get())
    }
}

/// Parked blocks of fewer words are counted in shards; the few bigger ones in the registry, behind its lock.
const BLOCKS: usize = 129;

/// One thread's part of the process's figures. What a one-shot decode writes comes first and shares cache lines.
#[derive(Debug)]
#[repr(align(64))]
pub(crate) struct Shard {
    pub(crate) resumes: Counter,
    pub(crate) suspensions: Counter,
    pub(crate) peak_stack_bytes: Counter,
    pub(crate) peak_depth: Counter,
    pub(crate) by_class: [ClassCounts; CLASSES],
    pub(crate) missed: Counter,
    pub(crate) growths: Counter,
    pub(crate) shrinks: Counter,
    pub(crate) bytes_copied: Counter,
    pub(crate) growth_ns: Counter,
    pub(crate) breaches: [Counter; BREACHES],
    /// Parked stacks by their words; each is a stream's.
    parked: [ClassCounts; BLOCKS],
}

impl Shard {
    const fn new() -> Self {
        Self {
            resumes: Counter::new(),
            suspensions: Counter::new(),
            peak_stack_bytes: Counter::new(),
            peak_depth: Counter::new(),
            by_class: [const { ClassCounts::new() }; CLASSES],
            missed: Counter::new(),
            growths: Counter::new(),
            shrinks: Counter::new(),
            bytes_copied: Counter::new(),
            growth_ns: Counter::new(),
            breaches: [const { Counter::new() }; BREACHES],
            parked: [const { ClassCounts::new() }; BLOCKS],
        }
    }

    fn segments(&self) -> impl Iterator<Item = &ClassCounts> {
        self.by_class.iter().chain(&self.parked)
    }

    /// Adds what another shard has of segments given back: to be done for all shards before the rest of any is added, or
    /// a sum could show a stream's end without its beginning.
    fn fold_ends(&self, other: &Self) {
        for (mine, theirs) in self.segments().zip(other.segments()) {
            mine.returned.add(theirs.returned.get());
        }
    }

    /// Adds all else.
    fn fold_rest(&self, other: &Self) {
        for (mine, theirs) in [
            (&self.resumes, &other.resumes),
            (&self.suspensions, &other.suspensions),
            (&self.missed, &other.missed),
            (&self.growths, &other.growths),
            (&self.shrinks, &other.shrinks),
            (&self.bytes_copied, &other.bytes_copied),
            (&self.growth_ns, &other.growth_ns),
        ]
        .into_iter()
        .chain(self.breaches.iter().zip(&other.breaches))
        {
            mine.add(theirs.get());
        }
        for (mine, theirs) in self.segments().zip(other.segments()) {
            mine.taken.add(theirs.taken.get());
        }
        self.peak_stack_bytes.raise(other.peak_stack_bytes.get());
        self.peak_depth.raise(other.peak_depth.get());
    }

    fn stats(&self) -> Stats {
        let mut stats = Stats {
            resumes: self.resumes.get(),
            suspensions: self.suspensions.get(),
            growths: self.growths.get(),
            shrinks: self.shrinks.get(),
            bytes_copied: self.bytes_copied.get(),
            growth_ns: self.growth_ns.get(),
            peak_stack_bytes: self.peak_stack_bytes.get(),
            peak_depth: self.peak_depth.get(),
            pool_misses: self.missed.get(),
            ..Stats::default()
        };
        let mut taken = 0;
        for (class, counts) in Class::all().zip(&self.by_class) {
            taken += counts.taken.get();
            stats.add_live(class.bytes(), counts.live());
        }
        for (words, counts) in self.parked.iter().enumerate() {
            stats.add_live(words * WORD, counts.live());
        }
        stats.pool_hits = taken.saturating_sub(stats.pool_misses);
        stats.breaches = (0..).zip(self.breaches.iter().map(Counter::get)).filter(|(_, count)| *count > 0).collect();
        stats
    }
}

/// The shards of the threads that live, and the sum of the others.
pub(crate) struct Registry {
    live: Vec<Arc<Shard>>,
    ended: Shard,
    /// The bigger ones of the blocks that live, by their words.
    blocks: BTreeMap<usize, u64>,
}

impl Registry {
    pub(crate) const fn new() -> Self {
        Self { live: Vec::new(), ended: Shard::new(), blocks: BTreeMap::new() }
    }

    /// For counting where a thread has no shard any more: whoever holds the registry owns this one.
    pub(crate) fn ended(&self) -> &Shard {
        &self.ended
    }
}

/// A new shard for the calling thread.
pub(crate) fn register() -> Arc<Shard> {
    let shard = Arc::new(Shard::new());
    let registered = shard.clone();
    fork::with_registry(|registry| registry.live.push(registered));
    shard
}

/// The calling thread ends: its figures stay.
pub(crate) fn retire(shard: &Arc<Shard>) {
    fork::with_registry(|registry| {
        registry.ended.fold_ends(shard);
        registry.ended.fold_rest(shard);
        registry.live.retain(|other| !Arc::ptr_eq(other, shard));
    });
}

/// The sum over all streams, ended ones included.
#[must_use]
pub fn process_stats() -> Stats {
    fork::with_registry(|registry| {
        let sum = Shard::new();
        let shards = || registry.live.iter().map(|shard| &**shard).chain([&registry.ended]);
        shards().for_each(|shard| sum.fold_ends(shard));
        shards().for_each(|shard| sum.fold_rest(shard));
        let mut stats = sum.stats();
        for (words, count) in &registry.blocks {
            stats.add_live(words * WORD, *count);
        }
        stats
    })
}

/// A stack begins to wait in a block of so many words.
pub(crate) fn count_parked(words: usize) {
    if words < BLOCKS {
        crate::local::count(|shard| {
            shard.parked[words].taken.add(1);
        });
    } else {
        fork::with_registry(|registry| *registry.blocks.entry(words).or_default() += 1);
    }
}

/// It has left the block.
pub(crate) fn count_unparked(words: usize) {
    if words < BLOCKS {
        crate::local::count(|shard| {
            shard.parked[words].returned.add(1);
        });
    } else {
        fork::with_registry(|registry| {
            if let Some(count) = registry.blocks.get_mut(&words) {
                *count -= 1;
                if *count == 0 {
                    registry.blocks.remove(&words);
                }
            }
        });
    }
}

/// Counts one crossing of the limit that the codec knows as `limit`; numbers from [`BREACHES`] on are not counted.
pub fn count_breach(limit: usize) {
    crate::local::count(|shard| {
        if let Some(counter) = shard.breaches.get(limit) {
            counter.add(1);
        }
    });
}

/// The figures of many streams added up as each of them ends, from any thread: what a decoder object keeps.
#[derive(Debug, Default)]
pub struct Totals {
    resumes: AtomicU64,
    suspensions: AtomicU64,
    growths: AtomicU64,
    shrinks: AtomicU64,
    bytes_copied: AtomicU64,
    growth_ns: AtomicU64,
    pool_hits: AtomicU64,
    pool_misses: AtomicU64,
    peak_stack_bytes: AtomicU64,
    peak_depth: AtomicU64,
}

impl Totals {
    /// Nothing counted yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            resumes: AtomicU64::new(0),
            suspensions: AtomicU64::new(0),
            growths: AtomicU64::new(0),
            shrinks: AtomicU64::new(0),
            bytes_copied: AtomicU64::new(0),
            growth_ns: AtomicU64::new(0),
            pool_hits: AtomicU64::new(0),
            pool_misses: AtomicU64::new(0),
            peak_stack_bytes: AtomicU64::new(0),
            peak_depth: AtomicU64::new(0),
        }
    }

    /// Adds what a stack has counted so far; to be called once, when its stream has ended.
    pub fn add(&self, stack: &crate::Stack) {
        let (counts, peak_stack_bytes) = stack.counted();
        let add = |total: &AtomicU64, amount: u64| {
            // Most are zero, and a locked instruction costs as much as all the rest.
            if amount > 0 {
                total.fetch_add(amount, Ordering::Relaxed);
            }
        };
        add(&self.resumes, counts.resumes);
        add(&self.suspensions, counts.suspensions);
        add(&self.growths, counts.growths);
        add(&self.shrinks, counts.shrinks);
        add(&self.bytes_copied, counts.bytes_copied);
        add(&self.growth_ns, counts.growth_ns);
        add(&self.pool_hits, counts.pool_hits);
        add(&self.pool_misses, counts.pool_misses);
        let raise = |peak: &AtomicU64, value: u64| {
            if value > peak.load(Ordering::Relaxed) {
                peak.fetch_max(value, Ordering::Relaxed);
            }
        };
        raise(&self.peak_stack_bytes, peak_stack_bytes);
        raise(&self.peak_depth, counts.peak_depth);
    }

    /// What was added so far; nothing of it lives.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let get = |total: &AtomicU64| total.load(Ordering::Relaxed);
        Stats {
            resumes: get(&self.resumes),
            suspensions: get(&self.suspensions),
            growths: get(&self.growths),
            shrinks: get(&self.shrinks),
            bytes_copied: get(&self.bytes_copied),
            growth_ns: get(&self.growth_ns),
            peak_stack_bytes: get(&self.peak_stack_bytes),
            peak_depth: get(&self.peak_depth),
            pool_hits: get(&self.pool_hits),
            pool_misses: get(&self.pool_misses),
            ..Stats::default()
        }
    }
}
