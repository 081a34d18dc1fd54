//! Stacks and their forks against plain vectors: whatever is pushed, popped, cut, suspended or forked, both hold the
//! same words, and a push is refused exactly where it would cross the budget.
#![no_main]

use forkedenc_runtime::{Overflow, Stack};
use libfuzzer_sys::fuzz_target;

/// The stacks that live at once: the first one and its forks.
const STACKS: usize = 4;

/// What one stack should hold.
#[derive(Clone, Default)]
struct Model {
    words: Vec<u64>,
    /// Words of each frame, and whether [`Stack::push_bytes`] made it.
    frames: Vec<(usize, bool)>,
}

impl Model {
    fn add(&mut self, frame: &[u64], bytes: bool) {
        self.words.extend_from_slice(frame);
        self.frames.push((frame.len(), bytes));
    }

    /// Takes the top frame off if it is of this kind.
    fn take(&mut self, length: usize, bytes: bool) -> Option<Vec<u64>> {
        match self.frames.last() {
            Some(&(words, kind)) if kind == bytes && (bytes || words == length) => {
                self.frames.pop();
                Some(self.words.split_off(self.words.len() - words))
            }
            _ => None,
        }
    }
}

struct Pair {
    stack: Stack,
    model: Model,
    budget: usize,
    suspended: bool,
}

impl Pair {
    /// Pushes on both; what the stack answers must be what the budget says.
    fn push(&mut self, frame: &[u64], bytes: bool, push: impl FnOnce(&mut Stack) -> Result<(), Overflow>) {
        let needed = (self.model.words.len() + frame.len()) * 8;
        match push(&mut self.stack) {
            Ok(()) => {
                assert!(needed <= self.budget, "{needed} bytes went past a budget of {}", self.budget);
                self.model.add(frame, bytes);
            }
            Err(refused) => {
                assert!(needed > self.budget, "{needed} bytes were refused by a budget of {}", self.budget);
                assert_eq!(refused, Overflow { budget: self.budget, needed });
            }
        }
    }

    fn pop<const N: usize>(&mut self) {
        if let Some(expected) = self.model.take(N, false) {
            assert_eq!(self.stack.peek::<N>().as_slice(), expected);
            assert_eq!(self.stack.pop::<N>().as_slice(), expected);
        }
    }

    fn check(&self) {
        assert_eq!(self.stack.used(), self.model.words.len() * 8);
        assert_eq!(self.stack.words(), self.model.words);
    }
}

/// The words of a frame that holds bytes: padded with zeros, the length on top.
fn frame_of(bytes: &[u8]) -> Vec<u64> {
    let mut words: Vec<u64> = bytes
        .chunks(8)
        .map(|piece| {
            let mut word = [0; 8];
            word[..piece.len()].copy_from_slice(piece);
            u64::from_ne_bytes(word)
        })
        .collect();
    words.push(bytes.len() as u64);
    words
}

fuzz_target!(|data: &[u8]| {
    let [start, budget, operations @ ..] = data else { return };
    let budget = if *budget == 255 { usize::MAX } else { usize::from(*budget) * 331 };
    let start = usize::from(*start) * 64;
    let stack = Stack::new(start, budget);
    let mut pairs = vec![Pair { stack, model: Model::default(), budget, suspended: true }];
    let mut seen = 1_u64;
    for pair in operations.chunks_exact(2) {
        let (operation, amount) = (pair[0], usize::from(pair[1]));
        let count = pairs.len();
        let current = usize::from(operation >> 4) % count;
        let it = &mut pairs[current];
        seen = seen.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        match operation & 15 {
            0 | 1 => it.push(&[seen, !seen], false, |stack| stack.push([seen, !seen])),
            2 => it.push(&[seen], false, |stack| stack.push([seen])),
            3 => {
                for turn in 0..amount as u64 {
                    it.push(&[turn, seen], false, |stack| stack.push([turn, seen]));
                }
            }
            4 => {
                let bytes = vec![seen as u8 | 1; amount * amount / 16];
                it.push(&frame_of(&bytes), true, |stack| stack.push_bytes(&bytes));
            }
            5 => it.pop::<1>(),
            6 => it.pop::<2>(),
            7 => (0..amount).for_each(|_| it.pop::<2>()),
            8 if it.model.take(0, true).is_some() => it.stack.pop_bytes(),
            9 => {
                let keep = it.model.frames.len() * amount / 255;
                let words = it.model.frames[..keep].iter().map(|frame| frame.0).sum();
                it.model.frames.truncate(keep);
                it.model.words.truncate(words);
                it.stack.truncate(words * 8);
            }
            10 | 11 => {
                for _ in 0..=amount % 8 {
                    if it.suspended {
                        it.stack.resume()
                    } else {
                        it.stack.suspend()
                    }
                    it.suspended = !it.suspended;
                }
            }
            12 if count < STACKS => {
                let fork = Pair { stack: it.stack.fork(), model: it.model.clone(), budget, suspended: it.suspended };
                fork.check();
                pairs.push(fork);
            }
            13 if count > 1 => drop(pairs.swap_remove(current)),
            14 => {
                it.stack.note_depth(amount as u64);
                assert!(it.stack.stats().peak_depth >= amount as u64);
            }
            _ => {}
        }
        pairs[current % pairs.len()].check();
    }
    pairs.iter().for_each(Pair::check);
});
