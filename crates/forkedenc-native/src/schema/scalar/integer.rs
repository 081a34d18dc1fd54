//! Integers of any length, in time below quadratic and past the interpreter's own limit on digits, which is not touched.
//!
//! Leaves of fewer digits than the interpreter always allows are converted by it; then neighbours are joined,
//! `high * 10**k + low`, with a `k` that doubles each round, so that its fast multiplication does the work.

use pyo3::ffi;
use pyo3::prelude::*;

use crate::fallible;

/// Digits of a leaf. The interpreter never limits fewer than 640.
const LEAF: usize = 600;

/// The int of decimal digits with an optional minus.
pub fn parse<'py>(py: Python<'py>, text: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    let mut parts = digits.rchunks(LEAF).map(|leaf| parse_leaf(py, leaf)).collect::<PyResult<Vec<_>>>()?;
    let mut power = parse_leaf(py, b"10")?.pow(fallible::int(py, LEAF as u64)?, py.None())?;
    // The lowest part comes first.
    while parts.len() > 1 {
        let mut joined = Vec::with_capacity(parts.len().div_ceil(2));
        let mut rest = parts.into_iter();
        while let Some(low) = rest.next() {
            joined.push(match rest.next() {
                Some(high) => high.mul(&power)?.add(low)?,
                None => low,
            });
        }
        parts = joined;
        if parts.len() > 1 {
            power = power.mul(&power)?;
        }
    }
    let value = parts.pop().map_or_else(|| parse_leaf(py, b"0"), Ok)?;
    if negative { value.neg() } else { Ok(value) }
}

fn parse_leaf<'py>(py: Python<'py>, digits: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    let mut text = [0u8; LEAF + 1];
    text[..digits.len()].copy_from_slice(digits);
    // SAFETY: attached; the text is terminated, since a leaf is shorter than the array.
    unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyLong_FromString(text.as_ptr().cast(), std::ptr::null_mut(), 10)) }
}
