//! `json.decode` and `json.Decoder`: RFC 8259 and nothing else, whole documents.

use forkedenc_core::json::stream::{Chunk, Event, Framing, Stream};
use forkedenc_core::json::{Machine, Rules};
use forkedenc_core::limits::JsonLimits;
use forkedenc_runtime::{StartSize, Totals};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyAny;

use super::session::{Buffers, Options, duplicates};
use super::typed::compile;
use super::values::{Target, Values, Work, failure};
use crate::audit::{self, audit_of, is_callable};
use crate::input;
use crate::limits::json_limits;
use crate::runtime::stats_object;

pub const FACE: &str = "json";

/// Bytes of stack that one level of depth takes.
const LEVEL: usize = 16;

/// `depth_hint=`: levels, as bytes of stack to begin with.
pub fn start_of(depth_hint: Option<u64>) -> usize {
    depth_hint.map_or(0, |levels| usize::try_from(levels).unwrap_or(usize::MAX).saturating_mul(LEVEL))
}

/// The options of the native faces.
pub fn options(limits: Option<&Bound<'_, PyAny>>, duplicate_keys: Option<&str>, allow_nan: bool) -> PyResult<Options> {
    Ok(Options {
        limits: json_limits(limits, JsonLimits::DEFAULT)?,
        rules: Rules { nan: allow_nan, ..Rules::STRICT },
        duplicates: duplicates(duplicate_keys)?,
    })
}

/// `type=`: a type, of which None is one, or nothing said.
pub enum Wanted<'py> {
    Anything,
    Type(Bound<'py, PyAny>),
}

impl<'py> FromPyObject<'_, 'py> for Wanted<'py> {
    type Error = PyErr;

    fn extract(kind: pyo3::Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        Ok(Self::Type(kind.to_owned()))
    }
}

/// `type=` and what goes with it: what documents are decoded to.
pub fn target(
    py: Python<'_>,
    kind: Wanted<'_>,
    strict: bool,
    unknown: Option<&str>,
    dec_hook: Option<Bound<'_, PyAny>>,
) -> PyResult<Target> {
    match unknown {
        None | Some("rest" | "ignore" | "error") => {}
        Some(other) => {
            return Err(PyValueError::new_err(format!("unknown must be 'rest', 'ignore' or 'error', not '{other}'")));
        }
    }
    let hook = is_callable("dec_hook", dec_hook)?;
    match kind {
        Wanted::Anything => Ok(Target::ANY),
        Wanted::Type(kind) => compile::target(py, &kind, strict, unknown, hook),
    }
}

/// Reads one document; what the machine counted goes to `count`.
fn read<'py>(
    data: &Bound<'py, PyAny>,
    options: &Options,
    target: &Target,
    audit: Option<&Py<PyAny>>,
    start: usize,
    count: impl FnOnce(&Machine),
) -> PyResult<Bound<'py, PyAny>> {
    let py = data.py();
    let mut buffers = Buffers::take();
    let value = target.with(py, options, &mut buffers, Reading { data, options, target, audit, start, count });
    buffers.give();
    value
}

/// One document about to be read.
struct Reading<'a, 'py, C> {
    data: &'a Bound<'py, PyAny>,
    options: &'a Options,
    target: &'a Target,
    audit: Option<&'a Py<PyAny>>,
    start: usize,
    count: C,
}

impl<'py, C: FnOnce(&Machine)> Work<PyResult<Bound<'py, PyAny>>> for Reading<'_, 'py, C> {
    #[inline(always)]
    fn run<B: Values>(self, mut builder: B, buffers: &mut Buffers) -> PyResult<Bound<'py, PyAny>> {
        let Self { data, options, target, audit, start, count } = self;
        let py = data.py();
        // SAFETY: `data` is borrowed for the whole call.
        let input = unsafe { input::read(data, &mut buffers.scratch) }?;
        let pause = target.pause(py, input.len());
        let mut breaches = Vec::new();
        let outcome = if audit.is_some() || input.len() as u64 > options.limits.document_bytes {
            let mut stream = Stream::new(Framing::Single, options.limits, options.rules, start, false);
            if audit.is_some() {
                stream.machine_mut().audit();
            }
            let mut scratch = Vec::new();
            stream.machine_mut().stack_mut().resume();
            let event = stream.next(&mut builder, &mut Chunk::new(input.bytes(&buffers.scratch), &mut scratch, true));
            breaches = stream.take_breaches();
            stream.machine_mut().note_depth();
            count(stream.machine());
            match event {
                Event::Failed(error) => Err(error),
                Event::Document | Event::NeedMore | Event::BadRecord(_) => Ok(()),
            }
        } else {
            buffers.machine.restart(options.limits, options.rules, start);
            let outcome = buffers.machine.document(&mut builder, &input.window(&buffers.scratch));
            count(&buffers.machine);
            buffers.machine.rest();
            outcome
        };
        drop(pause);
        let value = match outcome {
            Ok(()) => builder.finished(py).ok_or_else(|| PyRuntimeError::new_err("a document without a value")),
            Err(error) => Err(failure(py, &error, &mut builder)),
        };
        builder.give_back(buffers);
        if let Some(audit) = audit {
            audit::tell(py, audit, &breaches)?;
        }
        value
    }
}

/// Decode one JSON document (RFC 8259) given as bytes, a contiguous buffer or str.
#[pyfunction]
#[pyo3(signature = (data, r#type=Wanted::Anything, *, strict=true, limits=None, unknown=None, duplicate_keys=None, allow_nan=false, dec_hook=None, audit=None))]
#[expect(clippy::too_many_arguments, reason = "the keywords of the public function")]
fn decode<'py>(
    data: &Bound<'py, PyAny>,
    r#type: Wanted<'py>,
    strict: bool,
    limits: Option<&Bound<'py, PyAny>>,
    unknown: Option<&str>,
    duplicate_keys: Option<&str>,
    allow_nan: bool,
    dec_hook: Option<Bound<'py, PyAny>>,
    audit: Option<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let target = target(data.py(), r#type, strict, unknown, dec_hook)?;
    let options = options(limits, duplicate_keys, allow_nan)?;
    read(data, &options, &target, audit_of(audit)?.as_ref(), 0, |_| {})
}

/// A decoder of whole JSON documents (RFC 8259), made once and used by any number of threads.
#[pyclass(frozen, module = "forkedenc.json", name = "Decoder")]
pub struct Decoder {
    options: Options,
    target: Target,
    audit: Option<Py<PyAny>>,
    start: StartSize,
    totals: Totals,
}

#[pymethods]
impl Decoder {
    #[new]
    #[pyo3(signature = (r#type=Wanted::Anything, *, strict=true, limits=None, unknown=None, duplicate_keys=None, allow_nan=false, dec_hook=None, audit=None, depth_hint=None))]
    #[expect(clippy::too_many_arguments, reason = "the keywords of the public class")]
    fn new(
        py: Python<'_>,
        r#type: Wanted<'_>,
        strict: bool,
        limits: Option<&Bound<'_, PyAny>>,
        unknown: Option<&str>,
        duplicate_keys: Option<&str>,
        allow_nan: bool,
        dec_hook: Option<Bound<'_, PyAny>>,
        audit: Option<Bound<'_, PyAny>>,
        depth_hint: Option<u64>,
    ) -> PyResult<Self> {
        Ok(Self {
            target: target(py, r#type, strict, unknown, dec_hook)?,
            options: options(limits, duplicate_keys, allow_nan)?,
            audit: audit_of(audit)?,
            start: StartSize::new(start_of(depth_hint)),
            totals: Totals::new(),
        })
    }

    /// Decode one document given as bytes, a contiguous buffer or str.
    fn decode<'py>(&self, data: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let start = self.start.suggest();
        read(data, &self.options, &self.target, self.audit.as_ref(), start, |machine| {
            let stack = machine.stack();
            self.start.learn(stack.peak());
            self.totals.add(stack);
        })
    }

    /// What the decodes of this decoder counted, added up: a forkedenc.runtime.Stats.
    #[getter]
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        stats_object(py, &self.totals.stats())
    }

    #[classmethod]
    fn __class_getitem__<'py>(
        class: &Bound<'py, pyo3::types::PyType>,
        item: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        generic_alias(class, item)
    }

    fn __traverse__(&self, visit: pyo3::PyVisit<'_>) -> Result<(), pyo3::PyTraverseError> {
        self.target.visit(&visit)?;
        visit.call(&self.audit)
    }
}

/// `Decoder[User]` at run time: what `types.GenericAlias` makes.
pub fn generic_alias<'py>(
    class: &Bound<'py, pyo3::types::PyType>,
    item: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    class.py().import("types")?.getattr("GenericAlias")?.call1((class, item))
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(decode, module)?)?;
    module.add_class::<Decoder>()
}
