//! A segment from the pool knows nothing of the stack that had it before.

use forkedenc_runtime::Stack;

/// One that holds this many words, and may hold no more.
fn full(words: u64, budget: usize) -> Stack {
    let mut stack = Stack::new(0, budget);
    for word in 0..words {
        stack.push([word]).expect("the budget is for as many");
    }
    stack
}

#[test]
fn a_fork_has_all_of_a_segment_that_a_budget_had_narrowed() {
    // One word past 64 KiB: a segment of 128 KiB, more than a thread keeps for itself, of which little may be used.
    let narrow = 8 * 1024 + 1;
    let wide = full(10_000, usize::MAX);
    drop((0..4).map(|_| full(narrow, narrow as usize * 8)).collect::<Vec<Stack>>());
    let forks: Vec<Stack> = (0..4).map(|_| wide.fork()).collect();
    for fork in &forks {
        assert_eq!(fork.words(), wide.words());
    }
}
