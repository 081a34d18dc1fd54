//! The engine of `XMLParser`, `XMLPullParser` and `iterparse`: a parser fed in chunks that builds a tree or calls a target.
//!
//! During a call the state is taken out of the object; whoever calls in meanwhile, a target's method or another thread, finds it
//! gone and gets a RuntimeError.

use forkedenc_core::position::Place;
use forkedenc_core::xml::{DtdMode, Flow, Kind, Options, Parser, Runs};
use pyo3::exceptions::{PyBaseException, PyMemoryError, PyRuntimeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString};

use super::builder::{Building, Events, Reported, Tree, Undefined};
use super::elements::Elements;
use super::target::{Calling, Methods, Target};
use crate::gc::Pause;
use crate::slot::Slot;
use crate::text::Units;
use crate::xml::options::{Face, options};
use crate::xml::raise::raise;
use crate::xml::session::{Kept, with_chunk};
use crate::xml::strings::Strings;
use crate::{errors, fallible};

pub const FACE: &str = "xml.etree";
const DEFAULTS: Face = Face { runs: Runs::Tree, ..Face::STDLIB };

/// What comes of a parse.
enum Maker {
    Tree(Tree),
    Target(Target),
}

/// A parse with the names, strs and buffer that it has to itself.
struct Running {
    parser: Parser,
    strings: Strings,
    buffer: Vec<u8>,
}

/// A buffer that has grown past this is not kept between two chunks.
const KEPT: usize = 8 << 10;

struct State {
    options: Options,
    /// Made with the first chunk, which decides on the encoding if it is a str.
    running: Option<Running>,
    /// Where the parse ended.
    ended: Option<Place>,
    maker: Maker,
    /// The exception that every later call raises. Its traceback leads to frames, and from there often to this parser.
    waiting: Option<Py<PyBaseException>>,
    /// Or it is a MemoryError, each time a new one: the interpreter does not track those that it has used before, so one that is
    /// kept would never be collected.
    out_of_memory: bool,
    closed: bool,
}

/// The exception of a failed parse.
pub fn failure(py: Python<'_>, parser: &Parser, undefined: Option<Undefined>) -> PyErr {
    if let Some(undefined) = undefined {
        return raise_undefined(py, &undefined);
    }
    match parser.error() {
        Some(error) => raise(py, FACE, error),
        None => PyRuntimeError::new_err("a parse failed without an error"),
    }
}

fn raise_undefined(py: Python<'_>, undefined: &Undefined) -> PyErr {
    let place = undefined.place;
    let make = || {
        let detail = fallible::dict(py)?;
        fallible::put_text(&detail, "entity", &undefined.name)?;
        Ok(errors::raise(py, FACE, "undefined_entity", place.offset, place.line, place.column, "", detail))
    };
    make().unwrap_or_else(|failed| failed)
}

/// The bytes of a chunk; a str is read as UTF-8, and `true` says so.
pub fn with_input<T>(data: &Bound<'_, PyAny>, work: impl FnOnce(&[u8], bool) -> PyResult<T>) -> PyResult<T> {
    if !data.is_instance_of::<PyString>() {
        return with_chunk(data, |bytes| work(bytes, false));
    }
    // SAFETY: attached; a str, alive and unchanged while borrowed.
    let units = unsafe { Units::of(data.as_ptr()) };
    if let Units::Ascii(bytes) = units {
        return work(bytes, true);
    }
    let mut text = Vec::new();
    if !units.encode(0, units.len(), &mut text) {
        return Err(PyMemoryError::new_err(()));
    }
    work(&text, true)
}

impl State {
    fn feed(&mut self, py: Python<'_>, bytes: &[u8], text: bool, last: bool) -> PyResult<()> {
        if let Some(error) = &self.waiting {
            let error = PyErr::from_value(error.bind(py).clone().into_any());
            // Else each call would add its frames to those of the calls before.
            error.set_traceback(py, None);
            return Err(error);
        }
        if self.out_of_memory {
            return Err(PyMemoryError::new_err(()));
        }
        if self.closed {
            return Err(self.finished(py));
        }
        self.closed = last;
        let running = self.running.get_or_insert_with(|| {
            if text {
                self.options.encoding = Some("utf-8".to_owned());
            }
            let Kept { names, strings, buffer } = Kept::take(py);
            Running { parser: Parser::new(&self.options, names, 0), strings, buffer }
        });
        let Running { parser, strings, buffer } = running;
        strings.begin(parser.names());
        parser.stack_mut().resume();
        let (flow, undefined, told) = match &mut self.maker {
            Maker::Tree(tree) => {
                let pause = Pause::for_bytes(py, bytes.len());
                let flow = parser.feed(&mut Building { py, tree, strings }, bytes, buffer, last);
                drop(pause);
                (flow, tree.undefined.take(), Ok(()))
            }
            Maker::Target(target) => {
                let mut sink = Calling { py, target, strings };
                let flow = parser.feed(&mut sink, bytes, buffer, last);
                // What came before an error of the document is told too, wherever the input was cut.
                let by_target = matches!(parser.error().map(|error| error.kind), Some(Kind::Sink));
                let told = if by_target { Ok(()) } else { sink.flush() };
                (flow, target.undefined.take(), told)
            }
        };
        parser.note_depth();
        let outcome = told.and_then(|()| match flow {
            Flow::Failed => Err(failure(py, parser, undefined)),
            _ => Ok(()),
        });
        if last || outcome.is_err() {
            self.end(py);
        } else {
            parser.stack_mut().suspend();
            if buffer.capacity() > KEPT {
                *buffer = Vec::new();
            }
        }
        outcome.map_err(|error| self.give_up(py, error))
    }

    /// Nothing is read any more: what the next parse may use is given back.
    fn end(&mut self, py: Python<'_>) {
        if let Some(Running { parser, strings, buffer }) = self.running.take() {
            self.ended = Some(parser.place());
            Kept { names: parser.into_names(), strings, buffer }.give(py);
        }
    }

    /// expat's own answer to a parser that has done its work.
    fn finished(&self, py: Python<'_>) -> PyErr {
        let place = self.ended.unwrap_or(Place::START);
        match fallible::dict(py) {
            Ok(detail) => errors::raise(py, FACE, "finished", place.offset, place.line, place.column, "", detail),
            Err(failed) => failed,
        }
    }

    /// This error ends the parse.
    fn give_up(&mut self, py: Python<'_>, error: PyErr) -> PyErr {
        if error.is_instance_of::<PyMemoryError>(py) {
            self.out_of_memory = true;
        } else {
            self.waiting = Some(error.clone_ref(py).into_value(py));
        }
        match &mut self.maker {
            Maker::Tree(tree) => tree.abandon(),
            Maker::Target(target) => target.run = Vec::new(),
        }
        error
    }
}

impl State {
    fn begun(&self) -> bool {
        self.running.is_some() || self.ended.is_some()
    }

    /// What leads to other objects; nobody can reach the parser any more, but for the finalizers of what dies with it.
    fn release(&mut self) -> (Option<Py<PyBaseException>>, Maker) {
        (self.waiting.take(), std::mem::replace(&mut self.maker, Maker::Target(Target::default())))
    }
}

/// Parses XML fed in chunks into a tree, or tells a target of it.
#[pyclass(frozen, module = "forkedenc._native", name = "TreeParser")]
struct TreeParser {
    slot: Slot<State>,
}

#[pymethods]
impl TreeParser {
    #[new]
    #[pyo3(signature = (entity, *, target=None, encoding=None, limits=None, dtd=None, encodings=None, forbid_dtd=false, forbid_entities=false, forbid_external=false))]
    #[expect(clippy::too_many_arguments, reason = "the keywords of the public class")]
    fn new(
        entity: Bound<'_, PyDict>,
        target: Option<Bound<'_, PyAny>>,
        encoding: Option<String>,
        limits: Option<&Bound<'_, PyAny>>,
        dtd: Option<&str>,
        encodings: Option<&Bound<'_, PyAny>>,
        forbid_dtd: bool,
        forbid_entities: bool,
        forbid_external: bool,
    ) -> PyResult<Self> {
        let options =
            tree_options(encoding.as_deref(), limits, dtd, encodings, forbid_dtd, forbid_entities, forbid_external)?;
        let maker = match target {
            None => {
                let mut tree = Tree::new(Elements::get()?);
                tree.entity = Some(entity.unbind());
                Maker::Tree(tree)
            }
            Some(target) => Maker::Target(Target::new(&target, entity)?),
        };
        let state =
            State { options, running: None, ended: None, maker, waiting: None, out_of_memory: false, closed: false };
        Ok(Self { slot: Slot::new(state) })
    }

    /// Feed a chunk: bytes, a contiguous buffer, or a str.
    fn feed(&self, data: &Bound<'_, PyAny>) -> PyResult<()> {
        self.slot.with(|state| with_input(data, |bytes, text| state.feed(data.py(), bytes, text, false)))
    }

    /// End the document; the root element, or None where a target was told.
    fn close<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.slot.with(|state| {
            state.feed(py, b"", false, true)?;
            Ok(match &state.maker {
                Maker::Tree(tree) => tree.root(py),
                Maker::Target(_) => None,
            })
        })
    }

    /// Call a target from now on, which is possible before anything was fed.
    fn set_target(&self, target: &Bound<'_, PyAny>) -> PyResult<()> {
        self.slot.with(|state| {
            let begun = state.begun();
            let Maker::Tree(tree) = &mut state.maker else {
                return Err(PyRuntimeError::new_err("there is a target already"));
            };
            if begun || tree.events.is_some() {
                return Err(PyRuntimeError::new_err("the parser has begun"));
            }
            let entity = match tree.entity.take() {
                Some(entity) => entity.into_bound(target.py()),
                None => fallible::dict(target.py())?,
            };
            state.maker = Maker::Target(Target::new(target, entity)?);
            Ok(())
        })
    }

    /// Report these events from now on, each as `(event, element)`: to `append` where there is a target, else to a list.
    fn set_events(&self, py: Python<'_>, events: &Bound<'_, PyAny>, append: Py<PyAny>) -> PyResult<()> {
        let reported = reported(events)?;
        self.slot.with(|state| {
            match &mut state.maker {
                Maker::Tree(tree) => tree.events = Some(Events { reported, list: fallible::list(py)?.unbind() }),
                Maker::Target(target) => target.events = Some((append, reported)),
            }
            Ok(())
        })
    }

    /// The events since the last call; none where there is a target.
    fn take_events<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        self.slot.with(|state| {
            let list = fallible::list(py)?;
            match &mut state.maker {
                Maker::Tree(Tree { events: Some(events), .. }) => {
                    Ok(std::mem::replace(&mut events.list, list.unbind()).into_bound(py))
                }
                _ => Ok(list),
            }
        })
    }

    /// Has anything been fed?
    #[getter]
    fn begun(&self) -> PyResult<bool> {
        self.slot.with(|state| Ok(state.begun()))
    }

    /// Has a DOCTYPE been read?
    #[getter]
    fn doctype(&self) -> PyResult<bool> {
        self.slot.with(|state| {
            Ok(match &state.maker {
                Maker::Tree(tree) => tree.doctype,
                Maker::Target(target) => target.doctype,
            })
        })
    }

    fn __traverse__(&self, visit: pyo3::PyVisit<'_>) -> Result<(), pyo3::PyTraverseError> {
        self.slot.visit(|state| {
            visit.call(&state.waiting)?;
            match &state.maker {
                Maker::Tree(tree) => tree.traverse(&visit),
                Maker::Target(target) => target.traverse(&visit),
            }
        })
    }

    fn __clear__(&self) {
        self.slot.clear(State::release);
    }
}

impl Target {
    fn new(target: &Bound<'_, PyAny>, entity: Bound<'_, PyDict>) -> PyResult<Self> {
        let py = target.py();
        // Names that are interned, or each target would fill the interpreter's cache of attributes with new ones.
        let method = |name: &Bound<'_, PyString>| -> PyResult<Option<Py<PyAny>>> {
            Ok(target.getattr_opt(name)?.map(Bound::unbind))
        };
        let methods = Methods {
            start: method(intern!(py, "start"))?,
            end: method(intern!(py, "end"))?,
            data: method(intern!(py, "data"))?,
            comment: method(intern!(py, "comment"))?,
            pi: method(intern!(py, "pi"))?,
            start_ns: method(intern!(py, "start_ns"))?,
            end_ns: method(intern!(py, "end_ns"))?,
            doctype: method(intern!(py, "doctype"))?,
        };
        let entity = Some(entity.unbind());
        Ok(Self { methods, entity, ..Self::default() })
    }
}

/// The names of events, a sequence of str or ASCII bytes.
fn reported(events: &Bound<'_, PyAny>) -> PyResult<Reported> {
    let py = events.py();
    if events.is_none() {
        return Ok(Reported { end: Some(fallible::text(py, "end")?.unbind()), ..Reported::default() });
    }
    let mut reported = Reported::default();
    for event in events.try_iter()? {
        let event = event?;
        let name = if let Ok(bytes) = event.cast::<PyBytes>() {
            String::from_utf8_lossy(bytes.as_bytes()).into_owned()
        } else if event.is_instance_of::<PyString>() {
            event.extract()?
        } else {
            return Err(PyValueError::new_err("invalid events sequence"));
        };
        let place = match name.as_str() {
            "start" => &mut reported.start,
            "end" => &mut reported.end,
            "comment" => &mut reported.comment,
            "pi" => &mut reported.pi,
            "start-ns" => &mut reported.start_ns,
            "end-ns" => &mut reported.end_ns,
            _ => return Err(PyValueError::new_err(format!("unknown event '{name}'"))),
        };
        *place = Some(event.unbind());
    }
    Ok(reported)
}

/// The options of the faces that build trees.
pub fn tree_options(
    encoding: Option<&str>,
    limits: Option<&Bound<'_, PyAny>>,
    dtd: Option<&str>,
    encodings: Option<&Bound<'_, PyAny>>,
    forbid_dtd: bool,
    forbid_entities: bool,
    forbid_external: bool,
) -> PyResult<Options> {
    let mut options = options(DEFAULTS, limits, dtd, true, encodings, encoding)?;
    if forbid_dtd {
        options.rules.dtd = DtdMode::Forbid;
    }
    options.rules.forbid_entities = forbid_entities;
    options.rules.forbid_external = forbid_external;
    Ok(options)
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<TreeParser>()
}
