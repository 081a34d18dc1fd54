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

/// A buffer past this is not kept.
const KEPT: usize = 256 << 10;

/// What is kept of a kind of things.
pub struct Shelf<T>(UnsafeCell<Vec<T>>);

// SAFETY: touched only by `take` and `give`, whose callers hold the interpreter's lock, and which run no Python code
// while they hold a reference into it.
unsafe impl<T: Send> Sync for Shelf<T> {}

impl<T> Shelf<T> {
    /// How many are kept: of parses at once there are few.
    const ROOM: usize = 4;

    pub const fn new() -> Self {
        Self(UnsafeCell::new(Vec::new()))
    }

    /// One that nobody uses, if there is one.
    #[inline]
    pub fn take(&self, _: Python<'_>) -> Option<T> {
        // SAFETY: attached, so nobody else is here; see above.
        unsafe { (*self.0.get()).pop() }
    }

    /// Keeps it for whoever comes next.
    #[inline]
    pub fn give(&self, _: Python<'_>, thing: T) {
        // SAFETY: attached, so nobody else is here; see above. What there is no room for is dropped at the end.
        unsafe {
            let shelf = &mut *self.0.get();
            if shelf.len() < Self::ROOM {
                shelf.push(thing);
            }
        }
    }
}

static SHELF: Shelf<Kept> = Shelf::new();

impl Kept {
    /// A set that nobody uses, or a new one.
    ///
    /// By value, since a parser takes the names for itself until it is done.
    #[inline]
    pub fn take(py: Python<'_>) -> Self {
        SHELF.take(py).unwrap_or_default()
    }

    /// Keeps the set for the next parse.
    #[inline]
    pub fn give(mut self, py: Python<'_>) {
        if self.buffer.capacity() > KEPT {
            self.buffer = Vec::new();
        }
        SHELF.give(py, self);
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
