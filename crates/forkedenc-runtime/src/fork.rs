//! The process's two locks, the pool's and the registry's, and how they get through `fork()`.
//!
//! A child of `fork()` has one thread. Had another one held a lock at that moment, nobody would ever let it go, so the
//! forking thread takes both before and lets go of them after, in parent and child. Meanwhile it may still decode, in
//! some other fork handler: what it needs behind the locks it finds in its own hands.

use std::cell::RefCell;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::pool::Pool;
use crate::stats::Registry;

static POOL: Mutex<Pool> = Mutex::new(Pool::new());
static REGISTRY: Mutex<Registry> = Mutex::new(Registry::new());

struct Held {
    pool: MutexGuard<'static, Pool>,
    registry: MutexGuard<'static, Registry>,
}

thread_local! {
    static HELD: RefCell<Option<Held>> = const { RefCell::new(None) };
}

/// The data behind a lock is whole between any two statements, so a panic can't have left it half changed.
fn lock<T>(mutex: &'static Mutex<T>) -> MutexGuard<'static, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Holds the runtime's locks until [`after_fork`]; to be called right before `fork()`, by the thread that forks.
pub fn before_fork() {
    HELD.with_borrow_mut(|held| {
        if held.is_none() {
            *held = Some(Held { pool: lock(&POOL), registry: lock(&REGISTRY) });
        }
    });
}

/// Lets go of what [`before_fork`] held; to be called right after `fork()`, in the parent and in the child.
pub fn after_fork() {
    HELD.with_borrow_mut(Option::take);
}

/// `using` must not come back here: it gets the one thing it needs, and calls nobody.
fn with<T: 'static, R>(
    mutex: &'static Mutex<T>,
    part: impl FnOnce(&mut Held) -> &mut T,
    using: impl FnOnce(&mut T) -> R,
) -> R {
    let mut using = Some(using);
    // A thread that ends may have dropped HELD already; then it isn't forking either.
    let done = HELD.try_with(|held| {
        let mut held = held.borrow_mut();
        let held = held.as_mut()?;
        Some((using.take()?)(part(held)))
    });
    match (done, using) {
        (Ok(Some(result)), _) => result,
        (_, Some(using)) => using(&mut lock(mutex)),
        (_, None) => unreachable!("used only where it gave a result"),
    }
}

pub(crate) fn with_pool<R>(using: impl FnOnce(&mut Pool) -> R) -> R {
    with(&POOL, |held| &mut held.pool, using)
}

pub(crate) fn with_registry<R>(using: impl FnOnce(&mut Registry) -> R) -> R {
    with(&REGISTRY, |held| &mut held.registry, using)
}
