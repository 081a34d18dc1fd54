//! Frames by offset: push, pop, peek; the budget is checked before the stack grows.

use crate::Stats;

/// A push that would cross the budget: `needed` bytes where `budget` are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overflow {
    pub budget: usize,
    pub needed: usize,
}

/// One coroutine's frames. A placeholder until the segment lands behind the same names.
#[derive(Debug)]
pub struct Stack {
    words: Vec<u64>,
    budget: usize,
    stats: Stats,
}

impl Stack {
    /// A stack that starts with room for `start` bytes (rounded up to a class, 2 KiB at least) and never holds more than `budget` bytes (`usize::MAX`: no limit).
    #[must_use]
    pub fn new(start: usize, budget: usize) -> Self {
        Self { words: Vec::with_capacity(start / 8), budget, stats: Stats::default() }
    }

    /// Pushes a frame of `N` words.
    ///
    /// # Errors
    /// `Overflow` where the frame would cross the budget; the stack is as before.
    #[inline(always)]
    pub fn push<const N: usize>(&mut self, frame: [u64; N]) -> Result<(), Overflow> {
        let needed = (self.words.len() + N) * 8;
        if needed > self.budget {
            return Err(Overflow { budget: self.budget, needed });
        }
        self.words.extend_from_slice(&frame);
        Ok(())
    }

    /// Takes the top `N` words off.
    #[inline(always)]
    pub fn pop<const N: usize>(&mut self) -> [u64; N] {
        let frame = self.peek();
        self.words.truncate(self.words.len() - N);
        frame
    }

    /// The top `N` words.
    #[inline(always)]
    #[must_use]
    pub fn peek<const N: usize>(&self) -> [u64; N] {
        let start = self.words.len() - N;
        self.words[start..].try_into().unwrap()
    }

    /// Pushes bytes: padded to whole words, their length in one more word on top.
    ///
    /// # Errors
    /// `Overflow` as [`Stack::push`].
    pub fn push_bytes(&mut self, bytes: &[u8]) -> Result<(), Overflow> {
        let needed = self.words.len() * 8 + bytes.len().next_multiple_of(8) + 8;
        if needed > self.budget {
            return Err(Overflow { budget: self.budget, needed });
        }
        for piece in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..piece.len()].copy_from_slice(piece);
            self.words.push(u64::from_ne_bytes(word));
        }
        self.words.push(bytes.len() as u64);
        Ok(())
    }

    /// Takes off what [`Stack::push_bytes`] put on top.
    pub fn pop_bytes(&mut self) {
        let [length] = self.pop();
        let words = (length as usize).div_ceil(8);
        self.words.truncate(self.words.len() - words);
    }

    /// All frames, the oldest first: for reading a path on the error path.
    #[must_use]
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// Bytes in use.
    #[inline]
    #[must_use]
    pub fn used(&self) -> usize {
        self.words.len() * 8
    }

    /// Drops every frame above `used` bytes.
    pub fn truncate(&mut self, used: usize) {
        self.words.truncate(used / 8);
    }

    /// The coroutine starts or goes on.
    pub fn resume(&mut self) {
        self.stats.resumes += 1;
    }

    /// The coroutine waits for input; the place where a stack far too large shrinks. `depth`: open containers.
    pub fn suspend(&mut self) {
        self.stats.suspensions += 1;
    }

    /// Records how many containers were open at once.
    #[inline]
    pub fn note_depth(&mut self, depth: u64) {
        self.stats.peak_depth = self.stats.peak_depth.max(depth);
    }

    /// A stack with the same frames: one copy of what is used.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self { words: self.words.clone(), budget: self.budget, stats: Stats::default() }
    }

    #[must_use]
    pub fn stats(&self) -> Stats {
        self.stats.clone()
    }
}
