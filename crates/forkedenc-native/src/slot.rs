//! The state of an object that has one user at a time: gone while a call is using it.
//!
//! Whoever calls in meanwhile, a hook or another thread, finds it gone and gets a RuntimeError, so nobody sees
//! it half changed.

use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

/// A state, unless a call has taken it.
pub struct Slot<T>(Mutex<Option<Box<T>>>);

impl<T> Slot<T> {
    pub fn new(state: T) -> Self {
        Self(Mutex::new(Some(Box::new(state))))
    }

    fn lock(&self) -> MutexGuard<'_, Option<Box<T>>> {
        // Nothing panics while it is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `work` with the state taken out. RuntimeError where it is taken already.
    pub fn with<R>(&self, work: impl FnOnce(&mut T) -> PyResult<R>) -> PyResult<R> {
        struct Back<'a, T>(&'a Slot<T>, Option<Box<T>>);
        impl<T> Drop for Back<'_, T> {
            fn drop(&mut self) {
                *self.0.lock() = self.1.take();
            }
        }
        let mut back = Back(self, self.lock().take());
        match &mut back.1 {
            Some(state) => work(state),
            None => {
                // What is taken is not to be overwritten.
                std::mem::forget(back);
                Err(PyRuntimeError::new_err("it is in use: by another thread, or by the call that led here"))
            }
        }
    }

    /// For the collector. While the state is used, its objects are held from outside.
    pub fn visit(
        &self,
        visit: impl FnOnce(&T) -> Result<(), pyo3::PyTraverseError>,
    ) -> Result<(), pyo3::PyTraverseError> {
        let Ok(state) = self.0.try_lock() else { return Ok(()) };
        state.as_deref().map_or(Ok(()), visit)
    }

    /// For the collector: takes something out. Outside the lock, since a finalizer may come here again.
    pub fn clear<R>(&self, take: impl FnOnce(&mut T) -> R) {
        let taken = self.lock().as_deref_mut().map(take);
        drop(taken);
    }
}
