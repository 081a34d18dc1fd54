//! `xml.Writer`: the core's document, its bytes handed to a file or a function piece by piece.

use forkedenc_core::limits::XmlLimits;
use forkedenc_core::xml::write::{Document, Form, Refusal, Style};
use forkedenc_runtime::Stack;
use pyo3::exceptions::{PyMemoryError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};
use pyo3::{PyTraverseError, PyVisit, intern};

use super::error::FACE;
use crate::limits::xml_limits;
use crate::runtime::stats_object;
use crate::slot::Slot;
use crate::text::Units;
use crate::{errors, fallible};

/// So much is gathered before it is handed on.
const ENOUGH: usize = 64 << 10;

struct State {
    document: Document,
    /// What takes bytes.
    sink: Option<Py<PyAny>>,
    /// It is a file's, whose answer says how much it took.
    file: bool,
    scratch: Vec<u8>,
}

/// Writes one XML document, event by event, in constant memory; refuses whatever would not be well-formed.
///
/// Names are ``{uri}local``, ``local`` in no namespace, or ``prefix:local`` with a prefix that is declared there. Prefixes are
/// declared by ``namespaces={prefix: uri}`` (``""``: the default) and stay as they are; where a name needs one that is not
/// there, ``ns0``, ``ns1`` and so on are declared in that tag. A refused call writes nothing, and the document can go on.
///
/// As a context manager it is closed at the end of the block, unless an exception leaves it. The file is not closed.
///
/// out: a binary file, or a callable that takes bytes. It gets pieces of about 64 KiB, and the rest with close().
/// encoding: "utf-8" or "us-ascii", with character references where those can stand.
/// xml_declaration: whether one comes first.
/// namespaces: False writes names as they are, and takes declarations as attributes like others.
/// short_empty_elements: whether elements without content are one tag.
/// limits: a forkedenc.Limits, Limits() by default; max_depth, max_document_bytes (of the output) and max_stack_bytes apply.
///
/// Every method raises forkedenc.EncodeError (a ValueError) with .kind and .path: for names that are none or are there twice,
/// prefixes that are not declared, characters that XML has no place for, comments with "--", a second root, text beside the
/// root; past a limit with .limit, .maximum and .observed, for max_depth a RecursionError too; for values that are no str a
/// TypeError too. What `out` raises comes through, and ends the document.
#[pyclass(module = "forkedenc.xml", frozen)]
pub struct Writer {
    slot: Slot<State>,
}

/// Calls with the UTF-8 of a str.
fn with_text<R>(scratch: &mut Vec<u8>, text: &Bound<'_, PyString>, call: impl FnOnce(&[u8]) -> R) -> PyResult<R> {
    // SAFETY: a str, alive for the length of the call; nothing is written to it.
    let units = unsafe { Units::of(text.as_ptr()) };
    if let Units::Ascii(bytes) = units {
        return Ok(call(bytes));
    }
    scratch.clear();
    if !units.encode(0, units.len(), scratch) {
        return Err(PyMemoryError::new_err(()));
    }
    Ok(call(scratch))
}

fn bytes_of(text: &Bound<'_, PyString>) -> PyResult<Vec<u8>> {
    let mut bytes = Vec::new();
    // SAFETY: a str, alive for the length of the call.
    let units = unsafe { Units::of(text.as_ptr()) };
    if units.encode(0, units.len(), &mut bytes) { Ok(bytes) } else { Err(PyMemoryError::new_err(())) }
}

/// A value that must be a str.
fn text<'a, 'py>(value: &'a Bound<'py, PyAny>, path: &str) -> PyResult<&'a Bound<'py, PyString>> {
    value.cast::<PyString>().map_err(|_| wrong_type(value, path).unwrap_or_else(|error| error))
}

#[cold]
fn wrong_type(value: &Bound<'_, PyAny>, path: &str) -> PyResult<PyErr> {
    let py = value.py();
    let detail = fallible::dict(py)?;
    let class = value.get_type();
    fallible::put_text(&detail, "message", &format!("expected a str, not {}", class.name()?.to_string_lossy()))?;
    Ok(errors::raise(py, FACE, "not_serializable", 0, 1, 1, path, detail))
}

/// The pairs of a mapping, or of an iterable of pairs.
fn pairs(values: Option<&Bound<'_, PyAny>>) -> PyResult<Vec<(Vec<u8>, Vec<u8>)>> {
    let mut pairs = Vec::new();
    let Some(values) = values.filter(|values| !values.is_none()) else { return Ok(pairs) };
    let mut add = |key: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>| -> PyResult<()> {
        pairs.push((bytes_of(text(key, "")?)?, bytes_of(text(value, "")?)?));
        Ok(())
    };
    if let Ok(dict) = values.cast_exact::<PyDict>() {
        for (key, value) in dict.iter() {
            add(&key, &value)?;
        }
        return Ok(pairs);
    }
    let py = values.py();
    let items = match values.getattr_opt(intern!(py, "items"))? {
        Some(items) => items.call0()?,
        None => values.clone(),
    };
    for pair in items.try_iter()? {
        let (key, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) = pair?.extract()?;
        add(&key, &value)?;
    }
    Ok(pairs)
}

#[cold]
fn refused(py: Python<'_>, document: &Document, refusal: Refusal) -> PyErr {
    let make = || -> PyResult<PyErr> {
        let detail = fallible::dict(py)?;
        match refusal {
            Refusal::Memory => return Ok(PyMemoryError::new_err(())),
            Refusal::Limit { limit, maximum, observed } => {
                fallible::put_text(&detail, "limit", limit.name())?;
                fallible::put_int(&detail, "maximum", maximum)?;
                fallible::put_int(&detail, "observed", observed)?;
            }
            Refusal::Character(point) => {
                fallible::put_text(&detail, "message", &format!("{}, U+{point:04X}", refusal.text()))?;
            }
            _ => fallible::put_text(&detail, "message", refusal.text())?,
        }
        Ok(errors::raise(py, FACE, refusal.name(), document.out.total(), 1, 1, &document.path(), detail))
    };
    make().unwrap_or_else(|error| error)
}

impl State {
    /// What a call came to; hands on what was gathered if that is enough.
    fn done(&mut self, py: Python<'_>, result: Result<(), Refusal>) -> PyResult<()> {
        if let Err(refusal) = result {
            return Err(refused(py, &self.document, refusal));
        }
        if self.document.out.used() >= ENOUGH { self.flush(py) } else { Ok(()) }
    }

    fn flush(&mut self, py: Python<'_>) -> PyResult<()> {
        if self.document.out.used() == 0 {
            return Ok(());
        }
        let result = self.hand_on(py);
        if result.is_err() {
            self.document.abandon();
        }
        result
    }

    fn hand_on(&mut self, py: Python<'_>) -> PyResult<()> {
        let bytes = fallible::bytes(py, self.document.out.bytes())?;
        self.document.out.take();
        let Some(sink) = &self.sink else { return Ok(()) };
        let sink = sink.bind(py);
        let taken = sink.call1(fallible::tuple(py, [bytes.clone()])?)?;
        if !self.file {
            return Ok(());
        }
        // A raw file may take a part only, and says so; None is all, or what would block, which is the caller's to avoid.
        let all = bytes.cast::<PyBytes>()?.as_bytes().len();
        let mut at = taken.extract::<usize>().unwrap_or(all);
        while at < all {
            let rest = fallible::bytes(py, bytes.cast::<PyBytes>()?.as_bytes().get(at..).unwrap_or_default())?;
            let more = sink.call1(fallible::tuple(py, [rest])?)?.extract::<usize>()?;
            if more == 0 {
                return Err(PyValueError::new_err("the file takes no more bytes"));
            }
            at = at.saturating_add(more);
        }
        Ok(())
    }
}

impl Writer {
    fn with<'py>(
        &self,
        py: Python<'py>,
        call: impl FnOnce(&mut State) -> PyResult<Result<(), Refusal>>,
    ) -> PyResult<()> {
        self.slot.with(|state| {
            let result = call(state)?;
            state.done(py, result)
        })
    }

    /// A call with one text.
    fn with_text(
        &self,
        value: &Bound<'_, PyAny>,
        call: impl FnOnce(&mut Document, &[u8]) -> Result<(), Refusal>,
    ) -> PyResult<()> {
        let value = text(value, "")?;
        self.with(value.py(), |state| with_text(&mut state.scratch, value, |bytes| call(&mut state.document, bytes)))
    }
}

#[pymethods]
impl Writer {
    #[new]
    #[pyo3(signature = (out, *, encoding = "utf-8", xml_declaration = false, namespaces = true, short_empty_elements = true, limits = None))]
    fn new(
        out: &Bound<'_, PyAny>,
        encoding: &str,
        xml_declaration: bool,
        namespaces: bool,
        short_empty_elements: bool,
        limits: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let py = out.py();
        let form = match encoding.to_ascii_lowercase().as_str() {
            "utf-8" | "utf8" => Form::Utf8,
            "us-ascii" | "ascii" => Form::Ascii,
            _ => return Err(PyValueError::new_err("encoding must be 'utf-8' or 'us-ascii'")),
        };
        let write = out.getattr_opt(intern!(py, "write"))?;
        let file = write.is_some();
        let sink = write.unwrap_or_else(|| out.clone());
        if !sink.is_callable() {
            return Err(PyTypeError::new_err("out must be a binary file or a callable that takes bytes"));
        }
        let style = Style { form, namespaces, short_empty: short_empty_elements };
        let mut document = Document::new(style, xml_limits(limits, XmlLimits::DEFAULT)?);
        if xml_declaration {
            document.declaration().map_err(|refusal| refused(py, &document, refusal))?;
        }
        Ok(Self { slot: Slot::new(State { document, sink: Some(sink.unbind()), file, scratch: Vec::new() }) })
    }

    /// Opens an element. attributes: a mapping of names to values, or pairs. namespaces: a mapping of prefixes to URIs.
    #[pyo3(signature = (name, attributes = None, namespaces = None))]
    fn start(
        &self,
        name: &Bound<'_, PyAny>,
        attributes: Option<&Bound<'_, PyAny>>,
        namespaces: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let (attributes, namespaces) = (pairs(attributes)?, pairs(namespaces)?);
        self.with_text(name, |document, name| document.start(name, &attributes, &namespaces))
    }

    /// Closes the open element; name, if given, must be its name.
    #[pyo3(signature = (name = None))]
    fn end(&self, py: Python<'_>, name: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        match name.filter(|name| !name.is_none()) {
            Some(name) => self.with_text(name, |document, name| document.end(Some(name))),
            None => self.with(py, |state| Ok(state.document.end(None))),
        }
    }

    /// Writes an element whole: start, text if there is any, end.
    #[pyo3(signature = (name, attributes = None, text = None, namespaces = None))]
    fn element(
        &self,
        name: &Bound<'_, PyAny>,
        attributes: Option<&Bound<'_, PyAny>>,
        text: Option<&Bound<'_, PyAny>>,
        namespaces: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let text = match text.filter(|text| !text.is_none()) {
            Some(text) => bytes_of(self::text(text, "")?)?,
            None => Vec::new(),
        };
        let (attributes, namespaces) = (pairs(attributes)?, pairs(namespaces)?);
        self.with_text(name, |document, name| document.element(name, &attributes, &namespaces, &text))
    }

    /// Writes character data; beside the root only white space.
    fn text(&self, text: &Bound<'_, PyAny>) -> PyResult<()> {
        self.with_text(text, Document::text)
    }

    /// Writes a CDATA section. (A carriage return in it reads back as a line feed, as in comments and instructions.)
    fn cdata(&self, text: &Bound<'_, PyAny>) -> PyResult<()> {
        self.with_text(text, Document::cdata)
    }

    /// Writes a comment.
    fn comment(&self, text: &Bound<'_, PyAny>) -> PyResult<()> {
        self.with_text(text, Document::comment)
    }

    /// Writes a processing instruction.
    #[pyo3(signature = (target, data = None))]
    fn pi(&self, target: &Bound<'_, PyAny>, data: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        let data = match data.filter(|data| !data.is_none()) {
            Some(data) => bytes_of(text(data, "")?)?,
            None => Vec::new(),
        };
        self.with_text(target, |document, target| document.pi(target, &data))
    }

    /// Writes a DOCTYPE, before the root: a name and the identifiers of an external subset, which no parser here reads.
    #[pyo3(signature = (name, public_id = None, system_id = None))]
    fn doctype(
        &self,
        name: &Bound<'_, PyAny>,
        public_id: Option<&Bound<'_, PyAny>>,
        system_id: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let id = |id: Option<&Bound<'_, PyAny>>| -> PyResult<Option<Vec<u8>>> {
            id.filter(|id| !id.is_none()).map(|id| bytes_of(text(id, "")?)).transpose()
        };
        let (public_id, system_id) = (id(public_id)?, id(system_id)?);
        self.with_text(name, |document, name| document.doctype(name, public_id.as_deref(), system_id.as_deref()))
    }

    /// Hands on what was gathered.
    fn flush(&self, py: Python<'_>) -> PyResult<()> {
        self.slot.with(|state| state.flush(py))
    }

    /// Ends the document and hands on the rest; again, it does nothing. EncodeError where elements are open or there was none.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.slot.with(|state| {
            if state.document.is_closed() {
                return Ok(());
            }
            let result = state.document.close();
            state.done(py, result)?;
            state.flush(py)?;
            // Nothing is written any more.
            state.sink = None;
            Ok(())
        })
    }

    /// How many elements are open.
    #[getter]
    fn depth(&self) -> PyResult<u64> {
        self.slot.with(|state| Ok(state.document.depth()))
    }

    /// Counters of this document's stack, as a forkedenc.runtime.Stats.
    #[getter]
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.slot.with(|state| stats_object(py, &Stack::stats(state.document.stack())))
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (kind, _value, _traceback))]
    fn __exit__(
        &self,
        kind: &Bound<'_, PyAny>,
        _value: &Bound<'_, PyAny>,
        _traceback: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        if kind.is_none() { self.close(kind.py()) } else { Ok(()) }
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.slot.visit(|state| visit.call(&state.sink))
    }

    fn __clear__(&self) {
        self.slot.clear(|state| state.sink.take());
    }
}
