//! Strs of ASCII, ints of up to two digits and floats, by layout.
//!
//! Each is allocated as the interpreter would, in one block of the objects' allocator, where its type frees it to.

use std::sync::atomic::{AtomicPtr, Ordering};

use pyo3::ffi;

use super::Head;

/// Writes a new object into a block of `bytes`; null with MemoryError set.
///
/// # Safety
/// The caller is attached; `bytes` are at least the size of `T`.
#[inline(always)]
unsafe fn object<T>(bytes: usize, value: T) -> *mut ffi::PyObject {
    // SAFETY: attached; there is room for the value, which is written before anybody sees it.
    unsafe {
        let block = ffi::PyObject_Malloc(bytes).cast::<T>();
        if block.is_null() {
            return ffi::PyErr_NoMemory();
        }
        block.write(value);
        block.cast()
    }
}

/// A str of ASCII; the bytes follow, and a zero.
#[repr(C)]
pub(super) struct Ascii {
    head: Head,
    length: isize,
    hash: isize,
    pub state: u32,
    #[cfg(not(Py_3_12))]
    wide: *mut u32,
}

const _: () = assert!(!super::KNOWN || size_of::<Ascii>() == size_of::<ffi::PyASCIIObject>());

/// Not interned, one byte to a character, in one block, ASCII; ready, where that is still said.
const ASCII: u32 = 1 << 2 | 1 << 5 | 1 << 6 | if cfg!(Py_3_12) { 0 } else { 1 << 7 };

/// A new str; null with MemoryError set.
///
/// # Safety
/// The caller is attached and [`super::on`] is true (or the self-test asks); `bytes` are ASCII and at least two: shorter
/// strs are shared by the interpreter.
#[inline(always)]
pub unsafe fn ascii(bytes: &[u8]) -> *mut ffi::PyObject {
    let length = bytes.len();
    // SAFETY: attached; the block has room for the head, the bytes and the zero behind them.
    unsafe {
        let object = object(
            size_of::<Ascii>() + length + 1,
            Ascii {
                head: Head::new(&raw mut ffi::PyUnicode_Type),
                length: length.cast_signed(),
                hash: -1,
                state: ASCII,
                #[cfg(not(Py_3_12))]
                wide: std::ptr::null_mut(),
            },
        );
        if !object.is_null() {
            let data = object.cast::<u8>().add(size_of::<Ascii>());
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), data, length);
            *data.add(length) = 0;
        }
        object
    }
}

/// Digits of an int have so many bits.
pub(super) const DIGIT: u32 = 30;

/// An int of up to two digits: a block of one for 28 bytes is as large as for 32, but where the allocator counts exactly,
/// and there it is four bytes longer than needed.
#[repr(C)]
pub(super) struct Int {
    head: Head,
    /// 3.11: the count of digits, negative in a negative int. From 3.12 on: the count above three bits, which tell the
    /// sign: 0, or 2 in a negative int.
    size: isize,
    pub digits: [u32; 2],
}

/// What `size` is for so many digits, of which there are some.
#[inline(always)]
fn size(digits: isize, negative: bool) -> isize {
    match (cfg!(Py_3_12), negative) {
        (true, false) => digits << 3,
        (true, true) => digits << 3 | 2,
        (false, false) => digits,
        (false, true) => -digits,
    }
}

/// The least and the greatest of the ints that the interpreter shares.
const LEAST: i64 = -5;
const GREATEST: i64 = 256;
const SHARED: usize = (GREATEST - LEAST + 1) as usize;

/// The interpreter's shared ints, from the least on, which live as long as it does. Filled by the self-test.
static SMALL: [AtomicPtr<ffi::PyObject>; SHARED] = [const { AtomicPtr::new(std::ptr::null_mut()) }; SHARED];

/// Looks up the interpreter's shared ints; false where they are not shared as believed.
///
/// # Safety
/// The caller is attached.
pub(super) unsafe fn find_shared() -> bool {
    // SAFETY: attached. Each int is asked for twice: one that is not shared is two objects while both are alive. The
    // references are kept for ever.
    unsafe {
        (LEAST..=GREATEST).zip(&SMALL).all(|(value, place)| {
            let (one, other) = (ffi::PyLong_FromLongLong(value), ffi::PyLong_FromLongLong(value));
            place.store(one, Ordering::Relaxed);
            let shared = one == other && !one.is_null();
            ffi::Py_XDECREF(other);
            shared
        })
    }
}

/// A new int, or one of the interpreter's; null with MemoryError set.
///
/// # Safety
/// The caller is attached and [`super::on`] is true (or the self-test asks, after [`find_shared`]).
#[inline(always)]
pub unsafe fn int(value: i64) -> *mut ffi::PyObject {
    const MASK: u64 = (1 << DIGIT) - 1;
    let magnitude = value.unsigned_abs();
    // SAFETY: attached; shared ints are there and alive; the block has room for two digits.
    unsafe {
        if let Some(place) = SMALL.get(value.wrapping_sub(LEAST) as usize) {
            return ffi::Py_NewRef(place.load(Ordering::Relaxed));
        }
        if magnitude > (MASK << DIGIT | MASK) {
            return ffi::PyLong_FromLongLong(value);
        }
        let digits = [(magnitude & MASK) as u32, (magnitude >> DIGIT) as u32];
        let count = 1 + isize::from(digits[1] != 0);
        let head = Head::new(&raw mut ffi::PyLong_Type);
        object(size_of::<Int>(), Int { head, size: size(count, value < 0), digits })
    }
}

#[repr(C)]
pub(super) struct Float {
    head: Head,
    value: f64,
}

/// A new float; null with MemoryError set.
///
/// # Safety
/// The caller is attached and [`super::on`] is true (or the self-test asks).
#[inline(always)]
pub unsafe fn float(value: f64) -> *mut ffi::PyObject {
    // SAFETY: attached; the block has room for a float.
    unsafe { object(size_of::<Float>(), Float { head: Head::new(&raw mut ffi::PyFloat_Type), value }) }
}
