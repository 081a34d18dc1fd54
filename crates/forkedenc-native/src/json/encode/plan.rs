//! What the encoder knows of a class: its fields with their keys written out, its rest, its tag.
//!
//! Read once for a class from what `forkedenc._schema` says of it; kept in `types`. A plan holds nothing that could hold
//! the class, which would otherwise never go away.

use forkedenc_core::json::encode::{Surrogates, Writer};
use pyo3::exceptions::PyMemoryError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyInt, PyList, PySet, PyString, PyTuple, PyType};
use pyo3::{ffi, intern};

use super::text::text;
use crate::schema::class::slot_of;
use crate::{fallible, pyraw};

/// Keys up to this length are copied in one go, with the quotes and the colon.
pub const KEY: usize = 32;

/// What a field is if nobody says otherwise: what `omit_defaults` leaves out.
enum Default {
    None,
    /// An object of one of the exact types that hold nothing.
    Same(Py<PyAny>),
    /// Any other, which might hold the class: asked for when it is needed.
    Ask,
    EmptyList,
    EmptyDict,
    EmptySet,
}

pub struct Field {
    /// The attribute.
    pub name: Py<PyString>,
    pub wire: Py<PyString>,
    /// The wire name as a JSON string, and a colon; empty if UTF-8 can't say it.
    pub key: Box<[u8]>,
    default: Default,
}

/// A field as the hot loop reads it.
pub struct Hot {
    /// Bytes from where [`Plan::base`] says to what it holds.
    pub offset: isize,
    /// Of the key, or 0 for one that is longer than [`KEY`].
    pub length: usize,
    pub key: [u8; KEY],
}

pub struct Rest {
    pub name: Py<PyString>,
    /// As [`Hot::offset`].
    offset: Option<isize>,
    /// None says that nothing is kept: what pydantic does.
    pub may_be_none: bool,
}

pub struct Plan {
    pub fields: Box<[Field]>,
    /// All fields, if slots hold them and the rest, or places that the class's instances share: then instances are read
    /// where they lie, and no Python code runs.
    pub hot: Box<[Hot]>,
    pub is_hot: bool,
    /// Offsets are those of shared places, in the array that each instance has for them.
    shared: bool,
    pub rest: Option<Rest>,
    pub tag: Option<(Py<PyString>, Py<PyAny>)>,
    /// The tag as a member, and a comma.
    pub tag_text: Box<[u8]>,
    /// Another library's mark for fields to leave out, for as long as the process lives; or ours.
    pub other_unset: *mut ffi::PyObject,
    /// What no member of the rest may be called, sorted; and what their hashes say.
    keys: Box<[Box<[u8]>]>,
    hashes: [u64; 2],
}

// SAFETY: the pointer is an address to compare with, never followed.
unsafe impl Send for Plan {}
// SAFETY: as above; a plan never changes.
unsafe impl Sync for Plan {}

impl Plan {
    /// Reads a `Shape` of `forkedenc._schema`, or anything with its attributes. `unset` is our mark.
    pub fn read(class: &Bound<'_, PyType>, shape: &Bound<'_, PyAny>, unset: *mut ffi::PyObject) -> PyResult<Self> {
        let py = class.py();
        let (mut fields, mut keys) = (Vec::new(), Vec::new());
        // SAFETY: a type is alive as long as it is borrowed.
        let reads = unsafe { (*class.as_type_ptr()).tp_getattro.map(|reads| reads as usize) };
        let mut is_hot = reads == Some(ffi::PyObject_GenericGetAttr as *const () as usize);
        for field in shape.getattr(intern!(py, "fields"))?.try_iter()? {
            let field = field?;
            let name = interned(field.getattr(intern!(py, "name"))?)?;
            let wire = interned(field.getattr(intern!(py, "wire"))?)?;
            let key = key_text(&wire)?;
            is_hot &= !key.is_empty();
            let default = default_of(&field)?;
            keys.push(key.clone());
            fields.push(Field { name: name.unbind(), wire: wire.unbind(), key, default });
        }
        let kind = shape.getattr(intern!(py, "kind"))?;
        let kind = kind.cast::<PyString>()?;
        let rest = shape.getattr(intern!(py, "rest"))?;
        let mut kept = None;
        if !rest.is_none() {
            let mut name = interned(rest.getattr(intern!(py, "name"))?)?;
            let inline = rest.getattr(intern!(py, "inline"))?.is_truthy()?;
            if inline && name.is_empty()? {
                // pydantic's own.
                name = interned(fallible::text(py, "model_extra")?)?;
            }
            kept = Some(Rest { name: name.unbind(), offset: None, may_be_none: inline });
        }
        let (mut tag, mut tag_text) = (None, Box::default());
        let found = shape.getattr(intern!(py, "tag"))?;
        if !found.is_none() {
            let (name, value) = found.extract::<(Bound<'_, PyString>, Bound<'_, PyAny>)>()?;
            let key = key_text(&name)?;
            let value_text = scalar_text(&value)?;
            is_hot &= !key.is_empty() && !value_text.is_empty();
            tag_text = [&*key, &value_text, b","].concat().into_boxed_slice();
            keys.push(key);
            tag = Some((name.unbind(), value.unbind()));
        }
        // A NamedTuple's fields are read by name, whatever lies behind it.
        is_hot &= !kind.to_str()?.eq("tuple");
        let (mut hot, mut shared) = (Vec::new(), false);
        if is_hot {
            let names = fields.iter().map(|field: &Field| &field.name).chain(kept.iter().map(|rest| &rest.name));
            let names: Vec<_> = names.map(|name| name.bind(py)).collect();
            let found = match offsets_of_slots(class, &names)? {
                Some(offsets) => Some(offsets),
                None => {
                    shared = true;
                    offsets_of_places(class, &names)?
                }
            };
            is_hot = found.is_some();
            let mut offsets = found.into_iter().flatten();
            hot.extend(fields.iter().zip(&mut offsets).map(|(field, offset)| Hot::new(offset, &field.key)));
            if let Some(rest) = &mut kept {
                rest.offset = offsets.next();
            }
        }
        keys.sort_unstable();
        Ok(Self {
            fields: fields.into_boxed_slice(),
            hot: hot.into_boxed_slice(),
            is_hot,
            shared,
            rest: kept,
            tag,
            tag_text,
            other_unset: other_unset(class)?.unwrap_or(unset),
            hashes: keys
                .iter()
                .map(|key| hash(key))
                .fold([0; 2], |[first, second], [one, other]| [first | 1 << one, second | 1 << other]),
            keys: keys.into_boxed_slice(),
        })
    }

    /// Is this the key of a field, or of the tag? `key` is written out, quotes and colon included.
    #[inline(always)]
    pub fn claims(&self, key: &[u8]) -> bool {
        let [one, other] = hash(key);
        self.hashes[0] >> one & self.hashes[1] >> other & 1 != 0 && self.claims_exactly(key)
    }

    #[inline(never)]
    fn claims_exactly(&self, key: &[u8]) -> bool {
        self.keys.binary_search_by(|own| (**own).cmp(key)).is_ok()
    }

    /// Where offsets count from: the instance, or the array of its attributes; null where it has none, or no longer.
    ///
    /// # Safety
    /// The plan is that of the type of `instance`, which is alive, and it is hot.
    #[inline(always)]
    pub unsafe fn base(&self, instance: *mut ffi::PyObject) -> *const u8 {
        // SAFETY: as the caller's: a plan with shared places is of a class that has such arrays.
        if self.shared { unsafe { pyraw::instance::array(instance).cast() } } else { instance.cast() }
    }

    /// What an attribute of an instance is, borrowed; null if it is not set. For when Python code may have run since
    /// [`Plan::is_hot_for`]: attributes may be in a dict by now. An exception may be set.
    ///
    /// # Safety
    /// As [`Plan::base`]; `offset` is one of the plan's, `name` the attribute's.
    pub unsafe fn attribute(
        &self,
        instance: *mut ffi::PyObject,
        offset: isize,
        name: &Py<PyString>,
    ) -> *mut ffi::PyObject {
        // SAFETY: as the caller's; the instance keeps its dict, and the dict its value.
        unsafe {
            let base = self.base(instance);
            if !base.is_null() {
                return slot(base, offset);
            }
            let dict = ffi::PyObject_GenericGetDict(instance, std::ptr::null_mut());
            if dict.is_null() {
                return dict;
            }
            let found = ffi::PyDict_GetItemWithError(dict, name.as_ptr());
            ffi::Py_DECREF(dict);
            found
        }
    }

    /// Where the rest of an instance lies, if it is hot.
    #[inline(always)]
    pub fn rest_offset(&self) -> Option<isize> {
        self.rest.as_ref().and_then(|rest| rest.offset)
    }

    /// May this instance be read where it lies?
    ///
    /// # Safety
    /// The plan is that of the type of `instance`, which is alive.
    #[inline(always)]
    pub unsafe fn is_hot_for(&self, instance: *mut ffi::PyObject) -> bool {
        if !self.is_hot {
            return false;
        }
        // SAFETY: the plan's slots are those of the instance, its places those of the array.
        unsafe {
            let base = self.base(instance);
            if self.shared {
                // What is not set there may be an attribute of the class.
                if base.is_null() || self.hot.iter().any(|field| slot(base, field.offset).is_null()) {
                    return false;
                }
            }
            let Some(offset) = self.rest_offset() else { return true };
            let rest = slot(base, offset);
            !rest.is_null() && ffi::Py_TYPE(rest) == &raw mut ffi::PyDict_Type
        }
    }
}

/// What a slot holds, null if it is empty; borrowed.
///
/// # Safety
/// `base` is what [`Plan::base`] gave for an instance that is alive, and not null; `offset` is one of that plan.
#[inline(always)]
pub unsafe fn slot(base: *const u8, offset: isize) -> *mut ffi::PyObject {
    // SAFETY: as the caller's.
    unsafe { base.offset(offset).cast::<*mut ffi::PyObject>().read() }
}

/// The offsets of the slots that hold these attributes; `None` if one is held elsewhere.
fn offsets_of_slots(class: &Bound<'_, PyType>, names: &[&Bound<'_, PyString>]) -> PyResult<Option<Vec<isize>>> {
    names.iter().map(|name| slot_of(class, name)).collect()
}

/// The offsets of these attributes in the arrays of a class whose instances share the places; `None` if it has none.
fn offsets_of_places(class: &Bound<'_, PyType>, names: &[&Bound<'_, PyString>]) -> PyResult<Option<Vec<isize>>> {
    let py = class.py();
    if !pyraw::instance::on() {
        return Ok(None);
    }
    for name in names {
        // A property and its like come before the instance's own attribute.
        for base in class.mro() {
            let members = base.getattr(intern!(py, "__dict__"))?;
            if members.contains(name)? {
                let found = members.get_item(name)?;
                // SAFETY: a type is alive as long as its object.
                if unsafe { (*ffi::Py_TYPE(found.as_ptr())).tp_descr_set.is_some() } {
                    return Ok(None);
                }
                break;
            }
        }
    }
    let pointers: Vec<_> = names.iter().map(|name| name.as_ptr()).collect();
    // SAFETY: attached, and looked at by the self-test; the class is alive, and the names are interned.
    let places = unsafe { pyraw::instance::places(class.as_type_ptr(), &pointers) };
    let word = size_of::<*mut ffi::PyObject>();
    Ok(places.map(|places| places.iter().map(|place| (usize::from(*place) * word).cast_signed()).collect()))
}

/// Two of 64, by the length and some bytes of a key that is written out.
#[inline(always)]
fn hash(key: &[u8]) -> [u32; 2] {
    let count = key.len();
    if count < 4 {
        return [0; 2];
    }
    // The quotes and the colon are always the same.
    let (first, second, last) = (u32::from(key[1]), u32::from(key[2]), u32::from(key[count - 3]));
    let (one, other) = (first + (count as u32) * 5, second * 3 + last * 5 + u32::from(key[count / 2]) * 7);
    [one & 63, other & 63]
}

impl Hot {
    fn new(offset: isize, text: &[u8]) -> Self {
        let mut key = [0; KEY];
        let length = if text.len() <= KEY { text.len() } else { 0 };
        key[..length].copy_from_slice(&text[..length]);
        Self { offset, length, key }
    }
}

impl Field {
    /// Is this value what the field is by default? `ask` gives the default that is not kept here.
    pub fn is_default<'py>(
        &self,
        value: &Bound<'py, PyAny>,
        ask: impl FnOnce() -> PyResult<Bound<'py, PyAny>>,
    ) -> PyResult<bool> {
        match &self.default {
            Default::None => Ok(false),
            Default::Same(default) => equal(value, default.bind(value.py())),
            Default::Ask => equal(value, &ask()?),
            Default::EmptyList => Ok(value.cast_exact::<PyList>().is_ok_and(|list| list.is_empty())),
            Default::EmptyDict => Ok(value.cast_exact::<PyDict>().is_ok_and(|dict| dict.is_empty())),
            Default::EmptySet => Ok(value.cast_exact::<PySet>().is_ok_and(|set| set.is_empty())),
        }
    }
}

/// The same object, or an equal one of the same type: 1, 1.0 and True are written in different ways.
fn equal(value: &Bound<'_, PyAny>, default: &Bound<'_, PyAny>) -> PyResult<bool> {
    if value.is(default) {
        return Ok(true);
    }
    if !value.get_type().is(default.get_type()) {
        return Ok(false);
    }
    if let (Ok(value), Ok(default)) = (value.cast_exact::<PyFloat>(), default.cast_exact::<PyFloat>()) {
        // -0.0 is another text.
        return Ok(value.value().to_bits() == default.value().to_bits());
    }
    value.eq(default)
}

fn default_of(field: &Bound<'_, PyAny>) -> PyResult<Default> {
    let py = field.py();
    if field.getattr(intern!(py, "required"))?.is_truthy()? {
        return Ok(Default::None);
    }
    let factory = field.getattr(intern!(py, "factory"))?;
    if !factory.is_none() {
        return Ok(if factory.is(py.get_type::<PyList>()) {
            Default::EmptyList
        } else if factory.is(py.get_type::<PyDict>()) {
            Default::EmptyDict
        } else if factory.is(py.get_type::<PySet>()) {
            Default::EmptySet
        } else {
            Default::None
        });
    }
    let default = field.getattr(intern!(py, "default"))?;
    let holds_nothing = default.is_none()
        || default.is_exact_instance_of::<PyBool>()
        || default.is_exact_instance_of::<PyInt>()
        || default.is_exact_instance_of::<PyFloat>()
        || default.is_exact_instance_of::<PyString>()
        || default.is_exact_instance_of::<PyBytes>()
        || default.cast_exact::<PyTuple>().is_ok_and(|tuple| tuple.is_empty());
    Ok(if holds_nothing { Default::Same(default.unbind()) } else { Default::Ask })
}

fn interned(name: Bound<'_, PyAny>) -> PyResult<Bound<'_, PyString>> {
    let py = name.py();
    let mut name = name.cast_into::<PyString>()?.into_ptr();
    // SAFETY: the reference is ours; it is exchanged for one to the interned str, or stays where there is no memory.
    unsafe {
        ffi::PyUnicode_InternInPlace(&raw mut name);
        Ok(Bound::from_owned_ptr(py, name).cast_into_unchecked())
    }
}

/// A name as a JSON string with a colon behind it; nothing if UTF-8 can't say it.
fn key_text(name: &Bound<'_, PyString>) -> PyResult<Box<[u8]>> {
    let mut key = string_text(name)?.into_vec();
    if !key.is_empty() {
        key.push(b':');
    }
    Ok(key.into_boxed_slice())
}

/// A str as a JSON string; nothing if UTF-8 can't say it.
pub fn string_text(name: &Bound<'_, PyString>) -> PyResult<Box<[u8]>> {
    let mut out = Writer::new(Vec::new(), usize::MAX, 0);
    // SAFETY: a str that is alive; its text is not kept.
    let Some(text) = (unsafe { text(name.as_ptr()) }) else { return Err(PyErr::fetch(name.py())) };
    if out.string::<false>(text, Surrogates::Refuse) {
        return Ok(out.bytes().into());
    }
    match out.failure() {
        Some(forkedenc_core::json::encode::Failure::LoneSurrogate) => Ok(Box::default()),
        _ => Err(PyMemoryError::new_err(())),
    }
}

/// A tag's value, a str or an int; nothing if the hot loop had better not write it.
fn scalar_text(value: &Bound<'_, PyAny>) -> PyResult<Box<[u8]>> {
    if let Ok(name) = value.cast::<PyString>() {
        return string_text(name);
    }
    let number = value.cast_exact::<PyInt>().ok().and_then(|number| number.extract::<i64>().ok());
    Ok(number.map_or_else(Box::default, |number| number.to_string().into_bytes().into_boxed_slice()))
}

/// What msgspec marks absent fields with, for its own classes. Its module keeps the mark for ever.
fn other_unset(class: &Bound<'_, PyType>) -> PyResult<Option<*mut ffi::PyObject>> {
    let py = class.py();
    let modules = py.import(intern!(py, "sys"))?.getattr(intern!(py, "modules"))?.cast_into::<PyDict>()?;
    let Some(msgspec) = modules.get_item(intern!(py, "msgspec"))? else { return Ok(None) };
    let Some(base) = msgspec.getattr_opt(intern!(py, "Struct"))? else { return Ok(None) };
    if !class.is_subclass(&base)? {
        return Ok(None);
    }
    Ok(msgspec.getattr_opt(intern!(py, "UNSET"))?.map(|unset| unset.as_ptr()))
}
