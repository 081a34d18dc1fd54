//! `xml.StreamDecoder`: instances of the elements at one path, each as it ends.

use std::sync::Arc;

use forkedenc_core::xml::{Flow, Parser};
use pyo3::exceptions::{PyBaseException, PyMemoryError, PyRuntimeError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyType};

use super::builder::Building;
use super::decoder::{Given, Setup, failure, generic_alias};
use super::frames::Frames;
use super::plan::steps;
use crate::audit;
use crate::gc::Pause;
use crate::runtime::stats_object;
use crate::slot::Slot;
use crate::xml::options::start_of;
use crate::xml::session::{Kept, with_chunk};
use crate::xml::strings::Strings;

/// A buffer that has grown past this is not kept between two chunks.
const KEPT: usize = 8 << 10;

struct State {
    /// There until the end.
    parser: Option<Parser>,
    strings: Strings,
    buffer: Vec<u8>,
    frames: Frames,
    setup: Arc<Setup>,
    /// The exception that every later call raises. Its traceback leads to frames, and from there often to this decoder.
    waiting: Option<Py<PyBaseException>>,
    /// Or it is a MemoryError, each time a new one: one that is kept may be the interpreter's last.
    exhausted: bool,
    closed: bool,
}

impl State {
    fn new(py: Python<'_>, setup: Arc<Setup>, start: usize) -> Self {
        let Kept { names, strings, buffer } = Kept::take(py);
        let mut parser = Parser::new(&setup.options, names, start);
        if setup.audit.is_some() {
            parser.audit();
        }
        let frames = Frames::default();
        Self { parser: Some(parser), strings, buffer, frames, setup, waiting: None, exhausted: false, closed: false }
    }

    /// Reads a chunk, or the end: the values that it completes.
    fn read<'py>(&mut self, py: Python<'py>, bytes: &[u8], last: bool) -> PyResult<Bound<'py, PyList>> {
        if let Some(error) = &self.waiting {
            let error = PyErr::from_value(error.bind(py).clone().into_any());
            // Else each call would add its frames to those of the calls before.
            error.set_traceback(py, None);
            return Err(error);
        }
        if self.exhausted {
            return Err(PyMemoryError::new_err(()));
        }
        if self.closed {
            let over = PyValueError::new_err("the decoder is closed");
            return if last { self.taken(py) } else { Err(over) };
        }
        let Some(parser) = &mut self.parser else { return Err(gone()) };
        self.closed = last;
        let setup = Arc::clone(&self.setup);
        let plan = setup.settings.plan.bind(py).get();
        let pause = (!plan.runs_python && setup.settings.hook.is_none()).then(|| Pause::for_bytes(py, bytes.len()));
        let mut building =
            Building { py, frames: &mut self.frames, strings: &mut self.strings, plan, settings: &setup.settings };
        building.begin(parser.names());
        parser.stack_mut().resume();
        let flow = parser.feed(&mut building, bytes, &mut self.buffer, last);
        drop(pause);
        parser.note_depth();
        let error = (flow == Flow::Failed).then(|| failure(py, parser, &mut self.frames));
        if error.is_none() && !last {
            parser.stack_mut().suspend();
        }
        let values = self.taken(py);
        if let Some(error) = error {
            self.frames.forget();
            if error.is_instance_of::<PyMemoryError>(py) {
                self.exhausted = true;
            } else {
                self.waiting = Some(error.clone_ref(py).into_value(py));
            }
            self.tell(py)?;
            let values = values?;
            return if values.is_empty() { Err(error) } else { Ok(values) };
        }
        if self.buffer.capacity() > KEPT {
            self.buffer = Vec::new();
        }
        self.tell(py)?;
        values
    }

    /// The values that are complete.
    fn taken<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let done = &mut self.frames.done;
        // SAFETY: attached; a new list with a place for each value, whose reference moves into it.
        unsafe {
            let list = Bound::from_owned_ptr_or_err(py, ffi::PyList_New(done.len().cast_signed()))?;
            for (at, value) in done.drain(..).enumerate() {
                ffi::PyList_SET_ITEM(list.as_ptr(), at.cast_signed(), value);
            }
            Ok(list.cast_into_unchecked())
        }
    }

    /// Tells of the limits that were crossed.
    fn tell(&mut self, py: Python<'_>) -> PyResult<()> {
        match (&self.setup.audit, &mut self.parser) {
            (Some(audit), Some(parser)) => audit::tell(py, audit, &parser.take_breaches()),
            _ => Ok(()),
        }
    }

    fn parser(&self) -> PyResult<&Parser> {
        self.parser.as_ref().ok_or_else(gone)
    }

    fn fork(&self, py: Python<'_>) -> PyResult<Self> {
        let plan = self.setup.settings.plan.bind(py).get();
        Ok(Self {
            parser: Some(self.parser()?.fork().ok_or_else(|| PyMemoryError::new_err(()))?),
            strings: Strings::default(),
            buffer: Vec::new(),
            frames: self.frames.fork(py, plan)?,
            setup: Arc::clone(&self.setup),
            waiting: self.waiting.as_ref().map(|error| error.clone_ref(py)),
            exhausted: self.exhausted,
            closed: self.closed,
        })
    }
}

#[cold]
fn gone() -> PyErr {
    PyRuntimeError::new_err("the decoder's parser is gone")
}

impl Drop for State {
    fn drop(&mut self) {
        if let Some(parser) = self.parser.take() {
            let (strings, buffer) = (std::mem::take(&mut self.strings), std::mem::take(&mut self.buffer));
            Python::attach(|py| Kept { names: parser.into_names(), strings, buffer }.give(py));
        }
    }
}

/// Decodes the elements at one path of a document fed in chunks, each to an instance of a class, as it ends.
///
/// One user at a time. What lies around the values is read, checked and forgotten. How the input is cut changes neither
/// values nor errors.
///
/// Args:
///     type: see forkedenc.xml.decode, as for the arguments not named here.
///     at: the way to the elements from the root on, such as "/feed/entry", "/a:feed/a:entry" or "/{uri}feed/{uri}entry".
///         A root that is not its first step is a ValidationError.
///     namespaces: the URIs of the prefixes in `at`; "" is for names without one. None by default.
///     depth_hint: how many elements are usually open at once, for the first size of the stack. None by default.
///
/// Raises:
///     SchemaError: the class can't be decoded from XML.
///     ValueError: `at` is no such path, or has a prefix that `namespaces` lacks.
#[pyclass(frozen, module = "forkedenc.xml", name = "StreamDecoder")]
struct StreamDecoder {
    slot: Slot<State>,
}

#[pymethods]
impl StreamDecoder {
    #[new]
    #[pyo3(signature = (r#type, *, at, namespaces=None, limits=None, dtd="bare", encodings=None, unknown=None, strict=true, dec_hook=None, comments="join", audit=None, depth_hint=None))]
    #[expect(clippy::too_many_arguments, reason = "the keywords of the public class")]
    fn new(
        r#type: &Bound<'_, PyAny>,
        at: &Bound<'_, PyAny>,
        namespaces: Option<&Bound<'_, PyAny>>,
        limits: Option<&Bound<'_, PyAny>>,
        dtd: &str,
        encodings: Option<&Bound<'_, PyAny>>,
        unknown: Option<&str>,
        strict: bool,
        dec_hook: Option<Bound<'_, PyAny>>,
        comments: &str,
        audit: Option<Bound<'_, PyAny>>,
        depth_hint: Option<u64>,
    ) -> PyResult<Self> {
        let _ = strict;
        let given = Given { kind: r#type, limits, dtd, encodings, unknown, dec_hook, comments, audit };
        let setup = Arc::new(given.setup(Some(steps(at, namespaces)?))?);
        Ok(Self { slot: Slot::new(State::new(r#type.py(), setup, start_of(depth_hint))) })
    }

    /// Read a chunk, bytes or any contiguous buffer: the values that it completes, as a list.
    ///
    /// Raises:
    ///     ParseError, LimitError, ValidationError: the document is refused, and every later call raises it again. A chunk
    ///         that completed values before gives those; the next call raises.
    ///     ValueError: the decoder was closed.
    ///     TypeError: data is a str, or no contiguous buffer.
    ///     RuntimeError: the decoder is in use.
    fn feed<'py>(&self, data: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyList>> {
        self.slot.with(|state| with_chunk(data, |bytes| state.read(data.py(), bytes, false)))
    }

    /// End the document: the values that were not given yet.
    ///
    /// Raises:
    ///     IncompleteError: it was cut short; its offset is the count of bytes fed.
    ///     ParseError, LimitError, ValidationError: it was refused before, or is at its end.
    ///     RuntimeError: the decoder is in use.
    fn close<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        self.slot.with(|state| state.read(py, b"", true))
    }

    /// A decoder in the same state, which goes on apart from this one.
    fn fork(&self, py: Python<'_>) -> PyResult<Self> {
        self.slot.with(|state| Ok(Self { slot: Slot::new(state.fork(py)?) }))
    }

    /// What this decode has counted: a forkedenc.runtime.Stats.
    #[getter]
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.slot.with(|state| stats_object(py, &state.parser()?.stack().stats()))
    }

    /// Elements open now.
    #[getter]
    fn depth(&self) -> PyResult<u64> {
        self.slot.with(|state| Ok(state.parser()?.depth()))
    }

    #[classmethod]
    fn __class_getitem__<'py>(class: &Bound<'py, PyType>, item: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        generic_alias(class, item)
    }

    fn __traverse__(&self, visit: pyo3::PyVisit<'_>) -> Result<(), pyo3::PyTraverseError> {
        self.slot.visit(|state| {
            visit.call(&state.waiting)?;
            state.setup.settings.visit(&visit)?;
            visit.call(&state.setup.audit)?;
            state.frames.traverse(&visit)
        })
    }

    fn __clear__(&self) {
        self.slot.clear(|state| (state.waiting.take(), std::mem::take(&mut state.frames)));
    }
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("XmlStreamDecoder", module.py().get_type::<StreamDecoder>())
}
