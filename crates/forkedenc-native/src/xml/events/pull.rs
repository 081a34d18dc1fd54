//! `xml.PullParser`: bytes in, events out.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use forkedenc_core::limits::Limit;
use forkedenc_core::xml::{Flow, Kind, Options, Parked, Parser, Runs};
use forkedenc_runtime::stress;
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

/// Who was fed last: the parsers that have room to work in. Where all seats are taken the oldest one's parser is parked; one
/// that goes on takes the next. So few or many that are busy pay nothing, and a hundred thousand that wait have no room.
static SEATS: Mutex<Seats> = Mutex::new(Seats { taken: Vec::new(), oldest: 0 });
const SEATS_IN_ALL: usize = 512;

struct Seats {
    taken: Vec<Weak<Shared>>,
    oldest: usize,
}

impl Seats {
    /// Takes a seat; who had it must go.
    fn take(&mut self, who: Weak<Shared>) -> Option<Weak<Shared>> {
        if self.taken.len() < SEATS_IN_ALL {
            self.taken.push(who);
            return None;
        }
        let at = self.oldest;
        self.oldest = (at + 1) % SEATS_IN_ALL;
        Some(std::mem::replace(&mut self.taken[at], who))
    }
}

/// A parser's state, which others may park.
struct Shared {
    slot: Slot<State>,
    seated: AtomicBool,
}

impl Shared {
    fn new(state: State) -> Arc<Self> {
        Arc::new(Self { slot: Slot::new(state), seated: AtomicBool::new(false) })
    }

    /// To be called when it was fed, or its events were read.
    fn take_seat(self: &Arc<Self>, py: Python<'_>) {
        if stress() {
            self.rest(py);
            return;
        }
        if self.seated.swap(true, Ordering::Relaxed) {
            return;
        }
        let before = SEATS.lock().unwrap_or_else(PoisonError::into_inner).take(Arc::downgrade(self));
        if let Some(oldest) = before.and_then(|oldest| oldest.upgrade()) {
            oldest.seated.store(false, Ordering::Relaxed);
            oldest.rest(py);
        }
    }

    /// Parks it, unless it is being used or has events to be read: then it takes a seat again.
    fn rest(&self, py: Python<'_>) {
        let rested = self.slot.with(|state| {
            state.park(py);
            Ok(())
        });
        drop(rested);
    }
}

/// A parse, its unread events, and the strs of its names.
struct State {
    parse: Parse,
    /// Of an awake parser's names.
    strings: Strings,
    packed: Packed,
    settings: Arc<Settings>,
    /// The exception that every later call raises. Its traceback leads to frames, and from there often to this parser.
    waiting: Option<Py<PyBaseException>>,
    /// Or it is a MemoryError, each time a new one: the interpreter may have had none left but its one immortal one, and with
    /// that kept here a parser would never be freed (CPython 3.12, 3.13).
    exhausted: bool,
    closed: bool,
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
            exhausted: false,
            closed: false,
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

    /// What waits for its next chunk needs no room for events meanwhile.
    fn settle(&mut self, py: Python<'_>) {
        if self.packed.is_empty() && !self.packed.is_bare() {
            let room = std::mem::take(&mut self.packed);
            if room.is_handy() {
                ROOM.give(py, room);
            }
        }
    }

    /// Packs the parser up, where it is worth it.
    #[inline(never)]
    fn park(&mut self, py: Python<'_>) {
        // The ids of unread events are those of the table of names.
        if !self.packed.complete().is_empty() {
            return;
        }
        self.packed.trim();
        self.parse = match std::mem::replace(&mut self.parse, Parse::Fresh) {
            Parse::Awake(parser) if self.closed || parser.is_worth_parking() => match parser.park() {
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

    fn is_awake(&self) -> bool {
        matches!(self.parse, Parse::Awake(_))
    }

    /// Reads a chunk, or the end.
    fn read(&mut self, py: Python<'_>, bytes: &[u8], last: bool, audit: Option<&Py<PyAny>>) -> PyResult<()> {
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
            if error.is_instance_of::<PyMemoryError>(py) {
                self.exhausted = true;
            } else {
                self.waiting = Some(error.clone_ref(py).into_value(py));
            }
            self.tell(py, audit)?;
            return Err(error);
        }
        if !last {
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
        Ok(Self {
            parse,
            strings,
            packed: self.packed.clone(),
            settings: Arc::clone(&self.settings),
            waiting: self.waiting.as_ref().map(|error| error.clone_ref(py)),
            exhausted: self.exhausted,
            closed: self.closed,
        })
    }
}

impl Drop for State {
    fn drop(&mut self) {
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

/// Parses XML fed in chunks of any size into events: Start, End, Text, Comment, PI, Doctype, Entity.
///
/// One user at a time. How the input is cut changes neither events nor errors, but for the pieces of coalesce=False.
///
/// Args:
///     limits: what the document may cost; Limits() by default.
///     dtd: "forbid" refuses a DOCTYPE, "bare" (the default) one with an internal subset; "skip" reads past it, "internal" reads
///         it. Nothing external is ever read.
///     namespaces: names are {uri}local; False leaves them as written, with xmlns among the attributes. True by default.
///     encodings: the names of the encodings that the document may be in, and no other; or "all". UTF-8, UTF-16, ISO-8859-1
///         and US-ASCII by default.
///     coalesce: one Text for a run of character data, its references and CDATA sections; False gives pieces as they come,
///         which max_text_bytes does not count. True by default.
///     audit: called with a forkedenc.LimitBreach for each limit that is crossed, in place of an error; max_depth and
///         max_stack_bytes still refuse. None by default.
///     depth_hint: how many elements are usually open at once, for the first size of the stack. None by default.
///
/// Raises:
///     TypeError: limits is no Limits, audit can't be called, or a name of an encoding is no str.
///     ValueError: dtd or encodings is none of those above.
#[pyclass(frozen, module = "forkedenc.xml", name = "PullParser")]
struct PullParser {
    shared: Arc<Shared>,
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
        Ok(Self { shared: Shared::new(state), audit })
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
        let read = |state: &mut State| with_chunk(data, |bytes| state.read(py, bytes, false, self.audit.as_ref()));
        self.shared.slot.with(read)?;
        self.shared.take_seat(py);
        Ok(())
    }

    /// The events that are complete and were not read yet, as a list.
    ///
    /// Raises:
    ///     RuntimeError: the parser is in use.
    fn read_events<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let (events, awake) = self.shared.slot.with(|state| Ok((state.events(py)?, state.is_awake())))?;
        if awake {
            self.shared.take_seat(py);
        }
        Ok(events)
    }

    /// End the document; more than once does nothing.
    ///
    /// Raises:
    ///     IncompleteError: it was cut short; its offset is the count of bytes fed.
    ///     ParseError: it was refused before, or is at its end.
    ///     RuntimeError: the parser is in use.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.shared.slot.with(|state| state.read(py, b"", true, self.audit.as_ref()))
    }

    /// A parser in the same state, unread events included, which goes on apart from this one.
    fn fork(&self, py: Python<'_>) -> PyResult<Self> {
        let state = self.shared.slot.with(|state| state.fork(py))?;
        let awake = state.is_awake();
        let shared = Shared::new(state);
        if awake {
            shared.take_seat(py);
        }
        Ok(Self { shared, audit: self.audit.as_ref().map(|audit| audit.clone_ref(py)) })
    }

    /// What this parse has counted: a forkedenc.runtime.Stats.
    #[getter]
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.shared.slot.with(|state| {
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
        self.shared.slot.with(|state| {
            Ok(match &state.parse {
                Parse::Fresh => 0,
                Parse::Awake(parser) => parser.depth(),
                Parse::Parked(parked) => parked.depth(),
            })
        })
    }

    fn __traverse__(&self, visit: pyo3::PyVisit<'_>) -> Result<(), pyo3::PyTraverseError> {
        self.shared.slot.visit(|state| visit.call(&state.waiting))?;
        visit.call(&self.audit)
    }

    fn __clear__(&self) {
        self.shared.slot.clear(|state| state.waiting.take());
    }
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PullParser>()
}
