//! The builder's frames, and what becomes of a container at its end.

use forkedenc_core::plan::{Items, Unknown};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::builder::TypedBuilder;
use super::plan::Collection;
use crate::schema::Trouble;
use crate::schema::flood;

/// A place on the stack of values; no stack has so many.
pub type Place = u32;
/// More values than this are refused, as if memory were out.
pub const MOST: usize = 1 << 31;

/// Where a value goes that has no place of its own: on top of the stack.
pub const PUSH: Place = Place::MAX;
/// The same, and the next item has a row of its own.
pub const NEXT: Place = Place::MAX - 1;
/// Nowhere: it is checked and dropped.
pub const DISCARD: Place = Place::MAX - 2;
/// In `Frame::current`: a member of the rest.
pub const REST: u32 = u32::MAX - 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Top,
    Array,
    Map,
    Class,
}

/// A typed container that is open.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    pub kind: Kind,
    /// Of the array, map or class in the plan.
    pub number: u32,
    /// Where its values begin.
    pub base: Place,
    /// The field or item that is expected next.
    pub next: u32,
    /// The field that is open.
    pub current: u32,
    /// Where the key of the open member lies, if it lies on the stack.
    pub key: Place,
    /// Where it begins and ends among the odd ones, if one has been there.
    pub odd: Option<(u32, u32)>,
    /// Where the untyped container begins that is open in it, or was last.
    pub any_base: Place,
    /// What the container around goes on with: the place and row of the value that this container is.
    pub slot: Place,
    pub row: u32,
    pub rest_is_open: bool,
    /// The array has more items than places.
    pub overlong: bool,
}

impl Frame {
    pub const TOP: Self = Self {
        kind: Kind::Top,
        number: 0,
        base: 0,
        next: 0,
        current: 0,
        key: Place::MAX,
        odd: None,
        any_base: Place::MAX,
        slot: PUSH,
        row: 0,
        rest_is_open: false,
        overlong: false,
    };
    /// In `current`: the member that tells the class.
    pub const TAG: u32 = u32::MAX - 1;
    /// In `current`: a key that nothing else keeps.
    pub const UNKNOWN: u32 = u32::MAX;
}

/// What a rest has gathered.
#[derive(Clone, Copy, Debug, Default)]
pub struct Account {
    pub members: u64,
    pub bytes: u64,
    /// Where the open member's value starts.
    pub start: u64,
    /// A limit was crossed, and that has been told.
    pub told_members: bool,
    pub told_bytes: bool,
}

const NULL: *mut ffi::PyObject = std::ptr::null_mut();

impl<const TEXT: bool> TypedBuilder<TEXT> {
    /// The object's instance; null where it failed.
    #[inline(always)]
    pub(super) fn finish_class(&mut self) -> *mut ffi::PyObject {
        // SAFETY: attached; the values from `base` on are the frame's own, and go to the instance.
        unsafe {
            let py = Python::assume_attached();
            let typed = self.typed();
            let number = self.frame.number as usize;
            let (class, plan) = (&typed.classes[number], &typed.plan.classes[number]);
            let base = self.frame.base as usize;
            let places = base + plan.fields.len();
            if let Some((start, _)) = self.frame.odd {
                self.odd_keys.truncate(start as usize);
            }
            // What is kept of no field's members, or what was noted of those that are dropped.
            let mut unclaimed = NULL;
            if self.objects.values.len() > places {
                unclaimed = self.objects.dict(places);
                if unclaimed.is_null() {
                    return NULL;
                }
            }
            if matches!(plan.unknown, Unknown::Rest(_)) {
                self.accounts.pop();
            } else {
                ffi::Py_XDECREF(std::mem::replace(&mut unclaimed, NULL));
            }
            if class.keeps_unknown() && !self.objects.put_any(unclaimed) {
                return NULL;
            }
            let values = &mut self.objects.values[base..];
            if let Some(missing) = class.missing(values) {
                let name = String::from_utf8_lossy(&plan.fields[missing].name).into_owned();
                let expected = format!("{} with the member {name:?}", class.name(py));
                self.refuse(Trouble::refused(expected, "an object without it"));
                return NULL;
            }
            let made = class.make(py, values);
            self.objects.values.truncate(base);
            match made {
                Ok(value) => value,
                Err(trouble) => {
                    self.refuse(trouble);
                    NULL
                }
            }
        }
    }

    pub(super) fn finish_map(&mut self) -> *mut ffi::PyObject {
        // SAFETY: attached; keys and values from `base` on are the frame's own.
        unsafe {
            let py = Python::assume_attached();
            let objects = &self.typed().maps[self.frame.number as usize];
            let base = self.frame.base as usize;
            if let Some((start, _)) = self.frame.odd {
                self.odd_keys.truncate(start as usize);
            }
            if !objects.plain_keys && flood::is_flood(py, self.objects.values[base..].iter().step_by(2).copied()) {
                let trouble = Trouble::refused("keys with hashes of their own", "keys of which many have one hash");
                self.refuse(trouble);
                return NULL;
            }
            if !ffi::PyErr_Occurred().is_null() {
                return NULL;
            }
            let dict = if objects.plain_keys { self.objects.dict(base) } else { self.objects.dict_of_any(base) };
            if dict.is_null() {
                return NULL;
            }
            let dict = Bound::from_owned_ptr(py, dict);
            if let Some(constraints) = &objects.constraints
                && let Err(trouble) = constraints.check(&dict)
            {
                self.refuse(trouble);
                return NULL;
            }
            dict.into_ptr()
        }
    }

    #[inline(always)]
    pub(super) fn finish_array(&mut self) -> *mut ffi::PyObject {
        let number = self.frame.number as usize;
        let base = self.frame.base as usize;
        let typed = self.typed();
        let objects = &typed.arrays[number];
        if objects.collection == Collection::List && objects.constraints.is_none() {
            // SAFETY: attached; the values from `base` on are the frame's own.
            return unsafe { self.objects.list(base) };
        }
        if let Items::Fixed(rows) = &typed.plan.arrays[number].items
            && (self.frame.overlong || self.frame.next as usize != rows.len())
        {
            let actual = if self.frame.overlong { "array of more" } else { "array of fewer" };
            self.refuse(Trouble::refused(format!("array of {} items", rows.len()), actual));
            return NULL;
        }
        // SAFETY: attached.
        let py = unsafe { Python::assume_attached() };
        match self.collection(py, objects.collection, base) {
            Ok(made) => {
                if let Some(constraints) = &objects.constraints
                    && let Err(trouble) = constraints.check(&made)
                {
                    self.refuse(trouble);
                    return NULL;
                }
                made.into_ptr()
            }
            Err(trouble) => {
                self.refuse(trouble);
                NULL
            }
        }
    }

    fn collection<'py>(
        &mut self,
        py: Python<'py>,
        kind: Collection,
        base: usize,
    ) -> Result<Bound<'py, PyAny>, Trouble> {
        // SAFETY: attached; the references from `base` on move into what is made.
        unsafe {
            if kind == Collection::Tuple {
                let values = &mut self.objects.values;
                let tuple = ffi::PyTuple_New((values.len() - base).cast_signed());
                if tuple.is_null() {
                    return Err(PyErr::fetch(py).into());
                }
                for (place, value) in values.drain(base..).enumerate() {
                    ffi::PyTuple_SET_ITEM(tuple, place.cast_signed(), value);
                }
                return Ok(Bound::from_owned_ptr(py, tuple).cast_into_unchecked::<PyTuple>().into_any());
            }
            let list = self.objects.list(base);
            let list = Bound::from_owned_ptr_or_err(py, list)?;
            if kind == Collection::List {
                return Ok(list);
            }
            let items = list.cast::<pyo3::types::PyList>().map_err(PyErr::from)?;
            if flood::is_flood(py, items.iter().map(|item| item.as_ptr())) {
                return Err(Trouble::refused("items with hashes of their own", "items of which many have one hash"));
            }
            if let Some(error) = PyErr::take(py) {
                return Err(error.into());
            }
            let made = if kind == Collection::Set {
                ffi::PySet_New(list.as_ptr())
            } else {
                ffi::PyFrozenSet_New(list.as_ptr())
            };
            Ok(Bound::from_owned_ptr_or_err(py, made)?)
        }
    }
}

/// The int that a key is the text of.
pub fn int_key<'py>(py: Python<'py>, text: &[u8]) -> Result<Bound<'py, PyAny>, Trouble> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let whole = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) && (digits.len() == 1 || digits[0] != b'0');
    if !whole || text == b"-0" {
        return Err(Trouble::refused("a key that is an int", "str"));
    }
    match std::str::from_utf8(text).ok().and_then(|text| text.parse::<i64>().ok()) {
        // SAFETY: attached; the result is new.
        Some(value) => unsafe { Ok(Bound::from_owned_ptr_or_err(py, ffi::PyLong_FromLongLong(value))?) },
        None => Ok(crate::schema::scalar::integer::parse(py, text)?),
    }
}
