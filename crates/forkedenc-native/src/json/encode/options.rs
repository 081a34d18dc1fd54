//! What an encode was asked for, read from Python arguments once.

use std::borrow::Cow;

use forkedenc_core::json::encode::{Surrogates, Writer};
use forkedenc_core::limits::{JsonLimits, NONE};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;

use super::text::text;
use crate::fallible;

/// Whose rules hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// The standard library's dialect and errors: `dumps` and family.
    Dumps,
    /// RFC 8259 and nothing else: `encode` and family.
    Encode,
}

/// What becomes of a `decimal.Decimal`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decimals {
    /// As any other type: `default()` is asked.
    Unknown,
    Number,
    String,
}

/// How tokens are set apart; a compile-time parameter of the walk.
pub const COMPACT: u8 = 0;
pub const SPACED: u8 = 1;
/// Any separators, indentation, skipped keys, a custom string encoder, suspension.
pub const GENERAL: u8 = 2;

pub struct Options {
    pub face: Face,
    pub ensure_ascii: bool,
    pub allow_nan: bool,
    pub check_circular: bool,
    pub skipkeys: bool,
    pub sort_keys: bool,
    /// Whether fields of instances that have their default are left out.
    pub omit_defaults: bool,
    pub decimals: Decimals,
    pub surrogates: Surrogates,
    pub indent: Option<Vec<u8>>,
    pub item_separator: Cow<'static, [u8]>,
    pub key_separator: Cow<'static, [u8]>,
    /// What unknown types are handed to.
    pub default: Option<Py<PyAny>>,
    /// A callable that makes string tokens, instead of ours.
    pub encoder: Option<Py<PyAny>>,
    pub limits: JsonLimits,
}

impl Options {
    /// What `dumps(obj)` asks for.
    pub const DUMPS: Self = Self {
        face: Face::Dumps,
        ensure_ascii: true,
        allow_nan: true,
        check_circular: true,
        skipkeys: false,
        sort_keys: false,
        omit_defaults: false,
        decimals: Decimals::Unknown,
        surrogates: Surrogates::Pass,
        indent: None,
        item_separator: Cow::Borrowed(b", "),
        key_separator: Cow::Borrowed(b": "),
        default: None,
        encoder: None,
        limits: JsonLimits::STDLIB,
    };

    /// What `encode(obj)` asks for.
    pub const ENCODE: Self = Self {
        face: Face::Encode,
        ensure_ascii: false,
        allow_nan: false,
        decimals: Decimals::Number,
        surrogates: Surrogates::Refuse,
        item_separator: Cow::Borrowed(b","),
        key_separator: Cow::Borrowed(b":"),
        limits: JsonLimits::DEFAULT,
        ..Self::DUMPS
    };

    /// The narrowest of the three ways to set tokens apart.
    pub fn style(&self) -> u8 {
        if self.indent.is_some() || self.skipkeys || self.encoder.is_some() {
            return GENERAL;
        }
        match (&*self.item_separator, &*self.key_separator) {
            (b",", b":") => COMPACT,
            (b", ", b": ") => SPACED,
            _ => GENERAL,
        }
    }

    /// May instances be walked where they lie, in the compact style?
    #[inline(always)]
    pub fn walks_instances(&self) -> bool {
        self.face == Face::Encode && !self.sort_keys && !self.omit_defaults
    }

    /// How much may be written ahead and taken back.
    pub fn slack(&self) -> usize {
        if self.style() == GENERAL { 0 } else { self.item_separator.len() }
    }

    /// Whether the output is ASCII whatever the value.
    pub fn writes_ascii(&self) -> bool {
        self.ensure_ascii
            && self.encoder.is_none()
            && self.item_separator.is_ascii()
            && self.key_separator.is_ascii()
            && self.indent.as_deref().is_none_or(<[u8]>::is_ascii)
    }

    pub fn document_bytes(&self) -> usize {
        match self.limits.document_bytes {
            NONE => usize::MAX,
            limit => usize::try_from(limit).unwrap_or(usize::MAX),
        }
    }

    /// `indent=` as `dumps` takes it: None, a string, or a number of spaces.
    pub fn set_indent(&mut self, indent: &Bound<'_, PyAny>) -> PyResult<()> {
        if indent.is_none() {
            self.indent = None;
            return Ok(());
        }
        let py = indent.py();
        // As the standard library forms it, errors included.
        let unit = if indent.is_instance_of::<pyo3::types::PyString>() {
            indent.clone()
        } else {
            fallible::text(py, " ")?.mul(indent)?
        };
        self.indent = Some(bytes_of(&unit)?);
        Ok(())
    }

    /// `separators=` as `dumps` takes it, `None` included; after [`Options::set_indent`].
    pub fn set_separators(&mut self, separators: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        if let Some(separators) = separators.filter(|separators| !separators.is_none()) {
            let mut parts = separators.try_iter().map_err(|error| cannot_unpack(separators, error))?;
            let (item, key) = (parts.next().transpose()?, parts.next().transpose()?);
            let (Some(item), Some(key)) = (&item, &key) else {
                let got = usize::from(item.is_some());
                return Err(PyValueError::new_err(format!("not enough values to unpack (expected 2, got {got})")));
            };
            if parts.next().transpose()?.is_some() {
                return Err(PyValueError::new_err("too many values to unpack (expected 2)"));
            }
            self.key_separator = Cow::Owned(separator(key, 5)?);
            self.item_separator = Cow::Owned(separator(item, 6)?);
        } else if self.indent.is_some() {
            self.item_separator = Cow::Borrowed(b",");
            self.key_separator = Cow::Borrowed(b": ");
        }
        Ok(())
    }

    /// `decimal=` of the native faces.
    pub fn set_decimal(&mut self, decimal: &Bound<'_, PyAny>) -> PyResult<()> {
        self.decimals = match decimal.extract::<&str>() {
            Ok("number") => Decimals::Number,
            Ok("string") => Decimals::String,
            _ => return Err(PyValueError::new_err("decimal must be 'number' or 'string'")),
        };
        Ok(())
    }
}

fn cannot_unpack(separators: &Bound<'_, PyAny>, error: PyErr) -> PyErr {
    if error.is_instance_of::<PyTypeError>(separators.py()) && !has_iter(separators) {
        let name = separators.get_type().name().map_or_else(|_| String::new(), |name| name.to_string());
        return PyTypeError::new_err(format!("cannot unpack non-iterable {name} object"));
    }
    error
}

fn has_iter(object: &Bound<'_, PyAny>) -> bool {
    object.hasattr("__iter__").unwrap_or(false)
}

/// A separator's text, or the error of the standard library's accelerator, which names its own argument.
pub fn separator(object: &Bound<'_, PyAny>, argument: u8) -> PyResult<Vec<u8>> {
    if !object.is_instance_of::<pyo3::types::PyString>() {
        let name = object.get_type().name()?;
        return Err(PyTypeError::new_err(format!("make_encoder() argument {argument} must be str, not {name}")));
    }
    bytes_of(object)
}

/// A str's text as UTF-8, surrogates passed on.
pub fn bytes_of(object: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    let mut out = Writer::new(Vec::new(), usize::MAX, 0);
    // SAFETY: `object` is a str that is alive, and nothing runs while its text is read.
    let read = unsafe { text(object.as_ptr()) };
    let Some(read) = read else { return Err(PyErr::fetch(object.py())) };
    if !out.raw_text(read) {
        return Err(pyo3::exceptions::PyMemoryError::new_err(()));
    }
    let mut bytes = out.bytes().to_vec();
    bytes.shrink_to_fit();
    Ok(bytes)
}

/// A truth value, or what asking for it raised.
pub fn truth(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    // SAFETY: the object is alive.
    match unsafe { ffi::PyObject_IsTrue(object.as_ptr()) } {
        -1 => Err(PyErr::fetch(object.py())),
        answer => Ok(answer == 1),
    }
}
