//! The sink that calls handlers, with the arguments that pyexpat gives them.
//!
//! Every call is Python code, which may raise, set other handlers, ask the parser where it is, or let other threads run.
//! The handlers that are called are owned by the sink and looked up again when [`Shared::version`] has changed. Nothing
//! of the parse is borrowed by an object that a handler is given.

use forkedenc_core::xml::{
    Attribute, Binding, Context, Declared, Doctype, Error, Kind, Name, Names, Sink, Tag, UriId, XmlDeclaration,
};
use pyo3::ffi;
use pyo3::prelude::*;

use super::content::Content;
use super::memory::{Form, Memory, Object, Role};
use super::model;
use super::shared::{BUFFER_TEXT, COUNT, Event, NAMESPACE_PREFIXES, ORDERED_ATTRIBUTES, SPECIFIED_ATTRIBUTES, Shared};
use crate::text;
use crate::xml::strings;

const NULL: Object = std::ptr::null_mut();

/// `KEEPS`: the handlers build a tree.
pub struct HandlerSink<'a, const KEEPS: bool> {
    shared: &'a Shared,
    memory: &'a mut Memory,
    /// Owned; null where there is none.
    handlers: [Object; COUNT],
    /// SAX's own handler, which elements are told before any other.
    content: Content,
    version: u32,
    switches: u32,
    /// What the sink itself refuses. Otherwise the exception that is set is why it failed.
    pub refused: Option<Error>,
}

/// What the parts of an event's arguments are.
enum Part<'a> {
    None,
    Text(&'a [u8]),
    /// One that many events share.
    Name(&'a [u8]),
    Number(i32),
    Base,
}

impl<'a> From<Option<&'a [u8]>> for Part<'a> {
    fn from(bytes: Option<&'a [u8]>) -> Self {
        bytes.map_or(Part::None, Part::Text)
    }
}

impl<'a, const KEEPS: bool> HandlerSink<'a, KEEPS> {
    /// A sink for one feed. It must live and die attached to the interpreter.
    ///
    /// `class`: see [`Content::new`].
    pub fn new(py: Python<'a>, shared: &'a Shared, memory: &'a mut Memory, class: Object) -> Self {
        let content = Content::new(py, memory.form, class);
        let handlers = [NULL; COUNT];
        let mut sink = Self { shared, memory, handlers, content, version: 0, switches: 0, refused: None };
        sink.look_again();
        sink
    }

    #[cold]
    #[inline(never)]
    fn look_again(&mut self) {
        self.version = self.shared.version();
        let old = std::mem::replace(&mut self.handlers, self.shared.handlers());
        // SAFETY: attached, as long as the sink lives.
        self.content.set(self.shared.content(unsafe { Python::assume_attached() }));
        self.switches = self.shared.switches();
        let prefixes = self.switches & NAMESPACE_PREFIXES != 0;
        if prefixes != self.memory.prefixes {
            self.memory.forget_names();
            self.memory.prefixes = prefixes;
        }
        for handler in old {
            // SAFETY: attached; the old table owned it. A finalizer may set handlers: the version then says so.
            unsafe { ffi::Py_XDECREF(handler) };
        }
    }

    /// The handler of an event, borrowed until the sink looks again; null where there is none.
    #[inline(always)]
    fn handler(&mut self, event: Event) -> Object {
        if self.version != self.shared.version() {
            self.look_again();
        }
        self.handlers[event as usize]
    }

    /// Calls a handler. The first of `arguments` is room for the call; the others are owned and given up, and one that
    /// is null could not be made.
    #[inline(always)]
    fn call(&mut self, handler: Object, arguments: &mut [Object], cx: Option<&Context<'_>>) -> bool {
        // SAFETY: attached. The handler is owned by `self.handlers`, which nothing changes before the call is over; the
        // arguments are owned here.
        unsafe {
            let mut good = true;
            for argument in &arguments[1..] {
                good &= !argument.is_null();
            }
            if good {
                if let Some(cx) = cx {
                    self.shared.enter(cx);
                }
                let count = (arguments.len() - 1) | ffi::PY_VECTORCALL_ARGUMENTS_OFFSET;
                let result = ffi::PyObject_Vectorcall(handler, arguments.as_ptr().add(1), count, NULL);
                self.shared.leave();
                good = !result.is_null();
                ffi::Py_XDECREF(result);
            }
            for argument in &arguments[1..] {
                ffi::Py_XDECREF(*argument);
            }
            good
        }
    }

    /// Calls a handler with arguments made from parts. For the events that are few.
    #[inline(never)]
    fn tell(&mut self, event: Event, parts: &[Part<'_>], cx: &Context<'_>) -> bool {
        let handler = self.handler(event);
        if handler.is_null() {
            return true;
        }
        if !self.flush(Some(cx)) {
            return false;
        }
        // What waited may have been told to a handler that set others.
        let handler = self.handler(event);
        if handler.is_null() {
            return true;
        }
        let mut arguments = [NULL; 8];
        for (slot, part) in arguments[1..].iter_mut().zip(parts) {
            *slot = self.object(part);
        }
        self.call(handler, &mut arguments[..=parts.len()], Some(cx))
    }

    /// A new reference; null with an exception set.
    fn object(&mut self, part: &Part<'_>) -> Object {
        // SAFETY: attached, as long as the sink lives; texts of the core are checked UTF-8.
        unsafe {
            match part {
                Part::None => ffi::Py_NewRef(ffi::Py_None()),
                Part::Text(bytes) => text::from_utf8(bytes),
                Part::Name(bytes) => self.memory.interned(bytes),
                Part::Number(number) => ffi::PyLong_FromLong((*number).into()),
                Part::Base => match self.shared.base(Python::assume_attached()) {
                    Some(base) => base.into_ptr(),
                    None => ffi::Py_NewRef(ffi::Py_None()),
                },
            }
        }
    }

    /// Tells the text that waits.
    #[inline(always)]
    pub fn flush(&mut self, cx: Option<&Context<'_>>) -> bool {
        self.memory.text.is_empty() || self.flush_some(cx)
    }

    #[inline(never)]
    fn flush_some(&mut self, cx: Option<&Context<'_>>) -> bool {
        let handler = self.handler(Event::Text);
        // SAFETY: attached; the text is the core's.
        let text = unsafe { strings::value(&self.memory.text) };
        self.memory.text.clear();
        if handler.is_null() {
            // SAFETY: attached; owned.
            unsafe { ffi::Py_XDECREF(text) };
            return !text.is_null();
        }
        self.call(handler, &mut [NULL, text], cx)
    }

    /// Tells a piece of text, if there still is who wants it.
    #[inline(always)]
    fn tell_text(&mut self, text: &[u8], cx: &Context<'_>) -> bool {
        let handler = self.handler(Event::Text);
        if handler.is_null() {
            return true;
        }
        // SAFETY: attached, as long as the sink lives; the text is the core's, and never cut within a character.
        let text = unsafe { strings::value(text) };
        self.call(handler, &mut [NULL, text], Some(cx))
    }

    /// Tells each line and each line feed by itself, as expat cuts text: handlers know it so.
    #[inline(always)]
    fn lines(&mut self, text: &[u8], cx: &Context<'_>) -> bool {
        let mut rest = text;
        while !rest.is_empty() {
            let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at.max(1));
            let (piece, behind) = rest.split_at(end);
            if !self.tell_text(piece, cx) {
                return false;
            }
            rest = behind;
        }
        true
    }

    /// Lets text wait for the rest of its run, in so far as there is room.
    #[inline(always)]
    fn keep_text(&mut self, text: &[u8], cx: &Context<'_>) -> bool {
        let size = self.shared.buffer_size();
        if self.memory.text.len() + text.len() > size {
            if !self.flush(Some(cx)) {
                return false;
            }
            if text.len() > size {
                return self.tell_text(text, cx);
            }
            if self.handler(Event::Text).is_null() {
                return true;
            }
        }
        if self.memory.text.try_reserve(text.len()).is_err() {
            // SAFETY: attached.
            unsafe { ffi::PyErr_NoMemory() };
            return false;
        }
        self.memory.text.extend_from_slice(text);
        true
    }

    /// The attributes as a dict, or as a list of names and values by turns: a new reference, or null.
    #[inline(always)]
    fn attributes(&mut self, tag: &Tag<'_>, cx: &Context<'_>) -> Object {
        let attributes = tag.attributes;
        if self.switches & (ORDERED_ATTRIBUTES | SPECIFIED_ATTRIBUTES) != 0 {
            return self.chosen_attributes(tag, cx);
        }
        // SAFETY: attached. The dict is new and nobody else's; names are borrowed, values owned until it has them.
        unsafe {
            let dict = ffi::PyDict_New();
            if dict.is_null() {
                return dict;
            }
            for attribute in attributes {
                let name = self.memory.name(cx.names, attribute.name, Role::Attribute);
                let value = if name.is_null() { NULL } else { strings::value(tag.value(attribute)) };
                if value.is_null() {
                    ffi::Py_DECREF(dict);
                    return NULL;
                }
                let set = ffi::PyDict_SetItem(dict, name, value);
                ffi::Py_DECREF(value);
                if set != 0 {
                    ffi::Py_DECREF(dict);
                    return NULL;
                }
            }
            dict
        }
    }

    /// The same, by the switches.
    #[inline(never)]
    fn chosen_attributes(&mut self, tag: &Tag<'_>, cx: &Context<'_>) -> Object {
        let specified = self.switches & SPECIFIED_ATTRIBUTES != 0;
        let ordered = self.switches & ORDERED_ATTRIBUTES != 0;
        let told = |attribute: &&Attribute| !(specified && attribute.defaulted);
        let count = if specified { tag.attributes.iter().filter(told).count() } else { tag.attributes.len() };
        // SAFETY: attached. The list or dict is new and nobody else's; a list that is not full is dropped with its
        // empty slots. Names are borrowed, values owned until they are handed over.
        unsafe {
            let made = if ordered { ffi::PyList_New(2 * count.cast_signed()) } else { ffi::PyDict_New() };
            if made.is_null() {
                return made;
            }
            let mut at = 0;
            for attribute in tag.attributes.iter().filter(told) {
                let name = self.memory.name(cx.names, attribute.name, Role::Attribute);
                let value = if name.is_null() { NULL } else { strings::value(tag.value(attribute)) };
                if value.is_null() {
                    ffi::Py_DECREF(made);
                    return NULL;
                }
                if ordered {
                    ffi::Py_INCREF(name);
                    ffi::PyList_SET_ITEM(made, at, name);
                    ffi::PyList_SET_ITEM(made, at + 1, value);
                    at += 2;
                } else {
                    let set = ffi::PyDict_SetItem(made, name, value);
                    ffi::Py_DECREF(value);
                    if set != 0 {
                        ffi::Py_DECREF(made);
                        return NULL;
                    }
                }
            }
            made
        }
    }

    /// The attributes' values and their names as written, both by pair: new references, null where an exception is set.
    #[inline(always)]
    fn pairs(&mut self, tag: &Tag<'_>, cx: &Context<'_>) -> [Object; 2] {
        // SAFETY: attached. The dicts are new and nobody else's; pairs and names are borrowed, values owned until the
        // dict has them.
        unsafe {
            let made = [ffi::PyDict_New(), ffi::PyDict_New()];
            let mut good = made.iter().all(|dict| !dict.is_null());
            for attribute in tag.attributes {
                let pair = if good { self.memory.name(cx.names, attribute.name, Role::Attribute) } else { NULL };
                let qname = if pair.is_null() { NULL } else { self.memory.qname(cx.names, attribute.name) };
                let value = if qname.is_null() { NULL } else { strings::value(tag.value(attribute)) };
                good = !value.is_null()
                    && ffi::PyDict_SetItem(made[0], pair, value) == 0
                    && ffi::PyDict_SetItem(made[1], pair, qname) == 0;
                ffi::Py_XDECREF(value);
                if !good {
                    break;
                }
            }
            if good {
                return made;
            }
            for dict in made {
                ffi::Py_XDECREF(dict);
            }
            [NULL; 2]
        }
    }

    /// Tells a tag's declarations, and refuses a URI with the separator in it, which no name could hold.
    #[inline(never)]
    fn declarations(&mut self, bindings: &[Binding], cx: &Context<'_>) -> bool {
        for binding in bindings {
            let uri = cx.names.uri(binding.uri);
            if let Form::Joined(separator) = self.memory.form
                && uri.contains(&separator)
            {
                let place = cx.place();
                self.refused = Some(Error { kind: Kind::NamespaceSyntax, place, token: place, path: String::new() });
                return false;
            }
            let prefix = cx.names.written(binding.prefix);
            let prefix = if prefix.is_empty() { Part::None } else { Part::Name(prefix) };
            let uri = if binding.uri == UriId::NONE { Part::None } else { Part::Name(uri) };
            if !self.tell(Event::StartNamespace, &[prefix, uri], cx) {
                return false;
            }
        }
        true
    }

    fn element_declaration(&mut self, name: &[u8], written: &[u8], cx: &Context<'_>) -> bool {
        if self.handler(Event::Element).is_null() {
            return true;
        }
        // SAFETY: attached, as long as the sink lives.
        let py = unsafe { Python::assume_attached() };
        let model = match model::object(py, written) {
            Ok(model) => model.into_ptr(),
            Err(error) => {
                error.restore(py);
                return false;
            }
        };
        if !self.flush(Some(cx)) {
            // SAFETY: attached; owned.
            unsafe { ffi::Py_DECREF(model) };
            return false;
        }
        let handler = self.handler(Event::Element);
        if handler.is_null() {
            // SAFETY: attached; owned.
            unsafe { ffi::Py_DECREF(model) };
            return true;
        }
        let name = self.object(&Part::Name(name));
        self.call(handler, &mut [NULL, name, model], Some(cx))
    }
}

impl<const KEEPS: bool> Drop for HandlerSink<'_, KEEPS> {
    fn drop(&mut self) {
        for handler in self.handlers {
            // SAFETY: attached by the type's contract; owned.
            unsafe { ffi::Py_XDECREF(handler) };
        }
    }
}

impl<const KEEPS: bool> Sink for HandlerSink<'_, KEEPS> {
    const KEEPS: bool = KEEPS;

    #[inline]
    fn start(&mut self, tag: &Tag<'_>, cx: &Context<'_>) -> bool {
        if !tag.bindings.is_empty() && !self.declarations(tag.bindings, cx) {
            return false;
        }
        if self.handler(Event::Start).is_null() && !self.content.is_there() {
            return true;
        }
        if !self.flush(Some(cx)) {
            return false;
        }
        let handler = self.handler(Event::Start);
        if handler.is_null() && !self.content.is_there() {
            return true;
        }
        // SAFETY: attached, as long as the sink lives; the name is borrowed, and made owned at once.
        let name = unsafe {
            let name = self.memory.name(cx.names, tag.name, Role::Element);
            ffi::Py_XINCREF(name);
            name
        };
        let form = self.memory.form;
        let [values, qnames] = match form {
            _ if name.is_null() => [NULL; 2],
            Form::Pairs => self.pairs(tag, cx),
            _ => [self.attributes(tag, cx), NULL],
        };
        if self.content.is_there() {
            return self.content.start(self.shared, name, [values, qnames], cx, form);
        }
        if form == Form::Pairs {
            return self.call(handler, &mut [NULL, name, values, qnames], Some(cx));
        }
        self.call(handler, &mut [NULL, name, values], Some(cx))
    }

    #[inline]
    fn end(&mut self, name: Name, bindings: &[Binding], cx: &Context<'_>) -> bool {
        if !self.handler(Event::End).is_null() || self.content.is_there() {
            if !self.flush(Some(cx)) {
                return false;
            }
            let handler = self.handler(Event::End);
            if !handler.is_null() || self.content.is_there() {
                // SAFETY: attached, as long as the sink lives; the name is borrowed, and made owned at once.
                let name = unsafe {
                    let name = self.memory.name(cx.names, name, Role::Element);
                    ffi::Py_XINCREF(name);
                    name
                };
                let told = if self.content.is_there() {
                    self.content.end(self.shared, name, cx, self.memory.form)
                } else {
                    self.call(handler, &mut [NULL, name], Some(cx))
                };
                if !told {
                    return false;
                }
            }
        }
        bindings.iter().rev().all(|binding| {
            let prefix = cx.names.written(binding.prefix);
            let prefix = if prefix.is_empty() { Part::None } else { Part::Name(prefix) };
            self.tell(Event::EndNamespace, &[prefix], cx)
        })
    }

    #[inline]
    fn text(&mut self, text: &[u8], cx: &Context<'_>) -> bool {
        if self.handler(Event::Text).is_null() {
            return true;
        }
        if self.switches & BUFFER_TEXT != 0 { self.keep_text(text, cx) } else { self.lines(text, cx) }
    }

    fn ids_end(&mut self, _: &Names) -> bool {
        self.memory.forget_all();
        true
    }

    fn comment(&mut self, text: &[u8], cx: &Context<'_>) -> bool {
        self.tell(Event::Comment, &[Part::Text(text)], cx)
    }

    fn pi(&mut self, target: &[u8], data: &[u8], cx: &Context<'_>) -> bool {
        self.tell(Event::Pi, &[Part::Name(target), Part::Text(data)], cx)
    }

    fn cdata(&mut self, begins: bool, cx: &Context<'_>) -> bool {
        self.tell(if begins { Event::StartCdata } else { Event::EndCdata }, &[], cx)
    }

    fn entity(&mut self, name: &[u8], cx: &Context<'_>) -> bool {
        // As pyexpat has it: an external entity is told to one handler, one that nobody has declared to another.
        if let Some(external) = self.memory.external(name) {
            let (public_id, system_id) = (external.public_id.clone(), external.system_id.clone());
            let parts =
                [Part::Name(name), Part::Base, Part::from(system_id.as_deref()), Part::from(public_id.as_deref())];
            return self.tell(Event::ExternalEntity, &parts, cx);
        }
        self.tell(Event::SkippedEntity, &[Part::Name(name), Part::Number(0)], cx)
    }

    fn parameter_entity(&mut self, name: &[u8], cx: &Context<'_>) -> bool {
        self.tell(Event::SkippedEntity, &[Part::Name(name), Part::Number(1)], cx)
    }

    fn xml_declaration(&mut self, declaration: &XmlDeclaration<'_>, cx: &Context<'_>) -> bool {
        let standalone = declaration.standalone.map_or(-1, i32::from);
        let parts = [Part::Text(declaration.version), declaration.encoding.into(), Part::Number(standalone)];
        self.tell(Event::XmlDeclaration, &parts, cx)
    }

    fn doctype(&mut self, doctype: &Doctype<'_>, cx: &Context<'_>) -> bool {
        let parts = [
            Part::Name(doctype.name),
            doctype.system_id.into(),
            doctype.public_id.into(),
            Part::Number(doctype.internal_subset.into()),
        ];
        self.tell(Event::StartDoctype, &parts, cx)
    }

    fn declared(&mut self, declared: &Declared<'_>, cx: &Context<'_>) -> bool {
        match *declared {
            Declared::Element { name, model } => self.element_declaration(name, model, cx),
            Declared::Attribute { element, name, kind, default, required } => {
                let parts = [
                    Part::Name(element),
                    Part::Name(name),
                    Part::Name(kind),
                    default.into(),
                    Part::Number(required.into()),
                ];
                self.tell(Event::Attlist, &parts, cx)
            }
            Declared::Entity { name, parameter, value, public_id, system_id, notation } => {
                if !self.memory.declare(name, parameter, public_id, system_id, notation.is_some()) {
                    return true;
                }
                if let Some(notation) = notation
                    && !self.handler(Event::UnparsedEntity).is_null()
                {
                    let parts =
                        [Part::Name(name), Part::Base, system_id.into(), public_id.into(), Part::Name(notation)];
                    return self.tell(Event::UnparsedEntity, &parts, cx);
                }
                let parts = [
                    Part::Name(name),
                    Part::Number(parameter.into()),
                    value.into(),
                    Part::Base,
                    system_id.into(),
                    public_id.into(),
                    notation.map_or(Part::None, Part::Name),
                ];
                self.tell(Event::Entity, &parts, cx)
            }
            Declared::Notation { name, public_id, system_id } => {
                let parts = [Part::Name(name), Part::Base, system_id.into(), public_id.into()];
                self.tell(Event::Notation, &parts, cx)
            }
        }
    }

    fn subset(&mut self, text: &[u8], cx: &Context<'_>) -> bool {
        self.handler(Event::Subset).is_null() || self.tell(Event::Subset, &[Part::Text(text)], cx)
    }

    fn doctype_end(&mut self, cx: &Context<'_>) -> bool {
        self.tell(Event::EndDoctype, &[], cx)
    }
}
