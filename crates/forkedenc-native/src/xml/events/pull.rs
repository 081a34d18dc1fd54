//! `xml.PullParser`: bytes in, events out.

use forkedenc_core::limits::Limit;
use forkedenc_core::xml::{Flow, Kind, Options, Parser, Runs};
use pyo3::exceptions::{PyBaseException, PyMemoryError, PyRuntimeError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyList;

use super::make::make;
use super::packed::Packed;
use crate::audit::{self, audit_of};
use crate::fallible;
use crate::runtime::stats_object;
use crate::slot::Slot;
use crate::xml::options::{Face, options, start_of};
use crate::xml::raise::raise;
use crate::xml::session::{Kept, Shelf, with_chunk};
use crate::xml::strings::Strings;

const FACE: &str = "xml";

/// Room for events that a parser gave back.
static ROOM: Shelf<Packed> = Shelf::new();
/// Buffers for decoded input: needed during a feed alone.
static BUFFERS: Shelf<Vec<u8>> = Shelf::new();

/// A parse, its unread events, and the strs of its names.
struct State {
    /// A parser is made when something is fed; until then there are only its options.
    fresh: Option<Box<Fresh>>,
    live: Option<Box<Live>>,
    packed: Packed,
    /// Runs of text are one event.
    coalesce: bool,
    /// The exception that every later call raises. Its traceback leads to frames, and from there often to this parser.
    waiting: Option<Py<PyBaseException>>,
    closed: bool,
}

#[derive(Clone)]
struct Fresh {
    options: Options,
    /// `depth_hint=`, as bytes of stack.
    start: usize,
    audits: bool,
}

struct Live {
    parser: Parser,
    strings: Strings,
}

impl Fresh {
    fn start(&self, py: Python<'_>) -> Live {
        let Kept { names, mut strings, buffer } = Kept::take(py);
        BUFFERS.give(py, buffer);
        let mut parser = Parser::new(&self.options, names, self.start);
        if self.audits {
            parser.audit();
        }
        strings.begin(parser.names());
        Live { parser, strings }
    }
}

impl Live {
    fn fork(&self) -> Option<Self> {
        let parser = self.parser.fork()?;
        let mut strings = Strings::default();
        strings.begin(parser.names());
        Some(Self { parser, strings })
    }

    /// The objects of all events that are complete.
    fn objects<'py>(&mut self, py: Python<'py>, packed: &mut Packed) -> PyResult<Bound<'py, PyList>> {
        let records = packed.complete();
        let (names, strings) = (self.parser.names(), &mut self.strings);
        // Their ids may have ended meanwhile.
        strings.begin(names);
        // SAFETY: attached; the list has a place for each object and takes it over. Until then nobody else sees it, and no
        // Python code runs.
        let list = unsafe {
            let list = Bound::from_owned_ptr_or_err(py, ffi::PyList_New(records.len().cast_signed()))?;
            for (at, record) in records.iter().enumerate() {
                let object = make(packed, record, strings, names);
                if object.is_null() {
                    return Err(PyErr::fetch(py));
                }
                ffi::PyList_SET_ITEM(list.as_ptr(), at.cast_signed(), object);
            }
            list.cast_into_unchecked()
        };
        packed.read(records.len());
        Ok(list)
    }
}

impl State {
    /// The parser, made where there is none yet.
    fn live(&mut self, py: Python<'_>) -> PyResult<&mut Live> {
        if let Some(fresh) = self.fresh.take() {
            self.live = Some(Box::new(fresh.start(py)));
        }
        self.live.as_deref_mut().ok_or_else(|| PyRuntimeError::new_err("the parser is gone"))
    }

    /// Reads a chunk, or the end.
    fn read(&mut self, py: Python<'_>, bytes: &[u8], last: bool, audit: Option<&Py<PyAny>>) -> PyResult<()> {
        if let Some(error) = &self.waiting {
            let error = PyErr::from_value(error.bind(py).clone().into_any());
            // Else each call would add its frames to those of the calls before.
            error.set_traceback(py, None);
            return Err(error);
        }
        if self.closed {
            return if last { Ok(()) } else { Err(PyValueError::new_err("the parser is closed")) };
        }
        self.closed = last;
        if self.packed.is_bare() {
            self.packed = ROOM.take(py).unwrap_or_default();
            self.packed.set_coalesce(self.coalesce);
        }
        let mut buffer = BUFFERS.take(py).unwrap_or_default();
        self.live(py)?;
        let Some(live) = &mut self.live else { return Ok(()) };
        let parser = &mut live.parser;
        parser.stack_mut().resume();
        let flow = parser.feed(&mut self.packed, bytes, &mut buffer, last);
        parser.note_depth();
        BUFFERS.give(py, buffer);
        if flow == Flow::Failed {
            let error = parser.error().map(|error| raise(py, FACE, error));
            let cut = parser.error().is_some_and(|error| cuts_text(&error.kind));
            if cut {
                self.packed.drop_run();
            }
            self.packed.end_run();
            let error = error.unwrap_or_else(|| PyRuntimeError::new_err("a parse failed without a reason"));
            self.waiting = Some(error.clone_ref(py).into_value(py));
            self.tell(py, audit)?;
            return Err(error);
        }
        if !last {
            parser.stack_mut().suspend();
        }
        self.tell(py, audit)
    }

    /// Tells of the limits that were crossed.
    fn tell(&mut self, py: Python<'_>, audit: Option<&Py<PyAny>>) -> PyResult<()> {
        match (&mut self.live, audit) {
            (Some(live), Some(audit)) => audit::tell(py, audit, &live.parser.take_breaches()),
            _ => Ok(()),
        }
    }

    fn events<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let Some(live) = &mut self.live else { return fallible::list(py) };
        let list = live.objects(py, &mut self.packed)?;
        if self.packed.is_empty() && !self.packed.is_bare() {
            // What waits for its next chunk needs no room meanwhile.
            let room = std::mem::take(&mut self.packed);
            if room.is_handy() {
                ROOM.give(py, room);
            }
        }
        Ok(list)
    }

    fn fork(&self, py: Python<'_>) -> PyResult<Self> {
        let live = match &self.live {
            Some(live) => Some(Box::new(live.fork().ok_or_else(|| PyMemoryError::new_err(()))?)),
            None => None,
        };
        Ok(Self {
            fresh: self.fresh.clone(),
            live,
            packed: self.packed.clone(),
            coalesce: self.coalesce,
            waiting: self.waiting.as_ref().map(|error| error.clone_ref(py)),
            closed: self.closed,
        })
    }
}

impl Drop for State {
    fn drop(&mut self) {
        if let Some(live) = self.live.take() {
            let Live { parser, strings } = *live;
            Python::attach(|py| Kept { names: parser.into_names(), strings, buffer: Vec::new() }.give(py));
        }
    }
}

/// Does such an error leave a run of text whose length depends on the chunks?
fn cuts_text(kind: &Kind) -> bool {
    matches!(kind, Kind::CdataEndInText | Kind::Limit { limit: Limit::TextBytes | Limit::MemoryBytes, .. })
}

/// Parses XML fed in chunks of any size into events.
#[pyclass(frozen, module = "forkedenc.xml", name = "PullParser")]
struct PullParser {
    slot: Slot<State>,
    audit: Option<Py<PyAny>>,
}

#[pymethods]
impl PullParser {
    #[new]
    #[pyo3(signature = (*, limits=None, dtd="bare", namespaces=true, encodings=None, coalesce=true, audit=None, depth_hint=None))]
    #[expect(clippy::too_many_arguments, reason = "the keywords of the public class")]
    fn new(
        limits: Option<&Bound<'_, PyAny>>,
        dtd: &str,
        namespaces: bool,
        encodings: Option<&Bound<'_, PyAny>>,
        coalesce: bool,
        audit: Option<Bound<'_, PyAny>>,
        depth_hint: Option<u64>,
    ) -> PyResult<Self> {
        let mut options = options(Face::OWN, limits, Some(dtd), namespaces, encodings, None)?;
        options.rules.runs = if coalesce { Runs::Events } else { Runs::Pieces };
        let audit = audit_of(audit)?;
        let fresh = Fresh { options, start: start_of(depth_hint), audits: audit.is_some() };
        let state = State {
            fresh: Some(Box::new(fresh)),
            live: None,
            packed: Packed::default(),
            coalesce,
            waiting: None,
            closed: false,
        };
        Ok(Self { slot: Slot::new(state), audit })
    }

    /// Read a chunk: bytes, or any contiguous buffer. The events it completes wait for read_events().
    ///
    /// Raises:
    ///     ParseError: the document is ill-formed, or crosses a limit; events before it stay readable, and every later
    ///         call raises it again.
    ///     ValueError: the parser was closed.
    ///     TypeError: data is a str, or no contiguous buffer.
    ///     RuntimeError: the parser is in use.
    fn feed(&self, data: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = data.py();
        self.slot.with(|state| with_chunk(data, |bytes| state.read(py, bytes, false, self.audit.as_ref())))
    }

    /// The events that are complete and were not read yet, as a list.
    ///
    /// Raises:
    ///     RuntimeError: the parser is in use.
    fn read_events<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        self.slot.with(|state| state.events(py))
    }

    /// End the document; more than once does nothing.
    ///
    /// Raises:
    ///     IncompleteError: it was cut short; its offset is the count of bytes fed.
    ///     RuntimeError: the parser is in use.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.slot.with(|state| state.read(py, b"", true, self.audit.as_ref()))
    }

    /// A parser in the same state, unread events included, which goes on apart from this one.
    fn fork(&self, py: Python<'_>) -> PyResult<Self> {
        let state = self.slot.with(|state| state.fork(py))?;
        Ok(Self { slot: Slot::new(state), audit: self.audit.as_ref().map(|audit| audit.clone_ref(py)) })
    }

    /// What this parse has counted: a forkedenc.runtime.Stats.
    #[getter]
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.slot.with(|state| stats_object(py, &state.live(py)?.parser.stack().stats()))
    }

    /// Elements open now.
    #[getter]
    fn depth(&self) -> PyResult<u64> {
        self.slot.with(|state| Ok(state.live.as_ref().map_or(0, |live| live.parser.depth())))
    }

    fn __traverse__(&self, visit: pyo3::PyVisit<'_>) -> Result<(), pyo3::PyTraverseError> {
        self.slot.visit(|state| visit.call(&state.waiting))?;
        visit.call(&self.audit)
    }

    fn __clear__(&self) {
        self.slot.clear(|state| state.waiting.take());
    }
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PullParser>()
}
