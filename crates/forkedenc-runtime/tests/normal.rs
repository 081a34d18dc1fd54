//! The model test as users run it (or under stress, where the environment says so), and what single operations promise.

use forkedenc_runtime::{Overflow, Stack, Stats, Totals, stress};
use proptest::prelude::*;

mod model;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_stack_does_what_a_vector_does(
        operations in model::operations(), start in 0usize..20_000, budget in model::budgets()
    ) {
        model::run(operations, start, budget, stress());
    }
}

#[test]
fn the_budget_is_exact_and_a_refusal_changes_nothing() {
    for budget in [0, 7, 16, 17, 2048, 2056, 10_000] {
        let mut stack = Stack::new(0, budget);
        let mut pushed = 0;
        let refused = loop {
            match stack.push([pushed, 1]) {
                Ok(()) => pushed += 1,
                Err(overflow) => break overflow,
            }
        };
        assert_eq!(pushed as usize, budget / 16);
        assert_eq!(refused, Overflow { budget, needed: 16 * (pushed as usize + 1) });
        assert!(!refused.is_out_of_memory());
        assert_eq!(stack.used(), 16 * pushed as usize);
        let before = (stack.words().to_vec(), stack.stats());
        assert!(stack.push_bytes(&[0; 16]).is_err());
        assert_eq!((stack.words().to_vec(), stack.stats()), before);
        while stack.used() > 0 {
            pushed -= 1;
            assert_eq!(stack.pop(), [pushed, 1]);
        }
    }
}

#[test]
fn a_growth_is_one_step_however_far() {
    let mut stack = Stack::new(0, usize::MAX);
    stack.push([1]).unwrap();
    stack.push_bytes(&[7; 1_000_000]).unwrap();
    let stats = stack.stats();
    assert_eq!((stats.growths, stats.bytes_copied, stats.stack_bytes), (1, 8, 1 << 20));
    assert!(stats.growth_ns > 0);
    assert_eq!(stack.peek_bytes().len(), 1_000_000);
    stack.pop_bytes();
    assert_eq!(stack.pop(), [1]);
}

#[test]
fn a_hint_is_a_hint_however_big() {
    let mut stack = Stack::new(usize::MAX, usize::MAX);
    assert!(stack.capacity() <= 1 << 30);
    stack.push([1]).unwrap();
}

#[test]
fn a_refusal_says_whether_budget_or_memory_is_missing() {
    let (memory, budget) = (Overflow { budget: 64, needed: 64 }, Overflow { budget: 8, needed: 16 });
    assert!(memory.is_out_of_memory() && !budget.is_out_of_memory());
    assert_eq!(memory.to_string(), "no memory for a stack of 64 bytes");
    assert_eq!(budget.to_string(), "the stack would need 16 bytes, of at most 8");
}

#[test]
fn a_deep_stack_left_shallow_shrinks_after_four_suspensions() {
    let mut stack = Stack::new(0, usize::MAX);
    for frame in 0..1000 {
        stack.push([frame, 0]).unwrap();
    }
    assert_eq!(stack.capacity(), 16 << 10);
    stack.suspend();
    stack.truncate(16 * 100);
    stack.suspend();
    assert_eq!(stack.stats().shrinks, 0, "it had been deep since the suspension before");
    for _ in 0..3 {
        stack.suspend();
        assert_eq!(stack.capacity(), 16 << 10);
    }
    stack.suspend();
    assert_eq!((stack.stats().shrinks, stack.capacity()), (1, 4 << 10));
    assert_eq!(stack.words().len(), 200);
    assert_eq!(stack.peak(), 16_000);
    stack.truncate(0);
    for _ in 0..8 {
        stack.suspend();
    }
    assert_eq!((stack.stats().shrinks, stack.capacity()), (2, 2 << 10), "and no further");
}

#[test]
fn coming_back_to_a_depth_with_every_chunk_neither_shrinks_nor_grows() {
    let mut stack = Stack::new(0, usize::MAX);
    for _ in 0..50 {
        for frame in 0..1000 {
            stack.push([frame, 0]).unwrap();
        }
        stack.truncate(0);
        stack.suspend();
    }
    let stats = stack.stats();
    assert_eq!((stats.growths, stats.shrinks), (3, 0));
}

#[test]
fn totals_add_up_stacks_and_keep_the_highest_peaks() {
    let (totals, mut sum) = (Totals::new(), Stats::default());
    for frames in [300, 10, 200] {
        let mut stack = Stack::new(0, usize::MAX);
        stack.resume();
        for frame in 0..frames {
            stack.push([frame, 0]).unwrap();
            stack.note_depth(frame + 1);
        }
        totals.add(&stack);
        sum += &stack.stats();
    }
    let stats = totals.stats();
    assert_eq!((stats.resumes, stats.growths, stats.suspensions), (3, 3, 0));
    assert_eq!((stats.peak_depth, stats.peak_stack_bytes), (300, 4800));
    assert_eq!(sum.streams, 3);
    // The sum of live stacks has what lives beside; a total has what they did.
    (sum.streams, sum.stack_bytes, sum.segments_by_class) = Default::default();
    assert_eq!(stats, sum);
}

#[test]
#[should_panic(expected = "a frame of 2 words taken from a stack of 1")]
fn popping_more_than_there_is_panics() {
    let mut stack = Stack::new(0, usize::MAX);
    stack.push([1]).unwrap();
    let _: [u64; 2] = stack.pop();
}

#[test]
#[should_panic(expected = "taken from a stack of 0")]
fn bytes_that_are_none_are_not_read() {
    let mut stack = Stack::new(0, usize::MAX);
    stack.push([u64::MAX]).unwrap();
    let _ = stack.peek_bytes();
}
