//! Scalars: what a decode makes of a number, a string or a constant where a type asks for more than JSON's own kinds, and the
//! text that XML and keys have instead. A [`Scalar`] is one such type with its constraints.
//!
//! What a type takes, strictly: an int an integer; a float any number; a Decimal any number, by its own digits, and a string;
//! bytes (base64), datetimes, dates, times, timedeltas and UUIDs a string; an enum or Literal what its values are. Lax
//! (`strict=False`), close to what msgspec allows: a bool also 0, 1 and the strings "true", "false", "1", "0"; null also
//! "null" (both in any case); an int also a float without a fraction and a string that holds either; a float also a string
//! that holds a number; a datetime seconds since 1970-01-01T00:00:00Z, giving UTC, and a timedelta seconds, each as a number
//! or as a string that holds one; an enum or Literal of other things than strings also the text of one of its values.
//! Strings that hold numbers hold them as JSON writes them.
//!
//! From text ([`Scalar::decode_text`], for XML) the lexical forms of XML Schema part 2 are taken, with white space around
//! them dropped for all but str. NaN and infinities are refused everywhere.

use forkedenc_core::json::number::careful;
use forkedenc_core::plan::{Action, Op, Row};
use forkedenc_core::scalar::{Fault, is_space, number, trim};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::{Token, Trouble};
use crate::fallible;

mod binary;
mod constraints;
pub mod integer;
mod numbers;
mod table;
mod times;
pub mod write;

pub use constraints::Constraints;
use table::Table;

enum Kind {
    None,
    Bool,
    Int,
    Float,
    Str,
    Bytes,
    Decimal,
    DateTime,
    Date,
    Time,
    TimeDelta,
    Uuid,
    Table(Table),
    /// The first that a value fits.
    Choice(Vec<Scalar>),
}

/// Where a text comes from, and so how it is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    /// A string or a key of JSON.
    Json,
    /// XML, trimmed.
    Xml,
}

/// A type of scalars.
pub struct Scalar {
    kind: Kind,
    constraints: Option<Constraints>,
    /// Strings may hold what a document should have had as it is.
    lax: bool,
    /// What errors say was expected.
    expected: String,
}

impl Scalar {
    /// Reads a node `("scalar", kind, argument, constraints)`, `("bool",)` or `("none",)` of a schema.
    pub fn read(node: &Bound<'_, PyTuple>) -> PyResult<Self> {
        let first: String = node.get_item(0)?.extract()?;
        let kind = match first.as_str() {
            "bool" => return Ok(Self::of(Kind::Bool)),
            "none" => return Ok(Self::of(Kind::None)),
            "scalar" => node.get_item(1)?.extract::<String>()?,
            _ => return Err(PyTypeError::new_err("a node that is no scalar's")),
        };
        let argument = node.get_item(2)?;
        let kind = match kind.as_str() {
            "int" => Kind::Int,
            "float" => Kind::Float,
            "str" => Kind::Str,
            "bytes" => Kind::Bytes,
            "decimal" => Kind::Decimal,
            "datetime" => Kind::DateTime,
            "date" => Kind::Date,
            "time" => Kind::Time,
            "timedelta" => Kind::TimeDelta,
            "uuid" => Kind::Uuid,
            "enum" => Kind::Table(Table::of_enum(&argument)?),
            "literal" => Kind::Table(Table::of_literal(&argument)?),
            _ => return Err(PyTypeError::new_err("a scalar of no known kind")),
        };
        // Imported now, so that no decode runs a module's code.
        match kind {
            Kind::Decimal => numbers::decimal_class(node.py()).map(|_| ())?,
            Kind::Uuid => binary::prepare(node.py())?,
            _ => {}
        }
        let mut scalar = Self::of(kind);
        scalar.constraints = Constraints::read(&node.get_item(3)?)?;
        if let Some(constraints) = &mut scalar.constraints {
            if matches!(scalar.kind, Kind::Decimal) {
                constraints.make_decimal(node.py())?;
            }
            scalar.expected = constraints.describe(&scalar.expected);
        }
        Ok(scalar)
    }

    /// The type of a few values, each standing for itself.
    pub fn literal(values: &[Bound<'_, PyAny>]) -> PyResult<Self> {
        Ok(Self::of(Kind::Table(Table::of_values(values)?)))
    }

    /// Several types of which each value is the first that it fits.
    #[must_use]
    pub fn choice(members: Vec<Self>) -> Self {
        Self::of(Kind::Choice(members))
    }

    #[must_use]
    pub fn is_int(&self) -> bool {
        matches!(self.kind, Kind::Int)
    }

    #[must_use]
    pub fn is_float(&self) -> bool {
        matches!(self.kind, Kind::Float)
    }

    fn of(kind: Kind) -> Self {
        let expected = match &kind {
            Kind::None => "null".into(),
            Kind::Bool => "bool".into(),
            Kind::Int => "int".into(),
            Kind::Float => "float".into(),
            Kind::Str => "str".into(),
            Kind::Bytes => "bytes in base64".into(),
            Kind::Decimal => "Decimal".into(),
            Kind::DateTime => "datetime (RFC 3339)".into(),
            Kind::Date => "date (RFC 3339)".into(),
            Kind::Time => "time (RFC 3339)".into(),
            Kind::TimeDelta => "timedelta (ISO 8601)".into(),
            Kind::Uuid => "UUID".into(),
            Kind::Table(table) => table.expected(),
            Kind::Choice(members) => {
                let mut words: Vec<&str> = members.iter().map(|member| member.expected.as_str()).collect();
                words.dedup();
                words.join(" or ")
            }
        };
        Self { kind, constraints: None, lax: false, expected }
    }

    /// Which tokens it takes from now on; `argument` is its own number, `lax` is `strict=False`.
    pub fn row(&mut self, argument: u32, lax: bool) -> Row {
        self.lax = lax;
        let own = Action::new(Op::Scalar, argument);
        let lax_own = if lax { own } else { Action::REFUSE };
        let plain = |op| if self.constraints.is_none() { Action::new(op, 0) } else { own };
        match &self.kind {
            Kind::None => Row { null: Action::new(Op::None, 0), string: lax_own, ..Row::NEVER },
            Kind::Bool => Row { boolean: Action::new(Op::Bool, 0), integer: lax_own, string: lax_own, ..Row::NEVER },
            Kind::Int => Row { integer: plain(Op::Int), float: lax_own, string: lax_own, ..Row::NEVER },
            Kind::Float => Row { integer: plain(Op::Float), float: plain(Op::Float), string: lax_own, ..Row::NEVER },
            Kind::Str => Row { string: plain(Op::Str), ..Row::NEVER },
            Kind::Decimal => Row { integer: own, float: own, string: own, ..Row::NEVER },
            Kind::DateTime | Kind::TimeDelta => Row { integer: lax_own, float: lax_own, string: own, ..Row::NEVER },
            Kind::Bytes | Kind::Date | Kind::Time | Kind::Uuid => Row { string: own, ..Row::NEVER },
            Kind::Table(table) => table.row(own, lax),
            Kind::Choice(_) => Row { null: own, boolean: own, integer: own, float: own, string: own, ..Row::NEVER },
        }
    }

    /// Numbers are wanted as their text: digits count.
    #[must_use]
    pub fn wants_number_text(&self) -> bool {
        match &self.kind {
            Kind::Decimal => true,
            Kind::Choice(members) => members.iter().any(Self::wants_number_text),
            _ => false,
        }
    }

    /// Code of the caller's may run.
    #[must_use]
    pub fn runs_python(&self) -> bool {
        let own = match &self.kind {
            Kind::Table(table) => table.runs_python(),
            Kind::Choice(members) => members.iter().any(Self::runs_python),
            _ => false,
        };
        own || self.constraints.as_ref().is_some_and(Constraints::runs_python)
    }

    /// What errors say was expected.
    #[must_use]
    pub fn expected(&self) -> String {
        self.expected.clone()
    }

    /// The value of a token that [`Self::row`] sends here.
    pub fn decode<'py>(&self, py: Python<'py>, token: Token<'_>) -> Result<Bound<'py, PyAny>, Trouble> {
        if let Kind::Choice(members) = &self.kind {
            return self.first(members, token.name(), |member| member.decode(py, token));
        }
        let token = self.plain(token);
        let value = match (&self.kind, token) {
            (Kind::Table(table), _) => table.get(py, token, self.lax)?,
            (Kind::Str, Token::String { text, ascii }) => Ok(numbers::text(py, text, ascii)?),
            (_, Token::String { text, .. }) => self.read_text(py, text, Style::Json)?,
            (Kind::None, Token::Null) => Ok(py.None().into_bound(py)),
            (Kind::Bool, Token::Boolean(value)) => Ok(fallible::truth(py, value)),
            (Kind::Bool, Token::Integer(value @ (0 | 1))) => Ok(fallible::truth(py, value == 1)),
            (Kind::Bool, Token::Integer(_) | Token::BigInteger(_)) => Err(Fault::Range),
            (Kind::Int, Token::Integer(value)) => Ok(numbers::int(py, value)?),
            (Kind::Int, Token::BigInteger(text)) => Ok(integer::parse(py, text)?),
            (Kind::Int, Token::Float(value)) => numbers::int_of_float(py, value)?,
            (Kind::Float, Token::Integer(value)) => Ok(fallible::float(py, value as f64)?),
            // A NaN or infinity comes only where the caller has allowed it.
            (Kind::Float, Token::Float(value)) => Ok(fallible::float(py, value)?),
            (Kind::Float, Token::BigInteger(text)) => numbers::float_of_text(py, text)?,
            (Kind::Decimal, Token::Number { text, .. } | Token::BigInteger(text)) => numbers::decimal(py, text)?,
            (Kind::Decimal, Token::Integer(value)) => numbers::decimal_of_int(py, value)?,
            (Kind::Decimal, Token::Float(value)) => numbers::decimal_of_float(py, value)?,
            (Kind::DateTime, Token::Integer(value)) => times::instant(py, value)?,
            (Kind::DateTime, Token::Float(value)) => times::float_instant(py, value)?,
            (Kind::TimeDelta, Token::Integer(value)) => times::seconds(py, value)?,
            (Kind::TimeDelta, Token::Float(value)) => times::float_seconds(py, value)?,
            (Kind::DateTime | Kind::TimeDelta, Token::BigInteger(_)) => Err(Fault::Range),
            _ => return Err(Trouble::refused(&*self.expected, token.name())),
        };
        self.finish(value, token.name())
    }

    /// The value of a key, which is a string whatever it stands for. Of the texts of a number, only the one that JSON has
    /// for it is taken.
    pub fn decode_key<'py>(&self, py: Python<'py>, text: &[u8], ascii: bool) -> Result<Bound<'py, PyAny>, Trouble> {
        match &self.kind {
            Kind::Choice(members) => self.first(members, "str", |member| member.decode_key(py, text, ascii)),
            Kind::Table(table) => self.finish(table.get_text(py, text, text, Style::Json)?, "str"),
            Kind::Int if !number::is_plain_integer(text) => self.finish(Err(Fault::Form), "str"),
            _ => self.decode(py, Token::String { text, ascii }),
        }
    }

    /// The value of a text of XML.
    pub fn decode_text<'py>(&self, py: Python<'py>, text: &str) -> Result<Bound<'py, PyAny>, Trouble> {
        let value = match &self.kind {
            Kind::Choice(members) => return self.first(members, "str", |member| member.decode_text(py, text)),
            Kind::Str => Ok(fallible::text(py, text)?),
            Kind::Table(table) => table.get_text(py, text.as_bytes(), trim(text).as_bytes(), Style::Xml)?,
            _ => self.read_text(py, trim(text).as_bytes(), Style::Xml)?,
        };
        self.finish(value, "str")
    }

    /// What the first of several types makes of a value.
    fn first<'py>(
        &self,
        members: &[Self],
        actual: &str,
        make: impl Fn(&Self) -> Result<Bound<'py, PyAny>, Trouble>,
    ) -> Result<Bound<'py, PyAny>, Trouble> {
        for member in members {
            match make(member) {
                Err(Trouble::Refused(_)) => {}
                made => return made,
            }
        }
        Err(Trouble::refused(&*self.expected, actual))
    }

    /// A number as what it is, but for a Decimal, which is made of its text.
    fn plain<'a>(&self, token: Token<'a>) -> Token<'a> {
        let Token::Number { text, integer } = token else { return token };
        if matches!(self.kind, Kind::Decimal | Kind::Choice(_)) {
            return token;
        }
        if !integer {
            return Token::Float(careful(text));
        }
        match std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()) {
            Some(value) => Token::Integer(value),
            None => Token::BigInteger(text),
        }
    }

    fn read_text<'py>(&self, py: Python<'py>, bytes: &[u8], style: Style) -> numbers::Made<'py> {
        let json = style == Style::Json;
        match &self.kind {
            Kind::None if json && bytes.eq_ignore_ascii_case(b"null") => Ok(Ok(py.None().into_bound(py))),
            Kind::None if !json && bytes.is_empty() => Ok(Ok(py.None().into_bound(py))),
            Kind::None => Ok(Err(Fault::Form)),
            Kind::Bool => Ok(truth(bytes, style).map(|value| fallible::truth(py, value)).ok_or(Fault::Form)),
            Kind::Int if json => numbers::int_of_json(py, bytes),
            Kind::Int => numbers::int_of_xml(py, bytes),
            Kind::Float if json && !number::is_json_number(bytes) => Ok(Err(Fault::Form)),
            Kind::Float => numbers::float_of_text(py, bytes),
            Kind::Str => Ok(Ok(numbers::text(py, bytes, bytes.is_ascii())?)),
            Kind::Bytes if json || !bytes.iter().copied().any(is_space) => binary::bytes(py, bytes),
            Kind::Bytes => binary::bytes_in_lines(py, bytes),
            Kind::Decimal => numbers::decimal(py, bytes),
            Kind::DateTime => match times::datetime(py, bytes)? {
                Err(Fault::Form) if self.lax && json && number::is_json_number(bytes) => {
                    times::instant_of_text(py, bytes)
                }
                value => Ok(value),
            },
            Kind::Date => times::date(py, bytes, !json),
            Kind::Time => times::time(py, bytes),
            Kind::TimeDelta => match times::timedelta(py, bytes)? {
                Err(Fault::Form) if self.lax && json && number::is_json_number(bytes) => {
                    times::seconds_of_text(py, bytes)
                }
                value => Ok(value),
            },
            Kind::Uuid => binary::uuid(py, bytes),
            // Those never come here.
            Kind::Table(_) | Kind::Choice(_) => Ok(Err(Fault::Form)),
        }
    }

    /// Checks the constraints, or says why there is no value.
    fn finish<'py>(&self, value: Result<Bound<'py, PyAny>, Fault>, actual: &str) -> Result<Bound<'py, PyAny>, Trouble> {
        match value {
            Ok(value) => {
                if let Some(constraints) = &self.constraints {
                    constraints.check_as(&value, &self.expected)?;
                }
                Ok(value)
            }
            Err(Fault::Form) if matches!(self.kind, Kind::Table(_)) => {
                Err(Trouble::refused(&*self.expected, format!("another {actual}")))
            }
            Err(Fault::Form) if actual == "str" => Err(Trouble::refused(&*self.expected, "str of another form")),
            Err(Fault::Form) => Err(Trouble::refused(&*self.expected, actual)),
            Err(Fault::Range) => Err(Trouble::refused(&*self.expected, format!("{actual} out of range"))),
        }
    }

    pub fn visit(&self, visit: &pyo3::PyVisit<'_>) -> Result<(), pyo3::PyTraverseError> {
        match &self.kind {
            Kind::Table(table) => table.visit(visit)?,
            Kind::Choice(members) => members.iter().try_for_each(|member| member.visit(visit))?,
            _ => {}
        }
        self.constraints.as_ref().map_or(Ok(()), |constraints| constraints.visit(visit))
    }
}

/// The bool of a text: `xs:boolean` for XML, where case counts.
fn truth(text: &[u8], style: Style) -> Option<bool> {
    let is = |word: &[u8]| if style == Style::Json { text.eq_ignore_ascii_case(word) } else { text == word };
    if is(b"true") || text == b"1" {
        Some(true)
    } else if is(b"false") || text == b"0" {
        Some(false)
    } else {
        None
    }
}
