//! Opening: containers with their depth and circle checks, and the one place where an unknown type is dealt with.

use std::sync::Arc;

use forkedenc_core::json::encode::Failure;
use forkedenc_core::limits::Limit;
use pyo3::ffi;
use pyo3::prelude::*;

use super::faces;
use super::object::{is_member, text_of, value_of_member};
use super::options::{Decimals, Face, GENERAL, Options};
use super::plan::Plan;
use super::text::text;
use super::types;
use super::walk::{
    Addresses, Class, DICT, ITEMS, LIST, OBJECT, Open, REST, SEARCHED, SEQUENCE, STAND_IN, TUPLE, Trouble, Walk,
    kind_and_position,
};
use crate::schema::scalar::write::{decimal_digits, is_exact_decimal, is_plain};

impl Walk {
    /// Opens `value`, of a class that is no leaf. True if it is complete at once (empty, or a stand-in that is a leaf),
    /// false if `open` is the new container, or with `trouble` noted.
    ///
    /// # Safety
    /// `value` is alive until Python code runs; it is held here before any does.
    pub unsafe fn open_value<const ASCII: bool, const STYLE: u8>(
        &mut self,
        options: &Options,
        value: *mut ffi::PyObject,
        class: Class,
        open: &mut Open,
    ) -> bool {
        // SAFETY: as the caller's.
        unsafe {
            match class {
                Class::Unknown | Class::Object => self.unknown::<ASCII, STYLE>(options, value, open),
                Class::SequenceSubclass if options.face == Face::Encode && ffi::PyTuple_Check(value) != 0 => {
                    self.tuple_subclass::<STYLE>(options, value, open)
                }
                _ => self.container::<STYLE>(options, value, class, open),
            }
        }
    }

    /// # Safety
    /// As [`Walk::open_value`].
    #[inline(always)]
    unsafe fn container<const STYLE: u8>(
        &mut self,
        options: &Options,
        value: *mut ffi::PyObject,
        class: Class,
        open: &mut Open,
    ) -> bool {
        // SAFETY: as the caller's; `value` is held before `pairs` or `iterated` run Python code.
        unsafe {
            if !self.admit(options, value) {
                return false;
            }
            let (kind, bracket, empty) = match class {
                Class::List => (LIST, b'[', ffi::PyList_GET_SIZE(value) == 0),
                Class::Tuple => (TUPLE, b'[', ffi::PyTuple_GET_SIZE(value) == 0),
                Class::Dict if !options.sort_keys => (DICT, b'{', ffi::PyDict_Size(value) == 0),
                Class::Dict | Class::DictSubclass => (ITEMS, b'{', ffi::PyDict_Size(value) == 0),
                _ => (SEQUENCE, b'[', false),
            };
            if empty {
                self.depth -= 1;
                return self.out.put([bracket, bracket + 2]);
            }
            ffi::Py_INCREF(value);
            self.held.push(value);
            let mut walked = value;
            if matches!(kind, ITEMS | SEQUENCE) {
                walked = if kind == ITEMS { pairs(options, value) } else { iterated(value) };
                if walked.is_null() {
                    self.trouble = Some(Trouble::Raised);
                    return false;
                }
                // Nothing to write, and no separator to take back: complete, but for what an indented dict writes.
                let none = ffi::PySequence_Fast_GET_SIZE(walked) == 0;
                if none && (kind == SEQUENCE || STYLE != GENERAL) {
                    ffi::Py_DECREF(walked);
                    self.held.pop();
                    ffi::Py_DECREF(value);
                    self.depth -= 1;
                    return self.out.put([bracket, bracket + 2]);
                }
                self.held.push(walked);
            }
            if !self.push(open, kind, walked) {
                return false;
            }
            if let Some(seen) = &mut self.seen {
                seen.insert(value as usize);
            }
            let written = self.out.put([bracket]);
            if STYLE == GENERAL && written {
                self.new_line(options, self.depth);
            }
            false
        }
    }

    /// One level more for a container, unless it is open already or there are too many; false with the trouble noted.
    ///
    /// # Safety
    /// As [`Walk::open_value`].
    #[inline(always)]
    pub unsafe fn admit(&mut self, options: &Options, value: *mut ffi::PyObject) -> bool {
        // SAFETY: as the caller's.
        unsafe {
            if !self.room() {
                return false;
            }
            if options.check_circular && self.is_open(value) {
                self.fail(Trouble::Circular, std::ptr::null_mut());
                return false;
            }
            self.depth += 1;
            if self.depth > options.limits.depth {
                let observed = self.depth;
                self.depth -= 1;
                let trouble = Trouble::Limit { limit: Limit::Depth, maximum: options.limits.depth, observed };
                self.fail(trouble, std::ptr::null_mut());
                return false;
            }
            self.peak_depth = self.peak_depth.max(self.depth);
            true
        }
    }

    /// An instance of a subclass of tuple: of a class of fields, or else iterated.
    ///
    /// # Safety
    /// As [`Walk::open_value`].
    #[inline(never)]
    unsafe fn tuple_subclass<const STYLE: u8>(
        &mut self,
        options: &Options,
        value: *mut ffi::PyObject,
        open: &mut Open,
    ) -> bool {
        // SAFETY: held here while Python code may run.
        unsafe {
            ffi::Py_INCREF(value);
            let whole = match self.plan_of(value) {
                None => false,
                Some(Some(plan)) => self.object::<STYLE>(options, value, &plan, open),
                Some(None) => self.container::<STYLE>(options, value, Class::SequenceSubclass, open),
            };
            ffi::Py_DECREF(value);
            whole
        }
    }

    /// The plan of a value's class, if it has one; `None` with the trouble noted.
    ///
    /// # Safety
    /// `value` is held by the caller. Python code may run.
    unsafe fn plan_of(&mut self, value: *mut ffi::PyObject) -> Option<Option<Arc<Plan>>> {
        Python::attach(|py| {
            // SAFETY: as the caller's.
            let value = unsafe { Bound::from_borrowed_ptr(py, value) };
            types::plan_of(&value.get_type())
                .map_err(|error| {
                    error.restore(py);
                    self.trouble = Some(Trouble::Raised);
                })
                .ok()
        })
    }

    /// Room to hold what one more container or stand-in needs, and to look the open path up once it is long; false with
    /// the trouble noted.
    #[inline(always)]
    fn room(&mut self) -> bool {
        /// A container is held with the list it is walked by.
        const NEEDED: usize = 2;
        let mut room = self.held.try_reserve(NEEDED).is_ok();
        if let Some(seen) = &mut self.seen {
            room &= seen.try_reserve(NEEDED).is_ok();
        }
        if !room {
            self.trouble = Some(Trouble::Writer(Failure::Memory));
        }
        room
    }

    /// Whether an object is on the open path.
    ///
    /// # Safety
    /// The interpreter is attached.
    #[inline(always)]
    pub unsafe fn is_open(&mut self, value: *mut ffi::PyObject) -> bool {
        if self.held.len() <= SEARCHED && self.seen.is_none() {
            return self.held.contains(&value);
        }
        self.is_open_by_address(value)
    }

    #[inline(never)]
    fn is_open_by_address(&mut self, value: *mut ffi::PyObject) -> bool {
        // Once there, it is kept up to date at every push and pop.
        self.easy = 0;
        let seen = self.seen.get_or_insert_with(|| {
            let mut seen = Addresses::default();
            seen.extend(self.held.iter().map(|&object| object as usize));
            seen
        });
        seen.contains(&(value as usize))
    }

    /// The one place where a value of a type that JSON does not know is dealt with: `default()` is asked for a
    /// stand-in, which is written in its place.
    ///
    /// # Safety
    /// As [`Walk::open_value`].
    #[inline(never)]
    unsafe fn unknown<const ASCII: bool, const STYLE: u8>(
        &mut self,
        options: &Options,
        value: *mut ffi::PyObject,
        open: &mut Open,
    ) -> bool {
        // SAFETY: `value` is held by `held` or by `asked` below from before Python code runs until it is done with.
        unsafe {
            let mut value = value;
            ffi::Py_INCREF(value);
            loop {
                if !self.room() {
                    ffi::Py_DECREF(value);
                    return false;
                }
                let special = match options.face {
                    Face::Encode if is_plain(value) => Special::Text,
                    Face::Encode if is_exact_decimal(value) => Special::None,
                    Face::Encode => self.special(value),
                    Face::Dumps => Special::None,
                };
                let done = match &special {
                    Special::Text => self.special_text(options, value),
                    Special::Object(plan) => Some(self.object::<STYLE>(options, value, plan, open)),
                    Special::Set => Some(self.container::<STYLE>(options, value, Class::SequenceSubclass, open)),
                    Special::Failed => Some(false),
                    Special::Member => None,
                    Special::None => self.decimal(options, value).or_else(|| self.special_text(options, value)),
                };
                if let Some(done) = done {
                    ffi::Py_DECREF(value);
                    return done;
                }
                if options.check_circular && self.is_open(value) {
                    ffi::Py_DECREF(value);
                    self.fail(Trouble::Circular, std::ptr::null_mut());
                    return false;
                }
                // From here on `held` owns the reference.
                self.held.push(value);
                if !self.push(open, STAND_IN, value) {
                    return false;
                }
                if let Some(seen) = &mut self.seen {
                    seen.insert(value as usize);
                }
                self.asked += 1;
                let stand_in = match &options.default {
                    _ if matches!(special, Special::Member) => value_of_member(value),
                    Some(default) => ffi::PyObject_CallOneArg(default.as_ptr(), value),
                    None if options.face == Face::Dumps => faces::class_default(value),
                    None => std::ptr::null_mut(),
                };
                if stand_in.is_null() {
                    if ffi::PyErr_Occurred().is_null() {
                        self.fail(Trouble::NotSerializable, value);
                    } else {
                        self.trouble = Some(Trouble::Raised);
                    }
                    return false;
                }
                let mut out = std::mem::take(&mut self.out);
                let class = self.leaf::<ASCII, STYLE>(options, stand_in, &mut out);
                self.out = out;
                match class {
                    Class::Leaf => {
                        ffi::Py_DECREF(stand_in);
                        return true;
                    }
                    Class::Failed => {
                        ffi::Py_DECREF(stand_in);
                        return false;
                    }
                    Class::Unknown => {
                        if self.asked >= options.limits.depth {
                            let maximum = options.limits.depth;
                            let trouble = Trouble::Limit { limit: Limit::Depth, maximum, observed: self.asked + 1 };
                            self.fail(trouble, std::ptr::null_mut());
                            ffi::Py_DECREF(stand_in);
                            return false;
                        }
                        value = stand_in;
                    }
                    class => {
                        let whole = self.open_value::<ASCII, STYLE>(options, stand_in, class, open);
                        ffi::Py_DECREF(stand_in);
                        return whole;
                    }
                }
            }
        }
    }

    /// What the native faces make of a value that is none of JSON's types.
    ///
    /// # Safety
    /// `value` is held by the caller. Python code may run.
    unsafe fn special(&mut self, value: *mut ffi::PyObject) -> Special {
        // SAFETY: as the caller's.
        unsafe {
            match self.plan_of(value) {
                None => return Special::Failed,
                Some(Some(plan)) => return Special::Object(plan),
                Some(None) => {}
            }
            if ffi::PyAnySet_Check(value) != 0 {
                return Special::Set;
            }
            // Our mark is one itself, and stands for nothing.
            if is_member(value) && value != types::unset() { Special::Member } else { Special::None }
        }
    }

    /// Writes what is a string in JSON by its type's own rules; `None` if `value` is of no such type.
    ///
    /// # Safety
    /// `value` is held by the caller. Python code may run.
    unsafe fn special_text(&mut self, options: &Options, value: *mut ffi::PyObject) -> Option<bool> {
        if options.face == Face::Dumps {
            return None;
        }
        // SAFETY: attached, and as the caller's.
        let (py, value) = unsafe {
            let py = Python::assume_attached();
            (py, Bound::from_borrowed_ptr(py, value))
        };
        match text_of(py, &value).map_err(|trouble| self.no_text(py, trouble, &value)) {
            Ok(None) => None,
            Ok(Some(text)) => Some(self.out.put([b'"']) && self.out.raw(&text) && self.out.put([b'"'])),
            Err(()) => Some(false),
        }
    }

    /// Writes a `decimal.Decimal` where the options say so; `None` if `value` is none.
    ///
    /// # Safety
    /// `value` is held by the caller.
    unsafe fn decimal(&mut self, options: &Options, value: *mut ffi::PyObject) -> Option<bool> {
        if options.decimals == Decimals::Unknown {
            return None;
        }
        // SAFETY: attached, and as the caller's.
        let (py, bound) = unsafe {
            let py = Python::assume_attached();
            (py, Bound::from_borrowed_ptr(py, value))
        };
        let digits = match decimal_digits(&bound) {
            Ok(digits) => digits.map(Ok),
            Err(error) => {
                error.restore(py);
                Some(Err(()))
            }
        }?;
        let Ok(digits) = digits else {
            self.trouble = Some(Trouble::Raised);
            return Some(false);
        };
        if !digits.bytes().next_back().is_some_and(|byte| byte.is_ascii_digit()) || digits.contains("NaN") {
            // SAFETY: as the caller's.
            unsafe { self.fail(Trouble::NotFinite, value) };
            return Some(false);
        }
        let quote: &[u8] = if options.decimals == Decimals::String { b"\"" } else { b"" };
        Some(self.out.raw(quote) && self.out.raw(digits.as_bytes()) && self.out.raw(quote))
    }
}

/// What else a value may be to the native faces.
enum Special {
    /// Of a type that is written as its text, and nothing else.
    Text,
    /// An instance of a class of fields.
    Object(Arc<Plan>),
    /// A set or a frozenset.
    Set,
    /// A member of an Enum: its value stands for it.
    Member,
    Failed,
    None,
}

/// A dict's items as a list, sorted if asked; null with an exception set.
///
/// # Safety
/// `value` is a dict or of a subclass, and held. Python code may run.
unsafe fn pairs(options: &Options, value: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: as the caller's; the list is ours.
    unsafe {
        let items = ffi::PyMapping_Items(value);
        if !items.is_null() && options.sort_keys && ffi::PyList_Sort(items) < 0 {
            ffi::Py_DECREF(items);
            return std::ptr::null_mut();
        }
        items
    }
}

/// What iterating a subclass of list or tuple gives, as a list; null with an exception set.
///
/// # Safety
/// `value` is held. Python code may run.
unsafe fn iterated(value: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: as the caller's.
    unsafe { ffi::PySequence_Fast(value, c"_iterencode_list needs a sequence".as_ptr()) }
}

/// The path of the place where a walk stands, as a JSON Pointer (RFC 6901); cut after some thousand bytes.
///
/// # Safety
/// The interpreter is attached. No Python code runs.
pub unsafe fn path(walk: &Walk) -> String {
    const ENOUGH: usize = 4096;
    let mut path = String::new();
    let open = (walk.open.kind, walk.open.position);
    let mut held = walk.held.iter();
    for (kind, position) in walk.frames().iter().map(|&frame| kind_and_position(frame)).chain([open]) {
        let walked = match kind {
            LIST | TUPLE | DICT | STAND_IN | OBJECT => held.next(),
            SEQUENCE | ITEMS | REST => held.nth(1),
            _ => None,
        };
        let Some(&walked) = walked else { continue };
        if position == 0 || kind == STAND_IN {
            continue;
        }
        path.push('/');
        // SAFETY: `walked` is held and of the kind its frame says; the list may have become shorter.
        let key = unsafe {
            match kind {
                DICT | REST => key_before(walked, position),
                OBJECT => {
                    let plan = types::find(ffi::Py_TYPE(walked));
                    let field = plan.and_then(|plan| plan.fields.get(position.cast_unsigned() - 1));
                    field.map_or(std::ptr::null_mut(), |field| field.wire.as_ptr())
                }
                ITEMS if position <= ffi::PyList_GET_SIZE(walked) => {
                    let pair = ffi::PyList_GET_ITEM(walked, position - 1);
                    let is_pair = ffi::PyTuple_Check(pair) != 0 && ffi::PyTuple_GET_SIZE(pair) == 2;
                    if is_pair { ffi::PyTuple_GET_ITEM(pair, 0) } else { std::ptr::null_mut() }
                }
                _ => {
                    path.push_str(&(position - 1).to_string());
                    std::ptr::null_mut()
                }
            }
        };
        if !key.is_null() {
            // SAFETY: held by its dict, pair or plan, and no Python code runs.
            path.push_str(&unsafe { step(key) });
        }
        if path.len() > ENOUGH {
            break;
        }
    }
    if matches!(walk.trouble, Some(Trouble::Missing | Trouble::RestClash)) && path.len() <= ENOUGH {
        path.push('/');
        // SAFETY: the walk holds it.
        path.push_str(&unsafe { step(walk.culprit) });
    }
    path
}

/// The key that `PyDict_Next` gave last, or null.
///
/// # Safety
/// `dict` is a dict; the result is borrowed from it.
unsafe fn key_before(dict: *mut ffi::PyObject, position: ffi::Py_ssize_t) -> *mut ffi::PyObject {
    let (mut at, mut key, mut value) = (0, std::ptr::null_mut(), std::ptr::null_mut());
    // SAFETY: as the caller's.
    while unsafe { ffi::PyDict_Next(dict, &raw mut at, &raw mut key, &raw mut value) } != 0 {
        if at >= position {
            return key;
        }
    }
    std::ptr::null_mut()
}

/// A key as one step of a path.
///
/// # Safety
/// `key` is alive.
unsafe fn step(key: *mut ffi::PyObject) -> String {
    let mut out = forkedenc_core::json::encode::Writer::new(Vec::new(), 2048, 0);
    // SAFETY: as the caller's; a str's text is read in place, numbers by their own functions.
    unsafe {
        if ffi::PyUnicode_Check(key) != 0 {
            if let Some(text) = text(key) {
                out.raw_text(text);
            }
        } else if key == ffi::Py_None() {
            out.put(*b"null");
        } else if key == ffi::Py_True() {
            out.put(*b"true");
        } else if key == ffi::Py_False() {
            out.put(*b"false");
        } else if ffi::PyLong_Check(key) != 0 {
            let mut overflow = 0;
            let number = ffi::PyLong_AsLongLongAndOverflow(key, &raw mut overflow);
            if overflow == 0 {
                out.signed(number);
            }
        } else if ffi::PyFloat_Check(key) != 0 && ffi::PyFloat_AS_DOUBLE(key).is_finite() {
            out.float(ffi::PyFloat_AS_DOUBLE(key));
        }
    }
    String::from_utf8_lossy(out.bytes()).replace('~', "~0").replace('/', "~1")
}
