//! Calls of SAX's content handler itself: its methods for elements, with the attributes objects that they expect.
//!
//! The reader's own methods in between would cost more than the parse. A method is looked up at each call, as the
//! reader's would be: a handler may set its own anew.

use forkedenc_core::xml::Context;
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;

use super::memory::{Form, Object};
use super::shared::Shared;

const NULL: Object = std::ptr::null_mut();

/// The content handler of a parse, and what its methods take.
pub struct Content {
    /// Owned; null where there is none.
    handler: Object,
    /// The class of attributes. Borrowed from the parser.
    class: Object,
    /// Borrowed from the module: strs that stay.
    start: Object,
    end: Object,
    attrs: Object,
    qnames: Object,
}

impl Content {
    /// `class`: null, or a class like `xml.sax.xmlreader.AttributesImpl`, alive as long as this.
    pub fn new(py: Python<'_>, form: Form, class: Object) -> Self {
        let (start, end) = if form == Form::Pairs {
            (intern!(py, "startElementNS"), intern!(py, "endElementNS"))
        } else {
            (intern!(py, "startElement"), intern!(py, "endElement"))
        };
        let (attrs, qnames) = (intern!(py, "_attrs").as_ptr(), intern!(py, "_qnames").as_ptr());
        Self { handler: NULL, class, start: start.as_ptr(), end: end.as_ptr(), attrs, qnames }
    }

    #[inline(always)]
    pub fn is_there(&self) -> bool {
        !self.handler.is_null()
    }

    /// Takes over a handler, an owned reference or null.
    pub fn set(&mut self, handler: Option<Py<PyAny>>) {
        let handler = if self.class.is_null() { None } else { handler };
        let old = std::mem::replace(&mut self.handler, handler.map_or(NULL, Py::into_ptr));
        // SAFETY: attached by the type's contract; owned.
        unsafe { ffi::Py_XDECREF(old) };
    }

    /// `startElement(name, attributes)` or `startElementNS(name, None, attributes)`. All parts are owned and given up; one
    /// that is null could not be made. False with an exception set.
    #[inline(always)]
    pub fn start(&self, shared: &Shared, name: Object, parts: [Object; 2], cx: &Context<'_>, form: Form) -> bool {
        // SAFETY: attached by the type's contract.
        unsafe {
            let attributes = if name.is_null() { drop_all(parts) } else { self.attributes(parts, form) };
            if attributes.is_null() {
                ffi::Py_XDECREF(name);
                return false;
            }
            if form == Form::Pairs {
                let none = ffi::Py_NewRef(ffi::Py_None());
                return self.call(shared, self.start, &mut [NULL, NULL, name, none, attributes], cx);
            }
            self.call(shared, self.start, &mut [NULL, NULL, name, attributes], cx)
        }
    }

    /// `endElement(name)` or `endElementNS(name, None)`, likewise.
    #[inline(always)]
    pub fn end(&self, shared: &Shared, name: Object, cx: &Context<'_>, form: Form) -> bool {
        // SAFETY: attached by the type's contract.
        unsafe {
            if name.is_null() {
                return false;
            }
            if form == Form::Pairs {
                let none = ffi::Py_NewRef(ffi::Py_None());
                return self.call(shared, self.end, &mut [NULL, NULL, name, none], cx);
            }
            self.call(shared, self.end, &mut [NULL, NULL, name], cx)
        }
    }

    /// A new object of the class: what its constructor does is to set these.
    ///
    /// # Safety
    /// Attached; the parts are owned, and null where they could not be made or, the second, where there is none.
    #[inline(always)]
    unsafe fn attributes(&self, parts: [Object; 2], form: Form) -> Object {
        // SAFETY: the caller's promises; the class is one, and needs no arguments to be allocated.
        unsafe {
            let [values, names] = parts;
            if values.is_null() || form == Form::Pairs && names.is_null() {
                return drop_all(parts);
            }
            let object = ffi::PyType_GenericNew(self.class.cast(), NULL, NULL);
            let good = !object.is_null()
                && ffi::PyObject_SetAttr(object, self.attrs, values) == 0
                && (names.is_null() || ffi::PyObject_SetAttr(object, self.qnames, names) == 0);
            drop_all(parts);
            if good {
                return object;
            }
            ffi::Py_XDECREF(object);
            NULL
        }
    }

    /// Calls a method. The first of `arguments` is room for the call, the second for the handler; the others are owned and
    /// given up.
    ///
    /// # Safety
    /// Attached; the arguments are references.
    #[inline(always)]
    unsafe fn call(&self, shared: &Shared, method: Object, arguments: &mut [Object], cx: &Context<'_>) -> bool {
        // SAFETY: the caller's promises. The handler is owned by `self`, which is not set while it is borrowed.
        unsafe {
            arguments[1] = self.handler;
            shared.enter(cx);
            let count = (arguments.len() - 1) | ffi::PY_VECTORCALL_ARGUMENTS_OFFSET;
            let result = ffi::PyObject_VectorcallMethod(method, arguments.as_ptr().add(1), count, NULL);
            shared.leave();
            for argument in &arguments[2..] {
                ffi::Py_DECREF(*argument);
            }
            ffi::Py_XDECREF(result);
            !result.is_null()
        }
    }
}

/// Gives up references, some of which may be null. Null.
///
/// # Safety
/// Attached; they are owned.
unsafe fn drop_all(objects: [Object; 2]) -> Object {
    for object in objects {
        // SAFETY: the caller's promises.
        unsafe { ffi::Py_XDECREF(object) };
    }
    NULL
}

impl Drop for Content {
    fn drop(&mut self) {
        self.set(None);
    }
}
