//! Bytes from base64, and UUIDs.

use forkedenc_core::scalar::{base64, is_space, uuid};
use pyo3::exceptions::PyMemoryError;
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyString, PyType};

use super::numbers::{Made, imported};
use crate::schema::class::slot_of;

/// The bytes of a text in base64.
pub fn bytes<'py>(py: Python<'py>, text: &[u8]) -> Made<'py> {
    let length = match base64::decoded_length(text) {
        Ok(length) => length,
        Err(fault) => return Ok(Err(fault)),
    };
    // SAFETY: attached; the object is new, nobody else has it, and it has room for `length` bytes, which are written before
    // they are read. With no bytes the interpreter gives a shared object, of which nothing is written.
    unsafe {
        let object = ffi::PyBytes_FromStringAndSize(std::ptr::null(), length.cast_signed());
        let object = Bound::from_owned_ptr_or_err(py, object)?;
        let data = (&raw mut (*object.as_ptr().cast::<ffi::PyBytesObject>()).ob_sval).cast::<u8>();
        data.write_bytes(0, length);
        Ok(base64::decode(text, std::slice::from_raw_parts_mut(data, length)).map(|()| object))
    }
}

/// The same of a text in lines: white space inside is dropped (RFC 2045 section 6.8, `xs:base64Binary`).
pub fn bytes_in_lines<'py>(py: Python<'py>, text: &[u8]) -> Made<'py> {
    let mut dense = Vec::new();
    dense.try_reserve_exact(text.len()).map_err(|_| PyMemoryError::new_err(()))?;
    dense.extend(text.iter().copied().filter(|byte| !is_space(*byte)));
    bytes(py, &dense)
}

/// `uuid.UUID` taken apart: instances are filled past its constructor, which is slow.
struct Maker {
    class: Py<PyType>,
    /// `SafeUUID.unknown`, what the constructor sets as well.
    unknown: Py<PyAny>,
    slots: [Option<isize>; 2],
}

static MAKER: PyOnceLock<Maker> = PyOnceLock::new();

/// Imports the module, so that no decode has to.
pub fn prepare(py: Python<'_>) -> PyResult<()> {
    maker(py).map(|_| ())
}

fn maker(py: Python<'_>) -> PyResult<&Maker> {
    MAKER.get_or_try_init(py, || {
        let class = imported(py, "uuid", "UUID")?.cast_into::<PyType>()?;
        let unknown = imported(py, "uuid", "SafeUUID")?.getattr(intern!(py, "unknown"))?.unbind();
        let slots = [slot_of(&class, intern!(py, "int"))?, slot_of(&class, intern!(py, "is_safe"))?];
        Ok(Maker { class: class.unbind(), unknown, slots })
    })
}

/// The UUID of a text.
pub fn uuid<'py>(py: Python<'py>, text: &[u8]) -> Made<'py> {
    let number = match uuid::read(text) {
        Ok(number) => number,
        Err(fault) => return Ok(Err(fault)),
    };
    let maker = maker(py)?;
    let number = big(py, number)?;
    // SAFETY: attached; a heap type has an allocator, and its new instance is empty. A slot takes over a reference; both
    // are those of its instances.
    unsafe {
        let class = maker.class.as_ptr().cast::<ffi::PyTypeObject>();
        let allocate = (*class).tp_alloc.unwrap_or(ffi::PyType_GenericAlloc);
        let object = Bound::from_owned_ptr_or_err(py, allocate(class, 0))?;
        set(&object, maker.slots[0], intern!(py, "int"), number)?;
        set(&object, maker.slots[1], intern!(py, "is_safe"), maker.unknown.bind(py).clone())?;
        Ok(Ok(object))
    }
}

/// Sets an attribute of a new object, past what its class says of setting.
///
/// # Safety
/// `slot` is an object slot of such objects, and empty.
unsafe fn set(
    object: &Bound<'_, PyAny>,
    slot: Option<isize>,
    name: &Bound<'_, PyString>,
    value: Bound<'_, PyAny>,
) -> PyResult<()> {
    // SAFETY: as the caller's.
    unsafe {
        if let Some(offset) = slot {
            *object.as_ptr().cast::<u8>().offset(offset).cast::<*mut ffi::PyObject>() = value.into_ptr();
            return Ok(());
        }
        match ffi::PyObject_GenericSetAttr(object.as_ptr(), name.as_ptr(), value.as_ptr()) {
            0 => Ok(()),
            _ => Err(PyErr::fetch(object.py())),
        }
    }
}

/// An int of 128 bits, through the one documented call that takes as many.
fn big(py: Python<'_>, number: u128) -> PyResult<Bound<'_, PyAny>> {
    let mut text = [0u8; 33];
    for (at, digit) in text[..32].iter_mut().enumerate() {
        *digit = b"0123456789abcdef"[(number >> (4 * (31 - at)) & 15) as usize];
    }
    // SAFETY: attached; the text is terminated, and the result is new.
    unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyLong_FromString(text.as_ptr().cast(), std::ptr::null_mut(), 16)) }
}
