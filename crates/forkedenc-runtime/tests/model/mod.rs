//! Random operations on a stack, and what a plain vector says of them. Run by `normal.rs` and, under stress, `stressed.rs`.

use std::collections::BTreeMap;

use forkedenc_runtime::{Overflow, Parked, SMALLEST, Stack};
use proptest::collection::vec;
use proptest::prelude::*;

#[derive(Clone, Debug)]
pub enum Operation {
    Push(Vec<u64>),
    Replace(u64),
    Pop,
    PushBytes(Vec<u8>),
    Truncate(usize),
    Resume,
    Suspend,
    Fork { go_on_with_it: bool },
    Park { fork: bool },
    Depth(u64),
}

pub fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let operation = prop_oneof![
        8 => (1usize..5, any::<u64>()).prop_map(|(count, word)| Operation::Push(vec![word; count])),
        1 => any::<u64>().prop_map(Operation::Replace),
        5 => Just(Operation::Pop),
        2 => vec(any::<u8>(), 0..3000).prop_map(Operation::PushBytes),
        1 => (0usize..100).prop_map(Operation::Truncate),
        1 => Just(Operation::Resume),
        3 => Just(Operation::Suspend),
        1 => any::<bool>().prop_map(|go_on_with_it| Operation::Fork { go_on_with_it }),
        1 => any::<bool>().prop_map(|fork| Operation::Park { fork }),
        1 => (0u64..2000).prop_map(Operation::Depth),
    ];
    vec(operation, 0..300)
}

pub fn budgets() -> impl Strategy<Value = usize> {
    prop_oneof![Just(usize::MAX), Just(0), Just(SMALLEST), 1usize..300, 300usize..30_000]
}

/// The words of every frame, in a vector each, and what should have been counted.
#[derive(Clone, Debug)]
struct Model {
    frames: Vec<(Vec<u64>, Option<Vec<u8>>)>,
    budget: usize,
    capacity: usize,
    stressed: bool,
    /// Under stress: the words up to which nothing moves.
    room: usize,
    peak: usize,
    reached: usize,
    /// What each suspension of the row under a quarter had reached.
    row: Vec<usize>,
    depth: u64,
    resumes: u64,
    suspensions: u64,
    growths: u64,
    shrinks: u64,
    copied: u64,
    taken: u64,
}

fn class(bytes: usize) -> usize {
    bytes.next_power_of_two().max(SMALLEST)
}

impl Model {
    fn new(start: usize, budget: usize, stressed: bool) -> Self {
        Self {
            frames: Vec::new(),
            budget,
            capacity: class(start.min(budget)),
            stressed,
            room: 0,
            peak: 0,
            reached: 0,
            row: Vec::new(),
            depth: 0,
            resumes: 0,
            suspensions: 0,
            growths: 0,
            shrinks: 0,
            copied: 0,
            taken: 1,
        }
    }

    fn words(&self) -> Vec<u64> {
        self.frames.iter().flat_map(|(words, _)| words).copied().collect()
    }

    fn used(&self) -> usize {
        self.words().len() * 8
    }

    fn push(&mut self, words: Vec<u64>, bytes: Option<Vec<u8>>) -> Result<(), Overflow> {
        let needed = self.used() + words.len() * 8;
        if needed > self.budget {
            return Err(Overflow { budget: self.budget, needed });
        }
        let narrow = needed > self.capacity || (self.stressed && needed / 8 > self.room);
        if needed > self.capacity {
            self.growths += 1;
            self.move_to(class(needed));
        } else if narrow {
            self.move_to(self.capacity);
        }
        self.frames.push((words, bytes));
        if narrow {
            self.make_room();
        }
        self.reached = self.reached.max(needed);
        self.peak = self.peak.max(needed);
        Ok(())
    }

    fn move_to(&mut self, capacity: usize) {
        self.copied += self.used() as u64;
        self.capacity = capacity;
        self.taken += 1;
    }

    /// Every push moves below 16 KiB, one of a few below 64 KiB, then one for each eighth.
    fn make_room(&mut self) {
        let used = self.used() / 8;
        let more = [0, used / 2048, used / 8][usize::from(used >= 2048) + usize::from(used >= 8192)];
        self.room = used + more;
    }

    fn suspend(&mut self) {
        self.suspensions += 1;
        if self.capacity > SMALLEST && self.reached * 4 < self.capacity {
            self.row.push(self.reached);
        } else if self.capacity > SMALLEST {
            self.row.clear();
        }
        if self.row.len() == 4 {
            self.shrinks += 1;
            self.move_to(class(2 * self.row.iter().max().unwrap()));
            self.row.clear();
            self.make_room();
        }
        self.reached = self.used();
    }

    fn fork(&self) -> Self {
        let used = self.used();
        let mut fork = Self::new(used, self.budget, self.stressed);
        fork.frames.clone_from(&self.frames);
        fork.depth = self.depth;
        fork.copied = used as u64;
        (fork.peak, fork.reached) = (used, used);
        fork.make_room();
        fork
    }

    fn park(&mut self) {
        self.shrinks += 1;
        self.copied += self.used() as u64;
        self.row.clear();
        self.reached = self.used();
    }

    fn unpark(&mut self) {
        self.move_to(class(self.used()));
        self.make_room();
    }

    /// Of a parked stack: that has no segment yet.
    fn fork_parked(&self) -> Self {
        let mut fork = self.fork();
        fork.taken = 0;
        fork
    }

    fn check_parked(&self, parked: &Parked) {
        assert_eq!(parked.words(), self.words());
        let stats = parked.stats();
        let wanted = if self.used() > 0 { BTreeMap::from([(self.used(), 1)]) } else { BTreeMap::new() };
        assert_eq!((stats.streams, stats.stack_bytes, stats.segments_by_class), (1, self.used() as u64, wanted));
        assert_eq!((stats.peak_stack_bytes, stats.peak_depth), (self.peak as u64, self.depth));
        assert_eq!((stats.growths, stats.shrinks, stats.bytes_copied), (self.growths, self.shrinks, self.copied));
        assert_eq!(stats.pool_hits + stats.pool_misses, self.taken);
    }

    fn check(&self, stack: &Stack) {
        assert_eq!(stack.words(), self.words());
        assert_eq!(stack.used(), self.used());
        assert_eq!(stack.peak(), self.peak);
        let stats = stack.stats();
        assert_eq!(stats.stack_bytes, self.capacity as u64);
        assert_eq!(stats.peak_stack_bytes, self.peak as u64);
        assert_eq!(stats.peak_depth, self.depth);
        assert_eq!((stats.resumes, stats.suspensions), (self.resumes, self.suspensions));
        assert_eq!((stats.growths, stats.shrinks, stats.bytes_copied), (self.growths, self.shrinks, self.copied));
        assert_eq!(stats.pool_hits + stats.pool_misses, self.taken);
        assert_eq!(stats.growth_ns == 0, self.growths == 0);
        assert_eq!((stats.streams, stats.segments_by_class.get(&self.capacity)), (1, Some(&1)));
        if self.stressed {
            assert_eq!(stats.pool_hits, 0);
        }
        if let Some((_, Some(bytes))) = self.frames.last() {
            assert_eq!(stack.peek_bytes(), bytes);
        }
    }
}

fn words_of(bytes: &[u8]) -> Vec<u64> {
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

/// Does all of it to a stack and to the model, and compares after each.
pub fn run(operations: Vec<Operation>, start: usize, budget: usize, stressed: bool) {
    let (mut stack, mut model) = (Stack::new(start, budget), Model::new(start, budget, stressed));
    let mut left_behind = Vec::new();
    for operation in operations {
        match operation {
            Operation::Push(words) => {
                let pushed = match words[..] {
                    [a] => stack.push([a]),
                    [a, b] => stack.push_pair(a, b),
                    [a, b, c] => stack.push([a, b, c]),
                    [a, b, c, d] => stack.push([a, b, c, d]),
                    _ => unreachable!("one to four words"),
                };
                assert_eq!(pushed, model.push(words, None));
            }
            Operation::PushBytes(bytes) => {
                assert_eq!(stack.push_bytes(&bytes), model.push(words_of(&bytes), Some(bytes)));
            }
            Operation::Replace(word) => {
                if let Some((words, None)) = model.frames.last_mut() {
                    *words.last_mut().unwrap() = word;
                    stack.replace([word]);
                }
            }
            Operation::Pop => match model.frames.pop() {
                None => assert_eq!(stack.used(), 0),
                Some((_, Some(_))) => stack.pop_bytes(),
                Some((words, None)) => {
                    let popped = match words.len() {
                        1 => stack.pop::<1>().to_vec(),
                        2 => stack.pop::<2>().to_vec(),
                        3 => stack.pop::<3>().to_vec(),
                        _ => stack.pop::<4>().to_vec(),
                    };
                    assert_eq!(popped, words);
                }
            },
            Operation::Truncate(percent) => {
                model.frames.truncate(model.frames.len() * percent / 100);
                stack.truncate(model.used());
                stack.truncate(usize::MAX);
            }
            Operation::Resume => {
                model.resumes += 1;
                model.make_room();
                stack.resume();
            }
            Operation::Suspend => {
                model.suspend();
                stack.suspend();
            }
            Operation::Fork { go_on_with_it } => {
                let (mut other_stack, mut other) = (stack.fork(), model.fork());
                if go_on_with_it {
                    std::mem::swap(&mut stack, &mut other_stack);
                    std::mem::swap(&mut model, &mut other);
                }
                left_behind.push((other_stack, other));
            }
            Operation::Park { fork } => {
                let parked = stack.park().unwrap();
                model.park();
                model.check_parked(&parked);
                if fork {
                    let (fork, mut other) = (parked.try_fork().unwrap(), model.fork_parked());
                    other.check_parked(&fork);
                    other.unpark();
                    left_behind.push((fork.unpark().unwrap(), other));
                }
                stack = parked.unpark().unwrap();
                model.unpark();
            }
            Operation::Depth(depth) => {
                model.depth = model.depth.max(depth);
                stack.note_depth(depth);
            }
        }
        model.check(&stack);
    }
    for (stack, model) in left_behind {
        model.check(&stack);
    }
}
