//! Objects made of packed events, and a Start's dicts made when they are asked for.
//!
//! Behind the struct of a Start lie an entry for each attribute, one for each declaration, then the bytes of the values.

use forkedenc_core::position::Place;
use forkedenc_core::xml::{NameId, Names};
use pyo3::ffi;

use super::packed::{Known, Packed, Record};
use super::types::{Event, Kind, Object, Start, fields, type_of};
use crate::xml::strings::{Strings, value};

/// An attribute: its name, owned, and the length of its value; or a declaration: its prefix and its URI, both owned.
#[repr(C)]
#[derive(Clone, Copy)]
struct Entry {
    name: Object,
    more: More,
}

#[derive(Clone, Copy)]
union More {
    length: usize,
    uri: Object,
}

/// The object of a packed event; null with an exception set.
///
/// # Safety
/// The caller is attached. `names` are those that the packed event's ids are of, and that `strings` was told of.
#[inline(always)]
pub unsafe fn make(packed: &Packed, record: &Record, strings: &mut Strings, names: &Names) -> Object {
    // SAFETY: the caller's promises; the bytes are what the core has checked.
    unsafe {
        match record.kind {
            Kind::Start => start(packed, record, strings, names),
            Kind::End => one(Kind::End, record, name_of(packed, record.name(), strings, names)),
            Kind::Text => one(Kind::Text, record, value(packed.bytes(record))),
            kind => rare(kind, packed, record),
        }
    }
}

/// The str of an expanded name as a new reference; null with an exception set.
#[inline(always)]
unsafe fn name_of(packed: &Packed, id: u32, strings: &mut Strings, names: &Names) -> Object {
    // SAFETY: as for `make`.
    unsafe {
        match packed.name(id) {
            Known::Id(id) => {
                let name = strings.expanded(names, id);
                ffi::Py_XINCREF(name);
                name
            }
            Known::Text(text) => value(text),
        }
    }
}

/// The same for a namespace URI.
#[inline(always)]
unsafe fn uri_of(packed: &Packed, id: u32, strings: &mut Strings, names: &Names) -> Object {
    // SAFETY: as for `make`.
    unsafe {
        match packed.uri(id) {
            Known::Id(id) => {
                let uri = strings.uri(names, id);
                ffi::Py_XINCREF(uri);
                uri
            }
            Known::Text(text) => value(text),
        }
    }
}

/// An event of one field, whose reference is taken over.
#[inline(always)]
unsafe fn one(kind: Kind, record: &Record, field: Object) -> Object {
    // SAFETY: attached; see `blank`.
    unsafe {
        if field.is_null() {
            return field;
        }
        let object = blank(kind, size_of::<Event>() + size_of::<Object>(), record.place);
        if object.is_null() {
            ffi::Py_DECREF(field);
        } else {
            *fields(object) = field;
        }
        object
    }
}

/// An event of these fields, whose references are taken over; null with an exception set.
///
/// # Safety
/// The caller is attached; there are as many fields as events of this kind have, which is no Start.
pub unsafe fn event(kind: Kind, place: Place, parts: &[Object]) -> Object {
    // SAFETY: attached; see `blank`.
    unsafe {
        let object = blank(kind, size_of::<Event>() + size_of_val(parts), place);
        for (at, part) in parts.iter().enumerate() {
            if object.is_null() {
                ffi::Py_DECREF(*part);
            } else {
                *fields(object).add(at) = *part;
            }
        }
        object
    }
}

/// A new event of so many bytes, without its fields; null with an exception set.
#[inline(always)]
unsafe fn blank(kind: Kind, size: usize, place: Place) -> Object {
    // SAFETY: attached; the memory holds an object of this class once its fields are set, which the caller does before
    // anybody sees it. The class is counted by its instances.
    unsafe {
        let object = ffi::PyObject_Malloc(size).cast::<ffi::PyObject>();
        if object.is_null() {
            return ffi::PyErr_NoMemory();
        }
        ffi::PyObject_Init(object, type_of(kind));
        let event = object.cast::<Event>();
        (*event).offset = place.offset;
        (*event).line = place.line;
        (*event).column = place.column;
        object
    }
}

#[inline(always)]
unsafe fn start(packed: &Packed, record: &Record, strings: &mut Strings, names: &Names) -> Object {
    let (attributes, bindings, bytes) = packed.tag(record);
    let count = attributes.len() + bindings.len();
    // SAFETY: the object has room for its entries and the values' bytes. Each entry is counted once it is whole, so that an
    // object that fails halfway is freed like any other.
    unsafe {
        let name = name_of(packed, record.name(), strings, names);
        if name.is_null() {
            return name;
        }
        let object = blank(Kind::Start, size_of::<Start>() + count * size_of::<Entry>() + bytes.len(), record.place);
        if object.is_null() {
            ffi::Py_DECREF(name);
            return object;
        }
        let start = object.cast::<Start>();
        (*start).name = name;
        ((*start).attributes, (*start).namespaces) = (std::ptr::null_mut(), std::ptr::null_mut());
        ((*start).attribute_count, (*start).binding_count) = (0, 0);
        if count == 0 {
            return object;
        }
        let entries = start.add(1).cast::<Entry>();
        std::ptr::copy_nonoverlapping(bytes.as_ptr(), entries.add(count).cast::<u8>(), bytes.len());
        for (at, attribute) in attributes.iter().enumerate() {
            let name = name_of(packed, attribute.id, strings, names);
            if name.is_null() {
                ffi::Py_DECREF(object);
                return name;
            }
            *entries.add(at) = Entry { name, more: More { length: attribute.length as usize } };
            (*start).attribute_count += 1;
        }
        for (at, binding) in bindings.iter().enumerate() {
            let prefix = strings.written(names, NameId(binding.id));
            let uri = if prefix.is_null() { prefix } else { uri_of(packed, binding.length, strings, names) };
            if uri.is_null() {
                ffi::Py_DECREF(object);
                return uri;
            }
            ffi::Py_INCREF(prefix);
            *entries.add(attributes.len() + at) = Entry { name: prefix, more: More { uri } };
            (*start).binding_count += 1;
        }
        object
    }
}

/// Comments, PIs, DOCTYPEs and entities: strs out of the bytes, in the order of the fields; None for what is not there.
#[cold]
#[inline(never)]
unsafe fn rare(kind: Kind, packed: &Packed, record: &Record) -> Object {
    let mut rest = packed.bytes(record);
    let lengths = record.lengths();
    // SAFETY: attached; the object has as many fields as its class, all set to something before it may be freed.
    unsafe {
        let object = blank(kind, size_of::<Event>() + lengths.len() * size_of::<Object>(), record.place);
        if object.is_null() {
            return object;
        }
        let field = fields(object);
        for at in 0..lengths.len() {
            *field.add(at) = std::ptr::null_mut();
        }
        for (at, length) in lengths.iter().enumerate() {
            let text = match length {
                None => ffi::Py_None(),
                Some(length) => {
                    let (text, behind) = rest.split_at(*length);
                    rest = behind;
                    let made = value(text);
                    if made.is_null() {
                        ffi::Py_DECREF(object);
                        return made;
                    }
                    *field.add(at) = made;
                    continue;
                }
            };
            ffi::Py_INCREF(text);
            *field.add(at) = text;
        }
        object
    }
}

/// A Start's attributes, or its declarations, as a new reference to its dict; null with an exception set.
///
/// # Safety
/// The caller is attached; `start` is a Start and alive.
pub unsafe fn dict_of(start: *mut Start, namespaces: bool) -> Object {
    // SAFETY: entries and bytes are as `start` laid them out.
    unsafe {
        let place = if namespaces { &raw mut (*start).namespaces } else { &raw mut (*start).attributes };
        if (*place).is_null() {
            let dict = ffi::PyDict_New();
            if dict.is_null() || !fill(start, namespaces, dict) {
                ffi::Py_XDECREF(dict);
                return std::ptr::null_mut();
            }
            // A collection may have run Python code that asked for it as well.
            if (*place).is_null() {
                *place = dict;
            } else {
                ffi::Py_DECREF(dict);
            }
        }
        ffi::Py_INCREF(*place);
        *place
    }
}

unsafe fn fill(start: *mut Start, namespaces: bool, dict: Object) -> bool {
    // SAFETY: as for `dict_of`.
    unsafe {
        let (attributes, bindings) = ((*start).attribute_count as usize, (*start).binding_count as usize);
        let entries = start.add(1).cast::<Entry>();
        if namespaces {
            return (attributes..attributes + bindings).all(|at| {
                let entry = *entries.add(at);
                ffi::PyDict_SetItem(dict, entry.name, entry.more.uri) == 0
            });
        }
        let mut bytes = entries.add(attributes + bindings).cast::<u8>();
        for at in 0..attributes {
            let entry = *entries.add(at);
            let length = entry.more.length;
            let text = value(std::slice::from_raw_parts(bytes, length));
            if text.is_null() {
                return false;
            }
            let failed = ffi::PyDict_SetItem(dict, entry.name, text) != 0;
            ffi::Py_DECREF(text);
            if failed {
                return false;
            }
            bytes = bytes.add(length);
        }
        true
    }
}

/// Gives back what a Start's entries own.
///
/// # Safety
/// The caller is attached, and frees the Start next.
pub unsafe fn unpack_names(start: *mut Start) {
    // SAFETY: entries are as `start` laid them out, those that are counted.
    unsafe {
        let (attributes, bindings) = ((*start).attribute_count as usize, (*start).binding_count as usize);
        let entries = start.add(1).cast::<Entry>();
        for at in 0..attributes + bindings {
            let entry = *entries.add(at);
            ffi::Py_DECREF(entry.name);
            if at >= attributes {
                ffi::Py_DECREF(entry.more.uri);
            }
        }
    }
}
