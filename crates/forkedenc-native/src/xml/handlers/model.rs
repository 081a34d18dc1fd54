//! Content models as pyexpat tells them: `(type, quantifier, name, children)`, nested.
//!
//! The core has checked the grammar. Nesting is as deep as the document likes, so there is a stack and no recursion.

use pyo3::ffi;
use pyo3::prelude::*;

use crate::fallible;

// The numbers of `xml.parsers.expat.model`.
const EMPTY: u64 = 1;
const ANY: u64 = 2;
const MIXED: u64 = 3;
const NAME: u64 = 4;
const CHOICE: u64 = 5;
const SEQUENCE: u64 = 6;

/// A group that is open.
struct Group<'py> {
    kind: u64,
    children: Vec<Bound<'py, PyAny>>,
}

/// `(type, quantifier, name, children)`.
fn node<'py>(
    py: Python<'py>,
    kind: u64,
    quantifier: u64,
    name: Option<&[u8]>,
    children: Vec<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let name = match name {
        Some(name) => fallible::text(py, std::str::from_utf8(name).unwrap_or_default())?,
        None => py.None().into_bound(py),
    };
    // SAFETY: attached; a new tuple with room for the children, whose references move into it.
    let children = unsafe {
        let tuple = Bound::from_owned_ptr_or_err(py, ffi::PyTuple_New(children.len().cast_signed()))?;
        for (at, child) in children.into_iter().enumerate() {
            ffi::PyTuple_SET_ITEM(tuple.as_ptr(), at.cast_signed(), child.into_ptr());
        }
        tuple
    };
    Ok(fallible::tuple(py, [fallible::int(py, kind)?, fallible::int(py, quantifier)?, name, children])?.into_any())
}

/// The quantifier at the start of `rest`, which it is taken off.
fn quantifier(rest: &mut &[u8]) -> u64 {
    let number = match rest.first() {
        Some(b'?') => 1,
        Some(b'*') => 2,
        Some(b'+') => 3,
        _ => return 0,
    };
    *rest = &rest[1..];
    number
}

/// The object for a content model as written.
pub fn object<'py>(py: Python<'py>, model: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    match model {
        b"EMPTY" => return node(py, EMPTY, 0, None, Vec::new()),
        b"ANY" => return node(py, ANY, 0, None, Vec::new()),
        _ => {}
    }
    let mut open: Vec<Group<'py>> = Vec::new();
    let mut rest = model;
    while let [first, behind @ ..] = rest {
        match first {
            b'(' => {
                rest = behind;
                // Of one part only, it is a sequence.
                open.push(Group { kind: SEQUENCE, children: Vec::new() });
            }
            b')' => {
                rest = behind;
                let Some(group) = open.pop() else { break };
                let made = node(py, group.kind, quantifier(&mut rest), None, group.children)?;
                match open.last_mut() {
                    Some(parent) => parent.children.push(made),
                    None => return Ok(made),
                }
            }
            b'|' | b',' | b' ' | b'\t' | b'\n' | b'\r' => {
                rest = behind;
                if let (b'|', Some(group)) = (first, open.last_mut())
                    && group.kind == SEQUENCE
                {
                    group.kind = CHOICE;
                }
            }
            _ => {
                let end = rest.iter().position(|byte| b"()|,?*+ \t\n\r".contains(byte)).unwrap_or(rest.len());
                let (word, behind) = rest.split_at(end.max(1));
                rest = behind;
                let Some(group) = open.last_mut() else { continue };
                if word == b"#PCDATA" {
                    group.kind = MIXED;
                } else {
                    let number = quantifier(&mut rest);
                    group.children.push(node(py, NAME, number, Some(word), Vec::new())?);
                }
            }
        }
    }
    // Nothing that is not closed gets here.
    node(py, EMPTY, 0, None, Vec::new())
}
