//! The size that the stacks of one codec object start at, learnt from the documents it has met.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::class::{Class, SMALLEST};

/// Documents in a row that were content with half before a start size is halved.
const PATIENCE: u64 = 256;

/// The same for starts above [`BIG`], which one hostile document may have taught.
const LITTLE_PATIENCE: u64 = 16;
const BIG: usize = 1 << 20;

/// Starts are never hinted or learnt above this.
pub(crate) const BIGGEST: usize = 1 << 30;

/// Up at once, down slowly: after [`PATIENCE`] documents in a row that had needed no more than half.
///
/// Belongs to a decoder or encoder, may be shared by threads; two that learn at the same moment may lose one lesson.
#[derive(Debug)]
pub struct StartSize {
    /// The class in bytes, a power of two, in the upper bits; how many in a row were content with half in the low ten.
    state: AtomicU64,
    least: usize,
}

const ROW: u64 = 0x3FF;

impl StartSize {
    /// Starts at the class that holds `hint` bytes (0: no hint), and never suggests less.
    #[must_use]
    pub fn new(hint: usize) -> Self {
        let least = class_bytes(hint);
        Self { state: AtomicU64::new(least as u64), least }
    }

    /// The size for the next stack, in bytes.
    #[inline]
    #[must_use]
    pub fn suggest(&self) -> usize {
        (self.state.load(Ordering::Relaxed) & !ROW) as usize
    }

    /// A document's stack has ended that had `peak` bytes in use at once.
    #[inline]
    pub fn learn(&self, peak: usize) {
        let state = self.state.load(Ordering::Relaxed);
        let current = (state & !ROW) as usize;
        // The common case: as big as ever, or the smallest there is.
        if peak > current || (peak <= current / 2 && current > self.least) || state & ROW != 0 {
            self.adapt(peak, state);
        }
    }

    #[cold]
    fn adapt(&self, peak: usize, state: u64) {
        let (current, row) = ((state & !ROW) as usize, (state & ROW) + 1);
        let patience = if current > BIG { LITTLE_PATIENCE } else { PATIENCE };
        let next = if peak > current {
            class_bytes(peak) as u64
        } else if peak > current / 2 || current <= self.least {
            current as u64
        } else if row < patience {
            current as u64 | row
        } else {
            (current / 2) as u64
        };
        self.state.store(next, Ordering::Relaxed);
    }
}

fn class_bytes(bytes: usize) -> usize {
    Class::holding(bytes.min(BIGGEST)).map_or(SMALLEST, Class::bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_big_document_is_learnt_at_once() {
        let start = StartSize::new(0);
        assert_eq!(start.suggest(), 2048);
        start.learn(100);
        assert_eq!(start.suggest(), 2048);
        start.learn(70_000);
        assert_eq!(start.suggest(), 128 << 10);
    }

    #[test]
    fn a_row_of_small_documents_halves_it_and_a_big_one_breaks_the_row() {
        let start = StartSize::new(0);
        start.learn(8000);
        for _ in 1..PATIENCE {
            start.learn(10);
        }
        assert_eq!(start.suggest(), 8192);
        start.learn(8000);
        for _ in 1..PATIENCE {
            start.learn(10);
        }
        assert_eq!(start.suggest(), 8192, "the row began anew");
        start.learn(10);
        assert_eq!(start.suggest(), 4096);
        for _ in 0..10 * PATIENCE {
            start.learn(10);
        }
        assert_eq!(start.suggest(), 2048);
    }

    #[test]
    fn a_huge_start_is_forgotten_sooner() {
        let start = StartSize::new(0);
        start.learn(64 << 20);
        for _ in 0..6 * LITTLE_PATIENCE {
            start.learn(10);
        }
        assert_eq!(start.suggest(), BIG);
    }

    #[test]
    fn a_hint_is_the_least_and_no_hint_is_too_big() {
        let start = StartSize::new(10_000);
        for _ in 0..3 * PATIENCE {
            start.learn(10);
        }
        assert_eq!(start.suggest(), 16 << 10);
        assert_eq!(StartSize::new(usize::MAX).suggest(), BIGGEST);
    }
}
