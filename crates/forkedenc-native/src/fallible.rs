//! Objects for errors, breaches and counters, by documented calls whose failure is an exception: the constructors of PyO3
//! panic where memory is out.

use std::mem::MaybeUninit;

use pyo3::ffi;
use pyo3::ffi::compat::{
    PyBytesWriter, PyBytesWriter_Create, PyBytesWriter_Discard, PyBytesWriter_FinishWithSize, PyBytesWriter_GetData,
    PyBytesWriter_Resize,
};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};

/// A new reference that a call gave, or what it raised.
///
/// # Safety
/// The interpreter is attached; `object` is a new reference, or null with an exception set.
unsafe fn made(py: Python<'_>, object: *mut ffi::PyObject) -> PyResult<Bound<'_, PyAny>> {
    // SAFETY: the caller's promise.
    unsafe { Bound::from_owned_ptr_or_err(py, object) }
}

pub fn int(py: Python<'_>, value: u64) -> PyResult<Bound<'_, PyAny>> {
    // SAFETY: attached; the result is new.
    unsafe { made(py, ffi::PyLong_FromUnsignedLongLong(value)) }
}

pub fn truth(py: Python<'_>, value: bool) -> Bound<'_, PyAny> {
    pyo3::types::PyBool::new(py, value).to_owned().into_any()
}

pub fn float(py: Python<'_>, value: f64) -> PyResult<Bound<'_, PyAny>> {
    // SAFETY: attached; the result is new.
    unsafe { made(py, ffi::PyFloat_FromDouble(value)) }
}

pub fn text<'py>(py: Python<'py>, value: &str) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: attached; the bytes are UTF-8, and the result is new.
    unsafe { made(py, ffi::PyUnicode_FromStringAndSize(value.as_ptr().cast(), value.len().cast_signed())) }
}

pub fn bytes<'py>(py: Python<'py>, value: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: attached; the result is new.
    unsafe { made(py, ffi::PyBytes_FromStringAndSize(value.as_ptr().cast(), value.len().cast_signed())) }
}

/// A bytes object that is written once, from its start on, and then cut to what was written.
pub struct Growing<'py> {
    py: Python<'py>,
    /// Owned; null once it is finished.
    writer: *mut PyBytesWriter,
    room: usize,
}

/// The room of such an object, which can be written without the interpreter.
pub struct Spare<'b> {
    room: &'b mut [MaybeUninit<u8>],
    used: usize,
}

impl Spare<'_> {
    /// Writes the bytes behind those that are there; false where there is no room.
    pub fn push(&mut self, bytes: &[u8]) -> bool {
        let Some(room) = self.room.get_mut(self.used..).filter(|room| room.len() >= bytes.len()) else { return false };
        // SAFETY: there is room for as many bytes, which nobody else has.
        unsafe { room.as_mut_ptr().cast::<u8>().copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        self.used += bytes.len();
        true
    }

    /// How many bytes were written.
    pub fn used(&self) -> usize {
        self.used
    }
}

impl<'py> Growing<'py> {
    pub fn new(py: Python<'py>, room: usize) -> PyResult<Self> {
        // SAFETY: attached.
        let writer = unsafe { PyBytesWriter_Create(room.cast_signed()) };
        if writer.is_null() { Err(PyErr::fetch(py)) } else { Ok(Self { py, writer, room }) }
    }

    /// The room behind what was written, of which `used` bytes are.
    pub fn spare(&mut self, used: usize) -> Spare<'_> {
        // SAFETY: the writer is alive and has so many bytes, of which nobody else knows.
        let room = unsafe {
            let start = PyBytesWriter_GetData(self.writer).cast::<MaybeUninit<u8>>();
            std::slice::from_raw_parts_mut(start, self.room)
        };
        Spare { room, used }
    }

    /// The object of the first `used` bytes and of what did not fit.
    pub fn finish(mut self, used: usize, rest: &[u8]) -> PyResult<Bound<'py, PyAny>> {
        let length = used + rest.len();
        if length > self.room {
            // SAFETY: attached, and the writer is alive; it stays so where this fails.
            if unsafe { PyBytesWriter_Resize(self.writer, length.cast_signed()) } != 0 {
                return Err(PyErr::fetch(self.py));
            }
            self.room = length;
        }
        let fits = self.spare(used).push(rest);
        debug_assert!(fits);
        let writer = std::mem::replace(&mut self.writer, std::ptr::null_mut());
        // SAFETY: attached; the writer is given away, and the result is new.
        unsafe { made(self.py, PyBytesWriter_FinishWithSize(writer, length.cast_signed())) }
    }
}

impl Drop for Growing<'_> {
    fn drop(&mut self) {
        // SAFETY: attached, as long as `py` lives; null is passed by.
        unsafe { PyBytesWriter_Discard(self.writer) };
    }
}

pub fn dict(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    // SAFETY: attached; the result is a new dict.
    unsafe { made(py, ffi::PyDict_New()).map(|object| object.cast_into_unchecked()) }
}

pub fn list(py: Python<'_>) -> PyResult<Bound<'_, PyList>> {
    // SAFETY: attached; the result is a new list.
    unsafe { made(py, ffi::PyList_New(0)).map(|object| object.cast_into_unchecked()) }
}

pub fn tuple<'py, const N: usize>(py: Python<'py>, items: [Bound<'py, PyAny>; N]) -> PyResult<Bound<'py, PyTuple>> {
    // SAFETY: attached; a new tuple with room for the items, whose references move into it.
    unsafe {
        let tuple = made(py, ffi::PyTuple_New(N.cast_signed()))?;
        for (at, item) in items.into_iter().enumerate() {
            ffi::PyTuple_SET_ITEM(tuple.as_ptr(), at.cast_signed(), item.into_ptr());
        }
        Ok(tuple.cast_into_unchecked())
    }
}

/// Sets a dict's member by a name.
pub fn put<'py>(dict: &Bound<'py, PyDict>, name: &str, value: &Bound<'py, PyAny>) -> PyResult<()> {
    dict.set_item(text(dict.py(), name)?, value)
}

/// Sets a dict's member to a number.
pub fn put_int(dict: &Bound<'_, PyDict>, name: &str, value: u64) -> PyResult<()> {
    put(dict, name, &int(dict.py(), value)?)
}

/// Sets a dict's member to a real number.
pub fn put_float(dict: &Bound<'_, PyDict>, name: &str, value: f64) -> PyResult<()> {
    put(dict, name, &float(dict.py(), value)?)
}

/// Sets a dict's member to a text.
pub fn put_text(dict: &Bound<'_, PyDict>, name: &str, value: &str) -> PyResult<()> {
    put(dict, name, &text(dict.py(), value)?)
}
