//! `json.loads`: the function itself, by the interpreter's fast calling convention.

use std::panic::{AssertUnwindSafe, catch_unwind};

use forkedenc_core::json::Builder;
use forkedenc_core::json::stream::{Chunk, Event, Framing, Stream};
use pyo3::exceptions::{PyRuntimeError, PyTypeError, PyUnicodeDecodeError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use pyo3::{ffi, intern};

use super::hooks::{HookedBuilder, Hooks, hook};
use super::session::{Buffers, Options, duplicates, interpreter_rules, raise, raise_plain};
use crate::fallible;
use crate::gc::Pause;
use crate::input::{self, Input, bytes_of};
use crate::limits::json_limits;
use crate::text::{Units, is_compact_ascii};
use forkedenc_core::error::Error;
use forkedenc_core::limits::JsonLimits;

const FACE: &str = "json.loads";

/// Called for `cls=` and for keywords that only a decoder class knows.
static WITH_CLASS: std::sync::Mutex<Option<Py<PyAny>>> = std::sync::Mutex::new(None);

#[pyfunction]
fn register_loads_with_class(function: Py<PyAny>) {
    let old = WITH_CLASS.lock().unwrap_or_else(std::sync::PoisonError::into_inner).replace(function);
    drop(old);
}

/// The arguments beside the document.
struct Call {
    options: Options,
    hooks: Hooks,
}

/// # Safety
/// Called by the interpreter as METH_FASTCALL | METH_KEYWORDS.
unsafe extern "C" fn loads(
    _module: *mut ffi::PyObject,
    arguments: *const *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: attached, as every function called by the interpreter.
    let py = unsafe { Python::assume_attached() };
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        if count == 1 && names.is_null() {
            // SAFETY: one argument was given, and it is alive for the call.
            let data = unsafe { Bound::from_borrowed_ptr(py, *arguments) };
            return plain(&data);
        }
        // SAFETY: the arguments and the tuple of names are what the calling convention says.
        let (given, keywords) = unsafe { collect(py, arguments, count, names) }?;
        with_keywords(py, &given, &keywords)
    }));
    match outcome {
        Ok(Ok(value)) => value.into_ptr(),
        Ok(Err(error)) => {
            error.restore(py);
            std::ptr::null_mut()
        }
        Err(_) => {
            PyRuntimeError::new_err("internal error in forkedenc.json.loads").restore(py);
            std::ptr::null_mut()
        }
    }
}

/// # Safety
/// As for [`loads`].
unsafe fn collect<'py>(
    py: Python<'py>,
    arguments: *const *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
) -> PyResult<(Vec<Bound<'py, PyAny>>, Bound<'py, PyDict>)> {
    let count = count.cast_unsigned();
    let keywords = fallible::dict(py)?;
    let mut given = Vec::with_capacity(count);
    // SAFETY: `count` positional arguments, then one for each name of the tuple, all alive for the call.
    unsafe {
        for at in 0..count {
            given.push(Bound::from_borrowed_ptr(py, *arguments.add(at)));
        }
        if !names.is_null() {
            for at in 0..ffi::PyTuple_GET_SIZE(names).cast_unsigned() {
                let name = Bound::from_borrowed_ptr(py, ffi::PyTuple_GET_ITEM(names, at.cast_signed()));
                keywords.set_item(name, Bound::from_borrowed_ptr(py, *arguments.add(count + at)))?;
            }
        }
    }
    Ok((given, keywords))
}

/// One document, nothing else.
#[inline]
fn plain<'py>(data: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = data.py();
    let Some(decoded) = check(data)? else {
        return build(py, data, data, &Options::STDLIB);
    };
    build(py, &decoded, data, &Options::STDLIB)
}

/// Refuses what `loads` does not take. `Some`: the str of bytes that are not UTF-8.
#[inline]
fn check<'py>(data: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    let object = data.as_ptr();
    // SAFETY: attached; the object is alive and read under the lock.
    unsafe {
        if ffi::PyUnicode_Check(object) != 0 {
            if !is_compact_ascii(object) && Units::of(object).get(0) == Some(0xfeff) {
                return Err(raise_plain(data.py(), FACE, "byte_order_mark", data));
            }
            return Ok(None);
        }
        let bytes = if ffi::PyBytes_Check(object) != 0 {
            bytes_of(object)
        } else if ffi::PyByteArray_Check(object) != 0 {
            std::slice::from_raw_parts(
                ffi::PyByteArray_AsString(object).cast::<u8>(),
                ffi::PyByteArray_Size(object).cast_unsigned(),
            )
        } else {
            let name = data.get_type().name()?;
            return Err(PyTypeError::new_err(format!("the JSON object must be str, bytes or bytearray, not {name}")));
        };
        match encoding(bytes) {
            None => Ok(None),
            Some(name) => decode(data, bytes, name).map(Some),
        }
    }
}

/// The encoding of a document that is not UTF-8, as `json.detect_encoding` finds it.
#[inline]
fn encoding(bytes: &[u8]) -> Option<&'static std::ffi::CStr> {
    match bytes {
        [1..=0xee | 0xf0..=0xfd, 1..=0xff, ..] | [1..=0xff] | [] => None,
        _ => detect(bytes),
    }
}

#[cold]
fn detect(bytes: &[u8]) -> Option<&'static std::ffi::CStr> {
    match bytes {
        [0, 0, 0xfe, 0xff, ..] | [0xff, 0xfe, 0, 0, ..] => Some(c"utf-32"),
        [0xfe, 0xff, ..] | [0xff, 0xfe, ..] => Some(c"utf-16"),
        [0xef, 0xbb, 0xbf, ..] => Some(c"utf-8-sig"),
        [0, 0, _, _, ..] => Some(c"utf-32-be"),
        [0, _, _, _, ..] => Some(c"utf-16-be"),
        [_, 0, 0, 0, ..] => Some(c"utf-32-le"),
        [_, 0, _, _, ..] => Some(c"utf-16-le"),
        [0, _] => Some(c"utf-16-be"),
        [_, 0] => Some(c"utf-16-le"),
        _ => None,
    }
}

#[cold]
fn decode<'py>(data: &Bound<'py, PyAny>, bytes: &[u8], name: &std::ffi::CStr) -> PyResult<Bound<'py, PyAny>> {
    let py = data.py();
    // Copied: a codec is Python code, and a bytearray can change.
    let bytes = fallible::bytes(py, bytes)?;
    // SAFETY: attached; the bytes are alive.
    let text = unsafe {
        let decoded = ffi::PyUnicode_FromEncodedObject(bytes.as_ptr(), name.as_ptr(), c"surrogatepass".as_ptr());
        Bound::from_owned_ptr_or_err(py, decoded)
    };
    text.map_err(|error| {
        if error.is_instance_of::<PyUnicodeDecodeError>(py) {
            return raise_plain(py, FACE, "invalid_utf8", data);
        }
        error
    })
}

/// Decodes without hooks. `given` is what the caller gave, for errors.
fn build<'py>(
    py: Python<'py>,
    data: &Bound<'py, PyAny>,
    given: &Bound<'py, PyAny>,
    options: &Options,
) -> PyResult<Bound<'py, PyAny>> {
    let mut buffers = Buffers::take();
    // SAFETY: `data` is borrowed for the whole call.
    let input = unsafe { input::read(data, &mut buffers.scratch) }?;
    let mut builder = options.builder(py, std::mem::take(&mut buffers.values));
    builder.interpreter_digits = interpreter_rules(&options.limits);
    let pause = Pause::for_bytes(py, input.len());
    let now = &mut *buffers;
    let read = if input.len() as u64 > options.limits.document_bytes {
        read_limited(input.bytes(&now.scratch), options, &mut builder)
    } else {
        let machine = &mut now.machine;
        machine.restart(options.limits, options.rules, 0);
        let read = machine.document(&mut builder, &input.window(&now.scratch));
        machine.rest();
        read
    };
    drop(pause);
    let value = match read {
        Ok(()) => builder.take(py).ok_or_else(|| PyRuntimeError::new_err("a document without a value")),
        Err(error) => Err(raise(py, FACE, &error, Some(&mut builder), Some(given))),
    };
    buffers.values = builder.release();
    buffers.give();
    value
}

fn build_hooked<'py>(
    py: Python<'py>,
    data: &Bound<'py, PyAny>,
    given: &Bound<'py, PyAny>,
    call: &Call,
) -> PyResult<Bound<'py, PyAny>> {
    let mut buffers = Buffers::take();
    // SAFETY: `data` is borrowed for the whole call; what a hook could change was copied.
    let input = unsafe { input::read(data, &mut buffers.scratch) }?;
    let mut inner = call.options.builder(py, std::mem::take(&mut buffers.values));
    inner.interpreter_digits = interpreter_rules(&call.options.limits);
    let mut builder = HookedBuilder::new(py, inner, &call.hooks);
    let read = read(&input, &buffers.scratch, &call.options, &mut builder);
    let mut inner = builder.inner;
    let value = match read {
        Ok(()) => inner.take(py).ok_or_else(|| PyRuntimeError::new_err("a document without a value")),
        Err(error) => Err(raise(py, FACE, &error, Some(&mut inner), Some(given))),
    };
    buffers.values = inner.release();
    buffers.give();
    value
}

/// Reads one document that is there in full.
#[inline(always)]
pub fn read<B: Builder>(
    input: &Input<'_>,
    scratch: &[u8],
    options: &Options,
    builder: &mut B,
) -> Result<(), Box<Error>> {
    if input.len() as u64 > options.limits.document_bytes {
        return read_limited(input.bytes(scratch), options, builder);
    }
    options.machine(0).document(builder, &input.window(scratch))
}

/// A document of more bytes than allowed: what comes first, an error in it or the limit.
#[cold]
pub fn read_limited<B: Builder>(bytes: &[u8], options: &Options, builder: &mut B) -> Result<(), Box<Error>> {
    let mut stream = Stream::new(Framing::Single, options.limits, options.rules, 0, false);
    let mut scratch = Vec::new();
    match stream.next(builder, &mut Chunk::new(bytes, &mut scratch, true)) {
        Event::Failed(error) => Err(error),
        Event::Document | Event::NeedMore | Event::BadRecord(_) => Ok(()),
    }
}

#[cold]
fn with_keywords<'py>(
    py: Python<'py>,
    given: &[Bound<'py, PyAny>],
    keywords: &Bound<'py, PyDict>,
) -> PyResult<Bound<'py, PyAny>> {
    let data = match given {
        [data] => data.clone(),
        [] => match keywords.get_item(intern!(py, "s"))? {
            Some(data) => {
                keywords.del_item(intern!(py, "s"))?;
                data
            }
            None => return Err(PyTypeError::new_err("loads() missing 1 required positional argument: 's'")),
        },
        more => {
            let count = more.len();
            return Err(PyTypeError::new_err(format!("loads() takes 1 positional argument but {count} were given")));
        }
    };
    let mut call = Call { options: Options::STDLIB, hooks: Hooks::default() };
    let mut known = true;
    for (name, value) in keywords.iter() {
        match name.cast::<PyString>()?.to_str()? {
            "cls" => known &= value.is_none(),
            "object_hook" => call.hooks.object = hook(Some(&value)),
            "object_pairs_hook" => call.hooks.pairs = hook(Some(&value)),
            "parse_float" => call.hooks.float = hook(Some(&value)),
            "parse_int" => call.hooks.int = hook(Some(&value)),
            "parse_constant" => call.hooks.constant = hook(Some(&value)),
            "limits" => call.options.limits = json_limits(Some(&value), JsonLimits::STDLIB)?,
            "duplicate_keys" => call.options.duplicates = duplicates(Some(value.extract::<&str>()?))?,
            "allow_nan" => call.options.rules.nan = value.is_truthy()?,
            _ => known = false,
        }
    }
    if !known {
        let slot = WITH_CLASS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let function = slot.as_ref().map(|function| function.clone_ref(py));
        drop(slot);
        let function =
            function.ok_or_else(|| PyRuntimeError::new_err("forkedenc._native was imported without forkedenc"))?;
        return function.bind(py).call((data,), Some(keywords));
    }
    let decoded = check(&data)?;
    let text = decoded.as_ref().unwrap_or(&data);
    if call.hooks.is_empty() { build(py, text, &data, &call.options) } else { build_hooked(py, text, &data, &call) }
}

const DOC: &std::ffi::CStr = c"loads(s, *, cls=None, object_hook=None, parse_float=None, parse_int=None, parse_constant=None, object_pairs_hook=None, limits=None, duplicate_keys='last', allow_nan=True, **kw)
--

Deserialize a JSON document (str, bytes or bytearray) to a Python object.

The arguments of the standard library's json.loads mean what they mean there. limits is a
forkedenc.Limits (default: Limits.stdlib()); duplicate_keys is 'last', 'first' or 'error';
allow_nan=False refuses NaN, Infinity and -Infinity.

Raises json.JSONDecodeError (as a forkedenc.DecodeError too) for what is no JSON,
forkedenc.LimitError for what crosses a limit, UnicodeDecodeError for bytes that don't decode,
and what a hook raises.";

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add_function(wrap_pyfunction!(register_loads_with_class, module)?)?;
    let definition = Box::leak(Box::new(ffi::PyMethodDef {
        ml_name: c"loads".as_ptr(),
        ml_meth: ffi::PyMethodDefPointer { PyCFunctionFastWithKeywords: loads },
        ml_flags: ffi::METH_FASTCALL | ffi::METH_KEYWORDS,
        ml_doc: DOC.as_ptr(),
    }));
    let name = PyString::intern(py, "forkedenc.json");
    // SAFETY: attached; the definition lives for ever.
    let function = unsafe {
        Bound::from_owned_ptr_or_err(py, ffi::PyCFunction_NewEx(definition, std::ptr::null_mut(), name.as_ptr()))
    }?;
    module.add("loads", function)
}
