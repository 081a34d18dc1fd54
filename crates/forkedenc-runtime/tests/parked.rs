//! Stacks that are parked: what the process's figures say of them. One test at a time, since each looks at figures that
//! the others change.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use forkedenc_runtime::{Parked, SMALLEST, Stack, Stats, process_stats, set_stress};

static ALONE: Mutex<()> = Mutex::new(());

/// Without stress, whatever the environment says: the figures below are those of every day.
fn alone() -> MutexGuard<'static, ()> {
    let guard = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    set_stress(false);
    guard
}

fn of(words: u64) -> Stack {
    let mut stack = Stack::new(0, usize::MAX);
    stack.resume();
    for word in 0..words {
        stack.push([word]).unwrap();
    }
    stack.note_depth(words);
    stack.suspend();
    stack
}

fn parked(words: u64) -> Parked {
    of(words).park().unwrap()
}

/// Live streams, the bytes that they have, and how many have so many.
fn live(stats: &Stats, bytes: usize) -> (u64, u64, u64) {
    (stats.streams, stats.stack_bytes, stats.segments_by_class.get(&bytes).copied().unwrap_or(0))
}

#[test]
fn a_parked_stream_lives_under_its_own_size() {
    let _alone = alone();
    let before = process_stats();
    // Few words and many are counted in different places.
    for words in [1, 5, 128, 129, 256, 100_000] {
        let bytes = words as usize * 8;
        let (streams, stack_bytes, count) = live(&before, bytes);
        let one = parked(words);
        assert_eq!(live(&process_stats(), bytes), (streams + 1, stack_bytes + bytes as u64, count + 1), "{words}");
        let fork = one.try_fork().unwrap();
        assert_eq!(live(&process_stats(), bytes), (streams + 2, stack_bytes + 2 * bytes as u64, count + 2));
        drop(one);
        let awake = fork.unpark().unwrap();
        assert_eq!(live(&process_stats(), awake.capacity()).0, streams + 1);
        assert_eq!(process_stats().stack_bytes, stack_bytes + awake.capacity() as u64);
        drop(awake);
        assert_eq!(live(&process_stats(), bytes), (streams, stack_bytes, count));
    }
}

#[test]
fn a_stream_that_uses_nothing_has_nothing_and_lives_on() {
    let _alone = alone();
    let before = process_stats();
    let nothing = parked(0);
    let during = process_stats();
    assert_eq!(during.streams - before.streams, 1);
    assert_eq!((during.stack_bytes, &during.segments_by_class), (before.stack_bytes, &before.segments_by_class));
    assert_eq!(nothing.unpark().unwrap().capacity(), SMALLEST);
    assert_eq!(process_stats().streams, before.streams);
}

#[test]
fn parking_is_a_shrink_and_going_on_no_growth() {
    let _alone = alone();
    let before = process_stats();
    let mut stack = of(1000);
    let counted = stack.stats();
    for turn in 1..10 {
        stack = stack.park().unwrap().unpark().unwrap();
        let stats = stack.stats();
        assert_eq!((stats.growths, stats.shrinks), (counted.growths, turn));
        assert_eq!(stats.bytes_copied - counted.bytes_copied, 16_000 * turn);
        assert_eq!((stats.resumes, stats.suspensions, stats.peak_depth), (1, 1, 1000));
        assert_eq!((stats.peak_stack_bytes, stats.stack_bytes), (8000, 8192));
    }
    // The segment that one gave back is the one that it gets.
    assert_eq!(stack.stats().pool_misses, counted.pool_misses);
    assert_eq!(stack.stats().pool_hits, counted.pool_hits + 9);
    let after = process_stats();
    assert_eq!((after.growths - before.growths, after.shrinks - before.shrinks), (counted.growths, 9));
    assert_eq!(after.bytes_copied - before.bytes_copied, stack.stats().bytes_copied);
    assert!((0..1000).rev().all(|word| stack.pop() == [word]));
}

#[test]
fn what_a_budget_allows_is_the_same_after_parking() {
    let _alone = alone();
    let mut stack = Stack::new(0, 24);
    stack.push([1, 2]).unwrap();
    let mut stack = stack.park().unwrap().unpark().unwrap();
    stack.push([3]).unwrap();
    assert_eq!(stack.push([4]).unwrap_err().needed, 32);
}

#[test]
fn a_stack_between_streams_is_not_parked() {
    let _alone = alone();
    let before = process_stats();
    let mut stack = of(3);
    stack.rest();
    assert!(stack.park().is_none());
    // One that was begun without being counted yet is counted once.
    stack.restart(0, usize::MAX);
    stack.resume();
    stack.push([7]).unwrap();
    let waiting = stack.park().unwrap();
    let during = process_stats();
    assert_eq!((during.streams - before.streams, during.resumes - before.resumes), (1, 2));
    let mut stack = waiting.unpark().unwrap();
    assert_eq!((stack.pop(), stack.stats().resumes), ([7], 1));
    drop(stack);
    let after = process_stats();
    assert_eq!((after.streams, after.resumes - before.resumes), (before.streams, 2));
}

#[test]
fn one_thread_may_park_what_another_goes_on_with() {
    let _alone = alone();
    let before = process_stats();
    let waiting = thread::spawn(|| (parked(10), parked(1000))).join().unwrap();
    assert_eq!(process_stats().streams - before.streams, 2);
    thread::spawn(move || {
        assert_eq!(waiting.0.unpark().unwrap().pop(), [9]);
        assert_eq!(waiting.1.words().len(), 1000);
    })
    .join()
    .unwrap();
    let after = process_stats();
    assert_eq!((after.streams, after.stack_bytes), (before.streams, before.stack_bytes));
    assert_eq!(after.segments_by_class, before.segments_by_class);
}

#[test]
fn under_stress_a_parked_stack_comes_back_elsewhere() {
    let _alone = alone();
    set_stress(true);
    let mut stack = of(50);
    let (address, copied) = (stack.words().as_ptr(), stack.stats().bytes_copied);
    let waiting = stack.park().unwrap();
    let mut stack = waiting.unpark().unwrap();
    assert_eq!((stack.stats().pool_hits, stack.stats().bytes_copied), (0, copied + 800));
    stack.push([50]).unwrap();
    assert_ne!(stack.words().as_ptr(), address);
    assert!(stack.words().iter().copied().eq(0..51));
    set_stress(false);
}
