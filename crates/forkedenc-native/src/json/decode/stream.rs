//! Streams: `json.StreamDecoder`, the engine of `json.items` and `json.members`, and `Checker`, which builds nothing.
//!
//! During a call the state is taken out of the object; whoever calls in meanwhile, a hook or another thread, finds it
//! gone and gets a RuntimeError.

use std::sync::Mutex;

use forkedenc_core::error::Error;
use forkedenc_core::json::navigate::{NavigationStep, Navigator};
use forkedenc_core::json::stream::{Chunk, Event, Framing, Stream};
use forkedenc_core::json::{Builder, Check, Rules};
use forkedenc_core::limits::JsonLimits;
use pyo3::exceptions::{PyBaseException, PyMemoryError, PyRuntimeError, PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyEllipsis, PyList, PyString, PyType};

use super::decoder::{FACE, Wanted, generic_alias, options, start_of, target};
use super::session::{Buffers, raise};
use super::values::{AnyBuilder, Target, Values, failure, with_builder};
use crate::audit::{self, audit_of};
use crate::fallible;
use crate::input;
use crate::limits::json_limits;
use crate::runtime::stats_object;
use crate::slot::Slot;
use crate::text;

/// A stream and the builder of its documents.
struct State {
    stream: Stream,
    target: Target,
    builder: AnyBuilder,
    /// `members`: documents are handed out with their key.
    members: bool,
    /// The exception that every later call raises. Its traceback leads to frames, and from there often to this decoder.
    waiting: Option<Py<PyBaseException>>,
    /// The stream ended for want of memory; each later call raises a MemoryError of its own. The interpreter may have had
    /// none left but its one immortal MemoryError, and with that kept here a decoder would never be freed (CPython 3.12, 3.13).
    exhausted: bool,
    closed: bool,
}

impl State {
    /// Feeds bytes, hands out what is complete.
    fn read<'py>(
        &mut self,
        py: Python<'py>,
        bytes: &[u8],
        scratch: &mut Vec<u8>,
        last: bool,
        audit: Option<&Py<PyAny>>,
    ) -> PyResult<Bound<'py, PyList>> {
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
            return if last { fallible::list(py) } else { Err(PyValueError::new_err("the decoder is closed")) };
        }
        self.closed = last;
        let mut pause = self.target.pause(py, usize::MAX);
        // Made under the pause: what the feeds before built would else be looked through with every feed.
        let values = fallible::list(py)?;
        self.stream.machine_mut().stack_mut().resume();
        let mut chunk = Chunk::new(bytes, scratch, last);
        let failed = loop {
            match with_builder!(&mut self.builder, builder => self.stream.next(builder, &mut chunk)) {
                Event::NeedMore => break None,
                Event::Document => {
                    if let Err(error) = self.take(py).and_then(|value| values.append(value)) {
                        return Err(self.give_up(py, error));
                    }
                }
                Event::BadRecord(error) => {
                    // Making an exception is Python code.
                    drop(pause.take());
                    let error = with_builder!(&mut self.builder, builder => failure(py, &error, builder));
                    if let Err(error) = values.append(error.into_value(py)) {
                        return Err(self.give_up(py, error));
                    }
                    pause = self.target.pause(py, usize::MAX);
                }
                Event::Failed(error) => break Some(error),
            }
        };
        drop(pause);
        let machine = self.stream.machine_mut();
        machine.note_depth();
        if self.stream.is_inside() && !last {
            self.stream.machine_mut().stack_mut().suspend();
        }
        if let Some(audit) = audit {
            let breaches = self.stream.take_breaches();
            audit::tell(py, audit, &breaches)?;
        }
        if let Some(error) = failed {
            self.fail(py, &error, values.is_empty())?;
        }
        Ok(values)
    }

    /// The error is the decoder's last word: at once, or, where values came first, with the next call.
    fn fail(&mut self, py: Python<'_>, error: &Error, now: bool) -> PyResult<()> {
        let error = with_builder!(&mut self.builder, builder => failure(py, error, builder));
        let error = self.give_up(py, error);
        if now { Err(error) } else { Ok(()) }
    }

    /// This error ends the stream: what stands behind it in the chunk is not read.
    fn give_up(&mut self, py: Python<'_>, error: PyErr) -> PyErr {
        with_builder!(&mut self.builder, builder => builder.abandon());
        if error.is_instance_of::<PyMemoryError>(py) {
            self.exhausted = true;
        } else {
            self.waiting = Some(error.clone_ref(py).into_value(py));
        }
        error
    }

    fn take<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let value = with_builder!(&mut self.builder, builder => builder.finished(py))
            .ok_or_else(|| PyRuntimeError::new_err("a document without a value"))?;
        if !self.members {
            return Ok(value);
        }
        // SAFETY: attached; the machine has checked the key.
        let key = unsafe { Bound::from_owned_ptr_or_err(py, text::from_utf8(self.stream.machine().key())) }?;
        Ok(fallible::tuple(py, [key, value])?.into_any())
    }

    fn visit(&self, visit: &pyo3::PyVisit<'_>) -> Result<(), pyo3::PyTraverseError> {
        visit.call(&self.waiting)?;
        self.target.visit(visit)?;
        self.builder.visit(visit)
    }

    fn fork(&self, py: Python<'_>) -> PyResult<Self> {
        Ok(Self {
            stream: self.stream.fork().ok_or_else(|| PyMemoryError::new_err(()))?,
            target: self.target.clone_ref(py),
            builder: self.builder.fork(py)?,
            members: self.members,
            waiting: self.waiting.as_ref().map(|error| error.clone_ref(py)),
            exhausted: self.exhausted,
            closed: self.closed,
        })
    }
}

/// Bytes or a contiguous buffer for `feed`; str is refused.
fn with_chunk<'py, T>(data: &Bound<'py, PyAny>, work: impl FnOnce(&[u8], &mut Vec<u8>) -> PyResult<T>) -> PyResult<T> {
    if data.is_instance_of::<PyString>() {
        return Err(PyTypeError::new_err("a chunk must be bytes or a contiguous buffer, not str"));
    }
    let mut buffers = Buffers::take();
    // SAFETY: attached; a bytes object never changes, and `data` is borrowed for the whole call.
    let outcome = unsafe {
        if ffi::PyBytes_CheckExact(data.as_ptr()) != 0 {
            work(input::bytes_of(data.as_ptr()), &mut buffers.scratch)
        } else {
            let mut copy = Vec::new();
            input::copy_buffer(data, &mut copy).and_then(|()| work(&copy, &mut buffers.scratch))
        }
    };
    buffers.give();
    outcome
}

fn framing_of(name: &str) -> PyResult<Framing> {
    match name {
        "concatenated" => Ok(Framing::Concatenated),
        "lines" => Ok(Framing::Lines),
        "seq" => Ok(Framing::Sequence),
        "array" => Ok(Framing::Inside(Navigator::array())),
        other => Err(PyValueError::new_err(format!(
            "framing must be 'concatenated', 'lines', 'seq' or 'array', not '{other}'"
        ))),
    }
}

/// Decodes a stream of JSON documents fed in chunks of any size.
#[pyclass(frozen, module = "forkedenc.json", name = "StreamDecoder")]
struct StreamDecoder {
    slot: Slot<State>,
    audit: Option<Py<PyAny>>,
}

#[pymethods]
impl StreamDecoder {
    #[new]
    #[pyo3(signature = (r#type=Wanted::Anything, *, framing="concatenated", limits=None, on_error="raise", strict=true, unknown=None, duplicate_keys=None, allow_nan=false, dec_hook=None, audit=None, depth_hint=None))]
    #[expect(clippy::too_many_arguments, reason = "the keywords of the public class")]
    fn new(
        py: Python<'_>,
        r#type: Wanted<'_>,
        framing: &str,
        limits: Option<&Bound<'_, PyAny>>,
        on_error: &str,
        strict: bool,
        unknown: Option<&str>,
        duplicate_keys: Option<&str>,
        allow_nan: bool,
        dec_hook: Option<Bound<'_, PyAny>>,
        audit: Option<Bound<'_, PyAny>>,
        depth_hint: Option<u64>,
    ) -> PyResult<Self> {
        let target = target(py, r#type, strict, unknown, dec_hook)?;
        let options = options(limits, duplicate_keys, allow_nan)?;
        let recovers = match on_error {
            "raise" => false,
            "yield" => true,
            other => return Err(PyValueError::new_err(format!("on_error must be 'raise' or 'yield', not '{other}'"))),
        };
        let framing = framing_of(framing)?;
        let audit = audit_of(audit)?;
        let mut stream = Stream::new(framing, options.limits, options.rules, start_of(depth_hint), recovers);
        if audit.is_some() {
            stream.machine_mut().audit();
        }
        let builder = target.builder(py, &options);
        Ok(Self {
            slot: Slot::new(State {
                stream,
                target,
                builder,
                members: false,
                waiting: None,
                exhausted: false,
                closed: false,
            }),
            audit,
        })
    }

    /// Feed a chunk; the values that are complete now.
    fn feed<'py>(&self, data: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyList>> {
        let py = data.py();
        self.slot
            .with(|state| with_chunk(data, |bytes, scratch| state.read(py, bytes, scratch, false, self.audit.as_ref())))
    }

    /// End the stream; the values that its end completes. IncompleteError where it was cut short.
    fn close<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        self.slot.with(|state| state.read(py, b"", &mut Vec::new(), true, self.audit.as_ref()))
    }

    /// A decoder in the same state, which goes on apart from this one.
    fn fork(&self, py: Python<'_>) -> PyResult<Self> {
        let state = self.slot.with(|state| state.fork(py))?;
        Ok(Self { slot: Slot::new(state), audit: self.audit.as_ref().map(|audit| audit.clone_ref(py)) })
    }

    /// What this stream has counted: a forkedenc.runtime.Stats.
    #[getter]
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.slot.with(|state| stats_object(py, &state.stream.machine().stack().stats()))
    }

    /// Containers open now.
    #[getter]
    fn depth(&self) -> PyResult<u64> {
        self.slot.with(|state| Ok(state.stream.machine().depth()))
    }

    #[classmethod]
    fn __class_getitem__<'py>(class: &Bound<'py, PyType>, item: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        generic_alias(class, item)
    }

    fn __traverse__(&self, visit: pyo3::PyVisit<'_>) -> Result<(), pyo3::PyTraverseError> {
        self.slot.visit(|state| state.visit(&visit))?;
        visit.call(&self.audit)
    }

    fn __clear__(&self) {
        self.slot.clear(|state| state.waiting.take());
    }
}

/// The values at the end of a path, from one document fed in chunks.
#[pyclass(frozen, module = "forkedenc._native", name = "ItemStream")]
struct ItemStream {
    slot: Slot<State>,
}

#[pymethods]
impl ItemStream {
    #[new]
    #[pyo3(signature = (steps, members, r#type=Wanted::Anything, *, strict=true, unknown=None, limits=None, allow_nan=false, duplicate_keys=None, dec_hook=None, depth_hint=None))]
    #[expect(clippy::too_many_arguments, reason = "the keywords of the public functions")]
    fn new(
        py: Python<'_>,
        steps: &Bound<'_, PyAny>,
        members: bool,
        r#type: Wanted<'_>,
        strict: bool,
        unknown: Option<&str>,
        limits: Option<&Bound<'_, PyAny>>,
        allow_nan: bool,
        duplicate_keys: Option<&str>,
        dec_hook: Option<Bound<'_, PyAny>>,
        depth_hint: Option<u64>,
    ) -> PyResult<Self> {
        let target = target(py, r#type, strict, unknown, dec_hook)?;
        let steps = steps.try_iter()?.map(|step| step_of(&step?)).collect::<PyResult<_>>()?;
        let options = options(limits, duplicate_keys, allow_nan)?;
        let framing = Framing::Inside(Navigator::new(steps, members));
        let stream = Stream::new(framing, options.limits, options.rules, start_of(depth_hint), false);
        let builder = target.builder(py, &options);
        Ok(Self {
            slot: Slot::new(State { stream, target, builder, members, waiting: None, exhausted: false, closed: false }),
        })
    }

    /// Feed a chunk; the values, or (key, value) pairs, that are complete now.
    fn feed<'py>(&self, data: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyList>> {
        let py = data.py();
        self.slot.with(|state| with_chunk(data, |bytes, scratch| state.read(py, bytes, scratch, false, None)))
    }

    /// End the document.
    fn close<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        self.slot.with(|state| state.read(py, b"", &mut Vec::new(), true, None))
    }

    fn __traverse__(&self, visit: pyo3::PyVisit<'_>) -> Result<(), pyo3::PyTraverseError> {
        self.slot.visit(|state| state.visit(&visit))
    }

    fn __clear__(&self) {
        self.slot.clear(|state| state.waiting.take());
    }
}

fn step_of(step: &Bound<'_, PyAny>) -> PyResult<NavigationStep> {
    if step.is_instance_of::<PyEllipsis>() {
        return Ok(NavigationStep::Each);
    }
    if !step.is_instance_of::<PyString>() {
        return Err(PyTypeError::new_err("a step must be a str or ..."));
    }
    let mut key = Vec::new();
    // SAFETY: attached; it is a str, alive while borrowed.
    let units = unsafe { text::Units::of(step.as_ptr()) };
    if !units.encode(0, units.len(), &mut key) {
        return Err(PyMemoryError::new_err(()));
    }
    Ok(NavigationStep::Key(key))
}

/// Checks a stream of documents and builds nothing.
#[pyclass(frozen, module = "forkedenc._native", name = "Checker")]
struct Checker {
    stream: Mutex<Stream>,
}

impl Checker {
    fn lock(&self) -> PyResult<std::sync::MutexGuard<'_, Stream>> {
        self.stream.try_lock().map_err(|_| PyRuntimeError::new_err("the checker is in use by another thread"))
    }

    fn read(&self, py: Python<'_>, bytes: &[u8], scratch: &mut Vec<u8>, last: bool) -> PyResult<u64> {
        let mut guard = self.lock()?;
        let stream = &mut *guard;
        stream.machine_mut().stack_mut().resume();
        // No object is touched: other threads may run.
        let (documents, failed) = py.detach(|| {
            let mut chunk = Chunk::new(bytes, scratch, last);
            let mut documents = 0;
            loop {
                match stream.next(&mut Check, &mut chunk) {
                    Event::NeedMore => return (documents, None),
                    Event::Document => documents += 1,
                    Event::BadRecord(error) | Event::Failed(error) => return (documents, Some(error)),
                }
            }
        });
        stream.machine_mut().note_depth();
        if stream.is_inside() && !last {
            stream.machine_mut().stack_mut().suspend();
        }
        drop(guard);
        match failed {
            None => Ok(documents),
            Some(error) => Err(raise(py, FACE, &error, None, None)),
        }
    }
}

#[pymethods]
impl Checker {
    #[new]
    #[pyo3(signature = (framing, limits=None))]
    fn new(framing: &str, limits: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let limits = json_limits(limits, JsonLimits::DEFAULT)?;
        let framing = if framing == "document" { Framing::Single } else { framing_of(framing)? };
        Ok(Self { stream: Mutex::new(Stream::new(framing, limits, Rules::STRICT, 0, false)) })
    }

    /// Feed a chunk; the number of documents that are complete now.
    fn feed(&self, data: &Bound<'_, PyAny>) -> PyResult<u64> {
        with_chunk(data, |bytes, scratch| self.read(data.py(), bytes, scratch, false))
    }

    /// End the stream; the number of documents that its end completes.
    fn close(&self, py: Python<'_>) -> PyResult<u64> {
        self.read(py, b"", &mut Vec::new(), true)
    }

    /// What this stream has counted: a forkedenc.runtime.Stats.
    #[getter]
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        stats_object(py, &self.lock()?.machine().stack().stats())
    }

    /// Containers open now.
    #[getter]
    fn depth(&self) -> PyResult<u64> {
        Ok(self.lock()?.machine().depth())
    }
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<StreamDecoder>()?;
    module.add_class::<ItemStream>()?;
    module.add_class::<Checker>()
}
