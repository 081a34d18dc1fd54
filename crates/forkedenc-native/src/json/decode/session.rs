//! What every decode needs: its options, buffers that a thread keeps for the next one, and errors made Python's.

use std::cell::Cell;

use forkedenc_core::error::{Error, Kind};
use forkedenc_core::json::{Machine, Rules};
use forkedenc_core::limits::{JsonLimits, Limit, NONE};
use pyo3::exceptions::{PyMemoryError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;

use super::objects::{Duplicates, ObjectBuilder};
use super::typed::Frame;
use crate::{errors, fallible};

/// How a decoder reads, fixed when it is made.
#[derive(Clone, Copy)]
pub struct Options {
    pub limits: JsonLimits,
    pub rules: Rules,
    pub duplicates: Duplicates,
}

impl Options {
    /// What `json.loads` does without further arguments.
    pub const STDLIB: Self = Self { limits: JsonLimits::STDLIB, rules: Rules::STDLIB, duplicates: Duplicates::Last };

    #[inline(always)]
    #[must_use]
    pub fn machine(&self, start: usize) -> Machine {
        Machine::new(self.limits, self.rules, start)
    }

    #[inline(always)]
    #[must_use]
    pub fn builder(&self, py: Python<'_>, values: Vec<*mut ffi::PyObject>) -> ObjectBuilder {
        ObjectBuilder::new(py, self.duplicates, values)
    }
}

/// `duplicate_keys=`.
pub fn duplicates(name: Option<&str>) -> PyResult<Duplicates> {
    match name {
        None | Some("last") => Ok(Duplicates::Last),
        Some("first") => Ok(Duplicates::First),
        Some("error") => Ok(Duplicates::Error),
        Some(other) => {
            Err(PyValueError::new_err(format!("duplicate_keys must be 'last', 'first' or 'error', not '{other}'")))
        }
    }
}

/// What one decode works with, kept by its thread for the next.
pub struct Buffers {
    /// A machine for documents that are there in full; it rests in between.
    pub machine: Machine,
    /// The builder's stack, empty between decodes.
    pub values: Vec<*mut ffi::PyObject>,
    /// The typed builder's, empty likewise.
    pub frames: Vec<Frame>,
    /// Input that is copied.
    pub scratch: Vec<u8>,
}

/// Buffers past this are not kept.
const KEPT: usize = 1 << 20;

thread_local! {
    static BUFFERS: Cell<Option<Box<Buffers>>> = const { Cell::new(None) };
}

impl Default for Buffers {
    fn default() -> Self {
        let mut machine = Options::STDLIB.machine(0);
        machine.rest();
        Self { machine, values: Vec::new(), frames: Vec::new(), scratch: Vec::new() }
    }
}

impl Buffers {
    /// This thread's buffers, or new ones where a decode inside a decode finds them taken.
    #[inline]
    pub fn take() -> Box<Self> {
        BUFFERS.with(Cell::take).unwrap_or_default()
    }

    /// Keeps the buffers for the thread's next decode.
    #[inline]
    pub fn give(mut self: Box<Self>) {
        if self.scratch.capacity() > KEPT {
            self.scratch = Vec::new();
        }
        if self.values.capacity() > KEPT / size_of::<usize>() {
            self.values = Vec::new();
        }
        if self.frames.capacity() > KEPT / size_of::<Frame>() {
            self.frames = Vec::new();
        }
        BUFFERS.with(|buffers| buffers.set(Some(self)));
    }
}

/// The exception of a failed decode. `builder` may hold the reason; `data` is what the caller of `loads` gave.
#[cold]
pub fn raise(
    py: Python<'_>,
    face: &str,
    error: &Error,
    builder: Option<&mut ObjectBuilder>,
    data: Option<&Bound<'_, PyAny>>,
) -> PyErr {
    raise_from(py, face, error, builder, data, 0)
}

/// The same for a decode that began at the byte `start` of `data`.
#[cold]
pub fn raise_from(
    py: Python<'_>,
    face: &str,
    error: &Error,
    builder: Option<&mut ObjectBuilder>,
    data: Option<&Bound<'_, PyAny>>,
    start: u64,
) -> PyErr {
    let mut kind = error.kind;
    if kind == Kind::OutOfMemory {
        return PyMemoryError::new_err(());
    }
    let mut place = error.place;
    if kind == Kind::Builder {
        match builder.and_then(|builder| builder.too_many_digits.take()) {
            // The place is the number's first byte, which is a minus or not.
            Some((maximum, negative)) => {
                let further = u64::from(negative) + maximum;
                place.offset += further;
                place.column += further;
                kind = Kind::Limit { limit: Limit::NumberDigits, maximum, observed: maximum + 1 };
            }
            None => return PyErr::fetch(py),
        }
    }
    let detail = match errors::detail(py, &kind) {
        Ok(detail) => detail,
        Err(failed) => return failed,
    };
    if let Some(data) = data
        && let Err(failed) = fallible::put(&detail, "data", data)
            .and_then(|()| fallible::put_int(&detail, "token", error.token))
            .and_then(|()| fallible::put_int(&detail, "start", start))
    {
        return failed;
    }
    errors::raise(py, face, kind.name(), place.offset, place.line, place.column, &error.path, detail)
}

/// An exception of a kind that has no place in the input.
pub fn raise_plain(py: Python<'_>, face: &str, kind: &str, data: &Bound<'_, PyAny>) -> PyErr {
    let detail = || {
        let detail = fallible::dict(py)?;
        fallible::put(&detail, "data", data)?;
        fallible::put_int(&detail, "token", 0)?;
        Ok(detail)
    };
    match detail() {
        Ok(detail) => errors::raise(py, face, kind, 0, 1, 1, "", detail),
        Err(failed) => failed,
    }
}

/// True where integers are limited by the interpreter's own setting: no limit of ours on digits.
#[must_use]
pub fn interpreter_rules(limits: &JsonLimits) -> bool {
    limits.number_digits == NONE
}
