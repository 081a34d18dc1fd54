//! The builder that asks the caller's hooks: `object_hook`, `object_pairs_hook`, `parse_float`, `parse_int`,
//! `parse_constant`.
//!
//! A hook is Python code: it may raise, decode something itself, or keep and change what it is given. Everything it gets
//! has been taken off the builder's stack before.

use forkedenc_core::json::builder::Member;
use forkedenc_core::json::{Builder, Constant};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::objects::ObjectBuilder;
use crate::fallible;

/// The hooks of one decode; `None` where there is none.
#[derive(Default)]
pub struct Hooks {
    pub object: Option<Py<PyAny>>,
    pub pairs: Option<Py<PyAny>>,
    pub float: Option<Py<PyAny>>,
    pub int: Option<Py<PyAny>>,
    pub constant: Option<Py<PyAny>>,
}

impl Hooks {
    /// True where no hook is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.object.is_none()
            && self.pairs.is_none()
            && self.float.is_none()
            && self.int.is_none()
            && self.constant.is_none()
    }
}

pub struct HookedBuilder<'a, 'py> {
    pub inner: ObjectBuilder,
    hooks: &'a Hooks,
    py: Python<'py>,
}

impl<'a, 'py> HookedBuilder<'a, 'py> {
    pub fn new(py: Python<'py>, inner: ObjectBuilder, hooks: &'a Hooks) -> Self {
        Self { inner, hooks, py }
    }

    fn put(&mut self, made: PyResult<Bound<'py, PyAny>>) -> bool {
        match made {
            Ok(value) => self.inner.put(value.into_ptr()),
            Err(error) => {
                error.restore(self.py);
                false
            }
        }
    }

    fn text(&self, hook: &Py<PyAny>, text: &[u8]) -> PyResult<Bound<'py, PyAny>> {
        let text = std::str::from_utf8(text).unwrap_or_default();
        hook.bind(self.py).call1((fallible::text(self.py, text)?,))
    }

    fn pairs(&mut self, hook: &Py<PyAny>, mark: u64) -> PyResult<Bound<'py, PyAny>> {
        let py = self.py;
        let mut values = Vec::new();
        for value in self.inner.drain(mark) {
            // SAFETY: attached; the reference was the stack's and is ours now.
            values.push(unsafe { Bound::from_owned_ptr(py, value) });
        }
        let pairs = fallible::list(py)?;
        let mut values = values.into_iter();
        while let (Some(key), Some(value)) = (values.next(), values.next()) {
            pairs.append(fallible::tuple(py, [key, value])?)?;
        }
        hook.bind(py).call1((pairs,))
    }

    fn object(&mut self, hook: &Py<PyAny>, mark: u64, outer: u64) -> PyResult<Bound<'py, PyAny>> {
        if !self.inner.end_object(mark, outer) {
            return Err(PyErr::fetch(self.py));
        }
        match self.inner.pop(self.py) {
            Some(object) => hook.bind(self.py).call1((object.cast_into::<PyDict>()?,)),
            None => Ok(self.py.None().into_bound(self.py)),
        }
    }
}

impl Builder for HookedBuilder<'_, '_> {
    const NUMBER_TEXT: bool = true;

    fn null(&mut self) -> bool {
        self.inner.null()
    }
    fn boolean(&mut self, value: bool) -> bool {
        self.inner.boolean(value)
    }
    fn integer(&mut self, value: i64) -> bool {
        self.inner.integer(value)
    }
    fn big_integer(&mut self, text: &[u8]) -> bool {
        self.inner.big_integer(text)
    }
    fn float(&mut self, value: f64) -> bool {
        self.inner.float(value)
    }
    fn number(&mut self, text: &[u8], integer: bool) -> bool {
        match if integer { &self.hooks.int } else { &self.hooks.float } {
            Some(hook) => {
                let made = self.text(hook, text);
                self.put(made)
            }
            None => self.inner.number(text, integer),
        }
    }
    fn constant(&mut self, constant: Constant) -> bool {
        let Some(hook) = &self.hooks.constant else { return self.inner.constant(constant) };
        let text = match constant {
            Constant::NaN => "NaN",
            Constant::Infinity => "Infinity",
            Constant::NegativeInfinity => "-Infinity",
        };
        let made = self.text(hook, text.as_bytes());
        self.put(made)
    }
    fn string(&mut self, text: &[u8], ascii: bool) -> bool {
        self.inner.string(text, ascii)
    }
    fn key(&mut self, text: &[u8], ascii: bool) -> Member {
        self.inner.key(text, ascii)
    }
    fn begin_array(&mut self) -> u64 {
        self.inner.begin_array()
    }
    fn begin_object(&mut self) -> u64 {
        if self.hooks.pairs.is_some() { self.inner.begin_pairs() } else { self.inner.begin_object() }
    }
    fn end_array(&mut self, mark: u64, outer: u64) -> bool {
        self.inner.end_array(mark, outer)
    }
    fn end_object(&mut self, mark: u64, outer: u64) -> bool {
        let made = match (&self.hooks.pairs, &self.hooks.object) {
            (Some(hook), _) => {
                let made = self.pairs(hook, mark);
                self.inner.back_to(outer);
                made
            }
            (None, Some(hook)) => self.object(hook, mark, outer),
            (None, None) => return self.inner.end_object(mark, outer),
        };
        self.put(made)
    }
    fn member_key(&self, inner: Option<u64>) -> Vec<u8> {
        self.inner.member_key(inner)
    }
    fn abandon(&mut self) {
        self.inner.abandon();
    }
}

/// A hook argument: `None` is none.
pub fn hook(value: Option<&Bound<'_, PyAny>>) -> Option<Py<PyAny>> {
    value.filter(|value| !value.is_none()).map(|value| value.clone().unbind())
}
