//! A stack that waits in a block of its own size: what an idle stream costs.
//!
//! A suspended coroutine may wait for minutes, and there may be a hundred thousand of them. Parked, each has exactly the
//! words it uses, and none where it uses none; its segment goes to whoever runs. The stream lives on meanwhile: its
//! counters go with it, and it counts among the live ones.

use std::collections::BTreeMap;
use std::mem;

use super::Stack;
use crate::class::Class;
use crate::local;
use crate::segment::WORD;
use crate::stats::{Counts, Stats, count_parked, count_unparked};

/// A stack without a segment, made by [`Stack::park`].
///
/// ```
/// use forkedenc_runtime::Stack;
///
/// let mut stack = Stack::new(0, usize::MAX);
/// stack.push([1, 2]).expect("no budget, no overflow");
/// let parked = stack.park().expect("there is memory for two words");
/// assert_eq!((parked.words(), parked.stats().stack_bytes), (&[1, 2][..], 16));
/// let mut stack = parked.unpark().expect("there is memory for a segment");
/// assert_eq!((stack.pop(), stack.stats().shrinks), ([1, 2], 1));
/// ```
#[derive(Debug)]
pub struct Parked {
    block: Box<[u64]>,
    /// Bytes.
    budget: usize,
    /// The most words ever in use.
    peak: usize,
    counts: Counts,
}

impl Stack {
    /// Moves what is used to a block of its size and gives the segment back; counted as a shrink. The stack is left at
    /// rest, see [`Stack::rest`]. `None`, and nothing done, where it rests already or no memory is left for the block.
    pub fn park(&mut self) -> Option<Parked> {
        if self.resting {
            return None;
        }
        let block = copy_of(self.words())?;
        let copied = (block.len() * WORD) as u64;
        self.counts.shrinks += 1;
        self.counts.bytes_copied += copied;
        // First, or a sum could show the stream without either.
        count_parked(block.len());
        let segment = self.segment.take();
        local::give(segment, |shard| {
            self.count_end(shard);
            shard.shrinks.add(1);
            shard.bytes_copied.add(copied);
        });
        self.resting = true;
        Some(Parked { block, budget: self.budget, peak: self.peak.max(self.reached), counts: self.counts })
    }
}

impl Parked {
    /// Takes a segment again, the smallest that holds what is used; this is no growth.
    ///
    /// # Errors
    /// What it was, where no memory is left for a segment.
    pub fn unpark(mut self) -> Result<Stack, Self> {
        let Some((mut segment, hit)) = Class::holding(self.used()).and_then(local::take) else { return Err(self) };
        assert!(segment.push_words(&self.block), "the class holds what is used");
        let mut stack = Stack::on(segment, hit, self.budget);
        let copied = self.used() as u64;
        stack.peak = self.peak;
        stack.counts = self.counts;
        stack.counts.pool_hits += u64::from(hit);
        stack.counts.pool_misses += u64::from(!hit);
        stack.counts.bytes_copied += copied;
        local::count(|shard| {
            shard.bytes_copied.add(copied);
        });
        count_unparked(mem::take(&mut self.block).len());
        // Its end was counted, and an empty block holds no memory.
        mem::forget(self);
        Ok(stack)
    }

    /// All frames, the oldest first.
    #[must_use]
    pub fn words(&self) -> &[u64] {
        &self.block
    }

    /// Bytes in use, which is all it has.
    #[must_use]
    pub fn used(&self) -> usize {
        self.block.len() * WORD
    }

    /// A stack with the same frames and budget, parked as well: see [`Stack::fork`]. `None` where no memory is left.
    #[must_use]
    pub fn try_fork(&self) -> Option<Self> {
        let block = copy_of(&self.block)?;
        let copied = self.used() as u64;
        count_parked(block.len());
        local::count(|shard| {
            shard.bytes_copied.add(copied);
        });
        let counts = Counts { bytes_copied: copied, peak_depth: self.counts.peak_depth, ..Counts::default() };
        Some(Self { peak: block.len(), block, budget: self.budget, counts })
    }

    /// What this stack has counted.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let bytes = self.used();
        Stats {
            peak_stack_bytes: (self.peak * WORD) as u64,
            stack_bytes: bytes as u64,
            streams: 1,
            segments_by_class: if bytes > 0 { BTreeMap::from([(bytes, 1)]) } else { BTreeMap::new() },
            ..self.counts.stats()
        }
    }
}

impl Drop for Parked {
    fn drop(&mut self) {
        count_unparked(self.block.len());
    }
}

/// `None` where no memory is left.
fn copy_of(words: &[u64]) -> Option<Box<[u64]>> {
    let mut copy = Vec::new();
    copy.try_reserve_exact(words.len()).ok()?;
    copy.extend_from_slice(words);
    Some(copy.into_boxed_slice())
}
