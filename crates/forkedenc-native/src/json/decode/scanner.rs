//! What `json.decoder` and `json.scanner` are made of: `scanstring`, and the scanner behind `JSONDecoder`.
//!
//! Both read a str from an index and cost what they read: an ASCII str in place, any other in pieces that are encoded
//! as the machine asks for more.

use forkedenc_core::cursor::Window;
use forkedenc_core::error::{Error, Kind};
use forkedenc_core::json::text::{Text, TextRules, TextStep};
use forkedenc_core::json::{Builder, Flow, Rules};
use forkedenc_core::limits::{JsonLimits, Limit, NONE};
use forkedenc_core::position::Place;
use pyo3::exceptions::{PyStopIteration, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};
use pyo3::{ffi, intern};

use super::hooks::{HookedBuilder, Hooks, hook};
use super::session::{Buffers, Options, duplicates, interpreter_rules, raise_from};
use crate::fallible;
use crate::gc::Pause;
use crate::input::pad;
use crate::limits::json_limits;
use crate::text::{self, Units};

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
    /// Bytes that may still be read.
    room: u64,
}

/// What stands behind a window.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Behind {
    More,
    Nothing,
    /// A byte that is one too many.
    Limit(u8),
}

impl<'a> Pieces<'a> {
    fn new(units: Units<'a>, index: usize, room: u64) -> Self {
        Self { units, next: index, size: FIRST_PIECE, room }
    }

    /// Calls `read` with each window, what stands behind it, and the index of its first character, until it is done.
    /// An ASCII str is one window, if it may be read whole.
    fn each<T>(
        &mut self,
        scratch: &mut Vec<u8>,
        mut read: impl FnMut(&Window<'_>, Behind, usize) -> Option<T>,
    ) -> Option<T> {
        if let Units::Ascii(bytes) = self.units
            && (bytes.len() - self.next) as u64 <= self.room
        {
            // SAFETY: an ASCII str keeps a NUL behind its data.
            let window = unsafe { Window::terminated(&bytes[self.next..]) };
            return read(&window, Behind::Nothing, self.next);
        }
        loop {
            let to = self.next.saturating_add(self.size).min(self.units.len());
            let mut behind = if to == self.units.len() { Behind::Nothing } else { Behind::More };
            scratch.clear();
            if !self.units.encode(self.next, to, scratch) {
                return None;
            }
            if let Some(byte) = usize::try_from(self.room).ok().and_then(|room| scratch.get(room)) {
                behind = Behind::Limit(*byte);
                scratch.truncate(self.room as usize);
            }
            self.room -= scratch.len() as u64;
            let length = pad(scratch);
            let done = read(&Window::padded(scratch, length), behind, self.next);
            if done.is_some() || behind != Behind::More {
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
            // In pieces: a str may be as long as memory.
            let (mut before, mut piece) = (0, Vec::new());
            for from in (0..index).step_by(LARGEST_PIECE) {
                piece.clear();
                if !units.encode(from, index.min(from + LARGEST_PIECE), &mut piece) {
                    break;
                }
                before += piece.len() as u64;
            }
            before
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
    let step = Pieces::new(units, start, u64::MAX).each(&mut buffers.scratch, |window, _, first| {
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
        let py = context.py();
        let name = |name: &str| Ok::<_, PyErr>(fallible::text(py, name)?.cast_into::<PyString>()?);
        let strict = context.getattr(name("strict")?)?.is_truthy()?;
        let get = |attribute: &str| context.getattr(name(attribute)?).map(|value| hook(Some(&value)));
        let hooks = Hooks {
            object: get("object_hook")?,
            pairs: get("object_pairs_hook")?,
            float: get("parse_float")?.filter(|hook| !is_type(context.py(), hook, true)),
            int: get("parse_int")?.filter(|hook| !is_type(context.py(), hook, false)),
            constant: get("parse_constant")?.filter(|hook| !is_default_constant(context.py(), hook)),
        };
        let optional = |attribute: &str| context.getattr_opt(name(attribute)?);
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
                Some(value) => fallible::tuple(py, [value, fallible::int(py, end as u64)?]),
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
        let most = self.options.limits.document_bytes;
        let end = Pieces::new(units, index, most).each(scratch, |window, behind, first| {
            let mut cursor = window.cursor(0);
            let mut flow = machine.run(builder, &mut cursor, behind == Behind::Nothing);
            if flow == Flow::NeedMore
                && let Behind::Limit(next) = behind
            {
                if machine.cuts_number_document() && !matches!(next, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E') {
                    // A number that is complete, which only the byte behind it tells.
                    flow = machine.run(builder, &mut cursor, true);
                } else {
                    machine.over_bytes(
                        builder,
                        &cursor,
                        Limit::DocumentBytes,
                        most,
                        machine.base().offset + cursor.position() as u64,
                    );
                    flow = Flow::Failed;
                }
            }
            match flow {
                Flow::NeedMore => {
                    machine.pass(window.bytes());
                    None
                }
                Flow::Done => Some(Ok(first + text::characters(cursor.before()))),
                _ => Some(Err(())),
            }
        });
        machine.note_depth();
        if let Some(Ok(end)) = end {
            return Ok(end);
        }
        builder.abandon();
        let error = machine.take_error().unwrap_or_else(|| {
            // No window could be made.
            Box::new(Error { kind: Kind::OutOfMemory, place: machine.base(), token: 0, path: String::new() })
        });
        if matches!(error.kind, Kind::ExtraData | Kind::Incomplete)
            && let Some(length) = machine.number_within()
        {
            // It ends before what would have made it longer: nothing is asked of what stands behind a value.
            return self.read_number(units, index, length, scratch, builder);
        }
        Err(error)
    }

    /// The number that `length` characters from the index on are.
    #[cold]
    fn read_number<B: Builder>(
        &self,
        units: Units<'_>,
        index: usize,
        length: u64,
        scratch: &mut Vec<u8>,
        builder: &mut B,
    ) -> Result<usize, Box<Error>> {
        let end = index.saturating_add(usize::try_from(length).unwrap_or(usize::MAX));
        let mut machine = self.options.machine(0);
        scratch.clear();
        if !units.encode(index, end, scratch) {
            let place = machine.base();
            return Err(Box::new(Error { kind: Kind::OutOfMemory, place, token: 0, path: String::new() }));
        }
        let length = pad(scratch);
        machine.document(builder, &Window::padded(scratch, length)).map(|()| end)
    }
}

/// The standard library's scanner says StopIteration where a value should start.
fn as_stop_iteration(py: Python<'_>, error: PyErr) -> PyErr {
    let value = error.value(py);
    // Names made here and not kept: this runs after a MemoryError too, when there is none for them either.
    let get = |name: &str| value.getattr(fallible::text(py, name)?.cast_into::<PyString>()?);
    let expects_value =
        get("msg").is_ok_and(|message| message.extract::<String>().is_ok_and(|message| message == "Expecting value"));
    match get("pos") {
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
    py.import(intern!(py, "json.decoder"))
        .and_then(|module| module.getattr(intern!(py, "_CONSTANTS")))
        .and_then(|table| table.getattr(intern!(py, "__getitem__")))
        .is_ok_and(|default| hook.eq(default).unwrap_or(false))
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(scanstring, module)?)?;
    module.add_class::<Scanner>()
}
