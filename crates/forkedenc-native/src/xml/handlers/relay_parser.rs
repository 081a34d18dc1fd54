//! `RelayParser`: a document read by the core and given back as bytes that any parser may have.

use std::sync::{Mutex, TryLockError};

use forkedenc_core::limits::XmlLimits;
use forkedenc_core::xml::{DtdMode, Flow, Options, Parser, Runs};
use pyo3::exceptions::{PyMemoryError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyString;

use super::Arguments;
use super::relay::Relay;
use crate::fallible;
use crate::text::Units;
use crate::xml::options::Face;
use crate::xml::raise::raise;
use crate::xml::session::{Kept, with_chunk};

struct State {
    options: Options,
    parser: Option<Parser>,
    relay: Relay,
    closed: bool,
}

/// Reads XML in chunks and gives each back as well-formed UTF-8 without an internal subset, every entity replaced.
#[pyclass(frozen, module = "forkedenc._native")]
pub struct RelayParser {
    state: Mutex<State>,
    face: String,
}

impl RelayParser {
    /// No Python code runs while the state is held, but for making an exception, which comes last.
    fn read<'py>(&self, py: Python<'py>, bytes: &[u8], text: bool, last: bool) -> PyResult<Bound<'py, PyAny>> {
        let mut state = match self.state.try_lock() {
            Ok(state) => state,
            Err(TryLockError::Poisoned(state)) => state.into_inner(),
            Err(TryLockError::WouldBlock) => {
                return Err(PyRuntimeError::new_err("the parser is in use by another thread"));
            }
        };
        let state = &mut *state;
        if state.closed {
            return Err(PyValueError::new_err("the document has ended"));
        }
        state.closed = last;
        if text && state.parser.is_none() {
            state.options.encoding = Some("utf-8".to_owned());
        }
        let mut kept = Kept::take(py);
        let options = &state.options;
        let parser = state.parser.get_or_insert_with(|| Parser::new(options, std::mem::take(&mut kept.names), 0));
        parser.stack_mut().resume();
        let flow = parser.feed(&mut state.relay, bytes, &mut kept.buffer, last);
        parser.note_depth();
        if !last {
            parser.stack_mut().suspend();
        }
        let outcome = match (flow, parser.error()) {
            (Flow::Failed, Some(error)) => Err(raise(py, &self.face, error)),
            _ => fallible::bytes(py, &std::mem::take(&mut state.relay.out)),
        };
        if last && let Some(parser) = state.parser.take() {
            kept.names = parser.into_names();
        }
        kept.give(py);
        outcome
    }
}

#[pymethods]
impl RelayParser {
    #[new]
    #[pyo3(signature = (face, *, limits=None, dtd=None, encodings=None, forbid_dtd=false, forbid_entities=false, forbid_external=false))]
    fn new(
        face: String,
        limits: Option<&Bound<'_, PyAny>>,
        dtd: Option<&str>,
        encodings: Option<&Bound<'_, PyAny>>,
        forbid_dtd: bool,
        forbid_entities: bool,
        forbid_external: bool,
    ) -> PyResult<Self> {
        let arguments =
            Arguments { limits, dtd, encodings, encoding: None, forbid_dtd, forbid_entities, forbid_external };
        // A tree has the text of a run in one place.
        let reads = Face { limits: XmlLimits::STDLIB, dtd: DtdMode::Bare, codecs: false, runs: Runs::Events };
        let options = arguments.options(reads, true)?;
        let state = State { options, parser: None, relay: Relay::default(), closed: false };
        Ok(Self { state: Mutex::new(state), face })
    }

    /// Feed a chunk, bytes or str; what of the document can be given back now.
    fn feed<'py>(&self, data: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = data.py();
        if !data.is_instance_of::<PyString>() {
            return with_chunk(data, |bytes| self.read(py, bytes, false, false));
        }
        // SAFETY: attached; it is a str, alive while borrowed, and doesn't change.
        let units = unsafe { Units::of(data.as_ptr()) };
        if let Units::Ascii(bytes) = units {
            return self.read(py, bytes, true, false);
        }
        let mut bytes = Vec::new();
        if !units.encode(0, units.len(), &mut bytes) {
            return Err(PyMemoryError::new_err(()));
        }
        self.read(py, &bytes, true, false)
    }

    /// What can be given back of the chunk that failed.
    fn rest<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let out = self.state.try_lock().map(|mut state| std::mem::take(&mut state.relay.out)).unwrap_or_default();
        fallible::bytes(py, &out)
    }

    /// End the document; the rest of it.
    fn close<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.read(py, b"", false, true)
    }
}
