//! Values without members, and keys: strings, numbers and constants.

use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};

use forkedenc_core::json::encode::{Text, Writer, decimal_text};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use pyo3::{ffi, intern};

use super::options::{Face, GENERAL, Options};
use super::text::{make_str, text};
use super::walk::{Class, Open, Trouble, Walk};
use crate::fallible;
use crate::json::raw;

impl Walk {
    /// Writes `value` if it has no members, else says what it is.
    ///
    /// # Safety
    /// The interpreter is attached; `value` is alive, and held if a string encoder may run.
    #[inline(always)]
    pub unsafe fn leaf<const ASCII: bool, const STYLE: u8>(
        &mut self,
        options: &Options,
        value: *mut ffi::PyObject,
        out: &mut Writer,
    ) -> Class {
        // SAFETY: objects of exactly these types are read by their own functions; no Python code runs.
        unsafe {
            let kind = ffi::Py_TYPE(value);
            let written = if kind == &raw mut ffi::PyUnicode_Type {
                if STYLE == GENERAL && options.encoder.is_some() {
                    self.apart(out, |walk| walk.custom_string(options, value))
                } else {
                    let Some(text) = text(value) else { return self.leaf_failed() };
                    out.string::<ASCII>(text, options.surrogates)
                }
            } else if kind == &raw mut ffi::PyLong_Type {
                let mut overflow = 0;
                // For an int this neither runs Python code nor fails.
                let number = ffi::PyLong_AsLongLongAndOverflow(value, &raw mut overflow);
                if overflow == 0 {
                    out.signed(number)
                } else {
                    self.apart(out, |walk| walk.big_integer(options, value))
                }
            } else if kind == &raw mut ffi::PyFloat_Type {
                let number = ffi::PyFloat_AS_DOUBLE(value);
                if number.is_finite() {
                    out.float(number)
                } else {
                    self.apart(out, |walk| walk.not_finite(options, number, value))
                }
            } else if kind == &raw mut ffi::PyDict_Type {
                return Class::Dict;
            } else if kind == &raw mut ffi::PyList_Type {
                return Class::List;
            } else if value == ffi::Py_None() {
                out.put(*b"null")
            } else if value == ffi::Py_True() {
                out.put(*b"true")
            } else if value == ffi::Py_False() {
                out.put(*b"false")
            } else if kind == &raw mut ffi::PyTuple_Type {
                return Class::Tuple;
            } else {
                return self.apart(out, |walk| walk.subclass::<ASCII, STYLE>(options, value));
            };
            if written { Class::Leaf } else { self.apart(out, Self::leaf_failed) }
        }
    }

    /// Nothing is left behind as "false with no reason": an exception that is set is the reason.
    #[cold]
    #[inline(never)]
    pub fn leaf_failed(&mut self) -> Class {
        if self.trouble.is_none() && self.out.failure().is_none() {
            self.trouble = Some(Trouble::Raised);
        }
        Class::Failed
    }

    /// What is none of the exact types: written by the value of the type it derives from.
    #[inline(never)]
    unsafe fn subclass<const ASCII: bool, const STYLE: u8>(
        &mut self,
        options: &Options,
        value: *mut ffi::PyObject,
    ) -> Class {
        // SAFETY: a subclass's object begins as its base's, whose functions read it; no Python code runs.
        unsafe {
            let written = if ffi::PyUnicode_Check(value) != 0 {
                self.string::<ASCII, STYLE>(options, value)
            } else if ffi::PyLong_Check(value) != 0 {
                self.integer(options, value)
            } else if ffi::PyFloat_Check(value) != 0 {
                self.float(options, value)
            } else if ffi::PyList_Check(value) != 0 || ffi::PyTuple_Check(value) != 0 {
                return Class::SequenceSubclass;
            } else if ffi::PyDict_Check(value) != 0 {
                return Class::DictSubclass;
            } else if options.face == Face::Encode
                && let Some(text) = raw::text_of(value)
            {
                self.out.raw(text)
            } else {
                return Class::Unknown;
            };
            if written { Class::Leaf } else { self.leaf_failed() }
        }
    }

    /// # Safety
    /// `value` is a str or of a subclass, and held if there is a string encoder.
    unsafe fn string<const ASCII: bool, const STYLE: u8>(
        &mut self,
        options: &Options,
        value: *mut ffi::PyObject,
    ) -> bool {
        // SAFETY: as the caller's; the text is not kept.
        unsafe {
            if STYLE == GENERAL && options.encoder.is_some() {
                return self.custom_string(options, value);
            }
            let Some(text) = text(value) else { return false };
            self.out.string::<ASCII>(text, options.surrogates)
        }
    }

    /// The string token that the caller's own encoder makes.
    ///
    /// # Safety
    /// `value` is held by the caller.
    #[inline(never)]
    unsafe fn custom_string(&mut self, options: &Options, value: *mut ffi::PyObject) -> bool {
        let Some(encoder) = &options.encoder else { return false };
        // SAFETY: the call's result is ours until it is given back.
        unsafe {
            let token = ffi::PyObject_CallOneArg(encoder.as_ptr(), value);
            if token.is_null() {
                return false;
            }
            let written = if ffi::PyUnicode_Check(token) != 0 {
                text(token).is_some_and(|text| self.out.raw_text(text))
            } else {
                ffi::PyErr_Format(
                    ffi::PyExc_TypeError,
                    c"encoder() must return a string, not %.80s".as_ptr(),
                    (*ffi::Py_TYPE(token)).tp_name,
                );
                false
            };
            ffi::Py_DECREF(token);
            written
        }
    }

    /// # Safety
    /// `value` is an int or of a subclass.
    unsafe fn integer(&mut self, options: &Options, value: *mut ffi::PyObject) -> bool {
        let mut overflow = 0;
        // SAFETY: as the caller's; for an int this neither runs Python code nor fails.
        let number = unsafe { ffi::PyLong_AsLongLongAndOverflow(value, &raw mut overflow) };
        if overflow == 0 {
            return self.out.signed(number);
        }
        // SAFETY: as the caller's.
        unsafe { self.big_integer(options, value) }
    }

    /// # Safety
    /// `value` is an int or of a subclass.
    #[cold]
    #[inline(never)]
    unsafe fn big_integer(&mut self, options: &Options, value: *mut ffi::PyObject) -> bool {
        // SAFETY: `int`'s own functions are called with an int; results are ours until given back.
        unsafe {
            // Never by the interpreter's own conversion: it looks for signals, so that a handler, or the collector's
            // finalizers, could change the container that holds this very int.
            let limit = if options.face == Face::Dumps { digits_limit() } else { Some(u64::MAX) };
            let Some(limit) = limit else { return false };
            let Some((negative, magnitude)) = magnitude_of(value) else { return false };
            // A byte is more than two digits: what is hopeless is not converted.
            let text = if magnitude.len() as u64 / 2 > limit { None } else { Some(decimal_text(&magnitude)) };
            match text.filter(|text| text.len() as u64 <= limit) {
                Some(text) => (!negative || self.out.put([b'-'])) && self.out.raw(text.as_bytes()),
                None => {
                    let message = c"Exceeds the limit (%llu digits) for integer string conversion; use \
                                    sys.set_int_max_str_digits() to increase the limit";
                    ffi::PyErr_Format(ffi::PyExc_ValueError, message.as_ptr(), limit);
                    false
                }
            }
        }
    }

    /// # Safety
    /// `value` is a float or of a subclass.
    unsafe fn float(&mut self, options: &Options, value: *mut ffi::PyObject) -> bool {
        // SAFETY: as the caller's.
        let number = unsafe { ffi::PyFloat_AS_DOUBLE(value) };
        if number.is_finite() {
            return self.out.float(number);
        }
        // SAFETY: as the caller's.
        unsafe { self.not_finite(options, number, value) }
    }

    /// # Safety
    /// `value` is alive.
    #[cold]
    #[inline(never)]
    unsafe fn not_finite(&mut self, options: &Options, number: f64, value: *mut ffi::PyObject) -> bool {
        if !options.allow_nan {
            // SAFETY: as the caller's.
            unsafe { self.fail(Trouble::NotFinite, value) };
            return false;
        }
        if number.is_nan() {
            self.out.put(*b"NaN")
        } else if number > 0.0 {
            self.out.put(*b"Infinity")
        } else {
            self.out.put(*b"-Infinity")
        }
    }

    /// A key that is no exact str.
    ///
    /// # Safety
    /// `key` is alive. Python code runs only where `is_key` says that it is none, and then it is held by the caller.
    #[inline(never)]
    pub unsafe fn odd_key<const ASCII: bool>(&mut self, options: &Options, key: *mut ffi::PyObject) -> bool {
        // SAFETY: as the caller's; no Python code runs.
        unsafe {
            if ffi::PyUnicode_Check(key) != 0 {
                let Some(text) = text(key) else { return false };
                return self.out.string::<ASCII>(text, options.surrogates);
            }
            if options.face == Face::Encode && !is_key(key) {
                return self.special_key::<ASCII>(options, key);
            }
            // None of these texts holds a character to escape.
            self.out.put([b'"']) && self.scalar_key(options, key) && self.out.put([b'"'])
        }
    }

    /// A key that is no str, without quotes.
    ///
    /// # Safety
    /// `key` is alive.
    unsafe fn scalar_key(&mut self, options: &Options, key: *mut ffi::PyObject) -> bool {
        // SAFETY: as the caller's; constants come before ints, which two of them are.
        unsafe {
            if ffi::PyFloat_Check(key) != 0 {
                self.float(options, key)
            } else if key == ffi::Py_True() {
                self.out.put(*b"true")
            } else if key == ffi::Py_False() {
                self.out.put(*b"false")
            } else if key == ffi::Py_None() {
                self.out.put(*b"null")
            } else if ffi::PyLong_Check(key) != 0 {
                self.integer(options, key)
            } else {
                self.fail(Trouble::InvalidKey, key);
                false
            }
        }
    }

    /// A key of the general style with what stands before and behind it; `Some(false)`: skipped.
    ///
    /// # Safety
    /// `key` is held by the caller.
    #[inline(never)]
    pub unsafe fn general_key<const ASCII: bool>(
        &mut self,
        options: &Options,
        key: *mut ffi::PyObject,
        open: &mut Open,
    ) -> Option<bool> {
        // SAFETY: as the caller's.
        unsafe {
            if options.skipkeys && !is_key(key) {
                return Some(false);
            }
            let written = (open.wrote == 0 || self.separate(options))
                && {
                    open.wrote = 1;
                    match &options.encoder {
                        None => self.odd_key::<ASCII>(options, key),
                        Some(_) if ffi::PyUnicode_Check(key) != 0 => self.custom_string(options, key),
                        Some(_) => self.custom_scalar_key(options, key),
                    }
                }
                && self.out.raw(&options.key_separator);
            if written {
                return Some(true);
            }
            self.leaf_failed();
            None
        }
    }

    /// A key that is no str, for the caller's own string encoder.
    ///
    /// # Safety
    /// `key` is held by the caller.
    unsafe fn custom_scalar_key(&mut self, options: &Options, key: *mut ffi::PyObject) -> bool {
        let start = self.out.used();
        // SAFETY: as the caller's; the new str is ours until it is given back.
        unsafe {
            if !self.scalar_key(options, key) {
                return false;
            }
            let name = make_str(&self.out.bytes()[start..], true);
            self.out.take_back(self.out.used() - start);
            if name.is_null() {
                return false;
            }
            let written = self.custom_string(options, name);
            ffi::Py_DECREF(name);
            written
        }
    }
}

/// `sys.get_int_max_str_digits` as it was at import: the interpreter's own, which runs no Python code.
static DIGITS_LIMIT: AtomicPtr<ffi::PyObject> = AtomicPtr::new(null_mut());

/// Finds that function.
pub fn find_digits_limit(py: Python<'_>) -> PyResult<()> {
    let function = py.import("sys")?.getattr("get_int_max_str_digits")?;
    // Kept for ever: a module that is loaded anew finds the same one.
    DIGITS_LIMIT.store(function.into_ptr(), Ordering::Relaxed);
    Ok(())
}

/// The most digits of an int's text by the interpreter's setting; `None` with an exception set.
///
/// # Safety
/// The interpreter is attached.
unsafe fn digits_limit() -> Option<u64> {
    // SAFETY: attached; the function is alive for ever, its result ours until it is given back.
    unsafe {
        let found = ffi::PyObject_CallNoArgs(DIGITS_LIMIT.load(Ordering::Relaxed));
        if found.is_null() {
            return None;
        }
        let limit = ffi::PyLong_AsLongLong(found);
        ffi::Py_DECREF(found);
        Some(u64::try_from(limit).ok().filter(|limit| *limit > 0).unwrap_or(u64::MAX))
    }
}

/// # Safety
/// `key` is alive.
pub unsafe fn is_key(key: *mut ffi::PyObject) -> bool {
    // SAFETY: as the caller's.
    unsafe {
        ffi::PyUnicode_Check(key) != 0
            || ffi::PyFloat_Check(key) != 0
            || ffi::PyLong_Check(key) != 0
            || key == ffi::Py_None()
    }
}

/// Keeps the cyclic garbage collector, which runs finalizers, from starting by itself.
struct CollectorPaused {
    ran: bool,
}

impl CollectorPaused {
    fn new() -> Self {
        // SAFETY: the caller holds an interpreter token.
        Self { ran: unsafe { ffi::PyGC_Disable() } != 0 }
    }
}

impl Drop for CollectorPaused {
    fn drop(&mut self) {
        if self.ran {
            // SAFETY: still attached, as when it was made.
            unsafe { ffi::PyGC_Enable() };
        }
    }
}

/// The sign and the bytes, lowest first, of an int of any size; `None` with an exception set.
///
/// # Safety
/// `value` is an int or of a subclass.
unsafe fn magnitude_of(value: *mut ffi::PyObject) -> Option<(bool, Vec<u8>)> {
    Python::attach(|py| {
        // SAFETY: as the caller's.
        let value = unsafe { Bound::from_borrowed_ptr(py, value) };
        // The containers being written are read between two items without holding the second: no finalizer may run.
        let _collector = CollectorPaused::new();
        // The methods of int itself, whatever a subclass makes of them.
        let int = py.get_type::<pyo3::types::PyInt>();
        let read = || -> PyResult<(bool, Vec<u8>)> {
            let zero = fallible::int(py, 0)?;
            let negative = int.call_method1(intern!(py, "__lt__"), (&value, zero))?.extract::<bool>()?;
            let magnitude = if negative { int.call_method1(intern!(py, "__neg__"), (&value,))? } else { value.clone() };
            let bits = int.call_method1(intern!(py, "bit_length"), (&magnitude,))?.extract::<u64>()?;
            let length = fallible::int(py, bits.div_ceil(8))?;
            let bytes = int.call_method1(intern!(py, "to_bytes"), (&magnitude, length, intern!(py, "little")))?;
            Ok((negative, bytes.cast::<PyBytes>()?.as_bytes().to_vec()))
        };
        read().map_err(|error| error.restore(py)).ok()
    })
}

/// The JSON text of one str by the rules of `encode_basestring` (or `_ascii`).
///
/// # Safety
/// The interpreter is attached and `object` is a str that is alive.
pub unsafe fn basestring<const ASCII: bool>(object: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: as the caller's.
    unsafe {
        let Some(text) = text(object) else { return std::ptr::null_mut() };
        let room = match text {
            Text::Ascii(bytes) => bytes.len() + 64,
            _ => 1024,
        };
        let mut out = Writer::new(vec![0; room], usize::MAX, 0);
        if !out.string::<ASCII>(text, forkedenc_core::json::encode::Surrogates::Pass) {
            return ffi::PyErr_NoMemory();
        }
        make_str(out.bytes(), ASCII)
    }
}
