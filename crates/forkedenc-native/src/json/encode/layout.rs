//! Reading ints and dicts by their layout, which is no documented interface: only for the exact versions whose layout this
//! file knows, and only after a self-test at import has found it to be so. Elsewhere the documented calls are used.

use std::sync::atomic::{AtomicU8, Ordering};

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyInt};

use crate::pyraw::dict::{GENERAL, Table, UNICODE};
use crate::pyraw::wanted;

/// What the self-test found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Layout {
    /// Documented calls alone.
    Unknown = 0,
    /// 3.11: an int's sign is that of its count of digits.
    Signed = 1,
    /// 3.12 and 3.13: an int's sign is in the low bits of a tag.
    Tagged = 2,
}

static FOUND: AtomicU8 = AtomicU8::new(Layout::Unknown as u8);

/// The layout that may be relied on.
#[inline(always)]
pub fn layout() -> Layout {
    match FOUND.load(Ordering::Relaxed) {
        1 => Layout::Signed,
        2 => Layout::Tagged,
        _ => Layout::Unknown,
    }
}

/// How an int begins; `size` is the count of digits, with the sign in it or in the tag.
#[repr(C)]
struct Int {
    head: ffi::PyObject,
    size: isize,
    digits: [u32; 2],
}

/// Digits of an int have so many bits.
const DIGIT: u32 = 30;

/// The sign and magnitude of an int of at most two digits.
///
/// # Safety
/// `value` is an int, alive.
#[inline(always)]
pub unsafe fn small_int(layout: Layout, value: *mut ffi::PyObject) -> Option<(bool, u64)> {
    let int = value.cast::<Int>();
    // SAFETY: the self-test has found ints to begin so; one digit is always there, a second only where the count says.
    unsafe {
        let size = (&raw const (*int).size).read();
        let digits = (&raw const (*int).digits).cast::<u32>();
        let (negative, count) = match layout {
            Layout::Unknown => return None,
            Layout::Signed => (size < 0, size.unsigned_abs()),
            Layout::Tagged => (size & 3 == 2, size.cast_unsigned() >> 3),
        };
        match count {
            0 => Some((false, 0)),
            1 => Some((negative, u64::from(digits.read()))),
            2 => Some((negative, u64::from(digits.read()) | u64::from(digits.add(1).read()) << DIGIT)),
            _ => None,
        }
    }
}

/// The entries of a dict.
#[derive(Clone, Copy)]
pub struct Entries {
    /// The first key.
    first: *const *mut ffi::PyObject,
    /// Words from one key to the next.
    step: usize,
    count: isize,
}

/// The entries of a dict that has its values in its table, in the order and by the positions of `PyDict_Next`.
///
/// # Safety
/// `dict` is an exact dict, alive; the result holds until the dict changes.
#[inline(always)]
pub unsafe fn entries(layout: Layout, dict: *mut ffi::PyObject) -> Option<Entries> {
    if layout == Layout::Unknown {
        return None;
    }
    // SAFETY: the self-test has found dicts to be so.
    unsafe {
        let dict = dict.cast::<ffi::PyDictObject>();
        let keys = (*dict).ma_keys.cast::<Table>();
        let kind = (*keys).kind;
        if kind > UNICODE || !(*dict).ma_values.is_null() {
            return None;
        }
        let first = keys.add(1).cast::<u8>().add(1 << (*keys).log2_index_bytes).cast::<*mut ffi::PyObject>();
        let hash = usize::from(kind == GENERAL);
        Some(Entries { first: first.add(hash), step: 2 + hash, count: (*keys).entries })
    }
}

impl Entries {
    /// The next key and value from `position` on, which moves behind them.
    ///
    /// # Safety
    /// The dict has not changed.
    #[inline(always)]
    pub unsafe fn next(self, position: &mut isize) -> Option<[*mut ffi::PyObject; 2]> {
        while *position < self.count {
            // SAFETY: below the count; entries of deleted keys have no value.
            let (key, value) = unsafe {
                let key = self.first.add(self.step * position.cast_unsigned());
                (*key, *key.add(1))
            };
            *position += 1;
            if !value.is_null() {
                return Some([key, value]);
            }
        }
        None
    }
}

/// Looks whether ints and dicts are laid out as this file believes, and settles it for the process.
pub fn self_test(py: Python<'_>) -> PyResult<()> {
    if !wanted() {
        return Ok(());
    }
    let version = py.version_info();
    let candidate = match (version.major, version.minor) {
        (3, 11) => Layout::Signed,
        (3, 12 | 13) => Layout::Tagged,
        _ => return Ok(()),
    };
    // Free-threaded builds have other tables.
    let flags: String = py.import("sys")?.getattr("abiflags")?.extract()?;
    let bits: u32 = py.import("sys")?.getattr("int_info")?.getattr("bits_per_digit")?.extract()?;
    if flags.contains('t') || bits != DIGIT || !(ints_agree(py, candidate)? && dicts_agree(py, candidate)?) {
        return Ok(());
    }
    FOUND.store(candidate as u8, Ordering::Relaxed);
    Ok(())
}

fn ints_agree(py: Python<'_>, layout: Layout) -> PyResult<bool> {
    for shift in 0..70 {
        for number in [1_i128 << shift, (1 << shift) - 1, -(1 << shift), 1 - (1 << shift)] {
            let object: Bound<'_, PyInt> = number.into_pyobject(py)?;
            // SAFETY: an int, alive. A wrong belief reads 32 bytes of an object of at least 28, rounded up by the
            // allocator, and gives a wrong answer.
            let found = unsafe { small_int(layout, object.as_ptr()) };
            let expected = (number.unsigned_abs() < 1 << 60)
                .then(|| (number < 0, u64::try_from(number.unsigned_abs()).unwrap_or(u64::MAX)));
            if found != expected {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

fn dicts_agree(py: Python<'_>, layout: Layout) -> PyResult<bool> {
    for size in [1, 2, 5, 6, 10, 11, 50, 200, 300, 70_000] {
        for general in [false, true] {
            let dict = PyDict::new(py);
            for number in 0..size {
                dict.set_item(format!("k{number}"), number)?;
            }
            if general {
                // A key of another type makes the table one for all types.
                dict.set_item(size, size)?;
            }
            if size > 2 {
                dict.del_item("k1")?;
            }
            // SAFETY: an exact dict that nobody else knows.
            if !unsafe { agrees(layout, dict.as_ptr()) } {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// Are the entries those that the dict's own iteration gives?
///
/// # Safety
/// `dict` is an exact dict, alive.
unsafe fn agrees(layout: Layout, dict: *mut ffi::PyObject) -> bool {
    // SAFETY: as the caller's.
    unsafe {
        let Some(entries) = entries(layout, dict) else { return false };
        let (mut ours, mut theirs) = (0, 0);
        loop {
            let (mut key, mut value) = (std::ptr::null_mut(), std::ptr::null_mut());
            let more = ffi::PyDict_Next(dict, &raw mut theirs, &raw mut key, &raw mut value) != 0;
            let found = entries.next(&mut ours);
            if found != more.then_some([key, value]) || more && ours != theirs {
                return false;
            }
            if !more {
                return true;
            }
        }
    }
}
