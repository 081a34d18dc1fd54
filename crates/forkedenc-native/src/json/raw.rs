//! `json.Raw`: the bytes of one value, checked and not decoded.

use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};

use forkedenc_core::json::Null;
use forkedenc_core::json::machine::Rules;
use forkedenc_core::json::stream::{Chunk, Event, Framing, Stream};
use forkedenc_core::json::text::TextRules;
use forkedenc_core::limits::JsonLimits;
use pyo3::basic::CompareOp;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyTuple};
use pyo3::{ffi, intern};

use super::decode::raise;
use crate::limits::json_limits;
use crate::{fallible, input};

/// What can be said of a value without making one: half of a surrogate pair may stand in an escape.
const LENIENT: Rules = Rules { nan: false, text: TextRules { surrogates: true, controls: false } };

/// Bytes that the representation shows.
const SHOWN: usize = 64;

/// The class, to know its instances by.
static CLASS: AtomicPtr<ffi::PyTypeObject> = AtomicPtr::new(null_mut());

/// One JSON value as it stands in a document: bytes, without white space around it.
///
/// Raw(data, *, limits=None) takes bytes, a contiguous buffer or str and checks it: RFC 8259's grammar, UTF-8 and
/// limits, a forkedenc.Limits, by default Limits(). Whether numbers are in range, and whether each surrogate that is
/// escaped has its other half, is left to decode. Raises forkedenc.json.DecodeError.
///
/// encode writes the bytes as they are. bytes(raw) gives them; two of the same bytes are equal, and hash alike.
#[pyclass(frozen, module = "forkedenc.json", name = "Raw")]
pub struct Raw {
    bytes: Py<PyBytes>,
}

impl Raw {
    fn read(data: &Bound<'_, PyAny>, limits: JsonLimits) -> PyResult<Self> {
        let py = data.py();
        let mut scratch = Vec::new();
        // SAFETY: `data` is borrowed for the whole call.
        let input = unsafe { input::read(data, &mut scratch) }?;
        let text = input.bytes(&scratch);
        // The lenient rules let surrogates pass as bytes too, which no UTF-8 has: such a text meets the strict ones.
        let rules = if std::str::from_utf8(text).is_ok() { LENIENT } else { Rules::STRICT };
        let mut stream = Stream::new(Framing::Single, limits, rules, 0, false);
        let mut tail = Vec::new();
        stream.machine_mut().stack_mut().resume();
        let event = stream.next(&mut Null, &mut Chunk::new(text, &mut tail, true));
        stream.machine_mut().note_depth();
        if let Event::Failed(error) = event {
            return Err(raise(py, "json", &error, None, None));
        }
        let text = text.trim_ascii();
        // SAFETY: attached; exact bytes.
        if unsafe { ffi::PyBytes_CheckExact(data.as_ptr()) } != 0 && data.len()? == text.len() {
            return Ok(Self { bytes: data.clone().cast_into::<PyBytes>()?.unbind() });
        }
        Ok(Self { bytes: fallible::bytes(py, text)?.cast_into::<PyBytes>()?.unbind() })
    }
}

/// A Raw of a value whose text was checked, without white space around it.
pub fn checked<'py>(py: Python<'py>, text: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    let bytes = fallible::bytes(py, text)?.cast_into::<PyBytes>()?.unbind();
    Ok(Bound::new(py, Raw { bytes })?.into_any())
}

/// The text of a `Raw`; `None` for anything else. Runs no Python code.
///
/// # Safety
/// The interpreter is attached and `value` is alive for `'a`.
#[inline]
pub unsafe fn text_of<'a>(value: *mut ffi::PyObject) -> Option<&'a [u8]> {
    // SAFETY: the class has no subclasses; an instance never changes, and keeps its bytes, which never change.
    unsafe {
        if ffi::Py_TYPE(value) != CLASS.load(Ordering::Relaxed) {
            return None;
        }
        Python::attach(|py| {
            let raw = Bound::from_borrowed_ptr(py, value).cast_into_unchecked::<Raw>();
            Some(input::bytes_of(raw.get().bytes.as_ptr()))
        })
    }
}

#[pymethods]
impl Raw {
    #[new]
    #[pyo3(signature = (data, *, limits=None))]
    fn new(data: &Bound<'_, PyAny>, limits: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        Self::read(data, json_limits(limits, JsonLimits::DEFAULT)?)
    }

    /// Decode the value: json.decode of its bytes, with all its arguments. Offsets count from the value's first byte.
    #[pyo3(signature = (*args, **keywords), text_signature = "($self, type=typing.Any, *, strict=True, limits=None, unknown=None, duplicate_keys='last', allow_nan=False, dec_hook=None)")]
    fn decode<'py>(
        &self,
        py: Python<'py>,
        args: &Bound<'py, PyTuple>,
        keywords: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let decode = py.import(intern!(py, "forkedenc._native"))?.getattr(intern!(py, "decode"))?;
        let own = fallible::tuple(py, [self.bytes.bind(py).clone().into_any()])?;
        decode.call(own.add(args)?.cast::<PyTuple>()?, keywords)
    }

    fn __bytes__(&self, py: Python<'_>) -> Py<PyBytes> {
        self.bytes.clone_ref(py)
    }

    fn __richcmp__<'py>(&self, other: &Bound<'py, PyAny>, op: CompareOp) -> Bound<'py, PyAny> {
        let py = other.py();
        let same = match (other.cast_exact::<Self>(), op) {
            (Ok(other), CompareOp::Eq) => self.text(py) == other.get().text(py),
            (Ok(other), CompareOp::Ne) => self.text(py) != other.get().text(py),
            _ => return py.NotImplemented().into_bound(py),
        };
        fallible::truth(py, same)
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        self.bytes.bind(py).hash()
    }

    fn __repr__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let text = self.text(py);
        let start = fallible::bytes(py, &text[..text.len().min(SHOWN)])?.repr()?;
        let start = start.to_string_lossy();
        let shown = match text.len() {
            0..=SHOWN => format!("Raw({start})"),
            count => format!("Raw({start}..., {count} bytes)"),
        };
        fallible::text(py, &shown)
    }

    fn __copy__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __deepcopy__<'py>(slf: Bound<'py, Self>, _memo: &Bound<'py, PyAny>) -> Bound<'py, Self> {
        slf
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let restore = py.import(intern!(py, "forkedenc._native"))?.getattr(intern!(py, "restore_raw"))?;
        let arguments = fallible::tuple(py, [self.bytes.bind(py).clone().into_any()])?;
        fallible::tuple(py, [restore, arguments.into_any()])
    }
}

impl Raw {
    fn text<'py>(&self, py: Python<'py>) -> &'py [u8]
    where
        Self: 'py,
    {
        // SAFETY: attached; the bytes live as long as this object, which its caller holds.
        unsafe { input::bytes_of(self.bytes.bind(py).as_ptr()) }
    }
}

/// What pickle makes a Raw with: it may have come by other limits than the usual.
#[pyfunction]
fn restore_raw(data: &Bound<'_, PyAny>) -> PyResult<Raw> {
    Raw::read(data, JsonLimits::UNLIMITED)
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add_class::<Raw>()?;
    CLASS.store(py.get_type::<Raw>().as_type_ptr(), Ordering::Relaxed);
    module.add_function(wrap_pyfunction!(restore_raw, module)?)
}
