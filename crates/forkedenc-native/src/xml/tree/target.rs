//! The sink that calls the methods of a target: `XMLParser(target=...)`.
//!
//! Only methods that the target has are called. Text is joined up to the next event, or to the end of the chunk. A target is
//! Python code: it may raise, and it may call anything; the parser that feeds it is taken out of its object meanwhile.

use forkedenc_core::xml::{Binding, Context, Doctype, Name, NameId, Names, Sink, Tag};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::builder::{Reported, Undefined, replacement};
use super::elements::Object;
use crate::fallible;
use crate::xml::strings::Strings;

/// The methods of a target, where it has them.
#[derive(Default)]
pub struct Methods {
    pub start: Option<Py<PyAny>>,
    pub end: Option<Py<PyAny>>,
    pub data: Option<Py<PyAny>>,
    pub comment: Option<Py<PyAny>>,
    pub pi: Option<Py<PyAny>>,
    pub start_ns: Option<Py<PyAny>>,
    pub end_ns: Option<Py<PyAny>>,
    pub doctype: Option<Py<PyAny>>,
}

/// What a parse tells a target.
#[derive(Default)]
pub struct Target {
    pub methods: Methods,
    pub entity: Option<Py<PyDict>>,
    /// `append` of what events go to, and the events that are asked for.
    pub events: Option<(Py<PyAny>, Reported)>,
    pub doctype: bool,
    pub undefined: Option<Undefined>,
    /// Text that has not been told yet; empty between two chunks.
    pub run: Vec<u8>,
}

impl Target {
    /// For the collector, what leads outside.
    pub fn traverse(&self, visit: &pyo3::PyVisit<'_>) -> Result<(), pyo3::PyTraverseError> {
        let methods = &self.methods;
        for method in [
            &methods.start,
            &methods.end,
            &methods.data,
            &methods.comment,
            &methods.pi,
            &methods.start_ns,
            &methods.end_ns,
            &methods.doctype,
        ] {
            visit.call(method)?;
        }
        visit.call(&self.entity)?;
        self.events.as_ref().map_or(Ok(()), |(append, _)| visit.call(append))
    }
}

/// The target with what it needs while input is read.
pub struct Calling<'a, 'py> {
    pub py: Python<'py>,
    pub target: &'a mut Target,
    pub strings: &'a mut Strings,
}

/// Which of the events.
type Event = fn(&Reported) -> &Option<Py<PyAny>>;

impl<'py> Calling<'_, 'py> {
    /// Tells the text that has come together.
    pub fn flush(&mut self) -> PyResult<()> {
        if self.target.run.is_empty() {
            return Ok(());
        }
        if let Some(data) = &self.target.methods.data {
            // SAFETY: attached; the core has checked the text.
            let text = unsafe { Bound::from_owned_ptr_or_err(self.py, self.strings.text(&self.target.run)) };
            self.target.run.clear();
            data.bind(self.py).call1((text?,))?;
        }
        self.target.run.clear();
        Ok(())
    }

    fn done(&self, outcome: PyResult<()>) -> bool {
        outcome.map_err(|error| error.restore(self.py)).is_ok()
    }

    /// A str that `strings` lends.
    ///
    /// # Safety
    /// Null with an exception set, or alive.
    unsafe fn owned(&self, object: Object) -> PyResult<Bound<'py, PyAny>> {
        // SAFETY: the caller's promise.
        unsafe { Bound::from_borrowed_ptr_or_err(self.py, object) }
    }

    fn text_of(&mut self, text: &[u8]) -> PyResult<Bound<'py, PyAny>> {
        // SAFETY: attached; the core has checked the text.
        unsafe { Bound::from_owned_ptr_or_err(self.py, self.strings.text(text)) }
    }

    fn expanded(&mut self, name: Name, cx: &Context<'_>) -> PyResult<Bound<'py, PyAny>> {
        // SAFETY: attached; the names are those that `strings` knows.
        unsafe {
            let object = self.strings.expanded(cx.names, name.expanded);
            self.owned(object)
        }
    }

    fn prefix(&mut self, prefix: NameId, cx: &Context<'_>) -> PyResult<Bound<'py, PyAny>> {
        // SAFETY: as above.
        unsafe {
            let object = self.strings.written(cx.names, prefix);
            self.owned(object)
        }
    }

    fn report(&self, which: Event, value: &Bound<'py, PyAny>) -> PyResult<()> {
        let Some((append, reported)) = &self.target.events else { return Ok(()) };
        let Some(name) = which(reported) else { return Ok(()) };
        let event = fallible::tuple(self.py, [name.bind(self.py).clone(), value.clone()])?;
        append.bind(self.py).call1((event,))?;
        Ok(())
    }

    fn reports(&self, which: Event) -> bool {
        self.target.events.as_ref().is_some_and(|(_, reported)| which(reported).is_some())
    }

    fn started(&mut self, tag: &Tag<'_>, cx: &Context<'_>) -> PyResult<()> {
        self.flush()?;
        for binding in tag.bindings {
            self.declared(*binding, cx)?;
        }
        let Some(start) = self.target.methods.start.as_ref().map(|start| start.clone_ref(self.py)) else {
            return Ok(());
        };
        let name = self.expanded(tag.name, cx)?;
        let attributes = fallible::dict(self.py)?;
        for attribute in tag.attributes {
            let key = self.expanded(attribute.name, cx)?;
            attributes.set_item(key, self.text_of(tag.value(attribute))?)?;
        }
        let element = start.bind(self.py).call1((name, attributes))?;
        self.report(|reported| &reported.start, &element)
    }

    fn declared(&mut self, binding: Binding, cx: &Context<'_>) -> PyResult<()> {
        let start_ns = self.target.methods.start_ns.as_ref().map(|method| method.clone_ref(self.py));
        if start_ns.is_none() && !self.reports(|reported| &reported.start_ns) {
            return Ok(());
        }
        let prefix = self.prefix(binding.prefix, cx)?;
        // SAFETY: attached; the names are those that `strings` knows.
        let uri = unsafe {
            let object = self.strings.uri(cx.names, binding.uri);
            self.owned(object)?
        };
        let value = match start_ns {
            Some(method) => method.bind(self.py).call1((prefix, uri))?,
            None => fallible::tuple(self.py, [prefix, uri])?.into_any(),
        };
        self.report(|reported| &reported.start_ns, &value)
    }

    fn ended(&mut self, name: Name, bindings: &[Binding], cx: &Context<'_>) -> PyResult<()> {
        self.flush()?;
        if let Some(end) = self.target.methods.end.as_ref().map(|end| end.clone_ref(self.py)) {
            let name = self.expanded(name, cx)?;
            let element = end.bind(self.py).call1((name,))?;
            self.report(|reported| &reported.end, &element)?;
        }
        for binding in bindings.iter().rev() {
            let value = match self.target.methods.end_ns.as_ref().map(|method| method.clone_ref(self.py)) {
                Some(method) => method.bind(self.py).call1((self.prefix(binding.prefix, cx)?,))?,
                None => self.py.None().into_bound(self.py),
            };
            self.report(|reported| &reported.end_ns, &value)?;
        }
        Ok(())
    }

    fn commented(&mut self, text: &[u8]) -> PyResult<()> {
        let Some(comment) = self.target.methods.comment.as_ref().map(|method| method.clone_ref(self.py)) else {
            return Ok(());
        };
        self.flush()?;
        let text = self.text_of(text)?;
        let element = comment.bind(self.py).call1((text,))?;
        self.report(|reported| &reported.comment, &element)
    }

    fn instructed(&mut self, target: &[u8], data: &[u8]) -> PyResult<()> {
        let Some(pi) = self.target.methods.pi.as_ref().map(|method| method.clone_ref(self.py)) else {
            return Ok(());
        };
        self.flush()?;
        let (target, data) = (self.text_of(target)?, self.text_of(data)?);
        let element = pi.bind(self.py).call1((target, data))?;
        self.report(|reported| &reported.pi, &element)
    }

    fn referred(&mut self, name: &[u8], cx: &Context<'_>) -> PyResult<()> {
        self.flush()?;
        let name = String::from_utf8_lossy(name);
        let Some(value) = replacement(self.py, self.target.entity.as_ref(), &name)? else {
            self.target.undefined = Some(Undefined { name: name.into_owned(), place: cx.place() });
            return Ok(());
        };
        if let Some(data) = self.target.methods.data.as_ref().map(|method| method.clone_ref(self.py)) {
            data.bind(self.py).call1((value,))?;
        }
        Ok(())
    }

    fn typed(&mut self, doctype: &Doctype<'_>) -> PyResult<()> {
        self.target.doctype = true;
        let Some(method) = self.target.methods.doctype.as_ref().map(|method| method.clone_ref(self.py)) else {
            return Ok(());
        };
        let name = self.text_of(doctype.name)?;
        let public_id = self.id_of(doctype.public_id)?;
        let system_id = self.id_of(doctype.system_id)?;
        method.bind(self.py).call1((name, public_id, system_id))?;
        Ok(())
    }

    fn id_of(&mut self, id: Option<&[u8]>) -> PyResult<Bound<'py, PyAny>> {
        match id {
            Some(id) => self.text_of(id),
            None => Ok(self.py.None().into_bound(self.py)),
        }
    }
}

impl Sink for Calling<'_, '_> {
    fn start(&mut self, tag: &Tag<'_>, cx: &Context<'_>) -> bool {
        let outcome = self.started(tag, cx);
        self.done(outcome)
    }

    fn end(&mut self, name: Name, bindings: &[Binding], cx: &Context<'_>) -> bool {
        let outcome = self.ended(name, bindings, cx);
        self.done(outcome)
    }

    fn text(&mut self, text: &[u8], _: &Context<'_>) -> bool {
        if self.target.methods.data.is_none() {
            return true;
        }
        if self.target.run.try_reserve(text.len()).is_err() {
            // SAFETY: attached.
            unsafe { ffi::PyErr_NoMemory() };
            return false;
        }
        self.target.run.extend_from_slice(text);
        true
    }

    fn comment(&mut self, text: &[u8], _: &Context<'_>) -> bool {
        let outcome = self.commented(text);
        self.done(outcome)
    }

    fn pi(&mut self, target: &[u8], data: &[u8], _: &Context<'_>) -> bool {
        let outcome = self.instructed(target, data);
        self.done(outcome)
    }

    fn entity(&mut self, name: &[u8], cx: &Context<'_>) -> bool {
        let outcome = self.referred(name, cx);
        self.done(outcome) && self.target.undefined.is_none()
    }

    fn ids_end(&mut self, _: &Names) -> bool {
        self.strings.ids_end();
        true
    }

    fn doctype(&mut self, doctype: &Doctype<'_>, _: &Context<'_>) -> bool {
        let outcome = self.typed(doctype);
        self.done(outcome)
    }
}
