//! The sink that builds a tree of elements, and keeps a list of events where they are asked for.
//!
//! A child is attached to its parent when its start tag has been read, so that half a tree can be looked at and cleared. The
//! tree owns a reference to each open element and to the one that takes the next tail: user code may drop any of them between two
//! feeds. Text is gathered until its run ends, across comments and PIs that are not part of the tree.

use forkedenc_core::position::Place;
use forkedenc_core::xml::{Binding, Context, Doctype, Name, Names, Sink, Tag};
use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};

use super::elements::{Elements, Object};
use crate::fallible;
use crate::pyraw::{self, dict};
use crate::text::Units;
use crate::xml::strings::Strings;

/// A buffer for text that has grown past this is given back when the run ends.
const KEPT: usize = 64 << 10;

/// The names under which events are reported; `None` for those that are not asked for.
#[derive(Default)]
pub struct Reported {
    pub start: Option<Py<PyAny>>,
    pub end: Option<Py<PyAny>>,
    pub comment: Option<Py<PyAny>>,
    pub pi: Option<Py<PyAny>>,
    pub start_ns: Option<Py<PyAny>>,
    pub end_ns: Option<Py<PyAny>>,
}

/// Events that nobody has taken yet.
pub struct Events {
    pub reported: Reported,
    pub list: Py<PyList>,
}

/// A tree under construction. To be used and dropped by who is attached to the interpreter.
pub struct Tree {
    elements: Elements,
    /// Owned.
    open: Vec<Object>,
    root: Object,
    /// The element that was closed last, if it takes the next text as its tail; owned, or null.
    closed: Object,
    run: Vec<u8>,
    /// Attributes on their way into a dict.
    members: Vec<Object>,
    /// Replacements for entities that are not declared.
    pub entity: Option<Py<PyDict>>,
    pub events: Option<Events>,
    /// A DOCTYPE has been read.
    pub doctype: bool,
    /// The reference that could not be replaced, once one has failed the parse: the entity's name, and where it stands.
    pub undefined: Option<Undefined>,
}

/// A reference to an entity that is neither declared nor in `.entity`.
pub struct Undefined {
    pub name: String,
    pub place: Place,
}

// SAFETY: the pointers are owned references, which any thread that holds the interpreter's lock may use.
unsafe impl Send for Tree {}

impl Drop for Tree {
    fn drop(&mut self) {
        for object in self.members.drain(..).chain(self.open.drain(..).rev()).chain([self.closed, self.root]) {
            // SAFETY: attached, by the type's contract; the references are the tree's.
            unsafe { ffi::Py_XDECREF(object) };
        }
    }
}

impl Tree {
    pub fn new(elements: Elements) -> Self {
        Self {
            elements,
            open: Vec::new(),
            root: std::ptr::null_mut(),
            closed: std::ptr::null_mut(),
            run: Vec::new(),
            members: Vec::new(),
            entity: None,
            events: None,
            doctype: false,
            undefined: None,
        }
    }

    /// Lets go of what has been built; events that nobody has taken stay.
    pub fn abandon(&mut self) {
        let empty = Self::new(self.elements);
        let mut old = std::mem::replace(self, empty);
        self.entity = old.entity.take();
        self.events = old.events.take();
        self.doctype = old.doctype;
        // A finalizer or a weak reference's callback may run now.
        drop(old);
    }

    /// The root element of what has been read so far.
    pub fn root<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        // SAFETY: attached; null or alive.
        unsafe { Bound::from_borrowed_ptr_or_opt(py, self.root) }
    }

    /// For the collector: what the tree holds of the world outside, or that leads there.
    pub fn traverse(&self, visit: &pyo3::PyVisit<'_>) -> Result<(), pyo3::PyTraverseError> {
        visit.call(&self.entity)?;
        if let Some(events) = &self.events {
            visit.call(&events.list)?;
        }
        // SAFETY: null or an owned reference, only lent; a `Py` has the layout of a pointer that is not null.
        let visited = |object: &Object| unsafe { visit.call(&*(&raw const *object).cast::<Option<Py<PyAny>>>()) };
        self.open.iter().chain([&self.root, &self.closed]).try_for_each(visited)
    }
}

/// The tree with what it needs while input is read.
pub struct Building<'a, 'py> {
    pub py: Python<'py>,
    pub tree: &'a mut Tree,
    pub strings: &'a mut Strings,
}

impl Building<'_, '_> {
    #[inline(always)]
    fn flush(&mut self) -> bool {
        self.tree.run.is_empty() || self.end_run()
    }

    /// Makes the run that ended a text or a tail.
    #[inline(never)]
    fn end_run(&mut self) -> bool {
        let tree = &mut *self.tree;
        let tail = !tree.closed.is_null();
        let element = if tail { tree.closed } else { tree.open.last().copied().unwrap_or(std::ptr::null_mut()) };
        // SAFETY: attached; the core has checked the text, and the element is alive.
        let done = unsafe {
            let text = self.strings.text(&tree.run);
            if text.is_null() {
                false
            } else if element.is_null() {
                ffi::Py_DECREF(text);
                true
            } else {
                tree.elements.set_text(element, text, tail)
            }
        };
        tree.run.clear();
        if tree.run.capacity() > KEPT {
            tree.run = Vec::new();
        }
        done
    }

    fn out_of_memory() -> bool {
        // SAFETY: attached, as everything here.
        unsafe { ffi::PyErr_NoMemory() };
        false
    }

    #[inline(always)]
    fn gather(&mut self, text: &[u8]) -> bool {
        let run = &mut self.tree.run;
        if run.capacity() - run.len() < text.len() && run.try_reserve(text.len()).is_err() {
            return Self::out_of_memory();
        }
        run.extend_from_slice(text);
        true
    }

    /// Gives a new element the attributes of its tag.
    #[inline(always)]
    fn attributes(&mut self, element: Object, tag: &Tag<'_>, cx: &Context<'_>) -> bool {
        let members = &mut self.tree.members;
        debug_assert!(members.is_empty());
        if members.try_reserve(2 * tag.attributes.len()).is_err() {
            return Self::out_of_memory();
        }
        // SAFETY: attached; the names are those that `strings` knows, values have been checked. The members own their
        // references until the dict does.
        unsafe {
            for attribute in tag.attributes {
                let key = self.strings.expanded(cx.names, attribute.name.expanded);
                if key.is_null() {
                    return self.drop_members();
                }
                members.push(ffi::Py_NewRef(key));
                let value = self.strings.text(tag.value(attribute));
                if value.is_null() {
                    return self.drop_members();
                }
                members.push(value);
            }
            let attributes = match if pyraw::on() { dict::build(members) } else { dict::Built::Nothing } {
                dict::Built::Dict(attributes) => {
                    members.clear();
                    attributes
                }
                dict::Built::Nothing => {
                    let attributes = dict_by_calls(members);
                    self.drop_members();
                    attributes
                }
            };
            !attributes.is_null() && self.tree.elements.set_attributes(element, attributes)
        }
    }

    #[cold]
    fn drop_members(&mut self) -> bool {
        for object in self.tree.members.drain(..) {
            // SAFETY: attached; the references are the stack's.
            unsafe { ffi::Py_DECREF(object) };
        }
        false
    }

    /// A comment or PI as an element of its own, for an event.
    #[cold]
    fn special(&mut self, tag: Object, target: Option<&[u8]>, data: &[u8]) -> PyResult<Py<PyAny>> {
        let mut text = Vec::new();
        let length = target.map_or(0, <[u8]>::len) + 1 + data.len();
        if text.try_reserve(length).is_err() {
            Self::out_of_memory();
            return Err(PyErr::fetch(self.py));
        }
        if let Some(target) = target {
            text.extend_from_slice(target);
            if !data.is_empty() {
                text.push(b' ');
            }
        }
        text.extend_from_slice(data);
        let elements = self.tree.elements;
        // SAFETY: attached; the core has checked the text; new references or null.
        unsafe {
            let element = Bound::from_owned_ptr_or_err(self.py, elements.make(std::ptr::null_mut(), tag))?;
            let text = self.strings.text(&text);
            if text.is_null() || !elements.set_text(element.as_ptr(), text, false) {
                return Err(PyErr::fetch(self.py));
            }
            Ok(element.unbind())
        }
    }

    /// Declarations as events of their own.
    #[cold]
    fn declarations(&mut self, bindings: &[Binding], cx: &Context<'_>, begin: bool) -> bool {
        let Some(events) = &self.tree.events else { return true };
        let Some(name) = (if begin { &events.reported.start_ns } else { &events.reported.end_ns }) else { return true };
        let (list, name) = (events.list.as_ptr(), name.as_ptr());
        if begin {
            bindings.iter().all(|binding| {
                // SAFETY: attached; the names are those that `strings` knows. What is borrowed lives until the next document.
                unsafe {
                    let prefix = self.strings.written(cx.names, binding.prefix);
                    let uri = if prefix.is_null() { prefix } else { self.strings.uri(cx.names, binding.uri) };
                    if uri.is_null() {
                        return false;
                    }
                    let both = pair(ffi::Py_NewRef(prefix), ffi::Py_NewRef(uri));
                    !both.is_null() && report(list, name, both)
                }
            })
        } else {
            // SAFETY: attached.
            bindings.iter().all(|_| unsafe { report(list, name, ffi::Py_NewRef(ffi::Py_None())) })
        }
    }

    #[inline(always)]
    fn report(&self, begin: bool, element: Object) -> bool {
        let Some(events) = &self.tree.events else { return true };
        let Some(name) = (if begin { &events.reported.start } else { &events.reported.end }) else { return true };
        // SAFETY: attached; all are alive.
        unsafe { report(events.list.as_ptr(), name.as_ptr(), ffi::Py_NewRef(element)) }
    }

    fn failed(&self, error: PyErr) -> bool {
        error.restore(self.py);
        false
    }
}

/// A tuple of two references, which are taken; null with MemoryError set.
unsafe fn pair(first: Object, second: Object) -> Object {
    // SAFETY: attached; a new tuple, filled before anybody sees it.
    unsafe {
        let tuple = ffi::PyTuple_New(2);
        if tuple.is_null() {
            ffi::Py_DECREF(first);
            ffi::Py_DECREF(second);
            return tuple;
        }
        ffi::PyTuple_SET_ITEM(tuple, 0, first);
        ffi::PyTuple_SET_ITEM(tuple, 1, second);
        tuple
    }
}

/// Appends `(name, value)` to a list; the value's reference is taken. False with MemoryError set.
unsafe fn report(list: Object, name: Object, value: Object) -> bool {
    // SAFETY: attached; the list is ours and exact.
    unsafe {
        let event = pair(ffi::Py_NewRef(name), value);
        if event.is_null() {
            return false;
        }
        let done = ffi::PyList_Append(list, event) == 0;
        ffi::Py_DECREF(event);
        done
    }
}

/// A dict by documented calls; null with an exception set. The members stay the caller's.
#[inline(never)]
unsafe fn dict_by_calls(members: &[Object]) -> Object {
    // SAFETY: attached; members are keys and values in turns.
    unsafe {
        let dict = ffi::PyDict_New();
        for member in members.chunks_exact(2) {
            if dict.is_null() || ffi::PyDict_SetItem(dict, member[0], member[1]) != 0 {
                ffi::Py_XDECREF(dict);
                return std::ptr::null_mut();
            }
        }
        dict
    }
}

/// What `.entity` has for an entity that is not read; `None` where it has nothing.
pub fn replacement<'py>(
    py: Python<'py>,
    entity: Option<&Py<PyDict>>,
    name: &str,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    match entity {
        Some(entity) => entity.bind(py).get_item(fallible::text(py, name)?),
        None => Ok(None),
    }
}

impl Sink for Building<'_, '_> {
    const KEEPS: bool = true;

    #[inline(always)]
    fn start(&mut self, tag: &Tag<'_>, cx: &Context<'_>) -> bool {
        if !self.flush() || (!tag.bindings.is_empty() && !self.declarations(tag.bindings, cx, true)) {
            return false;
        }
        let parent = self.tree.open.last().copied().unwrap_or(std::ptr::null_mut());
        // SAFETY: attached; the names are those that `strings` knows; the parent is open, so it is alive.
        unsafe {
            let name = self.strings.expanded(cx.names, tag.name.expanded);
            if name.is_null() {
                return false;
            }
            let element = self.tree.elements.make(parent, name);
            if element.is_null() {
                return false;
            }
            if self.tree.open.try_reserve(1).is_err() {
                ffi::Py_DECREF(element);
                return Self::out_of_memory();
            }
            self.tree.open.push(element);
            if parent.is_null() {
                self.tree.root = ffi::Py_NewRef(element);
            }
            let closed = std::mem::replace(&mut self.tree.closed, std::ptr::null_mut());
            if !closed.is_null() {
                ffi::Py_DECREF(closed);
            }
            (tag.attributes.is_empty() || self.attributes(element, tag, cx)) && self.report(true, element)
        }
    }

    #[inline(always)]
    fn end(&mut self, _: Name, bindings: &[Binding], cx: &Context<'_>) -> bool {
        if !self.flush() {
            return false;
        }
        let element = self.tree.open.pop().unwrap_or(std::ptr::null_mut());
        let closed = std::mem::replace(&mut self.tree.closed, element);
        // SAFETY: attached; the reference was the tree's.
        unsafe { ffi::Py_XDECREF(closed) };
        self.report(false, element) && (bindings.is_empty() || self.declarations(bindings, cx, false))
    }

    #[inline(always)]
    fn text(&mut self, text: &[u8], _: &Context<'_>) -> bool {
        self.gather(text)
    }

    fn comment(&mut self, text: &[u8], _: &Context<'_>) -> bool {
        let Some(name) = self.tree.events.as_ref().and_then(|events| events.reported.comment.as_ref()) else {
            return true;
        };
        let (name, tag) = (name.as_ptr(), self.tree.elements.comment);
        self.special_event(name, tag, None, text)
    }

    fn pi(&mut self, target: &[u8], data: &[u8], _: &Context<'_>) -> bool {
        let Some(name) = self.tree.events.as_ref().and_then(|events| events.reported.pi.as_ref()) else {
            return true;
        };
        let (name, tag) = (name.as_ptr(), self.tree.elements.pi);
        self.special_event(name, tag, Some(target), data)
    }

    fn entity(&mut self, name: &[u8], cx: &Context<'_>) -> bool {
        let name = String::from_utf8_lossy(name);
        let value = match replacement(self.py, self.tree.entity.as_ref(), &name) {
            Ok(Some(value)) => value,
            Ok(None) => {
                self.tree.undefined = Some(Undefined { name: name.into_owned(), place: cx.place() });
                return false;
            }
            Err(error) => return self.failed(error),
        };
        if !value.is_instance_of::<PyString>() {
            return self.failed(PyTypeError::new_err("the values of XMLParser.entity must be str"));
        }
        let mut text = Vec::new();
        // SAFETY: attached; a str, alive while borrowed.
        let units = unsafe { Units::of(value.as_ptr()) };
        if !units.encode(0, units.len(), &mut text) {
            return Self::out_of_memory();
        }
        self.gather(&text)
    }

    fn ids_end(&mut self, _: &Names) -> bool {
        self.strings.ids_end();
        true
    }

    fn doctype(&mut self, _: &Doctype<'_>, _: &Context<'_>) -> bool {
        self.tree.doctype = true;
        true
    }
}

impl Building<'_, '_> {
    #[cold]
    fn special_event(&mut self, name: Object, tag: Object, target: Option<&[u8]>, data: &[u8]) -> bool {
        let element = match self.special(tag, target, data) {
            Ok(element) => element,
            Err(error) => return self.failed(error),
        };
        match &self.tree.events {
            // SAFETY: attached; all are alive.
            Some(events) => unsafe { report(events.list.as_ptr(), name, element.into_ptr()) },
            None => true,
        }
    }
}
