//! `xml.PullParser`: bytes in, events out.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use forkedenc_core::limits::Limit;
use forkedenc_core::xml::{Flow, Kind, Options, Parked, Parser, Runs};
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

/// Arguments of the last parsers: most parsers have the same.
static SETTINGS: Shelf<Arc<Settings>> = Shelf::new();

/// Parses that have begun and not ended.
static BEGUN: AtomicUsize = AtomicUsize::new(0);
/// With more of them than this, those that wait for input are parked.
const CROWD: usize = 64;

/// A parse, its unread events, and the strs of its names.
struct State {
    parse: Parse,
    /// Of an awake parser's names.
    strings: Strings,
    packed: Packed,
    settings: Arc<Settings>,
    /// The exception that every later call raises. Its traceback leads to frames, and from there often to this parser.
    waiting: Option<Py<PyBaseException>>,
    closed: bool,
    /// It is one of [`BEGUN`].
    counted: bool,
}

enum Parse {
    /// A parser is made when something is fed; until then there are only its settings.
    Fresh,
    Awake(Box<Parser>),
    Parked(Box<Parked>),
}

#[derive(PartialEq)]
struct Settings {
    options: Options,
    /// `depth_hint=`, as bytes of stack.
    start: usize,
    audits: bool,
    /// Runs of text are one event.
    coalesce: bool,
}

impl Settings {
    /// The same, shared with the last parser where that has the same.
    fn shared(self, py: Python<'_>) -> Arc<Self> {
        let settings = SETTINGS.take(py).filter(|last| **last == self).unwrap_or_else(|| Arc::new(self));
        SETTINGS.give(py, Arc::clone(&settings));
        settings
    }
}

impl State {
    fn new(settings: Arc<Settings>) -> Self {
        Self {
            parse: Parse::Fresh,
            strings: Strings::default(),
            packed: Packed::default(),
            settings,
            waiting: None,
            closed: false,
            counted: false,
        }
    }

    /// Makes the parser where there is none yet, or wakes it up.
    fn wake(&mut self, py: Python<'_>) -> PyResult<&mut Parser> {
        if !matches!(self.parse, Parse::Awake(_)) {
            self.start(py)?;
        }
        match &mut self.parse {
            Parse::Awake(parser) => Ok(parser),
            _ => Err(PyRuntimeError::new_err("the parser is gone")),
        }
    }

    fn start(&mut self, py: Python<'_>) -> PyResult<()> {
        let Kept { names, strings, buffer } = Kept::take(py);
        BUFFERS.give(py, buffer);
        let parser = match std::mem::replace(&mut self.parse, Parse::Fresh) {
            Parse::Awake(parser) => parser,
            Parse::Fresh => {
                let mut parser = Box::new(Parser::new(&self.settings.options, names, self.settings.start));
                if self.settings.audits {
                    parser.audit();
                }
                self.count();
                parser
            }
            Parse::Parked(parked) => match parked.unpark(names, &self.settings.options) {
                Ok(parser) => parser,
                Err(back) => {
                    let (parked, names) = *back;
                    self.parse = Parse::Parked(Box::new(parked));
                    Kept { names, strings, buffer: Vec::new() }.give(py);
                    return Err(PyMemoryError::new_err(()));
                }
            },
        };
        self.strings = strings;
        self.strings.begin(parser.names());
        self.parse = Parse::Awake(parser);
        Ok(())
    }

    fn count(&mut self) {
        self.counted = true;
        BEGUN.fetch_add(1, Ordering::Relaxed);
    }

    fn uncount(&mut self) {
        if std::mem::take(&mut self.counted) {
            BEGUN.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// What waits for its next chunk needs no room for events meanwhile; and where many wait, no parser to work with.
    fn settle(&mut self, py: Python<'_>) {
        if self.packed.is_empty() && !self.packed.is_bare() {
            let room = std::mem::take(&mut self.packed);
            if room.is_handy() {
                ROOM.give(py, room);
            }
        }
        // The ids of unread events are those of the table of names.
        let idle = !self.closed && self.packed.complete().is_empty();
        if idle && BEGUN.load(Ordering::Relaxed) > CROWD {
            self.park(py);
        }
    }

    #[inline(never)]
    fn park(&mut self, py: Python<'_>) {
        self.packed.trim();
        self.parse = match std::mem::replace(&mut self.parse, Parse::Fresh) {
            Parse::Awake(parser) if parser.is_worth_parking() => match parser.park() {
                Ok((parked, names)) => {
                    let strings = std::mem::take(&mut self.strings);
                    Kept { names, strings, buffer: Vec::new() }.give(py);
                    Parse::Parked(Box::new(parked))
                }
                Err(parser) => Parse::Awake(parser),
            },
            other => other,
        };
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
        self.wake(py)?;
        let Parse::Awake(parser) = &mut self.parse else { return Ok(()) };
        self.closed = last;
        if self.packed.is_bare() {
            self.packed = ROOM.take(py).unwrap_or_default();
            self.packed.set_coalesce(self.settings.coalesce);
        }
        let mut buffer = BUFFERS.take(py).unwrap_or_default();
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
            self.uncount();
            self.tell(py, audit)?;
            return Err(error);
        }
        if last {
            self.uncount();
        } else {
            parser.stack_mut().suspend();
        }
        let told = self.tell(py, audit);
        self.settle(py);
        told
    }

    /// Tells of the limits that were crossed.
    fn tell(&mut self, py: Python<'_>, audit: Option<&Py<PyAny>>) -> PyResult<()> {
        match (&mut self.parse, audit) {
            (Parse::Awake(parser), Some(audit)) => audit::tell(py, audit, &parser.take_breaches()),
            _ => Ok(()),
        }
    }

    /// The objects of all events that are complete.
    fn events<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        // One that is parked has no such event.
        let Parse::Awake(parser) = &self.parse else { return fallible::list(py) };
        let records = self.packed.complete();
        let (names, strings) = (parser.names(), &mut self.strings);
        // Their ids may have ended meanwhile.
        strings.begin(names);
        // SAFETY: attached; the list has a place for each object and takes it over. Until then nobody else sees it, and no
        // Python code runs.
        let list = unsafe {
            let list = Bound::from_owned_ptr_or_err(py, ffi::PyList_New(records.len().cast_signed()))?;
            for (at, record) in records.iter().enumerate() {
                let object = make(&self.packed, record, strings, names);
                if object.is_null() {
                    return Err(PyErr::fetch(py));
                }
                ffi::PyList_SET_ITEM(list.as_ptr(), at.cast_signed(), object);
            }
            list.cast_into_unchecked()
        };
        let count = records.len();
        self.packed.read(count);
        self.settle(py);
        Ok(list)
    }

    fn fork(&self, py: Python<'_>) -> PyResult<Self> {
        let no_memory = || PyMemoryError::new_err(());
        let mut strings = Strings::default();
        let parse = match &self.parse {
            Parse::Fresh => Parse::Fresh,
            Parse::Awake(parser) => {
                let fork = parser.fork().ok_or_else(no_memory)?;
                strings.begin(fork.names());
                Parse::Awake(Box::new(fork))
            }
            Parse::Parked(parked) => Parse::Parked(Box::new(parked.fork().ok_or_else(no_memory)?)),
        };
        let mut fork = Self {
            parse,
            strings,
            packed: self.packed.clone(),
            settings: Arc::clone(&self.settings),
            waiting: self.waiting.as_ref().map(|error| error.clone_ref(py)),
            closed: self.closed,
            counted: false,
        };
        if self.counted {
            fork.count();
        }
        Ok(fork)
    }
}

impl Drop for State {
    fn drop(&mut self) {
        self.uncount();
        if let Parse::Awake(parser) = std::mem::replace(&mut self.parse, Parse::Fresh) {
            let strings = std::mem::take(&mut self.strings);
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
        py: Python<'_>,
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
        let settings = Settings { options, start: start_of(depth_hint), audits: audit.is_some(), coalesce };
        let state = State::new(settings.shared(py));
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
        self.slot.with(|state| {
            let stats = match &state.parse {
                Parse::Parked(parked) => parked.stats(),
                _ => state.wake(py)?.stack().stats(),
            };
            stats_object(py, &stats)
        })
    }

    /// Elements open now.
    #[getter]
    fn depth(&self) -> PyResult<u64> {
        self.slot.with(|state| {
            Ok(match &state.parse {
                Parse::Fresh => 0,
                Parse::Awake(parser) => parser.depth(),
                Parse::Parked(parked) => parked.depth(),
            })
        })
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
