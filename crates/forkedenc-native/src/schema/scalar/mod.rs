//! temp
use super::{Token, Trouble};
use forkedenc_core::plan::{Action, Op, Row};
use pyo3::prelude::*;
use pyo3::types::PyTuple;
pub mod integer {
    pub use crate::json::decode::integer::parse;
}
pub struct Scalar {
    kind: String,
}
impl Scalar {
    pub fn read(node: &Bound<'_, PyTuple>) -> PyResult<Self> {
        Ok(Self { kind: node.get_item(1)?.extract()? })
    }
    pub fn literal(_py: Python<'_>, _: &[Bound<'_, PyAny>]) -> PyResult<Self> {
        Ok(Self { kind: "literal".into() })
    }
    pub fn row(&self, argument: u32, _lax: bool) -> Row {
        let s = Action::new(Op::Scalar, argument);
        match self.kind.as_str() {
            "int" => Row { integer: Action::new(Op::Int, 0), ..Row::NEVER },
            "float" => Row { integer: Action::new(Op::Float, 0), float: Action::new(Op::Float, 0), ..Row::NEVER },
            "str" => Row { string: Action::new(Op::Str, 0), ..Row::NEVER },
            _ => Row { string: s, ..Row::NEVER },
        }
    }
    pub fn wants_number_text(&self) -> bool {
        false
    }
    pub fn runs_python(&self) -> bool {
        false
    }
    pub fn decode<'py>(&self, _py: Python<'py>, token: Token<'_>) -> Result<Bound<'py, PyAny>, Trouble> {
        Err(Trouble::refused(&*self.kind, token.name()))
    }
    pub fn decode_key<'py>(&self, py: Python<'py>, text: &[u8], ascii: bool) -> Result<Bound<'py, PyAny>, Trouble> {
        self.decode(py, Token::String { text, ascii })
    }
    pub fn expected(&self) -> String {
        self.kind.clone()
    }
    pub fn visit(&self, _: &pyo3::PyVisit<'_>) -> Result<(), pyo3::PyTraverseError> {
        Ok(())
    }
}
pub struct Constraints;
impl Constraints {
    pub fn read(value: &Bound<'_, PyAny>) -> PyResult<Option<Self>> {
        Ok(if value.is_none() { None } else { Some(Self) })
    }
    pub fn check(&self, _: &Bound<'_, PyAny>) -> Result<(), Trouble> {
        Ok(())
    }
    pub fn runs_python(&self) -> bool {
        false
    }
}
