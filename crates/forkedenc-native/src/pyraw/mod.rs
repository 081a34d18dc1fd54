//! Objects built by their layout, which is no documented interface: only for the exact versions of CPython whose layout
//! this room knows, only after a self-test at import has found it to be so. Elsewhere the documented calls go on.
//!
//! `dict` builds a dict of known members with its table, `list` moves items into lists in blocks, `scalar` builds str, int
//! and float, `instance` reads and writes attributes, `element` the elements of `xml.etree`. All are the same, bit for bit, as what the interpreter would have made, which `self_test` looks at. A tracer set by `PyRefTracer_SetTracer` is
//! not told of scalars built here.
//!
//! Objects begin with a reference count of one and a type; counts of existing objects are left to the documented calls,
//! which know of immortal ones.

use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::ffi;
use pyo3::prelude::*;

pub mod dict;
pub mod element;
pub mod instance;
pub mod list;
pub mod scalar;
mod self_test;

/// Is this a build whose layout is written down here? A release build of CPython 3.11, 3.12 or 3.13 with the lock, of 64
/// bits, the low byte first.
const KNOWN: bool = cfg!(all(
    Py_3_11,
    not(Py_3_14),
    not(Py_GIL_DISABLED),
    not(Py_LIMITED_API),
    not(PyPy),
    not(GraalPy),
    not(py_sys_config = "Py_DEBUG"),
    not(py_sys_config = "Py_REF_DEBUG"),
    not(py_sys_config = "Py_TRACE_REFS"),
    target_pointer_width = "64",
    target_endian = "little",
));

/// Set once, at import.
static ON: AtomicBool = AtomicBool::new(false);

/// May objects be built by layout?
#[inline(always)]
pub fn on() -> bool {
    KNOWN && ON.load(Ordering::Relaxed)
}

/// How every object begins; a new one has one reference.
#[repr(C)]
struct Head {
    references: isize,
    class: *mut ffi::PyTypeObject,
}

impl Head {
    /// Of a new object of a static type, which is not counted by its instances.
    #[inline(always)]
    fn new(class: *mut ffi::PyTypeObject) -> Self {
        Self { references: 1, class }
    }
}

const _: () = assert!(size_of::<Head>() == size_of::<ffi::PyObject>() || !KNOWN);

/// True where objects are built by their layout, false where by documented calls alone.
#[pyfunction]
fn layout_bound() -> bool {
    on()
}

/// With this in the environment, neither empty nor 0, documented calls alone are used, to read objects as well.
const SWITCH: &str = "FORKEDENC_DOCUMENTED_CALLS";

/// Does the environment let layouts be relied on?
pub fn wanted() -> bool {
    std::env::var_os(SWITCH).is_none_or(|value| value.is_empty() || value == "0")
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(layout_bound, module)?)?;
    if KNOWN && wanted() && self_test::passes(module.py()) {
        ON.store(true, Ordering::Relaxed);
        instance::find(module.py())?;
    }
    Ok(())
}
