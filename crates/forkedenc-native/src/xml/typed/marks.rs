//! Marks: where in the content of an element a child stood that a field holds, and what of its tag the field has no place for.

use forkedenc_core::xml::{Context, NameId, Tag};
use pyo3::ffi;
use pyo3::prelude::*;

use super::builder::Building;
use super::frames::Object;
use super::plan::Field;

/// Marks that are kept for children with a prefix.
const MARKS: usize = 1024;

impl Building<'_, '_> {
    /// Marks the place of a child of which a scalar is made, and keeps its attributes there.
    #[cold]
    pub(super) fn mark_with_attributes(
        &mut self,
        owner: u32,
        field: &Field,
        prefix: NameId,
        tag: &Tag<'_>,
        cx: &Context<'_>,
    ) -> bool {
        let declared = self.bytes_of(tag, cx);
        if declared > 0 && !self.charge(owner, declared, cx) {
            return false;
        }
        let attributes = self.new_attributes();
        if attributes.is_null() {
            return self.raised();
        }
        // SAFETY: attached; a new object, ours, given up or kept by the mark at the end.
        let kept = unsafe { Bound::from_owned_ptr(self.py, attributes) };
        if !self.keep_writing(attributes, tag, cx) {
            return false;
        }
        for attribute in tag.attributes {
            let bytes = cx.names.written(attribute.name.written).len() + tag.value(attribute).len();
            if !self.charge(owner, bytes as u64, cx) {
                return self.at_attribute(attribute, cx);
            }
            if !self.keep_attribute(attributes, attribute, tag, cx) {
                return false;
            }
        }
        let py = self.py;
        let prefix = if prefix == NameId::EMPTY {
            py.None().into_bound(py)
        } else {
            // SAFETY: attached; the name is one that `strings` knows, and borrowed.
            match unsafe { Bound::from_borrowed_ptr_or_opt(py, self.strings.written(cx.names, prefix)) } {
                Some(prefix) => prefix,
                None => return self.raised(),
            }
        };
        match self.plan.nodes.claimed.bind(py).call1((&field.name, prefix, py.None(), kept)) {
            Ok(mark) => self.push_node(mark.into_ptr()),
            Err(error) => {
                error.restore(py);
                self.raised()
            }
        }
    }

    /// The mark of a child with a prefix, borrowed; null with an exception set.
    #[cold]
    pub(super) fn mark(&mut self, shape: u32, number: u32, field: &Field, prefix: NameId, cx: &Context<'_>) -> Object {
        let key = (shape, number, prefix.0);
        if let Some(known) = self.frames.marks.get(&key) {
            return *known;
        }
        // SAFETY: attached; the name is one that `strings` knows, and borrowed; what is dropped is the table's.
        unsafe {
            let prefix = self.strings.written(cx.names, prefix);
            if prefix.is_null() {
                return prefix;
            }
            let prefix = Bound::from_borrowed_ptr(self.py, prefix);
            match self.plan.nodes.claimed.bind(self.py).call1((&field.name, prefix)) {
                Ok(mark) => {
                    if self.frames.marks.len() >= MARKS || self.frames.marks.try_reserve(1).is_err() {
                        for (_, object) in self.frames.marks.drain() {
                            ffi::Py_DECREF(object);
                        }
                    }
                    let mark = mark.into_ptr();
                    self.frames.marks.insert(key, mark);
                    mark
                }
                Err(error) => {
                    error.restore(self.py);
                    std::ptr::null_mut()
                }
            }
        }
    }
}
