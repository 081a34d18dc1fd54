//! `SanitizerStream`: one document, cleaned as it is fed; other threads run meanwhile.

use std::sync::{Arc, Mutex, MutexGuard, TryLockError};

use forkedenc_core::xml::sanitize::{Engine, Host, Kind, Plan, Refusal, Removal, Report, Session};
use forkedenc_core::xml::write::Out;
use forkedenc_core::xml::{Flow, Kind as ErrorKind, Parser};
use pyo3::exceptions::{PyMemoryError, PyRuntimeError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString, PyTuple};

use super::plan::SanitizerPlan;
use crate::fallible::Spare;
use crate::runtime::stats_object;
use crate::xml::raise::raise;
use crate::xml::session::{Kept, with_chunk};
use crate::xml::strings::Strings;
use crate::{errors, fallible};

/// What is read before what was written is handed over.
const PIECE: usize = 64 << 10;
/// The face of errors.
const FACE: &str = "xml.sanitize";

/// Asks Python about HTML.
struct Hook {
    function: Option<Py<PyAny>>,
    failure: Option<PyErr>,
}

impl Host for Hook {
    fn html_text(&mut self, text: &str) -> Option<Vec<u8>> {
        let function = self.function.as_ref()?;
        let asked = Python::attach(|py| -> PyResult<Vec<u8>> {
            let made = function.bind(py).call1((fallible::text(py, text)?,))?;
            let Ok(made) = made.cast::<PyString>() else {
                let message = format!("html_text= must give a str, not {}", made.get_type().name()?);
                return Err(PyTypeError::new_err(message));
            };
            let made = made.to_str()?;
            if made.chars().any(|character| !forkedenc_core::xml::is_char(character as u32)) {
                return Err(PyValueError::new_err("html_text= gave a character that XML does not have"));
            }
            Ok(made.as_bytes().to_vec())
        });
        asked.map_err(|error| self.failure = Some(error)).ok()
    }
}

struct State {
    parser: Parser,
    engine: Engine,
    plan: Arc<Plan>,
    buffer: Vec<u8>,
    /// Kept for who comes next, with the names that they belong to.
    strings: Strings,
    hook: Hook,
    ended: bool,
    /// Nothing more can be made of the document.
    failed: bool,
}

/// One document being cleaned; made by `forkedenc.xml.sanitize`.
#[pyclass(frozen, module = "forkedenc._native")]
pub struct SanitizerStream {
    state: Mutex<State>,
}

impl SanitizerStream {
    fn lock(&self) -> PyResult<MutexGuard<'_, State>> {
        match self.state.try_lock() {
            Ok(state) => Ok(state),
            Err(TryLockError::Poisoned(state)) => Ok(state.into_inner()),
            Err(TryLockError::WouldBlock) => Err(PyRuntimeError::new_err("the stream is in use")),
        }
    }
}

impl State {
    /// Reads a chunk. `spare`: gets what was written after each piece of it.
    fn read(&mut self, py: Python<'_>, bytes: &[u8], last: bool, spare: Option<&mut Spare<'_>>) -> PyResult<()> {
        if self.failed {
            return Err(PyRuntimeError::new_err("the stream has failed"));
        }
        let Self { parser, engine, plan, buffer, hook, .. } = self;
        parser.stack_mut().resume();
        let asks = hook.function.is_some();
        let flow = py.detach(|| {
            let mut session = Session { engine, plan, host: hook, asks };
            let Some(spare) = spare else { return parser.feed(&mut session, bytes, buffer, last) };
            let mut rest = bytes;
            loop {
                let (piece, behind) = rest.split_at(rest.len().min(PIECE));
                let flow = parser.feed(&mut session, piece, buffer, last && behind.is_empty());
                if spare.push(session.engine.out.done.bytes()) {
                    session.engine.out.done.take();
                }
                rest = behind;
                if flow == Flow::Failed || rest.is_empty() {
                    return flow;
                }
            }
        });
        parser.note_depth();
        if flow == Flow::NeedMore {
            parser.stack_mut().suspend();
        }
        if flow != Flow::Failed && engine.out.done.failure().is_none() {
            return Ok(());
        }
        self.failed = true;
        let Some(error) = self.parser.error() else { return Err(PyMemoryError::new_err(())) };
        if error.kind != ErrorKind::Sink {
            return Err(raise(py, FACE, error));
        }
        Err(match self.engine.take_refusal() {
            Some(refusal) => self.refused(py, refusal),
            None => PyMemoryError::new_err(()),
        })
    }

    fn refused(&mut self, py: Python<'_>, refusal: Refusal) -> PyErr {
        let mut made = || -> PyResult<PyErr> {
            let detail = fallible::dict(py)?;
            let (kind, place, path) = match &refusal {
                Refusal::Policy { kind, name, rule, place, path } => {
                    fallible::put_text(&detail, "name", name)?;
                    fallible::put_text(&detail, "rule", rule)?;
                    fallible::put_text(&detail, "policy", kind.name())?;
                    ("policy", place, path)
                }
                Refusal::Limit { limit, maximum, observed, place, path } => {
                    errors::set_limit(&detail, *limit, *maximum, *observed)?;
                    ("limit", place, path)
                }
                Refusal::Host => {
                    let failure = self.hook.failure.take();
                    return Ok(failure.unwrap_or_else(|| PyRuntimeError::new_err("html_text= failed without a reason")));
                }
                Refusal::OutOfMemory => return Ok(PyMemoryError::new_err(())),
            };
            Ok(errors::raise(py, FACE, kind, place.offset, place.line, place.column, path, detail))
        };
        made().unwrap_or_else(|error| error)
    }

    /// Reads in pieces; what was written goes to `write`, but for its last byte, without which nothing is a document.
    fn feed(&mut self, py: Python<'_>, bytes: &[u8], write: &Bound<'_, PyAny>) -> PyResult<()> {
        if self.ended {
            return Err(PyValueError::new_err("the document has ended"));
        }
        let mut pieces = bytes.chunks(PIECE).peekable();
        while let Some(piece) = pieces.next() {
            self.read(py, piece, false, None)?;
            let out = &mut self.engine.out.done;
            if out.used() > 1 && (out.used() > PIECE || pieces.peek().is_none()) {
                let Some((&last, ready)) = out.bytes().split_last() else { continue };
                let written = fallible::bytes(py, ready)?;
                out.take();
                out.put([last]);
                // What it lost is missing: nothing may follow it.
                write.call1((written,)).inspect_err(|_| self.failed = true)?;
            }
        }
        Ok(())
    }

    fn finish(&mut self, py: Python<'_>, bytes: &[u8], spare: Option<&mut Spare<'_>>) -> PyResult<()> {
        if self.ended {
            return Err(PyValueError::new_err("the document has ended"));
        }
        self.ended = true;
        let outcome = self.read(py, bytes, true, spare);
        // Nothing is read any more: the next parse goes on with the names and the buffer.
        self.engine.rest(&self.plan);
        let (names, buffer) = (self.parser.take_names(), std::mem::take(&mut self.buffer));
        Kept { names, buffer, strings: std::mem::take(&mut self.strings) }.give(py);
        outcome
    }
}

#[pymethods]
impl SanitizerStream {
    #[new]
    #[pyo3(signature = (plan, limits=None, html_text=None, encoding=None))]
    fn new(
        py: Python<'_>,
        plan: &SanitizerPlan,
        limits: Option<&Bound<'_, PyAny>>,
        html_text: Option<Py<PyAny>>,
        encoding: Option<String>,
    ) -> PyResult<Self> {
        let mut options = plan.options(limits)?;
        options.encoding = encoding;
        let Kept { names, buffer, strings } = Kept::take(py);
        let mut parser = Parser::new(&options, names, 0);
        parser.widen(plan.wide(&options.limits));
        let engine = Engine::new(&plan.plan, options.limits.text_bytes, parser.names().generation());
        let plan = Arc::clone(&plan.plan);
        let hook = Hook { function: html_text, failure: None };
        Ok(Self {
            state: Mutex::new(State { parser, engine, plan, buffer, strings, hook, ended: false, failed: false }),
        })
    }

    /// Feed a chunk; `write` is called with what of the output is ready.
    fn feed(&self, data: &Bound<'_, PyAny>, write: &Bound<'_, PyAny>) -> PyResult<()> {
        with_chunk(data, |bytes| self.lock()?.feed(data.py(), bytes, write))
    }

    /// End the document; `write` is called with the rest of the output.
    fn close(&self, py: Python<'_>, write: &Bound<'_, PyAny>) -> PyResult<()> {
        let mut state = self.lock()?;
        state.finish(py, b"", None)?;
        let written = fallible::bytes(py, state.engine.out.done.bytes())?;
        state.engine.out.done = Out::default();
        write.call1((written,)).map(|_| ())
    }

    /// Clean a whole document at once.
    fn clean<'py>(&self, data: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = data.py();
        with_chunk(data, |bytes| {
            let mut state = self.lock()?;
            let mut made = fallible::Growing::new(py, bytes.len() + bytes.len() / 32 + 256)?;
            let mut spare = made.spare(0);
            state.finish(py, bytes, Some(&mut spare))?;
            let used = spare.used();
            let rest = std::mem::take(&mut state.engine.out.done);
            made.finish(used, rest.bytes())
        })
    }

    /// What was taken out so far: changed, the numbers by kind, and the first removals.
    fn report<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let state = self.lock()?;
        let Report { changed, removals, counts } = &state.engine.report;
        let by_kind = fallible::dict(py)?;
        for (kind, count) in Kind::ALL.iter().zip(counts).filter(|(_, count)| **count > 0) {
            fallible::put_int(&by_kind, kind.name(), *count)?;
        }
        let removals = Bound::new(py, SanitizerRemovals { removals: Arc::clone(removals) })?;
        fallible::tuple(py, [fallible::truth(py, *changed), by_kind.into_any(), removals.into_any()])
    }

    /// What this document has counted: a forkedenc.runtime.Stats.
    #[getter]
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        stats_object(py, &self.lock()?.parser.stack().stats())
    }
}

/// The removals of a report, made objects when they are asked for.
#[pyclass(frozen, module = "forkedenc._native")]
pub struct SanitizerRemovals {
    removals: Arc<Vec<Removal>>,
}

#[pymethods]
impl SanitizerRemovals {
    fn __len__(&self) -> usize {
        self.removals.len()
    }

    /// As (kind, name, path, offset, line, column, rule).
    fn list<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let list = fallible::list(py)?;
        for removal in self.removals.iter() {
            let place = removal.place;
            list.append(fallible::tuple(
                py,
                [
                    fallible::text(py, removal.kind.name())?,
                    fallible::text(py, &removal.name)?,
                    fallible::text(py, &removal.path)?,
                    fallible::int(py, place.offset)?,
                    fallible::int(py, place.line)?,
                    fallible::int(py, place.column)?,
                    fallible::text(py, removal.rule)?,
                ],
            )?)?;
        }
        Ok(list)
    }
}
