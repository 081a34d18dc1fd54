//! What both codecs know of a type: scalars and their rules, classes and how their instances are made. `forkedenc._schema`
//! says it in plain tuples, once for each decoder.

use pyo3::prelude::*;

pub mod class;
pub mod flood;
pub mod known;
pub mod scalar;

/// Why a value does not fit, in texts that name types and never show the value.
#[derive(Debug)]
pub struct Refusal {
    pub expected: String,
    pub actual: String,
    /// What the caller's own code raised.
    pub cause: Option<PyErr>,
}

/// How making a value failed.
#[derive(Debug)]
pub enum Trouble {
    Refused(Box<Refusal>),
    Raised(PyErr),
}

impl Trouble {
    pub fn refused(expected: impl Into<String>, actual: impl Into<String>) -> Self {
        Self::Refused(Box::new(Refusal { expected: expected.into(), actual: actual.into(), cause: None }))
    }
}

impl From<PyErr> for Trouble {
    fn from(error: PyErr) -> Self {
        Self::Raised(error)
    }
}

/// A scalar as it stands in a document.
#[derive(Clone, Copy, Debug)]
pub enum Token<'a> {
    Null,
    Boolean(bool),
    Integer(i64),
    /// The text of an integer past 64 bits.
    BigInteger(&'a [u8]),
    Float(f64),
    /// A number's text, where somebody asked for it.
    Number {
        text: &'a [u8],
        integer: bool,
    },
    /// UTF-8. `ascii`: it is.
    String {
        text: &'a [u8],
        ascii: bool,
    },
}

impl Token<'_> {
    /// What an error calls it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean(_) => "bool",
            Self::Integer(_) | Self::BigInteger(_) | Self::Number { integer: true, .. } => "int",
            Self::Float(_) | Self::Number { .. } => "float",
            Self::String { .. } => "str",
        }
    }
}
