//! From a walk's trouble to the exception that is raised for it, with the way to the element.

use forkedenc_core::xml::XML_URI;
use pyo3::exceptions::PyMemoryError;
use pyo3::prelude::*;
use pyo3::{ffi, intern};

use super::element::Part;
use super::reference::Ref;
use super::walk::{Trouble, Walk};
use crate::{errors, fallible};

/// `forkedenc._errors` knows what writes XML by this name.
pub const FACE: &str = "xmlwrite";
/// Longer paths are cut anyway.
const PATH_BYTES: usize = 4 * 1024;

/// The exception for a trouble. Python code may run.
#[cold]
pub fn raise(py: Python<'_>, walk: &Walk<'_>, trouble: &Trouble) -> PyErr {
    match make(py, walk, trouble) {
        Ok(error) | Err(error) => error,
    }
}

fn make(py: Python<'_>, walk: &Walk<'_>, trouble: &Trouble) -> PyResult<PyErr> {
    let detail = fallible::dict(py)?;
    let (kind, message) = match trouble {
        Trouble::Raised => return Ok(PyErr::fetch(py)),
        Trouble::Memory => return Ok(PyMemoryError::new_err(())),
        Trouble::Limit { limit, maximum, observed } => {
            fallible::put_text(&detail, "limit", limit.name())?;
            fallible::put_int(&detail, "maximum", *maximum)?;
            fallible::put_int(&detail, "observed", *observed)?;
            ("limit", String::new())
        }
        Trouble::Character(point) => {
            ("invalid_character", format!("a character that XML has no place for, U+{point:04X}"))
        }
        Trouble::Type(culprit) => {
            // SAFETY: alive, since it is kept.
            let culprit = unsafe { Bound::from_borrowed_ptr(py, culprit.ptr()) };
            let name = culprit.get_type().getattr(intern!(py, "__name__"))?;
            let (shown, name) = (culprit.repr()?, name.str()?);
            let message = format!("cannot serialize {} (type {})", shown.to_string_lossy(), name.to_string_lossy());
            ("not_serializable", message)
        }
        Trouble::Refused(kind, text) => (*kind, String::from(*text)),
    };
    if !message.is_empty() {
        fallible::put_text(&detail, "message", &message)?;
    }
    let mut path = walk.path.clone().unwrap_or_else(|| walk.shown_path());
    if let Some(attribute) = &walk.attribute {
        path.push_str("/@");
        path.push_str(&walk.shown(attribute));
    }
    Ok(errors::raise(py, FACE, kind, walk.out.total(), 1, 1, &path, detail))
}

impl Walk<'_> {
    /// The way to the element at hand: `/feed/entry[2]`, by the names as they are written.
    pub fn shown_path(&self) -> String {
        let mut path = String::new();
        let indices = self.indices();
        let Some(root) = &self.root else { return path };
        let mut element = root.clone();
        for at in 0..=indices.len() {
            let Some(tag) = self.tag(&element) else { break };
            path.push('/');
            path.push_str(&self.shown(&tag));
            let (Some(index), Some(open)) = (indices.get(at), self.open.get(at)) else {
                self.push_index(&mut path, at, &tag, &indices);
                break;
            };
            self.push_index(&mut path, at, &tag, &indices);
            if path.len() > PATH_BYTES {
                break;
            }
            let next = match self.open.get(at + 1) {
                Some(next) => Some(next.element.clone()),
                None => index.checked_sub(1).and_then(|index| item(&open.element, index)),
            };
            let Some(next) = next else { break };
            element = next;
        }
        path
    }

    /// How many siblings of the same name stand before an element, if any.
    fn push_index(&self, path: &mut String, at: usize, tag: &Ref, indices: &[u64]) {
        let parent = at.checked_sub(1).and_then(|above| Some((self.open.get(above)?, indices.get(above)?)));
        let Some((parent, index)) = parent else { return };
        let before = index.saturating_sub(1);
        let mut same = 1;
        for sibling in (0..before).map_while(|index| item(&parent.element, index)) {
            if self.tag(&sibling).is_some_and(|other| equal(&other, tag)) {
                same += 1;
            }
        }
        if same > 1 {
            path.push_str(&format!("[{same}]"));
        }
    }

    /// An element's tag, where it has one.
    fn tag(&self, element: &Ref) -> Option<Ref> {
        let tag = cleared(self.known.part(element, Part::Tag))?;
        let tag = match cleared(self.known.is_qname(&tag)) {
            Some(true) => cleared(self.known.qname_text(&tag))?,
            _ => tag,
        };
        tag.is_str().then_some(tag)
    }

    /// A name as it is written.
    fn shown(&self, name: &Ref) -> String {
        // SAFETY: attached; a str is asked for its text.
        let text = match unsafe { Bound::from_borrowed_ptr(Python::assume_attached(), name.ptr()) }.extract::<String>()
        {
            Ok(text) => text,
            Err(_) => String::from("?"),
        };
        let Some((uri, local)) = text.strip_prefix('{').and_then(|rest| rest.rsplit_once('}')) else { return text };
        if uri.as_bytes() == XML_URI {
            return format!("xml:{local}");
        }
        let found = self.names.namespaces.iter().find(|namespace| namespace.uri == uri.as_bytes());
        match found {
            Some(namespace) if !namespace.prefix.is_empty() => {
                format!("{}:{local}", String::from_utf8_lossy(&namespace.prefix))
            }
            _ => String::from(local),
        }
    }
}

/// What was found, without the exception of a failure.
fn cleared<T>(found: Option<T>) -> Option<T> {
    if found.is_none() {
        // SAFETY: attached.
        unsafe { ffi::PyErr_Clear() };
    }
    found
}

/// An item of a sequence; `None` where there is none.
fn item(sequence: &Ref, index: u64) -> Option<Ref> {
    // SAFETY: attached and alive.
    cleared(unsafe { Ref::own(ffi::PySequence_GetItem(sequence.ptr(), isize::try_from(index).ok()?)) })
}

fn equal(one: &Ref, other: &Ref) -> bool {
    // SAFETY: both are strs.
    one.is(other) || unsafe { ffi::PyUnicode_Compare(one.ptr(), other.ptr()) == 0 }
}
