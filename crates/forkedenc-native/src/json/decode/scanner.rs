//! What `json.decoder` and `json.scanner` are made of: `scanstring`, and the scanner behind `JSONDecoder`.
//!
//! Both read a str from an index and cost what they read: an ASCII str in place, any other in pieces that are encoded
//! as the machine asks for more.

use forkedenc_core::cursor::Window;
use forkedenc_core::error::{Error, Kind};
use forkedenc_core::json::text::{Text, TextRules, TextStep};
use forkedenc_core::json::{Builder, Flow, Rules};
use forkedenc_core::limits::{JsonLimits, NONE};
use forkedenc_core::position::Place;
use pyo3::exceptions::{PyStopIteration, PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};

use super::gc::Pause;
use super::hooks::{HookedBuilder, Hooks, hook};
use super::input::pad;
use super::session::{Buffers, Options, duplicates, interpreter_rules, raise_from};
use crate::json::text::{self, Units};
use crate::limits::json_limits;

const FACE: &str = "json.loads";
/// One string, from behind its opening quote.
const STRING_FACE: &str = "json.loads.string";

/// Characters of the first piece; each next one is twice as long.
const FIRST_PIECE: usize = 256;
const LARGEST_PIECE: usize = 1 << 16;

/// The windows of a str from an index on.
struct Pieces<'a> {
    units: Units<'a>,
    next: usize,
    size: usize,
}

impl<'a> Pieces<'a> {
    fn new(units: Units<'a>, index: usize) -> Self {
        Self { units, next: index, size: FIRST_PIECE }
    }

    /// Calls `read` with each window, whether it is the last, and the index of its first character, until it is done.
    /// An ASCII str is one window.
    fn each<T>(
        &mut self,
        scratch: &mut Vec<u8>,
        mut read: impl FnMut(&Window<'_>, bool, usize) -> Option<T>,
    ) -> Option<T> {
        if let Units::Ascii(bytes) = self.units {
            // SAFETY: an ASCII str keeps a NUL behind its data.
            let window = unsafe { Window::terminated(&bytes[self.next..]) };
            return read(&window, true, self.next);
        }
        loop {
            let to = self.next.saturating_add(self.size).min(self.units.len());
            let last = to == self.units.len();
            scratch.clear();
            self.units.encode(self.next, to, scratch);
            let length = pad(scratch);
            let done = read(&Window::padded(scratch, length), last, self.next);
            if done.is_some() || last {
                return done;
            }
            self.next = to;
            self.size = (self.size * 2).min(LARGEST_PIECE);
        }
    }
}

/// Bytes of UTF-8 before an index: asked on the error path only.
fn offset_of(units: Units<'_>, index: usize) -> u64 {
    match units {
        Units::Ascii(_) => index as u64,
        _ => {
            let mut before = Vec::new();
            units.encode(0, index, &mut before);
            before.len() as u64
        }
    }
}

/// The same error counted from the start of the str.
fn moved(mut error: Box<Error>, by: u64) -> Box<Error> {
    error.place = Place { offset: error.place.offset + by, ..error.place };
    error.token += by;
    error
}

/// Scan the string s for a JSON string. End is the index of the character in s after the quote that started it.
///
/// Returns the decoded string and the index of the character in s after the end quote.
#[pyfunction]
#[pyo3(signature = (string, end, strict=true))]
fn scanstring<'py>(
    string: &Bound<'py, PyAny>,
    end: ffi::Py_ssize_t,
    strict: bool,
) -> PyResult<(Bound<'py, PyAny>, usize)> {
    let py = string.py();
    if !string.is_instance_of::<PyString>() {
        return Err(PyTypeError::new_err(format!(
            "first argument must be a string, not {}",
            string.get_type().name()?
        )));
    }
    // SAFETY: attached; it is a str, borrowed for the call.
    let units = unsafe { Units::of(string.as_ptr()) };
    let start = usize::try_from(end).ok().filter(|start| *start <= units.len());
    let Some(start) = start else { return Err(PyValueError::new_err("end is out of bounds")) };
    let rules = TextRules { surrogates: true, controls: !strict };
    let mut text = Text::default();
    text.start(true);
    let mut buffers = Buffers::take();
    let mut base = 0;
    let step = Pieces::new(units, start).each(&mut buffers.scratch, |window, _, first| {
        let mut cursor = window.cursor(0);
        match text.resume(&mut cursor, base, NONE, rules) {
            TextStep::End => Some(Ok(first + text::characters(cursor.before()))),
            TextStep::NeedMore => {
                base += window.len() as u64;
                None
            }
            TextStep::Bad(kind, offset) => Some(Err((kind, offset))),
            TextStep::Over(offset) => Some(Err((Kind::Incomplete, offset))),
        }
    });
    buffers.give();
    match step.unwrap_or(Err((Kind::Incomplete, base))) {
        // SAFETY: attached; the text has been checked.
        Ok(end) => unsafe { Ok((Bound::from_owned_ptr_or_err(py, text::from_utf8(text.bytes()))?, end)) },
        Err((kind, offset)) => {
            let token = offset_of(units, start.saturating_sub(1));
            let by = offset_of(units, start);
            let place = Place { offset: offset + by, line: 1, column: 1 };
            let error = Error { kind, place, token, path: String::new() };
            Err(raise_from(py, STRING_FACE, &error, None, Some(string), by))
        }
    }
}

/// Reads one value of a str at an index.
#[pyclass(frozen, module = "forkedenc.json.scanner", name = "Scanner")]
struct Scanner {
    options: Options,
    hooks: Hooks,
}

#[pymethods]
impl Scanner {
    #[new]
    fn new(context: &Bound<'_, PyAny>) -> PyResult<Self> {
        let strict = context.getattr("strict")?.is_truthy()?;
        let get = |name: &str| context.getattr(name).map(|value| hook(Some(&value)));
        let hooks = Hooks {
            object: get("object_hook")?,
            pairs: get("object_pairs_hook")?,
            float: get("parse_float")?.filter(|hook| !is_type(context.py(), hook, true)),
            int: get("parse_int")?.filter(|hook| !is_type(context.py(), hook, false)),
            constant: get("parse_constant")?.filter(|hook| !is_default_constant(context.py(), hook)),
        };
        let optional = |name: &str| context.getattr_opt(name);
        let limits = json_limits(optional("limits")?.as_ref(), JsonLimits::STDLIB)?;
        let keys = optional("duplicate_keys")?.filter(|value| !value.is_none());
        let nan = optional("allow_nan")?.map_or(Ok(true), |value| value.is_truthy())?;
        let keys = keys.map(|value| value.extract::<String>()).transpose()?;
        let rules = Rules { nan, text: TextRules { surrogates: true, controls: !strict } };
        let options = Options { limits, rules, duplicates: duplicates(keys.as_deref())? };
        Ok(Self { options, hooks })
    }

    /// Read the value of `string` at index `idx`: the value and the index behind it.
    ///
    /// Raises StopIteration(index) where a value should start and none does.
    #[pyo3(signature = (string, idx))]
    fn __call__<'py>(&self, string: &Bound<'py, PyAny>, idx: ffi::Py_ssize_t) -> PyResult<Bound<'py, PyTuple>> {
        let py = string.py();
        if !string.is_instance_of::<PyString>() {
            return Err(PyTypeError::new_err(format!(
                "first argument must be a string, not {}",
                string.get_type().name()?
            )));
        }
        let index = usize::try_from(idx).map_err(|_| PyValueError::new_err("idx cannot be negative"))?;
        // SAFETY: attached; it is a str, borrowed for the call.
        let units = unsafe { Units::of(string.as_ptr()) };
        // A value starts at the index itself, not behind white space.
        if units.get(index).is_none_or(|unit| matches!(unit, 0x20 | 0x09 | 0x0a | 0x0d)) {
            return Err(PyStopIteration::new_err((index,)));
        }
        let mut buffers = Buffers::take();
        let mut builder = self.options.builder(py, std::mem::take(&mut buffers.values));
        builder.interpreter_digits = interpreter_rules(&self.options.limits);
        let read;
        if self.hooks.is_empty() {
            let pause = Pause::new(py);
            read = self.read(units, index, &mut buffers.scratch, &mut builder);
            drop(pause);
        } else {
            let mut hooked = HookedBuilder::new(py, builder, &self.hooks);
            read = self.read(units, index, &mut buffers.scratch, &mut hooked);
            builder = hooked.inner;
        }
        let outcome = match read {
            Ok(end) => match builder.take(py) {
                Some(value) => PyTuple::new(py, [value, end.into_pyobject(py)?.into_any()]),
                None => Err(PyStopIteration::new_err((index,))),
            },
            Err(error) => {
                let start = offset_of(units, index);
                let error = moved(error, start);
                let raised = raise_from(py, FACE, &error, Some(&mut builder), Some(string), start);
                Err(as_stop_iteration(py, raised))
            }
        };
        buffers.values = builder.release();
        buffers.give();
        outcome
    }

    fn __traverse__(&self, visit: pyo3::PyVisit<'_>) -> Result<(), pyo3::PyTraverseError> {
        let hooks = &self.hooks;
        for hook in [&hooks.object, &hooks.pairs, &hooks.float, &hooks.int, &hooks.constant].into_iter().flatten() {
            visit.call(hook)?;
        }
        Ok(())
    }
}

impl Scanner {
    fn read<B: Builder>(
        &self,
        units: Units<'_>,
        index: usize,
        scratch: &mut Vec<u8>,
        builder: &mut B,
    ) -> Result<usize, Box<Error>> {
        let mut machine = self.options.machine(0);
        machine.stack_mut().resume();
        let end = Pieces::new(units, index).each(scratch, |window, last, first| {
            let mut cursor = window.cursor(0);
            let over = machine.base().offset + window.len() as u64 > self.options.limits.document_bytes;
            match machine.run(builder, &mut cursor, last) {
                Flow::NeedMore if !over => {
                    machine.pass(window.bytes());
                    None
                }
                Flow::Done => Some(Ok(first + text::characters(cursor.before()))),
                _ => Some(Err(())),
            }
        });
        machine.note_depth();
        match end {
            Some(Ok(end)) => Ok(end),
            _ => {
                builder.abandon();
                Err(machine.take_error().expect("a machine that stops has said why"))
            }
        }
    }
}

/// The standard library's scanner says StopIteration where a value should start.
fn as_stop_iteration(py: Python<'_>, error: PyErr) -> PyErr {
    let value = error.value(py);
    let expects_value = value
        .getattr("msg")
        .is_ok_and(|message| message.extract::<String>().is_ok_and(|message| message == "Expecting value"));
    match value.getattr("pos") {
        Ok(position) if expects_value => PyStopIteration::new_err((position.unbind(),)),
        _ => error,
    }
}

/// `float` and `int` themselves as hooks do what is done without one.
fn is_type(py: Python<'_>, hook: &Py<PyAny>, float: bool) -> bool {
    if float {
        hook.bind(py).is(py.get_type::<pyo3::types::PyFloat>())
    } else {
        hook.bind(py).is(py.get_type::<pyo3::types::PyInt>())
    }
}

/// `JSONDecoder`'s default: the bound `__getitem__` of its table of constants.
fn is_default_constant(py: Python<'_>, hook: &Py<PyAny>) -> bool {
    let hook = hook.bind(py);
    py.import("json.decoder")
        .and_then(|module| module.getattr("_CONSTANTS"))
        .and_then(|table| table.getattr("__getitem__"))
        .is_ok_and(|default| hook.eq(default).unwrap_or(false))
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(scanstring, module)?)?;
    module.add_class::<Scanner>()
}
