//! What a parse works with and the next one takes over: names with their strs, and a buffer for decoded input.
//!
//! Kept in one place of the process, which the interpreter's lock guards, and not by threads: a thread's end would drop
//! strs where no interpreter is attached. A parse inside a parse finds the first set taken and gets the next.

use std::cell::UnsafeCell;

use forkedenc_core::xml::Names;
use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyString;

use super::strings::Strings;
use crate::input;

/// What one parse works with.
#[derive(Default)]
pub struct Kept {
    pub names: Names,
    pub strings: Strings,
    /// The decoded input; never more than a piece of it.
    pub buffer: Vec<u8>,
}

/// Sets that are kept, and the size past which a buffer is not.
const SETS: usize = 4;
const KEPT: usize = 256 << 10;

struct Shelf(UnsafeCell<Vec<Kept>>);

// SAFETY: touched only by `take` and `give`, whose callers hold the interpreter's lock, and which run no Python code
// while they hold a reference into it.
unsafe impl Sync for Shelf {}

static SHELF: Shelf = Shelf(UnsafeCell::new(Vec::new()));

impl Kept {
    /// A set that nobody uses, or a new one.
    ///
    /// By value, since a parser takes the names for itself until it is done.
    #[inline]
    pub fn take(_: Python<'_>) -> Self {
        // SAFETY: attached, so nobody else is here; see `Shelf`.
        let kept = unsafe { (*SHELF.0.get()).pop() };
        kept.unwrap_or_default()
    }

    /// Keeps the set for the next parse.
    #[inline]
    pub fn give(mut self, _: Python<'_>) {
        if self.buffer.capacity() > KEPT {
            self.buffer = Vec::new();
        }
        // SAFETY: attached, so nobody else is here; see `Shelf`.
        unsafe {
            let shelf = &mut *SHELF.0.get();
            if shelf.len() < SETS {
                shelf.push(self);
            }
        }
    }
}

/// The bytes of a chunk: bytes or any contiguous buffer.
///
/// # Errors
/// TypeError for str and whatever has no contiguous buffer, MemoryError.
#[inline]
pub fn with_chunk<T>(data: &Bound<'_, PyAny>, work: impl FnOnce(&[u8]) -> PyResult<T>) -> PyResult<T> {
    // SAFETY: attached; a bytes object never changes, and `data` is borrowed for the whole call.
    unsafe {
        if ffi::PyBytes_CheckExact(data.as_ptr()) != 0 {
            return work(input::bytes_of(data.as_ptr()));
        }
    }
    if data.is_instance_of::<PyString>() {
        return Err(PyTypeError::new_err("a chunk must be bytes or a contiguous buffer, not str"));
    }
    let mut copy = Vec::new();
    input::copy_buffer(data, &mut copy)?;
    work(&copy)
}
