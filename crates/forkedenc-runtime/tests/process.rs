//! What belongs to the process: counters under threads, the pool, the locks through `fork()`. One test at a time, since
//! each looks at figures that the others change.

use std::sync::mpsc;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use forkedenc_runtime::{Stack, Stats, after_fork, before_fork, count_breach, pool, process_stats, stress};

static ALONE: Mutex<()> = Mutex::new(());

/// Held by the one test that runs. At its end the pool is empty, and nothing comes to it when the test's thread ends.
struct Alone {
    _guard: MutexGuard<'static, ()>,
}

fn alone() -> Alone {
    let guard = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    Alone { _guard: guard }
}

impl Drop for Alone {
    fn drop(&mut self) {
        pool::set_limit(pool::DEFAULT_LIMIT);
        pool::trim();
    }
}

fn deep(frames: u64) -> Stack {
    let mut stack = Stack::new(0, usize::MAX);
    for frame in 0..frames {
        stack.push([frame, 0]).unwrap();
        stack.note_depth(frame + 1);
    }
    stack
}

/// A stream in pieces; its figures at the end.
fn stream(frames: u64, pieces: u64) -> Stats {
    let mut stack = Stack::new(0, usize::MAX);
    for piece in 0..pieces {
        stack.resume();
        for frame in 0..frames / pieces {
            stack.push([piece, frame]).unwrap();
        }
        stack.suspend();
    }
    for _ in 0..6 {
        stack.truncate(0);
        stack.resume();
        stack.suspend();
    }
    stack.stats()
}

fn counters(stats: &Stats) -> [u64; 8] {
    [
        stats.resumes,
        stats.suspensions,
        stats.growths,
        stats.shrinks,
        stats.bytes_copied,
        stats.growth_ns,
        stats.pool_hits,
        stats.pool_misses,
    ]
}

fn since(before: &Stats) -> [u64; 8] {
    let mut difference = counters(&process_stats());
    difference.iter_mut().zip(counters(before)).for_each(|(now, before)| *now -= before);
    difference
}

#[test]
fn the_process_counts_what_its_streams_count_under_threads() {
    let _alone = alone();
    let before = process_stats();
    let threads: Vec<_> = (1..5u64)
        .map(|seed| {
            thread::spawn(move || {
                (0..200).fold(Stats::default(), |sum, turn| sum + &stream(seed * 37 * (turn % 60), turn % 7 + 1))
            })
        })
        .collect();
    let sum = threads.into_iter().fold(Stats::default(), |sum, thread| sum + &thread.join().unwrap());
    assert_eq!(since(&before), counters(&sum));
    assert!(sum.growths > 0 && sum.shrinks > 0 && sum.suspensions > 0);
}

#[test]
fn a_stream_counts_at_once_and_not_only_at_its_end() {
    let _alone = alone();
    let before = process_stats();
    let mut stack = deep(1000);
    stack.resume();
    assert_eq!(since(&before), counters(&stack.stats()));
    stack.suspend();
    assert_eq!(since(&before), counters(&stack.stats()));
    let fork = stack.fork();
    assert_eq!(since(&before), counters(&(stack.stats() + &fork.stats())));
    drop(stack);
    assert!(process_stats().peak_depth >= 1000);
}

#[test]
fn live_streams_show_by_class_wherever_they_end() {
    let _alone = alone();
    let before = process_stats();
    let stacks: Vec<_> = [1, 100, 200, 300, 5000].into_iter().map(deep).collect();
    let during = process_stats();
    assert_eq!(during.streams - before.streams, 5);
    assert_eq!(during.segments_by_class.values().sum::<u64>(), during.streams);
    for (size, more) in [(2048, 2), (4096, 1), (8192, 1), (128 << 10, 1)] {
        let count = |stats: &Stats| stats.segments_by_class.get(&size).copied().unwrap_or(0);
        assert_eq!(count(&during) - count(&before), more, "{size}");
    }
    assert_eq!(during.stack_bytes - before.stack_bytes, 2 * 2048 + 4096 + 8192 + (128 << 10));
    thread::spawn(move || drop(stacks)).join().unwrap();
    let after = process_stats();
    assert_eq!((after.streams, after.segments_by_class), (before.streams, before.segments_by_class));
}

#[test]
fn a_second_deep_stream_takes_what_the_first_gave_back() {
    let _alone = alone();
    if stress() {
        return;
    }
    for frames in [200, 1000, 10_000] {
        drop(deep(frames));
        let second = deep(frames).stats();
        assert_eq!((second.pool_hits, second.pool_misses), (second.growths + 1, 0), "{frames}");
    }
}

#[test]
fn a_fresh_stack_starts_small_whatever_is_pooled() {
    let _alone = alone();
    drop(deep(10_000));
    assert_eq!(Stack::new(0, usize::MAX).capacity(), 2048);
    assert_eq!(Stack::new(5000, usize::MAX).capacity(), 8192);
    assert_eq!(Stack::new(1 << 20, 5000).capacity(), 8192);
}

#[test]
fn primed_segments_are_taken_and_trim_frees_them() {
    let _alone = alone();
    assert_eq!(pool::prime(3, 300_000), 3);
    assert_eq!(pool::held(), 3 << 19);
    if !stress() {
        let stats = Stack::new(300_000, usize::MAX).stats();
        assert_eq!((stats.pool_hits, stats.stack_bytes), (1, 1 << 19));
    }
    assert_eq!(pool::held(), 3 << 19);
    pool::trim();
    assert_eq!(pool::held(), 0);
}

#[test]
fn priming_stops_at_the_limit() {
    let _alone = alone();
    pool::set_limit(10_000);
    assert_eq!(pool::limit(), 10_000);
    assert_eq!(pool::prime(usize::MAX, 4096), 2);
    assert_eq!(pool::prime(1, usize::MAX), 0);
    assert_eq!(pool::held(), 8192);
    pool::set_limit(5000);
    assert_eq!(pool::held(), 4096);
}

#[test]
fn a_spike_leaves_no_more_than_the_limit_and_decays() {
    let _alone = alone();
    if stress() {
        return;
    }
    pool::set_limit(4 << 20);
    let spike: Vec<_> = (0..1000).map(|_| deep(1000)).collect();
    drop(spike);
    assert!(pool::held() <= 4 << 20);
    assert!(pool::held() > 3 << 20);
    for _ in 0..200_000 {
        drop(Stack::new(0, usize::MAX));
    }
    assert!(pool::held() <= 1 << 20, "{} bytes are still held", pool::held());
}

#[test]
fn what_a_thread_kept_goes_to_the_pool_when_it_ends() {
    let _alone = alone();
    thread::spawn(|| drop(deep(200))).join().unwrap();
    assert_eq!(pool::held(), if stress() { 0 } else { 2048 + 4096 });
}

#[test]
fn the_forking_thread_goes_on_and_others_wait() {
    let _alone = alone();
    before_fork();
    before_fork();
    drop(deep(10_000));
    assert_eq!(pool::prime(1, 4096), 1);
    let before = process_stats();
    assert!(before.pool_misses > 0);
    let (sender, receiver) = mpsc::channel();
    let other = thread::spawn(move || sender.send(process_stats().streams).unwrap());
    assert!(receiver.recv_timeout(Duration::from_millis(50)).is_err(), "the lock was not held");
    after_fork();
    assert_eq!(receiver.recv_timeout(Duration::from_secs(10)), Ok(before.streams));
    other.join().unwrap();
    after_fork();
    drop(deep(10_000));
}

#[test]
fn breaches_are_counted_by_limit() {
    let _alone = alone();
    let before = process_stats().breaches;
    count_breach(3);
    thread::spawn(|| count_breach(3)).join().unwrap();
    count_breach(63);
    count_breach(64);
    count_breach(usize::MAX);
    let after = process_stats().breaches;
    let more = |limit| after.get(&limit).unwrap_or(&0) - before.get(&limit).unwrap_or(&0);
    assert_eq!((more(3), more(63), more(64)), (2, 1, 0));
}
