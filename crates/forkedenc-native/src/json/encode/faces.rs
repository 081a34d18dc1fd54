//! `dumps`, `encode` and family as builtin functions.
//!
//! `dumps` and `encode` are C functions without a layer between: a call with nothing but the value goes straight to
//! the walk. What the options mean is in `options`; classes are in `classes`.

use std::cell::Cell;
use std::ffi::CStr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString, PyTuple};
use pyo3::{ffi, intern};

use super::error;
use super::leaf::basestring;
use super::options::{Options, separator, truth};
use super::text::make_str;
use super::walk::{Flow, Walk};
use crate::fallible;
use crate::limits::json_limits;

/// Buffers that one encode leaves to the next of its thread.
#[derive(Default)]
struct Scratch {
    buffer: Vec<u8>,
    held: Vec<*mut ffi::PyObject>,
    /// How many encodes in a row needed only a small part.
    idle: u64,
}

/// A larger buffer is not kept.
const KEPT: usize = 16 << 20;
/// After so many encodes that needed under an eighth of the buffer, it shrinks.
const PATIENCE: u64 = 64;

thread_local! {
    static SCRATCH: Cell<Option<Scratch>> = const { Cell::new(None) };
}

/// Takes the thread's buffers; an encode inside an encode finds none and makes its own.
#[inline(always)]
fn take_scratch() -> Scratch {
    SCRATCH.try_with(Cell::take).ok().flatten().unwrap_or_default()
}

#[inline(always)]
fn leave_scratch(mut scratch: Scratch, used: usize) {
    let length = scratch.buffer.len();
    if length > 1 << 16 {
        scratch.idle = if used < length / 8 { scratch.idle + 1 } else { 0 };
        if length > KEPT || scratch.idle > PATIENCE {
            scratch.buffer.truncate(1 << 16);
            scratch.buffer.shrink_to_fit();
            scratch.idle = 0;
        }
    }
    if scratch.held.capacity() > 1 << 16 {
        scratch.held = Vec::new();
    }
    let _ = SCRATCH.try_with(|slot| slot.set(Some(scratch)));
}

/// Encodes `value` whole and hands the bytes to `finish`; null with an exception set where that fails.
///
/// # Safety
/// The interpreter is attached and `value` is alive for the length of the call.
#[inline(always)]
pub unsafe fn write_whole(
    options: &Options,
    value: *mut ffi::PyObject,
    outer_levels: u64,
    finish: impl FnOnce(&[u8]) -> *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    let scratch = take_scratch();
    let mut walk = Walk::new(options, scratch.buffer, scratch.held);
    walk.outer_levels = outer_levels;
    // SAFETY: as the caller's.
    let result = if unsafe { walk.start(options, value) } == Flow::Done {
        finish(walk.out.bytes())
    } else {
        // SAFETY: as the caller's.
        unsafe { failed(&mut walk, options) };
        std::ptr::null_mut()
    };
    let used = walk.out.used();
    let (out, held) = (std::mem::take(&mut walk.out), std::mem::take(&mut walk.held));
    leave_scratch(Scratch { buffer: out.into_buffer(), held, idle: scratch.idle }, used);
    result
}

/// # Safety
/// The interpreter is attached.
#[cold]
#[inline(never)]
pub unsafe fn failed(walk: &mut Walk, options: &Options) {
    // SAFETY: as the caller's. Finalizers must not see, nor clear, the exception that is on its way.
    unsafe {
        error::raise(walk, options);
        let error = Python::attach(PyErr::take);
        walk.release();
        Python::attach(|py| {
            let error = error.unwrap_or_else(|| PyRuntimeError::new_err("the encoder failed without a reason"));
            error.restore(py);
        });
    }
}

/// # Safety
/// As [`write_whole`].
#[inline(always)]
pub unsafe fn write_bytes(options: &Options, value: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: as the caller's; the bytes are copied.
    unsafe {
        write_whole(options, value, 0, |bytes| {
            ffi::PyBytes_FromStringAndSize(bytes.as_ptr().cast(), bytes.len().cast_signed())
        })
    }
}

/// # Safety
/// As [`write_whole`].
#[inline(always)]
pub unsafe fn write_str(options: &Options, value: *mut ffi::PyObject, outer_levels: u64) -> *mut ffi::PyObject {
    let ascii = options.writes_ascii();
    // SAFETY: as the caller's.
    unsafe { write_whole(options, value, outer_levels, |bytes| make_str(bytes, ascii)) }
}

/// What `forkedenc.json` registers: its usual encoder and the function that `dumps` falls back on.
struct Registered {
    encoder: Py<PyAny>,
    /// The class's own method, to tell whether anybody has replaced it.
    default: Py<PyAny>,
    dumps: Py<PyAny>,
}

static REGISTERED: Mutex<Option<Registered>> = Mutex::new(None);

fn registered() -> MutexGuard<'static, Option<Registered>> {
    REGISTERED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Take a JSONEncoder without arguments, and `dumps(obj, **keywords)` for calls with `cls` or keywords that are not
/// known here.
#[pyfunction]
fn register_json_encoder(encoder: Bound<'_, PyAny>, dumps: Bound<'_, PyAny>) -> PyResult<()> {
    let default = encoder.get_type().getattr("default")?.unbind();
    let new = Registered { encoder: encoder.unbind(), default, dumps: dumps.unbind() };
    let old = registered().replace(new);
    drop(old);
    Ok(())
}

/// What the usual encoder's `default(value)` gives if someone has replaced that method, on the class or on the encoder;
/// null without an exception if nobody has.
///
/// # Safety
/// The interpreter is attached and `value` is held.
pub unsafe fn class_default(value: *mut ffi::PyObject) -> *mut ffi::PyObject {
    Python::attach(|py| {
        let known = registered().as_ref().map(|known| (known.encoder.clone_ref(py), known.default.clone_ref(py)));
        let Some((encoder, own)) = known else { return std::ptr::null_mut() };
        // SAFETY: as the caller's.
        let value = unsafe { Bound::from_borrowed_ptr(py, value) };
        let ask = || -> PyResult<Option<Py<PyAny>>> {
            let default = encoder.bind(py).getattr(intern!(py, "default"))?;
            if default.getattr_opt(intern!(py, "__func__"))?.is_some_and(|function| function.is(&own)) {
                return Ok(None);
            }
            default.call1((value,)).map(|found| Some(found.unbind()))
        };
        match ask() {
            Ok(found) => found.map_or(std::ptr::null_mut(), Py::into_ptr),
            Err(error) => {
                error.restore(py);
                std::ptr::null_mut()
            }
        }
    })
}

/// The arguments of one fast call: positional ones, then the values of `names`.
struct Arguments<'a, 'py> {
    positional: &'a [*mut ffi::PyObject],
    named: Vec<(Bound<'py, PyString>, Bound<'py, PyAny>)>,
}

impl<'py> Arguments<'_, 'py> {
    /// # Safety
    /// The three are what the interpreter passed.
    unsafe fn read(
        py: Python<'py>,
        arguments: *const *mut ffi::PyObject,
        count: ffi::Py_ssize_t,
        names: *mut ffi::PyObject,
    ) -> PyResult<Self> {
        // SAFETY: `count` positional arguments, then one for each name; all are alive for the length of the call.
        unsafe {
            let positional =
                if count == 0 { &[][..] } else { std::slice::from_raw_parts(arguments, count.cast_unsigned()) };
            let mut named = Vec::new();
            if let Some(names) = Bound::from_borrowed_ptr_or_opt(py, names) {
                for (index, name) in names.cast::<PyTuple>()?.iter().enumerate() {
                    let value = Bound::from_borrowed_ptr(py, *arguments.add(positional.len() + index));
                    named.push((name.cast_into::<PyString>()?, value));
                }
            }
            Ok(Self { positional, named })
        }
    }

    /// The one positional argument, which may be named `name`.
    fn value(&mut self, py: Python<'py>, function: &str, name: &str) -> PyResult<Bound<'py, PyAny>> {
        let given = self.positional.len();
        if given > 1 {
            let text = format!("{function}() takes 1 positional argument but {given} were given");
            return Err(PyTypeError::new_err(text));
        }
        let place = self.named.iter().position(|(key, _)| key == name);
        match (self.positional.first(), place) {
            // SAFETY: an argument lives as long as its call.
            (Some(&value), None) => Ok(unsafe { Bound::from_borrowed_ptr(py, value) }),
            (None, Some(place)) => Ok(self.named.swap_remove(place).1),
            (Some(_), Some(_)) => {
                Err(PyTypeError::new_err(format!("{function}() got multiple values for argument '{name}'")))
            }
            (None, None) => {
                Err(PyTypeError::new_err(format!("{function}() missing 1 required positional argument: '{name}'")))
            }
        }
    }
}

/// Keeps panics on this side; none is expected.
#[inline(always)]
fn guarded(call: impl FnOnce() -> *mut ffi::PyObject) -> *mut ffi::PyObject {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|_| {
        // SAFETY: called from the interpreter, hence attached.
        unsafe { ffi::PyErr_SetString(ffi::PyExc_SystemError, c"forkedenc: a panic in the encoder".as_ptr()) };
        std::ptr::null_mut()
    })
}

/// Runs the slow part of a call with an interpreter token.
fn attached(call: impl FnOnce(Python<'_>) -> PyResult<*mut ffi::PyObject>) -> *mut ffi::PyObject {
    Python::attach(|py| {
        call(py).unwrap_or_else(|error| {
            error.restore(py);
            std::ptr::null_mut()
        })
    })
}

/// An exception that is set, or the result.
fn taken(py: Python<'_>, result: *mut ffi::PyObject) -> PyResult<*mut ffi::PyObject> {
    if result.is_null() { Err(PyErr::fetch(py)) } else { Ok(result) }
}

unsafe extern "C" fn dumps(
    _module: *mut ffi::PyObject,
    arguments: *const *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    static OPTIONS: Options = Options::DUMPS;
    // SAFETY: the interpreter passes `count` arguments that live as long as the call.
    guarded(|| unsafe {
        if count == 1 && names.is_null() {
            return write_str(&OPTIONS, *arguments, 0);
        }
        attached(|py| dumps_with(py, Arguments::read(py, arguments, count, names)?))
    })
}

fn dumps_with<'py>(py: Python<'py>, mut arguments: Arguments<'_, 'py>) -> PyResult<*mut ffi::PyObject> {
    let value = arguments.value(py, "dumps", "obj")?;
    let mut options = Options::DUMPS;
    let mut separators = None;
    let mut known = true;
    for (name, argument) in &arguments.named {
        match name.to_str().unwrap_or("") {
            "skipkeys" => options.skipkeys = truth(argument)?,
            "ensure_ascii" => options.ensure_ascii = truth(argument)?,
            "check_circular" => options.check_circular = truth(argument)?,
            "allow_nan" => options.allow_nan = truth(argument)?,
            "sort_keys" => options.sort_keys = truth(argument)?,
            "indent" => options.set_indent(argument)?,
            "separators" => separators = Some(argument),
            "default" => options.default = (!argument.is_none()).then(|| argument.clone().unbind()),
            "limits" => options.limits = json_limits(Some(argument), options.limits)?,
            "cls" if argument.is_none() => {}
            _ => known = false,
        }
        if !known {
            return dumps_by_class(py, &value, &arguments);
        }
    }
    options.set_separators(separators)?;
    // SAFETY: attached, and `value` is an argument of the call.
    taken(py, unsafe { write_str(&options, value.as_ptr(), 0) })
}

fn dumps_by_class(
    py: Python<'_>,
    value: &Bound<'_, PyAny>,
    arguments: &Arguments<'_, '_>,
) -> PyResult<*mut ffi::PyObject> {
    let function = registered().as_ref().map(|known| known.dumps.clone_ref(py));
    let function =
        function.ok_or_else(|| PyRuntimeError::new_err("forkedenc._native was imported without forkedenc.json"))?;
    let keywords = fallible::dict(py)?;
    for (name, argument) in &arguments.named {
        keywords.set_item(name, argument)?;
    }
    function.call(py, (value,), Some(&keywords)).map(Py::into_ptr)
}

unsafe extern "C" fn encode(
    _module: *mut ffi::PyObject,
    arguments: *const *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    static OPTIONS: Options = Options::ENCODE;
    // SAFETY: the interpreter passes `count` arguments that live as long as the call.
    guarded(|| unsafe {
        if count == 1 && names.is_null() {
            return write_bytes(&OPTIONS, *arguments);
        }
        attached(|py| {
            let mut arguments = Arguments::read(py, arguments, count, names)?;
            let value = arguments.value(py, "encode", "obj")?;
            let options = encode_options("encode", &arguments.named)?;
            taken(py, write_bytes(&options, value.as_ptr()))
        })
    })
}

/// The options of `encode`, `Encoder` and `encode_lines`.
pub fn encode_options(function: &str, named: &[(Bound<'_, PyString>, Bound<'_, PyAny>)]) -> PyResult<Options> {
    let mut options = Options::ENCODE;
    for (name, argument) in named {
        match name.to_str().unwrap_or("") {
            "default" => options.default = (!argument.is_none()).then(|| argument.clone().unbind()),
            "indent" if function != "encode_lines" => options.set_indent(argument)?,
            "sort_keys" => options.sort_keys = truth(argument)?,
            "omit_defaults" => options.omit_defaults = truth(argument)?,
            "decimal" => options.set_decimal(argument)?,
            "limits" => options.limits = json_limits(Some(argument), options.limits)?,
            other => {
                let text = format!("{function}() got an unexpected keyword argument '{other}'");
                return Err(PyTypeError::new_err(text));
            }
        }
    }
    options.set_separators(None)?;
    Ok(options)
}

unsafe extern "C" fn encode_lines(
    _module: *mut ffi::PyObject,
    arguments: *const *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    guarded(|| {
        attached(|py| {
            // SAFETY: what the interpreter passed.
            let mut arguments = unsafe { Arguments::read(py, arguments, count, names)? };
            let values = arguments.value(py, "encode_lines", "objs")?;
            let options = encode_options("encode_lines", &arguments.named)?;
            lines(&options, &values).map(|bytes| bytes.into_ptr())
        })
    })
}

/// Each value of an iterable on a line of its own. Every line is a document by itself for the limits.
pub fn lines<'py>(options: &Options, values: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
    let py = values.py();
    let mut out = Vec::new();
    for value in values.try_iter()? {
        let value = value?;
        // SAFETY: attached, and `value` is held; `finish` gives a reference to None, which is given back.
        unsafe {
            let result = write_whole(options, value.as_ptr(), 0, |bytes| {
                if out.try_reserve(bytes.len() + 1).is_err() {
                    return ffi::PyErr_NoMemory();
                }
                out.extend_from_slice(bytes);
                out.push(b'\n');
                ffi::Py_NewRef(ffi::Py_None())
            });
            drop(Bound::from_owned_ptr_or_err(py, result)?);
        }
    }
    Ok(fallible::bytes(py, &out)?.cast_into()?)
}

unsafe extern "C" fn encode_basestring_ascii(
    _module: *mut ffi::PyObject,
    object: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: the argument lives as long as the call.
    guarded(|| unsafe { if is_str(object) { basestring::<true>(object) } else { std::ptr::null_mut() } })
}

unsafe extern "C" fn encode_basestring(_module: *mut ffi::PyObject, object: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: the argument lives as long as the call.
    guarded(|| unsafe { if is_str(object) { basestring::<false>(object) } else { std::ptr::null_mut() } })
}

/// Whether `object` is a str; an exception is set if not.
///
/// # Safety
/// The interpreter is attached and `object` is alive.
unsafe fn is_str(object: *mut ffi::PyObject) -> bool {
    // SAFETY: as the caller's.
    unsafe {
        if ffi::PyUnicode_Check(object) != 0 {
            return true;
        }
        let text = c"first argument must be a string, not %.80s".as_ptr();
        ffi::PyErr_Format(ffi::PyExc_TypeError, text, (*ffi::Py_TYPE(object)).tp_name);
        false
    }
}

/// The attributes of a `JSONEncoder`, in the order in which its `_options` gives them.
#[derive(FromPyObject)]
pub struct Attributes<'py>(
    /// `default`, or None for the class's own.
    Option<Bound<'py, PyAny>>,
    /// `skipkeys`
    Bound<'py, PyAny>,
    /// `ensure_ascii`
    Bound<'py, PyAny>,
    /// `check_circular`
    Bound<'py, PyAny>,
    /// `allow_nan`
    Bound<'py, PyAny>,
    /// `sort_keys`
    Bound<'py, PyAny>,
    /// `indent`
    Bound<'py, PyAny>,
    /// `key_separator`
    Bound<'py, PyAny>,
    /// `item_separator`
    Bound<'py, PyAny>,
    /// `limits`
    Option<Bound<'py, PyAny>>,
);

impl Attributes<'_> {
    pub fn options(self) -> PyResult<Options> {
        let Self(default, skip, ascii, circular, nan, sort, indent, key_separator, item_separator, limits) = self;
        let mut options = Options {
            check_circular: truth(&circular)?,
            ensure_ascii: truth(&ascii)?,
            key_separator: separator(&key_separator, 5)?.into(),
            item_separator: separator(&item_separator, 6)?.into(),
            sort_keys: truth(&sort)?,
            skipkeys: truth(&skip)?,
            allow_nan: truth(&nan)?,
            default: default.map(Bound::unbind),
            limits: json_limits(limits.as_ref(), Options::DUMPS.limits)?,
            ..Options::DUMPS
        };
        options.set_indent(&indent)?;
        Ok(options)
    }
}

/// `JSONEncoder.encode` by the attributes of the encoder.
#[pyfunction]
fn encode_text(obj: &Bound<'_, PyAny>, options: Attributes<'_>) -> PyResult<Py<PyAny>> {
    let options = options.options()?;
    let py = obj.py();
    // SAFETY: attached, and the argument lives as long as the call; the result is ours.
    unsafe { Bound::from_owned_ptr_or_err(py, write_str(&options, obj.as_ptr(), 0)).map(Bound::unbind) }
}

type Fast = unsafe extern "C" fn(
    *mut ffi::PyObject,
    *const *mut ffi::PyObject,
    ffi::Py_ssize_t,
    *mut ffi::PyObject,
) -> *mut ffi::PyObject;

/// Adds a builtin function to the module.
fn add(
    module: &Bound<'_, PyModule>,
    name: &'static CStr,
    method: ffi::PyMethodDefPointer,
    flags: i32,
    doc: &'static CStr,
) -> PyResult<()> {
    let py = module.py();
    // The definition must outlive the function, which may outlive the module.
    let definition = Box::leak(Box::new(ffi::PyMethodDef {
        ml_name: name.as_ptr(),
        ml_meth: method,
        ml_flags: flags,
        ml_doc: doc.as_ptr(),
    }));
    let home = module.name()?;
    // SAFETY: the definition is for good, the module and its name are alive; the function is ours.
    let function = unsafe {
        let function = ffi::PyCFunction_NewEx(definition, module.as_ptr(), home.as_ptr());
        Bound::from_owned_ptr_or_err(py, function)?
    };
    let name = name.to_str().map_err(|_| PyRuntimeError::new_err("a function's name is no text"))?;
    module.add(name, function)
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let fast = |function: Fast| ffi::PyMethodDefPointer { PyCFunctionFastWithKeywords: function };
    let one = |function: ffi::PyCFunction| ffi::PyMethodDefPointer { PyCFunction: function };
    let keywords = ffi::METH_FASTCALL | ffi::METH_KEYWORDS;
    add(module, c"dumps", fast(dumps), keywords, DUMPS_DOC)?;
    add(module, c"encode", fast(encode), keywords, ENCODE_DOC)?;
    add(module, c"encode_lines", fast(encode_lines), keywords, LINES_DOC)?;
    add(module, c"encode_basestring_ascii", one(encode_basestring_ascii), ffi::METH_O, ASCII_DOC)?;
    add(module, c"encode_basestring", one(encode_basestring), ffi::METH_O, BASESTRING_DOC)?;
    module.add_function(wrap_pyfunction!(register_json_encoder, module)?)?;
    module.add_function(wrap_pyfunction!(encode_text, module)?)
}

const DUMPS_DOC: &CStr = c"dumps($module, /, obj, *, skipkeys=False, ensure_ascii=True, check_circular=True, allow_nan=True, cls=None, indent=None, separators=None, default=None, sort_keys=False, limits=None, **kw)
--

Serialize obj to a JSON formatted str, as the standard library's json.dumps does.

limits: a forkedenc.Limits, by default Limits.stdlib(); max_depth (10,000 there) and max_document_bytes apply.
Raises TypeError for types and keys that JSON has no place for, ValueError for circular references and (with
allow_nan=False) for NaN and infinities, RecursionError past max_depth; all are forkedenc.EncodeError.";

const ENCODE_DOC: &CStr = c"encode($module, /, obj, *, default=None, indent=None, sort_keys=False, omit_defaults=False, decimal='number', limits=None)
--

Encode obj as one JSON document of RFC 8259: bytes, UTF-8, compact.

default: called with what has no JSON form; returns a stand-in for it.
indent: spaces (or the text) per level; None writes no white space.
sort_keys: whether members are sorted by key.
omit_defaults: whether fields of typed objects that have their default are left out.
decimal: 'number' or 'string', what a decimal.Decimal is written as.
limits: a forkedenc.Limits, by default Limits(); max_depth (1000 there) and max_document_bytes apply.
Raises forkedenc.EncodeError for NaN, infinities, lone surrogates, circular references and past a limit (then also a
RecursionError for max_depth); for types and keys that have no JSON form it is a TypeError too.";

const LINES_DOC: &CStr = c"encode_lines($module, /, objs, *, default=None, sort_keys=False, omit_defaults=False, decimal='number', limits=None)
--

Encode each object of an iterable as encode does, each ended by a line feed (JSON Lines).

Every line counts as a document of its own against limits.";

const ASCII_DOC: &CStr = c"encode_basestring_ascii($module, string, /)
--

The JSON string for a str, in ASCII.";

const BASESTRING_DOC: &CStr = c"encode_basestring($module, string, /)
--

The JSON string for a str; only what must be escaped is.";
