//! What a type asks of a value beside its kind: bounds, multiples, lengths, a pattern.
//!
//! Ints of 64 bits and floats are compared here, exactly as Python compares them; all else is Python's own comparison.
//! Lengths are what `len` says: characters of a str, bytes, items, members. A pattern is searched for, not matched.

use std::cmp::Ordering;

use pyo3::exceptions::{PyArithmeticError, PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDate, PyDateTime, PyDelta, PyFloat, PyInt, PyString, PyTime, PyTzInfo};

use super::numbers;
use crate::schema::{Refusal, Trouble};

/// A number as this machine has it.
#[derive(Clone, Copy)]
enum Native {
    Int(i64),
    Float(f64),
    Other,
}

impl Native {
    fn of(value: &Bound<'_, PyAny>) -> Self {
        let object = value.as_ptr();
        // SAFETY: attached; the exact types are checked before they are read. Reading an int of any size does not fail.
        unsafe {
            if ffi::PyLong_CheckExact(object) != 0 {
                let mut overflow = 0;
                let number = ffi::PyLong_AsLongLongAndOverflow(object, &raw mut overflow);
                return if overflow == 0 { Self::Int(number) } else { Self::Other };
            }
            if ffi::PyFloat_CheckExact(object) != 0 {
                return Self::Float(ffi::PyFloat_AsDouble(object));
            }
        }
        Self::Other
    }

    /// How it compares with another: nothing for a NaN. `Err`: only Python can tell.
    fn compare(self, other: Self) -> Result<Option<Ordering>, ()> {
        // A double is exact up to here.
        let exact = |number: i64| if number.unsigned_abs() <= 1 << 53 { Ok(number as f64) } else { Err(()) };
        match (self, other) {
            (Self::Int(one), Self::Int(other)) => Ok(Some(one.cmp(&other))),
            (Self::Float(one), Self::Float(other)) => Ok(one.partial_cmp(&other)),
            (Self::Int(one), Self::Float(other)) => Ok(exact(one)?.partial_cmp(&other)),
            (Self::Float(one), Self::Int(other)) => Ok(one.partial_cmp(&exact(other)?)),
            _ => Err(()),
        }
    }
}

struct Bounded {
    object: Py<PyAny>,
    native: Native,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Relation {
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
}

impl Relation {
    const ALL: [(Self, &'static str); 4] =
        [(Self::Greater, "gt"), (Self::GreaterEqual, "ge"), (Self::Less, "lt"), (Self::LessEqual, "le")];

    fn sign(self) -> &'static str {
        match self {
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::Less => "<",
            Self::LessEqual => "<=",
        }
    }

    fn allows(self, ordering: Option<Ordering>) -> bool {
        ordering.is_some_and(|ordering| match self {
            Self::Greater => ordering.is_gt(),
            Self::GreaterEqual => ordering.is_ge(),
            Self::Less => ordering.is_lt(),
            Self::LessEqual => ordering.is_le(),
        })
    }

    fn operator(self) -> std::ffi::c_int {
        match self {
            Self::Greater => ffi::Py_GT,
            Self::GreaterEqual => ffi::Py_GE,
            Self::Less => ffi::Py_LT,
            Self::LessEqual => ffi::Py_LE,
        }
    }
}

/// The constraints of a type.
pub struct Constraints {
    bounds: Vec<(Relation, Bounded)>,
    multiple_of: Option<Bounded>,
    min_length: Option<isize>,
    max_length: Option<isize>,
    pattern: Option<Py<PyAny>>,
    runs_python: bool,
    /// All of them in words, after the name of a type.
    words: String,
}

impl Constraints {
    /// Reads a `Constraints` of `forkedenc._schema`; None where there are none.
    pub fn read(value: &Bound<'_, PyAny>) -> PyResult<Option<Self>> {
        if value.is_none() {
            return Ok(None);
        }
        let py = value.py();
        let mut read = Self {
            bounds: Vec::new(),
            multiple_of: None,
            min_length: length(&value.getattr("min_length")?)?,
            max_length: length(&value.getattr("max_length")?)?,
            pattern: None,
            runs_python: false,
            words: String::new(),
        };
        for (relation, name) in Relation::ALL {
            let bound = value.getattr(name)?;
            if !bound.is_none() {
                read.runs_python |= !is_builtin(&bound)?;
                read.bounds.push((relation, Bounded { native: Native::of(&bound), object: bound.unbind() }));
            }
        }
        let multiple = value.getattr("multiple_of")?;
        if !multiple.is_none() {
            read.runs_python |= !is_builtin(&multiple)?;
            read.multiple_of = Some(Bounded { native: Native::of(&multiple), object: multiple.unbind() });
        }
        let pattern = value.getattr("pattern")?;
        if !pattern.is_none() {
            read.runs_python |= !pattern.get_type().is(py.import("re")?.getattr("Pattern")?);
            read.pattern = Some(pattern.unbind());
        }
        read.words = read.in_words(py)?;
        Ok(Some(read))
    }

    fn in_words(&self, py: Python<'_>) -> PyResult<String> {
        let mut words = String::new();
        for (at, (relation, bound)) in self.bounds.iter().enumerate() {
            let and = if at == 0 { "" } else { " and" };
            words += &format!("{and} {} {}", relation.sign(), bound.object.bind(py).str()?);
        }
        if let Some(multiple) = &self.multiple_of {
            words += &format!(", a multiple of {}", multiple.object.bind(py).str()?);
        }
        match (self.min_length, self.max_length) {
            (Some(least), Some(most)) => words += &format!(" of length {least} to {most}"),
            (Some(least), None) => words += &format!(" of length >= {least}"),
            (None, Some(most)) => words += &format!(" of length <= {most}"),
            (None, None) => {}
        }
        if self.pattern.is_some() {
            words += ", with a match of its pattern";
        }
        Ok(words)
    }

    /// Decimals have no remainder by a float: it is taken as the number that is written.
    pub(super) fn make_decimal(&mut self, py: Python<'_>) -> PyResult<()> {
        if let Some(multiple) = &mut self.multiple_of
            && let Native::Float(_) = multiple.native
        {
            let text = multiple.object.bind(py).repr()?;
            multiple.object = numbers::decimal_class(py)?.call1((text,))?.unbind();
            multiple.native = Native::Other;
        }
        Ok(())
    }

    /// The name of a type with what is asked of it.
    #[must_use]
    pub fn describe(&self, name: &str) -> String {
        format!("{name}{}", self.words)
    }

    /// Code of the caller's may run.
    #[must_use]
    pub fn runs_python(&self) -> bool {
        self.runs_python
    }

    /// Does the value keep to all of them?
    pub fn check(&self, value: &Bound<'_, PyAny>) -> Result<(), Trouble> {
        self.unmet(value, || self.describe(&type_name(value)))
    }

    /// The same where errors call what was expected otherwise.
    pub(super) fn check_as(&self, value: &Bound<'_, PyAny>, expected: &str) -> Result<(), Trouble> {
        self.unmet(value, || expected.into())
    }

    fn unmet(&self, value: &Bound<'_, PyAny>, expected: impl Fn() -> String) -> Result<(), Trouble> {
        let answer = self.first_unmet(value);
        let (what, cause) = match answer {
            Ok(None) => return Ok(()),
            Ok(Some(what)) => (what, None),
            Err(error) => {
                let py = value.py();
                // Such as a local time compared with one in UTC, or a quotient of more digits than Decimal keeps.
                let refuses = error.is_instance_of::<PyTypeError>(py)
                    || error.is_instance_of::<PyValueError>(py)
                    || error.is_instance_of::<PyArithmeticError>(py);
                if !refuses {
                    return Err(Trouble::Raised(error));
                }
                ("that can't be compared", Some(error))
            }
        };
        let actual = format!("{} {what}", type_name(value));
        Err(Trouble::Refused(Box::new(Refusal { expected: expected(), actual, cause })))
    }

    /// What is wrong with a value, after the name of its type.
    fn first_unmet(&self, value: &Bound<'_, PyAny>) -> PyResult<Option<&'static str>> {
        let py = value.py();
        if !self.bounds.is_empty() || self.multiple_of.is_some() {
            let native = Native::of(value);
            for (relation, bound) in &self.bounds {
                let allowed = match native.compare(bound.native) {
                    Ok(ordering) => relation.allows(ordering),
                    // SAFETY: attached; both objects are alive.
                    Err(()) => unsafe {
                        let answer =
                            ffi::PyObject_RichCompareBool(value.as_ptr(), bound.object.as_ptr(), relation.operator());
                        if answer < 0 {
                            return Err(PyErr::fetch(py));
                        }
                        answer == 1
                    },
                };
                if !allowed {
                    return Ok(Some("out of bounds"));
                }
            }
            if let Some(multiple) = &self.multiple_of
                && !is_multiple(value, native, multiple)?
            {
                return Ok(Some("that is no multiple"));
            }
        }
        if self.min_length.is_some() || self.max_length.is_some() {
            // SAFETY: attached.
            let length = unsafe { ffi::PyObject_Size(value.as_ptr()) };
            if length < 0 {
                return Err(PyErr::fetch(py));
            }
            if self.min_length.is_some_and(|least| length < least) || self.max_length.is_some_and(|most| length > most)
            {
                return Ok(Some("of another length"));
            }
        }
        if let Some(pattern) = &self.pattern
            && pattern.bind(py).call_method1(intern!(py, "search"), (value,))?.is_none()
        {
            return Ok(Some("without a match"));
        }
        Ok(None)
    }

    pub fn visit(&self, visit: &pyo3::PyVisit<'_>) -> Result<(), pyo3::PyTraverseError> {
        self.bounds.iter().try_for_each(|(_, bound)| visit.call(&bound.object))?;
        if let Some(multiple) = &self.multiple_of {
            visit.call(&multiple.object)?;
        }
        visit.call(&self.pattern)
    }
}

fn length(value: &Bound<'_, PyAny>) -> PyResult<Option<isize>> {
    if value.is_none() { Ok(None) } else { value.extract().map(Some) }
}

fn is_multiple(value: &Bound<'_, PyAny>, native: Native, multiple: &Bounded) -> PyResult<bool> {
    match (native, multiple.native) {
        (Native::Int(value), Native::Int(multiple)) if multiple != 0 => Ok(value.wrapping_rem(multiple) == 0),
        (Native::Float(value), Native::Float(multiple)) if multiple != 0.0 => Ok(value % multiple == 0.0),
        _ => Ok(!value.rem(&multiple.object)?.is_truthy()?),
    }
}

/// Comparing with it is the interpreter's code alone.
fn is_builtin(value: &Bound<'_, PyAny>) -> PyResult<bool> {
    let py = value.py();
    let kind = value.get_type();
    if value.is_exact_instance_of::<PyInt>()
        || value.is_exact_instance_of::<PyFloat>()
        || value.is_exact_instance_of::<PyString>()
        || value.is_exact_instance_of::<PyDate>()
        || value.is_exact_instance_of::<PyDelta>()
        || kind.is(numbers::decimal_class(py)?)
    {
        return Ok(true);
    }
    if value.is_exact_instance_of::<PyDateTime>() || value.is_exact_instance_of::<PyTime>() {
        let zone = value.getattr("tzinfo")?;
        return Ok(zone.is_none() || zone.get_type().is(PyTzInfo::utc(py)?.get_type()));
    }
    Ok(false)
}

fn type_name(value: &Bound<'_, PyAny>) -> String {
    value.get_type().name().map_or_else(|_| "a value".into(), |name| name.to_string())
}
