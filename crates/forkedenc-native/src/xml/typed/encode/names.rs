//! Names with prefixes: which one a namespace has where, and what has to be declared for it.

use forkedenc_core::xml::write::{Refusal, Scope, rules};
use pyo3::exceptions::PyMemoryError;
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::text::Units;

/// A name of a class's: `{uri}local` taken apart.
pub struct Name {
    /// As it is known to Python, without the braces of no namespace.
    pub text: Py<PyString>,
    pub uri: Box<[u8]>,
    pub local: Box<[u8]>,
    /// XML takes it.
    pub fits: bool,
}

impl Name {
    /// Reads a str; `None` for an empty one.
    pub fn read(value: &Bound<'_, PyAny>) -> PyResult<Option<Self>> {
        let text = value.cast::<PyString>()?;
        let mut bytes = Vec::new();
        utf8(text, &mut bytes)?;
        if bytes.is_empty() {
            return Ok(None);
        }
        let (uri, local) = parts(&bytes);
        let (uri, local): (Box<[u8]>, Box<[u8]>) = (uri.into(), local.into());
        let fits = rules::is_ncname(&local) && &*local != b"xmlns";
        let text = match bytes.strip_prefix(b"{}") {
            Some(local) => PyString::from_bytes(value.py(), local)?,
            None => text.clone(),
        };
        Ok(Some(Self { text: text.unbind(), uri, local, fits }))
    }
}

/// Appends a str's characters as UTF-8.
pub fn utf8(text: &Bound<'_, PyString>, out: &mut Vec<u8>) -> PyResult<()> {
    // SAFETY: a str, alive for the length of the call.
    let units = unsafe { Units::of(text.as_ptr()) };
    if units.encode(0, units.len(), out) { Ok(()) } else { Err(PyMemoryError::new_err(())) }
}

/// The namespace and the local part of `{uri}local`; what is neither is a local part that is no name.
pub fn parts(name: &[u8]) -> (&[u8], &[u8]) {
    let Some(rest) = name.strip_prefix(b"{") else { return (&[], name) };
    match rest.iter().position(|byte| *byte == b'}') {
        Some(end) => (&rest[..end], &rest[end + 1..]),
        None => (&[], name),
    }
}

/// What is known of the prefix that an element had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    Unknown,
    /// None.
    Bare,
    Prefix(Vec<u8>),
}

/// A prefix to declare: empty for the default namespace.
pub type Declared = Option<Vec<u8>>;

/// The declarations of the open elements.
#[derive(Default)]
pub struct Names {
    pub scope: Scope,
}

impl Names {
    /// Spells an element's name; the declaration that it takes is made, and has to be written.
    ///
    /// `parent` is the prefix of the parent, empty if it has none.
    pub fn element(
        &mut self,
        depth: u64,
        uri: &[u8],
        local: &[u8],
        wish: &Wish,
        parent: Option<&[u8]>,
        spelled: &mut Vec<u8>,
    ) -> Result<Declared, Refusal> {
        if uri.is_empty() {
            push(spelled, local)?;
            if self.scope.is_empty() || self.scope.uri(b"") == Some(b"") {
                return Ok(None);
            }
            if self.scope.declared_at(depth).any(<[u8]>::is_empty) {
                return Err(Refusal::DefaultNamespace);
            }
            self.scope.declare(depth, b"", b"")?;
            return Ok(Some(Vec::new()));
        }
        let stands = |prefix: &[u8]| self.scope.uri(prefix) == Some(uri);
        let parent = parent.filter(|prefix| stands(prefix));
        let found = match wish {
            Wish::Prefix(prefix) if stands(prefix) => Some(&prefix[..]),
            // What nothing is in the way of is declared as it was.
            Wish::Prefix(prefix) if !prefix.is_empty() && self.scope.uri(prefix).is_none() => {
                self.scope.declare(depth, prefix, uri)?;
                prefixed(spelled, prefix, local)?;
                return Ok(Some(prefix.clone()));
            }
            Wish::Bare if stands(b"") => Some(&b""[..]),
            _ => parent,
        };
        let found = found.or_else(|| if stands(b"") { Some(b"") } else { self.scope.prefix(uri) });
        if let Some(prefix) = found {
            prefixed(spelled, prefix, local)?;
            return Ok(None);
        }
        let free = self.scope.uri(b"") == Some(b"") && !self.scope.declared_at(depth).any(<[u8]>::is_empty);
        let prefix = if free { Vec::new() } else { self.scope.unused() };
        self.scope.declare(depth, &prefix, uri)?;
        prefixed(spelled, &prefix, local)?;
        Ok(Some(prefix))
    }

    /// Spells an attribute's name, in the same way. An attribute in a namespace has a prefix.
    pub fn attribute(
        &mut self,
        depth: u64,
        uri: &[u8],
        local: &[u8],
        wish: Option<&[u8]>,
        element: &[u8],
        spelled: &mut Vec<u8>,
    ) -> Result<Declared, Refusal> {
        if uri.is_empty() {
            push(spelled, local)?;
            return Ok(None);
        }
        let stands = |prefix: &[u8]| !prefix.is_empty() && self.scope.uri(prefix) == Some(uri);
        let found = wish.filter(|prefix| stands(prefix)).or(Some(element).filter(|prefix| stands(prefix)));
        if let Some(prefix) = found.or_else(|| self.scope.prefix(uri)) {
            prefixed(spelled, prefix, local)?;
            return Ok(None);
        }
        let wish = wish.filter(|prefix| !prefix.is_empty() && self.scope.uri(prefix).is_none());
        let prefix = wish.map_or_else(|| self.scope.unused(), <[u8]>::to_vec);
        self.scope.declare(depth, &prefix, uri)?;
        prefixed(spelled, &prefix, local)?;
        Ok(Some(prefix))
    }
}

fn push(out: &mut Vec<u8>, bytes: &[u8]) -> Result<(), Refusal> {
    out.try_reserve(bytes.len()).map_err(|_| Refusal::Memory)?;
    out.extend_from_slice(bytes);
    Ok(())
}

fn prefixed(out: &mut Vec<u8>, prefix: &[u8], local: &[u8]) -> Result<(), Refusal> {
    if !prefix.is_empty() {
        push(out, prefix)?;
        push(out, b":")?;
    }
    push(out, local)
}

/// The prefix of a name as it is written, empty for none.
pub fn prefix_of(spelled: &[u8]) -> &[u8] {
    spelled.iter().position(|byte| *byte == b':').map_or(&[], |colon| &spelled[..colon])
}
