//! A stack that rests between the streams of one thread: counted as if each stream had a stack of its own.
//!
//! One test, since the process's figures are everybody's.

use forkedenc_runtime::{SMALLEST, Stack, Stats, process_stats, set_stress};

fn live(stats: &Stats) -> (u64, u64) {
    (stats.streams, stats.segments_by_class.values().sum())
}

fn run(stack: &mut Stack, words: u64) {
    stack.restart(0, usize::MAX);
    assert_eq!((stack.used(), stack.capacity()), (0, SMALLEST));
    stack.resume();
    for word in 0..words {
        stack.push([word]).unwrap();
    }
    for word in (0..words).rev() {
        assert_eq!(stack.pop(), [word]);
    }
    stack.note_depth(words);
}

#[test]
fn streams_on_a_resting_stack_are_counted_like_any_others() {
    // The figures below are those without stress, whatever the environment says; stress has its turn at the end.
    set_stress(false);
    let mut stack = Stack::new(0, usize::MAX);
    stack.rest();
    stack.rest();
    let before = process_stats();
    for _ in 0..10 {
        run(&mut stack, 5);
        assert_eq!((stack.stats().resumes, stack.stats().growths, stack.stats().peak_depth), (1, 0, 5));
        stack.rest();
    }
    let after = process_stats();
    assert_eq!(live(&after), live(&before));
    assert_eq!((after.resumes - before.resumes, after.growths - before.growths), (10, 0));
    assert_eq!(after.pool_hits - before.pool_hits, 10);

    // Grown: the segment goes back, and the next stream starts small again.
    run(&mut stack, 10_000);
    assert_eq!(stack.stats().growths, 6);
    stack.rest();
    run(&mut stack, 5);
    assert_eq!(stack.stats().growths, 0);
    stack.rest();
    let grown = process_stats();
    assert_eq!(live(&grown), live(&before));
    assert_eq!((grown.resumes - after.resumes, grown.growths - after.growths), (2, 6));

    // A budget of the stream before is none of this one's; frames left behind are gone.
    stack.restart(0, 16);
    stack.push([1, 2]).unwrap();
    assert!(stack.push([3]).is_err());
    stack.rest();
    run(&mut stack, 300);

    // Dropped in the middle, and under stress.
    drop(stack);
    let dropped = process_stats();
    assert_eq!(live(&dropped), live(&before));
    assert_eq!(dropped.resumes - grown.resumes, 1);
    set_stress(true);
    let mut stack = Stack::new(0, usize::MAX);
    for _ in 0..3 {
        run(&mut stack, 100);
        assert!(stack.stats().bytes_copied > 0);
        stack.rest();
    }
    drop(stack);
    set_stress(false);
    assert_eq!(live(&process_stats()), live(&before));
}
