//! The function that `forkedenc.xml` builds its serialisers on.

use std::cell::Cell;
use std::sync::{Mutex, MutexGuard, PoisonError};

use forkedenc_core::limits::XmlLimits;
use forkedenc_core::xml::write::{Form, Invalid};
use pyo3::exceptions::{PyRuntimeError, PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple, PyType};

use super::element::Known;
use super::error;
use super::reference::Ref;
use super::walk::{Kept, Options, Trouble, Walk};
use crate::limits::xml_limits;
use crate::pyraw::element::usable;
use crate::text::{Units, from_utf8};

/// A larger buffer is not kept.
const KEPT: usize = 4 << 20;

thread_local! {
    static SCRATCH: Cell<Option<Kept>> = const { Cell::new(None) };
}

/// What the standard library's module is made of, as `forkedenc.xml` registered it last.
static KNOWN: Mutex<Option<Registered>> = Mutex::new(None);

struct Registered {
    things: [Py<PyAny>; 5],
    /// The names of what elements are asked for.
    names: [Py<PyAny>; 4],
    /// Elements are laid out as this module knows.
    raw: bool,
}

fn registered() -> MutexGuard<'static, Option<Registered>> {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Take the standard library's `Element`, `Comment`, `ProcessingInstruction`, `QName` and its dict of known prefixes.
#[pyfunction]
fn register_elements(
    element: Bound<'_, PyType>,
    comment: Py<PyAny>,
    pi: Py<PyAny>,
    qname: Py<PyAny>,
    prefixes: Py<PyDict>,
) {
    let py = element.py();
    let raw = usable(py, &element);
    let names = ["tag", "text", "tail", "items"].map(|name| PyString::intern(py, name).into_any().unbind());
    let things = [element.into_any().unbind(), comment, pi, qname, prefixes.into_any()];
    let old = registered().replace(Registered { things, names, raw });
    drop(old);
}

fn known() -> PyResult<Known> {
    let known = registered().as_ref().map(|known| Known::new(&known.things, &known.names, known.raw));
    known.ok_or_else(|| PyRuntimeError::new_err("no element class is registered"))
}

/// A tree as text.
///
/// form: "ascii" or "utf-8" for bytes, "str" for a str. declaration: what comes first. invalid: "error", "replace" or
/// "write". The result is the text and, for "str", the names in it that are not ASCII, a line each, else None.
#[pyfunction]
#[expect(clippy::too_many_arguments, reason = "one each of the function's options")]
fn serialize_tree<'py>(
    py: Python<'py>,
    element: &Bound<'py, PyAny>,
    form: &str,
    html: bool,
    invalid: &str,
    declaration: &str,
    default_namespace: Option<&Bound<'py, PyAny>>,
    short_empty_elements: bool,
    limits: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let options = Options {
        form: match form {
            "ascii" => Form::Ascii,
            "utf-8" => Form::Utf8,
            _ => Form::Str,
        },
        invalid: match invalid {
            "error" => Invalid::Error,
            "replace" => Invalid::Replace,
            "write" => Invalid::Write,
            other => {
                let text = format!("invalid must be 'error', 'replace' or 'write', not {other:?}");
                return Err(PyValueError::new_err(text));
            }
        },
        html,
        short_empty: short_empty_elements,
        limits: xml_limits(limits, XmlLimits::UNLIMITED)?,
    };
    let known = known()?;
    let kept = SCRATCH.try_with(Cell::take).ok().flatten().unwrap_or_default();
    let mut walk = Walk::new(&options, &known, kept);
    let result = written(py, &mut walk, element, declaration, default_namespace);
    let result = result.map_err(|trouble| error::raise(py, &walk, &trouble));
    // Finalizers must not see, nor clear, an exception on its way: it is held as a value here.
    let mut kept = walk.into_kept();
    if kept.buffer.len() > KEPT {
        kept.buffer = Vec::new();
    }
    if kept.open.capacity() > 1 << 16 {
        kept.open = Vec::new();
    }
    let _ = SCRATCH.try_with(|slot| slot.set(Some(kept)));
    result
}

fn written<'py>(
    py: Python<'py>,
    walk: &mut Walk<'_>,
    element: &Bound<'py, PyAny>,
    declaration: &str,
    default_namespace: Option<&Bound<'py, PyAny>>,
) -> Result<Bound<'py, PyAny>, Trouble> {
    if let Some(uri) = default_namespace {
        set_default(walk, uri)?;
    }
    let done = walk.out.raw(declaration.as_bytes());
    walk.done(done)?;
    // SAFETY: an argument, alive for the length of the call.
    walk.run(unsafe { Ref::keep(element.as_ptr()) })?;
    let (splice, declarations) = walk.declarations()?;
    let fits = walk.out.fits_with(declarations.len());
    walk.done(fits)?;
    let (head, rest) = walk.out.bytes().split_at(splice);
    let parts = [head, &declarations, rest];
    // SAFETY: attached; new references, or null with an exception set.
    unsafe {
        if walk.options.form != Form::Str {
            let bytes = joined(&parts).ok_or(Trouble::Raised)?;
            return Ok(Bound::from_owned_ptr(py, bytes));
        }
        let text = if declarations.is_empty() { from_utf8(walk.out.bytes()) } else { from_utf8(&parts.concat()) };
        let text = Ref::own(text).ok_or(Trouble::Raised)?;
        let foreign: Vec<&[u8]> = walk.names.foreign.iter().map(|name| &**name).collect();
        let foreign = Ref::own(from_utf8(&foreign.join(&b'\n'))).ok_or(Trouble::Raised)?;
        let pair = Ref::own(ffi::PyTuple_Pack(2, text.ptr(), foreign.ptr())).ok_or(Trouble::Raised)?;
        Ok(Bound::from_borrowed_ptr(py, pair.ptr()).cast_into_unchecked::<PyTuple>().into_any())
    }
}

/// New bytes of some parts; null with MemoryError set.
///
/// # Safety
/// The interpreter is attached.
unsafe fn joined(parts: &[&[u8]]) -> Option<*mut ffi::PyObject> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    // SAFETY: attached; the new object has room for `length` bytes, and nobody else knows it yet.
    unsafe {
        let bytes = ffi::PyBytes_FromStringAndSize(std::ptr::null(), length.cast_signed());
        if bytes.is_null() {
            return None;
        }
        let mut at = ffi::PyBytes_AsString(bytes).cast::<u8>();
        for part in parts {
            std::ptr::copy_nonoverlapping(part.as_ptr(), at, part.len());
            at = at.add(part.len());
        }
        Some(bytes)
    }
}

/// `default_namespace=`
fn set_default(walk: &mut Walk<'_>, uri: &Bound<'_, PyAny>) -> Result<(), Trouble> {
    let py = uri.py();
    // SAFETY: an argument, alive for the length of the call.
    let uri = unsafe { Ref::keep(uri.as_ptr()) };
    if !uri.is_str() {
        PyTypeError::new_err("default_namespace must be a str").restore(py);
        return Err(Trouble::Raised);
    }
    // SAFETY: a str, kept.
    let units = unsafe { Units::of(uri.ptr()) };
    let mut text = Vec::new();
    if !units.encode(0, units.len(), &mut text) {
        return Err(Trouble::Memory);
    }
    if text.is_empty() { Ok(()) } else { walk.names.set_default(&text) }
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(register_elements, module)?)?;
    module.add_function(wrap_pyfunction!(serialize_tree, module)?)
}
