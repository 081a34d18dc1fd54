//! Frames by offset: push, pop, peek; and the one place that decides when a stack moves.
//!
//! `push` is a comparison and a store. All else that can happen to one (the segment is full, the budget is reached, the
//! process is under stress) is behind the one branch it has: the segment's room is the least of its capacity and the
//! budget, and nothing under stress. The order of this file: the stack and its making, frames, bytes, the life of a
//! coroutine (resume, suspend, fork), moving. `stack/parked.rs` has what becomes of one that waits for long.

mod parked;

use std::alloc::{Layout, handle_alloc_error};
use std::array;
use std::collections::BTreeMap;
use std::fmt;

use crate::class::{Class, SMALLEST};
use crate::local::{self, Reason};
use crate::segment::{Segment, WORD};
use crate::start::BIGGEST;
use crate::stats::{Counts, Shard, Stats};
use crate::stress::{slack, stress};

pub use self::parked::Parked;

/// So many suspensions in a row, each with less than a quarter in use since the one before, make a stack shrink.
const SHRINK_AFTER: u8 = 4;

/// A push that was refused: `needed` bytes would have been in use where `budget` are allowed. The stack is as before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overflow {
    pub budget: usize,
    pub needed: usize,
}

impl Overflow {
    /// The budget would have allowed it, but the machine had no memory left.
    #[must_use]
    pub fn is_out_of_memory(&self) -> bool {
        self.needed <= self.budget
    }
}

impl fmt::Display for Overflow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_out_of_memory() {
            write!(f, "no memory for a stack of {} bytes", self.needed)
        } else {
            write!(f, "the stack would need {} bytes, of at most {}", self.needed, self.budget)
        }
    }
}

impl std::error::Error for Overflow {}

/// One coroutine's frames, counted from making to dropping as one stream.
///
/// A coroutine suspends wherever its input ends, inside a token as well. What lives across a suspension is in itself (the
/// few words of a cut token) or here (one frame for each open container): numbers and offsets, never an address and never
/// a borrow of the input, which may be gone when it goes on. Nothing is kept on the native stack, so the depth of a
/// document costs memory that is measured and bounded, and nothing else. That is also why a half-run coroutine is cloned by
/// [`Stack::fork`] and a copy of its own words. [`Stack::resume`] is called before each run, and [`Stack::suspend`] after
/// each that asked for more.
///
/// ```
/// use forkedenc_runtime::Stack;
///
/// // How deep do the brackets go, whatever the chunks?
/// let (mut stack, mut deepest) = (Stack::new(0, usize::MAX), 0);
/// for chunk in ["[[", "][", "]]"] {
///     stack.resume();
///     for (offset, byte) in chunk.bytes().enumerate() {
///         if byte == b'[' {
///             stack.push([offset as u64, 0]).expect("no budget, no overflow");
///         } else {
///             let [_offset, _] = stack.pop();
///         }
///         deepest = deepest.max(stack.used() / 16);
///     }
///     stack.suspend();
/// }
/// assert_eq!((deepest, stack.stats().suspensions), (2, 3));
/// ```
///
/// Popping or peeking more than there is panics: frames are the owner's own, so that is a bug and never the input's doing.
#[derive(Debug)]
pub struct Stack {
    segment: Segment,
    /// The most words in use since the last suspension.
    reached: usize,
    /// Bytes.
    budget: usize,
    /// The most words in use before the last suspension.
    peak: usize,
    /// How many suspensions in a row found less than a quarter in use, and the most words that any of them found.
    low: u8,
    low_peak: usize,
    counts: Counts,
    /// Between two streams of one thread: nothing of it is counted as alive.
    resting: bool,
    /// Its beginning and its resumes are counted when it ends.
    deferred: bool,
}

impl Stack {
    /// A stack that starts with room for `start` bytes (rounded up to a class, 2 KiB at least, 1 GiB at most, no more than
    /// the budget asks for) and never holds more than `budget` bytes (`usize::MAX`: no limit).
    #[inline]
    #[must_use]
    pub fn new(start: usize, budget: usize) -> Self {
        if start <= SMALLEST {
            let segment = local::take_small();
            if !segment.is_hollow() {
                return Self::on(segment, true, budget);
            }
        }
        Self::starting(start, budget)
    }

    /// On a segment from elsewhere; hints beyond [`BIGGEST`], or beyond the memory there is, are hints only.
    #[cold]
    #[inline(never)]
    fn starting(start: usize, budget: usize) -> Self {
        let (segment, hit) = Class::holding(start.min(budget).min(BIGGEST))
            .and_then(local::take)
            .or_else(|| local::take(Class::SMALLEST))
            .unwrap_or_else(|| handle_alloc_error(Layout::new::<[u8; SMALLEST]>()));
        Self::on(segment, hit, budget)
    }

    /// Made in one expression: a stack that is built and then changed is moved, which costs more than to make it.
    #[inline(always)]
    fn on(mut segment: Segment, hit: bool, budget: usize) -> Self {
        segment.set_room(room(segment.len(), budget));
        Self {
            reached: segment.len(),
            segment,
            budget,
            peak: 0,
            low: 0,
            low_peak: 0,
            counts: Counts { pool_hits: u64::from(hit), pool_misses: u64::from(!hit), ..Counts::default() },
            resting: false,
            deferred: false,
        }
    }

    // Frames

    /// Pushes a frame of `N` words.
    ///
    /// # Errors
    /// [`Overflow`] where the frame would cross the budget; the stack is as before.
    #[inline(always)]
    pub fn push<const N: usize>(&mut self, frame: [u64; N]) -> Result<(), Overflow> {
        if !self.segment.push(frame) {
            return self.push_past_room(frame);
        }
        self.reached = self.reached.max(self.segment.len());
        Ok(())
    }

    /// [`Stack::push`] of two words that never become an array: one of those is built in memory, in halves, and read back
    /// whole, which the processor waits for at every container.
    ///
    /// # Errors
    /// As for [`Stack::push`].
    #[inline(always)]
    pub fn push_pair(&mut self, first: u64, second: u64) -> Result<(), Overflow> {
        if !self.segment.push_pair(first, second) {
            return self.push_pair_past_room(first, second);
        }
        self.reached = self.reached.max(self.segment.len());
        Ok(())
    }

    #[cold]
    #[inline(never)]
    fn push_pair_past_room(&mut self, first: u64, second: u64) -> Result<(), Overflow> {
        self.push_past_room([first, second])
    }

    /// Takes the top `N` words off.
    #[inline(always)]
    pub fn pop<const N: usize>(&mut self) -> [u64; N] {
        let frame = self.peek();
        self.segment.truncate(self.segment.len() - N);
        frame
    }

    /// The top `N` words.
    #[inline(always)]
    #[must_use]
    pub fn peek<const N: usize>(&self) -> [u64; N] {
        match self.segment.words().last_chunk::<N>() {
            // Word by word, as they were pushed: see `Segment::push`.
            Some(frame) => array::from_fn(|index| frame[index]),
            None => too_few(N, self.segment.len()),
        }
    }

    /// Overwrites the top `N` words.
    #[inline(always)]
    pub fn replace<const N: usize>(&mut self, frame: [u64; N]) {
        let len = self.segment.len();
        match self.segment.words_mut().last_chunk_mut() {
            Some(top) => *top = frame,
            None => too_few(N, len),
        }
    }

    /// All frames, the oldest first: for reading a path on the error path.
    #[inline]
    #[must_use]
    pub fn words(&self) -> &[u64] {
        self.segment.words()
    }

    /// The same, to be changed in place.
    #[inline]
    pub fn words_mut(&mut self) -> &mut [u64] {
        self.segment.words_mut()
    }

    /// Bytes in use.
    #[inline(always)]
    #[must_use]
    pub fn used(&self) -> usize {
        self.segment.len() * WORD
    }

    /// Bytes that the segment can hold, whatever the budget.
    #[inline]
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.segment.capacity()
    }

    /// The most bytes ever in use.
    #[inline]
    #[must_use]
    pub fn peak(&self) -> usize {
        self.peak.max(self.reached) * WORD
    }

    /// Drops every frame above `used` bytes, which is a whole number of words; no effect where fewer are in use.
    #[inline]
    pub fn truncate(&mut self, used: usize) {
        self.segment.truncate(used / WORD);
    }

    // Bytes

    /// Pushes bytes: padded to whole words, their length in one more word on top.
    ///
    /// # Errors
    /// [`Overflow`] as for [`Stack::push`].
    pub fn push_bytes(&mut self, bytes: &[u8]) -> Result<(), Overflow> {
        let words = bytes.len().div_ceil(WORD) + 1;
        let narrow = !self.segment.fits(words);
        if narrow {
            self.make_room(words)?;
        }
        let pushed = self.segment.push_bytes(bytes) && self.segment.push([bytes.len() as u64]);
        debug_assert!(pushed, "room was made");
        if narrow {
            self.set_room();
        }
        self.reached = self.reached.max(self.segment.len());
        Ok(())
    }

    /// The bytes that [`Stack::push_bytes`] put on top.
    #[must_use]
    pub fn peek_bytes(&self) -> &[u8] {
        let [length] = self.peek();
        let below = self.segment.len() - 1;
        let words = (length as usize).div_ceil(WORD);
        below
            .checked_sub(words)
            .and_then(|from| self.segment.bytes(from, length as usize))
            .unwrap_or_else(|| too_few(words, below))
    }

    /// Takes off what [`Stack::push_bytes`] put on top.
    pub fn pop_bytes(&mut self) {
        let [length] = self.pop();
        let words = (length as usize).div_ceil(WORD);
        match self.segment.len().checked_sub(words) {
            Some(len) => self.segment.truncate(len),
            None => too_few(words, self.segment.len()),
        }
    }

    // The life of a coroutine

    /// The coroutine starts or goes on.
    #[inline]
    pub fn resume(&mut self) {
        self.counts.resumes += 1;
        if !self.deferred {
            local::count(|shard| {
                shard.resumes.add(1);
            });
        }
        self.set_room();
    }

    /// Ends this stream; the stack stays with its owner, who begins the thread's next stream on it by [`Stack::restart`].
    pub fn rest(&mut self) {
        if self.resting {
            return;
        }
        self.resting = true;
        let small = self.segment.class() == Class::SMALLEST && !stress();
        if !small {
            self.give_back();
            return;
        }
        local::count(|shard| {
            self.count_end(shard);
            shard.by_class[0].returned.add(1);
        });
        self.segment.truncate(0);
    }

    /// Begins a stream on a stack that rests, as [`Stack::new`] would: a decode that runs to its end in one go costs one
    /// visit to the thread's counters this way. So it shows in the process's figures when it ends.
    pub fn restart(&mut self, start: usize, budget: usize) {
        self.rest();
        if self.segment.is_hollow() || start > SMALLEST || stress() {
            *self = Self::new(start, budget);
            return;
        }
        self.reached = 0;
        self.budget = budget;
        self.peak = 0;
        self.low = 0;
        self.low_peak = 0;
        self.counts = Counts { pool_hits: 1, ..Counts::default() };
        self.resting = false;
        self.deferred = true;
        self.set_room();
    }

    #[inline]
    fn count_end(&self, shard: &Shard) {
        shard.peak_stack_bytes.raise(self.peak() as u64);
        shard.peak_depth.raise(self.counts.peak_depth);
        if self.deferred {
            shard.by_class[0].taken.add(1);
            shard.resumes.add(self.counts.resumes);
        }
    }

    fn give_back(&mut self) {
        let segment = self.segment.take();
        local::give(segment, |shard| self.count_end(shard));
    }

    /// The coroutine waits for input; the place where a stack far too large shrinks.
    pub fn suspend(&mut self) {
        self.counts.suspensions += 1;
        self.peak = self.peak.max(self.reached);
        let (peak, peak_depth) = (self.peak * WORD, self.counts.peak_depth);
        local::count(|shard| {
            shard.suspensions.add(1);
            shard.peak_stack_bytes.raise(peak as u64);
            shard.peak_depth.raise(peak_depth);
        });
        if self.segment.capacity() > SMALLEST {
            self.shrink_if_low();
        }
        self.reached = self.segment.len();
    }

    /// Records how many containers were open at once.
    #[inline]
    pub fn note_depth(&mut self, depth: u64) {
        self.counts.peak_depth = self.counts.peak_depth.max(depth);
    }

    /// A stack with the same frames and budget: one copy of what is used. Its counters start anew, with that copy.
    ///
    /// Aborts the process where no memory is left; [`Stack::try_fork`] doesn't.
    #[must_use]
    pub fn fork(&self) -> Self {
        self.try_fork().unwrap_or_else(|| handle_alloc_error(Layout::new::<[u8; SMALLEST]>()))
    }

    /// [`Stack::fork`]; `None` where no memory is left.
    #[must_use]
    pub fn try_fork(&self) -> Option<Self> {
        let (mut segment, hit) = local::take(Class::holding(self.used())?)?;
        assert!(segment.push_words(self.words()), "the class holds what is used");
        let mut fork = Self::on(segment, hit, self.budget);
        fork.counts.peak_depth = self.counts.peak_depth;
        let copied = self.used() as u64;
        fork.counts.bytes_copied = copied;
        local::count(|shard| {
            shard.bytes_copied.add(copied);
        });
        Some(fork)
    }

    /// What this stack has counted.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats {
            peak_stack_bytes: self.peak() as u64,
            stack_bytes: self.capacity() as u64,
            streams: 1,
            segments_by_class: BTreeMap::from([(self.capacity(), 1)]),
            ..self.counts.stats()
        }
    }

    /// The counters, and the peak in bytes.
    pub(crate) fn counted(&self) -> (&Counts, u64) {
        (&self.counts, self.peak() as u64)
    }

    // Moving

    /// Lets pushes go as far as capacity and budget allow, or nowhere under stress.
    #[inline]
    fn set_room(&mut self) {
        self.segment.set_room(room(self.segment.len(), self.budget));
    }

    #[cold]
    #[inline(never)]
    fn push_past_room<const N: usize>(&mut self, frame: [u64; N]) -> Result<(), Overflow> {
        self.make_room(N)?;
        let pushed = self.segment.push(frame);
        debug_assert!(pushed, "room was made");
        self.set_room();
        self.reached = self.reached.max(self.segment.len());
        Ok(())
    }

    /// Makes room for `words` more, in one step; the budget is asked first. The room stays open until [`Stack::set_room`].
    fn make_room(&mut self, words: usize) -> Result<(), Overflow> {
        let needed = words.saturating_add(self.segment.len()).saturating_mul(WORD);
        let overflow = Overflow { budget: self.budget, needed };
        if needed > self.budget {
            return Err(overflow);
        }
        let class = Class::holding(needed).ok_or(overflow)?;
        if class > self.segment.class() {
            self.move_to(class, Reason::Growth).ok_or(overflow)?;
        } else if stress() {
            self.move_to(self.segment.class(), Reason::Stress).ok_or(overflow)?;
        }
        self.segment.set_room(self.budget / WORD);
        Ok(())
    }

    /// To a segment of `class`, which holds what is used; `None` where there is no memory for it.
    fn move_to(&mut self, class: Class, reason: Reason) -> Option<()> {
        let moved = local::exchange(&mut self.segment, class, reason)?;
        let counts = &mut self.counts;
        match reason {
            Reason::Growth => {
                counts.growths += 1;
                counts.growth_ns += moved.nanoseconds;
            }
            Reason::Shrink => counts.shrinks += 1,
            Reason::Stress => {}
        }
        let source = if moved.hit { &mut counts.pool_hits } else { &mut counts.pool_misses };
        *source += 1;
        counts.bytes_copied += (self.segment.len() * WORD) as u64;
        Some(())
    }

    /// Judges by what was reached since the last suspension, not by what is left: who comes back to a depth with every
    /// chunk would else pay a shrink and a growth each time.
    fn shrink_if_low(&mut self) {
        if self.reached >= self.segment.capacity() / WORD / 4 {
            self.low = 0;
            self.low_peak = 0;
            return;
        }
        self.low += 1;
        self.low_peak = self.low_peak.max(self.reached);
        if self.low < SHRINK_AFTER {
            return;
        }
        // Twice a quarter is less than what there is, so a class is found, and it is a smaller one.
        if let Some(class) = Class::holding(2 * self.low_peak * WORD)
            && class < self.segment.class()
            && self.move_to(class, Reason::Shrink).is_some()
        {
            self.set_room();
        }
        self.low = 0;
        self.low_peak = 0;
    }
}

impl Drop for Stack {
    #[inline]
    fn drop(&mut self) {
        if !self.resting {
            self.give_back();
        }
    }
}

/// The words that pushes may fill: what the budget allows, or, under stress, next to nothing beyond those in use.
#[inline(always)]
fn room(used: usize, budget: usize) -> usize {
    let most = budget / WORD;
    if stress() { most.min(used + slack(used)) } else { most }
}

#[cold]
#[inline(never)]
fn too_few(words: usize, used: usize) -> ! {
    panic!("a frame of {words} words taken from a stack of {used}")
}
