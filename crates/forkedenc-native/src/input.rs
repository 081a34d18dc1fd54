//! What a decode may be given: bytes and str read in place, any other contiguous buffer copied.

use forkedenc_core::cursor::{PADDING, Window};
use pyo3::exceptions::{PyMemoryError, PyTypeError};
use pyo3::ffi;
use pyo3::prelude::*;

use crate::text::Units;

/// Smaller documents are copied: a vector load then never has to ask where they end.
const SMALL: usize = 4096;

/// Bytes of UTF-8 to decode.
pub enum Input<'a> {
    /// In place, a NUL behind them.
    Terminated(&'a [u8]),
    /// In the scratch buffer, padded; that many.
    Scratch(usize),
}

impl Input<'_> {
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Terminated(bytes) => bytes.len(),
            Self::Scratch(length) => *length,
        }
    }

    /// The bytes.
    pub fn bytes<'b>(&'b self, scratch: &'b [u8]) -> &'b [u8] {
        match self {
            Self::Terminated(bytes) => bytes,
            Self::Scratch(length) => &scratch[..*length],
        }
    }

    /// Calls `read` with the bytes as a window.
    #[inline(always)]
    pub fn window<'b>(&'b self, scratch: &'b [u8]) -> Window<'b> {
        match self {
            // SAFETY: made only of what the interpreter keeps terminated.
            Self::Terminated(bytes) => unsafe { Window::terminated(bytes) },
            Self::Scratch(length) => Window::padded(scratch, *length),
        }
    }
}

/// The bytes of a bytes object.
///
/// # Safety
/// `object` is a bytes object (or of a subclass) that lives for `'a`.
#[inline(always)]
pub unsafe fn bytes_of<'a>(object: *mut ffi::PyObject) -> &'a [u8] {
    // SAFETY: what the documented macros PyBytes_AS_STRING and PyBytes_GET_SIZE read.
    unsafe {
        let data = (&raw const (*object.cast::<ffi::PyBytesObject>()).ob_sval).cast::<u8>();
        std::slice::from_raw_parts(data, ffi::Py_SIZE(object).cast_unsigned())
    }
}

/// Copies a small document, padded.
#[inline(always)]
fn copy(bytes: &[u8], scratch: &mut Vec<u8>) -> usize {
    scratch.clear();
    scratch.reserve(bytes.len() + PADDING);
    // SAFETY: there is room for the bytes and the padding, which are all written.
    unsafe {
        let data = scratch.as_mut_ptr();
        std::ptr::copy_nonoverlapping(bytes.as_ptr(), data, bytes.len());
        data.add(bytes.len()).write_bytes(0, PADDING);
        scratch.set_len(bytes.len() + PADDING);
    }
    bytes.len()
}

/// Pads a document of any length.
fn pad_any<'a>(scratch: &mut Vec<u8>) -> PyResult<Input<'a>> {
    scratch.try_reserve(PADDING).map_err(|_| PyMemoryError::new_err(()))?;
    Ok(Input::Scratch(pad(scratch)))
}

/// Pads what the scratch buffer holds.
pub fn pad(scratch: &mut Vec<u8>) -> usize {
    let length = scratch.len();
    scratch.resize(length + PADDING, 0);
    length
}

/// The bytes of `data`: str, bytes, or any contiguous buffer. TypeError for anything else.
///
/// # Safety
/// `data` is alive for `'a`.
#[inline]
pub unsafe fn read<'a>(data: &Bound<'_, PyAny>, scratch: &mut Vec<u8>) -> PyResult<Input<'a>> {
    let object = data.as_ptr();
    // SAFETY: attached; a bytes object and an ASCII str keep a NUL behind their data and never change.
    unsafe {
        if ffi::PyBytes_CheckExact(object) != 0 {
            return Ok(place(bytes_of(object), scratch));
        }
        if ffi::PyUnicode_Check(object) != 0 {
            let units = Units::of(object);
            if let Units::Ascii(bytes) = units {
                return Ok(place(bytes, scratch));
            }
            scratch.clear();
            if !units.encode(0, units.len(), scratch) {
                return Err(PyMemoryError::new_err(()));
            }
            return pad_any(scratch);
        }
    }
    copy_buffer(data, scratch)?;
    pad_any(scratch)
}

#[inline]
fn place<'a>(bytes: &'a [u8], scratch: &mut Vec<u8>) -> Input<'a> {
    if bytes.len() <= SMALL { Input::Scratch(copy(bytes, scratch)) } else { Input::Terminated(bytes) }
}

/// Copies a contiguous buffer into `scratch`: a hook or another thread could write into the original.
pub fn copy_buffer(data: &Bound<'_, PyAny>, scratch: &mut Vec<u8>) -> PyResult<()> {
    let py = data.py();
    let refused = |_| {
        let name = data.get_type().name().map_or_else(|_| "this".to_owned(), |name| name.to_string());
        PyTypeError::new_err(format!("expected bytes, a contiguous buffer or str, not {name}"))
    };
    // SAFETY: attached.
    if unsafe { ffi::PyObject_CheckBuffer(data.as_ptr()) } == 0 {
        return Err(refused(()));
    }
    let mut view = std::mem::MaybeUninit::<ffi::Py_buffer>::uninit();
    // SAFETY: attached; on success the view is filled in, read under the lock while it is held, and released once.
    unsafe {
        if ffi::PyObject_GetBuffer(data.as_ptr(), view.as_mut_ptr(), ffi::PyBUF_SIMPLE) != 0 {
            return Err(PyErr::fetch(py));
        }
        let mut view = view.assume_init();
        scratch.clear();
        let length = view.len.cast_unsigned();
        let room = scratch.try_reserve(length + PADDING).is_ok();
        if room && length > 0 {
            scratch.extend_from_slice(std::slice::from_raw_parts(view.buf.cast::<u8>(), length));
        }
        ffi::PyBuffer_Release(&raw mut view);
        if room { Ok(()) } else { Err(PyMemoryError::new_err(())) }
    }
}
