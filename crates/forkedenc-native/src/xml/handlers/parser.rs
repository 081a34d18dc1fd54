//! `HandlerParser`: pyexpat's parser object, reading through the core.
//!
//! During a call the state is taken out of the object; a handler that calls `Parse` finds it gone and gets a
//! RuntimeError. What a handler may do meanwhile, look and set, is in [`Shared`].

use std::sync::atomic::{AtomicBool, Ordering};

use forkedenc_core::position::Place;
use forkedenc_core::xml::{Error, Flow, Kind, Names, Open, Options, Parser, Runs};
use pyo3::exceptions::{PyAttributeError, PyMemoryError, PyRuntimeError, PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyType};

use super::Arguments;
use super::memory::{Form, Memory};
use super::shared::{NAMES, SWITCHES, Shared};
use super::sink::HandlerSink;
use crate::fallible;
use crate::slot::Slot;
use crate::text::Units;
use crate::xml::options::Face;
use crate::xml::raise::raise;
use crate::xml::session::{Kept, with_chunk};

struct State {
    options: Options,
    parser: Option<Parser>,
    memory: Memory,
    /// Bytes fed.
    fed: u64,
    /// The last chunk was given, or a handler raised.
    over: Over,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Over {
    No,
    Ended,
    Raised,
}

/// Reads XML and calls a handler for each event: pyexpat's parser object without what reads other documents.
///
/// Handlers are attributes (`StartElementHandler` and so on, None for none) and may be set at any time. The switches are
/// `buffer_text`, `buffer_size`, `ordered_attributes`, `specified_attributes` and `namespace_prefixes`. Not pyexpat's:
/// with `pairs` names are `(namespace or None, local name)`, and `StartElementHandler(name, values, qnames)` has the names as
/// written beside; `InternalSubsetHandler(text)` is told pieces of the internal subset as written, and `refused` says whether the
/// last exception was about the document.
#[pyclass(frozen, module = "forkedenc._native")]
pub struct HandlerParser {
    face: String,
    keeps: bool,
    shared: Shared,
    slot: Slot<State>,
    intern: Py<PyDict>,
    /// What a content handler gets a tag's attributes as.
    attributes: Option<Py<PyType>>,
    refused: AtomicBool,
}

impl HandlerParser {
    fn read(&self, py: Python<'_>, state: &mut State, bytes: &[u8], last: bool) -> PyResult<()> {
        match state.over {
            Over::No => {}
            Over::Ended => return Err(PyValueError::new_err("the document has ended")),
            Over::Raised => return Err(PyRuntimeError::new_err("a handler's exception has ended the parse")),
        }
        let mut kept = Kept::take(py);
        let parser = state.parser.get_or_insert_with(|| {
            // A document in one chunk gives the names back at once.
            let names = if last { std::mem::take(&mut kept.names) } else { Names::default() };
            Parser::new(&state.options, names, 0)
        });
        parser.stack_mut().resume();
        self.shared.begin_chunk(bytes, state.fed);
        let shared = &self.shared;
        let class = self.attributes.as_ref().map_or(std::ptr::null_mut(), Py::as_ptr);
        let (flow, refused) = if self.keeps {
            let sink = HandlerSink::<true>::new(py, shared, &mut state.memory, class);
            feed(parser, sink, bytes, &mut kept.buffer, last)
        } else {
            let sink = HandlerSink::<false>::new(py, shared, &mut state.memory, class);
            feed(parser, sink, bytes, &mut kept.buffer, last)
        };
        shared.end_chunk();
        state.fed += bytes.len() as u64;
        parser.note_depth();
        self.shared.set_place(parser.place());
        match flow {
            Read::More => {
                if last {
                    state.over = Over::Ended;
                } else {
                    parser.stack_mut().suspend();
                }
            }
            Read::Raised => state.over = Over::Raised,
            Read::Failed => {}
        }
        let outcome = match flow {
            Read::More => Ok(()),
            Read::Raised if refused.is_none() => {
                Err(PyErr::take(py).unwrap_or_else(|| PyRuntimeError::new_err("a handler failed without a reason")))
            }
            Read::Raised | Read::Failed => {
                let error = refused.as_ref().or(parser.error());
                let error = error.map(|error| self.refuse(py, error));
                Err(error.unwrap_or_else(|| PyRuntimeError::new_err("a parse failed without an error")))
            }
        };
        if state.over == Over::Ended
            && let Some(parser) = state.parser.take()
        {
            kept.names = parser.into_names();
        }
        kept.give(py);
        outcome
    }

    /// The exception for a document that is refused.
    fn refuse(&self, py: Python<'_>, error: &Error) -> PyErr {
        self.shared.set_place(place_of(error));
        self.refused.store(true, Ordering::Relaxed);
        raise(py, &self.face, error)
    }
}

/// How a feed ended.
#[derive(Clone, Copy)]
enum Read {
    More,
    /// By the sink.
    Raised,
    /// By the document.
    Failed,
}

fn feed<const KEEPS: bool>(
    parser: &mut Parser,
    mut sink: HandlerSink<'_, KEEPS>,
    bytes: &[u8],
    buffer: &mut Vec<u8>,
    last: bool,
) -> (Read, Option<Error>) {
    let flow = parser.feed(&mut sink, bytes, buffer, last);
    let read = match flow {
        Flow::Failed if matches!(parser.error().map(|error| error.kind), Some(Kind::Sink)) => Read::Raised,
        Flow::Failed => Read::Failed,
        // As pyexpat: no text waits when a call returns.
        _ if sink.flush(None) => Read::More,
        _ => Read::Raised,
    };
    (read, sink.refused.take())
}

/// Where expat says that the error is.
fn place_of(error: &Error) -> Place {
    match error.kind {
        Kind::Incomplete(Open::Token | Open::Character | Open::Cdata) => error.token,
        _ => error.place,
    }
}

fn index_of(name: &str) -> Option<usize> {
    NAMES.iter().position(|known| *known == name)
}

fn form_of(separator: Option<&str>, pairs: bool) -> PyResult<Form> {
    match separator.map(str::as_bytes) {
        _ if pairs => Ok(Form::Pairs),
        None => Ok(Form::Written),
        Some([byte]) if byte.is_ascii() => Ok(Form::Joined(*byte)),
        Some(_) => Err(PyValueError::new_err("namespace_separator must be one ASCII character or None")),
    }
}

#[pymethods]
#[expect(non_snake_case, reason = "pyexpat's names")]
impl HandlerParser {
    #[new]
    #[pyo3(signature = (face, encoding=None, namespace_separator=None, *, intern=None, pairs=false, attributes=None, keeps=false, limits=None, dtd=None, encodings=None, forbid_dtd=false, forbid_entities=false, forbid_external=false))]
    #[expect(clippy::too_many_arguments, reason = "the keywords of the faces")]
    fn new(
        py: Python<'_>,
        face: String,
        encoding: Option<&str>,
        namespace_separator: Option<&str>,
        intern: Option<Bound<'_, PyDict>>,
        pairs: bool,
        attributes: Option<Bound<'_, PyType>>,
        keeps: bool,
        limits: Option<&Bound<'_, PyAny>>,
        dtd: Option<&str>,
        encodings: Option<&Bound<'_, PyAny>>,
        forbid_dtd: bool,
        forbid_entities: bool,
        forbid_external: bool,
    ) -> PyResult<Self> {
        let form = form_of(namespace_separator, pairs)?;
        let arguments = Arguments { limits, dtd, encodings, encoding, forbid_dtd, forbid_entities, forbid_external };
        let runs = if keeps { Runs::Events } else { Runs::Pieces };
        let options = arguments.options(Face { runs, ..Face::STDLIB }, form != Form::Written)?;
        let own = intern.is_none();
        let intern = match intern {
            Some(intern) => intern,
            None => fallible::dict(py)?,
        };
        let memory = Memory::new(form, intern.clone().unbind(), own);
        let state = State { options, parser: None, memory, fed: 0, over: Over::No };
        Ok(Self {
            face,
            keeps,
            shared: Shared::new(),
            slot: Slot::new(state),
            intern: intern.unbind(),
            attributes: attributes.map(Bound::unbind),
            refused: AtomicBool::new(false),
        })
    }

    /// Read a chunk: bytes, a contiguous buffer, or str. `isfinal` ends the document.
    #[pyo3(signature = (data, isfinal=false))]
    fn Parse(&self, data: &Bound<'_, PyAny>, isfinal: bool) -> PyResult<i32> {
        let py = data.py();
        self.refused.store(false, Ordering::Relaxed);
        self.slot.with(|state| {
            if !data.is_instance_of::<PyString>() {
                return with_chunk(data, |bytes| self.read(py, state, bytes, isfinal));
            }
            // SAFETY: attached; it is a str, alive while borrowed, and doesn't change.
            let units = unsafe { Units::of(data.as_ptr()) };
            if state.parser.is_none() {
                state.options.encoding = Some("utf-8".to_owned());
            }
            if let Units::Ascii(bytes) = units {
                return self.read(py, state, bytes, isfinal);
            }
            let mut bytes = Vec::new();
            if !units.encode(0, units.len(), &mut bytes) {
                return Err(PyMemoryError::new_err(()));
            }
            self.read(py, state, &bytes, isfinal)
        })?;
        Ok(1)
    }

    /// What handlers of declarations are told as their base.
    fn SetBase(&self, base: Bound<'_, PyString>) {
        self.shared.set_base(Some(base.unbind().into_any()));
    }

    fn GetBase(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.shared.base(py)
    }

    /// The input from the event on whose handler runs, as far as the chunk goes; None outside of handlers.
    fn GetInputContext<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.shared.input(py).map(|bytes| fallible::bytes(py, &bytes)).transpose()
    }

    /// Events never wait for more input than they need.
    fn GetReparseDeferralEnabled(&self) -> bool {
        false
    }

    fn SetReparseDeferralEnabled(&self, _enabled: bool) {}

    /// The dict in which the strs of names are found again.
    #[getter]
    fn intern(&self, py: Python<'_>) -> Py<PyDict> {
        self.intern.clone_ref(py)
    }

    /// A SAX content handler whose own methods are called for elements, in place of the handlers for those, each with an
    /// object of the class `attributes`. None for none; it has no effect without a class.
    #[getter]
    fn content(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.shared.content(py)
    }

    #[setter]
    fn set_content(&self, content: Option<Py<PyAny>>) {
        self.shared.set_content(content);
    }

    /// The last exception of `Parse` was about the document, and no handler's.
    #[getter]
    fn refused(&self) -> bool {
        self.refused.load(Ordering::Relaxed)
    }

    /// Bytes of text that wait at most, with `buffer_text`.
    #[getter]
    fn buffer_size(&self) -> usize {
        self.shared.buffer_size()
    }

    #[setter]
    fn set_buffer_size(&self, size: usize) -> PyResult<()> {
        if size == 0 {
            return Err(PyValueError::new_err("buffer_size must be greater than zero"));
        }
        self.shared.set_buffer_size(size);
        Ok(())
    }

    #[getter(CurrentLineNumber)]
    fn line(&self, py: Python<'_>) -> u64 {
        self.shared.place(py).line
    }

    #[getter(CurrentColumnNumber)]
    fn column(&self, py: Python<'_>) -> u64 {
        self.shared.place(py).column - 1
    }

    #[getter(CurrentByteIndex)]
    fn byte_index(&self, py: Python<'_>) -> u64 {
        self.shared.place(py).offset
    }

    #[getter(ErrorLineNumber)]
    fn error_line(&self, py: Python<'_>) -> u64 {
        self.line(py)
    }

    #[getter(ErrorColumnNumber)]
    fn error_column(&self, py: Python<'_>) -> u64 {
        self.column(py)
    }

    #[getter(ErrorByteIndex)]
    fn error_byte_index(&self, py: Python<'_>) -> u64 {
        self.byte_index(py)
    }

    fn __getattr__(&self, py: Python<'_>, name: &str) -> PyResult<Py<PyAny>> {
        if let Some(index) = index_of(name) {
            return Ok(self.shared.handler(py, index).unwrap_or_else(|| py.None()));
        }
        match SWITCHES.iter().find(|(known, _)| *known == name) {
            Some((_, bit)) => {
                let on = self.shared.switches() & bit != 0;
                Ok(pyo3::types::PyBool::new(py, on).to_owned().into_any().unbind())
            }
            None => Err(PyAttributeError::new_err(name.to_owned())),
        }
    }

    fn __setattr__(slf: &Bound<'_, Self>, name: &Bound<'_, PyString>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let this = slf.get();
        let text = name.to_str()?;
        if let Some(index) = index_of(text) {
            if !value.is_none() && !value.is_callable() {
                return Err(PyTypeError::new_err(format!("{text} must be callable or None")));
            }
            this.shared.set_handler(index, (!value.is_none()).then(|| value.clone().unbind()));
            return Ok(());
        }
        if let Some((_, bit)) = SWITCHES.iter().find(|(known, _)| *known == text) {
            this.shared.set_switch(*bit, value.is_truthy()?);
            return Ok(());
        }
        // The setters of the class, and the refusal of what it has not.
        // SAFETY: attached; all three are alive.
        let set = unsafe { ffi::PyObject_GenericSetAttr(slf.as_ptr(), name.as_ptr(), value.as_ptr()) };
        if set == 0 { Ok(()) } else { Err(PyErr::fetch(slf.py())) }
    }

    fn __traverse__(&self, visit: pyo3::PyVisit<'_>) -> Result<(), pyo3::PyTraverseError> {
        self.shared.traverse(&visit)?;
        visit.call(&self.intern)?;
        visit.call(&self.attributes)?;
        self.slot.visit(|state| state.memory.traverse(&visit))
    }

    fn __clear__(&self) {
        self.shared.clear();
    }
}
