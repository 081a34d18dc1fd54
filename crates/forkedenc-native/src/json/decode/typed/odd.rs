//! What is not common: scalars with rules of their own, hooks, and the words for what may stand where.

use forkedenc_core::json::Builder;
use forkedenc_core::plan::{Action, Op, Row};
use pyo3::prelude::*;

use super::builder::TypedBuilder;
use crate::schema::class::own_refusal;
use crate::schema::{Token, Trouble};

impl<const TEXT: bool> TypedBuilder<TEXT> {
    /// A scalar that none of the common actions is for.
    #[cold]
    #[inline(never)]
    pub(super) fn odd(&mut self, token: Token<'_>, action: Action) -> bool {
        // SAFETY: attached.
        let py = unsafe { Python::assume_attached() };
        match action.op {
            Op::Scalar => {
                let made = self.typed().scalars[action.argument as usize].decode(py, token);
                self.made(made)
            }
            Op::Hook => {
                let built = match token {
                    Token::Null => self.objects.null(),
                    Token::Boolean(value) => self.objects.boolean(value),
                    Token::Integer(value) => self.objects.integer(value),
                    Token::BigInteger(text) => self.objects.big_integer(text),
                    Token::Float(value) => self.objects.float(value),
                    Token::Number { text, integer } => self.objects.number(text, integer),
                    Token::String { text, ascii } => self.objects.string(text, ascii),
                };
                built && self.hooked(action.argument)
            }
            _ => {
                let trouble = Trouble::refused(self.describe(), token.name());
                self.refuse(trouble)
            }
        }
    }

    /// Hands the value on top of the stack to the caller's hook and stores what that makes of it.
    pub(super) fn hooked(&mut self, number: u32) -> bool {
        // SAFETY: attached.
        let py = unsafe { Python::assume_attached() };
        let Some(value) = self.objects.pop(py) else { return false };
        let kind = self.typed().hooks[number as usize].bind(py);
        let made = match &self.hook {
            Some(hook) => hook
                .bind(py)
                .call1((kind, value))
                .map_err(|error| own_refusal(py, error, || shown(kind), "a value that dec_hook refused")),
            None => Err(Trouble::refused(shown(kind), "a value without a dec_hook")),
        };
        self.made(made)
    }

    /// What may stand here, in words.
    #[cold]
    pub(super) fn describe(&self) -> String {
        self.describe_row(self.expects())
    }

    pub(super) fn describe_row(&self, row: &Row) -> String {
        // SAFETY: attached.
        let py = unsafe { Python::assume_attached() };
        let typed = self.typed();
        let mut words: Vec<String> = Vec::new();
        for action in [row.boolean, row.integer, row.float, row.string, row.array, row.object, row.null] {
            let word = match action.op {
                Op::Refuse => continue,
                Op::Any => "any value".into(),
                Op::None => "null".into(),
                Op::Bool => "bool".into(),
                Op::Int => "int".into(),
                Op::Float => "float".into(),
                Op::Str => "str".into(),
                Op::Scalar => typed.scalars[action.argument as usize].expected(),
                Op::Array => "array".into(),
                Op::Map => "object".into(),
                Op::Class => typed.classes[action.argument as usize].name(py),
                Op::Tagged => {
                    let union = &typed.plan.unions[action.argument as usize];
                    let classes =
                        union.texts.iter().map(|(_, class)| class).chain(union.integers.iter().map(|(_, class)| class));
                    let mut names: Vec<_> = classes.map(|class| typed.classes[*class as usize].name(py)).collect();
                    names.dedup();
                    names.join(" or ")
                }
                Op::Hook => shown(typed.hooks[action.argument as usize].bind(py)),
            };
            // A scalar may be a choice of several.
            for word in word.split(" or ") {
                if !words.iter().any(|known| known == word) {
                    words.push(word.into());
                }
            }
        }
        if words.is_empty() { "nothing".into() } else { words.join(" or ") }
    }
}

/// A type as errors name it.
fn shown(kind: &Bound<'_, PyAny>) -> String {
    let name = kind.getattr("__name__").and_then(|name| name.extract::<String>());
    name.unwrap_or_else(|_| "a type with a hook".into())
}
