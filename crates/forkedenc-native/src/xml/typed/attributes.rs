//! The attributes of a tag: values of fields, or the `Attributes` that a rest keeps with how the tag is written.

use forkedenc_core::limits::Limit;
use forkedenc_core::xml::{Attribute, Context, NameId, Tag};
use pyo3::ffi;
use pyo3::prelude::*;

use super::builder::{Building, UNCLAIMED};
use super::frames::{Object, Reason, Tally};
use super::plan::{Field, Many, Unknown, put};
use crate::schema::Trouble;
use crate::xml::strings;

impl Building<'_, '_> {
    /// An `Attributes` without anything; null with an exception set.
    pub(super) fn new_attributes(&self) -> Object {
        let class = self.plan.nodes.attributes.as_ptr().cast::<ffi::PyTypeObject>();
        // SAFETY: attached; a subclass of dict, which is made by dict's own constructor.
        unsafe {
            let none = ffi::PyTuple_New(0);
            if none.is_null() {
                return none;
            }
            let made = match (*class).tp_new {
                Some(new) => new(class, none, std::ptr::null_mut()),
                None => ffi::PyErr_NoMemory(),
            };
            ffi::Py_DECREF(none);
            made
        }
    }

    /// Adds an attribute as it stands.
    pub(super) fn keep_attribute(
        &mut self,
        attributes: Object,
        attribute: &Attribute,
        tag: &Tag<'_>,
        cx: &Context<'_>,
    ) -> bool {
        // SAFETY: attached; the names are those that `strings` knows, the value is checked; `attributes` is ours, and an
        // Attributes.
        unsafe {
            let key = self.strings.expanded(cx.names, attribute.name.expanded);
            if key.is_null() {
                return self.raised();
            }
            let value = strings::value(tag.value(attribute));
            if value.is_null() {
                return self.raised();
            }
            let set = ffi::PyDict_SetItem(attributes, key, value);
            ffi::Py_DECREF(value);
            if set != 0 {
                return self.raised();
            }
            let prefix = cx.names.prefix(attribute.name.written);
            if prefix == NameId::EMPTY || prefix == NameId::XML {
                return true;
            }
            let prefixes = self.side_dict(attributes, self.plan.nodes.prefixes);
            let prefix = self.strings.written(cx.names, prefix);
            if prefixes.is_null() || prefix.is_null() || ffi::PyDict_SetItem(prefixes, key, prefix) != 0 {
                return self.raised();
            }
            true
        }
    }

    /// The dict in a slot of an Attributes, made where there is none, borrowed; null with an exception set.
    unsafe fn side_dict(&self, attributes: Object, offset: isize) -> Object {
        // SAFETY: the caller's: an Attributes that is ours, and the offset of a slot of it.
        unsafe {
            let slot = attributes.cast::<u8>().offset(offset).cast::<Object>();
            if (*slot).is_null() {
                *slot = ffi::PyDict_New();
            }
            *slot
        }
    }

    /// Adds how the tag is written: its prefix and its declarations.
    #[inline(always)]
    pub(super) fn keep_writing(&mut self, attributes: Object, tag: &Tag<'_>, cx: &Context<'_>) -> bool {
        let prefix = cx.names.prefix(tag.name.written);
        // SAFETY: as for `keep_attribute`; the slot of a new Attributes is empty.
        unsafe {
            if prefix != NameId::EMPTY {
                let prefix = self.strings.written(cx.names, prefix);
                if prefix.is_null() {
                    return self.raised();
                }
                put(attributes, self.plan.nodes.prefix, ffi::Py_NewRef(prefix));
            }
            for binding in tag.bindings {
                let namespaces = self.side_dict(attributes, self.plan.nodes.namespaces);
                let prefix = self.strings.written(cx.names, binding.prefix);
                let uri = if prefix.is_null() { prefix } else { self.strings.uri(cx.names, binding.uri) };
                if namespaces.is_null() || uri.is_null() || ffi::PyDict_SetItem(namespaces, prefix, uri) != 0 {
                    return self.raised();
                }
            }
        }
        true
    }

    /// Bytes of an attribute and of declarations, as a rest counts them.
    pub(super) fn bytes_of(&self, tag: &Tag<'_>, cx: &Context<'_>) -> u64 {
        let declared: usize = tag
            .bindings
            .iter()
            .map(|binding| cx.names.written(binding.prefix).len() + cx.names.uri(binding.uri).len())
            .sum();
        declared as u64
    }

    #[cold]
    pub(super) fn at_attribute(&mut self, attribute: &Attribute, cx: &Context<'_>) -> bool {
        if let Some(failure) = &mut self.frames.failure {
            failure.inside = format!("/@{}", String::from_utf8_lossy(cx.names.written(attribute.name.written)));
        }
        false
    }

    /// Gives the innermost instance the attributes of its tag.
    #[inline(always)]
    pub(super) fn attributes(&mut self, tag: &Tag<'_>, cx: &Context<'_>) -> bool {
        let Some(frame) = self.frames.open.last().copied() else { return true };
        let plan = self.plan;
        let shape = &plan.shapes[frame.shape as usize];
        let rest = shape.rest_attributes.filter(|_| plan.unknown == Unknown::Keep);
        if let Some(rest) = rest
            && (!tag.bindings.is_empty() || cx.names.prefix(tag.name.written) != NameId::EMPTY)
        {
            let attributes = self.new_attributes();
            if attributes.is_null() {
                return self.raised();
            }
            self.frames.values[frame.values + rest] = attributes;
            if !self.keep_writing(attributes, tag, cx) {
                return false;
            }
        }
        let mut tally = Tally::default();
        for attribute in tag.attributes {
            let number = self.number(cx.names, attribute.name.expanded);
            let text = tag.value(attribute);
            if number != UNCLAIMED
                && let Some(at) = shape.attribute(number)
            {
                let field = &shape.fields[at as usize];
                let made = if field.many == Many::One { self.value(field, text) } else { self.values(field, text) };
                match made {
                    Ok(value) => self.frames.values[frame.values + at as usize] = value,
                    Err(trouble) => {
                        self.fail(Reason::Trouble(trouble), frame.place);
                        return self.at_attribute(attribute, cx);
                    }
                }
            } else if let Some(rest) = rest {
                tally.members += 1;
                tally.bytes += (cx.names.written(attribute.name.written).len() + text.len()) as u64;
                let (members, bytes) = (self.settings.rest_members, self.settings.rest_bytes);
                if tally.members > members {
                    self.over(Limit::RestMembers, members, tally.members, frame.place);
                    return self.at_attribute(attribute, cx);
                }
                if tally.bytes > bytes {
                    self.over(Limit::RestBytes, bytes, bytes + 1, frame.place);
                    return self.at_attribute(attribute, cx);
                }
                let place = frame.values + rest;
                if self.frames.values[place].is_null() {
                    self.frames.values[place] = self.new_attributes();
                }
                let attributes = self.frames.values[place];
                if attributes.is_null() {
                    return self.raised();
                }
                if !self.keep_attribute(attributes, attribute, tag, cx) {
                    return false;
                }
            } else if plan.unknown == Unknown::Refuse {
                self.refuse("an attribute that a field claims", "an unknown attribute", frame.place);
                return self.at_attribute(attribute, cx);
            }
        }
        true
    }

    /// The values of an attribute that is a list of them (XML Schema part 2, section 2.5.1.2).
    #[cold]
    fn values(&self, field: &Field, text: &[u8]) -> Result<Object, Trouble> {
        let py = self.py;
        // SAFETY: attached; a new list, ours.
        let list = unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyList_New(0))? };
        for word in text.split(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).filter(|word| !word.is_empty()) {
            let value = self.value(field, word)?;
            // SAFETY: attached; a new reference.
            let value = unsafe { Bound::from_owned_ptr(py, value) };
            // SAFETY: attached; both are alive.
            if unsafe { ffi::PyList_Append(list.as_ptr(), value.as_ptr()) } != 0 {
                return Err(PyErr::fetch(py).into());
            }
        }
        Ok(list.into_ptr())
    }
}
