//! The encoder's classes: `Encoder`, the accelerator's `make_encoder`, and `TextChunks`, the suspending iterator.

use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};

use super::faces::{Attributes, encode_options, failed, lines, write_bytes, write_str};
use super::options::{Options, separator, truth};
use super::text::make_str;
use super::walk::{Flow, Walk};
use crate::fallible;
use crate::limits::json_limits;

/// An encoder with its options, made once: immutable, shared between threads at will.
///
/// The options are those of `encode`.
#[pyclass(frozen, module = "forkedenc.json")]
struct Encoder {
    options: Options,
}

#[pymethods]
impl Encoder {
    #[new]
    #[pyo3(signature = (*, default=None, indent=None, sort_keys=None, omit_defaults=None, decimal=None, limits=None))]
    #[pyo3(text_signature = "(*, default=None, indent=None, sort_keys=False, omit_defaults=False, \
                             decimal='number', limits=None)")]
    fn new(
        py: Python<'_>,
        default: Option<Bound<'_, PyAny>>,
        indent: Option<Bound<'_, PyAny>>,
        sort_keys: Option<Bound<'_, PyAny>>,
        omit_defaults: Option<Bound<'_, PyAny>>,
        decimal: Option<Bound<'_, PyAny>>,
        limits: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let given = [
            ("default", default),
            ("indent", indent),
            ("sort_keys", sort_keys),
            ("omit_defaults", omit_defaults),
            ("decimal", decimal),
            ("limits", limits),
        ];
        let mut named = Vec::new();
        for (name, value) in given {
            if let Some(value) = value {
                named.push((fallible::text(py, name)?.cast_into::<PyString>()?, value));
            }
        }
        Ok(Self { options: encode_options("Encoder", &named)? })
    }

    /// Encode one object: `encode` with this encoder's options.
    fn encode<'py>(&self, obj: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        // SAFETY: attached, and the argument lives as long as the call; the result is ours.
        unsafe { Bound::from_owned_ptr_or_err(obj.py(), write_bytes(&self.options, obj.as_ptr())) }
    }

    /// Encode each object of an iterable, each ended by a line feed; not with `indent`.
    fn encode_lines<'py>(&self, objs: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
        if self.options.indent.is_some() {
            return Err(PyValueError::new_err("an encoder that indents can't write one object a line"));
        }
        lines(&self.options, objs)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.options.default)
    }
}

/// The functions that `make_encoder` knows as its own.
struct Own {
    ascii: Py<PyAny>,
    any: Py<PyAny>,
}

static OWN: Mutex<Option<Own>> = Mutex::new(None);

fn lock<T>(slot: &Mutex<T>) -> MutexGuard<'_, T> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The standard library's `c_make_encoder`: called with an object and a level, gives its text in one piece.
#[pyclass(frozen, name = "make_encoder", module = "forkedenc._native")]
struct MakeEncoder {
    #[pyo3(get)]
    markers: Py<PyAny>,
    #[pyo3(get)]
    default: Py<PyAny>,
    #[pyo3(get)]
    encoder: Py<PyAny>,
    #[pyo3(get)]
    indent: Py<PyAny>,
    #[pyo3(get)]
    key_separator: Py<PyAny>,
    #[pyo3(get)]
    item_separator: Py<PyAny>,
    #[pyo3(get)]
    sort_keys: bool,
    #[pyo3(get)]
    skipkeys: bool,
    options: Options,
}

#[pymethods]
impl MakeEncoder {
    #[new]
    #[pyo3(signature = (markers, default, encoder, indent, key_separator, item_separator, sort_keys, skipkeys,
                        allow_nan, *, limits=None))]
    #[expect(clippy::too_many_arguments, reason = "the standard library's arguments")]
    fn new(
        markers: Bound<'_, PyAny>,
        default: Bound<'_, PyAny>,
        encoder: Bound<'_, PyAny>,
        indent: Bound<'_, PyAny>,
        key_separator: Bound<'_, PyAny>,
        item_separator: Bound<'_, PyAny>,
        sort_keys: &Bound<'_, PyAny>,
        skipkeys: &Bound<'_, PyAny>,
        allow_nan: &Bound<'_, PyAny>,
        limits: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let py = markers.py();
        let mut options = Options {
            key_separator: separator(&key_separator, 5)?.into(),
            item_separator: separator(&item_separator, 6)?.into(),
            sort_keys: truth(sort_keys)?,
            skipkeys: truth(skipkeys)?,
            allow_nan: truth(allow_nan)?,
            check_circular: !markers.is_none(),
            default: Some(default.clone().unbind()),
            limits: json_limits(limits, Options::DUMPS.limits)?,
            ..Options::DUMPS
        };
        if !markers.is_none() && !markers.is_instance_of::<PyDict>() {
            let name = markers.get_type().name()?;
            return Err(PyTypeError::new_err(format!("make_encoder() argument 1 must be dict or None, not {name}")));
        }
        // Before 3.13 the accelerator takes no notice of it.
        if py.version_info() >= (3, 13) {
            options.set_indent(&indent)?;
        }
        let (ascii, any) = match &*lock(&OWN) {
            Some(own) => (encoder.is(&own.ascii), encoder.is(&own.any)),
            None => (false, false),
        };
        options.ensure_ascii = ascii;
        if !ascii && !any {
            options.encoder = Some(encoder.clone().unbind());
        }
        Ok(Self {
            markers: markers.unbind(),
            default: default.unbind(),
            encoder: encoder.unbind(),
            indent: indent.unbind(),
            key_separator: key_separator.unbind(),
            item_separator: item_separator.unbind(),
            sort_keys: options.sort_keys,
            skipkeys: options.skipkeys,
            options,
        })
    }

    #[pyo3(signature = (obj, _current_indent_level))]
    fn __call__<'py>(&self, obj: &Bound<'py, PyAny>, _current_indent_level: isize) -> PyResult<Bound<'py, PyAny>> {
        let py = obj.py();
        let level = u64::try_from(_current_indent_level).unwrap_or(0);
        // SAFETY: attached, and the argument lives as long as the call; the result is ours.
        let text = unsafe { Bound::from_owned_ptr_or_err(py, write_str(&self.options, obj.as_ptr(), level))? };
        if py.version_info() < (3, 12) {
            let list = fallible::list(py)?;
            list.append(text)?;
            return Ok(list.into_any());
        }
        Ok(fallible::tuple(py, [text])?.into_any())
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        for object in [&self.markers, &self.default, &self.encoder, &self.indent] {
            visit.call(object)?;
        }
        visit.call(&self.options.default)?;
        visit.call(&self.options.encoder)
    }
}

/// An encode that rests between two pieces.
struct Resting {
    options: Options,
    walk: Walk,
    /// The value, until the first piece is asked for.
    value: Option<Py<PyAny>>,
}

// SAFETY: the raw references are touched only by a thread that is attached to the interpreter and has taken the whole
// out of its slot.
unsafe impl Send for Resting {}

impl Drop for Resting {
    fn drop(&mut self) {
        // SAFETY: dropped by the owner's deallocation or by `__next__`, both attached.
        unsafe { self.walk.release() };
    }
}

enum Slot {
    Ready(Box<Resting>),
    Running,
    Finished,
}

/// At how many bytes a piece is handed over.
const PIECE: usize = 4096;

/// The text of a value in pieces of a few KiB, each made when it is asked for.
#[pyclass(frozen, module = "forkedenc._native")]
struct TextChunks {
    slot: Mutex<Slot>,
}

#[pymethods]
impl TextChunks {
    #[new]
    fn new(obj: Bound<'_, PyAny>, options: Attributes<'_>) -> PyResult<Self> {
        let options = options.options()?;
        let mut walk = Walk::new(&options, Vec::new(), Vec::new());
        walk.threshold = PIECE;
        let resting = Box::new(Resting { options, walk, value: Some(obj.unbind()) });
        Ok(Self { slot: Mutex::new(Slot::Ready(resting)) })
    }

    fn __iter__(this: Bound<'_, Self>) -> Bound<'_, Self> {
        this
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let taken = std::mem::replace(&mut *lock(&self.slot), Slot::Running);
        let mut resting = match taken {
            Slot::Ready(resting) => resting,
            Slot::Running => return Err(PyValueError::new_err("generator already executing")),
            Slot::Finished => {
                *lock(&self.slot) = Slot::Finished;
                return Ok(None);
            }
        };
        let Resting { options, walk, value } = &mut *resting;
        // SAFETY: attached; the value is held by `value` until the walk holds what it needs.
        let flow = unsafe {
            match value.take() {
                Some(value) => walk.start(options, value.as_ptr()),
                None => walk.resume(options),
            }
        };
        if flow == Flow::Failed {
            *lock(&self.slot) = Slot::Finished;
            // SAFETY: attached.
            unsafe { failed(walk, options) };
            return Err(PyErr::fetch(py));
        }
        // SAFETY: attached; the str is ours. A run ends between tokens, so no character is cut.
        let piece = unsafe { Bound::from_owned_ptr_or_err(py, make_str(walk.out.bytes(), options.writes_ascii())) };
        walk.out.drain(0);
        let next = if flow == Flow::Done || piece.is_err() { Slot::Finished } else { Slot::Ready(resting) };
        *lock(&self.slot) = next;
        piece.map(Some)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        // While it runs, its objects are held from outside.
        let Ok(slot) = self.slot.try_lock() else { return Ok(()) };
        let Slot::Ready(resting) = &*slot else { return Ok(()) };
        visit.call(&resting.options.default)?;
        visit.call(&resting.value)?;
        for object in &resting.walk.held {
            // SAFETY: a reference that is never null, which is what `Py` is.
            let object = unsafe { &*std::ptr::from_ref(object).cast::<Py<PyAny>>() };
            visit.call(object)?;
        }
        Ok(())
    }

    fn __clear__(&self) {
        let old = std::mem::replace(&mut *lock(&self.slot), Slot::Finished);
        drop(old);
    }
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let own = Own {
        ascii: module.getattr("encode_basestring_ascii")?.unbind(),
        any: module.getattr("encode_basestring")?.unbind(),
    };
    let old = lock(&OWN).replace(own);
    drop(old);
    module.add_class::<Encoder>()?;
    module.add_class::<MakeEncoder>()?;
    module.add_class::<TextChunks>()
}

/// A held reference is a pointer, as `Py` is; the walk over them relies on it.
const _: () = assert!(size_of::<*mut ffi::PyObject>() == size_of::<Py<PyAny>>());
