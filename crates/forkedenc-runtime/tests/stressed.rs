//! The model test under stress: a process of its own, since the switch is the process's.

use std::sync::{Mutex, PoisonError};

use forkedenc_runtime::{Stack, process_stats, set_stress};
use proptest::prelude::*;

mod model;

/// One at a time: one of them switches.
static ALONE: Mutex<()> = Mutex::new(());

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_stack_that_always_moves_does_what_a_vector_does(
        operations in model::operations(), start in 0usize..20_000, budget in model::budgets()
    ) {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        set_stress(true);
        model::run(operations, start, budget, true);
    }
}

#[test]
fn every_push_moves_and_nothing_is_pooled() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    // What was kept before the switch isn't used after it.
    set_stress(false);
    drop(Stack::new(0, usize::MAX));
    set_stress(true);
    let hits = process_stats().pool_hits;
    let mut stack = Stack::new(0, usize::MAX);
    let mut addresses = Vec::new();
    for frame in 0..50 {
        stack.push([frame, 0]).unwrap();
        addresses.push(stack.words().as_ptr());
    }
    assert!(addresses.windows(2).all(|pair| pair[0] != pair[1]));
    assert_eq!(stack.words().len(), 100);
    let stats = stack.stats();
    assert_eq!((stats.growths, stats.pool_hits, stats.pool_misses), (0, 0, 51));
    assert_eq!(stats.bytes_copied, (0..50).map(|frame| frame * 16).sum());
    assert_eq!(process_stats().pool_hits, hits);
}

#[test]
fn ten_million_levels_are_no_square() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    set_stress(true);
    let mut stack = Stack::new(0, usize::MAX);
    for frame in 0..10_000_000 {
        stack.push([frame, 0]).unwrap();
    }
    assert!(stack.stats().bytes_copied < 20 * 160_000_000);
    for frame in (0..10_000_000).rev() {
        assert_eq!(stack.pop(), [frame, 0]);
    }
}
