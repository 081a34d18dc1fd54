//! Where the machine has no memory left a push is refused like one past the budget, and a start is a smaller one. A
//! process of its own, since its allocator refuses a thread what is bigger than that has told it.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ptr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use forkedenc_runtime::{Overflow, Stack, pool};

thread_local! {
    static BIGGEST: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// Held by the one test that runs, since all use the pool.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Scarce;

// SAFETY: all is done by the system's allocator; null is an answer that the trait allows.
unsafe impl GlobalAlloc for Scarce {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.size() > BIGGEST.get() {
            return ptr::null_mut();
        }
        // SAFETY: the caller's promise is the system's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is the system's.
        unsafe { System.dealloc(start, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Scarce = Scarce;

fn with_blocks_up_to<R>(biggest: usize, work: impl FnOnce() -> R) -> R {
    pool::trim();
    BIGGEST.set(biggest);
    let result = work();
    BIGGEST.set(usize::MAX);
    result
}

#[test]
fn a_growth_without_memory_is_refused_and_changes_nothing() {
    let _alone = alone();
    let mut stack = Stack::new(0, usize::MAX);
    let (refused, bytes_refused, before, after) = with_blocks_up_to(20_000, || {
        let mut pushed = 0;
        let refused = loop {
            match stack.push([pushed, 0]) {
                Ok(()) => pushed += 1,
                Err(overflow) => break overflow,
            }
        };
        let before = stack.stats();
        let bytes_refused = stack.push_bytes(&[1; 8]).unwrap_err();
        (refused, bytes_refused, before, stack.stats())
    });
    assert_eq!(refused, Overflow { budget: usize::MAX, needed: (16 << 10) + 16 });
    assert!(refused.is_out_of_memory() && bytes_refused.is_out_of_memory());
    assert_eq!((&before.stack_bytes, &before), (&(16 << 10), &after));
    assert!(stack.words().iter().step_by(2).copied().eq(0..1024));
    stack.push([1024, 0]).unwrap();
    assert_eq!(stack.pop(), [1024, 0]);
}

#[test]
fn a_start_without_memory_is_the_smallest() {
    let _alone = alone();
    let capacity = with_blocks_up_to(20_000, || Stack::new(1 << 20, usize::MAX).capacity());
    assert_eq!(capacity, 2048);
}

#[test]
fn a_fork_without_memory_is_none() {
    let _alone = alone();
    let mut stack = Stack::new(0, usize::MAX);
    stack.push_bytes(&[7; 50_000]).unwrap();
    assert!(with_blocks_up_to(20_000, || stack.try_fork()).is_none());
    assert_eq!(stack.try_fork().unwrap().peek_bytes(), [7; 50_000]);
}

#[test]
fn a_shrink_without_memory_is_left_for_later() {
    let _alone = alone();
    let mut stack = Stack::new(0, usize::MAX);
    stack.push_bytes(&[7; 500_000]).unwrap();
    stack.truncate(100_000);
    stack.suspend();
    let (capacity, shrinks) = with_blocks_up_to(20_000, || {
        (0..10).for_each(|_| stack.suspend());
        (stack.capacity(), stack.stats().shrinks)
    });
    assert_eq!((capacity, shrinks), (512 << 10, 0));
    (0..4).for_each(|_| stack.suspend());
    assert_eq!((stack.capacity(), stack.stats().shrinks), (256 << 10, 1));
}

#[test]
fn neither_parking_nor_going_on_loses_a_stack_where_there_is_no_memory() {
    let _alone = alone();
    let mut stack = Stack::new(0, usize::MAX);
    stack.push_bytes(&[7; 50_000]).unwrap();
    let before = stack.stats();
    assert!(with_blocks_up_to(20_000, || stack.park()).is_none());
    assert_eq!((stack.peek_bytes(), stack.stats()), (&[7; 50_000][..], before));
    let parked = stack.park().unwrap();
    let before = parked.stats();
    let parked = with_blocks_up_to(60_000, || {
        assert!(parked.try_fork().is_some());
        parked.unpark()
    })
    .unwrap_err();
    assert_eq!(parked.stats(), before);
    assert!(with_blocks_up_to(20_000, || parked.try_fork()).is_none());
    assert_eq!(parked.unpark().unwrap().peek_bytes(), [7; 50_000]);
}

#[test]
fn priming_without_memory_stops() {
    let _alone = alone();
    assert_eq!(with_blocks_up_to(20_000, || pool::prime(3, 64 << 10)), 0);
    assert_eq!(with_blocks_up_to(20_000, || (pool::prime(3, 16 << 10), pool::held())), (3, 3 << 14));
}
