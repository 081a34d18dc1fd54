//! Floods of equal hashes: numbers that an attacker chose so that a set or dict of them takes quadratic time. CPython's
//! hashes of numbers are public arithmetic (20,000 multiples of 2**61 - 1 take a set two seconds); those of str and bytes are not.

use pyo3::ffi;
use pyo3::prelude::*;

/// Different objects with one hash that are let pass: what chance makes is one or two.
const MOST: usize = 64;

/// Are there many different objects with one hash? False with an exception set where hashing or comparing raised.
pub fn is_flood(py: Python<'_>, items: impl Iterator<Item = *mut ffi::PyObject>) -> bool {
    let _ = py;
    let mut hashed: Vec<(ffi::Py_hash_t, *mut ffi::PyObject)> = Vec::new();
    for item in items {
        // SAFETY: attached; the item is alive, held by the stack or list that it is in.
        let hash = unsafe { ffi::PyObject_Hash(item) };
        if hash == -1 {
            return false;
        }
        if hashed.try_reserve(1).is_err() {
            // SAFETY: attached.
            unsafe { ffi::PyErr_NoMemory() };
            return false;
        }
        hashed.push((hash, item));
    }
    if hashed.len() <= MOST {
        return false;
    }
    hashed.sort_unstable_by_key(|(hash, _)| *hash);
    hashed.chunk_by(|one, other| one.0 == other.0).any(are_many)
}

/// More than [`MOST`] of these, which have one hash, are different.
fn are_many(run: &[(ffi::Py_hash_t, *mut ffi::PyObject)]) -> bool {
    if run.len() <= MOST {
        return false;
    }
    let mut different: Vec<*mut ffi::PyObject> = Vec::new();
    for (_, item) in run {
        let mut known = false;
        for other in &different {
            // SAFETY: attached; both are alive. Where comparing raises, the caller finds the exception.
            match unsafe { ffi::PyObject_RichCompareBool(*item, *other, ffi::Py_EQ) } {
                0 => {}
                1 => {
                    known = true;
                    break;
                }
                _ => return false,
            }
        }
        if !known {
            different.push(*item);
            if different.len() > MOST {
                return true;
            }
        }
    }
    false
}
