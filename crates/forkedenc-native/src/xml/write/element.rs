//! Reading elements: the standard library's, subclasses of it, and whatever else has its attributes and methods.

use pyo3::ffi;
use pyo3::prelude::*;

use super::reference::Ref;

/// How an element is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// The standard library's own class, read by its layout.
    Raw,
    /// The same, asked for its parts: its children are asked for by index.
    Plain,
    /// Anything else: its children are iterated.
    Foreign,
}

/// What the standard library calls its things, and the names of what is asked of elements.
pub struct Known {
    /// Whether elements may be read by their layout.
    pub raw: bool,
    pub element: Ref,
    pub comment: Ref,
    pub pi: Ref,
    pub qname: Ref,
    /// URIs to prefixes.
    pub prefixes: Ref,
    tag: Ref,
    text: Ref,
    tail: Ref,
    items: Ref,
}

/// A part of an element.
#[derive(Clone, Copy, Debug)]
pub enum Part {
    Tag,
    Text,
    Tail,
}

impl Known {
    /// `(Element, Comment, ProcessingInstruction, QName, prefixes)`, and the strs `tag`, `text`, `tail`, `items`.
    pub fn new(things: &[Py<PyAny>; 5], names: &[Py<PyAny>; 4], raw: bool) -> Self {
        // SAFETY: all are alive and kept by references of their own.
        let keep = |thing: &Py<PyAny>| unsafe { Ref::keep(thing.as_ptr()) };
        let [element, comment, pi, qname, prefixes] = things.each_ref().map(keep);
        let [tag, text, tail, items] = names.each_ref().map(keep);
        Self { raw, element, comment, pi, qname, prefixes, tag, text, tail, items }
    }

    #[inline(always)]
    pub fn access(&self, element: &Ref) -> Access {
        // SAFETY: alive.
        match unsafe { ffi::Py_TYPE(element.ptr()) }.cast() == self.element.ptr() {
            true if self.raw => Access::Raw,
            true => Access::Plain,
            false => Access::Foreign,
        }
    }

    /// A part of an element; `None` with an exception set.
    #[inline(always)]
    pub fn part(&self, element: &Ref, part: Part) -> Option<Ref> {
        let name = match part {
            Part::Tag => &self.tag,
            Part::Text => &self.text,
            Part::Tail => &self.tail,
        };
        // SAFETY: both are alive.
        unsafe { Ref::own(ffi::PyObject_GetAttr(element.ptr(), name.ptr())) }
    }

    /// The attributes: a list made for this, or an exact list the element gave, or `None` with an exception set.
    pub fn items(&self, element: &Ref) -> Option<Ref> {
        // SAFETY: both are alive; `PySequence_List` makes a list of any iterable.
        unsafe {
            let items = Ref::own(ffi::PyObject_CallMethodNoArgs(element.ptr(), self.items.ptr()))?;
            if ffi::PyList_CheckExact(items.ptr()) != 0 {
                return Some(items);
            }
            Ref::own(ffi::PySequence_List(items.ptr()))
        }
    }

    /// How many children; `None` with an exception set.
    #[inline(always)]
    pub fn count(&self, element: &Ref) -> Option<usize> {
        // SAFETY: alive.
        usize::try_from(unsafe { ffi::PyObject_Size(element.ptr()) }).ok()
    }

    /// Is this a QName? `None` with an exception set.
    pub fn is_qname(&self, object: &Ref) -> Option<bool> {
        // SAFETY: alive.
        match unsafe { ffi::PyObject_IsInstance(object.ptr(), self.qname.ptr()) } {
            -1 => None,
            found => Some(found != 0),
        }
    }

    /// `QName.text`.
    pub fn qname_text(&self, qname: &Ref) -> Option<Ref> {
        self.part(qname, Part::Text)
    }
}

/// The child at an index: `Some(None)` behind the last, `None` with an exception set.
#[inline(always)]
pub fn child(element: &Ref, index: usize) -> Option<Option<Ref>> {
    // SAFETY: alive. The count is asked for each time, since Python code may have changed it.
    unsafe {
        let count = ffi::PySequence_Size(element.ptr());
        if count < 0 {
            return None;
        }
        if index >= count.cast_unsigned() {
            return Some(None);
        }
        Ref::own(ffi::PySequence_GetItem(element.ptr(), index.cast_signed())).map(Some)
    }
}
