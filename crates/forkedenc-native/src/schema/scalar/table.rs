//! Enums and Literals: what is looked up rather than read. Values are found by the kind of their token, so that 1, True,
//! 1.0 and "1" are four values. An enum with a `_missing_` of its own is asked for what it lacks.
//!
//! Only the schema's values are in the tables; a document's are looked for, so that nobody can fill them with collisions.

use std::collections::HashMap;

use forkedenc_core::plan::{Action, Row};
use forkedenc_core::scalar::{Fault, number};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyInt, PyString, PyTuple, PyType};

use super::{Style, Token, Trouble, integer, numbers};
use crate::fallible;
use crate::schema::class::own_refusal;

#[derive(Default)]
pub struct Table {
    null: Option<Py<PyAny>>,
    no: Option<Py<PyAny>>,
    yes: Option<Py<PyAny>>,
    integers: HashMap<i64, Py<PyAny>>,
    /// By their digits.
    big_integers: HashMap<Box<[u8]>, Py<PyAny>>,
    floats: Vec<(f64, Py<PyAny>)>,
    strings: HashMap<Box<[u8]>, Py<PyAny>>,
    /// The enum, where it makes members of values that it lacks.
    missing: Option<Py<PyAny>>,
    expected: String,
}

/// More values than this are not listed in errors.
const LISTED: usize = 16;

impl Table {
    /// Reads `(class, ((value, member), ...))`.
    pub fn of_enum(argument: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = argument.py();
        let class = argument.get_item(0)?.cast_into::<PyType>()?;
        let mut table = Self { expected: class.name()?.to_string(), ..Self::default() };
        table.read(&argument.get_item(1)?)?;
        // The function below the bound method tells whether it is the one that finds nothing.
        let found = class.getattr("_missing_")?.getattr_opt("__func__")?;
        let usual = py.import("enum")?.getattr("Enum")?.getattr("_missing_")?.getattr("__func__")?;
        if !found.is_some_and(|found| found.is(&usual)) {
            table.missing = Some(class.into_any().unbind());
        }
        Ok(table)
    }

    /// Reads `((value, value), ...)`.
    pub fn of_literal(argument: &Bound<'_, PyAny>) -> PyResult<Self> {
        let mut table = Self::default();
        table.read(argument)?;
        let values = argument.try_iter()?.map(|pair| pair?.get_item(1)).collect::<PyResult<Vec<_>>>()?;
        table.expected = listed(&values)?;
        Ok(table)
    }

    /// Each value stands for itself.
    pub fn of_values(values: &[Bound<'_, PyAny>]) -> PyResult<Self> {
        let mut table = Self { expected: listed(values)?, ..Self::default() };
        for value in values {
            table.add(value, value)?;
        }
        Ok(table)
    }

    fn read(&mut self, pairs: &Bound<'_, PyAny>) -> PyResult<()> {
        for pair in pairs.try_iter()? {
            let pair = pair?.cast_into::<PyTuple>()?;
            self.add(&pair.get_item(0)?, &pair.get_item(1)?)?;
        }
        Ok(())
    }

    /// The first of two equal values is kept.
    fn add(&mut self, raw: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let value = value.clone().unbind();
        if raw.is_none() {
            self.null.get_or_insert(value);
        } else if let Ok(raw) = raw.cast::<PyBool>() {
            if raw.is_true() { &mut self.yes } else { &mut self.no }.get_or_insert(value);
        } else if raw.is_instance_of::<PyString>() {
            self.strings.entry(raw.extract::<String>()?.into_bytes().into()).or_insert(value);
        } else if raw.is_instance_of::<PyInt>() {
            match raw.extract::<i64>() {
                Ok(raw) => {
                    self.integers.entry(raw).or_insert(value);
                }
                Err(_) => {
                    let digits = integer_text(raw)?;
                    self.big_integers.entry(digits).or_insert(value);
                }
            }
        } else if let Ok(raw) = raw.cast::<PyFloat>() {
            let raw = raw.value();
            if !self.floats.iter().any(|(known, _)| *known == raw) {
                self.floats.push((raw, value));
            }
        } else {
            return Err(PyTypeError::new_err("a value that no token stands for"));
        }
        Ok(())
    }

    #[must_use]
    pub fn expected(&self) -> String {
        self.expected.clone()
    }

    #[must_use]
    pub fn runs_python(&self) -> bool {
        self.missing.is_some()
    }

    fn has_integers(&self) -> bool {
        !self.integers.is_empty() || !self.big_integers.is_empty()
    }

    #[must_use]
    pub fn row(&self, own: Action, lax: bool) -> Row {
        let when = |wanted: bool| if wanted { own } else { Action::REFUSE };
        Row {
            null: when(self.null.is_some()),
            boolean: when(self.no.is_some() || self.yes.is_some()),
            integer: when(self.has_integers() || !self.floats.is_empty()),
            float: when(!self.floats.is_empty()),
            string: when(lax || !self.strings.is_empty()),
            ..Row::NEVER
        }
    }

    /// The value of a token.
    pub fn get<'py>(
        &self,
        py: Python<'py>,
        token: Token<'_>,
        lax: bool,
    ) -> Result<Result<Bound<'py, PyAny>, Fault>, Trouble> {
        let found = match token {
            Token::Null => self.null.as_ref(),
            Token::Boolean(false) => self.no.as_ref(),
            Token::Boolean(true) => self.yes.as_ref(),
            Token::Integer(value) => self.integers.get(&value).or_else(|| self.float(value as f64)),
            Token::BigInteger(text) => self.big_integers.get(text).or_else(|| self.float(numbers::nearest(text))),
            Token::Float(value) => self.float(value),
            Token::Number { .. } => None,
            Token::String { text, .. } if lax => return self.get_text(py, text, text, Style::Json),
            Token::String { text, .. } => self.strings.get(text),
        };
        match found {
            Some(value) => Ok(Ok(value.bind(py).clone())),
            None => self.miss(py, token),
        }
    }

    fn float(&self, value: f64) -> Option<&Py<PyAny>> {
        self.floats.iter().find(|(known, _)| *known == value).map(|(_, value)| value)
    }

    /// The value that a text stands for: a string as it is, anything else by the text of it.
    pub fn get_text<'py>(
        &self,
        py: Python<'py>,
        text: &[u8],
        trimmed: &[u8],
        style: Style,
    ) -> Result<Result<Bound<'py, PyAny>, Fault>, Trouble> {
        let integer = integer_of(trimmed, style);
        let found = self
            .strings
            .get(text)
            .or_else(|| self.strings.get(trimmed))
            .or_else(|| match integer {
                Some(Ok(value)) => self.integers.get(&value),
                Some(Err((false, digits))) => self.big_integers.get(digits),
                Some(Err((true, digits))) => self.big_negative(digits),
                None => None,
            })
            .or_else(|| self.by_text(trimmed, style));
        if let Some(found) = found {
            return Ok(Ok(found.bind(py).clone()));
        }
        match integer {
            Some(Ok(value)) if self.strings.is_empty() && self.has_integers() => self.miss(py, Token::Integer(value)),
            _ => self.miss(py, Token::String { text: trimmed, ascii: trimmed.is_ascii() }),
        }
    }

    fn by_text(&self, text: &[u8], style: Style) -> Option<&Py<PyAny>> {
        match text {
            b"true" => return self.yes.as_ref(),
            b"false" => return self.no.as_ref(),
            b"null" => return self.null.as_ref(),
            _ => {}
        }
        if self.floats.is_empty() || (style == Style::Json && !number::is_json_number(text)) {
            return None;
        }
        self.float(number::double(text).ok()?)
    }

    fn big_negative(&self, digits: &[u8]) -> Option<&Py<PyAny>> {
        let same = |known: &[u8]| known.strip_prefix(b"-") == Some(digits);
        self.big_integers.iter().find(|(known, _)| same(known)).map(|(_, value)| value)
    }

    /// Asks the enum for a value that is none of its own.
    fn miss<'py>(&self, py: Python<'py>, token: Token<'_>) -> Result<Result<Bound<'py, PyAny>, Fault>, Trouble> {
        let Some(class) = &self.missing else { return Ok(Err(Fault::Form)) };
        let value = match token {
            Token::Null => py.None().into_bound(py),
            Token::Boolean(value) => fallible::truth(py, value),
            Token::Integer(value) => numbers::int(py, value)?,
            Token::BigInteger(text) => integer::parse(py, text)?,
            Token::Float(value) => fallible::float(py, value)?,
            Token::Number { .. } => return Ok(Err(Fault::Form)),
            Token::String { text, ascii } => numbers::text(py, text, ascii)?,
        };
        match class.bind(py).call1((value,)) {
            Ok(member) => Ok(Ok(member)),
            Err(error) => {
                let actual = format!("another {}", token.name());
                Err(own_refusal(py, error, || self.expected.clone(), &actual))
            }
        }
    }

    pub fn visit(&self, visit: &pyo3::PyVisit<'_>) -> Result<(), pyo3::PyTraverseError> {
        for value in [&self.null, &self.no, &self.yes, &self.missing].into_iter().flatten() {
            visit.call(value)?;
        }
        self.integers.values().try_for_each(|value| visit.call(value))?;
        self.big_integers.values().try_for_each(|value| visit.call(value))?;
        self.floats.iter().try_for_each(|(_, value)| visit.call(value))?;
        self.strings.values().try_for_each(|value| visit.call(value))
    }
}

/// The integer that a text is; past 64 bits, its sign and its digits.
fn integer_of(text: &[u8], style: Style) -> Option<Result<i64, (bool, &[u8])>> {
    if style == Style::Json && !number::is_plain_integer(text) {
        return None;
    }
    let (negative, digits) = number::integer(text).ok()?;
    Some(match std::str::from_utf8(digits).ok().and_then(|digits| digits.parse::<i64>().ok()) {
        Some(value) => Ok(if negative { -value } else { value }),
        None => Err((negative, digits)),
    })
}

/// The digits of an int, past the interpreter's limit on them.
fn integer_text(value: &Bound<'_, PyAny>) -> PyResult<Box<[u8]>> {
    // SAFETY: attached; the result is new. Hexadecimal has no limit, and digits are made of it here.
    let hexadecimal =
        unsafe { Bound::from_owned_ptr_or_err(value.py(), pyo3::ffi::PyNumber_ToBase(value.as_ptr(), 16))? };
    let text: String = hexadecimal.extract()?;
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.as_str()),
    };
    let digits = digits.strip_prefix("0x").unwrap_or(digits).as_bytes();
    let digit = |digit: &u8| (*digit as char).to_digit(16).unwrap_or(0) as u8;
    let bytes: Vec<u8> =
        digits.rchunks(2).map(|pair| pair.iter().fold(0, |value, next| value << 4 | digit(next))).collect();
    let text = forkedenc_core::json::encode::decimal_text(&bytes);
    Ok(if negative { format!("-{text}") } else { text }.into_bytes().into())
}

fn listed(values: &[Bound<'_, PyAny>]) -> PyResult<String> {
    let mut words = Vec::new();
    for value in values.iter().take(LISTED) {
        words.push(value.repr()?.to_string());
    }
    if values.len() > LISTED {
        words.push("...".into());
    }
    Ok(format!("one of {}", words.join(", ")))
}
